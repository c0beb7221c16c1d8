"""Notifiers that `[kinesis_ingest] notifiers` adds to the known ones."""

from __future__ import annotations

from airflow.configuration import conf

from ..engine.workflow.fence import NOTIFIERS, SECTION
from ..engine.workflow.notifiers import added


def configured_notifiers() -> dict[str, str]:
    """Name -> class path."""
    return added(conf.get(SECTION, NOTIFIERS, fallback=""))
