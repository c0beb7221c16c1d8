"""Counting what a run does: every kept stream is in one place, and "this one failed" is not "everything fails"."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Description, MessageSchema, Problem, Sample, Stream, StreamRow
from airflow_kinesis_ingest.engine.run.tally import GIVE_UP_AFTER, LONGEST, Tally
from airflow_kinesis_ingest.engine.workflow.filters import Verdict
from airflow_kinesis_ingest.errors import AccessDenied, StreamGone, StreamNotReady, Throttled, TopicRefused, Unreachable

GONE = StreamGone("the stream is gone", why="ResourceNotFoundException", remedy="Nothing to do")
NOT_READY = StreamNotReady("the stream is being created", remedy="Nothing to do")
FATAL = AccessDenied("no")
KEPT, FILTERED = Verdict(True), Verdict(False, "excludes old.*")


def fail(
    tally: Tally, error: Exception, stream: str = "orders", *, step: str = "describe", optional: bool = False
) -> None:
    with tally.step(step, stream, optional=optional):
        raise error


def fail_to_delete(tally: Tally, error: Exception) -> None:
    with tally.deletion("old"):
        raise error


def succeed(tally: Tally, stream: str = "orders", *, step: str = "describe") -> None:
    with tally.step(step, stream):
        pass


# --- where each stream is -------------------------------------------------------------------------------------------

FATES = st.sampled_from(["filtered", "written", "unchanged", "skipped", "failed", "open"])


@given(st.lists(FATES, max_size=60))
def test_every_kept_stream_is_written_unchanged_skipped_failed_or_not_reached(fates: list[str]) -> None:
    tally = Tally()
    for number, fate in enumerate(fates):
        stream = f"stream-{number}"
        tally.listed(stream, FILTERED if fate == "filtered" else KEPT)
        if fate == "failed":
            fail(tally, GONE, stream)
        elif fate == "skipped":
            fail(tally, NOT_READY, stream)
        elif fate == "written":
            tally.finished(stream, "written")
        elif fate == "unchanged":
            tally.finished(stream, "unchanged")
    report = tally.report("failed", FATAL)
    found = [report.filtered, report.written, report.unchanged, report.skipped]
    found += [len(report.failures), len(report.not_reached)]
    assert found == [fates.count(fate) for fate in ("filtered", "written", "unchanged", "skipped", "failed", "open")]
    assert sum(found) == report.listed
    assert len(report.warnings) == report.skipped
    names = {f"stream-{number}": "not reached" if fate == "open" else fate for number, fate in enumerate(fates)}
    assert {row.name: row.outcome for row in report.streams} == names


def test_only_a_run_that_ended_early_did_not_reach_streams() -> None:
    """Meanwhile they are under way, and progress is no place for alarms."""
    tally = Tally()
    tally.listed("b", KEPT)
    tally.listed("a", KEPT)
    assert tally.report().not_reached == ()
    assert tally.report("failed", FATAL).not_reached == ("a", "b")


def test_what_the_catalogue_did_not_keep_was_not_reached() -> None:
    tally = Tally()
    tally.listed("a", KEPT)
    tally.listed("b", KEPT)
    tally.finished("a", "written")
    tally.finished("b", "unchanged")
    tally.deleted("old")
    tally.discarded()
    report = tally.report("failed", FATAL)
    assert (report.written, report.unchanged, report.deleted, report.not_reached) == (0, 1, (), ("a",))
    assert [(row.name, row.outcome) for row in report.streams] == [("a", "not reached"), ("b", "unchanged")]


def test_what_was_described_sampled_and_deleted_is_counted() -> None:
    tally = Tally()
    for name in ("a", "b"):
        tally.described(Description(Stream(name), open_shards=1, retention_hours=24))
    tally.sampled()
    tally.deleted("old")
    report = tally.report()
    assert (report.described, report.sampled, report.deleted) == (2, 1, ("old",))


def test_many_threads_count_together() -> None:
    tally = Tally()

    def work(number: int) -> None:
        tally.listed(f"s{number}", KEPT)
        tally.described(Description(Stream(f"s{number}"), open_shards=1, retention_hours=24))
        if number % 5:
            tally.finished(f"s{number}", "written")
        else:
            fail(tally, GONE, f"s{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1000)))
    report = tally.report("failed", FATAL)
    assert (report.listed, report.described, report.written, len(report.failures)) == (1000, 1000, 800, 200)
    assert report.not_reached == ()


# --- a row for each stream -------------------------------------------------------------------------------------------


def row(tally: Tally) -> StreamRow:
    (found,) = tally.report().streams
    return found


def test_a_row_gathers_what_the_steps_find_out() -> None:
    tally = Tally()
    tally.listed("orders", Verdict(True, "includes ord.*"))
    assert row(tally) == StreamRow("orders", pattern="includes ord.*")
    tally.described(Description(Stream("orders"), open_shards=4, retention_hours=168))
    tally.read("orders", Sample(schema=MessageSchema("Avro", "", (), agreed=3, total=3), read=3))
    tally.finished("orders", "written")
    assert row(tally) == StreamRow("orders", "written", "includes ord.*", 4, 168, "Avro", 3)


def test_what_was_not_found_out_is_not_known_and_never_zero() -> None:
    """A stream that was denied has no shards to tell, one that was not sampled no messages; an idle one has none."""
    tally = Tally()
    tally.listed("orders", KEPT)
    fail(tally, GONE)
    assert row(tally) == StreamRow("orders", "failed", None, None, None, None, None)
    tally.read("orders", Sample())
    assert row(tally).messages == 0


def test_a_stream_that_was_asked_for_and_is_not_listed_has_a_row_too() -> None:
    tally = Tally()
    fail(tally, GONE, "typo", step="list")
    assert row(tally) == StreamRow("typo", "failed")


def test_a_deleted_topic_has_a_row() -> None:
    tally = Tally()
    with tally.deletion("old"):
        pass
    assert row(tally) == StreamRow("old", "deleted")


def test_a_row_has_the_beginning_of_a_long_pattern() -> None:
    """It is repeated in every row that it decides."""
    tally = Tally()
    tally.listed("orders", Verdict(False, "excludes " + "x" * 100_000))
    assert row(tally).pattern == "excludes " + "x" * (LONGEST - len("excludes "))


# --- one stream fails -----------------------------------------------------------------------------------------------


def test_a_skipped_stream_is_named_with_its_step_cause_and_remedy(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    with caplog.at_level(logging.ERROR):
        fail(tally, GONE)
    assert tally.report().failures == (
        Problem("describe", "orders", "the stream is gone: ResourceNotFoundException", "Nothing to do"),
    )
    assert caplog.messages == ["describe orders: the stream is gone: ResourceNotFoundException. Nothing to do"]


def test_an_optional_step_costs_a_warning_and_not_the_stream() -> None:
    tally = Tally()
    tally.listed("orders", KEPT)
    fail(tally, GONE, step="sample", optional=True)
    tally.finished("orders", "written")
    report = tally.report()
    assert report.failures == ()
    assert [(warning.step, warning.entity) for warning in report.warnings] == [("sample", "orders")]
    assert report.written == 1


@pytest.mark.parametrize(
    ("error", "optional"),
    [
        (FATAL, False),
        (FATAL, True),
        (KeyError("bug"), False),
        (KeyboardInterrupt(), False),
        (KeyboardInterrupt(), True),
    ],
)
def test_an_error_that_ends_the_run_is_not_the_streams(error: BaseException, optional: bool) -> None:
    tally = Tally()
    with pytest.raises(type(error)), tally.step("describe", "orders", optional=optional):
        raise error
    assert tally.report().failures == ()
    assert tally.report().warnings == ()


@pytest.mark.parametrize("error", [KeyError("4111 1111 1111 1111"), MemoryError(), RecursionError()])
def test_a_fault_of_ours_in_an_optional_step_costs_that_stream_its_part(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A record that was made to break us costs the other streams nothing; the log shows where, and never the record."""
    tally = Tally()
    fail(tally, error, step="sample", optional=True)
    (warning,) = tally.report().warnings
    assert (warning.entity, warning.cause) == ("orders", f"unexpected: {type(error).__name__}: a fault of this program")
    assert "report it" in warning.remedy
    assert "test_tally.py" in caplog.text
    assert "4111" not in caplog.text


def test_a_deletion_that_fails_is_no_streams_failure(caplog: pytest.LogCaptureFixture) -> None:
    tally = Tally()
    tally.listed("orders", KEPT)
    tally.finished("orders", "written")
    with tally.deletion("new"):
        pass
    fail_to_delete(tally, TopicRefused("OpenMetadata refuses it", remedy="See its log"))
    report = tally.report()
    assert report.failed_deletions == (Problem("delete", "old", "OpenMetadata refuses it", "See its log"),)
    assert (report.deleted, report.failures, report.success_percent) == (("new",), (), 100.0)
    assert caplog.messages == ["delete old: OpenMetadata refuses it. See its log"]


def test_deletions_that_get_no_answer_end_the_run_as_streams_do() -> None:
    tally = Tally()
    for _ in range(GIVE_UP_AFTER - 1):
        fail_to_delete(tally, Unreachable("no answer"))
    with pytest.raises(Unreachable):
        fail_to_delete(tally, Unreachable("no answer"))
    assert (len(tally.report().failed_deletions), tally.report().deleted) == (GIVE_UP_AFTER, ())


def test_topics_that_many_threads_deleted_are_told_in_the_order_of_names() -> None:
    tally = Tally()
    for name in ("b", "a", "c"):
        tally.deleted(name)
    assert tally.report().deleted == ("a", "b", "c")


# --- everything fails -----------------------------------------------------------------------------------------------


def test_ten_streams_in_a_row_that_get_no_answer_end_the_run_with_the_last_error() -> None:
    """1,000 streams at 90 s each would be a day of waiting for a server that is down."""
    tally = Tally()
    for number in range(GIVE_UP_AFTER - 1):
        fail(tally, Unreachable("no answer"), f"stream-{number}")
    with pytest.raises(Throttled, match="the last one"):
        fail(tally, Throttled("the last one"), "stream-9")
    assert len(tally.report().failures) == 10


def test_one_answer_starts_the_row_again() -> None:
    tally = Tally()
    for number in range(50):
        fail(tally, Unreachable("no answer"), f"stream-{number}")
        if number % (GIVE_UP_AFTER - 1) == GIVE_UP_AFTER - 2:
            succeed(tally)


def test_an_answer_against_one_stream_is_an_answer() -> None:
    tally = Tally()
    for number in range(3 * GIVE_UP_AFTER):
        fail(tally, GONE if number % 5 == 0 else Unreachable("no answer"), f"stream-{number}")
    assert len(tally.report().failures) == 3 * GIVE_UP_AFTER


def test_each_step_has_a_row_of_its_own() -> None:
    """AWS answers, and OpenMetadata does not: the answers of one are not those of the other."""
    tally = Tally()
    for number in range(GIVE_UP_AFTER - 1):
        succeed(tally, f"stream-{number}", step="describe")
        fail(tally, Unreachable("no answer"), f"stream-{number}", step="write")
    fail(tally, Unreachable("no answer"), "stream-9", step="describe")
    with pytest.raises(Unreachable):
        fail(tally, Unreachable("no answer"), "stream-10", step="write")


def test_streams_that_fail_for_reasons_of_their_own_never_end_a_run() -> None:
    tally = Tally()
    for number in range(100):
        fail(tally, GONE, f"stream-{number}")
    fail(tally, Unreachable("no answer"), "stream-100")
    assert len(tally.report().failures) == 101


def test_an_optional_step_never_ends_a_run_but_is_given_up() -> None:
    tally = Tally()
    for number in range(GIVE_UP_AFTER):
        assert not tally.hopeless("sample")
        fail(tally, Unreachable("no answer"), f"stream-{number}", step="sample", optional=True)
    assert tally.hopeless("sample")
    assert not tally.hopeless("describe")
    succeed(tally, step="sample")
    assert not tally.hopeless("sample")


# --- the report -----------------------------------------------------------------------------------------------------


def test_a_report_tells_state_cause_and_place() -> None:
    tally = Tally()
    tally.catalogue = "/catalogue.jsonl"
    report = tally.report("failed", FATAL)
    assert (report.state, report.fatal, report.catalogue) == ("failed", FATAL, "/catalogue.jsonl")
    assert report.seconds >= 0


def test_a_report_does_not_change_when_the_run_goes_on() -> None:
    tally = Tally()
    before = tally.report()
    fail(tally, GONE)
    tally.deleted("old")
    assert (before.failures, before.deleted, before.warnings) == ((), (), ())
