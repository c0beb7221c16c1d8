"""A workflow with targets on the page: its runs are the sums of theirs, and each target of a run has a row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import Drift, RunReport
from airflow_kinesis_ingest.operators.kinesis import summary
from airflow_kinesis_ingest.page.results import cause, groups, joined, numbers
from tests.airflow.loading import SOURCE, Bundle, stored
from tests.page.conftest import Client
from tests.page.rows import run
from tests.page.test_routes import STORED, get

ONE, TWO = "111111111111_us-east-2", "222222222222_us-east-2"
FAILED = {**STORED, "state": "failed", "failed": None, "failures_count": 5}


@pytest.fixture
def org(bundle: Bundle) -> None:
    """A workflow of two accounts."""
    targets = {"accounts": [ONE[:12], TWO[:12]], "regions": ["us-east-2"]}
    bundle.put("org.yaml", json.dumps({"source": SOURCE, "targets": targets}))
    stored(bundle)


def ran(**values: Any) -> str:
    return run(
        "org", 1, state="failed", by_task={f"ingest.{ONE}": values.get("one"), f"ingest.{TWO}": values.get("two")}
    )


@pytest.mark.usefixtures("org")
def test_a_workflow_says_its_targets(client: Client) -> None:
    told = get(client, "workflows/org")["workflow"]
    assert told["targets"] == [{"key": key, "service": f"org_{key}"} for key in (ONE, TWO)]


@pytest.mark.usefixtures("org")
def test_a_run_is_what_its_targets_are_together(client: Client) -> None:
    """The worst of their states, and the sums of their numbers; problems of one kind are one."""
    ran(one=STORED, two={**FAILED, "account": TWO[:12]})
    places = "123456789012 us-east-2", "222222222222 us-east-2"
    [told] = get(client, "workflows/org/runs")["runs"]
    assert told["outcome"] == "failed"
    assert (told["numbers"]["listed"], told["numbers"]["written"], told["numbers"]["failed"]) == (24, 6, 7)
    [group] = told["groups"]
    assert (group["count"], group["entities"]) == (
        4,
        [f"{name} ({where})" for where in places for name in ("orders", "returns")],
    )


@pytest.mark.usefixtures("org")
def test_each_target_of_a_run_has_a_row(client: Client) -> None:
    """Also one whose task stored nothing."""
    run_id = ran(one=STORED)
    first, second = get(client, f"workflows/org/runs/{run_id}/targets")["targets"]
    assert (first["key"], first["outcome"], first["numbers"]["listed"]) == (ONE, "partialSuccess", 12)
    assert first["catalogue_url"] == "http://om:8585/service/messagingServices/shop"
    assert (second["key"], second["outcome"], second["numbers"]) == (TWO, None, None)


@pytest.mark.usefixtures("org")
def test_a_run_of_many_targets_whose_results_are_not_all_read_has_no_numbers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums without some of them would be wrong."""
    monkeypatch.setattr("airflow_kinesis_ingest.page.database.MOST_RESULTS", 3)
    for number in (1, 2):
        run("org", number, by_task={f"ingest.{ONE}": STORED, f"ingest.{TWO}": STORED})
    newest, older = get(client, "workflows/org/runs")["runs"]
    assert (newest["numbers"]["listed"], older["numbers"]) == (24, None)


def test_a_run_says_why_a_target_ended_early_and_in_how_many_others() -> None:
    """And asks for whatever any of them lacks."""
    early = {**FAILED, "fatal": {"cause": "no credentials"}}
    lacks = {**early["failures"][0], "actions": ["kinesis:GetRecords"]}
    found = joined([early, {**early, "failures": [lacks]}, STORED])
    assert cause(found) == "123456789012 us-east-2: no credentials (and 1 more)"
    [group] = groups(found)
    assert group.statement == {
        "Effect": "Allow",
        "Action": ["kinesis:GetRecords", "kinesis:ListShards"],
        "Resource": "*",
    }


def test_the_drift_of_several_targets_is_told_together_with_whose_it_is() -> None:
    report = RunReport(drift=(Drift("orders", "retention", "", "24 h", "48 h"),), account="123456789012")
    one, other = (summary(report) | {"region": region} for region in ("us-east-1", "us-east-2"))
    [group] = groups(found := joined([one, other]))
    told = numbers(found)
    assert told
    assert (group.kind, group.cause, group.count, told.drifted) == ("drift", "retention: 24 h -> 48 h", 2, 2)
    assert group.entities == ["orders (123456789012 us-east-1)", "orders (123456789012 us-east-2)"]


def test_nothing_joined_is_nothing() -> None:
    assert joined([]) == joined([{}, {}]) == {}
    assert joined([{}, STORED]) == STORED


def test_what_another_version_stored_joins_as_far_as_it_is_known() -> None:
    found = joined([STORED, {"state": "success", "listed": "many", "failures": "x"}])
    told = numbers(found)
    assert told
    assert (told.listed, len(list(groups(found)))) == (12, 1)
