"""How a run gets an identity, wherever it runs: the README's table, and what is said where it gets none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.client import kinesis_client
from airflow_kinesis_ingest.engine.aws.quota import Quota
from airflow_kinesis_ingest.engine.aws.source import KinesisSource
from airflow_kinesis_ingest.engine.model import Stream
from airflow_kinesis_ingest.engine.workflow.models import AssumeRoleOptions, AwsConfig
from airflow_kinesis_ingest.engine.workflow.targets import each_target
from airflow_kinesis_ingest.errors import AccessDenied, Unreachable
from tests.fakes.credentials import IMDS, INSTANCE_ROLE, PODS, PORTAL, FakeCredentials
from tests.fakes.kinesis import FakeKinesis, sts_error
from tests.fakes.server import Fault, Faults, Reply, Rule
from tests.workflow_text import EXAMPLE, workflow

README = Path(__file__).parents[3] / "README.md"
ROLE = "arn:aws:iam::123456789012:role/reader"
KEYS: dict[str, Any] = {"awsAccessKeyId": "AKIAFILE", "awsSecretAccessKey": "secret"}


@pytest.fixture
def machine() -> Iterator[FakeCredentials]:
    """Whatever gives the machine its credentials."""
    with FakeCredentials() as running:
        yield running


class Run:
    """A run's calls, one at a time, each signed by whom it says."""

    def __init__(self, kinesis: FakeKinesis, role: dict[str, Any] | None = None, **aws: Any) -> None:
        config = AwsConfig.model_validate({"awsRegion": "eu-west-1", "endPointURL": kinesis.url, **aws})
        made = kinesis_client(config, pool=2, role=AssumeRoleOptions.model_validate(role or {}))
        self._kinesis = kinesis
        self._source = KinesisSource(made, quota=Quota(1.0), stop=Event(), retry_for=0)

    def signer(self) -> str:
        """The access key that signs the next call."""
        self._source.describe(Stream("stream-00000"))
        return self._kinesis.calls()[-1].access_key


def refusal(kinesis: FakeKinesis, role: dict[str, Any] | None = None, **aws: Any) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        Run(kinesis, role, **aws).signer()
    assert "stream-00000" not in str(caught.value)
    assert not caught.value.actions, "no right to a Kinesis call would mend it"
    return caught.value


# --- the rows of the README -------------------------------------------------------------------------------------------


def test_a_pod_of_eks_has_the_role_of_its_service_account(
    kinesis: FakeKinesis, sts: FakeKinesis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IRSA: two variables, and a token that EKS writes anew while a run goes on."""
    token = tmp_path / "token"
    token.write_text("first")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    sts.session_seconds = 600  # so that each call renews it
    run = Run(kinesis)
    first = run.signer()
    token.write_text("second")
    assert run.signer() != first
    assert list(dict.fromkeys(asked["WebIdentityToken"] for asked in sts.assumed)) == ["first", "second"]
    assert {asked["RoleArn"] for asked in sts.assumed} == {ROLE}


def test_a_pod_of_eks_has_the_role_of_its_association(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pod Identity: EKS's agent wants the token of a file, which is read for each renewal."""
    machine.found_by_a_pod(monkeypatch, tmp_path / "token")
    machine.seconds = 600
    run = Run(kinesis)
    first = run.signer()
    assert first.startswith("ASIACONTAINER")
    machine.pod_token = "rotated"
    (tmp_path / "token").write_text("rotated")
    assert run.signer() != first
    assert machine.requests[-1].headers["authorization"] == "rotated"


def test_a_task_of_ecs_has_its_task_role(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.found_by_a_task(monkeypatch)
    run = Run(kinesis)
    assert [run.signer(), run.signer()] == ["ASIACONTAINER1"] * 2


def test_an_instance_has_its_profile(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By version 2 of its metadata: the fake gives nothing without the token of a session."""
    machine.found_by_an_instance(monkeypatch)
    assert Run(kinesis).signer() == "ASIAINSTANCE1"
    paths = [(request.method, request.path) for request in machine.requests]
    assert paths == [("PUT", "/latest/api/token"), ("GET", IMDS), ("GET", f"{IMDS}{INSTANCE_ROLE}")]


def test_a_profile_has_the_session_of_aws_sso_login(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is nearly over is renewed, as long as the login can be."""
    machine.found_by_sso(monkeypatch, tmp_path)
    assert Run(kinesis, profileName="people").signer() == "ASIASSO1"
    machine.found_by_sso(monkeypatch, tmp_path, session_seconds=60)
    assert Run(kinesis, profileName="people").signer() == "ASIASSO2"
    assert machine.requests[-1].headers["x-amz-sso_bearer_token"] == "renewed-sso-token"


def test_keys_stand_in_the_file_the_environment_or_a_connection(
    kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an Airflow connection gives is put into the same block: tests of the hook."""
    assert Run(kinesis, **KEYS).signer() == "AKIAFILE"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert Run(kinesis).signer() == "AKIAENV"


def test_another_accounts_role_is_assumed_with_its_external_id(
    kinesis: FakeKinesis, sts: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On top of any of the others: here, of an instance's."""
    machine.found_by_an_instance(monkeypatch)
    sts.trusts = {"ExternalId": "partner-7", "SourceIdentity": "catalogue"}
    named: dict[str, Any] = {"assumeRoleSessionName": "nightly", "assumeRoleSourceIdentity": "catalogue"}
    run = Run(kinesis, {"externalId": "partner-7"}, assumeRoleArn=ROLE, **named)
    assert run.signer() == "ASIA0000000000000001"
    assert sts.assumed == [{"RoleArn": ROLE, "RoleSessionName": "nightly", **sts.trusts}]
    assert "Credential=ASIAINSTANCE1/" in sts.requests[0].headers["authorization"]


ROWS: dict[str, Callable[..., None]] = {
    "EKS, IRSA": test_a_pod_of_eks_has_the_role_of_its_service_account,
    "EKS, Pod Identity": test_a_pod_of_eks_has_the_role_of_its_association,
    "ECS": test_a_task_of_ecs_has_its_task_role,
    "EC2": test_an_instance_has_its_profile,
    "with SSO": test_a_profile_has_the_session_of_aws_sso_login,
    "with keys": test_keys_stand_in_the_file_the_environment_or_a_connection,
    "another account": test_another_accounts_role_is_assumed_with_its_external_id,
}


def test_each_row_of_the_readme_is_one_of_these_tests() -> None:
    """Nothing is promised there that none of them shows, and nothing shown is kept from it."""
    table = (
        README.read_text(encoding="utf-8")
        .partition("| how do I give it an identity |\n|---|---|\n")[2]
        .partition("\n\n")[0]
    )
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert [part for row in rows for part in re.split("; ", row)] == list(ROWS)
    assert all(callable(test) and test.__name__.startswith("test_") for test in ROWS.values())


def test_the_trust_policy_of_the_documentation_is_fulfilled(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    """Its conditions are what a run sends where the workflow says the same."""
    page = (README.parent / "docs" / "operating.md").read_text(encoding="utf-8")
    section = page.partition("## A role in another account")[2]
    [statement] = json.loads(section.partition("```json\n")[2].partition("```")[0])["Statement"]
    asked = statement["Condition"]["StringEquals"]
    assert statement["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    sts.trusts = {name.removeprefix("sts:"): value for name, value in asked.items()}
    role = {"externalId": asked["sts:ExternalId"]}
    run = Run(kinesis, role, assumeRoleArn=ROLE, assumeRoleSourceIdentity=asked["sts:SourceIdentity"], **KEYS)
    assert run.signer() == "ASIA0000000000000001"


# --- a target's external id -------------------------------------------------------------------------------------------


def test_the_external_id_of_a_target_is_asked_for_by_its_role(kinesis: FakeKinesis, sts: FakeKinesis) -> None:
    """One file, two accounts: each role is shown its own."""
    roles = {account: ROLE.replace("123456789012", account) for account in ("111111111111", "222222222222")}
    targets = "targets:\n" + "".join(
        f"  - {{awsRegion: eu-west-1, assumeRoleArn: '{role}', externalId: id-{account}}}\n"
        for account, role in roles.items()
    )
    for target in each_target(workflow(EXAMPLE + targets)):
        aws, role = target.workflow.aws, target.workflow.options.assume_role
        told: dict[str, Any] = {"assumeRoleArn": aws.assume_role_arn, **KEYS}
        Run(kinesis, role.model_dump(by_alias=True), **told).signer()
    assert [(asked["RoleArn"][13:25], asked["ExternalId"]) for asked in sts.assumed] == [
        ("111111111111", "id-111111111111"),
        ("222222222222", "id-222222222222"),
    ]


# --- a run that outlives its credentials ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["task", "instance", "sso"])
def test_a_long_run_renews_what_a_machine_gives(
    kind: str, kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of credentials that are nearly over, each call asks for the next, and goes on with these if there are none."""
    machine.seconds = 800
    profile: dict[str, Any] = {"profileName": "people"} if kind == "sso" else {}
    if kind == "task":
        machine.found_by_a_task(monkeypatch)
    elif kind == "instance":
        machine.found_by_an_instance(monkeypatch)
    else:
        machine.found_by_sso(monkeypatch, tmp_path)
    run = Run(kinesis, **profile)
    first = run.signer()
    machine.faults = Faults(Rule(Fault.status(500)))
    assert run.signer() == first
    machine.faults = Faults()
    if kind != "instance":  # botocore itself puts off the end of an instance's, as AWS wants it
        assert run.signer() != first


# --- no identity ------------------------------------------------------------------------------------------------------


def test_an_external_id_that_the_role_does_not_know_says_where_to_give_it(
    kinesis: FakeKinesis, sts: FakeKinesis
) -> None:
    sts.trusts = {"ExternalId": "partner-7"}
    for role in ({}, {"externalId": "partner-8"}):
        error = refusal(kinesis, role, assumeRoleArn=ROLE, **KEYS)
        assert error.where == "awsConfig.assumeRoleArn"
        assert f"sts:AssumeRole on resource: {ROLE}" in error.why
        assert (
            "trust it in the role; if its trust policy asks for an external id, give that as `externalId`"
            in error.remedy
        )
    assert sts.assumed == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ("ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"),
        ("InvalidIdentityToken", "No OpenIDConnect provider found in your account"),
    ],
)
def test_a_service_account_that_its_role_does_not_trust_says_what_to_trust(
    kinesis: FakeKinesis, sts: FakeKinesis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, text: str
) -> None:
    (tmp_path / "token").write_text("over")
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    sts.faults = Faults(Rule(sts_error(code, text), "AssumeRoleWithWebIdentity"))
    error = refusal(kinesis)
    assert error.why == f"{code}: {text}"
    assert "AWS_ROLE_ARN" in error.remedy
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in error.remedy
    assert "service account" in error.remedy


def test_a_pod_whose_token_is_old_is_told_to_look_at_its_association(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.found_by_a_pod(monkeypatch, tmp_path / "token")
    machine.pod_token = "another"
    error = refusal(kinesis)
    assert "400" in error.why
    assert "Pod Identity association" in error.remedy
    assert "pod-token" not in str(error)


def test_the_token_of_a_pod_that_is_not_mounted_is_named(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.found_by_a_pod(monkeypatch, tmp_path / "token")
    (tmp_path / "token").unlink()
    assert str(tmp_path / "token") in str(refusal(kinesis))


@pytest.mark.parametrize(
    "fault",
    [Fault.status(403), Fault.status(404), Fault("over", reply=Reply(200, b'{"Code": "Failed", "Message": "x"}'))],
    ids=["switched off", "no role", "a role that does not trust EC2"],
)
def test_an_instance_without_a_profile_says_what_else_there_is(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    machine.found_by_an_instance(monkeypatch)
    machine.faults = Faults(Rule(fault, "GET"))
    error = refusal(kinesis)
    assert error.what == "there are no AWS credentials here"
    assert "hop limit of 2" in error.remedy


def test_an_instance_whose_metadata_do_not_reach_the_container_is_told_of_the_hop_limit(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the PUT gets lost on its second hop: it never comes."""
    monkeypatch.setenv("AWS_METADATA_SERVICE_TIMEOUT", "1")
    machine.found_by_an_instance(monkeypatch)
    machine.faults = Faults(Rule(Fault.never()))
    assert "in a container on EC2, the instance's metadata need a hop limit of 2" in refusal(kinesis).remedy


def test_a_task_whose_metadata_service_fails_is_tried_again(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.found_by_a_task(monkeypatch)
    machine.faults = Faults(Rule(Fault.status(500)))
    with pytest.raises(Unreachable, match="the metadata service of the container gave no credentials"):
        Run(kinesis)


@pytest.mark.parametrize(
    ("fault", "what"), [(401, "SSO gives no credentials without a session"), (403, "SSO gives no credentials")]
)
def test_a_portal_that_refuses_says_to_log_in_or_to_check_the_role(
    kinesis: FakeKinesis,
    machine: FakeCredentials,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fault: int,
    what: str,
) -> None:
    """401: the session is over, or was ended; 403: its user is not assigned to this account and role."""
    machine.found_by_sso(monkeypatch, tmp_path)
    if fault == 401:
        machine.sso_token = "of somebody else"
    else:
        config = tmp_path / "config"
        config.write_text(config.read_text().replace("sso_role_name = reader", "sso_role_name = admin"))
    error = refusal(kinesis, profileName="people")
    assert error.what == what
    assert "aws sso login" in error.remedy
    assert machine.counts[PORTAL] == 1
    assert "sso-token" not in str(error)


def test_an_sso_session_that_is_over_and_cannot_be_renewed_says_to_log_in(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.found_by_sso(monkeypatch, tmp_path, session_seconds=-60)
    machine.faults = Faults(Rule(Fault("refused", reply=Reply(400, b"{}")), "POST"))
    assert "aws sso login" in refusal(kinesis, profileName="people").remedy


def test_what_a_pods_agent_answers_is_the_runs_fault_and_no_streams(
    kinesis: FakeKinesis, machine: FakeCredentials, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the middle of a run, once what it had is over."""
    machine.found_by_a_pod(monkeypatch, tmp_path / "token")
    machine.seconds = 30
    run = Run(kinesis)
    machine.faults = Faults(Rule(Fault.status(403), target=PODS))
    with pytest.raises(AccessDenied, match="the metadata service of the container refuses to give credentials"):
        run.signer()
