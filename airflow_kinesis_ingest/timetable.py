"""A cron schedule between two dates that bind the schedule and nothing else.

With `start_date` or `end_date` on the DAG, Airflow marks a manual run outside of them as success without running its
task (apache/airflow#38513). Here the dates live in the timetable: scheduled runs keep to them, manual runs just run.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime, instance

EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""start_date of every DAG: fixed, and before any logical date that a manual run may have. Schedules begin later."""


class CronBetweenDates(CronTriggerTimetable):
    """A run at each tick of a cron line from `start` to `end`, both inclusive.

    Its data interval began a tick before, or where the last run's ended.
    timezone: the one the cron line is read in. A new pipeline, and one that was paused, first runs for the latest
    tick that has passed; with catchup for every tick since `start`, or, without a start, since its last run. A backfill
    that begins after 2000-01-01 runs for every tick between its own dates, none before `start` nor after `end`.
    The class must be importable wherever DAGs are read: scheduler, dag processor and api-server.
    """

    def __init__(
        self, cron: str, *, timezone: str = "UTC", start: datetime | None = None, end: datetime | None = None
    ) -> None:
        super().__init__(cron, timezone=timezone)
        self._zone = timezone
        self._start = instance(start) if start else None
        self._end = instance(end) if end else None
        self.description = ", ".join(filter(None, (self.description or cron, f"{timezone} time", self._dates())))

    @property
    def summary(self) -> str:
        return f"{self._expression} {self._dates()}".rstrip()

    def _dates(self) -> str:
        since = f"from {self._start:%Y-%m-%d %H:%M}" if self._start else ""
        until = f"until {self._end:%Y-%m-%d %H:%M}" if self._end else ""
        return f"{since} {until} UTC".strip() if since or until else ""

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        last = last_automated_data_interval
        if last and self._start and last.end < self._start:
            last = None  # runs of an earlier schedule: catching up begins at the start, not at them
        begins = last or self._start or restriction.earliest not in (None, EARLIEST)  # a backfill's own first date
        bounded = TimeRestriction(
            earliest=_latest_of(restriction.earliest, self._start),
            latest=_earliest_of(restriction.latest, self._end),
            catchup=restriction.catchup and bool(begins),
        )
        try:
            found = super().next_dagrun_info(last_automated_data_interval=last, restriction=bounded)
        except OverflowError:  # a start on the last day of the year 9999
            return None
        return DagRunInfo.interval(self._begin(found.run_after, last), found.run_after) if found else None

    def _begin(self, tick: DateTime, last: DataInterval | None) -> DateTime:
        # A run is known by the begin of its interval. After a change from hourly to daily, the day before the first
        # daily tick is one that an hourly run has, and Airflow would leave the daily run out as made already.
        before = self._get_prev(tick)
        return max(before, last.end) if last else before

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        return DataInterval(self._get_prev(run_after), run_after)

    def serialize(self) -> dict[str, Any]:
        return {
            "cron": self._expression,
            "timezone": self._zone,
            "start": self._start.isoformat() if self._start else None,
            "end": self._end.isoformat() if self._end else None,
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> CronBetweenDates:
        start, end = data["start"], data["end"]
        return cls(
            data["cron"],
            timezone=data["timezone"],
            start=datetime.fromisoformat(start) if start else None,
            end=datetime.fromisoformat(end) if end else None,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CronBetweenDates) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((self._expression, self._zone, self._start, self._end))


def _latest_of(*moments: DateTime | None) -> DateTime | None:
    return max((moment for moment in moments if moment), default=None)


def _earliest_of(*moments: DateTime | None) -> DateTime | None:
    return min((moment for moment in moments if moment), default=None)
