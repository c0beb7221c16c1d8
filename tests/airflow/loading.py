"""Reading DAG files as Airflow's processes do: the dag processor, and a worker that starts a task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import structlog
from airflow.dag_processing import processor
from airflow.dag_processing.processor import DagFileParseRequest, DagFileParsingResult
from airflow.sdk import DAG
from airflow.sdk.execution_time import task_runner
from airflow.serialization import serialized_objects

LOADER = """\
from airflow_kinesis_ingest import load_workflows  # airflow dag

load_workflows(globals(), "workflows")
"""
NAME = "dags-folder"
"""What Airflow calls the bundle of its `dags_folder`."""

SOURCE: dict[str, Any] = {
    "type": "kinesis",
    "serviceName": "shop",
    "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": {"awsRegion": "us-east-2"}}},
    "sourceConfig": {"config": {"type": "MessagingMetadata"}},
}


@dataclass
class Bundle:
    """A folder of DAG files with a loader and its workflows, as a user has it. loader: relative to it."""

    root: Path
    loader: str = "kinesis_workflows.py"

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.root / self.loader).write_text(LOADER)

    @property
    def folder(self) -> Path:
        return (self.root / self.loader).parent / "workflows"

    def put(self, file: str, text: str | bytes = "", **blocks: Any) -> Path:
        """A workflow file: this text, or a good workflow with these blocks."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(raw or json.dumps({"source": SOURCE, **blocks}).encode())
        return path

    def parsed(self) -> Parsed:
        return parsed_by_the_dag_processor(self.root, self.loader)

    def started(self, dag_id: str) -> Any:
        """The task that a worker starts for this DAG."""
        (task,) = self.worker_dags(dag_id)[dag_id].tasks
        return task

    def worker_dags(self, dag_id: str | None = None) -> dict[str, DAG]:
        """The DAGs that a worker finds; dag_id: of the task that it starts."""
        with pytest.MonkeyPatch.context() as patch:
            if dag_id is not None:
                patch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
                patch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "ingest")
            patch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
            return dags_in(self.root, self.loader)


def parsed_by_the_dag_processor(bundle: Path, loader: str) -> Parsed:
    """What its process gets out of a file, and can send to its parent."""
    fields = {"file": str(bundle / loader), "bundle_path": bundle, "bundle_name": NAME}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task_runner, "SUPERVISOR_COMMS", object(), raising=False)
        result = processor._parse_file(DagFileParseRequest.model_validate(fields), structlog.get_logger())
    assert result is not None
    json.dumps(result.model_dump(), default=str, ensure_ascii=False).encode()
    return Parsed(result)


def dags_in(bundle: Path, loader: str) -> dict[str, DAG]:
    """The DAGs of a file as Airflow's DagBag finds them."""
    airflows: Any = processor
    named = {"bundle_name": NAME} if "bundle_name" in signature(airflows.DagBag).parameters else {}
    bag = airflows.BundleDagBag(dag_folder=str(bundle / loader), bundle_path=bundle, **named)
    assert bag.import_errors == {}
    return dict(bag.dags)


def serialization() -> Any:
    """Airflow's class that turns DAGs into plain data and back; Airflow 3.1 calls it otherwise."""
    return getattr(serialized_objects, "DagSerialization", None) or getattr(serialized_objects, "SerializedDAG")  # noqa: B009


@dataclass
class Parsed:
    result: DagFileParsingResult

    @property
    def errors(self) -> dict[str, str]:
        """Path in the bundle -> what Airflow shows under Import Errors."""
        return dict(self.result.import_errors or {})

    @property
    def dags(self) -> dict[str, dict[str, Any]]:
        """DAG id -> the serialized DAG."""
        return {dag.dag_id: dag.data["dag"] for dag in self.result.serialized_dags}

    @property
    def deployed(self) -> set[str]:
        """The ids of the DAGs that work."""
        return {dag_id for dag_id, dag in self.dags.items() if "deploy-failed" not in dag["tags"]}

    @property
    def text(self) -> str:
        return json.dumps([dag.data for dag in self.result.serialized_dags], default=str)


def stored(bundle: Bundle) -> None:
    """What the dag processor stores of the bundle."""
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    parsed = bundle.parsed()
    errors = {(NAME, path): error for path, error in parsed.errors.items()}
    with create_session() as session:
        session.merge(DagBundleModel(name=NAME))
        session.flush()
        update_dag_parsing_results_in_db(
            bundle_name=NAME,
            bundle_version=None,
            dags=parsed.result.serialized_dags,
            import_errors=errors,
            parse_duration=1.0,
            warnings=set(),
            session=session,
            files_parsed={(NAME, bundle.loader), *errors},
        )
