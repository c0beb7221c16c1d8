"""One service per account and region: nothing is written with the credentials, or over the topics, of another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.deletion import elsewhere
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.errors import AccessDenied
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

OTHER = "210987654321"
MUTATIONS = ("PUT", "POST", "PATCH", "DELETE")


@pytest.fixture
def other() -> Iterator[FakeKinesis]:
    """Streams of the same names, and two more, in another account."""
    with FakeKinesis(json_streams(7, 1), quotas={}, account=OTHER) as running:
        yield running


def ingest(aws: FakeKinesis, to: FakeOpenMetadata | Path, **options: Any) -> RunReport:
    return pipeline.run(workflow(aws, to, options=options))


def arns(catalogue: FakeOpenMetadata) -> dict[str, str]:
    return {topic["name"]: topic["topicConfig"]["streamARN"] for topic in catalogue.topics.values()}


# --- whose the credentials are ---------------------------------------------------------------------------------------


def test_credentials_of_the_stated_account_write_as_ever(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    assert ingest(aws, catalogue, account=aws.account).written == 5


def test_credentials_of_another_account_than_stated_write_nothing(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    """Not even the service: the run fails, and says both accounts."""
    out = tmp_path / "out.jsonl"
    for to in (catalogue, out):
        report = ingest(aws, to, account=OTHER)
        assert report.state == "failed"
        assert isinstance(report.fatal, AccessDenied)
        assert f"of the account {aws.account}, and not of {OTHER}" in str(report.fatal)
    assert not out.exists()
    assert catalogue.services == {}
    assert [request for request in catalogue.requests if request.method in MUTATIONS] == []


def test_an_account_without_streams_is_proven_by_sts(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    aws.streams.clear()
    assert ingest(aws, catalogue, account=OTHER).state == "failed"
    assert catalogue.services == {}
    assert ingest(aws, catalogue, account=aws.account).state == "success"


def test_a_listing_that_fails_is_told_as_that(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """The account is not known then, and nothing of it is claimed."""
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    report = ingest(aws, catalogue, account=aws.account)
    assert "kinesis:ListStreams" in str(report.fatal)
    assert "options.account" not in str(report.fatal)


# --- whose the topics are --------------------------------------------------------------------------------------------


def test_a_topic_of_another_account_is_named_and_stays_as_it_is(
    aws: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """Two files with one service no longer write it in turns, each run over the other's."""
    ingest(aws, catalogue)
    before = arns(catalogue)
    report = ingest(other, catalogue)
    assert (report.state, report.written, len(report.failures)) == ("failed", 2, 5)
    assert {problem.step for problem in report.failures} == {"write"}
    assert f"another account or region, {aws.account}_us-east-1, and stays as it is" in report.failures[0].cause
    assert f"options.movedFrom: [{aws.account}_us-east-1]" in report.failures[0].remedy
    assert {name: arn for name, arn in arns(catalogue).items() if name in before} == before


def test_the_records_of_a_stream_that_is_not_written_are_not_read(
    aws: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    ingest(aws, catalogue)
    ingest(other, catalogue)
    assert other.counts["GetRecords"] == 2


def test_a_topic_of_another_region_stays_too(aws: FakeKinesis, tmp_path: Path) -> None:
    """In a catalogue file as in OpenMetadata."""
    out = tmp_path / "out.jsonl"
    ingest(aws, out)
    with FakeKinesis(json_streams(5, 1), quotas={}, region="eu-west-1") as moved:
        assert len(ingest(moved, out).failures) == 5
    assert out.read_text().count(f"kinesis:us-east-1:{aws.account}") == 5


@pytest.mark.parametrize("moved_from", ["123456789012", "123456789012_us-east-1"])
def test_who_moves_an_account_on_purpose_says_from_where(
    moved_from: str, aws: FakeKinesis, other: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    ingest(aws, catalogue)
    report = ingest(other, catalogue, movedFrom=[moved_from])
    assert (report.state, report.written) == ("success", 7)
    assert all(f":{OTHER}:" in arn for arn in arns(catalogue).values())
    assert len(ingest(aws, catalogue).failures) == 5  # the former account's file no longer writes them


ACCOUNT = st.sampled_from(["111111111111", "222222222222"])
REGION = st.sampled_from(["us-east-2", "eu-west-1"])
ARN = st.builds("arn:aws:kinesis:{}:{}:stream/a".format, REGION, ACCOUNT)
PARTIAL = st.sampled_from([None, "", "a", "arn:aws:kinesis", "arn:aws:kinesis:::stream/a"])


@given(ARN, ARN)
def test_topics_are_elsewhere_if_account_or_region_differs(recorded: str, arn: str) -> None:
    """Said as what `movedFrom` takes; and what it names is nowhere else any more."""
    found = elsewhere(recorded, arn)
    assert (found is None) == (recorded == arn)
    if found:
        assert elsewhere(recorded, arn, [found]) is elsewhere(recorded, arn, [found.split("_")[0]]) is None


@given(PARTIAL, ARN)
def test_what_does_not_say_where_it_was_is_not_elsewhere(unknown: str | None, arn: str) -> None:
    """As a topic of another connector."""
    assert elsewhere(unknown, arn) is None
    assert elsewhere(arn, unknown) is None
