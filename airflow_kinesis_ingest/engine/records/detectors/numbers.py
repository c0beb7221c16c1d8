"""Numbers of cards, accounts and persons: digits in groups that a checksum or the form tells from others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..spans import Span, outside
from .addresses import is_version

_BLANKS = r" \t\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
_DASHES = r"\u00ad\u2010-\u2015\u2043\u2212-"
_GAPS = rf"{_BLANKS}./+_\u00b7\u2022*{_DASHES}"  # + is a blank in a URL
_DIGITS = re.compile(rf"(?<![0-9])[0-9][0-9:|~{_GAPS}]{{11,}}")
_DIGIT_RUN = re.compile(r"[0-9]+")
_GAP = re.compile(rf"[:|~{_GAPS}]| [^{_BLANKS}] |[{_DASHES}]{{2}}")
_SHORTEST, _LONGEST = 13, 19
# Lengths of the groups that cards are written in; not 8-4-4, which is how an UUID begins.
_GROUPED = re.compile(r"444[1-4]|4444[1-3]|46[45]|4333|88|448|484|[0-9]{2}")
_BRANDS = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})"  # Visa
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    r"|3[47][0-9]{13}"  # American Express, the only one of 15 digits: an IMEI has 15, too
    # Mir, Discover, UnionPay, JCB
    r"|(?:220[0-4]|6011|64[4-9][0-9]|65[0-9]{2}|62[0-9]{2}|35(?:2[89]|[3-8][0-9]))[0-9]{12,15}"
    r"|3(?:0[0-5]|09|[689][0-9])[0-9](?:[0-9]{10}|[0-9]{12,15})"  # Diners
    r"|(?:50[0-9]{2}|5[6-8][0-9]{2}|6304|633[1-4]|67[0-9]{2})(?:[0-9]{9,10}|[0-9]{12,15})"  # Maestro, Elo, Verve
    r"|(?:60[0-9]{2}|63[6-9][0-9]|81[0-9]{2}|8600|9792|9860)[0-9]{12}"  # RuPay, Hipercard, InstaPayment, UzCard, Troy
)
_HASH = re.compile(r"(?=.*[A-Fa-f])(?:.{24}|.{32}|.{40}|.{56}|.{64}|.{96}|.{128})")
_LONGEST_HASH = 128  # characters
_DOUBLED = str.maketrans("0123456789", "0246813579")  # the cross sum of the doubled digit, as Luhn asks
_IBAN_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=(?i:IBAN)))[A-Za-z]{2}(?=[0-9]{2})")
_SSN = re.compile(
    rf"(?<![0-9])(?<![0-9]-)(?!000|666|9)[0-9]{{3}}(?P<gap> ?[{_DASHES}] ?|[{_BLANKS}./+_\u00b7\u2022])"
    r"(?!00)[0-9]{2}(?P=gap)(?!0000)[0-9]{4}(?![0-9]|[.-][0-9])"
)
_NAMED_SSN = re.compile(
    r"(?:(?<![A-Za-z])(?i:ssn)|(?<=[a-z])S(?:sn|SN)|(?i:social.?security))"
    r"(?i:[ _-]?(?:number|num|no|nr)\b\.?)?(?i: ?\(ssn\))?(?i: is)?[^\w\r\n,;]{0,8}"  # a comma may end a header of CSV
    r"(?P<number>(?!000|666|9)[0-9]{3}(?!00)[0-9]{2}(?!0000)[0-9]{4})(?![0-9])"
)
_NO_PERSON_BEFORE = {
    ".": re.compile(r"(?:[0-9]\.|(?i:release|build)\s)\Z"),
    "/": re.compile(r"/\Z"),  # 123/45/6789 in a path
    "_": re.compile(r"\w\Z"),  # img_123_45_6789
    " ": re.compile(r"(?:\+[0-9]{1,3}[ (]?|(?i:tel|phone|fax|mobile?)\W{0,3})\Z"),  # of a telephone
}
_IBAN_REGISTRY = (  # country and length: SWIFT's registry; at the end those that use IBANs outside it
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 "
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 "
    "LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 "
    "PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 "
    "YE30 "
    "AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27 TG28"
)
_IBAN_LENGTHS = {entry[:2]: int(entry[2:]) for entry in _IBAN_REGISTRY.split()}


def cards(text: str) -> Iterator[Span]:
    """13 to 19 digits, alone or in groups, of a length that their brand has, which satisfy Luhn's check.

    Of digits in groups every stretch is tried, as a date may stand right before a card; none within an IBAN.
    """
    found = sorted(_cards(text))
    return outside(found, ibans(text)) if found else iter(())


def _cards(text: str) -> Iterator[Span]:
    for run in _DIGITS.finditer(text):
        groups = [match.span() for match in _DIGIT_RUN.finditer(text, run.start(), run.end())]
        for first, (start, _) in enumerate(groups):
            if not _is_fraction(text, start):
                yield from _cards_from(text, groups, first)


def _cards_from(text: str, groups: list[Span], first: int) -> Iterator[Span]:
    """One sign parts all groups of a card: digits parted otherwise are several numbers."""
    begin, end = groups[first]
    if end - begin not in (4, 8) and not _SHORTEST <= end - begin <= _LONGEST:
        return
    number, lengths, gap = text[begin:end], str(end - begin), ""
    following = first
    while len(number) <= _LONGEST:
        if _GROUPED.fullmatch(lengths) and is_card(number) and not _is_other_number(text, begin, number):
            yield begin, end
        following += 1
        if following == len(groups):
            return
        start, stop = groups[following]
        between = text[end:start]
        if not _GAP.fullmatch(between) or (gap and between != gap):
            return
        number, lengths, gap, end = number + text[start:stop], f"{lengths}{stop - start}", between, stop


def is_card(number: str) -> bool:
    return _BRANDS.fullmatch(number) is not None and _luhn(number)


def _is_other_number(text: str, start: int, number: str) -> bool:
    """True in a hash, for a telephone's with its +, and for an article's (EAN-13): Visa gives out no 13 any more."""
    if text[start - 1 : start] == "+" and len(number) <= 15 and not text[start - 2 : start - 1].isalnum():
        return True
    if _HASH.fullmatch(_hex_word(text, start, start + len(number))):
        return True
    return len(number) == 13 and (sum(map(int, number[::2])) + 3 * sum(map(int, number[1::2]))) % 10 == 0


def _hex_word(text: str, start: int, end: int) -> str:
    """What of the letters and digits around is one word of hexadecimal digits, as far as a hash goes."""
    before = re.search(r"[0-9A-Fa-f]*\Z", text[max(start - _LONGEST_HASH, 0) : start])
    after = re.match(r"[0-9A-Fa-f]*", text[end : end + _LONGEST_HASH])
    return (before.group() if before else "") + text[start:end] + (after.group() if after else "")


def _is_fraction(text: str, start: int) -> bool:
    """True for digits behind a point that has digits before it."""
    return text[start - 1 : start] == "." and text[start - 2 : start - 1].isdigit()


def _luhn(number: str) -> bool:
    return (sum(map(int, number[-1::-2])) + sum(map(int, number[-2::-2].translate(_DOUBLED)))) % 10 == 0


def ibans(text: str) -> Iterator[Span]:
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


def ssns(text: str) -> Iterator[Span]:
    """Three, two and four digits, parted by one sign twice. Nine digits in one are any number, unless named before."""
    yield from (match.span() for match in _SSN.finditer(text) if not _is_no_person(text, match))
    yield from (match.span("number") for match in _NAMED_SSN.finditer(text))


def _is_no_person(text: str, match: re.Match[str]) -> bool:
    """True for a version, a path, a telephone's number."""
    start, gap = match.start(), match["gap"]
    pattern = _NO_PERSON_BEFORE.get(gap)
    if pattern and pattern.search(text[max(start - 12, 0) : start]):
        return True
    if gap in "/_" and text.startswith(gap, match.end()):
        return True
    return gap == "." and is_version(text, start, match.end())
