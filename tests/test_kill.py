"""kill -9 at any moment of a real run, then run again: the catalogue is that of an undisturbed run.

The moment is a request: the n-th that the run sends to either server, n drawn from the seed in the test's id.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import RunReport
from airflow_kinesis_ingest.engine.run import pipeline
from tests.builders import document, under_real_names, workflow
from tests.fakes.kinesis import FakeKinesis, json_streams
from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Fault, Faults, Recorded, Rule

pytestmark = pytest.mark.usefixtures("quick")

Entity = dict[str, Any]
SEEDS = range(5)


class Killer:
    """Kills a process with SIGKILL when the n-th request arrives, at whichever server it is asked to watch."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.seen = 0
        self.victim: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def __call__(self, _: Recorded) -> bool:
        with self._lock:
            self.seen += 1
            now = self.seen == self.nth
        if now and self.victim:
            self.victim.kill()
            self.victim.wait(10)
        return now


class World:
    """An account and a catalogue, in OpenMetadata or in a file, as an earlier run left it."""

    def __init__(self, aws: FakeKinesis, to: FakeOpenMetadata | Path) -> None:
        self.aws = aws
        self.to = to
        self.aws.add(*json_streams(6, 2), *json_streams(2, 2, prefix="gone"), *json_streams(2, 2, prefix="a.dotted"))
        self.run()
        if isinstance(to, FakeOpenMetadata):
            for name in ("a.dotted-00000", "a.dotted-00001"):
                under_real_names(to.topic("shop", name))
        self.aws.add(*json_streams(3, 3, retention_hours=48), *json_streams(2, 2, prefix="fresh"))
        self.aws.remove("gone-00000", "gone-00001")

    def run(self) -> RunReport:
        return pipeline.run(workflow(self.aws, self.to))

    def watch(self, killer: Killer, fault: Fault) -> None:
        for server in (self.aws, self.to):
            if not isinstance(server, Path):
                server.faults = Faults(Rule(fault, target=killer))

    def requests(self) -> int:
        """So far, to both servers."""
        return len(self.aws.requests) + (0 if isinstance(self.to, Path) else len(self.to.requests))

    def catalogue(self) -> dict[str, Entity]:
        """All that is in it but ids, versions and times."""
        if isinstance(self.to, Path):
            return {entity["name"]: entity for entity in map(json.loads, self.to.read_text().splitlines())}
        return {name: _settled(entity) for name, entity in self.to.topics.items()}


def _settled(entity: Entity) -> Entity:
    return {key: value for key, value in entity.items() if key not in ("id", "version", "updatedAt", "href", "service")}


@contextmanager
def world(sink: str, folder: Path) -> Iterator[World]:
    with ExitStack() as stack:
        aws = stack.enter_context(FakeKinesis(quotas={}, streams_page=4))
        to = folder / "catalogue.jsonl" if sink == "file" else stack.enter_context(FakeOpenMetadata())
        yield World(aws, to)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Entity], int]]:
    """By sink: the catalogue after a run that nobody kills, and the requests that run sends."""
    found = {}
    for sink in ("metadata-rest", "file"):
        with world(sink, tmp_path_factory.mktemp("undisturbed")) as made:
            before = made.requests()
            assert made.run().state == "success"
            found[sink] = (made.catalogue(), made.requests() - before)
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sink", ["metadata-rest", "file"])
def test_a_killed_run_is_made_good_by_the_next(
    sink: str, seed: int, undisturbed: dict[str, tuple[dict[str, Entity], int]], tmp_path: Path
) -> None:
    expected, requests = undisturbed[sink]
    draw = random.Random(seed)
    killer = Killer(draw.randint(1, requests))
    fault = draw.choice([Fault.lost_answer(), Fault.reset()])
    with world(sink, tmp_path) as made:
        old = made.to.read_bytes() if isinstance(made.to, Path) else b""
        file = tmp_path / "shop.json"
        file.write_text(json.dumps(document(made.aws, made.to)))
        made.watch(killer, fault)
        command = [sys.executable, "-m", "airflow_kinesis_ingest.cli", "ingest", "-c", str(file)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as victim:
            killer.victim = victim
            assert victim.wait(60) == -signal.SIGKILL
        if isinstance(made.to, Path):
            assert made.to.read_bytes() == old
        made.watch(Killer(0), fault)
        assert made.run().state == "success"
        assert made.catalogue() == expected


def test_a_run_that_nobody_kills_ends_by_itself(
    undisturbed: dict[str, tuple[dict[str, Entity], int]], tmp_path: Path
) -> None:
    """The control: the command does what the run in this process does."""
    with world("metadata-rest", tmp_path) as made:
        file = tmp_path / "shop.json"
        file.write_text(json.dumps(document(made.aws, made.to)))
        command = [sys.executable, "-m", "airflow_kinesis_ingest.cli", "ingest", "-c", str(file)]
        assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
        assert made.catalogue() == undisturbed["metadata-rest"][0]
