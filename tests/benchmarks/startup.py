"""What a user waits for before anything happens, and what a run holds in memory."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from .processes import measured
from .rows import Row

REPEATS = 7
WORKFLOW = Path(__file__).parents[2] / "dags" / "workflows" / "demo.yaml"


def rows() -> Iterator[Row]:
    bare = _median([sys.executable, "-c", "pass"])
    validate = _median([sys.executable, "-m", "airflow_kinesis_ingest.cli", "validate", str(WORKFLOW)])
    yield Row("kinesis-ingest validate, wall", validate, "s", floor=bare, target=0.4)
    engine = _median([sys.executable, "-c", "import airflow_kinesis_ingest.engine.workflow.models"])
    yield Row("import of the engine without boto3", engine - bare, "s", floor=bare, target=0.3)


def _median(command: list[str]) -> float:
    return statistics.median(measured(command).wall for _ in range(REPEATS))
