"""Mapped tasks: what Airflow would store of them holds no secret, and each shows its own workflow."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, task

from airflow_kinesis_ingest import KinesisIngestionOperator
from airflow_kinesis_ingest.errors import WorkflowError
from tests.airflow.loading import serialization
from tests.airflow.test_operator import XComs, context
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis

SECRET = "wJalrXUtnFEMI/a-literal"
AWS_CONFIG = "source.serviceConnection.config.awsConfig"

pytestmark = pytest.mark.usefixtures("quick")


def workflow(secret: str = "${AWS_SECRET}", service: str = "shop", **blocks: Any) -> dict[str, Any]:
    keys = {"awsRegion": "us-east-2", "awsAccessKeyId": "${AWS_KEY}", "awsSecretAccessKey": secret}
    source = {
        "type": "kinesis",
        "serviceName": service,
        "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": keys}},
        "sourceConfig": {"config": {"type": "MessagingMetadata"}},
    }
    return {"source": source, "sink": {"type": "file", "config": {"path": "out"}}, **blocks}


def mapped(how: str, *workflows: Any) -> DAG:
    """A DAG with a map over these workflows."""
    with DAG("maps", schedule=None) as dag:
        if how == "partial":
            KinesisIngestionOperator.partial(task_id="ingest", workflow=workflows[-1]).expand(target=["", ""])
        elif how == "expand_kwargs":
            given = [{"workflow": each} for each in workflows]
            KinesisIngestionOperator.partial(task_id="ingest").expand_kwargs(given)
        else:
            KinesisIngestionOperator.partial(task_id="ingest").expand(workflow=list(workflows))
    return dag


WAYS = ("expand", "expand_kwargs", "partial")


@pytest.mark.parametrize("how", WAYS)
def test_a_literal_secret_is_refused_while_the_dag_is_read(how: str) -> None:
    """It would lie in Airflow's database. The reason says where it stands and what to write, and not the secret."""
    with pytest.raises(WorkflowError) as refused:
        mapped(how, workflow(), workflow(SECRET))
    text = str(refused.value)
    assert f"ingest[{0 if how == 'partial' else 1}].json" in text
    assert f"{AWS_CONFIG}.awsSecretAccessKey: a mapped task's workflow is stored by Airflow" in text
    assert "Name `connections`, write ${NAME}" in text
    assert SECRET not in text


@pytest.mark.parametrize("how", WAYS)
def test_what_is_no_workflow_is_refused_while_the_dag_is_read(how: str) -> None:
    with pytest.raises(WorkflowError, match="`source` is missing"):
        mapped(how, {"sink": {"type": "file"}})


@pytest.mark.parametrize(
    ("blocks", "place"),
    [
        ({"processor": {"type": "x", "config": {"password": SECRET}}}, "processor.config.password"),
        ({"workflowConfig": {"config": {"a": [SECRET]}}}, "workflowConfig.config.a"),
        (
            {
                "workflowConfig": {
                    "openMetadataServerConfig": {
                        "hostPort": "http://om/api",
                        "securityConfig": {"jwtToken": "${OM}"},
                        "extraHeaders": {"X-Key": SECRET},
                    }
                }
            },
            "workflowConfig.openMetadataServerConfig.extraHeaders.X-Key",
        ),
    ],
)
def test_what_may_hold_a_secret_is_refused_too(blocks: dict[str, Any], place: str) -> None:
    with pytest.raises(WorkflowError) as refused:
        mapped("expand", workflow(**blocks))
    assert f"{place}: a mapped task's workflow" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_secret_that_is_half_a_variable_is_one() -> None:
    with pytest.raises(WorkflowError, match=r"awsSecretAccessKey: a mapped"):
        mapped("expand", workflow(SECRET + "${SALT}"))


@pytest.mark.parametrize("how", WAYS)
def test_a_map_is_serialized_and_read_again(how: str) -> None:
    """With names in the place of secrets, and the template that names each task of it."""
    dag = mapped(how, workflow(), workflow(service="other"))
    data = json.loads(json.dumps(serialization().to_dict(dag)))
    assert "${AWS_SECRET}" in json.dumps(data)
    again = serialization().from_dict(data).get_task("ingest")
    assert again.is_mapped
    assert "kinesis_drift" in json.dumps(data)
    assert again.partial_kwargs["map_index_template"] == "{{ task.map_name }}"


def test_a_template_of_ones_own_stays() -> None:
    with DAG("maps", schedule=None) as dag:
        KinesisIngestionOperator.partial(task_id="ingest", map_index_template="{{ ti.map_index }}").expand(
            workflow=["a.yaml", "b.yaml"]
        )
    assert dag.get_task("ingest").map_index_template == "{{ ti.map_index }}"


def test_workflow_files_are_mapped_over_whatever_is_in_them(tmp_path: Path) -> None:
    """They are read when the task runs, and Airflow stores their paths alone."""
    file = tmp_path / "shop.yaml"
    file.write_text(json.dumps(workflow(SECRET)))
    dag = mapped("expand", str(file))
    assert SECRET not in json.dumps(serialization().to_dict(dag))
    made: Any = dag.get_task("ingest").unmap({"workflow": str(file)})
    made.render_template_fields(context())
    assert "serviceName: shop" in made.redacted_workflow
    assert SECRET not in made.redacted_workflow


@pytest.mark.parametrize("how", ["expand", "expand_kwargs"])
def test_each_task_of_a_map_shows_its_own_workflow_and_no_secret(how: str, tmp_path: Path) -> None:
    """As a task's process has it rendered: by Airflow's own mapped operator, with the index of the task."""
    file = tmp_path / "files.yaml"
    file.write_text(json.dumps(workflow(SECRET, "files")))
    made: Any = mapped(how, workflow(service="shop"), str(file)).get_task("ingest")
    shown = []
    for index in range(2):
        ti: Any = XComs()
        ti.map_index, ti._upstream_map_lengths = index, {}
        rendered: Any = context(ti=ti) | {"task": made, "dag": made.dag, "dag_run": SimpleNamespace(conf={})}
        made.render_template_fields(rendered)
        task = rendered["task"]
        shown.append((task.map_name, f"serviceName: {task.map_name}" in task.redacted_workflow))
        assert SECRET not in task.redacted_workflow
    assert shown == [("shop", True), ("files", True)]


def from_a_task(how: str) -> Any:
    """A mapped operator over what a task returns, which nobody knows yet."""

    @task
    def listed() -> Any:
        return None

    with DAG("maps", schedule=None) as dag:
        partial = KinesisIngestionOperator.partial(task_id="ingest")
        partial.expand_kwargs(listed()) if how == "expand_kwargs" else partial.expand(workflow=listed())
    return dag.get_task("ingest")


@pytest.mark.parametrize("how", ["expand", "expand_kwargs"])
def test_a_secret_that_a_task_returned_fails_its_run_at_once_with_the_reason(how: str) -> None:
    """It is in XCom already, and the reason says so. The rendered view shows the reason."""
    made = from_a_task(how).unmap({"workflow": workflow(SECRET)})
    with pytest.raises(AirflowFailException) as refused:
        made.execute(context())
    assert "lies in Airflow's database already" in str(refused.value)
    made.render_template_fields(context())
    assert "awsSecretAccessKey: a mapped task's workflow is stored" in made.redacted_workflow
    assert SECRET not in f"{refused.value} {made.redacted_workflow}"


def test_what_a_task_returned_is_checked_when_it_runs() -> None:
    with pytest.raises(AirflowFailException, match="`source` is missing"):
        from_a_task("expand").unmap({"workflow": {}}).execute(context())


def test_a_plain_task_may_have_its_secret_in_the_dags_code(aws: FakeKinesis, tmp_path: Path) -> None:
    """Airflow stores nothing of it."""
    data = document(aws, tmp_path / "out.jsonl")
    with DAG("plain", schedule=None) as dag:
        made = KinesisIngestionOperator(task_id="ingest", workflow=data)
    assert "fake-secret" not in json.dumps(serialization().to_dict(dag))
    assert made.execute(context())["state"] == "success"
