"""What a task costs besides its ingestion, in processor time: what is forked for it parses its DAG, imports and ends.

Each task is one of 100 of its DAG, the one of the account that the fake is, and runs some times on Airflow's
LocalExecutor, whose worker is forked from a process that has read the scheduler's `airflow_local_settings`. The server
is a function that answers the task. The ingestion is one of no stream, into a file, from a fake in its own process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from .processes import fake
from .rows import Row

TARGETS, SAMPLE = 100, 10
PRELOAD = """\
import sys

if "scheduler" in sys.argv:
    import airflow_kinesis_ingest.dag_factory, airflow_kinesis_ingest.preload
"""
DAGS = f"""\
from airflow.sdk import DAG, BaseOperator, TaskGroup


class Nothing(BaseOperator):
    def execute(self, context):
        pass


with DAG("nothing", schedule=None), TaskGroup("ingest"):
    for number in range({TARGETS}):
        Nothing(task_id=f"{{123456789012 + number}}_us-east-1")
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
targets: {{accounts: {accounts}, awsRegion: us-east-1}}
sink: {{type: file, config: {{path: "{out}"}}}}
workflowConfig: {{}}
"""
SCRIPT = """
import gc, json, resource, statistics, sys, time
from pathlib import Path
from uuid import uuid4
import httpx
import airflow.jobs.scheduler_job_runner  # what a scheduler has imported when it forks its workers
from airflow.executors.base_executor import BaseExecutor
from airflow.executors.local_executor import LocalExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.executors.workloads.base import BundleInfo
from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.sdk.api import client
from airflow.sdk.execution_time.supervisor import supervise_task

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
states = []

def answered(request):
    if request.url.path.endswith("/state"):
        states.append(json.loads(request.content)["state"])
    return httpx.Response(200, json=RUN if request.url.path.endswith("/run") else {})

def run_workload(work, **_):
    supervise_task(ti=work.ti, bundle_info=work.bundle_info, dag_rel_path=work.dag_rel_path, token="", dry_run=True)
    assert states.pop() == "success"

client.noop_handler = answered
BaseExecutor.run_workload = staticmethod(run_workload)

def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

def work(dag_id, file, number):
    ti = TaskInstanceDTO(
        id=uuid4(), task_id="ingest.123456789012_us-east-1", dag_id=dag_id, run_id=f"run_{number}", try_number=1,
        dag_version_id=uuid4(), pool_slots=1, queue="default", priority_weight=1,
    )
    bundle = BundleInfo(name="dags-folder", version=None)
    return ExecuteTask(ti=ti, dag_rel_path=file, token="", bundle_info=bundle, log_path=None)

def run(dag_id, file, tasks):
    before = spent()
    executor = LocalExecutor(parallelism=1)
    executor.start()
    for one in range(tasks):
        each = work(dag_id, file, one)
        executor.queued_tasks[each.key] = each
        executor._process_workloads([each])
    executor.end()
    assert [state for state, _ in executor.event_buffer.values()] == ["success"] * tasks, executor.event_buffer
    return (spent() - before) / tasks

found = {}
for dag_id, file in [("nothing", "nothing.py"), ("shop", "loader.py")]:
    run(dag_id, file, 1)
    found[dag_id] = run(dag_id, file, int(sys.argv[2]))

# Only now: what is imported here no worker above has.
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow.loading import load
from airflow_kinesis_ingest.engine.workflow.targets import each_target

def ingestion():
    workflow = each_target(load(Path(sys.argv[3])))[0].workflow
    started = time.process_time()
    assert pipeline.run(workflow).state == "success"
    return time.process_time() - started

gc.collect()
gc.freeze()  # as in the workers
found["ingestion"] = statistics.median([ingestion() for _ in range(7)][1:])
print(json.dumps(found))
"""


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as folder, fake("kinesis", "--streams", "0") as kinesis:
        home = Path(folder)
        (home / "dags" / "workflows").mkdir(parents=True)
        (home / "airflow" / "config").mkdir(parents=True)
        (home / "dags" / "nothing.py").write_text(DAGS)
        (home / "dags" / "loader.py").write_text(LOADER)
        accounts = json.dumps([str(123456789012 + number) for number in range(TARGETS)])
        text = WORKFLOW.format(url=kinesis, out=home / "out.json", accounts=accounts)
        (home / "dags" / "workflows" / "shop.yaml").write_text(text)
        for name, preload in (("a task of no stream", ""), ("the same, the engine preloaded", PRELOAD)):
            floor, task = spent(home, kinesis, preload)
            target = 1.5 * floor if preload else None
            yield Row(f"{name}, processor time beside its ingestion", task, "s", floor=floor, target=target)


def spent(home: Path, sts: str, preload: str) -> tuple[float, float]:
    """Processor seconds, their supervisor's included, of a task that does nothing and of one less its ingestion."""
    (home / "airflow" / "config" / "airflow_local_settings.py").write_text(preload)
    folders = {"AIRFLOW_HOME": str(home / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags")}
    environment = {**os.environ, **folders, "AWS_ENDPOINT_URL_STS": sts}
    file = home / "dags" / "workflows" / "shop.yaml"
    command = [sys.executable, "-c", SCRIPT, "scheduler", str(SAMPLE), str(file)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(next(line for line in reversed(done.stdout.splitlines()) if line.startswith('{"nothing"')))
    return found["nothing"], found["shop"] - found["ingestion"]
