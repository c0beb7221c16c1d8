"""What a run would change, as the command line shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .report import problems as problems_of

if TYPE_CHECKING:
    from rich.tree import Tree

    from ..catalogue.rehearsal import Change, FieldChange
    from .diff import Difference

SIGNS = {"new": "+", "changed": "~", "linked": "~", "restored": "^", "deleted": "-"}


def tree(found: Difference) -> Tree:
    """Every topic, pipeline and edge that would be written or deleted, field by field; of those with another sample
    only, the names.

    What drifted stands below the topics, with its verdict: whether readers of the new schema can read the old data.
    """
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
    for name, drifts in found.report.drift_by_stream.items():
        node = root.add(f"! {_line(name)}  drifted")
        for drift in drifts:
            node.add(_line(f"{drift.text}, compatible" if drift.compatible else drift.text))
    for name in found.report.deleted:
        root.add(f"- {_line(name)}  deleted: its stream is gone")
    for problem in found.left:
        root.add(f"? {_line(problem.entity)}  left alone: {problem.cause}. {problem.remedy}")
    _add_flows(root, found)
    return root


def _add_flows(root: Tree, found: Difference) -> None:
    for kind in dict.fromkeys(each.kind for each in found.made):
        names = [_line(each.name) for each in found.made if each.kind == kind]
        root.add(f"+ {kind}{'s' if len(names) > 1 else ''}: {', '.join(names)}")
    for pipeline in found.pipelines:
        node = root.add(f"{SIGNS[pipeline.kind]} pipeline {_line(pipeline.name)}  {pipeline.kind}: {pipeline.reason}")
        for each in pipeline.fields:
            node.add(_shown(each))
    for edge in found.edges:
        ends = f"{_line(edge.start)} -> {_line(edge.end)}"
        root.add(f"{SIGNS[edge.kind]} edge {ends}  {edge.kind}: {_line(edge.reason)}")


def summary(found: Difference) -> str:
    kinds = [change.kind for change in found.topics]
    counts = {
        "new": kinds.count("new"),
        "restored": kinds.count("restored"),
        "changed": kinds.count("changed"),
        "with another sample": kinds.count("sample"),
        "with other labels, owners or flows": kinds.count("linked"),
        "unchanged": found.report.unchanged,
        "deleted": len(found.report.deleted),
        "left alone": len(found.left),
        "drifted": found.report.drifted,
        **_counted("pipeline", (each.kind for each in found.pipelines)),
        **_counted("edge", (each.kind for each in found.edges)),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing"


def _counted(what: str, kinds: Iterable[str]) -> dict[str, int]:
    return {f"{kind} {what}{'s' if count > 1 else ''}": count for kind, count in Counter(kinds).items()}


def problems(found: Difference) -> Iterator[str]:
    """The rest of what the run would tell."""
    others = [problem for problem in found.report.warnings if problem not in found.left]
    yield from problems_of(replace(found.report, warnings=tuple(others)))


def _add(root: Tree, change: Change) -> None:
    node = root.add(
        f"{SIGNS[change.kind]} {_line(change.name)}  {'changed' if change.kind == 'linked' else change.kind}"
    )
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
