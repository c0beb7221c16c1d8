"""When a pipeline runs: at the ticks of a cron line, between two dates that bind the schedule and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.timetables import trigger
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from pendulum import DateTime, instance, parse

from airflow_kinesis_ingest.timetable import EARLIEST, CronBetweenDates
from tests.airflow.loading import serialization

HOURLY, DAILY, WEEKLY = "0 * * * *", "0 0 * * *", "0 0 * * 0"


def moment(text: str) -> DateTime:
    found = parse(text, tz="UTC")
    assert isinstance(found, DateTime)
    return found


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Saturday, 21 November 2026, 02:30 UTC."""
    monkeypatch.setattr(trigger, "utcnow", lambda: datetime.fromisoformat("2026-11-21T02:30:00+00:00"))


def timetable(cron: str, start: str = "", end: str = "", timezone: str = "UTC") -> CronBetweenDates:
    return CronBetweenDates(
        cron, timezone=timezone, start=moment(start) if start else None, end=moment(end) if end else None
    )


def runs(of: CronBetweenDates, *, catchup: bool = False, last: DataInterval | None = None) -> Iterator[DagRunInfo]:
    """The runs that the scheduler makes, one after the other."""
    while True:
        bounds = TimeRestriction(catchup=catchup, earliest=instance(EARLIEST), latest=None)
        found = of.next_dagrun_info(last_automated_data_interval=last, restriction=bounds)
        if found is None:
            return
        yield found
        last = found.data_interval


def first(of: CronBetweenDates, **options: Any) -> DagRunInfo:
    return next(runs(of, **options))


def interval_of(run: DagRunInfo) -> DataInterval:
    assert run.data_interval
    return run.data_interval


def shown(run: DagRunInfo) -> tuple[str, str, str]:
    """Begin and end of the data interval, and when it runs, in UTC."""
    moments = (interval_of(run).start, interval_of(run).end, run.run_after)
    begin, end, after = (f"{each.in_timezone('UTC'):YYYY-MM-DD HH:mm}" for each in moments)
    return begin, end, after


@pytest.mark.parametrize(
    ("cron", "begin", "tick"),
    [
        (HOURLY, "2026-11-21 01:00", "2026-11-21 02:00"),
        (DAILY, "2026-11-20 00:00", "2026-11-21 00:00"),
        (WEEKLY, "2026-11-08 00:00", "2026-11-15 00:00"),
        ("30 6 * * MON-FRI", "2026-11-19 06:30", "2026-11-20 06:30"),
        ("0 6 * * MON", "2026-11-09 06:00", "2026-11-16 06:00"),
    ],
)
def test_a_new_pipeline_runs_at_once_for_the_latest_tick(cron: str, begin: str, tick: str) -> None:
    """So that its streams are in the catalogue within the hour. The interval of a run lies between two ticks."""
    assert shown(first(timetable(cron))) == (begin, tick, tick)


@pytest.mark.parametrize("coarser", [DAILY, WEEKLY])
def test_a_schedule_made_coarser_leaves_no_run_out(coarser: str) -> None:
    """Airflow knows a run by the begin of its interval: the first one must not have that of an earlier, shorter run."""
    hourly = runs(timetable(HOURLY), catchup=True, last=DataInterval(moment("2026-11-14"), moment("2026-11-14 01:00")))
    made = [interval_of(next(hourly)) for _ in range(169)]
    run = first(timetable(coarser), last=made[-1])
    assert interval_of(run).start not in {interval.start for interval in made}
    assert interval_of(run).start == made[-1].end


def test_then_it_runs_at_each_tick() -> None:
    some = runs(timetable(HOURLY))
    assert [shown(next(some))[2][-5:] for _ in range(3)] == ["02:00", "03:00", "04:00"]


def test_without_catchup_missed_ticks_are_left_out() -> None:
    long_ago = DataInterval(moment("2026-11-01"), moment("2026-11-02"))
    assert shown(first(timetable(DAILY), last=long_ago))[2] == "2026-11-21 00:00"


def test_with_catchup_no_tick_is_left_out() -> None:
    some = runs(timetable(DAILY, start="2026-11-18"), catchup=True)
    assert [shown(next(some))[2] for _ in range(3)] == ["2026-11-18 00:00", "2026-11-19 00:00", "2026-11-20 00:00"]


def test_catching_up_goes_on_after_the_last_run() -> None:
    last = DataInterval(moment("2026-11-17"), moment("2026-11-18"))
    assert shown(first(timetable(DAILY), catchup=True, last=last))[2] == "2026-11-19 00:00"


def test_catching_up_without_a_start_begins_now() -> None:
    """And not at the DAG's own start_date, which is decades ago."""
    assert shown(first(timetable(DAILY), catchup=True))[2] == "2026-11-21 00:00"


def test_catching_up_begins_at_a_start_that_was_moved() -> None:
    """And not at the last run of the earlier schedule."""
    last = DataInterval(moment("2026-01-01"), moment("2026-01-02"))
    assert shown(first(timetable(DAILY, start="2026-11-18"), catchup=True, last=last))[2] == "2026-11-18 00:00"


@pytest.mark.parametrize("catchup", [False, True])
def test_a_backfill_has_every_tick_between_its_own_dates(catchup: bool) -> None:
    """With or without a start and catch-up, as Airflow asks the stored DAG for it."""
    dag = DAG("shop", schedule=timetable(DAILY), start_date=EARLIEST, catchup=catchup)
    stored = serialization().from_dict(json.loads(json.dumps(serialization().to_dict(dag))))
    found = [shown(run)[2] for run in stored.iter_dagrun_infos_between(moment("2026-10-01"), moment("2026-10-03"))]
    assert found == ["2026-10-01 00:00", "2026-10-02 00:00", "2026-10-03 00:00"]


def test_a_backfill_keeps_to_the_start_and_the_end() -> None:
    bounds = TimeRestriction(earliest=moment("2026-09-01"), latest=moment("2026-12-01"), catchup=True)
    some, last, ticks = timetable(DAILY, "2026-10-01", "2026-10-02T12:00"), None, []
    while run := some.next_dagrun_info(last_automated_data_interval=last, restriction=bounds):
        ticks.append(shown(run)[2])
        last = run.data_interval
    assert ticks == ["2026-10-01 00:00", "2026-10-02 00:00"]


@pytest.mark.parametrize(
    ("start", "tick"),
    [
        ("2027-01-01T00:00", "2027-01-01 00:00"),
        ("2027-01-01T00:01", "2027-01-02 00:00"),
        ("2026-11-20T12:00", "2026-11-21 00:00"),
    ],
)
@pytest.mark.parametrize("catchup", [False, True])
def test_nothing_runs_before_the_start(start: str, tick: str, catchup: bool) -> None:
    """A tick at the start itself is in."""
    assert shown(first(timetable(DAILY, start=start), catchup=catchup))[2] == tick


@pytest.mark.parametrize(("end", "ticks"), [("2026-11-23T00:00", 3), ("2026-11-22T23:59", 2), ("2026-11-20T23:59", 0)])
def test_nothing_runs_after_the_end(end: str, ticks: int) -> None:
    """A tick at the end itself is in; a pipeline whose end has passed has no next run."""
    assert len(list(runs(timetable(DAILY, end=end)))) == ticks


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59", ""])
@pytest.mark.parametrize("start", ["0001-01-01", "9999-12-31T12:00", ""])
@pytest.mark.parametrize("catchup", [False, True])
def test_the_ends_of_time_do_not_break_the_scheduler(start: str, end: str, catchup: bool) -> None:
    """It asks every DAG in one loop."""
    for run, _ in zip(runs(timetable(DAILY, start, end), catchup=catchup), range(3), strict=False):
        assert interval_of(run).start <= interval_of(run).end


def test_a_manual_run_is_bound_by_no_date() -> None:
    """Its interval is the one that ends with the latest tick before it."""
    ended = timetable(DAILY, start="2026-11-01", end="2026-11-10")
    interval = ended.infer_manual_data_interval(run_after=moment("2026-11-21T02:30"))
    assert (interval.start, interval.end) == (moment("2026-11-21T00:00"), moment("2026-11-21T02:30"))


def test_the_dags_own_bounds_hold_too() -> None:
    bounds = TimeRestriction(earliest=None, latest=moment("2026-11-20"), catchup=False)
    assert timetable(DAILY).next_dagrun_info(last_automated_data_interval=None, restriction=bounds) is None


def test_midnight_is_that_of_the_pipelines_time_zone() -> None:
    """Berlin is an hour east of UTC in winter, and two in summer; its daily run stays at its midnight."""
    berlin = runs(timetable(DAILY, start="2026-10-24", timezone="Europe/Berlin"), catchup=True)
    assert [shown(next(berlin))[2] for _ in range(3)] == ["2026-10-24 22:00", "2026-10-25 23:00", "2026-10-26 23:00"]


def test_the_hour_that_summer_time_skips_and_the_one_it_repeats() -> None:
    """An hourly pipeline runs once an hour on both days: 23 and 25 times."""
    for day, hours in (("2026-03-28T23:00", 23), ("2026-10-24T22:00", 25)):
        end = moment(day).add(hours=hours, minutes=-1).isoformat()
        found = list(runs(timetable(HOURLY, start=day, end=end, timezone="Europe/Berlin"), catchup=True))
        assert len({run.run_after.in_timezone("UTC") for run in found}) == len(found) == hours


def test_people_see_the_dates() -> None:
    """Airflow shows both texts; the DAG itself has no dates to show."""
    some = timetable("30 6 * * *", start="2026-11-01", end="2027-01-31T23:59", timezone="Europe/Berlin")
    assert some.summary == "30 6 * * * from 2026-11-01 00:00 until 2027-01-31 23:59 UTC"
    assert some.description == "At 06:30, Europe/Berlin time, from 2026-11-01 00:00 until 2027-01-31 23:59 UTC"
    assert timetable(DAILY).summary == DAILY
    assert timetable(DAILY).description == "At 00:00, UTC time"


@pytest.mark.parametrize(
    "some",
    [
        timetable(HOURLY),
        timetable(WEEKLY, start="2026-11-01"),
        timetable("30 6 * * MON-FRI", "2026-11-01", "2027-01-31T23:59:59.999999", "America/St_Johns"),
    ],
    ids=["plain", "start", "all"],
)
def test_it_survives_airflows_database(some: CronBetweenDates) -> None:
    """The scheduler and the api-server have it from there, by way of the plugin."""
    stored = json.loads(json.dumps(serialization().to_dict(DAG("shop", schedule=some))))
    found = serialization().from_dict(stored).timetable
    assert isinstance(found, CronBetweenDates)
    assert found == some
    assert hash(found) == hash(some)
    assert (found.summary, found.description) == (some.summary, some.description)
    assert shown(first(found)) == shown(first(some))


def test_other_dates_are_another_timetable() -> None:
    assert timetable(DAILY) != timetable(DAILY, start="2026-11-01")
    assert timetable(DAILY) != timetable(DAILY, timezone="Europe/Berlin")
    assert timetable(DAILY) != DAILY
