"""The aggregated records of the Kinesis Producer Library.

Format: awslabs/kinesis-aggregation, `aggregation-format.md`: four magic bytes, a protobuf AggregatedRecord, the
MD5 of the protobuf.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import NamedTuple

from . import wire

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST = 16
_RECORDS, _DATA = 3, 3  # field numbers in AggregatedRecord and in its Record


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
        records = (
            content for number, content in wire.fields(body) if number == _RECORDS and isinstance(content, bytes)
        )
        payloads = [_payload(record) for record in islice(records, most)]
        return Aggregate(payloads, len(payloads) + sum(1 for _ in records))
    except ValueError:
        return None


def _payload(record: bytes) -> bytes:
    for number, content in wire.fields(record):
        if number == _DATA and isinstance(content, bytes):
            return content
    raise ValueError("a record without data")
