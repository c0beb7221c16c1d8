"""What `policy -c FILE` prints is what a run of the file calls: no action more, none less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.policy import policy_of
from airflow_kinesis_ingest.engine.run.pipeline import run
from tests.builders import workflow
from tests.fakes.kinesis import FakeRecord
from tests.fakes.surroundings import EVERYTHING, LINEAGE, AroundKinesis, FakeSurroundings, surrounded


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeSurroundings, AroundKinesis]]:
    with surrounded(monkeypatch) as (around, kinesis):
        shard = kinesis.streams["orders"].shards[0]
        shard.records = [FakeRecord(b'{"id": 1}', 1.7e9, "1")]
        yield around, kinesis


def lineage(**asked: Any) -> dict[str, Any]:
    """Without schemas of Glue, which only a channel that names one would call for."""
    tables = {"dynamodbTables": ["orders"]} if "dynamodb" in asked.get("writers", ()) else {}
    return {"lineage": asked | tables, "schemaRegistry": {"fromChannels": False}}


PARTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "tags": {"tags": {"enabled": True}},
    **{f"readers: {name}": lineage(readers=[name]) for name in LINEAGE["readers"]},
    **{f"writers: {name}": lineage(writers=[name]) for name in LINEAGE["writers"]},
    "everything": EVERYTHING | {"schemaRegistry": {"fromChannels": False}},
}


@pytest.mark.parametrize("options", PARTS.values(), ids=PARTS.keys())
def test_the_printed_actions_are_the_calls_of_a_run(
    services: tuple[FakeSurroundings, AroundKinesis], tmp_path: Path, options: dict[str, Any]
) -> None:
    around, kinesis = services
    flow = workflow(kinesis, tmp_path / "c.jsonl", options=options)
    report = run(flow)
    assert (report.state, report.fatal) == ("success", None)
    called = {f"kinesis:{operation}" for operation in kinesis.counts} | set(around.counts)
    printed = [action for statement in policy_of(flow)["Statement"] for action in statement["Action"]]
    assert sorted(printed) == sorted(called)
