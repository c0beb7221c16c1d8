"""KinesisSource: what it asks AWS, what it makes of the answers, and what it raises when there are none."""

from __future__ import annotations

import json
import string
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import botocore.discovery  # it has exceptions of its own
import botocore.exceptions
import botocore.session
import pytest
from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationParseError, ProxySchemeUnknown

from airflow_kinesis_ingest.engine import retry as retry_module
from airflow_kinesis_ingest.engine.aws import source as source_module
from airflow_kinesis_ingest.engine.aws.client import kinesis_client
from airflow_kinesis_ingest.engine.aws.quota import Quota
from airflow_kinesis_ingest.engine.aws.source import KinesisSource, ShardReader
from airflow_kinesis_ingest.engine.model import Stream
from airflow_kinesis_ingest.engine.run.pipeline import source_of
from airflow_kinesis_ingest.errors import (
    Abort,
    AccessDenied,
    IngestError,
    PlaceExpired,
    Retry,
    ServerDown,
    Skip,
    Stopped,
    StreamDenied,
    StreamGone,
    StreamNotReady,
    StreamUnreadable,
    Throttled,
    Unreachable,
)
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error, json_streams
from tests.fakes.server import Fault, Faults, Reply, Rule

pytestmark = pytest.mark.usefixtures("quick")

A_MOMENT = 0.1
OPERATIONS = ("ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords")
ORDERS = Stream("orders")


@contextmanager
def reading(
    *streams: FakeStream, retry_for: float = 10.0, **options: Any
) -> Iterator[tuple[FakeKinesis, KinesisSource]]:
    """A source on a fake account; at the end, every call it made was one that AWS wants clients to make."""
    with FakeKinesis(streams, quotas={}, **options) as aws:
        yield aws, source_of(workflow(aws, Path("unused")), threading.Event(), retry_for=retry_for)
    assert aws.violations == []


def answer(body: object, status: int = 200) -> Fault:
    return Fault("scripted", reply=Reply(status, json.dumps(body).encode()))


def asked(aws: FakeKinesis, operation: str) -> list[dict[str, Any]]:
    return [call.params for call in aws.calls(operation)]


def shards(count: int, **fields: Any) -> list[FakeShard]:
    return [FakeShard(f"shardId-{number:012d}", **fields) for number in range(count)]


# --- listing ------------------------------------------------------------------------------------------------------


def test_every_stream_is_listed_once_in_pages_of_100() -> None:
    """ceil(N/100) calls: AWS gives 100 names at most, whatever Limit says; the token goes on."""
    with reading(*json_streams(250)) as (aws, source):
        assert [stream.name for stream in source.streams()] == sorted(aws.streams)
        first, *following = asked(aws, "ListStreams")
    assert first == {"Limit": 100}
    assert [call.keys() for call in following] == [{"Limit", "NextToken"}] * 2


def test_pages_are_fetched_as_they_are_consumed() -> None:
    """Describing starts with the first page; an account of 10,000 streams is not listed to its end before."""
    with reading(*json_streams(250)) as (aws, source):
        listing = source.streams()
        assert [next(listing).name for _ in range(100)] == sorted(aws.streams)[:100]
        assert aws.counts["ListStreams"] == 1


def test_arn_and_creation_come_with_the_listing() -> None:
    with reading(FakeStream("orders", created=1_760_000_000.0)) as (aws, source):
        created = datetime.fromtimestamp(1_760_000_000, timezone.utc)
        assert list(source.streams()) == [Stream("orders", aws.arn("orders"), created, "ACTIVE", "PROVISIONED")]


def test_a_simulator_without_token_and_summaries_is_listed_by_its_last_names() -> None:
    """What it leaves out is not known: no ARN is made up."""
    with reading(*json_streams(25), list_streams_token=False, stream_summaries=False, streams_page=10) as (aws, source):
        assert list(source.streams()) == [Stream(name) for name in sorted(aws.streams)]
        starts = [call.get("ExclusiveStartStreamName") for call in asked(aws, "ListStreams")]
    assert starts == [None, "stream-00009", "stream-00019"]


@pytest.fixture
def in_tokyo() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_the_creation_is_told_in_utc_wherever_the_worker_is() -> None:
    """It is catalogued as text: told in the worker's time zone, every other worker would change the topic."""
    with reading(FakeStream("orders", created=1_760_000_000.0)) as (_, source):
        told = [next(source.streams()).created, source.describe(ORDERS).stream.created]
    assert [created and created.isoformat() for created in told] == ["2025-10-09T08:53:20+00:00"] * 2


@pytest.mark.parametrize("summaries", [None, [], [None], [{}], [{"StreamName": "other", "StreamARN": "arn:other"}]])
def test_a_stream_without_a_summary_of_its_own_has_no_arn(summaries: object) -> None:
    page = answer({"StreamNames": ["orders"], "HasMoreStreams": False, "StreamSummaries": summaries})
    with reading(faults=Faults(Rule(page))) as (_, source):
        assert list(source.streams()) == [ORDERS]


def test_an_expired_token_is_replaced_by_the_last_name() -> None:
    expired = Rule(aws_error("ExpiredNextTokenException"), "ListStreams", on=2)
    with reading(*json_streams(250), faults=Faults(expired)) as (aws, source):
        assert [stream.name for stream in source.streams()] == sorted(aws.streams)
        assert asked(aws, "ListStreams")[2] == {"Limit": 100, "ExclusiveStartStreamName": "stream-00099"}


def test_streams_that_come_and_go_meanwhile_do_not_disturb_the_others() -> None:
    with reading(*json_streams(250)) as (aws, source):
        lasting = sorted(aws.streams)
        listing = source.streams()
        names = [next(listing).name for _ in range(100)]
        aws.add(FakeStream("stream-00050-new"), FakeStream("zebra"))
        aws.remove("stream-00099", "stream-00150")
        names += [stream.name for stream in listing]
    lasting.remove("stream-00150")
    assert names == [*lasting, "zebra"]


@pytest.mark.parametrize("names", [["a", "b"], []], ids=["the same page again", "a page without names"])
def test_a_listing_that_does_not_advance_aborts(names: list[str]) -> None:
    """No loop (K3), and no end either: a listing that is not complete must never look complete."""
    page = answer({"StreamNames": names, "HasMoreStreams": True, "NextToken": "the same"})
    with reading(faults=Faults(Rule(page, "ListStreams"))) as (aws, source):
        with pytest.raises(Abort, match="does not advance"):
            list(source.streams())
        assert aws.counts["ListStreams"] <= 2


@pytest.mark.parametrize("nth", [1, 2], ids=["the first page", "the second page"])
def test_a_denied_listing_ends_the_run_after_one_call(nth: int) -> None:
    """The connector we replace loops for ever here (K3)."""
    denied = Rule(aws_error("AccessDeniedException"), "ListStreams", on=range(nth, 99))
    with reading(*json_streams(150), faults=Faults(denied)) as (aws, source):
        with pytest.raises(AccessDenied) as caught:
            list(source.streams())
        assert aws.counts["ListStreams"] == nth
    assert "kinesis:ListStreams" in caught.value.remedy


def test_a_throttled_listing_is_tried_again() -> None:
    burst = Rule(aws_error("LimitExceededException"), "ListStreams", on=range(2, 9))
    with reading(*json_streams(150), faults=Faults(burst)) as (aws, source):
        assert len(list(source.streams())) == 150
        assert aws.counts["ListStreams"] == 9


def test_a_listing_that_stays_throttled_fails() -> None:
    for_ever = Rule(aws_error("LimitExceededException"), "ListStreams", on=range(2, 99))
    with reading(*json_streams(150), faults=Faults(for_ever), retry_for=A_MOMENT) as (aws, source):
        with pytest.raises(Throttled):
            list(source.streams())
        assert aws.counts["ListStreams"] > 2


# --- describing ---------------------------------------------------------------------------------------------------


def test_one_call_describes_a_stream() -> None:
    """Partitions are the open shards, so that metadata alone costs no ListShards."""
    stream = FakeStream(
        "orders",
        [FakeShard("shardId-0", closed=True), FakeShard("shardId-1"), FakeShard("shardId-2")],
        retention_hours=168,
        mode="ON_DEMAND",
        key_id="alias/orders",
        consumers=3,
        max_record_kib=10_240,
    )
    with reading(stream) as (aws, source):
        described = source.describe(ORDERS)
        assert aws.counts == {"DescribeStreamSummary": 1}
    assert described.stream.arn == aws.arn("orders")
    assert (described.open_shards, described.retention_hours, described.max_record_kib) == (2, 168, 10_240)
    assert (described.mode, described.status, described.consumers) == ("ON_DEMAND", "ACTIVE", 3)
    assert (described.encryption, described.key_id) == ("KMS", "alias/orders")


def summary(**changes: object) -> Fault:
    """An answer of DescribeStreamSummary that tells partitions and retention; None leaves a field out."""
    told = {"StreamName": "orders", "RetentionPeriodHours": 24, "OpenShardCount": 1, **changes}
    return answer({"StreamDescriptionSummary": {key: value for key, value in told.items() if value is not None}})


def test_what_a_simulator_does_not_say_is_not_known() -> None:
    """Never zero, never a default: a made-up value would end up in the catalogue."""
    with reading(faults=Faults(Rule(summary()))) as (_, source):
        described = source.describe(ORDERS)
    assert described.stream == ORDERS
    unknown = (described.status, described.mode, described.encryption, described.key_id)
    assert unknown == (None, None, None, None)
    assert (described.consumers, described.max_record_kib) == (None, None)


NO_COUNTS: list[object] = [None, 0, -1, 1.5, "1", True, [1], {}]


@pytest.mark.parametrize("field", ["RetentionPeriodHours", "OpenShardCount"])
@pytest.mark.parametrize("value", NO_COUNTS, ids=str)
def test_a_description_without_partitions_or_retention_is_none(field: str, value: object) -> None:
    """A topic with 0 partitions is refused, one with retention 0 is a lie (K2, K9)."""
    told = summary(**{field: value})
    with reading(faults=Faults(Rule(told))) as (_, source), pytest.raises(StreamUnreadable, match=field) as caught:
        source.describe(ORDERS)
    assert caught.value.where == "orders"


@pytest.mark.parametrize("value", [-1, 1.5, "1", True, [1], {}], ids=str)
def test_a_fact_of_another_type_is_not_known(value: object) -> None:
    """The topic can do without it; in the catalogue it would be a lie, or be refused."""
    told = summary(
        ConsumerCount=value, MaxRecordSizeInKiB=value, StreamStatus=[value], KeyId=[value], StreamARN=[value]
    )
    with reading(faults=Faults(Rule(told))) as (_, source):
        described = source.describe(ORDERS)
    assert (described.consumers, described.max_record_kib) == (None, None)
    assert (described.status, described.key_id, described.stream.arn) == (None, None, None)


@pytest.mark.parametrize("shards", [[FakeShard()], []], ids=["shards", "no shards"])
@pytest.mark.parametrize(("status", "what"), [("CREATING", "created"), ("DELETING", "deleted")])
def test_a_stream_that_is_being_created_or_deleted_is_not_ready(
    status: str, what: str, shards: list[FakeShard]
) -> None:
    """Whatever else AWS says of it: it has no open shard, or not all of them."""
    stream = FakeStream("orders", shards, status=status)
    with reading(stream) as (_, source), pytest.raises(StreamNotReady) as caught:
        source.describe(ORDERS)
    assert (caught.value.where, caught.value.what) == ("orders", f"the stream is being {what}")
    assert caught.value.remedy


def test_a_stream_that_is_being_resharded_is_described() -> None:
    with reading(FakeStream("orders", status="UPDATING")) as (_, source):
        assert source.describe(ORDERS).status == "UPDATING"


# --- shards -------------------------------------------------------------------------------------------------------


def test_a_next_token_travels_alone() -> None:
    """AWS: "NextToken and StreamName cannot be provided together" (K4)."""
    with reading(FakeStream("orders", shards(5)), shards_page=2) as (aws, source):
        assert [shard.shard_id for shard in source.open_shards(ORDERS)] == [shard.id for shard in shards(5)]
        first, *following = asked(aws, "ListShards")
    assert first["StreamName"] == "orders"
    assert [call.keys() for call in following] == [{"NextToken"}] * 2


def test_a_stream_may_have_more_than_a_page_of_shards() -> None:
    with reading(FakeStream("orders", shards(1500))) as (aws, source):
        assert len(list(source.open_shards(ORDERS))) == 1500
        assert aws.counts["ListShards"] == 2


def test_shards_are_listed_as_they_are_consumed() -> None:
    with reading(FakeStream("orders", shards(5)), shards_page=2) as (aws, source):
        next(source.open_shards(ORDERS))
        assert aws.counts["ListShards"] == 1


def test_a_simulator_that_rejects_the_lone_token_is_paged_by_the_last_shard() -> None:
    """Moto and others demand StreamName beside the token; they get ExclusiveStartShardId instead, each shard once."""
    with reading(FakeStream("orders", shards(5)), shards_page=2, simulator=True) as (aws, source):
        assert [shard.shard_id for shard in source.open_shards(ORDERS)] == [shard.id for shard in shards(5)]
        by_last = [call for call in asked(aws, "ListShards") if "ExclusiveStartShardId" in call]
    assert [call["ExclusiveStartShardId"] for call in by_last] == ["shardId-000000000001", "shardId-000000000003"]


def test_an_expired_shard_token_is_replaced_by_the_last_shard() -> None:
    with reading(FakeStream("orders", shards(5)), shards_page=2) as (aws, source):
        listing = source.open_shards(ORDERS)
        found = [next(listing).shard_id, next(listing).shard_id]
        aws.expire_tokens()
        found += [shard.shard_id for shard in listing]
    assert found == [shard.id for shard in shards(5)]


def test_a_shard_page_that_repeats_ends_the_listing() -> None:
    page = answer({"Shards": [{"ShardId": "a", "SequenceNumberRange": {}}], "NextToken": "the same"})
    with reading(faults=Faults(Rule(page, "ListShards"))) as (_, source):
        assert [shard.shard_id for shard in source.open_shards(ORDERS)] == ["a"]


@pytest.mark.parametrize("honours_filter", [True, False], ids=["AWS", "a simulator"])
def test_closed_shards_are_named_last_opened_first(honours_filter: bool) -> None:
    """The newest records are in these; of a year of resharding the last 100 are plenty."""
    made = [FakeShard(f"shardId-{number:012d}", closed=number < 150) for number in range(160)]
    with reading(FakeStream("orders", made), shards_page=50, honours_shard_filter=honours_filter) as (aws, source):
        named = [shard.shard_id for shard in source.closed_shards(ORDERS)]
        assert named == [f"shardId-{number:012d}" for number in range(149, 49, -1)]
        assert aws.counts["ListShards"] == 4


@pytest.mark.parametrize("honours_filter", [True, False], ids=["AWS", "a simulator"])
def test_a_closed_shard_is_not_open(honours_filter: bool) -> None:
    """Simulators ignore ShardFilter: a shard is open if it has no ending sequence number (K8)."""
    stream = FakeStream("orders", [*shards(2, closed=True), FakeShard("shardId-9", parent="shardId-000000000000")])
    with reading(stream, honours_shard_filter=honours_filter) as (_, source):
        assert [shard.shard_id for shard in source.open_shards(ORDERS)] == ["shardId-9"]


@pytest.mark.parametrize(
    ("shard", "field"),
    [({"ShardId": "a"}, "SequenceNumberRange"), ({"SequenceNumberRange": {}}, "ShardId"), ({}, "ShardId")],
    ids=str,
)
def test_a_shard_that_does_not_say_what_it_is_makes_its_stream_unreadable(shard: object, field: str) -> None:
    """Whether it is open is not known; neither answer may be made up."""
    told = answer({"Shards": [shard]})
    with reading(faults=Faults(Rule(told))) as (_, source), pytest.raises(StreamUnreadable, match=field):
        list(source.open_shards(ORDERS))


# --- reading ------------------------------------------------------------------------------------------------------


def only_shard(source: KinesisSource) -> ShardReader:
    return next(source.open_shards(ORDERS))


def test_a_record_comes_as_it_was_sent() -> None:
    """boto3 has undone the base64 of the wire, nothing is decoded again (K5)."""
    every_byte = bytes(range(256))
    records = [FakeRecord(every_byte, 1_790_000_000.5, None), FakeRecord(b"aGVsbG8=", 1_790_000_001.0, "key")]
    with reading(FakeStream("orders", [FakeShard(records=records)])) as (_, source):
        shard = only_shard(source)
        (first, second), following, behind = shard.read(shard.iterator(None), 10)
    assert (first.data, second.data) == (every_byte, b"aGVsbG8=")
    assert (following is not None, behind) == (True, 0)


def test_every_read_has_a_limit() -> None:
    """Without one, 10 MiB are pulled and the customer's own consumers wait for 5 s (K6)."""
    with reading(*json_streams(1, 30, prefix="x")) as (aws, source):
        shard = next(source.open_shards(Stream("x-00000")))
        records, following, _ = shard.read(shard.iterator(None), 7)
        assert len(records) == 7
        shard.read(str(following), 5)
        assert [call["Limit"] for call in asked(aws, "GetRecords")] == [7, 5]


def test_an_iterator_starts_at_a_time_at_the_horizon_or_after_the_newest() -> None:
    """A naive look at `now` would be the customer's LATEST, which never sees a record."""
    records = [FakeRecord(b"old", 1_790_000_000.0), FakeRecord(b"new", 1_790_000_100.0)]
    with reading(FakeStream("orders", [FakeShard(records=records)])) as (_, source):
        shard = only_shard(source)
        moment = datetime.fromtimestamp(1_790_000_050, timezone.utc)
        found = [
            [record.data for record in shard.read(iterator, 10)[0]]
            for iterator in (shard.iterator(None), shard.iterator(moment), shard.newest())
        ]
    assert found == [[b"old", b"new"], [b"new"], []]


def test_an_empty_answer_names_the_next_iterator_and_how_far_the_tip_is() -> None:
    """Normal on Kinesis: "might take multiple calls" (K7)."""
    with reading(FakeStream("orders", [FakeShard(records=[FakeRecord(b"x")], empty_pages=1)])) as (_, source):
        shard = only_shard(source)
        records, following, behind = shard.read(shard.iterator(None), 10)
        assert records == ()
        assert behind is not None
        assert behind > 0
        assert [record.data for record in shard.read(str(following), 10)[0]] == [b"x"]


def test_a_shard_that_ends_has_no_next_iterator() -> None:
    stream = FakeStream("orders", [FakeShard(records=[FakeRecord(b"x")])])
    with reading(stream) as (aws, source):
        shard = only_shard(source)
        aws.streams["orders"] = FakeStream("orders", [FakeShard(records=[FakeRecord(b"x")], closed=True)])
        assert shard.read(shard.iterator(None), 10)[1] is None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The one number is the time; whoever rests turns it."""
    now = [1000.0]
    for module in (source_module, retry_module):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(KinesisSource, "rest", lambda _, seconds: now.__setitem__(0, now[0] + seconds))
    return now


def test_a_shard_is_read_at_1_mib_a_second(clock: list[float]) -> None:
    """Its other consumers keep as much; AWS stops them all for seconds when one reads too much."""
    records = [FakeRecord(bytes(1 << 20)) for _ in range(6)]
    with reading(FakeStream("orders", [FakeShard(records=records)])) as (_, source):
        shard = only_shard(source)
        _, following, _ = shard.read(shard.iterator(None), limit=2)
        begun = clock[0]
        shard.read(following or "", limit=1)
        shard.read(following or "", limit=1)
    assert (begun, clock[0]) == (1000.0, 1003.0)


def test_no_read_begins_after_the_limit_for_the_sake_of_the_pace(clock: list[float]) -> None:
    """It waits until then, and the answer is an empty one that says nothing."""
    with reading(FakeStream("orders", [FakeShard(records=[FakeRecord(bytes(3 << 20))])])) as (aws, source):
        shard = only_shard(source)
        shard.read(shard.iterator(None), 1, until=1001.0)
        assert shard.read("next", 1, until=1001.0) == ((), "next", None)
        assert (clock[0], aws.counts["GetRecords"]) == (1001.0, 1)


def test_an_expired_iterator_is_told_apart() -> None:
    with reading(FakeStream("orders"), iterator_calls=0) as (_, source):
        shard = only_shard(source)
        with pytest.raises(PlaceExpired):
            shard.read(shard.iterator(None), 10)


def test_a_record_without_its_data_makes_its_stream_unreadable() -> None:
    told = answer({"Records": [{"SequenceNumber": "1"}]})
    with reading(FakeStream("orders"), faults=Faults(Rule(told, "GetRecords"))) as (_, source):
        shard = only_shard(source)
        with pytest.raises(StreamUnreadable, match="Data"):
            shard.read(shard.iterator(None), 10)


@pytest.mark.parametrize("beside", [{}, {"SequenceNumber": 1}, {"PartitionKey": 5}], ids=str)
def test_of_a_record_nothing_but_its_data_is_needed(beside: Mapping[str, object]) -> None:
    told = answer({"Records": [{"Data": "eA==", **beside}]})
    with reading(FakeStream("orders"), faults=Faults(Rule(told, "GetRecords"))) as (_, source):
        shard = only_shard(source)
        records, _, _ = shard.read(shard.iterator(None), 10)
    assert [record.data for record in records] == [b"x"]


def test_of_an_answer_what_is_of_another_type_is_not_known() -> None:
    told = answer({"Records": [], "NextShardIterator": 5, "MillisBehindLatest": "0"})
    with reading(FakeStream("orders"), faults=Faults(Rule(told, "GetRecords"))) as (_, source):
        shard = only_shard(source)
        _, following, behind = shard.read(shard.iterator(None), 10)
    assert (following, behind) == (None, None)


# --- pace and stop ------------------------------------------------------------------------------------------------


class WatchedQuota(Quota):
    def __init__(self) -> None:
        super().__init__(1.0)
        self.waited: list[str] = []
        self.slowed: list[str] = []

    def wait(self, api: str, stop: threading.Event) -> None:
        self.waited.append(api)
        super().wait(api, stop)

    def slow_down(self, api: str) -> None:
        self.slowed.append(api)
        super().slow_down(api)


def source_with(client: object, quota: Quota | None = None, retry_for: float = 0.0) -> KinesisSource:
    return KinesisSource(cast("Any", client), quota=quota or Quota(1.0), stop=threading.Event(), retry_for=retry_for)


class Client:
    """A boto3 client that answers each call with the next of its outcomes; an exception is raised."""

    def __init__(self, *outcomes: object) -> None:
        self._outcomes = list(outcomes)

    def __getattr__(self, method: str) -> Any:
        def call(**_: object) -> object:
            outcome = self._outcomes.pop(0)
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        return call


def client_error(
    code: str, operation: str = "ListStreams", status: int = 400, message: str = "m"
) -> botocore.exceptions.ClientError:
    told: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.exceptions.ClientError(told, operation)


def http_error(error: Exception) -> botocore.exceptions.HTTPClientError:
    return botocore.exceptions.HTTPClientError(error=error)


def test_every_try_is_paced_and_a_throttle_slows_the_pace_of_its_api() -> None:
    page = {"StreamNames": [], "HasMoreStreams": False}
    quota = WatchedQuota()
    throttled = client_error("LimitExceededException")
    list(source_with(Client(throttled, throttled, page), quota, retry_for=10.0).streams())
    assert (quota.waited, quota.slowed) == (["ListStreams"] * 3, ["ListStreams"] * 2)


@pytest.mark.parametrize("operation", ["GetShardIterator", "GetRecords"])
def test_a_throttled_shard_is_read_more_slowly(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its consumers share its five calls a second: whoever was throttled takes theirs."""
    quota = WatchedQuota()
    monkeypatch.setattr(source_module, "Quota", lambda *_, **__: quota)
    throttled = client_error("ProvisionedThroughputExceededException", operation)
    done = {"ShardIterator": "x", "Records": []}
    called(source_with(Client(throttled, throttled, done), retry_for=10.0), operation)
    assert (quota.waited, quota.slowed) == ([operation] * 3, [operation] * 2)


@pytest.mark.parametrize("code", ["AccessDeniedException", "InternalFailure", "ExpiredNextTokenException"])
def test_any_other_error_leaves_the_pace_alone(code: str) -> None:
    quota = WatchedQuota()
    with pytest.raises(IngestError):
        list(source_with(Client(client_error(code)), quota).streams())
    assert quota.slowed == []


def test_once_stopped_no_call_is_made() -> None:
    with FakeKinesis(json_streams(2, 1), quotas={}) as aws:
        stop = threading.Event()
        source = source_of(workflow(aws, Path("unused")), stop)
        shard = next(source.open_shards(Stream("stream-00000")))
        stop.set()
        for call in (
            lambda: list(source.streams()),
            lambda: source.describe(Stream("stream-00000")),
            lambda: list(source.open_shards(Stream("stream-00000"))),
            lambda: shard.iterator(None),
        ):
            with pytest.raises(Stopped):
                call()
        assert aws.counts.total() == 1


# --- errors -------------------------------------------------------------------------------------------------------

MODEL = cast("Any", botocore.session).Session().get_service_model("kinesis")


def modelled() -> list[tuple[str, str]]:
    """Every error that botocore's model of Kinesis has for the five operations, and two that AWS returns unmodelled."""
    shapes = {operation: MODEL.operation_model(operation).error_shapes for operation in OPERATIONS}
    codes = {(operation, str(shape.name)) for operation, found in shapes.items() for shape in found}
    return sorted(
        codes | {(operation, code) for operation in OPERATIONS for code in ("AccessDeniedException", "InternalFailure")}
    )


def called(source: KinesisSource, operation: str) -> object:
    """Make this one call on stream `orders`."""
    reader = ShardReader(source, "orders", "shardId-000000000000")
    calls: dict[str, Callable[[], object]] = {
        "ListStreams": lambda: list(source.streams()),
        "DescribeStreamSummary": lambda: source.describe(ORDERS),
        "ListShards": lambda: list(source.open_shards(ORDERS)),
        "GetShardIterator": lambda: reader.iterator(None),
        "GetRecords": lambda: reader.read("iterator", 1),
    }
    return calls[operation]()


@pytest.fixture(scope="module")
def broken() -> Iterator[tuple[FakeKinesis, Any]]:
    """One account for all the tests of errors, and two boto3 clients: one of them waits 0.1 s for an answer."""
    with FakeKinesis([FakeStream("orders")], quotas={}) as aws:
        config = workflow(aws, Path("unused")).aws
        yield aws, (kinesis_client(config, pool=10), kinesis_client(config, pool=10, read_timeout=0.1))


def raised(broken: tuple[FakeKinesis, Any], operation: str, fault: Fault) -> IngestError:
    aws, (client, impatient) = broken
    aws.expired.clear()
    aws.faults = Faults(Rule(fault, operation))
    source = source_with(impatient if fault.name == "never" else client, retry_for=A_MOMENT)
    with pytest.raises(IngestError) as caught:
        called(source, operation)
    return caught.value


# What each modelled error means for a stream; for the account (ListStreams) the Skips are Aborts.
MEANING: dict[str, type[IngestError]] = {
    "LimitExceededException": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "KMSThrottlingException": Throttled,
    "InternalFailure": Unreachable,
    "InternalFailureException": Unreachable,
    "ExpiredIteratorException": PlaceExpired,
    "ExpiredNextTokenException": PlaceExpired,
    "ResourceNotFoundException": StreamGone,
    "ResourceInUseException": StreamNotReady,
    "AccessDeniedException": StreamDenied,
    "KMSAccessDeniedException": StreamDenied,
    "KMSDisabledException": StreamDenied,
    "KMSInvalidStateException": StreamDenied,
    "KMSNotFoundException": StreamDenied,
    "KMSOptInRequired": StreamDenied,
    "InvalidArgumentException": StreamUnreadable,
    "DryRunOperationException": StreamUnreadable,
}


@pytest.mark.parametrize(("operation", "code"), modelled())
def test_every_error_of_the_service_model_has_a_meaning_here(
    broken: tuple[FakeKinesis, Any], operation: str, code: str
) -> None:
    """Iterates over botocore's model: an error that AWS adds fails here until somebody gives it a meaning."""
    error = raised(broken, operation, aws_error(code))
    meaning = MEANING[code]
    if operation == "ListStreams" and issubclass(meaning, Skip):
        assert isinstance(error, Abort)
    else:
        assert type(error) is meaning
    assert code in error.cause
    assert operation in error.where
    assert operation == "ListStreams" or "orders" in error.where
    assert error.remedy


@pytest.mark.parametrize(("operation", "code"), modelled())
def test_an_error_names_the_action_whose_permission_is_missing(
    broken: tuple[FakeKinesis, Any], operation: str, code: str
) -> None:
    """As data, and none where a permission is not what is missing: a disabled key stays so whatever is allowed."""
    missing = {"AccessDeniedException": f"kinesis:{operation}", "KMSAccessDeniedException": "kms:Decrypt"}
    error = raised(broken, operation, aws_error(code))
    assert error.actions == ((missing[code],) if code in missing else ())
    assert all(action in error.remedy for action in error.actions)


@pytest.mark.parametrize("code", ["AccessDeniedException", "KMSAccessDeniedException"])
def test_what_a_policy_forbids_no_other_can_allow(broken: tuple[FakeKinesis, Any], code: str) -> None:
    """AWS says so: a statement to copy would not help."""
    text = "User: x is not authorized to perform: y on resource: z with an explicit deny in a service control policy"
    error = raised(broken, "GetRecords", aws_error(code, text))
    assert error.actions == ()
    assert error.remedy.startswith("A `Deny` forbids k")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"])
def test_bad_credentials_end_the_run_wherever_they_show(
    broken: tuple[FakeKinesis, Any], operation: str, code: str
) -> None:
    assert type(raised(broken, operation, aws_error(code))) is AccessDenied


def answer_of(name: str, body: object) -> Fault:
    return Fault(name, reply=Reply(200, json.dumps(body).encode()))


BEYOND = 1e18  # seconds
IN_NO_CALENDAR = {
    "StreamNames": ["orders"],
    "HasMoreStreams": False,
    "StreamSummaries": [{"StreamName": "orders", "StreamCreationTimestamp": BEYOND}],
    "StreamDescriptionSummary": {"StreamName": "orders", "StreamCreationTimestamp": BEYOND},
    "Records": [{"Data": "eA==", "SequenceNumber": "1", "ApproximateArrivalTimestamp": BEYOND}],
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.reset(),
        Fault.never(),
        Fault.truncated(),
        Fault.garbage(),
        Fault.html(),
        Fault.status(504, html=True),
        Fault("no body", reply=Reply(200)),
        Fault("no object", reply=Reply(200, b"[1]")),
        Fault("null", reply=Reply(200, b"null")),
        Fault("another object", reply=Reply(200, b"{}")),
        Fault("a broken error", reply=Reply(400, b"\xff<oops")),
        answer_of("a number for a list", {"StreamNames": 1, "Shards": 1, "Records": 1, "ShardIterator": 1}),
        answer_of("null in a list", {"StreamNames": [None], "Shards": [None], "Records": [None]}),
        answer_of("a list for an object", {"StreamDescriptionSummary": [1], "Shards": [[1]], "Records": [[1]]}),
        answer_of("a time without a calendar", IN_NO_CALENDAR),
    ],
    ids=lambda fault: fault.name,
)
def test_no_answer_and_an_answer_that_is_none_can_be_tried_again(
    broken: tuple[FakeKinesis, Any], operation: str, fault: Fault
) -> None:
    """An empty page is never made out of a broken one: it would look like an account without streams."""
    error = raised(broken, operation, fault)
    assert type(error) is Unreachable
    assert "endPointURL" in error.remedy or "Run again" in error.remedy


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "fault",
    [Fault.status(502, html=True), Fault.status(503, html=True), aws_error("ServiceUnavailable")],
    ids=["502", "503", "ServiceUnavailable"],
)
def test_a_server_that_is_not_available_is_down_for_everybody(
    broken: tuple[FakeKinesis, Any], operation: str, fault: Fault
) -> None:
    assert type(raised(broken, operation, fault)) is ServerDown


def test_a_server_that_takes_no_connection_is_down_for_everybody() -> None:
    with FakeKinesis() as aws:
        source = source_of(workflow(aws, Path("unused")), threading.Event(), retry_for=0.0)
    with pytest.raises(ServerDown):
        list(source.streams())


def descendants(kind: type[Exception]) -> set[type[Exception]]:
    children = set(kind.__subclasses__())
    return children.union(*(descendants(child) for child in children))


def made(kind: type[Exception]) -> Exception:
    """An instance, from the fields of its message."""
    error = kind.__new__(kind)
    message: str = getattr(kind, "fmt", "")
    Exception.__init__(error, message)
    fields = {name for _, name, _, _ in string.Formatter().parse(message) if name}
    error.kwargs = dict.fromkeys(fields, "x")  # type: ignore[attr-defined] # as BotoCoreError's constructor does
    return error


FOREIGN = sorted(descendants(BotoCoreError), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("operation", ["ListStreams", "GetRecords"])
def test_every_exception_of_botocore_becomes_one_of_ours(kind: type[Exception], operation: str) -> None:
    """Iterates over botocore's classes. No answer can be tried again; credentials and all the rest end the run."""
    with pytest.raises(IngestError) as caught:
        called(source_with(Client(made(kind))), operation)
    found = botocore.exceptions
    no_answer = (found.HTTPClientError, found.ConnectionError, found.IncompleteReadError)
    assert isinstance(caught.value, Retry if issubclass(kind, no_answer) else Abort)
    assert caught.value.remedy


CREDENTIALS = [
    kind for kind in FOREIGN if any(word in kind.__name__ for word in ("Credential", "AuthToken", "SSO", "Login"))
]


@pytest.mark.parametrize("kind", CREDENTIALS, ids=lambda kind: kind.__name__)
def test_every_exception_about_credentials_says_so(kind: type[Exception]) -> None:
    with pytest.raises(AccessDenied, match="credentials"):
        called(source_with(Client(made(kind))), "DescribeStreamSummary")


def test_a_role_that_cannot_be_assumed_names_the_rights_it_needs() -> None:
    with pytest.raises(AccessDenied) as caught:
        called(source_with(Client(client_error("AccessDenied", "AssumeRole", 403))), "ListStreams")
    assert caught.value.where == "awsConfig.assumeRoleArn"
    assert "sts:AssumeRole" in caught.value.remedy


def test_a_broken_answer_of_sts_can_be_tried_again() -> None:
    """Credentials are fetched inside a call of Kinesis, by a protocol whose parser has an exception of its own."""
    with pytest.raises(Unreachable):
        called(source_with(Client(ResponseParserError("invalid XML received"))), "ListStreams")


# --- what an error must not tell ----------------------------------------------------------------------------------

KEY_ID, TOKEN, PASSWORD = "AKIASECRETSECRETSECR", "TOKENSECRETTOKEN", "PROXYSECRET"
CANONICAL = (
    "The request signature we calculated does not match. The Canonical String for this request should have been\n"
    f"'POST\n/\n\nhost:kinesis\nx-amz-date:20261121T000000Z\nx-amz-security-token:{TOKEN}\n\n'"
)
REPEATING: dict[str, Exception] = {
    "a token with a line break": http_error(ValueError(f"Invalid header value b'{TOKEN}\\n'")),
    "a key id with a line break": http_error(ValueError(f"Invalid header value b'Credential={KEY_ID}\\n/2026'")),
    "a token beyond Latin-1": http_error(UnicodeEncodeError("latin-1", TOKEN, 0, 1, "ordinal not in range")),
    "a token inside another error": botocore.exceptions.CredentialRetrievalError(
        provider="sso", error_msg=f"Invalid header value b'{TOKEN}\\n'"
    ),
    "a proxy of no scheme": http_error(ProxySchemeUnknown(f"foo://user:{PASSWORD}@proxy")),
    "a proxy of no address": http_error(LocationParseError(f"http://us/er:{PASSWORD} {PASSWORD}@@proxy:x")),
    "a signature that differs": client_error("InvalidSignatureException", message=CANONICAL),
    "no signature": client_error(
        "IncompleteSignature", message=f"'/2026' is no key=value pair in 'AWS4-HMAC-SHA256 Credential={KEY_ID} /2026'"
    ),
}


@pytest.mark.parametrize("case", REPEATING)
@pytest.mark.parametrize("operation", ["ListStreams", "GetRecords"])
def test_an_error_repeats_no_credential_and_no_password(case: str, operation: str) -> None:
    """http.client shows the header that it refuses, urllib3 the address, AWS the request it could not verify."""
    with pytest.raises(IngestError) as caught:
        called(source_with(Client(REPEATING[case])), operation)
    told = f"{caught.value!r} {caught.value} {caught.value.cause}"
    assert "SECRET" not in told
    assert caught.value.why
    assert isinstance(caught.value, Retry if "proxy" in case else AccessDenied)


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("Signature expired: 20261121T100000Z is now earlier than 20261121T101500Z", "Set the clock"),
        ("Signature not yet current: 20261121T120000Z is still later than 20261121T110500Z", "Set the clock"),
        ("Credential should be scoped to a valid region, not 'us-east-1'. ", "Check `awsRegion` and `endPointURL`"),
        ("The request signature we calculated does not match", "Renew the credentials"),
    ],
    ids=["too old", "too new", "another region", "another key"],
)
def test_a_signature_that_is_not_accepted_has_a_remedy_for_its_cause(message: str, remedy: str) -> None:
    with pytest.raises(AccessDenied) as caught:
        called(source_with(Client(client_error("InvalidSignatureException", message=message))), "ListStreams")
    assert caught.value.remedy.startswith(remedy)
