"""The routes held to their own OpenAPI document by made-up requests."""

from __future__ import annotations

import warnings
from typing import Any, cast

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.page.conftest import Client
from tests.page.rows import run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its dependencies' own
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
def test_whatever_is_asked_is_answered_as_documented(
    mode: schemathesis.GenerationMode, app: FastAPI, client: Client
) -> None:
    """Also with what no route takes: never a server error, never an answer of another form."""
    run("shop", 1, value={"state": "success", "failures": [{}]})
    headers = {"Authorization": f"Bearer {client('admin').cookies['_token']}"}
    schema = schemathesis.openapi.from_asgi("/kinesis/api/openapi.json", app, headers=headers)
    for found in schema.get_all_operations():
        operation: Any = cast("Any", found).ok()
        answered = answers_of(operation, mode, headers)
        # A file that somebody would write is made up once in a blue moon.
        assert 200 in answered or operation.method != "get" or "/files/" in operation.path


def answers_of(operation: Any, mode: schemathesis.GenerationMode, headers: dict[str, str]) -> set[int]:
    """The statuses of its answers to made-up requests, each held to the document."""
    answered = set[int]()

    @settings(max_examples=40, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def check(case: Any, known: bool) -> None:
        if known and "dag_id" in (case.path_parameters or {}):
            case.path_parameters |= {"dag_id": "shop"}
        response = case.call(headers=headers)
        answered.add(response.status_code)
        # What the document allows may still be no workflow: a body that is right in form is refused for its faults.
        left_out = [positive_data_acceptance] if operation.method != "get" else []
        case.validate_response(response, headers=headers, excluded_checks=left_out)

    check()
    return answered
