"""What a run found beside the streams themselves, on its way into the catalogue, and what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...errors import IngestError, NotAllowed, Retry, Skip
from ..lineage.flow import Listing, TagListing
from ..model import Problem

GIVE_UP_AFTER = 10

Each = Callable[[Callable[[Any], None], Iterable[Any]], None]
"""Has the first do its work for every item of the second, in any order, maybe in threads; returns after the last."""


def in_turn(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    """The plainest `Each`."""
    for item in items:
        work(item)


@dataclass(frozen=True, slots=True)
class Found:
    """AWS's tags and flows of one account and region, for `Sink.link`.

    streams: name -> ARN (None where it is not told) of every stream that AWS listed, kept by the filter or not; what is
    linked is those of them that are catalogued. account: of the run; None, and nothing is removed. tags: None where
    they were not asked for. listings: one for each part in use, those that failed too; of a part without one, nothing
    is written or removed.
    """

    region: str
    account: str | None
    streams: Mapping[str, str | None]
    tags: TagListing | None = None
    listings: tuple[Listing, ...] = ()

    def arn(self, name: str) -> str:
        """Of a stream of this account and region, also where a simulator does not tell it."""
        return self.streams.get(name) or f"arn:aws:kinesis:{self.region}:{self.account}:stream/{name}"

    def tags_of(self, name: str) -> Mapping[str, str]:
        return self.tags.by_arn.get(self.arn(name), {}) if self.tags else {}


@dataclass(frozen=True, slots=True)
class Linked:
    """What `Sink.link` did: topics whose labels or owners changed; pipelines written, and removed; edges likewise.

    problems: what was not done, each with its remedy; those of the listings themselves are not repeated.
    """

    labelled: int = 0
    written: int = 0
    removed: int = 0
    edges: int = 0
    edges_removed: int = 0
    problems: tuple[Problem, ...] = ()


class Attempts:
    """What is tried for one entity after another, by many threads; what does not work costs that entity alone.

    Where the token's bot may not, or the server failed ten times in a row, the rest of a step is not tried.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._problems: list[Problem] = []
        self._over: set[str] = set()
        self._in_a_row = 0

    def is_over(self, step: str) -> bool:
        with self._lock:
            return step in self._over

    def note(self, step: str, entity: str, cause: str, remedy: str) -> None:
        with self._lock:
            self._problems.append(Problem(step, entity, cause, remedy))

    @contextmanager
    def at(self, step: str, entity: str) -> Iterator[None]:
        """Raises Abort, but for NotAllowed."""
        try:
            yield
        except NotAllowed as error:
            with self._lock:
                told = step in self._over
                self._over.add(step)
            if not told:
                self._failed(step, entity, error)
        except Skip as error:
            self._failed(step, entity, error)
        except Retry as error:
            self._failed(step, entity, error)
            with self._lock:
                self._in_a_row += 1
                if self._in_a_row >= GIVE_UP_AFTER:
                    self._over.add(step)
        else:
            with self._lock:
                self._in_a_row = 0

    def _failed(self, step: str, entity: str, error: IngestError) -> None:
        self.note(step, entity, error.cause, error.remedy)

    @property
    def problems(self) -> tuple[Problem, ...]:
        with self._lock:
            return tuple(self._problems)
