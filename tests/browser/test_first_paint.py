"""How long a person waits for the page, beside Airflow's own list of DAGs."""

from __future__ import annotations

from statistics import median

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.sites import Site
from tests.browser.views import NAV, ours

TIMES = 3
SINCE = "() => performance.now()"


def shown(page: Page, path: str, what: str) -> float:
    """Seconds from the address to the text; the second look, with the browser's cache filled."""
    page.goto(path)
    heading = page.get_by_role("heading", name=what)
    expect(heading).to_be_visible()
    page.goto("about:blank")
    page.goto(path, wait_until="commit")
    expect(heading).to_be_visible()
    return float(page.evaluate(SINCE)) / 1000


def test_the_first_paint_of_500_services_is_measured(
    fab: Site, visit: Visits, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printed, not asserted: seconds are the machine's."""
    page = visit(fab, "admin")
    airflows = median(shown(page, f"{fab.url}/dags", "500 Dags") for _ in range(TIMES))
    page_of_ours = median(shown(page, fab.url + NAV, "500 services") for _ in range(TIMES))
    with capsys.disabled():
        print(
            f"\n| view | seconds |\n|---|---|\n| Airflow's list of DAGs | {airflows:.2f} |\n"
            f"| 500 services | {page_of_ours:.2f} |\n| after Airflow's | {page_of_ours - airflows:+.2f} |"
        )
    assert ours(page).count() == 1
