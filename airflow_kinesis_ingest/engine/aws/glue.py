"""Schemas of the AWS Glue Schema Registry, for records that name their schema version."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import BotoCoreError, ClientError

from ...errors import AccessDenied, Skip
from ..model import NoSchema, RegisteredSchema
from .errors import DENIALS, NO_SENSE, is_forbidden, why_of
from .policy import GLUE

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

log = logging.getLogger(__name__)

NEXT_RUN = "Messages that name their schema stay encoded; the next run asks again"
UNKNOWN_VERSION = {"EntityNotFoundException", "InvalidInputException"}
LATEST = {"LatestVersion": True}
FORMATS = ("AVRO", "JSON", "PROTOBUF")


def _log(error: Skip) -> None:
    log.warning("%s", error)


class GlueSchemas:
    """Looks a schema version up once per run (glue:GetSchemaVersion), for many threads.

    A registry that may not be read, does not answer, or answers nothing readable is asked once: from then on every
    version is a NoSchema that says why, and samples stay encoded. While a version is looked up the other threads wait,
    for about 20 s at most (`glue_client`); a stop does not wait for them. connect: makes the client, at the first
    version asked for. given_up: told why the registry is asked no more.
    """

    def __init__(self, connect: Callable[[], GlueClient], given_up: Callable[[Skip], None] = _log) -> None:
        self._connect = connect
        self._tell = given_up
        self._lock = threading.Lock()
        self._client: GlueClient | None = None
        self._known: dict[object, RegisteredSchema | NoSchema] = {}
        self._given_up: NoSchema | None = None

    def __call__(self, version_id: str, /) -> RegisteredSchema | NoSchema:
        return self._once(version_id, SchemaVersionId=version_id)

    def named(self, registry: str, schema: str, version: int | Literal["latest"]) -> RegisteredSchema | NoSchema:
        """A version of a schema by its names; only one that is AVAILABLE."""
        number: dict[str, Any] = LATEST if version == "latest" else {"VersionNumber": version}
        identity = {"RegistryName": registry, "SchemaName": schema}
        return self._once(f"{version} of {registry}/{schema}", SchemaId=identity, SchemaVersionNumber=number)

    def at(self, arn: str) -> RegisteredSchema | NoSchema:
        """The latest version of a schema; only one that is AVAILABLE."""
        return self._once(f"latest of {arn}", SchemaId={"SchemaArn": arn}, SchemaVersionNumber=LATEST)

    def _once(self, version_id: str, **asked: Any) -> RegisteredSchema | NoSchema:
        with self._lock:
            if version_id not in self._known:
                self._known[version_id] = self._given_up or self._ask(version_id, asked)
            return self._known[version_id]

    def _ask(self, version_id: str, asked: dict[str, Any]) -> RegisteredSchema | NoSchema:
        try:
            self._client = self._client or self._connect()
            answer = self._client.get_schema_version(**asked)
            if answer.get("Status", "AVAILABLE") != "AVAILABLE" and "SchemaId" in asked:
                return NoSchema(f"the schema version {version_id} is {answer.get('Status')}")
            data_format, definition = answer["DataFormat"], answer["SchemaDefinition"]
        except (AccessDenied, BotoCoreError) as error:
            why = str(error) if isinstance(error, AccessDenied) else why_of(error)
            return self._give_up(f"the Glue Schema Registry was not read: {why}")
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in UNKNOWN_VERSION:
                return NoSchema(f"the Glue Schema Registry does not know the schema version {version_id}")
            missing = code in DENIALS and not is_forbidden(str(error))
            return self._give_up(f"the Glue Schema Registry was not read ({code})", GLUE if missing else "")
        except (KeyError, *NO_SENSE) as error:  # botocore makes an empty answer of an HTML page
            return self._give_up(f"the Glue Schema Registry gave no readable answer ({type(error).__name__})")
        return self._registered(version_id, data_format, definition)

    def _registered(self, version_id: str, data_format: Any, definition: Any) -> RegisteredSchema | NoSchema:
        if not (isinstance(data_format, str) and isinstance(definition, str)):
            return self._give_up("the Glue Schema Registry gave no readable answer (its members are no texts)")
        if data_format not in FORMATS:
            return NoSchema(f"the schema version {version_id} is of a format that is not known here: {data_format:.40}")
        return RegisteredSchema(cast("Any", data_format), definition)

    def _give_up(self, what: str, missing: str = "") -> NoSchema:
        """missing: the action that is to be allowed."""
        remedy = f"Allow {missing} (`kinesis-ingest policy --glue`)" if missing else NEXT_RUN
        self._tell(Skip(what, remedy=remedy, actions=(missing,) if missing else ()))
        self._given_up = NoSchema(f"{what}: allow {missing}" if missing else what, told=True)
        return self._given_up
