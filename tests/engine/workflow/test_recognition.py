"""What is plainly no workflow is told by its text; whatever may be one gets all of its faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_kinesis_ingest.engine.workflow.document import MAX_BYTES
from airflow_kinesis_ingest.engine.workflow.loading import load
from airflow_kinesis_ingest.engine.workflow.recognition import SMALL, is_other_data
from airflow_kinesis_ingest.errors import WorkflowError
from tests.workflow_text import EXAMPLE

RECORD = {"id": 1, "source": "web", "eventSource": "aws:kinesis", "text": "caf\u00e9 \u263a"}
DATA = {
    "an object of many keys": (json.dumps({f"key_{number}": number for number in range(49_000)}), "f.json"),
    "records within an object": (json.dumps({"records": [RECORD] * 7_000}), "f.json"),
    "the same, for people": (json.dumps({"records": [RECORD] * 5_000}, indent=2), "f.json"),
    "YAML of many keys": ("".join(f"key_{number}: {number}\n" for number in range(49_000)), "f.yaml"),
}
NOT_TAKEN_APART = [*DATA.values(), (json.dumps([RECORD] * 7_000), "f.json"), ("- a: 1\n" * 100_000, "f.yaml")]


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many of YAML's events were asked for."""
    seen = []
    parse = yaml.parse

    def counted(*arguments: Any, **named: Any) -> Iterator[yaml.Event]:
        for event in parse(*arguments, **named):
            seen.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    monkeypatch.setattr(yaml, "compose", None)
    return lambda: len(seen)


def told(folder: Path, text: str, file: str = "f.yaml") -> list[str]:
    path = folder / file
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorkflowError) as caught:
        load(path)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


@pytest.mark.parametrize(("text", "file"), NOT_TAKEN_APART)
def test_other_data_is_refused_without_being_taken_apart(
    text: str, file: str, untouched: Callable[[], int], tmp_path: Path
) -> None:
    assert 200_000 < len(text) <= MAX_BYTES
    assert len(told(tmp_path, text, file)) == 1
    assert untouched() <= 3


@pytest.mark.parametrize(("text", "file"), DATA.values(), ids=DATA)
def test_what_is_missing_is_told_and_how_to_leave_the_file_out(text: str, file: str, tmp_path: Path) -> None:
    remedy = "Add it, or name the file in .airflowignore if it is no workflow"
    assert told(tmp_path, text, file) == [f"{file}:1:1: source: `source` is missing. {remedy}"]


@pytest.mark.parametrize("key", ["source", "sorce", "Source", "sources"])
def test_a_workflow_with_its_source_misspelled_is_a_workflow(key: str) -> None:
    block = EXAMPLE.replace("source:", f"{key}:", 1)
    assert not is_other_data(f"# {'x' * SMALL}\n{block}".encode())
    assert not is_other_data(json.dumps({"about": "x" * SMALL, key: {"type": "kinesis"}}).encode())


def test_a_key_written_with_escapes_is_seen() -> None:
    assert not is_other_data(f'# {"x" * SMALL}\n"\\x73ource": 1\n'.encode())
    assert not is_other_data(f'{{"a": "{"x" * SMALL}", "\\u0073ource": 1}}'.encode())


def test_a_workflow_in_another_encoding_is_told_of_that() -> None:
    assert not is_other_data((EXAMPLE * 10).encode("utf-16"))


def test_a_small_file_gets_all_its_faults(tmp_path: Path) -> None:
    found = told(tmp_path, "nome: 1\ntargts: 2\n")
    assert any("did you mean `name`" in fault.lower() for fault in found)
    assert any("`targts` is unknown" in fault for fault in found)


@pytest.mark.parametrize("text", ["{" * 2 * SMALL + "kinesis", '{"kinesis": ' + "[" * 100_000, "{1 kinesis" * SMALL])
def test_broken_json_is_told_as_such(text: str, tmp_path: Path) -> None:
    assert ".airflowignore" not in "".join(told(tmp_path, text, "f.json"))
