"""Which files of a folder are workflow files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_kinesis_ingest.deployment.files import is_ignored, workflow_files, workflow_paths


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
    """It is somebody's workflow that is missing, or a whole folder of them, and its error must be seen."""
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    (tmp_path / "team").symlink_to("nowhere")
    assert found(tmp_path) == ["gone.yaml", "team"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../../../flows/a"])
def test_links_that_lead_back_have_an_end(target: str, tmp_path: Path) -> None:
    put(tmp_path / "flows", "a/b/c.yaml")
    (tmp_path / "flows" / "a" / "b" / "loop").symlink_to(target)
    assert found(tmp_path / "flows") == ["a/b/c.yaml"]


def test_a_folder_that_links_lead_to_is_looked_through_once(tmp_path: Path) -> None:
    """By its own path where it lies inside. A file found twice would be two that claim one name."""
    put(tmp_path / "flows", "a/x.yaml", "releases/42/y.yaml")
    put(tmp_path / "real", "z.yaml")
    (tmp_path / "flows" / "a" / "more").symlink_to("../releases")
    (tmp_path / "flows" / "current").symlink_to("releases/42")
    (tmp_path / "flows" / "one").symlink_to("../real")
    (tmp_path / "flows" / "two").symlink_to("../real")
    assert found(tmp_path / "flows") == ["a/x.yaml", "one/z.yaml", "releases/42/y.yaml"]


def test_an_ignored_folder_is_looked_through_by_its_link(tmp_path: Path) -> None:
    put(tmp_path, "releases/41/x.yaml", "releases/42/x.yaml", ".hidden/y.yaml")
    put(tmp_path, ".airflowignore", text="releases/\n")
    (tmp_path / "current").symlink_to("releases/42")
    (tmp_path / "shown").symlink_to(".hidden")
    assert found(tmp_path) == ["current/x.yaml", "shown/y.yaml"]


def test_folders_full_of_links_to_each_other_cost_no_more_than_themselves(tmp_path: Path) -> None:
    """Eight of them have 109,600 paths."""
    names = [f"team-{number}" for number in range(8)]
    put(tmp_path, *(f"{name}/{name}.yaml" for name in names))
    for name in names:
        for other in set(names) - {name}:
            (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")
    assert found(tmp_path) == [f"{name}/{name}.yaml" for name in names]


def test_a_link_to_itself_is_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "self.yaml").symlink_to("self.yaml")
    (tmp_path / "self").symlink_to("self")
    assert found(tmp_path) == ["self", "self.yaml"]


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


def above(top: Path, folder: Path) -> list[str]:
    return [os.path.relpath(path, folder) for path in workflow_paths(str(folder), str(top))]


def test_airflowignore_may_lie_above_the_folder_up_to_the_given_one(tmp_path: Path) -> None:
    """Where people put it: in the root of the DAGs."""
    folder = tmp_path / "dags" / "team" / "flows"
    put(folder, "a.yaml", "drafts/b.yaml", "c.yaml", "d.yaml")
    put(tmp_path, ".airflowignore", text="a.yaml\n")
    put(tmp_path / "dags", ".airflowignore", text="team/flows/drafts/\n")
    put(tmp_path / "dags" / "team", ".airflowignore", text="c.*\n")
    assert above(tmp_path / "dags", folder) == ["a.yaml", "d.yaml"]
    assert above(folder, folder) == ["a.yaml", "c.yaml", "d.yaml", "drafts/b.yaml"]
    assert above(folder / "drafts", folder) == ["a.yaml", "c.yaml", "d.yaml", "drafts/b.yaml"]


@pytest.mark.parametrize("pattern", ["flows/", "flows/*", "flows/**", "*", "*.yaml", "**/*.yaml"])
def test_a_folder_asked_for_is_not_ignored_as_a_whole(tmp_path: Path, pattern: str) -> None:
    """`flows/` keeps Airflow from looking for Python in it; what else lies beside it counts."""
    put(tmp_path / "flows", "a.yaml", "old.yaml")
    put(tmp_path, ".airflowignore", text=f"{pattern}\nflows/old.yaml\n")
    assert above(tmp_path, tmp_path / "flows") == ["a.yaml"]
    assert not is_ignored(tmp_path / "flows" / "a.yaml")


def test_a_file_is_ignored_by_what_lies_beside_it_or_above(tmp_path: Path) -> None:
    put(tmp_path, ".airflowignore", text="*/draft-*\n")
    put(tmp_path / "flows", ".airflowignore", text="old.yaml\n")
    put(tmp_path.parent, ".airflowignore", text="new.yaml\n")  # no loader may look there
    ignored = [name for name in ("draft-1.yaml", "old.yaml", "new.yaml") if is_ignored(tmp_path / "flows" / name)]
    assert ignored == ["draft-1.yaml", "old.yaml"]


def test_a_sub_folder_that_cannot_be_listed_is_among_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, somebody's pipelines are missing."""
    put(tmp_path, "a.yaml", "locked/b.yaml")
    real = os.scandir

    def refusing(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert found(tmp_path) == ["a.yaml", "locked"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        workflow_files(tmp_path / "gone")
