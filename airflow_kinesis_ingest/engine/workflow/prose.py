"""What people write for people, in comments and descriptions, without the secrets that they left in it.

Nothing says what a word of it is: one is shown if it looks like a word of a language, a name of such words, or a
number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from ..records.detectors import DETECTORS
from .document import HIDDEN
from .field_types import PLACEHOLDER
from .kinds import every_key

TELLING = re.compile(
    r"""(?:secret|token|passw|pwd|key|credential|auth|jwt|signature|session|cookie)[\w-]{0,40}["']?"""
    r"""\s{0,9}(?:[:=]|\bis\b)[\s:=]*(?P<value>.*)""",
    re.IGNORECASE,
)
"""What is called like a secret, and what is said of it."""

SCHEME = re.compile(r"\b(bearer|basic)\s+\S+", re.IGNORECASE)
WORD = re.compile(r"\S+")
PART = re.compile(r"[^\W_]+")
SPELLED = re.compile(r"[A-Z]+s?|[A-Z]{0,5}[a-z]+|[a-z]{2,}(?:[A-Z]{1,4}[a-z]{2,}){1,5}|(?:[A-Z][a-z]{2,}){2,6}")
LONGEST_WORD, LONGEST_NUMBER = 30, 12
MIXED, MOST_MIXED = 3, 2  # letters and digits of one part, as in `v2`; such parts of one word
SHORTEST_KEY = 10  # characters that the form of any key has
USER = re.compile(r"//[^/\s]*@")
COMMENT = re.compile(r"(?P<indent>[^#]*)#(?P<text>.*)", re.DOTALL)


@lru_cache(maxsize=4096)
def looks_secret(text: str) -> bool:
    """Whether something in it has the form of AWS's keys, of a JWT, or of an address with a user."""
    if "@" in text and USER.search(text):
        return True
    return len(text) >= SHORTEST_KEY and any(any(DETECTORS[name](text)) for name in ("aws_key", "jwt"))


@lru_cache(maxsize=4096)
def prose(line: str) -> str:
    """One line, with `***` for the words in doubt, and for all that follows the name of a secret."""
    found = TELLING.search(line)
    if found and found["value"] and not PLACEHOLDER.fullmatch(found["value"].strip()):
        return f"{_words(line[: found.start('value')])}{HIDDEN}"
    return _words(line)


def _words(line: str) -> str:
    return WORD.sub(lambda word: word[0] if is_told(word[0]) else HIDDEN, SCHEME.sub(rf"\1 {HIDDEN}", line))


def comments(lines: Iterable[str]) -> Iterator[str]:
    """Lines of which each is a comment, or blanks. What is further to the right than a secret's key is a part of it."""
    below: int | None = None
    for line in lines:
        found = COMMENT.fullmatch(line)
        if found is None:
            below = None
            yield line
            continue
        text = found["text"]
        indent = len(text) - len(text.lstrip())
        if below is not None and indent > below and text.strip():
            yield f"{found['indent']}#{text[:indent]}{HIDDEN}"
            continue
        below = indent if TELLING.search(text) else None
        yield f"{found['indent']}#{prose(text)}"


@lru_cache(maxsize=4096)
def is_told(word: str) -> bool:
    """Whether it has the look of a word, and of no secret."""
    if looks_secret(word):
        return False
    parts = PART.findall(PLACEHOLDER.sub("", word))
    mixed = [part for part in parts if not (part.isdigit() or part.isalpha())]
    return len(mixed) <= MOST_MIXED and all(map(_is_part_told, parts))


def _is_part_told(part: str) -> bool:
    if part.isdigit():
        return len(part) <= LONGEST_NUMBER
    if not part.isalpha():
        return len(part) <= MIXED
    if not part.isascii():
        return len(part) <= LONGEST_WORD
    return part in every_key() or (len(part) <= LONGEST_WORD and bool(SPELLED.fullmatch(part)))
