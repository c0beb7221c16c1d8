"""The contract FakeKinesis keeps, told through boto3; sources are in the fake's own docstrings."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import botocore.session
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError

from tests.fakes.kinesis import (
    PAGE_BYTES,
    FakeKinesis,
    FakeRecord,
    FakeShard,
    FakeStream,
    aws_error,
    json_streams,
    sts_error,
)
from tests.fakes.server import Fault, Faults, Rule

MIB = 1024 * 1024
OTHERS = f"4959{1:052d}"  # a sequence number of another shard


class Clock:
    """Time that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@cache
def botocore_session() -> botocore.session.Session:
    return botocore.session.Session()


@contextmanager
def client_of(fake: FakeKinesis, service: str = "kinesis", **options: Any) -> Iterator[Any]:
    """A client as a user's awsConfig would make it; it asks once, so that every answer is seen."""
    config = fake.connection()
    keys = {"aws_access_key_id": config["awsAccessKeyId"], "aws_secret_access_key": config["awsSecretAccessKey"]}
    patience = Config(retries={"total_max_attempts": 1}, read_timeout=options.pop("read_timeout", 5))
    made = botocore_session().create_client(
        service,
        endpoint_url=config["endPointURL"],
        config=patience,
        **{"region_name": config["awsRegion"], **keys, **options},
    )
    try:
        yield made
    finally:
        made.close()


@contextmanager
def serving(*streams: FakeStream, **options: Any) -> Iterator[tuple[FakeKinesis, Any]]:
    with FakeKinesis(streams, **options) as fake, client_of(fake) as client:
        yield fake, client


def code_of(call: Any, **parameters: Any) -> str:
    """The error code of a call, or nothing."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def message_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Message"])


def stream_with(*texts: str, **shard: Any) -> FakeStream:
    records = [FakeRecord(text.encode(), arrival=1_789_999_000.0 + nth) for nth, text in enumerate(texts)]
    return FakeStream("orders", [FakeShard(records=records, **shard)])


def iterator(client: Any, kind: str = "TRIM_HORIZON", shard: str = "shardId-000000000000", **more: Any) -> str:
    return str(
        client.get_shard_iterator(StreamName="orders", ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]
    )


def texts(answer: dict[str, Any]) -> list[str]:
    return [record["Data"].decode() for record in answer["Records"]]


# --- ListStreams --------------------------------------------------------------------------------------------------


def test_a_page_has_at_most_100_names_in_order_whatever_the_limit() -> None:
    streams = json_streams(250)
    with serving(*reversed(streams)) as (_, client):
        page = client.list_streams(Limit=10_000)
        assert page["StreamNames"] == [stream.name for stream in streams[:100]]
        assert page["HasMoreStreams"] is True
        assert client.list_streams(Limit=2)["StreamNames"] == page["StreamNames"][:2]


@pytest.mark.parametrize("by", ["NextToken", "ExclusiveStartStreamName"])
def test_pages_follow_by_token_or_by_last_name(by: str) -> None:
    with serving(*json_streams(250)) as (_, client):
        page = client.list_streams()
        names = page["StreamNames"]
        while page["HasMoreStreams"]:
            page = client.list_streams(**{by: page["NextToken"] if by == "NextToken" else names[-1]})
            names += page["StreamNames"]
        assert names == [f"stream-{number:05d}" for number in range(250)]
        assert "NextToken" not in page


def test_the_start_name_need_not_exist() -> None:
    with serving(FakeStream("a"), FakeStream("c")) as (_, client):
        assert client.list_streams(ExclusiveStartStreamName="b")["StreamNames"] == ["c"]


def test_summaries_tell_all_but_the_shards() -> None:
    with serving(FakeStream("a", mode="ON_DEMAND", status="UPDATING", created=1_700_000_000.0)) as (_, client):
        (summary,) = client.list_streams()["StreamSummaries"]
    assert (summary["StreamARN"], summary["StreamStatus"]) == (
        "arn:aws:kinesis:us-east-1:123456789012:stream/a",
        "UPDATING",
    )
    assert summary["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert summary["StreamCreationTimestamp"] == datetime.fromtimestamp(1_700_000_000, timezone.utc)


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_an_arn_names_the_partition(region: str, partition: str) -> None:
    assert FakeKinesis(region=region, account="1").arn("a") == f"arn:{partition}:kinesis:{region}:1:stream/a"


def test_simulators_have_neither_token_nor_summaries_and_small_pages() -> None:
    with serving(*json_streams(11), list_streams_token=False, stream_summaries=False, streams_page=10) as (_, client):
        page = client.list_streams()
    assert len(page["StreamNames"]) == 10
    assert {"NextToken", "StreamSummaries"}.isdisjoint(page)


def test_streams_come_and_go_while_it_runs() -> None:
    with serving(FakeStream("a")) as (fake, client):
        fake.add(FakeStream("b"))
        fake.remove("a")
        assert client.list_streams()["StreamNames"] == ["b"]


# --- DescribeStreamSummary ----------------------------------------------------------------------------------------


def test_a_description_counts_open_shards_only() -> None:
    shards = [FakeShard("shardId-0", closed=True), FakeShard("shardId-1"), FakeShard("shardId-2")]
    stream = FakeStream("a", shards, retention_hours=48, key_id="alias/k", consumers=3, max_record_kib=10_240)
    with serving(stream) as (_, client):
        found = client.describe_stream_summary(StreamName="a")["StreamDescriptionSummary"]
    assert (found["OpenShardCount"], found["RetentionPeriodHours"], found["ConsumerCount"]) == (2, 48, 3)
    assert (found["EncryptionType"], found["KeyId"], found["MaxRecordSizeInKiB"]) == ("KMS", "alias/k", 10_240)


def test_a_stream_without_a_key_is_not_encrypted() -> None:
    with serving(FakeStream("a")) as (fake, client):
        found = client.describe_stream_summary(StreamARN=fake.arn("a"))["StreamDescriptionSummary"]
    assert (found["EncryptionType"], "KeyId" in found) == ("NONE", False)


def test_an_unknown_stream_is_not_found() -> None:
    with serving() as (_, client):
        for call in (client.describe_stream_summary, client.list_shards):
            assert code_of(call, StreamName="a") == "ResourceNotFoundException"
        assert code_of(client.describe_stream_summary) == "InvalidArgumentException"


# --- ListShards ---------------------------------------------------------------------------------------------------


def split_stream(**options: Any) -> FakeStream:
    shards = [
        FakeShard("shardId-0", closed=True),
        FakeShard("shardId-1", parent="shardId-0"),
        FakeShard("shardId-2", parent="shardId-0"),
    ]
    return FakeStream("orders", shards, **options)


def ids(page: dict[str, Any]) -> list[str]:
    return [shard["ShardId"] for shard in page["Shards"]]


def test_closed_shards_are_listed_and_have_an_ending_sequence_number() -> None:
    with serving(split_stream()) as (_, client):
        found = client.list_shards(StreamName="orders")["Shards"]
    ended = {shard["ShardId"]: "EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in found}
    assert ended == {"shardId-0": True, "shardId-1": False, "shardId-2": False}
    assert found[1]["ParentShardId"] == "shardId-0"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"Type": "AT_LATEST"}, ["shardId-1", "shardId-2"]),
        ({"Type": "AT_TRIM_HORIZON"}, ["shardId-0"]),
        ({"Type": "FROM_TRIM_HORIZON"}, ["shardId-0", "shardId-1", "shardId-2"]),
        ({"Type": "AFTER_SHARD_ID", "ShardId": "shardId-1"}, ["shardId-2"]),
    ],
)
def test_a_filter_is_honoured(chosen: dict[str, str], expected: list[str]) -> None:
    with serving(split_stream()) as (_, client):
        assert ids(client.list_shards(StreamName="orders", ShardFilter=chosen)) == expected


def test_simulators_ignore_the_filter() -> None:
    with serving(split_stream(), honours_shard_filter=False) as (_, client):
        assert len(ids(client.list_shards(StreamName="orders", ShardFilter={"Type": "AT_LATEST"}))) == 3


def test_what_is_not_modelled_fails_loudly() -> None:
    """An exception in the fake is no server fault: it comes out where the fake ends."""
    chosen = {"Type": "AT_TIMESTAMP", "Timestamp": 0}
    with (
        pytest.raises(AssertionError, match="the fake itself failed"),
        serving(split_stream()) as (_, client),
        pytest.raises(BotoCoreError),
    ):
        client.list_shards(StreamName="orders", ShardFilter=chosen)


def test_a_next_token_stands_alone_and_remembers_stream_and_filter() -> None:
    shards = [FakeShard("shardId-0"), FakeShard("shardId-1"), FakeShard("shardId-2", closed=True)]
    with serving(FakeStream("orders", shards)) as (_, client):
        page = client.list_shards(StreamName="orders", ShardFilter={"Type": "AT_LATEST"}, MaxResults=1)
        rest = client.list_shards(NextToken=page["NextToken"], MaxResults=5)
    assert (ids(page), ids(rest), "NextToken" in rest) == (["shardId-0"], ["shardId-1"], False)


@pytest.mark.parametrize(
    "other",
    [
        {"StreamName": "orders"},
        {"StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders"},
        {"ShardFilter": {"Type": "AT_LATEST"}},
        {"ExclusiveStartShardId": "shardId-0"},
    ],
)
def test_a_next_token_refuses_company(other: dict[str, Any]) -> None:
    with serving(split_stream(), shards_page=1) as (_, client):
        token = client.list_shards(StreamName="orders")["NextToken"]
        expected = f"NextToken and {next(iter(other))} cannot be provided together."
        assert message_of(client.list_shards, NextToken=token, **other) == expected


def test_a_simulator_demands_the_name_beside_the_token() -> None:
    with serving(split_stream(), shards_page=1, simulator=True) as (_, client):
        token = client.list_shards(StreamName="orders")["NextToken"]
        assert code_of(client.list_shards, NextToken=token) == "ResourceNotFoundException"
        assert ids(client.list_shards(NextToken=token, StreamName="orders")) == ["shardId-1"]
        assert ids(client.list_shards(StreamName="orders", ExclusiveStartShardId="shardId-1")) == ["shardId-2"]


def test_a_next_token_lives_300_seconds(clock: Clock) -> None:
    with serving(split_stream(), shards_page=1, clock=clock) as (fake, client):
        token = client.list_shards(StreamName="orders")["NextToken"]
        clock.now += 300
        assert code_of(client.list_shards, NextToken=token) == ""
        clock.now += 1
        assert code_of(client.list_shards, NextToken=token) == "ExpiredNextTokenException"
        token = client.list_shards(StreamName="orders")["NextToken"]
        fake.expire_tokens()
        assert code_of(client.list_shards, NextToken=token) == "ExpiredNextTokenException"


@pytest.mark.parametrize("status", ["CREATING", "DELETING"])
def test_shards_of_a_stream_in_the_making_are_in_use(status: str) -> None:
    with serving(FakeStream("orders", status=status)) as (_, client):
        assert code_of(client.list_shards, StreamName="orders") == "ResourceInUseException"


# --- GetShardIterator ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ({"kind": "TRIM_HORIZON"}, ["a", "b", "c"]),
        ({"kind": "LATEST"}, []),
        ({"kind": "AT_TIMESTAMP", "Timestamp": 1_789_999_000.5}, ["b", "c"]),
        ({"kind": "AT_TIMESTAMP", "Timestamp": 1.0}, ["a", "b", "c"]),
    ],
)
def test_an_iterator_starts_where_its_type_says(clock: Clock, kind: dict[str, Any], expected: list[str]) -> None:
    with serving(stream_with("a", "b", "c"), clock=clock) as (_, client):
        assert texts(client.get_records(ShardIterator=iterator(client, **kind), Limit=10)) == expected


@pytest.mark.parametrize(("kind", "expected"), [("AT_SEQUENCE_NUMBER", ["b", "c"]), ("AFTER_SEQUENCE_NUMBER", ["c"])])
def test_an_iterator_starts_at_a_sequence_number(clock: Clock, kind: str, expected: list[str]) -> None:
    with serving(stream_with("a", "b", "c"), clock=clock) as (_, client):
        first = client.get_records(ShardIterator=iterator(client), Limit=10)["Records"]
        again = iterator(client, kind, StartingSequenceNumber=first[1]["SequenceNumber"])
        assert texts(client.get_records(ShardIterator=again, Limit=10)) == expected


def test_latest_sees_what_comes_after_it(clock: Clock) -> None:
    stream = FakeStream("orders", [FakeShard(records=(records := []))])
    with serving(stream, clock=clock) as (_, client):
        latest = iterator(client, "LATEST")
        records.append(FakeRecord(b"new", clock()))
        assert texts(client.get_records(ShardIterator=latest, Limit=10)) == ["new"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"ShardId": "shardId-9", "ShardIteratorType": "LATEST"}, "ResourceNotFoundException"),
        ({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1_800_000_000}, "InvalidArgumentException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1"}, "InvalidArgumentException"),
        ({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": OTHERS}, "InvalidArgumentException"),
        ({"ShardIteratorType": "LATEST", "DryRun": True}, "DryRunOperationException"),
    ],
)
def test_an_impossible_iterator_is_refused(clock: Clock, more: dict[str, Any], code: str) -> None:
    parameters = {"StreamName": "orders", "ShardId": "shardId-000000000000", **more}
    with serving(stream_with("a"), clock=clock) as (_, client):
        assert code_of(client.get_shard_iterator, **parameters) == code


# --- GetRecords ---------------------------------------------------------------------------------------------------


def test_limit_is_kept_and_the_next_iterator_goes_on(clock: Clock) -> None:
    with serving(stream_with("a", "b", "c"), clock=clock) as (fake, client):
        first = client.get_records(ShardIterator=iterator(client), Limit=2)
        second = client.get_records(ShardIterator=first["NextShardIterator"], Limit=2)
    assert (texts(first), texts(second)) == (["a", "b"], ["c"])
    assert (first["MillisBehindLatest"], second["MillisBehindLatest"]) == (998_000, 0)
    assert fake.violations == []


def test_reading_without_a_limit_is_a_violation(clock: Clock) -> None:
    with serving(stream_with("a"), clock=clock) as (fake, client):
        client.get_records(ShardIterator=iterator(client))
    assert fake.violations == ["GetRecords without Limit on orders/shardId-000000000000"]


def test_a_limit_above_10000_and_a_made_up_iterator_are_refused(clock: Clock) -> None:
    with serving(stream_with("a"), clock=clock, quotas={}) as (_, client):
        stated = {"ShardIterator": iterator(client), "Limit": 10_000}
        assert code_of(client.get_records, **stated) == ""
        assert code_of(client.get_records, ShardIterator="AAAAAAAA", Limit=1) == "InvalidArgumentException"
    answer = requests_post(FakeKinesis([stream_with("a")], clock=clock), "GetRecords", Limit=10_001)
    assert answer.json()["__type"] == "InvalidArgumentException"


def requests_post(fake: FakeKinesis, operation: str, **parameters: Any) -> requests.Response:
    """A call that boto3 would not let through, on an iterator of its own."""
    signature = "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/kinesis/aws4_request, SignedHeaders=x, Signature=x"
    headers = {"X-Amz-Target": f"Kinesis_20131202.{operation}", "Authorization": signature}
    with fake, client_of(fake) as client:
        body = json.dumps({"ShardIterator": iterator(client), **parameters})
        return requests.post(fake.url, data=body, headers=headers, timeout=5)


def test_empty_answers_may_come_before_the_data(clock: Clock) -> None:
    """Without records, yet behind: only MillisBehindLatest of 0 means that there is nothing more."""
    with serving(stream_with("a", empty_pages=2), clock=clock) as (_, client):
        answers = [client.get_records(ShardIterator=iterator(client), Limit=1)]
        for _ in range(2):
            answers.append(client.get_records(ShardIterator=answers[-1]["NextShardIterator"], Limit=1))
    assert [texts(answer) for answer in answers] == [[], [], ["a"]]
    assert [answer["MillisBehindLatest"] > 0 for answer in answers] == [True, True, False]


def test_the_end_of_a_closed_shard_names_its_children_and_no_next_iterator(clock: Clock) -> None:
    with serving(split_stream(), clock=clock) as (_, client):
        answer = client.get_records(ShardIterator=iterator(client, shard="shardId-0"), Limit=10)
    assert "NextShardIterator" not in answer
    assert [child["ShardId"] for child in answer["ChildShards"]] == ["shardId-1", "shardId-2"]


def test_ten_mebibytes_are_the_most_and_block_the_shard_for_5_seconds(clock: Clock) -> None:
    records = [FakeRecord(bytes(4 * MIB), clock(), None) for _ in range(3)]
    with serving(FakeStream("orders", [FakeShard(records=records)]), clock=clock) as (_, client):
        answer = client.get_records(ShardIterator=iterator(client), Limit=10)
        rest = {"ShardIterator": answer["NextShardIterator"], "Limit": 10}
        assert sum(len(record["Data"]) for record in answer["Records"]) <= PAGE_BYTES
        assert code_of(client.get_records, **rest) == "ProvisionedThroughputExceededException"
        clock.now += 5
        assert len(client.get_records(**rest)["Records"]) == 1


@pytest.mark.parametrize(("kib", "seconds"), [(2048, 0), (2049, 2049 / 2048), (4096, 2), (8192, 4)])
def test_more_than_2_mebibytes_block_the_shard_until_they_are_made_up_for(
    clock: Clock, kib: int, seconds: float
) -> None:
    """For everybody who reads that shard, and for nobody who reads another."""
    shards = [FakeShard("a", [FakeRecord(bytes(kib << 10), clock(), None)]), FakeShard("b")]
    with serving(FakeStream("orders", shards), clock=clock) as (fake, client):
        answer = client.get_records(ShardIterator=iterator(client, shard="a"), Limit=1)
        rest = {"ShardIterator": answer["NextShardIterator"], "Limit": 1}
        if seconds:
            clock.now += seconds - 0.01
            assert code_of(client.get_records, **rest) == "ProvisionedThroughputExceededException"
            clock.now += 0.02
        assert code_of(client.get_records, ShardIterator=iterator(client, shard="b"), Limit=1) == ""
        assert code_of(client.get_records, **rest) == ""
        assert fake.largest_read == kib << 10
        assert fake.blocked == ({("orders", "a")} if seconds else set())


def test_small_reads_add_up_to_2_mebibytes_a_second(clock: Clock) -> None:
    """Three reads of 1 MiB at once are too much, and one each second is not."""
    records = [FakeRecord(bytes(MIB), clock(), None) for _ in range(6)]
    with serving(FakeStream("orders", [FakeShard("a", records)]), clock=clock) as (fake, client):
        at = iterator(client, shard="a")
        for pause in (1.0, 1.0, 0.0, 0.0, 0.0):
            assert fake.blocked == set()
            at = client.get_records(ShardIterator=at, Limit=1)["NextShardIterator"]
            clock.now += pause
        assert fake.blocked == {("orders", "a")}


def test_a_record_comes_as_it_was_put() -> None:
    """boto3 has decoded base64 already; a key may be missing (AUTO distribution); KMS is said of each record."""
    shard = FakeShard(
        records=[FakeRecord(b"\x00\xff aGk=", 1_700_000_000.25, None), FakeRecord(b"", partition_key="k")]
    )
    with serving(FakeStream("orders", [shard], key_id="k")) as (_, client):
        first, second = client.get_records(ShardIterator=iterator(client), Limit=2)["Records"]
    assert (first["Data"], "PartitionKey" in first, second["PartitionKey"]) == (b"\x00\xff aGk=", False, "k")
    assert first["ApproximateArrivalTimestamp"].timestamp() == 1_700_000_000.25
    assert first["EncryptionType"] == "KMS"


def test_an_iterator_lives_300_seconds(clock: Clock) -> None:
    with serving(stream_with("a", "b"), clock=clock) as (_, client):
        held = iterator(client)
        clock.now += 300
        assert code_of(client.get_records, ShardIterator=held, Limit=1) == ""
        clock.now += 1
        assert "Iterator expired." in message_of(client.get_records, ShardIterator=held, Limit=1)


def test_an_iterator_can_expire_by_count_and_be_renewed(clock: Clock) -> None:
    with serving(stream_with("a", "b"), clock=clock, iterator_calls=1) as (_, client):
        answer = client.get_records(ShardIterator=iterator(client), Limit=1)
        follow = {"ShardIterator": answer["NextShardIterator"], "Limit": 1}
        assert code_of(client.get_records, **follow) == "ExpiredIteratorException"
        number = answer["Records"][0]["SequenceNumber"]
        renewed = iterator(client, "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)
        assert texts(client.get_records(ShardIterator=renewed, Limit=1)) == ["b"]


def test_all_iterators_can_be_expired_at_once(clock: Clock) -> None:
    with serving(stream_with("a"), clock=clock) as (fake, client):
        held = iterator(client)
        fake.expire_tokens()
        assert code_of(client.get_records, ShardIterator=held, Limit=1) == "ExpiredIteratorException"
        assert code_of(client.get_records, ShardIterator=iterator(client), Limit=1) == ""


def test_an_iterator_of_a_deleted_stream_finds_nothing(clock: Clock) -> None:
    with serving(stream_with("a"), clock=clock) as (fake, client):
        held = iterator(client)
        fake.remove("orders")
        assert code_of(client.get_records, ShardIterator=held, Limit=1) == "ResourceNotFoundException"


def test_json_streams_make_records_when_they_are_read() -> None:
    made = json_streams(10_000, 10_000, shards=2)
    event = json.loads(made[7].shards[1].records[9_999].data)
    assert (len(made), len(made[0].shards), event["id"], event["stream"]) == (10_000, 2, 9_999, "stream-00007")


# --- quotas -------------------------------------------------------------------------------------------------------

READ = {"ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST", "StreamName": "orders"}


@pytest.mark.parametrize(
    ("operation", "parameters", "rate", "code"),
    [
        ("list_streams", {}, 5, "LimitExceededException"),
        ("describe_stream_summary", {"StreamName": "orders"}, 20, "LimitExceededException"),
        ("get_shard_iterator", READ, 5, "ProvisionedThroughputExceededException"),
    ],
)
def test_a_quota_is_one_seconds_worth_and_fills_up_again(
    clock: Clock, operation: str, parameters: dict[str, Any], rate: int, code: str
) -> None:
    with serving(stream_with("a"), clock=clock) as (fake, client):
        call = getattr(client, operation)
        assert [code_of(call, **parameters) for _ in range(rate + 1)] == [""] * rate + [code]
        clock.now += 1 / rate
        assert [code_of(call, **parameters) for _ in range(2)] == ["", code]
    assert fake.throttled == 2


def test_list_shards_has_1000_a_second_for_each_stream(clock: Clock) -> None:
    quotas = {"ListShards": 1}
    with serving(FakeStream("a"), FakeStream("b"), clock=clock, quotas=quotas) as (fake, client):
        codes = [code_of(client.list_shards, StreamName=name) for name in ("a", "b", "a")]
    assert codes == ["", "", "LimitExceededException"]
    assert fake.throttles == {"ListShards": 1}
    assert FakeKinesis().quotas["ListShards"] == 1000


def test_reads_have_a_quota_for_each_shard(clock: Clock) -> None:
    stream = FakeStream("orders", [FakeShard("shardId-0"), FakeShard("shardId-1")])
    with serving(stream, clock=clock) as (_, client):
        one, two = iterator(client, shard="shardId-0"), iterator(client, shard="shardId-1")
        assert {code_of(client.get_records, ShardIterator=each, Limit=1) for each in (one, two) * 5} == {""}
        assert message_of(client.get_records, ShardIterator=one, Limit=1) == (
            "Rate exceeded for shard shardId-0 in stream orders under account 123456789012."
        )


def test_quotas_can_be_off(clock: Clock) -> None:
    with serving(clock=clock, quotas={}) as (fake, client):
        assert {code_of(client.list_streams) for _ in range(10)} == {""}
    assert (fake.throttled, fake.counts) == (0, {"ListStreams": 10})


# --- who may ask --------------------------------------------------------------------------------------------------


def test_a_request_must_be_signed() -> None:
    with FakeKinesis() as fake:
        answer = requests.post(fake.url, data="{}", headers={"X-Amz-Target": "Kinesis_20131202.ListStreams"}, timeout=5)
    assert (answer.status_code, answer.json()["__type"]) == (400, "MissingAuthenticationTokenException")


def test_a_signature_for_another_region_is_refused() -> None:
    with FakeKinesis(region="eu-west-1") as fake, client_of(fake, region_name="eu-west-2") as client:
        assert message_of(client.list_streams) == "Credential should be scoped to a valid region, not 'eu-west-2'. "
        fake.checks_region = False
        assert code_of(client.list_streams) == ""
        assert [call.region for call in fake.calls()] == ["eu-west-2"] * 2


def test_an_operation_beyond_the_five_is_a_violation() -> None:
    with serving(FakeStream("a")) as (fake, client):
        assert code_of(client.list_tags_for_stream, StreamName="a") == "UnknownOperationException"
    assert fake.violations == ["ListTagsForStream is none of the five granted operations"]


def test_expired_credentials_stay_expired() -> None:
    with serving(faults=Faults(Rule(Fault.expired_credentials(), on=2))) as (fake, client):
        expired = "ExpiredTokenException"
        assert [code_of(client.list_streams) for _ in range(3)] == ["", expired, expired]
        with client_of(fake, aws_access_key_id="AKIAFRESH") as renewed:
            assert code_of(renewed.list_streams) == ""


ROLE = {"RoleArn": "arn:aws:iam::123456789012:role/reader", "RoleSessionName": "me", "SourceIdentity": "who"}


def session_keys(answer: dict[str, Any]) -> dict[str, str]:
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    keys = {**names, "aws_session_token": "SessionToken"}
    return {ours: answer["Credentials"][theirs] for ours, theirs in keys.items()}


def test_an_assumed_role_is_good_until_it_expires(clock: Clock) -> None:
    with FakeKinesis(clock=clock, session_seconds=60) as fake, client_of(fake, "sts") as sts:
        answer = sts.assume_role(**ROLE)
        with client_of(fake, **session_keys(answer)) as client:
            assert code_of(client.list_streams) == ""
            clock.now += 60
            assert code_of(client.list_streams) == "ExpiredTokenException"
    assert fake.assumed == [ROLE]
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/reader/me"
    assert answer["Credentials"]["Expiration"] - datetime.fromtimestamp(clock.now, timezone.utc) == timedelta(0)


def test_session_keys_need_their_token() -> None:
    with FakeKinesis() as fake, client_of(fake, "sts") as sts:
        keys = {**session_keys(sts.assume_role(**ROLE)), "aws_session_token": "another"}
        with client_of(fake, **keys) as client:
            assert code_of(client.list_streams) == "UnrecognizedClientException"


def test_a_role_can_be_refused() -> None:
    plan = Faults(Rule(sts_error("AccessDenied"), "AssumeRole", on=1))
    with FakeKinesis(faults=plan) as fake, client_of(fake, "sts") as sts:
        assert [code_of(sts.assume_role, **ROLE) for _ in range(2)] == ["AccessDenied", ""]
        assert code_of(sts.assume_role, **ROLE, DurationSeconds=43_201) == "ValidationError"


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 400),
        ("ExpiredTokenException", 400),
        ("InternalFailure", 500),
        ("KMSAccessDeniedException", 400),
        ("KMSThrottlingException", 400),
        ("LimitExceededException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("ResourceNotFoundException", 400),
    ],
)
def test_an_error_looks_like_one_of_aws(code: str, status: int) -> None:
    with serving(faults=Faults(Rule(aws_error(code)))) as (_, client), pytest.raises(ClientError) as caught:
        client.list_streams()
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert response["Error"]["Message"]
    assert response["ResponseMetadata"]["RequestId"]


def test_a_rule_is_for_an_operation_a_stream_and_some_of_its_calls() -> None:
    denied = Rule(aws_error("AccessDeniedException"), "DescribeStreamSummary", "b")
    burst = Rule(aws_error("LimitExceededException"), "DescribeStreamSummary", "a", on=range(1, 3))
    with serving(FakeStream("a"), FakeStream("b"), faults=Faults(denied, burst)) as (_, client):
        codes = {name: [code_of(client.describe_stream_summary, StreamName=name) for _ in range(3)] for name in "ab"}
    assert codes == {"a": ["LimitExceededException"] * 2 + [""], "b": ["AccessDeniedException"] * 3}


def test_a_rule_finds_the_stream_behind_iterators_and_tokens(clock: Clock) -> None:
    stream = FakeStream("orders", [FakeShard("shardId-0"), FakeShard("shardId-1")])
    kms = Rule(aws_error("KMSAccessDeniedException"), "GetRecords", "orders")
    lost = Rule(aws_error("InternalFailure"), "ListShards", "orders", on=2)
    with serving(stream, clock=clock, shards_page=1, faults=Faults(kms, lost)) as (fake, client):
        held = iterator(client, shard="shardId-1")
        assert code_of(client.get_records, ShardIterator=held, Limit=1) == "KMSAccessDeniedException"
        token = client.list_shards(StreamName="orders")["NextToken"]
        assert code_of(client.list_shards, NextToken=token) == "InternalFailure"
        assert [call.stream for call in fake.calls()] == ["orders"] * 4
        assert fake.calls("GetRecords")[0].shard == "shardId-1"


@pytest.mark.parametrize(
    ("fault", "error", "patience"),
    [
        (Fault.reset(), ConnectionClosedError, 60),
        (Fault.never(), ReadTimeoutError, 0.1),
        (Fault.garbage(), UnicodeDecodeError, 60),
    ],
    ids=["reset", "never", "garbage"],
)
def test_broken_answers_reach_boto3(fault: Fault, error: type[Exception], patience: float) -> None:
    """patience: seconds; generous wherever there is an answer."""
    with (
        FakeKinesis(faults=Faults(Rule(fault))) as fake,
        client_of(fake, read_timeout=patience) as client,
        pytest.raises(error),
    ):
        client.list_streams()


def test_boto3_takes_an_html_page_for_an_answer_without_anything_in_it() -> None:
    """Status 200 and no JSON is no error to botocore: `StreamNames` is missing, not empty."""
    with serving(FakeStream("a"), faults=Faults(Rule(Fault.html()))) as (_, client):
        assert client.list_streams().keys() == {"ResponseMetadata"}


def test_seeded_faults_replay() -> None:
    kinds = [aws_error("InternalFailure"), aws_error("LimitExceededException"), Fault.reset()]

    def fates(seed: int) -> list[tuple[str, str, str]]:
        with serving(*json_streams(5), faults=Faults.random(seed, rate=0.5, kinds=kinds), quotas={}) as (fake, client):
            with ThreadPoolExecutor(5) as pool:
                list(pool.map(lambda name: outcome(client.list_shards, StreamName=name), list(fake.streams) * 4))
            return sorted(fake.faults.injected)

    assert fates(1) == fates(1) != fates(2)


def outcome(call: Any, **parameters: Any) -> str:
    try:
        return code_of(call, **parameters)
    except BotoCoreError as error:
        return type(error).__name__


# --- what tests see -----------------------------------------------------------------------------------------------


def test_calls_are_counted_and_recorded() -> None:
    with serving(FakeStream("a")) as (fake, client):
        client.list_streams(Limit=7)
        client.describe_stream_summary(StreamName="a")
    assert fake.counts == {"ListStreams": 1, "DescribeStreamSummary": 1}
    assert fake.calls("ListStreams")[0].params == {"Limit": 7}
    assert fake.calls(stream="a")[0].access_key == "AKIAFAKEFAKEFAKEFAKE"


def test_latency_and_peak_tell_how_parallel_a_client_is() -> None:
    with serving(latency=0.2, quotas={}) as (fake, client), ThreadPoolExecutor(4) as pool:
        started = time.monotonic()
        list(pool.map(lambda _: client.list_streams(), range(4)))
        assert time.monotonic() - started >= 0.2
        assert fake.peak == 4


def test_it_runs_as_a_process() -> None:
    """The first line is the port, GET /stats has the counters, SIGTERM ends it."""
    command = [sys.executable, "-m", "tests.fakes.kinesis", "--streams", "3", "--records", "2", "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().removeprefix("PORT="))
        with client_of(FakeKinesis(port=port)) as client:
            names = client.list_streams()["StreamNames"]
            stats = requests.get(f"http://127.0.0.1:{port}/stats", timeout=5).json()
        process.terminate()
        assert process.wait(60) == 0
    assert (len(names), stats["counts"], stats["throttled"]) == (3, {"ListStreams": 1}, 0)
