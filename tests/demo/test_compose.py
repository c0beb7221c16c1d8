"""docker-compose.yaml agrees with the code: no engine runs it here, so each thing it names is looked up."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_kinesis_ingest.demo.run import KEYS

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ["kinesis", "migrate", "api-server", "scheduler", "dag-processor", "triggerer"]


def dockerfile() -> str:
    return str(COMPOSE["x-airflow"]["build"]["dockerfile_inline"])


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Every image has a version; ours is built from a pinned one."""
    image = SERVICES[name]["image"]
    assert image == "airflow-kinesis-ingest:local" or re.fullmatch(r"[\w./-]+:\d[\w.-]*", image)
    assert "FROM apache/airflow:3.3.2-" in dockerfile()


def test_the_image_has_the_airflow_of_the_lock() -> None:
    """The image, the package in it and requirements.lock name one version of Airflow."""
    locked = re.search(r"^apache-airflow==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert locked
    assert set(re.findall(r"airflow[:=]+(\d+\.\d+\.\d+)", dockerfile())) == {locked[1]}


def test_what_is_copied_and_mounted_exists() -> None:
    """Each path on this side is in the repository, and all that the build needs is copied."""
    copied = re.findall(r"COPY --chown=\S+ (.+) \S+$", dockerfile(), re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    mounted = [volume.split(":")[0] for volume in COMPOSE["x-airflow"]["volumes"]]
    assert all((ROOT / source).exists() for source in [*sources, *mounted])
    assert {"pyproject.toml", "README.md", "LICENSE", "airflow_kinesis_ingest"} <= set(sources)


def test_the_demo_workflow_finds_its_variables_and_its_kinesis() -> None:
    """Every ${NAME} of the demo's workflow is set, with the demo's keys, and points to the kinesis service's port."""
    wanted = set(re.findall(r"\$\{(\w+)\}", (ROOT / "dags" / "workflows" / "demo.yaml").read_text()))
    given = COMPOSE["x-airflow"]["environment"]
    assert wanted <= set(given)
    assert {name: given[name] for name in KEYS} == KEYS
    port = SERVICES["kinesis"]["entrypoint"][-1]
    assert given["DEMO_KINESIS"] == f"http://kinesis:{port}"
    assert f"127.0.0.1:{port}/" in SERVICES["kinesis"]["healthcheck"]["test"][-1]


def test_the_module_that_kinesis_runs_exists() -> None:
    """`python -m airflow_kinesis_ingest.demo` with the options it has."""
    _, _, module, *options = SERVICES["kinesis"]["entrypoint"]
    assert importlib.util.find_spec(module)
    source = (ROOT / "airflow_kinesis_ingest" / "demo" / "run.py").read_text()
    assert all(f'"{option}"' in source for option in options if option.startswith("--"))


@pytest.mark.parametrize("name", OURS)
def test_every_container_of_airflow_shares_its_secrets(name: str) -> None:
    """Each is random by default: tasks could not report to the api-server, nor it show their logs."""
    given = SERVICES[name]["environment"]
    assert {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY"} <= set(given)
    # Tokens are signed with HS512, which asks for a key of 64 bytes.
    assert all(len(given[key]) >= 64 for key in given if "SECRET" in key and key.startswith("AIRFLOW__"))


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_exist_and_can_become_true(name: str) -> None:
    """Each service waits for services that are there, and for a health check only where there is one."""
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if condition["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        assert set(SERVICES[other].get("profiles", [])) <= set(SERVICES[name].get("profiles", []))


def test_ports_are_published_to_this_machine_only() -> None:
    """The passwords in the file are examples."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
