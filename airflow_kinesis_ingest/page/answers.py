"""Rows of Airflow's database -> what the routes answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from ..deployment.record import Record, told
from ..deployment.validation import Checked, Written, with_shared_services
from ..errors import Fault
from . import results
from .access import Rights
from .database import Carried, RunRow, TargetRow
from .models import BrokenFile, Result, Run, Service, ServiceHead, Target, Workflow

NOWHERE = (0, 0)  # a record has no places


def workflow(row: Any, record: Record, last: RunRow | None, rights: Rights, advice: Iterable[Fault] = ()) -> Workflow:
    """row: of `database.dags`."""
    may_edit = row.dag_id in rights.edit
    return Workflow(
        dag_id=row.dag_id,
        display_name=row.dag_display_name or row.dag_id,
        file=record.file,
        bundle=row.bundle_name,
        parsed_at=row.last_parsed_time,
        paused=bool(row.is_paused),
        schedule="" if record.faults else _without_zone(row.timetable_summary or "", record.zone),
        zone=record.zone,
        next_run=None if row.is_paused else row.next_dagrun_create_after,
        deploy_failed=bool(record.faults),
        faults=record.faults,
        advice=told(advice),
        stale=bool(row.is_stale),
        may_edit=may_edit,
        may_run=may_edit and rights.run,
        targets=record.targets,
        last=result(last) if last else None,
    )


def _without_zone(summary: str, zone: str) -> str:
    """`daily, 00:00 Europe/Berlin, from 2027-02-01 UTC` -> `daily, 00:00, from 2027-02-01 UTC`."""
    return re.sub(rf",? {re.escape(zone)}(?=,|$)", "", summary, count=1)


def result(run: RunRow) -> Result:
    return Result(**_result(run))


def _result(run: RunRow) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "state": run.state,
        "outcome": run.summary.get("state"),
        "started": run.started,
        "ended": run.ended,
        "numbers": results.numbers(run.summary),
        "cause": results.cause(run.summary),
        "debug": run.debug,
    }


def whole_run(run: RunRow) -> Run:
    url = results.catalogue_url(run.summary)
    return Run(**_result(run), groups=list(results.groups(run.summary)), catalogue_url=url)


def target(row: TargetRow) -> Target:
    return Target(
        key=row.key,
        state=row.state,
        outcome=row.summary.get("state"),
        started=row.started,
        ended=row.ended,
        numbers=results.numbers(row.summary),
        cause=results.cause(row.summary),
        catalogue_url=results.catalogue_url(row.summary),
    )


def head(records: Iterable[Record], runs: Iterable[RunRow]) -> ServiceHead:
    """What several workflows of one service say of it: the first that says something. A run knows best its account."""
    said, summaries = list(records), [run.summary for run in runs]

    def first(key: str, field: str) -> str | None:
        told = [*(results.text(one.get(key)) for one in summaries), *(getattr(one, field) for one in said)]
        return next(filter(None, told), None)

    return ServiceHead(
        name=next((one.service for one in said if one.service), ""),
        display_name=first("", "service_display_name"),
        description=first("", "service_description"),
        account=first("account", "account"),
        region=first("region", "region"),
    )


def services(
    rows: Collection[Any], found: dict[str, Carried], runs: dict[str, RunRow], rights: Rights
) -> Iterator[Service]:
    def name(row: Any) -> str:
        return found[row.dag_id].record.service or ""

    advice = _beside_each_other({row.dag_id: found[row.dag_id].record for row in rows if row.dag_id in found})
    ours = sorted((row for row in rows if row.dag_id in found), key=lambda row: (name(row), row.dag_id))
    for _, group in groupby(ours, name):
        of_one = list(group)
        records = [found[row.dag_id].record for row in of_one]
        its_runs = [runs[row.dag_id] for row in of_one if row.dag_id in runs]
        each = [
            workflow(row, record, runs.get(row.dag_id), rights, advice[row.dag_id])
            for row, record in zip(of_one, records, strict=True)
        ]
        yield Service(**head(records, its_runs).model_dump(), workflows=each)


def _beside_each_other(records: Mapping[str, Record]) -> dict[str, tuple[Fault, ...]]:
    """What `validate` says of several files, by the id of the DAG: of what their DAGs carry, wherever they lie."""
    checked = with_shared_services(Checked(dag_id, services=tuple(_written(one))) for dag_id, one in records.items())
    return {one.file: one.advice for one in checked}


CATALOGUE = ("Host port", "Airflow connection")
"""The labels of what says which OpenMetadata it is, the surer one first."""


def _written(record: Record) -> Iterator[Written]:
    """None of a broken file, and of one whose sink is a file: each target has its own."""
    said = {one.label: one.value for one in record.catalogue}
    if record.faults or "File" in said:
        return
    catalogue = next((f"{label} {said[label]}" for label in CATALOGUE if label in said), "")
    for one in record.targets:
        account, _, region = one.key.partition("_")
        yield Written(catalogue, one.service, account, region, NOWHERE)
    if record.service and not record.targets:
        yield Written(catalogue, record.service, record.account, record.region or "", NOWHERE)


def without_dag(errors: Iterable[tuple[str, str]], records: Iterable[Record]) -> list[BrokenFile]:
    """The files with errors that none of the DAGs speaks for. Airflow's paths begin in a bundle, ours at a loader."""
    spoken_for = {fault.file for record in records for fault in record.faults}
    return [
        BrokenFile(file=file, text=text)
        for file, text in errors
        if not any(file == one or file.endswith(f"/{one}") for one in spoken_for)
    ]
