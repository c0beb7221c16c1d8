"""What the statuses of former runs tell of the last complete one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.catalogue.former import KEY, OWED_MOST, Former, identity, last, mark
from airflow_kinesis_ingest.engine.catalogue.run_status import RunStatus
from airflow_kinesis_ingest.engine.model import Problem, RunReport
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.errors import Stopped
from tests.builders import document, workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule


def status(began: int, **told: Any) -> dict[str, Any]:
    mark = {"of": "it", "began": began, "owed": [], **told}
    return {"runId": str(began), "endDate": began + 5, "metadata": {KEY: mark}}


def test_the_complete_run_that_began_last_is_taken() -> None:
    assert last([status(1), status(3, owed=["a"]), status(2)], "it") == Former(3, 8, frozenset({"a"}))


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"metadata": None},
        {"metadata": {KEY: "text"}},
        {"endDate": 1, "metadata": {KEY: {"of": "it"}}},
        {**status(1), "endDate": None},
        status(1, of="another"),
        status(1, owed=None),
        "no status",
    ],
)
def test_what_is_no_mark_of_this_workflow_tells_nothing(other: Any) -> None:
    """Somebody else's status, one that was cut, or one of a run that was not complete."""
    assert last([other], "it") is None


def test_a_run_that_ended_early_leaves_no_mark() -> None:
    assert mark("it", RunReport(fatal=Stopped("it was stopped")), began=1) is None


def test_a_mark_names_the_streams_in_trouble_up_to_a_thousand() -> None:
    """Of more the run counts as none, so that a status stays small."""
    many = tuple(Problem("sample", f"stream-{number}", "no", "Look") for number in range(OWED_MOST + 1))
    made = mark("it", RunReport(warnings=many[1:], failures=()), began=1)
    assert made is not None
    assert len(made[KEY]["owed"]) == OWED_MOST
    assert mark("it", RunReport(warnings=many), began=1) is None


def _with_aws(found: dict[str, Any], **changes: str) -> Workflow:
    found["source"]["serviceConnection"]["config"]["awsConfig"].update(changes)
    return loads(json.dumps(found).encode(), "shop.json", Runtime({}))


def test_another_filter_option_or_role_is_another_workflow_and_another_key_is_not() -> None:
    with FakeKinesis() as aws, FakeOpenMetadata() as server:
        plain = workflow(aws, server)
        filtered = workflow(aws, server, metadata={"topicFilterPattern": {"includes": ["a"]}})
        redacted = workflow(aws, server, options={"sample": {"redact": ["email"]}})
        role = _with_aws(document(aws, server), assumeRoleArn="arn:aws:iam::111111111111:role/reader")
        key = _with_aws(document(aws, server), awsAccessKeyId="AKIA", awsSecretAccessKey="another")
    assert len({identity(each) for each in (plain, filtered, redacted, role)}) == 4
    assert identity(plain) == identity(key)


def test_a_server_that_knows_no_metadata_is_told_the_status_without() -> None:
    with FakeKinesis() as aws, FakeOpenMetadata() as server:
        server.add_service("shop")
        ready = workflow(aws, server)
        run = RunStatus(ready, "shop.shop", "one", ours=True)
        run.running()
        run.former(back=1)
        server.faults = Faults(Rule(Fault.status(400), "PUT", lambda sent: "metadata" in (sent.body or {})))
        run.ended(RunReport())
        assert server.faults.injected
        (found,) = server.statuses["shop.shop"].values()
    assert (found["pipelineState"], found.get("metadata")) == ("success", None)
