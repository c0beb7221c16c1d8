"""Tests against the installed Airflow, in process and without a server."""
