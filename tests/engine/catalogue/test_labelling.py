"""AWS's tags as labels and owners in OpenMetadata, beside what people did there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.client import fqn
from airflow_kinesis_ingest.engine.catalogue.tags import LONGEST, names_of
from tests.engine.catalogue.linking import labels, link, tags, threads, writes
from tests.fakes.openmetadata import BOT, USER, FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

ON: dict[str, Any] = {"options": {"tags": {"enabled": True}}}
OWNED: dict[str, Any] = {"options": {"owners": {"tagKeys": ["team", "owner"]}}}
AUTOMATED, MANUAL = "Automated", "Manual"


@pytest.fixture
def server() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running
        assert running.invalid_bodies == []


def manual(name: str, kind: str = MANUAL) -> dict[str, str]:
    return {"tagFQN": name, "source": "Classification", "labelType": kind, "state": "Confirmed"}


def test_a_tag_becomes_a_nested_label(server: FakeOpenMetadata) -> None:
    """`AWS.key.value`, parts with a dot in quotes; a key without a value is a label of its own."""
    found = link(server, tagged=tags({"clicks": {"env": "prod", "cost.center": "a/b:c", "pci": ""}}), **ON)
    assert labels(server, "clicks") == dict.fromkeys(("AWS.env.prod", 'AWS."cost.center".a/b:c', "AWS.pci"), AUTOMATED)
    assert all(label["state"] == "Confirmed" for label in server.topic("shop", "clicks")["tags"])
    assert server.classifications["AWS"]["mutuallyExclusive"] is False
    assert (found.labelled, found.problems) == (1, ())


@pytest.mark.parametrize("token", [BOT, USER])
def test_a_second_run_without_changes_writes_nothing(server: FakeOpenMetadata, token: str) -> None:
    tagged = tags({"clicks": {"env": "prod"}, "orders": {"env": "test"}})
    link(server, ("clicks", "orders"), tagged=tagged, token=token, **ON)
    server.requests.clear()
    assert link(server, ("clicks", "orders"), tagged=tagged, token=token, **ON).labelled == 0
    assert writes(server) == []


def test_tags_that_are_turned_on_later_are_written_once(server: FakeOpenMetadata) -> None:
    """The topic's own hash knows nothing of labels: it is not sent again for them."""
    link(server)
    server.requests.clear()
    link(server, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    assert "PUT /topics" not in writes(server)
    server.requests.clear()
    link(server, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    assert writes(server) == []


def test_a_tag_that_aws_lost_goes_and_those_of_people_stay(server: FakeOpenMetadata) -> None:
    link(server, tagged=tags({"clicks": {"env": "prod", "team": "red"}}), **ON)
    server.add_tag("AWS", "by-hand")
    stored = server.topic("shop", "clicks")["tags"]
    stored += [manual("PII.Sensitive"), manual("AWS.by-hand"), manual("PII.None", AUTOMATED)]
    link(server, tagged=tags({"clicks": {"env": "test"}}), **ON)
    assert labels(server, "clicks") == {
        "AWS.env.test": AUTOMATED,
        "PII.Sensitive": MANUAL,
        "AWS.by-hand": MANUAL,
        "PII.None": AUTOMATED,
    }


@pytest.mark.parametrize("account", [None, "123456789012"])
def test_an_incomplete_listing_removes_nothing(server: FakeOpenMetadata, account: str | None) -> None:
    """Nor does one of which it is not known whose it is."""
    link(server, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    link(server, tagged=tags({"clicks": {"a": "b"}}, complete=account is None), account=account, **ON)
    assert set(labels(server, "clicks")) == {"AWS.env.prod", "AWS.a.b"}


def test_a_label_that_people_gave_stays_theirs(server: FakeOpenMetadata) -> None:
    """It is not sent again: servers of the 1.6 line would make it ours."""
    server.add_tag("AWS", "env")
    server.add_tag("AWS", "env", "prod")
    server.add_topic("shop", "clicks", tags=[manual("AWS.env.prod")])
    link(server, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    assert labels(server, "clicks") == {"AWS.env.prod": MANUAL}
    link(server, tagged=tags({"clicks": {}}), **ON)
    assert labels(server, "clicks") == {"AWS.env.prod": MANUAL}


def test_a_tag_that_people_deleted_or_disabled_is_left_out(server: FakeOpenMetadata) -> None:
    server.add_tag("AWS", "env", deleted=True)
    server.add_tag("AWS", "team")
    server.add_tag("AWS", "team", "red", disabled=True)
    link(server, tagged=tags({"clicks": {"env": "prod", "team": "red", "a": "b"}}), **ON)
    assert set(labels(server, "clicks")) == {"AWS.a.b"}
    assert server.tags["AWS.env"]["deleted"]


def test_a_classification_of_exclusive_tags_is_not_used(server: FakeOpenMetadata) -> None:
    server.add_tag("AWS", "x")
    server.classifications["AWS"]["mutuallyExclusive"] = True
    found = link(server, tagged=tags({"clicks": {"env": "prod"}}), **ON)
    assert labels(server, "clicks") == {}
    assert "mutuallyExclusive" in found.problems[0].cause


def test_a_key_with_too_many_values_is_left_out_and_named(server: FakeOpenMetadata) -> None:
    """The labels that it got before stay as long as they are true."""
    streams = ("one", "two", "three")
    capped: dict[str, Any] = {"options": {"tags": {"enabled": True, "maxValuesPerKey": 2}}}
    link(server, streams, tagged=tags({"one": {"id": "1"}, "two": {"id": "2"}}), **capped)
    found = link(server, streams, tagged=tags({name: {"id": name} for name in streams}), **capped)
    assert [labels(server, name) for name in streams] == [{}, {}, {}]
    assert (found.problems[0].entity, "3 values" in found.problems[0].cause) == ("id", True)


def test_keys_are_chosen_by_patterns_and_those_of_aws_itself_are_left_out(server: FakeOpenMetadata) -> None:
    link(server, tagged=tags({"clicks": {"aws:stack": "x", "env": "prod", "other": "y"}}), **ON)
    assert set(labels(server, "clicks")) == {"AWS.env.prod", "AWS.other.y"}
    only: dict[str, Any] = {"options": {"tags": {"enabled": True, "keys": {"includes": ["env"]}}}}
    link(server, tagged=tags({"clicks": {"aws:stack": "x", "env": "prod", "other": "y"}}), **only)
    assert set(labels(server, "clicks")) == {"AWS.env.prod"}


def test_a_bot_that_may_not_label_costs_one_problem(server: FakeOpenMetadata) -> None:
    server.forbidden.append("PATCH /topics/*")
    tagged = tags({"clicks": {"env": "prod"}, "orders": {"env": "prod"}})
    found = link(server, ("clicks", "orders"), tagged=tagged, **ON)
    assert [problem.step for problem in found.problems] == ["tags"]
    assert len(server.topics) == 2


AWS_TEXT = st.text(st.sampled_from('aZ9 _.:/=+-@äß"\n'), max_size=256)


@given(key=AWS_TEXT.filter(lambda key: bool(key.strip())).map(lambda key: key[:128]), value=AWS_TEXT, other=AWS_TEXT)
def test_a_label_fits_whatever_aws_has(key: str, value: str, other: str) -> None:
    """At most 256 characters as a whole; two values that differ make two labels, also if both are cut."""
    names = names_of("A" * 100, key, value)
    assert len(fqn(*names)) <= LONGEST
    assert not any(set('"\n') & set(name) for name in names)
    if " ".join(other.split()) != " ".join(value.split()) and value.strip() and other.strip():
        assert names_of("A" * 100, key, other) != names or '"' in value + other


def test_owners_come_from_tags_and_exactly(server: FakeOpenMetadata) -> None:
    """The first key with somebody's name; a team must be of type Group; nobody's name is told once."""
    ann = server.add_entity("user", "ann", email="ann@shop.example")
    red = server.add_entity("team", "red", teamType="Group")
    server.add_entity("team", "blue", teamType="Department")
    streams = ("a", "b", "c", "d", "e")
    values = ("red", "blue", "Red", "ann@shop.example", "ann@else.example")
    tagged = tags({name: {"team": value} for name, value in zip(streams, values, strict=True)} | {"f": {"owner": "x"}})
    found = link(server, streams, tagged=tagged, each=threads, **OWNED)
    owners = {name: [owner["id"] for owner in server.topic("shop", name)["owners"]] for name in streams}
    assert owners == {"a": [red["id"]], "b": [], "c": [], "d": [ann["id"]], "e": []}
    assert [problem.entity for problem in found.problems] == ["Red", "ann@else.example", "blue"]
    server.requests.clear()
    link(server, streams, tagged=tagged, **OWNED)
    assert writes(server) == []


def test_an_owner_that_people_set_stays_unless_the_file_overrides(server: FakeOpenMetadata) -> None:
    ann, ben = (server.add_entity("user", name, email=f"{name}@shop.example") for name in ("ann", "ben"))
    server.add_topic("shop", "clicks", owners=[server.reference_to("user", "ann")])
    tagged = tags({"clicks": {"owner": "ben"}})
    link(server, tagged=tagged, **OWNED)
    assert [owner["id"] for owner in server.topic("shop", "clicks")["owners"]] == [ann["id"]]
    link(server, tagged=tagged, metadata={"overrideMetadata": True}, **OWNED)
    assert [owner["id"] for owner in server.topic("shop", "clicks")["owners"]] == [ben["id"]]
    server.requests.clear()
    link(server, tagged=tagged, metadata={"overrideMetadata": True}, **OWNED)
    assert writes(server) == []


def test_an_owner_that_a_topic_inherits_is_none_of_its_own(server: FakeOpenMetadata) -> None:
    for name in ("ann", "ben"):
        server.add_entity("user", name)
    server.add_service("shop")["owners"] = [server.reference_to("user", "ann")]
    link(server, tagged=tags({"clicks": {"owner": "ben"}}), **OWNED)
    assert server.topic("shop", "clicks")["owners"] == [server.reference_to("user", "ben")]


def test_the_file_gives_its_service_owners_and_a_domain_where_people_gave_none(server: FakeOpenMetadata) -> None:
    ann = server.add_entity("user", "ann")
    sales = server.add_entity("domain", "sales")
    asked: dict[str, Any] = {"service": {"owners": ["ann"], "domain": "sales"}}
    link(server, **asked)
    service = server.services["shop"]
    assert [each["id"] for each in service["owners"]] == [ann["id"]]
    assert [each["id"] for each in service["domains"]] == [sales["id"]]
    server.requests.clear()
    link(server, **asked)
    assert writes(server) == []
    server.add_entity("user", "ben")
    service["owners"] = [server.reference_to("user", "ben")]
    link(server, **asked)
    assert server.services["shop"]["owners"] == [server.reference_to("user", "ben")]


def test_an_unknown_owner_of_the_file_leaves_the_service_as_it_is(server: FakeOpenMetadata) -> None:
    """Not half of them: the next run would take these for people's."""
    server.add_entity("user", "ann")
    link(server, service={"owners": ["ann", "nobody"], "domain": "nowhere"})
    assert (server.services["shop"]["owners"], server.services["shop"]["domains"]) == ([], [])


KEYS, VALUES = st.sampled_from(["env", "a.b"]), st.sampled_from(["x", "y", ""])
EVENT = st.one_of(
    st.tuples(st.just("aws"), st.dictionaries(KEYS, VALUES), st.booleans()),
    st.tuples(st.just("person"), st.sampled_from(["PII.Sensitive", "AWS.env", "AWS.env.x"])),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENT, max_size=8))
def test_through_any_history_people_keep_their_labels_and_ours_are_true(history: list[tuple[Any, ...]]) -> None:
    with FakeOpenMetadata() as server:
        server.add_tag("AWS", "env")
        server.add_tag("AWS", "env", "x")
        server.add_topic("shop", "clicks")
        theirs: set[str] = set()
        for kind, what, *complete in history:
            if kind == "person":
                stored = server.topic("shop", "clicks")["tags"]
                stored[:] = [label for label in stored if label["tagFQN"] != what] + [manual(what)]
                theirs.add(what)
                continue
            link(server, tagged=tags({"clicks": what}, complete=complete[0]), **ON)
            now = labels(server, "clicks")
            wanted = {fqn(*names_of("AWS", *tag)) for tag in what.items()}
            assert {name for name, label in now.items() if label == MANUAL} == theirs
            assert wanted <= now.keys()
            if complete[0]:
                assert {name for name, label in now.items() if label == AUTOMATED} == wanted - theirs
        assert server.invalid_bodies == []
