"""CONTRIBUTING.md leads to what exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "airflow_kinesis_ingest"
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def named_paths() -> set[str]:
    """What is written as code and looks like a file or a folder."""
    words = [word for code in re.findall(r"`([^`\n]+)`", TEXT) for word in code.split()]
    words += re.findall(r"\S*/\S+", "".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)))
    return {
        word for word in words if re.fullmatch(r"\.?[\w./-]+(/|\.(py|md|toml|lock))", word) or word.startswith("tests/")
    }


def test_every_path_exists() -> None:
    """From the root, or, as the page says, below the package."""
    missing = [path for path in named_paths() if not any((base / path).exists() for base in (ROOT, PACKAGE))]
    assert missing == []
    assert len(named_paths()) > 30


def test_every_wing_is_on_the_map() -> None:
    """A folder with code in it has its line."""
    packages = [file.parent for file in PACKAGE.rglob("__init__.py")]
    wings = {f"{folder.relative_to(PACKAGE)}/" for folder in packages} - {"./", "engine/"}
    assert wings <= named_paths()


def test_every_target_exists() -> None:
    """What the page has people `make` is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z-]+)", TEXT))
    assert {"quick", "test", "check"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_the_page_is_one_page() -> None:
    assert len(TEXT.splitlines()) < 100
