"""An Airflow connection of type `openmetadata` as OpenMetadata's openMetadataServerConfig."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from ..engine.workflow.document import safe_key
from ..errors import FixFile
from .connections import connection, given, tried

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from ..engine.workflow.models import Workflow

OF_PROVIDERS = ("domain", "authority", "scopes", "tokenEndpoint", "audience", "orgURL", "email")
EXTRA = ("verifySSL", "sslConfig", "authProvider", *OF_PROVIDERS)


class OpenMetadataHook(BaseHook):
    """The fields of OpenMetadata's own provider: host, port (8585), schema (http), password the bot's JWT, and in extra
    `verifySSL` and `sslConfig`, the path of the CA certificate.

    With an `authProvider` in extra that gives the token, login is the client's id and password its secret or key; what
    else its block has stands in extra, by OpenMetadata's names.
    """

    conn_name_attr = "openmetadata_conn_id"
    default_conn_name = "openmetadata_default"
    conn_type = "openmetadata"
    hook_name = "OpenMetadata"

    def __init__(self, openmetadata_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.openmetadata_conn_id = openmetadata_conn_id

    def server_config(self) -> dict[str, Any]:
        """openMetadataServerConfig, with what the connection gives, its values unchecked.

        Raises FixFile for a connection that does not exist, is of another type, or does not say where the server is.
        """
        found = connection(self.openmetadata_conn_id, self.conn_type)
        extra = found.extra_dejson
        if unknown := ", ".join(f"`{safe_key(key)}`" for key in extra if key not in EXTRA):
            what = f"the extra of the Airflow connection `{found.conn_id}` has what is unknown: {unknown}"
            raise FixFile(what, remedy=f"Allowed there: {', '.join(EXTRA)}")
        certificate = extra.get("sslConfig")
        provider = extra.get("authProvider") or "openmetadata"
        return given(
            {
                "hostPort": f"{_scheme(found)}://{_host(found)}:{found.port or 8585}/api",
                "authProvider": provider,
                "securityConfig": _security(found, provider),
                "verifySSL": extra.get("verifySSL"),
                "sslConfig": {"caCertificate": certificate} if certificate else None,
            }
        )

    def test_connection(self) -> tuple[bool, str]:
        """Whether the server answers and takes the token, and what to do if not."""
        from ..engine.run import checks

        return tried(self.openmetadata_conn_id, lambda: checks.check_openmetadata(self._workflow()))

    def _workflow(self) -> Workflow:
        """The least workflow that has this connection, checked as one."""
        from ..engine.workflow.loading import Runtime, from_mapping
        from .fence import configured_fence

        source = {"type": "kinesis", "serviceName": "test", "sourceConfig": {"config": {"type": "MessagingMetadata"}}}
        return from_mapping(
            {
                "name": "test",
                "source": source,
                "sink": {"type": "metadata-rest"},
                "connections": {"aws": "unused", "openmetadata": self.openmetadata_conn_id},
            },
            Runtime({}, server=self.server_config()),
            configured_fence(),
        )


def _security(found: Connection, provider: object) -> dict[str, Any]:
    """All that is given, also what the provider has no use for: the check tells it."""
    from ..engine.workflow.providers import PROVIDERS  # with all models; every Airflow process loads this hook

    extra = given({name: found.extra_dejson.get(name) for name in OF_PROVIDERS})
    if isinstance(extra.get("scopes"), str):
        extra["scopes"] = re.split(r"[\s,]+", extra["scopes"].strip())
    takes = PROVIDERS.get(provider) if isinstance(provider, str) else None
    if takes is None:
        return extra | given({"jwtToken": found.password})
    client = {"clientId": found.login} if "clientId" in takes.needs else {}
    return given({**client, takes.secret: found.password}) | extra


def _scheme(found: Connection) -> str:
    """http or https. What else stands there is not shown: it may be a secret that landed in the wrong field."""
    scheme = (found.schema or "http").lower()
    if scheme not in ("http", "https"):
        what = f"the schema of the Airflow connection `{found.conn_id}` is neither http nor https"
        raise FixFile(what, remedy="Write http or https")
    return scheme


def _host(found: Connection) -> str:
    """The host as a URL has it: an IPv6 address in brackets. Not shown if wrong: it may hold a password."""
    if not found.host:
        remedy = "Give the name of the OpenMetadata server"
        raise FixFile(f"the Airflow connection `{found.conn_id}` has no host", remedy=remedy)
    if re.fullmatch(r"[\w.-]+", found.host):
        return found.host
    try:
        return f"[{IPv6Address(found.host.strip('[]'))}]"
    except AddressValueError:
        what = f"the host of the Airflow connection `{found.conn_id}` is more than a name"
        remedy = "Host is the name alone, like catalogue.example.com; scheme and port have fields of their own"
        raise FixFile(what, remedy=remedy) from None
