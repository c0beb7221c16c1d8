"""What a DAG carries for the page in Airflow: what its workflow file says, in words and without a secret.

It is made where the file is read, and is stored with the DAG, so that who shows it needs neither file nor network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from .. import errors
from ..engine.workflow.document import HIDDEN
from ..engine.workflow.field_types import PLACEHOLDER
from ..engine.workflow.kinds import Kind, kinds
from ..engine.workflow.models import (
    AwsConfig,
    Connections,
    OpenMetadataServer,
    SecurityConfig,
    SinkConfig,
    Workflow,
)
from ..engine.workflow.prose import looks_secret, prose
from ..engine.workflow.providers import PROVIDERS, paths_in, provider_of
from ..engine.workflow.targets import account_in, named_targets

HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
INITIALS = re.compile(r"\b(?:aws|arn|url|ssl|jwt|api)\b", re.IGNORECASE)
CHAIN = "boto3's own: the environment, shared files, or the role of the worker"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(Part):
    """One thing that is wrong in a workflow file. line and column count from 1; 0: of the file as a whole."""

    file: str
    line: int
    column: int
    path: str = Field(description="The place inside the file, `source.serviceName`; empty for a syntax fault")
    problem: str
    remedy: str


class Setting(Part):
    """One line of a connection: what something is or where it comes from, never a secret. help: of the field."""

    label: str
    value: str
    help: str


class TargetRecord(Part):
    """One account and region of a workflow. key: ACCOUNT_REGION, which its task is named by: `ingest.KEY`."""

    key: str
    service: str


class Record(Part):
    """file: where the workflow is, relative to its loader; null for a DAG that several broken files claim.

    region, account: null where the file does not say, as where an Airflow connection does. targets: none where the
    workflow is its only one.
    """

    file: str | None = None
    service: str | None = None
    service_display_name: str | None = None
    service_description: str | None = None
    region: str | None = None
    account: str | None = None
    zone: str = "UTC"
    connection: list[Setting] = []
    catalogue: list[Setting] = []
    targets: list[TargetRecord] = []
    faults: list[Fault] = []

    def carried(self) -> str:
        """As a task carries it. Without targets it is the same as ever: another text is another version of a DAG."""
        return self.model_dump_json(exclude=None if self.targets else {"targets"})


def record_of(workflow: Workflow, file: str) -> Record:
    """Of a workflow that is deployed."""
    aws = workflow.source.service_connection.config.aws_config if workflow.source.service_connection else None
    many = workflow.targets is not None
    return Record(
        file=file,
        service=workflow.source.service_name,
        service_display_name=workflow.service.display_name,
        service_description=workflow.service.description,
        region=aws.aws_region if aws and not many and not PLACEHOLDER.search(aws.aws_region) else None,
        account=None if many else workflow.options.account or account_in(aws.assume_role_arn if aws else None),
        zone=workflow.airflow_config.pipeline_timezone,
        connection=list(_connection(workflow, aws)),
        catalogue=list(_catalogue(workflow)),
        targets=[TargetRecord(key=one.key, service=one.service) for one in named_targets(workflow)],
    )


def told(faults: Iterable[errors.Fault]) -> list[Fault]:
    return [
        Fault(file=one.file, line=one.line, column=one.column, path=one.path, problem=one.problem, remedy=one.remedy)
        for one in faults
    ]


def _connection(workflow: Workflow, aws: AwsConfig | None) -> Iterator[Setting]:
    if workflow.connections.aws:
        yield _setting(Connections, "aws", workflow.connections.aws, "Airflow connection")
    elif aws and not aws.profile_name:
        yield _setting(AwsConfig, "awsAccessKeyId", _origin(aws.aws_access_key_id) or CHAIN, "Credentials")
    if aws:
        yield from _given(aws)


def _catalogue(workflow: Workflow) -> Iterator[Setting]:
    destination, server = workflow.destination, workflow.workflow_config.open_metadata_server_config
    if destination.type == "file":
        path = (destination.config and destination.config.path) or f"{workflow.name}.catalogue.jsonl"
        yield _setting(SinkConfig, "path", path, "File")
        return
    if workflow.connections.openmetadata:
        yield _setting(Connections, "openmetadata", workflow.connections.openmetadata, "Airflow connection")
    if server:
        if server.security_config and not workflow.connections.openmetadata:
            yield from _security(server, server.security_config)
        yield from _given(server)


def _security(server: OpenMetadataServer, security: SecurityConfig) -> Iterator[Setting]:
    provider = provider_of(server)
    alias = PROVIDERS[provider].secret if provider else "jwtToken"
    if secret := getattr(security, _names(SecurityConfig)[alias]):
        label = _label(alias) if provider else "Token"
        file = "a file on the worker" if alias in dict(paths_in(server)) else ""
        yield _setting(SecurityConfig, alias, file or _origin(secret) or "none", label)
        yield from _given(security)


def _origin(secret: SecretStr | None) -> str:
    """Where a secret comes from; "" if there is none."""
    value = secret.get_secret_value() if secret else ""
    if PLACEHOLDER.fullmatch(value):
        return f"{value} of the worker's environment"
    return value and "in the workflow file"


def _given(model: BaseModel) -> Iterator[Setting]:
    """The fields that the file gives and that have an effect, without secrets and without blocks."""
    for name, alias in _told_fields(type(model)):
        value = getattr(model, name)
        if name in model.model_fields_set and value is not None:
            yield _setting(type(model), alias, str(value), _label(alias))


@cache
def _told_fields(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    named = ((name, info.alias or name, info) for name, info in model.model_fields.items())
    return tuple(
        (name, alias)
        for name, alias, info in named
        if info.description and kinds(model)[alias] in (Kind.CHECKED, Kind.PROSE)
    )


def _setting(model: type[BaseModel], alias: str, value: str, label: str) -> Setting:
    shown = prose(value) if kinds(model)[alias] is Kind.PROSE else HIDDEN if looks_secret(value) else value
    return Setting(label=label, value=shown, help=_help(model, alias))


@cache
def _names(model: type[BaseModel]) -> dict[str, str]:
    return {info.alias or name: name for name, info in model.model_fields.items()}


@cache
def _help(model: type[BaseModel], alias: str) -> str:
    infos = {info.alias or name: info for name, info in model.model_fields.items()}
    return infos[alias].description or ""


@cache
def _label(alias: str) -> str:
    """`assumeRoleArn` -> `Assume role ARN`."""
    words = HUMP.sub(" ", alias).lower().removeprefix("aws ")
    return INITIALS.sub(lambda found: found[0].upper(), words[:1].upper() + words[1:])
