"""Stages of threads: nothing is lost or done twice, memory is bounded, the first error or a stop ends them all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Full, Queue
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.run import flow as flow_module
from airflow_kinesis_ingest.engine.run.flow import Flow, Stage, attended
from airflow_kinesis_ingest.errors import Stopped
from tests.builders import wait_until

LIMIT = 60.0  # seconds until a test that waits in vain fails


@pytest.fixture(autouse=True, scope="module")
def _impatient() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_module, "POLL", 0.01)
        patch.setattr(flow_module, "GRACE", 0.05)
        yield


class Seen(list[Any]):
    """What a last stage got."""

    def take(self, item: object) -> None:
        self.append(item)


def run(flow: Flow, items: Iterable[object]) -> None:
    for item in items:
        flow.put(item)
    flow.drain()


# --- what goes through ----------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.integers(), max_size=200), st.integers(1, 4), st.integers(1, 4))
def test_every_item_goes_through_every_stage_once(items: list[int], first: int, second: int) -> None:
    seen = Seen()
    flow = Flow([Stage(lambda n: n * 2, first), Stage(str, second), Stage(seen.take, 2)], threading.Event())
    run(flow, items)
    assert sorted(seen) == sorted(str(n * 2) for n in items)


def test_a_none_goes_nowhere_and_holds_nothing_up() -> None:
    seen = Seen()
    flow = Flow([Stage(lambda n: n if n % 2 else None, 2), Stage(seen.take, 2)], threading.Event())
    run(flow, range(100))
    assert sorted(seen) == list(range(1, 100, 2))


def test_the_workers_of_a_stage_work_at_the_same_time() -> None:
    together = threading.Barrier(4)
    run(Flow([Stage(lambda _: together.wait(LIMIT), 4)], threading.Event()), range(4))
    assert not together.broken


def test_without_items_it_ends_at_once() -> None:
    Flow([Stage(str, 1)], threading.Event()).drain()


# --- bounded ---------------------------------------------------------------------------------------------------------


class Watched(Queue[Any]):
    """Says when somebody found it full."""

    def __init__(self, size: int, found_full: threading.Event) -> None:
        super().__init__(size)
        self._found_full = found_full

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        try:
            super().put(item, block, timeout)
        except Full:
            self._found_full.set()
            raise


def test_a_slow_last_stage_holds_up_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many streams there are, only so many are in memory: two in each queue, one with each worker."""
    found_full, gate, accepted, seen = threading.Event(), threading.Event(), Seen(), Seen()
    monkeypatch.setattr(flow_module, "CAPACITY", 2)
    monkeypatch.setattr(flow_module, "Queue", lambda size: Watched(size, found_full))

    def slow(item: object) -> None:
        gate.wait(LIMIT)
        seen.append(item)

    flow = Flow([Stage(lambda n: n, 1), Stage(slow, 1)], threading.Event())

    def feed() -> None:
        for number in range(100):
            flow.put(number)
            accepted.append(number)

    with ThreadPoolExecutor() as pool:
        feeding = pool.submit(feed)
        wait_until(lambda: len(accepted) == 6)
        found_full.clear()
        assert found_full.wait(LIMIT)
        assert accepted == [0, 1, 2, 3, 4, 5]
        gate.set()
        feeding.result(LIMIT)
    flow.drain()
    assert sorted(seen) == list(range(100))


# --- errors ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.sets(st.integers(0, 99), min_size=1, max_size=5), st.integers(0, 2))
def test_a_stage_that_fails_is_never_taken_for_one_that_worked(bad: set[int], at: int) -> None:
    """Whichever items fail and wherever: drain raises one of their errors, and the run is stopped."""

    def work(number: int) -> int:
        if number in bad:
            raise ValueError(number)
        return number

    works: list[Callable[[int], int]] = [lambda n: n, lambda n: n, lambda n: n]
    works[at] = work
    stop = threading.Event()
    with pytest.raises(ValueError, match=r"^\d+$") as caught:
        run(Flow([Stage(each, 2) for each in works], stop), range(100))
    assert caught.value.args[0] in bad
    assert stop.is_set()


def test_the_first_error_is_the_one_that_is_raised() -> None:
    """What fails after it does so because the run was stopped."""
    stop = threading.Event()

    def work(item: str) -> None:
        if item == "first":
            raise ValueError(item)
        stop.wait(LIMIT)
        raise Stopped("the run was asked to end")

    with pytest.raises(ValueError, match="first"):
        run(Flow([Stage(work, 3)], stop), ["second", "third", "first"])


def test_after_an_error_nothing_more_is_worked_on() -> None:
    seen, stop = Seen(), threading.Event()

    def work(number: int) -> None:
        seen.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        run(Flow([Stage(work, 1)], stop), range(50))
    assert seen == [0]


def test_even_an_exit_reaches_the_one_who_waits() -> None:
    """A worker that dies without a word would leave drain waiting for ever."""

    def work(_: object) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(Flow([Stage(work, 1)], threading.Event()), [1])


# --- stopping -------------------------------------------------------------------------------------------------------


def test_a_stopped_run_ends_with_stopped_though_a_call_hangs() -> None:
    stop, hangs = threading.Event(), threading.Event()
    started = threading.Event()

    def work(_: object) -> None:
        started.set()
        hangs.wait(LIMIT)

    flow = Flow([Stage(work, 1)], stop)
    flow.put(1)
    assert started.wait(LIMIT)
    stop.set()
    with pytest.raises(Stopped):
        flow.drain()
    hangs.set()


def test_a_stop_frees_who_waits_to_put(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_module, "CAPACITY", 1)
    stop, hangs, put = threading.Event(), threading.Event(), Seen()
    flow = Flow([Stage(lambda _: hangs.wait(LIMIT), 1)], stop)

    def feed() -> None:
        for number in range(10):
            flow.put(number)
            put.append(number)

    with ThreadPoolExecutor() as pool:
        feeding = pool.submit(feed)
        wait_until(lambda: len(put) == 2)
        stop.set()
        feeding.result(LIMIT)
    hangs.set()
    with pytest.raises(Stopped):
        flow.drain()


@pytest.mark.parametrize("end", ["drained", "failed", "stopped"])
def test_the_threads_end_with_the_flow(end: str) -> None:
    before, stop = set(threading.enumerate()), threading.Event()
    flow = Flow([Stage(lambda n: 1 // n and None, 3), Stage(str, 3)], stop)
    flow.put(0 if end == "failed" else 1)
    if end == "stopped":
        stop.set()
    if end == "drained":
        flow.drain()
    else:
        with pytest.raises((ZeroDivisionError, Stopped)):
            flow.drain()
    wait_until(lambda: set(threading.enumerate()) <= before)


# --- attended -------------------------------------------------------------------------------------------------------


def test_work_is_attended_until_it_is_done() -> None:
    """Somebody shows its progress while it goes on, in the thread that may show things."""
    shown, stop = Seen(), threading.Event()
    attended(lambda _: wait_until(lambda: len(shown) > 2), stop, lambda: shown.append(threading.current_thread()))
    assert set(shown) == {threading.current_thread()}
    assert not stop.is_set()


def test_the_error_of_the_work_is_raised_here() -> None:
    def work(_: threading.Event) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        attended(work, threading.Event(), lambda: None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interruption_here_stops_the_work(error: type[BaseException]) -> None:
    stop, ended = threading.Event(), threading.Event()

    def work(over: threading.Event) -> None:
        if over.wait(LIMIT):
            ended.set()

    def interrupted() -> None:
        raise error

    with pytest.raises(error):
        attended(work, stop, interrupted)
    assert ended.wait(LIMIT)
    assert not stop.is_set()


def test_stopped_work_may_end_in_order() -> None:
    stop, ended = threading.Event(), threading.Event()

    def work(over: threading.Event) -> None:
        if over.wait(LIMIT):
            ended.set()

    attended(work, stop, stop.set)
    assert ended.is_set()


def test_work_that_was_stopped_before_it_began_is_told_at_once() -> None:
    stop, told = threading.Event(), Seen()
    stop.set()
    attended(lambda over: told.append(over.is_set()), stop, lambda: None)
    assert told == [True]


def test_stopped_work_that_hangs_is_left_behind() -> None:
    stop, hangs = threading.Event(), threading.Event()
    with pytest.raises(Stopped, match="left behind"):
        attended(lambda _: wait_until(hangs.is_set), stop, stop.set)
    hangs.set()
