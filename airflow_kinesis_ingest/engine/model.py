"""The nouns that travel between the stages. All are immutable; None always means "not known", never zero."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from ..errors import IngestError

State = Literal["success", "partialSuccess", "failed", "stopped"]
Outcome = Literal["written", "unchanged"]
Fate = Literal["failed", "not reached", "skipped", "deleted", "written", "unchanged", "not due", "filtered"]
"""What became of a stream or, deleted, of the topic that had lost its stream; what asks for a look first."""

NAMES = re.compile(r"[\w.-]+")
PASSING = re.compile(r"shardId-\d+|0x[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What tells one failed call from the next of its kind: a shard, an address in memory, the id of a request."""

EXAMPLES = 3  # names that stand for all of a group


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as ListStreams names it. Only the name is certain: simulators leave the rest out."""

    name: str
    arn: str | None = None
    created: datetime | None = None
    status: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What DescribeStreamSummary says of a stream.

    open_shards >= 1; retention_hours 24..8760; max_record_kib 1024..10240, None on endpoints that do not say.
    """

    stream: Stream
    open_shards: int
    retention_hours: int
    status: str | None = None
    mode: str | None = None
    encryption: str | None = None
    key_id: str | None = None
    consumers: int | None = None
    max_record_kib: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One Kinesis record, its bytes exactly as boto3 hands them out: base64 of the wire is already undone."""

    data: bytes
    arrived: datetime | None = None


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """The schema a message was written with, its text exactly as the registry or the message itself has it.

    message: the full name of the message's type in a Protobuf schema; "" when it is not known.
    """

    data_format: Literal["AVRO", "JSON", "PROTOBUF"]
    definition: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class NoSchema:
    """Why a registered schema is not at hand: one sentence that names what would make it so.

    told: a warning of the run says it already, for all schemas.
    """

    reason: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One readable message of a sample.

    text is what the catalogue shows: a data URL (RFC 2397) when format is "binary", the message itself when it
    is "json", "text", "avro" or "protobuf". value is the parsed JSON value when format is "json", else None. layers are
    the wrappers that were recognised, outermost first ("kpl", "gzip", "glue:<id>", ...); one that ends in "/control"
    marks a message about the stream rather than of it. note says why something stayed encoded or was cut.
    schema is the one it was written with, None when it names none or that is not at hand. values are the JSON values
    of a "text" that is several, one after another; each counts for the schema.
    """

    text: str
    format: Literal["json", "text", "avro", "protobuf", "binary"]
    value: Any = None
    layers: tuple[str, ...] = ()
    note: str = ""
    schema: RegisteredSchema | None = None
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A node of OpenMetadata's field tree (type/schema.json#/definitions/field)."""

    name: str
    type: str
    display: str = ""
    children: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """The structure the messages of a stream share.

    kind is OpenMetadata's schemaType; text the schema as its users write it; agreed of total messages had it. yields:
    to any catalogued one but an inferred one, as another may be declared that could not be asked for.
    """

    kind: Literal["Avro", "JSON", "Protobuf", "Other"]
    text: str
    fields: tuple[Field, ...]
    agreed: int
    total: int
    yields: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Messages read from a stream. Empty messages means that the places looked at held no record.

    read: how many messages there were, also where they may not leave the process. today, newest: the days,
    in UTC, on which it was taken and on which the newest record arrived; None for no record.
    """

    messages: tuple[str, ...] = ()
    schema: MessageSchema | None = None
    notes: tuple[str, ...] = ()
    read: int = 0
    today: date | None = None
    newest: date | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """What the catalogue is told about one stream: retention in milliseconds, message size in bytes."""

    name: str
    partitions: int
    retention_ms: int
    max_message_bytes: int | None
    source_url: str | None
    config: dict[str, Any]
    schema: MessageSchema | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that did not work: the step, the entity (a stream or a call), the cause and the remedy.

    actions: of AWS's IAM, where the permission for them is what is missing.
    """

    step: str
    entity: str
    cause: str
    remedy: str
    actions: tuple[str, ...] = ()

    def rewritten(self, rewrite: Callable[[str], str]) -> Problem:
        return replace(self, cause=rewrite(self.cause), remedy=rewrite(self.remedy))

    @property
    def kind(self) -> tuple[str, str, str]:
        """Step, cause and remedy without what names this entity or call: `*` stands in its place.

        AWS and OpenMetadata name the stream in what they say, by its ARN or with its service before it.
        """
        return self.step, self._nameless(self.cause), self._nameless(self.remedy)

    def _nameless(self, text: str) -> str:
        return NAMES.sub(lambda found: self._starred(found[0]), PASSING.sub("*", text))

    def _starred(self, name: str) -> str:
        plain = name.rstrip(".")
        if plain != self.entity and not plain.endswith(f".{self.entity}"):
            return name
        return f"{plain.removesuffix(self.entity)}*{name[len(plain) :]}"


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Problems of one kind. cause and remedy have `*` for what differs; those of a single problem are its own.

    actions: those that any of the problems misses.
    """

    step: str
    entities: tuple[str, ...]
    cause: str
    remedy: str
    actions: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """`a, b, c and 12 more`."""
        more = len(self.entities) - EXAMPLES
        if more <= 1:  # a name is as short as "and 1 more"
            return ", ".join(self.entities)
        return f"{', '.join(self.entities[:EXAMPLES])} and {more} more"

    def __str__(self) -> str:
        what = "pipelines" if self.step.endswith(" flows") else "topics" if self.step == "delete" else "streams"
        many = f"{self.step} of {len(self.entities)} {what} ({self.named})"
        return f"{many if len(self.entities) > 1 else f'{self.named} ({self.step})'}: {self.cause}. {self.remedy}"


def grouped(problems: Iterable[Problem]) -> tuple[ProblemGroup, ...]:
    """Problems of one kind together, the largest group first."""
    kinds: dict[tuple[str, str, str], list[Problem]] = {}
    for problem in problems:
        kinds.setdefault(problem.kind, []).append(problem)
    return tuple(_group(*kind) for kind in sorted(kinds.items(), key=lambda kind: -len(kind[1])))


def _group(kind: tuple[str, str, str], alike: list[Problem]) -> ProblemGroup:
    step, cause, remedy = kind
    if len(alike) == 1:
        cause, remedy = alike[0].cause, alike[0].remedy
    actions = tuple(dict.fromkeys(action for problem in alike for action in problem.actions))
    return ProblemGroup(step, tuple(problem.entity for problem in alike), cause, remedy, actions)


@dataclass(frozen=True, slots=True)
class Drift:
    """What a stream has become against what an earlier run wrote of it; first sight is none.

    what: as in `records/evolution.py`, or "retention" (of hours), "partitions" (open shards), "encryption",
    "encryption key". path: of a field, below the message; "" for what is none. before, after: None for nothing.
    compatible: of a schema, by the rules there; None where no rule tells.
    """

    stream: str
    what: str
    path: str = ""
    before: str | None = None
    after: str | None = None
    compatible: bool | None = None

    @property
    def text(self) -> str:
        """`type changed: customer.id, INT -> STRING, incompatible`."""
        change = " -> ".join(value for value in (self.before, self.after) if value is not None)
        verdict = "incompatible" if self.compatible is False else ""
        parts = ", ".join(part for part in (self.path, change, verdict) if part)
        return f"{self.what}: {parts}" if parts else self.what


@dataclass(frozen=True, slots=True)
class StreamRow:
    """What one run knows of one stream. Only the name and the outcome are certain: None is not known, never zero.

    pattern: what the filter decided by, as it says it; None without a filter. schema: its kind. messages: read for the
    sample; 0 where it was looked for in vain. Nothing of a message is in it. tags: of AWS, as `key=value`; readers,
    writers: its flows, as a person would name them. drift: the texts of its first changes.
    """

    name: str
    outcome: Fate = "not reached"
    pattern: str | None = None
    shards: int | None = None
    retention_hours: int | None = None
    schema: str | None = None
    messages: int | None = None
    tags: tuple[str, ...] | None = None
    readers: tuple[str, ...] | None = None
    writers: tuple[str, ...] | None = None
    drift: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    """What a run brought beside its streams: flows found at them, topics whose labels or owners changed, pipelines and
    edges written and removed.
    """

    found: int = 0
    labelled: int = 0
    written: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one run did, in streams. Every kept stream (listed - filtered) is in one of six places.

    written or unchanged: its entry is right; not_due: its entry is right as far as a listing tells (`run/refresh.py`);
    skipped: it is being created or deleted and was left alone, a warning names it; failures: its entry could not be
    brought up to date; not_reached: the run ended before it. Other warnings
    name a stream that is in the catalogue without a part of what was asked (its sample), a registry of schemas that
    could not be read, or a topic that was not deleted for want of proof. Of a run of named streams, only these are
    counted as listed, and one that is not there is a failure besides. failed_deletions are of topics, none of the
    streams'. fatal ended the run before its work was done. seconds: wall time so far. account: of AWS, None if nothing
    told it. throttled: calls that AWS throttled, each of which was repeated or failed. drift: how written streams
    differ from what the catalogue had. streams: a row for each that was listed, or asked for, or deleted.
    """

    state: State = "success"
    listed: int = 0
    filtered: int = 0
    described: int = 0
    sampled: int = 0
    written: int = 0
    unchanged: int = 0
    not_due: int = 0
    skipped: int = 0
    throttled: int = 0
    deleted: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    failures: tuple[Problem, ...] = ()
    failed_deletions: tuple[Problem, ...] = ()
    not_reached: tuple[str, ...] = ()
    fatal: IngestError | None = None
    seconds: float = 0.0
    catalogue: str = ""
    account: str | None = None
    flows: Flows | None = None
    drift: tuple[Drift, ...] = ()
    streams: tuple[StreamRow, ...] = ()

    def rewritten(self, rewrite: Callable[[str], str]) -> RunReport:
        """The same report with the texts of its problems as `rewrite` makes them; names stay."""
        return replace(
            self,
            warnings=tuple(problem.rewritten(rewrite) for problem in self.warnings),
            failures=tuple(problem.rewritten(rewrite) for problem in self.failures),
            failed_deletions=tuple(problem.rewritten(rewrite) for problem in self.failed_deletions),
            fatal=self.fatal and self.fatal.rewritten(rewrite),
        )

    @property
    def success_percent(self) -> float | None:
        """Share of the streams that are right or failed, 0..100; None if there are none, or not all were reached."""
        if self.not_reached:
            return None
        right = self.written + self.unchanged + self.not_due
        total = right + len(self.failures)
        return round(100.0 * right / total, 2) if total else None

    @property
    def drift_by_stream(self) -> dict[str, list[Drift]]:
        """In the order of `drift`: of each stream the incompatible first."""
        found: dict[str, list[Drift]] = {}
        for each in self.drift:
            found.setdefault(each.stream, []).append(each)
        return found

    @property
    def drifted(self) -> int:
        """Streams with a drift."""
        return len(self.drift_by_stream)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, every problem by itself, without `streams`; the shape of `--report`."""
        fatal = self.fatal and {
            "cause": str(self.fatal),
            "kind": type(self.fatal).__name__,
            "actions": list(self.fatal.actions),
        }
        plain = asdict(replace(self, fatal=None, streams=()))
        del plain["streams"]
        return plain | {"fatal": fatal, "success_percent": self.success_percent, "drifted": self.drifted}


@dataclass(frozen=True, slots=True)
class Step:
    """One call that a connection test tried.

    message: what was found, or why it failed or was skipped; remedy: what to do after a failure; actions: of AWS's IAM,
    where the permission for them is what is missing.
    """

    name: str
    status: Literal["passed", "failed", "skipped"]
    message: str = ""
    remedy: str = ""
    actions: tuple[str, ...] = ()

    def rewritten(self, rewrite: Callable[[str], str]) -> Step:
        return replace(self, message=rewrite(self.message), remedy=rewrite(self.remedy))
