"""The command line: what each command prints and returns. Run as a user runs it, against servers that speak HTTP."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from airflow_kinesis_ingest import cli
from airflow_kinesis_ingest.engine.aws.policy import KINESIS, policy
from airflow_kinesis_ingest.errors import AccessDenied, FixFile
from tests.builders import document, wait_until
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream, aws_error, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Rule

pytestmark = pytest.mark.usefixtures("quick")

DENIED = aws_error("AccessDeniedException")
COMMAND = [sys.executable, "-m", "airflow_kinesis_ingest.cli"]


@pytest.fixture
def kinesis() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(3, records=2), quotas={}) as running:
        yield running


class Desk:
    """A folder with workflow files, and a terminal."""

    def __init__(self, folder: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.catalogue = folder / "catalogue.jsonl"
        self.out = self.err = ""
        self._captured = captured

    def file(self, content: dict[str, Any] | str, name: str = "shop.yaml") -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, *argv: str) -> int:
        """The exit code; `out` and `err` hold what was printed."""
        code = cli.main(argv)
        self.out, self.err = self._captured.readouterr()
        assert "Traceback" not in self.err
        return code

    def names(self) -> list[str]:
        return [json.loads(line)["name"] for line in self.catalogue.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)


def numbers(out: str) -> dict[str, str]:
    """The summary table, label -> value."""
    found: dict[str, str] = {}
    for line in out.splitlines():
        if line.startswith("│"):
            label, value = (cell.strip() for cell in line.strip("│").split("│"))
            found[label] = value
    return found


# --- exit codes -----------------------------------------------------------------------------------------------------


def raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def command(_: argparse.Namespace) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [(FixFile("bad", remedy="Fix it"), 2), (AccessDenied("no", remedy="Fix it"), 1), (KeyboardInterrupt(), 130)],
)
def test_an_error_becomes_an_exit_code_and_a_line_with_its_remedy(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(raising(error), argparse.Namespace()) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == ("" if isinstance(error, KeyboardInterrupt) else f"{error}\n")


@pytest.mark.parametrize(
    "argv", [[], ["ingst"], ["ingest"], ["validate"], ["ingest", "-c", "x", "--log-level", "LOUD"]]
)
def test_a_wrong_command_line_is_exit_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 2
    assert "usage: kinesis-ingest" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["ingest", "list", "test-connection"])
def test_a_bad_file_is_exit_code_2_with_all_its_faults(desk: Desk, command: str) -> None:
    file = desk.file("source: {type: kafka}\nname: a b\n")
    assert desk.run(command, "-c", file) == 2
    assert desk.out == ""
    assert f"{file}:1:16: source.type: this is not one of 'kinesis'" in desk.err
    assert f"{file}:2:7: name: this cannot be a DAG id" in desk.err


def test_names_that_the_environment_lacks_are_told_before_anything_is_done(desk: Desk, kinesis: FakeKinesis) -> None:
    content = document(kinesis, desk.catalogue)
    content["source"]["serviceConnection"]["config"]["awsConfig"]["awsSecretAccessKey"] = "${SHOP_SECRET}"
    assert desk.run("ingest", "-c", desk.file(content)) == 2
    assert "the environment has no variable SHOP_SECRET" in desk.err
    assert kinesis.calls() == []


@pytest.mark.parametrize("command", ["ingest", "list", "test-connection", "sample"])
@pytest.mark.parametrize("field", ["profileName", "awsRegion", "endPointURL", "assumeRoleArn", "assumeRoleSessionName"])
def test_what_came_from_the_environment_is_printed_by_its_name(
    command: str, field: str, desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the check refuses it or the library that is given it."""
    data = document(kinesis, desk.catalogue)
    connection = data["source"]["serviceConnection"]["config"]["awsConfig"]
    if field == "profileName":
        del connection["awsAccessKeyId"], connection["awsSecretAccessKey"]
    connection[field] = "${MISPLACED}"
    monkeypatch.setenv("MISPLACED", "s3cr3t of one line")
    code = desk.run(command, "-c", desk.file(data), *(["orders"] if command == "sample" else []))
    assert code != 0
    assert "${MISPLACED}" in desk.out + desk.err
    assert "s3cr3t" not in desk.out + desk.err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"kinesis-ingest {version('airflow-kinesis-ingest')}\n")


def test_kinesis_ingest_is_this_command_line() -> None:
    [script] = entry_points(group="console_scripts", name="kinesis-ingest")
    assert script.load() is cli.main


@pytest.mark.parametrize("command", ["ingest", "list", "test-connection", "sample"])
def test_an_airflow_connection_is_refused_before_any_call(command: str, desk: Desk, kinesis: FakeKinesis) -> None:
    """What the file has beside it is less than the connection: another account would be catalogued."""
    data = document(kinesis, desk.catalogue, connections={"aws": "orders_aws"})
    assert desk.run(command, "-c", desk.file(data), *(["stream-00001"] if command == "sample" else [])) == 2
    assert "connections.aws: `orders_aws` is an Airflow connection, unknown here. Run it in Airflow" in desk.err
    assert kinesis.requests == []


@pytest.mark.parametrize(("command", "code"), [("ingest", 2), ("test-connection", 2), ("list", 0)])
def test_a_connection_to_openmetadata_is_refused_where_the_server_is_asked(
    command: str, code: int, desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    file = desk.file(document(kinesis, catalogue, connections={"openmetadata": "om"}))
    assert desk.run(command, "-c", file) == code
    assert ("connections.openmetadata: `om` is an Airflow connection" in desk.err) == (code == 2)
    assert catalogue.requests == []


# --- ingest ---------------------------------------------------------------------------------------------------------


def test_a_run_ends_with_its_numbers_and_exit_code_0(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue, metadata={"topicFilterPattern": {"excludes": [".*2$"]}}))
    assert desk.run("ingest", "-c", file) == 0
    found = numbers(desk.out)
    expected = {"listed": "3", "filtered": "1", "described": "2", "sampled": "2", "written": "2", "failures": "0"}
    assert {label: found[label] for label in expected} == expected
    assert (found["state"], found["success"]) == ("success", "100.0 %")
    assert f"catalogue: {desk.catalogue}" in desk.out.splitlines()
    assert desk.names() == ["stream-00000", "stream-00001"]


def test_the_catalogues_place_is_told_in_full(
    desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is, and whatever rich would take it for; an address is there to be clicked."""
    monkeypatch.setenv("COLUMNS", "80")
    place = desk.folder / "[bold]" / ":key:" / ("long " * 30) / "catalogue.jsonl"
    assert desk.run("ingest", "-c", desk.file(document(kinesis, place))) == 0
    assert f"catalogue: {place}" in desk.out.splitlines()


@pytest.mark.parametrize("terminal", [False, True])
def test_an_address_in_a_problem_is_not_broken(
    terminal: bool, desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the log above the bar nor in the lines below the table."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    address = f"https://docs.example/{'kinesis/' * 20}"
    kinesis.faults = Faults(Rule(aws_error("AccessDeniedException", f"see {address}"), "DescribeStreamSummary"))
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue))) == 1
    assert address in desk.out
    assert address in desk.err


def test_named_streams_are_taken_alone(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("ingest", "-c", file, "--streams", "stream-00002", "stream-00000") == 0
    assert desk.names() == ["stream-00000", "stream-00002"]
    assert desk.run("ingest", "-c", file, "--streams", "stream-00001") == 0
    assert desk.names() == ["stream-00000", "stream-00001", "stream-00002"]
    assert desk.run("ingest", "-c", file, "--streams", "strem") == 1
    assert "failure: strem (list): this account and region list no stream of this name" in desk.out


def test_a_named_stream_that_the_filter_excludes_is_refused_before_any_call(desk: Desk, kinesis: FakeKinesis) -> None:
    """Taken, the next scheduled run would contradict; left out, nobody would be told."""
    pattern = {"excludes": ["stream-.*2"]}
    file = desk.file(document(kinesis, desk.catalogue, metadata={"topicFilterPattern": pattern}))
    assert desk.run("ingest", "-c", file, "--streams", "stream-00001", "stream-00002") == 2
    assert "--streams: the filter of the file excludes `stream-00002`. Leave it out, or change" in desk.err
    assert kinesis.calls() == []
    assert not desk.catalogue.exists()


def test_names_in_the_file_are_found_in_the_environment(
    desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = document(kinesis, desk.catalogue)
    content["source"]["serviceConnection"]["config"]["awsConfig"]["awsAccessKeyId"] = "${SHOP_KEY}"
    monkeypatch.setenv("SHOP_KEY", "AKIASHOP")
    assert desk.run("ingest", "-c", desk.file(content)) == 0
    assert {call.access_key for call in kinesis.calls()} == {"AKIASHOP"}


def test_a_run_says_how_far_it_is_in_lines_where_there_is_no_terminal(desk: Desk, kinesis: FakeKinesis) -> None:
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue))) == 0
    assert desk.err.splitlines()[0] == "listing the streams"
    assert desk.err.splitlines()[-1] == "3 of 3 streams"


def test_a_terminal_gets_a_bar_instead(desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue))) == 0
    assert "3 of 3 streams" not in desk.err
    assert "━" in desk.err


def test_a_failed_run_says_why_and_what_to_do_and_is_exit_code_1(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.faults = Faults(Rule(DENIED, "ListStreams"))
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue))) == 1
    assert numbers(desk.out)["state"] == "failed"
    assert "The run ended early. ListStreams: AWS denies this call" in desk.out
    assert "Allow kinesis:ListStreams" in desk.out
    assert not desk.catalogue.exists()


def test_with_raise_on_error_false_a_failed_run_is_exit_code_0(desk: Desk, kinesis: FakeKinesis) -> None:
    """As with OpenMetadata's own command; the state in the report stays `failed`."""
    kinesis.faults = Faults(Rule(DENIED, "ListStreams"))
    file = desk.file(document(kinesis, desk.catalogue, workflowConfig={"raiseOnError": False}))
    assert desk.run("ingest", "-c", file) == 0
    assert numbers(desk.out)["state"] == "failed"


def test_a_stream_that_fails_is_named_and_does_not_fail_the_run(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.faults = Faults(Rule(DENIED, "DescribeStreamSummary", "stream-00001"))
    file = desk.file(document(kinesis, desk.catalogue, workflowConfig={"successThreshold": 60}))
    assert desk.run("ingest", "-c", file) == 0
    assert numbers(desk.out)["state"] == "partialSuccess"
    assert "failure: stream-00001 (describe): AWS denies this call" in desk.out
    assert desk.names() == ["stream-00000", "stream-00002"]


def test_the_report_is_the_whole_story_as_json(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.faults = Faults(Rule(DENIED, "DescribeStreamSummary", "stream-00001"))
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("ingest", "-c", file, "--report", "report.json") == 1
    report = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert (report["state"], report["listed"], report["written"], report["fatal"]) == ("failed", 3, 2, None)
    [failure] = report["failures"]
    assert (failure["step"], failure["entity"]) == ("describe", "stream-00001")
    assert "kinesis:DescribeStreamSummary" in failure["remedy"]


@pytest.mark.parametrize(
    "run_id", [{}, {"pipelineRunId": "8d3c0e5c-9a3e-4b8f-8d0a-0f6f7b3f6f11"}], ids=["new", "given"]
)
def test_a_pipeline_named_in_the_file_is_told_how_the_run_went(
    desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata, run_id: dict[str, str]
) -> None:
    content = document(kinesis, catalogue) | {"ingestionPipelineFQN": "shop.nightly", **run_id}
    assert desk.run("ingest", "-c", desk.file(content)) == 0
    [(told_id, status)] = catalogue.statuses["shop.nightly"].items()
    assert status["pipelineState"] == "success"
    assert told_id == run_id.get("pipelineRunId", told_id)


@pytest.mark.parametrize("place", ["gone/report.json", ".", "/proc/report.json", "x" * 300, "shop.yaml/report.json"])
def test_a_report_that_cannot_be_written_is_told_before_the_run(desk: Desk, kinesis: FakeKinesis, place: str) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("ingest", "-c", file, "--report", place) == 2
    assert desk.err.startswith(f"{place}: the report cannot be written: ")
    assert kinesis.calls() == []


@pytest.mark.parametrize("place", ["catalogue.jsonl", "./catalogue.jsonl", "shop.yaml", "linked.yaml"])
def test_a_report_replaces_neither_the_catalogue_nor_the_workflow(desk: Desk, kinesis: FakeKinesis, place: str) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    Path("linked.yaml").hardlink_to(file)
    before = Path(file).read_bytes()
    assert desk.run("ingest", "-c", file, "--report", place) == 2
    assert "another name" in desk.err
    assert Path(file).read_bytes() == before
    assert kinesis.calls() == []


def test_a_report_replaces_the_one_before(desk: Desk, kinesis: FakeKinesis) -> None:
    Path("report.json").write_text("x" * 10_000)
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue)), "--report", "report.json") == 0
    assert json.loads(Path("report.json").read_text())["state"] == "success"


def test_a_report_that_finds_no_room_costs_neither_the_run_nor_its_table(desk: Desk, kinesis: FakeKinesis) -> None:
    assert desk.run("ingest", "-c", desk.file(document(kinesis, desk.catalogue)), "--report", "/dev/full") == 1
    assert numbers(desk.out)["state"] == "success"
    assert "/dev/full: No space left" in desk.err
    assert len(desk.names()) == 3


@pytest.mark.parametrize(
    ("in_file", "option", "loud"),
    [
        ("INFO", [], False),
        ("DEBUG", [], True),
        ("INFO", ["--log-level", "DEBUG"], True),
        ("DEBUG", ["--log-level", "WARN"], False),
    ],
)
def test_the_debug_log_shows_every_call_and_is_a_switch_in_the_file_and_on_the_command_line(
    desk: Desk, kinesis: FakeKinesis, in_file: str, option: list[str], loud: bool
) -> None:
    file = desk.file(document(kinesis, desk.catalogue, workflowConfig={"loggerLevel": in_file}))
    assert desk.run("ingest", "-c", file, *option) == 0
    assert ("DescribeStreamSummary stream-00001" in desk.err) == loud


def test_no_secret_is_printed_even_by_the_debug_log(
    desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    content = document(kinesis, catalogue, token="the-tokens-secret", server={"extraHeaders": {"X-Key": "the-header"}})
    file = desk.file(content)
    for command in (["ingest", "-c", file, "--log-level", "DEBUG"], ["test-connection", "-c", file]):
        assert desk.run(*command) == 1
        printed = desk.out + desk.err
        assert not any(secret in printed for secret in ("the-tokens-secret", "the-header", "fake-secret", "AKIAFAKE"))


@pytest.mark.parametrize(
    "command", [["list"], ["sample", "stream-00000"], ["test-connection"]], ids=lambda each: each[0]
)
def test_a_warning_shows_what_came_from_the_environment_by_its_name(
    desk: Desk, kinesis: FakeKinesis, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a service that is waited for, which is told before the command has its error."""
    content = document(kinesis, desk.catalogue)
    content["source"]["serviceConnection"]["config"]["awsConfig"]["endPointURL"] = "http://${MY_SECRET}:9"
    monkeypatch.setenv("MY_SECRET", "S3cr3t-Host.invalid")
    assert desk.run(*command, "-c", desk.file(content)) == 1
    assert "Trying again" in desk.err
    assert "s3cr3t" not in (desk.out + desk.err).lower()


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_ends_in_order_and_the_catalogue_stays_as_it_was(
    desk: Desk, kinesis: FakeKinesis, sent: signal.Signals
) -> None:
    """Also while AWS does not answer: ended within seconds, told as `stopped`, exit code 1, nothing half written."""
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("ingest", "-c", file) == 0
    before = desk.catalogue.read_bytes()
    kinesis.requests.clear()
    kinesis.faults = Faults(Rule(Fault.never(), "DescribeStreamSummary", "stream-00002"))
    command = [*COMMAND, "ingest", "-c", file, "--report", "report.json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        wait_until(lambda: bool(kinesis.calls("DescribeStreamSummary", "stream-00002")), 30)
        running.send_signal(sent)
        out, err = running.communicate(timeout=10)
    assert running.returncode == 1
    assert "Traceback" not in err
    assert numbers(out)["state"] == "stopped"
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["state"] == "stopped"
    assert desk.catalogue.read_bytes() == before
    assert sorted(os.listdir()) == ["catalogue.jsonl", "report.json", "shop.yaml"]


@pytest.mark.parametrize("path", [".", "/", "x" * 300, "shop.yaml/catalogue.jsonl"])
def test_a_path_that_is_no_catalogues_is_a_failed_run_and_no_traceback(
    desk: Desk, kinesis: FakeKinesis, path: str
) -> None:
    content = document(kinesis, desk.catalogue)
    content["sink"]["config"]["path"] = path
    assert desk.run("ingest", "-c", desk.file(content)) == 1
    assert "the catalogue cannot be written" in desk.out
    assert os.listdir() == ["shop.yaml"]


@pytest.mark.parametrize(
    "argv",
    [
        ["validate", "x" * 300],
        ["validate", "folder/" + "x" * 300],
        ["deploy", "x" * 300 + ".yaml", "folder"],
        ["deploy", "shop.yaml", "x" * 300],
        ["deploy", "shop.yaml", "shop.yaml"],
        ["undeploy", "shop", "x" * 300],
        ["list", "-c", "x" * 300],
    ],
    ids=" ".join,
)
def test_a_path_that_the_system_does_not_take_is_a_line_and_no_traceback(
    desk: Desk, kinesis: FakeKinesis, argv: list[str]
) -> None:
    desk.file(document(kinesis, desk.catalogue))
    assert desk.run(*argv) in (1, 2)
    assert len((desk.out + desk.err).splitlines()) <= 2


ENDS = {"stdout to a full disk": "1>/dev/full", "stderr to a full disk": "2>/dev/full", "stdout closed": "1>&-"}


@pytest.mark.parametrize("end", [*ENDS.values(), "2>&-"], ids=[*ENDS, "stderr closed"])
@pytest.mark.parametrize("command", ["ingest -c shop.yaml", "schema", "validate gone.yaml", "list -c gone.yaml"])
def test_an_output_that_cannot_be_written_is_no_traceback(
    desk: Desk, kinesis: FakeKinesis, command: str, end: str
) -> None:
    """Nor Python's own exit code 120 for what it could not flush."""
    desk.file(document(kinesis, desk.catalogue))
    line = f"{shlex.join(COMMAND)} {command} {end}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    if end == "1>/dev/full" and "gone" not in command:
        assert (done.returncode, "No space left" in done.stderr) == (1, True)


@pytest.mark.parametrize("argv", [["policy"], ["schema"], ["validate", "shop.yaml"]])
def test_a_reader_that_leaves_is_no_error(desk: Desk, argv: list[str]) -> None:
    """`kinesis-ingest schema | head -1`; whether the output fits into a pipe or not."""
    desk.file("a: 1")
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [*COMMAND, *argv], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60, env=buffered
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


# --- validate -------------------------------------------------------------------------------------------------------


def test_a_good_file_is_told_to_be_one(desk: Desk, kinesis: FakeKinesis) -> None:
    desk.file(document(kinesis, desk.catalogue))
    assert desk.run("validate", "shop.yaml") == 0
    assert desk.out.splitlines()[-1] == "shop.yaml: ok"


def test_all_faults_of_all_files_of_a_folder_are_told(desk: Desk) -> None:
    desk.file("a: 1\n", "flows/a.yaml")
    desk.file("b: [1\n", "flows/b.yaml")
    assert desk.run("validate", "flows") == 2
    assert "flows/a.yaml:1:1: a: the key `a` is unknown" in desk.out
    assert "flows/a.yaml:1:1: source: `source` is missing" in desk.out
    assert "flows/b.yaml:1:4: this is not valid YAML" in desk.out
    assert ": ok" not in desk.out
    assert desk.err == ""


def test_a_report_in_a_folder_of_workflows_is_not_judged_as_one(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue), "flows/shop.yaml")
    assert desk.run("ingest", "-c", file, "--report", "flows/report.json") == 0
    desk.file("{}", "flows/other.json")
    assert desk.run("validate", "flows") == 2
    assert "report.json" not in desk.out
    assert "flows/other.json" in desk.out
    assert "flows/shop.yaml: ok" in desk.out


def test_a_name_that_two_files_claim_is_told_on_both_of_them(desk: Desk, kinesis: FakeKinesis) -> None:
    for name in ("flows/a.yaml", "flows/b.yaml"):
        desk.file(document(kinesis, desk.catalogue, name="shop"), name)
    assert desk.run("validate", "flows") == 2
    assert "name: `shop` is also the name of flows/b.yaml" in desk.out
    assert "name: `shop` is also the name of flows/a.yaml" in desk.out


def test_a_secret_in_a_file_is_a_warning_and_no_fault(desk: Desk, kinesis: FakeKinesis) -> None:
    desk.file(document(kinesis, desk.catalogue))
    assert desk.run("validate", "shop.yaml") == 0
    assert "warning: shop.yaml:1:" in desk.out
    assert "fake-secret" not in desk.out


def test_faults_are_there_as_json_for_other_tools(desk: Desk) -> None:
    desk.file("source: 1\n")
    assert desk.run("validate", "--format", "json", "shop.yaml") == 2
    [result] = json.loads(desk.out)
    assert result["file"] == "shop.yaml"
    assert {"file", "line", "column", "path", "problem", "remedy"} == result["faults"][0].keys()


# --- list, sample ---------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_every_stream_and_the_pattern_that_decided(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.add(FakeStream("orders"), FakeStream("orders.test"))
    pattern = {"includes": ["orders", ".*1$"], "excludes": [".*test"]}
    file = desk.file(document(kinesis, desk.catalogue, metadata={"topicFilterPattern": pattern}))
    assert desk.run("list", "-c", file) == 0
    assert desk.out.splitlines() == [
        "kept      orders  (includes orders)",
        "filtered  orders.test  (excludes .*test)",
        "filtered  stream-00000  (no include matches)",
        "kept      stream-00001  (includes .*1$)",
        "filtered  stream-00002  (no include matches)",
    ]
    assert desk.err.splitlines() == ["2 kept, 3 filtered"]
    assert {call.operation for call in kinesis.calls()} == {"ListStreams"}
    assert not desk.catalogue.exists()


def test_a_dry_run_that_is_denied_says_so(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.faults = Faults(Rule(DENIED, "ListStreams"))
    assert desk.run("list", "-c", desk.file(document(kinesis, desk.catalogue))) == 1
    assert "Allow kinesis:ListStreams" in desk.err


def test_one_streams_records_are_shown_with_what_is_inferred_from_them(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("sample", "-c", file, "stream-00001") == 0
    assert [json.loads(line)["id"] for line in desk.out.splitlines()] == [0, 1]
    assert "schema, shared by 2 of 2 messages" in desk.err
    assert "amount" in desk.err
    assert not desk.catalogue.exists()


def test_a_sample_is_redacted_on_the_terminal_too(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.add(FakeStream("mail", [FakeShard(records=[FakeRecord(b'{"to": "ann@example.com"}')])]))
    file = desk.file(document(kinesis, desk.catalogue, options={"sample": {"redact": ["email"]}}))
    assert desk.run("sample", "-c", file, "mail") == 0
    assert "ann@example.com" not in desk.out + desk.err
    assert '"to"' in desk.out


EVIL = b'{"name": "\x1b]0;owned\x07\xc2\x9b2J\xe2\x80\xae", "note": "tab\\t"}'


def test_a_record_takes_no_control_of_a_terminal(
    desk: Desk, kinesis: FakeKinesis, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinesis.add(FakeStream("evil", [FakeShard(records=[FakeRecord(EVIL)])]))
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("sample", "-c", file, "evil") == 0
    assert desk.out.encode() == EVIL + b"\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert desk.run("sample", "-c", file, "evil") == 0
    assert desk.out == r'{"name": "\x1b]0;owned\x07\x9b2J\u202e", "note": "tab\t"}' + "\n"


def test_a_record_is_shown_in_a_locale_that_lacks_its_letters(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.add(FakeStream("uni", [FakeShard(records=[FakeRecord('{"name": "\u65e5"}'.encode())])]))
    command = [*COMMAND, "sample", "-c", desk.file(document(kinesis, desk.catalogue)), "uni"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
    assert (done.returncode, done.stdout) == (0, '{"name": "\\u65e5"}\n')


def test_a_stream_without_records_says_that_it_has_none(desk: Desk, kinesis: FakeKinesis) -> None:
    kinesis.add(FakeStream("empty"))
    assert desk.run("sample", "-c", desk.file(document(kinesis, desk.catalogue)), "empty") == 0
    assert (desk.out, desk.err) == ("", "no record was found in its shard: from the horizon to now\n")


def test_a_sample_says_where_it_is_from_and_why_there_is_no_more_of_it(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue, options={"sample": {"count": 1}}))
    assert desk.run("sample", "-c", file, "stream-00001") == 0
    assert re.search(
        r"^1 record of its open shard, read since \S+ \S+ UTC; no more: `options.sample.count` is 1$", desk.err, re.M
    )


def test_a_stream_that_is_not_there_is_told_with_names_like_it(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    assert desk.run("sample", "-c", file, "Stream-0001") == 1
    assert "Stream-0001: there is no stream of this name in us-east-1" in desk.err
    assert "Did you mean `stream-00001` or `stream-000" in desk.err
    kinesis.faults = Faults(Rule(DENIED, "ListStreams"))
    assert desk.run("sample", "-c", file, "gone") == 1
    assert "gone: there is no stream of this name in us-east-1" in desk.err


@pytest.mark.parametrize("name", ["-orders", "--config-orders", "-c1", "-"])
def test_a_name_may_begin_with_a_dash(desk: Desk, kinesis: FakeKinesis, name: str) -> None:
    """Kinesis allows it. `--` before it does, too."""
    kinesis.add(FakeStream(name, [FakeShard(records=[FakeRecord(b"mine")])]))
    file = desk.file(document(kinesis, desk.catalogue))
    for arguments in (["-c", file, name], [name, "-c", file], ["--config", file, name], [f"-c{file}", "--", name]):
        assert desk.run("sample", *arguments) == 0
        assert desk.out == "mine\n"


def test_the_file_may_stand_right_behind_its_flag(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue))
    for flag in (f"-c{file}", f"--config={file}", f"--conf={file}"):
        assert desk.run("sample", flag, "stream-00001") == 0


# --- test-connection ------------------------------------------------------------------------------------------------

SERVER = [f"OpenMetadata {what}" for what in ("reachable", "token", "service", "topics", "samples", "pipelines")]
STEPS = ["AWS credentials", *KINESIS, *SERVER]


def steps(out: str) -> dict[str, str]:
    """Step -> passed, failed or skipped."""
    found = {}
    for line in out.splitlines():
        status, name = line[:9].strip(), line[9:].partition(":")[0]
        if status:
            found[name] = status
    return found


def test_a_connection_that_works_passes_every_step_and_stores_nothing(
    desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    assert desk.run("test-connection", "-c", desk.file(document(kinesis, catalogue))) == 0
    assert steps(desk.out) == dict.fromkeys(STEPS, "passed")
    assert catalogue.services == {}
    assert kinesis.violations == []


@pytest.mark.parametrize("denied", KINESIS)
def test_a_call_that_is_denied_is_named_with_the_action_to_allow(
    desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata, denied: str
) -> None:
    kinesis.faults = Faults(Rule(DENIED, denied))
    assert desk.run("test-connection", "-c", desk.file(document(kinesis, catalogue))) == 1
    found = steps(desk.out)
    assert [step for step, status in found.items() if status == "failed"] == [denied]
    assert f"Allow kinesis:{denied} (`kinesis-ingest policy`)" in desk.out
    needed = {"ListStreams": KINESIS[1:], "ListShards": KINESIS[3:], "GetShardIterator": KINESIS[4:]}.get(denied, ())
    assert tuple(step for step, status in found.items() if status == "skipped") == needed


def test_without_credentials_the_calls_are_not_tried(desk: Desk, kinesis: FakeKinesis) -> None:
    content = document(kinesis, desk.catalogue)
    content["source"]["serviceConnection"]["config"]["awsConfig"] = {"awsRegion": "us-east-1"}
    assert desk.run("test-connection", "-c", desk.file(content)) == 1
    assert steps(desk.out) == {
        "AWS credentials": "failed",
        **dict.fromkeys([*KINESIS, *SERVER], "skipped"),
    }


def test_calls_for_samples_are_not_tried_where_none_are_wanted(desk: Desk, kinesis: FakeKinesis) -> None:
    file = desk.file(document(kinesis, desk.catalogue, metadata={"generateSampleData": False}))
    assert desk.run("test-connection", "-c", file) == 0
    assert [steps(desk.out)[call] for call in KINESIS] == ["passed", "passed", "skipped", "skipped", "skipped"]
    assert {call.operation for call in kinesis.calls()} == {"ListStreams", "DescribeStreamSummary"}


def test_a_wrong_token_is_told_as_one(desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    assert desk.run("test-connection", "-c", desk.file(document(kinesis, catalogue, token="stale"))) == 1
    assert (steps(desk.out)["OpenMetadata reachable"], steps(desk.out)["OpenMetadata token"]) == ("passed", "failed")
    assert "Copy a fresh token" in desk.out


def test_an_address_without_api_is_told_as_one(desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata) -> None:
    file = desk.file(document(kinesis, catalogue, server={"hostPort": catalogue.url}))
    assert desk.run("test-connection", "-c", file) == 1
    assert (steps(desk.out)["OpenMetadata reachable"], steps(desk.out)["OpenMetadata token"]) == ("failed", "skipped")
    assert "`hostPort` must end in /api" in desk.out


# --- policy, schema, demo -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flags", "options"), [([], {}), (["--kms"], {"kms": True}), (["--glue"], {"glue": True})])
def test_the_policy_is_json_to_paste(desk: Desk, flags: list[str], options: dict[str, bool]) -> None:
    assert desk.run("policy", *flags) == 0
    assert json.loads(desk.out) == policy(**options)


def test_the_policy_of_a_file_is_exactly_what_its_parts_call(desk: Desk, kinesis: FakeKinesis) -> None:
    lineage = {"readers": ["firehose", "pipes"], "writers": ["pipes"]}
    options = {"tags": {"enabled": True}, "lineage": lineage, "schemaRegistry": {"streams": {"a": {}}}}
    file = desk.file(document(kinesis, desk.catalogue, options=options, metadata={"generateSampleData": False}))
    assert desk.run("policy", "-c", file) == 0
    assert {each["Sid"]: each["Action"] for each in json.loads(desk.out)["Statement"]} == {
        "KinesisPolicy": ["kinesis:ListStreams", "kinesis:DescribeStreamSummary"],
        "KinesisTags": ["tag:GetResources"],
        "KinesisLineage": ["firehose:ListDeliveryStreams", "firehose:DescribeDeliveryStream", "pipes:ListPipes"],
        "KinesisSchemas": ["glue:GetSchemaVersion"],
    }


def test_events_prints_what_aws_must_be_told_for_the_queue_of_a_file(desk: Desk, kinesis: FakeKinesis) -> None:
    """In whole, or the part that one command of `aws` takes."""
    events = {"queueUrl": "https://sqs.us-east-2.amazonaws.com/123456789012/kinesis"}
    file = desk.file(document(kinesis, desk.catalogue, airflowConfig={"events": events}))
    assert desk.run("events", "-c", file) == 0
    whole = json.loads(desk.out)
    for part in ("rule", "targets", "queue", "iam"):
        assert desk.run("events", "-c", file, "--part", part) == 0
        assert json.loads(desk.out) == whole[part]
    assert desk.run("events", "-c", desk.file(document(kinesis, desk.catalogue))) == 2
    assert "this file names no queue" in desk.err
    assert "airflowConfig.events.queueUrl" in desk.err


def test_flows_of_a_file_that_asks_for_none_say_so_and_write_nothing(desk: Desk, kinesis: FakeKinesis) -> None:
    assert desk.run("flows", "-c", desk.file(document(kinesis, desk.catalogue))) == 0
    assert len(desk.out.splitlines()) == 3
    assert "add `options.lineage.readers` or `writers`" in desk.err
    assert not desk.catalogue.exists()


def test_the_schema_is_one_that_editors_read(desk: Desk, kinesis: FakeKinesis) -> None:
    assert desk.run("schema") == 0
    schema = json.loads(desk.out)
    Draft202012Validator.check_schema(schema)
    content = document(kinesis, desk.catalogue)
    assert Draft202012Validator(schema).is_valid(content)
    assert not Draft202012Validator(schema).is_valid(content | {"sinks": {}})


# --- deploy and OpenMetadata ----------------------------------------------------------------------------------------


def test_a_deployed_pipeline_is_in_openmetadata_before_its_first_run(
    desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    file = desk.file(document(kinesis, catalogue))
    for _ in range(2):
        assert desk.run("deploy", file, "workflows", "--create") == 0
        assert desk.err == ""
    assert set(catalogue.pipelines) == {"shop.shop"}
    assert catalogue.statuses == {}


@pytest.mark.parametrize("token", ["${NO_SUCH_TOKEN}", "wrong"])
def test_a_file_is_deployed_whatever_openmetadata_says(
    token: str, desk: Desk, kinesis: FakeKinesis, catalogue: FakeOpenMetadata
) -> None:
    """A warning says why its pipeline is not shown there yet."""
    file = desk.file(document(kinesis, catalogue, token=token))
    assert desk.run("deploy", file, "workflows", "--create") == 0
    assert (desk.folder / "workflows" / "shop.yaml").exists()
    assert "warning: OpenMetadata shows this pipeline from its first run on. " in desk.err
    assert ("NO_SUCH_TOKEN" if "$" in token else "token") in desk.err
    assert catalogue.pipelines == {}


def test_a_pipeline_into_a_file_asks_no_server_when_it_is_deployed(desk: Desk, kinesis: FakeKinesis) -> None:
    assert desk.run("deploy", desk.file(document(kinesis, desk.catalogue)), "workflows", "--create") == 0
    assert desk.err == ""
