"""Work in threads that a stop can always leave, in stages with bounded queues. Knows nothing of what flows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from queue import Empty, Full, Queue
from typing import Any

from ...errors import Stopped

CAPACITY = 64
POLL = 0.2
GRACE = 1.5

Work = Callable[[Any], Any]


def attended(work: Callable[[threading.Event], None], stop: threading.Event, each: Callable[[], None]) -> None:
    """`work(over)` in a thread of its own, while this one calls `each` now and then. Raises what either raises.

    Once `stop` is set, or this thread is interrupted, `over` is set within 0.2 s (and what `each` takes), and work has
    1.5 s to end in order. If a call that hangs keeps it, it is left behind and Stopped is raised. Work that fails may
    set `over` itself; `stop` is the caller's, and only read.
    """
    over, done = threading.Event(), Future[None]()
    if stop.is_set():
        over.set()
    threading.Thread(target=_settle, args=(done, partial(work, over)), daemon=True).start()
    try:
        while not (stop.is_set() or over.is_set() or done.done()):
            wait([done], POLL)
            each()
    finally:
        over.set()
        wait([done], GRACE)
    if not done.done():
        raise Stopped("the run was asked to end", why="a call that did not return was left behind")
    done.result()


def _settle(done: Future[None], work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - a border: the thread's error must reach the other thread
        done.set_exception(error)
    else:
        done.set_result(None)


@dataclass(frozen=True, slots=True)
class Stage:
    """`work` on each item in `workers` threads; its result goes to the next stage, a None goes nowhere."""

    work: Work
    workers: int


class Flow:
    """A chain of stages, fed by `put` and ended by `drain`.

    The first exception a stage raises sets `stop` and is raised by `drain`. Once `stop` is set no further item is
    worked on, `put` returns and `drain` raises Stopped within a fraction of a second; threads that wait for an
    answer from the network are daemons and are left behind.
    """

    def __init__(self, stages: Sequence[Stage], stop: threading.Event) -> None:
        self._stop = stop
        self._error: BaseException | None = None
        self._pending = 0
        self._changed = threading.Condition()
        self._queues: list[Queue[Any]] = [Queue(CAPACITY) for _ in stages]
        self._done = threading.Event()
        for index, stage in enumerate(stages):
            for _ in range(stage.workers):
                threading.Thread(target=self._run, args=(index, stage.work), daemon=True).start()

    def put(self, item: object) -> None:
        """Wait for room and hand the item to the first stage; nothing happens once `stop` is set."""
        with self._changed:
            self._pending += 1
        self._offer(0, item)

    def drain(self) -> None:
        """Wait until every item went through."""
        try:
            while not self._stop.is_set():
                with self._changed:
                    if self._changed.wait_for(lambda: self._pending == 0, POLL):
                        break
        finally:
            self._done.set()
        if self._error is not None:
            raise self._error
        if self._stop.is_set():
            raise Stopped("the run was asked to end")

    def _offer(self, index: int, item: object) -> None:
        while not self._stop.is_set():
            try:
                self._queues[index].put(item, timeout=POLL)
            except Full:
                continue
            return

    def _run(self, index: int, work: Work) -> None:
        queue = self._queues[index]
        while not (self._done.is_set() or self._stop.is_set()):
            try:
                item = queue.get(timeout=POLL)
            except Empty:
                continue
            try:
                self._work_on(index, work, item)
            except BaseException as error:  # noqa: BLE001 - a border: the thread's error must reach drain()
                self._fail(error)

    def _work_on(self, index: int, work: Work, item: object) -> None:
        result = work(item)
        if result is not None and index + 1 < len(self._queues):
            self._offer(index + 1, result)
            return
        with self._changed:
            self._pending -= 1
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            if self._error is None:
                self._error = error
            self._changed.notify_all()
        self._stop.set()
