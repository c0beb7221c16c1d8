"""Workflow files become DAGs, read as Airflow reads them: by its dag processor, its workers and into its database."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import airflow
import pytest
from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation
from airflow.policies import hookimpl
from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import BaseOperator
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest import dag_factory
from airflow_kinesis_ingest.deployment.files import workflow_paths
from airflow_kinesis_ingest.deployment.record import Record
from airflow_kinesis_ingest.engine.workflow import document
from airflow_kinesis_ingest.engine.workflow.models import SERVER_BLOCK
from airflow_kinesis_ingest.import_error import policies
from airflow_kinesis_ingest.timetable import CronBetweenDates
from tests.airflow.loading import LOADER, SOURCE, Bundle, Parsed, parsed_by_the_dag_processor, stored

AIRFLOW = tuple(map(int, airflow.__version__.split(".")[:2]))
BROKEN = "name: shop\nsource:\n  type: kafka\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "dags")


def task_of(dag: dict[str, Any]) -> dict[str, Any]:
    """The serialized form of a DAG's only task."""
    (task,) = dag["tasks"]
    return dict(task["__var"])


# --- a good file -----------------------------------------------------------------------------------------------------


def test_the_shipped_loader_and_workflow_are_a_dag() -> None:
    """dags/ of this repository, as the demo uses it; its loader is the three lines of these tests."""
    shipped = Path(__file__).parents[2] / "dags"
    loader = (shipped / "kinesis_workflows.py").read_text()
    assert loader.splitlines()[1:] == LOADER.splitlines()[1:]
    parsed = parsed_by_the_dag_processor(shipped, "kinesis_workflows.py")
    assert (parsed.deployed, parsed.errors) == ({"demo"}, {})


def test_everything_a_file_says_about_its_pipeline_is_in_its_dag(bundle: Bundle) -> None:
    bundle.put(
        "shop.yaml",
        name="orders",
        displayName="Orders account",
        description="Streams of the shop",
        owner="checkout",
        tags=["gold"],
        airflowConfig={
            "scheduleInterval": "hourly",
            "pipelineTimezone": "Europe/Berlin",
            "startDate": "2026-11-01",
            "endDate": "2027-01-31",
            "retries": 2,
            "retryDelay": 60,
            "pausePipeline": True,
            "pipelineCatchup": True,
            "maxActiveRuns": 3,
            "concurrency": 4,
            "workflowTimeout": 7200,
            "email": "checkout@example.com",
            "pool": "kinesis",
            "queue": "in_the_vpc",
        },
    )
    dag = bundle.worker_dags()["orders"]
    assert dag.dag_display_name == "Orders account"
    assert dag.description == "Streams of the shop"
    assert dag.tags == {"kinesis", "service:shop", "gold"}
    assert (dag.catchup, dag.is_paused_upon_creation) == (True, True)
    assert (dag.max_active_runs, dag.max_active_tasks) == (3, 4)
    assert dag.owner_links == {"checkout": "mailto:checkout@example.com"}
    assert dag.params["debug"] is False
    assert dag.timetable == CronBetweenDates("0 * * * *", timezone="Europe/Berlin", **NOVEMBER_TO_JANUARY)
    (task,) = dag.tasks
    assert (task.task_id, task.owner, task.retries) == ("ingest", "checkout", 2)
    assert (task.pool, task.queue) == ("kinesis", "in_the_vpc")
    assert task.retry_delay == timedelta(seconds=60)
    assert task.execution_timeout == timedelta(hours=2)


NOVEMBER_TO_JANUARY: dict[str, Any] = {
    "start": datetime(2026, 11, 1, tzinfo=timezone.utc),
    "end": datetime(2027, 1, 31, 23, 59, 59, 999999, tzinfo=timezone.utc),
}


def test_what_a_file_leaves_out_is_openmetadatas_default(bundle: Bundle) -> None:
    """Daily in UTC, no retry, one run at a time, no time-out, not paused, no catch-up; named after the file.

    Pool and queue, which OpenMetadata has not, are Airflow's own.
    """
    bundle.put("shop.yaml")
    dag = bundle.worker_dags()["shop"]
    assert dag.timetable == CronBetweenDates("0 0 * * *")
    assert (dag.catchup, dag.is_paused_upon_creation, dag.max_active_runs, dag.max_active_tasks) == (False, False, 1, 1)
    (task,) = dag.tasks
    assert (task.owner, task.retries, task.retry_delay, task.execution_timeout) == (
        "airflow",
        0,
        timedelta(seconds=300),
        None,
    )
    airflows = BaseOperator(task_id="plain")
    assert (task.pool, task.queue) == (airflows.pool, airflows.queue)
    assert dag.dag_display_name == "shop"


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        ("hourly", "0 * * * *"),
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("30 6 * * MON-FRI", "30 6 * * MON-FRI"),
    ],
)
def test_a_schedule_is_a_cron_line_in_our_timetable(schedule: str, cron: str, bundle: Bundle) -> None:
    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": schedule})
    timetable = bundle.parsed().dags["shop"]["timetable"]
    assert timetable["__type"] == "airflow_kinesis_ingest.timetable.CronBetweenDates"
    assert timetable["__var"]["cron"] == cron


def test_a_pipeline_on_demand_has_no_schedule(bundle: Bundle) -> None:
    bundle.put("shop.yaml", airflowConfig={"scheduleInterval": None})
    assert bundle.parsed().dags["shop"]["timetable"]["__type"] == "airflow_kinesis_ingest.timetable.OnDemand"


def test_the_dates_bind_the_schedule_not_the_dag(bundle: Bundle) -> None:
    """With an end_date on the DAG, Airflow marks a manual run after it as success, without running its task."""
    bundle.put("shop.yaml", airflowConfig={"startDate": "2026-11-01", "endDate": "2026-11-02"})
    dag = bundle.worker_dags()["shop"]
    (task,) = dag.tasks
    assert (dag.end_date, task.end_date) == (None, None)
    assert dag.start_date is not None
    assert dag.start_date.year <= 2000


def test_the_debug_switch_is_in_the_trigger_form(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    ((name, param),) = bundle.parsed().dags["shop"]["params"]
    assert (name, param["default"], param["schema"]["__var"]["type"]) == ("debug", False, "boolean")


def test_the_file_is_shown_without_its_secrets(bundle: Bundle) -> None:
    """In the docs of its DAG, so that a changed file is a new version of it; and nowhere else."""
    connection = {
        "awsRegion": "us-east-2",
        "awsAccessKeyId": "AKIALITERALLITERAL",
        "awsSecretAccessKey": "literal-secret",
        "awsSessionToken": "${SESSION_TOKEN}",
    }
    source = {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": connection}}}
    server = {
        "hostPort": "http://localhost:8585/api",
        "securityConfig": {"jwtToken": "literal-jwt"},
        "extraHeaders": {"X-Proxy": "literal-header"},
    }
    bundle.put(
        "shop.yaml",
        source=source,
        sink={"type": "metadata-rest"},
        workflowConfig={"openMetadataServerConfig": server},
    )
    parsed = bundle.parsed()
    shown = parsed.dags["shop"]["doc_md"]
    assert '"awsSecretAccessKey": "***"' in shown
    assert '"awsSessionToken": "${SESSION_TOKEN}"' in shown
    for secret in ("literal-secret", "AKIALITERALLITERAL", "literal-jwt", "literal-header"):
        assert secret not in parsed.text


def record(parsed: Parsed, dag_id: str) -> tuple[str, Record]:
    """The text and the record that a DAG carries for the page."""
    task = task_of(parsed.dags[dag_id])
    return task["doc_yaml"], Record.model_validate_json(task["doc_json"])


def test_a_dag_carries_its_file_and_what_it_says_in_words(bundle: Bundle) -> None:
    """So that the api-server shows both without the file."""
    config = {"awsRegion": "us-east-2", "assumeRoleArn": "arn:aws:iam::123456789012:role/reader"}
    source = {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": config}}}
    path = bundle.put("shop.yaml", source=source, service={"displayName": "Shop"}, connections={"aws": "shop_aws"})
    text, found = record(bundle.parsed(), "shop")
    assert text == path.read_text()
    assert (found.file, found.service, found.service_display_name) == ("workflows/shop.yaml", "shop", "Shop")
    assert (found.region, found.account, found.zone) == ("us-east-2", "123456789012", "UTC")
    assert [(one.label, one.value) for one in found.connection] == [
        ("Airflow connection", "shop_aws"),
        ("Region", "us-east-2"),
        ("Assume role ARN", "arn:aws:iam::123456789012:role/reader"),
    ]
    assert [(one.label, one.value) for one in found.catalogue] == [("File", "shop.catalogue.jsonl")]
    assert all(one.help for one in [*found.connection, *found.catalogue])


def test_a_record_says_where_secrets_come_from_and_never_what_they_are(bundle: Bundle) -> None:
    keys = {"awsRegion": "us-east-2", "awsAccessKeyId": "${KEY}", "awsSecretAccessKey": "literal-secret"}
    source = {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": keys}}}
    server = {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "literal-jwt"}}
    bundle.put("shop.yaml", source=source, sink={"type": "metadata-rest"}, workflowConfig={SERVER_BLOCK[-1]: server})
    _, found = record(bundle.parsed(), "shop")
    assert ("Credentials", "${KEY} of the worker's environment") in [(one.label, one.value) for one in found.connection]
    assert [(one.label, one.value) for one in found.catalogue] == [
        ("Token", "in the workflow file"),
        ("Host port", "http://om:8585/api"),
    ]
    assert "literal" not in found.model_dump_json()


def test_no_secret_of_an_identity_provider_is_in_what_airflow_stores(bundle: Bundle) -> None:
    """Of any of them; the record says who gives the token, to whom, and where the secret comes from."""
    blocks = {
        "auth0": {"clientId": "shop-client", "secretKey": "literal-secret", "domain": "dev-1.eu.auth0.com"},
        "azure": {
            "clientId": "shop-client",
            "clientSecret": "literal-secret",
            "authority": "https://login.microsoftonline.com/tenant",
            "scopes": ["api://om/.default"],
        },
        "custom-oidc": {"clientId": "shop-client", "secretKey": "${IDP}", "tokenEndpoint": "https://idp.example.com/t"},
        "google": {"secretKey": "/run/secrets/key.json"},
        "okta": {
            "clientId": "shop-client",
            "orgURL": "https://dev-1.okta.com/oauth2/default/v1/token",
            "privateKey": "-----BEGIN PRIVATE KEY-----\nliteral-secret\n-----END PRIVATE KEY-----",
            "email": "bot@example.com",
        },
    }
    for name, block in blocks.items():
        server = {"hostPort": "http://om:8585/api", "authProvider": name, "securityConfig": block}
        config = {SERVER_BLOCK[-1]: server}
        bundle.put(f"{name}.yaml", source=SOURCE, sink={"type": "metadata-rest"}, workflowConfig=config)
    parsed = bundle.parsed()
    assert "literal-secret" not in parsed.text
    assert set(parsed.dags) >= set(blocks)
    told = {name: {one.label: one.value for one in record(parsed, name)[1].catalogue} for name in blocks}
    assert {name: lines["Auth provider"] for name, lines in told.items()} == {name: name for name in blocks}
    assert (told["auth0"]["Secret key"], told["auth0"]["Domain"]) == ("in the workflow file", "dev-1.eu.auth0.com")
    assert told["custom-oidc"]["Secret key"] == "${IDP} of the worker's environment"
    assert told["google"]["Secret key"] == "a file on the worker"
    assert told["okta"]["Private key"] == "in the workflow file"


def test_a_broken_files_dag_carries_its_text_and_its_faults(bundle: Bundle) -> None:
    bundle.put("shop.yaml", BROKEN.replace("kafka", "kafka  # awsSecretAccessKey: hunter2\n  serviceName: shop"))
    text, found = record(bundle.parsed(), "shop")
    assert text.splitlines()[2:4] == ["  type: kafka  # awsSecretAccessKey: ***", "  serviceName: shop"]
    assert (found.file, found.service) == ("workflows/shop.yaml", "shop")
    assert (3, "source.type") in [(fault.line, fault.path) for fault in found.faults]


def test_of_several_broken_files_of_one_name_no_text_is_shown_and_all_faults_are(bundle: Bundle) -> None:
    for file in ("a.yaml", "b.yaml"):
        bundle.put(file, name="shop", source=SOURCE)
    text, found = record(bundle.parsed(), "shop")
    assert (text, found.file, found.service) == ("", None, "shop")
    assert [fault.file for fault in found.faults] == ["workflows/a.yaml", "workflows/b.yaml"]


def test_the_file_stands_in_the_documentation_whatever_it_holds(bundle: Bundle) -> None:
    """A comment with the marks of a Markdown block does not end the block."""
    bundle.put("shop.yaml", f"# ```\n{json.dumps({'source': SOURCE})}\n# ```\n")
    assert "\n````yaml\n# ```\n" in bundle.parsed().dags["shop"]["doc_md"]


def test_a_changed_file_is_a_changed_dag(bundle: Bundle) -> None:
    """Also where only the engine reads what changed."""
    bundle.put("shop.yaml", options={"concurrency": 1})
    before = bundle.parsed().text
    bundle.put("shop.yaml", options={"concurrency": 2})
    assert bundle.parsed().text != before


def test_a_cleared_run_takes_the_fixed_file_where_airflow_can(bundle: Bundle) -> None:
    """From 3.3 on. In a versioned bundle it would take the file as it was."""
    bundle.put("shop.yaml")
    bundle.put("broken.yaml", "[")
    for dag in bundle.worker_dags().values():
        assert getattr(dag, dag_factory.RERUN, AIRFLOW < (3, 3)) is True


def test_no_name_of_a_workflow_can_harm_the_loader(bundle: Bundle) -> None:
    """A DAG id is any name, also one that the loader's module has."""
    (bundle.root / bundle.loader).write_text(LOADER + 'load_workflows(globals(), "more")\n')
    (bundle.folder.parent / "more").mkdir()
    for name in ("__file__", "load_workflows", "__name__"):
        bundle.put(f"{name}.yaml")
    assert bundle.parsed().deployed == {"__file__", "load_workflows", "__name__"}


# --- a broken file ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loader", ["kinesis_workflows.py", "teams/shop/loader.py"])
def test_a_broken_file_is_an_import_error_under_its_own_path(loader: str, tmp_path: Path) -> None:
    """Relative to the bundle, as Airflow's own are, wherever the loader lies; with line, column and a remedy."""
    bundle = Bundle(tmp_path / "dags", loader)
    bundle.put("a/broken.yaml", BROKEN)
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    path = str(Path(loader).parent / "workflows" / "a" / "broken.yaml")
    assert set(parsed.errors) == {path}
    assert "broken.yaml:3:9: source.type: this is not one of 'kinesis'" in parsed.errors[path]
    assert "Write 'kinesis'" in parsed.errors[path]
    assert parsed.deployed == {"good"}


def test_all_faults_of_a_file_are_told_at_once(bundle: Bundle) -> None:
    bundle.put("broken.yaml", "nmae: shop\nsource:\n  type: kafka\n")
    (error,) = bundle.parsed().errors.values()
    assert "Did you mean `name`?" in error
    assert "source.type" in error
    assert "Traceback" not in error.splitlines()[-1]


def test_a_broken_file_keeps_its_dag_id_and_so_its_history(bundle: Bundle) -> None:
    """A placeholder of the same id: unscheduled, tagged, with the reason in its docs."""
    bundle.put("some-file.yaml", BROKEN)
    parsed = bundle.parsed()
    dag = parsed.dags["shop"]
    assert set(parsed.dags) == {"shop"}
    assert "deploy-failed" in dag["tags"]
    assert dag["timetable"]["__type"] == "airflow.timetables.simple.NullTimetable"
    assert "workflows/some-file.yaml:3:9: source.type" in dag["doc_md"]


@pytest.mark.parametrize("rest", ["source: {serviceName: shop}", "source: ["], ids=["readable", "not readable"])
def test_a_filter_on_its_tags_or_owner_still_finds_a_broken_pipeline(rest: str, bundle: Bundle) -> None:
    text = "name: orders\ndisplayName: Orders account\nowner: checkout\ntags:\n- shop\n- eu\n"
    bundle.put("shop.yaml", text + rest + "\n")
    dag = bundle.worker_dags()["orders"]
    assert (dag.dag_display_name, dag.owner) == ("Orders account", "checkout")
    assert dag.tags - {"service:shop"} == {"kinesis", "deploy-failed", "shop", "eu"}


def test_each_part_of_a_broken_file_is_kept_only_if_it_is_valid_by_itself(bundle: Bundle) -> None:
    bundle.put("shop.yaml", "displayName: [x]\nowner: 7\ntags: [shop, 3, '']\nsource: {serviceName: shop}\n")
    dag = bundle.worker_dags()["shop"]
    assert (dag.dag_display_name, dag.owner) == ("shop", "airflow")
    assert dag.tags == {"kinesis", "deploy-failed", "shop", "service:shop"}


def test_files_with_one_name_keep_whose_they_are(bundle: Bundle) -> None:
    for number in (1, 2):
        bundle.put(f"{number}.yaml", name="shop", owner=f"team {number}", tags=[f"tag {number}"], displayName="Shop")
    dag = bundle.worker_dags()["shop"]
    assert (dag.dag_display_name, dag.owner) == ("Shop", "team 1")
    assert {"tag 1", "tag 2", "deploy-failed"} <= dag.tags


def test_the_document_of_a_broken_pipeline_lists_its_faults_with_their_lines(bundle: Bundle) -> None:
    bundle.put("shop.yaml", BROKEN.replace("kafka", "kafka\n  serviceNmae: shop"))
    shown = bundle.parsed().dags["shop"]["doc_md"]
    assert "\n- workflows/shop.yaml:3:9: source.type: this is not one of 'kinesis'" in shown
    assert "\n- workflows/shop.yaml:4:3: source.serviceNmae: the key `serviceNmae` is unknown." in shown
    assert ">    3 |   type: kafka\n>    4 |   serviceNmae: ***" in shown


@pytest.mark.parametrize(
    ("text", "dag_id"),
    [
        ("name: orders\nsource: [", "orders"),
        ("'name': 'orders' \nsource: [", "orders"),
        ('{"name": "orders",\n"source": [', "some-file"),
        ("source: [", "some-file"),
        ("name: two words\nsource: [", "some-file"),
        ("name: [\n", "some-file"),
        ("\x00", "some-file"),
        ("- name: x", "some-file"),
        ("name: orders   # the DAG id\nsource: [", "orders"),
        ("name: orders#1\nsource: [", "some-file"),
        ("\ufeffname: orders\r\nsource: [", "orders"),
        ("service:\n  name: other\nname: orders\nsource: [", "orders"),
        ("service:\n  name: other\nsource: [", "some-file"),
        ('{\n  "service": {\n    "name": "other"\n  },\n  "name": "orders",\n  "source": [', "orders"),
        ('{\n  "service": {\n    "name": "other"\n  },\n  "source": [', "some-file"),
        ("name: x" + " " * 500_000 + "!\n" + "\n" * 500_000 + "source: [", "some-file"),
    ],
)
def test_the_name_of_an_unreadable_file_is_found_or_its_stem_is_taken(text: str, dag_id: str, bundle: Bundle) -> None:
    bundle.put("some-file.yaml", text)
    assert set(bundle.parsed().dags) == {dag_id}


@pytest.mark.parametrize(
    ("text", "dag_id"),
    [
        ("name: orders   # the DAG id\nsource: {}\n", "orders"),
        ('{\n  "source": {"name": "x"},\n  "name": "orders"}', "orders"),
        ('"n\\x61me": "\\x6frders"\nsource: {}', "orders"),
        ("name: >-\n  orders\nsource: {}", "orders"),
        ("service:\n  name: other\nsource: {}", "some-file"),
        ("name: two words\nsource: {}", "some-file"),
        ("name: !tag x\nsource: {}", "some-file"),
        ("name:\nsource: {}", "some-file"),
        ("[1, 2]", "some-file"),
    ],
)
def test_the_name_of_a_readable_file_is_what_it_says(text: str, dag_id: str, bundle: Bundle) -> None:
    """Whatever else is wrong with it, and however it is written."""
    bundle.put("some-file.json", text)
    assert set(bundle.parsed().dags) == {dag_id}


def test_a_file_whose_stem_is_no_dag_id_starts_its_placeholder(bundle: Bundle) -> None:
    """Under the id that its placeholder has."""
    bundle.put("my shop.yaml")
    assert set(bundle.parsed().dags) == {"my_shop"}
    assert set(bundle.worker_dags("my_shop")) == {"my_shop"}


@pytest.mark.parametrize(
    ("line", "paused"),
    [
        ("airflowConfig: {pausePipeline: true}", True),
        ("airflowConfig:\n  pausePipeline: yes", True),
        ("airflowConfig: {pausePipeline: false}", False),
        ("# pausePipeline: true", False),
        ("airflowConfig: {}  # pausePipeline: true", False),
    ],
)
@pytest.mark.parametrize("rest", ["source: {}", "source: ["], ids=["readable", "not readable"])
def test_a_paused_pipeline_stays_paused_when_its_file_breaks(
    line: str, rest: str, paused: bool, bundle: Bundle
) -> None:
    """A new DAG would otherwise start with its first good file."""
    bundle.put("shop.yaml", f"{line}\n{rest}\n")
    assert bundle.worker_dags()["shop"].is_paused_upon_creation is paused


def test_a_triggered_run_of_a_broken_pipeline_fails_with_the_reason(bundle: Bundle) -> None:
    bundle.put("shop.yaml", BROKEN)
    task = bundle.started("shop")
    with pytest.raises(AirflowException, match=r"shop\.yaml:3:9: source\.type"):
        task.execute({})
    assert task.task_id == "ingest"


def test_other_pipelines_do_not_notice_a_broken_file(bundle: Bundle) -> None:
    """Byte for byte."""
    bundle.put("good.yaml")
    before = bundle.parsed().dags["good"]
    for number, text in enumerate([BROKEN, "", "\x00", "[", "a: *b", "x" * 2_000_000]):
        bundle.put(f"broken-{number}.yaml", text or " ")
    parsed = bundle.parsed()
    assert parsed.dags["good"] == before
    assert len(parsed.errors) == 6


def test_no_more_of_a_file_is_read_than_a_workflow_may_have(bundle: Bundle) -> None:
    """A dump of 20 GB, left in the folder by mistake, takes no memory and no time."""
    with bundle.put("dump.json").open("wb") as dump:
        dump.truncate(20 * 1024**3)
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    assert "the file is larger than 1024 KiB" in parsed.errors["workflows/dump.json"]
    assert set(bundle.worker_dags("good")) == {"good"}


def test_a_file_that_breaks_its_reader_again_is_its_own_fault(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is asked for by the reader that just failed."""

    def read(*_: Any) -> Any:
        raise RecursionError

    bundle.put("shop.yaml", "name: orders\n")
    monkeypatch.setattr("airflow_kinesis_ingest.dag_factory.read", read)
    monkeypatch.setattr("airflow_kinesis_ingest.deployment.claims.read", read)
    parsed = bundle.parsed()
    assert (set(parsed.errors), set(parsed.dags)) == ({"workflows/shop.yaml"}, {"orders"})


def test_a_worker_sees_no_stand_in_for_an_error(bundle: Bundle) -> None:
    """A DAG that cannot be serialized is for the dag processor only: `airflow dags reserialize` would fail."""
    bundle.put("shop.yaml", BROKEN)
    bundle.put("good.yaml")
    assert set(bundle.worker_dags()) == {"shop", "good"}


@pytest.mark.usefixtures("database")
def test_the_database_shows_the_error_and_keeps_the_others_alive(bundle: Bundle) -> None:
    """Airflow marks every DAG of a file with an import error as stale; ours are of one file, and are not."""
    from airflow.models.dag import DagModel
    from airflow.models.errors import ParseImportError
    from airflow.utils.session import create_session

    bundle.put("shop.yaml", BROKEN)
    bundle.put("good.yaml")
    stored(bundle)
    with create_session() as session:
        shown = {error.filename: error.stacktrace for error in session.query(ParseImportError)}
        states = {dag.dag_id: (dag.is_stale, dag.has_import_errors) for dag in session.query(DagModel)}
    assert set(shown) == {"workflows/shop.yaml"}
    assert "workflows/shop.yaml:3:9" in str(shown["workflows/shop.yaml"])
    assert states == {"shop": (False, False), "good": (False, False)}


@pytest.mark.parametrize(
    "blocks",
    [
        {"airflowConfig": {"maxActiveRuns": 10**20}},
        {"airflowConfig": {"retryDelay": 10**20}},
        {"airflowConfig": {"workflowTimeout": 10**20}},
        {"airflowConfig": {"retries": 10**20}},
        {"airflowConfig": {"scheduleInterval": "0 0 31 2 *"}},
        {"airflowConfig": {"scheduleInterval": "R R * * *"}},
        {"airflowConfig": {"pool": "x" * 257}},
        {"airflowConfig": {"queue": "x" * 257}},
        {"tags": ["x" * 101]},
        {"owner": "x" * 3000},
        {"displayName": "x" * 3000},
        {"description": "a\0b"},
    ],
)
def test_what_airflow_could_not_store_is_refused(blocks: dict[str, Any], bundle: Bundle) -> None:
    """Airflow writes all DAGs of a loader in one transaction: what its database refuses takes all of them down."""
    bundle.put("good.yaml")
    bundle.put("shop.yaml", **blocks)
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    (error,) = parsed.errors.values()
    assert "a fault of ours" not in error
    assert "Airflow refuses" not in error


# --- names -----------------------------------------------------------------------------------------------------------


def test_a_name_that_two_files_claim_is_told_on_both_and_runs_neither(bundle: Bundle) -> None:
    bundle.put("a.yaml", name="shop")
    bundle.put("b/c.yaml", name="shop")
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    assert set(parsed.errors) == {"workflows/a.yaml", "workflows/b/c.yaml"}
    assert "`shop` is also the name of workflows/b/c.yaml" in parsed.errors["workflows/a.yaml"]
    assert "`shop` is also the name of workflows/a.yaml" in parsed.errors["workflows/b/c.yaml"]
    assert (set(parsed.dags), parsed.deployed) == ({"shop", "good"}, {"good"})
    assert "workflows/a.yaml" in parsed.dags["shop"]["doc_md"]
    assert "workflows/b/c.yaml" in parsed.dags["shop"]["doc_md"]


def test_of_many_files_with_one_name_a_few_are_named(bundle: Bundle) -> None:
    """A thousand that name each other would be 21 MB of import errors."""
    for number in range(100):
        bundle.put(f"{number:02}.yaml", name="shop")
    parsed = bundle.parsed()
    assert len(parsed.errors) == 100
    named = "workflows/00.yaml, workflows/01.yaml, workflows/02.yaml and 96 more"
    assert f"`shop` is also the name of {named}. Rename one of them" in parsed.errors["workflows/99.yaml"]
    assert "workflows/01.yaml, workflows/02.yaml, workflows/03.yaml and 96" in parsed.errors["workflows/00.yaml"]
    assert "workflows/09.yaml" in parsed.dags["shop"]["doc_md"]
    assert "and 90 more files" in parsed.dags["shop"]["doc_md"]


def test_a_broken_file_takes_no_name_from_a_good_one(bundle: Bundle) -> None:
    """A half-copied file must not stop what runs."""
    bundle.put("shop.yaml")
    bundle.put("copy.yaml", BROKEN)
    parsed = bundle.parsed()
    assert (set(parsed.dags), parsed.deployed) == ({"shop"}, {"shop"})
    assert set(parsed.errors) == {"workflows/copy.yaml"}


# --- the folder ------------------------------------------------------------------------------------------------------


def test_a_half_written_file_is_told_and_then_mends(bundle: Bundle) -> None:
    whole = bundle.put("shop.yaml").read_bytes()
    bundle.put("shop.yaml", whole[: len(whole) // 2])
    assert set(bundle.parsed().errors) == {"workflows/shop.yaml"}
    bundle.put("shop.yaml", whole)
    parsed = bundle.parsed()
    assert (parsed.errors, parsed.deployed) == ({}, {"shop"})


def test_a_link_that_leads_nowhere_is_told(bundle: Bundle) -> None:
    """One to a folder too, which stands for no pipeline but for those that were in it."""
    (bundle.folder / "shop.yaml").symlink_to("gone.yaml")
    (bundle.folder / "team").symlink_to("../gone")
    parsed = bundle.parsed()
    assert set(parsed.errors) == {"workflows/shop.yaml", "workflows/team"}
    assert "workflows/team: this link leads nowhere. Make what it leads to" in parsed.errors["workflows/team"]
    assert set(parsed.dags) == {"shop"}
    assert "deploy-failed" in parsed.dags["shop"]["tags"]


def test_a_sub_folder_that_cannot_be_listed_is_told(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run as root, who may list all: the system refuses instead."""
    bundle.put("good.yaml")
    bundle.put("team/shop.yaml")
    real = os.scandir

    def refusing(path: str) -> Any:
        if str(path).endswith("team"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    parsed = bundle.parsed()
    assert set(parsed.dags) == {"good"}
    assert "this folder cannot be listed: Permission denied" in parsed.errors["workflows/team"]


def test_two_paths_to_one_folder_are_no_two_files(bundle: Bundle) -> None:
    bundle.put("releases/42/shop.yaml")
    (bundle.folder / "current").symlink_to("releases/42")
    parsed = bundle.parsed()
    assert (parsed.deployed, parsed.errors) == ({"shop"}, {})


def test_a_file_that_cannot_be_opened_is_told(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run as root, who may open all: the system refuses instead."""
    path = bundle.put("shop.yaml")
    real = Path.open

    def refusing(self: Path, *arguments: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refusing)
    (error,) = bundle.parsed().errors.values()
    assert "cannot be read: Permission denied" in error


def test_a_file_that_vanishes_between_listing_and_reading_is_told(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.put("good.yaml")
    gone = str(bundle.folder / "gone.yaml")
    monkeypatch.setattr(
        "airflow_kinesis_ingest.dag_factory.workflow_paths", lambda *folders: [gone, *workflow_paths(*folders)]
    )
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    assert "there is no such file" in parsed.errors["workflows/gone.yaml"]


def test_a_file_name_that_is_no_text_is_told(bundle: Bundle) -> None:
    name = os.path.join(os.fsencode(bundle.folder), b"sh\xf6p.yaml")
    try:
        with open(name, "wb") as file:
            file.write(b"[")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    assert set(bundle.parsed().errors) == {"workflows/sh?p.yaml"}


def test_what_is_no_workflow_file_is_left_alone(bundle: Bundle) -> None:
    """Folders named like files, hidden files, other suffixes, what .airflowignore names."""
    for file in ("folder.yaml/inner.yml", "other.json", "draft-3.yaml"):
        bundle.put(file)
    for file in (".hidden.yaml", ".git/config.yaml", "notes.txt", "shop.yaml~", "ignored.yaml", "old/a.yaml"):
        bundle.put(file, "[")
    bundle.put(".airflowignore", "ignored.yaml\nold/\n")
    bundle.put("deep/.airflowignore", "draft*\n")
    bundle.put("deep/draft-1.yaml", "[")
    bundle.put("deep/er/draft-2.yaml", "[")
    parsed = bundle.parsed()
    assert (parsed.deployed, parsed.errors) == ({"inner", "other", "draft-3"}, {})


def test_airflowignore_may_lie_beside_the_loader(bundle: Bundle) -> None:
    """In the root of the DAGs, where people put it."""
    bundle.put("good.yaml")
    bundle.put("drafts/shop.yaml", "[")
    (bundle.root / ".airflowignore").write_text("workflows/drafts/\n")
    parsed = bundle.parsed()
    assert (parsed.deployed, parsed.errors) == ({"good"}, {})


def test_a_folder_that_is_missing_is_told_under_its_own_path(bundle: Bundle) -> None:
    bundle.folder.rmdir()
    parsed = bundle.parsed()
    assert set(parsed.errors) == {"workflows"}
    assert "Make it, or correct its path in the loader" in parsed.errors["workflows"]
    assert parsed.dags == {}


def test_an_empty_folder_is_no_error(bundle: Bundle) -> None:
    parsed = bundle.parsed()
    assert (parsed.dags, parsed.errors) == ({}, {})


def test_a_folder_outside_the_bundle_is_named_in_full(bundle: Bundle, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "shop.yaml").write_text(BROKEN)
    (bundle.root / bundle.loader).write_text(LOADER.replace('"workflows"', repr(str(elsewhere))))
    assert set(bundle.parsed().errors) == {str(elsewhere / "shop.yaml")}


def test_a_folder_whose_name_begins_with_dots_is_inside(bundle: Bundle) -> None:
    folder = bundle.root / "..data"
    folder.mkdir()
    (folder / "shop.yaml").write_text(BROKEN)
    (bundle.root / bundle.loader).write_text(LOADER.replace('workflows")', '..data")'))
    assert set(bundle.parsed().errors) == {"..data/shop.yaml"}


def test_a_thousand_files_are_a_thousand_dags(bundle: Bundle) -> None:
    for number in range(1000):
        bundle.put(f"team-{number % 7}/shop-{number}.yaml", BROKEN if number % 100 == 0 else "")
    parsed = bundle.parsed()
    assert (len(parsed.deployed), set(parsed.dags) - parsed.deployed, len(parsed.errors)) == (990, {"shop"}, 10)


# --- never raises, always the same -----------------------------------------------------------------------------------


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.one_of(
        st.binary(max_size=400),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "tags", "owner", "source", "airflowConfig", "startDate", "retryDelay"])
                    | st.text(max_size=5),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ).map(lambda data: json.dumps(data).encode()),
    )
)
@example(raw=b"name: &a [*a]")
@example(raw=b"{" * 100_000)
@example(raw=json.dumps({"source": SOURCE, "airflowConfig": {"startDate": "0001-01-01"}}).encode())
@example(raw=json.dumps({"source": SOURCE, "airflowConfig": {"endDate": "9999-12-31"}}).encode())
@example(raw=json.dumps({"source": SOURCE, "name": "\ud800"}).encode())
def test_whatever_a_file_holds_the_other_pipelines_are_deployed(raw: bytes, bundle: Bundle) -> None:
    """The loader never raises, and what it makes can be sent and stored."""
    bundle.put("good.yaml")
    bundle.put("some.yaml", raw or b" ")
    parsed = bundle.parsed()
    assert "good" in parsed.deployed
    assert set(parsed.errors) <= {"workflows/some.yaml"}


def test_the_same_files_are_the_same_dags_in_every_process(bundle: Bundle) -> None:
    """Byte for byte, with keys in order, as Airflow hashes them. Else every parse would be a new version of each."""
    bundle.put("shop.yaml", tags=["b", "a", "c", "a"], airflowConfig={"scheduleInterval": "17 3 * * *"})
    bundle.put("broken.yaml", BROKEN.replace("shop", "broken"))
    bundle.put("a.yaml", name="twice")
    bundle.put("b.yaml", name="twice")
    serialized = {seed: _serialized(bundle, seed) for seed in ("1", "2")}
    assert serialized["1"] == serialized["2"]
    assert set(json.loads(serialized["1"])) == {"shop", "broken", "twice"}


def _serialized(bundle: Bundle, seed: str) -> str:
    script = f"""
import json
from pathlib import Path
from tests.airflow.loading import dags_in, serialization
dags = dags_in(Path({str(bundle.root)!r}), {bundle.loader!r})
print(json.dumps({{dag_id: serialization().to_dict(dag) for dag_id, dag in dags.items()}}, sort_keys=True))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_parsing_asks_nobody(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, no clock, no environment beyond Airflow's own settings; a `${NAME}` stays as it stands."""
    from airflow_kinesis_ingest import load_workflows

    bundle.put("shop.yaml", airflowConfig={"startDate": "2026-11-01"}, description="${HOME}")
    bundle.put("broken.yaml", BROKEN.replace("shop", "broken"))
    load_workflows({"__file__": str(bundle.root / bundle.loader)})  # what is imported on first use asks on its own

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("parsing asked somebody")

    class Environment(dict[str, str]):
        def __getitem__(self, name: str) -> str:
            assert name.startswith(AIRFLOWS_OWN), name
            raise KeyError(name)

        def get(self, name: str, default: Any = None) -> Any:
            assert name.startswith(AIRFLOWS_OWN), name
            return default

        def __contains__(self, name: object) -> bool:
            assert str(name).startswith(AIRFLOWS_OWN), name
            return False

        __iter__ = items = keys = refused

    namespace: dict[str, Any] = {"__file__": str(bundle.root / bundle.loader)}
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refused)
        patch.setattr(socket, "create_connection", refused)
        patch.setattr(time, "time", refused)
        patch.setattr(os, "environ", Environment())
        patch.setattr(os, "getenv", refused)
        load_workflows(namespace)
    (shop,) = (dag for name, dag in namespace.items() if name.endswith("shop"))
    assert "${HOME}" in shop.doc_md


AIRFLOWS_OWN = ("_AIRFLOW_PARSING_CONTEXT", "AIRFLOW__")


# --- at the start of a task ------------------------------------------------------------------------------------------


def test_a_task_that_starts_builds_its_own_dag_only(bundle: Bundle) -> None:
    for name in ("shop", "orders", "payments"):
        bundle.put(f"{name}.yaml")
    bundle.put("broken.yaml", BROKEN.replace("shop", "broken"))
    assert set(bundle.worker_dags("orders")) == {"orders"}


def test_its_file_need_not_be_named_like_it(bundle: Bundle) -> None:
    bundle.put("shop.yaml", name="orders")
    bundle.put("orders.yaml", name="shop")
    bundle.put("mention.yaml", description="like orders")
    assert str(bundle.started("orders").workflow).endswith("shop.yaml")


def test_a_name_written_with_escapes_is_found(bundle: Bundle) -> None:
    r"""YAML has many ways to write a text: "orders" in JSON's \u escapes holds no "orders"."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in "orders")
    bundle.put("shop.yaml", json.dumps({"source": SOURCE, "name": "NAME"}).replace("NAME", escaped))
    assert "orders" in bundle.parsed().deployed
    assert set(bundle.worker_dags("orders")) == {"orders"}


@pytest.mark.parametrize("name", ['"\\x6frders"', '"\\U0000006frders"', '"or\\\n  ders"', '"or\\\r\n  ders"'])
def test_a_name_that_yaml_puts_together_is_found(name: str, bundle: Bundle) -> None:
    bundle.put("shop.yaml", f"name: {name}\nsource: {json.dumps(SOURCE)}\n".encode())
    assert "orders" in bundle.parsed().deployed
    assert set(bundle.worker_dags("orders")) == {"orders"}


def test_a_task_that_starts_reads_no_file_for_a_regular_expression_in_it(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""`orders\..*` is an everyday filter; a thousand files with one would take a second."""
    filters = {"topicFilterPattern": {"includes": [r"orders\..*"]}}
    source = {**SOURCE, "sourceConfig": {"config": {"type": "MessagingMetadata", **filters}}}
    bundle.put("a.yaml", name="billing", source=source)
    bundle.put("b.yaml", name="other", source=source)
    files = []

    def read(file: Path, name: str) -> Any:
        files.append(file.name)
        return document.read(file, name)

    monkeypatch.setattr("airflow_kinesis_ingest.dag_factory.read", read)
    assert set(bundle.worker_dags("billing")) == {"billing"}
    assert files == ["a.yaml"]


def test_a_broken_file_takes_no_task_from_a_good_one(bundle: Bundle) -> None:
    """Also if it is the one that is named like the DAG."""
    bundle.put("shop.yaml", "source: [")
    bundle.put("other.yaml", name="shop")
    assert "deploy-failed" not in bundle.worker_dags("shop")["shop"].tags
    assert bundle.parsed().deployed == {"shop"}


def test_a_dag_that_is_nobodys_is_nobodys(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    assert bundle.worker_dags("gone") == {}


def test_a_rival_that_came_since_is_noticed_when_the_task_runs(bundle: Bundle) -> None:
    """Neither of two files of one name runs, also where a task of one of them was already queued."""
    bundle.put("shop.yaml")
    bundle.put("other.yaml", name="shop")
    task = bundle.started("shop")
    with pytest.raises(AirflowException, match=r"`shop` is also the name of workflows/other\.yaml"):
        task.execute({"params": {}, "run_id": "a run"})


def test_a_broken_file_starts_its_placeholder(bundle: Bundle) -> None:
    """A task that was queued before the file broke fails with the reason."""
    bundle.put("other.yaml", BROKEN)
    dag = bundle.worker_dags("shop")["shop"]
    assert "deploy-failed" in dag.tags


# --- what harms nobody else ------------------------------------------------------------------------------------------


def test_a_debug_run_of_one_pipeline_is_none_of_another(bundle: Bundle) -> None:
    """Airflow writes a run's parameters into the DAG that it runs."""
    bundle.put("a.yaml")
    bundle.put("b.yaml")
    dags = bundle.worker_dags()
    dags["a"].params["debug"] = True
    assert dags["b"].params["debug"] is False


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("this tag is too long"), "Airflow refuses this DAG: this tag is too long"),
        (KeyError("a-secret"), "this file ran into a fault of ours (KeyError). Please report it"),
    ],
    ids=["of Airflow's", "of ours"],
)
def test_a_fault_that_nobody_foresaw_is_its_files_own(
    error: Exception, shown: str, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Airflow says of a DAG, which holds no secret, is shown; the text of a fault of ours is not."""

    def dag_of(workflow: Any, *settings: Any) -> Any:
        if workflow.name == "bad":
            raise error
        return made(workflow, *settings)

    made = dag_factory.dag_of
    monkeypatch.setattr(dag_factory, "dag_of", dag_of)
    bundle.put("good.yaml")
    bundle.put("bad.yaml")
    parsed = bundle.parsed()
    assert (parsed.deployed, set(parsed.errors)) == ({"good"}, {"workflows/bad.yaml"})
    assert shown in parsed.errors["workflows/bad.yaml"]
    assert "a-secret" not in f"{parsed.errors}{parsed.text}"


# --- a cluster policy ------------------------------------------------------------------------------------------------


@contextmanager
def cluster_policy(**functions: Callable[..., None]) -> Iterator[None]:
    """As the functions of airflow_local_settings.py are."""
    found = {name: staticmethod(hookimpl(policy)) for name, policy in functions.items()}
    plugin = type("Policies", (), found)
    airflows = policies()
    airflows.register(plugin)
    try:
        yield
    finally:
        airflows.unregister(plugin)


def owned(task: Any) -> None:
    if task.owner == "airflow":
        raise AirflowClusterPolicyViolation("every task needs an owner")


def tagged(dag: Any) -> None:
    if not dag.tags:
        raise AirflowClusterPolicyViolation("every DAG needs a tag")


def test_a_file_that_a_cluster_policy_refuses_harms_only_itself(bundle: Bundle) -> None:
    """Airflow files what a policy raises under the loader, which marks all its DAGs as stale."""
    bundle.put("good.yaml", owner="checkout")
    bundle.put("shop.yaml")
    bundle.put("broken.yaml", "[")
    with cluster_policy(dag_policy=tagged, task_policy=owned):
        parsed = bundle.parsed()
    assert set(parsed.dags) == {"good"}  # a placeholder has no owner that the policy would accept
    assert set(parsed.errors) == {"workflows/shop.yaml", "workflows/broken.yaml"}
    refused = "workflows/shop.yaml: Airflow's cluster policy refuses this DAG: every task needs an owner. Change"
    assert refused in parsed.errors["workflows/shop.yaml"]


def test_placeholders_and_import_errors_are_tagged_as_a_policy_wants_it(bundle: Bundle) -> None:
    bundle.put("good.yaml")
    bundle.put("broken.yaml", "[")
    with cluster_policy(dag_policy=tagged):
        parsed = bundle.parsed()
    assert (set(parsed.dags), set(parsed.errors)) == ({"good", "broken"}, {"workflows/broken.yaml"})


def test_no_policy_hides_an_import_error(bundle: Bundle) -> None:
    """Whatever it wants of a DAG: what stands for a broken file is none."""

    def described(dag: Any) -> None:
        if not dag.description:
            raise AirflowClusterPolicyViolation("every DAG needs a description")

    bundle.put("good.yaml", description="The shop")
    bundle.put("broken.yaml", "[")
    with cluster_policy(dag_policy=described):
        parsed = bundle.parsed()
    assert (set(parsed.dags), set(parsed.errors)) == ({"good", "broken"}, {"workflows/broken.yaml"})


def test_a_refused_file_is_seen_also_where_its_placeholder_is_refused(bundle: Bundle) -> None:
    def named(dag: Any) -> None:
        if not dag.dag_id.startswith("team_"):
            raise AirflowClusterPolicyViolation("DAG ids begin with team_")

    bundle.put("team_good.yaml")
    bundle.put("shop.yaml")
    bundle.put("team_broken.yaml", "[")
    with cluster_policy(dag_policy=named):
        parsed = bundle.parsed()
    assert set(parsed.dags) == {"team_good", "team_broken"}
    assert set(parsed.errors) == {"workflows/shop.yaml", "workflows/team_broken.yaml"}
    assert "DAG ids begin with team_" in parsed.errors["workflows/shop.yaml"]


def test_a_policy_that_fails_is_told_like_one_that_refuses(bundle: Bundle) -> None:
    def broken(dag: Any) -> None:
        if dag.dag_id == "shop":
            raise KeyError("team")

    bundle.put("good.yaml")
    bundle.put("shop.yaml")
    with cluster_policy(dag_policy=broken):
        assert set(bundle.parsed().errors) == {"workflows/shop.yaml"}


def test_a_pipeline_that_a_policy_skips_is_skipped(bundle: Bundle) -> None:
    def skipping(dag: Any) -> None:
        if dag.dag_id == "shop":
            raise AirflowClusterPolicySkipDag

    bundle.put("good.yaml")
    bundle.put("shop.yaml")
    with cluster_policy(dag_policy=skipping):
        parsed = bundle.parsed()
    assert (set(parsed.dags), parsed.errors) == ({"good"}, {})


@pytest.mark.parametrize("loader", ["kinesis_workflows.py", "teams/shop/loader.py"])
def test_a_policy_changes_a_dag_once_and_knows_where_it_is(loader: str, tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "dags", loader)

    def told(dag: Any) -> None:
        assert (dag.fileloc, dag.relative_fileloc) == (str(bundle.root / loader), loader)
        dag.description = f"{dag.description}!"

    bundle.put("shop.yaml", description="The shop")
    with cluster_policy(dag_policy=told):
        parsed = bundle.parsed()
    assert parsed.errors == {}
    assert parsed.dags["shop"]["description"] == "The shop!"


@pytest.mark.parametrize(
    "text", [BROKEN, "name: [\n", "name: shop\nsource: 1\n" + "".join(f"key_{n}: 1\n" for n in range(2000))]
)
def test_a_broken_file_is_read_once(bundle: Bundle, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse, parsed = document.parse, []

    def counted(raw: bytes, file: str) -> document.Document:
        parsed.append(file)
        return parse(raw, file)

    monkeypatch.setattr(document, "parse", counted)
    bundle.put("shop.yaml", text)
    assert set(bundle.parsed().errors) == {"workflows/shop.yaml"}
    assert parsed == ["workflows/shop.yaml"]


def test_data_files_are_told_and_take_no_pipeline_with_them(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    records = [{"id": number, "source": "web"} for number in range(20_000)]
    bundle.put("list.json", json.dumps(records))
    bundle.put("nested.json", json.dumps({"records": records}))
    bundle.put("keys.yaml", "".join(f"key_{number}: 1\n" for number in range(49_000)))
    parsed = bundle.parsed()
    assert parsed.deployed == {"shop"}
    assert set(parsed.errors) == {f"workflows/{file}" for file in ("list.json", "nested.json", "keys.yaml")}
