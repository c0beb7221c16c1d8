"""One rule for trying again. The test's `stop` answers at once and notes how long it was waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import tenacity

from airflow_kinesis_ingest.engine import retry as module
from airflow_kinesis_ingest.engine.retry import ATTEMPTS, retry
from airflow_kinesis_ingest.errors import AccessDenied, IngestError, Stopped, StreamGone, Throttled, Unreachable


class Stop(threading.Event):
    """`set_in`: it is set during this wait, counted from 1."""

    def __init__(self, set_in: int = 0) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._set_in = set_in

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) == self._set_in:
            self.set()
        return self.is_set()


class Calls:
    """Raises these errors one after the other, then returns."""

    def __init__(self, *errors: IngestError) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_a_call_that_works_is_made_once() -> None:
    call, stop = Calls(), Stop()
    assert retry(call, stop) == "done"
    assert (call.made, stop.waits) == (1, [])


def test_a_call_is_made_again_after_each_error_that_may_pass() -> None:
    call, stop = Calls(Throttled("slow"), Unreachable("gone")), Stop()
    assert retry(call, stop) == "done"
    assert (call.made, len(stop.waits)) == (3, 2)


@pytest.mark.parametrize("error", [StreamGone("gone"), AccessDenied("no"), Stopped("stop")])
def test_an_error_that_cannot_pass_is_raised_at_once(error: IngestError) -> None:
    call, stop = Calls(error), Stop()
    with pytest.raises(type(error)):
        retry(call, stop)
    assert (call.made, stop.waits) == (1, [])


def test_an_error_of_the_program_is_raised_at_once() -> None:
    def broken() -> None:
        raise KeyError("bug")

    stop = Stop()
    with pytest.raises(KeyError):
        retry(broken, stop)
    assert stop.waits == []


def test_after_the_last_attempt_the_last_error_is_raised() -> None:
    errors = [Unreachable(f"number {number}") for number in range(1, 20)]
    call = Calls(*errors)
    with pytest.raises(Unreachable, match=f"number {ATTEMPTS}"):
        retry(call, Stop())
    assert call.made == ATTEMPTS


def test_the_number_of_attempts_may_be_chosen() -> None:
    call = Calls(*[Throttled("slow")] * 9)
    with pytest.raises(Throttled):
        retry(call, Stop(), attempts=2)
    assert call.made == 2


def test_the_waits_are_random_up_to_a_quarter_of_a_second_doubled_each_time_and_20_seconds_at_most() -> None:
    """Many tasks that start together would else be throttled together again."""
    runs = [Stop() for _ in range(30)]
    for stop in runs:
        with pytest.raises(Throttled):
            retry(Calls(*[Throttled("slow")] * 20), stop, attempts=12)
    for number, waits in enumerate(zip(*[stop.waits for stop in runs], strict=True)):
        bound = min(0.25 * 2**number, 20.0)
        assert bound / 2 < max(waits) <= bound
        assert 0 <= min(waits) < bound / 2


@pytest.mark.parametrize("asked", [7.0, 60.0])
def test_the_server_is_given_the_time_it_asks_for(asked: float) -> None:
    stop = Stop()
    retry(Calls(Throttled("slow", retry_after=asked)), stop)
    assert stop.waits == [asked]


def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for() -> None:
    """Nor called before its time: whoever repeats the run comes later."""
    call, stop = Calls(Throttled("slow", retry_after=3600.0)), Stop()
    with pytest.raises(Throttled):
        retry(call, stop)
    assert (call.made, stop.waits) == (1, [])


def test_a_call_is_not_repeated_for_more_than_90_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt may take as long as its time-outs; their number alone bounds nothing."""
    now = 0.0

    def slow() -> None:
        nonlocal now
        now += 35.0
        raise Unreachable("no answer")

    monkeypatch.setattr(tenacity, "time", SimpleNamespace(monotonic=lambda: now))
    with pytest.raises(Unreachable):
        retry(slow, Stop(), attempts=100)
    assert 90.0 - 35.0 <= now < 90.0 + 35.0


def test_no_try_begins_after_the_time_that_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is made in any case: whoever gives a time looks at the clock before."""
    now = 1000.0

    def slow() -> None:
        nonlocal now
        now += 2.0
        raise Unreachable("no answer")

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    with pytest.raises(Unreachable):
        retry(slow, Stop(), until=1005.0)
    assert now == 1006.0  # the third try began before 1005
    call = Calls(Throttled("slow", retry_after=6.0))
    with pytest.raises(Throttled):
        retry(call, Stop(), until=now + 5.0)
    assert call.made == 1


def test_a_stopped_run_makes_no_call() -> None:
    call, stop = Calls(), Stop()
    stop.set()
    with pytest.raises(Stopped):
        retry(call, stop)
    assert call.made == 0


def test_a_stop_ends_the_waiting_and_no_further_call_is_made() -> None:
    call = Calls(*[Throttled("slow")] * 9)
    with pytest.raises(Stopped):
        retry(call, Stop(set_in=2))
    assert call.made == 2


def test_a_real_stop_is_waited_for_and_not_slept_through() -> None:
    """The wait is the event's own: who sets it need not wait for its end."""
    stop = threading.Event()

    def asks_for_a_minute() -> None:
        threading.Thread(target=stop.set).start()
        raise Throttled("slow", retry_after=60.0)

    call: Callable[[], None] = asks_for_a_minute
    with pytest.raises(Stopped):
        retry(call, stop)
