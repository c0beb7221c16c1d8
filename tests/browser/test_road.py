"""From "add a service" to "redeploy what failed", in the demo's Airflow."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from airflow_kinesis_ingest.demo.run import KEYS, REGION
from tests.browser.conftest import Visits
from tests.browser.road import NEW, connection, deploy, deployed, edit, field, go_on, heading, press, to_review
from tests.browser.sites import Demo
from tests.browser.views import NAV, ours

SECRET = KEYS["DEMO_SECRET_KEY"]
LONG = 300_000  # ms, for what a worker or the dag processor does


def stored(page: Page) -> str:
    """All that the browser keeps of this page, and its address."""
    return str(page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, location.href, history.state])"))


def test_a_service_is_added_tried_previewed_deployed_and_run(demo: Demo, visit: Visits) -> None:
    """The reference's steps 2 to 9, without a file at hand and without leaving the browser."""
    page = visit(demo, "admin", NAV)
    ours(page).get_by_role("link", name="Add service").click()
    heading(page, "Add service: name")
    field(page, "Service name").fill("shop_kinesis")
    expect(field(page, "Workflow name")).to_have_value("shop_kinesis_metadata")
    expect(ours(page).get_by_text("shop_kinesis_metadata is free.")).to_be_visible()
    field(page, "Description of the service").fill("Streams of the shop")
    go_on(page, "Connection to AWS")
    field(page, "A new connection").check()
    field(page, "Id of the new connection").fill("made_on_the_way")
    field(page, "AWS Access Key ID").fill(KEYS["DEMO_ACCESS_KEY"])
    field(page, "AWS Secret Access Key").fill(SECRET)
    field(page, "AWS Region").fill(REGION)
    field(page, "Endpoint URL").fill(demo.kinesis)
    press(page, "Store this connection")
    expect(ours(page).get_by_text("made_on_the_way is stored in Airflow")).to_be_visible()
    assert SECRET not in stored(page)
    go_on(page, "Test")
    press(page, "Test connection")
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
    expect(ours(page).get_by_text("Tried on the worker")).to_be_visible()
    checks = ours(page).get_by_role("list", name="Checks")
    for name in ("ListStreams", "DescribeStreamSummary", "ListShards", "GetShardIterator", "GetRecords"):
        expect(checks.get_by_role("listitem").filter(has_text=name)).to_contain_text("done")
    go_on(page, "Catalogue", "Go on")
    field(page, "A file on the worker").check()
    go_on(page, "What to ingest")
    field(page, "Include").fill(r"orders.*, web.{1,3}c.*,")
    press(page, "List the streams")
    expect(ours(page).get_by_text("3 of 12 streams kept")).to_be_visible(timeout=LONG)
    expect(ours(page).get_by_role("listitem").filter(has_text="orders.returns")).to_contain_text("includes orders.*")
    field(page, "Exclude").fill("orders.r")
    field(page, "Exclude").press("Enter")
    expect(ours(page).get_by_text("2 of 12 streams kept")).to_be_visible()
    go_on(page, "Schedule")
    expect(ours(page).get_by_text("Deploying starts a run at once")).to_be_visible()
    expect(ours(page).locator(".when time")).to_have_count(3)
    field(page, "On demand").check()
    expect(ours(page).get_by_text("Runs on demand")).to_be_visible()
    go_on(page, "Review and deploy")
    expect(ours(page).get_by_text("description: Streams of the shop")).to_be_visible()
    press(page, "Deploy")
    deployed(page)
    assert "shop_kinesis" not in stored(page)
    ours(page).get_by_role("link", name="Open shop_kinesis_metadata").click()
    press(page, "Run now")
    expect(ours(page).get_by_text("Success").first).to_be_visible(timeout=LONG)


def test_back_reload_and_login_lose_nothing_but_a_secret(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"{NEW}?step=name")
    field(page, "Service name").fill("kept_kinesis")
    go_on(page, "Connection to AWS")
    field(page, "A new connection").check()
    field(page, "AWS Secret Access Key").fill(SECRET)
    page.go_back()
    heading(page, "Add service: name")
    expect(field(page, "Service name")).to_have_value("kept_kinesis")
    page.go_forward()
    heading(page, "Connection to AWS")
    expect(field(page, "AWS Secret Access Key")).to_have_value("")
    field(page, "AWS Secret Access Key").fill(SECRET)
    assert SECRET not in stored(page)
    field(page, "A connection that Airflow has").check()
    field(page, "Connection id").fill("in_a_vault")
    page.reload()
    expect(field(page, "Connection id")).to_have_value("in_a_vault")
    press(page, "Back")
    heading(page, "Add service: name")
    page.context.clear_cookies()
    press(page, "Next")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(demo.passwords["admin"])
    page.get_by_role("button", name="Sign in").click()
    heading(page, "Add service: name")
    expect(field(page, "Service name")).to_have_value("kept_kinesis")
    visit.errors.clear()  # of the question that was refused


def test_what_is_missing_or_wrong_is_told_on_its_step_and_leads_to_its_field(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"{NEW}?step=name")
    field(page, "Workflow name").fill("demo")
    press(page, "Next")
    summary = ours(page).get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("A DAG has this name already")
    summary.get_by_role("link", name="Enter a name for the service").click()
    expect(field(page, "Service name")).to_be_focused()
    field(page, "Service name").fill("wrong_kinesis")
    field(page, "Workflow name").fill("wrong_metadata")
    go_on(page, "Connection to AWS")
    field(page, "The workers' own identity").check()
    field(page, "AWS Region").fill("eu-west-1a")
    press(page, "Next")
    expect(summary.get_by_role("link", name="availability zone")).to_be_visible()
    expect(field(page, "AWS Region")).to_have_attribute("aria-invalid", "true")


def test_two_who_edit_one_file_see_both_versions(demo: Demo, visit: Visits) -> None:
    """Nothing is overwritten unseen, and comments survive."""
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "two_editors")
    path = demo.folder / f"{dag}.yaml"
    text = edit(page)
    text.fill(text.input_value() + "# mine\n")
    path.write_text("# theirs\n" + path.read_text())
    press(page, "Save and deploy")
    both = ours(page).get_by_role("alert").filter(has_text="Both versions")
    expect(both.get_by_role("region", name="Yours")).to_contain_text("# mine")
    expect(both.get_by_role("region", name="In the folder now")).to_contain_text("# theirs")
    assert "# mine" not in path.read_text()
    press(page, "Take what is there now")
    text.fill(text.input_value() + "# mine\n")
    press(page, "Save and deploy")
    deployed(page)
    assert path.read_text().startswith("# theirs\n")
    assert path.read_text().endswith("# mine\n")
    visit.errors.clear()  # of the version that was refused


def test_a_failed_deployment_is_listed_repaired_and_deployed_again_then_deleted(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", NAV)
    dag = deploy(demo, page, "failing")
    path = demo.folder / f"{dag}.yaml"
    path.write_text(path.read_text().replace("sink:", "snk: x\nsink:"))
    demo.airflow.wait(lambda: shows_failure(demo, dag), f"the failed deployment of {dag}")
    page.goto(f"{demo.url}{NAV}/failing?workflow={dag}")
    expect(ours(page).get_by_text("This file cannot be deployed")).to_be_visible()
    press(page, "Deploy again")
    expect(ours(page).get_by_text("Nothing was written: the file has faults.")).to_be_visible()
    text = edit(page)
    expect(ours(page).get_by_role("button", name="Line")).to_have_count(1)
    text.fill(re.sub(r"(?m)^(snk|\*+): .*\n", "", text.input_value()))
    press(page, "Save and deploy")
    deployed(page)
    expect(ours(page).get_by_text("This file cannot be deployed")).to_have_count(0)
    press(page, "Delete")
    expect(ours(page).get_by_text("In the catalogue nothing is deleted")).to_be_visible()
    press(page, "Delete it")
    expect(ours(page).get_by_text("Deleted.")).to_be_visible(timeout=2 * LONG)
    assert not path.exists()
    assert demo.call("admin", "GET", f"/api/v2/dags/{dag}").status_code == 404
    visit.errors.clear()  # of the file that was refused


def shows_failure(demo: Demo, dag: str) -> bool:
    return bool(demo.call("admin", "GET", f"/kinesis/api/workflows/{dag}").json()["workflow"]["deploy_failed"])


def test_a_copy_has_another_name_and_all_else_with_its_comments(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"{NAV}/never_kinesis")
    ours(page).get_by_role("link", name="Duplicate").click()
    heading(page, "Review and deploy")
    expect(ours(page).get_by_text("name: never_run_copy")).to_be_visible()
    expect(ours(page).get_by_text("path: never.jsonl")).to_be_visible()
    page.goto(f"{demo.url}{NAV}/never_kinesis?view=file")
    expect(ours(page).get_by_text("which this page does not write")).to_be_visible()
    expect(ours(page).get_by_role("link", name="Edit")).to_have_count(0)


def test_each_role_is_offered_what_it_may(demo: Demo, visit: Visits) -> None:
    """A viewer writes nothing; who may make no connection picks one."""
    for role, may in (("viewer", False), ("user", True), ("op", True), ("admin", True)):
        page = visit(demo, role, NAV)
        expect(ours(page).get_by_role("row", name="Demo streams").first).to_be_visible()
        expect(ours(page).get_by_role("link", name="Add service")).to_have_count(int(may))
        page.goto(f"{demo.url}{NAV}/demo_kinesis")
        expect(ours(page).get_by_text("Last run of")).to_be_visible()
        expect(ours(page).get_by_role("link", name="Duplicate")).to_have_count(int(may))
    page = visit(demo, "user", f"{NEW}?step=connection")
    field(page, "A new connection").check()
    expect(ours(page).get_by_text("You may not make connections")).to_be_visible()
    expect(ours(page).get_by_role("button", name="Store this connection")).to_have_count(0)
    page = visit(demo, "viewer", f"{NEW}?step=name")
    expect(ours(page).get_by_text("You may not edit DAGs")).to_be_visible()


def test_a_folder_that_nobody_reads_is_told_after_90_seconds(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", NAV)
    page.clock.install()
    written = {"file": "workflows/unread_metadata.yaml", "version": "1", "at": "2026-01-01T00:00:00Z"}
    page.route("**/kinesis/api/workflows/unread_metadata", lambda route: save(route, written))
    page.goto(f"{demo.url}{NEW}?step=name")
    to_review(page, "unread", connection(demo, "shop_aws"))
    press(page, "Deploy")
    expect(ours(page).get_by_text("Airflow reads it")).to_be_visible()
    expect(ours(page).get_by_text("does not read this folder")).to_have_count(0)
    page.clock.fast_forward(91_000)
    expect(ours(page).get_by_text("The dag processor does not read this folder.")).to_be_visible()
    with page.expect_download() as download:
        ours(page).get_by_role("button", name="Download").first.click()
    assert download.value.suggested_filename == "unread_metadata.yaml"


def save(route: Route, written: dict[str, str]) -> None:
    if route.request.method == "PUT":
        route.fulfill(json=written)
    else:
        route.continue_()


def test_a_worker_that_never_answers_keeps_nobody(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", NAV)
    page.clock.install()
    page.route("**/api/v2/dags/kinesis_probe/dagRuns", lambda route: route.fulfill(json={"dag_run_id": "lost"}))
    page.route("**/api/v2/dags/kinesis_probe/dagRuns/lost", lambda route: route.fulfill(json={"state": "queued"}))
    page.goto(f"{demo.url}{NEW}?step=name")
    field(page, "Service name").fill("lost_kinesis")
    go_on(page, "Connection to AWS")
    field(page, "Connection id").fill(connection(demo, "shop_aws"))
    go_on(page, "Test")
    press(page, "Test connection")
    expect(ours(page).get_by_text("Waiting for a worker")).to_be_visible()
    page.clock.fast_forward(30_000)
    expect(ours(page).get_by_text("No worker has taken it yet")).to_be_visible()
    press(page, "Give up")
    expect(ours(page).get_by_role("button", name="Test connection")).to_be_visible()
    go_on(page, "Catalogue", "Go on")


def test_the_connection_of_a_deployed_workflow_is_tested_by_a_run_of_its_own_dag(demo: Demo, visit: Visits) -> None:
    """Where its runs are: same queue, pool and identity."""
    page = visit(demo, "admin", f"{NAV}/demo_kinesis?view=file")
    press(page, "Test connection")
    expect(ours(page).get_by_text("The connection works.")).to_be_visible(timeout=LONG)
    checks = ours(page).get_by_role("list", name="Checks")
    expect(checks.get_by_role("listitem").filter(has_text="GetRecords")).to_contain_text("done")


def test_messages_of_a_stream_are_shown_once_and_deleted(demo: Demo, visit: Visits) -> None:
    page = visit(demo, "admin", f"{NAV}/demo_kinesis?view=streams")
    ours(page).get_by_role("button", name="Sample of orders", exact=True).click()
    sample = ours(page).get_by_role("region", name="Sample of orders")
    expect(sample.get_by_text("redacted as the workflow says")).to_be_visible(timeout=LONG)
    expect(sample.get_by_role("list", name="Messages")).to_contain_text("customer")
    expect(sample.get_by_role("region", name="Schema")).to_contain_text("amount")
    path = "/api/v2/dags/demo/dagRuns/~/taskInstances/ingest/xcomEntries?xcom_key_pattern=sample"
    demo.airflow.wait(lambda: not demo.call("admin", "GET", path).json()["xcom_entries"], "the sample to be deleted")
