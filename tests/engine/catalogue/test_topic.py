"""A described stream as the topic that the catalogue is told about: units, links, and nothing made up."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.topic import console_url, topic_of
from airflow_kinesis_ingest.engine.model import Description, MessageSchema, Stream

ARN = "arn:aws:kinesis:us-east-2:123456789012:stream/orders"
FULL = Description(
    stream=Stream("orders", ARN, datetime(2026, 11, 1, tzinfo=timezone.utc)),
    open_shards=3,
    retention_hours=168,
    status="ACTIVE",
    mode="ON_DEMAND",
    encryption="KMS",
    key_id="alias/orders",
    consumers=2,
    max_record_kib=10_240,
)
BARE = Description(stream=Stream("orders"), open_shards=1, retention_hours=24)


def test_partitions_are_open_shards_retention_milliseconds_and_sizes_bytes() -> None:
    topic = topic_of(FULL, region="us-east-2")
    assert (topic.name, topic.partitions) == ("orders", 3)
    assert topic.retention_ms == 7 * 24 * 60 * 60 * 1000
    assert topic.max_message_bytes == 10 * 1024 * 1024


def test_what_a_topic_has_no_field_for_goes_into_its_config() -> None:
    assert topic_of(FULL, region="us-east-2").config == {
        "streamARN": ARN,
        "streamMode": "ON_DEMAND",
        "streamStatus": "ACTIVE",
        "encryptionType": "KMS",
        "keyId": "alias/orders",
        "consumerCount": 2,
        "creationTime": "2026-11-01T00:00:00+00:00",
    }


def test_what_is_not_known_is_left_out() -> None:
    topic = topic_of(BARE, region="us-east-2")
    assert topic.config == {}
    assert topic.max_message_bytes is None
    assert topic.schema is None


def test_no_consumers_are_known_to_be_none() -> None:
    described = Description(stream=Stream("orders"), open_shards=1, retention_hours=24, consumers=0)
    assert topic_of(described, region="us-east-2").config == {"consumerCount": 0}


def test_a_schema_is_passed_on() -> None:
    schema = MessageSchema("JSON", "{}", (), agreed=1, total=1)
    assert topic_of(BARE, region="us-east-2", schema=schema).schema is schema


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-2", "us-east-2.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_link_leads_to_the_partitions_own_console(region: str, host: str) -> None:
    url = f"https://{host}/kinesis/home?region={region}#/streams/details/orders/monitoring"
    assert console_url(region, "orders") == url
    assert topic_of(BARE, region=region).source_url == url


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"])
def test_where_no_console_is_published_there_is_no_link(region: str) -> None:
    assert console_url(region, "orders") is None
    assert topic_of(BARE, region=region).source_url is None


def test_without_a_stream_the_link_leads_to_all_of_them() -> None:
    assert console_url("us-east-2") == (
        "https://us-east-2.console.aws.amazon.com/kinesis/home?region=us-east-2#/streams/list"
    )


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_name_is_one_segment_of_the_link(name: str) -> None:
    url = console_url("us-east-2", name)
    assert url is not None
    start, segment, end = url.rpartition("#")[2].rsplit("/", 2)
    assert (start, unquote(segment), end) == ("/streams/details", name, "monitoring")
    assert url.isascii()
