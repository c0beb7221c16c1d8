"""The lines of docs/operating.md that have LocalExecutor's workers forked with the engine in them.

tests/distributed starts Celery's workers with theirs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

DOCS = Path(__file__).parents[2] / "docs" / "operating.md"
# A worker forks each task from itself (`supervise_task`), so that what it has loaded every task finds.
SCRIPT = """
import sys
import airflow.jobs.scheduler_job_runner
from airflow.executors import local_executor
from multiprocessing import SimpleQueue

told = SimpleQueue()

def worker(*_, **__):
    told.put([name for name in sys.modules if name.startswith("airflow_kinesis_ingest.")])

local_executor._run_worker = worker
executor = local_executor.LocalExecutor(parallelism=1)
executor.start()
print("loaded:", *told.get())
executor.end()
"""
ENGINE = {"airflow_kinesis_ingest.engine.run.pipeline", "airflow_kinesis_ingest.dag_factory"}


def preloading(word: str) -> str:
    """The block of the document with this word in it."""
    blocks = re.findall(r"^  ```python\n(.*?)^  ```", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    return dedent(next(block for block in blocks if word in block))


def loaded_by_a_worker_of(component: str, home: Path) -> set[str]:
    command = [sys.executable, "-c", SCRIPT, component]
    environment = {**os.environ, "AIRFLOW_HOME": str(home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_a_local_executors_workers_have_the_engine_where_the_scheduler_preloads_it(tmp_path: Path) -> None:
    """And where it is not the scheduler that starts, nothing of it is imported."""
    (tmp_path / "config").mkdir()
    assert not loaded_by_a_worker_of("scheduler", tmp_path) & ENGINE
    (tmp_path / "config" / "airflow_local_settings.py").write_text(preloading("sys.argv"))
    assert loaded_by_a_worker_of("scheduler", tmp_path) >= ENGINE
    assert not loaded_by_a_worker_of("triggerer", tmp_path) & ENGINE
