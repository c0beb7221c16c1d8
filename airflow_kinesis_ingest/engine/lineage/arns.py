"""What an ARN is, as the other side of a flow."""

from __future__ import annotations

from .asking import host_of, stream_of
from .flow import Bucket, End, Opaque, StreamRef, Table

NAMED = {
    "lambda": "Lambda function",
    "sqs": "SQS queue",
    "sns": "SNS topic",
    "states": "state machine",
    "firehose": "delivery stream",
    "logs": "log group",
    "events": "EventBridge",
    "kafka": "Kafka cluster",
    "mq": "message broker",
}


def end_of(arn: str) -> tuple[End, ...]:
    """The end that an ARN names; a queue, a function and all that is no data asset as its service and name."""
    if not arn.startswith("arn:"):
        return (Opaque(f"Kafka at {host_of(arn)}"),) if arn else ()
    if stream := stream_of(arn):
        return (StreamRef(stream),)
    _, _, service, _, _, resource = (*arn.split(":", 5), *[""] * 5)[:6]
    kind, _, name = resource.partition("/")
    if service == "s3":
        return (Bucket(kind),)
    if service == "dynamodb" and kind == "table":
        return (Table("dynamodb", name.partition("/")[0]),)
    bare = resource.partition(":")[2] if service in ("lambda", "states", "logs") else name or resource
    return (Opaque(f"{NAMED.get(service, service)} {bare}"),)
