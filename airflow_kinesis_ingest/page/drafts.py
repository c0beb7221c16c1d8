"""What a workflow file would be: its text, what is wrong with it, when it would run. Nothing is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from croniter import CroniterBadDateError

from ..deployment.editing import STAND_IN, UNKNOWN, from_fields, unmasked, with_fields
from ..deployment.validation import Checked, described, shared_services
from ..engine.workflow.disclosure import advice, redacted, secrets
from ..engine.workflow.document import HIDDEN, Place, parse, value_at
from ..engine.workflow.fence import OPEN, Fence
from ..engine.workflow.loading import check
from ..engine.workflow.masked import is_whole, masked
from ..engine.workflow.models import (
    AWS_BLOCK,
    SECURITY_BLOCK,
    SERVER_BLOCK,
    AirflowConfig,
    OpenMetadataServer,
    SecurityConfig,
    Workflow,
)
from ..engine.workflow.origins import SHORTEST, texts_in
from ..engine.workflow.providers import TOKEN_ADDRESSES
from ..engine.workflow.targets import each_target
from ..errors import Fault, WorkflowError
from ..ticks import JUST_PASSED, Ticks

RUNS = 3
MOST_LINES = 3_000
"""Of a file that is edited as text: finding what was changed can take a step for each pair of lines."""
ADDRESSES: tuple[Place, ...] = (
    (*SERVER_BLOCK, "hostPort"),
    *((*SECURITY_BLOCK, field) for field in TOKEN_ADDRESSES),
    (*AWS_BLOCK, "endPointURL"),
)
"""Where a secret of the file is sent to."""
TOO_LONG = (
    "the file is too long to be shown whole, and a part that is not shown would be lost",
    "Change it where it lies",
)
MOVED = "a stored secret would stand here", "Write this value anew, or undo this"
UNSEEN = "a workflow that you may not see writes this service too, from another account or region"
NOT_SENT = "a stored secret is not sent to another server", "Write the secret anew, or undo this"


@dataclass(frozen=True, slots=True)
class Draft:
    """raw: what would be written, secrets and all. shown: the same without them. workflow: None if there are faults."""

    raw: bytes = field(repr=False)
    shown: str
    faults: tuple[Fault, ...] = ()
    advice: tuple[Fault, ...] = ()
    workflow: Workflow | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The data of the file, secrets as `***`; of one with faults, as much as its shown text tells."""
        return parse(redacted(self.workflow).encode(), "").data if self.workflow else _readable(self.shown)


def draft(base: bytes, file: str, fence: Fence, *, text: str | None, fields: Mapping[Place, Any]) -> Draft:
    """base: the file as it is, b"" for a new one. text: what people made of the text they were shown; None: as it was.

    fields: to set, or REMOVED. Raises WorkflowError for an edit that cannot be kept.
    """
    raw = base if text is None else _kept(base, text, file)
    if fields:
        raw = with_fields(raw, file, fields) if raw.strip() else from_fields(fields)
    if not base.strip():
        _refuse_stars(raw, file)
    return checked(raw, file, fence)


def checked(raw: bytes, file: str, fence: Fence) -> Draft:
    document = None
    try:
        document = parse(raw, file)
        workflow = check(document, Path(file).stem, fence=fence)
    except WorkflowError as error:
        return Draft(raw, masked(document, raw, error.faults), error.faults)
    return Draft(raw, masked(document, raw), (), tuple(advice(document, workflow, fence)), workflow)


def beside(found: Draft, file: str, others: Sequence[Checked], may_see: Callable[[str], bool]) -> Draft:
    """The draft with what `deploy` says of it among the other files of its folder.

    may_see: of a DAG; what this user may not see is not named.
    """
    if found.workflow is None:
        return found
    own = described(parse(found.raw, file), found.workflow, file)
    told = shared_services(own, others)
    if told:
        told = shared_services(own, [one for one in others if may_see(one.name)]) or (replace(told[0], problem=UNSEEN),)
    return replace(found, advice=(*found.advice, *told))


def _kept(base: bytes, text: str, file: str) -> bytes:
    if not base.strip():
        return text.encode()
    if not all(is_whole(each) and each.count(b"\n") < MOST_LINES for each in (base, text.encode())):
        raise WorkflowError([Fault(file, 0, 0, "", *TOO_LONG)])
    before = checked(base, file, OPEN)
    raw = unmasked(base, before.shown, text, file)
    if before.workflow:
        _refuse_moved(before, raw, text, file)
    _refuse_new_address(base, raw, text, file)
    return raw


def _refuse_stars(raw: bytes, file: str) -> None:
    """A value that is `***` and nothing else: a new file keeps no secret that it could stand for."""
    try:
        document = parse(raw, file)
    except WorkflowError:
        return
    faults = [
        document.fault(place, *UNKNOWN)
        for place, found in texts_in(document.data, ())
        if isinstance(found, str) and set(found.split()) == {HIDDEN}
    ]
    if faults:
        raise WorkflowError(faults)


def _refuse_moved(before: Draft, raw: bytes, text: str, file: str) -> None:
    """A secret stays in its field: as a description it would be shown, and sent to the catalogue.

    A line that nobody changed keeps its secret, also where the lines around it give it another meaning.
    """
    try:
        after = parse(raw, file)
    except WorkflowError:
        return
    stored = parse(before.raw, file).data
    assert before.workflow  # of a file with faults nobody knows which of its values are secrets
    known = {secret.get_secret_value() for _, secret in secrets(before.workflow)}
    kept = [secret for secret in known if len(secret) >= SHORTEST and secret not in text]
    own = {place for place, _ in secrets(before.workflow)}
    for place, found in texts_in(after.data, ()):
        holds = isinstance(found, str) and any(secret in found for secret in kept)
        if holds and place not in own and value_at(stored, place) != found:
            raise WorkflowError([after.fault(place, *MOVED)])


def _refuse_new_address(base: bytes, raw: bytes, text: str, file: str) -> None:
    """A secret that was not typed anew goes to no other server: who may edit a file may not read its secrets so.

    A text with faults is nobody's to run.
    """
    try:
        after = parse(raw, file)
        workflow = check(after, Path(file).stem)
    except WorkflowError:
        return
    hidden = [place for place, secret in secrets(workflow) if secret.get_secret_value() not in text]
    before = _data(base, file)
    for address in ADDRESSES:
        new = value_at(after.data, address)
        kept = any(place[: len(address) - 1] == address[:-1] for place in hidden)
        if kept and new is not None and new != value_at(before, address):
            raise WorkflowError([after.fault(address, *NOT_SENT)])
    if any(place[: len(AWS_BLOCK)] == AWS_BLOCK for place in hidden) and _endpoints(workflow) - _endpoints_in(
        base, file
    ):
        raise WorkflowError([after.fault(("targets",), *NOT_SENT)])


Use = tuple[str, str, tuple[object, ...]]
"""The key under `connections`, the id of the connection, and what of the file says where its secret goes."""


def uses(workflow: Workflow) -> set[Use]:
    """Of the Airflow connections that a workflow names, its targets' among them."""
    each = [one.workflow for one in each_target(workflow)]
    return {use for one in (workflow, *each) for use in _uses(one)}


def _uses(workflow: Workflow) -> Iterator[Use]:
    named, source = workflow.connections, workflow.source.service_connection
    if named.aws:
        aws = source and source.config.aws_config
        yield "aws", named.aws, (aws.endpoint_url, aws.assume_role_arn, aws.profile_name) if aws else ()
    if named.openmetadata:
        server = workflow.workflow_config.open_metadata_server_config
        yield "openmetadata", named.openmetadata, _addresses(server) if server else ()


def _addresses(server: OpenMetadataServer) -> tuple[object, ...]:
    """Of OpenMetadata and of who gives its token, and how it is known that it is they who answer there."""
    security = server.security_config or SecurityConfig()
    givers = (security.domain, security.authority, security.token_endpoint, security.org_url)
    return server.host_port, server.auth_provider, *givers, server.verify_ssl, server.ssl_config


def _endpoints(workflow: Workflow) -> set[str | None]:
    """Where the targets of a workflow are sent, beside what AWS itself has."""
    return {each.workflow.aws.endpoint_url for each in each_target(workflow) if each.key} - {None}


def _endpoints_in(base: bytes, file: str) -> set[str | None]:
    try:
        return _endpoints(check(parse(base, file), Path(file).stem))
    except WorkflowError:
        return set()


def _data(raw: bytes, file: str) -> dict[str, Any]:
    try:
        return parse(raw, file).data
    except WorkflowError:
        return {}


def _readable(shown: str) -> dict[str, Any]:
    """What a shown text says; nothing where it is no YAML."""
    data = _data(shown.replace(HIDDEN, STAND_IN).encode(), "")
    found: dict[str, Any] = json.loads(json.dumps(data, default=str).replace(json.dumps(STAND_IN)[1:-1], HIDDEN))
    return found


def next_runs(name: str, config: AirflowConfig, now: datetime) -> list[datetime]:
    """The next three ticks of the workflow of this name, UTC; fewer where the schedule ends."""
    cron = config.cron_of(name)
    if cron is None:
        return []
    ticks = Ticks(cron, config.pipeline_timezone)
    found: list[datetime] = []
    # A tick at the very start counts.
    start = config.start_date
    moment = start - timedelta.resolution if start and start > now else now
    try:
        while len(found) < RUNS:
            moment = ticks.after(moment)
            if config.end_date and moment > config.end_date:
                break
            found.append(moment)
    except (OverflowError, CroniterBadDateError):  # no such tick any more
        pass
    return found


def runs_at_once(name: str, config: AirflowConfig, now: datetime) -> bool:
    """Whether a new pipeline runs as soon as it is deployed: for the latest tick that has passed, if that counts."""
    cron = config.cron_of(name)
    if cron is None or config.pause_pipeline:
        return False
    try:
        last = Ticks(cron, config.pipeline_timezone).until(now)
    except (OverflowError, CroniterBadDateError):
        return False
    late = config.end_date is not None and last > config.end_date
    late = late or (config.first_run == "next" and last < now - JUST_PASSED)
    return not late and (config.start_date is None or config.start_date <= last)
