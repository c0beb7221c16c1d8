"""Workflows for the tests: what every workflow needs, and the part that a test is about."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.client import kinesis_client
from airflow_kinesis_ingest.engine.catalogue.client import OpenMetadata
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import BOT, FakeOpenMetadata


def document(
    aws: FakeKinesis,
    to: FakeOpenMetadata | Path,
    *,
    service_name: str = "shop",
    token: str = BOT,
    metadata: dict[str, Any] | None = None,
    server: dict[str, Any] | None = None,
    **blocks: Any,
) -> dict[str, Any]:
    """A workflow file from a fake Kinesis into a fake OpenMetadata or a file, as plain data.

    metadata, server: added to `sourceConfig.config` and `openMetadataServerConfig`. blocks: whole top-level blocks.
    """
    found: dict[str, Any] = {
        "source": {
            "type": "kinesis",
            "serviceName": service_name,
            "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": aws.connection()}},
            "sourceConfig": {"config": {"type": "MessagingMetadata", "generateSampleData": True, **(metadata or {})}},
        },
        "sink": {"type": "file", "config": {"path": str(to)}},
        "options": {"concurrency": 4, "retryFor": 1},
    }
    if isinstance(to, FakeOpenMetadata):
        reached = {"hostPort": to.host_port, "securityConfig": {"jwtToken": token}, **(server or {})}
        found["sink"] = {"type": "metadata-rest", "config": {}}
        found["workflowConfig"] = {"openMetadataServerConfig": reached}
    for name, block in blocks.items():
        found[name] = {**found.get(name, {}), **block} if isinstance(block, dict) else block
    return found


def workflow(aws: FakeKinesis, to: FakeOpenMetadata | Path, **changes: Any) -> Workflow:
    """`document`, checked and ready for a run; `changes` are its parameters."""
    return loads(json.dumps(document(aws, to, **changes)).encode(), "shop.json", Runtime({}))


def under_real_names(topic: dict[str, Any]) -> dict[str, Any]:
    """A catalogued topic as it was once sent: its fields under their real names, which most servers then refuse."""
    todo = list(topic["messageSchema"]["schemaFields"])
    while todo:
        field = todo.pop()
        field["name"] = field.pop("displayName", field["name"])
        todo += field.get("children", [])
    return topic


def answers_within(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out of every call, to AWS and to OpenMetadata."""
    for function, name, value in (
        (kinesis_client, "read_timeout", seconds),
        (OpenMetadata.__init__, "timeout", (seconds, seconds)),
    ):
        monkeypatch.setitem(function.__kwdefaults__ or {}, name, value)


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return as soon as it is true; fail if it does not become so."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "it did not become true"
        time.sleep(0.005)


def cloudtrail_event(
    call: str = "CreateStream",
    *,
    parameters: dict[str, Any] | None = None,
    stream: str = "orders",
    account: str = "123456789012",
    region: str | None = "us-east-2",
    source: str = "kinesis.amazonaws.com",
    detail_type: str = "AWS API Call via CloudTrail",
    error: str | None = None,
) -> dict[str, Any]:
    """As EventBridge hands one to a queue. parameters: of the call; by default those that name the stream."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": account, "userName": "somebody"},
        "eventTime": "2026-11-20T10:00:00Z",
        "eventSource": source,
        "eventName": call,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.1",
        "requestParameters": {"streamName": stream} if parameters is None else parameters,
        "responseElements": None,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        **({"errorCode": error} if error else {}),
    }
    head = {"version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": detail_type}
    where = {"source": "aws.kinesis", "account": account, "time": "2026-11-20T10:00:00Z", "region": region}
    return head | where | {"resources": [], "detail": detail}
