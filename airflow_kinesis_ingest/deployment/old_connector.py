"""What OpenMetadata's own Kinesis connector and its Airflow plugin did differently, as far as a workflow meets it."""

from __future__ import annotations

from collections.abc import Iterator

from ..engine.workflow.models import AirflowConfig, MessagingMetadata, Workflow

DEFAULT_DELAY = 300


def differences(workflow: Workflow) -> list[str]:
    """One text for each."""
    return [*_of_topics(workflow.metadata), *_of_the_schedule(workflow.airflow_config)]


def _of_topics(metadata: MessagingMetadata) -> Iterator[str]:
    yield (
        "Partitions counted closed shards too, and the largest message was always 1,000,000 bytes. The first run"
        " corrects both, and adds the stream's ARN, mode, status and encryption."
    )
    pattern = metadata.topic_filter_pattern
    if metadata.mark_deleted_topics:
        yield (
            "A topic was deleted as soon as it was not seen, be it for one failed call. Here a deletion needs proof; a"
            " topic that records no ARN gets it from the first run that sees its stream."
        )
    if metadata.mark_deleted_topics and pattern and (pattern.includes or pattern.excludes):
        yield "Narrowing the filter deleted the topics that it newly hid. Here they stay."
    if metadata.generate_sample_data:
        yield (
            "The first run stored no sample. Later ones decoded records from base64 once too often (text came out wrong"
            " or empty) and stored up to 10,000 of a shard. Here a sample is what was sent, and bounded."
        )


def _of_the_schedule(airflow: AirflowConfig) -> Iterator[str]:
    if airflow.start_date:
        yield "`startDate` was ignored: it ran from its deployment on. Here nothing runs before that date."
    if airflow.start_date and airflow.pipeline_catchup:
        yield (
            "`pipelineCatchup` had nothing to catch up with, for the start moved along. Here every tick since"
            " `startDate` gets a run: write false if you do not want them."
        )
    if airflow.pipeline_timezone != "UTC":
        yield "`pipelineTimezone` was ignored: the schedule was read in UTC. Here it is read in that zone."
    if airflow.workflow_timeout:
        yield "`workflowTimeout` was read as days. Here it is seconds, as OpenMetadata's schema says."
    if airflow.retries and airflow.retry_delay != DEFAULT_DELAY:
        yield "`retryDelay` was ignored: 300 seconds lay between two tries. Here it is honoured."
