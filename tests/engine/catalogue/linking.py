"""What the tests of tags, owners and flows share: a run's last step, without its AWS."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from airflow_kinesis_ingest.engine.catalogue.found import Found, Linked, in_turn
from airflow_kinesis_ingest.engine.catalogue.sink import Sink
from airflow_kinesis_ingest.engine.lineage.flow import Flow, Listing, TagListing
from airflow_kinesis_ingest.engine.model import Sample, Topic
from airflow_kinesis_ingest.engine.run.pipeline import sink_of
from airflow_kinesis_ingest.engine.run.tally import Tally
from tests.builders import workflow
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import FakeOpenMetadata

AWS = FakeKinesis()
REGION, ACCOUNT = "us-east-1", "123456789012"
WRITES = ("PUT", "PATCH", "DELETE")


def arn(name: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:kinesis:{region}:{account}:stream/{name}"


def tags(by_stream: Mapping[str, Mapping[str, str]], *, complete: bool = True) -> TagListing:
    return TagListing({arn(name): each for name, each in by_stream.items()}, complete)


def reads(part: str, name: str, stream: str, *ends: Any, **more: Any) -> Flow:
    of = more.pop("of", ACCOUNT)
    made = {"active": True, "arn": f"arn:aws:{part}:{REGION}:{ACCOUNT}:{name}", "direction": "reads", **more}
    return Flow(part=part, name=name, stream_arn=arn(stream, account=of), ends=ends, **made)


def listing(part: str, *flows: Flow, present: Iterable[str] = (), complete: bool = True) -> Listing:
    return Listing(part, flows, frozenset(present) | {flow.name for flow in flows}, complete)


def threads(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, items))


def sink_for(to: FakeOpenMetadata | Path, **changes: Any) -> Sink:
    return sink_of(workflow(AWS, to, **changes), threading.Event(), Tally().warn)


@contextmanager
def opened(to: FakeOpenMetadata | Path, streams: Sequence[str], **changes: Any) -> Iterator[Sink]:
    """A sink that has written these streams."""
    sink = sink_for(to, **changes)
    sink.open(storing=False)
    try:
        for name in streams:
            sink.write(Topic(name, 1, 86_400_000, None, None, {"streamARN": arn(name)}), Sample())
        yield sink
    finally:
        sink.close(complete=True)


def link(
    to: FakeOpenMetadata | Path,
    streams: Sequence[str] = ("clicks",),
    *listings: Listing,
    tagged: TagListing | None = None,
    account: str | None = ACCOUNT,
    each: Any = in_turn,
    **changes: Any,
) -> Linked:
    """A whole run of these streams, and what its last step did."""
    with opened(to, streams, **changes) as sink:
        return sink.link(Found(REGION, account, {name: arn(name) for name in streams}, tagged, listings), each)


def writes(server: FakeOpenMetadata) -> list[str]:
    return [f"{call.method} {call.path}" for call in server.calls() if call.method in WRITES]


def labels(server: FakeOpenMetadata, name: str) -> dict[str, str]:
    """Of a topic: tag -> label type."""
    return {label["tagFQN"]: label["labelType"] for label in server.topic("shop", name)["tags"]}
