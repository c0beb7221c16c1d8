"""Tags and flows in the lines of a catalogue file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import DeletionRefused
from ..lineage.flow import Flow, Listing
from ..model import Problem
from ..workflow.models import Options
from .deletion import PIPELINES, gone
from .ends import name_of
from .found import Found, Linked
from .tags import Labels, Relabelling, label, labels_in

Body = dict[str, Any]


class Named(NamedTuple):
    """A pipeline, by its part and name."""

    part: str
    name: str


def flows_in(entry: Body) -> list[Body]:
    """Those that a line has, whoever wrote it."""
    found = entry.get("flows")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def flows_by_key(entry: Body) -> dict[tuple[str, ...], Body]:
    """key: direction, part and name."""
    return {_key(each): each for each in flows_in(entry)}


def flow_body(flow: Flow) -> Body:
    """A flow as plain data; what is not known is left out."""
    body = {
        "part": flow.part,
        "name": flow.name,
        "direction": flow.direction,
        "arn": flow.arn,
        "ends": [name_of(end) for end in flow.ends],
        "active": flow.active,
        "url": flow.console_url,
    }
    return {key: value for key, value in body.items() if value is not None}


def _named(body: Body) -> Named:
    return Named(str(body.get("part")), str(body.get("name")))


class Lines:
    """Brings what a run found into the lines of its topics. before: the flows of all of these lines."""

    def __init__(self, found: Found, options: Options, before: Iterable[Body]) -> None:
        self._found = found
        self._options = options
        self._labels = Labels(found, options.tags)
        self._by_stream: dict[str, list[Flow]] = {}
        for flow in (each for listing in found.listings for each in listing.flows):
            self._by_stream.setdefault(flow.stream_arn, []).append(flow)
        self._problems: list[Problem] = list(self._labels.problems) if self._has_tags else []
        known = {_named(each) for each in before}
        self._replaced = {named for listing in found.listings for named in self._settled(listing, known)}
        self._counts = [0, 0, 0]

    @property
    def _has_tags(self) -> bool:
        return self._options.tags.enabled and self._found.tags is not None

    @property
    def report(self) -> Linked:
        labelled, added, removed = self._counts
        return Linked(labelled=labelled, edges=added, edges_removed=removed, problems=tuple(self._problems))

    def _settled(self, listing: Listing, known: set[Named]) -> Iterator[Named]:
        """The pipelines of which it is known that they have the flows that were found, and no others."""
        if not listing.complete or self._found.account is None:
            return
        yield from (Named(listing.part, flow.name) for flow in listing.flows)
        yield from self._gone(listing, {named.name for named in known if named.part == listing.part})

    def _gone(self, listing: Listing, known: set[str]) -> list[Named]:
        region, account = self._found.region, self._found.account
        ours = {name: f"arn:aws:{listing.part}:{region}:{account}:{name}" for name in sorted(known)}
        present = listing.present | {flow.name for flow in listing.flows}
        share = self._options.lineage.deletion.max_share
        try:
            lost = gone(ours, present, region=region, account=account, max_share=share, kind=PIPELINES)
        except DeletionRefused as error:
            self._problems.append(Problem("lineage", listing.part, error.cause, error.remedy))
            return []
        return [Named(listing.part, name) for name in lost.names]

    def linked(self, stream: str, entry: Body) -> Body:
        """The line of a stream's topic with its tags and flows of now."""
        entry = self._with_tags(stream, entry) if self._has_tags else entry
        return self._with_flows(stream, entry)

    def _with_tags(self, stream: str, entry: Body) -> Body:
        tags = [each for each in entry.get("tags") or [] if isinstance(each, dict)]
        proven = self._found.tags is not None and self._found.tags.complete and self._found.account is not None
        change = Relabelling(
            labels_in(self._options.tags.classification, tags),
            self._labels.wanted(stream),
            self._labels.true(stream) if proven else None,
        )
        if not (change.missing or change.stale):
            return entry
        self._counts[0] += 1
        kept = [each for each in tags if each.get("tagFQN") not in change.stale]
        return _with(entry, "tags", sorted(kept + [label(name) for name in change.missing], key=_by_name))

    def _with_flows(self, stream: str, entry: Body) -> Body:
        before = flows_by_key(entry)
        now = {_key(body): body for body in map(flow_body, self._by_stream.get(self._found.arn(stream), []))}
        kept = {key: each for key, each in before.items() if _named(each) not in self._replaced}
        after = kept | now
        self._counts[1] += len(after.keys() - before.keys())
        self._counts[2] += len(before.keys() - after.keys())
        return _with(entry, "flows", [after[key] for key in sorted(after)])


def _key(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(body.get(key)) for key in ("direction", "part", "name"))


def _by_name(tag: Body) -> str:
    return str(tag.get("tagFQN"))


def _with(entry: Body, key: str, value: list[Body]) -> Body:
    rest = {name: each for name, each in entry.items() if name != key}
    return rest | ({key: value} if value else {})
