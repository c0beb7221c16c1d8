"""`make quick` is what needs no Airflow and no server: tests/conftest.py holds that in every run."""

from __future__ import annotations

import importlib
import socket

import pytest


def test_a_server_is_refused_to_a_test_that_imports_no_fake() -> None:
    """Or `make quick` would start one: which tests it leaves out is told by their imports and fixtures."""
    with socket.socket() as server, pytest.raises(pytest.fail.Exception, match="make quick"):
        server.listen()


def test_airflow_is_not_there(request: pytest.FixtureRequest) -> None:
    """A quick test that leans on it fails, also where it is installed."""
    if request.config.option.quick:
        with pytest.raises(ImportError):
            importlib.import_module("airflow")
