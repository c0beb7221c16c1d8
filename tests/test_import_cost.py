"""What a command loads is what its user waits for, and what Airflow pays each time it parses the folder."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_kinesis_ingest import engine

DEMO = Path(__file__).parents[1] / "dags" / "workflows" / "demo.yaml"
MARK = "modules:"
TELLING = f"""
import sys
try:
    {{}}
finally:
    print("{MARK}", *{{{{name.partition(".")[0] for name in sys.modules}}}})
"""
HEAVY = {"airflow", "boto3", "botocore", "croniter", "re2", "regex", "requests", "rich"}


def loaded(code: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after this code."""
    done = subprocess.run(
        [sys.executable, "-c", TELLING.format(code)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition(MARK)[2].split())


def command(*argv: str) -> str:
    return f"from airflow_kinesis_ingest.cli import main; main({list(argv)!r})"


def test_the_package_itself_loads_nothing() -> None:
    assert not loaded("import airflow_kinesis_ingest") & (HEAVY | {"yaml", "pydantic"})


@pytest.mark.parametrize(
    ("argv", "more"),
    [
        (["--help"], {"yaml", "pydantic"}),
        (["policy"], {"yaml", "pydantic"}),
        (["schema"], set()),
        (["validate", str(DEMO)], set()),
    ],
    ids=["--help", "policy", "schema", "validate"],
)
def test_commands_that_call_nobody_load_no_client(argv: list[str], more: set[str]) -> None:
    assert not loaded(command(*argv)) & (HEAVY | more)


def test_a_workflow_is_read_without_any_client() -> None:
    """Airflow parses the folder every half minute."""
    loading = "airflow_kinesis_ingest.engine.workflow.loading"
    code = f"from pathlib import Path; from {loading} import load; load(Path({str(DEMO)!r}))"
    assert not loaded(code) & HEAVY


def test_the_engine_runs_without_airflow() -> None:
    names = [module.name for module in pkgutil.walk_packages(engine.__path__, f"{engine.__name__}.")]
    assert "airflow_kinesis_ingest.engine.run.pipeline" in names
    found = loaded(f"import {', '.join(names)}")
    assert "botocore" in found
    assert "airflow" not in found
