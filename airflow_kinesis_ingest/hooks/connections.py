"""What both hooks do with Airflow connections."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from ..engine.workflow.origins import values_in
from ..errors import Fault, FixFile, IngestError, WorkflowError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from ..engine.model import Step


def connection(connection_id: str, *types: str) -> Connection:
    """An Airflow connection of one of these types, whose extra is an object. Raises FixFile if there is none such.

    Airflow's masker knows all that it holds before any of it is looked at.
    """
    try:
        found = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException:
        raise FixFile(
            f"there is no Airflow connection `{connection_id}`",
            remedy="Make it under Admin > Connections, or correct the id under `connections` in the workflow file",
        ) from None
    for value in values_in([found.login, found.password, found.host, found.schema, found.extra, _extra(found)]):
        mask_secret(value)
    if found.conn_type not in types:
        kind = f"`{found.conn_type}`" if re.fullmatch(r"[a-z_]{1,30}", found.conn_type or "") else "another"
        what = f"the Airflow connection `{connection_id}` is of type {kind}"
        raise FixFile(what, remedy=f"Name one of type {' or '.join(f'`{name}`' for name in types)}")
    _require_object_as_extra(found)
    return found


def _extra(found: Connection) -> object:
    """None for text that is no JSON."""
    try:
        return json.loads(found.extra or "{}")
    except ValueError:
        return None


def _require_object_as_extra(found: Connection) -> None:
    # Airflow itself takes text that is no JSON for an empty extra: a run would use other credentials than it should.
    if not isinstance(_extra(found), dict):
        what = f"the extra of the Airflow connection `{found.conn_id}` is no JSON object"
        raise FixFile(what, remedy='Write it like {"name": "value"}')


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty: a form sends every field."""
    return {key: value for key, value in values.items() if value}


def tried(connection_id: str, steps: Callable[[], Iterable[Step]]) -> tuple[bool, str]:
    """The steps of a test as Airflow's connection form shows them: the first that failed, or all that passed.

    Airflow tests a copy of the connection under an id that it draws: nothing says it.
    """
    works, message = _tried(steps)
    named = rf"(?<!no )(?:the )?(?:(?<!no )Airflow )?connection `?{re.escape(connection_id)}(?!\w)`?"
    return works, re.sub(named, "this connection", message)


def _tried(steps: Callable[[], Iterable[Step]]) -> tuple[bool, str]:
    try:
        return _test_result(steps())
    except WorkflowError as error:
        return False, "\n".join(map(_of_connection, error.faults))
    except IngestError as error:
        return False, str(error)


def _test_result(steps: Iterable[Step]) -> tuple[bool, str]:
    """Steps that were skipped are told with their reason, once for those that share it."""
    passed: list[str] = []
    skipped: dict[str, list[str]] = {}
    for step in steps:
        if step.status == "failed":
            return False, f"{step.name}: {step.message}. {step.remedy}"
        if step.status == "passed":
            passed.append(step.name)
        else:
            skipped.setdefault(step.message, []).append(step.name)
    untried = [f". Not tried: {', '.join(names)} ({reason})" for reason, names in skipped.items()]
    return True, f"It works: {', '.join(passed)}{''.join(untried)}"


def _of_connection(fault: Fault) -> str:
    """The fault without file, line and path: they are of a workflow that only the test has."""
    names_field = not fault.path or fault.path.startswith("connections.")
    subject = "" if names_field else f"{fault.path.rpartition('.')[2]}: "
    return f"{subject}{fault.problem}. {fault.remedy}".rstrip()
