"""Secrets and personal data that show by their form: where in a text they stand.

Every search takes time linear in the text: what repeats without bound is one character class, and begins only
where a lookbehind says that it cannot have begun before. What decides whether a finding counts looks at a bounded
stretch around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..spans import Span
from .addresses import ips
from .emails import emails
from .keys import aws_keys, jwts
from .numbers import cards, ibans, ssns

DETECTORS: dict[str, Callable[[str], Iterator[Span]]] = {
    "email": emails,
    "card": cards,
    "iban": ibans,
    "us_ssn": ssns,
    "aws_key": aws_keys,
    "jwt": jwts,
    "ip": ips,
}
