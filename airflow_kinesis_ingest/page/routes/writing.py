"""From a form or an edited text to a file in the page's bundle, and away again.

A file is written whole or not at all, by one person at a time, and only over the version that they have seen.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from fastapi import APIRouter, HTTPException, status
from sqlalchemy.orm import Session

from ...deployment.claims import DAG_ID
from ...deployment.deploy import locked, names_in, put
from ...deployment.editing import REMOVED
from ...deployment.loader import ensure_loader
from ...deployment.record import told
from ...deployment.validation import Checked
from ...engine.workflow.document import Place
from ...engine.workflow.field_types import zones
from ...engine.workflow.models import json_schema
from ...errors import Fault, FixFile, WorkflowError
from ...hooks.fence import configured_fence, page_samples
from ...timetable import CronBetweenDates, OnDemand
from .. import database
from ..access import Author, AuthorDep, SessionDep, authenticated, author, remover, writer
from ..drafts import Draft, beside, checked, draft, next_runs, runs_at_once, uses
from ..models import (
    DraftAnswer,
    DraftOrder,
    Empty,
    FieldChange,
    FileText,
    Name,
    Refusal,
    Remove,
    Removed,
    Save,
    Saved,
    StoreReady,
    StoreState,
)
from ..store import Store, configured_store
from .workflows import NOT_OURS, DagId

ELSEWHERE = "This file is not in the page's bundle: change it where it comes from"
FAULTY = 422

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The body cannot be read"},
    403: {"model": Refusal, "description": "You may not"},
    404: {"model": Refusal, "description": NOT_OURS},
    409: {"model": Refusal, "description": "It is not what was seen, or nothing can be written there"},
    415: {"model": Refusal, "description": "Not JSON"},
    422: {"model": Refusal, "description": "What was sent, or the file that would be written, has faults"},
}

router = APIRouter(responses=REFUSALS)


@router.get("/api/store", dependencies=authenticated)
def store(user: AuthorDep) -> StoreState:
    """Whether and where this user may write, and what forms offer."""
    given: dict[str, Any] = {
        "may_connect": user.may_connect,
        "samples": page_samples(),
        "zones": zones(),
    }
    try:
        found = configured_store()
    except FixFile as error:
        return StoreState(why=str(error), **given)
    if not user.may_create:
        return StoreState(bundle=found.bundle, why="You may not edit DAGs: ask for that right", **given)
    return StoreState(bundle=found.bundle, may_create=True, **given)


@router.put("/api/store", dependencies=writer)
def prepare(_: Empty, session: SessionDep) -> StoreReady:
    """Make the folder and the loader of the store, where they are missing, so that connections can be tried out.

    Airflow has the DAG `kinesis_probe` once it has read them.
    """
    found = _store()
    loader = _prepared(found)
    database.ask_for_parse(session, found.bundle, loader)
    return StoreReady(loader=loader)


@router.get("/api/schema", dependencies=authenticated)
def schema() -> dict[str, Any]:
    """The JSON Schema of a workflow file: the names, helps and limits of the fields of a form."""
    return json_schema()


@router.get("/api/names/{name}", dependencies=author)
def name(name: str, session: SessionDep) -> Name:
    """Whether a new workflow may have this name, among the DAGs of Airflow and the files of the store."""
    why = _taken(name, session)
    return Name(name=name, free=why is None, why=why)


@router.get("/api/files/{dag_id}", dependencies=author)
def file(dag_id: DagId, session: SessionDep) -> FileText:
    """The file as it is now, with `***` for its secrets. 409 for one that the page does not write."""
    found = _store()
    path = _path(dag_id, found, session)
    raw = _content(path)
    if raw is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"There is no file {path.relative_to(found.root)} any more")
    shown = checked(raw, path.name, configured_fence()).shown
    return FileText(file=str(path.relative_to(found.root)), text=shown, version=_version(raw))


@router.post("/api/draft", dependencies=writer)
def plan(order: DraftOrder, session: SessionDep, user: AuthorDep) -> DraftAnswer:
    """The file that would be written, what is wrong with it, and when it would run. Nothing is written."""
    base, path = b"", Path("workflow.yaml")
    if order.dag_id is not None:
        user.ensure_may_edit(order.dag_id)
        path = _path(order.dag_id, _store(), session)
        base = _content(path) or b""
    with _told():
        found = draft(base, path.name, configured_fence(), text=order.text, fields=_fields(order.fields))
    return _answer(beside(found, path.name, _others(path), user.may_see))


def _others(path: Path) -> list[Checked]:
    """The files that it would lie beside; none where the page may not write, and the file is to be downloaded."""
    try:
        return configured_store().others(path)
    except (FixFile, OSError):
        return []


@router.put("/api/workflows/{dag_id}", dependencies=writer)
def save(dag_id: DagId, body: Save, session: SessionDep, user: AuthorDep) -> Saved:
    """Write the file of a workflow, a new one or over the version that was seen. Airflow then reads it soon.

    409: it is not that version any more, with the one that it is. 422: its faults; nothing was written.
    """
    found = _store()
    loader = _prepared(found)
    path = _path(dag_id, found, session, new=body.version is None)
    with _told(), locked(path.parent):
        raw = _written(dag_id, path, body, user)
    at, name = datetime.now(timezone.utc), str(path.relative_to(found.root))
    database.ask_for_parse(session, found.bundle, loader)
    user.audit(session, "kinesis_workflow_saved", dag_id, file=name)
    return Saved(file=name, version=_version(raw), at=at)


@router.delete("/api/workflows/{dag_id}", dependencies=remover)
def remove(dag_id: DagId, body: Remove, session: SessionDep, user: AuthorDep) -> Removed:
    """Remove the file of a workflow. Its DAG is stale once Airflow has looked; its topics stay in the catalogue."""
    found = _store()
    path = _path(dag_id, found, session)
    with _told(), locked(path.parent):
        _ensure_version(path, body.version)
        path.unlink()
    database.ask_for_parse(session, found.bundle, _prepared(found))
    name = str(path.relative_to(found.root))
    user.audit(session, "kinesis_workflow_removed", dag_id, file=name)
    return Removed(file=name)


def _store() -> Store:
    with _told():
        return configured_store()


def _prepared(store: Store) -> str:
    with _told():
        try:
            return ensure_loader(store.root)
        except OSError as error:
            why = str(error.strerror)
            raise FixFile("the page's folder cannot be made", where=str(error.filename), why=why) from None


def _path(dag_id: str, store: Store, session: Session, *, new: bool = False) -> Path:
    """The file of a DAG in the store. new: where a DAG that Airflow does not have yet goes."""
    home = database.home(session, dag_id)
    if home is None or (new and home.stale):
        with _told():
            path = store.new_file(dag_id) if DAG_ID.fullmatch(dag_id) else None
        if path is None or not (new or path.is_file()):
            raise HTTPException(status.HTTP_404_NOT_FOUND, NOT_OURS)
        return path
    if home.bundle != store.bundle or not home.file:
        raise HTTPException(status.HTTP_409_CONFLICT, f"{ELSEWHERE} (bundle {home.bundle}, {home.file or home.loader})")
    with _told():
        return store.file_of(home.loader, home.file)


def _written(dag_id: str, path: Path, body: Save, user: Author) -> bytes:
    """The bytes that are in the file now."""
    base = _ensure_version(path, body.version)
    found = draft(base, path.name, configured_fence(), text=body.text, fields={})
    if found.workflow is None:
        raise WorkflowError(found.faults)
    if found.workflow.name != dag_id:
        problem, remedy = f"`{found.workflow.name}` would be another workflow than `{dag_id}`", "Duplicate it instead"
        raise WorkflowError([Fault(path.name, 1, 1, "name", problem, remedy)])
    before = checked(base, path.name, configured_fence()).workflow
    new = uses(found.workflow) - (uses(before) if before else set())
    user.ensure_may_use({connection for _, connection, _ in new})
    put(found.raw, path, configured_fence())
    return found.raw


def _ensure_version(path: Path, version: str | None) -> bytes:
    """The content that is to be replaced, if it is the one that people have seen; else 409 with the one it is."""
    raw = _content(path)
    current = None if raw is None else _version(raw)
    if current == version:
        return raw or b""
    shown = checked(raw, path.name, configured_fence()).shown if raw is not None else None
    why = "the file is gone" if raw is None else "somebody changed the file meanwhile"
    why = "a file of this name is there already" if version is None else why
    raise HTTPException(status.HTTP_409_CONFLICT, {"why": why, "text": shown, "version": current})


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, f"{path.name} cannot be read: {error.strerror}") from None


def _version(raw: bytes) -> str:
    """Of a content that may hold secrets: nobody can try out guesses of them on it."""
    key = conf.get_mandatory_value("api", "secret_key")
    return hmac.new(key.encode(), raw, "sha256").hexdigest()[:32]


def _taken(name: str, session: Session) -> str | None:
    """Why a new workflow may not have this name."""
    if not DAG_ID.fullmatch(name):
        return "A name has letters, digits, `_`, `.` and `-`, at most 250"
    home = database.home(session, name)
    if home is not None and not home.stale:
        return "A DAG has this name already"
    try:
        found = configured_store()
        path = found.new_file(name)
    except FixFile as error:
        return str(error)
    if name in names_in(found.folder) or path.exists():
        return "A workflow file has this name already"
    return None


def _fields(changes: list[FieldChange]) -> dict[Place, Any]:
    return {tuple(one.place): REMOVED if one.removed else one.value for one in changes}


def _answer(found: Draft) -> DraftAnswer:
    given: dict[str, Any] = {
        "text": found.shown,
        "faults": told(found.faults),
        "advice": told(found.advice),
        "values": found.values,
    }
    if found.workflow is None:
        return DraftAnswer(**given)
    config, now = found.workflow.airflow_config, datetime.now(timezone.utc)
    name, cron = found.workflow.name, config.cron_of(found.workflow.name)
    timetable = CronBetweenDates(cron, timezone=config.pipeline_timezone) if cron else OnDemand()
    return DraftAnswer(
        **given,
        name=name,
        service=found.workflow.source.service_name,
        schedule=timetable.summary,
        zone=config.pipeline_timezone,
        next_runs=next_runs(name, config, now),
        runs_at_once=runs_at_once(name, config, now),
    )


@contextmanager
def _told() -> Iterator[None]:
    """Our errors as answers: faults with their lines (422), or why the folder does not take it (409)."""
    try:
        yield
    except WorkflowError as error:
        faults = [fault.model_dump() for fault in told(error.faults)]
        raise HTTPException(FAULTY, {"faults": faults}) from None
    except FixFile as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
