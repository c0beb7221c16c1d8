"""Which pipelines and edges follow from the flows of one run: pure, so that the same flows always give the same.

Two pipelines between the same ends share one edge: the first by part and name draws it, and names the others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from ..lineage.flow import End, Flow
from .client import entity_name
from .ends import Entity, Target, name_of
from .sink import digest

Body = dict[str, Any]
LONGEST_NAME = 256
MARK = "kin-"
OPEN = "0" * 12
NO_BODY = "0" * 8


class Stamp(NamedTuple):
    """What a pipeline's `sourceHash` remembers, in 32 characters: that it is ours, where it is, what was written.

    place: of the account and region (8 hex digits); body: of the pipeline (8); edges: of all of its edges (12), OPEN
    as long as not every one is as it should be.
    """

    place: str
    body: str
    edges: str = OPEN

    def __str__(self) -> str:
        return f"{MARK}{self.place}{self.body}{self.edges}"

    @classmethod
    def parse(cls, text: object) -> Stamp | None:
        """None for a pipeline that somebody else made."""
        if not isinstance(text, str) or not text.startswith(MARK) or len(text) != len(MARK) + 28:
            return None
        return cls(text[4:12], text[12:20], text[20:])


def place_of(account: str, region: str) -> str:
    return digest([account, region], 8)


class Line(NamedTuple):
    """An edge to be, from start to end; None stands for the pipeline itself, which else lies between the two."""

    start: Entity | None
    end: Entity | None

    @property
    def is_direct(self) -> bool:
        return None in self


@dataclass(frozen=True, slots=True)
class Pipe:
    """A pipeline to be. lines: its edges, with their descriptions; without those that another pipeline draws.

    is_shown: whether any edge, its own or another's, tells of it.
    """

    part: str
    name: str
    body: Body
    lines: Mapping[Line, str] = field(default_factory=dict)
    is_shown: bool = True

    def stamp(self, place: str) -> Stamp:
        plain = sorted([*(line.start or ("", "")), *(line.end or ("", "")), text] for line, text in self.lines.items())
        return Stamp(place, digest(self.body, 8), digest(plain, 12))


def pipes(
    flows: Iterable[Flow], topics: Mapping[str, str], target: Callable[[End], Target], *, draws_unresolved: bool
) -> tuple[Pipe, ...]:
    """The pipelines of flows at catalogued topics. topics: stream ARN -> id. draws_unresolved: see `unresolved`."""
    ours = sorted((flow for flow in flows if flow.stream_arn in topics), key=_order)
    grouped = [list(group) for _, group in groupby(ours, key=lambda flow: (flow.part, pipeline_name(flow.name)))]
    lines = [
        {line: flow for flow in each for line in _lines(flow, topics, target, draws_unresolved)} for each in grouped
    ]
    sharing: dict[Line, list[Flow]] = {}
    for each in lines:
        for line, flow in each.items():
            sharing.setdefault(line, []).append(flow)
    return tuple(_pipe(*each, sharing, target) for each in zip(grouped, lines, strict=True))


def pipeline_name(name: str) -> str:
    """As OpenMetadata takes it: at most 256 characters; a longer one ends in a hash of the whole."""
    name = entity_name(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 9]}~{digest(name, 8)}"


def _order(flow: Flow) -> tuple[str, ...]:
    return flow.part, pipeline_name(flow.name), flow.stream_arn, flow.direction, flow.arn


def _lines(
    flow: Flow, topics: Mapping[str, str], target: Callable[[End], Target], draws_unresolved: bool
) -> Iterator[Line]:
    here, reads = Entity("topic", topics[flow.stream_arn]), flow.direction == "reads"
    targets = [target(end) for end in flow.ends]
    others: list[Entity | None] = [each.entity for each in targets if each.entity and each.entity != here]
    if not others and (draws_unresolved or not any(each.is_asset for each in targets)):
        others = [None]
    yield from (Line(here, other) if reads else Line(other, here) for other in others)


def _pipe(
    flows: list[Flow],
    lines: Mapping[Line, Flow],
    sharing: Mapping[Line, Collection[Flow]],
    target: Callable[[End], Target],
) -> Pipe:
    first = flows[0]
    drawn = {line: flow for line, flow in lines.items() if line.is_direct or _owner(sharing[line]) is flow}
    texts = {line: _description(flow, _others(line, flow, sharing), target) for line, flow in drawn.items()}
    return Pipe(first.part, pipeline_name(first.name), _body(flows), texts, bool(lines))


def _owner(flows: Collection[Flow]) -> Flow:
    return min(flows, key=_order)


def _others(line: Line, flow: Flow, sharing: Mapping[Line, Collection[Flow]]) -> list[str]:
    return [] if line.is_direct else [each.name for each in sharing[line] if each is not flow]


def _body(flows: list[Flow]) -> Body:
    """A CreatePipeline request (api/data/createPipeline.json) but for its service and hash."""
    first = flows[0]
    body: Body = {"name": pipeline_name(first.name), "description": f"`{first.arn}`"}
    url = next((flow.console_url for flow in flows if flow.console_url), None)
    if url:
        body["sourceUrl"] = url
    states = {flow.active for flow in flows} - {None}
    if states:
        body["state"] = "Active" if True in states else "Inactive"
    return body


def _description(flow: Flow, others: list[str], target: Callable[[End], Target]) -> str:
    missing = [name_of(end) for end in flow.ends if not target(end).entity]
    said = {
        "": f"`{flow.arn}`",
        "Registered consumer": flow.consumer_arn,
        "Records may be changed by": flow.transformed_by,
        "To" if flow.direction == "reads" else "From": ", ".join(sorted(missing)),
        "The same way go": ", ".join(sorted(others)),
    }
    return "; ".join(f"{word} {text}".strip() for word, text in said.items() if text)
