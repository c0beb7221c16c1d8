"""The services, each with its workflows."""

from __future__ import annotations

from fastapi import APIRouter

from ..access import authenticated
from ..models import Services

router = APIRouter()


@router.get("/api/services", dependencies=authenticated)
def services() -> Services:
    """One row per service of the DAGs that this user may read."""
    return Services(services=[], import_errors=[])
