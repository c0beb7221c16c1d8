"""Airflow connections -> what the engine needs."""
