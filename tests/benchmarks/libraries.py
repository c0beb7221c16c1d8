"""What well-known libraries find in texts; runs in a virtualenv of its own, as their dependencies are many.

Texts come as a JSON array on the standard input; what is printed is, for each of our detectors that one of them
has a counterpart of, its name and the spans of each text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import scrubadub.detectors
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.ip_public import IPPublicDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from scrubadub.detectors.en_US import SocialSecurityNumberDetector

Span = tuple[int, int]
COUNTERPARTS = {
    "email": ("scrubadub", scrubadub.detectors.EmailDetector()),
    "card": ("scrubadub", scrubadub.detectors.CreditCardDetector()),
    "us_ssn": ("scrubadub", SocialSecurityNumberDetector(locale="en_US")),
    "aws_key": ("detect-secrets", AWSKeyDetector()),
    "jwt": ("detect-secrets", JwtTokenDetector()),
    "ip": ("detect-secrets, public addresses only", IPPublicDetector()),
}


def scrubbed(detector: scrubadub.detectors.Detector) -> Callable[[str], Iterator[Span]]:
    return lambda text: ((filth.beg, filth.end) for filth in detector.iter_filth(text))


def detected(plugin: AWSKeyDetector | IPPublicDetector | JwtTokenDetector) -> Callable[[str], Iterator[Span]]:
    """It says what it found, not where."""

    def found(text: str) -> Iterator[Span]:
        for secret in filter(None, plugin.analyze_string(text)):
            start = text.find(secret)
            while start >= 0:
                yield start, start + len(secret)
                start = text.find(secret, start + len(secret))

    return found


def main() -> None:
    texts = json.load(sys.stdin)
    answer = {}
    for name, (library, detector) in COUNTERPARTS.items():
        found = scrubbed(detector) if library == "scrubadub" else detected(detector)
        answer[name] = [library, [list(found(text)) for text in texts]]
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
