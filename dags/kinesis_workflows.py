from airflow_kinesis_ingest import load_workflows  # airflow looks for files that speak of a dag

load_workflows(globals(), "workflows")
