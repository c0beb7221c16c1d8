"""The counters of a run, and what OpenTelemetry gets of them; tests/distributed has a worker send them to StatsD."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from airflow_kinesis_ingest import metrics
from airflow_kinesis_ingest.engine.model import Problem, RunReport
from tests.airflow.test_operator import XComs, context, operator
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, aws_error
from tests.fakes.server import Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")


@dataclass
class Sent:
    """What Airflow's metrics were told: name -> value; the tags of the last."""

    values: dict[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def incr(self, name: str, count: int, *, tags: Mapping[str, str]) -> None:
        self.values[name], self.tags = count, tags

    def timing(self, name: str, taken: timedelta, *, tags: Mapping[str, str]) -> None:
        self.values[name], self.tags = taken, tags


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent()
    monkeypatch.setattr(metrics, "Stats", found)
    return found


def test_a_run_is_counted(sent: Sent) -> None:
    """The streams that it was to take, what became of them, what AWS refused for now, and its time."""
    problem = Problem("describe", "orders", "denied", "allow it")
    report = RunReport(listed=10, filtered=2, written=4, unchanged=3, failures=(problem,), deleted=("old",))
    metrics.counted(replace(report, throttled=5, seconds=1.5, state="partialSuccess"), {"dag_id": "shop"})
    assert sent.values == {
        "kinesis_ingest.streams": 8,
        "kinesis_ingest.written": 4,
        "kinesis_ingest.unchanged": 3,
        "kinesis_ingest.deleted": 1,
        "kinesis_ingest.failures": 1,
        "kinesis_ingest.throttled_calls": 5,
        "kinesis_ingest.duration": timedelta(seconds=1.5),
    }
    assert sent.tags == {"dag_id": "shop", "state": "partialSuccess"}


@pytest.mark.parametrize("denied", [False, True], ids=["a good run", "a failed run"])
def test_every_run_of_the_operator_is_counted(denied: bool, aws: FakeKinesis, tmp_path: Any, sent: Sent) -> None:
    """Also one that failed; throttled calls that got through in the end are counted too."""
    rules = [Rule(aws_error("LimitExceededException"), "DescribeStreamSummary", on=range(1, 3))]
    if denied:
        rules = [Rule(aws_error("AccessDeniedException"), "ListStreams")]
    aws.faults = Faults(*rules)
    try:
        operator(document(aws, tmp_path / "out.jsonl")).execute(context(ti=XComs()))
    except Exception:  # noqa: BLE001 - what the task raises is no matter here
        assert denied
    assert sent.tags["dag_id"] == "shop"
    assert (sent.tags["task_id"], sent.tags["service"]) == ("ingest", "shop")
    streams, throttled = (sent.values[f"kinesis_ingest.{name}"] for name in ("streams", "throttled_calls"))
    assert (streams, throttled, sent.tags["state"]) == ((0, 0, "failed") if denied else (5, 2, "success"))


@pytest.fixture
def collected() -> Iterator[tuple[int, list[bytes]]]:
    """The port of a collector, and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the tests' screen."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, bodies
        server.shutdown()
        thread.join()


def test_a_collector_of_opentelemetry_gets_them_with_their_tags(
    collected: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Airflow's own exporter: counters, and the duration as a histogram of milliseconds."""
    logger = pytest.importorskip("airflow.sdk.observability.metrics.otel_logger")
    metrics_of = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
    port, bodies = collected
    for name, value in {"HOST": "127.0.0.1", "PORT": str(port), "INTERVAL_MILLISECONDS": "60000"}.items():
        monkeypatch.setenv(f"AIRFLOW__METRICS__OTEL_{name}", value)
    monkeypatch.setattr("atexit.register", lambda *_: None)  # it would send once more, with what is shut down here
    sender = logger.get_otel_logger()
    monkeypatch.setattr(metrics, "Stats", sender)
    metrics.counted(RunReport(listed=10, filtered=2, written=4, seconds=1.5, state="success"), {"dag_id": "shop"})
    sender.otel.shutdown()  # sends what is left
    request = metrics_of.ExportMetricsServiceRequest.FromString(bodies[0])
    found = {one.name: one for one in request.resource_metrics[0].scope_metrics[0].metrics}
    assert len(found) == 7
    (streams,) = found["airflow.kinesis_ingest.streams"].sum.data_points
    (duration,) = found["airflow.kinesis_ingest.duration"].exponential_histogram.data_points
    assert (streams.as_int, duration.count, duration.sum) == (8, 1, 1500.0)
    for point in (streams, duration):
        tags = {each.key: each.value.string_value for each in point.attributes}
        assert tags == {"dag_id": "shop", "state": "success"}
