"""The same characters written otherwise: full-width, in other scripts' digits, in the escapes of JSON, URLs, HTML."""

from __future__ import annotations

import re
import unicodedata
from array import array
from html import unescape

_ESCAPE = re.compile(
    # Of strings in JSON and programs, escaped again by every string around it.
    r"(?<!\\)\\+(?:(?:u|U0000)([0-9a-fA-F]{4})|u\{0{0,4}([0-9a-fA-F]{1,5})\}|x([0-9a-fA-F]{2})|([/\"bfnrt]))"
    r"|((?:%(?:25){0,9}[c-fC-F][0-9a-fA-F])(?:%(?:25){0,9}[89abAB][0-9a-fA-F]){1,3})"  # of a URL, or of a URL in one
    r"|%(?:25){0,9}(?:u([0-9a-fA-F]{4})|([0-9a-fA-F]{2}))"
    r"|&(?:amp;)?((?:commat|period|colon|sol|plus|lowbar|nbsp|ensp|emsp|thinsp|shy|hyphen|dash|ndash|mdash);)"
    r"|((?<=[A-Za-z0-9])=40(?=[A-Za-z0-9]))"  # of mail (quoted-printable)
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
    json, braced, python, letter, bytes_, script, byte, name, at, html, decimal = match.groups()
    if at:
        return "@"
    if name:
        return unescape(f"&{name}")
    if letter:
        return _LETTERS.get(letter, letter)
    if bytes_:
        return bytes.fromhex("".join(re.findall("%(?:25)*(..)", bytes_))).decode(errors="replace")[:1]
    return chr(int(json or braced or python or script or byte or html or "0", 16) or int(decimal or "0"))
