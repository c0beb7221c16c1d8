"""Who may see and do what: with SimpleAuthManager, with FAB's default roles, and without a login."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.seeding import LARGE
from tests.browser.sites import ROLES, Demo, Site
from tests.browser.views import NAV, View, ours, service

MANAGERS = ("demo", "fab")
MAY_RUN = ("admin", "op", "user")  # and pause
SEES_PLUGINS = ("admin", "op")  # of FAB's roles, as they come
DAGS = {"demo": "demo", "fab": LARGE}


def site_of(manager: str, request: pytest.FixtureRequest) -> Site:
    site: Site = request.getfixturevalue(manager)
    return site


def routes(manager: str) -> list[str]:
    workflow = f"/kinesis/api/workflows/{DAGS[manager]}"
    return ["/kinesis/api/services", workflow, f"{workflow}/runs?limit=25"]


def bundle(site: Site) -> str:
    """The path of the page's first module, as Airflow tells it to the browser."""
    apps = [
        app for plugin in site.call("admin", "GET", "/api/v2/plugins").json()["plugins"] for app in plugin["react_apps"]
    ]
    return next(str(app["bundle_url"]) for app in apps if app["name"] == "Kinesis")


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_an_answer_of_every_route(manager: str, role: str, request: pytest.FixtureRequest) -> None:
    """All four may read DAGs. Who may less is told by the answer, not by an error."""
    site = site_of(manager, request)
    answers = [site.call(role, "GET", path) for path in (*routes(manager), bundle(site))]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    workflow = answers[1].json()["workflow"]
    assert (workflow["may_edit"], workflow["may_run"]) == ((role in MAY_RUN),) * 2


@pytest.mark.parametrize("manager", MANAGERS)
def test_nobody_gets_nothing(manager: str, request: pytest.FixtureRequest) -> None:
    """Neither who has not logged in, nor another site's page with the cookie of who has."""
    site = site_of(manager, request)
    foreign = {"Cookie": f"_token={site.token('admin')}", "Sec-Fetch-Site": "cross-site"}
    for path in (*routes(manager), bundle(site), "/kinesis/openapi.json", "/kinesis/docs"):
        assert site.call("", "GET", path).status_code in (401, 403, 404), path
        assert site.call("", "GET", path, headers=foreign).status_code in (403, 404), path


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_dag_that_is_not_there_is_not_found(manager: str, request: pytest.FixtureRequest) -> None:
    site = site_of(manager, request)
    assert site.call("viewer", "GET", "/kinesis/api/workflows/no_such_dag").status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_every_role_sees_every_view_and_what_it_may_do(demo: Demo, visit: Visits, role: str) -> None:
    """Who may not run or pause is not offered it."""
    page = visit.view(demo, View("runs", "demo", service("demo_kinesis", "runs"), "Last run of"), role)
    for name in ("Run now", "Pause"):
        expect(ours(page).get_by_role("button", name=name, exact=True)).to_have_count(int(role in MAY_RUN))
    for link, shown in (("Streams", "web.clicks"), ("Workflow and connection", "# The workflow of `make demo`")):
        ours(page).get_by_role("link", name=link, exact=True).click()
        expect(ours(page).get_by_text(shown).first).to_be_visible()
    ours(page).get_by_role("link", name="Kinesis services").click()
    for dag in ("Demo streams", "Broken orders", "never_run"):
        expect(ours(page).get_by_role("link", name=dag, exact=True)).to_be_visible()
    expect(ours(page).get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("role", ROLES)
def test_fabs_viewer_and_user_see_the_page_once_they_may_read_plugins(fab: Site, visit: Visits, role: str) -> None:
    """As the README says. Airflow itself shows a 404 until then."""
    page = visit(fab, role, NAV)
    if role not in SEES_PLUGINS:
        expect(page.get_by_text("404").or_(page.get_by_text("Page Not Found")).first).to_be_visible()
        assert ours(page).count() == 0
        allow_plugins(fab, role)
        page = visit(fab, role, NAV)
    expect(ours(page).get_by_role("heading", name="500 services")).to_be_visible()


def allow_plugins(fab: Site, role: str) -> None:
    """What an administrator does under Security > List Roles."""
    name = role.capitalize()
    actions = fab.call("admin", "GET", f"/auth/fab/v1/roles/{name}").json()["actions"]
    plugins = {"action": {"name": "can_read"}, "resource": {"name": "Plugins"}}
    body = {"name": name, "actions": [*actions, plugins]}
    assert fab.call("admin", "PATCH", f"/auth/fab/v1/roles/{name}", json=body).ok
