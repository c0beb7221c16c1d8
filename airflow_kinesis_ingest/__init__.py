"""Every Kinesis stream of an AWS account in the OpenMetadata catalogue, from one YAML file in the dags folder.

The public names are imported when they are asked for: Airflow imports this package in every process.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["KinesisIngestionOperator", "__version__", "load_workflows"]

if TYPE_CHECKING:
    from .dag_factory import load_workflows
    from .operators.kinesis import KinesisIngestionOperator

_HOMES = {"KinesisIngestionOperator": ".operators.kinesis", "load_workflows": ".dag_factory"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
