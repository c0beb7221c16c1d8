"""Tags and flows beside a run: in parallel, within each service's quota, and no part at the cost of another."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.client import RegionalClients
from airflow_kinesis_ingest.engine.lineage.flow import Flow, Listing, TagListing
from airflow_kinesis_ingest.engine.lineage.parts import every_part
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run.beside import Asked, actions_of, of_streams, of_the_run
from airflow_kinesis_ingest.engine.run.checks import check_aws
from airflow_kinesis_ingest.engine.run.flows import find_flows, tree
from airflow_kinesis_ingest.engine.run.pipeline import run
from airflow_kinesis_ingest.engine.run.report import table
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from tests.builders import wait_until, workflow
from tests.fakes.server import Fault, Faults, Rule
from tests.fakes.surroundings import ARN, EVERYTHING, AroundKinesis, FakeSurroundings, surrounded


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeSurroundings, AroundKinesis]]:
    with surrounded(monkeypatch) as running:
        yield running


@pytest.fixture
def around(services: tuple[FakeSurroundings, AroundKinesis]) -> FakeSurroundings:
    return services[0]


@pytest.fixture
def kinesis(services: tuple[FakeSurroundings, AroundKinesis]) -> AroundKinesis:
    return services[1]


def flow(kinesis: AroundKinesis, folder: Path, options: Mapping[str, Any] = EVERYTHING, **more: Any) -> Workflow:
    return workflow(kinesis, folder / "c.jsonl", options=dict(options), metadata={"generateSampleData": False, **more})


def problems(report: RunReport) -> list[tuple[str, str]]:
    return [(problem.step, problem.entity) for problem in report.warnings]


FOREIGN = ("lambda flows", "theirs")


@pytest.mark.usefixtures("quick")
def test_a_run_finds_the_flows_at_its_streams_and_names_what_is_at_others(
    kinesis: AroundKinesis, tmp_path: Path
) -> None:
    report = run(flow(kinesis, tmp_path))
    assert (report.state, report.fatal, report.written) == ("success", None, 2)
    assert problems(report) == [FOREIGN]
    assert report.flows is not None
    assert report.flows.found == 7
    assert "flows" in table(report)


@pytest.mark.usefixtures("quick")
def test_a_file_that_asks_for_nothing_calls_nothing_else(
    kinesis: AroundKinesis, around: FakeSurroundings, tmp_path: Path
) -> None:
    report = run(flow(kinesis, tmp_path, {}))
    assert (report.flows, around.requests) == (None, [])
    assert set(kinesis.counts) == {"ListStreams", "DescribeStreamSummary"}


ACTIONS = sorted(
    [
        "tag:GetResources",
        "firehose:ListDeliveryStreams",
        "firehose:DescribeDeliveryStream",
        "kinesis:ListChannels",
        "kinesis:DescribeChannel",
        "lambda:ListEventSourceMappings",
        "pipes:ListPipes",
        "kinesis:ListStreamConsumers",
        "events:ListEventBuses",
        "events:ListRules",
        "events:ListTargetsByRule",
        "dms:DescribeEndpoints",
        "dms:DescribeReplicationTasks",
        "dms:DescribeReplicationConfigs",
        "dynamodb:DescribeKinesisStreamingDestination",
    ]
)


DENIALS = [*combinations(ACTIONS, 1), *pairwise(ACTIONS), tuple(ACTIONS)]
"""Neighbours in the alphabet are pairs of one part, and pairs of two."""


def test_these_are_all_actions(kinesis: AroundKinesis, tmp_path: Path) -> None:
    assert sorted(actions_of(flow(kinesis, tmp_path).options)) == ACTIONS


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("denied", DENIALS, ids=lambda each: ",".join(each)[:60])
def test_whatever_is_denied_is_one_warning_with_its_action_and_the_streams_are_right(
    kinesis: AroundKinesis, around: FakeSurroundings, tmp_path: Path, denied: tuple[str, ...]
) -> None:
    around.around.denied = set(denied)
    report = run(flow(kinesis, tmp_path))
    assert (report.state, report.fatal, report.written, report.deleted) == ("success", None, 2, ())
    missing = [problem for problem in report.warnings if problem.actions]
    assert {action for problem in missing for action in problem.actions} <= set(denied)
    assert all("kinesis-ingest policy -c FILE" in problem.remedy for problem in missing)
    steps = [problem.step for problem in missing]
    parts = [{"tag:GetResources"}, *(part.actions.keys() for part in every_part())]
    assert len(steps) == len(set(steps)) == sum(not actions.isdisjoint(denied) for actions in parts)


TROUBLES = [Fault.status(500), Fault.status(404, html=True), Fault.html(), Fault.garbage(), Fault.reset()]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda fault: fault.name)
def test_services_that_answer_nonsense_cost_one_warning_each(
    kinesis: AroundKinesis, around: FakeSurroundings, tmp_path: Path, trouble: Fault
) -> None:
    around.faults = Faults(Rule(trouble))
    options = EVERYTHING | {"retryFor": 0.05}
    report = run(flow(kinesis, tmp_path, options))
    assert (report.state, report.fatal, report.written) == ("success", None, 2)
    steps = [problem.step for problem in report.warnings]
    parts = {"tags", "firehose flows", "lambda flows", "pipes flows", "eventRules flows", "dms flows", "dynamodb flows"}
    assert sorted(steps) == sorted(parts)


@pytest.mark.usefixtures("quick")
def test_a_stop_ends_a_part_that_gets_no_answer(
    kinesis: AroundKinesis, around: FakeSurroundings, tmp_path: Path
) -> None:
    around.faults = Faults(Rule(Fault.never()))
    stop, done = threading.Event(), threading.Event()
    reports: list[RunReport] = []

    def work() -> None:
        reports.append(run(flow(kinesis, tmp_path), stop=stop))
        done.set()

    threading.Thread(target=work, daemon=True).start()
    wait_until(lambda: len(around.requests) > 0)
    stop.set()
    wait_until(done.is_set)
    assert reports[0].state == "stopped"


@pytest.mark.usefixtures("quick")
def test_a_region_without_a_service_is_told_at_once(
    kinesis: AroundKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host has no address; botocore knows the regions, and nobody waits for it to come."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_FIREHOSE", "http://127.0.0.1:9")
    monkeypatch.setattr(RegionalClients, "offers", lambda _, service: service != "firehose")
    report = run(flow(kinesis, tmp_path, {"lineage": {"readers": ["firehose"]}, "retryFor": 3600}))
    (problem,) = report.warnings
    assert problem.cause.startswith("AWS has no firehose in us-east-1")


@pytest.mark.usefixtures("quick")
def test_streams_that_the_filter_leaves_out_prove_nothing_about_their_consumers(
    kinesis: AroundKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Asked] = []

    def spy(asked: Asked, **more: Any) -> Asked:
        seen.append(asked)
        return of_the_run(asked, **more)

    monkeypatch.setattr("airflow_kinesis_ingest.engine.run.pipeline.of_the_run", spy)
    options = {"lineage": {"readers": ["consumers"]}}
    run(flow(kinesis, tmp_path, options))
    run(flow(kinesis, tmp_path, options, topicFilterPattern={"includes": ["orders"]}))
    assert [asked.listings[0].complete for asked in seen] == [True, False]
    assert [problem for asked in seen for problem in asked.problems] == []


def a_flow(**changes: Any) -> Flow:
    return replace(Flow("lambda", "arn:f", "f", f"{ARN}:stream/orders", "reads"), **changes)


def test_a_consumer_that_somebody_reads_by_is_told_as_that_reader_alone() -> None:
    consumer = f"{ARN}:stream/orders/consumer/fan:1"
    function = Listing("lambda", (a_flow(consumer_arn=consumer),))
    registered = a_flow(part="consumers", arn=consumer, name="orders/fan", consumer_arn=consumer)
    consumers = Listing("consumers", (registered,), frozenset({"orders/fan"}))
    kept = of_the_run(Asked(None, (function, consumers)), region="us-east-1", account="123456789012")
    assert [listing.flows for listing in kept.listings] == [function.flows, ()]
    assert kept.listings[1].present == {"orders/fan"}


def test_a_run_of_named_streams_proves_of_nothing_that_it_is_gone() -> None:
    listing = Listing("lambda", (a_flow(), a_flow(stream_arn=f"{ARN}:stream/clicks")), complete=True)
    narrowed = of_streams(Asked(TagListing({}, complete=True), (listing,)), {"orders": f"{ARN}:stream/orders"})
    assert narrowed.tags is not None
    assert not narrowed.tags.complete
    assert narrowed.listings == (Listing("lambda", (a_flow(),)),)


# --- asked without a run --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_flows_are_shown_as_writers_stream_readers(kinesis: AroundKinesis, tmp_path: Path) -> None:
    found = find_flows(flow(kinesis, tmp_path), threading.Event())
    clicks, orders = found.streams
    assert list(tree(clicks)) == [
        "clicks",
        "├── ← eventRules nightly ← events of the bus default",
        "└── → consumers clicks/fan",
    ]
    assert list(tree(orders)) == [
        "orders  (env=prod, team=shop)",
        "├── ← dynamodb orders ← dynamodb:orders",
        "├── → firehose to-lake → s3://lake/orders/",
        "├── → channels c → s3://direct",
        "├── → lambda price",
        "└── → pipes p → SQS queue q",
    ]
    assert [problem.entity for problem in found.problems] == ["theirs"]
    assert not (tmp_path / "c.jsonl").exists()


@pytest.mark.usefixtures("quick")
def test_a_connection_test_tries_each_part_in_use_and_names_the_action(
    kinesis: AroundKinesis, around: FakeSurroundings, tmp_path: Path
) -> None:
    around.around.denied = {"firehose:DescribeDeliveryStream", "tag:GetResources"}
    steps = {step.name: step for step in check_aws(flow(kinesis, tmp_path))}
    tried = {name: step.status for name, step in steps.items() if ":" in name}
    assert tried == {
        "tag:GetResources": "failed",
        "firehose:ListDeliveryStreams": "failed",
        "kinesis:ListChannels": "passed",
        "lambda:ListEventSourceMappings": "passed",
        "pipes:ListPipes": "passed",
        "kinesis:ListStreamConsumers": "passed",
        "events:ListEventBuses": "passed",
        "dms:DescribeEndpoints": "passed",
        "dynamodb:DescribeKinesisStreamingDestination": "passed",
    }
    assert steps["firehose:ListDeliveryStreams"].actions == ("firehose:DescribeDeliveryStream",)
    assert steps["tag:GetResources"].actions == ("tag:GetResources",)
