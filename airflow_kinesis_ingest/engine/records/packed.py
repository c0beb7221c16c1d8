"""What CBOR and MessagePack share: a bounded position in bytes, and what JSON has no way to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

_VALUES_MOST = 100_000
DEEPEST = 64
"""Levels of containers and tags; each costs five Python frames."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_Value = TypeVar("_Value")


class Source:
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

    def nested(self, read: Callable[[], _Value]) -> _Value:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError("nested too deep")
        value = read()
        self.depth -= 1
        return value

    def end(self) -> None:
        if self.position != len(self.data):
            raise ValueError("bytes after the end")


def json_number(number: float) -> float | str:
    """The number; text for the three that JSON has no way to write."""
    if number != number:
        return "NaN"
    return number if abs(number) != float("inf") else ("Infinity" if number > 0 else "-Infinity")


def json_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """ValueError when two keys are one in JSON, as an entry would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("two keys that JSON writes alike")
    return found


def instant(seconds: int, fraction: str = "") -> str:
    """ISO 8601 of seconds since 1970 and the digits of a fraction, of which it shows none, or six and more.

    ValueError where Python's calendar ends.
    """
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError as error:
        raise ValueError("a time outside of the years 1 to 9999") from error
    digits = fraction.rstrip("0")
    return f"{moment.isoformat()[:19]}.{digits:0<6}+00:00" if digits else moment.isoformat()
