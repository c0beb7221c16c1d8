"""What is built and installed is the package, by the commands of the README."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from airflow_kinesis_ingest import __version__

ROOT = Path(__file__).parents[1]
NO_NETWORK = ["--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
BUILT = ["airflow_kinesis_ingest", "pyproject.toml", "README.md", "LICENSE"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a build reads, so that it leaves nothing in this checkout."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    for name in BUILT:
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, copy / name)
    return copy


def pip(line: str, folder: Path, *more: str) -> None:
    """Run a command of the README in folder, without what it would fetch."""
    program, *arguments = shlex.split(line, comments=True)
    assert program == "pip"
    command = [sys.executable, "-m", "pip", *arguments, *NO_NETWORK, *more]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr


def installing() -> list[str]:
    """The README's commands that install or build, in their order."""
    return re.findall(r"^pip .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readmes_commands_install_the_package_and_build_its_wheel(checkout: Path, tmp_path: Path) -> None:
    """The command line answers from where it was installed; the wheel has this version."""
    install, build = installing()
    pip(install, checkout, "--target", str(tmp_path / "site"))
    assert (tmp_path / "site" / "airflow_kinesis_ingest" / "py.typed").exists()
    assert (tmp_path / "site" / "bin" / "kinesis-ingest").exists()
    pip(build, checkout)
    (wheel,) = (checkout / "dist").iterdir()
    assert wheel.name == f"airflow_kinesis_ingest-{__version__}-py3-none-any.whl"


def test_the_extras_of_the_readme_exist() -> None:
    """pip only warns of one that does not."""
    (asked,) = re.findall(r"\[([\w,]+)\]", installing()[0])
    extras = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[project.optional-dependencies]")[2]
    assert [extra for extra in asked.split(",") if not re.search(rf"^{extra} = ", extras, re.MULTILINE)] == []


def test_the_source_distribution_has_the_pages_and_what_the_tests_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=100)
    (built,) = tmp_path.iterdir()
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"docs/workflow-file.md", "docs/measured.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md"} <= names
    assert {"Makefile", "requirements.lock", "docker-compose.yaml", "tests/conftest.py", ".ci/run"} <= names
