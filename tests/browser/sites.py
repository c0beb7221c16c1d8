"""The Airflows that the browser looks at: the demo's, whole, with its Kinesis, and one that is an api-server alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from airflow_kinesis_ingest.demo.run import DAGS, PAGE, local_aws, writable
from airflow_kinesis_ingest.demo.standalone import Airflow, airflow, environment_of, free_port, stop_all

ROLES = ("admin", "op", "user", "viewer")
"""Each is a user of that name, too."""
START_LIMIT = 600.0

PLAIN = """\
from airflow.sdk import DAG

with DAG("plain", schedule=None):
    pass
"""
BROKEN = """\
# A workflow with a fault on its line 10.
name: broken
displayName: Broken orders
source:
  type: kinesis
  serviceName: broken_kinesis
  serviceConnection:
    config:
      type: Kinesis
      awsConfig: {awsRegoin: us-east-2, awsSecretAccessKey: a-literal-secret}
  sourceConfig:
    config: {type: MessagingMetadata}
sink: {type: file, config: {path: broken.jsonl}}
"""
NEVER = """\
name: never_run
source:
  type: kinesis
  serviceName: never_kinesis
  serviceConnection:
    config:
      type: Kinesis
      awsConfig: {awsRegion: eu-west-1}
  sourceConfig:
    config: {type: MessagingMetadata}
sink: {type: file, config: {path: never.jsonl}}
airflowConfig: {scheduleInterval: null}
"""


@dataclass(frozen=True)
class Site:
    """A running Airflow. passwords: by user."""

    url: str
    passwords: Mapping[str, str] = field(repr=False)

    def token(self, user: str) -> str:
        """What the cookie `_token` holds of somebody who has logged in."""
        body = {"username": user, "password": self.passwords[user]}
        with direct() as session:
            answer = session.post(f"{self.url}/auth/token", json=body, timeout=60)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def call(self, user: str, method: str, path: str, **more: Any) -> requests.Response:
        """The answer of {url}{path} to this user; "" is nobody."""
        if user:
            more["headers"] = {"Authorization": f"Bearer {self.token(user)}"}
        with direct() as session:
            return session.request(method, self.url + path, timeout=60, **more)


def direct() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # HTTP_PROXY is for what is not on this machine
    return session


@dataclass(frozen=True)
class Demo(Site):
    """The demo's Airflow, its workflow run once; beside it a broken file, a workflow without a run, a DAG not ours.

    folder: where the page writes its workflow files; kinesis: the address of the demo's streams.
    """

    airflow: Airflow = field(repr=False)
    run_id: str = ""
    folder: Path = Path()
    kinesis: str = ""


@contextmanager
def demo_site(home: Path) -> Iterator[Demo]:
    """With SimpleAuthManager, a user for each role, and Airflow's Test button switched on."""
    dags = home / "dags"
    shutil.copytree(DAGS, dags)
    (dags / "plain.py").write_text(PLAIN)
    (dags / "workflows" / "broken.yaml").write_text(BROKEN)
    (dags / "workflows" / "never.yaml").write_text(NEVER)
    users = ",".join(f"{role}:{role}" for role in ROLES)
    settings = {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__KINESIS_INGEST__PAGE_SAMPLES": "True",
        **writable(home / PAGE),
    }
    with local_aws() as variables:
        environment = {**variables, **settings}
        with airflow(home / "airflow", dags, environment=environment) as started:
            for dag in ("demo", "broken", "never_run", "plain"):
                started.wait(lambda dag=dag: started.call("GET", f"/dags/{dag}"), f"the DAG {dag}")  # type: ignore[misc]
            started.unpause("demo")
            run_id = started.first_run("demo")
            state = started.await_run("demo", run_id)
            assert state == "success", started.log("demo", run_id, "ingest")
            passwords = json.loads((started.home / "simple_auth_manager_passwords.json.generated").read_text())
            yield Demo(started.url, passwords, started, run_id, home / PAGE / "workflows", variables["DEMO_KINESIS"])


FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


@contextmanager
def fab_site(home: Path) -> Iterator[Site]:
    """An api-server alone, with FAB's auth manager and its default roles, and the rows of `seeding`."""
    home.mkdir(parents=True)
    port = free_port()
    passwords = {role: f"the password of {role}" for role in ROLES}
    settings = {
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
        "AIRFLOW__FAB__CACHE_TTL": "0",  # else what a role may is known 30 s later
        "SEED_PASSWORDS": json.dumps(passwords),
    }
    environment = environment_of(home / "airflow", home / "dags", port, settings)
    with (home / "seeding.log").open("wb") as log:
        command = [sys.executable, "-m", "tests.browser.seeding", str(home / "dags")]
        subprocess.run(command, env=environment, check=True, stdout=log, stderr=log, timeout=START_LIMIT)
    with (home / "api-server.log").open("wb") as log:
        command = [sys.executable, "-m", "airflow", "api-server"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        site = Site(f"http://127.0.0.1:{port}", passwords)
        _await(process, site, home)
        yield site
    finally:
        stop_all(process)


def _await(process: subprocess.Popen[bytes], site: Site, home: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not _answers(site):
        assert process.poll() is None, (home / "api-server.log").read_text()[-3000:]
        assert time.monotonic() < deadline, f"the api-server is not up; see {home}/api-server.log"
        time.sleep(0.3)


def _answers(site: Site) -> bool:
    try:
        with direct() as session:
            return session.get(f"{site.url}/api/v2/version", timeout=10).ok
    except requests.RequestException:
        return False
