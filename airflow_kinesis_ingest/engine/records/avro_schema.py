"""Avro schema text -> a graph of types with every name resolved (Avro 1.12 specification, "Schema Declaration")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_DEEPEST = 64
_TEXT_MOST = 256 << 10  # characters; a type takes 20 times the memory of its name, and a registry allows 170 KB


@dataclass(slots=True, eq=False, repr=False)
class AvroType:
    """One type; a recursive schema is a graph with cycles, hence neither equality nor repr.

    items is the element type of an array and the value type of a map; size the bytes of a fixed. defaults: the fields
    of a record that have one; of an enum its default.
    """

    kind: str
    name: str = ""
    full_name: str = ""
    fields: tuple[tuple[str, AvroType], ...] = ()
    items: AvroType | None = None
    branches: tuple[AvroType, ...] = ()
    symbols: tuple[str, ...] = ()
    size: int = 0
    logical: str = ""
    precision: int = 0
    scale: int = 0
    defaults: frozenset[str] = frozenset()


@lru_cache(maxsize=8)
def parse(text: str) -> AvroType:
    """The root type. ValueError when text is no Avro schema, or longer than 256 KiB."""
    if len(text) > _TEXT_MOST:
        raise ValueError(f"an Avro schema of more than {_TEXT_MOST >> 10} KiB")
    try:
        return _Parser().parse(json.loads(text), namespace="", depth=0)
    except (TypeError, KeyError, AttributeError) as error:  # JSON of another shape than a schema has
        raise ValueError(f"not an Avro schema: {type(error).__name__}") from error
    except RecursionError as error:
        raise ValueError("not an Avro schema: nested too deep") from error


class _Parser:
    def __init__(self) -> None:
        self.named: dict[str, AvroType] = {}

    def parse(self, schema: Any, namespace: str, depth: int) -> AvroType:
        if depth > _DEEPEST:
            raise ValueError("not an Avro schema: nested too deep")
        if isinstance(schema, str):
            return self._reference(schema, namespace)
        if isinstance(schema, list):
            branches = tuple(self.parse(branch, namespace, depth + 1) for branch in schema)
            return AvroType("union", branches=branches)
        return self._declared(schema, namespace, depth)

    def _reference(self, name: str, namespace: str) -> AvroType:
        if name in PRIMITIVES:
            return AvroType(name)
        full_name = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self.named.get(full_name) or self.named.get(name)
        if found is None:
            raise ValueError("not an Avro schema: a type that is declared nowhere")
        return found

    def _declared(self, schema: dict[str, Any], namespace: str, depth: int) -> AvroType:
        kind = schema["type"]
        if kind in ("record", "error", "enum", "fixed"):
            return self._named(schema, namespace, depth)
        if kind in ("array", "map"):
            items = schema["items" if kind == "array" else "values"]
            return AvroType(kind, items=self.parse(items, namespace, depth + 1))
        if isinstance(kind, str) and kind in PRIMITIVES:
            return _with_logical(AvroType(kind), schema)
        return self.parse(kind, namespace, depth + 1)

    def _named(self, schema: dict[str, Any], namespace: str, depth: int) -> AvroType:
        full_name = _full_name(schema, namespace)
        kind = "record" if schema["type"] == "error" else schema["type"]
        declared = AvroType(kind, name=full_name.rpartition(".")[2], full_name=full_name)
        self.named[full_name] = declared  # before its fields, which may refer to it
        if kind == "enum":
            declared.symbols = tuple(map(_text, schema["symbols"]))
            declared.defaults = frozenset(map(_text, [schema["default"]] if "default" in schema else []))
        elif kind == "fixed":
            declared.size = _size(schema["size"])
            _with_logical(declared, schema)
        else:
            inner = full_name.rpartition(".")[0]
            declared.fields = tuple(
                (_text(field["name"]), self.parse(field["type"], inner, depth + 1)) for field in schema["fields"]
            )
            declared.defaults = frozenset(field["name"] for field in schema["fields"] if "default" in field)
        return declared


def _full_name(schema: dict[str, Any], namespace: str) -> str:
    name = _text(schema["name"])
    if "." in name:
        return name
    space = _text(schema.get("namespace", namespace) or "")
    return f"{space}.{name}" if space else name


def _with_logical(declared: AvroType, schema: dict[str, Any]) -> AvroType:
    """A logical type that is malformed is ignored, as the specification asks."""
    logical, precision, scale = schema.get("logicalType"), schema.get("precision", 0), schema.get("scale", 0)
    if not isinstance(logical, str) or type(precision) is not int or type(scale) is not int:
        return declared
    if logical != "decimal" or 0 <= scale <= precision <= 1000:
        declared.logical, declared.precision, declared.scale = logical, precision, scale
    return declared


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not an Avro schema: a name that is no text")
    return value


def _size(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not an Avro schema: a size that is no count")
    return value
