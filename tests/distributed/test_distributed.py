"""The provider on Airflow as companies run it: Celery's workers on machines of their own, without a database."""

from __future__ import annotations

import os
import signal

import pytest

from tests.distributed.conftest import FIRST, SECOND, STREAMS, Deployment
from tests.fakes.server import Fault, Faults, Rule


@pytest.mark.parametrize("aws", ["kinesis", "aws"])
def test_a_run_catalogues_every_stream(aws: str, deployment: Deployment) -> None:
    """With what Airflow's connections hold, of either type, which a worker gets from the api-server."""
    deployment.drop(f"by_{aws}", deployment.workflow(aws))
    run_id = deployment.airflow.trigger(f"by_{aws}")
    state = deployment.airflow.await_run(f"by_{aws}", run_id)
    assert state == "success", deployment.airflow.log(f"by_{aws}", run_id, "ingest")
    assert deployment.airflow.result(f"by_{aws}", run_id, "ingest")["listed"] == STREAMS
    assert len(deployment.topics()) == STREAMS
    assert deployment.status(f"by_{aws}") == ["success"]
