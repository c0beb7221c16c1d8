"""The connection test: on which stream it tries the calls, what of one that is not ready, and which rights it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import Step
from airflow_kinesis_ingest.engine.run import checks
from airflow_kinesis_ingest.engine.workflow.providers import PROVIDERS
from tests.builders import workflow
from tests.fakes.identity import FakeIdentityProvider
from tests.fakes.kinesis import FakeKinesis, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule, json_reply

pytestmark = pytest.mark.usefixtures("quick")


def tried(*streams: FakeStream, fault: Fault | None = None, at: str = "") -> dict[str, Step]:
    """The steps on an account with these streams; the fault is of the stream `a`."""
    faults = Faults(*([Rule(fault, at, "a")] if fault else []))
    with FakeKinesis(streams, quotas={}, faults=faults) as aws:
        return {step.name: step for step in checks.check_aws(workflow(aws, Path("unused")))}


def statuses(steps: dict[str, Step]) -> set[str]:
    return {step.status for step in steps.values()}


@pytest.mark.parametrize("shards", [[FakeShard()], []], ids=["shards", "no shards"])
@pytest.mark.parametrize("status", ["CREATING", "DELETING"])
def test_a_stream_that_is_being_made_or_deleted_is_passed_over(status: str, shards: list[FakeShard]) -> None:
    """Whether the calls are allowed can be tried on the next one."""
    steps = tried(FakeStream("a", shards, status=status), FakeStream("b"))
    assert statuses(steps) == {"passed"}
    assert steps["DescribeStreamSummary"].message.startswith("b: ")


def test_a_stream_that_was_just_deleted_is_passed_over() -> None:
    steps = tried(
        FakeStream("a"), FakeStream("b"), fault=aws_error("ResourceNotFoundException"), at="DescribeStreamSummary"
    )
    assert statuses(steps) == {"passed"}


def test_where_no_stream_is_ready_the_calls_are_skipped_with_the_reason() -> None:
    """Nothing is wrong with the connection; a few streams are tried, not 10,000."""
    steps = tried(*(FakeStream(f"a{number}", status="CREATING") for number in range(9)))
    assert [name for name, step in steps.items() if step.status == "passed"] == ["AWS credentials", "ListStreams"]
    assert [step.status for step in steps.values()][2:] == ["skipped"] * 4
    assert steps["DescribeStreamSummary"].message == (
        f"no stream is ready to be tried: a{checks.STREAMS - 1}: the stream is being created"
    )


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ResourceInUseException"])
def test_a_stream_that_goes_away_during_the_test_is_no_failure(code: str) -> None:
    steps = tried(FakeStream("a"), fault=aws_error(code), at="ListShards")
    assert (steps["ListShards"].status, steps["GetRecords"].status) == ("skipped", "skipped")
    assert "ListShards of a" in steps["ListShards"].message


def test_a_stream_that_may_not_be_described_is_a_failure_and_not_passed_over() -> None:
    steps = tried(
        FakeStream("a"), FakeStream("b"), fault=aws_error("AccessDeniedException"), at="DescribeStreamSummary"
    )
    assert steps["DescribeStreamSummary"].status == "failed"
    assert steps["GetRecords"].status == "passed"


# --- OpenMetadata ---------------------------------------------------------------------------------------------------

RIGHTS = ["OpenMetadata service", "OpenMetadata topics", "OpenMetadata samples", "OpenMetadata pipelines"]


def checked(catalogue: FakeOpenMetadata, **changes: Any) -> dict[str, Step]:
    """The steps at this server, the bot's rights with them; `changes` are those of a workflow."""
    with FakeKinesis([], quotas={}) as aws:
        return {step.name: step for step in checks.check_openmetadata(workflow(aws, catalogue, **changes), rights=True)}


def failed(steps: dict[str, Step]) -> list[str]:
    return [name for name, step in steps.items() if step.status == "failed"]


NEEDED = [
    ("messagingService", "Create", "OpenMetadata service"),
    *(("topic", operation, "OpenMetadata topics") for operation in ("ViewAll", "Create", "EditAll", "Delete")),
    *(("topic", operation, "OpenMetadata samples") for operation in ("ViewSampleData", "EditSampleData")),
    *(
        ("ingestionPipeline", operation, "OpenMetadata pipelines")
        for operation in ("Create", "EditAll", "EditIngestionPipelineStatus")
    ),
]


@pytest.mark.parametrize("access", ["deny", "notAllow"])
@pytest.mark.parametrize(("resource", "operation", "step"), NEEDED)
def test_a_right_that_a_run_would_lack_is_named(
    catalogue: FakeOpenMetadata, resource: str, operation: str, step: str, access: str
) -> None:
    """Resource, operation and where to allow it; no other step fails for it."""
    catalogue.access = {(resource, operation): access}
    steps = checked(catalogue)
    assert failed(steps) == [step]
    assert steps[step].message == f"the token's bot may not {operation} on `{resource}`"
    assert "Settings > Access Control > Policies" in steps[step].remedy


def test_all_rights_that_a_kind_lacks_come_in_one_step(catalogue: FakeOpenMetadata) -> None:
    catalogue.access = {("topic", operation): "notAllow" for operation in ("Create", "EditAll", "Delete")}
    assert checked(catalogue)["OpenMetadata topics"].message == (
        "the token's bot may not Create, EditAll and Delete on `topic`"
    )


def test_the_test_leaves_no_trace(catalogue: FakeOpenMetadata) -> None:
    """The server is asked what the bot may do; nothing is tried."""
    steps = checked(catalogue)
    assert {step.status for step in steps.values()} == {"passed"}
    assert {request.method for request in catalogue.requests} == {"GET"}
    assert [*catalogue.services, *catalogue.topics, *catalogue.pipelines] == []


def test_only_the_rights_that_this_workflow_uses_are_asked_for(catalogue: FakeOpenMetadata) -> None:
    """No sample is stored, nothing is deleted, and the service is there."""
    catalogue.add_service("shop")
    operations = [("topic", "ViewSampleData"), ("topic", "EditSampleData"), ("topic", "Delete")]
    catalogue.access = {**dict.fromkeys(operations, "deny"), ("messagingService", "Create"): "deny"}
    steps = checked(catalogue, metadata={"generateSampleData": False, "markDeletedTopics": False})
    assert failed(steps) == []
    assert steps["OpenMetadata samples"].message == "not needed: `generateSampleData` is off"
    assert steps["OpenMetadata service"].message == "not needed: the service is there and stays as it is"
    kept = checked(catalogue, options={"sample": {"store": False}}, metadata={"markDeletedTopics": False})
    assert kept["OpenMetadata samples"].message == "not needed: `options.sample.store` is off"


@pytest.mark.parametrize(
    ("field", "operation"), [("displayName", "EditDisplayName"), ("description", "EditDescription")]
)
def test_a_service_that_the_file_would_rename_needs_the_right_for_it(
    catalogue: FakeOpenMetadata, field: str, operation: str
) -> None:
    catalogue.add_service("shop")
    catalogue.access = {("messagingService", operation): "deny"}
    steps = checked(catalogue, service={field: "Orders"})
    assert failed(steps) == ["OpenMetadata service"]
    assert operation in steps["OpenMetadata service"].message
    assert failed(checked(catalogue)) == []


def test_samples_need_the_servers_settings(catalogue: FakeOpenMetadata) -> None:
    """A run asks them whether the server stores samples, and stores none where it is not told."""
    catalogue.forbidden = ["GET /system/settings/*"]
    steps = checked(catalogue)
    assert failed(steps) == ["OpenMetadata samples"]
    assert "profilerConfiguration" in steps["OpenMetadata samples"].message
    assert "options.sample.store: false" in steps["OpenMetadata samples"].remedy


@pytest.mark.parametrize("access", ["conditionalAllow", "conditionalDeny"])
def test_a_right_under_conditions_is_told_as_such(catalogue: FakeOpenMetadata, access: str) -> None:
    """Whether they hold depends on each topic, its owner for instance."""
    catalogue.access = {("topic", "Delete"): access}
    step = checked(catalogue)["OpenMetadata topics"]
    assert (step.status, step.message) == (
        "passed",
        "the bot may ViewAll, Create, EditAll and Delete; Delete under the conditions of a policy",
    )


ELSEWHERE = [
    Fault.status(403),
    Fault.status(405),
    Fault("no route", reply=json_reply(404, {"code": 404, "message": "HTTP 404 Not Found"})),
    Fault("no route of 1.6", reply=json_reply(500, {"code": 500, "responseMessage": "HTTP 404 Not Found"})),
    Fault.html(),
    Fault("another shape", reply=json_reply(200, {"permissions": "all"})),
    Fault("no permission", reply=json_reply(200, {"permissions": []})),
    Fault("a list of names", reply=json_reply(200, {"permissions": ["Create", "EditAll"]})),
    Fault("no access", reply=json_reply(200, {"permissions": [{"operation": "Create"}]})),
]


@pytest.mark.parametrize("fault", ELSEWHERE, ids=lambda fault: fault.name)
def test_where_the_server_does_not_tell_the_rights_the_steps_are_skipped(
    catalogue: FakeOpenMetadata, fault: Fault
) -> None:
    """A proxy may let the run's own calls through alone; nothing is wrong then."""
    catalogue.faults = Faults(Rule(fault, "GET", "/permissions/*"))
    steps = checked(catalogue)
    assert failed(steps) == []
    assert {steps[name].status for name in RIGHTS} == {"skipped"}
    assert all(steps[name].message.startswith("the server does not tell what the bot may do: ") for name in RIGHTS)


def test_without_an_accepted_token_no_right_is_asked_for(catalogue: FakeOpenMetadata) -> None:
    steps = checked(catalogue, token="expired")
    assert failed(steps) == ["OpenMetadata token"]
    assert {steps[name].message for name in RIGHTS} == {"the token was not accepted"}
    assert not catalogue.calls("GET", "/permissions/*")


def test_a_server_that_is_not_there_has_every_other_step_skipped() -> None:
    with FakeOpenMetadata() as gone:
        pass
    steps = checked(gone)
    assert failed(steps) == ["OpenMetadata reachable"]
    assert {step.message for step in list(steps.values())[1:]} == {"the server was not reached"}


def test_a_version_that_was_not_tested_is_told() -> None:
    with FakeOpenMetadata(version="1.5.11") as old:
        reached = checked(old)["OpenMetadata reachable"]
    assert reached.status == "passed"
    assert "is older than 1.6" in reached.message


def test_a_sink_that_is_no_server_has_nothing_to_test() -> None:
    with FakeKinesis([], quotas={}) as aws:
        steps = list(checks.check_openmetadata(workflow(aws, Path("unused")), rights=True))
    assert {(step.status, step.message) for step in steps} == {("skipped", "the sink is `file`")}


# --- what is missing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"])
def test_a_denied_call_names_the_action_that_is_missing(call: str) -> None:
    step = tried(FakeStream("a"), fault=aws_error("AccessDeniedException"), at=call)[call]
    assert (step.status, step.actions) == ("failed", (f"kinesis:{call}",))


def test_another_failure_misses_no_action() -> None:
    assert tried(FakeStream("a"), fault=aws_error("InternalFailure"), at="ListShards")["ListShards"].actions == ()


# --- a token that an identity provider gives ------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_token_of_a_provider_is_a_step_of_its_own(name: str) -> None:
    """Whether the provider gives one, and for how long; whether OpenMetadata takes it is the step after the next."""
    with FakeOpenMetadata(bots=()) as catalogue, FakeIdentityProvider(catalogue) as provider:
        server = {"authProvider": name, "securityConfig": provider.security(name)}
        steps = checked(catalogue, server=server)
    assert list(steps)[:3] == [f"Token of {name}", "OpenMetadata reachable", "OpenMetadata token"]
    assert failed(steps) == []
    assert steps[f"Token of {name}"].message == "good for 60 minutes"


def test_a_provider_that_gives_no_token_is_the_only_failure(catalogue: FakeOpenMetadata) -> None:
    with FakeIdentityProvider() as provider:
        security = {**provider.security("azure"), "clientSecret": "wrong"}
        steps = checked(catalogue, server={"authProvider": "azure", "securityConfig": security})
    assert failed(steps) == ["Token of azure"]
    assert "AADSTS7000215" in steps["Token of azure"].message
    assert "Check `clientId` and `clientSecret`" in steps["Token of azure"].remedy
    assert steps["OpenMetadata reachable"].message == "there is no token"


def test_a_token_that_openmetadata_does_not_take_says_what_to_set_up_there(catalogue: FakeOpenMetadata) -> None:
    with FakeIdentityProvider() as provider:
        steps = checked(catalogue, server={"authProvider": "okta", "securityConfig": provider.security("okta")})
    assert failed(steps) == ["OpenMetadata token"]
    assert "Let OpenMetadata trust okta" in steps["OpenMetadata token"].remedy
