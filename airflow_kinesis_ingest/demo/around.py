"""What lies around the demo's streams: their tags, who writes to them and who reads from them."""

from __future__ import annotations

from typing import Any

from .surroundings import Surroundings

ENDPOINTS = (
    "RESOURCE_GROUPS_TAGGING_API",
    "FIREHOSE",
    "LAMBDA",
    "PIPES",
    "EVENTBRIDGE",
    "DATABASE_MIGRATION_SERVICE",
    "DYNAMODB",
)
"""What follows AWS_ENDPOINT_URL_ in the variables that lead botocore to `Surroundings`."""


def endpoints(url: str) -> dict[str, str]:
    return {f"AWS_ENDPOINT_URL_{name}": url for name in ENDPOINTS}


def around_the_streams(region: str, account: str = "123456789012") -> Surroundings:
    """account: moto's."""

    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    def stream(name: str) -> str:
        return arn("kinesis", f"stream/{name}")

    def delivery(name: str, source: str, **destination: Any) -> dict[str, Any]:
        return {
            "DeliveryStreamName": name,
            "DeliveryStreamARN": arn("firehose", f"deliverystream/{name}"),
            "DeliveryStreamStatus": "ACTIVE",
            "DeliveryStreamType": "KinesisStreamAsSource",
            "Source": {"KinesisStreamSourceDescription": {"KinesisStreamARN": stream(source)}},
            "Destinations": [{"DestinationId": "destinationId-000000000001", **destination}],
        }

    def mapping(function: str, source: str, state: str = "Enabled") -> dict[str, Any]:
        function_arn = arn("lambda", f"function:{function}")
        return {"UUID": function, "EventSourceArn": stream(source), "FunctionArn": function_arn, "State": state}

    lake = {"BucketARN": "arn:aws:s3:::shop-lake", "Prefix": "orders/!{timestamp:yyyy/MM/dd}/"}
    clicks = {
        "ClusterJDBCURL": f"jdbc:redshift://shop.c1example.{region}.redshift.amazonaws.com:5439/web",
        "CopyCommand": {"DataTableName": "public.clicks"},
    }
    return Surroundings(
        tags={
            stream("orders"): {"env": "prod", "team": "shop"},
            stream("payments"): {"env": "prod", "team": "shop"},
            stream("web.clicks"): {"env": "prod", "team": "web"},
            stream("sensors"): {"env": "test"},
        },
        deliveries={
            "orders-to-lake": delivery("orders-to-lake", "orders", ExtendedS3DestinationDescription=lake),
            "clicks-to-redshift": delivery("clicks-to-redshift", "web.clicks", RedshiftDestinationDescription=clicks),
        },
        mappings=[mapping("price-orders", "orders"), mapping("detect-fraud", "payments", "Disabled")],
        pipes=[
            {
                "Name": "checkout",
                "Arn": arn("pipes", "pipe/checkout"),
                "Source": arn("sqs", "checkout"),
                "Target": stream("orders"),
                "CurrentState": "RUNNING",
            }
        ],
    )
