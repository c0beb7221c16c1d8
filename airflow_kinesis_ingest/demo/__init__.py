"""The embedded demo: a local Kinesis, a real Airflow, one workflow.

From outside: `run` (the demo), `standalone` (a real Airflow, for the tests too).
Never here: anything that the product needs.
"""
