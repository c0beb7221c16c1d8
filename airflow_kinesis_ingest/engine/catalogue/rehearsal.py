"""What a run would change: sinks that read as a run does, and note what they would write."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

from ..model import Outcome, Sample, Topic
from ..workflow.models import Workflow
from .client import OpenMetadata, quoted
from .file import FileSink
from .found import Each, Found, Linked
from .openmetadata import RestSink
from .renewal import Body

FACTS = ("partitions", "retentionTime", "maximumMessageSize", "sourceUrl")
NEW = "new:"

Kind = Literal["new", "changed", "restored", "sample"]


class FieldChange(NamedTuple):
    """A field of a topic, with what stands there and what would; None for nothing."""

    path: str
    before: str | None
    after: str | None


class Change(NamedTuple):
    """What a run would write of one topic. sample: it is the same but for its sample. fields: in the order of FACTS."""

    name: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()


@dataclass(slots=True)
class Changes:
    """What a run would have changed, noted from many threads."""

    service: list[str] = field(default_factory=list)
    _topics: dict[str, Change] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, change: Change) -> None:
        """What is more than another sample wins."""
        with self._lock:
            if change.kind != "sample" or change.name not in self._topics:
                self._topics[change.name] = change

    @property
    def topics(self) -> list[Change]:
        with self._lock:
            return sorted(self._topics.values())


def changed(name: str, before: Body, after: Body) -> Change:
    """The topic as it is stored ({}: not at all) beside the one that would be sent."""
    kind: Kind = "new" if not before else "restored" if before.get("deleted") else "changed"
    return Change(name, kind, tuple(_different(before, after)))


def _different(before: Body, after: Body) -> Iterator[FieldChange]:
    old, new = _flat(before, after), _flat(after, after)
    for path in dict.fromkeys((*new, *old)):
        if old.get(path) != new.get(path):
            yield FieldChange(path, old.get(path), new.get(path))


def _flat(body: Body, sent: Body) -> dict[str, str]:
    """Path -> value as text. What is not sent of a schema stays as it is."""
    found = {key: body[key] for key in FACTS if body.get(key) is not None}
    found |= {f"topicConfig.{key}": value for key, value in (body.get("topicConfig") or {}).items()}
    schema = body.get("messageSchema") if "messageSchema" in sent else None
    for path, kind in _fields((schema or {}).get("schemaFields") or [], "messageSchema"):
        found[path] = kind
    return {path: str(value) for path, value in found.items()}


def _fields(fields: list[Body], above: str) -> Iterator[tuple[str, str]]:
    for each in fields:
        path = f"{above}.{each.get('displayName') or each.get('name')}"
        yield path, str(each.get("dataTypeDisplay") or each.get("dataType"))
        yield from _fields(each.get("children") or [], path)


class ReadingClient(OpenMetadata):
    """An OpenMetadata that is only read: what would be sent is noted in `changes`."""

    def __init__(self, workflow: Workflow, changes: Changes, **options: Any) -> None:
        super().__init__(workflow.server, **options)
        self._service = workflow.source.service_name
        self._changes = changes
        self._names: dict[str, str] = {}

    def pages(self, path: str, *, keys: Collection[str], **query: str | int) -> Iterator[dict[str, Any]]:
        for entity in super().pages(path, keys=keys, **query):
            self._names[entity["id"]] = entity["name"]
            yield entity

    def put(self, path: str, body: Mapping[str, Any], *, holds: str = "") -> Any:  # noqa: ARG002 - as in OpenMetadata
        if path == "/topics":
            return self._topic(dict(body))
        sample = re.fullmatch(r"/topics/(.+)/sampleData", path)
        if sample:
            self._changes.note(Change(self._named(sample[1]), "sample"))
        else:
            self._changes.service.append(f"{body.get('name')}: it is made")
        return {"id": f"{NEW}{body.get('name')}"}

    def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:  # noqa: ARG002 - as in OpenMetadata
        self._changes.service += [f"{each['path'][1:]}: {each['value']}" for each in operations]

    def delete(self, path: str, **query: str) -> None:
        """The report of the run names what it deleted."""

    def _topic(self, body: Body) -> Body:
        path = f"/topics/name/{quoted(self._service, body['name'])}"
        stored: Body = self.get(path, include="all") or {}
        self._changes.note(changed(body["name"], stored, body))
        return {"id": stored.get("id") or f"{NEW}{body['name']}"}

    def _named(self, identity: str) -> str:
        return self._names.get(identity) or unquote(identity.removeprefix(NEW))


class RehearsingRest(RestSink):
    """For a ReadingClient. What would be linked is not rehearsed: half of it needs ids that topics get when made."""

    def link(self, found: Found, each: Each) -> Linked:  # noqa: ARG002 - as in Sink
        return Linked()


class RehearsingFile(FileSink):
    """A catalogue file that is only read: what would be written is noted in `changes`."""

    def __init__(self, path: Path, workflow: Workflow, changes: Changes) -> None:
        super().__init__(path, workflow)
        self._changes = changes

    def open(self, *, storing: bool) -> bool:
        self._learn()
        return storing

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        before = self._stored(topic.name)
        entry = self._entry(topic, sample, before)
        if before == entry:
            return "unchanged"
        found = changed(topic.name, before, entry)
        self._changes.note(found if found.fields else Change(topic.name, "sample"))
        return "written"

    def link(self, found: Found, each: Each) -> Linked:  # noqa: ARG002 - as in Sink
        return Linked()

    def close(self, *, complete: bool) -> bool:
        return complete
