"""The provider on Airflow as companies run it: Celery's workers on machines of their own, without a database.

One Airflow serves the module; the tests are the chapters of one story and run in this order.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.celery.get_provider_info import get_provider_info

from tests.demo.test_compose import GIVEN, SERVICES
from tests.distributed.conftest import FIRST, OTHERS, SECOND, STREAMS, Deployment
from tests.distributed.statsd import Statsd
from tests.fakes.server import Fault, Faults, Rule

HANGS = Faults(Rule(Fault.never(), "DescribeStreamSummary"))
AGAIN = {"scheduleInterval": None, "retries": 1, "retryDelay": 1}


def hanging(deployment: Deployment, dag_id: str) -> tuple[str, dict[str, object]]:
    """A run whose task has begun and goes no further: its id, and the task."""
    calls = deployment.kinesis.counts
    before = calls["DescribeStreamSummary"]
    deployment.kinesis.faults = HANGS
    run_id = deployment.airflow.trigger(dag_id)
    deployment.airflow.wait(lambda: calls["DescribeStreamSummary"] > before, "the hanging call")
    return run_id, deployment.task(dag_id, run_id)


def in_region(deployment: Deployment, **blocks: Any) -> dict[str, Any]:
    """A workflow that says itself in which region it is."""
    flow = deployment.workflow(**blocks)
    aws = {"type": "Kinesis", "awsConfig": {"awsRegion": deployment.kinesis.region}}
    flow["source"]["serviceConnection"] = {"config": aws}
    return flow


@pytest.mark.parametrize("aws", ["kinesis", "aws"])
def test_a_run_catalogues_every_stream(aws: str, deployment: Deployment) -> None:
    """With what Airflow's connections hold, of either type, which a worker gets from the api-server."""
    dag_id = f"by_{aws}"
    deployment.drop(dag_id, deployment.workflow(aws))
    run_id = deployment.airflow.trigger(dag_id)
    assert deployment.airflow.await_run(dag_id, run_id) == "success", deployment.airflow.log(dag_id, run_id, "ingest")
    assert deployment.airflow.result(dag_id, run_id, "ingest")["listed"] == STREAMS
    assert len(deployment.topics()) == STREAMS
    assert deployment.status(dag_id) == ["success"]


def test_the_log_of_a_task_is_served_by_the_machine_that_ran_it(deployment: Deployment) -> None:
    """It lies there alone."""
    (run_id,) = deployment.runs("by_kinesis")
    assert "by_kinesis: success" in deployment.airflow.log("by_kinesis", run_id, "ingest")
    worker = deployment.cluster.workers[deployment.task("by_kinesis", run_id)["hostname"]]
    homes = [deployment.airflow.home, *(each.home for each in deployment.cluster.workers.values())]
    assert [home for home in homes if any(Path(home).glob(f"logs/dag_id=by_kinesis/run_id={run_id}/**/*.log"))] == [
        worker.home
    ]


def test_the_counters_of_a_run_reach_statsd(deployment: Deployment, statsd: Statsd) -> None:
    """From the worker, beside what Airflow counts itself."""
    deployment.airflow.wait(lambda: statsd.told("airflow.kinesis_ingest.duration"), "the counters")
    assert statsd.told("airflow.kinesis_ingest.streams")[0] == STREAMS
    assert statsd.told("airflow.kinesis_ingest.failures")[0] == 0
    assert statsd.told("airflow.kinesis_ingest.throttled_calls")[0] == 0
    assert statsd.told("airflow.ti.finish.by_kinesis.ingest.success") == [1]


def test_a_task_finds_what_its_worker_has_preloaded(deployment: Deployment) -> None:
    """By the lines of docs/operating.md, with which both workers were started: the engine, and what makes DAGs."""
    run_id = deployment.airflow.trigger("found")
    assert deployment.airflow.await_run("found", run_id) == "success", deployment.airflow.log("found", run_id, "loaded")
    loaded = set(deployment.airflow.result("found", run_id, "loaded"))
    assert loaded >= {"airflow_kinesis_ingest.engine.run.pipeline", "airflow_kinesis_ingest.dag_factory"}


def test_a_task_that_is_killed_is_tried_again(deployment: Deployment) -> None:
    """By -9, as the kernel does when memory is short: Airflow repeats it, and the catalogue is right.

    OpenMetadata is left with `running`, and the next try says how it ended.
    """
    deployment.drop("killed", deployment.workflow(airflowConfig=AGAIN))
    run_id, task = hanging(deployment, "killed")
    assert deployment.status("killed") == ["running"]
    os.kill(int(str(task["pid"])), signal.SIGKILL)
    deployment.kinesis.faults = Faults()
    assert deployment.airflow.await_run("killed", run_id) == "success"
    assert deployment.task("killed", run_id)["try_number"] == 2
    assert len(deployment.topics()) == STREAMS
    assert deployment.status("killed") == ["success"]


def test_a_run_that_was_killed_is_closed_by_the_next(deployment: Deployment) -> None:
    """Killed by -9 on its last try it says `running` in OpenMetadata; the next run says that it failed, and why."""
    deployment.drop("closed", deployment.workflow())
    killed, task = hanging(deployment, "closed")
    os.kill(int(str(task["pid"])), signal.SIGKILL)
    deployment.kinesis.faults = Faults()
    assert deployment.airflow.await_run("closed", killed) == "failed"
    assert deployment.status("closed") == ["running"]
    assert deployment.airflow.await_run("closed", deployment.airflow.trigger("closed")) == "success"
    assert deployment.status("closed") == ["failed", "success"]
    told = next(iter(deployment.catalogue.statuses["shop.closed"].values()))
    assert "killed" in told["status"][0]["failures"][0]["error"]


def test_a_run_that_is_marked_failed_stops_within_seconds(deployment: Deployment) -> None:
    """While AWS hangs: OpenMetadata is told `stopped`, and nothing that was catalogued is lost."""
    run_id, _ = hanging(deployment, "by_kinesis")
    deployment.airflow.call("PATCH", f"/dags/by_kinesis/dagRuns/{run_id}", {"state": "failed"})
    deployment.airflow.wait(lambda: "stopped" in deployment.status("by_kinesis"), "the status `stopped`")
    deployment.kinesis.faults = Faults()
    deployment.airflow.wait(
        lambda: deployment.logged("by_kinesis", run_id, "by_kinesis: stopped"), "the end of the log"
    )
    (killed,) = deployment.logged("by_kinesis", run_id, "the task shouldn't be running anymore")
    (stopped,) = deployment.logged("by_kinesis", run_id, "by_kinesis: stopped")
    assert (stopped - killed).total_seconds() < 5
    assert len(deployment.topics()) == STREAMS


def test_each_target_of_a_file_is_a_task_by_itself(deployment: Deployment) -> None:
    """In its account, on its queue, with its log; one that fails is one red task."""
    ours, other = deployment.kinesis, deployment.other
    targets = [
        {"account": ours.account, "awsRegion": ours.region, "connection": "kinesis"},
        {"account": other.account, "awsRegion": other.region, "connection": "other", "queue": "eu"},
        {"account": "333333333333", "awsRegion": "us-east-2", "connection": "no_such_connection"},
    ]
    deployment.drop("org", deployment.workflow(targets=targets))
    run_id = deployment.airflow.trigger("org")
    assert deployment.airflow.await_run("org", run_id) == "failed"
    keys = [f"{target['account']}_{target['awsRegion']}" for target in targets]
    tasks = [deployment.task("org", run_id, f"ingest.{key}") for key in keys]
    assert [task["state"] for task in tasks] == ["success", "success", "failed"]
    assert tasks[1]["hostname"] == SECOND
    assert [len(deployment.topics(f"org_{key}")) for key in keys] == [STREAMS, OTHERS, 0]
    assert "no_such_connection" in deployment.airflow.log("org", run_id, f"ingest.{keys[2]}")
    assert "no_such_connection" not in deployment.airflow.log("org", run_id, f"ingest.{keys[0]}")


def test_pools_are_made_and_keep_runs_of_one_account_apart(deployment: Deployment) -> None:
    """`airflow kinesis-ingest pools --apply` makes what the files name; of two runs at once, one waits."""
    ours = deployment.kinesis
    name = f"kinesis_{ours.account}_{ours.region}"
    flow = {"options": {"account": ours.account}, "airflowConfig": AGAIN | {"pool": "per-account"}}
    for dag_id in ("one", "two"):
        deployment.drop(dag_id, in_region(deployment, **flow))
    deployment.cluster.command("kinesis-ingest", "pools", str(deployment.dags / "workflows"), "--apply")
    assert deployment.airflow.call("GET", f"/pools/{name}")["slots"] == 1
    first, _ = hanging(deployment, "one")
    second = deployment.airflow.trigger("two")
    deployment.airflow.wait(
        lambda: deployment.airflow.call("GET", f"/pools/{name}")["scheduled_slots"] == 1, "the wait"
    )
    assert deployment.airflow.call("GET", f"/pools/{name}")["running_slots"] == 1
    deployment.kinesis.faults = Faults()
    os.kill(int(deployment.task("one", first)["pid"]), signal.SIGKILL)
    assert [deployment.airflow.await_run(*run) for run in (("one", first), ("two", second))] == ["success"] * 2


def test_a_queue_is_asked_on_the_worker_that_serves_it(deployment: Deployment) -> None:
    """By the DAG that the page starts for a workflow which has no file yet."""
    source = deployment.workflow()["source"]
    conf = {"probe": "test", "workflow": {"source": source, "connections": {"aws": "kinesis"}}}
    run_id = deployment.airflow.trigger("kinesis_probe.eu", **conf)
    assert deployment.airflow.await_run("kinesis_probe.eu", run_id) == "success"
    assert deployment.airflow.result("kinesis_probe.eu", run_id, "probe")["state"] == "passed"
    assert deployment.task("kinesis_probe.eu", run_id, "probe")["hostname"] == SECOND


def test_a_commit_is_a_pipeline_within_seconds(deployment: Deployment) -> None:
    """A git bundle: the next commit changes it, and a run that is cleared takes the fix."""
    wrong = deployment.workflow("no_such_connection")
    deployment.commit("committed", wrong)
    deployment.airflow.wait(lambda: deployment.airflow.call("GET", "/dags/committed"), "the pipeline of the commit")
    run_id = deployment.airflow.trigger("committed")
    assert deployment.airflow.await_run("committed", run_id) == "failed"
    broken = deployment.airflow.run("committed", run_id)
    assert "no_such_connection" in deployment.airflow.log("committed", run_id, "ingest")
    deployment.commit("committed", deployment.workflow())
    body = {"dry_run": False, "only_failed": False, "run_on_latest_version": True}
    newest = deployment.version("committed")
    deployment.airflow.wait(lambda: deployment.version("committed") != newest, "the fix")
    deployment.airflow.call("POST", f"/dags/committed/dagRuns/{run_id}/clear", body)
    deployment.airflow.wait(lambda: deployment.airflow.run("committed", run_id)["state"] == "success", "the fixed run")
    assert deployment.airflow.run("committed", run_id)["bundle_version"] != broken["bundle_version"]


def test_the_profile_of_docker_compose_runs_what_there_is(deployment: Deployment) -> None:
    """The worker's command, and settings that Celery's provider has."""
    shown = deployment.cluster.command(*SERVICES["worker"]["command"], "--help")
    assert shown.lower().startswith("usage: airflow celery worker")
    options = get_provider_info()["config"]["celery"]["options"]
    named = [name for name in GIVEN if name.startswith("AIRFLOW__CELERY__")]
    assert len(named) == 3
    assert {name.removeprefix("AIRFLOW__CELERY__").lower() for name in named} <= set(options)


def test_a_worker_that_dies_costs_a_try(deployment: Deployment) -> None:
    """All of its machine at once: the other worker repeats the task, and the catalogue is right.

    The log of the first try lies on the dead machine: Airflow says that it cannot be had, and where it is.
    """
    run_id, task = hanging(deployment, "killed")
    first = deployment.cluster.workers[str(task["hostname"])]
    first.die()
    deployment.kinesis.faults = Faults()
    try:
        assert deployment.airflow.await_run("killed", run_id) == "success"
        again = deployment.task("killed", run_id)
        assert (again["try_number"], again["hostname"]) == (2, ({FIRST, SECOND} - {first.host}).pop())
        assert len(deployment.topics()) == STREAMS
        assert deployment.status("killed") == ["success"] * 2
        assert first.host in deployment.airflow.log("killed", run_id, "ingest")
        assert "killed: success" in deployment.airflow.log("killed", run_id, "ingest", attempt=2)
    finally:
        first.start()
