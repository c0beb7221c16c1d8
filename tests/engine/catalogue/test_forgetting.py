"""A catalogue forgets what a stream's samples do not show any more, with as few writes as there were before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.catalogue.renewal import renewed
from airflow_kinesis_ingest.engine.catalogue.topic_calls import SourceHash
from airflow_kinesis_ingest.engine.model import Record, Sample
from airflow_kinesis_ingest.engine.records.forgetting import Memory
from airflow_kinesis_ingest.engine.records.schema import to_openmetadata
from airflow_kinesis_ingest.engine.run.reading import dated
from tests.engine.catalogue.test_sink import SERVICE, Catalogue, InFile, InOpenMetadata, run, schema, topic
from tests.fakes.openmetadata import FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

START = date(2026, 1, 1)
BOTH, ONE = '{"id": 1, "coupon": "X"}', '{"id": 1}'


@pytest.fixture
def server() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as made:
        yield made


@pytest.fixture(params=["metadata-rest", "file"])
def made(request: pytest.FixtureRequest, tmp_path: Path, server: FakeOpenMetadata) -> Callable[..., Catalogue]:
    """A catalogue whose workflow has these changes; one and the same for each call."""

    def make(**changes: Any) -> Catalogue:
        if request.param == "metadata-rest":
            return InOpenMetadata(server, **changes)
        return InFile(tmp_path / "shop.catalogue.jsonl", **changes)

    return make


def on(day: int, message: str | None = None) -> tuple[Any, Sample]:
    """What a run on that day writes, whose sample is this message; without one it found none."""
    if message is None:
        return topic(partitions=3 + day), Sample()
    today = START + timedelta(days=day)
    return topic(schema=schema(message)), Sample((message,), today=today, newest=today)


def names(catalogue: Catalogue) -> list[str]:
    (root,) = catalogue.topics()["clicks"]["messageSchema"]["schemaFields"]
    return [field["name"] for field in root["children"]]


def test_a_retired_field_is_gone_after_37_days_and_the_log_says_so(
    made: Callable[..., Catalogue], caplog: pytest.LogCaptureFixture
) -> None:
    """Seen to be missing for `forgetAfter`, 30 days, and the week that a date stands for."""
    caplog.set_level("INFO")
    run(made(), on(0, BOTH))
    left = {day: (run(made(), on(day, ONE)), names(made()))[1] for day in range(1, 40)}
    assert [day for day, there in left.items() if there == ["id"]] == [38, 39]
    assert [each.getMessage() for each in caplog.records if "forgets" in each.getMessage()] == [
        "clicks: its schema forgets what no sample has shown any more: .coupon"
    ]


def test_a_run_that_found_no_record_forgets_nothing(made: Callable[..., Catalogue]) -> None:
    run(made(), on(0, BOTH))
    run(made(), on(1, ONE))
    for day in (38, 400):
        run(made(), on(day))
    assert names(made()) == ["coupon", "id"]
    run(made(), on(401, ONE))
    assert names(made()) == ["id"]


def test_how_long_is_said_by_the_file(made: Callable[..., Catalogue]) -> None:
    """null: nothing is forgotten."""
    for days, left in ((None, ["coupon", "id"]), (90, ["coupon", "id"]), (10, ["id"])):
        catalogue = made(options={"schema": {"forgetAfter": days}})
        for item in (on(0, BOTH), on(1, ONE), on(50, ONE)):
            run(catalogue, item)
        assert names(catalogue) == left


def test_override_metadata_forgets_at_once(made: Callable[..., Catalogue], caplog: pytest.LogCaptureFixture) -> None:
    """Also what the sample before this one lacked already."""
    caplog.set_level("INFO")
    overriding = made(metadata={"overrideMetadata": True})
    run(made(), on(0, BOTH))
    run(overriding, on(0, ONE))
    assert names(overriding) == ["id"]
    assert ".coupon" in caplog.text
    run(made(), on(1, BOTH))
    run(made(), on(1, ONE))
    assert names(overriding) == ["coupon", "id"]
    run(overriding, on(1, ONE))
    assert names(overriding) == ["id"]


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_an_unchanged_stream_is_neither_read_nor_written(server: FakeOpenMetadata) -> None:
    catalogue = InOpenMetadata(server)
    run(catalogue, on(0, BOTH))
    server.requests.clear()
    assert {tuple(run(catalogue, on(day, BOTH))) for day in range(1, 100)} == {("unchanged",)}
    assert server.calls("GET", "/topics/name/*") + server.calls("PUT", "/topics") == []


def test_a_retired_field_costs_two_writes(server: FakeOpenMetadata) -> None:
    """The day of its first absence, and the day it is forgotten; between them the topic is not even looked at."""
    catalogue = InOpenMetadata(server)
    run(catalogue, on(0, BOTH))
    server.requests.clear()
    outcomes = [run(catalogue, on(day, ONE))[0] for day in range(1, 60)]
    assert [day for day, outcome in enumerate(outcomes, 1) if outcome == "written" and day > 1] == [38]
    assert len(server.calls("PUT", "/topics")) == len(server.calls("GET", "/topics/name/*")) == 2


def test_a_field_that_comes_and_goes_costs_a_write_a_week(server: FakeOpenMetadata) -> None:
    catalogue = InOpenMetadata(server)
    for hour in range(4 * 70):
        run(catalogue, on(hour // 4, BOTH if hour % 2 else ONE))
    first_seen_and_first_missed = 2
    assert len(server.calls("PUT", "/topics")) <= first_seen_and_first_missed + 70 / 7
    assert names(catalogue) == ["coupon", "id"]


def test_a_catalogue_of_before_is_looked_at_once(server: FakeOpenMetadata) -> None:
    """Its hash tells nothing of dates. What it has counts from then on."""
    catalogue = InOpenMetadata(server)
    never = InOpenMetadata(server, options={"schema": {"forgetAfter": None}})
    run(never, on(0, BOTH))
    run(never, on(0, ONE))
    run(never, on(0, ONE))
    assert len(server.topic(SERVICE, "clicks")["sourceHash"]) == 20
    run(catalogue, on(400, ONE))
    server.requests.clear()
    assert [run(catalogue, on(day, ONE))[0] for day in (401, 436)] == ["unchanged"] * 2
    assert server.calls("GET", "/topics/name/*") == []
    assert names(catalogue) == ["coupon", "id"]
    run(catalogue, on(437, ONE))
    assert names(catalogue) == ["id"]


@pytest.mark.parametrize("ages", ["", "x" * 12, "991399------"])
def test_a_hash_whose_days_are_none_is_looked_at(ages: str) -> None:
    assert SourceHash.parse(f"{'0' * 20}{ages}").is_due(Memory(START, START, timedelta(30)))


# --- what people wrote ----------------------------------------------------------------------------------------------


def after_years(schema_then: Any, *, override: bool = False) -> list[dict[str, Any]]:
    """The fields below the root once `coupon` has been missing for years."""
    for year in (1, 2):
        day = START + timedelta(days=366 * year)
        memory = Memory(day, day, timedelta(days=30))
        schema_then = renewed(schema(ONE), schema_then, override=override, memory=memory).body
    assert "coupon" not in schema_then["schemaText"]
    return list(schema_then["schemaFields"][0].get("children", []))


@pytest.mark.parametrize(
    "words", [{"description": "10 % off"}, {"displayName": "Coupon"}, {"tags": [{"tagFQN": "PII.None"}]}]
)
def test_a_field_that_people_wrote_on_stays(words: dict[str, Any]) -> None:
    """Until they remove it: its text is the stream's, and does not have it any more. Others go."""
    stored = to_openmetadata(schema('{"id": 1, "coupon": {"code": 1, "issuer": "X"}, "fax": 1}'))
    stored["schemaFields"][0]["children"][0]["children"][0] |= words
    coupon, identity = sorted(after_years(stored), key=lambda field: str(field["name"]))
    assert (coupon["name"], identity["name"]) == ("coupon", "id")
    assert [(field["name"], {key: field[key] for key in words}) for field in coupon["children"]] == [("code", words)]
    assert [field["name"] for field in after_years(stored, override=True)] == ["id"]


def test_a_field_that_people_added_stays() -> None:
    """Also when the schema grows; at any depth."""
    stored = to_openmetadata(schema('{"id": 1, "customer": {"name": "Ann"}}'))
    root = stored["schemaFields"][0]
    root["children"].append({"name": "planned", "dataType": "STRING"})
    root["children"][0]["children"].append({"name": "phone", "dataType": "STRING"})
    body = renewed(schema('{"id": 1, "customer": {"name": "Ann", "age": 7}}'), stored, override=False).body
    customer, *others = body["schemaFields"][0]["children"]
    assert [field["name"] for field in customer["children"]] == ["age", "name", "phone"]
    assert [field["name"] for field in others] == ["id", "planned"]


# --- the days of a sample -------------------------------------------------------------------------------------------


def test_a_sample_has_the_days_of_its_newest_record_and_of_its_run() -> None:
    """In UTC; a record without a time, or from the future, is today's."""
    now = datetime(2026, 3, 2, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    times = [now - timedelta(days=9), now - timedelta(days=3), None]
    records = [Record(b"", time) for time in times]
    assert dated(Sample(), records, now) == replace(Sample(), today=date(2026, 3, 1), newest=date(2026, 2, 26))
    for odd in (None, now + timedelta(days=3)):
        assert dated(Sample(), [Record(b"", odd)], now).newest == date(2026, 3, 1)
    assert dated(Sample(), [], now) == Sample()


def test_the_dates_are_in_the_text_and_nowhere_else(server: FakeOpenMetadata) -> None:
    """An annotation beside the type, which OpenMetadata keeps as it is."""
    catalogue = InOpenMetadata(server)
    run(catalogue, on(0, BOTH))
    run(catalogue, on(1, ONE))
    stored = catalogue.topics()["clicks"]["messageSchema"]
    assert json.loads(stored["schemaText"])["properties"]["coupon"] == {"type": "string", "x-last-seen": "2026-01-02"}
    assert "2026" not in json.dumps(stored["schemaFields"])
