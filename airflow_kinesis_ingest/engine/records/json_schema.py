"""JSON Schema text -> a graph of types, for the fields of a schema that somebody wrote.

Glue takes drafts 04, 06 and 07, whose `$ref` makes its siblings void; the drafts from 2019 on count them. Of `allOf`
all that each part says is known; of `anyOf`, `oneOf`, `then` and `else` what one of them may have is a field too, and
types that differ are a union. What the document does not tell is UNKNOWN: the type of an integer without bounds or
format, and whatever another document says. Patterns and requirements are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any
from urllib.parse import unquote

from .avro_schema import AvroType

_TEXT_MOST = 256 << 10  # characters; a registry allows 170 KB
_NODES_MOST = 20_000  # schemas looked at, each as often as it is referred to: `allOf` of `allOf`s doubles

_INSIDE_MOST = 6

_KINDS = ("null", "boolean", "integer", "number", "string", "object", "array")
_ANY = frozenset(_KINDS)
_IMPLIED = {
    "object": ("properties", "patternProperties", "additionalProperties"),
    "array": ("items", "prefixItems"),
}
_FORMS = {
    "date": AvroType("string", logical="date"),
    "time": AvroType("string", logical="time-micros"),
    "date-time": AvroType("string", logical="timestamp-micros"),
    "uuid": AvroType("string", logical="uuid"),
    "enum": AvroType("enum"),
}
_INTEGERS = {"int32": AvroType("int"), "int64": AvroType("long")}
_SIMPLE = {"null": AvroType("null"), "boolean": AvroType("boolean"), "number": AvroType("double")}


@lru_cache(maxsize=8)
def parse(text: str) -> AvroType:
    """The root type. ValueError when text is no JSON Schema, tells nothing of a message, or is too large to follow."""
    if len(text) > _TEXT_MOST:
        raise ValueError(f"a JSON Schema of more than {_TEXT_MOST >> 10} KiB")
    try:
        root = _Parser(json.loads(text)).root()
    except (TypeError, KeyError, AttributeError) as error:  # JSON of another shape than a schema has
        raise ValueError(f"not a JSON Schema: {type(error).__name__}") from error
    except RecursionError as error:
        raise ValueError("a JSON Schema that is nested too deep, or made of itself") from error
    if root.kind == "unknown":
        raise ValueError("a JSON Schema that tells no type of a message")
    return root


@dataclass(frozen=True, slots=True)
class _Known:
    """What a schema tells of a value. The parts are JSON Schemas, None for what nothing is told of.

    form: of a string, integer: of an integer; "" for any.
    """

    kinds: frozenset[str] = _ANY
    form: str = ""
    integer: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    values: Any = None
    items: Any = None


class _Parser:
    def __init__(self, document: Any) -> None:
        self.document = document
        self.room = _NODES_MOST
        self.told: dict[str, _Known] = {}
        self.types: dict[tuple[str, int], AvroType] = {}
        dialect = str(document.get("$schema", "")) if isinstance(document, dict) else ""
        self.counts_siblings = "2019-09" in dialect or "2020-12" in dialect

    def root(self) -> AvroType:
        return self.type(self.document)

    def type(self, schema: Any, inside: int = 0) -> AvroType:
        """One node for schemas that are equal, so that one that holds itself is a cycle.

        inside: how many arrays and maps hold it, since the last record; what holds too many is not looked into.
        """
        if inside > _INSIDE_MOST:
            return AvroType("unknown")
        schema = self.referred(schema)
        key = json.dumps(schema, sort_keys=True)
        if key not in self.told:
            self.told[key] = self.known(schema)
        known = self.told[key]
        place = key, 0 if _is_record(known) else inside
        if place not in self.types:
            self.types[place] = node = AvroType("unknown")
            self.fill(node, known, inside)
        return self.types[place]

    def referred(self, schema: Any) -> Any:
        """What a schema that only refers to another one stands for."""
        seen: list[str] = []
        while isinstance(schema, dict) and "$ref" in schema and not self.is_more(schema):
            if schema["$ref"] in seen:
                raise ValueError("a JSON Schema that refers to itself")
            seen.append(schema["$ref"])
            schema = self.at(schema["$ref"])
        return schema

    def is_more(self, schema: dict[str, Any]) -> bool:
        return self.counts_siblings and len(schema) > 1

    def at(self, reference: str) -> Any:
        """What a JSON pointer in the document leads to; of another document, or an anchor, anything."""
        if reference != "#" and not reference.startswith("#/"):
            return True
        found = self.document
        for part in unquote(reference[1:]).split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (LookupError, TypeError, ValueError):
                raise ValueError("a JSON Schema that refers to what it does not have") from None
        return found

    def known(self, schema: Any) -> _Known:
        self.room -= 1
        if self.room < 0:
            raise ValueError(f"a JSON Schema of more than {_NODES_MOST} parts")
        schema = self.referred(schema)
        if isinstance(schema, bool):
            return _Known(_ANY if schema else frozenset())
        parts = [_own(schema)]
        parts += map(self.known, schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(self.known({"$ref": schema["$ref"]}))
        parts += (self.one_of(schema[several]) for several in ("anyOf", "oneOf") if several in schema)
        then = [schema[part] for part in ("then", "else") if part in schema and "if" in schema]
        return reduce(_both, [*parts, self.one_of([*then, True])] if then else parts)

    def one_of(self, schemas: list[Any]) -> _Known:
        return reduce(_either, map(self.known, schemas))

    def fill(self, node: AvroType, known: _Known, inside: int) -> None:
        kinds = _kinds(known)
        if len(kinds) == 1:
            self.fill_with(node, kinds[0], known, inside)
        elif kinds:
            node.kind, node.branches = "union", tuple(AvroType("unknown") for _ in kinds)
            for kind, branch in zip(kinds, node.branches, strict=True):
                self.fill_with(branch, kind, known, inside)

    def fill_with(self, node: AvroType, kind: str, known: _Known, inside: int) -> None:
        if kind == "object" and (known.properties or known.values is None):
            node.kind = "record"
            there = {name: inner for name, inner in known.properties.items() if inner is not False}
            node.fields = tuple((name, self.type(inner)) for name, inner in there.items())
        elif kind == "object":  # a map only where no name is known
            node.kind, node.items = "map", self.type(known.values, inside + 1)
        elif kind == "array":
            node.kind, node.items = "array", self.type(True if known.items is None else known.items, inside + 1)
        else:
            simple = _FORMS.get(known.form, AvroType("string")) if kind == "string" else _SIMPLE.get(kind)
            simple = simple or _INTEGERS.get(known.integer, AvroType("integer"))
            node.kind, node.logical = simple.kind, simple.logical


def _kinds(known: _Known) -> list[str]:
    """In their order; none where it may be anything, unless only one kind has something to show."""
    kinds = [kind for kind in _KINDS if kind in known.kinds]
    if len(kinds) == len(_KINDS):
        return ["object"] if known.properties or known.values else ["array"] if known.items else []
    return [kind for kind in kinds if kind != "integer" or "number" not in kinds]


def _is_record(known: _Known) -> bool:
    return _kinds(known) == ["object"] and (bool(known.properties) or known.values is None)


def _own(schema: dict[str, Any]) -> _Known:
    """What the schema itself tells, without those that it is made of."""
    items = schema.get("items")
    listed = [*schema.get("prefixItems", ()), *(items if isinstance(items, list) else [])]
    if listed:
        rest = schema.get("additionalItems") if isinstance(items, list) else items
        items = {"anyOf": [*listed, *([rest] if isinstance(rest, dict) else [])]}
    values = [*schema.get("patternProperties", {}).values()]
    values += [schema["additionalProperties"]] if isinstance(schema.get("additionalProperties"), dict) else []
    return _Known(
        _own_kinds(schema),
        "enum" if _is_enum(schema) else str(schema.get("format", "")),
        _own_integer(schema),
        dict(schema.get("properties", {})),
        {"anyOf": values} if len(values) > 1 else values[0] if values else None,
        items,
    )


def _own_kinds(schema: dict[str, Any]) -> frozenset[str]:
    told = schema.get("type")
    kinds: set[str]
    if isinstance(told, str | list):
        kinds = {told} if isinstance(told, str) else set(told)
    elif allowed := _allowed(schema):
        kinds = {_kind(value) for value in allowed}
    else:
        kinds = {kind for kind, keywords in _IMPLIED.items() if any(keyword in schema for keyword in keywords)}
        kinds = kinds or set(_ANY)
    return frozenset(kinds & _ANY) | (frozenset({"integer"}) if "number" in kinds else frozenset())


def _allowed(schema: dict[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _kind(value: Any) -> str:
    by_type = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
    return by_type.get(type(value), "array")


def _is_enum(schema: dict[str, Any]) -> bool:
    """Whether its strings are of a list; beside null, which makes it no other."""
    kinds = {_kind(value) for value in schema.get("enum", ())}
    return "string" in kinds <= {"string", "null"} and kinds & _own_kinds(schema) >= {"string"}


def _own_integer(schema: dict[str, Any]) -> str:
    told = schema.get("format")
    low, high = schema.get("minimum"), schema.get("maximum")
    if told in _INTEGERS or not (isinstance(low, int | float) and isinstance(high, int | float)):
        return told if told in _INTEGERS else ""
    if low >= -(1 << 31) and high < 1 << 31:
        return "int32"
    return "int64" if low >= -(1 << 63) and high < 1 << 63 else ""


def _both(one: _Known, other: _Known) -> _Known:
    return _Known(
        one.kinds & other.kinds,
        one.form or other.form,
        one.integer or other.integer,
        _united(one.properties, other.properties, "allOf"),
        _one_schema("allOf", (one.values, other.values)),
        _one_schema("allOf", (one.items, other.items)),
    )


def _either(one: _Known, other: _Known) -> _Known:
    return _Known(
        one.kinds | other.kinds,
        _same("string", one, other, "form"),
        _same("integer", one, other, "integer"),
        _united(one.properties, other.properties, "anyOf"),
        _one_schema("anyOf", (one.values, other.values)),
        _one_schema("anyOf", (one.items, other.items)),
    )


def _same(kind: str, one: _Known, other: _Known, name: str) -> str:
    """What both tell of a kind that both may be."""
    told = {getattr(each, name) for each in (one, other) if kind in each.kinds}
    return str(told.pop()) if len(told) == 1 else ""


def _united(one: dict[str, Any], other: dict[str, Any], how: str) -> dict[str, Any]:
    return one | other | {name: _one_schema(how, (one[name], other[name])) for name in one if name in other}


def _one_schema(how: str, schemas: Iterable[Any]) -> Any:
    told = [schema for schema in schemas if schema is not None]
    if not told:
        return None
    return told[0] if len(told) == 1 or told[0] == told[1] else {how: told}
