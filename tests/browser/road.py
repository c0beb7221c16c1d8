"""The road to a workflow, as a person walks it."""

from __future__ import annotations

import json

from playwright.sync_api import Locator, Page, expect

from airflow_kinesis_ingest.demo.run import KEYS, REGION
from tests.browser.sites import Demo
from tests.browser.views import NAV, ours

NEW = f"{NAV}/new"


def heading(page: Page, name: str) -> None:
    expect(ours(page).get_by_role("heading", level=1)).to_have_text(name)


def press(page: Page, name: str) -> None:
    ours(page).get_by_role("button", name=name, exact=True).click()


def go_on(page: Page, heads: str, button: str = "Next") -> None:
    press(page, button)
    heading(page, heads)


def field(page: Page, label: str) -> Locator:
    return ours(page).get_by_label(label)


def connection(demo: Demo, name: str) -> str:
    """One to the demo's streams, as Airflow has it."""
    extra = json.dumps({"awsRegion": REGION, "endPointURL": demo.kinesis})
    keys = {"login": KEYS["DEMO_ACCESS_KEY"], "password": KEYS["DEMO_SECRET_KEY"], "extra": extra}
    body = {"connection_id": name, "conn_type": "kinesis", **keys}
    assert demo.call("admin", "POST", "/api/v2/connections", json=body).status_code in (201, 409)
    return name


def to_review(page: Page, service: str, connection_id: str) -> None:
    """The shortest way: a connection that is there, the file sink, on demand."""
    heading(page, "Add service: name")
    field(page, "Service name").fill(service)
    go_on(page, "Connection to AWS")
    field(page, "Connection id").fill(connection_id)
    go_on(page, "Test")
    go_on(page, "Catalogue", "Go on")
    field(page, "A file on the worker").check()
    go_on(page, "What to ingest")
    go_on(page, "Schedule")
    field(page, "On demand").check()
    go_on(page, "Review and deploy")


def deployed(page: Page) -> None:
    expect(ours(page).get_by_text("Deployed.", exact=True)).to_be_visible(timeout=300_000)


def deploy(demo: Demo, page: Page, service: str) -> str:
    """A new workflow, open in the page. Its DAG id."""
    page.goto(f"{demo.url}{NEW}?step=name")
    to_review(page, service, connection(demo, "shop_aws"))
    press(page, "Deploy")
    deployed(page)
    ours(page).get_by_role("link", name=f"Open {service}_metadata").click()
    heading(page, service)
    return f"{service}_metadata"


def text_of(page: Page) -> Locator:
    return ours(page).get_by_role("textbox", name="The text of")


def edit_by_steps(page: Page) -> None:
    ours(page).get_by_role("link", name="Edit", exact=True).click()
    heading(page, "Review and deploy")


def edit(page: Page) -> Locator:
    edit_by_steps(page)
    press(page, "Edit as text")
    expect(text_of(page)).to_be_visible()
    return text_of(page)
