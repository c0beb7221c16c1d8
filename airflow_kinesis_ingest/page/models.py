"""What the routes answer. A null is a value that is not known, or that this user may not see: never a zero."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ..deployment.record import Fault, Setting
from ..deployment.record import Part as Answer


class Numbers(Answer):
    """Streams, by what a run did with them; of one that is not over, or stored nothing, all null."""

    listed: int | None = None
    filtered: int | None = None
    described: int | None = None
    sampled: int | None = None
    written: int | None = None
    unchanged: int | None = None
    skipped: int | None = None
    deleted: int | None = None
    failed: int | None = None
    warnings: int | None = None
    not_reached: int | None = None
    seconds: float | None = None


class Result(Answer):
    """A run as Airflow has it, and what it said of itself."""

    run_id: str
    state: str = Field(description="Airflow's: queued, running, success, failed")
    outcome: str | None = Field(None, description="Ours: success, partialSuccess, failed, stopped")
    started: datetime | None = None
    ended: datetime | None = None
    numbers: Numbers | None = None
    cause: str | None = Field(None, description="Why it ended early")
    debug: bool = Field(False, description="It logged every call")


class Workflow(Answer):
    """One workflow file, and the DAG that came of it."""

    dag_id: str
    display_name: str
    file: str | None = Field(None, description="Relative to the loader, with `/`")
    paused: bool
    schedule: str = Field(description="In words, without the zone; empty where nothing is scheduled")
    zone: str
    next_run: datetime | None = Field(None, description="Null also while it is paused")
    deploy_failed: bool
    faults: list[Fault]
    stale: bool = Field(description="Its file is gone, or was not read for long")
    may_edit: bool
    may_run: bool
    last: Result | None = None


class ServiceHead(Answer):
    """A messaging service. name: empty where broken files do not say of which they are."""

    name: str
    display_name: str | None = None
    description: str | None = None
    account: str | None = None
    region: str | None = None


class Service(ServiceHead):
    workflows: list[Workflow]


class BrokenFile(Answer):
    """A file that became no DAG, with what Airflow stored of it."""

    file: str
    text: str


class Services(Answer):
    services: list[Service]
    import_errors: list[BrokenFile]


class WorkflowPage(Answer):
    """text: the file with its comments and lines, secrets as `***`; null: this user may not read a DAG's code."""

    workflow: Workflow
    service: ServiceHead
    connection: list[Setting]
    catalogue: list[Setting]
    text: str | None = None
    faults: list[Fault]


class Group(Answer):
    """Problems of one kind. entities: the first of them; count: of them all."""

    kind: Literal["failure", "warning", "deletion"]
    step: str
    cause: str
    remedy: str
    entities: list[str]
    count: int
    statement: dict[str, Any] | None = Field(None, description="An IAM policy statement that would help, to copy")


class Run(Result):
    groups: list[Group]
    catalogue_url: str | None = None


class Runs(Answer):
    """Newest first."""

    runs: list[Run]
