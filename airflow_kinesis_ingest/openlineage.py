"""What OpenLineage is told of a run: the streams that it read and the topics that it wrote, with their fields.

OpenLineage's naming (spec/Naming.md) has no rule for Kinesis and none for OpenMetadata. A stream is named as Glue's
tables are, by its ARN in two parts; a topic by its server and its fully qualified name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

    from .engine.model import Field, MessageSchema, Outcome, Topic
    from .engine.workflow.models import Workflow

log = logging.getLogger(__name__)

MOST = 1000
"""Streams, and topics, in one event: more are megabytes for each transport and each reader."""


def is_installed() -> bool:
    """Whether anybody asks. The provider is optional."""
    return find_spec("airflow.providers.openlineage") is not None


@dataclass(frozen=True, slots=True)
class Touched:
    """What one run read and wrote, as it goes along; for many threads. read, written: by the name of the stream."""

    workflow: Workflow
    read: dict[str, Topic] = field(default_factory=dict)
    written: dict[str, Topic] = field(default_factory=dict)

    def add(self, topic: Topic, outcome: Outcome) -> None:
        """A stream that was described, and what became of its topic. Its `MOST` first are kept."""
        for into in (self.read, *([self.written] if outcome == "written" else [])):
            if len(into) < MOST:
                into[topic.name] = topic

    def told(self) -> OperatorLineage[Any, Any]:
        """The datasets of one event. A stream whose ARN is not known has no name there, and is left out."""
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset

        if len(self.read) == MOST:
            log.info("OpenLineage is told of %d streams at most", MOST)
        read = [topic for topic in self.read.values() if topic.config.get("streamARN")]
        inputs = [InputDataset(*_stream(topic.config["streamARN"]), facets=_facets(topic.schema)) for topic in read]
        outputs = [OutputDataset(*name, facets=_facets(schema)) for name, schema in self._outputs()]
        return OperatorLineage(inputs=inputs, outputs=outputs)

    def _outputs(self) -> list[tuple[tuple[str, str], MessageSchema | None]]:
        from .engine.catalogue.client import fqn
        from .engine.run.pipeline import catalogue_file

        path = catalogue_file(self.workflow)
        if path is not None:
            return [(("file", str(path.absolute())), None)] if self.written else []
        server = f"openmetadata://{urlsplit(self.workflow.server.host_port).netloc}"
        service = self.workflow.source.service_name
        return [((server, fqn(service, name)), topic.schema) for name, topic in self.written.items()]


def _stream(arn: str) -> tuple[str, str]:
    """Namespace and name: arn:aws:kinesis:REGION:ACCOUNT, and stream/NAME."""
    *namespace, name = arn.split(":", 5)
    return ":".join(namespace), name


def _facets(schema: MessageSchema | None) -> dict[str, Any]:
    from openlineage.client.facet_v2 import schema_dataset

    fields = [_field(each) for each in _columns(schema)] if schema else []
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}


def _columns(schema: MessageSchema) -> tuple[Field, ...]:
    """The fields of a message. OpenMetadata's tree has the message itself on top, under a name that no message has."""
    first, *others = schema.fields or (None,)
    return first.children if first and first.children and not others else schema.fields


def _field(found: Field) -> Any:
    from openlineage.client.facet_v2 import schema_dataset

    inner = [_field(child) for child in found.children]
    return schema_dataset.SchemaDatasetFacetFields(found.name, found.display or found.type, fields=inner)
