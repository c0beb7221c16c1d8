"""Pipelines that share a schedule run at minutes of their own."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.models import AirflowConfig
from airflow_kinesis_ingest.engine.workflow.spread import INTERVALS, spread_line
from airflow_kinesis_ingest.ticks import Ticks
from tests.test_ticks import ZONES
from tests.workflow_text import faults, text, workflow

WORDS = st.sampled_from(sorted(INTERVALS))
BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


@given(WORDS, st.text(max_size=250), st.data())
def test_a_pipeline_is_late_by_the_same_time_in_each_interval_and_by_less_than_its_spread(
    word: str, name: str, data: st.DataObject
) -> None:
    seconds = 60 * data.draw(st.integers(0, INTERVALS[word] // 60))
    line, plain = Ticks(spread_line(word, name, seconds), "UTC"), Ticks(spread_line(word, name, 0), "UTC")
    tick = plain.after(BEGIN)
    offset = line.after(tick - timedelta.resolution) - tick
    assert timedelta() <= offset < timedelta(seconds=max(seconds, 1))
    assert line.after(tick + offset) - plain.after(tick) == offset


@given(st.sampled_from(["daily", "weekly"]), st.text(max_size=20), st.sampled_from(ZONES))
def test_where_the_clock_jumps_each_day_or_week_still_has_its_one_run(word: str, name: str, zone: str) -> None:
    line, interval = Ticks(spread_line(word, name, INTERVALS[word]), zone), timedelta(seconds=INTERVALS[word])
    moment = line.after(BEGIN)
    for _ in range(timedelta(days=366) // interval):
        following = line.after(moment)
        assert abs(following - moment - interval) <= timedelta(days=1) / 2
        moment = following


def test_many_pipelines_use_every_minute_about_equally() -> None:
    minutes = [int(spread_line("hourly", f"account_{number}", 3600).split()[0]) for number in range(6000)]
    counts = [minutes.count(minute) for minute in range(60)]
    assert 60 <= min(counts) <= max(counts) <= 140


def test_without_spread_nothing_moves() -> None:
    assert [spread_line(word, "shop", 0) for word in INTERVALS] == ["0 * * * *", "0 0 * * *", "0 0 * * 0"]
    assert AirflowConfig().cron_of("shop") == "0 0 * * *"


def test_every_process_finds_the_same_minute() -> None:
    """A hash that Python makes anew in each would move the pipeline with every parse."""
    code = f"from {spread_line.__module__} import spread_line; print(spread_line('weekly', 'shop', 604800))"
    lines = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code]
        lines.add(subprocess.run(command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout)
    assert lines == {f"{spread_line('weekly', 'shop', 604_800)}\n".encode()}


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("{spread: 600, scheduleInterval: 5 4 * * *}", "only `hourly`, `daily` and `weekly` are shared out"),
        ("{spread: 600, scheduleInterval: null}", "only `hourly`, `daily` and `weekly` are shared out"),
        ("{spread: 3660, scheduleInterval: '@hourly'}", "this is more than the interval of 3,600 seconds"),
        ("{spread: 90000}", "this is more than the interval of 86,400 seconds"),
        ("{spread: 30}", "these are no whole minutes"),
        ("{spread: 90}", "these are no whole minutes"),
        ("{firstRun: next, pipelineCatchup: true}", "`pipelineCatchup` runs what has passed, `next` does not"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(schedule: str, problem: str) -> None:
    """A cron line is not shared out: who wrote it has chosen the minute, and it may have many a day."""
    assert [fault.problem for fault in faults(text(more=f"airflowConfig: {schedule}\n"))] == [problem]


@pytest.mark.parametrize(
    "schedule", ["{spread: 0, scheduleInterval: 5 4 * * *}", "{spread: 3600, scheduleInterval: hourly}"]
)
def test_the_whole_interval_may_be_spread_over(schedule: str) -> None:
    assert workflow(text(more=f"airflowConfig: {schedule}\n"))
