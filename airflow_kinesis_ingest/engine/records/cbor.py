"""CBOR (RFC 8949) -> JSON-ready values, only where it says itself that it is CBOR, by tag 55799.

What a tag means is resolved: times, big and decimal numbers, UUIDs, references to strings and values said before. What
JSON cannot say without loss is refused: tags that are not known here, two keys that JSON writes alike.

Read here and not by cbor2, which bounds no values: 10 MB of empty arrays take 700 MiB (cbor2 6.3).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Context, Decimal
from ipaddress import ip_address
from typing import Any, NamedTuple
from uuid import UUID

from .dataurl import data_url
from .packed import DEEPEST, Source, instant, json_number, json_object

CBOR_TAG = b"\xd9\xd9\xf7"
_BIG_INT_MOST = 1024  # bytes; Python refuses to print integers of more than 4300 digits
_EXPONENT_MOST = 1100  # a double reaches from 2^-1074 to 2^1023
_FRACTION_MOST = 12  # digits of a second
_REPEATED_MOST = 1 << 20  # bytes of what references repeat: a reference of three bytes may stand for a megabyte
_STRING_REFERENCE, _SHAREABLE, _SHARED, _NAMESPACE = 25, 28, 29, 256


def read_cbor(data: bytes) -> Any:
    """The value behind the self-describing tag. ValueError, which says why, when it is anything that JSON is not."""
    if not data.startswith(CBOR_TAG):
        raise ValueError("no self-describing tag")
    source = _Source(data[len(CBOR_TAG) :])
    value = _shown(_item(source))
    source.end()
    return value


class _Shareable(NamedTuple):
    """A value that may be referred to, the bytes it stands for, and the levels in it."""

    value: Any
    weight: int
    height: int


class _Source(Source):
    """Also what later bytes may refer to.

    namespaces: the numbered strings of each. shareables: None is one that is not read to its end. repeated: bytes that
    references stood for. deepest: the most levels so far.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.namespaces: list[list[str | bytes]] = []
        self.shareables: list[_Shareable | None] = []
        self.repeated = 0
        self.deepest = 0

    def string(self, major: int, content: bytes) -> str | bytes:
        """One of a known length: it gets a number in the innermost namespace unless its number would be longer."""
        value = content if major == 2 else content.decode()
        if self.namespaces and len(content) >= _shortest(len(self.namespaces[-1])):
            self.namespaces[-1].append(value)
        return value

    def repeat(self, weight: int, height: int = 0) -> None:
        self.repeated += weight
        self.deepest = max(self.deepest, self.depth + height)
        if self.repeated > _REPEATED_MOST or self.deepest > DEEPEST:
            raise ValueError("references that repeat too much")

    def share(self) -> Any:
        """The next item, which later ones may refer to."""
        index, outside = len(self.shareables), self.deepest
        self.shareables.append(None)
        self.deepest, start = self.depth, self.position + self.repeated
        value = _item(self)
        height = self.deepest - self.depth
        self.shareables[index] = _Shareable(value, self.position + self.repeated - start, height)
        self.deepest = max(self.deepest, outside)
        return value


def _shortest(number: int) -> int:
    """Bytes of a string that gets this number (the stringref extension, cbor.schmorp.de/stringref)."""
    return next((size for most, size in ((24, 3), (256, 4), (1 << 16, 5), (1 << 32, 7)) if number < most), 11)


def _item(source: _Source) -> Any:
    """The next one; bytes are bytes still, as the tag before them may say what they are."""
    initial = source.take(1)[0]
    major, detail = initial >> 5, initial & 31
    if major == 7:
        return _simple(source, detail)
    if detail == 31:
        return _indefinite(source, major)
    count = _count(source, detail)
    if major in (0, 1):
        return count if major == 0 else -1 - count
    if major in (2, 3):
        return source.string(major, source.take(count))
    return _nested(
        source, (lambda: _tagged(source, count)) if major == 6 else (lambda: _container(source, major, count))
    )


def _nested(source: _Source, read: Callable[[], Any]) -> Any:
    source.deepest = max(source.deepest, source.depth + 1)
    return source.nested(read)


def _shown(item: Any) -> Any:
    if isinstance(item, bytes):
        return data_url(item)
    return json_number(item) if isinstance(item, float) else item


def _count(source: _Source, detail: int) -> int:
    if detail < 24:
        return detail
    if detail > 27:
        raise ValueError("a reserved length")
    return source.unsigned(1 << (detail - 24))


def _container(source: _Source, major: int, count: int) -> Any:
    if major == 4:
        return [_shown(_item(source)) for _ in source.many(count)]
    return json_object([(_key(_item(source)), _shown(_item(source))) for _ in source.many(count)])


def _key(item: Any) -> str:
    """A key as JSON writes it. ValueError for a container: each one around it would double its escapes."""
    shown = _shown(item)
    if isinstance(shown, (dict, list)):
        raise ValueError("a key that is a container")
    return shown if isinstance(shown, str) else json.dumps(shown)


def _indefinite(source: _Source, major: int) -> Any:
    """A string in chunks, or a container of unsaid length, up to the break byte."""
    if major in (2, 3):
        return _chunks(source, major)
    if major not in (4, 5):
        raise ValueError("an indefinite length where none can be")
    items = _nested(source, lambda: _until_break(source))
    if major == 4:
        return [_shown(item) for item in items]
    if len(items) % 2:
        raise ValueError("a key without value")
    return json_object([(_key(key), _shown(value)) for key, value in zip(items[::2], items[1::2], strict=True)])


def _until_break(source: _Source) -> list[Any]:
    items = []
    while not _is_break(source):
        source.many(1)
        items.append(_item(source))
    return items


def _is_break(source: _Source) -> bool:
    found = source.data[source.position : source.position + 1] == b"\xff"
    source.position += found
    return found


def _chunks(source: _Source, major: int) -> str | bytes:
    found = bytearray()
    while not _is_break(source):
        initial = source.take(1)[0]
        if initial >> 5 != major:
            raise ValueError("a chunk of another kind")
        found += source.take(_count(source, initial & 31))
    return bytes(found) if major == 2 else found.decode()


def _simple(source: _Source, detail: int) -> Any:
    if detail in (20, 21):
        return detail == 21
    if detail in (22, 23):
        return None
    if detail in (25, 26, 27):
        size = 1 << (detail - 24)
        return struct.unpack({2: ">e", 4: ">f", 8: ">d"}[size], source.take(size))[0]
    raise ValueError("a simple value without meaning here")


# Tags (the IANA registry "CBOR Tags")


def _tagged(source: _Source, tag: int) -> Any:
    if tag == _NAMESPACE:
        source.namespaces.append([])
        value = _item(source)
        source.namespaces.pop()
        return value
    if tag == _SHAREABLE:
        return source.share()
    content = _item(source)
    if tag == _STRING_REFERENCE:
        return _string_reference(source, content)
    if tag == _SHARED:
        return _shared(source, content)
    if tag not in _MEANINGS:
        raise ValueError(f"tag {tag} says something that JSON cannot")
    return _MEANINGS[tag](content)


def _string_reference(source: _Source, number: Any) -> str | bytes:
    table = source.namespaces[-1] if source.namespaces else []
    found = table[_index(number, len(table))]
    source.repeat(len(found))
    return found


def _shared(source: _Source, number: Any) -> Any:
    found = source.shareables[_index(number, len(source.shareables))]
    if found is None:
        raise ValueError("a value that contains itself")
    source.repeat(found.weight, found.height)
    return found.value


def _index(number: Any, count: int) -> int:
    if type(number) is not int or not 0 <= number < count:
        raise ValueError("a reference to nothing")
    return number


def _same(content: Any) -> Any:
    return content


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise ValueError("a tag for text on what is none")
    return content


def _bytes(content: Any, *sizes: int) -> bytes:
    if not isinstance(content, bytes) or (sizes and len(content) not in sizes):
        raise ValueError("a tag for bytes on what are none, or on too many")
    return content


def _integer(content: Any) -> int:
    if type(content) is not int:
        raise ValueError("a tag for an integer on what is none")
    return content


def _bignum(content: Any) -> int:
    if len(_bytes(content)) > _BIG_INT_MOST:
        raise ValueError("an integer of too many digits")
    return int.from_bytes(content, "big")


def _instant(content: Any) -> str:
    if type(content) not in (int, float) or not math.isfinite(content):
        raise ValueError("a time that is no number")
    seconds = Decimal(repr(content))  # the digits that JSON would have
    if seconds.adjusted() > _FRACTION_MOST or -_exponent(seconds) > _FRACTION_MOST:
        raise ValueError("a time out of bounds")
    whole = math.floor(seconds)
    return instant(whole, f"{seconds - whole:f}".partition(".")[2])


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # the others are those of NaN and infinity
    return exponent


def _day(content: Any) -> str:
    try:
        return (date(1970, 1, 1) + timedelta(days=_integer(content))).isoformat()
    except OverflowError as error:
        raise ValueError("a day outside of the years 1 to 9999") from error


def _pair(content: Any) -> tuple[int, int]:
    if not isinstance(content, list) or len(content) != 2:
        raise ValueError("a tag for two integers on what are none")
    return _integer(content[0]), _integer(content[1])


def _decimal(content: Any) -> float | str:
    exponent, mantissa = _pair(content)
    return _exact(_scaled(mantissa, exponent), lambda nearest: Decimal(repr(nearest)))


def _bigfloat(content: Any) -> float | str:
    exponent, mantissa = _pair(content)
    if abs(exponent) > _EXPONENT_MOST:
        raise ValueError("a number out of bounds")
    scaled = Decimal(mantissa << exponent) if exponent >= 0 else _scaled(mantissa * 5**-exponent, exponent)
    return _exact(scaled, Decimal)


def _scaled(mantissa: int, exponent: int) -> Decimal:
    if abs(exponent) > _EXPONENT_MOST:
        raise ValueError("a number out of bounds")
    return Decimal(mantissa).scaleb(exponent, Context(prec=5000))


def _exact(number: Decimal, read: Callable[[float], Decimal]) -> float | str:
    """A double where JSON's readers get this very number from it, else its digits as text. read: what they get."""
    nearest = float(number)
    return nearest if math.isfinite(nearest) and read(nearest) == number else format(number, "f")


def _ratio(content: Any) -> str:
    numerator, denominator = _pair(content)
    return f"{numerator}/{denominator}"


def _address(content: Any) -> str:
    return str(ip_address(_bytes(content, 4, 16)))


def _hardware_address(content: Any) -> str:
    return _bytes(content, 6).hex(":") if len(_bytes(content)) == 6 else _address(content)


_MEANINGS: dict[int, Callable[[Any], Any]] = {
    0: _text,
    1: _instant,
    2: _bignum,
    3: lambda content: -1 - _bignum(content),
    4: _decimal,
    5: _bigfloat,
    24: lambda content: data_url(_bytes(content), "application/cbor"),
    30: _ratio,
    37: lambda content: str(UUID(bytes=_bytes(content, 16))),
    52: _address,
    54: _address,
    100: _day,
    260: _hardware_address,
    1004: _text,
    # How bytes are best written; URIs, base64, expressions, MIME; language and text; places, sets, maps; CBOR itself.
    **dict.fromkeys((21, 22, 23, 32, 33, 34, 35, 36, 38, 103, 257, 258, 259, 55799), _same),
}
