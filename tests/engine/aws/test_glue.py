"""Schemas of the Glue Schema Registry: read once per run when they may be, named as missing when not."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError
from moto.server import ThreadedMotoServer
from urllib3.exceptions import ProxySchemeUnknown

from airflow_kinesis_ingest.engine.aws.glue import GlueSchemas
from airflow_kinesis_ingest.engine.model import NoSchema, RegisteredSchema
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.errors import Skip
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream
from tests.fakes.openmetadata import FakeOpenMetadata

ORDER = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]})


class Registry:
    """A Glue client that answers each version as told, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def get_schema_version(self, *, SchemaVersionId: str) -> Any:  # noqa: N803 - boto3's name
        self.asked.append(SchemaVersionId)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def schemas(registry: Any) -> GlueSchemas:
    return GlueSchemas(lambda: registry)


def refusal(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetSchemaVersion")


def test_a_version_is_asked_for_once() -> None:
    """The text is as registered; the second record of that version costs no call."""
    registry = Registry({"DataFormat": "AVRO", "SchemaDefinition": ORDER})
    lookup = schemas(registry)
    assert lookup("v1") == lookup("v1") == RegisteredSchema("AVRO", ORDER)
    assert registry.asked == ["v1"]


def test_an_unknown_version_is_no_reason_to_give_up() -> None:
    """It is named; the next version is asked for."""
    registry = Registry(refusal("EntityNotFoundException"))
    lookup = schemas(registry)
    assert isinstance(lookup("v1"), NoSchema)
    assert isinstance(lookup("v2"), NoSchema)
    assert registry.asked == ["v1", "v2"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refusal("AccessDeniedException"), "allow glue:GetSchemaVersion"),
        (EndpointConnectionError(endpoint_url="https://glue"), "was not read"),
    ],
    ids=["denied", "out of reach"],
)
def test_a_registry_that_cannot_be_read_is_asked_once(error: Exception, told: str) -> None:
    """Every later version says why, and what to allow."""
    registry = Registry(error)
    lookup = schemas(registry)
    answers = [lookup("v1"), lookup("v2")]
    assert registry.asked == ["v1"]
    assert all(isinstance(answer, NoSchema) and told in answer.reason for answer in answers)


@pytest.mark.parametrize(
    ("error", "missing"),
    [
        (refusal("AccessDeniedException"), ("glue:GetSchemaVersion",)),
        (refusal("AccessDeniedException", "not authorized ... with an explicit deny in a policy"), ()),
        (refusal("InternalServiceException"), ()),
        (EndpointConnectionError(endpoint_url="https://glue"), ()),
    ],
    ids=["denied", "forbidden", "failing", "out of reach"],
)
def test_why_a_registry_is_given_up_is_told_once(error: Exception, missing: tuple[str, ...]) -> None:
    """With the action to allow, where that is what is missing."""
    told: list[Skip] = []
    lookup = GlueSchemas(lambda: Registry(error), told.append)  # type: ignore[arg-type, return-value]
    lookup("v1")
    lookup("v2")
    assert [one.actions for one in told] == [missing]
    assert all(action in told[0].remedy for action in missing)


@pytest.mark.parametrize(
    "answer",
    [{}, [], None, "<html>", {"DataFormat": "AVRO"}, {"DataFormat": 1, "SchemaDefinition": 1}, ValueError("no JSON")],
    ids=repr,
)
def test_a_registry_that_answers_nothing_readable_is_asked_once(answer: object) -> None:
    """A proxy's login page costs the schemas, and not the run."""
    registry = Registry(answer)
    lookup = schemas(registry)
    answers = [lookup("v1"), lookup("v2")]
    assert registry.asked == ["v1"]
    assert all(isinstance(found, NoSchema) and "no readable answer" in found.reason for found in answers)


def test_a_format_that_is_not_known_here_costs_its_version_alone() -> None:
    registry = Registry({"DataFormat": "THRIFT", "SchemaDefinition": "x"})
    lookup = schemas(registry)
    answers = [lookup("v1"), lookup("v2")]
    assert registry.asked == ["v1", "v2"]
    assert all(isinstance(found, NoSchema) and "THRIFT" in found.reason for found in answers)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("Invalid header value b'TOKENSECRET\\n'"), "cannot be sent"),
        (ProxySchemeUnknown("foo://user:SECRET@proxy"), "foo://***@proxy"),
    ],
    ids=["a token", "a proxy"],
)
def test_the_reason_repeats_no_secret(caplog: pytest.LogCaptureFixture, error: Exception, told: str) -> None:
    """It is logged, and it stands in the notes of every sample."""
    found = schemas(Registry(HTTPClientError(error=error)))("v1")
    assert isinstance(found, NoSchema)
    assert told in found.reason
    assert "SECRET" not in found.reason + caplog.text


@pytest.fixture(scope="module")
def glue() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def registered(url: str) -> str:
    client = boto3.client("glue", "us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b")
    client.create_registry(RegistryName=f"r{uuid4().hex[:8]}")
    made = client.create_schema(
        SchemaName=f"orders{uuid4().hex[:8]}", DataFormat="AVRO", Compatibility="NONE", SchemaDefinition=ORDER
    )
    return str(made["SchemaVersionId"])


def orders(version: str) -> FakeStream:
    """Records with a Glue header (03 00 and the version) before Avro: the long 21, zigzag-encoded."""
    data = struct.pack("BB", 3, 0) + UUID(version).bytes + bytes([42])
    return FakeStream("orders", shards=[FakeShard("shardId-000000000000", records=[FakeRecord(data)])])


def test_a_run_shows_records_by_their_registered_schema(glue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """End to end: the payload decoded, the schema's text exactly as registered, its fields in the tree."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue)
    with FakeKinesis([orders(registered(glue))], quotas={}) as aws, FakeOpenMetadata() as catalogue:
        assert pipeline.run(workflow(aws, catalogue)).state == "success"
        topic = catalogue.topic("shop", "orders")
    assert json.loads(topic["sampleData"]["messages"][0]) == {"id": 21}
    assert json.loads(topic["messageSchema"]["schemaText"]) == json.loads(ORDER)
    assert topic["messageSchema"]["schemaType"] == "Avro"
    assert [field["name"] for field in topic["messageSchema"]["schemaFields"][0]["children"]] == ["id"]


def test_without_the_permission_the_sample_still_comes(glue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record stays encoded and the run is a success."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue)
    with FakeKinesis([orders(str(uuid4()))], quotas={}) as aws, FakeOpenMetadata() as catalogue:
        assert pipeline.run(workflow(aws, catalogue)).state == "success"
        topic = catalogue.topic("shop", "orders")
    assert topic["sampleData"]["messages"][0].startswith("data:")
    assert "messageSchema" not in topic
