"""FakeKinesis: Kinesis (JSON 1.1) and STS (query protocol) over HTTP, with AWS's paging, quotas, expiry and errors.

Sources, named in the docstrings: [M] botocore's service model 1.44.5, [I] messages quoted in issues, [sim] what local
simulators do differently, [ours] stricter than AWS on purpose. The wire format is what boto3 1.44.5 sends: POST /,
X-Amz-Target, timestamps as epoch seconds, data as base64, errors as `__type` and `message`.
"""

from __future__ import annotations

import base64
import json
import re
import time
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, overload
from urllib.parse import parse_qsl
from uuid import uuid4

from tests.fakes.server import Call, FakeServer, Fault, Faults, Recorded, Refused, Reply, arguments, seal, serve, unseal

Params = dict[str, Any]

# Calls a second; the bucket holds one second's worth [M].
AWS_QUOTAS: Final[Mapping[str, float]] = {
    "ListStreams": 5,
    "DescribeStreamSummary": 20,
    "ListShards": 1000,
    "GetShardIterator": 5,
    "GetRecords": 5,
}
PAGE_BYTES: Final = 10 * 1024 * 1024
SHARD_BYTES: Final = 2 * 1024 * 1024  # a second, of all polling consumers of a shard together [M]
ITERATOR_SECONDS: Final = 300
TOKEN_SECONDS: Final = 300


# --- what is in the account -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FakeRecord:
    """arrival in epoch seconds; a partition key of None is one that AWS's AUTO distribution does not return [M]."""

    data: bytes
    arrival: float = field(default_factory=time.time)
    partition_key: str | None = "key"


@dataclass
class FakeShard:
    """records in order of arrival; empty_pages: answers without records before the first one, as AWS gives them.

    closed_at: epoch seconds, of a shard that is closed.
    """

    id: str = "shardId-000000000000"
    records: Sequence[FakeRecord] = ()
    closed: bool = False
    empty_pages: int = 0
    closed_at: float = 0.0
    parent: str | None = None
    adjacent_parent: str | None = None


@dataclass
class FakeStream:
    """key_id: the KMS key, encryption is NONE without one; created in epoch seconds."""

    name: str
    shards: Sequence[FakeShard] = field(default_factory=lambda: [FakeShard()])
    retention_hours: int = 24
    mode: str = "PROVISIONED"
    key_id: str | None = None
    consumers: int = 0
    max_record_kib: int = 1024
    status: str = "ACTIVE"
    created: float = 1_760_000_000.0

    @property
    def encryption(self) -> str:
        return "KMS" if self.key_id else "NONE"

    def open_shards(self) -> list[FakeShard]:
        return [shard for shard in self.shards if not shard.closed]


class LazyRecords(Sequence[FakeRecord]):
    """`count` records, each made when it is read."""

    def __init__(self, count: int, make: Callable[[int], FakeRecord]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> FakeRecord: ...
    @overload
    def __getitem__(self, at: slice) -> list[FakeRecord]: ...
    def __getitem__(self, at: int | slice) -> FakeRecord | list[FakeRecord]:
        indexes = range(self._count)[at]
        return self._make(indexes) if isinstance(indexes, int) else [self._make(index) for index in indexes]


def json_streams(
    count: int,
    records: int = 0,
    *,
    prefix: str = "stream",
    shards: int = 1,
    empty_pages: int = 0,
    age: float = 60.0,
    **fields: Any,
) -> list[FakeStream]:
    """`count` streams of JSON records, so many in each open shard, the last of them so many seconds old."""
    names = (f"{prefix}-{number:05d}" for number in range(count))
    return [_json_stream(name, records, shards, empty_pages, time.time() - age, fields) for name in names]


def _json_stream(name: str, records: int, shards: int, empty_pages: int, newest: float, fields: Params) -> FakeStream:

    def make(index: int) -> FakeRecord:
        event = {"id": index, "stream": name, "amount": index * 1.5, "paid": index % 2 == 0, "tags": ["a", "b"]}
        return FakeRecord(json.dumps(event).encode(), newest - (records - 1 - index), str(index))

    ids = [f"shardId-{number:012d}" for number in range(shards)]
    made = [FakeShard(each, LazyRecords(records, make), empty_pages=empty_pages) for each in ids]
    return FakeStream(name, made, **fields)


# --- errors -----------------------------------------------------------------------------------------------------

MESSAGES: Final[Mapping[str, str]] = {
    "AccessDeniedException": "User: arn:aws:iam::123456789012:user/fake is not authorized to perform this action "
    "because no identity-based policy allows the action",
    "ExpiredIteratorException": "Iterator expired. The iterator was created at time Thu Jul 02 12:57:57 UTC 2026 "
    "while right now it is Fri Jul 03 03:56:58 UTC 2026 which is further in the future than the tolerated delay of "
    "300000 milliseconds.",
    "ExpiredNextTokenException": "The NextToken has expired.",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InternalFailure": "The request processing has failed because of an unknown error.",
    "KMSAccessDeniedException": "The ciphertext refers to a customer master key that does not exist, does not exist "
    "in this region, or you are not allowed to access.",
    "KMSThrottlingException": "Rate exceeded",
    "LimitExceededException": "Rate exceeded for account 123456789012.",
    "MissingAuthenticationTokenException": "Missing Authentication Token",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
}


def _status(code: str) -> int:
    return 500 if code.startswith("Internal") else 503 if code == "ServiceUnavailable" else 400


def _error(code: str, message: str = "") -> Reply:
    body = {"__type": code, "message": message or MESSAGES.get(code, code)}
    return _answer(body, _status(code))


def _answer(body: Params, status: int = 200) -> Reply:
    headers = {"x-amzn-RequestId": str(uuid4()), "Content-Type": "application/x-amz-json-1.1"}
    return Reply(status, json.dumps(body).encode(), headers)


def aws_error(code: str, message: str = "") -> Fault:
    """A fault answering as AWS does: `__type` and message, HTTP 400, or 500 for InternalFailure [M, I]."""
    return Fault(code, reply=_error(code, message))


def sts_error(code: str = "AccessDenied", message: str = "not authorized to perform: sts:AssumeRole") -> Fault:
    """A fault answering as STS does: XML and HTTP 403."""
    return Fault(code, reply=_sts_error(code, message))


def _sts_error(code: str, message: str, status: int = 403) -> Reply:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return _xml(f"<ErrorResponse>{error}<RequestId>{uuid4()}</RequestId></ErrorResponse>", status)


def _xml(text: str, status: int = 200) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "text/xml"})


def _refuse(code: str, message: str = "") -> Refused:
    return Refused(_error(code, message))


# --- the pieces of a call ---------------------------------------------------------------------------------------


class KinesisCall(NamedTuple):
    """A call as the tests look at it; region and access_key are those the client signed with."""

    operation: str
    stream: str
    shard: str
    params: Params
    region: str
    access_key: str


class _Iterator(NamedTuple):
    """All an iterator knows: where, how many empty answers first, and what may make it expire."""

    stream: str
    shard: str
    position: int
    empty_pages: int
    calls: int
    generation: int
    issued: float

    @classmethod
    def read(cls, text: str) -> _Iterator:
        try:
            return cls(*unseal(text))
        except (ValueError, TypeError) as problem:
            raise _refuse("InvalidArgumentException", "Invalid ShardIterator.") from problem


class _ShardToken(NamedTuple):
    """All a NextToken of ListShards knows."""

    stream: str
    last: str
    filter: str
    generation: int
    issued: float

    @classmethod
    def read(cls, text: str) -> _ShardToken:
        try:
            return cls(*unseal(text))
        except (ValueError, TypeError) as problem:
            raise _refuse("InvalidArgumentException", "NextToken is invalid.") from problem


class _Bucket:
    """A token bucket that holds one second of its rate and starts full."""

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._tokens, self._at = rate, rate, now

    def take(self, now: float) -> bool:
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 0.9999:  # epoch seconds have microseconds, no more
            return False
        self._tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class _Signature:
    """What the Authorization header says; empty without one."""

    access_key: str = ""
    region: str = ""

    @classmethod
    def of(cls, request: Recorded) -> _Signature:
        found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", request.headers.get("authorization", ""))
        return cls(*found.groups()) if found else cls()


@dataclass(frozen=True, slots=True)
class _Session:
    token: str
    expires: float


def _where(params: Params) -> tuple[str, str]:
    """Stream and shard of a call, also from the tokens that stand for them; made-up tokens are nobody's."""
    try:
        if "ShardIterator" in params:
            return _Iterator.read(params["ShardIterator"])[:2]
        if "StreamName" not in params and "NextToken" in params:
            return _ShardToken.read(params["NextToken"]).stream, ""
    except Refused:
        return "", ""
    return _name(params), params.get("ShardId", "")


def _name(params: Params) -> str:
    return str(params.get("StreamName") or params.get("StreamARN", "").rpartition("/")[2])


class FakeKinesis(FakeServer):
    """One account and region: `with FakeKinesis(streams) as aws: boto3.client("kinesis", endpoint_url=aws.url, ...)`.

    quotas: calls a second by operation, {} for none. streams_page, shards_page: the most on one page. Simulators are
    made with list_streams_token=False, stream_summaries=False, honours_shard_filter=False, and simulator=True, which
    demands StreamName beside ListShards' NextToken. checks_region=False accepts a signature for another region.
    iterator_calls: an iterator expires after so many GetRecords. session_seconds: what AssumeRole gives instead of
    what was asked for; trusts: the parameters that its role wants to see. clock: epoch seconds; quotas and expiry
    follow it, tests may turn it.

    streams: name -> FakeStream, changed by `add` and `remove`. counts, throttled, throttles (by operation), peak,
    calls(), assumed (the parameters of each AssumeRole), violations (calls AWS would answer and no client should make),
    blocked (stream and shard of those whose consumers had to wait for bytes that were read), largest_read (bytes of
    records in one answer of GetRecords).
    """

    def __init__(
        self,
        streams: Iterable[FakeStream] = (),
        *,
        region: str = "us-east-1",
        account: str = "123456789012",
        quotas: Mapping[str, float] = AWS_QUOTAS,
        streams_page: int = 100,
        shards_page: int = 1000,
        list_streams_token: bool = True,
        stream_summaries: bool = True,
        honours_shard_filter: bool = True,
        simulator: bool = False,
        checks_region: bool = True,
        iterator_calls: int | None = None,
        session_seconds: int | None = None,
        clock: Callable[[], float] = time.time,
        faults: Faults | None = None,
        latency: float = 0.0,
        port: int = 0,
        record: bool = True,
    ) -> None:
        super().__init__(faults=faults, latency=latency, port=port, record=record)
        self.streams = {stream.name: stream for stream in streams}
        self.region, self.account = region, account
        self.quotas = quotas
        self.streams_page, self.shards_page = streams_page, shards_page
        self.list_streams_token, self.stream_summaries = list_streams_token, stream_summaries
        self.honours_shard_filter, self.simulator = honours_shard_filter, simulator
        self.checks_region = checks_region
        self.iterator_calls, self.session_seconds = iterator_calls, session_seconds
        self.trusts: dict[str, str] = {}
        self.clock = clock
        self.throttles: Counter[str] = Counter()
        self.violations: list[str] = []
        self.assumed: list[dict[str, str]] = []
        self.session_token = "session-token-{}"
        self.expired: set[str] = set()
        self._sessions: dict[str, _Session] = {}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._blocked_until: dict[tuple[str, str], float] = {}
        self._debts: dict[tuple[str, str], tuple[float, float]] = {}
        self.blocked: set[tuple[str, str]] = set()
        self.largest_read = 0
        self._generation = 0

    # --- for tests

    def connection(self) -> dict[str, str]:
        """An awsConfig for this fake."""
        keys = {"awsAccessKeyId": "AKIAFAKEFAKEFAKEFAKE", "awsSecretAccessKey": "fake-secret"}
        return {**keys, "awsRegion": self.region, "endPointURL": self.url}

    def add(self, *streams: FakeStream) -> None:
        with self.lock:
            self.streams.update({stream.name: stream for stream in streams})

    def remove(self, *names: str) -> None:
        with self.lock:
            for name in names:
                del self.streams[name]

    def expire_tokens(self) -> None:
        """All shard iterators and ListShards tokens handed out so far are too old from now on."""
        self._generation += 1

    def calls(self, operation: str = "", stream: str = "") -> list[KinesisCall]:
        """The Kinesis calls so far, of this operation and stream if given, in order of arrival."""
        seen = [self._seen(request) for request in list(self.requests) if "x-amz-target" in request.headers]
        return [call for call in seen if operation in ("", call.operation) and stream in ("", call.stream)]

    def _seen(self, request: Recorded) -> KinesisCall:
        call, signature = self.identify(request), _Signature.of(request)
        return KinesisCall(call.operation, *_where(request.body), request.body, signature.region, signature.access_key)

    @property
    def throttled(self) -> int:
        return self.throttles.total()

    def stats(self) -> dict[str, Any]:
        throttles = {"throttled": self.throttled, "throttles": dict(self.throttles)}
        return {**super().stats(), **throttles, "violations": len(self.violations)}

    # --- AWS's way through a request

    def identify(self, request: Recorded) -> Call:
        params = request.body if isinstance(request.body, dict) else {}
        stream, shard = _where(params)
        action = re.search(r"Action=(\w+)", request.body) if isinstance(request.body, str) else None
        operation = action[1] if action else request.headers.get("x-amz-target", "").rpartition(".")[2]
        return Call(operation, stream, f"{operation} {stream} {shard}", operation or request.url, request)

    def answer(self, call: Call) -> Reply:
        if isinstance(call.request.body, str):
            return self._sts(call)
        self._authenticate(call.request)
        operation = self._operations().get(call.operation)
        if operation is None:
            self.violations.append(f"{call.operation} is none of the five granted operations")
            raise _refuse("UnknownOperationException")
        params = call.request.body or {}
        self._throttle(call.operation, *_where(params))
        return _answer(operation(params))

    def _operations(self) -> dict[str, Callable[[Params], Params]]:
        return {
            "ListStreams": self._list_streams,
            "DescribeStreamSummary": self._describe,
            "ListShards": self._list_shards,
            "GetShardIterator": self._get_shard_iterator,
            "GetRecords": self._get_records,
        }

    def _authenticate(self, request: Recorded) -> None:
        """The signature itself is not verified; that there is one, for whom, and for which region is [I]."""
        signature = _Signature.of(request)
        if not signature.access_key:
            raise _refuse("MissingAuthenticationTokenException")
        if self.checks_region and signature.region != self.region:
            message = f"Credential should be scoped to a valid region, not '{signature.region}'. "
            raise _refuse("InvalidSignatureException", message)
        session = self._sessions.get(signature.access_key)
        if session and request.headers.get("x-amz-security-token") != session.token:
            raise _refuse("UnrecognizedClientException")
        if signature.access_key in self.expired or (session and session.expires <= self.clock()):
            raise _refuse("ExpiredTokenException")

    def expire_credentials(self, request: Recorded) -> None:
        self.expired.add(_Signature.of(request).access_key)

    def _throttle(self, operation: str, stream: str, shard: str) -> None:
        """One bucket per account, stream or shard, as AWS scopes the operation [M]."""
        rate = self.quotas.get(operation)
        if rate is None:
            return
        code, scope, message = self._quota_scope(operation, stream, shard)
        bucket = self._buckets.setdefault((operation, scope), _Bucket(rate, self.clock()))
        blocked = operation == "GetRecords" and self.clock() < self._blocked_until.get((stream, shard), 0)
        if blocked or not bucket.take(self.clock()):
            self.throttles[operation] += 1
            raise _refuse(code, message)

    def _quota_scope(self, operation: str, stream: str, shard: str) -> tuple[str, str, str]:
        account = f"account {self.account}"
        if operation in ("GetShardIterator", "GetRecords"):
            message = f"Rate exceeded for shard {shard} in stream {stream} under {account}."
            return "ProvisionedThroughputExceededException", f"{stream}/{shard}", message
        if operation == "ListShards":
            return "LimitExceededException", stream, f"Rate exceeded for stream {stream} under {account}."
        return "LimitExceededException", "", f"Rate exceeded for {account}."

    # --- streams

    def arn(self, name: str) -> str:
        partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(re.split(r"-\w+-\d$", self.region)[0], "aws")
        return f"arn:{partition}:kinesis:{self.region}:{self.account}:stream/{name}"

    def _stream(self, params: Params) -> FakeStream:
        name = _name(params)
        if not name:
            raise _refuse("InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
        if name not in self.streams:
            message = f"Stream {name} under account {self.account} not found."
            raise _refuse("ResourceNotFoundException", message)
        return self.streams[name]

    def _list_streams(self, params: Params) -> Params:
        """In the order of names, at most 100 whatever Limit says; the start name need not exist [M]."""
        start = params.get("ExclusiveStartStreamName", "")
        if self.list_streams_token and "NextToken" in params:
            start = self._stream_token(params["NextToken"])
        names = sorted(name for name in self.streams if name > start)
        page = names[: min(params.get("Limit", self.streams_page), self.streams_page)]
        result: Params = {"StreamNames": page, "HasMoreStreams": len(names) > len(page)}
        if self.stream_summaries:
            result["StreamSummaries"] = [self._summary(self.streams[name]) for name in page]
        if self.list_streams_token and result["HasMoreStreams"]:
            result["NextToken"] = seal(page[-1])
        return result

    def _stream_token(self, token: str) -> str:
        try:
            return str(unseal(token))
        except ValueError as problem:
            raise _refuse("InvalidArgumentException", "NextToken is invalid.") from problem

    def _summary(self, stream: FakeStream) -> Params:
        return {
            "StreamName": stream.name,
            "StreamARN": self.arn(stream.name),
            "StreamStatus": stream.status,
            "StreamModeDetails": {"StreamMode": stream.mode},
            "StreamCreationTimestamp": stream.created,
        }

    def _describe(self, params: Params) -> Params:
        stream = self._stream(params)
        description = {
            **self._summary(stream),
            "RetentionPeriodHours": stream.retention_hours,
            "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
            "EncryptionType": stream.encryption,
            **({"KeyId": stream.key_id} if stream.key_id else {}),
            "OpenShardCount": len(stream.open_shards()),
            "ConsumerCount": stream.consumers,
            "MaxRecordSizeInKiB": stream.max_record_kib,
        }
        return {"StreamDescriptionSummary": description}

    # --- shards

    def _list_shards(self, params: Params) -> Params:
        """NextToken stands alone but for MaxResults; closed shards are listed unless filtered out [M, I]."""
        start = self._resumed(params) if "NextToken" in params else self._started(params)
        stream = self._stream({"StreamName": start.stream})
        if stream.status in ("CREATING", "DELETING"):
            raise _refuse("ResourceInUseException", f"Stream {stream.name} is {stream.status}.")
        found = sorted(self._filtered(stream, start.filter), key=lambda shard: shard.id)
        shards = [shard for shard in found if shard.id > start.last]
        size = min(params.get("MaxResults", 1000), self.shards_page, 1000)
        result: Params = {"Shards": [_shard(shard) for shard in shards[:size]]}
        if len(shards) > size:
            token = start._replace(last=shards[size - 1].id, generation=self._generation, issued=self.clock())
            result["NextToken"] = seal(token)
        return result

    def _started(self, params: Params) -> _ShardToken:
        chosen = params.get("ShardFilter", {})
        last = params.get("ExclusiveStartShardId") or chosen.get("ShardId", "")
        kind, since = chosen.get("Type", "FROM_TRIM_HORIZON"), chosen.get("Timestamp")
        which = kind if since is None else f"{kind} {since}"
        return _ShardToken(self._stream(params).name, last, which, 0, 0.0)

    def _resumed(self, params: Params) -> _ShardToken:
        others = ("StreamName", "StreamARN", "ShardFilter", "ExclusiveStartShardId", "StreamCreationTimestamp")
        if self.simulator and "StreamName" not in params:
            raise _refuse("ResourceNotFoundException", f"Stream None under account {self.account} not found.")
        for other in () if self.simulator else others:
            if other in params:
                message = f"NextToken and {other} cannot be provided together."
                raise _refuse("InvalidArgumentException", message)
        token = _ShardToken.read(params["NextToken"])
        if token.generation < self._generation or token.issued + TOKEN_SECONDS < self.clock():
            raise _refuse("ExpiredNextTokenException")
        return token

    def _filtered(self, stream: FakeStream, which: str) -> list[FakeShard]:
        """When shards were opened is not modelled."""
        kind, _, since = which.partition(" ")
        if kind == "AT_TIMESTAMP":
            raise NotImplementedError(f"ShardFilter {kind}")
        if kind == "FROM_TIMESTAMP" and self.honours_shard_filter:
            return [shard for shard in stream.shards if not shard.closed or shard.closed_at >= float(since)]
        if kind == "AT_LATEST" and self.honours_shard_filter:
            return stream.open_shards()
        if kind == "AT_TRIM_HORIZON" and self.honours_shard_filter:
            return [shard for shard in stream.shards if shard.parent is None]
        return list(stream.shards)

    def _shard_of(self, stream: FakeStream, shard_id: str) -> FakeShard:
        for shard in stream.shards:
            if shard.id == shard_id:
                return shard
        message = f"Shard {shard_id} in stream {stream.name} under account {self.account} does not exist"
        raise _refuse("ResourceNotFoundException", message)

    # --- records

    def _get_shard_iterator(self, params: Params) -> Params:
        stream = self._stream(params)
        shard = self._shard_of(stream, params["ShardId"])
        self._refuse_dry_run(params)
        kind = params["ShardIteratorType"]
        position = self._position(shard, kind, params)
        gap = shard.empty_pages if kind in ("TRIM_HORIZON", "AT_TIMESTAMP") else 0
        made = _Iterator(stream.name, shard.id, position, gap, 0, self._generation, self.clock())
        return {"ShardIterator": seal(made)}

    def _position(self, shard: FakeShard, kind: str, params: Params) -> int:
        if kind == "LATEST":
            return len(shard.records)
        if kind == "AT_TIMESTAMP":
            return self._position_at(shard, params.get("Timestamp"))
        if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
            return _index(shard, params.get("StartingSequenceNumber", "")) + (kind == "AFTER_SEQUENCE_NUMBER")
        if kind == "TRIM_HORIZON":
            return 0
        raise _refuse("InvalidArgumentException", f"Invalid ShardIteratorType {kind}")

    def _position_at(self, shard: FakeShard, timestamp: float | None) -> int:
        if timestamp is None or timestamp > self.clock():
            message = "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis."
            raise _refuse("InvalidArgumentException", message)
        return bisect_left(shard.records, timestamp, key=lambda record: record.arrival)

    def _get_records(self, params: Params) -> Params:
        """Empty answers come before the data; the end of a closed shard has no next iterator but children [M].

        If quotas are on, more than 2 MiB within a second block the shard until its rate has made up for all of them:
        for 5 seconds after 10 MiB [M].
        """
        at = self._valid_iterator(params["ShardIterator"])
        stream = self._stream({"StreamName": at.stream})
        shard = self._shard_of(stream, at.shard)
        self._refuse_dry_run(params)
        limit = self._limit(params, at)
        page = [] if at.empty_pages else _page(shard.records, at.position, limit)
        self._spend((at.stream, at.shard), sum(map(_size, page)))
        records = [_record(shard, stream, at.position + index, record) for index, record in enumerate(page)]
        return {"Records": records, **self._rest(stream, shard, at, at.position + len(page))}

    def _spend(self, shard: tuple[str, str], size: int) -> None:
        self.largest_read = max(self.largest_read, size)
        debt, since = self._debts.get(shard, (0.0, self.clock()))
        debt = max(0.0, debt - (self.clock() - since) * SHARD_BYTES) + size
        self._debts[shard] = debt, self.clock()
        if debt > SHARD_BYTES:
            self.blocked.add(shard)
            self._blocked_until[shard] = self.clock() + debt / SHARD_BYTES

    def _valid_iterator(self, text: str) -> _Iterator:
        at = _Iterator.read(text)
        spent = self.iterator_calls is not None and at.calls >= self.iterator_calls
        if spent or at.generation < self._generation or at.issued + ITERATOR_SECONDS < self.clock():
            raise _refuse("ExpiredIteratorException")
        return at

    def _refuse_dry_run(self, params: Params) -> None:
        if params.get("DryRun"):
            raise _refuse("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")

    def _limit(self, params: Params, at: _Iterator) -> int:
        """A missing Limit reads up to 10 MiB and stalls the customer's consumers: allowed by AWS, a violation here."""
        if "Limit" not in params:
            self.violations.append(f"GetRecords without Limit on {at.stream}/{at.shard}")
        limit = int(params.get("Limit", 10_000))
        if not 1 <= limit <= 10_000:
            raise _refuse("InvalidArgumentException", f"Limit {limit} is not between 1 and 10000.")
        return limit

    def _rest(self, stream: FakeStream, shard: FakeShard, at: _Iterator, position: int) -> Params:
        at_end = position >= len(shard.records) and not at.empty_pages
        if at_end and shard.closed:
            return {"MillisBehindLatest": 0, "ChildShards": _children(stream, shard)}
        following = at._replace(
            position=position,
            empty_pages=max(at.empty_pages - 1, 0),
            calls=at.calls + 1,
            generation=self._generation,
            issued=self.clock(),
        )
        behind = 0 if at_end else self._behind(shard, position)
        return {"NextShardIterator": seal(following), "MillisBehindLatest": behind}

    def _behind(self, shard: FakeShard, position: int) -> int:
        if position >= len(shard.records):
            return 3_600_000
        return max(int((self.clock() - shard.records[position].arrival) * 1000), 1)

    # --- STS

    def _sts(self, call: Call) -> Reply:
        """AssumeRole gives keys that are good until they expire; DurationSeconds from 900 to 43200 [STS model].

        With a web identity the call is not signed: its token, whatever it is, is good here.
        """
        asked = {name: value for name, value in parse_qsl(call.request.body) if name not in ("Action", "Version")}
        if call.operation == "AssumeRoleWithWebIdentity":
            self.assumed.append(asked)
            return self._session(asked, self.session_seconds or 3600, call.operation)
        if not _Signature.of(call.request).access_key:
            return _sts_error("MissingAuthenticationToken", "Request is missing Authentication Token")
        if call.operation == "GetCallerIdentity":
            return self._identity(call.request)
        if call.operation != "AssumeRole":
            self.violations.append(f"sts:{call.operation} is not modelled")
            return _sts_error("InvalidAction", f"Could not find operation {call.operation}", 400)
        seconds = int(asked.get("DurationSeconds", 3600))
        if not 900 <= seconds <= 43_200:
            return _sts_error("ValidationError", "DurationSeconds must be between 900 and 43200", 400)
        if any(asked.get(name) != value for name, value in self.trusts.items()):
            return _sts_error(
                "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {asked['RoleArn']}"
            )
        self.assumed.append(asked)
        return self._session(asked, self.session_seconds or seconds)

    def _identity(self, request: Recorded) -> Reply:
        """Needs no permission; keys that are not good any more are refused as everywhere."""
        key = _Signature.of(request).access_key
        if key in self.expired:
            return _sts_error("ExpiredToken", "The security token included in the request is expired")
        found = (
            f"<Arn>arn:aws:iam::{self.account}:user/{key}</Arn><UserId>{key}</UserId><Account>{self.account}</Account>"
        )
        return _xml(
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"{found}</GetCallerIdentityResult><ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>"
        )

    def _session(self, asked: Mapping[str, str], seconds: int, operation: str = "AssumeRole") -> Reply:
        number = len(self.assumed)
        key, expires = f"ASIA{number:016d}", self.clock() + seconds
        self._sessions[key] = _Session(self.session_token.format(number), expires)
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
        role = asked["RoleArn"].rpartition("/")[2]
        arn = f"arn:aws:sts::{self.account}:assumed-role/{role}/{asked['RoleSessionName']}"
        return _xml(
            f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>'
            f"<AssumedRoleUser><AssumedRoleId>AROAFAKE:fake</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>"
            f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>session-secret-{number}</SecretAccessKey>"
            f"<SessionToken>{self.session_token.format(number)}</SessionToken><Expiration>{until}</Expiration></Credentials>"
            f"</{operation}Result><ResponseMetadata><RequestId>{uuid4()}</RequestId></ResponseMetadata>"
            f"</{operation}Response>"
        )


def _sequence(shard: FakeShard, index: int) -> str:
    return f"4959{zlib.crc32(shard.id.encode()):010d}{index + 1:042d}"


def _index(shard: FakeShard, sequence: str) -> int:
    index = int(sequence[14:]) - 1 if sequence.isdecimal() and len(sequence) == 56 else -2
    if sequence != _sequence(shard, index) or not -1 <= index < max(len(shard.records), 1):
        message = f"StartingSequenceNumber {sequence} used in GetShardIterator on shard {shard.id} is invalid."
        raise _refuse("InvalidArgumentException", message)
    return index


def _shard(shard: FakeShard) -> Params:
    """A shard is open exactly if it has no EndingSequenceNumber [M]."""
    numbers = {"StartingSequenceNumber": _sequence(shard, -1)}
    if shard.closed:
        numbers["EndingSequenceNumber"] = _sequence(shard, len(shard.records))
    parents = {"ParentShardId": shard.parent, "AdjacentParentShardId": shard.adjacent_parent}
    return {
        "ShardId": shard.id,
        **{name: parent for name, parent in parents.items() if parent},
        "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)},
        "SequenceNumberRange": numbers,
    }


def _children(stream: FakeStream, shard: FakeShard) -> list[Params]:
    families = [(each, [parent for parent in (each.parent, each.adjacent_parent) if parent]) for each in stream.shards]
    hashes = {"StartingHashKey": "0", "EndingHashKey": str(2**128 - 1)}
    return [
        {"ShardId": each.id, "ParentShards": parents, "HashKeyRange": hashes}
        for each, parents in families
        if shard.id in parents
    ]


def _size(record: FakeRecord) -> int:
    return len(record.data) + len(record.partition_key or "")


def _page(records: Sequence[FakeRecord], start: int, limit: int) -> list[FakeRecord]:
    """As many as Limit and 10 MiB allow, one at least [M]."""
    page: list[FakeRecord] = []
    size = 0
    for index in range(start, min(start + limit, len(records))):
        size += _size(records[index])
        if page and size > PAGE_BYTES:
            break
        page.append(records[index])
    return page


def _record(shard: FakeShard, stream: FakeStream, index: int, record: FakeRecord) -> Params:
    return {
        "SequenceNumber": _sequence(shard, index),
        "ApproximateArrivalTimestamp": record.arrival,
        "Data": base64.b64encode(record.data).decode(),
        **({} if record.partition_key is None else {"PartitionKey": record.partition_key}),
        **({"EncryptionType": "KMS"} if stream.key_id else {}),
    }


def main() -> None:
    """An account for benchmarks: JSON streams, no request log; GET /stats has the counters."""
    parser = arguments("A fake Kinesis on 127.0.0.1.")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--records", type=int, default=50, help="in each shard")
    parser.add_argument("--age", type=float, default=60.0, help="seconds since the last record")
    parser.add_argument("--shards", type=int, default=1, help="in each stream")
    parser.add_argument("--empty-pages", type=int, default=0, help="answers without records before the first one")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--quotas", action="store_true", help="enforce AWS's quotas")
    options = parser.parse_args()
    serve(
        FakeKinesis(
            json_streams(
                options.streams,
                options.records,
                shards=options.shards,
                empty_pages=options.empty_pages,
                age=options.age,
            ),
            region=options.region,
            quotas=AWS_QUOTAS if options.quotas else {},
            latency=options.latency_ms / 1000,
            port=options.port,
            record=False,
        )
    )


if __name__ == "__main__":
    main()
