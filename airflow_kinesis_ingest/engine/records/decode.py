"""Bytes of a Kinesis record -> readable messages, through the wrappers that name themselves in their first bytes.

Plain text passes byte for byte. Nothing is guessed: what is neither text nor a recognised format is a data URL
(RFC 2397), and so is text with NUL, which an OpenMetadata on PostgreSQL cannot store. JSON text that only writes
NUL or a lone surrogate as an escape is plain ASCII, and is shown as it came.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Protocol
from uuid import RFC_4122, UUID

from ..model import Message, NoSchema, RegisteredSchema
from . import avro, codecs, kpl, protobuf
from .cbor import CBOR_TAG, read_cbor
from .dataurl import BINARY, CUT, data_url, shorten
from .msgpack import read_msgpack
from .named import named

LAYERS_MOST = 3
"""Wrappers that are removed one after the other; what is below stays encoded."""

MESSAGES_MOST = 1000
"""Messages that one record becomes, however many a KPL aggregate or an Avro container packs into it."""

_JSON_MOST = 2 << 20  # bytes; parsed, JSON takes up to 25 times its size
_DEEPEST = 100  # levels of JSON; what is deeper would exhaust the stack of everything that walks the value later
_RECORD_SEPARATOR = "\x1e"  # before each value of a JSON text sequence (RFC 7464)
_JSON_STARTS = frozenset('{["-0123456789tfnNI' + _RECORD_SEPARATOR)
_BETWEEN = re.compile(r"[ \t\r\n\x1e\ufeff]*")
_PARSE = json.JSONDecoder().raw_decode
_GLUE = (b"\x03\x00", b"\x03\x05")
_GLUE_HEADER = 18
_UUID_VERSIONS = range(1, 9)
_CONFLUENT_HEADER = 5
_CONFLUENT_ID_MOST = 9_999_999
_AVRO = "avro/binary"
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\x1b"))  # escape begins the colours of many logs
_GLANCE = 32  # bytes
_SIGNATURES = (
    kpl.MAGIC,
    *(start for codec in codecs.CODECS for start in codec.magic),
    *_GLUE,
    avro.CONTAINER_MAGIC,
    avro.SINGLE_OBJECT_MAGIC,
    b"\x00",  # Confluent
)


class SchemaLookup(Protocol):
    """The schema that a Glue schema version id (a UUID) stands for, or the reason why it is not at hand."""

    def __call__(self, version_id: str, /) -> RegisteredSchema | NoSchema: ...


def decode(data: bytes, *, schemas: SchemaLookup | None = None) -> tuple[Message, ...]:
    """The messages in one record, at least one, in their order. Never raises, whatever data is.

    Only what `schemas` raises comes through. Inflating holds less than 2 MiB beside data and the messages; two
    formats reserve more before the first byte comes out: bzip2 4 MiB, xz a dictionary that only output makes real.
    """
    if not data.startswith(_SIGNATURES) or _is_clean_text(data):
        return (_plain(data, ()),)
    return tuple(_Decoder(schemas).messages(data, ()))


def truncate(message: Message, max_bytes: int) -> Message:
    """message with a text of at most max_bytes bytes in UTF-8, the cut marked with the whole size in bytes.

    A data URL that is cut still decodes, and says so in its header; a bound below the mark yields the mark.
    A cut text is no JSON any more, so it has no value; redact before, as a cut hides what a detector looks for.
    """
    if len(message.text) * 4 <= max_bytes:
        return message
    encoded = message.text.encode("utf-8", "surrogatepass")
    if len(encoded) <= max_bytes:
        return message
    if message.format == "binary":
        return replace(message, text=shorten(message.text, max_bytes))
    mark = f"… [truncated, {len(encoded)} bytes]"
    kept = encoded[: max(max_bytes - len(mark.encode()), 0)].decode("utf-8", "ignore")
    return replace(message, text=kept + mark, format="text", value=None, values=())


class _Decoder:
    """Removes the layers of one record, within the one allowance of bytes and messages that all of them share."""

    def __init__(self, schemas: SchemaLookup | None) -> None:
        self.schemas = schemas
        self.allowance = codecs.INFLATED_MOST
        self.room = MESSAGES_MOST

    def messages(self, data: bytes, layers: tuple[str, ...]) -> list[Message]:
        """The messages in data, which is what is left after layers were removed."""
        if not data.startswith(_SIGNATURES) or _is_clean_text(data):
            return [_plain(data, layers)]
        formats = (self._container, _single_object, _named)
        wrappers = (self._aggregate, self._compressed, self._glue, _confluent)
        for peel in (*formats, *wrappers) if len(layers) < LAYERS_MOST else formats:
            found = peel(data, layers)
            if found is not None:
                return found
        return [_plain(data, layers)]

    def _aggregate(self, data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
        aggregate = kpl.open_aggregate(data, self.room)
        if aggregate is None:
            return None
        layers = (*layers, "kpl")
        if not aggregate.payloads:
            return [_binary(data, layers, "KPL: an aggregate without user records")]
        self._fill(len(aggregate.payloads))
        found = [message for payload in aggregate.payloads for message in self.messages(payload, layers)]
        return _with_rest(found, aggregate.total - len(aggregate.payloads))

    def _fill(self, messages: int) -> None:
        """One message turned out to be several; there is always room for the one."""
        self.room = max(self.room - messages + 1, 1)

    def _compressed(self, data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
        codec = codecs.sniff(data)
        if codec is None:
            return None
        inflated = self._inflate(codec, data)
        if inflated.data is None:
            return None if codec.exact else [_binary(data, layers, inflated.note, codec.media_type)]
        layers = (*layers, codec.name)
        if inflated.cut:
            return [_cut(inflated.data, layers, inflated.note)]
        found = self.messages(inflated.data, layers)
        return [replace(message, note=message.note or inflated.note) for message in found]

    def _inflate(self, codec: codecs.Codec, data: bytes) -> codecs.Inflated:
        if not self.allowance:
            note = f"{codec.name}: other parts of the record inflate to {codecs.INFLATED_MOST} bytes"
            return codecs.Inflated(None, note=note)
        inflated = codecs.inflate(codec, data, self.allowance)
        self.allowance -= inflated.spent
        return inflated

    def _glue(self, data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
        if not data.startswith(_GLUE) or len(data) < _GLUE_HEADER:
            return None
        version = UUID(bytes=data[2:_GLUE_HEADER])
        if version.variant != RFC_4122 or version.version not in _UUID_VERSIONS:
            return None
        payload, layers = data[_GLUE_HEADER:], (*layers, f"glue:{version}")
        if data.startswith(_GLUE[1]):
            inflated = self._inflate(codecs.ZLIB, payload)
            if inflated.data is None:
                return [_binary(payload, layers, f"Glue schema version {version}: {inflated.note}")]
            if inflated.cut:
                return [_cut(inflated.data, layers, inflated.note)]
            payload = inflated.data
        return [self._registered(str(version), payload, layers)]

    def _registered(self, version: str, payload: bytes, layers: tuple[str, ...]) -> Message:
        """The payload of a Glue header, read as its schema says when that is at hand."""
        found = self.schemas(version) if self.schemas else NoSchema("its registry was not read")
        subject = f"Glue schema version {version}"
        if isinstance(found, NoSchema):
            return _json_or_binary(payload, layers, f"{subject}: {found.reason}")
        if found.data_format == "PROTOBUF":
            return _protobuf(payload, layers, found, subject)
        if found.data_format == "JSON":
            message = _plain(payload, layers)
            if message.format == "json" or (message.format == "text" and message.note):  # or too long, or too deep
                return replace(message, schema=found)
            return _binary(payload, layers, f"{subject}: it is no JSON")
        try:
            return _avro(avro.read_datum(found.definition, payload), layers, found)
        except ValueError as error:
            return _binary(payload, layers, f"{subject}: {error}", _AVRO)

    def _container(self, data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
        if not data.startswith(avro.CONTAINER_MAGIC):
            return None
        try:
            container = avro.read_container(data, most=self.room, inflate=self._inflate)
        except ValueError as error:
            return [_binary(data, layers, f"Avro container: {error}", _AVRO)]
        schema = RegisteredSchema("AVRO", container.schema)
        layers = (*layers, "avro-container")
        if not container.values:
            return [replace(_binary(data, layers, "Avro container: it holds no value", _AVRO), schema=schema)]
        self._fill(len(container.values))
        found = [_avro(value, layers, schema) for value in container.values]
        return _with_rest(found, container.total - len(found))


def _single_object(data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
    if not data.startswith(avro.SINGLE_OBJECT_MAGIC) or len(data) < 10:
        return None
    fingerprint = int.from_bytes(data[2:10], "little")
    note = f"Avro single object: the schema with fingerprint {fingerprint:016x} is not at hand"
    return [_binary(data, layers, note, _AVRO)]


def _confluent(data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
    """JSON behind the header is proof; without it any bytes that begin with zero may look the same."""
    schema_id, payload = int.from_bytes(data[1:_CONFLUENT_HEADER], "big"), data[_CONFLUENT_HEADER:]
    if data[0] != 0 or not payload or not 0 < schema_id <= _CONFLUENT_ID_MOST:
        return None
    message = _json_or_binary(payload, (*layers, f"confluent:{schema_id}"), "")
    if message.format == "json":
        return [message]
    return [_binary(data, layers, f"perhaps Confluent schema id {schema_id}, whose registry was not read")]


def _json_or_binary(payload: bytes, layers: tuple[str, ...], note: str) -> Message:
    """payload as JSON when it is an object or an array; a lone number would be no proof that it is text."""
    message = _plain(payload, layers)
    if message.format == "json" and isinstance(message.value, (dict, list)):
        return message
    return _binary(payload, layers, note)


def _avro(value: Any, layers: tuple[str, ...], schema: RegisteredSchema) -> Message:
    return Message(json.dumps(value, ensure_ascii=False), "avro", None, layers, schema=schema)


def _protobuf(payload: bytes, layers: tuple[str, ...], schema: RegisteredSchema, subject: str) -> Message:
    try:
        name, value = protobuf.read_message(schema.definition, payload)
    except (ValueError, ImportError) as error:
        return replace(_binary(payload, layers, f"{subject}: {error}", "application/protobuf"), schema=schema)
    text = json.dumps(value, ensure_ascii=False)
    return Message(text, "protobuf", None, layers, schema=replace(schema, message=name))


def _with_rest(found: list[Message], rest: int) -> list[Message]:
    if rest <= 0:
        return found
    return [*found[:-1], replace(found[-1], note=f"{rest} more messages of this record are not shown")]


def _is_clean_text(data: bytes) -> bool:
    """True for UTF-8 without control characters: a text may begin like a compressed stream, as in `x^2`."""
    if data[:_GLANCE].translate(None, _CONTROLS) != data[:_GLANCE]:
        return False  # of most formats the first bytes tell, and all of them would be copied to look further
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return len(data.translate(None, _CONTROLS)) == len(data)


def _plain(data: bytes, layers: tuple[str, ...]) -> Message:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _packed(data, layers)
    if "\x00" in text:
        note = "text with NUL, which the catalogue cannot store"
        return (_named(data, layers) or [_binary(data, layers, note, "text/plain;charset=utf-8")])[0]
    return _readable(text, layers)


def _readable(text: str, layers: tuple[str, ...]) -> Message:
    body = text.lstrip("\ufeff").strip(" \t\r\n")
    if body[:1] not in _JSON_STARTS:
        return Message(text, "text", None, layers)
    if len(body) > _JSON_MOST:
        return Message(text, "text", None, layers, f"longer than {_JSON_MOST >> 20} MiB, hence not parsed as JSON")
    try:
        value, end = _PARSE(body) if body[0] != _RECORD_SEPARATOR else (None, 0)
        if end < len(body):
            return _series(text, body, layers)
    except ValueError:
        return Message(text, "text", None, layers)
    except RecursionError:
        return _too_deep(text, layers)
    if body.count("[") + body.count("{") > _DEEPEST and type(value) in (dict, list) and _is_deep(value):
        return _too_deep(text, layers)
    envelope = _envelope(value)
    return Message(text, "json", value, (*layers, envelope) if envelope else layers)


def _series(text: str, body: str, layers: tuple[str, ...]) -> Message:
    """JSON lines, or one JSON after another as Firehose writes them: one message, byte for byte, with its values."""
    values = _values(body)
    if any(map(_is_deep, values)):
        return _too_deep(text, layers)
    data = tuple(value for value in values if not _envelope(value).endswith("/control"))
    envelopes = set(map(_envelope, data or values))
    found = (*layers, *envelopes) if len(envelopes) == 1 and "" not in envelopes else layers
    return Message(text, "text", None, found, values=data)


def _values(body: str) -> list[Any]:
    """At most MESSAGES_MOST objects and arrays. ValueError for a text that is anything else, as one with a number."""
    values: list[Any] = []
    start = _after_blank(body, 0)
    while start < len(body) and len(values) < MESSAGES_MOST:
        if body[start] not in "{[":
            raise ValueError("neither an object nor an array")
        value, end = _PARSE(body, start)
        values.append(value)
        start = _after_blank(body, end)
    return values


def _after_blank(body: str, position: int) -> int:
    found = _BETWEEN.match(body, position)
    return found.end() if found else position


def _too_deep(text: str, layers: tuple[str, ...]) -> Message:
    return Message(text, "text", None, layers, f"JSON nested deeper than {_DEEPEST} levels, hence not parsed")


def _is_deep(value: Any) -> bool:
    """Level by level, as recursion is what has to be kept off."""
    level = [value]
    for _ in range(_DEEPEST):
        inner = (inner for one in level for inner in (one.values() if type(one) is dict else one))
        level = [one for one in inner if type(one) in (dict, list)]
        if not level:
            return False
    return True


def _envelope(value: Any) -> str:
    """The AWS service that wrapped the message, told by keys that nothing else combines; "" for none."""
    if type(value) is not dict:
        return ""
    if "logEvents" in value and "logGroup" in value and "messageType" in value:
        return "cloudwatch-logs/control" if value["messageType"] == "CONTROL_MESSAGE" else "cloudwatch-logs"
    if "dynamodb" in value and value.get("eventSource") == "aws:dynamodb":
        return "dynamodb"
    if "detail-type" in value and "detail" in value and "source" in value:
        return "eventbridge"
    metadata = value.get("metadata")
    if type(metadata) is dict and metadata.get("record-type") in ("data", "control") and "operation" in metadata:
        return "dms" if metadata["record-type"] == "data" else "dms/control"
    return ""


def _packed(data: bytes, layers: tuple[str, ...]) -> Message:
    """What is not UTF-8: CBOR and MessagePack where they are certain, else marked base64."""
    try:
        if data.startswith(CBOR_TAG):
            return _unpacked(read_cbor(data), (*layers, "cbor"))
        return _unpacked(read_msgpack(data), (*layers, "msgpack"))
    except ValueError as error:
        if data.startswith(CBOR_TAG):
            return _binary(data, layers, f"CBOR: {error}", "application/cbor")
    if len(layers) >= LAYERS_MOST and data.startswith(_SIGNATURES):
        codec = codecs.sniff(data)
        media_type = codec.media_type if codec and not codec.exact else BINARY
        return _binary(data, layers, f"wrapped more than {LAYERS_MOST} deep, hence not looked into", media_type)
    return (_named(data, layers) or [_binary(data, layers, "neither UTF-8 text nor a known format")])[0]


def _named(data: bytes, layers: tuple[str, ...]) -> list[Message] | None:
    found = named(data)
    return [_binary(data, layers, found.what, found.media_type)] if found else None


def _unpacked(value: Any, layers: tuple[str, ...]) -> Message:
    return Message(json.dumps(value, ensure_ascii=False), "json", value, layers)


def _binary(data: bytes, layers: tuple[str, ...], note: str, media_type: str = BINARY) -> Message:
    return Message(data_url(data, media_type), "binary", None, layers, note)


def _cut(data: bytes, layers: tuple[str, ...], note: str) -> Message:
    """The beginning of an inflated content: text up to its last whole character, else base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return _binary(data, layers, note)
        text = data[: error.start].decode()
    if "\x00" in text:
        return _binary(data, layers, note)
    return Message(text + CUT, "text", None, layers, note)
