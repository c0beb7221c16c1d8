"""A workflow file that could not be read, line by line, without what may be a secret.

Nothing says for certain what a line is of. A value is shown only beside a key that takes none but harmless ones, and
only if it looks like one; a key only if it is a word. Below any other key, and below a bracket or quote that stays
open, everything is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .document import HIDDEN

KEY = re.compile(r"(?P<indent> *)(?P<quote>[\"']?)(?P<key>[A-Za-z]{1,40})(?P=quote) *:(?: +(?P<value>.*))?")
HARMLESS = re.compile(r"(?!.*[A-Za-z0-9]{16})[\w .,*\"'\[\]/-]{0,60}")
"""No word of 16 letters and digits, which every key of AWS and every token has; no address, no block, no comment."""

SHOWN = frozenset(
    [
        "name",
        "displayName",
        "owner",
        "tags",
        "type",
        "serviceName",
        "awsRegion",
        "loggerLevel",
        "raiseOnError",
        "successThreshold",
        "scheduleInterval",
        "startDate",
        "endDate",
        "pipelineTimezone",
        "retries",
        "retryDelay",
        "pausePipeline",
        "pipelineCatchup",
        "maxActiveRuns",
        "concurrency",
        "workflowTimeout",
        "generateSampleData",
        "markDeletedTopics",
        "overrideMetadata",
        "count",
        "maxBytes",
        "position",
        "shards",
        "timeLimit",
        "store",
        "inferSchema",
        "maxShare",
        "quota",
        "authProvider",
        "verifySSL",
    ]
)
BLOCKS = frozenset(
    [
        "source",
        "serviceConnection",
        "sourceConfig",
        "config",
        "awsConfig",
        "sink",
        "workflowConfig",
        "openMetadataServerConfig",
        "airflowConfig",
        "options",
        "sample",
        "deletion",
    ]
)


def unread(lines: Iterable[str]) -> Iterator[str]:
    """The same number of lines. Comments stay as they are: they are for `prose.comments` to look through."""
    below: int | None = None  # the indent of a key that hides what is below it
    sealed = False
    for line in lines:
        found = KEY.fullmatch(line.rstrip())
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip() or sealed or (below is not None and indent > below):
            yield HIDDEN if line.strip() else ""
            continue
        if line[indent] == "#":
            yield line
            continue
        if not found:
            sealed = _stays_open(line.strip())
            yield HIDDEN
            continue
        opens = found["key"] in BLOCKS and found["value"] in (None, "", "{")
        below = None if opens else indent
        sealed = not opens and _stays_open(found["value"] or "")
        yield _told(found)


def _told(found: re.Match[str]) -> str:
    key, value = found["key"], found["value"] or ""
    start = f"{found['indent']}{found['quote']}{key}{found['quote']}:"
    opens = key in BLOCKS and value in ("", "{")
    safe = opens or not value or (key in SHOWN and HARMLESS.fullmatch(value))
    return f"{start} {value if safe else HIDDEN}".rstrip()


def _stays_open(value: str) -> bool:
    """Whether a bracket or a quote may be open at the end of a line; a block scalar ends with its indentation."""
    balanced = all(value.count(one) == value.count(other) for one, other in ("{}", "[]"))
    return not balanced or any(value.count(quote) % 2 for quote in "\"'")
