"""A described stream as the topic that the catalogue is told about."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..model import Description, MessageSchema, Topic

HOUR_MS = 3_600_000
CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
WITHOUT_KNOWN_CONSOLE = ("us-iso", "eu-iso", "eusc")


def topic_of(described: Description, *, region: str, schema: MessageSchema | None = None) -> Topic:
    """Partitions are the open shards; retention is in milliseconds; the message size in bytes, None if not told."""
    kib = described.max_record_kib
    return Topic(
        name=described.stream.name,
        partitions=described.open_shards,
        retention_ms=described.retention_hours * HOUR_MS,
        max_message_bytes=kib * 1024 if kib is not None else None,
        source_url=console_url(region, described.stream.name),
        config=_config(described),
        schema=schema,
    )


def _config(described: Description) -> dict[str, Any]:
    stream = described.stream
    known = {
        "streamARN": stream.arn,
        "streamMode": described.mode,
        "streamStatus": described.status,
        "encryptionType": described.encryption,
        "keyId": described.key_id,
        "consumerCount": described.consumers,
        "creationTime": stream.created.isoformat() if stream.created else None,
    }
    return {key: value for key, value in known.items() if value is not None}


def console_url(region: str, name: str = "") -> str | None:
    """The stream's page in the AWS console (all streams without a name); None where no address is published."""
    if region.startswith(WITHOUT_KNOWN_CONSOLE):
        return None
    host = next((host for start, host in CONSOLES.items() if region.startswith(f"{start}-")), "console.aws.amazon.com")
    page = f"streams/details/{quote(name, safe='')}/monitoring" if name else "streams/list"
    return f"https://{region}.{host}/kinesis/home?region={region}#/{page}"
