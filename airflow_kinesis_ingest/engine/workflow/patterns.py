"""Regular expressions with the meaning of `re.match`, ignoring case, on ASCII names, whose time has an end.

`re` tries every way to match, and `(a+)+$` has more of them than a day has seconds; meanwhile it lets no other thread
run, nor the run be stopped. RE2 needs a time in proportion to the name. What RE2 cannot express (looking ahead or
behind, a group again, possessive and atomic parts) goes to the `regex` library, with a limit on the time of a match.

The three read some patterns differently: classes, escapes, braces, the case of letters such as U+0131. So whatever
stands for one character is asked of `re` itself, once for each ASCII character, and the engines are given the answer
as a class: they decide nothing but how the parts follow each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from ...errors import FixFile

MATCH_SECONDS = 1.0
"""For one name. `regex` needs microseconds for what is no trap."""

TOKEN = re.compile(
    r"""
    (?P<dropped>\(\?[aimsuLx]+\) | \(\?\#[^)]*\))   # flags of the whole pattern, which `re` has read, and comments
    |(?P<scoped>\(\?[aimsuLx]*(?:-[imsx]+)?:)
    |(?P<opening>\(\?(?:<?[=!] | > | \(\w+\)))      # RE2 has neither these nor the next
    |(?P<again>\(\?P=\w+\) | \\(?![0-7]{3})[1-9][0-9]?)
    |(?P<group>\((?:\?P<\w+>)?)
    |(?P<close>\))
    |(?P<end>\\[Zz])
    |(?P<up_to>\{,[0-9]*\})
    |(?P<same>[|*+?^$] | \{[0-9]+(?:,[0-9]*)?\} | \\[AbB])
    |(?P<one>
        \[\^?\]?(?:\\.|[^]\\])*\]
        | \\x.{2} | \\u.{4} | \\U.{8} | \\N\{[^}]*\} | \\0[0-7]{0,2} | \\[1-7][0-7]{2} | \\[^0-9]
        | [^\\(]
    )
    """,
    re.VERBOSE | re.DOTALL,
)
LETTERS = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "u": re.UNICODE, "x": re.VERBOSE}


class _NotUnderstood(Exception):
    """A pattern that `_parts` cannot take apart."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name matches a pattern that `re` takes.

    What it returns raises FixFile for a pattern that takes too long.
    """
    try:
        parts = list(_parts(pattern))
    except _NotUnderstood:
        return _limited(pattern, pattern)
    linear = None if any(kind in ("opening", "again") for kind, _ in parts) else _linear(parts)
    return linear or _limited(pattern, "".join(text for _, text in parts))


def _linear(parts: list[tuple[str, str]]) -> Callable[[str], bool] | None:
    """None for what RE2 refuses: a repetition of more than 1,000, or possessive."""
    import re2  # by a run alone: reading a workflow does not need it

    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile("".join(r"\z" if kind == "end" else text for kind, text in parts), options)
    except re2.error:
        return None
    return lambda name: compiled.match(name) is not None


def _limited(pattern: str, translated: str) -> Callable[[str], bool]:
    import regex

    compiled = regex.compile(translated, regex.IGNORECASE | regex.VERSION0)  # a group again may be of another case

    def matches(name: str) -> bool:
        try:
            return compiled.match(name, timeout=MATCH_SECONDS, concurrent=True) is not None
        except TimeoutError:
            raise _too_slow(pattern, name) from None

    return matches


def _too_slow(pattern: str, name: str) -> FixFile:
    shown = pattern if len(pattern) <= 80 else f"{pattern[:77]}..."
    return FixFile(
        "a pattern takes too long",
        where="topicFilterPattern",
        why=f"`{shown}` did not come to an end within {MATCH_SECONDS:g} s on the stream {name}",
        remedy="Write it without a repetition inside a repetition, or without (?=, (?!, (?<, (?> and \\1",
    )


def _parts(pattern: str) -> Iterator[tuple[str, str]]:
    """The kind of each part, and its text for RE2 and `regex`. Raises _NotUnderstood, for (?x) above all."""
    scopes = [re.compile(pattern, re.IGNORECASE).flags]
    end = 0
    for found in TOKEN.finditer(pattern):
        kind, text = str(found.lastgroup), found[0]
        if found.start() != end or scopes[-1] & re.VERBOSE:
            raise _NotUnderstood
        end = found.end()
        yield kind, _rendered(kind, text, scopes[-1])
        if kind in ("scoped", "opening", "group"):
            scopes.append(_within(text, scopes[-1]) if kind == "scoped" else scopes[-1])
        elif kind == "close":
            scopes.pop()
    if end != len(pattern):
        raise _NotUnderstood


def _rendered(kind: str, text: str, flags: int) -> str:
    if kind == "dropped":
        return ""
    if kind == "one":
        return _ascii(text, flags)
    if kind == "up_to":
        return "{0" + text[1:]
    if kind == "scoped":
        return "(?i:" if _within(text, 0) & re.IGNORECASE else "(?-i:" if "i" in text else "(?:"
    return text


def _within(opening: str, flags: int) -> int:
    """The flags inside of `(?s-i:`, where `flags` hold around it."""
    on, _, off = opening.strip("(?:").partition("-")
    for letter in on:
        flags = flags & ~re.ASCII & ~re.UNICODE if letter in "au" else flags
        flags |= LETTERS[letter]
    for letter in off:
        flags &= ~LETTERS[letter]
    return flags


@lru_cache(maxsize=1024)
def _ascii(one: str, flags: int) -> str:
    """The ASCII characters, as a class, that what stands for one character takes."""
    takes = re.compile(one, flags & ~re.DEBUG).match
    taken = "".join(f"\\x{code:02x}" for code in range(128) if takes(chr(code)))
    return f"[{taken}]" if taken else r"[^\x00-\x7f]"
