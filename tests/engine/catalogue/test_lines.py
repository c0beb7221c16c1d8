"""Tags and flows in a catalogue file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.found import Linked
from airflow_kinesis_ingest.engine.lineage.flow import Bucket, Listing
from tests.engine.catalogue.linking import link, listing, reads, tags

ON: dict[str, Any] = {"options": {"tags": {"enabled": True}}}
ALL: dict[str, Any] = {"options": {"lineage": {"deletion": {"maxShare": 1}}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.catalogue.jsonl"


def lines(file: Path) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in map(json.loads, file.read_text().splitlines())}


def flows(file: Path, stream: str = "clicks") -> set[tuple[str, str]]:
    return {(each["part"], each["name"]) for each in lines(file)[stream].get("flows", [])}


def test_a_line_has_the_tags_and_flows_of_its_stream(file: Path) -> None:
    flow = reads("firehose", "f", "clicks", Bucket("lake", "a/"), console_url="https://console.aws.amazon.com")
    found = link(file, ("clicks", "orders"), listing("firehose", flow), tagged=tags({"clicks": {"env": "prod"}}), **ON)
    assert [label["tagFQN"] for label in lines(file)["clicks"]["tags"]] == ["AWS.env.prod"]
    (told,) = lines(file)["clicks"]["flows"]
    assert (told["name"], told["direction"], told["ends"], told["active"]) == ("f", "reads", ["s3://lake/a/"], True)
    assert "flows" not in lines(file)["orders"]
    assert found == Linked(labelled=1, edges=1)


def test_a_second_run_changes_nothing(file: Path) -> None:
    found = listing("lambda", reads("lambda", "f", "clicks"))
    link(file, ("clicks",), found, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    before = file.read_bytes()
    assert link(file, ("clicks",), found, tagged=tags({"clicks": {"env": "prod"}}), **ON) == Linked()
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("later", "more", "kept"),
    [
        (listing("lambda", reads("lambda", "g", "clicks")), {}, {("lambda", "g")}),
        (Listing("lambda", complete=True), {}, {("lambda", "f"), ("lambda", "g")}),
        (Listing("lambda", complete=True), ALL, set()),
        (Listing("lambda", complete=False), ALL, {("lambda", "f"), ("lambda", "g")}),
        (listing("lambda", present=["f"]), {}, {("lambda", "f")}),
        (Listing("lambda", complete=True), {**ALL, "account": None}, {("lambda", "f"), ("lambda", "g")}),
        (Listing("firehose", complete=True), ALL, {("lambda", "f"), ("lambda", "g")}),
    ],
    ids=["gone", "too many", "allowed", "incomplete", "present, unread", "no account", "another part"],
)
def test_a_flow_goes_with_proof_only(
    file: Path, later: Listing, more: dict[str, Any], kept: set[tuple[str, str]]
) -> None:
    link(file, ("clicks",), listing("lambda", *(reads("lambda", name, "clicks") for name in "fg")))
    link(file, ("clicks",), later, **more)
    assert flows(file) == kept


def test_a_tag_that_aws_lost_goes_with_a_complete_listing_only(file: Path) -> None:
    link(file, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    link(file, tagged=tags({}, complete=False), **ON)
    assert lines(file)["clicks"]["tags"]
    link(file, tagged=tags({}), **ON)
    assert "tags" not in lines(file)["clicks"]


def test_what_is_not_asked_for_any_more_stays(file: Path) -> None:
    link(
        file, ("clicks",), listing("lambda", reads("lambda", "f", "clicks")), tagged=tags({"clicks": {"a": "b"}}), **ON
    )
    before = file.read_bytes()
    link(file, ("clicks",))
    assert file.read_bytes() == before


FLOWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["clicks", "orders"])), max_size=4, unique=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(FLOWS, st.booleans()), min_size=1, max_size=5))
def test_through_any_history_a_complete_listing_is_what_stands_there(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[list[tuple[str, str]], bool]]
) -> None:
    file = tmp_path_factory.mktemp("history") / "shop.catalogue.jsonl"
    for found, complete in history:
        made = [reads("lambda", *each) for each in found]
        link(file, ("clicks", "orders"), listing("lambda", *made, complete=complete), **ALL)
        there = {(name, stream) for stream in ("clicks", "orders") for _, name in flows(file, stream)}
        assert there >= set(found)
        assert not complete or there == set(found)
