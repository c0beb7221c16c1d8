"""docker-compose.yaml agrees with the code: no engine runs it here, so each thing it names is looked up."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet

from airflow_kinesis_ingest.demo.around import endpoints
from airflow_kinesis_ingest.demo.run import CATALOGUE, KEYS
from airflow_kinesis_ingest.demo.standalone import ANSWER_LIMIT

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = ["migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker"]
OURS = ["keys", "kinesis", *AIRFLOW]
GIVEN: dict[str, str] = COMPOSE["x-airflow"]["environment"]
MOUNTED = dict(volume.split(":")[:2] for volume in COMPOSE["x-airflow"]["volumes"])


def dockerfile() -> str:
    return str(SERVICES["keys"]["build"]["dockerfile_inline"])


def needs(name: str) -> dict[str, str]:
    """What a service waits for, and for what of it, directly or not."""
    found: dict[str, str] = {}
    for other, how in SERVICES[name].get("depends_on", {}).items():
        found |= {other: how["condition"]} | needs(other)
    return found


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
    folders = [source for source in MOUNTED if source not in COMPOSE["volumes"]]
    assert all((ROOT / source).exists() for source in [*sources, *folders])
    assert {"pyproject.toml", "README.md", "LICENSE", "airflow_kinesis_ingest"} <= set(sources)


def test_the_image_is_built_once() -> None:
    """One service builds it; the others take it from this machine, and never from a registry that has none of it."""
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["keys"]
    assert {name: SERVICES[name]["pull_policy"] for name in OURS} == dict.fromkeys(OURS, "never") | {"keys": "build"}


def test_the_loader_finds_the_workflows() -> None:
    """What is mounted lies below `workflows/`, beside the loader, which reads that."""
    assert 'load_workflows(globals(), "workflows")' in (ROOT / "dags" / "kinesis_workflows.py").read_text()
    assert MOUNTED["./dags/kinesis_workflows.py"] == "/opt/airflow/dags/kinesis_workflows.py"
    for folder in ("./dags/workflows", "./dags/openmetadata"):
        assert MOUNTED[folder].startswith("/opt/airflow/dags/workflows/")


def test_a_fernet_key_is_made_once_and_found_by_every_container(tmp_path: Path) -> None:
    """Without one, Airflow stores the secrets of its connections as they are. A second start must not lose them."""
    kept = MOUNTED["keys"]
    assert f"mkdir --mode 0700 {kept}\n" in dockerfile()  # a new volume has the owner and the mode that the image gives
    (script,) = SERVICES["keys"]["command"]
    (tmp_path / "python").symlink_to(sys.executable)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    made = []
    for _ in range(2):
        line = [*SERVICES["keys"]["entrypoint"], script.replace(kept, str(tmp_path))]
        subprocess.run(line, env=environment, check=True)
        made.append((tmp_path / "fernet").read_text())
    assert made[0] == made[1]
    assert Fernet(made[0]).decrypt(Fernet(made[0]).encrypt(b"secret")) == b"secret"
    assert GIVEN["AIRFLOW__CORE__FERNET_KEY_CMD"] == f"cat {kept}/fernet"
    assert {needs(name).get("keys") for name in AIRFLOW} == {"service_completed_successfully"}


def test_the_scheduler_waits_for_the_api() -> None:
    """The task of a run that it makes earlier cannot report, and fails: healthy means that tasks can."""
    assert needs("scheduler")["api-server"] == "service_healthy"
    assert SERVICES["api-server"]["healthcheck"]["test"][-1].endswith("/execution/health")
    assert float(GIVEN["AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT"]) >= ANSWER_LIMIT


def test_the_profile_celery_is_whole_and_off_by_default() -> None:
    """Its executor is asked for beside it, as the file says; broker and results are its own Redis."""
    assert GIVEN["AIRFLOW__CORE__EXECUTOR"] == "${EXECUTOR:-LocalExecutor}"
    text = (ROOT / "docker-compose.yaml").read_text()
    assert "EXECUTOR=CeleryExecutor docker compose --profile celery up --scale worker=2\n" in text
    assert [name for name in SERVICES if SERVICES[name].get("profiles") == ["celery"]] == ["redis", "worker"]
    for key in ("AIRFLOW__CELERY__BROKER_URL", "AIRFLOW__CELERY__RESULT_BACKEND"):
        assert re.fullmatch(r"redis://redis:6379/\d", GIVEN[key])
    assert (needs("worker")["redis"], needs("worker")["api-server"]) == ("service_healthy", "service_healthy")


def test_a_celery_worker_can_be_asked_how_it_is() -> None:
    """The application that its health check names is the provider's."""
    (named,) = re.findall(r"--app (\S+)\.app ", SERVICES["worker"]["healthcheck"]["test"][-1])
    assert named == "airflow.providers.celery.executors.celery_executor"


def test_the_workflow_for_openmetadata_finds_its_variables_and_its_server() -> None:
    """Of the profile `openmetadata`: its token is the one that is given to `docker compose`."""
    text = (ROOT / "dags" / "openmetadata" / "demo_openmetadata.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= set(GIVEN)
    assert GIVEN["OM_JWT"] == "${OM_JWT:-}"
    server = re.search(r"hostPort: http://([\w-]+):(\d+)/api$", text, re.MULTILINE)
    assert server
    service = SERVICES[server[1]]
    assert service["profiles"] == ["openmetadata"]
    assert [port.split(":")[-1] for port in service["ports"]] == [server[2]]


def test_the_result_of_the_demo_can_be_had() -> None:
    """As the file itself says: printed and copied out of the container whose worker wrote it."""
    text = (ROOT / "docker-compose.yaml").read_text()
    demo = yaml.safe_load((ROOT / "dags" / "workflows" / "demo.yaml").read_text())
    assert demo["sink"]["config"]["path"] == CATALOGUE
    assert f"docker compose exec scheduler python -m airflow_kinesis_ingest.demo --show {CATALOGUE}\n" in text
    assert f"docker compose cp scheduler:/opt/airflow/{CATALOGUE} .\n" in text


def test_the_demo_workflow_finds_its_variables_and_its_kinesis() -> None:
    """Every ${NAME} of the demo's workflow is set, with the demo's keys, and points to the kinesis service's port."""
    wanted = set(re.findall(r"\$\{(\w+)\}", (ROOT / "dags" / "workflows" / "demo.yaml").read_text()))
    assert wanted <= set(GIVEN)
    assert {name: GIVEN[name] for name in KEYS} == KEYS
    port = SERVICES["kinesis"]["entrypoint"][-1]
    assert GIVEN["DEMO_KINESIS"] == f"http://kinesis:{port}"
    assert f"127.0.0.1:{port}/" in SERVICES["kinesis"]["healthcheck"]["test"][-1]
    _, around_port, _, _ = SERVICES["kinesis"]["entrypoint"][-4:]
    around = endpoints(f"http://kinesis:{around_port}")
    assert {name: GIVEN[name] for name in GIVEN if name.startswith("AWS_ENDPOINT_URL")} == around


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
    assert {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY_CMD"} <= set(given)
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
