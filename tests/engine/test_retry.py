"""One rule for trying again. Time is virtual: it passes when all threads wait, and nobody sleeps."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine import retry as module
from airflow_kinesis_ingest.engine.retry import RETRY_FOR, Circuit
from airflow_kinesis_ingest.errors import (
    AccessDenied,
    IngestError,
    Retry,
    ServerDown,
    Stopped,
    StreamGone,
    Throttled,
    Unreachable,
)
from tests.virtual_time import VirtualTime

PAUSE = module.LONGEST_WAIT
TRANSIENT = [Throttled, Unreachable, ServerDown]


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    made = VirtualTime()
    made.replacing(monkeypatch, module)
    return made


class Server:
    """Answers, and notes when it was called. fails: the error of a call at that time (from 0) for that entity."""

    def __init__(self, time: VirtualTime, fails: Callable[[float, str], IngestError | None]) -> None:
        self.time = time
        self.fails = fails
        self.began = time.now
        self.calls: list[tuple[float, str]] = []

    @property
    def seconds(self) -> float:
        return self.time.now - self.began

    def calling(self, circuit: Circuit, entity: str = "", until: float | None = None) -> str:
        def once() -> str:
            self.calls.append((self.seconds, entity))
            error = self.fails(self.seconds, entity)
            if error:
                raise error
            return entity

        return circuit.call(once, until)

    def at(self, entity: str = "") -> list[float]:
        return [moment for moment, of in self.calls if of == entity]


def failing_until(
    end: float, kind: type[Retry], retry_after: float | None = None
) -> Callable[[float, str], IngestError | None]:
    return lambda seconds, _: kind("no", retry_after=retry_after) if seconds < end else None


def outcome(work: Callable[[], object]) -> object:
    try:
        return work()
    except IngestError as error:
        return error


def test_a_call_that_works_is_made_once(time: VirtualTime) -> None:
    server = Server(time, lambda *_: None)
    assert server.calling(Circuit("AWS", time.stop()), "a") == "a"
    assert server.calls == [(0.0, "a")]


@pytest.mark.parametrize("error", [StreamGone("gone"), AccessDenied("no"), Stopped("stop"), KeyError("ours")])
def test_an_error_that_cannot_pass_is_raised_at_once(time: VirtualTime, error: Exception) -> None:
    def broken() -> None:
        raise error

    with pytest.raises(type(error)):
        Circuit("AWS", time.stop()).call(broken)
    assert time.now == 1000.0


# --- bounded by time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("seconds", [0.1, 5.0, 20.0, 60.0, 100.0])
def test_trouble_of_up_to_a_minute_and_more_costs_no_call(time: VirtualTime, kind: type[Retry], seconds: float) -> None:
    server = Server(time, failing_until(seconds, kind))
    assert server.calling(Circuit("AWS", time.stop()), "a") == "a"
    assert server.seconds < seconds + PAUSE + 1.0


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("retry_for", [3.0, RETRY_FOR])
def test_a_call_is_given_up_when_its_time_is_over_and_the_last_error_is_raised(
    time: VirtualTime, kind: type[Retry], retry_for: float
) -> None:
    server = Server(time, lambda seconds, _: kind(f"at {seconds:.3f}"))
    with pytest.raises(kind) as caught:
        server.calling(Circuit("AWS", time.stop(), retry_for))
    assert retry_for - PAUSE - 1.0 <= server.seconds <= retry_for + 0.5
    assert caught.value.what == f"at {server.calls[-1][0]:.3f}"


def test_without_time_a_call_is_made_once(time: VirtualTime) -> None:
    server = Server(time, failing_until(99.0, Unreachable))
    with pytest.raises(Unreachable):
        server.calling(Circuit("AWS", time.stop(), 0.0))
    assert len(server.calls) == 1


def test_the_time_begins_with_the_first_failure(time: VirtualTime) -> None:
    """A call that hung for its own time-out, or waited for its turn, has not been tried again yet."""
    stop = time.stop()

    def hangs() -> None:
        stop.wait(30.0)
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        Circuit("AWS", stop).call(hangs)
    assert 30.0 + RETRY_FOR - PAUSE <= time.now - 1000.0 <= 30.0 + RETRY_FOR + 30.0


def test_the_pauses_double_up_to_5_seconds_and_are_random(time: VirtualTime) -> None:
    """Many tasks that start together would else be throttled together again."""
    servers = [Server(time, failing_until(60.0, Throttled)) for _ in range(30)]
    for server in servers:
        server.began = time.now
        server.calling(Circuit("AWS", time.stop()))
    runs = [[after - before for before, after in zip(s.at(), s.at()[1:], strict=False)] for s in servers]
    for number, pauses in enumerate(zip(*runs, strict=False)):
        bound = min(0.25 * 2**number, 5.0)
        assert bound / 2 <= min(pauses) < max(pauses) <= bound * 1.001


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("asked", [7.0, 60.0])
def test_the_server_is_given_the_time_it_asks_for(time: VirtualTime, kind: type[Retry], asked: float) -> None:
    server = Server(time, failing_until(0.1, kind, retry_after=asked))
    server.calling(Circuit("AWS", time.stop()))
    assert [asked <= moment <= asked + 1.1 for moment in server.at()] == [False, True]


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for(time: VirtualTime, kind: type[Retry]) -> None:
    """Nor called before its time: whoever repeats the run comes later."""
    server = Server(time, failing_until(9999.0, kind, retry_after=3600.0))
    with pytest.raises(kind):
        server.calling(Circuit("AWS", time.stop()))
    assert (len(server.calls), server.seconds) == (1, 0.0)


# --- limits of one entity ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Throttled, Unreachable])
def test_no_try_begins_after_the_time_that_was_given(time: VirtualTime, kind: type[Retry]) -> None:
    """The first is made in any case: whoever gives a time looks at the clock before."""
    server, circuit = Server(time, failing_until(99.0, kind)), Circuit("AWS", time.stop())
    with pytest.raises(kind):
        server.calling(circuit, until=circuit.clock() + 5.0)
    assert len(server.calls) > 3
    assert server.seconds < 5.0
    with pytest.raises(kind):
        server.calling(circuit, "late", until=circuit.clock() - 1.0)
    assert len(server.at("late")) == 1


def test_the_time_that_was_given_does_not_pass_while_the_server_is_down(time: VirtualTime) -> None:
    """Ten seconds for a stream's sample: an outage of a minute is not the stream's fault."""
    server, circuit = Server(time, failing_until(60.0, ServerDown)), Circuit("AWS", time.stop())
    until = circuit.clock() + 10.0
    assert server.calling(circuit, "a", until) == "a"
    assert until - 10.0 < circuit.clock() < until - 8.0
    before = circuit.clock()
    time.sleep(4.0)
    assert circuit.clock() == pytest.approx(before + 4.0)


# --- one circuit per server -----------------------------------------------------------------------------------------


def together(time: VirtualTime, server: Server, circuit: Circuit, threads: int, calls: int) -> list[object]:
    """So many threads, each making so many calls for entities of its own, 0.1 s each."""
    stop = time.stop()

    def work(thread: int) -> list[object]:
        found = []
        for number in range(calls):
            found.append(outcome(lambda: server.calling(circuit, f"{thread}-{number}")))  # noqa: B023 - called at once
            stop.wait(0.1)
        return found

    jobs = [lambda thread=thread: work(thread) for thread in range(threads)]
    return [each for found in time.run(*jobs) for each in found]


def test_24_threads_lose_nothing_in_an_outage_of_a_minute_and_ask_like_one(time: VirtualTime) -> None:
    """They find out together that the server is gone, one of them looks if it is back, and all go on from there."""
    server = Server(time, lambda seconds, _: ServerDown("503") if 5.0 <= seconds < 65.0 else None)
    found = together(time, server, Circuit("OpenMetadata", time.stop()), 24, 100)
    assert all(isinstance(each, str) for each in found)
    assert len(server.calls) < 2400 + 24 * 4 + 60 / (PAUSE / 2) + 10
    assert len([moment for moment, _ in server.calls if 10.0 <= moment < 65.0]) < 55 / (PAUSE / 2) + 2
    assert min(moment for moment, _ in server.calls if moment >= 65.0) < 65.0 + PAUSE + 1.0
    assert server.seconds < 10.0 + 60.0 + PAUSE + 3.0


def test_they_do_not_come_back_in_one_moment(time: VirtualTime) -> None:
    server = Server(time, failing_until(60.0, ServerDown))
    together(time, server, Circuit("OpenMetadata", time.stop()), 24, 1)
    back = sorted(moment for moment, _ in server.calls if moment >= 60.0)
    assert len(back) == 24
    assert max(sum(start <= moment < start + 0.02 for moment in back) for start in back) < 12


@pytest.mark.parametrize("kind", TRANSIENT)
@pytest.mark.parametrize("threads", [1, 4, 24])
def test_a_server_that_is_dead_costs_its_time_once_and_not_once_for_each_call(
    time: VirtualTime, kind: type[Retry], threads: int
) -> None:
    """From the start, or from the middle of a run: after two minutes every call fails as soon as it was tried."""
    server = Server(time, failing_until(99999.0, kind))
    found = together(time, server, Circuit("OpenMetadata", time.stop()), threads, 10)
    assert all(isinstance(each, kind) for each in found)
    assert server.seconds <= RETRY_FOR + 10 * 0.2
    if kind is ServerDown:
        assert len(server.calls) < RETRY_FOR / (PAUSE / 2) + 4 * threads


def test_a_server_that_comes_back_after_that_is_found_again(time: VirtualTime) -> None:
    server, circuit = Server(time, failing_until(200.0, ServerDown)), Circuit("OpenMetadata", time.stop())
    assert isinstance(outcome(lambda: server.calling(circuit, "a")), ServerDown)
    time.sleep(100.0)
    assert server.calling(circuit, "b") == "b"
    assert len(server.at("b")) == 1


@pytest.mark.parametrize("kind", TRANSIENT)
def test_one_bad_entity_holds_up_nobody(time: VirtualTime, kind: type[Retry]) -> None:
    """Whatever it fails with, a 503 or a 500: the others are answered, so the server is there."""
    server = Server(time, lambda _, entity: kind("no") if entity == "3-7" else None)
    found = together(time, server, Circuit("OpenMetadata", time.stop()), 24, 100)
    assert [isinstance(each, kind) for each in found].count(True) == 1
    others = [moment for moment, entity in server.calls if not entity.startswith("3-")]
    assert max(others) < 100 * 0.1 + 0.1
    assert RETRY_FOR - PAUSE <= server.at("3-7")[-1] <= RETRY_FOR + 1.0


def test_one_bad_entity_holds_up_a_single_other_for_seconds_at_most(time: VirtualTime) -> None:
    """With nobody else to be answered the server seems to be gone, until the other one's turn to look."""
    server = Server(time, lambda _, entity: ServerDown("503") if entity == "bad" else None)
    circuit, stop = Circuit("OpenMetadata", time.stop()), time.stop()

    def good() -> None:
        for number in range(10):
            stop.wait(10.0)
            server.calling(circuit, f"good {number}")

    time.run(lambda: outcome(lambda: server.calling(circuit, "bad")), good)
    assert len(server.calls) - len(server.at("bad")) == 10
    assert server.seconds < RETRY_FOR + 10 * 2 * PAUSE


def test_one_api_that_is_down_holds_up_no_other(time: VirtualTime) -> None:
    """All reads of a service may fail while its descriptions are answered: 24 threads on one, 8 on the other."""
    server = Server(time, lambda _, entity: ServerDown("503") if int(entity.partition("-")[0]) < 24 else None)
    together(time, server, Circuit("AWS", time.stop(), 30.0), 32, 50)
    described = [moment for moment, entity in server.calls if int(entity.partition("-")[0]) >= 24]
    assert (len(described), max(described) < 50 * 0.1 + 0.1) == (8 * 50, True)


def circuit_that_is_open(time: VirtualTime) -> Circuit:
    """The server was down for longer than a call is tried for; the next call is a probe."""
    circuit = Circuit("AWS", time.stop(), retry_for=10.0)
    assert isinstance(outcome(lambda: Server(time, failing_until(99.0, ServerDown)).calling(circuit)), ServerDown)
    before = circuit.clock()
    time.sleep(10.0)
    assert circuit.clock() == before
    return circuit


def test_a_probe_that_ends_without_an_answer_leaves_its_place_to_the_next(time: VirtualTime) -> None:
    """A fault of ours, or a stop within the call, says nothing about the server."""
    circuit = circuit_that_is_open(time)

    def broken() -> None:
        raise KeyError("a fault of ours")

    with pytest.raises(KeyError):
        circuit.call(broken)
    assert circuit.call(lambda: "done") == "done"


def test_a_server_that_refuses_the_probe_is_back(time: VirtualTime) -> None:
    circuit = circuit_that_is_open(time)

    def gone() -> None:
        raise StreamGone("gone")

    with pytest.raises(StreamGone):
        circuit.call(gone)
    before = circuit.clock()
    time.sleep(1.0)
    assert circuit.clock() == before + 1.0


def test_a_trouble_long_after_another_has_a_time_of_its_own(time: VirtualTime) -> None:
    server = Server(time, lambda seconds, _: Unreachable("500") if seconds < 150 or 900 < seconds < 960 else None)
    circuit = Circuit("AWS", time.stop())
    assert isinstance(outcome(lambda: server.calling(circuit, "a")), Unreachable)
    time.sleep(1000.0 + 901.0 - time.now)
    assert server.calling(circuit, "b") == "b"


def test_an_outage_is_told_once_when_it_begins_and_once_when_it_ends(
    time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    error = ServerDown("OpenMetadata did not answer", why="connection refused", remedy="Check that it is up")
    server = Server(time, lambda seconds, _: error if seconds < 60.0 else None)
    together(time, server, Circuit("OpenMetadata", time.stop()), 24, 1)
    begun, ended = (record.getMessage() for record in caplog.records)
    assert begun == f"{error}. Waiting for it to come back, for 120 s at most"
    assert ended.startswith("OpenMetadata answers again after ")


def test_a_call_that_keeps_failing_by_itself_is_told_before_it_is_given_up(
    time: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong address that answers with a page for people would else be two minutes of silence."""
    server = Server(time, failing_until(999.0, Unreachable))
    outcome(lambda: server.calling(Circuit("OpenMetadata", time.stop()), "a"))
    assert [record.getMessage() for record in caplog.records] == ["no. Trying again, for 120 s at most"]


@given(
    st.lists(st.tuples(st.floats(6.0, 60.0), st.floats(0.2, 90.0)), min_size=1, max_size=4),
    st.integers(1, 24),
    st.booleans(),
)
def test_outages_of_up_to_90_seconds_cost_nothing_however_they_follow_each_other(
    phases: list[tuple[float, float]], threads: int, wholly: bool
) -> None:
    """Up for so long, down for so long, and so on. wholly: with 503, else with a 500 for everybody."""
    down, at = [], 0.0
    for up, out in phases:
        down.append((at + up, at + up + out))
        at += up + out
    kind = ServerDown if wholly else Unreachable
    with pytest.MonkeyPatch.context() as patch:
        virtual = VirtualTime()
        virtual.replacing(patch, module)
        server = Server(virtual, lambda now, _: kind("no") if any(a <= now < b for a, b in down) else None)
        found = together(virtual, server, Circuit("OpenMetadata", virtual.stop()), threads, 12)
        assert [each for each in found if not isinstance(each, str)] == []


# --- stopping -------------------------------------------------------------------------------------------------------


def test_a_stopped_run_makes_no_call(time: VirtualTime) -> None:
    stop = time.stop()
    stop.set()
    server = Server(time, lambda *_: None)
    with pytest.raises(Stopped):
        server.calling(Circuit("AWS", stop))
    assert server.calls == []


@pytest.mark.parametrize("kind", TRANSIENT)
def test_a_stop_ends_every_wait(kind: type[Retry]) -> None:
    """Real waits, not virtual ones: of the thread that tries and of those that wait for it."""
    stop, entered = threading.Event(), threading.Barrier(4, timeout=10)
    circuit = Circuit("AWS", stop)
    found: list[object] = []

    def fails() -> None:
        raise kind("no", retry_after=100.0)

    def waits() -> None:
        entered.wait()
        found.append(outcome(lambda: circuit.call(fails)))

    threads = [threading.Thread(target=waits, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    entered.wait()
    stop.set()
    for thread in threads:
        thread.join(10)
    assert [type(each) for each in found] == [Stopped] * 3
