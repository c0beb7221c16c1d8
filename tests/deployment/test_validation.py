"""Checking many files: every fault of every file, and names that two of them claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_kinesis_ingest.deployment.validation import Checked, validate
from airflow_kinesis_ingest.engine.workflow.fence import Fence
from airflow_kinesis_ingest.engine.workflow.spread import spread_line

GOOD = """\
source:
  type: kinesis
  serviceName: orders
  serviceConnection: {config: {type: Kinesis, awsConfig: {awsRegion: us-east-2}}}
  sourceConfig: {config: {type: MessagingMetadata}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("workflows")


def write(file: Path, text: str = GOOD) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def problems(results: list[Checked]) -> list[str]:
    return [str(fault) for result in results for fault in result.faults]


def test_a_good_file_is_known_by_its_pipelines_name(folder: Path) -> None:
    assert validate([write(folder / "orders.yaml")]) == [Checked("workflows/orders.yaml", "orders")]


def test_a_folder_stands_for_all_workflow_files_below_it_in_the_order_of_their_paths(folder: Path) -> None:
    for name in ("b.yml", "a.json", "team/c.yaml", "notes.txt", ".hidden.yaml", ".git/d.yaml"):
        write(folder / name)
    found = [result.file.removeprefix("workflows/") for result in validate([folder])]
    assert found == ["a.json", "b.yml", "team/c.yaml"]


def test_all_faults_of_all_files_are_told(folder: Path) -> None:
    write(folder / "a.yaml", GOOD.replace("us-east-2", "Ohio").replace("serviceName", "serviceNme"))
    write(folder / "b.yaml", "a: [1")
    write(folder / "c.yaml")
    results = validate([folder, folder / "gone.yaml"])
    assert [problem.partition(": ")[0] for problem in problems(results)] == [
        "workflows/a.yaml:1:1",
        "workflows/a.yaml:3:3",
        "workflows/a.yaml:4:70",
        "workflows/b.yaml:1:4",
        "workflows/gone.yaml",
    ]
    assert [result.name for result in results] == ["", "", "c", ""]


def test_a_folder_without_a_workflow_is_a_mistake(folder: Path) -> None:
    write(folder / "notes.txt")
    assert problems(validate([folder])) == [
        "workflows: no workflow file is in this folder. Name a folder with .yaml files"
    ]


def test_a_name_that_two_files_claim_is_told_on_both(folder: Path) -> None:
    write(folder / "a.yaml", "# the orders of one account\nname: orders\n" + GOOD)
    write(folder / "orders.yaml")
    assert problems(validate([folder])) == [
        "workflows/a.yaml:2:7: name: `orders` is also the name of workflows/orders.yaml. Rename one of them",
        "workflows/orders.yaml:1:1: name: `orders` is also the name of workflows/a.yaml. Rename one of them",
    ]


def test_files_with_faults_claim_no_name(folder: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        write(folder / name, "a: [1")
    assert not any("also the name" in problem for problem in problems(validate([folder])))


def test_a_file_that_is_named_twice_does_not_clash_with_itself(folder: Path) -> None:
    file = write(folder / "orders.yaml")
    assert problems(validate([file, folder])) == []


def test_advice_is_no_fault(folder: Path) -> None:
    [result] = validate([write(folder / "orders.yaml", GOOD + "description: ${NAME}\n")])
    assert result.faults == ()
    assert [advice.path for advice in result.advice] == ["description"]


def test_a_notifier_that_only_the_configuration_may_know_is_worth_a_warning(folder: Path) -> None:
    """None where Airflow's configuration is known here, and names it."""
    text = GOOD + "airflowConfig: {onFailure: [{notifier: smpt}, {notifier: pager}, {notifier: apprise}]}\n"
    file = write(folder / "orders.yaml", text)
    [warned] = validate([file])
    assert warned.faults == ()
    assert [(each.path, each.remedy.partition(" `[")[0]) for each in warned.advice] == [
        ("airflowConfig.onFailure[0].notifier", "Did you mean `smtp`?"),
        ("airflowConfig.onFailure[1].notifier", "Write one of smtp, slack, slack-webhook, sns, apprise."),
    ]
    assert "an import error" in warned.advice[1].problem
    fence = Fence.from_environ({"AIRFLOW__KINESIS_INGEST__NOTIFIERS": "pager = company.Pager"})
    [known] = validate([file], fence)
    assert [each.path for each in known.advice] == ["airflowConfig.onFailure[0].notifier"]


def test_a_result_is_plain_data_for_other_tools(folder: Path) -> None:
    [result] = validate([write(folder / "b.yaml", "a: [1")])
    plain = json.loads(json.dumps(result.as_dict()))
    assert plain["file"] == "workflows/b.yaml"
    assert plain["faults"][0]["line"] == 1
    assert plain["faults"][0]["remedy"] == "Check indentation, colons and quotes"


# --- services that two files write -----------------------------------------------------------------------------------


def of(
    account: str | None, region: str, service: str = "orders", sink: str = "{type: file, config: {path: all.jsonl}}"
) -> str:
    text = GOOD.replace("us-east-2", region).replace("orders", service) + f"sink: {sink}\n"
    return text + (f'options: {{account: "{account}"}}\n' if account else "")


def warned(results: list[Checked]) -> set[str]:
    """The files that are told of another one's account or region."""
    return {
        result.file.split("/")[-1] for result in results if any("is also written by" in str(a) for a in result.advice)
    }


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (of("111111111111", "us-east-2"), of("222222222222", "us-east-2"), True),
        (of("111111111111", "us-east-2"), of("111111111111", "eu-west-1"), True),
        (of(None, "us-east-2"), of("111111111111", "eu-west-1"), True),
        (of("111111111111", "us-east-2"), of("111111111111", "us-east-2"), False),
        (of(None, "us-east-2"), of("111111111111", "us-east-2"), False),
        (of("111111111111", "us-east-2"), of("222222222222", "us-east-2", service="other"), False),
        (of("111111111111", "us-east-2"), of("222222222222", "us-east-2", sink="{type: file}"), False),
    ],
)
def test_one_service_from_two_accounts_or_regions_is_said_of_both_files(
    one: str, other: str, said: bool, folder: Path
) -> None:
    """Not where they write one account's in two parts, two catalogues, or where it is not known."""
    write(folder / "a.yaml", one)
    write(folder / "b.yaml", other)
    results = validate([folder])
    assert warned(results) == ({"a.yaml", "b.yaml"} if said else set())
    assert problems(results) == []


def test_a_target_and_a_file_may_write_one_service_too(folder: Path) -> None:
    targets = 'targets: {account: "111111111111", awsRegion: eu-west-1, serviceName: orders}\n'
    write(folder / "a.yaml", of(None, "us-east-2", sink="{type: file}") + targets)
    write(
        folder / "b.yaml",
        of("222222222222", "eu-west-1", sink="{type: file, config: {path: a.111111111111_eu-west-1.catalogue.jsonl}}"),
    )
    (first, second) = validate([folder])
    assert [str(fault) for fault in first.advice] == [
        "workflows/a.yaml:7:10: source.serviceName: `orders` is also written by workflows/b.yaml, from 222222222222 in"
        " eu-west-1. Give each account and region a service of its own: a run writes no topic of another one"
    ]
    assert warned([second]) == {"b.yaml"}


def test_when_a_spread_schedule_runs_is_told(folder: Path) -> None:
    hourly = "airflowConfig: {scheduleInterval: hourly, spread: 3600}\n"
    [moved] = validate([write(folder / "orders.yaml", GOOD + hourly)])
    [plain] = validate([write(folder / "plain.yaml", GOOD)])
    assert moved.cron == spread_line("hourly", moved.name, 3600) != "0 * * * *"
    assert plain.cron == ""
