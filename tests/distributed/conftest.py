"""One distributed Airflow for all of these tests, and one Kinesis and OpenMetadata that it reads and writes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.demo.standalone import Airflow
from tests.builders import document
from tests.distributed.cluster import Cluster, cluster
from tests.distributed.statsd import Statsd, listening
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Faults

HERE = Path(__file__).parent
FIRST, SECOND = "127.0.0.2", "127.0.0.3"
"""The two workers. The second alone serves the queue `eu`."""

STREAMS, OTHERS = 5, 2
TOKEN = "a-jwt-of-an-airflow-connection-0123456789"
LOADER = """\
from airflow_kinesis_ingest import load_workflows  # airflow dag

load_workflows(globals(), "workflows"{more})
"""
LOADED = """\
import sys

from airflow.sdk import dag, task

FOUND = [name for name in sys.modules if name.startswith("airflow_kinesis_ingest.")]


@dag(schedule=None, is_paused_upon_creation=False)
def found():
    @task
    def loaded():
        return FOUND

    loaded()


found()
"""
"""What a task's process has of this package before it reads a DAG of ours."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(900))


@dataclass(frozen=True)
class Deployment:
    """The cluster and what its workflows are about.

    dags: the folder that all machines see; repository: of a bundle; other: Kinesis of another account and region.
    """

    cluster: Cluster
    dags: Path
    repository: Path
    kinesis: FakeKinesis
    other: FakeKinesis
    catalogue: FakeOpenMetadata

    @property
    def airflow(self) -> Airflow:
        return self.cluster.airflow

    def workflow(self, aws: str = "kinesis", **blocks: Any) -> dict[str, Any]:
        """Everything secret comes from Airflow's connections. aws: the id of the one to Kinesis."""
        flow = document(self.kinesis, self.catalogue, airflowConfig={"scheduleInterval": None})
        del flow["source"]["serviceConnection"], flow["workflowConfig"]
        flow["connections"] = {"aws": aws, "openmetadata": "openmetadata"}
        return flow | blocks

    def drop(self, name: str, flow: dict[str, Any]) -> None:
        """A workflow file into the dags folder; returns once it is a DAG."""
        (self.dags / "workflows" / f"{name}.yaml").write_text(json.dumps(flow, indent=1))
        self.airflow.wait(lambda: self.airflow.call("GET", f"/dags/{name}"), f"the DAG {name}")

    def task(self, dag_id: str, run_id: str, task_id: str = "ingest") -> dict[str, Any]:
        found: dict[str, Any] = self.airflow.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")
        return found

    def runs(self, dag_id: str) -> list[str]:
        """Their ids."""
        return [run["dag_run_id"] for run in self.airflow.call("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"]]

    def version(self, dag_id: str) -> str:
        """Of its bundle, as the dag processor read it last."""
        return str(self.airflow.call("GET", f"/dags/{dag_id}")["bundle_version"])

    def logged(self, dag_id: str, run_id: str, text: str) -> list[datetime]:
        """When the lines with this text were logged, in the first try."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/ingest/logs/1?full_content=true"
        lines = [line for line in self.airflow.call("GET", path)["content"] if text in str(line.get("event"))]
        return [datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")) for line in lines]

    def status(self, dag_id: str) -> list[str]:
        """What OpenMetadata was told last of each run."""
        return [status["pipelineState"] for status in self.catalogue.statuses.get(f"shop.{dag_id}", {}).values()]

    def topics(self, service: str = "shop") -> list[str]:
        topics = [topic for topic in self.catalogue.topics.values() if not topic["deleted"]]
        return [topic["name"] for topic in topics if topic["service"]["name"] == service]

    def commit(self, name: str, flow: dict[str, Any]) -> None:
        commit(self.repository, f"workflows/{name}.yaml", json.dumps(flow, indent=1))


def commit(repository: Path, path: str, text: str) -> None:
    """One file into a git repository, which the first one makes."""
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text(text)
    for words in (["init", "-q", "-b", "main"], ["add", path], ["commit", "-q", "-m", path]):
        who = ["-c", "user.name=tests", "-c", "user.email=tests@example.com"]
        subprocess.run(["git", *who, *words], cwd=repository, check=True)


@pytest.fixture(scope="session")
def statsd() -> Iterator[Statsd]:
    with listening() as started:
        yield started


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, statsd: Statsd) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("cluster")
    dags, repository = folder / "dags", folder / "repository"
    (dags / "workflows").mkdir(parents=True)
    (dags / "kinesis_workflows.py").write_text(LOADER.format(more=', probe=["eu"]'))
    (dags / "found.py").write_text(LOADED)
    commit(repository, "kinesis_workflows.py", LOADER.format(more=""))
    queues = {FIRST: "default", SECOND: "default,eu"}
    with (
        FakeKinesis(json_streams(STREAMS, records=3), quotas={}) as kinesis,
        FakeKinesis(json_streams(OTHERS, records=1), quotas={}, account="222222222222", region="eu-west-1") as other,
        FakeOpenMetadata(bots=[TOKEN]) as catalogue,
        cluster(folder, dags, repository, queues, statsd.environment) as started,
    ):
        for connection in connections(kinesis, other, catalogue):
            started.airflow.call("POST", "/connections", connection)
        yield Deployment(started, dags, repository, kinesis, other, catalogue)


@pytest.fixture
def deployment(shared: Deployment) -> Iterator[Deployment]:
    """What a test breaks is whole again for the next."""
    yield shared
    shared.kinesis.faults = Faults()


def connections(kinesis: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata) -> list[dict[str, Any]]:
    """One of each type, and one to the other account, as Airflow's API takes them."""
    keys = {"login": "AKIAINTHECONNECTION", "password": "a-secret-of-an-airflow-connection"}
    ours = {"awsRegion": kinesis.region, "endPointURL": kinesis.url}
    others = {"awsRegion": other.region, "endPointURL": other.url}
    amazons = {"region_name": kinesis.region, "endpoint_url": kinesis.url}
    host, _, port = catalogue.host_port.removeprefix("http://").removesuffix("/api").partition(":")
    server = {"host": host, "port": int(port), "schema": "http", "password": TOKEN}
    return [
        {"connection_id": "kinesis", "conn_type": "kinesis", **keys, "extra": json.dumps(ours)},
        {"connection_id": "other", "conn_type": "kinesis", **keys, "extra": json.dumps(others)},
        {"connection_id": "aws", "conn_type": "aws", **keys, "extra": json.dumps(amazons)},
        {"connection_id": "openmetadata", "conn_type": "openmetadata", **server},
    ]
