"""`airflowConfig.podTemplate`: a name in a file; the folder is the loader's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_kinesis_ingest import load_workflows
from tests.airflow.loading import LOADER, SOURCE, Bundle

LARGE = {"podTemplate": "large"}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle whose loader names a folder that is not on this machine."""
    made = Bundle(tmp_path)
    loader = LOADER.replace('"workflows")', '"workflows", pod_templates="/opt/pods")')
    (made.root / made.loader).write_text(loader)
    return made


def test_a_named_template_is_a_file_of_the_loaders_folder(bundle: Bundle) -> None:
    """Nothing looks whether it is there: the scheduler reads it, on a machine of its own."""
    bundle.put("shop.yaml", airflowConfig=LARGE)
    bundle.put("plain.yaml")
    assert bundle.started("shop").executor_config == {"pod_template_file": "/opt/pods/large.yaml"}
    assert bundle.started("plain").executor_config == {}
    assert "/opt/pods/large.yaml" in json.dumps(bundle.parsed().dags["shop"])


def test_every_target_has_it(bundle: Bundle) -> None:
    targets = [{"account": "123456789012", "regions": ["us-east-2", "eu-west-1"]}]
    bundle.put("shop.yaml", airflowConfig=LARGE, targets=targets)
    tasks = bundle.worker_dags()["shop"].tasks
    assert [task.executor_config for task in tasks] == [{"pod_template_file": "/opt/pods/large.yaml"}] * 2


@pytest.mark.parametrize("name", ["../large", "a/b", "/etc/passwd", "..", "a\\b", "large.yaml/", "${POD}", ""])
def test_a_name_that_leads_out_of_the_folder_is_refused(bundle: Bundle, name: str) -> None:
    bundle.put("shop.yaml", airflowConfig={"podTemplate": name})
    parsed = bundle.parsed()
    assert not parsed.deployed
    assert "airflowConfig.podTemplate" in parsed.errors["workflows/shop.yaml"]


def test_without_the_loaders_folder_a_file_that_names_one_is_refused(tmp_path: Path) -> None:
    """It alone, at its line, with what to do."""
    bundle = Bundle(tmp_path)
    bundle.put("shop.yaml", "airflowConfig:\n  podTemplate: large\nsource: " + json.dumps(SOURCE) + "\n")
    bundle.put("good.yaml")
    parsed = bundle.parsed()
    assert parsed.deployed == {"good"}
    error = parsed.errors["workflows/shop.yaml"]
    assert "workflows/shop.yaml:2:16: airflowConfig.podTemplate: the loader of this file names no folder" in error
    assert "add `pod_templates=FOLDER`" in error


def test_a_relative_folder_is_an_error_of_the_loader() -> None:
    """The scheduler, which reads the templates, has another working directory."""
    with pytest.raises(ValueError, match="give an absolute path"):
        load_workflows({"__file__": "/dags/loader.py"}, pod_templates="pods")
