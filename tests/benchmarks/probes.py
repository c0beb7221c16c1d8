"""How long the page waits for the first step of a connection test: from the trigger to the XCom that it polls.

Beside it a task that does nothing but store an XCom, in the same Airflow (LocalExecutor): what Airflow itself takes.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from airflow_kinesis_ingest.demo.standalone import Airflow, airflow

from .processes import fake
from .rows import Row

REPEATS = 5
POLL = 0.05
DAGS = """\
from airflow.sdk import DAG, BaseOperator

from airflow_kinesis_ingest import load_workflows


class Nothing(BaseOperator):
    def execute(self, context):
        context["ti"].xcom_push("steps", [])


with DAG("nothing", schedule=None, is_paused_upon_creation=False):
    Nothing(task_id="probe")

load_workflows(globals(), "workflows", probe=True)
"""


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder, fake("kinesis", "--streams", "5") as kinesis:
        dags, connection = Path(folder, "dags"), {"conn_type": "kinesis", "login": "AKIAFAKE", "password": "fake"}
        dags.joinpath("workflows").mkdir(parents=True)
        dags.joinpath("loader.py").write_text(DAGS)
        extra = {"extra": {"awsRegion": "us-east-1", "endPointURL": kinesis}}
        with airflow(
            Path(folder, "home"), dags, environment={"AIRFLOW_CONN_AWS": json.dumps(connection | extra)}
        ) as up:
            up.wait(lambda: up.call("GET", "/dags/nothing") and up.call("GET", "/dags/kinesis_probe"), "the DAGs")
            yield from measured(up)


def measured(up: Airflow) -> Iterator[Row]:
    """The two in turn, after one of each that is not counted."""
    waits: dict[str, list[float]] = {"nothing": [], "kinesis_probe": []}
    for _ in range(REPEATS + 1):
        for dag_id, found in waits.items():
            found.append(until_first_step(up, dag_id))
    floor, probe = (statistics.median(found[1:]) for found in waits.values())
    yield Row("first step of a probe to be seen", probe, "s", floor=floor, target=5.0)


def until_first_step(up: Airflow, dag_id: str) -> float:
    """Seconds; the run is waited for besides, as none is to wait behind another."""
    started = time.monotonic()
    run_id = up.trigger(dag_id, **({"probe": "test", "workflow": workflow()} if dag_id == "kinesis_probe" else {}))
    path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/probe/xcomEntries/steps"
    while up.call("GET", path) is None:
        time.sleep(POLL)
    seen = time.monotonic() - started
    up.await_run(dag_id, run_id)
    return seen


def workflow() -> dict[str, Any]:
    wanted = {"config": {"type": "MessagingMetadata", "generateSampleData": True}}
    source = {"type": "kinesis", "serviceName": "shop", "sourceConfig": wanted}
    return {"source": source, "connections": {"aws": "aws"}}
