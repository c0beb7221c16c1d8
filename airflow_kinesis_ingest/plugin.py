"""What Airflow's scheduler and api-server must know to read our DAGs, and the page in its UI."""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from .timetable import CronBetweenDates, OnDemand


class KinesisIngestPlugin(AirflowPlugin):
    """The page's two properties are read by the api-server alone: nobody else imports FastAPI for it."""

    name = "airflow_kinesis_ingest"
    timetables = [CronBetweenDates, OnDemand]  # noqa: RUF012 - Airflow reads a class attribute

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        from .page.app import PREFIX, create_app

        return [{"app": create_app(), "url_prefix": PREFIX, "name": "Kinesis"}]

    @property
    def react_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The page, and the same as a tab of a DAG: one bundle, whose global `Kinesis` is told `dagId` in the tab."""
        from .page.app import bundle_url

        one = {"name": "Kinesis", "bundle_url": bundle_url()}
        return [
            {**one, "url_route": "kinesis", "destination": "nav", "category": "browse"},
            {**one, "url_route": "kinesis-workflow", "destination": "dag"},
        ]
