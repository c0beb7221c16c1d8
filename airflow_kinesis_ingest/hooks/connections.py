"""What both hooks do with Airflow connections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook

from ..errors import FixFile

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from ..engine.checks import Step


def connection(connection_id: str) -> Connection:
    """An Airflow connection. Raises FixFile if there is none of that id."""
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        raise FixFile(
            f"there is no Airflow connection `{connection_id}`",
            remedy="Make it under Admin > Connections, or correct the id under `connections` in the workflow file",
        ) from None


def told(steps: Iterable[Step]) -> tuple[bool, str]:
    """The steps of a test as Airflow's connection form shows them: the first that failed, or all that passed."""
    passed = []
    for step in steps:
        if step.status == "failed":
            return False, f"{step.name}: {step.message}. {step.remedy}"
        if step.status == "passed":
            passed.append(step.name)
    return True, f"It works: {', '.join(passed)}"
