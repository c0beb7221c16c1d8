"""Shapes and Avro types -> OpenMetadata's field tree (type/schema.json#/definitions/field).

A type that may be null is displayed as in "STRING, nullable" and keeps its own dataType: OpenMetadata filters and
searches by it. Inside angle brackets the same is "UNION<NULL, STRING>". The fields of a record stand right below
the field that holds it, also through ARRAY and MAP: `items.price`, not `items.Item.price`. Names are the stream's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ..model import Field
from .avro_schema import AvroType
from .shape import DEPTH_MOST, TIMESTAMPS, WIDTH_MOST, Shape

FIELDS_MOST = 2000
"""Fields of one tree; a larger one is cut where it is deepest."""

DISPLAY_MOST = 500
"""Characters of a type's display; the union of an Avro schema may have thousands of branches."""

_ORDER = ("boolean", "integer", "number", "string", "object", "array")
_INTEGERS = {32: ("INT", "INT"), 64: ("LONG", "LONG"), 65: ("UNKNOWN", "INTEGER")}
_SIMPLE = {"boolean": ("BOOLEAN", "BOOLEAN"), "number": ("DOUBLE", "DOUBLE"), "null": ("NULL", "NULL")}
_TEXTS = {"date": ("DATE", "DATE"), **dict.fromkeys(TIMESTAMPS, ("TIMESTAMP", "TIMESTAMP"))}
_LOGICAL = {
    "date": ("DATE", "DATE"),
    "time-millis": ("TIME", "TIME"),
    "time-micros": ("TIME", "TIME"),
    "timestamp-millis": ("TIMESTAMP", "TIMESTAMP"),
    "timestamp-micros": ("TIMESTAMP", "TIMESTAMP"),
    "timestamp-nanos": ("TIMESTAMP", "TIMESTAMP"),
    "local-timestamp-millis": ("TIMESTAMP", "TIMESTAMP"),
    "local-timestamp-micros": ("TIMESTAMP", "TIMESTAMP"),
    "local-timestamp-nanos": ("TIMESTAMP", "TIMESTAMP"),
}


class _TooMany(Exception):
    """More fields than FIELDS_MOST; the next attempt goes less deep."""


def fields_of_shape(name: str, shape: Shape) -> tuple[Field, ...]:
    """The tree of inferred JSON: one root."""
    return (_within_limits(lambda tree, depth: tree.of_shape(name, shape, depth)),)


def fields_of_avro(name: str, avro: AvroType) -> tuple[Field, ...]:
    """The tree of an Avro schema: one root, called like its record, or name when the schema has none."""
    return (_within_limits(lambda tree, depth: tree.of_avro(avro.name or name, avro, depth)),)


def _within_limits(build: Callable[[_Tree, int], Field]) -> Field:
    for depth in range(DEPTH_MOST, 1, -1):
        try:
            return build(_Tree(FIELDS_MOST), depth)
        except _TooMany:
            continue
    return build(_Tree(FIELDS_MOST), 1)  # at most WIDTH_MOST fields and their root


class _Tree:
    """One attempt at a tree; room counts down the fields it may have."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.path: list[AvroType] = []

    def field(self, name: str, kind: str, display: str, children: Iterable[Field], *, nullable: bool) -> Field:
        self.room -= 1
        if self.room < 0:
            raise _TooMany
        short = display if len(display) <= DISPLAY_MOST else f"{display[:DISPLAY_MOST]}…"
        return Field(name, kind, f"{short}, nullable" if nullable else short, tuple(children))

    def of_shape(self, name: str, shape: Shape, depth: int) -> Field:
        kind, display = _shape_type(shape)
        nullable = "null" in shape.kinds and len(shape.kinds) > 1
        children = self.children_of_shape(shape, depth) if depth else []
        return self.field(name, kind, display, children, nullable=nullable)

    def children_of_shape(self, shape: Shape, depth: int) -> list[Field]:
        """Of a union, the fields of its objects; arrays and maps pass on those of what they hold."""
        if shape.properties:
            return [self.of_shape(name, inner, depth - 1) for name, inner in shape.properties.items()]
        inner = shape.values or shape.items
        return self.children_of_shape(inner, depth) if inner else []

    def of_avro(self, name: str, avro: AvroType, depth: int) -> Field:
        kind, display = _avro_type(avro)
        children = self.children_of_avro(avro, depth) if depth else []
        return self.field(name, kind, display, children, nullable=_is_nullable(avro))

    def children_of_avro(self, avro: AvroType, depth: int) -> list[Field]:
        if avro in self.path:  # a type that contains itself is shown once
            return []
        self.path.append(avro)
        children = self.children_by_kind(avro, depth)
        self.path.pop()
        return children

    def children_by_kind(self, avro: AvroType, depth: int) -> list[Field]:
        """Of a union of several records, the records themselves, as their fields may be called alike.

        Two records of one name are told apart by their namespaces.
        """
        if avro.kind == "record":
            return [self.of_avro(name, inner, depth - 1) for name, inner in avro.fields[:WIDTH_MOST]]
        if avro.items:
            return self.children_of_avro(avro.items, depth)
        records = [branch for branch in avro.branches if branch.kind == "record"]
        if len(records) > 1:
            times = Counter(record.name for record in records)
            named_records = {record.full_name if times[record.name] > 1 else record.name: record for record in records}
            return [self.of_avro(name, one, depth - 1) for name, one in named_records.items()]
        holders = records or [branch for branch in avro.branches if branch.items]
        return self.children_of_avro(holders[0], depth) if holders else []


def _shape_type(shape: Shape) -> tuple[str, str]:
    """dataType and display, without a word on null."""
    kinds = [kind for kind in _ORDER if kind in shape.kinds]
    if not kinds:
        return _SIMPLE["null"]
    if len(kinds) == 1:
        return _shape_kind(shape, kinds[0])
    return "UNION", f"UNION<{', '.join(_shape_kind(shape, kind)[1] for kind in kinds)}>"


def _shape_kind(shape: Shape, kind: str) -> tuple[str, str]:
    if kind == "integer":
        return _INTEGERS[shape.bits]
    if kind == "string":
        return _TEXTS.get(shape.form, ("STRING", "STRING"))
    if kind == "array":
        return "ARRAY", f"ARRAY<{_shape_inside(shape.items)}>"
    if kind == "object" and shape.values and not shape.properties:
        return "MAP", f"MAP<STRING, {_shape_inside(shape.values)}>"
    return _SIMPLE.get(kind, ("RECORD", "RECORD"))


def _shape_inside(shape: Shape | None) -> str:
    if shape is None:
        return "UNKNOWN"
    kind, display = _shape_type(shape)
    if "null" not in shape.kinds or kind == "NULL":
        return display
    return f"UNION<NULL, {display.removeprefix('UNION<').removesuffix('>') if kind == 'UNION' else display}>"


def _is_nullable(avro: AvroType) -> bool:
    return len(avro.branches) > 1 and any(branch.kind == "null" for branch in avro.branches)


def _avro_type(avro: AvroType) -> tuple[str, str]:
    """dataType and display, without a word on null when there is another type."""
    if avro.kind == "union":
        return _avro_union(avro)
    if avro.kind == "array":
        return "ARRAY", f"ARRAY<{_avro_inside(avro.items)}>"
    if avro.kind == "map":
        return "MAP", f"MAP<STRING, {_avro_inside(avro.items)}>"
    if avro.logical in _LOGICAL:
        return _LOGICAL[avro.logical]
    if avro.kind == "integer":  # of JSON Schema, which bounds none
        return _INTEGERS[65]
    return avro.kind.upper(), _avro_display(avro)


def _avro_display(avro: AvroType) -> str:
    if avro.logical == "decimal":
        return f"DECIMAL({avro.precision}, {avro.scale})"
    if avro.logical in ("uuid", "duration"):
        return avro.logical.upper()
    return f"FIXED({avro.size})" if avro.kind == "fixed" else avro.kind.upper()


def _avro_union(avro: AvroType) -> tuple[str, str]:
    branches = [branch for branch in avro.branches if branch.kind != "null"] or list(avro.branches)
    if len(branches) == 1:
        return _avro_type(branches[0])
    return "UNION", f"UNION<{', '.join(_avro_type(branch)[1] for branch in branches)}>"


def _avro_inside(avro: AvroType | None) -> str:
    if avro is None:
        return "UNKNOWN"
    kind, display = _avro_type(avro)
    if not _is_nullable(avro):
        return display
    return f"UNION<NULL, {display.removeprefix('UNION<').removesuffix('>') if kind == 'UNION' else display}>"
