"""The views of the page: where each is, and what shows that it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Locator, Page

from tests.browser.seeding import LARGE

NAV = "/plugin/kinesis"
TAB = "plugin/kinesis-workflow"


@dataclass(frozen=True)
class View:
    """site: the demo's Airflow, or FAB's with the seeded rows. shows: a text that is there when all of it is."""

    name: str
    site: Literal["demo", "fab"]
    path: str
    shows: str

    def __str__(self) -> str:
        return self.name


def service(name: str, view: str) -> str:
    return f"{NAV}/{name}?view={view}"


VIEWS = [
    View("services", "demo", NAV, "Demo streams"),
    View("many-services", "fab", NAV, "500 services"),
    View("runs", "fab", service(LARGE, "runs"), "12 runs"),
    View("older-run", "demo", f"{service('demo_kinesis', 'runs')}&run=manual__older", "is not among the last"),
    View("streams", "demo", service("demo_kinesis", "streams"), "web.clicks"),
    View("many-streams", "fab", service(LARGE, "streams"), "10,000 streams"),
    View("workflow", "demo", service("demo_kinesis", "file"), "# The workflow of `make demo`"),
    View("broken-workflow", "demo", service("broken_kinesis", "file"), "Did you mean"),
    View("no-run", "demo", service("never_kinesis", "runs"), "No run yet."),
    View("tab", "demo", f"/dags/demo/{TAB}", "Last run of"),
]

ROAD = [
    View(step, "demo", f"{NAV}/new?step={step}", f"Step {number} of 7")
    for number, step in enumerate(["name", "connection", "test", "catalogue", "options", "schedule", "review"], 1)
]
"""The steps that lead to a new workflow, with nothing filled in."""


def ours(page: Page) -> Locator:
    """What of the page is ours."""
    return page.locator("main.kinesis")
