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
from airflow_kinesis_ingest.engine.run.need import REGISTRY, Looks, Need
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
    assert account.stored("busy") == ['{"id": 2}']
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
    account.catalogue.profiler = {"sampleDataConfig": {"storeSampleData": False}}
    account.run()
    assert account.catalogue.topics["shop.a"]["sampleData"] is None
    account.catalogue.profiler = {"sampleDataConfig": {"storeSampleData": True}}
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


def test_what_rolling_runs_looked_at_before_they_stored_samples_counts_for_nothing() -> None:
    """With the first run that stores them begins what is known; a stream's next moment is the first that tells."""
    period = 24 * HOUR_MS
    before = Looks(Refresh(period, None, period), "none stored").told()
    first = Looks(Refresh(2 * period, Former(period, period, frozenset(), before), period), "stored")
    assert (first.since("a"), first.told().looked) == (None, (2 * period,))
    for began, known in ((2 * period + 1, False), (3 * period, True)):
        later = Looks(Refresh(4 * period, Former(began, began, frozenset(), first.told()), period), "stored")
        assert (later.since("a") is not None) is known


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


def test_a_rolling_run_reads_what_it_describes_where_it_has_newer_records(account: Account) -> None:
    """From the first period on whose end says when each stream was looked at; `every` takes none of them away."""
    account.options = {"refresh": "rolling", "sample": {"every": 100}}
    account.add("busy", "quiet")
    for shard in (stream.shards[0] for stream in account.aws.streams.values()):
        shard.records = [FakeRecord(b'{"id": 1}', time.time() - 9 * 24 * HOUR)]
    read: list[str] = []
    looked: Counter[str] = Counter()
    for hours in range(-72, 0, 12):
        if hours == -24:
            account.arrive("busy")
        account.run(ahead_ms=hours * HOUR_MS)
        looked += account.calls("GetShardIterator") if hours >= -24 else Counter()
        read += account.sampled() if hours >= -24 else []
    assert (sorted(looked), read, account.stored("busy")) == (["busy", "quiet"], ["busy"], ['{"id": 2}'])


# --- any history ------------------------------------------------------------------------------------------------------


@dataclass
class Shard:
    """One shard of a stream in memory: when its records arrived, and when it was closed, in ms of AWS's clock."""

    arrivals: list[int] = field(default_factory=list)
    closed: int | None = None

    def iterator(self, start: datetime | None, until: float) -> str:  # noqa: ARG002 - as of a ShardReader
        assert start
        return str(start.timestamp() * 1000)

    def read(self, iterator: str, limit: int, until: float) -> tuple[tuple[Record, ...], str, int]:  # noqa: ARG002
        found = [Record(b"", None) for arrived in self.arrivals if arrived >= float(iterator)]
        return tuple(found[:limit]), iterator, 0


@dataclass
class History:
    """Streams, runs and the time between them. skew: of the clock of who runs them, in ms, against AWS's."""

    rolling: bool
    every: int
    skew: int
    now: int = 480_000 * HOUR_MS
    former: Former | None = None
    shards: dict[str, list[Shard]] = field(default_factory=lambda: {name: [Shard()] for name in NAMES[:3]})
    seen: dict[str, int] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)

    def standing(self, name: str) -> Standing | None:
        return Standing(standing_of(self._described(name).stream, 1), 0) if name in self.seen else None

    def open_shards(self, stream: Stream, until: float) -> Iterator[Shard]:  # noqa: ARG002 - as of a source
        return iter(self.shards[stream.name][-1:])

    def open_shards_since(self, stream: Stream, since: datetime, until: float) -> Any:  # noqa: ARG002 - as of a source
        *closed, last = self.shards[stream.name]
        return None if any(each.closed >= since.timestamp() * 1000 for each in closed if each.closed) else (last,)

    def arrive(self, name: str) -> None:
        self.shards[name][-1].arrivals.append(self.now)

    def reshard(self, name: str) -> None:
        """Split and merged: as many shards are open as before."""
        self.shards[name][-1].closed = self.now
        self.shards[name].append(Shard())

    def run(self, owed: frozenset[str], complete: bool) -> None:
        max_age = 24 * HOUR_MS if self.rolling else None
        began, former = self.now + self.skew, self.former
        if former and former.began < began - (max_age or 48 * HOUR_MS):
            former = None
        looks = Looks(Refresh(began, former, max_age), "basis", self.every)
        for name in NAMES[:3]:
            self._look(looks, name, name in owed)
        if complete:
            self.former = Former(began, began + 1, owed, looks.told())
            self._check_unread(owed)
        self.now += 1

    def _look(self, looks: Looks, name: str, refused: bool) -> None:
        settled = looks.refresh.is_settled(name, self.standing(name))
        if self.rolling and settled and not looks.refresh.is_due(name):
            return
        need = Need(looks, self, self, 4)  # type: ignore[arg-type]
        if refused:
            self.seen.setdefault(name, 0)
        elif need.shards(self._described(name), 0.0) is not None:
            self.seen[name] = self._total(name)
        elif looks.is_turn(name):
            assert self.seen[name] == self._total(name), "a newer record was missed"

    def _check_unread(self, owed: frozenset[str]) -> None:
        for name in NAMES[:3]:
            is_unread = self.seen[name] < self._total(name) and name not in owed
            self.unread[name] = self.unread[name] + 1 if is_unread else 0
            assert self.rolling or self.unread[name] < self.every

    def _total(self, name: str) -> int:
        return sum(len(shard.arrivals) for shard in self.shards[name])

    def _described(self, name: str) -> Description:
        created = datetime.fromtimestamp(0, timezone.utc)
        stream = Stream(name, f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}", created, "ACTIVE", "PROVISIONED")
        return Description(stream, 1, 24, "ACTIVE", "PROVISIONED", "NONE")


OWED = [frozenset[str](), frozenset[str](), frozenset(NAMES[:1]), frozenset(NAMES[1:3])]
STEPS = st.one_of(
    st.tuples(st.just("arrive"), st.sampled_from(NAMES[:3])),
    st.tuples(st.just("reshard"), st.sampled_from(NAMES[:3])),
    st.tuples(st.just("pass"), st.sampled_from([59_000, HOUR_MS, 13 * HOUR_MS, 23 * HOUR_MS, 50 * HOUR_MS])),
    st.tuples(st.just("run"), st.sampled_from(OWED), st.sampled_from([True, True, False])),
)


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=15, max_size=60),
    rolling=st.booleans(),
    every=st.integers(1, 3),
    skew=st.sampled_from([-600_000, 0, 600_000]),
)
def test_no_history_leaves_a_stored_sample_beside_a_newer_record(
    steps: list[Any], rolling: bool, every: int, skew: int
) -> None:
    """Of any records, reshardings, runs that failed, refused samples, pauses and clocks."""
    history = History(rolling, every, skew)
    for step, *what in steps:
        if step == "pass":
            history.now += what[0]
        else:
            getattr(history, step)(*what)
