"""One workflow, and its runs."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, status

from ..access import dag_reader
from ..models import Runs, WorkflowPage

router = APIRouter()


@router.get("/api/workflows/{dag_id}", dependencies=dag_reader)
def workflow(dag_id: str) -> WorkflowPage:
    raise HTTPException(status.HTTP_404_NOT_FOUND, f"No workflow file became the DAG `{dag_id}`")


@router.get("/api/workflows/{dag_id}/runs", dependencies=dag_reader)
def runs(dag_id: str, limit: int = 25) -> Runs:
    raise HTTPException(status.HTTP_404_NOT_FOUND, f"`{dag_id}` has not run {limit} times")
