"""What each part makes of AWS's answers: the flows that are there, and nothing that is not."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.lineage import parts as parts_module
from airflow_kinesis_ingest.engine.lineage.arns import end_of
from airflow_kinesis_ingest.engine.lineage.asking import host_of, listed, stream_of
from airflow_kinesis_ingest.engine.lineage.channels import Channels
from airflow_kinesis_ingest.engine.lineage.consumers import Consumers
from airflow_kinesis_ingest.engine.lineage.dms import Dms
from airflow_kinesis_ingest.engine.lineage.dynamodb import DynamoDb
from airflow_kinesis_ingest.engine.lineage.event_rules import EventRules
from airflow_kinesis_ingest.engine.lineage.firehose import Firehose
from airflow_kinesis_ingest.engine.lineage.flow import (
    Bucket,
    End,
    Flow,
    Listing,
    Opaque,
    SearchIndex,
    StreamRef,
    Table,
    Unfinished,
)
from airflow_kinesis_ingest.engine.lineage.lambda_ import Lambda
from airflow_kinesis_ingest.engine.lineage.parts import every_part, parts
from airflow_kinesis_ingest.engine.lineage.pipes import Pipes
from airflow_kinesis_ingest.engine.workflow.models import LineageOptions
from airflow_kinesis_ingest.errors import (
    AccessDenied,
    Stopped,
    StreamDenied,
    StreamGone,
    StreamUnreadable,
    Throttled,
    Unreachable,
)
from tests.engine.lineage.region import FOREIGN, Region, arn

LISTS, DESCRIBES = "firehose:ListDeliveryStreams", "firehose:DescribeDeliveryStream"
S3 = "ExtendedS3DestinationDescription"
DENIED = AccessDenied("AWS denies this call", where=LISTS, remedy=f"Allow {LISTS}", actions=(LISTS,))
FUNCTION = "arn:aws:lambda:us-east-2:123456789012:function:price"


def names(*delivery_streams: str, more: bool = False) -> dict[str, Any]:
    return {"DeliveryStreamNames": list(delivery_streams), "HasMoreDeliveryStreams": more}


def delivery(stream: str = "orders", **destination: Any) -> dict[str, Any]:
    return {
        "DeliveryStreamDescription": {
            "DeliveryStreamARN": "arn:aws:firehose:us-east-2:123456789012:deliverystream/to-s3",
            "DeliveryStreamStatus": "ACTIVE",
            "Source": {"KinesisStreamSourceDescription": {"KinesisStreamARN": arn(stream)}},
            "Destinations": [{"DestinationId": "1", **destination}] if destination else [],
        }
    }


def bucket(name: str = "lake", **more: Any) -> dict[str, Any]:
    return {
        S3: {"BucketARN": f"arn:aws:s3:::{name}", **more},
        "S3DestinationDescription": {"BucketARN": "arn:aws:s3:::x"},
    }


def firehose(**destination: Any) -> Listing:
    return listed(Firehose(), Region({LISTS: names("to-s3"), DESCRIBES: delivery(**destination)}))


def told(listing: Listing) -> list[tuple[str, str]]:
    return [(problem.entity, problem.cause) for problem in listing.problems]


# --- Firehose -------------------------------------------------------------------------------------------------------


def test_a_delivery_stream_reads_from_its_stream_into_its_destination() -> None:
    listing = firehose(**bucket(Prefix="raw/orders/!{timestamp:yyyy}/"))
    assert listing == Listing(
        "firehose",
        (
            Flow(
                "firehose",
                "arn:aws:firehose:us-east-2:123456789012:deliverystream/to-s3",
                "to-s3",
                arn("orders"),
                "reads",
                (Bucket("lake", "raw/orders/"),),
                active=True,
                console_url="https://console/firehose/home#/details/to-s3",
            ),
        ),
        frozenset({"to-s3"}),
        complete=True,
    )


def test_a_table_that_only_lends_its_schema_to_a_format_conversion_is_no_end() -> None:
    schema = {"CatalogId": "123456789012", "DatabaseName": "raw", "TableName": "orders"}
    listing = firehose(**bucket(DataFormatConversionConfiguration={"Enabled": True, "SchemaConfiguration": schema}))
    assert [flow.ends for flow in listing.flows] == [(Bucket("lake"),)]


BACKUP = {"S3DestinationDescription": {"BucketARN": "arn:aws:s3:::backup"}}
CATALOG = "arn:aws:glue:us-east-2:123456789012:catalog"


@pytest.mark.parametrize(
    ("destination", "ends"),
    [
        (bucket(), [Bucket("lake")]),
        (
            {
                "RedshiftDestinationDescription": {
                    "ClusterJDBCURL": "jdbc:redshift://shop.abc.us-east-2.redshift.amazonaws.com:5439/dev?ssl=true",
                    "CopyCommand": {"DataTableName": "sales.orders"},
                    **BACKUP,
                }
            },
            [Table("redshift", "orders", "dev", "sales", host="shop.abc.us-east-2.redshift.amazonaws.com")],
        ),
        (
            {
                "RedshiftDestinationDescription": {
                    "ClusterJDBCURL": "jdbc:redshift://h:5439/dev",
                    "CopyCommand": {"DataTableName": "orders"},
                }
            },
            [Table("redshift", "orders", "dev", host="h")],
        ),
        (
            {
                "SnowflakeDestinationDescription": {
                    "AccountUrl": "https://ab123.us-east-2.snowflakecomputing.com/?token=secret",
                    "Database": "DB",
                    "Schema": "PUBLIC",
                    "Table": "ORDERS",
                }
            },
            [Table("snowflake", "ORDERS", "DB", "PUBLIC", host="ab123.us-east-2.snowflakecomputing.com")],
        ),
        (
            {
                "IcebergDestinationDescription": {
                    "CatalogConfiguration": {"CatalogARN": CATALOG},
                    "DestinationTableConfigurationList": [
                        {"DestinationTableName": "a", "DestinationDatabaseName": "d"},
                        {"DestinationTableName": "b", "DestinationDatabaseName": "d"},
                    ],
                }
            },
            [Table("iceberg", "a", "d", catalog="123456789012"), Table("iceberg", "b", "d", catalog="123456789012")],
        ),
        (
            {
                "IcebergDestinationDescription": {
                    "CatalogConfiguration": {"CatalogARN": f"{CATALOG}/s3tablescatalog/lake"},
                    "DestinationTableConfigurationList": [{"DestinationTableName": "a"}],
                }
            },
            [Table("iceberg", "a", catalog="s3tablescatalog/lake")],
        ),
        (
            {"IcebergDestinationDescription": {"CatalogConfiguration": {"CatalogARN": CATALOG}}},
            [Opaque("Iceberg tables, which each record names")],
        ),
        (
            {
                "AmazonopensearchserviceDestinationDescription": {
                    "ClusterEndpoint": "https://search-logs.us-east-2.es.amazonaws.com:443",
                    "IndexName": "orders",
                    "IndexRotationPeriod": "NoRotation",
                }
            },
            [SearchIndex("search-logs.us-east-2.es.amazonaws.com", "orders")],
        ),
        (
            {
                "ElasticsearchDestinationDescription": {
                    "DomainARN": "arn:aws:es:us-east-2:123456789012:domain/logs",
                    "IndexName": "orders",
                    "IndexRotationPeriod": "OneDay",
                }
            },
            [Opaque("indexes orders-* of logs")],
        ),
        (
            {
                "AmazonOpenSearchServerlessDestinationDescription": {
                    "CollectionEndpoint": "https://abc.us-east-2.aoss.amazonaws.com",
                    "IndexName": "orders",
                }
            },
            [SearchIndex("abc.us-east-2.aoss.amazonaws.com", "orders")],
        ),
        (
            {
                "SplunkDestinationDescription": {
                    "HECEndpoint": "https://user:secret@splunk.example:8088/services?token=secret",
                    "HECToken": "secret",
                }
            },
            [Opaque("Splunk at splunk.example")],
        ),
        (
            {
                "HttpEndpointDestinationDescription": {
                    "EndpointConfiguration": {"Url": "https://api.example/v1/secret?key=secret", "Name": "Datadog"}
                }
            },
            [Opaque("Datadog at api.example")],
        ),
    ],
)
def test_every_destination_is_told_as_what_it_is_and_no_backup_or_secret_of_it(
    destination: dict[str, Any], ends: list[End]
) -> None:
    listing = firehose(**destination)
    assert [list(flow.ends) for flow in listing.flows] == [ends]
    assert listing.problems == ()
    assert "secret" not in repr(listing)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_function_on_the_way_is_named_where_it_is_switched_on(enabled: bool) -> None:
    parameters = [{"ParameterName": "NumberOfRetries", "ParameterValue": "3"}]
    parameters += [{"ParameterName": "LambdaArn", "ParameterValue": FUNCTION}]
    processors = [{"Type": "Lambda", "Parameters": parameters}]
    (flow,) = firehose(**bucket(ProcessingConfiguration={"Enabled": enabled, "Processors": processors})).flows
    assert flow.transformed_by == (FUNCTION if enabled else None)


def test_a_delivery_stream_without_a_destination_is_named_and_reads_all_the_same() -> None:
    listing = firehose()
    assert [flow.ends for flow in listing.flows] == [()]
    assert told(listing) == [("to-s3", "the delivery stream has no destination that is known here")]
    assert listing.complete


def test_a_delivery_stream_of_another_source_is_none_of_ours() -> None:
    """Simulators do not filter by source."""
    region = Region({LISTS: names("direct"), DESCRIBES: {"DeliveryStreamDescription": {"Destinations": []}}})
    assert listed(Firehose(), region) == Listing("firehose", present=frozenset({"direct"}), complete=True)


def test_all_delivery_streams_are_listed_by_the_last_name_as_there_is_no_token() -> None:
    region = Region({LISTS: [names("a", "b", more=True), names("c")], DESCRIBES: delivery(**bucket())})
    assert listed(Firehose(), region).present == {"a", "b", "c"}
    first, second, *_ = region.asked
    assert first == (LISTS, {"DeliveryStreamType": "KinesisStreamAsSource", "Limit": 10_000})
    assert second[1]["ExclusiveStartDeliveryStreamName"] == "b"


def test_pages_that_repeat_end_the_listing_unfinished() -> None:
    listing = listed(Firehose(), Region({LISTS: names("a", more=True), DESCRIBES: delivery()}))
    assert not listing.complete
    assert told(listing) == [(LISTS, "the listing does not advance: AWS says there is more and repeats a page")]


def test_a_description_that_fails_costs_its_pipeline_alone_which_is_still_there() -> None:
    region = Region(
        {
            LISTS: names("a", "b", "c"),
            DESCRIBES: delivery(**bucket()),
            f"{DESCRIBES} b": StreamUnreadable("AWS refuses this call", where="b"),
        }
    )
    listing = listed(Firehose(), region)
    assert [flow.name for flow in listing.flows] == ["a", "c"]
    assert (listing.present, listing.complete) == (frozenset("abc"), True)
    assert told(listing) == [("b", "AWS refuses this call")]


def test_what_vanished_after_the_listing_is_not_there() -> None:
    region = Region({LISTS: names("a"), DESCRIBES: StreamGone("gone")})
    assert listed(Firehose(), region) == Listing("firehose", complete=True)


@pytest.mark.parametrize("error", [StreamDenied("denied"), Throttled("throttled"), Unreachable("down")])
def test_three_failures_in_a_row_are_the_services_and_told_once(error: Exception) -> None:
    region = Region({LISTS: names(*"abcdefgh"), DESCRIBES: error})
    listing = listed(Firehose(), region)
    assert len(region.asked) == 1 + 3
    assert len(listing.problems) == 1
    assert not listing.complete


# --- all parts ------------------------------------------------------------------------------------------------------

ANSWERS: dict[str, dict[str, Any]] = {
    LISTS: names(),
    "kinesis:ListChannels": {"ChannelSummaries": []},
    "lambda:ListEventSourceMappings": {"EventSourceMappings": []},
    "pipes:ListPipes": {"Pipes": []},
    "kinesis:ListStreamConsumers": {"Consumers": []},
    "events:ListEventBuses": {"EventBuses": [{"Name": "default"}]},
    "events:ListRules": {"Rules": [{"Name": "r", "Arn": "arn:r", "State": "ENABLED"}]},
    "events:ListTargetsByRule": {"Targets": []},
    "dms:DescribeEndpoints": {"Endpoints": []},
    "dms:DescribeReplicationTasks": {"ReplicationTasks": []},
    "dms:DescribeReplicationConfigs": {"ReplicationConfigs": []},
    "dynamodb:DescribeKinesisStreamingDestination": {"KinesisDataStreamDestinations": []},
}
EVERY = {part.name: part for part in every_part()}
EVERY["dynamodb"] = DynamoDb(["orders"])


@pytest.mark.parametrize("part", EVERY.values(), ids=list(EVERY))
def test_an_empty_region_is_a_complete_listing_of_nothing(part: Any) -> None:
    listing = listed(part, Region(ANSWERS, [arn("orders")]))
    assert (listing.part, listing.flows, listing.complete, listing.problems) == (part.name, (), True, ())


@pytest.mark.parametrize("part", EVERY.values(), ids=list(EVERY))
def test_a_part_calls_what_it_says_and_no_more(part: Any) -> None:
    """`policy` prints what the parts say."""
    answers = ANSWERS | {
        LISTS: names("a"),
        DESCRIBES: delivery(**bucket()),
        "kinesis:ListChannels": {"ChannelSummaries": [{"ChannelName": "c", "ChannelARN": "arn:c"}]},
        "kinesis:DescribeChannel": {"ChannelDescription": {}},
    }
    region = Region(answers, [arn("orders")])
    listed(part, region)
    assert {action for action, _ in region.asked} == part.actions.keys()
    assert all(rate > 0 for rate in part.actions.values())


@pytest.mark.parametrize("part", EVERY.values(), ids=list(EVERY))
def test_a_denied_action_is_one_problem_that_names_it_and_the_listing_is_not_complete(part: Any) -> None:
    region = Region(dict.fromkeys(part.actions, DENIED), [arn("orders")])
    listing = listed(part, region)
    assert (listing.flows, listing.complete) == ((), False)
    assert [problem.actions for problem in listing.problems] == [DENIED.actions]
    assert listing.problems[0].step == f"{part.name} flows"


@pytest.mark.parametrize("part", EVERY.values(), ids=list(EVERY))
def test_an_answer_of_something_else_is_no_empty_listing(part: Any) -> None:
    """botocore makes an empty answer of an HTML page with status 200."""
    listing = listed(part, Region({action: {} for action in part.actions}, [arn("orders")]))
    assert not listing.complete or listing.problems
    assert listing.flows == ()


@pytest.mark.parametrize("part", EVERY.values(), ids=list(EVERY))
def test_a_stop_ends_a_part_at_once(part: Any) -> None:
    with pytest.raises(Stopped):
        listed(part, Region(dict.fromkeys(part.actions, Stopped("stop")), [arn("orders")]))


def test_the_file_says_which_parts_there_are_and_pipes_of_both_directions_are_one() -> None:
    options = LineageOptions(readers=["lambda", "pipes"], writers=["pipes", "dms"])
    assert [part.name for part in parts(options)] == ["lambda", "pipes", "dms"]


def test_every_part_is_a_short_module_of_its_own() -> None:
    """The next one is to be a file of 60 lines; Firehose's many destinations make it longer."""
    lengths = {
        name: len(inspect.getsource(inspect.getmodule(type(part)) or parts_module).splitlines())
        for name, part in EVERY.items()
    }
    assert all(length <= 70 for name, length in lengths.items() if name != "firehose"), lengths


# --- the others -----------------------------------------------------------------------------------------------------


def mapping(source: str, function: str = FUNCTION, state: str = "Enabled") -> dict[str, Any]:
    return {"EventSourceArn": source, "FunctionArn": function, "State": state}


def test_functions_read_by_event_source_mappings_also_as_registered_consumers() -> None:
    consumer = f"{arn('orders')}/consumer/pricing:1690000000"
    answers = [
        {
            "EventSourceMappings": [
                mapping(arn("orders")),
                mapping("arn:aws:sqs:us-east-2:123456789012:queue"),
                mapping(consumer, f"{FUNCTION}:live", "Disabled"),
            ],
            "NextMarker": "n",
        },
        {"EventSourceMappings": [mapping(f"{FOREIGN}/theirs"), {}]},
    ]
    region = Region({"lambda:ListEventSourceMappings": answers})
    flows = listed(Lambda(), region).flows
    assert [(flow.name, flow.stream_arn, flow.active, flow.consumer_arn) for flow in flows] == [
        ("price", arn("orders"), True, None),
        ("price:live", arn("orders"), False, consumer),
        ("price", f"{FOREIGN}/theirs", True, None),
    ]
    assert [parameters.get("Marker") for _, parameters in region.asked] == [None, "n"]
    assert flows[1].console_url == "https://console/lambda/home#/functions/price"


def test_a_channel_brings_its_stream_to_a_bucket_or_a_table_and_binds_it_to_a_schema() -> None:
    schema = "arn:aws:glue:us-east-2:123456789012:schema/shop/orders"
    streams = [
        {"StreamARN": arn("orders"), "RecordConfiguration": {"RecordFormatType": "GSR_JSON", "GSRSchemaARN": schema}}
    ]
    tables = [{"TableBucketARN": "arn:aws:s3tables:us-east-2:1:bucket/lake", "Namespace": "raw", "TableName": "orders"}]
    s3 = {"BucketARN": "arn:aws:s3:::lake", "OutputKeyTemplate": "raw/!{timestamp:yyyy}"}
    to_tables = {"S3TablesConfigurationList": tables}
    common: dict[str, Any] = {"StreamConfigurationList": streams, "ChannelStatus": "ACTIVE"}
    region = Region(
        {
            "kinesis:ListChannels": {
                "ChannelSummaries": [
                    {"ChannelName": name, "ChannelARN": f"arn:{name}"} for name in ("to-s3", "to-tables")
                ]
            },
            "kinesis:DescribeChannel to-s3": {
                "ChannelDescription": common | {"S3DestinationConfiguration": {"StorageConfiguration": s3}}
            },
            "kinesis:DescribeChannel to-tables": {
                "ChannelDescription": common | {"S3TablesDestinationConfiguration": to_tables}
            },
        }
    )
    first, second = listed(Channels(), region).flows
    assert (first.ends, second.ends) == (
        (Bucket("lake", "raw/"),),
        (Table("iceberg", "orders", "raw", catalog="lake"),),
    )
    assert {first.schema_arn, second.schema_arn} == {schema}
    assert first.stream_arn == arn("orders")


PIPE = {
    "Name": "p",
    "Arn": "arn:p",
    "Source": arn("a"),
    "Target": arn("b"),
    "CurrentState": "RUNNING",
    "Enrichment": FUNCTION,
}


def test_a_pipe_between_two_streams_reads_from_one_and_writes_to_the_other() -> None:
    region = Region({"pipes:ListPipes": {"Pipes": [PIPE]}})
    flows = listed(Pipes(frozenset({"reads", "writes"})), region).flows
    assert [(flow.direction, flow.stream_arn, flow.ends, flow.transformed_by) for flow in flows] == [
        ("reads", arn("a"), (StreamRef(arn("b")),), FUNCTION),
        ("writes", arn("b"), (StreamRef(arn("a")),), FUNCTION),
    ]


def test_a_pipe_of_the_direction_that_is_not_asked_for_is_there_and_has_no_flow() -> None:
    """Else leaving a direction out of the file would look as if its pipes were gone."""
    pipe = PIPE | {"Source": "arn:aws:sqs:us-east-2:123456789012:q"}
    listing = listed(Pipes(frozenset({"reads"})), Region({"pipes:ListPipes": {"Pipes": [pipe]}}))
    assert (listing.flows, listing.present, listing.complete) == ((), frozenset({"p"}), True)


def test_consumers_are_named_by_their_stream_and_unproven_where_not_all_streams_were_described() -> None:
    consumer = {"ConsumerName": "fan", "ConsumerARN": f"{arn('orders')}/consumer/fan:1", "ConsumerStatus": "ACTIVE"}
    answers = {
        "kinesis:ListStreamConsumers orders": {"Consumers": [consumer]},
        "kinesis:ListStreamConsumers gone": StreamGone("gone"),
    }
    region = Region(answers, [arn("orders"), arn("gone"), Unfinished()])
    listing = listed(Consumers(), region)
    assert [(flow.name, flow.stream_arn, flow.active) for flow in listing.flows] == [
        ("orders/fan", arn("orders"), True)
    ]
    assert (listing.complete, listing.problems) == (False, ())


def test_rules_of_one_name_on_two_buses_are_two_pipelines() -> None:
    rule = {"Name": "r", "Arn": "arn:r", "State": "ENABLED"}
    region = Region(
        {
            "events:ListEventBuses": {"EventBuses": [{"Name": "default"}, {"Name": "shop"}]},
            "events:ListRules": [{"Rules": [rule]}, {"Rules": [rule | {"State": "DISABLED"}]}],
            "events:ListTargetsByRule": {"Targets": [{"Arn": arn("orders")}, {"Arn": FUNCTION}]},
        }
    )
    flows = listed(EventRules(), region).flows
    assert [(flow.name, flow.active, flow.ends) for flow in flows] == [
        ("r", True, (Opaque("events of the bus default"),)),
        ("shop/r", False, (Opaque("events of the bus shop"),)),
    ]


def test_replications_into_a_stream_name_their_database_and_others_are_none_of_ours() -> None:
    endpoints = [
        {"EndpointArn": "t", "EngineName": "kinesis", "KinesisSettings": {"StreamArn": arn("cdc")}},
        {"EndpointArn": "s", "EngineName": "mysql", "ServerName": "db.example", "DatabaseName": "shop"},
        {"EndpointArn": "o", "EngineName": "s3"},
    ]
    task = {"ReplicationTaskIdentifier": "full", "ReplicationTaskArn": "arn:t", "Status": "running"}
    config = {"ReplicationConfigIdentifier": "less", "ReplicationConfigArn": "arn:c"}
    ends = {"SourceEndpointArn": "s", "TargetEndpointArn": "t"}
    region = Region(
        {
            "dms:DescribeEndpoints": {"Endpoints": endpoints},
            "dms:DescribeReplicationTasks": {"ReplicationTasks": [task | ends, task | {"TargetEndpointArn": "o"}]},
            "dms:DescribeReplicationConfigs": {"ReplicationConfigs": [config | ends]},
        }
    )
    flows = listed(Dms(), region).flows
    assert [(flow.name, flow.active, flow.ends) for flow in flows] == [
        ("full", True, (Opaque("mysql shop at db.example"),)),
        ("less", None, (Opaque("mysql shop at db.example"),)),
    ]
    assert {flow.stream_arn for flow in flows} == {arn("cdc")}


def test_declared_tables_are_asked_and_one_that_is_not_there_is_named() -> None:
    action = "dynamodb:DescribeKinesisStreamingDestination"
    destinations = [
        {"StreamArn": arn("changes"), "DestinationStatus": "ACTIVE"},
        {"StreamArn": arn("old"), "DestinationStatus": "DISABLED"},
    ]
    answers = {f"{action} orders": {"KinesisDataStreamDestinations": destinations}, f"{action} typo": StreamGone("no")}
    listing = listed(DynamoDb(["orders", "typo"]), Region(answers))
    assert [(flow.name, flow.stream_arn, flow.ends) for flow in listing.flows] == [
        ("orders", arn("changes"), (Table("dynamodb", "orders"),))
    ]
    assert told(listing) == [("typo", "there is no such table here")]


# --- ARNs and addresses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_arn", "end"),
    [
        (arn("b"), StreamRef(arn("b"))),
        ("arn:aws:s3:::lake", Bucket("lake")),
        ("arn:aws:dynamodb:us-east-2:1:table/orders/stream/2026-01-01", Table("dynamodb", "orders")),
        (FUNCTION, Opaque("Lambda function price")),
        ("arn:aws:sqs:us-east-2:1:jobs", Opaque("SQS queue jobs")),
        ("arn:aws:states:us-east-2:1:stateMachine:pay", Opaque("state machine pay")),
        ("arn:aws:firehose:us-east-2:1:deliverystream/to-s3", Opaque("delivery stream to-s3")),
        ("smk://broker.example:9092", Opaque("Kafka at broker.example")),
        ("arn:odd", Opaque(" ")),
    ],
)
def test_the_other_side_of_a_pipe_is_told_as_what_it_is(given_arn: str, end: End) -> None:
    assert end_of(given_arn) == (end,)


@given(st.text())
def test_whatever_stands_where_an_arn_should_is_no_stream_and_no_crash(text: str) -> None:
    assert stream_of(text) in ("", text) or text.startswith("arn:")
    end_of(text)
    host_of(text)


@pytest.mark.parametrize(
    ("source", "stream"),
    [
        (f"{arn('orders')}/consumer/c:1", arn("orders")),
        (f"{arn('a.b-c_d')}", arn("a.b-c_d")),
        ("arn:aws-cn:kinesis:cn-north-1:1:stream/x", "arn:aws-cn:kinesis:cn-north-1:1:stream/x"),
        ("arn:aws:kinesis:us-east-2:1:channel/x", ""),
        ("arn:aws:kinesis:us-east-2:1:stream/", ""),
        ("arn:aws:dynamodb:us-east-2:1:table/x/stream/y", ""),
    ],
)
def test_the_stream_of_an_arn_is_between_the_slashes(source: str, stream: str) -> None:
    assert stream_of(source) == stream


def test_flows_are_told_once_however_often_a_page_repeats_them() -> None:
    page = {"EventSourceMappings": [mapping(arn("orders")), mapping(arn("orders"))]}
    (flow,) = listed(Lambda(), Region({"lambda:ListEventSourceMappings": page})).flows
    assert replace(flow) == flow
