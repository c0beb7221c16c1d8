"""Which records become a stream's sample: where the sampler looks, what it follows, and where it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws import sample
from airflow_kinesis_ingest.engine.aws.sample import Sampler, Taken
from airflow_kinesis_ingest.engine.model import Description, Record, Stream
from airflow_kinesis_ingest.engine.run.pipeline import source_of
from airflow_kinesis_ingest.engine.workflow.models import SampleOptions
from airflow_kinesis_ingest.errors import PlaceExpired, StreamDenied, Unreachable
from tests.builders import answers_within, workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.server import Fault, Faults, Rule

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HORIZON = None

Answer = tuple[Sequence[bytes], int] | Exception


def described(*, age: timedelta | None = 365 * DAY, retention_hours: int = 8760) -> Description:
    return Description(Stream("orders", None, NOW - age if age else None), 1, retention_hours)


def sampler(**options: Any) -> Sampler:
    return Sampler(SampleOptions.model_validate(options))


EMPTY: Answer = ((), 1000)
"""No records, and the tip is a second away: normal on Kinesis."""
AT_TIP: Answer = ((), 0)


class Shard:
    """Answers one read after the other from its script, then `AT_TIP` for ever; it remembers what it was asked."""

    def __init__(self, *script: Answer, end: Answer = AT_TIP) -> None:
        self._script = list(script)
        self._end = end
        self.starts: list[datetime | None] = []
        self.limits: list[int] = []
        self.untils: set[float] = set()

    def iterator(self, start: datetime | None, until: float) -> str:
        self.starts.append(start)
        self.untils.add(until)
        return "iterator"

    def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
        assert iterator == "iterator"
        self.untils.add(until)
        self.limits.append(limit)
        answer = self._script.pop(0) if self._script else self._end
        if isinstance(answer, Exception):
            raise answer
        records = tuple(map(Record, answer[0]))
        return records, "iterator", answer[1]


def texts(taken: Taken) -> list[bytes]:
    return [each.data for each in taken.records]


# --- where it looks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "retention_hours", "expected"),
    [
        (365 * DAY, 8760, [10 * MINUTE, DAY, HORIZON]),
        (None, 8760, [10 * MINUTE, DAY, HORIZON]),
        (365 * DAY, 24, [10 * MINUTE, HORIZON]),
        (3 * HOUR, 8760, [10 * MINUTE, HORIZON]),
        (5 * MINUTE, 8760, [HORIZON]),
    ],
    ids=["an old stream", "age unknown", "a day of retention", "made 3 hours ago", "made 5 minutes ago"],
)
def test_the_newest_records_are_looked_for_first(
    age: timedelta | None, retention_hours: int, expected: list[timedelta | None]
) -> None:
    """Shortly before now, then a day back, then the horizon; a time before the first possible record is the horizon."""
    found = sampler().positions(described(age=age, retention_hours=retention_hours), NOW)
    assert [NOW - start if start else None for start in found] == expected


def test_the_horizon_can_be_asked_for() -> None:
    assert list(sampler(position="horizon").positions(described(), NOW)) == [HORIZON]


def test_a_time_can_be_asked_for() -> None:
    moment = datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert list(sampler(position="2026-11-01T00:00:00Z").positions(described(), NOW)) == [moment]


def test_every_shard_is_tried_at_one_time_before_any_at_an_older_one() -> None:
    seen: list[tuple[str, timedelta | None]] = []

    class Watched(Shard):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        def iterator(self, start: datetime | None, until: float) -> str:
            seen.append((self._name, NOW - start if start else None))
            return super().iterator(start, until)

    sampler().take(described(), [Watched("a"), Watched("b")], NOW)
    assert seen == [(name, back) for back in (10 * MINUTE, DAY, HORIZON) for name in "ab"]


def test_no_more_shards_are_listed_than_are_looked_at_and_one() -> None:
    """A stream may have 10,000 shards, in pages of 1,000. The one tells whether there are more."""
    listed = []

    def shards() -> Iterator[Shard]:
        for number in range(10_000):
            listed.append(number)
            yield Shard()

    sampler(shards=3).take(described(), shards(), NOW)
    assert len(listed) == 4


# --- what it follows ----------------------------------------------------------------------------------------------


def test_the_first_read_with_records_ends_the_search() -> None:
    first, second = Shard(([b"1", b"2"], 0)), Shard(([b"3"], 0))
    taken = sampler().take(described(), [first, second], NOW)
    assert texts(taken) == [b"1", b"2"]
    assert (first.starts, second.starts) == ([NOW - 10 * MINUTE], [])


def test_an_idle_shard_is_passed_over_for_one_with_records() -> None:
    idle, busy = Shard(), Shard(([b"1"], 0))
    assert texts(sampler().take(described(), [idle, busy], NOW)) == [b"1"]
    assert busy.starts == [NOW - 10 * MINUTE]


def test_records_that_are_old_are_found_at_the_horizon() -> None:
    shard = Shard(AT_TIP, AT_TIP, ([b"old"], 0))
    assert texts(sampler().take(described(), [shard], NOW)) == [b"old"]
    assert shard.starts[-1] is HORIZON


def test_empty_answers_before_the_data_are_followed() -> None:
    """GetRecords "might take multiple calls": an empty answer with a next iterator says nothing (K7)."""
    shard = Shard(EMPTY, EMPTY, ([b"1"], 0))
    assert texts(sampler().take(described(), [shard], NOW)) == [b"1"]
    assert len(shard.starts) == 1


def test_an_expired_iterator_is_asked_for_again_at_the_same_place() -> None:
    shard = Shard(PlaceExpired("expired"), ([b"1"], 0))
    assert texts(sampler().take(described(), [shard], NOW)) == [b"1"]
    assert shard.starts == [NOW - 10 * MINUTE] * 2


def test_what_a_shard_raises_is_raised() -> None:
    with pytest.raises(StreamDenied):
        sampler().take(described(), [Shard(StreamDenied("denied"))], NOW)


def test_a_stream_without_records_has_no_sample_and_that_is_certain() -> None:
    assert sampler(shards=2).take(described(), [Shard(), Shard()], NOW) == Taken((), exhausted=True)


def test_a_stream_of_which_a_shard_was_not_looked_at_may_have_records() -> None:
    """Without a sample and without a word, its owner would look for the records in the wrong place."""
    unread = Shard(([b"1"], 0))
    taken = sampler(shards=2).take(described(), [Shard(), Shard(), unread], NOW)
    assert (taken, unread.starts) == (Taken((), exhausted=False), [])


# --- where it stops -----------------------------------------------------------------------------------------------


def test_no_more_records_than_asked_for() -> None:
    """Neither read (K6) nor kept, if a server gives more than its limit."""
    shard = Shard(([b"x"] * 10, 0))
    assert len(sampler(count=3).take(described(), [shard], NOW).records) == 3
    assert shard.limits == [3]


def test_no_more_bytes_than_asked_for() -> None:
    shard = Shard(([b"x" * 400] * 10, 0))
    assert len(sampler(maxBytes=1024).take(described(), [shard], NOW).records) == 2


def test_one_record_is_kept_however_big() -> None:
    shard = Shard(([b"x" * 5000] * 10, 0))
    assert len(sampler(maxBytes=1024).take(described(), [shard], NOW).records) == 1


def test_a_shard_without_end_is_left_after_five_empty_answers() -> None:
    """Nothing found then is no proof that there is nothing: `exhausted` says so."""
    shard = Shard(end=EMPTY)
    taken = sampler(position="horizon").take(described(), [shard], NOW)
    assert (taken, len(shard.limits)) == (Taken((), exhausted=False), 5)


def test_an_iterator_that_expires_for_ever_ends_the_search() -> None:
    shard = Shard(end=PlaceExpired("expired"))
    assert sampler().take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert len(shard.starts) == 3 * 5


def test_no_more_than_40_reads_for_one_stream() -> None:
    shards = [Shard(end=EMPTY) for _ in range(20)]
    assert sampler(shards=20).take(described(), shards, NOW) == Taken((), exhausted=False)
    assert sum(len(shard.limits) for shard in shards) == 40


def test_no_read_begins_after_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """timeLimit is in seconds, on the clock that cannot be set back; whoever reads is told when they end."""
    clock = [1000.0]
    monkeypatch.setattr(sample, "time", type("Clock", (), {"monotonic": staticmethod(lambda: clock[0])}))

    class Slow(Shard):
        def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
            clock[0] += 2.0
            return super().read(iterator, limit, until)

    shard = Slow(end=EMPTY)
    assert sampler(timeLimit=5).take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert (len(shard.limits), shard.untils) == (3, {1005.0})


def test_no_read_begins_when_the_time_went_into_the_iterator(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most one call's time-out beyond the limit, not two."""
    clock = [1000.0]
    monkeypatch.setattr(sample, "time", type("Clock", (), {"monotonic": staticmethod(lambda: clock[0])}))

    class Slow(Shard):
        def iterator(self, start: datetime | None, until: float) -> str:
            clock[0] += 30.0
            return super().iterator(start, until)

    shard = Slow(([b"1"], 0))
    assert sampler(timeLimit=5).take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert (len(shard.starts), shard.limits) == (1, [])


# --- over HTTP ----------------------------------------------------------------------------------------------------


def taken_from(aws: FakeKinesis, **options: Any) -> Taken:
    source = source_of(workflow(aws, Path("unused")), threading.Event())
    found = source.describe(Stream("orders"))
    return sampler(**options).take(found, source.open_shards(found.stream), datetime.now(timezone.utc))


def minutes_ago(minutes: float, data: bytes) -> FakeRecord:
    return FakeRecord(data, time.time() - 60 * minutes)


@pytest.mark.usefixtures("quick")
def test_a_stream_with_fresh_records_costs_three_calls() -> None:
    shard = FakeShard(records=[minutes_ago(30, b"old"), minutes_ago(5, b"new"), minutes_ago(1, b"newest")])
    with FakeKinesis([FakeStream("orders", [shard])]) as aws:
        assert texts(taken_from(aws)) == [b"new", b"newest"]
        assert aws.counts == {"DescribeStreamSummary": 1, "ListShards": 1, "GetShardIterator": 1, "GetRecords": 1}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("age", "retention_hours"), [(60, 24), (60 * 30, 168)], ids=["in the last day", "before the last day"]
)
def test_old_records_are_found_too(age: float, retention_hours: int) -> None:
    stream = FakeStream("orders", [FakeShard(records=[minutes_ago(age, b"old")])], retention_hours)
    with FakeKinesis([stream], quotas={}) as aws:
        assert texts(taken_from(aws)) == [b"old"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("operation", ["ListShards", "GetShardIterator", "GetRecords"])
def test_a_call_that_gets_no_answer_is_not_repeated_after_the_time_limit(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the tries that every call has, a hanging stream would hold its thread ten times as long."""
    answers_within(0.3, monkeypatch)
    with FakeKinesis([FakeStream("orders")], quotas={}, faults=Faults(Rule(Fault.never(), operation))) as aws:
        source = source_of(workflow(aws, Path("unused")), threading.Event(), attempts=1000)
        shards = source.open_shards(Stream("orders"), time.monotonic() + 1.0)
        with pytest.raises(Unreachable):
            sampler(timeLimit=1).take(described(), shards, NOW)
        assert aws.counts[operation] <= 5


@pytest.mark.usefixtures("quick")
def test_records_behind_empty_answers_and_an_expired_iterator_are_found() -> None:
    stream = FakeStream("orders", [FakeShard(records=[minutes_ago(5, b"new")], empty_pages=2)])
    expired = Rule(aws_error("ExpiredIteratorException"), "GetRecords", on=2)
    with FakeKinesis([stream], quotas={}, faults=Faults(expired)) as aws:
        assert texts(taken_from(aws)) == [b"new"]
        assert aws.violations == []
