"""What a folder of workflow files costs Airflow: reading it all, starting one of its tasks, and having the package.

In processor time: all of it is computing, and a busy machine is no fault of the code.
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

from .rows import Row

REPEATS = 7
FILES = 1000
ACCOUNTS, REGIONS = 20, 15
TARGETS = ACCOUNTS * REGIONS
WORKFLOW = Path(__file__).parents[2] / "dags" / "workflows" / "demo.yaml"
SCRIPT = """
import gc, json, os, sys, time
import airflow.sdk
from airflow.sdk import DAG, BaseOperator, TaskGroup
DAG, BaseOperator, TaskGroup  # imported lazily
started = time.process_time()
import airflow_kinesis_ingest
from airflow_kinesis_ingest import load_workflows
imported = time.process_time() - started

module = {"__file__": sys.argv[1] + "/loader.py"}
load_workflows(dict(module), "one")  # what is imported on first use

def timed(work):
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started

def floor():
    for number in range(int(sys.argv[2])):
        BaseOperator(task_id="ingest", dag=DAG(f"dag_{number}", schedule=None))

def tasks():
    with DAG("targets", schedule=None), TaskGroup("ingest"):
        for number in range(int(sys.argv[3])):
            BaseOperator(task_id=f"account_{number}")

alone = min(timed(lambda: load_workflows(dict(module), "one")) for _ in range(5))
found = {"floor": timed(floor), "tasks": min(timed(tasks) for _ in range(5))}
found["targets"] = min(timed(lambda: load_workflows(dict(module), "targets")) for _ in range(5))
found |= {"all": timed(lambda: load_workflows(dict(module), "many"))}
os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = "demo_567"
os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"] = "ingest"
found["named"] = min(timed(lambda: load_workflows(dict(module), "many")) for _ in range(5))
found["renamed"] = min(timed(lambda: load_workflows(dict(module), "renamed")) for _ in range(5))
data = [os.path.join(sys.argv[1], "data", name) for name in os.listdir(sys.argv[1] + "/data") if name != "demo.yaml"]
del os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"], os.environ["_AIRFLOW_PARSING_CONTEXT_TASK_ID"]

def read():
    for path in data:
        with open(path, "rb") as file:
            json.loads(file.read())

found["data"] = (min(timed(lambda: load_workflows(dict(module), "data")) for _ in range(5)) - alone) / len(data)
found["reading"] = min(timed(read) for _ in range(5)) / len(data)
print(json.dumps(found))
"""
# Airflow imports the package itself, to ask for its provider info: measured before Airflow, it is not yet there.
PACKAGE = """
import time
started = time.process_time()
import airflow_kinesis_ingest
print(time.process_time() - started)
"""
FACTORY = """
import time
from airflow.sdk import DAG, BaseOperator, Param, get_parsing_context
started = time.process_time()
import airflow_kinesis_ingest.dag_factory
print(time.process_time() - started)
"""


def rows() -> Iterator[Row]:
    with TemporaryDirectory() as home:
        _fill(Path(home))
        found = [json.loads(_python(home, SCRIPT, home, str(FILES), str(TARGETS))) for _ in range(3)]
        one = {name: statistics.median(each[name] for each in found) for name in found[0]}
        per_dag = 1000 / FILES
        yield Row("1,000 files, per DAG", one["all"] * per_dag, "ms", floor=one["floor"] * per_dag, target=1.5)
        bare, beyond = one["tasks"] / TARGETS * 1000, (one["targets"] - one["tasks"]) / TARGETS * 1000
        yield Row("a file of 300 targets, per target beyond its bare task", beyond, "ms", floor=bare, target=0.35)
        yield Row("a task's DAG among 1,000 files", one["named"] * 1000, "ms", target=10)
        yield Row("the same, its file not named like it", one["renamed"] * 1000, "ms", target=10)
        read = one["reading"] * 1000
        beyond = one["data"] * 1000 - read
        yield Row("a JSON data file of 0.8 MB, beyond reading it", beyond, "ms", floor=read, target=5)
        yield Row("import of the package", _import(home, PACKAGE) * 1000, "ms", target=50)
        yield Row("import of its DAG factory, after airflow.sdk", _import(home, FACTORY) * 1000, "ms")


def _fill(home: Path) -> None:
    escaped = r"includes: ['orders\..*']"  # a backslash, as YAML's escapes of a name have one
    text = WORKFLOW.read_text().replace("topicFilterPattern:\n", f"topicFilterPattern:\n        {escaped}\n")
    for folder in ("one", "many", "renamed", "data", "targets"):
        (home / folder).mkdir()
    for folder in ("one", "data"):
        (home / folder / "demo.yaml").write_text(text)
    accounts = [str(123456789012 + number) for number in range(ACCOUNTS)]
    product = {"accounts": accounts, "regions": [f"eu-west-{number}" for number in range(REGIONS)]}
    targets = f"targets: {json.dumps(product)}\n"
    (home / "targets" / "targets.yaml").write_text(f"{text}{targets}")
    for number, data in enumerate(_data()):
        (home / "data" / f"data_{number}.json").write_text(json.dumps(data))
    for number in range(FILES):
        workflow = text.replace("name: demo\n", f"name: demo_{number}\n")
        (home / "many" / f"demo_{number}.yaml").write_text(workflow)
        (home / "renamed" / f"file_{number}.yaml").write_text(workflow)


def _data() -> list[object]:
    """About 0.8 MB each, as JSON: seven of them took Airflow's 30 s for a whole folder."""
    records = [{"id": number, "source": "web", "name": "shop"} for number in range(16_000)]
    keys = {f"key_{number}": number for number in range(42_000)}
    return [records, {"records": records}, keys, {"name": "shop", **keys}, [records], list(keys), {"kinesis": records}]


def _import(home: str, script: str) -> float:
    return statistics.median(float(_python(home, script)) for _ in range(REPEATS))


def _python(home: str, script: str, *arguments: str) -> str:
    """The last line of what a Python process says that has its Airflow home in this folder."""
    environment = {**os.environ, "AIRFLOW_HOME": str(Path(home, "airflow"))}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]
