"""Workflow files as DAG files of their own, by Airflow 3.4's DAG importers (AIP-85): no loader is needed.

    [dag_processor]
    dag_importer_configs = ["airflow_kinesis_ingest.importer.KinesisWorkflowImporter"]

Each file has its import error and its view *Code*, both of Airflow's own making, and a process that reads it, which
costs a tenth of a second; `load_workflows` reads all of them in one. The only module that knows this interface, which
Airflow calls experimental; Airflow alone imports it, where it is configured.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airflow.sdk.importers import (
    AbstractDagImporter,
    DagImportError,
    DagImportResult,
    DagSourceCode,
    FilesystemDagDefinition,
    get_file_suffix,
)

from .dag_factory import Folder, deployed, placeholder, templates_folder
from .deployment.claims import head
from .deployment.files import SUFFIXES, workflow_paths
from .engine.workflow.document import Document, read
from .engine.workflow.loading import check
from .engine.workflow.masked import masked
from .errors import WorkflowError
from .import_error import policy_objection


@dataclass(frozen=True, slots=True)
class Beside(Folder):
    """The folder as one of its files sees it, which is its own loader. top: the bundle."""

    top: str

    def files(self) -> list[str]:
        return workflow_paths(self.root, self.top)

    def path_of(self, file: str) -> str:
        return os.path.relpath(file, os.path.dirname(self.loader)).replace(os.sep, "/")


class KinesisWorkflowImporter(AbstractDagImporter[FilesystemDagDefinition]):  # type: ignore[misc]
    """folder: of a bundle, below which every file is a workflow; a bundle without it has none. pod_templates: as
    `load_workflows` takes it.
    """

    supported_extensions: Sequence[str] = SUFFIXES

    def __init__(self, folder: str = "workflows", pod_templates: str | None = None) -> None:
        self.folder = folder
        self.pod_templates = templates_folder(pod_templates)

    def can_handle(self, definition: Any) -> bool:
        return get_file_suffix(definition) in self.supported_extensions

    def list_dag_definitions(
        self,
        bundle: Any,
        *,
        safe_mode: bool = True,  # noqa: ARG002 - Airflow passes it by name
    ) -> Iterator[FilesystemDagDefinition | DagImportError]:
        """Every workflow file, whatever it holds: one that is broken is to be seen.

        bundle: or, for Airflow that reads one file alone, something whose `path` is that file.
        """
        if bundle.path.is_file():
            files = [os.fspath(bundle.path)] if self.can_handle(bundle.path) else []
        else:
            files = self._files(bundle.path)
        yield from (FilesystemDagDefinition(path=Path(file)) for file in files)

    def _files(self, top: Path) -> list[str]:
        root = top / self.folder
        return workflow_paths(os.fspath(root), os.fspath(top)) if root.is_dir() else []

    def import_definition(self, definition: FilesystemDagDefinition, bundle: Any) -> DagImportResult:
        """The pipeline of one file; or its faults, and what stands for the pipeline meanwhile."""
        file, top = os.fspath(definition.path), os.fspath(bundle.path)
        root = os.path.join(top, self.folder)
        shown = os.path.relpath(root, os.path.dirname(file))
        one = deployed(Beside(file, root, shown, top, pod_templates=self.pod_templates), file)
        result = DagImportResult(definition=definition)
        if one.dag:
            result.dags.append(one.dag)
        if one.error:
            result.errors.append(DagImportError(source_reference=file, message=str(one.error), error_type="workflow"))
            stand_in = partial(placeholder, one.dag_id, [one])
            if one.dag_id and not policy_objection(stand_in, file):
                result.dags.append(stand_in())
        return result

    def get_source_code(self, definition: Any, dag_id: str | None = None) -> DagSourceCode:  # noqa: ARG002
        """The file without its secrets: Airflow stores it, for all to see who may see the DAG's code."""
        with definition.as_file() as path:
            return DagSourceCode(source_code=_shown(path), language="yaml")


def _shown(path: Path) -> str:
    document: Document | None = None
    try:
        document = read(path)
        check(document, path.stem)
    except WorkflowError as error:
        return masked(document, head(os.fspath(path)), error.faults)
    return masked(document, b"")
