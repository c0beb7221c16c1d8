"""The demo's Kinesis (moto, a real HTTP server), and the reference documentation's own workflow run against it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any, NoReturn

import pytest
import requests
import yaml

from airflow_kinesis_ingest.cli import main
from airflow_kinesis_ingest.demo import standalone
from airflow_kinesis_ingest.demo.run import KEYS, REGION, demo, local_kinesis, show, streams
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow.loading import from_mapping
from tests.fakes.openmetadata import BOT, FakeOpenMetadata

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference" / "kinesis-connector-cli.md"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A proxy that is not there stands for one that does not know this machine."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as kinesis:
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        found = kinesis.enter_context(local_kinesis())
        patch.undo()
        yield found


def test_the_demos_workflow_catalogues_every_stream(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the command line: open shards after a reshard, retention in ms, text, binary and empty streams."""
    monkeypatch.chdir(tmp_path)
    for name, value in {**KEYS, "DEMO_KINESIS": url}.items():
        monkeypatch.setenv(name, value)
    assert main(["ingest", "-c", str(ROOT / "dags" / "workflows" / "demo.yaml")]) == 0
    assert "success" in capsys.readouterr().out
    lines = (tmp_path / "demo.catalogue.jsonl").read_text(encoding="utf-8").splitlines()
    topics = {topic["name"]: topic for topic in map(json.loads, lines)}
    assert topics.keys() == streams().keys() - {"_internal.heartbeat"}
    assert topics["payments"]["partitions"] == 3
    assert topics["orders"]["retentionTime"] == 168 * 3_600_000
    assert set(topics["greetings"]["sampleData"]["messages"]) <= {"Привет", "こんにちは", "🙂"}
    assert topics["sensors"]["sampleData"]["messages"][0].startswith("data:application/octet-stream;base64,")
    assert "sampleData" not in topics["empty"]


def reference() -> dict[str, Any]:
    """The sample configuration of the connector's documentation, its code blocks put together."""
    blocks = re.search(r"{% codeBlock.*?{% /codeBlock", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    found: dict[str, Any] = yaml.safe_load("".join(re.findall(r"```yaml.*?\n(.*?)```", blocks[0], re.DOTALL)))
    return found


def test_the_table_gives_each_topic_a_line_whatever_its_messages_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A long message takes no room from the names, and none is taken for rich's markup."""
    line = {"name": "clicks", "partitions": 2, "retentionTime": 86_400_000}
    catalogue = tmp_path / "demo.catalogue.jsonl"
    catalogue.write_text(json.dumps(line | {"sampleData": {"messages": ["[red]" + "x" * 500]}}) + "\n")
    show(catalogue)
    (row,) = [row for row in capsys.readouterr().out.splitlines() if "clicks" in row]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[:5] == ["clicks", "2", "24 h", "-", "1"]
    assert cells[5].startswith("[red]xxx")


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference documentation is not beside the repository")
def test_the_reference_workflow_gives_a_full_catalogue_with_samples_on_the_first_run(url: str) -> None:
    """OpenMetadata's own file as it stands, its placeholders replaced by this Kinesis and this catalogue."""
    workflow = reference()
    aws = workflow["source"]["serviceConnection"]["config"]["awsConfig"]
    aws |= {"awsAccessKeyId": "demo-key", "awsSecretAccessKey": "demo-secret", "awsRegion": REGION, "endPointURL": url}
    workflow["source"]["sourceConfig"]["config"]["generateSampleData"] = True
    with FakeOpenMetadata() as catalogue:
        server = workflow["workflowConfig"]["openMetadataServerConfig"]
        server |= {"hostPort": catalogue.host_port, "securityConfig": {"jwtToken": BOT}}
        report = pipeline.run(from_mapping(workflow))
        assert report.state == "success", report
        assert {topic["name"] for topic in catalogue.topics.values()} == streams().keys()
        sampled = {topic["name"] for topic in catalogue.topics.values() if topic.get("sampleData")}
        # moto goes on writing to closed shards after a reshard: `payments` has no record in an open one.
        assert sampled == streams().keys() - {"empty", "payments"}
        assert catalogue.invalid_bodies == []


# --- the demo's Airflow ----------------------------------------------------------------------------------------------


class Scripted(requests.adapters.HTTPAdapter):
    """Answers with these statuses, the last one for ever; 0 is a refused connection."""

    def __init__(self, *statuses: int) -> None:
        super().__init__()
        self.statuses = list(statuses)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            raise requests.ConnectionError
        answer = requests.Response()
        answer.status_code, answer.request, answer._content = status, request, b'{"access_token": "token"}'
        return answer


@pytest.fixture
def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., standalone.Airflow]:
    monkeypatch.setattr(standalone, "POLL", 0.0)
    monkeypatch.setattr(standalone, "ANSWER_LIMIT", 0.05)

    def make(*statuses: int) -> standalone.Airflow:
        airflow = standalone.Airflow("http://airflow", tmp_path, "admin", "the-password")
        airflow._session.mount("http://", Scripted(*statuses))
        return airflow

    return make


def test_an_api_server_that_stumbles_is_asked_again(answering: Callable[..., standalone.Airflow]) -> None:
    """Airflow 3.3 answers a 500 now and then while a new DAG is stored."""
    assert answering(0, 500, 200, 503, 0, 200).call("GET", "/dags/demo") == {"access_token": "token"}
    assert answering(200, 500, 404).call("GET", "/dags/demo") is None


@pytest.mark.parametrize(("status", "said"), [(0, "ConnectionError"), (500, "status 500")])
def test_an_api_server_that_stays_broken_is_named_with_its_log(
    status: int, said: str, answering: Callable[..., standalone.Airflow]
) -> None:
    with pytest.raises(standalone.AirflowFailed, match=rf"GET /api/v2/dags/demo: {said} for .*standalone\.log"):
        answering(200, status).call("GET", "/dags/demo")


def test_a_refusal_is_not_repeated(answering: Callable[..., standalone.Airflow]) -> None:
    with pytest.raises(requests.HTTPError, match="409"):
        answering(200, 409, 200).call("POST", "/dags/demo/dagRuns", {})


def test_the_password_is_not_in_the_repr(answering: Callable[..., standalone.Airflow]) -> None:
    assert "the-password" not in repr(answering(200))


def test_progress_is_shown_while_airflow_starts_also_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line every five seconds; an Airflow that does not come up ends the demo with what is wrong, not a traceback."""

    def airflow(*_: Any, progress: Callable[[float], None], **__: Any) -> NoReturn:
        for waited in (1.0, 5.0, 6.0, 11.0):
            progress(waited)
        raise standalone.AirflowFailed("Airflow was not up")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("airflow_kinesis_ingest.demo.run.local_kinesis", lambda: nullcontext("http://127.0.0.1:1"))
    monkeypatch.setattr(standalone, "airflow", airflow)
    assert demo(once=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r" \(.*\)", "", line) for line in lines[1:]] == [
        "Airflow starts: 5 s so far",
        "Airflow starts: 11 s so far",
        "Airflow was not up",
    ]
