"""What follows from the messages of a queue that EventBridge fills, and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.aws.events import CALLS, Change, change_in, heard
from tests.builders import cloudtrail_event

ARN = "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
NAMED = {"streamName": "orders"}
BY = {
    "CreateStream": NAMED | {"shardCount": 1},
    "UpdateShardCount": NAMED | {"targetShardCount": 4, "scalingType": "UNIFORM_SCALING"},
    "SplitShard": NAMED | {"shardToSplit": "shardId-000000000000", "newStartingHashKey": "10"},
    "MergeShards": NAMED | {"shardToMerge": "shardId-000000000000", "adjacentShardToMerge": "shardId-000000000001"},
    "UpdateStreamMode": {"streamARN": ARN, "streamModeDetails": {"streamMode": "ON_DEMAND"}},
    "IncreaseStreamRetentionPeriod": NAMED | {"retentionPeriodHours": 48},
    "DecreaseStreamRetentionPeriod": NAMED | {"streamARN": ARN, "retentionPeriodHours": 24},
    "StartStreamEncryption": NAMED | {"encryptionType": "KMS", "keyId": "alias/aws/kinesis"},
    "StopStreamEncryption": NAMED | {"encryptionType": "KMS", "keyId": "alias/aws/kinesis"},
    "UpdateMaxRecordSize": {"streamARN": ARN, "maxRecordSizeInKiB": 2048},
    "RegisterStreamConsumer": {"streamARN": ARN, "consumerName": "billing"},
    "DeregisterStreamConsumer": {"consumerARN": f"{ARN}/consumer/billing:1760000000"},
}
"""Every call with its parameters as CloudTrail has them: the API's own, with a small first letter."""


def body(call: str = "CreateStream", **changes: Any) -> str:
    return json.dumps(cloudtrail_event(call, **changes))


@pytest.mark.parametrize("call", CALLS)
def test_every_call_that_changes_a_stream_names_it(call: str) -> None:
    assert change_in(body(call, parameters=BY[call])) == Change(call, "orders", "123456789012", "us-east-2")


def test_an_account_has_digits_of_ascii_alone() -> None:
    """Those of other scripts are digits to a regular expression too."""
    with pytest.raises(ValueError, match="of which account"):
        change_in(body(account="١٢٣٤٥٦٧٨٩٠١٢"))
    elsewhere = {"streamARN": ARN.replace("123456789012", "١٢٣٤٥٦٧٨٩٠١٢")}
    with pytest.raises(ValueError, match="names no stream"):
        change_in(body("UpdateMaxRecordSize", parameters=elsewhere))


def test_the_calls_are_those_that_boto3_knows() -> None:
    """A misspelt one would never be matched."""
    from botocore.session import get_session

    assert set(CALLS) <= set(get_session().get_service_model("kinesis").operation_names)


def test_a_stream_is_of_the_account_that_its_arn_says() -> None:
    """A caller of another account may change it: then that account's event tells of it, too."""
    assert change_in(body("UpdateMaxRecordSize", account="999999999999", parameters={"streamARN": ARN})) == Change(
        "UpdateMaxRecordSize", "orders", "123456789012", "us-east-2"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no event of EventBridge"),
        ("{", "no event of EventBridge"),
        ("[" * 100_000, "no event of EventBridge"),
        ("[]", "no event of EventBridge"),
        ("{}", "no event of CloudTrail about a call of Kinesis"),
        (body(detail_type="Scheduled Event"), "no event of CloudTrail about a call of Kinesis"),
        (body(source="s3.amazonaws.com"), "no event of CloudTrail about a call of Kinesis"),
        (body("DeleteStream"), "DeleteStream changes nothing that a run of some streams brings"),
        (body("PutRecord"), "PutRecord changes nothing that a run of some streams brings"),
        (body(error="LimitExceededException"), "this CreateStream failed"),
        (body(parameters={}), "this CreateStream names no stream by its name or ARN"),
        (body(parameters={"streamName": "../etc"}), "this CreateStream names no stream by its name or ARN"),
        (body(parameters={"streamName": 7}), "this CreateStream names no stream by its name or ARN"),
        (body(account="nobody"), "this CreateStream does not say of which account and region it is"),
        (body(region=None), "this CreateStream does not say of which account and region it is"),
    ],
)
def test_a_message_from_which_nothing_follows_is_named_with_the_reason(text: str | None, why: str) -> None:
    """And costs the others nothing."""
    good = {"MessageId": "2", "Body": body()}
    found = heard([{"MessageId": "1", "Body": text}, good])
    assert found.unclear == (f"message 1: {why}",)
    assert [change.stream for change in found.changes] == ["orders"]


def test_the_same_change_told_twice_is_one() -> None:
    """SQS delivers at least once, and so does EventBridge."""
    assert len(heard([{"MessageId": number, "Body": body()} for number in ("1", "2")]).changes) == 1


KEYS = st.sampled_from(["Body", "detail", "account", "requestParameters", "streamName"]) | st.text()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda some: st.lists(some) | st.dictionaries(KEYS, some)
)


@given(messages=st.lists(JSON), event=JSON)
def test_nothing_in_a_queue_raises(messages: list[Any], event: Any) -> None:
    events = [{"Body": json.dumps(each)} for each in (event, cloudtrail_event() | {"detail": event})]
    found = heard([*messages, *events])
    assert not found.changes
    assert len(found.unclear) == len(messages) + 2
