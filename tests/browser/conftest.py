"""One browser and two Airflows for all of the tests; every page is somebody's, and its console is watched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.chromium import PATIENCE, chromium
from tests.browser.sites import Demo, Site, demo_site, fab_site
from tests.browser.views import View, ours

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(1500))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_site(tmp_path_factory.mktemp("demo")) as site:
        yield site


@pytest.fixture(scope="session")
def fab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with fab_site(tmp_path_factory.mktemp("fab") / "site") as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass
class Visits:
    """Opens pages, in a browser context for each, and notes what ours write to the console.

    errors: of our own code and routes; a test that makes some on purpose clears them.
    """

    browser: Browser
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, site: Site, user: str, path: str = "/", theme: str = "light", **more: Any) -> Page:
        """The page of somebody who has logged in; nobody's for the user "". more: of playwright's new_context."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **more})
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if user:
            context.add_cookies([{"name": "_token", "value": site.token(user), "url": site.url}])
        context.add_init_script(f"if (location.host) localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(f"{error.message}\n{error.stack}"))
        page.goto(site.url + path)
        return page

    def view(self, site: Site, view: View, user: str = "admin", **more: Any) -> Page:
        """One of the views, once all of it is there."""
        page = self(site, user, view.path, **more)
        expect(ours(page).get_by_text(view.shows).first).to_be_visible()
        expect(ours(page).locator(".skeleton")).to_have_count(0)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        if message.type == "error" and ("/kinesis/" in place or "/kinesis/" in message.text):
            self.errors.append(f"{place}: {message.text}")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visits]:
    """At the end the console of the pages holds no error of ours."""
    visits = Visits(browser)
    yield visits
    for context in visits.contexts:
        context.close()
    assert visits.errors == []
