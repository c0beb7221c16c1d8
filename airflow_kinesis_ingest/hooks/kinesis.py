"""An Airflow connection of type `kinesis` or `aws` as OpenMetadata's awsConfig."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from ..errors import AccessDenied, FixFile, IngestError
from .connections import connection, told

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from mypy_boto3_kinesis import KinesisClient

    from ..engine.config import Workflow


class KinesisHook(BaseHook):
    """login is the access key id, password the secret key; the rest is in extra, by OpenMetadata's names."""

    conn_name_attr = "kinesis_conn_id"
    default_conn_name = "kinesis_default"
    conn_type = "kinesis"
    hook_name = "Amazon Kinesis (OpenMetadata)"

    def __init__(self, kinesis_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.kinesis_conn_id = kinesis_conn_id

    def aws_config(self) -> dict[str, Any]:
        """awsConfig, with what the connection gives, unchecked.

        Raises FixFile for a connection that does not exist or is of another type, AccessDenied for an `aws` connection
        that awsConfig cannot express.
        """
        found = connection(self.kinesis_conn_id)
        if found.conn_type == "aws":
            return _from_amazon(found)
        if found.conn_type != self.conn_type:
            what = f"the Airflow connection `{found.conn_id}` is of type `{found.conn_type}`"
            raise FixFile(what, remedy="Name one of type `kinesis` or `aws`")
        return _given(awsAccessKeyId=found.login, awsSecretAccessKey=found.password, **found.extra_dejson)

    def get_conn(self) -> KinesisClient:
        """A boto3 client for this connection."""
        from ..engine.aws import kinesis_client

        return kinesis_client(self._workflow().aws, pool=10)

    def test_connection(self) -> tuple[bool, str]:
        """Try credentials and each call, on the first stream; what to do if one of them does not work."""
        from ..engine import checks

        try:
            return told(checks.check_aws(self._workflow()))
        except IngestError as error:
            return False, str(error)

    def _workflow(self) -> Workflow:
        """The least workflow that has this connection, checked as one."""
        from ..engine.loading import from_mapping

        connected = {"config": {"awsConfig": self.aws_config()}}
        wanted = {"config": {"type": "MessagingMetadata", "generateSampleData": True}}
        source = {"type": "kinesis", "serviceName": "test", "serviceConnection": connected, "sourceConfig": wanted}
        return from_mapping({"name": "test", "source": source})


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _from_amazon(found: Connection) -> dict[str, Any]:
    try:
        from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
    except ImportError:
        raise AccessDenied(
            "connections of type `aws` need the Amazon provider",
            where=f"connection {found.conn_id}",
            remedy="Install airflow-kinesis-ingest[amazon], or use a connection of type `kinesis`",
        ) from None
    wrapper = AwsConnectionWrapper(conn=found)
    role = dict(wrapper.assume_role_kwargs)
    if external_id := wrapper.extra_config.get("external_id"):
        role["ExternalId"] = external_id
    session_name, identity = role.pop("RoleSessionName", None), role.pop("SourceIdentity", None)
    if role or (wrapper.role_arn and wrapper.assume_role_method not in (None, "assume_role")):
        what = ", ".join(role) or str(wrapper.assume_role_method)
        raise AccessDenied(
            f"this `aws` connection assumes its role in a way that is not supported here ({what})",
            where=f"connection {found.conn_id}",
            remedy="Use a connection of type `kinesis`, or a profile of the AWS configuration",
        )
    return _given(
        awsAccessKeyId=wrapper.aws_access_key_id,
        awsSecretAccessKey=wrapper.aws_secret_access_key,
        awsSessionToken=wrapper.aws_session_token,
        awsRegion=wrapper.region_name,
        endPointURL=wrapper.get_service_endpoint_url("kinesis"),
        profileName=wrapper.profile_name,
        assumeRoleArn=wrapper.role_arn,
        assumeRoleSessionName=session_name,
        assumeRoleSourceIdentity=identity,
    )
