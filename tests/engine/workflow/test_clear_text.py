"""What the conf of a run may carry of a workflow: nothing that is, or could be, a secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.workflow.clear_text import looks_like, require_no_secret
from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.errors import WorkflowError

GOOD: dict[str, Any] = {
    "name": "orders",
    "source": {
        "type": "kinesis",
        "serviceName": "shop",
        "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": {"awsRegion": "eu-west-1"}}},
        "sourceConfig": {"config": {"type": "MessagingMetadata", "topicFilterPattern": {"includes": ["orders.*"]}}},
    },
    "sink": {"type": "metadata-rest", "config": {}},
    "connections": {"aws": "shop_aws", "openmetadata": "om"},
    "service": {"displayName": "Shop", "description": "What the shop sends"},
    "options": {"sample": {"count": 5, "redact": ["email", "$.card"]}, "quota": 0.5},
}
KEY, SECRET_KEY = "AKIA" + "Q7W2E9R4T1Y8U3I6", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib3QifQ.c2lnbmF0dXJl"


def refused(**blocks: Any) -> str:
    document = parse(json.dumps(GOOD | blocks).encode(), "workflow.json")
    with pytest.raises(WorkflowError) as raised:
        require_no_secret(document)
    return str(raised.value)


def aws_config(**fields: Any) -> dict[str, Any]:
    connection = {"config": {"awsConfig": {"awsRegion": "eu-west-1", **fields}}}
    return {**GOOD["source"], "serviceConnection": connection}


def test_what_names_connections_and_says_what_to_do_is_taken() -> None:
    require_no_secret(parse(json.dumps(GOOD).encode(), "workflow.json"))


@pytest.mark.parametrize(
    ("place", "blocks"),
    [
        ("awsConfig.awsAccessKeyId", {"source": aws_config(awsAccessKeyId=KEY)}),
        ("awsConfig.awsSecretAccessKey", {"source": aws_config(awsSecretAccessKey=SECRET_KEY)}),
        ("awsConfig.awsSessionToken", {"source": aws_config(awsSessionToken="x")}),
        ("awsConfig.endPointURL", {"source": aws_config(endPointURL="https://user:pass@kinesis")}),
        ("awsConfig.profileName", {"source": aws_config(profileName="admin")}),
        ("workflowConfig", {"workflowConfig": {"openMetadataServerConfig": {"securityConfig": {"jwtToken": JWT}}}}),
        ("workflowConfig", {"workflowConfig": {"openMetadataServerConfig": {"securityConfig": {"secretKey": "s"}}}}),
        ("options.assumeRole", {"options": {"assumeRole": {"externalId": "x-1"}}}),
        ("sink.config", {"sink": {"type": "file", "config": {"path": "/etc/x"}}}),
        ("processor", {"processor": {"type": "x", "config": {"password": "p"}}}),
        ("passwort", {"passwort": "geheim"}),
    ],
)
def test_a_place_that_could_hold_a_secret_is_refused_by_its_name(place: str, blocks: dict[str, Any]) -> None:
    """Whatever it holds; also a key that no workflow has."""
    told = refused(**blocks)
    assert place in told
    assert "Airflow stores the conf of a run and shows it in clear" in told
    assert "`connections`" in told


@pytest.mark.parametrize(
    ("what", "secret"),
    [
        ("a key of AWS", KEY),
        ("a key of AWS", SECRET_KEY),
        ("a token", JWT),
        ("a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow"),
        ("an address with a password", "https://admin:geheim-17@om.example.com/api"),
        ("an address with a password", "https://admin:ge/heim-17@om.example.com/api"),
        ("the name of a variable", "${OM_JWT}"),
    ],
)
@pytest.mark.parametrize("place", ["description", "connection", "pattern", "service name"])
def test_what_looks_like_a_secret_is_refused_wherever_it_stands(place: str, what: str, secret: str) -> None:
    """Pasted into the wrong field. It is not repeated: who reads the log may not be who sees the conf."""
    blocks: dict[str, dict[str, Any]] = {
        "description": {"service": {"description": f"use {secret} here"}},
        "connection": {"connections": {"aws": secret}},
        "pattern": {
            "source": {**GOOD["source"], "sourceConfig": {"config": {"topicFilterPattern": {"includes": [secret]}}}}
        },
        "service name": {"source": {**GOOD["source"], "serviceName": secret}},
    }
    told = refused(**blocks[place])
    assert what in told
    assert secret not in told


def test_every_refusal_comes_at_once() -> None:
    told = refused(workflowConfig={"loggerLevel": "DEBUG"}, owner="checkout", service={"description": JWT})
    assert ("workflowConfig" in told, "owner" in told, "service.description" in told) == (True, True, True)


def test_plain_texts_look_like_no_secret() -> None:
    for text in ("orders.*", "eu-west-1", "What the shop sends, see https://wiki.example.com/shop", "a@b.example"):
        assert looks_like(text) == ""
