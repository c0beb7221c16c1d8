"""What is kept of a broken workflow, to tell its server by: parts that are right by themselves, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_kinesis_ingest.engine.workflow.document import parse, written
from airflow_kinesis_ingest.engine.workflow.loading import check
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.engine.workflow.salvage import salvaged

GOOD: dict[str, Any] = {
    "name": "orders",
    "source": {"type": "kafka", "serviceName": "shop", "serviceConnection": 7},
    "sink": {"type": "metadata-rest", "config": "wrong"},
    "workflowConfig": {
        "loggerLevel": "LOUD",
        "openMetadataServerConfig": {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "${OM_JWT}"}},
    },
    "airflowConfig": {"scheduleInterval": "sometimes"},
    "unknown": 1,
}


def kept(text: str) -> Workflow | None:
    """What is kept of this text in shop.yaml."""
    found = salvaged(parse(text.encode(), "shop.yaml"), "shop")
    return check(found, "shop") if found else None


def test_the_right_parts_of_a_broken_file_are_a_workflow() -> None:
    """Whatever else is wrong. It has no schedule."""
    found = kept(written(GOOD))
    assert found
    assert (found.name, found.source.service_name, found.airflow_config.cron_of("")) == ("orders", "shop", None)
    assert found.server.host_port == "http://om:8585/api"


def test_the_name_is_the_files_where_it_gives_none() -> None:
    found = kept(written({key: value for key, value in GOOD.items() if key != "name"}))
    assert found
    assert found.name == "shop"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a/b"},
        {"name": None},
        {"source": {"type": "kinesis"}},
        {"source": {"type": "kinesis", "serviceName": 7}},
        {"source": "kinesis"},
        {"sink": {"type": "file"}},
        {"sink": {"type": "metadata-rst"}},
        {"sink": None},
        {"workflowConfig": None},
        {"workflowConfig": []},
        {"workflowConfig": {"openMetadataServerConfig": "om"}},
        {"connections": {"openmetdata": "om"}},
        {"connections": "om"},
        {"connections": {"openmetadata": "om"}, "workflowConfig": "wrong"},
    ],
    ids=str,
)
def test_nothing_is_kept_where_a_part_is_wrong_or_means_another(change: dict[str, Any]) -> None:
    assert kept(written(GOOD | change)) is None


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("hostPort: http://om:8585/api", "hostPort: http://other:8585/api"),
        ("serviceName: shop", "serviceName: other"),
        ("name: orders", "name: other"),
        ("name: orders", "workflowConfig: {}"),
        ("name: orders", "7: of what?"),
    ],
)
def test_nothing_is_kept_where_a_part_is_there_twice_or_unreadable(text: str, again: str) -> None:
    """Which of the two is meant, nobody knows."""
    whole = written(GOOD)
    line = next(line for line in whole.splitlines() if line.strip() == text)
    indent = line[: len(line) - len(line.lstrip())]
    assert kept(whole.replace(line, f"{line}\n{indent}{again}")) is None


def test_what_is_unreadable_elsewhere_does_not_matter() -> None:
    assert kept(written(GOOD) + "tags: !!python/object:os.system {}\n")
