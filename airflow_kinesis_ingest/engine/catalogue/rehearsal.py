"""What a run would change: sinks that read as a run does, and note what they would write."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from ..model import Outcome, Sample, Topic
from ..workflow.models import Workflow
from .client import OpenMetadata, quoted
from .drawing import OPEN, Stamp
from .file import FileSink
from .lines import flows_by_key
from .renewal import Body

FACTS = ("partitions", "retentionTime", "maximumMessageSize", "sourceUrl")
OF_PIPELINES = ("state", "sourceUrl", "description")
NEW = "new:"

Kind = Literal["new", "changed", "restored", "linked", "sample"]


class FieldChange(NamedTuple):
    """A field of a topic, with what stands there and what would; None for nothing."""

    path: str
    before: str | None
    after: str | None


class Change(NamedTuple):
    """What a run would write of one topic. fields: in the order of FACTS, then labels, owners and, in a file, flows.

    linked: it is the same but for these last; sample: but for its sample.
    """

    name: str
    kind: Kind
    fields: tuple[FieldChange, ...] = ()


class Made(NamedTuple):
    """What a run would make for labels and flows: a classification, tag or pipeline service, by its full name."""

    kind: str
    name: str


class PipelineChange(NamedTuple):
    """A pipeline, by its full name, that a run would write or delete. fields: of one whose facts differ."""

    name: str
    kind: Literal["new", "changed", "restored", "deleted"]
    reason: str
    fields: tuple[FieldChange, ...] = ()


class EdgeChange(NamedTuple):
    """An edge that a run would draw, draw anew or delete. reason: what it would say, or why it goes."""

    start: str
    end: str
    kind: Literal["new", "changed", "deleted"]
    reason: str


@dataclass(slots=True)
class Changes:
    """What a run would have changed, noted from many threads."""

    service: list[str] = field(default_factory=list)
    made: set[Made] = field(default_factory=set)
    pipelines: dict[str, PipelineChange] = field(default_factory=dict)
    edges: list[EdgeChange] = field(default_factory=list)
    _topics: dict[str, Change] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, change: Change) -> None:
        """What is more than another sample wins; what is linked comes on top."""
        with self._lock:
            known = self._topics.get(change.name)
            if known and change.kind == "linked" and known.kind != "sample":
                self._topics[change.name] = known._replace(fields=(*known.fields, *change.fields))
            elif known is None or change.kind != "sample":
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
    """An OpenMetadata that is only read: what would be sent is noted in `changes`, by names instead of ids.

    Of what would be made, an id that begins with NEW stands for the one that the server would give.
    """

    def __init__(self, workflow: Workflow, changes: Changes, **options: Any) -> None:
        super().__init__(workflow.server, **options)
        self._service = workflow.source.service_name
        self._changes = changes
        self._names: dict[str, str] = {}
        self._restored: set[str] = set()
        self._pipelines: dict[str, Body] = {}
        self._edges: set[tuple[str, str]] = set()

    def pages(self, path: str, *, keys: Collection[str], **query: str | int) -> Iterator[dict[str, Any]]:
        for entity in super().pages(path, keys=keys, **query):
            self._names[entity["id"]] = entity["name"]
            if path == "/pipelines":
                self._names[entity["id"]] = name = f"{query['service']}.{entity['name']}"
                self._pipelines[name] = entity
            yield entity

    def get(self, path: str, *, holds: str = "", **query: str | int) -> Any:
        if f"/{NEW}" in path:
            return {}
        if path.removeprefix("/topics/") in self._restored:
            query["include"] = "all"
        found = super().get(path, holds=holds, **query)
        self._learn(found)
        return found

    def put(self, path: str, body: Mapping[str, Any], *, holds: str = "") -> Any:  # noqa: ARG002 - as in OpenMetadata
        if path == "/topics":
            return self._topic(dict(body))
        if path == "/pipelines":
            return self._pipeline(body)
        sample = re.fullmatch(r"/topics/(.+)/sampleData", path)
        if sample:
            self._changes.note(Change(self._named(sample[1]), "sample"))
        elif path == "/lineage":
            self._edge(body["edge"])
        elif path == "/services/messagingServices":
            self._changes.service.append(f"{body.get('name')}: it is made")
        else:
            above = body.get("parent") or body.get("classification")
            name = f"{above}.{body['name']}" if above else str(body["name"])
            self._changes.made.add(Made(MADE[path], name))
        return {"id": f"{NEW}{body.get('name')}"}

    def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        topic = re.fullmatch(r"/topics/(.+)", path)
        if topic:
            self._changes.note(Change(self._named(topic[1]), "linked", tuple(self._linked(path, operations))))
        else:
            self._changes.service += [f"{each['path'][1:]}: {self._text(each['value'])}" for each in operations]

    def delete(self, path: str, **query: str) -> None:  # noqa: ARG002 - as in OpenMetadata
        """The report of the run names the topics that it deleted."""
        pipeline, edge = re.fullmatch(r"/pipelines/(.+)", path), re.fullmatch(r"/lineage/.+/(.+)/.+/(.+)", path)
        if pipeline:
            name = self._named(pipeline[1])
            self._changes.pipelines[name] = PipelineChange(name, "deleted", "AWS has it no more")
        elif edge:
            start, end = map(self._named, edge.groups())
            self._changes.edges.append(EdgeChange(start, end, "deleted", "AWS tells of no such flow any more"))

    def _topic(self, body: Body) -> Body:
        path = f"/topics/name/{quoted(self._service, body['name'])}"
        stored: Body = self.get(path, include="all") or {}
        self._changes.note(changed(body["name"], stored, body))
        if stored.get("deleted"):
            self._restored.add(str(stored["id"]))
        return self._with_id(stored, body["name"])

    def _pipeline(self, body: Mapping[str, Any]) -> Body:
        """Of a pipeline that is written twice, the first says why."""
        name, wanted = f"{body['service']}.{body['name']}", Stamp.parse(body.get("sourceHash"))
        stored = self._pipelines.get(name, {})
        if name not in self._changes.pipelines and wanted:
            kind: Literal["new", "changed", "restored"]
            kind = "new" if not stored else "restored" if stored.get("deleted") else "changed"
            fields = tuple(self._of_pipeline(stored["id"], body)) if stored else ()
            self._changes.pipelines[name] = PipelineChange(name, kind, _why(stored, wanted), fields)
        return self._with_id(stored, name)

    def _of_pipeline(self, identity: str, body: Mapping[str, Any]) -> Iterator[FieldChange]:
        before = self.get(f"/pipelines/{identity}", include="all") or {}
        for key in OF_PIPELINES:
            if key in body and before.get(key) != body[key]:
                yield FieldChange(key, before.get(key), body[key])

    def _edge(self, edge: Body) -> None:
        start, end = edge["fromEntity"]["id"], edge["toEntity"]["id"]
        kind: Literal["new", "changed"] = "changed" if (start, end) in self._edges else "new"
        reason = str(edge["lineageDetails"]["description"])
        self._changes.edges.append(EdgeChange(self._named(start), self._named(end), kind, reason))

    def _linked(self, path: str, operations: list[Body]) -> Iterator[FieldChange]:
        """A label that goes is named by the test before it."""
        for each in operations:
            if each["path"] == "/owners":
                stored = (self.get(path, fields="owners") or {}).get("owners")
                yield FieldChange("owners", self._text(stored) if stored else None, self._text(each["value"]))
            elif each["op"] == "test":
                yield FieldChange("tags", each["value"], None)
            elif each["op"] == "add":
                yield FieldChange("tags", None, each["value"]["tagFQN"])

    def _with_id(self, stored: Body, name: str) -> Body:
        identity = str(stored.get("id") or f"{NEW}{name}")
        self._names.setdefault(identity, name)
        return {"id": identity}

    def _learn(self, found: Any) -> None:
        """Names of ids, and which edges there are."""
        if not isinstance(found, dict):
            return
        for each in (found, *(found.get("nodes") or ())):
            if isinstance(each, dict) and each.get("id") and each.get("name"):
                self._names.setdefault(str(each["id"]), str(each.get("fullyQualifiedName") or each["name"]))
        for each in (*(found.get("upstreamEdges") or ()), *(found.get("downstreamEdges") or ())):
            self._edges.add((each.get("fromEntity"), each.get("toEntity")))

    def _named(self, identity: str) -> str:
        return self._names.get(identity, identity)

    def _text(self, value: Any) -> str:
        """References by the names of what they refer to."""
        several = value if isinstance(value, list) else [value]
        return ", ".join(self._text_of(each) if isinstance(each, dict) else str(each) for each in several)

    def _text_of(self, reference: Body) -> str:
        return str(reference.get("name") or self._named(str(reference["id"])))


MADE = {
    "/classifications": "classification",
    "/tags": "tag",
    "/services/pipelineServices": "pipeline service",
}


def _why(stored: Body, wanted: Stamp) -> str:
    """Why a pipeline is written."""
    if not stored:
        return "AWS has it, the catalogue does not"
    if stored.get("deleted"):
        return "AWS has it, the catalogue has deleted it"
    before = Stamp.parse(stored.get("sourceHash"))
    if before is None or before.body != wanted.body:
        return "AWS says otherwise of it"
    return "a run before left it unfinished" if before.edges == OPEN else "its edges differ"


class RehearsingFile(FileSink):
    """A catalogue file that is only read: what would be written is noted in `changes`."""

    def __init__(self, path: Path, workflow: Workflow, changes: Changes) -> None:
        super().__init__(path, workflow)
        self._changes = changes
        self._written: dict[str, Body] = {}

    def open(self, *, storing: bool) -> bool:
        self._learn()
        return storing

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        before = self._stored(topic.name)
        entry = self._entry(topic, sample, before)
        if before == entry:
            return "unchanged"
        self._written[topic.name] = {key: entry[key] for key in ("tags", "flows") if key in entry}
        found = changed(topic.name, before, entry)
        self._changes.note(found if found.fields else Change(topic.name, "sample"))
        return "written"

    def _names(self) -> set[str]:
        return self._old.keys() | self._written.keys()

    def _line(self, name: str) -> Body:
        return self._written[name] if name in self._written else self._stored(name)

    def _keep(self, name: str, entry: Body) -> Outcome:
        before = self._line(name)
        old, new = ({str(each.get("tagFQN")) for each in body.get("tags") or ()} for body in (before, entry))
        fields = [FieldChange("tags", None, tag) for tag in sorted(new - old)]
        fields += [FieldChange("tags", tag, None) for tag in sorted(old - new)]
        flows, now = flows_by_key(before), flows_by_key(entry)
        for key in sorted(flows.keys() | now.keys()):
            if flows.get(key) != now.get(key):
                fields.append(FieldChange(" ".join(("flows", *key)), _ends(flows.get(key)), _ends(now.get(key))))
        self._changes.note(Change(name, "linked", tuple(fields)))
        return "written"

    def close(self, *, complete: bool) -> bool:
        return complete


def _ends(flow: Body | None) -> str | None:
    """What a flow is, beside its direction, part and name."""
    if flow is None:
        return None
    idle = ["(inactive)"] if flow.get("active") is False else []
    return ", ".join([str(flow.get("arn")), *map(str, flow.get("ends") or ()), *idle])
