"""What became of each stream of a run, packed for Airflow's XCom, which lies in the metadata database."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, get_args

from ..model import Fate, StreamRow

MOST_BYTES = 256 * 1024
GZIP = 31  # what zlib calls a stream with the header of gzip
COLUMNS = tuple(field.name for field in fields(StreamRow))
URGENCY: Mapping[str, int] = {fate: place for place, fate in enumerate(get_args(Fate))}


def packed(rows: Iterable[StreamRow], *, most: int = MOST_BYTES, **links: str) -> dict[str, Any]:
    """The rows as plain data of at most `most` bytes of JSON.

    If they do not fit, their tags go, then their flows, then the least urgent rows; `without` names such columns.

    {"columns": names of the columns, "data": base64 of gzip of JSON, which is one list per column in that order, sorted
    by the name of the stream, "count": all rows, "cut": those that are left out} and the links. links: addresses with
    `{name}` in the place of a stream's name, or `{topic}` in that of its topic's (`topic_pages`), "" where there is
    none; a few hundred bytes.
    """
    ordered = sorted(rows, key=_urgency)
    for without in _lighter(ordered):
        none: dict[str, Any] = dict.fromkeys(without)
        thin = [replace(row, **none) for row in ordered] if without else ordered
        value = squeezed(thin, COLUMNS, most, without=list(without), **links)
        if not value["cut"]:
            break
    return value


def _lighter(rows: Sequence[StreamRow]) -> Iterator[tuple[str, ...]]:
    """The columns to leave out, the fewest first."""
    yield ()
    if any(row.tags for row in rows):
        yield ("tags",)
    if any(row.readers or row.writers for row in rows):
        yield ("tags", "readers", "writers")


def squeezed(ordered: Sequence[Any], columns: Sequence[str], most: int = MOST_BYTES, **more: Any) -> dict[str, Any]:
    """The same for any rows with a `name` and these attributes; those that are left out are the last ones."""
    value = {"columns": list(columns), "data": "", "count": len(ordered), "cut": len(ordered), **more}
    data, kept = _fitting(ordered, columns, most - len(json.dumps(value)))
    return value | {"data": data, "cut": len(ordered) - kept}


def unpacked(value: Mapping[str, Any]) -> tuple[StreamRow, ...]:
    """The rows of what `packed` made, sorted by name. Raises ValueError for data that is not whole."""
    try:
        text = zlib.decompress(b64decode(value["data"]), GZIP)
    except zlib.error as error:
        raise ValueError(f"the rows of the streams cannot be unpacked: {error}") from None
    rows = zip(*json.loads(text), strict=True)
    return tuple(StreamRow(**dict(zip(value["columns"], map(_frozen, row), strict=True))) for row in rows)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _urgency(row: StreamRow) -> tuple[int, str]:
    return URGENCY[row.outcome], row.name


def _fitting(ordered: Sequence[Any], columns: Sequence[str], room: int) -> tuple[str, int]:
    """As many of the first rows as fit into the room, and how many these are."""
    kept = len(ordered)
    while len(data := _data(ordered[:kept], columns)) > room and kept:
        kept = min(kept - 1, int(kept * 0.99 * room / len(data)))
    return data, kept


def _data(rows: Sequence[Any], columns: Sequence[str]) -> str:
    """Neighbours in a column are more alike than those in a row: 6 % smaller."""
    by_name = sorted(rows, key=attrgetter("name"))
    values = [[getattr(row, column) for row in by_name] for column in columns]
    return b64encode(gzip.compress(json.dumps(values, separators=(",", ":")).encode(), mtime=0)).decode()
