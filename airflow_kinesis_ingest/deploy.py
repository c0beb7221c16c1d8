"""Putting a workflow file where the DAG loader finds it, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from .engine.loading import loads
from .errors import Fault, WorkflowError
from .files import SUFFIXES
from .validation import validate


def deploy(file: Path, folder: Path) -> Path:
    """Check the file, then put it into the folder in one step, replacing one of that name. Returns its new path.

    Raises WorkflowError, and changes nothing, for a file with faults, one that the loader would not look at, or a name
    that another file of the folder has.
    """
    if file.name.startswith(".") or not file.name.endswith(SUFFIXES):
        problem, remedy = "the loader does not look at files of this name", "Name it like shop.yaml, .yml or .json"
        raise WorkflowError([Fault(str(file), 0, 0, "", problem, remedy)])
    checked = validate([file])[0]
    if checked.faults:
        raise WorkflowError(checked.faults)
    target = folder / file.name
    for other in _deployed(checked.name, folder):
        if other != target:
            fault = Fault(
                str(file), 1, 1, "name", f"`{checked.name}` is already the name of {other}", "Rename one of them"
            )
            raise WorkflowError([fault])
    raw = file.read_bytes()
    loads(raw, str(file))  # what is written is what was checked, even if somebody edits the file meanwhile
    folder.mkdir(parents=True, exist_ok=True)
    _replace(target, raw)
    return target


def undeploy(name: str, folder: Path) -> Path:
    """Remove the file of the workflow with this name. Raises WorkflowError if there is none, or several."""
    found = _deployed(name, folder)
    if len(found) != 1:
        problem = f"{len(found)} files have the name `{name}`" if found else f"no workflow is named `{name}`"
        raise WorkflowError([Fault(str(folder), 0, 0, "", problem, "See them: kinesis-ingest validate FOLDER")])
    found[0].unlink()
    return found[0]


def _deployed(name: str, folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [Path(checked.file) for checked in validate([folder]) if checked.name == name]


def _replace(target: Path, raw: bytes) -> None:
    with NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".partial", delete=False) as partial:
        try:
            partial.write(raw)
            partial.flush()
            os.fsync(partial.fileno())
            os.chmod(partial.name, 0o644)
            os.replace(partial.name, target)
        except BaseException:
            os.unlink(partial.name)
            raise
