"""A topic's catalogued message schema meets the one that this run's sample shows.

A sample is a part of the stream: a field that it lacks is not gone. An inferred schema therefore grows, and loses what
no sample has shown for long (forgetting.py); a registered one is replaced by its successor, and one that people edited
in the catalogue stays theirs. So does a field that they made, or wrote on, in a schema of ours: its text may lose it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..model import MessageSchema
from ..records.field_names import named, stored_name
from ..records.forgetting import Ages, Memory
from ..records.schema import Remembered, fields_of, forgotten_at_once, is_ours, remembered, to_openmetadata

log = logging.getLogger(__name__)

Body = dict[str, Any]
FORGOTTEN_MOST = 10
WORDS = ("displayName", "description", "tags")
"""What people write on a field."""


class Renewed(NamedTuple):
    """body: the messageSchema to store, {} for none. forgotten, ages: as of `remembered`."""

    body: Body
    forgotten: tuple[str, ...] = ()
    ages: Ages = Ages()


def renewed(
    schema: MessageSchema | None,
    catalogued: Mapping[str, Any] | None,
    *,
    override: bool,
    memory: Memory | None = None,
    sent: bool = False,
    mask: Callable[[str], str] = str,
) -> Renewed:
    """schema: None if this run saw none. catalogued: what is stored now. memory: what is forgotten; None for nothing.

    override: schema alone counts, even against what people made or edited. sent: an earlier run sent this very text;
    nobody edited it. mask: hides what the rules of redaction name; a schema of ours in which it finds something does
    not grow, but goes.
    """
    text, fields = ((catalogued or {}).get(key) for key in ("schemaText", "schemaFields"))
    if not catalogued or not (text or fields):
        return Renewed(to_openmetadata(schema) if schema else dict(catalogued or {}))
    if schema and schema.yields and not is_ours(str(text)):
        schema = None
    if not (override or sent or is_ours(str(text))):
        return Renewed(dict(catalogued))
    kept = named(fields or [], stored_name)
    if schema is None:
        return Renewed({**catalogued, "schemaFields": kept})
    if override:
        return _renewed(Remembered(schema, forgotten_at_once(schema, str(text))), kept)
    untitled = _untitled(str(text))
    if mask(untitled) != untitled:
        return _renewed(Remembered(schema), kept)
    return _renewed(remembered(schema, str(text), memory), kept, fields_of(str(text)))


def _renewed(found: Remembered, catalogued: list[Body], derived: Sequence[Body] = ()) -> Renewed:
    body = to_openmetadata(found.schema)
    fields = with_words(body["schemaFields"], catalogued)
    if derived:
        fields = with_fields_of_people(fields, catalogued, derived)
    return Renewed(body | {"schemaFields": fields}, found.forgotten, found.ages)


def tell_forgotten(name: str, schema: Renewed) -> None:
    """name: of the stream."""
    found = schema.forgotten
    if found:
        more = f" and {len(found) - FORGOTTEN_MOST} more" if len(found) > FORGOTTEN_MOST else ""
        shown = "".join(letter if letter.isprintable() else "?" for letter in ", ".join(found[:FORGOTTEN_MOST]))
        log.info("%s: its schema forgets what no sample has shown any more: %s%s", name, shown, more)


def _untitled(text: str) -> str:
    """A schema's text without the title of one of ours: that is the stream's name, which is catalogued anyway."""
    return json.dumps(json.loads(text) | {"title": ""}, ensure_ascii=False) if is_ours(text) else text


def with_words(fields: list[Body], catalogued: list[Body]) -> list[Body]:
    """The fields with the descriptions, display names and tags that people gave to those of the same name."""
    known = {field.get("name"): field for field in catalogued}
    return [_with_words(field, known.get(field["name"], {})) for field in fields]


def _with_words(field: Body, known: Body) -> Body:
    words = {key: known[key] for key in WORDS if known.get(key)}
    children = {"children": with_words(field["children"], known.get("children") or [])} if "children" in field else {}
    return field | words | children


def with_fields_of_people(fields: list[Body], catalogued: list[Body], derived: Sequence[Body]) -> list[Body]:
    """The fields and, behind them, those that people made or wrote on, at any depth.

    derived: what followed from the catalogued text. A field that is not among them was made by people.
    """
    ours = {field["name"]: field for field in derived}
    new = {field["name"]: field for field in fields}
    known = {field["name"]: field for field in catalogued}
    merged = [
        _merged(field, known[name], ours.get(name, {})) if name in known else field for name, field in new.items()
    ]
    theirs = [_of_people(field, ours.get(name)) for name, field in known.items() if name not in new]
    return merged + [field for field in theirs if field]


def _merged(field: Body, known: Body, ours: Body) -> Body:
    children = [each.get("children") or [] for each in (field, known, ours)]
    found = with_fields_of_people(*children)
    return field | ({"children": found} if found else {})


def _of_people(known: Body, ours: Body | None) -> Body | None:
    """A field that no schema has any more, with those of its children that people care for; None if they do not."""
    if ours is None:
        return known
    children = with_fields_of_people([], known.get("children") or [], ours.get("children") or [])
    has_words = any(known.get(key) and known[key] != ours.get(key) for key in WORDS)
    if not (has_words or children):
        return None
    return {key: value for key, value in known.items() if key != "children"} | (
        {"children": children} if children else {}
    )


def is_unchangeable(schema: object) -> bool:
    """Whether servers before 2.0 refuse every later change of a topic with this messageSchema: a dot in a nested name.

    They took it once, when the topic was made; anything of another shape than the schema's holds none.
    """
    return isinstance(schema, dict) and _has_nested_dot(schema.get("schemaFields"), nested=False)


def _has_nested_dot(fields: object, *, nested: bool) -> bool:
    for field in fields if isinstance(fields, list) else []:
        children = field.get("children") if isinstance(field, dict) else None
        if (nested or children) and "." in str(field.get("name")):
            return True
        if children and _has_nested_dot(children, nested=True):
            return True
    return False
