"""The tags and flows of each stream, in words that a person reads beside those of many others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..catalogue.ends import name_of
from ..catalogue.found import Found
from ..lineage.flow import Direction, Flow

MOST = 20  # of a stream's tags, its readers, its writers
LONGEST = 120  # characters of each


class Details(NamedTuple):
    """tags: as `key=value`; readers, writers: as `firehose NAME → s3://bucket`. None is not known, () is none."""

    stream: str
    tags: tuple[str, ...] | None
    readers: tuple[str, ...] | None
    writers: tuple[str, ...] | None


def details(found: Found) -> Iterator[Details]:
    """Of every stream of a run, for `Tally.detailed`. None of a kind is certain only where all listings ended."""
    flows: dict[str, list[Flow]] = {}
    for flow in (each for listing in found.listings for each in listing.flows):
        flows.setdefault(flow.stream_arn, []).append(flow)
    tagged = found.tags is not None and found.tags.complete
    whole = bool(found.listings) and all(listing.complete for listing in found.listings)
    for name in found.streams:
        of = flows.get(found.arn(name), [])
        tags = [f"{key}={value}" if value else key for key, value in found.tags_of(name).items()]
        yield Details(name, _few(tags, known=tagged), _named(of, "reads", whole), _named(of, "writes", whole))


def _named(flows: list[Flow], direction: Direction, whole: bool) -> tuple[str, ...] | None:
    return _few([_told(flow) for flow in flows if flow.direction == direction], known=whole)


def _told(flow: Flow) -> str:
    behind = ", ".join(map(name_of, flow.ends))
    arrow = "→" if flow.direction == "reads" else "←"
    idle = " (inactive)" if flow.active is False else ""
    return f"{flow.part} {flow.name}{idle}" + (f" {arrow} {behind}" if behind else "")


def _few(texts: Iterable[str], *, known: bool) -> tuple[str, ...] | None:
    every = sorted(texts)
    if not every and not known:
        return None
    more = (f"and {len(every) - MOST + 1} more",) if len(every) > MOST else ()
    kept = every[: MOST - 1] if more else every
    return tuple(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in kept) + more
