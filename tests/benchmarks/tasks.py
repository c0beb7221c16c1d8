"""What a task costs besides its ingestion, in processor time: what is forked for it parses its DAG, imports and ends.

Each task runs as an executor runs it (`supervise_task`), in a process forked from one that has done nothing but import
what executors do. The server is a function that answers it. The ingestion is one of no stream, into a
file, from a fake in a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from .processes import fake
from .rows import Row

REPEATS = 9
PRELOAD = "import airflow_kinesis_ingest.preload"
DAGS = """\
from airflow.sdk import DAG, BaseOperator


class Nothing(BaseOperator):
    def execute(self, context):
        pass


with DAG("nothing", schedule=None):
    Nothing(task_id="ingest")
"""
LOADER = """\
from airflow_kinesis_ingest import load_workflows  # airflow dag

load_workflows(globals(), "workflows")
"""
WORKFLOW = """\
source:
  type: kinesis
  serviceName: shop
  serviceConnection:
    config:
      type: Kinesis
      awsConfig: {{awsRegion: us-east-1, endPointURL: "{url}", awsAccessKeyId: AKIAFAKE, awsSecretAccessKey: fake}}
  sourceConfig: {{config: {{type: MessagingMetadata}}}}
sink: {{type: file, config: {{path: "{out}"}}}}
workflowConfig: {{}}
"""
# As an executor's worker does: one process forks one task after the other.
SCRIPT = """
import json, resource, sys
from uuid import uuid4
import httpx
from airflow.executors.workloads.base import BundleInfo
from airflow.sdk.api import client
from airflow.sdk.api.datamodels._generated import TaskInstance
from airflow.sdk.execution_time.supervisor import supervise_task

exec(sys.argv[1])
AT = "2026-01-01T00:00:00Z"
RUN = {
    "dag_run": {
        "dag_id": "any", "run_id": "manual", "run_type": "manual", "state": "running", "run_after": AT,
        "logical_date": AT, "data_interval_start": AT, "data_interval_end": AT, "start_date": AT, "end_date": None,
        "partition_key": None, "consumed_asset_events": [], "conf": {},
    },
    "max_tries": 0,
    "should_retry": False,
}

def answered(request):
    if request.url.path.endswith("/state"):
        states.append(json.loads(request.content)["state"])
    return httpx.Response(200, json=RUN if request.url.path.endswith("/run") else {})

states = []
client.noop_handler = answered

def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

def run(dag_id, file):
    before = spent()
    supervise_task(
        ti=TaskInstance(
            id=uuid4(), task_id="ingest", dag_id=dag_id, run_id="manual", try_number=1, dag_version_id=uuid4(),
            pool_slots=1, queue="default", priority_weight=1,
        ),
        bundle_info=BundleInfo(name="dags-folder", version=None),
        dag_rel_path=file,
        token="",
        dry_run=True,
    )
    assert states.pop() == "success"
    return spent() - before

dags = [("nothing", "nothing.py"), ("shop", "loader.py")]
found = {dag_id: [run(dag_id, file) for _ in range(int(sys.argv[2]) + 1)][1:] for dag_id, file in dags}
print(json.dumps(found))
"""


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder, fake("kinesis", "--streams", "0") as kinesis:
        home = Path(folder)
        (home / "dags" / "workflows").mkdir(parents=True)
        (home / "dags" / "nothing.py").write_text(DAGS)
        (home / "dags" / "loader.py").write_text(LOADER)
        text = WORKFLOW.format(url=kinesis, out=home / "out.json")
        (home / "dags" / "workflows" / "shop.yaml").write_text(text)
        for name, preload in (("a task of no stream", ""), ("the same, the engine preloaded", PRELOAD)):
            floor, task = medians(home, preload)
            yield Row(f"{name}, processor time", task, "s", floor=floor, target=1.5 * floor if preload else None)


def medians(home: Path, preload: str) -> tuple[float, float]:
    """Processor seconds of the task that does nothing and of the one that ingests, forked from the same process."""
    environment = {"AIRFLOW_HOME": str(home / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags")}
    command = [sys.executable, "-c", SCRIPT, preload, str(REPEATS)]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith('{"nothing"')))
    return statistics.median(found["nothing"]), statistics.median(found["shop"])
