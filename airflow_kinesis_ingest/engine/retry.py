"""One rule for trying again, whoever answered: back off, honour what the server asked, end when told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

from ..errors import Retry, Stopped

ATTEMPTS = 6
LONGEST_WAIT = 20.0
PATIENCE = 90.0

T = TypeVar("T")


def retry(call: Callable[[], T], stop: threading.Event, attempts: int = ATTEMPTS, until: float | None = None) -> T:
    """`call()`, again after each `Retry` it raises: `attempts` times and 90 s at most.

    Waits up to 20 s in between, or as long as the server asked. Raises the last Retry, at once if the wait it asks for
    would end after the 90 s or `until` (on `time.monotonic`); any other error at once; and Stopped as soon as `stop`
    is set.
    """
    bounds = tenacity.stop_after_attempt(attempts) | tenacity.stop_before_delay(PATIENCE)

    def over(state: tenacity.RetryCallState) -> bool:
        return bounds(state) or (until is not None and time.monotonic() + state.upcoming_sleep >= until)

    def once() -> T:
        if stop.is_set():
            raise Stopped("the run was asked to end")
        return call()

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(Retry),
        stop=over,
        wait=_wait,
        sleep=tenacity.sleep_using_event(stop),
        reraise=True,
    )(once)


_backoff = tenacity.wait_random_exponential(multiplier=0.25, max=LONGEST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Retry) and error.retry_after else 0.0
    return max(min(_backoff(state), LONGEST_WAIT), asked)
