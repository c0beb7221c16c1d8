"""Notifiers that `[kinesis_ingest] notifiers` adds to the known ones."""

from __future__ import annotations

import re

from airflow.configuration import conf

from ..engine.workflow.fence import SECTION

NOTIFIERS = "notifiers"


def configured_notifiers() -> dict[str, str]:
    """Name -> class path. What is written in another way than `NAME = module.path.Class` is no notifier."""
    text = conf.get(SECTION, NOTIFIERS, fallback="") or ""
    return dict(re.findall(r"(?:^|[\s,])([a-z][a-z0-9_-]*)\s*=\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)", text))
