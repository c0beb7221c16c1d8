"""The same characters written otherwise: full-width, in other scripts' digits, in the escapes of JSON, URLs, HTML."""

from __future__ import annotations

import re
import unicodedata
from array import array

_ESCAPE = re.compile(
    r"(?<!\\)\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([/\"bfnrt]))"  # escaped again by every string around it
    r"|((?:%(?:25){0,9}[c-fC-F][0-9a-fA-F])(?:%(?:25){0,9}[89abAB][0-9a-fA-F]){1,3})"  # of a URL, or of a URL in one
    r"|%(?:25){0,9}([0-9a-fA-F]{2})"
    r"|(?P<at>&commat;|(?<=[A-Za-z0-9])=40(?=[A-Za-z0-9]))"  # of HTML, and of mail (quoted-printable)
    r"|&(?:amp;)?\#(?:[xX]([0-9a-fA-F]{1,5})|([0-9]{1,6}));",
    re.VERBOSE,
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_FORMS = re.compile(r"(?![0-9])\d|[\uff01-\uff5e\ufe57-\ufe6b]")


def folded(text: str) -> str:
    """text with ASCII's signs and digits instead of their other forms in Unicode, each where it was."""
    return text if text.isascii() else _FORMS.sub(_plain, text)


def _plain(match: re.Match[str]) -> str:
    character = match.group()
    digit = unicodedata.decimal(character, None)
    return unicodedata.normalize("NFKC", character)[:1] if digit is None else str(digit)


def is_escaped(text: str) -> bool:
    return _ESCAPE.search(text) is not None


def unescaped(text: str) -> tuple[str, array[int]]:
    """text without escapes, and where in text each of its characters stands; one more entry for the end."""
    pieces, origins, last = [], array("I"), 0
    for match in _ESCAPE.finditer(text):
        pieces += [text[last : match.start()], _character(match)]
        origins.extend(range(last, match.start() + 1))
        last = match.end()
    origins.extend(range(last, len(text) + 1))
    return "".join([*pieces, text[last:]]), origins


def _character(match: re.Match[str]) -> str:
    json, python, letter, bytes_, byte, at, html, decimal = match.groups()
    if at:
        return "@"
    if letter:
        return _LETTERS.get(letter, letter)
    if bytes_:
        return bytes.fromhex("".join(re.findall("%(?:25)*(..)", bytes_))).decode(errors="replace")[:1]
    return chr(int(json or python or byte or html or "0", 16) or int(decimal or "0"))
