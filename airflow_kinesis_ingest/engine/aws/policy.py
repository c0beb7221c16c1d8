"""The IAM policy that a workflow needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

KINESIS = ("ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords")


def policy(*, kms: bool = False, glue: bool = False) -> dict[str, Any]:
    """kms: also for streams with a customer-managed key; glue: also schemas of the Glue Schema Registry."""
    statements = [_statement("KinesisPolicy", [f"kinesis:{action}" for action in KINESIS])]
    if kms:
        statements.append(_statement("KinesisKeys", ["kms:Decrypt"]))
    if glue:
        statements.append(_statement("KinesisSchemas", ["glue:GetSchemaVersion"]))
    return {"Version": "2012-10-17", "Statement": statements}


def statement(actions: Iterable[str]) -> dict[str, Any]:
    """What to add to a policy that lacks these actions; without a Sid, which two statements must not share."""
    return {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": "*"}


def _statement(sid: str, actions: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
