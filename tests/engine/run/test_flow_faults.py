"""Every call that finds tags and flows, and everything that can happen to it.

Whatever happens: the streams are catalogued, the part in trouble is named with cause and remedy and loses nothing that
the catalogue has of it, all other parts are brought up to date, and the next run without faults puts everything right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import pytest

from airflow_kinesis_ingest.demo import surroundings
from airflow_kinesis_ingest.demo.surroundings import Surroundings
from airflow_kinesis_ingest.engine.aws import region
from airflow_kinesis_ingest.engine.aws.client import RegionalClients, kinesis_client
from airflow_kinesis_ingest.engine.aws.quota import Quota
from airflow_kinesis_ingest.engine.aws.tags import ACTIONS as TAG_ACTIONS
from airflow_kinesis_ingest.engine.lineage.parts import every_part
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline
from tests.builders import workflow
from tests.fakes.kinesis import FakeStream, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule
from tests.fakes.surroundings import ARN, LINEAGE, AroundKinesis, FakeSurroundings, with_every_part

STREAM = "orders"
ANSWERS_WITHIN = 10.0
WAITS_FOR = 0.4
"""Seconds, where no answer comes."""

PARTS = {action: part.name for part in every_part() for action in part.actions} | dict.fromkeys(TAG_ACTIONS, "tags")
EACH_DESCRIBED = {"firehose:DescribeDeliveryStream", "kinesis:DescribeChannel", "events:ListTargetsByRule"}
"""Their listings are complete: what these do not tell keeps its edges, and what is not listed may go."""
NEVER_GONE = {"dynamodb"}
"""The file names its tables: one without a destination is there, and says nothing."""


class Catalogued(NamedTuple):
    """labels: of AWS; flows: pipelines by part, each with its edges as (from, to, through)."""

    labels: frozenset[str]
    flows: dict[str, dict[str, frozenset[tuple[str, ...]]]]


def catalogued(server: FakeOpenMetadata) -> Catalogued:
    names = {
        each["id"]: each["fullyQualifiedName"]
        for entities in (server.topics, server.data_pipelines, *server.others.values())
        for each in entities.values()
    }
    edges = {
        (names[start], names[end], names.get((edge["details"].get("pipeline") or {}).get("id"), ""))
        for (start, end), edge in server.edges.items()
    }
    flows: dict[str, dict[str, frozenset[tuple[str, ...]]]] = {}
    for name, each in server.data_pipelines.items():
        if not each["deleted"]:
            part, _, bare = name.removeprefix("shop_").partition(".")
            flows.setdefault(part, {})[bare] = frozenset(edge for edge in edges if name in edge)
    labels = {label["tagFQN"] for label in server.topic("shop", STREAM).get("tags", [])}
    return Catalogued(frozenset(labels), flows)


@dataclass
class Scene:
    """Servers and clients, kept for all tests: making one client for each service takes half a second."""

    kinesis: AroundKinesis
    around: FakeSurroundings
    catalogue: FakeOpenMetadata
    streams: Any
    clients: dict[float, RegionalClients] = field(default_factory=dict)
    answers_within: float = ANSWERS_WITHIN

    def empty(self) -> None:
        self.without_faults()
        self.account(Surroundings())
        for kept in (*self._kept(), *self.catalogue.others.values()):
            kept.clear()
        self.catalogue.requests.clear()
        self.catalogue.invalid_bodies.clear()
        self.answers_within = ANSWERS_WITHIN

    def _kept(self) -> tuple[dict[Any, Any], ...]:
        of = self.catalogue
        first = (of.services, of.topics, of.pipelines, of.statuses, of.history)
        return (*first, of.pipeline_services, of.data_pipelines, of.classifications, of.tags, of.edges)

    def taken(self) -> tuple[dict[Any, Any], ...]:
        return deepcopy(self._kept())

    def restore(self, taken: tuple[dict[Any, Any], ...]) -> None:
        for now, then in zip(self._kept(), deepcopy(taken), strict=True):
            now.clear()
            now.update(then)

    def clients_of(self, *arguments: Any) -> RegionalClients:
        """In the place of `RegionalClients`, whose clients wait as long as the scene says."""
        return self.clients.setdefault(self.answers_within, RegionalClients(*arguments))

    def account(self, of: Surroundings) -> None:
        self.around.around = self.kinesis.around = of

    def faults(self, action: str, fault: Fault) -> None:
        """On every call of this action."""
        service, _, operation = action.partition(":")
        at_kinesis = service == "kinesis"
        server = self.kinesis if at_kinesis else self.around
        server.faults = Faults(Rule(fault, operation if at_kinesis else action))

    def without_faults(self) -> None:
        self.kinesis.faults = self.around.faults = self.catalogue.faults = Faults()
        self.kinesis.expired.clear()
        self.answers_within = ANSWERS_WITHIN

    def report(self, owners: dict[str, Any] | None = None) -> RunReport:
        options = {"tags": {"enabled": True}, "owners": owners or {}, "lineage": LINEAGE, "retryFor": 0.3}
        metadata = {"generateSampleData": False}
        return pipeline.run(workflow(self.kinesis, self.catalogue, options=options, metadata=metadata))

    def run(self) -> RunReport:
        """Of which no fault of AWS costs more than one part."""
        report = self.report()
        assert (report.state, report.fatal, report.failures, report.deleted) == ("success", None, (), ())
        assert self.catalogue.topic("shop", STREAM)["partitions"] == 1
        assert self.catalogue.invalid_bodies == []
        assert all(problem.cause and problem.remedy for problem in report.warnings)
        return report


@pytest.fixture(scope="module")
def servers() -> Iterator[Scene]:
    streams = [FakeStream(STREAM, consumers=2)]
    with AroundKinesis(streams, quotas={}) as kinesis, FakeSurroundings() as around, FakeOpenMetadata() as catalogue:
        client = kinesis_client(workflow(kinesis, catalogue).aws, pool=8)
        yield Scene(kinesis, around, catalogue, client)


@pytest.fixture
def scene(servers: Scene, quick: None, monkeypatch: pytest.MonkeyPatch) -> Scene:  # noqa: ARG001 - for its effect
    servers.empty()
    of = RegionalClients.of
    monkeypatch.setattr(
        RegionalClients, "of", lambda self, service: of(self, service, read_timeout=servers.answers_within)
    )
    monkeypatch.setattr(region, "Quota", lambda share, _: Quota(share, {}))
    monkeypatch.setattr(region, "RegionalClients", servers.clients_of)
    monkeypatch.setattr(pipeline, "kinesis_client", lambda *_, **__: servers.streams)
    for name, url in servers.around.environment().items():
        monkeypatch.setenv(name, url)
    return servers


EARLIER, NOW = ("kept", "gone"), ("kept", "fresh")


@pytest.fixture(scope="module")
def catalogues() -> list[tuple[dict[Any, Any], ...]]:
    """What the earlier run left, made once."""
    return []


@pytest.fixture
def earlier(scene: Scene, catalogues: list[tuple[dict[Any, Any], ...]]) -> Catalogued:
    """What a run left; of each part, one pipeline has gone since then, and one has come."""
    if not catalogues:
        scene.account(with_every_part(*EARLIER))
        assert scene.run().warnings == ()
        catalogues.append(scene.taken())
    scene.restore(catalogues[0])
    scene.account(with_every_part(*NOW))
    return catalogued(scene.catalogue)


def check(before: Catalogued, after: Catalogued, part: str, *, listed: bool = False) -> None:
    """part: the one in trouble; listed: but its listing ran to its end."""
    for name, pipelines in after.flows.items():
        expected = NOW if name != part else EARLIER
        if name in NEVER_GONE:
            assert pipelines == before.flows[name]
        elif name != part:
            assert {each.rpartition("/")[2] for each in pipelines} == set(expected), name
            assert all(pipelines.values())
        else:
            kept = {each: edges for each, edges in before.flows[name].items() if not (listed and "gone" in each)}
            assert kept.items() <= pipelines.items()
            assert {each.rpartition("/")[2] for each in pipelines} <= {*EARLIER, *NOW}
    labels = {f"AWS.{name}.yes" for name in (EARLIER if part == "tags" else NOW)}
    assert labels <= after.labels if part == "tags" else labels == after.labels


def check_repaired(scene: Scene, before: Catalogued) -> None:
    scene.without_faults()
    assert scene.run().warnings == ()
    check(before, catalogued(scene.catalogue), "none")


def throttled(action: str) -> Fault:
    service = action.partition(":")[0]
    code, _ = surroundings.THROTTLES.get(service, surroundings.OTHERS_THROTTLE)
    return aws_error(code, "Rate exceeded")


TROUBLES: dict[str, Callable[[str], Fault]] = {
    "denied": lambda action: aws_error("AccessDeniedException", f"not authorized to perform: {action}"),
    "throttled": throttled,
    "status 500": lambda _: Fault.status(500),
    "no answer": lambda _: Fault.never(),
    "reset": lambda _: Fault.reset(),
    "an HTML page": lambda _: Fault.html(),
    "no JSON": lambda _: Fault.garbage(),
    "half an answer": lambda _: Fault.truncated(),
    "an expired token": lambda _: aws_error("ExpiredTokenException", "The security token included is expired"),
    "an unknown operation": lambda _: aws_error("UnknownOperationException"),
}


def spread(calls: Collection[str], faults: Collection[str], every: int) -> list[tuple[str, str]]:
    """Each call with the first fault, and with each `every`th of the others in turn: each fault meets many calls."""
    pairs = [(call, fault, one - other) for one, call in enumerate(calls) for other, fault in enumerate(faults)]
    first = next(iter(faults))
    return [(call, fault) for call, fault, number in pairs if fault == first or number % every == 0]


@pytest.mark.parametrize(("action", "trouble"), spread(PARTS, TROUBLES, 4))
def test_a_part_in_trouble_is_named_and_loses_nothing(
    scene: Scene, earlier: Catalogued, action: str, trouble: str
) -> None:
    part = PARTS[action]
    scene.faults(action, TROUBLES[trouble](action))
    scene.answers_within = WAITS_FOR if trouble == "no answer" else ANSWERS_WITHIN
    report = scene.run()
    assert {problem.step for problem in report.warnings} == {"tags" if part == "tags" else f"{part} flows"}
    check(earlier, catalogued(scene.catalogue), part, listed=action in EACH_DESCRIBED)
    check_repaired(scene, earlier)


TOKENS: dict[str, dict[str, Any]] = {
    "tag:GetResources": {"PaginationToken": "0"},
    "firehose:ListDeliveryStreams": {"HasMoreDeliveryStreams": True},
    "lambda:ListEventSourceMappings": {"NextMarker": "0"},
    **{action: {"Marker": "0"} for action in PARTS if action.startswith("dms:")},
}
PAGED = [action for action in PARTS if ":List" in action or action in TOKENS]


@pytest.mark.parametrize("action", PAGED)
def test_pages_that_repeat_end_the_part_and_not_the_run(
    scene: Scene, earlier: Catalogued, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, token = surroundings.ANSWERS[action], TOKENS.get(action, {"NextToken": "0"})
    stuck = {**surroundings.ANSWERS, action: lambda of, asked: true(of, {**asked, **FIRST}) | token}
    monkeypatch.setattr(surroundings, "ANSWERS", stuck)
    report = scene.run()
    problems = [problem for problem in report.warnings if "does not advance" in problem.cause]
    assert {problem.step for problem in problems} == {"tags" if PARTS[action] == "tags" else f"{PARTS[action]} flows"}
    check(earlier, catalogued(scene.catalogue), PARTS[action], listed=action in EACH_DESCRIBED)
    monkeypatch.undo()


FIRST = dict.fromkeys(("PaginationToken", "NextToken", "Marker", "ExclusiveStartDeliveryStreamName"), "")


def test_a_region_without_a_service_keeps_what_the_catalogue_has_of_it(
    scene: Scene, earlier: Catalogued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene, "clients", {})
    monkeypatch.setenv("AWS_ENDPOINT_URL_FIREHOSE", "http://127.0.0.1:9")
    monkeypatch.setattr(RegionalClients, "offers", lambda _, service: service != "firehose")
    (problem,) = scene.run().warnings
    assert problem.cause.startswith("AWS has no firehose in us-east-1")
    check(earlier, catalogued(scene.catalogue), "firehose")


def test_flows_at_streams_of_other_accounts_are_named_and_never_matched_by_a_name(scene: Scene) -> None:
    """An account's functions may read another's stream of the same name."""
    of = with_every_part("kept")
    theirs = f"{ARN.replace('123456789012', '999999999999')}:stream/{STREAM}"
    of.mappings[0]["EventSourceArn"] = of.pipes[0]["Source"] = theirs
    of.deliveries["kept"]["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] = theirs
    of.rules["default", "kept"][0]["Arn"] = of.endpoints[0]["KinesisSettings"]["StreamArn"] = theirs
    scene.account(of)
    report = scene.run()
    foreign = {"firehose", "lambda", "pipes", "eventRules", "dms"}
    assert {problem.step for problem in report.warnings} == {f"{part} flows" for part in foreign}
    assert catalogued(scene.catalogue).flows.keys() == {"channels", "consumers", "dynamodb"}


UNUSUAL = ["a.b", "Größe", "a:b", 'say "hi"', "a::b", "x" * 300, "a b/c", "<b>", "%2F", "ключ"]


def test_unusual_names_are_drawn_once_and_found_again(scene: Scene) -> None:
    """What OpenMetadata's names cannot hold is spelled otherwise, and by the next run in the same way."""
    scene.account(with_every_part(*UNUSUAL))
    scene.run()
    found = catalogued(scene.catalogue)
    counts = {part: len(pipelines) for part, pipelines in found.flows.items()}
    assert counts == {part: 1 if part == "dynamodb" else len(UNUSUAL) for part in counts}
    assert all(edges for pipelines in found.flows.values() for edges in pipelines.values())
    scene.catalogue.requests.clear()
    scene.run()
    assert catalogued(scene.catalogue) == found
    changed = [call.path for call in scene.catalogue.calls() if call.method != "GET"]
    assert [path for path in changed if not re.search("pipelineStatus|ingestionPipelines", path)] == []


def test_a_delivery_stream_without_a_destination_is_drawn_to_itself_and_named(scene: Scene) -> None:
    of = with_every_part("kept")
    of.deliveries["kept"] = replace_destinations(of.deliveries["kept"], [])
    scene.account(of)
    (problem,) = scene.run().warnings
    assert (problem.step, problem.entity) == ("firehose flows", "kept")
    (edges,) = catalogued(scene.catalogue).flows["firehose"].values()
    assert edges == {("shop.orders", "shop_firehose.kept", "")}


def replace_destinations(delivery: dict[str, Any], destinations: list[Any]) -> dict[str, Any]:
    return {**delivery, "Destinations": destinations}


def test_a_wrong_answer_that_is_emptier_than_the_truth_removes_no_more_than_its_share(scene: Scene) -> None:
    """Whole and well-formed, but empty: half of a part's pipelines may go at once, and not all."""
    scene.account(with_every_part("a", "b", "c"))
    scene.run()
    before = catalogued(scene.catalogue)
    scene.account(replace(with_every_part("a", "b", "c"), deliveries={}, mappings=[]))
    report = scene.run()
    assert {problem.step for problem in report.warnings} >= {"lineage"}
    assert catalogued(scene.catalogue).flows == before.flows


# --- the calls to OpenMetadata --------------------------------------------------------------------------------------

MADE_ONCE = [
    "GET /classifications/name/{fqn}",
    "PUT /classifications",
    "GET /services/pipelineServices/name/{fqn}",
    "PUT /services/pipelineServices",
    "GET /users/name/{fqn}",
    "GET /teams/name/{fqn}",
]
KEPT_UP = [
    "GET /tags/name/{fqn}",
    "PUT /tags",
    "GET /topics/{id}",
    "PATCH /topics/{id}",
    "GET /pipelines",
    "PUT /pipelines",
    "DELETE /pipelines/{id}",
    "GET /lineage/{entity}/{id}",
    "PUT /lineage",
    "DELETE /lineage/{fromEntity}/{fromId}/{toEntity}/{toId}",
]
REFUSALS = {
    "status 403": Fault.status(403),
    "status 500": Fault.status(500),
    "reset": Fault.reset(),
    "no JSON": Fault.garbage(),
}
OWNERS = {"tagKeys": ["kept"]}


def check_catalogue_in_trouble(scene: Scene, call: str, fault: Fault, before: Catalogued | None) -> None:
    """Nothing wrong is written and nothing removed that is there, the trouble is named, the next run repairs it."""
    scene.catalogue.add_entity("team", "yes", teamType="Group")
    scene.catalogue.faults = Faults(Rule(fault, operation=call.partition(" ")[0], target=of_route(scene, call)))
    report = scene.report(OWNERS)
    assert scene.catalogue.faults.injected
    assert (report.failures, report.deleted, scene.catalogue.invalid_bodies) == ((), (), [])
    assert report.warnings or report.fatal
    assert all(each.cause and each.remedy for each in report.warnings)
    assert report.fatal is None or report.fatal.remedy
    during = catalogued(scene.catalogue)
    scene.catalogue.faults = Faults()
    report = scene.report(OWNERS)
    assert (report.state, report.warnings) == ("success", ())
    after = catalogued(scene.catalogue)
    assert [owner["type"] for owner in scene.catalogue.topic("shop", STREAM)["owners"]] == ["team"]
    if before is None:
        before = Catalogued(frozenset(), {"dynamodb": after.flows["dynamodb"]})
    check(before, after, "none")
    check_between(before, during, after)


def of_route(scene: Scene, call: str) -> Callable[[Any], bool]:
    return lambda request: scene.catalogue.identify(request).label == call


def check_between(before: Catalogued, during: Catalogued, after: Catalogued) -> None:
    """Each pipeline, edge and label was there or is right, and what stays was never gone."""
    assert before.labels & after.labels <= during.labels <= before.labels | after.labels
    for part, pipelines in after.flows.items():
        then, now = before.flows.get(part, {}), during.flows.get(part, {})
        if part not in NEVER_GONE:
            assert then.keys() & pipelines.keys() <= now.keys() <= then.keys() | pipelines.keys()
        for name, edges in now.items():
            assert edges <= then.get(name, frozenset()) | pipelines.get(name, frozenset())


@pytest.mark.parametrize(("call", "fault"), spread(MADE_ONCE, REFUSALS, 3))
def test_a_first_call_to_the_catalogue_in_trouble_is_named_and_made_again(scene: Scene, call: str, fault: str) -> None:
    scene.account(with_every_part(*NOW))
    check_catalogue_in_trouble(scene, call, REFUSALS[fault], None)


@pytest.mark.parametrize(("call", "fault"), spread(KEPT_UP, REFUSALS, 3))
def test_a_call_to_the_catalogue_in_trouble_is_named_and_loses_nothing(
    scene: Scene, earlier: Catalogued, call: str, fault: str
) -> None:
    check_catalogue_in_trouble(scene, call, REFUSALS[fault], earlier)
