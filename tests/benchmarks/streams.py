"""What the rows of a run take in Airflow's metadata database, and to pack."""

from __future__ import annotations

import json
import random
import statistics
import string
import time
from collections.abc import Iterator
from typing import get_args

from airflow_kinesis_ingest.engine.model import Fate, StreamRow
from airflow_kinesis_ingest.engine.run.streams import MOST_BYTES, packed

from .rows import Row

REPEATS = 7
STAGES = ("prod", "staging", "dev", "qa")
TEAMS = ("orders", "checkout", "payments", "search", "inventory", "pricing", "fraud", "shipping", "loyalty", "identity")
NOUNS = ("cart", "refund", "shipment", "price", "user", "session", "invoice", "stock", "sku", "alert", "page-view")
VERBS = ("created", "updated", "deleted", "requested", "failed", "enriched", "raw", "dlq", "cdc", "snapshot", "v2")
SUFFIX = string.ascii_letters + string.digits


def rows() -> Iterator[Row]:
    """Half of the streams are named by people, half by CloudFormation, whose suffixes cannot be packed."""
    for count in (100, 1_000, 10_000):
        streams = _streams(count)
        value = packed(streams)
        what = f"{count:,} streams in XCom" + (f", {value['cut']:,} of them cut" if value["cut"] else "")
        yield Row(what, len(json.dumps(value)) / 1024, "KB", target=MOST_BYTES / 1024)
        yield Row(f"packing {count:,} streams", _milliseconds(streams), "ms")


def _streams(count: int) -> list[StreamRow]:
    drawn = random.Random(7)
    names: dict[str, None] = {}
    while len(names) < count:
        names[_name(drawn)] = None
    return [_row(drawn, name) for name in names]


def _name(drawn: random.Random) -> str:
    stage, team, noun = (drawn.choice(words) for words in (STAGES, TEAMS, NOUNS))
    if drawn.random() < 0.5:
        return f"{stage}-{team}-{noun}-{drawn.choice(VERBS)}-{drawn.randrange(100)}"
    return f"{stage}-{team}-{noun.title()}Stream{drawn.randrange(16**8):08X}-{''.join(drawn.choices(SUFFIX, k=12))}"


def _row(drawn: random.Random, name: str) -> StreamRow:
    outcomes: tuple[Fate, ...] = get_args(Fate)
    outcome = drawn.choices(outcomes, [2, 0, 1, 1, 30, 50, 16])[0]
    if outcome == "filtered":
        return StreamRow(name, outcome, "excludes .*-dlq-.*")
    shards, hours = drawn.choice((1, 1, 2, 4, drawn.randrange(1, 200))), drawn.choice((24, 24, 168, 8760))
    kind, messages = drawn.choice(("JSON", "JSON", "Avro", None)), drawn.choice((50, 50, 0, drawn.randrange(50)))
    return StreamRow(name, outcome, "includes prod-.*", shards, hours, kind, messages)


def _milliseconds(streams: list[StreamRow]) -> float:
    def once() -> float:
        # Processor time: all of it is computing, and a busy machine is no fault of the code.
        started = time.process_time()
        packed(streams)
        return 1000 * (time.process_time() - started)

    return statistics.median(once() for _ in range(REPEATS))
