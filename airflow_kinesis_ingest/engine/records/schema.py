"""The structure that the messages of a stream share, as OpenMetadata's messageSchema.

Rules, so that nothing is a guess:
- Messages that carry the schema they were written with show that schema, its text exactly as registered.
- Of the others only JSON objects, and arrays of nothing but objects, have a structure. Eight in ten messages must
  agree in one of the two, and eight in ten objects share one key at least; a stream below that has no schema. Of JSON
  lines, and of one JSON after another, each value counts as a message.
- Messages about the stream (layers ending in "/control") do not count.
- Types are what was seen: INT up to 32 bits, LONG up to 64, UNKNOWN "INTEGER" beyond; DOUBLE as soon as one number
  has a point; TIMESTAMP and DATE when every value is one in ISO 8601, with the format "date-time" when all are
  RFC 3339; several types are a UNION. No value of a message ever enters a schema.
- A name that every object has is a field. Keys that vary and are data (numbers, dates, UUIDs, hashes, ids in capitals,
  IP addresses, ARNs; or more than 20 keys of one type that no half of the objects shares) make a MAP, or are left out
  beside named fields. E-mail addresses, JWTs and access key ids are never names, and one object is no proof of a name:
  few secrets that a map is keyed by show in a schema. Those that do, as names, are left to redaction.
- Fields and the schema text go 16 levels deep, each fewer when it would be more than 2000 types, and 500 wide. A name
  that OpenMetadata does not keep is replaced in the fields (field_names.py); the schema text still has it.
- From sample to sample a schema grows; what no sample shows for long is forgotten (forgetting.py).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any, Literal, NamedTuple

from ..model import Field, Message, MessageSchema, RegisteredSchema
from .avro_schema import parse as parse_avro
from .field_names import named
from .fields import fields_of_avro, fields_of_shape
from .forgetting import Aged, Ages, Memory, aged, lost
from .json_schema import parse as parse_json_schema
from .protobuf import type_of
from .shape import DEPTH_MOST, Shape, depth_within, pruned, shape_of, union

SHARE = 0.8
"""Of the messages that must agree for a stream to have a schema."""

SHAPES_MOST = 2000
"""Objects, arrays and plain values in the text of one inferred schema; a larger one is cut where it is deepest."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMMENT = "Inferred from sampled messages by airflow-kinesis-ingest and renewed by it while unedited. Digest: "
SCHEMA_TYPES: dict[str, Literal["Avro", "JSON", "Protobuf"]] = {
    "AVRO": "Avro",
    "JSON": "JSON",
    "PROTOBUF": "Protobuf",
}
_BITS = "x-integer-bits"  # an annotation: JSON Schema's types cannot say it
_CROWDED = "x-more-names"  # an annotation: what additionalProperties says is also of names beyond the width
# Of a text that was cut: it must not grow deeper with a smaller sample, and be cut again with the next large one.
_LEVELS = "x-levels"
# Annotations, too: when what a sample lacked was last seen (forgetting.py), the whole and types of it.
_LAST_SEEN, _TYPES_LAST_SEEN = "x-last-seen", "x-types-last-seen"
_TYPE_ORDER = ("object", "array", "string", "number", "integer", "boolean", "null")


def infer(messages: Sequence[Message], *, name: str) -> MessageSchema | None:
    """The schema of the messages, the same for any order of them; None when they share none. name: the root's."""
    counted = [message for message in messages if not is_control(message)]
    carried = Counter(message.schema for message in counted if message.schema is not None)
    if _is_share(carried.total(), counted):
        return _carried(carried, counted, name)
    values = [value for message in counted for value in message.values or (message.value,)]
    objects = [value for value in values if type(value) is dict]
    arrays = [value for value in values if _is_array_of_objects(value)]
    if _is_share(len(objects), values) and _have_common_key(objects):
        return _inferred(objects, len(values), name)
    if _is_share(len(arrays), values) and _have_common_key(list(chain.from_iterable(arrays))):
        return _inferred(arrays, len(values), name)
    return None


def to_openmetadata(schema: MessageSchema) -> dict[str, Any]:
    """The messageSchema of a topic; validates against OpenMetadata's type/schema.json."""
    fields = named(_field(field) for field in schema.fields)
    return {"schemaText": schema.text, "schemaType": schema.kind, "schemaFields": fields}


def is_ours(schema_text: str) -> bool:
    """True for a text that `infer` made from JSON and nobody edited since.

    Formatting does not count as an edit. A registered schema is never ours: compare its text instead.
    """
    try:
        document = json.loads(schema_text)
    except (ValueError, RecursionError):
        return False
    comment = document.pop("$comment", None) if isinstance(document, dict) else None
    return comment == _COMMENT + _digest(document)


def is_object(text: str) -> bool:
    """Whether it is JSON's."""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def is_control(message: Message) -> bool:
    """Whether it is about the stream, and no message of it."""
    return bool(message.layers) and message.layers[-1].endswith("/control")


def _is_share(count: int, of: Sequence[object]) -> bool:
    return 0 < count >= SHARE * len(of)


def _is_array_of_objects(value: object) -> bool:
    return isinstance(value, list) and set(map(type, value)) == {dict}


def _have_common_key(objects: list[dict[str, Any]]) -> bool:
    """True also when the keys are data, which are not expected to come again."""
    keys = Counter(chain.from_iterable(objects))
    if not keys:
        return False
    if _is_share(max(keys.values()), objects):
        return True
    shape = shape_of(objects, 1)
    return shape.values is not None and not shape.crowded


def _carried(carried: Counter[RegisteredSchema], counted: list[Message], name: str) -> MessageSchema | None:
    """The schema most messages were written with, if they agree but for the versions of one Avro record."""
    schema = max(carried, key=lambda one: (carried[one], one.data_format, one.definition))
    family = _family(schema)
    if not _is_share(sum(count for one, count in carried.items() if _family(one) == family), counted):
        return None
    values = [message.value for message in counted if message.schema == schema and message.format == "json"]
    fields = _carried_fields(schema, values, name)
    return MessageSchema(SCHEMA_TYPES[schema.data_format], schema.definition, fields, carried[schema], len(counted))


@lru_cache(maxsize=32)
def as_written(schema: RegisteredSchema) -> MessageSchema:
    """What somebody registered, whether or not a message has it. Its root has no name where the schema gives none.

    Raises ValueError where its text cannot be read, ImportError where the extra `codecs` is needed and not installed.
    """
    if schema.data_format == "PROTOBUF":
        root = type_of(schema.definition, schema.message)
    else:
        root = (parse_avro if schema.data_format == "AVRO" else parse_json_schema)(schema.definition)
    fields = fields_of_avro("", root)
    return MessageSchema(SCHEMA_TYPES[schema.data_format], schema.definition, fields, 0, 0)


def _family(schema: RegisteredSchema) -> str:
    try:
        full_name = parse_avro(schema.definition).full_name if schema.data_format == "AVRO" else ""
    except ValueError:
        full_name = ""
    return full_name or schema.definition


def _carried_fields(schema: RegisteredSchema, values: list[Any], name: str) -> tuple[Field, ...]:
    """From the schema itself for Avro and Protobuf; as seen in the messages for JSON."""
    if schema.data_format == "JSON" and values:
        return fields_of_shape(name, shape_of(values))
    try:
        if schema.data_format == "PROTOBUF" and schema.message:
            return fields_of_avro(name, type_of(schema.definition, schema.message))
        return fields_of_avro(name, parse_avro(schema.definition)) if schema.data_format == "AVRO" else ()
    except (ValueError, ImportError):
        return ()


def _inferred(values: list[Any], total: int, name: str) -> MessageSchema:
    return _of_shape(shape_of(values), name, len(values), total)


def _of_shape(shape: Shape, name: str, agreed: int, total: int, levels: int = DEPTH_MOST) -> MessageSchema:
    levels = min(levels, depth_within(shape, SHAPES_MOST))
    shape = pruned(shape, levels)
    cut = {_LEVELS: levels} if levels < DEPTH_MOST else {}
    document = {"$schema": _DIALECT, "title": name, **cut, **_json_schema(shape)}
    document = {"$schema": _DIALECT, "$comment": _COMMENT + _digest(document)} | document
    return MessageSchema("JSON", _pretty(document), fields_of_shape(name, shape), agreed, total)


def grown(schema: MessageSchema, before: str) -> MessageSchema:
    """The union of an inferred schema and the text of an earlier one that `is_ours`: what was seen stays.

    Valid for every message that either was inferred from. A registered schema, or one that is not ours, is returned
    as is.
    """
    return remembered(schema, before, None).schema


class Remembered(NamedTuple):
    """A schema, what it does not have any more (`Aged.forgotten`), and the dates in it."""

    schema: MessageSchema
    forgotten: tuple[str, ...] = ()
    ages: Ages = Ages()


def remembered(schema: MessageSchema, before: str, memory: Memory | None) -> Remembered:
    """`grown`, without what memory forgets; without one nothing has a date, and nothing is forgotten."""
    if not (is_ours(schema.text) and is_ours(before)):
        return Remembered(schema)
    now, then = json.loads(schema.text), json.loads(before)
    levels = min(document.get(_LEVELS, DEPTH_MOST) for document in (now, then))
    now_shape, then_shape = _shape_in(now), _shape_in(then)
    both = union(then_shape, now_shape)
    found = aged(both, then_shape, now_shape, memory) if memory else Aged(both)
    grown_schema = _of_shape(found.shape, str(now["title"]), schema.agreed, schema.total, levels)
    return Remembered(grown_schema, found.forgotten, found.ages)


def forgotten_at_once(schema: MessageSchema, before: str) -> tuple[str, ...]:
    """What the text of an earlier schema had and this one has not, if both are ours (`Aged.forgotten`)."""
    if not (is_ours(schema.text) and is_ours(before)):
        return ()
    return lost(_shape_in(json.loads(before)), _shape_in(json.loads(schema.text)))


def fields_of(text: str) -> list[dict[str, Any]]:
    """OpenMetadata's fields as they follow from a schema's text, if that `is_ours`; else none."""
    if not is_ours(text):
        return []
    document = json.loads(text)
    schema = _of_shape(_shape_in(document), str(document["title"]), 0, 0, document.get(_LEVELS, DEPTH_MOST))
    return named(_field(field) for field in schema.fields)


def _shape_in(schema: dict[str, Any]) -> Shape:
    """The inverse of `_json_schema`."""
    kinds = frozenset([schema["type"]] if isinstance(schema["type"], str) else schema["type"])
    return Shape(
        kinds,
        bits=schema.get(_BITS, 32),
        form=schema.get("format", ""),
        properties={name: _shape_in(inner) for name, inner in schema.get("properties", {}).items()},
        required=tuple(schema.get("required", ())),
        values=_shape_in(schema["additionalProperties"]) if "additionalProperties" in schema else None,
        crowded=_CROWDED in schema,
        items=_shape_in(schema["items"]) if "items" in schema else None,
        last_seen=_day(schema.get(_LAST_SEEN)),
        dates=_days(schema.get(_TYPES_LAST_SEEN)),
    )


def _days(written: object) -> dict[str, date]:
    days = {kind: _day(text) for kind, text in written.items()} if isinstance(written, dict) else {}
    return {kind: day for kind, day in days.items() if day}


def _day(written: object) -> date | None:
    """None also for what is no date: it counts from its next absence."""
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None


def _digest(document: object) -> str:
    canonical = json.dumps(document, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _pretty(document: object) -> str:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    # Half a surrogate pair, which JSON can write in a key, exists in no UTF-8.
    return text if text.isascii() or _is_utf8(text) else json.dumps(document, indent=2)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json_schema(shape: Shape) -> dict[str, Any]:
    """Valid for every value the shape is made of; keywords of one type do not bear on values of another."""
    kinds = [kind for kind in _TYPE_ORDER if kind in shape.kinds]
    schema: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
    if shape.form:
        schema["format"] = shape.form
    if shape.bits > 32:
        schema[_BITS] = shape.bits
    if shape.properties:
        schema["properties"] = {name: _json_schema(inner) for name, inner in shape.properties.items()}
    if shape.required:
        schema["required"] = list(shape.required)
    if shape.values:
        schema["additionalProperties"] = _json_schema(shape.values)
    if shape.crowded:
        schema[_CROWDED] = True
    if shape.items:
        schema["items"] = _json_schema(shape.items)
    if shape.last_seen:
        schema[_LAST_SEEN] = shape.last_seen.isoformat()
    if shape.dates:
        schema[_TYPES_LAST_SEEN] = {kind: day.isoformat() for kind, day in sorted(shape.dates.items())}
    return schema


def _field(field: Field) -> dict[str, Any]:
    rendered: dict[str, Any] = {"name": field.name, "dataType": field.type, "dataTypeDisplay": field.display}
    if field.children:
        rendered["children"] = [_field(child) for child in field.children]
    return rendered
