"""A deletion needs proof: the stream is not listed, was in this account and region, and the guard allows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.catalogue.deletion import Gone, account_of, gone
from airflow_kinesis_ingest.errors import DeletionRefused

REGION, ACCOUNT = "us-east-2", "123456789012"


def arn(name: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:kinesis:{region}:{account}:stream/{name}"


def found(
    catalogued: dict[str, str | None], listed: list[str], *, account: str | None = ACCOUNT, max_share: float = 0.5
) -> Gone:
    return gone(catalogued, listed, region=REGION, account=account, max_share=max_share)


def topics(count: int) -> dict[str, str | None]:
    return {f"t{number}": arn(f"t{number}") for number in range(count)}


def test_a_topic_whose_stream_is_not_listed_is_gone() -> None:
    assert found(topics(3), ["t0", "t2"]) == Gone(("t1",), ())


def test_nothing_is_gone_where_all_streams_are_listed() -> None:
    assert found(topics(3), ["t0", "t1", "t2", "new"]) == Gone((), ())
    assert found({}, ["new"]) == Gone((), ())


# --- elsewhere ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("elsewhere", [arn("b", region="eu-west-1"), arn("b", account="999999999999")])
def test_a_stream_of_another_region_or_account_is_not_gone(elsewhere: str) -> None:
    """Two workflows may share one service; the listing of one proves nothing about the other."""
    assert found({"a": arn("a"), "b": elsewhere}, ["a"]) == Gone((), ("b",))


@pytest.mark.parametrize(
    "unknown", [None, "", "not-an-arn", "arn:aws:kinesis:::stream/b", arn("b", account=""), arn("b", region="")]
)
def test_a_topic_that_does_not_say_where_its_stream_was_is_not_gone(unknown: str | None) -> None:
    """Topics of the connector we replace: with one wrong letter in the region they would all be deleted."""
    assert found({"a": arn("a"), "b": unknown}, ["a"], max_share=1) == Gone((), (), ("b",))
    assert found({"a": arn("a"), "b": unknown}, [], account=None, max_share=1) == Gone(("a",), (), ("b",))


def test_topics_that_prove_nothing_do_not_make_all_of_ours_look_like_half() -> None:
    catalogued = topics(5) | {f"u{number}": None for number in range(5)}
    with pytest.raises(DeletionRefused, match="5 of 5 topics"):
        found(catalogued, [])


def test_where_nothing_was_listed_the_account_is_unknown_and_the_region_is_not() -> None:
    catalogued: dict[str, str | None] = {"a": arn("a"), "b": arn("b", region="eu-west-1")}
    assert found(catalogued, [], account=None, max_share=1) == Gone(("a",), ("b",))


@pytest.mark.parametrize("region", [REGION, "eu-west-1"])
def test_where_nothing_was_listed_and_the_topics_are_of_two_accounts_none_is_deleted(region: str) -> None:
    """An empty listing does not tell whose it is, and `maxShare: 1` allows all topics of one account."""
    catalogued: dict[str, str | None] = {"a": arn("a"), "b": arn("b", region=region, account="999999999999")}
    with pytest.raises(DeletionRefused, match="2 accounts") as caught:
        found(catalogued, [], account=None, max_share=1)
    assert "proves nothing" in caught.value.remedy


def test_the_account_stands_in_the_arn() -> None:
    assert account_of(arn("a")) == ACCOUNT
    assert account_of(None) is None
    assert account_of("arn:aws:kinesis:us-east-2::stream/a") is None
    assert account_of("nonsense") is None


# --- the guard ------------------------------------------------------------------------------------------------------


def test_half_of_the_topics_may_go_at_once_and_not_one_more() -> None:
    assert len(found(topics(10), ["t0", "t1", "t2", "t3", "t4"]).names) == 5
    with pytest.raises(DeletionRefused):
        found(topics(10), ["t0", "t1", "t2", "t3"])


@pytest.mark.parametrize("count", [1, 2, 10])
def test_all_of_them_never_go_at_once(count: int) -> None:
    """An empty listing is what a wrong account looks like."""
    with pytest.raises(DeletionRefused):
        found(topics(count), [], max_share=0.99)


def test_a_share_of_one_allows_even_that() -> None:
    assert len(found(topics(10), [], max_share=1).names) == 10


def test_a_share_of_nothing_deletes_nothing() -> None:
    with pytest.raises(DeletionRefused):
        found(topics(100), [f"t{number}" for number in range(99)], max_share=0)
    assert found(topics(1), ["t0"], max_share=0) == Gone((), ())


@pytest.mark.parametrize("percent", range(1, 100))
def test_the_share_is_what_it_says(percent: int) -> None:
    """0.29 * 100 is 28.999999999999996."""
    kept = [f"t{number}" for number in range(percent, 100)]
    assert len(found(topics(100), kept, max_share=percent / 100).names) == percent
    with pytest.raises(DeletionRefused):
        found(topics(100), kept[1:], max_share=percent / 100)


def test_topics_elsewhere_are_not_deleted_and_so_do_not_trip_the_guard() -> None:
    catalogued = topics(2) | {f"e{number}": arn(f"e{number}", region="eu-west-1") for number in range(8)}
    assert len(found(catalogued, ["t0", "t1"], max_share=0).elsewhere) == 8


def test_topics_elsewhere_do_not_make_all_of_ours_look_like_half() -> None:
    """A region whose listing came out empty, in a service that another region shares."""
    catalogued = topics(5) | {f"e{number}": arn(f"e{number}", region="eu-west-1") for number in range(5)}
    with pytest.raises(DeletionRefused, match="5 of 5 topics"):
        found(catalogued, [], account=None)


def test_a_refusal_says_how_many_why_and_how_to_allow_it() -> None:
    with pytest.raises(DeletionRefused) as caught:
        found(topics(5), ["t4"])
    assert str(caught.value) == (
        "markDeletedTopics: 4 of 5 topics have no stream any more; none was deleted: one run may delete 50% of them,"
        " and never all. Check region and account. If the streams are gone (t0, t1, t2, ...), allow it for one run:"
        " `options.deletion.maxShare: 1`"
    )


NAMES = st.sampled_from("abcdefgh")
ARNS = st.none() | st.sampled_from([arn("x"), arn("x", region="eu-west-1"), arn("x", account="9"), "junk"])


@given(st.dictionaries(NAMES, ARNS), st.sets(NAMES), st.none() | st.just(ACCOUNT), st.floats(0, 1))
def test_whatever_is_catalogued_a_listed_stream_is_never_deleted(
    catalogued: dict[str, str | None], listed: set[str], account: str | None, max_share: float
) -> None:
    try:
        result = found(catalogued, sorted(listed), account=account, max_share=max_share)
    except DeletionRefused:
        return
    left_alone = {*result.elsewhere, *result.unproven}
    assert not listed & {*result.names, *left_alone}
    assert {*result.names, *left_alone} == catalogued.keys() - listed
    assert {catalogued[name] for name in result.names} <= {arn("x"), arn("x", account="9")}
    assert account is None or {catalogued[name] for name in result.names} <= {arn("x")}
    assert len(result.names) <= max_share * (len(catalogued) - len(left_alone)) + 1e-9
