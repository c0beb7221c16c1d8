"""Checking many workflow files: all faults of all files, and names that two of them claim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..engine.workflow.disclosure import advice
from ..engine.workflow.document import Position, read
from ..engine.workflow.fence import OPEN, Fence
from ..engine.workflow.loading import check
from ..errors import Fault, WorkflowError
from .files import workflow_files
from .names import Named, shared, sharing


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its pipeline's name ("" if it has faults) and where it stands, what is wrong, what is only unwise."""

    file: str
    name: str = ""
    name_at: Position = (1, 1)
    faults: tuple[Fault, ...] = ()
    advice: tuple[Fault, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def validate(paths: Sequence[Path], fence: Fence = OPEN) -> list[Checked]:
    """Check files, and every .yaml, .yml and .json file in folders, in the order of their names."""
    return list(_with_shared_names([checked for path in paths for checked in _checked(path, fence)]))


def _checked(path: Path, fence: Fence) -> Iterator[Checked]:
    if not path.is_dir():
        yield _one(path, fence)
        return
    files = workflow_files(path)
    if not files:
        fault = Fault(str(path), 0, 0, "", "no workflow file is in this folder", "Name a folder with .yaml files")
        yield Checked(str(path), faults=(fault,))
    yield from (_one(file, fence) for file in files)


def _one(path: Path, fence: Fence) -> Checked:
    try:
        document = read(path)
        workflow = check(document, path.stem, fence=fence)
    except WorkflowError as error:
        return Checked(str(path), faults=error.faults)
    return Checked(str(path), workflow.name, document.position(("name",)), advice=tuple(advice(document, workflow)))


def _with_shared_names(results: list[Checked]) -> Iterator[Checked]:
    by_file = {result.file: result.name for result in results if result.name}  # a file may be named twice
    owners = shared(Named(file, name) for file, name in by_file.items())
    for result in results:
        if result.name in owners:
            objection = sharing(result.name, result.file, owners[result.name])
            fault = Fault(result.file, *result.name_at, "name", *objection)
            result = replace(result, faults=(*result.faults, fault))
        yield result
