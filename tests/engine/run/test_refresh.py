"""`options.refresh: rolling`: what one run describes, and that the catalogue ends as with full runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue import run_status
from airflow_kinesis_ingest.engine.catalogue.former import Former
from airflow_kinesis_ingest.engine.catalogue.run_status import RunStatus
from airflow_kinesis_ingest.engine.catalogue.sink import Standing, standing_of
from airflow_kinesis_ingest.engine.catalogue.topic import topic_of
from airflow_kinesis_ingest.engine.model import Description, Drift, Outcome, RunReport, Sample, Stream, Topic
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.run.refresh import HOUR_MS, Refresh
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.errors import Abort, StreamDenied, StreamNotReady, TopicRefused
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import FakeOpenMetadata

AGE = 24
NAMES = [f"stream-{number}" for number in range(6)]


# --- an account, a catalogue and a clock, all in memory ---------------------------------------------------------------


@dataclass
class Account:
    """The streams, as AWS describes them; what it refuses in this run, and after how many streams a listing breaks."""

    streams: dict[str, Description] = field(default_factory=dict)
    refused: frozenset[tuple[str, str]] = frozenset()
    breaks_after: int | None = None
    described: list[str] = field(default_factory=list)

    def clock(self) -> float:
        return 0.0

    def streams_listed(self) -> Iterator[Stream]:
        for place, description in enumerate(list(self.streams.values())):
            if place == self.breaks_after:
                raise Abort("the listing broke", remedy="Run again")
            listed = description.stream
            yield replace(listed, status=description.status, mode=description.mode)

    def describe(self, stream: Stream) -> Description:
        self._refuse("describe", stream)
        self.described.append(stream.name)
        found = self.streams[stream.name]
        if found.status == "CREATING":
            raise StreamNotReady("the stream is being created", where=stream.name, remedy="Wait")
        return found

    def open_shards(self, stream: Stream, until: float | None = None) -> Iterator[int]:  # noqa: ARG002
        self._refuse("shards", stream)
        yield from range(self.streams[stream.name].open_shards)

    def _refuse(self, call: str, stream: Stream) -> None:
        if (call, stream.name) in self.refused:
            raise StreamDenied("AWS denies this call", where=stream.name, remedy="Allow it")


class Source:
    """An account as a KinesisSource shows it."""

    def __init__(self, account: Account) -> None:
        self.clock = account.clock
        self.streams = account.streams_listed
        self.describe = account.describe
        self.open_shards = account.open_shards


@dataclass
class Catalogue:
    """Topics with what they were last written from and when, and the statuses of runs."""

    now: Callable[[], int]
    address = "memory"
    topics: dict[str, tuple[Topic, int]] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    writes: list[str] = field(default_factory=list)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)

    def open(self, *, storing: bool) -> bool:
        self.began = dict(self.topics)
        return storing

    def catalogued(self) -> Mapping[str, str | None]:
        return {name: topic.config["streamARN"] for name, (topic, _) in self.began.items()}

    def standing(self, name: str) -> Standing | None:
        if name not in self.began:
            return None
        topic, updated = self.began[name]
        config = topic.config
        created = datetime.fromisoformat(config["creationTime"])
        listed = Stream("", config["streamARN"], created, config["streamStatus"], config["streamMode"])
        return Standing(standing_of(listed, topic.partitions), updated)

    def write(self, topic: Topic, sample: Sample) -> Outcome:  # noqa: ARG002 - as every sink
        if topic.name in self.refused:
            raise TopicRefused("OpenMetadata refuses this call", remedy="Look")
        if topic.name in self.topics and self.topics[topic.name][0] == topic:
            return "unchanged"
        self.writes.append(topic.name)
        self.topics[topic.name] = (topic, self.now())
        return "written"

    def drift(self, name: str) -> tuple[Drift, ...]:  # noqa: ARG002 - as every sink
        return ()

    def delete(self, name: str) -> None:
        del self.topics[name]

    def close(self, *, complete: bool) -> bool:  # noqa: ARG002 - as every sink
        return True


class Statuses:
    """The client of a RunStatus, whose server is a Catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._statuses = catalogue.statuses

    def version(self) -> str:
        return "2.0.0"

    def get(self, path: str, *, holds: str = "", **query: int) -> Any:  # noqa: ARG002 - as OpenMetadata's
        if not path.endswith("/pipelineStatus"):
            return {"id": "service"}
        since, until = query["startTs"], query["endTs"]
        return {"data": [each for each in self._statuses.values() if since <= each["timestamp"] <= until]}

    def put(self, path: str, body: dict[str, Any], *, holds: str = "") -> None:  # noqa: ARG002 - as OpenMetadata's
        if path.endswith("/pipelineStatus"):
            self._statuses[body["runId"]] = body


@cache
def made_workflow(**options: Any) -> Workflow:
    blocks = {"refresh": "rolling", "maxAge": AGE, "deletion": {"maxShare": 1}, **options}
    with FakeKinesis() as aws, FakeOpenMetadata() as server:
        return workflow(aws, server, metadata={"generateSampleData": False}, options=blocks)


class World:
    """One workflow, its account and its catalogue, on a clock that only a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.hours = 480_000.0
        self.account, self.catalogue = Account(), Catalogue(self.now)
        self.runs = 0
        self.workflow = made_workflow(**options)
        monkeypatch.setattr(run_status, "now_ms", self.now)
        monkeypatch.setattr(pipeline, "source_of", lambda *_, **__: Source(self.account))

    def now(self) -> int:
        return int(self.hours * HOUR_MS)

    def run(self, **parameters: Any) -> RunReport:
        self.runs += 1
        self.account.described.clear()
        self.catalogue.writes.clear()
        status = RunStatus(self.workflow, "shop.shop", f"run {self.runs}", ours=True)
        status._client = Statuses(self.catalogue)  # type: ignore[assignment]
        return pipeline.run(self.workflow, status=status, into=self._sink, **parameters)

    def _sink(self, *_: object) -> Any:
        return self.catalogue

    def put(self, name: str, **changes: Any) -> None:
        """Make a stream, or change one."""
        self.account.streams[name] = replace(self.account.streams.get(name) or self._made(name), **changes)

    def recreate(self, name: str) -> None:
        self.account.streams[name] = self._made(name)

    def _made(self, name: str) -> Description:
        created = datetime.fromtimestamp(self.now() // 1000, timezone.utc)
        stream = Stream(name, f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}", created)
        return Description(stream, 1, 24, "ACTIVE", "PROVISIONED", "NONE")

    def is_right(self) -> bool:
        """Whether each stream's topic says what a full run would have it say, and there is no other."""
        shown = {name: topic for name, (topic, _) in self.catalogue.topics.items()}
        names = {name for name, found in self.account.streams.items() if found.status != "CREATING"}
        return names == shown.keys() and all(self._matches(self.account.streams[name], shown[name]) for name in names)

    @staticmethod
    def _matches(described: Description, topic: Topic) -> bool:
        url = topic.source_url
        return topic == topic_of(described, source_url=url)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


# --- which streams ----------------------------------------------------------------------------------------------------


def test_a_second_run_describes_nothing_that_its_listing_tells_unchanged(world: World) -> None:
    for name in NAMES:
        world.put(name)
    world.run()
    world.hours += 0.001
    report = world.run()
    assert (report.not_due, report.described, report.success_percent) == (len(NAMES), 0, 100.0)
    assert (world.account.described, world.catalogue.writes) == ([], [])
    assert {row.outcome for row in report.streams} == {"not due"}


@pytest.mark.parametrize(
    "change",
    [{"open_shards": 2}, {"mode": "ON_DEMAND"}, {"status": "UPDATING"}],
    ids=["open shards", "mode", "status"],
)
def test_what_the_listing_tells_changed_is_described_at_once(world: World, change: dict[str, Any]) -> None:
    world.put("a")
    world.put("b")
    world.run()
    world.hours += 0.001
    world.put("a", **change)
    assert (world.run().not_due, world.account.described, world.is_right()) == (1, ["a"], True)


def test_a_stream_that_was_made_anew_under_its_name_is_described_at_once(world: World) -> None:
    world.put("a", retention_hours=48)
    world.run()
    world.hours += 0.01
    world.recreate("a")
    world.run()
    assert (world.account.described, world.is_right()) == (["a"], True)


def test_what_the_listing_does_not_tell_is_looked_up_once_in_max_age(world: World) -> None:
    """Every stream once, by some run of the period, and none twice."""
    for name in NAMES:
        world.put(name)
    world.run()
    described = []
    for _ in range(AGE):
        world.hours += 1
        world.run()
        described += world.account.described
    assert sorted(described) == sorted(NAMES)


def test_the_share_of_a_run_is_even(world: World) -> None:
    """Of 10,000 streams an hourly run describes a twenty-fourth, give or take a tenth."""
    now = world.now()
    refresh = Refresh(now + HOUR_MS, Former(now, now), AGE * HOUR_MS)
    due = sum(refresh.is_due(f"stream-{number:05d}") for number in range(10_000))
    assert 375 <= due <= 458


def test_a_missed_run_is_made_up_for(world: World) -> None:
    """After twice the period without a run, all are due."""
    for name in NAMES:
        world.put(name)
    world.run()
    world.hours += 2 * AGE
    world.run()
    assert sorted(world.account.described) == NAMES


def test_a_run_that_failed_is_made_up_for(world: World) -> None:
    """Runs whose listing breaks leave no moment of anybody's behind."""
    for name in NAMES:
        world.put(name)
    world.run()
    for name in NAMES:
        world.put(name, retention_hours=48)
    world.account.breaks_after = 0
    for _ in range(AGE - 1):
        world.hours += 1
        assert world.run().fatal is not None
    world.account.breaks_after = None
    world.hours += 1
    world.run()
    assert (sorted(world.account.described), world.is_right()) == (NAMES, True)


def test_what_a_run_named_in_a_problem_is_described_by_the_next(world: World) -> None:
    world.put("a")
    world.put("b")
    world.run()
    world.put("a", open_shards=2)
    world.put("b", open_shards=2)
    world.catalogue.refused = frozenset({"a"})
    world.hours += 0.001
    assert [problem.entity for problem in world.run().failures] == ["a"]
    world.put("a", open_shards=1)
    world.catalogue.refused = frozenset()
    world.hours += 0.001
    assert (world.run().not_due, world.account.described, world.is_right()) == (1, ["a"], True)


def test_a_topic_that_was_changed_since_the_last_complete_run_is_described(world: World) -> None:
    """Somebody edited it, or a run wrote it that was killed before its sample."""
    world.put("a")
    world.put("b")
    world.run()
    world.hours += 0.001
    topic, _ = world.catalogue.topics["a"]
    world.catalogue.topics["a"] = (topic, world.now())
    world.hours += 0.001
    world.run()
    assert world.account.described == ["a"]
    world.hours += 0.001
    world.run()
    assert world.account.described == []


def test_a_run_of_named_streams_describes_them_and_counts_for_no_other(world: World) -> None:
    """It says nothing of the others, so the next run's share begins where the last whole run began."""
    for name in NAMES:
        world.put(name)
    world.run()
    world.hours += AGE
    world.run(only=frozenset({"stream-0"}))
    assert world.account.described == ["stream-0"]
    world.run()
    assert sorted(world.account.described) == NAMES


def test_where_shards_may_not_be_listed_all_is_described_and_the_report_says_so(world: World) -> None:
    world.put("a")
    world.run()
    world.account.refused = frozenset({("shards", "a")})
    world.hours += 0.001
    report = world.run()
    assert world.account.described == ["a"]
    assert [(each.step, each.entity) for each in report.warnings] == [("compare", "a")]
    assert (report.state, report.not_due) == ("success", 0)


def test_a_changed_workflow_describes_everything(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """What another filter, redaction or account of this package did says nothing of this one."""
    world.put("a")
    world.run()
    other = World(monkeypatch, inferSchema=False)
    other.account, other.hours = world.account, world.hours + 0.001
    other.catalogue.topics, other.catalogue.statuses = world.catalogue.topics, world.catalogue.statuses
    other.run()
    assert world.account.described == ["a"]


def test_a_clock_that_was_set_back_describes_everything(world: World) -> None:
    world.put("a")
    world.run()
    world.hours -= 1
    world.run()
    assert world.account.described == ["a"]


# --- any history ------------------------------------------------------------------------------------------------------

CHANGES = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.fixed_dictionaries({"open_shards": st.integers(1, 3)})),
    st.tuples(st.just("put"), st.sampled_from(NAMES), st.fixed_dictionaries({"retention_hours": st.integers(24, 27)})),
    st.tuples(
        st.just("put"),
        st.sampled_from(NAMES),
        st.sampled_from([{"encryption": "KMS", "key_id": "alias/a"}, {"encryption": "NONE", "key_id": None}]),
    ),
    st.tuples(
        st.just("put"), st.sampled_from(NAMES), st.sampled_from([{"mode": "ON_DEMAND"}, {"mode": "PROVISIONED"}])
    ),
    st.tuples(
        st.just("put"),
        st.sampled_from(NAMES),
        st.sampled_from([{"status": each} for each in ("CREATING", "UPDATING", "ACTIVE")]),
    ),
    st.tuples(st.just("recreate"), st.sampled_from(NAMES), st.just({})),
    st.tuples(st.just("delete"), st.sampled_from(NAMES), st.just({})),
)
CALLS = st.sets(st.tuples(st.sampled_from(["describe", "shards"]), st.sampled_from(NAMES)), max_size=4)
RUNS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.just({"missed": True}),
    st.fixed_dictionaries({"breaks_after": st.integers(0, 5)}),
    st.fixed_dictionaries({"refused": CALLS, "unwritable": st.sets(st.sampled_from(NAMES), max_size=3)}),
    st.fixed_dictionaries({"only": st.sets(st.sampled_from(NAMES), min_size=1, max_size=2)}),
)
STEPS = st.tuples(st.floats(0.01, 30), st.lists(CHANGES, max_size=4), RUNS)


def _change(world: World, change: tuple[str, str, dict[str, Any]]) -> None:
    kind, name, fields = change
    if kind == "put":
        world.put(name, **fields)
    elif kind == "recreate":
        world.hours += 0.01  # AWS takes longer to delete a stream
        world.recreate(name)
    else:
        world.account.streams.pop(name, None)


def _one_run(world: World, how: Mapping[str, Any]) -> None:
    if how.get("missed"):
        return
    world.account.breaks_after = how.get("breaks_after")
    world.account.refused = frozenset(how.get("refused", ()))
    world.catalogue.refused = frozenset(how.get("unwritable", ()))
    before = set(world.catalogue.topics)
    report = world.run(**({"only": frozenset(how["only"])} if "only" in how else {}))
    world.account.breaks_after, world.account.refused, world.catalogue.refused = None, frozenset(), frozenset()
    whole = report.fatal is None and "only" not in how
    gone = before - world.account.streams.keys() if whole else set()
    assert set(report.deleted) == gone == before - world.catalogue.topics.keys()


@settings(max_examples=200, deadline=None)
@given(history=st.lists(STEPS, min_size=1, max_size=8), steps_after=st.integers(1, 6))
def test_after_max_age_the_catalogue_is_a_full_runs(history: list[Any], steps_after: int) -> None:
    """Whatever was changed and whatever went wrong before, and no topic is deleted without proof meanwhile."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        world = World(monkeypatch)
        for hours, changes, how in history:
            world.hours += hours
            for change in changes:
                _change(world, change)
            _one_run(world, how)
        for name, found in world.account.streams.items():
            world.put(name, status="ACTIVE" if found.status == "CREATING" else found.status)
        for _ in range(steps_after):
            world.hours += AGE / steps_after
            _one_run(world, {})
        assert world.is_right()
