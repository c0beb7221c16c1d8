"""A server that goes away and comes back, and an account that many share: over HTTP, with waits made short.

The rules stay, only their numbers change; that they hold with those of a real run is tested in virtual time
(`test_retry.py`, `test_quota.py`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from airflow_kinesis_ingest.engine import retry
from airflow_kinesis_ingest.engine.aws import quota
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import checks, pipeline
from airflow_kinesis_ingest.errors import ServerDown
from tests.builders import wait_until, workflow
from tests.fakes.kinesis import FakeKinesis, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

AMPLE = {"retryFor": 60, "concurrency": 24}


@pytest.fixture
def brief(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - for its effect
    """Waits of 10 ms at most, and a tenth of a second without an answer is an outage."""
    monkeypatch.setattr(retry, "QUIET", 0.1)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, retry.__name__)
    return caplog


@pytest.fixture
def account() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(60, 2), quotas={}) as running:
        yield running


OUTAGE = range(40, 340)
"""Requests, whoever makes them: far more tries in all than a call would have if it counted them."""


def assert_nothing_was_lost(report: RunReport) -> None:
    assert (report.state, report.written, report.sampled) == ("success", 60, 60)
    assert (report.failures, report.warnings, report.not_reached) == ((), (), ())


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "fault",
    [Fault.status(503), Fault.status(502, html=True), Fault.status(500), Fault.status(429), Fault.reset()],
    ids=lambda fault: fault.name,
)
def test_an_outage_of_openmetadata_costs_no_stream(
    account: FakeKinesis, catalogue: FakeOpenMetadata, fault: Fault
) -> None:
    catalogue.faults = Faults(Rule(fault, on=OUTAGE))
    assert_nothing_was_lost(pipeline.run(workflow(account, catalogue, options=AMPLE)))
    assert len(catalogue.faults.injected) == len(OUTAGE)


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(503, html=True),
        aws_error("ServiceUnavailable"),
        aws_error("InternalFailure"),
        aws_error("LimitExceededException"),
        Fault.reset(),
    ],
    ids=lambda fault: fault.name,
)
def test_an_outage_of_kinesis_costs_no_stream_and_no_sample(
    account: FakeKinesis, catalogue: FakeOpenMetadata, fault: Fault
) -> None:
    account.faults = Faults(Rule(fault, on=OUTAGE))
    assert_nothing_was_lost(pipeline.run(workflow(account, catalogue, options=AMPLE)))
    assert len(account.faults.injected) == len(OUTAGE)


@pytest.mark.usefixtures("brief")
def test_a_run_waits_for_a_server_that_is_only_being_started(
    account: FakeKinesis, log: pytest.LogCaptureFixture
) -> None:
    with FakeOpenMetadata() as gone:
        port = gone.port
    made = workflow(account, gone, options=AMPLE)
    with ThreadPoolExecutor() as pool:
        report = pool.submit(pipeline.run, made)
        wait_until(lambda: "Waiting for it to come back" in log.text)
        with FakeOpenMetadata(port=port):
            assert_nothing_was_lost(report.result(timeout=60))
    assert "OpenMetadata answers again" in log.text


@pytest.mark.usefixtures("brief")
def test_a_server_that_is_dead_from_the_start_ends_the_run_after_one_calls_time(
    account: FakeKinesis, log: pytest.LogCaptureFixture
) -> None:
    """Said in the log at once, and in the report with the address; no stage after it waits again."""
    with FakeOpenMetadata() as gone:
        made = workflow(account, gone, options={"retryFor": 0.5})
    report = pipeline.run(made)
    assert (report.state, type(report.fatal)) == ("failed", ServerDown)
    assert made.server.host_port in str(report.fatal)
    assert log.text.count("Waiting for it to come back") == 1
    assert account.counts.total() == 0


@pytest.mark.usefixtures("brief")
def test_one_topic_with_a_503_of_its_own_costs_itself_alone(account: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    bad = Rule(Fault.status(503), "PUT", lambda request: (request.body or {}).get("name") == "stream-00007")
    catalogue.faults = Faults(bad)
    report = pipeline.run(workflow(account, catalogue, options={**AMPLE, "retryFor": 0.5}))
    assert [(problem.step, problem.entity) for problem in report.failures] == [("write", "stream-00007")]
    assert report.written == 59


@pytest.mark.parametrize("side", ["aws", "openmetadata"])
def test_a_stop_ends_a_run_that_waits_for_a_server(
    account: FakeKinesis, catalogue: FakeOpenMetadata, side: str, log: pytest.LogCaptureFixture
) -> None:
    """With the waits of a real run, and Retry-After: nothing is slept through."""
    server = account if side == "aws" else catalogue
    server.faults = Faults(Rule(Fault.status(503, retry_after="1"), on=range(2, 9999)))
    stop = threading.Event()
    reports: list[RunReport] = []
    made = workflow(account, catalogue, options={"retryFor": 120})
    thread = threading.Thread(target=lambda: reports.append(pipeline.run(made, stop=stop)), daemon=True)
    thread.start()
    wait_until(lambda: "Waiting for it to come back" in log.text, 30)
    stop.set()
    thread.join(5)
    assert [report.state for report in reports] == ["stopped"]


@pytest.mark.usefixtures("brief")
def test_a_connection_test_has_a_short_time_of_its_own(account: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Whatever the file says of a run's calls: somebody waits for the answer that the server is dead."""
    assert checks.RETRY_FOR <= 5.0
    made = workflow(account, catalogue, options={"retryFor": 3600})
    catalogue.stop()
    steps = {step.name: step for step in checks.check_openmetadata(made)}
    assert steps["OpenMetadata reachable"].status == "failed"
    assert "Connection refused" in steps["OpenMetadata reachable"].message
    assert steps["OpenMetadata token"].status == "skipped"


# --- one account, many runs -----------------------------------------------------------------------------------------


def test_twelve_workflows_of_one_account_at_once_lose_no_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes nine tenths of the rate at first; AWS's throttles bring them to their parts of it."""
    rates = {"ListStreams": 10.0, "DescribeStreamSummary": 20.0}
    monkeypatch.setattr(quota, "RATES", rates)
    with FakeKinesis(json_streams(12), quotas=rates) as aws, ThreadPoolExecutor(12) as pool:
        files = [tmp_path / f"{number}.jsonl" for number in range(12)]
        made = [
            workflow(aws, file, metadata={"generateSampleData": False}, options={"retryFor": 120}) for file in files
        ]
        reports = list(pool.map(pipeline.run, made))
        assert aws.throttles.total() > 0
    assert [(report.state, report.written, report.failures) for report in reports] == [("success", 12, ())] * 12
