"""The account of streams that 0.1.0 catalogued before it wrote what lies in `0.1.0/`."""

from __future__ import annotations

import json
import time

from tests.fakes.kinesis import FakeRecord, FakeShard, FakeStream

ORDERS = [{"id": number, "customer": {"name": f"n{number}", "country": "DE"}, "paid": True} for number in range(3)]
DOTTED = [{"id": number, "price.eur": 1.5} for number in range(3)]


def streams() -> list[FakeStream]:
    """JSON; JSON with dots in the stream's name and in a key; text; bytes; no record; resharded."""
    return [
        _stream("orders", *(json.dumps(order).encode() for order in ORDERS)),
        _stream("shop.prices", *(json.dumps(price).encode() for price in DOTTED)),
        _stream("greetings", "grüß Gott".encode(), b"plain text"),
        _stream("blobs", b"\x00\xff\xfe\x01"),
        FakeStream("idle", key_id="alias/aws/kinesis", retention_hours=168, mode="ON_DEMAND"),
        FakeStream(
            "resharded",
            [FakeShard(closed=True), FakeShard("shardId-000000000001"), FakeShard("shardId-000000000002")],
            consumers=2,
        ),
    ]


def _stream(name: str, *records: bytes) -> FakeStream:
    begin = time.time() - 60
    return FakeStream(
        name, [FakeShard(records=[FakeRecord(data, begin + number) for number, data in enumerate(records)])]
    )
