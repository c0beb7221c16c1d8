"""A RunReport as text that a person reads at the end of a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..model import Problem, RunReport

SHOWN = 10


def rows(report: RunReport) -> list[tuple[str, str]]:
    """The numbers of a run, as label and value."""
    percent = report.success_percent
    return [
        ("listed", str(report.listed)),
        ("filtered", str(report.filtered)),
        ("described", str(report.described)),
        ("sampled", str(report.sampled)),
        ("written", str(report.written)),
        ("unchanged", str(report.unchanged)),
        ("skipped", str(report.skipped)),
        ("deleted", str(len(report.deleted))),
        ("warnings", str(len(report.warnings))),
        ("failures", str(len(report.failures))),
        ("failed deletions", str(len(report.failed_deletions))),
        ("not reached", str(len(report.not_reached))),
        ("success", "-" if percent is None else f"{percent:.1f} %"),
        ("seconds", f"{report.seconds:.1f}"),
        ("state", report.state),
        ("catalogue", report.catalogue),
    ]


def problems(report: RunReport) -> Iterator[str]:
    """One line per problem, failures first, ten of each kind at most; the JSON report holds them all."""
    if report.fatal:
        yield f"The run ended early. {report.fatal}"
    kinds = {"failure": report.failures, "failed deletion": report.failed_deletions, "warning": report.warnings}
    for kind, found in kinds.items():
        for problem in found[:SHOWN]:
            yield f"{kind}: {_line(problem)}"
        if len(found) > SHOWN:
            yield f"... and {len(found) - SHOWN} more {kind}s"
    if report.not_reached:
        names = ", ".join(report.not_reached[:SHOWN]) + (", ..." if len(report.not_reached) > SHOWN else "")
        yield f"not reached: {names}"


def progress(report: RunReport) -> tuple[int, int]:
    """How many streams are done with, written, unchanged, skipped or failed, of how many that are kept so far."""
    done = report.written + report.unchanged + report.skipped + len(report.failures)
    return done, report.listed - report.filtered


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
    """The summary for a log: numbers, then problems."""
    width = max(len(label) for label, _ in rows(report))
    numbers = [f"{label:<{width}}  {value}" for label, value in rows(report)]
    return "\n".join([*numbers, *problems(report)])


def _line(problem: Problem) -> str:
    return f"{problem.entity} ({problem.step}): {problem.cause}. {problem.remedy}"
