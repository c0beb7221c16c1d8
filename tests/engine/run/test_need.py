"""Which streams' records a run reads for their samples, and that the stored ones are never older than they may be."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.former import Former
from airflow_kinesis_ingest.engine.catalogue.sink import Standing, standing_of
from airflow_kinesis_ingest.engine.model import Description, Record, RunReport, Stream
from airflow_kinesis_ingest.engine.run import need, pipeline
from airflow_kinesis_ingest.engine.run.need import REGISTRY, SKEW, Looks, Need
from airflow_kinesis_ingest.engine.run.refresh import HOUR_MS, Refresh
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

NAMES = [f"stream-{number}" for number in range(7)]
HOUR = 3600.0


@dataclass
class Account:
    """Streams whose records are older than a sample's, a catalogue, and the runs between them."""

    aws: FakeKinesis
    catalogue: FakeOpenMetadata
    options: dict[str, Any] = field(default_factory=dict)
    runs: int = 0

    def add(self, *names: str, **fields: Any) -> None:
        for name in names:
            shard = FakeShard(records=[FakeRecord(b'{"id": 1}', time.time() - 2 * HOUR)])
            self.aws.add(FakeStream(name, **{"shards": [shard], **fields}))

    def arrive(self, *names: str, text: str = '{"id": 2}') -> None:
        for name in names:
            shard = self.aws.streams[name].shards[-1]
            shard.records = [*shard.records, FakeRecord(text.encode(), time.time())]

    def run(self, ahead_ms: int = 0, **options: Any) -> RunReport:
        """One complete run; its requests alone are counted."""
        self.runs += 1
        self.aws.requests.clear()
        self.catalogue.requests.clear()
        made = workflow(self.aws, self.catalogue, options={**self.options, **options})
        status = pipeline.status_of(made, "shop", f"run {self.runs}")
        assert status
        status.began += self.runs + ahead_ms
        report = pipeline.run(made, status=status)
        assert self.aws.violations == []
        return report

    def calls(self, operation: str) -> Counter[str]:
        """Stream -> how often it was called for in the last run."""
        asked = (self.aws.identify(request) for request in self.aws.requests)
        return Counter(call.target for call in asked if call.operation == operation)

    def sampled(self) -> list[str]:
        """The streams that more was done for than one look at their only shard."""
        return sorted(name for name, count in self.calls("GetShardIterator").items() if count > 1)

    def stored(self, name: str) -> Any:
        return self.catalogue.topics[f"shop.{name}"]["sampleData"]["messages"]

    def writes(self) -> list[str]:
        return [each.path for each in self.catalogue.requests if "topics" in each.path and each.method != "GET"]


@pytest.fixture
def account(quick: None) -> Iterator[Account]:  # noqa: ARG001 - for its effect
    with FakeKinesis(quotas={}) as aws, FakeOpenMetadata() as catalogue:
        yield Account(aws, catalogue)


# --- by need ----------------------------------------------------------------------------------------------------------


def test_what_has_no_newer_record_is_not_read_again(account: Account) -> None:
    """One look per shard, which gives no record; nothing is read from the catalogue or written; no topic is changed."""
    account.add(*NAMES)
    account.run()
    report = account.run()
    assert account.calls("GetRecords") == account.calls("GetShardIterator") == Counter(NAMES)
    assert account.aws.largest_read > 0
    assert (report.unchanged, report.sampled, report.warnings, account.writes()) == (len(NAMES), 0, (), [])
    assert [each.path for each in account.catalogue.requests if "sampleData" in each.path] == []
    assert account.stored("stream-3") == ['{"id": 1}']


def test_a_newer_record_leads_to_a_new_sample(account: Account) -> None:
    account.add("quiet", "busy")
    account.run()
    account.arrive("busy")
    report = account.run()
    assert (account.sampled(), report.sampled, report.written) == (["busy"], 1, 1)
    assert account.stored("busy") == ['{"id": 1}', '{"id": 2}']
    assert account.stored("quiet") == ['{"id": 1}']


def test_a_stream_without_a_record_is_looked_at_once(account: Account) -> None:
    account.add("empty", shards=[FakeShard()])
    account.run()
    assert account.run().unchanged == 1
    assert account.calls("GetRecords") == {"empty": 1}
    account.arrive("empty")
    account.run()
    assert account.stored("empty") == ['{"id": 2}']


def test_empty_answers_prove_nothing_before_the_tip(account: Account) -> None:
    account.add("gaps", "more gaps", shards=[FakeShard(empty_pages=3)])
    account.aws.streams["more gaps"].shards[0].empty_pages = 30
    account.run()
    account.arrive("gaps", "more gaps")
    account.run()
    assert account.stored("gaps") == account.stored("more gaps") == ['{"id": 2}']


def test_a_sample_whose_records_have_expired_stays(account: Account) -> None:
    account.add("old")
    account.run()
    account.aws.streams["old"].shards[0].records = []
    assert account.run().unchanged == 1
    assert account.stored("old") == ['{"id": 1}']


@pytest.mark.parametrize("shards", [1, 3])
def test_a_newer_record_in_a_shard_that_was_closed_since_is_found(account: Account, shards: int) -> None:
    """Split and merged between two runs, a stream has as many open shards as before, and they are empty."""
    before = [FakeShard(f"shardId-{number:012d}") for number in range(shards)]
    account.add("resharded", shards=before)
    account.run()
    account.arrive("resharded")
    closed = [replace(shard, closed=True, closed_at=time.time()) for shard in before]
    after = [FakeShard(f"shardId-{100 + number:012d}") for number in range(shards)]
    account.aws.streams["resharded"] = replace(account.aws.streams["resharded"], shards=[*closed, *after])
    account.run()
    assert account.stored("resharded") == ['{"id": 2}']


def test_shards_that_were_closed_before_the_last_look_are_none_to_look_at(account: Account) -> None:
    old = FakeShard("shardId-000000000000", [FakeRecord(b"old", time.time() - 9 * HOUR)], closed=True)
    account.add("resharded", shards=[replace(old, closed_at=time.time() - 8 * HOUR), FakeShard("shardId-000000000001")])
    account.run()
    account.run()
    assert account.calls("GetRecords") == {"resharded": 1}


@pytest.mark.parametrize("call", ["ListShards", "GetShardIterator", "GetRecords"])
def test_a_look_that_is_refused_is_a_sample_that_is_missing(account: Account, call: str) -> None:
    """It is named as any, the stored one stays, and the next run reads it."""
    account.add("a", "b")
    account.run()
    account.aws.faults = Faults(Rule(aws_error("AccessDeniedException"), call, "a", range(1, 99)))
    report = account.run()
    assert [(each.step, each.entity) for each in report.warnings] == [("sample", "a")]
    assert account.stored("a") == ['{"id": 1}']
    account.aws.faults = Faults()
    account.run()
    assert account.sampled() == ["a"]


def test_an_endpoint_without_the_filter_has_its_records_read(quick: None) -> None:  # noqa: ARG001 - for its effect
    with FakeKinesis(quotas={}, honours_shard_filter=False) as aws, FakeOpenMetadata() as catalogue:
        account = Account(aws, catalogue)
        old = FakeShard("shardId-000000000000", closed=True, closed_at=1.0)
        account.add("resharded", shards=[old, FakeShard("shardId-000000000001")])
        account.run()
        account.arrive("resharded")
        account.run()
        assert account.stored("resharded") == ['{"id": 2}']


# --- what is read whatever it has -------------------------------------------------------------------------------------


def test_other_rules_of_redaction_take_every_sample_again(account: Account) -> None:
    """What was stored by the old ones may show what the new ones hide."""
    account.add("people", shards=[FakeShard(records=[FakeRecord(b"ann@example.org", time.time() - 2 * HOUR)])])
    account.run()
    assert account.stored("people") == ["ann@example.org"]
    account.run(sample={"redact": ["email"]})
    assert "ann@example.org" not in account.stored("people")[0]


def test_a_server_that_begins_to_take_samples_is_given_all(account: Account) -> None:
    account.add("a")
    account.catalogue.settings["profilerConfiguration"] = {"sampleDataConfig": {"storeSampleData": False}}
    account.run()
    assert account.catalogue.topics["shop.a"]["sampleData"] is None
    account.catalogue.settings["profilerConfiguration"] = {"sampleDataConfig": {"storeSampleData": True}}
    account.run()
    assert account.stored("a") == ['{"id": 1}']


def test_another_library_of_a_codec_reads_every_record_again(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    account.add("a")
    account.run()
    monkeypatch.setattr(need, "installed", lambda: ("cramjam",))
    account.run()
    assert account.sampled() == ["a"]


def test_what_is_another_one_than_the_catalogue_says_is_read(account: Account) -> None:
    """New, made anew under its name, in another mode, or a topic that somebody changed."""
    account.add("new", "anew", "mode", "edited", "quiet")
    new = account.aws.streams.pop("new")
    account.run()
    account.aws.add(new)
    account.aws.streams["anew"].created += 60
    account.aws.streams["mode"].mode = "ON_DEMAND"
    account.catalogue.topics["shop.edited"]["updatedAt"] = int(time.time() * 1000) + 5000
    account.run()
    assert sorted(account.calls("GetShardIterator")) == sorted(account.aws.streams)
    looked_at_once = {name for name, count in account.calls("GetRecords").items() if count == 1}
    assert looked_at_once == {"quiet"}


def test_where_the_last_complete_run_is_not_known_all_is_read(account: Account) -> None:
    """After a run that ended early too: it counts for nothing."""
    account.add("a", "b")
    account.aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams", "*", range(1, 9)))
    assert account.run().fatal
    account.aws.faults = Faults()
    account.run()
    assert account.sampled() == ["a", "b"]
    account.catalogue.faults = Faults(Rule(Fault.status(403), "GET", "/services/ingestionPipelines/*", range(1, 9)))
    account.run()
    assert account.sampled() == ["a", "b"]


def test_a_sample_that_the_catalogue_refused_is_taken_again(account: Account) -> None:
    account.add("a", "b")
    refused = Rule(Fault.status(400), "PUT", lambda sent: "sampleData" in sent.path, range(1, 2))
    account.catalogue.faults = Faults(refused)
    [failure] = account.run().failures
    account.catalogue.faults = Faults()
    account.run()
    assert account.sampled() == [failure.entity]
    assert account.stored(failure.entity) == ['{"id": 1}']


def test_a_file_tells_nothing_of_its_samples(account: Account, tmp_path: Path) -> None:
    account.add("a")
    made = workflow(account.aws, tmp_path / "catalogue.jsonl")
    for _ in range(2):
        account.aws.requests.clear()
        assert pipeline.run(made).sampled == 1
    entry = json.loads((tmp_path / "catalogue.jsonl").read_text())
    assert entry["sampleData"]["messages"] == ['{"id": 1}']


def test_a_registry_that_could_not_be_asked_leaves_no_sample_proven() -> None:
    """Which of them stayed encoded for want of a schema is not known."""
    first = Looks(Refresh(1_000), "basis").told()
    for owed, since in ((frozenset({"a"}), 1_000), (frozenset({REGISTRY}), None)):
        assert Looks(Refresh(9_000, Former(1_000, 2_000, owed, first)), "basis").since("b") == since


# --- every n-th run ---------------------------------------------------------------------------------------------------


def test_every_busy_stream_is_sampled_once_in_so_many_runs(account: Account) -> None:
    account.options = {"sample": {"every": 3}}
    account.add(*NAMES)
    account.run()
    read = []
    for _ in range(3):
        account.arrive(*NAMES)
        report = account.run()
        read.append(account.sampled())
        assert report.written + report.unchanged == len(NAMES)
    assert sorted(name for names in read for name in names) == NAMES
    assert sorted(map(len, read)) != [0, 0, len(NAMES)]
    assert account.stored(read[0][0])[-1] == '{"id": 2}'


def test_a_run_that_was_not_complete_has_its_turn_again(account: Account) -> None:
    account.options = {"sample": {"every": 2}}
    account.add(*NAMES)
    account.run()
    account.arrive(*NAMES)
    account.aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "ListStreams", "*", range(1, 9)))
    assert account.run().fatal
    account.aws.faults = Faults()
    account.run()
    first = account.sampled()
    account.run()
    assert sorted(first + account.sampled()) == NAMES


def test_a_stream_that_is_owed_a_sample_has_its_turn_in_every_run(account: Account) -> None:
    account.options = {"sample": {"every": 100}}
    account.add(*NAMES)
    account.aws.faults = Faults(Rule(aws_error("AccessDeniedException"), "GetRecords", "stream-2", range(1, 99)))
    for _ in range(2):
        assert [each.entity for each in account.run().warnings] == ["stream-2"]
    account.aws.faults = Faults()
    account.run()
    assert account.stored("stream-2") == ['{"id": 1}']


def test_a_rolling_run_reads_what_it_describes_once_it_has_newer_records(account: Account) -> None:
    """A day later all is described; what was read on the day before is known by then."""
    account.options = {"refresh": "rolling", "sample": {"every": 100}}
    account.add("busy", "quiet")
    day = 24 * HOUR_MS
    for days in range(3):
        account.run(ahead_ms=days * day)
    account.arrive("busy")
    shard = account.aws.streams["busy"].shards[0]
    shard.records = [*shard.records[:-1], replace(shard.records[-1], arrival=time.time())]
    known = Looks(Refresh(4 * day, Former(3 * day, 3 * day, frozenset(), _first(day)), day), "basis", 100)
    assert 2 * day < (known.since("busy") or 0) <= 3 * day
    assert known.is_turn("busy")


def _first(began: int) -> Any:
    return Looks(Refresh(began, None, 24 * HOUR_MS), "basis").told()
