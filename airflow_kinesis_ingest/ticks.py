"""The moments that a cron line means on the clock of a time zone, where summer time skips some and shows others twice.

The rule is that of cron itself: cron(8) of Vixie cron, in its section on daylight saving time, of which Airflow's own
timetables keep the second half.

- The clock skips a time that is due: it is due the moment the clock goes on. `30 2 * * *` runs at 03:00 on that day.
- The clock shows a time twice: it is due the first time only. `30 1 * * *` runs once on that day.
- A line for every hour keeps to the time that passes, not to the clock: `*/30 * * * *` runs every 30 minutes, and so
  46 or 50 times on such a day. What is skipped never was, what is shown twice is due twice.

Two times that are due at one moment are one tick: `0 2,3 * * *` runs once at 03:00 where 02:00 is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from croniter import croniter

JUST_PASSED = timedelta(minutes=2)
"""How long a tick counts for a new pipeline that waits for the next one. Airflow plans the first run anew with each
parse until it has made it: without, a tick would be lost whenever a parse came between it and the scheduler's look."""

_MINUTE = timedelta(minutes=1)


class Ticks:
    """The ticks of a cron line of five fields in a time zone of the tz database, in UTC.

    Both methods raise OverflowError or CroniterBadDateError at the ends of time (the years 1 and 9999), where there is
    no such tick. Raises CroniterBadCronError (a ValueError) for what is no cron line.
    """

    def __init__(self, cron: str, zone: str) -> None:
        self._cron = croniter(cron)
        self._zone = ZoneInfo(zone)
        # As Airflow's `_covers_every_hour`: croniter puts 0-23 and */1 down as * too.
        self._every_hour = self._cron.expanded[1] == ["*"]

    def after(self, moment: datetime) -> datetime:
        """The first tick that is later than this moment."""
        clock = self._clock(moment)
        found: list[datetime] = []
        # What the clock will show once more lies before what it shows now.
        for wall in self._later(clock - self._shown_twice(clock)):
            found += [tick for tick in self._ticks(wall) if tick > moment]
            if found and wall > clock:
                return min(found)
        raise OverflowError

    def until(self, moment: datetime) -> datetime:
        """The last tick that is not later than this moment."""
        clock = self._clock(moment)
        found: list[datetime] = []
        for wall in self._earlier(clock + self._shown_twice(clock) + _MINUTE):
            found += [tick for tick in self._ticks(wall) if tick <= moment]
            if found and wall <= clock:
                return max(found)
        raise OverflowError

    def _ticks(self, wall: datetime) -> tuple[datetime, ...]:
        first, second = self._moments(wall)
        if first > second:  # PEP 495: so it is where the clock skips this time, and nowhere else
            return () if self._every_hour else (self._clock_goes_on(wall),)
        return (first, second) if self._every_hour else (first,)

    def _clock_goes_on(self, wall: datetime) -> datetime:
        first, second = self._moments(wall)
        while first > second:
            wall += _MINUTE
            first, second = self._moments(wall)
        return first

    def _shown_twice(self, wall: datetime) -> timedelta:
        """How much later the clock shows this time again; zero: never."""
        first, second = self._moments(wall)
        return max(second - first, timedelta())

    def _moments(self, wall: datetime) -> tuple[datetime, datetime]:
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).astimezone(timezone.utc) for fold in (0, 1))
        return first, second

    def _clock(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0, second=0, microsecond=0)

    def _later(self, wall: datetime) -> Iterator[datetime]:
        cron = copy(self._cron)
        cron.set_current(wall, force=True)
        while True:
            yield cron.get_next(datetime)

    def _earlier(self, wall: datetime) -> Iterator[datetime]:
        cron = copy(self._cron)
        cron.set_current(wall, force=True)
        while True:
            yield cron.get_prev(datetime)
