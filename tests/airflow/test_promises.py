"""The paths that are promises: Airflow's database, the loaders of users and entry points hold them.

Moving one needs a name left behind at its old place: a stored DAG would be unreadable after an upgrade.
"""

from __future__ import annotations

import json
from importlib.metadata import distribution
from pathlib import Path

import pytest

from airflow_kinesis_ingest.provider_info import get_provider_info
from tests.airflow.loading import Bundle
from tests.airflow.test_provider_info import resolved, strings

STORED = [  # in the serialized form of every DAG
    "airflow_kinesis_ingest.operators.kinesis.DeployFailedOperator",
    "airflow_kinesis_ingest.operators.kinesis.KinesisIngestionOperator",
    "airflow_kinesis_ingest.operators.probe.ProbeOperator",
    "airflow_kinesis_ingest.timetable.CronBetweenDates",
    "airflow_kinesis_ingest.watching.QueueTrigger",
]
LISTED = [  # by entry points and the provider's info, which an installed Airflow has cached
    "airflow_kinesis_ingest.airflow_cli.get_commands",
    "airflow_kinesis_ingest.cli.main",
    "airflow_kinesis_ingest.hooks.kinesis.KinesisHook",
    "airflow_kinesis_ingest.hooks.openmetadata.OpenMetadataHook",
    "airflow_kinesis_ingest.links.CatalogueLink",
    "airflow_kinesis_ingest.links.ConsoleLink",
    "airflow_kinesis_ingest.plugin.KinesisIngestPlugin",
    "airflow_kinesis_ingest.provider_info.get_provider_info",
]
WRITTEN = [  # in the loaders and DAG files of users, who may name the modules too
    "airflow_kinesis_ingest.load_workflows",
    "airflow_kinesis_ingest.dag_factory.build_dag",
    "airflow_kinesis_ingest.dag_factory.load_workflows",
    "airflow_kinesis_ingest.import_error.ImportErrorOf",
    "airflow_kinesis_ingest.task_logs.logs_at",
]


@pytest.mark.parametrize("path", [*STORED, *LISTED, *WRITTEN])
def test_what_others_hold_by_path_is_there(path: str) -> None:
    """And is defined there, not lent from elsewhere: what is stored again would have another path."""
    found = resolved(path)
    assert path == "airflow_kinesis_ingest.load_workflows" or f"{found.__module__}.{found.__qualname__}" == path


def test_a_stored_dag_holds_no_other_path_of_ours(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "dags")
    bundle.put("good.yaml")
    bundle.put("broken.yaml", "[")
    stored = {text for text in strings(json.loads(bundle.parsed().text)) if text.startswith("airflow_kinesis_ingest.")}
    modules = stored - set(STORED)  # a task's class is stored as a module and a name
    assert modules <= {"airflow_kinesis_ingest.operators.kinesis", *LISTED}
    assert "airflow_kinesis_ingest.timetable.CronBetweenDates" in stored
    assert "airflow_kinesis_ingest.operators.kinesis" in modules


def test_neither_entry_points_nor_the_provider_hold_another() -> None:
    ours = [point.value.replace(":", ".") for point in distribution("airflow-kinesis-ingest").entry_points]
    info = [text for text in strings(get_provider_info()) if text.startswith("airflow_kinesis_ingest.")]
    modules = {path.rpartition(".")[0] for path in [*STORED, *LISTED]}
    assert {*ours, *info} - modules == set(LISTED)
