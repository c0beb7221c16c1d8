"""FakeCredentials: what gives a machine its AWS credentials over HTTP, but for STS: a container's metadata service."""

from __future__ import annotations

import time

import pytest
from botocore.utils import ContainerMetadataFetcher

from tests.fakes.server import Call, FakeServer, Recorded, Reply, json_reply


class FakeCredentials(FakeServer):
    """Gives the keys ASIACONTAINER, good for an hour, to whoever asks."""

    def found_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As in a container; and botocore's second between two tries is none."""
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{self.url}/container")
        monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)

    def identify(self, request: Recorded) -> Call:
        return Call(request.method, request.path, request.path, request.path, request)

    def answer(self, call: Call) -> Reply:  # noqa: ARG002 - it has one answer
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        keys = {"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "secret", "Token": "token"}
        return json_reply(200, {**keys, "Expiration": until})
