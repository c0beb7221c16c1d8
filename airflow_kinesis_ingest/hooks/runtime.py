"""What a workflow needs beside its file, where Airflow is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from airflow.sdk.log import mask_secret

from ..engine.workflow.disclosure import secrets
from ..engine.workflow.loading import Runtime, check, connections_in, origins_of
from .fence import configured_fence
from .kinesis import KinesisHook
from .openmetadata import OpenMetadataHook

if TYPE_CHECKING:
    from ..engine.workflow.document import Document
    from ..engine.workflow.models import Workflow


def airflow_runtime(document: Document) -> Runtime:
    """The environment, and what the Airflow connections hold that a document names. Raises as the hooks do."""
    wanted = connections_in(document)
    return Runtime(
        os.environ,
        aws=KinesisHook(wanted.aws).aws_config() if wanted.aws else None,
        server=OpenMetadataHook(wanted.openmetadata).server_config() if wanted.openmetadata else None,
    )


def resolved(document: Document, stem: str) -> Workflow:
    """The workflow of a document with its placeholders and connections filled in, inside the fence.

    Airflow's masker knows every value that came from elsewhere before anything is checked, and every secret.
    """
    runtime = airflow_runtime(document)
    for value in origins_of(document, runtime).values:
        mask_secret(value)
    workflow = check(document, stem, runtime, configured_fence())
    for _, secret in secrets(workflow):
        mask_secret(secret.get_secret_value())
    return workflow
