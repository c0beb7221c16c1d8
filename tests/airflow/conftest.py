"""An Airflow of its own for these tests: a home in a temporary folder, no examples, no setting of this machine."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import warnings
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy.orm import configure_mappers

# Airflow reads its settings when it is imported, which the modules beside this one do.
assert "airflow" not in sys.modules, "something imported airflow before its home was set"
HOME = Path(mkdtemp(prefix="airflow-home-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "_AIRFLOW_"))]:
    del os.environ[name]
os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = "100"  # a busy machine says nothing about the folder it reads
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(HOME / "dags")
with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # Airflow 3.1 uses deprecated names, and its models a strategy that SQLAlchemy drops
    import_module("airflow.dag_processing.processor")
    import_module("airflow.models.connection")
    configure_mappers()


@pytest.fixture(scope="session")
def database() -> None:
    """Airflow's metadata database, empty, in SQLite."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Airflow's and SQLAlchemy's own
        from airflow.utils.db import initdb

        initdb()
