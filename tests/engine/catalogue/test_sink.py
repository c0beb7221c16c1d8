"""Every sink keeps the contract of `Sink`; then what OpenMetadata and the file add to it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.catalogue.client import quoted
from airflow_kinesis_ingest.engine.catalogue.openmetadata import topic_pages
from airflow_kinesis_ingest.engine.catalogue.sink import Sink
from airflow_kinesis_ingest.engine.model import MessageSchema, Outcome, Sample, Topic
from airflow_kinesis_ingest.engine.records.decode import decode
from airflow_kinesis_ingest.engine.records.schema import infer
from airflow_kinesis_ingest.engine.run.pipeline import sink_of
from airflow_kinesis_ingest.engine.run.tally import Tally
from airflow_kinesis_ingest.errors import Abort, CatalogueRefused, IngestError, TopicRefused
from tests.builders import under_real_names, workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import BOT, USER, FakeOpenMetadata
from tests.fakes.server import EVERY, Fault, Faults, Recorded, Rule, json_reply

pytestmark = pytest.mark.usefixtures("quick")

Entity = dict[str, Any]
SERVICE = "shop"
AWS = FakeKinesis()
ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/"


def topic(name: str = "clicks", **changes: Any) -> Topic:
    made = Topic(
        name=name,
        partitions=2,
        retention_ms=86_400_000,
        max_message_bytes=1_048_576,
        source_url=f"https://us-east-1.console.aws.amazon.com/kinesis/home#/streams/details/{name}",
        config={"streamARN": ARN + name, "streamMode": "PROVISIONED"},
    )
    return replace(made, **changes)


def schema(*messages: str, name: str = "clicks") -> MessageSchema:
    found = infer([decoded for text in messages for decoded in decode(text.encode())], name=name)
    assert found is not None
    return found


ANN = {"id": "11111111-1111-1111-1111-111111111111", "type": "user"}
PII = {"tagFQN": "PII.Sensitive", "source": "Classification", "labelType": "Manual", "state": "Confirmed"}
NONE = Sample()
TWO = Sample(('{"id": 1}', "plain text"))
OTHER = Sample(("something else",))


# --- the contract -------------------------------------------------------------------------------------------------


class Catalogue(ABC):
    """A place that a sink writes to, and what a reader finds there."""

    @abstractmethod
    def sink(self) -> Sink:
        """As a run has it: not opened yet."""

    @abstractmethod
    def topics(self) -> dict[str, Entity]:
        """The live topics: name -> what the catalogue says, with the stored sample as `messages`."""


class InOpenMetadata(Catalogue):
    def __init__(self, server: FakeOpenMetadata, /, **changes: Any) -> None:
        self.server = server
        self._changes: dict[str, Any] = {"service_name": SERVICE, **changes}

    def sink(self) -> Sink:
        return sink_of(workflow(AWS, self.server, **self._changes), threading.Event(), Tally().warn)

    def topics(self) -> dict[str, Entity]:
        live = [entity for entity in self.server.topics.values() if not entity["deleted"]]
        assert self.server.invalid_bodies == []
        return {entity["name"]: _plain(entity) for entity in live}


class InFile(Catalogue):
    def __init__(self, path: Path, /, **changes: Any) -> None:
        self.path = path
        self._changes: dict[str, Any] = {"service_name": SERVICE, **changes}

    def sink(self) -> Sink:
        return sink_of(workflow(AWS, self.path, **self._changes), threading.Event(), Tally().warn)

    def topics(self) -> dict[str, Entity]:
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return {entity["name"]: _plain(entity) for entity in map(json.loads, lines)}


FACTS = ("name", "partitions", "retentionTime", "maximumMessageSize", "sourceUrl", "topicConfig", "messageSchema")


def _plain(entity: Entity) -> Entity:
    told = {name: entity[name] for name in FACTS if name in entity}
    return told | {"messages": (entity.get("sampleData") or {}).get("messages", [])}


@pytest.fixture(params=["metadata-rest", "file"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalogue]:
    if request.param == "file":
        yield InFile(tmp_path / "made" / "shop.catalogue.jsonl")
        return
    with FakeOpenMetadata() as server:
        yield InOpenMetadata(server)


@contextmanager
def opened(catalogue: Catalogue) -> Iterator[Sink]:
    sink = catalogue.sink()
    sink.open(storing=True)
    try:
        yield sink
    finally:
        sink.close(complete=True)


def run(catalogue: Catalogue, *items: tuple[Topic, Sample]) -> list[Outcome]:
    with opened(catalogue) as sink:
        return [sink.write(*item) for item in items]


def test_a_first_run_has_facts_and_samples(catalogue: Catalogue) -> None:
    """K1: the connector we replace looks topics up before it has written them, and samples none."""
    assert run(catalogue, (topic(schema=schema('{"id": 1}')), TWO)) == ["written"]
    told = catalogue.topics()["clicks"]
    assert told["messages"] == list(TWO.messages)
    assert (told["partitions"], told["retentionTime"], told["maximumMessageSize"]) == (2, 86_400_000, 1_048_576)
    assert told["topicConfig"] == {"streamARN": ARN + "clicks", "streamMode": "PROVISIONED"}
    assert told["sourceUrl"].endswith("/clicks")
    assert told["messageSchema"]["schemaType"] == "JSON"


def test_what_is_not_known_is_left_out(catalogue: Catalogue) -> None:
    run(catalogue, (topic(max_message_bytes=None, source_url=None), NONE))
    assert catalogue.topics()["clicks"].keys() == {"name", "partitions", "retentionTime", "topicConfig", "messages"}


def test_a_second_run_finds_everything_unchanged(catalogue: Catalogue) -> None:
    items = [(topic("a", schema=schema('{"id": 1}')), TWO), (topic("b"), NONE), (topic("c.d"), OTHER)]
    run(catalogue, *items)
    before = catalogue.topics()
    assert run(catalogue, *items) == ["unchanged"] * 3
    assert catalogue.topics() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"partitions": 3},
        {"retention_ms": 172_800_000},
        {"max_message_bytes": None},
        {"config": {"streamARN": ARN + "b", "streamMode": "ON_DEMAND"}},
        {"source_url": "https://elsewhere"},
    ],
    ids=str,
)
def test_a_change_is_written_and_nothing_else(catalogue: Catalogue, changes: dict[str, Any]) -> None:
    run(catalogue, (topic("a"), TWO), (topic("b"), TWO))
    before = catalogue.topics()
    assert run(catalogue, (topic("a"), TWO), (topic("b", **changes), TWO)) == ["unchanged", "written"]
    after = catalogue.topics()
    assert after["a"] == before["a"]
    assert after["b"] != before["b"]
    assert run(catalogue, (topic("a"), TWO), (topic("b", **changes), TWO)) == ["unchanged"] * 2


def test_an_empty_sample_keeps_the_stored_one(catalogue: Catalogue) -> None:
    """Empty means that the places looked at held no record: no reason to forget what was seen."""
    run(catalogue, (topic(), TWO))
    assert run(catalogue, (topic(), NONE)) == ["unchanged"]
    run(catalogue, (topic(partitions=9), NONE))
    assert catalogue.topics()["clicks"]["messages"] == list(TWO.messages)


def test_another_sample_replaces_the_stored_one(catalogue: Catalogue) -> None:
    run(catalogue, (topic(), TWO))
    assert run(catalogue, (topic(), OTHER)) == ["written"]
    assert catalogue.topics()["clicks"]["messages"] == list(OTHER.messages)
    assert run(catalogue, (topic(), OTHER)) == ["unchanged"]


def test_a_sample_that_comes_back_is_written_again(catalogue: Catalogue) -> None:
    """What the first run stored is not remembered for longer than it is stored."""
    for sample in (TWO, OTHER, TWO):
        run(catalogue, (topic(), sample))
        assert catalogue.topics()["clicks"]["messages"] == list(sample.messages)


def test_a_first_sample_of_a_known_topic_is_written(catalogue: Catalogue) -> None:
    run(catalogue, (topic(), NONE))
    assert run(catalogue, (topic(), TWO)) == ["written"]
    assert catalogue.topics()["clicks"]["messages"] == list(TWO.messages)


def test_writing_twice_is_writing_once(catalogue: Catalogue) -> None:
    """A retried call, or a killed run that starts again, leaves the same behind."""
    item = (topic(schema=schema('{"id": 1}')), TWO)
    run(catalogue, item)
    once = catalogue.topics()
    run(catalogue, item, item)
    run(catalogue, item, item)
    assert catalogue.topics() == once


def test_a_schema_that_one_sample_does_not_show_stays(catalogue: Catalogue) -> None:
    run(catalogue, (topic(schema=schema('{"id": 1}')), TWO))
    before = catalogue.topics()["clicks"]["messageSchema"]
    run(catalogue, (topic(partitions=7), NONE))
    assert catalogue.topics()["clicks"]["messageSchema"] == before


def test_a_schema_grows(catalogue: Catalogue) -> None:
    """A sample is a part of the stream: a field that it lacks is not gone."""
    run(catalogue, (topic(schema=schema('{"id": 1}')), TWO))
    run(catalogue, (topic(schema=schema('{"name": "x"}')), TWO))
    (root,) = catalogue.topics()["clicks"]["messageSchema"]["schemaFields"]
    assert {field["name"] for field in root["children"]} == {"id", "name"}
    assert run(catalogue, (topic(schema=schema('{"id": 2}')), TWO)) == ["unchanged"]


def test_a_topic_that_a_run_does_not_write_keeps_what_it_has(catalogue: Catalogue) -> None:
    """A stream that could not be described costs its topic nothing (K9)."""
    run(catalogue, (topic("a"), TWO), (topic("b"), TWO))
    before = catalogue.topics()
    run(catalogue, (topic("b", partitions=5), TWO))
    assert catalogue.topics()["a"] == before["a"]


def test_catalogued_are_the_live_topics_when_the_run_began_with_their_streams(catalogue: Catalogue) -> None:
    run(catalogue, (topic("a"), TWO), (topic("c.d"), NONE), (topic("gone"), NONE), (topic("x", config={}), NONE))
    with opened(catalogue) as sink:
        sink.delete("gone")
    with opened(catalogue) as sink:
        sink.write(topic("new"), NONE)
        assert dict(sink.catalogued()) == {"a": ARN + "a", "c.d": ARN + "c.d", "x": None}


def test_a_deleted_topic_is_gone_and_no_other(catalogue: Catalogue) -> None:
    run(catalogue, (topic("a"), TWO), (topic("c.d"), TWO))
    before = catalogue.topics()
    with opened(catalogue) as sink:
        sink.delete("c.d")
    assert catalogue.topics() == {"a": before["a"]}


def test_deleting_twice_is_deleting_once(catalogue: Catalogue) -> None:
    run(catalogue, (topic("a"), TWO), (topic("b"), TWO))
    with opened(catalogue) as sink:
        sink.delete("a")
        sink.delete("a")
    assert catalogue.topics().keys() == {"b"}


def test_a_deleted_topic_that_comes_back_is_live_again(catalogue: Catalogue) -> None:
    run(catalogue, (topic("a"), TWO), (topic("b"), TWO))
    with opened(catalogue) as sink:
        sink.delete("a")
    assert run(catalogue, (topic("a"), OTHER)) == ["written"]
    assert catalogue.topics()["a"]["messages"] == list(OTHER.messages)
    assert run(catalogue, (topic("a"), OTHER)) == ["unchanged"]


def test_many_threads_write_at_once(catalogue: Catalogue) -> None:
    names = [f"topic-{number:03d}" for number in range(60)]

    def work(sink: Sink, mine: Sequence[str]) -> None:
        for name in mine:
            sink.write(topic(name), Sample((f"a message of {name}",)))

    with opened(catalogue) as sink:
        threads = [threading.Thread(target=work, args=(sink, names[start::6])) for start in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert {name: told["messages"] for name, told in catalogue.topics().items()} == {
        name: [f"a message of {name}"] for name in names
    }


def test_a_run_that_ends_early_loses_nothing(catalogue: Catalogue) -> None:
    run(catalogue, (topic("a"), TWO))
    before = catalogue.topics()
    sink = catalogue.sink()
    sink.open(storing=True)
    sink.write(topic("b"), TWO)
    sink.close(complete=False)
    assert catalogue.topics()["a"] == before["a"]
    run(catalogue, (topic("a"), TWO), (topic("b"), TWO))
    assert catalogue.topics().keys() == {"a", "b"}


# --- OpenMetadata: topics -------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running


def writes(server: FakeOpenMetadata) -> list[str]:
    """The requests so far that change something, as METHOD and kind of path."""
    names = [f"{each.method} {'sampleData' if 'sampleData' in each.path else 'topic'}" for each in server.requests]
    return [name for name in names if not name.startswith("GET")]


OPENING = {
    "GET /system/version": 1,
    "GET /services/messagingServices/name/{fqn}": 1,
    "GET /topics": 1,
    "GET /system/settings/profilerConfiguration": 1,
}


def test_an_unchanged_topic_costs_no_call_and_its_sample_one(server: FakeOpenMetadata) -> None:
    """One listing for all of them, besides the opening of the run; also when no schema is seen this time."""
    items = [(topic(f"topic-{number}"), TWO) for number in range(20)]
    run(InOpenMetadata(server), *items, (topic("with", schema=schema('{"id": 1}')), TWO))
    server.counts.clear()
    run(InOpenMetadata(server), *[(each, NONE) for each, _ in items], (topic("with"), TWO))
    assert server.counts == {**OPENING, "GET /topics/{id}/sampleData": 1}


def test_a_new_topic_costs_two_calls(server: FakeOpenMetadata) -> None:
    """Nothing can be stored of it yet: its sample is not asked for."""
    server.add_service(SERVICE)
    run(InOpenMetadata(server), (topic(schema=schema('{"id": 1}')), TWO))
    assert server.counts == {**OPENING, "PUT /topics": 1, "PUT /topics/{id}/sampleData": 1}


def test_no_topic_is_patched(server: FakeOpenMetadata) -> None:
    """OpenMetadata consolidates a PATCH with the PUT before it: an added field would be a major version."""
    steps = [('{"id": 1}', TWO), ('{"id": 1, "name": "x"}', OTHER), ('{"id": 1, "name": "x", "more": 1}', TWO)]
    for text, sample in steps:
        run(InOpenMetadata(server), (topic(schema=schema(text)), sample))
    assert server.versions(SERVICE, "clicks") == [0.1, 0.2, 0.3]
    assert server.calls("PATCH", "/topics/*") == []


def test_more_topics_than_a_page_are_all_known(server: FakeOpenMetadata) -> None:
    for number in range(1500):
        server.add_topic(SERVICE, f"topic-{number:04d}")
    with opened(InOpenMetadata(server)) as sink:
        assert len(sink.catalogued()) == 1500


def test_a_sample_that_did_not_change_is_not_sent_again(server: FakeOpenMetadata) -> None:
    """It is read and compared, once for each topic."""
    run(InOpenMetadata(server), (topic(), TWO))
    run(InOpenMetadata(server), (topic(), OTHER))
    server.requests.clear()
    run(InOpenMetadata(server), (topic(), OTHER))
    assert writes(server) == []


def test_a_busy_stream_makes_no_version(server: FakeOpenMetadata) -> None:
    """OpenMetadata makes a version of every changed sourceHash, and tells its followers; of a sample it makes none."""
    catalogue = InOpenMetadata(server)
    for number in range(6):
        run(catalogue, (topic(), Sample((f"message {number}",))))
        assert catalogue.topics()["clicks"]["messages"] == [f"message {number}"]
    assert server.versions(SERVICE, "clicks") == [0.1]


@pytest.mark.parametrize("length", [0, 16, 19])
def test_a_hash_that_somebody_else_wrote_remembers_nothing(server: FakeOpenMetadata, length: int) -> None:
    run(InOpenMetadata(server), (topic(), NONE))
    server.topic(SERVICE, "clicks")["sourceHash"] = server.topic(SERVICE, "clicks")["sourceHash"][:length]
    assert run(InOpenMetadata(server), (topic(), NONE)) == ["written"]


def test_a_hash_that_remembers_a_sample_besides_is_good_for_the_rest(server: FakeOpenMetadata) -> None:
    """Earlier runs wrote twelve digits more: no topic gets a version for losing them."""
    run(InOpenMetadata(server), (topic(), TWO))
    server.topic(SERVICE, "clicks")["sourceHash"] += "0" * 12
    assert run(InOpenMetadata(server), (topic(), TWO)) == ["unchanged"]
    assert server.versions(SERVICE, "clicks") == [0.1]


def settled(server: FakeOpenMetadata) -> dict[str, Entity]:
    """All there is of each topic but its times and its version."""
    left_out = ("version", "updatedAt", "href")
    return {
        name: {key: value for key, value in entity.items() if key not in left_out}
        for name, entity in server.topics.items()
    }


Before = Callable[[FakeOpenMetadata], object]


def written(*items: tuple[Topic, Sample]) -> Before:
    return lambda server: [run(InOpenMetadata(server), item) for item in items]


def broken(server: FakeOpenMetadata, **changes: Any) -> None:
    """A topic as it was once sent, its fields under their real names; its hash is up to date."""
    run(InOpenMetadata(server), (ORDERS, TWO))
    under_real_names(server.topic(SERVICE, "shop.orders")).update(changes)


ORDERS = topic("shop.orders", schema=schema('{"id": 1, "user.id": 2}', name="shop.orders"))
BEFORE: dict[str, Before] = {
    "a new topic": written(),
    "another sample": written((topic("shop.orders"), TWO)),
    "another sample for the second time": written((topic("shop.orders"), TWO), (topic("shop.orders"), Sample(("x",)))),
    "other facts and another sample": written((topic("shop.orders", partitions=1), TWO)),
    "a first sample": written((topic("shop.orders"), NONE)),
    "a topic that refuses every change": broken,
}


@pytest.mark.parametrize("executed", [True, False], ids=["its last call was executed", "its last call was not"])
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE.keys())
def test_a_run_killed_between_any_two_calls_is_repaired_by_the_next(before: Before, executed: bool) -> None:
    """Killed and run again, the catalogue ends the same."""
    item = (ORDERS, OTHER)
    with FakeOpenMetadata() as server:
        before(server)
        begin = deepcopy((server.services, server.topics))
        server.requests.clear()
        run(InOpenMetadata(server), item)
        expected, calls = settled(server), len(server.requests)
        assert calls > 5
        for last in range(1, calls + 1):
            for now, then in zip((server.services, server.topics), deepcopy(begin), strict=True):
                now.clear()
                now.update(then)
            cut = Rule(Fault.lost_answer() if executed else Fault.reset(), on=last)
            server.faults = Faults(cut, Rule(Fault.reset(), on=range(last, len(EVERY))))
            with pytest.raises(IngestError):
                run(InOpenMetadata(server, options={"retryFor": 0}), item)
            server.faults = Faults()
            run(InOpenMetadata(server), item)
            assert settled(server) == expected, f"killed after call {last}"
            assert run(InOpenMetadata(server), item) == ["unchanged"]


# --- OpenMetadata: topics that refuse every change ------------------------------------------------------------------


def field_names(server: FakeOpenMetadata) -> dict[str, list[str]]:
    found = server.topic(SERVICE, "shop.orders")["messageSchema"]["schemaFields"]
    return {root.get("displayName", root["name"]): [child["name"] for child in root["children"]] for root in found}


@pytest.mark.parametrize("version", ["1.13.0", "2.0.7"])
def test_a_stream_with_dots_can_be_changed_again_and_again(version: str) -> None:
    """Servers before 2.0 take a dotted name of a field once, and then refuse every change of the topic."""
    with FakeOpenMetadata(version=version) as server:
        for partitions in (1, 2, 3):
            assert run(InOpenMetadata(server), (replace(ORDERS, partitions=partitions), TWO)) == ["written"]
        assert server.versions(SERVICE, "shop.orders") == [0.1, 0.2, 0.3]


UNSEEN = replace(ORDERS, schema=None)


@pytest.mark.parametrize("seen", [ORDERS, UNSEEN], ids=["its schema is seen", "no schema is seen"])
@pytest.mark.parametrize("version", ["1.13.0", "2.0.7"])
def test_a_topic_that_refuses_every_change_is_repaired_by_the_next_run(seen: Topic, version: str) -> None:
    """Though nothing of it changed. What people wrote on it and on its fields stays."""
    with FakeOpenMetadata(version=version) as server:
        broken(server, description="All orders", owners=[ANN])
        server.topic(SERVICE, "shop.orders")["messageSchema"]["schemaFields"][0]["children"][0]["description"] = "Key"
        text = server.topic(SERVICE, "shop.orders")["messageSchema"]["schemaText"]
        assert run(InOpenMetadata(server), (seen, NONE)) == ["written"]
        after = server.topic(SERVICE, "shop.orders")
        assert field_names(server) == {"shop.orders": ["id", "user_id~2b906c04"]}
        assert after["messageSchema"]["schemaFields"][0]["children"][0]["description"] == "Key"
        assert (after["messageSchema"]["schemaText"], after["description"], after["owners"]) == (
            text,
            "All orders",
            [ANN],
        )
        assert run(InOpenMetadata(server), (seen, NONE)) == ["unchanged"]
        assert run(InOpenMetadata(server), (replace(seen, partitions=9), NONE)) == ["written"]


def test_such_a_topic_is_repaired_in_two_steps(server: FakeOpenMetadata) -> None:
    """The better schema at once is refused; without one, and with a hash of nothing, it is a change without it."""
    broken(server)
    server.requests.clear()
    run(InOpenMetadata(server), (ORDERS, NONE))
    sent = ["messageSchema" in request.body for request in server.calls("PUT", "/topics")]
    assert sent == [True, False, True]


def test_a_deleted_topic_that_cannot_be_restored_is_named_and_left_to_people(server: FakeOpenMetadata) -> None:
    """A server compares the stored schema with itself when it restores, and refuses that. Only a deletion for good
    would do, and with it would go what people left there: votes, followers, history.
    """
    broken(server, deleted=True, description="All orders")
    before = deepcopy(server.topics)
    with opened(InOpenMetadata(server)) as sink, pytest.raises(TopicRefused, match="Delete it for good") as raised:
        sink.write(UNSEEN, OTHER)
    assert "shop.orders" in str(raised.value)
    assert server.topics == before
    assert not server.calls("DELETE")


@pytest.mark.parametrize("deleted", [True, False], ids=["deleted", "live"])
def test_a_topic_that_is_refused_for_another_reason_is_left_alone(server: FakeOpenMetadata, deleted: bool) -> None:
    """It is not deleted, and its schema not taken away."""
    broken(server, deleted=deleted)
    before = deepcopy(server.topics)
    server.faults = Faults(Rule(Fault.status(400), "PUT", "/topics"))
    with opened(InOpenMetadata(server)) as sink, pytest.raises(TopicRefused):
        sink.write(ORDERS, NONE)
    assert server.topics == before
    assert len(writes(server)) == len(["PUT topic", "PUT sampleData", "PUT service"]) + 1


def test_a_topic_with_dots_that_people_made_is_theirs_until_it_has_to_change(server: FakeOpenMetadata) -> None:
    theirs = {"schemaText": "by hand", "schemaType": "Other", "schemaFields": []}
    broken(server)
    fields = server.topic(SERVICE, "shop.orders")["messageSchema"]["schemaFields"]
    server.topic(SERVICE, "shop.orders")["messageSchema"] = theirs | {"schemaFields": fields}
    assert run(InOpenMetadata(server), (ORDERS, NONE)) == ["unchanged"]
    assert run(InOpenMetadata(server), (replace(ORDERS, partitions=9), NONE)) == ["written"]
    assert server.topic(SERVICE, "shop.orders")["messageSchema"]["schemaText"] == "by hand"
    assert field_names(server) == {"shop.orders": ["id", "user_id~2b906c04"]}


# --- OpenMetadata: what people wrote --------------------------------------------------------------------------------

WORDS: Entity = {
    "description": "All clicks of the shop",
    "displayName": "Clicks",
    "owners": [ANN],
    "tags": [PII],
    "extension": {"costCentre": "42"},
    "cleanupPolicies": ["compact"],
    "messageSchema": {
        "schemaText": '{"type": "object", "title": "by hand"}',
        "schemaType": "JSON",
        "schemaFields": [{"name": "by hand", "dataType": "RECORD"}],
    },
}


def edited(server: FakeOpenMetadata, **more: Any) -> None:
    """As if people had written on the topic in the UI."""
    server.topic(SERVICE, "clicks").update(json.loads(json.dumps(WORDS | more)))


def words(server: FakeOpenMetadata) -> Entity:
    return {key: server.topic(SERVICE, "clicks").get(key) for key in WORDS}


@pytest.mark.parametrize("token", [BOT, USER], ids=["a bot's token", "a person's token"])
@pytest.mark.parametrize("version", ["1.13.0", "2.0.7"])
@pytest.mark.parametrize("seen", [None, '{"id": 1}'], ids=["no schema seen", "a schema seen"])
def test_what_people_wrote_survives_a_changed_topic(token: str, version: str, seen: str | None) -> None:
    """A PUT clears what it leaves out, unless a bot sends it and the server is new enough."""
    with FakeOpenMetadata(version=version) as server:
        run(InOpenMetadata(server), (topic(), TWO))
        edited(server)
        found = schema(seen) if seen else None
        run(InOpenMetadata(server, token=token), (topic(partitions=7, schema=found), TWO))
        assert server.topic(SERVICE, "clicks")["partitions"] == 7
        assert words(server) == WORDS


def test_domains_and_data_products_survive_too(server: FakeOpenMetadata) -> None:
    """They are read as references and sent as names."""
    run(InOpenMetadata(server), (topic(), TWO))
    sales = {"id": "22222222-2222-2222-2222-222222222222", "type": "domain", "fullyQualifiedName": "Sales"}
    web = {"id": "33333333-3333-3333-3333-333333333333", "type": "dataProduct", "fullyQualifiedName": "Web"}
    edited(server, domains=[sales], dataProducts=[web])
    run(InOpenMetadata(server, token=USER), (topic(partitions=7), TWO))
    after = server.topic(SERVICE, "clicks")
    assert [each["fullyQualifiedName"] for each in after["domains"] + after["dataProducts"]] == ["Sales", "Web"]


def test_what_a_topic_inherits_from_its_service_stays_inherited(server: FakeOpenMetadata) -> None:
    """Sent back, it would be the topic's own, and outlive a change of the service."""
    server.add_service(SERVICE, domains=["Sales"], owners=[ANN])
    run(InOpenMetadata(server, token=USER), (topic(), TWO))
    run(InOpenMetadata(server, token=USER), (topic(partitions=7), TWO))
    after = server.topic(SERVICE, "clicks")
    assert (after["partitions"], after["domains"], after["owners"]) == (7, [], [])


@pytest.mark.parametrize("kind", ["Avro", "JSON", "Protobuf", "Other"])
@pytest.mark.parametrize("had", [None, '{"id": 1}'], ids=["none of ours before", "one of ours before"])
def test_a_schema_that_people_wrote_survives_whatever_its_type(
    server: FakeOpenMetadata, kind: str, had: str | None
) -> None:
    run(InOpenMetadata(server), (topic(schema=schema(had) if had else None), TWO))
    theirs = {**WORDS["messageSchema"], "schemaType": kind}
    edited(server, messageSchema=theirs)
    run(InOpenMetadata(server), (topic(partitions=7, schema=schema('{"name": "x"}')), TWO))
    assert server.topic(SERVICE, "clicks")["messageSchema"] == theirs


@pytest.mark.parametrize("kind", ["Avro", "JSON", "Protobuf"])
def test_a_registered_schema_is_replaced_by_its_successor(catalogue: Catalogue, kind: Any) -> None:
    for text in ('{"type": "string"}', '{"type": "long"}'):
        seen = MessageSchema(kind, text, (), 1, 1)
        assert run(catalogue, (topic(schema=seen), TWO)) == ["written"]
        assert catalogue.topics()["clicks"]["messageSchema"]["schemaText"] == text
        assert run(catalogue, (topic(schema=seen), TWO)) == ["unchanged"]


def test_a_quiet_stream_costs_no_call_though_more_is_known_of_it_than_its_sample_shows(
    server: FakeOpenMetadata,
) -> None:
    """Its schema grew once; the sample that made it grow is the one that is seen ever since."""
    seen = [topic(schema=schema(text)) for text in ('{"id": 1}', '{"name": "x"}')]
    for each in seen:
        run(InOpenMetadata(server), (each, TWO))
    server.requests.clear()
    assert run(InOpenMetadata(server), (seen[1], TWO)) == ["unchanged"]
    assert server.calls("GET", "/topics/name/*") == []


def test_what_people_wrote_survives_an_unchanged_topic(server: FakeOpenMetadata) -> None:
    run(InOpenMetadata(server), (topic(), TWO))
    edited(server)
    assert run(InOpenMetadata(server), (topic(), OTHER)) == ["written"]
    assert words(server) == WORDS


def test_override_metadata_takes_it_away(server: FakeOpenMetadata) -> None:
    """`overrideMetadata: true` is what the file asked for: the stream's truth alone."""
    run(InOpenMetadata(server), (topic(), TWO))
    edited(server)
    overriding = InOpenMetadata(server, token=USER, metadata={"overrideMetadata": True})
    run(overriding, (topic(partitions=7, schema=schema('{"id": 1}')), TWO))
    after = server.topic(SERVICE, "clicks")
    assert "description" not in after
    assert "displayName" not in after
    assert after["messageSchema"]["schemaText"] != WORDS["messageSchema"]["schemaText"]


@pytest.mark.parametrize("token", [BOT, USER], ids=["a bot's token", "a person's token"])
def test_what_people_wrote_survives_deletion_and_return(token: str) -> None:
    """A stream that is made again under its old name finds its description: a soft deletion keeps it."""
    with FakeOpenMetadata(version="1.13.0") as server:
        catalogue = InOpenMetadata(server, token=token)
        run(catalogue, (topic(), TWO), (topic("other"), NONE))
        edited(server)
        with opened(catalogue) as sink:
            sink.delete("clicks")
        run(catalogue, (topic(), OTHER))
        assert words(server) == WORDS
        assert catalogue.topics()["clicks"]["messages"] == list(OTHER.messages)


def test_a_deletion_is_soft(server: FakeOpenMetadata) -> None:
    run(InOpenMetadata(server), (topic(), TWO))
    with opened(InOpenMetadata(server)) as sink:
        sink.delete("clicks")
    (request,) = server.calls("DELETE")
    assert request.query["hardDelete"] == "false"
    assert server.topic(SERVICE, "clicks")["deleted"] is True


def test_deleting_a_topic_that_somebody_deleted_for_good_is_no_error(server: FakeOpenMetadata) -> None:
    run(InOpenMetadata(server), (topic(), TWO))
    with opened(InOpenMetadata(server)) as sink:
        server.topics.clear()
        sink.delete("clicks")


# --- OpenMetadata: the service ----------------------------------------------------------------------------------------


def test_a_missing_service_is_made_with_what_the_file_says_of_it(server: FakeOpenMetadata) -> None:
    run(InOpenMetadata(server, service={"displayName": "The shop", "description": "Streams of the shop"}))
    made = server.services[SERVICE]
    assert (made["serviceType"], made["displayName"], made["description"]) == (
        "Kinesis",
        "The shop",
        "Streams of the shop",
    )


@pytest.mark.parametrize("name", ["my.svc", "a.b.c", "with space", "ünï"])
def test_a_service_may_have_any_name(server: FakeOpenMetadata, name: str) -> None:
    """K15: a dotted name goes quoted, in the path, in the query and in the topic's own body."""
    catalogue = InOpenMetadata(server, service_name=name)
    assert run(catalogue, (topic("acme.clicks"), TWO)) == ["written"]
    assert run(catalogue, (topic("acme.clicks"), TWO)) == ["unchanged"]
    assert server.topic(name, "acme.clicks")["sampleData"]["messages"] == list(TWO.messages)


def service_patches(server: FakeOpenMetadata) -> list[object]:
    return [request.body for request in server.calls("PATCH", "/services/*")]


def test_only_what_the_file_says_differently_is_patched(server: FakeOpenMetadata) -> None:
    """By JSON Patch: a PUT would reset the connection and whatever people set on the service."""
    told: Entity = {"displayName": "By hand", "description": "old", "owners": [ANN], "connection": {"config": {}}}
    before = dict(server.add_service(SERVICE, **told))
    run(InOpenMetadata(server, service={"description": "new"}))
    assert service_patches(server) == [[{"op": "add", "path": "/description", "value": "new"}]]
    changed = {key for key, value in server.services[SERVICE].items() if before.get(key) != value}
    assert changed <= {"description", "version", "updatedAt", "updatedBy"}


@pytest.mark.parametrize(
    "service", [{}, {"description": "same", "displayName": "Same"}], ids=["says nothing", "agrees"]
)
def test_a_service_that_the_file_agrees_with_is_left_alone(server: FakeOpenMetadata, service: Entity) -> None:
    server.add_service(SERVICE, description="same", displayName="Same")
    run(InOpenMetadata(server, service=service))
    assert [call for call in server.requests if call.method != "GET"] == []


def test_a_bot_that_may_not_name_the_service_costs_no_run(
    server: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    """The ingestion bot's own policy denies it displayName in some releases [OpenMetadata#28676]."""
    server.add_service(SERVICE)
    assert run(InOpenMetadata(server, service={"displayName": "The shop"}), (topic(), TWO)) == ["written"]
    assert "display name" in caplog.text


def test_a_service_of_another_type_is_refused(server: FakeOpenMetadata) -> None:
    server.add_service(SERVICE, serviceType="Kafka")
    with pytest.raises(CatalogueRefused, match="Kafka") as caught:
        run(InOpenMetadata(server))
    assert "source.serviceName" in caught.value.remedy
    assert writes(server) == []


SECRETS = {
    "awsAccessKeyId": "AKIASECRETSECRETSECR",
    "awsSecretAccessKey": "the-secret-key",
    "awsSessionToken": "the-session-token",
}


def spoken(request: Recorded) -> str:
    return json.dumps([request.url, dict(request.headers), request.body])


def test_no_secret_of_aws_reaches_the_catalogue(server: FakeOpenMetadata) -> None:
    """Everybody who may read a service reads its connection: it holds region and endpoint only."""
    aws = {**AWS.connection(), **SECRETS, "assumeRoleArn": "arn:aws:iam::123456789012:role/reader"}
    source = {"serviceConnection": {"config": {"type": "Kinesis", "awsConfig": aws}}}
    run(InOpenMetadata(server, source=source), (topic(), TWO))
    connection = server.services[SERVICE]["connection"]["config"]["awsConfig"]
    assert connection.keys() == {"awsRegion", "endPointURL"}
    for request in server.requests:
        assert not [secret for secret in SECRETS.values() if secret in spoken(request)]


# --- OpenMetadata: settings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profiler", "expected"),
    [
        (None, True),
        ({}, True),
        ({"sampleDataConfig": {}}, True),
        ({"sampleDataConfig": {"storeSampleData": True}}, True),
        ({"sampleDataConfig": {"storeSampleData": False}}, False),
    ],
    ids=str,
)
def test_the_servers_own_switch_for_samples_is_honoured(profiler: Entity | None, expected: bool) -> None:
    with FakeOpenMetadata(profiler=profiler) as server:
        assert InOpenMetadata(server).sink().open(storing=True) is expected


def test_settings_that_are_not_asked_for_cannot_be_denied(server: FakeOpenMetadata) -> None:
    """Where no sample is wanted, whether one may be stored is nobody's question."""
    server.forbidden = ["GET /system/settings/*"]
    assert InOpenMetadata(server).sink().open(storing=False) is False
    assert server.calls("GET", "/system/settings/*") == []


@pytest.mark.parametrize("forbidden", ["GET /system/settings/*", "PUT /topics/*/sampleData"])
def test_a_bot_that_may_not_store_samples_costs_the_samples_alone(server: FakeOpenMetadata, forbidden: str) -> None:
    """Each stream is named, with what to allow; after the first the call is not tried again."""
    server.forbidden = [forbidden]
    tally = Tally()
    sink = sink_of(workflow(AWS, server, service_name=SERVICE), threading.Event(), tally.warn)
    sink.open(storing=True)
    assert [sink.write(topic(name), sample) for name, sample in (("a", TWO), ("b", TWO), ("c", NONE))] == [
        "written"
    ] * 3
    assert [(warning.step, warning.entity) for warning in tally.report().warnings] == [("sample", "a"), ("sample", "b")]
    assert all(
        "HTTP 403" in warning.cause and "options.sample.store" in warning.remedy for warning in tally.report().warnings
    )
    assert len(server.calls("PUT", "/topics/*/sampleData")) == (1 if "PUT" in forbidden else 0)
    assert [entity["sampleData"] for entity in server.topics.values()] == [None] * 3


SHAPES: list[Entity] = [
    {"messageSchema": "x"},
    {"messageSchema": {"schemaFields": "x"}},
    {"messageSchema": {"schemaFields": ["x"]}},
    {"messageSchema": {"schemaFields": [{"name": 1}]}},
    {"messageSchema": {"schemaFields": [{"name": "a", "children": "x"}]}},
    {"domains": "x"},
    {"owners": [1]},
]


@pytest.mark.parametrize("shape", SHAPES, ids=json.dumps)
def test_a_topic_of_an_unexpected_shape_costs_that_topic_alone(server: FakeOpenMetadata, shape: Entity) -> None:
    run(InOpenMetadata(server), (topic("a"), NONE), (topic("b"), NONE))
    reply = json_reply(200, {"id": "1", "name": "a"} | shape)
    server.faults = Faults(Rule(Fault("another shape", reply=reply), "GET", "/topics/name/shop.a"))
    with opened(InOpenMetadata(server)) as sink:
        with pytest.raises(TopicRefused, match="is not what OpenMetadata's schema says"):
            sink.write(topic("a", partitions=7), NONE)
        assert sink.write(topic("b", partitions=7), NONE) == "written"


@pytest.mark.parametrize("odd", [{"sourceHash": 5}, {"topicConfig": []}, {"topicConfig": {"streamARN": 5}}], ids=str)
def test_what_a_listing_tells_in_another_shape_is_not_known(server: FakeOpenMetadata, odd: Entity) -> None:
    reply = json_reply(200, {"data": [{"id": "1", "name": "a"} | odd]})
    server.faults = Faults(Rule(Fault("another shape", reply=reply), "GET", "/topics"))
    with opened(InOpenMetadata(server)) as sink:
        assert dict(sink.catalogued()) == {"a": None}


def test_a_server_before_1_9_is_not_asked_for_domains() -> None:
    """It refuses a call that names a field it does not know; the domain of a topic stays without."""
    with FakeOpenMetadata(version="1.8.4") as server:
        run(InOpenMetadata(server), (topic(), TWO))
        run(InOpenMetadata(server), (topic(partitions=7), TWO))
        asked = [call.query["fields"] for call in server.calls("GET", "/topics/name/*")]
        assert asked
        assert not any("domain" in fields for fields in asked)
        assert server.topic(SERVICE, "clicks")["partitions"] == 7


def test_settings_of_an_unexpected_shape_store_no_sample(server: FakeOpenMetadata) -> None:
    """Whether the server forbids it is not known then."""
    reply = json_reply(200, {"config_value": [1]})
    server.faults = Faults(Rule(Fault("another shape", reply=reply), "GET", "/system/settings/*"))
    run(InOpenMetadata(server), (topic(), TWO))
    assert server.topic(SERVICE, "clicks")["sampleData"] is None


@pytest.mark.parametrize(
    ("version", "check", "warned"),
    [
        ("1.6.0", True, False),
        ("1.13.4", True, False),
        ("2.0.7", True, False),
        ("2.1.0", True, True),
        ("1.1.3", True, True),
        ("9.9.9", False, False),
    ],
)
def test_an_untested_version_is_warned_of(
    version: str, check: bool, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning only: nothing but a test can know whether it works."""
    with FakeOpenMetadata(version=version) as server:
        run(InOpenMetadata(server, server={"enableVersionValidation": check}))
    assert (version in caplog.text) is warned


def test_the_address_is_where_a_reader_finds_the_service(server: FakeOpenMetadata) -> None:
    sink = InOpenMetadata(server, service_name="my.svc").sink()
    assert sink.address == f"{server.url}/service/messagingServices/%22my.svc%22"


@pytest.mark.parametrize("name", ["orders", "shop.orders"])
def test_a_topics_page_is_found_by_that_of_its_service(server: FakeOpenMetadata, name: str) -> None:
    """By its fully qualified name, in which a name that holds a dot stands in quotes."""
    sink = InOpenMetadata(server, service_name="my.svc").sink()
    page = topic_pages(sink.address).replace("{topic}", quoted(name))
    assert page == f"{server.url}/topic/{quoted('my.svc', name)}"


def test_what_is_no_services_page_leads_to_no_topic(path: Path) -> None:
    assert topic_pages(InFile(path).sink().address) == ""


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.catalogue.jsonl"


def beside(path: Path) -> list[str]:
    """The files in the folder of the catalogue."""
    return sorted(file.name for file in path.parent.iterdir())


def test_a_line_is_what_openmetadata_would_be_told(server: FakeOpenMetadata, path: Path) -> None:
    """A CreateTopic body and the sample, so that the file can be loaded into a server later."""
    item = (topic(schema=schema('{"id": 1}')), TWO)
    run(InOpenMetadata(server), item)
    run(InFile(path), item)
    (sent,) = server.calls("PUT", "/topics")
    line = json.loads(path.read_text())
    assert line.pop("sampleData") == {"messages": list(TWO.messages)}
    assert line == {key: value for key, value in sent.body.items() if key != "sourceHash"}


def test_lines_are_in_the_order_of_names_whatever_the_order_of_writes(path: Path) -> None:
    """So that two catalogues can be compared with `diff`."""
    run(InFile(path), (topic("b"), TWO), (topic("c"), NONE), (topic("a"), TWO))
    once = path.read_bytes()
    path.unlink()
    run(InFile(path), (topic("c"), NONE), (topic("a"), TWO), (topic("b"), TWO))
    assert path.read_bytes() == once
    assert [json.loads(line)["name"] for line in once.splitlines()] == ["a", "b", "c"]


def test_text_is_readable_as_it_is(path: Path) -> None:
    run(InFile(path), (topic(), Sample(("заказ ¥ 注文\nline two",))))
    assert "заказ ¥ 注文" in path.read_text(encoding="utf-8")
    assert len(path.read_bytes().splitlines()) == 1


def test_a_reader_sees_the_old_file_or_the_new_one(path: Path) -> None:
    run(InFile(path), (topic("a"), TWO))
    old = path.read_bytes()
    with opened(InFile(path)) as sink:
        sink.write(topic("a", partitions=9), OTHER)
        assert path.read_bytes() == old
    assert path.read_bytes() != old
    assert beside(path) == [path.name]


def test_an_incomplete_run_leaves_the_old_file(path: Path) -> None:
    run(InFile(path), (topic("a"), TWO))
    old = path.read_bytes()
    sink = InFile(path).sink()
    sink.open(storing=True)
    sink.write(topic("a", partitions=9), OTHER)
    assert not sink.close(complete=False)
    assert path.read_bytes() == old
    assert beside(path) == [path.name]


def test_a_catalogue_of_another_service_is_not_replaced(path: Path) -> None:
    """Its topics would be missing from this service's streams, and so be deleted."""
    run(InFile(path), (topic("a"), TWO))
    old = path.read_bytes()
    with pytest.raises(Abort, match="another service"):
        sink_of(workflow(AWS, path, service_name="another"), threading.Event(), Tally().warn).open(storing=True)
    assert path.read_bytes() == old
    assert beside(path) == [path.name]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_a_catalogue_keeps_its_mode(path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the first byte on: a sample that few may read is never in a file that all may."""
    run(InFile(path), (topic("a"), TWO))
    path.chmod(mode)
    modes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: modes.append(os.fstat(number).st_mode & 0o777))
    with opened(InFile(path)) as sink:
        modes.append(path.with_name(path.name + ".partial").stat().st_mode & 0o777)
        sink.write(topic("a", partitions=3), TWO)
    assert modes == [mode, mode]
    assert path.stat().st_mode & 0o777 == mode


def test_a_link_to_a_catalogue_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.jsonl"
    link.symlink_to("made/../shop.catalogue.jsonl")
    (tmp_path / "made").mkdir()
    assert run(InFile(link), (topic("a"), TWO)) == ["written"]
    assert run(InFile(link), (topic("a"), TWO)) == ["unchanged"]
    assert link.is_symlink()
    assert InFile(path).topics().keys() == {"a"}
    assert InFile(link).sink().address == str(link)


def test_a_last_line_without_its_end_is_not_glued_to_the_next(path: Path) -> None:
    """An editor may have taken it away."""
    run(InFile(path), (topic("a"), TWO), (topic("b"), TWO))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    before = InFile(path).topics()
    run(InFile(path), (topic("c"), NONE))
    assert {name: told for name, told in InFile(path).topics().items() if name != "c"} == before
    assert InFile(path).topics().keys() == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("kind", "told"), [("a link", "levels of symbolic links"), ("a pipe", "no regular file"), ("a folder", "directory")]
)
def test_what_stands_in_the_place_of_the_partial_file_is_left_alone(
    path: Path, tmp_path: Path, kind: str, told: str
) -> None:
    """A link would have somebody's file emptied; a pipe waits for a reader for ever."""
    victim, partial = tmp_path / "victim", path.with_name(path.name + ".partial")
    victim.write_text("precious")
    make: dict[str, Callable[[], None]] = {
        "a link": lambda: partial.symlink_to(victim),
        "a pipe": lambda: os.mkfifo(partial),
        "a folder": partial.mkdir,
    }
    make[kind]()
    with pytest.raises(Abort, match=told) as caught:
        InFile(path).sink().open(storing=True)
    assert caught.value.where == str(partial)
    assert victim.read_text() == "precious"
    assert os.path.lexists(partial)


def test_a_device_is_no_catalogue() -> None:
    """It is refused before it is read: `/dev/zero` has no end."""
    with pytest.raises(Abort, match="no regular file"):
        InFile(Path("/dev/zero")).sink().open(storing=True)


@pytest.mark.parametrize(
    "content",
    [
        b"notes of mine\n",
        b"[1, 2]\n",
        b"{}\n",
        b'{"name": "a"}\n',
        b"\x00\xff",
        b'{"name": "a", "topicConfig": 1}\n',
        b'{"name": 1, "topicConfig": {}, "service": "shop"}\n',
        b'{"name": "a", "topicConfig": {"streamARN": 5}, "service": "shop"}\n',
        b'{"name": "a", "topicConfig": {}, "messageSchema": "x", "service": "shop"}\n',
        b"[" * 200_000 + b"\n",
    ],
    ids=lambda content: repr(content[:70]),
)
def test_a_file_that_is_not_ours_is_not_replaced(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Abort, match="not a catalogue of ours") as caught:
        InFile(path).sink().open(storing=True)
    assert path.read_bytes() == content
    assert beside(path) == [path.name]
    assert "sink.config.path" in caught.value.remedy


def test_two_runs_do_not_write_one_file(path: Path) -> None:
    """The second is refused, the first goes on undisturbed."""
    with opened(InFile(path)) as first:
        first.write(topic("a"), TWO)
        with pytest.raises(Abort, match="another run"):
            InFile(path).sink().open(storing=True)
        first.write(topic("b"), TWO)
    assert InFile(path).topics().keys() == {"a", "b"}


@pytest.mark.parametrize("complete", [True, False], ids=["it ends well", "it ends early"])
@pytest.mark.parametrize("third", [True, False], ids=["a third begins", "no other begins"])
def test_a_run_that_ends_while_another_begins_is_not_overwritten(
    path: Path, complete: bool, third: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening the partial file and locking it, its owner may have made it the catalogue itself."""
    first, other = InFile(path).sink(), InFile(path).sink()
    first.open(storing=True)
    first.write(topic("a"), TWO)
    lock = fcntl.flock

    def late(*arguments: Any) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        first.close(complete=complete)
        if third:
            other.open(storing=True)
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(Abort, match="another run"):
        InFile(path).sink().open(storing=True)
    if third:
        other.close(complete=True)
    assert InFile(path).topics().keys() == ({"a"} if complete else set())


def test_what_a_killed_run_left_behind_is_not_in_the_way(path: Path) -> None:
    path.with_name(path.name + ".partial").write_bytes(b"half a li")
    run(InFile(path), (topic("a"), TWO))
    assert InFile(path).topics().keys() == {"a"}
    assert beside(path) == [path.name]


@pytest.mark.parametrize("obstacle", ["a file in the place of its folder", "a folder in its place"])
def test_a_path_that_cannot_be_written_is_told(tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "catalogue" if "its folder" in obstacle else tmp_path
    with pytest.raises(Abort, match="cannot be written") as caught:
        InFile(path).sink().open(storing=True)
    assert str(path) in caught.value.where


def test_a_full_disk_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(InFile(path), (topic("a"), TWO))
    old = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Abort, match="No space left"):
        run(InFile(path), (topic("a", partitions=9), OTHER))
    assert path.read_bytes() == old
    assert beside(path) == [path.name]
