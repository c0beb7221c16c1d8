"""What the body of a request may be: JSON that a file can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastapi import HTTPException, Request, status

JSON = "application/json"
DEEPEST = 50
"""Levels of lists and objects in each other: what is deeper ends Python's own recursion, and no file needs it."""

HALF_PAIR = re.compile("[\ud800-\udfff]")
TOO_DEEP = f"Blocks lie in each other more than {DEEPEST} levels deep. Send fewer"
HALF = "A text holds half a surrogate pair, which no file can hold. Send whole characters"


def json_alone(request: Request) -> None:
    """A form of another site can send any other type without being asked first."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, f"Send {JSON}")


async def writable(request: Request) -> None:
    """Before the models look at it: what they refuse they repeat, and these values no answer can hold either."""
    if why := objection(await request.json()):
        raise HTTPException(status.HTTP_400_BAD_REQUEST, why)


def objection(body: Any) -> str:
    """Why no file can hold this; "" if one can."""
    level = [body]
    for _ in range(DEEPEST):
        if any(map(_is_half, level)):
            return HALF
        level = [part for each in level for part in _parts(each)]
    return TOO_DEEP if level else ""


def _is_half(value: Any) -> bool:
    return isinstance(value, str) and HALF_PAIR.search(value) is not None


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value
