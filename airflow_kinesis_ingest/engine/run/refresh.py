"""Which streams a run describes: all, or with `options.refresh: rolling` those that may have changed.

Of a catalogued stream, ListStreams and ListShards tell creation time, status, mode and open shards. What they cannot
tell (retention, encryption, the size of a record, consumers) is looked up when the stream's turn comes, once in
`options.maxAge`: at a moment of that period that a hash of its name chooses, so that every run has its share. A run
takes the moments since the last complete one began (`catalogue/former.py`). So one that was missed, or failed, is made
up for by the next, and a change is in the catalogue after the first complete run that begins `maxAge` after it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2s

from ...errors import PlaceExpired, Retry, Skip, StreamDenied
from ..aws.source import KinesisSource
from ..catalogue.former import Former
from ..catalogue.run_status import RunStatus
from ..catalogue.sink import Sink, Standing, standing_of
from ..model import Stream
from ..workflow.models import Options
from .tally import Tally

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
LOOKERS = 16
"""Threads that call ListShards: twice as many are no faster (docs/measured.md)."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """What one run does again. now: when it began, in ms; max_age: of what was described, None: none is old enough.

    former: the last complete run, None where it is not known.
    """

    now: int = 0
    former: Former | None = None
    max_age: int | None = None

    @property
    def is_rolling(self) -> bool:
        return bool(self.max_age and self.former and self.former.began <= self.now)

    def is_settled(self, name: str, standing: Standing | None) -> bool:
        """Whether the last complete run, or one before it, left this topic as it is, and right as far as it knew."""
        former = self.former
        if former is None or standing is None or former.began > self.now:
            return False
        return standing.updated <= former.ended and name not in former.owed

    def is_due(self, name: str) -> bool:
        """Whether the stream's moment has come since the last complete run began."""
        if not (self.max_age and self.former):
            return True
        moment = slot(name, self.max_age)
        return (self.now - moment) // self.max_age > (self.former.began - moment) // self.max_age


def refreshed(options: Options, status: RunStatus, *, sampling: bool) -> Refresh:
    """As the workflow wants it. Asks OpenMetadata for the last complete run where it makes a difference."""
    if options.refresh == "full":
        return Refresh(status.began, status.former()) if sampling else Refresh()
    max_age = options.max_age * HOUR_MS
    return Refresh(status.began, status.former(back=max_age), max_age)


def slot(name: str, period: int) -> int:
    """A number below period that is always the same for this name, and evenly spread over names."""
    return int.from_bytes(blake2s(name.encode(), digest_size=8).digest(), "big") % period


def looking(refresh: Refresh, source: KinesisSource, sink: Sink, tally: Tally) -> Callable[[Stream], Stream | None]:
    """A stage that lets those streams through that are to be described; the others end as not due."""

    def look(stream: Stream) -> Stream | None:
        standing = sink.standing(stream.name)
        if refresh.is_due(stream.name) or not refresh.is_settled(stream.name, standing):
            return stream
        shards = _open_shards(source, stream, tally)
        if not (standing and shards) or standing_of(stream, shards) != standing.listed:
            return stream
        tally.not_due(stream.name, shards)
        return None

    return look


def _open_shards(source: KinesisSource, stream: Stream, tally: Tally) -> int | None:
    """How many; None where AWS does not say. Then the stream is described, which tells what is wrong with it."""
    try:
        return sum(1 for _ in source.open_shards(stream))
    except StreamDenied as error:
        tally.missed("compare", stream.name, error)
    except (Skip, Retry, PlaceExpired) as error:
        log.debug("%s: %s", stream.name, error)
    return None
