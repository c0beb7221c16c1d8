"""All services."""

from __future__ import annotations

from fastapi import APIRouter

from .. import answers, database
from ..access import RightsDep, SessionDep, authenticated
from ..models import Services

router = APIRouter()


@router.get("/api/services", dependencies=authenticated)
def services(session: SessionDep, rights: RightsDep) -> Services:
    """One row per service of the DAGs that this user may read, and the broken files that have no DAG."""
    rows = database.dags(session)
    # Of all DAGs, not of the readable ones alone: a file whose DAG this user may not read is not to be named either.
    found = database.carried(session, [row.dag_id for row in rows])
    readable = {dag_id: one for dag_id, one in found.items() if dag_id in rights.read}
    runs = database.latest_runs(session, readable, results=rights.results) if rights.runs else {}
    errors = database.import_errors(session) if rights.import_errors else []
    return Services(
        services=list(answers.services(rows, readable, runs, rights)),
        import_errors=answers.without_dag(errors, [one.record for one in found.values()]),
    )
