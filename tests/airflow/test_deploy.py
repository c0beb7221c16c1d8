"""Putting a workflow file where the loader finds it, whole or not at all; and taking it away."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.cli import main
from airflow_kinesis_ingest.deployment import validation
from airflow_kinesis_ingest.deployment.deploy import deploy, undeploy
from airflow_kinesis_ingest.deployment.files import workflow_files
from airflow_kinesis_ingest.errors import FixFile, WorkflowError
from tests.airflow.loading import SOURCE

OLD = b"the file that runs today"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dags" / "workflows"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    made = tmp_path / "drafts"
    made.mkdir()
    return made


def draft(folder: Path, file: str = "shop.yaml", **blocks: Any) -> Path:
    path = folder / file
    path.write_text(json.dumps({"source": SOURCE, **blocks}))
    return path


def listed(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_good_file_is_put_into_the_folder(drafts: Path, folder: Path) -> None:
    file = draft(drafts)
    assert deploy(file, folder) == (folder / "shop.yaml", ())
    assert (folder / "shop.yaml").read_bytes() == file.read_bytes()
    assert listed(folder) == ["shop.yaml"]


def test_a_folder_that_is_missing_is_made_only_if_that_is_asked_for(drafts: Path, tmp_path: Path) -> None:
    """No DAG loader looks into a mistyped one."""
    missing = tmp_path / "a" / "b"
    with pytest.raises(FixFile, match=r"/a/b: there is no such folder\. Check its name, or let `--create` make it"):
        deploy(draft(drafts), missing)
    assert listed(tmp_path) == ["drafts"]
    assert deploy(draft(drafts), missing, create=True).path.exists()
    assert deploy(draft(drafts), missing).path.exists()


def test_the_command_makes_a_folder_with_create(drafts: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["deploy", str(draft(drafts)), str(folder / "team")]
    assert main(line) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert listed(folder) == []
    assert main([*line, "--create"]) == 0
    assert listed(folder) == ["team"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o600, 0o600), (0o640, 0o640), (0o644, 0o644), (0o400, 0o400), (0o664, 0o644), (0o777, 0o644)],
)
def test_a_file_keeps_its_mode_or_a_narrower_one(before: int, after: int, drafts: Path, folder: Path) -> None:
    """Whoever kept a file with keys to themselves did so on purpose; what it replaces was another file."""
    (folder / "shop.yaml").write_bytes(b"[")
    (folder / "shop.yaml").chmod(0o644)
    file = draft(drafts)
    file.chmod(before)
    assert deploy(file, folder).path.stat().st_mode & 0o777 == after


def test_a_file_that_airflow_may_not_be_able_to_read_is_worth_a_warning(drafts: Path, folder: Path) -> None:
    file = draft(drafts)
    file.chmod(0o600)
    (advice,) = deploy(file, folder).advice
    assert str(advice) == (
        f"{folder / 'shop.yaml'}: not everybody may read it (mode 0600)."
        " Airflow must run as its owner, or in its group if that may read it"
    )


def test_a_literal_secret_is_worth_a_warning(drafts: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is deployed all the same: people paste OpenMetadata's examples."""
    keys = {"awsRegion": "us-east-2", "awsAccessKeyId": "AKIAFAKE", "awsSecretAccessKey": "s3cr3t"}
    source = {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": keys}}}
    assert main(["deploy", str(draft(drafts, source=source)), str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("warning: ") == 2
    assert "awsSecretAccessKey: a secret stands in the file. Write ${NAME}" in printed
    assert "s3cr3t" not in printed
    assert listed(folder) == ["shop.yaml"]


def test_a_file_is_replaced_by_its_successor(drafts: Path, folder: Path) -> None:
    deploy(draft(drafts), folder)
    deploy(draft(drafts, description="better"), folder)
    assert b"better" in (folder / "shop.yaml").read_bytes()
    assert listed(folder) == ["shop.yaml"]


def test_a_broken_file_is_refused_and_changes_nothing(drafts: Path, folder: Path) -> None:
    (folder / "shop.yaml").write_bytes(OLD)
    with pytest.raises(WorkflowError, match=r"shop\.yaml:1:\d+: source\.type"):
        deploy(draft(drafts, source={"type": "kafka"}), folder)
    assert (folder / "shop.yaml").read_bytes() == OLD


def test_a_name_that_another_file_has_is_refused(drafts: Path, folder: Path) -> None:
    deploy(draft(drafts, "first.yaml", name="shop"), folder / "team", create=True)
    with pytest.raises(WorkflowError, match=r"`shop` is already the name of .*team/first\.yaml"):
        deploy(draft(drafts), folder)
    assert listed(folder) == ["team"]


def test_broken_files_of_the_folder_are_no_hindrance(drafts: Path, folder: Path) -> None:
    (folder / "broken.yaml").write_bytes(b"[")
    (folder / "gone.yaml").symlink_to("nowhere")
    assert deploy(draft(drafts), folder).path.exists()


def test_a_broken_file_is_replaced_by_its_fix(drafts: Path, folder: Path) -> None:
    (folder / "shop.yaml").write_bytes(b"[")
    deploy(draft(drafts), folder)
    assert (folder / "shop.yaml").read_bytes() != b"["


def test_a_broken_file_of_another_workflow_is_not_replaced(drafts: Path, folder: Path) -> None:
    """Its placeholder has kept its id and its history."""
    (folder / "shop.yaml").write_bytes(b"name: orders_prod\nsource: {")
    with pytest.raises(WorkflowError, match="`shop` would replace `orders_prod`"):
        deploy(draft(drafts), folder)
    assert b"orders_prod" in (folder / "shop.yaml").read_bytes()


def test_a_hidden_folder_is_refused(drafts: Path, folder: Path) -> None:
    with pytest.raises(WorkflowError, match="does not look into hidden folders"):
        deploy(draft(drafts), folder / ".hidden")
    assert listed(folder) == []


def test_what_the_loader_would_not_find_is_refused(drafts: Path, folder: Path) -> None:
    """A file of another suffix, or a hidden one, would be deployed and never run."""
    for file in ("shop.txt", ".shop.yaml"):
        with pytest.raises(WorkflowError, match="the loader does not look at files of this name"):
            deploy(draft(drafts, file, name="shop"), folder)
    assert listed(folder) == []


def test_what_airflowignore_names_is_refused(drafts: Path, folder: Path) -> None:
    """It too would be deployed and never run."""
    (folder / ".airflowignore").write_text("shop*\n")
    (folder.parent / ".airflowignore").write_text("workflows/orders.yaml\n")
    for file in ("shop.yaml", "orders.yaml"):
        with pytest.raises(WorkflowError, match=rf"the loader would not look at .*{file}: \.airflowignore names it"):
            deploy(draft(drafts, file), folder)
    assert listed(folder) == [".airflowignore"]


def test_another_workflow_is_not_replaced_in_passing(drafts: Path, folder: Path) -> None:
    """Its DAG would be gone; a file may be renamed and a workflow undeployed, but on purpose."""
    deploy(draft(drafts), folder)
    with pytest.raises(WorkflowError, match=r"`orders` would replace `shop` in .*first: kinesis-ingest undeploy shop"):
        deploy(draft(drafts, name="orders"), folder)
    assert b"orders" not in (folder / "shop.yaml").read_bytes()


def test_what_the_system_refuses_is_told_with_a_remedy(
    drafts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = draft(drafts)
    with pytest.raises(FixFile, match=r"File exists\. Name a folder, not a file"):
        deploy(file, file)
    with pytest.raises(FixFile, match=r"Not a directory\. Name a folder, not a file"):
        deploy(file, file / "below")
    with pytest.raises(FixFile, match=r"File name too long\. Give it a shorter name"):
        deploy(file, folder / ("x" * 300))
    (folder / "shop.yaml").mkdir()
    with pytest.raises(FixFile, match=r"Is a directory\. Rename the file: a folder has its name"):
        deploy(file, folder)
    (folder / "shop.yaml").rmdir()
    deploy(file, folder)

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "unlink", denied)
    with pytest.raises(FixFile, match=r"Permission denied\. Let your user write there, or name another folder"):
        undeploy("shop", folder)
    assert listed(folder) == ["shop.yaml"]


@pytest.mark.parametrize("failing", ["fsync", "chmod", "replace"])
def test_a_failure_half_way_leaves_the_old_file(
    failing: str, drafts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "shop.yaml").write_bytes(OLD)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(FixFile, match=r"shop\.yaml: nothing was changed: No space left on device\. Make room"):
        deploy(draft(drafts), folder)
    assert (folder / "shop.yaml").read_bytes() == OLD
    assert listed(folder) == ["shop.yaml"]


def test_a_kill_half_way_leaves_the_old_file_and_nothing_that_the_loader_sees(drafts: Path, folder: Path) -> None:
    """Dead between writing and replacing, as by a power cut."""
    (folder / "shop.yaml").write_bytes(OLD)
    script = (
        "import os, sys; from pathlib import Path; from airflow_kinesis_ingest.deployment.deploy import deploy\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        f"deploy(Path({str(draft(drafts))!r}), Path({str(folder)!r}))"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=300, check=False).returncode == -9
    assert (folder / "shop.yaml").read_bytes() == OLD
    assert len(listed(folder)) == 2
    assert workflow_files(folder) == [folder / "shop.yaml"]


def test_what_is_deployed_is_what_was_checked(drafts: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if somebody saves the file between the two."""
    file = draft(drafts)
    real = validation.validate

    def validate(*arguments: Any) -> Any:
        found = real(*arguments)
        file.write_bytes(b"[")
        return found

    monkeypatch.setattr("airflow_kinesis_ingest.deployment.deploy.validate", validate)
    with pytest.raises(WorkflowError):
        deploy(file, folder)
    assert listed(folder) == []


def test_a_workflow_is_taken_away_by_its_name(drafts: Path, folder: Path) -> None:
    deploy(draft(drafts, "file.yaml", name="shop"), folder / "team", create=True)
    deploy(draft(drafts, "other.yaml"), folder)
    assert undeploy("shop", folder) == folder / "team" / "file.yaml"
    assert [path.name for path in workflow_files(folder)] == ["other.yaml"]


def test_a_broken_workflow_is_taken_away_by_the_name_it_is_shown_under(drafts: Path, folder: Path) -> None:
    """But a good one of that name first."""
    (folder / "copy.yaml").write_bytes(b"name: shop  # as before\nsource: [")
    (folder / "my orders.yaml").write_bytes(b"[")
    deploy(draft(drafts), folder)
    assert undeploy("shop", folder).name == "shop.yaml"
    assert undeploy("shop", folder).name == "copy.yaml"
    assert undeploy("my_orders", folder).name == "my orders.yaml"
    assert listed(folder) == []


def test_no_name_takes_nothing_away(folder: Path) -> None:
    for name in ("workflows", "", "team"):
        with pytest.raises(WorkflowError, match="no workflow is named"):
            undeploy(name, folder)
        (folder / "team").mkdir(exist_ok=True)
        (folder / "broken.yaml").write_bytes(b"[")
    assert listed(folder) == ["broken.yaml", "team"]


def test_a_name_that_nobody_has_or_two_have_takes_nothing_away(folder: Path) -> None:
    with pytest.raises(WorkflowError, match="no workflow is named `shop`"):
        undeploy("shop", folder)
    draft(folder, "a.yaml", name="shop")
    draft(folder, "b.yaml", name="shop")
    with pytest.raises(WorkflowError, match="2 files have the name `shop`"):
        undeploy("shop", folder)
    with pytest.raises(WorkflowError, match="no workflow is named `shop`"):
        undeploy("shop", folder / "gone")
    assert listed(folder) == ["a.yaml", "b.yaml"]


def test_the_commands_say_what_they_did_and_fail_with_two(drafts: Path, folder: Path) -> None:
    def command(*arguments: object) -> tuple[int, str]:
        line = [sys.executable, "-m", "airflow_kinesis_ingest.cli", *map(str, arguments)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
        return done.returncode, done.stdout + done.stderr

    file = draft(drafts)
    assert command("deploy", file, folder) == (0, f"deployed: {folder / 'shop.yaml'}\n")
    assert command("undeploy", "shop", folder) == (0, f"taken away: {folder / 'shop.yaml'}\n")
    code, output = command("undeploy", "shop", folder)
    assert (code, "no workflow is named `shop`" in output) == (2, True)
    file.write_bytes(b"source: {}")
    code, output = command("deploy", file, folder)
    assert (code, f"{file}:1:" in output, "Traceback" in output) == (2, True, False)
