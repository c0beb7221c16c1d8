"""The provider in a real Airflow (scheduler, dag processor, api-server, SQLite), driven as its users drive it.

One Airflow serves the module; the tests are the chapters of one story and run in this order.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.demo.standalone import Airflow, airflow
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule
from tests.fakes.smtp import FakeSmtp, text_of

# pytest's limit counts the start of Airflow to the first test, and is there for what none of the limits below ends.
pytestmark = pytest.mark.timeout(1200)

STREAMS = 5
TASK = "ingest"
LOADER = """\
from airflow_kinesis_ingest import load_workflows  # airflow dag

load_workflows(globals(), "workflows", probe=True)
"""
LITERAL_SECRET = "wJalrXUtnFEMI-literal-in-the-file"
ENVIRONMENT_TOKEN = "a-jwt-from-the-environment-0123456789"
CONNECTION_SECRET = "a-secret-of-an-airflow-connection"
LINEAGE = "openlineage.jsonl"


@dataclass(frozen=True)
class Live:
    airflow: Airflow
    dags: Path
    kinesis: FakeKinesis
    catalogue: FakeOpenMetadata
    mail: FakeSmtp

    def drop(self, name: str, text: str) -> None:
        """Put a file into the dags folder as people do: not by `deploy`."""
        (self.dags / "workflows" / f"{name}.yaml").write_text(text)

    def parse_now(self, dag_id: str = "steady") -> None:
        """What the UI's "reparse" button does: the loader is read at once instead of within 30 seconds."""
        token = self.airflow.call("GET", f"/dags/{dag_id}/details")["file_token"]
        self.airflow.call("PUT", f"/parseDagFile/{token}")

    def errors(self) -> dict[str, str]:
        found = self.airflow.call("GET", "/importErrors")["import_errors"]
        return {error["filename"]: error["stack_trace"] for error in found}

    def tags(self, dag_id: str) -> set[str]:
        dag = self.airflow.call("GET", f"/dags/{dag_id}") or {"tags": []}
        return {tag["name"] for tag in dag["tags"]}

    def run(self, dag_id: str, **parameters: Any) -> tuple[str, str]:
        run_id = self.airflow.trigger(dag_id, **parameters)
        return run_id, self.airflow.await_run(dag_id, run_id)

    def hanging(self, dag_id: str) -> str:
        """A run whose task has begun and goes no further: its id. AWS is to be mended by who asks for it."""
        self.kinesis.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary"))
        before = self.kinesis.counts["DescribeStreamSummary"]
        run_id = self.airflow.trigger(dag_id)
        self.airflow.wait(lambda: self.kinesis.counts["DescribeStreamSummary"] > before, "the hanging call")
        return run_id

    def log(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The lines of the task's log."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{TASK}/logs/1?full_content=true"
        found: list[dict[str, Any]] = self.airflow.call("GET", path)["content"]
        return found

    def xcom(self, dag_id: str, run_id: str, task: str, key: str) -> Any:
        """None where there is none."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/{key}"
        found = self.airflow.call("GET", path)
        value = found and found["value"]
        return json.loads(value) if isinstance(value, str) else value

    def logged(self, dag_id: str, run_id: str, text: str) -> datetime:
        """When the one line with this text was logged."""
        (line,) = [line for line in self.log(dag_id, run_id) if text in line["event"]]
        return datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    home, dags = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("dags")
    (dags / "workflows").mkdir()
    (dags / "kinesis_workflows.py").write_text(LOADER)
    with (
        FakeKinesis(json_streams(STREAMS, records=3), quotas={}) as kinesis,
        FakeOpenMetadata(bots=[ENVIRONMENT_TOKEN]) as catalogue,
        FakeSmtp() as mail,
    ):
        steady = document(kinesis, home / "steady.jsonl", airflowConfig={"scheduleInterval": None})
        steady["source"]["serviceConnection"]["config"]["awsConfig"]["awsSecretAccessKey"] = LITERAL_SECRET
        (dags / "workflows" / "steady.yaml").write_text(json.dumps(steady, indent=1))
        connection: dict[str, Any] = {"conn_type": "kinesis", "login": "AKIAINTHECONNECTION"}
        extra = {"awsRegion": kinesis.region, "endPointURL": kinesis.url}
        connection |= {"password": CONNECTION_SECRET, "extra": extra}
        environment = {"LIVE_JWT": ENVIRONMENT_TOKEN, "AIRFLOW_CONN_LIVE_AWS": json.dumps(connection)}
        environment["AIRFLOW_CONN_LIVE_MAIL"] = json.dumps(mail.connection())
        environment["AIRFLOW__CORE__TEST_CONNECTION"] = "Enabled"
        environment["AIRFLOW__KINESIS_INGEST__PAGE_SAMPLES"] = "True"
        lineage = {"type": "file", "log_file_path": str(home / LINEAGE), "append": True}
        environment["AIRFLOW__OPENLINEAGE__TRANSPORT"] = json.dumps(lineage)
        with behind_a_proxy(), airflow(home, dags, environment=environment) as started:
            started.wait(lambda: started.call("GET", "/dags/steady"), "the first DAG")
            started.await_run("steady", started.trigger("steady"))  # what is timed below is not Airflow's warming up
            yield Live(started, dags, kinesis, catalogue, mail)


@contextmanager
def behind_a_proxy() -> Iterator[None]:
    """A machine whose proxy, which is not there, must never be asked for what is on the machine itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("no_proxy", raising=False)
        patch.setenv("NO_PROXY", "intranet.example")
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        yield


def orders(live: Live, **schedule: Any) -> str:
    """A workflow into OpenMetadata: AWS through an Airflow connection, the token from the environment."""
    flow = document(live.kinesis, live.catalogue, airflowConfig={"scheduleInterval": None, **schedule})
    del flow["source"]["serviceConnection"]
    flow["connections"] = {"aws": "live_aws"}
    flow["workflowConfig"]["openMetadataServerConfig"]["securityConfig"]["jwtToken"] = "${LIVE_JWT}"
    return json.dumps(flow, indent=1)


def test_a_dropped_file_is_a_pipeline_within_35_seconds(live: Live) -> None:
    """It appears, runs, returns its counts, and the catalogue has every stream with its sample."""
    live.drop("orders", orders(live))
    live.airflow.wait(lambda: live.airflow.call("GET", "/dags/orders"), "the dropped file", limit=35)
    run_id, state = live.run("orders")
    assert state == "success", live.airflow.log("orders", run_id, TASK)
    counts = live.airflow.result("orders", run_id, TASK)
    assert (counts["state"], counts["listed"], counts["written"]) == ("success", STREAMS, STREAMS)
    assert len(live.catalogue.topics) == STREAMS
    assert all(topic["sampleData"]["messages"] for topic in live.catalogue.topics.values())


def test_openmetadata_saw_the_run_and_the_task_links_to_it(live: Live) -> None:
    """The IngestionPipeline entity has the run's success; the task links to the service.

    Streams behind an endpoint of one's own have no page in the AWS console, so there is no link to it.
    """
    statuses = live.catalogue.statuses["shop.orders"]
    assert [status["pipelineState"] for status in statuses.values()] == ["success"]
    run_id = live.airflow.call("GET", "/dags/orders/dagRuns")["dag_runs"][0]["dag_run_id"]
    links = live.airflow.call("GET", f"/dags/orders/dagRuns/{run_id}/taskInstances/{TASK}/links")["extra_links"]
    assert links["OpenMetadata"].startswith(live.catalogue.host_port.removesuffix("/api"))
    assert links["Kinesis console"] is None


def test_openlineage_is_told_of_the_streams_and_the_topics(live: Live) -> None:
    """By its provider's own listener, once the task has succeeded: each end with its fields."""
    file = live.airflow.home / LINEAGE

    def told() -> list[dict[str, Any]]:
        events = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        ended = [event for event in events if event["eventType"] == "COMPLETE"]
        return [event for event in ended if event["job"]["name"] == f"orders.{TASK}"]

    live.airflow.wait(told, "the event of the task's end")
    (event,) = told()
    read, written = ({(each["namespace"], each["name"]): each for each in event[of]} for of in ("inputs", "outputs"))
    kinesis, server = live.kinesis, live.catalogue.host_port.removeprefix("http://").removesuffix("/api")
    namespace = f"arn:aws:kinesis:{kinesis.region}:{kinesis.account}"
    assert set(read) == {(namespace, f"stream/{name}") for name in kinesis.streams}
    assert set(written) == {(f"openmetadata://{server}", f"shop.{name}") for name in kinesis.streams}
    for end in (*read.values(), *written.values()):
        assert {"id", "stream", "amount"} <= {field["name"] for field in end["facets"]["schema"]["fields"]}


def test_the_rendered_view_has_the_workflow_without_its_secrets(live: Live) -> None:
    """What Airflow stores of a run, and shows: a placeholder by its name, a literal secret as `***`."""
    shown = {}
    for name in ("orders", "steady"):
        run_id = live.airflow.call("GET", f"/dags/{name}/dagRuns")["dag_runs"][0]["dag_run_id"]
        task = live.airflow.call("GET", f"/dags/{name}/dagRuns/{run_id}/taskInstances/{TASK}")
        shown[name] = task["rendered_fields"]["redacted_workflow"]
    assert "serviceName: shop" in shown["orders"]
    assert "jwtToken: ${LIVE_JWT}" in shown["orders"]
    assert "awsSecretAccessKey: '***'" in shown["steady"]


def test_airflows_own_connection_test_tries_every_call(live: Live) -> None:
    """The button of the connection form: what was tried, or what is wrong."""
    extra = {"awsRegion": live.kinesis.region, "endPointURL": live.kinesis.url}
    typed = {"connection_id": "typed", "conn_type": "kinesis", "login": "AKIATYPED", "password": CONNECTION_SECRET}
    works = live.airflow.call("POST", "/connections/test", typed | {"extra": json.dumps(extra)})
    assert works["status"], works
    assert works["message"].startswith("It works: AWS credentials, ListStreams, ")
    wrong = {"extra": json.dumps(extra | {"awsRegion": "nowhere 1"})}
    fails = live.airflow.call("POST", "/connections/test", typed | wrong)
    assert (fails["status"], fails["message"].startswith("`awsRegion` of this connection: ")) == (False, True)


def test_a_broken_file_is_seen_under_its_own_path(live: Live) -> None:
    """An import error with line and remedy under the YAML's path, a placeholder that fails with the reason."""
    live.drop("orders", orders(live).replace('"serviceName"', '"serviceNam"'))
    live.parse_now()
    live.airflow.wait(lambda: "workflows/orders.yaml" in live.errors(), "the import error")
    assert "workflows/orders.yaml:" in live.errors()["workflows/orders.yaml"]
    assert "Did you mean `serviceName`?" in live.errors()["workflows/orders.yaml"]
    live.airflow.wait(lambda: "deploy-failed" in live.tags("orders"), "the placeholder")
    run_id, state = live.run("orders")
    assert state == "failed"
    assert "serviceNam" in live.airflow.log("orders", run_id, TASK)


def test_the_other_pipelines_keep_running(live: Live) -> None:
    """A fault in one file is no fault of its neighbours: still active, still triggerable."""
    assert live.airflow.call("GET", "/dags/steady/details")["is_stale"] is False
    run_id, state = live.run("steady")
    assert state == "success", live.airflow.log("steady", run_id, TASK)


def test_a_fixed_file_clears_its_error_and_a_cleared_run_uses_it(live: Live) -> None:
    """The error goes by itself; clearing the failed run ingests with the new file."""
    runs = live.airflow.call("GET", "/dags/orders/dagRuns?order_by=-run_after")["dag_runs"]
    failed = next(run["dag_run_id"] for run in runs if run["state"] == "failed")
    live.drop("orders", orders(live))
    live.parse_now()
    live.airflow.wait(lambda: "workflows/orders.yaml" not in live.errors(), "the error's end")
    live.airflow.wait(lambda: "deploy-failed" not in live.tags("orders"), "the pipeline's return")
    body = {"dry_run": False, "only_failed": False, "run_on_latest_version": True}
    live.airflow.call("POST", f"/dags/orders/dagRuns/{failed}/clear", body)
    live.airflow.wait(lambda: live.airflow.run("orders", failed)["state"] == "success", "the cleared run", 120)


@pytest.mark.parametrize(
    "schedule",
    [{"startDate": "2026-01-01", "endDate": "2026-01-31"}, {"startDate": "2099-01-01"}],
    ids=["after the end", "before the start"],
)
def test_a_manual_run_outside_the_dates_really_runs(live: Live, schedule: dict[str, str]) -> None:
    """Airflow alone would mark such a run success without running its task (apache/airflow#38513)."""
    name = f"bounded{schedule['startDate'][:4]}"
    live.drop(name, orders(live, **schedule | {"scheduleInterval": "daily"}))
    live.parse_now()
    live.airflow.wait(lambda: live.airflow.call("GET", f"/dags/{name}"), "the DAG")
    body = {"logical_date": datetime.now(timezone.utc).isoformat()}
    run_id = live.airflow.call("POST", f"/dags/{name}/dagRuns", body)["dag_run_id"]
    assert live.airflow.await_run(name, run_id) == "success"
    assert live.airflow.result(name, run_id, TASK)["listed"] == STREAMS


def test_files_deployed_together_that_wait_do_not_run_for_the_time_that_has_passed(live: Live) -> None:
    """Half a day lies between now and their next time. One beside them that does not wait runs at once."""
    hour = (datetime.now(timezone.utc).hour + 12) % 24
    names = [f"waiting_{number}" for number in range(10)]
    for name in names:
        live.drop(name, orders(live, scheduleInterval=f"0 {hour} * * *", firstRun="next"))
    live.drop("not_waiting", orders(live, scheduleInterval=f"0 {hour} * * *"))
    live.parse_now()
    listed = "/dags/not_waiting/dagRuns"  # of which there is no list before the file is read
    live.airflow.wait(lambda: (live.airflow.call("GET", listed) or {}).get("total_entries"), "its run")
    (run,) = live.airflow.call("GET", listed)["dag_runs"]
    live.airflow.await_run("not_waiting", run["dag_run_id"])
    for name in names:
        assert live.airflow.call("GET", f"/dags/{name}/dagRuns")["total_entries"] == 0
        planned = live.airflow.call("GET", f"/dags/{name}")["next_dagrun_run_after"]
        assert datetime.fromisoformat(planned.replace("Z", "+00:00")) > datetime.now(timezone.utc)


def test_a_red_run_sends_one_mail(live: Live) -> None:
    """With the reason, by Airflow's own notifier, through a connection."""
    notice = {"notifier": "smtp", "connection": "live_mail", "to": ["team@example.com"]}
    live.drop("mailing", orders(live, onFailure=[notice]))
    live.parse_now()
    live.airflow.wait(lambda: live.airflow.call("GET", "/dags/mailing"), "the file that names a notifier")
    live.kinesis.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    _, state = live.run("mailing")
    live.kinesis.faults = Faults()
    assert state == "failed"
    live.airflow.wait(lambda: live.mail.mails, "the mail")
    (mail,) = live.mail.mails
    assert mail["subject"] == "Kinesis ingestion failed: mailing"
    assert "kinesis:ListStreams" in text_of(mail)


def test_a_run_that_is_marked_failed_tells_so_and_one_that_is_killed_tells_nothing(live: Live) -> None:
    """On its last try. A mail comes within seconds after a run: that of the next run ends the wait for the killed."""
    live.mail.mails.clear()
    killed = live.hanging("mailing")
    task = live.airflow.call("GET", f"/dags/mailing/dagRuns/{killed}/taskInstances/{TASK}")
    os.kill(task["pid"], signal.SIGKILL)
    assert live.airflow.await_run("mailing", killed) == "failed"
    marked = live.hanging("mailing")
    live.airflow.call("PATCH", f"/dags/mailing/dagRuns/{marked}", {"state": "failed"})
    live.airflow.wait(lambda: live.mail.mails, "the mail")
    live.kinesis.faults = Faults()
    (mail,) = live.mail.mails
    assert f"Run: {marked}" in text_of(mail)
    assert "Reason: the run was asked to end" in text_of(mail)


def test_a_killed_run_ends_within_five_seconds_and_says_stopped(live: Live) -> None:
    """Marked as failed in Airflow while AWS hangs: its log tells when Airflow killed it and when it ended."""
    run_id = live.hanging("orders")
    live.airflow.call("PATCH", f"/dags/orders/dagRuns/{run_id}", {"state": "failed"})
    states = live.catalogue.statuses["shop.orders"].values()
    live.airflow.wait(lambda: "stopped" in [status["pipelineState"] for status in states], "the status `stopped`")
    live.kinesis.faults = Faults()
    live.airflow.wait(lambda: "orders: stopped" in live.airflow.log("orders", run_id, TASK), "the end of the log")
    killed = live.logged("orders", run_id, "the task shouldn't be running anymore")
    assert (live.logged("orders", run_id, "orders: stopped") - killed).total_seconds() < 5
    assert len([topic for topic in live.catalogue.topics.values() if not topic["deleted"]]) == STREAMS


def test_a_test_of_a_deployed_workflow_is_told_while_it_runs_and_is_no_run(live: Live) -> None:
    """By a run of its own DAG: each step can be seen before the next has ended, and OpenMetadata is told nothing."""
    told = dict(live.catalogue.statuses["shop.orders"])
    live.kinesis.faults = Faults(Rule(Fault.never(), "ListShards"))
    run_id = live.airflow.trigger("orders", probe="test")

    def reached() -> bool:
        steps = live.xcom("orders", run_id, TASK, "steps") or []
        return "DescribeStreamSummary" in [step["name"] for step in steps]

    live.airflow.wait(reached, "the step before the one that hangs")
    assert live.airflow.run("orders", run_id)["state"] == "running"
    live.kinesis.faults = Faults()
    assert live.airflow.await_run("orders", run_id) == "success", live.airflow.log("orders", run_id, TASK)
    steps = live.xcom("orders", run_id, TASK, "steps")
    assert [step["name"] for step in steps][:3] == ["Worker", "Workflow", "AWS credentials"]
    assert live.airflow.run("orders", run_id)["conf"]["probe"] == "test"
    assert live.airflow.result("orders", run_id, TASK)["probe"] == "test"
    assert live.catalogue.statuses["shop.orders"] == told


def test_a_probe_of_a_paused_pipeline_waits_until_it_is_unpaused(live: Live) -> None:
    """As every run of it does, also one that a person starts; a probe of another pipeline goes by it."""
    live.airflow.call("PATCH", "/dags/steady?update_mask=is_paused", {"is_paused": True})
    waiting = live.airflow.trigger("steady", probe="streams")
    run_id, state = live.run("orders", probe="streams")
    assert state == "success", live.airflow.log("orders", run_id, TASK)
    assert live.airflow.result("orders", run_id, TASK)["count"] == STREAMS
    assert live.airflow.run("steady", waiting)["state"] == "queued"
    live.airflow.call("PATCH", "/dags/steady?update_mask=is_paused", {"is_paused": False})
    assert live.airflow.await_run("steady", waiting) == "success"
    assert live.airflow.result("steady", waiting, TASK)["probe"] == "streams"


def test_a_sample_is_read_and_then_deleted(live: Live) -> None:
    """By who reads it, with Airflow's own API."""
    run_id, state = live.run("steady", probe="sample", stream="stream-00000")
    assert state == "success", live.airflow.log("steady", run_id, TASK)
    sample = live.xcom("steady", run_id, TASK, "sample")
    assert (len(sample["messages"]), sample["delete_after_reading"]) == (3, True)
    live.airflow.call("DELETE", f"/dags/steady/dagRuns/{run_id}/taskInstances/{TASK}/xcomEntries/sample")
    assert live.xcom("steady", run_id, TASK, "sample") is None
    assert live.airflow.result("steady", run_id, TASK)["probe"] == "sample"


def test_a_workflow_without_a_file_is_tested_by_the_probe_dag(live: Live) -> None:
    """The conf names the connection alone; what else it holds is refused, and the run says why."""
    wanted = {"config": {"type": "MessagingMetadata", "generateSampleData": True}}
    source = {"type": "kinesis", "serviceName": "shop", "sourceConfig": wanted}
    unsaved = {"source": source, "connections": {"aws": "live_aws"}}
    run_id, state = live.run("kinesis_probe", probe="test", workflow=unsaved)
    assert state == "success", live.airflow.log("kinesis_probe", run_id, "probe")
    assert live.airflow.result("kinesis_probe", run_id, "probe")["state"] == "passed"
    run_id, state = live.run(
        "kinesis_probe", probe="test", workflow=unsaved | {"workflowConfig": {"loggerLevel": "INFO"}}
    )
    assert state == "failed"
    refused = live.airflow.result("kinesis_probe", run_id, "probe")
    assert (refused["probe"], refused["state"]) == ("test", "failed")
    assert "workflowConfig" in refused["error"]["cause"]


def test_debug_shows_our_lines_and_no_one_elses(live: Live) -> None:
    """The switch of the trigger form: each call is named; boto's and urllib3's DEBUG lines are not there."""
    run_id, _ = live.run("steady", debug=True)
    lines = live.log("steady", run_id)
    # Airflow 3.1 drops what is below INFO; there our DEBUG lines are marked as such.
    debug = [line for line in lines if line.get("level") == "debug" or line["event"].startswith("DEBUG ")]
    assert any("DescribeStreamSummary" in line["event"] for line in debug)
    assert {line["logger"].split(".")[0] for line in debug if "logger" in line} == {"airflow_kinesis_ingest"}


def test_no_secret_is_left_anywhere(live: Live) -> None:
    """Neither in the metadata database (serialized DAGs, XCom, rendered fields) nor in any log."""
    home = live.airflow.home
    files = [Path(folder) / name for folder, _, names in os.walk(home) for name in names]
    kept = [file for file in files if file.suffix in (".db", ".log", ".db-wal", ".jsonl")]
    assert len(kept) > 5
    for secret in (LITERAL_SECRET, ENVIRONMENT_TOKEN, CONNECTION_SECRET):
        assert [str(file) for file in kept if secret.encode() in file.read_bytes()] == []
