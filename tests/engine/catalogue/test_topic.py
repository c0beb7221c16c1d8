"""A described stream as the topic that the catalogue is told about: units, links, and nothing made up."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from airflow_kinesis_ingest.engine.catalogue.topic import topic_of
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
    topic = topic_of(FULL, source_url=None)
    assert (topic.name, topic.partitions) == ("orders", 3)
    assert topic.retention_ms == 7 * 24 * 60 * 60 * 1000
    assert topic.max_message_bytes == 10 * 1024 * 1024


def test_what_a_topic_has_no_field_for_goes_into_its_config() -> None:
    assert topic_of(FULL, source_url=None).config == {
        "streamARN": ARN,
        "streamMode": "ON_DEMAND",
        "streamStatus": "ACTIVE",
        "encryptionType": "KMS",
        "keyId": "alias/orders",
        "consumerCount": 2,
        "creationTime": "2026-11-01T00:00:00+00:00",
    }


def test_what_is_not_known_is_left_out() -> None:
    topic = topic_of(BARE, source_url=None)
    assert topic.config == {}
    assert topic.max_message_bytes is None
    assert topic.schema is None


def test_no_consumers_are_known_to_be_none() -> None:
    described = Description(stream=Stream("orders"), open_shards=1, retention_hours=24, consumers=0)
    assert topic_of(described, source_url=None).config == {"consumerCount": 0}


def test_a_schema_is_passed_on() -> None:
    schema = MessageSchema("JSON", "{}", (), agreed=1, total=1)
    assert topic_of(BARE, source_url=None, schema=schema).schema is schema


@pytest.mark.parametrize("url", ["https://us-east-2.console.aws.amazon.com/kinesis/home", None])
def test_a_link_is_passed_on_and_none_is_made_up(url: str | None) -> None:
    assert topic_of(BARE, source_url=url).source_url == url
