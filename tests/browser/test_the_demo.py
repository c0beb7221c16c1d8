"""What a person finds and does in the Airflow of `make demo`."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.sites import Demo
from tests.browser.views import NAV, TAB, View, ours, service

RUNS = View("runs", "demo", service("demo_kinesis", "runs"), "Last run of")
STREAMS = View("streams", "demo", service("demo_kinesis", "streams"), "web.clicks")
FILE = View("file", "demo", service("demo_kinesis", "file"), "# The workflow of `make demo`")

FLOWS = {
    "Writers": ["pipes checkout ← SQS queue checkout"],
    "Readers": ["firehose orders-to-lake → s3://shop-lake/orders/", "lambda price-orders"],
    "Tags": ["env=prod", "team=shop"],
}


def log_in(page: Page, user: str, password: str) -> None:
    page.locator("input[name=username]").fill(user)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_by_clicks_alone_a_person_finds_service_last_run_streams_and_yaml(demo: Demo, visit: Visits) -> None:
    """From the login on: what ran, what became of each stream and why, and the file with its comments."""
    page = visit(demo, "")
    log_in(page, "admin", demo.passwords["admin"])
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="Kinesis").click()
    row = ours(page).get_by_role("row", name="Demo streams").first
    expect(row).to_contain_text("eu-west-1")
    expect(row).to_contain_text("Success")
    ours(page).get_by_role("link", name="demo_kinesis").or_(row.get_by_role("link")).first.click()
    expect(ours(page).get_by_text("Last run of")).to_be_visible()
    figures = ours(page).locator("dl.figures")
    expect(figures.get_by_text("12", exact=True).first).to_be_visible()
    ours(page).get_by_role("link", name="Streams", exact=True).click()
    filtered = ours(page).get_by_role("row", name="_internal.heartbeat")
    expect(filtered).to_contain_text("Filtered")
    expect(filtered).to_contain_text("_internal.*")
    expect(ours(page).get_by_role("row", name="web.clicks")).to_contain_text("JSON")
    ours(page).get_by_role("link", name="Workflow and connection").click()
    expect(ours(page).get_by_text("# until Airflow is up: the first run comes when it is switched on")).to_be_visible()
    expect(ours(page).get_by_text("${DEMO_SECRET_KEY}").first).to_be_visible()


def test_a_streams_writers_readers_and_tags_are_a_click_away(demo: Demo, visit: Visits) -> None:
    """Read by whoever sees it and whoever hears it; closed, the keyboard is where it was. A search finds them too."""
    page = visit.view(demo, STREAMS)
    button = ours(page).get_by_role("button", name="Flows of orders", exact=True)
    button.click()
    panel = ours(page).get_by_role("region", name="Flows of orders")
    expect(panel.get_by_role("heading", name="Flows of orders")).to_be_focused()
    for label, of in FLOWS.items():
        heading = panel.get_by_role("heading", name=label)
        expect(heading.locator("xpath=..").get_by_role("listitem")).to_have_text(of)
    assert Axe().run(page, context="main.kinesis").response["violations"] == []
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    expect(button).to_be_focused()
    ours(page).get_by_label("Search streams").fill("price-orders")
    expect(ours(page).get_by_role("heading", name="1 stream of 12")).to_be_visible()


def test_a_service_links_to_what_airflow_shows_of_it(demo: Demo, visit: Visits) -> None:
    """Run grid, task log, calendar, backfills, connections and audit log are Airflow's: linked, not rebuilt."""
    page = visit.view(demo, RUNS)
    for name, shown in (("Task log", "/tasks/ingest"), ("Calendar", "/calendar"), ("Audit log", "/events")):
        ours(page).get_by_role("link", name=name).click()
        expect(page).to_have_url(re.compile(f"/dags/demo/.*{shown}|/dags/demo{shown}"))
        expect(page.get_by_text("404")).to_have_count(0)
        page.go_back()
        expect(ours(page).get_by_text(RUNS.shows)).to_be_visible()


def test_run_now_makes_a_run_with_the_debug_log_if_asked(demo: Demo, visit: Visits) -> None:
    page = visit.view(demo, RUNS)
    before = demo.airflow.call("GET", "/dags/demo/dagRuns")["total_entries"]
    ours(page).get_by_label("Debug log").check()
    ours(page).get_by_role("button", name="Run now").click()
    expect(ours(page).get_by_role("status").filter(has_text="The run is queued")).to_be_visible()
    runs = demo.airflow.call("GET", "/dags/demo/dagRuns?order_by=-run_after")
    assert runs["total_entries"] == before + 1
    run = next(run for run in runs["dag_runs"] if run["run_type"] == "manual")
    assert run["conf"] == {"debug": True}
    assert demo.airflow.await_run("demo", run["dag_run_id"]) == "success"
    expect(ours(page).get_by_role("heading", name="Last run of").get_by_text("Success")).to_be_visible()


def test_pause_pauses_and_unpause_unpauses(demo: Demo, visit: Visits) -> None:
    page = visit.view(demo, RUNS)
    for name, paused in (("Pause", True), ("Unpause", False)):
        ours(page).get_by_role("button", name=name, exact=True).click()
        expect(ours(page).get_by_role("status").filter(has_text=f"{name}d")).to_be_visible()
        assert demo.airflow.call("GET", "/dags/demo")["is_paused"] is paused


def test_a_broken_file_is_shown_with_its_fault_on_its_line(demo: Demo, visit: Visits) -> None:
    """In the list in words, in the file on line 10; its literal secret is `***`; it cannot be run."""
    page = visit(demo, "admin", NAV)
    expect(ours(page).get_by_text("line 10").first).to_be_visible()
    expect(ours(page).get_by_text("awsRegoin").first).to_be_visible()
    page.goto(demo.url + service("broken_kinesis", "file"))
    wrong = ours(page).locator("li.wrong")
    expect(wrong).to_have_count(1)
    expect(wrong).to_have_attribute("data-line", "10")
    expect(wrong).to_contain_text("Did you mean")
    expect(wrong).to_contain_text("***")
    assert "a-literal-secret" not in page.content()
    expect(ours(page).get_by_role("button", name="Run now")).to_be_disabled()


def test_a_service_without_a_run_says_so(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", service("never_kinesis", "runs"))
    expect(ours(page).get_by_text("No run yet.", exact=True)).to_be_visible()
    ours(page).get_by_role("link", name="Streams", exact=True).click()
    expect(ours(page).get_by_text("No run yet.", exact=True)).to_be_visible()


def test_the_tab_of_a_dag_shows_the_same(demo: Demo, visit: Visits) -> None:
    """The same runs, streams and file as the page of its service, by a click on the DAG's tab."""
    page = visit(demo, "admin", "/dags/demo")
    page.get_by_role("link", name="Kinesis", exact=True).click()
    expect(page).to_have_url(f"{demo.url}/dags/demo/{TAB}")
    for view in (RUNS, STREAMS, FILE):
        page.goto(f"{demo.url}/dags/demo/{TAB}?{view.path.partition('?')[2]}")
        expect(ours(page).get_by_text(view.shows).first).to_be_visible()


def test_the_tab_of_another_dag_says_calmly_that_there_is_nothing(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"/dags/plain/{TAB}")
    expect(ours(page).get_by_text("This DAG is not made from a Kinesis workflow file")).to_be_visible()
    expect(ours(page).get_by_role("alert")).to_have_count(0)
    visit.errors = [error for error in visit.errors if "/kinesis/api/workflows/plain" not in error]  # its 404


def test_an_expired_session_leads_to_the_login_and_back(demo: Demo, visit: Visits) -> None:
    page = visit.view(demo, RUNS)
    page.context.clear_cookies()
    ours(page).get_by_role("link", name="Kinesis services").click()
    log_in(page, "admin", demo.passwords["admin"])
    expect(page).to_have_url(re.compile(re.escape(demo.url + NAV)))
    expect(ours(page).get_by_text("Demo streams").first).to_be_visible()
    visit.errors = [error for error in visit.errors if "401" not in error]


def test_a_dead_api_server_is_said_and_survived(demo: Demo, visit: Visits) -> None:
    """What was there stays, and one click asks again."""
    page = visit.view(demo, RUNS)
    page.context.set_offline(True)
    ours(page).get_by_role("link", name="Kinesis services").click()
    expect(ours(page).get_by_text("does not answer")).to_be_visible()
    page.context.set_offline(False)
    ours(page).get_by_role("button", name="Try again").click()
    expect(ours(page).get_by_text("Demo streams").first).to_be_visible()
    expect(ours(page).get_by_text("does not answer")).to_have_count(0)
    visit.errors = [error for error in visit.errors if "ERR_INTERNET_DISCONNECTED" not in error]


@pytest.mark.parametrize("language", ["en-US", "de-DE", "ar-EG"])
def test_times_are_airflows_whatever_the_language_of_the_browser(demo: Demo, visit: Visits, language: str) -> None:
    """As Airflow writes them, in the zone that is chosen in Airflow, not in that of the machine."""
    page = visit(demo, "admin", NAV, locale=language, timezone_id="Pacific/Chatham")
    page.evaluate("localStorage.setItem('timezone', JSON.stringify('Asia/Tokyo'))")
    page.goto(demo.url + RUNS.path)
    time = ours(page).get_by_role("heading", name="Last run of").locator("time")
    expect(time).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    at = str(time.get_attribute("datetime"))
    tokyo = page.evaluate("at => new Date(at).toLocaleString('sv-SE', {timeZone: 'Asia/Tokyo'})", at)
    expect(time).to_have_text(tokyo)


def test_streams_that_cannot_be_read_are_told_as_that_and_all_else_of_the_run_is_shown(
    demo: Demo, visit: Visits
) -> None:
    page = visit(demo, "admin")
    page.route(
        "**/xcomEntries/streams*", lambda route: route.fulfill(json={"value": {"columns": ["name"], "data": "?"}})
    )
    page.goto(demo.url + STREAMS.path)
    expect(ours(page).get_by_text("What this run stored of its streams cannot be read")).to_be_visible()
    ours(page).get_by_role("link", name="Runs", exact=True).last.click()
    expect(ours(page).locator("dl.figures")).to_be_visible()


def test_a_workflow_that_is_not_there_is_named_and_said_to_be_missing(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"{NAV}?workflow=no_such_dag")
    expect(ours(page).get_by_role("heading", name="no_such_dag", level=1)).to_be_visible()
    expect(ours(page).get_by_text("There is nothing here")).to_be_visible()
    visit.errors.clear()  # the browser's own on the 404


def test_who_follows_a_link_to_a_run_that_is_not_shown_is_told_so(demo: Demo, visit: Visits) -> None:
    page = visit.view(demo, View("old", "demo", f"{RUNS.path}&run=manual__older", RUNS.shows))
    expect(ours(page).get_by_text("manual__older is not among the last 25")).to_be_visible()
    link = ours(page).get_by_role("link", name="The older one in Airflow")
    expect(link).to_have_attribute("href", "/dags/demo/runs/manual__older")
