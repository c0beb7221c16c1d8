"""The sink that is an OpenMetadata server."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import CatalogueRefused
from .config import AwsConfig, MessagingMetadata, Service
from .model import MessageSchema, Outcome, Sample, Topic
from .openmetadata import TESTED_VERSIONS, OpenMetadata, entity_name, fqn, quoted
from .renewal import Body, renewed
from .sinks import digest, topic_body

log = logging.getLogger(__name__)

NO_SCHEMA = "-" * 8


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
class _Catalogued:
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
        self._topics: dict[str, _Catalogued] = {}

    def open(self) -> bool:
        version = self._client.version()
        if self._client.warns_of_version and not version.startswith(tuple(f"{tested}." for tested in TESTED_VERSIONS)):
            log.warning("OpenMetadata %s is not among the tested versions (%s)", version, ", ".join(TESTED_VERSIONS))
        self._ensure_service()
        listing = self._client.pages("/topics", service=fqn(self._service), fields="sourceHash", include="all")
        self._topics = {entity["name"]: _catalogued_of(entity) for entity in listing}
        return self._may_store_samples()

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
        stored = bool(sample.messages) and self._store(current, sample, is_new=known is None)
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
            message_schema = renewed(schema, before, override=self._metadata.override_metadata)
        if known and message_schema.get("schemaText") == before.get("schemaText"):
            now = now._replace(schema=known.hash.schema)
        elif message_schema:
            now = now._replace(schema=digest(message_schema["schemaText"], 8))
        if known and not known.deleted and now == known.hash:
            return known
        body = facts | {"sourceHash": str(now)} | ({"messageSchema": message_schema} if message_schema else {})
        entity = self._client.put("/topics", self._users_part(stored) | body, holds="id")
        return _Catalogued(str(entity["id"]), now, facts["topicConfig"].get("streamARN"))

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

    def _store(self, known: _Catalogued, sample: Sample, *, is_new: bool) -> bool:
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


def _catalogued_of(entity: dict[str, Any]) -> _Catalogued:
    arn = (entity.get("topicConfig") or {}).get("streamARN")
    source_hash = SourceHash.parse(entity.get("sourceHash") or "")
    return _Catalogued(entity["id"], source_hash, arn, bool(entity.get("deleted")))
