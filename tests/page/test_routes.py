"""What the routes answer, asked in Airflow's own app."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import event

from airflow_kinesis_ingest.engine.model import Problem, RunReport
from airflow_kinesis_ingest.operators.kinesis import summary
from tests.airflow.loading import SOURCE, Bundle, stored
from tests.page.conftest import Client
from tests.page.rows import EPOCH, run

REPORT = RunReport(
    state="partialSuccess",
    listed=12,
    filtered=2,
    described=10,
    sampled=7,
    written=3,
    unchanged=5,
    deleted=("gone",),
    failures=(
        Problem("describe", "orders", "AWS denies this call", "Allow it", ("kinesis:ListShards",)),
        Problem("describe", "returns", "AWS denies this call", "Allow it", ("kinesis:ListShards",)),
    ),
    seconds=7.5,
    catalogue="http://om:8585/service/messagingServices/shop",
    account="123456789012",
)
STORED = json.loads(json.dumps(summary(REPORT) | {"region": "us-east-2", "service": "shop"}))


def get(client: Client, path: str, role: str = "admin") -> Any:
    answer = client(role).get(f"/kinesis/api/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("shop")
def test_each_service_has_its_workflows_with_the_numbers_of_their_last_runs(client: Client) -> None:
    run("shop", 1, state="failed", value={"state": "failed"})
    run("shop", 2, value=STORED, conf={"debug": True})
    [service] = get(client, "services")["services"]
    [workflow] = service.pop("workflows")
    assert workflow.pop("next_run").endswith("T00:00:00Z")
    assert workflow.pop("parsed_at").endswith("Z")
    assert service == {
        "name": "shop",
        "display_name": "Shop",
        "description": "What it sells",
        "account": "123456789012",
        "region": "us-east-2",
    }
    last = workflow.pop("last")
    assert workflow == {
        "dag_id": "shop",
        "display_name": "shop",
        "file": "workflows/shop.yaml",
        "bundle": "dags-folder",
        "paused": False,
        "schedule": "daily, 00:00",
        "zone": "UTC",
        "deploy_failed": False,
        "faults": [],
        "advice": [],
        "stale": False,
        "may_edit": True,
        "may_run": True,
        "targets": [],
    }
    assert (last["run_id"], last["state"], last["outcome"], last["debug"]) == (
        "run-2",
        "success",
        "partialSuccess",
        True,
    )
    assert last["numbers"] == {
        "listed": 12,
        "filtered": 2,
        "described": 10,
        "sampled": 7,
        "written": 3,
        "unchanged": 5,
        "drifted": 0,
        "not_due": 0,
        "skipped": 0,
        "deleted": 1,
        "failed": 2,
        "warnings": 0,
        "not_reached": 0,
        "seconds": 7.5,
    }


@pytest.mark.parametrize(("paused", "told"), [(False, "2026-11-01T00:00:00Z"), (True, None)])
def test_the_next_run_is_told_of_what_is_not_paused(
    paused: bool, told: str | None, bundle: Bundle, client: Client
) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": "weekly", "pipelineTimezone": "Europe/Berlin"})
    stored(bundle)
    with create_session() as session:
        session.query(DagModel).update({"is_paused": paused, "next_dagrun_create_after": EPOCH})
    [service] = get(client, "services")["services"]
    [workflow] = service["workflows"]
    assert (workflow["schedule"], workflow["zone"]) == ("weekly, Sunday 00:00", "Europe/Berlin")
    assert workflow["next_run"] == told


def test_two_workflows_that_write_one_service_from_two_accounts_are_told_of_each_other(
    bundle: Bundle, client: Client
) -> None:
    """By what their DAGs carry, targets too; not where they write two catalogues, and not of one account."""
    om: dict[str, Any] = {
        "sink": {"type": "metadata-rest", "config": {}},
        "connections": {"aws": "prod_aws", "openmetadata": "om"},
    }
    other: dict[str, Any] = {**om, "connections": {"aws": "prod_aws", "openmetadata": "another_om"}}
    account = {"account": "222222222222"}
    target = {"account": "111111111111", "awsRegion": "us-east-2", "serviceName": "shop"}
    bundle.put("a.yaml", **om, targets=target)
    bundle.put("b.yaml", **om, options=account)
    bundle.put("c.yaml", **om, options=account)
    bundle.put("d.yaml", **other, options={"account": "333333333333"})
    bundle.put("e.yaml", options={"account": "444444444444"}, sink={"type": "file"})
    stored(bundle)
    [service] = get(client, "services")["services"]
    told = {each["dag_id"]: [advice["problem"] for advice in each["advice"]] for each in service["workflows"]}
    assert told == {
        "a": ["`shop` is also written by b, from 222222222222 in us-east-2"],
        "b": ["`shop` is also written by a, from 111111111111 in us-east-2"],
        "c": ["`shop` is also written by a, from 111111111111 in us-east-2"],
        "d": [],
        "e": [],
    }


def test_a_broken_file_is_shown_under_the_service_that_it_names(shop: Bundle, client: Client) -> None:
    source = json.loads(json.dumps(SOURCE))
    source["serviceConnection"]["config"]["awsConfig"]["awsRegoin"] = "x"
    shop.put("other.yaml", source=source)
    stored(shop)
    found = get(client, "services")
    [service] = found["services"]
    [broken, good] = service["workflows"]
    assert (broken["dag_id"], broken["deploy_failed"], broken["schedule"]) == ("other", True, "")
    assert (good["dag_id"], good["deploy_failed"]) == ("shop", False)
    assert "the key `awsRegoin` is unknown" in broken["faults"][0]["problem"]
    assert service["display_name"] == "Shop"
    assert found["import_errors"] == []


def test_a_broken_file_that_has_no_dag_is_an_import_error(shop: Bundle, client: Client) -> None:
    """A good file of the same name has it."""
    shop.put("b/shop.yaml", "name: shop\nsource: [")
    stored(shop)
    [error] = get(client, "services")["import_errors"]
    assert error["file"] == "workflows/b/shop.yaml"
    assert error["text"].startswith("workflows/b/shop.yaml:3:1: this is not valid YAML")
    assert "Traceback" not in error["text"]


@pytest.mark.usefixtures("shop")
def test_a_workflow_whose_file_is_gone_is_no_longer_in_the_list_and_still_has_its_page(client: Client) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(DagModel).update({"is_stale": True})
    assert get(client, "services")["services"] == []
    assert get(client, "workflows/shop")["workflow"]["stale"] is True


def test_the_page_of_a_workflow_shows_its_file_and_where_its_secrets_come_from(bundle: Bundle, client: Client) -> None:
    config = {"awsRegion": "us-east-2", "awsAccessKeyId": "${KEY}", "awsSecretAccessKey": "hunter2-and-more"}
    source = {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": config}}}
    bundle.put("shop.yaml", f"# awsSessionToken: hunter3\n{json.dumps({'source': source})}")
    stored(bundle)
    found = get(client, "workflows/shop")
    assert found["text"].splitlines()[0] == "# awsSessionToken: ***"
    assert '"awsAccessKeyId": "${KEY}", "awsSecretAccessKey": "***"' in found["text"]
    assert "hunter" not in json.dumps(found)
    assert [one["label"] for one in found["connection"]] == ["Credentials", "Region"]
    assert found["service"]["name"] == "shop"


@pytest.mark.usefixtures("shop")
def test_the_runs_of_a_workflow_come_newest_first_with_their_problems(client: Client) -> None:
    run("shop", 1, value={"state": "failed", "fatal": {"cause": "no credentials"}}, state="failed")
    run("shop", 2, value=STORED)
    run("shop", 3, state="running")
    [running, second, first] = get(client, "workflows/shop/runs")["runs"]
    assert (running["run_id"], running["outcome"], running["numbers"]) == ("run-3", None, None)
    assert (first["cause"], first["outcome"]) == ("no credentials", "failed")
    assert second["catalogue_url"] == "http://om:8585/service/messagingServices/shop"
    assert second["groups"] == [
        {
            "kind": "failure",
            "step": "describe",
            "cause": "AWS denies this call",
            "remedy": "Allow it",
            "entities": ["orders", "returns"],
            "count": 2,
            "statement": {"Effect": "Allow", "Action": ["kinesis:ListShards"], "Resource": "*"},
        }
    ]
    assert [one["run_id"] for one in get(client, "workflows/shop/runs?limit=1")["runs"]] == ["run-3"]


@pytest.mark.usefixtures("shop")
def test_a_run_that_asked_and_did_not_ingest_is_no_run_of_the_workflow(client: Client) -> None:
    """Whatever it asked for, and though it is newer than all others."""
    run("shop", 1, value=STORED)
    run("shop", 2, value={"probe": "test", "state": "passed"}, conf={"probe": "test"})
    run("shop", 3, conf={"probe": None}, state="failed")
    assert [one["run_id"] for one in get(client, "workflows/shop/runs?limit=1")["runs"]] == ["run-1"]
    assert get(client, "workflows/shop")["workflow"]["last"]["run_id"] == "run-1"
    assert get(client, "services")["services"][0]["workflows"][0]["last"]["run_id"] == "run-1"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "value",
    [
        "s3://bucket/xcom/1",
        {"state": "else"},
        [1],
        7,
        {"state": "failed", "listed": "many", "failures": [1, {}], "fatal": "x"},
        '{"state": "success", "seconds": NaN}',
        '{"state": "success", "seconds": 1e999}',
        {"state": "success", "seconds": 10**400},
        {"state": "success", "seconds": True},
    ],
)
def test_what_is_stored_otherwise_is_not_known(value: Any, client: Client) -> None:
    """As by a custom XCom backend, or another version."""
    run("shop", 1, value=value)
    [found] = get(client, "workflows/shop/runs")["runs"]
    assert found["run_id"] == "run-1"
    assert (found["numbers"] or {}).get("listed") is None
    assert (found["numbers"] or {}).get("seconds") is None
    assert get(client, "services")["services"][0]["workflows"][0]["last"]["run_id"] == "run-1"


def test_a_dag_that_is_no_workflows_is_not_shown(shop: Bundle, client: Client) -> None:
    """Though it has our tag, as a DAG with our operator may."""
    (shop.root / "own.py").write_text(
        'from airflow.sdk import DAG\nwith DAG("own", schedule=None, tags={"kinesis"}):\n    pass\n'
    )
    stored(Bundle(shop.root, "own.py"))
    assert [one["name"] for one in get(client, "services")["services"]] == ["shop"]
    assert client("admin").get("/kinesis/api/workflows/own").status_code == 404
    assert client("admin").get("/kinesis/api/workflows/none").status_code == 404


def test_any_number_of_services_costs_the_same_number_of_statements(bundle: Bundle, client: Client) -> None:
    """The page of 500 services is one call."""
    from airflow.settings import engine

    statements = list[str]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    def asked(count: int) -> int:
        for number in range(count):
            bundle.put(f"s{number}.yaml", source={**SOURCE, "serviceName": f"s{number}"})
        stored(bundle)
        client("admin").get("/kinesis/api/services")
        statements.clear()
        assert len(get(client, "services")["services"]) == count
        return len(statements)

    event.listen(engine, "before_cursor_execute", note)
    try:
        few, many = asked(2), asked(500)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert few == many
    assert many <= 10
