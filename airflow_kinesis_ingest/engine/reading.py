"""From raw records to what the catalogue is told of them: decode, infer, redact, cut, in this order.

The schema is inferred from whole, unredacted messages, so that its types are right; only its names and types leave
the process. What is shown is redacted before it is cut, so that no detector misses the rest of a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .config import Options
from .decode import SchemaLookup, decode, truncate
from .model import Message, MessageSchema, Record, Sample
from .redact import Redactor
from .schema import infer

SHORTEST = 256


class Reader:
    """Turns the records of a stream into its sample. For many threads."""

    def __init__(self, options: Options, *, storing: bool, schemas: SchemaLookup | None) -> None:
        """storing: whether messages may leave the process; without it only the schema does."""
        self._options = options
        self._storing = storing
        self._schemas = schemas
        self._redactor = Redactor(options.sample.redact)

    def messages(self, records: Iterable[Record]) -> list[Message]:
        """At most `options.sample.count` decoded messages; one record may hold many (KPL, Avro containers)."""
        found: list[Message] = []
        for record in records:
            found += decode(record.data, schemas=self._schemas)
            if len(found) >= self._options.sample.count:
                break
        return found[: self._options.sample.count]

    def sample(self, name: str, records: Iterable[Record]) -> Sample:
        """name: of the stream, for the root of its schema."""
        messages = self.messages(records)
        shown = tuple(self.shown(messages)) if self._storing else ()
        notes = tuple(dict.fromkeys(message.note for message in messages if message.note))
        return Sample(shown, self.schema(name, messages), notes)

    def schema(self, name: str, messages: Sequence[Message]) -> MessageSchema | None:
        return infer(messages, name=name) if messages and self._options.infer_schema else None

    def redacted(self, message: Message) -> Message:
        return self._redactor.redact(message)

    def shown(self, messages: Sequence[Message]) -> Iterator[str]:
        """The redacted texts, `options.sample.maxBytes` of them in UTF-8 at most; a cut one says so."""
        left = self._options.sample.max_bytes
        for message in messages:
            text = truncate(self.redacted(message), max(left, SHORTEST)).text
            left -= len(text.encode("utf-8", "surrogatepass"))
            yield text
            if left < SHORTEST:
                return
