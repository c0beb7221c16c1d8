"""What the browser loads of the page is small."""

from __future__ import annotations

import gzip

from airflow_kinesis_ingest.page.routes.static import FOLDER, sent


def test_all_static_files_together_are_under_60_kb() -> None:
    """As they are sent, each compressed by itself; without the texts of licences, which nobody's browser asks for."""
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".js", ".css", ".svg")]
    assert len(files) > 10
    assert sum(len(gzip.compress(sent(path))) for path in files) < 60 * 1024


def test_comments_and_indents_stay_at_home_and_every_line_keeps_its_number() -> None:
    for path in FOLDER.glob("*.js"):
        written, there = path.read_text().split("\n"), sent(path).decode().split("\n")
        assert len(written) == len(there)
        assert all(line in written[at] or "/**" in written[at] for at, line in enumerate(there))
        assert not any(line.startswith(" ") for line in there)
        assert "/**" not in "".join(there)
