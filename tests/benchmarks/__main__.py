"""`python -m tests.benchmarks [--large] [--quick]`: every number of docs/measured.md, measured now."""

from __future__ import annotations

import argparse

from . import dags, decoding, flows, ingestion, memory, probes, redaction, shared, startup, streams, tasks
from .rows import show, show_cells


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure start-up, memory and whole runs.")
    parser.add_argument(
        "--large", action="store_true", help="also 10,000 and 50,000 streams, metadata only (half an hour more)"
    )
    parser.add_argument("--quick", action="store_true", help="100 streams only")
    options = parser.parse_args()
    show("Start-up (medians)", startup.rows())
    show("Airflow (medians)", dags.rows())
    show("A task beside its ingestion; floor: one that does nothing", tasks.rows())
    show("A probe, in a live Airflow (medians)", probes.rows())
    show("One stream's sample (medians)", decoding.rows())
    show("A run's streams in XCom (medians)", streams.rows())
    show_cells("Redaction", redaction.HEADER, redaction.cells())
    show("Memory", memory.rows())
    sizes = [(100, False), (100, True)]
    if not options.quick:
        sizes += [(1000, False), (1000, True)]
    cells = [run.cells() for size, samples in sizes for run in ingestion.ingested(size, samples=samples)]
    cells += [run.cells() for run in ingestion.again(100)]
    cells += [run.cells() for run in ingestion.idle(60, shards=4, empty_pages=6)]
    if options.large:
        cells += [run.cells() for run in ingestion.ingested(10_000, samples=False, first_run_only=True)]
        cells += [run.cells() for size in (1_000, 10_000, 50_000) for run in ingestion.rolling(size)]
    show_cells(f"A run at AWS's quotas, {ingestion.LATENCY_MS} ms a call", ingestion.HEADER, cells)
    if not options.quick:
        accounts = [(1_000, 50, 200), *([(10_000, 500, 2_000)] if options.large else [])]
        flowing = (run.cells() for account in accounts for run in flows.flowing(*account))
        show_cells("A run with tags, delivery streams and functions at AWS's quotas", flows.HEADER, flowing)
        show_cells("Runs of one account at AWS's quotas", shared.HEADER, (runs.cells() for runs in shared.shared()))


if __name__ == "__main__":
    main()
