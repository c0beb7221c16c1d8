"""What is asked of a workflow without running it: the listing with its verdicts, and a sample."""

from __future__ import annotations

import gzip
import json
import threading
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.run import probes
from airflow_kinesis_ingest.errors import AccessDenied
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.server import Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")


def rows(value: dict[str, Any]) -> list[tuple[Any, ...]]:
    return list(zip(*json.loads(gzip.decompress(b64decode(value["data"]))), strict=True))


def names(aws: FakeKinesis, told: list[dict[str, Any]] | None = None, **metadata: Any) -> dict[str, Any]:
    flow = workflow(aws, Path("unused"), metadata=metadata)
    return probes.names(flow, threading.Event(), (told if told is not None else []).append)


# --- the streams -----------------------------------------------------------------------------------------------------


def test_every_name_of_the_listing_comes_with_what_the_filter_says(aws: FakeKinesis) -> None:
    """Also those that are filtered: another filter can be tried on the names, without another listing."""
    found = names(aws, topicFilterPattern={"includes": ["stream-0000[0-2]"], "excludes": [".*1"]})
    assert found["columns"] == ["name", "kept", "pattern"]
    assert rows(found) == [
        ("stream-00000", True, "includes stream-0000[0-2]"),
        ("stream-00001", False, "excludes .*1"),
        ("stream-00002", True, "includes stream-0000[0-2]"),
        ("stream-00003", False, "no include matches"),
        ("stream-00004", False, "no include matches"),
    ]
    assert (found["count"], found["kept"], found["cut"], found["complete"], found["remark"]) == (5, 2, 0, True, "")


def test_without_a_filter_every_stream_is_kept_by_no_pattern(aws: FakeKinesis) -> None:
    assert {row[1:] for row in rows(names(aws))} == {(True, None)}


def test_nothing_but_the_listing_is_called(aws: FakeKinesis) -> None:
    names(aws)
    assert set(aws.counts) == {"ListStreams"}


def test_a_listing_ends_at_its_bound_and_says_so(aws: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "MOST_NAMES", 3)
    found = names(aws)
    assert (found["count"], found["complete"], found["remark"]) == (3, False, probes.CUT)


def test_as_many_names_as_there_are_is_a_whole_listing(aws: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "MOST_NAMES", 5)
    assert names(aws)["complete"] is True


def test_a_long_listing_is_told_as_it_grows(aws: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "TOLD_AFTER", 2)
    told: list[dict[str, Any]] = []
    names(aws, told)
    assert [(value["count"], value["complete"]) for value in told] == [(2, False), (4, False)]


def test_ten_thousand_of_the_longest_names_fit_or_are_said_to_be_cut() -> None:
    long = [
        probes.Name(f"{number:064}".translate(str.maketrans("0123456789", "kq7zWx_-Jp")) * 2, True, None)
        for number in range(10_000)
    ]
    found = probes._packed(long, complete=True, remark="")
    assert len(json.dumps(found)) <= 256 * 1024
    assert len(rows(found)) == found["count"] - found["cut"]


def test_a_listing_that_fails_is_no_shorter_listing(aws: FakeKinesis) -> None:
    aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams"))
    with pytest.raises(AccessDenied) as raised:
        names(aws)
    assert raised.value.actions == ("kinesis:ListStreams",)


# --- a sample --------------------------------------------------------------------------------------------------------


def sampled(messages: list[bytes], **options: Any) -> dict[str, Any]:
    stream = FakeStream("orders", [FakeShard(records=[FakeRecord(data) for data in messages])])
    with FakeKinesis([stream], quotas={}) as aws:
        return probes.sample(workflow(aws, Path("unused"), options={"sample": options}), "orders")


def test_a_sample_is_decoded_and_redacted_with_the_tree_of_its_schema() -> None:
    message = {"id": 7, "customer": {"email": "ada@example.com", "city": "London"}}
    found = sampled([json.dumps(message).encode()] * 2, redact=["email"])
    assert (found["count"], found["cut"], found["stream"]) == (2, 0, "orders")
    assert json.loads(found["messages"][0]["text"]) == {"id": 7, "customer": {"email": "***", "city": "London"}}
    assert "ada@example.com" not in json.dumps(found)
    schema = found["schema"]
    assert (schema["kind"], schema["agreed"], schema["total"], schema["cut"]) == ("JSON", 2, 2, 0)
    assert [row[:2] for row in schema["fields"]][1:] == [[1, "customer"], [2, "city"], [2, "email"], [1, "id"]]


def test_a_sample_says_that_it_is_to_be_deleted_after_it_was_read() -> None:
    assert sampled([b"{}"])["delete_after_reading"] is True


def test_an_empty_stream_has_no_messages_and_no_schema() -> None:
    found = sampled([])
    assert (found["messages"], found["count"], found["schema"]) == ([], 0, None)


@pytest.mark.parametrize("letter", ["a", "é", "\U0001f600", "\x01"])
def test_a_sample_is_at_most_64_kb_and_says_what_it_leaves_out(letter: str) -> None:
    """As JSON, which writes a letter as twelve at worst; messages and fields of any number and size."""
    wide = {f"field {number} {letter * 20}": letter * 5 for number in range(2_000)}
    messages = [letter * 200_000, json.dumps(wide, ensure_ascii=False), *[letter * 2_500] * 40]
    found = sampled([text.encode() for text in messages], maxBytes=10_485_760)
    assert len(json.dumps(found)) <= 64 * 1024
    assert 0 < len(found["messages"]) == found["count"] - found["cut"]
    assert found["messages"][0]["cut"] > 0


def test_a_wide_schema_is_cut_and_says_so() -> None:
    found = sampled([json.dumps({f"field_{number:090}": number for number in range(300)}).encode()])
    assert found["schema"]["cut"] > 0
    assert len(found["schema"]["fields"]) + found["schema"]["cut"] >= 300
    assert len(json.dumps(found)) <= 64 * 1024
