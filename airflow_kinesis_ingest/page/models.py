"""What the routes answer. A null is a value that is not known, or that this user may not see: never a zero."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ..deployment.record import Fault, Setting, TargetRecord
from ..deployment.record import Part as Answer


class Numbers(Answer):
    """Streams, by what a run did with them; of one that is not over, or stored nothing, all null."""

    listed: int | None = None
    filtered: int | None = None
    described: int | None = None
    sampled: int | None = None
    written: int | None = None
    unchanged: int | None = None
    drifted: int | None = None
    not_due: int | None = None
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
    bundle: str | None = Field(None, description="Airflow's name of where the file lies")
    parsed_at: datetime | None = Field(None, description="When Airflow read the file last")
    paused: bool
    schedule: str = Field(description="In words, without the zone; empty where nothing is scheduled")
    zone: str
    next_run: datetime | None = Field(None, description="Null also while it is paused")
    deploy_failed: bool
    faults: list[Fault]
    advice: list[Fault] = Field([], description="What is unwise beside other workflows; in the list of services alone")
    stale: bool = Field(description="Its file is gone, or was not read for long")
    may_edit: bool
    may_run: bool
    targets: list[TargetRecord] = Field([], description="Its accounts and regions; none where it has one")
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

    kind: Literal["failure", "warning", "deletion", "drift"]
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


class Target(Answer):
    """One account and region of a run, and what its task said of itself."""

    key: str
    state: str | None = Field(None, description="Airflow's, of its task; null before it is scheduled")
    outcome: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    numbers: Numbers | None = None
    cause: str | None = None
    catalogue_url: str | None = None


class Targets(Answer):
    targets: list[Target]


class StoreState(Answer):
    """What this user may write. bundle: null where nobody may, for the reason in `why`."""

    bundle: str | None = None
    why: str | None = None
    may_create: bool = False
    may_connect: bool = Field(False, description="May make an Airflow connection")
    samples: bool = Field(False, description="Whether `page_samples` lets people look at messages")
    zones: list[str] = Field([], description="IANA's names of time zones")


class Empty(Answer):
    """Nothing needs to be said."""


class StoreReady(Answer):
    """loader: its path in the bundle."""

    loader: str


class Name(Answer):
    """Whether a workflow may have this name. why: if not."""

    name: str
    free: bool
    why: str | None = None


class FileText(Answer):
    """A file of the page's bundle as it is now, secrets as `***`. version: another with every byte that changes."""

    file: str
    text: str
    version: str


class FieldChange(Answer):
    """place: the keys that lead to the field, `["airflowConfig", "retries"]`. value: plain data; left out: removed."""

    place: list[str] = Field(min_length=1, max_length=12)
    value: Any = None
    removed: bool = False


class DraftOrder(Answer):
    """dag_id: whose stored file is the base; null: a new one. text: the base instead, as people edited it."""

    dag_id: str | None = None
    text: str | None = Field(None, max_length=1_048_576)
    fields: list[FieldChange] = Field([], max_length=200)


class DraftAnswer(Answer):
    """The file that would be written, and when it would run. next_runs: three ticks, UTC. values: for a form."""

    text: str
    faults: list[Fault]
    advice: list[Fault]
    name: str | None = None
    service: str | None = None
    schedule: str | None = None
    zone: str | None = None
    next_runs: list[datetime] = Field(default_factory=list)
    runs_at_once: bool = False
    values: dict[str, Any] = Field(default_factory=dict)


class Save(Answer):
    """text: with `***` where the file keeps a secret. version: that the text was made from; null: of a new file."""

    text: str = Field(max_length=1_048_576)
    version: str | None = None


class Saved(Answer):
    """The file is written; Airflow has yet to read it. at: when, UTC."""

    file: str
    version: str
    at: datetime


class Remove(Answer):
    version: str


class Removed(Answer):
    file: str


class Refusal(Answer):
    """detail: why, in words; or {faults}; or {why, text, version} of a file that is another than was seen."""

    detail: Any
