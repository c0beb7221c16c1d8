"""A service and its pipelines in OpenMetadata become workflow files that are checked and mean the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from airflow_kinesis_ingest.deployment.importing import Draft, drafts
from airflow_kinesis_ingest.engine.catalogue.agents import Agents, Inventory, dag_id
from airflow_kinesis_ingest.engine.workflow.field_types import instant
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, loads
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from tests.fakes.openmetadata import PIPELINE, SERVICE, _validator

Entity = dict[str, Any]
Strategy = st.SearchStrategy[Any]
SERVER = "http://om:8585/api"
ID = "00000000-0000-0000-0000-000000000001"


def service(name: str = "shop", aws: Entity | None = None, **config: Any) -> Entity:
    aws = {"awsRegion": "us-east-2"} if aws is None else aws
    connection = {"config": {"type": "Kinesis", "awsConfig": aws, **config}}
    return {"id": ID, "name": name, "serviceType": "Kinesis", "connection": connection}


def pipeline(name: str = "0a1b", metadata: Entity | None = None, airflow: Entity | None = None, **more: Any) -> Entity:
    config = {"type": "MessagingMetadata"} | (metadata or {})
    return {
        "id": ID,
        "name": name,
        "pipelineType": "metadata",
        "sourceConfig": {"config": config},
        "airflowConfig": airflow or {},
        **more,
    }


def made(service: Entity, *pipelines: Entity, existing: tuple[str, ...] = ()) -> list[Draft]:
    names = frozenset(dag_id(each["name"]) for each in pipelines)
    return list(drafts(Inventory((Agents(service, pipelines),), names), SERVER, existing))


def one(service: Entity, *pipelines: Entity) -> Draft:
    (draft,) = made(service, *pipelines)
    assert draft.faults == ()
    return draft


def loaded(draft: Draft) -> Workflow:
    return loads(draft.text.encode(), f"{draft.name}.yaml")


def header(draft: Draft) -> str:
    lines = [line for line in draft.text.splitlines() if line.startswith("#")]
    return re.sub(r"\s+", " ", " ".join(line.lstrip("# ") for line in lines))


# --- the matrix -----------------------------------------------------------------------------------------------------

_LETTERS = st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t")
_WORDS = st.text(_LETTERS, max_size=20).filter(lambda text: "${" not in text)
_AWS: Strategy = st.fixed_dictionaries(
    {"awsRegion": st.sampled_from(["us-east-2", "cn-north-1", "eusc-de-east-1"])},
    optional={
        "enabled": st.booleans(),
        "endPointURL": st.sampled_from(["", "https://kinesis.us-east-2.amazonaws.com", "http://localhost:4566"]),
        "profileName": _WORDS,
        "assumeRoleArn": st.sampled_from(["", "arn:aws:iam::123456789012:role/reader"]),
        "assumeRoleSessionName": st.sampled_from(["OpenMetadataSession", "nightly"]),
        "assumeRoleSourceIdentity": st.sampled_from(["", "openmetadata"]),
    },
)
_KEYS: Strategy = st.sampled_from(
    [
        {},
        {"awsAccessKeyId": "", "awsSecretAccessKey": "", "awsSessionToken": None},
        {"awsAccessKeyId": "AKIASECRET", "awsSecretAccessKey": "*********"},
        {"awsAccessKeyId": "AKIASECRET", "awsSecretAccessKey": "s3cr3t/+", "awsSessionToken": "t0ken=="},
    ]
)
_PATTERNS = st.lists(
    st.sampled_from(
        ["orders.*", "yes", "null", "1e3", "# x", ": a", "[a-z]+", "- b", " c", r"a\.b", "(?i)x", "'", '"', "2026"]
    )
)
_FILTER: Strategy = st.none() | st.fixed_dictionaries({}, optional={"includes": _PATTERNS, "excludes": _PATTERNS})
_METADATA: Strategy = st.fixed_dictionaries(
    {},
    optional={
        "topicFilterPattern": _FILTER.filter(lambda found: found is not None),
        "generateSampleData": st.booleans(),
        "markDeletedTopics": st.booleans(),
        "overrideMetadata": st.booleans(),
    },
)
_AIRFLOW: Strategy = st.fixed_dictionaries(
    {},
    optional={
        "pausePipeline": st.booleans(),
        "concurrency": st.integers(1, 9),
        "startDate": st.sampled_from(["2026-11-01T00:00:00Z", "2026-11-01T01:02:03.456+00:00"]),
        "endDate": st.sampled_from(["2027-01-31T00:00:00Z", "2027-01-31T12:00:00.000Z"]),
        "pipelineTimezone": st.sampled_from(["UTC", "Europe/Berlin"]),
        "retries": st.integers(0, 5),
        "retryDelay": st.integers(0, 900),
        "pipelineCatchup": st.booleans(),
        "scheduleInterval": st.sampled_from(["", "0 * * * *", "0 0 * * *", "0 0 * * 0", "30 2 * * 1-5", "*/5 * * * *"]),
        "maxActiveRuns": st.integers(1, 3),
        "workflowTimeout": st.none() | st.integers(1, 9000),
        "workflowDefaultView": st.just("tree"),
        "workflowDefaultViewOrientation": st.just("LR"),
        "email": st.just("a@example.org"),
    },
)
_PIPELINE: Strategy = st.fixed_dictionaries(
    {},
    optional={
        "displayName": _WORDS,
        "description": _WORDS,
        "loggerLevel": st.sampled_from(["DEBUG", "INFO", "WARN", "ERROR"]),
        "raiseOnError": st.booleans(),
        "enabled": st.booleans(),
        "deployed": st.booleans(),
        "enableStreamableLogs": st.booleans(),
        "owners": st.just([{"id": ID, "type": "team", "name": "checkout"}]),
    },
)


def _given(pattern: Entity | None) -> Entity:
    return {key: value for key, value in (pattern or {}).items() if value}


def _valid(schema: str, entity: Entity) -> bool:
    validator = _validator(schema)
    return validator is None or validator.is_valid({key: value for key, value in entity.items() if value is not None})


@settings(max_examples=150)
@given(st.data())
def test_whatever_the_schemas_allow_becomes_a_file_that_is_checked_and_means_the_same(data: st.DataObject) -> None:
    aws, keys = data.draw(_AWS), data.draw(_KEYS)
    metadata, airflow, more = data.draw(_METADATA), data.draw(_AIRFLOW), data.draw(_PIPELINE)
    theirs = pipeline("0a1b", metadata, airflow, **more)
    draft = one(service("shop", aws | keys), theirs)
    assert not re.search(r"AKIASECRET|s3cr3t|t0ken|\*{9}", draft.text)

    environ = {name: f"value-of-{name}" for name in draft.secrets}
    ours = loads(draft.text.encode(), "shop.yaml", Runtime(environ))
    told = ours.aws.model_dump(by_alias=True)
    for key, value in aws.items():
        assert key == "enabled" or told[key] == (value or (None if key != "assumeRoleSessionName" else value))
    for key, name in {"awsAccessKeyId": "SHOP_AWS_ACCESS_KEY_ID", "awsSessionToken": "SHOP_AWS_SESSION_TOKEN"}.items():
        assert (told[key].get_secret_value() if told[key] else None) == (f"value-of-{name}" if keys.get(key) else None)

    pattern = ours.metadata.topic_filter_pattern
    assert (pattern.model_dump(exclude_none=True) if pattern else {}) == _given(metadata.get("topicFilterPattern"))
    assert ours.metadata.generate_sample_data is metadata.get("generateSampleData", False)
    assert ours.metadata.mark_deleted_topics is metadata.get("markDeletedTopics", True)
    assert ours.metadata.override_metadata is metadata.get("overrideMetadata", False)

    config = ours.airflow_config
    assert config.cron_of("") == (airflow.get("scheduleInterval") or None)
    for key, moment in (("startDate", config.start_date), ("endDate", config.end_date)):
        assert moment == (instant(end_of_day=False)(airflow[key]) if key in airflow else None)
    assert config.pause_pipeline is (airflow.get("pausePipeline", False) or more.get("enabled") is False)
    by_default = {"retries": 0, "retryDelay": 300, "concurrency": 1, "maxActiveRuns": 1, "pipelineCatchup": False}
    plain = config.model_dump(by_alias=True)
    for key, value in (by_default | {"pipelineTimezone": "UTC", "workflowTimeout": None, "email": None}).items():
        assert plain[key] == airflow.get(key, value)
    assert ours.workflow_config.logger_level == more.get("loggerLevel", "INFO")
    assert ours.workflow_config.raise_on_error is more.get("raiseOnError", True)
    assert (ours.display_name, ours.description) == (more.get("displayName") or None, more.get("description") or None)
    assert ours.owner == ("checkout" if "owners" in more else "airflow")


def test_the_matrix_names_every_field_of_the_schemas() -> None:
    """A field that a newer schema brings must be thought of."""
    for schema, ours in (
        ("security/credentials/awsCredentials.json", {*AWS_FIELDS, "awsAccessKeyId", "awsSecretAccessKey"}),
        (f"{PIPELINE}#/definitions/airflowConfig", AIRFLOW_FIELDS),
        ("metadataIngestion/messagingServiceMetadataPipeline.json", METADATA_FIELDS),
    ):
        validator = _validator(schema)
        if validator is None:
            pytest.skip("the schemas are not at hand")
        assert isinstance(validator, Draft7Validator)
        reference: Any = validator.schema
        resolved = validator._resolver.lookup(reference["$ref"]).contents  # type: ignore[attr-defined]
        assert set(resolved["properties"]) == ours


AWS_FIELDS = {
    *("enabled", "awsRegion", "awsSessionToken", "endPointURL", "profileName"),
    *("assumeRoleArn", "assumeRoleSessionName", "assumeRoleSourceIdentity"),
}
METADATA_FIELDS = {"type", "topicFilterPattern", "generateSampleData", "markDeletedTopics", "overrideMetadata"}
AIRFLOW_FIELDS = {
    *("pausePipeline", "concurrency", "startDate", "endDate", "pipelineTimezone", "retries", "retryDelay"),
    *("pipelineCatchup", "scheduleInterval", "maxActiveRuns", "workflowTimeout", "workflowDefaultView"),
    *("workflowDefaultViewOrientation", "email"),
}


def test_the_entities_of_these_tests_are_what_the_schemas_say() -> None:
    assert _valid(SERVICE, service(topicFilterPattern={"includes": ["a"]}))
    assert _valid(PIPELINE, pipeline(airflow={"scheduleInterval": "0 0 * * *"}, displayName="x"))


# --- the schedule ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "ours"),
    [("0 * * * *", "hourly"), ("0 0 * * *", "daily"), ("0 0 * * 0", "weekly"), ("5 1 * * *", "5 1 * * *")],
)
def test_a_schedule_is_written_in_words_where_there_is_one(cron: str, ours: str) -> None:
    draft = one(service(), pipeline(airflow={"scheduleInterval": cron}))
    assert loaded(draft).airflow_config.schedule_interval == ours


@pytest.mark.parametrize("airflow", [{}, {"scheduleInterval": ""}, {"scheduleInterval": None}])
def test_a_pipeline_on_demand_stays_on_demand(airflow: Entity) -> None:
    draft = one(service(), pipeline(airflow=airflow))
    assert "scheduleInterval: null" in draft.text
    assert loaded(draft).airflow_config.cron_of("") is None


def test_of_an_end_before_its_start_the_start_goes_for_it_was_ignored_anyway() -> None:
    dates = {"startDate": "2027-01-01T00:00:00Z", "endDate": "2026-01-01T00:00:00Z", "scheduleInterval": "0 0 * * *"}
    draft = one(service(), pipeline(airflow=dates))
    config = loaded(draft).airflow_config
    assert config.start_date is None
    assert str(config.end_date) == "2026-01-01 00:00:00+00:00"
    assert any("`airflowConfig.startDate` is left out" in note for note in draft.notes)


# --- names ----------------------------------------------------------------------------------------------------------


def test_one_pipeline_is_named_after_its_service_and_several_after_themselves_too() -> None:
    assert [each.name for each in made(service("my shop"), pipeline("0a1b"))] == ["my_shop"]
    two = made(service(), pipeline("0a", displayName="All of it"), pipeline("1b", displayName="Orders/hourly"))
    assert [each.name for each in two] == ["shop_All_of_it", "shop_Orders_hourly"]
    same = made(service(), pipeline("0a", displayName="x"), pipeline("1b", displayName="x"))
    assert len({each.name for each in same}) == 2


def test_no_workflow_takes_the_dag_id_of_a_pipeline_that_somebody_will_delete() -> None:
    """OpenMetadata's plugin deletes the DAG of that id, its history too."""
    assert [each.name for each in made(service("shop"), pipeline("shop"))] == ["shop_kinesis"]


def test_a_pipeline_that_a_run_of_ours_made_is_not_imported() -> None:
    found = made(service("shop"), pipeline("0a1b"), pipeline("shop"), existing=("shop",))
    assert [each.origin for each in found] == ["the pipeline shop.0a1b (0a1b)"]


def test_two_services_never_share_the_name_of_a_secret() -> None:
    keys = {"awsRegion": "us-east-2", "awsAccessKeyId": "A", "awsSecretAccessKey": "*********"}
    agents = [Agents({**service(name, keys), "id": name}, ()) for name in ("a.b", "a-b", "北", "1")]
    found = list(drafts(Inventory(tuple(agents), frozenset()), SERVER))
    secrets = [name for draft in found for name in draft.secrets if name != "OM_JWT"]
    assert len(set(secrets)) == 8
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+", name) for name in secrets)


# --- what is said ---------------------------------------------------------------------------------------------------


def test_only_the_differences_that_the_pipeline_meets_are_told() -> None:
    plain = header(one(service(), pipeline(metadata={"markDeletedTopics": False})))
    assert "`startDate` was ignored" not in plain
    assert "Narrowing the filter" not in plain
    assert "needs proof" not in plain
    everything = {
        "startDate": "2026-11-01T00:00:00Z",
        "pipelineCatchup": True,
        "pipelineTimezone": "Europe/Berlin",
        "workflowTimeout": 3600,
        "retries": 2,
        "retryDelay": 60,
    }
    metadata = {"generateSampleData": True, "topicFilterPattern": {"includes": ["a"]}}
    told = header(one(service(), pipeline(metadata=metadata, airflow=everything)))
    for words in ("`startDate` was ignored", "every tick since", "`pipelineTimezone` was ignored", "read as days"):
        assert words in told
    for words in ("`retryDelay` was ignored", "Narrowing the filter deleted", "needs proof", "base64 once too often"):
        assert words in told


def test_the_file_says_what_to_set_and_what_to_switch_off() -> None:
    keys = {"awsRegion": "us-east-2", "awsAccessKeyId": "A", "awsSecretAccessKey": "*********"}
    draft = one(service(aws=keys), pipeline("0a1b", displayName="Nightly"))
    assert draft.secrets == ("SHOP_AWS_ACCESS_KEY_ID", "SHOP_AWS_SECRET_ACCESS_KEY", "OM_JWT")
    told = header(draft)
    assert "Imported from the pipeline shop.0a1b (Nightly)" in told
    assert "SHOP_AWS_ACCESS_KEY_ID, SHOP_AWS_SECRET_ACCESS_KEY, OM_JWT" in told
    assert "Services > Messaging > shop > Agents: pause the pipeline Nightly" in told


def test_a_service_without_a_pipeline_gets_a_file_on_demand_with_its_default_filter() -> None:
    draft = one(service(topicFilterPattern={"excludes": ["_.*"]}))
    ours = loaded(draft)
    assert ours.airflow_config.cron_of("") is None
    assert ours.metadata.topic_filter_pattern
    assert ours.metadata.topic_filter_pattern.excludes == ["_.*"]
    assert "which has no pipeline of metadata" in header(draft)
    assert draft.switch_off == ""


def test_a_default_filter_that_no_run_heeded_is_not_heeded_here() -> None:
    draft = one(service(topicFilterPattern={"excludes": ["_.*"]}), pipeline())
    assert loaded(draft).metadata.topic_filter_pattern is None
    assert any("default filter is left out" in note for note in draft.notes)


def test_a_paused_pipeline_starts_paused() -> None:
    assert loaded(one(service(), pipeline(enabled=False))).airflow_config.pause_pipeline


def test_a_display_name_cannot_leave_its_comment() -> None:
    draft = one(service(), pipeline(displayName="x\nname: evil\u2028\x85y"))
    assert loaded(draft).name == "shop"


# --- what cannot come along -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aws", "metadata", "airflow", "named"),
    [
        ({"awsRegion": "us-east-2a"}, {}, {}, "availability zone"),
        ({"awsRegion": "us-east-2", "awsAccessKeyId": "A"}, {}, {}, "half a key pair"),
        ({"awsRegion": "us-east-2", "profileName": "${HOME}"}, {}, {}, "which a run here would replace"),
        ({"awsRegion": "us-east-2"}, {"topicFilterPattern": {"excludes": ["("]}}, {}, "regular expression"),
        ({"awsRegion": "us-east-2"}, {}, {"scheduleInterval": "0 0 31 2 *"}, "no day matches"),
        ({"awsRegion": "us-east-2"}, {}, {"endDate": "soon"}, "airflowConfig.endDate"),
    ],
)
def test_what_would_change_what_is_read_or_when_is_refused_not_left_out(
    aws: Entity, metadata: Entity, airflow: Entity, named: str
) -> None:
    (draft,) = made(service(aws=aws), pipeline(metadata=metadata, airflow=airflow))
    assert draft.text == ""
    assert any(named in str(fault) and "shop.0a1b" in str(fault) for fault in draft.faults)


def test_what_a_pipeline_can_do_without_is_left_out_and_told() -> None:
    draft = one(service(), pipeline(airflow={"retries": -1, "newField": 1}, displayName="x" * 1001))
    assert loaded(draft).airflow_config.retries == 0
    assert {note.split(" ")[0] for note in draft.notes} == {"`airflowConfig.retries`", "`newField`", "`displayName`"}


def test_a_connection_that_the_token_may_not_see_is_told() -> None:
    hidden = {**service(), "connection": None}
    (draft,) = made(hidden, pipeline())
    assert "the service's connection is not told" in str(draft.faults[0])
