"""The fake of the services around Kinesis keeps AWS's contract, as boto3 sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.demo.surroundings import ANSWERS, Surroundings, cbor, serving
from airflow_kinesis_ingest.engine.lineage.parts import every_part
from airflow_kinesis_ingest.engine.records.cbor import CBOR_TAG, read_cbor
from tests.fakes.surroundings import ARN, FakeSurroundings, delivery, many, mapping


@pytest.fixture
def around() -> Iterator[FakeSurroundings]:
    with FakeSurroundings(many([f"s{n}" for n in range(120)], deliveries=12, mappings=250)) as running:
        running.around.rates = {}
        yield running


def client(service: Any, url: str) -> Any:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    session = boto3.Session("a", "b", region_name="us-east-1")
    return session.client(service, endpoint_url=url, config=config)


def test_tags_of_some_types_come_in_pages_with_a_token(around: FakeSurroundings) -> None:
    around.around.tags["arn:aws:firehose:us-east-1:123456789012:deliverystream/d"] = {"a": ""}
    tagging = client("resourcegroupstaggingapi", around.url)
    first = tagging.get_resources(ResourceTypeFilters=["kinesis:stream"], ResourcesPerPage=100)
    second = tagging.get_resources(
        ResourceTypeFilters=["kinesis:stream"], ResourcesPerPage=100, PaginationToken=first["PaginationToken"]
    )
    assert (len(first["ResourceTagMappingList"]), len(second["ResourceTagMappingList"])) == (100, 20)
    assert second["PaginationToken"] == ""
    assert first["ResourceTagMappingList"][0]["ResourceARN"] == f"{ARN}:stream/s0"
    assert {"Key": "env", "Value": "prod"} in first["ResourceTagMappingList"][0]["Tags"]


def test_delivery_streams_have_no_token_and_ten_on_a_page_without_a_limit(around: FakeSurroundings) -> None:
    firehose = client("firehose", around.url)
    page = firehose.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")
    assert (len(page["DeliveryStreamNames"]), page["HasMoreDeliveryStreams"]) == (10, True)
    rest = firehose.list_delivery_streams(
        ExclusiveStartDeliveryStreamName=page["DeliveryStreamNames"][-1], Limit=10_000
    )
    assert (len(rest["DeliveryStreamNames"]), rest["HasMoreDeliveryStreams"]) == (2, False)
    assert firehose.list_delivery_streams(DeliveryStreamType="DirectPut")["DeliveryStreamNames"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        firehose.describe_delivery_stream(DeliveryStreamName="none")


def test_mappings_are_a_hundred_on_a_page_whatever_is_asked_for(around: FakeSurroundings) -> None:
    lambda_ = client("lambda", around.url)
    page = lambda_.list_event_source_mappings(MaxItems=1000)
    assert len(page["EventSourceMappings"]) == 100
    assert len(lambda_.list_event_source_mappings(Marker="200")["EventSourceMappings"]) == 50


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("resourcegroupstaggingapi", "get_resources", "ThrottledException"),
        ("lambda", "list_event_source_mappings", "TooManyRequestsException"),
        ("pipes", "list_pipes", "ThrottlingException"),
        ("kinesis", "list_channels", "LimitExceededException"),
    ],
)
def test_each_service_throttles_by_its_own_code(service: str, operation: str, code: str) -> None:
    rates = {"tag:GetResources": 1.0, "lambda:ListEventSourceMappings": 1.0, "pipes:ListPipes": 1.0}
    around = Surroundings(rates=rates | {"kinesis:ListChannels": 1.0}, clock=lambda: 0.0)
    with FakeSurroundings(around) as running:
        call = getattr(client(service, running.url), operation)
        call()
        with pytest.raises(ClientError, match=code):
            call()
    assert around.throttled.total() == 1


@pytest.mark.parametrize("service", ["resourcegroupstaggingapi", "lambda"])
def test_a_denied_action_is_refused_and_named(around: FakeSurroundings, service: str) -> None:
    around.around.denied = {"tag:GetResources", "lambda:ListEventSourceMappings"}
    caller = client(service, around.url)
    with pytest.raises(ClientError, match=r"AccessDeniedException.*not authorized to perform: (tag|lambda):"):
        (getattr(caller, "get_resources", None) or caller.list_event_source_mappings)()


def test_it_knows_every_call_that_a_part_makes() -> None:
    assert {action for part in every_part() for action in part.actions} <= ANSWERS.keys()


def test_it_serves_without_the_tests() -> None:
    """As the demo does."""
    with serving(Surroundings(mappings=[mapping("f", "s")], deliveries={"d": delivery("d", "s")})) as url:
        assert len(client("lambda", url).list_event_source_mappings()["EventSourceMappings"]) == 1
        found = client("firehose", url).describe_delivery_stream(DeliveryStreamName="d")["DeliveryStreamDescription"]
        assert found["DeliveryStreamARN"].endswith("/d")


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_what_it_encodes_is_read_as_it_was(value: Any) -> None:
    assert read_cbor(CBOR_TAG + cbor(value)) == value
