"""Stretches of a text, each from its first character to the one after its last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def outside(spans: Iterable[Span], taken: Iterable[Span]) -> Iterator[Span]:
    """Those of spans that lie in none of taken; both in order, taken without overlaps."""
    holders = iter(taken)
    holder = next(holders, None)
    for start, end in spans:
        while holder and holder[1] <= start:
            holder = next(holders, None)
        if not holder or end <= holder[0]:
            yield start, end
