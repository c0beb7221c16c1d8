"""`airflow kinesis-ingest pools --apply`, on a real metadata database; where a task runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.airflow_cli import make_pools
from airflow_kinesis_ingest.cli import pools_command
from airflow_kinesis_ingest.errors import FixFile
from tests.airflow.loading import Bundle


@pytest.mark.usefixtures("database")
def test_pools_that_are_missing_are_made_and_none_is_changed() -> None:
    """Also not to more slots or fewer: somebody may have meant them."""
    from airflow.api.client import get_current_api_client

    client: Any = get_current_api_client()
    client.create_pool("kinesis_1_theirs", 4, "theirs", False)
    for told in ("made: kinesis_1_ours", "there already: kinesis_1_ours"):
        kept, made = make_pools(["kinesis_1_theirs", "kinesis_1_ours"])
        assert made == told
        assert kept.startswith("left as it is: kinesis_1_theirs has 4 slots")
    client.create_pool("kinesis_1_none", 0, "theirs", False)
    client.create_pool("kinesis_1_any", -1, "theirs", False)
    none, any_number = make_pools(["kinesis_1_none", "kinesis_1_any"])
    assert none == "left as it is: kinesis_1_none has 0 slots, and no run begins: give it 1 with `airflow pools set`"
    assert any_number.startswith("left as it is: kinesis_1_any has no limit, and")
    slots = {pool[0]: pool[1:3] for pool in client.get_pools()}
    assert slots["kinesis_1_theirs"] == (4, "theirs")
    assert slots["kinesis_1_ours"][0] == 1
    for name in ("kinesis_1_theirs", "kinesis_1_ours", "kinesis_1_none", "kinesis_1_any"):
        client.delete_pool(name)


def test_without_airflow_pools_are_printed_alone(tmp_path: Path) -> None:
    with pytest.raises(FixFile, match="Run `airflow kinesis-ingest pools --apply`"):
        pools_command(argparse.Namespace(folder=tmp_path, apply=True))


def test_a_task_has_its_executor_weight_and_pool(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path)
    config = {"executor": "LocalExecutor", "priorityWeight": 7, "pool": "per-account"}
    bundle.put("shop.yaml", airflowConfig=config, options={"account": "123456789012"})
    task = bundle.started("shop")
    assert (task.executor, task.priority_weight) == ("LocalExecutor", 7)
    assert task.pool == "kinesis_123456789012_us-east-2"


def test_an_executor_that_this_airflow_has_not_is_a_fault_of_its_file_alone(tmp_path: Path) -> None:
    """Airflow itself would refuse every DAG of the loader."""
    bundle = Bundle(tmp_path)
    bundle.put("shop.yaml", airflowConfig={"executor": "Elsewhere"})
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    assert "airflowConfig.executor: this is no executor of this Airflow" in parsed.errors["workflows/shop.yaml"]
