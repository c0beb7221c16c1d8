"""The OpenAPI document of the page's own routes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from ..access import authenticated

router = APIRouter()


@router.get("/api/openapi.json", dependencies=authenticated, include_in_schema=False)
def document(request: Request) -> dict[str, Any]:
    return {**request.app.openapi(), "servers": [{"url": request.scope["root_path"]}]}
