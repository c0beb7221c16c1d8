"""`kinesis-ingest flows`: who writes to each stream and who reads it, as a tree, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_kinesis_ingest import cli
from tests.builders import document
from tests.fakes.kinesis import FakeStream
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.surroundings import EVERYTHING, AroundKinesis, FakeSurroundings, surrounded

ALL = """\
clicks
├── ← eventRules nightly ← events of the bus default
└── → consumers clicks/fan
lonely
orders  (env=prod, team=shop)
├── ← dms full ← mysql shop at db.example
├── ← dynamodb orders ← dynamodb:orders
├── → firehose to-lake → s3://lake/orders/
├── → channels c → s3://direct
├── → lambda price
└── → pipes p → SQS queue q
"""


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeSurroundings, AroundKinesis]]:
    """One of each beside `orders` and `clicks`, of which one mapping is another account's; `lonely` has nobody."""
    with surrounded(monkeypatch) as (around, kinesis):
        kinesis.streams["lonely"] = FakeStream("lonely")
        around.around.endpoints += [
            {"EndpointArn": "t", "EngineName": "kinesis", "KinesisSettings": {"StreamArn": kinesis.arn("orders")}},
            {"EndpointArn": "s", "EngineName": "mysql", "ServerName": "db.example", "DatabaseName": "shop"},
        ]
        task = {"ReplicationTaskIdentifier": "full", "ReplicationTaskArn": "arn:t", "Status": "running"}
        around.around.tasks.append(task | {"SourceEndpointArn": "s", "TargetEndpointArn": "t"})
        yield around, kinesis


@pytest.fixture
def file(services: tuple[FakeSurroundings, AroundKinesis], catalogue: FakeOpenMetadata, tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(json.dumps(document(services[1], catalogue, options=EVERYTHING)))
    return str(path)


def test_every_part_is_shown_and_the_catalogue_is_not_even_asked(
    file: str, catalogue: FakeOpenMetadata, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["flows", "-c", file]) == 0
    shown = capsys.readouterr()
    assert shown.out == ALL
    assert "theirs" in shown.err  # the foreign account's: named, not drawn
    assert catalogue.requests == []


@pytest.mark.usefixtures("quick")
def test_a_part_that_is_denied_is_one_warning_with_its_action_and_the_others_are_shown(
    services: tuple[FakeSurroundings, AroundKinesis], file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    services[0].around.denied = {"firehose:ListDeliveryStreams"}
    assert cli.main(["flows", "-c", file]) == 0
    shown = capsys.readouterr()
    assert shown.out == ALL.replace("├── → firehose to-lake → s3://lake/orders/\n", "")
    (warning,) = [line for line in shown.err.splitlines() if "firehose" in line]
    assert "firehose:ListDeliveryStreams" in warning
    assert "kinesis-ingest policy -c FILE" in warning
