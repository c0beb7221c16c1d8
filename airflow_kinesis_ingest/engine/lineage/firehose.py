"""Amazon Data Firehose: delivery streams that read from a Kinesis stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ...errors import StreamUnreadable
from ..model import Problem
from .asking import Body, Found, block, blocks, each_described, held, host_of, problem_of, stream_of, stuck, text
from .flow import Bucket, End, Flow, Opaque, Region, SearchIndex, Table

LIST, DESCRIBE = "firehose:ListDeliveryStreams", "firehose:DescribeDeliveryStream"
S3 = ("ExtendedS3DestinationDescription", "S3DestinationDescription")
"""Both come together, and the second lacks what the first has."""


class Firehose:
    name = "firehose"
    actions: Mapping[str, float] = {LIST: 5.0, DESCRIBE: 5.0}

    def find(self, region: Region) -> Iterator[Found]:
        return each_described(self.name, self._names(region), lambda name: self._flow(region, name))

    def _names(self, region: Region) -> list[str]:
        """All before the first description: of those a part may fail, and the listing not."""
        names: dict[str, None] = {}
        place: dict[str, str] = {}
        while True:
            # 10,000 is the model's limit; without one a page has 10.
            answer = region.call(LIST, DeliveryStreamType="KinesisStreamAsSource", Limit=10_000, **place)
            fresh = [name for name in held(answer, "DeliveryStreamNames", list, LIST) if name not in names]
            names.update(dict.fromkeys(map(str, fresh)))
            if not held(answer, "HasMoreDeliveryStreams", bool, LIST):
                return list(names)
            if not fresh:
                raise stuck(LIST)
            place = {"ExclusiveStartDeliveryStreamName": fresh[-1]}

    def _flow(self, region: Region, name: str) -> Iterator[Flow | Problem]:
        answer = region.call(DESCRIBE, of=name, DeliveryStreamName=name)
        described = held(answer, "DeliveryStreamDescription", dict, DESCRIBE)
        stream = stream_of(text(described, "Source", "KinesisStreamSourceDescription", "KinesisStreamARN"))
        if not stream:
            return  # a simulator that does not filter by source
        destination = next(iter(blocks(described, "Destinations")), {})
        ends = tuple(_ends(destination))
        if not ends:
            yield problem_of(self.name, name, _nowhere(name))
        yield Flow(
            self.name,
            text(described, "DeliveryStreamARN"),
            name,
            stream,
            "reads",
            ends,
            text(described, "DeliveryStreamStatus") == "ACTIVE",
            region.console(f"firehose/home#/details/{quote(name)}"),
            _function(destination),
        )


def _nowhere(name: str) -> StreamUnreadable:
    what, remedy = "the delivery stream has no destination that is known here", "Look it up in the console of Firehose"
    return StreamUnreadable(what, where=name, remedy=remedy)


def _ends(destination: Body) -> Iterator[End]:
    """Of the one destination there is. An S3 block inside of another destination is its backup, and no end."""
    for member, ends in ENDS.items():
        if found := block(destination, member):
            yield from ends(found)
            return
    yield from _bucket(next((found for member in S3 if (found := block(destination, member))), {}))


def _bucket(s3: Body) -> Iterator[End]:
    """A Glue table of a format conversion lends its schema alone, maybe to several: nothing proves where it points."""
    bucket = text(s3, "BucketARN").rpartition(":::")[2]
    if bucket:
        yield Bucket(bucket, text(s3, "Prefix").partition("!{")[0])


def _redshift(found: Body) -> Iterator[End]:
    url = text(found, "ClusterJDBCURL")
    schema, _, table = text(found, "CopyCommand", "DataTableName").rpartition(".")
    database = url.rpartition("/")[2].partition("?")[0].partition(";")[0]
    if table:
        yield Table(
            "redshift", table.strip('"'), database or None, schema.strip('"') or None, host=host_of(url) or None
        )


def _snowflake(found: Body) -> Iterator[End]:
    if table := text(found, "Table"):
        host = host_of(text(found, "AccountUrl")) or None
        yield Table("snowflake", table, text(found, "Database") or None, text(found, "Schema") or None, host=host)


def _iceberg(found: Body) -> Iterator[End]:
    catalog = text(found, "CatalogConfiguration", "CatalogARN")
    tables = blocks(found, "DestinationTableConfigurationList")
    for table in tables:
        name, database = text(table, "DestinationTableName"), text(table, "DestinationDatabaseName")
        yield Table("iceberg", name, database or None, catalog=_catalog(catalog))
    if not tables:
        yield Opaque("Iceberg tables, which each record names")


def _catalog(arn: str) -> str | None:
    """The account's id, or the catalog's own path behind it: `arn:aws:glue:REGION:ACCOUNT:catalog/PATH`."""
    _, _, rest = arn.partition(":glue:")
    account, _, path = rest.partition(":")[2].partition(":")
    return path.partition("/")[2] or account or None


def _index(found: Body) -> Iterator[End]:
    """A name is exact only where the index is never rotated."""
    host = host_of(text(found, "ClusterEndpoint")) or text(found, "DomainARN").rpartition("/")[2]
    rotation, index = text(found, "IndexRotationPeriod"), text(found, "IndexName")
    if rotation in ("", "NoRotation"):
        yield SearchIndex(host, index)
    else:
        yield Opaque(f"indexes {index}-* of {host}")


def _collection(found: Body) -> Iterator[End]:
    yield SearchIndex(host_of(text(found, "CollectionEndpoint")), text(found, "IndexName"))


def _splunk(found: Body) -> Iterator[End]:
    yield Opaque(f"Splunk at {host_of(text(found, 'HECEndpoint'))}")


def _http(found: Body) -> Iterator[End]:
    """MongoDB, Datadog, New Relic and others are HTTP endpoints by AWS's model. The URL may hold a secret."""
    name, host = (
        text(found, "EndpointConfiguration", "Name"),
        host_of(text(found, "EndpointConfiguration", "Url")),
    )
    yield Opaque(f"{name} at {host}" if name else f"HTTP endpoint at {host}")


ENDS = {
    "RedshiftDestinationDescription": _redshift,
    "SnowflakeDestinationDescription": _snowflake,
    "IcebergDestinationDescription": _iceberg,
    "AmazonopensearchserviceDestinationDescription": _index,
    "ElasticsearchDestinationDescription": _index,
    "AmazonOpenSearchServerlessDestinationDescription": _collection,
    "SplunkDestinationDescription": _splunk,
    "HttpEndpointDestinationDescription": _http,
}


def _function(destination: Body) -> str | None:
    """The function that transforms records on their way, by its ARN without a version."""
    for found in destination.values():
        processing = block({"of": found}, "of", "ProcessingConfiguration")
        for processor in blocks(processing, "Processors"):
            if processing.get("Enabled") is not False and text(processor, "Type") == "Lambda":
                values = {
                    text(each, "ParameterName"): text(each, "ParameterValue")
                    for each in blocks(processor, "Parameters")
                }
                if values.get("LambdaArn"):
                    return values["LambdaArn"]
    return None
