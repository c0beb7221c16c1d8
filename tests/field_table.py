"""The table in docs/workflow-file.md, made from the models: `make docs` writes it, a test holds it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from airflow_kinesis_ingest.engine.workflow.fault_texts import model_in
from airflow_kinesis_ingest.engine.workflow.models import Workflow

PAGE = Path(__file__).parents[1] / "docs" / "workflow-file.md"
HEAD = "| field | default | meaning |\n|---|---|---|\n"


def described(model: type[BaseModel], place: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Every field with a meaning, by its path."""
    for name, info in model.model_fields.items():
        path = (*place, info.alias or name)
        inner = model_in(info.annotation)
        if inner and get_origin(info.annotation) is dict:
            yield ".".join(path), info
            yield from described(inner, (*path, "PATTERN"))
        elif inner and not isinstance(info.json_schema_extra, dict):
            yield from described(inner, path)
        elif info.description:
            yield ".".join(path), info


def default(info: FieldInfo) -> str:
    value: Any = info.default_factory() if info.default_factory else info.default  # type: ignore[call-arg]
    if info.is_required():
        return "required"
    if value in (None, [], {}):
        return ""
    return f"`{json.dumps(value)}`".replace('"', "")


def field_table() -> str:
    rows = [f"| `{path}` | {default(info)} | {info.description} |\n" for path, info in described(Workflow)]
    return HEAD + "".join(rows)


def with_table(page: str, table: str) -> str:
    """page with table in the place of the one it has."""
    return re.sub(re.escape(HEAD) + r"(\|.*\n)*", lambda _: table, page)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), field_table()), encoding="utf-8")
