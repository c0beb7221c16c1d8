"""Reading Kinesis, deciding what is true, writing the catalogue. Imports nothing of Airflow."""
