"""Texts of six kinds of source, in which every secret is marked: what redaction misses, and what it hides by mistake.

A line of a file is a template. `«email»` is a value that must be hidden, `«!uuid»` one that must stay, and
`«email|url»` is one written in the escapes of a URL; `↵` is the end of a line. `values` draws the values.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .values import FORMS, HARMLESS, HIDDEN

KINDS = ("logs", "code", "csv", "json", "urls", "languages")
DRAWS = 6  # texts of one template
_MARK = re.compile(r"«(!?)(\w+)(?:\|(\w+))?»")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Text:
    """secrets: where they stand, each with the detector that is to find it."""

    text: str
    secrets: tuple[tuple[str, Span], ...]

    def may_be_hidden(self, detector: str) -> list[Span]:
        """Its secrets, and for an IP address those of others in which one stands: `ann@[10.0.0.1]`."""
        held = [span for _, span in self.secrets if "@[" in self.text[slice(*span)]]
        return self.secrets_of(detector) + (held if detector == "ip" else [])

    def secrets_of(self, detector: str) -> list[Span]:
        return [span for name, span in self.secrets if name == detector]


def texts(kind: str) -> Iterator[Text]:
    """At least 300, the same in every run."""
    lines = (Path(__file__).parent / f"{kind}.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(filter(None, lines)):
        for draw in range(DRAWS):
            yield _filled(line.replace("↵", "\n"), Random(f"{kind} {number} {draw}"))


def _filled(template: str, random: Random) -> Text:
    text, last, secrets = "", 0, []
    for mark in _MARK.finditer(template):
        text += template[last : mark.start()]
        detector, draw = ("", HARMLESS[mark[2]]) if mark[1] else HIDDEN[mark[2]]
        value = FORMS[mark[3] or ""](draw(random))
        if detector:
            secrets.append((detector, (len(text), len(text) + len(value))))
        text, last = text + value, mark.end()
    return Text(text + template[last:], tuple(secrets))


@dataclass(frozen=True, slots=True)
class Score:
    """Of `secrets` that are there, those not hidden whole; of texts, those in which more is hidden."""

    secrets: int
    misses: int
    texts: int
    false_alarms: int


def score(
    detector: str, found: Callable[[str], Iterable[Span]], corpus: Sequence[Text], *, whole: bool = True
) -> Score:
    """found: where a detector finds something in a text. Only letters and digits count, no quotes and blanks.

    whole: whether a secret is missed unless all of it is found; else only if nothing of it is.
    """
    count = Counter[str]()
    for one in corpus:
        secrets, hidden = one.secrets_of(detector), _places(one.text, found(one.text))
        count["secrets"] += len(secrets)
        places = [_places(one.text, [span]) for span in secrets]
        count["misses"] += sum(bool(place - hidden) if whole else not place & hidden for place in places)
        count["false alarms"] += not hidden <= _places(one.text, one.may_be_hidden(detector))
    return Score(count["secrets"], count["misses"], len(corpus), count["false alarms"])


def _places(text: str, spans: Iterable[Span]) -> set[int]:
    return {place for start, end in spans for place in range(start, end) if text[place].isalnum()}
