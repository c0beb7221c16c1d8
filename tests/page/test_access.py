"""Who is let in, on every route there is, with Airflow's own roles."""

from __future__ import annotations

import re
from typing import Any

import pytest
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from fastapi import FastAPI
from fastapi.routing import APIRoute, Mount
from starlette.routing import BaseRoute

from airflow_kinesis_ingest.page.app import create_app
from airflow_kinesis_ingest.page.routes.static import FOLDER, digest, files
from tests.airflow.loading import SOURCE, Bundle, stored
from tests.page.conftest import ROLES, Client
from tests.page.rows import run

VALUES = {"dag_id": "shop", "name": "books", "version": digest(), "name:path": "main.js", "run_id": "run-1"}
FOR_AUTHORS = ("/kinesis/api/names/books", "/kinesis/api/files/shop")


def calls_of(route: BaseRoute) -> list[tuple[str, str]]:
    assert isinstance(route, APIRoute), f"{route} is none of FastAPI's: it can have no dependency"
    path = "/kinesis" + re.sub(r"{(.*?)}", lambda found: VALUES[found[1]], route.path)
    return [(method, path) for method in route.methods]


CALLS = [call for route in create_app().routes for call in calls_of(route)]
PATHS = [path for method, path in CALLS if method == "GET" and path not in FOR_AUTHORS]
"""Of what everybody may look at."""


def test_the_routes_are_known() -> None:
    """One that is not walked is not tested."""
    assert (len(CALLS), len(PATHS)) == (14, 8)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_nobody_is_let_in_without_a_login(method: str, path: str, client: Client) -> None:
    assert client("").request(method, path, json={}).status_code == 401
    wrong = {"Authorization": "Bearer x"}
    assert client("").request(method, path, json={}, headers=wrong).status_code in (401, 403)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_other_site_may_ask_anything(site: str, method: str, path: str, client: Client) -> None:
    answer = client("admin").request(method, path, json={}, headers={"Sec-Fetch-Site": site})
    assert (answer.status_code, "other sites" in answer.text) == (403, True)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_is_refused_though_the_cookie_came_along(site: str, path: str, client: Client) -> None:
    admin = client("admin")
    assert admin.get(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    token = {"Authorization": f"Bearer {admin.cookies['_token']}"}
    assert client("").get(path, headers={"Sec-Fetch-Site": site, **token}).status_code == 200


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_may_look(role: str, path: str, client: Client) -> None:
    assert client(role).get(path).status_code == 200


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("user", True), ("op", True), ("admin", True)])
def test_who_may_edit_and_run_is_told(role: str, may: bool, client: Client) -> None:
    [service] = client(role).get("/kinesis/api/services").json()["services"]
    for workflow in (service["workflows"][0], client(role).get("/kinesis/api/workflows/shop").json()["workflow"]):
        assert (workflow["may_edit"], workflow["may_run"]) == (may, may)


def test_there_is_no_page_of_documentation_that_asks_nobody() -> None:
    app = create_app()
    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)


# --- an auth manager that tells DAGs and parts of them apart ---------------------------------------------------------


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch, app: FastAPI) -> set[object]:  # noqa: ARG001
    """What the user may not: ids of DAGs, parts of them, views."""
    nothing: set[object] = set()
    manager = type(get_auth_manager())

    def is_authorized_dag(_: Any, *, access_entity: object = None, details: Any = None, **_more: Any) -> bool:
        return nothing.isdisjoint({access_entity, details and details.id} - {None})

    def is_authorized_view(_: Any, *, access_view: object, **_more: Any) -> bool:
        return access_view not in nothing

    monkeypatch.setattr(manager, "is_authorized_dag", is_authorized_dag)
    monkeypatch.setattr(manager, "is_authorized_view", is_authorized_view)
    return nothing


def put_two(bundle: Bundle) -> None:
    bundle.put("shop.yaml", source={**SOURCE, "serviceName": "shop"})
    bundle.put("secret.yaml", "name: hidden\nsource: {serviceName: undisclosed, type: x}")
    stored(bundle)


def test_a_dag_that_one_may_not_read_is_named_nowhere(bundle: Bundle, client: Client, forbidden: set[object]) -> None:
    """Neither its service nor its file, broken as it is."""
    put_two(bundle)
    whole = client("admin").get("/kinesis/api/services")
    assert {"undisclosed", "shop"} == {one["name"] for one in whole.json()["services"]}
    forbidden.add("hidden")
    rest = client("admin").get("/kinesis/api/services")
    assert [one["name"] for one in rest.json()["services"]] == ["shop"]
    assert "secret" not in rest.text
    for path in ("workflows/hidden", "workflows/hidden/runs", "workflows/hidden/runs/run-1/targets"):
        assert client("admin").get(f"/kinesis/api/{path}").status_code == 403


def test_import_errors_are_for_who_may_see_airflows(bundle: Bundle, client: Client, forbidden: set[object]) -> None:
    bundle.put("shop.yaml")
    bundle.put("b/shop.yaml", "name: shop\nsource: [")
    stored(bundle)
    assert len(client("admin").get("/kinesis/api/services").json()["import_errors"]) == 1
    forbidden.add(AccessView.IMPORT_ERRORS)
    assert client("admin").get("/kinesis/api/services").json()["import_errors"] == []


@pytest.mark.usefixtures("shop")
def test_the_file_is_for_who_may_read_code(client: Client, forbidden: set[object]) -> None:
    forbidden.add(DagAccessEntity.CODE)
    page = client("admin").get("/kinesis/api/workflows/shop").json()
    assert page["text"] is None
    assert page["service"]["name"] == "shop"


@pytest.mark.usefixtures("shop")
def test_what_a_run_stored_is_for_who_may_read_xcoms(client: Client, forbidden: set[object]) -> None:
    run("shop", 1, value={"state": "success", "listed": 3})
    forbidden.add(DagAccessEntity.XCOM)
    for found in seen(client):
        assert (found["run_id"], found["state"], found["numbers"], found["outcome"]) == ("run-1", "success", None, None)


@pytest.mark.usefixtures("shop")
def test_runs_are_for_who_may_see_them(client: Client, forbidden: set[object]) -> None:
    run("shop", 1, value={"state": "success", "listed": 3})
    assert len(seen(client)) == 3
    forbidden.add(DagAccessEntity.RUN)
    assert seen(client) == []


def seen(client: Client) -> list[Any]:
    """The run on each of the routes that has it."""
    admin = client("admin")
    [service] = admin.get("/kinesis/api/services").json()["services"]
    page = admin.get("/kinesis/api/workflows/shop").json()
    runs = admin.get("/kinesis/api/workflows/shop/runs").json()["runs"]
    return [*runs, *filter(None, (service["workflows"][0]["last"], page["workflow"]["last"]))]


def test_500_workflows_are_no_500_questions(bundle: Bundle, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """An auth manager may be a server far away. How it tells which DAGs may be read is its own matter."""
    for number in range(20):
        bundle.put(f"s{number}.yaml")
    stored(bundle)
    manager, asked = type(get_auth_manager()), list[object]()
    allowed: Any = manager.is_authorized_dag

    def ids(*_: Any, **__: Any) -> set[str]:
        return {f"s{number}" for number in range(20)}

    def note(*args: Any, **more: Any) -> bool:
        asked.append(more)
        return bool(allowed(*args, **more))

    monkeypatch.setattr(manager, "get_authorized_dag_ids", ids)
    monkeypatch.setattr(manager, "is_authorized_dag", note)
    assert len(client("admin").get("/kinesis/api/services").json()["services"][0]["workflows"]) == 20
    assert len(asked) == 4


# --- static files ----------------------------------------------------------------------------------------------------


def test_the_code_is_kept_by_the_browser_as_long_as_it_is_this_version(client: Client) -> None:
    admin = client("viewer")
    kept = admin.get(f"/kinesis/static/{digest()}/main.js")
    assert (kept.status_code, kept.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in kept.headers["cache-control"]
    assert "private" in kept.headers["cache-control"]
    assert admin.get("/kinesis/static/other/main.js").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["none.js", "../app.py", "%2e%2e/app.py", "/etc/passwd", "vendor", ""])
def test_nothing_but_the_pages_files_is_served(name: str, client: Client) -> None:
    assert client("admin").get(f"/kinesis/static/{digest()}/{name}").status_code == 404


def test_every_file_of_the_folder_is_served() -> None:
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == set(files().values())


@pytest.mark.parametrize(("url", "base"), [("", ""), ("https://host/af/", "/af"), ("http://host:8080", "")])
def test_the_page_is_in_airflows_navigation_and_a_tab_of_its_dags(
    url: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where Airflow is served below a path."""
    from airflow_kinesis_ingest.plugin import KinesisIngestPlugin

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", url)
    nav, tab = KinesisIngestPlugin().react_apps
    assert (nav["destination"], tab["destination"]) == ("nav", "dag")
    assert nav["url_route"] != tab["url_route"]
    assert nav["bundle_url"] == tab["bundle_url"] == f"{base}/kinesis/static/{digest()}/main.js"


def test_airflow_mounts_the_app(app: FastAPI) -> None:
    assert [route.path for route in app.routes if isinstance(route, Mount) and route.path == "/kinesis"] == ["/kinesis"]
