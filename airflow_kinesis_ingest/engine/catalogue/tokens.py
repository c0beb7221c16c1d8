"""The token that a run shows OpenMetadata: the workflow's own, or one that an identity provider gives it.

A provider is asked with OAuth's client credentials (RFC 6749 4.4): auth0, azure and custom-oidc with a client's secret
in the body, okta with a JWT that the client's key signed (RFC 7523). google gives an id token for a JWT that the key of
a service account signed. A token stays in memory, is renewed before it is over, and once where OpenMetadata refuses it.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import requests
import urllib3
from pydantic import SecretStr

from ...errors import CatalogueRefused, IngestError, Retry
from ..workflow.field_types import is_path, is_sendable, is_url
from ..workflow.models import OpenMetadataServer, SecurityConfig
from ..workflow.providers import PROVIDERS, base_url, provider_of
from .token_answers import Asked, not_reached, token_in

if TYPE_CHECKING:
    from typing import TypeGuard

    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import RSAKey

log = logging.getLogger(__name__)

TIMEOUT = (5.0, 30.0)  # seconds to connect and to be answered, here and at OpenMetadata
EARLY = 60.0  # seconds before its end, or a tenth of its life: a call under way takes up to 30 s
AGAIN = 5.0  # seconds between two tries to renew a token that is still good
ASSERTED = 3600  # seconds that a signed JWT may be used: Google and Okta allow an hour at most
CLIENT_CREDENTIALS = "client_credentials"
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
NOTHING = SimpleNamespace(status_code=200, json=dict)
"""What authlib reads in the place of each answer: an end that is no whole number breaks it."""

FRESH = "Copy a fresh token: Settings > Bots > ingestion-bot"


@dataclass(frozen=True, slots=True)
class Given:
    """A token. seconds: how long it is good from now on; None where nobody says it."""

    value: str = field(repr=False)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """due, over: when it should be renewed and when it is of no use any more, on the clock of `Token`."""

    value: str = field(repr=False)
    due: float = float("inf")
    over: float = float("inf")


class Token:
    """One token for many threads. Raises what its source raises.

    It is renewed by one thread: the others go on with the one that is still good, and wait where there is none. A
    renewal that fails, fails for all who waited for it; while the old token is good, it fails for nobody.
    """

    def __init__(
        self, source: Callable[[], Given], *, when_refused: str = FRESH, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """when_refused: what to do where OpenMetadata does not take the token."""
        self.when_refused = when_refused
        self._source = source
        self._clock = clock
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._failure: tuple[float, IngestError] = (float("-inf"), IngestError(""))

    def current(self) -> str:
        held, now = self._held, self._clock()
        if held and now < held.due:
            return held.value
        if held and now < held.over:
            self._renew_early()
            return (self._held or held).value
        return self._fetched(refused=None)

    def renewed(self, refused: str) -> bool:
        """Whether there is another token than the refused one now."""
        return self._fetched(refused) != refused

    @property
    def seconds_left(self) -> float | None:
        """None where nobody says it."""
        held = self._held
        return None if held is None or held.over == float("inf") else held.over - self._clock()

    def _fetched(self, refused: str | None) -> str:
        asked = self._clock()
        with self._lock:
            held = self._held
            if held and held.value != refused and self._clock() < held.over:
                return held.value
            failed, error = self._failure
            if failed > asked:
                raise copy(error)
            try:
                return self._fetch().value
            except IngestError as failure:
                self._failure = (self._clock(), failure)
                raise

    def _fetch(self) -> _Held:
        began, given = self._clock(), self._source()
        self._held = held = _Held(given.value)
        if given.seconds is not None:
            over = began + given.seconds
            self._held = held = _Held(given.value, over - min(EARLY, given.seconds / 10), over)
        return held

    def _renew_early(self) -> None:
        if not self._lock.acquire(blocking=False):
            return
        try:
            if self._held and self._clock() >= self._held.due:
                self._fetch()
        except Retry as error:
            log.debug("the token is still good, and is renewed later: %s", error)
            if self._held:
                self._held = replace(self._held, due=self._clock() + AGAIN)
        finally:
            self._lock.release()


def token_for(server: OpenMetadataServer) -> Token:
    """Nothing is read or asked before its first use."""
    security = server.security_config or SecurityConfig()
    if provider := provider_of(server):
        refused = f"Let OpenMetadata trust {provider} (its `publicKeyUrls`), and have a bot for this client there"
        return Token(lambda: _ASKS[provider](security, server), when_refused=refused)
    return Token(lambda: Given(_sendable(_text(security.jwt_token, "jwtToken"))))


def _sendable(token: str) -> str:
    if not is_sendable(token):
        raise CatalogueRefused(
            "this cannot be a token",
            where="securityConfig.jwtToken",
            why="it holds a space, a line break or a letter that is not ASCII",
            remedy="Copy it again, in one piece: Settings > Bots > ingestion-bot",
        )
    return token


def _text(secret: SecretStr | None, name: str) -> str:
    """A secret, or what the file holds that it names: read each time, since a mounted one changes."""
    given = secret.get_secret_value() if secret else ""
    if not is_path(given):
        return given
    path = Path(os.path.expanduser(given))  # pathlib's own raises where there is no such user
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueRefused(
            f"the file of the {'token' if name == 'jwtToken' else 'key'} cannot be read",
            where=f"securityConfig.{name}",
            why=f"{path}: {error.strerror if isinstance(error, OSError) else 'not text'}",
            remedy=f"Correct the path, or give the {'token' if name == 'jwtToken' else 'key'} itself",
        ) from None


def _auth0(security: SecurityConfig, _: OpenMetadataServer) -> Given:
    base = base_url(security.domain or "")
    asked = _asked("auth0", f"{base}/oauth/token", security)
    return _ask(asked, _with_secret(security, security.secret_key), audience=f"{base}/api/v2/")


def _azure(security: SecurityConfig, _: OpenMetadataServer) -> Given:
    asked = _asked("azure", f"{(security.authority or '').rstrip('/')}/oauth2/v2.0/token", security)
    return _ask(asked, _with_secret(security, security.client_secret), scope=" ".join(security.scopes or ()))


def _custom_oidc(security: SecurityConfig, _: OpenMetadataServer) -> Given:
    asked = _asked("custom-oidc", security.token_endpoint or "", security)
    return _ask(asked, _with_secret(security, security.secret_key))


def _okta(security: SecurityConfig, _: OpenMetadataServer) -> Given:
    text = _text(security.private_key, "privateKey")
    endpoint, client = security.org_url or "", security.client_id or ""
    key = _rsa_key(text, "privateKey")
    assertion = _signed(key, key.kid, client, endpoint)
    scope = {"scope": " ".join(security.scopes)} if security.scopes else {}
    asked = _asked("okta", endpoint, security, text)
    proof = {"client_assertion_type": CLIENT_ASSERTION, "client_assertion": assertion}
    return _ask(asked, _session(client, None, "none"), signed=True, auth=_unchanged, **proof, **scope)


def _google(security: SecurityConfig, server: OpenMetadataServer) -> Given:
    text = _text(security.secret_key, "secretKey")
    account = _service_account(text)
    endpoint = account["token_uri"]
    if not server.allows(endpoint):
        what = "the `token_uri` of this key is not among the hosts that workflow files may use"
        remedy = "Use a key of Google's own, or let who runs Airflow add its host to `[kinesis_ingest] allowed_hosts`"
        raise CatalogueRefused(what, where="securityConfig.secretKey", remedy=remedy)
    key, email = _rsa_key(account["private_key"], "secretKey"), account["client_email"]
    wanted = {"target_audience": security.audience}
    assertion = _signed(key, account.get("private_key_id"), email, endpoint, **wanted)
    asked = _asked("google", endpoint, security, text, account["private_key"])
    return _ask(
        asked, _session(None, None, "none"), signed=True, grant_type=JWT_BEARER, auth=_unchanged, assertion=assertion
    )


def _signed(key: RSAKey, key_id: str | None, who: str, endpoint: str, **claims: Any) -> str:
    """A JWT that says who asks, for this endpoint, this once (RFC 7523 3)."""
    from joserfc import jwt

    now = int(time.time())
    told = {"iss": who, "sub": who, "aud": endpoint, "iat": now, "exp": now + ASSERTED, "jti": str(uuid4())}
    header = {"alg": "RS256", "typ": "JWT", **({"kid": key_id} if key_id else {})}
    return jwt.encode(header, told | claims, key)


_ASKS: dict[str, Callable[[SecurityConfig, OpenMetadataServer], Given]] = {
    "auth0": _auth0,
    "azure": _azure,
    "custom-oidc": _custom_oidc,
    "google": _google,
    "okta": _okta,
}


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The assertion says who asks. Without an `auth`, requests would look for one in ~/.netrc."""
    return request


def _asked(provider: str, endpoint: str, security: SecurityConfig, *secrets: str) -> Asked:
    given = (security.secret_key, security.client_secret, security.private_key)
    texts = (*secrets, *(secret.get_secret_value() for secret in given if secret))
    return Asked(provider, endpoint, PROVIDERS[provider].fields, tuple(filter(None, texts)))


def _with_secret(security: SecurityConfig, secret: SecretStr | None) -> OAuth2Session:
    return _session(security.client_id, secret.get_secret_value() if secret else "", "client_secret_post")


def _session(client: str | None, secret: str | None, method: str) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session  # only these providers pay for it

    return OAuth2Session(client, secret, token_endpoint_auth_method=method)


def _ask(
    asked: Asked, session: OAuth2Session, *, signed: bool = False, grant_type: str = CLIENT_CREDENTIALS, **fields: Any
) -> Given:
    """signed: whether the provider checks our clock."""
    found: list[tuple[str, object]] = []

    def read(answer: requests.Response) -> SimpleNamespace:
        found.append(token_in(asked, answer, signed=signed))
        return NOTHING

    session.register_compliance_hook("access_token_response", read)
    try:
        with session:
            session.fetch_token(asked.endpoint, grant_type=grant_type, timeout=TIMEOUT, allow_redirects=False, **fields)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        # ValueError: requests looks where a redirect leads to before it does not follow it.
        raise not_reached(asked, error) from None
    ((token, told),) = found
    return Given(token, _seconds(told, token))


def _seconds(told: object, token: str) -> float | None:
    """How long a token is good: as its answer says it, else the time between `iat` and `exp` of a JWT.

    Neither needs our clock to be right.
    """
    if isinstance(told, (int, float, str)) and re.fullmatch(r"[0-9]{1,15}(\.[0-9]+)?", str(told)):
        return float(told) or None
    claims = _claims(token)
    begin, end = claims.get("iat"), claims.get("exp")
    return float(end - begin) if _is_time(begin) and _is_time(end) and end > begin else None


def _is_time(claim: object) -> TypeGuard[float]:
    return isinstance(claim, (int, float)) and abs(claim) < 1e15


def _claims(token: str) -> dict[str, Any]:
    """What a JWT says of itself. Nothing is proven by it: OpenMetadata checks it."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _service_account(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    needed = ("client_email", "private_key", "token_uri")
    if (
        isinstance(found, dict)
        and all(isinstance(found.get(name), str) for name in needed)
        and is_url(found["token_uri"])
    ):
        return found
    raise CatalogueRefused(
        "this is not the key of a Google service account",
        where="securityConfig.secretKey",
        why=f"it is no JSON with {', '.join(needed)}",
        remedy="Make a JSON key (IAM > Service accounts > Keys), and give it, or the path of its file from / or ./ on",
    )


PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)


def _rsa_key(text: str, name: str) -> RSAKey:
    """A private RSA key, of a PEM or a JWK.

    The line ends of a PEM may be gone, or spelled: forms have one line, and variables often too.
    """
    from joserfc.errors import JoseError
    from joserfc.jwk import RSAKey

    try:
        key: RSAKey = RSAKey.import_key(json.loads(text) if text.startswith("{") else _pem(text))
        if key.is_private:
            return key
    except (JoseError, ValueError, TypeError):  # their text may be of the key
        pass
    raise CatalogueRefused(
        "the private key cannot be used",
        where=f"securityConfig.{name}",
        why="it is no private RSA key without a password, as PEM or JWK",
        remedy="Give it whole, from -----BEGIN to -----END, or as JSON",
    )


def _pem(text: str) -> str:
    found = PEM.search(text)
    if not found:
        raise ValueError
    body = re.sub(r"\\n|\s", "", found[2])
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {found[1]}-----\n{lines}\n-----END {found[1]}-----\n"
