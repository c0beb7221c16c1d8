"""What a worker imports before it forks tasks is what tasks use, and safe to fork."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import airflow_kinesis_ingest

PACKAGE = Path(airflow_kinesis_ingest.__file__).parent
PRELOAD = "import airflow_kinesis_ingest.preload"
UNNEEDED = {"airflow", "authlib", "boto3", "joserfc", "rich", "s3transfer", "sqlalchemy"}
WATCHED = """
import sys, threading
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "sqlite3.connect", "os.fork", "subprocess.Popen"):
        raise AssertionError(event)
sys.addaudithook(refuse)
{}
assert threading.active_count() == 1, threading.enumerate()
print(*sys.modules)
"""


def modules(code: str) -> set[str]:
    """All that a fresh interpreter has loaded after this code, which may neither connect nor start anything."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED.format(code)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def of_the_operator() -> set[str]:
    """The engine's modules that a task's operator imports when it runs."""
    tree = ast.parse((PACKAGE / "operators" / "kinesis.py").read_text())
    bodies = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]  # the rest is for type checkers
    nodes = [node for body in bodies for node in ast.walk(body)]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 2]
    names = {f"{node.module}.{alias.name}" for node in imports for alias in node.names} | {
        str(node.module) for node in imports
    }
    files = {name for name in names if (PACKAGE / f"{name.replace('.', '/')}.py").is_file()}
    return {f"airflow_kinesis_ingest.{name}" for name in files if name.startswith("engine.")}


def test_a_task_finds_all_that_it_imports_of_the_engine_preloaded() -> None:
    """What only a pipeline that could not be deployed imports is left out."""
    assert "airflow_kinesis_ingest.engine.run.pipeline" in of_the_operator()
    preloaded = modules(PRELOAD)
    assert of_the_operator() - preloaded == {"airflow_kinesis_ingest.engine.workflow.salvage"}


def test_what_is_preloaded_is_what_a_task_imports_and_no_more() -> None:
    used = modules(f"import {', '.join(sorted(of_the_operator()))}")
    assert {name for name in modules(PRELOAD) if ".engine" in name} <= used


def test_a_task_imports_nothing_that_only_others_need() -> None:
    """Neither Airflow, which may be half imported, nor what serves tokens, uploads or tables on a screen."""
    assert not {name.partition(".")[0] for name in modules(PRELOAD)} & UNNEEDED
