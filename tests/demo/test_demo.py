"""The demo's Kinesis (moto, a real HTTP server), and the reference documentation's own workflow run against it."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from unittest.mock import Mock
from urllib.parse import urlsplit

import pytest
import requests
import yaml

from airflow_kinesis_ingest.cli import main
from airflow_kinesis_ingest.demo import standalone
from airflow_kinesis_ingest.demo.run import CATALOGUE, REGION, beside, demo, local_aws, show, streams
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.workflow.loading import from_mapping, loads
from tests.fakes.openmetadata import BOT, FakeOpenMetadata

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "dags" / "workflows" / "demo.yaml"
REFERENCE = ROOT.parent / "shared" / "reference" / "kinesis-connector-cli.md"


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """A proxy that is not there stands for one that does not know this machine."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as kinesis:
        patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        found = kinesis.enter_context(local_aws())
        patch.undo()
        yield found


@pytest.fixture
def url(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the Kinesis; the demo's variables are set."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables["DEMO_KINESIS"]


@pytest.mark.usefixtures("url")
def test_the_demos_workflow_catalogues_every_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the command line: open shards after a reshard, retention in ms, text, binary and empty streams."""
    monkeypatch.chdir(tmp_path)
    assert main(["ingest", "-c", str(DEMO)]) == 0
    assert "success" in capsys.readouterr().out
    lines = (tmp_path / "demo.catalogue.jsonl").read_text(encoding="utf-8").splitlines()
    topics = {topic["name"]: topic for topic in map(json.loads, lines)}
    assert topics.keys() == streams().keys() - {"_internal.heartbeat"}
    assert topics["payments"]["partitions"] == 3
    assert topics["orders"]["retentionTime"] == 168 * 3_600_000
    assert set(topics["greetings"]["sampleData"]["messages"]) <= {"Привет", "こんにちは", "🙂"}
    assert topics["sensors"]["sampleData"]["messages"][0].startswith("data:application/octet-stream;base64,")
    assert "sampleData" not in topics["empty"]
    assert [(flow["part"], flow["name"]) for flow in topics["orders"]["flows"]] == [
        ("firehose", "orders-to-lake"),
        ("lambda", "price-orders"),
        ("pipes", "checkout"),
    ]
    assert [label["tagFQN"] for label in topics["orders"]["tags"]] == ["AWS.env.prod", "AWS.team.shop"]
    show(tmp_path / CATALOGUE)
    *_, clicks, to = capsys.readouterr().out.splitlines()
    assert clicks == "web.clicks  (AWS.env.prod, AWS.team.web)"
    assert to.startswith("└── → firehose clicks-to-redshift → redshift:")


@pytest.mark.parametrize("page", ["README.md", "docs/lineage.md"])
@pytest.mark.usefixtures("url")
def test_the_picture_of_a_streams_flows_is_what_the_command_prints_of_the_demo(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["flows", "-c", str(DEMO)]) == 0
    orders, _, _ = capsys.readouterr().out.partition("\norders.returns")
    assert orders.startswith("orders  (env=prod, team=shop)\n├── ← ")
    assert f"{orders}\n```" in (ROOT / page).read_text(encoding="utf-8")


def test_the_line_for_a_shell_leads_the_command_line_to_the_running_demo(
    variables: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "a demo").mkdir()
    line = beside(tmp_path / "a demo" / "variables.sh", variables)
    assert line.startswith(". 'a demo/variables.sh'; ")
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, encoding="utf-8", check=True)
    assert "└── → lambda price-orders\n" in done.stdout


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


def test_the_module_shows_a_catalogue_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m airflow_kinesis_ingest.demo --show FILE`, in the container that has the file."""
    (tmp_path / CATALOGUE).write_text(json.dumps({"name": "clicks", "partitions": 2, "retentionTime": 0}) + "\n")
    monkeypatch.setattr("sys.argv", ["demo", "--show", str(tmp_path / CATALOGUE)])
    runpy.run_module("airflow_kinesis_ingest.demo", run_name="__main__")
    assert "clicks" in capsys.readouterr().out


@pytest.mark.usefixtures("url")
def test_the_workflow_for_openmetadata_catalogues_the_same_streams_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one of docker-compose.yaml, its server replaced by one on this machine."""
    workflow = (ROOT / "dags" / "openmetadata" / "demo_openmetadata.yaml").read_text()
    monkeypatch.setenv("OM_JWT", BOT)
    with FakeOpenMetadata() as catalogue:
        (tmp_path / "here.yaml").write_text(workflow.replace("http://openmetadata:8585/api", catalogue.host_port))
        assert main(["ingest", "-c", str(tmp_path / "here.yaml")]) == 0
        assert {topic["name"] for topic in catalogue.topics.values()} == streams().keys() - {"_internal.heartbeat"}
        drawn = {pipeline["name"] for pipeline in catalogue.data_pipelines.values()}
        assert {"orders-to-lake", "clicks-to-redshift", "price-orders", "detect-fraud", "checkout"} <= drawn
        assert catalogue.invalid_bodies == []


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
        # moto goes on writing to closed shards after a reshard: `payments` has records in those only.
        assert sampled == streams().keys() - {"empty"}
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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time that the demo's waits see: its `now` in seconds, which sleeping moves."""
    time = SimpleNamespace(now=0.0)

    def passes(seconds: float) -> None:
        time.now += seconds

    time.monotonic, time.sleep = lambda: time.now, passes
    monkeypatch.setattr(standalone, "time", time)
    return time


def test_one_slow_answer_is_not_the_end(
    tmp_path: Path, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine the API stands still for minutes when it is first asked for something."""

    def request(*_: Any, timeout: float, **__: Any) -> Mock:
        clock.now += timeout
        if clock.now < 3 * 60:
            raise requests.ReadTimeout
        return Mock(status_code=200, json=lambda: {"access_token": "token"})

    monkeypatch.setattr(requests.Session, "request", request)
    airflow = standalone.Airflow("http://airflow", tmp_path, "admin", "the-password")
    assert airflow.call("GET", "/dags/demo") == {"access_token": "token"}


@pytest.mark.usefixtures("clock")
def test_airflow_is_up_when_all_its_parts_are_and_tasks_can_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown as waited for is what is missing. The API that tasks report to is made when it is first asked."""
    healthy, unhealthy = {"status": "healthy"}, {"status": None}
    up = dict.fromkeys(("metadatabase", "scheduler", "triggerer", "dag_processor"), healthy)
    health: list[Any] = [None, None, up | {"triggerer": unhealthy, "dag_processor": unhealthy}, up]
    reports: list[Any] = [None, healthy]

    def get(_: requests.Session, url: str, **__: Any) -> Mock:
        path = urlsplit(url).path
        script = {"/api/v2/monitor/health": health, "/execution/health": reports}[path]
        found = script.pop(0) if len(script) > 1 else script[0]
        if found is None:
            raise requests.ReadTimeout
        return Mock(ok=True, json=lambda: found)

    monkeypatch.setattr(requests.Session, "get", get)
    awaited: list[object] = []
    standalone._await_health(Mock(poll=lambda: None), tmp_path, 1, awaited.append)
    assert awaited == ["its API server", "its API server", "its triggerer, dag processor", "its API for tasks"]


def test_an_airflow_that_does_not_come_up_says_what_is_missing(
    tmp_path: Path, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where its log is."""
    monkeypatch.setattr(requests.Session, "get", Mock(side_effect=requests.ConnectionError))
    with pytest.raises(standalone.AirflowFailed, match=r"for want of its API server; see .*standalone\.log"):
        standalone._await_health(Mock(poll=lambda: None), tmp_path, 1, lambda _: None)
    assert clock.now >= 600


def test_airflows_tokens_are_signed_with_a_key_that_is_long_enough() -> None:
    """HS512 asks for 64 bytes: each token signed with less is a warning in the log."""
    first, second = (
        standalone.environment_of(Path(), Path(), 1, {})["AIRFLOW__API_AUTH__JWT_SECRET"] for _ in range(2)
    )
    assert len(first) >= 64
    assert first != second


def test_the_first_screen_shows_one_run_and_it_is_of_the_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline is paused until all of Airflow is up: the scheduler, up first, would make a run that fails."""
    workflow = loads((ROOT / "dags" / "workflows" / "demo.yaml").read_bytes(), "demo.yaml")
    assert workflow.airflow_config.pause_pipeline
    calls: list[str] = []

    class Started:
        url, user, password = "http://airflow", "admin", "the-password"

        def __getattr__(self, name: str) -> Callable[..., str]:
            calls.append(name)
            return lambda *_, **__: {"first_run": "scheduled__1", "await_run": "success"}.get(name, "")

    def airflow(home: Path, *_: Any, **__: Any) -> nullcontext[Started]:
        home.mkdir(exist_ok=True)
        (home / CATALOGUE).touch()
        return nullcontext(Started())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("airflow_kinesis_ingest.demo.run.local_aws", lambda: nullcontext({}))
    monkeypatch.setattr(standalone, "airflow", airflow)
    assert demo(once=True) == 0
    assert calls == ["wait", "unpause", "first_run", "await_run"]


def test_progress_is_shown_while_airflow_starts_also_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line every ten seconds; an Airflow that does not come up ends the demo with what is wrong, not a traceback."""
    time: Any = SimpleNamespace(now=0.0)
    time.monotonic = lambda: time.now
    monkeypatch.setattr("airflow_kinesis_ingest.demo.run.time", time)

    def airflow(*_: Any, progress: Callable[[str], None], **__: Any) -> NoReturn:
        for time.now, awaited in ((1.0, "a"), (10.0, "b"), (11.0, "c"), (21.0, "d")):
            progress(f"its {awaited}")
        raise standalone.AirflowFailed("Airflow was not up")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("airflow_kinesis_ingest.demo.run.local_aws", lambda: nullcontext({}))
    monkeypatch.setattr(standalone, "airflow", airflow)
    assert demo(once=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "Airflow starts: waiting for its b, 10 s so far",
        "Airflow starts: waiting for its d, 21 s so far",
        "Airflow was not up",
    ]
