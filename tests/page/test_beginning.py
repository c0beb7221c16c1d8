"""Who has no service yet is shown a loader and a workflow file that work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.engine.workflow.loading import check
from airflow_kinesis_ingest.page.routes.static import FOLDER


def shown(name: str) -> str:
    found = re.search(rf"^const {name} = `(.*?)`;$", (FOLDER / "services.js").read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_workflow_of_the_empty_list_has_no_fault() -> None:
    workflow = check(parse(shown("WORKFLOW").encode(), "orders.yaml"), "orders")
    assert (workflow.name, workflow.source.service_name) == ("orders", "orders_kinesis")


def test_the_loader_of_the_empty_list_is_the_one_of_the_repository() -> None:
    dags = Path(__file__).parents[2] / "dags"
    code = [line for line in shown("LOADER").splitlines() if line.startswith(("from", "load"))]
    assert any(
        {line.split("  #")[0] for line in code} <= set(re.sub(r"  #.*", "", path.read_text()).splitlines())
        for path in dags.glob("*.py")
    )
