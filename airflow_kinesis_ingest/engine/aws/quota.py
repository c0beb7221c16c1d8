"""AWS's call rates per API, account and region, kept by waiting instead of being told off.

Rates per second are AWS's (Kinesis Data Streams quotas and the service model, botocore 1.44.5). The account's other
tools share them: consumers by KCL or Flink, other workflows. So a run takes a share, and makes room when AWS throttles,
whoever caused it: half the rate at once, given back bit by bit (as TCP shares a line: additive increase, multiplicative
decrease). All who do so end up with equal parts of what there is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from ...errors import Stopped

RATES = {"ListStreams": 5.0, "DescribeStreamSummary": 20.0}
LEAST = 1 / 50  # of the full rate: a run that waits for ever looks like one that hangs
COMES_BACK_IN = 60.0  # seconds, from nothing to the full rate
SHARD_READS = 4.0  # of the 5 a second per shard that all polling consumers share


class Pacer:
    """Lets `rate` calls a second through, `burst` of them at once after a pause. For use by many threads.

    `slow_down` halves the rate, once a second at most. It comes back by a sixtieth of the full rate each second, and
    never exceeds it.
    """

    def __init__(self, rate: float, *, burst: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._full = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")
        self._slowed_to = rate
        self._slowed_at = float("-inf")

    def wait(self, stop: threading.Event) -> None:
        """Return when the next call may go out. Raises Stopped as soon as `stop` is set."""
        if stop.wait(self.reserve()):
            raise Stopped("the run was asked to end")

    def reserve(self) -> float:
        """Take the next free slot; seconds until it comes."""
        with self._lock:
            now = self._clock()
            interval = 1.0 / self._rate(now)
            slot = max(self._next, now - (self._burst - 1) * interval)
            self._next = slot + interval
            return max(0.0, slot - now)

    def slow_down(self) -> None:
        """AWS throttled a call that went through here."""
        with self._lock:
            now = self._clock()
            if now - self._slowed_at < 1.0:
                return  # the calls that were under way at the first throttle say nothing new
            self._slowed_to = max(self._rate(now) / 2, self._full * LEAST)
            self._slowed_at = now

    def _rate(self, now: float) -> float:
        if self._slowed_at == float("-inf"):
            return self._full
        return min(self._full, self._slowed_to + self._full * (now - self._slowed_at) / COMES_BACK_IN)


class Quota:
    """One pacer per API, shared by every thread that calls. An API without a rate is not paced.

    share: the part of the rates (AWS's for an account and region) that may be used, 0 < share <= 1. burst: how many
    calls may go out at once, a quarter of a second's without it.
    """

    def __init__(self, share: float, rates: Mapping[str, float] | None = None, *, burst: int | None = None) -> None:
        rates = RATES if rates is None else rates
        self._pacers = {api: Pacer(rate * share, burst=burst or max(1, round(rate / 4))) for api, rate in rates.items()}

    def wait(self, api: str, stop: threading.Event) -> None:
        if api in self._pacers:
            self._pacers[api].wait(stop)

    def slow_down(self, api: str) -> None:
        if api in self._pacers:
            self._pacers[api].slow_down()
