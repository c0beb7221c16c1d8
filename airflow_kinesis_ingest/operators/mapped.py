"""Mapped tasks: `KinesisIngestionOperator.partial(...).expand(workflow=[...])`, and `expand_kwargs`.

What is mapped over Airflow stores: what stands in the DAG's file in the serialized DAG, what a task returned as XCom.
So a dict in it may hold no secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import WorkflowError

if TYPE_CHECKING:
    from airflow.sdk.definitions.mappedoperator import MappedOperator, OperatorPartial

    from ..engine.workflow.document import Document
    from ..engine.workflow.models import Workflow

INDEX = "{{ task.map_name }}"
STORED = "a mapped task's workflow is stored by Airflow, and a secret may stand here"
REMEDY = "Name `connections`, write ${NAME} and set NAME where tasks run, or map over workflow files"
IN_XCOM = f"{REMEDY}. This one lies in Airflow's database already: change it where it is used"


@dataclass(frozen=True, slots=True)
class Partial:
    """Airflow's partial operator, which takes no workflow that is wrong or has a secret. Raises WorkflowError."""

    partial: OperatorPartial

    def expand(self, **mapped: Any) -> MappedOperator:
        self._check(_several(mapped.get("workflow")))
        return self.partial.expand(**mapped)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> MappedOperator:
        self._check([one.get("workflow") if isinstance(one, Mapping) else None for one in _several(kwargs)])
        return self.partial.expand_kwargs(kwargs, strict=strict)

    def _check(self, workflows: Iterable[object]) -> None:
        self.partial._expand_called = True  # or Airflow warns, of one that is refused, that it was no map
        checked(str(self.partial.kwargs["task_id"]), workflows)


def _several(given: object) -> Iterable[Any]:
    """What is mapped over, where it is known already: Airflow has the rest when the task runs."""
    if isinstance(given, Mapping):
        return given.values()
    return given if isinstance(given, Sequence) and not isinstance(given, str) else ()


def checked(task_id: str, workflows: Iterable[object]) -> None:
    """Raises WorkflowError for a dict among them that is no workflow, or that has a secret in it."""
    from ..engine.workflow.loading import check

    for number, workflow in enumerate(workflows):
        if isinstance(workflow, Mapping):
            document = document_of(workflow, f"{task_id}[{number}]")
            refuse_secrets(document, check(document, task_id), REMEDY)


def document_of(workflow: Mapping[str, Any], name: str) -> Document:
    """A workflow in a DAG's file, or of a task before. name: what its faults call it."""
    from ..engine.workflow.document import parse

    return parse(json.dumps(workflow, default=str).encode(), f"{name}.json")


def refuse_secrets(document: Document, workflow: Workflow, remedy: str) -> None:
    """Raises WorkflowError."""
    from ..engine.workflow.disclosure import literals

    if faults := [document.fault(place, STORED, remedy) for place in literals(workflow)]:
        raise WorkflowError(faults)
