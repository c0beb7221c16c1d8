"""What a schema forgets: nothing that was seen of late, all that was not, and it is written once a week at most."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from airflow_kinesis_ingest.engine.model import Message, MessageSchema
from airflow_kinesis_ingest.engine.records.forgetting import Ages, Memory
from airflow_kinesis_ingest.engine.records.schema import Remembered, infer, is_ours, remembered

Document = dict[str, Any]
DAY = timedelta(days=1)
START = date(2026, 1, 1)
AFTER = 30 * DAY


def schema_of(*documents: Document) -> MessageSchema:
    found = infer([Message(json.dumps(one), "json", one) for one in documents], name="orders")
    assert found
    return found


class Stream:
    """A stream's schema, run after run. day: of the last run, after the first."""

    def __init__(self, *documents: Document) -> None:
        self.day = 0
        self.text = schema_of(*documents).text
        self.writes: list[int] = []

    def run(self, day: int, *documents: Document, newest: int | None = None, after: timedelta = AFTER) -> Remembered:
        self.day = day
        memory = Memory(START + day * DAY, START + (day if newest is None else newest) * DAY, after)
        found = remembered(schema_of(*documents), self.text, memory)
        if found.schema.text != self.text:
            self.writes.append(day)
        self.text = found.schema.text
        assert is_ours(self.text)
        return found

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    @property
    def names(self) -> list[str]:
        return sorted(self.document["properties"])


# --- what is forgotten, and when ------------------------------------------------------------------------------------


def test_a_field_that_no_sample_shows_any_more_is_forgotten_and_told() -> None:
    """Within a week after forgetAfter; what has gone is named by its path."""
    stream = Stream({"id": 1, "customer": {"name": "Ann", "fax": "1"}, "coupon": "X"})
    told = {day: stream.run(day, {"id": 1, "customer": {"name": "Ann"}}).forgotten for day in range(1, 50)}
    assert {day: names for day, names in told.items() if names} == {38: (".coupon", ".customer.fax")}
    assert (stream.names, list(stream.document["properties"]["customer"]["properties"])) == (
        ["customer", "id"],
        ["name"],
    )


def test_a_type_that_one_bad_message_brought_is_forgotten() -> None:
    """With all that hung on it: the width of its integers, the form of its texts, the fields of its objects."""
    stream = Stream({"id": 1, "at": "2026-01-01"})
    stream.run(0, {"id": "bad", "at": {"epoch": 1 << 40}})
    assert stream.document["properties"]["id"]["type"] == ["string", "integer"]
    assert stream.run(37, {"id": 2, "at": "2026-01-01"}).forgotten == ()
    for day in (38, 45, 74, 75, 76):
        stream.run(day, {"id": 2, "at": "2026-01-01"})
    assert stream.document["properties"] == {"at": {"type": "string", "format": "date"}, "id": {"type": "integer"}}


def test_a_decimal_point_is_forgotten_too() -> None:
    """The widest integer seen meanwhile is not."""
    stream = Stream({"id": 1})
    stream.run(1, {"id": 1.5})
    for day in (2, 20, 38, 39):
        stream.run(day, {"id": 1 << 40 if day == 20 else 1})
    assert stream.document["properties"]["id"] == {"type": "integer", "x-integer-bits": 64}


def test_items_of_arrays_and_values_of_maps_are_forgotten() -> None:
    keyed = {f"user-{number}": number for number in range(30)}
    many = [{"by": {key: value}, "list": [1]} for key, value in keyed.items()]
    stream = Stream(*many)
    for day in (1, 38):
        found = stream.run(day, {"by": {}, "list": []})
    assert found.forgotten == (".by.*", ".list[]")
    assert stream.document["properties"] == {"by": {"type": "object"}, "list": {"type": "array"}}


def test_a_stream_that_nobody_writes_to_forgets_nothing() -> None:
    """Its newest records are the same ones, however often they are read."""
    stream = Stream({"id": 1, "rare": 2})
    for day in range(1, 400):
        stream.run(day, {"id": 1}, newest=0)
    assert stream.names == ["id", "rare"]


def test_older_records_are_no_proof_against_newer_ones() -> None:
    """A run looked at other shards, or from the horizon: what they lack may have been seen yesterday."""
    stream = Stream({"id": 1, "rare": 2})
    stream.run(100, {"id": 1, "rare": 2})
    stream.run(100, {"id": 1}, newest=50)
    assert stream.run(130, {"id": 1}).forgotten == ()


def test_a_field_of_an_object_that_was_away_is_as_old_as_that() -> None:
    """It was not there either while the object was not."""
    stream = Stream({"id": 1, "customer": {"name": "Ann", "fax": "1"}})
    stream.run(1, {"id": 1})
    stream.run(20, {"id": 1, "customer": {"name": "Ann"}})
    assert stream.run(38, {"id": 1, "customer": {"name": "Ann"}}).forgotten == (".customer.fax",)


def test_without_a_memory_nothing_is_forgotten_and_no_date_is_added() -> None:
    """A date stays true: what is seen again has none."""
    stream = Stream({"id": 1, "rare": 2})
    assert "last-seen" not in remembered(schema_of({"id": 1}), stream.text, None).schema.text
    stream.run(1, {"id": 1})
    assert remembered(schema_of({"id": 1}), stream.text, None).schema.text == stream.text
    assert "last-seen" not in remembered(schema_of({"id": 1, "rare": 2}), stream.text, None).schema.text


# --- how often it is written ----------------------------------------------------------------------------------------


def test_a_stream_whose_samples_show_all_of_it_bears_no_date() -> None:
    stream = Stream({"id": 1, "name": "x"})
    for day in range(200):
        assert stream.run(day, {"id": 1, "name": "x"}).ages == Ages()
    assert (stream.writes, "last-seen" in stream.text) == ([], False)


def test_a_field_that_comes_and_goes_is_written_once_a_week() -> None:
    stream = Stream({"id": 1, "rare": 2})
    for hour in range(24 * 60):
        stream.run(hour // 24, {"id": 1} | ({"rare": 2} if hour % 2 else {}))
    assert stream.writes == list(range(0, 60, 7))
    assert stream.names == ["id", "rare"]


def test_dates_are_written_together() -> None:
    """Of what was marked on different days, the next renewal is one."""
    stream = Stream({"id": 1, "a": 1, "b": 1})
    stream.run(0, {"id": 1, "b": 1})
    stream.run(4, {"id": 1, "a": 1})
    for day in range(5, 40):
        stream.run(day, {"id": 1, "a": 1, "b": 1})
    assert stream.writes == [0, 4, 11, 18, 25, 32, 39]


# --- dates that are none --------------------------------------------------------------------------------------------


def edited(text: str, **keywords: Any) -> str:
    """As if a run had written other dates on `rare`: the digest is right."""
    document = json.loads(text)
    comment = document.pop("$comment")
    rare = document["properties"]["rare"]
    document["properties"]["rare"] = {key: each for key, each in (rare | keywords).items() if each is not None}
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({"$comment": comment[: -len(digest)] + digest} | document)


@pytest.mark.parametrize("garbled", [None, "", "yesterday", "2026-13-45", 7, ["2020-01-01"], {"integer": "x"}])
@pytest.mark.parametrize("keyword", ["x-last-seen", "x-types-last-seen"])
def test_a_date_that_is_missing_or_none_counts_from_the_first_sight(keyword: str, garbled: object) -> None:
    """A catalogue of before, or of another version: nothing is dropped early."""
    stream = Stream({"id": 1, "rare": 2})
    stream.text = edited(stream.text, **{keyword: garbled})
    assert is_ours(stream.text)
    forgotten = [stream.run(day, {"id": 1}).forgotten for day in (100, 136, 137)]
    assert forgotten == [(), (), (".rare",)]


# --- the promise, for any history -----------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.just("x")
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner), max_leaves=5)
DOCUMENTS = st.lists(st.dictionaries(NAMES, VALUES).map(lambda more: {"id": 1} | more), min_size=1, max_size=2)
HISTORIES = st.lists(st.tuples(st.integers(0, 25), DOCUMENTS), min_size=2, max_size=8)


def paths(value: Any, path: str = "") -> Iterator[str]:
    """The names in a document, and the types under them."""
    yield f"{path} ({type(value).__name__})"
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield f"{path}.{name}"
        yield from paths(inner, f"{path}.{name}")
    for inner in value if isinstance(value, list) else ():
        yield from paths(inner, f"{path}[]")


TYPES = {
    "null": "NoneType",
    "boolean": "bool",
    "integer": "int",
    "number": "float",
    "string": "str",
    "array": "list",
    "object": "dict",
}


def paths_in(schema: Any, path: str = "") -> Iterator[str]:
    """The same of a schema's text."""
    for kind in [schema["type"]] if isinstance(schema["type"], str) else schema["type"]:
        yield f"{path} ({TYPES[kind]})"
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from paths_in(inner, f"{path}.{name}")
    if "items" in schema:
        yield from paths_in(schema["items"], f"{path}[]")


def all_paths(documents: Iterable[Document]) -> set[str]:
    return {path for one in documents for path in paths(one)}


@given(HISTORIES)
def test_what_was_seen_of_late_stays_and_what_was_not_goes(history: Sequence[tuple[int, list[Document]]]) -> None:
    """Every message of the last 30 days is valid; what samples have lacked for 37 is gone."""
    stream, day = Stream(*history[0][1]), 0
    seen, missed = dict.fromkeys(all_paths(history[0][1]), 0), dict[str, int]()
    past: list[tuple[int, Document]] = [(0, one) for one in history[0][1]]
    for pause, documents in history[1:]:
        day += pause
        stream.run(day, *documents)
        shown = all_paths(documents)
        past += [(day, one) for one in documents]
        seen |= dict.fromkeys(shown, day)
        missed = {path: missed.get(path, day) for path in seen.keys() - shown}
        valid = Draft202012Validator(stream.document).is_valid
        assert all(valid(one) for then, one in past if day - then <= AFTER.days)
        gone = {path for path, since in missed.items() if day - since >= AFTER.days + 7}
        assert not gone & set(paths_in(stream.document))
