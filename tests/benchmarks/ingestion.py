"""A whole run against AWS's quotas and 25 ms of latency, beside the quota's floor and a serial reference."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .processes import Measured, fake, measured, stats

LATENCY_MS = 25
SHARE = 1.0  # of AWS's rates: the floor is that of the whole rate, and the account is the bench's own
DESCRIBE_RATE = 20.0
HEADER = [
    "streams",
    "samples",
    "who",
    "floor s",
    "wall s",
    "ratio",
    "throttled",
    "lost",
    "AWS/stream",
    "OM/stream",
    "MB",
]


@dataclass(frozen=True, slots=True)
class Ingested:
    streams: int
    samples: bool
    who: str
    run: Measured
    right: int
    aws: dict[str, Any]
    openmetadata: dict[str, Any]

    @property
    def floor(self) -> float:
        """(N-1)/20 s: DescribeStreamSummary's rate without any burst, plus one call's latency."""
        return (self.streams - 1) / DESCRIBE_RATE + LATENCY_MS / 1000

    def cells(self) -> list[str]:
        def per_stream(counters: dict[str, Any]) -> str:
            return f"{sum(counters['counts'].values()) / self.streams:.2f}"

        return [
            f"{self.streams:,}",
            "yes" if self.samples else "no",
            self.who,
            f"{self.floor:.2f}",
            f"{self.run.wall:.2f}",
            f"{self.run.wall / self.floor:.3f}",
            str(self.aws["throttled"]),
            str(self.streams - self.right),
            per_stream(self.aws),
            per_stream(self.openmetadata),
            f"{self.run.peak_mb:.0f}",
        ]


def ingested(streams: int, *, samples: bool, first_run_only: bool = False) -> Iterator[Ingested]:
    """A first run, a second one over the unchanged streams, and the serial reference into an empty catalogue."""
    quotas = ["--quotas", "--latency-ms", str(LATENCY_MS)]
    with fake("kinesis", "--streams", str(streams), "--records", "50", *quotas) as aws:
        with fake("openmetadata", "--latency-ms", "5") as openmetadata, tempfile.TemporaryDirectory() as folder:
            ours = command(Path(folder), aws, openmetadata, samples=samples)
            yield _run("first run", streams, samples, ours, aws, openmetadata)
            if first_run_only:
                return
            yield _run("second run", streams, samples, ours, aws, openmetadata)
        with fake("openmetadata", "--latency-ms", "5") as openmetadata:
            serial = [sys.executable, "-m", "tests.benchmarks.serial", aws, openmetadata, str(int(samples))]
            yield _run("serial reference", streams, samples, serial, aws, openmetadata)


def idle(streams: int, shards: int, empty_pages: int) -> Iterator[Ingested]:
    """Streams without a record, whose shards give so many empty answers before the one that proves it."""
    account = ["--streams", str(streams), "--records", "0", "--shards", str(shards), "--empty-pages", str(empty_pages)]
    quotas = ["--quotas", "--latency-ms", str(LATENCY_MS)]
    kinesis, catalogue = fake("kinesis", *account, *quotas), fake("openmetadata", "--latency-ms", "5")
    with kinesis as aws, catalogue as openmetadata, tempfile.TemporaryDirectory() as folder:
        ours = command(Path(folder), aws, openmetadata, samples=True)
        yield _run(f"idle, {shards} shards", streams, True, ours, aws, openmetadata)


def _run(who: str, streams: int, samples: bool, line: list[str], aws: str, openmetadata: str) -> Ingested:
    aws_before, openmetadata_before = stats(aws), stats(openmetadata)
    run = measured(line)
    right = int(run.output.splitlines()[-1]) if run.code == 0 else 0
    return Ingested(
        streams,
        samples,
        who,
        run,
        right,
        _since(aws_before, stats(aws)),
        _since(openmetadata_before, stats(openmetadata)),
    )


def _since(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    counts = {name: count - before["counts"].get(name, 0) for name, count in after["counts"].items()}
    return {"counts": counts, "throttled": after.get("throttled", 0) - before.get("throttled", 0)}


def command(
    folder: Path, aws: str, openmetadata: str, *, samples: bool, service: str = "bench", **metadata: Any
) -> list[str]:
    """The command line as a user has it; its last line of output is the number of streams that are right.

    metadata: added to `sourceConfig.config`.
    """
    workflow = {
        "source": {
            "type": "kinesis",
            "serviceName": service,
            "serviceConnection": {
                "config": {
                    "awsConfig": {
                        "awsRegion": "us-east-1",
                        "awsAccessKeyId": "bench",
                        "awsSecretAccessKey": "bench",
                        "endPointURL": aws,
                    }
                }
            },
            "sourceConfig": {"config": {"type": "MessagingMetadata", "generateSampleData": samples, **metadata}},
        },
        "sink": {"type": "metadata-rest"},
        "options": {"quota": SHARE},
        "workflowConfig": {
            "openMetadataServerConfig": {
                "hostPort": f"{openmetadata}/api",
                "securityConfig": {"jwtToken": "bench"},
            }
        },
    }
    file, report = folder / "bench.json", folder / "report.json"
    file.write_text(json.dumps(workflow))
    script = (
        "import json, sys; from airflow_kinesis_ingest.cli import main; "
        f"code = main(['ingest', '-c', {str(file)!r}, '--log-level', 'ERROR', '--report', {str(report)!r}]); "
        f"report = json.load(open({str(report)!r})); print(report['written'] + report['unchanged']); sys.exit(code)"
    )
    return [sys.executable, "-c", script]
