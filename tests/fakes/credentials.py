"""FakeCredentials: what gives a machine its AWS credentials over HTTP, but for STS.

A container's metadata service (ECS, EKS Pod Identity), an instance's (IMDSv2), and SSO's portal and token service.
Paths, headers and answers as in the AWS documentation: "Amazon ECS task IAM role", "Learn how EKS Pod Identity works",
"Use the Instance Metadata Service", and the API references of IAM Identity Center.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from botocore.utils import ContainerMetadataFetcher

from tests.fakes.server import Call, FakeServer, Recorded, Refused, Reply, json_reply

ECS, PODS = "/v2/credentials/task", "/v1/credentials"
IMDS = "/latest/meta-data/iam/security-credentials/"
IMDS_TOKEN, INSTANCE_ROLE = "imds-session-token", "instance-role"
PORTAL, SSO_TOKENS = "/federation/credentials", "/token"
START_URL = "https://example.awsapps.com/start"
SSO_PROFILE = f"""\
[profile people]
sso_session = company
sso_account_id = 123456789012
sso_role_name = reader
[sso-session company]
sso_start_url = {START_URL}
sso_region = eu-west-1
"""


def utc(seconds: float) -> str:
    """So many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class FakeCredentials(FakeServer):
    """Gives keys that are good for `seconds`: ASIACONTAINER, ASIAINSTANCE, ASIASSO, each with a number.

    pod_token: what EKS's agent wants in the Authorization header. sso_token: what the portal takes for a session.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seconds: float = 3600
        self.pod_token = "pod-token"
        self.sso_token = "sso-token"

    # --- where a machine finds it

    def found_by_a_task(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of ECS; and botocore's second between two tries is none."""
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ECS)
        monkeypatch.setattr(ContainerMetadataFetcher, "IP_ADDRESS", f"127.0.0.1:{self.port}")
        monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)

    def found_by_a_pod(self, monkeypatch: pytest.MonkeyPatch, token: Path) -> None:
        """Of EKS, with the agent of Pod Identity. token: the file that it mounts."""
        token.write_text(self.pod_token, encoding="utf-8")
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{self.url}{PODS}")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
        monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)

    def found_by_an_instance(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.url)

    def found_by_sso(self, monkeypatch: pytest.MonkeyPatch, folder: Path, *, session_seconds: float = 3600) -> None:
        """A profile `people` of a machine whose user ran `aws sso login`; its session ends in session_seconds."""
        (folder / "config").write_text(SSO_PROFILE, encoding="utf-8")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO", self.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSO_OIDC", self.url)
        for provider in (SSOProvider, SSOTokenProvider):
            monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", str(folder))
        login = {"startUrl": START_URL, "region": "eu-west-1", "accessToken": self.sso_token}
        client = {"clientId": "c", "clientSecret": "cs", "refreshToken": "r", "registrationExpiresAt": utc(86400)}
        name = hashlib.sha1(b"company").hexdigest()
        (folder / f"{name}.json").write_text(json.dumps({**login, **client, "expiresAt": utc(session_seconds)}))

    # --- what it answers

    def identify(self, request: Recorded) -> Call:
        return Call(request.method, request.path, request.path, request.path, request)

    def answer(self, call: Call) -> Reply:
        answers: dict[tuple[str, str], Callable[[Recorded], Reply]] = {
            ("GET", ECS): lambda _: self._keys("CONTAINER", ECS),
            ("GET", PODS): self._pod,
            ("PUT", "/latest/api/token"): self._imds_token,
            ("GET", IMDS): lambda request: self._imds(request, Reply(200, INSTANCE_ROLE.encode())),
            ("GET", f"{IMDS}{INSTANCE_ROLE}"): lambda request: self._imds(request, self._keys("INSTANCE", call.target)),
            ("GET", PORTAL): self._portal,
            ("POST", SSO_TOKENS): self._sso_session,
        }
        known = answers.get((call.operation, call.target))
        return known(call.request) if known else Reply(404)

    def _keys(self, name: str, path: str) -> Reply:
        keys = {"AccessKeyId": f"ASIA{name}{self.counts[path]}", "SecretAccessKey": "secret", "Token": "token"}
        return json_reply(200, {**keys, "Code": "Success", "Expiration": utc(self.seconds)})

    def _pod(self, request: Recorded) -> Reply:
        if request.headers.get("authorization") != self.pod_token:
            return Reply(400, b"Access Denied")
        return self._keys("CONTAINER", PODS)

    def _imds_token(self, request: Recorded) -> Reply:
        assert request.headers["x-aws-ec2-metadata-token-ttl-seconds"]
        return Reply(200, IMDS_TOKEN.encode())

    def _imds(self, request: Recorded, reply: Reply) -> Reply:
        """Version 2 only: without the token of a session there is nothing."""
        if request.headers.get("x-aws-ec2-metadata-token") != IMDS_TOKEN:
            raise Refused(Reply(401))
        return reply

    def _portal(self, request: Recorded) -> Reply:
        if request.headers.get("x-amz-sso_bearer_token") != self.sso_token:
            return _error(401, "UnauthorizedException", "Session token not found or invalid")
        if (request.query["account_id"], request.query["role_name"]) != ("123456789012", "reader"):
            return _error(403, "ForbiddenException", "No access")
        keys = {"accessKeyId": f"ASIASSO{self.counts[PORTAL]}", "secretAccessKey": "secret", "sessionToken": "token"}
        return json_reply(200, {"roleCredentials": {**keys, "expiration": int(1000 * (time.time() + self.seconds))}})

    def _sso_session(self, request: Recorded) -> Reply:
        if request.body != {"grantType": "refresh_token", "clientId": "c", "clientSecret": "cs", "refreshToken": "r"}:
            return _error(400, "InvalidGrantException", "Invalid refresh token provided")
        self.sso_token = "renewed-sso-token"
        return json_reply(200, {"accessToken": self.sso_token, "expiresIn": 3600, "tokenType": "Bearer"})


def _error(status: int, code: str, message: str) -> Reply:
    reply = json_reply(status, {"message": message})
    return Reply(status, reply.body, {**reply.headers, "x-amzn-errortype": code})
