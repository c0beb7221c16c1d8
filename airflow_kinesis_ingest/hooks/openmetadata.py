"""An Airflow connection of type `openmetadata` as OpenMetadata's openMetadataServerConfig."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from ..errors import FixFile, IngestError
from .connections import connection, told

if TYPE_CHECKING:
    from ..engine.config import Workflow


class OpenMetadataHook(BaseHook):
    """The fields of OpenMetadata's own provider: host, port (8585), schema (http), password the bot's JWT, and in extra
    `verifySSL` and `sslConfig`, the path of the CA certificate.
    """

    conn_name_attr = "openmetadata_conn_id"
    default_conn_name = "openmetadata_default"
    conn_type = "openmetadata"
    hook_name = "OpenMetadata"

    def __init__(self, openmetadata_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.openmetadata_conn_id = openmetadata_conn_id

    def server_config(self) -> dict[str, Any]:
        """openMetadataServerConfig, with what the connection gives, unchecked. Raises FixFile if there is none such."""
        found = connection(self.openmetadata_conn_id)
        if found.conn_type != self.conn_type:
            what = f"the Airflow connection `{found.conn_id}` is of type `{found.conn_type}`"
            raise FixFile(what, remedy="Name one of type `openmetadata`")
        if not found.host:
            remedy = "Give the name of the OpenMetadata server"
            raise FixFile(f"the Airflow connection `{found.conn_id}` has no host", remedy=remedy)
        extra = found.extra_dejson
        certificate = extra.get("sslConfig")
        given = {
            "hostPort": f"{found.schema or 'http'}://{found.host}:{found.port or 8585}/api",
            "authProvider": "openmetadata",
            "securityConfig": {"jwtToken": found.password} if found.password else None,
            "verifySSL": extra.get("verifySSL"),
            "sslConfig": {"caCertificate": certificate} if certificate else None,
        }
        return {key: value for key, value in given.items() if value}

    def test_connection(self) -> tuple[bool, str]:
        """Whether the server answers and takes the token, and what to do if not."""
        from ..engine import checks

        try:
            return told(checks.check_openmetadata(self._workflow()))
        except IngestError as error:
            return False, str(error)

    def _workflow(self) -> Workflow:
        """The least workflow that has this connection, checked as one."""
        from ..engine.loading import from_mapping

        source = {"type": "kinesis", "serviceName": "test", "sourceConfig": {"config": {"type": "MessagingMetadata"}}}
        return from_mapping(
            {
                "name": "test",
                "source": source,
                "sink": {"type": "metadata-rest"},
                "connections": {"aws": "unused"},
                "workflowConfig": {"openMetadataServerConfig": self.server_config()},
            }
        )
