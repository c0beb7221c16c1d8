"""What a schema that only grew would keep for ever: fields and types that no sample has shown for a long time.

A field or a type that a sample lacks gets the date of that day, and keeps it until a sample shows it again. Then the
date is that sample's, but only if it was a week old or more: so a date is written once a week at most, and what bears
one is in no record that arrived after the week that begins with it. What never lacked bears none.

Time passes with the records: while nobody writes to a stream, nothing of it is forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce
from typing import NamedTuple

from .shape import Shape, as_map_beside, at, union

WEEK = timedelta(days=7)
AT_ONCE = timedelta(days=-1_000_000)
"""As `Memory.after`: what the sample lacks is forgotten."""


class Ages(NamedTuple):
    """The oldest date in a schema of what the last sample showed, and of what it lacked; None for none."""

    shown: date | None = None
    lacked: date | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """today: when the sample was taken. newest: the day on which its newest record arrived; with another position or
    other shards it may be before that of the last sample. after: how long unseen until it is forgotten.
    """

    today: date
    newest: date
    after: timedelta

    def is_stale(self, last_seen: date) -> bool:
        return self.newest - last_seen >= WEEK

    def is_over(self, last_seen: date) -> bool:
        return self.newest - last_seen >= WEEK + self.after

    def is_due(self, ages: Ages) -> bool:
        """Whether a sample that shows what the last one did changes a date, or forgets something."""
        shown, lacked = ages
        return (shown is not None and self.is_stale(shown)) or (lacked is not None and self.is_over(lacked))


class Aged(NamedTuple):
    """A schema's shape after a sample, and what it does not have any more: names by their paths, types in brackets."""

    shape: Shape
    forgotten: tuple[str, ...] = ()
    ages: Ages = Ages()


def aged(both: Shape, then: Shape, now: Shape, memory: Memory) -> Aged:
    """The union of then, with its dates, and now, the shape of a new sample, without what is forgotten.

    If anything of it is to be written, all dates of what the sample shows are: the next ones are a week away. And if
    something is forgotten they go, so that a stream that has settled is not written every week.
    """
    found = _Walk(memory, WEEK).aged(both, then, now)
    if found.forgotten:
        return _Walk(memory, None).aged(both, then, now)
    return found if found.shape == then else _Walk(memory, timedelta(0)).aged(both, then, now)


@dataclass(slots=True)
class _Walk:
    """One walk down a shape. fresh: a date that is younger stays, None: what is shown has none any more."""

    memory: Memory
    fresh: timedelta | None
    forgotten: list[str] = field(default_factory=list)
    shown: list[date] = field(default_factory=list)
    lacked: list[date] = field(default_factory=list)

    def aged(self, both: Shape, then: Shape, now: Shape) -> Aged:
        shape = self._both(both, then, now, self.memory.today, "")
        ages = Ages(min(self.shown, default=None), min(self.lacked, default=None))
        return Aged(shape, tuple(self.forgotten), ages)

    def _both(self, both: Shape, then: Shape, now: Shape, since: date, path: str) -> Shape:
        """since: when then, or what it lies in, was seen last: what it lacked has not been seen since, either."""
        then, now = as_map_beside(then, now), as_map_beside(now, then)
        since = min(since, then.last_seen or since)
        dates = self._dates(then, now, since, path)
        shape = _narrowed(both, dates, dates)
        shape = self._in_objects(shape, then, now, min(since, then.dates.get("object", since)), path)
        return self._in_arrays(shape, then, now, min(since, then.dates.get("array", since)), path)

    def _dates(self, then: Shape, now: Shape, since: date, path: str) -> dict[str, date | None]:
        """The types that stay, also integers that a number hides."""
        dates = {kind: self._renewed(then.dates.get(kind)) for kind in now.kinds}
        for kind in sorted((then.kinds | then.dates.keys()) - now.kinds):
            last_seen = then.dates.get(kind, since)
            if self._is_kept(last_seen, f"{path or '.'} ({kind})"):
                dates[kind] = last_seen
        if "number" in dates and "integer" in dates:
            dates["integer"] = dates["integer"] or self.memory.newest
        return dates

    def _in_objects(self, shape: Shape, then: Shape, now: Shape, since: date, path: str) -> Shape:
        if "object" not in now.kinds:
            return self._lacking_objects(shape, path)
        aged = {
            name: self._child(inner, at(then, name), at(now, name), since, f"{path}.{name}")
            for name, inner in shape.properties.items()
        }
        before, shown = _values_beside(shape.properties, then), _values_beside(shape.properties, now)
        values = shape.values and self._child(shape.values, before, shown, since, f"{path}.*")
        return _holding(shape, aged, values)

    def _in_arrays(self, shape: Shape, then: Shape, now: Shape, since: date, path: str) -> Shape:
        if "array" not in now.kinds:
            return self._lacking_arrays(shape, path)
        items = shape.items and self._child(shape.items, then.items, now.items, since, f"{path}[]")
        return replace(shape, items=items)

    def _child(self, both: Shape, then: Shape | None, now: Shape | None, since: date, path: str) -> Shape | None:
        if now is None:
            return self._lacking(replace(both, last_seen=both.last_seen or since), path)
        if then is None:
            return both
        return replace(self._both(both, then, now, since, path), last_seen=self._renewed(then.last_seen))

    def _lacking(self, shape: Shape, path: str) -> Shape | None:
        """shape, which is not in the sample; what is in it may have an older date than itself."""
        if shape.last_seen and not self._is_kept(shape.last_seen, path):
            return None
        over = {kind for kind, day in shape.dates.items() if not self._is_kept(day, f"{path} ({kind})")}
        shape = _narrowed(shape, (shape.kinds | shape.dates.keys()) - over, shape.dates)
        return self._lacking_arrays(self._lacking_objects(shape, path), path) if shape.kinds else None

    def _lacking_objects(self, shape: Shape, path: str) -> Shape:
        aged = {name: self._lacking(inner, f"{path}.{name}") for name, inner in shape.properties.items()}
        values = shape.values and self._lacking(shape.values, f"{path}.*")
        return _holding(shape, aged, values)

    def _lacking_arrays(self, shape: Shape, path: str) -> Shape:
        return replace(shape, items=shape.items and self._lacking(shape.items, f"{path}[]"))

    def _renewed(self, last_seen: date | None) -> date | None:
        """Of what the sample shows."""
        if last_seen is None or self.fresh is None:
            return None
        newest = self.memory.newest
        self.shown.append(newest if newest - last_seen >= self.fresh else last_seen)
        return self.shown[-1]

    def _is_kept(self, last_seen: date, what: str) -> bool:
        """Whether the sample, which lacks it, is not the one after which it is forgotten."""
        is_over = self.memory.is_over(last_seen)
        if is_over:
            self.forgotten.append(what)
        else:
            self.lacked.append(last_seen)
        return not is_over


def _holding(shape: Shape, properties: Mapping[str, Shape | None], values: Shape | None) -> Shape:
    """shape with these; None has been forgotten."""
    kept = {name: inner for name, inner in properties.items() if inner}
    required = tuple(name for name in shape.required if name in kept)
    return replace(
        shape, properties=kept, required=required, values=values, crowded=shape.crowded and values is not None
    )


def _values_beside(names: Collection[str], shape: Shape) -> Shape | None:
    """The values of all keys but these, where they are the properties of a union with shape."""
    left = [inner for name, inner in shape.properties.items() if name not in names]
    return reduce(union, [shape.values, *left] if shape.values else left) if shape.values or left else None


def _narrowed(shape: Shape, seen: Collection[str], dates: Mapping[str, date | None]) -> Shape:
    """shape without the types that are not among seen, and what hung on them."""
    kinds = frozenset(seen) - ({"integer"} if "number" in seen else set())
    shape = replace(shape, kinds=kinds, dates={kind: day for kind, day in dates.items() if day and kind in seen})
    if not kinds & {"integer", "number"}:
        shape.bits = 32
    if "string" not in kinds:
        shape.form = ""
    if "object" not in kinds:
        shape.properties, shape.required, shape.values, shape.crowded = {}, (), None, False
    if "array" not in kinds:
        shape.items = None
    return shape


def lost(then: Shape, now: Shape) -> tuple[str, ...]:
    """What then has and now, the shape of a new sample, lacks; as in `Aged.forgotten`."""
    return _Walk(Memory(date.max, date.max, AT_ONCE), WEEK).aged(then, then, now).forgotten
