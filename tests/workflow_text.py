"""A workflow file as text, changed here and there, and what is said of it."""

from __future__ import annotations

import pytest

from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.errors import Fault, WorkflowError

EXAMPLE = """\
name: orders_kinesis
source:
  type: kinesis
  serviceName: orders
  serviceConnection:
    config:
      type: Kinesis
      awsConfig:
        awsRegion: us-east-2
  sourceConfig:
    config:
      type: MessagingMetadata
sink:
  type: metadata-rest
  config: {}
workflowConfig:
  openMetadataServerConfig:
    hostPort: http://localhost:8585/api
    securityConfig:
      jwtToken: eyJ
"""
AWS, METADATA, SERVER = "        awsRegion: us-east-2\n", "      type: MessagingMetadata\n", "      jwtToken: eyJ\n"
LAST = len(EXAMPLE.splitlines())

SOURCE = "source.serviceConnection.config.awsConfig"
CONFIG = "source.sourceConfig.config"
SERVED = "workflowConfig.openMetadataServerConfig"
ARN = "arn:aws:iam::123456789012:role/reader"


def text(*, aws: str = "", metadata: str = "", server: str = "", more: str = "") -> str:
    """The example with lines added to its blocks (indented for them), or at its end."""
    found = EXAMPLE
    for line, added, indent in ((AWS, aws, 8), (METADATA, metadata, 6), (SERVER, server, 4)):
        found = found.replace(line, line + "".join(f"{' ' * indent}{each}\n" for each in added.splitlines()))
    return found + more


def workflow(raw: str, runtime: Runtime | None = None, file: str = "f.yaml") -> Workflow:
    return loads(raw.encode(), file, runtime)


def faults(raw: str, runtime: Runtime | None = None, file: str = "f.yaml") -> list[Fault]:
    with pytest.raises(WorkflowError) as caught:
        workflow(raw, runtime, file)
    assert all(fault.remedy for fault in caught.value.faults)
    return list(caught.value.faults)


def told(raw: str, runtime: Runtime | None = None) -> list[str]:
    """Every fault as the user reads it, without the file's name."""
    return [str(fault).removeprefix("f.yaml:") for fault in faults(raw, runtime)]


PLACEHOLDERS = text(
    aws="endPointURL: http://${HOST}:${PORT}\nawsAccessKeyId: ${KEY}\nawsSecretAccessKey: ${SECRET}",
    more="description: costs ${PRICE}\nservice: {description: 'of ${KEY}'}\n",
).replace("jwtToken: eyJ", "jwtToken: ${JWT}")
ENVIRON = {"HOST": "127.0.0.1", "PORT": "4566", "KEY": "AKIA", "SECRET": "s3cr3t${KEY}", "JWT": "eyJ"}
CONNECTED = """\
source:
  type: kinesis
  serviceName: orders
  sourceConfig: {config: {type: MessagingMetadata}}
sink: {type: metadata-rest, config: {}}
connections: {aws: orders_aws, openmetadata: om_prod}
"""
