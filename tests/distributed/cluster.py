"""A distributed Airflow: PostgreSQL, Redis, one machine of servers and two of workers, each a process with its home.

The machines are addresses of this one. A worker has no database: what it needs, it asks the api-server for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from cryptography.fernet import Fernet

from airflow_kinesis_ingest.demo.standalone import START_LIMIT, Airflow, environment_of, free_port, missing_of, stop_all
from tests.airflow.test_preload import preloading
from tests.distributed.servers import postgres, redis_server

ROOT = Path(__file__).parents[2]
NOWHERE = "postgresql+psycopg2://nobody:nothing@127.0.0.1:9/none"
GIT = "airflow.providers.git.bundles.git.GitDagBundle"
LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
PSYCOPG = "postgresql+psycopg2://airflow@"
USER = ("admin", "a-password-of-the-tests")


@dataclass
class Worker:
    """One machine: a Celery worker, and the server that hands out the logs of its tasks.

    queues: those it serves, between commas. host: its address, by which Airflow knows it. settings: the text of its
    `airflow_local_settings.py`.
    """

    host: str
    queues: str
    home: Path
    environment: Mapping[str, str] = field(repr=False)
    settings: str = field(repr=False)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list, repr=False)

    def start(self) -> None:
        (self.home / "config").mkdir(parents=True, exist_ok=True)
        (self.home / "config" / "airflow_local_settings.py").write_text(self.settings)
        # Its own log server listens on all addresses of a machine: here the two workers' would be one.
        serving = ["uvicorn", "airflow.utils.serve_logs.log_server:get_app", "--factory", "--host", self.host]
        port = self.environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"]
        celery = ["airflow", "celery", "worker", "--queues", self.queues, "--celery-hostname", f"worker@{self.host}"]
        celery += ["--skip-serve-logs", "--without-mingle", "--without-gossip"]
        for line in (celery, [*serving, "--port", port]):
            self.processes.append(started(line, self.home / "worker.log", self.environment))

    def die(self) -> None:
        """As a machine does: nothing that ran on it is told, nothing is left."""
        for process in self.processes:
            parent = psutil.Process(process.pid)
            for child in [*parent.children(recursive=True), parent]:
                with suppress(psutil.NoSuchProcess):
                    child.send_signal(signal.SIGKILL)
            process.wait()
        self.processes.clear()


@dataclass(frozen=True)
class Cluster:
    """workers: by their addresses. environment: of the servers."""

    airflow: Airflow
    workers: dict[str, Worker]
    environment: Mapping[str, str] = field(repr=False)

    def command(self, *words: str) -> str:
        """What an `airflow` command prints, where the servers run."""
        line = [sys.executable, "-m", "airflow", *words]
        done = subprocess.run(line, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def started(line: list[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *line],
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@contextmanager
def cluster(
    folder: Path, dags: Path, repository: Path, queues: Mapping[str, str], extra: Mapping[str, str]
) -> Iterator[Cluster]:
    """Start all of it, and end all of it.

    dags: the folder that all machines see. repository: that of the bundle `git`. queues: of each worker, by its
    address. extra: for every environment.
    """
    home = folder / "servers"
    home.mkdir()
    with ExitStack() as stack:
        servers: list[subprocess.Popen[bytes]] = []
        database, broker = stack.enter_context(postgres()), stack.enter_context(redis_server())
        port = free_port()
        common = environment_of(home, dags, port, _settings(broker, home, repository) | dict(extra))
        central = common | _machine("127.0.0.1", home, f"{PSYCOPG}{database}")
        (home / "passwords.json").write_text(json.dumps(dict([USER])))
        log = home / "standalone.log"
        migrated = started(["airflow", "db", "migrate"], log, central)
        stack.callback(stop_all, migrated)
        assert migrated.wait() == 0, log.read_text()
        workers = {host: _worker(folder / host, host, served, common) for host, served in queues.items()}
        stack.callback(lambda: _stop([*servers, *(each for worker in workers.values() for each in worker.processes)]))
        servers.extend(
            started(["airflow", part], log, central) for part in ("api-server", "scheduler", "dag-processor")
        )
        for worker in workers.values():
            worker.start()
        airflow = Airflow(f"http://127.0.0.1:{port}", home, *USER)
        airflow.wait(lambda: not missing_of(port, ("scheduler", "dag_processor")), "the servers", START_LIMIT)
        yield Cluster(airflow, workers, central)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """All at once: each takes seconds for it."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        stop_all(process)


def _worker(home: Path, host: str, queues: str, common: Mapping[str, str]) -> Worker:
    return Worker(host, queues, home, {**common, **_machine(host, home, NOWHERE)}, preloading("celery"))


def _machine(host: str, home: Path, database: str) -> dict[str, str]:
    """What is a machine's own. By default Airflow clones bundles into a folder below /tmp, for all runs the same."""
    return {
        "MACHINE": host,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
    }


def _settings(broker: str, home: Path, repository: Path) -> dict[str, str]:
    bundles: list[dict[str, Any]] = [
        {"name": "dags-folder", "classpath": LOCAL, "kwargs": {}},
        {
            "name": "git",
            "classpath": GIT,
            "kwargs": {"repo_url": str(repository), "tracking_ref": "main", "refresh_interval": 3},
        },
    ]
    return {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "tests.distributed.host.name",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__SECRET_KEY": Fernet.generate_key().decode() * 2,
        "AIRFLOW__CELERY__BROKER_URL": f"redis://{broker}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"redis://{broker}/1",  # by default the database, which workers are without
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
        "AIRFLOW__CELERY__SYNC_PARALLELISM": "1",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        # Of a worker that died nobody is told: its tasks are missed, after five minutes by default.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    }
