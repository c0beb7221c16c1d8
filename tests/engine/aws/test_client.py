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
from airflow_kinesis_ingest.engine.aws.errors import translated
from airflow_kinesis_ingest.engine.aws.quota import Quota
from airflow_kinesis_ingest.engine.aws.source import KinesisSource
from airflow_kinesis_ingest.engine.model import Stream
from airflow_kinesis_ingest.engine.workflow.models import AssumeRoleOptions, AwsConfig
from airflow_kinesis_ingest.errors import AccessDenied, IngestError, Unreachable
from tests.fakes.credentials import FakeCredentials
from tests.fakes.kinesis import FakeKinesis, aws_error, sts_error
from tests.fakes.server import Fault, Faults, Rule

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


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("role", [{}, {"assumeRoleArn": ROLE}], ids=["keys", "role"])
def test_keys_of_the_file_need_no_profile_that_the_environment_names(
    kinesis: FakeKinesis, sts: FakeKinesis, monkeypatch: pytest.MonkeyPatch, role: dict[str, str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "readres")
    client(kinesis, **KEYS, **role).list_streams()
    assert signers(sts if role else kinesis) in (["AKIAFILE"], [])
    assert len(sts.assumed) == len(role)


# --- what gives credentials over HTTP -------------------------------------------------------------------------------


@pytest.fixture
def pod(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pod of EKS: the file of its token."""
    token = tmp_path / "token"
    token.write_text("a-token", encoding="utf-8")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    return token


def described(kinesis: FakeKinesis, **fields: Any) -> None:
    """One call about one stream, the first that needs credentials."""
    found = KinesisSource(client(kinesis, **fields), quota=Quota(1.0), stop=Event(), retry_for=0)
    found.describe(Stream("stream-00000"))


@pytest.mark.usefixtures("pod")
def test_a_web_identity_gives_the_credentials(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    described(kinesis)
    assert [asked["WebIdentityToken"] for asked in sts.assumed] == ["a-token"]
    assert signers(kinesis) == ["ASIA0000000000000001"]


@pytest.mark.usefixtures("pod")
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidIdentityToken", "ExpiredTokenException"])
def test_a_web_identity_that_is_refused_is_the_runs_fault_and_no_streams(
    kinesis: FakeKinesis, sts: FakeKinesis, code: str
) -> None:
    """No right to a Kinesis call would mend it."""
    sts.faults = Faults(Rule(sts_error(code, "not authorized"), "AssumeRoleWithWebIdentity"))
    with pytest.raises(AccessDenied) as caught:
        described(kinesis)
    assert (caught.value.where, caught.value.why) == ("AssumeRoleWithWebIdentity", f"{code}: not authorized")
    assert "OIDC" in caught.value.remedy
    assert "kinesis:" not in str(caught.value)


def test_the_file_of_a_token_that_is_not_there_is_named(kinesis: FakeKinesis, pod: Path) -> None:
    pod.unlink()
    with pytest.raises(AccessDenied, match=f"{pod}: what the credentials need cannot be read: No such file"):
        described(kinesis)


def test_an_sso_session_that_is_over_says_how_to_begin_one(kinesis: FakeKinesis, profiles: Path) -> None:
    sso = "sso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\nsso_account_id = 123456789012\n"
    profiles.write_text(f"[profile people]\n{sso}sso_role_name = reader\n", encoding="utf-8")
    with pytest.raises(AccessDenied) as caught:
        described(kinesis, profileName="people")
    assert caught.value.what == "SSO gives no credentials without a session"
    assert "aws sso login" in caught.value.remedy


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCredentials]:
    with FakeCredentials() as running:
        running.found_by_a_task(monkeypatch)
        yield running


def test_a_container_that_fails_is_tried_again_and_one_that_refuses_is_not(
    kinesis: FakeKinesis, container: FakeCredentials
) -> None:
    described(kinesis)
    assert signers(kinesis) == ["ASIACONTAINER1"]
    for status, kind in ((500, Unreachable), (403, AccessDenied)):
        container.faults = Faults(Rule(Fault.status(status)))
        with pytest.raises(kind, match=f"metadata service of the container .*non 200 response {status}"):
            client(kinesis)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ForbiddenException", 403, AccessDenied),
        ("TooManyRequestsException", 429, Unreachable),
        ("InternalFailure", 500, Unreachable),
        ("IDPCommunicationError", 400, Unreachable),
    ],
)
@pytest.mark.parametrize("operation", ["AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials"])
def test_what_a_call_for_credentials_says_is_never_a_streams(
    operation: str, code: str, status: int, kind: type[IngestError]
) -> None:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    found = translated(ClientError(answer, operation), "DescribeStreamSummary", "orders")
    assert type(found) is kind
    assert "orders" not in str(found)


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


def test_a_session_has_the_external_id_and_the_duration_that_are_asked_for(
    kinesis: FakeKinesis, sts: FakeKinesis
) -> None:
    """And a short one is not renewed with every call."""
    role = AssumeRoleOptions.model_validate({"externalId": "partner-7", "durationSeconds": 900})
    made = kinesis_client(config(endPointURL=kinesis.url, **KEYS, assumeRoleArn=ROLE), pool=1, role=role)
    for _ in range(3):
        made.list_streams()
    asked = {"ExternalId": "partner-7", "DurationSeconds": "900"}
    assert sts.assumed == [{"RoleArn": ROLE, "RoleSessionName": "OpenMetadataSession", **asked}]


def test_a_role_leaves_the_profile_all_else_that_it_says(profiles: Path) -> None:
    """FIPS, dual-stack and the CA are of the machine, whoever signs."""
    with profiles.open("a") as file:
        file.write("[profile strict]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\nca_bundle = /ca.pem\n")
        file.write("aws_access_key_id = AKIASTRICT\naws_secret_access_key = secret\n")
    hosts = [
        kinesis_client(config(profileName="strict", **role), pool=1).meta.endpoint_url
        for role in ({}, {"assumeRoleArn": ROLE})
    ]
    assert hosts == ["https://kinesis-fips.eu-west-1.api.aws"] * 2


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
    assert refusal() == "AWS_PROFILE: there is no AWS profile 'readres' here"


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
