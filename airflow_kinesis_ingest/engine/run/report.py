"""A RunReport as text that a person reads at the end of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model import RunReport, grouped

SHOWN = 10


def rows(report: RunReport) -> list[tuple[str, str]]:
    """The numbers of a run, as label and value; of one that ended early, those that are not zero."""
    nothing = ("0", "-", "") if report.fatal else ()
    return [(label, value) for label, value in _numbers(report) if value not in nothing]


def _numbers(report: RunReport) -> list[tuple[str, str]]:
    percent = report.success_percent
    return [
        ("listed", str(report.listed)),
        ("filtered", str(report.filtered)),
        ("described", str(report.described)),
        ("sampled", str(report.sampled)),
        ("written", str(report.written)),
        ("unchanged", str(report.unchanged)),
        *([("drifted", str(report.drifted))] if report.drift else []),
        ("not due", str(report.not_due)),
        ("skipped", str(report.skipped)),
        ("deleted", str(len(report.deleted))),
        *_flows(report),
        ("warnings", str(len(report.warnings))),
        ("failures", str(len(report.failures))),
        ("failed deletions", str(len(report.failed_deletions))),
        ("not reached", str(len(report.not_reached))),
        ("success", "-" if percent is None else f"{percent:.1f} %"),
        ("seconds", f"{report.seconds:.1f}"),
        ("state", report.state),
    ]


def _flows(report: RunReport) -> list[tuple[str, str]]:
    if not (flows := report.flows):
        return []
    counted = {"flows": flows.found, "flows written": flows.written, "flows removed": flows.removed}
    return [(label, str(count)) for label, count in (counted | {"labelled": flows.labelled}).items()]


def ending(report: RunReport) -> Iterator[str]:
    """Why the run ended early, if it did: what a reader looks for first."""
    if report.fatal:
        yield f"The run ended early. {report.fatal}"


def place(report: RunReport) -> Iterator[str]:
    """Where the catalogue is, if the run got that far: a line of its own, that a terminal does not break."""
    if report.catalogue:
        yield f"catalogue: {report.catalogue}"


def problems(report: RunReport) -> Iterator[str]:
    """A line per kind of problem, failures first, ten of each at most; the JSON report holds every problem."""
    kinds = {"failure": report.failures, "failed deletion": report.failed_deletions, "warning": report.warnings}
    for kind, found in kinds.items():
        groups = grouped(found)
        yield from (f"{kind}: {group}" for group in groups[:SHOWN])
        if rest := sum(len(group.entities) for group in groups[SHOWN:]):
            yield f"... and {rest} more {kind}s"
    if report.not_reached:
        names = ", ".join(report.not_reached[:SHOWN]) + (", ..." if len(report.not_reached) > SHOWN else "")
        yield f"not reached: {names}"


def progress(report: RunReport) -> tuple[int, int]:
    """How many streams are done with (written, unchanged, not due, skipped, failed), of how many kept so far."""
    done = report.written + report.unchanged + report.not_due + report.skipped + len(report.failures)
    kept = report.listed - report.filtered
    return min(done, kept), kept  # a stream that was asked for and is not listed has failed, and is none of them


def tenths(log: Callable[[int, int], None]) -> Callable[[RunReport], None]:
    """What calls `log` with the `progress` of a run at every further tenth: a log has no use for 1,000 lines."""
    logged = 0

    def on_progress(report: RunReport) -> None:
        nonlocal logged
        done, kept = progress(report)
        if kept and done * 10 // kept > logged * 10 // kept:
            logged = done
            log(done, kept)

    return on_progress


def table(report: RunReport) -> str:
    """The summary for a log: why the run ended early, numbers, problems."""
    width = max(len(label) for label, _ in rows(report))
    numbers = [f"{label:<{width}}  {value}" for label, value in rows(report)]
    return "\n".join([*ending(report), *numbers, *place(report), *problems(report)])
