"""AWS's rates, kept by waiting. Time is the test's: a call goes out when its pacer says, and nobody sleeps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine import retry
from airflow_kinesis_ingest.engine.aws.quota import RATES, SHARD_READS, Pacer, Quota
from airflow_kinesis_ingest.engine.retry import Circuit
from airflow_kinesis_ingest.errors import Stopped, Throttled
from tests.fakes.kinesis import AWS_QUOTAS
from tests.virtual_time import VirtualTime


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sent(pacer: Pacer, clock: Clock, pauses: list[float]) -> list[float]:
    """When each of some calls goes out, if the caller rests so long before it asks."""
    times = []
    for pause in pauses:
        clock.now += pause
        clock.now += pacer.reserve()
        times.append(clock.now)
    return times


def most_within(seconds: float, times: list[float]) -> int:
    return max(sum(start <= time < start + seconds for time in times) for start in times)


@given(
    st.sampled_from([1.0, 4.0, 4.95, 19.8]),
    st.integers(1, 5),
    st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.3, 2.0]), min_size=1, max_size=60),
)
def test_no_second_sees_more_calls_than_the_rate_and_one_burst(rate: float, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    times = sent(Pacer(rate, burst=burst, clock=clock), clock, pauses)
    assert most_within(1.0 - 1e-6, times) <= rate + burst
    assert most_within(10.0 - 1e-6, times) <= 10 * rate + burst


def test_a_caller_without_a_pause_gets_exactly_the_rate() -> None:
    clock = Clock()
    times = sent(Pacer(5.0, clock=clock), clock, [0.0] * 51)
    assert times[-1] - times[0] == pytest.approx(10.0)


def test_after_a_pause_a_burst_goes_out_at_once() -> None:
    clock = Clock()
    pacer = Pacer(5.0, burst=3, clock=clock)
    assert [pacer.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.0, 0.2])
    clock.now += 60
    assert [pacer.reserve() for _ in range(4)] == pytest.approx([0.0, 0.0, 0.0, 0.2])


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.01])
@pytest.mark.parametrize("api", RATES)
def test_a_run_stays_within_its_share_of_aws_quota_by_api(api: str, share: float, clock: Clock) -> None:
    """AWS's bucket holds the calls of one second: the rate and the burst together must fit into it."""
    quota, stop = Quota(share), Recorder(clock)
    started, filled_at = clock.now, clock.now
    bucket = rate = AWS_QUOTAS[api]
    for _ in range(100):
        quota.wait(api, stop)
        bucket, filled_at = min(rate, bucket + (clock.now - filled_at) * rate) - 1, clock.now
        assert bucket > -1e-6
    assert clock.now - started == pytest.approx((100 - round(rate / 4)) / (rate * share), rel=0.05)


class Recorder(threading.Event):
    """A stop that nobody sets; waiting for it turns the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._time = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._time.now += timeout or 0.0
        return self.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Pacer.__init__, "__kwdefaults__", {"burst": 1, "clock": made})
    return made


def test_the_rates_are_aws_own() -> None:
    assert {api: AWS_QUOTAS[api] for api in RATES} == RATES
    assert AWS_QUOTAS["GetRecords"] > SHARD_READS


def test_an_api_without_a_rate_is_not_paced(clock: Clock) -> None:
    quota, stop = Quota(1.0), Recorder(clock)
    for _ in range(1000):
        quota.wait("ListShards", stop)
    quota.slow_down("ListShards")
    assert clock.now == 1000.0


def test_rates_of_other_things_can_be_kept_too(clock: Clock) -> None:
    """A shard's: two calls at once, then one each quarter of a second."""
    quota, stop = Quota(1.0, {"GetRecords": 4.0}, burst=2), Recorder(clock)
    for _ in range(6):
        quota.wait("GetRecords", stop)
    assert clock.now == pytest.approx(1001.0)


def test_a_throttle_slows_its_api_alone(clock: Clock) -> None:
    def seconds(quota: Quota, api: str) -> float:
        before = clock.now
        for _ in range(20):
            quota.wait(api, Recorder(clock))
        return clock.now - before

    for api, slower in (("ListStreams", True), ("DescribeStreamSummary", False)):
        throttled, calm = Quota(1.0), Quota(1.0)
        throttled.slow_down("ListStreams")
        assert (seconds(throttled, api) > seconds(calm, api) + 0.01) == slower


# --- backing off ----------------------------------------------------------------------------------------------------


def interval(pacer: Pacer) -> float:
    """Seconds between two calls at the rate of this moment."""
    pacer.reserve()
    return -pacer.reserve() + pacer.reserve()


def test_a_throttle_costs_half_of_the_rate() -> None:
    clock = Clock()
    pacer = Pacer(10.0, clock=clock)
    pacer.slow_down()
    assert interval(pacer) == pytest.approx(1 / 5)


def test_the_answers_to_calls_that_were_under_way_count_as_one_throttle() -> None:
    clock = Clock()
    pacer = Pacer(10.0, clock=clock)
    for _ in range(8):
        pacer.slow_down()
        clock.now += 0.01
    assert interval(pacer) == pytest.approx(1 / 5, rel=0.01)


def test_the_rate_comes_back_by_a_sixtieth_a_second_and_never_exceeds_the_share() -> None:
    """Others need the room for more than a moment: whoever caused the throttle is still there."""
    rates = []
    for seconds in (0.0, 6.0, 18.0, 30.0, 600.0):
        clock = Clock()
        pacer = Pacer(10.0, clock=clock)
        pacer.slow_down()
        clock.now += seconds
        rates.append(1 / interval(pacer))
    assert rates == pytest.approx([5.0, 6.0, 8.0, 10.0, 10.0])


def test_throttled_again_and_again_it_goes_on_at_a_fiftieth() -> None:
    """A run that waits for ever looks like one that hangs."""
    clock = Clock()
    pacer = Pacer(100.0, clock=clock)
    for _ in range(100):
        clock.now += 1.0
        pacer.slow_down()
    assert 1 / interval(pacer) == pytest.approx(2.0)


# --- stopping -------------------------------------------------------------------------------------------------------


def test_who_waits_for_a_slot_leaves_when_the_run_is_stopped() -> None:
    pacer, stop = Pacer(0.001), threading.Event()
    pacer.wait(stop)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(pacer.wait, stop)
        stop.set()
        assert isinstance(waiting.exception(timeout=10), Stopped)


def test_a_stopped_run_gets_no_slot_even_a_free_one() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Pacer(1000.0).wait(stop)


def test_many_threads_share_the_rate() -> None:
    """Each slot is given once."""
    clock = Clock()
    pacer = Pacer(10.0, clock=clock)
    with ThreadPoolExecutor(8) as pool:
        slots = sorted(pool.map(lambda _: pacer.reserve(), range(400)))
    assert slots == pytest.approx([number / 10 for number in range(400)])


# --- making room ----------------------------------------------------------------------------------------------------


class Account:
    """AWS's bucket for one API, that holds the calls of one second; the time is virtual."""

    def __init__(self, time: VirtualTime, rate: float) -> None:
        self._time = time
        self._lock = threading.Lock()
        self._rate = self._tokens = rate
        self._at = time.now
        self.throttled = 0

    def takes(self) -> bool:
        with self._lock:
            self._tokens = min(self._rate, self._tokens + (self._time.now - self._at) * self._rate)
            self._at = self._time.now
            if self._tokens < 0.9999:
                self.throttled += 1
                return False
            self._tokens -= 1
            return True


def test_twelve_runs_of_one_account_at_once_lose_no_call_and_take_equal_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a run's real numbers: 50 streams and 8 threads each, 20 descriptions a second for all."""
    time = VirtualTime()
    time.replacing(monkeypatch, retry)
    monkeypatch.setattr(Pacer.__init__, "__kwdefaults__", {"burst": 1, "clock": time.monotonic})
    account, api = Account(time, AWS_QUOTAS["DescribeStreamSummary"]), "DescribeStreamSummary"
    ended = [0.0] * 12

    def thread(run: int, quota: Quota, circuit: Circuit, calls: Iterator[int]) -> None:
        stop = time.stop()

        def once() -> None:
            quota.wait(api, stop)
            if not account.takes():
                quota.slow_down(api)
                raise Throttled("AWS throttles this call")

        for _ in calls:
            circuit.call(once)
            stop.wait(0.03)
        ended[run] = max(ended[run], time.now - 1000.0)

    threads = []
    for run in range(12):
        shared = (run, Quota(0.9), Circuit("AWS", time.stop()), iter(range(50)))
        threads += [partial(thread, *shared) for _ in range(8)]
    time.run(*threads)
    assert account.throttled > 0
    floor = 12 * 50 / 20
    assert max(ended) < 2.5 * floor
    # Who asks first before the others are there may be done early; nobody else is far ahead.
    assert sorted(ended)[2] > 0.4 * floor


def test_a_run_that_others_leave_no_room_goes_on_slowly_and_comes_back_when_they_are_done() -> None:
    clock = Clock()
    pacer = Pacer(18.0, clock=clock)
    for _ in range(20):
        pacer.slow_down()
        clock.now += 1.0
    assert 1 / interval(pacer) < 1.0
    clock.now += 60.0
    assert 1 / interval(pacer) == pytest.approx(18.0)
