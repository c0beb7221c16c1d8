"""Formats that are named and not read, only where signature and structure leave no doubt.

Brotli has no signature, so it is never named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from . import codecs, wire
from .dataurl import BINARY
from .packed import Source

PARQUET, PARQUET_ENCRYPTED, ORC, ARROW, FEATHER = b"PAR1", b"PARE", b"ORC", b"ARROW1", b"FEA1"
_ARROW_STREAM = b"\xff\xff\xff\xff"  # before the length of each message, since Arrow 0.15
_ION = (b"\xe0\x01\x00\xea", b"\xe0\x01\x01\xea")
_FOOTER_MOST = 256 << 10  # bytes that a footer may inflate to; below, columns are counted
_ANY = b"type.googleapis.com/"
_TYPE_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


class Named(NamedTuple):
    """What the bytes are, as a note tells it."""

    what: str
    media_type: str


def named(data: bytes) -> Named | None:
    """None when data is nothing that is known here. Never raises."""
    return next((found for look in _LOOKS if (found := look(data))), None)


def _table(what: str, media_type: str, columns: Callable[[], int]) -> Named:
    """With the columns of the table, as its readers show them; without, where the footer does not tell."""
    try:
        count = columns()
    except ValueError:
        return Named(what, media_type)
    return Named(f"{what}, {count} column{'' if count == 1 else 's'}", media_type)


# Parquet (apache/parquet-format): data, the footer in Thrift's compact protocol, its length, the signature again


def _parquet(data: bytes) -> Named | None:
    media_type = "application/vnd.apache.parquet"
    if not data.startswith((PARQUET, PARQUET_ENCRYPTED)) or not data.endswith(data[:4]):
        return None
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    if start < 4:
        return None
    if data.startswith(PARQUET_ENCRYPTED):
        return Named("Parquet file, its footer encrypted", media_type)
    return _table("Parquet file", media_type, lambda: _parquet_columns(data[start:-8]))


def _parquet_columns(footer: bytes) -> int:
    """The children of the schema's root: field 5 of the first element of the list that is field 2."""
    source = Source(footer)
    if next((kind for number, kind in _thrift(source) if number == 2), 0) != 9:
        raise ValueError("no list of schema elements")
    if source.take(1)[0] >> 4 == 15:
        _varint(source)
    if next((kind for number, kind in _thrift(source) if number == 5), 0) != 5:
        raise ValueError("no number of children")
    return _varint(source) >> 1  # zigzag, and never negative


def _thrift(source: Source) -> Iterator[tuple[int, int]]:
    """Number and type of each field of a struct, positioned at its value, which is stepped over behind it."""
    number = 0
    while header := source.take(1)[0]:
        kind = header & 15
        number = number + (header >> 4) if header >> 4 else _varint(source) >> 1
        yield number, kind
        if kind not in (4, 5, 6, 8):  # what stands before the fields that are looked for
            raise ValueError("a field of another type")
        content = _varint(source)
        source.take(content if kind == 8 else 0)


def _varint(source: Source) -> int:
    value, source.position = wire.varint(source.data, source.position)
    return value


# ORC (specification of version 1): stripes, metadata, footer, postscript, the postscript's length


def _orc(data: bytes) -> Named | None:
    if not data.startswith(ORC) or len(data) < 8 or data[-1 - len(ORC) : -1] != ORC:
        return None
    try:
        script = dict(wire.fields(data[-1 - data[-1] : -1]))
    except ValueError:
        return None
    length, end = script.get(1), len(data) - 1 - data[-1]
    if not isinstance(length, int) or not 0 < length <= end:
        return None
    footer = data[end - length : end]
    return _table("ORC file", "application/vnd.apache.orc", lambda: _orc_columns(footer, script.get(2, 0)))


def _orc_columns(footer: bytes, compression: int | bytes) -> int:
    """The subtypes of the first type, which is the root."""
    root = next((content for number, content in wire.fields(_orc_plain(footer, compression)) if number == 4), 0)
    packed = dict(wire.fields(root)).get(2) if isinstance(root, bytes) else None
    if not isinstance(packed, bytes):
        raise ValueError("no subtypes")
    return sum(byte < 0x80 for byte in packed)


def _orc_plain(footer: bytes, compression: int | bytes) -> bytes:
    """Compressed, it is one chunk whose header has its length and whether it is stored."""
    if compression == 0:
        return footer
    header, chunk = int.from_bytes(footer[:3], "little"), footer[3:]
    if header >> 1 != len(chunk):
        raise ValueError("more than one chunk")
    if header & 1:
        return chunk
    if compression not in _ORC_CODECS:
        raise ValueError("a codec without a frame")
    inflated = codecs.inflate(_ORC_CODECS[compression], chunk, _FOOTER_MOST)
    if inflated.data is None or inflated.cut:
        raise ValueError(inflated.note)
    return inflated.data


_ORC_CODECS: dict[int | bytes, codecs.Codec] = {1: codecs.DEFLATE, 5: codecs.ZSTD}


# Arrow (Columnar.rst, "Serialization and Interprocess Communication"): flatbuffers


def _arrow_file(data: bytes) -> Named | None:
    if data.startswith(FEATHER) and data.endswith(FEATHER) and len(data) >= 12:
        return Named("Feather file", BINARY)
    if not data.startswith(ARROW + bytes(2)) or not data.endswith(ARROW):
        return None
    start = len(data) - 10 - int.from_bytes(data[-10:-6], "little")
    if start < 8:
        return None
    return _table("Arrow file", "application/vnd.apache.arrow.file", lambda: _arrow_columns(data[start:-10]))


def _arrow_stream(data: bytes) -> Named | None:
    """It begins with a schema: header type 1. Without that, four bytes are no proof."""
    end = 8 + int.from_bytes(data[4:8], "little")
    if not data.startswith(_ARROW_STREAM) or end > len(data):
        return None
    try:
        message, root = data[8:end], _flat_root(data[8:end])
        if _unsigned(message, _flat_field(message, root, 1), 1) != 1:
            return None
        columns = _arrow_columns(message, 2)
    except ValueError:
        return None
    return _table("Arrow stream", "application/vnd.apache.arrow.stream", lambda: columns)


def _arrow_columns(buffer: bytes, schema: int = 1) -> int:
    """The length of the list of fields, the second field of the schema, which is a field of the root."""
    table = _flat_reference(buffer, _flat_field(buffer, _flat_root(buffer), schema))
    count = _unsigned(buffer, _flat_reference(buffer, _flat_field(buffer, table, 1)), 4)
    if count * 4 > len(buffer):
        raise ValueError("more columns than bytes")
    return count


def _flat_root(buffer: bytes) -> int:
    return _flat_reference(buffer, 0)


def _flat_reference(buffer: bytes, position: int) -> int:
    return position + _unsigned(buffer, position, 4)


def _flat_field(buffer: bytes, table: int, index: int) -> int:
    """Where the field of a table stands, as its table of offsets says."""
    offset = int.from_bytes(buffer[table : table + 4], "little", signed=True)
    offsets = table - offset
    entry = 4 + 2 * index
    if entry >= _unsigned(buffer, offsets, 2) or not (field := _unsigned(buffer, offsets + entry, 2)):
        raise ValueError("a field that is not there")
    return table + field


def _unsigned(buffer: bytes, position: int, size: int) -> int:
    if position < 0 or position + size > len(buffer):
        raise ValueError("a position outside")
    return int.from_bytes(buffer[position : position + size], "little")


# BSON (bsonspec.org): its own length, elements, zero


def _bson(data: bytes) -> Named | None:
    if len(data) < 8 or int.from_bytes(data[:4], "little") != len(data) or data[-1] != 0:
        return None
    source = Source(data)
    try:
        names = _bson_document(source)
        source.end()
    except ValueError:
        return None
    if not names or not all(name and name.isprintable() for name in names):
        return None
    return Named(f"BSON document, {len(names)} field{'' if len(names) == 1 else 's'}", "application/bson")


def _bson_document(source: Source) -> list[str]:
    """The names of its elements, after a walk over all of them."""
    start, names = source.position, list[str]()
    length = _little(source, 4)
    while kind := source.take(1)[0]:
        source.many(1)
        names.append(_bson_name(source))
        _bson_value(source, kind)
    if source.position - start != length:
        raise ValueError("a wrong length")
    return names


def _little(source: Source, size: int) -> int:
    return int.from_bytes(source.take(size), "little")


def _bson_name(source: Source) -> str:
    end = source.data.find(b"\x00", source.position)
    if end < 0:
        raise ValueError("a name without end")
    return source.take(end + 1 - source.position)[:-1].decode()


def _bson_text(source: Source) -> None:
    if source.take(_little(source, 4))[-1:] != b"\x00":
        raise ValueError("a text without end")


def _bson_value(source: Source, kind: int) -> None:
    if kind in _BSON_SIZES:
        source.take(_BSON_SIZES[kind])
    elif kind in (0x03, 0x04):
        source.nested(lambda: _bson_document(source))
    elif kind in (0x02, 0x0D, 0x0E):
        _bson_text(source)
    elif kind == 0x05:
        source.take(_little(source, 4) + 1)
    elif kind == 0x0B:
        _bson_name(source)
        _bson_name(source)
    else:
        _bson_rare(source, kind)


def _bson_rare(source: Source, kind: int) -> None:
    """A pointer, or code with the values it sees."""
    if kind not in (0x0C, 0x0F):
        raise ValueError("an unknown type")
    if kind == 0x0F:
        _little(source, 4)
    _bson_text(source)
    if kind == 0x0C:
        source.take(12)
    else:
        source.nested(lambda: _bson_document(source))


_BSON_SIZES = {
    0x01: 8,
    0x06: 0,
    0x07: 12,
    0x08: 1,
    0x09: 8,
    0x0A: 0,
    0x10: 4,
    0x11: 8,
    0x12: 8,
    0x13: 16,
    0xFF: 0,
    0x7F: 0,
}


# Ion, and Protobuf's Any, which names the type of the message in it


def _ion(data: bytes) -> Named | None:
    return Named("Amazon Ion, which is not decoded", "application/ion") if data.startswith(_ION) else None


def _any(data: bytes) -> Named | None:
    if _ANY not in data[2:24]:
        return None
    try:
        found = list(wire.fields(data))
        (number, url), rest = found[0], found[1:]
        name = url.removeprefix(_ANY).decode() if isinstance(url, bytes) else ""
    except ValueError:
        return None
    if (
        number != 1
        or [2] * len(rest) != [number for number, _ in rest]
        or len(rest) > 1
        or not _TYPE_NAME.fullmatch(name)
    ):
        return None
    return Named(f"Protobuf message {name} (google.protobuf.Any), whose schema is not at hand", "application/protobuf")


_LOOKS = (_parquet, _orc, _arrow_file, _arrow_stream, _ion, _bson, _any)
