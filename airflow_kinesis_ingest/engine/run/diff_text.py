"""What a run would change, as the command line shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .report import problems as problems_of

if TYPE_CHECKING:
    from rich.tree import Tree

    from ..catalogue.rehearsal import Change, FieldChange
    from .diff import Difference

SIGNS = {"new": "+", "changed": "~", "restored": "^"}


def tree(found: Difference) -> Tree:
    """Every topic that would be written or deleted, field by field; of those with another sample only, the names."""
    from rich.tree import Tree

    root = Tree(f"what a run would change in {found.report.catalogue or 'the catalogue'}: {summary(found)}")
    for line in found.service:
        root.add(f"~ the service: {_line(line)}")
    for change in found.topics:
        if change.kind != "sample":
            _add(root, change)
    samples = [change.name for change in found.topics if change.kind == "sample"]
    if samples:
        root.add(f"another sample only: {', '.join(samples)}")
    for name in found.report.deleted:
        root.add(f"- {_line(name)}  deleted: its stream is gone")
    for problem in found.left:
        root.add(f"? {_line(problem.entity)}  left alone: {problem.cause}. {problem.remedy}")
    return root


def summary(found: Difference) -> str:
    kinds = [change.kind for change in found.topics]
    counts = {
        "new": kinds.count("new"),
        "restored": kinds.count("restored"),
        "changed": kinds.count("changed"),
        "with another sample": kinds.count("sample"),
        "unchanged": found.report.unchanged,
        "deleted": len(found.report.deleted),
        "left alone": len(found.left),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing"


def problems(found: Difference) -> Iterator[str]:
    """The rest of what the run would tell."""
    others = [problem for problem in found.report.warnings if problem not in found.left]
    yield from problems_of(replace(found.report, warnings=tuple(others)))


def _add(root: Tree, change: Change) -> None:
    node = root.add(f"{SIGNS[change.kind]} {_line(change.name)}  {change.kind}")
    for each in change.fields:
        node.add(_shown(each))


def _shown(each: FieldChange) -> str:
    path = _line(each.path)
    if each.before is None:
        return f"{path}: {_line(each.after)}"
    if each.after is None:
        return f"{path}: {_line(each.before)} -> nothing"
    return f"{path}: {_line(each.before)} -> {_line(each.after)}"


def _line(text: object) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text))
