"""What a person reads at the end of a log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Problem, RunReport, grouped
from airflow_kinesis_ingest.engine.run.report import ending, problems, rows, table, tenths
from airflow_kinesis_ingest.errors import AccessDenied


def problem(number: int) -> Problem:
    return Problem("describe", f"stream-{number}", "AWS denies this call", "Allow it")


def test_the_numbers_of_a_run_are_told_in_the_order_of_its_steps() -> None:
    report = RunReport(listed=9, filtered=2, described=7, sampled=4, written=5, unchanged=1, deleted=("old",))
    found = dict(rows(report))
    assert ", ".join(found) == (
        "listed, filtered, described, sampled, written, unchanged, not due, skipped, deleted, warnings,"
        " failures, failed deletions, not reached, success, seconds, state"
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


def denied(name: str) -> Problem:
    """As AWS says it: with the stream's ARN."""
    user = "User: arn:aws:iam::111122223333:user/ingest is not authorized to perform: kinesis:GetRecords"
    why = f"AccessDeniedException: {user} on resource: arn:aws:kinesis:us-east-2:111122223333:stream/{name} because"
    return Problem("sample", name, f"AWS denies this call: {why} no policy allows it", "Allow kinesis:GetRecords")


def test_many_failures_of_one_cause_are_one_line() -> None:
    """Also where the cause names the stream, as AWS's texts do."""
    line, other = problems(RunReport(failures=(problem(1), *(denied(name) for name in "abcdefghijklmno"))))
    assert line.startswith("failure: sample of 15 streams (a, b, c and 12 more): AWS denies this call: ")
    assert line.endswith("stream/* because no policy allows it. Allow kinesis:GetRecords")
    assert other == "failure: stream-1 (describe): AWS denies this call. Allow it"


@pytest.mark.parametrize(
    "cause",
    [
        "Stream {} under account 111122223333 not found.",
        "Rate exceeded for shard shardId-00000000000{n} in stream {} under account 111122223333",
        "the key is disabled (Service: AWSKMS; Request ID: 0123456{n}-89ab-cdef-0123-456789abcdef)",
        "topic `orders_kinesis.{}` is not valid",
        "<HTTPConnection object at 0x7f00000{n}>: timed out",
    ],
)
def test_a_cause_is_the_same_whatever_stream_shard_or_request_it_names(cause: str) -> None:
    names = ("orders.v1", "orders", "orders_v1-x")
    found = grouped(Problem("sample", name, cause.format(name, n=n), "Retry") for n, name in enumerate(names))
    assert [group.entities for group in found] == [names]


def test_another_step_cause_or_remedy_is_another_line() -> None:
    one = problem(1)
    others = [replace(one, step="sample"), replace(one, cause="AWS failed"), replace(one, remedy="Wait")]
    assert len(grouped([one, *others])) == 4


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text("ab*. ", max_size=6), st.text("xy", max_size=2))))
def test_no_problem_is_lost_or_told_twice(drawn: list[tuple[str, str, str]]) -> None:
    """Whatever the names and causes are: the groups hold each problem's step and name once, the largest first."""
    given_ = [Problem(step, entity, cause, "") for step, entity, cause in drawn]
    groups = grouped(given_)
    told = [(group.step, entity) for group in groups for entity in group.entities]
    assert sorted(told) == sorted((one.step, one.entity) for one in given_)
    assert [len(group.entities) for group in groups] == sorted((len(group.entities) for group in groups), reverse=True)


def test_a_group_misses_what_any_of_its_problems_misses() -> None:
    denied_ = [replace(problem(number), actions=("kinesis:GetRecords",)) for number in range(3)]
    (group,) = grouped([problem(3), *denied_, replace(problem(4), actions=("kms:Decrypt",))])
    assert group.actions == ("kinesis:GetRecords", "kms:Decrypt")


def test_a_single_problem_keeps_its_own_words() -> None:
    assert grouped([denied("orders")])[0].cause == denied("orders").cause


def test_an_early_failure_says_its_cause_first_and_no_zeros() -> None:
    fatal = AccessDenied("AWS does not accept the credentials", remedy="Renew them")
    lines = table(RunReport(state="failed", fatal=fatal, listed=3, not_reached=("a", "b", "c"))).splitlines()
    assert lines[0] == "The run ended early. AWS does not accept the credentials. Renew them"
    assert [line.split("  ")[0] for line in lines[1:]] == [
        "listed",
        "not reached",
        "seconds",
        "state",
        "not reached: a, b, c",
    ]


def test_what_came_from_elsewhere_is_renamed_in_every_kind_of_problem() -> None:
    found = (Problem("write", "a", "s3cret", "s3cret"),)
    report = RunReport(failures=found, warnings=found, failed_deletions=found, fatal=AccessDenied("s3cret"))
    plain = report.rewritten(lambda text: text.replace("s3cret", "${NAME}"))
    assert "s3cret" not in json.dumps(plain.as_dict())


def test_failures_come_first_then_warnings_then_what_was_not_reached() -> None:
    fatal = AccessDenied("AWS does not accept the credentials", remedy="Renew them")
    report = RunReport(fatal=fatal, not_reached=("a", "b"))
    assert list(ending(report)) == ["The run ended early. AWS does not accept the credentials. Renew them"]
    report = replace(report, failures=(problem(1),), warnings=(problem(2),), failed_deletions=(problem(3),))
    assert list(problems(report)) == [
        "failure: stream-1 (describe): AWS denies this call. Allow it",
        "failed deletion: stream-3 (describe): AWS denies this call. Allow it",
        "warning: stream-2 (describe): AWS denies this call. Allow it",
        "not reached: a, b",
    ]


def test_ten_of_each_kind_are_told_and_how_many_more_there_are() -> None:
    many = tuple(replace(problem(number), cause=f"cause {number}") for number in range(12))
    told = list(problems(RunReport(failures=many, warnings=many[:10], not_reached=tuple("abcdefghijkl"))))
    assert [line for line in told if line.startswith("...")] == ["... and 2 more failures"]
    assert sum(line.startswith("failure: ") for line in told) == 10
    assert told[-1] == "not reached: a, b, c, d, e, f, g, h, i, j, ..."


def test_a_good_run_has_no_problems() -> None:
    assert list(problems(RunReport(written=3))) == []


def test_a_table_for_a_log_is_aligned_numbers_and_then_problems() -> None:
    lines = table(RunReport(listed=3, failures=(problem(1),))).splitlines()
    assert lines[0] == "listed            3"
    assert lines[12] == "not reached       0"
    assert lines[-1].startswith("failure: stream-1")


def test_a_report_is_plain_json() -> None:
    """For `--report` and Airflow's XCom; the error that ended the run by its kind and text."""
    fatal = AccessDenied("no", where="ListStreams", remedy="Allow it")
    plain = json.loads(json.dumps(RunReport(state="failed", fatal=fatal, failures=(problem(1),)).as_dict()))
    assert plain["fatal"] == {"cause": "ListStreams: no. Allow it", "kind": "AccessDenied", "actions": []}
    assert plain["failures"][0]["entity"] == "stream-1"
    assert plain["success_percent"] == 0.0
    assert RunReport().as_dict()["fatal"] is None
