"""What Airflow's provider discovery reads. Plain data: it is read by every Airflow process."""

from __future__ import annotations

from typing import Any

PACKAGE = "airflow_kinesis_ingest"
WHY_PORT = "give it, or Airflow's Test fails"
"""Airflow's Test button sends port 0 for none, which its API takes for another server than the stored one."""


def get_provider_info() -> dict[str, Any]:
    return {
        "package-name": "airflow-kinesis-ingest",
        "name": "Kinesis ingestion for OpenMetadata",
        "description": "Every Kinesis stream of an AWS account in the OpenMetadata catalogue.",
        "integrations": [
            {
                "integration-name": "Kinesis ingestion for OpenMetadata",
                "external-doc-url": "https://aws.amazon.com/kinesis/data-streams/",
                "tags": ["service"],
            }
        ],
        "operators": [_integrated("operators.kinesis", "operators.probe")],
        "triggers": [_integrated("watching")],
        "hooks": [_integrated("hooks.kinesis", "hooks.openmetadata")],
        "connection-types": [_kinesis_connection(), _openmetadata_connection()],
        "extra-links": [f"{PACKAGE}.links.CatalogueLink", f"{PACKAGE}.links.ConsoleLink"],
        "plugins": [{"name": PACKAGE, "plugin-class": f"{PACKAGE}.plugin.KinesisIngestPlugin"}],
        "config": {"kinesis_ingest": _options()},
        "cli": [f"{PACKAGE}.airflow_cli.get_commands"],
    }


def _options() -> dict[str, Any]:
    how = "Glob patterns between commas or blanks; * allows everything, an empty list nothing."
    return {
        "description": "What workflow files may reach, read when a run, `validate` or `deploy` begins; and what may be "
        "looked at.",
        "options": {
            "allowed_variables": _option(
                f"The environment variables that workflow files may name as ${{NAME}}. {how}", "OM_*, AWS_*"
            ),
            "allowed_token_folders": _option(
                f"The folders, with all below them, whose files `jwtToken`, `secretKey` and "
                f"`privateKey` may name. {how}",
                "/run/secrets/openmetadata",
            ),
            "allowed_hosts": _option(
                "The hosts, or host:port, that `hostPort`, `endPointURL`, `queueUrl` and what gives tokens may name, "
                f"those of Airflow connections included. AWS's own hosts are always allowed. {how}",
                "openmetadata.example.com, *.vpce.amazonaws.com",
            ),
            "notifiers": _option(
                "Notifiers that `airflowConfig.onFailure` may name beside the known ones, as NAME = module.path.Class, "
                "between commas: notifiers of Airflow that take `subject`, `message`, `connection` and `to`.",
                "pager = company.notify.PagerNotifier",
            )
            | {"default": ""},
            "page_bundle": _option(
                "The DAG bundle whose workflow files the page in Airflow writes: a LocalDagBundle in a folder that the "
                "api-server may write, and that the dag processor and the workers read too. Empty: it writes nothing.",
                "workflows",
            )
            | {"default": ""},
            "page_samples": _option(
                "Whether messages of a stream may be looked at from Airflow: decoded, redacted as the workflow says, "
                "at most 64 KB, in the metadata database until they are read. Read on the worker.",
                "True",
            )
            | {"type": "boolean", "default": "False"},
        },
    }


def _option(description: str, example: str) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.2.0",
        "type": "string",
        "example": example,
        "default": "*",
    }


def _integrated(*modules: str) -> dict[str, Any]:
    return {
        "integration-name": "Kinesis ingestion for OpenMetadata",
        "python-modules": [f"{PACKAGE}.{module}" for module in modules],
    }


def _kinesis_connection() -> dict[str, Any]:
    return {
        "connection-type": "kinesis",
        "hook-name": "Amazon Kinesis",
        "hook-class-name": f"{PACKAGE}.hooks.kinesis.KinesisHook",
        "ui-field-behaviour": {
            "hidden-fields": ["host", "schema", "extra"],
            "relabeling": {"login": "AWS Access Key ID", "password": "AWS Secret Access Key"},
            "placeholders": {"port": f"443; {WHY_PORT}"},
        },
        "conn-fields": {
            "awsRegion": _field("AWS Region", "e.g. us-east-2; may also stand in the workflow file"),
            "awsSessionToken": _field("AWS Session Token", "of temporary keys", format="password"),
            "endPointURL": _field("Endpoint URL", "of Kinesis; STS keeps its own"),
            "profileName": _field("Profile Name", "of the AWS configuration on the workers"),
            "assumeRoleArn": _field("Assume Role Arn", "a role to assume, on top of keys or profile"),
            "assumeRoleSessionName": _field("Assume Role Session Name", "default: OpenMetadataSession"),
            "assumeRoleSourceIdentity": _field("Assume Role Source Identity", "for CloudTrail"),
        },
    }


def _openmetadata_connection() -> dict[str, Any]:
    return {
        "connection-type": "openmetadata",
        "hook-name": "OpenMetadata",
        "hook-class-name": f"{PACKAGE}.hooks.openmetadata.OpenMetadataHook",
        "ui-field-behaviour": {
            "hidden-fields": ["extra"],
            "relabeling": {
                "login": "Client id, of an auth provider",
                "password": "JWT of the bot, or the secret or key of an auth provider",
                "schema": "http or https",
            },
            "placeholders": {"port": f"8585; {WHY_PORT}", "schema": "http"},
        },
        "conn-fields": {
            "verifySSL": {
                "label": "Verify SSL",
                "description": "no-ssl: the system's CAs; ignore: no check; validate: the CA certificate below",
                "schema": {"type": ["string", "null"], "enum": ["no-ssl", "ignore", "validate"]},
            },
            "sslConfig": _field("CA certificate", "path on the workers, for `validate`"),
            "authProvider": {
                "label": "Auth provider",
                "description": "who gives the token for the client and secret above; leave it empty for a JWT",
                "schema": {
                    "type": ["string", "null"],
                    "enum": ["auth0", "azure", "custom-oidc", "google", "okta"],
                },
            },
            "domain": _field("Domain", "auth0: e.g. dev-1.eu.auth0.com"),
            "authority": _field("Authority", "azure: https://login.microsoftonline.com/TENANT-ID"),
            "scopes": _field("Scopes", "azure: CLIENT-ID/.default; okta: between blanks"),
            "tokenEndpoint": _field("Token endpoint", "custom-oidc: where tokens are asked for"),
            "audience": _field("Audience", "google: of the token"),
            "orgURL": _field("Org URL", "okta: ISSUER-URL/v1/token"),
            "email": _field("Email", "okta: of the service account"),
        },
    }


def _field(label: str, description: str, **schema: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"], **schema}}
