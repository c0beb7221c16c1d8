"""What every test may lean on."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import botocore.loaders
import hypothesis
import pytest

from airflow_kinesis_ingest.engine import retry
from airflow_kinesis_ingest.engine.aws import quota, source
from tests.builders import answers_within
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata

# Drawing is slow on a busy machine: that says nothing about the rule. The gate draws the same every time, so that what
# it finds is what the change did; everybody else draws anew.
hypothesis.settings.register_profile(
    "ours",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("ours")

AIRFLOW = [Path(__file__).parent / name for name in ("airflow", "page")]
BROWSER = Path(__file__).parent / "browser"
DISTRIBUTED = Path(__file__).parent / "distributed"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only what needs no Airflow and no server")
    parser.addoption("--browser", action="store_true", help="only what needs Chromium: see tests/browser/install.sh")
    parser.addoption("--distributed", action="store_true", help="also what needs Celery: tests/distributed/install.sh")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    left_out = [
        *(AIRFLOW if config.option.quick else []),
        *([] if config.option.browser else [BROWSER]),
        *([] if config.option.distributed else [DISTRIBUTED]),
    ]
    return True if collection_path in left_out else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.quick:
        config.hook.pytest_deselected(items=[item for item in items if _has_server(item)])
        items[:] = [item for item in items if not _has_server(item)]


def _has_server(item: pytest.Item) -> bool:
    """Its module imports one of the fakes, or asks for a fixture that is one, or looks at one from outside."""
    assert isinstance(item, pytest.Function)
    if item.path.is_relative_to(BROWSER) or item.path.is_relative_to(DISTRIBUTED):
        return True
    origins = {str(getattr(value, "__module__", "")) for value in vars(item.module).values()}
    return not {"aws", "catalogue"}.isdisjoint(item.fixturenames) or any(map(_is_a_fakes, origins))


def _is_a_fakes(module: str) -> bool:
    return module.startswith("tests.fakes.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """`--quick` leaves out what `_has_server` tells, so what that does not tell must not start one, in any run.

    Around all of a test and not a fixture: a server may belong to a fixture of the whole module.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not _has_server(item):
            patch.setattr(socket.socket, "listen", _unexpected)
        if item.config.option.quick:
            patch.setitem(sys.modules, "airflow", None)
        return (yield)


def _unexpected(*_: object) -> NoReturn:
    pytest.fail("This test starts a server and imports none of tests.fakes: `make quick` takes it for one without")


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """Read botocore's service models once per process, not once per client: 0.1 s each."""
    shared = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.loaders, "create_loader", lambda *_: shared)
        yield


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pacing, 10 ms between tries, ample time for an answer: the rules stay, only their numbers change."""
    monkeypatch.setattr(quota, "RATES", {})
    monkeypatch.setattr(source, "SHARD_READS", 1000.0)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.01)
    answers_within(10.0, monkeypatch)


@pytest.fixture(autouse=True)
def _no_aws_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys, profiles nor an instance role of the machine that runs the tests may reach them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """The command line sends the package's log to the terminal; the next test looks for it elsewhere."""
    logger = logging.getLogger("airflow_kinesis_ingest")
    handlers, propagate, level = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture
def aws() -> Iterator[FakeKinesis]:
    """Five streams of three records: stream-00000 to stream-00004."""
    with FakeKinesis(json_streams(5, 3), quotas={}) as running:
        yield running
    assert running.violations == []


@pytest.fixture
def catalogue() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running
    assert running.invalid_bodies == []
