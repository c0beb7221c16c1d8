"""500 services, one of them with 10,000 streams."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import Visits
from tests.browser.seeding import CHANGES, DRIFTED, LARGE, SERVICES
from tests.browser.sites import Site
from tests.browser.views import NAV, ours, service


def test_500_services_are_searched_and_sorted(fab: Site, visit: Visits) -> None:
    """By one question about all services, not by one for each; the other is whether this user may add one."""
    asked: list[str] = []
    page = visit(fab, "admin")
    page.on("request", lambda request: asked.append(request.url) if "/kinesis/api" in request.url else None)
    page.goto(fab.url + NAV)
    expect(ours(page).get_by_role("heading", name=f"{SERVICES} services")).to_be_visible()
    assert sorted(url.rpartition("/")[2] for url in asked) == ["services", "store"]
    search = ours(page).get_by_role("searchbox", name="Search services")
    search.fill("Service 49")
    expect(ours(page).get_by_role("heading", name="15 services")).to_be_visible()  # 49, 490 to 499, 149, 249...
    search.fill("eu-west-2 service 12")
    expect(ours(page).get_by_role("link", name="Service 124", exact=True).first).to_be_visible()
    search.fill("")
    first = ours(page).get_by_role("rowheader").first
    ours(page).get_by_role("button", name="Service", exact=True).click()
    expect(first).to_contain_text(f"service_{SERVICES - 1}")
    ours(page).get_by_role("button", name="Failed", exact=True).last.click()
    expect(first).to_contain_text(re.compile(r"service_\d\d0\b"))


def test_10_000_rows_scroll(fab: Site, visit: Visits) -> None:
    """Few of them are drawn at a time; the last one is reached, and the search finds one in the middle."""
    page = visit(fab, "admin", service(LARGE, "streams"))
    expect(ours(page).get_by_role("heading", name="10,000 streams")).to_be_visible()
    window = ours(page).get_by_role("region", name="Streams")
    assert window.get_by_role("row").count() < 100
    window.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(window.get_by_text("_internal.1999", exact=True)).to_be_visible()
    assert window.get_by_role("row").count() < 100
    ours(page).get_by_role("searchbox", name="Search streams").fill("orders.4242")
    expect(ours(page).get_by_role("heading", name="1 stream of 10,000")).to_be_visible()
    ours(page).get_by_role("searchbox", name="Search streams").fill("")
    ours(page).get_by_role("button", name=re.compile("^Failed")).click()
    expect(ours(page).get_by_role("heading", name="10 streams of 10,000")).to_be_visible()


def test_what_drifted_is_told_with_the_run_and_a_click_away_from_its_stream(fab: Site, visit: Visits) -> None:
    """A search finds it by what changed; the panel is read by whoever sees it and whoever hears it."""
    page = visit(fab, "admin", service(LARGE, "runs"))
    drifted = ours(page).locator("section").filter(has=page.get_by_role("heading", name="2 drifts", exact=True)).last
    for change in CHANGES:
        expect(drifted.get_by_role("listitem").filter(has_text=change)).to_contain_text(DRIFTED)
    page.goto(fab.url + service(LARGE, "streams"))
    ours(page).get_by_role("searchbox", name="Search streams").fill("incompatible")
    expect(ours(page).get_by_role("heading", name="1 stream of 10,000")).to_be_visible()
    ours(page).get_by_role("button", name=f"Drift of {DRIFTED}", exact=True).click()
    panel = ours(page).get_by_role("region", name=f"Drift of {DRIFTED}")
    expect(panel.get_by_role("heading", name=f"Drift of {DRIFTED}")).to_be_focused()
    expect(panel.get_by_role("listitem")).to_have_text(list(CHANGES))
    assert Axe().run(page, context="main.kinesis").response["violations"] == []
