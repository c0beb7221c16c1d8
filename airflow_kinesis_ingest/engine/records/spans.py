"""Stretches of a text, each from its first character to the one after its last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """spans in order, what overlaps put together."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def outside(spans: Iterable[Span], taken: Iterable[Span]) -> Iterator[Span]:
    """Those of spans that lie in none of taken; both in order, taken without overlaps."""
    holders = iter(taken)
    holder = next(holders, None)
    for start, end in spans:
        while holder and holder[1] <= start:
            holder = next(holders, None)
        if not holder or end <= holder[0]:
            yield start, end


def replaced(text: str, spans: Iterable[Span], instead: str) -> str:
    """text with `instead` for each of spans, which are in order and do not overlap; itself without any."""
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], instead]
        last = end
    return "".join([*pieces, text[last:]]) if pieces else text
