"""The log of a task holds our DEBUG lines where they were asked for."""

from __future__ import annotations

import logging

from airflow_kinesis_ingest.task_logs import _as_info


def test_what_airflow_3_1_would_drop_goes_through_as_info_and_says_what_it_was() -> None:
    """Its supervisor takes no DEBUG line, whatever the handlers of the task's process let through."""
    debug = logging.LogRecord("ours", logging.DEBUG, "", 0, "a call", (), None)
    error = logging.LogRecord("ours", logging.ERROR, "", 0, "a fault", (), None)
    assert _as_info(debug)
    assert _as_info(error)
    assert (debug.levelname, debug.getMessage()) == ("INFO", "DEBUG a call")
    assert (error.levelname, error.getMessage()) == ("ERROR", "a fault")
