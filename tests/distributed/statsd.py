"""What a StatsD server would be told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Statsd:
    """lines: as they came, `name:value|kind`."""

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For an Airflow that is to tell it."""
        where = {"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(self.port)}
        return {f"AIRFLOW__METRICS__{name}": value for name, value in where.items()}

    def told(self, name: str) -> list[float]:
        """The values of a metric, in order."""
        pairs = [line.partition(":") for line in list(self.lines)]
        return [float(value.split("|")[0]) for told, _, value in pairs if told == name]


@contextmanager
def listening() -> Iterator[Statsd]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        statsd, over = Statsd(server.getsockname()[1]), threading.Event()
        thread = threading.Thread(target=_listen, args=(server, statsd, over))
        thread.start()
        try:
            yield statsd
        finally:
            over.set()
            thread.join()


def _listen(server: socket.socket, statsd: Statsd, over: threading.Event) -> None:
    while not over.is_set():
        try:
            statsd.lines += server.recv(65_536).decode().splitlines()
        except TimeoutError:
            continue
