"""What a run adds to its file is shown by its name, never as it is, wherever it landed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from airflow_kinesis_ingest.engine.workflow.document import Place, dotted, parse, written
from airflow_kinesis_ingest.engine.workflow.fault_texts import model_in
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, check, origins_of
from airflow_kinesis_ingest.engine.workflow.models import (
    AWS_BLOCK,
    SERVER_BLOCK,
    AwsConfig,
    FilterPattern,
    OpenMetadataServer,
)
from airflow_kinesis_ingest.errors import WorkflowError
from tests.workflow_text import CONNECTED, EXAMPLE, workflow

SECRETS = {
    "a key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "a token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJib3QifQ.c2lnbmF0dXJl",
    "of two lines": "s3cr3t-line-one\ns3cr3t-line-two",
    "an address": "https://bot:s3cr3t-password@om.example.com/api?token=s3cr3t",
    "like a zone": "us-secret-1a",
    "no expression": "s3cr3t(?<s3cr3t-group",
    "of one word": "s3cr3tword",
}


def fields(model: type[BaseModel], place: Place = ()) -> Iterator[Place]:
    """The place of each value below a block; a list and a block of free keys have one each."""
    for name, info in model.model_fields.items():
        here = (*place, info.alias or name)
        inner = model_in(info.annotation)
        if inner is FilterPattern:
            yield (*here, "includes", 0)
        elif inner:
            yield from fields(inner, here)
        elif any(getattr(each, "__origin__", None) is dict for each in (info.annotation, *get_args(info.annotation))):
            yield (*here, "X-Key")
        else:
            yield here


BLOCKS: list[tuple[Place, Place]] = [
    *((AWS_BLOCK, place) for place in fields(AwsConfig)),
    *((SERVER_BLOCK, place) for place in fields(OpenMetadataServer)),
]
by_field = pytest.mark.parametrize(("block", "place"), BLOCKS, ids=[dotted(place) for _, place in BLOCKS])
by_secret = pytest.mark.parametrize("secret", SECRETS.values(), ids=list(SECRETS))


def nested(place: Place, value: object) -> dict[str, Any]:
    """{place: value} as blocks."""
    for part in reversed(place):
        value = [value] if isinstance(part, int) else {part: value}
    assert isinstance(value, dict)
    return value


def merged(one: Any, other: Any) -> Any:
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return {key: merged(one.get(key), other[key]) if key in other else one[key] for key in {**one, **other}}


def pieces(secret: str) -> list[str]:
    """What of a secret must not be seen: all of it, and each part that a message could quote alone."""
    return [secret, repr(secret)[1:-1], secret[:-1], *(part for part in secret.split("\n")), "s3cr3t-group"]


def said_of(raw: str, runtime: Runtime) -> str:
    """All that the user may read: the faults, or, where the value is accepted, what the run's errors would say."""
    try:
        found = workflow(raw, runtime)
    except WorkflowError as error:
        return f"{error}{error!r}{error.faults!r}{error.args}"
    return found.origins.with_names(" ".join(runtime.environ.values()) + repr(runtime.aws) + repr(runtime.server))


def test_every_field_of_a_connection_block_is_tried() -> None:
    assert len(BLOCKS) > 40
    assert ("hostPort",) in [place for _, place in BLOCKS]
    assert ("securityConfig", "jwtToken") in [place for _, place in BLOCKS]


@by_secret
@by_field
def test_a_value_of_the_environment_is_shown_as_its_name(block: Place, place: Place, secret: str) -> None:
    data = merged(parse(EXAMPLE.encode(), "f.yaml").data, nested((*block, *place), "${MY_SECRET}"))
    said = said_of(written(data), Runtime({"MY_SECRET": secret}))
    assert not [piece for piece in pieces(secret) if piece in said]
    if "(it is" in said:
        assert "(it is '${MY_SECRET}')" in said


@by_secret
@by_field
def test_a_value_of_a_connection_is_shown_as_the_connections_name(block: Place, place: Place, secret: str) -> None:
    given: dict[Place, Any] = {
        AWS_BLOCK: {"awsRegion": "us-east-2"},
        SERVER_BLOCK: {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "eyJhb"}},
    }
    given[block] = merged(given[block], nested(place, secret))
    said = said_of(CONNECTED, Runtime({}, aws=given[AWS_BLOCK], server=given[SERVER_BLOCK]))
    assert not [piece for piece in pieces(secret) if piece in said]
    assert "orders_aws" in said if block == AWS_BLOCK else "om_prod" in said


def test_a_value_in_a_wrong_field_is_named_with_its_place() -> None:
    raw = EXAMPLE.replace("http://localhost:8585/api", "${OM_JWT}").replace("us-east-2", "${REGION}")
    said = said_of(raw, Runtime({"OM_JWT": "eyJhbGciOi", "REGION": "us-east-2a"}))
    assert "hostPort: this is not a plain http(s) URL (it is '${OM_JWT}'). Write it like" in said
    assert "awsRegion: this is an availability zone, not a region (it is '${REGION}'). Leave its last" in said


def test_the_values_are_known_before_anything_is_checked() -> None:
    """Of a file that is wrong too: who hides them elsewhere hides them first."""
    raw = EXAMPLE.replace("us-east-2", "${MY_REGION}") + "unknown: 1\n"
    document = parse(raw.encode(), "f.yaml")
    runtime = Runtime(
        {"MY_REGION": "s3cr3tword", "OTHER": "not-asked-for"}, server={"securityConfig": {"jwtToken": "eyJhb"}}
    )
    assert origins_of(document, runtime).values == {"s3cr3tword": "${MY_REGION}", "eyJhb": "connection `None`"}
    with pytest.raises(WorkflowError):
        check(document, "f", runtime)


def test_what_a_library_says_has_the_names_in_the_place_of_the_values() -> None:
    raw = EXAMPLE.replace("us-east-2", "us-east-2\n        profileName: ${PROFILE}").replace("eyJ", "${JWT}")
    found = workflow(raw, Runtime({"PROFILE": "s3cr3t profile", "JWT": "s3cr3t"}))
    said = found.origins.with_names("The config profile ('s3cr3t profile') could not be found, nor s3cr3t")
    assert said == "The config profile ('${PROFILE}') could not be found, nor ${JWT}"


def test_a_value_is_found_in_another_case_too() -> None:
    """A library writes a host in small letters, whatever the file had."""
    found = workflow(EXAMPLE.replace("http://localhost", "http://${HOST}"), Runtime({"HOST": "MyS3cretHost"}))
    assert found.origins.with_names("no such host: mys3crethost") == "no such host: ${HOST}"


def test_a_name_is_not_looked_through_for_the_value_of_another() -> None:
    raw = EXAMPLE.replace("http://localhost", "http://${HOST}").replace("eyJ", "${JWT}")
    found = workflow(raw, Runtime({"HOST": "s3cr3t-host", "JWT": "${HOST}"}))
    assert found.origins.with_names("s3cr3t-host") == "${HOST}"


@pytest.mark.parametrize("value", ["us-east-2", "no-ssl", "openmetadata", "localhost", "abcd"])
def test_what_is_no_secret_stays(value: str) -> None:
    """The names of regions are in every ARN, and a text of four letters in every other sentence."""
    found = workflow(EXAMPLE.replace("us-east-2", "us-east-2\n        profileName: ${X}"), Runtime({"X": value}))
    assert found.origins.with_names(f"in {value}") == f"in {value}"
