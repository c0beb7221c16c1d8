"""Patterns mean what they mean to `re.match` with IGNORECASE, and no pattern takes the run with it."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow import patterns
from airflow_kinesis_ingest.engine.workflow.patterns import matcher
from airflow_kinesis_ingest.errors import FixFile

LETTERS = "abkKsSiI01_.-"
NAMES = st.text(LETTERS, min_size=1, max_size=10) | st.from_regex(r"[a-zA-Z0-9_.-]{1,12}", fullmatch=True)
LONG_NAMES = st.text(LETTERS, min_size=1, max_size=128)

FOLDING = ["\u0130", "\u0131", "\u017f", "\u212a"]  # not ASCII, and an i, s or k where case is ignored
SETS = ["[ab]", "[^ab]", "[a-k]", "[^K-S]", "[Z-a]", "[]a]", "[^]a]", "[a-]", "[:alpha:]", "[(|)*+?{}^$]", r"[\w.-]"]
SETS += [r"[^\W_]", r"[\]\-]", r"[\d_]", r"[\x41-\x5a]", "[\u00e9-\u017f]", "[^\u00e9-\u017f]", "[\u00e9-\u0180]"]
SETS += [f"[{sign}{letter}]" for letter in FOLDING for sign in ("", "^")]
ESCAPES = [r"\.", r"\-", r"\_", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\t", r"\\", r"\x4b", r"\u212a", r"\u0131"]
ESCAPES += [r"\x61", r"\141", r"\07", r"\N{DIGIT ONE}", r"\N{KELVIN SIGN}"]
ONE = st.sampled_from([*LETTERS, "\u00e9", *FOLDING, *"{}],e .", *SETS, *ESCAPES])
AT = st.sampled_from(["^", "$", r"\A", r"\Z", r"\b", r"\B", "", "(?#note)"])
COUNT = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{1,3}", "{,2}", "{,}", "{0}", "{0,2}"])
LITERAL_BRACES = st.sampled_from(["a{e}", "a{e<=1}", "a{s}", "a{", "a{1", "a{1,2", "a{x,1}", "{}"])
OPEN = st.sampled_from(["(", "(?:", "(?i:", "(?-i:", "(?s-i:", "(?a:", "(?u:", "(?m:", "(?s:"])
AROUND = st.sampled_from(["(?=", "(?!"])
LAZY = st.sampled_from(["", "?"])
FLAT = st.lists(st.tuples(ONE, st.none() | COUNT, LAZY), max_size=4).map(
    lambda parts: "".join(one + (f"{count}{lazy}" if count else "") for one, count, lazy in parts)
)


def linear(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    counted = st.tuples(OPEN, inner, COUNT, LAZY).map(lambda parts: f"{parts[0]}{parts[1]}){parts[2]}{parts[3]}")
    return st.one_of(
        st.tuples(OPEN, inner).map(lambda parts: f"{parts[0]}{parts[1]})"),
        counted,
        st.tuples(inner, inner).map("|".join),
        st.tuples(inner, inner).map("".join),
    )


def beyond(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return linear(inner) | st.one_of(
        st.tuples(AROUND, inner).map(lambda parts: f"{parts[0]}{parts[1]})"),
        inner.map(lambda text: rf"({text})\1"),
        inner.map(lambda text: f"(?P<n>{text})(?P=n)"),
        inner.map(lambda text: f"(a)?(?(1){text}|b)"),
        inner.map(lambda text: f"{text}(?<=a)"),
        inner.map(lambda text: f"{text}(?<![ks])"),
    )


LEAVES = FLAT | AT | LITERAL_BRACES
LINEAR = st.recursive(LEAVES, linear, max_leaves=6)
BEYOND = st.recursive(LEAVES, beyond, max_leaves=6)
FLAGS = st.sampled_from(["", "(?i)", "(?s)", "(?m)", "(?a)", "(?x)", "(?x) # note\n"])


def re_says(pattern: str, name: str) -> bool | None:
    """None for a pattern that `re` does not take."""
    try:
        return re.match(pattern, name, re.IGNORECASE) is not None
    except (re.error, OverflowError):
        return None


def held_against_re(pattern: str, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `re` has opinions on [[ and on flags
        expected = re_says(pattern, name)
        if expected is not None:
            assert matcher(pattern)(name) is expected, pattern


@settings(max_examples=500)
@given(LINEAR | BEYOND, NAMES)
@example("[^\u0131]", "i")
@example("\u0130", "I")
@example("a{e<=1}", "b")
@example("[[:alpha:]]", "x")
@example("[[:alpha:]]", "a]")
@example("a{,2}b", "aab")
@example(r"orders\Z", "orders")
@example(r"(a)\1", "aA")
@example(r"(?-i:(a)\1)", "aA")
@example(r"(a)(b)\2\1", "abBA")
@example(r"()()()()()()()()()()(a)\118", "aa8")
@example("(|a)+$", "aaa")
@example("", "a")
def test_a_verdict_is_that_of_re(pattern: str, name: str) -> None:
    held_against_re(pattern, name)


@given(st.tuples(FLAT, AT, FLAT).map("".join), LONG_NAMES)
def test_names_of_any_length_get_the_verdict_of_re(pattern: str, name: str) -> None:
    held_against_re(pattern, name)


@given(FLAGS, FLAT, NAMES)
def test_flags_at_the_start_are_those_of_re(flags: str, pattern: str, name: str) -> None:
    held_against_re(flags + pattern, name)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(?i)(a+)+$", "(?:a+)+$", "([a-z]+)*_$", r"(\w+\.?)+$"]
)
def test_a_pattern_with_a_thousand_million_ways_to_match_is_decided(pattern: str) -> None:
    """RE2 takes them; `re` would need longer than this test may take."""
    assert not matcher(pattern)("a" * 127 + "-")


@pytest.mark.parametrize("pattern", [r"(?=(?:a|a)+$)b", r"((a|a)+)\1-$", "(?:a|a){1,1001}$", "(?x) (?:a|a)+ (?=_) $"])
def test_a_pattern_without_an_end_is_named_and_the_file_is_to_be_fixed(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "MATCH_SECONDS", 0.05)
    name = "a" * 127 + "-"
    with pytest.raises(FixFile) as caught:
        matcher(pattern)(name)
    assert f"`{pattern}`" in caught.value.why
    assert name in caught.value.why
    assert caught.value.remedy


def test_a_long_pattern_is_shown_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "MATCH_SECONDS", 0.05)
    with pytest.raises(FixFile) as caught:
        matcher("(?=(?:a|a)+$)b(?#" + "note" * 100 + ")")("a" * 127 + "-")
    assert len(str(caught.value)) < 500
