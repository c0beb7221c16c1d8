"""MessagePack -> JSON-ready values, only where the bytes leave no doubt.

MessagePack has no signature: it is certain when the bytes are no UTF-8 text and are, to the last one, a single map
whose keys are all printable text.
"""

from __future__ import annotations

import struct
from typing import Any

from .dataurl import data_url
from .packed import Source, instant, json_number, json_object


def read_msgpack(data: bytes) -> dict[str, Any]:
    """The map that data is. ValueError when it could be anything else, or is no JSON: its keys have to be text."""
    if not data or not (0x81 <= data[0] <= 0x8F or data[0] in (0xDE, 0xDF)):
        raise ValueError("not a map")
    source = Source(data)
    value: dict[str, Any] = _value(source)
    source.end()
    # A map of one letter is four bytes that chance can make; three letters of key are not.
    if sum(map(len, value)) < 3 or not all(key and key.isprintable() for key in value):
        raise ValueError("keys that are no names")
    return value


def _value(source: Source) -> Any:
    first = source.take(1)[0]
    if first < 0x80 or first >= 0xE0:
        return first if first < 0x80 else first - 256
    if first < 0xA0:
        count = first & 15
        return source.nested(lambda: _container(source, count, keyed=first < 0x90))
    if first < 0xC0:
        return source.take(first & 31).decode()
    return _long(source, first)


def _long(source: Source, first: int) -> Any:
    if first in _CONSTANTS:
        return _CONSTANTS[first]
    if first in (0xCA, 0xCB):
        layout = ">f" if first == 0xCA else ">d"
        return json_number(*struct.unpack(layout, source.take(struct.calcsize(layout))))
    if 0xCC <= first <= 0xD3:
        return int.from_bytes(source.take(1 << (first & 3)), "big", signed=first >= 0xD0)
    if 0xDC <= first <= 0xDF:
        count = source.unsigned(2 if first & 1 == 0 else 4)
        return source.nested(lambda: _container(source, count, keyed=first >= 0xDE))
    if 0xD9 <= first <= 0xDB:
        return source.take(source.unsigned(1 << (first - 0xD9))).decode()
    return _bytes(source, first)


def _bytes(source: Source, first: int) -> str:
    if 0xC4 <= first <= 0xC6:
        return data_url(source.take(source.unsigned(1 << (first - 0xC4))))
    if 0xC7 <= first <= 0xC9:
        return _extension(source, source.unsigned(1 << (first - 0xC7)))
    if 0xD4 <= first <= 0xD8:
        return _extension(source, 1 << (first - 0xD4))
    raise ValueError("a byte that begins nothing")


def _extension(source: Source, size: int) -> str:
    kind, content = source.unsigned(1), source.take(size)
    if kind != 0xFF or size not in (4, 8, 12):
        return data_url(content)
    nanos, seconds = _timestamp(content)
    try:
        return instant(seconds, f"{nanos:09}") if nanos < _NANOS else data_url(content)
    except ValueError:  # a year that Python's calendar does not have
        return data_url(content)


def _timestamp(content: bytes) -> tuple[int, int]:
    """Nanoseconds and seconds since 1970, from the three layouts of extension type -1."""
    if len(content) == 12:
        return int.from_bytes(content[:4], "big"), int.from_bytes(content[4:], "big", signed=True)
    number = int.from_bytes(content, "big")
    return (0, number) if len(content) == 4 else (number >> 34, number & (1 << 34) - 1)


def _container(source: Source, count: int, *, keyed: bool) -> Any:
    if not keyed:
        return [_value(source) for _ in source.many(count)]
    return json_object([(_key(source), _value(source)) for _ in source.many(count)])


def _key(source: Source) -> str:
    """Text: other keys, also bytes, are none that JSON has."""
    first = source.data[source.position : source.position + 1]
    if first not in _TEXTS:
        raise ValueError("a key that is no text")
    key: str = _value(source)
    return key


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_TEXTS = {bytes([first]) for first in (*range(0xA0, 0xC0), 0xD9, 0xDA, 0xDB)}
_NANOS = 1_000_000_000
