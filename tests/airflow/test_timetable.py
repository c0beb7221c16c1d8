"""When a pipeline runs: at the ticks of a cron line, between two dates that bind the schedule and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from hypothesis import given
from hypothesis import strategies as st
from pendulum import DateTime, instance, parse

from airflow_kinesis_ingest import timetable as module
from airflow_kinesis_ingest.ticks import Ticks
from airflow_kinesis_ingest.timetable import EARLIEST, CronBetweenDates, OnDemand
from tests.airflow.loading import serialization
from tests.test_ticks import CRONS, JUMPS, LINES, ZONES, jumps, ticks

HOURLY, DAILY, WEEKLY = "0 * * * *", "0 0 * * *", "0 0 * * 0"


def moment(text: str) -> DateTime:
    found = parse(text, tz="UTC")
    assert isinstance(found, DateTime)
    return found


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Saturday, 21 November 2026, 02:30 UTC."""
    monkeypatch.setattr(module, "utcnow", lambda: datetime.fromisoformat("2026-11-21T02:30:00+00:00"))


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


def followed(of: CronBetweenDates) -> list[DataInterval]:
    """The intervals of its runs, from its start to its end. Each is that of one tick, and none is without another."""
    made = [interval_of(run) for run in runs(of, catchup=True)]
    assert all(interval.start < interval.end for interval in made)
    assert all(one.start < later.start and one.end == later.start for one, later in pairwise(made))
    return made


@pytest.mark.parametrize("zone", ZONES)
def test_across_each_jump_in_two_years_every_tick_has_a_run_of_its_own(zone: str) -> None:
    """Airflow knows a run by the begin of its interval: where two have the same, the second is never made."""
    for jump in jumps(zone, 2026, 2028) or [moment("2026-03-08")]:
        for cron in CRONS:
            begin, end = (moment_of_tick(cron, zone, jump, number) for number in (-6, 9))
            start = (begin + timedelta(minutes=1)).isoformat()
            found = followed(timetable(cron, start=start, end=end.isoformat(), timezone=zone))
            assert [interval.end for interval in found] == list(ticks(cron, zone, begin, end)), (cron, jump)


def moment_of_tick(cron: str, zone: str, of: datetime, number: int) -> datetime:
    """So many ticks after a moment, or before it."""
    some = Ticks(cron, zone)
    for _ in range(abs(number)):
        of = some.after(of) if number > 0 else some.until(of - timedelta.resolution)
    return of


@given(LINES, JUMPS, st.integers(-240, 240))
def test_around_any_jump_of_the_clock_every_tick_has_a_run_of_its_own(
    cron: str, at: tuple[str, datetime], offset: int
) -> None:
    zone, jump = at
    begin, end = (jump + timedelta(minutes=offset + minutes) for minutes in (-240, 240))
    some = timetable(cron, start=(begin + timedelta(minutes=1)).isoformat(), end=end.isoformat(), timezone=zone)
    assert [interval.end for interval in followed(some)] == list(ticks(cron, zone, begin, end))


@pytest.mark.parametrize(
    ("cron", "last"),
    [
        ("0 2 * * *", ("2026-03-08 07:00", "2026-03-08 07:00")),
        ("30 2 * * *", ("2026-03-07 07:30", "2026-03-08 07:30")),
        ("0 2 * * 0", ("2026-03-08 07:00", "2026-03-08 07:00")),
        ("30 1 * * *", ("2026-10-31 05:30", "2026-11-01 06:30")),
    ],
)
@pytest.mark.parametrize("catchup", [False, True])
def test_it_goes_on_where_the_first_version_stopped(
    cron: str, last: tuple[str, str], catchup: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That gave a skipped tick an empty interval, another time to `30 2 * * *`, and took the second of two 01:30s."""
    interval = DataInterval(*map(moment, last))
    monkeypatch.setattr(module, "utcnow", lambda: interval.end.add(hours=1))
    some = runs(timetable(cron, timezone="America/New_York"), catchup=catchup, last=interval)
    made = [interval, *(interval_of(next(some)) for _ in range(3))]
    assert all(one.start < later.start and one.end < later.end for one, later in pairwise(made))
    assert all(later.start < later.end for later in made[1:])


@pytest.mark.parametrize("catchup", [False, True])
def test_it_takes_over_from_a_schedule_of_airflows_own(catchup: bool) -> None:
    """Whose intervals are empty: the run of today's midnight began and ended then."""
    midnight = moment("2026-11-20")
    run = first(timetable(DAILY), catchup=catchup, last=DataInterval(midnight, midnight))
    assert interval_of(run).end == moment("2026-11-21")
    assert midnight < interval_of(run).start < moment("2026-11-20 00:01")


def test_a_start_that_was_moved_takes_no_begin_of_an_earlier_run() -> None:
    """The hourly pipeline becomes daily from the 18th: the day before its first tick has begun with an hourly run."""
    last = DataInterval(moment("2026-11-17 00:00"), moment("2026-11-17 01:00"))
    run = first(timetable(DAILY, start="2026-11-18"), catchup=True, last=last)
    assert shown(run) == ("2026-11-17 01:00", "2026-11-18 00:00", "2026-11-18 00:00")


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        (HOURLY, "hourly, Europe/Berlin"),
        (DAILY, "daily, 00:00 Europe/Berlin"),
        (WEEKLY, "weekly, Sunday 00:00 Europe/Berlin"),
        ("30 6 * * MON-FRI", "at 06:30, Monday through Friday, Europe/Berlin"),
        ("*/30 * * * *", "every 30 minutes, Europe/Berlin"),
        ("0 0 13 * 5", "0 0 13 * 5, Europe/Berlin"),
    ],
)
def test_people_see_the_schedule_in_words_and_its_time_zone(cron: str, words: str) -> None:
    """Airflow shows the summary, and the description to those who ask. Either day of two: no words are sure."""
    some = timetable(cron, timezone="Europe/Berlin")
    assert (some.summary, some.description) == (words, f"{words} ({cron})")


@pytest.mark.parametrize(
    ("start", "end", "zone", "dates"),
    [
        ("2027-02-01", "", "UTC", "from 2027-02-01"),
        ("2027-02-01", "", "Europe/Berlin", "from 2027-02-01 UTC"),
        ("2026-11-01", "2027-01-31T23:59:59.999999", "UTC", "from 2026-11-01 until 2027-01-31"),
        ("2026-11-01T12:30", "2027-01-31T06:00", "UTC", "from 2026-11-01 12:30 until 2027-01-31 06:00"),
        ("", "2026-11-21T23:59:59.999999", "UTC", "until 2026-11-21"),
        ("2026-01-01", "2026-11-20T23:59:59.999999", "UTC", "ended 2026-11-20"),
        ("2026-01-01", "2026-11-20T06:00", "Europe/Berlin", "ended 2026-11-20 06:00 UTC"),
    ],
)
def test_people_see_the_dates(start: str, end: str, zone: str, dates: str) -> None:
    """The DAG itself has none to show. They are UTC, as in the file, whatever zone the schedule is read in."""
    assert timetable(DAILY, start, end, zone).summary == f"daily, 00:00 {zone}, {dates}"


def test_that_a_schedule_has_ended_is_seen_without_a_change_of_its_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DAG is made without a clock. Airflow asks for the text whenever it stores one, from what was stored of it."""
    some = timetable(DAILY, end="2026-11-30T23:59:59")
    before = some.serialize()
    assert some.summary.endswith("until 2026-11-30")
    monkeypatch.setattr(module, "utcnow", lambda: moment("2026-12-01"))
    assert CronBetweenDates.deserialize(before).summary.endswith("ended 2026-11-30")
    assert some.serialize() == before


def test_a_line_that_has_no_words_is_its_own_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow asks for the texts of all DAGs of a loader in one transaction: none may fail."""
    monkeypatch.setattr(module, "ExpressionDescriptor", None)
    assert timetable("1 2 3 4 *").summary == "1 2 3 4 *, UTC"


def test_on_demand_is_said() -> None:
    """By a class of its own: Airflow's shows an empty field."""
    stored = json.loads(json.dumps(serialization().to_dict(DAG("shop", schedule=OnDemand()))))
    found = serialization().from_dict(stored).timetable
    assert isinstance(found, OnDemand)
    assert (found.summary, found.can_be_scheduled, found.periodic) == ("on demand", False, False)
    bounds = TimeRestriction(catchup=True, earliest=instance(EARLIEST), latest=None)
    assert found.next_dagrun_info(last_automated_data_interval=None, restriction=bounds) is None


def test_what_the_first_version_stored_is_read() -> None:
    """Its path and its fields are in databases: a scheduler reads them before the DAG is parsed anew."""
    stored = json.loads(json.dumps(serialization().to_dict(DAG("shop", schedule=timetable(DAILY)))))
    stored["dag"]["timetable"] = {
        "__type": "airflow_kinesis_ingest.timetable.CronBetweenDates",
        "__var": {
            "cron": "30 6 * * MON-FRI",
            "timezone": "America/St_Johns",
            "start": "2026-11-01T00:00:00+00:00",
            "end": "2027-01-31T23:59:59.999999+00:00",
        },
    }
    found = serialization().from_dict(stored).timetable
    assert found == timetable("30 6 * * MON-FRI", "2026-11-01", "2027-01-31T23:59:59.999999", "America/St_Johns")


@pytest.mark.parametrize(
    "some",
    [
        timetable(HOURLY),
        timetable(WEEKLY, start="2026-11-01"),
        CronBetweenDates(DAILY, waits=True),
        timetable("30 6 * * MON-FRI", "2026-11-01", "2027-01-31T23:59:59.999999", "America/St_Johns"),
    ],
    ids=["plain", "start", "waits", "all"],
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


@pytest.mark.parametrize(
    ("cron", "tick"),
    [
        (DAILY, "2026-11-22 00:00"),
        (HOURLY, "2026-11-21 03:00"),
        ("28 2 * * *", "2026-11-21 02:28"),  # two minutes ago
        ("27 2 * * *", "2026-11-22 02:27"),
        ("30 2 * * *", "2026-11-21 02:30"),
    ],
)
def test_a_new_pipeline_that_waits_first_runs_for_the_next_tick(cron: str, tick: str) -> None:
    """Or for one of the last two minutes: Airflow plans it anew with each parse, also between the tick and its run."""
    waiting = CronBetweenDates(cron, waits=True)
    assert shown(first(waiting))[2] == tick
    assert waiting != CronBetweenDates(cron)


def test_waiting_is_for_the_first_run_alone() -> None:
    """One that ran before, and was paused, runs for the latest tick that it missed; a backfill has all of its dates."""
    waiting = CronBetweenDates(DAILY, waits=True)
    last = DataInterval(moment("2026-11-01"), moment("2026-11-02"))
    assert shown(first(waiting, last=last))[2] == "2026-11-21 00:00"
    bounds = TimeRestriction(catchup=True, earliest=moment("2026-10-01"), latest=moment("2026-10-02"))
    found = waiting.next_dagrun_info(last_automated_data_interval=None, restriction=bounds)
    assert found is not None
    assert shown(found)[2] == "2026-10-01 00:00"


def test_other_dates_are_another_timetable() -> None:
    assert timetable(DAILY) != timetable(DAILY, start="2026-11-01")
    assert timetable(DAILY) != timetable(DAILY, timezone="Europe/Berlin")
    assert timetable(DAILY) != DAILY
