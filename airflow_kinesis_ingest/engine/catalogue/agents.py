"""What OpenMetadata itself runs: its Kinesis services and their ingestion pipelines, as it stores them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ...errors import NotAllowed
from .client import OpenMetadata, quoted

Entity = dict[str, Any]

SERVICES, PIPELINES = "/services/messagingServices", "/services/ingestionPipelines"


@dataclass(frozen=True, slots=True)
class Agents:
    """One Kinesis service (entity/services/messagingService.json) and its ingestion pipelines of every type."""

    service: Entity
    pipelines: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every Kinesis service, by name. dag_ids: those of all pipelines that OpenMetadata may have given to Airflow."""

    kinesis: tuple[Agents, ...]
    dag_ids: frozenset[str]


def inventory(client: OpenMetadata) -> Inventory:
    """Read all of it. Raises NotAllowed where the token may not see it, and what `OpenMetadata.get` raises."""
    with _for_reading():
        listed = list(client.pages(SERVICES, keys=("serviceType", "fullyQualifiedName")))
        kinesis = sorted(each["name"] for each in listed if each.get("serviceType") == "Kinesis")
        pipelines = list(client.pages(PIPELINES, keys=("service",)))
        found = [_agents(client, name, pipelines) for name in kinesis]
    dag_ids = frozenset(dag_id(pipeline["name"]) for pipeline in pipelines)
    return Inventory(tuple(each for each in found if each), dag_ids)


def dag_id(pipeline: str) -> str:
    """The id of the DAG that OpenMetadata's plugin for Airflow makes from the pipeline of this name."""
    return re.sub(r"[^0-9A-Za-z_-]", "_", pipeline)


def _agents(client: OpenMetadata, name: str, pipelines: list[Entity]) -> Agents | None:
    service = client.get(f"{SERVICES}/name/{quoted(name)}", holds="id")
    if service is None:
        return None  # somebody deleted it just now
    ids = [each["id"] for each in pipelines if (each.get("service") or {}).get("id") == service["id"]]
    read = [client.get(f"{PIPELINES}/{identity}", fields="owners", holds="name") for identity in ids]
    return Agents(service, tuple(sorted(filter(None, read), key=lambda each: str(each["name"]))))


@contextmanager
def _for_reading() -> Iterator[None]:
    try:
        yield
    except NotAllowed as error:
        remedy = "Take a token that may view messaging services and ingestion pipelines, as the ingestion-bot's"
        raise NotAllowed(error.what, where=error.where, why=error.why, remedy=remedy) from None
