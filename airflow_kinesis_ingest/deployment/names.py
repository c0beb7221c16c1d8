"""One name, one file: who owns a workflow's name, which is the id of its DAG.

A name that several good files give themselves belongs to none of them. A broken file takes its name from no good one;
but where it lies, no workflow of another name is put in its place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

REMEDY = "Rename one of them"
OTHERS = 3  # of the files that share a name: a thousand that name each other are 21 MB of import errors


class Named(NamedTuple):
    """A file and the name it gives itself; "" if it gives none. good: without faults."""

    file: str
    name: str
    good: bool = True


class Objection(NamedTuple):
    problem: str
    remedy: str


def shared(named: Iterable[Named]) -> dict[str, list[str]]:
    """The names that more than one good file has, and those files."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for one in named:
        if one.good:
            files[one.name].append(one.file)
    return {name: owners for name, owners in files.items() if len(owners) > 1}


def sharing(name: str, file: str, owners: Sequence[str]) -> Objection:
    """What `file` is told of a name that all of `owners` have, itself among them."""
    others = [owner for owner in owners[: OTHERS + 1] if owner != file][:OTHERS]
    more = len(owners) - 1 - len(others)
    listed = ", ".join(others) + (f" and {more} more" if more else "")
    return Objection(f"`{name}` is also the name of {listed}", REMEDY)


def replacing(name: str, target: Path, folder: Iterable[Named]) -> Objection | None:
    """Why a workflow of this name may not be put at `target`, among the files of its folder; None if it may."""
    for one in folder:
        at_target = Path(one.file) == target
        if one.good and one.name == name and not at_target:
            return Objection(f"`{name}` is already the name of {one.file}", REMEDY)
        if at_target and one.name not in ("", name):
            remedy = f"Rename the file, or first: kinesis-ingest undeploy {one.name} {target.parent}"
            return Objection(f"`{name}` would replace `{one.name}` in {target}", remedy)
    return None
