"""A message in a queue starts a run of its streams alone: beside a real scheduler and triggerer, and moto's SQS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from airflow_kinesis_ingest.demo.standalone import airflow, free_port
from tests.airflow.test_live import LOADER, TASK
from tests.builders import cloudtrail_event, document
from tests.fakes.kinesis import FakeKinesis, FakeStream, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata

pytestmark = pytest.mark.timeout(1200)

RUNS = "/dags/shop/dagRuns?run_type=asset_triggered"


@contextmanager
def queue() -> Iterator[tuple[Any, str, str]]:
    """A client of SQS, the URL of a queue, and the endpoint."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
        client = session.client("sqs", endpoint_url=url)
        yield client, client.create_queue(QueueName="kinesis")["QueueUrl"], url
    finally:
        server.stop()


def tell(sqs: Any, url: str, aws: FakeKinesis, call: str, stream: str) -> None:
    event = cloudtrail_event(call, stream=stream, account=aws.account, region=aws.region)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))


def hours(catalogue: FakeOpenMetadata, stream: str) -> int:
    """Its retention."""
    return int(catalogue.topic("shop", stream)["retentionTime"]) // 3_600_000


def test_a_message_brings_its_streams_and_leaves_the_others(tmp_path: Path) -> None:
    """What changed, what is still being made, and what nobody can read, in three messages; the catalogue is whole."""
    home, dags = tmp_path / "airflow", tmp_path / "dags"
    (dags / "workflows").mkdir(parents=True)
    (dags / "kinesis_workflows.py").write_text(LOADER)
    with FakeKinesis(json_streams(5, records=3), quotas={}) as aws, FakeOpenMetadata() as catalogue, queue() as made:
        sqs, url, endpoint = made
        events = {"queueUrl": url, "connection": "queue_aws"}
        flow = document(
            aws, catalogue, airflowConfig={"scheduleInterval": "hourly", "firstRun": "next", "events": events}
        )
        (dags / "workflows" / "shop.yaml").write_text(json.dumps(flow))
        extra = {"region_name": "us-east-1", "endpoint_url": endpoint}
        connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        with airflow(home, dags, environment={"AIRFLOW_CONN_QUEUE_AWS": json.dumps(connection)}) as started:
            started.wait(lambda: started.call("GET", "/dags/shop"), "the workflow's DAG")
            assert started.await_run("shop", started.trigger("shop")) == "success"
            aws.streams["stream-00001"].retention_hours = 48
            aws.streams["stream-00002"].retention_hours = 48
            del aws.streams["stream-00004"]
            aws.add(FakeStream("new"))
            asked = aws.counts["ListStreams"]
            begun = time.monotonic()
            tell(sqs, url, aws, "IncreaseStreamRetentionPeriod", "stream-00001")
            tell(sqs, url, aws, "CreateStream", "new")
            sqs.send_message(QueueUrl=url, MessageBody="no event")
            started.wait(lambda: "shop.new" in catalogue.topics, "the topic of the new stream")
            started.wait(lambda: hours(catalogue, "stream-00001") == 48, "the retention of the changed one")
            print(f"\nfrom message to topic: {time.monotonic() - begun:.1f} s")  # noqa: T201 - a number to see
            assert hours(catalogue, "stream-00002") == 24
            tell(sqs, url, aws, "IncreaseStreamRetentionPeriod", "stream-00002")
            started.wait(lambda: hours(catalogue, "stream-00002") == 48, "the next message, by a trigger begun anew")
            for run in started.call("GET", RUNS)["dag_runs"]:
                state = started.await_run("shop", run["dag_run_id"])
                assert state == "success", started.log("shop", run["dag_run_id"], TASK)
            assert not any(topic["deleted"] for topic in catalogue.topics.values())
            assert aws.counts["ListStreams"] == asked
            assert started.call("GET", "/dags/shop/details")["next_dagrun_run_after"], "the schedule goes on beside it"
