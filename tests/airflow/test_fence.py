"""The fence round workflow files, as Airflow's configuration closes it: for runs and commands, not for parsing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import airflow
import pytest
from airflow.configuration import conf
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_kinesis_ingest.engine.workflow.fence import (
    HOSTS,
    NOTIFIERS,
    OPEN,
    SECTION,
    TOKEN_FOLDERS,
    VARIABLES,
    Fence,
)
from airflow_kinesis_ingest.hooks.fence import PAGE_SAMPLES, configured_fence, page_samples
from airflow_kinesis_ingest.hooks.openmetadata import OpenMetadataHook
from airflow_kinesis_ingest.provider_info import get_provider_info
from tests.airflow.loading import Bundle
from tests.airflow.test_operator import in_file, run
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import BOT, FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

AIRFLOW = tuple(map(int, airflow.__version__.split(".")[:2]))


@pytest.fixture
def close(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set an option of `[kinesis_ingest]`."""

    def setting(option: str, value: str) -> None:
        monkeypatch.setenv(f"AIRFLOW__KINESIS_INGEST__{option.upper()}", value)

    return setting


def test_it_is_the_configurations_and_open_without_one(close: Any) -> None:
    assert configured_fence() == OPEN
    close(HOSTS, "om, *.example.com")
    close(VARIABLES, "")
    assert configured_fence() == Fence(variables=(), hosts=("om", "*.example.com"))


def test_a_configuration_file_closes_it_too() -> None:
    if not conf.has_section(SECTION):
        conf.add_section(SECTION)
    conf.set(SECTION, TOKEN_FOLDERS, "/run/secrets")
    try:
        assert configured_fence().token_folders == ("/run/secrets",)
    finally:
        conf.remove_option(SECTION, TOKEN_FOLDERS)


def test_airflow_knows_every_option_with_its_default() -> None:
    options = get_provider_info()["config"][SECTION]["options"]
    assert set(options) == {VARIABLES, TOKEN_FOLDERS, HOSTS, PAGE_SAMPLES, NOTIFIERS, "page_bundle"}
    assert {options[name]["default"] for name in (VARIABLES, TOKEN_FOLDERS, HOSTS)} == {"*"}
    assert options[PAGE_SAMPLES]["default"] == str(page_samples()) == "False"
    assert all(option["description"] and option["version_added"] for option in options.values())


def test_a_run_asks_no_server_outside(
    close: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata, tmp_path: Path
) -> None:
    """Nor Kinesis: the run has not begun."""
    close(HOSTS, "127.0.0.1:1")
    with pytest.raises(AirflowFailException, match=r"hostPort: this host is not among those"):
        run(in_file(tmp_path, document(aws, catalogue)))
    assert aws.calls() == []
    assert not catalogue.services
    close(HOSTS, "127.0.0.1")
    assert run(in_file(tmp_path, document(aws, catalogue)))["state"] == "success"


def test_no_redirect_leads_a_run_outside(close: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Neither Kinesis's nor OpenMetadata's is followed, wherever it leads."""
    close(HOSTS, f"127.0.0.1:{aws.port}, 127.0.0.1:{catalogue.port}")
    with FakeKinesis(json_streams(1)) as other_aws, FakeOpenMetadata() as other:
        catalogue.faults = Faults(Rule(Fault.redirect(f"{other.host_port}/v1/system/version")))
        with pytest.raises(AirflowException, match="was redirected to"):
            run(document(aws, catalogue))
        catalogue.faults, aws.faults = Faults(), Faults(Rule(Fault.redirect(other_aws.url)))
        with pytest.raises(AirflowException):
            run(document(aws, catalogue))
        assert other_aws.calls() == []
        assert not other.requests


def test_a_run_looks_up_no_variable_outside(
    close: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(VARIABLES, "OM_*")
    monkeypatch.setenv("SHOP_JWT", BOT)
    with pytest.raises(AirflowFailException, match=r"jwtToken: the variable SHOP_JWT is not among those"):
        run(document(aws, catalogue, token="${SHOP_JWT}"))
    assert aws.calls() == []


def test_the_host_of_a_connection_is_one_of_them(
    close: Any, aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a run and for the connection's own test."""
    close(HOSTS, "127.0.0.1:1")
    fields = {"conn_type": "openmetadata", "host": "127.0.0.1", "port": catalogue.port, "password": BOT}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(fields))
    data = document(aws, catalogue, connections={"openmetadata": "shop"})
    del data["workflowConfig"]
    del data["source"]["serviceConnection"]["config"]["awsConfig"]["endPointURL"]
    with pytest.raises(AirflowFailException, match=r"`hostPort` of the connection `shop`: this host is not among"):
        run(data)
    works, message = OpenMetadataHook("shop").test_connection()
    assert (works, "this host is not among those" in message) == (False, True)


def test_parsing_does_not_look_at_it(close: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same file, same DAG, whatever the configuration of the process: the run is refused, not the pipeline."""
    bundle = Bundle(tmp_path / "dags")
    bundle.put("shop.yaml")
    before = bundle.parsed().text
    for option in (VARIABLES, TOKEN_FOLDERS, HOSTS):
        close(option, "")
    monkeypatch.setattr("airflow_kinesis_ingest.hooks.fence.configured_fence", lambda: pytest.fail("it was read"))
    assert bundle.parsed().text == before


@pytest.mark.skipif(AIRFLOW < (3, 2), reason="Airflow 3.1 takes no commands from providers")
@pytest.mark.parametrize("command", [["airflow_kinesis_ingest.cli"], ["airflow", "kinesis-ingest"]])
def test_the_commands_keep_it(command: list[str], close: Any, tmp_path: Path) -> None:
    """Ours from the environment, Airflow's from its configuration."""
    file = Bundle(tmp_path / "dags").put("shop.yaml", sink={"type": "metadata-rest"}, workflowConfig=SERVER)
    close(HOSTS, "om")
    for arguments in (["validate", str(file)], ["deploy", str(file), str(tmp_path / "to")]):
        line = [sys.executable, "-m", *command, *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 2
        assert "hostPort: this host is not among those that workflow files may use" in done.stdout + done.stderr
    assert not (tmp_path / "to").exists()


SERVER = {"openMetadataServerConfig": {"hostPort": "http://evil/api", "securityConfig": {"jwtToken": "eyJ"}}}
