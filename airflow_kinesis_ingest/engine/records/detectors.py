"""Secrets and personal data that show by their form: where in a text they stand.

Every search takes time linear in the text: what repeats without bound is one character class, and begins only
where a lookbehind says that it cannot have begun before.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

Span = tuple[int, int]

# Accents written on their own, and the vowel signs of Indian and South-East Asian scripts, are no \w.
_MARKS = (
    r"\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0df3\u0e31-\u0eff"
    r"\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20f0\ufe20-\ufe2f"
)
# Of what may stand before the @, without the signs that in practice end a word there, as = and / in an address line.
_LOCAL = re.compile(rf"[\w{_MARKS}.%+'-]")
_DOMAIN = rf"[\w{_MARKS}-]{{1,63}}(?:\.[\w{_MARKS}-]{{1,63}}){{1,8}}"
_AT_DOMAIN = re.compile(rf"(?<=[\w{_MARKS}.%+'-])@{_DOMAIN}")
_QUOTED_EMAIL = re.compile(rf'"[^":,\\\n]{{1,64}}"@{_DOMAIN}')  # a quote with : or , is more likely one of JSON's
_GAPS = r" \t.\u00a0\u2007\u2009\u202f-"
_DIGITS = re.compile(rf"(?<![0-9])[0-9][0-9{_GAPS}]{{11,}}")
_DIGIT_RUN = re.compile(r"[0-9]+")
_SHORTEST_GROUP = 3  # digits: cards are written in groups of 4-4-4-4, 4-6-5, 4-6-4, 4-4-4-4-3 or 4-3-3-3
_LONGEST_GROUP = 6
_DOUBLED = str.maketrans("0123456789", "0246813579")  # the cross sum of the doubled digit, as Luhn asks
_IBAN_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=(?i:IBAN)))[A-Za-z]{2}(?=[0-9]{2})")
_SSN = re.compile(
    r"(?<![0-9])(?<![0-9]-)(?!000|666|9)[0-9]{3}(?P<gap>[ -])(?!00)[0-9]{2}(?P=gap)(?!0000)[0-9]{4}(?![0-9]|-[0-9])"
)
_AWS_KEY_ID = re.compile(
    r"(?<![A-Za-z0-9])(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}"
)
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_AWS_SESSION = re.compile(r"(?<![A-Za-z0-9/+])(?:FwoG|IQoJ|FQoG|AQoD)[A-Za-z0-9/+]{96}[A-Za-z0-9/+]*={0,2}")
# Two points where the second part is empty: the key of a JWE that was agreed on before, or a detached payload.
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.{1,2}[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,3}")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"(?<![0-9])(?<![0-9]\.){_OCTET}(?:\.{_OCTET}){{3}}(?![0-9]|\.[0-9])")
# Before it nothing that it could be a part of; a word with a colon that is no hexadecimal number, as in `peer:fe80::1`.
_IPV6_START = r"(?:(?<![^\W_])(?<![:.])|(?<=[G-Zg-z_]:)|(?<=[G-Zg-z_][0-9]:)|(?<=[A-Za-z_]{3}:))"
_IPV6 = re.compile(_IPV6_START + r"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,38}(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?(?![\w:])")

_IBAN_REGISTRY = (  # country and length (SWIFT's IBAN registry)
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}


def _emails(text: str) -> Iterator[Span]:
    """The local part is looked for backwards from each @, never further than the address before."""
    if "@" not in text:
        return
    floor = 0
    for match in _AT_DOMAIN.finditer(text):
        start = match.start()
        while start > floor and _LOCAL.match(text, start - 1):
            start -= 1
        start += text[start] == "'"
        floor = match.end()
        yield start, floor
    yield from (match.span() for match in _QUOTED_EMAIL.finditer(text))


def _cards(text: str) -> Iterator[Span]:
    """13 to 19 digits, alone or in groups, that begin like a card of any network and satisfy Luhn's check.

    Of digits in groups every stretch is tried, as a date may stand right before a card.
    """
    for run in _DIGITS.finditer(text):
        groups = [match.span() for match in _DIGIT_RUN.finditer(text, run.start(), run.end())]
        for first, (start, _) in enumerate(groups):
            if not _is_fraction(text, start):
                yield from _cards_from(text, groups, first)


def _cards_from(text: str, groups: list[Span], first: int) -> Iterator[Span]:
    number, end = "", groups[first][0]
    for index in range(first, len(groups)):
        start, stop = groups[index]
        if not _SHORTEST_GROUP <= stop - start <= 19 - len(number) or start - end > 1:
            return
        if text[end] == "." and max(stop - start, end - groups[index - 1][0]) > _LONGEST_GROUP:
            return
        number, end = number + text[start:stop], stop
        if len(number) > 12 and "2" <= number[0] <= "6" and _luhn(number):
            yield groups[first][0], stop


def _is_fraction(text: str, start: int) -> bool:
    """True for digits behind a point that has digits before it."""
    return text[start - 1 : start] == "." and text[start - 2 : start - 1].isdigit()


def _luhn(number: str) -> bool:
    return (sum(map(int, number[-1::-2])) + sum(map(int, number[-2::-2].translate(_DOUBLED)))) % 10 == 0


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN_START.finditer(text):
        start, length = match.start(), _IBAN_LENGTHS.get(match.group().upper(), 0)
        end = _end_after(text, start, length)
        if end and _mod_97(re.sub(f"[{_GAPS}]", "", text[start:end])):
            yield start, end


def _end_after(text: str, start: int, length: int) -> int:
    """The position after `length` letters and digits with single gaps at most; 0 if they end before or go on."""
    pattern = rf"(?:[A-Za-z0-9][{_GAPS}]?){{{length - 1}}}[A-Za-z0-9](?![A-Za-z0-9])"
    match = re.compile(pattern).match(text, start) if length else None
    return match.end() if match else 0


def _mod_97(iban: str) -> bool:
    """ISO 7064: letters count from A = 10, and the first four characters go to the end."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def _aws_keys(text: str) -> Iterator[Span]:
    """Key ids by their prefix, session tokens by theirs; a secret key is 40 characters of mixed base64."""
    for pattern in (_AWS_KEY_ID, _AWS_SESSION):
        yield from (match.span() for match in pattern.finditer(text))
    for match in _AWS_SECRET.finditer(text):
        secret = match.group()
        if re.search("[a-z]", secret) and re.search("[A-Z]", secret) and re.search("[0-9]", secret):
            yield match.span()


def _ips(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _IPV4.finditer(text))
    if ":" in text:
        yield from (match.span() for match in _IPV6.finditer(text) if _is_ipv6(match.group()))


def _is_ipv6(text: str) -> bool:
    if not text.strip(":"):  # a mere operator of some language
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _by(pattern: re.Pattern[str]) -> Callable[[str], Iterator[Span]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


DETECTORS: dict[str, Callable[[str], Iterator[Span]]] = {
    "email": _emails,
    "card": _cards,
    "iban": _ibans,
    "us_ssn": _by(_SSN),
    "aws_key": _aws_keys,
    "jwt": _by(_JWT),
    "ip": _ips,
}
