"""What the browser loads of the page is small, and first of all what everybody looks at."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

from airflow_kinesis_ingest.page.routes.static import FOLDER

IMPORT = re.compile(r'^import .* from "\./(.+)";$', re.MULTILINE)
LATER = re.compile(r'import\("\./(.+?)"\)')
WRITING = {"wizard.js", "edit.js", "probe.js", "sample.js"}


def loaded(name: str) -> set[str]:
    """A module, and all that a browser has to fetch before it runs."""
    found: set[str] = set()
    wanted = [name]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += IMPORT.findall((FOLDER / name).read_text())
    return found


def weight(files: Iterable[Path]) -> int:
    """As Airflow sends them: each compressed by itself."""
    return sum(len(gzip.compress(path.read_bytes())) for path in files)


def test_what_the_first_view_needs_is_under_45_kb() -> None:
    """Of the 60 that all of it once had, comments included."""
    first = loaded("main.js") | {"style.css"}
    assert weight(FOLDER / name for name in first) < 45 * 1024


def test_all_static_files_together_are_under_96_kb() -> None:
    """Without the texts of licences, which nobody's browser asks for, and models.js, which is types alone."""
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".js", ".css", ".svg") and path.name != "models.js"]
    assert weight(files) < 96 * 1024


def test_what_only_writing_needs_waits_until_somebody_writes() -> None:
    first = loaded("main.js")
    later = {name for path in FOLDER.glob("*.js") for name in LATER.findall(path.read_text())}
    assert later >= WRITING
    assert not WRITING & first
    assert not later & first


def test_every_import_of_the_modules_is_one_that_this_test_follows() -> None:
    """A line each, of a file that is there."""
    for path in FOLDER.glob("*.js"):
        lines = [line for line in path.read_text().splitlines() if line.startswith(("import ", "export * ", "} from "))]
        names = IMPORT.findall("\n".join(lines))
        assert len(names) == len(lines), path.name
        assert all((FOLDER / name).is_file() for name in names), path.name
