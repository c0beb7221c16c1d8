"""When a cron line is due on the clock of a time zone, against a cron daemon that looks at that clock every minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_kinesis_ingest.ticks import Ticks

UTC = timezone.utc
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = [
    "Africa/Cairo",  # summer time begins and ends at midnight
    "Africa/Casablanca",  # summer time all year but in Ramadan
    "America/New_York",
    "America/Santiago",  # at midnight, south of the equator
    "America/St_Johns",
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",  # at midnight
    "Asia/Kathmandu",  # 5:45 east of UTC, no summer time
    "Asia/Tehran",  # none since 2022
    "Australia/Lord_Howe",  # by half an hour
    "Australia/Sydney",
    "Europe/Berlin",
    "UTC",
]
CRONS = [
    "0 * * * *",
    "0 0 * * *",
    "0 0 * * 0",
    "0 2 * * *",
    "30 2 * * *",
    "0 2 * * 0",
    "*/30 * * * *",
    "0 */6 * * *",
    "0 2,3 * * *",
    "15 */2 * * *",
    "*/20 0-3 * * *",
    "30 23 * * *",
    "0 0 1 * *",
    "0 3 29 2 *",
    "45 1 * * MON-FRI",
    "0 12 13 * 5",
]


def moment(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def ticks(cron: str, zone: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    """After begin, up to end."""
    of = Ticks(cron, zone)
    tick = of.after(begin)
    while tick <= end:
        yield tick
        tick = of.after(tick)


def on_the_clock(cron: str, zone: str, begin: datetime, end: datetime) -> list[str]:
    return [f"{tick.astimezone(ZoneInfo(zone)):%d %H:%M%z}" for tick in ticks(cron, zone, begin, end)]


@cache
def jumps(zone: str, begin: int, end: int) -> list[datetime]:
    """The hours, from year to year, in which a zone's clock jumps."""
    hours = [datetime(begin, 1, 1, tzinfo=UTC) + HOUR * hour for hour in range((end - begin) * 366 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for hour, (before, after) in zip(hours, pairwise(offsets), strict=False) if before != after]


@cache
def minutes(zone: str, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Every minute after begin up to end, and what the clock shows then."""
    count = int((end - begin) / MINUTE)
    moments = [begin + MINUTE * number for number in range(count + 1)]
    return [(moment, moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for moment in moments]


def daemon(cron: str, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    """What cron runs: it wakes up every minute and looks at the clock.

    Where that went on by more than a minute, it runs what was due in between; what it has run already, it does not run
    again. Only lines for every hour ask for nothing but what the clock shows.
    """
    due = _due(cron)
    every_hour = croniter(cron).expanded[1] == ["*"]
    ran, runs = minutes(zone, begin, end)[0][1], []
    for now, clock in minutes(zone, begin, end)[1:]:
        since = clock - MINUTE if every_hour else ran
        skipped = (since + MINUTE * number for number in range(1, int((clock - since) / MINUTE)))
        if clock > since and (due(clock) or any(map(due, skipped))):
            runs.append(now)
        ran = max(ran, clock)
    return runs


def _due(cron: str) -> Callable[[datetime], bool]:
    minute, hour, day, month, weekday = (set[Any](field) for field in croniter(cron).expanded[:5])
    either = "*" not in day and "*" not in weekday

    def due(clock: datetime) -> bool:
        if ("*" not in minute and clock.minute not in minute) or ("*" not in hour and clock.hour not in hour):
            return False
        days = ("*" in day or clock.day in day, "*" in weekday or clock.isoweekday() % 7 in weekday)
        return ("*" in month or clock.month in month) and (any(days) if either else all(days))

    return due


def test_a_skipped_time_is_due_when_the_clock_goes_on() -> None:
    """In New York, on 8 March 2026, 03:00 comes after 01:59."""
    days = moment("2026-03-07"), moment("2026-03-10")
    assert on_the_clock("30 2 * * *", "America/New_York", *days) == ["07 02:30-0500", "08 03:00-0400", "09 02:30-0400"]
    assert on_the_clock("0 2,3 * * *", "America/New_York", *days)[2:4] == ["08 03:00-0400", "09 02:00-0400"]


def test_a_time_shown_twice_is_due_the_first_time() -> None:
    """In New York, on 1 November 2026, 01:00 comes after 01:59."""
    days = moment("2026-11-01"), moment("2026-11-03")
    assert on_the_clock("30 1 * * *", "America/New_York", *days) == ["01 01:30-0400", "02 01:30-0500"]
    assert on_the_clock("0 */6 * * *", "America/New_York", *days)[:3] == [
        "01 00:00-0400",
        "01 06:00-0500",
        "01 12:00-0500",
    ]


@pytest.mark.parametrize(("day", "count"), [("2026-03-08", 46), ("2026-11-01", 50), ("2026-07-01", 48)])
def test_a_line_for_every_hour_keeps_to_the_time_that_passes(day: str, count: int) -> None:
    begin = moment(day, "America/New_York") - MINUTE
    end = moment(f"{day}T23:59", "America/New_York")
    found = list(ticks("*/30 * * * *", "America/New_York", begin, end))
    assert len(found) == count
    assert {later - one for one, later in pairwise(found)} == {HOUR / 2}


def test_a_day_that_a_country_leaves_out_is_made_up_at_its_end() -> None:
    """Samoa went from 29 to 31 December 2011, to the other side of the date line."""
    days = moment("2011-12-29T09:00"), moment("2012-01-01T09:00")
    assert on_the_clock("0 6 * * *", "Pacific/Apia", *days) == [
        "29 06:00-1000",
        "31 00:00+1400",
        "31 06:00+1400",
        "01 06:00+1400",
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_around_each_jump_it_is_due_when_a_cron_daemon_runs_it(zone: str) -> None:
    for jump in jumps(zone, 2026, 2028):
        window = jump - HOUR * 13, jump + HOUR * 13
        for cron in CRONS:
            assert list(ticks(cron, zone, *window)) == daemon(cron, zone, *window), (cron, jump)


@pytest.mark.parametrize("zone", ZONES)
def test_in_two_years_no_tick_is_lost_or_doubled(zone: str) -> None:
    """There are as many as the calendar has, in its order. Those of less than a day are seen around the jumps."""
    begin, end = moment("2026-01-01", zone) - MINUTE, moment("2028-03-01", zone) - MINUTE
    for cron in (cron for cron in CRONS if cron.split()[1].isdecimal()):
        found = list(ticks(cron, zone, begin, end))
        days = [tick.astimezone(ZoneInfo(zone)).date() for tick in found]
        due = _due(f"* * {' '.join(cron.split()[2:])}")
        assert days == [
            day.date() for day in (datetime(2026, 1, 1) + DAY * number for number in range(790)) if due(day)
        ]
        assert found == sorted(set(found))


FIELD = {
    "minute": st.sampled_from(["0", "15", "30", "59", "*/7", "*/30", "0,45", "*"]),
    "hour": st.sampled_from(["*", "0", "1", "2", "3", "23", "*/2", "0-2", "1,2", "2-3", "*/1", "22-23"]),
    "day": st.sampled_from(["*"] * 6 + ["1", "8", "25-31", "*/2"]),
    "weekday": st.sampled_from(["*"] * 6 + ["0", "5", "MON-FRI", "6,0"]),
}
LINES = st.builds("{minute} {hour} {day} * {weekday}".format, **FIELD)
JUMPS = st.sampled_from([(zone, jump) for zone in ZONES for jump in jumps(zone, 2020, 2028)])


@given(LINES, JUMPS, st.integers(-600, 600))
@example("0 * 26 * *", ("Africa/Cairo", datetime(2023, 10, 26, 20, tzinfo=UTC)), 0)
def test_any_line_around_any_jump(cron: str, at: tuple[str, datetime], offset: int) -> None:
    """Asked from any minute, forwards and backwards, it says what a cron daemon does."""
    zone, jump = at
    begin, end = jump - DAY, jump + DAY
    runs = daemon(cron, zone, begin, end)
    now = jump + MINUTE * offset
    of = Ticks(cron, zone)
    if later := [run for run in runs if run > now]:
        assert of.after(now) == later[0]
        assert of.after(later[0] - timedelta.resolution) == later[0]
    if earlier := [run for run in runs if run <= now]:
        assert of.until(now) == earlier[-1]
        assert of.until(earlier[-1]) == earlier[-1]


@given(LINES, JUMPS, st.integers(-3000, 3000))
def test_forwards_and_backwards_it_is_one_line_of_ticks(cron: str, at: tuple[str, datetime], offset: int) -> None:
    zone, jump = at
    of = Ticks(cron, zone)
    tick = of.after(jump + MINUTE * offset)
    assert of.until(tick) == tick
    assert of.after(of.until(tick - MINUTE)) == tick
    assert of.until(of.after(tick) - MINUTE) == tick


@pytest.mark.parametrize("cron", ["0 0 * *", "61 * * * *", "soon"])
def test_what_is_no_cron_line_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Ticks(cron, "UTC")
