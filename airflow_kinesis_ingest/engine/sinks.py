"""Where topics go. Every sink keeps the same promises; `Sink` says which."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple, Protocol

from ..errors import Abort, CatalogueRefused
from .config import AwsConfig, MessagingMetadata, Service
from .model import MessageSchema, Outcome, Sample, Topic
from .openmetadata import TESTED_VERSIONS, OpenMetadata, entity_name, fqn, quoted
from .renewal import Body, renewed

log = logging.getLogger(__name__)

NO_SCHEMA = "-" * 8


class Sink(Protocol):
    """A catalogue. Writing the same topic twice equals writing it once; `write` may be called by many threads."""

    @property
    def address(self) -> str:
        """Where a reader finds the result."""
        ...

    def open(self) -> bool:
        """Make ready and learn what is there. Returns whether samples may be stored."""
        ...

    def catalogued(self) -> Mapping[str, str | None]:
        """The live topics of the service when the run began: name -> stream ARN, None where it is not recorded."""
        ...

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        """Returns after the catalogue has acknowledged both. An empty sample keeps what is stored."""
        ...

    def delete(self, name: str) -> None:
        """Soft-delete one catalogued topic; one that is already gone is no error."""
        ...

    def close(self, *, complete: bool) -> bool:
        """End the run. Returns whether the catalogue keeps what was written.

        complete: every stream was gone through; a partial result must not look like a whole one.
        """
        ...


def topic_body(topic: Topic, service: str) -> dict[str, Any]:
    """A CreateTopic request (api/data/createTopic.json) without a schema. What is not known is left out."""
    body: dict[str, Any] = {
        "name": entity_name(topic.name),
        "service": fqn(service),
        "partitions": topic.partitions,
        "retentionTime": topic.retention_ms,
        "topicConfig": topic.config,
    }
    if topic.source_url is not None:
        body["sourceUrl"] = topic.source_url
    if topic.max_message_bytes is not None:
        body["maximumMessageSize"] = topic.max_message_bytes
    return body


def digest(value: object, length: int) -> str:
    """Hex digits that are equal for equal JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2s(text.encode("utf-8", "surrogatepass"), digest_size=length // 2).hexdigest()


class SourceHash(NamedTuple):
    """What a topic's `sourceHash` remembers of the last run, in at most 32 hex digits; "" is not remembered.

    facts: of the topic's body (12 digits); schema: of the schema text as sent (8); sample: of the stored one (12).
    """

    facts: str = ""
    schema: str = ""
    sample: str = ""

    def __str__(self) -> str:
        return self.facts + (self.schema or NO_SCHEMA) + self.sample

    @classmethod
    def parse(cls, text: str) -> SourceHash:
        """One that somebody else wrote remembers nothing."""
        if len(text) not in (20, 32):
            return cls()
        return cls(text[:12], text[12:20].replace(NO_SCHEMA, ""), text[20:])


@dataclass(frozen=True, slots=True)
class _Known:
    """A topic as the catalogue lists it. arn: of its stream; deleted: softly, so that a PUT brings it back."""

    id: str
    hash: SourceHash
    arn: str | None
    deleted: bool = False


class RestSink:
    """OpenMetadata over REST: each topic by PUT, its sample to the topic's id, deletions one by one and soft.

    `SourceHash` remembers what was sent, so that an unchanged stream costs no call. The sample is remembered only from
    the creation of a topic to its first other sample: a changed `sourceHash` makes a new version of the topic in
    OpenMetadata, and a busy stream has another sample at every run. Then the stored sample is read and compared.
    """

    def __init__(
        self, client: OpenMetadata, service: str, wanted: Service, metadata: MessagingMetadata, aws: AwsConfig
    ) -> None:
        self.address = f"{client.address.removesuffix('/api')}/service/messagingServices/{quoted(service)}"
        self._client = client
        self._service = service
        self._wanted = wanted
        self._metadata = metadata
        self._aws = aws
        self._known: dict[str, _Known] = {}

    def open(self) -> bool:
        version = self._client.version()
        if self._client.warns_of_version and not version.startswith(tuple(f"{tested}." for tested in TESTED_VERSIONS)):
            log.warning("OpenMetadata %s is not among the tested versions (%s)", version, ", ".join(TESTED_VERSIONS))
        self._ensure_service()
        listing = self._client.pages("/topics", service=fqn(self._service), fields="sourceHash", include="all")
        self._known = {entity["name"]: _known(entity) for entity in listing}
        return self._may_store_samples()

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: known.arn for name, known in self._known.items() if not known.deleted}

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        name = entity_name(topic.name)
        known = self._known.get(name)
        facts = topic_body(topic, self._service)
        schema = digest(topic.schema.text, 8) if topic.schema else ""
        now = SourceHash(digest(facts, 12), schema, known.hash.sample if known else "")
        current = known
        if known is None or known.deleted or now.facts != known.hash.facts or now.schema not in ("", known.hash.schema):
            current = self._put(facts, topic.schema, now, known)
        assert current is not None
        stored = bool(sample.messages) and self._store(current, sample, is_new=known is None)
        return "written" if stored or current is not known else "unchanged"

    def delete(self, name: str) -> None:
        self._client.delete(f"/topics/{self._known[name].id}", hardDelete="false", recursive="true")

    def close(self, *, complete: bool) -> bool:  # noqa: ARG002 - every write was acknowledged when it returned
        return True

    def _put(self, facts: Body, schema: MessageSchema | None, now: SourceHash, known: _Known | None) -> _Known:
        """PUT the topic if it differs from the catalogued one. Returns `known` itself if it does not."""
        stored = self._stored_topic(str(facts["name"])) if known else {}
        before: Body = stored.get("messageSchema") or {}
        message_schema = before
        if schema:
            message_schema = renewed(schema, before, override=self._metadata.override_metadata)
        if known and message_schema.get("schemaText") == before.get("schemaText"):
            now = now._replace(schema=known.hash.schema)
        elif message_schema:
            now = now._replace(schema=digest(message_schema["schemaText"], 8))
        if known and not known.deleted and now == known.hash:
            return known
        body = facts | {"sourceHash": str(now)} | ({"messageSchema": message_schema} if message_schema else {})
        entity = self._client.put("/topics", self._users_part(stored) | body, holds="id")
        return _Known(str(entity["id"]), now, facts["topicConfig"].get("streamARN"))

    def _stored_topic(self, name: str) -> Body:
        fields = "owners,tags,domains,dataProducts,extension"
        path = f"/topics/name/{quoted(self._service, name)}"
        return self._client.get(path, fields=fields, include="all") or {}

    def _users_part(self, stored: Body) -> Body:
        """What people wrote on a topic. A PUT clears what it leaves out unless the token is a bot's."""
        if self._metadata.override_metadata:
            return {}
        names = ("displayName", "description", "owners", "tags", "extension", "cleanupPolicies")
        kept = {name: stored[name] for name in names if stored.get(name)}
        for name in ("domains", "dataProducts"):
            if stored.get(name):
                kept[name] = [reference["fullyQualifiedName"] for reference in stored[name]]
        return kept

    def _store(self, known: _Known, sample: Sample, *, is_new: bool) -> bool:
        """Send the sample unless it is stored already. In an order that a kill at any point leaves repairable."""
        messages = list(sample.messages)
        path, now = f"/topics/{known.id}", digest(messages, 12)
        if known.hash.sample == now:
            return False
        if known.hash.sample:
            self._remember(path, known.hash._replace(sample=""))
        elif not is_new and self._stored(path) == messages:
            return False
        self._client.put(f"{path}/sampleData", {"messages": messages})
        if is_new:
            self._remember(path, known.hash._replace(sample=now))
        return True

    def _stored(self, path: str) -> list[str]:
        entity = self._client.get(f"{path}/sampleData") or {}
        return list((entity.get("sampleData") or {}).get("messages") or [])

    def _remember(self, path: str, source_hash: SourceHash) -> None:
        self._client.patch(path, [{"op": "add", "path": "/sourceHash", "value": str(source_hash)}])

    def _may_store_samples(self) -> bool:
        settings = self._client.get("/system/settings/profilerConfiguration") or {}
        config = (settings.get("config_value") or {}).get("sampleDataConfig") or {}
        return config.get("storeSampleData") is not False

    def _ensure_service(self) -> None:
        found = self._client.get(f"/services/messagingServices/name/{quoted(self._service)}")
        wanted = {"displayName": self._wanted.display_name, "description": self._wanted.description}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        if found is None:
            self._client.put("/services/messagingServices", self._new_service() | wanted)
            return
        if found.get("serviceType") != "Kinesis":
            raise CatalogueRefused(
                f"the service {self._service!r} is of type {found.get('serviceType')}",
                where=self._client.address,
                remedy="Choose another `source.serviceName`",
            )
        changes = [{"op": "add", "path": f"/{k}", "value": v} for k, v in wanted.items() if found.get(k) != v]
        if changes:
            self._change_service(str(found["id"]), changes)

    def _change_service(self, identity: str, changes: list[dict[str, Any]]) -> None:
        try:
            self._client.patch(f"/services/messagingServices/{identity}", changes)
        except CatalogueRefused as error:
            # The ingestion bot's own policy denies it some fields [OpenMetadata#28676]: no reason to lose the run.
            log.warning("the service's display name or description stays as it is: %s", error)

    def _new_service(self) -> dict[str, Any]:
        # Region and endpoint only: the catalogue has no use for the keys, and its readers must not get them.
        aws = {"awsRegion": self._aws.aws_region, "endPointURL": self._aws.endpoint_url}
        config = {"type": "Kinesis", "awsConfig": {key: value for key, value in aws.items() if value}}
        return {"name": entity_name(self._service), "serviceType": "Kinesis", "connection": {"config": config}}


def _known(entity: dict[str, Any]) -> _Known:
    arn = (entity.get("topicConfig") or {}).get("streamARN")
    source_hash = SourceHash.parse(entity.get("sourceHash") or "")
    return _Known(entity["id"], source_hash, arn, bool(entity.get("deleted")))


class FileSink:
    """One JSON line per topic, in the order of names: the CreateTopic body and its sample.

    The file is replaced in one step at the end of a complete run: a reader sees the old catalogue or the new one,
    whatever happens. A topic that the run could not bring up to date keeps its line. Memory holds names, not topics.
    """

    def __init__(self, path: Path, service: str) -> None:
        self.address = str(path)
        self._path = path
        self._service = service
        self._lock = threading.Lock()
        self._next: IO[bytes]
        self._spool: IO[bytes]
        self._old: dict[str, _Line] = {}
        self._new: dict[str, _Line] = {}

    def open(self) -> bool:
        if self._path.exists() and not (self._path.is_file() or self._path.is_dir()):
            # Reading a device to its end, to learn what it catalogues, might never end.
            remedy = "Give `sink.config.path` the path of a regular file"
            raise Abort("this is no regular file", where=str(self._path), remedy=remedy)
        with _on_disk(self._path), ExitStack() as undo:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._next = undo.enter_context(_claimed(self._path.with_name(self._path.name + ".partial")))
            undo.callback(Path(self._next.name).unlink)
            self._old = _indexed(self._path, fqn(self._service))
            self._spool = TemporaryFile(dir=self._path.parent)  # noqa: SIM115 - closed by close()
            undo.pop_all()
        return True

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: line.arn for name, line in self._old.items()}

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        with _on_disk(self._path):
            return self._write(topic, sample, self._old.get(topic.name))

    def _write(self, topic: Topic, sample: Sample, old: _Line | None) -> Outcome:
        before: Body = json.loads(_bytes_at(self._path, old)) if old else {}
        entry = topic_body(topic, self._service)
        if topic.schema:
            entry["messageSchema"] = renewed(topic.schema, before.get("messageSchema"), override=False)
        if sample.messages:
            entry["sampleData"] = {"messages": list(sample.messages)}
        for kept in ("messageSchema", "sampleData"):
            if kept in before:
                entry.setdefault(kept, before[kept])
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode("utf-8") + b"\n"
        with self._lock:
            self._new[topic.name] = _Line(self._spool.seek(0, os.SEEK_END), len(line), _line_digest(line), None)
            self._spool.write(line)
        return "unchanged" if old and old.digest == _line_digest(line) else "written"

    def delete(self, name: str) -> None:
        self._old.pop(name, None)

    def close(self, *, complete: bool) -> bool:
        partial = Path(self._next.name)
        with _on_disk(self._path), self._next, self._spool, ExitStack() as undo:
            undo.callback(partial.unlink)
            if complete:
                self._fill()
                partial.replace(self._path)
                undo.pop_all()
        return complete

    def _fill(self) -> None:
        for name in sorted(self._old.keys() | self._new.keys()):
            if name in self._new:
                self._spool.seek(self._new[name].start)
                self._next.write(self._spool.read(self._new[name].length))
            else:
                self._next.write(_bytes_at(self._path, self._old[name]))
        self._next.flush()
        os.fsync(self._next.fileno())


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    length: int
    digest: bytes
    arn: str | None


@contextmanager
def _on_disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Abort(
            "the catalogue cannot be written",
            where=str(path),
            why=error.strerror or str(error),
            remedy="Check the path, its rights and the free space",
        ) from None


def _claimed(path: Path) -> IO[bytes]:
    """The file, empty, and locked until it is closed or its process dies."""
    handle = path.open("ab")
    if not _locked(handle, path):
        handle.close()
        raise Abort(
            "another run writes this catalogue now",
            where=str(path),
            remedy="Wait for it, or give this one another path",
        )
    handle.truncate(0)
    return handle


def _locked(handle: IO[bytes], path: Path) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # The run that held it may have ended just now: then this is the catalogue itself, or nothing any more.
    return path.exists() and os.path.samestat(os.fstat(handle.fileno()), path.stat())


def _indexed(path: Path, service: str) -> dict[str, _Line]:
    """Where each topic stands in a catalogue file. Refuses to replace a file that is something else.

    service: as a fully qualified name. A topic of another one would be missing from this service's streams: deleted.
    """
    lines: dict[str, _Line] = {}
    if not path.exists():
        return lines
    start = 0
    with path.open("rb") as handle:
        for raw in handle:
            remedy = "Give `sink.config.path` another name, or move this file away"
            try:
                entry = json.loads(raw)
                arn = entry["topicConfig"].get("streamARN")
                lines[str(entry["name"])] = _Line(start, len(raw), _line_digest(raw), arn)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise Abort("this file is not a catalogue of ours", where=str(path), remedy=remedy) from None
            if entry.get("service") != service:
                what = f"this file is the catalogue of another service, {entry.get('service')}"
                raise Abort(what, where=str(path), remedy=remedy)
            start += len(raw)
    return lines


def _bytes_at(path: Path, line: _Line) -> bytes:
    with path.open("rb") as handle:
        handle.seek(line.start)
        return handle.read(line.length)


def _line_digest(line: bytes) -> bytes:
    return hashlib.blake2s(line, digest_size=8).digest()
