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

from ..errors import PlaceExpired
from .config import SampleOptions
from .model import Description, Record

LOOK_BACK = (timedelta(minutes=10), timedelta(days=1))
EMPTY_READS = 5
CALLS = 40


class Shard(Protocol):
    """One open shard, as `KinesisSource.open_shards` hands it out."""

    def iterator(self, start: datetime | None) -> str: ...

    def read(self, iterator: str, limit: int) -> tuple[tuple[Record, ...], str | None, int | None]: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """Records of one stream, oldest first. exhausted: False means that a bound was hit before a record was found."""

    records: tuple[Record, ...]
    exhausted: bool = True


class Sampler:
    """Takes at most `count` records and about `maxBytes` bytes, within `timeLimit` seconds and 40 reads."""

    def __init__(self, options: SampleOptions) -> None:
        self._options = options

    def take(self, described: Description, shards: Iterable[Shard], now: datetime) -> Taken:
        """Read until something is found. Raises what the shards raise; an expired iterator is asked for again."""
        budget = _Budget(CALLS, time.monotonic() + self._options.time_limit)
        chosen = list(islice(shards, self._options.shards))
        complete = True
        for start in self.positions(described, now):
            for shard in chosen:
                records, ended = self._first_records(shard, start, budget)
                if records:
                    return Taken(self._bounded(records))
                complete = complete and ended
        return Taken((), exhausted=complete)

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
            if not budget.spend():
                return (), False
            try:
                iterator = iterator or shard.iterator(start)
                records, iterator, behind = shard.read(iterator, self._options.count)
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


class _Budget:
    def __init__(self, calls: int, deadline: float) -> None:
        self._calls = calls
        self._deadline = deadline

    def spend(self) -> bool:
        self._calls -= 1
        return self._calls >= 0 and time.monotonic() < self._deadline
