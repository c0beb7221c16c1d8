"""`python -m airflow_kinesis_ingest.demo`: only the Kinesis, for a container."""

from .run import serve

if __name__ == "__main__":
    serve()
