"""The services around Kinesis (`demo.surroundings`) as a fake of the tests: the same answers, and a plan of faults."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from airflow_kinesis_ingest.demo.around import endpoints
from airflow_kinesis_ingest.demo.surroundings import RATES, Surroundings, Wire, read
from tests.fakes.kinesis import FakeKinesis, FakeStream
from tests.fakes.server import Call, FakeServer, Faults, Recorded, Reply, arguments, serve

ARN = "arn:aws:kinesis:us-east-1:123456789012"


class FakeSurroundings(FakeServer):
    """All services but Kinesis's own: channels and consumers are asked at `endPointURL`, see `AroundKinesis`."""

    def __init__(self, surroundings: Surroundings | None = None, *, faults: Faults | None = None, **more: Any) -> None:
        super().__init__(faults=faults, **more)
        self.around = surroundings or Surroundings()

    def environment(self) -> dict[str, str]:
        return endpoints(self.url)

    def identify(self, request: Recorded) -> Call:
        wire = _wire(request)
        return Call(wire.action, "", wire.action, wire.action, request)

    def answer(self, call: Call) -> Reply:
        status, headers, body = _wire(call.request).answered(self.around)
        return Reply(status, body, headers)

    def stats(self) -> dict[str, Any]:
        return {**super().stats(), "throttled": self.around.throttled.total(), "throttles": dict(self.around.throttled)}


class AroundKinesis(FakeKinesis):
    """A Kinesis with channels and registered consumers, which `around` holds."""

    around = Surroundings()

    def answer(self, call: Call) -> Reply:
        if call.operation not in ("ListChannels", "DescribeChannel", "ListStreamConsumers"):
            return super().answer(call)
        status, headers, body = _wire(call.request).answered(self.around)
        return Reply(status, body, headers)


def _wire(request: Recorded) -> Wire:
    return read(request.url, request.headers, request.raw)


def delivery(name: str, stream: str, **destination: Any) -> dict[str, Any]:
    """Of a delivery stream from this stream, into a bucket without another destination."""
    plain = {"ExtendedS3DestinationDescription": {"BucketARN": "arn:aws:s3:::lake", "Prefix": f"{stream}/"}}
    return {
        "DeliveryStreamName": name,
        "DeliveryStreamARN": f"arn:aws:firehose:us-east-1:123456789012:deliverystream/{name}",
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamType": "KinesisStreamAsSource",
        "Source": {"KinesisStreamSourceDescription": {"KinesisStreamARN": f"{ARN}:stream/{stream}"}},
        "Destinations": [{"DestinationId": "1", **(destination or plain)}],
    }


def mapping(function: str, stream: str, account: str = ARN) -> dict[str, Any]:
    return {
        "UUID": f"{function}-{stream}",
        "EventSourceArn": f"{account}:stream/{stream}",
        "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{function}",
        "State": "Enabled",
    }


LINEAGE: dict[str, Any] = {
    "readers": ["firehose", "channels", "lambda", "pipes", "consumers"],
    "writers": ["pipes", "eventRules", "dms", "dynamodb"],
    "dynamodbTables": ["orders"],
}
EVERYTHING: dict[str, Any] = {"tags": {"enabled": True}, "lineage": LINEAGE}
"""The `options` of a file that asks for all that `one_of_each` has."""

PIPE = {"Name": "p", "Arn": "arn:p", "Source": f"{ARN}:stream/orders", "Target": "arn:aws:sqs:us-east-1:123456789012:q"}


def one_of_each() -> Surroundings:
    """What reads and writes the streams `orders` and `clicks`, and a mapping of another account's `clicks`."""
    of = Surroundings()
    of.tags[f"{ARN}:stream/orders"] = {"env": "prod", "team": "shop"}
    of.deliveries["to-lake"] = delivery("to-lake", "orders")
    of.mappings += [
        mapping("price", "orders"),
        mapping("theirs", "clicks", ARN.replace("123456789012", "999999999999")),
    ]
    of.pipes.append(PIPE | {"CurrentState": "RUNNING"})
    of.rules["default", "nightly"] = [{"Id": "1", "Arn": f"{ARN}:stream/clicks"}]
    of.destinations["orders"] = [{"StreamArn": f"{ARN}:stream/orders", "DestinationStatus": "ACTIVE"}]
    of.consumers[f"{ARN}:stream/clicks"] = [
        {"ConsumerName": "fan", "ConsumerARN": f"{ARN}:stream/clicks/consumer/fan:1", "ConsumerStatus": "ACTIVE"}
    ]
    of.channels["arn:aws:kinesis:us-east-1:123456789012:channel/c"] = {
        "ChannelName": "c",
        "ChannelStatus": "ACTIVE",
        "StreamConfigurationList": [{"StreamARN": f"{ARN}:stream/orders", "RecordConfiguration": {}}],
        "S3DestinationConfiguration": {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::direct"}},
    }
    return of


@contextmanager
def surrounded(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeSurroundings, AroundKinesis]]:
    """Running, with `one_of_each`; clients find them by the environment."""
    streams = [FakeStream("orders"), FakeStream("clicks", consumers=1)]
    with FakeSurroundings(one_of_each()) as around, AroundKinesis(streams, quotas={}) as kinesis:
        kinesis.around = around.around
        for name, url in around.environment().items():
            monkeypatch.setenv(name, url)
        yield around, kinesis


def with_every_part(*names: str, stream: str = "orders") -> Surroundings:
    """An account with a pipeline of each of these names in each part, all at one stream, which has a tag of each name.

    Of DynamoDB, where the workflow file names the tables, one table `orders`.
    """
    arn, aws = f"{ARN}:stream/{stream}", "arn:aws:{}:us-east-1:123456789012:{}"
    endpoint = {"EndpointArn": "arn:to", "KinesisSettings": {"StreamArn": arn}}
    return Surroundings(
        tags={arn: dict.fromkeys(names, "yes")},
        deliveries={name: delivery(name, stream) for name in names},
        mappings=[mapping(name, stream) for name in names],
        pipes=[
            {
                "Name": name,
                "Arn": aws.format("pipes", f"pipe/{name}"),
                "Source": arn,
                "Target": aws.format("sqs", name),
                "CurrentState": "RUNNING",
            }
            for name in names
        ],
        channels={
            aws.format("kinesis", f"channel/{name}"): {
                "ChannelName": name,
                "ChannelStatus": "ACTIVE",
                "StreamConfigurationList": [{"StreamARN": arn, "RecordConfiguration": {}}],
                "S3DestinationConfiguration": {"StorageConfiguration": {"BucketARN": f"arn:aws:s3:::{name}"}},
            }
            for name in names
        },
        consumers={
            arn: [
                {"ConsumerName": name, "ConsumerARN": f"{arn}/consumer/{name}:1", "ConsumerStatus": "ACTIVE"}
                for name in names
            ]
        },
        rules={("default", name): [{"Id": "1", "Arn": arn}] for name in names},
        endpoints=[endpoint, {"EndpointArn": "arn:from", "EngineName": "postgres"}],
        tasks=[
            {
                "ReplicationTaskIdentifier": name,
                "ReplicationTaskArn": aws.format("dms", f"task:{name}"),
                "SourceEndpointArn": "arn:from",
                "TargetEndpointArn": "arn:to",
                "Status": "running",
            }
            for name in names
        ],
        destinations={"orders": [{"StreamArn": arn, "DestinationStatus": "ACTIVE"}]},
    )


def many(streams: Iterable[str], *, deliveries: int, mappings: int) -> Surroundings:
    """An account for benchmarks: tags on every stream, so many delivery streams and mappings."""
    names = list(streams)
    described = {f"to-s3-{n:05d}": delivery(f"to-s3-{n:05d}", names[n % len(names)]) for n in range(deliveries)}
    return Surroundings(
        tags={f"{ARN}:stream/{name}": {"env": "prod", "team": f"team-{n % 20}"} for n, name in enumerate(names)},
        deliveries=described,
        mappings=[mapping(f"fn-{n:05d}", names[n % len(names)]) for n in range(mappings)],
        rates=RATES,
    )


def main() -> None:
    """For benchmarks: with AWS's quotas."""
    parser = arguments("A fake of the services around Kinesis on 127.0.0.1.")
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--deliveries", type=int, default=5)
    parser.add_argument("--mappings", type=int, default=20)
    options = parser.parse_args()
    names = [f"stream-{number:05d}" for number in range(options.streams)]
    around = many(names, deliveries=options.deliveries, mappings=options.mappings)
    serve(FakeSurroundings(around, latency=options.latency_ms / 1000, port=options.port, record=False))


if __name__ == "__main__":
    main()
