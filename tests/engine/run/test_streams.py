"""The rows of a run in Airflow's metadata database: what went in comes out, and it is never too much."""

from __future__ import annotations

import gzip
import json
import random
import string
from base64 import b64decode
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Fate, StreamRow
from airflow_kinesis_ingest.engine.run.streams import MOST_BYTES, URGENCY, packed, unpacked

NAME = string.ascii_letters + string.digits + "_.-"
"""What AWS allows in the name of a stream, 128 characters at most."""

COUNTS = st.none() | st.integers(0, 100_000)
TEXTS = st.none() | st.text(max_size=200)
ROWS = st.lists(
    st.builds(
        StreamRow,
        st.text(NAME, min_size=1, max_size=128) | st.text(max_size=10),  # a simulator may list any
        st.sampled_from(get_args(Fate)),
        TEXTS,
        COUNTS,
        COUNTS,
        TEXTS,
        COUNTS,
        *[st.none() | st.lists(st.text(max_size=9), max_size=3).map(tuple)] * 3,
    ),
    unique_by=lambda row: row.name,
    max_size=40,
)


def by_name(rows: Sequence[StreamRow]) -> list[StreamRow]:
    return sorted(rows, key=lambda row: row.name)


def incompressible(count: int) -> list[StreamRow]:
    """The worst that AWS allows: long names without a word in common."""
    drawn = random.Random(7)
    fates = get_args(Fate)
    return [StreamRow("".join(drawn.choices(NAME, k=128)), fates[number % len(fates)]) for number in range(count)]


@given(ROWS)
def test_what_was_packed_comes_out_again(rows: list[StreamRow]) -> None:
    """Also from JSON, which is how Airflow keeps it."""
    value = json.loads(json.dumps(packed(rows)))
    assert list(unpacked(value)) == by_name(rows)
    assert (value["count"], value["cut"]) == (len(rows), 0)


@given(ROWS, st.integers(500, 3_000))
def test_it_is_never_larger_than_allowed_and_says_what_it_left_out(rows: list[StreamRow], most: int) -> None:
    """The most urgent rows are those that stay."""
    value = packed(rows, most=most, console_url="https://console/{name}", topic_url="")
    assert len(json.dumps(value)) <= most
    left = unpacked(value)
    assert (value["count"], value["cut"]) == (len(rows), len(rows) - len(left))
    names = {row.name for row in left}
    gone = [URGENCY[row.outcome] for row in rows if row.name not in names]
    assert max((URGENCY[row.outcome] for row in left), default=0) <= min(gone, default=len(URGENCY))


def test_ten_thousand_streams_fit() -> None:
    """Of names as people give them, with samples."""
    drawn = random.Random(7)
    words = ("orders", "payments", "clicks", "created", "updated", "prod", "staging", "dlq", "v1", "eu-west-1")
    names = {f"{'-'.join(drawn.choices(words, k=4))}-{number}" for number in range(10_000)}
    outcomes: list[Fate] = ["written", "unchanged"]
    rows = [StreamRow(name, drawn.choice(outcomes), None, drawn.randrange(1, 9), 24, "JSON", 50) for name in names]
    assert packed(rows)["cut"] == 0


def test_of_the_worst_names_the_failed_ones_stay() -> None:
    rows = incompressible(10_000)
    value = packed(rows)
    assert 0.9 * MOST_BYTES < len(json.dumps(value)) <= MOST_BYTES
    assert value["cut"] > 5_000
    failed = {row for row in rows if row.outcome == "failed"}
    assert failed < set(unpacked(value))


def test_a_browser_can_read_it() -> None:
    """Gzip and JSON: a list for each column, in the order of `columns`, and the addresses beside them."""
    seen = StreamRow("a", "written", None, 1, 24, "JSON", 5, ("env=prod",), ("lambda f",), (), ("partitions: 1 -> 2",))
    value = packed([StreamRow("b", "filtered", "excludes b"), seen], console_url="https://console/{name}", topic_url="")
    assert json.loads(gzip.decompress(b64decode(value.pop("data")))) == [
        ["a", "b"],
        ["written", "filtered"],
        [None, "excludes b"],
        [1, None],
        [24, None],
        ["JSON", None],
        [5, None],
        [["env=prod"], None],
        [["lambda f"], None],
        [[], None],
        [["partitions: 1 -> 2"], None],
    ]
    assert value == {
        "columns": [
            "name",
            "outcome",
            "pattern",
            "shards",
            "retention_hours",
            "schema",
            "messages",
            "tags",
            "readers",
            "writers",
            "drift",
        ],
        "without": [],
        "count": 2,
        "cut": 0,
        "console_url": "https://console/{name}",
        "topic_url": "",
    }


def test_equal_rows_are_packed_equally() -> None:
    """Whatever their order, and at any time: a run that is repeated stores the same."""
    rows = incompressible(20)
    assert packed(rows) == packed(rows[::-1])
    assert b64decode(packed(rows)["data"])[4:8] == bytes(4)


@pytest.mark.parametrize("data", ["", "AAAA", packed([StreamRow("a")])["data"][:-8]])
def test_what_is_not_whole_is_no_row(data: str) -> None:
    with pytest.raises(ValueError, match="unpacked"):
        unpacked(packed([]) | {"data": data})
