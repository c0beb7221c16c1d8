"""What is asked of a workflow without running it, beside the connection test: a listing, and one stream's sample.

Nothing is written: no topic, no status, no file. The answers are plain data of bounded size.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..model import Field, Message, MessageSchema
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from .pipeline import look, source_of
from .streams import squeezed

MOST_NAMES = 10_000
TOLD_AFTER = 1_000
CUT = f"the listing was stopped after {MOST_NAMES:,} names: this account and region have more"

SAMPLE_BYTES = 64 * 1024
TREE_BYTES = 20 * 1024
MOST_TEXT = 3_000  # characters of one message: 36 KB at most, where JSON escapes each as two surrogates

Tell = Callable[[dict[str, Any]], None]


# --- the streams -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A stream that is listed, and what the filter says of it; pattern as `Verdict` has it, None without one."""

    name: str
    kept: bool
    pattern: str | None


def names(workflow: Workflow, stop: threading.Event, tell: Tell) -> dict[str, Any]:
    """The names of the real listing, 10,000 at most, packed like a run's `streams`, with the columns of `Name`.

    "kept" of "count" pass the filter; "complete": whether the listing ran to its end; "remark": why not, in words.
    tell: given what there is so far, now and then. Raises IngestError where the listing or the filter fails.
    """
    keep = stream_filter(workflow.metadata.topic_filter_pattern)
    found: list[Name] = []
    for stream in source_of(workflow, stop).streams():
        if len(found) == MOST_NAMES:
            return _packed(found, complete=False, remark=CUT)
        verdict = keep(stream.name)
        found.append(Name(stream.name, verdict.kept, verdict.pattern or None))
        if len(found) % TOLD_AFTER == 0:
            tell(_packed(found, complete=False, remark="the listing goes on"))
    return _packed(found, complete=True, remark="")


def _packed(found: list[Name], **more: Any) -> dict[str, Any]:
    return squeezed(found, ("name", "kept", "pattern"), kept=sum(name.kept for name in found), **more)


# --- a sample --------------------------------------------------------------------------------------------------------


def sample(workflow: Workflow, stream: str) -> dict[str, Any]:
    """One stream's newest messages, decoded and redacted, and the schema they share; at most 64 KB as JSON.

    {"stream", "messages": [{"text", "remarks": [...], "cut": characters left out}], "count": all that were read,
    "cut": those left out, "schema": {"kind", "agreed", "total", "fields": [[depth, name, type], ...], "cut": fields
    left out} or None, "delete_after_reading": True}. Raises IngestError.
    """
    messages, schema, _ = look(workflow, stream)
    found: dict[str, Any] = {"stream": stream, "messages": [], "count": len(messages), "cut": len(messages)}
    found |= {"schema": _tree(schema) if schema else None, "delete_after_reading": True}
    shown = _fitting(map(_shown, messages), SAMPLE_BYTES - _size(found))
    return found | {"messages": shown, "cut": len(messages) - len(shown)}


def _shown(message: Message) -> dict[str, Any]:
    text = message.text[:MOST_TEXT]
    remarks = [*message.layers, *([message.note] if message.note else [])]
    return {"text": text, "remarks": remarks, "cut": len(message.text) - len(text)}


def _tree(schema: MessageSchema) -> dict[str, Any]:
    rows = list(_rows(schema.fields, 0))
    shown = _fitting(rows, TREE_BYTES)
    counts = {"agreed": schema.agreed, "total": schema.total, "cut": len(rows) - len(shown)}
    return {"kind": schema.kind, "fields": shown, **counts}


def _rows(fields: Iterable[Field], depth: int) -> Iterator[list[Any]]:
    """A field before those in it."""
    for field in fields:
        yield [depth, field.name, field.display or field.type]
        yield from _rows(field.children, depth + 1)


def _fitting(values: Iterable[Any], room: int) -> list[Any]:
    """As many of the first values as take no more room, in bytes of JSON."""
    found = []
    for value in values:
        room -= _size(value) + len(", ")
        if room < 0:
            break
        found.append(value)
    return found


def _size(value: object) -> int:
    return len(json.dumps(value))
