"""awsConfig -> botocore clients: keys, session token, profile, an assumed role that refreshes, endpoint, time-outs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, ProfileNotFound

from ...errors import AccessDenied
from ..workflow.field_types import EndpointMode, is_sendable
from ..workflow.models import AssumeRoleOptions, AwsConfig
from .errors import UNSENDABLE, not_given, why_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_sts import STSClient

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 30
PLAIN_ROLE = AssumeRoleOptions()
BOTOCORES = {"tag": "resourcegroupstaggingapi"}
"""Services that botocore calls otherwise than IAM does."""


def kinesis_client(
    aws: AwsConfig,
    *,
    pool: int,
    role: AssumeRoleOptions = PLAIN_ROLE,
    account_id_endpoint_mode: EndpointMode = "disabled",
    read_timeout: float = READ_TIMEOUT,
) -> KinesisClient:
    """A client that `pool` threads may share.

    Nothing is asked of Kinesis or of STS before its first call; without keys and a profile in the file, boto3's chain
    may ask the metadata service of a container or instance. Retries are switched off in botocore: this package paces,
    retries and stops calls itself (`source.py`). Raises AccessDenied for credentials, a profile or an AWS
    configuration that do not exist or cannot be used, Unreachable for a metadata service that fails.
    """
    config = client_config(pool=pool, account_id_endpoint_mode=account_id_endpoint_mode, read_timeout=read_timeout)
    with _explained(aws):
        client: KinesisClient = _client(_session(aws, role), "kinesis", aws, config, aws.endpoint_url)
        return client


def glue_client(aws: AwsConfig, role: AssumeRoleOptions = PLAIN_ROLE) -> GlueClient:
    """endPointURL is Kinesis's own: Glue keeps its regional host, or AWS_ENDPOINT_URL_GLUE. Raises as above.

    An answer comes within about 20 s or not at all: two tries of 5 s to connect and 5 s to answer.
    """
    with _explained(aws):
        client: GlueClient = _client(_session(aws, role), "glue", aws, _botocore_retries(CONNECT_TIMEOUT, tries=2))
        return client


class RegionalClients:
    """A client for each service that is asked for, made at its first use from one session. For many threads.

    endPointURL is Kinesis's own: the others keep their regional hosts, or AWS_ENDPOINT_URL_<SERVICE>.
    """

    def __init__(self, aws: AwsConfig, role: AssumeRoleOptions, account_id_endpoint_mode: EndpointMode) -> None:
        self._aws, self._role = aws, role
        self._mode = account_id_endpoint_mode
        self._lock = threading.Lock()  # botocore makes sessions and clients in one thread at a time
        self._session: botocore.session.Session | None = None
        self._clients: dict[str, Any] = {}

    def of(self, service: str, *, read_timeout: float = READ_TIMEOUT) -> Any:
        """service: as IAM's actions begin. Raises as `kinesis_client`."""
        with self._lock, _explained(self._aws):
            if service not in self._clients:
                self._clients[service] = _client(
                    self._made(),
                    BOTOCORES.get(service, service),
                    self._aws,
                    client_config(pool=2, account_id_endpoint_mode=self._mode, read_timeout=read_timeout),
                    self._aws.endpoint_url if service == "kinesis" else None,
                )
            return self._clients[service]

    def offers(self, service: str) -> bool:
        """Whether AWS has this service in the region, as far as botocore knows."""
        name, partition = BOTOCORES.get(service, service), self.partition
        with self._lock:
            known = self._made().get_available_regions(name, partition)
        return not known or self._aws.aws_region in known

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, ..., as ARNs begin."""
        with self._lock, _explained(self._aws):
            return self._made().get_partition_for_region(self._aws.aws_region)

    def _made(self) -> botocore.session.Session:
        self._session = self._session or _session(self._aws, self._role)
        return self._session


def sts_client(aws: AwsConfig, role: AssumeRoleOptions = PLAIN_ROLE) -> STSClient:
    """endPointURL is Kinesis's own: STS keeps its regional host, or AWS_ENDPOINT_URL_STS. Raises as above."""
    with _explained(aws):
        client: STSClient = _client(_session(aws, role), "sts", aws, _botocore_retries(CONNECT_TIMEOUT, tries=2))
        return client


def _botocore_retries(read_timeout: float, tries: int) -> Config:
    """For the calls that botocore makes by itself or that a sample can do without."""
    retries: Any = {"mode": "standard", "total_max_attempts": tries}
    return Config(connect_timeout=CONNECT_TIMEOUT, read_timeout=read_timeout, retries=retries)


@contextmanager
def _explained(aws: AwsConfig) -> Iterator[None]:
    """All that botocore, and what it calls, may have to say against a configuration, as one error of ours."""
    try:
        yield
    except ProfileNotFound as error:
        raise AccessDenied(
            f"there is no AWS profile {error.kwargs['profile']!r} here",
            where="awsConfig.profileName" if aws.profile_name else "AWS_PROFILE",
            remedy="Correct the name, or add the profile to the AWS configuration of the machine that runs this",
        ) from None
    except (BotoCoreError, ValueError, OSError) as error:
        if found := isinstance(error, BotoCoreError) and not_given(error):
            raise found from None
        raise AccessDenied(
            "the AWS configuration cannot be used",
            where="awsConfig",
            why=why_of(error),
            remedy="Correct `awsConfig`, or the AWS files and AWS_ variables of the machine that runs this",
        ) from None


def _client(
    session: botocore.session.Session, service: Any, aws: AwsConfig, config: Config, endpoint_url: str | None = None
) -> Any:
    """What boto3's session would make. boto3 itself stays out: its import takes each task a tenth of a second."""
    session.set_config_variable("region", aws.aws_region)  # also of STS, where a profile names a role
    return session.create_client(service, region_name=aws.aws_region, endpoint_url=endpoint_url, config=config)


def client_config(*, pool: int, account_id_endpoint_mode: EndpointMode, read_timeout: float) -> Config:
    """Every setting whose default changed between botocore releases, or suits one thread only, made explicit.

    account_id_endpoint_mode: botocore >= 1.43 moves calls of credentials that carry an account id to
    {account}.control-kinesis hosts, which VPC endpoints and egress lists often lack; "disabled" keeps the
    regional host. read_timeout: seconds between two pieces of an answer, not for all of it: one that comes in drops
    holds its thread as long as it drips, and only a stop of the run leaves it behind.
    """
    return Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        max_pool_connections=pool,
        account_id_endpoint_mode=account_id_endpoint_mode,
    )


def _session(aws: AwsConfig, role: AssumeRoleOptions) -> botocore.session.Session:
    session = _source_session(aws)
    if not aws.assume_role_arn:
        return session
    assumed = _profiled_session(aws)
    resolver = CredentialResolver(providers=[_AssumedRole(aws, role, session)])
    assumed.register_component("credential_provider", resolver)
    return assumed


def _profiled_session(aws: AwsConfig) -> botocore.session.Session:
    """With all else that a profile says: FIPS, dual-stack, CA. Keys in the file need no AWS_PROFILE to exist."""
    session = botocore.session.Session(profile=aws.profile_name)
    if aws.aws_access_key_id and not aws.profile_name and session.profile not in (None, *session.available_profiles):
        return botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    return session


def _source_session(aws: AwsConfig) -> botocore.session.Session:
    session = _profiled_session(aws)
    if aws.aws_access_key_id and aws.aws_secret_access_key:
        token = aws.aws_session_token
        session.set_credentials(
            aws.aws_access_key_id.get_secret_value(),
            aws.aws_secret_access_key.get_secret_value(),
            token.get_secret_value() if token else None,
        )
    credentials = session.get_credentials()
    if credentials is None:
        raise AccessDenied(
            "there are no AWS credentials here",
            where="awsConfig",
            why="no keys and no profile in the file, and boto3's chain found none",
            remedy="Give a key pair, a profile or an Airflow connection, or run where a role is attached; in a"
            " container on EC2, the instance's metadata need a hop limit of 2",
        )
    _refuse_unsendable(credentials)
    return session


def _refuse_unsendable(credentials: Credentials) -> None:
    """Before the first call, which would write them to botocore's log. Those that expire are not fetched for it."""
    if isinstance(credentials, RefreshableCredentials):
        return
    for name, value in (
        ("access key id", credentials.access_key),
        ("secret access key", credentials.secret_key),
        ("session token", credentials.token),
    ):
        if value and not is_sendable(value):
            raise AccessDenied(
                UNSENDABLE,
                where="awsConfig",
                why=f"the {name} found has a character that is no visible ASCII",
                remedy="Give it without line breaks and spaces, in the file, the environment or the profile",
            )


class _AssumedRole(CredentialProvider):
    """Assumes the role at the first call and again 15 minutes before each set of credentials ends; of a session that is
    asked to be short, when a third of it is left.
    """

    METHOD = "assume-role"

    def __init__(self, aws: AwsConfig, role: AssumeRoleOptions, source: botocore.session.Session) -> None:
        super().__init__()
        self._aws = aws
        self._role = role
        self._source = source

    def load(self) -> DeferredRefreshableCredentials:
        # endPointURL is for Kinesis alone: STS keeps its regional host, or AWS_ENDPOINT_URL_STS.
        config = _botocore_retries(READ_TIMEOUT, tries=3)
        fetcher = AssumeRoleCredentialFetcher(
            partial(self._source.create_client, region_name=self._aws.aws_region, config=config),
            self._source.get_credentials(),
            self._aws.assume_role_arn or "",
            extra_args=self._extra(),
        )
        found = DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)
        if seconds := self._role.duration_seconds:
            # botocore's 15 and 10 minutes: in a session of 15 minutes, every call would ask STS for the next one.
            found._advisory_refresh_timeout = min(900, seconds // 3)  # type: ignore[attr-defined]
            found._mandatory_refresh_timeout = min(600, seconds // 6)  # type: ignore[attr-defined]
        return found

    def _extra(self) -> dict[str, Any]:
        extra = {
            "RoleSessionName": self._aws.assume_role_session_name or "OpenMetadataSession",
            "SourceIdentity": self._aws.assume_role_source_identity,
            "ExternalId": self._role.external_id,
            "DurationSeconds": self._role.duration_seconds,
        }
        return {name: value for name, value in extra.items() if value}
