"""The IAM policy: the five calls, and what each option adds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.policy import policy, policy_of, statement
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "kinesis-connector-cli.md"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not at hand")
def test_the_policy_is_the_one_openmetadata_documents() -> None:
    """Who has granted that needs to grant nothing more."""
    block = re.search(r"```json\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert policy() == json.loads(block[1])


@pytest.mark.parametrize(
    ("options", "added"),
    [
        ({}, []),
        ({"kms": True}, ["kms:Decrypt"]),
        ({"glue": True}, ["glue:GetSchemaVersion"]),
        ({"kms": True, "glue": True}, ["kms:Decrypt", "glue:GetSchemaVersion"]),
    ],
)
def test_an_option_adds_its_call_and_takes_none_away(options: dict[str, bool], added: list[str]) -> None:
    statements = policy(**options)["Statement"]
    assert statements[:1] == policy()["Statement"]
    assert [action for statement in statements[1:] for action in statement["Action"]] == added
    assert len({statement["Sid"] for statement in statements}) == len(statements)
    assert all(statement["Effect"] == "Allow" for statement in statements)


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, False),
        ({"schemaRegistry": {"streams": {"orders": {}}}}, True),
        ({"lineage": {"readers": ["firehose"]}}, False),
        ({"lineage": {"readers": ["channels"]}}, True),
        ({"lineage": {"readers": ["channels"]}, "schemaRegistry": {"fromChannels": False}}, False),
    ],
)
def test_a_file_that_declares_schemas_or_has_channels_that_may_needs_glue(
    options: dict[str, Any], *, asked: bool, tmp_path: Path
) -> None:
    with FakeKinesis([]) as aws:
        found = policy_of(workflow(aws, tmp_path / "c.jsonl", options=options))
    actions = [action for statement in found["Statement"] for action in statement["Action"]]
    assert ("glue:GetSchemaVersion" in actions) == asked


def test_a_statement_allows_the_actions_that_are_missing() -> None:
    """Each once, and without a Sid: two of them in one policy would need two."""
    missing = ["kms:Decrypt", "kinesis:GetRecords", "kms:Decrypt"]
    assert statement(missing) == {"Effect": "Allow", "Action": ["kinesis:GetRecords", "kms:Decrypt"], "Resource": "*"}
