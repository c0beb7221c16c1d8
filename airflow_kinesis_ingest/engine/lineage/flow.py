"""The nouns of lineage, and the protocol of the parts that find it. All nouns are immutable; None means "not known".

A *flow* is one pipeline of AWS (a delivery stream, a function, a pipe, ...) at one stream: it reads from it or writes
to it. A *part* finds the flows of one AWS service in one account and region, by listings, never by a call per stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..model import Problem

Direction = Literal["reads", "writes"]
TableKind = Literal["redshift", "snowflake", "dynamodb", "iceberg"]


def step_of(part: str) -> str:
    """The step of a part's problems. Their entity is the action that failed, or the pipeline that it is about."""
    return f"{part} flows"


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket, and the fixed beginning of the keys in it: up to the first expression, "" for none."""

    bucket: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by the names AWS has for it, in AWS's spelling.

    catalog: of Glue and Iceberg, an account's id or an ARN's path; database and schema as the kind has them: Glue and
    Iceberg have no schema, DynamoDB neither. host: of a Redshift cluster or a Snowflake account, without port and path.
    """

    kind: TableKind
    name: str
    database: str | None = None
    schema: str | None = None
    catalog: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """An index of OpenSearch or Elasticsearch. host: of the endpoint, or the name of the domain where that is all."""

    host: str
    index: str


@dataclass(frozen=True, slots=True)
class StreamRef:
    """Another Kinesis stream."""

    arn: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """What is no data asset of a catalogue (an HTTP endpoint, a queue, a function), as a person would name it."""

    label: str


End = Bucket | Table | SearchIndex | StreamRef | Opaque
"""The other side of a flow: where a reader brings the records, where a writer has them from."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One pipeline at one stream. A pipeline at several streams has several flows, all of its arn and name.

    part: which found it. arn: the pipeline's, where it has one, else what tells it from all others of the part; name:
    the pipeline's, as AWS spells it, the same for all of its flows and for no other pipeline of the part. stream_arn:
    of the stream itself, never a consumer's; it may be of another account or region. ends: empty where the pipeline is
    the end itself (a function) or nothing tells what is behind it. active: whether records flow. transformed_by: ARN of
    the function that may change records on their way. schema_arn: of the Glue schema that AWS binds the stream to.
    consumer_arn: of the registered consumer it reads by. console_url: None where no address is published.
    """

    part: str
    arn: str
    name: str
    stream_arn: str
    direction: Direction
    ends: tuple[End, ...] = ()
    active: bool | None = None
    console_url: str | None = None
    transformed_by: str | None = None
    schema_arn: str | None = None
    consumer_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A pipeline that is there, whatever became of its flows: it could not be read, or is at no stream."""

    name: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """More may be there than was looked at: nothing failed, but what is not listed is not proven to be gone."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one part found in one run.

    present: the names of all pipelines that are there, also those without a flow here (unread, or at a stream of
    another account). complete: whether the listing ran to its end; only then is a pipeline that is not present gone.
    A pipeline that is present without a flow keeps what the catalogue has of it. problems: at most one of a kind; each
    names the part, what is to be done, and the IAM action if that is what is missing.
    """

    part: str
    flows: tuple[Flow, ...] = ()
    present: frozenset[str] = frozenset()
    complete: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class TagListing:
    """The AWS tags of all that was asked for, by ARN: key -> value, both as AWS has them, a value maybe "".

    complete: whether the listing ran to its end; only then has a resource that is not in by_arn no tags. problem: why
    it did not.
    """

    by_arn: Mapping[str, Mapping[str, str]]
    complete: bool = False
    problem: Problem | None = None


class Region(Protocol):
    """One account and region of AWS, as a part may ask it."""

    @property
    def name(self) -> str:
        """Such as `us-east-2`."""

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, ..., as ARNs begin."""

    def call(self, action: str, /, of: str = "", **parameters: Any) -> dict[str, Any]:
        """One call, named by its IAM action (`firehose:ListDeliveryStreams`), paced and tried again.

        of: what it is about, where it is about one thing of many. Raises Stopped as soon as the run is to end; else an
        IngestError: with `of` a Skip where the others may still be right, StreamGone for what is not there any more.
        """

    def console(self, page: str, /) -> str | None:
        """The address of a page of the console, such as `lambda/home#/functions/NAME`; None where none is published."""

    def with_consumers(self) -> Iterator[str | Unfinished]:
        """ARNs of the streams that have registered consumers, as they are described; ends with the describing.

        The last is an Unfinished where not every stream of the region was described: filtered, or failed.
        """


class Part(Protocol):
    """One AWS service. To add one: a module with such an object, and its entry in `parts`."""

    name: str
    """As in `options.lineage`."""

    actions: Mapping[str, float]
    """The IAM actions that it calls, each with the calls a second that AWS allows an account and region."""

    def find(self, region: Region, /) -> Iterable[Flow | Seen | Problem | Unfinished]:
        """What there is, as it is found. Ends normally only if the listing is complete; raises as `Region.call`."""
