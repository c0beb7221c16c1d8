"""`diff` goes through labels, owners, pipelines and edges as a run does, by the run's own code, and writes none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest import cli
from airflow_kinesis_ingest.engine.run.diff import Difference, difference
from airflow_kinesis_ingest.engine.run.pipeline import run
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from tests.builders import document, workflow
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.surroundings import ARN, EVERYTHING, LINEAGE, AroundKinesis, FakeSurroundings, surrounded

pytestmark = pytest.mark.usefixtures("quick")

OWNED = {**EVERYTHING, "owners": {"tagKeys": ["team"]}, "lineage": {**LINEAGE, "storageServiceNames": ["s3"]}}


class World:
    """AWS with one of each part, and a catalogue that has the bucket and the team."""

    def __init__(self, around: FakeSurroundings, kinesis: AroundKinesis, catalogue: FakeOpenMetadata) -> None:
        self.aws, self.kinesis, self.catalogue = around.around, kinesis, catalogue
        catalogue.add_entity("storageService", "s3", serviceType="S3")
        catalogue.add_entity("container", "s3", "lake")
        catalogue.add_entity("team", "shop", teamType="Group")

    def workflow(self, **options: Any) -> Workflow:
        return workflow(self.kinesis, self.catalogue, options=OWNED | options, metadata={"generateSampleData": False})

    def difference(self, **options: Any) -> Difference:
        """What is found, with reads alone."""
        before = len(self.catalogue.requests)
        found = difference(self.workflow(**options))
        assert {call.method for call in self.catalogue.requests[before:]} == {"GET"}
        return found


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, catalogue: FakeOpenMetadata) -> Iterator[World]:
    with surrounded(monkeypatch) as (around, kinesis):
        yield World(around, kinesis, catalogue)


def pipelines(found: Difference) -> dict[str, tuple[str, str]]:
    return {each.name: (each.kind, each.reason) for each in found.pipelines}


def edges(found: Difference) -> set[tuple[str, str, str]]:
    return {(each.kind, each.start, each.end) for each in found.edges}


def linked(found: Difference, name: str) -> list[tuple[str, str | None, str | None]]:
    """Of the labels and owners of a topic."""
    fields = [field for change in found.topics if change.name == name for field in change.fields]
    return [(each.path, each.before, each.after) for each in fields if each.path in ("tags", "owners")]


def drawn(catalogue: FakeOpenMetadata) -> set[tuple[str, str]]:
    every = [catalogue.topics, catalogue.data_pipelines, *catalogue.others.values()]
    names = {each["id"]: each["fullyQualifiedName"] for entities in every for each in entities.values()}
    return {(names[start].removeprefix("shop."), names[end].removeprefix("shop.")) for start, end in catalogue.edges}


def test_before_the_first_run_all_that_it_would_make_is_shown(world: World) -> None:
    """The same as the run makes, to the last edge: the decisions are its own."""
    found = world.difference()
    assert found.report.fatal is None
    assert linked(found, "orders") == [
        ("tags", None, "AWS.env.prod"),
        ("tags", None, "AWS.team.shop"),
        ("owners", None, "shop"),
    ]
    assert {each.kind for each in found.topics} == {"new"}
    assert ("classification", "AWS") in found.made
    assert ("tag", "AWS.env.prod") in found.made
    assert ("pipeline service", "shop_firehose") in found.made
    assert pipelines(found)["shop_firehose.to-lake"] == ("new", "AWS has it, the catalogue does not")
    assert ("new", "orders", "s3.lake") in edges(found)
    assert run(world.workflow()).fatal is None
    assert pipelines(found).keys() == world.catalogue.data_pipelines.keys()
    assert {(start, end) for _, start, end in edges(found)} == drawn(world.catalogue)


def test_after_a_run_nothing_is_left_to_do(world: World) -> None:
    run(world.workflow())
    found = world.difference()
    assert (found.topics, found.made, found.pipelines, found.edges) == ((), (), (), ())


def test_labels_that_come_and_go_are_shown_beside_their_topic(world: World) -> None:
    run(world.workflow())
    world.aws.tags[f"{ARN}:stream/orders"] = {"env": "test", "team": "shop"}
    found = world.difference()
    assert [(change.name, change.kind) for change in found.topics] == [("orders", "linked")]
    assert linked(found, "orders") == [("tags", "AWS.env.prod", None), ("tags", None, "AWS.env.test")]
    assert found.made == (("tag", "AWS.env.test"),)


def test_an_owner_that_the_file_overrides_is_shown_with_the_one_before(world: World) -> None:
    run(world.workflow())
    world.catalogue.topics["shop.orders"]["owners"][0]["name"] = "shop"
    world.catalogue.add_entity("team", "data", teamType="Group")
    world.aws.tags[f"{ARN}:stream/orders"]["team"] = "data"
    assert ("owners", "shop", "data") not in linked(world.difference(), "orders")
    metadata = {"generateSampleData": False, "overrideMetadata": True}
    found = difference(workflow(world.kinesis, world.catalogue, options=OWNED, metadata=metadata))
    assert ("owners", "shop", "data") in linked(found, "orders")


def test_what_aws_has_no_more_goes_with_its_edges_and_the_reason(world: World) -> None:
    allowed = {"lineage": {**OWNED["lineage"], "deletion": {"maxShare": 1}}}
    run(world.workflow(**allowed))
    world.aws.deliveries.clear()
    found = world.difference(**allowed)
    assert pipelines(found) == {"shop_firehose.to-lake": ("deleted", "AWS has it no more")}
    assert edges(found) == {("deleted", "orders", "s3.lake")}
    assert not world.catalogue.data_pipelines["shop_firehose.to-lake"]["deleted"]


def test_a_pipeline_that_changed_says_what_of_it(world: World) -> None:
    run(world.workflow())
    world.aws.mappings[0]["State"] = "Disabled"
    found = world.difference()
    (change,) = found.pipelines
    assert (change.name, change.kind, change.reason) == ("shop_lambda.price", "changed", "AWS says otherwise of it")
    assert change.fields == (("state", "Active", "Inactive"),)
    assert found.edges == ()


def test_edges_that_differ_are_told_one_by_one(world: World) -> None:
    run(world.workflow())
    world.catalogue.add_entity("container", "s3", "direct")
    found = world.difference()
    assert pipelines(found) == {"shop_channels.c": ("changed", "its edges differ")}
    assert edges(found) == {("deleted", "orders", "shop_channels.c"), ("new", "orders", "s3.direct")}


def test_a_part_that_is_denied_shows_no_deletion_and_one_warning(world: World) -> None:
    run(world.workflow())
    world.aws.denied = {"firehose:ListDeliveryStreams"}
    found = world.difference()
    assert (found.pipelines, found.edges) == ((), ())
    assert [problem.actions for problem in found.report.warnings if problem.actions] == [
        ("firehose:ListDeliveryStreams",)
    ]


def test_in_a_file_flows_and_labels_are_fields_of_their_topic(world: World, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    made = workflow(world.kinesis, path, options=EVERYTHING, metadata={"generateSampleData": False})
    found = difference(made)
    assert linked(found, "orders") == [("tags", None, "AWS.env.prod"), ("tags", None, "AWS.team.shop")]
    assert not path.exists()
    run(made)
    assert difference(made).topics == ()
    before = path.read_bytes()
    world.aws.mappings[0]["State"] = "Disabled"
    (change,) = difference(made).topics
    arn = "arn:aws:lambda:us-east-1:123456789012:function:price"
    assert change == ("orders", "linked", (("flows reads lambda price", arn, f"{arn}, (inactive)"),))
    assert path.read_bytes() == before


def test_the_command_shows_them_in_its_tree(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(world.workflow())
    world.aws.tags[f"{ARN}:stream/orders"]["env"] = "test"
    world.aws.mappings[0]["State"] = "Disabled"
    world.catalogue.add_entity("container", "s3", "direct")
    file = tmp_path / "shop.json"
    content = document(world.kinesis, world.catalogue, options=OWNED, metadata={"generateSampleData": False})
    file.write_text(json.dumps(content), encoding="utf-8")
    assert cli.main(["diff", "-c", str(file)]) == 0
    out = capsys.readouterr().out
    for line in (
        "1 with other labels, owners or flows, 2 unchanged, 2 changed pipelines, 1 new edge, 1 deleted edge",
        "~ orders  changed",
        "tags: AWS.env.prod -> nothing",
        "tags: AWS.env.test",
        "+ tag: AWS.env.test",
        "~ pipeline shop_lambda.price  changed: AWS says otherwise of it",
        "state: Active -> Inactive",
        "- edge orders -> shop_channels.c  deleted: AWS tells of no such flow any more",
        "+ edge orders -> s3.direct  new: `arn:aws:kinesis",
    ):
        assert line in out
