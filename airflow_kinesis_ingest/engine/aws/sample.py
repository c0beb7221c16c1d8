"""Which records of a stream become its sample.

The newest are wanted, and one good read is enough: the shards are tried at a time shortly before now, then a
day back, then at the horizon, and the first read that returns records ends the search. An empty read with a next
iterator is normal on Kinesis ("might take multiple calls") and is followed, within bounds.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from ...errors import PlaceExpired
from ..model import Description, Record
from ..workflow.models import SampleOptions

LOOK_BACK = (timedelta(minutes=10), timedelta(days=1))
EMPTY_READS = 5
CALLS = 40


class Shard(Protocol):
    """One open shard, as `KinesisSource.open_shards` hands it out."""

    def iterator(self, start: datetime | None, until: float) -> str: ...

    def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str | None, int | None]: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """Records of one stream, oldest first.

    exhausted: False means that none was found within the bounds: of calls, of time, or of shards looked at.
    """

    records: tuple[Record, ...]
    exhausted: bool = True


class Sampler:
    """Takes at most `count` records and about `maxBytes` bytes with at most 40 reads.

    No call begins and none is repeated after `timeLimit` seconds; the one that is under way then ends by its own
    time-out.
    """

    def __init__(self, options: SampleOptions) -> None:
        self._options = options

    def take(self, described: Description, shards: Iterable[Shard], now: datetime) -> Taken:
        """Read until something is found. Raises what the shards raise; an expired iterator is asked for again."""
        budget = _Budget(CALLS, time.monotonic() + self._options.time_limit)
        shards = iter(shards)
        chosen = list(islice(shards, self._options.shards))
        complete = True
        for start in self.positions(described, now):
            for shard in chosen:
                records, ended = self._first_records(shard, start, budget)
                if records:
                    return Taken(self._bounded(records))
                complete = complete and ended
        return Taken((), exhausted=complete and budget.left() and next(shards, None) is None)

    def positions(self, described: Description, now: datetime) -> Iterator[datetime | None]:
        """Times to start reading at; None is the horizon. One older than the stream or its retention is the horizon."""
        wanted = self._options.position
        if isinstance(wanted, datetime):
            yield wanted
            return
        horizon = now - timedelta(hours=described.retention_hours)
        created = described.stream.created
        oldest = max(horizon, created) if created else horizon
        if wanted == "latest":
            yield from (now - back for back in LOOK_BACK if now - back > oldest)
        yield None

    def _first_records(self, shard: Shard, start: datetime | None, budget: _Budget) -> tuple[tuple[Record, ...], bool]:
        """The first non-empty read, and whether the shard was read to its tip if there was none."""
        iterator: str | None = None
        for _ in range(EMPTY_READS):
            try:
                if iterator is None and budget.left():
                    iterator = shard.iterator(start, budget.until)
                if iterator is None or not budget.left():
                    return (), False
                budget.calls -= 1
                records, iterator, behind = shard.read(iterator, self._options.count, budget.until)
            except PlaceExpired:
                iterator = None
                continue
            if records or iterator is None or behind == 0:
                return records, True
        return (), False

    def _bounded(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        kept: list[Record] = []
        size = 0
        for record in records[: self._options.count]:
            size += len(record.data)
            if kept and size > self._options.max_bytes:
                break
            kept.append(record)
        return tuple(kept)


@dataclass(slots=True)
class _Budget:
    calls: int
    until: float

    def left(self) -> bool:
        return self.calls > 0 and time.monotonic() < self.until
