"""What is written from the page: whole or not at all, over what was seen, by who may, and never a secret shown."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import get_auth_manager
from airflow.models.connection import Connection

from airflow_kinesis_ingest.deployment import validation
from airflow_kinesis_ingest.engine.workflow.fence import Fence
from airflow_kinesis_ingest.page.access import Author
from tests.airflow.loading import NAME, SOURCE, Bundle, stored
from tests.page.conftest import Client

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"
SHOP = f"""\
# the shop
name: shop
source: {json.dumps(SOURCE)}
sink: {{type: metadata-rest, config: {{}}}}
workflowConfig:
  openMetadataServerConfig:
    hostPort: http://om:8585/api
    authProvider: openmetadata
    securityConfig:
      jwtToken: {TOKEN}
airflowConfig:
  scheduleInterval: hourly  # as the shop changes
"""
WRITING = [("GET", "files/shop"), ("PUT", "workflows/shop"), ("DELETE", "workflows/shop"), ("POST", "draft")]


@pytest.fixture
def folder(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """The page's own bundle."""
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    configured = [{"name": NAME, "classpath": local, "kwargs": {"path": str(bundle.root)}}]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(configured))
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__PAGE_BUNDLE", NAME)
    return bundle


@pytest.fixture
def shop(folder: Bundle) -> Path:
    path = folder.put("shop.yaml", SHOP)
    stored(folder)
    return path


def asked(client: Client, method: str, path: str, body: object = None, role: str = "op", **headers: str) -> Any:
    raw = None if body is None else json.dumps(body).encode()
    given = {"content-type": "application/json"} | headers
    return client(role).request(method, f"/kinesis/api/{path}", content=raw, headers=given)


def seen(client: Client) -> dict[str, Any]:
    answer = asked(client, "GET", "files/shop")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_edit_keeps_all_of_the_file_but_what_was_edited(client: Client, shop: Path) -> None:
    """Its secret too, which nobody was shown."""
    before = seen(client)
    assert TOKEN not in before["text"]
    order = {"dag_id": "shop", "text": before["text"], "fields": [{"place": ["airflowConfig", "retries"], "value": 2}]}
    draft = asked(client, "POST", "draft", order).json()
    assert draft["faults"] == []
    assert "  retries: 2\n" in draft["text"]
    answer = asked(client, "PUT", "workflows/shop", {"text": draft["text"], "version": before["version"]})
    assert answer.status_code == 200, answer.text
    assert shop.read_text() == SHOP + "  retries: 2\n"
    assert answer.json()["version"] == seen(client)["version"]


def test_a_new_workflow_is_a_file_that_the_loader_reads(client: Client, folder: Bundle) -> None:
    fields = [{"place": ["name"], "value": "books"}, {"place": ["source"], "value": SOURCE}]
    draft = asked(client, "POST", "draft", {"fields": fields}).json()
    assert draft["name"] == "books"
    assert draft["next_runs"]
    assert draft["runs_at_once"] is True
    assert asked(client, "PUT", "workflows/books", {"text": draft["text"]}).status_code == 200
    assert "books" in folder.worker_dags()
    stored(folder)
    text = asked(client, "GET", "workflows/books").json()["text"]
    assert text == draft["text"]


def test_the_first_workflow_brings_its_folder_and_its_loader(client: Client, folder: Bundle) -> None:
    (folder.root / folder.loader).unlink()
    folder.folder.rmdir()
    text = f"name: books\nsource: {json.dumps(SOURCE)}\n"
    assert asked(client, "PUT", "workflows/books", {"text": text}).status_code == 200
    assert "books" in folder.worker_dags()


def test_the_store_is_made_ready_before_there_is_a_workflow(client: Client, folder: Bundle) -> None:
    """So that a connection can be tried out; as often as one likes."""
    (folder.root / folder.loader).unlink()
    for _ in range(2):
        assert asked(client, "PUT", "store", {}).json() == {"loader": "kinesis_workflows.py"}
    assert "kinesis_probe" in folder.worker_dags()
    assert asked(client, "PUT", "store", {}, role="viewer").status_code == 403


def test_a_file_that_changed_meanwhile_is_told_with_what_it_is_now(client: Client, shop: Path) -> None:
    before = seen(client)
    shop.write_text(SHOP + "# somebody else\n")
    for method, body in (("PUT", {"text": before["text"]} | {"version": before["version"]}), ("DELETE", None)):
        answer = asked(client, method, "workflows/shop", body or {"version": before["version"]})
        assert answer.status_code == 409
        assert answer.json()["detail"]["text"].endswith("# somebody else\n")
        assert TOKEN not in answer.text
    assert shop.read_text() == SHOP + "# somebody else\n"


def test_of_two_who_save_at_once_one_is_told(client: Client, shop: Path) -> None:
    """A double click, too: one file, and no debris."""
    before = seen(client)
    bodies = [{"text": before["text"] + f"# {n}\n", "version": before["version"]} for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: asked(client, "PUT", "workflows/shop", body).status_code, bodies))
    assert sorted(answers) == [200, *[409] * 5]
    assert os.listdir(shop.parent) == ["shop.yaml"]


def test_a_file_with_faults_is_not_written_and_each_fault_has_its_line(client: Client, shop: Path) -> None:
    before = seen(client)
    text = before["text"].replace("scheduleInterval", "scheduleIntervall")
    answer = asked(client, "PUT", "workflows/shop", {"text": text, "version": before["version"]})
    assert answer.status_code == 422
    [fault] = answer.json()["detail"]["faults"]
    assert fault["line"] == 12
    assert shop.read_text() == SHOP


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("name: shop\n", "name: books\n", "another workflow"),
        ("http://om:", "http://elsewhere:", "stored secret"),
    ],
)
def test_an_edit_makes_no_other_workflow_and_sends_a_stored_secret_nowhere_else(
    client: Client, shop: Path, old: str, new: str, why: str
) -> None:
    before = seen(client)
    text = before["text"].replace(old, new)
    answer = asked(client, "PUT", "workflows/shop", {"text": text, "version": before["version"]})
    assert (answer.status_code, why in answer.text) == (422, True)
    assert shop.read_text() == SHOP


def test_a_removed_workflow_is_gone_from_the_folder_alone(client: Client, shop: Path) -> None:
    version = seen(client)["version"]
    assert asked(client, "DELETE", "workflows/shop", {"version": version}).json() == {"file": "workflows/shop.yaml"}
    assert not shop.exists()
    assert asked(client, "GET", "files/shop").status_code == 404


@pytest.mark.usefixtures("shop")
def test_a_name_is_free_or_says_why_not(client: Client, folder: Bundle) -> None:
    folder.put("books.yaml", name="novels")

    def why(name: str) -> str | None:
        found: str | None = asked(client, "GET", f"names/{name}").json()["why"]
        return found

    assert why("orders") is None
    assert "DAG has this name" in str(why("shop"))
    assert "file has this name" in str(why("novels"))
    assert "letters" in str(why("a b"))


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "a%2Fb", "%2e%2e%2fx", ".hidden", "x" * 251, "a\\b", "é"])
def test_no_name_leaves_the_folder(client: Client, folder: Bundle, name: str) -> None:
    before = sorted(folder.root.parent.rglob("*"))
    text = f"name: {json.dumps(name)}\nsource: {json.dumps(SOURCE)}\n"
    answer = asked(client, "PUT", f"workflows/{name}", {"text": text})
    assert answer.status_code in (404, 405, 409, 422)
    assert sorted(folder.root.parent.rglob("*")) == before


def test_a_link_out_of_the_folder_is_not_followed(client: Client, folder: Bundle, tmp_path: Path) -> None:
    """Also where Airflow has not read it yet."""
    outside = tmp_path / "outside.yaml"
    outside.write_text(SHOP)
    (folder.folder / "shop.yaml").symlink_to(outside)
    for method, path, body in (("GET", "files/shop", None), ("PUT", "workflows/shop", {"text": SHOP})):
        answer = asked(client, method, path, body)
        assert (answer.status_code, "outside of the page's folder" in answer.text) == (409, True), answer.text
    assert outside.read_text() == SHOP


@pytest.mark.usefixtures("shop")
def test_a_file_of_another_bundle_is_read_only(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    configured = [{"name": "pages", "classpath": local, "kwargs": {"path": str(tmp_path / "pages")}}]
    (tmp_path / "pages").mkdir()
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(configured))
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__PAGE_BUNDLE", "pages")
    answer = asked(client, "GET", "files/shop")
    assert answer.status_code == 409
    assert f"bundle {NAME}, workflows/shop.yaml" in answer.text


@pytest.mark.parametrize(
    ("name", "classpath", "why"),
    [
        ("", "", "look and not write"),
        ("elsewhere", "airflow.dag_processing.bundles.local.LocalDagBundle", "no such DAG bundle"),
        ("pages", "airflow.dag_processing.bundles.local.LocalDagBundle", "may write"),
    ],
)
def test_where_nothing_can_be_written_the_page_says_why(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str, classpath: str, why: str, tmp_path: Path
) -> None:
    configured = [{"name": "pages", "classpath": classpath, "kwargs": {"path": str(tmp_path / "none")}}]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(configured if classpath else []))
    monkeypatch.setenv("AIRFLOW__KINESIS_INGEST__PAGE_BUNDLE", name)
    found = asked(client, "GET", "store").json()
    assert found["bundle"] is None
    assert why in found["why"]


@pytest.mark.parametrize(("method", "path"), WRITING)
@pytest.mark.parametrize("role", ["", "viewer"])
def test_who_may_not_edit_dags_may_not_write(client: Client, shop: Path, method: str, path: str, role: str) -> None:
    answer = asked(client, method, path, {"text": SHOP, "version": "x"}, role=role)
    assert answer.status_code == (403 if role else 401)
    assert shop.read_text() == SHOP


OF_A_TARGET = 'targets: {account: "111111111111", awsRegion: us-east-2, connection: prod_aws}'


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("naming", ["connections: {aws: prod_aws}", OF_A_TARGET])
def test_a_connection_is_named_by_who_may_look_at_it(naming: str, client: Client) -> None:
    text = f"name: books\nsource: {json.dumps(SOURCE)}\n{naming}\n"
    answer = asked(client, "PUT", "workflows/books", {"text": text}, role="user")
    assert answer.status_code == 403
    assert "prod_aws" in answer.text
    assert asked(client, "PUT", "workflows/books", {"text": text}).status_code == 200


KEPT = f"""\
name: books
source: {json.dumps(SOURCE)}
sink: {{type: metadata-rest, config: {{}}}}
connections: {{aws: prod_aws, openmetadata: prod_om}}
workflowConfig:
  openMetadataServerConfig:
    hostPort: http://om:8585/api
    authProvider: custom-oidc
    securityConfig: {{clientId: me, secretKey: "${{SECRET}}", tokenEndpoint: "https://idp.example.com/token"}}
"""
ROLE = "arn:aws:iam::222222222222:role/r"


@pytest.mark.parametrize(
    ("old", "new", "which"),
    [
        ('"awsRegion"', '"endPointURL": "https://elsewhere.example.com", "awsRegion"', "prod_aws"),
        ('"awsRegion"', f'"assumeRoleArn": "{ROLE}", "awsRegion"', "prod_aws"),
        ('"awsRegion"', '"profileName": "mine", "awsRegion"', "prod_aws"),
        ("name: books\n", f"name: books\ntargets: {{assumeRoleArn: '{ROLE}'}}\n", "prod_aws"),
        ("http://om:", "http://elsewhere:", "prod_om"),
        ("idp.example.com", "elsewhere.example.com", "prod_om"),
        ("    hostPort", "    verifySSL: ignore\n    hostPort", "prod_om"),
    ],
)
def test_a_kept_connection_is_sent_elsewhere_by_who_may_look_at_it(
    client: Client, folder: Bundle, old: str, new: str, which: str
) -> None:
    """Its secret would go where they say."""
    path = folder.put("books.yaml", KEPT)
    stored(folder)
    version = asked(client, "GET", "files/books").json()["version"]
    body = {"text": KEPT.replace(old, new), "version": version}
    answer = asked(client, "PUT", "workflows/books", body, role="user")
    assert (answer.status_code, which in answer.text) == (403, True), answer.text
    assert path.read_text() == KEPT
    assert asked(client, "PUT", "workflows/books", body).status_code == 200


def test_what_sends_no_secret_elsewhere_is_changed_beside_a_connection_by_who_may_edit(
    client: Client, folder: Bundle
) -> None:
    folder.put("books.yaml", KEPT)
    stored(folder)
    version = asked(client, "GET", "files/books").json()["version"]
    text = KEPT.replace("us-east-2", "eu-west-1") + "airflowConfig: {retries: 2}\n"
    assert asked(client, "PUT", "workflows/books", {"text": text, "version": version}, role="user").status_code == 200


@pytest.mark.usefixtures("folder")
def test_a_copy_of_a_file_does_not_take_the_stars_for_its_secret(client: Client) -> None:
    text = SHOP.replace("name: shop", "name: books").replace(TOKEN, '"***"')
    for method, path, body in (("POST", "draft", {"text": text}), ("PUT", "workflows/books", {"text": text})):
        answer = asked(client, method, path, body)
        assert answer.status_code == 422, answer.text
        [fault] = answer.json()["detail"]["faults"]
        assert (fault["line"], "stands for a secret" in fault["problem"]) == (10, True)


@pytest.mark.usefixtures("folder")
def test_a_connection_of_a_team_is_asked_for_with_its_team(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else another team's is taken for everybody's."""
    asked_for = list[Any]()

    def note(_: Any, *, method: str, user: Any, details: Any = None) -> bool:
        asked_for.append((method, user.get_name(), details.conn_id, details.team_name))
        return False

    monkeypatch.setattr(Connection, "get_team_name", lambda conn_id: f"team of {conn_id}")
    monkeypatch.setattr(type(get_auth_manager()), "is_authorized_connection", note)
    text = f"name: books\nsource: {json.dumps(SOURCE)}\nconnections: {{aws: prod_aws}}\n"
    assert asked(client, "PUT", "workflows/books", {"text": text}).status_code == 403
    assert asked_for == [("GET", "op", "prod_aws", "team of prod_aws")]


def test_a_draft_says_which_other_file_writes_its_service_from_another_account(client: Client, shop: Path) -> None:
    """As `deploy` does: to think about, and no fault. Of an edit, its own file is no other one."""
    mine, theirs = (f'options: {{account: "{number * 12}"}}\n' for number in ("1", "2"))
    shop.write_text(SHOP + theirs)
    copy = {"text": SHOP.replace("name: shop", "name: copy") + mine}
    said = f"`{SOURCE['serviceName']}` is also written by workflows/shop.yaml, from 222222222222 in "
    found = asked(client, "POST", "draft", copy).json()
    assert [each["problem"].startswith(said) for each in found["advice"] if "also written" in each["problem"]] == [True]
    assert found["faults"] == []
    (shop.parent / "copy.yaml").write_text(copy["text"])
    edit = asked(client, "POST", "draft", {"dag_id": "shop"}).json()
    assert [each["problem"] for each in edit["advice"] if "workflows/copy.yaml, from 111111111111" in each["problem"]]
    (shop.parent / "copy.yaml").write_text(copy["text"].replace(mine, theirs))
    assert "also written" not in asked(client, "POST", "draft", {"dag_id": "shop"}).text


def test_a_file_that_one_may_not_see_is_not_named_beside_a_draft(
    client: Client, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That there is one is said: the runs of both would write over each other."""
    shop.write_text(SHOP + 'options: {account: "222222222222"}\n')
    monkeypatch.setattr(Author, "may_see", lambda _, dag_id: dag_id != "shop")
    copy = {"text": SHOP.replace("name: shop", "name: copy") + 'options: {account: "111111111111"}\n'}
    found = asked(client, "POST", "draft", copy)
    assert "a workflow that you may not see writes this service too" in found.text
    assert "shop.yaml" not in found.text
    assert "222222222222" not in found.text


def test_a_folder_is_read_again_where_it_was_changed(
    client: Client, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The review asks with every key that is typed."""
    read: list[str] = []
    one = validation._one

    def noted(path: Path, fence: Fence) -> validation.Checked:
        read.append(path.name)
        return one(path, fence)

    monkeypatch.setattr(validation, "_one", noted)
    for _ in range(3):
        assert asked(client, "POST", "draft", {"text": "name: x"}).status_code == 200
    assert read == ["shop.yaml"]
    shop.write_text(SHOP + "# changed\n")
    asked(client, "POST", "draft", {"text": "name: x"})
    assert read == ["shop.yaml"] * 2


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    ("value", "why"),
    [("\ud800", "half a surrogate"), ({"\udfff": 1}, "half a surrogate"), (deep(500), "levels deep")],
)
def test_what_no_file_can_hold_is_refused_with_the_reason(value: Any, why: str, client: Client, shop: Path) -> None:
    """Wherever it stands in what is sent."""
    places = {"fields": [{"place": ["description"], "value": value}]}, {"text": value}, {"dag_id": value}, value
    for body in places:
        answer = asked(client, "POST", "draft", body)
        assert answer.status_code == 400, answer.text
        assert why in answer.json()["detail"]
    assert asked(client, "PUT", "workflows/shop", {"text": value}).status_code == 400
    assert asked(client, "DELETE", "workflows/shop", {"version": value}).status_code == 400
    assert shop.read_text() == SHOP


@pytest.mark.parametrize(("method", "path"), WRITING[1:])
def test_what_other_sites_send_is_refused(client: Client, shop: Path, method: str, path: str) -> None:
    body = {"text": SHOP, "version": seen(client)["version"]}
    assert asked(client, method, path, body, **{"sec-fetch-site": "cross-site"}).status_code == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert asked(client, method, path, body, **{"content-type": kind}).status_code == 415
    assert shop.read_text() == SHOP


@pytest.mark.usefixtures("folder")
def test_the_audit_log_has_who_did_what_and_no_text(client: Client) -> None:
    from airflow.models.log import Log
    from airflow.utils.session import create_session

    text = f"name: audited\nsource: {json.dumps(SOURCE)}\n"
    assert asked(client, "PUT", "workflows/audited", {"text": text}).status_code == 200
    with create_session() as session:
        [line] = session.query(Log).filter(Log.dag_id == "audited").all()
        found = (line.event, line.owner, json.loads(line.extra or ""))
    assert found == ("kinesis_workflow_saved", "op", {"file": "workflows/audited.yaml"})
