"""The aggregated records of the Kinesis Producer Library.

Format: awslabs/kinesis-aggregation, `aggregation-format.md`: four magic bytes, a protobuf AggregatedRecord, the
MD5 of the protobuf.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST = 16
_RECORDS, _DATA = 3, 3  # field numbers in AggregatedRecord and in its Record
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf wire types


class Aggregate(NamedTuple):
    """The first payloads put together in one record, in order, and how many there are in all."""

    payloads: list[bytes]
    total: int


def open_aggregate(data: bytes, most: int) -> Aggregate | None:
    """Up to `most` payloads; None when data is no aggregate or its checksum is wrong."""
    if not data.startswith(MAGIC):
        return None
    body, digest = data[len(MAGIC) : -_DIGEST], data[-_DIGEST:]
    if hashlib.md5(body, usedforsecurity=False).digest() != digest:
        return None
    try:
        records = (content for number, content in _contents(body) if number == _RECORDS)
        payloads = [_payload(record) for record in islice(records, most)]
        return Aggregate(payloads, len(payloads) + sum(1 for _ in records))
    except ValueError:
        return None


def _payload(record: bytes) -> bytes:
    for number, content in _contents(record):
        if number == _DATA:
            return content
    raise ValueError("a record without data")


def _contents(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of every length-delimited field; the others are stepped over."""
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        number, wire = tag >> 3, tag & 7
        size, position = _size(body, position, wire)
        if position + size > len(body):
            raise ValueError("a field goes past the end")
        if wire == _BYTES:
            yield number, body[position : position + size]
        position += size


def _size(body: bytes, position: int, wire: int) -> tuple[int, int]:
    """Bytes of the field's content, and where it begins."""
    if wire == _BYTES:
        return _varint(body, position)
    if wire == _VARINT:
        return 0, _varint(body, position)[1]
    if wire in (_FIXED64, _FIXED32):
        return (8 if wire == _FIXED64 else 4), position
    raise ValueError("an unknown wire type")


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """The value, and the position after it; protobuf allows ten bytes."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(body):
            break
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a varint without end")
