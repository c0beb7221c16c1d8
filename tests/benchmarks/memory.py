"""What a run's memory owes to the catalogue that it finds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from .ingestion import command
from .processes import fake, measured
from .rows import Row

TOPICS, FIELDS = 10_000, 300
MOST_MB = 150.0


def rows() -> Iterator[Row]:
    """The peak of a run beside topics with large schemas; its floor is the same run beside as many without any."""
    name = f"run beside {TOPICS:,} topics of {FIELDS} fields"
    yield Row(name, _peak_mb(FIELDS), "MB", floor=_peak_mb(0), target=MOST_MB)


def _peak_mb(fields: int) -> float:
    catalogue = fake("openmetadata", "--topics", str(TOPICS), "--fields", str(fields))
    with fake("kinesis", "--streams", "10") as aws, catalogue as openmetadata, tempfile.TemporaryDirectory() as folder:
        run = measured(command(Path(folder), aws, openmetadata, samples=False, markDeletedTopics=False))
    if run.code:
        raise RuntimeError(f"the run ended with {run.code}")
    return run.peak_mb
