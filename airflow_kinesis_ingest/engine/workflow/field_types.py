"""The types of single fields: what a value may be, and what the writer of the file reads where it is not.

A check answers for one value alone; `rules.py` looks across fields. Where a value may hold a `${NAME}`, the check
waits for the run that knows its value.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import date, datetime, time, timezone
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from .spread import INTERVALS

PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
ACCOUNT = r"[0-9]{12}"
REGION = r"[a-z]{2,4}(-[a-z]+){1,3}-[0-9]{1,2}"


def invalid(problem: str, remedy: str, quoting: tuple[str, str] | None = None) -> PydanticCustomError:
    """What a check raises; `fault_texts.py` says where in the file it is.

    quoting: problem and remedy that repeat a part of the value. They are for the file's own values: one that came from
    the environment or a connection is shown by its name alone.
    """
    context = {"problem": problem, "remedy": remedy, "quoting": quoting or (problem, remedy)}
    return PydanticCustomError("invalid", "{problem}", context)


def _shaped(pattern: str, problem: str, remedy: str) -> AfterValidator:
    """A string must match the pattern, or hold a ${NAME} whose value is only known when a run starts."""

    def check(value: str) -> str:
        if not PLACEHOLDER.search(value) and not re.fullmatch(pattern, value):
            raise invalid(problem, remedy)
        return value

    return AfterValidator(check)


def _dag_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,250}", value):
        raise invalid("this cannot be a DAG id", "Use letters, digits, dashes, dots, underscores")
    return value


def _region(value: str) -> str:
    if PLACEHOLDER.search(value) or re.fullmatch(REGION, value):
        return value
    if re.fullmatch(f"{REGION}[a-z]", value):
        problem = "this is an availability zone, not a region"
        raise invalid(problem, "Leave its last letter out", (problem, f"Write {value[:-1]!r}"))
    raise invalid("this is not the name of an AWS region", "Write it like us-east-2 or cn-north-1")


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        problem, remedy = "this is not a valid regular expression", "Escape special characters with \\"
        raise invalid(problem, remedy, (f"{problem} ({error})", remedy)) from None
    return value


def _pod_template(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", value):
        raise invalid("this is no bare name of a pod template", "Write the name alone, without folder and `.yaml`")
    return value


def instant(end_of_day: bool) -> Callable[[object], object]:
    def convert(value: object) -> object:
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, datetime):
            return _in_utc(value)
        if isinstance(value, date):
            return datetime.combine(value, time.max if end_of_day else time.min, timezone.utc)
        return value

    return convert


def _in_utc(moment: datetime) -> datetime | str:
    try:
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except OverflowError:  # 0001-01-01 east of Greenwich
        return moment.isoformat()


def _parsed(text: str) -> date | datetime | str:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text


def _position(value: object) -> object:
    if value in ("latest", "horizon"):
        return value
    moment = instant(end_of_day=False)(value)
    if isinstance(moment, datetime):
        return moment
    raise invalid("this is not a position", "Write latest, horizon, or a UTC time like 2026-11-01T00:00:00Z")


def _redaction(value: str) -> str:
    from ..records.redact import Redactor  # only files with rules pay for the detectors

    try:
        Redactor([value])
    except ValueError as error:
        raise invalid(str(error), "Correct it") from None
    return value


NOT_REPLACED = "`${NAME}` is replaced in connection blocks only, not here", "Write the value itself"
"""Problem and remedy."""


def _unresolved(value: str) -> str:
    if PLACEHOLDER.search(value):
        raise invalid(*NOT_REPLACED)
    return value


def is_sendable(secret: str) -> bool:
    """Whether a header can hold it: visible ASCII only. The errors of HTTP libraries show what they cannot send."""
    return re.fullmatch(r"[!-~]*", secret) is not None


def is_path(secret: str) -> bool:
    """Whether a jwtToken, or a key of a security provider, is the path of the file that holds it."""
    return secret.startswith(("/", "./", "../", "~"))


def _credential(value: SecretStr) -> SecretStr:
    if not is_sendable(value.get_secret_value()):
        problem = "this cannot be a credential: it holds a blank, a line break or a letter that is not ASCII"
        raise invalid(problem, "Copy it again, in one piece")
    return value


def _header(value: str) -> str:
    if value.lower() in {"connection", "content-length", "transfer-encoding"}:
        raise invalid("this header belongs to the connection", "Remove it")
    if not re.fullmatch(r"[!#$%&'*+.^_|~0-9A-Za-z-]+", value):
        raise invalid("this cannot be the name of a header", "Write it like X-Tenant")
    return value


def _classification(value: str) -> str:
    if re.search(r'::|["\n>]', value):
        raise invalid("OpenMetadata does not take this name", 'Leave ::, ", > and line breaks out')
    return value


def _source_type(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _is_cron(value: str) -> bool:
    from croniter import CroniterBadDateError, croniter  # only schedules that are no word pay for it

    if re.search(r"\br\b", value, re.IGNORECASE) or not croniter.is_valid(value):
        return False  # `R` is croniter's random moment, another one in every process
    try:
        croniter(value, datetime(2026, 1, 1, tzinfo=timezone.utc)).get_next()
    except CroniterBadDateError:
        raise invalid("no day matches this schedule", "Correct its day and month") from None
    return True


def _schedule(value: str) -> str:
    fields = r"(\S+\s+){4}\S+"
    if value.lstrip("@") in INTERVALS or (re.fullmatch(fields, value.strip()) and _is_cron(value)):
        return value.strip().removeprefix("@")
    raise invalid("this is no schedule", "Write hourly, daily, weekly, a cron line of five fields, or null (on demand)")


OF_A_MACHINE = ("localtime", "posixrules")
"""Files among those of time zones that are whatever the administrator of a machine made them."""


def zones() -> list[str]:
    """IANA's names that this machine knows, sorted."""
    return sorted(available_timezones() - {*OF_A_MACHINE})


def _zone(value: str) -> str:
    if value.lower() in OF_A_MACHINE:
        raise invalid("this time zone is another one on each machine", "Write it like Europe/Berlin")
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        near = difflib.get_close_matches(value, zones(), 1)
        meant = f"Did you mean {near[0]!r}?" if near else "Write it like Europe/Berlin"
        raise invalid("this time zone is unknown", meant) from None
    return value


_HOST = r"((\w([\w-]*\w)?\.)*\w([\w-]*\w)?\.?|\[[0-9a-fA-F:.]+\])(:\d{1,5})?"
_PATH = r"(/[^\s?#@]*)?"
_QUEUE = rf"{_PATH}/{ACCOUNT}/[A-Za-z0-9_-]{{1,80}}(\.fifo)?"


def is_url(text: str) -> bool:
    """Whether it is a plain http(s) URL: with no user, no query."""
    return re.fullmatch(rf"https?://{_HOST}{_PATH}", text) is not None


def _url(example: str, path: str = _PATH, what: str = "a plain http(s) URL") -> AfterValidator:
    return _shaped(
        rf"https?://{_HOST}{path}", f"this is not {what}", f"Write it like {example}, without user and password"
    )


MARKS = ("name", "account", "region")
"""What a `{...}` in a target's pattern may be: the workflow's name, and the target's account and region."""


def _pattern(value: str) -> str:
    for mark in re.findall(r"\{([^{}]*)\}", value):
        if mark not in MARKS:
            near = difflib.get_close_matches(mark, MARKS, 1, 0.5)
            meant = f"Did you mean `{{{near[0]}}}`?" if near else f"Write {', '.join(f'{{{each}}}' for each in MARKS)}"
            raise invalid("nothing is known that could stand in these braces", meant)
    if re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", value)):
        raise invalid("a brace stands alone here", f"Write {', '.join(f'{{{each}}}' for each in MARKS)}")
    return value


def _several(value: list[str]) -> list[str]:
    if not value:
        raise invalid("this list is empty", "Add one, or remove the key")
    return value


Resolved = Annotated[str, AfterValidator(_unresolved)]
Plain = Annotated[Resolved, Field(min_length=1)]
Notifier = Annotated[
    Resolved, _shaped(r"[a-z][a-z0-9_-]{0,99}", "this is no name of a notifier", "Write it like smtp or slack")
]
PodTemplate = Annotated[Resolved, AfterValidator(_pod_template)]
Credential = Annotated[SecretStr, AfterValidator(_credential)]
Header = Annotated[str, AfterValidator(_header)]
Region = Annotated[str, AfterValidator(_region)]
Endpoint = Annotated[str, _url("https://kinesis.us-east-2.amazonaws.com")]
HostPort = Annotated[str, _url("http://localhost:8585/api")]
Authority = Annotated[str, _url("https://login.microsoftonline.com/TENANT-ID")]
TokenEndpoint = Annotated[str, _url("https://idp.example.com/oauth2/token")]
OktaEndpoint = Annotated[
    str, _url("https://dev-1.okta.com/oauth2/default/v1/token", r"/[^\s?#@]*token", "the URL of Okta's tokens")
]
QueueUrl = Annotated[
    str, _url("https://sqs.us-east-2.amazonaws.com/123456789012/kinesis", _QUEUE, "the URL of a queue")
]
Domain = Annotated[
    str, _shaped(rf"(https?://)?{_HOST}/?", "this is not the name of a host", "Write it like dev-1.eu.auth0.com")
]
Regex = Annotated[str, AfterValidator(_regex)]
DAY_OR_MOMENT = WithJsonSchema({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]})
Start = Annotated[datetime, BeforeValidator(instant(end_of_day=False)), DAY_OR_MOMENT]
End = Annotated[datetime, BeforeValidator(instant(end_of_day=True)), DAY_OR_MOMENT]
RoleArn = Annotated[
    str,
    _shaped(
        rf"arn:aws[a-z-]*:iam::{ACCOUNT}:role/.+",
        "this is not the ARN of a role",
        "Write it like arn:aws:iam::123456789012:role/name",
    ),
]
SessionName = Annotated[
    str, _shaped(r"[\w+=,.@-]{2,64}", "AWS does not accept this name", "Use 2 to 64 of letters, digits, _+=,.@-")
]
ExternalId = Annotated[
    str,
    _shaped(
        r"[\w+=,.@:/-]{2,1224}", "AWS does not accept this external id", "Use 2 to 1224 letters, digits, _+=,.@:/-"
    ),
]
ClassificationName = Annotated[Plain, Field(max_length=100), AfterValidator(_classification)]
SchemaVersion = Annotated[int, Field(ge=1, le=100_000)]
Account = Annotated[
    Resolved, _shaped(ACCOUNT, "this is no AWS account", 'Write its twelve digits in quotes, like "123456789012"')
]
Origin = Annotated[
    Resolved,
    _shaped(
        rf"{ACCOUNT}(_{REGION})?",
        "this is no account or target",
        'Write it like "123456789012" or 123456789012_us-east-2',
    ),
]
Named = Annotated[Plain, AfterValidator(_pattern), Field(max_length=256)]
NamedRegion = Annotated[Resolved, AfterValidator(_region)]
NamedRole = Annotated[
    Resolved,
    AfterValidator(_pattern),
    _shaped(
        rf"arn:aws[a-z-]*:iam::({ACCOUNT}|\{{account\}}):role/.+",
        "this is not the ARN of a role",
        "Write it like arn:aws:iam::{account}:role/name",
    ),
]
NamedUrl = Annotated[
    Resolved,
    AfterValidator(_pattern),
    _shaped(
        r"https?://[\w.{}:\[\]-]+(/[^\s?#@]*)?",
        "this is not a plain http(s) URL",
        "Write it like https://kinesis.{region}.amazonaws.com, without user and password",
    ),
]
Accounts = Annotated[list[Account], AfterValidator(_several)]
Regions = Annotated[list[NamedRegion], AfterValidator(_several)]
DagId = Annotated[str, AfterValidator(_dag_id)]
Redaction = Annotated[str, AfterValidator(_redaction)]
Position = Annotated[Literal["latest", "horizon"] | Annotated[datetime, DAY_OR_MOMENT], BeforeValidator(_position)]
Zone = Annotated[str, AfterValidator(_zone)]
Schedule = Annotated[str, AfterValidator(_schedule)]
SourceType = Annotated[Literal["kinesis"], BeforeValidator(_source_type)]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
AuthProvider = Literal[
    "basic", "azure", "google", "okta", "auth0", "aws-cognito", "custom-oidc", "ldap", "saml", "openmetadata"
]
EndpointMode = Literal["disabled", "preferred", "required"]
