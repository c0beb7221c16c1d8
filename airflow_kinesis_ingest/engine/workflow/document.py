"""YAML or JSON text -> plain data that remembers where each value stood. The only module that reads YAML.

Only plain data comes out: no object tags, no environment, no second document. Whatever is wrong is a
`WorkflowError` with every fault that could be found, never a traceback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ...errors import Fault, WorkflowError
from .recognition import is_other_data

try:  # libyaml is in every wheel of PyYAML and several times faster; a source build may lack it.
    from yaml import CSafeDumper as _Dumper
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_BYTES = 1024 * 1024
MAX_VALUES = 50_000
MAX_DEPTH = 50
TOO_MANY = f"more than {MAX_VALUES:,} keys and values are here"
TOO_DEEP = f"more than {MAX_DEPTH} levels are nested here"

HIDDEN = "***"
MERGE = "tag:yaml.org,2002:merge"

Place = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data and the line and column (from 1) of every key and value in it.

    faults: values that could not be read (they are None in data), and keys left out: twice there, or not text.
    text: the file's own, as it was read, and root: its node of YAML, whose marks count the characters of the text.
    firm: fields that no Airflow connection replaces, as they are what a target of the file is.
    """

    file: str
    data: dict[str, Any]
    keys: dict[Place, Position]
    values: dict[Place, Position]
    faults: tuple[Fault, ...] = ()
    text: str = field(default="", repr=False, compare=False)
    root: yaml.Node | None = field(default=None, repr=False, compare=False)
    firm: frozenset[str] = frozenset()

    def position(self, place: Place, *, of_key: bool = False) -> Position:
        """Where a value (or its key) stands; of the nearest parent for one that is not in the text."""
        known = self.keys if of_key else self.values
        while place and place not in known:
            place, known = place[:-1], self.keys
        return known.get(place, (1, 1))

    def fault(self, place: Place, problem: str, remedy: str = "", *, of_key: bool = False) -> Fault:
        line, column = self.position(place, of_key=of_key)
        return Fault(self.file, line, column, dotted(place), problem, remedy)


def written(data: object) -> str:
    """Plain data as YAML, in its own order, for people to read."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def dotted(place: Place) -> str:
    """('source', 'includes', 0) -> 'source.includes[0]'."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{safe_key(part)}" if text else safe_key(part)
    return text


def safe_key(key: str) -> str:
    """A key as far as it may be shown: where a blank is missing (`jwtToken:eyJ...`) it holds a secret's value."""
    name = re.split("[:=]", key, maxsplit=1)[0]
    return name if re.fullmatch(r"[A-Za-z]+|[\w.$< -]{1,32}", name) else HIDDEN


def value_at(data: Any, place: Place) -> Any:
    """None where there is nothing, or null."""
    for part in place:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def block_at(data: Any, place: Place) -> dict[str, Any]:
    """Empty where there is no block."""
    found = value_at(data, place)
    return found if isinstance(found, dict) else {}


def read(path: Path, name: str = "") -> Document:
    """Read one workflow file. Raises WorkflowError for one that is not there, no text, no YAML or plainly other data.

    name: what faults call the file, instead of its path.
    """
    file = name or str(path)
    try:
        with path.open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise _whole(file, "this link leads nowhere", "Make what it leads to, or remove it") from None
        raise _whole(file, "there is no such file", "Check the path") from None
    except IsADirectoryError:
        raise _whole(file, "this is a folder", "Name a .yaml, .yml or .json file in it") from None
    except OSError as error:
        raise _whole(file, f"the file cannot be read: {error.strerror}", "Check its permissions") from None
    if len(raw) <= MAX_BYTES and is_other_data(raw):
        remedy = "Add it, or name the file in .airflowignore if it is no workflow"
        raise WorkflowError([Fault(file, 1, 1, "source", "`source` is missing", remedy)])
    return parse(raw, file)


def parse(raw: bytes, file: str) -> Document:
    """The same for bytes at hand. `file` is the name that faults carry."""
    text = _text(raw, file)
    reader = _Reader(file)
    root = _root(text, file)
    data = reader.plain(root, ())
    if not isinstance(data, dict):
        raise WorkflowError(reader.faults or [_no_pairs(file)])
    return Document(file, data, reader.keys, reader.values, tuple(reader.faults), text, root)


def _no_pairs(file: str) -> Fault:
    return Fault(file, 1, 1, "", "a workflow is a set of `key: value` pairs", "Start with `source:`")


def _whole(file: str, problem: str, remedy: str) -> WorkflowError:
    return WorkflowError([Fault(file, 0, 0, "", problem, remedy)])


def _text(raw: bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        raise _whole(file, f"the file is larger than {MAX_BYTES // 1024} KiB", "A workflow file is a few KiB of YAML")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"this is not UTF-8 text (byte 0x{error.object[error.start]:02x})"
        place = _end_of(error.object[: error.start].decode())
        raise WorkflowError([Fault(file, *place, "", problem, "Save the file as UTF-8")]) from None
    if not text.strip():
        raise _whole(file, "the file is empty", "Start with the example in the README")
    return _join_surrogates(text) if file.endswith(".json") else text


def _end_of(text: str) -> Position:
    """The position after a text; columns count characters, as editors do."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _join_surrogates(text: str) -> str:
    # JSON writes an emoji as two \u escapes, which YAML, otherwise a superset of JSON, does not read.
    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    return re.sub(pair, lambda found: str(json.loads(f'"{found[0]}"')), text)


def _root(text: str, file: str) -> yaml.Node:
    try:
        _refuse_size(text, file)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise WorkflowError([_syntax_fault(error, text, file)]) from None
    except yaml.reader.ReaderError as error:
        place = _end_of(text[: text.index(chr(error.character))])
        problem = f"a control character stands here (0x{error.character:02x})"
        raise WorkflowError([Fault(file, *place, "", problem, "Remove it")]) from None
    if node is None:
        raise _whole(file, "the file holds comments only", "Start with the example in the README")
    return node


def _refuse_size(text: str, file: str) -> None:
    # libyaml composes by recursion in C: 100,000 brackets would end the process, not raise.
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        count += isinstance(event, yaml.NodeEvent)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise WorkflowError([Fault(file, *_position(event), "", TOO_DEEP, "A workflow has about eight")])
        if count > MAX_VALUES:
            raise WorkflowError([Fault(file, *_position(event), "", TOO_MANY, "A workflow has about a hundred")])
        if count == 1 and isinstance(event, (yaml.ScalarEvent, yaml.SequenceStartEvent)):
            raise WorkflowError([_no_pairs(file)])


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    lines = text.splitlines()
    mark = error.problem_mark or error.context_mark
    if mark and mark.line >= len(lines):  # the end of the file; where the quote or the bracket opened helps more
        mark = error.context_mark or mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    found = lines[line - 1] if line <= len(lines) else ""
    if "\t" in found[:column] and not file.endswith(".json"):
        return Fault(file, line, found.index("\t") + 1, "", "a tab stands here", "YAML indents with spaces")
    if "single document" in (error.context or "") or "<document start>" in (error.problem or ""):
        return Fault(file, line, column, "", "a second document starts here", "Keep one workflow per file")
    if "alias" in (error.problem or "") and error.context is None:
        return Fault(file, line, column, "", str(error.problem), "Define the anchor above it or remove the alias")
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    return Fault(file, line, column, "", f"this is not valid YAML: {problem}", "Check indentation, colons and quotes")


class _Reader:
    """Walks YAML nodes into plain data and notes positions and faults on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.keys: dict[Place, Position] = {}
        self.values: dict[Place, Position] = {}
        self._open: set[int] = set()
        self._count = 0
        self._constructor = yaml.constructor.SafeConstructor()

    def plain(self, node: yaml.Node, place: Place) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            # An alias of an alias of an alias: ten lines that stand for a billion values.
            raise WorkflowError([self._fault(node, place, "aliases make this file explode", "Write the values out")])
        if id(node) in self._open:
            raise WorkflowError([self._fault(node, place, "this alias contains itself", "Write the values out")])
        if len(self._open) > MAX_DEPTH:
            raise WorkflowError([self._fault(node, place, TOO_DEEP, "Write the values of the aliases out")])
        self.values[place] = _position(node)
        self._open.add(id(node))
        try:
            return self._value(node, place)
        finally:
            self._open.discard(id(node))

    def _value(self, node: yaml.Node, place: Place) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == "tag:yaml.org,2002:map":
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode) and node.tag == "tag:yaml.org,2002:seq":
            return [self.plain(child, (*place, index)) for index, child in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        return self._refuse_tag(node, place)

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        if self._has_nul(node, place):
            return None
        try:
            return self._constructor.construct_object(node)
        except yaml.constructor.ConstructorError:
            return self._refuse_tag(node, place)
        except (ValueError, OverflowError, LookupError, AttributeError):
            # The last two are how PyYAML takes `!!bool maybe` and `!!timestamp soon`.
            kind = node.tag.rpartition(":")[2]
            remedy = "Write one that exists" if kind == "timestamp" else "Put it in quotes"
            self.faults.append(self._fault(node, place, f"this is not a valid {kind}", remedy))
        return None

    def _has_nul(self, node: yaml.ScalarNode, place: Place) -> bool:
        # "\0" in YAML. No database stores it, and Airflow writes the DAGs of all files in one transaction.
        if "\0" not in node.value:
            return False
        self.faults.append(self._fault(node, place, "a NUL character stands here", "Remove it"))
        return True

    def _refuse_tag(self, node: yaml.Node, place: Place) -> None:
        self.faults.append(self._fault(node, place, "a tag (`!...`) is not supported", "Write a plain value"))

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for base in self._merged(node, place):
            merged = base | merged
        self.values[place] = _position(node)
        for key_node, value_node in node.value:
            if key_node.tag != MERGE and (key := self._key(key_node, own, place)) is not None:
                own[key] = self.plain(value_node, (*place, key))
        return merged | own

    def _merged(self, mapping: yaml.MappingNode, place: Place) -> Iterator[dict[str, Any]]:
        """What `<<` refers to, read first: the mapping's own keys and their positions win."""
        nodes = [value for key, value in mapping.value if key.tag == MERGE]
        for node in nodes:
            for base in node.value if isinstance(node, yaml.SequenceNode) else [node]:
                value = self.plain(base, place)
                if isinstance(value, dict):
                    yield value
                else:
                    self.faults.append(self._fault(node, place, "`<<` merges a mapping only", "Refer to a mapping"))

    def _key(self, node: yaml.Node, seen: dict[str, Any], place: Place) -> str | None:
        if not isinstance(node, yaml.ScalarNode) or node.tag != "tag:yaml.org,2002:str":
            name = f" `{safe_key(node.value)}`" if isinstance(node, yaml.ScalarNode) else ""
            self.faults.append(self._fault(node, place, f"the key{name} is not text", "Put it in quotes"))
            return None
        if self._has_nul(node, place):
            return None
        key = str(node.value)
        here = (*place, key)
        if key in seen:
            problem = f"the key `{safe_key(key)}` is here twice (first on line {self.keys[here][0]})"
            self.faults.append(self._fault(node, here, problem, "Keep one"))
            return None
        self.keys[here] = _position(node)
        return key

    def _fault(self, node: yaml.Node, place: Place, problem: str, remedy: str) -> Fault:
        return Fault(self.file, *_position(node), dotted(place), problem, remedy)


def _position(marked: yaml.Node | yaml.Event) -> Position:
    mark = marked.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
