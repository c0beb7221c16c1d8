"""One browser and two Airflows for all of the tests; every page is somebody's, and its console is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.sites import Demo, Site, chromium, demo_site, fab_site

HERE = Path(__file__).parent
PATIENCE = 60_000.0  # ms; a busy machine takes long for what an idle one does at once
Visit = Callable[..., Page]


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
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        started = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """`visit(site, user, path="/", theme="light", **context)`: a page of somebody who has logged in."""
    contexts: list[BrowserContext] = []

    def open_page(site: Site, user: str, path: str = "/", theme: str = "light", **more: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **more})
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": "_token", "value": site.token(user), "url": site.url}])
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
