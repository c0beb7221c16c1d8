"""The page about lineage names every call that is made, and none else."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_kinesis_ingest.engine.aws.policy import GLUE
from airflow_kinesis_ingest.engine.aws.tags import ACTIONS
from airflow_kinesis_ingest.engine.lineage.parts import READERS, WRITERS, every_part

PAGE = Path(__file__).parents[3] / "docs" / "lineage.md"


def test_the_table_of_calls_is_what_the_code_calls() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## What is read")[2].partition("\n\n`kinesis-ingest policy")[0]
    called = {action for part in every_part() for action in part.actions}
    assert set(re.findall(r"`(\w+:\w+)`", table)) == called | ACTIONS.keys() | {GLUE}
    for name in (*READERS, *WRITERS):
        assert re.search(rf"\| `(readers|writers|readers or writers): {name}`", table)
