"""Kinesis as a source of streams, descriptions and records; its errors are ours (`errors.py`).

Delivery: a stream that exists for the whole listing is listed exactly once; one that is made or deleted meanwhile
may or may not be. Each call is paced (`quota.py`; but for ListShards, of which AWS allows 1,000 a second per stream
and a run makes one or two), retried (`retry.py`) and logged at DEBUG.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import Abort, PlaceExpired, StreamGone, StreamNotReady, StreamUnreadable
from ..model import Description, Record, Stream
from ..retry import RETRY_FOR, Circuit
from .calling import paced
from .quota import SHARD_READS, Quota

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)

# What a true answer holds. botocore reads an HTML page or a body cut in half as an answer with nothing in it.
HOLDS: dict[str, dict[str, Any]] = {
    "ListStreams": {"StreamNames": [str], "HasMoreStreams": bool},
    "DescribeStreamSummary": {"StreamDescriptionSummary": dict},
    "ListShards": {"Shards": [dict]},
    "GetShardIterator": {"ShardIterator": str},
    "GetRecords": {"Records": [dict]},
}

NOT_READY = {"CREATING": "created", "DELETING": "deleted"}
NEXT_RUN = "Nothing to do: its topic is left alone, and the next run looks again"

SHARD_BYTES = float(1 << 20)  # a second: half of what a shard gives
CLOSED_MOST = 100

T = TypeVar("T")


class KinesisSource:
    """One account and region, read through one client by many threads.

    stop: set it to make every method raise Stopped soon. retry_for: seconds that a call is tried again for (`Circuit`).
    throttled: called for each call that AWS throttled, by the thread that made it.
    """

    def __init__(
        self,
        client: KinesisClient,
        *,
        quota: Quota,
        stop: threading.Event,
        retry_for: float = RETRY_FOR,
        throttled: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._quota = quota
        self._stop = stop
        self._throttled = throttled
        self._circuit = Circuit("AWS", stop, retry_for)
        self.clock = self._circuit.clock

    def streams(self) -> Iterator[Stream]:
        """Every stream, in AWS's order. Pages of 100 (AWS's maximum), fetched as they are consumed.

        The iterator ends normally only if the listing is complete. Raises AccessDenied, Throttled, Unreachable or
        Abort otherwise; it never loops on an error and never takes a page that does not advance for the end.
        """
        seen: set[str] = set()
        page = self._call("ListStreams", Limit=100)
        while True:
            fresh = [name for name in page["StreamNames"] if name not in seen]
            seen.update(fresh)
            summaries = {summary.get("StreamName"): summary for summary in page.get("StreamSummaries", ()) if summary}
            for name in fresh:
                yield _listed(name, summaries.get(name, {}))
            if not page["HasMoreStreams"]:
                return
            if not fresh:
                raise Abort(
                    "the listing of streams does not advance",
                    where="ListStreams",
                    why="AWS says there are more streams and repeats a page",
                    remedy="Run again; if it stays, the endpoint is not a correct Kinesis",
                )
            page = self._next_streams(page, fresh[-1])

    def _next_streams(self, page: dict[str, Any], last: str) -> dict[str, Any]:
        token = _known(page, "NextToken", str)
        if token:
            try:
                return self._call("ListStreams", NextToken=token, Limit=100)
            except PlaceExpired:
                log.debug("ListStreams: the token expired, going on after %s", last)
        return self._call("ListStreams", ExclusiveStartStreamName=last, Limit=100)

    def describe(self, stream: Stream) -> Description:
        """One DescribeStreamSummary. Raises one of Skip's classes, Retry or Abort.

        StreamNotReady before anything else is looked at: a stream that is being made or deleted has no shards to count.
        """
        answer = self._call("DescribeStreamSummary", stream.name, StreamName=stream.name)
        summary = answer["StreamDescriptionSummary"]
        status = _known(summary, "StreamStatus", str)
        if status in NOT_READY:
            raise StreamNotReady(f"the stream is being {NOT_READY[status]}", where=stream.name, remedy=NEXT_RUN)
        return Description(
            stream=_listed(stream.name, summary),
            open_shards=_positive(summary, "OpenShardCount", stream.name),
            retention_hours=_positive(summary, "RetentionPeriodHours", stream.name),
            status=status,
            mode=_known(summary.get("StreamModeDetails", {}), "StreamMode", str),
            encryption=_known(summary, "EncryptionType", str),
            key_id=_known(summary, "KeyId", str),
            consumers=_count(summary, "ConsumerCount", least=0),
            max_record_kib=_count(summary, "MaxRecordSizeInKiB", least=1),
        )

    def open_shards(self, stream: Stream, until: float | None = None) -> Iterator[ShardReader]:
        """The open shards of a stream, page by page as they are consumed. Raises as `describe` does.

        until: on `clock`; the listing is not tried again after it.
        """
        for shard in self._shards(stream.name, until, {"Type": "AT_LATEST"}):
            # Simulators ignore ShardFilter; AWS: a shard is open iff it has no EndingSequenceNumber.
            if "EndingSequenceNumber" not in _required(shard, "SequenceNumberRange", dict, stream.name):
                yield ShardReader(self, stream.name, shard["ShardId"])

    def open_shards_since(
        self, stream: Stream, since: datetime, until: float | None = None
    ) -> tuple[ShardReader, ...] | None:
        """The open shards; None where one was closed since then, or may have been. Raises as `describe` does.

        A simulator that ignores the filter lists all that were ever closed.
        """
        found: list[ShardReader] = []
        for shard in self._shards(stream.name, until, {"Type": "FROM_TIMESTAMP", "Timestamp": since}):
            if "EndingSequenceNumber" in _required(shard, "SequenceNumberRange", dict, stream.name):
                return None
            found.append(ShardReader(self, stream.name, shard["ShardId"]))
        return tuple(found)

    def closed_shards(self, stream: Stream, until: float | None = None) -> Iterator[ShardReader]:
        """The closed shards whose records may not have expired yet, the 100 that were opened last, those first.

        Lists all shards before it yields. Raises as `describe` does.
        """
        kept: deque[str] = deque(maxlen=CLOSED_MOST)  # ids count up as shards are opened
        for shard in self._shards(stream.name, until, {"Type": "FROM_TRIM_HORIZON"}):
            if "EndingSequenceNumber" in _required(shard, "SequenceNumberRange", dict, stream.name):
                kept.append(shard["ShardId"])
        yield from (ShardReader(self, stream.name, shard_id) for shard_id in reversed(kept))

    def _shards(self, name: str, until: float | None, which: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """which: a ShardFilter."""
        seen: set[str] = set()
        page = self._call("ListShards", name, until, StreamName=name, ShardFilter=which)
        while True:
            fresh = [shard for shard in page["Shards"] if _required(shard, "ShardId", str, name) not in seen]
            seen.update(shard["ShardId"] for shard in fresh)
            yield from fresh
            token = _known(page, "NextToken", str)
            if not token or not fresh:
                return
            page = self._next_shards(name, token, fresh[-1]["ShardId"], until)

    def _next_shards(self, name: str, token: str, last: str, until: float | None) -> dict[str, Any]:
        # AWS wants the token alone: "NextToken and StreamName cannot be provided together" (botocore#2009).
        try:
            return self._call("ListShards", name, until, NextToken=token)
        except (PlaceExpired, StreamUnreadable, StreamGone):
            return self._call("ListShards", name, until, StreamName=name, ExclusiveStartShardId=last)

    def _call(self, api: str, stream: str = "", until: float | None = None, **parameters: Any) -> dict[str, Any]:
        return self.paced_call(api, stream, parameters, self._quota, until)

    def rest(self, seconds: float) -> None:
        """Wait, but for a stop."""
        self._stop.wait(seconds)

    def paced_call(
        self, api: str, stream: str, parameters: dict[str, Any], quota: Quota, until: float | None
    ) -> dict[str, Any]:
        """One call of the API with its retries, each at the pace of `quota`, and none after `until`."""
        client, stop, holds = self._client, self._stop, HOLDS[api]
        told = self._throttled
        return self._circuit.call(
            lambda: paced(client, api, stream, parameters, quota=quota, stop=stop, holds=holds, throttled=told), until
        )


class ShardReader:
    """Reads one shard and leaves its consumers room: at most 4 calls and 1 MiB a second, always with Limit.

    AWS gives all consumers together 5 calls of a kind and 2 MiB a second; whoever reads more, up to 10 MiB are given at
    once, stops everybody's reading until that is made up for, for 5 s.
    Fewer for a while after AWS throttled one: the consumers are at their share. until: on the source's `clock`; a
    call begun before it is not repeated after it.
    """

    def __init__(self, source: KinesisSource, stream: str, shard_id: str) -> None:
        self.shard_id = shard_id
        self._source = source
        self._stream = stream
        self._quota = Quota(1.0, {"GetShardIterator": SHARD_READS, "GetRecords": SHARD_READS}, burst=2)
        self._free_at = float("-inf")

    def iterator(self, start: datetime | None, until: float | None = None) -> str:
        """An iterator at a time, or at the oldest record for None. It lives for 5 minutes."""
        parameters: dict[str, Any] = {"ShardIteratorType": "TRIM_HORIZON"}
        if start is not None:
            parameters = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": start}
        answer = self._call("GetShardIterator", until, StreamName=self._stream, ShardId=self.shard_id, **parameters)
        return str(answer["ShardIterator"])

    def newest(self) -> str:
        """An iterator after the last record: for asking whether reading is allowed, without reading."""
        answer = self._call(
            "GetShardIterator", None, StreamName=self._stream, ShardId=self.shard_id, ShardIteratorType="LATEST"
        )
        return str(answer["ShardIterator"])

    def read(
        self, iterator: str, limit: int, until: float | None = None
    ) -> tuple[tuple[Record, ...], str | None, int | None]:
        """Records (maybe none), the next iterator (None: the shard ends here), milliseconds behind its tip.

        As an empty answer where the bytes read before leave no room until `until`. Raises PlaceExpired, StreamGone,
        StreamDenied (also: KMS denies), StreamUnreadable, Retry, Abort.
        """
        if not self._has_room(until):
            return (), iterator, None
        answer = self._call("GetRecords", until, ShardIterator=iterator, Limit=limit)
        records = tuple(_record(raw, self._stream) for raw in answer["Records"])
        self._free_at = time.monotonic() + sum(len(record.data) for record in records) / SHARD_BYTES
        return records, _known(answer, "NextShardIterator", str), _count(answer, "MillisBehindLatest", least=0)

    def _has_room(self, until: float | None) -> bool:
        """Wait until the bytes of the last read are made up for; until `until` at most."""
        pause = self._free_at - time.monotonic()
        if pause <= 0:
            return True
        left = pause if until is None else until - self._source.clock()
        self._source.rest(min(pause, max(left, 0.0)))
        return pause < left or until is None

    def _call(self, api: str, until: float | None, **parameters: Any) -> dict[str, Any]:
        return self._source.paced_call(api, self._stream, parameters, self._quota, until)


def _listed(name: str, summary: dict[str, Any]) -> Stream:
    created = _known(summary, "StreamCreationTimestamp", datetime)
    # botocore hands out this machine's time zone: the catalogue would change with the worker.
    mode = _known(_known(summary, "StreamModeDetails", dict) or {}, "StreamMode", str)
    facts = (_known(summary, "StreamARN", str), created and created.astimezone(timezone.utc))
    return Stream(name, *facts, _known(summary, "StreamStatus", str), mode)


def _record(raw: dict[str, Any], stream: str) -> Record:
    return Record(_required(raw, "Data", bytes, stream), _known(raw, "ApproximateArrivalTimestamp", datetime))


def _known(of: dict[str, Any], field: str, kind: type[T]) -> T | None:
    """A fact that the catalogue can do without. botocore does not check what type it has."""
    value = of.get(field)
    return value if isinstance(value, kind) else None


def _count(of: dict[str, Any], field: str, *, least: int) -> int | None:
    value = of.get(field)
    return value if type(value) is int and value >= least else None


def _required(of: dict[str, Any], field: str, kind: type[T], stream: str) -> T:
    value = _known(of, field, kind)
    if value is None:
        raise _unusable(of, field, stream, "The topic keeps its sample; check what answers at `endPointURL`")
    return value


def _positive(of: dict[str, Any], field: str, stream: str) -> int:
    count = _count(of, field, least=1)
    if count is None:
        raise _unusable(of, field, stream, "The topic keeps its catalogued values; run again when the stream is ACTIVE")
    return count


def _unusable(of: dict[str, Any], field: str, stream: str, remedy: str) -> StreamUnreadable:
    why = f"{field} is missing" if of.get(field) is None else f"{field} is {of[field]!r:.50}"
    return StreamUnreadable("AWS's answer lacks a fact that is needed", where=stream, why=why, remedy=remedy)
