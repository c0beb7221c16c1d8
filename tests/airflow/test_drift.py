"""A DAG that is scheduled on drift, beside a real scheduler: only a run that finds some starts it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_kinesis_ingest.demo.standalone import airflow
from tests.airflow.test_live import LOADER, TASK
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, json_streams

pytestmark = pytest.mark.timeout(600)

TEXT = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
TELLER = TEXT[TEXT.index("from airflow.sdk import AssetAlias, dag") :].partition("```")[0]


def test_a_dag_scheduled_on_drift_runs_when_a_stream_drifted_and_is_told_how(tmp_path: Path) -> None:
    """The one of the docs. Of three streams one drifts, and one alone is an asset."""
    home, dags = tmp_path / "airflow", tmp_path / "dags"
    (dags / "workflows").mkdir(parents=True)
    home.mkdir()
    (dags / "kinesis_workflows.py").write_text(LOADER)
    (dags / "teller.py").write_text(TELLER)
    with FakeKinesis(json_streams(3, records=3), quotas={}) as kinesis:
        flow = document(kinesis, home / "shop.jsonl", airflowConfig={"scheduleInterval": None})
        (dags / "workflows" / "shop.yaml").write_text(json.dumps(flow))
        with airflow(home, dags) as started:
            started.wait(lambda: started.call("GET", "/dags/shop"), "the workflow's DAG")
            started.wait(lambda: started.call("GET", "/dags/tell_of_drift"), "the DAG of the docs")
            started.call("PATCH", "/dags/tell_of_drift?update_mask=is_paused", {"is_paused": False})
            for _ in range(2):
                assert started.await_run("shop", started.trigger("shop")) == "success"
            assert started.call("GET", "/assets/events")["total_entries"] == 0
            kinesis.streams["stream-00001"].retention_hours = 48
            run_id = started.trigger("shop")
            assert started.await_run("shop", run_id) == "success", started.log("shop", run_id, TASK)
            (event,) = started.call("GET", "/assets/events")["asset_events"]
            assert event["uri"] == f"kinesis://{kinesis.account}/us-east-1/stream-00001"
            assert event["extra"]["changes"][0]["after"] == "48 h"
            told = "/dags/tell_of_drift/dagRuns"
            started.wait(lambda: started.call("GET", told)["total_entries"], "the run of the other DAG", 120)
            (other,) = started.call("GET", told)["dag_runs"]
            assert started.await_run("tell_of_drift", other["dag_run_id"]) == "success"
            assert "'48 h'" in started.log("tell_of_drift", other["dag_run_id"], "tell")
