"""An Airflow connection of type `kinesis` or `aws` as OpenMetadata's awsConfig."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow.sdk import BaseHook
from botocore.exceptions import BotoCoreError

from ..engine.workflow.document import safe_key
from ..errors import AccessDenied, FixFile
from .connections import connection, given, tried

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
    from airflow.sdk import Connection
    from mypy_boto3_kinesis import KinesisClient

    from ..engine.model import Step
    from ..engine.workflow.models import Workflow

log = logging.getLogger(__name__)


class KinesisHook(BaseHook):
    """login is the access key id, password the secret key; the rest is in extra, by OpenMetadata's names."""

    conn_name_attr = "kinesis_conn_id"
    default_conn_name = "kinesis_default"
    conn_type = "kinesis"
    hook_name = "Amazon Kinesis"

    def __init__(self, kinesis_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.kinesis_conn_id = kinesis_conn_id

    def aws_config(self) -> dict[str, Any]:
        """awsConfig, with what the connection gives, unchecked; and `externalId` and `durationSeconds` of its role.

        Raises FixFile for a connection that does not exist, is of another type or has no object as extra, AccessDenied
        for an `aws` connection that awsConfig cannot express.
        """
        found = connection(self.kinesis_conn_id, self.conn_type, "aws")
        if found.conn_type == "aws":
            return _from_amazon(found)
        keys = {"awsAccessKeyId": found.login, "awsSecretAccessKey": found.password}
        return given(found.extra_dejson | given(keys))

    def get_conn(self) -> KinesisClient:
        """A boto3 client for this connection."""
        from ..engine.aws.client import kinesis_client

        workflow = self._workflow()
        return kinesis_client(workflow.aws, pool=10, role=workflow.options.assume_role)

    def test_connection(self) -> tuple[bool, str]:
        """Try credentials and each call, on the first stream; what to do if one of them does not work.

        Without a region, which a workflow file may give, only whose the credentials are.
        """
        return tried(self.kinesis_conn_id, self._steps)

    def _steps(self) -> Iterator[Step]:
        from ..engine.run import checks

        config = self.aws_config()
        if config.get("awsRegion"):
            return checks.check_aws(self._workflow(config))
        return checks.check_identity(self._workflow(config | {"awsRegion": checks.IDENTITY_REGION}))

    def _workflow(self, given: dict[str, Any] | None = None) -> Workflow:
        """The least workflow that has this connection, checked as one. given: its awsConfig, read again without it."""
        from ..engine.workflow.loading import Runtime, from_mapping
        from .fence import configured_fence

        wanted = {"config": {"type": "MessagingMetadata", "generateSampleData": True}}
        source = {"type": "kinesis", "serviceName": "test", "sourceConfig": wanted}
        workflow = {"name": "test", "source": source, "connections": {"aws": self.kinesis_conn_id}}
        aws = self.aws_config() if given is None else given
        return from_mapping(workflow, Runtime({}, aws=aws), configured_fence())


def _from_amazon(found: Connection) -> dict[str, Any]:
    try:
        from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
    except ImportError:
        raise AccessDenied(
            "connections of type `aws` need the Amazon provider",
            where=f"connection {found.conn_id}",
            remedy="Install airflow-kinesis-ingest[amazon], or use a connection of type `kinesis`",
        ) from None
    try:
        return _as_aws_config(AwsConnectionWrapper(conn=found), found.conn_id)
    except (AttributeError, NotImplementedError, TypeError, ValueError, AirflowException, BotoCoreError) as error:
        # The provider uses what a person wrote before it checks it.
        raise FixFile(
            f"the Amazon provider cannot read the Airflow connection `{found.conn_id}`",
            why=type(error).__name__,  # its text may repeat a value of the connection
            remedy="Correct its extra, or use a connection of type `kinesis`",
        ) from None


def _as_aws_config(wrapper: AwsConnectionWrapper, connection_id: str) -> dict[str, Any]:
    role = dict(wrapper.assume_role_kwargs)
    if external_id := wrapper.extra_config.get("external_id"):
        role["ExternalId"] = external_id
    session_name, identity = role.pop("RoleSessionName", None), role.pop("SourceIdentity", None)
    external_id, seconds = role.pop("ExternalId", None), role.pop("DurationSeconds", None)
    if role or (wrapper.role_arn and wrapper.assume_role_method not in (None, "assume_role")):
        what = ", ".join(map(safe_key, role)) or safe_key(str(wrapper.assume_role_method))
        raise AccessDenied(
            f"this `aws` connection assumes its role in a way that is not supported here ({what})",
            where=f"connection {connection_id}",
            remedy="Use a connection of type `kinesis`, or a profile of the AWS configuration",
        )
    _warn_of_unused(wrapper.extra_config, connection_id)
    return given(
        {
            "awsAccessKeyId": wrapper.aws_access_key_id,
            "awsSecretAccessKey": wrapper.aws_secret_access_key,
            "awsSessionToken": wrapper.aws_session_token,
            "awsRegion": wrapper.region_name,
            "endPointURL": wrapper.get_service_endpoint_url("kinesis"),
            "profileName": wrapper.profile_name,
            "assumeRoleArn": wrapper.role_arn,
            "assumeRoleSessionName": session_name,
            "assumeRoleSourceIdentity": identity,
            "externalId": external_id,
            "durationSeconds": seconds,
        }
    )


def _warn_of_unused(extra: dict[str, Any], connection_id: str) -> None:
    unused = [name for name in ("verify", "config_kwargs") if extra.get(name) not in (None, "", {})]
    if unused:
        log.warning(
            "connection %s: without effect here: %s. For the certificate of an endpoint set AWS_CA_BUNDLE where runs "
            "start; for all else use a profile of the AWS configuration",
            connection_id,
            ", ".join(unused),
        )
