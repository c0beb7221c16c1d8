"""The page's helpers that draw nothing: words, rows, addresses and colours, evaluated in the browser they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Route

from airflow_kinesis_ingest.engine.model import StreamRow
from airflow_kinesis_ingest.engine.run.streams import packed

STATIC = Path(str(files("airflow_kinesis_ingest"))) / "page" / "static"
NOW = datetime(2026, 11, 24, 13, 48, 10, tzinfo=timezone.utc)
MILLISECONDS = int(NOW.timestamp() * 1000)
CALL = """async ([module, expression, value]) => {
    const exports = await import(`/${module}.js`);
    return new Function("its", "value", `return ${expression}`)(exports, value);
}"""

Evaluate = Callable[..., Any]


@pytest.fixture(scope="module")
def evaluate(browser: Browser) -> Iterator[Evaluate]:
    """evaluate(module, expression, value): the expression knows the module's exports as `its`, and the value."""
    page = browser.new_page()
    page.route("http://page.test/**", _file)
    page.goto("http://page.test/")
    yield lambda module, expression, value=None: page.evaluate(CALL, [module, expression, value])
    page.close()


def _file(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name:
        route.fulfill(path=STATIC / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html>", content_type="text/html")


def workflow(**more: object) -> dict[str, object]:
    nothing = {"paused": False, "stale": False, "deploy_failed": False, "schedule": "hourly", "zone": "UTC"}
    return {**nothing, "next_run": None, **more}


@pytest.mark.parametrize(
    ("due", "zone", "first", "beside"),
    [
        (timedelta(minutes=12), "UTC", "in 12 minutes", "14:00 UTC"),
        (timedelta(seconds=59), "UTC", "in less than a minute", "13:49 UTC"),
        (timedelta(hours=1), "UTC", "in 1 hour", "14:48 UTC"),
        (timedelta(hours=12, minutes=12), "Europe/Berlin", "in 12 hours", "tomorrow 03:00 Europe/Berlin"),
        (timedelta(hours=12), "Asia/Kolkata", "in 12 hours", "tomorrow 07:18 Asia/Kolkata"),
        (timedelta(days=6), "UTC", "in 6 days", "Mon 30 Nov 13:48 UTC"),
        (timedelta(days=60), "UTC", "in 60 days", "Sat 23 Jan 2027 13:48 UTC"),
        (timedelta(minutes=-3), "UTC", "overdue by 3 minutes", "13:45 UTC"),
        (timedelta(minutes=12), "Mars/Olympus", "in 12 minutes", "14:00 UTC"),
    ],
)
def test_the_next_run_is_told_from_now_and_by_the_clock_of_its_zone(
    evaluate: Evaluate, due: timedelta, zone: str, first: str, beside: str
) -> None:
    one = workflow(next_run=(NOW + due).isoformat(), zone=zone)
    assert evaluate("words", f"its.nextRun(value, {MILLISECONDS})", one) == [first, beside]


@pytest.mark.parametrize(
    ("now", "due", "told"),
    [
        ("2027-03-27T22:30Z", "2027-03-28T10:00Z", "tomorrow 12:00 Europe/Berlin"),
        ("2027-03-27T22:30Z", "2027-03-29T01:00Z", "Mon 29 Mar 03:00 Europe/Berlin"),
        ("2026-10-24T22:30Z", "2026-10-26T08:00Z", "tomorrow 09:00 Europe/Berlin"),
        ("2026-10-25T22:59Z", "2026-10-26T08:00Z", "tomorrow 09:00 Europe/Berlin"),
    ],
)
def test_tomorrow_is_the_next_day_though_a_day_has_23_hours_or_25(
    evaluate: Evaluate, now: str, due: str, told: str
) -> None:
    clock = "its.clock(value.due, 'Europe/Berlin', Date.parse(value.now))"
    assert evaluate("words", clock, {"now": now, "due": due}) == told


@pytest.mark.parametrize(
    ("more", "first", "beside"),
    [
        ({"paused": True}, "Paused", "hourly"),
        ({"schedule": "on demand"}, "Not scheduled", "on demand"),
        ({"deploy_failed": True}, "Never", "until its file is corrected"),
        ({"stale": True, "paused": True}, "Never", "its file is gone"),
    ],
)
def test_a_workflow_that_will_not_run_says_why(
    evaluate: Evaluate, more: dict[str, object], first: str, beside: str
) -> None:
    one = workflow(**more)
    assert evaluate("words", f"its.nextRun(value, {MILLISECONDS})", one) == [first, beside]


def test_what_is_not_known_is_no_zero(evaluate: Evaluate) -> None:
    words = (
        "[its.number(null), its.number(0), its.duration(null), its.retention(null), its.numbersOf({numbers: value})]"
    )
    assert evaluate("words", words, {"listed": None, "seconds": None}) == ["–", "0", "–", "–", None]  # noqa: RUF001 - the sign for nothing


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.42, "0.4 s"), (42.3, "42 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_told_in_the_units_of_a_person(evaluate: Evaluate, seconds: float, words: str) -> None:
    assert evaluate("words", "its.duration(value)", seconds) == words


@pytest.mark.parametrize(("hours", "words"), [(24, "24 h"), (36, "36 h"), (168, "7 days"), (8760, "365 days")])
def test_retention_is_told_as_kinesis_tells_it(evaluate: Evaluate, hours: int, words: str) -> None:
    assert evaluate("words", "its.retention(value)", hours) == words


def test_a_fault_is_told_with_its_line_and_its_remedy(evaluate: Evaluate) -> None:
    fault = {
        "line": 23,
        "path": "source",
        "problem": "the key `awsRegoin` is unknown",
        "remedy": "Did you mean `awsRegion`?",
    }
    told = evaluate("words", "its.faultText(value)", fault)
    assert told == "line 23: the key `awsRegoin` is unknown. Did you mean `awsRegion`?"
    assert evaluate("words", "its.faultText(value)", {**fault, "line": 0, "remedy": ""}) == (
        "source: the key `awsRegoin` is unknown."
    )


@pytest.mark.parametrize(
    ("state", "outcome", "word"),
    [
        ("success", "success", "Success"),
        ("success", None, "Success"),
        ("success", "partialSuccess", "Partial success"),
        ("failed", "success", "Failed"),
        ("failed", "stopped", "Stopped"),
        ("running", "partialSuccess", "Running"),
        ("queued", None, "Queued"),
    ],
)
def test_airflows_word_on_a_run_wins_over_what_the_run_stored_before(
    evaluate: Evaluate, state: str, outcome: str | None, word: str
) -> None:
    assert evaluate("words", "its.verdict(value)[0]", {"state": state, "outcome": outcome}) == word


def test_unknown_values_are_sorted_last_both_ways_and_numbers_in_names_count(evaluate: Evaluate) -> None:
    rows = ["v10", None, "v2", "", "V1"]
    assert evaluate("rows", "its.sorted(value, (row) => row)", rows) == ["V1", "v2", "v10", None, ""]
    assert evaluate("rows", "its.sorted(value, (row) => row, true)", rows) == ["v10", "v2", "V1", None, ""]


def test_a_search_finds_the_rows_that_have_every_word(evaluate: Evaluate) -> None:
    found = evaluate("rows", "its.matching(value, ' ORDERS paid ', (row) => row)", ["orders.paid", "paid", "orders"])
    assert found == ["orders.paid"]


def test_every_row_in_view_is_drawn_and_few_others(evaluate: Evaluate) -> None:
    """Wherever it is scrolled to, past its end too."""
    holds = """[0, 1, 25, 10000].every((count) => [0, 1, 36, 37, 5000, 369000, 400000, -20].every((top) => {
        const { from, to } = its.inView({ top, height: 600, row: 37, count });
        const first = Math.floor(Math.max(0, top) / 37);
        const seen = Array.from({ length: 18 }, (_, at) => first + at).filter((at) => at < count);
        return 0 <= from && from <= to && to <= count && to - from <= 40 && seen.every((at) => from <= at && at < to);
    }))"""
    assert evaluate("rows", holds) is True


def test_the_rows_of_a_run_are_unpacked_as_they_were_packed(evaluate: Evaluate) -> None:
    rows = [StreamRow("orders", "written", "orders.*", 4, 24, "JSON", 3), StreamRow("zürich", "filtered")]
    unpacked = evaluate("packed", "its.unpacked(value)", packed(rows))
    assert [StreamRow(**row) for row in unpacked] == rows
    assert evaluate("packed", "its.unpacked(value)", packed([])) == []
    flowing = StreamRow("orders", "written", tags=("env=prod",), readers=("lambda f",), writers=())
    [found] = evaluate("packed", "its.unpacked(value)", packed([flowing]))
    assert (found["tags"], found["readers"], found["writers"]) == (["env=prod"], ["lambda f"], [])


@pytest.mark.parametrize(
    "stored",
    [
        None,
        7,
        {},
        {"columns": ["name"], "data": "no base64!"},
        {"columns": ["name"], "data": "H4sIAAAA"},
        {**packed([StreamRow("orders", "written")]), "columns": ["outcome"]},
        {**packed([StreamRow("orders", "written")]), "columns": [f"new_{number}" for number in range(9)]},
    ],
)
def test_rows_that_are_packed_otherwise_are_refused_and_never_half_shown(evaluate: Evaluate, stored: object) -> None:
    assert evaluate("packed", "its.unpacked(value).then(() => 'shown', () => 'refused')", stored) == "refused"


def test_a_column_that_is_not_known_yet_hides_none_that_is(evaluate: Evaluate) -> None:
    rows = packed([StreamRow("orders", "written", shards=4)])
    later = {**rows, "columns": ["consumers" if name == "messages" else name for name in rows["columns"]]}
    [found] = evaluate("packed", "its.unpacked(value)", later)
    assert (found["name"], found["shards"]) == ("orders", 4)


def test_a_streams_address_holds_its_name_whatever_it_is(evaluate: Evaluate) -> None:
    address = "its.addressOf('https://aws.example/#/{name}/monitoring', 'a/b c')"
    assert evaluate("packed", address) == "https://aws.example/#/a%2Fb%20c/monitoring"
    assert evaluate("packed", "its.addressOf('', 'orders')") == ""


def test_a_services_name_is_found_in_the_address_made_of_it(evaluate: Evaluate) -> None:
    there_and_back = "its.serviceIn(its.pageOf(value, 'orders').split('?')[0])"
    for name in ("orders_kinesis", "a.b-c", "zürich 1", "a/b?c#d%20"):
        assert evaluate("places", there_and_back, name) == name
    assert evaluate("places", "its.serviceIn('/plugin/kinesis/100%')") == "100%"  # as somebody typed it
    assert evaluate("places", "its.pageOf('', 'a b')") == "/plugin/kinesis?workflow=a%20b"


def test_the_pieces_of_a_line_are_the_line(evaluate: Evaluate) -> None:
    lines = [*_yaml(), "a: 'it''s' # b", '- - x: {y: "***"}', "#", "  ", "'k': v", "a:b#c", 'x: "unclosed', "? q\t: z"]
    same = "value.every((line) => its.pieces(line).map(([, text]) => text).join('') === line)"
    assert evaluate("yaml", same, lines) is True


def _yaml() -> list[str]:
    demo = Path(__file__).parents[2] / "dags" / "workflows" / "demo.yaml"
    return demo.read_text(encoding="utf-8").splitlines()


def test_keys_comments_strings_and_secrets_have_their_colours(evaluate: Evaluate) -> None:
    line = 'key: "text" ${NAME} *** # why'
    found = evaluate("yaml", "its.pieces(value).filter(([kind]) => kind !== 'text')", line)
    assert found == [
        ["key", "key"],
        ["string", '"text"'],
        ["secret", "${NAME}"],
        ["secret", "***"],
        ["comment", "# why"],
    ]
