"""The edges of topics in OpenMetadata: one between two entities, whoever drew it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .client import OpenMetadata
from .ends import Entity

Body = dict[str, Any]
SOURCE = "PipelineLineage"


class Pair(NamedTuple):
    """From where to where."""

    start: Entity
    end: Entity

    def touches(self, identity: str) -> bool:
        return identity in (self.start.id, self.end.id)


class Drawn(NamedTuple):
    """An edge as it is stored. pipeline: the id of the one it names, None for none."""

    source: str
    pipeline: str | None
    description: str

    def is_of(self, pipeline: str, pair: Pair) -> bool:
        """Whether a run drew it for this pipeline: through it, or to or from it."""
        through = self.pipeline == pipeline or (self.pipeline is None and pair.touches(pipeline))
        return through and self.source == SOURCE


class Edges:
    """Reads each topic's edges once, in both directions, and keeps in step with what it writes; for many threads.

    That is the way to know them all: asked for an edge, servers of the 1.6 line miss those that people drew without
    details, and asked for a pipeline's, they do not tell which ends belong together.
    """

    def __init__(self, client: OpenMetadata) -> None:
        self._client = client
        self._known: dict[str, dict[Pair, Drawn]] = {}
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def of_topic(self, topic: str) -> Mapping[Pair, Drawn]:
        """Raises IngestError."""
        with self._alone(topic):
            if topic not in self._known:
                self._known[topic] = dict(self._read(Entity("topic", topic)))
            return dict(self._known[topic])

    def neighbours(self, pipeline: str) -> Iterator[Entity]:
        """All that a pipeline's edges begin or end at."""
        answer = self._lineage(Entity("pipeline", pipeline))
        yield from (_entity(node) for node in answer.get("nodes") or [])

    def put(self, pair: Pair, drawn: Drawn) -> None:
        details: Body = {"source": drawn.source, "description": drawn.description}
        if drawn.pipeline:
            details["pipeline"] = Entity("pipeline", drawn.pipeline).reference
        ends = {"fromEntity": pair.start.reference, "toEntity": pair.end.reference}
        self._client.put("/lineage", {"edge": {**ends, "lineageDetails": details}})
        for topic in self._known_of(pair):
            with self._alone(topic):
                self._known[topic][pair] = drawn

    def delete(self, pair: Pair) -> None:
        """One that is already gone is no error."""
        (start, start_id), (end, end_id) = pair
        self._client.delete(f"/lineage/{start}/{start_id}/{end}/{end_id}")
        for topic in self._known_of(pair):
            with self._alone(topic):
                self._known[topic].pop(pair, None)

    def _alone(self, topic: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(topic, threading.Lock())

    def _known_of(self, pair: Pair) -> list[str]:
        return [each.id for each in pair if each.id in self._known]

    def _lineage(self, of: Entity) -> Body:
        found: Body = self._client.get(f"/lineage/{of.type}/{of.id}", upstreamDepth=1, downstreamDepth=1) or {}
        return found

    def _read(self, topic: Entity) -> Iterator[tuple[Pair, Drawn]]:
        answer = self._lineage(topic)
        nodes = {node.id: node for node in map(_entity, answer.get("nodes") or [])} | {topic.id: topic}
        for each in (answer.get("upstreamEdges") or []) + (answer.get("downstreamEdges") or []):
            start, end = nodes.get(each.get("fromEntity")), nodes.get(each.get("toEntity"))
            if start and end:
                yield Pair(start, end), _drawn(each.get("lineageDetails") or {})


def _entity(node: Body) -> Entity:
    return Entity(str(node.get("type")), str(node.get("id")))


def _drawn(details: Body) -> Drawn:
    """One without details is as people drew it."""
    pipeline = (details.get("pipeline") or {}).get("id")
    return Drawn(str(details.get("source") or "Manual"), pipeline, str(details.get("description") or ""))
