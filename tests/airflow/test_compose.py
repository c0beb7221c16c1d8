"""The containers of docker-compose.yaml run commands that Airflow has."""

from __future__ import annotations

import shlex

import pytest
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf

from airflow_kinesis_ingest.demo.run import KEYS
from airflow_kinesis_ingest.provider_info import get_provider_info
from tests.demo.test_compose import AIRFLOW, COMPOSE, SERVICES


def test_airflow_commands_exist() -> None:
    """Each Airflow service runs a command that this Airflow has; of Celery's, tests/distributed knows."""
    parser = get_parser()
    for name in set(AIRFLOW) - {"worker"}:
        arguments = parser.parse_args(SERVICES[name]["command"])
        assert callable(arguments.func)


@pytest.mark.parametrize("name", ["scheduler", "dag-processor", "triggerer"])
def test_the_health_checks_of_airflows_jobs_are_commands_it_has(name: str) -> None:
    """With a type of job that it knows: a service that is never healthy says nothing about why."""
    kind, line = SERVICES[name]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    program, *arguments = shlex.split(line.replace("$${HOSTNAME}", "host"))
    found = get_parser().parse_args(arguments)
    assert (program, found.hostname) == ("airflow", "host")
    assert found.job_type.lower() == f"{name.replace('-', '')}job"


def test_the_api_server_is_reached_at_the_port_it_listens_on() -> None:
    """By its own health check, by the tasks, and from this machine."""
    server = SERVICES["api-server"]
    listens = get_parser().parse_args(server["command"]).port
    execution = COMPOSE["x-airflow"]["environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert f"//api-server:{listens}/execution/" in execution
    assert f"//127.0.0.1:{listens}/" in server["healthcheck"]["test"][-1]
    assert [port.split(":")[-1] for port in server["ports"]] == [str(listens)]


def test_every_setting_of_airflow_exists() -> None:
    """AIRFLOW__SECTION__KEY names an option of this Airflow: a misspelt one would be silently ignored."""
    known = {**conf.configuration_description, **get_provider_info()["config"]}  # 3.1 reads ours later
    names = [name for name in COMPOSE["x-airflow"]["environment"] if name.startswith("AIRFLOW__")]
    for name in names:
        if name.startswith("AIRFLOW__CELERY__"):
            continue  # of the provider that tests/distributed has
        _, section, key = name.lower().removesuffix("_cmd").split("__")
        assert key in known[section]["options"] or conf.has_option(section, key), name
        assert not name.endswith("_CMD") or (section, key) in conf.sensitive_config_values, name


def test_the_demos_keys_are_long_enough_to_be_masked() -> None:
    """Of a shorter one, Airflow warns in the log of every run."""
    assert min(map(len, KEYS.values())) >= conf.getint("logging", "min_length_masked_secret")
