"""What a run did, as counters of Airflow's own metrics.

The worker sends them, to StatsD or OpenTelemetry, as `[metrics]` says where it runs; by default nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import Stats

if TYPE_CHECKING:
    from .engine.model import RunReport


def counted(report: RunReport, tags: Mapping[str, str]) -> None:
    """Send the numbers of one run. tags: which run it was; StatsD alone drops them, its dialects do not."""
    told = {**tags, "state": report.state}
    for name, count in _counts(report).items():
        Stats.incr(f"kinesis_ingest.{name}", count, tags=told)
    Stats.timing("kinesis_ingest.duration", timedelta(seconds=report.seconds), tags=told)


def _counts(report: RunReport) -> dict[str, int]:
    return {
        "streams": report.listed - report.filtered,
        "written": report.written,
        "unchanged": report.unchanged,
        "deleted": len(report.deleted),
        "failures": len(report.failures),
        "throttled_calls": report.throttled,
    }
