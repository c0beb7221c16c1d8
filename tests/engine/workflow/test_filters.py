"""topicFilterPattern, held against OpenMetadata's definition of it, written down here a second time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.filters import Verdict, stream_filter
from airflow_kinesis_ingest.engine.workflow.models import FilterPattern


def verdict(name: str, *, includes: list[str] | None = None, excludes: list[str] | None = None) -> Verdict:
    return stream_filter(FilterPattern(includes=includes, excludes=excludes))(name)


def openmetadata_keeps(name: str, includes: list[str] | None, excludes: list[str] | None) -> bool:
    """facts/openmetadata.md 3.1: `re.match`, IGNORECASE, on the short name; an exclude wins; an empty list is none."""
    matches_one = [bool(re.match(pattern, name, re.IGNORECASE)) for pattern in includes or []]
    excluded = any(re.match(pattern, name, re.IGNORECASE) for pattern in excludes or [])
    return (not matches_one or any(matches_one)) and not excluded


NAMES = st.text("ab.-_AB1", min_size=1, max_size=8)
# Written, put together from pieces, or cut out of a name, so that some do match.
PATTERNS = st.lists(
    st.sampled_from(["a", "b.*", "^a", "b$", r"\.", "A+", "(a|b)+$", "[^a]", "(?-i:a)", "", ".", "a{2}", "_?b"])
    | st.text("ab.AB", max_size=4),
    max_size=3,
)


@given(NAMES, st.none() | PATTERNS, st.none() | PATTERNS)
def test_a_stream_is_kept_exactly_when_openmetadata_keeps_it(
    name: str, includes: list[str] | None, excludes: list[str] | None
) -> None:
    assert verdict(name, includes=includes, excludes=excludes).kept == openmetadata_keeps(name, includes, excludes)


def test_without_a_pattern_every_stream_is_kept() -> None:
    assert stream_filter(None)("orders") == Verdict(True)


@pytest.mark.parametrize("empty", [None, []])
def test_an_empty_list_filters_nothing(empty: list[str] | None) -> None:
    assert verdict("orders", includes=empty, excludes=empty) == Verdict(True)


def test_a_pattern_is_anchored_at_the_start_only() -> None:
    assert verdict("orders.eu", includes=["orders"]).kept
    assert not verdict("my.orders", includes=["orders"]).kept


def test_case_is_ignored() -> None:
    assert verdict("Orders", includes=["oRDERS"]).kept


def test_an_exclude_wins_over_an_include() -> None:
    assert not verdict("orders", includes=["orders"], excludes=["ord"]).kept


def test_a_verdict_names_the_pattern_that_decided() -> None:
    rules = {"includes": ["a", "orders"], "excludes": ["b", "orders.test"]}
    assert verdict("orders", **rules) == Verdict(True, "includes orders")
    assert verdict("orders.test", **rules) == Verdict(False, "excludes orders.test")
    assert verdict("payments", **rules) == Verdict(False, "no include matches")


def test_no_pattern_makes_a_run_endless() -> None:
    """`re` would try 2^127 ways, and let nobody stop it meanwhile."""
    assert not verdict("a" * 127 + "-", includes=["(a+)+$"]).kept
