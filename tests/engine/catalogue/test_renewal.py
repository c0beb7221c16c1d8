"""A catalogued schema meets the one of a new sample: it grows, and what people wrote stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from airflow_kinesis_ingest.engine.catalogue.renewal import renewed
from airflow_kinesis_ingest.engine.model import Message, MessageSchema
from airflow_kinesis_ingest.engine.records.redact import Redactor
from airflow_kinesis_ingest.engine.records.schema import grown, infer, is_ours, to_openmetadata

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.dates().map(str)
)
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner), max_leaves=6)
DOCUMENTS = st.lists(st.dictionaries(NAMES, VALUES).map(lambda extra: {"id": 1} | extra), min_size=1, max_size=4)


def schema_of(documents: Sequence[dict[str, Any]]) -> MessageSchema:
    found = infer([Message(json.dumps(one), "json", one) for one in documents], name="orders")
    assert found
    return found


@given(DOCUMENTS, DOCUMENTS)
def test_the_union_is_valid_for_the_messages_of_both(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """What was seen before stays valid, and what is seen now is."""
    both = grown(schema_of(one), schema_of(other).text)
    validator = Draft202012Validator(json.loads(both.text))
    assert all(validator.is_valid(document) for document in [*one, *other])
    assert is_ours(both.text)


@given(DOCUMENTS, DOCUMENTS)
def test_growing_comes_to_rest(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    """Once two samples are known, either of them changes nothing: no version of a topic for a sample seen before."""
    both = grown(schema_of(one), schema_of(other).text)
    assert grown(schema_of(one), both.text) == _counted_as(both, schema_of(one))
    assert grown(schema_of(other), both.text) == _counted_as(both, schema_of(other))


def _counted_as(schema: MessageSchema, like: MessageSchema) -> MessageSchema:
    return MessageSchema(schema.kind, schema.text, schema.fields, like.agreed, like.total)


def test_a_rule_of_redaction_that_came_since_reaches_what_is_catalogued() -> None:
    """A secret was the name of a field. What is ours goes; what people wrote is theirs."""
    mask = Redactor(["email"]).mask
    told = to_openmetadata(schema_of([{"id": 1, "Ann <ann@example.com>": "x"}]))
    new = schema_of([{"id": 1}])
    assert renewed(new, told, override=False, mask=mask).body == to_openmetadata(new)
    assert renewed(new, told, override=False, mask=Redactor(["card"]).mask).body != to_openmetadata(new)
    edited = told | {"schemaText": json.dumps({"title": "ask ann@example.com"})}
    assert renewed(new, edited, override=False, mask=mask).body == edited


@given(DOCUMENTS)
def test_a_schema_grows_by_nothing_from_itself(documents: list[dict[str, Any]]) -> None:
    """The text says all that the field tree is made from: types, widths of integers, dates, zones."""
    schema = schema_of(documents)
    assert grown(schema, schema.text) == schema


def test_a_field_that_the_sample_lacks_is_not_gone() -> None:
    """A sample is a part of the stream."""
    before = to_openmetadata(schema_of([{"id": 1, "coupon": "X"}]))
    body = renewed(schema_of([{"id": 2}]), before, override=False).body
    assert [field["name"] for field in body["schemaFields"][0]["children"]] == ["coupon", "id"]


def test_words_of_people_on_a_field_stay() -> None:
    """Descriptions, display names and tags follow the field of that name, at any depth."""
    before = to_openmetadata(schema_of([{"id": 1, "customer": {"name": "Anna"}}]))
    before["schemaFields"][0]["children"][0]["children"][0]["description"] = "Full name"
    body = renewed(schema_of([{"id": 1, "customer": {"name": "Anna", "age": 3}}]), before, override=False).body
    customer = body["schemaFields"][0]["children"][0]
    assert {child["name"]: child.get("description") for child in customer["children"]} == {
        "age": None,
        "name": "Full name",
    }


def test_a_schema_that_people_edited_is_theirs() -> None:
    """Its text has no valid digest any more; only overrideMetadata replaces it."""
    before = to_openmetadata(schema_of([{"id": 1}]))
    before["schemaText"] = before["schemaText"].replace('"integer"', '"string"')
    assert renewed(schema_of([{"id": 1, "new": 2}]), before, override=False).body == before
    replaced = renewed(schema_of([{"id": 1, "new": 2}]), before, override=True).body
    assert is_ours(replaced["schemaText"])


OLD = MessageSchema("Avro", '{"type": "record", "name": "A", "fields": []}', (), 1, 1)
NEW = MessageSchema("Avro", '{"type": "record", "name": "A", "doc": "2", "fields": []}', (), 1, 1)


@pytest.mark.parametrize("kind", ["Avro", "JSON", "Protobuf"])
def test_a_registered_schema_that_we_sent_is_replaced_by_its_successor(kind: Any) -> None:
    """Its text is exactly as registered: nothing is merged into it."""
    before = to_openmetadata(replace(OLD, kind=kind))
    assert renewed(replace(NEW, kind=kind), before, override=False, sent=True).body["schemaText"] == NEW.text


@pytest.mark.parametrize("kind", ["Avro", "JSON", "Protobuf", "Other", "None"])
@pytest.mark.parametrize("seen", [NEW, schema_of([{"id": 1}])], ids=["registered", "inferred"])
def test_a_schema_that_people_wrote_is_theirs_whatever_its_type(kind: str, seen: MessageSchema) -> None:
    before = {"schemaText": "message Order { }", "schemaType": kind, "schemaFields": []}
    assert renewed(seen, before, override=False).body == before
    assert renewed(seen, before, override=True).body["schemaText"] == seen.text


def test_fields_that_people_wrote_without_a_text_are_theirs_too() -> None:
    before = {"schemaType": "Other", "schemaFields": [{"name": "id", "dataType": "INT", "description": "By hand"}]}
    assert renewed(NEW, before, override=False).body == before
    assert renewed(NEW, before, override=True).body["schemaText"] == NEW.text
