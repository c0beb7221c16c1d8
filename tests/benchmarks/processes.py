"""The fakes and a run, each in a process of its own, so that none takes processor time from another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import urlopen


@dataclass(frozen=True, slots=True)
class Measured:
    """wall in seconds, peak resident memory in MB, exit code and standard output of one process."""

    wall: float
    peak_mb: float
    code: int
    output: str


def measured(command: Sequence[str], env: dict[str, str] | None = None) -> Measured:
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}) as process:
        assert process.stdout
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(wall, usage.ru_maxrss / 1024, process.returncode, output)


@contextmanager
def fake(module: str, *options: str) -> Iterator[str]:
    """Run one of the fakes; yields its URL."""
    command = [sys.executable, "-m", f"tests.fakes.{module}", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip().removeprefix("PORT=")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def stats(url: str) -> dict[str, Any]:
    with urlopen(f"{url}/stats") as answer:
        counters: dict[str, Any] = json.load(answer)
        return counters
