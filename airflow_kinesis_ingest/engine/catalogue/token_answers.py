"""What an identity provider answers, and what to do about each answer that holds no token (RFC 6749 5.2)."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

import requests

from ...errors import CatalogueRefused, IngestError, ServerDown, Throttled, Unreachable
from ..workflow.field_types import is_sendable
from .answers import is_unconnected, retry_after, why_of

if TYPE_CHECKING:
    from typing import TypeGuard

SKEW = 60.0  # seconds; providers allow a signed request no more than minutes
WHY = 300
PASSING = {"temporarily_unavailable", "server_error", "slow_down"}
THROTTLES = {"too_many_requests", "rate_limit_exceeded"}
NO_GRANT = {"unauthorized_client", "unsupported_grant_type"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One provider as it is asked. fields: that its block has. secrets: what no message may repeat."""

    provider: str
    endpoint: str
    fields: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def where(self) -> str:
        return f"POST {self.endpoint}"

    def without_secrets(self, text: str) -> str:
        forms = {form for secret in self.secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "***")
        return text


def token_in(asked: Asked, response: requests.Response, *, signed: bool) -> tuple[str, object]:
    """The token that the response holds, and what it says of the seconds that this is good.

    signed: whether the request had a time that the provider checks. Raises for an answer without a token.
    """
    body = _object(response)
    if response.status_code == 200 and body and _is_token(token := body.get(_key(asked))) and not body.get("error"):
        return token, body.get("expires_in")
    raise _translated(asked, response, body, signed=signed)


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and is_sendable(value)


def _key(asked: Asked) -> str:
    return "id_token" if asked.provider == "google" else "access_token"


def _object(response: requests.Response) -> dict[str, object] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):  # also of a number, or of brackets, without end
        return None
    return body if isinstance(body, dict) else None


def _translated(
    asked: Asked, response: requests.Response, body: dict[str, object] | None, *, signed: bool
) -> IngestError:
    status, where = response.status_code, asked.where
    code = str((body or {}).get("error") or (body or {}).get("errorCode") or "")
    why = asked.without_secrets(f"HTTP {status}: {_message(response, body)}")
    if status == 429 or code in THROTTLES:
        what, remedy = f"{asked.provider} asks for fewer calls", "Run later"
        return Throttled(what, where=where, why=why, remedy=remedy, retry_after=retry_after(response))
    if status >= 500 or code in PASSING:
        kind = ServerDown if status in (502, 503) else Unreachable
        what, remedy = f"{asked.provider} failed", "Run again later"
        return kind(what, where=where, why=why, remedy=remedy, retry_after=retry_after(response))
    if body is None or not code:
        return _not_oauth(asked, response, body)
    remedy = _remedy(asked, code)
    if signed and (skew := _skew(response)):
        remedy = f"Set the clock of the machine that runs this: it is {skew}. Else: {remedy}"
    return CatalogueRefused(f"{asked.provider} gives no token", where=where, why=why, remedy=remedy)


def _message(response: requests.Response, body: dict[str, object] | None) -> str:
    body = body or {}
    parts = [body.get(name) for name in ("error", "errorCode", "error_description", "errorSummary", "message")]
    told = ": ".join(str(part) for part in parts if isinstance(part, str) and part)
    return " ".join(told.split())[:WHY] or response.reason or ""


def _not_oauth(asked: Asked, response: requests.Response, body: dict[str, object] | None) -> IngestError:
    """A page, a redirect, or JSON of something else: a proxy, or a wrong address. A page may pass by itself."""
    status, field_name = response.status_code, _place(asked)
    if body is None and status == 200:
        why = "HTTP 200, and no JSON"
    elif 300 <= status < 400:
        why = f"HTTP {status}, a redirect to {_host(response)}, which is never followed"
    else:
        why = f"HTTP {status}, and no `{_key(asked)}`"
    kind = Unreachable if body is None and status == 200 else CatalogueRefused
    remedy = f"Check `{field_name}`, and what answers there (a proxy, a page to log in?)"
    return kind(f"this is no answer of {asked.provider}", where=asked.where, why=why, remedy=remedy)


def _host(response: requests.Response) -> str:
    try:
        return urlsplit(response.headers.get("Location", "")).hostname or "?"
    except ValueError:
        return "?"


def _place(asked: Asked) -> str:
    names = {"auth0": "domain", "azure": "authority", "custom-oidc": "tokenEndpoint", "okta": "orgURL"}
    return names.get(asked.provider, "secretKey")


def _remedy(asked: Asked, code: str) -> str:
    if code in NO_GRANT:
        return "Allow this client the grant `client_credentials`, at the provider"
    if code == "invalid_scope":
        return "Correct `scopes`" if "scopes" in asked.fields else "Give this client a default scope, at the provider"
    if code == "access_denied":
        return "Let this client use the API that the token is for, at the provider"
    proofs = [name for name in asked.fields if name in ("clientId", "secretKey", "clientSecret", "privateKey")]
    return f"Check {' and '.join(f'`{name}`' for name in proofs)}: wrong, expired, or revoked at the provider"


def _skew(response: requests.Response) -> str:
    """How far our clock is from the provider's; "" if they agree, or nothing tells."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("Date", ""))
        seconds = (datetime.now(timezone.utc) - theirs).total_seconds()
    except (ValueError, TypeError):
        return ""
    if abs(seconds) <= SKEW:
        return ""
    return f"{abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} the provider's"


def not_reached(asked: Asked, error: Exception) -> IngestError:
    """No answer came."""
    why = asked.without_secrets(why_of(error))
    if isinstance(error, requests.exceptions.SSLError) and _is_certificate(error):
        remedy = "Name its CA in REQUESTS_CA_BUNDLE where runs start"
        what = f"the certificate of {asked.provider} is not accepted"
        return CatalogueRefused(what, where=asked.where, why=why, remedy=remedy)
    kind = ServerDown if is_unconnected(error) else Unreachable
    remedy = f"Check `{_place(asked)}`, and that its host can be reached from here"
    return kind(f"{asked.provider} did not answer", where=asked.where, why=why, remedy=remedy)


def _is_certificate(error: BaseException) -> bool:
    cause: object = error
    while isinstance(cause, BaseException):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = getattr(cause, "reason", None) or cause.__cause__ or cause.__context__ or (cause.args or (None,))[0]
    return False
