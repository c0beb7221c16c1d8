"""What lies around the streams of an account, over HTTP as AWS answers: tags, delivery streams, functions, pipes,
channels, consumers. For what moto cannot do, the tags of Kinesis streams among it; by botocore's models 1.44.5.
"""

from __future__ import annotations

import json
import re
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ..engine.records.cbor import CBOR_TAG, read_cbor

Body = dict[str, Any]

TARGETS = {
    "Firehose_20150804": "firehose",
    "Kinesis_20131202": "kinesis",
    "ResourceGroupsTaggingAPI_20170126": "tag",
    "AWSEvents": "events",
    "AmazonDMSv20160101": "dms",
    "DynamoDB_20120810": "dynamodb",
}
PATHS = {"/2015-03-31/event-source-mappings": "lambda:ListEventSourceMappings", "/v1/pipes": "pipes:ListPipes"}
RATES: Mapping[str, float] = {
    "tag:GetResources": 5,
    "firehose:ListDeliveryStreams": 5,
    "firehose:DescribeDeliveryStream": 5,
    "kinesis:ListChannels": 5,
    "kinesis:DescribeChannel": 5,
    "lambda:ListEventSourceMappings": 15,
}
"""Calls a second of an account and region, one second's worth at once."""

THROTTLES = {
    "tag": ("ThrottledException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "pipes": ("ThrottlingException", 429),
    "kinesis": ("LimitExceededException", 400),
}
OTHERS_THROTTLE = ("ThrottlingException", 400)
MOST = {"lambda:ListEventSourceMappings": 100, "pipes:ListPipes": 100, "tag:GetResources": 100}


class Refusal(Exception):
    """An error as AWS answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code, self.message, self.status = code, message, status


@dataclass
class Surroundings:
    """An account and region. tags: by ARN; deliveries: descriptions by name; mappings: of event sources; pipes;
    channels: descriptions by ARN; consumers: by the stream's ARN; rules: targets by bus and rule; endpoints, tasks,
    configs: of DMS; destinations: of a table, by its name.

    denied: actions that IAM denies; rates: calls a second by action, {} for none. counts, throttled: by action.
    """

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    deliveries: dict[str, Body] = field(default_factory=dict)
    mappings: list[Body] = field(default_factory=list)
    pipes: list[Body] = field(default_factory=list)
    channels: dict[str, Body] = field(default_factory=dict)
    consumers: dict[str, list[Body]] = field(default_factory=dict)
    rules: dict[tuple[str, str], list[Body]] = field(default_factory=dict)
    endpoints: list[Body] = field(default_factory=list)
    tasks: list[Body] = field(default_factory=list)
    configs: list[Body] = field(default_factory=list)
    destinations: dict[str, list[Body]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    rates: Mapping[str, float] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    counts: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    _tokens: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, action: str, asked: Body) -> Body:
        """The answer to a call, by its IAM action and parameters. Raises Refusal."""
        with self._lock:
            self.counts[action] += 1
            self._admit(action)
        answer = ANSWERS.get(action)
        if answer is None:
            raise Refusal("UnknownOperationException", action)
        return answer(self, asked)

    def _admit(self, action: str) -> None:
        if action in self.denied:
            message = f"User: arn:aws:iam::123456789012:user/fake is not authorized to perform: {action}"
            raise Refusal("AccessDeniedException", f"{message} because no identity-based policy allows it", 403)
        rate = self.rates.get(action)
        if rate is None:
            return
        tokens, at = self._tokens.get(action, (rate, self.clock()))
        now = self.clock()
        tokens = min(rate, tokens + (now - at) * rate)
        if tokens < 0.9999:
            self._tokens[action] = (tokens, now)
            self.throttled[action] += 1
            code, status = THROTTLES.get(action.partition(":")[0], OTHERS_THROTTLE)
            raise Refusal(code, "Rate exceeded", status)
        self._tokens[action] = (tokens - 1, now)


def _paged(found: Sequence[Any], asked: Body, *, size: int, token: str) -> tuple[list[Any], str]:
    """A page and the token of the next, "" at the end. A token is the place, and none of another listing's."""
    place = str(asked.get(token) or "0")
    if not place.isdecimal() or int(place) > len(found):
        raise Refusal("InvalidParameterValueException", f"{token} is not valid")
    start = int(place)
    return list(found[start : start + size]), str(start + size) if start + size < len(found) else ""


def _tags(of: Surroundings, asked: Body) -> Body:
    types = asked.get("ResourceTypeFilters") or []
    found = [
        (arn, tags) for arn, tags in sorted(of.tags.items()) if not types or any(_is_of(arn, each) for each in types)
    ]
    size = asked.get("ResourcesPerPage") or 50
    if not 1 <= size <= MOST["tag:GetResources"]:
        raise Refusal("InvalidParameterException", "ResourcesPerPage is between 1 and 100")
    page, following = _paged(found, asked, size=size, token="PaginationToken")  # noqa: S106 - the name of a member
    mapped = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        for arn, tags in page
    ]
    return {"PaginationToken": following, "ResourceTagMappingList": mapped}


def _is_of(arn: str, kind: str) -> bool:
    """kind: `kinesis:stream`, as the ARN has it."""
    service, _, resource = kind.partition(":")
    parts = arn.split(":", 5)
    return len(parts) == 6 and parts[2] == service and re.split("[/:]", parts[5])[0] == resource


def _deliveries(of: Surroundings, asked: Body) -> Body:
    kind, start = asked.get("DeliveryStreamType"), asked.get("ExclusiveStartDeliveryStreamName", "")
    names = sorted(
        name
        for name, each in of.deliveries.items()
        if name > start and (not kind or each.get("DeliveryStreamType", kind) == kind)
    )
    size = min(asked.get("Limit", 10), 10_000)
    return {"DeliveryStreamNames": names[:size], "HasMoreDeliveryStreams": len(names) > size}


def _delivery(of: Surroundings, asked: Body) -> Body:
    name = asked["DeliveryStreamName"]
    if name not in of.deliveries:
        raise Refusal("ResourceNotFoundException", f"Firehose {name} not found")
    return {"DeliveryStreamDescription": of.deliveries[name]}


def _mappings(of: Surroundings, asked: Body) -> Body:
    """100 on a page, whatever MaxItems says."""
    page, following = _paged(of.mappings, asked, size=100, token="Marker")  # noqa: S106
    return {"EventSourceMappings": page} | ({"NextMarker": following} if following else {})


def _pipes(of: Surroundings, asked: Body) -> Body:
    source, target = asked.get("SourcePrefix", ""), asked.get("TargetPrefix", "")
    found = [each for each in of.pipes if each["Source"].startswith(source) and each["Target"].startswith(target)]
    page, following = _paged(found, asked, size=min(int(asked.get("Limit", 100)), 100), token="NextToken")  # noqa: S106
    return {"Pipes": page} | ({"NextToken": following} if following else {})


def _listing(member: str, of: Sequence[Any], asked: Body, limit: str, token: str = "NextToken") -> Body:  # noqa: S107
    page, following = _paged(of, asked, size=min(asked.get(limit, 100), 100), token=token)
    return {member: page} | ({token: following} if following else {})


def _channels(of: Surroundings, asked: Body) -> Body:
    found = [{"ChannelName": each["ChannelName"], "ChannelARN": arn} for arn, each in sorted(of.channels.items())]
    return _listing("ChannelSummaries", found, asked, "MaxResults")


def _channel(of: Surroundings, asked: Body) -> Body:
    if asked["ChannelARN"] not in of.channels:
        raise Refusal("ResourceNotFoundException", "there is no such channel")
    return {"ChannelDescription": of.channels[asked["ChannelARN"]]}


def _rules(of: Surroundings, asked: Body) -> Body:
    bus = asked.get("EventBusName", "default")
    names = [name for each, name in of.rules if each == bus]
    arn = "arn:aws:events:us-east-1:123456789012:rule"
    return _listing(
        "Rules", [{"Name": name, "Arn": f"{arn}/{name}", "State": "ENABLED"} for name in names], asked, "Limit"
    )


def _buses(of: Surroundings, asked: Body) -> Body:
    names = dict.fromkeys(["default", *(bus for bus, _ in of.rules)])
    return _listing("EventBuses", [{"Name": name} for name in names], asked, "Limit")


def _targets(of: Surroundings, asked: Body) -> Body:
    return _listing("Targets", of.rules[asked.get("EventBusName", "default"), asked["Rule"]], asked, "Limit")


def _destinations(of: Surroundings, asked: Body) -> Body:
    if asked["TableName"] not in of.destinations:
        raise Refusal(
            "ResourceNotFoundException", f"Requested resource not found: Table: {asked['TableName']} not found"
        )
    return {"TableName": asked["TableName"], "KinesisDataStreamDestinations": of.destinations[asked["TableName"]]}


ANSWERS: Mapping[str, Callable[[Surroundings, Body], Body]] = {
    "tag:GetResources": _tags,
    "firehose:ListDeliveryStreams": _deliveries,
    "firehose:DescribeDeliveryStream": _delivery,
    "lambda:ListEventSourceMappings": _mappings,
    "pipes:ListPipes": _pipes,
    "kinesis:ListChannels": _channels,
    "kinesis:DescribeChannel": _channel,
    "kinesis:ListStreamConsumers": lambda of, asked: _listing(
        "Consumers", of.consumers.get(asked["StreamARN"], []), asked, "MaxResults"
    ),
    "events:ListEventBuses": _buses,
    "events:ListRules": _rules,
    "events:ListTargetsByRule": _targets,
    "dms:DescribeEndpoints": lambda of, asked: _listing("Endpoints", of.endpoints, asked, "MaxRecords", "Marker"),
    "dms:DescribeReplicationTasks": lambda of, asked: _listing(
        "ReplicationTasks", of.tasks, asked, "MaxRecords", "Marker"
    ),
    "dms:DescribeReplicationConfigs": lambda of, asked: _listing(
        "ReplicationConfigs", of.configs, asked, "MaxRecords", "Marker"
    ),
    "dynamodb:DescribeKinesisStreamingDestination": _destinations,
}


# --- over HTTP ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as its protocol has it: JSON 1.1, REST with JSON, or RPC with CBOR."""

    action: str
    asked: Body
    cbor: bool = False

    def answered(self, by: Surroundings) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        try:
            return 200, self._headers(), self._encoded(by.answer(self.action, self.asked))
        except Refusal as error:
            told = {"__type": error.code, "message": error.message}
            return error.status, {**self._headers(), "x-amzn-ErrorType": error.code}, self._encoded(told)

    def _headers(self) -> dict[str, str]:
        if self.cbor:
            return {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return {"Content-Type": "application/x-amz-json-1.1"}

    def _encoded(self, value: Body) -> bytes:
        return cbor(value) if self.cbor else json.dumps(value).encode()


def read(url: str, headers: Mapping[str, str], body: bytes) -> Wire:
    """headers: with names in lower case."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    if path in PATHS:
        return Wire(PATHS[path], dict(parse_qsl(parts.query)))
    if rpc := re.fullmatch(r"/service/(\w+)/operation/(\w+)", path):
        return Wire(f"{TARGETS.get(rpc[1], rpc[1])}:{rpc[2]}", read_cbor(CBOR_TAG + body) if body else {}, cbor=True)
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    return Wire(f"{TARGETS.get(prefix, prefix)}:{operation}", json.loads(body or b"{}"))


def cbor(value: Any) -> bytes:
    """JSON's values as CBOR (RFC 8949)."""
    if isinstance(value, bool) or value is None:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(each) for key, each in value.items())


def _head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    return bytes([major << 5 | 27]) + struct.pack(">Q", count)


@contextmanager
def serving(surroundings: Surroundings, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Answers HTTP as long as the block lasts; port 0 takes a free one. Yields the URL on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, sent, answer = read(self.path, headers, body).answered(surroundings)
            self.send_response_only(status)
            for name, value in {**sent, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST  # noqa: N815 - the names http.server wants

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
