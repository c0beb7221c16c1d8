"""What workflow files may reach: the variables, the folders of tokens and the hosts that an operator allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_kinesis_ingest.engine.workflow.fence import OPEN, Fence
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.errors import WorkflowError
from tests.workflow_text import CONNECTED, EXAMPLE, SERVED, SOURCE, text

USE = "is not among those that workflow files may use"


def refused(raw: str, fence: Fence, runtime: Runtime | None = None) -> list[str]:
    """The faults of a file behind a fence, without the remedy."""
    try:
        loads(raw.encode(), "f.yaml", runtime, fence)
    except WorkflowError as error:
        return [f"{fault.path}: {fault.problem}" for fault in error.faults]
    return []


def test_it_is_open_unless_somebody_closes_it() -> None:
    assert Fence.from_environ({}) == Fence.of(lambda _: None) == OPEN
    raw = EXAMPLE.replace("eyJ", "/any/where").replace("us-east-2", "us-east-2\n        profileName: ${ANY}")
    assert refused(raw, OPEN, Runtime({"ANY": "x"})) == []


def test_its_options_are_read_as_airflow_reads_its_environment() -> None:
    """Patterns between commas or blanks; an empty list allows nothing."""
    environ = {
        "AIRFLOW__KINESIS_INGEST__ALLOWED_VARIABLES": "OM_*, AWS_REGION\nSHOP",
        "AIRFLOW__KINESIS_INGEST__ALLOWED_TOKEN_FOLDERS": "",
        "AIRFLOW__KINESIS_INGEST__ALLOWED_HOSTS": "*",
    }
    assert Fence.from_environ(environ) == Fence(("OM_*", "AWS_REGION", "SHOP"), (), ("*",))


# --- variables -------------------------------------------------------------------------------------------------------

NAMED = EXAMPLE.replace("eyJ", "${OM_JWT}").replace("us-east-2", "us-east-2\n        profileName: ${DB_PASSWORD}")


@pytest.mark.parametrize("runtime", [None, Runtime({}), Runtime({"OM_JWT": "eyJhb", "DB_PASSWORD": "s3cr3t"})])
def test_a_variable_outside_is_told_by_the_check_and_by_the_run(runtime: Runtime | None) -> None:
    """Whether the environment has it or not: that too is nobody's business."""
    found = refused(NAMED, Fence(variables=("OM_*",)), runtime)
    assert f"{SOURCE}.profileName: the variable DB_PASSWORD {USE}" in found
    assert not any("has no variable DB_PASSWORD" in problem or "s3cr3t" in problem for problem in found)
    assert not any("OM_JWT" in problem for problem in found if runtime is None or runtime.environ)


def test_the_remedy_names_the_option() -> None:
    with pytest.raises(WorkflowError, match=r"let who runs Airflow add it to `\[kinesis_ingest\] allowed_variables`"):
        loads(NAMED.encode(), "f.yaml", fence=Fence(variables=()))


def test_a_name_that_nobody_resolves_needs_no_leave() -> None:
    assert refused(EXAMPLE + "description: costs ${PRICE}\n", Fence(variables=())) == []


# --- the file of a token ---------------------------------------------------------------------------------------------


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder as Kubernetes mounts one, beside another that nobody may name."""
    real = tmp_path / "secrets" / "..2026"
    real.mkdir(parents=True)
    (real / "token").write_text("eyJ")
    (tmp_path / "secrets" / "token").symlink_to("..2026/token")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "key").write_text("s3cr3t")
    (tmp_path / "secrets" / "out").symlink_to("../other/key")
    (tmp_path / "other" / "in").symlink_to("../secrets/token")
    return tmp_path / "secrets"


@pytest.mark.parametrize(
    ("file", "allowed"),
    [
        ("token", True),
        ("..2026/token", True),
        ("../secrets/token", True),
        ("../other/key", False),
        ("out", False),
        ("../other/in", False),
        ("../secrets-of-others/token", False),
    ],
)
def test_a_token_is_read_from_allowed_folders_only(file: str, allowed: bool, secrets: Path) -> None:
    """By the path that is written and by what it leads to: a link leads neither out nor in."""
    raw = EXAMPLE.replace("eyJ", f"{secrets}/{file}")
    outside = [] if allowed else [f"{SERVED}.securityConfig.jwtToken: the folder of this file {USE}"]
    assert refused(raw, Fence(token_folders=(str(secrets),))) == outside
    assert refused(raw, Fence(token_folders=(f"{secrets.parent}/sec*ts/",))) == outside
    assert refused(raw, Fence(token_folders=())) != []


def test_a_folder_may_be_named_by_a_link(secrets: Path) -> None:
    """/var/run is one to /run."""
    (secrets.parent / "run").symlink_to("secrets")
    for named in (secrets.parent / "run", secrets):
        fence = Fence(token_folders=(str(secrets.parent / "run"),))
        assert refused(EXAMPLE.replace("eyJ", f"{named}/token"), fence) == []


def test_a_path_is_no_less_one_for_its_shape(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(secrets)
    monkeypatch.setenv("HOME", str(secrets))
    fence = Fence(token_folders=(str(secrets),))
    assert [refused(EXAMPLE.replace("eyJ", path), fence) for path in ("./token", "~/token")] == [[], []]
    assert len(refused(EXAMPLE.replace("eyJ", "../other/key"), fence)) == 1
    assert len(refused(EXAMPLE.replace("eyJ", "~/../other/key"), fence)) == 1


def test_a_token_itself_needs_no_folder() -> None:
    assert refused(EXAMPLE, Fence(token_folders=())) == []


def test_a_path_of_the_environment_is_checked_when_it_is_known(secrets: Path) -> None:
    raw, fence = EXAMPLE.replace("eyJ", "${OM_JWT}"), Fence(token_folders=(str(secrets),))
    assert refused(raw, fence) == []
    assert refused(raw, fence, Runtime({"OM_JWT": f"{secrets}/token"})) == []
    (told,) = refused(raw, fence, Runtime({"OM_JWT": os.path.realpath(secrets / "out")}))
    assert told == f"{SERVED}.securityConfig.jwtToken: the folder of this file {USE}"


# --- hosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "pattern", "allowed"),
    [
        ("http://om.example.com/api", "om.example.com", True),
        ("http://OM.Example.com./api", "om.example.com", True),
        ("http://om.example.com:8585/api", "om.example.com", True),
        ("http://om.example.com:8585/api", "*.EXAMPLE.com:8585", True),
        ("http://om.example.com/api", "om.example.com:80", True),
        ("https://om.example.com/api", "om.example.com:443", True),
        ("https://om.example.com/api", "om.example.com:80", False),
        ("http://om.example.com:8586/api", "om.example.com:8585", False),
        ("http://om.example.com.evil.net/api", "om.example.com", False),
        ("http://evil.net/om.example.com", "*om.example.com", False),
        ("http://evilexample.com/api", "*.example.com", False),
        ("http://10.0.0.1:8585/api", "10.0.0.*", True),
        ("http://10.0.0.1.evil.net:8585/api", "10.0.0.*", False),
        ("http://10.0.0.1.evil.net:8585/api", "10.0.0.?*:8585", False),
        ("http://[::1]:8585/api", "::1", True),
        ("http://[::1]/api", "::1:80", True),
        ("http://om:99999/api", "om", True),
        ("http://om:99999/api", "om:80", False),
    ],
)
def test_a_host_is_one_that_a_pattern_names(url: str, pattern: str, allowed: bool) -> None:
    fence = Fence(hosts=(pattern,))
    assert refused(EXAMPLE.replace("http://localhost:8585/api", f"'{url}'"), fence) == (
        [] if allowed else [f"{SERVED}.hostPort: this host {USE}"]
    )
    kinesis = refused(text(aws=f"endPointURL: '{url}'"), fence)
    assert (f"{SOURCE}.endPointURL: this host {USE}" in kinesis) is not allowed


def test_a_queue_is_read_inside_the_fence_alone() -> None:
    """By the triggerer, as whoever that is: a file could name a queue of somebody else's, whose messages it takes."""
    url = "https://sqs.us-east-2.amazonaws.com/123456789012/kinesis"
    raw = EXAMPLE + f"\nairflowConfig: {{events: {{queueUrl: '{url}'}}}}\n"
    at_home = Fence(hosts=("localhost",))
    assert refused(raw, at_home) == [f"airflowConfig.events.queueUrl: this host {USE}"]
    assert refused(raw, Fence(hosts=("localhost", "sqs.*.amazonaws.com"))) == []


def test_the_default_server_is_a_host_like_another() -> None:
    raw = EXAMPLE.replace("    hostPort: http://localhost:8585/api\n", "")
    assert len(refused(raw, Fence(hosts=("om",)))) == 1
    assert refused(raw, Fence(hosts=("localhost",))) == []


def test_a_host_of_the_environment_or_a_connection_is_checked_when_it_is_known() -> None:
    raw = EXAMPLE.replace("http://localhost:8585/api", "http://${OM_HOST}/api")
    fence = Fence(hosts=("om",))
    assert refused(raw, fence) == []
    assert refused(raw, fence, Runtime({"OM_HOST": "om"})) == []
    (told,) = refused(raw, fence, Runtime({"OM_HOST": "om.evil"}))
    assert "evil" not in told
    server = {"hostPort": "http://evil/api", "securityConfig": {"jwtToken": "eyJhb"}}
    found = refused(CONNECTED, fence, Runtime({}, aws={"awsRegion": "us-east-2"}, server=server))
    assert found == [f"connections.openmetadata: `hostPort` of the connection `om_prod`: this host {USE}"]
    aws = {"awsRegion": "us-east-2", "endPointURL": "http://evil:4566"}
    found = refused(CONNECTED, fence, Runtime({}, aws=aws, server={**server, "hostPort": "http://om/api"}))
    assert found == [f"connections.aws: `endPointURL` of the connection `orders_aws`: this host {USE}"]
