"""Schemas that a workflow file declares for its streams, by patterns. One is written, whatever messages say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...errors import StreamUnreadable
from ..aws.glue import GlueSchemas
from ..model import Field, Message, MessageSchema, NoSchema, RegisteredSchema
from ..records.schema import infer
from ..workflow.models import DeclaredSchema
from ..workflow.patterns import matcher

REMEDY = "Correct `options.schemaRegistry.streams`, or make the version AVAILABLE; the topic keeps the schema it has"


class Declared:
    """For many threads; each schema is looked up once."""

    def __init__(self, streams: Mapping[str, DeclaredSchema], schemas: GlueSchemas) -> None:
        self._patterns: list[tuple[Callable[[str], bool], DeclaredSchema]] = [
            (matcher(pattern), declared) for pattern, declared in streams.items()
        ]
        self._schemas = schemas

    def __call__(self, stream: str) -> MessageSchema | None:
        """The schema that the first pattern to match declares; None for none.

        Raises StreamUnreadable where the registry does not give it, or gives what cannot be read.
        """
        declared = next((each for matches, each in self._patterns if matches(stream)), None)
        if declared is None:
            return None
        name = declared.schema_name or stream
        found = self._schemas.named(declared.registry, name, declared.version)
        where = f"{declared.registry}/{name}"
        if isinstance(found, NoSchema):
            raise StreamUnreadable("the declared schema was not read", where=where, why=found.reason, remedy=REMEDY)
        schema = infer([_message(found)], name=stream)
        # Of a JSON Schema, and of Protobuf that names no message, the text alone is shown.
        if schema is None or (schema.kind == "Avro" and not schema.fields):
            raise StreamUnreadable("the declared schema cannot be read", where=where, remedy=REMEDY)
        return schema


def _message(schema: RegisteredSchema) -> Message:
    """One that was written with it, of which nothing else is known."""
    return Message("", "avro" if schema.data_format == "AVRO" else "protobuf", schema=schema)


def contradiction(declared: MessageSchema, found: MessageSchema | None) -> str | None:
    """How the messages of a sample contradict the declared schema, with their share; None where they do not."""
    if found is None or (found.kind == declared.kind and found.text == declared.text):
        return None
    share = f"{found.agreed} of {found.total} messages"
    if found.kind != declared.kind:
        return f"{share} are {found.kind}, and the declared schema is {declared.kind}"
    if found.kind != "JSON":
        return f"{share} carry another {found.kind} schema than the declared one"
    if not _top(declared):
        return None
    known = {field.name for field in _top(declared)}
    extra = sorted(field.name for field in _top(found) if field.name not in known)
    return f"{share} have fields that the declared schema lacks: {', '.join(extra[:3])}" if extra else None


def _top(schema: MessageSchema) -> tuple[Field, ...]:
    return schema.fields[0].children if schema.fields else ()
