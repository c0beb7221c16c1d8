"""The workflow file as strict, frozen models.

Field names, types and defaults are OpenMetadata's (workflow.json, kinesisConnection.json, awsCredentials.json,
messagingServiceMetadataPipeline.json, filterPattern.json, openMetadataConnection.json, schemas 1.13.0); the
blocks `airflowConfig`, `connections`, `service` and `options` and the keys `name`, `displayName`,
`description`, `owner` and `tags` are ours. A field marked `UNUSED` is accepted because OpenMetadata has it, and
does nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, SecretStr
from pydantic import Tag as Form
from pydantic.alias_generators import to_camel

from ...errors import Fault, WorkflowError
from .document import Place
from .field_types import (
    Account,
    Accounts,
    Authority,
    AuthProvider,
    ClassificationName,
    Credential,
    DagId,
    Domain,
    End,
    Endpoint,
    EndpointMode,
    ExternalId,
    Header,
    HostPort,
    Named,
    NamedRegion,
    NamedRole,
    NamedUrl,
    Notifier,
    OktaEndpoint,
    Origin,
    Plain,
    PodTemplate,
    Position,
    QueueUrl,
    Redaction,
    Regex,
    Region,
    Regions,
    Resolved,
    RoleArn,
    Schedule,
    SchemaVersion,
    SessionName,
    SourceType,
    Start,
    Tag,
    TokenEndpoint,
    Zone,
)
from .origins import Origins
from .spread import INTERVALS, spread_line

UNUSED: dict[str, Any] = {"x-unused": True}
AWS_BLOCK: Place = ("source", "serviceConnection", "config", "awsConfig")
ROLE_BLOCK: Place = ("options", "assumeRole")
SERVER_BLOCK: Place = ("workflowConfig", "openMetadataServerConfig")
SECURITY_BLOCK: Place = (*SERVER_BLOCK, "securityConfig")
CONNECTION_BLOCKS = (AWS_BLOCK, ROLE_BLOCK, SERVER_BLOCK)
"""Where a `${NAME}` is replaced, and what Airflow connections fill."""


def is_replaced(place: Place) -> bool:
    """Whether a `${NAME}` is replaced there: a target's external id becomes one of ROLE_BLOCK."""
    in_block = any(place[: len(block)] == block for block in CONNECTION_BLOCKS)
    return in_block or (place[0] == "targets" and place[-1] == "externalId")


class Strict(BaseModel):
    """Unknown keys and converted types are refused; a null stands for "not given" where that is possible."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel)


class FilterPattern(Strict):
    """Regular expressions against the stream's name: anchored at its start, case ignored; an exclude wins."""

    includes: list[Regex] | None = Field(None, description="Keep only streams that match one of these")
    excludes: list[Regex] | None = Field(None, description="Leave out streams that match one of these")


class AwsConfig(Strict):
    """How to reach AWS. Without keys or profile, boto3's own chain of credentials is used."""

    enabled: bool | None = Field(None, json_schema_extra=UNUSED)
    aws_access_key_id: Credential | None = Field(None, description="Access key; needs `awsSecretAccessKey`")
    aws_secret_access_key: Credential | None = Field(None, description="Secret key; needs `awsAccessKeyId`")
    aws_session_token: Credential | None = Field(None, description="Token of temporary keys")
    aws_region: Region = Field(description="Region, e.g. `us-east-2`")
    endpoint_url: Endpoint | None = Field(
        None, alias="endPointURL", description="Another Kinesis endpoint; STS keeps its own"
    )
    profile_name: str | None = Field(None, description="Profile of the shared AWS configuration files")
    assume_role_arn: RoleArn | None = Field(None, description="Role to assume, on top of the keys or profile")
    assume_role_session_name: SessionName | None = Field("OpenMetadataSession", description="Session name of that role")
    assume_role_source_identity: SessionName | None = Field(None, description="Source identity, for CloudTrail")


class KinesisConnection(Strict):
    type: Literal["Kinesis"] | None = Field("Kinesis", description="Always `Kinesis`")
    aws_config: AwsConfig
    topic_filter_pattern: FilterPattern | None = Field(None, json_schema_extra=UNUSED)
    supports_metadata_extraction: bool | None = Field(None, json_schema_extra=UNUSED)
    supports_profiler: bool | None = Field(None, json_schema_extra=UNUSED)


class ServiceConnection(Strict):
    config: KinesisConnection


class MessagingMetadata(Strict):
    type: Literal["MessagingMetadata"] = Field("MessagingMetadata", description="Always `MessagingMetadata`")
    topic_filter_pattern: FilterPattern | None = Field(None, description="Which streams to keep; all if absent")
    generate_sample_data: bool = Field(False, description="Store sample messages of every stream")
    mark_deleted_topics: bool = Field(True, description="Soft-delete topics whose stream is proven to be gone")
    override_metadata: bool = Field(
        False,
        description="Do not keep what users wrote on a topic when it changes, nor of its schema what its sample lacks",
    )


class SourceConfig(Strict):
    config: MessagingMetadata


class Source(Strict):
    type: SourceType = Field(description="Always `kinesis`")
    service_name: Plain = Field(max_length=256, description="Name of the messaging service in the catalogue")
    service_connection: ServiceConnection | None = None
    source_config: SourceConfig


class SinkConfig(Strict):
    model_config = ConfigDict(alias_generator=None)

    path: Plain | None = Field(None, description="Where `file` writes; default `NAME.catalogue.jsonl`")
    api_endpoint: str | None = Field(None, json_schema_extra=UNUSED)
    bulk_sink_batch_size: Any = Field(None, json_schema_extra=UNUSED)
    enable_async_pipeline: Any = Field(None, json_schema_extra=UNUSED)
    async_pipeline_workers: Any = Field(None, json_schema_extra=UNUSED)
    override_metadata: Any = Field(None, json_schema_extra=UNUSED)


class Sink(Strict):
    type: Literal["metadata-rest", "file"] = Field(
        "file", description="`metadata-rest` writes to OpenMetadata, `file` to one JSON Lines file"
    )
    config: SinkConfig | None = None


class Component(Strict):
    type: str
    config: dict[str, Any] | None = None


class SslConfig(Strict):
    ca_certificate: str | None = Field(None, description="Path of the CA certificate, for `verifySSL: validate`")
    ssl_certificate: SecretStr | None = Field(None, json_schema_extra=UNUSED)
    ssl_key: SecretStr | None = Field(None, json_schema_extra=UNUSED)


class SecurityConfig(Strict):
    """What the token for OpenMetadata is, or what an identity provider gives it for.

    One block for all of OpenMetadata's: `providers.py` says which fields which `authProvider` needs and takes.
    """

    jwt_token: SecretStr | None = Field(
        None,
        description="The bot's JWT, or the path of a file that holds it; with any `authProvider`, alone",
    )
    client_id: str | None = Field(None, min_length=1, description="`auth0`, `azure`, `custom-oidc`, `okta`: the client")
    secret_key: SecretStr | None = Field(
        None,
        description="`auth0`, `custom-oidc`: the client's secret; `google`: the key of a service account, as JSON or as"
        " the path of its file",
    )
    domain: Domain | None = Field(None, description="`auth0`: the tenant's domain; the audience is its Management API")
    client_secret: SecretStr | None = Field(None, description="`azure`: the client's secret")
    authority: Authority | None = Field(None, description="`azure`: `https://login.microsoftonline.com/TENANT-ID`")
    scopes: list[str] | None = Field(
        None, description="`azure`: as `CLIENT-ID/.default`; `okta`: if its server asks for them"
    )
    token_endpoint: TokenEndpoint | None = Field(None, description="`custom-oidc`: where tokens are asked for")
    audience: str | None = Field(
        "https://www.googleapis.com/oauth2/v4/token", description="`google`: the audience of the token"
    )
    org_url: OktaEndpoint | None = Field(None, alias="orgURL", description="`okta`: `ISSUER-URL/v1/token`")
    private_key: SecretStr | None = Field(
        None, description="`okta`: the client's private RSA key, as PEM, as JWK or as the path of a file with one"
    )
    email: str | None = Field(
        None, description="`okta`: the service account's; OpenMetadata's block has it, it is not sent"
    )


class OpenMetadataServer(Strict):
    host_port: HostPort = Field("http://localhost:8585/api", description="Address of the server; ends in `/api`")
    auth_provider: AuthProvider | None = Field("basic", description="Who gives the token, if there is no `jwtToken`")
    security_config: SecurityConfig | None = None
    verify_ssl: Literal["no-ssl", "ignore", "validate"] | None = Field(
        "no-ssl", alias="verifySSL", description="`no-ssl`: system CAs; `ignore`: no check; `validate`: `sslConfig`"
    )
    ssl_config: SslConfig | None = None
    extra_headers: dict[Header, SecretStr] | None = Field(None, description="Headers added to every request")
    type: Literal["OpenMetadata"] | None = Field(None, json_schema_extra=UNUSED)
    cluster_name: str | None = Field(None, json_schema_extra=UNUSED)
    secrets_manager_provider: str | None = Field(None, json_schema_extra=UNUSED)
    secrets_manager_loader: str | None = Field(None, json_schema_extra=UNUSED)
    api_version: str | None = Field("v1", description="Version in the path of the REST API")
    enable_version_validation: bool | None = Field(True, description="Warn when the server's version is untested")
    force_entity_overwriting: bool | None = Field(None, json_schema_extra=UNUSED)
    store_service_connection: bool | None = Field(None, json_schema_extra=UNUSED)
    limit_records: int | None = Field(None, json_schema_extra=UNUSED)
    include_topics: bool | None = Field(None, json_schema_extra=UNUSED)
    include_tables: bool | None = Field(None, json_schema_extra=UNUSED)
    include_dashboards: bool | None = Field(None, json_schema_extra=UNUSED)
    include_pipelines: bool | None = Field(None, json_schema_extra=UNUSED)
    include_ml_models: bool | None = Field(None, json_schema_extra=UNUSED)
    include_users: bool | None = Field(None, json_schema_extra=UNUSED)
    include_teams: bool | None = Field(None, json_schema_extra=UNUSED)
    include_glossary_terms: bool | None = Field(None, json_schema_extra=UNUSED)
    include_tags: bool | None = Field(None, json_schema_extra=UNUSED)
    include_policy: bool | None = Field(None, json_schema_extra=UNUSED)
    include_messaging_services: bool | None = Field(None, json_schema_extra=UNUSED)
    include_database_services: bool | None = Field(None, json_schema_extra=UNUSED)
    include_pipeline_services: bool | None = Field(None, json_schema_extra=UNUSED)
    schema_filter_pattern: FilterPattern | None = Field(None, json_schema_extra=UNUSED)
    table_filter_pattern: FilterPattern | None = Field(None, json_schema_extra=UNUSED)
    database_filter_pattern: FilterPattern | None = Field(None, json_schema_extra=UNUSED)
    elastics_search: Component | None = Field(None, json_schema_extra=UNUSED)
    supports_data_insight_extraction: bool | None = Field(None, json_schema_extra=UNUSED)
    supports_elastic_search_reindexing_extraction: bool | None = Field(None, json_schema_extra=UNUSED)

    _allows: Callable[[str], bool] | None = PrivateAttr(None)

    def inside(self, allows: Callable[[str], bool]) -> OpenMetadataServer:
        """The server as one run has it. allows: whether a URL that only a file on the worker tells may be asked."""
        found = self.model_copy()
        found._allows = allows
        return found

    def allows(self, url: str) -> bool:
        return self._allows is None or self._allows(url)


class WorkflowConfig(Strict):
    logger_level: Literal["DEBUG", "INFO", "WARN", "ERROR"] = Field("INFO", description="`DEBUG` logs every call")
    raise_on_error: bool = Field(True, description="A run with failures below the threshold fails")
    success_threshold: int = Field(90, ge=0, le=100, description="Percent of streams that must be right")
    open_metadata_server_config: OpenMetadataServer | None = None
    config: dict[str, Any] | None = Field(None, json_schema_extra=UNUSED)


# Airflow's database has an end to its numbers and names: one file beyond it would keep all others from being stored.
MANY = 10_000
A_YEAR = 31_536_000


class Notice(Strict):
    """One who is told of a failed run."""

    notifier: Notifier = Field(
        description="Who tells people of a task that failed for good, with its problems by their cause: `smtp`,"
        " `slack`, `slack-webhook`, `sns`, `apprise`, or a name in `[kinesis_ingest] notifiers`"
    )
    connection: Plain | None = Field(
        None, max_length=250, description="Its Airflow connection; default: that of the notifier itself"
    )
    to: list[Plain] = Field(
        default_factory=list, description="`smtp`: addresses; `slack`: a channel; `sns`: the ARN of a topic"
    )


class Events(Strict):
    """A queue that tells of changes to streams: each is then catalogued at once, beside what the schedule does."""

    queue_url: QueueUrl = Field(
        max_length=1000,
        description="SQS queue that EventBridge fills, by the rule that `kinesis-ingest events` prints; a run reads"
        " the streams of its messages alone, and deletes nothing",
    )
    connection: Plain | None = Field(
        None,
        max_length=250,
        description="Airflow connection of type `aws` by which the triggerer reads it; default: the triggerer's own"
        " identity",
    )


class AirflowConfig(Strict):
    """OpenMetadata's airflowConfig; times in seconds, dates in UTC."""

    schedule_interval: Schedule | None = Field(
        "daily", max_length=100, description="`hourly`, `daily`, `weekly`, a cron line, or null: on demand"
    )
    start_date: Start | None = Field(None, description="First moment of the schedule, UTC")
    end_date: End | None = Field(None, description="Last moment of the schedule, UTC; a day counts in full")
    spread: int = Field(
        0,
        ge=0,
        description="Seconds, in whole minutes and at most the interval, over which `hourly`, `daily` or `weekly`"
        " pipelines are shared out: each runs later by minutes that its name gives",
    )
    first_run: Literal["now", "next"] = Field(
        "now", description="When a new pipeline first runs: `now`, for the time that has just passed, or at the `next`"
    )
    pipeline_timezone: Zone = Field(
        "UTC",
        description="Time zone the schedule is read in. A time that its clock skips runs when the clock goes on, one"
        " that it shows twice runs the first time",
    )
    retries: int = Field(0, ge=0, le=MANY, description="How often Airflow repeats a failed run")
    retry_delay: int = Field(300, ge=0, le=A_YEAR, description="Seconds between them")
    pause_pipeline: bool = Field(False, description="Start paused")
    pipeline_catchup: bool = Field(False, description="Run every tick missed since `startDate`")
    max_active_runs: int = Field(1, ge=1, le=MANY, description="Runs of this pipeline at the same time")
    concurrency: int = Field(
        1,
        ge=1,
        le=MANY,
        description="Tasks of this pipeline at the same time; with `targets`, by default all of them, up to 16",
    )
    workflow_timeout: int | None = Field(None, ge=1, le=A_YEAR, description="Seconds after which a run is stopped")
    pool: Plain | None = Field(
        None,
        max_length=256,
        description="Airflow pool of the task; it must exist, or runs wait for it. `per-account`: the pool"
        " `kinesis_ACCOUNT_REGION`, which `kinesis-ingest pools` prints",
    )
    queue: Plain | None = Field(
        None, max_length=256, description="Queue of the task; a worker must listen to it, or runs wait for one"
    )
    executor: Plain | None = Field(
        None, max_length=1000, description="Executor of the task, by its name or alias in `[core] executor`"
    )
    priority_weight: int | None = Field(
        None, ge=1, le=MANY, description="Of tasks that wait for one pool or slot, those with more weight run first"
    )
    pod_template: PodTemplate | None = Field(
        None,
        description="Pod template of the task, on the KubernetesExecutor: a name, of a file in the folder that the"
        " loader gives as `pod_templates`",
    )
    on_failure: list[Notice] = Field(default_factory=list, max_length=10)
    events: Events | None = None
    email: str | None = Field(None, max_length=254, description="Shown as the pipeline's contact")
    workflow_default_view: str | None = Field(None, json_schema_extra=UNUSED)
    workflow_default_view_orientation: str | None = Field(None, json_schema_extra=UNUSED)

    def cron_of(self, name: str) -> str | None:
        """The schedule as a cron line, as the workflow of this name has it; None: on demand."""
        word = self.schedule_interval
        return spread_line(word, name, self.spread) if word in INTERVALS else word


class Connections(Strict):
    """Airflow connection ids that replace secrets in the file. They need a run inside Airflow."""

    aws: Plain | None = Field(None, description="Connection of type `kinesis` or `aws`")
    openmetadata: Plain | None = Field(None, description="Connection of type `openmetadata`")


class Service(Strict):
    display_name: str | None = Field(None, description="Display name of the messaging service")
    description: str | None = Field(None, description="Its description, in Markdown")
    owners: list[Plain] = Field(
        default_factory=list, description="Its owners, whom its topics inherit: users, or one team of type Group"
    )
    domain: Plain | None = Field(None, max_length=256, description="Its domain, which its topics inherit")


class SampleOptions(Strict):
    count: int = Field(50, ge=1, le=1000, description="Messages per stream")
    max_bytes: int = Field(262_144, ge=1024, le=10_485_760, description="Bytes of messages per stream")
    position: Position = Field("latest", description="`latest`: the newest; `horizon`: the oldest; or a UTC time")
    shards: int = Field(
        4, ge=1, le=100, description="Shards looked at per stream: open ones, or closed ones if these are empty"
    )
    time_limit: int = Field(10, ge=1, le=300, description="Seconds after which no call for one stream begins")
    every: int = Field(
        1,
        ge=1,
        le=168,
        description="A `full` run reads the records of one stream in so many, each in its turn; of what is new or was"
        " changed always",
    )
    store: bool = Field(True, description="Store the messages; `false` keeps only what is inferred from them")
    redact: list[Redaction] = Field(
        default_factory=list,
        description="What to hide: `email`, `card`, `iban`, `us_ssn`, `aws_key`, `jwt`, `ip`, or paths like `$.a.b`; "
        "a path also hides the CSV column of its name, and all of a message that is neither JSON nor such CSV",
    )


class SchemaOptions(Strict):
    forget_after: int | None = Field(
        30,
        ge=1,
        le=3650,
        description="Days after which a field, or one of its types, that no sample shows leaves an inferred schema, "
        "or up to a week later; null: never",
    )


class DriftOptions(Strict):
    fail_on: Literal["incompatible", "never"] = Field(
        "never",
        description="`incompatible`: a run that finds a schema whose readers it may break is partial, its catalogue"
        " written all the same; which changes are, docs/operating.md tells",
    )


class DeletionOptions(Strict):
    max_share: float = Field(
        0.5, ge=0, le=1, description="Share of the service's topics one run may delete; 1 allows all"
    )


class AssumeRoleOptions(Strict):
    """What OpenMetadata's awsConfig has no fields for."""

    external_id: ExternalId | None = Field(None, description="External id that the trust policy of the role asks for")
    duration_seconds: int | None = Field(
        None, ge=900, le=43_200, description="Seconds that a session of the role lasts; AWS's default is 3,600"
    )


class TagKeys(Strict):
    """Patterns as those of streams, against the keys of tags."""

    includes: list[Regex] = Field([".*"], description="Keep only the tags whose key matches one of these")
    excludes: list[Regex] = Field(["aws:.*"], description="Leave out the tags whose key matches one of these")


class TagOptions(Strict):
    enabled: bool = Field(False, description="Bring the AWS tags of streams into the catalogue; needs tag:GetResources")
    classification: ClassificationName = Field("AWS", description="Their classification: `AWS.key.value`")
    keys: TagKeys = Field(default_factory=TagKeys)
    max_values_per_key: int = Field(
        200, ge=1, le=10_000, description="A key with more values is left out, and named in a warning"
    )


class OwnerOptions(Strict):
    tag_keys: list[Plain] = Field(
        default_factory=list,
        description="Tag keys whose value names a topic's owner: the first with a known user, or team of type Group;"
        " needs tag:GetResources",
    )
    domain: Plain | None = Field(None, description="E-mail domain that makes `user@domain` of a bare name")


class LineageDeletionOptions(Strict):
    max_share: float = Field(0.5, ge=0, le=1, description="Share of a part's pipelines that one run may delete")


Reader = Literal["firehose", "channels", "lambda", "pipes", "consumers"]
Writer = Literal["pipes", "eventRules", "dms", "dynamodb"]


class LineageOptions(Strict):
    readers: list[Reader] = Field(
        default_factory=list,
        description="Whose reading is shown: `firehose`, `channels`, `lambda`, `pipes`, `consumers`",
    )
    writers: list[Writer] = Field(
        default_factory=list, description="Whose writing is shown: `pipes`, `eventRules`, `dms`, `dynamodb`"
    )
    dynamodb_tables: list[Plain] = Field(
        default_factory=list, description="The tables that `writers: [dynamodb]` asks for their streams: AWS lists none"
    )
    pipeline_service_prefix: Plain | None = Field(
        None,
        max_length=200,
        description="Names pipeline services `PREFIX_firehose`, `PREFIX_lambda`, ...; default: `source.serviceName`",
    )
    db_service_names: list[Plain] = Field(
        default_factory=list, description="Database services of the catalogue in which tables are looked for"
    )
    storage_service_names: list[Plain] = Field(
        default_factory=list, description="Storage services of the catalogue in which buckets are looked for"
    )
    search_service_names: list[Plain] = Field(
        default_factory=list, description="Search services of the catalogue in which indexes are looked for"
    )
    unresolved: Literal["pipeline", "skip"] = Field(
        "pipeline",
        description="Of a target that is not catalogued: `pipeline` draws the stream to the pipeline, `skip` nothing",
    )
    deletion: LineageDeletionOptions = Field(default_factory=LineageDeletionOptions)


class DeclaredSchema(Strict):
    registry: Plain = Field("default-registry", max_length=255, description="Glue Schema Registry that has the schema")
    schema_name: Plain | None = Field(
        None, alias="schema", max_length=255, description="Name of the schema; default: the stream's"
    )
    version: Literal["latest"] | SchemaVersion = Field("latest", description="`latest`, or the number of a version")
    message: Plain | None = Field(
        None, max_length=1000, description="Full name of the message, of a Protobuf schema with several at its top"
    )


class SchemaRegistryOptions(Strict):
    from_channels: bool = Field(
        True,
        description="Where `lineage.readers` has `channels`: also the schema that a channel of a stream names; needs"
        " glue:GetSchemaVersion",
    )
    streams: dict[Regex, DeclaredSchema] = Field(
        default_factory=dict,
        description="Patterns of streams, as in `topicFilterPattern`, and the schema that the first to match declares;"
        " needs glue:GetSchemaVersion",
    )


class Options(Strict):
    account: Account | None = Field(
        None, description="AWS account, in quotes: a run whose credentials are of another one fails and writes nothing"
    )
    moved_from: list[Origin] = Field(
        default_factory=list,
        description="Whose topics may be taken over, `ACCOUNT` or `ACCOUNT_REGION`, where a stream moved: a topic of"
        " another account or region is else a failure, and stays as it is",
    )
    assume_role: AssumeRoleOptions = Field(default_factory=AssumeRoleOptions)
    sample: SampleOptions = Field(default_factory=SampleOptions)
    refresh: Literal["full", "rolling"] = Field(
        "full",
        description="`full`: every run describes every stream; `rolling`: those that its listing tells to be new or"
        " changed, and of the others a share, so that each is described once in `maxAge`; for `metadata-rest` in a"
        " deployed workflow, or with `ingestionPipelineFQN`",
    )
    max_age: int = Field(24, ge=1, le=168, description="Hours within which `rolling` describes every stream again")
    infer_schema: bool = Field(True, description="Infer the message schema from the sample")
    schema_options: SchemaOptions = Field(default_factory=SchemaOptions, alias="schema")
    drift: DriftOptions = Field(default_factory=DriftOptions)
    deletion: DeletionOptions = Field(default_factory=DeletionOptions)
    tags: TagOptions = Field(default_factory=TagOptions)
    owners: OwnerOptions = Field(default_factory=OwnerOptions)
    lineage: LineageOptions = Field(default_factory=LineageOptions)
    schema_registry: SchemaRegistryOptions = Field(default_factory=SchemaRegistryOptions)
    quota: float = Field(0.9, gt=0, le=1, description="Share of AWS's per-API rates this run may use")
    retry_for: float = Field(
        120, ge=0, le=3600, description="Seconds that a call to AWS or OpenMetadata is tried again after it failed"
    )
    concurrency: int = Field(24, ge=1, le=64, description="Streams sampled and written at the same time")
    account_id_endpoint_mode: EndpointMode = Field(
        "disabled", description="botocore's setting; `disabled` keeps the classic regional host"
    )

    @property
    def binds_schemas(self) -> bool:
        """Whether channels declare the schemas of their streams."""
        return self.schema_registry.from_channels and "channels" in self.lineage.readers

    @property
    def declares_schemas(self) -> bool:
        return bool(self.schema_registry.streams) or self.binds_schemas


class TargetBlock(Strict):
    """Accounts and regions, and what the file says otherwise of them. `{name}`, `{account}`, `{region}` in its patterns
    stand for the workflow's name and each target's account and region.
    """

    account: Account | None = Field(None, description="AWS account, in quotes; needed where no ARN says it")
    accounts: Accounts | None = Field(None, description="Several accounts, each with every region of this block")
    aws_region: NamedRegion | None = Field(None, description="Region; default: that of `awsConfig`")
    regions: Regions | None = Field(None, description="Several regions, each with every account of this block")
    assume_role_arn: NamedRole | None = Field(None, description="Role, like `arn:aws:iam::{account}:role/catalogue`")
    external_id: Annotated[ExternalId, Field()] | None = Field(None, description="External id of that role")
    connection: Named | None = Field(None, description="`connections.aws` of these targets, like `aws_{account}`")
    profile_name: Named | None = Field(None, description="`awsConfig.profileName` of these targets")
    end_point_url: NamedUrl | None = Field(
        None, alias="endPointURL", description="`awsConfig.endPointURL` of these targets"
    )
    service_name: Named | None = Field(
        None, description="Messaging service of each target; default `{name}_{account}_{region}`"
    )
    topic_filter_pattern: FilterPattern | None = Field(None, description="Instead of the file's, list by list")
    pool: Named | None = Field(None, description="`airflowConfig.pool` of these targets")
    queue: Named | None = Field(None, description="`airflowConfig.queue` of these targets")


LIST, BLOCK = "list", "block"
TARGET_FORMS = (LIST, BLOCK)


def _form(value: object) -> str:
    return BLOCK if isinstance(value, (dict, TargetBlock)) else LIST


Targets = Annotated[
    Annotated[list[TargetBlock], Form(LIST)] | Annotated[TargetBlock, Form(BLOCK)],
    Discriminator(_form),
]
"""A list of blocks, or one block alone. The places of its faults have the form's name after the key."""


class Workflow(Strict):
    """One workflow file."""

    name: DagId = Field(description="The DAG id; default: the file's stem")
    display_name: str | None = Field(None, max_length=1000, description="Shown instead of the name")
    description: str | None = Field(None, description="What this pipeline is for")
    owner: str = Field("airflow", min_length=1, max_length=500, description="Owner shown in Airflow")
    tags: list[Tag] = Field(default_factory=list, description="Tags shown in Airflow")
    source: Source
    sink: Sink | None = None
    workflow_config: WorkflowConfig = Field(default_factory=WorkflowConfig)
    airflow_config: AirflowConfig = Field(default_factory=AirflowConfig)
    connections: Connections = Field(default_factory=Connections)
    service: Service = Field(default_factory=Service)
    options: Options = Field(default_factory=Options)
    targets: Targets | None = Field(None, description="Accounts and regions of this file: a list of blocks, or one")
    ingestion_pipeline_fqn: Resolved | None = Field(
        None,
        alias="ingestionPipelineFQN",
        description="Pipeline entity told how each run went; made if missing",
    )
    pipeline_run_id: Resolved | None = Field(None, description="Id of this run in that entity")
    id: str | None = Field(None, json_schema_extra=UNUSED)
    processor: Component | None = Field(None, json_schema_extra=UNUSED)
    stage: Component | None = Field(None, json_schema_extra=UNUSED)
    bulk_sink: Component | None = Field(None, json_schema_extra=UNUSED)
    enable_streamable_logs: bool | None = Field(None, json_schema_extra=UNUSED)
    ingestion_runner_name: str | None = Field(None, json_schema_extra=UNUSED)

    _origins: Origins = PrivateAttr(default_factory=Origins)
    _unknown: Mapping[str, Fault] = PrivateAttr(default_factory=dict)

    def at_run(self, origins: Origins, unknown: Mapping[str, Fault]) -> Workflow:
        """The workflow as one run has it. unknown: what `aws` and `server` raise, by the keys of `connections`, where
        the file names a connection that nobody looked up: what the file has beside it may be another account's.
        """
        found = self.model_copy()
        found._origins, found._unknown = origins, unknown
        return found

    def inside(self, allows: Callable[[str], bool]) -> Workflow:
        """The workflow with a server that asks no other URLs, see `OpenMetadataServer.inside`."""
        if (server := self.workflow_config.open_metadata_server_config) is None:
            return self
        config = self.workflow_config.model_copy(update={"open_metadata_server_config": server.inside(allows)})
        return self.model_copy(update={"workflow_config": config})

    @property
    def origins(self) -> Origins:
        """What is shown in the place of values that are not of the file."""
        return self._origins

    @property
    def metadata(self) -> MessagingMetadata:
        return self.source.source_config.config

    @property
    def aws(self) -> AwsConfig:
        """awsConfig. Raises WorkflowError where the workflow names an Airflow connection that is unknown here."""
        self._refuse_unknown("aws")
        if self.source.service_connection is None:
            raise WorkflowError([Fault(self.name, 0, 0, "connections.aws", *needs_airflow(self.connections.aws))])
        return self.source.service_connection.config.aws_config

    @property
    def server(self) -> OpenMetadataServer:
        """openMetadataServerConfig. Raises WorkflowError as `aws` does."""
        self._refuse_unknown("openmetadata")
        if self.workflow_config.open_metadata_server_config is None:
            fault = Fault(self.name, 0, 0, "connections.openmetadata", *needs_airflow(self.connections.openmetadata))
            raise WorkflowError([fault])
        return self.workflow_config.open_metadata_server_config

    def require_connections(self, *, sink: bool) -> None:
        """Raises WorkflowError where AWS, or with `sink` the server, is an Airflow connection that is unknown here."""
        self._refuse_unknown("aws")
        if sink and self.destination.type == "metadata-rest":
            self._refuse_unknown("openmetadata")

    def _refuse_unknown(self, connection: str) -> None:
        if fault := self._unknown.get(connection):
            raise WorkflowError([fault])

    @property
    def destination(self) -> Sink:
        return self.sink or Sink()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a workflow file, for editors."""
    from .providers import conditions  # which is about these models

    schema = Workflow.model_json_schema(by_alias=True)
    schema["$defs"]["OpenMetadataServer"]["allOf"] = conditions()
    schema["required"].remove("name")  # which is the file's stem by default
    return schema


def needs_airflow(connection: str | None) -> tuple[str, str]:
    """Problem and remedy of a connection where there is no Airflow."""
    remedy = "Run it in Airflow, or with `airflow kinesis-ingest`; or remove it and say in the file how to connect"
    return f"`{connection}` is an Airflow connection, unknown here", remedy
