"""Keys of AWS and JSON web tokens."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator

from ..spans import Span, outside

_KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}")
_SESSION = re.compile(r"(?<![A-Za-z0-9/+])(?:FwoG|IQoJ|FQoG|AQoD)[A-Za-z0-9/+]{96}[A-Za-z0-9/+]*={0,2}")
_RUN = re.compile(r"(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+_-]{40,}(?![A-Za-z0-9/+_=-])")
_LENGTH = 40  # of a secret access key, in base64
_SECRET = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?![0-9A-Fa-f]*\Z)[A-Za-z0-9/+]{40}")
# A step of a path, as a person or a program names it; a long stretch of random characters is hardly ever one.
_STEP = r"(?:[A-Za-z0-9]{1,6}|[A-Z0-9]{1,20}|[A-Za-z]?[a-z0-9]{0,31}(?:[A-Z][a-z0-9]{2,31}){0,7})"
_STEP_BEFORE = re.compile(rf"{_STEP}[/_-]")
_STEPS_AFTER = re.compile(rf"(?:[/_-]{_STEP}){{0,8}}")
_STEPS = re.compile(rf"/?{_STEP}(?:/{_STEP})*")
_MOST_STEPS = 16
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(e(?:yJ|yA|wo|w0)[A-Za-z0-9_-]{5,})={0,2}"
    # Two points where the second part is empty: the key of a JWE that was agreed on before, or a detached payload.
    r"(\.{1,2}[A-Za-z0-9_-]+={0,2}(?:\.[A-Za-z0-9_-]+={0,2}){0,3})?"  # may lack, so that no header is read twice
)
_HEADER = re.compile(rb'\{\s*"[\w#:./-]*(?:"|\Z)')


def aws_keys(text: str) -> Iterator[Span]:
    """Key ids by their prefix, session tokens by theirs; a secret key is 40 characters of mixed base64."""
    for pattern in (_KEY_ID, _SESSION):
        yield from (match.span() for match in pattern.finditer(text))
    secrets = [span for run in _RUN.finditer(text) for span in _secret(run.group(), run.start())]
    yield from outside(secrets, jwts(text)) if secrets else ()  # its parts are base64, too


def _secret(run: str, offset: int) -> list[Span]:
    """The secret in a run of its characters, alone or as the last steps of a path; of longer base64 none."""
    start, found = 0, list[Span]()
    for _ in range(_MOST_STEPS):
        end = start + _LENGTH
        if _is_secret(run[start:end]) and _STEPS_AFTER.fullmatch(run, end):
            found = [(offset + start, offset + end)]
        step = _STEP_BEFORE.match(run, start)
        if not step:
            break
        start = step.end()
    return found


def _is_secret(text: str) -> bool:
    """Words give away a path or a name: half of a random text is never small letters three and more in a row."""
    if not _SECRET.fullmatch(text) or _STEPS.fullmatch(text):
        return False
    return sum(map(len, re.findall("[a-z]{3,}", text))) * 2 < _LENGTH


def jwts(text: str) -> Iterator[Span]:
    return (match.span() for match in _TOKEN.finditer(text) if match[2] and _is_header(match[1]))


def _is_header(encoded: str) -> bool:
    """Whether JSON begins in what is encoded; what only begins like it may be the name of a host or a file."""
    start = encoded[:48]
    return bool(_HEADER.match(urlsafe_b64decode(start[: len(start) // 4 * 4])))
