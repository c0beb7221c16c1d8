"""The contract FakeOpenMetadata keeps, told through `requests`; sources are in the fake's own docstrings."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64decode as b64decode
from base64 import urlsafe_b64encode as b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from tests.builders import wait_until
from tests.fakes.openmetadata import BOT, SCHEMAS, SESSION_MS, USER, FakeOpenMetadata, fqn, patched
from tests.fakes.server import Chance, Fault, Faults, Rule

ANN = {"id": str(uuid4()), "type": "user"}
BEN = {"id": str(uuid4()), "type": "user"}
PATCH = "application/json-patch+json"
needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the OpenMetadata schemas are not at hand")


class Client:
    """Just enough of a client: a bearer token, a session, paths below /api/v1."""

    def __init__(self, catalogue: FakeOpenMetadata, token: str = BOT) -> None:
        self.catalogue = catalogue
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method: str, path: str, body: object = None, type_: str = "", **query: Any) -> requests.Response:
        data = None if body is None else json.dumps(body)
        kind = {"Content-Type": type_ or (PATCH if method == "PATCH" else "application/json")}
        url = f"{self.catalogue.host_port}/v1{path}"
        return self.session.request(
            method, url, data=data, params=query, headers=kind, timeout=5, allow_redirects=False
        )

    def topic(self, name: str = "clicks", **fields: Any) -> requests.Response:
        return self("PUT", "/topics", {"name": name, "service": "shop", "partitions": 1, **fields})

    def close(self) -> None:
        self.session.close()


@contextmanager
def serving(token: str = BOT, **options: Any) -> Iterator[tuple[FakeOpenMetadata, Client]]:
    with FakeOpenMetadata(**options) as catalogue:
        client = Client(catalogue, token)
        try:
            yield catalogue, client
        finally:
            client.close()


@pytest.fixture
def catalogue() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        running.add_service("shop")
        yield running


@pytest.fixture
def bot(catalogue: FakeOpenMetadata) -> Iterator[Client]:
    client = Client(catalogue)
    yield client
    client.close()


@pytest.fixture
def ann(catalogue: FakeOpenMetadata) -> Iterator[Client]:
    client = Client(catalogue, USER)
    yield client
    client.close()


def quoted(*names: str) -> str:
    return quote(fqn(*names), safe="")


# --- who may ask --------------------------------------------------------------------------------------------------


def test_version_needs_no_token() -> None:
    """GET /system/version is public, so that a client can tell a wrong address from a wrong token."""
    with serving(token="nobody", version="2.0.7") as (_, client):
        assert client("GET", "/system/version").json()["version"] == "2.0.7"


@pytest.mark.parametrize("header", [None, "Bearer wrong", f"Basic {BOT}", "Bearer "])
def test_everything_else_needs_an_accepted_bearer_token(catalogue: FakeOpenMetadata, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = requests.get(f"{catalogue.host_port}/v1/topics", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 401)


def test_tokens_can_be_changed_while_it_runs(catalogue: FakeOpenMetadata, bot: Client) -> None:
    assert bot("GET", "/topics").status_code == 200
    catalogue.bots = {"rotated"}
    assert bot("GET", "/topics").status_code == 401
    bot.session.headers["Authorization"] = "Bearer rotated"
    assert bot("GET", "/topics").status_code == 200


def test_the_permissions_of_a_kind_list_each_operation(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """All allowed but what `access` says; an unknown kind is a 400."""
    catalogue.access = {("topic", "EditSampleData"): "deny"}
    told = bot("GET", "/permissions/topic").json()
    access = {each["operation"]: each["access"] for each in told["permissions"]}
    assert told["resource"] == "topic"
    assert (access["EditAll"], access["ViewSampleData"], access["EditSampleData"]) == ("allow", "allow", "deny")
    assert bot("GET", "/permissions/stream").status_code == 400


def test_what_is_forbidden_is_a_403(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.forbidden = ["PUT /topics/*/sampleData"]
    made = bot.topic().json()
    assert bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": []}).status_code == 403


def test_outside_of_api_the_ui_answers_with_html(catalogue: FakeOpenMetadata) -> None:
    """A hostPort without /api meets the UI: 200 and a page, whatever the path."""
    answer = requests.get(f"{catalogue.url}/v1/system/version", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unknown_path_of_the_api_is_a_500_whose_text_is_in_response_message(bot: Client) -> None:
    """So is a hostPort that ends in /api/v1: every path is unknown."""
    answer = bot("GET", "/v1/system/version")
    assert (answer.status_code, answer.json()) == (500, {"code": 500, "responseMessage": "HTTP 404 Not Found"})


def test_profiler_configuration_is_empty_unless_set(catalogue: FakeOpenMetadata, bot: Client) -> None:
    path = "/system/settings/profilerConfiguration"
    assert (bot("GET", path).status_code, bot("GET", path).content) == (204, b"")
    catalogue.profiler = {"sampleDataConfig": {"storeSampleData": False}}
    assert bot("GET", path).json()["config_value"]["sampleDataConfig"]["storeSampleData"] is False


# --- names --------------------------------------------------------------------------------------------------------


def test_names_with_dots_are_quoted_in_an_fqn() -> None:
    assert fqn("my.svc", "clicks") == '"my.svc".clicks'


def test_lookups_need_the_quotes(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """`my.svc.acme.clicks` is four names, and no topic has those; needless quotes do no harm."""
    catalogue.add_topic("my.svc", "acme.clicks")
    catalogue.add_topic("shop", "plain")
    assert bot("GET", f"/topics/name/{quoted('my.svc', 'acme.clicks')}").status_code == 200
    assert bot("GET", "/topics/name/my.svc.acme.clicks").status_code == 404
    assert bot("GET", '/topics/name/"shop"."plain"').status_code == 200
    assert bot("GET", '/topics/name/"shop.plain').status_code == 400


def test_the_service_of_a_topic_is_named_by_its_quoted_fqn(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_service("my.svc")
    assert bot.topic(service="my.svc").status_code == 404
    assert bot.topic(service='"my.svc"').status_code == 201
    assert list(catalogue.topics) == ['"my.svc".clicks']


@pytest.mark.parametrize("name", ["a::b", 'a"b', "a\nb", "a\rb", "", "x" * 257])
def test_names_with_reserved_characters_are_refused(bot: Client, name: str) -> None:
    assert bot.topic(name).status_code == 400


@pytest.mark.parametrize("name", ["a__reserved__colon__b", "a>b", "a\tb", "a/b", "a%b", "a\\b", "ünï 注文"])
def test_all_other_names_pass(bot: Client, name: str) -> None:
    assert bot.topic(name).status_code == 201


# --- the names of fields ------------------------------------------------------------------------------------------


def record(name: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "dataType": "RECORD", "children": list(children)}


def leaf(name: str, type_: str = "LONG") -> dict[str, Any]:
    return {"name": name, "dataType": type_}


def holding(*fields: dict[str, Any], text: str = "{}") -> dict[str, Any]:
    return {"schemaType": "JSON", "schemaText": text, "schemaFields": list(fields)}


@pytest.mark.parametrize(
    ("name", "code"),
    [('a"b', 400), ("a\nb", 400), ("", 400), ("x" * 129, 400), ("a\0b", 500)]
    + [(name, 201) for name in ("x" * 128, "a::b", "a>b", "a b", "a/b", "[a]", "1a", "ünï", "a\tb", "a\\b", "A")],
)
@pytest.mark.parametrize("version", ["1.6.0", "1.13.0"])
def test_some_names_of_fields_are_refused_at_once(name: str, code: int, version: str) -> None:
    with serving(version=version) as (catalogue, bot):
        catalogue.add_service("shop")
        assert bot.topic(messageSchema=holding(record("root", leaf(name), leaf("a")))).status_code == code


DOTTED = [record("shop.orders", leaf("id")), record("root", leaf("a.b")), record("root", record("a.b", leaf("id")))]


@pytest.mark.parametrize("field", DOTTED, ids=json.dumps)
@pytest.mark.parametrize("version", ["1.6.0", "1.13.0"])
def test_a_dot_in_a_nested_name_is_taken_once_and_refuses_every_later_change(
    field: dict[str, Any], version: str
) -> None:
    """Also an identical PUT, one of a better schema, and a person's own edits."""
    with serving(version=version) as (catalogue, bot):
        catalogue.add_service("shop")
        made = bot.topic(messageSchema=holding(field))
        better = bot.topic(messageSchema=holding(record("root", leaf("id"))))
        patch = [{"op": "add", "path": "/description", "value": "x"}]
        refused = [bot.topic(messageSchema=holding(field)), better, bot("PATCH", f"/topics/{made.json()['id']}", patch)]
        assert (made.status_code, [each.status_code for each in refused]) == (201, [400] * 3)
        assert refused[0].json()["message"].startswith("Invalid name ")
        assert catalogue.topic("shop", "clicks")["version"] == 0.1


def test_the_way_out_is_a_change_without_a_schema_then_the_better_one(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """The first must change something else too: what lacks nothing but the schema leaves the stored one."""
    bot.topic(sourceHash="1", messageSchema=holding(DOTTED[0]))
    better = holding(record("root", leaf("id")))
    codes = [bot.topic(sourceHash="1").status_code, bot.topic(sourceHash="1", messageSchema=better).status_code]
    codes += [bot.topic(sourceHash="2").status_code, bot.topic(sourceHash="2", messageSchema=better).status_code]
    assert codes == [200, 400, 200, 200]
    assert catalogue.topic("shop", "clicks")["messageSchema"] == better


def test_a_soft_deleted_topic_with_such_a_name_cannot_be_restored(bot: Client) -> None:
    """Not even without a schema: the server compares the stored one with itself. Deleted for good, it can be made."""
    made = bot.topic(messageSchema=holding(DOTTED[0])).json()
    assert bot("DELETE", f"/topics/{made['id']}").status_code == 200
    assert [bot.topic().status_code, bot.topic(partitions=2).status_code] == [400, 400]
    assert bot("PATCH", f"/topics/{made['id']}", []).status_code == 404
    assert bot("DELETE", f"/topics/{made['id']}", hardDelete="true").status_code == 200
    assert bot.topic().status_code == 201


def test_a_newer_server_escapes_dots() -> None:
    with serving(version="2.0.7") as (catalogue, bot):
        catalogue.add_service("shop")
        bot.topic(messageSchema=holding(DOTTED[0]))
        assert bot.topic(partitions=2, messageSchema=holding(DOTTED[0])).status_code == 200


def test_a_leaf_at_the_top_may_hold_a_dot(bot: Client) -> None:
    codes = [bot.topic(partitions=many, messageSchema=holding(leaf("a.b"))).status_code for many in (1, 2)]
    assert codes == [201, 200]


def test_siblings_of_one_name_are_taken_once_and_are_a_500_at_a_change(bot: Client) -> None:
    twins = holding(record("root", leaf("id"), leaf("id", "STRING")))
    codes = [bot.topic(partitions=many, messageSchema=twins).status_code for many in (1, 2)]
    case = holding(record("root", leaf("id"), leaf("ID")))
    codes += [bot.topic("other", partitions=many, messageSchema=case).status_code for many in (1, 2)]
    assert codes == [201, 500, 201, 200]


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"colour": "red"}, "Unrecognized field"),
        ({"partitions": 0}, "partitions"),
        ({"partitions": True}, "partitions"),
        ({"partitions": float("nan")}, "Unable to process JSON"),
        pytest.param({"retentionTime": "a day"}, "retentionTime", marks=needs_schemas),
        pytest.param({"messageSchema": {"schemaType": "XML"}}, "schemaType", marks=needs_schemas),
        pytest.param({"sourceHash": "x" * 33}, "sourceHash", marks=needs_schemas),
        pytest.param({"owners": [{"type": "user"}]}, "owners", marks=needs_schemas),
    ],
)
def test_an_invalid_body_is_a_400_and_remembered(
    catalogue: FakeOpenMetadata, bot: Client, fields: dict[str, Any], complaint: str
) -> None:
    assert complaint in bot.topic(**fields).json()["message"]
    assert [request.path for request, _ in catalogue.invalid_bodies] == ["/topics"]
    assert not catalogue.topics


@pytest.mark.parametrize(
    "body",
    [
        {"service": "shop", "partitions": 1},
        {"name": "clicks", "service": "shop"},
        {"name": "clicks", "service": "shop", "partitions": 1, "colour": "red"},
        {"name": "clicks", "service": "shop", "partitions": True},
        {"name": "x" * 257, "service": "shop", "partitions": 1},
        [],
    ],
)
def test_the_first_rules_hold_without_the_schemas(
    monkeypatch: pytest.MonkeyPatch, bot: Client, body: dict[str, Any]
) -> None:
    """Unknown and missing fields, partitions and names are checked by hand, too."""
    monkeypatch.setattr("tests.fakes.openmetadata._schema_complaint", lambda *_: "")
    assert bot("PUT", "/topics", body).status_code == 400


def test_a_full_topic_is_valid(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """Everything an ingestion of Kinesis can know of a stream fits the schema."""
    children = [{"name": "id", "dataType": "LONG", "dataTypeDisplay": "long"}]
    answer = bot.topic(
        displayName="Clicks", description="All clicks", retentionTime=86_400_000, maximumMessageSize=1_048_576,
        cleanupPolicies=["delete"], topicConfig={"streamMode": "ON_DEMAND"}, sourceHash="0" * 32, domains=["Sales"],
        sourceUrl="https://us-east-2.console.aws.amazon.com/kinesis/home", owners=[ANN],
        messageSchema={"schemaType": "JSON", "schemaText": "{}",
                       "schemaFields": [{"name": "default", "dataType": "RECORD", "children": children}]},
        tags=[{"tagFQN": "PII.None", "source": "Classification", "labelType": "Automated", "state": "Confirmed"}],
    )  # fmt: skip
    assert (answer.status_code, catalogue.invalid_bodies) == (201, [])


@pytest.mark.parametrize(
    ("version", "text", "code"),
    [
        ("1.6.0", "half \ud800 a pair", 200),
        ("1.6.0", "nul \0 byte", 200),
        ("1.13.0", "half \ud800 a pair", 200),
        ("1.13.0", "nul \0 byte", 500),
    ],
)
def test_nul_is_a_500_on_newer_servers_and_half_a_pair_is_taken(version: str, text: str, code: int) -> None:
    with serving(version=version) as (catalogue, bot):
        made = catalogue.add_topic("shop", "clicks")
        assert bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": [text]}).status_code == code


@pytest.mark.parametrize(("version", "code"), [("1.6.0", 400), ("1.13.0", 201)])
def test_a_field_that_a_server_does_not_know_is_a_400(version: str, code: int) -> None:
    """`domains` came with 1.9, `raiseOnError` of a pipeline and the state `stopped` after 1.6."""
    with serving(version=version) as (catalogue, bot):
        service = {"id": catalogue.add_service("shop")["id"], "type": "messagingService"}
        source = {"config": {"type": "MessagingMetadata"}}
        pipeline = {"name": "p", "service": service, "pipelineType": "metadata", "sourceConfig": source}
        path = "/services/ingestionPipelines"
        catalogue.add_pipeline("shop", "orders")
        answers = [
            bot.topic(domains=["Sales"]),
            bot("PUT", path, {**pipeline, "airflowConfig": {}, "raiseOnError": True}),
            bot("PUT", f"{path}/shop.orders/pipelineStatus", {"runId": str(uuid4()), "pipelineState": "stopped"}),
        ]
        assert [each.status_code for each in answers] == [code] * 3
        assert bot("GET", "/topics", fields="domains").ok is (code == 201)


def test_an_escaped_backslash_is_no_nul(bot: Client) -> None:
    made = bot.topic().json()
    assert bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": [r"\u0000"]}).status_code == 200


@pytest.mark.parametrize(("method", "type_"), [("PUT", "text/plain"), ("PATCH", "application/json")])
def test_a_wrong_media_type_is_a_415(bot: Client, method: str, type_: str) -> None:
    made = bot.topic().json()
    path = "/topics" if method == "PUT" else f"/topics/{made['id']}"
    assert bot(method, path, [], type_).status_code == 415


# --- PUT ----------------------------------------------------------------------------------------------------------


def test_a_put_creates_then_updates(catalogue: FakeOpenMetadata, bot: Client) -> None:
    assert [bot.topic().status_code, bot.topic(partitions=4).status_code] == [201, 200]
    assert catalogue.topic("shop", "clicks")["partitions"] == 4


def test_a_put_clears_the_technical_fields_it_leaves_out(catalogue: FakeOpenMetadata, bot: Client) -> None:
    bot.topic(retentionTime=3_600_000, topicConfig={"streamMode": "ON_DEMAND"}, sourceHash="1")
    bot.topic()
    assert {"retentionTime", "topicConfig", "sourceHash"}.isdisjoint(catalogue.topic("shop", "clicks"))


@pytest.mark.parametrize(
    ("version", "kept"),
    [
        ("1.6.0", {"description": "by Ann", "displayName": "Clicks", "owners": [BEN]}),
        ("1.13.0", {"description": "by Ann", "owners": [BEN]}),
        ("2.0.7", {"description": "by Ann", "displayName": "Clicks", "owners": [ANN]}),
    ],
)
def test_what_a_bot_does_not_overwrite_depends_on_the_version(version: str, kept: dict[str, Any]) -> None:
    """Once there are any: 1.6 and 2.0 guard the display name, 2.0 the owners. 1.13 blanks a name that is not sent."""
    with serving(version=version) as (catalogue, bot):
        catalogue.add_topic("shop", "clicks", description="by Ann", displayName="Clicks", owners=[ANN])
        bot.topic(description="by bot", owners=[BEN])
        topic = catalogue.topic("shop", "clicks")
        assert {key: topic[key] for key in ("description", "displayName", "owners") if key in topic} == kept


@pytest.mark.parametrize("version", ["1.6.0", "2.0.7"])
def test_a_bots_display_name_is_taken_at_creation_and_ignored_later(version: str) -> None:
    with serving(version=version) as (catalogue, bot):
        catalogue.add_service("shop")
        for name in ("First", "Second"):
            bot.topic(displayName=name)
        assert catalogue.topic("shop", "clicks")["displayName"] == "First"


def test_a_bot_fills_in_what_is_empty(catalogue: FakeOpenMetadata, bot: Client) -> None:
    bot.topic()
    bot.topic(description="by bot", displayName="Clicks")
    assert catalogue.topic("shop", "clicks")["description"] == "by bot"


def test_a_person_overwrites_and_clears_descriptions(catalogue: FakeOpenMetadata, ann: Client) -> None:
    catalogue.add_topic("shop", "clicks", description="old", displayName="Old")
    ann.topic(description="new")
    topic = catalogue.topic("shop", "clicks")
    assert (topic["description"], "displayName" in topic) == ("new", False)


def test_owners_can_be_replaced_but_not_removed_by_a_put(catalogue: FakeOpenMetadata, ann: Client) -> None:
    catalogue.add_topic("shop", "clicks", owners=[ANN])
    ann.topic()
    assert catalogue.topic("shop", "clicks")["owners"] == [ANN]
    ann.topic(owners=[BEN])
    assert catalogue.topic("shop", "clicks")["owners"] == [BEN]


def test_a_topic_without_owners_or_domains_shows_those_of_its_service_as_inherited(
    catalogue: FakeOpenMetadata, ann: Client
) -> None:
    """They are no part of the topic, unless a PUT sends them back: then they are its own."""
    catalogue.services["shop"].update(owners=[ANN], domains=[{"type": "domain", "fullyQualifiedName": "Sales"}])
    ann.topic()

    def told() -> dict[str, Any]:
        found = ann("GET", f"/topics/name/{quoted('shop', 'clicks')}", fields="owners,domains").json()
        return {key: found[key] for key in ("owners", "domains")}

    assert [each["inherited"] for each in (*told()["owners"], *told()["domains"])] == [True, True]
    assert catalogue.topic("shop", "clicks")["domains"] == []
    ann.topic(owners=told()["owners"], domains=["Sales"])
    assert ["inherited" in each for each in (*told()["owners"], *told()["domains"])] == [False, False]


def test_a_put_adds_tags_and_removes_none(catalogue: FakeOpenMetadata, ann: Client) -> None:
    label = {"source": "Classification", "labelType": "Manual", "state": "Confirmed"}
    catalogue.add_topic("shop", "clicks", tags=[{"tagFQN": "Tier.One", **label}])
    ann.topic(tags=[{"tagFQN": "PII.None", **label}])
    assert [tag["tagFQN"] for tag in catalogue.topic("shop", "clicks")["tags"]] == ["Tier.One", "PII.None"]


@pytest.mark.parametrize("kept", ["domains", "extension"])
def test_a_bot_changes_neither_domains_nor_extension(catalogue: FakeOpenMetadata, bot: Client, kept: str) -> None:
    old = {"domains": [{"id": str(uuid4()), "type": "domain"}], "extension": {"team": "checkout"}}
    catalogue.add_topic("shop", "clicks", extension=old["extension"])["domains"] = old["domains"]
    bot.topic(domains=["Other"], extension={"team": "other"})
    assert catalogue.topic("shop", "clicks")[kept] == old[kept]


def test_a_put_restores_what_was_soft_deleted(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_topic("shop", "clicks", deleted=True, sample=["old"])
    assert bot.topic().status_code == 200
    topic = catalogue.topic("shop", "clicks")
    assert (topic["deleted"], topic["sampleData"]) == (False, {"messages": ["old"]})


def test_the_version_rises_with_every_change_and_only_then(
    catalogue: FakeOpenMetadata, bot: Client, ann: Client
) -> None:
    """By 0.1 for a PUT or PATCH that changes a field, never for a sample."""
    made = bot.topic().json()
    versions = [made["version"], bot.topic().json()["version"], bot.topic(partitions=2).json()["version"]]
    bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": ["{}"]})
    versions.append(catalogue.topic("shop", "clicks")["version"])
    ann("PATCH", f"/topics/{made['id']}", [{"op": "add", "path": "/description", "value": "x"}])
    assert [*versions, catalogue.topic("shop", "clicks")["version"]] == [0.1, 0.1, 0.2, 0.2, 0.3]


def test_a_source_hash_is_a_change_and_so_is_its_absence(catalogue: FakeOpenMetadata, bot: Client) -> None:
    versions = [bot.topic(**each).json()["version"] for each in ({"sourceHash": "1"}, {"sourceHash": "1"}, {})]
    assert (versions, "sourceHash" in catalogue.topic("shop", "clicks")) == ([0.1, 0.1, 0.2], False)


def test_a_put_that_lacks_nothing_but_the_schema_leaves_the_stored_one(
    catalogue: FakeOpenMetadata, bot: Client
) -> None:
    schema = holding(record("root", leaf("id")))
    bot.topic(messageSchema=schema)
    assert (bot.topic().json()["version"], catalogue.topic("shop", "clicks")["messageSchema"]) == (0.1, schema)
    bot.topic(partitions=2)
    assert "messageSchema" not in catalogue.topic("shop", "clicks")


ONE, TWO = holding(record("root", leaf("id"))), holding(record("root", leaf("id"), leaf("name", "STRING")))


def test_a_removed_field_is_a_major_version(bot: Client) -> None:
    """An added one is not; another type is a removal, too."""
    other = holding(record("root", leaf("id", "STRING")))
    assert [bot.topic(messageSchema=each).json()["version"] for each in (ONE, TWO, ONE, other)] == [0.1, 0.2, 1.2, 2.2]


def note(client: Client, id_: str, text: str = "x") -> float:
    patch = [{"op": "add", "path": "/description", "value": text}]
    return float(client("PATCH", f"/topics/{id_}", patch).json()["version"])


def test_a_patch_after_a_put_of_the_same_user_is_consolidated_with_it(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """The version between is gone; a field that it had added counts as removed. Two PUTs stay two versions."""
    made = bot.topic(messageSchema=ONE).json()
    bot.topic(messageSchema=TWO)
    assert note(bot, made["id"]) == 1.1
    assert catalogue.versions("shop", "clicks") == [0.1, 1.1]
    bot.topic(partitions=2, messageSchema=TWO)
    bot.topic(partitions=3, messageSchema=TWO)
    assert catalogue.versions("shop", "clicks") == [0.1, 1.1, 1.2, 1.3]


def test_what_a_patch_takes_back_within_the_session_is_no_version(catalogue: FakeOpenMetadata, bot: Client) -> None:
    made = bot.topic().json()
    assert note(bot, made["id"]) == 0.2
    bot("PATCH", f"/topics/{made['id']}", [{"op": "remove", "path": "/description"}])
    assert catalogue.versions("shop", "clicks") == [0.1]


@pytest.mark.parametrize("why", ["another user", "ten minutes later", "the first change"])
def test_other_patches_make_a_version_of_their_own(
    catalogue: FakeOpenMetadata, bot: Client, ann: Client, why: str
) -> None:
    made = bot.topic(messageSchema=ONE).json()
    if why != "the first change":
        bot.topic(messageSchema=TWO)
    if why == "ten minutes later":
        late = catalogue.now() + SESSION_MS + 1000
        catalogue.now = lambda: late
    assert note(ann if why == "another user" else bot, made["id"]) == (0.2 if why == "the first change" else 0.3)


# --- PATCH --------------------------------------------------------------------------------------------------------

DOCUMENT = {"name": "x", "config": {"a/b": 1}, "tags": [{"t": 1}, {"t": 2}]}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/config/c", "value": 2}, {"config": {"a/b": 1, "c": 2}}),
        ({"op": "replace", "path": "/config/a~1b", "value": 2}, {"config": {"a/b": 2}}),
        ({"op": "remove", "path": "/tags/0"}, {"tags": [{"t": 2}]}),
        ({"op": "add", "path": "/tags/-", "value": {"t": 3}}, {"tags": [{"t": 1}, {"t": 2}, {"t": 3}]}),
        ({"op": "add", "path": "/tags/0", "value": {"t": 0}}, {"tags": [{"t": 0}, {"t": 1}, {"t": 2}]}),
        ({"op": "replace", "path": "/tags/1/t", "value": 9}, {"tags": [{"t": 1}, {"t": 9}]}),
        ({"op": "test", "path": "/name", "value": "x"}, {}),
    ],
)
def test_json_patch_follows_rfc_6902(operation: dict[str, Any], expected: dict[str, Any]) -> None:
    assert patched(DOCUMENT, [operation]) == {**DOCUMENT, **expected}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/description", "value": "there is none yet"},
        {"op": "remove", "path": "/missing"},
        {"op": "add", "path": "/missing/deep", "value": 1},
        {"op": "test", "path": "/partitions", "value": 99},
        {"op": "move", "path": "/partitions", "from": "/version"},
        {"op": "add", "path": "/colour", "value": "red"},
        {"op": "replace", "path": "/partitions", "value": 0},
    ],
)
def test_an_impossible_patch_is_a_500_and_changes_nothing(
    catalogue: FakeOpenMetadata, ann: Client, operation: dict[str, Any]
) -> None:
    made = ann.topic().json()
    answer = ann("PATCH", f"/topics/{made['id']}", [operation])
    assert (answer.status_code, "responseMessage" in answer.json()) == (500, True)
    assert catalogue.topic("shop", "clicks")["version"] == 0.1


def test_a_patch_overwrites_what_a_bots_put_may_not(catalogue: FakeOpenMetadata, bot: Client) -> None:
    made = catalogue.add_topic("shop", "clicks", description="by Ann")
    bot("PATCH", f"/topics/{made['id']}", [{"op": "replace", "path": "/description", "value": "by bot"}])
    assert catalogue.topic("shop", "clicks")["description"] == "by bot"


def test_the_ingestion_bots_policy_denies_patching_a_display_name(
    catalogue: FakeOpenMetadata, bot: Client, ann: Client
) -> None:
    """DisplayName-Deny is a rule of IngestionBotPolicy; people may."""
    patch = [{"op": "add", "path": "/displayName", "value": "Clicks"}]
    path = f"/topics/{bot.topic().json()['id']}"
    assert [bot("PATCH", path, patch).status_code, ann("PATCH", path, patch).status_code] == [403, 200]
    assert catalogue.topic("shop", "clicks")["displayName"] == "Clicks"


def test_a_patch_cannot_rename(catalogue: FakeOpenMetadata, ann: Client) -> None:
    made = ann.topic().json()
    ann("PATCH", f"/topics/{made['id']}", [{"op": "replace", "path": "/name", "value": "other"}])
    assert catalogue.topic("shop", "clicks")["name"] == "clicks"


def test_a_service_is_created_read_and_patched(catalogue: FakeOpenMetadata, bot: Client) -> None:
    config = {"type": "Kinesis", "awsConfig": {"awsRegion": "us-east-2"}}
    body = {"name": "my.svc", "serviceType": "Kinesis", "connection": {"config": config}}
    codes = [bot("PUT", "/services/messagingServices", body).status_code for _ in range(2)]
    made = bot("GET", f"/services/messagingServices/name/{quoted('my.svc')}").json()
    patch = [{"op": "replace", "path": "/connection/config/awsConfig/awsRegion", "value": "eu-west-1"}]
    assert bot("PATCH", f"/services/messagingServices/{made['id']}", patch).status_code == 200
    stored = bot("GET", f"/services/messagingServices/{made['id']}").json()
    assert (codes, stored["connection"]["config"]["awsConfig"]["awsRegion"]) == ([201, 200], "eu-west-1")
    assert {each["name"] for each in bot("GET", "/services/messagingServices").json()["data"]} == {"shop", "my.svc"}
    assert catalogue.invalid_bodies == []


# --- reading ------------------------------------------------------------------------------------------------------


def pages(client: Client, **query: Any) -> Iterator[dict[str, Any]]:
    page = client("GET", "/topics", **query).json()
    yield page
    while after := page["paging"].get("after"):
        page = client("GET", "/topics", after=after, **query).json()
        yield page


def test_a_listing_is_paged_by_an_opaque_cursor(catalogue: FakeOpenMetadata, bot: Client) -> None:
    for number in range(5):
        catalogue.add_topic("shop", f"t{number}")
    seen = list(pages(bot, limit=2, service="shop"))
    assert [[each["name"] for each in page["data"]] for page in seen] == [["t0", "t1"], ["t2", "t3"], ["t4"]]
    assert {page["paging"]["total"] for page in seen} == {5}


def test_a_deletion_between_two_pages_hides_no_topic(catalogue: FakeOpenMetadata, bot: Client) -> None:
    for number in range(4):
        catalogue.add_topic("shop", f"t{number}")
    walk = pages(bot, limit=2)
    first = next(walk)["data"]
    bot("DELETE", f"/topics/{first[0]['id']}")
    assert [each["name"] for each in next(walk)["data"]] == ["t2", "t3"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 1001}, 400),
        ({"limit": -1}, 400),
        ({"limit": "x"}, 400),
        ({"after": "bWFkZSB1cA=="}, 500),
        ({"include": "some"}, 400),
        ({"fields": "x"}, 400),
    ],
)
def test_a_listing_refuses_what_makes_no_sense(bot: Client, query: dict[str, Any], code: int) -> None:
    assert bot("GET", "/topics", **query).status_code == code


def test_a_cursor_is_good_as_it_is_and_for_its_own_query_only(catalogue: FakeOpenMetadata, bot: Client) -> None:
    for number in range(2):
        catalogue.add_topic("shop", f"t{number}")
    after = bot("GET", "/topics", limit=1).json()["paging"]["after"]
    forged = b64encode(b64decode(after).replace(b"t0", b"s0")).decode()
    assert bot("GET", "/topics", limit=1, after=after).status_code == 200
    assert bot("GET", "/topics", limit=1, after=forged).status_code == 500
    assert bot("GET", "/topics", limit=1, after=after, include="all").status_code == 500


@pytest.mark.parametrize(
    ("include", "names"), [("non-deleted", ["live"]), ("deleted", ["dead"]), ("all", ["dead", "live"])]
)
def test_include_decides_about_soft_deleted_topics(
    catalogue: FakeOpenMetadata, bot: Client, include: str, names: list[str]
) -> None:
    catalogue.add_topic("shop", "live")
    dead = catalogue.add_topic("shop", "dead", deleted=True)
    assert [each["name"] for each in bot("GET", "/topics", include=include).json()["data"]] == names
    assert bot("GET", f"/topics/{dead['id']}", include=include).ok == ("dead" in names)
    assert bot("GET", "/topics/name/shop.dead", include=include).ok == ("dead" in names)


def test_a_listing_of_an_unknown_service_is_empty_not_an_error(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """Neither is an unquoted one: an empty list is no proof that there are no topics."""
    catalogue.add_topic("my.svc", "clicks")
    found = {name: len(bot("GET", "/topics", service=name).json()["data"]) for name in ("x", "my.svc", '"my.svc"')}
    assert found == {"x": 0, "my.svc": 0, '"my.svc"': 1}


def test_relations_and_source_hash_come_on_request(bot: Client) -> None:
    bot.topic(sourceHash="abc", owners=[ANN])
    plain = bot("GET", "/topics").json()["data"][0]
    asked = bot("GET", "/topics", fields="sourceHash,owners").json()["data"][0]
    every = bot("GET", "/topics/name/shop.clicks", fields="*").json()
    assert {"sourceHash", "owners", "tags"}.isdisjoint(plain)
    assert (asked["sourceHash"], asked["owners"], "tags" in asked) == ("abc", [ANN], False)
    assert {"sourceHash", "owners", "tags", "domains"} <= every.keys()


def test_a_sample_is_kept_beside_the_topic(catalogue: FakeOpenMetadata, bot: Client) -> None:
    path = f"/topics/{bot.topic().json()['id']}"
    assert bot("GET", f"{path}/sampleData").json()["sampleData"] is None
    bot("PUT", f"{path}/sampleData", {"messages": ["a", "b"]})
    assert bot("GET", f"{path}/sampleData").json()["sampleData"] == {"messages": ["a", "b"]}
    assert "sampleData" not in bot("GET", path, fields="*").json()
    assert catalogue.topic("shop", "clicks")["sampleData"] == {"messages": ["a", "b"]}


@needs_schemas
def test_a_sample_is_strings_only(catalogue: FakeOpenMetadata, bot: Client) -> None:
    path = f"/topics/{bot.topic().json()['id']}/sampleData"
    assert bot("PUT", path, {"messages": [{"id": 1}]}).status_code == 400
    assert len(catalogue.invalid_bodies) == 1


def test_a_delete_is_soft_unless_it_asks_to_be_hard(catalogue: FakeOpenMetadata, bot: Client) -> None:
    path = f"/topics/{bot.topic().json()['id']}"
    assert bot("DELETE", path, hardDelete="false", recursive="true").json()["deleted"] is True
    assert catalogue.topic("shop", "clicks")["deleted"] is True
    assert bot("GET", path).status_code == 404
    assert bot("DELETE", path, hardDelete="true").status_code == 200
    assert catalogue.topics == {}
    assert bot("DELETE", path).status_code == 404


# --- ingestion pipelines ------------------------------------------------------------------------------------------


def test_a_pipeline_keeps_one_status_per_run(catalogue: FakeOpenMetadata, bot: Client) -> None:
    service, run = catalogue.add_service("my.svc"), str(uuid4())
    pipeline = {"name": "orders", "service": {"id": service["id"], "type": "messagingService"}, "airflowConfig": {}}
    config = {"config": {"type": "MessagingMetadata", "markDeletedTopics": True}}
    path = f"/services/ingestionPipelines/{quoted('my.svc', 'orders')}/pipelineStatus"
    status = {"runId": run, "pipelineState": "running", "startDate": 1, "timestamp": 1}
    assert bot("PUT", path, status).status_code == 404
    body = {**pipeline, "pipelineType": "metadata", "sourceConfig": config}
    assert bot("PUT", "/services/ingestionPipelines", body).status_code == 201
    assert bot("GET", f"{path}/{run}").status_code == 204
    for state in ("running", "success"):
        assert bot("PUT", path, {**status, "pipelineState": state}).status_code == 201
    assert bot("GET", f"{path}/{run}").json()["pipelineState"] == "success"
    assert [each["runId"] for each in bot("GET", path, startTs=0, endTs=1).json()["data"]] == [run]
    assert catalogue.statuses['"my.svc".orders'][run]["pipelineState"] == "success"
    assert catalogue.invalid_bodies == []


def test_a_listing_of_statuses_says_from_when_on(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_pipeline("shop", "orders")
    path = "/services/ingestionPipelines/shop.orders/pipelineStatus"
    for moment in (10, 20):
        bot("PUT", path, {"runId": str(moment), "timestamp": moment})
    assert bot("GET", path).status_code == 500
    found = {since: [each["runId"] for each in bot("GET", path, startTs=since).json()["data"]] for since in (0, 15)}
    assert found == {0: ["20", "10"], 15: ["20"]}


def test_two_runs_of_one_timestamp_are_a_409(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """The same run again is not."""
    catalogue.add_pipeline("shop", "orders")
    path = "/services/ingestionPipelines/shop.orders/pipelineStatus"
    codes = [bot("PUT", path, {"runId": run, "timestamp": 10}).status_code for run in ("one", "one", "two")]
    assert codes == [201, 201, 409]


def test_a_run_id_that_is_no_uuid_cannot_be_asked_for(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_pipeline("shop", "orders")
    path = "/services/ingestionPipelines/shop.orders/pipelineStatus"
    assert bot("PUT", path, {"runId": "manual__2026"}).status_code == 201
    assert bot("GET", f"{path}/manual__2026").status_code == 404


@needs_schemas
def test_a_status_is_validated(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_pipeline("shop", "orders")
    path = "/services/ingestionPipelines/shop.orders/pipelineStatus"
    failures = [{"name": f"s{number}", "error": "e"} for number in range(2)]
    good = {"runId": str(uuid4()), "pipelineState": "failed", "status": [{"name": "Source", "failures": failures}]}
    assert bot("PUT", path, good).status_code == 201
    assert bot("PUT", path, {**good, "pipelineState": "broken"}).status_code == 400


# --- what tests see -----------------------------------------------------------------------------------------------


def test_every_request_is_recorded(catalogue: FakeOpenMetadata, bot: Client) -> None:
    bot.topic()
    bot("GET", f"/topics/name/{quoted('my.svc', 'a.b')}", fields="tags")
    put, get = catalogue.calls("PUT", "/topics")[0], catalogue.calls(path="/topics/name/*")[0]
    assert (put.body["name"], put.headers["authorization"]) == ("clicks", f"Bearer {BOT}")
    assert (get.path, get.query) == ('/topics/name/"my.svc"."a.b"', {"fields": "tags"})
    assert get.url == "/api/v1/topics/name/%22my.svc%22.%22a.b%22?fields=tags"
    assert catalogue.counts == {"PUT /topics": 1, "GET /topics/name/{fqn}": 1}


def test_ids_are_the_same_in_every_run() -> None:
    with FakeOpenMetadata() as one, FakeOpenMetadata() as two:
        assert one.add_topic("shop", "clicks")["id"] == two.add_topic("shop", "clicks")["id"]


def test_connections_are_kept_alive(catalogue: FakeOpenMetadata, bot: Client) -> None:
    for _ in range(3):
        bot("GET", "/topics")
    assert catalogue.connections == 1


def test_it_stops_at_once_whatever_hangs() -> None:
    """An idle connection and an answer that never comes end with the server, and so do their threads."""
    threads = threading.active_count()
    with ThreadPoolExecutor(1) as pool, serving(faults=Faults(Rule(Fault.never(), on=2))) as (catalogue, client):
        client("GET", "/system/version")
        hanging = pool.submit(requests.get, f"{catalogue.url}/hanging", timeout=100)
        wait_until(lambda: len(catalogue.requests) == 2)
        catalogue.stop()
        assert isinstance(hanging.exception(timeout=60), requests.ConnectionError)
        with pytest.raises(requests.ConnectionError):
            client("GET", "/system/version")
        assert len(catalogue.requests) == 2
    wait_until(lambda: threading.active_count() == threads)


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Fault.reset(), Fault.lost_answer(), Fault.truncated()], ids=lambda kind: kind.name)
def test_a_broken_connection_is_one(kind: Fault) -> None:
    with serving(faults=Faults(Rule(kind))) as (_, client), pytest.raises(requests.RequestException):
        client("GET", "/system/version")


def test_a_reset_executes_nothing_and_a_lost_answer_everything() -> None:
    plan = Faults(Rule(Fault.reset(), "PUT", on=1), Rule(Fault.lost_answer(), "PUT", on=2))
    with serving(faults=plan) as (catalogue, client):
        catalogue.add_service("shop")
        counts = []
        for _ in range(2):
            with pytest.raises(requests.ConnectionError, match="reset by peer"):
                client.topic()
            counts.append(len(catalogue.topics))
        assert counts == [0, 1]


def test_a_status_has_headers_and_a_body() -> None:
    faults = [Fault.status(503, retry_after="7"), Fault.status(502, html=True, headers={"Via": "proxy"})]
    with serving(faults=Faults(*[Rule(fault, on=nth) for nth, fault in enumerate(faults, 1)])) as (_, client):
        first, second = client("GET", "/system/version"), client("GET", "/system/version")
    assert (first.status_code, first.headers["Retry-After"], first.json()["code"]) == (503, "7", 503)
    assert (second.status_code, second.headers["Via"], "<html>" in second.text) == (502, "proxy", True)


def test_latency_and_drip_delay_the_true_answer() -> None:
    plan = Faults(Rule(Fault.latency(0.1), on=1), Rule(Fault.drip(0.1), on=2))
    with serving(faults=plan) as (_, client):
        for _ in range(2):
            started = time.monotonic()
            assert client("GET", "/system/version").json()["version"] == "1.13.0"
            assert time.monotonic() - started >= 0.1


def test_garbage_html_and_redirects_look_like_answers() -> None:
    faults = [Fault.garbage(), Fault.html(), Fault.redirect("http://login.invalid/")]
    with serving(faults=Faults(*[Rule(fault, on=nth) for nth, fault in enumerate(faults, 1)])) as (_, client):
        garbage, html, redirect = (client("GET", "/system/version") for _ in range(3))
    with pytest.raises(requests.JSONDecodeError):
        garbage.json()
    assert (garbage.status_code, html.status_code, html.text[:15]) == (200, 200, "<!doctype html>")
    assert (redirect.status_code, redirect.headers["Location"]) == (302, "http://login.invalid/")


def test_a_token_can_expire_at_the_nth_request() -> None:
    with serving(faults=Faults(Rule(Fault.expired_credentials(), on=2))) as (catalogue, client):
        answers = [client("GET", "/topics") for _ in range(3)]
        catalogue.bots.add("fresh")
        client.session.headers["Authorization"] = "Bearer fresh"
        assert [each.status_code for each in answers] == [200, 401, 401]
        assert answers[1].json()["message"] == "Expired token!"
        assert client("GET", "/topics").status_code == 200


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        (Rule(Fault.status(500), "PUT", "/topics", on=2), [201, 500, 200, 200]),
        (Rule(Fault.status(500), "PUT", "/topics", on={1, 3}), [500, 201, 500, 200]),
        (Rule(Fault.status(500), "PUT", "/topics", on=range(1, 3)), [500, 500, 201, 200]),
        (Rule(Fault.status(500), "PUT", "/top*"), [500] * 4),
        (Rule(Fault.status(500), "GET", "/topics"), [201, 200, 200, 200]),
        (Rule(Fault.status(500), target=lambda request: request.body["partitions"] == 3), [201, 200, 500, 200]),
    ],
)
def test_a_rule_says_which_requests_and_which_of_them(rule: Rule, codes: list[int]) -> None:
    with serving(faults=Faults(rule)) as (catalogue, client):
        catalogue.add_service("shop")
        assert [client.topic(partitions=number).status_code for number in range(1, 5)] == codes
        assert len(catalogue.faults.injected) == codes.count(500)


def fates(seed: int, workers: int) -> dict[str, list[int]]:
    """Six topics, each put four times in turn; all topics at once if there are workers enough."""
    plan = Faults.random(seed, rate=0.5, kinds=[Fault.status(500), Fault.status(503)])
    with FakeOpenMetadata(faults=plan) as catalogue, ThreadPoolExecutor(workers) as pool:
        catalogue.add_service("shop")

        def put(name: str) -> list[int]:
            client = Client(catalogue)
            codes = [client.topic(name).status_code for _ in range(4)]
            client.close()
            return codes

        names = [f"t{number}" for number in range(6)]
        return dict(zip(names, pool.map(put, names), strict=True))


def test_seeded_faults_replay_whatever_the_threads_do() -> None:
    """Each request's fate hangs on the seed and on which request of its kind it is, not on its place in time."""
    assert fates(7, workers=1) == fates(7, workers=6)
    assert fates(7, workers=1) != fates(8, workers=1)


def test_a_retry_draws_anew() -> None:
    plan = Faults(Chance(1, 0.5, [Fault.status(503)], "GET", "/system/*"))
    with serving(faults=plan) as (_, client):
        codes = {client("GET", "/system/version").status_code for _ in range(20)}
    assert codes == {200, 503}


# --- as a process -------------------------------------------------------------------------------------------------


def test_it_runs_as_a_process() -> None:
    """The first line is the port, the token is `bench`, GET /stats has the counters, SIGTERM ends it."""
    command = [sys.executable, "-m", "tests.fakes.openmetadata", "--latency-ms", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().removeprefix('PORT=').strip()}"
        answer = requests.get(f"{url}/api/v1/topics", headers={"Authorization": "Bearer bench"}, timeout=5)
        stats = requests.get(f"{url}/stats", timeout=5).json()
        process.terminate()
        assert process.wait(60) == 0
    assert (answer.status_code, stats["counts"]) == (200, {"GET /topics": 1})


# --- tags, pipelines, lineage -----------------------------------------------------------------------------------


def test_a_nested_tag_names_its_classification_and_its_parent_by_fqn(catalogue: FakeOpenMetadata, bot: Client) -> None:
    bot("PUT", "/classifications", {"name": "AWS", "description": "d"})
    assert bot("PUT", "/tags", {"classification": "AWS", "name": "cost.center", "description": "d"}).status_code == 201
    nested = {"parent": 'AWS."cost.center"', "name": "x", "description": "d"}
    assert bot("PUT", "/tags", nested).status_code == 500
    assert bot("PUT", "/tags", {**nested, "classification": "AWS"}).status_code == 201
    assert set(catalogue.tags) == {'AWS."cost.center"', 'AWS."cost.center".x'}
    assert bot("PUT", "/tags", {**nested, "classification": "AWS", "name": "x" * 250}).status_code == 500


def test_owners_are_users_or_one_team_of_type_group(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.add_entity("team", "red", teamType="Group")
    catalogue.add_entity("team", "it", teamType="Department")
    catalogue.add_entity("user", "ann")
    red, it, ann = (catalogue.reference_to(*of) for of in (("team", "red"), ("team", "it"), ("user", "ann")))
    codes = [bot.topic(str(n), owners=owners).status_code for n, owners in enumerate(([red], [ann], [it], [red, ann]))]
    assert codes == [201, 201, 400, 400]
    assert bot("GET", "/users/name/ANN").status_code == 200
    assert bot("GET", "/teams/name/RED").status_code == 404


def test_a_server_of_the_1_6_line_has_no_firehose_and_no_state() -> None:
    with serving(version="1.6.0") as (_, bot):
        service = {"name": "p", "serviceType": "KinesisFirehose"}
        assert bot("PUT", "/services/pipelineServices", service).status_code == 400
        assert bot("PUT", "/services/pipelineServices", {**service, "serviceType": "CustomPipeline"}).status_code == 201
        assert bot("PUT", "/pipelines", {"name": "f", "service": "p", "state": "Active"}).status_code == 400


def test_there_is_one_edge_between_two_whoever_drew_it(catalogue: FakeOpenMetadata, bot: Client, ann: Client) -> None:
    catalogue.add_topic("shop", "clicks")
    catalogue.add_entity("table", "a", "b", "c", "d")
    start, end = catalogue.reference_to("topic", "shop", "clicks"), catalogue.reference_to("table", "a", "b", "c", "d")
    catalogue.add_edge(start, end, description="by hand")
    edge = {"fromEntity": start, "toEntity": end, "lineageDetails": {"source": "PipelineLineage"}}
    assert ann("PUT", "/lineage", {"edge": edge}).status_code == 403
    assert bot("PUT", "/lineage", {"edge": edge}).status_code == 200
    path = f"/lineage/getLineageEdge/{start['id']}/{end['id']}"
    assert bot("GET", path).json() == {"edge": {"source": "PipelineLineage"}}
    (told,) = bot("GET", f"/lineage/topic/{start['id']}").json()["downstreamEdges"]
    assert (told["fromEntity"], told["toEntity"]) == (start["id"], end["id"])
    away = f"/lineage/topic/{start['id']}/table/{end['id']}"
    assert [bot("DELETE", away).status_code, bot("DELETE", away).status_code] == [200, 404]
    assert bot("GET", path).status_code == 404
    gone = {**edge, "toEntity": {"id": str(uuid4()), "type": "table"}}
    assert bot("PUT", "/lineage", {"edge": gone}).status_code == 404
