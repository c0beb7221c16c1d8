"""Which records become a stream's sample: where the sampler looks, what it follows, and where it stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def described(
    *, age: timedelta | None = 365 * DAY, retention_hours: int = 8760, max_record_kib: int | None = None
) -> Description:
    stream = Stream("orders", None, NOW - age if age else None)
    return Description(stream, 1, retention_hours, max_record_kib=max_record_kib)


def sampler(clock: Callable[[], float] = time.monotonic, **options: Any) -> Sampler:
    return Sampler(SampleOptions.model_validate(options), clock)


class Shard:
    """A shard of (age, data) records, oldest first. It remembers where it was read from and with which limits.

    empty: answers without records, a second behind the tip, from each place before the first one with all there is;
    ends: closed. Its first reads raise `trouble`.
    """

    def __init__(
        self, *records: tuple[timedelta, bytes], empty: int = 0, ends: bool = False, trouble: Sequence[Exception] = ()
    ) -> None:
        self._records = [Record(data, NOW - age) for age, data in records]
        self._empty = empty
        self._ends = ends
        self._trouble = list(trouble)
        self.starts: list[timedelta | None] = []
        self.limits: list[int] = []
        self.bytes: list[int] = []
        self.untils: set[float] = set()

    def iterator(self, start: datetime | None, until: float) -> str:
        self.starts.append(NOW - start if start else None)
        self.untils.add(until)
        position = sum(start is not None and record.arrived < start for record in self._records if record.arrived)
        return f"{position} {self._empty}"

    def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
        self.limits.append(limit)
        self.untils.add(until)
        if self._trouble:
            raise self._trouble.pop(0)
        position, empty = map(int, iterator.split())
        if empty:
            return (), f"{position} {empty - 1}", 1000
        found = tuple(self._records[position : position + limit])
        self.bytes.append(sum(len(record.data) for record in found))
        rest = self._records[position + len(found) :]
        behind = int((NOW - rest[0].arrived).total_seconds() * 1000) if rest and rest[0].arrived else 0
        following = None if self._ends and not rest else f"{position + len(found)} 0"
        return found, following, behind


def at(*ages: timedelta) -> list[tuple[timedelta, bytes]]:
    """A record for each age, which is also what it says."""
    return [(age, str(age).encode()) for age in sorted(ages, reverse=True)]


def every(step: timedelta, count: int, since: timedelta) -> list[tuple[timedelta, bytes]]:
    return at(*(since - number * step for number in range(count)))


def texts(taken: Taken) -> list[bytes]:
    return [each.data for each in taken.records]


def newest(count: int, *shards: list[tuple[timedelta, bytes]]) -> list[bytes]:
    """What a sample should be: by arrival, oldest first."""
    return [data for _, data in sorted((each for shard in shards for each in shard), reverse=True)[-count:]]


# --- where it looks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "retention_hours", "expected"),
    [
        (365 * DAY, 8760, [10 * MINUTE, HORIZON]),
        (None, 8760, [10 * MINUTE, HORIZON]),
        (365 * DAY, 24, [10 * MINUTE, HORIZON]),
        (3 * HOUR, 8760, [10 * MINUTE, HORIZON]),
        (5 * MINUTE, 8760, [HORIZON]),
    ],
    ids=["an old stream", "age unknown", "a day of retention", "made 3 hours ago", "made 5 minutes ago"],
)
def test_an_empty_shard_is_proven_so_from_the_horizon(
    age: timedelta | None, retention_hours: int, expected: list[timedelta | None]
) -> None:
    """At the tip from ten minutes back says nothing of what lies before; from the horizon it is a proof."""
    shard = Shard()
    taken = sampler().take(described(age=age, retention_hours=retention_hours), [shard], NOW)
    assert (taken, shard.starts, len(shard.limits)) == (Taken(()), expected, len(expected))


def test_the_horizon_can_be_asked_for() -> None:
    shards = [Shard(*at(3 * HOUR, 1 * HOUR)), Shard(*at(2 * HOUR))]
    taken = sampler(position="horizon", count=2).take(described(), shards, NOW)
    assert (texts(taken), taken.since) == ([b"3:00:00", b"2:00:00"], HORIZON)
    assert [shard.starts for shard in shards] == [[HORIZON], [HORIZON]]


def test_a_time_can_be_asked_for() -> None:
    """The first records since then; none since then is no trouble."""
    since = "2026-11-21T10:00:00Z"
    taken = sampler(position=since, count=1).take(described(), [Shard(*at(3 * HOUR, HOUR, MINUTE))], NOW)
    assert (texts(taken), taken.since) == ([b"1:00:00"], NOW - 2 * HOUR)
    assert sampler(position=since).take(described(), [Shard(*at(3 * HOUR))], NOW) == Taken(())


def test_every_shard_is_read_from_one_time_before_any_from_an_older_one() -> None:
    """And a read of each in turn: while one shard's pace is waited for, those of the others are."""
    seen: list[tuple[str, str]] = []

    class Watched(Shard):
        def __init__(self, name: str) -> None:
            super().__init__(empty=1)
            self._name = name

        def iterator(self, start: datetime | None, until: float) -> str:
            seen.append((self._name, "iterator"))
            return super().iterator(start, until)

        def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
            seen.append((self._name, "read"))
            return super().read(iterator, limit, until)

    sampler().take(described(), [Watched("a"), Watched("b")], NOW)
    first = [(name, call) for name in "ab" for call in ("iterator", "read")]
    assert seen == [*first, *first, ("a", "read"), ("b", "read")]


def test_no_more_shards_are_listed_than_are_looked_at_and_one() -> None:
    """A stream may have 10,000 shards, in pages of 1,000. The one tells whether there are more."""
    listed = []

    def shards() -> Iterator[Shard]:
        for number in range(10_000):
            listed.append(number)
            yield Shard()

    sampler(shards=3).take(described(), shards(), NOW)
    assert len(listed) == 4


# --- the newest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shards",
    [
        [every(HOUR, 60, 70 * HOUR) + at(11 * MINUTE)],
        [every(timedelta(milliseconds=1), 80, timedelta(seconds=1))],
        [at(5 * MINUTE, 3 * MINUTE), at(9 * MINUTE, MINUTE)],
        [at(23 * HOUR), at(11 * MINUTE)],
        [[], at(400 * MINUTE)],
        [every(timedelta(seconds=1), 500, 9 * MINUTE)],
        [every(timedelta(milliseconds=1), 1000, timedelta(seconds=2))],
        [every(timedelta(milliseconds=20), 1000, 5 * MINUTE)],
    ],
    ids=[
        "much that is old, and one of late",
        "more than a sample, all just put",
        "late ones in two shards",
        "two that are old in two shards",
        "one empty shard",
        "a busy shard",
        "many times a sample, all just put",
        "a burst of minutes ago",
    ],
)
def test_latest_is_the_newest_of_all_shards_looked_at(shards: list[list[tuple[timedelta, bytes]]]) -> None:
    taken = sampler(count=20).take(described(), [Shard(*each) for each in shards], NOW)
    assert texts(taken) == newest(20, *shards)


@given(
    st.lists(
        st.lists(st.integers(1, 60 * 24 * 30).map(lambda minutes: minutes * MINUTE), unique=True, max_size=40),
        min_size=1,
        max_size=4,
    )
)
def test_the_newest_record_of_a_quiet_stream_is_in_its_sample(ages: list[list[timedelta]]) -> None:
    """Whatever lies before it, and in whichever shard it is; the records are in the order of their arrival."""
    shards = [at(*each) for each in ages]
    taken = sampler(count=10).take(described(), [Shard(*each) for each in shards], NOW)
    assert texts(taken)[-1:] == newest(1, *shards)
    assert [each.arrived for each in taken.records] == sorted(each.arrived for each in taken.records if each.arrived)
    assert taken.exhausted


def test_of_many_records_that_are_not_recent_the_last_ones_are_taken() -> None:
    """Nearer to now from whichever time it is that has records: here an hour ago, and six."""
    for since in (58 * MINUTE, 5 * HOUR):
        records = every(since / 400, 300, since)
        assert texts(sampler(count=10).take(described(), [Shard(*records)], NOW)) == newest(10, records)


@pytest.mark.parametrize(
    ("newest", "since"), [(MINUTE, 10 * MINUTE), (11 * MINUTE, HOUR), (2 * HOUR, 6 * HOUR), (9 * HOUR, 36 * HOUR)]
)
def test_what_was_taken_says_since_when_it_was_looked_for(newest: timedelta, since: timedelta) -> None:
    """At most six times as long ago as the newest record, also where the past is too much to be read through."""
    past = every(timedelta(seconds=1), 5000, 60 * DAY)
    taken = sampler(count=5).take(described(), [Shard(*past, *at(newest))], NOW)
    assert (texts(taken), taken.since) == ([str(newest).encode()], NOW - since)


def test_of_a_very_busy_shard_the_sample_is_from_near_the_tip() -> None:
    """More than can be read within the bounds: 100 a second for ten minutes."""
    shard = Shard(*every(timedelta(milliseconds=10), 60_000, 10 * MINUTE))
    taken = sampler(count=50).take(described(), [shard], NOW)
    assert len(taken.records) == 50
    assert all(each.arrived and NOW - each.arrived < timedelta(seconds=3) for each in taken.records)
    assert sum(shard.limits) <= 2 * 4 * 50


def test_of_a_burst_of_large_records_the_last_ones_are_taken() -> None:
    """More than can be read within the bounds, and nothing since."""
    burst = [
        (30 * timedelta(seconds=1) - n * timedelta(milliseconds=100), b"%03d" % n + bytes(100_000)) for n in range(60)
    ]
    taken = sampler().take(described(), [Shard(*burst)], NOW)
    assert [each.data[:3] for each in taken.records] == [b"058", b"059"]


def test_much_that_is_old_in_one_shard_hides_nothing_that_is_newer_in_another() -> None:
    shards = [at(40 * MINUTE), every(timedelta(seconds=10), 3000, 100 * HOUR)]
    taken = sampler(count=20).take(described(), [Shard(*each) for each in shards], NOW)
    assert (texts(taken)[-1], len(taken.records)) == (b"0:40:00", 20)


# --- closed shards --------------------------------------------------------------------------------------------------


def test_records_that_only_closed_shards_hold_are_found() -> None:
    """After any reshard of a quiet stream."""
    taken = sampler().take(described(), [Shard(), Shard()], NOW, lambda: [Shard(*at(2 * HOUR, 3 * HOUR), ends=True)])
    assert (texts(taken), taken.closed) == ([b"3:00:00", b"2:00:00"], True)


def test_closed_shards_are_not_asked_for_where_an_open_one_has_a_record() -> None:
    def closed() -> list[Shard]:
        raise AssertionError

    assert not sampler().take(described(), [Shard(*at(DAY))], NOW, closed).closed


def test_open_and_closed_shards_share_the_bounds() -> None:
    """And a stream whose closed shards were not all looked at may have records."""
    unread = Shard(*at(DAY), ends=True)
    taken = sampler(shards=2).take(described(), [Shard()], NOW, lambda: [Shard(ends=True), Shard(ends=True), unread])
    assert (taken, unread.starts) == (Taken((), exhausted=False), [])
    slow = [Shard(empty=99) for _ in range(4)]
    taken = sampler().take(described(), slow, NOW, lambda: [unread])
    assert (taken, unread.starts) == (Taken((), exhausted=False), [])


# --- what it follows ----------------------------------------------------------------------------------------------


def test_an_idle_shard_is_passed_over_for_one_with_records() -> None:
    idle, busy = Shard(), Shard(*at(MINUTE))
    taken = sampler().take(described(), [idle, busy], NOW)
    assert (texts(taken), taken.since) == ([b"0:01:00"], NOW - 10 * MINUTE)
    assert (idle.starts, busy.starts) == ([10 * MINUTE], [10 * MINUTE])


@pytest.mark.parametrize("empty", [1, 2, 3, 6])
@pytest.mark.parametrize("age", [MINUTE, 3 * HOUR, 300 * DAY])
def test_empty_answers_before_the_data_are_followed(age: timedelta, empty: int) -> None:
    """GetRecords "might take multiple calls": an empty answer with a next iterator says nothing (K7)."""
    assert texts(sampler().take(described(), [Shard(*at(age), empty=empty)], NOW)) == [str(age).encode()]


def test_a_stream_of_idle_shards_costs_two_iterators_and_one_read_more_than_the_proof() -> None:
    """The proof is what AWS makes of it: here six empty answers before the one at the tip."""
    shards = [Shard(empty=6) for _ in range(4)]
    assert sampler().take(described(), shards, NOW) == Taken(())
    assert [(len(shard.starts), len(shard.limits)) for shard in shards] == [(2, 8)] * 4


def test_an_expired_iterator_is_asked_for_again_at_the_same_place() -> None:
    shard = Shard(*at(MINUTE), trouble=[PlaceExpired("expired")])
    assert texts(sampler().take(described(), [shard], NOW)) == [b"0:01:00"]
    assert shard.starts == [10 * MINUTE] * 2


def test_no_record_is_taken_twice_when_an_iterator_expires_in_the_middle() -> None:
    class Expiring(Shard):
        def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
            if len(self.limits) == 1:
                self.limits.append(limit)
                raise PlaceExpired("expired")
            return super().read(iterator, limit, until)

    records = every(timedelta(seconds=1), 20, MINUTE)
    assert texts(sampler().take(described(), [Expiring(*records)], NOW)) == newest(20, records)


def test_what_a_shard_raises_is_raised() -> None:
    with pytest.raises(StreamDenied):
        sampler().take(described(), [Shard(trouble=[StreamDenied("denied")])], NOW)


def test_a_stream_without_records_has_no_sample_and_that_is_certain() -> None:
    assert sampler(shards=2).take(described(), [Shard(), Shard()], NOW) == Taken((), exhausted=True)


def test_a_stream_of_which_a_shard_was_not_looked_at_may_have_records() -> None:
    """Without a sample and without a word, its owner would look for the records in the wrong place."""
    unread = Shard(*at(MINUTE))
    taken = sampler(shards=2).take(described(), [Shard(), Shard(), unread], NOW)
    assert (taken, unread.starts) == (Taken((), exhausted=False), [])


# --- where it stops -----------------------------------------------------------------------------------------------


def heavy(count: int, size: int) -> list[tuple[timedelta, bytes]]:
    return [(MINUTE - number * timedelta(milliseconds=1), bytes(size)) for number in range(count)]


def test_no_more_records_than_asked_for() -> None:
    """Neither kept nor, from the horizon, read (K6)."""
    shard = Shard(*every(timedelta(seconds=1), 100, MINUTE + 40 * MINUTE))
    assert len(sampler(count=3, position="horizon").take(described(), [shard], NOW).records) == 3
    assert sum(shard.limits) == 3


@pytest.mark.parametrize("position", ["latest", "horizon"])
def test_no_more_bytes_than_asked_for(position: str) -> None:
    shards = [Shard(*heavy(10, 400)), Shard(*heavy(10, 400))]
    taken = sampler(maxBytes=1024, position=position).take(described(), shards, NOW)
    assert len(taken.records) == 2


@pytest.mark.parametrize("position", ["latest", "horizon"])
def test_one_record_is_kept_however_big(position: str) -> None:
    taken = sampler(maxBytes=1024, position=position).take(described(), [Shard(*heavy(10, 5000))], NOW)
    assert len(taken.records) == 1


def test_the_first_read_is_small_and_the_next_ones_grow_by_the_size_of_the_records_seen() -> None:
    """What a record's size is nobody knows before: 50 of 250 KB are 12 MB."""
    small = Shard(*heavy(300, 1000))
    sampler().take(described(), [small], NOW)
    assert small.limits[:2] == [1, 7]
    large = Shard(*heavy(300, 250_000))
    sampler(maxBytes=10 << 20).take(described(), [large], NOW)
    assert large.limits[:3] == [1, 4, 4]


@pytest.mark.parametrize(("max_record_kib", "first"), [(None, 1), (1024, 1), (10_240, 1), (128, 8)])
def test_the_first_read_asks_for_as_many_as_are_1_mib_at_their_largest(max_record_kib: int | None, first: int) -> None:
    shard = Shard(*heavy(300, 1000))
    sampler().take(described(max_record_kib=max_record_kib), [shard], NOW)
    assert shard.limits[0] == first


@given(
    st.integers(1, 1000).map(lambda kib: kib << 10),
    st.integers(1, 1000),
    st.integers(1024, 10 << 20),
    st.integers(1, 6),
)
def test_no_read_is_of_more_than_1_mib_and_a_search_is_of_a_few_times_the_sample(
    size: int, count: int, max_bytes: int, shards: int
) -> None:
    """For records that are about of one size: neither consumers nor memory suffer."""
    content = bytes(size)
    made = [Shard(*((MINUTE - n * timedelta(milliseconds=1), content) for n in range(300))) for _ in range(shards)]
    taken = sampler(count=count, maxBytes=max_bytes, shards=shards).take(described(), made, NOW)
    read = [each for shard in made for each in shard.bytes]
    assert max(read) <= max(sample.READ_BYTES, size)
    assert sum(read) <= 8 * max_bytes + max(sample.READ_BYTES, size)
    assert sum(len(each.data) for each in taken.records) <= max(max_bytes, size)


def test_a_shard_that_is_never_at_its_tip_is_no_proof() -> None:
    """Nothing found then is no proof that there is nothing: `exhausted` says so."""
    shard = Shard(empty=99)
    taken = sampler(position="horizon").take(described(), [shard], NOW)
    assert (taken, len(shard.limits)) == (Taken((), exhausted=False), 40)


def test_an_iterator_that_expires_for_ever_ends_the_search() -> None:
    shard = Shard(trouble=[PlaceExpired("expired")] * 99)
    assert sampler().take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert len(shard.starts) == 40


def test_no_more_than_40_reads_for_one_stream() -> None:
    shards = [Shard(empty=99) for _ in range(20)]
    assert sampler(shards=20).take(described(), shards, NOW) == Taken((), exhausted=False)
    assert sum(len(shard.limits) for shard in shards) == 40


def test_no_read_begins_after_the_time_limit() -> None:
    """timeLimit is in seconds, on the clock that cannot be set back; whoever reads is told when they end."""
    clock = [1000.0]

    class Slow(Shard):
        def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]:
            clock[0] += 2.0
            return super().read(iterator, limit, until)

    shard = Slow(empty=99)
    assert sampler(lambda: clock[0], timeLimit=5).take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert (len(shard.limits), shard.untils) == (3, {1005.0})


def test_no_read_begins_when_the_time_went_into_the_iterator() -> None:
    """At most one call's time-out beyond the limit, not two."""
    clock = [1000.0]

    class Slow(Shard):
        def iterator(self, start: datetime | None, until: float) -> str:
            clock[0] += 30.0
            return super().iterator(start, until)

    shard = Slow(*at(MINUTE))
    assert sampler(lambda: clock[0], timeLimit=5).take(described(), [shard], NOW) == Taken((), exhausted=False)
    assert (len(shard.starts), shard.limits) == (1, [])


# --- over HTTP ----------------------------------------------------------------------------------------------------


def taken_from(aws: FakeKinesis, **options: Any) -> Taken:
    source = source_of(workflow(aws, Path("unused")), threading.Event())
    found = source.describe(Stream("orders"))
    opened = source.open_shards(found.stream)
    return sampler(**options).take(
        found, opened, datetime.now(timezone.utc), lambda: source.closed_shards(found.stream)
    )


def minutes_ago(minutes: float, data: bytes) -> FakeRecord:
    return FakeRecord(data, time.time() - 60 * minutes)


@pytest.mark.usefixtures("quick")
def test_a_stream_with_a_few_fresh_records_costs_a_second_read() -> None:
    """The first one is for one record; their sizes are not known before."""
    shard = FakeShard(records=[minutes_ago(30, b"old"), minutes_ago(5, b"new"), minutes_ago(1, b"newest")])
    with FakeKinesis([FakeStream("orders", [shard])]) as aws:
        assert texts(taken_from(aws)) == [b"new", b"newest"]
        assert aws.counts == {"DescribeStreamSummary": 1, "ListShards": 1, "GetShardIterator": 1, "GetRecords": 2}


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
        source = source_of(workflow(aws, Path("unused")), threading.Event(), retry_for=60.0)
        shards = source.open_shards(Stream("orders"), source.clock() + 1.0)
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


@pytest.mark.usefixtures("quick")
def test_a_closed_shard_is_found_and_read_to_its_end() -> None:
    """The open one was made by a reshard and never written to."""
    old = FakeShard("shardId-0", [minutes_ago(90, b"old"), minutes_ago(60, b"newer")], closed=True)
    with FakeKinesis([FakeStream("orders", [old, FakeShard("shardId-1", parent="shardId-0")])], quotas={}) as aws:
        taken = taken_from(aws)
        assert (texts(taken), taken.closed, aws.violations) == ([b"old", b"newer"], True, [])


@pytest.mark.usefixtures("quick")
def test_of_a_second_with_many_records_the_last_ones_are_taken() -> None:
    """botocore sends the time to begin at in whole seconds: from there the shard is read on."""
    burst = [FakeRecord(b"%03d" % number + bytes(1000), time.time() - 2 + number / 1000) for number in range(1000)]
    with FakeKinesis([FakeStream("orders", [FakeShard(records=burst)])], quotas={}) as aws:
        assert [each.data for each in taken_from(aws).records] == [each.data for each in burst[-50:]]


@pytest.mark.parametrize(("size", "most"), [(250_000, 1 << 20), (1_000_000, 1 << 20), (4_000_000, 4_000_300)])
@pytest.mark.parametrize("max_bytes", [262_144, 2 << 20])
def test_sampling_blocks_no_shard_and_holds_few_bytes(size: int, most: int, max_bytes: int) -> None:
    """AWS stops all consumers of a shard for 5 s after a read of 10 MiB; one record is the least one can ask for."""
    records = [FakeRecord(bytes(size), time.time() - 60 + number / 100) for number in range(50)]
    with FakeKinesis([FakeStream("orders", [FakeShard(records=records)], max_record_kib=4096)]) as aws:
        taken = taken_from(aws, maxBytes=max_bytes)
        assert taken.records
        assert sum(len(each.data) for each in taken.records) <= max(max_bytes, size)
        assert aws.largest_read <= most
        assert (aws.blocked, aws.throttled) == (
            ({("orders", "shardId-000000000000")}, 0) if size > 2 << 20 else (set(), 0)
        )
