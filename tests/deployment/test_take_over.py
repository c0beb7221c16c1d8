"""The command `import`, from a server into a folder: what is written, what is left as it is, what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest import cli
from airflow_kinesis_ingest.deployment.validation import validate
from tests.fakes.openmetadata import BOT, USER, FakeOpenMetadata

pytestmark = pytest.mark.usefixtures("quick")

KEYS = {"awsRegion": "us-east-2", "awsAccessKeyId": "AKIAVISIBLE", "awsSecretAccessKey": "s3cr3t"}


def add(catalogue: FakeOpenMetadata, service: str, *pipelines: str, **aws: Any) -> None:
    config = {"type": "Kinesis", "awsConfig": KEYS | aws}
    catalogue.add_service(service, connection={"config": config})
    for name in pipelines:
        add_pipeline(catalogue, service, name)


def add_pipeline(catalogue: FakeOpenMetadata, service: str, name: str, kind: str = "metadata") -> None:
    source = {"config": {"type": "MessagingMetadata", "generateSampleData": True}}
    airflow = {"scheduleInterval": "0 0 * * *", "startDate": "2026-11-01T00:00:00Z"}
    catalogue.add_pipeline(service, name, pipelineType=kind, sourceConfig=source, airflowConfig=airflow)


class Desk:
    def __init__(self, catalogue: FakeOpenMetadata, home: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.catalogue, self.folder = catalogue, home / "workflows"
        self.folder.mkdir()
        self.token = home / "token"
        self.token.write_text(f"{BOT}\n", encoding="utf-8")
        self.out = self.err = ""
        self._captured = captured

    def run(self, *more: str, server: str = "") -> int:
        place = ["import", "--server", server or self.catalogue.host_port, "--token-file", str(self.token)]
        code = cli.main([*place, str(self.folder), *more])
        self.out, self.err = self._captured.readouterr()
        assert "Traceback" not in self.err
        return code

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def desk(catalogue: FakeOpenMetadata, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(catalogue, tmp_path, capsys)


@pytest.mark.parametrize("token", [BOT, USER])
def test_each_pipeline_becomes_a_file_that_is_right_and_holds_no_secret(desk: Desk, token: str) -> None:
    """A person sees secrets masked, a bot sees them: neither kind of value may come along."""
    desk.token.write_text(token, encoding="utf-8")
    add(desk.catalogue, "shop", "0a1b")
    add(desk.catalogue, "my.svc", "2c", "3d")
    add(desk.catalogue, "idle")
    desk.catalogue.add_service("kafka", serviceType="Kafka")
    assert desk.run() == 0
    assert desk.files() == ["idle.yaml", "my.svc_2c.yaml", "my.svc_3d.yaml", "shop.yaml"]
    results = validate([desk.folder])
    assert [result.faults + result.advice for result in results] == [()] * 4
    texts = "".join(path.read_text(encoding="utf-8") for path in desk.folder.iterdir())
    for secret in ("AKIAVISIBLE", "s3cr3t", "*********", BOT, USER):
        assert secret not in texts + desk.err + desk.out
    for told in ("  SHOP_AWS_SECRET_ACCESS_KEY", "  MY_SVC_AWS_ACCESS_KEY_ID", "  OM_JWT", "> shop > Agents: pause"):
        assert told in desk.err


def test_pipelines_are_found_on_every_page(desk: Desk) -> None:
    for number in range(120):
        add(desk.catalogue, f"s{number:03d}", f"p{number:03d}")
    assert desk.run() == 0
    assert len(desk.files()) == 120


def test_what_is_there_is_left_as_it_is_and_a_second_import_changes_nothing(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    mine = desk.folder / "mine.yaml"
    assert desk.run() == 0
    mine.write_bytes((desk.folder / "shop.yaml").read_bytes().replace(b"name: shop", b"name: renamed", 1))
    (desk.folder / "shop.yaml").unlink()
    before = mine.read_bytes()
    add_pipeline(desk.catalogue, "shop", "renamed")  # what a run of ours makes
    assert desk.run() == 0
    assert desk.files() == ["mine.yaml"]
    assert mine.read_bytes() == before
    assert f"left as it is: {mine}" in desk.err


def test_a_file_or_a_name_that_is_taken_is_never_replaced(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    (desk.folder / "shop.yaml").write_text("# somebody's notes", encoding="utf-8")
    assert desk.run() == 0
    assert (desk.folder / "shop.yaml").read_text(encoding="utf-8") == "# somebody's notes"
    assert "left as it is" in desk.err


def test_named_services_only(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    add(desk.catalogue, "other", "2c")
    assert desk.run("--services", "other") == 0
    assert desk.files() == ["other.yaml"]
    assert desk.run("--services", "othr") == 2
    assert "there is no Kinesis service othr. There are: other, shop" in desk.err


def test_a_dry_run_prints_the_files_and_writes_none(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    assert desk.run("--dry-run") == 0
    assert desk.files() == []
    assert desk.out.startswith("# Imported from the pipeline shop.0a1b")
    assert "scheduleInterval: daily" in desk.out


def test_pipelines_of_other_types_are_named(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    add_pipeline(desk.catalogue, "shop", "pii", kind="autoClassification")
    assert desk.run() == 0
    assert desk.files() == ["shop.yaml"]
    assert "not imported, of shop: autoClassification pii" in desk.err


def test_one_that_cannot_be_imported_harms_only_itself(desk: Desk) -> None:
    add(desk.catalogue, "bad", "0a1b", awsRegion="us-east-2a")
    add(desk.catalogue, "shop", "2c")
    assert desk.run() == 1
    assert desk.files() == ["shop.yaml"]
    assert "the pipeline bad.0a1b" in desk.err
    assert "availability zone" in desk.err


def test_what_keeps_a_server_from_telling_is_named(desk: Desk) -> None:
    assert desk.run() == 2
    assert "no messaging service of type Kinesis" in desk.err
    add(desk.catalogue, "shop", "0a1b")
    desk.catalogue.forbidden.append("GET /services/ingestionPipelines*")
    assert desk.run() == 1
    assert "may view messaging services and ingestion pipelines" in desk.err
    desk.catalogue.forbidden.clear()
    desk.token.write_text("wrong", encoding="utf-8")
    assert desk.run() == 1
    assert "the token is expired or wrong" in desk.err
    assert desk.run(server="http://127.0.0.1:1/api") == 1
    assert "OpenMetadata did not answer" in desk.err
    assert desk.run(server="om:8585") == 2
    assert "this is not the address of a server" in desk.err
    assert desk.files() == []


def test_wrong_arguments_are_told_before_any_call(desk: Desk) -> None:
    desk.token.unlink()
    assert desk.run() == 2
    assert "the file of the token cannot be read" in desk.err
    desk.folder.rmdir()
    assert desk.run() == 2
    assert "there is no such folder" in desk.err
    assert desk.catalogue.requests == []


def test_an_address_without_api_is_completed(desk: Desk) -> None:
    add(desk.catalogue, "shop", "0a1b")
    assert desk.run(server=desk.catalogue.url) == 0
    assert f"hostPort: {desk.catalogue.host_port}" in (desk.folder / "shop.yaml").read_text(encoding="utf-8")
