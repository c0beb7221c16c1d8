"""A stream's drift: what its topic becomes against what the catalogue has of it. What neither tells is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..model import Drift, Field, MessageSchema
from ..records.evolution import changes
from .renewal import Body
from .topic import HOUR_MS

PATH_MOST = 300
"""Characters of a path, which may be of 16 names."""


def drift_of(name: str, before: Body, after: Body, mask: Callable[[str], str]) -> tuple[Drift, ...]:
    """name: the stream's. before, after: topics as they are sent. mask: hides what the rules of redaction name."""
    facts = _facts(name, before, after)
    return (*_of_schema(name, before.get("messageSchema"), after.get("messageSchema"), mask), *facts)


def _facts(name: str, before: Body, after: Body) -> Iterator[Drift]:
    for what, told in (
        ("retention", _retention),
        ("partitions", _partitions),
        ("encryption", _encryption),
        ("encryption key", _key),
    ):
        then, now = told(before), told(after)
        if then and now and then != now:
            yield Drift(name, what, "", then, now)


def _retention(body: Body) -> str | None:
    milliseconds = body.get("retentionTime")
    return f"{milliseconds / HOUR_MS:g} h" if isinstance(milliseconds, (int, float)) else None


def _partitions(body: Body) -> str | None:
    partitions = body.get("partitions")
    return str(partitions) if isinstance(partitions, int) else None


def _encryption(body: Body) -> str | None:
    return _config(body).get("encryptionType")


def _key(body: Body) -> str | None:
    return _config(body).get("keyId")


def _config(body: Body) -> Mapping[str, Any]:
    config = body.get("topicConfig")
    return config if isinstance(config, dict) else {}


def _of_schema(name: str, before: object, after: object, mask: Callable[[str], str]) -> Iterator[Drift]:
    then, now = _schema(before), _schema(after)
    for each in changes(then, now) if then and now else ():
        path = _shown(mask(".".join(each.path)))
        yield Drift(name, each.kind, path, _masked(each.before, mask), _masked(each.after, mask), each.compatible)


def _masked(text: str | None, mask: Callable[[str], str]) -> str | None:
    return None if text is None else _shown(mask(text))


def _shown(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return plain if len(plain) <= PATH_MOST else f"{plain[: PATH_MOST - 1]}…"


def _schema(body: object) -> MessageSchema | None:
    """None where nothing is stored."""
    if not (isinstance(body, dict) and body.get("schemaText")):
        return None
    fields = tuple(map(_field, body.get("schemaFields") or ()))
    return MessageSchema(body.get("schemaType") or "Other", str(body["schemaText"]), fields, 0, 0)


def _field(body: Body) -> Field:
    children = tuple(map(_field, body.get("children") or ()))
    return Field(str(body["name"]), str(body.get("dataType")), str(body.get("dataTypeDisplay") or ""), children)
