"""Time that passes when every thread waits, and only then: minutes of a run in milliseconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass(eq=False)
class _Sleeper:
    due: float
    awake: threading.Event = field(default_factory=threading.Event)


class VirtualTime:
    """`run` starts threads that wait for nothing but the `stop`s made here; `now` is the same for all of them.

    It counts in seconds. Modules under test are given it with `replacing`: their `time.monotonic` is this clock.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self.now = start
        self._lock = threading.Lock()
        self._awake = 1
        self._sleepers: list[_Sleeper] = []

    def monotonic(self) -> float:
        return self.now

    def replacing(self, monkeypatch: pytest.MonkeyPatch, *modules: Any) -> None:
        for module in modules:
            monkeypatch.setattr(module, "time", self)

    def stop(self) -> threading.Event:
        """An event to wait for, which makes the time pass; set from the beginning, or never."""
        return _Stop(self)

    def run(self, *work: Callable[[], Any]) -> list[Any]:
        """All of this at once, a thread each; the results in order."""
        self._awake = len(work)
        with ThreadPoolExecutor(len(work)) as pool:
            futures = [pool.submit(self._ending, each) for each in work]
        self._awake = 1
        return [future.result() for future in futures]

    def sleep(self, seconds: float) -> None:
        sleeper = _Sleeper(self.now + seconds)
        with self._lock:
            self._sleepers.append(sleeper)
            self._one_less()
        assert sleeper.awake.wait(60), "the other threads wait for something that is not time"

    def _ending(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            with self._lock:
                self._one_less()

    def _one_less(self) -> None:
        """Once nobody has anything to do before it, the next moment comes for all that wait for it."""
        self._awake -= 1
        if self._awake or not self._sleepers:
            return
        self.now = min(sleeper.due for sleeper in self._sleepers)
        due = [sleeper for sleeper in self._sleepers if sleeper.due <= self.now]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper.due > self.now]
        self._awake = len(due)
        for sleeper in due:
            sleeper.awake.set()


class _Stop(threading.Event):
    def __init__(self, time: VirtualTime) -> None:
        super().__init__()
        self._virtual = time

    def wait(self, timeout: float | None = None) -> bool:
        if timeout and not self.is_set():
            self._virtual.sleep(timeout)
        return self.is_set()
