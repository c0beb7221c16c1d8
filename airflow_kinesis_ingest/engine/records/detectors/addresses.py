"""IP addresses, and what only looks like them: versions, scopes of C++ and Rust, slices of Python, clocks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from ..spans import Span

OCTET = "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})"  # also as some logs pad it: 010
_V4 = re.compile(rf"(?<![0-9])(?<![0-9]\.){OCTET}(?:\.{OCTET}){{3}}(?![0-9]|\.[0-9])")
# Before it nothing that it could be a part of; a word with a colon that is no hexadecimal number, as in `peer:fe80::1`.
_V6_START = (
    r"(?:(?<![A-Za-z0-9:.])(?=[0-9A-Fa-f])|(?<![^\W_])(?<![:.])|(?<![A-Za-z0-9:.])(?=::)"
    r"|(?<=[^\W0-9A-Fa-f]:)|(?<=[^\W0-9A-Fa-f][0-9]:)|(?<=[A-Za-z_]{3}:))"
)
_V6 = re.compile(
    _V6_START + r"([0-9A-Fa-f]{0,4}:(?:[0-9A-Fa-f:]{0,30}:[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
    r"|[0-9A-Fa-f:]{0,37}(?:[0-9A-Fa-f]|(?<=:):)))(?![A-Za-z0-9_]|:[0-9A-Fa-f:])"
    r"(?:%[A-Za-z0-9]{1,15}(?:[._-][A-Za-z0-9]{1,15})?)?"  # the zone of an address that holds on one link
)
_ANY_V6 = re.compile(r"::|(?::[0-9A-Fa-f]{1,4}){5}")  # what all of them have, and next to no text without one
_WINDOW = 40  # characters before a finding that may say what it is
_VERSION_BEFORE = re.compile(
    r"""(?:(?<![^\W_])v                                                      # v1.2.3.4
    |(?:version|(?<![a-z])(?:ver|rev|revision|firmware|oid|section|chapter))["')\]]{0,2}[\s:=>"'(]{0,4}
    |(?<![a-z])(?:ver|rev)\.\s?
    |(?:release|build)["')\]]{0,2}\s?[:=][\s"'(]{0,3}
    |~>\s?|\w\s\((?:>=|<=|<<|>>|=)\s                                           # of Ruby, Terraform; of Debian
    |(?P<name>[\w.\]-]+)(?:==|~=|[<>!]=)                                     # name==1.2.3.4, without blanks
    |\.so\.)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_ADDRESSED = re.compile(
    "ip|addr|src|dst|host|server|net|dns|peer|remote|client|gateway|source|dest|node|member|worker|broker|pod",
    re.IGNORECASE,
)
_PRODUCT_BEFORE = re.compile(r"(?<![\w/.-])(?P<name>[A-Z][a-z]\w*|OPR|Edg\w*)/\Z")  # Chrome/120.0.0.0
_PRIVATE = re.compile(r"10\.|127\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.")  # `Anna/10.0.0.7`, as Java shows hosts
_VERSION_AFTER = re.compile(
    r"[.+~-](?:SNAPSHOT|(?:[0-9]{1,3}(?:ubuntu|deb)|rc|alpha|beta)[0-9.]{0,9}|Final|RELEASE|GA)(?![A-Za-z0-9-])"
)
_LIBRARY_BEFORE = re.compile(r"[A-Za-z]{2}[._-]\Z")
_LIBRARY_AFTER = re.compile(r"[\w.+~-]{0,40}?\.(?:jar|war|whl|deb|rpm|dll|so|nupkg|gem|msi|apk|exe)\b")
_HARDWARE = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){7}")  # EUI-64: IPv6 writes no 00
_SLICED = re.compile(r"[\w)\]]\[(?:[0-9:]*,\s?){0,3}\Z")
_SLICE_WINDOW = 16
_LETTERS_ONLY = re.compile(r"[A-Fa-f:]+")


def ips(text: str) -> Iterator[Span]:
    yield from (match.span() for match in _V4.finditer(text) if not is_version(text, *match.span()))
    if _ANY_V6.search(text):
        yield from (match.span() for match in _V6.finditer(text) if _is_v6(text, match))


def is_version(text: str, start: int, end: int) -> bool:
    """True for numbers with points that by what stands around them are a version's, not an address or a person's."""
    before = text[max(start - _WINDOW, 0) : start]
    marked = _VERSION_BEFORE.search(before)
    if marked:
        return not (marked["name"] and _ADDRESSED.search(marked["name"]))
    product = _PRODUCT_BEFORE.search(before)
    if product:
        return not _PRIVATE.match(text, start) and not _ADDRESSED.search(product["name"])
    if _VERSION_AFTER.match(text, end):
        return True
    return bool(_LIBRARY_BEFORE.search(before) and _LIBRARY_AFTER.match(text, end))


def _is_v6(text: str, match: re.Match[str]) -> bool:
    written = match[1]
    if (_LETTERS_ONLY.fullmatch(written) and written.count(":") < 7) or _HARDWARE.fullmatch(written):
        return False
    if len(written.replace(":", " ").split()) < 3 and not _is_short(text, match):
        return False
    try:
        ipaddress.IPv6Address(written)
    except ValueError:
        return False
    return True


def _is_short(text: str, match: re.Match[str]) -> bool:
    """Whether one or two groups are an address: `::1`, `fe80::1`; not the scope `f64::add`, not the slice `x[1::2]`."""
    written = match[1]
    if written.replace(":", "").isdigit() and _SLICED.search(
        text[max(match.start() - _SLICE_WINDOW, 0) : match.start()]
    ):
        return False
    head = written.partition(":")[0]
    return head in ("", "100") or len(head) == 4 or written.lower().startswith("64:ff9b:")
