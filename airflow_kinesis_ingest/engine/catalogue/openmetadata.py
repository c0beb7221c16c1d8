"""The sink that is an OpenMetadata server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from ...errors import CatalogueRefused, NotAllowed, TopicRefused
from ..model import MessageSchema, Outcome, Sample, Topic
from ..records.redact import Redactor
from ..workflow.models import Workflow
from .client import OpenMetadata, entity_name, fqn, quoted
from .renewal import Body, renewed
from .sink import digest, topic_body
from .versions import ServerVersion

log = logging.getLogger(__name__)

LISTED = ("sourceHash", "deleted", "topicConfig", "streamARN")
"""What is needed of a listed topic besides its id and name, the ARN inside its configuration included."""

NO_SCHEMA = "-" * 8
ALLOW_SAMPLES = "Let the bot view settings, edit topics and their sample data, or set `options.sample.store: false`"

Warn = Callable[[str, str, str, str], None]
"""Step, entity, cause and remedy of what is missing from the catalogue in the end (Tally.warn)."""


class SourceHash(NamedTuple):
    """What a topic's `sourceHash` remembers of the last run, in at most 32 hex digits; "" is not remembered.

    facts: of the topic's body (12 digits); schema: of the schema's text as the sample showed it (8); sample: of the
    stored one (12).
    """

    facts: str = ""
    schema: str = ""
    sample: str = ""

    def __str__(self) -> str:
        return self.facts + (self.schema or NO_SCHEMA) + self.sample

    @classmethod
    def parse(cls, text: object) -> SourceHash:
        """One that somebody else wrote remembers nothing."""
        if not isinstance(text, str) or len(text) not in (20, 32):
            return cls()
        return cls(text[:12], text[12:20].replace(NO_SCHEMA, ""), text[20:])


@dataclass(frozen=True, slots=True)
class _Catalogued:
    """A topic as the catalogue lists it. arn: of its stream; deleted: softly, so that a PUT brings it back."""

    id: str
    hash: SourceHash
    arn: str | None
    deleted: bool = False


class RestSink:
    """OpenMetadata over REST: each topic by PUT, its sample to the topic's id, deletions one by one and soft.

    `SourceHash` remembers what was sent, so that an unchanged stream costs no call. But a changed `sourceHash` makes a
    new version of the topic in OpenMetadata, and a busy stream has another sample at every run. So the sample is
    remembered only from the creation of a topic to its first other sample, and a schema until another one changes what
    is catalogued; beyond that, the stored sample or topic is read and compared.

    A bot that may not store samples costs no more than these: `warn` is told of each, and after the first no other is
    tried.
    """

    def __init__(
        self,
        client: OpenMetadata,
        workflow: Workflow,
        warn: Warn,
    ) -> None:
        self._client = client
        self._service = workflow.source.service_name
        self._wanted = workflow.service
        self._override = workflow.metadata.override_metadata
        self._aws = workflow.aws
        self._mask = Redactor(workflow.options.sample.redact).mask
        self._warn = warn
        self.address = f"{client.address.removesuffix('/api')}/service/messagingServices/{quoted(self._service)}"
        self._topics: dict[str, _Catalogued] = {}
        self._server = ServerVersion()
        self._denied = ""

    def open(self, *, storing: bool) -> bool:
        self._server = ServerVersion(self._client.version())
        if self._client.warns_of_version and self._server.remark:
            log.warning("%s", self._server.remark)
        self._ensure_service()
        listing = self._client.pages(
            "/topics", keys=LISTED, service=fqn(self._service), fields="sourceHash", include="all"
        )
        self._topics = {entity["name"]: _catalogued_of(entity) for entity in listing}
        return storing and self._may_store_samples()

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: known.arn for name, known in self._topics.items() if not known.deleted}

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        name = entity_name(topic.name)
        known = self._topics.get(name)
        facts = topic_body(topic, self._service)
        schema = digest(topic.schema.text, 8) if topic.schema else ""
        now = SourceHash(digest(facts, 12), schema, known.hash.sample if known else "")
        current = known
        if known is None or known.deleted or now.facts != known.hash.facts or now.schema not in ("", known.hash.schema):
            current = self._put(facts, topic.schema, now, known)
        assert current is not None
        stored = self._store_if_allowed(topic.name, current, sample, is_new=known is None)
        return "written" if stored or current is not known else "unchanged"

    def delete(self, name: str) -> None:
        self._client.delete(f"/topics/{self._topics[name].id}", hardDelete="false", recursive="true")

    def close(self, *, complete: bool) -> bool:  # noqa: ARG002 - every write was acknowledged when it returned
        return True

    def _put(
        self, facts: Body, schema: MessageSchema | None, now: SourceHash, known: _Catalogued | None
    ) -> _Catalogued:
        """PUT the topic if it differs from the catalogued one. Returns `known` itself if it does not."""
        stored = self._stored_topic(str(facts["name"])) if known else {}
        before: Body = stored.get("messageSchema") or {}
        message_schema = before
        if schema:
            sent = bool(known and known.hash.schema and known.hash.schema == digest(before.get("schemaText"), 8))
            message_schema = renewed(schema, before, override=self._override, sent=sent, mask=self._mask)
        if known and message_schema.get("schemaText") == before.get("schemaText"):
            now = now._replace(schema=known.hash.schema)
        if known and not known.deleted and now == known.hash:
            return known
        body = facts | {"sourceHash": str(now)} | ({"messageSchema": message_schema} if message_schema else {})
        entity = self._client.put("/topics", self._users_part(stored) | body, holds="id")
        return _Catalogued(str(entity["id"]), now, facts["topicConfig"].get("streamARN"))

    def _stored_topic(self, name: str) -> Body:
        fields = ",".join(self._server.known(("owners", "tags", "domains", "dataProducts", "extension")))
        path = f"/topics/name/{quoted(self._service, name)}"
        stored: Body = self._client.get(path, fields=fields, include="all") or {}
        schema = _object(stored, "messageSchema", path)
        _objects(schema, "schemaFields", path)
        for key in ("owners", "domains", "dataProducts"):
            if stored.get(key):
                # What the service passes on to its topics would otherwise become theirs, and outlive a change there.
                stored[key] = [each for each in _objects(stored, key, path) if not each.get("inherited")]
        return stored

    def _users_part(self, stored: Body) -> Body:
        """What people wrote on a topic. A PUT clears what it leaves out unless the token is a bot's."""
        if self._override:
            return {}
        names = ("displayName", "description", "owners", "tags", "extension", "cleanupPolicies")
        kept = {name: stored[name] for name in names if stored.get(name)}
        for name in ("domains", "dataProducts"):
            if stored.get(name):
                kept[name] = [reference.get("fullyQualifiedName") for reference in stored[name]]
        return kept

    def _store_if_allowed(self, name: str, known: _Catalogued, sample: Sample, *, is_new: bool) -> bool:
        messages = list(sample.messages)
        if not messages or known.hash.sample == digest(messages, 12):
            return False
        if not self._denied:
            try:
                return self._store(known, messages, is_new=is_new)
            except NotAllowed as error:
                self._denied = f"{error.where}: {error.cause}"
        self._warn("sample", name, f"it is not stored: {self._denied}", ALLOW_SAMPLES)
        return False

    def _store(self, known: _Catalogued, messages: list[str], *, is_new: bool) -> bool:
        """Send the sample unless it is stored already. In an order that a kill at any point leaves repairable."""
        path = f"/topics/{known.id}"
        if known.hash.sample:
            self._remember(path, known.hash._replace(sample=""))
        elif not is_new and self._stored(path) == messages:
            return False
        self._client.put(f"{path}/sampleData", {"messages": messages})
        if is_new:
            with suppress(NotAllowed):  # it is stored; the next run reads it and compares
                self._remember(path, known.hash._replace(sample=digest(messages, 12)))
        return True

    def _stored(self, path: str) -> object:
        path = f"{path}/sampleData"
        return _object(self._client.get(path) or {}, "sampleData", path).get("messages")

    def _remember(self, path: str, source_hash: SourceHash) -> None:
        self._client.patch(path, [{"op": "add", "path": "/sourceHash", "value": str(source_hash)}])

    def _may_store_samples(self) -> bool:
        path = "/system/settings/profilerConfiguration"
        try:
            settings = self._client.get(path) or {}
            config = _object(_object(settings, "config_value", path), "sampleDataConfig", path)
        except (NotAllowed, TopicRefused) as error:
            # Whether the server forbids it is not known: none is stored, and each stream that has one is named.
            self._denied = f"{error.where}: {error.cause}"
            return True
        return config.get("storeSampleData") is not False

    def _ensure_service(self) -> None:
        found = self._client.get(f"/services/messagingServices/name/{quoted(self._service)}", holds="id")
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
        except NotAllowed as error:
            # The ingestion bot's own policy denies it some fields [OpenMetadata#28676]: no reason to lose the run.
            log.warning("the service's display name or description stays as it is: %s", error)

    def _new_service(self) -> dict[str, Any]:
        # Region and endpoint only: the catalogue has no use for the keys, and its readers must not get them.
        aws = {"awsRegion": self._aws.aws_region, "endPointURL": self._aws.endpoint_url}
        config = {"type": "Kinesis", "awsConfig": {key: value for key, value in aws.items() if value}}
        return {"name": entity_name(self._service), "serviceType": "Kinesis", "connection": {"config": config}}


def _catalogued_of(entity: dict[str, Any]) -> _Catalogued:
    config = entity.get("topicConfig")
    arn = config.get("streamARN") if isinstance(config, dict) else None
    source_hash = SourceHash.parse(entity.get("sourceHash"))
    return _Catalogued(entity["id"], source_hash, arn if isinstance(arn, str) else None, bool(entity.get("deleted")))


def _object(body: Body, key: str, where: str) -> Body:
    found = body.get(key) or {}
    if not isinstance(found, dict):
        raise _not_as_in_its_schema(key, where)
    return found


def _objects(body: Body, key: str, where: str) -> list[Body]:
    found = body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _not_as_in_its_schema(key, where)
    return found


def _not_as_in_its_schema(key: str, where: str) -> TopicRefused:
    remedy = "Look at it in OpenMetadata, and run again"
    return TopicRefused(f"its `{key}` is not what OpenMetadata's schema says", where=where, remedy=remedy)
