"""The log level of this package, and of no one else, in the log of one task."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version


@contextmanager
def logs_at(level: str) -> Iterator[None]:
    """While inside, our loggers write to copies of the root's handlers, from `level` on.

    Airflow's root handler is itself at INFO, so that raising the level of a logger alone shows nothing
    (apache/airflow#58965); raising the handler's would show every library's lines.
    """
    logger = logging.getLogger(__package__)
    before = logger.level, logger.propagate, list(logger.handlers)
    for handler in logging.getLogger().handlers:
        ours = copy.copy(handler)
        ours.setLevel(level)
        if version("apache-airflow").startswith("3.1."):
            ours.filters = [*handler.filters, _as_info]
        logger.addHandler(ours)
    logger.propagate = not logger.handlers
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate, logger.handlers[:] = before[1:]


def _as_info(record: logging.LogRecord) -> bool:
    """Airflow 3.1 drops DEBUG lines once more, after all handlers, between a task's process and its log."""
    if record.levelno < logging.INFO:
        record.levelno, record.levelname, record.msg = logging.INFO, "INFO", f"DEBUG {record.msg}"
    return True
