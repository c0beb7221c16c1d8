"""Where topics go. Every sink keeps the same promises; `Sink` says which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from ..model import Drift, Outcome, Sample, Stream, Topic
from ..records.forgetting import AT_ONCE, Memory
from ..workflow.models import Workflow
from .client import entity_name, fqn
from .found import Each, Found, Linked


class Standing(NamedTuple):
    """How a catalogued topic stands.

    listed: the `standing_of` its stream when it was written; updated: when it was changed last, in ms since 1970.
    """

    listed: bytes
    updated: int


class Sink(Protocol):
    """A catalogue. Writing the same topic twice equals writing it once; `write` may be called by many threads."""

    @property
    def address(self) -> str:
        """Where a reader finds the result."""
        ...

    def open(self, *, storing: bool) -> bool:
        """Make ready and learn what is there. storing: samples are wanted. Returns whether to hand them over."""
        ...

    def catalogued(self) -> Mapping[str, str | None]:
        """The live topics of the service when the run began: name -> stream ARN, None where it is not recorded."""
        ...

    def standing(self, name: str) -> Standing | None:
        """How a topic stood when the run began; None where that is not known, so that its stream is described."""
        ...

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        """Returns after the catalogue has acknowledged both. An empty sample keeps what is stored."""
        ...

    def drift(self, name: str) -> tuple[Drift, ...]:
        """What the `write` of this stream made another against what an earlier run wrote; empty for first sight."""
        ...

    def delete(self, name: str) -> None:
        """Soft-delete one catalogued topic; one that is already gone is no error."""
        ...

    def link(self, found: Found, each: Each) -> Linked:
        """Bring tags, owners and flows to the topics, once, after the last `write` and `delete` and before `close`.

        What people made stays as it is; what an earlier run made and AWS has no more goes, but only where its listing
        is complete. What does not work for one topic or pipeline is a problem of the answer. each: in how many threads
        it is done. Raises Abort.
        """
        ...

    def close(self, *, complete: bool) -> bool:
        """End the run. Returns whether the catalogue keeps what was written.

        complete: every stream was gone through; a partial result must not look like a whole one.
        """
        ...


def topic_body(topic: Topic, service: str) -> dict[str, Any]:
    """A CreateTopic request (api/data/createTopic.json) without a schema. What is not known is left out."""
    body: dict[str, Any] = {
        "name": entity_name(topic.name),
        "service": fqn(service),
        "partitions": topic.partitions,
        "retentionTime": topic.retention_ms,
        "topicConfig": topic.config,
    }
    if topic.source_url is not None:
        body["sourceUrl"] = topic.source_url
    if topic.max_message_bytes is not None:
        body["maximumMessageSize"] = topic.max_message_bytes
    return body


def standing_of(stream: Stream, open_shards: int) -> bytes:
    """What a listing tells of a stream, in 8 bytes; b"" where it does not tell all of it, and nothing is equal to it.

    Of the creation time whole seconds: nothing says that all calls give as many digits, and none is made anew in one.
    """
    facts = (stream.arn, stream.status, stream.mode, stream.created and int(stream.created.timestamp()), open_shards)
    return hashlib.blake2s(repr(facts).encode(), digest_size=8).digest() if all(facts) else b""


def memory_of(workflow: Workflow, sample: Sample) -> Memory | None:
    """What a schema forgets after this sample; None for nothing."""
    if sample.today is None or sample.newest is None:
        return None
    days = workflow.options.schema_options.forget_after
    if workflow.metadata.override_metadata:
        return Memory(sample.today, sample.newest, AT_ONCE)
    return None if days is None else Memory(sample.today, sample.newest, timedelta(days=days))


def digest(value: object, length: int) -> str:
    """Hex digits that are equal for equal JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=length // 2).hexdigest()
