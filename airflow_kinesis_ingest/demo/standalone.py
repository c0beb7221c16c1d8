"""A real Airflow on this machine: `airflow standalone` on SQLite, driven through its REST API."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

# A busy machine takes minutes for what an idle one does in seconds. A wait ends with what it waits for, or with the
# error that makes it futile; the limits are for where neither comes.
START_LIMIT = 900.0
ANSWER_LIMIT = 300.0
RUN_LIMIT = 900.0
LIMIT = 300.0
ONE_ANSWER = 60.0
GLANCE = 10.0
POLL = 0.3
PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
"""What must be healthy: all that Airflow's first page shows."""

Progress = Callable[[str], None]
"""Told again and again what is waited for."""
LOCAL = "127.0.0.1,localhost"


class AirflowFailed(RuntimeError):
    """Airflow did not do what was awaited. The message names what, and where its log is."""


def _direct() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # HTTP_PROXY is for what is not on this machine
    return session


@dataclass
class Airflow:
    """One running Airflow. url: of its UI and API; home: its AIRFLOW_HOME, with `standalone.log`."""

    url: str
    home: Path
    user: str
    password: str = field(repr=False)
    _session: requests.Session = field(default_factory=_direct, repr=False)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer of /api/v2{path}, None for 204 or 404. Raises requests.HTTPError for other refusals.

        A call that fails on the server's side, or is not answered, is repeated for five minutes, then AirflowFailed:
        around a new DAG Airflow answers a 500 now and then. What a POST makes may thus be there twice.
        """
        if "Authorization" not in self._session.headers:
            user = {"username": self.user, "password": self.password}
            token = self._answer("POST", "/auth/token", user)["access_token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
        return self._answer(method, f"/api/v2{path}", body)

    def _answer(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        deadline = time.monotonic() + ANSWER_LIMIT
        while isinstance(answer := self._sent(method, path, body), str):
            if time.monotonic() > deadline:
                what = f"{method} {path}: {answer} for {ANSWER_LIMIT:.0f} s"
                raise AirflowFailed(f"{what}; see {self.home / 'standalone.log'}")
            time.sleep(POLL)
        if answer.status_code in (204, 404):
            return None
        answer.raise_for_status()
        return answer.json()

    def _sent(self, method: str, path: str, body: Mapping[str, Any] | None) -> requests.Response | str:
        """The answer, or what was wrong on the server's side."""
        try:
            answer = self._session.request(method, f"{self.url}{path}", json=body, timeout=ONE_ANSWER)
        except (requests.ConnectionError, requests.Timeout) as error:
            return type(error).__name__
        return answer if answer.status_code < 500 else f"status {answer.status_code}"

    def trigger(self, dag_id: str, **parameters: Any) -> str:
        """Start a run with these params; its id."""
        body = {"logical_date": None, "conf": parameters}
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
        return found

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def first_run(self, dag_id: str, progress: Progress = lambda _: None) -> str:
        """The id of the run that the scheduler makes of a DAG that has none yet, once there is one."""
        runs: list[str] = []

        def made() -> list[str]:
            runs.extend(run["dag_run_id"] for run in self.call("GET", f"/dags/{dag_id}/dagRuns")["dag_runs"])
            return runs

        self.wait(made, f"the first run of {dag_id}", progress=progress)
        return runs[0]

    def await_run(self, dag_id: str, run_id: str, limit: float = RUN_LIMIT, progress: Progress = lambda _: None) -> str:
        """Wait for the end of a run; its state."""
        ended = ("success", "failed")
        what = f"the end of run {run_id} of {dag_id}"
        self.wait(lambda: self.run(dag_id, run_id)["state"] in ended, what, limit, progress)
        return str(self.run(dag_id, run_id)["state"])

    def result(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """What the task returned (XCom)."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        value = self.call("GET", path)["value"]
        found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
        return found

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """The text of a task's log, with what each exception says."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}?full_content=true"
        answer = self.call("GET", path) or {"content": []}
        return "\n".join(text for line in answer["content"] for text in _texts(line))

    def wait(
        self, condition: Callable[[], object], what: str, limit: float = LIMIT, progress: Progress = lambda _: None
    ) -> None:
        """Return once the condition holds. Raises AirflowFailed after `limit` seconds."""
        deadline = time.monotonic() + limit
        while not condition():
            progress(what)
            if time.monotonic() > deadline:
                raise AirflowFailed(f"{what}: not within {limit:.0f} s; see {self.home / 'standalone.log'}")
            time.sleep(POLL)


def _texts(line: Mapping[str, Any]) -> Iterator[str]:
    yield str(line.get("event", line))
    for error in line.get("error_detail") or ():
        yield f"{error.get('exc_type')}: {error.get('exc_value')}"


@contextmanager
def airflow(
    home: Path,
    dags: Path,
    *,
    environment: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Iterator[Airflow]:
    """Start Airflow on free ports and wait until all of it is healthy; stop the whole of it at the end.

    progress: told what is not up yet. Raises AirflowFailed when it ends, or is not up within a quarter of an hour.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    with (home / "standalone.log").open("ab") as log:
        # A process group of its own: a SIGTERM to the parent alone leaves scheduler and api-server behind.
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "standalone"],
            env=environment_of(home, dags, port, environment or {}),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await_health(process, home, port, progress)
        passwords = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text())
        user, password = next(iter(passwords.items()))
        yield Airflow(f"http://127.0.0.1:{port}", home, user, password)
    finally:
        stop_all(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(home: Path, dags: Path, port: int, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process without its AIRFLOW_ variables, with those of an Airflow here; `extra` wins."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    url = f"http://127.0.0.1:{port}"
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        # The one that Airflow makes is short, and each token signed with it a warning.
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        # On a busy machine the API is slow: by default a task fails that gets no answer within five seconds.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": str(ANSWER_LIMIT),
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        # `airflow standalone` starts its parts by the name `airflow`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', '')}",
    }
    return {**inherited, **_no_proxy(), **settings, **extra}


def _no_proxy() -> dict[str, str]:
    """The parts of Airflow call one another: not through a proxy. In both spellings; each tool reads its own first."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    names = f"{before},{LOCAL}" if before else LOCAL
    return {"NO_PROXY": names, "no_proxy": names}


def _await_health(process: subprocess.Popen[bytes], home: Path, port: int, progress: Progress) -> None:
    deadline = time.monotonic() + START_LIMIT
    while missing := missing_of(port):
        if process.poll() is not None:
            raise AirflowFailed(f"Airflow ended with code {process.returncode}; see {home / 'standalone.log'}")
        if time.monotonic() > deadline:
            what = f"Airflow is not up after {START_LIMIT:.0f} s, for want of its {missing}"
            raise AirflowFailed(f"{what}; see {home / 'standalone.log'}")
        progress(f"its {missing}")
        time.sleep(POLL)


def missing_of(port: int, wanted: Sequence[str] = PARTS) -> str:
    """What of Airflow is not up, in words; empty once all is. wanted: its parts, as its API calls them."""
    parts = _glance(port, "/api/v2/monitor/health")
    if parts is None:
        return "API server"
    missing = [part.replace("_", " ") for part in wanted if parts.get(part, {}).get("status") != "healthy"]
    # The API that tasks report to is made when it is first asked, which takes a machine that is busy a minute. A task
    # that asked first would fail.
    tasks = [] if missing or _glance(port, "/execution/health") else ["API for tasks"]
    return ", ".join(missing + tasks)


def _glance(port: int, path: str) -> dict[str, Any] | None:
    """The answer, or None if there is none soon."""
    try:
        with _direct() as session:
            answer = session.get(f"http://127.0.0.1:{port}{path}", timeout=GLANCE)
        found: dict[str, Any] | None = answer.json() if answer.ok else None
    except requests.RequestException:
        return None
    return found


def stop_all(process: subprocess.Popen[bytes]) -> None:
    """End the process group that it leads."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and _group_lives(process):
            time.sleep(POLL)


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
