"""Where to look after a run: the service in OpenMetadata and the streams in the AWS console.

A worker asks for the links at the end of a task and stores them; a task that did not get that far has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


class CatalogueLink(BaseOperatorLink):
    name = "OpenMetadata"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        return str(getattr(operator, "catalogue_url", ""))


class ConsoleLink(BaseOperatorLink):
    name = "Kinesis console"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        return str(getattr(operator, "console_url", ""))
