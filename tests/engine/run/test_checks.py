"""The connection test: on which stream it tries the calls, and what it says of one that is not ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_kinesis_ingest.engine.run import checks
from airflow_kinesis_ingest.engine.run.checks import Step
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeShard, FakeStream, aws_error
from tests.fakes.server import Fault, Faults, Rule

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
