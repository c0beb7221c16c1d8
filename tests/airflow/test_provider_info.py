"""What Airflow discovers of this package, and what it costs a process to have it installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.plugins_manager import AirflowPlugin

from airflow_kinesis_ingest.engine.workflow.models import AwsConfig
from airflow_kinesis_ingest.engine.workflow.providers import PROVIDERS
from airflow_kinesis_ingest.hooks.kinesis import KinesisHook
from airflow_kinesis_ingest.hooks.openmetadata import EXTRA, OF_PROVIDERS, OpenMetadataHook
from airflow_kinesis_ingest.provider_info import get_provider_info
from airflow_kinesis_ingest.timetable import CronBetweenDates, OnDemand
from tests.airflow.conftest import HOME

ROOT = Path(__file__).parents[2]
FORM = ROOT.parent / "shared" / "reference" / "kinesis-connector-ui.md"
WORKFLOW = ROOT / "dags" / "workflows" / "demo.yaml"


def strings(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, (dict, list)):
        for child in node.values() if isinstance(node, dict) else node:
            yield from strings(child)


def resolved(path: str) -> Any:
    """The module or attribute that a dotted path names."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except AttributeError:
        return import_module(path)


SCHEMA = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())


def test_it_is_what_airflow_expects_of_a_provider() -> None:
    jsonschema.validate(get_provider_info(), SCHEMA)


def test_every_name_in_it_exists() -> None:
    """A wrong one costs a warning in every Airflow process, and the feature."""
    paths = [text for text in strings(get_provider_info()) if text.startswith("airflow_kinesis_ingest.")]
    assert len(paths) > 7
    for path in paths:
        resolved(path)


def test_the_forms_have_every_field_that_the_hooks_read() -> None:
    kinesis, openmetadata = get_provider_info()["connection-types"]
    standard = {"awsAccessKeyId", "awsSecretAccessKey"}  # login and password
    fields = {info.alias for info in AwsConfig.model_fields.values()} - {"enabled"}
    assert set(kinesis["conn-fields"]) == fields - standard
    assert (kinesis["connection-type"], kinesis["hook-name"]) == (KinesisHook.conn_type, KinesisHook.hook_name)
    assert tuple(openmetadata["conn-fields"]) == EXTRA
    assert openmetadata["conn-fields"]["authProvider"]["schema"]["enum"] == list(PROVIDERS)
    of_providers = {field for takes in PROVIDERS.values() for field in takes.fields if field != takes.secret}
    assert {*OF_PROVIDERS, "clientId"} == of_providers, "login is the client's id, password its secret"
    assert (openmetadata["connection-type"], openmetadata["hook-name"]) == (
        OpenMetadataHook.conn_type,
        OpenMetadataHook.hook_name,
    )


def test_the_forms_ask_for_a_port() -> None:
    """Airflow's Test button sends 0 for none, which its API takes for another server: "Bad Request"."""
    for form in get_provider_info()["connection-types"]:
        behaviour = form["ui-field-behaviour"]
        assert "port" not in behaviour["hidden-fields"]
        assert "Airflow's Test fails" in behaviour["placeholders"]["port"]


def test_each_type_is_found_by_its_own_name() -> None:
    """Who types "openmetadata" in the chooser is not offered Kinesis."""
    names = [form["hook-name"] for form in get_provider_info()["connection-types"]]
    assert [name for name in names if "openmetadata" in name.lower()] == [OpenMetadataHook.hook_name]


@pytest.mark.skipif(not FORM.exists(), reason="the reference documentation is not beside the repository")
def test_the_kinesis_form_has_the_labels_of_openmetadatas() -> None:
    """People fill it in with the connector's documentation at hand."""
    options = (
        FORM.read_text(encoding="utf-8").partition("#### Connection Options")[2].partition("{% /extraContent %}")[0]
    )
    documented = {label.removesuffix(" (optional)") for label in re.findall(r"\*\*([A-Z].*?)\*\*(?: &|:)", options)}
    kinesis, _ = get_provider_info()["connection-types"]
    ours = [field["label"] for field in kinesis["conn-fields"].values()]
    assert {*ours, *kinesis["ui-field-behaviour"]["relabeling"].values()} == documented


def test_airflow_finds_our_connection_types_links_plugin_and_commands() -> None:
    """In a process of its own, as every Airflow process looks for them, and without a warning."""
    found = json.loads(python("-W", "error:::airflow_kinesis_ingest", "-c", DISCOVER).splitlines()[-1])
    assert found == {
        "provider": True,
        "hooks": [KinesisHook.hook_name, OpenMetadataHook.hook_name],
        "links": ["airflow_kinesis_ingest.links.CatalogueLink", "airflow_kinesis_ingest.links.ConsoleLink"],
        "timetable": True,
        "plugin": 1,
    }


DISCOVER = """
import json
from airflow.providers_manager import ProvidersManager
from airflow import plugins_manager
manager = ProvidersManager()
hooks = manager.hooks
get = getattr(plugins_manager, "_get_plugins", None)
if get is None:
    plugins_manager.ensure_plugins_loaded()
plugins = get()[0] if get else plugins_manager.plugins
timetables = [kind for plugin in plugins for kind in plugin.timetables]
print(json.dumps({
    "provider": "airflow-kinesis-ingest" in manager.providers,
    "hooks": [hooks[name].hook_name for name in ("kinesis", "openmetadata")],
    "links": [name for name in sorted(manager.extra_links_class_names) if "kinesis_ingest" in name],
    "timetable": any(kind.__name__ == "CronBetweenDates" for kind in timetables),
    "plugin": sum(plugin.name == "airflow_kinesis_ingest" for plugin in plugins),
}))
"""


def test_the_plugin_brings_the_timetables() -> None:
    """Without it the api-server cannot read our DAGs."""
    (plugin,) = get_provider_info()["plugins"]
    kind = resolved(plugin["plugin-class"])
    assert issubclass(kind, AirflowPlugin)
    assert kind.timetables == [CronBetweenDates, OnDemand]


@pytest.mark.skipif("cli" not in SCHEMA["properties"], reason="Airflow 3.1 takes no commands from providers")
@pytest.mark.parametrize(
    "arguments", ["validate demo.yaml --format text", "validate broken.yaml", "schema", "policy", "policy --kms --glue"]
)
def test_airflows_command_line_has_the_same_commands(arguments: str, tmp_path: Path) -> None:
    """Same output, same exit code."""
    (tmp_path / "demo.yaml").write_text(WORKFLOW.read_text())
    (tmp_path / "broken.yaml").write_text("source: {}\n")
    captured = CAPTURED | {"cwd": tmp_path}
    ours = subprocess.run([sys.executable, "-m", "airflow_kinesis_ingest.cli", *arguments.split()], **captured)
    command = [sys.executable, "-m", "airflow", "kinesis-ingest", *arguments.split()]
    airflows = subprocess.run(command, **captured)
    assert airflows.returncode == ours.returncode == (2 if "broken" in arguments else 0)
    assert ours.stdout
    assert airflows.stdout.endswith(ours.stdout)


def test_every_command_of_ours_is_there_with_its_options() -> None:
    from airflow_kinesis_ingest.airflow_cli import get_commands
    from airflow_kinesis_ingest.cli import build_parser

    (group,) = get_commands()
    ours = next(action for action in build_parser()._actions if action.metavar == "COMMAND").choices
    assert {command.name for command in group.subcommands} == set(ours or ())
    options = {command.name: [argument.flags for argument in command.args] for command in group.subcommands}
    assert ("-c", "--config") in options["ingest"]
    assert ("--report",) in options["ingest"]
    assert ("paths",) in options["validate"]


CAPTURED: dict[str, Any] = {"capture_output": True, "text": True, "cwd": HOME, "timeout": 60}


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], **CAPTURED)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def test_importing_the_package_does_nothing() -> None:
    """Every Airflow process imports it: no Airflow, no boto3, no thread, no handler, no file, no output."""
    watched = """
import sys, threading, logging
before = set(sys.modules)
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and "w" in str(args[1]) else None)
import airflow_kinesis_ingest
from airflow_kinesis_ingest.provider_info import get_provider_info
get_provider_info()
heavy = {"airflow", "boto3", "botocore", "pydantic", "yaml", "requests", "rich"} & (set(sys.modules) - before)
assert not heavy, heavy
assert threading.active_count() == 1
assert not logging.getLogger("airflow_kinesis_ingest").handlers
assert not [path for path in opened if not str(path).endswith(".pyc") and "pycache" not in str(path)], opened
"""
    assert python("-c", watched) == ""


def test_the_page_is_imported_by_who_serves_it_alone() -> None:
    """Scheduler, dag processor and workers load the plugin for its timetables, and the DAGs: without FastAPI."""
    watched = """
import sys
import airflow_kinesis_ingest.dag_factory, airflow_kinesis_ingest.operators.kinesis
from airflow_kinesis_ingest.plugin import KinesisIngestPlugin
assert KinesisIngestPlugin().timetables
page = [name for name in sys.modules if name == "fastapi" or name.startswith("airflow_kinesis_ingest.page")]
assert not page, page
"""
    assert python("-c", watched) == ""


def test_the_public_names_are_there_when_asked_for() -> None:
    import airflow_kinesis_ingest

    for name in airflow_kinesis_ingest.__all__:
        assert getattr(airflow_kinesis_ingest, name)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = airflow_kinesis_ingest.no_such_name
