"""The fence round workflow files, from Airflow's configuration."""

from __future__ import annotations

from airflow.configuration import conf

from ..engine.workflow.fence import SECTION, Fence


def configured_fence() -> Fence:
    """`[kinesis_ingest]` as it is now: for a run or a command, never while Airflow reads DAGs."""
    return Fence.of(lambda option: conf.get(SECTION, option, fallback=None))
