"""A run with tags, delivery streams and functions at every service's own rate, beside the floor of describing alone."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_kinesis_ingest.demo.around import endpoints

from .ingestion import DESCRIBE_RATE, LATENCY_MS, command
from .processes import Measured, fake, measured, stats

OPTIONS = {"tags": {"enabled": True}, "lineage": {"readers": ["firehose", "lambda"]}}
HEADER = ["streams", "deliveries", "mappings", "who", "floor s", "wall s", "ratio", "throttled", "lost"]
HEADER += ["AWS calls", "OM writes", "edges", "MB"]
WRITES = ("PUT", "PATCH", "POST", "DELETE")


@dataclass(frozen=True, slots=True)
class Flowing:
    """counts: calls of the run by service (`kinesis`, `around`, `openmetadata`) and what was called."""

    streams: int
    deliveries: int
    mappings: int
    who: str
    run: Measured
    counts: dict[str, Counter[str]]
    throttled: int

    @property
    def floor(self) -> float:
        """(N-1)/20 s: DescribeStreamSummary's rate without any burst, plus one call's latency."""
        return (self.streams - 1) / DESCRIBE_RATE + LATENCY_MS / 1000

    def cells(self) -> list[str]:
        right = int(self.run.output.splitlines()[-1]) if self.run.code == 0 else 0
        catalogue = self.counts["openmetadata"]
        return [
            f"{self.streams:,}",
            f"{self.deliveries:,}",
            f"{self.mappings:,}",
            self.who,
            f"{self.floor:.2f}",
            f"{self.run.wall:.2f}",
            f"{self.run.wall / self.floor:.3f}",
            str(self.throttled),
            str(self.streams - right),
            f"{self.counts['kinesis'].total() + self.counts['around'].total():,}",
            f"{sum(count for call, count in catalogue.items() if _writes(call)):,}",
            f"{catalogue['PUT /lineage']:,}",
            f"{self.run.peak_mb:.0f}",
        ]


def _writes(call: str) -> bool:
    """The status of the run itself is no write of what it found."""
    return call.startswith(WRITES) and "pipelineStatus" not in call


def flowing(streams: int, deliveries: int, mappings: int) -> Iterator[Flowing]:
    """A first run into an empty catalogue, and a second one over what has not changed."""
    quotas = ["--latency-ms", str(LATENCY_MS)]
    account = ["--streams", str(streams), "--records", "0", "--quotas", *quotas]
    flows = ["--streams", str(streams), "--deliveries", str(deliveries), "--mappings", str(mappings), *quotas]
    catalogue = fake("openmetadata", "--latency-ms", "5")
    kinesis, around = fake("kinesis", *account), fake("surroundings", *flows)
    with kinesis as aws, around as others, catalogue as server, tempfile.TemporaryDirectory() as folder:
        line = command(Path(folder), aws, server, samples=False, options=OPTIONS)
        urls = {"kinesis": aws, "around": others, "openmetadata": server}
        for who in ("first run", "second run"):
            before = {name: stats(url) for name, url in urls.items()}
            run = measured(line, env=endpoints(others))
            after = {name: stats(url) for name, url in urls.items()}
            counts = {name: Counter(after[name]["counts"]) - Counter(before[name]["counts"]) for name in urls}
            throttled = sum(_throttled(after[name]) - _throttled(before[name]) for name in urls)
            yield Flowing(streams, deliveries, mappings, who, run, counts, throttled)


def _throttled(counters: dict[str, Any]) -> int:
    found: int = counters.get("throttled", 0)
    return found
