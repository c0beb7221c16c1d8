"""What AWS must be told once, so that a queue hears of changes to streams: as the commands of `aws` take it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from ..workflow.field_types import REGION
from .events import CALLS, KIND, SOURCE

NAME_MOST = 64
READING = ("sqs:ReceiveMessage", "sqs:DeleteMessage")

PATTERN: dict[str, Any] = {
    "source": ["aws.kinesis"],
    "detail-type": [KIND],
    "detail": {"eventSource": [SOURCE], "eventName": list(CALLS), "errorCode": [{"exists": False}]},
}
"""Of the events: calls that succeeded. EventBridge has them where CloudTrail has a trail of management events."""


@dataclass(frozen=True, slots=True)
class Queue:
    """region: None where its host does not say it."""

    url: str
    account: str
    name: str
    region: str | None

    @classmethod
    def of(cls, url: str) -> Queue:
        """url: as a workflow file may have it."""
        parts = urlsplit(url)
        account, name = parts.path.split("/")[-2:]
        found = re.search(rf"(?:^|\.)sqs\.({REGION})\.", parts.hostname or "")
        return cls(url, account, name, found[1] if found else None)


def setup(queue: Queue, region: str) -> dict[str, Any]:
    """Four parts. `rule`, `targets` and `queue` are the --cli-input-json of `aws events put-rule`, `aws events
    put-targets` and `aws sqs set-queue-attributes`, the last of which replaces the policy that the queue has; `iam` is
    the policy of who reads the queue: Airflow's triggerer. region: of the queue, where it does not say it itself.
    """
    region = queue.region or region
    partition = _partition(region)
    rule, arn = _rule_name(queue), f"arn:{partition}:sqs:{region}:{queue.account}:{queue.name}"
    rule_arn = f"arn:{partition}:events:{region}:{queue.account}:rule/{rule}"
    return {
        "rule": {"Name": rule, "EventPattern": json.dumps(PATTERN), "State": "ENABLED"},
        "targets": {"Rule": rule, "Targets": [{"Id": "queue", "Arn": arn} | _fifo(queue)]},
        "queue": {"QueueUrl": queue.url, "Attributes": {"Policy": json.dumps(_queue_policy(arn, rule_arn))}},
        "iam": _policy({"Sid": "KinesisEvents", "Effect": "Allow", "Action": list(READING), "Resource": arn}),
    }


def _partition(region: str) -> str:
    """As ARNs begin; of a region that botocore does not know, `aws`."""
    try:
        return Session().get_partition_for_region(region)
    except UnknownRegionError:
        return "aws"


def _rule_name(queue: Queue) -> str:
    return f"kinesis-ingest-{queue.name}"[:NAME_MOST]


def _fifo(queue: Queue) -> dict[str, Any]:
    return {"SqsParameters": {"MessageGroupId": "kinesis"}} if queue.name.endswith(".fifo") else {}


def _queue_policy(arn: str, rule_arn: str) -> dict[str, Any]:
    """Only this rule may send."""
    return _policy(
        {
            "Sid": "KinesisEvents",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
        }
    )


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}
