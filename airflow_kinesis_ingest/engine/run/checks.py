"""The steps of a connection test, each told as it happens: what works, what does not, what to do about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal, TypeVar

from ...errors import IngestError, StreamGone, StreamNotReady
from ..aws.source import KinesisSource, ShardReader
from ..catalogue.client import OpenMetadata, quoted
from ..model import Stream
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from .pipeline import source_of

ATTEMPTS = 2
STREAMS = 5  # tried, until one of them is neither being made nor deleted

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """One call tried. message: what was found, or why it failed or was skipped; remedy: what to do after a failure."""

    name: str
    status: Literal["passed", "failed", "skipped"]
    message: str = ""
    remedy: str = ""

    def rewritten(self, rewrite: Callable[[str], str]) -> Step:
        return replace(self, message=rewrite(self.message), remedy=rewrite(self.remedy))


def run(workflow: Workflow) -> Iterator[Step]:
    """Try what a run would do, on its first stream that is ready, and store nothing. Each call is tried twice."""
    yield from check_aws(workflow)
    yield from check_openmetadata(workflow)


def check_aws(workflow: Workflow) -> Iterator[Step]:
    """Credentials and the five calls, in the order that a run needs them."""
    test = _AwsTest(workflow)
    steps: list[tuple[str, Callable[[], str]]] = [
        ("AWS credentials", test.credentials),
        ("ListStreams", test.list_streams),
        ("DescribeStreamSummary", test.describe),
        ("ListShards", test.list_shards),
        ("GetShardIterator", test.iterator),
        ("GetRecords", test.records),
    ]
    for name, step in steps:
        yield _tried(name, step).rewritten(workflow.origins.with_names)


def check_openmetadata(workflow: Workflow) -> Iterator[Step]:
    """Whether the server answers and takes the token. Skipped for a sink that is not a server."""
    names = ("OpenMetadata reachable", "OpenMetadata token")
    if workflow.destination.type != "metadata-rest":
        for name in names:
            yield Step(name, "skipped", f"the sink is `{workflow.destination.type}`")
        return
    client = OpenMetadata(workflow.server, stop=threading.Event(), attempts=ATTEMPTS)
    with_names = workflow.origins.with_names
    reached = _tried(names[0], lambda: f"version {client.version()} at {client.address}").rewritten(with_names)
    yield reached
    if reached.status != "passed":
        yield Step(names[1], "skipped", "the server was not reached")
        return
    yield _tried(names[1], lambda: _service(client, workflow.source.service_name)).rewritten(with_names)


def _service(client: OpenMetadata, name: str) -> str:
    found = client.get(f"/services/messagingServices/name/{quoted(name)}")
    return f"service {name!r} " + ("exists" if found else "does not exist yet; the first run makes it")


class _Skipped(Exception):
    """The step has nothing to try."""


def _tried(name: str, step: Callable[[], str]) -> Step:
    try:
        return Step(name, "passed", step())
    except _Skipped as reason:
        return Step(name, "skipped", str(reason))
    except (StreamGone, StreamNotReady) as error:
        return Step(name, "skipped", f"{error.where}: {error.cause}")
    except IngestError as error:
        return Step(name, "failed", error.cause, error.remedy)


class _AwsTest:
    """Each step keeps what the next one needs; a step without it is skipped."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._source: KinesisSource | None = None
        self._kept: Iterator[Stream] = iter(())
        self._listed = 0
        self._stream: Stream | None = None
        self._shard: ShardReader | None = None
        self._iterator: str | None = None

    def credentials(self) -> str:
        self._source = source_of(self._workflow, threading.Event(), attempts=ATTEMPTS)
        return "role to assume: " + arn if (arn := self._workflow.aws.assume_role_arn) else "found"

    def list_streams(self) -> str:
        self._kept = self._kept_streams(_needed(self._source, "there are no credentials"))
        self._stream = next(self._kept, None)
        if self._stream:
            return f"first stream of the filter: {self._stream.name}"
        return f"{self._listed} streams in {self._workflow.aws.aws_region}, none passes the filter"

    def _kept_streams(self, source: KinesisSource) -> Iterator[Stream]:
        keep = stream_filter(self._workflow.metadata.topic_filter_pattern)
        for stream in source.streams():
            self._listed += 1
            if keep(stream.name).kept:
                yield stream

    def describe(self) -> str:
        """Tries the next streams where one is being made or deleted. A refusal leaves the stream to the next steps."""
        source, stream = self._on_a_stream()
        reason = ""
        for candidate in chain([stream], islice(self._kept, STREAMS - 1)):
            self._stream = candidate
            try:
                return _described(source, candidate)
            except (StreamGone, StreamNotReady) as error:
                reason = f"{candidate.name}: {error.cause}"
        self._stream = None
        raise _Skipped(f"no stream is ready to be tried: {reason}")

    def list_shards(self) -> str:
        source, stream = self._on_a_stream()
        self._only_for_samples()
        self._shard = next(source.open_shards(stream), None)
        return f"first open shard: {self._shard.shard_id}" if self._shard else "no open shard"

    def iterator(self) -> str:
        self._only_for_samples()
        self._iterator = _needed(self._shard, "there is no shard to try it on").newest()
        return ""

    def records(self) -> str:
        self._only_for_samples()
        iterator = _needed(self._iterator, "there is no iterator to try it with")
        _needed(self._shard, "there is no shard to try it on").read(iterator, 1)
        return ""

    def _on_a_stream(self) -> tuple[KinesisSource, Stream]:
        stream = _needed(self._stream, "there is no stream to try it on")
        return _needed(self._source, "there are no credentials"), stream

    def _only_for_samples(self) -> None:
        if not self._workflow.metadata.generate_sample_data:
            raise _Skipped("not needed: `generateSampleData` is off")


def _described(source: KinesisSource, stream: Stream) -> str:
    described = source.describe(stream)
    return f"{stream.name}: {described.open_shards} open shards, {described.retention_hours} hours of retention"


def _needed(value: T | None, otherwise: str) -> T:
    if value is None:
        raise _Skipped(otherwise)
    return value
