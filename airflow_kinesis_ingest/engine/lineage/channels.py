"""Kinesis channels: what brings a stream to S3 by itself, and may bind it to a Glue schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .asking import Body, Found, block, blocks, each_described, held, pages, stream_of, text
from .flow import Bucket, End, Flow, Region, Table

LIST, DESCRIBE = "kinesis:ListChannels", "kinesis:DescribeChannel"


class Channels:
    name = "channels"
    actions: Mapping[str, float] = {LIST: 5.0, DESCRIBE: 5.0}

    def find(self, region: Region) -> Iterator[Found]:
        listed = pages(region, LIST, "ChannelSummaries", MaxResults=100)
        arns = {text(each, "ChannelName"): text(each, "ChannelARN") for each in listed}
        return each_described(self.name, arns, lambda name: self._flows(region, name, arns[name]))

    def _flows(self, region: Region, name: str, arn: str) -> Iterator[Flow]:
        channel = held(region.call(DESCRIBE, of=name, ChannelARN=arn), "ChannelDescription", dict, DESCRIBE)
        for stream in blocks(channel, "StreamConfigurationList"):
            yield Flow(
                self.name,
                arn,
                name,
                stream_of(text(stream, "StreamARN")),
                "reads",
                tuple(_ends(channel)),
                text(channel, "ChannelStatus") in ("ACTIVE", "UPDATING"),
                region.console("kinesis/home#/streams/list"),
                schema_arn=text(stream, "RecordConfiguration", "GSRSchemaARN") or None,
            )


def _ends(channel: Body) -> Iterator[End]:
    storage = block(channel, "S3DestinationConfiguration", "StorageConfiguration")
    if bucket := text(storage, "BucketARN").rpartition(":::")[2]:
        yield Bucket(bucket, _fixed(text(storage, "OutputKeyTemplate")))
    for table in blocks(channel, "S3TablesDestinationConfiguration", "S3TablesConfigurationList"):
        catalog = text(table, "TableBucketARN").rpartition("bucket/")[2] or None
        yield Table("iceberg", text(table, "TableName"), text(table, "Namespace") or None, catalog=catalog)


def _fixed(template: str) -> str:
    """What all keys begin with: `raw/` of `raw/!{timestamp:yyyy}`."""
    return template.partition("{")[0].removesuffix("!")
