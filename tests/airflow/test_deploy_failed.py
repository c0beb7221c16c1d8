"""The task that stands for a broken file: OpenMetadata shows its failure where the file still says rightly where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_kinesis_ingest.engine.workflow.fence import HOSTS, VARIABLES
from tests.airflow.loading import Bundle
from tests.airflow.test_operator import SECRET, context, statuses
from tests.builders import document
from tests.fakes.kinesis import FakeKinesis
from tests.fakes.openmetadata import BOT, FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

BROKEN: dict[str, Any] = {"airflowConfig": {"retries": "many"}}
Logged = Callable[[], str]


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Logged:
    """What was logged since it was asked last."""
    return lambda: "".join(capfd.readouterr())


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path)


def fail(bundle: Bundle, data: dict[str, Any] | str, file: str = "shop.yaml") -> None:
    """Run the task that a worker starts for this broken file. It fails of the file, whatever else goes wrong."""
    bundle.put(file, data if isinstance(data, str) else json.dumps(data))
    with pytest.raises(AirflowFailException, match=r"This pipeline could not be deployed:\nworkflows/"):
        bundle.started("shop").execute(context())


def error_told(catalogue: FakeOpenMetadata) -> str:
    (status,) = catalogue.statuses["shop.shop"].values()
    return str(status["status"][0]["failures"][0]["error"])


def test_openmetadata_shows_the_failure_with_the_fault(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata, logged: Logged
) -> None:
    """As a run that failed, of an entity without a schedule: that is what Airflow has of it."""
    catalogue.add_service("shop")
    data = document(aws, catalogue, **BROKEN)
    data["source"]["serviceConnection"]["config"]["awsConfig"]["awsSecretAccessKey"] = [SECRET]
    fail(bundle, data)
    assert list(statuses(catalogue).values()) == ["failed"]
    assert "This pipeline could not be deployed: workflows/shop.yaml:1:" in error_told(catalogue)
    assert "airflowConfig.retries" in error_told(catalogue)
    assert "awsSecretAccessKey" in error_told(catalogue)
    assert "scheduleInterval" not in catalogue.pipelines["shop.shop"]["airflowConfig"]
    told = json.dumps([catalogue.pipelines, catalogue.statuses]) + logged()
    assert BOT not in told
    assert SECRET not in told
    assert aws.calls() == []


def test_retries_of_a_failure_share_its_id(bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    catalogue.add_service("shop")
    for _ in range(2):
        fail(bundle, document(aws, catalogue, **BROKEN))
    assert len(statuses(catalogue)) == 1


def test_what_is_there_is_not_changed(bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    """Neither the entity nor the service: of a broken file too little is known."""
    settings = {"scheduleInterval": "0 7 * * *"}
    before = dict(catalogue.add_pipeline("shop", "shop", displayName="The shop", airflowConfig=settings))
    service = dict(catalogue.services["shop"])
    fail(bundle, document(aws, catalogue, service={"displayName": "Another"}, **BROKEN))
    assert list(statuses(catalogue).values()) == ["failed"]
    assert [request.path for request in catalogue.calls("PUT")] == [catalogue.calls("PUT")[0].path]
    assert "pipelineStatus" in catalogue.calls("PUT")[0].path
    assert catalogue.services["shop"] == service
    now = catalogue.pipelines["shop.shop"]
    assert (now["displayName"], now["airflowConfig"]) == (before["displayName"], settings)


def test_no_service_is_made_of_a_broken_file(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata, logged: Logged
) -> None:
    fail(bundle, document(aws, catalogue, **BROKEN))
    assert (catalogue.services, catalogue.pipelines, catalogue.statuses) == ({}, {}, {})
    assert "shop: the messaging service does not exist yet" in logged()


def test_a_service_of_another_kind_is_left_alone(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata, logged: Logged
) -> None:
    catalogue.add_service("shop", serviceType="Kafka")
    fail(bundle, document(aws, catalogue, **BROKEN))
    assert catalogue.pipelines == {}
    assert "is of type Kafka" in logged()


@pytest.mark.parametrize("server", [{"hostPort": 8585}, {"securityConfg": {}}, {"securityConfig": None}])
def test_without_a_right_server_block_nothing_is_sent(
    server: dict[str, Any], bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    catalogue.add_service("shop")
    fail(bundle, document(aws, catalogue, server=server, **BROKEN))
    assert not catalogue.requests


def test_outside_the_fence_nothing_is_sent(
    bundle: Bundle,
    aws: FakeKinesis,
    catalogue: FakeOpenMetadata,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    """Neither to a host nor with a variable that those who run Airflow did not allow."""
    catalogue.add_service("shop")
    monkeypatch.setenv("SHOP_JWT", BOT)
    for option, allowed in ((HOSTS, "127.0.0.1:1"), (VARIABLES, "OM_*")):
        with pytest.MonkeyPatch.context() as fence:
            fence.setenv(f"AIRFLOW__KINESIS_INGEST__{option.upper()}", allowed)
            fail(bundle, document(aws, catalogue, token="${SHOP_JWT}", **BROKEN))
        assert f"[kinesis_ingest] {option}" in logged()
    assert not catalogue.requests


def test_variables_are_filled_in_and_shown_by_name(
    bundle: Bundle,
    aws: FakeKinesis,
    catalogue: FakeOpenMetadata,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    catalogue.add_service("shop")
    monkeypatch.setenv("SHOP_JWT", BOT)
    monkeypatch.setenv("SHOP_OM", catalogue.host_port)
    data = document(aws, catalogue, token="${SHOP_JWT}", server={"hostPort": "${SHOP_OM}"}, **BROKEN)
    fail(bundle, data)
    assert list(statuses(catalogue).values()) == ["failed"]
    with FakeOpenMetadata() as gone:
        monkeypatch.setenv("SHOP_OM", gone.host_port)
    masked: list[str] = []
    monkeypatch.setattr("airflow_kinesis_ingest.hooks.runtime.mask_secret", masked.append)
    fail(bundle, data)
    assert gone.host_port in masked  # which keeps it out of the lines of the engine, too
    (told,) = [line for line in logged().splitlines() if "OpenMetadata does not show that this pipeline" in line]
    assert "${SHOP_OM}" in told
    assert gone.host_port not in told


def test_an_airflow_connection_says_where_the_server_is(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.add_service("shop")
    given = {"conn_type": "openmetadata", "host": "127.0.0.1", "port": catalogue.port, "password": BOT}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_OM", json.dumps(given))
    data = document(aws, catalogue, connections={"openmetadata": "shop_om", "aws": ["wrong"]}, **BROKEN)
    del data["workflowConfig"]
    fail(bundle, data)
    assert list(statuses(catalogue).values()) == ["failed"]


def test_a_connection_that_is_missing_is_a_warning(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata, logged: Logged
) -> None:
    fail(bundle, document(aws, catalogue, connections={"openmetadata": "no_such"}, **BROKEN))
    assert "there is no Airflow connection `no_such`" in logged()
    assert not catalogue.requests


def test_a_fault_of_ours_in_telling_is_a_warning_without_its_text(
    bundle: Bundle,
    aws: FakeKinesis,
    catalogue: FakeOpenMetadata,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError(BOT)

    monkeypatch.setattr("airflow_kinesis_ingest.engine.run.pipeline.tell_not_deployed", fault)
    fail(bundle, document(aws, catalogue, **BROKEN))
    said = logged()
    assert "could not be deployed: ZeroDivisionError" in said
    assert BOT not in said


def test_of_several_files_none_speaks_for_the_pipeline(
    bundle: Bundle, aws: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """They may name different servers."""
    catalogue.add_service("shop")
    bundle.put("other.yaml", json.dumps(document(aws, catalogue, name="shop", **BROKEN)))
    fail(bundle, document(aws, catalogue, **BROKEN))
    assert not catalogue.requests


def test_a_file_that_is_no_yaml_tells_nothing(bundle: Bundle, catalogue: FakeOpenMetadata, logged: Logged) -> None:
    fail(bundle, "source: [")
    assert "this is not valid YAML" in logged()
    assert not catalogue.requests
