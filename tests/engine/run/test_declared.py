"""Declared schemas: the first pattern counts, each schema is read once, and messages that contradict it are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.glue import GlueSchemas
from airflow_kinesis_ingest.engine.model import Field, MessageSchema
from airflow_kinesis_ingest.engine.run.declared import Declared, contradiction
from airflow_kinesis_ingest.engine.workflow.models import DeclaredSchema
from airflow_kinesis_ingest.errors import StreamUnreadable

ORDER = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]})
AVAILABLE = {"DataFormat": "AVRO", "SchemaDefinition": ORDER, "Status": "AVAILABLE"}


class Registry:
    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def get_schema_version(self, **asked: Any) -> Mapping[str, Any]:
        self.asked.append(asked)
        return self.answer


def declared(answer: Mapping[str, Any], **streams: dict[str, Any]) -> tuple[Declared, Registry]:
    registry = Registry(answer)
    made = {pattern: DeclaredSchema.model_validate(each) for pattern, each in streams.items()}
    client: Any = registry
    return Declared(made, GlueSchemas(lambda: client)), registry


def test_the_first_pattern_that_matches_declares_the_schema_and_each_is_read_once() -> None:
    lookup, registry = declared(AVAILABLE, orders={"schema": "order", "version": 3}, **{"o.*": {"registry": "mine"}})
    first, second = lookup("orders"), lookup("orders.eu")
    assert first is not None
    assert second is not None
    assert (first.kind, first.text, [field.name for field in first.fields[0].children]) == ("Avro", ORDER, ["id"])
    assert lookup("clicks") is None
    number = {"SchemaVersionNumber": {"VersionNumber": 3}}
    assert registry.asked == [{"SchemaId": {"RegistryName": "default-registry", "SchemaName": "order"}, **number}]


def test_a_schema_without_a_name_is_the_streams() -> None:
    lookup, registry = declared(AVAILABLE, **{".*": {"registry": "mine"}})
    assert lookup("clicks") is not None
    latest = {"SchemaVersionNumber": {"LatestVersion": True}}
    assert registry.asked == [{"SchemaId": {"RegistryName": "mine", "SchemaName": "clicks"}, **latest}]


@pytest.mark.parametrize("answer", [AVAILABLE | {"Status": "PENDING"}, AVAILABLE | {"SchemaDefinition": "{"}])
def test_what_is_not_available_or_not_readable_is_no_schema(answer: dict[str, Any]) -> None:
    lookup, _ = declared(answer, orders={})
    with pytest.raises(StreamUnreadable):
        lookup("orders")


def schema(kind: Any, text: str, *names: str) -> MessageSchema:
    root = Field("root", "RECORD", children=tuple(Field(name, "STRING") for name in names))
    return MessageSchema(kind, text, (root,), 3, 4)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, None),
        (schema("Avro", "a", "id"), None),
        (schema("Avro", "b", "id"), "3 of 4 messages carry another Avro schema than the declared one"),
        (schema("JSON", "j", "id"), "3 of 4 messages are JSON, and the declared schema is Avro"),
    ],
)
def test_messages_that_contradict_the_declared_schema_are_told_with_their_share(
    found: MessageSchema | None, told: str | None
) -> None:
    assert contradiction(schema("Avro", "a", "id"), found) == told


def test_fields_that_a_declared_json_schema_lacks_contradict_it() -> None:
    found = contradiction(schema("JSON", "a", "id"), schema("JSON", "b", "id", "new"))
    assert found == "3 of 4 messages have fields that the declared schema lacks: new"
