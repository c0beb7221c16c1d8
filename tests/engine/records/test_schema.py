"""schema.py: the structure that messages share; never a guess, the same for any order, valid for OpenMetadata."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from airflow_kinesis_ingest.engine.model import Field, Message, MessageSchema, RegisteredSchema
from airflow_kinesis_ingest.engine.records import shape
from airflow_kinesis_ingest.engine.records.decode import decode
from airflow_kinesis_ingest.engine.records.field_names import field_name, named, stored_name
from airflow_kinesis_ingest.engine.records.fields import FIELDS_MOST
from airflow_kinesis_ingest.engine.records.schema import grown, infer, is_ours, to_openmetadata
from airflow_kinesis_ingest.engine.records.shape import DEPTH_MOST, WIDTH_MOST, shape_of
from tests.corpus import CASES, Case, lookup, outline
from tests.corpus import writers as w
from tests.corpus.cases import JSON_ID, SALE, SALES

OPENMETADATA = Path(__file__).resolve().parents[4] / "shared" / "openmetadata-schemas"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.dates().map(str)
    | st.datetimes().map(lambda moment: moment.isoformat() + "Z")
    | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.uuids().map(str), inner),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "c", "1", ""]), JSON), min_size=1, max_size=4)
quick = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def messages(*values: Any) -> list[Message]:
    """Every value as JSON through decode, a str as the record's own text."""
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return [message for text in texts for message in decode(text.encode())]


def inferred(*values: Any) -> MessageSchema:
    schema = infer(messages(*values), name="s")
    assert schema is not None
    return schema


def fields(*values: Any) -> str:
    """The tree of what the values share, without the root."""
    return (outline(inferred(*values)) or "").removeprefix("JSON: s RECORD {").removesuffix("}")


def text_of(schema: MessageSchema) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(schema.text)
    return document


def count(tree: Sequence[Field]) -> int:
    return sum(1 + count(field.children) for field in tree)


def depth(tree: Sequence[Field]) -> int:
    return max((1 + depth(field.children) for field in tree), default=0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_corpus(case: Case) -> None:
    """The messages of every record of the corpus share the schema beside it, or none."""
    assert outline(infer(decode(case.data, schemas=lookup), name="s")) == case.schema


# Types


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], "INT"),
        ([-(2**31), 2**31 - 1], "INT"),
        ([1, 2**31], "LONG"),
        ([1, -(2**31) - 1], "LONG"),
        ([2**63 - 1, -(2**63)], "LONG"),
        ([1, 2**63], "INTEGER"),
        ([1, 2.5], "DOUBLE"),
        ([2**70, 2.5], "DOUBLE"),
        ([True, False], "BOOLEAN"),
        ([True, 1], "UNION<BOOLEAN, INT>"),
        (["a", 1, 2.5, None], "UNION<DOUBLE, STRING>, nullable"),
        ([None, None], "NULL"),
        (["a", None], "STRING, nullable"),
        ([{"x": 1}, None], "RECORD, nullable {x INT}"),
        ([{"x": 1}, "a"], "UNION<STRING, RECORD> {x INT}"),
        ([[1], [2.5]], "ARRAY<DOUBLE>"),
        ([[1, None]], "ARRAY<UNION<NULL, INT>>"),
        ([[], []], "ARRAY<UNKNOWN>"),
        ([[[1]], [["a"]]], "ARRAY<ARRAY<UNION<INT, STRING>>>"),
        ([[{"x": 1}], [{"y": "a"}]], "ARRAY<RECORD> {x INT, y STRING}"),
        ([{}, {}], "RECORD"),
    ],
)
def test_types(values: list[Any], expected: str) -> None:
    """A field has the narrowest type that all its values have; several are a UNION; null is told, not lost."""
    assert fields(*({"f": value} for value in values)) == f"f {expected}"


@pytest.mark.parametrize(
    ("values", "expected", "form"),
    [
        (["2026-01-31", "1999-12-01"], "DATE", "date"),
        (["2026-02-30"], "STRING", None),
        (["2026-01-31", "n/a"], "STRING", None),
        (["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123+01:00"], "TIMESTAMP", "date-time"),
        (["2026-01-31T10:00:00"], "TIMESTAMP", "local-date-time"),
        (["2026-01-31 10:00:00.5", "2026-01-31T10:00"], "TIMESTAMP", "local-date-time"),
        (["2026-01-31 10:00:00.5", "2026-01-31T10:00Z"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31T10:00:00", "2026-01-31T10:00:00Z"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31T10:00:00.123+0000"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31 10:00:00+00:00"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31 10:00:00,123Z"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31 10:00-05"], "TIMESTAMP", "iso-date-time"),
        (["2026-01-31T25:00:00Z"], "STRING", None),
        (["2026-02-30T10:00:00Z"], "STRING", None),
        (["2026-01-31", "2026-01-31T10:00:00Z"], "STRING", None),
        (["20260131"], "STRING", None),
        ([""], "STRING", None),
    ],
)
def test_times(values: list[str], expected: str, form: str | None) -> None:
    """DATE and TIMESTAMP only when every value is one in ISO 8601.

    "date-time" when all are RFC 3339, which JSON Schema asks for; "local-date-time" only when none has a zone.
    """
    schema = inferred(*({"f": value} for value in values))
    assert schema.fields[0].children[0].type == expected
    assert text_of(schema)["properties"]["f"].get("format") == form


def test_optional_fields_are_not_required() -> None:
    """Only what every object had is required."""
    schema = text_of(inferred({"a": 1, "b": 1}, {"a": 2}, {"a": 3, "c": None}))
    assert schema["required"] == ["a"]
    assert list(schema["properties"]) == ["a", "b", "c"]


def test_no_value_enters_a_schema() -> None:
    """A schema tells names and types; no enum, no example, no default."""
    assert "secret" not in inferred(*({"state": "secret", "n": 4711} for _ in range(30))).text
    assert "4711" not in inferred({"n": 4711}).text


# Agreement


@pytest.mark.parametrize(
    ("values", "agreed"),
    [
        ([{"a": 1}] * 4 + ["plain"], 4),
        ([{"a": 1}] * 3 + ["plain"], None),
        ([{"a": 1}] * 4 + [[{"a": 1}]], 4),
        ([[{"a": 1}]] * 4 + [{"a": 1}], 4),
        ([[{"a": 1}], [{"a": 1}, 2]], None),
        ([[]], None),
        ([1, 2], None),
        (["a,b", "c,d"], None),
        ([], None),
        ([{}, {}], None),
        ([{"a": 1}, {"b": 1}], None),
        ([{"a": 1}] * 4 + [{"b": 1}], 5),
        ([{"kind": "x", "a": 1}, {"kind": "y", "b": 1}], 2),
        ([{f"{one}{number}": [1, "x"][number % 2] for number in range(300)} for one in "ab"], None),
    ],
)
def test_what_counts_as_a_shared_schema(values: list[Any], agreed: int | None) -> None:
    """Eight in ten messages of one structure, eight in ten objects with one key in common; else none."""
    schema = infer(messages(*values), name="s")
    assert (schema and schema.agreed) == agreed
    assert schema is None or schema.total == len(values)


def test_messages_about_the_stream_do_not_count() -> None:
    """A CloudWatch control message among data changes neither schema nor share."""
    data = {"messageType": "DATA_MESSAGE", "logGroup": "g", "logEvents": [], "owner": "x"}
    control = {"messageType": "CONTROL_MESSAGE", "logGroup": "", "logEvents": [], "other": 1}
    schema = inferred(data, control, control)
    assert (schema.agreed, schema.total) == (1, 1)
    assert "other" not in schema.text


SEPARATORS = st.sampled_from(["", "\n", "\r\n", "\n\n", " ", "\n\x1e"])


@quick
@given(st.lists(st.dictionaries(st.sampled_from("abc"), JSON, min_size=1), min_size=2, max_size=5), SEPARATORS)
def test_each_of_several_json_values_in_one_record_counts(values: list[dict[str, Any]], separator: str) -> None:
    """What Firehose writes: the schema is that of as many records, and the text is what was sent."""
    text = separator.join(map(json.dumps, values)) + separator
    (message,) = messages(text)
    assert message.text == text
    assert infer([message], name="s") == infer(messages(*values), name="s")


def test_the_values_of_one_record_that_count_are_bounded() -> None:
    """The first thousand of them."""
    (message,) = messages('{"a":1}' * 1200)
    assert len(message.values) == 1000


def test_binary_messages_count_against() -> None:
    """What could not be read is no proof of a structure."""
    unread = list(decode(b"\xff\xfe"))
    assert infer(messages({"a": 1}, {"a": 1}) + unread, name="s") is None


# Keys that are data


@pytest.mark.parametrize(
    "keys",
    [
        ["5f1d7a1e-9c96-4e4a-a687-fb5de9ef0c63", "5F1D7A1E9C964E4AA687FB5DE9EF0C63"],
        ["1", "20", "300"],
        ["2026-01-01", "2026-01-02T10:00:00Z", "2026-01-02 10:00:00 UTC"],
        ["507f1f77bcf86cd799439011"],
        ["ann@example.com"],
        ["10.0.0.1", "fe80::1"],
        ["DE89370400440532013000", "AKIAIOSFODNN7EXAMPLE", "01ARZ3NDEKTSV4RRFFQ69G5FAV"],
        ["123-45-6789", "+49 (30) 901820", "1.2.3"],
        ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"],
        ["arn:aws:s3:::bucket"],
        [f"user_{number}" for number in range(WIDTH_MOST + 1)],
    ],
)
def test_keys_that_are_data_make_a_map(keys: list[str]) -> None:
    """Ids, dates and addresses as keys, or more keys than a record has fields: a MAP of what they hold."""
    schema = inferred({"by": {key: {"n": 1} for key in keys}})
    assert outline(schema) == "JSON: s RECORD {by MAP<STRING, RECORD> {n INT}}"
    assert f'"{keys[0]}"' not in schema.text


@pytest.mark.parametrize("unit", ["1 ", "1", "1T1", "a@", "a@a.", "a", "A", "eyJ.", "0:", "arn:", "1 T1"])
@pytest.mark.parametrize("tail", ["\n", "\nx", "@"])
def test_time_is_linear_in_a_key(unit: str, tail: str) -> None:
    """A key made to upset the expression takes at most eight times as long as an eighth of it, and half more."""
    small, large = ([{unit * (size // len(unit)) + tail: 1}] for size in (4 << 10, 32 << 10))
    # Measured again, as a processor that others share may halve its pace between two keys; more than linear stays so.
    assert any(seconds(large) < 12 * seconds(small) + 0.05 for _ in range(5))


def seconds(values: list[Any]) -> float:
    """In this thread's own processor time: other processes want the processor too."""
    start = time.thread_time()
    shape_of(values)
    return time.thread_time() - start


def test_sparse_keys_of_one_type_are_data() -> None:
    """21 names that no two messages share are ids, 20 are fields; so are 21 of two types."""
    assert fields(*({"by": {f"k{n}": n}} for n in range(21))) == "by MAP<STRING, INT>"
    assert fields(*({"by": {f"k{n}": n}} for n in range(20))).startswith("by RECORD {k0 INT, k1 INT")
    assert fields(*({"by": {f"k{n}": n if n else "x"}} for n in range(21))).startswith("by RECORD {k0 STRING, k1 INT")


@pytest.mark.parametrize(
    "name", ["BILLINGADDRESS1", "1", "2026", "2026-01-01", "1.5", "deadbeefdeadbee1", "ID2026ORDER000017", "::1", "x"]
)
def test_a_name_that_every_message_has_is_a_field(name: str) -> None:
    """Whatever it looks like: a map is for names that vary, and this one does not."""
    values = [{"id": n, "inner": {name: n}, name: n} for n in range(3)]
    assert fields(*values) in (f"{name} INT, id INT, inner RECORD {{{name} INT}}",
                               f"id INT, inner RECORD {{{name} INT}}, {name} INT")  # fmt: skip
    assert name in text_of(inferred(*values))["required"]


@pytest.mark.parametrize("name", ["BILLINGADDRESS1", "DELIVERYADDRESSLINE12", "SHAREOFSTOCKS2026", "OVERVIEWTEXT2ND"])
def test_capitals_with_a_number_are_a_name_and_no_id(name: str) -> None:
    """Also of one message, and where some messages lack it."""
    assert fields({name: 1}) == f"{name} INT"
    assert name in fields({"id": 1}, {"id": 1, name: 1}, {"id": 2})


@pytest.mark.parametrize("name", ["ann@example.com", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", "AKIAIOSFODNN7EXAMPLE"])
def test_what_is_a_persons_or_a_secret_is_no_name_in_any_case(name: str) -> None:
    """Two messages of one person are soon found in a quiet stream."""
    assert name not in inferred({"id": 1, name: 1}, {"id": 2, name: 2}).text


def test_the_columns_of_a_wide_table_are_no_map() -> None:
    """600 columns of one type that every row has: 500 are shown. Beside two that all have, 700 vary."""
    row = {f"column_{number:03}": 1.5 for number in range(600)}
    assert [field.name for field in inferred(row, row).fields[0].children] == sorted(row)[:WIDTH_MOST]
    users = ({"id": 1, "sum": 2, **{f"user_{200 * n + m}": 1 for m in range(300)}} for n in range(3))
    assert fields(*users) == "id INT, sum INT"


TYPED: st.SearchStrategy[Any] = st.sampled_from(
    [1, 1.5, "x", "2026-01-01", "2026-01-01T10:00:00Z", "2026-01-01 10:00", None, True, [1], {}]
)
NAMES = st.sampled_from(["a", "b", "c", "d", "e", "1", "2", "2026-01-01", "a@b.de", "BILLINGADDRESS1"])
NARROW = st.dictionaries(NAMES, TYPED | st.dictionaries(NAMES, TYPED, max_size=5), max_size=8)


@contextmanager
def narrow() -> Iterator[None]:
    """Bounds so small that a handful of names goes beyond them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shape, "WIDTH_MOST", 4)
        patch.setattr(shape, "SPARSE_KEYS", 2)
        yield


@given(st.lists(NARROW, min_size=2, max_size=4), st.dictionaries(NAMES, TYPED, min_size=1, max_size=3))
def test_names_that_all_messages_have_are_fields_and_no_others_are_required(
    values: list[dict[str, Any]], common: dict[str, Any]
) -> None:
    """At the top and below; a map has none of them."""
    values = [value | common | {"inner": common} for value in values]
    steady = {name for name in set.intersection(*map(set, values)) if "@" not in name}
    document = text_of(inferred(*values))
    assert set(document["required"]) == steady <= set(document["properties"])
    assert set(document["properties"]["inner"].get("properties", {})) == {name for name in common if "@" not in name}


def test_wide_records_stay_records() -> None:
    """A table with 300 columns of one type has them in every message."""
    row = {f"column_{number}": 1.5 for number in range(300)}
    assert len(inferred(row, row).fields[0].children) == 300


def test_data_keys_beside_fields_are_left_out() -> None:
    """An e-mail address as a key never becomes the name of a field; the schema text describes its values."""
    schema = inferred({"total": 2, "ann@example.com": "x", "bob@example.com": "y"})
    assert outline(schema) == "JSON: s RECORD {total INT}"
    assert text_of(schema)["additionalProperties"] == {"type": "string"}
    assert "example.com" not in schema.text


# Limits


@pytest.mark.parametrize(
    ("name", "expected", "shown"),
    [
        ("", "~36e9d246", None),
        ("k" * 129, "k" * 119 + "~a8be9082", "k" * 129),
        ("😀" * 65, "😀" * 59 + "~ad1b908a", "😀" * 65),
        ("a.b", "a_b~", "a.b"),
        ('a"b', "a_b~", 'a"b'),
        ("a\nb", "a_b~", "a\ufffdb"),
        ("a\x00", "a_~", "a\ufffd"),
        ("a\u2028", "a_~", "a\ufffd"),
        ("\ud800", "_~", "\ufffd"),
        ("a~0123abcd", "a~0123abcd~", "a~0123abcd"),
    ],
)
def test_a_name_that_openmetadata_does_not_keep_is_replaced(name: str, expected: str, shown: str | None) -> None:
    """1 to 128 UTF-16 units without dots, quotes and line ends. The real one is shown, and stands in the text."""
    schema = inferred({"ok": 1, name: 2})
    (root,) = to_openmetadata(schema)["schemaFields"]
    (field,) = [child for child in root["children"] if child["name"] != "ok"]
    assert field["name"].startswith(expected)
    assert field.get("displayName") == shown
    assert text_of(schema)["properties"][name] == {"type": "integer"}
    schema.text.encode()


def test_a_root_is_named_after_its_stream_as_far_as_openmetadata_keeps_that() -> None:
    """Most names of streams hold dots; only a nested name must not."""
    schema = infer([Message("{}", "json", {"id": 1})], name="shop.orders")
    assert schema is not None
    (root,) = to_openmetadata(schema)["schemaFields"]
    assert (root["name"], root["displayName"]) == ("shop_orders~7f786cb0", "shop.orders")


NASTY = st.text(st.sampled_from(["a", ".", '"', "_", "~", "0", "\n", "\0", "😀", "\ud800"]), max_size=6)
KEYS = NASTY | NASTY.map(lambda text: text * 30) | st.builds(lambda text: field_name(text), NASTY)
TREES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(KEYS, inner, max_size=8) | st.lists(inner, max_size=2), max_leaves=20
)


def rendered(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    schema = infer([Message(json.dumps(document), "json", document)], name=name)
    return to_openmetadata(schema)["schemaFields"] if schema else []


def levels(fields: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield fields
    for field in fields:
        yield from levels(field.get("children", []))


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=8), KEYS)
def test_every_name_that_is_sent_is_kept_and_is_its_siblings_only(document: dict[str, Any], name: str) -> None:
    for level in levels(rendered(document, name)):
        names = [field["name"] for field in level]
        assert len(set(names)) == len(names)
        for each in names:
            assert 1 <= len(each.encode("utf-16-le")) // 2 <= 128
            assert not set(each) & set('."\n\r\0')


@given(st.dictionaries(KEYS, st.integers(), min_size=1, max_size=8), KEYS, KEYS)
def test_a_field_keeps_its_name_whatever_comes_beside_it(document: dict[str, int], added: str, name: str) -> None:
    """What people write on a field hangs on its name."""
    before, after = rendered(document, name), rendered(document | {added: 1}, name)
    kept = {child["name"] for root in before for child in root.get("children", [])}
    assert kept <= {child["name"] for root in after for child in root.get("children", [])}


@given(st.lists(KEYS, unique=True, max_size=30))
def test_no_two_names_become_one(names: list[str]) -> None:
    assert len({field_name(name) for name in names}) == len(names)


@given(KEYS)
def test_a_replaced_name_stays_when_it_is_read_back(name: str) -> None:
    """The fields of a stored schema are named again, and nothing changes."""
    once = named([{"name": name, "dataType": "INT"}])
    assert named(once, stored_name) == once


@pytest.mark.parametrize(
    "name",
    [
        "k" * 128,
        "😀" * 64,
        "@timestamp",
        "имя",
        "日本",
        "a b",
        "$oid",
        "k1",
        "2nd",
        "A1",
        "MAX_VALUE_2",
        "decade",
    ],
)
def test_unusual_names_are_fields(name: str) -> None:
    """What OpenMetadata takes is kept as it is, and readable in the schema text."""
    schema = inferred({name: 1})
    assert schema.fields[0].children[0].name == name
    assert name in schema.text


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"leaf": 1}
    for _ in range(levels - 1):
        value = {"inner": value}
    return value


def test_depth_is_bounded() -> None:
    """Sixteen levels of fields below the root; the next is a RECORD that nobody looked into."""
    assert depth(inferred(nested(DEPTH_MOST)).fields) == DEPTH_MOST + 1
    assert depth(inferred(nested(DEPTH_MOST + 1)).fields) == DEPTH_MOST + 1
    assert "leaf" not in inferred(nested(DEPTH_MOST + 1)).text


def test_width_is_bounded() -> None:
    """Five hundred fields of one record, the most frequent first."""
    wide = {f"k{number:03}": [1, "x"][number % 2] for number in range(WIDTH_MOST + 50)}
    schema = inferred(wide, dict(list(wide.items())[60:]))
    names = [field.name for field in schema.fields[0].children]
    assert len(names) == WIDTH_MOST
    assert "k060" in names
    assert "k059" not in names


def test_what_is_left_out_for_the_width_stays_valid() -> None:
    """Keys that are data are described by additionalProperties, which must not bear on fields that were cut."""
    wide = {f"k{number:03}": [1, "x"][number % 2] for number in range(WIDTH_MOST + 50)} | {"2026-01-01": [True]}
    assert Draft202012Validator(text_of(inferred(wide))).is_valid(wide)
    narrow = inferred({"k000": 1, "2026-01-01": [True]})
    assert Draft202012Validator(text_of(grown(narrow, inferred(wide).text))).is_valid(wide)


def test_fields_are_bounded() -> None:
    """A tree of more than two thousand fields is cut where it is deepest."""
    wide = {f"k{number}": {f"j{number}": {"x": 1, "y": "2"} for number in range(20)} for number in range(100)}
    schema = inferred(wide, wide)
    assert 100 < count(schema.fields) <= FIELDS_MOST
    assert depth(schema.fields) == 2


def test_the_text_is_bounded() -> None:
    """Of a record of a megabyte, 15 levels deep, not its 120,000 names at every level; what is shown is ours."""
    leaf: Any = {f"k{number:03}": {f"j{n:03}": [1, "x"][n % 2] for n in range(300)} for number in range(400)}
    for _ in range(13):
        leaf = {"inner": leaf}
    schema = inferred(leaf)
    assert len(schema.text) < 200_000
    assert '"k000"' in schema.text
    assert '"j000"' not in schema.text
    assert Draft202012Validator(text_of(schema)).is_valid(leaf)
    assert grown(schema, schema.text) == schema


# Text


@quick
@given(OBJECTS)
@example([{"a": float("nan")}, {"a": 1}])
@example([{"a": 2**80}])
def test_the_text_validates_what_it_was_inferred_from(values: list[dict[str, Any]]) -> None:
    """Every message that agreed is valid under the JSON Schema, as draft 2020-12 and its formats say."""
    schema = infer(messages(*values), name="s")
    if schema is None:
        return
    document = text_of(schema)
    Draft202012Validator.check_schema(document)
    checker = Draft202012Validator(document, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in values:
        checker.validate(value)


@quick
@given(OBJECTS, st.randoms())
def test_order_does_not_matter(values: list[dict[str, Any]], shuffle: random.Random) -> None:
    """The same messages in any order give the same schema, to the byte."""
    first = infer(messages(*values), name="s")
    shuffled = [dict(shuffle.sample(sorted(value.items()), len(value))) for value in values]
    shuffle.shuffle(shuffled)
    assert infer(messages(*shuffled), name="s") == first


def test_the_text_is_written_for_readers() -> None:
    """Dialect, origin, title, then names in alphabetical order, indented by two, in their own letters."""
    text = inferred({"имя": "x", "b": 1, "a": [1]}).text
    assert text.startswith('{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "$comment": ')
    assert text.index('"title": "s"') < text.index('"a"') < text.index('"b"') < text.index('"имя"')


@pytest.mark.parametrize(
    ("edit", "ours"),
    [
        (lambda text: text, True),
        (lambda text: json.dumps(json.loads(text)), True),
        (lambda text: text.replace('"integer"', '"number"'), False),
        (lambda text: text.replace('"title": "s"', '"title": "s", "description": "mine"'), False),
        (lambda text: text.replace("Digest: ", "Digest: 0"), False),
        (lambda text: text.replace("Inferred", "Written"), False),
        (lambda _: json.dumps({"type": "object"}), False),
        (lambda _: "", False),
        (lambda _: "[" * 100_000, False),
        (lambda _: "[1]", False),
        (lambda _: "null", False),
    ],
)
def test_an_edited_schema_is_told_from_ours(edit: Any, ours: bool) -> None:
    """The digest in $comment covers all but itself; formatting is no edit."""
    assert is_ours(edit(inferred({"a": 1}).text)) is ours


@quick
@given(OBJECTS)
def test_every_inferred_text_is_ours(values: list[dict[str, Any]]) -> None:
    """Whatever the names in it."""
    schema = infer(messages(*values), name="s")
    assert schema is None or is_ours(schema.text)


# Growth


@quick
@given(OBJECTS, OBJECTS)
@example([{f"k{n}": n for n in range(21)}] + [{f"j{n}{m}": m for n in range(9)} for m in range(9)], [{"k1": "x"}])
def test_a_grown_schema_validates_what_both_were_inferred_from(
    before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    """The schema of an earlier sample and the one of this one: ours, the same in both directions, and of itself."""
    first, second = infer(messages(*before), name="s"), infer(messages(*now), name="s")
    if first is None or second is None:
        return
    both = grown(second, first.text)
    checker = Draft202012Validator(text_of(both), format_checker=Draft202012Validator.FORMAT_CHECKER)
    for value in before + now:
        checker.validate(value)
    assert is_ours(both.text)
    assert grown(first, second.text).text == both.text
    assert grown(second, second.text) == second


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(NARROW, min_size=1, max_size=4), min_size=3, max_size=3), st.booleans())
def test_after_any_three_runs_every_message_seen_is_valid(runs: list[list[dict[str, Any]]], has_id: bool) -> None:
    """Also where names were left out for the width, and come back with another type."""
    seen: list[dict[str, Any]] = []
    stored: MessageSchema | None = None
    with narrow():
        for run in ([{"id": 1, **value} for value in run] if has_id else run for run in runs):
            schema = infer(messages(*run), name="s")
            if schema is None:
                continue
            stored = grown(schema, stored.text) if stored else schema
            seen += run
            checker = Draft202012Validator(text_of(stored), format_checker=Draft202012Validator.FORMAT_CHECKER)
            for value in seen:
                checker.validate(value)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1)])
def test_a_name_that_was_left_out_for_the_width_comes_back_with_every_type_it_had(order: tuple[int, ...]) -> None:
    """Of 550 names the 50 rarest are no fields; a later sample that has one of them as another type is no proof."""
    wide = {f"k{number:03}": [1, "x"][number % 2] for number in range(550)}
    samples: list[list[dict[str, Any]]] = [
        [wide, dict(list(wide.items())[50:])],
        [{"k000": [True]}],
        [{"k000": "x", "k001": {"a": 1}}],
    ]
    stored = inferred(*samples[order[0]])
    for index in order[1:]:
        stored = grown(inferred(*samples[index]), stored.text)
    assert len(stored.fields[0].children) == WIDTH_MOST
    for value in chain.from_iterable(samples):
        Draft202012Validator(text_of(stored)).validate(value)


def test_a_grown_schema_that_was_cut_stays_as_it_is() -> None:
    """Two samples that are too large together: their schema is the same after every later one of them."""
    one, other = ({f"k{n}": {f"{letter}{m}": [1, "x"][m % 2] for m in range(30)} for n in range(40)} for letter in "ab")
    both = grown(inferred(other), inferred(one).text)
    assert outline(both) == outline(inferred({f"k{n}": {} for n in range(40)}))
    for later in (one, other, {"k0": {"a0": 1}}):
        assert '"a0"' not in grown(inferred(later), both.text).text
    assert grown(inferred(one), both.text).text == grown(inferred(other), both.text).text == both.text


def test_a_map_takes_the_few_keys_of_a_later_sample() -> None:
    """Ids were recognised by their number; the two of a small sample do not become fields."""
    many = inferred(*({"by": {f"k{n}": n}} for n in range(21)))
    few = inferred({"by": {"k99": 1, "k98": 2}})
    assert outline(grown(few, many.text)) == "JSON: s RECORD {by MAP<STRING, INT>}"


# Schemas that messages carry


def carrying(schema: Any, *counts: int) -> list[Message]:
    """Messages that were written with the schema, its version told by a default."""
    found = []
    for version, number in enumerate(counts):
        text = json.dumps({**schema, "doc": f"v{version}"})
        found += [Message("{}", "avro", schema=RegisteredSchema("AVRO", text)) for _ in range(number)]
    return found


def test_avro_is_shown_as_registered() -> None:
    """Text to the byte, fields from it and not from the messages."""
    text = json.dumps(SALE, indent=7)
    schema = infer(decode(w.avro_container(SALE, SALES, text=text)), name="s")
    assert schema is not None
    assert (schema.kind, schema.text, schema.agreed, schema.total) == ("Avro", text, 2, 2)
    assert not is_ours(schema.text)


def test_versions_of_one_record_agree() -> None:
    """The version that most messages carry is shown, and how many those are."""
    for counts, shown in (((2, 3), "v1"), ((3, 2), "v0")):
        schema = infer(carrying(SALE, *counts), name="s")
        assert schema is not None
        assert (json.loads(schema.text)["doc"], schema.agreed, schema.total) == (shown, 3, 5)


def test_different_records_do_not_agree() -> None:
    """Two event types in one stream are no schema; nor is one with too many messages without any."""
    other = {**SALE, "name": "Refund"}
    assert infer(carrying(SALE, 3) + carrying(other, 3), name="s") is None
    assert infer(carrying(SALE, 3) + messages("text"), name="s") is None
    assert infer(carrying(SALE, 4) + messages("text"), name="s") is not None


def test_registered_json_is_shown_as_registered() -> None:
    """Its text as registered, its fields as seen."""
    schema = infer(decode(w.glue(JSON_ID, b'{"a":1}'), schemas=lookup), name="s")
    registered = lookup(JSON_ID)
    assert isinstance(registered, RegisteredSchema)
    assert schema is not None
    assert schema.text == registered.definition


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "array", "items": ["null", "int"]}, "s ARRAY<UNION<NULL, INT>>"),
        (
            {"type": "record", "name": "N", "fields": [{"name": "next", "type": ["null", "N"]}]},
            "N RECORD {next RECORD, nullable}",
        ),
        (
            {"type": "record", "name": "E", "fields": [{"name": "body", "type": [
                {"type": "record", "name": "A", "fields": [{"name": "x", "type": "int"}]},
                {"type": "record", "name": "B", "fields": [{"name": "x", "type": "string"}]}]}]},
            "E RECORD {body UNION<RECORD, RECORD> {A RECORD {x INT}, B RECORD {x STRING}}}",
        ),
        (
            {"type": "record", "name": "T", "namespace": "n", "fields": [
                {"name": "a", "type": {"type": "record", "name": "U", "fields": [{"name": "f", "type": "float"}]}},
                {"name": "b", "type": "U"}, {"name": "c", "type": "n.U"}]},
            "T RECORD {a RECORD {f FLOAT}, b RECORD {f FLOAT}, c RECORD {f FLOAT}}",
        ),
        (
            {"type": "record", "name": "E", "fields": [{"name": "body", "type": [
                {"type": "record", "name": "a.X", "fields": []}, {"type": "record", "name": "c.X", "fields": []},
                {"type": "record", "name": "c.Y", "fields": []}]}]},
            "E RECORD {body UNION<RECORD, RECORD, RECORD> {a.X RECORD, c.X RECORD, Y RECORD}}",
        ),
        ({"type": "map", "values": {"type": "array", "items": "bytes"}}, "s MAP<STRING, ARRAY<BYTES>>"),
        (["null", "string", "boolean"], "s UNION<STRING, BOOLEAN>, nullable"),
    ],
)  # fmt: skip
def test_avro_fields(schema: Any, expected: str) -> None:
    """Every kind of Avro type, names by reference, and a type that contains itself once."""
    message = Message("{}", "avro", schema=RegisteredSchema("AVRO", json.dumps(schema)))
    assert outline(infer([message], name="s")) == f"Avro: {expected}"


def test_avro_fields_are_bounded() -> None:
    """Twenty types that each use the next one twice are a million fields; two thousand are shown at most."""
    kind: Any = "int"
    for level in range(20):
        kind = {"type": "record", "name": f"R{level}", "fields": [{"name": "a", "type": kind}, {"name": "b", "type": (
            kind["name"] if isinstance(kind, dict) else kind)}]}  # fmt: skip
    schema = infer([Message("{}", "avro", schema=RegisteredSchema("AVRO", json.dumps(kind)))], name="s")
    assert schema is not None
    assert 1000 < count(schema.fields) <= FIELDS_MOST


def test_the_display_of_a_type_is_bounded() -> None:
    """A union of a thousand types is shown in part, and still as one that may be null."""
    kind = ["null", *({"type": "enum", "name": f"E{number}", "symbols": []} for number in range(1000))]
    schema = infer([Message("{}", "avro", schema=RegisteredSchema("AVRO", json.dumps(kind)))], name="s")
    assert schema is not None
    assert schema.fields[0].display.startswith("UNION<ENUM, ENUM, ")
    assert schema.fields[0].display.endswith("…, nullable")
    assert len(schema.fields[0].display) < 520


def test_a_carried_schema_nobody_can_parse() -> None:
    """Its text is still as registered; it has no fields."""
    schema = infer([Message("{}", "avro", schema=RegisteredSchema("AVRO", "{"))], name="s")
    assert schema == MessageSchema("Avro", "{", (), 1, 1)


# OpenMetadata


@pytest.fixture(scope="module")
def openmetadata() -> Draft202012Validator:
    """OpenMetadata's own schema of a message schema, with everything it refers to."""
    if not OPENMETADATA.exists():
        pytest.skip("needs ../shared/openmetadata-schemas")
    registry: Registry[Any] = Registry()
    for path in (OPENMETADATA / "type").glob("*.json"):
        document = json.loads(path.read_text())
        resource = Resource.from_contents(document)
        registry = resource @ registry
        registry = registry.with_resource(path.as_uri(), resource)
    validator = Draft202012Validator({"$ref": (OPENMETADATA / "type" / "schema.json").as_uri()}, registry=registry)
    validator.is_valid({})
    return validator


@pytest.mark.parametrize("case", [case for case in CASES if case.schema], ids=lambda case: case.name)
def test_openmetadata_accepts_the_schema(case: Case, openmetadata: Draft202012Validator) -> None:
    """Every message schema of the corpus is what type/schema.json asks for."""
    schema = infer(decode(case.data, schemas=lookup), name="s")
    assert schema is not None
    openmetadata.validate(to_openmetadata(schema))


def test_openmetadata_form() -> None:
    """Children only where there are any: OpenMetadata draws an empty list as something to open."""
    assert to_openmetadata(inferred({"a": {"b": 1}})) == {
        "schemaText": inferred({"a": {"b": 1}}).text,
        "schemaType": "JSON",
        "schemaFields": [
            {
                "name": "s",
                "dataType": "RECORD",
                "dataTypeDisplay": "RECORD",
                "children": [
                    {
                        "name": "a",
                        "dataType": "RECORD",
                        "dataTypeDisplay": "RECORD",
                        "children": [{"name": "b", "dataType": "INT", "dataTypeDisplay": "INT"}],
                    }
                ],
            }
        ],
    }


def test_a_validator_that_could_not_fail_proves_nothing(openmetadata: Draft202012Validator) -> None:
    """A field without a name, or with a type of our own, is refused."""
    assert not openmetadata.is_valid({"schemaFields": [{"dataType": "INT"}]})
    assert not openmetadata.is_valid({"schemaFields": [{"name": "a", "dataType": "VARCHAR"}]})
