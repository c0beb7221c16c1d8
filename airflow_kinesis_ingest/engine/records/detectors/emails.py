"""E-mail addresses in any script, and what has an @ and is none: versions of packages, files, code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..spans import Span
from .addresses import OCTET

# Accents written on their own, and the vowel signs of Indian and South-East Asian scripts, are no \w.
_WORD = (
    r"\w\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0df3\u0e31-\u0eff"
    r"\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0\ufe20-\ufe2f"
)
# Of what may stand before the @, without the signs that in practice end a word there, as = and / in an address line.
_LOCAL = re.compile(rf"[{_WORD}.%+'#~^!$-]")
_FOREIGN = rf"(?:(?![A-Za-z0-9_])[{_WORD}])"  # a letter of no Latin alphabet without accents
# The last label is a word, and ends with its alphabet: `ann@example.com和` goes on in Chinese.
_TOP = rf"(?:xn--[A-Za-z0-9-]{{2,59}}|[A-Za-z]{{2,24}}(?![A-Za-z0-9])|{_FOREIGN}{{2,24}})"
_DOMAIN = (
    rf"(?:(?:[{_WORD}-]{{1,63}}\.){{1,8}}{_TOP}|(?:{_FOREIGN}{{1,63}}[.\u3002\uff61]){{1,8}}{_FOREIGN}{{2,24}}"
    r"|(?<=[A-Za-z0-9_]@)(?:[A-Za-z0-9-]{1,63}[\u3002\uff61]){1,8}[a-z]{2,24}(?![A-Za-z0-9]))"
)
_LITERAL = r"\[(?:[Ii][Pp][Vv]6:)?[0-9A-Fa-f:.]{2,45}(?:%\w{1,15})?\]"
_HOST_NUMBER = rf"{OCTET}(?:\.{OCTET}){{3}}(?![0-9A-Za-z]|[.+-][0-9A-Za-z])"
_AT_DOMAIN = re.compile(rf"(?<=[{_WORD}.%+'#~^!$-])@(?:{_HOST_NUMBER}|{_LITERAL}|(?![\w.-]{{1,99}}\(\)){_DOMAIN})")
_QUOTED = re.compile(rf'"[^":,\\\n]{{1,64}}"@(?:{_LITERAL}|{_DOMAIN})')  # a quote with : or , is more likely JSON's
# Two numbers and more, as a version; a domain begins so only where it is an IP address. And an object's attribute, and
# a file of a day.
_NO_DOMAIN = re.compile(
    r"@(?:v?[0-9]+\.[0-9]+[.+-]?(?![0-9.]*\Z)|(?:self|this)\.|[0-9]{4}-[0-9]{2}-[0-9]{2}\.\w{1,4}\Z)"
)
_PATH = re.compile(r":[\w./~]")
# Scripts that put no blank before an address.
_UNSPACED = re.compile(r".*[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CODE = ("this", "super", "self", "return")
# Ends of the names of files, of systemd's units and of versions that are no top-level domains, as zip and mov are.
_ENDS = (
    "png jpg jpeg gif webp svg bmp ico avif css scss less js mjs cjs ts jsx tsx vue json yaml yml xml html htm csv "
    "tsv txt log pdf tgz gz tar whl jar war exe dll lock conf cfg ini toml sql proto bin dat bak tmp avro parquet "
    "java kt kts scala go rb php cpp hpp cs swift lua dart groovy gradle ipynb wasm class pyc pyi erb ejs jsp aspx cgi "
    "heic heif tif tiff psd eps ttf otf eot woff avi mkv wav ogg flac webm mpg mpeg doc docx xls xlsx ppt pptx odt ods "
    "rtf rar zst xz iso dmg deb rpm apk gem nupkg dylib orc plist pem crt cer pfx jks diff patch orig swp "
    "service socket timer mount slice scope swap path device next beta alpha canary latest snapshot final "
    "stable nightly preview"
)
_NO_TOP = frozenset(_ENDS.split())
# The commonest ones, within the name of a file.
_DOMAIN_OF_FILE = re.compile(r"@(?:[\w-]{1,63}\.){1,8}?(?:com|org|net|edu|gov|info|[a-z]{2})(?=[.-])", re.IGNORECASE)


def emails(text: str) -> Iterator[Span]:
    """The local part is looked for backwards from each @, never further than the address before."""
    if "@" not in text:
        return
    floor = 0
    for match in _AT_DOMAIN.finditer(text):
        start = _local_start(text, floor, match.start())
        floor = match.end()
        end = _domain_end(match)
        if end and not _is_code(text, text[start : match.start()], match):
            yield start, end
    yield from (match.span() for match in _QUOTED.finditer(text))


def _local_start(text: str, floor: int, at: int) -> int:
    start = at
    while start > floor and _LOCAL.match(text, start - 1):
        start -= 1
    before = _UNSPACED.match(text, start, at) if text[at - 1].isascii() else None
    start = before.end() if before else start
    return start + (text[start] == "'")


def _domain_end(at: re.Match[str]) -> int:
    """Where the domain ends, also within a file's name as `ann@example.com.json`; 0 where only the file has a name."""
    if at.group().rpartition(".")[2].lower() not in _NO_TOP:
        return at.end()
    named = _DOMAIN_OF_FILE.match(at.group())
    return at.start() + named.end() if named else 0


def _is_code(text: str, local: str, at: re.Match[str]) -> bool:
    """True for `lodash@4.17.rc`, `this@Page.title`, `'%@example.com'` and `git@host:path`."""
    if local in _CODE or (local and not re.search(r"\w", local)):
        return True
    return _NO_DOMAIN.match(at.group()) is not None or (local == "git" and _is_remote(text, at))


def _is_remote(text: str, at: re.Match[str]) -> bool:
    """Of repositories git is every host's user, and no person; any other name before a path may be one's."""
    return text.endswith("//", 0, at.start() - len("git")) or _PATH.match(text, at.end()) is not None
