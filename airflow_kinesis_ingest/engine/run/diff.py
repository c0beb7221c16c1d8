"""What a run would change, and the one thing that a person may confirm: where a topic's vanished stream was."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from ...errors import Fault, WorkflowError
from ..catalogue.client import OpenMetadata, fqn
from ..catalogue.deletion import is_whole
from ..catalogue.openmetadata import RestSink
from ..catalogue.rehearsal import Change, Changes, EdgeChange, Made, PipelineChange, ReadingClient, RehearsingFile
from ..catalogue.sink import Sink
from ..catalogue.topic_calls import Warn
from ..model import Problem, RunReport
from ..workflow.models import Workflow
from .pipeline import Progress, catalogue_file, run, source_of


@dataclass(frozen=True, slots=True)
class Difference:
    """report: of the run that wrote nothing, its `deleted` being what it would delete; service: what it would change
    of the messaging service; topics: of each topic; pipelines, edges: of the flows of streams; made: what labels and
    flows need. left: topics whose stream is not there, which it would not delete.
    """

    report: RunReport
    service: tuple[str, ...]
    topics: tuple[Change, ...]
    made: tuple[Made, ...] = ()
    pipelines: tuple[PipelineChange, ...] = ()
    edges: tuple[EdgeChange, ...] = ()

    @property
    def left(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.report.warnings if problem.step == "delete")


def difference(
    workflow: Workflow, *, stop: threading.Event | None = None, progress: Progress | None = None
) -> Difference:
    """Go through a run that reads all it needs and writes nothing. Raises nothing: the report says why it ended."""
    changes = Changes()
    report = run(workflow, stop=stop, progress=progress, into=partial(_into, changes))
    return Difference(
        report,
        tuple(changes.service),
        tuple(changes.topics),
        tuple(sorted(changes.made)),
        tuple(sorted(changes.pipelines.values())),
        tuple(sorted(changes.edges)),
    )


def _into(changes: Changes, workflow: Workflow, stop: threading.Event, warn: Warn) -> Sink:
    path, options = catalogue_file(workflow), workflow.options
    if path:
        return RehearsingFile(path, workflow, changes)
    client = ReadingClient(workflow, changes, stop=stop, pool=options.concurrency, retry_for=options.retry_for)
    return RestSink(client, workflow, warn)


def adopt(workflow: Workflow, names: Collection[str]) -> dict[str, str]:
    """Record for these topics the ARN that their streams had in this account and region. Returns topic -> ARN.

    Only of topics that record none and whose stream is not there. The next run then takes it for proven that the stream
    is gone, and deletes the topic if its guard allows it. Raises WorkflowError, and records nothing, where one of them
    is no such topic, where no stream is listed that tells the account, or where the catalogue is a file.
    """
    if catalogue_file(workflow):
        raise _not_adopted(workflow, "the catalogue is a file, whose topics record their streams", "Correct the file")
    stop, options = threading.Event(), workflow.options
    listed = {stream.name: stream.arn for stream in source_of(workflow, stop).streams()}
    client = OpenMetadata(workflow.server, stop=stop, retry_for=options.retry_for)
    topics = _live_topics(client, workflow)
    faults = [fault for name in names for fault in _objections(name, topics, listed)]
    sibling = next((arn for arn in listed.values() if is_whole(arn)), None)
    if sibling is None:
        faults.append("no stream is listed that tells the account")
    if faults or sibling is None:
        raise _not_adopted(workflow, "; ".join(faults), "See `kinesis-ingest diff`: nothing was recorded")
    arns = {name: f"{sibling.rpartition('/')[0]}/{name}" for name in names}
    for name, arn in arns.items():
        _record(client, topics[name], arn)
    return arns


def _live_topics(client: OpenMetadata, workflow: Workflow) -> dict[str, Mapping[str, object]]:
    service = fqn(workflow.source.service_name)
    listing = client.pages("/topics", keys=("topicConfig", "streamARN"), service=service)
    return {topic["name"]: topic for topic in listing}


def _objections(name: str, topics: Mapping[str, Mapping[str, object]], listed: Mapping[str, str | None]) -> list[str]:
    if name in listed:
        return [f"the stream of `{name}` is there: a run records it"]
    if name not in topics:
        return [f"`{name}` is no topic of this service"]
    arn = _recorded(topics[name])
    return [f"`{name}` records its stream already: {arn}"] if is_whole(arn) else []


def _recorded(topic: Mapping[str, object]) -> str | None:
    config = topic.get("topicConfig")
    arn = config.get("streamARN") if isinstance(config, dict) else None
    return arn if isinstance(arn, str) else None


def _record(client: OpenMetadata, topic: Mapping[str, object], arn: str) -> None:
    path = f"/topics/{topic['id']}"
    stored = (client.get(path) or {}).get("topicConfig")
    config = (stored if isinstance(stored, dict) else {}) | {"streamARN": arn}
    client.patch(path, [{"op": "add", "path": "/topicConfig", "value": config}])


def _not_adopted(workflow: Workflow, problem: str, remedy: str) -> WorkflowError:
    return WorkflowError([Fault(workflow.name, 0, 0, "--adopt", problem, remedy)])
