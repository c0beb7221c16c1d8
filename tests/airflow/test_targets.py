"""A file with targets is a DAG with a task for each, and each task runs its own account and region alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException
from airflow.sdk import DAG

from airflow_kinesis_ingest import KinesisIngestionOperator
from airflow_kinesis_ingest.deployment.record import Record
from tests.airflow.loading import SOURCE, Bundle
from tests.airflow.test_operator import XComs, context, operator
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata

ONE, TWO = "111111111111", "222222222222"
KEYS = [f"{account}_{region}" for account in (ONE, TWO) for region in ("us-east-2", "eu-west-1")]
TARGETS = {
    "accounts": [ONE, TWO],
    "regions": ["us-east-2", "eu-west-1"],
    "assumeRoleArn": "arn:aws:iam::{account}:role/catalogue",
}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "dags")


def tasks_of(bundle: Bundle, dag_id: str = "org") -> list[Any]:
    return list(bundle.worker_dags()[dag_id].tasks)


def many(accounts: int, regions: int) -> dict[str, Any]:
    return {
        "accounts": [f"{number:012d}" for number in range(accounts)],
        "regions": [f"us-east-{number}" for number in range(regions)],
        "assumeRoleArn": "arn:aws:iam::{account}:role/catalogue",
    }


# --- the DAG ---------------------------------------------------------------------------------------------------------


def test_each_target_is_a_task_of_the_group_ingest(bundle: Bundle) -> None:
    """With an id that says which, and nothing between them: a red one keeps no other from running."""
    bundle.put("org.yaml", targets=TARGETS)
    tasks = tasks_of(bundle)
    assert [task.task_id for task in tasks] == [f"ingest.{key}" for key in KEYS]
    assert all(task.task_group.group_id == "ingest" and not task.upstream_task_ids for task in tasks)
    assert [task.target for task in tasks] == KEYS


def test_a_file_without_targets_keeps_its_task_and_its_record(bundle: Bundle) -> None:
    bundle.put("shop.yaml")
    (task,) = tasks_of(bundle, "shop")
    assert (task.task_id, task.task_group.group_id, task.target) == ("ingest", None, "")
    assert "targets" not in json.loads(task.doc_json)


def test_each_task_has_what_its_target_says(bundle: Bundle) -> None:
    targets = TARGETS | {"pool": "kinesis_{account}_{region}", "queue": "{region}"}
    bundle.put("org.yaml", targets=targets, airflowConfig={"retries": 2})
    tasks = tasks_of(bundle)
    assert [(task.pool, task.queue, task.retries) for task in tasks][-1] == (f"kinesis_{TWO}_eu-west-1", "eu-west-1", 2)


@pytest.mark.parametrize(
    ("targets", "config", "at_once"),
    [(TARGETS, {}, 4), (many(20, 15), {}, 16), (many(20, 15), {"concurrency": 40}, 40), (None, {}, 1)],
)
def test_as_many_run_at_once_as_the_file_says_or_sixteen(
    targets: Any, config: dict[str, Any], at_once: int, bundle: Bundle
) -> None:
    bundle.put("org.yaml", targets=targets, airflowConfig=config)
    assert bundle.worker_dags()["org"].max_active_tasks == at_once


def test_one_task_carries_the_file_for_all(bundle: Bundle) -> None:
    """With the key and the service of every target, for the page."""
    bundle.put("org.yaml", targets=TARGETS)
    first, *others = tasks_of(bundle)
    assert first.doc_yaml
    assert {(task.doc_yaml, task.doc_json) for task in others} == {(None, None)}
    told = Record.model_validate_json(first.doc_json).targets
    assert [(one.key, one.service) for one in told] == [(key, f"org_{key}") for key in KEYS]


def test_the_serialized_dag_of_three_hundred_targets_is_small(bundle: Bundle) -> None:
    """Less than 1.2 KB for each, of which the parameter `debug` and the outlet for drift are half; the file is once."""
    bundle.put("org.yaml", targets=many(20, 15))
    one = len(json.dumps(bundle.parsed().dags["org"]))
    assert one < 300 * 1200


def test_a_process_that_starts_a_task_builds_no_other(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.put("org.yaml", targets=TARGETS)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "org")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", f"ingest.{KEYS[2]}")
    assert [task.task_id for task in tasks_of(bundle)] == [f"ingest.{KEYS[2]}"]


def test_the_same_file_is_the_same_dag(bundle: Bundle) -> None:
    bundle.put("org.yaml", targets=TARGETS)
    assert bundle.parsed().dags["org"] == bundle.parsed().dags["org"]


def test_two_files_of_one_name_say_so_though_they_have_targets(bundle: Bundle) -> None:
    """And their placeholder keeps what they said of the pipeline."""
    bundle.put("a.yaml", name="org", targets=TARGETS, owner="checkout")
    bundle.put("b.yaml", name="org", targets=TARGETS)
    parsed = bundle.parsed()
    assert "is also the name of" in parsed.errors["workflows/a.yaml"]
    (task,) = parsed.dags["org"]["tasks"]
    assert (task["__var"]["task_id"], task["__var"]["owner"]) == ("ingest", "checkout")


def test_a_file_whose_targets_are_wrong_is_an_import_error_with_its_place(bundle: Bundle) -> None:
    bundle.put("org.yaml", f"name: org\nsource: {json.dumps(SOURCE)}\ntargets:\n  - {{acount: x}}\n")
    assert (
        "workflows/org.yaml:4:6: targets[0].acount: the key `acount` is unknown"
        in (bundle.parsed().errors["workflows/org.yaml"])
    )


# --- the tasks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def other() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(2, 1), quotas={}, account=TWO, region="eu-west-1") as running:
        yield running


@pytest.fixture
def org(aws: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path) -> Path:
    """A file of two accounts, each with a Kinesis of its own."""
    data = document(aws, catalogue)
    data["targets"] = [
        {"account": each.account, "awsRegion": each.region, "endPointURL": each.url} for each in (aws, other)
    ]
    file = tmp_path / "org.yaml"
    file.write_text(json.dumps(data))
    return file


def services(catalogue: FakeOpenMetadata) -> dict[str, int]:
    """Service -> how many topics it has."""
    names = [topic["service"]["name"] for topic in catalogue.topics.values()]
    return {name: names.count(name) for name in names}


@pytest.mark.usefixtures("quick")
def test_a_task_runs_its_target_alone(org: Path, catalogue: FakeOpenMetadata) -> None:
    key = f"{TWO}_eu-west-1"
    ti = XComs()
    result = operator(org, target=key).execute(context(ti=ti))
    assert (result["state"], result["account"], result["region"]) == ("success", TWO, "eu-west-1")
    assert services(catalogue) == {f"org_{key}": 2}
    assert list(catalogue.statuses) == [f"org_{key}.shop"]
    assert ti.pushed["streams"]["count"] == 2


@pytest.mark.usefixtures("quick")
def test_targets_of_one_run_have_a_status_of_their_own(org: Path, catalogue: FakeOpenMetadata) -> None:
    for key in ("123456789012_us-east-1", f"{TWO}_eu-west-1"):
        made = KinesisIngestionOperator(
            task_id=f"ingest.{key}", workflow=org, target=key, dag=DAG("org", schedule=None)
        )
        made.execute(context())
    assert len(catalogue.statuses) == 2
    assert len({run_id for statuses in catalogue.statuses.values() for run_id in statuses}) == 2


@pytest.mark.usefixtures("quick")
def test_a_target_whose_credentials_are_anothers_is_the_one_red_task(
    org: Path, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """Nothing of it is written."""
    aws.account = "999999999999"
    with pytest.raises(AirflowFailException, match="of the account 999999999999, and not of 123456789012"):
        operator(org, target="123456789012_us-east-1").execute(context())
    operator(org, target=f"{TWO}_eu-west-1").execute(context())
    assert services(catalogue) == {f"org_{TWO}_eu-west-1": 2}


def test_the_rendered_view_is_the_targets(org: Path) -> None:
    task = operator(org, target=f"{TWO}_eu-west-1")
    task.render_template_fields(context())
    assert "awsRegion: eu-west-1" in task.redacted_workflow
    assert "targets" not in task.redacted_workflow


@pytest.mark.parametrize(("key", "why"), [("", "2 targets are in this file"), ("1_x", "there is no target `1_x`")])
def test_a_target_that_the_file_does_not_have_fails_without_a_retry(key: str, why: str, org: Path) -> None:
    """As where the file was changed and the DAG is an older version's."""
    with pytest.raises(AirflowFailException, match=why):
        operator(org, target=key).execute(context())


@pytest.mark.usefixtures("quick")
def test_one_target_answers_a_probe_and_the_others_are_skipped(org: Path) -> None:
    """The one that is asked, or the first."""

    def probed(key: str, **asked: Any) -> str:
        run = type("Run", (), {"conf": {"probe": "streams", **asked}})()
        return str(operator(org, target=key).execute(context() | {"dag_run": run})["state"])

    first, second = "123456789012_us-east-1", f"{TWO}_eu-west-1"
    assert probed(first) == probed(second, target=second) == "passed"
    for target, asked in ((second, {}), (first, {"target": second})):
        with pytest.raises(AirflowSkipException):
            probed(target, **asked)


@pytest.mark.usefixtures("quick")
def test_a_deployment_announces_the_pipeline_of_each_target(org: Path, catalogue: FakeOpenMetadata) -> None:
    """By one run, and one target alone where it is named."""

    def announced(key: str, **asked: Any) -> bool:
        run = type("Run", (), {"conf": {"probe": "announce", **asked}})()
        return bool(operator(org, target=key).execute(context() | {"dag_run": run})["shown"])

    first, second = "123456789012_us-east-1", f"{TWO}_eu-west-1"
    assert announced(first)
    assert announced(second)
    assert set(catalogue.services) == {f"org_{first}", f"org_{second}"}
    with pytest.raises(AirflowSkipException):
        announced(first, target=second)


def test_the_operator_takes_a_dict_with_targets_too() -> None:
    task = KinesisIngestionOperator(task_id="x", workflow={"source": SOURCE, "targets": TARGETS}, target=KEYS[1])
    task.render_template_fields(context())
    assert "role/catalogue" in task.redacted_workflow
