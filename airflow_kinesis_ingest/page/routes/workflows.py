"""One workflow, and its runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, status
from sqlalchemy.orm import Session

from .. import answers, database
from ..access import SessionDep, dag_reader, of_dag
from ..models import Runs, Targets, WorkflowPage

NOT_OURS = "There is no such DAG, or no workflow file became it"
DagId = Annotated[str, Path(max_length=250)]
RunId = Annotated[str, Path(max_length=250)]

router = APIRouter(dependencies=dag_reader, responses={404: {"description": NOT_OURS}})


@router.get("/api/workflows/{dag_id}")
def workflow(dag_id: DagId, session: SessionDep, rights: of_dag) -> WorkflowPage:
    """What its file says, and the file; without the text for who may not read a DAG's code."""
    row, carried = _ours(session, dag_id)
    found = database.latest_runs(session, [dag_id], results=rights.results) if rights.runs else {}
    record = carried.record
    return WorkflowPage(
        workflow=answers.workflow(row, record, found.get(dag_id), rights),
        service=answers.head([record], found.values()),
        connection=record.connection,
        catalogue=record.catalogue,
        text=carried.text if rights.code else None,
        faults=record.faults,
    )


@router.get("/api/workflows/{dag_id}/runs")
def runs(dag_id: DagId, session: SessionDep, rights: of_dag, limit: Annotated[int, Query(ge=1, le=100)] = 25) -> Runs:
    """The newest first; none for who may not see runs, and only what Airflow knows of them without a right to XComs."""
    _ours(session, dag_id)
    found = database.runs(session, dag_id, limit, results=rights.results) if rights.runs else []
    return Runs(runs=[answers.whole_run(run) for run in found])


@router.get("/api/workflows/{dag_id}/runs/{run_id}/targets")
def targets(dag_id: DagId, run_id: RunId, session: SessionDep, rights: of_dag) -> Targets:
    """The accounts and regions of one run, by their keys; none of a workflow without, nor for who may not see runs."""
    _ours(session, dag_id)
    found = database.targets(session, dag_id, run_id, results=rights.results) if rights.runs else []
    return Targets(targets=[answers.target(row) for row in found])


def _ours(session: Session, dag_id: str) -> tuple[Any, database.Carried]:
    rows = database.dags(session, dag_id)
    carried = database.carried(session, [dag_id]) if rows else {}
    if dag_id not in carried:
        raise HTTPException(status.HTTP_404_NOT_FOUND, NOT_OURS)
    return rows[0], carried[dag_id]
