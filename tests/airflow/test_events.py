"""A workflow that names a queue: what its DAG is scheduled on, and what a run makes of the events that started it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from importlib import util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.hooks.sqs import SqsHook
from airflow.providers.common.compat.sdk import AirflowSkipException
from airflow.sdk import Asset
from airflow.timetables.base import TimeRestriction
from botocore.exceptions import ClientError

from airflow_kinesis_ingest import dag_factory, watching
from airflow_kinesis_ingest.engine.workflow.models import Events
from airflow_kinesis_ingest.operators.events import PREFIX
from tests.airflow.loading import Bundle, serialization
from tests.airflow.test_operator import XComs, in_file, operator
from tests.builders import cloudtrail_event, document
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

QUEUE = "https://sqs.us-east-2.amazonaws.com/123456789012/kinesis"
NAMED = {"queueUrl": QUEUE}
TRIGGER = "airflow_kinesis_ingest.watching.QueueTrigger"
OURS = Asset(f"{PREFIX}{QUEUE}", "kinesis-events://sqs.us-east-2.amazonaws.com/123456789012/kinesis")


# --- the DAG ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "dags")


def watchers(stored: object) -> list[dict[str, Any]]:
    """All triggers in what Airflow stores of a DAG."""
    if isinstance(stored, dict):
        own = [stored] if "classpath" in stored else []
        return own + [found for child in stored.values() for found in watchers(child)]
    return [found for child in stored for found in watchers(child)] if isinstance(stored, list) else []


def test_a_queue_is_watched_beside_the_schedule(bundle: Bundle) -> None:
    """The schedule is the file's own, with all that it says of it."""
    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": "hourly", "spread": 600, "firstRun": "next"})
    plain = bundle.parsed().dags["shop"]
    more = {"scheduleInterval": "hourly", "spread": 600, "firstRun": "next"}
    bundle.put("shop.yaml", airflowConfig=more | {"events": NAMED | {"connection": "queue_aws"}})
    watched = bundle.parsed().dags["shop"]
    assert watched["timetable"]["__var"]["timetable"] == plain["timetable"]
    (trigger,) = {json.dumps(each, sort_keys=True): each for each in watchers(watched)}.values()
    assert trigger["classpath"] == TRIGGER
    kwargs = trigger["kwargs"]
    assert (kwargs["sqs_queue"], kwargs["aws_conn_id"], kwargs["region_name"]) == (QUEUE, "queue_aws", "us-east-2")
    assert kwargs["delete_message_on_reception"] is True


def test_the_ticks_are_those_of_the_schedule(bundle: Bundle) -> None:
    """As the scheduler asks for them, from what is stored."""
    ticks = []
    for events in ({}, {"events": NAMED}):
        bundle.put("shop.yaml", airflowConfig={"scheduleInterval": "hourly", "startDate": "2027-01-01", **events})
        (stored,) = bundle.parsed().result.serialized_dags
        timetable = serialization().from_dict(stored.data).timetable
        limits = TimeRestriction(earliest=None, latest=None, catchup=True)
        ticks.append(timetable.next_dagrun_info(last_automated_data_interval=None, restriction=limits))
    assert ticks[0] == ticks[1]
    assert str(ticks[0].run_after) == "2027-01-01 00:00:00+00:00"


def test_on_demand_events_alone_start_it(bundle: Bundle) -> None:
    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": None, "events": NAMED})
    assert watchers(bundle.parsed().dags["shop"])


def test_two_workflows_of_one_queue_watch_one_asset(bundle: Bundle) -> None:
    """By one trigger: two of them would take messages from each other."""
    for name in ("shop", "orders"):
        bundle.put(f"{name}.yaml", airflowConfig={"events": NAMED})
    assert len({json.dumps(each, sort_keys=True) for each in watchers(bundle.parsed().dags)}) == 1


def test_a_task_that_starts_loads_nothing_of_it(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second of every task."""
    bundle.put("shop.yaml", airflowConfig={"events": NAMED})
    monkeypatch.setitem(sys.modules, "airflow_kinesis_ingest.watching", None)
    assert bundle.started("shop").task_id == "ingest"


def test_without_the_amazon_provider_the_file_says_so(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its line; the other files do not need it."""
    bundle.put("shop.yaml", airflowConfig={"events": NAMED})
    bundle.put("orders.yaml")
    found = util.find_spec
    monkeypatch.setattr(dag_factory, "find_spec", lambda name: None if "amazon" in name else found(name))
    parsed = bundle.parsed()
    (error,) = parsed.errors.values()
    assert "airflowConfig.events: the Airflow provider of Amazon is not installed here" in error
    assert "orders" in parsed.dags


# --- the trigger -----------------------------------------------------------------------------------------------------


class Sqs:
    """A queue that first refuses, then is empty, then has one message."""

    def __init__(self) -> None:
        self.answers: list[Any] = [denied(), {}, {"Messages": [{"MessageId": "1", "ReceiptHandle": "r", "Body": "{}"}]}]
        self.deleted: list[str] = []

    def receive_message(self, **_: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def delete_message_batch(self, Entries: list[dict[str, str]], **_: str) -> Any:  # noqa: N803
        self.deleted += [entry["Id"] for entry in Entries]
        return {"Successful": Entries}


def denied() -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": "not sqs:ReceiveMessage"}}, "ReceiveMessage")


class Rests(list[float]):
    """What was slept through. limit: of rests, after which the test ends them."""

    def __init__(self, limit: int = 10) -> None:
        self.limit = limit

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        if len(self) >= self.limit:
            raise EOFError


async def first(trigger: Any) -> dict[str, Any]:
    return dict((await anext(trigger.run())).payload)


def test_a_queue_that_cannot_be_read_is_tried_again_after_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow starts a trigger that failed at once again, and each start would be a call and a page of the log."""
    sqs, rests = Sqs(), Rests()
    monkeypatch.setattr(SqsHook, "conn", sqs)
    monkeypatch.setattr(asyncio, "sleep", rests)
    (watcher,) = watching.asset_of(Events(queueUrl=QUEUE)).watchers
    payload = asyncio.run(first(watcher.trigger))
    assert [message["Body"] for message in payload["message_batch"]] == ["{}"]
    assert sqs.deleted == ["1"]
    assert rests == [watching.AFTER_ERROR, watching.REST]
    log = capsys.readouterr().out
    assert f"the queue {QUEUE} is not read: " in log
    assert "not sqs:ReceiveMessage" in log


def test_a_queue_outside_the_fence_is_not_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Parsing reads no fence, and who may write workflow files is not who the triggerer is."""
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__ALLOWED_HOSTS", "sqs.example.com")
    monkeypatch.setattr(SqsHook, "conn", None)
    monkeypatch.setattr(asyncio, "sleep", Rests(1))
    (watcher,) = watching.asset_of(Events(queueUrl=QUEUE)).watchers
    with pytest.raises(EOFError):
        asyncio.run(first(watcher.trigger))
    assert "[kinesis_ingest] allowed_hosts" in capsys.readouterr().out


# --- the run ---------------------------------------------------------------------------------------------------------


def event(*bodies: Any, **extra: Any) -> Any:
    """An event of an asset, as a task sees it."""
    batch = [{"MessageId": str(number), "Body": json.dumps(body)} for number, body in enumerate(bodies)]
    return SimpleNamespace(
        extra=extra or {"from_trigger": True, "payload": {"status": "success", "message_batch": batch}}
    )


def execute(workflow: Any, *events: Any, of: Asset = OURS, run_type: str = "asset_triggered") -> dict[str, Any]:
    context: Any = {
        "run_id": f"{run_type}__1",
        "params": {},
        "ti": XComs(),
        "triggering_asset_events": {of: list(events)},
    }
    run = SimpleNamespace(run_type=run_type, conf={})
    return operator(workflow).execute(context | {"dag_run": run})


def told(aws: FakeKinesis, stream: str, **changes: Any) -> dict[str, Any]:
    return cloudtrail_event(**{"stream": stream, "account": aws.account, "region": aws.region, **changes})


@pytest.fixture
def flow(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> dict[str, Any]:
    return document(aws, catalogue, airflowConfig={"events": NAMED})


def test_several_events_are_one_run_of_all_their_streams(aws: FakeKinesis, flow: dict[str, Any]) -> None:
    """Airflow makes one run of what happened while another was going on."""
    report = execute(
        flow, event(told(aws, "stream-00001"), told(aws, "stream-00002")), event(told(aws, "stream-00001"))
    )
    assert (report["state"], report["listed"], report["written"]) == ("success", 2, 2)
    assert aws.counts["ListStreams"] == 0


def test_what_cannot_be_understood_is_named_and_skipped(
    aws: FakeKinesis, flow: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    report = execute(flow, event({"hello": "world"}, told(aws, "stream-00001")))
    assert report["written"] == 1
    assert "skipped message 0: no event of CloudTrail about a call of Kinesis" in caplog.text
    assert f"CreateStream of stream-00001 ({aws.account} {aws.region})" in caplog.text


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="Airflow names none"),
        pytest.param([event()], id="without messages"),
        pytest.param([event({"hello": "world"})], id="no event"),
        pytest.param([event(cloudtrail_event("DeleteStream"))], id="a deletion"),
        pytest.param([event(cloudtrail_event(region="eu-west-1", stream="stream-00001"))], id="another region"),
        pytest.param([event(manually="made")], id="made by hand"),
        pytest.param([event(payload=None)], id="no payload"),
        pytest.param([event(payload={"message_batch": "x"})], id="no batch"),
        pytest.param([SimpleNamespace(extra=None)], id="nothing at all"),
    ],
)
def test_a_run_of_events_that_name_no_stream_of_the_workflow_is_skipped(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, flow: dict[str, Any], events: list[Any]
) -> None:
    """It never becomes a run of all streams: nobody is asked, nothing is written."""
    with pytest.raises(AirflowSkipException):
        execute(flow, *events)
    assert not aws.calls()
    assert not catalogue.requests


def test_an_event_stays_one_when_the_file_has_lost_its_queue(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    """Between the event and the start of the task."""
    file = in_file(tmp_path, document(aws, catalogue))
    assert execute(file, event(told(aws, "stream-00001")))["listed"] == 1


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "backfill"])
def test_the_schedule_and_people_start_runs_of_all_streams(
    aws: FakeKinesis, flow: dict[str, Any], run_type: str
) -> None:
    assert execute(flow, run_type=run_type)["listed"] == len(aws.streams)


def test_an_asset_of_somebody_elses_starts_a_run_of_all_streams(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """In a DAG of one's own, which may be scheduled on anything."""
    workflow = document(aws, catalogue)
    assert execute(workflow, event(told(aws, "stream-00001")), of=Asset("orders"))["listed"] == len(aws.streams)


def test_a_run_of_events_counts_for_no_rolling_run(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The next one describes all that has come up since the last run of all streams."""
    rolling = document(aws, catalogue, options={"refresh": "rolling"}, airflowConfig={"events": NAMED})
    execute(rolling, run_type="scheduled")
    execute(rolling, event(told(aws, "stream-00001")))
    marked = [bool(status.get("metadata")) for status in catalogue.statuses["shop.shop"].values()]
    assert marked.count(True) == 1
