"""A described stream as the topic that the catalogue is told about."""

from __future__ import annotations

from typing import Any

from ..model import Description, MessageSchema, Topic

HOUR_MS = 3_600_000


def topic_of(described: Description, *, source_url: str | None, schema: MessageSchema | None = None) -> Topic:
    """Partitions are the open shards; retention is in milliseconds; the message size in bytes, None if not told.

    source_url: of the stream's page, None where there is none.
    """
    kib = described.max_record_kib
    return Topic(
        name=described.stream.name,
        partitions=described.open_shards,
        retention_ms=described.retention_hours * HOUR_MS,
        max_message_bytes=kib * 1024 if kib is not None else None,
        source_url=source_url,
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
