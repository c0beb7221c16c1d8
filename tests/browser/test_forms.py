"""What the browser makes of patterns: the same as the engine, or nothing."""

from __future__ import annotations

import pytest

from airflow_kinesis_ingest.engine.workflow.filters import stream_filter
from airflow_kinesis_ingest.engine.workflow.models import FilterPattern
from tests.browser.test_modules import Evaluate, evaluate

__all__ = ["evaluate"]

NAMES = ["orders", "Orders.Paid", "web-clicks", "web.clicks", "a" * 128, "_internal.x", "x-1", "aab", "b", "0.9"]
KNOWN = [
    ["orders.*"],
    ["ORDERS$", "web.clicks"],
    [r"web\.c", r"[a-c]{2,3}b?$"],
    ["a|b"],
    ["^_", r"\w+-\d$"],
    [".*clicks"],
    [r"[^a-z]", "(?:web|x)-"],
    ["a{2}b", "zz"],
]
DOUBTED = [
    "(?i)orders",
    r"orders\Z",
    "(?P<a>x)",
    "a{,3}",
    "(a+)+$",
    "(a|a)*b",
    "a*+b",
    "(?>a)b",
    "(?!dev).*",
    r"(a)\1",
    "[]a]",
    "\u017f",
    ".*a.*b.*c.*d.*e",
    "[",
    r"\N{DIGIT ONE}",
]


@pytest.mark.parametrize("excludes", [[], ["orders.P", "a{5}"]])
@pytest.mark.parametrize("includes", [[], *KNOWN])
def test_what_the_preview_knows_is_what_the_engine_does(
    evaluate: Evaluate,
    includes: list[str],
    excludes: list[str],
) -> None:
    said = "value[0].map(its.filter(value[1], value[2]))"
    keep = stream_filter(FilterPattern(includes=includes or None, excludes=excludes or None))
    wanted = [{"kept": keep(name).kept, "pattern": keep(name).pattern or None} for name in NAMES]
    assert evaluate("patterns", said, [NAMES, includes, excludes]) == wanted
    assert evaluate("patterns", "value.map(its.doubt)", [*includes, *excludes]) == [""] * len([*includes, *excludes])


@pytest.mark.parametrize("pattern", DOUBTED)
def test_what_python_may_read_otherwise_or_takes_long_is_left_to_a_worker(
    evaluate: Evaluate,
    pattern: str,
) -> None:
    assert evaluate("patterns", "its.doubt(value)", pattern) != ""


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("a.*, b\nc", ["a.*", "b", "c"]),
        ("x{1,3}y,z", ["x{1,3}y", "z"]),
        ("[a,b]c, (d,e)", ["[a,b]c", "(d,e)"]),
        (r"a\,b,c", [r"a\,b", "c"]),
        (r"\{1,2", [r"\{1", "2"]),
        (" , ,\n", []),
    ],
)
def test_a_pasted_list_is_cut_at_its_commas_and_not_within_a_pattern(
    evaluate: Evaluate,
    text: str,
    patterns: list[str],
) -> None:
    assert evaluate("patterns", "its.split(value)", text) == patterns


FORM = {"service": "shop", "name": "shop_metadata", "awsId": "shop_aws", "sink": "file", "schedule": ""}


def test_a_file_holds_what_was_filled_in_and_no_default(evaluate: Evaluate) -> None:
    usual = "(place) => place.at(-1) === 'retries' ? 0 : place.at(-1) === 'markDeletedTopics'"
    fields = f"Object.fromEntries(its.fieldsOf({{...its.EMPTY, ...value}}, {usual}))"
    assert evaluate("draft", fields, {**FORM, "retries": "0", "region": " "}) == {
        "name": "shop_metadata",
        "source.type": "kinesis",
        "source.serviceName": "shop",
        "source.sourceConfig.config.type": "MessagingMetadata",
        "sink.type": "file",
        "connections.aws": "shop_aws",
        "workflowConfig.loggerLevel": "INFO",
        "airflowConfig.scheduleInterval": None,
        "airflowConfig.pipelineTimezone": "UTC",
    }


def test_of_a_copy_nothing_changes_that_was_not_changed(evaluate: Evaluate) -> None:
    data = {
        "name": "one",
        "source": {"serviceName": "shop", "serviceConnection": {"config": {"awsConfig": {"awsRegion": "eu-west-1"}}}},
        "sink": {"type": "file"},
        "airflowConfig": {"scheduleInterval": None, "retries": 3},
    }
    changes = """(() => {
        const usual = () => undefined;
        const form = its.formOf(value);
        const before = its.fieldsOf(form, usual);
        return its.changes(its.fieldsOf({...form, name: "two", retries: ""}, usual), before);
    })()"""
    assert evaluate("draft", changes, data) == [
        {"place": ["name"], "value": "two"},
        {"place": ["airflowConfig", "retries"], "removed": True},
    ]


def test_a_worker_is_asked_with_no_more_than_may_be_shown(evaluate: Evaluate) -> None:
    """Neither a role nor a schedule stands in the conf of a run."""
    said = "its.askable(its.fieldsOf({...its.EMPTY, ...value}, () => undefined))"
    own = {**FORM, "aws": "own", "awsId": "", "region": "eu-west-1", "role": "arn:aws:iam::1:role/x", "retries": "3"}
    assert evaluate("draft", said, own) == {
        "name": "shop_metadata",
        "source": {
            "type": "kinesis",
            "serviceName": "shop",
            "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": {"awsRegion": "eu-west-1"}}},
            "sourceConfig": {"config": {"type": "MessagingMetadata", "generateSampleData": True}},
        },
        "sink": {"type": "file"},
        "connections": {},
    }


def test_the_lines_that_two_versions_do_not_share_are_marked(evaluate: Evaluate) -> None:
    said = "its.differing(value[0], value[1]).map((lines) => [...lines])"
    assert evaluate("rows", said, [["a", "b", "c"], ["x", "a", "c", "d"]]) == [[1], [0, 3]]
