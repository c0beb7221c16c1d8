"""What a server knows, by its version: one field or word that it does not know has it refuse the whole body.

Read from the JSON schemas of the releases 1.6 to 1.13, of each the first; a server of the 1.6 line was seen to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Release = tuple[int, int]

OLDEST: Release = (1, 6)
NEWEST: Release = (2, 0)
SINCE: Mapping[str, Release] = {
    "raiseOnError": (1, 8),  # of an ingestion pipeline
    "domains": (1, 9),  # of every entity; before it, a `domain`
    "stopped": (1, 13),  # a state of a run
    "state": (1, 13),  # of a pipeline: 1.6 has none, no release between was tried
    "KinesisFirehose": (1, 13),  # a type of pipeline service: likewise
}


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """text: as the server tells it, like 1.13.4; one that tells no number is taken for a new one."""

    text: str = ""

    @property
    def release(self) -> Release:
        number = re.match(r"(\d+)\.(\d+)", self.text)
        return (int(number[1]), int(number[2])) if number else NEWEST

    def knows(self, word: str) -> bool:
        return self.release >= SINCE.get(word, OLDEST)

    def known(self, words: Iterable[str]) -> list[str]:
        return [word for word in words if self.knows(word)]

    def body(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Without the fields that the server does not know."""
        return {key: body[key] for key in self.known(body)}

    def state(self, state: str) -> str:
        """How a run ended, in the server's words: to one that knows no `stopped`, it failed. Else it would run on."""
        return state if self.knows(state) else "failed"

    @property
    def remark(self) -> str:
        """One sentence about a version that nothing was tried with, or nothing."""
        if self.release < OLDEST:
            bound, risk = _told(OLDEST), "it may refuse what is written to it"
            return f"OpenMetadata {self.text} is older than {bound}, the oldest that this was tested with: {risk}"
        if self.release > NEWEST:
            return f"OpenMetadata {self.text} is newer than {_told(NEWEST)}, the newest that this was tested with"
        return ""


def _told(release: Release) -> str:
    return ".".join(map(str, release))
