"""What Airflow's database knows of workflows and their runs: a statement for each kind of row, whatever the number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.dag import DagModel, DagTag
from airflow.models.dagbag import DagPriorityParsingRequest
from airflow.models.dagrun import DagRun
from airflow.models.errors import ParseImportError
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from pydantic import ValidationError
from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..deployment.record import Record
from .results import joined, stored

TAG, TASK = "kinesis", "ingest"
OF_TARGET = f"{TASK}."
"""How the task of a target begins, before its key."""
MOST_RESULTS = 2_000
"""Results of targets that are read for a list of runs: of more, the oldest runs are without numbers."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a DAG carries for the page. text: of its file, without secrets."""

    record: Record
    text: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as Airflow has it. summary: what it stored; {} if nothing, or nothing that is known here."""

    dag_id: str
    run_id: str
    state: str
    started: datetime | None
    ended: datetime | None
    debug: bool
    summary: dict[str, Any]


def dags(session: Session, dag_id: str | None = None) -> list[Any]:
    """The DAGs that may be ours, or one of them; those alone that Airflow still finds, or, by its id, any."""
    columns: tuple[Any, ...] = (
        DagModel.dag_id,
        DagModel.dag_display_name,
        DagModel.is_paused,
        DagModel.is_stale,
        DagModel.timetable_summary,
        DagModel.next_dagrun_create_after,
        DagModel.bundle_name,
        DagModel.last_parsed_time,
    )
    asked = select(*columns).join(DagTag, DagTag.dag_id == DagModel.dag_id).where(DagTag.name == TAG)
    wanted = DagModel.is_stale.is_(False) if dag_id is None else DagModel.dag_id == dag_id
    return list(session.execute(asked.where(wanted).order_by(DagModel.dag_id)))


def carried(session: Session, dag_ids: Collection[str]) -> dict[str, Carried]:
    """Of the DAGs among these that are ours."""
    if not dag_ids:
        return {}
    latest = SerializedDagModel.get_latest_serialized_dags(dag_ids=list(dag_ids), session=session)
    found = ((one.dag_id, _carried(one.data)) for one in latest)
    return {dag_id: each for dag_id, each in found if each}


def _carried(data: Any) -> Carried | None:
    """From a DAG as Airflow serializes it. None for one that is not ours, or of a version without a page."""
    for task in data["dag"]["tasks"]:
        fields = task["__var"]
        if _is_ours(fields.get("task_id") or "") and isinstance(fields.get("doc_json"), str):
            try:
                record = Record.model_validate_json(fields["doc_json"])
            except ValidationError:
                return None
            return Carried(record, fields.get("doc_yaml") or "")
    return None


def _is_ours(task_id: str) -> bool:
    return task_id == TASK or task_id.startswith(OF_TARGET)


def latest_runs(session: Session, dag_ids: Collection[str], *, results: bool) -> dict[str, RunRow]:
    """The newest run of each DAG. results: whether to read what they stored."""
    newest = select(func.max(DagRun.id)).where(DagRun.dag_id.in_(dag_ids), _ingests()).group_by(DagRun.dag_id)
    return {row.dag_id: row for row in _runs(session, _runs_asked().where(DagRun.id.in_(newest)), results=results)}


def runs(session: Session, dag_id: str, limit: int, *, results: bool) -> list[RunRow]:
    """The newest runs of a DAG, newest first."""
    asked = _runs_asked().where(DagRun.dag_id == dag_id, _ingests()).order_by(DagRun.id.desc()).limit(limit)
    return _runs(session, asked, results=results)


def _ingests() -> Any:
    """Of a run that is no probe. As text, since each kind of database asks for a key of JSON in its own way."""
    return func.coalesce(cast(DagRun.conf, Text), "").not_like('%"probe":%')


def _runs_asked() -> Any:
    return select(
        DagRun.id, DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.end_date, DagRun.conf
    )


def _runs(session: Session, asked: Any, *, results: bool) -> list[RunRow]:
    rows = list(session.execute(asked))
    summaries = _summaries(session, [row.id for row in rows]) if results else {}
    return [
        RunRow(
            dag_id=row.dag_id,
            run_id=row.run_id,
            state=str(getattr(row.state, "value", row.state)),
            started=row.start_date,
            ended=row.end_date,
            debug=isinstance(row.conf, dict) and row.conf.get("debug") is True,
            summary=summaries.get(row.id, {}),
        )
        for row in rows
    ]


def _summaries(session: Session, run_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What each run stored; of one with targets, what they stored together."""
    each = XComModel
    asked = _results(select(each.dag_run_id, each.value).where(each.dag_run_id.in_(list(run_ids))))
    rows = list(session.execute(asked.order_by(each.dag_run_id.desc()).limit(MOST_RESULTS)))
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for run_id, value in rows:
        found[run_id].append(stored(value))
    if len(rows) == MOST_RESULTS and len(found) > 1:
        del found[rows[-1].dag_run_id]  # some of its targets are missing
    return {run_id: joined(summaries) for run_id, summaries in found.items()}


def _results(asked: Any) -> Any:
    task = or_(XComModel.task_id == TASK, XComModel.task_id.startswith(OF_TARGET, autoescape=True))
    return asked.where(task, XComModel.map_index == -1, XComModel.key == "return_value")


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target of a run as Airflow has its task. state: None before it is scheduled."""

    key: str
    state: str | None
    started: datetime | None
    ended: datetime | None
    summary: dict[str, Any]


def targets(session: Session, dag_id: str, run_id: str, *, results: bool) -> list[TargetRow]:
    """The targets of a run, by their keys; none of a workflow without."""
    task = TaskInstance
    asked = select(task.task_id, task.state, task.start_date, task.end_date).where(
        task.dag_id == dag_id, task.run_id == run_id, task.task_id.startswith(OF_TARGET, autoescape=True)
    )
    found = _results(select(XComModel.task_id, XComModel.value).where(XComModel.dag_id == dag_id))
    told = session.execute(found.where(XComModel.run_id == run_id)) if results else ()
    values = {row.task_id: row.value for row in told}
    rows = session.execute(asked.order_by(task.task_id))
    return [
        TargetRow(
            row.task_id.removeprefix(OF_TARGET),
            row.state and str(getattr(row.state, "value", row.state)),
            row.start_date,
            row.end_date,
            stored(values.get(row.task_id)),
        )
        for row in rows
    ]


def import_errors(session: Session) -> list[tuple[str, str]]:
    """The path of each file that Airflow has an error of ours for, relative to its bundle, and what is wrong."""
    asked = select(ParseImportError.filename, ParseImportError.stacktrace).order_by(ParseImportError.filename)
    ours = asked.where(ParseImportError.stacktrace.contains("airflow_kinesis_ingest.import_error.NotDeployed"))
    return [(name or "", _faults_in(trace or "")) for name, trace in session.execute(ours)]


def _faults_in(trace: str) -> str:
    """What Python prints of a fault, its cause first, without the traceback."""
    return trace.partition("\nThe above exception was")[0].removeprefix("Faults:").strip()


@dataclass(frozen=True, slots=True)
class Home:
    """Where a DAG comes from. loader: relative to the bundle; file: relative to the loader, None if nobody knows."""

    bundle: str
    loader: str
    file: str | None
    stale: bool


def home(session: Session, dag_id: str) -> Home | None:
    """None for a DAG that Airflow does not have."""
    asked = select(DagModel.bundle_name, DagModel.relative_fileloc, DagModel.is_stale)
    row = session.execute(asked.where(DagModel.dag_id == dag_id)).first()
    if row is None:
        return None
    found = carried(session, [dag_id]).get(dag_id)
    file = found.record.file if found else None
    return Home(row.bundle_name or "", row.relative_fileloc or "", file, bool(row.is_stale))


def ask_for_parse(session: Session, bundle: str, loader: str) -> None:
    """Have the dag processor read a loader next, and not when its turn comes."""
    asked = DagPriorityParsingRequest
    known = select(asked.id).where(asked.bundle_name == bundle, asked.relative_fileloc == loader)
    if session.execute(known).first() is None:
        session.add(asked(bundle_name=bundle, relative_fileloc=loader))
    try:
        session.commit()
    except IntegrityError:  # somebody else asked at the same moment
        session.rollback()
