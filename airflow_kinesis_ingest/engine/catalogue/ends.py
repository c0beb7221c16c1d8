"""The ends of flows as entities of OpenMetadata: by the services that the file declares, or by a host; exact, or not.

Names follow OpenMetadata's own connectors: `service.database.schema.table`, `service.bucket` and, below it, containers
named by their path, `service.index`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from ..lineage.flow import Bucket, End, Opaque, SearchIndex, StreamRef, Table
from ..workflow.models import LineageOptions
from .client import OpenMetadata, fqn, quoted

Body = dict[str, Any]
KINDS: Mapping[str, frozenset[str]] = {
    "iceberg": frozenset({"Glue", "Athena", "Iceberg"}),
    "redshift": frozenset({"Redshift"}),
    "snowflake": frozenset({"Snowflake"}),
    "dynamodb": frozenset({"DynamoDB"}),
}
"""The types of database service that hold a kind of table; one of type CustomDatabase holds any."""

SERVICE_KEYS = ("serviceType", "connection", "config", "hostPort", "account", "database", "databaseName")
DEEPEST = 8
"""Levels of a bucket's path that are asked for, from the longest on."""


class Entity(NamedTuple):
    """What an edge begins or ends at."""

    type: str
    id: str

    @property
    def reference(self) -> Body:
        return {"id": self.id, "type": self.type}


@dataclass(frozen=True, slots=True)
class Target:
    """An end, looked up. entity: None where it is no data asset, is not catalogued, or is there several times.

    several: the names of those, where it is.
    """

    end: End
    entity: Entity | None = None
    several: tuple[str, ...] = ()

    @property
    def is_asset(self) -> bool:
        return not isinstance(self.end, Opaque)


def name_of(end: End) -> str:
    """As a person would write it."""
    if isinstance(end, Bucket):
        return f"s3://{end.bucket}/{end.prefix}" if end.prefix else f"s3://{end.bucket}"
    if isinstance(end, Table):
        names = (end.host, end.catalog, end.database, end.schema, end.name)
        return f"{end.kind}:{'.'.join(filter(None, names))}"
    if isinstance(end, SearchIndex):
        return f"{end.host}/{end.index}"
    return end.arn if isinstance(end, StreamRef) else end.label


@dataclass(frozen=True)
class Ends:
    """Looks ends up, of one run; for many threads, each end by one of them.

    topics: stream ARN -> id of its live topic. account: the run's.
    """

    client: OpenMetadata
    options: LineageOptions
    topics: Mapping[str, str]
    account: str | None
    _services: dict[tuple[str, str], Body | None] = field(default_factory=dict)

    def target(self, end: End) -> Target:
        """Raises IngestError where it cannot be told whether there is one."""
        if isinstance(end, StreamRef):
            found = self.topics.get(end.arn)
            return Target(end, Entity("topic", found) if found else None)
        found_all = dict.fromkeys(self._found(end))
        if len(found_all) > 1:
            return Target(end, several=tuple(sorted(name for _, name in found_all)))
        return Target(end, next((entity for entity, _ in found_all), None))

    def _found(self, end: End) -> Iterator[tuple[Entity, str]]:
        if isinstance(end, Bucket):
            for service in self.options.storage_service_names:
                yield from self._first("container", "/containers", _paths(service, end))
        elif isinstance(end, SearchIndex):
            for service in self._search_services(end.host):
                yield from self._first("searchIndex", "/searchIndexes", [(service, end.index)])
        elif isinstance(end, Table):
            for database in self._databases(end):
                yield from self._first("table", "/tables", self._tables(database, end))

    def _first(self, kind: str, path: str, names: Sequence[tuple[str, ...]]) -> Iterator[tuple[Entity, str]]:
        """The first of these names that there is: they mean the same thing, the likeliest first."""
        for each in dict.fromkeys(names):
            found = self.client.get(f"{path}/name/{quoted(*each)}")
            if found and not found.get("deleted"):
                yield Entity(kind, str(found["id"])), str(found.get("fullyQualifiedName") or fqn(*each))
                return

    # --- the services

    def _databases(self, end: Table) -> Iterator[Body]:
        """The declared services that may hold it; if none may, those that are at its host."""
        fitting = KINDS[end.kind] | {"CustomDatabase"}
        declared = [self._service("databaseServices", name) for name in self.options.db_service_names]
        found = [service for service in declared if service and service.get("serviceType") in fitting]
        if found or not end.host:
            yield from found
            return
        yield from (
            each for each in self._every_database if each.get("serviceType") in fitting and _is_at(each, end.host)
        )

    def _search_services(self, host: str) -> list[str]:
        return self.options.search_service_names or [
            str(each["name"]) for each in self._every_search if _is_at(each, host)
        ]

    @cached_property
    def _every_database(self) -> list[Body]:
        return list(self.client.pages("/services/databaseServices", keys=SERVICE_KEYS))

    @cached_property
    def _every_search(self) -> list[Body]:
        return list(self.client.pages("/services/searchServices", keys=SERVICE_KEYS))

    def _service(self, kind: str, name: str) -> Body | None:
        if (kind, name) not in self._services:
            self._services[kind, name] = self.client.get(f"/services/{kind}/name/{quoted(name)}", holds="id")
        return self._services[kind, name]

    def _tables(self, service: Body, end: Table) -> list[tuple[str, ...]]:
        return [(str(service["name"]), *names) for names in NAMES[end.kind](end, _config(service), self.account)]


def _paths(service: str, end: Bucket) -> list[tuple[str, ...]]:
    """The longest path first, the bucket last."""
    parts = [part for part in end.prefix.split("/") if part][:DEEPEST]
    if not end.prefix.endswith("/"):
        parts = parts[:-1] if len(parts) < DEEPEST else parts  # the beginning of a key's name is no folder
    paths = ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
    return [(service, end.bucket, path) for path in paths] + [(service, end.bucket)]


def _glue(end: Table, config: Body, account: str | None) -> list[tuple[str, ...]]:
    named = config.get("databaseName")
    catalogs = [named] if named else [end.catalog, account, "default"]
    return [(str(catalog), str(end.database), end.name) for catalog in catalogs if catalog]


def _of_glue(end: Table, config: Body, account: str | None) -> list[tuple[str, ...]]:
    return _glue(end, config, account) if end.database else []


def _redshift(end: Table, config: Body, account: str | None) -> list[tuple[str, ...]]:
    """Redshift keeps names in lower case unless they were quoted."""
    del account
    database = end.database or config.get("database")
    names = (str(database), end.schema or "public", end.name)
    return [names, tuple(name.lower() for name in names)] if database else []


def _snowflake(end: Table, config: Body, account: str | None) -> list[tuple[str, ...]]:
    """Snowflake keeps names in upper case unless they were quoted."""
    del account
    database = end.database or config.get("database")
    names = (str(database), end.schema or "PUBLIC", end.name)
    return [names, tuple(name.upper() for name in names)] if database else []


def _dynamodb(end: Table, config: Body, account: str | None) -> list[tuple[str, ...]]:
    del config, account
    return [("default", "default", end.name)]


Naming = Callable[[Table, Body, "str | None"], list[tuple[str, ...]]]
NAMES: Mapping[str, Naming] = {
    "iceberg": _of_glue,
    "redshift": _redshift,
    "snowflake": _snowflake,
    "dynamodb": _dynamodb,
}


def _config(service: Body) -> Body:
    connection = service.get("connection")
    config = connection.get("config") if isinstance(connection, dict) else None
    return config if isinstance(config, dict) else {}


def _is_at(service: Body, host: str) -> bool:
    """Whether its connection names this host, with a port or not; of Snowflake the account, which begins the host."""
    config = _config(service)
    account, address = config.get("account"), config.get("hostPort")
    if isinstance(account, str) and account:
        return host.lower().startswith(f"{account.lower()}.")
    return isinstance(address, str) and _host(address) == host.lower()


def _host(address: str) -> str:
    return address.lower().rpartition("//")[2].partition("/")[0].partition(":")[0]
