"""One file for many accounts and regions: `targets:` -> a workflow for each of them.

A target's workflow is an ordinary one: all that comes after, from the source to the report, knows nothing of targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePath
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from ...errors import Fault, FixFile
from .document import Document, Place, block_at, value_at
from .fault_texts import model_in
from .field_types import ACCOUNT, PLACEHOLDER
from .models import AWS_BLOCK, ROLE_BLOCK, Sink, TargetBlock, Workflow

MOST = 5_000
"""Targets of one file: Airflow's scheduler goes through all tasks of a run at once."""

PER_ACCOUNT = "per-account"
"""As a pool: the one that is made of each target's account and region."""

LONGEST = 256
"""Characters of a service's name, in OpenMetadata."""

SERVICE = "{name}_{account}_{region}"
CATALOGUE = ".catalogue.jsonl"
ACCOUNT_OF_ROLE = re.compile(rf":iam::({ACCOUNT}):")
NAMED = 5  # keys that an error lists

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Target:
    """One account and region of a workflow file, and its workflow, which has no targets of its own.

    key: `ACCOUNT_REGION`, unique in its file; "" for a file without targets, which is one target: itself. account,
    region: None and "" where such a file does not say them, as where an Airflow connection does.
    """

    key: str
    account: str | None
    region: str
    workflow: Workflow


def each_target(workflow: Workflow) -> tuple[Target, ...]:
    """The targets of a workflow, in the order of its file. Pure."""
    if workflow.targets is None:
        base = _Base.of(workflow)
        return (Target("", workflow.options.account or account_in(base.role), base.region or "", workflow),)
    plain = workflow.model_copy(update={"targets": None})
    return tuple(
        Target(each.key, each.account, each.region, _with(plain, each.changes(workflow.destination)))
        for each in _all(workflow)
    )


def account_pool(target: Target) -> str | None:
    """The name of the pool that all that read this account and region share; None where one of them is not known."""
    return f"kinesis_{target.account}_{target.region}" if target.account and target.region else None


def pool_of(target: Target) -> str | None:
    """The pool of the target's task."""
    pool = target.workflow.airflow_config.pool
    return account_pool(target) if pool == PER_ACCOUNT else pool


def pool_faults(document: Document) -> Iterator[Fault]:
    """`per-account` where no account or region is known. Of targets, `target_faults` says it."""
    place: Place = ("airflowConfig", "pool")
    if value_at(document.data, place) != PER_ACCOUNT or document.data.get("targets") is not None:
        return
    base = _Base.in_data(document.data)
    account = value_at(document.data, ("options", "account"))
    if not (account or account_in(base.role)):
        remedy = 'Add `options.account: "123456789012"`, or name the pool'
        yield document.fault(place, "nothing says which account this is", remedy)
    elif base.region is None:
        remedy = "Write `awsRegion` into the file, or name the pool"
        yield document.fault(place, "nothing says which region this is", remedy)


class NamedTarget(NamedTuple):
    key: str
    service: str


def named_targets(workflow: Workflow) -> tuple[NamedTarget, ...]:
    """The key and the messaging service of each target; none where the workflow is its only one."""
    return tuple(NamedTarget(each.key, each.service) for each in _all(workflow))


def target_of(workflow: Workflow, key: str) -> Target:
    """One target, by its key. Raises FixFile where there is none, and for "" where a target must be named."""
    targets = each_target(workflow)
    found = next((each for each in targets if each.key == key), None)
    if found:
        return found
    keys = [each.key for each in targets if each.key]
    what = f"there is no target `{key}`" if key else f"{len(targets)} targets are in this file, and none is named"
    more = ", ..." if len(keys) > NAMED else ""
    remedy = f"Name one of {', '.join(keys[:NAMED])}{more}" if keys else "This file has no `targets`: name none"
    raise FixFile(what, where=workflow.name, remedy=remedy)


def document_of(document: Document, workflow: Workflow, key: str) -> Document:
    """The document of one target: what its workflow is made of. Raises as `target_of`.

    workflow: what `check` made of the document as it stands. What a target says wins over its Airflow connection.
    """
    target_of(workflow, key)
    if not key:
        return document
    changes = next(each for each in _all(workflow) if each.key == key).changes(workflow.destination)
    data = {name: value for name, value in document.data.items() if name != "targets"}
    firm = frozenset(block_at(changes, AWS_BLOCK)) | frozenset(block_at(changes, ROLE_BLOCK))
    return replace(document, data=_merged({"name": workflow.name} | data, changes), firm=firm)


def completed(data: dict[str, Any]) -> dict[str, Any]:
    """The data of a file, with what each of its targets says for itself and the file need not: a service, a region."""
    if data.get("targets") is None:
        return data
    changes: dict[str, Any] = {}
    source, aws = data.get("source"), value_at(data, AWS_BLOCK)
    if isinstance(source, dict) and "serviceName" not in source:
        changes = _nested(("source", "serviceName"), data.get("name"))
    if isinstance(aws, dict) and "awsRegion" not in aws:
        regions = (region for _, block in _readable(data["targets"]) for region in _regions(block, None))
        changes = _merged(changes, _nested((*AWS_BLOCK, "awsRegion"), next(filter(None, regions), "us-east-1")))
    return _merged(data, changes)


def target_faults(document: Document) -> Iterator[Fault]:
    """What is wrong across the fields of `targets`, and across targets. Each field's own faults are not here."""
    given = document.data.get("targets")
    if given is None:
        return
    blocks, base = list(_readable(given)), _Base.in_data(document.data)
    number = sum(len(block.accounts or [0]) * len(block.regions or [0]) for _, block in blocks)
    if given == [] or number > MOST:
        problem = f"these are {number:,} targets, and a file has {MOST:,} at most" if number else "this list is empty"
        yield document.fault(("targets",), problem, "Make several files of it" if number else "Add one, or remove it")
        return
    pipeline = document.data.get("ingestionPipelineFQN")
    if isinstance(pipeline, str) and "." in pipeline:
        problem = "one pipeline entity cannot tell how each target went"
        yield document.fault(("ingestionPipelineFQN",), problem, "Write its name without a service, or remove it")
    keys: dict[str, Place] = {}
    services: dict[str, str] = {}
    for place, block in blocks:
        yield from _in_block(document, place, block, base)
        yield from _taken_before(document, place, [each.key for each in _expanded(block, base) if each.account], keys)
        yield from _too_long(document, place, list(_expanded(block, base)))
        yield from _shared_service(document, place, list(_expanded(block, base)), services)


class _Base(NamedTuple):
    """What the file says for all targets. role: None where an Airflow connection may have another. region: literal."""

    name: str
    role: str | None
    region: str | None
    connection: bool

    @classmethod
    def of(cls, workflow: Workflow) -> _Base:
        aws = workflow.source.service_connection.config.aws_config if workflow.source.service_connection else None
        return cls._of(workflow.name, aws and aws.assume_role_arn, aws and aws.aws_region, workflow.connections.aws)

    @classmethod
    def in_data(cls, data: Mapping[str, Any]) -> _Base:
        aws = block_at(data, AWS_BLOCK)
        connection = value_at(data, ("connections", "aws"))
        return cls._of(data.get("name"), aws.get("assumeRoleArn"), aws.get("awsRegion"), connection)

    @classmethod
    def _of(cls, name: object, role: object, region: object, connection: object) -> _Base:
        literal = isinstance(region, str) and not PLACEHOLDER.search(region)
        return cls(
            str(name),
            role if isinstance(role, str) and not connection else None,
            str(region) if literal else None,
            bool(connection),
        )


@dataclass(frozen=True, slots=True)
class _One:
    """A target of a block. account, region: None and "" where nothing says them, which is a fault."""

    account: str | None
    region: str
    block: TargetBlock
    name: str

    @property
    def key(self) -> str:
        return f"{self.account}_{self.region}"

    @property
    def service(self) -> str:
        return self._filled(self.block.service_name or SERVICE) or ""

    def changes(self, sink: Sink) -> dict[str, Any]:
        """What the target's workflow has otherwise than the file: plain data, shaped like the file."""
        block = self.block
        pattern = block.topic_filter_pattern
        aws = {
            "awsRegion": self.region,
            "assumeRoleArn": self._filled(block.assume_role_arn),
            "profileName": self._filled(block.profile_name),
            "endPointURL": self._filled(block.end_point_url),
        }
        found: dict[str, dict[str, Any]] = {
            "source": {"serviceName": self.service, "serviceConnection": {"config": {"awsConfig": _given(aws)}}},
            "connections": {"aws": self._filled(block.connection)},
            "options": {"account": self.account, "assumeRole": _given({"externalId": block.external_id})},
            "airflowConfig": {"pool": self._filled(block.pool), "queue": self._filled(block.queue)},
        }
        found = {key: _given(values) for key, values in found.items()}
        if pattern:
            lists = pattern.model_dump(by_alias=True, exclude_none=True)
            found = _merged(found, _nested(("source", "sourceConfig", "config", "topicFilterPattern"), lists))
        if sink.type == "file":
            found["sink"] = {"type": "file", "config": {"path": self._file(sink)}}
        return _given(found)

    def _filled(self, pattern: str | None) -> str | None:
        for mark, value in (("name", self.name), ("account", self.account or ""), ("region", self.region)):
            pattern = pattern and pattern.replace(f"{{{mark}}}", value)
        return pattern

    def _file(self, sink: Sink) -> str:
        """`orders.catalogue.jsonl` -> `orders.ACCOUNT_REGION.catalogue.jsonl`."""
        path = (sink.config and sink.config.path) or f"{self.name}{CATALOGUE}"
        ending = CATALOGUE if path.endswith(CATALOGUE) else PurePath(path).suffix
        return f"{path.removesuffix(ending)}.{self.key}{ending}"


def _all(workflow: Workflow) -> Iterator[_One]:
    blocks, base = workflow.targets or [], _Base.of(workflow)
    for block in blocks if isinstance(blocks, list) else [blocks]:
        yield from _expanded(block, base)


def _expanded(block: TargetBlock, base: _Base) -> Iterator[_One]:
    role = block.assume_role_arn or (None if block.connection else base.role)
    accounts: list[str | None] = [*(block.accounts or [])] or [block.account or account_in(role)]
    for account in accounts:
        for region in _regions(block, base.region):
            yield _One(account, region or "", block, base.name)


def _regions(block: TargetBlock, otherwise: str | None) -> list[str | None]:
    return list(block.regions) if block.regions else [block.aws_region or otherwise]


def account_in(role: str | None) -> str | None:
    """The account of a role's ARN, also of one that is not quite written out."""
    found = ACCOUNT_OF_ROLE.search(role or "")
    return found[1] if found else None


def _readable(given: object) -> Iterator[tuple[Place, TargetBlock]]:
    """The blocks that are right by themselves; the check of the models tells what is wrong with the others."""
    for index, data in enumerate(given if isinstance(given, list) else [given]):
        place: Place = ("targets", index) if isinstance(given, list) else ("targets",)
        try:
            yield place, TargetBlock.model_validate(data)
        except ValidationError:
            continue


def _in_block(document: Document, place: Place, block: TargetBlock, base: _Base) -> Iterator[Fault]:
    for one, many, several in (("account", "accounts", block.accounts), ("awsRegion", "regions", block.regions)):
        if several and getattr(block, "account" if one == "account" else "aws_region"):
            yield document.fault((*place, many), f"`{one}` and `{many}` stand in one block", "Keep one of them")
    first = next(_expanded(block, base))
    if not first.account:
        remedy = 'Add `account: "123456789012"`, or the ARN of a role that holds it'
        yield document.fault(place, "nothing says which account this is", remedy, of_key=len(place) == 1)
    if not first.region:
        remedy = "Add `awsRegion: us-east-2`, or `regions`"
        yield document.fault(place, "nothing says which region this is", remedy, of_key=len(place) == 1)
    role = block.assume_role_arn or (None if block.connection else base.role)
    others = {each.account for each in _expanded(block, base)} - {account_in(role)}
    if account_in(role) and others:
        problem = f"this role is of the account {account_in(role)}, and not of {sorted(filter(None, others))[0]}"
        yield document.fault((*place, "assumeRoleArn"), problem, "Write `{account}` in its place, or correct one")
    if block.external_id and not (role or block.connection or base.connection):
        remedy = "Add `assumeRoleArn`, or remove it"
        yield document.fault((*place, "externalId"), "there is no role to assume", remedy)


def _too_long(document: Document, place: Place, targets: list[_One]) -> Iterator[Fault]:
    """Told once for a block."""
    longest = max((len(each.service) for each in targets if each.account), default=0)
    if longest > LONGEST:
        problem = f"the name of this target's service has {longest} characters, and OpenMetadata takes {LONGEST}"
        told = (*place, "serviceName") if targets[0].block.service_name else place
        yield document.fault(told, problem, "Write a shorter `serviceName`, or another `name`", of_key=len(told) == 1)


def _taken_before(document: Document, place: Place, keys: list[str], taken: dict[str, Place]) -> Iterator[Fault]:
    for key in keys:
        if key in taken:
            line = document.position(taken[key])[0]
            remedy = "Keep one; other streams of the same account and region can have a file of their own"
            yield document.fault(place, f"`{key}` is a target twice (first on line {line})", remedy)
        taken.setdefault(key, place)


def _shared_service(document: Document, place: Place, targets: list[_One], taken: dict[str, str]) -> Iterator[Fault]:
    """Told once for a block. taken: by service, the key of the target that writes it; one that stands twice is told as
    that."""
    shared = None
    for each in targets:
        shared = shared or (each.service if taken.setdefault(each.service, each.key) != each.key else None)
    if shared and all(each.account for each in targets):
        problem = f"two targets would write the service `{shared}`"
        yield document.fault((*place, "serviceName"), problem, "Put `{account}` and `{region}` into it")


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, {})}


def _nested(place: Place, value: Any) -> dict[str, Any]:
    for part in reversed(place):
        value = {part: value}
    return dict(value)


def _merged(data: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """data with the changes, block by block; neither of them is touched."""
    found = dict(data)
    for key, value in changes.items():
        before = found.get(key)
        found[key] = _merged(before if isinstance(before, dict) else {}, value) if isinstance(value, dict) else value
    return found


def _with(model: M, changes: Mapping[str, Any]) -> M:
    """The same for a model. The changes are values that its fields take."""
    update = {}
    for alias, value in changes.items():
        name, kind = _fields(type(model))[alias]
        before = getattr(model, name)
        if isinstance(value, dict) and isinstance(before, BaseModel):
            value = _with(before, value)
        update[name] = kind.model_validate(value) if isinstance(value, dict) and kind else value
    return model.model_copy(update=update)


@cache
def _fields(model: type[BaseModel]) -> dict[str, tuple[str, type[BaseModel] | None]]:
    return {info.alias or name: (name, model_in(info.annotation)) for name, info in model.model_fields.items()}
