"""PostgreSQL and Redis of Debian's packages, on free ports and in folders of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg2
import redis

from airflow_kinesis_ingest.demo.standalone import POLL, free_port, stop_all

LIMIT = 120.0


@contextmanager
def postgres() -> Iterator[str]:
    """host:port/database, with a user `airflow` whom nobody asks for a password."""
    account = {} if os.getuid() else _unprivileged("postgres")
    port = free_port()
    with _folder(**account) as folder:
        tools = _newest("initdb", "/usr/lib/postgresql")
        made = [
            str(tools / "initdb"),
            "-D",
            f"{folder}/data",
            "-U",
            "airflow",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run(made, cwd=folder, check=True, stdout=subprocess.DEVNULL, **account)
        settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        line = [str(tools / "postgres"), "-D", f"{folder}/data", *_options(settings)]
        with _running(line, folder / "postgres.log", lambda: _answers_sql(port), **account):
            yield f"127.0.0.1:{port}/postgres"


@contextmanager
def redis_server() -> Iterator[str]:
    """host:port. It keeps nothing on disk."""
    port = free_port()
    with _folder() as folder:
        line = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with _running(line, folder / "redis.log", lambda: _pings(port)):
            yield f"127.0.0.1:{port}"


def _unprivileged(user: str) -> dict[str, Any]:
    """For root, whom PostgreSQL refuses."""
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextmanager
def _folder(**account: Any) -> Iterator[Path]:
    """Not one of pytest's: those lie below one that root alone may enter."""
    folder = Path(mkdtemp(prefix="distributed-"))
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _newest(tool: str, below: str) -> Path:
    """Debian keeps PostgreSQL's tools off the PATH, in a folder for each version."""
    found = sorted(Path(below).glob(f"*/bin/{tool}"), key=lambda path: int(path.parts[-3]))
    return (found[-1] if found else Path(shutil.which(tool) or tool)).parent


def _options(settings: dict[str, Any]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


@contextmanager
def _running(line: Sequence[str], log: Path, answers: Callable[[], bool], **account: Any) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            line,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **account,
        )
    try:
        deadline = time.monotonic() + LIMIT
        while not answers():
            alive = process.poll() is None and time.monotonic() < deadline
            assert alive, f"{line[0]} does not answer:\n{log.read_text()}"
            time.sleep(POLL)
        yield
    finally:
        stop_all(process)


def _answers_sql(port: int) -> bool:
    try:
        psycopg2.connect(host="127.0.0.1", port=port, user="airflow", dbname="postgres").close()
    except psycopg2.OperationalError:
        return False
    return True


def _pings(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port).ping())
    except redis.ConnectionError:
        return False
