"""Which records of a stream become its sample.

Kinesis reads a shard forward only, from a time on, and an empty answer means nothing but at the tip. So for the newest
records all shards are looked at, a read of each in turn, at one time after the other:

1. ten minutes back; where more is there than a sample needs, again from nearer to now, until its tip is reached;
2. if that is empty, the horizon: a shard whose tip is reached from there without a record is proven empty, and what was
   read last of one that is short is its newest;
3. where neither was reached, an hour back, six hours, ... until there is a record, and on from there as in 1.

If the open shards have no record, the closed ones are searched in the same way. Reading takes from what the stream's
consumers may read, 2 MiB a second and shard (`ShardReader` keeps the pace), and GetRecords counts records, not bytes.
So the first read of a shard asks for as many as are 1 MiB at their largest, one as a rule, and each following one for
as many as 1 MiB holds of the largest seen, and at most seven times as many as were seen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Literal, Protocol

from ...errors import PlaceExpired
from ..model import Description, Record
from ..workflow.models import SampleOptions

NEWEST = timedelta(minutes=10)
LOOK_BACK = tuple(timedelta(hours=6**power) for power in range(6))
"""An hour, 6, 36 hours, 9, 54, 324 days: a search begins at most six times as far back as the newest record is."""

READS = 40
READ_BYTES = 1 << 20
"""The most that one read asks for, where one record alone is not more: half of what a shard gives in a second."""
RECORD_KIB = 1024
"""A record's largest size where the endpoint does not say."""
KEY_BYTES = 256
"""The longest partition key: it counts as read, too."""
GROWTH = 7
TAIL_RECORDS, TAIL_BYTES, ALL_BYTES = 4, 2, 8
"""Of a sample's count and bytes: what is read of one shard from one time to find its newest; and of all of them."""
NEARER_MOST = 8
"""How often the last records of a shard are searched for by time, which botocore sends in whole seconds."""
FOLLOWED = 3
FOLLOWED_FROM_HORIZON = 7
"""Empty answers in a row after which a shard is left, at first."""

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class Shard(Protocol):
    """One shard, as `KinesisSource` hands it out."""

    def iterator(self, start: datetime | None, until: float) -> str: ...

    def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]: ...


Bound = Literal["count", "maxBytes", "calls", "bytes", "timeLimit"]


@dataclass(frozen=True, slots=True)
class Looked:
    """Where records were looked for. shards: how many were read; others: there are more of them.

    bound: what kept a search from more records: of the sample, its count or its size; of the reads, their number,
    the bytes that they gave, or their time; None for none of these. whole: each was read to its tip or its end.
    """

    shards: int = 0
    others: bool = False
    bound: Bound | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """Records of one stream, in the order of their arrival.

    exhausted: False means that none was found within the bounds: of calls, of time, or of shards looked at. since: the
    earliest time that they were read from, None for the horizon. closed: they are from shards that take no more.
    """

    records: tuple[Record, ...]
    exhausted: bool = True
    since: datetime | None = None
    closed: bool = False
    looked: Looked = field(default=Looked(), compare=False)


def _no_shards() -> Iterable[Shard]:
    return ()


class Sampler:
    """Takes at most `count` records and `maxBytes` bytes, or one record that is larger, with at most 40 reads.

    No more than eight times `maxBytes` is read for them, and one read. No call begins and none is repeated after
    `timeLimit` seconds; the one that is under way then ends by its own time-out. clock: what the time is taken
    on; that of a `KinesisSource` stands still while AWS is down.
    """

    def __init__(self, options: SampleOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock

    def take(
        self,
        described: Description,
        shards: Iterable[Shard],
        now: datetime,
        closed: Callable[[], Iterable[Shard]] = _no_shards,
    ) -> Taken:
        """Read until something is found. Raises what the shards raise; an expired iterator is asked for again.

        closed: the closed shards, those closed last first; asked for only if the open ones have no record.
        """
        options = self._options
        until = self._clock() + options.time_limit
        budget = _Budget(READS, ALL_BYTES * options.max_bytes, until, self._clock)
        search = _Search(options, described, now, budget)
        taken = search.of(shards)
        if taken.records:
            return taken
        unread = Taken((), exhausted=False, looked=Looked(bound=budget.spent()))
        fallback = search.of(closed()) if budget.left() else unread
        if fallback.records:
            return replace(fallback, closed=True)
        both = (taken.looked, fallback.looked)
        count, others = sum(each.shards for each in both), any(each.others for each in both)
        looked = Looked(count, others, fallback.looked.bound, all(each.whole for each in both))
        return Taken((), exhausted=taken.exhausted and fallback.exhausted, looked=looked)


@dataclass(slots=True)
class _Budget:
    reads: int
    bytes: int
    until: float
    clock: Callable[[], float]

    def left(self) -> bool:
        return self.spent() is None

    def spent(self) -> Bound | None:
        if self.reads <= 0:
            return "calls"
        if self.bytes <= 0:
            return "bytes"
        return "timeLimit" if self.clock() >= self.until else None


@dataclass(slots=True)
class _Sizes:
    """What the reads of one shard told of its records' sizes: their number, and the bytes of the largest."""

    first: int
    seen: int = 0
    largest: int = 1

    def learn(self, records: Sequence[Record]) -> None:
        self.seen += len(records)
        self.largest = max([self.largest, *(len(record.data) + KEY_BYTES for record in records)])

    def at_once(self) -> int:
        """How many records one read may ask for."""
        return min(READ_BYTES // self.largest, GROWTH * self.seen) if self.seen else self.first


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What is kept of one shard: count records, and size bytes of them; newest: the last ones read, not the first."""

    count: int
    size: int
    newest: bool

    @property
    def count_read(self) -> int:
        return self.count * TAIL_RECORDS if self.newest else self.count

    @property
    def size_read(self) -> int:
        return self.size * TAIL_BYTES if self.newest else self.size

    def kept(self, records: Sequence[Record]) -> list[Record]:
        """Those of `records`, the one at least, that a sample has room for."""
        found: list[Record] = []
        size = 0
        for record in reversed(records) if self.newest else records:
            size += len(record.data)
            if found and (size > self.size or len(found) == self.count):
                break
            found.append(record)
        return found[::-1] if self.newest else found


@dataclass(slots=True)
class _Pass:
    """One shard, read forward from one time; None is the horizon.

    behind: seconds that the last answer was behind the tip. ended: the tip was reached, or the end of a closed shard.
    """

    shard: Shard
    start: datetime | None
    bounds: _Bounds
    sizes: _Sizes
    kept: list[Record] = field(default_factory=list)
    behind: float | None = None
    ended: bool = False
    empty: int = 0
    _iterator: str | None = None
    _read: int = 0
    _bytes: int = 0
    _to_tip: bool = False

    def to_its_tip(self) -> _Pass:
        """Itself, from now on without a bound of its own: what is kept is the last of it, however much there is."""
        self._to_tip = True
        return self

    @property
    def is_cut(self) -> bool:
        """Whether records that were read, or would have been next, found no room."""
        return self._read > len(self.kept) or (not self.ended and self._bytes >= self.bounds.size_read)

    @property
    def is_full(self) -> bool:
        return self.is_cut or len(self.kept) >= self.bounds.count

    def goes_on(self, followed: int) -> bool:
        enough = self._read >= self.bounds.count_read or self._bytes >= self.bounds.size_read
        return not (self.ended or (enough and not self._to_tip) or self.empty >= followed)

    def advance(self, budget: _Budget) -> None:
        """One read. An iterator that expired is asked for again, and reading starts anew."""
        try:
            if self._iterator is None:
                self._iterator = self.shard.iterator(self.start, budget.until)
                if not budget.left():
                    return
            budget.reads -= 1
            records, self._iterator, behind = self.shard.read(self._iterator, self._limit(), budget.until)
        except PlaceExpired:
            self._iterator, self.kept, self._read, self._bytes = None, [], 0, 0
            return
        self._learn(records, budget)
        self.ended = self._iterator is None or behind == 0
        self.behind = None if behind is None else behind / 1000

    def _limit(self) -> int:
        bounds = self.bounds
        if self._to_tip:
            return max(1, self.sizes.at_once())
        rest = (bounds.size_read - self._bytes) // self.sizes.largest + 1
        return max(1, min(self.sizes.at_once(), bounds.count_read - self._read, rest))

    def _learn(self, records: Sequence[Record], budget: _Budget) -> None:
        size = sum(len(record.data) for record in records)
        budget.bytes -= size
        self._read += len(records)
        self._bytes += size
        self.empty = 0 if records else self.empty + 1
        self.sizes.learn(records)
        self.kept = self.bounds.kept([*self.kept, *records])

    def nearer(self, now: datetime) -> datetime | None:
        """Where about twice as many records are left as are kept, if they arrive evenly; None where nobody can say."""
        if self.ended or self.start is None or not (self.kept and self.behind):
            return None
        covered = (now - self.start).total_seconds() - self.behind
        back = 2 * len(self.kept) * covered / self._read
        return now - timedelta(seconds=max(1.0, back)) if 0 < back < self.behind else None

    def restarted(self, start: datetime | None) -> _Pass:
        """The same shard from another time; itself for None."""
        return self if start is None else _Pass(self.shard, start, self.bounds, self.sizes)


@dataclass(slots=True)
class _Nearing:
    """One shard's last records lie between where far came to, and until, from where on the tip is reached by near."""

    far: _Pass
    until: datetime
    now: datetime
    near: _Pass | None = None

    @property
    def best(self) -> _Pass:
        return self.near if self.near and not self.far.ended else self.far

    def next(self) -> _Pass | None:
        """The same shard from a time between; None where no better one is to be had."""
        if not self.is_open:
            return None
        reached = self.now - timedelta(seconds=self.far.behind or 0.0)
        guess = self.far.nearer(self.now) if self.until == self.now else None
        start = (guess or reached + (self.until - reached) / 2).replace(microsecond=0)
        return self.far.restarted(start) if self.far.start and start > self.far.start else None

    @property
    def is_open(self) -> bool:
        """Whether records that are newer than the best may be left."""
        return not self.far.ended and bool(self.far.kept and self.far.behind) and not (self.near and self.near.is_full)

    def learn(self, again: _Pass) -> None:
        if again.ended and again.start:
            self.until = again.start
            self.near = again if again.kept else self.near
        elif again.kept:
            self.far = again


class _Search:
    """One stream's search, in the order that the module's docstring tells."""

    def __init__(self, options: SampleOptions, described: Description, now: datetime, budget: _Budget) -> None:
        self._options = options
        self._now = now
        self._budget = budget
        self._bounds = _Bounds(options.count, options.max_bytes, newest=options.position == "latest")
        self._first_limit = max(1, READ_BYTES // ((described.max_record_kib or RECORD_KIB) << 10))
        created = described.stream.created or LONG_AGO
        self._oldest = max(now - timedelta(hours=described.retention_hours), created)

    def of(self, shards: Iterable[Shard]) -> Taken:
        most = self._options.shards
        listed = list(islice(shards, most + 1))
        chosen = [(shard, _Sizes(self._first_limit)) for shard in listed[:most]]
        position = self._options.position
        if position == "latest":
            passes = self._newest(chosen)
        else:
            passes = self._looked(chosen, position if isinstance(position, datetime) else None, followed=READS)
        found = [each for each in passes if each.kept]
        records, starts = self._merged(found), [each.start for each in found]
        whole = all(each.ended for each in passes)
        looked = Looked(len(chosen), len(listed) > most, self._bound(found, records), whole)
        if not records:
            return Taken((), exhausted=whole and not looked.others, looked=looked)
        return Taken(records, since=None if None in starts else min(filter(None, starts)), looked=looked)

    def _bound(self, found: Sequence[_Pass], records: Sequence[Record]) -> Bound | None:
        if len(records) >= self._bounds.count:
            return "count"
        is_cut = any(each.is_cut for each in found) or len(records) < sum(len(each.kept) for each in found)
        return "maxBytes" if is_cut else self._budget.spent()

    def _merged(self, passes: Sequence[_Pass]) -> tuple[Record, ...]:
        records = [record for each in passes for record in each.kept]
        records.sort(key=lambda record: record.arrived or LONG_AGO)
        return tuple(self._bounds.kept(records))

    def _newest(self, shards: Sequence[tuple[Shard, _Sizes]]) -> list[_Pass]:
        """The last pass of each shard that says something of it."""
        start = self._now - NEWEST
        if start <= self._oldest:
            return self._looked(shards, None, followed=READS)
        recent = self._looked(shards, start, followed=1)
        if any(each.kept for each in recent):
            self._advance(recent, FOLLOWED)
            return self._nearer(recent)
        whole = self._looked(shards, None, followed=FOLLOWED_FROM_HORIZON)
        if all(each.ended for each in whole):
            return whole
        return self._back_in_time(recent, whole)

    def _nearer(self, recent: Sequence[_Pass]) -> list[_Pass]:
        """Again, nearer to now, where the tip is far: a busy shard, or a burst."""
        nearing = [_Nearing(each, self._now, self._now) for each in recent]
        for _ in range(NEARER_MOST):
            tries = [(each, again) for each in nearing if (again := each.next())]
            self._advance([again for _, again in tries], FOLLOWED)
            for each, again in tries:
                each.learn(again)
        rest = [each.far.to_its_tip() for each in nearing if each.is_open]
        self._advance(rest, FOLLOWED)
        return [each.best for each in nearing]

    def _back_in_time(self, recent: Sequence[_Pass], whole: list[_Pass]) -> list[_Pass]:
        """Between ten minutes and the horizon, of the shards whose tip was not reached from there."""
        far = [index for index, each in enumerate(whole) if not each.ended]
        passes = [recent[index] for index in far]
        self._advance(passes, FOLLOWED)
        for start in self._starts():
            if any(each.kept for each in passes) or not self._budget.left():
                break
            passes = self._looked([(each.shard, each.sizes) for each in passes], start, FOLLOWED)
        for index, each in zip(far, self._nearer(passes), strict=True):
            whole[index] = each if each.kept else whole[index]
        self._advance([each for each in whole if not each.kept], READS)
        return whole

    def _starts(self) -> Iterator[datetime]:
        return (self._now - back for back in LOOK_BACK if self._now - back > self._oldest)

    def _looked(self, shards: Sequence[tuple[Shard, _Sizes]], start: datetime | None, followed: int) -> list[_Pass]:
        passes = [_Pass(shard, start, self._bounds, sizes) for shard, sizes in shards]
        self._advance(passes, followed)
        return passes

    def _advance(self, passes: Sequence[_Pass], followed: int) -> None:
        """A read of each in turn, so that they wait for their shards' paces together.

        Each until its tip, or it has enough, or so many empty answers were `followed` in a row.
        """
        going = deque(passes)
        while going and self._budget.left():
            each = going.popleft()
            if each.goes_on(followed):
                each.advance(self._budget)
                going.append(each)
