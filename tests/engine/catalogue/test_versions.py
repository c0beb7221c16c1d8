"""What is sent to a server of which version: a field that it does not know has it refuse the whole body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.versions import NEWEST, OLDEST, SINCE, ServerVersion

BODY = {"name": "a", "domains": ["sales"], "raiseOnError": True}


@pytest.mark.parametrize(
    ("version", "left_out"),
    [
        ("1.6.12", {"domains", "raiseOnError"}),
        ("1.8.0", {"domains"}),
        ("1.9.0", set()),
        ("1.13.0-SNAPSHOT", set()),
        ("2.0.7.0", set()),
    ],
)
def test_a_field_goes_to_the_servers_that_know_it(version: str, left_out: set[str]) -> None:
    """`raiseOnError` of a pipeline since 1.8, `domains` since 1.9."""
    assert BODY.keys() - ServerVersion(version).body(BODY).keys() == left_out


@pytest.mark.parametrize(("version", "told"), [("1.6.0", "failed"), ("1.12.4", "failed"), ("1.13.0", "stopped")])
def test_a_stopped_run_failed_to_a_server_that_knows_no_stopped(version: str, told: str) -> None:
    """It would refuse the status, and show the run as running for ever."""
    assert ServerVersion(version).state("stopped") == told


@pytest.mark.parametrize("state", ["running", "success", "partialSuccess", "failed"])
def test_every_server_knows_the_other_states(state: str) -> None:
    assert ServerVersion("1.6.0").state(state) == state


@pytest.mark.parametrize("version", ["", "unknown", "main"])
def test_a_version_without_a_number_is_a_new_one(version: str) -> None:
    server = ServerVersion(version)
    assert server.body(BODY) == BODY
    assert server.remark == ""


@given(st.integers(0, 9), st.integers(0, 30))
def test_a_newer_server_knows_all_that_an_older_one_knows(major: int, minor: int) -> None:
    older, newer = ServerVersion(f"{major}.{minor}.0"), ServerVersion(f"{major}.{minor + 1}.0")
    assert {*older.known(SINCE)} <= {*newer.known(SINCE)}


@pytest.mark.parametrize(
    ("version", "remark"),
    [
        ("1.5.9", "OpenMetadata 1.5.9 is older than 1.6, the oldest that this was tested with"),
        ("1.6.0", ""),
        ("1.10.2", ""),
        ("2.0.9", ""),
        ("2.1.0", "OpenMetadata 2.1.0 is newer than 2.0, the newest that this was tested with"),
    ],
)
def test_one_sentence_tells_of_a_version_that_nothing_was_tried_with(version: str, remark: str) -> None:
    told = ServerVersion(version).remark
    assert told.startswith(remark)
    assert bool(told) is bool(remark)


def test_the_table_lies_between_the_oldest_and_the_newest() -> None:
    assert all(OLDEST < since <= NEWEST for since in SINCE.values())
