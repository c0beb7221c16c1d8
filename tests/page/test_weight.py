"""What the browser loads of the page is small."""

from __future__ import annotations

import gzip
from pathlib import Path

import airflow_kinesis_ingest

STATIC = Path(airflow_kinesis_ingest.__file__).parent / "page" / "static"


def test_all_static_files_together_are_under_60_kb() -> None:
    """As they are sent, each compressed by itself; without the texts of licences, which nobody's browser asks for."""
    sent = [path for path in STATIC.rglob("*") if path.suffix in (".js", ".css", ".svg")]
    assert len(sent) > 10
    assert sum(len(gzip.compress(path.read_bytes())) for path in sent) < 60_000
