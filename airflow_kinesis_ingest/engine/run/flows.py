"""Who writes to each stream and who reads from it, asked without writing anything, and as a person reads it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import IngestError
from ..catalogue.deletion import account_of
from ..catalogue.ends import name_of
from ..lineage.flow import Flow
from ..model import Problem
from ..workflow.filters import stream_filter
from ..workflow.models import Workflow
from .beside import Beside, of_the_run
from .pipeline import source_of

NOTHING_ASKED = "The file asks for no flows: add `options.lineage.readers` or `writers`"


@dataclass(frozen=True, slots=True)
class StreamFlows:
    """tags: AWS's, as `key=value`, where the file asks for tags."""

    name: str
    tags: tuple[str, ...]
    writers: tuple[Flow, ...]
    readers: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class FoundFlows:
    """streams: those that the filter keeps; problems: what could not be asked."""

    streams: tuple[StreamFlows, ...]
    problems: tuple[Problem, ...]


def find_flows(workflow: Workflow, stop: threading.Event) -> FoundFlows:
    """Raises IngestError where the streams cannot be listed. They are described only where consumers are asked for."""
    source, keep = source_of(workflow, stop), stream_filter(workflow.metadata.topic_filter_pattern)
    beside, problems = Beside(workflow, stop), []
    beside.begin()
    streams = [stream for stream in source.streams() if keep(stream.name).kept]
    for stream in streams if "consumers" in workflow.options.lineage.readers else ():
        try:
            beside.described(source.describe(stream))
        except IngestError as error:
            problems.append(Problem("describe", stream.name, error.cause, error.remedy, error.actions))
    beside.all_described(whole=True)
    account = next((each for stream in streams if (each := account_of(stream.arn))), None)
    asked = of_the_run(beside.asked(), region=workflow.aws.aws_region, account=account)
    flows = [flow for listing in asked.listings for flow in listing.flows]
    tags = asked.tags.by_arn if asked.tags else {}
    found = (_of(stream.name, stream.arn or "", flows, tags) for stream in streams)
    return FoundFlows(tuple(found), (*problems, *asked.problems))


def _of(name: str, arn: str, flows: Sequence[Flow], tags: Mapping[str, Mapping[str, str]]) -> StreamFlows:
    own = [flow for flow in flows if flow.stream_arn == arn]
    return StreamFlows(
        name,
        tuple(f"{key}={value}" for key, value in sorted(tags.get(arn, {}).items())),
        tuple(flow for flow in own if flow.direction == "writes"),
        tuple(flow for flow in own if flow.direction == "reads"),
    )


def tree(stream: StreamFlows) -> Iterator[str]:
    """Lines: the stream, then its writers and its readers, each with what is behind it."""
    yield f"{stream.name}  ({', '.join(stream.tags)})" if stream.tags else stream.name
    flows = [*stream.writers, *stream.readers]
    for number, flow in enumerate(flows, 1):
        yield f"{'└──' if number == len(flows) else '├──'} {_told(flow)}"


def _told(flow: Flow) -> str:
    arrow = "→" if flow.direction == "reads" else "←"
    through = f" (through {flow.transformed_by.rpartition(':')[2]})" if flow.transformed_by else ""
    idle = "" if flow.active or flow.active is None else " (inactive)"
    ends = ", ".join(map(name_of, flow.ends))
    return f"{arrow} {flow.part} {flow.name}{idle}{through}{f' {arrow} {ends}' if ends else ''}"
