"""`python -m airflow_kinesis_ingest.demo`: only the Kinesis, or the table of a catalogue, in a container."""

from .run import serve

if __name__ == "__main__":
    serve()
