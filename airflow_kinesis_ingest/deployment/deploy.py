"""Putting a workflow file where the DAG loader finds it, whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

from ..engine.workflow.document import parse
from ..engine.workflow.fence import OPEN, Fence
from ..engine.workflow.loading import check, loads
from ..errors import Fault, FixFile, WorkflowError
from .claims import claim, own_name
from .files import IGNORE, SUFFIXES, is_ignored
from .names import Named, Objection, replacing
from .validation import Checked, shared_services, validate

REMEDIES = {
    errno.EEXIST: "Name a folder, not a file",
    errno.ENOTDIR: "Name a folder, not a file",
    errno.EISDIR: "Rename the file: a folder has its name",
    errno.ENAMETOOLONG: "Give it a shorter name",
    errno.ENOSPC: "Make room on the disk",
}


READABLE = 0o644
"""The most that a deployed file lets people do: all may read, its owner may write."""


class Deployed(NamedTuple):
    """The file's new path, and what is unwise about it: literal secrets, and whom its mode keeps from reading it."""

    path: Path
    advice: tuple[Fault, ...]


def deploy(file: Path, folder: Path, fence: Fence = OPEN, *, create: bool = False) -> Deployed:
    """Check the file, then put it into the folder in one step, replacing one of that name. It keeps its mode, narrowed
    to 0644: a file that its owner alone may read stays one. create: make the folder if it is missing.

    Raises, and changes nothing: WorkflowError for a file with faults, one that the loader would not look at, a name
    that another file of the folder has, or a file of another workflow in its place; FixFile where the
    folder is missing or the system refuses.
    """
    target = folder / file.name
    with _system_errors(target):
        checked = _deployable(file, target, fence)
        raw, mode = _content(file)
        loads(raw, str(file), fence=fence)  # what is written is what was checked, even if somebody edits it meanwhile
        others = [one for one in _workflows(target.parent) if Path(one.file) != target]
        if objection := _objection(checked.name, target):
            raise WorkflowError([Fault(str(file), *checked.name_at, "name", *objection)])
        _ensure(folder, create=create)
        _replace(target, raw, mode & READABLE)
    return Deployed(target, (*checked.advice, *shared_services(checked, others), *_unreadable(target, mode)))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone in the folder, among all who ask for this: two people who save at once do so one after the other.

    Raises FixFile where the folder is missing or the system refuses.
    """
    with _system_errors(folder):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)


def put(raw: bytes, target: Path, fence: Fence = OPEN) -> None:
    """`deploy` for a file that is not on a disk yet; one that it replaces leaves it its mode, narrowed to 0644."""
    with _system_errors(target):
        _ensure_looked_at(target, str(target))
        document = parse(raw, target.name)
        workflow = check(document, target.stem, fence=fence)
        if objection := _objection(workflow.name, target):
            raise WorkflowError([document.fault(("name",), *objection)])
        mode = target.stat().st_mode & READABLE if target.exists() else READABLE
        _replace(target, raw, mode)


def names_in(folder: Path) -> dict[str, str]:
    """The names of the workflows in a folder, those of broken files too, and whose they are."""
    return {one.name: one.file for one in map(_named, _workflows(folder)) if one.name}


def put_new(raw: bytes, target: Path) -> bool:
    """Put a checked workflow where no file is yet, in one step. False, and nothing is changed, where one is.

    Raises FixFile where the system refuses.
    """
    with _system_errors(target):
        try:
            target.open("xb").close()  # it is ours now
        except FileExistsError:
            return False
        try:
            _replace(target, raw, READABLE)
        except BaseException:
            target.unlink()
            raise
    return True


def undeploy(name: str, folder: Path) -> Path:
    """Remove the file of the workflow with this name, or the broken one whose placeholder has it as its DAG id.

    Raises WorkflowError if there is none, or several; FixFile where the system refuses.
    """
    with _system_errors(folder):
        found = _found(name, folder)
        if len(found) != 1:
            problem = f"{len(found)} files have the name `{name}`" if found else f"no workflow is named `{name}`"
            raise WorkflowError([Fault(str(folder), 0, 0, "", problem, "See them: kinesis-ingest validate FOLDER")])
        found[0].unlink()
    return found[0]


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0, "Let your user write there, or name another folder")
        raise FixFile("nothing was changed", where=str(path), why=str(error.strerror), remedy=remedy) from None


def _ensure(folder: Path, *, create: bool) -> None:
    try:
        if not create:
            folder.stat()
    except FileNotFoundError:
        remedy = "Check its name, or let `--create` make it"
        raise FixFile("there is no such folder", where=str(folder), remedy=remedy) from None
    folder.mkdir(parents=True, exist_ok=True)  # it refuses a file of that name


def _content(file: Path) -> tuple[bytes, int]:
    """The bytes and the mode of one and the same file, even if another takes its place meanwhile."""
    with file.open("rb") as opened:
        return opened.read(), os.fstat(opened.fileno()).st_mode


def _unreadable(target: Path, mode: int) -> Iterator[Fault]:
    if not mode & stat.S_IROTH:
        problem = f"not everybody may read it (mode {mode & READABLE:04o})"
        yield Fault(
            str(target), 0, 0, "", problem, "Airflow must run as its owner, or in its group if that may read it"
        )


def _deployable(file: Path, target: Path, fence: Fence) -> Checked:
    _ensure_looked_at(target, str(file))
    checked = validate([file], fence)[0]
    if checked.faults:
        raise WorkflowError(checked.faults)
    return checked


def _ensure_looked_at(target: Path, file: str) -> None:
    if target.parent.name.startswith("."):
        problem, remedy = "the loader does not look into hidden folders", "Name another folder"
        raise WorkflowError([Fault(str(target.parent), 0, 0, "", problem, remedy)])
    if target.name.startswith(".") or not target.name.endswith(SUFFIXES):
        problem, remedy = "the loader does not look at files of this name", "Name it like shop.yaml, .yml or .json"
        raise WorkflowError([Fault(file, 0, 0, "", problem, remedy)])
    if is_ignored(target):
        problem, remedy = f"the loader would not look at {target}: {IGNORE} names it", f"Rename it or change {IGNORE}"
        raise WorkflowError([Fault(file, 0, 0, "", problem, remedy)])


def _objection(name: str, target: Path) -> Objection | None:
    return replacing(name, target, map(_named, _workflows(target.parent)))


def _named(workflow: Checked) -> Named:
    """A broken file is known by the name it gives itself; a fix of one that gives none may have any."""
    return Named(workflow.file, workflow.name or own_name(workflow.file), good=bool(workflow.name))


def _found(name: str, folder: Path) -> list[Path]:
    workflows = _workflows(folder) if name else []  # a broken one has no name, until it is asked what it claims
    good = [Path(one.file) for one in workflows if one.name == name]
    return good or [Path(one.file) for one in workflows if not one.name and claim(one.file).dag_id == name]


def _workflows(folder: Path) -> list[Checked]:
    return validate([folder]) if folder.is_dir() else []


def _replace(target: Path, raw: bytes, mode: int) -> None:
    with NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".partial", delete=False) as partial:
        try:
            partial.write(raw)
            partial.flush()
            os.fsync(partial.fileno())
            os.chmod(partial.name, mode)
            os.replace(partial.name, target)
        except BaseException:
            os.unlink(partial.name)
            raise
