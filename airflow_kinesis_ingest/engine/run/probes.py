"""What may be asked of a workflow without running it: a connection test, a listing, one stream's sample.

Nothing is written: no topic, no status, no file. The answers are plain data of bounded size.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from ...errors import FixFile
from ..model import Field, Message, MessageSchema
from ..workflow.clear_text import CLEAR, KNOWN_NOW, looks_like, require_no_secret
from ..workflow.document import Document, dotted, parse, safe_key
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from ..workflow.origins import texts_in
from .pipeline import look, source_of
from .streams import squeezed

KEYS: Mapping[str, tuple[str, ...]] = {"test": ("filter",), "streams": ("filter",), "sample": ("stream",)}
"""The kinds of probes, and what each may be asked besides."""
ALWAYS = ("probe", "debug")

STREAM = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
FILTER = ("source", "sourceConfig", "config", "topicFilterPattern")
MOST_NAMES = 10_000
TOLD_AFTER = 1_000
CUT = f"the listing was stopped after {MOST_NAMES:,} names: this account and region have more"

SAMPLE_BYTES = 64 * 1024
TREE_BYTES = 20 * 1024
MOST_TEXT = 3_000  # characters of one message: 36 KB at most, where JSON escapes each as two surrogates

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Request:
    """kind: test, streams or sample. filter: like `topicFilterPattern`, in the place of the workflow's; None: its own.

    stream: the one to sample.
    """

    kind: str
    filter: Any = None
    stream: str = ""
    debug: bool = False

    @classmethod
    def of(cls, conf: Mapping[str, Any], *more: str) -> Request:
        """What the conf of a run asks for. Raises FixFile, without a value of it. more: keys that it may have besides.

        {"probe": kind}, and "filter": {"includes": [...], "excludes": [...]} or "stream": name, and "debug": true.
        """
        kind = kind_of(conf)
        if not kind:
            raise _refused("`probe` is none of those there are", f"Write one of {', '.join(KEYS)}")
        _require_known(conf, (*ALWAYS, *KEYS[kind], *more))
        if conf.get("debug") not in (None, True, False):
            raise _refused("`debug` is neither true nor false", "Write one of them")
        stream = conf.get("stream", "")
        if kind == "sample" and not (isinstance(stream, str) and STREAM.fullmatch(stream)):
            raise _refused("`stream` is no name of a stream", "Write the name of the stream to sample")
        return cls(kind, conf.get("filter"), stream, debug=conf.get("debug") is True)

    def applied(self, document: Document) -> Document:
        """The document with the filter that is asked for: whether it is right, the check of the document tells."""
        if self.filter is None:
            return document
        data = deepcopy(document.data)
        block = data
        for key in FILTER[:-1]:
            block = block.get(key) if isinstance(block, dict) else None  # type: ignore[assignment]
        if isinstance(block, dict):
            block[FILTER[-1]] = self.filter
        return replace(document, data=data)


def kind_of(conf: Mapping[str, Any]) -> str:
    """An empty text for a kind that there is not."""
    kind = conf.get("probe")
    return kind if isinstance(kind, str) and kind in KEYS else ""


def _require_known(conf: Mapping[str, Any], allowed: Iterable[str]) -> None:
    unknown = [key for key in conf if key not in allowed]
    if unknown:
        names = ", ".join(f"`{safe_key(key)}`" for key in unknown)
        raise _refused(f"{names} may not stand here: {CLEAR}", f"Allowed here: {', '.join(allowed)}")
    for place, text in texts_in({key: conf[key] for key in conf if key != "workflow"}, ()):
        if isinstance(text, str) and (what := looks_like(text)):
            raise _refused(f"{what} stands in `{dotted(place)}`: {CLEAR}", KNOWN_NOW)


def _refused(what: str, remedy: str) -> FixFile:
    return FixFile(what, where="the conf of this run", remedy=remedy)


def document_in(conf: Mapping[str, Any]) -> Document:
    """The workflow that a conf carries. Raises WorkflowError for one that holds what may be a secret, and FixFile."""
    workflow = conf.get("workflow")
    if not isinstance(workflow, dict):
        raise _refused("`workflow` is missing", "Give the workflow, as in a file, with the ids of its connections")
    document = parse(json.dumps(workflow).encode(), "workflow.json")
    require_no_secret(document)
    return document


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
