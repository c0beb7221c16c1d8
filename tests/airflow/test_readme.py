"""The DAG in the README is one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from airflow.configuration import conf

from tests.airflow.loading import dags_in, parsed_by_the_dag_processor
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.usefixtures("quick")
def test_a_dag_of_ones_own_runs_a_workflow_file(aws: FakeKinesis, tmp_path: Path) -> None:
    """As the README has it: Airflow reads it as one DAG, and its task runs the file it names and returns its counts."""
    example = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    (tmp_path / "orders.py").write_text(example[1])
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "orders.yaml").write_text(json.dumps(document(aws, tmp_path / "out.jsonl")))
    parsed = parsed_by_the_dag_processor(tmp_path, "orders.py")
    assert (parsed.errors, set(parsed.dags)) == ({}, {"orders_account"})
    task: Any = dags_in(tmp_path, "orders.py")["orders_account"].get_task("ingest")
    result = task.execute({"run_id": "manual", "params": {}, "ti": Mock(map_index=-1)})
    assert (result["state"], result["listed"]) == ("success", 5)


def test_the_test_button_is_off_and_turned_on_as_it_says() -> None:
    """`core.test_connection`: its default, and the value that the README and docs/installing.md give it."""
    option = conf.configuration_description["core"]["options"]["test_connection"]
    assert option["default"] == "Disabled"
    assert "Enabled - Enables the test connection functionality" in option["description"]
    assert "`AIRFLOW__CORE__TEST_CONNECTION=Enabled`" in README.read_text(encoding="utf-8")
    page = (README.parent / "docs" / "installing.md").read_text(encoding="utf-8")
    assert "[core]\ntest_connection = Enabled\n" in page
    assert "export AIRFLOW__CORE__TEST_CONNECTION=Enabled\n" in page
