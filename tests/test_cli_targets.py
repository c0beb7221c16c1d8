"""The command line on a file with targets: one of them by its key, or all, one after another, each with its result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Faults, Rule
from tests.test_cli import Desk, desk

__all__ = ["desk"]
pytestmark = pytest.mark.usefixtures("quick")

ONE, TWO = "123456789012_us-east-1", "222222222222_eu-west-1"


@pytest.fixture
def other() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(2, 1), quotas={}, account="222222222222", region="eu-west-1") as running:
        yield running


@pytest.fixture
def file(desk: Desk, aws: FakeKinesis, other: FakeKinesis) -> str:
    return desk.file(of_both(document(aws, desk.catalogue), aws, other), "org.yaml")


def of_both(data: dict[str, Any], *fakes: FakeKinesis) -> dict[str, Any]:
    targets = [{"account": each.account, "awsRegion": each.region, "endPointURL": each.url} for each in fakes]
    return data | {"targets": targets}


def names(key: str) -> list[str]:
    return [json.loads(line)["name"] for line in Path(f"catalogue.{key}.jsonl").read_text().splitlines()]


def test_all_targets_are_run_one_after_another(desk: Desk, file: str) -> None:
    """Each under its key and into its own file."""
    assert desk.run("ingest", "-c", file) == 0
    assert (len(names(ONE)), len(names(TWO))) == (5, 2)
    assert desk.out.index(f"{ONE}:") < desk.out.index(f"{TWO}:")
    assert "2 of 2 targets without a failure" in desk.err


def test_a_target_that_fails_is_named_and_keeps_no_other_from_its_turn(desk: Desk, file: str, aws: FakeKinesis) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    assert desk.run("ingest", "-c", file) == 1
    assert len(names(TWO)) == 2
    assert f"1 of 2 targets without a failure\nfailed: {ONE}\n" in desk.err


def test_a_diff_that_ends_early_says_why(desk: Desk, file: str, aws: FakeKinesis) -> None:
    """It is no diff that finds nothing to change."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    assert desk.run("diff", "-c", file) == 1
    first, second = desk.out.split(f"{TWO}:")
    assert f"{ONE}:\nThe run ended early. ListStreams: AWS denies this call" in first
    assert "ended early" not in second


def test_one_target_by_its_key(desk: Desk, file: str, aws: FakeKinesis) -> None:
    assert desk.run("ingest", "-c", file, "--target", TWO, "--report", "r.json") == 0
    assert (len(names(TWO)), aws.calls()) == (2, [])
    assert json.loads(Path(f"r.{TWO}.json").read_text())["account"] == "222222222222"


@pytest.mark.parametrize("command", ["list", "test-connection", "diff"])
def test_what_looks_at_a_workflow_looks_at_each_target(command: str, desk: Desk, file: str) -> None:
    assert desk.run(command, "-c", file) == 0
    assert f"{ONE}:" in desk.out
    assert f"{TWO}:" in desk.out
    assert desk.run(command, "-c", file, "--target", ONE) == 0
    assert TWO not in desk.out


@pytest.mark.parametrize(
    "argv",
    [
        ["sample", "-c", "org.yaml", "stream-00000"],
        ["ingest", "-c", "org.yaml", "--streams", "stream-00000"],
        ["diff", "-c", "org.yaml", "--adopt", "gone"],
        ["ingest", "-c", "org.yaml", "--target", "1_us-east-1"],
    ],
)
@pytest.mark.usefixtures("file")
def test_what_is_about_one_target_says_which_there_are(argv: list[str], desk: Desk, aws: FakeKinesis) -> None:
    assert desk.run(*argv) == 2
    assert f"Name one of {ONE}, {TWO}" in desk.err
    assert aws.calls() == []


def test_a_file_without_targets_has_none_to_name(desk: Desk, aws: FakeKinesis) -> None:
    assert desk.run("ingest", "-c", desk.file(document(aws, desk.catalogue)), "--target", ONE) == 2
    assert "This file has no `targets`: name none" in desk.err


def test_each_target_is_announced_when_its_file_is_deployed(
    desk: Desk, aws: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    file = desk.file(of_both(document(aws, catalogue), aws, other), "org.yaml")
    assert desk.run("deploy", file, "workflows", "--create") == 0
    assert set(catalogue.pipelines) == {f"org_{ONE}.org", f"org_{TWO}.org"}


def test_deploy_says_whose_service_a_file_of_the_folder_writes_too(desk: Desk, aws: FakeKinesis) -> None:
    for name, account in (("a", aws.account), ("b", "222222222222")):
        file = desk.file(document(aws, desk.catalogue, options={"account": account}), f"{name}.yaml")
        assert desk.run("deploy", file, "workflows", "--create") == 0
    assert f"`shop` is also written by workflows/a.yaml, from {aws.account} in us-east-1" in desk.out
