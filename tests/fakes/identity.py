"""FakeIdentityProvider: the token endpoints of five identity providers, with the answers that they document.

Auth0: Authentication API, "Get token". Azure: Microsoft identity platform, "Get a token" and "Error codes". Okta: OAuth
2.0 API, "/token". Google: "Using OAuth 2.0 for server to server applications". custom-oidc: RFC 6749 5.1 and 5.2.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.openmetadata import FakeOpenMetadata
from tests.fakes.server import Call, FakeServer, Fault, Recorded, Refused, Reply, json_reply

CLIENT, SECRET, EMAIL = "0oa-client", "sh+h/ s3cr3t&=", "bot@shop.iam.gserviceaccount.com"
SCOPE = "api://catalogue/.default"
OKTA, GOOGLE, AZURE, AUTH0, OIDC = (
    "/oauth2/default/v1/token",
    "/token",
    "/tenant/oauth2/v2.0/token",
    "/oauth/token",
    "/realms/shop/token",
)
CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
Form = dict[str, str]


@cache
def private_key(name: str = "first") -> rsa.RSAPrivateKey:  # noqa: ARG001 - another name, another key
    return rsa.generate_private_key(65537, 2048)


def pem(name: str = "first") -> str:
    key = private_key(name)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def jwk(name: str = "first") -> str:
    found = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name)))
    return json.dumps({**found, "kid": f"kid-{name}"})


def refusal(status: int, error: str, description: str, **more: Any) -> Fault:
    """An error answer of RFC 6749 5.2, in the place of the truth."""
    return Fault(error, reply=json_reply(status, {"error": error, "error_description": description, **more}))


class FakeIdentityProvider(FakeServer):
    """Knows one client (CLIENT, SECRET, the key `first`). The catalogue trusts each token that it gives.

    seconds: how long they are good. offset: how far its clock is from ours. trusted_key: the name of the key that it
    verifies signatures with. issued: the tokens, in order.
    """

    def __init__(self, catalogue: FakeOpenMetadata | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.catalogue = catalogue
        self.seconds: float = 3600
        self.offset = 0.0
        self.trusted_key = "first"
        self.issued: list[str] = []
        self.signed: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def security(self, provider: str) -> dict[str, Any]:
        """`securityConfig` as OpenMetadata's schema has it."""
        blocks: dict[str, dict[str, Any]] = {
            "auth0": {"clientId": CLIENT, "secretKey": SECRET, "domain": self.url},
            "azure": {"clientId": CLIENT, "clientSecret": SECRET, "authority": f"{self.url}/tenant", "scopes": [SCOPE]},
            "custom-oidc": {"clientId": CLIENT, "secretKey": SECRET, "tokenEndpoint": f"{self.url}{OIDC}"},
            "google": {"secretKey": self.service_account(), "audience": "https://catalogue.example.com"},
            "okta": {
                "clientId": CLIENT,
                "orgURL": f"{self.url}{OKTA}",
                "privateKey": pem(),
                "email": EMAIL,
                "scopes": ["catalogue"],
            },
        }
        return blocks[provider]

    def service_account(self, key: str = "first", **changes: Any) -> str:
        found = {
            "type": "service_account",
            "client_email": EMAIL,
            "private_key": pem(key),
            "private_key_id": f"kid-{key}",
        }
        return json.dumps({**found, "token_uri": f"{self.url}{GOOGLE}", **changes})

    def rotate_keys(self) -> None:
        """No token that it gave before is valid any more."""
        assert self.catalogue
        self.catalogue.bots -= set(self.issued)

    def identify(self, request: Recorded) -> Call:
        return Call(request.method, request.path, request.path, request.path, request)

    def answer(self, call: Call) -> Reply:
        answers: dict[str, Callable[[Form], Reply]] = {
            AUTH0: self._auth0,
            AZURE: self._azure,
            OIDC: self._oidc,
            GOOGLE: self._google,
            OKTA: self._okta,
        }
        if call.operation != "POST" or call.target not in answers:
            return json_reply(404, {"message": "Not Found"})
        assert call.request.headers["content-type"].startswith("application/x-www-form-urlencoded")
        try:
            reply = answers[call.target](form(call.request))
        except Refused as refused:
            reply = refused.reply
        date = formatdate(time.time() + self.offset, usegmt=True)
        return Reply(reply.status, reply.body, {**reply.headers, "Date": date})

    def token(self) -> str:
        claims = {"sub": CLIENT, "n": len(self.issued), "iat": self._now(), "exp": self._now() + int(self.seconds)}
        parts = (json.dumps(part).encode() for part in ({"alg": "RS256"}, claims))
        head, body = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        self.issued.append(f"{head}.{body}.c2lnbmF0dXJl")
        if self.catalogue:
            self.catalogue.bots.add(self.issued[-1])
        return self.issued[-1]

    def _now(self) -> int:
        return int(time.time() + self.offset)

    def _given(self, **more: Any) -> Reply:
        return json_reply(
            200, {"access_token": self.token(), "token_type": "Bearer", "expires_in": self.seconds, **more}
        )

    def _with_secret(self, sent: Form, status: int, description: str) -> None:
        _require(sent["grant_type"] == "client_credentials", 400, "unsupported_grant_type", sent["grant_type"])
        right = (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET)
        _require(right, status, "invalid_client", description)

    def _auth0(self, sent: Form) -> Reply:
        self._with_secret(sent, 401, "Unauthorized")
        known = sent.get("audience") == f"{self.url}/api/v2/"
        _require(known, 403, "access_denied", f"Service not found: {sent.get('audience')}")
        return self._given()

    def _azure(self, sent: Form) -> Reply:
        told = "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the client secret value."
        self._with_secret(sent, 401, told)
        fits = sent.get("scope") == SCOPE
        _require(
            fits, 400, "invalid_scope", f"AADSTS1002012: The provided value for scope {sent.get('scope')} is not valid."
        )
        return self._given(ext_expires_in=self.seconds)

    def _oidc(self, sent: Form) -> Reply:
        self._with_secret(sent, 401, "Invalid client or Invalid client credentials")
        return self._given()

    def _okta(self, sent: Form) -> Reply:
        _require(
            sent.get("client_assertion_type") == CLIENT_ASSERTION, 401, "invalid_client", "No client credentials found."
        )
        claims = self._verified(sent["client_assertion"], f"{self.url}{OKTA}", "invalid_client", 401)
        _require(
            claims["iss"] == claims["sub"] == CLIENT, 401, "invalid_client", "The client_assertion's sub is invalid."
        )
        _require(sent.get("scope") == "catalogue", 400, "invalid_scope", "One or more scopes are not configured.")
        return self._given(scope=sent["scope"])

    def _google(self, sent: Form) -> Reply:
        _require(sent.get("grant_type") == JWT_BEARER, 400, "unsupported_grant_type", f"Invalid grant_type: {sent}")
        claims = self._verified(sent["assertion"], f"{self.url}{GOOGLE}", "invalid_grant", 400)
        _require(claims["iss"] == EMAIL, 400, "invalid_grant", "Invalid grant: account not found")
        assert claims["target_audience"] == "https://catalogue.example.com"
        return json_reply(200, {"id_token": self.token()})

    def _verified(self, assertion: str, audience: str, error: str, status: int) -> dict[str, Any]:
        """A signature of the trusted key, for this endpoint, about now by this clock."""
        key = private_key(self.trusted_key).public_key()
        unchecked: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims: dict[str, Any] = jwt.decode(assertion, key, ["RS256"], unchecked, audience=audience)
        except jwt.InvalidTokenError:
            raise _refused(status, error, "Invalid JWT Signature.") from None
        timely = claims["iat"] - 120 <= self._now() <= claims["exp"] <= claims["iat"] + 3600
        _require(
            timely,
            status,
            error,
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
        )
        self.signed.append((jwt.get_unverified_header(assertion), claims))
        return claims


def form(request: Recorded) -> Form:
    return dict(parse_qsl(str(request.body), keep_blank_values=True))


def _refused(status: int, error: str, description: str) -> Refused:
    return Refused(json_reply(status, {"error": error, "error_description": description}))


def _require(true: bool, status: int, error: str, description: str) -> None:
    if not true:
        raise _refused(status, error, description)
