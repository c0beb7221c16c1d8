"""Secrets out of a message before it leaves the process.

A rule is a detector's name (email, card, iban, us_ssn, aws_key, jwt, ip) or the path of a field: `$.customer.email`,
`customer.email`, `items[].card`, `*.token`, `$['odd name']`. A lone word is a detector, so that a misspelt one is
refused and not taken for a field; a field at the top is `$.word`. A path names fields only: arrays are passed
through whether it says `[]` or not, `*` is any one field, and everything below the field goes with it.

What is hidden shows as `***`. In JSON a hidden string, number or truth value becomes the string "***" (a number
that is not the true one would be a false sample); null, containers and the names of fields stay, and all else is
byte for byte what it was. Detectors look into every text, also the names of fields, and into long numbers.

Rules fail closed: where a path cannot be followed, nothing is shown. Below a header that has its last name, or all of
it (`customer.email`), a path hides that column of CSV. Any other text is read as JSON from its first brace on: where it
stops being JSON all that follows is hidden, and so is what stands before, unless it is a time, a level or a record
separator. A text without JSON is hidden whole, and says so; a lone string or number is, too. Of what is not text only
the media type is shown, as any secret may be in it. Of an inflated text that was cut, the end is not shown either: a
secret that goes on behind the cut is recognised by no detector.

JSON inside a string of JSON is text: a path does not lead into it. Detectors look into it, and through the escapes of
JSON, URLs and HTML.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import takewhile
from json.decoder import scanstring  # type: ignore[attr-defined]

from ..model import Message
from .dataurl import CUT, is_embedded, redacted
from .detectors import DETECTORS
from .spans import Span, merged, replaced
from .spelling import folded, is_escaped, unescaped
from .tables import without_columns

MASK = "***"
NO_JSON = f"{MASK} (no JSON, and no CSV with that column: the paths of options.sample.redact cannot be followed)"
UNSURE = 4096
"""Characters before a cut that are not shown: longer than any secret that shows by its form only as a whole."""

_MASKED = json.dumps(MASK)
_MOST_SEARCHES = 8  # each begins at what the one before left; a text needs a third only if it is made for that
_SEGMENT = re.compile(r"""\[\s*\*?\s*\]|\[\s*(?:'([^']+)'|"([^"]+)")\s*\]|\.?([^.\[\]'"\s]+)""")
_BLANK = "\ufeff \t\r\n"
# Before JSON in a line of a log or of an event stream: nothing that could be a field's value.
_HARMLESS = re.compile(
    r"""(?:[^\w]|_|T(?=[0-9])|Z\b
    |(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])|(?<![0-9])[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?![0-9])
    |(?<![^\n])[0-9]{1,6}(?=\r?\n)|[+-][0-9]{2}:?[0-9]{2}\b
    |\b(?:UTC|GMT|TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|data|null)\b)*""",
    re.IGNORECASE | re.VERBOSE,
)
_SCALAR = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|Infinity)|NaN|true|false|null")


class Redactor:
    """Applies rules to messages; without rules it changes nothing."""

    def __init__(self, rules: Sequence[str]) -> None:
        """ValueError for a rule that is neither a detector nor a path, its message for the user's eyes."""
        self._detectors = [DETECTORS[rule] for rule in rules if rule in DETECTORS]
        paths = [_segments(rule) for rule in rules if rule not in DETECTORS]
        self._paths = _trie(paths)
        self._needed_names = [_literal(path) for path in paths]
        self._columns = {name.casefold() for path in paths for name in (".".join(path), _literal(path)) if name}
        self._active = bool(rules)

    def redact(self, message: Message) -> Message:
        """message without what the rules name; the very same object when they name nothing in it."""
        if not self._active:
            return message
        if message.format == "binary":
            return replace(message, text=redacted(message.text))
        text = self._text(message.text, is_json=message.format != "text")
        if message.note and message.text.endswith(CUT) and text != NO_JSON:
            text = text.removesuffix(CUT)[:-UNSURE] + CUT
        if text == message.text:
            return message
        value = json.loads(text.lstrip("\ufeff")) if message.format == "json" else None
        return replace(message, text=text, value=value, values=())

    def _text(self, text: str, *, is_json: bool) -> str:
        if is_json:
            return self._json(text)
        if self._paths.fields:
            return self.mask(self._followed(text))
        start = 0 if text.lstrip(_BLANK)[:1] in ("{", "[", '"') else len(text)
        return self.mask(text[:start] + self._json(text[start:]))  # a secret may stand in several tokens

    def _followed(self, text: str) -> str:
        """A text of which only so much is shown as the paths can be followed in."""
        table = without_columns(text, self._columns, MASK)
        if table is not None:
            return table
        start = 0 if text.lstrip(_BLANK)[:1] == "[" else text.find("{")
        if start < 0:
            return NO_JSON if text.strip(_BLANK) else text
        before = self.mask(text[:start])
        rest = text[start:]
        shown = _Scan(rest, self._paths, self.mask, merged(self.found(rest))).run()
        return (before if _HARMLESS.fullmatch(before) else MASK) + shown

    def _json(self, text: str) -> str:
        """Of what is JSON, or is followed by no path: what a scan would not change is not scanned."""
        found = merged(self.found(text))
        if found or "\\" in text or ";base64," in text or self._is_needed(text):
            return _Scan(text, self._paths, self.mask, found).run()
        return text  # without escapes, what stands in a JSON string stands in its text as well

    def _is_needed(self, text: str) -> bool:
        """Whether a path may lead to something: a field of its name, or a lone value, which has none."""
        return any(name in text for name in self._needed_names) or (
            bool(self._paths.fields) and text.lstrip(_BLANK)[:1] not in ("{", "[")
        )

    def mask(self, text: str) -> str:
        """text with every detector's finding replaced, also of what is written in escapes.

        Without a finding, what stood beside it may be one itself, or may have lost the word that told it from one: so
        the rest is searched until nothing is found.
        """
        for _ in range(_MOST_SEARCHES):
            spans = merged(self.found(text))
            if not spans:
                break
            text = replaced(text, spans, MASK)
        return text

    def _spans(self, text: str) -> Iterator[Span]:
        return (span for detect in self._detectors for span in detect(text))

    def found(self, text: str) -> list[Span]:
        """Of the text as it is and of what its escapes stand for; no escape is torn, so that JSON stays JSON."""
        text = folded(text)
        spans = list(self._spans(text))
        if not self._detectors or not is_escaped(text):
            return spans
        plain, origins = unescaped(text)
        whole = [(origins[bisect_right(origins, start) - 1], end) for start, end in spans]
        return whole + [(origins[start], origins[end]) for start, end in self._spans(folded(plain))]


@dataclass(slots=True)
class _Node:
    """A place in the tree of all paths; hidden when a path ends here."""

    hidden: bool = False
    fields: dict[str, _Node] = field(default_factory=dict)


def _segments(rule: str) -> tuple[str, ...]:
    """The names of the fields on the way, `*` for any."""
    if re.fullmatch(r"\w*", rule):
        known = ", ".join(DETECTORS)
        raise ValueError(
            f"{rule!r} is no detector: they are {known}. A field of that name is written $.{rule or 'name'}"
        )
    names, position = [], 1 if re.match(r"\$[.\[]|\$$", rule) else 0
    while position < len(rule):
        match = _SEGMENT.match(rule, position)
        if match is None:
            raise ValueError(_bad_path(rule, position))
        position = match.end()
        names += [name for name in match.groups() if name]
    if not names:
        raise ValueError(_bad_path(rule, 0))
    return tuple(names)


def _bad_path(rule: str, position: int) -> str:
    examples = "$.customer.email, items[].card, *.token or $['odd name']"
    known = ", ".join(DETECTORS)
    return (
        f"{rule!r} is no path of a field from {rule[position:]!r} on; write it like {examples}, or name one of {known}"
    )


def _trie(paths: Sequence[tuple[str, ...]]) -> _Node:
    root = _Node()
    for path in paths:
        node = root
        for name in path:
            node = node.fields.setdefault(name, _Node())
        node.hidden = True
    return root


def _literal(path: tuple[str, ...]) -> str:
    """What every text without escapes has in it that the path can apply to."""
    return next((name for name in reversed(path) if name != "*"), "")


@dataclass(slots=True)
class _Place:
    """Where a value stands: the nodes that paths have come to, and whether it is hidden."""

    nodes: tuple[_Node, ...]
    hidden: bool = False

    def at(self, name: str) -> _Place:
        if not self.nodes:
            return self
        found = [node.fields.get(step) for node in self.nodes for step in (name, "*")]
        nodes = tuple(node for node in found if node is not None)
        return _Place(nodes, self.hidden or any(node.hidden for node in nodes))


class _Next(Enum):
    """What the scanner reads next; for its messages."""

    VALUE = "a value"
    NAME = "the name of a field"
    COLON = "a colon"
    COMMA = "a comma or the end of the container"


@dataclass(slots=True)
class _Container:
    closer: str
    place: _Place


class _Scan:
    """One pass over a text of JSON values, token by token; depth costs memory, not stack.

    It is no parser: it accepts a little more than JSON, but never anything that would shift a path.
    """

    def __init__(self, text: str, paths: _Node, mask: Callable[[str], str], found: list[Span]) -> None:
        """found: what mask would replace in the text as a whole."""
        self.text, self.mask = text, mask
        self.found = deque(found)
        self.position = 0
        self.has_paths = bool(paths.fields)
        self.root = _Place((paths,))
        self.place = self.root  # of the value that comes next
        self.open: list[_Container] = []
        self.next = _Next.VALUE
        self.pieces: list[str] = []
        self.copied = 0  # how far the text is in pieces

    def run(self) -> str:
        try:
            while char := self.next_char():
                self.read(char)
        except ValueError:  # no JSON from here on
            rest = self.text[self.position :]
            self.put(len(self.text), MASK if self.has_paths else self.mask(rest))
        return "".join([*self.pieces, self.text[self.copied :]])

    def read(self, char: str) -> None:
        if self.next is _Next.VALUE:
            self.value(char)
        elif self.next is _Next.NAME:
            self.name(char)
        elif self.next is _Next.COLON:
            self.colon(char)
        else:
            self.comma(char)

    def next_char(self) -> str:
        while (char := self.text[self.position : self.position + 1]) and char in _BLANK:
            self.position += 1
        return char

    def put(self, end: int, instead: str) -> None:
        """Write `instead` for the text from the position to end."""
        self.pieces += [self.text[self.copied : self.position], instead]
        self.copied = end

    def value(self, char: str) -> None:
        if char in "{[":
            self.opened(char)
        elif char == '"':
            self.string()
        elif char == "]" and self.open and self.open[-1].closer == "]":
            self.closed()
        else:
            self.scalar()

    def opened(self, char: str) -> None:
        self.open.append(_Container("}" if char == "{" else "]", self.place))
        self.position += 1
        self.next = _Next.NAME if char == "{" else _Next.VALUE

    def closed(self) -> None:
        self.open.pop()
        self.position += 1
        self.next = _Next.COMMA

    def string(self) -> None:
        content, end = scanstring(self.text, self.position + 1, False)
        self.next = _Next.COMMA
        if self.is_hidden():
            self.put(end, _MASKED)
        elif is_embedded(content):
            self.put(end, _quoted(redacted(content)))
        else:
            self.masked(content, end)
        self.position = end

    def is_hidden(self) -> bool:
        """A lone value is, where fields are looked for: what it would be called nobody knows."""
        return self.place.hidden or (self.has_paths and not self.open)

    def masked(self, content: str, end: int) -> None:
        """Write the string that goes on to end without what the detectors find in it."""
        if (shown := self.shown(content, self.position + 1, end - 1)) != content:
            self.put(end, _quoted(shown))

    def shown(self, content: str, start: int, end: int) -> str:
        """content, which is written from start to end, without what was found there in the text as a whole.

        What it says of a value may stand before it: `"version": "1.2.3.4"`. Only of what has escapes, or a finding
        that goes past its end, content is searched alone.
        """
        while self.found and self.found[0][1] <= start:
            self.found.popleft()
        if self.text.find("\\", start, end) >= 0:
            return self.mask(content)
        if not self.found or self.found[0][0] >= end:
            return content
        spans = list(takewhile(lambda span: span[0] < end, self.found))
        if spans[0][0] < start or spans[-1][1] > end:
            return self.mask(content)
        rest = replaced(content, [(begin - start, stop - start) for begin, stop in spans], MASK)
        return self.mask(rest)

    def scalar(self) -> None:
        match = _SCALAR.match(self.text, self.position)
        if match is None:
            raise ValueError("neither a number nor a constant")
        written = match.group()
        self.next = _Next.COMMA
        found = self.shown(written, match.start(), match.end()) != written
        if found or (self.is_hidden() and written != "null"):
            self.put(match.end(), _MASKED)
        self.position = match.end()

    def name(self, char: str) -> None:
        if char == "}":
            self.closed()
            return
        if char != '"':
            raise ValueError("no name of a field")
        name, end = scanstring(self.text, self.position + 1, False)
        self.masked(name, end)
        self.position = end
        self.place = self.open[-1].place.at(name)
        self.next = _Next.COLON

    def colon(self, char: str) -> None:
        if char != ":":
            raise ValueError("no colon after the name of a field")
        self.position += 1
        self.next = _Next.VALUE

    def comma(self, char: str) -> None:
        """What follows a value; at the top that may be another one, as in JSON lines."""
        if not self.open:
            self.position += char == ","
            self.place, self.next = self.root, _Next.VALUE
        elif char == self.open[-1].closer:
            self.closed()
        elif char == ",":
            self.position += 1
            self.place = self.open[-1].place
            self.next = _Next.NAME if self.open[-1].closer == "}" else _Next.VALUE
        else:
            raise ValueError("neither a comma nor the end of the container")


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    # Half a surrogate pair, which JSON can write, exists in no UTF-8.
    return json.dumps(text) if re.search("[\ud800-\udfff]", quoted) else quoted
