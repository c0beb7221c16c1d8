"""What became another in a schema, and whether its readers go on reading: Confluent's BACKWARD, by Avro's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Field, Message, MessageSchema, RegisteredSchema
from airflow_kinesis_ingest.engine.records.evolution import SchemaChange, changes, paths
from airflow_kinesis_ingest.engine.records.schema import grown, infer


def inferred(*documents: Any) -> MessageSchema:
    found = infer([Message(json.dumps(one), "json", one) for one in documents], name="orders")
    assert found
    return found


def avro(**fields: Any) -> MessageSchema:
    """fields: name=type, or name=(type, default)."""
    listed = [
        {"name": name, "type": one[0], "default": one[1]} if isinstance(one, tuple) else {"name": name, "type": one}
        for name, one in fields.items()
    ]
    return registered("AVRO", json.dumps({"type": "record", "name": "Order", "fields": listed}))


def registered(data_format: Any, text: str, value: Any = None) -> MessageSchema:
    found = infer([Message("x", "json", value, schema=RegisteredSchema(data_format, text))], name="orders")
    assert found
    return found


def told(before: MessageSchema, after: MessageSchema) -> list[tuple[str, str, bool | None]]:
    return [(each.kind, ".".join(each.path), each.compatible) for each in changes(before, after)]


def grown_by(before: MessageSchema, *documents: Any) -> MessageSchema:
    return grown(inferred(*documents), before.text)


# --- Avro: who reads with the new schema reads what was written with the old one --------------------------------------

WIDENED = [("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"), ("long", "double")]
WIDENED += [("float", "double"), ("string", "bytes"), ("bytes", "string")]


@pytest.mark.parametrize(("before", "after"), WIDENED)
def test_a_type_may_widen(before: str, after: str) -> None:
    assert told(avro(a=before), avro(a=after)) == [("type changed", "a", True)]


@pytest.mark.parametrize(
    ("before", "after"), [("long", "int"), ("double", "float"), ("string", "int"), ("boolean", "string")]
)
def test_a_type_may_become_no_other(before: str, after: str) -> None:
    assert told(avro(a=before), avro(a=after)) == [("type changed", "a", False)]


def test_null_and_further_types_are_taken_on_and_not_given_up() -> None:
    assert told(avro(a="int"), avro(a=["null", "int"])) == [("type changed", "a", True)]
    assert told(avro(a=["null", "int"]), avro(a="int")) == [("type changed", "a", False)]
    assert told(avro(a="int"), avro(a=["string", "long"])) == [("type changed", "a", True)]
    assert told(avro(a=["int", "string"]), avro(a="string")) == [("type changed", "a", False)]


def test_what_arrays_and_maps_hold_counts() -> None:
    """And is found through the commas of a decimal, and of a map."""
    arrays = [{"type": "array", "items": kind} for kind in ("int", "long")]
    assert told(avro(a=arrays[0]), avro(a=arrays[1])) == [("type changed", "a", True)]
    assert told(avro(a=arrays[1]), avro(a=arrays[0])) == [("type changed", "a", False)]
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}
    held: list[Any] = [{"type": "map", "values": {"type": "array", "items": [decimal, one]}} for one in ("int", "long")]
    assert told(avro(a=held[0]), avro(a=held[1])) == [("type changed", "a", True)]


def test_decimals_match_by_precision_and_scale() -> None:
    kinds = [{"type": "bytes", "logicalType": "decimal", "precision": each, "scale": 2} for each in (10, 12)]
    assert told(avro(a=kinds[0]), avro(a=kinds[1])) == [("type changed", "a", False)]


def test_a_field_that_comes_needs_a_default_at_any_depth() -> None:
    assert told(avro(a="int"), avro(a="int", b=("int", 0))) == [("field added", "b", True)]
    assert told(avro(a="int"), avro(a="int", b=["null", "int"])) == [("field added", "b", False)]
    bare: dict[str, Any] = {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "int"}]}
    more = bare | {"fields": [*bare["fields"], {"name": "y", "type": "int", "default": 1}]}
    within = [{"type": "array", "items": ["null", each]} for each in (bare, more)]
    assert told(avro(a=within[0]), avro(a=within[1])) == [("field added", "a.y", True)]


def test_a_field_that_goes_is_compatible() -> None:
    assert changes(avro(a="int", b="string"), avro(a="int")) == (
        SchemaChange("field removed", ("b",), "STRING", None, compatible=True),
    )


def test_a_record_by_another_name_is_the_same_message() -> None:
    other = json.loads(avro(a="int").text) | {"name": "Purchase"}
    assert told(avro(a="int"), registered("AVRO", json.dumps(other))) == []


def test_another_format_is_incompatible() -> None:
    assert changes(inferred({"a": 1}), avro(a="int")) == (
        SchemaChange("format changed", (), "JSON", "Avro", compatible=False),
    )


def named(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": "N", **more}


def test_a_symbol_that_an_enum_lost_needs_a_default_and_one_that_it_gained_none() -> None:
    """At any depth; their order says nothing."""
    few, many, other = (named("enum", symbols=each) for each in (["A"], ["A", "B"], ["B", "A"]))
    assert changes(avro(a=many), avro(a=few)) == (
        SchemaChange("symbols changed", ("a",), "A, B", "A", compatible=False),
    )
    assert told(avro(a=few), avro(a=many)) == [("symbols changed", "a", True)]
    assert told(avro(a=many), avro(a=few | {"default": "A"})) == [("symbols changed", "a", True)]
    assert told(avro(a=["null", many]), avro(a=["null", few])) == [("symbols changed", "a", False)]
    assert told(avro(a=many), avro(a=other)) == []


def test_a_logical_type_is_read_by_the_type_below_it() -> None:
    day, time, moment = (
        {"type": kind, "logicalType": logical}
        for kind, logical in (("int", "date"), ("long", "time-micros"), ("long", "timestamp-millis"))
    )
    for before, after in ((day, "long"), ("int", day), (time, "long"), (moment, "double"), ("long", moment)):
        assert told(avro(a=before), avro(a=after)) == [("type changed", "a", True)]
    for before, after in ((moment, "int"), ("long", day), (time, day)):
        assert told(avro(a=before), avro(a=after)) == [("type changed", "a", False)]


def test_a_uuid_of_16_bytes_is_no_text() -> None:
    uuids = [{"type": "string", "logicalType": "uuid"}, named("fixed", size=16, logicalType="uuid")]
    assert [told(avro(a=uuid), avro(a="string")) for uuid in uuids] == [
        [("type changed", "a", True)],
        [("type changed", "a", False)],
    ]


def test_fixed_bytes_match_by_size_and_are_not_widened() -> None:
    assert told(avro(a=named("fixed", size=4)), avro(a=named("fixed", size=8))) == [("type changed", "a", False)]
    assert told(avro(a=named("fixed", size=4)), avro(a="bytes")) == [("type changed", "a", False)]


# --- Protobuf: what is written alike ----------------------------------------------------------------------------------

SHOWN = {"int32": "INT", "sint32": "INT", "int64": "LONG", "fixed64": "LONG", "bool": "BOOLEAN", "Kind": "ENUM"}
SHOWN |= {"float": "FLOAT", "double": "DOUBLE", "string": "STRING", "bytes": "BYTES", "Inner": "RECORD"}


def proto(kind: str, more: str = "") -> MessageSchema:
    """Of one field `a`, as `fields.py` shows it."""
    repeated, _, name = kind.rpartition(" ")
    shown = f"ARRAY<{SHOWN[name]}>" if repeated else SHOWN[name]
    tree = (Field("Order", "RECORD", "RECORD", (Field("a", shown, shown),)),)
    return MessageSchema("Protobuf", f"message Order {{ {kind} a = 1; }} {more}", tree, 1, 1)


@pytest.mark.parametrize(
    ("before", "after", "compatible"),
    [
        ("int32", "int64", True),
        ("int64", "int32", True),
        ("bool", "int32", True),
        ("Kind", "int32", True),
        ("sint32", "int64", False),
        ("int32", "fixed64", False),
        ("int32", "double", False),
        ("float", "double", False),
        ("string", "bytes", True),
        ("string", "repeated string", True),
        ("repeated Inner", "Inner", True),
        ("int32", "repeated int32", False),
        ("repeated int32", "repeated int64", True),
        ("string", "int32", False),
        ("Inner", "string", False),
    ],
)
def test_a_protobuf_field_is_read_as_it_is_written(before: str, after: str, *, compatible: bool) -> None:
    """Numbers are cut to what fits; those of floating point have the width that they have."""
    assert told(proto(before), proto(after)) == [("type changed", "a", compatible)]


def test_of_a_number_whose_encoding_the_text_does_not_tell_nobody_knows() -> None:
    """Two messages may call a field alike."""
    other = "message Other { sint64 a = 1; }"
    assert told(proto("int32", other), proto("int64", other)) == [("type changed", "a", None)]


def test_a_protobuf_field_that_comes_is_compatible_unless_it_is_required() -> None:
    def with_b(label: str) -> MessageSchema:
        tree = (Field("Order", "RECORD", "RECORD", (Field("a", "INT", "INT"), Field("b", "INT", "INT"))),)
        return MessageSchema("Protobuf", f"message Order {{ int32 a = 1; {label} int32 b = 2; }}", tree, 1, 1)

    assert told(proto("int32"), with_b("optional")) == [("field added", "b", True)]
    assert told(proto("int32"), with_b("required")) == [("field added", "b", False)]


# --- what messages showed ---------------------------------------------------------------------------------------------


def test_a_sample_that_lacks_a_field_is_no_change() -> None:
    before = inferred({"a": 1, "b": {"c": "x"}})
    assert told(before, grown_by(before, {"a": 2})) == []


def test_a_field_that_messages_did_not_have_is_compatible() -> None:
    before = inferred({"a": 1, "b": {"c": "x"}})
    assert told(before, grown_by(before, {"a": 1, "b": {"c": "x", "d": True}})) == [("field added", "b.d", True)]


def test_a_number_that_becomes_text_is_incompatible_where_one_that_grows_is_not() -> None:
    """Though the schema, which has both types then, is valid for what was before."""
    before = inferred({"a": 1})
    assert told(before, grown_by(before, {"a": "x"})) == [("type changed", "a", False)]
    assert told(before, grown_by(before, {"a": [1]})) == [("type changed", "a", False)]
    assert told(before, grown_by(before, {"a": 2**40})) == [("type changed", "a", True)]
    assert told(before, grown_by(before, {"a": 2**80})) == [("type changed", "a", True)]
    assert told(before, grown_by(before, {"a": 0.5})) == [("type changed", "a", True)]
    assert told(before, grown_by(before, {"a": None})) == [("type changed", "a", True)]


def test_what_was_null_or_empty_may_become_anything() -> None:
    before = inferred({"a": None, "b": []})
    found = told(before, grown_by(before, {"a": "x", "b": [{"c": 1}]}))
    assert found == [("type changed", "a", True), ("type changed", "b", True)]


def test_a_time_that_becomes_any_text_is_compatible() -> None:
    before = inferred({"at": "2026-01-01T00:00:00Z"})
    assert told(before, grown_by(before, {"at": "soon"})) == [("type changed", "at", True)]


def test_a_type_or_field_that_is_forgotten_is_compatible() -> None:
    both = grown_by(inferred({"a": 1, "b": 1}), {"a": "x"})
    assert told(both, inferred({"a": "x"})) == [("type changed", "a", True), ("field removed", "b", True)]


# --- what nothing is known of -----------------------------------------------------------------------------------------


def test_an_inferred_schema_is_not_compared_with_a_registered_one() -> None:
    assert told(inferred({"a": 1}), registered("JSON", '{"type": "object"}', {"b": 1})) == []


def test_of_a_registered_json_schema_no_field_is_told() -> None:
    """Its tree is what one sample showed."""
    before, after = (registered("JSON", '{"type": "object"}', each) for each in ({"a": 1, "b": 1}, {"a": 1}))
    assert told(before, after) == []
    assert told(before, registered("JSON", '{"title": "new"}', {"a": 1})) == [("text changed", "", None)]


def test_of_a_schema_without_fields_nothing_is_told() -> None:
    assert told(registered("AVRO", "no schema"), avro(a="int")) == []


def test_fields_below_one_that_has_none_on_either_side_are_not_told() -> None:
    """A tree of too many fields is cut where it is deepest."""
    whole, cut = (
        MessageSchema(
            "Avro", text, (Field("Order", "RECORD", "RECORD", (Field("a", "RECORD", "RECORD", below),)),), 1, 1
        )
        for text, below in (("1", (Field("x", "INT", "INT"),)), ("2", ()))
    )
    assert told(whole, cut) == []
    assert told(cut, whole) == []


def test_fields_of_a_record_that_moves_into_an_array_are_told_as_its_type() -> None:
    before = inferred({"a": {"b": 1}})
    assert told(before, grown_by(before, {"a": [{"c": 1}]})) == [("type changed", "a", False)]


def test_of_a_type_whose_text_was_cut_nobody_knows() -> None:
    before, after = ([f"{'x' * 30}{number}" for number in range(many)] for many in (40, 41))
    unions = [
        [{"type": "fixed", "name": name, "size": 100 + at} for at, name in enumerate(names)]
        for names in (before, after)
    ]
    found = told(avro(a=[*unions[0], "int"]), avro(a=[*unions[1], "int"]))
    assert found in ([], [("type changed", "a", None)])


# --- of any schemas ---------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c", "d.e", ""])
DISPLAYS = st.sampled_from(
    [
        "INT",
        "LONG",
        "STRING",
        "STRING, nullable",
        "ARRAY<INT>",
        "UNION<INT, STRING>",
        "MAP<STRING, LONG>",
        "RECORD",
        "<",
        ">,",
    ]
)
FIELDS = st.recursive(
    st.builds(Field, NAMES, st.just("STRING"), DISPLAYS),
    lambda inner: st.builds(
        Field, NAMES, st.just("RECORD"), DISPLAYS, st.lists(inner, max_size=4, unique_by=lambda it: it.name).map(tuple)
    ),
    max_leaves=12,
)
TREES = st.lists(FIELDS, min_size=1, max_size=2, unique_by=lambda it: it.name).map(tuple)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), DOCUMENTS, max_size=4).map(lambda one: one | {"id": 1})


def of_tree(text: str, tree: tuple[Field, ...]) -> MessageSchema:
    return MessageSchema("Protobuf", text, tree, 1, 1)


@given(TREES)
def test_between_equal_schemas_nothing_changed(tree: tuple[Field, ...]) -> None:
    assert changes(of_tree("1", tree), of_tree("2", tree)) == ()


@given(TREES, TREES)
def test_every_change_is_at_a_path_of_one_of_the_two(before: tuple[Field, ...], after: tuple[Field, ...]) -> None:
    """A field that was added is of the new one alone, one that was removed of the old one, another of both."""
    then, now = paths(before), paths(after)
    if (len(before) == 1) != (len(after) == 1):
        then, now = (
            frozenset({(), *((root.name, *path) for root in one for path in paths((root,)))}) for one in (before, after)
        )
    for each in changes(of_tree("1", before), of_tree("2", after)):
        assert (each.path in then, each.path in now) == (each.before is not None, each.after is not None)


@given(TREES, TREES)
def test_the_way_back_names_the_same_places(before: tuple[Field, ...], after: tuple[Field, ...]) -> None:
    """What was added there is removed here."""
    there = {(each.path, each.before, each.after) for each in changes(of_tree("1", before), of_tree("2", after))}
    back = {(each.path, each.after, each.before) for each in changes(of_tree("2", after), of_tree("1", before))}
    assert there == back


@given(st.lists(OBJECTS, min_size=1, max_size=4), st.lists(OBJECTS, min_size=1, max_size=4))
def test_a_schema_that_grows_loses_no_field_and_then_stands(before: list[Any], after: list[Any]) -> None:
    first = inferred(*before)
    second = grown_by(first, *after)
    assert [each for each in changes(first, second) if each.kind == "field removed"] == []
    assert changes(second, grown_by(second, *after)) == ()
