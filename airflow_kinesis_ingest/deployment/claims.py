"""What a file that cannot be deployed still says of its pipeline: its DAG id, whether it is paused, whose it is."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..engine.workflow.document import MAX_BYTES, block_at, parse, read
from ..engine.workflow.models import Source, Workflow
from .files import SUFFIXES

DAG_ID = re.compile(r"[A-Za-z0-9_.-]{1,250}")
# For a text that is no YAML. No part of them looks for blanks beyond a line: a megabyte of blanks has an end.
NAME = re.compile(
    rb"""^([ \t]*)["']?name["']?[ \t]*:[ \t]*["']?([A-Za-z0-9_.-]{1,250})["']?(?:[ \t]*,)?(?:[ \t]+#.*)?[ \t]*\r?$""",
    re.MULTILINE,
)
PAUSED = re.compile(
    rb"""^[^#\n]*["']?\bpausePipeline["']?[ \t]*:[ \t]*(?:true|yes|on)\b""", re.MULTILINE | re.IGNORECASE
)
BLOCK = re.compile(rb"""^["']?(displayName|owner|tags|source)["']?[ \t]*:.*(?:\r?\n(?:[ \t-].*)?)*$""", re.MULTILINE)
LONGEST = 64 * 1024  # bytes that are read again, block by block: no workflow has more, data files do
JSON = re.compile(rb"""\s*\{[ \t]*\r?\n([ \t]*)["']""")


@dataclass(frozen=True, slots=True)
class Claim:
    """dag_id: "" for what is no file of a workflow's name: a folder, or a link to where one was.

    display_name, owner, service: "" where the file gives none that is valid by itself. tags: without those that are
    not.
    """

    dag_id: str
    paused: bool = False
    display_name: str = ""
    owner: str = ""
    service: str = ""
    tags: tuple[str, ...] = ()


def claim(file: str) -> Claim:
    """Never raises. The file's own text is trusted first, then its name."""
    return claim_of(file, _data(file))


def claim_of(file: str, data: dict[str, Any] | None) -> Claim:
    """The same for a file that was read already. data: None if there was no reading it."""
    if os.path.isdir(file) or not file.endswith(SUFFIXES):
        return Claim("")
    name, paused = _stated(data) if data is not None else _guessed(head(file))
    said = _blocks(head(file)) if data is None else data
    service = _valid(Source, "service_name", block_at(said, ("source",)).get("serviceName")) or ""
    return Claim(
        name if DAG_ID.fullmatch(name) else stem_id(file),
        paused,
        display_name=_valid(Workflow, "display_name", said.get("displayName")) or "",
        owner=_valid(Workflow, "owner", said.get("owner")) or "",
        service=service,
        tags=tuple(_tags(said, service)),
    )


def _tags(said: dict[str, Any], service: str) -> Iterator[str]:
    if service:
        yield f"service:{service}"[:100]
    tags = said.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        yield from _valid(Workflow, "tags", [tag]) or ()


def _valid(model: type[BaseModel], name: str, value: object) -> Any:
    """A field's value if the workflow file's model would take it; else None."""
    try:
        return _checks(model, name).validate_python(value)
    except ValidationError:
        return None


@cache
def _checks(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[name].rebuild_annotation(), config=ConfigDict(strict=True))


def _blocks(raw: bytes) -> dict[str, Any]:
    """What can be read of a text that is no YAML as a whole: its blocks, each alone; the first of each name."""
    found: dict[str, Any] = {}
    for block in BLOCK.finditer(raw[:LONGEST].removeprefix(codecs.BOM_UTF8)):
        key = block[1].decode()
        if key not in found:
            found[key] = _block(block[0]).get(key)
    return found


def _block(raw: bytes) -> dict[str, Any]:
    try:
        return parse(raw, "").data
    except Exception:  # noqa: BLE001 - a border, as for the whole file
        return {}


def own_name(file: str) -> str:
    """The name that a broken file gives itself; "" if it gives none."""
    claimed = claim(file).dag_id
    return "" if claimed == stem_id(file) else claimed


def stem_id(file: str) -> str:
    """The DAG id of a file that names none; with `_` for what no id may hold."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", os.path.splitext(os.path.basename(file))[0])[:250]


def head(file: str) -> bytes:
    """As much of a file as a workflow may have; nothing of one that cannot be read."""
    try:
        opened = os.open(file, os.O_RDONLY)
    except OSError:
        return b""
    try:  # not open(): at the start of a task a thousand files are looked through, and it takes six times as long
        return os.read(opened, min(os.fstat(opened).st_size, MAX_BYTES) + 1)
    except OSError:
        return b""
    finally:
        os.close(opened)


def _data(file: str) -> dict[str, Any] | None:
    try:
        return read(Path(file)).data
    except Exception:  # noqa: BLE001 - a border: what the file was refused for may be a fault of ours in reading it
        return None


def _stated(data: dict[str, Any]) -> tuple[str, bool]:
    config = data.get("airflowConfig")
    name = data.get("name")
    return "" if name is None else str(name), isinstance(config, dict) and config.get("pausePipeline") is True


def _guessed(raw: bytes) -> tuple[str, bool]:
    raw = raw.removeprefix(codecs.BOM_UTF8)
    top = JSON.match(raw)
    indent = top[1] if top else b""  # what stands further to the right is the name of something else
    # Asked for plainly first: a megabyte of other data has neither, and each pattern takes a tenth of a second for it.
    names = (found[2].decode() for found in NAME.finditer(raw) if found[1] == indent) if b"name" in raw else iter(())
    return next(names, ""), b"pausepipeline" in raw.lower() and bool(PAUSED.search(raw))
