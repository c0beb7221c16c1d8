"""Which files of a folder are workflow files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_kinesis_ingest.files import workflow_files


def put(folder: Path, *names: str, text: str = "") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in workflow_files(folder)]


def test_yaml_and_json_files_are_found_in_every_folder_in_the_order_of_their_paths(tmp_path: Path) -> None:
    put(tmp_path, "b.yaml", "a/z.yml", "a/b/c.json", "a.yaml")
    assert found(tmp_path) == ["a.yaml", "a/b/c.json", "a/z.yml", "b.yaml"]


def test_other_files_and_hidden_ones_are_not(tmp_path: Path) -> None:
    """An editor's copy, a file that is being deployed, a repository."""
    put(tmp_path, "a.YAML", "a.yaml.bak", "a.yaml~", "yaml", ".a.yaml", ".x123.partial", ".git/a.yaml", "a.py")
    assert found(tmp_path) == []


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "x.yaml/a.yaml")
    assert found(tmp_path) == ["x.yaml/a.yaml"]


def test_links_are_followed_to_files_and_folders(tmp_path: Path) -> None:
    """As a mounted ConfigMap has them."""
    put(tmp_path, "real/a.yaml")
    put(tmp_path, "flows/b.yaml")
    (tmp_path / "flows" / "linked.yaml").symlink_to("../real/a.yaml")
    (tmp_path / "flows" / "folder").symlink_to("../real")
    assert found(tmp_path / "flows") == ["b.yaml", "folder/a.yaml", "linked.yaml"]


def test_a_link_that_leads_nowhere_is_a_file(tmp_path: Path) -> None:
    """It is somebody's workflow that is missing, and its error must be seen."""
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    assert found(tmp_path) == ["gone.yaml"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../../flows/a"])
def test_links_that_lead_back_have_an_end(target: str, tmp_path: Path) -> None:
    put(tmp_path / "flows", "a/b/c.yaml")
    (tmp_path / "flows" / "a" / "b" / "loop").symlink_to(target)
    assert found(tmp_path / "flows") == ["a/b/c.yaml"]


def test_two_links_that_lead_to_each_others_folder_have_an_end(tmp_path: Path) -> None:
    put(tmp_path / "flows", "a/x.yaml", "b/y.yaml")
    (tmp_path / "flows" / "a" / "to-b").symlink_to("../b")
    (tmp_path / "flows" / "b" / "to-a").symlink_to("../a")
    assert found(tmp_path / "flows") == ["a/to-b/y.yaml", "a/x.yaml", "b/to-a/x.yaml", "b/y.yaml"]


def test_a_link_to_itself_is_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "self").symlink_to("self")
    assert found(tmp_path) == ["self.yaml"]


def test_a_pipe_named_like_a_file_is_left_alone(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe.yaml")
    assert found(tmp_path) == []


def test_a_link_whose_name_only_begins_like_its_folder_is_followed(tmp_path: Path) -> None:
    put(tmp_path, "flow/a.yaml", "flows/b.yaml")
    (tmp_path / "flows" / "more").symlink_to("../flow")
    assert found(tmp_path / "flows") == ["b.yaml", "more/a.yaml"]


def test_airflowignore_holds_globs_for_its_folder_and_those_below(tmp_path: Path) -> None:
    put(tmp_path, "a.yaml", "draft-1.yaml", "old/b.yaml", "other.yaml")
    put(tmp_path, "x/draft-2.yaml", "x/keep.yaml", "x/y/other.yaml")
    put(tmp_path, ".airflowignore", text="# comment\n\ndraft-*\nold/\n")
    put(tmp_path, "x/.airflowignore", text="other.yaml\n!draft-2.yaml\n")
    assert found(tmp_path) == ["a.yaml", "other.yaml", "x/keep.yaml"]


def test_an_airflowignore_that_cannot_be_read_ignores_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.yaml")
    (tmp_path / ".airflowignore").mkdir()
    assert found(tmp_path) == ["a.yaml"]


def test_a_line_of_airflowignore_that_is_no_pattern_ignores_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.yaml", "b.yaml")
    put(tmp_path, ".airflowignore", text="!\nb.yaml\n\\\n")
    assert found(tmp_path) == ["a.yaml"]


def test_an_airflowignore_that_is_no_text_ignores_nothing(tmp_path: Path) -> None:
    put(tmp_path, "a.yaml")
    (tmp_path / ".airflowignore").write_bytes(b"\xff\xfe\n[\n")
    assert found(tmp_path) == ["a.yaml"]


def test_a_sub_folder_that_cannot_be_listed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.yaml", "locked/b.yaml")
    real = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert found(tmp_path) == ["a.yaml"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        workflow_files(tmp_path / "gone")
