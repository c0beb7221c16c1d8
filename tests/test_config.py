"""The workflow file: what is accepted, what each fault says, what is resolved when, and what is never shown."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel

from airflow_kinesis_ingest.engine.config import (
    AWS_BLOCK,
    SERVER_BLOCK,
    AirflowConfig,
    Workflow,
    json_schema,
)
from airflow_kinesis_ingest.engine.disclosure import advice, redacted, unused
from airflow_kinesis_ingest.engine.document import parse
from airflow_kinesis_ingest.engine.faults import model_in
from airflow_kinesis_ingest.engine.loading import Runtime, check, connections_in, from_mapping, load, loads
from airflow_kinesis_ingest.errors import Fault, WorkflowError

SHARED = Path(__file__).resolve().parents[2] / "shared"
SCHEMAS = SHARED / "openmetadata-schemas"
REFERENCE = SHARED / "reference" / "kinesis-connector-cli.md"
DEMO = Path(__file__).parents[1] / "dags" / "workflows" / "demo.yaml"

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


# --- what is accepted -----------------------------------------------------------------------------------------------


def test_the_region_is_the_only_field_that_must_be_given_of_awsconfig() -> None:
    aws = workflow(EXAMPLE).aws
    assert aws.aws_region == "us-east-2"
    assert aws.assume_role_session_name == "OpenMetadataSession"
    given = {name for name in type(aws).model_fields if getattr(aws, name) is not None}
    assert given == {"aws_region", "assume_role_session_name"}


def reference_blocks() -> tuple[str, str]:
    """The workflow of OpenMetadata's page, whose parts stand in eleven fences, and its workflowConfig for a JWT."""
    page = REFERENCE.read_text(encoding="utf-8")
    *parts, jwt = re.findall(r"```yaml[^\n]*\n(.*?)```", page, re.DOTALL)
    return "".join(parts), jwt


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not at hand")
def test_openmetadatas_own_workflow_loads_as_it_stands() -> None:
    whole, _ = reference_blocks()
    found = workflow(whole, file="kinesis.yaml")
    assert found.name == "kinesis"
    assert found.source.service_name == "local_kinesis"
    assert found.metadata.topic_filter_pattern is not None
    assert found.metadata.topic_filter_pattern.excludes == ["_confluent.*"]
    assert found.metadata.mark_deleted_topics
    assert not found.metadata.generate_sample_data
    assert found.destination.type == "metadata-rest"
    assert found.server.host_port == "http://localhost:8585/api"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not at hand")
def test_openmetadatas_jwt_block_loads_as_it_stands() -> None:
    whole, jwt = reference_blocks()
    source_and_sink = whole[: whole.index("workflowConfig:")]
    found = workflow(source_and_sink + jwt)
    assert found.server.security_config is not None
    assert found.server.security_config.jwt_token.get_secret_value() == "{bot_jwt_token}"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not at hand")
def test_openmetadatas_workflow_loads_with_every_commented_line_in_force() -> None:
    whole, _ = reference_blocks()
    found = workflow(
        re.sub(r"# ?(?=(\w+:|  - ))", "", whole).replace("arn:partition:service:region:account:resource", ARN)
    )
    assert found.aws.profile_name == "profile"
    assert found.aws.assume_role_source_identity == "identity"
    assert found.metadata.generate_sample_data
    assert found.metadata.topic_filter_pattern is not None
    assert found.metadata.topic_filter_pattern.includes == ["topic1"]


ARN = "arn:aws:iam::123456789012:role/reader"


def test_the_demos_workflow_is_valid() -> None:
    assert load(DEMO).name == "demo"


def test_a_json_file_works_too() -> None:
    as_json = json.dumps(yaml.safe_load(EXAMPLE), indent="\t")
    assert workflow(as_json, file="f.json") == workflow(EXAMPLE)


def test_the_name_is_the_files_stem_unless_given(tmp_path: Path) -> None:
    file = tmp_path / "orders.prod.yaml"
    file.write_text(EXAMPLE.replace("name: orders_kinesis\n", ""), encoding="utf-8")
    assert load(file).name == "orders.prod"
    file.write_text(EXAMPLE, encoding="utf-8")
    assert load(file).name == "orders_kinesis"


@pytest.mark.parametrize("region", ["us-east-2", "cn-north-1", "us-gov-west-1", "eusc-de-east-1", "xy-new-east-12"])
def test_a_region_is_checked_by_its_shape_so_that_new_ones_work(region: str) -> None:
    assert workflow(EXAMPLE.replace("us-east-2", region)).aws.aws_region == region


def test_the_source_type_is_read_as_openmetadatas_command_reads_it() -> None:
    assert workflow(EXAMPLE.replace("type: kinesis", "type: Kinesis")).source.type == "kinesis"


# --- OpenMetadata's schemas ------------------------------------------------------------------------------------------

OUR_BLOCKS = [
    ("metadataIngestion/workflow.json#/properties/openMetadataWorkflowConfig", ()),
    ("metadataIngestion/workflow.json#/definitions/source", ("source",)),
    ("metadataIngestion/workflow.json#/definitions/sink", ("sink",)),
    ("metadataIngestion/workflow.json#/definitions/processor", ("processor",)),
    ("metadataIngestion/workflow.json#/definitions/stage", ("stage",)),
    ("metadataIngestion/workflow.json#/definitions/bulkSink", ("bulkSink",)),
    ("metadataIngestion/workflow.json#/definitions/workflowConfig", ("workflowConfig",)),
    (
        "entity/services/connections/messaging/kinesisConnection.json",
        ("source", "serviceConnection", "config"),
    ),
    ("security/credentials/awsCredentials.json", AWS_BLOCK),
    ("metadataIngestion/messagingServiceMetadataPipeline.json", ("source", "sourceConfig", "config")),
    (
        "type/filterPattern.json#/definitions/filterPattern",
        ("source", "sourceConfig", "config", "topicFilterPattern"),
    ),
    ("entity/services/connections/metadata/openMetadataConnection.json", SERVER_BLOCK),
    ("security/client/openMetadataJWTClientConfig.json", (*SERVER_BLOCK, "securityConfig")),
    ("security/ssl/validateSSLClientConfig.json", (*SERVER_BLOCK, "sslConfig")),
    (
        "entity/services/ingestionPipelines/ingestionPipeline.json#/definitions/airflowConfig",
        ("airflowConfig",),
    ),
]
# A workflow without a schedule of its own runs daily; OpenMetadata's server always sends one.
OTHER_DEFAULTS = {("airflowConfig", "scheduleInterval")}
# Texts that OpenMetadata's type `string` does not describe.
REAL = {
    "type": "Kinesis",
    "awsRegion": "us-east-2",
    "endPointURL": "https://kinesis.us-east-2.amazonaws.com",
    "assumeRoleArn": ARN,
    "scheduleInterval": "0 0 * * *",
    "startDate": "2026-11-01T00:00:00Z",
    "endDate": "2026-12-01T00:00:00Z",
    "caCertificate": "/etc/ca.pem",
    "workflowTimeout": 3600,
    "pipelineTimezone": "Europe/Berlin",
}


@functools.cache
def schema(reference: str) -> dict[str, Any]:
    file, _, pointer = reference.partition("#")
    found = json.loads((SCHEMAS / file).read_text(encoding="utf-8"))
    for part in pointer.split("/")[1:]:
        found = found[part]
    return dict(found)


def described(reference: str, declared: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A property with what its $ref says beneath it, and the file the deepest $ref stands in."""
    while "$ref" in declared:
        target, _, pointer = declared["$ref"].partition("#")
        folder = Path(reference.partition("#")[0])
        file = (
            str((SCHEMAS / folder.parent / target).resolve().relative_to(SCHEMAS.resolve())) if target else str(folder)
        )
        reference = f"{file}#{pointer}" if pointer else file
        if not (SCHEMAS / file).exists():
            return reference, {}
        declared = {key: value for key, value in declared.items() if key != "$ref"} | (
            schema(reference) | {key: declared[key] for key in ("default",) if key in declared}
        )
    return reference, declared


def model_of(place: tuple[str | int, ...]) -> type[BaseModel]:
    model: type[BaseModel] = Workflow
    for part in place:
        info = next(info for name, info in model.model_fields.items() if (info.alias or name) == part)
        found = model_in(info.annotation)
        assert found is not None
        model = found
    return model


def properties() -> list[Any]:
    return [
        pytest.param(reference, place, name, declared, id=".".join(map(str, (*place, name))))
        for reference, place in (OUR_BLOCKS if SCHEMAS.is_dir() else [])
        for name, declared in schema(reference)["properties"].items()
    ]


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the OpenMetadata schemas are not at hand")
@pytest.mark.parametrize(("reference", "place", "name", "declared"), properties())
def test_every_property_of_openmetadatas_schemas_is_a_field_with_its_default(
    reference: str, place: tuple[str, ...], name: str, declared: dict[str, Any]
) -> None:
    """A field that does nothing here may have the default "not given" instead."""
    fields = {info.alias or field: info for field, info in model_of(place).model_fields.items()}
    assert name in fields
    ours, theirs = fields[name], described(reference, declared)[1]
    without_effect = isinstance(ours.json_schema_extra, dict) and "x-unused" in ours.json_schema_extra
    if "default" in theirs and not ours.is_required() and (*place, name) not in OTHER_DEFAULTS and not without_effect:
        assert ours.default == theirs["default"]


def sample(reference: str, name: str, declared: dict[str, Any]) -> Any:
    """A value that OpenMetadata's schema allows for a property."""
    reference, declared = described(reference, declared)
    if name == "type" and reference.startswith("metadataIngestion/workflow.json"):
        return "any"
    if name in REAL and declared.get("type") != "object" and "enum" not in declared:
        return REAL[name]
    if "enum" in declared:
        return declared["enum"][0]
    if declared.get("type") == "object" and "properties" in declared:
        return {each: sample(reference, each, inner) for each, inner in declared["properties"].items()}
    kinds = {"boolean": True, "integer": 3, "string": "any", "array": ["any"], "object": {"any": "any"}}
    return kinds[declared["type"]]


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the OpenMetadata schemas are not at hand")
def test_a_workflow_with_every_property_of_openmetadatas_schemas_is_valid() -> None:
    """Each with a value of the type that the schema gives it, in one file."""
    document = yaml.safe_load(EXAMPLE)
    for reference, place in OUR_BLOCKS:
        block = document
        for part in place:
            block = block.setdefault(part, {})
        for name, declared in schema(reference)["properties"].items():
            if name in block or not described(reference, declared)[1].get("type"):
                continue
            if (*place, name) not in {inner[: len(place) + 1] for _, inner in OUR_BLOCKS}:
                block[name] = sample(reference, name, declared)
    found = workflow(json.dumps(document), file="f.json")
    assert (found.server.verify_ssl, found.server.limit_records) == ("no-ssl", 3)
    assert found.airflow_config.workflow_timeout == 3600


# --- what a fault says ----------------------------------------------------------------------------------------------


def test_all_faults_of_a_file_come_at_once_in_the_order_of_its_lines() -> None:
    raw = text(
        aws="awsAccessKeyId: AKIA\nassumeRoleArn: reader",
        metadata="generateSampelData: true\ntopicFilterPattern:\n  includes: [ok, 'a(b']",
        more="airflowConfig:\n  startDate: 2026-99-99\n  retries: two\n  endDate: soon\nunknown: !tag x\n",
    ).replace("us-east-2", "us-east-2a")
    assert [(fault.line, fault.column, fault.path.rpartition(".")[2]) for fault in faults(raw)] == [
        (9, 20, "awsRegion"),
        (10, 25, "awsAccessKeyId"),
        (11, 24, "assumeRoleArn"),
        (15, 7, "generateSampelData"),
        (17, 24, "includes[1]"),
        (27, 14, "startDate"),
        (28, 12, "retries"),
        (29, 12, "endDate"),
        (30, 1, "unknown"),
        (30, 10, "unknown"),
    ]


SOURCE = "source.serviceConnection.config.awsConfig"
CONFIG = "source.sourceConfig.config"
SERVED = "workflowConfig.openMetadataServerConfig"

WRONG = {
    "an unknown key and a near one": (
        text(metadata="generateSampelData: true"),
        f"13:7: {CONFIG}.generateSampelData: the key `generateSampelData` is unknown."
        " Did you mean `generateSampleData`?",
    ),
    "an unknown key and no near one": (
        text(more="connections: {kafka: x}\n"),
        f"{LAST + 1}:15: connections.kafka: the key `kafka` is unknown. Allowed here: aws, openmetadata",
    ),
    "a missing key": (
        EXAMPLE.replace(AWS, "        profileName: x\n"),
        f"8:7: {SOURCE}.awsRegion: `awsRegion` is missing. Add it",
    ),
    "a key without a value": (
        EXAMPLE.replace("serviceName: orders", "serviceName:"),
        "4:15: source.serviceName: a value is missing. Write one, or remove the key",
    ),
    "a text for a block": (
        EXAMPLE.replace("  config: {}\n", "  config: none\n"),
        "15:11: sink.config: this should be a block of `key: value` pairs. Write them below the key",
    ),
    "a number for a text": (
        EXAMPLE.replace("serviceName: orders", "serviceName: 12"),
        "4:16: source.serviceName: this should be a valid string (it is '12'). Put it in quotes",
    ),
    "a text for a boolean": (
        text(metadata="markDeletedTopics: 'yes'"),
        f"13:26: {CONFIG}.markDeletedTopics: this should be a valid boolean (it is 'yes'). Write true or false",
    ),
    "a text for a number": (
        text(more="options: {concurrency: '4'}\n"),
        f"{LAST + 1}:24: options.concurrency: this should be a valid integer (it is '4')."
        " Write a whole number, without quotes",
    ),
    "a text for a list": (
        text(metadata="topicFilterPattern: {includes: orders}"),
        f"13:38: {CONFIG}.topicFilterPattern.includes: this should be a valid list (it is 'orders')."
        " Write a list like [a, b]",
    ),
    "a number out of its range": (
        text(more="options: {deletion: {maxShare: 1.5}}\n"),
        f"{LAST + 1}:32: options.deletion.maxShare: this should be less than or equal to 1 (it is '1.5'). Correct it",
    ),
    "a bad regular expression": (
        text(metadata="topicFilterPattern:\n  excludes:\n    - ok\n    - '*x'"),
        f"16:13: {CONFIG}.topicFilterPattern.excludes[1]: this is not a valid regular expression"
        r" (nothing to repeat at position 0) (it is '*x'). Escape special characters with \ "[:-1],
    ),
    "an availability zone": (
        EXAMPLE.replace("us-east-2", "us-east-2a"),
        f"9:20: {SOURCE}.awsRegion: this is an availability zone, not a region (it is 'us-east-2a'). Write 'us-east-2'",
    ),
    "the name of a place": (
        EXAMPLE.replace("us-east-2", "Ohio"),
        f"9:20: {SOURCE}.awsRegion: this is not the name of an AWS region (it is 'Ohio')."
        " Write it like us-east-2 or cn-north-1",
    ),
    "an access key without a secret": (
        text(aws="awsAccessKeyId: AKIA"),
        f"10:25: {SOURCE}.awsAccessKeyId: half a key pair: `awsSecretAccessKey` is missing. Give both keys or none",
    ),
    "a secret without an access key": (
        text(aws="awsSecretAccessKey: x"),
        f"10:29: {SOURCE}.awsSecretAccessKey: half a key pair: `awsAccessKeyId` is missing. Give both keys or none",
    ),
    "a session token alone": (
        text(aws="awsSessionToken: x"),
        f"10:26: {SOURCE}.awsSessionToken: a session token without its key pair."
        " Give `awsAccessKeyId` and `awsSecretAccessKey` too",
    ),
    "an endpoint that is no URL": (
        text(aws="endPointURL: kinesis.aws"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'kinesis.aws')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "an endpoint with half an address": (
        text(aws="endPointURL: 'http://[::1'"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'http://[::1')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "a password in a URL": (
        text(aws="endPointURL: https://ann:pass/word@kinesis/"),
        f"10:22: {SOURCE}.endPointURL: this is not a plain http(s) URL (it is 'https://***@kinesis/')."
        " Write it like https://kinesis.us-east-2.amazonaws.com, without user and password",
    ),
    "a user for a role": (
        text(aws="assumeRoleArn: arn:aws:iam::123456789012:user/x"),
        f"10:24: {SOURCE}.assumeRoleArn: this is not the ARN of a role (it is 'arn:aws:iam::123456789012:user/x')."
        " Write it like arn:aws:iam::123456789012:role/name",
    ),
    "a session name that AWS refuses": (
        text(aws="assumeRoleSessionName: a b"),
        f"10:32: {SOURCE}.assumeRoleSessionName: AWS does not accept this name (it is 'a b')."
        " Use 2 to 64 of letters, digits, _+=,.@-",
    ),
    "a name that cannot be a DAG id": (
        EXAMPLE.replace("orders_kinesis", "orders kinesis"),
        "1:7: name: this cannot be a DAG id (it is 'orders kinesis'). Use letters, digits, dashes, dots, underscores",
    ),
    "a name to be resolved": (
        EXAMPLE.replace("orders_kinesis", "${TEAM}_kinesis"),
        "1:7: name: this cannot be a DAG id (it is '${TEAM}_kinesis'). Use letters, digits, dashes, dots, underscores",
    ),
    "another connector": (
        EXAMPLE.replace("type: kinesis", "type: kafka"),
        "3:9: source.type: this is not one of 'kinesis' (it is 'kafka'). Write 'kinesis'",
    ),
    "a near value": (
        EXAMPLE.replace("metadata-rest", "metadata_rest"),
        "14:9: sink.type: this is not one of 'metadata-rest' or 'file' (it is 'metadata_rest')."
        " Did you mean 'metadata-rest'?",
    ),
    "a near value in lower case": (
        EXAMPLE.replace("workflowConfig:\n", "workflowConfig:\n  loggerLevel: Warning\n"),
        "17:16: workflowConfig.loggerLevel: this is not one of 'DEBUG', 'INFO', 'WARN' or 'ERROR' (it is 'Warning')."
        " Did you mean 'WARN'?",
    ),
    "no schedule": (
        text(more="airflowConfig:\n  scheduleInterval: fortnightly\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is 'fortnightly')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a cron line with an impossible minute": (
        text(more="airflowConfig:\n  scheduleInterval: 99 * * * *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is '99 * * * *')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a cron line that no day matches": (
        text(more="airflowConfig:\n  scheduleInterval: 0 0 30 2 *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: no day matches this schedule (it is '0 0 30 2 *')."
        " Correct its day and month",
    ),
    "a cron line that says another moment to each who reads it": (
        text(more="airflowConfig:\n  scheduleInterval: R R * * *\n"),
        f"{LAST + 2}:21: airflowConfig.scheduleInterval: this is no schedule (it is 'R R * * *')."
        " Write hourly, daily, weekly, a cron line of five fields, or null (on demand)",
    ),
    "a number beyond Airflow's database": (
        text(more="airflowConfig:\n  maxActiveRuns: 99999999999\n"),
        f"{LAST + 2}:18: airflowConfig.maxActiveRuns: this should be less than or equal to 10000"
        " (it is '99999999999'). Correct it",
    ),
    "a time zone on another planet": (
        text(more="airflowConfig:\n  pipelineTimezone: Mars/Olympus\n"),
        f"{LAST + 2}:21: airflowConfig.pipelineTimezone: this time zone is unknown (it is 'Mars/Olympus')."
        " Write it like Europe/Berlin",
    ),
    "a time zone that is nearly one": (
        text(more="airflowConfig:\n  pipelineTimezone: Europe/Berlim\n"),
        f"{LAST + 2}:21: airflowConfig.pipelineTimezone: this time zone is unknown (it is 'Europe/Berlim')."
        " Did you mean 'Europe/Berlin'?",
    ),
    "no date": (
        text(more="airflowConfig:\n  startDate: soon\n"),
        f"{LAST + 2}:14: airflowConfig.startDate: this should be a valid datetime (it is 'soon')."
        " Write a UTC time like 2026-11-01 or 2026-11-01T06:30:00Z",
    ),
    "a date before all dates": (
        text(more="airflowConfig:\n  startDate: 0001-01-01T00:00:00+14:00\n"),
        f"{LAST + 2}:14: airflowConfig.startDate: this should be a valid datetime (it is '0001-01-01T00:00:00+14:00')."
        " Write a UTC time like 2026-11-01 or 2026-11-01T06:30:00Z",
    ),
    "an end before its start": (
        text(more="airflowConfig:\n  startDate: 2026-11-02\n  endDate: 2026-11-01\n"),
        f"{LAST + 3}:12: airflowConfig.endDate: the end lies before `startDate`. Swap or correct them",
    ),
    "no redaction rule": (
        text(more="options:\n  sample: {redact: [email, phone]}\n"),
        f"{LAST + 2}:28: options.sample.redact[1]: 'phone' is no detector: they are email, card, iban, us_ssn, aws_key,"
        " jwt, ip. A field of that name is written $.phone (it is 'phone'). Correct it",
    ),
    "no position": (
        text(more="options:\n  sample: {position: newest}\n"),
        f"{LAST + 2}:22: options.sample.position: this is not a position (it is 'newest')."
        " Write latest, horizon, or a UTC time like 2026-11-01T00:00:00Z",
    ),
    "a server and no sink": (
        EXAMPLE.replace("sink:\n  type: metadata-rest\n  config: {}\n", ""),
        f"14:3: {SERVED}: an OpenMetadata server is named but no sink."
        " Add `sink: {type: metadata-rest, config: {}}`, or `type: file` to write to a file",
    ),
    "a sink and no server": (
        EXAMPLE[: EXAMPLE.index("workflowConfig")],
        "13:1: sink: the sink `metadata-rest` needs a server."
        " Add `workflowConfig.openMetadataServerConfig`, or `connections.openmetadata`",
    ),
    "a server and no token": (
        EXAMPLE[: EXAMPLE.index("    securityConfig")],
        f"17:3: {SERVED}: `securityConfig.jwtToken` is missing. Add the JWT of a bot",
    ),
    "a path for a server": (
        EXAMPLE.replace("  config: {}\n", "  config: {path: x}\n"),
        "15:18: sink.config.path: `path` belongs to the sink `file`. Remove it, or write `type: file`",
    ),
    "a check of certificates without one": (
        text(server="verifySSL: validate"),
        f"21:16: {SERVED}.verifySSL: `validate` without `sslConfig.caCertificate`. Give the path of the CA certificate",
    ),
    "no way to AWS": (
        EXAMPLE[: EXAMPLE.index("  serviceConnection")] + EXAMPLE[EXAMPLE.index("  sourceConfig") :],
        "2:1: source: nothing says how to reach AWS."
        " Add `serviceConnection.config.awsConfig.awsRegion`, or `connections.aws`",
    ),
}


@pytest.mark.parametrize(("raw", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_fault_says_where_it_is_what_is_wrong_and_what_to_write(raw: str, message: str) -> None:
    assert told(raw) == [message]


def test_a_security_block_of_an_older_openmetadata_is_refused_by_the_name_of_its_keys() -> None:
    raw = EXAMPLE.replace("jwtToken: eyJ", "secretKey: /google.json")
    assert told(raw) == [
        f"19:5: {SERVED}.securityConfig.jwtToken: `jwtToken` is missing. Add it",
        f"20:7: {SERVED}.securityConfig.secretKey: the key `secretKey` is unknown. Allowed here: jwtToken",
    ]


def test_a_file_whose_stem_cannot_be_a_dag_id_says_so() -> None:
    [fault] = faults(EXAMPLE.replace("name: orders_kinesis\n", ""), file="my orders.yaml")
    assert str(fault).startswith("my orders.yaml:1:1: name: this cannot be a DAG id (it is 'my orders').")


def test_a_long_value_is_cut_in_its_fault() -> None:
    [fault] = faults(EXAMPLE.replace("us-east-2", "x" * 500))
    assert f"(it is '{'x' * 77}...')" in fault.problem


def test_a_value_that_cannot_be_read_is_told_once() -> None:
    """It is no date, and so it is no name either: one fault, not two."""
    [fault] = faults(EXAMPLE.replace("serviceName: orders", "serviceName: 2026-99-99"))
    assert fault.problem == "this is not a valid timestamp"


# --- times ----------------------------------------------------------------------------------------------------------


def airflow(lines: str) -> AirflowConfig:
    return workflow(
        text(more="airflowConfig:\n" + "".join(f"  {line}\n" for line in lines.splitlines()))
    ).airflow_config


@pytest.mark.parametrize("quote", ["", "'"])
def test_days_are_utc_and_the_last_one_counts_in_full(quote: str) -> None:
    found = airflow(f"startDate: {quote}2026-11-01{quote}\nendDate: {quote}2027-01-31{quote}")
    assert found.start_date == datetime(2026, 11, 1, tzinfo=timezone.utc)
    assert found.end_date == datetime(2027, 1, 31, 23, 59, 59, 999999, tzinfo=timezone.utc)


def test_one_day_is_a_schedule_of_one_day() -> None:
    found = airflow("startDate: 2026-11-01\nendDate: 2026-11-01")
    assert found.start_date is not None
    assert found.end_date is not None
    assert (found.end_date - found.start_date).days == 0


@pytest.mark.parametrize("quote", ["", "'"])
@pytest.mark.parametrize(
    ("moment", "hour"), [("2026-11-01T06:00:00Z", 6), ("2026-11-01T06:00:00+02:00", 4), ("2026-11-01 06:00:00", 6)]
)
def test_moments_are_exact_and_in_utc(moment: str, hour: int, quote: str) -> None:
    found = airflow(f"startDate: {quote}{moment}{quote}\nendDate: {quote}{moment}{quote}")
    assert found.start_date == found.end_date == datetime(2026, 11, 1, hour, tzinfo=timezone.utc)


@pytest.mark.parametrize(("day", "hour"), [("2026-11-01", 0), ("2026-11-01T06:00:00+02:00", 4)])
def test_a_sample_may_begin_at_a_moment(day: str, hour: int) -> None:
    found = workflow(text(more=f"options: {{sample: {{position: {day}}}}}\n")).options.sample
    assert found.position == datetime(2026, 11, 1, hour, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("schedule", "cron"),
    [
        ("hourly", "0 * * * *"),
        ("daily", "0 0 * * *"),
        ("weekly", "0 0 * * 0"),
        ("'@daily'", "0 0 * * *"),
        ("'15 6 * * 1-5'", "15 6 * * 1-5"),
        ("null", None),
    ],
)
def test_a_schedule_is_a_word_a_cron_line_or_nothing(schedule: str, cron: str | None) -> None:
    assert airflow(f"scheduleInterval: {schedule}").cron == cron


def test_a_workflow_without_a_schedule_runs_daily() -> None:
    assert workflow(EXAMPLE).airflow_config.cron == "0 0 * * *"


# --- what is resolved, and when -------------------------------------------------------------------------------------

PLACEHOLDERS = text(
    aws="endPointURL: http://${HOST}:${PORT}\nawsAccessKeyId: ${KEY}\nawsSecretAccessKey: ${SECRET}",
    more="description: costs ${PRICE}\nservice: {description: 'of ${KEY}'}\n",
).replace("jwtToken: eyJ", "jwtToken: ${JWT}")
ENVIRON = {"HOST": "127.0.0.1", "PORT": "4566", "KEY": "AKIA", "SECRET": "s3cr3t${KEY}", "JWT": "eyJ"}


def test_without_a_runtime_no_name_is_resolved() -> None:
    """Validation and Airflow's parsing read no environment."""
    found = workflow(PLACEHOLDERS)
    assert found.aws.endpoint_url == "http://${HOST}:${PORT}"
    assert found.aws.aws_access_key_id is not None
    assert found.aws.aws_access_key_id.get_secret_value() == "${KEY}"


def test_with_a_runtime_the_names_in_connection_blocks_are_resolved_and_no_others() -> None:
    found = workflow(PLACEHOLDERS, Runtime(ENVIRON))
    assert found.aws.endpoint_url == "http://127.0.0.1:4566"
    assert found.aws.aws_secret_access_key is not None
    assert found.aws.aws_secret_access_key.get_secret_value() == "s3cr3t${KEY}"
    assert found.server.security_config is not None
    assert found.server.security_config.jwt_token.get_secret_value() == "eyJ"
    assert (found.description, found.service.description) == ("costs ${PRICE}", "of ${KEY}")


def test_all_names_the_environment_lacks_are_told_at_once() -> None:
    assert told(PLACEHOLDERS, Runtime({"KEY": "AKIA"})) == [
        f"10:22: {SOURCE}.endPointURL: the environment has no variable HOST. Set HOST where the run starts",
        f"10:22: {SOURCE}.endPointURL: the environment has no variable PORT. Set PORT where the run starts",
        f"12:29: {SOURCE}.awsSecretAccessKey: the environment has no variable SECRET. Set SECRET where the run starts",
        f"23:17: {SERVED}.securityConfig.jwtToken: the environment has no variable JWT. Set JWT where the run starts",
    ]


def test_a_resolved_value_is_checked_like_one_in_the_file() -> None:
    raw = EXAMPLE.replace("us-east-2", "${REGION}")
    assert workflow(raw).aws.aws_region == "${REGION}"
    [fault] = faults(raw, Runtime({"REGION": "Ohio"}))
    assert (fault.line, fault.column) == (9, 20)


def test_an_airflow_connection_wins_over_the_file_key_by_key() -> None:
    runtime = Runtime({}, aws={"awsRegion": "eu-west-1", "awsAccessKeyId": "AKIA", "awsSecretAccessKey": "${NAME}"})
    found = workflow(text(aws="profileName: readers"), runtime).aws
    assert (found.aws_region, found.profile_name) == ("eu-west-1", "readers")
    assert found.aws_secret_access_key is not None
    assert found.aws_secret_access_key.get_secret_value() == "${NAME}"


def test_a_name_that_a_connection_makes_needless_need_not_be_set() -> None:
    raw = text(aws="awsAccessKeyId: AKIA\nawsSecretAccessKey: ${SECRET}")
    found = workflow(raw, Runtime({}, aws={"awsSecretAccessKey": "s3cr3t"})).aws
    assert found.aws_secret_access_key is not None
    assert found.aws_secret_access_key.get_secret_value() == "s3cr3t"


CONNECTED = """\
source:
  type: kinesis
  serviceName: orders
  sourceConfig: {config: {type: MessagingMetadata}}
sink: {type: metadata-rest, config: {}}
connections: {aws: orders_aws, openmetadata: om_prod}
"""


def test_an_airflow_connection_stands_in_for_a_block_that_the_file_leaves_out() -> None:
    server = {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "eyJ"}}
    found = workflow(CONNECTED, Runtime({}, aws={"awsRegion": "eu-west-1"}, server=server))
    assert found.aws.aws_region == "eu-west-1"
    assert found.server.host_port == "http://om:8585/api"


def test_a_connection_that_says_too_little_is_told_by_what_is_missing() -> None:
    assert [fault.problem for fault in faults(CONNECTED, Runtime({}, aws={}))] == ["`awsRegion` is missing"]


def test_a_connection_may_bring_the_token_of_a_server_that_the_file_names() -> None:
    raw = CONNECTED + "workflowConfig: {openMetadataServerConfig: {hostPort: 'http://om:8585/api'}}\n"
    found = workflow(raw, Runtime({}, aws={"awsRegion": "eu-west-1"}, server={"securityConfig": {"jwtToken": "eyJ"}}))
    assert found.server.host_port == "http://om:8585/api"
    assert found.server.security_config is not None
    assert workflow(raw).server.security_config is None


@pytest.mark.parametrize("broken", ["connections: {aws: [a]}", "connections: x", "connections:"])
def test_a_document_tells_its_connections_before_it_is_checked(broken: str) -> None:
    """Airflow looks them up first; names that are wrong are told by the check, not twice."""
    good = parse(CONNECTED.encode(), "f.yaml")
    assert connections_in(good) == workflow(CONNECTED).connections
    bad = parse((CONNECTED[: CONNECTED.index("connections")] + broken).encode(), "f.yaml")
    assert connections_in(bad) == workflow(EXAMPLE).connections


def test_plain_data_is_checked_like_a_file() -> None:
    assert from_mapping(yaml.safe_load(EXAMPLE)) == workflow(EXAMPLE)
    with pytest.raises(WorkflowError, match="`serviceName` is missing"):
        from_mapping({"name": "x", "source": {}})


def test_a_runtime_leaves_the_document_as_it_was() -> None:
    """Two runs of one parsed file do not see one another's values."""
    document = parse(PLACEHOLDERS.encode(), "f.yaml")
    before = deepcopy(document.data)
    check(document, "f", Runtime(ENVIRON, aws={"awsRegion": "eu-west-1"}))
    assert document.data == before


def test_outside_of_airflow_a_connection_id_is_a_fault_that_says_what_to_do() -> None:
    found = workflow(CONNECTED)
    with pytest.raises(WorkflowError, match=r"connections.aws: orders_aws` is an Airflow connection, unknown here"):
        _ = found.aws
    with pytest.raises(WorkflowError, match=r"connections.openmetadata: om_prod` is an Airflow connection"):
        _ = found.server


# --- secrets --------------------------------------------------------------------------------------------------------

SECRETS = [
    (*AWS_BLOCK, "awsAccessKeyId"),
    (*AWS_BLOCK, "awsSecretAccessKey"),
    (*AWS_BLOCK, "awsSessionToken"),
    (*SERVER_BLOCK, "securityConfig", "jwtToken"),
    (*SERVER_BLOCK, "extraHeaders", "X-Key"),
    (*SERVER_BLOCK, "sslConfig", "sslCertificate"),
    (*SERVER_BLOCK, "sslConfig", "sslKey"),
]
secret_texts = st.text(st.characters(codec="utf-8", exclude_characters="$\0"), min_size=9).filter(
    lambda value: not any(part in value for part in ("secret", "Secret"))
)


def with_secret(place: tuple[str | int, ...], value: object, document: dict[str, Any]) -> None:
    block: Any = document
    for part in place[:-1]:
        block = block.setdefault(part, {})
    block[place[-1]] = value


def shown(raw: str, secret: str) -> None:
    """Whatever is made of the file, its secret is in none of it, neither as it is nor escaped."""
    document = parse(raw.encode(), "f.json")
    try:
        found = check(document, "f")
    except WorkflowError as error:
        texts = [str(error), repr(error), repr(error.faults), str(error.args)]
    else:
        texts = [repr(found), str(found), redacted(found), str(advice(document, found)), str(unused(found))]
    marked = repr(secret)[1:-1], json.dumps(secret)[1:-1], secret
    for each in texts:
        assert not any(form in each for form in marked)


@pytest.mark.parametrize("shape", ["text", "list", "block", "misspelt", "parent", "number", "key"])
@pytest.mark.parametrize("place", SECRETS, ids=[str(place[-1]) for place in SECRETS])
@settings(max_examples=5)
@given(secret=secret_texts)
def test_a_secret_is_shown_nowhere_whatever_its_shape(secret: str, place: tuple[str, ...], shape: str) -> None:
    """Also where it is a list, below a misspelt key, or in the place of its whole block."""
    secret = f"~{secret}~"
    document = yaml.safe_load(EXAMPLE)
    for each in SECRETS[:2]:
        with_secret(each, "x", document)
    if shape == "key":  # the blank behind a colon is missing
        secret = f"{place[-1]}:~{secret}~"
        with_secret((*place[:-1], secret), None, document)
        shown(json.dumps(document), secret.partition(":")[2])
        return
    values = {"list": [secret], "block": {"value": secret}}
    target = {"misspelt": (*place[:-1], place[-1] + "s"), "parent": place[:-1]}.get(shape, place)
    if shape == "number":
        secret = str(int.from_bytes(secret.encode(), "big"))
        values["number"] = int(secret)  # type: ignore[assignment]
    with_secret(target, values.get(shape, secret), document)
    shown(json.dumps(document), secret)


@pytest.mark.parametrize(
    "typo",
    [
        "securityConfig: {jwtToken:s3cr3t-t0ken}",
        "securityConfig: {jwtToken=s3cr3t-t0ken: 1}",
        "securityConfig: {s3cr3t-t0ken}",
        "securityConfig: {jwtToken: !s3cr3t-t0ken x}",
        "securityConfig: {jwtToken: *s3cr3t-t0ken}",
        "extraHeaders: {X-Key:s3cr3t-t0ken}",
        "extraHeaders: {s3cr3t-t0ken}",
        "hostPort: 'bot:s3cr3t-t0ken@om/api'",
        "hostPort: 'http://bot:s3cr3t-t0ken x@om/api'",
        "hostPort: 'http://om/api?token=s3cr3t-t0ken'",
    ],
)
def test_a_typo_does_not_show_a_secret(typo: str) -> None:
    server = "    hostPort: http://localhost:8585/api\n    securityConfig:\n      jwtToken: eyJ\n"
    raw = EXAMPLE.replace(server, f"    {typo}\n")
    assert raw != EXAMPLE
    assert all("s3cr3t" not in repr(fault) for fault in faults(raw))


def test_a_blank_that_is_missing_is_the_remedy() -> None:
    raw = EXAMPLE.replace("\n      jwtToken: eyJ", " {jwtToken:eyJ}")
    assert "Put a blank after its colon" in [fault.remedy for fault in faults(raw)]


def test_blocks_that_have_no_effect_here_are_shown_without_what_is_in_them() -> None:
    """OpenMetadata's own search has a password there."""
    raw = text(
        server="elasticsSearch: {type: x, config: {es_password: s3cr3t}}",
        more="processor: {type: y, config: {apiKey: s3cr3t}}\n",
    ).replace("workflowConfig:\n", "workflowConfig:\n  config: {any: s3cr3t}\n")
    assert "s3cr3t" not in redacted(workflow(raw))


def test_resolved_secrets_are_hidden_like_those_of_the_file() -> None:
    found = workflow(PLACEHOLDERS, Runtime(ENVIRON))
    for each in (repr(found), str(found), redacted(found)):
        assert not any(secret in each for secret in ("s3cr3t", "AKIA", "eyJ"))


def test_a_redacted_workflow_is_yaml_of_what_was_given_with_names_kept_and_secrets_hidden() -> None:
    raw = PLACEHOLDERS + "tags: [a, b]\noptions: {sample: {position: '2026-11-01T00:00:00+00:00'}}\n"
    found = workflow(raw.replace("jwtToken: ${JWT}", "jwtToken: eyJ"))
    assert yaml.safe_load(redacted(found)) == yaml.safe_load(raw.replace("jwtToken: ${JWT}", "jwtToken: '***'"))


def warnings(raw: str) -> list[str]:
    document = parse(raw.encode(), "f.yaml")
    return [str(fault).removeprefix("f.yaml:") for fault in advice(document, check(document, "f"))]


def test_a_secret_in_the_file_is_worth_a_warning() -> None:
    remedy = "Write ${NAME} and set NAME where runs start, or use `connections`"
    raw = text(aws="awsAccessKeyId: ${KEY}\nawsSecretAccessKey: /starts/like/a/path", server="extraHeaders: {X-Key: k}")
    assert warnings(raw) == [
        f"11:29: {SOURCE}.awsSecretAccessKey: a secret stands in the file. {remedy}",
        f"22:17: {SERVED}.securityConfig.jwtToken: a secret stands in the file. {remedy}",
        f"23:27: {SERVED}.extraHeaders.X-Key: a secret stands in the file. {remedy}",
    ]


def test_the_path_of_a_token_is_no_secret() -> None:
    assert warnings(EXAMPLE.replace("eyJ", "/run/secrets/jwt")) == []


def test_a_name_that_will_not_be_resolved_is_worth_a_warning() -> None:
    raw = EXAMPLE.replace("eyJ", "${JWT}") + "description: of ${TEAM}\n"
    assert warnings(raw) == [
        "21:14: description: `${NAME}` is replaced in connection blocks only, not here. Write the value itself"
    ]


@pytest.mark.parametrize(
    "raw",
    [
        EXAMPLE.replace("serviceName: orders", "serviceName: ${NAME}"),
        CONNECTED.replace("{type: metadata-rest, config: {}}", "{type: file, config: {path: '${NAME}/c.jsonl'}}"),
        CONNECTED.replace("orders_aws", "'${NAME}'"),
        EXAMPLE + "ingestionPipelineFQN: shop.${NAME}\n",
        EXAMPLE + "pipelineRunId: ${NAME}\n",
    ],
    ids=["service", "path", "connection", "pipeline", "run"],
)
def test_a_name_that_will_not_be_resolved_names_nothing(raw: str) -> None:
    """A service called `${NAME}` in the catalogue, or a folder on the disk, is what nobody wants."""
    [fault] = faults(raw)
    assert "`${NAME}` is replaced in connection blocks only, not here" in fault.problem


def test_an_empty_variable_is_no_value() -> None:
    """Two empty keys would make boto3 look for another identity, and catalogue its account."""
    [fault] = faults(PLACEHOLDERS, Runtime(ENVIRON | {"KEY": ""}))
    assert (fault.path, fault.problem) == (f"{SOURCE}.awsAccessKeyId", "the environment has an empty variable KEY")


@pytest.mark.parametrize(
    "more",
    [
        f"owner: {'o' * 501}",
        f"airflowConfig: {{email: {'e' * 255}}}",
        f"airflowConfig: {{scheduleInterval: '{'0,' * 60}0 * * * *'}}",
    ],
    ids=["owner", "email", "schedule"],
)
def test_what_is_longer_than_airflows_columns_is_refused(more: str) -> None:
    """PostgreSQL refuses it, and with it the DAGs of all other files: they are written in one transaction."""
    [fault] = faults(EXAMPLE + more + "\n")
    assert "at most" in fault.problem


@pytest.mark.parametrize("field", ["awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"])
def test_a_credential_that_cannot_be_sent_is_told_before_it_is(field: str) -> None:
    """A line break behind it, as files have it: the errors of HTTP libraries would show all of it."""
    keys = {"awsAccessKeyId": "A", "awsSecretAccessKey": "s", "awsSessionToken": "t"} | {field: "s3cr3t\n"}
    [fault] = faults(CONNECTED, Runtime({}, aws={"awsRegion": "eu-west-1", **keys}, server={"securityConfig": TOKEN}))
    assert "this cannot be a credential" in fault.problem
    assert "s3cr3t" not in str(fault)


TOKEN = {"jwtToken": "eyJ"}


def test_a_fault_in_a_connection_is_placed_where_the_file_names_it() -> None:
    runtime = Runtime({}, aws={"awsRegion": "Ohio"}, server={"hostPort": "om", "securityConfig": TOKEN})
    [region, host] = faults(CONNECTED, runtime)
    assert (region.line, region.path) == (6, "connections.aws")
    assert region.problem == "its `awsRegion`: this is not the name of an AWS region (it is 'Ohio')"
    assert (host.line, host.path, host.problem[:14]) == (6, "connections.openmetadata", "its `hostPort`")


def test_given_fields_without_effect_are_named() -> None:
    raw = text(server="limitRecords: 5\nclusterName: x", more="id: 7\n").replace("id: 7", "id: '7'")
    assert unused(workflow(raw)) == [
        "id",
        f"{SERVED}.clusterName",
        f"{SERVED}.limitRecords",
    ]


# --- the JSON Schema ------------------------------------------------------------------------------------------------

editor_formats = FormatChecker(formats=())
editor_formats.checks("date")(lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", str(value))))
editor_formats.checks("date-time")(lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", str(value))))


def complaints(raw: str) -> list[str]:
    """What an editor would say of a file: YAML 1.2, where dates are text."""
    document = yaml.load(raw, yaml.BaseLoader) if "airflowConfig" in raw else yaml.safe_load(raw)
    validator = Draft202012Validator(json_schema(), format_checker=editor_formats)
    return [inner.message for error in validator.iter_errors(document) for inner in (error, *leaves(error))]


def leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The reasons why each branch of an `anyOf` was refused."""
    for inner in error.context or ():
        yield inner
        yield from leaves(inner)


@pytest.mark.parametrize("day", ["2026-11-01", "2026-11-01T06:00:00Z"])
def test_the_json_schema_accepts_what_we_accept(day: str) -> None:
    Draft202012Validator.check_schema(json_schema())
    assert complaints(EXAMPLE) == []
    assert complaints(EXAMPLE.replace("name: orders_kinesis\n", "")) == []
    assert complaints(text(more=f"airflowConfig: {{startDate: {day}, endDate: {day}}}\n")) == []


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (text(metadata="generateSampelData: true"), "'generateSampelData' was unexpected"),
        (EXAMPLE.replace(AWS, "        profileName: x\n"), "'awsRegion' is a required property"),
        (EXAMPLE.replace("metadata-rest", "metadata_rest"), "'metadata_rest' is not one of"),
        (text(more="airflowConfig: {startDate: soon}\n"), "is not a 'date'"),
    ],
)
def test_the_json_schema_refuses_what_we_refuse(raw: str, message: str) -> None:
    assert any(message in complaint for complaint in complaints(raw))


# --- whatever is in the file ----------------------------------------------------------------------------------------

FULL = text(
    aws="awsAccessKeyId: ${KEY}\nawsSecretAccessKey: ${SECRET}\nendPointURL: http://k:1\nassumeRoleArn: " + ARN,
    metadata="topicFilterPattern: {includes: ['a.*'], excludes: [b]}\ngenerateSampleData: true",
    server="verifySSL: validate\nsslConfig: {caCertificate: /ca}\nextraHeaders: {X-A: b}",
    more="airflowConfig: {scheduleInterval: daily, startDate: 2026-11-01, endDate: 2026-12-01}\n"
    "connections: {aws: a}\nservice: {displayName: x}\noptions: {sample: {position: latest}, quota: 0.5}\n",
)
LOADED: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(FULL), default=str))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["kinesis", "file", "2026-11-01", "${X}", "0001-01-01T00:00:00+14:00", "daily", "us-east-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(node: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, (dict, list)):
        for part, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*place, part)
            yield from places(child, (*place, part))


def found_faults(raw: bytes, file: str, runtime: Runtime | None) -> tuple[Fault, ...]:
    try:
        loads(raw, file, runtime)
    except WorkflowError as error:
        return error.faults
    return ()


def read_or_refused(raw: str, file: str, runtime: Runtime | None = None) -> None:
    """A workflow, or faults with a place inside the file and something to do."""
    for fault in found_faults(raw.encode("utf-8", "replace"), file, runtime):
        assert fault.remedy
        assert fault.problem
        assert (1 <= fault.line <= len(re.split("[\n\r\x85\u2028\u2029]", raw)) + 1) or fault.path == ""


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from([None, Runtime({}), Runtime({}, aws={"awsRegion": "eu-west-1"}, server={})]))
def test_a_workflow_with_anything_anywhere_is_read_or_refused(data: st.DataObject, runtime: Runtime | None) -> None:
    """One or two places of a valid workflow hold something else, have another name or are gone."""
    document = deepcopy(LOADED)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(list(places(document)) or [("x",)]))
        holder: Any = document
        for part in place[:-1]:
            holder = holder[part]
        value = data.draw(ANYTHING)
        match data.draw(st.sampled_from(["change", "remove", "rename"])):
            case "change":
                holder[place[-1]] = value
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.text(max_size=12))] = holder.pop(place[-1])
            case _:
                del holder[place[-1]]
    read_or_refused(json.dumps(document), "f.json", runtime)


@settings(max_examples=300)
@given(st.integers(0, len(FULL)), st.integers(0, 12), st.text(max_size=6))
def test_a_workflow_with_any_slip_of_the_keyboard_is_read_or_refused(start: int, length: int, typed: str) -> None:
    read_or_refused(FULL[:start] + typed + FULL[start + length :], "f.yaml")
