"""What `kinesis-ingest events` prints is what AWS takes, and lets through what a run understands, and no more."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.session import get_session
from botocore.validate import validate_parameters
from moto import mock_aws
from moto.events.models import EventPattern
from pydantic import ValidationError

from airflow_kinesis_ingest.engine.aws.event_rule import PATTERN, Queue, setup
from airflow_kinesis_ingest.engine.aws.events import CALLS, change_in
from airflow_kinesis_ingest.engine.workflow.models import Events
from tests.builders import cloudtrail_event

URL = "https://sqs.us-east-2.amazonaws.com/123456789012/kinesis"
ARN = "arn:aws:sqs:us-east-2:123456789012:kinesis"


def test_a_queues_account_has_digits_of_ascii_alone() -> None:
    with pytest.raises(ValidationError, match="the URL of a queue"):
        Events(queueUrl=URL.replace("123456789012", "١٢٣٤٥٦٧٨٩٠١٢"))


def matches(event: Any) -> bool:
    return bool(EventPattern.load(json.dumps(PATTERN)).matches_event(event))


@pytest.mark.parametrize("call", CALLS)
def test_the_rule_lets_every_call_through_that_changes_a_stream(call: str) -> None:
    event = cloudtrail_event(call)
    assert matches(event)
    assert change_in(json.dumps(event)).call == call


@pytest.mark.parametrize(
    "event",
    [
        cloudtrail_event("DeleteStream"),
        cloudtrail_event("DescribeStreamSummary"),
        cloudtrail_event(error="AccessDenied"),
        cloudtrail_event(detail_type="AWS Service Event via CloudTrail"),
        cloudtrail_event(source="firehose.amazonaws.com"),
        cloudtrail_event() | {"source": "aws.s3"},
    ],
    ids=["deletion", "reading", "failed", "of AWS itself", "another API", "another service"],
)
def test_what_changes_nothing_stays_out_of_the_queue(event: dict[str, Any]) -> None:
    assert not matches(event)


def test_a_pattern_has_room_in_a_rule() -> None:
    """EventBridge takes 2048 characters."""
    assert len(json.dumps(PATTERN)) < 2048


@pytest.mark.parametrize("name", ["kinesis", "kinesis.fifo", "k" * 80])
@pytest.mark.parametrize(
    ("part", "service", "operation"),
    [
        ("rule", "events", "PutRule"),
        ("targets", "events", "PutTargets"),
        ("queue", "sqs", "SetQueueAttributes"),
    ],
)
def test_each_part_is_what_its_command_takes(part: str, service: str, operation: str, name: str) -> None:
    shape: Any = get_session().get_service_model(service).operation_model(operation).input_shape
    found = setup(Queue.of(URL.replace("kinesis", name)), "us-east-1")[part]
    validate_parameters(found, shape)
    assert set(found) <= set(shape.members)


def test_only_the_rule_may_send_and_the_reader_may_do_no_more() -> None:
    found = setup(Queue.of(URL), "eu-west-1")
    (sends,) = json.loads(found["queue"]["Attributes"]["Policy"])["Statement"]
    assert sends["Resource"] == ARN
    rule = f"arn:aws:events:us-east-2:123456789012:rule/{found['rule']['Name']}"
    assert sends["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}
    (reads,) = found["iam"]["Statement"]
    assert (reads["Action"], reads["Resource"]) == (["sqs:ReceiveMessage", "sqs:DeleteMessage"], ARN)


@pytest.mark.parametrize(
    ("url", "arn"),
    [
        (URL, ARN),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "arn:aws-cn:sqs:cn-north-1:123456789012:q"),
        ("https://sqs.us-gov-west-1.amazonaws.com/123456789012/q", "arn:aws-us-gov:sqs:us-gov-west-1:123456789012:q"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "arn:aws-eusc:sqs:eusc-de-east-1:123456789012:q"),
        ("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("http://127.0.0.1:5000/123456789012/q", "arn:aws:sqs:ap-south-1:123456789012:q"),
    ],
)
def test_the_queue_is_where_its_url_says(url: str, arn: str) -> None:
    assert setup(Queue.of(url), "ap-south-1")["targets"]["Targets"][0]["Arn"] == arn


def test_what_is_printed_brings_an_event_into_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """By moto's EventBridge and SQS, from a call's event to a message that a run understands."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        session: Any = boto3.Session(region_name="us-east-2")
        sqs, events = session.client("sqs"), session.client("events")
        sqs.create_queue(QueueName="kinesis")
        found = setup(Queue.of(URL), "us-east-2")
        sqs.set_queue_attributes(**found["queue"])
        events.put_rule(**found["rule"])
        events.put_targets(**found["targets"])
        for call in ("CreateStream", "DeleteStream"):
            event = cloudtrail_event(call)
            kind, detail = event["detail-type"], json.dumps(event["detail"])
            events.put_events(Entries=[{"Source": "aws.kinesis", "DetailType": kind, "Detail": detail}])
        (message,) = sqs.receive_message(QueueUrl=URL, MaxNumberOfMessages=10)["Messages"]
    assert change_in(message["Body"]).stream == "orders"
