"""Schemas of the AWS Glue Schema Registry, for records that name their schema version."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import AccessDenied
from .model import NoSchema, RegisteredSchema

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

log = logging.getLogger(__name__)

UNKNOWN_VERSION = {"EntityNotFoundException", "InvalidInputException"}


class GlueSchemas:
    """Looks a schema version up once per run (glue:GetSchemaVersion), for many threads.

    A registry that may not be read, or does not answer, is asked once: from then on every version is a NoSchema
    that says why, and samples stay encoded. connect: makes the client, at the first version asked for.
    """

    def __init__(self, connect: Callable[[], GlueClient]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._client: GlueClient | None = None
        self._known: dict[str, RegisteredSchema | NoSchema] = {}
        self._given_up: NoSchema | None = None

    def __call__(self, version_id: str, /) -> RegisteredSchema | NoSchema:
        with self._lock:
            if version_id not in self._known:
                self._known[version_id] = self._given_up or self._ask(version_id)
            return self._known[version_id]

    def _ask(self, version_id: str) -> RegisteredSchema | NoSchema:
        try:
            self._client = self._client or self._connect()
            answer = self._client.get_schema_version(SchemaVersionId=version_id)
        except (AccessDenied, BotoCoreError) as error:
            return self._give_up(f"the Glue Schema Registry was not read: {error}")
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in UNKNOWN_VERSION:
                return NoSchema(f"the Glue Schema Registry does not know the schema version {version_id}")
            return self._give_up(f"the Glue Schema Registry was not read ({code}): allow glue:GetSchemaVersion")
        return RegisteredSchema(answer["DataFormat"], answer["SchemaDefinition"])

    def _give_up(self, reason: str) -> NoSchema:
        log.warning("%s", reason)
        self._given_up = NoSchema(reason)
        return self._given_up
