"""A year of pipelines in Airflow's own scheduler: from the file to its runs in a real database, on a clock that jumps.

What the scheduler asks of a timetable is more than an answer to a call: it knows a run by the begin of its interval and
by its id, takes the last one from the database, and leaves out what it finds there already.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pendulum import instance
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from airflow_kinesis_ingest import timetable
from airflow_kinesis_ingest.engine.workflow.spread import spread_line
from tests.airflow.loading import Bundle
from tests.airflow.test_timetable import moment
from tests.test_ticks import ticks

BEGIN, END = moment("2026-01-02T12:00"), moment("2027-01-01T12:00")
PIPELINES = {
    "new_york": ("0 2 * * *", "America/New_York"),
    "new_york_weekly": ("0 2 * * 0", "America/New_York"),
    "beirut_weekly": ("weekly", "Asia/Beirut"),
    "santiago_weekly": ("weekly", "America/Santiago"),
    "lord_howe_weekly": ("15 2 * * 0", "Australia/Lord_Howe"),
    "berlin_monthly": ("0 3 29 * *", "Europe/Berlin"),
}
"""Each has a tick that the clock of its zone skips in 2026, shows twice, or both."""
CRON = {"daily": "0 0 * * *", "weekly": "0 0 * * 0"}


class Scheduler:
    """Airflow's, for the pipelines of one folder. said: what it warned of, and the errors that it caught."""

    def __init__(self, session: Session, patch: pytest.MonkeyPatch) -> None:
        from airflow.jobs.job import Job
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

        self.now: datetime = BEGIN
        self.said: list[str] = []
        self._session = session
        self._runner = SchedulerJobRunner(job=Job())  # type: ignore[no-untyped-call]
        patch.setattr(timetable, "utcnow", lambda: self.now)
        for level in ("warning", "error", "exception"):
            patch.setattr(self._runner.log, level, lambda text, **_: self.said.append(text), raising=False)

    def store(self, bundle: Bundle) -> None:
        """What the dag processor does with each parse of the loader."""
        from airflow.dag_processing.collection import update_dag_parsing_results_in_db
        from airflow.models.dagbundle import DagBundleModel

        self._session.merge(DagBundleModel(name="dags-folder"))
        self._session.flush()
        update_dag_parsing_results_in_db(
            bundle_name="dags-folder",
            bundle_version=None,
            dags=bundle.parsed().result.serialized_dags,
            import_errors={},
            parse_duration=1.0,
            warnings=set(),
            session=self._session,
            files_parsed={("dags-folder", bundle.loader)},
        )

    def run_until(self, end: datetime) -> None:
        """Every run that is due until then is made at its own time, and is done before the next one."""
        while due := [model for model in self._scheduled() if model.next_dagrun_create_after <= end]:
            self.now = min(instance(model.next_dagrun_create_after) for model in due)
            now = [model for model in due if model.next_dagrun_create_after <= self.now]
            self._runner._create_dag_runs(now, self._session)
            assert not self.said
            self._finish()

    def runs(self, dag_id: str) -> list[Any]:
        from airflow.models.dagrun import DagRun

        return list(
            self._session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.data_interval_end))
        )

    def shown(self, dag_id: str) -> tuple[str | None, str | None]:
        """The texts of a pipeline's schedule."""
        from airflow.models.dag import DagModel

        model = self._session.get_one(DagModel, dag_id)
        return model.timetable_summary, model.timetable_description

    def _scheduled(self) -> list[Any]:
        from airflow.models.dag import DagModel

        return list(self._session.scalars(select(DagModel).where(DagModel.next_dagrun_create_after.is_not(None))))

    def _finish(self) -> None:
        from airflow.models.dag import DagModel
        from airflow.models.dagrun import DagRun

        self._session.execute(update(DagRun).where(DagRun.state != "success").values(state="success"))
        if hasattr(DagModel, "exceeds_max_non_backfill"):  # which 3.1 does not keep
            self._session.execute(update(DagModel).values(exceeds_max_non_backfill=False))


@pytest.fixture
def scheduler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scheduler]:
    """On a database that has no pipeline, and in the end has none again."""
    from airflow.utils.session import create_session

    with create_session() as session:
        yield Scheduler(session, monkeypatch)
        session.rollback()


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("catchup", [True, False])
def test_in_a_year_each_tick_has_one_run(catchup: bool, scheduler: Scheduler, bundle: Bundle) -> None:
    """And none is found to be made already. Without catch-up the first is that of the latest tick that has passed."""
    for name, (schedule, zone) in PIPELINES.items():
        start = {"startDate": f"{BEGIN.isoformat()}"} if catchup else {}
        config = {"scheduleInterval": schedule, "pipelineTimezone": zone, "pipelineCatchup": catchup, **start}
        bundle.put(f"{name}.yaml", airflowConfig=config)
    scheduler.store(bundle)
    scheduler.run_until(END)
    for name, (schedule, zone) in PIPELINES.items():
        runs = scheduler.runs(name)
        expected = list(ticks(CRON.get(schedule, schedule), zone, BEGIN - timedelta(days=31), END))
        made = [tick for tick in expected if tick > BEGIN]
        assert [run.data_interval_end for run in runs] == (made if catchup else expected[-len(made) - 1 :])
        assert all(run.data_interval_start < run.data_interval_end == run.run_after for run in runs)
        assert len({run.logical_date for run in runs}) == len({run.run_id for run in runs}) == len(runs)


@pytest.mark.usefixtures("database")
def test_many_files_that_wait_do_not_run_all_at_once_when_they_are_deployed(
    scheduler: Scheduler, bundle: Bundle
) -> None:
    """But each at the next of its own times, and once; those that do not say so run at once, for the past one."""
    names = [f"account_{number}" for number in range(30)]
    for name in names:
        bundle.put(f"{name}.yaml", airflowConfig={"scheduleInterval": "hourly", "spread": 3600, "firstRun": "next"})
    bundle.put("at_once.yaml", airflowConfig={"scheduleInterval": "hourly"})
    scheduler.now = moment("2026-01-02T12:30:30")
    scheduler.store(bundle)
    scheduler.run_until(scheduler.now)
    begun = [name for name in names if scheduler.runs(name)]
    offsets = {name: int(spread_line("hourly", name, 3600).split()[0]) for name in names}
    assert begun == [name for name in names if 29 <= offsets[name] <= 30]
    assert [run.run_after for run in scheduler.runs("at_once")] == [moment("2026-01-02T12:00")]

    scheduler.run_until(moment("2026-01-02T13:28:59"))
    for name in names:
        (run,) = scheduler.runs(name)
        assert run.run_after.minute == offsets[name]
        assert run.data_interval_end - run.data_interval_start == timedelta(hours=1)
    assert len(set(offsets.values())) > len(names) / 2


@pytest.mark.usefixtures("database")
def test_a_parse_between_a_tick_and_its_run_does_not_lose_the_first_run(scheduler: Scheduler, bundle: Bundle) -> None:
    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": "daily", "firstRun": "next"})
    for now in ("2026-01-02T23:59:30", "2026-01-03T00:00:30"):
        scheduler.now = moment(now)
        scheduler.store(bundle)
    scheduler.run_until(scheduler.now)
    assert [run.run_after for run in scheduler.runs("shop")] == [moment("2026-01-03")]


@pytest.mark.usefixtures("database")
def test_a_pipeline_that_the_first_version_stopped_goes_on(scheduler: Scheduler, bundle: Bundle) -> None:
    """Its last run began and ended at the skipped 02:00, and the next that it planned would begin there too."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun

    start = "2026-03-07T00:00:00Z"
    config = {"scheduleInterval": "0 2 * * *", "pipelineTimezone": "America/New_York", "pipelineCatchup": True}
    bundle.put("shop.yaml", airflowConfig={**config, "startDate": start})
    scheduler.now = moment(start)
    scheduler.store(bundle)
    skipped, next_one = moment("2026-03-08T07:00"), moment("2026-03-09T06:00")
    scheduler.run_until(skipped)
    empty = update(DagRun).where(DagRun.data_interval_end == skipped)
    scheduler._session.execute(empty.values(data_interval_start=skipped, logical_date=skipped))
    planned = {"next_dagrun": skipped, "next_dagrun_data_interval_start": skipped}
    scheduler._session.execute(update(DagModel).values(**planned, next_dagrun_data_interval_end=next_one))

    scheduler.now = moment("2026-03-20T12:00")
    scheduler.store(bundle)
    scheduler.run_until(scheduler.now)
    ends = [run.data_interval_end for run in scheduler.runs("shop")]
    assert ends == list(ticks("0 2 * * *", "America/New_York", moment(start), scheduler.now))


@pytest.mark.usefixtures("database")
def test_airflow_stores_the_words_and_later_that_a_schedule_has_ended(scheduler: Scheduler, bundle: Bundle) -> None:
    """Of a file that nobody touched, and of a DAG that is no new version."""
    from airflow.models.dag_version import DagVersion

    config = {"scheduleInterval": "weekly", "pipelineTimezone": "Europe/Berlin"}
    bundle.put("shop.yaml", airflowConfig={**config, "startDate": "2026-02-01", "endDate": "2026-03-31"})
    bundle.put("by_hand.yaml", airflowConfig={"scheduleInterval": None})
    texts = []
    for today in ("2026-01-15", "2026-04-01"):
        scheduler.now = moment(today)
        scheduler.store(bundle)
        texts.append(scheduler.shown("shop"))
    assert texts == [
        ("weekly, Sunday 00:00 Europe/Berlin, " + dates, f"weekly, Sunday 00:00 Europe/Berlin, {dates} (0 0 * * 0)")
        for dates in ("from 2026-02-01 until 2026-03-31 UTC", "ended 2026-03-31 UTC")
    ]
    assert scheduler.shown("by_hand")[0] == "on demand"
    assert len(list(scheduler._session.scalars(select(DagVersion).where(DagVersion.dag_id == "shop")))) == 1
