"""A run of the streams that events told of: which it takes, what it waits for, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.events import Change
from airflow_kinesis_ingest.engine.aws.source import KinesisSource
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline, told
from airflow_kinesis_ingest.engine.run.told import told_by
from airflow_kinesis_ingest.errors import AccessDenied
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeStream
from tests.fakes.openmetadata import FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

OTHER = "999999999999"
LEFT_ALONE = "Nothing to do: only a run that lists all streams deletes topics"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "PAUSES", (0.01,))


def change(aws: FakeKinesis, stream: str, *, account: str = "", region: str = "") -> Change:
    return Change("CreateStream", stream, account or aws.account, region or aws.region)


def after(aws: FakeKinesis, to: FakeOpenMetadata | Path, *changes: Change, **more: Any) -> RunReport:
    flow = workflow(aws, to, **more)
    found = told_by(flow, changes)
    assert found
    return pipeline.run(flow, told=found)


def names(catalogue: FakeOpenMetadata) -> set[str]:
    return {topic["name"] for topic in catalogue.topics.values() if not topic["deleted"]}


def test_only_what_events_told_of_is_asked_about_and_written(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Nothing is listed: among 50,000 streams that alone takes longer than an event may."""
    report = after(aws, catalogue, change(aws, "stream-00001"), change(aws, "stream-00003"))
    assert (report.state, report.listed, report.written, report.account) == ("success", 2, 2, aws.account)
    assert names(catalogue) == {"stream-00001", "stream-00003"}
    assert aws.counts["ListStreams"] == 0
    assert {call.stream for call in aws.calls()} == {"stream-00001", "stream-00003"}


def test_the_topics_of_other_streams_stay_also_those_of_streams_that_are_gone(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """Until a run lists all of them."""
    pipeline.run(workflow(aws, catalogue))
    del aws.streams["stream-00004"]
    aws.streams["stream-00001"].retention_hours = 48
    report = after(aws, catalogue, change(aws, "stream-00001"), change(aws, "stream-00004"))
    assert (report.state, report.written, report.skipped, report.deleted) == ("success", 1, 1, ())
    (warning,) = report.warnings
    assert (warning.entity, warning.cause, warning.remedy) == ("stream-00004", "the stream is gone again", LEFT_ALONE)
    assert catalogue.topic("shop", "stream-00001")["retentionTime"] == 172_800_000
    assert len(names(catalogue)) == 5
    assert pipeline.run(workflow(aws, catalogue)).deleted == ("stream-00004",)


@pytest.mark.parametrize("status", ["CREATING", "UPDATING"])
def test_a_stream_that_aws_is_still_at_is_waited_for(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event tells that a call was made, not that AWS is done: its shards are not what they will be."""
    aws.add(FakeStream("new", status=status))
    rests: list[float] = []

    def rest(_: KinesisSource, seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 2:
            aws.streams["new"].status, aws.streams["new"].retention_hours = "ACTIVE", 72

    monkeypatch.setattr(KinesisSource, "rest", rest)
    report = after(aws, catalogue, change(aws, "new"))
    assert (report.state, report.written, report.warnings) == ("success", 1, ())
    assert catalogue.topic("shop", "new")["retentionTime"] == 72 * 3_600_000


def test_what_is_not_made_in_time_is_left_to_the_next_run(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is only changed is written as AWS has it now, and named."""
    monkeypatch.setattr(told, "SETTLE", 0.05)
    aws.add(FakeStream("making", status="CREATING"), FakeStream("changing", status="UPDATING"))
    report = after(aws, catalogue, change(aws, "making"), change(aws, "changing"), change(aws, "stream-00001"))
    assert (report.state, report.written, report.skipped) == ("success", 2, 1)
    assert {warning.entity for warning in report.warnings} == {"making", "changing"}
    assert names(catalogue) == {"changing", "stream-00001"}


def test_an_event_of_another_account_touches_nothing(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Where the file does not say its account, the stream of the same name does, by its ARN."""
    report = after(aws, catalogue, change(aws, "stream-00001", account=OTHER), change(aws, "stream-00002"))
    assert (report.state, report.written, report.skipped) == ("success", 1, 1)
    assert names(catalogue) == {"stream-00002"}
    assert OTHER in report.warnings[0].cause


def test_what_is_of_another_place_or_filtered_is_no_change_of_the_workflows(aws: FakeKinesis, tmp_path: Path) -> None:
    stated = workflow(aws, tmp_path / "out", options={"account": aws.account})
    assert told_by(stated, [change(aws, "stream-00001", account=OTHER)]) is None
    assert told_by(stated, [change(aws, "stream-00001", region="eu-west-1")]) is None
    found = told_by(stated, [change(aws, "a"), change(aws, "b", account=OTHER), change(aws, "c", region="eu-west-1")])
    assert found
    assert found.names == {"a"}
    picky = workflow(aws, tmp_path / "out", metadata={"topicFilterPattern": {"includes": ["orders"]}})
    assert told_by(picky, [change(aws, "stream-00001")]) is None


def test_the_same_name_told_of_two_accounts_is_taken_where_it_is(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    report = after(aws, catalogue, change(aws, "stream-00001", account=OTHER), change(aws, "stream-00001"))
    assert (report.written, report.skipped) == (1, 0)


def test_credentials_of_another_account_than_the_file_says_write_nothing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the service: nothing lists a stream that could prove it, so STS is asked."""
    monkeypatch.setattr(pipeline, "caller_arn", lambda *_: f"arn:aws:iam::{aws.account}:user/somebody")
    report = after(aws, catalogue, change(aws, "stream-00001", account=OTHER), options={"account": OTHER})
    assert isinstance(report.fatal, AccessDenied)
    assert not catalogue.services
