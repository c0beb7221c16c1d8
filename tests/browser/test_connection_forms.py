"""Airflow's own forms for connections of our types, as a person fills them in."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Locator, Page, expect

from airflow_kinesis_ingest.demo.run import KEYS, REGION
from tests.browser.conftest import Visits
from tests.browser.sites import Demo
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import BOT, FakeOpenMetadata


def chosen(page: Page, name: str, typed: str) -> Locator:
    """The dialogue for a new connection, of the first type that is offered for what is typed."""
    page.get_by_role("button", name="Add Connection").click()
    dialogue = page.get_by_role("dialog")
    dialogue.locator("input[name=connection_id]").fill(name)
    dialogue.get_by_role("combobox").fill(typed)
    dialogue.get_by_role("combobox").press("Enter")
    return dialogue


def save(dialogue: Locator, fields: Mapping[str, str], extra: Mapping[str, str]) -> None:
    for name, value in fields.items():
        dialogue.locator(f"input[name={name}]").fill(value)
    dialogue.get_by_role("button", name="Extra Fields", exact=True).click()
    for name, value in extra.items():
        dialogue.locator(f"input[name=element_{name}]").fill(value)
        dialogue.locator(f"input[name=element_{name}]").blur()
    dialogue.get_by_role("button", name="Save").click()
    expect(dialogue).to_be_hidden()


def press_test(page: Page, name: str) -> None:
    page.get_by_role("row", name=name).get_by_role("button", name="Test Connection").click()


def test_the_test_button_works_on_a_saved_kinesis_connection(demo: Demo, visit: Visits) -> None:
    """It finds the stored secret, which the browser never gets back, and says what works."""
    with FakeKinesis(json_streams(5, 3), region=REGION) as kinesis:
        page = visit(demo, "admin", "/connections")
        dialogue = chosen(page, "shop_kinesis", "kinesis")
        keys = {"login": KEYS["DEMO_ACCESS_KEY"], "password": KEYS["DEMO_SECRET_KEY"], "port": "443"}
        save(dialogue, keys, {"awsRegion": REGION, "endPointURL": kinesis.url})
        press_test(page, "shop_kinesis")
        expect(page.get_by_text("It works: AWS credentials, ListStreams")).to_be_visible()
        assert {call.access_key for call in kinesis.calls()} == {KEYS["DEMO_ACCESS_KEY"]}


def test_the_test_button_works_on_a_saved_openmetadata_connection(demo: Demo, visit: Visits) -> None:
    """Who types "openmetadata" is offered that type, and `Verify SSL` shows no null."""
    with FakeOpenMetadata() as catalogue:
        page = visit(demo, "admin", "/connections")
        dialogue = chosen(page, "shop_catalogue", "openmetadata")
        expect(dialogue.get_by_text("JWT of the bot")).to_be_visible()
        fields = {"host": "127.0.0.1", "schema": "http", "port": str(catalogue.port), "password": BOT}
        for name, value in fields.items():
            dialogue.locator(f"input[name={name}]").fill(value)
        dialogue.get_by_role("button", name="Extra Fields", exact=True).click()
        expect(dialogue.get_by_text("Verify SSL")).to_be_visible()
        expect(dialogue.get_by_text("null", exact=True)).to_have_count(0)
        dialogue.get_by_role("button", name="Save").click()
        expect(dialogue).to_be_hidden()
        press_test(page, "shop_catalogue")
        expect(page.get_by_text("It works: OpenMetadata reachable, OpenMetadata token")).to_be_visible()
