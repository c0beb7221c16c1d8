"""What each task of this package imports of the engine, for what forks tasks to import once (docs/operating.md).

Airflow imports `airflow_local_settings` while it is itself being imported: so this is the engine alone, which needs no
Airflow, opens no connection and starts no thread.
"""

from .engine.aws import console
from .engine.run import pipeline, report, streams
from .engine.workflow import disclosure, loading

__all__ = ["console", "disclosure", "loading", "pipeline", "report", "streams"]
