"""A file with targets on the page: each of its accounts and regions is looked at, tried and run by itself."""

from __future__ import annotations

import re

import boto3
from botocore.config import Config
from playwright.sync_api import Page, expect

from airflow_kinesis_ingest.demo.run import KEYS, REGION
from tests.browser.conftest import Visits
from tests.browser.road import deploy, deployed, edit_by_steps, field, go_on, press
from tests.browser.sites import Demo
from tests.browser.test_edit import to_step
from tests.browser.views import NAV, ours

ACCOUNT = "123456789012"
OTHER = "us-east-1"
TARGETS = f"""\
targets:  # two regions of one account
  account: "{ACCOUNT}"
  regions: [{REGION}, {OTHER}]
"""
SLOW = 300_000


def stream_elsewhere(demo: Demo, name: str) -> None:
    """In the other region: a run that sees none asks AWS itself whose account it is."""
    client = boto3.client(
        "kinesis",
        region_name=OTHER,
        endpoint_url=demo.kinesis,
        aws_access_key_id=KEYS["DEMO_ACCESS_KEY"],
        aws_secret_access_key=KEYS["DEMO_SECRET_KEY"],
        config=Config(proxies={}),
    )
    client.create_stream(StreamName=name, ShardCount=1)
    client.get_waiter("stream_exists").wait(StreamName=name)


def view(page: Page, name: str) -> None:
    ours(page).get_by_role("navigation", name="Views").get_by_role("link", name=name).click()


def test_each_target_is_edited_tried_and_run_by_itself(demo: Demo, visit: Visits) -> None:
    """The steps keep the targets, and say so; a test and a list of streams are of the one that is chosen."""
    stream_elsewhere(demo, "far.clicks")
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "two_regions")
    path = demo.folder / f"{dag}.yaml"
    path.write_text(path.read_text() + TARGETS)
    edit_by_steps(page)
    to_step(page, "Name")
    expect(ours(page).get_by_text("This file has targets")).to_be_visible()
    to_step(page, "Test")
    expect(ours(page).get_by_text("each can be tried once that is deployed")).to_be_visible()
    to_step(page, "Schedule")
    field(page, "Retries").fill("1")
    go_on(page, "Review and deploy")
    press(page, "Save and deploy")
    deployed(page)
    assert path.read_text().endswith(TARGETS)

    page.goto(f"{demo.url}{NAV}/two_regions?workflow={dag}&view=file")
    expect(ours(page).get_by_text("2 targets")).to_be_visible(timeout=SLOW)
    ours(page).get_by_label("Account and region").select_option(label=f"{ACCOUNT} {OTHER}")
    press(page, "Test connection")
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=SLOW)

    press(page, "Run now")
    view(page, "Runs")
    targets = ours(page).get_by_role("region", name="2 targets")
    for region in (OTHER, REGION):
        row = targets.get_by_role("row", name=re.compile(f"{ACCOUNT} {region} Success"))
        expect(row).to_be_visible(timeout=SLOW)
    view(page, "Streams")
    expect(ours(page).get_by_text("web.clicks").first).to_be_visible(timeout=SLOW)
    ours(page).get_by_label("Account and region").select_option(label=f"{ACCOUNT} {OTHER}")
    expect(ours(page).get_by_text("far.clicks").first).to_be_visible(timeout=SLOW)
    expect(ours(page).get_by_text("web.clicks")).to_have_count(0)
