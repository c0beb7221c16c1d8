"""What Airflow's scheduler and api-server must know to read our DAGs."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from .timetable import CronBetweenDates, OnDemand


class KinesisIngestPlugin(AirflowPlugin):
    name = "airflow_kinesis_ingest"
    timetables = [CronBetweenDates, OnDemand]  # noqa: RUF012 - Airflow reads a class attribute
