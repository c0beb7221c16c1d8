"""AWS as a run of one stream meets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.kinesis import FakeKinesis, json_streams


@pytest.fixture
def kinesis() -> Iterator[FakeKinesis]:
    with FakeKinesis(json_streams(1), region="eu-west-1", quotas={}) as running:
        yield running


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKinesis]:
    """An STS at another address than Kinesis, as in life."""
    with FakeKinesis(checks_region=False) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", running.url)
        yield running
