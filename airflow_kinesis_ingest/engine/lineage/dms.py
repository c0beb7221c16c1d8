"""AWS Database Migration Service: replications, with an instance or serverless, whose target is a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .asking import Body, Found, pages, stream_of, text
from .flow import Flow, Opaque, Region

ENDPOINTS, TASKS, CONFIGS = "dms:DescribeEndpoints", "dms:DescribeReplicationTasks", "dms:DescribeReplicationConfigs"
GOING = ("running", "starting", "resuming")


class Dms:
    name = "dms"
    actions: Mapping[str, float] = {ENDPOINTS: 5.0, TASKS: 5.0, CONFIGS: 5.0}
    """AWS allows 8 a second of all calls of DMS together, after a burst of 200 (its user guide, "Quotas"): one of these
    follows another.
    """

    def find(self, region: Region) -> Iterator[Found]:
        endpoints = {text(each, "EndpointArn"): each for each in _pages(region, ENDPOINTS, "Endpoints")}
        for task in _pages(region, TASKS, "ReplicationTasks", WithoutSettings=True):
            yield from self._flow(region, task, "ReplicationTask", endpoints, text(task, "Status") in GOING)
        for config in _pages(region, CONFIGS, "ReplicationConfigs"):
            yield from self._flow(region, config, "ReplicationConfig", endpoints, None)

    def _flow(
        self, region: Region, found: Body, kind: str, endpoints: Mapping[str, Body], active: bool | None
    ) -> Iterator[Flow]:
        stream = stream_of(text(endpoints.get(text(found, "TargetEndpointArn"), {}), "KinesisSettings", "StreamArn"))
        if not stream:
            return
        name = text(found, f"{kind}Identifier")
        page = "taskDetails" if kind == "ReplicationTask" else "serverlessReplicationDetails"
        yield Flow(
            self.name,
            text(found, f"{kind}Arn"),
            name,
            stream,
            "writes",
            (_database(endpoints.get(text(found, "SourceEndpointArn"), {})),),
            active,
            region.console(f"dms/v2/home#{page}/{quote(name)}"),
        )


def _pages(region: Region, action: str, member: str, **parameters: Any) -> Iterator[Body]:
    return pages(region, action, member, token="Marker", MaxRecords=100, **parameters)  # noqa: S106 - of a page


def _database(endpoint: Body) -> Opaque:
    """Which tables a task takes is in rules with wildcards: no table of a catalogue."""
    engine = text(endpoint, "EngineDisplayName") or text(endpoint, "EngineName") or "a database"
    database, server = text(endpoint, "DatabaseName"), text(endpoint, "ServerName")
    return Opaque(" ".join([engine, *([database] if database else []), *([f"at {server}"] if server else [])]))
