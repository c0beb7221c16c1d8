"""A topic's catalogued message schema meets the one that this run's sample shows.

A sample is a part of the stream: a field that it lacks is not gone. An inferred schema therefore only grows, a
registered one is replaced by its successor, and one that people edited in the catalogue stays theirs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..model import MessageSchema
from ..records.field_names import named, stored_name
from ..records.schema import grown, is_ours, to_openmetadata

Body = dict[str, Any]


def renewed(
    schema: MessageSchema | None,
    catalogued: Mapping[str, Any] | None,
    *,
    override: bool,
    sent: bool = False,
    mask: Callable[[str], str] = str,
) -> Body:
    """The messageSchema to store; {} for none. schema: None if this run saw none. catalogued: what is stored now.

    override: even over one that people made or edited. sent: an earlier run sent this very text; nobody edited it.
    mask: hides what the rules of redaction name; a schema of ours in which it finds something does not grow, but goes.
    """
    text, fields = ((catalogued or {}).get(key) for key in ("schemaText", "schemaFields"))
    if not catalogued or not (text or fields):
        return to_openmetadata(schema) if schema else dict(catalogued or {})
    if not (override or sent or is_ours(str(text))):
        return dict(catalogued)
    kept = named(fields or [], stored_name)
    if schema is None:
        return {**catalogued, "schemaFields": kept}
    untitled = _untitled(str(text))
    body = to_openmetadata(grown(schema, str(text)) if mask(untitled) == untitled else schema)
    return body | {"schemaFields": with_words(body["schemaFields"], kept)}


def _untitled(text: str) -> str:
    """A schema's text without the title of one of ours: that is the stream's name, which is catalogued anyway."""
    return json.dumps(json.loads(text) | {"title": ""}, ensure_ascii=False) if is_ours(text) else text


def with_words(fields: list[Body], catalogued: list[Body]) -> list[Body]:
    """The fields with the descriptions, display names and tags that people gave to those of the same name."""
    known = {field.get("name"): field for field in catalogued}
    return [_with_words(field, known.get(field["name"], {})) for field in fields]


def _with_words(field: Body, known: Body) -> Body:
    words = {key: known[key] for key in ("displayName", "description", "tags") if known.get(key)}
    children = {"children": with_words(field["children"], known.get("children") or [])} if "children" in field else {}
    return field | words | children


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
