"""A run that asks instead of ingesting: what it answers, that it writes nothing, and what its conf may hold."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import AirflowFailException, redact
from airflow.sdk.log import mask_secret

from airflow_kinesis_ingest.engine.workflow.fence import HOSTS
from airflow_kinesis_ingest.operators.probe import ProbeOperator
from tests.airflow.loading import LOADER, Bundle
from tests.airflow.test_dag_factory import cluster_policy, owned
from tests.airflow.test_operator import RUN, XComs, in_file, operator
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import BOT, FakeOpenMetadata
from tests.fakes.server import Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

SECRET = "a-secret-of-the-connection-0123"
READING = ("ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords")


@pytest.fixture(autouse=True)
def nothing_masked() -> None:
    """Airflow's masker is the process's, and keeps what other tests gave it: a word of theirs may be one of ours."""
    sys.modules[redact.__module__]._secrets_masker().reset_masker()


class Grown(XComs):
    """Keeps every value that was pushed, as it was then."""

    def __init__(self) -> None:
        super().__init__()
        self.each: list[tuple[str, Any]] = []

    def xcom_push(self, key: str, value: Any) -> None:
        super().xcom_push(key, value)
        self.each.append((key, json.loads(json.dumps(value))))


def context(ti: XComs, conf: dict[str, Any]) -> Any:
    return {"run_id": RUN, "params": {}, "ti": ti, "dag_run": SimpleNamespace(conf=conf)}


def asked(workflow: Any, conf: dict[str, Any]) -> tuple[dict[str, Any], Grown]:
    """What the task of a deployed workflow answers: its return value, and its XComs."""
    ti = Grown()
    return operator(workflow).execute(context(ti, conf)), ti


def refused(task: Any, conf: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Why, and the return value that the run has all the same."""
    ti = Grown()
    with pytest.raises(AirflowFailException) as raised:
        task.execute(context(ti, conf))
    return str(raised.value), ti.pushed["return_value"]


def statuses(steps: list[dict[str, Any]]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in steps}


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__PAGE_SAMPLES", "True")


# --- of a deployed workflow ------------------------------------------------------------------------------------------


def test_a_test_tells_each_step_as_it_happens(aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path) -> None:
    """As one list that grows: where the worker is, the file, the calls of a run in their order."""
    answer, ti = asked(in_file(tmp_path, document(aws, catalogue)), {"probe": "test"})
    told = [value for key, value in ti.each if key == "steps"]
    assert [len(steps) for steps in told] == list(range(1, len(told) + 1))
    assert all(later[:-1] == earlier for earlier, later in pairwise(told))
    names = [step["name"] for step in told[-1]]
    assert names[:3] == ["Worker", "Workflow", "AWS credentials"]
    assert tuple(names[3:8]) == READING
    assert names[-1] == "OpenMetadata pipelines"
    assert "queue default, pool default_pool" in told[0][0]["message"]
    assert answer == {"probe": "test", "state": "passed", "steps": len(names), "failed": []}


@pytest.mark.parametrize("deployed", [True, False])
def test_the_first_step_is_told_before_any_client_is_loaded(deployed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading AWS's takes half a second of computing, several on a busy machine: somebody waits."""
    for heavy in ("engine.run.checks", "engine.run.pipeline", "hooks.runtime"):
        monkeypatch.setitem(sys.modules, f"airflow_kinesis_ingest.{heavy}", None)
    task = operator("unread.yaml") if deployed else ProbeOperator(task_id="probe")
    ti, more = Grown(), {} if deployed else {"workflow": unsaved()}
    with pytest.raises(ImportError):
        task.execute(context(ti, {"probe": "test", **more}))
    assert [step["name"] for step in ti.pushed["steps"]] == ["Worker"]


def test_the_first_step_is_told_before_the_file_is_read(tmp_path: Path) -> None:
    """Reading it may take connections from a secrets backend, and the next steps load AWS's library."""
    answer, ti = asked(tmp_path / "there is none.yaml", {"probe": "test"})
    assert [len(value) for _, value in ti.each] == [1, 2]
    assert answer["failed"] == ["Workflow"]
    assert "there is no such file" in ti.pushed["steps"][1]["message"]


@pytest.mark.parametrize("probe", ["test", "streams", "sample"])
@pytest.mark.usefixtures("samples")
def test_a_probe_writes_nothing(probe: str, aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path) -> None:
    """No topic, no service, no status of the run: OpenMetadata is asked, and not told."""
    conf = {"probe": probe} | ({"stream": "stream-00000"} if probe == "sample" else {})
    answer, _ = asked(in_file(tmp_path, document(aws, catalogue)), conf)
    assert (answer["probe"], answer["state"]) == (probe, "passed")
    assert {request.method for request in catalogue.requests} <= {"GET"}
    assert (catalogue.topics, catalogue.services, catalogue.statuses, catalogue.pipelines) == ({}, {}, {}, {})


def test_a_probe_writes_no_file_either(aws: FakeKinesis, tmp_path: Path) -> None:
    asked(document(aws, tmp_path / "out.jsonl"), {"probe": "test"})
    assert list(tmp_path.iterdir()) == []


def test_a_missing_permission_comes_with_its_action_and_the_statement_to_copy(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """The task itself has done its work: it would alert who watches the pipeline."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListShards"))
    answer, ti = asked(document(aws, catalogue), {"probe": "test"})
    assert (answer["state"], answer["failed"]) == ("failed", ["ListShards"])
    (step,) = [step for step in ti.pushed["steps"] if step["status"] == "failed"]
    assert step["actions"] == ["kinesis:ListShards"]
    assert step["statement"] == {"Effect": "Allow", "Action": ["kinesis:ListShards"], "Resource": "*"}
    assert step["message"]
    assert step["remedy"]


def test_a_listing_has_the_verdicts_of_the_filter_that_is_asked_for(aws: FakeKinesis, tmp_path: Path) -> None:
    flow = document(aws, tmp_path / "unused", metadata={"topicFilterPattern": {"excludes": [".*"]}})
    answer, ti = asked(flow, {"probe": "streams", "filter": {"includes": [".*[01]$"]}})
    assert answer == {"probe": "streams", "state": "passed", "count": 5, "kept": 2, "cut": 0, "complete": True}
    assert ti.pushed["streams"]["count"] == 5


def test_a_filter_that_is_wrong_is_an_answer_with_its_place(aws: FakeKinesis, tmp_path: Path) -> None:
    answer, _ = asked(document(aws, tmp_path / "unused"), {"probe": "streams", "filter": {"includes": ["("]}})
    assert answer["state"] == "failed"
    assert "topicFilterPattern.includes[0]" in answer["error"]["cause"]
    assert aws.calls() == []


def test_a_call_that_fails_is_an_answer_too(aws: FakeKinesis, tmp_path: Path) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    answer, ti = asked(document(aws, tmp_path / "unused"), {"probe": "streams"})
    assert (answer["probe"], answer["state"]) == ("streams", "failed")
    assert answer["error"]["actions"] == ["kinesis:ListStreams"]
    assert "streams" not in ti.pushed


@pytest.mark.usefixtures("samples")
def test_a_sample_has_the_messages_of_one_stream(aws: FakeKinesis, tmp_path: Path) -> None:
    answer, ti = asked(document(aws, tmp_path / "unused"), {"probe": "sample", "stream": "stream-00003"})
    assert answer == {"probe": "sample", "state": "passed", "count": 3, "cut": 0}
    assert len(ti.pushed["sample"]["messages"]) == 3
    assert {call.stream for call in aws.calls()} == {"stream-00003"}


def test_samples_are_off_where_nobody_allowed_them(aws: FakeKinesis, tmp_path: Path) -> None:
    answer, ti = asked(document(aws, tmp_path / "unused"), {"probe": "sample", "stream": "stream-00003"})
    assert answer["error"]["where"] == "[kinesis_ingest] page_samples"
    assert "set it to True" in answer["error"]["remedy"]
    assert (aws.calls(), "sample" in ti.pushed) == ([], False)


@pytest.mark.usefixtures("samples")
def test_what_airflows_masker_knows_is_in_no_answer(tmp_path: Path) -> None:
    """An XCom, other than a log, does not go through it by itself."""
    mask_secret(SECRET)
    stream = FakeStream("a", [FakeShard(records=[FakeRecord(json.dumps({"note": f"use {SECRET}"}).encode())])])
    with FakeKinesis([stream], quotas={}) as aws:
        _, ti = asked(document(aws, tmp_path / "unused"), {"probe": "sample", "stream": "a"})
    assert "use ***" in ti.pushed["sample"]["messages"][0]["text"]


@pytest.mark.parametrize("conf", [{"probe": "tset"}, {"probe": None}, {"probe": True}, {"probe": "test", "x": 1}])
def test_a_run_that_asks_for_what_there_is_not_never_ingests(
    conf: dict[str, Any], aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """It fails at once, says what is allowed, and is marked as a probe all the same."""
    why, value = refused(operator(document(aws, catalogue)), conf)
    assert "test, streams, sample" in why or "Allowed here: probe, debug, filter" in why
    assert (value["state"], "probe" in value) == ("failed", True)
    assert (aws.calls(), catalogue.requests) == ([], [])


def test_what_a_probe_asks_is_read_from_the_conf_alone(aws: FakeKinesis, tmp_path: Path) -> None:
    """`[core] dag_run_conf_overrides_params` may keep the conf from the params: the run would ingest."""
    ti = Grown()
    answer = operator(document(aws, tmp_path / "out.jsonl")).execute(
        context(ti, {"probe": "test"}) | {"params": {"debug": False}}
    )
    assert answer["probe"] == "test"


def test_a_probe_of_a_broken_pipeline_says_why_and_tells_openmetadata_nothing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    catalogue.add_service("shop")
    bundle, ti = Bundle(tmp_path), Grown()
    bundle.put("shop.yaml", json.dumps(document(aws, catalogue, airflowConfig={"retries": "many"})))
    answer = bundle.started("shop").execute(context(ti, {"probe": "test"}))
    assert (answer["state"], answer["failed"]) == ("failed", ["Workflow"])
    assert "airflowConfig.retries" in ti.pushed["steps"][1]["message"]
    assert catalogue.requests == []


def test_an_announced_pipeline_is_shown_by_openmetadata_and_has_no_run(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    answer, _ = asked(document(aws, catalogue), {"probe": "announce"})
    assert answer == {"probe": "announce", "state": "passed", "shown": True}
    assert list(catalogue.services) == ["shop"]
    assert [pipeline["name"] for pipeline in catalogue.pipelines.values()] == ["shop"]
    assert not any(catalogue.statuses.values())
    assert catalogue.topics == {}


def test_where_the_sink_is_a_file_there_is_nobody_to_announce_to(aws: FakeKinesis, tmp_path: Path) -> None:
    answer, _ = asked(document(aws, tmp_path / "out.jsonl"), {"probe": "announce"})
    assert answer == {"probe": "announce", "state": "passed", "shown": False}


def test_a_server_that_refuses_the_announcement_is_an_answer(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    catalogue.bots.clear()
    answer, _ = asked(document(aws, catalogue), {"probe": "announce"})
    assert answer["state"] == "failed"
    assert answer["error"]["remedy"]


def test_a_broken_pipeline_is_announced_as_failed_with_its_faults(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    """The task does not fail of it: what was asked for is done."""
    catalogue.add_service("shop")
    bundle, ti = Bundle(tmp_path), Grown()
    bundle.put("shop.yaml", json.dumps(document(aws, catalogue, airflowConfig={"retries": "many"})))
    answer = bundle.started("shop").execute(context(ti, {"probe": "announce"}))
    assert answer == {"probe": "announce", "state": "passed", "shown": True}
    assert "airflowConfig.retries" in json.dumps(catalogue.statuses)
    assert "failed" in json.dumps(catalogue.statuses)


# --- of a workflow that is not deployed ------------------------------------------------------------------------------


@pytest.fixture
def task(aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch) -> ProbeOperator:
    """With the connections `aws` and `om`."""
    extra = {"awsRegion": aws.region, "endPointURL": aws.url}
    kinesis = Connection("aws", "kinesis", login="AKIAFAKE", password=SECRET, extra=json.dumps(extra))
    host, port = catalogue.host_port.removeprefix("http://").removesuffix("/api").split(":")
    server = Connection("om", "openmetadata", host=host, port=int(port), password=BOT)
    for made in (kinesis, server):
        monkeypatch.setenv(f"AIRFLOW_CONN_{str(made.conn_id).upper()}", made.as_json())
    return ProbeOperator(task_id="probe")


def unsaved(**blocks: Any) -> dict[str, Any]:
    """A workflow as the conf carries it."""
    wanted = {"type": "MessagingMetadata", "generateSampleData": True}
    source = {"type": "kinesis", "serviceName": "shop", "sourceConfig": {"config": wanted}}
    connections = {"aws": "aws", "openmetadata": "om"}
    return {"name": "shop", "source": source, "sink": {"type": "metadata-rest"}, "connections": connections, **blocks}


def test_a_workflow_without_a_file_is_tested_by_the_ids_of_its_connections(
    task: ProbeOperator, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    ti = Grown()
    answer = task.execute(context(ti, {"probe": "test", "workflow": unsaved()}))
    assert (answer["probe"], answer["state"]) == ("test", "passed")
    assert statuses(ti.pushed["steps"])["GetRecords"] == "passed"
    assert {request.method for request in catalogue.requests} == {"GET"}
    assert not any(text in json.dumps(ti.each) for text in (SECRET, BOT, aws.url))


@pytest.mark.usefixtures("samples")
def test_its_streams_and_a_sample_can_be_asked_for_too(task: ProbeOperator) -> None:
    ti = Grown()
    assert task.execute(context(ti, {"probe": "streams", "workflow": unsaved()}))["count"] == 5
    asking = {"probe": "sample", "stream": "stream-00001", "workflow": unsaved()}
    assert task.execute(context(ti, asking))["count"] == 3


@pytest.mark.parametrize(
    "blocks",
    [
        {"workflowConfig": {"openMetadataServerConfig": {"securityConfig": {"jwtToken": SECRET}}}},
        {"sercet": SECRET},
        {"connections": {"aws": f"https://user:{SECRET}@kinesis"}},
        {"service": {"description": "${OM_JWT}"}},
    ],
)
def test_a_conf_that_could_hold_a_secret_is_refused_before_any_call(
    blocks: dict[str, Any], task: ProbeOperator, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    why, value = refused(task, {"probe": "test", "workflow": unsaved(**blocks)})
    assert "Airflow stores the conf of a run and shows it in clear" in why
    assert (value["probe"], value["state"]) == ("test", "failed")
    assert SECRET not in why + json.dumps(value)
    assert (aws.calls(), catalogue.requests) == ([], [])


def test_a_conf_without_a_workflow_is_refused(task: ProbeOperator) -> None:
    why, _ = refused(task, {"probe": "test"})
    assert "`workflow` is missing" in why


def test_a_run_of_it_without_a_conf_says_what_it_is_for(task: ProbeOperator) -> None:
    """Somebody pressed Trigger."""
    why, _ = refused(task, {})
    assert "test, streams, sample" in why


def test_a_connection_that_is_not_there_is_a_step_that_failed(task: ProbeOperator) -> None:
    ti = Grown()
    answer = task.execute(context(ti, {"probe": "test", "workflow": unsaved(connections={"aws": "nobody"})}))
    assert answer["failed"] == ["Workflow"]
    assert "there is no Airflow connection `nobody`" in ti.pushed["steps"][1]["message"]


def test_the_fence_holds_for_it(
    task: ProbeOperator, aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AIRFLOW__KINESIS_INGEST__{HOSTS.upper()}", "om.example.com")
    ti = Grown()
    answer = task.execute(context(ti, {"probe": "test", "workflow": unsaved()}))
    assert answer["failed"] == ["Workflow"]
    assert "not among those that workflow files may use" in ti.pushed["steps"][1]["message"]
    assert (aws.calls(), catalogue.requests) == ([], [])


# --- its DAG ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "dags")


def probing(bundle: Bundle, probe: str = "True") -> Bundle:
    loader = LOADER.replace('"workflows")', f'"workflows", probe={probe})')
    (bundle.root / bundle.loader).write_text(loader)
    return bundle


def test_the_probe_dag_is_there_only_where_the_loader_asks_for_it(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    assert set(bundle.parsed().dags) == {"shop"}
    assert set(probing(bundle).parsed().dags) == {"shop", "kinesis_probe"}


def test_the_probe_dag_waits_for_nobody_and_is_no_pipeline(bundle: Bundle) -> None:
    """Not scheduled, not paused, and not among those that the page takes for workflows."""
    dag = probing(bundle).worker_dags()["kinesis_probe"]
    assert type(dag.timetable).__name__ == "NullTimetable"
    assert (dag.is_paused_upon_creation, dag.tags) == (False, {"kinesis-probe"})
    assert "not deployed yet" in (dag.description or "")
    (task,) = dag.tasks
    assert (task.task_id, type(task)) == ("probe", ProbeOperator)


def test_a_queue_has_a_probe_dag_of_its_own_where_the_loader_names_it(bundle: Bundle) -> None:
    """Airflow lets no run choose the queue of its tasks."""
    dags = probing(bundle, '["eu", "in the vpc"]').worker_dags()
    queues = {dag_id: dag.tasks[0].queue for dag_id, dag in dags.items()}
    default = queues.pop("kinesis_probe")
    assert queues == {"kinesis_probe.eu": "eu", "kinesis_probe.in_the_vpc": "in the vpc"}
    assert default not in queues.values()


def test_a_worker_that_starts_a_probe_builds_its_dag_alone(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    probing(bundle, '["eu"]')
    assert set(bundle.worker_dags("kinesis_probe.eu")) == {"kinesis_probe.eu"}
    assert set(bundle.worker_dags("shop")) == {"shop"}


def test_a_workflow_of_that_name_comes_first(bundle: Bundle) -> None:
    bundle.put("kinesis_probe.yaml")
    for dags in (probing(bundle).worker_dags(), bundle.worker_dags("kinesis_probe")):
        assert [task.task_id for task in dags["kinesis_probe"].tasks] == ["ingest"]


def test_a_probe_dag_that_a_cluster_policy_refuses_harms_only_itself(bundle: Bundle) -> None:
    """It has no owner of its own, which this policy asks for."""
    bundle.put("shop.yaml", owner="checkout")
    with cluster_policy(task_policy=owned):
        parsed = probing(bundle).parsed()
    assert (set(parsed.dags), set(parsed.errors)) == ({"shop"}, {"kinesis_probe"})
    assert "refuses the DAG kinesis_probe: every task needs an owner" in parsed.errors["kinesis_probe"]
