"""Changing a workflow file, and keeping of it all that the change is not about, byte for byte.

`with_fields` changes fields in the text itself, at the places where they stand; `unmasked` takes back a text that was
shown with its secrets as `***`. Comments, order, quotes and secrets stay. What cannot be kept is refused.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml

from ..engine.workflow.document import HIDDEN, Place, dotted, parse, written
from ..engine.workflow.masked import BREAK
from ..errors import Fault, WorkflowError

TEXT_INSTEAD = "Change the text itself"
STAND_IN = "\ue000" * len(HIDDEN)
"""For `***`, which is no YAML: a word of the same length that nobody writes."""
UNKNOWN = f"`{HIDDEN}` stands for a secret, and not for which one", "Leave the line as it was, or write a value"

REMOVED = object()
"""Stands for the value of a field that is taken out of the file."""


def with_fields(raw: bytes, file: str, fields: Mapping[Place, Any]) -> bytes:
    """The file with these fields set or REMOVED; blocks on the way to one that is not there are made.

    A value is plain data. The result holds exactly the data that was asked for, and every comment that does not stand
    inside a replaced value. Raises WorkflowError where the text allows no such change (an alias, a comment in the way).
    """
    wanted = deepcopy(parse(raw, file).data)
    text, mark = _text(raw)
    for place, value in fields.items():
        if _apply(wanted, place, value):
            text = _Edit(text, file, place).made(value)
            found = parse(text.encode(), file)
            if found.data != wanted or found.faults:
                raise _refused(file, place, "it is written in a way that other fields share")
    return mark + text.encode()


def from_fields(fields: Mapping[Place, Any]) -> bytes:
    """A new file of these fields alone, in their order; of those that are REMOVED nothing is in it."""
    data: dict[str, Any] = {}
    for place, value in fields.items():
        _apply(data, place, value)
    return written(data).encode()


def unmasked(raw: bytes, shown: str, edited: str, file: str) -> bytes:
    """The text that people edited, with the file's own secrets where they left `***`.

    shown: the file as they saw it, with as many lines. Unchanged lines are the file's own. In a changed line, a value
    that is `***` is the value that the file has at the same place. Raises WorkflowError where that is none, and for a
    `***` that stands elsewhere.
    """
    text, mark = _text(raw)
    own, lines = _lines(text), _lines(edited)
    found: list[str] = []
    matcher = SequenceMatcher(None, BREAK.split(shown), BREAK.split(edited), autojunk=False)
    for kind, start, end, start_edited, end_edited in matcher.get_opcodes():
        if kind == "equal":
            found += map(_ended, own[start:end], lines[start_edited:end_edited])
        else:
            found += (line.replace(HIDDEN, STAND_IN) for line in lines[start_edited:end_edited])
    return mark + _with_secrets("".join(found), text, file).encode()


def _lines(text: str) -> list[str]:
    """As YAML counts them, each with its end; "" after the last end, as `BREAK.split` has it."""
    ends = [found.end() for found in BREAK.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _ended(own: str, edited: str) -> str:
    """A line of the file, with an end where something follows that did not before."""
    end = BREAK.search(edited)
    return own + end[0] if end and not BREAK.search(own) else own


def _text(raw: bytes) -> tuple[str, bytes]:
    """The text, and the mark that may stand before it."""
    mark = BOM_UTF8 if raw.startswith(BOM_UTF8) else b""
    return raw[len(mark) :].decode(), mark


def _apply(data: Any, place: Place, value: object) -> bool:
    """Make the change in plain data; whether there is one."""
    *above, last = place
    for part in above:
        if value is REMOVED and not isinstance(data.get(part), dict):
            return False
        data = _child(data, part)
    before = data.pop(last, REMOVED) if value is REMOVED else data.get(last, REMOVED)
    if value is not REMOVED:
        data[last] = value
    return type(before) is not type(value) or before != value


def _child(data: dict[Any, Any], part: str | int) -> dict[Any, Any]:
    if not isinstance(data.get(part), dict):
        data[part] = {}
    found: dict[Any, Any] = data[part]
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """A key and its value in the text, and the mapping they are in."""

    key: yaml.Node
    value: yaml.Node
    mapping: yaml.MappingNode


class _Edit:
    """One change in a text: at the places that YAML's own marks give."""

    def __init__(self, text: str, file: str, place: Place) -> None:
        self._text = text
        self._file = file
        self._place = place
        self._root = _root(text, file)

    def made(self, value: object) -> str:
        found = self._entry(self._place)
        if value is REMOVED:
            return self._removed(found) if found else self._text
        return self._replaced(found, value) if found else self._added(value)

    def _entry(self, place: Place) -> _Entry | None:
        node, found = self._root, None
        for part in place:
            if not isinstance(node, yaml.MappingNode):
                return None
            found = next((_Entry(key, value, node) for key, value in node.value if key.value == part), None)
            if found is None:
                return None
            node = found.value
        return found

    def _replaced(self, entry: _Entry, value: object) -> str:
        text, start, end = self._text, entry.value.start_mark.index, self._end(entry.value)
        key = self._end(entry.key)
        if start < key or "\n" in text[key:start]:  # nothing is there, or a block below the key
            start = text.index(":", key) + 1
            end = max(start, end)
        self._refuse_comment(text[start:end])
        blank = "" if text[start - 1].isspace() else " "
        return f"{text[:start]}{blank}{self._flow(value)}{text[end:]}"

    def _added(self, value: object) -> str:
        """The field in the nearest block that is there."""
        depth = next(
            depth for depth in range(len(self._place) - 1, -1, -1) if not depth or self._entry(self._place[:depth])
        )
        above = self._entry(self._place[:depth])
        mapping = above.value if above else self._root
        for part in reversed(self._place[depth + 1 :]):
            value = {part: value}
        new = {self._place[depth]: value}
        if isinstance(mapping, yaml.MappingNode) and mapping.value:
            return self._appended(mapping, new)
        return self._replaced(above, new) if above else self._flow(new)

    def _appended(self, mapping: yaml.MappingNode, new: dict[Any, Any]) -> str:
        text = self._text
        if mapping.flow_style:
            end = self._end(mapping.value[-1][1])
            return f"{text[:end]}, {self._flow(new)[1:-1]}{text[end:]}"
        indent = " " * mapping.value[0][0].start_mark.column
        end = self._line_end(self._end(mapping))
        newline = "\r\n" if "\r\n" in text else "\n"
        return text[:end] + "".join(f"{newline}{indent}{line}" for line in written(new).splitlines()) + text[end:]

    def _removed(self, entry: _Entry) -> str:
        text, entries = self._text, entry.mapping.value
        if len(entries) == 1:
            above = self._entry(self._place[:-1])
            return self._replaced(above, {}) if above else text  # a file without a key is none: `wanted` differs
        if entry.mapping.flow_style:
            return self._removed_inline(entry, entries)
        start = entry.key.start_mark.index - entry.key.start_mark.column
        end = self._line_end(max(self._end(entry.value), self._end(entry.key)))
        self._refuse_comment("\n".join(text[start:end].split("\n")[1:]))
        return text[:start] + text[end:].removeprefix("\r").removeprefix("\n")

    def _removed_inline(self, entry: _Entry, entries: list[tuple[yaml.Node, yaml.Node]]) -> str:
        at = next(index for index, (key, _) in enumerate(entries) if key is entry.key)
        if at + 1 < len(entries):
            return self._text[: entry.key.start_mark.index] + self._text[entries[at + 1][0].start_mark.index :]
        return self._text[: self._end(entries[at - 1][1])] + self._text[self._end(entry.value) :]

    def _end(self, node: yaml.Node) -> int:
        """Where the words of a value end: the marks of a block and of a text in lines lie where the next thing is."""
        if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
            start, end = node.start_mark.index, node.end_mark.index
            return start + len(self._text[start:end].rstrip("\r\n"))
        last = node.value[-1]
        return self._end(last[1]) if isinstance(node, yaml.MappingNode) else self._end(last)

    def _line_end(self, start: int) -> int:
        end = self._text.find("\n", start)
        end = len(self._text) if end < 0 else end
        return start + len(self._text[start:end].rstrip("\r"))

    def _flow(self, value: object) -> str:
        """Plain data in one line."""
        if self._file.endswith(".json"):
            return json.dumps(value, ensure_ascii=False)
        text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False)
        return text.removesuffix("\n").removesuffix("\n...")

    def _refuse_comment(self, text: str) -> None:
        """There may be one: a value in quotes that holds a blank and `#` counts too."""
        if re.search(r"(^|\s)#", text):
            raise _refused(self._file, self._place, "a comment stands in its value")


def _with_secrets(text: str, original: str, file: str) -> str:
    """The text with the original's own words for each stand-in that is a value."""
    if STAND_IN not in text:
        return text
    known = dict(_scalars(_root(original, file), ()))
    spans = []
    for place, node in _scalars(_root(text, file), ()):
        if node.value == STAND_IN and (own := known.get(place)):
            words = original[own.start_mark.index : own.end_mark.index]
            spans.append((node.start_mark.index, node.end_mark.index, words))
    for start, end, words in sorted(spans, reverse=True):
        text = text[:start] + words + text[end:]
    if STAND_IN in text:
        line = len(BREAK.split(text[: text.index(STAND_IN)]))
        raise WorkflowError([Fault(file, line, 1, "", *UNKNOWN)])
    return text


def _root(text: str, file: str) -> yaml.Node:
    root = parse(text.encode(), file).root
    assert root is not None  # as `parse` fills it
    return root


def _refused(file: str, place: Place, why: str) -> WorkflowError:
    return WorkflowError([Fault(file, 0, 0, dotted(place), f"this field cannot be changed alone: {why}", TEXT_INSTEAD)])


def _scalars(node: yaml.Node, place: Place) -> Iterator[tuple[Place, yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield place, node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*place, str(key.value)))
    else:
        for index, value in enumerate(node.value):
            yield from _scalars(value, (*place, index))
