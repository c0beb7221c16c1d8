"""The task: what it returns, when it fails for good, how it ends when it is killed, and what it shows."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import threading
import time
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowTaskTimeout
from airflow.sdk import DAG, Asset, AssetAlias
from airflow.sdk.execution_time.timeout import TimeoutPosix

from airflow_kinesis_ingest import KinesisIngestionOperator
from airflow_kinesis_ingest.engine.model import Drift, Problem, RunReport, StreamRow
from airflow_kinesis_ingest.engine.run.streams import unpacked
from airflow_kinesis_ingest.errors import WorkflowError
from airflow_kinesis_ingest.operators.kinesis import DRIFT, DeployFailedOperator, _status_id, drift_by_stream, summary
from tests.builders import answers_within, document, wait_until
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import BOT, FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

RUN = "manual__2026-11-21T00:00:00+00:00"
SECRET = "fake-secret"


def operator(workflow: Any, **settings: Any) -> KinesisIngestionOperator:
    return KinesisIngestionOperator(task_id="ingest", workflow=workflow, dag=DAG("shop", schedule=None), **settings)


class XComs:
    """Of a task instance: what was pushed. states: run id -> task id -> what Airflow knows of it."""

    dag_id, task_id, map_index = "shop", "ingest", -1

    def __init__(self, states: dict[str, dict[str, str | None]] | None = None) -> None:
        self.pushed: dict[str, Any] = {}
        self.states = states or {}
        self.asked: list[list[str]] = []

    def get_task_states(self, dag_id: str, task_ids: list[str]) -> dict[str, dict[str, str | None]]:
        assert dag_id == self.dag_id
        self.asked.append(task_ids)
        return self.states

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def rows(ti: XComs) -> list[StreamRow]:
    """Of a run, by the name of the stream."""
    return list(unpacked(ti.pushed["streams"]))


def context(run_id: str = RUN, ti: XComs | None = None, **params: Any) -> Any:
    return {"run_id": run_id, "params": params, "ti": ti or XComs()}


def run(workflow: Any, **params: Any) -> dict[str, Any]:
    """Execute a task with this workflow; what it returns."""
    return operator(workflow).execute(context(**params))


def in_file(folder: Path, data: dict[str, Any], name: str = "shop.yaml") -> Path:
    """The workflow as a file; JSON is YAML."""
    file = folder / name
    file.write_text(json.dumps(data))
    return file


def statuses(catalogue: FakeOpenMetadata) -> dict[str, str]:
    """Run id -> the state OpenMetadata was told last."""
    return {run_id: status["pipelineState"] for run_id, status in catalogue.statuses.get("shop.shop", {}).items()}


# --- what it tells of drift ------------------------------------------------------------------------------------------


class Events:
    """Of an alias: the assets that were added, with their extra."""

    def __init__(self) -> None:
        self.added: dict[str, dict[str, Any]] = {}

    def add(self, asset: Asset, extra: dict[str, Any]) -> None:
        self.added[asset.uri] = extra


class OutletEvents:
    """Of a task, by its alias: the one that operators of ours have. No dict, as an alias has no hash in 3.1."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def __getitem__(self, alias: AssetAlias) -> Events:
        assert alias == DRIFT
        return self._events


def drifting(aws: FakeKinesis, to: Any) -> tuple[XComs, Events]:
    """A first run, a longer retention of one stream, and a second run, which is told."""
    run(document(aws, to))
    aws.streams["stream-00001"].retention_hours = 48
    ti, events = XComs(), Events()
    second = context(ti=ti) | {"outlet_events": OutletEvents(events)}
    ti.pushed["result"] = operator(document(aws, to)).execute(second)
    return ti, events


def test_a_stream_that_drifted_is_an_event_of_its_asset(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """A first run has none: its context has nothing that would take them."""
    change = {"what": "retention", "path": "", "before": "24 h", "after": "48 h", "compatible": None}
    told = {"stream": "stream-00001", "compatible": True, "changes": [change], "changes_count": 1}
    assert drifting(aws, catalogue)[1].added == {f"kinesis://{aws.account}/us-east-1/stream-00001": told}


def test_a_run_returns_its_drift_and_shows_it_in_the_row_of_the_stream(aws: FakeKinesis, tmp_path: Path) -> None:
    ti, _ = drifting(aws, tmp_path / "out.jsonl")
    result = ti.pushed["result"]
    assert (result["drifted"], result["drift_count"]) == (1, 1)
    assert [(group["cause"], group["entities"]) for group in result["drift"]] == [
        ("retention: 24 h -> 48 h", ["stream-00001"])
    ]
    assert {row.name: row.drift for row in rows(ti) if row.drift} == {"stream-00001": ("retention: 24 h -> 48 h",)}


def test_the_event_of_a_stream_is_bounded() -> None:
    """Its first changes are the incompatible ones, as in the report."""
    many = tuple(Drift("a", "field added", str(number), None, "INT", compatible=True) for number in range(30))
    report = RunReport(drift=(Drift("a", "type changed", "x", "INT", "STRING", compatible=False), *many))
    event = drift_by_stream(report)["a"]
    assert (event["compatible"], len(event["changes"]), event["changes_count"]) == (False, 20, 31)
    assert event["changes"][0]["path"] == "x"


# --- what it returns -------------------------------------------------------------------------------------------------


def test_a_run_returns_its_counts(aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path) -> None:
    result = run(in_file(tmp_path, document(aws, catalogue)))
    assert (result["state"], result["listed"], result["written"], result["failures_count"]) == ("success", 5, 5, 0)
    assert len(catalogue.topics) == 5


def test_a_failed_run_returns_its_counts_too(aws: FakeKinesis, tmp_path: Path) -> None:
    partly_refused(aws, 1)
    ti = XComs()
    with pytest.raises(AirflowException):
        operator(document(aws, tmp_path / "out.jsonl")).execute(context(ti=ti))
    assert (ti.pushed["return_value"]["written"], ti.pushed["return_value"]["failures_count"]) == (4, 1)


def test_a_run_says_of_which_account_region_and_service_it_was(aws: FakeKinesis, tmp_path: Path) -> None:
    result = run(document(aws, tmp_path / "out.jsonl"))
    assert (result["account"], result["region"], result["service"]) == (aws.account, "us-east-1", "shop")


def test_a_run_that_listed_nothing_knows_the_account_by_its_role_alone(aws: FakeKinesis, tmp_path: Path) -> None:
    """None is not known."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    data = document(aws, tmp_path / "out.jsonl", workflowConfig={"raiseOnError": False})
    assert run(data)["account"] is None
    config = data["source"]["serviceConnection"]["config"]["awsConfig"]
    config["assumeRoleArn"] = "arn:aws:iam::210987654321:role/reader"
    assert run(data)["account"] == "210987654321"


def test_a_run_stores_a_row_for_each_stream(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    ti = XComs()
    aws.remove("stream-00004")
    data = document(aws, catalogue, metadata={"topicFilterPattern": {"excludes": [".*3"]}})
    operator(data).execute(context(ti=ti))
    assert rows(ti) == [
        *(StreamRow(f"stream-0000{n}", "written", None, 1, 24, "JSON", 3) for n in range(3)),
        StreamRow("stream-00003", "filtered", "excludes .*3"),
    ]
    assert ti.pushed["streams"]["topic_url"] == f"{catalogue.url}/topic/shop.{{topic}}"
    assert ti.pushed["streams"]["console_url"] == ""  # a fake is not in AWS's console


def test_the_rows_of_a_run_link_to_the_console(
    aws: FakeKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = document(aws, tmp_path / "out.jsonl")
    del data["source"]["serviceConnection"]["config"]["awsConfig"]["endPointURL"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    ti = XComs()
    operator(data).execute(context(ti=ti))
    console = (
        "https://us-east-1.console.aws.amazon.com/kinesis/home?region=us-east-1#/streams/details/{name}/monitoring"
    )
    assert (ti.pushed["streams"]["console_url"], ti.pushed["streams"]["topic_url"]) == (console, "")


def test_no_message_is_in_a_row(aws: FakeKinesis, tmp_path: Path) -> None:
    """Nor a name of a field, before it drifts: only what kind its schema is."""
    aws.add(FakeStream("cards", shards=[FakeShard(records=[FakeRecord(b'{"pan": "4111111111111111"}')])]))
    ti = XComs()
    operator(document(aws, tmp_path / "out.jsonl")).execute(context(ti=ti))
    (cards,) = (row for row in rows(ti) if row.name == "cards")
    assert cards == StreamRow("cards", "written", None, 1, 24, "JSON", 1)


def test_a_result_names_the_missing_permissions(aws: FakeKinesis, tmp_path: Path) -> None:
    """As lists: JSON knows nothing else, and Airflow wraps a tuple."""
    partly_refused(aws, 1)
    result = run(document(aws, tmp_path / "out.jsonl", workflowConfig={"successThreshold": 80}))
    assert [group["actions"] for group in result["failures"]] == [["kinesis:DescribeStreamSummary"]]
    assert json.loads(json.dumps(result)) == result


def test_a_failed_run_stores_its_rows_too(aws: FakeKinesis, tmp_path: Path) -> None:
    partly_refused(aws, 1)
    ti = XComs()
    with pytest.raises(AirflowException):
        operator(document(aws, tmp_path / "out.jsonl")).execute(context(ti=ti))
    assert [row.outcome for row in rows(ti)] == ["failed", *["written"] * 4]


def test_a_dict_is_a_workflow_too(aws: FakeKinesis, tmp_path: Path) -> None:
    result = run(document(aws, tmp_path / "out.jsonl"))
    assert (result["state"], result["catalogue"]) == ("success", str(tmp_path / "out.jsonl"))


def test_a_dict_that_is_wrong_is_refused_while_the_dag_is_read() -> None:
    """An import error of the DAG's own file, not a failed run tomorrow."""
    with pytest.raises(WorkflowError, match=r"source\.type"):
        operator({"source": {"type": "kafka"}})


def test_a_relative_path_is_looked_up_in_the_bundle_and_else_beside_the_dag(aws: FakeKinesis, tmp_path: Path) -> None:
    """On a worker the bundle lies elsewhere than where the DAG was read: its place is asked for when the task runs."""
    (tmp_path / "teams").mkdir()
    task = operator("shop.yaml")
    dag = task.dag
    dag.fileloc, dag.relative_fileloc = str(tmp_path / "teams" / "shop.py"), "teams/shop.py"
    in_file(tmp_path / "teams", document(aws, tmp_path / "beside.jsonl"))
    assert task.execute(context())["catalogue"] == str(tmp_path / "beside.jsonl")
    in_file(tmp_path, document(aws, tmp_path / "bundle.jsonl"))
    assert task.execute(context())["catalogue"] == str(tmp_path / "bundle.jsonl")


def test_the_file_is_read_when_the_task_runs(aws: FakeKinesis, tmp_path: Path) -> None:
    """Not when the DAG was made: a fix of the file is in the next run."""
    task = operator(in_file(tmp_path, {"source": "broken"}))
    in_file(tmp_path, document(aws, tmp_path / "out.jsonl"))
    assert task.execute(context())["state"] == "success"


def test_what_a_run_returns_is_small_and_plain() -> None:
    """XCom lives in the metadata database: ten kinds of problems, and the number of all."""
    problems = [Problem("write", f"stream-{n}", f"{n % 500} cause " * 20, "remedy " * 20) for n in range(9_000)]
    names = tuple(f"stream-{number:0100}" for number in range(9_000))
    result = summary(
        RunReport(failures=tuple(problems), warnings=tuple(problems[:50]), deleted=names, not_reached=names)
    )
    assert len(json.dumps(result)) < 20_000
    assert (len(result["failures"]), result["failures_count"], result["deleted_count"]) == (10, 9_000, 9_000)
    assert (result["warnings_count"], result["not_reached_count"]) == (50, 9_000)
    assert (len(result["failures"][0]["entities"]), result["failures"][0]["entities_count"]) == (10, 18)


def test_streams_that_fail_of_one_cause_are_told_once(
    aws: FakeKinesis, tmp_path: Path, capsys: pytest.CaptureFixture[str], task_log: StringIO
) -> None:
    """In the log, its table, the exception and the XCom."""
    partly_refused(aws, 3)
    with pytest.raises(AirflowException, match=r"3 streams failed.*describe of 3 streams") as raised:
        run(document(aws, tmp_path / "out.jsonl"))
    assert all(f"stream-0000{number}" in str(raised.value) for number in range(3))
    logged = capsys.readouterr().out + task_log.getvalue()
    assert sum("AWS denies this call" in line for line in logged.splitlines()) == 2


def test_the_links_are_those_of_the_run(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    task = operator(document(aws, catalogue))
    task.execute(context())
    found = {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}  # type: ignore[arg-type]
    assert found["OpenMetadata"] == f"{catalogue.url}/service/messagingServices/shop"
    assert found["Kinesis console"] == ""  # a fake is not in AWS's console


def test_the_console_is_that_of_the_region(aws: FakeKinesis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = document(aws, tmp_path / "out.jsonl")
    del data["source"]["serviceConnection"]["config"]["awsConfig"]["endPointURL"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    task = operator(data)
    task.execute(context())
    found = {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}  # type: ignore[arg-type]
    assert found["Kinesis console"].startswith("https://us-east-1.console.aws.amazon.com/kinesis")


def test_a_run_into_a_file_has_no_link_to_openmetadata(aws: FakeKinesis, tmp_path: Path) -> None:
    task = operator(document(aws, tmp_path / "out.jsonl"))
    task.execute(context())
    assert task.operator_extra_links[0].get_link(task, ti_key=None) == ""  # type: ignore[arg-type]


# --- failing ---------------------------------------------------------------------------------------------------------


def test_a_bad_file_fails_at_once_and_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("source:\n  type: kafka\n")
    with pytest.raises(AirflowFailException, match=rf"{file}:2:9: source.type: .*kinesis"):
        run(file)


def test_a_missing_file_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(AirflowFailException, match=r"there is no such file\. Check the path"):
        run(tmp_path / "gone.yaml")


def test_a_missing_relative_file_names_the_places_looked_at(tmp_path: Path) -> None:
    """Both, or the one if the DAG lies at the bundle's root."""
    task = operator("shop.yaml")
    dag = task.dag
    dag.fileloc, dag.relative_fileloc = str(tmp_path / "teams" / "shop.py"), "teams/shop.py"
    both = (
        rf"shop\.yaml: there .*: looked for at {tmp_path}/shop\.yaml and {tmp_path}/teams/shop\.yaml\. Check the path"
    )
    with pytest.raises(AirflowFailException, match=both):
        task.execute(context())
    dag.fileloc, dag.relative_fileloc = str(tmp_path / "shop.py"), "shop.py"
    with pytest.raises(AirflowFailException, match=rf"looked for at {tmp_path}/shop\.yaml\. Check"):
        task.execute(context())


def test_a_missing_variable_fails_at_once_and_is_named(aws: FakeKinesis, tmp_path: Path) -> None:
    data = document(aws, tmp_path / "out.jsonl")
    data["source"]["serviceConnection"]["config"]["awsConfig"]["awsRegion"] = "${NO_SUCH_REGION}"
    with pytest.raises(AirflowFailException, match="no variable NO_SUCH_REGION"):
        run(data)


def test_a_denied_listing_fails_at_once_and_names_the_permission(aws: FakeKinesis, tmp_path: Path) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    with pytest.raises(AirflowFailException, match="kinesis:ListStreams"):
        run(document(aws, tmp_path / "out.jsonl"))


def test_a_refused_token_fails_at_once(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    with pytest.raises(AirflowFailException, match="token"):
        run(document(aws, catalogue, token="not-the-bot"))


def test_the_deletion_guard_fails_at_once_and_says_how_to_allow_it(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    run(document(aws, catalogue))
    aws.remove(*[f"stream-{number:05d}" for number in range(4)])
    with pytest.raises(AirflowFailException, match="maxShare"):
        run(document(aws, catalogue))
    assert not any(topic["deleted"] for topic in catalogue.topics.values())


def test_throttling_without_end_is_left_to_airflows_retries(aws: FakeKinesis, tmp_path: Path) -> None:
    aws.faults = Faults(Rule(aws_error("LimitExceededException"), "ListStreams"))
    with pytest.raises(AirflowException) as raised:
        run(document(aws, tmp_path / "out.jsonl"))
    assert not isinstance(raised.value, AirflowFailException)
    assert "ListStreams" in str(raised.value)


def test_a_server_that_is_down_is_left_to_airflows_retries(aws: FakeKinesis) -> None:
    with FakeOpenMetadata() as gone:
        data = document(aws, gone)
    with pytest.raises(AirflowException) as raised:
        run(data)
    assert not isinstance(raised.value, AirflowFailException)
    assert gone.host_port.removeprefix("http://").removesuffix("/api") in str(raised.value)


def partly_refused(aws: FakeKinesis, failing: int) -> None:
    """The first `failing` streams cannot be described."""
    faults = [Rule(aws_error("AccessDeniedException"), target=f"stream-{number:05d}") for number in range(failing)]
    aws.faults = Faults(*faults)


def test_too_many_failures_are_left_to_airflows_retries_and_named(aws: FakeKinesis, tmp_path: Path) -> None:
    """Below `successThreshold` (90 %)."""
    partly_refused(aws, 1)
    with pytest.raises(AirflowException, match="stream-00000") as raised:
        run(document(aws, tmp_path / "out.jsonl"))
    assert not isinstance(raised.value, AirflowFailException)


def test_a_few_failures_are_a_partial_success(aws: FakeKinesis, tmp_path: Path) -> None:
    partly_refused(aws, 1)
    result = run(document(aws, tmp_path / "out.jsonl", workflowConfig={"successThreshold": 80}))
    assert (result["state"], result["failures_count"]) == ("partialSuccess", 1)


def test_raise_on_error_false_returns_instead_of_failing(aws: FakeKinesis, tmp_path: Path) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    result = run(document(aws, tmp_path / "out.jsonl", workflowConfig={"raiseOnError": False}))
    assert (result["state"], result["fatal"]["kind"]) == ("failed", "AccessDenied")


def test_a_pipeline_that_was_not_deployed_fails_with_the_reason() -> None:
    task = DeployFailedOperator(task_id="ingest", reason="workflows/shop.yaml:3:1: no", dag=DAG("shop", schedule=None))
    with pytest.raises(AirflowFailException, match=r"workflows/shop\.yaml:3:1: no"):
        task.execute(context())


# --- ending early ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hanging(aws: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> FakeKinesis:
    """AWS never answers about one stream, and nobody's time-out is near."""
    answers_within(60.0, monkeypatch)
    aws.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary", "stream-00003"))
    return aws


def test_a_kill_ends_a_run_within_five_seconds_and_tells_openmetadata(
    hanging: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """As Airflow does it: `on_kill` from a signal while `execute` runs, here in the middle of a call that hangs."""
    task = operator(document(hanging, catalogue))

    def kill() -> None:
        wait_until(lambda: bool(hanging.calls("DescribeStreamSummary", "stream-00003")))
        task.on_kill()
        killed.append(time.monotonic())

    killed: list[float] = []
    ti = XComs()
    threading.Thread(target=kill, daemon=True).start()
    with pytest.raises(AirflowException, match="asked to end") as raised:
        task.execute(context(ti=ti))
    assert time.monotonic() - killed[0] < 5
    assert not isinstance(raised.value, AirflowFailException)
    assert list(statuses(catalogue).values()) == ["stopped"]
    assert not any(topic["deleted"] for topic in catalogue.topics.values())
    assert ti.pushed["return_value"]["state"] == "stopped"
    assert StreamRow("stream-00003", "not reached") in rows(ti)


def test_a_kill_before_the_run_began_is_not_lost(aws: FakeKinesis, tmp_path: Path) -> None:
    """Airflow's signal may come while the task still reads its file."""
    task = operator(document(aws, tmp_path / "out.jsonl"))
    task.on_kill()
    wait_until(task._stop.is_set)
    with pytest.raises(AirflowException, match="asked to end"):
        task.execute(context())
    assert not aws.calls("DescribeStreamSummary")


def test_a_time_out_tells_openmetadata(hanging: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """`workflowTimeout` is Airflow's execution_timeout, which raises in the middle of whatever the task does."""

    def time_out() -> None:
        wait_until(lambda: bool(hanging.calls("DescribeStreamSummary", "stream-00003")))
        raised.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGALRM)

    raised: list[float] = []
    ti = XComs()
    threading.Thread(target=time_out, daemon=True).start()
    with pytest.raises(AirflowTaskTimeout), TimeoutPosix(60):  # type: ignore[no-untyped-call]
        operator(document(hanging, catalogue)).execute(context(ti=ti))
    assert time.monotonic() - raised[0] < 6
    assert list(statuses(catalogue).values()) == ["stopped"]
    assert ti.pushed["return_value"]["state"] == "stopped"
    assert StreamRow("stream-00003", "not reached") in rows(ti)


# --- what OpenMetadata sees ------------------------------------------------------------------------------------------


def left_running(catalogue: FakeOpenMetadata, *run_ids: str) -> None:
    """As a run leaves its status that was killed with -9, on this server's pipeline of the DAG."""
    now = int(time.time() * 1000)
    for hours, run_id in enumerate(run_ids, 1):
        began = now - hours * 3_600_000
        body = {"runId": run_id, "pipelineState": "running", "startDate": began, "timestamp": began}
        catalogue.statuses["shop.shop"][run_id] = body


@pytest.mark.parametrize(
    ("state", "told"), [("failed", "failed"), ("success", "failed"), ("running", "running"), (None, "running")]
)
def test_a_run_that_was_killed_is_closed_by_the_next(
    state: str | None, told: str, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """With the reason, once Airflow knows that it is over; one that is alive, or was cleared to run again, stays."""
    data = document(aws, catalogue)
    run(data)
    killed = _status_id("shop", "killed", "ingest")
    left_running(catalogue, killed)
    operator(data).execute(context("next", XComs({"killed": {"ingest": state}, "next": {"ingest": "running"}})))
    assert statuses(catalogue)[killed] == told
    assert statuses(catalogue)[_status_id("shop", "next", "ingest")] == "success"
    if told == "failed":
        assert "killed" in catalogue.statuses["shop.shop"][killed]["status"][0]["failures"][0]["error"]
    assert catalogue.invalid_bodies == []


def test_a_status_that_is_no_run_of_this_task_stays_as_it_is(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Of another target, of the command line, of a DAG run that Airflow has forgotten."""
    data = document(aws, catalogue)
    run(data)
    others = [
        _status_id("shop", "killed", "ingest.1_us-east-2"),
        _status_id("shop", "forgotten", "ingest"),
        str(UUID(int=1)),
    ]
    left_running(catalogue, *others)
    operator(data).execute(context("next", XComs({"killed": {"ingest": "failed"}})))
    assert {statuses(catalogue)[one] for one in others} == {"running"}


def test_tasks_of_a_map_are_closed_each_by_itself(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """By any of the next run's, which may be fewer: Airflow tells their states by their index."""
    data = document(aws, catalogue)
    run(data)
    over, alive = (_status_id("shop", "killed", f"ingest_{index}") for index in range(2))
    left_running(catalogue, over, alive)
    operator(data).execute(context("next", XComs({"killed": {"ingest_0": "failed", "ingest_1": "running"}})))
    assert (statuses(catalogue)[over], statuses(catalogue)[alive]) == ("failed", "running")


def test_two_tasks_of_a_run_share_no_status(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Of one map, or of one DAG."""
    data = document(aws, catalogue)
    for task_id, index in (("ingest", 0), ("ingest", 1), ("again", -1)):
        ti = XComs()
        ti.map_index = index
        dag = DAG("shop", schedule=None)
        KinesisIngestionOperator(task_id=task_id, workflow=data, dag=dag).execute(context(ti=ti))
    assert list(statuses(catalogue).values()) == ["success"] * 3


def test_airflow_is_asked_only_where_a_run_is_left(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """It reads the whole history of the task for its answer."""
    data, ti = document(aws, catalogue), XComs()
    run(data)
    operator(data).execute(context("next", ti))
    assert ti.asked == []


def test_retries_of_a_run_share_its_id_and_other_runs_do_not(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """OpenMetadata asks for a UUID; a retried run overwrites the status of its former try."""
    task = operator(document(aws, catalogue))
    aws.faults = Faults(Rule(aws_error("InternalFailure"), "ListStreams"))
    with pytest.raises(AirflowException):
        task.execute(context())
    assert list(statuses(catalogue).values()) == ["failed"]
    aws.faults = Faults()
    task.execute(context())
    ((run_id, state),) = statuses(catalogue).items()
    assert (str(UUID(run_id)), state) == (run_id, "success")
    aws.faults = Faults(Rule(aws_error("InternalFailure"), "ListStreams"))
    with pytest.raises(AirflowException):
        task.execute(context("another run"))
    assert sorted(statuses(catalogue).values()) == ["failed", "success"]


def test_an_openmetadata_that_goes_down_at_the_end_does_not_change_the_result(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    catalogue.faults = Faults(Rule(Fault.status(503), target="*ingestionPipelines*"))
    assert run(document(aws, catalogue))["state"] == "success"


# --- the log ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def task_log() -> Any:
    """A root handler at INFO, as Airflow's task log has one."""
    handler = logging.StreamHandler(StringIO())
    handler.setLevel(logging.INFO)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    yield handler.stream
    root.handlers[:], root.level = before


@pytest.mark.parametrize("how", ["the file", "the trigger form"])
def test_debug_shows_our_lines_and_no_one_elses(how: str, aws: FakeKinesis, tmp_path: Path, task_log: StringIO) -> None:
    in_the_file = {"loggerLevel": "DEBUG"} if how == "the file" else {}
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    try:
        run(document(aws, tmp_path / "out.jsonl", workflowConfig=in_the_file), debug=not in_the_file)
    finally:
        logging.getLogger("botocore").setLevel(logging.NOTSET)
    assert "ListStreams" in task_log.getvalue()
    assert "botocore" not in task_log.getvalue()
    assert "Event before-parameter-build" not in task_log.getvalue()


def test_the_log_has_the_runs_table(aws: FakeKinesis, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its numbers, and each problem with what to do."""
    partly_refused(aws, 1)
    with pytest.raises(AirflowException):
        run(document(aws, tmp_path / "out.jsonl"))
    _, _, table = capsys.readouterr().out.partition("shop: failed\n")
    assert re.search(r"^listed +5$", table, re.MULTILINE)
    assert re.search(r"^failure: stream-00000 \(.*kinesis:DescribeStreamSummary", table, re.MULTILINE)


def test_without_debug_no_call_is_logged(aws: FakeKinesis, tmp_path: Path, task_log: StringIO) -> None:
    run(document(aws, tmp_path / "out.jsonl"))
    assert "ListStreams" not in task_log.getvalue()


def test_the_loggers_are_as_before_after_a_run(aws: FakeKinesis, tmp_path: Path, task_log: StringIO) -> None:
    ours, root = logging.getLogger("airflow_kinesis_ingest"), logging.getLogger()
    before = ours.level, ours.propagate, list(ours.handlers), root.handlers[0].level
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    with pytest.raises(AirflowFailException):
        run(document(aws, tmp_path / "out.jsonl"), debug=True)
    assert (ours.level, ours.propagate, list(ours.handlers), root.handlers[0].level) == before
    logging.getLogger("airflow_kinesis_ingest.engine").debug("after the run")
    assert "after the run" not in task_log.getvalue()


# --- secrets and templates -------------------------------------------------------------------------------------------


def test_the_rendered_view_shows_the_file_without_its_secrets(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    task = operator(in_file(tmp_path, document(aws, catalogue)))
    task.render_template_fields(context())
    assert "serviceName: shop" in task.redacted_workflow
    assert "***" in task.redacted_workflow
    assert SECRET not in task.redacted_workflow
    assert BOT not in task.redacted_workflow


@pytest.mark.parametrize("text", ["{{ ds }}", "{% raise %}", "{# gone #}", "${HOME}"])
def test_a_files_text_is_nobodys_template(text: str, aws: FakeKinesis, tmp_path: Path) -> None:
    """A description or a filter may hold what Jinja would run."""
    task = operator(in_file(tmp_path, document(aws, tmp_path / "out.jsonl", description=text)))
    task.render_template_fields(context())
    assert text in task.redacted_workflow


def test_a_broken_file_is_shown_by_its_faults(tmp_path: Path) -> None:
    task = operator(tmp_path / "gone.yaml")
    task.render_template_fields(context())
    assert "there is no such file" in task.redacted_workflow


def test_every_secret_is_known_to_airflows_masker(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that came from the environment."""
    masked: list[str] = []
    monkeypatch.setattr("airflow_kinesis_ingest.hooks.runtime.mask_secret", masked.append)
    monkeypatch.setenv("SHOP_JWT", BOT)
    run(document(aws, catalogue, token="${SHOP_JWT}"))
    assert {BOT, SECRET, "AKIAFAKEFAKEFAKEFAKE"} <= set(masked)


MISPLACED = "s3cr3t of one line"
PLACES = [
    *(("awsConfig", name) for name in ("awsRegion", "endPointURL", "profileName", "assumeRoleArn", "awsAccessKeyId")),
    *(("server", name) for name in ("hostPort", "clusterName", "apiVersion")),
]


def misplaced(aws: FakeKinesis, catalogue: FakeOpenMetadata, block: str, field: str, value: str) -> dict[str, Any]:
    data = document(aws, catalogue, server={field: value} if block == "server" else {})
    if block == "awsConfig":
        keys = () if field == "awsAccessKeyId" else ("awsAccessKeyId", "awsSecretAccessKey")
        connection = data["source"]["serviceConnection"]["config"]["awsConfig"]
        for key in keys:
            del connection[key]
        connection[field] = value
    return data


@pytest.mark.parametrize("origin", ["environment", "connection"])
@pytest.mark.parametrize(("block", "field"), PLACES, ids=[field for _, field in PLACES])
def test_a_value_in_a_wrong_field_is_masked_first_and_named_in_the_exception(
    block: str,
    field: str,
    origin: str,
    aws: FakeKinesis,
    catalogue: FakeOpenMetadata,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Whether the check refuses it, or the library that is given it, or nobody does."""
    masked: list[Any] = []
    for module in ("hooks.runtime", "hooks.connections"):
        monkeypatch.setattr(f"airflow_kinesis_ingest.{module}.mask_secret", masked.append)
    data = misplaced(aws, catalogue, block, field, "${MISPLACED}")
    monkeypatch.setenv("MISPLACED", MISPLACED)
    if origin == "connection" and block == "awsConfig":
        data["connections"] = {"aws": "shop"}
        extra = json.dumps({field: MISPLACED})
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "kinesis", "extra": extra}))
    elif origin == "connection":
        data["connections"] = {"openmetadata": "shop"}
        extra = json.dumps({"verifySSL": MISPLACED})
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps({"conn_type": "openmetadata", "host": "om", "extra": extra}))
    try:
        said = json.dumps(run(data))
    except AirflowException as error:
        said = str(error)
        assert field == "apiVersion" or "${MISPLACED}" in said or "connection `shop`" in said
    assert MISPLACED not in said + "".join(capfd.readouterr())
    assert MISPLACED in masked


def test_no_secret_is_in_the_result_or_the_log(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, task_log: StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(document(aws, catalogue), debug=True)
    written = json.dumps(result) + task_log.getvalue() + "".join(capfd.readouterr())
    assert SECRET not in written
    assert BOT not in written
