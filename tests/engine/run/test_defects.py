"""The defects of the connector we replace (facts/openmetadata.md 4.1), each beside what a run does here.

K1 to K17, end to end: a fake Kinesis and a fake OpenMetadata, over HTTP.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import checks, pipeline
from airflow_kinesis_ingest.errors import AccessDenied, Unreachable
from tests.builders import answers_within, workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error, json_streams, sts_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

HOUR_MS = 3_600_000


@pytest.fixture
def catalogue() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running
    assert running.invalid_bodies == []


def ingest(aws: FakeKinesis, catalogue: FakeOpenMetadata, **changes: Any) -> RunReport:
    return pipeline.run(workflow(aws, catalogue, **changes))


def account(*streams: FakeStream, **options: Any) -> FakeKinesis:
    return FakeKinesis(streams, quotas={}, **options)


def stream(*records: bytes, **fields: Any) -> FakeStream:
    """`orders`, with these records of the last minute in one shard."""
    now = time.time()
    made = [FakeRecord(data, now - 60 + number / 1000) for number, data in enumerate(records)]
    return FakeStream("orders", [FakeShard(records=made)], **fields)


def sample(catalogue: FakeOpenMetadata, name: str = "orders", service: str = "shop") -> list[str]:
    stored = catalogue.topic(service, name)["sampleData"]
    return list(stored["messages"]) if stored else []


def live(catalogue: FakeOpenMetadata) -> list[str]:
    return sorted(topic["name"] for topic in catalogue.topics.values() if not topic["deleted"])


def test_k01_a_first_run_has_samples(catalogue: FakeOpenMetadata) -> None:
    """There: 200 new streams, 2 samples, exit 0. Here: every topic is written before its sample."""
    with account(*json_streams(30, 3)) as aws:
        report = ingest(aws, catalogue)
        assert (report.written, report.sampled) == (30, 30)
        assert [name for name in aws.streams if len(sample(catalogue, name)) != 3] == []


def test_k02_one_failed_call_deletes_no_live_topic(catalogue: FakeOpenMetadata) -> None:
    """There: no shards, so partitions 0, so no topic, so `gone`. Here: only a listing proves that a stream is gone."""
    with account(*json_streams(4, 1)) as aws:
        ingest(aws, catalogue)
        for operation in ("ListShards", "DescribeStreamSummary"):
            aws.faults = Faults(Rule(aws_error("LimitExceededException"), operation, "stream-00001"))
            assert ingest(aws, catalogue).deleted == ()
    assert len(live(catalogue)) == 4
    assert {topic["partitions"] for topic in catalogue.topics.values()} == {1}


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ExpiredTokenException", "LimitExceededException", "InternalFailure"]
)
def test_k03_a_listing_that_fails_ends_the_run(catalogue: FakeOpenMetadata, code: str) -> None:
    """There: 14,632 calls in 3 s, for ever. Here: one call, or some while waiting might help, and the cause."""
    with account(faults=Faults(Rule(aws_error(code), "ListStreams"))) as aws:
        report = ingest(aws, catalogue)
        waiting_helps = code in ("LimitExceededException", "InternalFailure")
        assert 1 <= aws.counts["ListStreams"] <= (200 if waiting_helps else 1)
    assert report.state == "failed"
    assert code in str(report.fatal)


def test_k04_shards_beyond_the_first_page_are_seen(catalogue: FakeOpenMetadata) -> None:
    """There: NextToken together with StreamName, which AWS refuses. Here: the token alone."""
    shards = [FakeShard(f"shardId-{number:012d}") for number in range(1200)]
    shards[3].records = [FakeRecord(b"in the second page", time.time() - 60)]
    with account(FakeStream("orders", shards), shards_page=2) as aws:
        report = ingest(aws, catalogue)
        following = [call.params.keys() for call in aws.calls("ListShards")][1:]
    assert {frozenset(keys) for keys in following} == {frozenset({"NextToken"})}
    assert catalogue.topic("shop", "orders")["partitions"] == 1200
    assert (report.warnings, sample(catalogue)) == ((), ["in the second page"])


TEXTS = ["aGVsbG8=", "TWFu", "AAAA", "{}", "заказ", "注文", "12345678", '{"id": 1}']


def test_k05_text_is_shown_as_it_was_sent(catalogue: FakeOpenMetadata) -> None:
    """There: decoded from base64 once more, so that Cyrillic is nothing, and binary ends the sample. Here: once."""
    records = [text.encode() for text in TEXTS]
    with account(stream(*records[:4], gzip.compress(b'{"zipped": true}'), b"\x00\xff", *records[4:])) as aws:
        ingest(aws, catalogue)
    shown = sample(catalogue)
    assert [text for text in shown if text in TEXTS] == TEXTS
    assert '{"zipped": true}' in shown
    assert "data:application/octet-stream;base64,AP8=" in shown
    assert len(shown) == len(TEXTS) + 2


def test_k06_a_sample_is_a_sample(catalogue: FakeOpenMetadata) -> None:
    """There: up to 10,000 records and 10 MiB, no Limit, consumers stalled for 5 s. Here: 50, the newest of a burst too,
    in a few reads with Limit, from one on, none of which stalls anybody."""
    with account(stream(*[b'{"id": 1}'] * 1500)) as aws:
        ingest(aws, catalogue)
        limits = [call.params["Limit"] for call in aws.calls("GetRecords")]
        assert (limits[0], len(limits) < 20) == (1, True)
        assert aws.violations == []
    assert len(sample(catalogue)) == 50


def test_k07_an_empty_answer_is_not_the_end(catalogue: FakeOpenMetadata) -> None:
    """There: one GetRecords per shard at the horizon. Here: empty answers are followed, and the newest taken."""
    day = 24 * 3600
    now = time.time()
    records = [FakeRecord(b"old", now - 3 * day), FakeRecord(b"new", now - 60)]
    orders = FakeStream("orders", [FakeShard(records=records, empty_pages=3)], retention_hours=168)
    with account(orders) as aws:
        ingest(aws, catalogue)
    assert sample(catalogue) == ["old", "new"]


def test_k08_closed_shards_are_no_partitions(catalogue: FakeOpenMetadata) -> None:
    """There: 3 partitions after one split. Here: 2, on AWS and on a simulator that ignores ShardFilter."""
    parent = FakeShard("shardId-0", [FakeRecord(b"before the split", time.time() - 60)], closed=True)
    children = [FakeShard(f"shardId-{number}", parent="shardId-0") for number in (1, 2)]
    children[1].records = [FakeRecord(b"after the split", time.time() - 60)]
    with account(FakeStream("orders", [parent, *children]), honours_shard_filter=False) as aws:
        ingest(aws, catalogue)
    assert catalogue.topic("shop", "orders")["partitions"] == 2
    assert sample(catalogue) == ["after the split"]


def test_k09_a_failed_description_overwrites_nothing(catalogue: FakeOpenMetadata) -> None:
    """There: retention 0. Here: the catalogued values stay, and the failure is named."""
    with account(stream(retention_hours=168)) as aws:
        ingest(aws, catalogue)
        aws.faults = Faults(Rule(aws_error("InternalFailure"), "DescribeStreamSummary"))
        report = ingest(aws, catalogue)
    assert catalogue.topic("shop", "orders")["retentionTime"] == 168 * HOUR_MS
    assert [problem.entity for problem in report.failures] == ["orders"]


def test_k10_the_maximum_message_size_is_the_streams_own(catalogue: FakeOpenMetadata) -> None:
    """There: 1,000,000 for all. Here: what the stream says, in bytes."""
    with account(FakeStream("large", max_record_kib=10_240), FakeStream("usual")) as aws:
        ingest(aws, catalogue)
    sizes = [catalogue.topic("shop", name)["maximumMessageSize"] for name in ("large", "usual")]
    assert sizes == [10_485_760, 1_048_576]


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-2", "us-east-2.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_k11_the_console_link_fits_the_partition(catalogue: FakeOpenMetadata, region: str, host: str) -> None:
    """There: console.aws.amazon.com everywhere."""
    with account(FakeStream("orders.v1"), region=region) as aws:
        ingest(aws, catalogue)
    url = catalogue.topic("shop", "orders.v1")["sourceUrl"]
    assert url == f"https://{host}/kinesis/home?region={region}#/streams/details/orders.v1/monitoring"


def test_k12_what_the_stream_says_of_itself_is_kept(catalogue: FakeOpenMetadata) -> None:
    """There: ARN, mode, status, encryption, consumers and creation dropped, no schema. Here: in their places."""
    orders = stream(b'{"id": 1, "paid": true}', mode="ON_DEMAND", key_id="alias/orders", consumers=2)
    with account(orders) as aws:
        ingest(aws, catalogue)
        arn = aws.arn("orders")
    told = catalogue.topic("shop", "orders")
    assert told["topicConfig"] == {
        "streamARN": arn,
        "streamMode": "ON_DEMAND",
        "streamStatus": "ACTIVE",
        "encryptionType": "KMS",
        "keyId": "alias/orders",
        "consumerCount": 2,
        "creationTime": "2025-10-09T08:53:20+00:00",
    }
    (root,) = told["messageSchema"]["schemaFields"]
    assert {field["name"]: field["dataType"] for field in root["children"]} == {"id": "INT", "paid": "BOOLEAN"}


def test_k13_a_filtered_stream_costs_no_call(catalogue: FakeOpenMetadata) -> None:
    """There: described and its shards listed, then thrown away."""
    with account(*json_streams(10, 1)) as aws:
        ingest(aws, catalogue, metadata={"topicFilterPattern": {"includes": ["stream-00007"]}})
        assert {call.stream for call in aws.calls()} == {"", "stream-00007"}


CALLS = ["ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]


@pytest.mark.parametrize(
    ("denied", "untried"),
    [
        ("ListStreams", CALLS[1:]),
        ("DescribeStreamSummary", []),
        ("ListShards", CALLS[3:]),
        ("GetShardIterator", CALLS[4:]),
        ("GetRecords", []),
    ],
)
def test_k14_a_connection_test_tries_every_call_a_run_makes(
    catalogue: FakeOpenMetadata, denied: str, untried: list[str]
) -> None:
    """There: ListStreams alone; the other rights are found missing in the middle of a run."""
    fault = Faults(Rule(aws_error("AccessDeniedException"), denied))
    with account(stream(b"x"), faults=fault) as aws:
        steps = {step.name: step for step in checks.run(workflow(aws, catalogue))}
    assert [name for name, step in steps.items() if step.status == "failed"] == [denied]
    assert f"kinesis:{denied}" in steps[denied].remedy
    assert [name for name in CALLS if steps[name].status == "skipped"] == untried


def test_k15_a_service_may_have_a_dot_in_its_name(catalogue: FakeOpenMetadata) -> None:
    """There: quoted everywhere but in the topic's own `service`, which the server does not find then."""
    with account(stream(b"x")) as aws:
        assert ingest(aws, catalogue, service_name="acme.kinesis").written == 1
        assert ingest(aws, catalogue, service_name="acme.kinesis").unchanged == 1
    assert catalogue.calls("PUT", "/topics")[0].body["service"] == '"acme.kinesis"'
    assert sample(catalogue, service="acme.kinesis") == ["x"]


def test_k16_runs_in_one_process_do_not_share_what_they_saw(catalogue: FakeOpenMetadata) -> None:
    """There: a class attribute, so that a second run misses deletions."""
    with account(*json_streams(4, 1)) as aws:
        ingest(aws, catalogue)
        aws.remove("stream-00003")
        assert ingest(aws, catalogue).deleted == ("stream-00003",)
    assert len(live(catalogue)) == 3


def assuming(aws: FakeKinesis) -> dict[str, Any]:
    config = {**aws.connection(), "assumeRoleArn": "arn:aws:iam::123456789012:role/reader"}
    return {"serviceConnection": {"config": {"type": "Kinesis", "awsConfig": config}}}


def test_k17_the_endpoint_is_for_kinesis_and_sts_has_its_own(
    catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There: no way to reach another STS. Here: AWS's own variable, and a denied role says what it needs."""
    with account(stream(b"x")) as aws, account() as sts:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
        assert ingest(aws, catalogue, source=assuming(aws)).written == 1
        assert (sts.counts, "AssumeRole" in aws.counts) == ({"AssumeRole": 1}, False)
        sts.faults = Faults(Rule(sts_error("AccessDenied"), "AssumeRole"))
        denied = ingest(aws, catalogue, source=assuming(aws))
    assert isinstance(denied.fatal, AccessDenied)
    assert "sts:AssumeRole" in denied.fatal.remedy


def test_k17_a_call_that_hangs_has_a_time_out(catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch) -> None:
    """There: boto3's 60 s, five times. Here: ours, and then the cause."""
    answers_within(0.1, monkeypatch)
    with account(faults=Faults(Rule(Fault.never(), "ListStreams"))) as aws:
        report = ingest(aws, catalogue)
    assert isinstance(report.fatal, Unreachable)
    assert "time" in json.dumps(report.as_dict())
