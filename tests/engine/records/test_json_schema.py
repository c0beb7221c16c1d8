"""JSON Schema as fields: what the document tells, and UNKNOWN for what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from airflow_kinesis_ingest.engine.model import Field
from airflow_kinesis_ingest.engine.records.fields import FIELDS_MOST, fields_of_avro
from airflow_kinesis_ingest.engine.records.json_schema import parse

NEWER = {"$schema": "https://json-schema.org/draft/2020-12/schema"}


def fields(**schema: Any) -> tuple[Field, ...]:
    (root,) = fields_of_avro("orders", parse(json.dumps(schema)))
    return root.children


def shown(of: Any, **around: Any) -> tuple[str, str]:
    """dataType and display of the only property."""
    (found,) = fields(type="object", properties={"it": of}, **around)
    return found.type, found.display


@pytest.mark.parametrize(
    ("schema", "kind", "display"),
    [
        ({"type": "string"}, "STRING", "STRING"),
        ({"type": "string", "format": "date-time"}, "TIMESTAMP", "TIMESTAMP"),
        ({"type": "string", "format": "date"}, "DATE", "DATE"),
        ({"type": "string", "format": "time"}, "TIME", "TIME"),
        ({"type": "string", "format": "uuid"}, "STRING", "UUID"),
        ({"type": "string", "format": "email"}, "STRING", "STRING"),
        ({"enum": ["new", "paid"]}, "ENUM", "ENUM"),
        ({"enum": ["new", None]}, "ENUM", "ENUM, nullable"),
        ({"enum": ["new", 1]}, "UNION", "UNION<INTEGER, STRING>"),
        ({"const": True}, "BOOLEAN", "BOOLEAN"),
        ({"type": "number"}, "DOUBLE", "DOUBLE"),
        ({"type": ["number", "integer"]}, "DOUBLE", "DOUBLE"),
        ({"type": "integer"}, "UNKNOWN", "INTEGER"),
        ({"type": "integer", "format": "int64"}, "LONG", "LONG"),
        ({"type": "integer", "minimum": 0, "maximum": 100}, "INT", "INT"),
        ({"type": "integer", "minimum": 0, "maximum": 1 << 40}, "LONG", "LONG"),
        ({"type": ["string", "null"]}, "STRING", "STRING, nullable"),
        ({"type": ["string", "boolean", "null"]}, "UNION", "UNION<BOOLEAN, STRING>, nullable"),
        ({"type": "array", "items": {"type": "string"}}, "ARRAY", "ARRAY<STRING>"),
        ({"items": [{"type": "string"}, {"type": "boolean"}]}, "ARRAY", "ARRAY<UNION<BOOLEAN, STRING>>"),
        ({"type": "array"}, "ARRAY", "ARRAY<UNKNOWN>"),
        ({"additionalProperties": {"type": "number"}}, "MAP", "MAP<STRING, DOUBLE>"),
        ({"patternProperties": {"^x-": {"type": "string"}}}, "MAP", "MAP<STRING, STRING>"),
        ({"type": "object"}, "RECORD", "RECORD"),
        ({}, "UNKNOWN", "UNKNOWN"),
        (True, "UNKNOWN", "UNKNOWN"),
        ({"$ref": "https://example.com/other.json"}, "UNKNOWN", "UNKNOWN"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "STRING", "STRING, nullable"),
        ({"oneOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "DATE", "DATE, nullable"),
        ({"oneOf": [{"type": "string", "format": "date"}, {"type": "string"}]}, "STRING", "STRING"),
        ({"allOf": [{"type": ["string", "null"]}, {"type": "string", "format": "date"}]}, "DATE", "DATE"),
        ({"type": "string", "anyOf": [{"minLength": 1}, {"maxLength": 9}]}, "STRING", "STRING"),
    ],
)
def test_a_type_is_what_the_schema_tells_and_nothing_more(schema: Any, kind: str, display: str) -> None:
    assert shown(schema) == (kind, display)


def test_records_stand_below_the_field_that_holds_them_also_through_arrays_and_references() -> None:
    line = {"type": "object", "properties": {"sku": {"type": "string"}}}
    found = fields(
        properties={"lines": {"type": "array", "items": {"$ref": "#/definitions/a~1line"}}},
        definitions={"a/line": line},
    )
    assert found == (Field("lines", "ARRAY", "ARRAY<RECORD>", (Field("sku", "STRING", "STRING"),)),)


def test_fields_of_alternatives_are_fields_and_types_that_differ_a_union() -> None:
    one = {"properties": {"id": {"type": "string"}, "new": {"type": "boolean"}}}
    other = {"properties": {"id": {"type": "number"}, "old": {"type": "boolean"}}}
    found = {field.name: field.display for field in fields(oneOf=[one, other])}
    assert found == {"id": "UNION<DOUBLE, STRING>", "new": "BOOLEAN", "old": "BOOLEAN"}
    condition = {"if": {"required": ["id"]}, "then": one, "else": {"properties": {"else": {"type": "string"}}}}
    assert [field.name for field in fields(type="object", **condition)] == ["id", "new", "else"]


def test_a_property_that_is_forbidden_is_no_field() -> None:
    assert [field.name for field in fields(properties={"id": True, "gone": False})] == ["id"]


def test_a_reference_makes_its_siblings_void_in_the_drafts_that_say_so() -> None:
    date, around = {"$ref": "#/definitions/text", "format": "date"}, {"definitions": {"text": {"type": "string"}}}
    assert shown(date, **around) == ("STRING", "STRING")
    assert shown(date, **around, **NEWER) == ("DATE", "DATE")


def test_a_schema_that_holds_itself_is_shown_once() -> None:
    tree = {"type": "object", "properties": {"id": {"type": "string"}, "next": {"$ref": "#"}}}
    found = fields(**tree)
    assert [(field.name, [each.name for each in field.children]) for field in found] == [("id", []), ("next", [])]


def test_arrays_that_hold_themselves_are_looked_into_a_few_times() -> None:
    """Also where two ways at every level would make a display of a million words."""
    assert shown({"$ref": "#/definitions/all"}, definitions={"all": {"items": {"$ref": "#/definitions/all"}}}) == (
        "ARRAY",
        "ARRAY<" * 7 + "UNKNOWN" + ">" * 7,
    )
    ways = {"type": ["array", "object"], "items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}
    (root,) = fields_of_avro("orders", parse(json.dumps(ways)))
    assert root.display.startswith("UNION<MAP<STRING, UNION<MAP<STRING, ")
    assert len(root.display) < 600


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        "{}",
        "true",
        '{"$ref": "#"}',
        '{"$ref": "#/definitions/gone"}',
        '{"anyOf": [{"$ref": "#"}, {"type": "string"}]}',
        '{"type": "object", "properties": {"a": {"$ref": "#/b"}}, "b": {"$ref": "#/b"}}',
        '{"type": "object", "properties": 1}',
        '{"type": "object", "properties": {"a": 1}}',
        '{"type": "object", "anyOf": []}',
        json.dumps({"type": "object", "description": "x" * (256 << 10)}),
        '{"items":' * 3000 + "{}" + "}" * 3000,
        json.dumps(
            {"$ref": "#/definitions/0", "definitions": {"32": {"type": "object"}}}
            | {"definitions": {str(n): {"allOf": [{"$ref": f"#/definitions/{n + 1}"}] * 2} for n in range(32)}}
        ),
    ],
    ids=range(15),
)
def test_what_is_no_schema_or_cannot_be_followed_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        parse(text)


def test_a_schema_of_too_many_fields_is_cut_where_it_is_deepest() -> None:
    wide = {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(60)}}
    (root,) = fields_of_avro("orders", parse(json.dumps({"properties": {f"g{n}": wide for n in range(60)}})))
    assert len(root.children) == 60
    assert sum(1 + len(field.children) for field in root.children) < FIELDS_MOST


KEYWORDS = st.sampled_from(
    ["type", "properties", "items", "anyOf", "oneOf", "allOf", "$ref", "enum", "format", "if", "then", "minimum"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["string", "object", "null", "#", "#/a", "#/items"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | st.just("a"), inner, max_size=4),
    max_leaves=20,
)


@given(ANYTHING)
def test_whatever_a_registry_holds_is_fields_or_a_value_error(document: Any) -> None:
    try:
        fields_of_avro("orders", parse(json.dumps(document)))
    except ValueError:
        return
    assert isinstance(document, dict)


SIMPLE = st.sampled_from([{"type": "string"}, {"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}])
SCHEMAS = st.recursive(
    SIMPLE,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each})
        | st.lists(inner, min_size=1, max_size=2).map(lambda each: {"allOf": each})
    ),
    max_leaves=6,
)
EXAMPLES = {"STRING": "a", "BOOLEAN": True, "NULL": None}


@given(SCHEMAS)
def test_a_type_is_shown_exactly_if_a_value_of_it_is_valid(schema: Any) -> None:
    kind, display = shown(schema)
    told = {kind} if kind != "UNION" else set(display.removeprefix("UNION<").partition(">")[0].split(", "))
    told |= {"NULL"} if display.endswith("nullable") else set()
    valid = {name for name, value in EXAMPLES.items() if Draft7Validator(schema).is_valid(value)}
    assert told == (valid or {"UNKNOWN"})
