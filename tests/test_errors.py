"""The exception tree: what each error says, and that Airflow can pass it between processes."""

from __future__ import annotations

import pickle
import re
from typing import Any

import pytest

from airflow_kinesis_ingest import errors
from airflow_kinesis_ingest.errors import Fault, IngestError, Retry, Throttled, WorkflowError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, IngestError)]


def made(kind: type[IngestError]) -> IngestError:
    if issubclass(kind, WorkflowError):
        return kind([Fault("a.yaml", 3, 5, "source.type", "this is wrong", "Correct it")])
    if issubclass(kind, Retry):
        return kind("the call failed", where="ListStreams", why="HTTP 503", remedy="Run again", retry_after=2.5)
    return kind("the call failed", where="ListStreams", why="HTTP 503", remedy="Run again")


def test_an_error_says_where_what_why_and_what_to_do() -> None:
    error = IngestError("the call failed", where="ListStreams", why="HTTP 503", remedy="Run again")
    assert str(error) == "ListStreams: the call failed: HTTP 503. Run again"
    assert error.cause == "the call failed: HTTP 503"


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "it failed"),
        ({"where": "orders"}, "orders: it failed"),
        ({"why": "HTTP 503"}, "it failed: HTTP 503"),
        ({"remedy": "Run again"}, "it failed. Run again"),
    ],
)
def test_parts_that_are_not_known_leave_no_trace(parts: dict[str, Any], text: str) -> None:
    assert str(IngestError("it failed", **parts)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_pickling_with_all_its_parts(kind: type[IngestError]) -> None:
    """Airflow sends exceptions between processes; one that cannot be pickled hides the cause behind another error."""
    before = made(kind)
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is kind
    assert str(after) == str(before)
    assert vars(after) == vars(before)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """The drawing is what a reader looks at first: it may not lie about who inherits from whom, or leave one out."""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^([│├└─ ]*)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE)[1:]:
        path = [*path[: len(indent) // 4], name]
        drawn[name] = path[-2] if len(path) > 1 else ""
    assert drawn == {
        kind.__name__: "" if kind is IngestError else str(kind.__base__ and kind.__base__.__name__) for kind in KINDS
    }


def test_a_fault_names_file_line_column_path_problem_and_remedy() -> None:
    fault = Fault("a.yaml", 3, 5, "source.type", "this is wrong", "Correct it")
    assert str(fault) == "a.yaml:3:5: source.type: this is wrong. Correct it"


def test_a_fault_of_the_whole_file_has_no_line() -> None:
    assert str(Fault("a.yaml", 0, 0, "", "there is no such file", "Check the path")) == (
        "a.yaml: there is no such file. Check the path"
    )


def test_a_workflow_error_tells_every_fault_on_a_line_of_its_own_in_the_order_of_the_file() -> None:
    error = WorkflowError([Fault("a.yaml", line, column, "", f"p{n}") for n, (line, column) in enumerate(PLACES)])
    assert str(error).splitlines() == ["a.yaml:1:9: p2.", "a.yaml:2:1: p1.", "a.yaml:2:7: p0."]
    assert error.what == "3 faults in the workflow file"
    assert error.where == "a.yaml"


PLACES = [(2, 7), (2, 1), (1, 9)]


def test_of_very_many_faults_the_first_hundred_are_told_and_how_many_follow() -> None:
    """A megabyte of something that is no workflow would else be fifteen of text in Airflow's database."""
    error = WorkflowError([Fault("a.yaml", line, 1, "x", "wrong", "Correct it") for line in range(1, 1001)])
    assert error.what == "1000 faults in the workflow file"
    assert [fault.line for fault in error.faults] == list(range(1, 102))
    assert str(error.faults[-1]) == "a.yaml:101:1: 900 more faults follow. Fix these first"
    assert len(WorkflowError(error.faults[:100]).faults) == 100


def test_a_retry_remembers_how_long_the_server_asked_to_wait() -> None:
    assert Throttled("slow down", retry_after=7.0).retry_after == 7.0
    assert Throttled("slow down").retry_after is None
