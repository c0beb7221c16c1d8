"""AWS's tags in one listing: what was read before it broke off counts, and proves of nothing that it has no tags."""

from __future__ import annotations

from airflow_kinesis_ingest.engine.aws.tags import tags
from airflow_kinesis_ingest.errors import Abort
from tests.engine.lineage.region import Region, arn

LIST = "tag:GetResources"
PAGE = {
    "ResourceTagMappingList": [{"ResourceARN": arn("orders"), "Tags": [{"Key": "env", "Value": "prod"}]}],
    "PaginationToken": "next",
}


def test_an_expired_token_of_a_page_ends_the_listing_as_incomplete() -> None:
    expired = Abort("AWS refused the call", where=LIST, why="PaginationTokenExpiredException", remedy="Run again")
    region = Region({LIST: [PAGE, expired]})
    found = tags(region, ["kinesis:stream"])
    assert (found.by_arn, found.complete) == ({arn("orders"): {"env": "prod"}}, False)
    assert found.problem is not None
    assert (found.problem.step, found.problem.entity, found.problem.remedy) == ("tags", LIST, "Run again")
    assert [parameters.get("PaginationToken") for _, parameters in region.asked] == [None, "next"]
