"""What JSON values have in common: the union of their types, level by level, as JSON Schema counts types.

The result depends on the set of values only, never on their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from itertools import chain
from operator import itemgetter
from typing import Any

DEPTH_MOST = 16
"""Levels of objects and arrays that are looked into; a deeper one is known to be an object or an array."""

WIDTH_MOST = 500
"""Properties kept of one object, the most frequent first."""

SPARSE_KEYS = 20
"""More distinct keys than this, each in at most half of the objects, all of one type: the keys are data."""

TIMESTAMPS = {"date-time", "local-date-time", "iso-date-time"}
"""Forms of a text; the first is JSON Schema's own, the third of some of its validators, of both kinds at once."""

_KINDS = {type(None): "null", bool: "boolean", int: "integer", float: "number"} | {
    str: "string",
    list: "array",
    dict: "object",
}
_PERSONAL = (
    r"[^@\s]+@[^@\s]+\.[^@\s.]+"  # e-mail address
    r"|eyJ[\w.-]{20,}"  # JWT
    r"|A[A-Z]{2}A[0-9A-Z]{16}"  # access key id
)
_DATA_KEY = re.compile(  # in linear time: no part can end where the next may begin in more than one way
    r"[+(]?[0-9](?:[0-9 .:()/+-]*|[0-9.:()/+-]*[T ][0-9].*)"  # number, date, time, version, telephone or IPv4 number
    r"|[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"  # UUID
    r"|(?=[a-f]*[0-9])[0-9a-f]{16,}"  # hash, object id
    r"|[A-Z]{2}[0-9]{2}[0-9A-Z]{11,}"  # IBAN
    r"|(?![A-Z]+[0-9]{1,4}\Z)(?=(?:[A-Z]*[0-9]){4})[0-9A-Z]{15,}"  # ULID and the like; ADDRESSOFBILLING1 is a name
    r"|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*"  # IPv6
    r"|arn:.+"
    rf"|{_PERSONAL}"
)
_ALWAYS_DATA = re.compile(_PERSONAL)
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_TIME = re.compile(
    r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
)
_ZONE = re.compile(r"(?:Z|[+-][0-9:]+)\Z")
_RFC_3339 = re.compile(r".{10}T.{8}(?:\.[0-9]+)?(?:Z|[+-].{2}:.{2})")


@dataclass(slots=True)
class Shape:
    """The union of some JSON values.

    kinds: JSON Schema types ("integer" only beside no "number"). bits: what the widest integer needs, 32, 64 or
    65 for more. form: of all strings, "" when they have none in common; "date" and the forms of a timestamp in ISO
    8601: "date-time" when each is RFC 3339, "local-date-time" when none has a zone, else "iso-date-time".
    properties: of all objects; required: those in every object; values: of the keys that are no properties, None
    when there are none. crowded: values also describe names that were left out for the width; without it, only keys
    that are data. items: of all arrays, None when all are empty. last_seen, dates: of the shape, and of kinds of
    it, that a sample lacked (forgetting.py); a union loses them.
    """

    kinds: frozenset[str]
    bits: int = 32
    form: str = ""
    properties: dict[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Shape | None = None
    crowded: bool = False
    items: Shape | None = None
    last_seen: date | None = None
    dates: dict[str, date] = field(default_factory=dict)


def shape_of(values: Sequence[Any], depth: int = DEPTH_MOST) -> Shape:
    """The shape of values, which are at least one and as json.loads makes them."""
    kinds = {_KINDS[kind] for kind in set(map(type, values))}
    if "number" in kinds:
        kinds.discard("integer")
    shape = Shape(frozenset(kinds))
    if "integer" in kinds:
        shape.bits = _bits([value for value in values if type(value) is int])
    if "string" in kinds:
        shape.form = _form([value for value in values if type(value) is str])
    if "object" in kinds and depth:
        _add_properties(shape, [value for value in values if type(value) is dict], depth - 1)
    if "array" in kinds and depth:
        items = list(chain.from_iterable(value for value in values if type(value) is list))
        shape.items = shape_of(items, depth - 1) if items else None
    return shape


def _bits(numbers: list[int]) -> int:
    low, high = min(numbers), max(numbers)
    if low >= -(1 << 31) and high < 1 << 31:
        return 32
    return 64 if low >= -(1 << 63) and high < 1 << 63 else 65


def _form(texts: list[str]) -> str:
    first = texts[0]
    if len(first) < 10 or first[4] != "-":
        return ""
    if all(map(_is_date, texts)):
        return "date"
    return _timestamp_form(texts) if all(map(_is_timestamp, texts)) else ""


def _timestamp_form(texts: list[str]) -> str:
    if all(map(_RFC_3339.fullmatch, texts)):
        return "date-time"
    return "iso-date-time" if any(map(_ZONE.search, texts)) else "local-date-time"


def _is_date(text: str) -> bool:
    if len(text) != 10 or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:  # February 30
        return False
    return True


def _is_timestamp(text: str) -> bool:
    return len(text) > 10 and _TIME.fullmatch(text, 10) is not None and _is_date(text[:10])


def _add_properties(shape: Shape, objects: list[dict[str, Any]], depth: int) -> None:
    columns = _columns(objects)
    data_keys = [key for key, column in columns.items() if _is_data_key(key, len(column), len(objects))]
    data = [columns.pop(key) for key in data_keys]
    crowd = [columns.pop(name) for name in _crowd(columns, len(objects))]
    values = list(chain.from_iterable(data + crowd))
    shape.values = shape_of(values, depth) if values else None
    shape.crowded = bool(crowd and columns)
    shape.properties = {name: shape_of(columns[name], depth) for name in sorted(columns)}
    shape.required = tuple(name for name in shape.properties if len(columns[name]) == len(objects))


def _is_data_key(key: str, times: int, objects: int) -> bool:
    """What looks like data is a name all the same when every object has it, of which one object is no proof."""
    if not _DATA_KEY.fullmatch(key):
        return False
    return not _is_steady(times, objects) or _ALWAYS_DATA.fullmatch(key) is not None


def _is_steady(times: int, objects: int) -> bool:
    return 1 < objects == times


def _columns(objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of every key, over all objects."""
    keys = objects[0].keys()
    if len(keys) > 1 and all(map(keys.__eq__, map(dict.keys, objects))):
        # The usual case, and worth a shortcut: the values are turned by 90 degrees without a Python loop.
        return dict(zip(keys, map(list, zip(*map(itemgetter(*keys), objects), strict=True)), strict=True))
    columns: dict[str, list[Any]] = {}
    for one in objects:
        for key, value in one.items():
            columns.setdefault(key, []).append(value)
    return columns


def _crowd(columns: dict[str, list[Any]], objects: int) -> list[str]:
    """The names that are no properties because there are so many: those that are data, and what is beyond the width."""
    if len(columns) <= SPARSE_KEYS:
        return []
    names = sorted(columns, key=lambda name: (-len(columns[name]), name))
    steady = [name for name in names if _is_steady(len(columns[name]), objects)]
    varying = names[len(steady) :]
    if _are_data([columns[name] for name in varying], len(columns), objects):
        return varying + steady[WIDTH_MOST:]
    return names[WIDTH_MOST:]


def _are_data(varying: list[list[Any]], width: int, objects: int) -> bool:
    """Many keys of one type that no object shares with most others, or more than an object has properties."""
    if len(varying) <= SPARSE_KEYS:
        return False
    sparse = len(varying) == width and len(varying[0]) * 2 <= objects
    return (sparse or width > WIDTH_MOST) and len(_kinds(chain.from_iterable(varying))) <= 1


def _kinds(values: Iterable[Any]) -> set[str]:
    kinds = {_KINDS[kind] for kind in set(map(type, values))} - {"null"}
    return kinds - {"integer"} if "number" in kinds else kinds


def depth_within(shape: Shape, most: int) -> int:
    """How many levels below shape hold at most so many shapes together; DEPTH_MOST when all do."""
    level, total, depth = [shape], 1, -1
    while level and total <= most:
        depth += 1
        level = [inner for one in level for inner in (*one.properties.values(), one.values, one.items) if inner]
        total += len(level)
    return depth if level else DEPTH_MOST


def pruned(shape: Shape, depth: int) -> Shape:
    """shape with at most so many levels of objects and arrays."""
    if not depth:
        return replace(shape, properties={}, required=(), values=None, crowded=False, items=None)
    return replace(
        shape,
        properties={name: pruned(inner, depth - 1) for name, inner in shape.properties.items()},
        values=shape.values and pruned(shape.values, depth - 1),
        items=shape.items and pruned(shape.items, depth - 1),
    )


def union(one: Shape, other: Shape) -> Shape:
    """The shape of all values that either was made of; the same the other way round, and of itself."""
    one, other = as_map_beside(one, other), as_map_beside(other, one)
    kinds = one.kinds | other.kinds
    shape = Shape(
        kinds - {"integer"} if "number" in kinds else kinds,
        bits=max(one.bits, other.bits),
        form=_form_of_both(one, other),
        values=_both(one.values, other.values),
        crowded=one.crowded or other.crowded,
        items=_both(one.items, other.items),
    )
    _add_properties_of_both(shape, one, other)
    return shape


def _add_properties_of_both(shape: Shape, one: Shape, other: Shape) -> None:
    """Names of both first, as they are the more frequent ones; what is no property any more is among the values."""
    both = {name: _both(at(one, name), at(other, name)) for name in one.properties | other.properties}
    steady = {name for name in both if _in_every_object(name, one) and _in_every_object(name, other)}
    names = [name for name in both if name in steady or not _DATA_KEY.fullmatch(name)]
    names.sort(key=lambda name: (-(name in one.properties) - (name in other.properties), name))
    kept = {name: inner for name in sorted(names[:WIDTH_MOST]) if (inner := both[name])}
    shape.properties, shape.required = kept, tuple(name for name in kept if name in steady)
    shape.values = reduce(_both, [inner for name, inner in both.items() if name not in kept], shape.values)
    shape.crowded = bool(kept) and (shape.crowded or len(names) > WIDTH_MOST)


def at(shape: Shape, name: str) -> Shape | None:
    """What shape knows of the values of name, which may be among those of the keys that are no properties."""
    hidden = shape.values if shape.crowded or _DATA_KEY.fullmatch(name) else None
    return shape.properties.get(name, hidden)


def as_map_beside(one: Shape, other: Shape) -> Shape:
    """Keys that were taken for names because they were few are data when the other shape is a map."""
    if not one.properties or other.properties or not other.values:
        return one
    values = reduce(_both, one.properties.values(), one.values)
    return replace(one, properties={}, required=(), values=values)


def _both(one: Shape | None, other: Shape | None) -> Shape | None:
    return union(one, other) if one and other else one or other


def _form_of_both(one: Shape, other: Shape) -> str:
    forms = {shape.form for shape in (one, other) if "string" in shape.kinds}
    if len(forms) > 1 and forms <= TIMESTAMPS:
        return "iso-date-time"
    return forms.pop() if len(forms) == 1 else ""


def _in_every_object(name: str, shape: Shape) -> bool:
    return name in shape.required or "object" not in shape.kinds
