"""Reading Kinesis, deciding what is true, writing the catalogue. Imports nothing of Airflow.

Its wings are `records`, `workflow`, `aws`, `catalogue` and `run`, which alone knows the others; `model` and `retry` are
what they share.
"""
