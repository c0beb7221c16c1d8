"""Which Airflow pools a folder of workflow files needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_kinesis_ingest.deployment.pools import pools
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.engine.workflow.targets import each_target, pool_of
from tests.workflow_text import faults, text, workflow

ACCOUNT = 'options: {account: "123456789012"}\n'
SHARED = "kinesis_123456789012_us-east-2"
PER_ACCOUNT = "airflowConfig: {pool: per-account}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, name: str, more: str) -> str:
    file = folder / f"{name}.yaml"
    file.write_text(text(more=more).replace("orders_kinesis", name))
    return str(file)


def test_files_that_share_an_account_and_region_need_a_pool_and_one_alone_does_not(folder: Path) -> None:
    files = [put(folder, name, ACCOUNT) for name in ("a", "b")]
    put(folder, "c", 'options: {account: "210987654321"}\n')
    (needed,) = pools(folder).needed
    assert (needed.name, needed.members, needed.outside) == (SHARED, tuple(files), tuple(files))


def test_a_file_that_asks_for_its_pool_needs_it_and_is_not_outside_of_it(folder: Path) -> None:
    file = put(folder, "a", ACCOUNT + PER_ACCOUNT)
    other = put(folder, "b", ACCOUNT + "airflowConfig: {pool: mine}\n")
    (needed,) = pools(folder).needed
    assert (needed.members, needed.outside) == ((file, other), (other,))
    Path(other).unlink()
    assert [each.name for each in pools(folder).needed] == [SHARED]


def test_a_target_shares_its_account_with_a_file(folder: Path) -> None:
    file = put(folder, "a", ACCOUNT)
    both = 'targets: {accounts: ["123456789012", "210987654321"], regions: [us-east-2]}\n'
    many = put(folder, "many", both)
    (needed,) = pools(folder).needed
    assert needed.members == (file, f"{many} (123456789012_us-east-2)")


def test_who_has_no_known_account_and_who_has_faults_is_told(folder: Path) -> None:
    unknown, faulty = put(folder, "a", ""), folder / "b.yaml"
    faulty.write_text("source: 1")
    found = pools(folder)
    assert (found.needed, found.unknown, found.faulty) == ((), (unknown,), (str(faulty),))


def pools_of(found: Workflow) -> list[str | None]:
    return [pool_of(target) for target in each_target(found)]


def test_per_account_is_the_printed_pool_of_each_target() -> None:
    assert pools_of(workflow(text(more=ACCOUNT + PER_ACCOUNT))) == [SHARED]
    targets = 'targets: {accounts: ["123456789012"], regions: [us-east-2, eu-west-1]}\n'
    assert pools_of(workflow(text(more=targets + PER_ACCOUNT))) == [SHARED, "kinesis_123456789012_eu-west-1"]
    assert pools_of(workflow(text(more="airflowConfig: {pool: mine}\n"))) == ["mine"]


def test_per_account_without_a_known_account_is_refused() -> None:
    assert [fault.problem for fault in faults(text(more=PER_ACCOUNT))] == ["nothing says which account this is"]
