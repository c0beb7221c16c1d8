"""Light and dark, small screens, keyboard, and what a screen reader needs."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from airflow_kinesis_ingest.page.models import Numbers
from tests.browser.conftest import Visits
from tests.browser.sites import Demo, Site
from tests.browser.views import NAV, ROAD, VIEWS, View, ours

STATIC = Path(str(files("airflow_kinesis_ingest"))) / "page" / "static"
WORST = ("serious", "critical")


def site_of(view: View, request: pytest.FixtureRequest) -> Site:
    site: Site = request.getfixturevalue(view.site)
    return site


@pytest.mark.parametrize("view", [*VIEWS, *ROAD], ids=str)
def test_axe_finds_nothing_serious_in_light_and_dark(view: View, request: pytest.FixtureRequest, visit: Visits) -> None:
    page = visit.view(site_of(view, request), view)
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.className = theme }", theme)
        found = Axe().run(page, context="main.kinesis").response["violations"]
        assert [_told(violation) for violation in found if violation["impact"] in WORST] == [], theme


def _told(violation: dict[str, object]) -> str:
    nodes = violation["nodes"]
    assert isinstance(nodes, list)
    return f"{violation['id']}: {violation['help']}: {[node['html'][:200] for node in nodes[:3]]}"


WIDEST = """main => {
    const scrolls = each => ["auto", "scroll", "hidden"].includes(getComputedStyle(each).overflowX);
    const boxed = each => each !== main && (scrolls(each) || boxed(each.parentElement));
    const edge = main.getBoundingClientRect().right + 1;
    const beyond = each => each.getBoundingClientRect().right > edge && !boxed(each);
    return [...main.querySelectorAll("*")].filter(beyond).map(each => each.outerHTML.slice(0, 200));
}"""


@pytest.mark.parametrize("view", [*VIEWS, *ROAD], ids=str)
def test_a_narrow_screen_never_scrolls_sideways(view: View, request: pytest.FixtureRequest, visit: Visits) -> None:
    """At 360 px all that is ours has room in its place; what is wide scrolls in a box of its own."""
    page = visit.view(site_of(view, request), view, viewport={"width": 360, "height": 740})
    assert ours(page).evaluate(WIDEST) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_alone_leads_from_the_list_to_a_stream(demo: Demo, visit: Visits) -> None:
    """Everything that can be clicked is reached by Tab, and shows that it is."""
    page = visit.view(demo, View("services", "demo", NAV, "Demo streams"))
    tab_to(page, "Demo streams")
    page.keyboard.press("Enter")
    expect(ours(page).get_by_text("Last run of")).to_be_visible()
    tab_to(page, "Streams")
    page.keyboard.press("Enter")
    expect(ours(page).get_by_role("row", name="web.clicks")).to_be_visible()
    tab_to(page, "Search streams")
    page.keyboard.type("web.clicks")
    expect(ours(page).get_by_role("heading", name="1 stream of 12")).to_be_visible()


FOCUSED = """() => {
    const element = document.activeElement;
    const words = (element.innerText || element.getAttribute("placeholder") || element.ariaLabel || "").trim();
    const { outlineStyle, boxShadow } = getComputedStyle(element);
    return [words, outlineStyle !== "none" || boxShadow !== "none"];
}"""


def tab_to(page: Page, words: str) -> None:
    for _ in range(80):
        page.keyboard.press("Tab")
        found, marked = page.evaluate(FOCUSED)
        if found == words:
            assert marked, f"who is at {words!r} by keyboard does not see it"
            return
    pytest.fail(f"{words!r} is not reached by Tab")


def test_the_head_of_a_column_looks_like_text_though_it_is_a_button(browser: Browser) -> None:
    page = browser.new_page()
    look = (STATIC / "style.css").read_text()
    page.set_content(
        f"<style>{look}</style><main class=kinesis><table><thead><th><button>Service</button></table></main>"
    )
    page.get_by_role("button").hover()
    drawn = """each => {
        const { borderTopWidth, paddingLeft, backgroundColor } = getComputedStyle(each);
        return [borderTopWidth, paddingLeft, backgroundColor];
    }"""
    assert page.get_by_role("button").evaluate(drawn) == ["0px", "0px", "rgba(0, 0, 0, 0)"]
    page.close()


def test_the_numbers_of_a_run_stand_in_one_row_beside_airflows_navigation(browser: Browser) -> None:
    """At 1280 px, with a number of five digits each, and no word cut."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    words = re.findall(r'\["\w+", "([^"]+)"\]', (STATIC / "runs.js").read_text().partition("const BAD")[0])
    assert len(words) == len(Numbers.model_fields) - 1  # its seconds stand above
    tiles = "".join(f"<div><dt>{word}</dt><dd>10,000</dd></div>" for word in words)
    look = (STATIC / "style.css").read_text()
    page.set_content(
        f"<style>{look}</style><main class=kinesis style='width: 1166px'><dl class=figures>{tiles}</dl></main>"
    )
    drawn = "all => all.map(each => [each.offsetTop, each.offsetHeight, each.scrollWidth > each.clientWidth])"
    found = {tuple(each) for each in page.locator(".figures div").evaluate_all(drawn)}
    assert [cut for _, _, cut in found] == [False]
    page.close()


def test_what_is_said_of_a_line_is_read_without_scrolling(browser: Browser) -> None:
    """However narrow the box of the file is, and however far it was scrolled along a long line."""
    page = browser.new_page()
    look = (STATIC / "style.css").read_text()
    said = f"<p class=fault><span>{'Add it. ' * 40}</span>"
    lines = f"<li><code>{'long ' * 99}</code><li class=wrong><code>sink:</code>{said}"
    page.set_content(
        f"<style>{look}</style><main class=kinesis><div class=yaml style='width: 300px'><ol>{lines}</ol></div></main>"
    )
    page.locator(".yaml").evaluate("each => { each.scrollLeft = 80 }")
    edges = "each => [each.getBoundingClientRect().left, each.getBoundingClientRect().right]"
    (left, right), (begin, end) = (page.locator(each).evaluate(edges) for each in (".yaml", ".fault"))
    assert left <= begin < end <= right
    page.close()
