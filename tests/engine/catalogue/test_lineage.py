"""Flows as pipelines and edges in OpenMetadata, beside what people drew there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.found import Linked
from airflow_kinesis_ingest.engine.lineage.flow import Bucket, Flow, Listing, Opaque, SearchIndex, StreamRef, Table
from airflow_kinesis_ingest.errors import IngestError
from tests.engine.catalogue.linking import arn, link, listing, reads, threads, writes
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

LAKE = Bucket("lake", "orders/")


def options(**lineage: Any) -> dict[str, Any]:
    names = {"storageServiceNames": ["s3"], "dbServiceNames": ["glue"], "searchServiceNames": ["es"]}
    return {"options": {"lineage": {**names, **lineage}}}


ON = options()
ALL = options(deletion={"maxShare": 1})


@pytest.fixture
def server() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        prepare(running)
        yield running
        assert running.invalid_bodies == []


def prepare(server: FakeOpenMetadata) -> None:
    """A catalogue with a bucket, a table and an index."""
    server.add_entity("storageService", "s3", serviceType="S3")
    server.add_entity("databaseService", "glue", serviceType="Glue", connection={"config": {"databaseName": "lake"}})
    server.add_entity("searchService", "es", serviceType="OpenSearch")
    server.add_entity("container", "s3", "lake")
    server.add_entity("table", "glue", "lake", "raw", "orders")
    server.add_entity("searchIndex", "es", "orders")


def drawn(server: FakeOpenMetadata) -> set[tuple[str, str, str | None]]:
    """The edges as names: from, to, through."""
    every = [server.topics, server.data_pipelines, *server.others.values()]
    names = {each["id"]: each["fullyQualifiedName"] for entities in every for each in entities.values()}
    return {
        (names[start], names[end], names.get((edge["details"].get("pipeline") or {}).get("id")))
        for (start, end), edge in server.edges.items()
    }


def live(server: FakeOpenMetadata) -> set[str]:
    return {name for name, each in server.data_pipelines.items() if not each["deleted"]}


def test_a_delivery_stream_lies_between_its_stream_and_its_bucket(server: FakeOpenMetadata) -> None:
    flow = reads("firehose", "to-lake", "clicks", LAKE, console_url="https://console.aws.amazon.com/firehose")
    found = link(server, ("clicks",), listing("firehose", flow), **ON)
    assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.to-lake")}
    pipeline = server.data_pipelines["shop_firehose.to-lake"]
    assert (pipeline["serviceType"], pipeline["state"], "displayName" in pipeline) == (
        "KinesisFirehose",
        "Active",
        False,
    )
    assert next(iter(server.edges.values()))["details"]["source"] == "PipelineLineage"
    assert found == Linked(written=1, edges=1)


@pytest.mark.parametrize("end", [(), (Opaque("https://example.com"),), (Bucket("elsewhere"),)])
def test_a_stream_flows_to_the_pipeline_itself_where_there_is_no_other_entity(
    server: FakeOpenMetadata, end: tuple[Any, ...]
) -> None:
    """A function, what is no data asset, what is not catalogued: who reads is shown, the target named."""
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks", *end)), **ON)
    assert drawn(server) == {("shop.clicks", "shop_lambda.f", None)}
    said = next(iter(server.edges.values()))["details"]["description"]
    assert all(name in said for each in end for name in ([each.label] if isinstance(each, Opaque) else ["s3://else"]))


def test_a_target_that_is_not_catalogued_can_be_told_of_only(server: FakeOpenMetadata) -> None:
    flow = reads("firehose", "f", "clicks", Bucket("elsewhere"))
    found = link(server, ("clicks",), listing("firehose", flow), **options(unresolved="skip"))
    assert (drawn(server), server.data_pipelines) == (set(), {})
    assert [problem.entity for problem in found.problems] == ["s3://elsewhere"]


def test_a_target_that_is_catalogued_later_takes_the_place_of_the_pipeline(server: FakeOpenMetadata) -> None:
    flow = reads("firehose", "f", "clicks", Bucket("new"))
    link(server, ("clicks",), listing("firehose", flow), **ON)
    server.add_entity("container", "s3", "new")
    link(server, ("clicks",), listing("firehose", flow), **ON)
    assert drawn(server) == {("shop.clicks", "s3.new", "shop_firehose.f")}


def test_a_writer_lies_before_its_stream(server: FakeOpenMetadata) -> None:
    table = Table("iceberg", "orders", database="raw")
    flow = reads("dms", "copy", "clicks", table, direction="writes")
    other = reads("eventRules", "rule", "clicks", direction="writes")
    link(server, ("clicks",), listing("dms", flow), listing("eventRules", other), **ON)
    assert drawn(server) == {
        ("glue.lake.raw.orders", "shop.clicks", "shop_dms.copy"),
        ("shop_eventRules.rule", "shop.clicks", None),
    }


def test_a_pipe_between_two_streams_is_one_edge(server: FakeOpenMetadata) -> None:
    """It is found twice: as a reader of the one and a writer of the other."""
    reader = reads("pipes", "p", "clicks", StreamRef(arn("orders")))
    writer = reads("pipes", "p", "orders", StreamRef(arn("clicks")), direction="writes")
    link(server, ("clicks", "orders"), listing("pipes", reader, writer), **ON)
    assert drawn(server) == {("shop.clicks", "shop.orders", "shop_pipes.p")}


@pytest.mark.parametrize(
    ("end", "service", "kind", "names"),
    [
        (
            Table("redshift", "T", "Db", "S", host="r.example"),
            ("Redshift", "r.example:5439"),
            "table",
            ("db", "s", "t"),
        ),
        (
            Table("snowflake", "t", "d", "s", host="acc.snowflakecomputing.com"),
            ("Snowflake", "acc"),
            "table",
            ("D", "S", "T"),
        ),
        (SearchIndex("vpc-x.example", "logs"), ("OpenSearch", "https://vpc-x.example:443"), "searchIndex", ("logs",)),
    ],
)
def test_a_target_is_found_by_the_host_that_its_service_names(
    server: FakeOpenMetadata, end: Any, service: tuple[str, str], kind: str, names: tuple[str, ...]
) -> None:
    type_, host = service
    config = {"account": host} if type_ == "Snowflake" else {"hostPort": host}
    of = "searchService" if kind == "searchIndex" else "databaseService"
    for name, each in (("right", config), ("wrong", {"hostPort": "other.example", "account": "other"})):
        server.add_entity(of, name, serviceType=type_, connection={"config": each})
        server.add_entity(kind, name, *names)
    off = options(dbServiceNames=[], searchServiceNames=[])
    link(server, ("clicks",), listing("firehose", reads("firehose", "f", "clicks", end)), **off)
    assert drawn(server) == {("shop.clicks", ".".join(("right", *names)), "shop_firehose.f")}


def test_of_several_hits_none_is_taken(server: FakeOpenMetadata) -> None:
    server.add_entity("container", "other", "lake")
    two = options(storageServiceNames=["s3", "other"])
    found = link(server, ("clicks",), listing("firehose", reads("firehose", "f", "clicks", LAKE)), **two)
    assert drawn(server) == {("shop.clicks", "shop_firehose.f", None)}
    assert "other.lake, s3.lake" in found.problems[0].cause


def test_the_longest_path_of_a_bucket_is_taken(server: FakeOpenMetadata) -> None:
    server.add_entity("container", "s3", "lake", "orders")
    server.add_entity("container", "s3", "lake", "orders/eu")
    flows = [reads("firehose", end, "clicks", Bucket("lake", end)) for end in ("orders/eu/x/", "orders/us", "or")]
    link(server, ("clicks",), listing("firehose", *flows), **ON)
    assert {end for _, end, _ in drawn(server)} == {"s3.lake.orders/eu", "s3.lake.orders", "s3.lake"}


def test_a_second_run_without_changes_writes_nothing(server: FakeOpenMetadata) -> None:
    found = [
        listing("firehose", reads("firehose", "f", "clicks", LAKE)),
        listing("lambda", reads("lambda", "g", "clicks")),
    ]
    link(server, ("clicks",), *found, **ON)
    server.requests.clear()
    assert link(server, ("clicks",), *found, **ON) == Linked()
    assert writes(server) == []
    assert not server.calls("GET", "/lineage/*")


def test_what_people_drew_stays_and_is_named(server: FakeOpenMetadata) -> None:
    """And it is looked at again in every run: once it is gone, ours takes its place."""
    server.add_topic("shop", "clicks")
    ends = server.reference_to("topic", "shop", "clicks"), server.reference_to("container", "s3", "lake")
    server.add_edge(*ends, description="ours by hand")
    flow = listing("firehose", reads("firehose", "f", "clicks", LAKE))
    found = link(server, ("clicks",), flow, **ON)
    assert "Manual" in found.problems[0].cause
    server.requests.clear()
    assert "Manual" in link(server, ("clicks",), flow, **ON).problems[0].cause
    assert writes(server) == []
    assert drawn(server) == {("shop.clicks", "s3.lake", None)}
    server.edges.clear()
    link(server, ("clicks",), flow, **ON)
    assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.f")}


def test_two_pipelines_between_two_ends_share_an_edge(server: FakeOpenMetadata) -> None:
    """The first by name is shown and names the other, which takes its place once it is gone."""
    both = [reads("firehose", name, "clicks", LAKE) for name in ("b", "a", "c")]
    link(server, ("clicks",), listing("firehose", *both), **ON)
    assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.a")}
    assert "b, c" in next(iter(server.edges.values()))["details"]["description"]
    link(server, ("clicks",), listing("firehose", *both[:1], both[2]), **ON)
    assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.b")}


def test_what_aws_has_no_more_goes_with_its_edges(server: FakeOpenMetadata) -> None:
    flows = [reads("lambda", name, "clicks") for name in ("f", "g", "h")]
    link(server, ("clicks",), listing("lambda", *flows), **ON)
    found = link(server, ("clicks",), listing("lambda", *flows[1:]), **ON)
    assert drawn(server) == {("shop.clicks", "shop_lambda.g", None), ("shop.clicks", "shop_lambda.h", None)}
    assert live(server) == {"shop_lambda.g", "shop_lambda.h"}
    assert (found.removed, found.edges_removed) == (1, 1)


@pytest.mark.parametrize(
    ("later", "more"),
    [
        (Listing("lambda", complete=False), {}),
        (Listing("lambda", complete=True), {}),
        (Listing("lambda", complete=True), {"account": "999999999999"}),
        (Listing("lambda", complete=True), {"account": None}),
        (listing("lambda", present=["f"]), {}),
        (Listing("firehose", complete=True), ALL),
    ],
    ids=["incomplete", "too many", "another account", "no account", "present, unread", "another part"],
)
def test_without_proof_nothing_goes(server: FakeOpenMetadata, later: Listing, more: dict[str, Any]) -> None:
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks")), **ON)
    link(server, ("clicks",), later, **{**ON, **more})
    assert drawn(server) == {("shop.clicks", "shop_lambda.f", None)}
    assert live(server) == {"shop_lambda.f"}


def test_too_many_are_told_with_what_allows_it(server: FakeOpenMetadata) -> None:
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks")), **ON)
    (problem,) = link(server, ("clicks",), Listing("lambda", complete=True), **ON).problems
    assert "1 of 1 pipelines are not in AWS any more" in problem.cause
    assert "options.lineage.deletion.maxShare: 1" in problem.remedy
    link(server, ("clicks",), Listing("lambda", complete=True), **ALL)
    assert (drawn(server), live(server)) == (set(), set())


def test_a_pipeline_that_somebody_else_made_is_left_alone(server: FakeOpenMetadata) -> None:
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks")), **ON)
    server.data_pipelines["shop_lambda.f"]["sourceHash"] = "by-hand"
    found = link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks", LAKE)), **ALL)
    assert "somebody else" in found.problems[0].cause
    link(server, ("clicks",), Listing("lambda", complete=True), **ALL)
    assert live(server) == {"shop_lambda.f"}


def test_a_stream_of_another_account_is_named_and_never_matched_by_its_name(server: FakeOpenMetadata) -> None:
    found = link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks", of="999999999999")), **ON)
    assert (drawn(server), server.data_pipelines) == (set(), {})
    assert "other accounts" in found.problems[0].cause


def test_what_people_wrote_on_a_pipeline_stays(server: FakeOpenMetadata) -> None:
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks")), **ON)
    server.data_pipelines["shop_lambda.f"].update(description="Mine", displayName="F")
    link(server, ("clicks",), listing("lambda", reads("lambda", "f", "clicks", active=False)), **ON)
    stored = server.data_pipelines["shop_lambda.f"]
    assert (stored["description"], stored["displayName"], stored["state"]) == ("Mine", "F", "Inactive")


def test_an_older_server_gets_what_it_knows() -> None:
    with FakeOpenMetadata(version="1.6.0") as server:
        prepare(server)
        link(server, ("clicks",), listing("firehose", reads("firehose", "f", "clicks", LAKE)), **ON)
        assert server.pipeline_services["shop_firehose"]["serviceType"] == "CustomPipeline"
        assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.f")}
        assert server.invalid_bodies == []


def test_names_with_unusual_letters(server: FakeOpenMetadata) -> None:
    flows = [reads("cloudfront", name, "clicks") for name in ("a::b", 'q"t', "dot.ted", "sp ace/ü", "x" * 300)]
    found = link(server, ("clicks",), listing("cloudfront", *flows), each=threads, **ON)
    assert (len(drawn(server)), found.problems) == (5, ())


def test_a_bot_that_may_not_draw_costs_one_problem(server: FakeOpenMetadata) -> None:
    server.forbidden.append("PUT /lineage")
    found = link(server, ("clicks",), listing("lambda", *(reads("lambda", f"f{n}", "clicks") for n in range(9))), **ON)
    assert len(found.problems) == 1


def test_a_look_up_that_fails_leaves_the_pipeline_as_it_is(server: FakeOpenMetadata) -> None:
    """It is not known whether there is such a target: the edge to it stays."""
    flow = listing("firehose", reads("firehose", "f", "clicks", LAKE))
    link(server, ("clicks",), flow, **ON)
    server.faults = Faults(Rule(Fault.status(500), target=lambda call: "/containers/" in call.path))
    found = link(server, ("clicks",), flow, **ON)
    assert [problem.entity for problem in found.problems] == ["s3://lake/orders/"]
    assert drawn(server) == {("shop.clicks", "s3.lake", "shop_firehose.f")}


# --- killed at any call, and through any history -------------------------------------------------------------------

NAMES, STREAMS = ("a", "b", "c"), ("clicks", "orders")
FLOW = st.builds(
    lambda name, stream, end, way: reads("firehose", name, stream, *end, direction=way),
    st.sampled_from(NAMES),
    st.sampled_from(STREAMS),
    st.sampled_from([(), (LAKE,), (Bucket("elsewhere"),), (StreamRef(arn("orders")),)]),
    st.sampled_from(["reads", "writes"]),
)
FLOWS = st.lists(FLOW, max_size=4, unique_by=lambda flow: (flow.name, flow.stream_arn))


def shown(server: FakeOpenMetadata) -> tuple[Any, ...]:
    kept = {name: each["sourceHash"] for name, each in server.data_pipelines.items() if not each["deleted"]}
    texts = sorted(edge["details"]["description"] for edge in server.edges.values())
    return drawn(server), texts, kept


def run(server: FakeOpenMetadata, flows: list[Flow], *, complete: bool = True) -> Linked:
    return link(server, STREAMS, listing("firehose", *flows, complete=complete), **ALL)


@settings(max_examples=80, deadline=None)
@given(before=FLOWS, after=FLOWS, calls=st.integers(0, 12), back=st.booleans())
@example(before=[], after=[reads("firehose", "a", "clicks", LAKE)], calls=1, back=False)
@example(before=[reads("firehose", "a", "clicks", LAKE)], after=[], calls=1, back=True)
@example(before=[reads("firehose", "a", "clicks", LAKE)], after=[], calls=2, back=True)
def test_a_run_that_ends_anywhere_is_made_good_by_the_next(
    before: list[Flow], after: list[Flow], calls: int, back: bool
) -> None:
    """Also where AWS has meanwhile gone back to what was there before."""
    last = before if back else after
    with FakeOpenMetadata() as server, FakeOpenMetadata() as whole:
        for each in (server, whole):
            prepare(each)
        run(server, before)
        left = [calls]

        def dies(call: Any) -> bool:
            if call.method in ("PUT", "DELETE") and ("/lineage" in call.path or "/pipelines" in call.path):
                left[0] -= 1
            return left[0] < 0

        server.faults = Faults(Rule(Fault.status(401), target=dies))
        with suppress(IngestError):
            run(server, after)
        server.faults = Faults()
        run(server, last)
        run(whole, last)
        assert shown(server) == shown(whole)
        server.requests.clear()
        run(server, last)
        assert writes(server) == []


EVENT = st.one_of(
    st.tuples(st.just("aws"), FLOWS, st.booleans()),
    st.tuples(st.just("person"), st.sampled_from(STREAMS), st.sampled_from(["draws", "takes away"])),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENT, max_size=6))
def test_through_any_history_people_keep_their_edges_and_ours_are_true(history: list[tuple[Any, ...]]) -> None:
    with FakeOpenMetadata() as server:
        prepare(server)
        run(server, [])
        theirs: set[tuple[str, str]] = set()
        lake = server.reference_to("container", "s3", "lake")
        for kind, what, how in history:
            if kind == "aws":
                run(server, what, complete=how)
            else:
                topic = server.reference_to("topic", "shop", what)
                pair = topic["id"], lake["id"]
                if how == "draws":
                    server.add_edge(topic, lake)
                    theirs.add(pair)
                elif pair in theirs:
                    del server.edges[pair]
                    theirs.remove(pair)
            assert {pair for pair, edge in server.edges.items() if edge["details"]["source"] == "Manual"} == theirs
        now: list[Flow] = next((what for kind, what, _ in reversed(history) if kind == "aws"), [])
        run(server, now)
        names = {f"shop_firehose.{flow.name}" for flow in now}
        assert {name for edge in drawn(server) for name in edge if name and name.startswith("shop_")} <= names
        assert live(server) <= names
        assert server.invalid_bodies == []
