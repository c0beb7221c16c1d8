"""From raw records to what the catalogue is told of them: decode, infer, redact, cut, in this order.

The schema is inferred from whole, unredacted messages, so that its types are right; only names and types leave the
process, and a name in which a detector finds something is redacted, too. What is shown is redacted before it is cut,
so that no detector misses the rest of a secret; what decoding had to cut, redaction shortens further.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ..model import Message, MessageSchema, Record, Sample
from ..records.decode import SchemaLookup, decode, truncate
from ..records.redact import Redactor
from ..records.schema import infer, to_openmetadata
from ..workflow.models import Options

SHORTEST = 256
"""Bytes that must be left for one more message; `options.sample.maxBytes` is more."""


class Reader:
    """Turns the records of a stream into its sample. For many threads."""

    def __init__(self, options: Options, *, storing: bool, schemas: SchemaLookup | None) -> None:
        """storing: whether messages may leave the process; without it only the schema does."""
        self._options = options
        self._storing = storing
        self._schemas = schemas
        self._redactor = Redactor(options.sample.redact)
        self._newest = options.sample.position == "latest"

    def messages(self, records: Sequence[Record]) -> list[Message]:
        """At most `options.sample.count` decoded messages; one record may hold many (KPL, Avro containers).

        They and the records are in the order of their arrival; of `latest` they are the last ones.
        """
        found: list[Message] = []
        for record in reversed(records) if self._newest else records:
            decoded = decode(record.data, schemas=self._schemas)
            found = [*decoded, *found] if self._newest else [*found, *decoded]
            if len(found) >= self._options.sample.count:
                break
        return found[-self._options.sample.count :] if self._newest else found[: self._options.sample.count]

    def sample(self, name: str, messages: Sequence[Message]) -> Sample:
        """name: of the stream, for the root of its schema."""
        texts = self.redacted_texts(messages) if self._storing else ()
        notes = tuple(dict.fromkeys(message.note for message in messages if message.note))
        return Sample(texts, self.schema(name, messages), notes, len(messages))

    def schema(self, name: str, messages: Sequence[Message]) -> MessageSchema | None:
        if not messages or not self._options.infer_schema:
            return None
        schema = infer(messages, name=name)
        if schema is None or not self._is_sensitive(schema):
            return schema
        return infer([self._nameless(message) for message in messages], name=name)

    def _is_sensitive(self, schema: MessageSchema) -> bool:
        """Whether a detector finds something in what the catalogue would be told."""
        text = json.dumps(to_openmetadata(schema), ensure_ascii=False)
        return self._redactor.mask(text) != text

    def _nameless(self, message: Message) -> Message:
        """message, of use for its schema only, without what detectors find in names and in the schema it came with."""
        mask, schema = self._redactor.mask, message.schema
        if schema:
            schema = replace(schema, definition=mask(schema.definition))
        values = tuple(_renamed(value, mask) for value in message.values)
        return replace(message, value=_renamed(message.value, mask), values=values, schema=schema)

    def redacted(self, message: Message) -> Message:
        return self._redactor.redact(replace(message, values=()) if message.values else message)

    def redacted_texts(self, messages: Sequence[Message]) -> tuple[str, ...]:
        """The redacted texts, `options.sample.maxBytes` of them in UTF-8 at most; a cut one says so."""
        if self._newest:
            return tuple(self._within_bytes(reversed(messages)))[::-1]
        return tuple(self._within_bytes(messages))

    def _within_bytes(self, messages: Iterable[Message]) -> Iterator[str]:
        left = self._options.sample.max_bytes
        for message in messages:
            text = truncate(self.redacted(message), left).text
            left -= len(text.encode("utf-8", "surrogatepass"))
            yield text
            if left < SHORTEST:
                return


def dated(sample: Sample, records: Sequence[Record], now: datetime) -> Sample:
    """The sample with its days. A record whose time nothing tells arrived today."""
    if not records:
        return sample
    newest = max((record.arrived for record in records if record.arrived), default=now)
    today, arrived = (moment.astimezone(timezone.utc).date() for moment in (now, min(newest, now)))
    return replace(sample, today=today, newest=arrived)


def _renamed(value: Any, mask: Callable[[str], str]) -> Any:
    """value with every name of a field masked; of several that become one, the last in the alphabet stays."""
    if isinstance(value, dict):
        return {mask(name): _renamed(inner, mask) for name, inner in sorted(value.items())}
    return [_renamed(inner, mask) for inner in value] if isinstance(value, list) else value
