"""Rows in Airflow's database, made by Airflow's own code."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

EPOCH = datetime(2026, 11, 1, tzinfo=timezone.utc)


def forget() -> None:
    """All DAGs, runs and import errors."""
    from airflow.models.dag import DagModel, DagTag
    from airflow.models.dag_version import DagVersion
    from airflow.models.dagrun import DagRun
    from airflow.models.errors import ParseImportError
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        for model in (DagRun, SerializedDagModel, DagVersion, DagTag, DagModel):
            session.query(model).delete()
        session.query(ParseImportError).delete()


def run(
    dag_id: str,
    number: int,
    *,
    state: str = "success",
    value: object = None,
    conf: object = None,
    by_task: dict[str, object] | None = None,
) -> str:
    """The id of a run of the n-th day, which stored this; by_task: or each of its tasks something else."""
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    at, run_id = EPOCH + timedelta(days=number), f"run-{number}"
    with create_session() as session:
        dag: Any = SerializedDagModel.get_dag(dag_id, session=session)
        made = dag.create_dagrun(
            run_id=run_id,
            logical_date=at,
            data_interval=(at, at),
            run_after=at,
            start_date=at,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.REST_API,
            state=DagRunState(state),
            conf=conf,
            session=session,
        )
        made.end_date = at + timedelta(minutes=5)
        session.flush()
        for task_id, told in (by_task or {"ingest": value}).items():
            if told is not None:
                _store(session, {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}, made.id, told)
    return run_id


def _store(session: Any, where: dict[str, Any], run: int, value: object) -> None:
    """Not as text. From 3.4 on Airflow's XComs are a view of what each try stored, and no row can be added to it."""
    from airflow.models.xcom import XComModel

    if hasattr(XComModel, "set_for_attempt"):
        XComModel.set("return_value", value, **where, serialize=False, session=session)
    else:
        session.add(XComModel(**where, key="return_value", value=value, dag_run_id=run, map_index=-1))
