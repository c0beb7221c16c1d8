"""What botocore's errors mean here, told without a secret: botocore and what it calls repeat what they choke on."""

from __future__ import annotations

import re

from botocore import exceptions as aws_exceptions
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from ...errors import (
    Abort,
    AccessDenied,
    IngestError,
    PlaceExpired,
    ServerDown,
    StreamDenied,
    StreamGone,
    StreamNotReady,
    StreamUnreadable,
    Throttled,
    Unreachable,
    without_passwords,
)

THROTTLES = {
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "KMSThrottlingException",
    "ThrottledException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
}
BAD_CREDENTIALS = {
    "ExpiredTokenException",
    "ExpiredToken",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
}
DENIALS = {"AccessDeniedException", "AccessDenied", "NotAuthorized", "UnauthorizedOperation"}
KMS_DENIALS = {
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "KMSOptInRequired",
}
KMS_DENIES = "KMSAccessDeniedException"  # the others are about the state of the key
FORBIDDEN = "A `Deny` forbids {0}, and no `Allow` overrides that: have the policy that AWS names leave it out"
EXPIRED_PLACES = {"ExpiredIteratorException", "ExpiredNextTokenException", "PaginationTokenExpiredException"}
UNKNOWN_CALLS = {"UnknownOperationException", "UnknownOperation", "NotImplemented", "404"}
NO_CREDENTIALS = (
    aws_exceptions.NoCredentialsError,
    aws_exceptions.PartialCredentialsError,
    aws_exceptions.CredentialRetrievalError,
    aws_exceptions.NoAuthTokenError,
    aws_exceptions.TokenRetrievalError,
    aws_exceptions.SSOError,
    aws_exceptions.UnauthorizedSSOTokenError,
    aws_exceptions.RefreshWithMFAUnsupportedError,
    aws_exceptions.LoginError,
    aws_exceptions.UnknownCredentialError,
)
NO_SSO_SESSION = (
    aws_exceptions.SSOError,
    aws_exceptions.TokenRetrievalError,
    aws_exceptions.NoAuthTokenError,
)
METADATA_SERVICES = {"container-role": "the metadata service of the container", "iam-role": "the metadata service"}
"""By what botocore calls them."""
GIVES_CREDENTIALS = {
    "AssumeRole": (
        "awsConfig.assumeRoleArn",
        "the role cannot be assumed",
        "Allow sts:AssumeRole (and sts:SetSourceIdentity) to the caller, and trust it in the role; if its trust policy"
        " asks for an external id, give that as `externalId`",
    ),
    "AssumeRoleWithWebIdentity": (
        "AssumeRoleWithWebIdentity",
        "the role of the web identity cannot be assumed",
        "Let the role that AWS_ROLE_ARN names trust the cluster's OIDC provider and this service account, and check"
        " that AWS_WEB_IDENTITY_TOKEN_FILE holds a token that is not over",
    ),
    "GetRoleCredentials": (
        "GetRoleCredentials",
        "SSO gives no credentials",
        "Check the account and the role of the profile, and that its user is assigned to them; then `aws sso login`",
    ),
}
"""The calls that botocore makes for credentials: where, what did not work, what to do."""
NO_ANSWER = (
    aws_exceptions.HTTPClientError,
    aws_exceptions.ConnectionError,
    aws_exceptions.EndpointConnectionError,
    aws_exceptions.IncompleteReadError,
    aws_exceptions.ReadTimeoutError,
    aws_exceptions.ConnectTimeoutError,
)
NO_CONNECTION = (
    aws_exceptions.EndpointConnectionError,
    aws_exceptions.ConnectTimeoutError,
    aws_exceptions.ProxyConnectionError,
)
# What botocore's parsers raise on a body that is no JSON object (Kinesis, Glue), no XML (STS), or has a time that no
# calendar has (RuntimeError).
NO_SENSE = (ResponseParserError, ValueError, TypeError, AttributeError, RuntimeError)
WHY = 300  # characters of what a metadata service answers, which may be a page
UNSENDABLE = "a credential cannot be sent: it holds a line break, a space or another character that none has"
# What else repeats a secret: an error in another's text, and AWS's account of the request that it could not verify.
_SECRETS = (
    (re.compile(r"(Invalid header value ).*", re.DOTALL), r"\1***"),
    (re.compile(r"(?i)(x-amz-security-token:\s*)[^\s'\"]+"), r"\1***"),
    (re.compile(r"(Credential=)[^/\s,]+"), r"\1***"),
)


def translated(error: ClientError | BotoCoreError, api: str, stream: str) -> IngestError:
    """The error of ours that says what to do about one of botocore's.

    api: an operation of Kinesis, or the IAM action of another service's. stream is "" for calls about the account.
    """
    where = _where(api, stream)
    if isinstance(error, ClientError):
        if error.operation_name in GIVES_CREDENTIALS:
            return _without_credentials(error, *GIVES_CREDENTIALS[error.operation_name])
        return _translated_response(error, api, stream, where)
    if found := not_given(error):
        return found
    why = why_of(error)
    if why == UNSENDABLE:
        return AccessDenied("the call could not be made", where=where, why=why, remedy="Give the credentials anew")
    if isinstance(error, NO_CREDENTIALS):
        return AccessDenied(
            "there are no usable AWS credentials", where=where, why=why, remedy="Check keys, profile or role"
        )
    if isinstance(error, NO_ANSWER):
        kind = ServerDown if isinstance(error, NO_CONNECTION) else Unreachable
        return kind(
            "AWS did not answer", where=where, why=why, remedy="Check the region, `endPointURL` and the network"
        )
    return Abort("the call could not be made", where=where, why=why, remedy="Check the `awsConfig` block")


def not_given(error: BotoCoreError) -> IngestError | None:
    """What to do about credentials that SSO or a metadata service did not give; None for any other error."""
    if isinstance(error, NO_SSO_SESSION):
        what, remedy = (
            "SSO gives no credentials without a session",
            "Run `aws sso login` with the profile, on the machine that runs this",
        )
        return AccessDenied(what, where="awsConfig.profileName", why=why_of(error), remedy=remedy)
    provider = METADATA_SERVICES.get(str(error.kwargs.get("provider")))
    if not provider or not isinstance(error, aws_exceptions.CredentialRetrievalError):
        return None
    why = why_of(error)[:WHY]
    if re.search("non 200 response 4", why):
        remedy = (
            "Check the role of the task, or the Pod Identity association of the pod, and the AWS_CONTAINER_ variables"
        )
        return AccessDenied(f"{provider} refuses to give credentials", where="awsConfig", why=why, remedy=remedy)
    return Unreachable(f"{provider} gave no credentials", where="awsConfig", why=why, remedy="Run again later")


def unreadable(error: OSError) -> AccessDenied:
    """A file that only the first call needs: the token of a web identity or of a container."""
    where, why = str(error.filename or "awsConfig"), error.strerror or type(error).__name__
    remedy = "Check the AWS_ variable that names it, and what mounts it"
    return AccessDenied("what the credentials need cannot be read", where=where, why=why, remedy=remedy)


def why_of(error: Exception) -> str:
    """The text of an error, without the header and the passwords that it may repeat."""
    if _is_about_a_header(error):
        return UNSENDABLE
    return _masked(str(error))


def _is_about_a_header(error: Exception) -> bool:
    """http.client refuses a header that it cannot send, and repeats it; every other ValueError is about an address."""
    cause = error.kwargs.get("error") if isinstance(error, aws_exceptions.HTTPClientError) else None
    if isinstance(cause, UnicodeEncodeError):
        return cause.encoding == "latin-1"
    return isinstance(cause, ValueError) and "Invalid header" in str(cause)


def _masked(text: str) -> str:
    for secret, mask in _SECRETS:
        text = secret.sub(mask, text)
    return without_passwords(text)


def _where(api: str, stream: str) -> str:
    return f"{api} of {stream}" if stream else api


def senseless(api: str, stream: str, why: str) -> Unreachable:
    remedy = "Check `endPointURL`, and what answers in the place of AWS (a proxy?)"
    service = api.partition(":")[0] if ":" in api else "Kinesis"
    return Unreachable(f"this is no answer of {service}", where=_where(api, stream), why=why, remedy=remedy)


def _told(error: ClientError) -> tuple[str, int, str]:
    """Code, HTTP status and text."""
    answer = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code, status, _masked(f"{code}: {answer.get('Error', {}).get('Message', '')}".rstrip(": ."))


def _is_passing(code: str, status: int) -> bool:
    return status >= 500 or not code or code.isdigit() or code == "InternalFailure"


def _without_credentials(error: ClientError, where: str, what: str, remedy: str) -> IngestError:
    """Of the whole run, whichever stream's call was the first to need them."""
    code, status, why = _told(error)
    if _is_passing(code, status) or code in THROTTLES or code in ("IDPCommunicationError", "ServiceUnavailable"):
        return Unreachable(what, where=where, why=why, remedy="Run again later")
    if code in BAD_CREDENTIALS and error.operation_name == "AssumeRole":
        return AccessDenied("AWS does not accept the credentials", where=where, why=why, remedy=_renewal(code, why))
    return AccessDenied(what, where=where, why=why, remedy=remedy)


def _translated_response(error: ClientError, api: str, stream: str, where: str) -> IngestError:
    code, status, why = _told(error)
    if code in THROTTLES:
        return Throttled("AWS throttles this call", where=where, why=why, remedy="Lower `options.quota`, or run later")
    if code in BAD_CREDENTIALS:
        return AccessDenied("AWS does not accept the credentials", where=where, why=why, remedy=_renewal(code, why))
    if code in DENIALS:
        kind = StreamDenied if stream else AccessDenied
        action, how = (api, "policy -c FILE") if ":" in api else (f"kinesis:{api}", "policy")
        return _denied(kind, "AWS denies this call", where, why, action, f"(`kinesis-ingest {how}`)")
    if code in KMS_DENIALS:
        return _without_key(code, where, why)
    if code in EXPIRED_PLACES:
        return PlaceExpired("the place in the stream expired", where=where, why=why, remedy="Run it again")
    if ":" in api and (code in UNKNOWN_CALLS or status == 501):
        remedy = "Check what answers in the place of AWS (a simulator?), or leave it out of the workflow file"
        return Abort("this call is unknown here", where=where, why=why, remedy=remedy)
    if status in (502, 503) or code == "ServiceUnavailable":
        return ServerDown("AWS is not available", where=where, why=why, remedy="Run again later")
    if _is_passing(code, status):
        return Unreachable("AWS failed", where=where, why=why, remedy="Run again later")
    return _about_stream(code, where, why) if stream else _about_account(where, why)


def _denied(kind: type[IngestError], what: str, where: str, why: str, action: str, how: str) -> IngestError:
    """how: to allow the action."""
    if is_forbidden(why):
        return kind(what, where=where, why=why, remedy=FORBIDDEN.format(action))
    return kind(what, where=where, why=why, remedy=f"Allow {action} {how}", actions=(action,))


def _without_key(code: str, where: str, why: str) -> IngestError:
    what = "the stream's KMS key cannot be used"
    how = "on the stream's key (`kinesis-ingest policy --kms`), and check that it is enabled"
    if code == KMS_DENIES:
        return _denied(StreamDenied, what, where, why, "kms:Decrypt", how)
    return StreamDenied(what, where=where, why=why, remedy=f"Allow kms:Decrypt {how}")


def is_forbidden(why: str) -> bool:
    """Whether a policy denies the call, which no other can allow: AWS's documentation of its texts says so."""
    return "with an explicit deny" in why


def _renewal(code: str, why: str) -> str:
    """What to do about a signature that AWS does not accept; its code is the same for three causes."""
    if "Credential should be scoped" in why:
        return "Check `awsRegion` and `endPointURL`: the call was signed for another region or service"
    if code in ("RequestExpired", "RequestTimeTooSkewed") or "Signature expired" in why or "not yet current" in why:
        return "Set the clock of the machine that runs this"
    return "Renew the credentials"


def _about_account(where: str, why: str) -> IngestError:
    return Abort("AWS refuses this call", where=where, why=why, remedy="Check the region and `endPointURL`")


def _about_stream(code: str, where: str, why: str) -> IngestError:
    if code == "ResourceNotFoundException":
        return StreamGone("the stream is gone", where=where, why=why, remedy="Nothing to do if it was deleted")
    if code == "ResourceInUseException":
        return StreamNotReady("the stream is being changed", where=where, why=why, remedy="The next run will find it")
    return StreamUnreadable(
        "AWS refuses this call", where=where, why=why, remedy="Look the error up in AWS's documentation"
    )
