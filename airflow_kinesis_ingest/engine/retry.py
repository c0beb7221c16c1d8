"""One rule for trying again, whoever answered: bounded by time, at the server's pace, ended when told to.

A try fails in one of two ways. *The server is down* (`ServerDown`: no connection, HTTP 502 or 503): no call of anybody
would get through. Everything else (another 5xx, no answer in time, a cut connection, a throttle) may be the fault of
one entity or one API and says nothing about the rest: that call alone is tried again, and nobody else waits for it.
"""

from __future__ import annotations

import copy
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..errors import IngestError, Retry, ServerDown, Stopped

RETRY_FOR = 120.0
FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0
QUIET = 1.0
TOLD_AFTER = 5  # tries: some seconds

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Outage:
    """since, next_probe: on `time.monotonic`; error: the newest; probing: whether a thread has a probe under way."""

    since: float
    error: ServerDown
    next_probe: float
    probes: int = 0
    probing: bool = False


class Circuit:
    """One server as all threads of a run see it.

    A call is tried again after each Retry it raises, with up to 5 s in between, or as long as the server asked for. It
    is given up, and the last Retry raised, when it has failed for `retry_for` seconds, or the server has answered
    nobody for so long: a dead server costs a run this time once, and not once for each call.

    An outage begins with a ServerDown, when calls have failed for a second and nobody was answered. While it lasts one
    thread at a time makes its call, 5 s after the last one at most, and the others wait; after the first answer each
    of them goes on within half a second, at a moment of its own. A server that is down for one entity alone answers
    the others, and is in no outage.
    """

    def __init__(self, server: str, stop: threading.Event, retry_for: float = RETRY_FOR) -> None:
        self._server = server
        self._stop = stop
        self._retry_for = retry_for
        self._lock = threading.Lock()
        self._answered = self._failed = self._failing_since = float("-inf")
        self._outage: _Outage | None = None
        self._seconds_out = 0.0

    def clock(self) -> float:
        """Seconds, as `time.monotonic` counts them, that stand still while the server is down.

        For limits on one entity: an outage is not its fault.
        """
        with self._lock:
            return (self._outage.since if self._outage else time.monotonic()) - self._seconds_out

    def call(self, call: Callable[[], T], until: float | None = None) -> T:
        """`call()`, again after each Retry it raises, as told above.

        until: on `clock`; no try begins after it, but for the first. Raises the last Retry; any other error at once;
        Stopped as soon as `stop` is set.
        """
        tries, limit = 0, float("inf")
        while True:
            probing = self._admitted(limit)
            try:
                return self._observed(call, probing=probing)
            except Retry as error:
                tries += 1
                limit = min(limit, time.monotonic() + self._retry_for)
                if not self._is_out():
                    self._rest(error, tries, limit, until)

    def _is_out(self) -> bool:
        with self._lock:
            return self._outage is not None

    def _admitted(self, limit: float) -> bool:
        """Wait while the server is down. Whether this thread is to find out if it is back."""
        while True:
            if self._stop.is_set():
                raise Stopped("the run was asked to end")
            with self._lock:
                if self._outage is None:
                    return False
                now = time.monotonic()
                if not self._outage.probing and now >= self._outage.next_probe:
                    self._outage.probing = True
                    return True
                if max(now, self._outage.next_probe) >= self._limit(limit):
                    raise copy.copy(self._outage.error)
            self._stop.wait(_moment())

    def _limit(self, limit: float) -> float:
        return min(limit, self._failing_since + self._retry_for)

    def _observed(self, call: Callable[[], T], *, probing: bool) -> T:
        try:
            answer = call()
        except Retry as error:
            self._note_failure(error, probing=probing)
            raise
        except BaseException as error:
            if isinstance(error, IngestError) and not isinstance(error, Stopped):
                self._note_answer()
            elif probing:
                self._leave_probe()
            raise
        self._note_answer()
        return answer

    def _note_answer(self) -> None:
        """Also that a call is refused is an answer."""
        with self._lock:
            self._answered = time.monotonic()
            self._end_outage()

    def _note_failure(self, error: Retry, *, probing: bool) -> None:
        with self._lock:
            now = time.monotonic()
            # Failures so far apart are two troubles: the second has a time of its own.
            if self._answered >= self._failing_since or now - self._failed > self._retry_for:
                self._failing_since = now
            self._failed = now
            if not isinstance(error, ServerDown):
                if probing:
                    self._end_outage()
            elif self._outage is None:
                if now - self._failing_since >= QUIET:
                    self._begin_outage(error, now)
            elif probing:
                self._outage.probing = False
                self._outage.probes += 1
                self._outage.error = error
                self._outage.next_probe = now + _wait(self._outage.probes, error)

    def _leave_probe(self) -> None:
        with self._lock:
            if self._outage:
                self._outage.probing = False

    def _begin_outage(self, error: ServerDown, now: float) -> None:
        self._outage = _Outage(now, error, now + _wait(1, error), probes=1)
        log.warning("%s. Waiting for it to come back, for %.0f s at most", error, self._retry_for)

    def _end_outage(self) -> None:
        if self._outage:
            seconds = time.monotonic() - self._outage.since
            self._seconds_out += seconds
            self._outage = None
            log.info("%s answers again after %.0f s", self._server, seconds)

    def _rest(self, error: Retry, tries: int, limit: float, until: float | None) -> None:
        """Between two tries of a call that fails by itself. Raises the error where there is no time for another."""
        wait = _wait(tries, error)
        with self._lock:
            over = time.monotonic() + wait >= self._limit(limit)
        if over or (until is not None and self.clock() + wait >= until):
            raise error
        if tries == TOLD_AFTER:
            log.warning("%s. Trying again, for %.0f s at most", error, self._retry_for)
        self._stop.wait(wait)


def _moment() -> float:
    return _between(0.02, 0.1) * LONGEST_WAIT


def _wait(tries: int, error: Retry) -> float:
    """Twice as long each time; at random, so that what failed together does not come back together."""
    longest = min(FIRST_WAIT * 2.0 ** min(tries - 1, 30), LONGEST_WAIT)
    backoff = _between(longest / 2, longest)
    return max(backoff, error.retry_after + _moment()) if error.retry_after else backoff


def _between(least: float, most: float) -> float:
    return random.uniform(least, most)  # noqa: S311 - it spreads calls, it guards nothing
