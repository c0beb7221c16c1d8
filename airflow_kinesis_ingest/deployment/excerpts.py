"""The lines of a broken file round its faults, for its DAG's documentation."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Fault

CONTEXT = 2
MOST = 40  # lines of one file


def excerpt(text: str, faults: Iterable[Fault]) -> str:
    """The lines with faults and two round each, numbered, the faulty ones marked; "" if no fault has a line.

    text: the file's, without its secrets, as `masked` makes it.
    """
    at = {fault.line for fault in faults if fault.line}
    wanted = sorted({line + near for line in at for near in range(-CONTEXT, CONTEXT + 1)})[:MOST]
    shown = dict(enumerate(text.splitlines()[: wanted[-1]], 1)) if wanted else {}
    lines, last = [], 0
    for number in filter(shown.__contains__, wanted):
        lines += ["  ..."] if last and number > last + 1 else []
        lines.append(f"{'>' if number in at else ' '} {number:>4} | {shown[number]}".rstrip())
        last = number
    return "\n".join(lines)
