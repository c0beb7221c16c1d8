"""Who may: what every route of the page depends on. The only module that knows how Airflow's versions differ.

Airflow lets everybody into a plugin's app: each route has to ask. And its cookie comes along with requests that other
sites make, so those are refused, unless they bring a token of their own.
"""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag, requires_authenticated
from fastapi import Depends, HTTPException, Request, status

__all__ = ["DagAccessEntity", "GetUserDep", "SessionDep", "authenticated", "dag_reader", "readable"]

FOREIGN = ("cross-site", "same-site")  # `none` is what a person typed; scripts and old browsers send nothing


def same_origin(request: Request) -> None:
    """Refuse what another site's page asks with the cookie of whoever looks at it."""
    if request.headers.get("sec-fetch-site") in FOREIGN and "authorization" not in request.headers:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Requests from other sites are refused")


authenticated = [Depends(same_origin), Depends(requires_authenticated())]
"""For routes that leave out what this user may not read."""

dag_reader = [Depends(same_origin), Depends(requires_access_dag("GET"))]
"""For routes with `dag_id` in their path."""


def _readable(user: GetUserDep, session: SessionDep) -> set[str]:
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET", session=session))


readable = Annotated[set[str], Depends(_readable)]
"""The ids of the DAGs that this user may read."""


def manager() -> Any:
    return get_auth_manager()
