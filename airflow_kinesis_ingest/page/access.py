"""Who may: what every route of the page depends on. The only module that knows how Airflow's versions differ.

Airflow lets everybody into a plugin's app: each route has to ask. And its cookie comes along with requests that other
sites make, so those are refused, unless they bring a token of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import (
    AccessView,
    ConnectionDetails,
    DagAccessEntity,
    DagDetails,
)
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_authenticated
from airflow.models.connection import Connection
from airflow.models.dag import DagModel
from airflow.models.log import Log
from fastapi import Depends, HTTPException, Request, status
from sqlalchemy.orm import Session

from .bodies import json_alone, writable

__all__ = ["Rights", "RightsDep", "SessionDep", "authenticated", "dag_reader", "of_dag"]

FOREIGN = ("cross-site", "same-site")  # `none` is what a person typed; scripts and old browsers send nothing


def same_origin(request: Request) -> None:
    """Refuse what another site's page asks with the cookie of whoever looks at it."""
    if request.headers.get("sec-fetch-site") in FOREIGN and "authorization" not in request.headers:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Requests from other sites are refused")


authenticated = [Depends(same_origin), Depends(requires_authenticated())]
"""For routes that leave out what this user may not read."""

dag_reader = [Depends(same_origin), Depends(requires_access_dag("GET"))]
"""For routes with `dag_id` in their path."""

author = [Depends(same_origin), Depends(requires_access_dag("PUT"))]
"""For who may edit the DAG whose `dag_id` is in the path, or DAGs at all where there is none."""

writer = [Depends(same_origin), Depends(json_alone), Depends(writable), Depends(requires_access_dag("PUT"))]
"""The same, for routes with a body."""

remover = [Depends(same_origin), Depends(json_alone), Depends(writable), Depends(requires_access_dag("DELETE"))]


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may. read, edit: ids of DAGs. run, runs, results: of the DAGs that they may edit, or read.

    runs: see them; results: see what they stored, their XComs; code: see the workflow file.
    """

    read: frozenset[str]
    edit: frozenset[str]
    run: bool
    runs: bool
    results: bool
    code: bool
    import_errors: bool


def _rights(user: GetUserDep, session: SessionDep) -> Rights:
    """One question for all DAGs, as Airflow's own lists ask: an auth manager far away is asked seven times, not 500."""
    manager = get_auth_manager()

    def of_all(method: Literal["GET", "PUT"]) -> frozenset[str]:
        return frozenset(manager.get_authorized_dag_ids(user=user, method=method, session=session))

    return Rights(
        read=of_all("GET"),
        edit=of_all("PUT"),
        import_errors=manager.is_authorized_view(access_view=AccessView.IMPORT_ERRORS, user=user),
        **_entities(user, DagDetails()),
    )


RightsDep = Annotated[Rights, Depends(_rights)]


def _rights_of_dag(dag_id: str, user: GetUserDep) -> Rights:
    details = _details(dag_id)
    may_edit = get_auth_manager().is_authorized_dag(method="PUT", details=details, user=user)
    edit = frozenset([dag_id] if may_edit else [])
    return Rights(read=frozenset([dag_id]), edit=edit, import_errors=False, **_entities(user, details))


of_dag = Annotated[Rights, Depends(_rights_of_dag)]
"""What the user may with the DAG of the path, which `dag_reader` lets them read."""


def _entities(user: Any, details: DagDetails) -> dict[str, bool]:
    def may(method: Literal["GET", "POST"], entity: DagAccessEntity) -> bool:
        manager = get_auth_manager()
        return bool(manager.is_authorized_dag(method=method, access_entity=entity, details=details, user=user))

    return {
        "run": may("POST", DagAccessEntity.RUN),
        "runs": may("GET", DagAccessEntity.RUN),
        "results": may("GET", DagAccessEntity.XCOM),
        "code": may("GET", DagAccessEntity.CODE),
    }


def _details(dag_id: str) -> DagDetails:
    return DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))


class Author:
    """The user of a request that writes."""

    def __init__(self, user: Any) -> None:
        self._user = user

    @property
    def may_create(self) -> bool:
        return bool(get_auth_manager().is_authorized_dag(method="PUT", user=self._user))

    @property
    def may_connect(self) -> bool:
        return bool(get_auth_manager().is_authorized_connection(method="POST", user=self._user))

    def may_see(self, dag_id: str) -> bool:
        return bool(get_auth_manager().is_authorized_dag(method="GET", details=_details(dag_id), user=self._user))

    def ensure_may_edit(self, dag_id: str) -> None:
        if not get_auth_manager().is_authorized_dag(method="PUT", details=_details(dag_id), user=self._user):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not edit {dag_id}")

    def ensure_may_use(self, connections: Iterable[str]) -> None:
        """A run uses a connection whoever wrote its id, or where to, into the file: they must be one who may look at
        it."""
        for one in sorted(connections):
            details = ConnectionDetails(conn_id=one, team_name=Connection.get_team_name(one))
            if not get_auth_manager().is_authorized_connection(method="GET", details=details, user=self._user):
                remedy = "Name one that you may read, or ask for the right"
                raise HTTPException(status.HTTP_403_FORBIDDEN, f"You may not use the connection {one}. {remedy}")

    def audit(self, session: Session, event: str, dag_id: str, **extra: str) -> None:
        """A line of Airflow's audit log: without the text, of which nobody knows what it holds."""
        name = self._user.get_name()
        session.add(Log(event=event, dag_id=dag_id, owner=name, owner_display_name=name, extra=json.dumps(extra)))


def _author(user: GetUserDep) -> Author:
    """`Depends(Author)` would be shorter: the FastAPI of Airflow 3.1 does not resolve the annotations of a class."""
    return Author(user)


AuthorDep = Annotated[Author, Depends(_author)]
