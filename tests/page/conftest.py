"""Airflow's own api-server app, in this process, with our plugin, a database that it filled itself, and four users."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.conftest import database
from tests.airflow.loading import Bundle, stored
from tests.page.rows import forget

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of Airflow's and FastAPI's own
    from airflow.api_fastapi.app import create_app, get_auth_manager, purge_cached_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.dag_processing.bundles import manager as bundles
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

__all__ = ["database"]

ROLES = ("viewer", "user", "op", "admin")
Client = Callable[[str], TestClient]


@pytest.fixture(scope="session")
def app(request: pytest.FixtureRequest) -> Iterator[FastAPI]:
    request.getfixturevalue("database")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "x" * 64)
        yield create_app(apps="core")
    purge_cached_app()


@pytest.fixture(autouse=True)
def _bundles_as_they_are_configured_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 3.4 on a process of Airflow reads the list of its bundles once."""
    once: Any = getattr(bundles, "_load_bundle_config_snapshot", None)
    if once is not None:
        monkeypatch.setattr(bundles, once.__name__, once.__wrapped__)


@pytest.fixture
def client(app: FastAPI) -> Client:
    """A client of somebody with this role; "" is nobody."""

    def of(role: str) -> TestClient:
        manager: Any = get_auth_manager()
        user = SimpleAuthManagerUser(username=role, role=role.upper())
        cookies = {"_token": manager.generate_jwt(user)} if role else {}
        return TestClient(app, cookies=cookies, raise_server_exceptions=False)

    return of


@pytest.fixture
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bundle]:
    """A folder of workflow files. Nothing of it is left in the database."""
    request.getfixturevalue("database")
    forget()
    yield Bundle(tmp_path / "dags")
    forget()


@pytest.fixture
def shop(bundle: Bundle) -> Bundle:
    bundle.put("shop.yaml", service={"displayName": "Shop", "description": "What it sells"})
    stored(bundle)
    return bundle
