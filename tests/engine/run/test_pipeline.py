"""A whole run between two servers: what it reports, what it deletes, and how it ends."""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from airflow_kinesis_ingest.engine.catalogue.run_status import RunStatus
from airflow_kinesis_ingest.engine.model import Problem, RunReport, Sample
from airflow_kinesis_ingest.engine.run import flow, pipeline, tally
from airflow_kinesis_ingest.engine.run.reading import Reader
from airflow_kinesis_ingest.engine.run.report import progress
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.errors import (
    AccessDenied,
    CatalogueRefused,
    DeletionRefused,
    Stopped,
    Throttled,
    Unreachable,
)
from tests.builders import answers_within, document, wait_until, workflow
from tests.fakes.credentials import FakeCredentials
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Recorded, Rule

pytestmark = pytest.mark.usefixtures("quick")

SERVICE = "shop"
NO_SAMPLES: dict[str, Any] = {"generateSampleData": False}


def ingest(aws: FakeKinesis, to: FakeOpenMetadata | Path, **changes: Any) -> RunReport:
    return pipeline.run(workflow(aws, to, **changes))


def live(catalogue: FakeOpenMetadata, service: str = SERVICE) -> set[str]:
    """Names of the topics that are not deleted."""
    topics = catalogue.topics.values()
    return {topic["name"] for topic in topics if not topic["deleted"] and topic["service"]["name"] == service}


def sample(catalogue: FakeOpenMetadata, name: str) -> list[str]:
    return list((catalogue.topic(SERVICE, name)["sampleData"] or {}).get("messages", []))


def named(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.step, problem.entity) for problem in problems]


def test_a_metadata_service_that_fails_for_a_while_costs_a_run_nothing(
    aws: FakeKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore asks a container's three times; a restart of it takes longer."""
    data = document(aws, tmp_path / "out.jsonl")
    config = data["source"]["serviceConnection"]["config"]["awsConfig"]
    del config["awsAccessKeyId"], config["awsSecretAccessKey"]
    with FakeCredentials(faults=Faults(Rule(Fault.status(500), on=range(1, 8)))) as container:
        container.found_by_a_task(monkeypatch)
        report = pipeline.run(loads(json.dumps(data).encode(), "shop.json", Runtime({})))
    assert (report.state, report.fatal) == ("success", None)


# --- some streams alone ---------------------------------------------------------------------------------------------


def test_only_the_named_streams_are_taken(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """By their whole names; the others are neither asked about nor counted."""
    aws.add(FakeStream("stream"))
    report = pipeline.run(workflow(aws, catalogue), only=frozenset({"stream-00001", "stream"}))
    assert (report.state, report.listed, report.filtered, report.described, report.written) == ("success", 2, 0, 2, 2)
    assert live(catalogue) == {"stream", "stream-00001"}
    assert {call.stream for call in aws.calls()} == {"", "stream", "stream-00001"}


def test_a_run_of_some_streams_deletes_nothing(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Neither the topics of the others nor one whose stream is proven to be gone."""
    ingest(aws, catalogue)
    del aws.streams["stream-00004"]
    report = pipeline.run(workflow(aws, catalogue), only=frozenset({"stream-00001"}))
    assert (report.state, report.deleted, report.warnings) == ("success", (), ())
    assert len(live(catalogue)) == 5
    assert ingest(aws, catalogue).deleted == ("stream-00004",)


def test_a_run_of_some_streams_keeps_the_lines_of_the_others(aws: FakeKinesis, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.jsonl"
    ingest(aws, file)
    before = file.read_text().splitlines()
    aws.streams["stream-00001"].retention_hours = 48
    del aws.streams["stream-00004"]
    report = pipeline.run(workflow(aws, file), only=frozenset({"stream-00001"}))
    after = file.read_text().splitlines()
    assert (report.state, report.written) == ("success", 1)
    assert [json.loads(line)["retentionTime"] for line in after][:2] == [86_400_000, 172_800_000]
    assert [line for line in after if line in before] == before[:1] + before[2:]


def test_a_named_stream_that_is_not_listed_is_a_failure(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    report = pipeline.run(workflow(aws, catalogue), only=frozenset({"stream-00001", "Stream-00002"}))
    assert (report.state, report.written, report.success_percent) == ("failed", 1, 50)
    (failure,) = report.failures
    assert (failure.step, failure.entity) == ("list", "Stream-00002")
    assert failure.cause == "this account and region list no stream of this name"
    assert "kinesis-ingest list" in failure.remedy
    assert progress(report) == (1, 1)


def test_a_listing_that_fails_accuses_no_named_stream(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """It may be on the next page."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    report = pipeline.run(workflow(aws, catalogue), only=frozenset({"stream-00001"}))
    assert isinstance(report.fatal, AccessDenied)
    assert report.failures == ()


# --- counting -------------------------------------------------------------------------------------------------------


def test_a_first_run_counts_every_stage(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.add(FakeStream("empty"))
    report = ingest(aws, catalogue, metadata={"topicFilterPattern": {"excludes": ["stream-00004"]}})
    assert (report.state, report.fatal) == ("success", None)
    assert (report.listed, report.filtered, report.described, report.sampled) == (6, 1, 5, 4)
    assert (report.written, report.unchanged, report.deleted) == (5, 0, ())
    assert (report.failures, report.warnings, report.not_reached) == ((), (), ())
    assert report.success_percent == 100
    assert report.catalogue == f"{catalogue.url}/service/messagingServices/shop"
    assert live(catalogue) == {*aws.streams} - {"stream-00004"}


def test_a_second_run_sends_nothing(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """No PUT over unchanged streams, topics and samples alike: one listing, and a GET of each stored sample."""
    ingest(aws, catalogue)
    catalogue.requests.clear()
    report = ingest(aws, catalogue)
    assert (report.state, report.written, report.unchanged, report.sampled) == ("success", 0, 5, 5)
    assert {request.method for request in catalogue.requests} == {"GET"}
    assert len(catalogue.calls("GET", "/topics")) == 1
    assert len(catalogue.requests) == 4 + len(catalogue.calls("GET", "/topics/*/sampleData")) == 4 + 5


def test_metadata_alone_costs_one_call_per_stream_and_one_per_page(catalogue: FakeOpenMetadata) -> None:
    """Issue 4: ceil(N/100) + N on AWS; pages are of 5 here."""
    with FakeKinesis(json_streams(12, 1), quotas={}, streams_page=5) as aws:
        ingest(aws, catalogue, metadata=NO_SAMPLES)
        assert aws.counts == {"ListStreams": 3, "DescribeStreamSummary": 12}


def test_a_sample_costs_four_calls_more(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Two reads: the first one tells how large the records are."""
    ingest(aws, catalogue)
    assert aws.counts == {
        "ListStreams": 1,
        "DescribeStreamSummary": 5,
        "ListShards": 5,
        "GetShardIterator": 5,
        "GetRecords": 10,
    }


def test_a_filtered_stream_is_never_asked_about(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """K13: the filter comes before every per-stream call."""
    report = ingest(aws, catalogue, metadata={"topicFilterPattern": {"includes": ["STREAM-0000[12]"]}})
    assert (report.listed, report.filtered, report.written) == (5, 3, 2)
    assert {call.stream for call in aws.calls()} == {"", "stream-00001", "stream-00002"}


def test_an_account_without_streams_is_a_success(catalogue: FakeOpenMetadata) -> None:
    with FakeKinesis() as aws:
        report = ingest(aws, catalogue)
    assert (report.state, report.listed, report.success_percent) == ("success", 0, None)


def test_samples_are_not_stored_where_the_server_forbids_it(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    catalogue.profiler = {"sampleDataConfig": {"storeSampleData": False}}
    assert ingest(aws, catalogue).written == 5
    assert [name for name in aws.streams if sample(catalogue, name)] == []


def test_a_report_is_plain_json(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    plain = json.loads(json.dumps(ingest(aws, catalogue).as_dict()))
    assert {field.name for field in fields(RunReport)} - {"streams"} <= plain.keys()
    assert plain["fatal"]["kind"] == "AccessDenied"
    assert "kinesis:ListStreams" in plain["fatal"]["cause"]
    assert plain["fatal"]["actions"] == ["kinesis:ListStreams"]


def test_a_report_names_the_missing_permissions_as_data(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.faults = Faults(
        Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary", "stream-00001"),
        Rule(aws_error("KMSAccessDeniedException"), "GetRecords", "stream-00002"),
    )
    plain = json.loads(json.dumps(ingest(aws, catalogue).as_dict()))
    assert [problem["actions"] for problem in plain["failures"]] == [["kinesis:DescribeStreamSummary"]]
    assert [problem["actions"] for problem in plain["warnings"]] == [["kms:Decrypt"]]


def test_a_registry_that_may_not_be_read_is_one_warning(
    catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the run, with the permission that is missing; every stream's topic and sample come."""
    names = ("a", "b", "c")
    header = bytes([3, 0]) + UUID("6f1c2a34-58b1-4d0e-9a77-3c5be2f0a1d9").bytes  # Glue's, before the message
    streams = [FakeStream(name, [FakeShard(records=[FakeRecord(header + b"x")])]) for name in names]
    denied = FakeKinesis(faults=Faults(Rule(aws_error("AccessDeniedException"))))
    with FakeKinesis(streams) as aws, denied as glue:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.url)
        report = ingest(aws, catalogue)
    assert (report.state, report.written) == ("success", 3)
    assert [(each.entity, each.actions) for each in report.warnings] == [
        ("Glue Schema Registry", ("glue:GetSchemaVersion",))
    ]


# --- one stream's trouble is its own ----------------------------------------------------------------------------------

CHANGED: dict[str, Any] = {"retention_hours": 48}


def test_a_denied_description_costs_that_stream_and_keeps_its_topic(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """K2, K9: no zero takes the place of what could not be read, and a live stream's topic is not deleted."""
    ingest(aws, catalogue)
    before = dict(catalogue.topic(SERVICE, "stream-00002"))
    aws.add(*json_streams(5, 3, **CHANGED))
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary", "stream-00002"))
    report = ingest(aws, catalogue)
    assert named(report.failures) == [("describe", "stream-00002")]
    assert "kinesis:DescribeStreamSummary" in report.failures[0].remedy
    assert (report.written, report.deleted) == (4, ())
    assert catalogue.topic(SERVICE, "stream-00002") == before
    assert catalogue.topic(SERVICE, "stream-00003")["retentionTime"] == 48 * 3_600_000


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("ListShards", "AccessDeniedException"),
        ("ListShards", "ResourceInUseException"),
        ("GetShardIterator", "AccessDeniedException"),
        ("GetRecords", "AccessDeniedException"),
        ("GetRecords", "ResourceNotFoundException"),
    ],
)
def test_a_denied_read_costs_the_sample_alone(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, operation: str, code: str
) -> None:
    """The topic is brought up to date, the stored sample stays, a warning names the call."""
    ingest(aws, catalogue)
    before = sample(catalogue, "stream-00002")
    aws.add(*json_streams(5, 4, **CHANGED))
    aws.faults = Faults(Rule(aws_error(code), operation, "stream-00002"))
    report = ingest(aws, catalogue)
    assert (report.state, report.written, report.failures) == ("success", 5, ())
    assert named(report.warnings) == [("sample", "stream-00002")]
    assert report.warnings[0].remedy
    assert catalogue.topic(SERVICE, "stream-00002")["retentionTime"] == 48 * 3_600_000
    assert sample(catalogue, "stream-00002") == before
    assert sample(catalogue, "stream-00003") != before


def test_a_key_that_may_not_be_used_costs_the_sample_alone(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.faults = Faults(Rule(aws_error("KMSAccessDeniedException"), "GetRecords", "stream-00002"))
    report = ingest(aws, catalogue)
    assert (report.written, named(report.warnings)) == (5, [("sample", "stream-00002")])
    assert "kms:Decrypt" in report.warnings[0].remedy


def test_a_stream_that_vanishes_before_it_is_described_is_named(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Its topic goes with the next run, whose listing proves that the stream is gone."""
    ingest(aws, catalogue)

    def vanishes(_: Recorded) -> bool:
        if "stream-00002" in aws.streams:
            aws.remove("stream-00002")
        return False

    aws.faults = Faults(Rule(Fault("none"), "DescribeStreamSummary", vanishes))
    report = ingest(aws, catalogue)
    assert named(report.failures) == [("describe", "stream-00002")]
    assert "stream-00002" in live(catalogue)
    assert ingest(aws, catalogue).deleted == ("stream-00002",)


def test_a_stream_in_the_making_waits_for_the_next_run(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Nothing is wrong with it, nor with the run: it is named, and no share of what failed."""
    aws.add(FakeStream("new", status="CREATING"))
    report = ingest(aws, catalogue)
    assert (report.state, report.success_percent, report.failures) == ("success", 100.0, ())
    assert (named(report.warnings), report.skipped, report.written) == ([("describe", "new")], 1, 5)
    aws.add(FakeStream("new"))
    assert ingest(aws, catalogue).written == 1


def test_the_topic_of_a_stream_that_is_being_deleted_is_left_alone(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """AWS says 0 open shards meanwhile: no fact for a catalogue, no failure, and no proof for a deletion."""
    ingest(aws, catalogue)
    before = dict(catalogue.topic(SERVICE, "stream-00002"))
    aws.add(FakeStream("stream-00002", [], status="DELETING"))
    report = ingest(aws, catalogue)
    assert (report.state, report.failures, report.deleted) == ("success", (), ())
    assert [(each.entity, each.cause) for each in report.warnings] == [("stream-00002", "the stream is being deleted")]
    assert catalogue.topic(SERVICE, "stream-00002") == before
    aws.remove("stream-00002")
    assert ingest(aws, catalogue).deleted == ("stream-00002",)


def test_a_topic_that_openmetadata_refuses_is_named(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    refused = Rule(Fault.status(400), "PUT", lambda request: request.body.get("name") == "stream-00002")
    catalogue.faults = Faults(refused)
    report = ingest(aws, catalogue)
    assert (named(report.failures), report.written) == ([("write", "stream-00002")], 4)
    assert "HTTP 400" in report.failures[0].cause


def test_a_record_that_is_not_found_in_time_is_a_warning(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """No sample because the search was cut short is not the same as no records."""
    aws.add(FakeStream("slow", [FakeShard(empty_pages=999)]), FakeStream("empty"))
    report = ingest(aws, catalogue)
    assert named(report.warnings) == [("sample", "slow")]
    assert (report.written, report.sampled) == (7, 5)


def test_idle_streams_are_proven_empty_without_a_warning(
    catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    """Six answers without records before the tip, of each shard: what it costs is bounded, and nothing is amiss."""
    streams = json_streams(3, shards=4, empty_pages=6)
    with FakeKinesis(streams, quotas={}) as aws:
        report = ingest(aws, catalogue)
        calls = sum(aws.counts[each] for each in ("ListShards", "GetShardIterator", "GetRecords"))
    assert (report.state, report.written, report.sampled, report.warnings) == ("success", 3, 0, ())
    assert calls == 3 * (2 + 4 * (2 + 8))
    assert [each.message for each in caplog.records if each.levelname == "WARNING"] == []


def test_the_log_says_since_when_the_records_are(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    aws.add(FakeStream("old", [FakeShard(records=[FakeRecord(b"{}", aws.clock() - 7200)])]))
    with caplog.at_level("DEBUG"):
        ingest(aws, catalogue)
    assert "old: 1 record of its open shard, read since the horizon; no more: there are no others" in caplog.messages


# --- drift ------------------------------------------------------------------------------------------------------------


def renumbered(aws: FakeKinesis) -> None:
    """The ids of one stream become text; the retention of another grows."""
    aws.streams["stream-00001"].shards = [FakeShard(records=[FakeRecord(b'{"id": "x", "stream": "s"}')] * 3)]
    aws.streams["stream-00002"].retention_hours = 48


@pytest.mark.parametrize(("fail_on", "state"), [("never", "success"), ("incompatible", "partialSuccess")])
def test_drift_is_told_and_an_incompatible_one_may_make_the_run_partial(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture, fail_on: str, state: str
) -> None:
    """The catalogue is written all the same, so that the next run has nothing to tell."""
    options = {"options": {"drift": {"failOn": fail_on}, "concurrency": 4}}
    assert (ingest(aws, catalogue, **options).drift, ingest(aws, catalogue, **options).drift) == ((), ())
    renumbered(aws)
    with caplog.at_level("INFO"):
        report = ingest(aws, catalogue, **options)
    assert (report.state, report.failures, report.drifted, report.as_dict()["drifted"]) == (state, (), 2, 2)
    texts = {drift.text for drift in report.drift}
    assert {"type changed: id, INT -> UNION<INT, STRING>, incompatible", "retention: 24 h -> 48 h"} <= texts
    assert "stream-00002 drifted: retention: 24 h -> 48 h" in caplog.messages
    assert {row.name for row in report.streams if row.drift} == {"stream-00001", "stream-00002"}
    again = ingest(aws, catalogue, **options)
    assert (again.state, again.drift) == ("success", ())


def test_drift_that_a_file_does_not_keep_is_not_told(aws: FakeKinesis, tmp_path: Path) -> None:
    """The next run, which does, tells it."""
    path = tmp_path / "out.jsonl"
    ingest(aws, path)
    renumbered(aws)
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams", on=2))
    aws.streams_page = 3
    report = ingest(aws, path)
    assert (report.state, report.drift, [row for row in report.streams if row.drift]) == ("failed", (), [])
    aws.faults = Faults()
    assert ingest(aws, path).drifted == 2


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failing", "threshold", "raise_on_error", "expected"),
    [
        (0, 90, True, "success"),
        (1, 90, True, "partialSuccess"),
        (2, 90, True, "failed"),
        (2, 90, False, "failed"),
        (2, 80, True, "partialSuccess"),
        (10, 0, True, "partialSuccess"),
        (0, 100, True, "success"),
        (1, 100, True, "failed"),
    ],
)
def test_the_success_threshold_counts_streams(
    catalogue: FakeOpenMetadata, failing: int, threshold: int, raise_on_error: bool, expected: str
) -> None:
    """Per cent of the streams gone through; raiseOnError decides the exit code, not the state."""
    denied = Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary", on=range(1, 1 + failing))
    config = {"successThreshold": threshold, "raiseOnError": raise_on_error}
    with FakeKinesis(json_streams(10), quotas={}, faults=Faults(denied)) as aws:
        report = ingest(aws, catalogue, metadata=NO_SAMPLES, workflowConfig=config)
    assert (report.state, len(report.failures)) == (expected, failing)


def test_trouble_that_is_everybodys_ends_the_run(catalogue: FakeOpenMetadata) -> None:
    """When ten streams in a row fail for a reason that is not theirs, the other 990 are not tried for hours."""
    failing = Rule(aws_error("InternalFailure"), "DescribeStreamSummary")
    with FakeKinesis(json_streams(200), quotas={}, faults=Faults(failing)) as aws:
        report = ingest(aws, catalogue, metadata=NO_SAMPLES)
        tried = {call.stream for call in aws.calls("DescribeStreamSummary")}
    assert isinstance(report.fatal, Unreachable)
    assert report.state == "failed"
    assert tally.GIVE_UP_AFTER <= len(tried) < 100
    assert len(report.failures) + len(report.not_reached) == report.listed


def test_samples_that_nobody_gets_cost_no_topic(catalogue: FakeOpenMetadata) -> None:
    failing = Rule(aws_error("InternalFailure"), "GetRecords")
    with FakeKinesis(json_streams(100, 1), quotas={}, faults=Faults(failing)) as aws:
        report = ingest(aws, catalogue)
        tried = {call.stream for call in aws.calls("GetRecords")}
    assert (report.state, report.written, len(report.warnings)) == ("success", 100, 100)
    assert tally.GIVE_UP_AFTER <= len(tried) < 50


def test_a_catalogue_that_refuses_ends_the_run(catalogue: FakeOpenMetadata) -> None:
    """Nothing goes on behind the report; the streams that were not reached are named."""
    catalogue.forbidden = ["PUT /topics"]
    with FakeKinesis(json_streams(300), quotas={}) as aws:
        report = ingest(aws, catalogue, metadata=NO_SAMPLES)
    assert isinstance(report.fatal, CatalogueRefused)
    assert (report.state, report.written) == ("failed", 0)
    assert len(report.not_reached) + len(report.failures) == report.listed


@pytest.mark.parametrize("operation", ["DescribeStreamSummary", "GetRecords"])
def test_credentials_that_expire_half_way_end_the_run(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, operation: str
) -> None:
    aws.faults = Faults(Rule(Fault.expired_credentials(), operation, on=3))
    report = ingest(aws, catalogue)
    assert isinstance(report.fatal, AccessDenied)
    assert report.state == "failed"
    assert report.written + len(report.not_reached) == 5
    assert len(live(catalogue)) >= report.written


@pytest.mark.parametrize("error", [KeyError("4111 1111"), MemoryError()], ids=repr)
def test_a_fault_of_ours_is_a_failed_run_with_a_report(
    aws: FakeKinesis,
    catalogue: FakeOpenMetadata,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """Told to OpenMetadata as `failed`, by its class: the text may be a record's, and stays out of every log."""
    monkeypatch.setattr(pipeline, "topic_of", raising(error))
    made = workflow(aws, catalogue)
    report = pipeline.run(made, status=pipeline.status_of(made, "hourly", "run 1"))
    assert report.state == "failed"
    assert f"unexpected: {type(error).__name__}" in str(report.fatal)
    assert "report it" in str(report.fatal)
    assert len(report.not_reached) == 5
    assert catalogue.statuses["shop.hourly"]["run 1"]["pipelineState"] == "failed"
    assert "Traceback" not in caplog.text
    assert "in _write" in caplog.text
    assert "4111" not in caplog.text


def test_a_record_that_runs_into_a_fault_of_ours_costs_its_streams_sample_alone(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Reader.sample

    def sample(self: Reader, name: str, records: Any) -> Sample:
        if name == "stream-00002":
            raise RecursionError
        return whole(self, name, records)

    monkeypatch.setattr(Reader, "sample", sample)
    report = ingest(aws, catalogue)
    assert (report.state, report.written, named(report.warnings)) == ("success", 5, [("sample", "stream-00002")])
    assert "RecursionError" in report.warnings[0].cause


def raising(error: BaseException) -> Callable[..., Any]:
    def work(*_: object, **__: object) -> Any:
        raise error

    return work


def test_what_is_not_ours_is_told_as_stopped_and_raised(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Airflow's time-out is a BaseException that reaches the thread of the task."""
    made = workflow(aws, catalogue)
    status = pipeline.status_of(made, "hourly", "run 1")
    aws.faults = Faults(Rule(Fault.latency(0.4), "DescribeStreamSummary"))

    def times_out(report: RunReport) -> None:
        if report.listed:
            raise SystemExit

    with pytest.raises(SystemExit):
        pipeline.run(made, status=status, progress=times_out)
    assert catalogue.statuses["shop.hourly"]["run 1"]["pipelineState"] == "stopped"


def test_why_a_message_stays_unreadable_is_in_the_log(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    """One line per stream; it is what the stream holds, and no warning."""
    aws.add(FakeStream("sensors", [FakeShard(records=[FakeRecord(b"\xff\x01"), FakeRecord(b"\xff\x02")])]))
    with caplog.at_level(logging.INFO):
        report = ingest(aws, catalogue)
    assert (report.state, report.warnings) == ("success", ())
    lines = [line for line in caplog.messages if "not every message is readable" in line]
    assert lines == ["sensors: not every message is readable: neither UTF-8 text nor a known format"]


def test_the_log_says_how_many_messages_share_a_schema(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "airflow_kinesis_ingest"):
        ingest(aws, catalogue)
    assert "stream-00001: JSON schema, shared by 3 of 3 messages" in caplog.messages


def test_a_bot_that_may_not_store_samples_costs_the_samples_alone(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    catalogue.forbidden = ["PUT /topics/*/sampleData"]
    report = ingest(aws, catalogue)
    assert (report.state, report.written) == ("success", 5)
    assert sorted(named(report.warnings)) == [("sample", name) for name in sorted(aws.streams)]


@pytest.mark.parametrize(
    "off",
    [{"metadata": NO_SAMPLES}, {"options": {"sample": {"store": False}}}],
    ids=["no samples are wanted", "none are stored"],
)
def test_the_servers_switch_for_samples_is_asked_only_if_they_are_wanted(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, off: dict[str, Any]
) -> None:
    catalogue.forbidden = ["GET /system/settings/*"]
    report = ingest(aws, catalogue, **off)
    assert (report.state, report.written, report.warnings) == ("success", 5, ())
    assert catalogue.calls("GET", "/system/settings/*") == []


# --- deletion ---------------------------------------------------------------------------------------------------------


def test_a_topic_whose_stream_is_gone_is_deleted(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    catalogue.add_topic("another", "somebody's")
    ingest(aws, catalogue)
    aws.remove("stream-00002")
    report = ingest(aws, catalogue)
    assert (report.state, report.deleted) == ("success", ("stream-00002",))
    assert live(catalogue) == {*aws.streams}
    assert live(catalogue, "another") == {"somebody's"}


def test_topics_are_deleted_side_by_side(catalogue: FakeOpenMetadata) -> None:
    """As many at once as are written: 100 of them are no minute."""
    with FakeKinesis(json_streams(20), quotas={}) as aws:
        ingest(aws, catalogue, metadata=NO_SAMPLES)
        aws.remove(*[f"stream-{number:05d}" for number in range(8)])
        catalogue.faults = Faults(Rule(Fault.latency(0.2), "DELETE"))
        catalogue.peak = 0
        report = ingest(aws, catalogue, metadata=NO_SAMPLES)
    assert report.deleted == tuple(f"stream-{number:05d}" for number in range(8))
    assert catalogue.peak > 1


def test_mark_deleted_topics_can_be_off(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    ingest(aws, catalogue)
    aws.remove("stream-00002")
    assert ingest(aws, catalogue, metadata={"markDeletedTopics": False}).deleted == ()
    assert "stream-00002" in live(catalogue)


def test_a_narrowed_filter_deletes_nothing(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The proof is the unfiltered listing: a stream that is filtered is not gone."""
    ingest(aws, catalogue)
    report = ingest(aws, catalogue, metadata={"topicFilterPattern": {"includes": ["stream-00000"]}})
    assert (report.state, report.filtered, report.deleted) == ("success", 4, ())
    assert live(catalogue) == {*aws.streams}


def test_a_filtered_stream_that_is_gone_is_deleted(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    ingest(aws, catalogue)
    aws.remove("stream-00002")
    assert ingest(aws, catalogue, metadata={"topicFilterPattern": {"excludes": ["stream-00002"]}}).deleted == (
        "stream-00002",
    )


def test_a_throttled_listing_that_gets_through_is_a_proof(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    ingest(aws, catalogue)
    aws.remove("stream-00002")
    aws.faults = Faults(Rule(aws_error("LimitExceededException"), "ListStreams", on=range(1, 4)))
    assert ingest(aws, catalogue).deleted == ("stream-00002",)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (aws_error("LimitExceededException"), Throttled),
        (aws_error("AccessDeniedException"), AccessDenied),
        (aws_error("InternalFailure"), Unreachable),
        (Fault.expired_credentials(), AccessDenied),
        (Fault.reset(), Unreachable),
        (Fault.html(), Unreachable),
        (Fault.garbage(), Unreachable),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_listing_that_does_not_reach_its_end_proves_nothing(
    catalogue: FakeOpenMetadata, fault: Fault, kind: type[Exception]
) -> None:
    """The pages that came are brought up to date, nothing is deleted, the run fails with the cause."""
    with FakeKinesis(json_streams(6), quotas={}, streams_page=2) as aws:
        ingest(aws, catalogue, metadata=NO_SAMPLES)
        aws.add(*json_streams(6, **CHANGED))
        aws.remove("stream-00005")
        aws.faults = Faults(Rule(fault, "ListStreams", on=range(2, 99)))
        report = ingest(aws, catalogue, metadata=NO_SAMPLES)
    assert isinstance(report.fatal, kind)
    assert (report.state, report.deleted) == ("failed", ())
    assert len(live(catalogue)) == 6
    assert report.written + len(report.not_reached) == report.listed == 2


def test_streams_listed_before_a_failure_are_finished(catalogue: FakeOpenMetadata) -> None:
    denied = Rule(aws_error("AccessDeniedException"), "ListStreams", on=2)
    with FakeKinesis(json_streams(6, 1), quotas={}, streams_page=2, faults=Faults(denied)) as aws:
        report = ingest(aws, catalogue)
    assert (report.state, report.written, report.not_reached) == ("failed", 2, ())


@pytest.mark.parametrize("other", [{"account": "999999999999"}, {"region": "eu-west-1"}], ids=str)
def test_another_account_or_region_deletes_nothing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, other: dict[str, Any]
) -> None:
    """Credentials or a region changed by mistake: every topic is named, none is deleted, though maxShare allows all."""
    ingest(aws, catalogue)
    with FakeKinesis(json_streams(1, prefix="other"), quotas={}, **other) as elsewhere:
        report = ingest(elsewhere, catalogue, options={"deletion": {"maxShare": 1.0}})
    assert report.deleted == ()
    assert named(report.warnings) == [("delete", name) for name in sorted(aws.streams)]
    assert live(catalogue) == {*aws.streams, "other-00000"}


def test_the_guard_allows_half_of_the_topics(catalogue: FakeOpenMetadata) -> None:
    with FakeKinesis(json_streams(6), quotas={}) as aws:
        ingest(aws, catalogue)
        aws.remove("stream-00000", "stream-00001", "stream-00002")
        report = ingest(aws, catalogue)
    assert (report.state, len(report.deleted)) == ("success", 3)


def test_the_guard_refuses_more_than_half_and_says_how_to_allow_it(catalogue: FakeOpenMetadata) -> None:
    """What is left is brought up to date all the same."""
    with FakeKinesis(json_streams(6), quotas={}) as aws:
        ingest(aws, catalogue)
        aws.remove("stream-00000", "stream-00001", "stream-00002", "stream-00003")
        aws.add(FakeStream("stream-00005", retention_hours=48))
        report = ingest(aws, catalogue)
        assert isinstance(report.fatal, DeletionRefused)
        assert (report.state, report.deleted, report.written) == ("failed", (), 1)
        assert "options.deletion.maxShare: 1" in report.fatal.remedy
        assert "stream-00000" in report.fatal.remedy
        assert len(live(catalogue)) == 6
        allowed = ingest(aws, catalogue, options={"deletion": {"maxShare": 1}})
    assert (allowed.state, len(allowed.deleted)) == ("success", 4)


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_the_guard_never_allows_everything_unless_told_so(catalogue: FakeOpenMetadata, share: float) -> None:
    """An account that looks empty is more often a mistake than the truth."""
    with FakeKinesis(json_streams(2), quotas={}) as aws:
        ingest(aws, catalogue)
        aws.remove(*aws.streams)
        report = ingest(aws, catalogue, options={"deletion": {"maxShare": share}})
        assert isinstance(report.fatal, DeletionRefused)
        assert len(live(catalogue)) == 2
        assert len(ingest(aws, catalogue, options={"deletion": {"maxShare": 1}}).deleted) == 2
    assert live(catalogue) == set()


def test_a_refused_deletion_costs_the_file_nothing_else(tmp_path: Path) -> None:
    """Every stream was gone through: the catalogue is new, with the lines of the missing streams as they were."""
    path = tmp_path / "shop.catalogue.jsonl"
    with FakeKinesis(json_streams(4), quotas={}) as aws:
        ingest(aws, path)
        aws.remove("stream-00000", "stream-00001", "stream-00002")
        aws.add(FakeStream("stream-00003", retention_hours=48))
        report = ingest(aws, path)
    assert isinstance(report.fatal, DeletionRefused)
    retentions = [json.loads(line)["retentionTime"] // 3_600_000 for line in path.read_text().splitlines()]
    assert (report.written, retentions) == (1, [24, 24, 24, 48])


def test_a_deletion_that_fails_has_a_line_of_its_own(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Every stream is right, and says so; that a topic is left over is seen all the same."""
    ingest(aws, catalogue)
    aws.remove("stream-00001", "stream-00002")
    catalogue.faults = Faults(Rule(Fault.status(500), "DELETE", f"*{catalogue.topic(SERVICE, 'stream-00001')['id']}"))
    report = ingest(aws, catalogue)
    assert (named(report.failed_deletions), report.deleted) == ([("delete", "stream-00001")], ("stream-00002",))
    assert (report.state, report.failures, report.success_percent) == ("partialSuccess", (), 100.0)


# --- stopping -------------------------------------------------------------------------------------------------------

HANGING_AWS = ["ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
HANGING_CATALOGUE = [
    ("GET", "/system/version"),
    ("GET", "/services/messagingServices/*"),
    ("PUT", "/services/messagingServices"),
    ("GET", "/topics"),
    ("GET", "/system/settings/*"),
    ("PUT", "/topics"),
    ("PUT", "/topics/*"),
    ("DELETE", "/topics/*"),
]


def stopped_while_hanging(
    aws: FakeKinesis, to: FakeOpenMetadata | Path, faulty: FakeKinesis | FakeOpenMetadata
) -> RunReport:
    """Start a run, set `stop` once a call hangs, and wait for the report."""
    stop = threading.Event()
    reports: list[RunReport] = []
    made = workflow(aws, to)
    status = pipeline.status_of(made, "hourly", "run 1")
    thread = threading.Thread(target=lambda: reports.append(pipeline.run(made, stop=stop, status=status)), daemon=True)
    thread.start()
    wait_until(lambda: bool(faulty.faults.injected))
    stop.set()
    thread.join(5)
    assert reports, "the run did not end within 5 s"
    return reports[0]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is left to itself after 0.1 s; its calls would hang for a minute."""
    monkeypatch.setattr(flow, "GRACE", 0.1)
    answers_within(60, monkeypatch)


def test_a_stop_ends_a_run_within_5_seconds(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is: nothing made quicker for the test, and an OpenMetadata that must be told and does not listen."""
    answers_within(60, monkeypatch)
    aws.faults = Faults(Rule(Fault.never(), "ListStreams"))
    catalogue.faults = Faults(Rule(Fault.never(), "PUT", "*/pipelineStatus", on=range(2, 99)))
    assert stopped_while_hanging(aws, catalogue, aws).state == "stopped"
    assert catalogue.faults.injected


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("operation", HANGING_AWS)
def test_a_stop_ends_a_run_whose_aws_hangs(aws: FakeKinesis, catalogue: FakeOpenMetadata, operation: str) -> None:
    """Airflow's kill, or the first Ctrl-C, whatever the time-outs."""
    aws.faults = Faults(Rule(Fault.never(), operation))
    report = stopped_while_hanging(aws, catalogue, aws)
    assert report.state == "stopped"
    assert isinstance(report.fatal, Stopped)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("method", "path"), HANGING_CATALOGUE)
def test_a_stop_ends_a_run_whose_openmetadata_hangs(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, method: str, path: str
) -> None:
    if method == "DELETE":
        ingest(aws, catalogue)
        aws.remove("stream-00000")
    catalogue.faults = Faults(Rule(Fault.never(), method, path))
    assert stopped_while_hanging(aws, catalogue, catalogue).state == "stopped"


def test_a_stop_keeps_the_file_as_it_was(aws: FakeKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.catalogue.jsonl"
    ingest(aws, path)
    before = path.read_bytes()
    aws.add(*json_streams(5, 3, **CHANGED))
    answers_within(60, monkeypatch)
    aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary", "stream-00004"))
    report = stopped_while_hanging(aws, path, aws)
    assert (report.state, report.written, len(report.not_reached)) == ("stopped", 0, 5)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_stop_while_the_listing_hangs_reports_nothing_as_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that would have closed the file is left behind."""
    path, stop = tmp_path / "shop.catalogue.jsonl", threading.Event()

    def all_written(report: RunReport) -> None:
        if report.written == 3:
            stop.set()

    answers_within(60, monkeypatch)
    with FakeKinesis(json_streams(6, 1), quotas={}, streams_page=3) as aws:
        aws.faults = Faults(Rule(Fault.never(), "ListStreams", on=2))
        report = pipeline.run(workflow(aws, path), stop=stop, progress=all_written)
    assert (report.state, report.written, len(report.not_reached)) == ("stopped", 0, 3)
    assert not path.exists()


def test_a_stop_that_was_set_before_makes_no_call(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    stop = threading.Event()
    stop.set()
    assert pipeline.run(workflow(aws, catalogue), stop=stop).state == "stopped"
    assert aws.counts.total() + catalogue.counts.total() == 0


def test_an_interrupt_is_a_stop(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Ctrl-C where nobody handles the signal: the report is still made."""
    stop = threading.Event()
    aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary", "stream-00004"))

    def interrupt(_: RunReport) -> None:
        if aws.faults.injected:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
    report = pipeline.run(workflow(aws, catalogue), stop=stop, progress=interrupt)
    signal.signal(signal.SIGINT, before)
    assert (report.state, type(report.fatal)) == ("stopped", Stopped)
    assert "stream-00004" in report.not_reached
    assert not stop.is_set()


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_leaves_its_callers_stop_alone(broken: bool, aws: FakeKinesis, tmp_path: Path) -> None:
    """However it ends: whoever owns the event may give it to the next run."""
    stop = threading.Event()
    faults, aws.faults = aws.faults, Faults(Rule(aws_error("ExpiredTokenException"))) if broken else aws.faults
    states = [pipeline.run(workflow(aws, tmp_path / "shop.jsonl"), stop=stop).state]
    aws.faults = faults
    states.append(pipeline.run(workflow(aws, tmp_path / "shop.jsonl"), stop=stop).state)
    assert (states, stop.is_set()) == (["failed" if broken else "success", "success"], False)


def test_a_stopped_run_names_what_it_did_not_reach(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary", "stream-00004"))
    report = stopped_while_hanging(aws, catalogue, aws)
    assert "stream-00004" in report.not_reached
    assert report.written + len(report.not_reached) == report.listed


# --- progress and memory ----------------------------------------------------------------------------------------------


def test_progress_is_told_by_the_calling_thread_up_to_the_end(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    told: list[tuple[int, int, threading.Thread]] = []

    def progress(report: RunReport) -> None:
        told.append((report.listed, report.written, threading.current_thread()))

    aws.faults = Faults(Rule(Fault.latency(0.4), "DescribeStreamSummary", "stream-00004"))
    pipeline.run(workflow(aws, catalogue), progress=progress)
    assert told == sorted(told, key=lambda each: each[:2])
    assert told[-1][:2] == (5, 5)
    assert len(told) > 1
    assert {thread for _, _, thread in told} == {threading.current_thread()}


def test_describing_waits_for_a_slow_catalogue(catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounded queues: memory does not grow with the number of streams beyond their names."""
    monkeypatch.setattr(flow, "CAPACITY", 2)
    ahead = [0]
    with FakeKinesis(json_streams(40), quotas={}) as aws:

        def watch(_: Recorded) -> bool:
            ahead.append(aws.counts["DescribeStreamSummary"] - catalogue.counts["PUT /topics"])
            return True

        catalogue.faults = Faults(Rule(Fault.latency(0.02), "PUT", watch))
        report = ingest(aws, catalogue, options={"concurrency": 1}, metadata=NO_SAMPLES)
    assert report.written == 40
    assert max(ahead) <= pipeline.DESCRIBERS + 3 * flow.CAPACITY + 2


def test_nothing_goes_on_after_a_run(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """A worker of Airflow lives for weeks: a run leaves no thread behind."""
    before = threading.active_count()
    ingest(aws, catalogue)
    wait_until(lambda: threading.active_count() <= before + len(_servers()))


def _servers() -> list[threading.Thread]:
    """The threads of the fakes: one per connection."""
    return [thread for thread in threading.enumerate() if "process_request_thread" in thread.name]


def test_two_runs_in_one_process_know_nothing_of_each_other(catalogue: FakeOpenMetadata) -> None:
    """K16: what was seen belongs to a run, not to a class."""
    with (
        FakeKinesis(json_streams(3, prefix="a"), quotas={}) as first,
        FakeKinesis(json_streams(3, prefix="b"), quotas={}) as second,
    ):
        threads = [
            threading.Thread(target=ingest, args=(aws, catalogue), kwargs={"service_name": name})
            for aws, name in ((first, "one"), (second, "two"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        first.remove("a-00001")
        assert ingest(first, catalogue, service_name="one").deleted == ("a-00001",)
    assert live(catalogue, "one") == {"a-00000", "a-00002"}
    assert live(catalogue, "two") == {"b-00000", "b-00001", "b-00002"}


@pytest.mark.parametrize("broken_off", [False, True], ids=["ended", "broken off"])
def test_what_the_environment_gave_is_named_in_the_report_and_to_openmetadata(
    broken_off: bool, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """AWS repeats the session's name in what it denies; it is not for the catalogue's people to read."""
    data = document(aws, catalogue, metadata=NO_SAMPLES)
    data["source"]["serviceConnection"]["config"]["awsConfig"]["assumeRoleSourceIdentity"] = "${WHO}"
    ready = loads(json.dumps(data).encode(), "shop.json", Runtime({"WHO": "s3cr3t-identity"}))
    denied = aws_error("AccessDeniedException", "s3cr3t-identity may not")
    slow = Rule(Fault.latency(0.4), "DescribeStreamSummary")  # so that the failure is seen before the run has ended
    aws.faults = Faults(Rule(denied, "DescribeStreamSummary", on=1), *([slow] if broken_off else []))
    done: list[RunReport] = []

    class Status:
        def running(self) -> None:
            pass

        def ended(self, report: RunReport) -> None:
            done.append(report)

    def end(report: RunReport) -> None:
        if broken_off and report.failures:
            raise SystemExit

    with suppress(SystemExit):
        pipeline.run(ready, progress=end, status=cast(RunStatus, Status()))
    (report,) = done
    (failure,) = report.failures
    assert "${WHO} may not" in failure.cause
    assert "s3cr3t" not in json.dumps(report.as_dict())
