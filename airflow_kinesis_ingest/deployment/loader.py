"""The folder of a DAG bundle that is for workflow files alone: a loader, and `workflows/` beside it."""

from __future__ import annotations

from pathlib import Path

from .deploy import put_new

WORKFLOWS = "workflows"
LOADER = "kinesis_workflows.py"
LOADER_TEXT = b"""\
from airflow_kinesis_ingest import load_workflows  # airflow looks for files that speak of a dag

load_workflows(globals(), "workflows", probe=True)
"""


def ensure_loader(root: Path) -> str:
    """Make the folder, and the loader if no Python file there is one. The loader's path in it.

    Raises FixFile or OSError where the system refuses.
    """
    (root / WORKFLOWS).mkdir(parents=True, exist_ok=True)
    loaders = sorted(path.name for path in root.glob("*.py") if b"load_workflows" in path.read_bytes())
    if loaders:
        return loaders[0]
    put_new(LOADER_TEXT, root / LOADER)
    return LOADER
