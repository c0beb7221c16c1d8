"""Changes to streams, as CloudTrail tells of the calls that made them and EventBridge puts them into an SQS queue.

Facts: "Logging Amazon Kinesis Data Streams API calls with AWS CloudTrail" in its guide, and "AWS API Call via
CloudTrail" in EventBridge's. A stream stands there under `requestParameters`, by name, by ARN, or as a part of the ARN
of a consumer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..workflow.field_types import ACCOUNT, REGION

CALLS = (
    "CreateStream",
    "UpdateShardCount",
    "SplitShard",
    "MergeShards",
    "UpdateStreamMode",
    "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod",
    "StartStreamEncryption",
    "StopStreamEncryption",
    "UpdateMaxRecordSize",
    "RegisterStreamConsumer",
    "DeregisterStreamConsumer",
)
"""What changes something that a topic tells. Not DeleteStream: a deletion needs a whole listing as its proof."""

SOURCE, KIND = "kinesis.amazonaws.com", "AWS API Call via CloudTrail"
NAME = r"[A-Za-z0-9_.-]{1,128}"
ARN = re.compile(
    rf"arn:aws[a-z-]*:kinesis:(?P<region>{REGION}):(?P<account>{ACCOUNT}):stream/(?P<stream>{NAME})(?:/consumer/.+)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changed a stream, or began to. account, region: of the stream."""

    call: str
    stream: str
    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.call} of {self.stream} ({self.account} {self.region})"


class Heard(NamedTuple):
    """What messages told. unclear: of each of the others, its id and why nothing follows from it."""

    changes: tuple[Change, ...]
    unclear: tuple[str, ...]


def heard(messages: Iterable[object]) -> Heard:
    """messages: of SQS, as boto3 hands them out, or anything else."""
    changes, unclear = [], []
    for message in messages:
        given = message if isinstance(message, Mapping) else {}
        try:
            changes.append(change_in(given.get("Body")))
        except ValueError as why:
            unclear.append(f"message {str(given.get('MessageId') or '?')[:100]}: {why}")
    return Heard(tuple(dict.fromkeys(changes)), tuple(unclear))


def change_in(body: object) -> Change:
    """The change that an event of EventBridge tells of. Raises ValueError, saying why there is none."""
    event = _event(body)
    detail = _block(event, "detail")
    if event.get("detail-type") != KIND or detail.get("eventSource") != SOURCE:
        raise ValueError("no event of CloudTrail about a call of Kinesis")
    call = detail.get("eventName")
    if call not in CALLS:
        raise ValueError(f"{str(call)[:100]} changes nothing that a run of some streams brings")
    if detail.get("errorCode"):
        raise ValueError(f"this {call} failed")
    account = event.get("account") or detail.get("recipientAccountId")
    return _change(str(call), _block(detail, "requestParameters"), str(account), str(event.get("region")))


def _event(body: object) -> Mapping[str, Any]:
    try:
        event = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise ValueError("no event of EventBridge")
    return event


def _block(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = of.get(key)
    return found if isinstance(found, dict) else {}


def _change(call: str, parameters: Mapping[str, Any], account: str, region: str) -> Change:
    """An ARN says best whose the stream is: who called may be of another account."""
    given = {key.lower(): str(value) for key, value in parameters.items() if isinstance(value, str)}
    for key in ("streamarn", "consumerarn"):
        if found := ARN.fullmatch(given.get(key, "")):
            return Change(call, **found.groupdict())
    stream = given.get("streamname", "")
    if not re.fullmatch(NAME, stream):
        raise ValueError(f"this {call} names no stream by its name or ARN")
    if not (re.fullmatch(ACCOUNT, account) and re.fullmatch(REGION, region)):
        raise ValueError(f"this {call} does not say of which account and region it is")
    return Change(call, stream, account, region)
