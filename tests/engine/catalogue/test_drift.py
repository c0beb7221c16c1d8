"""What a stream has become against its topic: every sink tells the same, and nothing that the catalogue cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import Drift, Topic
from airflow_kinesis_ingest.errors import TopicRefused
from tests.engine.catalogue.test_sink import ARN, TWO, Catalogue, InFile, InOpenMetadata, opened, schema, topic
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(params=["metadata-rest", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalogue]:
    if request.param == "file":
        yield InFile(tmp_path / "shop.catalogue.jsonl")
        return
    with FakeOpenMetadata() as server:
        yield InOpenMetadata(server)


def drift(place: Catalogue, *topics: Topic) -> list[tuple[Drift, ...]]:
    """Of each of these, written by a run of its own."""
    return [_of(place, each) for each in topics]


def _of(place: Catalogue, each: Topic) -> tuple[Drift, ...]:
    with opened(place) as sink:
        sink.write(each, TWO)
        return sink.drift(each.name)


def test_first_sight_is_none(place: Catalogue) -> None:
    """Of a stream, and of its schema."""
    assert drift(place, topic(), topic(schema=schema('{"id": 1}'))) == [(), ()]


def test_a_sample_that_lacks_a_field_or_a_schema_is_none(place: Catalogue) -> None:
    whole = topic(schema=schema('{"id": 1, "name": "x"}'))
    assert drift(place, whole, topic(schema=schema('{"id": 2}')), topic(), topic(partitions=2)) == [()] * 4


def test_what_changed_is_told_once_with_what_was(place: Catalogue) -> None:
    before = topic(schema=schema('{"id": 1}'))
    after = topic(partitions=4, retention_ms=172_800_000, schema=schema('{"id": "x", "name": "y"}'))
    assert drift(place, before, after, after)[1:] == [
        (
            Drift("clicks", "type changed", "id", "INT", "UNION<INT, STRING>", compatible=False),
            Drift("clicks", "field added", "name", None, "STRING", compatible=True),
            Drift("clicks", "retention", "", "24 h", "48 h"),
            Drift("clicks", "partitions", "", "2", "4"),
        ),
        (),
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (("NONE", None), ("KMS", "alias/aws/kinesis"), ["encryption: NONE -> KMS"]),
        (("KMS", "a"), ("KMS", "b"), ["encryption key: a -> b"]),
        (("KMS", "a"), ("NONE", None), ["encryption: KMS -> NONE"]),
        ((None, None), ("KMS", "a"), []),
        (("KMS", "a"), (None, None), []),
    ],
)
def test_encryption_and_its_key_are_compared_where_both_are_known(
    place: Catalogue, before: tuple[Any, Any], after: tuple[Any, Any], told: list[str]
) -> None:
    configs = [{"streamARN": ARN + "clicks", "encryptionType": kind, "keyId": key} for kind, key in (before, after)]
    known = [{key: value for key, value in config.items() if value} for config in configs]
    (_, found) = drift(place, *(topic(config=config) for config in known))
    assert [each.text for each in found] == told


def test_a_topic_that_another_connector_or_a_person_made_is_first_sight() -> None:
    """It may count closed shards, too."""
    with FakeOpenMetadata() as server:
        place = InOpenMetadata(server)
        drift(place, topic(partitions=9))
        server.topics["shop.clicks"]["sourceHash"] = "of somebody else"
        assert drift(place, topic()) == [()]


def test_a_stream_that_comes_back_is_first_sight(place: Catalogue) -> None:
    drift(place, topic())
    with opened(place) as sink:
        sink.delete("clicks")
    assert drift(place, topic(partitions=9)) == [()]


def test_what_redaction_hides_is_no_path_of_a_drift(tmp_path: Path) -> None:
    """Also where an earlier run, without the rule, catalogued it."""
    path = tmp_path / "out.jsonl"
    drift(InFile(path), topic(schema=schema('{"id": 1, "mail of ann@example.com": 1}')))
    hiding = InFile(path, options={"sample": {"redact": ["email"]}})
    ((found,),) = drift(hiding, topic(schema=schema('{"id": 1}')))
    assert (found.what, "ann@example.com" in found.text) == ("field removed", False)


def test_what_could_not_be_written_is_told_by_the_run_that_writes_it() -> None:
    with FakeOpenMetadata() as server:
        place = InOpenMetadata(server)
        drift(place, topic())
        server.faults = Faults(Rule(Fault.status(400), "PUT", "/topics"))
        with opened(place) as sink:
            with pytest.raises(TopicRefused):
                sink.write(topic(partitions=9), TWO)
            assert sink.drift("clicks") == ()
        server.faults = Faults()
        assert [len(found) for found in drift(place, topic(partitions=9))] == [1]
