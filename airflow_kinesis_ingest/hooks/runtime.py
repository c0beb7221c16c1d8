"""What a workflow needs beside its file, where Airflow is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..engine.workflow.loading import Runtime, connections_in
from .kinesis import KinesisHook
from .openmetadata import OpenMetadataHook

if TYPE_CHECKING:
    from ..engine.workflow.document import Document


def airflow_runtime(document: Document) -> Runtime:
    """The environment, and what the Airflow connections hold that a document names. Raises as the hooks do."""
    wanted = connections_in(document)
    return Runtime(
        os.environ,
        aws=KinesisHook(wanted.aws).aws_config() if wanted.aws else None,
        server=OpenMetadataHook(wanted.openmetadata).server_config() if wanted.openmetadata else None,
    )
