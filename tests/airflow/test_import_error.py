"""An import error under a file's own path: what Airflow shows, and that it is only tried where it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing import processor
from airflow.sdk.execution_time import task_runner

from airflow_kinesis_ingest import load_workflows
from tests.airflow.loading import Bundle, serialization

original = processor._serialize_dags
BROKEN = "name: shop\nsource:\n  type: kafka\n"


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    found = Bundle(tmp_path / "dags")
    found.put("good.yaml")
    found.put("bad.yaml", BROKEN)
    return found


def test_airflow_shows_the_faults_once(bundle: Bundle) -> None:
    """The faults are the first lines. Of the traceback that Airflow adds there is one, not a second around it."""
    shown = bundle.parsed().errors["workflows/bad.yaml"]
    assert shown.splitlines()[0] == "Faults: "
    assert shown.splitlines()[1].startswith("workflows/bad.yaml:2:1: source: ")
    assert shown.index("source.type") < shown.index("Traceback")
    assert shown.count("Traceback (most recent call last)") == 1
    assert shown.count("workflows/bad.yaml:3:9: source.type:") == 1


def test_a_workflow_that_is_named_like_an_import_error_is_none(bundle: Bundle) -> None:
    """Nor do the errors of two folders of one loader take each other's place."""
    for name in ("import_error", "import_error.0", "import_error.1"):
        bundle.put(f"{name}.yaml")
    more = bundle.root / "more"
    more.mkdir()
    (more / "bad.yaml").write_text(BROKEN)
    loader = bundle.root / bundle.loader
    loader.write_text(loader.read_text() + 'load_workflows(globals(), "more")\n')
    parsed = bundle.parsed()
    assert set(parsed.errors) == {"workflows/bad.yaml", "more/bad.yaml"}
    assert parsed.deployed == {"good", "import_error", "import_error.0", "import_error.1"}


def under_the_loader(dags: list[Any], errors: dict[str, str]) -> tuple[list[Any], dict[str, str]]:
    return dags, dict.fromkeys(["kinesis_workflows.py"] * len(errors), "fault")


def at_all_costs(dags: list[Any], errors: dict[str, str]) -> tuple[list[Any], dict[str, str]]:
    if errors:
        raise RuntimeError("a DAG could not be serialized")
    return dags, errors


def in_another_shape(dags: list[Any], errors: dict[str, str]) -> dict[str, Any]:
    return {"dags": dags, "errors": errors}


@pytest.mark.parametrize("files", [under_the_loader, at_all_costs, in_another_shape], ids=lambda files: files.__name__)
def test_an_airflow_that_files_errors_otherwise_meets_the_placeholder_alone(
    files: Any, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the loader's path, an error would take every pipeline down."""
    monkeypatch.setattr(processor, "_serialize_dags", lambda bag, log: files(*original(bag, log)))
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", object(), raising=False)
    found: dict[str, Any] = {"__file__": str(bundle.root / bundle.loader)}
    load_workflows(found)
    made = [dag for name, dag in found.items() if name.startswith("dag ")]
    assert {dag.dag_id for dag in made} == {"good", "shop"}


def test_every_dag_that_others_meet_can_be_serialized(bundle: Bundle) -> None:
    """`airflow dags test` and `airflow dags reserialize` do so with a whole folder, and fail with one of them."""
    for dag in bundle.worker_dags().values():
        serialization().to_dict(dag)
