"""The sink that is a file, and needs no server."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ...errors import Abort
from ..model import Drift, Outcome, Sample, Topic
from ..records.redact import Redactor
from ..workflow.models import Workflow
from .client import fqn
from .drift import drift_of
from .found import Each, Found, Linked
from .lines import Lines, flows_in
from .renewal import Body, renewed, tell_forgotten
from .sink import Standing, memory_of, topic_body


class FileSink:
    """One JSON line per topic, in the order of names: the CreateTopic body and its sample.

    The file is replaced in one step at the end of a complete run: a reader sees the old catalogue or the new one,
    whatever happens; it has the mode of the old one, and a symbolic link stays one. A topic that the run could not
    bring up to date keeps its line. Memory holds names, not topics.
    """

    def __init__(self, path: Path, workflow: Workflow) -> None:
        self.address = str(path)
        self._path = Path(os.path.realpath(path))
        self._service = workflow.source.service_name
        self._mask = Redactor(workflow.options.sample.redact).mask
        self._override = workflow.metadata.override_metadata
        self._memory = partial(memory_of, workflow)
        self._options = workflow.options
        self._lock = threading.Lock()
        self._next: IO[bytes]
        self._spool: IO[bytes]
        self._old: dict[str, _Line] = {}
        self._new: dict[str, _Line] = {}
        self._drift: dict[str, tuple[Drift, ...]] = {}

    def open(self, *, storing: bool) -> bool:
        with _on_disk(self._path), ExitStack() as undo:
            mode = _mode(self._path)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._next = undo.enter_context(_claimed(self._path.with_name(self._path.name + ".partial")))
            undo.callback(Path(self._next.name).unlink)
            if mode is not None:
                os.fchmod(self._next.fileno(), mode)
            self._learn()
            self._spool = TemporaryFile(dir=self._path.parent)  # noqa: SIM115 - closed by close()
            undo.pop_all()
        return storing

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: line.arn for name, line in self._old.items()}

    def standing(self, name: str) -> Standing | None:  # noqa: ARG002 - a file tells of no complete run
        return None

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        with _on_disk(self._path):
            entry = self._entry(topic, sample, self._stored(topic.name))
            return self._keep(topic.name, entry)

    def drift(self, name: str) -> tuple[Drift, ...]:
        return self._drift.get(name, ())

    def _learn(self) -> None:
        """What an earlier run wrote."""
        with _on_disk(self._path):
            _mode(self._path)
            self._old = _indexed(self._path, fqn(self._service))

    def _stored(self, name: str) -> Body:
        old = self._old.get(name)
        found: Body = json.loads(_bytes_at(self._path, old)) if old else {}
        return found

    def _entry(self, topic: Topic, sample: Sample, before: Body) -> Body:
        entry = topic_body(topic, self._service)
        if topic.schema:
            # People write in OpenMetadata; here, a schema is always the one that an earlier run wrote.
            schema = renewed(
                topic.schema,
                before.get("messageSchema"),
                override=self._override,
                memory=self._memory(sample),
                sent=True,
                mask=self._mask,
            )
            tell_forgotten(topic.name, schema)
            entry["messageSchema"] = schema.body
        if sample.messages:
            entry["sampleData"] = {"messages": list(sample.messages)}
        for kept in ("messageSchema", "sampleData", "tags", "flows"):
            if kept in before:
                entry.setdefault(kept, before[kept])
        if found := drift_of(topic.name, before, entry, self._mask):
            self._drift[topic.name] = found
        return entry

    def _keep(self, name: str, entry: Body) -> Outcome:
        old = self._old.get(name)
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode("utf-8") + b"\n"
        with self._lock:
            self._new[name] = _Line(self._spool.seek(0, os.SEEK_END), len(line), _line_digest(line), None)
            self._spool.write(line)
        return "unchanged" if old and old.digest == _line_digest(line) else "written"

    def delete(self, name: str) -> None:
        self._old.pop(name, None)

    def link(self, found: Found, each: Each) -> Linked:  # noqa: ARG002 - a file is written by one
        """Tags and flows stand in the lines of their topics, as `tags` and `flows`; a file knows no owners."""
        names = [name for name in sorted(self._names()) if name in found.streams]
        lines = Lines(found, self._options, chain.from_iterable(flows_in(self._line(name)) for name in names))
        for name in names:
            before = self._line(name)
            entry = lines.linked(name, before)
            if entry != before:
                self._keep(name, entry)
        return lines.report

    def _names(self) -> set[str]:
        return self._old.keys() | self._new.keys()

    def _line(self, name: str) -> Body:
        """As it will be written."""
        if name not in self._new:
            return self._stored(name)
        with self._lock:
            self._spool.seek(self._new[name].start)
            found: Body = json.loads(self._spool.read(self._new[name].length))
        return found

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
        for name in sorted(self._names()):
            if name in self._new:
                self._spool.seek(self._new[name].start)
                self._next.write(self._spool.read(self._new[name].length))
            else:
                # The last line of a file that a person edited may lack its end.
                self._next.write(_bytes_at(self._path, self._old[name]).rstrip(b"\n") + b"\n")
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


def _mode(path: Path) -> int | None:
    """The permissions of a catalogue, None if there is none. Refuses a folder, a device, a pipe.

    Reading a device to its end, to learn what it catalogues, might never end.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        remedy = "Give `sink.config.path` the path of a regular file"
        raise Abort("this is no regular file", where=str(path), remedy=remedy)
    return stat.S_IMODE(mode)


def _claimed(path: Path) -> IO[bytes]:
    """The file, empty, and locked until it is closed or its process dies."""
    with _on_disk(path), ExitStack() as undo:
        handle = undo.enter_context(open(path, "ab", opener=_opener))
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise Abort("this is no regular file", where=str(path), remedy="Move it away")
        if not _locked(handle, path):
            remedy = "Wait for it, or give this one another path"
            raise Abort("another run writes this catalogue now", where=str(path), remedy=remedy)
        handle.truncate(0)
        undo.pop_all()
        return handle


def _opener(path: str, flags: int) -> int:
    # A link would have somebody else's file emptied; a pipe opened for writing alone waits for its reader.
    return os.open(path, (flags & ~os.O_WRONLY) | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


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
            entry = _entry(raw)
            if not entry:
                raise Abort("this file is not a catalogue of ours", where=str(path), remedy=remedy)
            arn = entry["topicConfig"].get("streamARN")
            lines[entry["name"]] = _Line(start, len(raw), _line_digest(raw), arn)
            if entry.get("service") != service:
                what = f"this file is the catalogue of another service, {entry.get('service')}"
                raise Abort(what, where=str(path), remedy=remedy)
            start += len(raw)
    return lines


def _entry(line: bytes) -> Body:
    """A line as we write it; empty for any other."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return {}
    config, schema = entry.get("topicConfig"), entry.get("messageSchema", {})
    if not (isinstance(config, dict) and isinstance(schema, dict)):
        return {}
    return entry if isinstance(config.get("streamARN") or "", str) else {}


def _bytes_at(path: Path, line: _Line) -> bytes:
    with path.open("rb") as handle:
        handle.seek(line.start)
        return handle.read(line.length)


def _line_digest(line: bytes) -> bytes:
    return hashlib.blake2s(line, digest_size=8).digest()
