"""Workflow files by Airflow 3.4's DAG importers: `make test-matrix` runs this, as older Airflows have none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

importers = pytest.importorskip("airflow.sdk.importers", reason="Airflow 3.4 or newer")

from airflow.dag_processing.dagbag import BundleDagBag  # noqa: E402

from tests.airflow.loading import NAME, Bundle, Parsed, parsed_by_the_dag_processor  # noqa: E402

CLASS = "airflow_kinesis_ingest.importer.KinesisWorkflowImporter"
SECRET = "wJalrXUtnFEMI-literal-in-the-file"


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bundle]:
    """A bundle without a loader, in an Airflow that has the importer."""
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_IMPORTER_CONFIGS", json.dumps([CLASS]))
    importers.reset_importer_registry()
    made = Bundle(tmp_path / "dags")
    (made.root / made.loader).unlink()
    yield made
    importers.reset_importer_registry()


def parsed(bundle: Bundle, file: str) -> Parsed:
    return parsed_by_the_dag_processor(bundle.root, f"workflows/{file}")


def listed(bundle: Bundle) -> list[str]:
    """What the dag processor finds to read in a bundle."""
    from airflow.dag_processing.bundles.local import LocalDagBundle

    found = importers.get_importer_registry(NAME).list_dag_definitions(LocalDagBundle(name=NAME, path=str(bundle.root)))
    return [definition.get_relative_loc(bundle.root) for _, definition in found]


@pytest.mark.filterwarnings("ignore:GitWildMatchPattern")  # Airflow's own, of its .airflowignore
def test_every_workflow_file_is_a_dag_file(bundle: Bundle) -> None:
    """Below the folder `workflows` alone, in the order of paths, and but for what .airflowignore names in it."""
    bundle.put("b.yaml")
    bundle.put("team/a.json")
    bundle.put("team/left_out.yaml")
    bundle.put(".airflowignore", "left_out.yaml")
    (bundle.root / "values.yaml").write_text("replicas: 1")
    (bundle.root / ".airflowignore").write_text("workflows/")
    assert listed(bundle) == ["workflows/b.yaml", "workflows/team/a.json"]


def test_a_bundle_without_the_folder_has_none(bundle: Bundle) -> None:
    """One setting is for all bundles."""
    bundle.folder.rmdir()
    assert listed(bundle) == []


def test_a_file_is_the_pipeline_that_the_loader_makes_of_it(bundle: Bundle, tmp_path: Path) -> None:
    """The same serialized DAG but for its place, and a task that a worker finds and that knows its file."""
    bundle.put("orders.yaml", tags=["shop"])
    other = Bundle(tmp_path / "other")
    other.put("orders.yaml", tags=["shop"])
    by_loader, by_importer = other.parsed().dags["orders"], parsed(bundle, "orders.yaml").dags["orders"]
    places = {"fileloc", "relative_fileloc", "tasks"}
    assert {key: by_loader[key] for key in by_loader.keys() - places} == {
        key: by_importer[key] for key in by_importer.keys() - places
    }
    path = bundle.folder / "orders.yaml"
    bag = BundleDagBag(dag_folder=str(path), bundle_path=bundle.root, bundle_name=NAME)
    task: Any = bag.dags["orders"].tasks[0]
    assert (task.task_id, task.workflow) == ("ingest", path)
    task.precondition()


def test_a_broken_file_has_one_error_under_its_own_path(bundle: Bundle) -> None:
    """With all of its faults; and its id is kept by what says so when it runs."""
    bundle.put("team/orders.yaml", "source: {serviceNam: shop, type: kafka}\n")
    bundle.put("good.yaml")
    found = parsed(bundle, "team/orders.yaml")
    (path,) = found.errors
    assert path == "workflows/team/orders.yaml"
    assert "orders.yaml:1:10" in found.errors[path]
    assert "Did you mean `serviceName`?" in found.errors[path]
    assert "kafka" in found.errors[path]
    assert (found.deployed, set(found.dags)) == (set(), {"orders"})
    assert parsed(bundle, "good.yaml").errors == {}


def test_two_files_of_one_name_are_both_told(bundle: Bundle) -> None:
    """Each is read by itself, and names the other."""
    bundle.put("a/one.yaml", name="orders")
    bundle.put("b/two.yaml", name="orders")
    for file, other in (("a/one.yaml", "../b/two.yaml"), ("b/two.yaml", "../a/one.yaml")):
        found = parsed(bundle, file)
        assert other in found.errors[f"workflows/{file}"]
        assert found.deployed == set()


@pytest.mark.parametrize("end", ["", "\nserviceNam: shop\n", "\n]"], ids=["good", "faulty", "no YAML"])
def test_the_code_view_is_the_file_without_its_secrets(end: str, bundle: Bundle) -> None:
    """Its lines as they are written, `***` for a secret; good or not."""
    text = f"""\
# the shop's streams
source:
  type: kinesis
  serviceName: shop
  serviceConnection:
    config:
      type: Kinesis
      awsConfig: {{awsRegion: us-east-2, awsAccessKeyId: AKIAIOSFODNN7EXAMPLE, awsSecretAccessKey: {SECRET}}}
  sourceConfig: {{config: {{type: MessagingMetadata}}}}
{end}"""
    bundle.put("orders.yaml", text)
    found = parsed(bundle, "orders.yaml")
    code = getattr(found.result, "dag_source_codes")["orders"]  # noqa: B009 - older Airflows have none
    assert code.language == "yaml"
    assert len(code.source_code.splitlines()) >= len(text.rstrip().splitlines())
    assert SECRET not in code.source_code + found.text + str(found.errors)
    assert end or "awsSecretAccessKey: '***'" in code.source_code or "awsSecretAccessKey: ***" in code.source_code


def test_a_policy_that_refuses_a_dag_is_one_error_of_its_file(bundle: Bundle) -> None:
    """Beside the faults of the file, where it has some: what stands for it never hides them."""
    from airflow.policies import hookimpl

    from airflow_kinesis_ingest.import_error import policies

    class Strict:
        @staticmethod
        @hookimpl
        def dag_policy(dag: object) -> None:  # noqa: ARG004 - pluggy passes it by name
            raise ValueError("no DAG is good enough")

    manager = policies()
    manager.register(Strict)
    try:
        bundle.put("good.yaml")
        bundle.put("broken.yaml", "source: {serviceNam: shop}\n")
        good, broken = parsed(bundle, "good.yaml"), parsed(bundle, "broken.yaml")
    finally:
        manager.unregister(Strict)
    assert "no DAG is good enough" in good.errors["workflows/good.yaml"]
    assert "Did you mean `serviceName`?" in broken.errors["workflows/broken.yaml"]


def test_pod_templates_are_given_with_the_importer(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the loader takes them."""
    bundle.put("orders.yaml", airflowConfig={"podTemplate": "large"})
    assert "`pod_templates=FOLDER`" in parsed(bundle, "orders.yaml").errors["workflows/orders.yaml"]
    given = [{"classpath": CLASS, "kwargs": {"pod_templates": "/opt/pods"}}]
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_IMPORTER_CONFIGS", json.dumps(given))
    importers.reset_importer_registry()
    assert "/opt/pods/large.yaml" in parsed(bundle, "orders.yaml").text
