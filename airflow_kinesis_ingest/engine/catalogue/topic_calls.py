"""The calls that bring a topic and its sample into OpenMetadata. The tables at the end are the specification.

What was sent is remembered in the topic's own `sourceHash`, so that an unchanged topic costs no call, until a date in
its schema is to be renewed or something of it is forgotten. The hash goes
with the PUT of the topic alone: OpenMetadata consolidates a PATCH with the PUT before it, which makes an added field a
major version and loses the one between. So nothing is remembered of the sample: what is stored is read and compared.

A run may be killed between any two calls. What it leaves behind is not remembered as sent, and the next run sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, NoReturn

from ...errors import NotAllowed, TopicRefused
from ..model import Drift, MessageSchema
from ..records.field_names import named, stored_name
from ..records.forgetting import Ages, Memory
from .client import OpenMetadata, quoted
from .drift import drift_of
from .renewal import Body, Renewed, is_unchangeable, renewed, tell_forgotten
from .sink import Standing, digest

NO_SCHEMA = "-" * 8
NO_DAY = "-" * 6
ALLOW_SAMPLES = "Let the bot view settings, edit topics and their sample data, or set `options.sample.store: false`"
WORDS = ("displayName", "description", "owners", "tags", "extension", "cleanupPolicies")
"""What people write on a topic, besides its domains and data products."""

Warn = Callable[[str, str, str, str], None]
"""Step, entity, cause and remedy of what is missing from the catalogue in the end (Tally.warn)."""


class SourceHash(NamedTuple):
    """What a topic's `sourceHash` remembers of the last run, in 20 or 32 characters; "" is not remembered.

    facts: of the topic's body (12 hex digits); schema: of the schema's text as the sample showed it (8); ages: of what
    is stored, two days as YYMMDD, "" where nothing is to be forgotten.
    """

    facts: str = ""
    schema: str = ""
    ages: str = ""

    def __str__(self) -> str:
        return self.facts + (self.schema or NO_SCHEMA) + self.ages

    @classmethod
    def parse(cls, text: object) -> SourceHash:
        """One that somebody else wrote remembers nothing."""
        if not isinstance(text, str) or len(text) not in (20, 32):
            return cls()
        return cls(text[:12], text[12:20].replace(NO_SCHEMA, ""), text[20:])

    def is_due(self, memory: Memory) -> bool:
        """Whether the sample that it remembers changes what is stored, on this day; also where that is not known."""
        days = (self.ages[:6], self.ages[6:])
        try:
            return memory.is_due(Ages(*(_day(text) for text in days)))
        except ValueError:
            return True


def _day(text: str) -> date | None:
    """Raises ValueError."""
    return None if text == NO_DAY else date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _written(ages: Ages) -> str:
    return "".join(f"{day:%y%m%d}" if day else NO_DAY for day in ages)


REFUSED_NAME = "Invalid name"
"""In what OpenMetadata says when it cannot build a name out of names (seen on 1.6: `Invalid name "shop.orders".id`)."""

NOTHING = SourceHash("0" * 12)
"""A hash that is another one than any topic's, and so a change."""


NO_LABELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Catalogued:
    """A topic as the catalogue has it. A run keeps one of each, so that what tens of thousands share is shared.

    source_hash: as it is stored; arn: of its stream; deleted: softly, so that a PUT brings it back; unchangeable: see
    `is_unchangeable`. labels: of the classification of AWS's tags, with their types; owners: type and id of those it
    does not inherit; both as the run began, and empty where nobody asks for them. standing: as of a sink's `standing`.
    """

    id: str
    source_hash: str = ""
    arn: str | None = None
    deleted: bool = False
    unchangeable: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    owners: frozenset[tuple[str, str]] = frozenset()
    standing: Standing | None = None

    @property
    def hash(self) -> SourceHash:
        return SourceHash.parse(self.source_hash)

    @property
    def is_ours(self) -> bool:
        """Whether it is live and a run of ours wrote it: others count shards otherwise."""
        return bool(self.hash.facts) and not self.deleted

    @property
    def is_remembered(self) -> bool:
        """Whether it is live and holds what a run of ours wrote last, whole."""
        return self.hash.facts not in ("", NOTHING.facts) and not (self.deleted or self.unchangeable)


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a run knows of a topic meets what the catalogue has.

    name: the stream's; facts: the topic's body without a schema; schema, messages: what this run's sample showed, None
    and [] for nothing; known: None for a topic that is not catalogued. memory: what its schema forgets, None for
    nothing.
    """

    name: str
    facts: Body
    schema: MessageSchema | None
    messages: list[str]
    known: Catalogued | None
    memory: Memory | None = None

    @property
    def hash(self) -> SourceHash:
        return SourceHash(digest(self.facts, 12), digest(self.schema.text, 8) if self.schema else "")

    @property
    def is_remembered(self) -> bool:
        if self.known is None or self.known.deleted or self.known.unchangeable:
            return False
        return self.hash.facts == self.known.hash.facts and not self.is_due and self._is_seen_before

    @property
    def _is_seen_before(self) -> bool:
        return self.known is not None and self.hash.schema in ("", self.known.hash.schema)

    @property
    def is_due(self) -> bool:
        """Whether the sample is the one that the hash remembers, and changes what is stored all the same."""
        if not (self.known and self.memory and self.schema and self._is_seen_before):
            return False
        return self.known.hash.is_due(self.memory)


@dataclass(frozen=True, slots=True)
class Change:
    """What a catalogued topic is to become: the body of its PUT."""

    known: Catalogued
    body: Body


class TopicCalls:
    """Writes the topics of one service; for many threads.

    fields: what to ask of a stored topic besides its own. override: what people wrote goes. mask: hides what the rules
    of redaction name. denied: why no sample may be stored, "" while one may; `warn` is told of each that is not, and
    after the first no other is tried. drift: of the streams whose topics were changed.
    """

    def __init__(
        self,
        client: OpenMetadata,
        service: str,
        *,
        fields: Sequence[str],
        override: bool,
        mask: Callable[[str], str],
        warn: Warn,
    ) -> None:
        self._client = client
        self._service = service
        self._fields = ",".join(fields)
        self._override = override
        self._mask = mask
        self._warn = warn
        self.denied = ""
        self.drift: dict[str, tuple[Drift, ...]] = {}

    def write(self, meeting: Meeting) -> tuple[Catalogued, bool]:
        """The topic as it is now, and whether anything had to be sent."""
        topic = next(row.calls for row in TOPIC if row.holds(meeting))(self, meeting)
        stored = next(row.calls for row in SAMPLE if row.holds(meeting, self.denied))(self, meeting, topic)
        return topic, stored or topic is not meeting.known

    # --- the topic

    def leave(self, meeting: Meeting) -> Catalogued:
        assert meeting.known
        return meeting.known

    def create(self, meeting: Meeting) -> Catalogued:
        schema = renewed(meeting.schema, {}, override=self._override, mask=self._mask)
        return self._put(_whole(meeting.facts, schema.body, _hash(meeting, schema)))

    def change(self, meeting: Meeting) -> Catalogued:
        assert meeting.known
        known, stored = meeting.known, self._stored(meeting.facts["name"])
        before: Body = stored.get("messageSchema") or {}
        schema = self._renewed(meeting, before, known)
        now = _hash(meeting, schema)
        if schema.body.get("schemaText") == before.get("schemaText") and not meeting.is_due:
            now = now._replace(schema=known.hash.schema, ages=known.hash.ages)
        is_mended = known.unchangeable and not is_unchangeable(schema.body)
        if now == known.hash and not known.deleted and not is_mended:
            return known
        words = {} if self._override else words_of_people(stored)
        body = _whole(meeting.facts, schema.body, now)
        changed = self._changed(Change(known, words | body))
        tell_forgotten(meeting.name, schema)
        if known.is_ours and (found := drift_of(meeting.name, stored, body, self._mask)):
            self.drift[meeting.name] = found
        return changed

    def _renewed(self, meeting: Meeting, before: Body, known: Catalogued) -> Renewed:
        sent = bool(known.hash.schema) and known.hash.schema == digest(before.get("schemaText"), 8)
        return renewed(
            meeting.schema, before, override=self._override, memory=meeting.memory, sent=sent, mask=self._mask
        )

    def _changed(self, change: Change) -> Catalogued:
        *others, last = [row.calls for row in CHANGE if row.holds(change)]
        for calls in others:
            try:
                return calls(self, change)
            except TopicRefused as error:
                if REFUSED_NAME not in str(error):
                    raise
        return last(self, change)

    def put(self, change: Change) -> Catalogued:
        return self._put(change.body)

    def put_without_schema_then_with(self, change: Change) -> Catalogued:
        """The first must be a change of something else, too: what lacks a schema only leaves the stored one."""
        bare = {key: value for key, value in change.body.items() if key != "messageSchema"}
        self._put(bare | {"sourceHash": str(NOTHING)})
        return self._put(_mended(change.body))

    def refuse(self, change: Change) -> NoReturn:
        """Deleting it for good would do; its votes, followers and history would go along, and that is for people."""
        raise TopicRefused(
            "OpenMetadata deleted it softly and cannot restore it: its stored schema has names that are refused",
            where=f"PUT /topics, {change.body['name']}",
            remedy="Delete it for good in OpenMetadata, and the next run makes it anew",
        )

    def _put(self, body: Body) -> Catalogued:
        entity = self._client.put("/topics", body, holds="id")
        return Catalogued(str(entity["id"]), body["sourceHash"])

    def _stored(self, name: str) -> Body:
        path = f"/topics/name/{quoted(self._service, name)}"
        stored: Body = self._client.get(path, fields=self._fields, include="all") or {}
        _check_fields(object_in(stored, "messageSchema", path), "schemaFields", path)
        return without_inherited(stored, path)

    # --- its sample

    def keep(self, meeting: Meeting, topic: Catalogued) -> bool:  # noqa: ARG002 - as each row of SAMPLE is called
        return False

    def name(self, meeting: Meeting, topic: Catalogued) -> bool:  # noqa: ARG002 - as each row of SAMPLE is called
        self._warn("sample", meeting.name, f"it is not stored: {self.denied}", ALLOW_SAMPLES)
        return False

    def store(self, meeting: Meeting, topic: Catalogued) -> bool:
        try:
            return self._put_sample(topic, meeting.messages)
        except NotAllowed as error:
            self.denied = f"{error.where}: {error.cause}"
            return self.name(meeting, topic)

    def store_another(self, meeting: Meeting, topic: Catalogued) -> bool:
        try:
            is_stored = self._stored_sample(topic) == meeting.messages
        except NotAllowed as error:
            self.denied = f"{error.where}: {error.cause}"
            return self.name(meeting, topic)
        return not is_stored and self.store(meeting, topic)

    def _stored_sample(self, topic: Catalogued) -> Any:
        path = f"/topics/{topic.id}/sampleData"
        return object_in(self._client.get(path) or {}, "sampleData", path).get("messages")

    def _put_sample(self, topic: Catalogued, messages: list[str]) -> bool:
        self._client.put(f"/topics/{topic.id}/sampleData", {"messages": messages})
        return True


def _hash(meeting: Meeting, schema: Renewed) -> SourceHash:
    return meeting.hash._replace(ages=_written(schema.ages) if meeting.memory else "")


def _whole(facts: Body, schema: Body, source_hash: SourceHash) -> Body:
    return facts | {"sourceHash": str(source_hash)} | ({"messageSchema": schema} if schema else {})


def _mended(body: Body) -> Body:
    """Under names that no server refuses, also where people wrote the schema."""
    if "messageSchema" not in body:
        return body
    fields = named(body["messageSchema"].get("schemaFields") or [], stored_name)
    return body | {"messageSchema": body["messageSchema"] | {"schemaFields": fields}}


def without_inherited(stored: Body, where: str) -> Body:
    """What a service passes on to its entities would otherwise become theirs, and outlive a change there."""
    for key in ("owners", "domains", "dataProducts"):
        if stored.get(key):
            stored[key] = [each for each in _objects_in(stored, key, where) if not each.get("inherited")]
    return stored


def words_of_people(stored: Body) -> Body:
    """What people wrote on a topic or pipeline. A PUT clears what it leaves out unless the token is a bot's."""
    kept = {name: stored[name] for name in WORDS if stored.get(name)}
    for name in ("domains", "dataProducts"):
        if stored.get(name):
            kept[name] = [reference.get("fullyQualifiedName") for reference in stored[name]]
    return kept


def object_in(body: Body, key: str, where: str) -> Body:
    """Raises TopicRefused for anything else than an object or nothing, which is {}."""
    found = body.get(key) or {}
    if not isinstance(found, dict):
        raise _not_as_in_its_schema(key, where)
    return found


def _objects_in(body: Body, key: str, where: str) -> list[Body]:
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _not_as_in_its_schema(key, where)
    return found


def _check_fields(holder: Body, key: str, where: str) -> None:
    for each in _objects_in(holder, key, where):
        if not isinstance(each.get("name"), str):
            raise _not_as_in_its_schema(key, where)
        _check_fields(each, "children", where)


def _not_as_in_its_schema(key: str, where: str) -> TopicRefused:
    remedy = "Look at it in OpenMetadata, and run again"
    return TopicRefused(f"its `{key}` is not what OpenMetadata's schema says", where=where, remedy=remedy)


# --- the tables: the first row that holds is taken; of CHANGE the next, where a name in the former was refused --------


class Topic(NamedTuple):
    """A topic that .holds is brought into the catalogue by .calls."""

    holds: Callable[[Meeting], bool]
    calls: Callable[[TopicCalls, Meeting], Catalogued]


TOPIC = (
    Topic(lambda it: it.known is None, TopicCalls.create),  # PUT
    Topic(lambda it: it.is_remembered, TopicCalls.leave),  # no call
    Topic(lambda _: True, TopicCalls.change),  # GET; with what people wrote PUT, unless nothing is another
)


class Changing(NamedTuple):
    """A change that .holds is made by .calls."""

    holds: Callable[[Change], bool]
    calls: Callable[[TopicCalls, Change], Catalogued]


CHANGE = (
    Changing(lambda _: True, TopicCalls.put),  # PUT
    Changing(lambda it: it.known.unchangeable, TopicCalls.put_without_schema_then_with),  # PUT, PUT
    # To restore it the server compares the stored schema with itself, and refuses that, too.
    Changing(lambda it: it.known.unchangeable and it.known.deleted, TopicCalls.refuse),  # no call: the topic is named
)


class Sampled(NamedTuple):
    """The sample of a written topic is stored by .calls if, with the reason why none may be stored, .holds."""

    holds: Callable[[Meeting, str], bool]
    calls: Callable[[TopicCalls, Meeting, Catalogued], bool]


SAMPLE = (
    Sampled(lambda it, _: not it.messages, TopicCalls.keep),  # no call: what is stored was seen
    Sampled(lambda _, denied: bool(denied), TopicCalls.name),  # no call: the stream is named
    Sampled(lambda it, _: it.known is None, TopicCalls.store),  # PUT
    Sampled(lambda *_: True, TopicCalls.store_another),  # GET, and PUT unless it is the same
)
