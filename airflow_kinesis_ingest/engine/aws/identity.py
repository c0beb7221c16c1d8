"""Whose AWS credentials are, told by STS: a call that needs no permission and no stream."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from ...errors import AccessDenied, IngestError
from ..workflow.models import AssumeRoleOptions, AwsConfig
from .client import sts_client
from .errors import NO_SENSE, senseless, translated, unreadable

API = "GetCallerIdentity"
ELSEWHERE = "; those of China and GovCloud are known in their own regions alone"


def caller_arn(aws: AwsConfig, role: AssumeRoleOptions) -> str:
    """The ARN of the user or the role, asked in `aws.aws_region`. Raises as the calls of Kinesis do."""
    try:
        return str(sts_client(aws, role).get_caller_identity()["Arn"])
    except (ClientError, BotoCoreError) as error:
        raise _told(translated(error, API, "")) from None
    except OSError as error:
        raise unreadable(error) from None
    except (KeyError, *NO_SENSE) as error:
        raise senseless(API, "", f"its body cannot be read ({type(error).__name__})") from None


def _told(error: IngestError) -> IngestError:
    if isinstance(error, AccessDenied):
        return AccessDenied(error.what, where=error.where, why=error.why, remedy=error.remedy + ELSEWHERE)
    return error
