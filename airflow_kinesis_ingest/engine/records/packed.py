"""CBOR (RFC 8949) and MessagePack -> JSON-ready values, only where the bytes leave no doubt.

CBOR is certain when it says so itself, by tag 55799. MessagePack has no signature: it is certain when the bytes
are no UTF-8 text and are, to the last one, a single map whose keys are all printable text.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from .dataurl import data_url

CBOR_TAG = b"\xd9\xd9\xf7"
_VALUES_MOST = 100_000
_DEEPEST = 64  # levels; each costs five Python frames
_BIG_INT_MOST = 1024  # bytes; Python refuses to print integers of more than 4300 digits
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def read_cbor(data: bytes) -> Any:
    """The value behind the self-describing tag. ValueError when data is anything else."""
    if not data.startswith(CBOR_TAG):
        raise ValueError("no self-describing tag")
    return _whole(_Bytes(data[len(CBOR_TAG) :]), _cbor_value)


def read_msgpack(data: bytes) -> dict[str, Any]:
    """The map that data is. ValueError when it could be anything else."""
    if not data or not (0x81 <= data[0] <= 0x8F or data[0] in (0xDE, 0xDF)):
        raise ValueError("not a map")
    value: dict[str, Any] = _whole(_Bytes(data), _msgpack_value)
    # A map of one letter is four bytes that chance can make; three letters of key are not.
    if sum(map(len, value)) < 3 or not all(key and key.isprintable() for key in value):
        raise ValueError("keys that are no names")
    return value


class _Bytes:
    """A position in bytes, and how many values and levels may still be read from them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.values = _VALUES_MOST
        self.depth = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.position : self.position + count]
        if len(taken) < count:
            raise ValueError("ends early")
        self.position += count
        return taken

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def many(self, count: int) -> range:
        """A range to loop over, after a check that it fits what is left: every value takes a byte."""
        self.values -= count
        if count > len(self.data) - self.position or self.values < 0:
            raise ValueError("more values than bytes, or too many")
        return range(count)

    def nested(self, read: Callable[[_Bytes], Any]) -> Any:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("nested too deep")
        value = read(self)
        self.depth -= 1
        return value


def _whole(source: _Bytes, read: Callable[[_Bytes], Any]) -> Any:
    value = read(source)
    if source.position != len(source.data):
        raise ValueError("bytes after the end")
    return value


def json_number(number: float) -> float | str:
    """The number; text for the three that JSON has no way to write."""
    if number != number:
        return "NaN"
    return number if abs(number) != float("inf") else ("Infinity" if number > 0 else "-Infinity")


def _float(source: _Bytes, size: int) -> float | str:
    return json_number(*struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], source.take(size)))


def _key(key: object) -> str:
    """A key as JSON writes it. ValueError for a container: each one around it would double its escapes."""
    if isinstance(key, (dict, list)):
        raise ValueError("a key that is a container")
    return key if isinstance(key, str) else json.dumps(key)


# CBOR


def _cbor_value(source: _Bytes) -> Any:
    initial = source.take(1)[0]
    major, detail = initial >> 5, initial & 31
    if major == 7:
        return _cbor_simple(source, detail)
    if detail == 31:
        return _cbor_indefinite(source, major)
    count = _cbor_count(source, detail)
    if major in (0, 1):
        return count if major == 0 else -1 - count
    if major in (2, 3):
        return _cbor_string(major, source.take(count))
    if major == 6:
        return _cbor_tagged(source, count)
    return source.nested(lambda inner: _cbor_container(inner, major, count))


def _cbor_count(source: _Bytes, detail: int) -> int:
    if detail < 24:
        return detail
    if detail > 27:
        raise ValueError("a reserved length")
    return source.unsigned(1 << (detail - 24))


def _cbor_string(major: int, content: bytes) -> str:
    return content.decode() if major == 3 else data_url(content)


def _cbor_container(source: _Bytes, major: int, count: int) -> Any:
    if major == 4:
        return [_cbor_value(source) for _ in source.many(count)]
    return {_key(_cbor_value(source)): _cbor_value(source) for _ in source.many(count)}


def _cbor_indefinite(source: _Bytes, major: int) -> Any:
    """A string in chunks, or a container of unsaid length, up to the break byte."""
    if major not in (2, 3, 4, 5):
        raise ValueError("an indefinite length where none can be")
    items = source.nested(_cbor_until_break)
    if major == 4:
        return items
    if major == 5:
        if len(items) % 2:
            raise ValueError("a key without value")
        return {_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}
    if not all(isinstance(item, str) for item in items):
        raise ValueError("a chunk that is no string")
    return items if major == 2 else "".join(items)


def _cbor_until_break(source: _Bytes) -> list[Any]:
    items = []
    while source.data[source.position : source.position + 1] != b"\xff":
        source.many(1)
        items.append(_cbor_value(source))
    source.position += 1
    return items


def _cbor_simple(source: _Bytes, detail: int) -> Any:
    if detail in (20, 21):
        return detail == 21
    if detail in (22, 23):
        return None
    if detail in (25, 26, 27):
        return _float(source, 1 << (detail - 24))
    raise ValueError("a simple value without meaning here")


def _cbor_tagged(source: _Bytes, tag: int) -> Any:
    """What the tag is put on; bignums become numbers, other tags add nothing that JSON could say."""
    return _cbor_bignum(source, tag) if tag in (2, 3) else source.nested(_cbor_value)


def _cbor_bignum(source: _Bytes, tag: int) -> int:
    initial = source.take(1)[0]
    content = source.take(_cbor_count(source, initial & 31))
    if initial >> 5 != 2 or len(content) > _BIG_INT_MOST:
        raise ValueError("a bignum that is no byte string, or too long")
    number = int.from_bytes(content, "big")
    return number if tag == 2 else -1 - number


# MessagePack


def _msgpack_value(source: _Bytes) -> Any:
    first = source.take(1)[0]
    if first < 0x80 or first >= 0xE0:
        return first if first < 0x80 else first - 256
    if first < 0xA0:
        count = first & 15
        return source.nested(lambda inner: _msgpack_container(inner, count, keyed=first < 0x90))
    if first < 0xC0:
        return source.take(first & 31).decode()
    return _msgpack_long(source, first)


def _msgpack_long(source: _Bytes, first: int) -> Any:
    if first in _MSGPACK_CONSTANTS:
        return _MSGPACK_CONSTANTS[first]
    if first in (0xCA, 0xCB):
        return _float(source, 4 if first == 0xCA else 8)
    if 0xCC <= first <= 0xD3:
        return int.from_bytes(source.take(1 << (first & 3)), "big", signed=first >= 0xD0)
    if 0xDC <= first <= 0xDF:
        count = source.unsigned(2 if first & 1 == 0 else 4)
        return source.nested(lambda inner: _msgpack_container(inner, count, keyed=first >= 0xDE))
    if 0xD9 <= first <= 0xDB:
        return source.take(source.unsigned(1 << (first - 0xD9))).decode()
    return _msgpack_bytes(source, first)


def _msgpack_bytes(source: _Bytes, first: int) -> str:
    if 0xC4 <= first <= 0xC6:
        return data_url(source.take(source.unsigned(1 << (first - 0xC4))))
    if 0xC7 <= first <= 0xC9:
        return _msgpack_extension(source, source.unsigned(1 << (first - 0xC7)))
    if 0xD4 <= first <= 0xD8:
        return _msgpack_extension(source, 1 << (first - 0xD4))
    raise ValueError("a byte that begins nothing")


def _msgpack_extension(source: _Bytes, size: int) -> str:
    kind, content = source.unsigned(1), source.take(size)
    if kind != 0xFF or size not in (4, 8, 12):
        return data_url(content)
    nanos, seconds = _msgpack_timestamp(content)
    try:
        return (_EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1000)).isoformat()
    except OverflowError:  # a year that Python's calendar does not have
        return data_url(content)


def _msgpack_timestamp(content: bytes) -> tuple[int, int]:
    """Nanoseconds and seconds since 1970, from the three layouts of extension type -1."""
    if len(content) == 12:
        return int.from_bytes(content[:4], "big"), int.from_bytes(content[4:], "big", signed=True)
    number = int.from_bytes(content, "big")
    return (0, number) if len(content) == 4 else (number >> 34, number & (1 << 34) - 1)


def _msgpack_container(source: _Bytes, count: int, *, keyed: bool) -> Any:
    if not keyed:
        return [_msgpack_value(source) for _ in source.many(count)]
    pairs = [(_msgpack_value(source), _msgpack_value(source)) for _ in source.many(count)]
    if not all(isinstance(key, str) for key, _ in pairs):
        raise ValueError("a key that is no text")
    return dict(pairs)


_MSGPACK_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
