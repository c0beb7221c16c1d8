"""The way over: what OpenMetadata stores of a Kinesis service and its ingestion pipelines -> workflow files.

Secrets never come along, whether the server masks them (for people) or tells them (for bots).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2s
from typing import Any

from ..engine.catalogue.agents import Agents, Entity, Inventory, dag_id
from ..engine.catalogue.client import fqn
from ..engine.workflow.document import Place, block_at, written
from ..engine.workflow.field_types import PLACEHOLDER
from ..engine.workflow.loading import loads
from ..engine.workflow.models import AirflowConfig, AwsConfig, MessagingMetadata, Workflow
from ..engine.workflow.spread import INTERVALS, spread_line
from ..errors import Fault, WorkflowError
from .old_connector import differences

SECRETS = {
    "awsAccessKeyId": "AWS_ACCESS_KEY_ID",
    "awsSecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "awsSessionToken": "AWS_SESSION_TOKEN",
}
JWT = "OM_JWT"
OPTIONAL = re.compile(r"airflowConfig\.(?!scheduleInterval|endDate|pipelineTimezone)|displayName|description|owner")
"""What a file is imported without where its value is a fault here. It changes neither what is read nor when."""
NOTHING: tuple[object, ...] = (None, "", [], {})
WIDTH = 100


@dataclass(frozen=True, slots=True)
class Draft:
    """A workflow file to be: its name (the file's stem too), its text, and what its reader has to know.

    origin: what it was made from, in one line that stands in the text and nowhere else. secrets: the names that it
    takes from the environment. notes: what could not come along. faults: why it cannot be deployed.
    """

    name: str
    origin: str
    service: str
    text: str = ""
    secrets: tuple[str, ...] = ()
    switch_off: str = ""
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    """A service and one of its pipelines of metadata; None for a service without any."""

    service: Entity
    pipeline: Entity | None
    prefix: str
    server: str

    @property
    def connection(self) -> dict[str, Any]:
        return block_at(self.service, ("connection", "config"))

    @property
    def aws(self) -> dict[str, Any]:
        return block_at(self.connection, ("awsConfig",))

    @property
    def metadata(self) -> dict[str, Any]:
        return block_at(self.pipeline or {}, ("sourceConfig", "config"))

    @property
    def airflow(self) -> dict[str, Any]:
        return block_at(self.pipeline or {}, ("airflowConfig",))

    @property
    def shown(self) -> str:
        """The pipeline as OpenMetadata's pages name it."""
        pipeline = self.pipeline or {}
        return _line(pipeline.get("displayName") or pipeline.get("name") or "")

    @property
    def origin(self) -> str:
        service = str(self.service["name"])
        if self.pipeline is None:
            return f"the service {_line(fqn(service))}, which has no pipeline of metadata"
        return f"the pipeline {_line(fqn(service, str(self.pipeline['name'])))} ({self.shown})"


@dataclass(slots=True)
class _Remarks:
    """What is said of a file while it is made."""

    secrets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def drafts(found: Inventory, server: str, existing: Collection[str] = ()) -> Iterator[Draft]:
    """A draft for each pipeline of metadata, and one on demand for each service that has none.

    server: the `hostPort` of the files. existing: names of workflows at hand; the pipeline of that name is what a run
    of ours made in OpenMetadata.
    """
    prefixes = _prefixes([str(agents.service["name"]) for agents in found.kinesis])
    taken = {name.casefold() for name in found.dag_ids - set(existing)}
    for agents in found.kinesis:
        service = str(agents.service["name"])
        theirs = [each for each in metadata_pipelines(agents) if dag_id(str(each["name"])) not in existing]
        pipelines: list[Entity | None] = [*theirs] or [None]
        for pipeline in pipelines:
            source = _Source(agents.service, pipeline, prefixes[service], server)
            name = _free(_names(source, several=len(theirs) > 1), taken)
            taken.add(name.casefold())
            yield _draft(name, source)


def metadata_pipelines(agents: Agents) -> list[Entity]:
    return [each for each in agents.pipelines if each.get("pipelineType") == "metadata"]


def other_pipelines(agents: Agents) -> list[str]:
    """Those that no file is made of, as type and name: lineage, samples of OpenMetadata's own kind and the like."""
    others = [each for each in agents.pipelines if each.get("pipelineType") != "metadata"]
    return [_line(f"{each.get('pipelineType')} {each.get('displayName') or each['name']}") for each in others]


# --- names ----------------------------------------------------------------------------------------------------------


def _prefixes(services: Sequence[str]) -> dict[str, str]:
    """Service -> what the names of its variables begin with; no two services share one."""
    plain = {name: re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") for name in services}
    plain = {name: made if made[:1].isalpha() else f"KINESIS_{made}".strip("_") for name, made in plain.items()}
    twice = {made for made in plain.values() if list(plain.values()).count(made) > 1}
    return {name: f"{made}_{_digest(name).upper()}" if made in twice else made for name, made in plain.items()}


def _names(source: _Source, *, several: bool) -> Iterator[str]:
    """Names for a workflow, the best first."""
    service = _dag_name(str(source.service["name"])) or "kinesis"
    if several and source.pipeline:
        service = f"{service}_{_dag_name(source.shown) or 'metadata'}"[:200].rstrip(".")
    yield service
    yield f"{service}_kinesis"
    yield f"{service}_{_digest(source.origin)}"
    for number in range(2, 1_000_000):
        yield f"{service}_{number}"


def _dag_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("._-")[:200]


def _free(names: Iterable[str], taken: Collection[str]) -> str:
    """One that is no DAG of OpenMetadata's: to delete that pipeline there deletes what Airflow knows of its DAG."""
    return next(name for name in names if name.casefold() not in taken)


def _digest(text: str) -> str:
    return blake2s(text.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


# --- data -----------------------------------------------------------------------------------------------------------


def _draft(name: str, source: _Source) -> Draft:
    remarks = _Remarks()
    service = str(source.service["name"])
    try:
        _check_connection(source)
        data, workflow = _accepted(_data(name, source, remarks), name, remarks)
    except WorkflowError as error:
        there = f"{_line(source.origin)} in OpenMetadata"
        faults = tuple(replace(fault, file=there, line=0, column=0) for fault in error.faults)
        return Draft(name, source.origin, service, faults=faults)
    off = _switch_off(source)
    text = _text(data, workflow, source, remarks, off)
    loads(text.encode(), f"{name}.yaml")
    return Draft(name, source.origin, service, text, tuple(remarks.secrets), off, tuple(remarks.notes))


def _check_connection(source: _Source) -> None:
    """Raises WorkflowError where a file could only be made by guessing."""
    if not source.connection:
        remedy = "Take the token of a bot that may see it, as the ingestion-bot's, or store the connection there"
        raise WorkflowError([Fault("", 0, 0, "connection", "the service's connection is not told", remedy)])
    names = sorted(key for key, value in source.aws.items() if isinstance(value, str) and PLACEHOLDER.search(value))
    plain = [name for name in names if name not in SECRETS]
    if plain:
        problem, remedy = "it holds `${...}`, which a run here would replace", "Write the value itself there"
        raise WorkflowError([Fault("", 0, 0, f"connection.config.awsConfig.{plain[0]}", problem, remedy)])


def _data(name: str, source: _Source, remarks: _Remarks) -> dict[str, Any]:
    pipeline = source.pipeline or {}
    owners = [owner.get("name") for owner in pipeline.get("owners") or []]
    found = {
        "name": name,
        "displayName": pipeline.get("displayName"),
        "description": pipeline.get("description"),
        "owner": owners[0] if owners else None,
        "source": {
            "type": "kinesis",
            "serviceName": source.service["name"],
            "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": _aws(source, remarks)}},
            "sourceConfig": {"config": _metadata(source, remarks)},
        },
        "sink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": _workflow_config(source, remarks),
        "airflowConfig": _airflow(source, remarks),
    }
    cleaned: dict[str, Any] = _storable({key: value for key, value in found.items() if value not in (None, "")})
    return cleaned


def _aws(source: _Source, remarks: _Remarks) -> dict[str, Any]:
    given = _known(source.aws, AwsConfig, remarks)
    for key in SECRETS.keys() & given.keys():
        given[key] = f"${{{source.prefix}_{SECRETS[key]}}}"
    remarks.secrets += [f"{source.prefix}_{name}" for key, name in SECRETS.items() if key in given]
    if "awsSessionToken" in given:
        remarks.notes.append("`awsSessionToken` is of temporary keys, which end within hours: better name a role.")
    return given


def _metadata(source: _Source, remarks: _Remarks) -> dict[str, Any]:
    given = _known(source.metadata, MessagingMetadata, remarks)
    by_default = _filter(source.connection.get("topicFilterPattern"))
    pattern = _filter(given.pop("topicFilterPattern", None))
    if by_default and source.pipeline is None:
        pattern = by_default
        remarks.notes.append("The filter is the service's default, which OpenMetadata proposes for a new pipeline.")
    elif by_default and by_default != pattern:
        remarks.notes.append("The service's default filter is left out: no run of its pipeline heeded it.")
    toggles = {"generateSampleData": False, "markDeletedTopics": True, "overrideMetadata": False}
    first = {"type": "MessagingMetadata"} | ({"topicFilterPattern": pattern} if pattern else {})
    return first | toggles | given


def _filter(pattern: object) -> object:
    """Without what filters nothing; what is no pattern at all stays, and is a fault."""
    if not isinstance(pattern, dict):
        return pattern
    return {key: value for key, value in pattern.items() if value not in NOTHING}


def _workflow_config(source: _Source, remarks: _Remarks) -> dict[str, Any]:
    pipeline = source.pipeline or {}
    theirs = block_at(pipeline, ("openMetadataServerConnection",))
    if theirs.get("hostPort") not in (None, "", source.server):
        remarks.notes.append(f"Runs of OpenMetadata reached the server at {_line(theirs['hostPort'])}.")
    if theirs.get("verifySSL") not in (None, "", "no-ssl"):
        remarks.notes.append(f"Runs of OpenMetadata had `verifySSL: {_line(theirs['verifySSL'])}`.")
    remarks.secrets.append(JWT)
    server = {
        "hostPort": source.server,
        "authProvider": "openmetadata",
        "securityConfig": {"jwtToken": f"${{{JWT}}}"},
    }
    told = {key: pipeline[key] for key in ("loggerLevel", "raiseOnError") if pipeline.get(key) is not None}
    return told | {"openMetadataServerConfig": server}


def _airflow(source: _Source, remarks: _Remarks) -> dict[str, Any]:
    given = _known(source.airflow, AirflowConfig, remarks)
    line = given.pop("scheduleInterval", None)
    words = {spread_line(word, "", 0): word for word in INTERVALS}
    # Without a schedule it is run on demand there; here, no `scheduleInterval` at all means daily.
    schedule = {"scheduleInterval": words.get(" ".join(line.split()), line) if isinstance(line, str) else line}
    if source.pipeline and source.pipeline.get("enabled") is False:
        given["pausePipeline"] = True
        remarks.notes.append("It is paused in OpenMetadata, and so it starts paused.")
    return schedule | given


def _known(block: Mapping[str, Any], model: Any, remarks: _Remarks) -> dict[str, Any]:
    """What a block gives that has an effect here, in the order of its fields; keys we do not know are told."""
    fields = {info.alias: info.json_schema_extra for info in model.model_fields.values()}
    unknown = [_line(key) for key, value in block.items() if key not in fields and value not in NOTHING]
    remarks.notes += [f"`{key}` is left out: it is not known here." for key in unknown]
    return {key: block[key] for key, extra in fields.items() if not extra and block.get(key) not in NOTHING}


def _storable(node: Any) -> Any:
    """Without halves of surrogate pairs: JSON can hold them, a file cannot."""
    if isinstance(node, str):
        return node.encode("utf-8", "replace").decode()
    if isinstance(node, dict):
        return {_storable(key): _storable(child) for key, child in node.items()}
    return [_storable(child) for child in node] if isinstance(node, list) else node


def _accepted(data: dict[str, Any], name: str, remarks: _Remarks) -> tuple[dict[str, Any], Workflow]:
    """The data without optional values that are faults here. Raises WorkflowError for any other fault."""
    while True:
        try:
            return data, loads(written(data).encode(), f"{name}.yaml")
        except WorkflowError as error:
            refused = {_left_out(fault): fault for fault in error.faults}
            if not all(map(OPTIONAL.match, refused)):
                raise
            for path, fault in refused.items():
                data = _without(data, tuple(path.split(".")))
                remarks.notes.append(f"`{path}` is left out: {_line(fault.problem)}.")


def _left_out(fault: Fault) -> str:
    """Of an end before its start, the start goes: there, it was ignored anyway."""
    return "airflowConfig.startDate" if "before `startDate`" in fault.problem else fault.path


def _without(data: dict[str, Any], place: Place) -> dict[str, Any]:
    first, *rest = place
    if not rest:
        return {key: value for key, value in data.items() if key != first}
    return data | {str(first): _without(data[str(first)], tuple(rest))}


# --- text -----------------------------------------------------------------------------------------------------------


def _switch_off(source: _Source) -> str:
    """What to do in OpenMetadata; "" where nothing runs."""
    if source.pipeline is None:
        return ""
    page = f"Settings > Services > Messaging > {_line(source.service['name'])} > Agents"
    return f"{page}: pause the pipeline {source.shown}, and delete it when this one has run well"


def _text(data: dict[str, Any], workflow: Workflow, source: _Source, remarks: _Remarks, off: str) -> str:
    blocks = [_header(workflow, source, remarks, off), *_blocks(data)]
    return "\n".join(blocks)


def marker(origin: str) -> str:
    """The first line of an imported file: by it, it is known again."""
    return f"# Imported from {origin}"


def _header(workflow: Workflow, source: _Source, remarks: _Remarks, off: str) -> str:
    lines = [marker(source.origin), f"# of {_line(source.server)}.", "#", *_comment(_what_to_set(remarks))]
    if off:
        lines += ["#", *_comment(f"Switch off what it replaces, or two write the same topics. {off}.")]
    if remarks.notes:
        lines += ["#", *_points("What to look at:", remarks.notes)]
    if source.pipeline:
        lines += ["#", *_points("What OpenMetadata's connector did differently:", differences(workflow))]
    return "".join(f"{line}\n" for line in lines)


def _what_to_set(remarks: _Remarks) -> str:
    names = ", ".join(remarks.secrets)
    return (
        f"Set where runs start: {names}. Or name Airflow connections: `connections: {{aws: ..., openmetadata: ...}}`."
    )


def _points(title: str, texts: Sequence[str]) -> Iterator[str]:
    yield f"# {title}"
    for text in texts:
        yield from textwrap.wrap(text, WIDTH, initial_indent="# - ", subsequent_indent="#   ")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ")


COMMENTS = {
    "source": "# The streams: which account and region, which of them, what is read of them",
    "sink": "# The catalogue",
    "airflowConfig": "# When it runs: hourly, daily, weekly, a cron line, or null: on demand",
}


def _blocks(data: dict[str, Any]) -> Iterator[str]:
    about: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in data.items():
        (rest if isinstance(value, dict) else about)[key] = value
    yield written(about)
    for key, value in rest.items():
        comment = f"{COMMENTS[key]}\n" if key in COMMENTS else ""
        yield comment + written({key: value})


def _line(text: object) -> str:
    """In one printable line: what stands in a comment must not leave it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text))
