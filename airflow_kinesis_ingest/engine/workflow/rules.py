"""The rules of a workflow file that no single field can check. They look at plain data: no other fault hides theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ...errors import Fault
from .document import Document, Place, block_at, value_at
from .field_types import instant
from .models import AWS_BLOCK, ROLE_BLOCK, SERVER_BLOCK
from .notifiers import recipient_faults
from .providers import security_faults
from .spread import INTERVALS
from .targets import pool_faults, target_faults

SCHEDULE_BLOCK: Place = ("airflowConfig",)


def across_fields(document: Document, *, resolved: bool) -> Iterator[Fault]:
    """resolved: whether what Airflow connections give is in the document already."""
    yield from _reach_aws(document, resolved=resolved)
    yield from _reach_openmetadata(document, resolved=resolved)
    yield from _lineage(document)
    yield from target_faults(document)
    yield from pool_faults(document)
    yield from recipient_faults(document)
    schedule = block_at(document.data, SCHEDULE_BLOCK)
    yield from _spread(document, schedule)
    start, end = (instant(name == "endDate")(schedule.get(name)) for name in ("startDate", "endDate"))
    if isinstance(start, datetime) and isinstance(end, datetime) and end < start:
        yield document.fault((*SCHEDULE_BLOCK, "endDate"), "the end lies before `startDate`", "Swap or correct them")
    if schedule.get("firstRun") == "next" and schedule.get("pipelineCatchup") is True:
        problem = "`pipelineCatchup` runs what has passed, `next` does not"
        yield document.fault((*SCHEDULE_BLOCK, "firstRun"), problem, "Remove one of them")


def _spread(document: Document, schedule: Mapping[str, Any]) -> Iterator[Fault]:
    given, word = schedule.get("spread"), schedule.get("scheduleInterval", "daily")
    if type(given) is not int or given <= 0:
        return
    place: Place = (*SCHEDULE_BLOCK, "spread")
    most = INTERVALS.get(word.strip().removeprefix("@")) if isinstance(word, str) else None
    if most is None:
        problem = "only `hourly`, `daily` and `weekly` are shared out"
        yield document.fault(place, problem, "Remove it: a cron line says its minutes itself, and on demand has none")
    elif given > most:
        yield document.fault(place, f"this is more than the interval of {most:,} seconds", f"Write {most} or less")
    elif given % 60:
        yield document.fault(place, "these are no whole minutes", f"Write {given - given % 60 or 60}")


def _lineage(document: Document) -> Iterator[Fault]:
    place: Place = ("options", "lineage")
    block = block_at(document.data, place)
    writers, tables = block.get("writers"), block.get("dynamodbTables")
    asked = isinstance(writers, list) and "dynamodb" in writers
    if asked and not tables:
        remedy = "Name the tables in `dynamodbTables`: AWS has no list of those that write to streams"
        yield document.fault((*place, "writers"), "`dynamodb` without tables to ask", remedy)
    if tables and not asked:
        yield document.fault((*place, "dynamodbTables"), "nothing asks these tables", "Add `dynamodb` to `writers`")


def _reach_aws(document: Document, *, resolved: bool) -> Iterator[Fault]:
    by_connection = value_at(document.data, ("connections", "aws"))
    by_target = document.data.get("targets") is not None
    if not (by_connection or by_target or value_at(document.data, ("source", "serviceConnection"))):
        remedy = "Add `serviceConnection.config.awsConfig.awsRegion`, or `connections.aws`"
        yield document.fault(("source",), "nothing says how to reach AWS", remedy, of_key=True)
    place = AWS_BLOCK
    aws = block_at(document.data, place)
    key, secret = aws.get("awsAccessKeyId"), aws.get("awsSecretAccessKey")
    if bool(key) != bool(secret):
        given, missing = ("awsAccessKeyId", "awsSecretAccessKey")[:: 1 if key else -1]
        yield document.fault((*place, given), f"half a key pair: `{missing}` is missing", "Give both keys or none")
    if aws.get("awsSessionToken") and not (key or secret):
        remedy = "Give `awsAccessKeyId` and `awsSecretAccessKey` too"
        yield document.fault((*place, "awsSessionToken"), "a session token without its key pair", remedy)
    no_role = not (aws.get("assumeRoleArn") or by_target)
    if (resolved or not by_connection) and block_at(document.data, ROLE_BLOCK) and no_role:
        remedy = "Add `awsConfig.assumeRoleArn`, or remove it; a profile's role has settings of its own"
        yield document.fault(ROLE_BLOCK, "there is no role to assume", remedy, of_key=True)


def _reach_openmetadata(document: Document, *, resolved: bool) -> Iterator[Fault]:
    place = SERVER_BLOCK
    given, server = value_at(document.data, place) is not None, block_at(document.data, place)
    sink = document.data.get("sink")
    by_rest = block_at(document.data, ("sink",)).get("type") == "metadata-rest"
    by_connection = value_at(document.data, ("connections", "openmetadata"))
    if sink is None and given:
        remedy = "Add `sink: {type: metadata-rest, config: {}}`, or `type: file` to write to a file"
        yield document.fault(place, "an OpenMetadata server is named but no sink", remedy, of_key=True)
    if by_rest and not by_connection and not given:
        remedy = "Add `workflowConfig.openMetadataServerConfig`, or `connections.openmetadata`"
        yield document.fault(("sink",), "the sink `metadata-rest` needs a server", remedy, of_key=True)
    if by_rest and given and (resolved or not by_connection) and not server.get("securityConfig"):
        remedy = "Add the JWT of a bot"
        yield document.fault(place, "`securityConfig.jwtToken` is missing", remedy, of_key=True)
    yield from security_faults(document)
    if by_rest and value_at(document.data, ("sink", "config", "path")):
        remedy = "Remove it, or write `type: file`"
        yield document.fault(("sink", "config", "path"), "`path` belongs to the sink `file`", remedy)
    if server.get("verifySSL") == "validate" and not value_at(server, ("sslConfig", "caCertificate")):
        remedy = "Give the path of the CA certificate"
        yield document.fault((*place, "verifySSL"), "`validate` without `sslConfig.caCertificate`", remedy)
