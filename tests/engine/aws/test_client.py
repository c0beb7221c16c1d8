"""awsConfig -> clients: whose credentials sign a call, where it goes, and what botocore is told not to do."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from airflow_kinesis_ingest.engine.aws.client import glue_client, kinesis_client
from airflow_kinesis_ingest.engine.aws.quota import Quota
from airflow_kinesis_ingest.engine.aws.source import KinesisSource
from airflow_kinesis_ingest.engine.workflow.models import AwsConfig
from airflow_kinesis_ingest.errors import AccessDenied
from tests.fakes.kinesis import FakeKinesis, aws_error, json_streams, sts_error
from tests.fakes.server import Faults, Rule

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

ROLE = "arn:aws:iam::123456789012:role/reader"
KEYS = {"awsAccessKeyId": "AKIAFILE", "awsSecretAccessKey": "secret"}
PROFILES = """\
[profile readers]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret
[profile with-account]
aws_access_key_id = AKIAPROFILE
aws_secret_access_key = secret
aws_account_id = 123456789012
"""


@pytest.fixture
def kinesis() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(1), region="eu-west-1", quotas={}) as running:
        yield running


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKinesis]:
    """An STS at another address than Kinesis, as in life."""
    with FakeKinesis(checks_region=False) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", running.url)
        yield running


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config"
    file.write_text(PROFILES, encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    return file


def config(**fields: Any) -> AwsConfig:
    return AwsConfig.model_validate({"awsRegion": "eu-west-1", **fields})


def client(kinesis: FakeKinesis, **fields: Any) -> KinesisClient:
    return kinesis_client(config(endPointURL=kinesis.url, **fields), pool=4)


def signers(kinesis: FakeKinesis) -> list[str]:
    return [call.access_key for call in kinesis.calls()]


# --- whose credentials ----------------------------------------------------------------------------------------------


def test_a_key_pair_of_the_file_signs_for_its_region(kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")
    client(kinesis, **KEYS).list_streams()
    [call] = kinesis.calls()
    assert (call.access_key, call.region) == ("AKIAFILE", "eu-west-1")


def test_a_session_token_goes_with_its_keys(kinesis: FakeKinesis) -> None:
    client(kinesis, **KEYS, awsSessionToken="token").list_streams()
    client(kinesis, **KEYS).list_streams()
    assert [request.headers.get("x-amz-security-token") for request in kinesis.requests] == ["token", None]


@pytest.mark.usefixtures("profiles")
def test_a_profile_is_found_in_the_configuration_of_the_machine(kinesis: FakeKinesis) -> None:
    client(kinesis, profileName="readers").list_streams()
    assert signers(kinesis) == ["AKIAPROFILE"]


@pytest.mark.usefixtures("profiles")
def test_keys_of_the_file_win_over_everything_else(kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client(kinesis, **KEYS, profileName="readers").list_streams()
    assert signers(kinesis) == ["AKIAFILE"]


def test_without_keys_and_profile_botocores_own_chain_is_used(
    kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client(kinesis).list_streams()
    assert signers(kinesis) == ["AKIAENV"]


# --- an assumed role ------------------------------------------------------------------------------------------------


def test_a_role_is_assumed_with_the_keys_and_its_session_signs(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    named = {"assumeRoleSessionName": "catalogue", "assumeRoleSourceIdentity": "ann"}
    client(kinesis, **KEYS, assumeRoleArn=ROLE, **named).list_streams()
    assert sts.assumed == [{"RoleArn": ROLE, "RoleSessionName": "catalogue", "SourceIdentity": "ann"}]
    assert "Credential=AKIAFILE/" in sts.requests[0].headers["authorization"]
    assert signers(kinesis) == ["ASIA0000000000000001"]
    assert kinesis.requests[0].headers["x-amz-security-token"] == "session-token-1"


@pytest.mark.usefixtures("profiles")
def test_a_role_is_assumed_on_top_of_a_profile(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    client(kinesis, profileName="readers", assumeRoleArn=ROLE).list_streams()
    assert "Credential=AKIAPROFILE/" in sts.requests[0].headers["authorization"]
    assert signers(kinesis) == ["ASIA0000000000000001"]


@pytest.mark.parametrize("unnamed", [{}, {"assumeRoleSessionName": None}], ids=["absent", "null"])
def test_a_session_without_a_name_is_called_as_openmetadata_calls_it(
    kinesis: FakeKinesis, sts: FakeKinesis, unnamed: dict[str, None]
) -> None:
    client(kinesis, **KEYS, assumeRoleArn=ROLE, **unnamed).list_streams()
    assert sts.assumed == [{"RoleArn": ROLE, "RoleSessionName": "OpenMetadataSession"}]


def test_nothing_is_asked_of_sts_before_the_first_call(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    """A client is made while a run is put together; what fails then would have no step to be told under."""
    client(kinesis, **KEYS, assumeRoleArn=ROLE)
    assert sts.assumed == []
    assert kinesis.requests == []


def test_nothing_is_asked_of_sts_for_the_role_of_a_profile_either(
    kinesis: FakeKinesis, sts: FakeKinesis, profiles: Path
) -> None:
    with profiles.open("a") as file:
        file.write(f"[profile role]\nrole_arn = {ROLE}\nsource_profile = readers\n")
    made = client(kinesis, profileName="role")
    assert sts.assumed == []
    made.list_streams()
    assert len(sts.assumed) == 1


def test_one_session_serves_all_calls_and_all_threads(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    shared, together = client(kinesis, **KEYS, assumeRoleArn=ROLE), Barrier(4)

    def call(_: int) -> None:
        together.wait(10)
        shared.list_streams()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(12)))
    assert len(sts.assumed) == 1
    assert set(signers(kinesis)) == {"ASIA0000000000000001"}


def test_a_session_is_renewed_before_it_ends(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    """A long run outlives its first credentials: one whose session ends in ten minutes already has the next."""
    sts.session_seconds = 600
    shared = client(kinesis, **KEYS, assumeRoleArn=ROLE)
    for _ in range(3):
        shared.list_streams()
    assert len(set(signers(kinesis))) == 3


def test_a_role_that_may_not_be_assumed_ends_the_run_with_a_remedy(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    sts.faults = Faults(Rule(sts_error(), "AssumeRole"))
    source = KinesisSource(client(kinesis, **KEYS, assumeRoleArn=ROLE), quota=Quota(1.0), stop=Event())
    with pytest.raises(AccessDenied) as caught:
        next(source.streams())
    assert caught.value.where == "awsConfig.assumeRoleArn"
    assert "sts:AssumeRole" in caught.value.remedy


# --- where a call goes ----------------------------------------------------------------------------------------------


class Sent(Exception):
    """Instead of an answer."""


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that calls were sent to; none of them answers."""
    seen: list[str] = []

    def send(_: object, request: AWSPreparedRequest) -> None:
        seen.append(request.url.split("/")[2])
        raise Sent

    monkeypatch.setattr(URLLib3Session, "send", send)
    return seen


def test_the_endpoint_is_for_kinesis_alone_and_sts_keeps_its_regional_host(hosts: list[str]) -> None:
    made = kinesis_client(config(**KEYS, endPointURL="http://kinesis.internal", assumeRoleArn=ROLE), pool=1)
    with pytest.raises(Sent):
        made.list_streams()
    assert hosts == ["sts.eu-west-1.amazonaws.com"]


def test_the_endpoint_is_not_for_glue(hosts: list[str]) -> None:
    made = glue_client(config(**KEYS, endPointURL="http://kinesis.internal"))
    with pytest.raises(Sent):
        made.get_schema_version(SchemaVersionId="00000000-0000-0000-0000-000000000000")
    assert hosts == ["glue.eu-west-1.amazonaws.com"]


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize(
    ("mode", "host"),
    [
        ("disabled", "kinesis.eu-west-1.amazonaws.com"),
        ("preferred", "123456789012.control-kinesis.eu-west-1.amazonaws.com"),
    ],
)
def test_calls_go_to_the_regional_host_unless_the_workflow_says_otherwise(
    hosts: list[str], monkeypatch: pytest.MonkeyPatch, mode: Any, host: str
) -> None:
    """botocore 1.43 moves calls to hosts that VPC endpoints and egress lists lack, if the account is known."""
    other = {"disabled": "preferred", "preferred": "disabled"}[mode]
    monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", other)
    made = kinesis_client(config(profileName="with-account"), pool=1, account_id_endpoint_mode=mode)
    with pytest.raises(Sent):
        made.describe_stream_summary(StreamName="orders")
    assert hosts == [host]


# --- what botocore is told ------------------------------------------------------------------------------------------


def test_botocore_makes_each_call_once_whatever_the_environment_says(
    kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pacing, retries and stopping are this package's; a second layer below it would multiply the waits."""
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    kinesis.faults = Faults(Rule(aws_error("InternalFailure")))
    with pytest.raises(ClientError):
        client(kinesis, **KEYS).list_streams()
    assert len(kinesis.calls()) == 1


def test_time_outs_and_pool_are_explicit() -> None:
    names = ("connect_timeout", "read_timeout", "max_pool_connections")
    usual, impatient = kinesis_client(config(**KEYS), pool=7), kinesis_client(config(**KEYS), pool=8, read_timeout=1)
    assert [getattr(usual.meta.config, name) for name in names] == [5, 30, 7]
    assert [getattr(impatient.meta.config, name) for name in names] == [5, 1, 8]


def test_a_role_is_asked_for_within_time_outs_too(
    kinesis: FakeKinesis, sts: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of botocore's own, 60 s each, every thread of a run would wait through five tries."""
    configs: dict[str, Any] = {}
    create = botocore.session.Session.create_client

    def created(session: botocore.session.Session, service: str, **options: Any) -> Any:
        configs[service] = options.get("config")
        return create(session, service, **options)

    monkeypatch.setattr(botocore.session.Session, "create_client", created)
    client(kinesis, **KEYS, assumeRoleArn=ROLE).list_streams()
    assert (configs["sts"].connect_timeout, configs["sts"].read_timeout) == (5, 30)
    assert configs["sts"].retries["total_max_attempts"] == 3
    assert len(sts.assumed) == 1


def test_threads_use_their_connections_again(kinesis: FakeKinesis) -> None:
    shared = client(kinesis, **KEYS)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: shared.list_streams(), range(40)))
    assert len(kinesis.calls()) == 40
    assert kinesis.connections <= 4


# --- what cannot work -----------------------------------------------------------------------------------------------


def refusal(**fields: Any) -> str:
    with pytest.raises(AccessDenied) as caught:
        kinesis_client(config(**fields), pool=1)
    assert caught.value.remedy
    return f"{caught.value.where}: {caught.value.cause}"


def test_no_credentials_at_all_are_told_with_what_to_give() -> None:
    assert refusal() == (
        "awsConfig: there are no AWS credentials here: no keys and no profile in the file, and boto3's chain found none"
    )


ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIASECRETSECRETSECR",
    "AWS_SECRET_ACCESS_KEY": "keySECRETSECRET",
    "AWS_SESSION_TOKEN": "tokenSECRETSECRET",
}


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("tail", ["\n", "\r\nX: y", " ", "\x7f", "\u00d6"], ids=repr)
def test_a_credential_that_cannot_be_sent_is_refused_unseen(
    kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str, tail: str
) -> None:
    """A line break at its end is what a mounted secret often has; http.client and botocore's log would repeat it."""
    caplog.set_level("DEBUG")
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value + tail if variable == name else value)
    for fields in ({}, {"assumeRoleArn": ROLE}):
        told = refusal(endPointURL=kinesis.url, **fields)
        assert name.removeprefix("AWS_").replace("_", " ").lower() in told
        assert "SECRET" not in told.replace("SECRET_ACCESS_KEY", "")
    assert "SECRET" not in caplog.text
    assert kinesis.requests == []


def test_a_credential_that_cannot_be_sent_and_expires_is_not_told_either(
    kinesis: FakeKinesis, sts: FakeKinesis
) -> None:
    """Those are fetched by the first call: too late to look at them before it."""
    sts.session_token = "tokenSECRET{}\nSECRET"
    source = KinesisSource(client(kinesis, **KEYS, assumeRoleArn=ROLE), quota=Quota(1.0), stop=Event())
    with pytest.raises(AccessDenied) as caught:
        next(source.streams())
    assert sts.assumed
    assert "line break" in caught.value.why
    assert "SECRET" not in str(caught.value)


def test_a_password_in_an_address_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KINESIS", "http://user:PASSWORD@my_kinesis:4566")
    assert "Invalid endpoint: http://***@my_kinesis:4566" in refusal(**KEYS)


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("keys", [{}, KEYS], ids=["alone", "beside keys"])
def test_a_profile_that_is_not_there_is_told_by_name(keys: dict[str, str]) -> None:
    assert refusal(profileName="readres", **keys) == "awsConfig.profileName: there is no AWS profile 'readres' here"


@pytest.mark.usefixtures("profiles")
def test_a_profile_of_the_environment_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "readres")
    assert refusal(**KEYS) == "AWS_PROFILE: there is no AWS profile 'readres' here"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[profile p\nx", "Unable to parse config file"),
        ("[profile p]\naws_access_key_id = x", "Partial credentials found"),
        (f"[profile p]\nrole_arn = {ROLE}", "Partial credentials found in assume-role"),
        (
            f"[profile p]\nrole_arn = {ROLE}\nsource_profile = q\n[profile q]\nrole_arn = {ROLE}\nsource_profile = p",
            "loop",
        ),
        ("[profile p]\ncredential_process = /bin/false", "custom-process"),
        ("[profile p]\ncredential_process = /there/is/no/such/program", "No such file"),
    ],
)
def test_a_machine_whose_aws_configuration_is_wrong_says_what_is_wrong(profiles: Path, text: str, why: str) -> None:
    profiles.write_text(text, encoding="utf-8")
    told = refusal(profileName="p")
    assert told.startswith("awsConfig: the AWS configuration cannot be used: ")
    assert why in told


def test_half_a_key_pair_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    assert "AWS_SECRET_ACCESS_KEY" in refusal()


def test_an_endpoint_that_botocore_does_not_take_is_told() -> None:
    assert "Invalid endpoint: http://my_kinesis:4566" in refusal(**KEYS, endPointURL="http://my_kinesis:4566")


def test_glue_is_refused_for_the_same_reasons() -> None:
    with pytest.raises(AccessDenied):
        glue_client(config(profileName="readres"))
