"""A whole run against AWS's quotas and 25 ms of latency, beside the quota's floor and a serial reference."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
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


def again(streams: int) -> Iterator[Ingested]:
    """A first run with samples and a second one, of streams whose records are an hour old, with the reads of each."""
    quotas = ["--quotas", "--latency-ms", str(LATENCY_MS), "--age", "3600"]
    with (
        fake("kinesis", "--streams", str(streams), "--records", "50", *quotas) as aws,
        fake("openmetadata", "--latency-ms", "5") as openmetadata,
        tempfile.TemporaryDirectory() as folder,
    ):
        ours = command(Path(folder), aws, openmetadata, samples=True)
        for who in ("first run", "second run, no newer record"):
            found = _run(who, streams, True, ours, aws, openmetadata)
            reads = ", ".join(
                f"{found.aws['counts'].get(call, 0)} {call}" for call in ("GetShardIterator", "GetRecords")
            )
            yield replace(found, who=f"{who}: {reads}")


def rolling(streams: int) -> Iterator[Ingested]:
    """An hourly run of `options.refresh: rolling` over unchanged streams, after a first one that keeps no rate.

    The second run's clock is an hour ahead, so that it has the share of an hour to describe.
    """
    account = ["--streams", str(streams), "--records", "0"]
    catalogue = fake("openmetadata", "--latency-ms", "5")
    with catalogue as openmetadata, tempfile.TemporaryDirectory() as folder:
        with fake("kinesis", *account) as aws:
            first = measured(_rolling(Path(folder), aws, openmetadata, UNPACED))
            if first.code:
                raise RuntimeError(f"the first run ended with {first.code}")
        port = aws.rpartition(":")[2]  # the same one, since another endpoint may be another account
        with fake("kinesis", *account, "--quotas", "--latency-ms", str(LATENCY_MS), "--port", port) as aws:
            later = _rolling(Path(folder), aws, openmetadata, AN_HOUR_LATER)
            found = _run("rolling", streams, False, later, aws, openmetadata)
        described = found.aws["counts"].get("DescribeStreamSummary", 0)
        written = sum(count for name, count in found.openmetadata["counts"].items() if _writes_topics(name))
        yield replace(found, who=f"rolling: {described} described, {written} topics written")


UNPACED = "from airflow_kinesis_ingest.engine.aws.quota import RATES; RATES.clear(); "
AN_HOUR_LATER = (
    "import time; from airflow_kinesis_ingest.engine.catalogue import run_status; "
    "run_status.now_ms = lambda: int(time.time() * 1000) + 3_600_000; "
)


def _rolling(folder: Path, aws: str, openmetadata: str, before: str) -> list[str]:
    options = {"refresh": "rolling"}
    return command(folder, aws, openmetadata, samples=False, options=options, before=before)


def _writes_topics(call: str) -> bool:
    return "topics" in call and not call.startswith("GET")


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
    folder: Path,
    aws: str,
    openmetadata: str,
    *,
    samples: bool,
    options: dict[str, Any] | None = None,
    before: str = "",
    service: str = "bench",
    **metadata: Any,
) -> list[str]:
    """The command line as a user has it; its last line of output is the number of streams that are right.

    options, metadata: added to `options` and `sourceConfig.config`. before: Python that is run first.
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
        "options": {"quota": SHARE, **(options or {})},
        "ingestionPipelineFQN": "bench",
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
        f"{before}import json, sys; from airflow_kinesis_ingest.cli import main; "
        f"code = main(['ingest', '-c', {str(file)!r}, '--log-level', 'ERROR', '--report', {str(report)!r}]); "
        f"report = json.load(open({str(report)!r})); "
        "print(sum(report[key] for key in ('written', 'unchanged', 'not_due'))); sys.exit(code)"
    )
    return [sys.executable, "-c", script]
