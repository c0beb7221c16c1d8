"""What may be told of a workflow: all of it but its secrets, and what a reader should know about it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from pydantic import BaseModel, SecretStr

from ...errors import Fault
from .document import HIDDEN, Document, Place, dotted, written
from .fence import OPEN, Fence
from .field_types import NOT_REPLACED, PLACEHOLDER
from .models import SECURITY_BLOCK, Workflow, is_replaced
from .notifiers import strangers
from .providers import paths_in


def secrets(workflow: Workflow) -> Iterator[tuple[Place, SecretStr]]:
    """Every secret value of the workflow and its place."""

    def walk(node: object, place: Place) -> Iterator[tuple[Place, SecretStr]]:
        if isinstance(node, SecretStr):
            yield place, node
        elif isinstance(node, BaseModel):
            for name, info in type(node).model_fields.items():
                yield from walk(getattr(node, name), (*place, info.alias or name))
        elif isinstance(node, dict):
            for key, child in node.items():
                yield from walk(child, (*place, key))

    return walk(workflow, ())


def literals(workflow: Workflow) -> Iterator[Place]:
    """Places of what is, or may be, a secret itself: each secret but a whole `${NAME}`, and free blocks, which have no
    effect here and may hold anything.
    """
    server = workflow.workflow_config.open_metadata_server_config
    files = {(*SECURITY_BLOCK, field) for field, _ in paths_in(server)} if server else set()
    for place, secret in secrets(workflow):
        value = secret.get_secret_value()
        if value and not PLACEHOLDER.fullmatch(value) and place not in files:
            yield place
    yield from _free(workflow, ())


def _free(node: object, place: Place) -> Iterator[Place]:
    if isinstance(node, BaseModel):
        for name, alias in _aliases(type(node)):
            yield from _free(getattr(node, name), (*place, alias))
    elif isinstance(node, dict):
        for key, child in node.items():
            if isinstance(child, (SecretStr, BaseModel)):
                yield from _free(child, (*place, key))
            else:
                yield (*place, key)
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _free(child, (*place, number))


UNNAMED = "no notifier of this name is known here: where Airflow knows none either, this file is an import error"


def advice(document: Document, workflow: Workflow, fence: Fence = OPEN) -> list[Fault]:
    """What `validate` warns about: literal secrets, names that stay unresolved outside the connection blocks, and
    notifiers that Airflow's configuration must name.
    """
    found = []
    server = workflow.workflow_config.open_metadata_server_config
    files = {(*SECURITY_BLOCK, field) for field, _ in paths_in(server)} if server else set()
    for place, secret in secrets(workflow):
        value = secret.get_secret_value()
        elsewhere = place in files
        if value and not PLACEHOLDER.search(value) and not elsewhere:
            remedy = "Write ${NAME} and set NAME where runs start, or use `connections`"
            found.append(document.fault(place, "a secret stands in the file", remedy))
    for place, text in _texts(document.data, ()):
        if PLACEHOLDER.search(text) and not is_replaced(place):
            found.append(document.fault(place, *NOT_REPLACED))
    return [*found, *strangers(document, fence.notifiers, UNNAMED)]


def _texts(node: object, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, (dict, list)):
        for part, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _texts(child, (*place, part))


def unused(workflow: Workflow) -> list[str]:
    """Paths of the fields that the file gives and that have no effect here."""

    def walk(model: BaseModel, place: Place) -> Iterator[str]:
        for name in sorted(model.model_fields_set):
            info = type(model).model_fields[name]
            here, value = (*place, info.alias or name), getattr(model, name)
            if isinstance(info.json_schema_extra, dict) and "x-unused" in info.json_schema_extra:
                yield dotted(here)
            elif isinstance(value, BaseModel):
                yield from walk(value, here)

    return list(walk(workflow, ()))


@cache
def _aliases(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    return tuple((name, info.alias or name) for name, info in model.model_fields.items())


def redacted(workflow: Workflow) -> str:
    """The workflow as YAML with every secret as `***`; a `${NAME}` is no secret and stays."""

    def plain(node: object) -> object:
        if isinstance(node, SecretStr):
            value = node.get_secret_value()
            return value if PLACEHOLDER.fullmatch(value) else HIDDEN
        if isinstance(node, BaseModel):
            given = node.model_fields_set
            return {alias: plain(getattr(node, name)) for name, alias in _aliases(type(node)) if name in given}
        if isinstance(node, dict):
            # Free blocks, which have no effect here, may hold anything: OpenMetadata's search has a password.
            secret = all(isinstance(child, SecretStr) for child in node.values())
            return {key: plain(child) for key, child in node.items()} if secret else HIDDEN
        if isinstance(node, list):
            return [plain(child) for child in node]
        return node.isoformat() if isinstance(node, datetime) else node

    return written(plain(workflow))
