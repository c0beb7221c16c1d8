"""Avro's binary encoding -> JSON-ready values (Avro 1.12 specification), bounded in values, depth and output.

Read here and not by fastavro, which trusts its input: 10 KB of a record that nests in itself overflow its C stack
and kill the process, and five bytes that announce an array of 2^32 nulls take all memory (fastavro 1.13.1).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, NamedTuple

from . import codecs
from .avro_schema import AvroType, parse
from .codecs import Inflated
from .dataurl import data_url
from .packed import json_number

CONTAINER_MAGIC = b"Obj\x01"
SINGLE_OBJECT_MAGIC = b"\xc3\x01"
_OUTPUT_MOST = 2 << 20  # characters of JSON, counted roughly; field names can make it far longer than the data
_VALUE_COST = 16  # what one value adds to it at least, which also bounds how many there are
_DEEPEST = 64
_SYNC = 16
_EPOCH = datetime(1970, 1, 1)


class Container(NamedTuple):
    """An Avro object container: its schema as written, its first values and how many it declares in all."""

    schema: str
    values: list[Any]
    total: int


def read_datum(schema: str, data: bytes) -> Any:
    """The one value that data holds. ValueError when data is anything else, or schema is no Avro schema."""
    source = _Source(data)
    value = _read(parse(schema), source)
    if source.position != len(data):
        raise ValueError(f"{len(data) - source.position} bytes are left over")
    return value


def read_container(data: bytes, *, most: int, inflate: Callable[[codecs.Codec, bytes], Inflated]) -> Container:
    """Up to `most` values. ValueError when the container is broken, uses an unknown codec or inflates too far.

    inflate is asked to unpack the blocks, so that the caller's allowance holds for them as well.
    """
    source = _Source(data)
    if source.take(len(CONTAINER_MAGIC)) != CONTAINER_MAGIC:
        raise ValueError("no container")
    header = dict(_header(source))
    schema, codec = header.get("avro.schema", b"").decode(), header.get("avro.codec", b"null").decode()
    sync = source.take(_SYNC)
    root, values, total = parse(schema), list[Any](), 0
    while source.position < len(data):
        count, block = source.long(), source.take(source.long())
        if count < 0 or source.take(_SYNC) != sync:
            raise ValueError("a block without its sync marker")
        total += count
        if len(values) < most and count:
            values += _block(root, _unpacked(codec, block, inflate), count, most - len(values), source)
    return Container(schema, values, total)


class _Source:
    """A position in bytes, and how much output may still be made of them."""

    def __init__(self, data: bytes, output: int = _OUTPUT_MOST) -> None:
        self.data = data
        self.position = 0
        self.output = output
        self.depth = 0

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self.data) - self.position:
            raise ValueError("ends early")
        self.position += count
        return self.data[self.position - count : self.position]

    def long(self) -> int:
        """A zigzag varint of at most 64 bits."""
        number = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise ValueError("a number of more than 64 bits")

    def spend(self, characters: int) -> None:
        self.output -= _VALUE_COST + characters
        if self.output < 0:
            raise ValueError(f"it would take more than {_OUTPUT_MOST >> 20} MiB to show")

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST} levels")


def _header(source: _Source) -> list[tuple[str, bytes]]:
    """The container's metadata: an Avro map of bytes."""
    return [(source.take(source.long()).decode(), source.take(source.long())) for _ in _items(source)]


def _block(root: AvroType, data: bytes, count: int, most: int, outer: _Source) -> list[Any]:
    source = _Source(data, outer.output)
    values = [_read(root, source) for _ in range(min(count, most))]
    outer.output = source.output
    if count <= most and source.position != len(data):
        raise ValueError("a block with bytes left over")
    return values


def _unpacked(codec: str, block: bytes, inflate: Callable[[codecs.Codec, bytes], Inflated]) -> bytes:
    if codec == "null":
        return block
    if codec not in _CODECS:
        raise ValueError("compressed with a codec that is not known here")
    inflated = inflate(_CODECS[codec], block)
    if inflated.data is None or inflated.cut:
        raise ValueError(inflated.note)
    return inflated.data


_CODECS = {
    "deflate": codecs.DEFLATE,
    "snappy": codecs.SNAPPY_BLOCK,
    "bzip2": codecs.BZIP2,
    "xz": codecs.XZ,
    "zstandard": codecs.ZSTD,
}


def _items(source: _Source) -> Any:
    """One step per item of an array or map; the blocks' byte sizes are stepped over."""
    while count := source.long():
        if count < 0:
            source.long()
        for _ in range(abs(count)):
            yield None


def _read(kind: AvroType, source: _Source) -> Any:
    source.enter()
    value = _READERS[kind.kind](kind, source)
    source.depth -= 1
    source.spend(len(value) if isinstance(value, str) else 0)
    return _logical(kind, value) if kind.logical else value


def _boolean(_: AvroType, source: _Source) -> bool:
    byte = source.take(1)[0]
    if byte > 1:
        raise ValueError("a boolean that is neither")
    return byte == 1


def _number(layout: str, source: _Source) -> float | str:
    return json_number(*struct.unpack(layout, source.take(struct.calcsize(layout))))


def _bytes(kind: AvroType, source: _Source) -> Any:
    content = source.take(kind.size if kind.kind == "fixed" else source.long())
    return _decimal(kind, content) if kind.logical == "decimal" else data_url(content)


def _string(_: AvroType, source: _Source) -> str:
    return source.take(source.long()).decode()


def _enum(kind: AvroType, source: _Source) -> str:
    return kind.symbols[_index(source, len(kind.symbols))]


def _union(kind: AvroType, source: _Source) -> Any:
    return _read(kind.branches[_index(source, len(kind.branches))], source)


def _index(source: _Source, count: int) -> int:
    index = source.long()
    if not 0 <= index < count:
        raise ValueError("a choice that the schema does not have")
    return index


def _array(kind: AvroType, source: _Source) -> list[Any]:
    assert kind.items is not None
    return [_read(kind.items, source) for _ in _items(source)]


def _map(kind: AvroType, source: _Source) -> dict[str, Any]:
    assert kind.items is not None
    return {source.take(source.long()).decode(): _read(kind.items, source) for _ in _items(source)}


def _record(kind: AvroType, source: _Source) -> dict[str, Any]:
    record = {}
    for name, field in kind.fields:
        source.spend(len(name))
        record[name] = _read(field, source)
    return record


def _logical(kind: AvroType, value: Any) -> Any:
    """Dates and times as ISO 8601; the bare number where Python's calendar does not reach."""
    if type(value) is not int or kind.logical not in _CLOCKS:
        return value
    try:
        return _CLOCKS[kind.logical](value)
    except OverflowError:
        return value


def _decimal(kind: AvroType, content: bytes) -> str:
    """The number in full. Its digits are bounded by the bytes it is made of: Python prints at most 4300."""
    if len(content) > 1024:
        return data_url(content)
    unscaled = Decimal(int.from_bytes(content, "big", signed=True))
    return format(unscaled.scaleb(-kind.scale, Context(prec=5000)), "f")


def _date(days: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def _time(micros: int) -> str:
    if not 0 <= micros < 86_400_000_000:
        raise OverflowError
    return (_EPOCH + timedelta(microseconds=micros)).time().isoformat()


def _local(micros: int) -> str:
    return (_EPOCH + timedelta(microseconds=micros)).isoformat()


def _local_nanos(nanos: int) -> str:
    moment = _EPOCH + timedelta(microseconds=nanos // 1000)
    return f"{moment.isoformat(timespec='microseconds')}{nanos % 1000:03}"


_CLOCKS: dict[str, Callable[[int], str]] = {
    "date": _date,
    "time-millis": lambda millis: _time(millis * 1000),
    "time-micros": _time,
    "timestamp-millis": lambda millis: _local(millis * 1000) + "Z",
    "timestamp-micros": lambda micros: _local(micros) + "Z",
    "timestamp-nanos": lambda nanos: _local_nanos(nanos) + "Z",
    "local-timestamp-millis": lambda millis: _local(millis * 1000),
    "local-timestamp-micros": _local,
    "local-timestamp-nanos": _local_nanos,
}

_READERS: dict[str, Callable[[AvroType, _Source], Any]] = {
    "null": lambda _, __: None,
    "boolean": _boolean,
    "int": lambda _, source: source.long(),
    "long": lambda _, source: source.long(),
    "float": lambda _, source: _number("<f", source),
    "double": lambda _, source: _number("<d", source),
    "bytes": _bytes,
    "fixed": _bytes,
    "string": _string,
    "enum": _enum,
    "union": _union,
    "array": _array,
    "map": _map,
    "record": _record,
}
