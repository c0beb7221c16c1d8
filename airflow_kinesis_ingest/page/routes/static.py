"""The page's code, for the browser: ES modules and a stylesheet, as they are in the wheel.

A digest of all files is a part of the address, and so of what a module imports by a relative one: a browser may keep
them for good, and never mixes two versions.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, HTTPException, status
from fastapi.responses import Response

from ..access import authenticated

FOLDER = Path(__file__).parents[1] / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}
FOR_GOOD = "private, max-age=31536000, immutable"

router = APIRouter()


@cache
def files() -> dict[str, Path]:
    """What may be asked for: the path below the folder, with `/`, and the file."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): path for path in found}


@cache
def digest() -> str:
    """Of the names and contents of all files."""
    parts = (part for name, path in files().items() for part in (name.encode(), path.read_bytes()))
    return sha256(b"\0".join(parts)).hexdigest()[:16]


@router.get("/static/{version}/{name:path}", dependencies=authenticated, include_in_schema=False)
def file(version: str, name: str) -> Response:
    """One of another version may be asked for while Airflow is upgraded: this one's is given, and not kept."""
    path = files().get(name)
    if path is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such file")
    kept = FOR_GOOD if version == digest() else "no-store"
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
    return Response(path.read_bytes(), media_type=TYPES[path.suffix], headers=headers)
