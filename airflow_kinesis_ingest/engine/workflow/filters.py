"""topicFilterPattern as a pure predicate, with OpenMetadata's meaning.

`re.match` (anchored at the start only), case ignored, on the stream's name. A stream is kept if it matches some
include, or there are none, and matches no exclude. What `patterns` makes of them comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .models import FilterPattern
from .patterns import matcher


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a stream is kept, and the pattern that decided it; "" when no pattern had to."""

    kept: bool
    pattern: str = ""


def stream_filter(pattern: FilterPattern | None) -> Callable[[str], Verdict]:
    """A function from a stream's name to its verdict, raising FixFile for a pattern that takes too long.

    Patterns are compiled once.
    """
    includes = _compiled(pattern.includes if pattern else None)
    excludes = _compiled(pattern.excludes if pattern else None)

    def verdict(name: str) -> Verdict:
        excluded = _first(excludes, name)
        if excluded is not None:
            return Verdict(False, f"excludes {excluded}")
        if not includes:
            return Verdict(True)
        included = _first(includes, name)
        return Verdict(True, f"includes {included}") if included is not None else Verdict(False, "no include matches")

    return verdict


def _compiled(patterns: Sequence[str] | None) -> list[tuple[str, Callable[[str], bool]]]:
    return [(pattern, matcher(pattern)) for pattern in patterns or ()]


def _first(patterns: list[tuple[str, Callable[[str], bool]]], name: str) -> str | None:
    return next((pattern for pattern, matches in patterns if matches(name)), None)
