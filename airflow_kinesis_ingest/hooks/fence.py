"""What Airflow's configuration says: the fence round workflow files, and whether samples may be looked at."""

from __future__ import annotations

from airflow.configuration import conf

from ..engine.workflow.fence import SECTION, Fence

PAGE_SAMPLES = "page_samples"


def configured_fence() -> Fence:
    """`[kinesis_ingest]` as it is now: for a run or a command, never while Airflow reads DAGs."""
    return Fence.of(lambda option: conf.get(SECTION, option, fallback=None))


def page_samples() -> bool:
    """Whether a probe may read messages and leave them, redacted, in XCom until they are read. Off by default."""
    return bool(conf.getboolean(SECTION, PAGE_SAMPLES, fallback=False))
