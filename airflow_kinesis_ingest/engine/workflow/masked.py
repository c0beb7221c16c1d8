"""A workflow file's own text, its lines and comments kept, with `***` for every secret, and for all that may be one.

Of a file that can be read, YAML's own marks say where each value begins and ends, and the models what it is: only what
is known to be harmless is shown. Of another, `unread` shows what little is certain.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from operator import itemgetter

import yaml
from pydantic import BaseModel

from ...errors import MAX_FAULTS, Fault
from .document import HIDDEN, MERGE, Document
from .field_types import PLACEHOLDER
from .kinds import Kind, every_key, kinds
from .models import Workflow
from .origins import PUBLIC, SHORTEST
from .prose import comments, is_told, looks_secret, prose
from .unread import HARMLESS, unread

MOST = 64 * 1024
"""Characters that are shown. A workflow has a few KB; what is shown is stored anew with each version of a DAG."""

BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
"""As YAML counts lines."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")  # a NUL no database takes
STRUCTURE = re.compile(r"[?:,\[\]{}-]+|[&*][A-Za-z]{1,15}[,\]}]*")
MARKED = tuple("&!|>#")  # how a scalar begins that is more than its value
PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|$))*")
BLOCK_SIGN = re.compile("[|>][0-9+-]{0,2}")
INDENTED = re.compile(r"\S.*", re.DOTALL)
WORD = re.compile(r"\S+")
HEADER = re.compile(r"[A-Za-z]{1,15}(?:-[A-Za-z]{1,15}){0,5}")
LONGEST_KEY = 40
MOST_GUESSES = 20  # of what an unknown key is meant to be: each costs a comparison with all others
MOST_SECRETS = 200
PLAIN_TYPES = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))


def masked(document: Document | None, raw: bytes, faults: Iterable[Fault] = ()) -> str:
    """The text of a workflow file with `***` for secrets, and as many lines as it has; beyond MOST it is cut.

    document: what was read of it; None if it could not be. faults: all that is wrong with it, as `check` tells them.
    """
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff") if document is None else document.text
    shown, more = _cut(text)
    faults = list(faults)
    if document is None or document.root is None or len(faults) >= MAX_FAULTS:
        found = _unread(shown)
    else:
        found = _Masker(faults).masked(document.root, shown)
    found = "\n".join(BREAK.split(CONTROL.sub("\ufffd", found)))
    return f"{found}\n# ... {more:,} more characters are not shown\n" if more else found


def is_whole(raw: bytes) -> bool:
    """Whether a file of this content is shown to its end."""
    return len(raw.decode("utf-8-sig", "replace")) <= MOST


def _cut(text: str) -> tuple[str, int]:
    """As much as is shown, in whole lines, and how many characters it leaves out."""
    if len(text) <= MOST:
        return text, 0
    end = max(text.rfind("\n", 0, MOST), 0)
    return text[:end], len(text) - end


def _unread(text: str) -> str:
    return "\n".join(comments(unread(BREAK.split(text))))


class _Shown(IntEnum):
    """How a scalar is; of several ways, the last."""

    AS_IS = 0
    AS_PROSE = 1
    NOT = 2


class _Masker:
    """Of one file. What it was not told of, it hides."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faulty = {(fault.line, fault.column) for fault in faults}
        self._scalars: dict[int, tuple[yaml.ScalarNode, _Shown]] = {}
        self._secrets: set[str] = set()
        self._seen: set[tuple[int, object, bool]] = set()
        self._guesses = 0

    def masked(self, root: yaml.Node, text: str) -> str:
        self._visit(root, Workflow, doubt=False)
        if len(self._secrets) > MOST_SECRETS:
            return _unread(text)
        found = "".join(self._parts(text))
        for secret in sorted(self._secrets, key=len, reverse=True):
            found = found.replace(secret, HIDDEN)
        return found

    def _visit(self, node: yaml.Node, kind: type[BaseModel] | Kind, *, doubt: bool) -> None:
        """kind: what the file should have here. doubt: nobody checked it, or it is not that.

        An alias brings a node here again, as another kind: what hides it once, hides it.
        """
        doubt = doubt or (node.start_mark.line + 1, node.start_mark.column + 1) in self._faulty
        if (id(node), kind, doubt) in self._seen:
            return
        self._seen.add((id(node), kind, doubt))
        if isinstance(node, yaml.ScalarNode):
            self._set(node, self._shown(node, kind, doubt=doubt))
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self._visit(child, kind, doubt=doubt)
        else:
            self._mapping(node, kind, doubt=doubt)

    def _set(self, node: yaml.ScalarNode, shown: _Shown) -> None:
        before = self._scalars.get(id(node))
        self._scalars[id(node)] = (node, max(shown, before[1]) if before else shown)

    def _shown(self, node: yaml.ScalarNode, kind: type[BaseModel] | Kind, *, doubt: bool) -> _Shown:
        value = node.value
        if kind is Kind.SECRET and PLACEHOLDER.fullmatch(value):
            return _Shown.AS_IS
        harmless = not looks_secret(value) and (not doubt or HARMLESS.fullmatch(value))
        if kind in (Kind.CHECKED, Kind.PROSE) and harmless:
            return _Shown.AS_IS if kind is Kind.CHECKED else _Shown.AS_PROSE
        if kind is Kind.SECRET or not is_told(value):
            self._secrets.update(line for line in map(str.strip, BREAK.split(value)) if _is_findable(line))
        return _Shown.NOT

    def _mapping(self, node: yaml.Node, kind: type[BaseModel] | Kind, *, doubt: bool) -> None:
        known = {} if isinstance(kind, Kind) else kinds(kind)
        below = Kind.SECRET if kind in (Kind.HEADERS, Kind.SECRET) else Kind.UNKNOWN
        names = (key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        open_to_all = Kind.SECRET not in known.values() and any(name in known for name in names)
        seen: set[str] = set()
        for key, value in node.value:
            if key.tag == MERGE:
                self._set(key, _Shown.AS_IS)
                self._visit(value, kind, doubt=doubt)
                continue
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            self._key(key, name, known, kind, told=open_to_all and name.isalpha() and is_told(name))
            expected = known.get(name, below)
            if expected is Kind.UNKNOWN and name in known and value.tag in PLAIN_TYPES:
                expected = Kind.CHECKED
            self._visit(value, expected, doubt=doubt or name in seen)  # of a key that is there twice, one is checked
            seen.add(name)

    def _key(
        self, key: yaml.Node, name: str, known: Iterable[str], kind: type[BaseModel] | Kind, *, told: bool
    ) -> None:
        """told: it reads like a word, beside keys that are ours, where no secret belongs; its fault names it anyway."""
        if not isinstance(key, yaml.ScalarNode):
            self._visit(key, Kind.UNKNOWN, doubt=True)
        elif kind is Kind.HEADERS and HEADER.fullmatch(name):
            self._set(key, _Shown.AS_IS)
        else:
            self._set(key, _Shown.AS_IS if told or name in every_key() or self._is_slip(name, known) else _Shown.NOT)

    def _is_slip(self, name: str, known: Iterable[str]) -> bool:
        """Whether a key is one that its writer did not hit."""
        self._guesses += 1
        guessed = self._guesses <= MOST_GUESSES and name.isalpha() and len(name) <= LONGEST_KEY
        return guessed and bool(difflib.get_close_matches(name, known, 1, 0.7))

    def _parts(self, text: str) -> Iterator[str]:
        done = 0
        for start, end, node, shown in sorted(self._spans(len(text)), key=itemgetter(0, 1)):
            if start < done:  # never, as YAML has it: then nothing is certain
                break
            yield _gap(text[done:start])
            yield self._scalar(text[start:end], node, shown)
            done = end
        yield _gap(text[done:])

    def _spans(self, length: int) -> Iterator[tuple[int, int, yaml.ScalarNode, _Shown]]:
        for node, shown in self._scalars.values():
            start, end = node.start_mark.index, min(node.end_mark.index, length)
            if start < end:
                yield start, end, node, shown

    def _scalar(self, raw: str, node: yaml.ScalarNode, shown: _Shown) -> str:
        if shown is _Shown.AS_IS and not self._secrets and not raw.startswith(MARKED):
            return raw
        found = PROPERTIES.match(raw)
        before, rest = (found[0], raw[found.end() :]) if found else ("", raw)
        return _gap(before) + self._value(rest, node, shown)

    def _value(self, raw: str, node: yaml.ScalarNode, shown: _Shown) -> str:
        if shown is _Shown.NOT or raw.startswith("#") or any(secret in node.value for secret in self._secrets):
            return _hidden(raw)
        sign = BLOCK_SIGN.match(raw) if node.style in ("|", ">") else None
        if sign is None:
            return _told(raw, node, shown)
        first, *rest = BREAK.split(raw[sign.end() :])
        return "\n".join([sign[0] + _gap(first), _told("\n".join(rest), node, shown)] if rest else [sign[0]])


def _is_findable(value: str) -> bool:
    """Whether to look for a secret in the rest of the text: a short one is a part of too many words."""
    return len(value) >= SHORTEST and not PUBLIC.fullmatch(value)


def _told(raw: str, node: yaml.ScalarNode, shown: _Shown) -> str:
    if shown is _Shown.AS_IS:
        return raw
    if node.style == '"' and "\\" in raw:  # a word may be written in escapes
        return raw if all(prose(line) == line for line in BREAK.split(node.value)) else _hidden(raw)
    return _by_line(raw, prose)


def _hidden(raw: str) -> str:
    """As many lines. Quotes and the sign of a block of text stay."""
    first, *rest = BREAK.split(raw)
    if raw.startswith(("'", '"')) and not rest:
        return f"{raw[0]}{HIDDEN}{raw[0]}"
    sign = first if BLOCK_SIGN.fullmatch(first) else HIDDEN
    return "\n".join([sign, *(INDENTED.sub(HIDDEN, line) for line in rest)])


def _by_line(text: str, change: Callable[[str], str]) -> str:
    return "\n".join(change(line) if line.strip() else "" for line in BREAK.split(text))


def _gap(text: str) -> str:
    """What stands between scalars: blanks, YAML's signs, comments. All else, as a tag, is hidden."""
    if not text.strip(" \n-:,[]{}"):
        return text
    lines = (found.partition("#") for found in comments(BREAK.split(text)))
    return "\n".join(WORD.sub(_sign, before) + sharp + comment for before, sharp, comment in lines)


def _sign(word: re.Match[str]) -> str:
    return word[0] if word[0] in ("---", "...") or STRUCTURE.fullmatch(word[0]) else HIDDEN
