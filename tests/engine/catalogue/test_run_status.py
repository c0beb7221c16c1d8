"""OpenMetadata sees each run: the pipeline entity, `running`, and how it ended, after the last write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.catalogue.client import parted
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow import models as config
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeStream, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

FQN = "shop.shop_hourly"


@pytest.fixture
def aws() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(3, records=2), quotas={}) as fake:
        yield fake


def run(flow: config.Workflow, stop: threading.Event | None = None) -> RunReport:
    return pipeline.run(flow, stop=stop, status=pipeline.status_of(flow, "shop_hourly", "run-1"))


def status(catalogue: FakeOpenMetadata) -> dict[str, Any]:
    found: dict[str, Any] = catalogue.statuses[FQN]["run-1"]
    return found


def test_the_entity_has_the_schedule_and_settings(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """`<service>.<name>` carries the cron line, dates, retries and filter; the body satisfies OpenMetadata's schema."""
    schedule = {"scheduleInterval": "hourly", "startDate": "2026-11-01", "retries": 2, "pool": "p", "queue": "q"}
    run(workflow(aws, catalogue, airflowConfig=schedule, metadata={"topicFilterPattern": {"includes": ["stream"]}}))
    entity = catalogue.pipelines[FQN]
    assert entity["pipelineType"] == "metadata"
    assert entity["airflowConfig"]["scheduleInterval"] == "0 * * * *"
    assert entity["airflowConfig"]["retries"] == 2
    assert entity["sourceConfig"]["config"]["topicFilterPattern"] == {"includes": ["stream"]}
    assert catalogue.invalid_bodies == []


def test_running_is_said_before_the_first_write_and_success_after_the_last(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """The order of the requests: running, every topic and sample, success."""
    run(workflow(aws, catalogue))
    told = [
        request.body.get("pipelineState", "topic")
        for request in catalogue.requests
        if request.method == "PUT" and ("pipelineStatus" in request.path or "/topics" in request.path)
    ]
    assert told == ["running", *["topic"] * 6, "success"]


def test_the_last_status_counts_each_step(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Records, filtered, errors and the first failures with their remedy, one step for each end of the pipeline."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary", "stream-00001"))
    run(workflow(aws, catalogue, metadata={"topicFilterPattern": {"excludes": ["stream-00002"]}}))
    reading, writing = status(catalogue)["status"]
    assert (reading["name"], reading["records"], reading["filtered"], reading["errors"]) == ("Kinesis", 1, 1, 1)
    assert reading["failures"][0]["name"] == "stream-00001"
    assert "kinesis:DescribeStreamSummary" in reading["failures"][0]["error"]
    assert (writing["name"], writing["records"], writing["updated_records"]) == ("OpenMetadata", 1, 1)
    assert status(catalogue)["pipelineState"] == "failed"


def test_failures_of_one_cause_are_one_with_the_streams_it_is_of(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary"))
    run(workflow(aws, catalogue))
    reading, _ = status(catalogue)["status"]
    assert reading["errors"] == 3
    assert [sorted(failure["name"].split(", ")) for failure in reading["failures"]] == [
        ["stream-00000", "stream-00001", "stream-00002"]
    ]


def test_a_failed_deletion_is_an_error_of_the_writing_end(catalogue: FakeOpenMetadata) -> None:
    """Whoever looks at the run in OpenMetadata sees which topic is left over, and that every stream is right."""
    with FakeKinesis(json_streams(3), quotas={}) as aws:
        run(workflow(aws, catalogue))
        aws.remove("stream-00002")
        aws.add(FakeStream("new", status="CREATING"))
        catalogue.faults = Faults(Rule(Fault.status(400), "DELETE"))
        run(workflow(aws, catalogue))
    reading, writing = status(catalogue)["status"]
    assert (reading["records"], reading["warnings"], reading["errors"]) == (2, 1, 0)
    assert (writing["records"], writing["errors"], writing["failures"][0]["name"]) == (2, 1, "stream-00002")
    assert status(catalogue)["pipelineState"] == "partialSuccess"


def test_a_stopped_run_says_stopped(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The status has a client of its own that the stop does not silence."""
    aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary"))
    stop = threading.Event()
    flow = workflow(aws, catalogue)

    def stop_once_it_hangs(_: RunReport) -> None:
        if aws.counts["DescribeStreamSummary"]:
            stop.set()

    tracker = pipeline.status_of(flow, "shop_hourly", "run-1")
    report = pipeline.run(flow, stop=stop, status=tracker, progress=stop_once_it_hangs)
    assert report.state == "stopped"
    assert status(catalogue)["pipelineState"] == "stopped"


def test_a_server_that_does_not_take_the_status_changes_nothing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    """The run is a success, and the log says that OpenMetadata was not told."""
    catalogue.forbidden = ["PUT /services/ingestionPipelines*"]
    assert run(workflow(aws, catalogue)).state == "success"
    assert "was not told" in caplog.text


def test_a_retry_overwrites_the_status_of_its_former_try(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """One run id, one status."""
    run(workflow(aws, catalogue))
    run(workflow(aws, catalogue))
    assert list(catalogue.statuses[FQN]) == ["run-1"]


@pytest.mark.parametrize(
    ("fqn", "expected"),
    [
        ("shop.hourly", ("shop", "hourly")),
        ('"my.shop".hourly', ('"my.shop"', "hourly")),
        ('"my.shop"."at.night"', ('"my.shop"', "at.night")),
        ("hourly", ("", "hourly")),
    ],
)
def test_the_name_of_the_pipeline_is_the_last_part_of_its_fqn(fqn: str, expected: tuple[str, str]) -> None:
    """A quoted part may hold dots."""
    assert parted(fqn) == expected


# --- a pipeline that the file names ---------------------------------------------------------------------------------

AGENT: dict[str, Any] = {"airflowConfig": {"scheduleInterval": "0 3 * * *", "retries": 7}, "loggerLevel": "DEBUG"}
RUN_ID = "0b0e0a8c-7a59-4d3c-8c39-3d8e0ac6b5f1"


def run_named(aws: FakeKinesis, catalogue: FakeOpenMetadata, fqn: str) -> RunReport:
    flow = workflow(aws, catalogue, ingestionPipelineFQN=fqn, pipelineRunId=RUN_ID)
    return pipeline.run(flow, status=pipeline.status_in(flow))


@pytest.mark.parametrize("fqn", [FQN, "hourly"], ids=["of the service", "without a service"])
def test_a_pipeline_that_the_file_names_is_made_if_it_is_missing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, fqn: str
) -> None:
    run_named(aws, catalogue, fqn)
    (name,) = catalogue.pipelines
    assert name == (fqn if "." in fqn else f"shop.{fqn}")
    assert catalogue.statuses[name][RUN_ID]["pipelineState"] == "success"


def test_an_agent_that_somebody_made_keeps_its_schedule_retries_and_level(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """It is told how the run went, and never changed: OpenMetadata's own command makes what is missing only."""
    before = dict(catalogue.add_pipeline("shop", "shop_hourly", **AGENT))
    run_named(aws, catalogue, FQN)
    assert catalogue.pipelines[FQN] == before
    assert catalogue.statuses[FQN][RUN_ID]["pipelineState"] == "success"


def test_an_agent_of_another_service_is_told_under_its_own_name(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The FQN as the file has it, its first part too."""
    catalogue.add_pipeline("all.streams", "nightly", **AGENT)
    run_named(aws, catalogue, '"all.streams".nightly')
    assert catalogue.statuses['"all.streams".nightly'][RUN_ID]["pipelineState"] == "success"
    assert catalogue.pipelines.keys() == {'"all.streams".nightly'}


def test_a_file_that_names_no_pipeline_tells_none(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    assert pipeline.status_in(workflow(aws, catalogue)) is None
    assert pipeline.status_in(workflow(aws, tmp_path / "c.jsonl", ingestionPipelineFQN=FQN)) is None


def test_a_server_that_knows_no_stopped_is_told_that_the_run_failed(aws: FakeKinesis) -> None:
    """Nor does one of 1.6 know `raiseOnError`: a body with a field that it does not know is refused whole."""
    with FakeOpenMetadata(version="1.6.3") as catalogue:
        aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary"))
        stop = threading.Event()
        flow = workflow(aws, catalogue, workflowConfig={"raiseOnError": False})

        def stop_once_it_hangs(_: RunReport) -> None:
            if aws.counts["DescribeStreamSummary"]:
                stop.set()

        tracker = pipeline.status_of(flow, "shop_hourly", "run-1")
        assert pipeline.run(flow, stop=stop, status=tracker, progress=stop_once_it_hangs).state == "stopped"
        assert status(catalogue)["pipelineState"] == "failed"
        assert "raiseOnError" not in catalogue.pipelines[FQN]


def test_a_server_that_knows_stopped_and_raise_on_error_is_told_them(aws: FakeKinesis) -> None:
    with FakeOpenMetadata(version="1.13.0") as catalogue:
        run(workflow(aws, catalogue, workflowConfig={"raiseOnError": False}))
        assert catalogue.pipelines[FQN]["raiseOnError"] is False
