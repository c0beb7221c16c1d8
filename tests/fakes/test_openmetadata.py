"""The contract FakeOpenMetadata keeps, told through `requests`; sources are in the fake's own docstrings."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64decode as b64decode
from base64 import urlsafe_b64encode as b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from tests.fakes.openmetadata import BOT, BOT_KEEPS_1_13, SCHEMAS, USER, FakeOpenMetadata, fqn, patched
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


def test_what_is_forbidden_is_a_403(catalogue: FakeOpenMetadata, bot: Client) -> None:
    catalogue.forbidden = ["PUT /topics/*/sampleData"]
    made = bot.topic().json()
    assert bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": []}).status_code == 403


def test_outside_of_api_the_ui_answers_with_html(catalogue: FakeOpenMetadata) -> None:
    """A hostPort without /api meets the UI: 200 and a page, whatever the path."""
    answer = requests.get(f"{catalogue.url}/v1/system/version", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_an_unknown_path_of_the_api_is_a_404_in_json(bot: Client) -> None:
    assert bot("GET", "/nothing").json() == {"code": 404, "message": "HTTP 404 Not Found"}


def test_profiler_configuration_is_a_404_unless_set(catalogue: FakeOpenMetadata, bot: Client) -> None:
    path = "/system/settings/profilerConfiguration"
    assert bot("GET", path).status_code == 404
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


@pytest.mark.parametrize("name", ["a::b", "a>b", 'a"b', "a\nb", "a\rb", "a\tb", "", "x" * 257])
def test_names_with_reserved_characters_are_refused(bot: Client, name: str) -> None:
    assert bot.topic(name).status_code == 400


def test_rewritten_names_pass(bot: Client) -> None:
    assert bot.topic("a__reserved__colon__b").status_code == 201


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


@pytest.mark.parametrize("text", ["nul \0 byte", "half \ud800 a pair"])
def test_what_postgres_cannot_store_is_a_500(bot: Client, text: str) -> None:
    """jsonb has neither NUL nor lone surrogates; OpenMetadata answers 500."""
    made = bot.topic().json()
    assert bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": [text]}).status_code == 500


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


def test_a_bot_does_not_overwrite_what_people_wrote(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """On 2.0 a bot's PUT leaves description, displayName and owners alone, once there are any."""
    catalogue.add_topic("shop", "clicks", description="by Ann", displayName="Clicks", owners=[ANN])
    bot.topic(description="by bot", owners=[BEN])
    topic = catalogue.topic("shop", "clicks")
    assert (topic["description"], topic["displayName"], topic["owners"]) == ("by Ann", "Clicks", [ANN])


def test_a_bot_fills_in_what_is_empty(catalogue: FakeOpenMetadata, bot: Client) -> None:
    bot.topic()
    bot.topic(description="by bot", displayName="Clicks")
    assert catalogue.topic("shop", "clicks")["description"] == "by bot"


def test_before_32955_a_bot_blanks_a_display_name_by_not_sending_it() -> None:
    """1.13 as released guards the description only."""
    with serving(bot_keeps=BOT_KEEPS_1_13) as (catalogue, bot):
        catalogue.add_topic("shop", "clicks", description="by Ann", displayName="Clicks")
        bot.topic()
        assert "displayName" not in catalogue.topic("shop", "clicks")
        assert catalogue.topic("shop", "clicks")["description"] == "by Ann"


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


def test_the_version_rises_with_every_change_and_only_then(catalogue: FakeOpenMetadata, bot: Client) -> None:
    """By 0.1 for a PUT or PATCH that changes a field, never for a sample."""
    made = bot.topic().json()
    versions = [made["version"], bot.topic().json()["version"], bot.topic(partitions=2).json()["version"]]
    bot("PUT", f"/topics/{made['id']}/sampleData", {"messages": ["{}"]})
    versions.append(catalogue.topic("shop", "clicks")["version"])
    bot("PATCH", f"/topics/{made['id']}", [{"op": "add", "path": "/description", "value": "x"}])
    assert [*versions, catalogue.topic("shop", "clicks")["version"]] == [0.1, 0.1, 0.2, 0.2, 0.3]


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
def test_an_impossible_patch_is_a_400_and_changes_nothing(
    catalogue: FakeOpenMetadata, ann: Client, operation: dict[str, Any]
) -> None:
    made = ann.topic().json()
    assert ann("PATCH", f"/topics/{made['id']}", [operation]).status_code == 400
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
    "query",
    [{"limit": 1001}, {"limit": -1}, {"limit": "x"}, {"after": "bWFkZSB1cA=="}, {"include": "some"}, {"fields": "x"}],
)
def test_a_listing_refuses_what_makes_no_sense(bot: Client, query: dict[str, Any]) -> None:
    assert bot("GET", "/topics", **query).status_code == 400


def test_a_cursor_is_good_as_it_is_and_for_its_own_query_only(catalogue: FakeOpenMetadata, bot: Client) -> None:
    for number in range(2):
        catalogue.add_topic("shop", f"t{number}")
    after = bot("GET", "/topics", limit=1).json()["paging"]["after"]
    forged = b64encode(b64decode(after).replace(b"t0", b"s0")).decode()
    assert bot("GET", "/topics", limit=1, after=after).status_code == 200
    assert bot("GET", "/topics", limit=1, after=forged).status_code == 400
    assert bot("GET", "/topics", limit=1, after=after, include="all").status_code == 400


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
    assert [each["runId"] for each in bot("GET", path).json()["data"]] == [run]
    assert catalogue.statuses['"my.svc".orders'][run]["pipelineState"] == "success"
    assert catalogue.invalid_bodies == []


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


def until(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true within two seconds."""
    deadline = time.monotonic() + 2
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def test_it_stops_at_once_whatever_hangs() -> None:
    """An idle connection and an answer that never comes end with the server, and so do their threads."""
    threads = threading.active_count()
    with ThreadPoolExecutor(1) as pool, serving(faults=Faults(Rule(Fault.never(), on=2))) as (catalogue, client):
        client("GET", "/system/version")
        hanging = pool.submit(requests.get, f"{catalogue.url}/hanging", timeout=5)
        assert until(lambda: len(catalogue.requests) == 2)
        started = time.monotonic()
        catalogue.stop()
        assert isinstance(hanging.exception(timeout=2), requests.ConnectionError)
        with pytest.raises(requests.ConnectionError):
            client("GET", "/system/version")
        assert (time.monotonic() - started < 1, len(catalogue.requests)) == (True, 2)
    assert until(lambda: threading.active_count() == threads)


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
        assert process.wait(5) == 0
    assert (answer.status_code, stats["counts"]) == (200, {"GET /topics": 1})
