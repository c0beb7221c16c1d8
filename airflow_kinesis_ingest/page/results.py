"""What a run stored of itself, as the page shows it.

It may have been stored by another version, or elsewhere by a custom XCom backend: what is not as expected is not known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ..engine.aws.policy import statement
from .models import Group, Numbers

OUTCOMES = ("success", "partialSuccess", "failed", "stopped")
MOST_NAMED = 10  # entities of one kind of problem
MOST = 2**53
"""A browser's numbers are exact below."""
LISTED = {"deleted": "deleted", "failed": "failures", "warnings": "warnings", "not_reached": "not_reached"}
"""Numbers of which there is a list besides."""

KINDS: dict[str, Literal["failure", "deletion", "warning", "drift"]] = {
    "failures": "failure",
    "failed_deletions": "deletion",
    "warnings": "warning",
    "drift": "drift",
}


def stored(value: object) -> dict[str, Any]:
    """The summary of a run, if this is one; else nothing. Some of Airflow's ways to store it make it text before."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) and value.get("state") in OUTCOMES else {}


def joined(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The summaries of the targets of a run as one: its state is the worst of theirs, its numbers are their sums."""
    known = [one for one in summaries if one]
    if len(known) <= 1:
        return known[0] if known else {}
    names = {name for one in known for name in one if name.endswith("_count") or _whole(one[name]) is not None}
    sums = {name: sum(_whole(one.get(name)) or 0 for one in known) for name in names - {"seconds"}}
    longest = max((_seconds(one.get("seconds")) or 0.0 for one in known), default=0.0)
    lists = {key: _together(known, key) for key in KINDS}
    worst = max((one["state"] for one in known), key=OUTCOMES.index)
    return {"state": worst, **sums, **lists, "seconds": longest, "fatal": _fatal(known)}


def _target(summary: dict[str, Any]) -> str:
    """Whose it is: `123456789012 us-east-2`."""
    return " ".join(filter(None, (text(summary.get("account")), text(summary.get("region")))))


def _fatal(summaries: Sequence[dict[str, Any]]) -> dict[str, str] | None:
    early = [f"{_target(one)}: {why}".removeprefix(": ") for one in summaries if (why := cause(one))]
    more = f" (and {len(early) - 1:,} more)" if len(early) > 1 else ""
    return {"cause": early[0] + more} if early else None


def _together(summaries: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Groups of problems; those of one kind, in whichever target, are one. Its entities are told with their target."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for target, one in _groups_of(summaries, key):
        kind = tuple(str(one.get(key)) for key in ("step", "cause", "remedy"))
        entities, count = _texts(one.get("entities")), _whole(one.get("entities_count"))
        before = found.setdefault(kind, {**one, "entities": [], "entities_count": 0, "actions": []})
        named = [f"{name} ({target})" if target else name for name in entities]
        before["entities"] = [*before["entities"], *named][:MOST_NAMED]
        before["entities_count"] += len(entities) if count is None else count
        before["actions"] = sorted({*before["actions"], *_texts(one.get("actions"))})
    return list(found.values())


def _groups_of(summaries: Sequence[dict[str, Any]], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for summary in summaries:
        listed = summary.get(key)
        yield from (
            (_target(summary), one) for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict)
        )


def numbers(summary: dict[str, Any]) -> Numbers | None:
    if not summary:
        return None
    plain = {name: _whole(summary.get(name)) for name in Numbers.model_fields if name not in ("seconds", *LISTED)}
    counted = {name: _counted(summary, key) for name, key in LISTED.items()}
    return Numbers(**plain, **counted, seconds=_seconds(summary.get("seconds")))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST else None


def _seconds(value: object) -> float | None:
    """JSON of ours never holds it, but Python reads NaN and Infinity from others'."""
    if isinstance(value, float):
        return value if 0 <= value < MOST else None  # which NaN is not either
    whole = _whole(value)
    return None if whole is None else float(whole)


def _counted(summary: dict[str, Any], key: str) -> int | None:
    count = _whole(summary.get(f"{key}_count"))
    return _whole(summary.get(key)) if count is None else count


def cause(summary: dict[str, Any]) -> str | None:
    """Why the run ended early."""
    fatal = summary.get("fatal")
    return text(fatal.get("cause")) if isinstance(fatal, dict) else None


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def groups(summary: dict[str, Any]) -> Iterator[Group]:
    for key, kind in KINDS.items():
        found = summary.get(key)
        for one in found if isinstance(found, list) else ():
            if isinstance(one, dict):
                yield _group(one, kind)


def _group(one: dict[str, Any], kind: Literal["failure", "deletion", "warning", "drift"]) -> Group:
    entities, actions = _texts(one.get("entities")), _texts(one.get("actions"))
    count = _whole(one.get("entities_count"))
    return Group(
        kind=kind,
        step=text(one.get("step")) or "",
        cause=text(one.get("cause")) or "",
        remedy=text(one.get("remedy")) or "",
        entities=entities,
        count=len(entities) if count is None else count,
        statement=statement(actions) if actions else None,
    )


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, (list, tuple)) else []


def catalogue_url(summary: dict[str, Any]) -> str | None:
    """Where the service is in OpenMetadata; None for a catalogue in a file."""
    found = text(summary.get("catalogue"))
    return found if found and found.startswith(("http://", "https://")) else None
