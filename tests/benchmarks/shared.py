"""Five workflows of one account and region at the same time: all at once, and through the pool that `pools` prints."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from airflow_kinesis_ingest.deployment.pools import SLOTS

from .ingestion import DESCRIBE_RATE, LATENCY_MS, command
from .processes import Measured, fake, measured, stats

RUNS, STREAMS = 5, 200
HEADER = ["runs", "streams each", "how", "floor s", "wall s", "ratio", "throttled", "lost", "failed runs"]
FLOOR = (RUNS * STREAMS - 1) / DESCRIBE_RATE + LATENCY_MS / 1000
"""Seconds: DescribeStreamSummary's rate for all of them, without any burst, plus one call's latency."""


@dataclass(frozen=True, slots=True)
class Shared:
    """slots: how many run at once."""

    slots: int
    wall: float
    throttled: int
    runs: tuple[Measured, ...]

    def cells(self) -> list[str]:
        right = sum(int(run.output.splitlines()[-1]) for run in self.runs if run.output)
        return [
            str(RUNS),
            str(STREAMS),
            f"a pool of {SLOTS} slot" if self.slots == SLOTS else "all at once",
            f"{FLOOR:.2f}",
            f"{self.wall:.2f}",
            f"{self.wall / FLOOR:.3f}",
            str(self.throttled),
            str(RUNS * STREAMS - right),
            str(sum(run.code != 0 for run in self.runs)),
        ]


def shared() -> Iterator[Shared]:
    yield _shared(RUNS)
    yield _shared(SLOTS)


def _shared(slots: int) -> Shared:
    """Each run writes a catalogue of its own. What Airflow needs to start a task is not part of it."""
    quotas = ["--quotas", "--latency-ms", str(LATENCY_MS)]
    kinesis, catalogue = fake("kinesis", "--streams", str(STREAMS), *quotas), fake("openmetadata", "--latency-ms", "5")
    with kinesis as aws, catalogue as server, tempfile.TemporaryDirectory() as folder:
        lines = []
        for number in range(RUNS):
            (place := Path(folder) / str(number)).mkdir()
            lines.append(command(place, aws, server, samples=False, service=f"bench_{number}"))
        begun = time.perf_counter()
        with ThreadPoolExecutor(slots) as pool:
            runs = tuple(pool.map(measured, lines))
        return Shared(slots, time.perf_counter() - begun, stats(aws).get("throttled", 0), runs)
