"""What the conf of a run may ask for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_kinesis_ingest.engine.workflow.request import Request, document_in
from airflow_kinesis_ingest.errors import FixFile, WorkflowError


def test_a_request_is_what_the_conf_says() -> None:
    assert Request.of({"probe": "test"}) == Request("test")
    assert Request.of({"probe": "streams", "filter": {"includes": ["a"]}}).filter == {"includes": ["a"]}
    assert Request.of({"probe": "sample", "stream": "orders", "debug": True}) == Request(
        "sample", stream="orders", debug=True
    )


@pytest.mark.parametrize(
    ("conf", "told"),
    [
        ({"probe": "tset"}, "Write one of test, streams, sample"),
        ({"probe": ["test"]}, "Write one of test, streams, sample"),
        ({"probe": None}, "Write one of test, streams, sample"),
        ({"probe": "test", "stream": "a"}, "Allowed here: probe, debug, filter"),
        ({"probe": "sample", "stream": "a", "filter": {}}, "Allowed here: probe, debug, stream"),
        ({"probe": "sample"}, "Write the name of the stream to sample"),
        ({"probe": "sample", "stream": "a b"}, "Write the name of the stream to sample"),
        ({"probe": "test", "debug": "yes"}, "`debug` is neither true nor false"),
        ({"probe": "test", "workflow": {}}, "Allowed here: probe, debug, filter"),
        ({"probe": "streams", "filter": {"includes": ["${TOKEN}"]}}, "the name of a variable"),
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(conf: dict[str, Any], told: str) -> None:
    with pytest.raises(FixFile) as raised:
        Request.of(conf)
    assert told in str(raised.value)
    assert "the conf of this run" in str(raised.value)


def test_a_secret_in_a_refused_conf_is_not_repeated() -> None:
    for conf in ({"probe": "wJalrXUtnFEMI"}, {"probe": "test", "awsSecretAccessKey": "wJalrXUtnFEMI"}):
        with pytest.raises(FixFile) as raised:
            Request.of(conf)
        assert "wJalr" not in str(raised.value)


@pytest.mark.parametrize("conf", [{"probe": "test"}, {"probe": "test", "workflow": "workflows/shop.yaml"}])
def test_a_workflow_that_is_missing_is_asked_for(conf: dict[str, Any]) -> None:
    with pytest.raises(FixFile, match="`workflow` is missing"):
        document_in(conf)


def test_a_workflow_with_a_secret_is_refused_before_it_is_used() -> None:
    with pytest.raises(WorkflowError, match="processor: this may not stand here"):
        document_in({"probe": "test", "workflow": {"source": {}, "processor": {"type": "x"}}})
