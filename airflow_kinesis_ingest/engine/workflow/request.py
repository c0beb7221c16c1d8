"""What the conf of a run asks of a workflow, instead of running it.

Read before anything else is: so it imports nothing that takes long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from ...errors import FixFile
from .clear_text import CLEAR, KNOWN_NOW, looks_like, require_no_secret
from .document import Document, dotted, parse, safe_key
from .origins import texts_in

KEYS: Mapping[str, tuple[str, ...]] = {
    "test": ("filter",),
    "streams": ("filter",),
    "sample": ("stream",),
    "announce": (),
}
"""The kinds of probes, and what each may be asked besides."""
ALWAYS = ("probe", "debug")
LAST = ("target",)

STREAM = re.compile(r"[a-zA-Z0-9_.-]{1,128}")
FILTER = ("source", "sourceConfig", "config", "topicFilterPattern")


@dataclass(frozen=True, slots=True)
class Request:
    """kind: test, streams, sample or announce. stream: the one to sample.

    filter: like `topicFilterPattern`, in the place of the workflow's; None: its own. target: of a workflow with
    several, the key of the one to ask; "": the first.
    """

    kind: str
    filter: Any = None
    stream: str = ""
    debug: bool = False
    target: str = ""

    @classmethod
    def of(cls, conf: Mapping[str, Any], *more: str) -> Request:
        """What the conf of a run asks for. Raises FixFile, without a value of it. more: keys that it may have besides.

        {"probe": kind}, where there are several "target": key, and "filter": {"includes": [...],
        "excludes": [...]} or "stream": name, and "debug": true.
        """
        kind = kind_of(conf)
        if not kind:
            raise _refused("`probe` is none of those there are", f"Write one of {', '.join(KEYS)}")
        _require_known(conf, (*ALWAYS, *KEYS[kind], *LAST, *more))
        if conf.get("debug") not in (None, True, False):
            raise _refused("`debug` is neither true nor false", "Write one of them")
        stream = conf.get("stream", "")
        if kind == "sample" and not (isinstance(stream, str) and STREAM.fullmatch(stream)):
            raise _refused("`stream` is no name of a stream", "Write the name of the stream to sample")
        target = conf.get("target") or ""
        if not (isinstance(target, str) and re.fullmatch(r"[\w-]*", target)):
            raise _refused("`target` is no key of a target", "Write it like 123456789012_us-east-2")
        return cls(kind, conf.get("filter"), stream, debug=conf.get("debug") is True, target=target)

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
