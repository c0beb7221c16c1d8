"""DynamoDB: tables that stream their changes. AWS lists none of them, so the workflow file names those to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from ...errors import StreamGone, StreamUnreadable
from .asking import Found, each_described, elements, stream_of, text
from .flow import Flow, Region, Table

DESCRIBE = "dynamodb:DescribeKinesisStreamingDestination"
OVER = ("DISABLED", "ENABLE_FAILED")
"""AWS goes on naming destinations that were switched off."""


class DynamoDb:
    """tables: names or ARNs."""

    name = "dynamodb"
    actions: Mapping[str, float] = {DESCRIBE: 5.0}
    """AWS publishes no rate."""

    def __init__(self, tables: Sequence[str]) -> None:
        self._tables = tables

    def find(self, region: Region) -> Iterator[Found]:
        return each_described(self.name, dict.fromkeys(self._tables), lambda table: self._flows(region, table))

    def _flows(self, region: Region, table: str) -> Iterator[Flow]:
        try:
            answer = region.call(DESCRIBE, of=table, TableName=table)
        except StreamGone as error:
            remedy = "Correct `options.lineage.dynamodbTables`"
            raise StreamUnreadable("there is no such table here", where=table, why=error.why, remedy=remedy) from None
        name = table.rpartition("table/")[2]
        for destination in elements(answer, "KinesisDataStreamDestinations", DESCRIBE):
            status, stream = text(destination, "DestinationStatus"), stream_of(text(destination, "StreamArn"))
            if stream and status not in OVER:
                page = f"dynamodbv2/home#table?name={quote(name)}&tab=streams"
                ends = (Table("dynamodb", name),)
                active = status in ("ACTIVE", "UPDATING")
                yield Flow(self.name, table, name, stream, "writes", ends, active, region.console(page))
