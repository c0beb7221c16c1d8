"""Links into the AWS console: of the right partition, of any name, and none where no address is published."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.aws.console import console_url


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-2", "us-east-2.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_link_leads_to_the_partitions_own_console(region: str, host: str) -> None:
    url = f"https://{host}/kinesis/home?region={region}#/streams/details/orders/monitoring"
    assert console_url(region, "orders") == url


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "eusc-de-east-1"])
def test_where_no_console_is_published_there_is_no_link(region: str) -> None:
    assert console_url(region, "orders") is None


def test_without_a_stream_the_link_leads_to_all_of_them() -> None:
    assert console_url("us-east-2") == (
        "https://us-east-2.console.aws.amazon.com/kinesis/home?region=us-east-2#/streams/list"
    )


def test_a_place_for_names_stays_one() -> None:
    """It is filled in where thousands of links are shown."""
    assert console_url("us-east-2", "{name}") == (console_url("us-east-2", "orders") or "").replace("orders", "{name}")


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_name_is_one_segment_of_the_link(name: str) -> None:
    url = console_url("us-east-2", name)
    assert url is not None
    start, segment, end = url.rpartition("#")[2].rsplit("/", 2)
    assert (start, unquote(segment), end) == ("/streams/details", name, "monitoring")
    assert url.isascii()
