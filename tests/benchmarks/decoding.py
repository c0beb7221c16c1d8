"""What one stream's sample costs the processor: 50 JSON records of 1 KB, decoded and their schema inferred."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator

from airflow_kinesis_ingest.engine.records.decode import decode
from airflow_kinesis_ingest.engine.records.schema import infer

from .rows import Row

RECORDS = [
    json.dumps(
        {
            "id": n,
            "at": f"2026-11-01T10:{n:02d}:00Z",
            "customer": {"name": f"Customer {n}", "country": "DE", "tags": ["a", "b", "c"]},
            "lines": [{"sku": f"sku-{n}-{k}", "price": 1.5 * k, "count": k, "gift": k % 2 == 0} for k in range(8)],
            "note": "x" * 300,
        }
    ).encode()
    for n in range(50)
]


def rows() -> Iterator[Row]:
    floor = _milliseconds(lambda: [json.loads(record) for record in RECORDS])
    ours = _milliseconds(lambda: infer([one for record in RECORDS for one in decode(record)], name="orders"))
    size = statistics.mean(map(len, RECORDS))
    yield Row(f"decode and infer 50 records of {size:.0f} bytes (floor: json.loads)", ours, "ms", floor, target=2.0)


def _milliseconds(work: Callable[[], object], repeats: int = 101) -> float:
    def once() -> float:
        # Processor time: all of it is computing, and a busy machine is no fault of the code.
        started = time.process_time()
        work()
        return 1000 * (time.process_time() - started)

    return statistics.median(once() for _ in range(repeats))
