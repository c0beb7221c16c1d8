"""The workflow file: what is accepted, and what its own JSON Schema says of it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import BaseModel

from airflow_kinesis_ingest.engine.workflow.fault_texts import model_in
from airflow_kinesis_ingest.engine.workflow.loading import load
from airflow_kinesis_ingest.engine.workflow.models import AWS_BLOCK, SERVER_BLOCK, AirflowConfig, Workflow, json_schema
from tests.workflow_text import (
    ARN,
    AWS,
    EXAMPLE,
    text,
    told,
    workflow,
)

SHARED = Path(__file__).resolve().parents[4] / "shared"
SCHEMAS = SHARED / "openmetadata-schemas"
REFERENCE = SHARED / "reference" / "kinesis-connector-cli.md"
DEMO = Path(__file__).parents[3] / "dags" / "workflows" / "demo.yaml"


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
    assert found.server.security_config.jwt_token is not None
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
    assert airflow(f"scheduleInterval: {schedule}").cron_of("") == cron


def test_a_workflow_without_a_schedule_runs_daily() -> None:
    assert workflow(EXAMPLE).airflow_config.cron_of("") == "0 0 * * *"


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


# --- what flows, tags and declared schemas ask for ------------------------------------------------------------------


def test_nothing_of_flows_and_tags_is_on_by_default() -> None:
    """The five documented IAM actions stay enough for a file that does not ask for more."""
    options = workflow(EXAMPLE).options
    assert (options.tags.enabled, options.owners.tag_keys) == (False, [])
    assert (options.lineage.readers, options.lineage.writers, options.schema_registry.streams) == ([], [], {})


def test_patterns_of_streams_declare_schemas_in_the_order_of_the_file() -> None:
    declared = "options: {schemaRegistry: {streams: {'b.*': {schema: orders, version: 3}, 'a.*': {registry: mine}}}}\n"
    streams = workflow(text(more=declared)).options.schema_registry.streams
    assert list(streams) == ["b.*", "a.*"]
    assert (streams["b.*"].registry, streams["b.*"].schema_name, streams["b.*"].version) == (
        "default-registry",
        "orders",
        3,
    )
    assert (streams["a.*"].registry, streams["a.*"].schema_name, streams["a.*"].version) == ("mine", None, "latest")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("lineage: {readers: [firehos]}", "Did you mean 'firehose'?"),
        ("lineage: {writers: [dynamodb]}", "Name the tables in `dynamodbTables`"),
        ("lineage: {dynamodbTables: [orders]}", "Add `dynamodb` to `writers`"),
        ("schemaRegistry: {streams: {'(': {}}}", "this is not a valid regular expression"),
        ("schemaRegistry: {streams: {a: {schma: orders}}}", "Did you mean `schema`?"),
        ("tags: {classification: 'A::B'}", "OpenMetadata does not take this name"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(options: str, expected: str) -> None:
    (told_once,) = told(text(more=f"options: {{{options}}}\n"))
    assert expected in told_once
