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

_KINDS = {type(None): "null", bool: "boolean", int: "integer", float: "number"} | {
    str: "string",
    list: "array",
    dict: "object",
}
_DATA_KEY = re.compile(  # in linear time: no part can end where the next may begin in more than one way
    r"[+(]?[0-9](?:[0-9 .:()/+-]*|[0-9.:()/+-]*[T ][0-9].*)"  # number, date, time, version, telephone or IPv4 number
    r"|[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"  # UUID
    r"|(?=[a-f]*[0-9])[0-9a-f]{16,}"  # hash, object id
    r"|(?=[A-Z]*[0-9])[0-9A-Z]{15,}"  # ULID, IBAN, access key id
    r"|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]*"  # IPv6
    r"|[^@\s]+@[^@\s]+\.[^@\s.]+"
    r"|eyJ[\w.-]{20,}"  # JWT
    r"|arn:.+"
)
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_TIME = re.compile(
    r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
)
_RFC_3339 = re.compile(r".{10}T.{8}(?:\.[0-9]+)?(?:Z|[+-].{2}:.{2})")


@dataclass(slots=True)
class Shape:
    """The union of some JSON values.

    kinds: JSON Schema types ("integer" only beside no "number"). bits: what the widest integer needs, 32, 64 or
    65 for more. text: "TIMESTAMP" or "DATE" when all strings are such, in ISO 8601; zoned when every TIMESTAMP is
    RFC 3339. properties: of all objects; required: those in every object; values: of the keys that are data, None
    when there are none. items: of all arrays, None when all are empty.
    """

    kinds: frozenset[str]
    bits: int = 32
    text: str = "STRING"
    zoned: bool = False
    properties: dict[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    values: Shape | None = None
    items: Shape | None = None


def shape_of(values: Sequence[Any], depth: int = DEPTH_MOST) -> Shape:
    """The shape of values, which are at least one and as json.loads makes them."""
    kinds = {_KINDS[kind] for kind in set(map(type, values))}
    if "number" in kinds:
        kinds.discard("integer")
    shape = Shape(frozenset(kinds))
    if "integer" in kinds:
        shape.bits = _bits([value for value in values if type(value) is int])
    if "string" in kinds:
        _add_text(shape, [value for value in values if type(value) is str])
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


def _add_text(shape: Shape, texts: list[str]) -> None:
    first = texts[0]
    if len(first) < 10 or first[4] != "-":
        return
    if all(map(_is_date, texts)):
        shape.text = "DATE"
    elif all(map(_is_timestamp, texts)):
        shape.text = "TIMESTAMP"
        shape.zoned = all(map(_RFC_3339.fullmatch, texts))


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
    data_keys = [key for key in columns if _DATA_KEY.fullmatch(key)]
    data = list(chain.from_iterable(columns.pop(key) for key in data_keys))
    if len(columns) > SPARSE_KEYS and _are_data(columns, len(objects)):
        data += chain.from_iterable(columns.values())
        columns = {}
    shape.values = shape_of(data, depth) if data else None
    names = sorted(columns)
    if len(names) > WIDTH_MOST:
        names = sorted(sorted(names, key=lambda name: -len(columns[name]))[:WIDTH_MOST])
        shape.values = None  # the names left out are not among the keys that it describes
    shape.properties = {name: shape_of(columns[name], depth) for name in names}
    shape.required = tuple(name for name in names if len(columns[name]) == len(objects))


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


def _are_data(columns: dict[str, list[Any]], objects: int) -> bool:
    """Many keys of one type that no object shares with most others, or more than an object has properties."""
    sparse = max(map(len, columns.values())) * 2 <= objects
    return (sparse or len(columns) > WIDTH_MOST) and len(_kinds(chain.from_iterable(columns.values()))) <= 1


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
        return replace(shape, properties={}, required=(), values=None, items=None)
    return replace(
        shape,
        properties={name: pruned(inner, depth - 1) for name, inner in shape.properties.items()},
        values=shape.values and pruned(shape.values, depth - 1),
        items=shape.items and pruned(shape.items, depth - 1),
    )


def union(one: Shape, other: Shape) -> Shape:
    """The shape of all values that either was made of; the same the other way round, and of itself."""
    one, other = _as_map_beside(one, other), _as_map_beside(other, one)
    kinds = one.kinds | other.kinds
    text = _text_of_both(one, other)
    names = sorted(one.properties.keys() | other.properties.keys())[:WIDTH_MOST]
    properties = {name: _both(one.properties.get(name), other.properties.get(name)) for name in names}
    return Shape(
        kinds - {"integer"} if "number" in kinds else kinds,
        bits=max(one.bits, other.bits),
        text=text,
        zoned=text == "TIMESTAMP" and all(shape.zoned for shape in (one, other) if "string" in shape.kinds),
        properties={name: shape for name, shape in properties.items() if shape},
        required=tuple(name for name in names if _in_every_object(name, one) and _in_every_object(name, other)),
        # Names that were left out for the width are not among the keys that it describes.
        values=_both(one.values, other.values) if len(names) < WIDTH_MOST else None,
        items=_both(one.items, other.items),
    )


def _as_map_beside(one: Shape, other: Shape) -> Shape:
    """Keys that were taken for names because they were few are data when the other shape is a map."""
    if not one.properties or other.properties or not other.values:
        return one
    values = reduce(_both, one.properties.values(), one.values)
    return replace(one, properties={}, required=(), values=values)


def _both(one: Shape | None, other: Shape | None) -> Shape | None:
    return union(one, other) if one and other else one or other


def _text_of_both(one: Shape, other: Shape) -> str:
    texts = {shape.text for shape in (one, other) if "string" in shape.kinds}
    return texts.pop() if len(texts) == 1 else "STRING"


def _in_every_object(name: str, shape: Shape) -> bool:
    return name in shape.required or "object" not in shape.kinds
