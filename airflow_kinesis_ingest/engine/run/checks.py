"""The steps of a connection test, each told as it happens: what works, what does not, what to do about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any, TypeVar

from ...errors import IngestError, NotAllowed, Skip, StreamGone, StreamNotReady, TopicRefused
from ..aws.identity import caller_arn
from ..aws.region import AwsRegion
from ..aws.source import KinesisSource, ShardReader
from ..aws.tags import ACTIONS as TAG_ACTIONS
from ..aws.tags import wants_tags
from ..catalogue.client import OpenMetadata, quoted
from ..catalogue.permissions import rights_on
from ..catalogue.topic_calls import ALLOW_SAMPLES
from ..catalogue.versions import ServerVersion
from ..lineage.asking import elements
from ..lineage.flow import Flow as FoundFlow
from ..lineage.flow import Part
from ..lineage.parts import parts
from ..model import Problem, Step, Stream
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from ..workflow.providers import provider_of
from .pipeline import source_of

RETRY_FOR = 3.0  # seconds: somebody waits for the answer, and a dead server is one
IDENTITY_REGION = "us-east-1"
"""Where STS is asked whose the credentials are: those of every region but China's and GovCloud's are known there."""
FOUND = 6  # that a part may find until one is at a stream
STREAMS = 5  # tried, until one of them is neither being made nor deleted

CALLS = ("ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords")
NO_REGION = "no region: give `awsRegion` here, or test the workflow file that has it"

T = TypeVar("T")


def run(workflow: Workflow) -> Iterator[Step]:
    """Try what a run would do, on its first stream that is ready, and store nothing.

    A call is tried again for 3 s, whatever `options.retryFor` says: that a server is dead is what a test is to tell.
    """
    yield from check_aws(workflow)
    yield from check_openmetadata(workflow, rights=True)


def check_aws(workflow: Workflow) -> Iterator[Step]:
    """Credentials and the five calls, in the order that a run needs them."""
    test = _AwsTest(workflow)
    calls = (test.list_streams, test.describe, test.list_shards, test.iterator, test.records)
    for name, step in [("AWS credentials", test.credentials), *zip(CALLS, calls, strict=True), *test.beside()]:
        yield _tried(name, step).rewritten(workflow.origins.with_names)


def check_identity(workflow: Workflow) -> Iterator[Step]:
    """Whose the credentials are, where there is no region to try Kinesis in: `workflow` has IDENTITY_REGION for one."""
    test = _AwsTest(workflow)
    credentials = _tried("AWS credentials", test.credentials)
    for step in (credentials, _tried("AWS identity", test.identity)):
        yield step.rewritten(workflow.origins.with_names)
    for name in CALLS:
        yield Step(name, "skipped", NO_REGION)


def check_openmetadata(workflow: Workflow, *, rights: bool = False) -> Iterator[Step]:
    """Whether the server answers and takes the token; rights: and whether its bot may do what a run would do.

    Skipped for a sink that is not a server.
    """
    test = _OpenMetadataTest(workflow)
    steps: list[tuple[str, Callable[[], str]]] = [
        ("OpenMetadata reachable", test.reachable),
        ("OpenMetadata token", test.token),
    ]
    if provider := test.provider:
        steps.insert(0, (f"Token of {provider}", test.provided))
    if rights:
        steps += [
            ("OpenMetadata service", test.service),
            ("OpenMetadata topics", test.topics),
            ("OpenMetadata samples", test.samples),
            ("OpenMetadata pipelines", test.pipelines),
        ]
    for name, step in steps:
        if workflow.destination.type == "metadata-rest":
            yield _tried(name, step).rewritten(workflow.origins.with_names)
        else:
            yield Step(name, "skipped", f"the sink is `{workflow.destination.type}`")


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
        return failed(name, error)


def failed(name: str, error: IngestError) -> Step:
    return Step(name, "failed", error.cause, error.remedy, error.actions)


class _OpenMetadataTest:
    """Each step keeps what the next one needs; a step without it is skipped."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._provided: OpenMetadata | None = None
        self._reached: OpenMetadata | None = None
        self._allowed: OpenMetadata | None = None
        self._service: dict[str, Any] | None = None

    @property
    def provider(self) -> str:
        """Who gives the token; "" where the workflow has it."""
        server = self._workflow.workflow_config.open_metadata_server_config
        return provider_of(server) if server else ""

    def provided(self) -> str:
        client = self._client()
        seconds = client.token_good_for()
        self._provided = client
        return "good" if seconds is None else f"good for {seconds / 60:.0f} minutes"

    def _client(self) -> OpenMetadata:
        return OpenMetadata(self._workflow.server, stop=threading.Event(), retry_for=RETRY_FOR)

    def reachable(self) -> str:
        client = _needed(self._provided, "there is no token") if self.provider else self._client()
        version = client.version()
        self._reached = client
        remark = ServerVersion(version).remark
        return f"version {version} at {client.address}" + (f". {remark}" if remark else "")

    def token(self) -> str:
        client = _needed(self._reached, "the server was not reached")
        name = self._workflow.source.service_name
        self._service = client.get(f"/services/messagingServices/name/{quoted(name)}")
        self._allowed = client
        return f"service {name!r} " + ("exists" if self._service else "does not exist yet; the first run makes it")

    def service(self) -> str:
        """What a run changes on a service that is there may be refused; it goes on without."""
        self._accepted()
        if self._service is None:
            return self._may("messagingService", "Create")
        wanted = self._workflow.service
        texts = (("displayName", wanted.display_name), ("description", wanted.description))
        changed = [key for key, text in texts if text is not None and self._service.get(key) != text]
        if not changed:
            raise _Skipped("not needed: the service is there and stays as it is")
        operations = [f"Edit{key[0].upper()}{key[1:]}" for key in changed]
        return self._may("messagingService", *operations, otherwise="or leave it out of the file's block `service`")

    def topics(self) -> str:
        deletion = ("Delete",) if self._workflow.metadata.mark_deleted_topics else ()
        return self._may("topic", "ViewAll", "Create", "EditAll", *deletion)

    def samples(self) -> str:
        client = self._accepted()
        if not self._workflow.metadata.generate_sample_data:
            raise _Skipped("not needed: `generateSampleData` is off")
        if not self._workflow.options.sample.store:
            raise _Skipped("not needed: `options.sample.store` is off")
        try:
            client.get("/system/settings/profilerConfiguration")
        except (NotAllowed, TopicRefused) as error:
            what = "whether the server stores samples is not told"
            raise NotAllowed(what, why=f"{error.where}: {error.cause}", remedy=ALLOW_SAMPLES) from None
        return self._may("topic", "ViewSampleData", "EditSampleData", otherwise="or set `options.sample.store: false`")

    def pipelines(self) -> str:
        told = "without it runs go on, but OpenMetadata does not show them"
        return self._may("ingestionPipeline", "Create", "EditAll", "EditIngestionPipelineStatus", otherwise=told)

    def _accepted(self) -> OpenMetadata:
        return _needed(self._allowed, "the token was not accepted" if self._reached else "the server was not reached")

    def _may(self, resource: str, *operations: str, otherwise: str = "") -> str:
        client = self._accepted()
        try:
            rights = rights_on(client, resource)
        except IngestError as error:
            raise _Skipped(f"the server does not tell what the bot may do: {error.where}: {error.cause}") from None
        return rights.require(*operations, otherwise=otherwise)


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
        self._source = source_of(self._workflow, threading.Event(), retry_for=RETRY_FOR)
        return "role to assume: " + arn if (arn := self._workflow.aws.assume_role_arn) else "found"

    def identity(self) -> str:
        _needed(self._source, "there are no credentials")
        return caller_arn(self._workflow.aws, self._workflow.options.assume_role)

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

    def beside(self) -> list[tuple[str, Callable[[], str]]]:
        """A step for the tags, and one for each part in use, named after what it calls first."""
        options = self._workflow.options
        steps: list[tuple[str, Callable[[], str]]] = []
        if wants_tags(options):
            steps += [(action, partial(self._tags, action)) for action in TAG_ACTIONS]
        return [*steps, *((next(iter(part.actions)), partial(self._part, part)) for part in parts(options.lineage))]

    def _tags(self, action: str) -> str:
        _needed(self._source, "there are no credentials")
        answer = self._region(TAG_ACTIONS).call(action, ResourceTypeFilters=["kinesis:stream"], ResourcesPerPage=1)
        elements(answer, "ResourceTagMappingList", action)
        return ""

    def _part(self, part: Part) -> str:
        """Asks until something was found and described, as there may be thousands."""
        _needed(self._source, "there are no credentials")
        for found in islice(part.find(self._region(part.actions)), FOUND):
            if isinstance(found, Problem):
                raise Skip(found.cause, where=found.entity, remedy=found.remedy, actions=found.actions)
            if isinstance(found, FoundFlow):
                return f"first: {found.name}"
        return "nothing at a stream of this region" if self._stream else ""

    def _region(self, actions: Mapping[str, float]) -> AwsRegion:
        aws, options = self._workflow.aws, self._workflow.options
        return AwsRegion(
            aws, options, actions, stop=threading.Event(), consumers=self._described_stream, retry_for=RETRY_FOR
        )

    def _described_stream(self) -> Iterator[str]:
        if self._stream and self._stream.arn:
            yield self._stream.arn

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
