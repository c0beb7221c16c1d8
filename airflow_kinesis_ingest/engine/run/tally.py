"""Counting what a run does, from many threads, and the line between "this stream failed" and "everything fails"."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...errors import Abort, IngestError, Retry, Skip, StreamNotReady
from ..catalogue.found import Linked
from ..model import Description, Drift, Fate, Flows, Outcome, Problem, RunReport, Sample, State, StreamRow
from ..workflow.filters import Verdict
from .details import Details

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 10
FRAMES = 30
DRIFT_MOST = 20
"""Changes of one stream that its row tells, and its line of the log."""
DRIFT_TOLD = 100
"""Streams whose drift the log tells; of the others it does in a debug run."""
LONGEST = 200  # characters of a pattern that a row has: it is shown beside thousands

Note = Callable[[str, str, IngestError], None]


class Tally:
    """The numbers behind a RunReport. Every kept stream ends as finished, not due, skipped, a failure, or not reached.

    catalogue: where it is; kept: whether it was closed and keeps what was written; account: of AWS, if it is known.
    """

    def __init__(self) -> None:
        self.account: str | None = None
        self.catalogue = ""
        self.kept = False
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._rows: dict[str, StreamRow] = {}
        self._in_a_row: Counter[str] = Counter()
        self._warnings: list[Problem] = []
        self._failures: list[Problem] = []
        self._failed_deletions: list[Problem] = []
        self._deleted: list[str] = []
        self._flows: Flows | None = None
        self._drift: dict[str, tuple[Drift, ...]] = {}
        self._told: set[tuple[int, tuple[str, str, str]]] = set()

    def listed(self, stream: str, verdict: Verdict) -> None:
        outcome: Fate = "not reached" if verdict.kept else "filtered"
        with self._lock:
            self._counts["listed"] += 1
            self._counts["filtered"] += not verdict.kept
            self._rows[stream] = StreamRow(stream, outcome, verdict.pattern[:LONGEST] or None)

    def described(self, found: Description) -> None:
        with self._lock:
            self._counts["described"] += 1
            row = self._row(found.stream.name)
            self._rows[row.name] = replace(row, shards=found.open_shards, retention_hours=found.retention_hours)

    def sampled(self) -> None:
        """One more stream had records."""
        with self._lock:
            self._counts["sampled"] += 1

    def read(self, stream: str, sample: Sample) -> None:
        """What became of the records of a stream, or that it has none."""
        kind = sample.schema.kind if sample.schema else None
        with self._lock:
            self._rows[stream] = replace(self._row(stream), schema=kind, messages=sample.read)

    def throttled(self) -> None:
        """AWS throttled one more call."""
        with self._lock:
            self._counts["throttled"] += 1

    def detailed(self, found: Iterable[Details]) -> None:
        """The tags and flows of streams."""
        with self._lock:
            for each in found:
                row = self._row(each.stream)
                self._rows[each.stream] = replace(row, tags=each.tags, readers=each.readers, writers=each.writers)

    def finished(self, stream: str, outcome: Outcome) -> None:
        with self._lock:
            self._counts[outcome] += 1
            self._end(stream, outcome)

    def drifted(self, stream: str, found: tuple[Drift, ...]) -> None:
        """What a written stream has become against the catalogue."""
        if not found:
            return
        ordered = tuple(sorted(found, key=lambda drift: drift.compatible is not False))
        texts = tuple(drift.text for drift in ordered[:DRIFT_MOST])
        more = (f"and {len(found) - DRIFT_MOST} more",) if len(found) > DRIFT_MOST else ()
        with self._lock:
            self._drift[stream] = ordered
            self._rows[stream] = replace(self._row(stream), drift=(*texts, *more))
            told = len(self._drift) <= DRIFT_TOLD
        log.log(logging.INFO if told else logging.DEBUG, "%s drifted: %s", stream, "; ".join((*texts, *more)))

    def not_due(self, stream: str, shards: int) -> None:
        """It is as the catalogue has it as far as its listing tells: so many open shards, too."""
        with self._lock:
            self._counts["not due"] += 1
            self._rows[stream] = replace(self._row(stream), outcome="not due", shards=shards)

    def deleted(self, topic: str) -> None:
        with self._lock:
            self._deleted.append(topic)
            self._end(topic, "deleted")

    @contextmanager
    def deletion(self, topic: str) -> Iterator[None]:
        """Delete one topic: as `step`, but the failure is the topic's. Its stream is gone and counts no more."""
        with self._doing("delete", topic, self._deletion_failed):
            yield
            self.deleted(topic)

    def discarded(self) -> None:
        """The catalogue kept nothing of what was written and deleted."""
        with self._lock:
            for topic in self._deleted:
                del self._rows[topic]
            for name in self._with("written"):
                self._end(name, "not reached")
            self._counts["written"] = 0
            for name in self._drift:
                self._rows[name] = replace(self._row(name), drift=None)
            self._drift.clear()
            self._deleted.clear()

    @contextmanager
    def step(self, step: str, entity: str, *, optional: bool = False) -> Iterator[None]:
        """Do one step for one stream: a Skip or Retry inside is counted and named, and the run goes on.

        optional: it costs a warning instead of a failure, also where it runs into a fault of ours. A stream that is
        being created or deleted is skipped with a warning: nothing failed. When a step that is not optional fails with
        Retry for 10 streams in a row, the last of these errors is raised: the fault is not the streams'.
        """
        with self._doing(step, entity, self.missed if optional else self._failed, optional=optional):
            yield

    @contextmanager
    def _doing(self, step: str, entity: str, note: Note, *, optional: bool = False) -> Iterator[None]:
        try:
            yield
        except Skip as error:
            note(step, entity, error)
            self._answered(step)
        except Retry as error:
            note(step, entity, error)
            if self._again(step) >= GIVE_UP_AFTER and not optional:
                raise
        except Exception as error:
            # A border: no record of one stream, however it was made, may cost the other streams their topics.
            if not optional or isinstance(error, IngestError):
                raise
            note(step, entity, unexpected(error))
            self._answered(step)
        else:
            self._answered(step)

    def hopeless(self, step: str) -> bool:
        """Whether an optional step has failed for so many streams in a row that the rest can be spared it."""
        with self._lock:
            return self._in_a_row[step] >= GIVE_UP_AFTER

    def warn(self, step: str, entity: str, cause: str, remedy: str) -> None:
        self._warned(Problem(step, entity, cause, remedy))

    def missed(self, step: str, entity: str, error: IngestError) -> None:
        """Warn of what went wrong."""
        self._warned(_problem(step, entity, error))

    def warned(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self._warned(problem)

    def linked(self, linked: Linked, flows: int) -> None:
        """flows: found at the streams of the run."""
        with self._lock:
            self._flows = Flows(flows, linked.labelled, linked.written, linked.removed)

    @property
    def whole(self) -> bool:
        """Whether every stream that was listed was described."""
        with self._lock:
            return self._counts["described"] == self._counts["listed"]

    def _warned(self, problem: Problem) -> None:
        with self._lock:
            self._warnings.append(problem)
        self._tell(logging.WARNING, problem)

    def _tell(self, level: int, problem: Problem) -> None:
        """Log the first of its kind; the others are in the report, and in the log of a debug run."""
        with self._lock:
            known = (level, problem.kind) in self._told
            self._told.add((level, problem.kind))
        text = "%s %s: %s. %s"
        log.log(logging.DEBUG if known else level, text, problem.step, problem.entity, problem.cause, problem.remedy)

    def report(self, state: State = "success", fatal: IngestError | None = None) -> RunReport:
        with self._lock:
            return RunReport(
                state=state,
                listed=self._counts["listed"],
                filtered=self._counts["filtered"],
                described=self._counts["described"],
                sampled=self._counts["sampled"],
                written=self._counts["written"],
                unchanged=self._counts["unchanged"],
                not_due=self._counts["not due"],
                skipped=self._counts["skipped"],
                throttled=self._counts["throttled"],
                deleted=tuple(sorted(self._deleted)),
                warnings=tuple(self._warnings),
                failures=tuple(self._failures),
                failed_deletions=tuple(self._failed_deletions),
                not_reached=tuple(sorted(self._with("not reached"))) if fatal else (),
                fatal=fatal,
                seconds=time.monotonic() - self._started,
                catalogue=self.catalogue,
                account=self.account,
                flows=self._flows,
                drift=tuple(drift for name in sorted(self._drift) for drift in self._drift[name]),
                streams=tuple(self._rows.values()),
            )

    def _end(self, stream: str, outcome: Fate) -> None:
        self._rows[stream] = replace(self._row(stream), outcome=outcome)

    def _row(self, stream: str) -> StreamRow:
        return self._rows.get(stream) or StreamRow(stream)

    def _with(self, outcome: Fate) -> list[str]:
        return [row.name for row in self._rows.values() if row.outcome == outcome]

    def _answered(self, step: str) -> None:
        with self._lock:
            self._in_a_row[step] = 0

    def _again(self, step: str) -> int:
        with self._lock:
            self._in_a_row[step] += 1
            return self._in_a_row[step]

    def _failed(self, step: str, entity: str, error: IngestError) -> None:
        ready, problem = not isinstance(error, StreamNotReady), _problem(step, entity, error)
        with self._lock:
            self._end(entity, "failed" if ready else "skipped")
            if ready:
                self._failures.append(problem)
            else:
                self._counts["skipped"] += 1
        if ready:
            self._tell(logging.ERROR, problem)
        else:
            self.missed(step, entity, error)

    def _deletion_failed(self, step: str, entity: str, error: IngestError) -> None:
        problem = _problem(step, entity, error)
        with self._lock:
            self._failed_deletions.append(problem)
        self._tell(logging.ERROR, problem)


def _problem(step: str, entity: str, error: IngestError) -> Problem:
    return Problem(step, entity, error.cause, error.remedy, error.actions)


def unexpected(error: Exception) -> Abort:
    """A fault of ours as an error that ends a run. Logs where it lies, and not its text: that may be a record's."""
    frames = "".join(traceback.format_tb(error.__traceback__, limit=-FRAMES))
    log.error("unexpected: %s\n%s", type(error).__name__, frames)
    remedy = "Please report it, with the lines of the log that show where it happened"
    return Abort(f"unexpected: {type(error).__name__}", why="a fault of this program", remedy=remedy)
