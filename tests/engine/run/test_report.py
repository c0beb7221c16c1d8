"""What a person reads at the end of a log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_kinesis_ingest.engine.model import Problem, RunReport
from airflow_kinesis_ingest.engine.run.report import problems, rows, table, tenths
from airflow_kinesis_ingest.errors import AccessDenied


def problem(number: int) -> Problem:
    return Problem("describe", f"stream-{number}", "AWS denies this call", "Allow it")


def test_the_numbers_of_a_run_are_told_in_the_order_of_its_steps() -> None:
    report = RunReport(listed=9, filtered=2, described=7, sampled=4, written=5, unchanged=1, deleted=("old",))
    found = dict(rows(report))
    assert ", ".join(found) == (
        "listed, filtered, described, sampled, written, unchanged, skipped, deleted, warnings, failures,"
        " failed deletions, not reached, success, seconds, state, catalogue"
    )
    assert [found[label] for label in ("listed", "written", "deleted", "success")] == ["9", "5", "1", "100.0 %"]


@pytest.mark.parametrize(
    ("written", "unchanged", "failed", "percent"), [(0, 0, 0, "-"), (0, 0, 1, "0.0 %"), (1, 1, 1, "66.7 %")]
)
def test_success_is_the_share_of_streams_whose_entry_is_right(
    written: int, unchanged: int, failed: int, percent: str
) -> None:
    failures = tuple(problem(number) for number in range(failed))
    assert dict(rows(RunReport(written=written, unchanged=unchanged, failures=failures)))["success"] == percent


def test_a_run_that_did_not_reach_all_streams_tells_no_success() -> None:
    """47 of 200 streams that are right are no 100 %."""
    assert dict(rows(RunReport(written=47, not_reached=("orders",))))["success"] == "-"


def test_progress_is_told_at_every_tenth_of_the_streams() -> None:
    """Written, unchanged, skipped or failed: done with. A log of 1,000 streams is no place for 1,000 lines."""
    told: list[tuple[int, int]] = []
    hear = tenths(lambda done, kept: told.append((done, kept)))
    hear(RunReport())
    for done in range(91):
        for _ in range(3):
            found = RunReport(listed=100, filtered=9, written=done // 2, unchanged=done - done // 2)
            hear(replace(found, failures=(problem(1),), skipped=2, failed_deletions=(problem(2),)))
    assert told == [(done, 91) for done in (10, 19, 28, 37, 46, 55, 64, 73, 82, 91)]


def test_the_end_of_a_run_comes_first_then_failures_then_warnings_then_what_was_not_reached() -> None:
    fatal = AccessDenied("AWS does not accept the credentials", remedy="Renew them")
    report = RunReport(fatal=fatal, not_reached=("a", "b"))
    report = replace(report, failures=(problem(1),), warnings=(problem(2),), failed_deletions=(problem(3),))
    assert list(problems(report)) == [
        "The run ended early. AWS does not accept the credentials. Renew them",
        "failure: stream-1 (describe): AWS denies this call. Allow it",
        "failed deletion: stream-3 (describe): AWS denies this call. Allow it",
        "warning: stream-2 (describe): AWS denies this call. Allow it",
        "not reached: a, b",
    ]


def test_ten_of_each_kind_are_told_and_how_many_more_there_are() -> None:
    many = tuple(problem(number) for number in range(12))
    told = list(problems(RunReport(failures=many, warnings=many[:10], not_reached=tuple("abcdefghijkl"))))
    assert [line for line in told if line.startswith("...")] == ["... and 2 more failures"]
    assert sum(line.startswith("failure: ") for line in told) == 10
    assert told[-1] == "not reached: a, b, c, d, e, f, g, h, i, j, ..."


def test_a_good_run_has_no_problems() -> None:
    assert list(problems(RunReport(written=3))) == []


def test_a_table_for_a_log_is_aligned_numbers_and_then_problems() -> None:
    lines = table(RunReport(listed=3, failures=(problem(1),))).splitlines()
    assert lines[0] == "listed            3"
    assert lines[11] == "not reached       0"
    assert lines[-1].startswith("failure: stream-1")


def test_a_report_is_plain_json() -> None:
    """For `--report` and Airflow's XCom; the error that ended the run by its kind and text."""
    fatal = AccessDenied("no", where="ListStreams", remedy="Allow it")
    plain = json.loads(json.dumps(RunReport(state="failed", fatal=fatal, failures=(problem(1),)).as_dict()))
    assert plain["fatal"] == {"cause": "ListStreams: no. Allow it", "kind": "AccessDenied"}
    assert plain["failures"][0]["entity"] == "stream-1"
    assert plain["success_percent"] == 0.0
    assert RunReport().as_dict()["fatal"] is None
