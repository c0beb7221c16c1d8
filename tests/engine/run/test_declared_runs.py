"""Declared schemas through whole runs: a real Glue over HTTP (moto), channels, OpenMetadata and the catalogue file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from airflow_kinesis_ingest.demo.surroundings import Surroundings
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run.pipeline import run
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Faults, Rule
from tests.fakes.surroundings import ARN, AroundKinesis

FIRST = json.dumps({"type": "object", "properties": {"id": {"type": "integer"}}})
SECOND = json.dumps({"type": "object", "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}})
DECLARED: dict[str, Any] = {"schemaRegistry": {"streams": {"orders": {"registry": "shop", "schema": "order"}}}}
BOUND: dict[str, Any] = {"lineage": {"readers": ["channels"]}}
CHANNEL = "arn:aws:kinesis:us-east-1:123456789012:channel/c"


class Glue:
    def __init__(self, url: str) -> None:
        self.client = boto3.client(
            "glue", "us-east-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b"
        )
        self.client.create_registry(RegistryName="shop")
        identity: Any = {"RegistryName": "shop"}
        made = self.client.create_schema(
            RegistryId=identity, SchemaName="order", DataFormat="JSON", Compatibility="NONE", SchemaDefinition=FIRST
        )
        self.arn = made["SchemaArn"]

    def moves_on(self) -> None:
        self.client.register_schema_version(SchemaId={"SchemaArn": self.arn}, SchemaDefinition=SECOND)

    def loses_it(self) -> None:
        self.client.delete_schema(SchemaId={"SchemaArn": self.arn})


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Glue]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", f"http://{host}:{port}")
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)  # what it holds is the process's
    yield Glue(f"http://{host}:{port}")
    server.stop()


class Scene:
    """Two streams of JSON into one catalogue. catalogue: a fake OpenMetadata, or a file's path."""

    def __init__(self, aws: AroundKinesis, catalogue: FakeOpenMetadata | Path) -> None:
        self.aws, self.catalogue = aws, catalogue

    def run(self, options: dict[str, Any]) -> RunReport:
        report = run(workflow(self.aws, self.catalogue, options=options))
        assert (report.state, report.failures) == ("success", ())
        return report

    def text(self, name: str = "orders") -> str:
        if isinstance(self.catalogue, FakeOpenMetadata):
            return str(self.catalogue.topic("shop", name)["messageSchema"]["schemaText"])
        entries = map(json.loads, self.catalogue.read_text().splitlines())
        return next(str(each["messageSchema"]["schemaText"]) for each in entries if each.get("name") == name)


def of_json(name: str, *values: Any) -> FakeStream:
    return FakeStream(name, [FakeShard(records=[FakeRecord(json.dumps(value).encode()) for value in values])])


@pytest.fixture(params=["metadata-rest", "file"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    streams = [of_json("orders", {"id": 1}, {"id": "x"}), of_json("clicks", {"url": "/"})]
    with AroundKinesis(streams, quotas={}) as aws, FakeOpenMetadata() as catalogue:
        aws.around = Surroundings()
        yield Scene(aws, catalogue if request.param == "metadata-rest" else tmp_path / "c.jsonl")


def test_a_declared_schema_is_written_as_long_as_it_is_there(scene: Scene, glue: Glue) -> None:
    """Before what the messages show; nothing is written twice; a newer version is an update; a deleted one is named."""
    first = scene.run(DECLARED)
    assert scene.text() == FIRST
    assert json.loads(scene.text("clicks"))["properties"].keys() == {"url"}
    assert [(each.step, each.entity) for each in first.warnings] == [("schema", "orders")]
    assert first.warnings[0].cause.startswith("1 of 2 messages contradict the declared JSON schema shop/order")
    assert scene.run(DECLARED).written == 0

    glue.moves_on()
    assert scene.run(DECLARED).written == 1
    assert scene.text() == SECOND

    glue.loses_it()
    lost = scene.run(DECLARED)
    assert (lost.written, scene.text()) == (0, SECOND)
    (warning,) = lost.warnings
    assert (warning.step, warning.entity) == ("schema", "orders")
    assert "latest of shop/order" in warning.cause


@pytest.mark.usefixtures("glue")
def test_a_registry_that_denies_costs_one_warning_and_no_schema(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.run(DECLARED)
    with FakeKinesis(faults=Faults(Rule(aws_error("AccessDeniedException")))) as denied:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", denied.url)
        report = scene.run(DECLARED)
    assert [(each.entity, each.actions) for each in report.warnings] == [
        ("Glue Schema Registry", ("glue:GetSchemaVersion",))
    ]
    assert (report.written, scene.text()) == (0, FIRST)


def bind(scene: Scene, schema: str) -> None:
    scene.aws.around.channels[CHANNEL] = {
        "ChannelName": "c",
        "ChannelStatus": "ACTIVE",
        "StreamConfigurationList": [
            {"StreamARN": f"{ARN}:stream/orders", "RecordConfiguration": {"GSRSchemaARN": schema}}
        ],
        "S3DestinationConfiguration": {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::direct"}},
    }


def test_the_schema_that_a_channel_names_is_the_streams_unless_the_file_declares_one(scene: Scene, glue: Glue) -> None:
    bind(scene, glue.arn)
    scene.run(BOUND)
    assert scene.text() == FIRST
    assert scene.run(BOUND).written == 0
    scene.run(BOUND | {"schemaRegistry": {"fromChannels": False}})
    assert json.loads(scene.text())["title"] == "orders"


@pytest.mark.parametrize("call", ["ListChannels", "DescribeChannel"])
def test_a_denied_listing_of_channels_costs_one_warning_and_no_schema(scene: Scene, glue: Glue, call: str) -> None:
    """What a channel declared is not replaced by what messages show, which comes where nothing else was."""
    bind(scene, glue.arn)
    scene.run(BOUND)
    scene.aws.add(of_json("users", {"name": "Ann"}))
    scene.aws.faults = Faults(Rule(aws_error("AccessDeniedException"), operation=call))
    report = scene.run(BOUND)
    assert [(each.step, each.actions) for each in report.warnings] == [("channels flows", (f"kinesis:{call}",))]
    assert scene.text() == FIRST
    assert [json.loads(scene.text(name))["title"] for name in ("clicks", "users")] == ["clicks", "users"]
    scene.aws.faults = Faults()
    glue.moves_on()
    scene.run(BOUND)
    assert scene.text() == SECOND
