"""Which streams' records a run reads for their samples: of those that may have newer ones, the share whose turn it is.

A complete run looked at its streams: no record that arrived before it is newer than the sample that it stored. So what
the status of such a run tells (`catalogue/former.py`) is all that has to be known of the samples, and a shard that has
no record since then needs no other look. Where it is not known, or a stream is new, was named in a problem or is
another one than the catalogue says, its records are read.

A rolling run reads what it describes, whose moments tell when each stream was looked at (`refresh.py`). A full one can
leave all but one share of `options.sample.every` to the next runs; a run that was not complete does not count.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from ...errors import PlaceExpired, StreamUnreadable
from ..aws.source import KinesisSource, ShardReader
from ..catalogue.former import Samples
from ..catalogue.sink import Sink, digest, standing_of
from ..model import Description
from ..records.codecs import installed
from .refresh import Refresh, slot

REGISTRY = "Glue Schema Registry"
"""What a warning names where its schemas could not be had."""

SKEW = timedelta(minutes=10)
"""By how much a worker's clock may be ahead of AWS's, which refuses what is signed five minutes off, and a record's
time of arrival, which is approximate, behind."""
FOLLOWED = 7
"""Empty answers in a row after which a shard counts as one that may have a record."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What is known of the samples that are stored. basis: as of `basis_of`; every: shares of the streams."""

    refresh: Refresh
    basis: str
    every: int = 1

    def is_turn(self, name: str) -> bool:
        """Whether the stream is of the share that this run reads."""
        before = self._before
        return before is None or slot(name, self._shares) == self._share(before)

    def since(self, name: str) -> int | None:
        """In ms, a moment after which nobody looked for records of this stream; None where that is not known."""
        before, former, max_age = self._before, self.refresh.former, self.refresh.max_age
        if before is None or former is None:
            return None
        if max_age is None:
            return before.looked[slot(name, self.every)]
        moment = former.began - (former.began - slot(name, max_age)) % max_age
        return moment if moment >= before.looked[0] else None

    def told(self) -> Samples:
        """What this run has to tell the next ones, if it is complete."""
        before = self._before
        if before is None:
            return Samples(0, (self.refresh.now,) * self._shares, self.basis)
        looked = list(before.looked)
        if self.refresh.max_age is None:
            looked[self._share(before)] = self.refresh.now
        return Samples(before.number + 1, tuple(looked), self.basis)

    @property
    def _shares(self) -> int:
        return self.every if self.refresh.max_age is None else 1

    def _share(self, before: Samples) -> int:
        return (before.number + 1) % self._shares

    @property
    def _before(self) -> Samples | None:
        """What the last complete run tells, where it holds for this one."""
        former = self.refresh.former
        if former is None or former.began > self.refresh.now or REGISTRY in former.owed:
            return None  # which samples lack a schema of the registry nobody knows
        found = former.samples
        return found if found and (found.basis, len(found.looked)) == (self.basis, self._shares) else None


def basis_of(*, storing: bool) -> str:
    """What samples depend on besides the workflow and this package's version. storing: whether messages are kept."""
    return digest([storing, installed()], 8)


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a stream's records are read. most: shards that are looked at, those that a sample would be taken from."""

    looks: Looks
    source: KinesisSource
    sink: Sink
    most: int

    def shards(self, described: Description, until: float) -> Iterable[ShardReader] | None:
        """The open shards to read; None where the stored sample stays. until: on the source's clock.

        Raises as a `KinesisSource` does.
        """
        since = self._since(described)
        if since is None:
            return self.source.open_shards(described.stream, until)
        if not self.looks.is_turn(described.stream.name):
            return None
        shards = None
        with suppress(PlaceExpired, StreamUnreadable):  # reading says it again, if it is still so
            shards = self.source.open_shards_since(described.stream, since, until)
            if shards and all(_is_quiet(shard, since, until) for shard in shards[: self.most]):
                return None
        return shards or self.source.open_shards(described.stream, until)

    def _since(self, described: Description) -> datetime | None:
        """None for a stream that is read whatever it has."""
        name, standing = described.stream.name, self.sink.standing(described.stream.name)
        if standing is None or not self.looks.refresh.is_settled(name, standing):
            return None
        listed = replace(described.stream, status=described.status, mode=described.mode)
        since = self.looks.since(name)
        if since is None or standing_of(listed, described.open_shards) != standing.listed:
            return None
        return datetime.fromtimestamp(since / 1000, timezone.utc) - SKEW


def _is_quiet(shard: ShardReader, since: datetime, until: float) -> bool:
    """Whether it was read to its tip without a record. One that ends here was closed: its children may have some."""
    iterator: str | None = shard.iterator(since, until)
    for _ in range(FOLLOWED):
        if iterator is None:
            return False
        records, iterator, behind = shard.read(iterator, 1, until)
        if records or behind == 0:
            return not records and iterator is not None
    return False
