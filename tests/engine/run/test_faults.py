"""Every call of a run, and everything that can happen to it.

Whatever happens: the run ends, its state is right, every stream is catalogued correctly or named with cause and
remedy, no wrong value is in the catalogue, no topic is deleted unless its stream is gone, and the next run without
faults puts everything right.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from airflow_kinesis_ingest.engine.aws import client as aws_clients
from airflow_kinesis_ingest.engine.aws.client import kinesis_client
from airflow_kinesis_ingest.engine.catalogue import run_status
from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.errors import DeletionRefused
from tests.builders import answers_within, workflow
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Call, Chance, FakeServer, Fault, Faults, Recorded, Reply, Rule, json_reply

SERVICE = "shop"
ANSWERS_WITHIN = 0.2
BOUND = 20.0
A_DAY_MS = 86_400_000
SEEDS = range(120)

Told = dict[str, Any]


# --- what is true ---------------------------------------------------------------------------------------------------


def stream(name: str, *texts: str, empty_pages: int = 0, closed: int = 0, **fields: Any) -> FakeStream:
    """A stream with these records of the last minute in its only open shard."""
    now = time.time()
    records = [FakeRecord(text.encode(), now - 60 + number / 1000) for number, text in enumerate(texts)]
    before = [FakeShard(f"shardId-{number:012d}", closed=True) for number in range(closed)]
    shard = FakeShard(f"shardId-{closed:012d}", records, empty_pages=empty_pages)
    return FakeStream(name, [*before, shard], **fields)


def truth(aws: FakeKinesis, made: FakeStream) -> Told:
    """What a catalogue must say of a stream, worked out without the code under test."""
    texts = [record.data.decode() for shard in made.open_shards() for record in shard.records]
    config = {
        "streamARN": aws.arn(made.name),
        "streamMode": made.mode,
        "streamStatus": made.status,
        "encryptionType": "KMS" if made.key_id else "NONE",
        "keyId": made.key_id,
        "consumerCount": made.consumers,
        "creationTime": datetime.fromtimestamp(made.created, timezone.utc).isoformat(),
    }
    page = f"kinesis/home?region={aws.region}#/streams/details/{made.name}/monitoring"
    return {
        "partitions": len(made.open_shards()),
        "retentionTime": made.retention_hours * 3_600_000,
        "maximumMessageSize": made.max_record_kib * 1024,
        "sourceUrl": f"https://{aws.region}.console.aws.amazon.com/{page}",
        "topicConfig": {key: value for key, value in config.items() if value is not None},
        "messages": texts,
    }


def told(entity: Mapping[str, Any]) -> Told:
    """What a catalogue says of a topic, in the same terms."""
    names = ("partitions", "retentionTime", "maximumMessageSize", "sourceUrl", "topicConfig")
    return {name: entity.get(name) for name in names} | {
        "messages": (entity.get("sampleData") or {}).get("messages", [])
    }


def facts(of: Told) -> Told:
    return {name: value for name, value in of.items() if name != "messages"}


# --- one account, one catalogue -------------------------------------------------------------------------------------


@dataclass
class Scene:
    """Two servers, kept running, and the catalogue as it was before the run under test."""

    aws: FakeKinesis
    catalogue: FakeOpenMetadata
    file: Path
    client: Any
    to_file: bool = False
    rolling: bool = False
    runs: int = 0
    ahead_ms: int = 0
    before: dict[str, Told] = field(default_factory=dict)
    old_file: bytes = b""

    def empty(self) -> None:
        self.aws.streams.clear()
        self.catalogue.services.clear()
        self.catalogue.topics.clear()
        self.catalogue.pipelines.clear()
        self.catalogue.statuses.clear()
        self.ahead_ms = 0
        self.file.unlink(missing_ok=True)
        self.without_faults()

    def without_faults(self) -> None:
        for server in (self.aws, self.catalogue):
            server.faults = Faults()
            server.expired.clear()
            server.requests.clear()
        self.aws.violations.clear()

    def account(self, *streams: FakeStream) -> None:
        self.aws.streams.clear()
        self.aws.add(*streams)

    def remember(self) -> None:
        """The catalogue as it is now is how it was before."""
        self.before = self.live()
        self.old_file = self.file.read_bytes() if self.file.exists() else b""

    def live(self) -> dict[str, Told]:
        """Name -> what the catalogue says, of the topics that are not deleted."""
        if self.to_file:
            lines = self.file.read_bytes().splitlines() if self.file.exists() else []
            return {entity["name"]: told(entity) for entity in map(json.loads, lines)}
        return {each["name"]: told(each) for each in self.catalogue.topics.values() if not each["deleted"]}

    def run(self, retry_for: float = 10.0) -> RunReport:
        """retry_for: seconds; ample where a fault passes, short where it stays."""
        started = time.monotonic()
        report = self._run(retry_for)
        assert time.monotonic() - started < BOUND
        assert self.aws.violations == []
        assert self.catalogue.invalid_bodies == []
        return report

    def _run(self, retry_for: float) -> RunReport:
        to = self.file if self.to_file else self.catalogue
        made = made_workflow(self.aws, to, retry_for, rolling=self.rolling)
        self.runs += 1
        status = pipeline.status_of(made, "shop", f"run {self.runs}") if self.rolling else None
        if status:
            status.began += self.ahead_ms
        return pipeline.run(made, status=status)


@cache
def made_workflow(
    aws: FakeKinesis, to: FakeOpenMetadata | Path, retry_for: float = 1.0, *, rolling: bool = False
) -> Workflow:
    options = {"retryFor": retry_for, "refresh": "rolling" if rolling else "full"}
    blocks = {"service": {"description": "Streams of the shop"}, "options": options}
    return workflow(aws, to, service_name=SERVICE, **blocks)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    file = tmp_path_factory.mktemp("faults") / "catalogue.jsonl"
    with FakeKinesis(quotas={}, streams_page=2) as aws, FakeOpenMetadata() as catalogue:
        client = kinesis_client(made_workflow(aws, catalogue).aws, pool=32, read_timeout=ANSWERS_WITHIN)
        yield Scene(aws, catalogue, file, client)


@pytest.fixture
def scene(servers: Scene, quick: None, monkeypatch: pytest.MonkeyPatch) -> Scene:  # noqa: ARG001 - for its effect
    """Empty, with one boto3 client for all tests: making one takes 30 ms."""
    answers_within(ANSWERS_WITHIN, monkeypatch)
    monkeypatch.setattr(pipeline, "kinesis_client", lambda *_, **__: servers.client)
    monkeypatch.setattr(run_status, "identity", lambda _: "the same with every `retryFor`")
    servers.to_file = servers.rolling = False
    servers.empty()
    return servers


# --- what must hold after any run -----------------------------------------------------------------------------------


def check(scene: Scene, report: RunReport) -> None:
    streams = scene.aws.streams
    _check_report(report, sorted(streams))
    if scene.to_file and report.fatal and not isinstance(report.fatal, DeletionRefused):
        assert scene.file.read_bytes() == scene.old_file if scene.old_file else not scene.file.exists()
        return
    after = scene.live()
    _check_deletions(scene, report, after)
    troubled = {problem.entity for problem in report.failures} | set(report.not_reached)
    troubled |= set(sorted(streams)[report.listed :])
    warned = {problem.entity for problem in report.warnings}
    rows = {row.name: row.outcome for row in report.streams}
    for name, made in streams.items():
        now, before = truth(scene.aws, made), scene.before.get(name)
        if rows.get(name) == "not due":
            assert after[name] == before
            assert _listed(after[name]) == _listed(now)
        elif name in troubled:
            _check_not_wrong(after.get(name), before, now)
        else:
            _check_right(after[name], before, now, sampled=name not in warned)


def _listed(of: Told) -> list[Any]:
    """What ListStreams and ListShards tell."""
    return [of["partitions"], *(of["topicConfig"].get(key) for key in ("streamARN", "streamMode", "creationTime"))]


def _check_report(report: RunReport, names: list[str]) -> None:
    """Every stream is in one place; everything that went wrong has a cause and a remedy; the state follows."""
    for problem in (*report.failures, *report.failed_deletions, *report.warnings):
        assert problem.cause
        assert problem.remedy
    failed = {problem.entity for problem in report.failures}
    assert failed | set(report.not_reached) <= set(names[: report.listed])
    assert not failed & set(report.not_reached)
    right = report.written + report.unchanged + report.not_due
    assert right + report.skipped + len(failed) + len(report.not_reached) == report.listed
    if report.fatal is None:
        assert (report.listed, report.not_reached) == (len(names), ())
        ok = report.success_percent is None or report.success_percent >= 90
        faulty = report.failures or report.failed_deletions
        assert report.state == ("failed" if not ok else "partialSuccess" if faulty else "success")
    else:
        assert (report.state, bool(report.fatal.remedy)) == ("failed", True)


def _check_deletions(scene: Scene, report: RunReport, after: dict[str, Told]) -> None:
    gone = scene.before.keys() - scene.aws.streams.keys()
    assert scene.before.keys() - after.keys() <= gone
    assert set(report.deleted) <= gone - after.keys()
    for name in gone & after.keys():
        assert after[name] == scene.before[name]
    if report.fatal is None:
        assert gone & after.keys() <= {problem.entity for problem in report.failed_deletions}


def _check_right(after: Told, before: Told | None, now: Told, *, sampled: bool) -> None:
    assert facts(after) == facts(now)
    kept = before["messages"] if before else []
    assert after["messages"] == (now["messages"] if sampled and now["messages"] else kept)


def _check_not_wrong(after: Told | None, before: Told | None, now: Told) -> None:
    """Not brought up to date: as it was, or as it should be, part by part."""
    if after is None:
        assert before is None
        return
    assert facts(after) in [facts(each) for each in (before, now) if each]
    assert after["messages"] in [[], now["messages"], *([before["messages"]] if before else [])]
    assert not (before and before["messages"] and not after["messages"])


def check_repaired(scene: Scene) -> None:
    """The next run, without faults, leaves nothing wrong behind."""
    scene.without_faults()
    scene.remember()
    report = scene.run()
    assert (report.failures, report.failed_deletions, report.warnings, report.not_reached) == ((), (), (), ())
    check(scene, report)
    if scene.rolling and not scene.to_file:
        scene.ahead_ms += A_DAY_MS
        scene.remember()
        report = scene.run()
        assert report.not_due == 0
        check(scene, report)


# --- the matrix -----------------------------------------------------------------------------------------------------

PASSES = "the run gets through"
STAYS = "the part is lost and named"
ENDS = "the run ends"

SMALL: Mapping[str, Any] = {"retention_hours": 24}
LARGE: Mapping[str, Any] = {"retention_hours": 48, "mode": "ON_DEMAND", "consumers": 2, "max_record_kib": 10_240}


EARLIER = [
    [
        stream("a.steady", "one", key_id="alias/a"),
        stream("gone", "bye"),
        stream("changed", "old", **SMALL),
        stream("resampled", "old"),
        stream("busy", text),
    ]
    for text in ("first", "second")
]
NOW = [
    EARLIER[0][0],
    stream("changed", "old", "new", closed=1, **LARGE),
    stream("resampled", "old", "new", empty_pages=1),
    stream("busy", "third"),
    stream("fresh", '{"id": 1}', '{"id": 2}'),
]


@pytest.fixture(scope="module")
def catalogues() -> dict[str, Any]:
    """Catalogues as earlier runs left them, made once."""
    return {}


def begin(scene: Scene, catalogues: dict[str, Any], *names: str) -> Scene:
    """The account as it is `NOW`, catalogued by two runs as it was `EARLIER`; these streams of it alone."""
    made = " ".join([*names, *(["rolling"] if scene.rolling else [])])
    if made not in catalogues:
        for streams in EARLIER:
            scene.account(*(each for each in streams if each.name in names))
            scene.run()
        kept = scene.catalogue.services, scene.catalogue.topics, scene.catalogue.pipelines, scene.catalogue.statuses
        catalogues[made] = deepcopy(kept)
    services, topics, pipelines, statuses = deepcopy(catalogues[made])
    services[SERVICE]["description"] = "As somebody wrote it"
    scene.catalogue.services.update(services)
    scene.catalogue.topics.update(topics)
    scene.catalogue.pipelines.update(pipelines)
    scene.catalogue.statuses.update(statuses)
    scene.account(*(each for each in NOW if each.name in names))
    scene.without_faults()
    scene.remember()
    return scene


@pytest.fixture
def small(scene: Scene, catalogues: dict[str, Any]) -> Scene:
    return begin(scene, catalogues, "a.steady", "changed", "fresh", "gone")


@pytest.fixture
def small_and_rolling(scene: Scene, catalogues: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The earlier runs were complete, as their statuses say: `a.steady` is not due."""
    monkeypatch.setattr(run_status, "RETRY_FOR", 0.3)
    scene.rolling = True
    return begin(scene, catalogues, "a.steady", "changed", "fresh", "gone")


BURST, FOR_EVER = range(1, 4), range(1, 999)


@dataclass(frozen=True)
class Trouble:
    fault: Fault
    on: Any
    outcome: str

    def __str__(self) -> str:
        times = {id(BURST): " three times", id(FOR_EVER): " for ever"}.get(id(self.on), " half-way")
        return self.fault.name + times

    @property
    def retry_for(self) -> float:
        return 10.0 if self.outcome == PASSES else 0.3

    def rule(self, operation: str, target: Any = "*") -> Rule:
        return Rule(self.fault, operation, target, self.on)


def passing(*faults: Fault) -> list[Trouble]:
    return [Trouble(fault, BURST, PASSES) for fault in faults]


def staying(*faults: Fault) -> list[Trouble]:
    return [Trouble(fault, FOR_EVER, STAYS) for fault in faults]


AWS_OPERATIONS = ["ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"]
AWS_TRANSIENT = [
    aws_error("LimitExceededException"),
    aws_error("ProvisionedThroughputExceededException"),
    aws_error("KMSThrottlingException"),
    aws_error("InternalFailure"),
    Fault.reset(),
    Fault.never(),
    Fault.garbage(),
]
AWS_REFUSALS = [
    aws_error("AccessDeniedException"),
    aws_error("ResourceNotFoundException"),
    aws_error("InvalidArgumentException"),
    aws_error("KMSAccessDeniedException"),
]
AWS_TROUBLES = [
    *passing(*AWS_TRANSIENT, Fault.html(), Fault.truncated(), Fault.lost_answer()),
    Trouble(Fault.drip(0.1), FOR_EVER, PASSES),
    *staying(*AWS_TRANSIENT, *AWS_REFUSALS),
    Trouble(Fault.expired_credentials(), 2, ENDS),
]


@pytest.mark.parametrize("trouble", AWS_TROUBLES, ids=str)
@pytest.mark.parametrize("operation", AWS_OPERATIONS)
def test_aws_in_trouble(small: Scene, operation: str, trouble: Trouble) -> None:
    """A listing in trouble ends the run; a description in trouble costs one topic; a read in trouble, one sample."""
    one = "*" if operation == "ListStreams" or trouble.outcome == ENDS else "changed"
    small.aws.faults = Faults(trouble.rule(operation, one))
    report = small.run(trouble.retry_for)
    assert small.aws.faults.injected
    check(small, report)
    failures = [(problem.step, problem.entity) for problem in report.failures]
    warnings = [(problem.step, problem.entity) for problem in report.warnings]
    if trouble.outcome == PASSES:
        assert (report.state, failures, warnings, report.deleted) == ("success", [], [], ("gone",))
        return
    if trouble.outcome == ENDS or operation == "ListStreams":
        assert report.fatal is not None
        assert not isinstance(report.fatal, DeletionRefused)
        assert report.deleted == ()
    elif operation == "DescribeStreamSummary":
        assert (failures, warnings, report.fatal) == ([("describe", "changed")], [], None)
    else:
        assert (failures, warnings, report.fatal) == ([], [("sample", "changed")], None)
    check_repaired(small)


@pytest.mark.parametrize("trouble", [each for each in AWS_TROUBLES if each.outcome != PASSES], ids=str)
@pytest.mark.parametrize(
    ("operation", "about"),
    [
        ("ListStreams", "*"),
        ("DescribeStreamSummary", "changed"),
        ("ListShards", "changed"),
        ("ListShards", "a.steady"),
        ("GetShardIterator", "changed"),
        ("GetRecords", "fresh"),
    ],
)
def test_aws_in_trouble_while_a_run_is_rolling(
    small_and_rolling: Scene, operation: str, about: str, trouble: Trouble
) -> None:
    """As in a full run; a stream whose shards cannot be listed is described instead of taken for unchanged."""
    small = small_and_rolling
    small.aws.faults = Faults(trouble.rule(operation, "*" if trouble.outcome == ENDS else about))
    report = small.run(trouble.retry_for)
    check(small, report)
    steady = {row.name: row.outcome for row in report.streams}.get("a.steady")
    if report.fatal is None:
        assert (steady == "not due") is ((operation, about) != ("ListShards", "a.steady"))
        assert report.deleted == ("gone",)
    else:
        assert trouble.outcome == ENDS or operation == "ListStreams"
        assert report.deleted == ()
    check_repaired(small)


@pytest.mark.parametrize("trouble", [each for each in AWS_TROUBLES if each.outcome == PASSES], ids=str)
def test_a_rolling_run_gets_through_what_passes_of_aws(small_and_rolling: Scene, trouble: Trouble) -> None:
    """At every call in turn, also at the ListShards of what is not due."""
    small = small_and_rolling
    listing = trouble.rule("ListStreams")
    one = [trouble.rule(each, "changed") for each in AWS_OPERATIONS[1:]]
    small.aws.faults = Faults(listing, *one, trouble.rule("ListShards", "a.steady"))
    report = small.run(10.0)
    check(small, report)
    assert {operation for operation, *_ in small.aws.faults.injected} == set(AWS_OPERATIONS)
    assert (report.state, report.warnings, report.deleted, report.not_due) == ("success", (), ("gone",), 1)


@pytest.mark.parametrize("trouble", staying(aws_error("AccessDeniedException"), Fault.reset()), ids=str)
def test_a_run_that_cannot_ask_for_the_last_complete_one_describes_everything(
    small_and_rolling: Scene, trouble: Trouble
) -> None:
    """OpenMetadata tells no status: nothing is taken for granted."""
    small = small_and_rolling
    small.catalogue.faults = Faults(trouble.rule("GET", "/services/ingestionPipelines/*"))
    report = small.run(trouble.retry_for)
    assert (report.state, report.not_due, report.deleted) == ("success", 0, ("gone",))
    check(small, report)
    check_repaired(small)


@pytest.mark.parametrize("trouble", staying(Fault.status(403), Fault.status(503), Fault.reset()), ids=str)
@pytest.mark.parametrize("path", ["/services/ingestionPipelines", "/services/ingestionPipelines/*"])
def test_a_run_that_cannot_say_that_it_was_complete_is_no_complete_one(
    small_and_rolling: Scene, path: str, trouble: Trouble
) -> None:
    """Its own result is none the worse; the next run looks at what it wrote again."""
    small = small_and_rolling
    small.catalogue.faults = Faults(trouble.rule("PUT", path))
    report = small.run(trouble.retry_for)
    assert small.catalogue.faults.injected
    assert (report.state, report.deleted) == ("success", ("gone",))
    check(small, report)
    check_repaired(small)


class FakeGlue(FakeServer):
    """A schema registry with one Avro schema, for every version."""

    def identify(self, request: Recorded) -> Call:
        return Call("GetSchemaVersion", "", "", "GetSchemaVersion", request)

    def answer(self, call: Call) -> Reply:  # noqa: ARG002 - the signature of the base
        return json_reply(200, {"DataFormat": "AVRO", "SchemaDefinition": '"long"'})


GLUE_HEADED = b"\x03\x00" + UUID("6f1de2bb-9c0b-4f0f-9a4c-0d6c1f3f2b11").bytes + b"\x2a"
"""Avro's long 21 behind the id of its schema version."""
GLUE_PASSING = [aws_error("InternalFailure"), aws_error("ThrottlingException"), Fault.reset(), Fault.never()]
GLUE_TROUBLES = [
    *(Trouble(fault, 1, PASSES) for fault in [*GLUE_PASSING, Fault.lost_answer()]),
    Trouble(Fault.drip(0.1), FOR_EVER, PASSES),
    *staying(*GLUE_PASSING, *map(aws_error, ("AccessDeniedException", "ExpiredTokenException", "NewException"))),
    *staying(Fault.html(), Fault.garbage(), Fault.truncated(), Fault.redirect(), Fault.status(503, html=True)),
    *staying(*(Fault(body.decode() or "no body", reply=Reply(200, body)) for body in (b"", b"{}", b"[]", b"null"))),
]


@pytest.mark.parametrize("trouble", GLUE_TROUBLES, ids=str)
def test_glue_in_trouble(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    """The sample that needs a schema of it stays encoded, the others come, and one warning says why."""
    monkeypatch.setattr(aws_clients, "CONNECT_TIMEOUT", ANSWERS_WITHIN)
    headed = [FakeShard(records=[FakeRecord(GLUE_HEADED, time.time() - 60)])]
    scene.account(stream("plain", "one"), FakeStream("headed", headed), FakeStream("other", headed))
    with FakeGlue(faults=Faults(trouble.rule("*"))) as glue:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.url)
        report = scene.run()
        assert glue.faults.injected
        assert glue.counts.total() <= 2
    assert (report.state, report.sampled, report.failures) == ("success", 3, ())
    [plain], [encoded], same = (scene.live()[name]["messages"] for name in ("plain", "headed", "other"))
    assert plain == "one"
    assert same == [encoded]
    told = [(warning.step, warning.entity) for warning in report.warnings]
    logged = [text for text in caplog.messages if text.startswith("sample Glue Schema Registry: ")]
    if trouble.outcome == PASSES:
        assert (encoded, told, logged) == ("21", [], [])
    else:
        assert (encoded[:5], told, len(logged)) == ("data:", [("sample", "Glue Schema Registry")], 1)


OPENING = [
    ("GET", "/system/version"),
    ("GET", "/services/messagingServices/name/*"),
    ("PATCH", "/services/messagingServices/*"),
    ("GET", "/topics"),
    ("GET", "/system/settings/profilerConfiguration"),
]
SLOW_DOWN, AWAY = Fault.status(429, retry_after="0"), Fault.status(503, html=True)
OPENMETADATA_TROUBLES = [
    *passing(SLOW_DOWN, *map(Fault.status, (408, 500, 502, 504)), AWAY, Fault.reset(), Fault.lost_answer()),
    *passing(Fault.html(), Fault.redirect(), Fault.truncated(), Fault.never()),
    Trouble(Fault.drip(0.1), FOR_EVER, PASSES),
    *staying(SLOW_DOWN, AWAY, Fault.reset(), Fault.lost_answer(), Fault.redirect()),
    Trouble(Fault.expired_credentials(), 1, ENDS),
]


@pytest.mark.parametrize("trouble", OPENMETADATA_TROUBLES, ids=str)
@pytest.mark.parametrize(("method", "path"), OPENING)
def test_openmetadata_in_trouble_when_a_run_begins(small: Scene, method: str, path: str, trouble: Trouble) -> None:
    """Without the service, the topics and the settings there is no run: nothing was written or deleted."""
    small.catalogue.faults = Faults(trouble.rule(method, path))
    report = small.run(trouble.retry_for)
    assert small.catalogue.faults.injected
    check(small, report)
    if trouble.outcome == PASSES:
        assert (report.state, report.warnings, report.deleted) == ("success", (), ("gone",))
        return
    assert report.fatal is not None
    assert (report.listed, report.written, report.deleted) == (0, 0, ())
    check_repaired(small)


# Call -> the topic of the scene that needs it.
PER_TOPIC = {
    ("GET", "/topics/name/*"): "changed",
    ("PUT", "/topics"): "changed",
    ("GET", "/topics/*/sampleData"): "busy",
    ("PUT", "/topics/*/sampleData"): "fresh",
    ("DELETE", "/topics/*"): "gone",
}


def of_topic(scene: Scene, path: str, name: str) -> Any:
    """A predicate for the requests with this path that are about this topic."""
    topics = scene.catalogue.topics

    def about(request: Recorded) -> bool:
        entity = topics.get(f"{SERVICE}.{name}", {"id": "not made yet"})
        if path == "/topics":
            return request.path == path and request.body["name"] == name
        return entity["id"] in request.path or request.path.endswith(f".{name}")

    return about


@pytest.mark.parametrize("trouble", [*OPENMETADATA_TROUBLES, Trouble(Fault.status(400), FOR_EVER, STAYS)], ids=str)
@pytest.mark.parametrize(("method", "path"), PER_TOPIC)
def test_openmetadata_in_trouble_with_one_topic(
    scene: Scene, catalogues: dict[str, Any], method: str, path: str, trouble: Trouble
) -> None:
    """That topic is named; all others are right."""
    name = PER_TOPIC[method, path]
    small = begin(scene, catalogues, "a.steady", name, "gone")
    small.catalogue.faults = Faults(trouble.rule(method, of_topic(small, path, name)))
    report = small.run(trouble.retry_for)
    assert small.catalogue.faults.injected
    check(small, report)
    if trouble.outcome == PASSES:
        assert (report.state, report.warnings, report.deleted) == ("success", (), ("gone",))
        return
    if trouble.outcome == STAYS:
        streams, topics = [
            [(each.step, each.entity) for each in found] for found in (report.failures, report.failed_deletions)
        ]
        assert (streams, topics) == (([], [("delete", name)]) if method == "DELETE" else ([("write", name)], []))
        assert report.fatal is None
    elif method == "DELETE":
        assert report.fatal is not None
    check_repaired(small)


# Each call meets every third fault, and each fault every third call: full runs above have them all.
ROLLING = [
    (*call, trouble)
    for one, call in enumerate([*OPENING, *PER_TOPIC])
    for other, trouble in enumerate(OPENMETADATA_TROUBLES)
    if (one - other) % 3 == 0
]


@pytest.mark.parametrize(("method", "path", "trouble"), ROLLING, ids=str)
def test_openmetadata_in_trouble_while_a_run_is_rolling(
    small_and_rolling: Scene, method: str, path: str, trouble: Trouble
) -> None:
    """As in a full run; what is not due meets no fault."""
    small = small_and_rolling
    name = {"DELETE": "gone"}.get(method, "fresh" if (method, path) == ("PUT", "/topics/*/sampleData") else "changed")
    target = of_topic(small, path, name) if (method, path) in PER_TOPIC else path
    small.catalogue.faults = Faults(trouble.rule(method, target))
    report = small.run(trouble.retry_for)
    assert small.catalogue.faults.injected
    check(small, report)
    if trouble.outcome == PASSES:
        assert (report.state, report.warnings, report.deleted, report.not_due) == ("success", (), ("gone",), 1)
        return
    if (method, path) in OPENING:
        assert report.fatal is not None
        assert (report.listed, report.deleted) == (0, ())
    check_repaired(small)


@pytest.mark.parametrize("trouble", OPENMETADATA_TROUBLES, ids=str)
def test_openmetadata_in_trouble_when_the_service_is_made(scene: Scene, trouble: Trouble) -> None:
    scene.account(stream("orders", "one"))
    scene.remember()
    scene.catalogue.faults = Faults(trouble.rule("PUT", "/services/*"))
    report = scene.run(trouble.retry_for)
    check(scene, report)
    assert (report.fatal is None) is (trouble.outcome == PASSES)
    check_repaired(scene)


# --- at random ------------------------------------------------------------------------------------------------------

AWS_KINDS = [
    aws_error("LimitExceededException"),
    aws_error("ProvisionedThroughputExceededException"),
    aws_error("InternalFailure"),
    aws_error("AccessDeniedException"),
    aws_error("ResourceNotFoundException"),
    aws_error("KMSAccessDeniedException"),
    aws_error("KMSThrottlingException"),
    Fault.reset(),
    Fault.lost_answer(),
    Fault.garbage(),
    Fault.html(),
    Fault.truncated(),
    Fault.latency(0.02),
    Fault.expired_credentials(),
]
EXPIRING: list[Chance | Rule] = [
    Chance(1, 0.1, [aws_error("ExpiredIteratorException")], "GetRecords"),
    Rule(aws_error("ExpiredNextTokenException"), "ListStreams", lambda request: "NextToken" in request.body, on=1),
]
OPENMETADATA_KINDS = [
    Fault.status(429, retry_after="0"),
    *(Fault.status(code) for code in (400, 408, 500, 502, 503, 504)),
    Fault.status(403),
    Fault.status(502, html=True),
    Fault.reset(),
    Fault.lost_answer(),
    Fault.html(),
    Fault.garbage(),
    Fault.redirect(),
    Fault.truncated(),
    Fault.latency(0.02),
    Fault.expired_credentials(),
]


def some_stream(draw: random.Random, name: str) -> FakeStream:
    texts = [f"{name} {draw.randrange(3)}" for _ in range(draw.randrange(3))]
    return stream(
        name,
        *texts,
        empty_pages=draw.randrange(3),
        closed=draw.randrange(3),
        retention_hours=draw.choice([24, 48, 8760]),
        mode=draw.choice(["PROVISIONED", "ON_DEMAND"]),
        key_id=draw.choice([None, "alias/key"]),
        consumers=draw.randrange(2),
        max_record_kib=draw.choice([1024, 10_240]),
    )


def some_faults(draw: random.Random, seed: int, kinds: Sequence[Fault]) -> list[Chance]:
    """A few kinds at one rate: rare faults test the repair of one, frequent ones that of many at once."""
    chosen = draw.sample(kinds, draw.randint(1, 4))
    return [Chance(seed, draw.choice([0.02, 0.1, 0.3, 0.6]), chosen)]


@pytest.mark.parametrize("seed", SEEDS)
def test_any_trouble(scene: Scene, seed: int) -> None:
    """A random account, catalogued by an earlier run as it was then, and random faults on both sides.

    Every second one with `refresh: rolling`.
    """
    draw = random.Random(seed)
    scene.to_file = draw.random() < 0.25
    scene.rolling = seed % 2 == 1
    names = draw.sample(["a", "b", "c.d", "e-f", "g_h", "i"], draw.randint(1, 6))
    earlier = [some_stream(draw, name) for name in names if draw.random() < 0.8]
    if earlier:
        scene.account(*earlier)
        scene.run()
    unchanged = {each.name: each for each in earlier if draw.random() < 0.3}
    now = [replace(unchanged[name]) if name in unchanged else some_stream(draw, name) for name in names]
    scene.account(*(each for each in now if draw.random() < 0.85))
    scene.without_faults()
    scene.remember()
    scene.aws.faults = Faults(*some_faults(draw, seed, AWS_KINDS), *EXPIRING)
    scene.catalogue.faults = Faults(*some_faults(draw, seed, OPENMETADATA_KINDS))
    check(scene, scene.run(0.1))
    check_repaired(scene)
