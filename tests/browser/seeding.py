"""`python -m tests.browser.seeding FOLDER`: an Airflow's database with 500 services, one of them with 10,000 streams.

In a process of its own, with Airflow's own models; Airflow itself reads the workflow files that it writes into FOLDER.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

SERVICES = 500
STREAMS = 10_000
LARGE = "service_000"
RUNS = 12
DRIFTED = "orders.0003"
CHANGES = ("type changed: customer.id, INT -> STRING, incompatible", "retention: 168 h -> 24 h")
LOADER = 'from airflow_kinesis_ingest import load_workflows  # airflow dag\n\nload_workflows(globals(), "workflows")\n'
TITLES = {"admin": "Admin", "op": "Op", "user": "User", "viewer": "Viewer"}
COUNTS = {"listed": STREAMS, "filtered": 2000, "described": 8000, "sampled": 7990, "written": 12, "unchanged": 7977}


def workflow(number: int) -> str:
    return f"""\
# Streams of team {number % 40}.
name: service_{number:03}
displayName: Service {number}
tags: [team-{number % 40}]
source:
  type: kinesis
  serviceName: service_{number:03}
  serviceConnection:
    config: {{type: Kinesis, awsConfig: {{awsRegion: eu-west-{number % 3 + 1}}}}}
  sourceConfig:
    config: {{type: MessagingMetadata, topicFilterPattern: {{excludes: ["_internal.*"]}}}}
sink: {{type: file, config: {{path: service_{number:03}.jsonl}}}}
airflowConfig: {{scheduleInterval: daily, startDate: 2026-01-01}}
"""


def write_workflows(dags: Path) -> None:
    (dags / "workflows").mkdir(parents=True)
    (dags / "kinesis_workflows.py").write_text(LOADER)
    for number in range(SERVICES):
        (dags / "workflows" / f"service_{number:03}.yaml").write_text(workflow(number))


def add_people(passwords: Mapping[str, str]) -> None:
    """A user of each of FAB's default roles, which is all that they may."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        for name, password in passwords.items():
            role = builder.sm.find_role(TITLES[name])
            assert builder.sm.add_user(name, name, "Example", f"{name}@example.com", role, password)


def add_runs(session: Any) -> None:
    """Daily runs of the large service, of which the last but one failed; and one for every tenth other."""
    for days in range(RUNS, 0, -1):
        add_run(session, LARGE, days, failed=days == 2)
    for number in range(10, SERVICES, 10):
        add_run(session, f"service_{number:03}", 1, failed=number % 50 == 0)


def add_run(session: Any, dag_id: str, days: int, *, failed: bool) -> None:
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.models.xcom import XComModel
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    at = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    dag = SerializedDagModel.get_dag(dag_id, session=session)
    assert dag
    run = dag.create_dagrun(
        run_id=f"scheduled__{at:%Y-%m-%d}",
        logical_date=at,
        data_interval=(at, at),
        run_after=at,
        start_date=at,
        run_type=DagRunType.SCHEDULED,
        triggered_by=DagRunTriggeredByType.TIMETABLE,
        state=DagRunState.FAILED if failed else DagRunState.SUCCESS,
        session=session,
    )
    run.end_date = at + timedelta(minutes=5, seconds=30)
    (task,) = run.task_instances
    task.state = TaskInstanceState.FAILED if failed else TaskInstanceState.SUCCESS
    task.start_date, task.end_date, task.duration, task.try_number = at, run.end_date, 330.0, 1
    session.flush()
    for key, value in results(dag_id, days, failed=failed).items():
        XComModel.set(key, value, dag_id=dag_id, task_id=task.task_id, run_id=run.run_id, session=session)


def results(dag_id: str, days: int, *, failed: bool) -> dict[str, Any]:
    """What the operator stores of such a run; the rows of the streams of the last one of the large service alone."""
    result = {
        "state": "failed" if failed else "partialSuccess",
        **COUNTS,
        "skipped": 1,
        "deleted": days % 3,
        "not_reached": 0,
        "seconds": 300.0 + 3 * days,
        "failures": [denied(["orders.0007", "orders.0008", "orders.0009"], 900 if failed else 10)],
        "failures_count": 900 if failed else 10,
        "warnings": [],
        "warnings_count": 0,
        "failed_deletions": [],
        "failed_deletions_count": 0,
        "drift": [],
        "drifted": 0,
        "account": "123456789012",
        "region": "eu-west-1",
        "service": dag_id,
    }
    if dag_id != LARGE or days != 1:
        return {"return_value": result}
    told = {"step": "drift", "entities": [DRIFTED], "entities_count": 1, "remedy": "", "actions": []}
    result |= {"drift": [told | {"cause": text} for text in CHANGES], "drifted": 1}
    return {"return_value": result, "streams": streams()}


def denied(entities: list[str], count: int) -> dict[str, Any]:
    return {
        "step": "sample",
        "entities": entities,
        "entities_count": count,
        "cause": "AWS denies this call: AccessDeniedException: not authorized to perform kinesis:GetRecords",
        "remedy": "Allow kinesis:GetRecords (`kinesis-ingest policy`)",
        "actions": ["kinesis:GetRecords"],
    }


def streams() -> dict[str, Any]:
    from airflow_kinesis_ingest.engine.model import StreamRow
    from airflow_kinesis_ingest.engine.run.streams import packed

    kept = [
        StreamRow(
            f"orders.{number:04}",
            "failed" if number in range(7, 17) else "written" if number < 20 else "unchanged",
            shards=number % 7 + 1,
            retention_hours=24 if number % 3 else 168,
            schema="JSON" if number % 4 else None,
            messages=number % 50,
            drift=CHANGES if number == 3 else None,
        )
        for number in range(STREAMS - COUNTS["filtered"])
    ]
    filtered = [
        StreamRow(f"_internal.{number:04}", "filtered", "excludes: _internal.*") for number in range(COUNTS["filtered"])
    ]
    page = "https://eu-west-1.console.aws.amazon.com/kinesis/home?region=eu-west-1#/streams/details/{name}/monitoring"
    return packed([*kept, *filtered], console_url=page, topic_url="")


def main(dags: Path) -> None:
    write_workflows(dags)
    from airflow.utils.session import create_session

    for command in ("db migrate", "dags reserialize"):
        subprocess.run([sys.executable, "-m", "airflow", *command.split()], check=True)
    add_people(json.loads(os.environ["SEED_PASSWORDS"]))
    with create_session() as session:
        add_runs(session)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
