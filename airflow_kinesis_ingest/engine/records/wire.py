"""The wire format of Protocol Buffers, without a schema: numbered fields."""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


def fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of every field in order, those of a fixed width as bytes. ValueError when body is no message."""
    position = 0
    while position < len(body):
        tag, position = varint(body, position)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, position = varint(body, position)
            yield number, value
            continue
        size, position = _size(body, position, wire)
        if position + size > len(body):
            raise ValueError("a field goes past the end")
        yield number, body[position : position + size]
        position += size


def _size(body: bytes, position: int, wire: int) -> tuple[int, int]:
    """Bytes of the field's content, and where it begins."""
    if wire == _BYTES:
        return varint(body, position)
    if wire in (_FIXED64, _FIXED32):
        return (8 if wire == _FIXED64 else 4), position
    raise ValueError("an unknown wire type")


def varint(body: bytes, position: int) -> tuple[int, int]:
    """The value, and the position after it; ten bytes at most. ValueError when it does not end."""
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
