"""Schemas that are declared for streams. One is written, whatever messages say.

Order of truth: what the workflow file declares by patterns; the Glue schema that AWS binds the stream to, by a channel
of it; what messages carry, or show. Where a declared one cannot be had the topic keeps the schema it has.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from ...errors import IngestError, Skip, StreamUnreadable
from ..aws.glue import GlueSchemas
from ..lineage.flow import Listing
from ..model import Message, MessageSchema, NoSchema, RegisteredSchema, Sample, Stream
from ..records import misfit
from ..records.protobuf import at_the_top
from ..records.schema import SCHEMA_TYPES, as_written, is_object
from ..workflow.models import DeclaredSchema
from ..workflow.patterns import matcher

log = logging.getLogger(__name__)

KEEPS = "the topic keeps the schema it has"
REMEDY = f"Correct `options.schemaRegistry.streams`, or make the version AVAILABLE; {KEEPS}"
CHOOSE = f"Declare one of them in `options.schemaRegistry.streams`; {KEEPS}"
MESSAGE = "Name the stream's message in `options.schemaRegistry.streams.PATTERN.message`"
CODECS = "Install airflow-kinesis-ingest[codecs] where runs start"
SHOWN = 5
MISFIT = "Correct what is declared (`options.schemaRegistry`), or what writes to the stream"

Tell = Callable[[str, IngestError], None]


class _TextOnly(Exception):
    """Why a schema that can be read has no fields to show."""


class _Found(NamedTuple):
    """registered: with its message, of Protobuf. problem: why the text alone is shown."""

    where: str
    registered: RegisteredSchema
    schema: MessageSchema
    problem: Skip | None = None


@dataclass
class Declared:
    """For many threads; each schema is looked up and read once.

    channels: what is known of them, awaited; None where they declare nothing. tell: told, by the stream, what does not
    work.
    """

    streams: Mapping[str, DeclaredSchema]
    schemas: GlueSchemas
    tell: Tell
    channels: Callable[[], Listing] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def schema(self, stream: Stream, sample: Sample) -> MessageSchema | None:
        """What the topic shows; None to keep what it shows."""
        try:
            found = self._declared(stream)
        except StreamUnreadable as error:
            self.tell(stream.name, error)
            return None
        if found is None:
            return self._of_messages(stream, sample)
        if isinstance(found, NoSchema):
            log.debug("%s: %s; %s", stream.name, found.reason, KEEPS)
            return None
        if found.problem:
            self.tell(stream.name, found.problem)
        return _with_root(found.schema, stream.name)

    def contradiction(self, stream: Stream, messages: Sequence[Message]) -> StreamUnreadable | None:
        """How many messages contradict the declared schema; None for none. What `schema` tells is not told again."""
        try:
            found = self._declared(stream)
        except StreamUnreadable:
            return None
        if found is None or isinstance(found, NoSchema):
            return None
        told = misfit.contradiction(found.registered, found.where, messages)
        return StreamUnreadable(told, remedy=MISFIT) if told else None

    def _of_messages(self, stream: Stream, sample: Sample) -> MessageSchema | None:
        doubtful = self.channels is not None and stream.arn not in self._bound and not self._all_known
        return replace(sample.schema, yields=True) if doubtful and sample.schema else sample.schema

    def _declared(self, stream: Stream) -> _Found | NoSchema | None:
        """NoSchema where the registry is not read at all, which was told. Raises StreamUnreadable."""
        declared = next((each for matches, each in self._patterns if matches(stream.name)), None)
        if declared:
            name = declared.schema_name or stream.name
            found = self.schemas.named(declared.registry, name, declared.version)
            return self._readable(found, f"{declared.registry}/{name}", declared.message or "")
        bound = self._bound.get(stream.arn or "", frozenset()) if self.channels else frozenset()
        if len(bound) > 1:
            why = " and ".join(sorted(map(_name, bound)))
            raise StreamUnreadable("its channels bind it to several schemas", why=why, remedy=CHOOSE)
        return next((self._readable(self.schemas.at(arn), _name(arn), "") for arn in bound), None)

    def _readable(self, found: RegisteredSchema | NoSchema, where: str, message: str) -> _Found | NoSchema:
        if isinstance(found, NoSchema):
            if found.told:
                return found
            raise StreamUnreadable("the declared schema was not read", where=where, why=found.reason, remedy=REMEDY)
        with self._lock:  # a schema that takes long to read is read by one thread
            return _read(found, where, message)

    @cached_property
    def _patterns(self) -> list[tuple[Callable[[str], bool], DeclaredSchema]]:
        return [(matcher(pattern), declared) for pattern, declared in self.streams.items()]

    @cached_property
    def _listing(self) -> Listing:
        return self.channels() if self.channels else Listing("")

    @cached_property
    def _bound(self) -> Mapping[str, frozenset[str]]:
        """Stream ARN -> ARNs of the schemas that its channels bind it to."""
        found: dict[str, set[str]] = defaultdict(set)
        for flow in self._listing.flows:
            if flow.schema_arn:
                found[flow.stream_arn].add(flow.schema_arn)
        return {stream: frozenset(arns) for stream, arns in found.items()}

    @cached_property
    def _all_known(self) -> bool:
        """Whether every channel was listed and described."""
        return self._listing.complete and self._listing.present <= {flow.name for flow in self._listing.flows}


def _name(arn: str) -> str:
    """`REGISTRY/SCHEMA` of `arn:aws:glue:REGION:ACCOUNT:schema/REGISTRY/SCHEMA`."""
    return arn.partition(":schema/")[2] or arn


@lru_cache(maxsize=32)
def _read(registered: RegisteredSchema, where: str, message: str) -> _Found:
    """Raises StreamUnreadable for a text that is none of its format."""
    try:
        registered = _with_message(registered, message)
        return _Found(where, registered, as_written(registered))
    except (_TextOnly, ImportError) as error:
        return _text_only(registered, where, str(error), MESSAGE if isinstance(error, _TextOnly) else CODECS)
    except ValueError as error:
        if registered.data_format == "JSON" and is_object(registered.definition):
            return _text_only(registered, where, str(error), "Declare another one, or leave it at its text")
        what = f"the declared schema {where} cannot be read"
        raise StreamUnreadable(what, why=str(error), remedy=REMEDY) from None


def _text_only(registered: RegisteredSchema, where: str, why: str, remedy: str) -> _Found:
    shown = MessageSchema(SCHEMA_TYPES[registered.data_format], registered.definition, (), 0, 0)
    what = f"of the declared schema {where} the text alone is shown"
    return _Found(where, registered, shown, Skip(what, why=why, remedy=remedy))


def _with_message(schema: RegisteredSchema, message: str) -> RegisteredSchema:
    """A Protobuf schema with its stream's message. Raises _TextOnly where nothing tells which of several it is."""
    if schema.data_format != "PROTOBUF" or message:
        return replace(schema, message=message)
    names = at_the_top(schema.definition)
    if len(names) != 1:
        raise _TextOnly(f"it has {len(names)} messages ({', '.join(names[:SHOWN])})" if names else "it has no message")
    return replace(schema, message=names[0])


def _with_root(schema: MessageSchema, name: str) -> MessageSchema:
    """A root that the schema does not name is called like the stream."""
    return replace(schema, fields=tuple(replace(each, name=each.name or name) for each in schema.fields))
