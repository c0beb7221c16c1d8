"""A document, and what the environment and Airflow's connections add to it -> a Workflow, or all its faults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ...errors import MAX_FAULTS, Fault, WorkflowError
from .document import Document, Place, Position, block_at, dotted, parse, read, value_at
from .fault_texts import fault_of, in_file, position_of
from .fence import OPEN, Fence, forbidden_places, forbidden_variables
from .field_types import PLACEHOLDER
from .models import AWS_BLOCK, ROLE_BLOCK, SERVER_BLOCK, AssumeRoleOptions, Connections, Workflow, needs_airflow
from .origins import Origins, by_connection, by_environment, joined
from .rules import across_fields
from .targets import completed, document_of

ROLE_FIELDS = {info.alias for info in AssumeRoleOptions.model_fields.values()}


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a workflow needs beside its file to become runnable.

    environ: where `${NAME}` is looked up. aws, server: shaped like awsConfig (with the fields of `options.assumeRole`
    besides) and openMetadataServerConfig, from Airflow connections; they win over the file's block key by key.
    """

    environ: Mapping[str, str]
    aws: Mapping[str, Any] | None = None
    server: Mapping[str, Any] | None = None

    def of(self, document: Document) -> Runtime:
        """Without what this document has firm."""
        if self.aws is None or not document.firm:
            return self
        return replace(self, aws={key: value for key, value in self.aws.items() if key not in document.firm})


def load(path: Path, runtime: Runtime | None = None, fence: Fence = OPEN) -> Workflow:
    """Read and check one workflow file. Raises WorkflowError with all faults of the file.

    runtime None keeps every `${NAME}` as it stands, for validation and for Airflow's parsing; with one, the
    connection blocks are resolved, for a run. fence: what the file may reach.
    """
    return check(read(path), path.stem, runtime, fence)


def loads(raw: bytes, file: str, runtime: Runtime | None = None, fence: Fence = OPEN) -> Workflow:
    """`load` for bytes at hand; `file` names them in faults."""
    return check(parse(raw, file), Path(file).stem, runtime, fence)


def from_mapping(data: Mapping[str, Any], runtime: Runtime | None = None, fence: Fence = OPEN) -> Workflow:
    """The same for plain data."""
    return loads(json.dumps(data).encode(), "workflow.json", runtime, fence)


def connections_in(document: Document) -> Connections:
    """The Airflow connections that a document names; none where it names them wrongly, which `check` tells."""
    try:
        return Connections.model_validate(document.data.get("connections", {}))
    except ValidationError:
        return Connections()


def check(document: Document, stem: str, runtime: Runtime | None = None, fence: Fence = OPEN) -> Workflow:
    """A document as a Workflow, or a WorkflowError with all its faults."""
    faults = list(forbidden_variables(document, fence))
    origins, more = Origins(), 0
    if runtime is not None:
        runtime = runtime.of(document)
        origins = origins_of(document, runtime)
        document, missing = resolve(document, runtime, fence)
        faults += missing
    faults += across_fields(document, resolved=runtime is not None)
    try:
        workflow = Workflow.model_validate(completed({"name": stem} | document.data))
    except ValidationError as error:
        found = _in_order(document, error)
        more = len(found[MAX_FAULTS + 1 :])
        faults += [fault_of(document, details, origins) for details in found[: MAX_FAULTS + 1]]
    else:
        faults += forbidden_places(document, workflow, fence)
    if runtime is not None:
        faults = [_of_connection(document, runtime, fault) for fault in faults]
    unread = _unread(document)
    faults = [*document.faults, *(fault for fault in faults if (fault.line, fault.column) not in unread)]
    if faults:
        raise WorkflowError(faults, more)
    if runtime is None:
        return workflow
    unknown = dict(_unknown(document, workflow.connections, runtime))
    return workflow.inside(fence.allows_url).at_run(origins, unknown)


def one_target(document: Document, stem: str, key: str) -> Document:
    """The document of one target, by its key; the document itself for "" where it has no targets.

    Raises WorkflowError for a document with faults, FixFile for a target that is not there, or not named.
    """
    if document.data.get("targets") is None and not key:
        return document
    return document_of(document, check(document, stem), key)


def _unknown(document: Document, named: Connections, runtime: Runtime) -> Iterator[tuple[str, Fault]]:
    """The connections that the file names and the runtime lacks."""
    given = (("aws", named.aws, runtime.aws), ("openmetadata", named.openmetadata, runtime.server))
    for key, connection, found in given:
        if connection and found is None:
            yield key, document.fault(("connections", key), *needs_airflow(connection))


def _in_order(document: Document, error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, as the file has it: of 20,000 unknown keys the first ones are put into words, not all."""
    unread = _unread(document)
    told = map(in_file, error.errors(include_url=False))
    placed = [(position_of(document, details), details) for details in told]
    return [details for place, details in sorted(placed, key=itemgetter(0)) if place not in unread]


def _unread(document: Document) -> set[Position]:
    """Where values are None because they could not be read: of a wrong type, maybe, for that alone."""
    return {(fault.line, fault.column) for fault in document.faults}


def origins_of(document: Document, runtime: Runtime) -> Origins:
    """Where the values come from that a run adds to a document, whether the document is right or not."""
    found = []
    for place, given, name in _blocks(runtime.of(document)):
        found.append(by_environment(_own(document, place, given), place, runtime.environ))
        if given is not None:
            found.append(by_connection(given, place, str(value_at(document.data, ("connections", name)))))
    return joined(*found)


def _blocks(runtime: Runtime) -> tuple[tuple[Place, Mapping[str, Any] | None, str], ...]:
    """Each connection block, what an Airflow connection gives of it, and the key that names the connection."""
    aws = role = runtime.aws
    if aws is not None:
        role = {key: value for key, value in aws.items() if key in ROLE_FIELDS} or None
        aws = {key: value for key, value in aws.items() if key not in ROLE_FIELDS}
    return (AWS_BLOCK, aws, "aws"), (ROLE_BLOCK, role, "aws"), (SERVER_BLOCK, runtime.server, "openmetadata")


def _own(document: Document, place: Place, given: Mapping[str, Any] | None) -> Any:
    """What the file itself says of a block: all of it, or what a connection leaves to it."""
    if given is None:
        return value_at(document.data, place)
    return {key: value for key, value in block_at(document.data, place).items() if key not in given}


def resolve(document: Document, runtime: Runtime, fence: Fence = OPEN) -> tuple[Document, list[Fault]]:
    """The document with its connection blocks filled, and a fault for every name the environment lacks.

    A name that the fence does not allow stays as it stands, whether the environment has it or not.
    """
    faults: list[Fault] = []

    def value_named(found: re.Match[str]) -> str:
        return (fence.allows_variable(found[1]) and runtime.environ.get(found[1])) or found[0]

    def value_of(node: Any, place: Place) -> Any:
        if isinstance(node, dict):
            return {key: value_of(child, (*place, key)) for key, child in node.items()}
        if isinstance(node, list):
            return [value_of(child, (*place, index)) for index, child in enumerate(node)]
        if not isinstance(node, str):
            return node
        for name in filter(fence.allows_variable, PLACEHOLDER.findall(node)):
            if not runtime.environ.get(name):  # an empty key would let boto3 look for another identity
                lacks = "an empty" if name in runtime.environ else "no"
                problem, remedy = f"the environment has {lacks} variable {name}", f"Set {name} where the run starts"
                faults.append(document.fault(place, problem, remedy))
        return PLACEHOLDER.sub(value_named, node)

    data = deepcopy(document.data)
    for place, given, _ in _blocks(runtime):
        found = _own(document, place, given)
        if found is not None:
            block = value_of(found, place)
            _put(data, place, block if given is None else block | given)
    return replace(document, data=data), faults


def _of_connection(document: Document, runtime: Runtime, fault: Fault) -> Fault:
    """A fault in what an Airflow connection gave, placed where the file names that connection."""
    for block, given, name in _blocks(runtime):
        field = fault.path.removeprefix(f"{dotted(block)}.")
        if field != fault.path and field.partition(".")[0] in (given or ()):
            connection = value_at(document.data, ("connections", name))
            problem = f"`{field}` of the connection `{connection}`: {fault.problem}"
            return document.fault(("connections", name), problem, fault.remedy)
    return fault


def _put(data: dict[str, Any], place: Place, value: Any) -> None:
    for part in place[:-1]:
        child = data.get(str(part))
        child = child if isinstance(child, dict) else {}
        data[str(part)] = child
        data = child
    data[str(place[-1])] = value
