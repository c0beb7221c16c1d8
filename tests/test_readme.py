"""What the README and docs/ say is what the code does."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from airflow_kinesis_ingest.cli import build_parser, field_tree
from airflow_kinesis_ingest.demo.run import streams
from airflow_kinesis_ingest.engine.aws.policy import policy
from airflow_kinesis_ingest.engine.records.decode import decode
from airflow_kinesis_ingest.engine.records.schema import infer
from airflow_kinesis_ingest.engine.workflow.loading import loads
from airflow_kinesis_ingest.engine.workflow.targets import each_target
from tests.field_table import PAGE, field_table, with_table

README = Path(__file__).parents[1] / "README.md"


def test_the_field_table_is_made_from_the_models() -> None:
    """Every field with an effect stands in docs/workflow-file.md with its default and meaning; nothing else does."""
    assert PAGE.read_text(encoding="utf-8") == with_table(PAGE.read_text(encoding="utf-8"), field_table()), "make docs"


def test_a_field_that_the_page_lacks_is_seen() -> None:
    """The rest of the page stays; its table is the models'."""
    page = "# Fields\n\n| field | default | meaning |\n|---|---|---|\n| `old` | | |\n\nThe end.\n"
    assert with_table(page, field_table()) == f"# Fields\n\n{field_table()}\nThe end.\n"
    assert "| `options.quota` | `0.9` |" in field_table()


def test_the_policy_is_the_one_that_the_command_prints() -> None:
    """The README's actions are those of `kinesis-ingest policy`, in its order."""
    section = README.read_text(encoding="utf-8").partition("## IAM policy")[2].partition("\n## ")[0]
    assert re.findall(r"`(kinesis:\w+)`", section) == policy()["Statement"][0]["Action"]


def test_the_workflow_in_the_readme_is_valid() -> None:
    """A reader who copies the example gets a pipeline."""
    block = re.search(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert loads(block[1].encode(), "README.yaml").name == "orders_kinesis"


def test_one_file_for_20_accounts_and_15_regions_is_shown() -> None:
    """What the README adds to its workflow makes 300 targets of it, each with a service of its own."""
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    targets = each_target(loads("".join(blocks[:2]).encode(), "README.yaml"))
    assert len({target.account for target in targets}) == 20
    assert len({target.region for target in targets}) == 15
    assert len({target.workflow.source.service_name for target in targets}) == len(targets) == 300


def test_the_targets_in_the_documentation_are_valid() -> None:
    block = re.search(r"## Targets\n.*?```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    workflow = loads(block[1].encode(), "targets.yaml")
    assert {target.workflow.source.service_name for target in each_target(workflow)} == {
        "orders_111111111111_us-east-2",
        "orders_111111111111_eu-west-1",
        "orders_222222222222_us-east-2",
        "orders_222222222222_eu-west-1",
        "orders_india",
        "orders_444444444444_us-gov-west-1",
    }


def test_every_command_is_in_the_readme_and_the_other_way_round() -> None:
    """The table of commands lists what the parser has."""
    listed = set(re.findall(r"^\| `kinesis-ingest ([a-z-]+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    actions = [action for action in build_parser()._actions if action.metavar == "COMMAND"]
    assert actions[0].choices is not None
    assert listed == set(actions[0].choices) - {"undeploy"}


def test_the_topic_in_the_readme_is_the_demos() -> None:
    """The message and the fields are what the demo's stream `orders` really gives."""
    messages = [message for payload in streams()["orders"] for message in decode(payload)]
    schema = infer(messages, name="orders")
    assert schema
    shown = Console(width=80, file=StringIO())
    shown.print(field_tree(schema))
    assert isinstance(shown.file, StringIO)
    tree = "\n".join(line.rstrip() for line in shown.file.getvalue().splitlines())
    assert f"{messages[0].text}\n\n{tree}\n" in README.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_are_targets_of_the_makefile(target: str) -> None:
    """`make demo` and `make test` exist; `.ci/run` runs both."""
    root = README.parent
    assert re.search(rf"^{target}:", (root / "Makefile").read_text(), re.MULTILINE)
    assert f"make {target}" in (root / ".ci" / "run").read_text()


def test_the_numbers_of_the_readme_are_among_the_measured() -> None:
    """What it says of speed stands in the tables of docs/measured.md."""
    section = README.read_text(encoding="utf-8").partition("## Measured")[2].partition("\n## ")[0]
    measured = (README.parent / "docs" / "measured.md").read_text(encoding="utf-8")
    named = re.findall(r"\d[\d,]*(?:\.\d+)?(?: s\b)?", section)
    assert len(named) >= 6
    assert [number for number in named if f"| {number} |" not in measured] == []


def test_what_the_readme_says_of_rolling_runs_is_measured() -> None:
    """Each row holds the times of as many streams, as docs/measured.md has them in one row."""
    row = re.compile(r"^\| ([\d,]+) \| (.*) \|$", re.MULTILINE)
    shown = row.findall(README.read_text(encoding="utf-8").partition("## Measured")[2])
    measured = (README.parent / "docs" / "measured.md").read_text(encoding="utf-8")
    table = measured.partition("`options.refresh: rolling`")[2].partition("\n\n|")[2].partition("\n\n")[0]
    rows = dict(row.findall(table))
    assert [count for count, _ in shown] == ["1,000", "10,000", "50,000"]
    for count, cells in shown:
        full, _, rolling, described, *_, serial = rows[count].split(" | ")
        assert cells.split(" | ") == [serial, full, rolling, described]


def test_what_the_readme_links_to_exists() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert {"docs/workflow-file.md", "docs/measured.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(targets)
    assert [target for target in targets if not (README.parent / target).exists()] == []


def test_the_readmes_pictures_exist_and_are_small() -> None:
    """`make screenshots` writes them; a first screen of a page is no place for megabytes."""
    text = README.read_text(encoding="utf-8")
    pictures = [README.parent / source for source in re.findall(r'<img alt="[^"]{10,}" src="([^"]+)"', text)]
    assert len(pictures) == text.count("<img ") == 2
    assert [picture.name for picture in pictures if picture.stat().st_size > 150_000] == []


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150
