"""Declared schemas: the first pattern counts, each schema is read once, and its fields are those of its text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.aws.glue import GlueSchemas
from airflow_kinesis_ingest.engine.lineage.flow import Flow, Listing
from airflow_kinesis_ingest.engine.model import Message, MessageSchema, RegisteredSchema, Sample, Stream
from airflow_kinesis_ingest.engine.run.declared import Declared
from airflow_kinesis_ingest.engine.workflow.models import DeclaredSchema
from airflow_kinesis_ingest.errors import IngestError

ORDER = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"}]})
OTHER = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]})
AVAILABLE = {"DataFormat": "AVRO", "SchemaDefinition": ORDER, "Status": "AVAILABLE"}
JSON_ORDER = json.dumps({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}})
PROTO = """
syntax = "proto3";
package shop;
message Order { int64 id = 1; message Line { string sku = 1; } repeated Line lines = 2; }
"""
SEVERAL = PROTO + " message Gone { string id = 1; }"
ARN, GLUE = "arn:aws:kinesis:us-east-1:123456789012:stream/", "arn:aws:glue:us-east-1:123456789012:schema/shop/"
SAMPLE = Sample(schema=MessageSchema("JSON", "{}", (), 1, 1))


class Registry:
    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.answer = answer
        self.asked: list[Mapping[str, Any]] = []

    def get_schema_version(self, **asked: Any) -> Mapping[str, Any]:
        self.asked.append(asked)
        return self.answer


class Scene:
    """A registry that answers as told, and what a run is told."""

    def __init__(
        self, answer: Mapping[str, Any], streams: Mapping[str, Any] | None = None, channels: Listing | None = None
    ) -> None:
        self.registry = Registry(answer)
        self.told: list[str] = []
        made = {pattern: DeclaredSchema.model_validate(each) for pattern, each in (streams or {}).items()}
        client: Any = self.registry
        awaited = (lambda: channels) if channels else None
        self.declared = Declared(made, GlueSchemas(lambda: client), self.tell, awaited)

    def tell(self, stream: str, error: IngestError) -> None:
        self.told.append(f"{stream}: {error}")

    def schema(self, name: str, sample: Sample = SAMPLE) -> MessageSchema | None:
        return self.declared.schema(Stream(name, arn=f"{ARN}{name}"), sample)

    def contradiction(self, *messages: Message) -> str:
        found = self.declared.contradiction(Stream("orders", arn=f"{ARN}orders"), messages)
        return found.cause if found else ""


def names(schema: MessageSchema | None) -> list[str]:
    return [field.name for field in schema.fields[0].children] if schema and schema.fields else []


def test_the_first_pattern_that_matches_declares_the_schema_and_each_is_read_once() -> None:
    scene = Scene(AVAILABLE, {"orders": {"schema": "order", "version": 3}, "o.*": {"registry": "mine"}})
    first, second = scene.schema("orders"), scene.schema("orders.eu")
    assert first is not None
    assert second is not None
    assert (first.kind, first.text, names(first)) == ("Avro", ORDER, ["id"])
    assert scene.schema("clicks") == SAMPLE.schema
    number = {"SchemaVersionNumber": {"VersionNumber": 3}}
    assert scene.registry.asked == [{"SchemaId": {"RegistryName": "default-registry", "SchemaName": "order"}, **number}]


def test_a_schema_without_a_name_is_the_streams() -> None:
    scene = Scene(AVAILABLE, {".*": {"registry": "mine"}})
    assert scene.schema("clicks") is not None
    latest = {"SchemaVersionNumber": {"LatestVersion": True}}
    assert scene.registry.asked == [{"SchemaId": {"RegistryName": "mine", "SchemaName": "clicks"}, **latest}]


@pytest.mark.parametrize(
    "answer",
    [
        AVAILABLE | {"Status": "PENDING"},
        AVAILABLE | {"SchemaDefinition": "{"},
        AVAILABLE | {"DataFormat": "JSON", "SchemaDefinition": "{"},
        AVAILABLE | {"DataFormat": "PROTOBUF", "SchemaDefinition": "message {"},
    ],
)
def test_what_is_not_available_or_not_readable_leaves_the_topic_as_it_is(answer: dict[str, Any]) -> None:
    """Also against what the messages show."""
    scene = Scene(answer, {"orders": {}})
    assert scene.schema("orders") is None
    (told,) = scene.told
    assert "default-registry/orders" in told


def test_a_json_schema_has_its_fields_below_the_stream() -> None:
    scene = Scene(AVAILABLE | {"DataFormat": "JSON", "SchemaDefinition": JSON_ORDER}, {"orders": {}})
    found = scene.schema("orders")
    assert found is not None
    assert (found.kind, found.text, found.fields[0].name, names(found)) == ("JSON", JSON_ORDER, "orders", ["id"])
    assert not scene.told


@pytest.mark.parametrize("schema", ['{"$ref": "https://example.com/order.json"}', '{"$ref": "#"}', "{}"])
def test_a_json_schema_whose_fields_cannot_be_told_is_shown_as_a_text_with_a_warning(schema: str) -> None:
    scene = Scene(AVAILABLE | {"DataFormat": "JSON", "SchemaDefinition": schema}, {"orders": {}})
    found = scene.schema("orders")
    assert found is not None
    assert (found.text, found.fields) == (schema, ())
    assert len(scene.told) == 1


def test_the_only_message_at_the_top_of_a_protobuf_schema_is_the_streams() -> None:
    scene = Scene(AVAILABLE | {"DataFormat": "PROTOBUF", "SchemaDefinition": PROTO}, {"orders": {}})
    found = scene.schema("orders")
    assert found is not None
    assert (found.kind, found.fields[0].name, names(found)) == ("Protobuf", "Order", ["id", "lines"])
    assert [field.name for field in found.fields[0].children[1].children] == ["sku"]
    assert not scene.told


def test_of_several_protobuf_messages_the_file_names_the_streams() -> None:
    answer = AVAILABLE | {"DataFormat": "PROTOBUF", "SchemaDefinition": SEVERAL}
    scene = Scene(answer, {"orders": {}, "gone": {"message": "shop.Gone"}, "nothing": {"message": "shop.Nothing"}})
    found = scene.schema("orders")
    assert found is not None
    assert (found.text, found.fields) == (SEVERAL, ())
    assert names(scene.schema("gone")) == ["id"]
    assert scene.schema("nothing") is None
    several, unknown = scene.told
    assert "shop.Gone, shop.Order" in several
    assert "options.schemaRegistry.streams.PATTERN.message" in several
    assert "shop.Nothing" in unknown


# --- channels ------------------------------------------------------------------------------------------------------


def bound(*schemas: str, stream: str = "orders", complete: bool = True) -> Listing:
    flows = [
        Flow("channels", f"arn:{each}", each, f"{ARN}{stream}", "reads", schema_arn=GLUE + each) for each in schemas
    ]
    return Listing("channels", tuple(flows), frozenset(schemas), complete)


def test_a_channel_declares_the_schema_of_its_stream_after_the_file() -> None:
    scene = Scene(AVAILABLE, {"clicks": {}}, bound("order"))
    assert names(scene.schema("orders")) == ["id"]
    assert scene.schema("clicks") is not None
    assert scene.schema("others") == SAMPLE.schema
    latest = {"SchemaVersionNumber": {"LatestVersion": True}}
    assert scene.registry.asked[0] == {"SchemaId": {"SchemaArn": f"{GLUE}order"}, **latest}
    assert len(scene.registry.asked) == 2


def test_channels_that_disagree_declare_nothing_and_leave_the_topic_as_it_is() -> None:
    scene = Scene(AVAILABLE, channels=bound("order", "other"))
    assert scene.schema("orders") is None
    (told,) = scene.told
    assert "shop/order and shop/other" in told


@pytest.mark.parametrize(
    ("channels", "yields"),
    [
        (bound("order"), False),
        (bound("order", complete=False), True),
        (replace(bound("order"), present=frozenset({"order", "denied"})), True),
    ],
    ids=["all known", "listing broken off", "one not described"],
)
def test_what_messages_show_yields_where_a_channel_may_be_unknown(channels: Listing, *, yields: bool) -> None:
    found = Scene(AVAILABLE, channels=channels).schema("others")
    assert found is not None
    assert found.yields == yields


# --- messages that contradict --------------------------------------------------------------------------------------


def carrying(schema: str, kind: Any = "AVRO", message: str = "") -> Message:
    registered = RegisteredSchema(kind, schema, message)
    return Message("", "avro" if kind == "AVRO" else "protobuf", layers=("glue:1-2",), schema=registered)


def as_json(value: Any) -> Message:
    return Message(json.dumps(value), "json", value)


BINARY = Message("data:", "binary", note="encrypted, perhaps")


def test_avro_messages_with_another_schema_contradict_with_their_share() -> None:
    scene = Scene(AVAILABLE, {"orders": {}})
    spelled = json.dumps(json.loads(ORDER), indent=2)
    assert scene.contradiction(carrying(ORDER), carrying(spelled), BINARY) == ""
    told = scene.contradiction(carrying(ORDER), carrying(OTHER), carrying(OTHER), as_json({"id": 1}), BINARY)
    start = "3 of 5 messages contradict the declared Avro schema default-registry/orders: "
    assert told == start + "2 carry another Avro schema (glue:1-2), 1 are JSON"


def test_json_messages_that_are_not_valid_contradict_with_their_share() -> None:
    """Where the rule stands is told, and nothing of the message."""
    scene = Scene(AVAILABLE | {"DataFormat": "JSON", "SchemaDefinition": JSON_ORDER}, {"orders": {}})
    assert scene.contradiction(as_json({"id": 1, "more": "is allowed"}), BINARY) == ""
    lines = Message("", "text", values=({"id": 1}, {"id": "SECRET"}))
    told = scene.contradiction(
        as_json({"id": 1}), as_json({"id": "SECRET"}), as_json({}), Message("SECRET", "text"), lines
    )
    start = "4 of 5 messages contradict the declared JSON schema default-registry/orders: "
    assert told == start + "2 do not fit it (properties/id/type), 1 are no JSON, 1 do not fit it (required)"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$ref": "https://example.com/order.json"}, 1),
        ({"properties": {"id": {"pattern": "^(a+)+$"}}}, {"id": "a" * 60 + "!"}),
        ({"patternProperties": {"^(a+)+$": False}, "additionalProperties": False}, {"a" * 60 + "!": 1}),
        ({"multipleOf": 0.5}, 10**400),
        ({"items": {"$ref": "#"}, "type": "array"}, json.loads("[" * 900 + "]" * 900)),
        ({"type": 1}, 1),
    ],
    ids=["of another document", "a slow pattern", "a slow pattern of names", "a huge number", "deep", "no schema"],
)
def test_what_cannot_be_judged_contradicts_nothing(schema: Any, value: Any) -> None:
    answer = AVAILABLE | {"DataFormat": "JSON", "SchemaDefinition": json.dumps({"$comment": "one"} | schema)}
    assert Scene(answer, {"orders": {}}).contradiction(as_json(value)) == ""


def test_protobuf_messages_of_another_message_contradict_with_their_share() -> None:
    answer = AVAILABLE | {"DataFormat": "PROTOBUF", "SchemaDefinition": SEVERAL}
    scene = Scene(answer, {"orders": {"message": "shop.Order"}})
    right = carrying(SEVERAL, "PROTOBUF", "shop.Order")
    assert scene.contradiction(right, carrying(PROTO, "PROTOBUF", "shop.Order")) == ""
    told = scene.contradiction(right, carrying(SEVERAL, "PROTOBUF", "shop.Gone"))
    start = "1 of 2 messages contradict the declared Protobuf schema default-registry/orders: "
    assert told == start + "1 carry another Protobuf schema (glue:1-2)"


def test_messages_about_the_stream_do_not_count() -> None:
    scene = Scene(AVAILABLE, {"orders": {}})
    assert scene.contradiction(Message("{}", "json", {}, ("cloudwatch/control",)), carrying(ORDER)) == ""
