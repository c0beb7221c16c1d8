"""A workflow that is there is changed by the steps that make a new one; its file keeps all that was not changed."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.road import NEW, deploy, deployed, edit_by_steps, field, go_on, heading, press, text_of
from tests.browser.sites import Demo
from tests.browser.views import NAV, ours
from tests.fakes.openmetadata import BOT, FakeOpenMetadata

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"
SERVER = f"""\
workflowConfig:
  openMetadataServerConfig:
    hostPort: http://om.example.com:8585/api  # ours
    authProvider: openmetadata
    securityConfig:
      jwtToken: {TOKEN}
"""


def to_step(page: Page, name: str) -> None:
    ours(page).get_by_role("navigation", name="Steps").get_by_role("link", name=name).click()
    heading(page, name)


def stored(page: Page) -> str:
    return str(page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, location.href, history.state])"))


def test_an_edit_by_steps_keeps_comments_order_and_secrets(demo: Demo, visit: Visits) -> None:
    """The review says what changes; nothing else of the file does. A secret is neither shown nor lost."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "by_steps")
    path = demo.folder / f"{dag}.yaml"
    path.write_text("# of the shop\n" + path.read_text() + SERVER + "# the end\n")
    before = path.read_text()
    edit_by_steps(page)
    expect(ours(page).get_by_text("# of the shop")).to_be_visible()
    expect(ours(page).get_by_role("button", name="Save and deploy")).to_be_disabled()
    to_step(page, "Name")
    expect(ours(page).get_by_text("Airflow keeps its runs under this name")).to_be_visible()
    field(page, "Description of the service").fill("Orders")
    press(page, "To the review")
    heading(page, "Review and deploy")
    to_step(page, "Schedule")
    field(page, "Retries").fill("3")
    go_on(page, "Review and deploy")
    changes = ours(page).get_by_role("region", name="What changes")
    expect(changes).to_contain_text("2 changes")
    expect(changes).to_contain_text("airflowConfig.retries not set → 3")
    assert TOKEN not in page.content() + stored(page)
    press(page, "Save and deploy")
    deployed(page)
    after = path.read_text()
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert added == ["  retries: 3", "service:", "  description: Orders"]
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('kinesis'))") == []


def test_steps_and_text_are_one_click_apart_and_lose_nothing(demo: Demo, visit: Visits) -> None:
    """What was changed by steps stands in the text; half changed, the text comes first; undone, all is as it was."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "both_ways")
    edit_by_steps(page)
    to_step(page, "Schedule")
    field(page, "Retries").fill("4")
    page.reload()
    expect(field(page, "Retries")).to_have_value("4")
    press(page, "Next")
    heading(page, "Review and deploy")
    press(page, "Edit as text")
    expect(text_of(page)).to_have_value(pattern("retries: 4"))
    expect(ours(page).get_by_role("link", name="Edit by steps")).to_have_count(0)
    press(page, "Undo my changes")
    ours(page).get_by_role("link", name="Edit by steps").click()
    heading(page, "Review and deploy")
    expect(ours(page).get_by_text("This is the file as it is.")).to_be_visible()
    assert "retries" not in (demo.folder / f"{dag}.yaml").read_text()


def pattern(text: str) -> Any:
    return re.compile(re.escape(text))


def test_a_fault_leads_to_its_step_or_to_the_text(demo: Demo, visit: Visits) -> None:
    """Of a file that cannot be deployed, too."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "faulty_steps")
    path = demo.folder / f"{dag}.yaml"
    path.write_text(path.read_text().replace("scheduleInterval: null", "scheduleInterval: 61 * * * *") + "notes: x\n")
    edit_by_steps(page)
    faults = ours(page).get_by_role("region", name="The file has faults")
    faults.get_by_role("link", name="Change Schedule").click()
    heading(page, "Schedule")
    field(page, "Hourly").check()
    press(page, "Next")
    heading(page, "Review and deploy")
    expect(faults.get_by_role("listitem")).to_have_count(1)
    faults.get_by_role("button", name="Change the text").click()
    text = text_of(page)
    expect(text).to_have_value(pattern("scheduleInterval: hourly"))
    text.fill(text.input_value().replace("notes: ***", "# none"))
    press(page, "Save and deploy")
    deployed(page)


def test_a_file_that_changed_meanwhile_takes_the_changes_of_the_steps(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "meanwhile")
    path = demo.folder / f"{dag}.yaml"
    edit_by_steps(page)
    to_step(page, "Schedule")
    field(page, "Retries").fill("5")
    go_on(page, "Review and deploy")
    expect(ours(page).get_by_text("1 change")).to_be_visible()
    path.write_text("# theirs\n" + path.read_text())
    press(page, "Save and deploy")
    press(page, "Make my changes in it")
    expect(ours(page).get_by_text("# theirs")).to_be_visible()
    press(page, "Save and deploy")
    deployed(page)
    assert path.read_text().startswith("# theirs\n")
    assert "retries: 5" in path.read_text()
    visit.errors.clear()  # of the version that was refused


def test_a_deployment_is_announced_in_openmetadata_by_a_worker(demo: Demo, visit: Visits) -> None:
    """Of an edit by steps; the token is the connection's, which the api-server never has."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "announced")
    with FakeOpenMetadata() as catalogue:
        server = {"conn_type": "openmetadata", "host": "127.0.0.1", "schema": "http", "port": catalogue.port}
        body = {"connection_id": "announced_om", "password": BOT, **server}
        assert demo.call("admin", "POST", "/api/v2/connections", json=body).status_code in (201, 409)
        edit_by_steps(page)
        to_step(page, "Catalogue")
        field(page, "OpenMetadata, by a connection that Airflow has").check()
        field(page, "Connection id").fill("announced_om")
        press(page, "To the review")
        heading(page, "Review and deploy")
        press(page, "Save and deploy")
        deployed(page)
        expect(ours(page).get_by_text("OpenMetadata shows this pipeline.")).to_be_visible(timeout=300_000)
        assert [pipeline["name"] for pipeline in catalogue.pipelines.values()] == [dag]
        assert catalogue.topics == {}


def test_back_leads_back_and_never_forward(demo: Demo, visit: Visits) -> None:
    """The page's own Back is the browser's, so that the next one leads out of the steps."""
    page = visit(demo, "admin", NAV)
    ours(page).get_by_role("link", name="Add service").click()
    heading(page, "Add service: name")
    field(page, "Service name").fill("back_kinesis")
    go_on(page, "Connection to AWS")
    field(page, "Connection id").fill("in_a_vault")
    go_on(page, "Test")
    press(page, "Back")
    heading(page, "Connection to AWS")
    expect(ours(page).get_by_role("heading", level=1)).to_be_focused()
    press(page, "Back")
    heading(page, "Add service: name")
    page.go_forward()
    heading(page, "Connection to AWS")
    page.go_back()
    page.go_back()
    heading(page, "Kinesis services")
    page.goto(f"{demo.url}{NEW}?step=test")
    press(page, "Back")
    heading(page, "Connection to AWS")
    page.go_back()
    heading(page, "Kinesis services")
    ours(page).get_by_role("link", name="Add service").click()
    ours(page).get_by_role("navigation", name="Steps").get_by_role("link", name="Connection to AWS").click()
    expect(field(page, "Connection id")).to_have_value("in_a_vault")
