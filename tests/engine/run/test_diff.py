"""`diff` shows what a run would change and changes nothing; `--adopt` confirms once where a vanished stream was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from airflow_kinesis_ingest import cli
from airflow_kinesis_ingest.engine.run.diff import Difference, adopt, difference
from airflow_kinesis_ingest.engine.run.pipeline import run
from airflow_kinesis_ingest.errors import WorkflowError
from tests.builders import document, workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

OLD_HASH = "0123456789abcdef0123456789abcdef"


def kinds(found: Difference) -> dict[str, str]:
    return {change.name: change.kind for change in found.topics}


def fields(found: Difference, name: str) -> dict[str, tuple[str | None, str | None]]:
    (change,) = [change for change in found.topics if change.name == name]
    return {field.path: (field.before, field.after) for field in change.fields}


def test_before_the_first_run_everything_is_new_and_nothing_is_written(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    found = difference(workflow(aws, catalogue))
    assert found.report.fatal is None
    assert kinds(found) == {f"stream-0000{number}": "new" for number in range(5)}
    assert found.service == ("shop: it is made",)
    assert fields(found, "stream-00000")["partitions"] == (None, "1")
    assert {call.method for call in catalogue.requests} == {"GET"}
    assert (catalogue.services, catalogue.topics, catalogue.pipelines) == ({}, {}, {})


def test_after_a_run_nothing_differs(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    run(workflow(aws, catalogue))
    catalogue.requests.clear()
    found = difference(workflow(aws, catalogue))
    assert (found.topics, found.service, found.report.unchanged) == ((), (), 5)
    assert {call.method for call in catalogue.requests} == {"GET"}


def test_what_differs_is_shown_field_by_field(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    run(workflow(aws, catalogue))
    aws.streams["stream-00001"].retention_hours = 48
    found = difference(workflow(aws, catalogue))
    assert kinds(found) == {"stream-00001": "changed"}
    assert fields(found, "stream-00001") == {"retentionTime": ("86400000", "172800000")}
    assert catalogue.topic("shop", "stream-00001")["retentionTime"] == 86_400_000


def test_what_a_run_would_delete_is_shown_and_stays(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    run(workflow(aws, catalogue))
    del aws.streams["stream-00004"]
    found = difference(workflow(aws, catalogue))
    assert found.report.deleted == ("stream-00004",)
    assert not catalogue.topic("shop", "stream-00004")["deleted"]


def test_a_deletion_that_the_guard_refuses_is_shown(aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    run(workflow(aws, catalogue))
    for number in range(4):
        del aws.streams[f"stream-0000{number}"]
    found = difference(workflow(aws, catalogue))
    assert "4 of 5 topics have no stream any more" in str(found.report.fatal)


def test_a_catalogue_file_is_compared_and_left_as_it_is(aws: FakeKinesis, tmp_path: Path) -> None:
    path = tmp_path / "catalogue" / "shop.jsonl"
    assert set(kinds(difference(workflow(aws, path))).values()) == {"new"}
    assert os.listdir(tmp_path) == []
    run(workflow(aws, path))
    before = path.read_bytes()
    aws.streams["stream-00001"].retention_hours = 48
    del aws.streams["stream-00004"]
    found = difference(workflow(aws, path))
    assert fields(found, "stream-00001") == {"retentionTime": ("86400000", "172800000")}
    assert (found.report.deleted, found.report.unchanged) == (("stream-00004",), 3)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["shop.jsonl"]


# --- topics of OpenMetadata's own connector ---------------------------------------------------------------------------


def old_topic(catalogue: FakeOpenMetadata, name: str) -> None:
    """As that connector leaves it: no ARN, and a hash of its own."""
    catalogue.add_topic("shop", name, retentionTime=0.0, maximumMessageSize=1_000_000, sourceHash=OLD_HASH)


def test_a_topic_of_the_old_connector_gets_its_arn_from_the_first_run_that_sees_its_stream(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    old_topic(catalogue, "stream-00001")
    found = difference(workflow(aws, catalogue))
    assert fields(found, "stream-00001")["topicConfig.streamARN"][0] is None
    assert fields(found, "stream-00001")["maximumMessageSize"] == ("1000000", "1048576")
    run(workflow(aws, catalogue))
    recorded = catalogue.topic("shop", "stream-00001")["topicConfig"]["streamARN"]
    assert recorded.endswith(":stream/stream-00001")


def test_one_whose_stream_is_gone_is_named_with_the_way_to_confirm_it_and_never_deleted_by_itself(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    old_topic(catalogue, "gone")
    for _ in range(2):
        assert run(workflow(aws, catalogue)).deleted == ()
    found = difference(workflow(aws, catalogue))
    (left,) = found.left
    assert left.entity == "gone"
    assert "--adopt" in left.remedy
    assert not catalogue.topic("shop", "gone")["deleted"]


def test_an_adopted_topic_records_its_stream_and_the_next_run_deletes_it(
    aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    old_topic(catalogue, "gone")
    run(workflow(aws, catalogue))
    sibling = catalogue.topic("shop", "stream-00001")["topicConfig"]["streamARN"]
    recorded = adopt(workflow(aws, catalogue), ["gone"])
    assert recorded == {"gone": sibling.replace("stream-00001", "gone")}
    assert not catalogue.topic("shop", "gone")["deleted"]
    assert difference(workflow(aws, catalogue)).report.deleted == ("gone",)
    assert run(workflow(aws, catalogue)).deleted == ("gone",)
    assert catalogue.topic("shop", "gone")["deleted"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("unheard-of", "is no topic of this service"),
        ("stream-00001", "is there: a run records it"),
        ("dropped", "records its stream already"),
    ],
)
def test_nothing_is_adopted_where_one_name_is_wrong(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, name: str, why: str
) -> None:
    old_topic(catalogue, "gone")
    elsewhere = {"streamARN": "arn:aws:kinesis:eu-west-1:999999999999:stream/dropped"}
    catalogue.add_topic("shop", "dropped", topicConfig=elsewhere)
    with pytest.raises(WorkflowError, match=why):
        adopt(workflow(aws, catalogue), ["gone", name])
    assert "topicConfig" not in catalogue.topic("shop", "gone")


def test_nothing_is_adopted_where_no_stream_tells_the_account(catalogue: FakeOpenMetadata) -> None:
    old_topic(catalogue, "gone")
    with FakeKinesis({}, quotas={}) as empty, pytest.raises(WorkflowError, match="tells the account"):
        adopt(workflow(empty, catalogue), ["gone"])


def test_topics_of_a_file_are_not_adopted(aws: FakeKinesis, tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match="the catalogue is a file"):
        adopt(workflow(aws, tmp_path / "c.jsonl"), ["gone"])


# --- on the command line --------------------------------------------------------------------------------------------


def test_the_command_shows_a_tree_and_differences_are_no_failure(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old_topic(catalogue, "gone")
    run(workflow(aws, catalogue))
    aws.streams["stream-00001"].retention_hours = 48
    aws.streams["stream-00005"] = list(json_streams(6, 1))[5]
    del aws.streams["stream-00000"]
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(document(aws, catalogue)), encoding="utf-8")
    assert cli.main(["diff", "-c", str(file)]) == 0
    out = capsys.readouterr().out
    assert not [line for line in out.splitlines() if line != line.rstrip()]
    for line in (
        "1 new, 1 changed, 3 unchanged, 1 deleted, 1 left alone",
        "+ stream-00005  new",
        "~ stream-00001  changed",
        "retentionTime: 86400000 -> 172800000",
        "- stream-00000  deleted",
        "? gone  left alone",
    ):
        assert line in out
    assert cli.main(["diff", "-c", str(file), "--adopt", "gone"]) == 0
    assert "recorded: gone was the topic of arn:aws:kinesis:" in capsys.readouterr().out
    assert cli.main(["diff", "-c", str(file), "--adopt", "gone"]) == 2


def test_the_command_tells_what_drifted_and_whether_that_is_compatible(
    aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The incompatible first; of what no rule judges, no verdict."""
    run(workflow(aws, catalogue))
    aws.streams["stream-00001"].retention_hours = 48
    aws.streams["stream-00001"].shards = [FakeShard(records=[FakeRecord(b'{"id": "x", "added": 1}')] * 3)]
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(document(aws, catalogue)), encoding="utf-8")
    assert cli.main(["diff", "-c", str(file)]) == 0
    out = capsys.readouterr().out
    assert "1 drifted" in out
    _, _, told = out.partition("! stream-00001  drifted\n")
    assert [line.strip(" │├└─") for line in told.splitlines()[:3]] == [
        "type changed: id, INT -> UNION<INT, STRING>, incompatible",
        "field added: added, INT, compatible",
        "retention: 24 h -> 48 h",
    ]
