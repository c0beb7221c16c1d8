"""Airflow connections as the engine's configuration."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import airflow
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, BaseHook, Connection

from airflow_kinesis_ingest.engine.workflow.models import AwsConfig, OpenMetadataServer
from airflow_kinesis_ingest.engine.workflow.providers import PROVIDERS
from airflow_kinesis_ingest.errors import AccessDenied, FixFile
from airflow_kinesis_ingest.hooks.kinesis import KinesisHook
from airflow_kinesis_ingest.hooks.openmetadata import OpenMetadataHook
from airflow_kinesis_ingest.operators.kinesis import KinesisIngestionOperator
from tests.builders import document
from tests.fakes.identity import FakeIdentityProvider
from tests.fakes.kinesis import FakeKinesis, aws_error
from tests.fakes.openmetadata import BOT, FakeOpenMetadata
from tests.fakes.server import Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

KEYS = {"login": "AKIAFAKEFAKEFAKEFAKE", "password": "fake-secret"}
AIRFLOW = tuple(map(int, airflow.__version__.split(".")[:2]))
ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the Airflow connection `shop` of this type and these fields; a second name for a second one."""

    def make(conn_type: str, name: str = "shop", **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": conn_type, **fields}))

    return make


# --- kinesis ---------------------------------------------------------------------------------------------------------


def test_a_kinesis_connection_gives_every_field_of_aws_config(connect: Any) -> None:
    """But `enabled`, which has no effect."""
    extra = {
        "awsRegion": "us-east-2",
        "awsSessionToken": "token",
        "endPointURL": "http://localhost:4567",
        "profileName": "reader",
        "assumeRoleArn": ROLE,
        "assumeRoleSessionName": "session",
        "assumeRoleSourceIdentity": "somebody",
    }
    connect("kinesis", **KEYS, extra=extra)
    found = KinesisHook("shop").aws_config()
    assert found == {"awsAccessKeyId": KEYS["login"], "awsSecretAccessKey": KEYS["password"], **extra}
    fields = {info.alias for info in AwsConfig.model_fields.values()}
    assert set(found) == fields - {"enabled"}


def test_what_a_connection_leaves_empty_is_left_to_the_file(connect: Any) -> None:
    connect("kinesis", extra={"awsRegion": "us-east-2", "profileName": "", "assumeRoleArn": None})
    assert KinesisHook("shop").aws_config() == {"awsRegion": "us-east-2"}


def test_an_extra_may_repeat_the_keys(connect: Any) -> None:
    """OpenMetadata's awsConfig, pasted as it stands; what login and password say wins."""
    pasted = {"awsAccessKeyId": "AKIAPASTED", "awsSecretAccessKey": "pasted", "awsRegion": "us-east-2"}
    connect("kinesis", extra=pasted)
    assert KinesisHook("shop").aws_config() == pasted
    connect("kinesis", **KEYS, extra=pasted)
    keys = {"awsAccessKeyId": KEYS["login"], "awsSecretAccessKey": KEYS["password"]}
    assert KinesisHook("shop").aws_config() == pasted | keys


@pytest.mark.parametrize("conn_type", ["kinesis", "aws", "openmetadata"])
@pytest.mark.parametrize("extra", ["[1]", "not JSON"])
def test_an_extra_that_is_no_object_is_refused(extra: str, conn_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow takes text that is no JSON for an empty extra; a run would then use other credentials."""
    found = Connection(conn_id="shop", conn_type=conn_type, host="catalogue", extra=extra)
    monkeypatch.setattr(BaseHook, "get_connection", lambda _: found)
    hook = OpenMetadataHook("shop").server_config if conn_type == "openmetadata" else KinesisHook("shop").aws_config
    with pytest.raises(FixFile, match=r"the extra of the Airflow connection `shop` is no JSON object\. Write it like"):
        hook()


def test_the_client_is_the_connections(connect: Any, aws: FakeKinesis) -> None:
    connect("kinesis", **KEYS, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    assert len(KinesisHook("shop").get_conn().list_streams()["StreamNames"]) == 5


def test_a_connection_wins_over_the_files_block_key_by_key(connect: Any, aws: FakeKinesis, tmp_path: Path) -> None:
    """The file may give the region, the connection the keys."""
    data = document(aws, tmp_path / "out.jsonl", connections={"aws": "shop"})
    block = data["source"]["serviceConnection"]["config"]["awsConfig"]
    block |= {"awsAccessKeyId": "AKIAOTHER", "awsSecretAccessKey": "other"}
    connect("kinesis", **KEYS)
    result = run(data)
    assert result["state"] == "success"
    assert {call.access_key for call in aws.calls()} == {KEYS["login"]}


def test_a_connection_may_give_all_there_is(connect: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The file then names two connections and holds no secret."""
    data = document(aws, catalogue, connections={"aws": "shop", "openmetadata": "catalogue"})
    del data["source"]["serviceConnection"], data["workflowConfig"]
    connect("kinesis", **KEYS, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    connect("openmetadata", "catalogue", host="127.0.0.1", port=catalogue.port, password=BOT)
    assert run(data)["written"] == 5


@pytest.mark.skipif(AIRFLOW < (3, 2), reason="Airflow 3.1 takes no commands from providers")
def test_airflows_command_line_takes_the_connection_that_a_file_names(
    connect: Any, aws: FakeKinesis, tmp_path: Path
) -> None:
    """And not the keys in the file beside it, which `kinesis-ingest` refuses to take in its place."""
    connect("kinesis", **KEYS, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    data = document(aws, tmp_path / "out.jsonl", connections={"aws": "shop"})
    data["source"]["serviceConnection"]["config"]["awsConfig"] = {"awsRegion": "us-west-1"}
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    for command, code in ((["airflow", "kinesis-ingest"], 0), (["airflow_kinesis_ingest.cli"], 2)):
        line = [sys.executable, "-m", *command, "list", "-c", str(file)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (code, done.stderr)
        assert ("kept      stream-00000" in done.stdout) == (code == 0)
    assert {(call.access_key, call.region) for call in aws.calls()} == {(KEYS["login"], aws.region)}


def run(data: dict[str, Any]) -> dict[str, Any]:
    task = KinesisIngestionOperator(task_id="ingest", workflow=data, dag=DAG("shop", schedule=None))
    return task.execute({"run_id": "a run", "params": {}, "ti": Mock(map_index=-1)})


# --- aws, through the amazon provider --------------------------------------------------------------------------------


def test_an_aws_connection_gives_keys_region_endpoint_profile_and_role(connect: Any) -> None:
    extra = {
        "region_name": "us-east-2",
        "aws_session_token": "token",
        "profile_name": "reader",
        "role_arn": ROLE,
        "assume_role_kwargs": {"RoleSessionName": "session", "SourceIdentity": "somebody"},
        "service_config": {"kinesis": {"endpoint_url": "http://localhost:4567"}},
        "endpoint_url": "http://localhost:1",
    }
    connect("aws", **KEYS, extra=extra)
    assert KinesisHook("shop").aws_config() == {
        "awsAccessKeyId": KEYS["login"],
        "awsSecretAccessKey": KEYS["password"],
        "awsSessionToken": "token",
        "awsRegion": "us-east-2",
        "endPointURL": "http://localhost:4567",
        "profileName": "reader",
        "assumeRoleArn": ROLE,
        "assumeRoleSessionName": "session",
        "assumeRoleSourceIdentity": "somebody",
    }


@pytest.mark.parametrize(
    ("conn_type", "extra"),
    [
        ("aws", {"role_arn": ROLE, "external_id": "partner", "assume_role_kwargs": {"DurationSeconds": 900}}),
        ("aws", {"role_arn": ROLE, "assume_role_kwargs": {"ExternalId": "partner", "DurationSeconds": 900}}),
        ("kinesis", {"assumeRoleArn": ROLE, "externalId": "partner", "durationSeconds": 900}),
    ],
)
def test_a_connection_gives_the_external_id_and_the_duration_of_its_role(
    conn_type: str, extra: dict[str, Any], connect: Any, aws: FakeKinesis, tmp_path: Path, monkeypatch: Any
) -> None:
    with FakeKinesis(checks_region=False) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        connect(conn_type, **KEYS, extra=extra)
        assert run(document(aws, tmp_path / "out.jsonl", connections={"aws": "shop"}))["state"] == "success"
        assert (sts.assumed[0]["ExternalId"], sts.assumed[0]["DurationSeconds"]) == ("partner", "900")


def test_the_roles_account_and_name_are_a_role_too(connect: Any) -> None:
    """The provider accepts the parts of the ARN."""
    connect("aws", extra={"role_arn": ROLE})
    assert KinesisHook("shop").aws_config() == {"assumeRoleArn": ROLE}


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"assume_role_method": "assume_role_with_saml"}, "assume_role_with_saml"),
        ({"assume_role_method": "assume_role_with_web_identity"}, "assume_role_with_web_identity"),
        ({"assume_role_kwargs": {"PolicyArns": []}}, "PolicyArns"),
    ],
)
def test_a_role_that_we_cannot_assume_is_refused_and_named(how: dict[str, Any], named: str, connect: Any) -> None:
    """Rather than assumed without it: a role is what a run may read."""
    connect("aws", extra={"role_arn": ROLE, **how})
    with pytest.raises(AccessDenied, match=rf"connection shop: .*{named}.*type `kinesis`"):
        KinesisHook("shop").aws_config()


def test_what_an_aws_connection_gives_in_vain_is_told_once(connect: Any, caplog: pytest.LogCaptureFixture) -> None:
    """With what to do instead: a private endpoint's certificate would else be a riddle."""
    connect("aws", extra={"verify": False, "config_kwargs": {"read_timeout": 5}, "region_name": "us-east-2"})
    with caplog.at_level(logging.WARNING, "airflow_kinesis_ingest"):
        assert KinesisHook("shop").aws_config() == {"awsRegion": "us-east-2"}
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.startswith("connection shop: without effect here: verify, config_kwargs. ")
    assert "AWS_CA_BUNDLE" in message


@pytest.mark.parametrize(
    "extra",
    [
        {"config_kwargs": {"no_such_option": 1}},
        {"config_kwargs": {"retries": {"mode": "never"}}},
        {"config_kwargs": "text"},
        {"role_arn": ROLE, "assume_role_kwargs": "text"},
        {"role_arn": ROLE, "assume_role_method": "by force"},
        {"service_config": ["kinesis"]},
    ],
)
def test_an_aws_connection_that_the_amazon_provider_cannot_read_is_refused(extra: dict[str, Any], connect: Any) -> None:
    """Each is another exception of the provider, which Airflow would retry."""
    connect("aws", extra=extra)
    with pytest.raises(FixFile, match=r"cannot read the Airflow connection `shop`: .+\. Correct its extra"):
        KinesisHook("shop").aws_config()


def test_without_the_amazon_provider_an_aws_connection_says_what_to_install(
    connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "airflow.providers.amazon.aws.utils.connection_wrapper", None)
    connect("aws", **KEYS)
    with pytest.raises(AccessDenied, match=r"connection shop: .*Install airflow-kinesis-ingest\[amazon\]"):
        KinesisHook("shop").aws_config()


# --- openmetadata ----------------------------------------------------------------------------------------------------


def test_an_openmetadata_connection_gives_the_server(connect: Any) -> None:
    extra = {"verifySSL": "validate", "sslConfig": "/etc/ca.pem"}
    connect("openmetadata", host="catalogue", port=443, schema="https", password="jwt", extra=extra)
    found = OpenMetadataHook("shop").server_config()
    assert found == {
        "hostPort": "https://catalogue:443/api",
        "authProvider": "openmetadata",
        "securityConfig": {"jwtToken": "jwt"},
        "verifySSL": "validate",
        "sslConfig": {"caCertificate": "/etc/ca.pem"},
    }
    OpenMetadataServer.model_validate(found)


def test_port_and_scheme_are_those_of_openmetadatas_provider(connect: Any) -> None:
    connect("openmetadata", host="catalogue")
    assert OpenMetadataHook("shop").server_config() == {
        "hostPort": "http://catalogue:8585/api",
        "authProvider": "openmetadata",
    }


def test_an_openmetadata_connection_without_a_host_is_refused(connect: Any) -> None:
    connect("openmetadata", password="jwt")
    with pytest.raises(FixFile, match="`shop` has no host"):
        OpenMetadataHook("shop").server_config()


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_openmetadata_connection_gives_what_an_auth_provider_needs(name: str, connect: Any) -> None:
    """As a form has it, scopes in one line; and its test has the token as a step of its own."""
    with FakeOpenMetadata(bots=()) as catalogue, FakeIdentityProvider(catalogue) as provider:
        block = provider.security(name)
        wanted = {"authProvider": name, "securityConfig": dict(block)}
        secret, login = block.pop(PROVIDERS[name].secret), block.pop("clientId", "not-used")
        extra = {key: " ".join(value) if isinstance(value, list) else value for key, value in block.items()}
        where = {"host": "127.0.0.1", "port": catalogue.port}
        connect("openmetadata", login=login, password=secret, extra={"authProvider": name, **extra}, **where)
        found = OpenMetadataHook("shop").server_config()
        assert {key: found[key] for key in wanted} == wanted
        works, message = OpenMetadataHook("shop").test_connection()
    assert (works, message) == (True, f"It works: Token of {name}, OpenMetadata reachable, OpenMetadata token")


def test_a_form_that_is_half_filled_in_says_what_lacks_and_nothing_of_the_secret(connect: Any) -> None:
    extra = {"authProvider": "azure", "authority": "https://login.microsoftonline.com/x", "domain": "x"}
    connect("openmetadata", host="om", login="client", password="s3cr3t-0f-ours", extra=extra)
    works, message = OpenMetadataHook("shop").test_connection()
    assert not works
    assert "scopes: `securityConfig.scopes` of the connection" in message or "`scopes` is missing" in message
    assert "`domain` has no effect for `azure`" in message
    assert "s3cr3t" not in message
    connect("openmetadata", host="om", password="s3cr3t-0f-ours", extra={"authProvider": "octa"})
    works, message = OpenMetadataHook("shop").test_connection()
    assert not works
    assert "Did you mean 'okta'?" in message
    assert "s3cr3t" not in message


def test_an_extra_of_an_openmetadata_connection_has_only_known_keys(connect: Any) -> None:
    """A misspelt one would silently check no certificate."""
    connect("openmetadata", host="catalogue", extra={"verify_ssl": "validate"})
    with pytest.raises(
        FixFile, match=r"`shop` has what is unknown: `verify_ssl`\. Allowed there: verifySSL, sslConfig, authProvider"
    ):
        OpenMetadataHook("shop").server_config()


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"host": "catalogue", "schema": "HTTPS"}, "https://catalogue:8585/api"),
        ({"host": "::1"}, "http://[::1]:8585/api"),
        ({"host": "[2001:db8::1]", "port": 80}, "http://[2001:db8::1]:80/api"),
    ],
)
def test_a_scheme_may_be_in_capitals_and_a_host_an_ipv6_address(fields: Any, url: str, connect: Any) -> None:
    connect("openmetadata", **fields)
    found = OpenMetadataHook("shop").server_config()
    assert OpenMetadataServer.model_validate(found).host_port == url


@pytest.mark.parametrize("host", ["http://om:8585", "om/api", "om:8585", "bot:s3cret@om", "om "])
def test_a_host_that_is_more_than_a_name_is_refused_and_not_shown(host: str, connect: Any) -> None:
    """It may hold a password."""
    connect("openmetadata", host=host, password="jwt")
    works, message = OpenMetadataHook("shop").test_connection()
    assert not works
    assert "Host is the name alone" in message
    assert "scheme and port have fields of their own" in message
    assert "s3cret" not in message


def test_a_scheme_that_is_not_http_is_refused(connect: Any) -> None:
    connect("openmetadata", host="catalogue", schema="ftp")
    with pytest.raises(FixFile, match=r"schema of the Airflow connection `shop` is neither http nor https\. Write"):
        OpenMetadataHook("shop").server_config()


# --- the wrong connection --------------------------------------------------------------------------------------------


def test_a_connection_that_does_not_exist_fails_the_task_at_once(aws: FakeKinesis, tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match=r"no Airflow connection `gone`\. Make it under Admin > Connections"):
        run(document(aws, tmp_path / "out.jsonl", connections={"aws": "gone"}))


def test_a_connection_of_another_type_is_refused_and_named(connect: Any) -> None:
    connect("postgres", host="db")
    with pytest.raises(FixFile, match=r"`shop` is of type `postgres`\. Name one of type `kinesis` or `aws`"):
        KinesisHook("shop").aws_config()
    with pytest.raises(FixFile, match=r"`shop` is of type `postgres`\. Name one of type `openmetadata`"):
        OpenMetadataHook("shop").server_config()


def test_a_field_that_a_connection_misspells_is_told(connect: Any) -> None:
    """extra is checked as the file is."""
    connect("kinesis", extra={"awsRegion": "us-east-2", "endpointUrl": "http://localhost:4567"})
    works, message = KinesisHook("shop").test_connection()
    assert not works
    assert "Did you mean `endPointURL`?" in message


# --- testing a connection --------------------------------------------------------------------------------------------


def test_a_connection_that_works_says_what_was_tried(
    connect: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    connect("kinesis", **KEYS, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    works, message = KinesisHook("shop").test_connection()
    assert works
    assert "ListStreams" in message
    assert "GetRecords" in message
    connect("openmetadata", host="127.0.0.1", port=catalogue.port, password=BOT)
    works, message = OpenMetadataHook("shop").test_connection()
    assert (works, message) == (True, "It works: OpenMetadata reachable, OpenMetadata token")
    assert not catalogue.services


def test_a_failed_step_is_named_with_what_to_do_and_without_the_secret(connect: Any, aws: FakeKinesis) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary"))
    connect("kinesis", **KEYS, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    works, message = KinesisHook("shop").test_connection()
    assert not works
    assert message.startswith("DescribeStreamSummary: ")
    assert "kinesis:DescribeStreamSummary" in message
    assert KEYS["password"] not in message


def test_a_token_that_is_refused_is_not_shown(connect: Any, catalogue: FakeOpenMetadata) -> None:
    connect("openmetadata", host="127.0.0.1", port=catalogue.port, password="not-the-bot")
    works, message = OpenMetadataHook("shop").test_connection()
    assert not works
    assert message.startswith("OpenMetadata token: ")
    assert "not-the-bot" not in message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"extra": {"awsRegion": "us-east-2a"}}, "availability zone"),
        ({"password": "fake-secret", "extra": {"awsRegion": "us-east-2"}}, "half a key pair"),
    ],
)
def test_a_connection_that_is_incomplete_says_what_is_missing(fields: dict[str, Any], named: str, connect: Any) -> None:
    connect("kinesis", **fields)
    works, message = KinesisHook("shop").test_connection()
    assert not works
    assert named in message
    assert "fake-secret" not in message


def test_a_fault_is_told_in_the_fields_of_the_form(connect: Any) -> None:
    """Not by file, line and path of a workflow that nobody wrote."""
    connect("kinesis", extra={"awsRegion": "us-east-2a"})
    _, message = KinesisHook("shop").test_connection()
    assert message.startswith("`awsRegion` of this connection: this is an availability zone")
    connect("openmetadata", host="catalogue", password="jwt", extra={"verifySSL": "yes"})
    _, message = OpenMetadataHook("shop").test_connection()
    field = "`verifySSL` of this connection"
    assert message.startswith(f"{field}: this is not one of 'no-ssl', 'ignore' or 'validate'. Write")


@pytest.mark.parametrize(
    ("conn_type", "fields"),
    [
        ("kinesis", {}),
        ("kinesis", {"extra": "[1]"}),
        ("kinesis", {**KEYS, "extra": {"awsRegion": "us-east-2a"}}),
        ("kinesis", {**KEYS, "extra": {"awsRegion": "us-east-2", "endPointURL": "http://127.0.0.1:1"}}),
        ("aws", {**KEYS, "extra": {"role_arn": ROLE, "assume_role_method": "assume_role_with_saml"}}),
        ("openmetadata", {}),
        ("openmetadata", {"host": "http://om"}),
        ("openmetadata", {"host": "om", "schema": "ftp"}),
        ("openmetadata", {"host": "om", "extra": {"unknown": 1}}),
        ("openmetadata", {"host": "om", "password": "jwt", "extra": {"verifySSL": "yes"}}),
        ("sqlite", {}),
    ],
)
def test_a_test_never_says_the_id_of_the_connection(conn_type: str, fields: dict[str, Any], connect: Any) -> None:
    """Airflow tests a copy under an id that it draws: nobody knows it."""
    drawn = "xjdksleoqm"
    connect(conn_type, drawn, **fields)
    hook = OpenMetadataHook(drawn) if conn_type == "openmetadata" else KinesisHook(drawn)
    works, message = hook.test_connection()
    assert not works
    assert drawn not in message


def test_a_connection_without_a_region_is_tested_for_what_it_holds(connect: Any, monkeypatch: Any) -> None:
    """Whose the credentials are; the calls of Kinesis are named as not tried, with the reason."""
    with FakeKinesis(region="us-east-1") as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        connect("kinesis", **KEYS)
        works, message = KinesisHook("shop").test_connection()
        assert (works, message) == (
            True,
            "It works: AWS credentials, AWS identity. Not tried: ListStreams, DescribeStreamSummary, ListShards, "
            "GetShardIterator, GetRecords (no region: give `awsRegion` here, or test the workflow file that has it)",
        )
        sts.expired.add(KEYS["login"])
        works, message = KinesisHook("shop").test_connection()
        assert (works, message.partition(":")[0]) == (False, "AWS identity")
        assert "Renew the credentials; those of China and GovCloud" in message
        assert sts.calls() == []


def test_a_role_of_a_connection_without_a_region_is_tried(connect: Any, monkeypatch: Any) -> None:
    with FakeKinesis(checks_region=False) as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        connect("aws", **KEYS, extra={"role_arn": ROLE})
        assert KinesisHook("shop").test_connection()[0]
        assert len(sts.assumed) == 1


def test_an_openmetadata_connection_without_a_token_says_so(connect: Any) -> None:
    connect("openmetadata", host="catalogue")
    works, message = OpenMetadataHook("shop").test_connection()
    assert not works
    assert "jwtToken" in message


@pytest.mark.parametrize(("password", "works"), [('quo"te\\', True), ("s🙂", False), ("tab\t", False)])
def test_a_password_is_never_taken_for_broken_yaml(password: str, works: bool, connect: Any, aws: FakeKinesis) -> None:
    """What no credential can hold is told of the key, not of a text that nobody wrote."""
    connect("kinesis", **KEYS | {"password": password}, extra={"awsRegion": aws.region, "endPointURL": aws.url})
    found, message = KinesisHook("shop").test_connection()
    assert found == works
    assert works or "`awsSecretAccessKey` of this connection: this cannot be" in message
