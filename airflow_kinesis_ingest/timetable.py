"""A cron schedule between two dates that bind the schedule and nothing else.

With `start_date` or `end_date` on the DAG, Airflow marks a manual run outside of them as success without running its
task (apache/airflow#38513). Here the dates live in the timetable: scheduled runs keep to them, manual runs just run.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.simple import NullTimetable
from cron_descriptor import ExpressionDescriptor
from croniter import CroniterBadDateError
from pendulum import DateTime, instance

from .ticks import JUST_PASSED, Ticks

EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""start_date of every DAG: fixed, and before any logical date that a manual run may have. Schedules begin later."""

_SHORTEST = timedelta.resolution
_MIDNIGHT, _LAST = "00:00", "23:59"


def utcnow() -> datetime:
    """Asked by the scheduler only, and where a text is shown: never while a DAG is made."""
    return datetime.now(timezone.utc)


class OnDemand(NullTimetable):
    """No schedule, in words: Airflow shows `None` as an empty field."""

    description = "on demand: by hand or through Airflow's API"

    @property
    def summary(self) -> str:
        return "on demand"


class CronBetweenDates(Timetable):
    """A run at each tick of a cron line from `start` to `end`, both inclusive.

    What a tick is where the clock jumps: see `ticks`. The data interval of a run began a tick before, or where the last
    run's ended; it is never empty, and each begins later than the one before.
    timezone: the one the cron line is read in. A new pipeline, and one that was paused, first runs for the latest
    tick that has passed; with catchup for every tick since `start`, or, without a start, since its last run. A backfill
    that begins after 2000-01-01 runs for every tick between its own dates, none before `start` nor after `end`.
    waits: a new pipeline first runs for the next tick instead, or for one of the last two minutes (`JUST_PASSED`).
    The class must be importable wherever DAGs are read: scheduler, dag processor and api-server.
    Raises ValueError for what is no cron line or no time zone.
    """

    def __init__(
        self,
        cron: str,
        *,
        timezone: str = "UTC",
        start: datetime | None = None,
        end: datetime | None = None,
        waits: bool = False,
    ) -> None:
        self._expression = cron
        self._zone = timezone
        self._start = instance(start) if start else None
        self._end = instance(end) if end else None
        self._waits = waits
        self._ticks = Ticks(cron, timezone)

    @property
    def summary(self) -> str:
        """Words, time zone and dates: `weekly, Sunday 00:00 Europe/Berlin, from 2027-02-01 UTC`."""
        words = _BUILT_IN.get(self._expression)
        named = f"{words} {self._zone}" if words else f"{_words(self._expression)}, {self._zone}"
        return ", ".join(filter(None, (named, self._dates())))

    @property
    def description(self) -> str:  # type: ignore[override]  # so that a date can have passed since the DAG was made
        """The summary and the cron line."""
        return f"{self.summary} ({self._expression})"

    def _dates(self) -> str:
        # Airflow asks when it stores a parsed DAG, outside of the process that parses: a clock does no harm here. What
        # has ended stays ended, and until then `until` is true as well, should nobody ask again.
        shown = [f"from {_shown(self._start, _MIDNIGHT)}"] if self._start else []
        if self._end:
            ended = self._end < utcnow()
            shown = [] if ended else shown
            shown.append(f"{'ended' if ended else 'until'} {_shown(self._end, _LAST)}")
        return " ".join([*shown, "UTC"] if shown and self._zone != "UTC" else shown)

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        last = last_automated_data_interval
        latest = min(filter(None, (restriction.latest, self._end)), default=None)
        try:
            tick = self._next(last, restriction)
            begin = self._begin(tick, last)
        except (OverflowError, CroniterBadDateError):  # a start on the last day of the year 9999
            return None
        return None if latest and tick > latest else DagRunInfo.interval(begin, tick)

    def _next(self, last: DataInterval | None, restriction: TimeRestriction) -> DateTime:
        first = max(filter(None, (restriction.earliest, self._start)), default=instance(EARLIEST))
        since: list[datetime] = [first]
        if last:
            since.append(last.end + _SHORTEST)
        # Catching up needs a beginning: a last run, a start, or a backfill's own first date.
        if not (restriction.catchup and (last or self._start or first != EARLIEST)):
            now = utcnow()
            since.append(now - JUST_PASSED if self._waits and not last else self._ticks.until(now))
        return instance(self._ticks.after(max(since) - _SHORTEST))

    def _begin(self, tick: DateTime, last: DataInterval | None) -> DateTime:
        # A run is known by the begin of its interval, and Airflow leaves one out that seems to be made already. After a
        # change from hourly to daily, the day before the first daily tick is one that an hourly run has. And an empty
        # interval, as a schedule of Airflow's own makes, ends where it began.
        before = self._before(tick)
        return max(before, last.end, last.start + _SHORTEST) if last else before

    def _before(self, moment: DateTime) -> DateTime:
        return instance(self._ticks.until(moment - _SHORTEST))

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval(self._before(run_after), run_after)

    def serialize(self) -> dict[str, Any]:
        return {
            "cron": self._expression,
            "timezone": self._zone,
            "start": self._start.isoformat() if self._start else None,
            "end": self._end.isoformat() if self._end else None,
            "waits": self._waits,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> CronBetweenDates:
        start, end = data["start"], data["end"]
        return cls(
            data["cron"],
            timezone=data["timezone"],
            start=datetime.fromisoformat(start) if start else None,
            end=datetime.fromisoformat(end) if end else None,
            waits=data.get("waits", False),  # what an earlier version stored has none
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CronBetweenDates) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((self._expression, self._zone, self._start, self._end, self._waits))


_BUILT_IN = {"0 * * * *": "hourly,", "0 0 * * *": "daily, 00:00", "0 0 * * 0": "weekly, Sunday 00:00"}


@lru_cache(maxsize=1024)
def _words(cron: str) -> str:
    # The library that Airflow itself has for this. Its older versions put two conditions of which one must hold as if
    # both had to. English whatever the machine speaks: the processes that ask may differ in that.
    fields = cron.split()
    if len(fields) == 5 and "*" not in (fields[2], fields[4]):
        return cron
    try:
        words = str(ExpressionDescriptor(cron, use_24hour_time_format=True, locale_code="en_US").get_description())
    except Exception:  # noqa: BLE001 - a line it cannot read is a schedule nonetheless, and is its own best words
        return cron
    return words[:1].lower() + words[1:]


def _shown(moment: datetime, implied: str) -> str:
    """The day, and the time if it is not the one that a day alone means."""
    time = f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if time == implied else f"{moment:%Y-%m-%d} {time}"
