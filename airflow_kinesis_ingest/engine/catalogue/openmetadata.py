"""The sink that is an OpenMetadata server."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from ...errors import CatalogueRefused, NotAllowed, TopicRefused
from ..model import Drift, Outcome, Sample, Stream, Topic
from ..records.redact import Redactor
from ..workflow.models import Workflow
from .client import OpenMetadata, entity_name, fqn, quoted
from .found import Attempts, Each, Found, Linked
from .labelling import Labelled, Labelling
from .lineage import Lineage
from .owners import STEP as OWNERS
from .owners import Owners, Owning, own_owners, references
from .renewal import Body, is_unchangeable
from .sink import Standing, memory_of, standing_of, topic_body
from .tags import labels_in
from .topic_calls import NO_LABELS, Catalogued, Meeting, TopicCalls, Warn, object_in
from .versions import ServerVersion

log = logging.getLogger(__name__)

LISTED = (
    *("sourceHash", "deleted", "updatedAt", "partitions", "messageSchema", "schemaFields", "children"),
    *("topicConfig", "streamARN", "streamStatus", "streamMode", "creationTime"),
    *("tags", "tagFQN", "source", "labelType", "owners", "type", "inherited"),
)
"""What is needed of a listed topic besides its id and name: what a listing tells of its stream, its labels and owners
where these are asked for, and the names of its fields.
"""

SERVICE_PAGE, TOPIC_PAGE = "/service/messagingServices/", "/topic/"

OF_PEOPLE = ("owners", "tags", "domains", "dataProducts", "extension")
"""What is told of a topic on request only."""


class RestSink:
    """OpenMetadata over REST: each topic by PUT, its sample to the topic's id, deletions one by one and soft.

    How a topic and its sample are written is `TopicCalls`.
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
        self._memory = partial(memory_of, workflow)
        self._aws = workflow.aws
        self._mask = Redactor(workflow.options.sample.redact).mask
        self._warn = warn
        self.address = f"{client.address.removesuffix('/api')}{SERVICE_PAGE}{quoted(self._service)}"
        self._workflow = workflow
        self._topics: dict[str, Catalogued] = {}
        self._live: dict[str, Catalogued] = {}
        self._server = ServerVersion()
        self._calls = self._topic_calls(self._server)

    def open(self, *, storing: bool) -> bool:
        server = ServerVersion(self._client.version())
        if self._client.warns_of_version and server.remark:
            log.warning("%s", server.remark)
        self._server = server
        self._calls = self._topic_calls(server)
        self.ensure_service()
        self._own_service()
        listing = self._client.pages(
            "/topics", keys=LISTED, service=fqn(self._service), fields=",".join(self._asked()), include="all"
        )
        classification = self._workflow.options.tags.classification
        self._topics = {entity["name"]: _catalogued_of(entity, classification) for entity in listing}
        self._live = {name: known for name, known in self._topics.items() if not known.deleted}
        return storing and self._may_store_samples()

    def _asked(self) -> Iterator[str]:
        """Of a listed topic. A source hash costs the server nothing, what people may give needs a look-up each."""
        options = self._workflow.options
        yield "sourceHash"
        if options.tags.enabled:
            yield "tags"
        if options.owners.tag_keys:
            yield "owners"

    def _topic_calls(self, server: ServerVersion) -> TopicCalls:
        return TopicCalls(
            self._client,
            self._service,
            fields=server.known(OF_PEOPLE),
            override=self._override,
            mask=self._mask,
            warn=self._warn,
        )

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: known.arn for name, known in self._topics.items() if not known.deleted}

    def standing(self, name: str) -> Standing | None:
        known = self._topics.get(entity_name(name))
        return known.standing if known and known.is_remembered else None

    def write(self, topic: Topic, sample: Sample) -> Outcome:
        facts = topic_body(topic, self._service)
        known = self._topics.get(entity_name(topic.name))
        meeting = Meeting(topic.name, facts, topic.schema, list(sample.messages), known, self._memory(sample))
        now, sent = self._calls.write(meeting)
        before = known or now
        self._live[meeting.facts["name"]] = replace(before, id=now.id, arn=topic.config.get("streamARN"), deleted=False)
        return "written" if sent else "unchanged"

    def drift(self, name: str) -> tuple[Drift, ...]:
        return self._calls.drift.get(name, ())

    def delete(self, name: str) -> None:
        self._client.delete(f"/topics/{self._topics[name].id}", hardDelete="false", recursive="true")
        self._live.pop(name, None)

    def link(self, found: Found, each: Each) -> Linked:
        attempts = Attempts()
        labelling = Labelling(self._client, self._workflow, found, attempts, each)
        if found.tags is not None:
            labelling.label(
                [
                    Labelled(it.id, name, it.labels, it.owners)
                    for name, it in self._live.items()
                    if name in found.streams
                ]
            )
        topics = {
            it.arn or found.arn(name): it.id for name, it in self._live.items() if it.arn or name in found.streams
        }
        lineage = Lineage(self._client, self._workflow, self._server, found, topics, attempts, each)
        lineage.draw()
        return Linked(
            labelling.changed,
            lineage.written,
            lineage.removed,
            lineage.edges,
            lineage.edges_removed,
            attempts.problems,
        )

    def close(self, *, complete: bool) -> bool:  # noqa: ARG002 - every write was acknowledged when it returned
        return True

    def _may_store_samples(self) -> bool:
        path = "/system/settings/profilerConfiguration"
        try:
            settings = self._client.get(path) or {}
            config = object_in(object_in(settings, "config_value", path), "sampleDataConfig", path)
        except (NotAllowed, TopicRefused) as error:
            # Whether the server forbids it is not known: none is stored, and each stream that has one is named.
            self._calls.denied = f"{error.where}: {error.cause}"
            return True
        return config.get("storeSampleData") is not False

    def ensure_service(self) -> None:
        """Make the messaging service, or have it say what the workflow says of it. Raises IngestError."""
        found = kinesis_service(self._client, self._service)
        wanted = {"displayName": self._wanted.display_name, "description": self._wanted.description}
        wanted = {key: value for key, value in wanted.items() if value is not None}
        if found is None:
            self._client.put("/services/messagingServices", self._new_service() | wanted)
            return
        changes = [{"op": "add", "path": f"/{k}", "value": v} for k, v in wanted.items() if found.get(k) != v]
        if changes:
            self._change_service(str(found["id"]), changes)

    def _own_service(self) -> None:
        """Give the service the owners and the domain of the workflow, where people gave it none. Raises IngestError."""
        names, domain = self._wanted.owners, self._wanted.domain
        if not (names or domain):
            return
        kind = "domains" if self._server.knows("domains") else "domain"
        path = f"/services/messagingServices/name/{quoted(self._service)}"
        found = self._client.get(path, fields=f"owners,{kind}", holds="id") or {}
        owners = references(self._owners(names)) if names and (self._override or not own_owners(found)) else []
        changes: list[Body] = []
        if owners and own_owners(found) != {(each["type"], each["id"]) for each in owners}:
            changes.append({"op": "add", "path": "/owners", "value": owners})
        if domain and (self._override or not found.get(kind)):
            changes += self._domain(domain, found.get(kind), kind)
        if changes and found:
            self._change_service(str(found["id"]), changes)

    def _owners(self, names: list[str]) -> Owners:
        owning = Owning(self._client, self._workflow.options.owners.domain)
        owners = owning.together(names)
        for name in owning.unknown:
            self._warn(OWNERS, name, "no user and no team of type Group has this name", "Mend `service.owners`")
        if not owners and not owning.unknown:
            self._warn(OWNERS, ", ".join(names), "an owner is one team, or users", "Mend `service.owners`")
        return owners

    def _domain(self, name: str, stored: object, kind: str) -> list[Body]:
        """name: fully qualified, as OpenMetadata shows it."""
        found = self._client.get(f"/domains/name/{quote(name, safe='')}", holds="id")
        if found is None:
            self._warn(OWNERS, name, "there is no such domain", "Mend `service.domain`, or make it in OpenMetadata")
            return []
        reference = {"id": found["id"], "type": "domain"}
        known = stored if isinstance(stored, list) else [stored]
        if [each.get("id") for each in known if isinstance(each, dict)] == [found["id"]]:
            return []
        return [{"op": "add", "path": f"/{kind}", "value": [reference] if kind == "domains" else reference}]

    def _change_service(self, identity: str, changes: list[dict[str, Any]]) -> None:
        try:
            self._client.patch(f"/services/messagingServices/{identity}", changes)
        except NotAllowed as error:
            # The ingestion bot's own policy denies it some fields [OpenMetadata#28676]: no reason to lose the run.
            log.warning("the display name, description, owners or domain of the service stay as they are: %s", error)

    def _new_service(self) -> dict[str, Any]:
        # Region and endpoint only: the catalogue has no use for the keys, and its readers must not get them.
        aws = {"awsRegion": self._aws.aws_region, "endPointURL": self._aws.endpoint_url}
        config = {"type": "Kinesis", "awsConfig": {key: value for key, value in aws.items() if value}}
        return {"name": entity_name(self._service), "serviceType": "Kinesis", "connection": {"config": config}}


def topic_pages(service_page: str) -> str:
    """The address of a topic's page with `{topic}` in the place of its name, by that of its service's; "" for another.

    There a name that holds a dot stands in quotes (`fqn`).
    """
    server, found, service = service_page.rpartition(SERVICE_PAGE)
    return f"{server}{TOPIC_PAGE}{service}.{{topic}}" if found else ""


def kinesis_service(client: OpenMetadata, name: str) -> Body | None:
    """The messaging service of this name; None if there is none. Raises CatalogueRefused for one of another type."""
    found: Body | None = client.get(f"/services/messagingServices/name/{quoted(name)}", holds="id")
    if found is not None and found.get("serviceType") != "Kinesis":
        raise CatalogueRefused(
            f"the service {name!r} is of type {found.get('serviceType')}",
            where=client.address,
            remedy="Choose another `source.serviceName`",
        )
    return found


def _catalogued_of(entity: Body, classification: str) -> Catalogued:
    config = entity.get("topicConfig")
    arn = config.get("streamARN") if isinstance(config, dict) else None
    source_hash = entity.get("sourceHash")
    return Catalogued(
        entity["id"],
        source_hash if isinstance(source_hash, str) else "",
        arn if isinstance(arn, str) else None,
        bool(entity.get("deleted")),
        is_unchangeable(entity.get("messageSchema")),
        labels_in(classification, entity.get("tags")) or NO_LABELS,
        own_owners(entity),
        _standing(entity),
    )


def _standing(entity: Body) -> Standing | None:
    config, partitions, updated = entity.get("topicConfig"), entity.get("partitions"), entity.get("updatedAt")
    if not (isinstance(config, dict) and isinstance(partitions, int) and isinstance(updated, int)):
        return None
    arn, status, mode, created = map(config.get, ("streamARN", "streamStatus", "streamMode", "creationTime"))
    try:
        listed = standing_of(Stream("", arn, datetime.fromisoformat(str(created)), status, mode), partitions)
    except ValueError:
        return None
    return Standing(listed, updated) if listed else None
