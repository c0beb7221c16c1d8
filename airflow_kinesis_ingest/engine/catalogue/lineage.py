"""Pipelines and edges in OpenMetadata: what one run found, beside what is stored and what people drew.

The order of calls lets a run end anywhere: a pipeline's stamp is opened before the first of its edges changes and
closed after the last, and a run does again all that it finds open. Edges go before others come in their place, and
before their pipeline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...errors import DeletionRefused
from ..lineage.flow import End, Flow, Listing
from ..workflow.models import LineageOptions, Workflow
from .client import OpenMetadata, entity_name, fqn, quoted
from .deletion import PIPELINES, gone
from .drawing import NO_BODY, OPEN, Line, Pipe, Stamp, pipeline_name, pipes, place_of
from .edges import SOURCE, Drawn, Edges, Pair
from .ends import Ends, Entity, Target, name_of
from .found import Attempts, Each, Found
from .topic_calls import without_inherited, words_of_people
from .versions import ServerVersion

STEP = "lineage"
FIREHOSE = "KinesisFirehose"
CUSTOM = "CustomPipeline"
OF_PEOPLE = ("owners", "tags", "domains", "dataProducts", "extension")

Body = dict[str, Any]


class Stored(NamedTuple):
    """A pipeline as it is catalogued. stamp: None where somebody else made it."""

    id: str
    stamp: Stamp | None
    deleted: bool


class Lost(NamedTuple):
    """A pipeline that AWS has no more."""

    service: str
    name: str
    id: str


@dataclass(slots=True)
class Work:
    """A pipeline that is to change. id: "" until it is made; removes: whether what is not among its lines may go."""

    pipe: Pipe
    service: str
    removes: bool
    stored: Stored | None
    id: str = ""
    blocked: bool = False
    over: bool = False

    @property
    def pairs(self) -> dict[Pair, str]:
        own = Entity("pipeline", self.id)
        return {Pair(line.start or own, line.end or own): text for line, text in self.pipe.lines.items()}

    def drawn(self, pair: Pair, text: str) -> Drawn:
        return Drawn(SOURCE, None if pair.touches(self.id) else self.id, text)


@dataclass(slots=True)
class Lineage:
    """Draws one run's flows; once. topics: stream ARN -> id of its live topic. written, ... : see `Linked`."""

    client: OpenMetadata
    workflow: Workflow
    server: ServerVersion
    found: Found
    topics: Mapping[str, str]
    attempts: Attempts
    each: Each
    written: int = 0
    removed: int = 0
    edges: int = 0
    edges_removed: int = 0
    _targets: dict[End, Target] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def draw(self) -> None:
        """Raises Abort."""
        if not self.found.account:
            return
        edges = Edges(self.client)
        flows = [flow for listing in self.found.listings for flow in listing.flows]
        self._tell_foreign(flows)
        self._look_up({end for flow in flows if flow.stream_arn in self.topics for end in flow.ends})
        stored = self._all_stored()
        todo = self._todo(self._pipes(flows), stored)
        self.each(lambda work: self._try(work, lambda: self._open(work)), todo)
        self.each(lambda work: self._try(work, lambda: self._clear(work, edges)), todo)
        self._delete_gone(stored, edges)
        self.each(lambda work: self._try(work, lambda: self._draw(work, edges)), todo)
        self.each(lambda work: self._try(work, lambda: self._close(work)), todo)

    @property
    def _options(self) -> LineageOptions:
        return self.workflow.options.lineage

    # --- what is to be

    def _tell_foreign(self, flows: Iterable[Flow]) -> None:
        here = f":kinesis:{self.found.region}:{self.found.account}:stream/"
        foreign: dict[str, list[str]] = {}
        for flow in flows:
            if here not in flow.stream_arn:
                foreign.setdefault(flow.part, []).append(flow.name)
        for part, names in sorted(foreign.items()):
            cause = f"{len(names)} of its flows ({names[0]}, ...) are at streams of other accounts or regions"
            self.attempts.note(STEP, part, cause, "The workflow of that account and region shows them")

    def _look_up(self, ends: Iterable[End]) -> None:
        found = Ends(self.client, self._options, self.topics, self.found.account)

        def look(end: End) -> None:
            if self.attempts.is_over(STEP):
                return
            with self.attempts.at(STEP, name_of(end)):
                self._targets[end] = found.target(end)

        self.each(look, sorted(ends, key=name_of))
        for target in self._targets.values():
            self._tell_unresolved(target)

    def _tell_unresolved(self, target: Target) -> None:
        if target.several:
            remedy = "Declare the one service that it is in: `options.lineage.dbServiceNames` and the like"
            self.attempts.note(STEP, name_of(target.end), f"it may be each of {', '.join(target.several)}", remedy)
        elif target.is_asset and not target.entity and self._options.unresolved == "skip":
            self.attempts.note(
                STEP, name_of(target.end), "it is not catalogued: no edge is drawn to it", "Catalogue it"
            )

    def _pipes(self, flows: Iterable[Flow]) -> tuple[Pipe, ...]:
        """Without those of which an end could not be looked up: they keep what the catalogue has."""
        unknown = {(flow.part, flow.name) for flow in flows if not self._is_known(flow)}
        known = [flow for flow in flows if (flow.part, flow.name) not in unknown]
        return pipes(known, self.topics, self._targets.__getitem__, draws_unresolved=self._options.unresolved != "skip")

    def _is_known(self, flow: Flow) -> bool:
        return flow.stream_arn not in self.topics or all(end in self._targets for end in flow.ends)

    # --- what there is

    def _service(self, part: str) -> str:
        return f"{self._options.pipeline_service_prefix or self.workflow.source.service_name}_{part}"

    def _all_stored(self) -> dict[str, dict[str, Stored]]:
        """The pipelines of each part of this run; a part whose pipelines could not be read is not in it."""
        stored: dict[str, dict[str, Stored]] = {}

        def read(listing: Listing) -> None:
            with self.attempts.at(STEP, self._service(listing.part)):
                stored[listing.part] = self._stored(self._service(listing.part))

        self.each(read, self.found.listings)
        return stored

    def _stored(self, service: str) -> dict[str, Stored]:
        pages = self.client.pages(
            "/pipelines", keys=("sourceHash", "deleted"), service=fqn(service), fields="sourceHash", include="all"
        )
        return {
            each["name"]: Stored(each["id"], Stamp.parse(each.get("sourceHash")), bool(each.get("deleted")))
            for each in pages
        }

    @property
    def _place(self) -> str:
        return place_of(str(self.found.account), self.found.region)

    def _todo(self, wanted: Iterable[Pipe], stored: Mapping[str, Mapping[str, Stored]]) -> list[Work]:
        complete = {listing.part: listing.complete for listing in self.found.listings}
        todo: list[Work] = []
        for pipe in wanted:
            if pipe.part in stored:
                known = stored[pipe.part].get(pipe.name)
                if self._is_due(pipe, known, complete=complete[pipe.part]):
                    work = Work(pipe, self._service(pipe.part), complete[pipe.part], known)
                    todo.append(work)
        services = {work.pipe.part: work.service for work in todo}
        made = {part for part in sorted(services) if self._has_service(part, services[part])}
        return [work for work in todo if work.pipe.part in made]

    def _is_due(self, pipe: Pipe, known: Stored | None, *, complete: bool) -> bool:
        if known is None:
            return pipe.is_shown
        if known.stamp is None or known.stamp.place != self._place:
            whose = "somebody else" if known.stamp is None else "a run of another account or region"
            remedy = "Give this workflow pipeline services of its own: `options.lineage.pipelineServicePrefix`"
            self.attempts.note(STEP, f"{self._service(pipe.part)}.{pipe.name}", f"{whose} made this pipeline", remedy)
            return False
        return known.deleted or (complete and known.stamp != pipe.stamp(self._place))

    def _has_service(self, part: str, name: str) -> bool:
        made = []
        with self.attempts.at(STEP, name):
            made.append(self._make_service(part, name))
        return made == [True]

    def _make_service(self, part: str, name: str) -> bool:
        found = self.client.get(f"/services/pipelineServices/name/{quoted(name)}", holds="id", include="all")
        if found and found.get("serviceType") not in (FIREHOSE, CUSTOM):
            cause = f"this service is of type {found.get('serviceType')}"
            self.attempts.note(STEP, name, cause, "Choose another `options.lineage.pipelineServicePrefix`")
            return False
        if found is None or found.get("deleted"):
            self.client.put("/services/pipelineServices", self._new_service(part, name), holds="id")
        return True

    def _new_service(self, part: str, name: str) -> Body:
        """Without keys: the catalogue has no use for them."""
        name = entity_name(name)
        if part == "firehose" and self.server.knows(FIREHOSE):
            aws = {"awsRegion": self.found.region}
            messaging = self.workflow.source.service_name
            config: Body = {"type": FIREHOSE, "awsConfig": aws, "messagingServiceName": messaging}
            return {"name": name, "serviceType": FIREHOSE, "connection": {"config": config}}
        return {"name": name, "serviceType": CUSTOM, "connection": {"config": {"type": CUSTOM}}}

    # --- the calls, in this order

    def _open(self, work: Work) -> None:
        """Have the pipeline there, with its body of now, and its stamp open."""
        now = work.pipe.stamp(self._place)._replace(edges=OPEN)
        if work.stored and not work.stored.deleted and work.stored.stamp == now:
            work.id = work.stored.id
            return
        work.id = self._put(work, now)
        with self._lock:
            self.written += 1

    def _put(self, work: Work, stamp: Stamp) -> str:
        body = self.server.body(work.pipe.body) | {"service": fqn(work.service), "sourceHash": str(stamp)}
        return str(self.client.put("/pipelines", body | self._words(work), holds="id")["id"])

    def _words(self, work: Work) -> Body:
        """What people wrote on it."""
        if work.stored is None or self.workflow.metadata.override_metadata:
            return {}
        path = f"/pipelines/name/{quoted(work.service, work.pipe.name)}"
        stored = self.client.get(path, fields=",".join(self.server.known(OF_PEOPLE)), include="all") or {}
        return _words(without_inherited(stored, path))

    def _clear(self, work: Work, edges: Edges) -> None:
        if work.stored is None or not work.removes:
            return
        for pair in self._drawn_for(work.id, edges, work.pipe.lines) - work.pairs.keys():
            self._erase(pair, edges)

    def _erase(self, pair: Pair, edges: Edges) -> None:
        edges.delete(pair)
        with self._lock:
            self.edges_removed += 1

    def _drawn_for(self, pipeline: str, edges: Edges, lines: Iterable[Line] = ()) -> set[Pair]:
        nodes = {*edges.neighbours(pipeline), *(each for line in lines for each in line if each)}
        found = [edges.of_topic(node.id).items() for node in nodes if node.type == "topic"]
        return {pair for each in found for pair, drawn in each if drawn.is_of(pipeline, pair)}

    def _draw(self, work: Work, edges: Edges) -> None:
        for pair, text in sorted(work.pairs.items()):
            self._draw_one(work, pair, work.drawn(pair, text), edges)

    def _draw_one(self, work: Work, pair: Pair, wanted: Drawn, edges: Edges) -> None:
        topic = next(each.id for each in pair if each.type == "topic")
        there = edges.of_topic(topic).get(pair)
        if there == wanted:
            return
        if there and not there.is_of(work.id, pair):
            work.blocked = True
            cause = f"between {pair.start.type} and {pair.end.type} there is an edge that "
            cause += "names another pipeline" if there.pipeline else f"is {there.source}"
            remedy = "OpenMetadata keeps one between two: delete it there if this one is to be shown"
            self.attempts.note(STEP, f"{work.service}.{work.pipe.name}", cause, remedy)
            return
        edges.put(pair, wanted)
        with self._lock:
            self.edges += 1

    def _close(self, work: Work) -> None:
        """Of a listing that did not end it is not known whether these are all of its edges."""
        if not work.blocked and work.removes:
            self._put(work, work.pipe.stamp(self._place))

    def _try(self, work: Work, do: Callable[[], None]) -> None:
        """After a call that did not work, none of the pipeline's others is tried: its stamp stays open."""
        if work.over or self.attempts.is_over(STEP):
            work.over = True
            return
        work.over = True
        with self.attempts.at(STEP, f"{work.service}.{work.pipe.name}"):
            do()
            work.over = False

    # --- what is gone

    def _delete_gone(self, stored: Mapping[str, Mapping[str, Stored]], edges: Edges) -> None:
        for listing in self.found.listings:
            if listing.complete and listing.part in stored:
                service = self._service(listing.part)
                lost = [Lost(service, *each) for each in self._gone(listing, stored[listing.part])]
                self.each(lambda it: self._delete(it, edges), lost)

    def _gone(self, listing: Listing, stored: Mapping[str, Stored]) -> list[tuple[str, str]]:
        """Name and id of the pipelines that AWS has no more."""
        region, account = self.found.region, self.found.account
        ours = {
            name: f"arn:aws:{listing.part}:{region}:{account}:{name}"
            for name, each in stored.items()
            if not each.deleted and each.stamp and each.stamp.place == self._place
        }
        present = {pipeline_name(name) for name in (*listing.present, *(flow.name for flow in listing.flows))}
        share = self._options.deletion.max_share
        try:
            names = gone(ours, present, region=region, account=account, max_share=share, kind=PIPELINES).names
        except DeletionRefused as error:
            self.attempts.note(STEP, listing.part, error.cause, error.remedy)
            return []
        return [(name, stored[name].id) for name in names]

    def _delete(self, lost: Lost, edges: Edges) -> None:
        """Its stamp is opened first: AWS may have it again before a run gets any further."""
        if self.attempts.is_over(STEP):
            return
        with self.attempts.at(STEP, f"{lost.service}.{lost.name}"):
            drawn = self._drawn_for(lost.id, edges)
            if drawn:
                self._forget(lost)
            for pair in drawn:
                self._erase(pair, edges)
            self.client.delete(f"/pipelines/{lost.id}", hardDelete="false", recursive="true")
            with self._lock:
                self.removed += 1

    def _forget(self, lost: Lost) -> None:
        path = f"/pipelines/name/{quoted(lost.service, lost.name)}"
        fields = ",".join(self.server.known(OF_PEOPLE))
        stored = without_inherited(self.client.get(path, fields=fields, include="all") or {}, path)
        kept = {key: stored[key] for key in ("sourceUrl", "state") if stored.get(key)} | _words(stored)
        body = {"name": lost.name, "service": fqn(lost.service), "sourceHash": str(Stamp(self._place, NO_BODY))}
        self.client.put("/pipelines", self.server.body(kept) | body, holds="id")


def _words(stored: Body) -> Body:
    """What people wrote on a pipeline, but for its labels: a PUT takes none away."""
    return {key: value for key, value in words_of_people(stored).items() if key != "tags"}
