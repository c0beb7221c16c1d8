"""Airflow connections, made and changed on the page, and tried by a worker. A stored secret is not shown, nor lost."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Request, expect

from airflow_kinesis_ingest.demo.run import KEYS, REGION
from tests.browser.conftest import Visits
from tests.browser.road import NEW, connection, deploy, field, go_on, press
from tests.browser.sites import Demo
from tests.browser.views import NAV, ours
from tests.fakes.identity import CLIENT, OIDC, SECRET, FakeIdentityProvider
from tests.fakes.openmetadata import BOT, FakeOpenMetadata

LONG = 300_000


def make(demo: Demo, name: str, kind: str, extra: dict[str, Any], **more: Any) -> str:
    body = {"connection_id": name, "conn_type": kind, "extra": json.dumps(extra), **more}
    assert demo.call("admin", "POST", "/api/v2/connections", json=body).status_code in (201, 409)
    return name


def to_catalogue(demo: Demo, page: Page, service: str) -> None:
    page.goto(f"{demo.url}{NEW}?step=name")
    field(page, "Service name").fill(service)
    go_on(page, "Connection to AWS")
    field(page, "Connection id").fill(connection(demo, "shop_aws"))
    go_on(page, "Test")
    go_on(page, "Catalogue", "Go on")


def passes(page: Page) -> None:
    press(page, "Test connection")
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
    checks = ours(page).get_by_role("list", name="Checks")
    expect(checks.get_by_role("listitem").filter(has_text="OpenMetadata token")).to_contain_text("done")


def test_a_new_connection_to_openmetadata_is_made_tried_changed_and_tried_again(demo: Demo, visit: Visits) -> None:
    """The token is typed once. The server moves, the token is left alone, and the second one takes it."""
    page = visit(demo, "admin", NAV)
    with FakeOpenMetadata() as first, FakeOpenMetadata() as second:
        to_catalogue(demo, page, "with_catalogue")
        field(page, "OpenMetadata, by a new connection").check()
        field(page, "Id of the new connection").fill("catalogue_new")
        field(
            page,
            "http",
        ).last.check()
        field(page, "Host").fill("127.0.0.1")
        field(page, "Port").fill(str(first.port))
        field(page, "JWT of the bot").fill(BOT)
        press(page, "Store this connection")
        expect(ours(page).get_by_text("catalogue_new is stored in Airflow")).to_be_visible()
        passes(page)
        press(page, "Edit the connection catalogue_new")
        expect(field(page, "JWT of the bot")).to_have_value("")
        field(page, "Port").fill(str(second.port))
        press(page, "Store the changes")
        expect(ours(page).get_by_text("catalogue_new is stored.")).to_be_visible()
        press(page, "Close")
        press(page, "Test again")
        expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
        assert second.calls()
        stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, location.href, history.state])")
        assert BOT not in stored + page.content()


def test_a_connection_whose_token_a_provider_gives_is_made_tried_and_changed(demo: Demo, visit: Visits) -> None:
    """Its secret is not shown again, and not kept where somebody else gives the token; nor are that one's fields."""
    page = visit(demo, "admin", NAV)
    with FakeOpenMetadata() as catalogue, FakeIdentityProvider(catalogue) as provider:
        to_catalogue(demo, page, "with_provider")
        field(page, "OpenMetadata, by a new connection").check()
        field(page, "Id of the new connection").fill("by_provider")
        ours(page).get_by_role("radio", name="http", exact=True).check()
        field(page, "Host").fill("127.0.0.1")
        field(page, "Port").fill(str(catalogue.port))
        field(page, "JWT of the bot").fill("typed for somebody else")
        field(page, "An OpenID Connect provider").check()
        expect(field(page, "JWT of the bot")).to_have_count(0)
        expect(field(page, "Secret key")).to_have_value("")
        field(page, "Client id").fill(CLIENT)
        field(page, "Token endpoint").fill(f"{provider.url}{OIDC}")
        press(page, "Store this connection")
        expect(ours(page).get_by_text("Enter the Secret key")).to_be_visible()
        expect(field(page, "Secret key")).to_have_attribute("type", "password")
        field(page, "Secret key").fill(SECRET)
        press(page, "Store this connection")
        expect(ours(page).get_by_text("by_provider is stored in Airflow")).to_be_visible()
        passes(page)
        assert provider.issued
        press(page, "Edit the connection by_provider")
        expect(field(page, "Client id")).to_have_value(CLIENT)
        expect(field(page, "Secret key")).to_have_value("")
        expect(field(page, "Token endpoint")).to_have_value("")  # Airflow takes it for a token, and hides it
        expect(ours(page).get_by_role("button", name="Store the changes")).to_be_disabled()
        field(page, "OpenMetadata: the JWT of a bot").check()
        press(page, "Store the changes")
        expect(ours(page).get_by_text("Enter the JWT of the bot")).to_be_visible()
        field(page, "JWT of the bot").fill(BOT)
        press(page, "Store the changes")
        expect(ours(page).get_by_text("by_provider is stored.")).to_be_visible()
        press(page, "Close")
        press(page, "Test again")
        expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
        found = demo.call("admin", "GET", "/api/v2/connections/by_provider").json()
        assert (found["login"], json.loads(found["extra"] or "{}")) == (None, {})
        stored = page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, location.href, history.state])")
        assert not any(secret in stored + page.content() for secret in (SECRET, BOT, CLIENT))


def test_a_connection_of_a_workflow_is_changed_and_tried_on_its_page(demo: Demo, visit: Visits) -> None:
    """What the form does not show stays, in the extra too; Airflow's API is sent what changed and nothing else."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "reconnected")
    extra = {"awsRegion": "ap-south-1", "endPointURL": demo.kinesis, "awsSessionToken": "a-session-token"}
    make(demo, "own_aws", "kinesis", extra, login=KEYS["DEMO_ACCESS_KEY"], password=KEYS["DEMO_SECRET_KEY"])
    path = demo.folder / f"{dag}.yaml"
    path.write_text(path.read_text().replace("aws: shop_aws", "aws: own_aws"))
    demo.airflow.wait(lambda: "own_aws" in text_of(demo, dag), "the connection of the workflow")
    sent: list[Any] = []

    def note(request: Request) -> None:
        if request.method == "PATCH":
            sent.append((request.url, request.post_data_json))

    page.on("request", note)
    page.goto(f"{demo.url}{NAV}/reconnected?workflow={dag}&view=file")
    press(page, "Edit the connection own_aws")
    expect(field(page, "AWS Secret Access Key").first).to_have_value("")
    expect(ours(page).get_by_text("One is stored, and not shown.")).to_have_count(2)
    field(page, "AWS Region").fill(REGION)
    press(page, "Store the changes")
    expect(ours(page).get_by_text("own_aws is stored.")).to_be_visible()
    ((url, body),) = sent
    assert url.endswith("/connections/own_aws?update_mask=extra")
    assert "password" not in body
    assert json.loads(body["extra"]) == {**extra, "awsRegion": REGION, "awsSessionToken": "***"}
    ours(page).get_by_role("button", name="Test connection").first.click()
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)


def text_of(demo: Demo, dag: str) -> str:
    return str(demo.call("admin", "GET", f"/kinesis/api/workflows/{dag}").json().get("text"))


def test_who_may_not_change_a_connection_and_what_is_in_no_database_is_told(demo: Demo, visit: Visits) -> None:
    connection(demo, "shop_aws")
    page = visit(demo, "user", f"{NEW}?step=connection")
    field(page, "Connection id").fill("shop_aws")
    press(page, "Edit the connection shop_aws")
    expect(ours(page).get_by_text("You may not look at this connection")).to_be_visible()
    page = visit(demo, "op", f"{NEW}?step=connection")
    field(page, "Connection id").fill("in_a_vault")
    press(page, "Edit the connection in_a_vault")
    expect(ours(page).get_by_text("It is in a secrets backend or a variable")).to_be_visible()
    visit.errors.clear()


def test_a_test_goes_to_the_queue_that_was_chosen(demo: Demo, visit: Visits) -> None:
    """Where the loader names it; else the page says what the loader must say."""
    page = visit(demo, "admin", f"{NEW}?step=name")
    field(page, "Service name").fill("queued_kinesis")
    go_on(page, "Connection to AWS")
    field(page, "Connection id").fill(connection(demo, "shop_aws"))
    go_on(page, "Test")
    loader = demo.folder.parent / "kinesis_workflows.py"
    before = loader.read_text()
    loader.write_text(before.replace("probe=True", 'probe=["eu west"]'))
    path = "/api/v2/dags/kinesis_probe.eu_west"
    field(page, "Queue").fill("eu west")
    demo.call("admin", "PUT", "/kinesis/api/store", json={})
    demo.airflow.wait(lambda: demo.call("admin", "GET", path).status_code == 200, "the probe of the queue")
    press(page, "Test connection")
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
    expect(ours(page).get_by_text("queue eu west").first).to_be_visible()
    loader.write_text(before)
