"""What OpenLineage is told of a run, without a listener; tests/airflow/test_live.py has the real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest import openlineage
from airflow_kinesis_ingest.engine.model import Field, MessageSchema, Topic
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.openlineage import Touched
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Faults, Rule

ADDRESS = Field("address", "RECORD", children=(Field("street name", "STRING"), Field("zip", "UNION", "null | int")))
ORDER = MessageSchema("Avro", "{}", (Field("Order", "RECORD", children=(ADDRESS,)),), 1, 1)


def topic(name: str, schema: MessageSchema | None = None, **config: Any) -> Topic:
    return Topic(name, 1, 86_400_000, None, None, config, schema)


def told_of(flow: Workflow) -> tuple[list[str], list[str]]:
    """The names of what one run read and wrote."""
    touched = Touched(flow)
    pipeline.run(flow, touched=touched.add)
    told = touched.told()
    return sorted(each.name for each in told.inputs), sorted(each.name for each in told.outputs)


def test_a_run_that_writes_nothing_has_read_all_the_same(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The second run finds every topic as it should be: inputs without outputs."""
    flow = workflow(aws, catalogue)
    streams = [f"stream/{name}" for name in aws.streams]
    assert told_of(flow) == (streams, [f"shop.{name}" for name in aws.streams])
    assert told_of(flow) == (streams, [])


def test_a_stream_that_failed_is_neither_read_nor_written(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    denied = aws_error("AccessDeniedException")
    aws.faults = Faults(Rule(denied, "DescribeStreamSummary", "stream-00001"))
    assert told_of(workflow(aws, catalogue))[0] == [f"stream/stream-0000{number}" for number in (0, 2, 3, 4)]


def test_a_file_is_one_dataset(aws: FakeKinesis, tmp_path: Path) -> None:
    flow = workflow(aws, tmp_path / "shop.jsonl")
    assert told_of(flow)[1] == [str(tmp_path / "shop.jsonl")]


def test_a_field_has_its_real_name_its_type_and_what_is_in_it(aws: FakeKinesis, tmp_path: Path) -> None:
    """The type as people read it where there is such a text. The record that a message is, is no field of it."""
    touched = Touched(workflow(aws, tmp_path / "shop.jsonl"))
    arn = aws.arn("stream-00000")
    touched.add(topic("stream-00000", ORDER, streamARN=arn), "unchanged")
    (read,) = touched.told().inputs
    (address,) = read.facets["schema"].fields
    assert (address.name, address.type) == ("address", "RECORD")
    assert [(each.name, each.type) for each in address.fields] == [("street name", "STRING"), ("zip", "null | int")]


def test_a_stream_without_an_arn_is_left_out_and_one_without_a_schema_has_no_facet(
    aws: FakeKinesis, tmp_path: Path
) -> None:
    """An empty list of fields would say that messages have none."""
    touched = Touched(workflow(aws, tmp_path / "shop.jsonl"))
    touched.add(topic("nameless"), "written")
    touched.add(topic("bare", streamARN=aws.arn("bare")), "written")
    (read,) = touched.told().inputs
    assert (read.name, read.facets) == ("stream/bare", {})


def test_an_event_holds_a_thousand_streams_at_most(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    touched = Touched(workflow(aws, catalogue))
    for number in range(openlineage.MOST + 5):
        name = f"s-{number}"
        touched.add(topic(name, streamARN=aws.arn(name)), "written")
    told = touched.told()
    assert (len(told.inputs), len(told.outputs)) == (openlineage.MOST, openlineage.MOST)


def test_the_provider_is_optional_and_nothing_of_it_is_imported_for_an_operator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its client alone is a tenth of a second, which each task would pay."""
    code = """
import sys
from airflow_kinesis_ingest.operators import kinesis
print([name for name in sys.modules if name.startswith("openlineage")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "[]"
    assert openlineage.is_installed()
    monkeypatch.setattr(openlineage, "find_spec", lambda _: None)
    assert not openlineage.is_installed()
