"""What is told of a workflow, and what is never shown of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.disclosure import advice, redacted, unused
from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, check
from airflow_kinesis_ingest.engine.workflow.models import AWS_BLOCK, SECURITY_BLOCK, SERVER_BLOCK
from airflow_kinesis_ingest.errors import WorkflowError
from tests.workflow_text import (
    CONNECTED,
    ENVIRON,
    EXAMPLE,
    PLACEHOLDERS,
    SERVED,
    SOURCE,
    faults,
    text,
    workflow,
)

SECRETS = [
    (*AWS_BLOCK, "awsAccessKeyId"),
    (*AWS_BLOCK, "awsSecretAccessKey"),
    (*AWS_BLOCK, "awsSessionToken"),
    *((*SECURITY_BLOCK, name) for name in ("jwtToken", "secretKey", "clientSecret", "privateKey")),
    (*SERVER_BLOCK, "extraHeaders", "X-Key"),
    (*SERVER_BLOCK, "sslConfig", "sslCertificate"),
    (*SERVER_BLOCK, "sslConfig", "sslKey"),
]
# As a key it takes up to 12 characters for each of its own, and YAML knows no key of more than 1024.
secret_texts = st.text(st.characters(codec="utf-8", exclude_characters="$\0"), min_size=9, max_size=80).filter(
    lambda value: not any(part in value for part in ("secret", "Secret"))
)


def with_secret(place: tuple[str | int, ...], value: object, document: dict[str, Any]) -> None:
    block: Any = document
    for part in place[:-1]:
        block = block.setdefault(part, {})
    block[place[-1]] = value


def shown(raw: str, secret: str) -> None:
    """Whatever is made of the file, its secret is in none of it, neither as it is nor escaped."""
    document = parse(raw.encode(), "f.json")
    try:
        found = check(document, "f")
    except WorkflowError as error:
        texts = [str(error), repr(error), repr(error.faults), str(error.args)]
    else:
        texts = [repr(found), str(found), redacted(found), str(advice(document, found)), str(unused(found))]
    marked = repr(secret)[1:-1], json.dumps(secret)[1:-1], secret
    for each in texts:
        assert not any(form in each for form in marked)


@pytest.mark.parametrize("shape", ["text", "list", "block", "misspelt", "parent", "number", "key"])
@pytest.mark.parametrize("place", SECRETS, ids=[str(place[-1]) for place in SECRETS])
@settings(max_examples=5)
@given(secret=secret_texts)
def test_a_secret_is_shown_nowhere_whatever_its_shape(secret: str, place: tuple[str, ...], shape: str) -> None:
    """Also where it is a list, below a misspelt key, or in the place of its whole block."""
    secret = f"~{secret}~"
    document = yaml.safe_load(EXAMPLE)
    for each in SECRETS[:2]:
        with_secret(each, "x", document)
    if shape == "key":  # the blank behind a colon is missing
        secret = f"{place[-1]}:~{secret}~"
        with_secret((*place[:-1], secret), None, document)
        shown(json.dumps(document), secret.partition(":")[2])
        return
    values = {"list": [secret], "block": {"value": secret}}
    target = {"misspelt": (*place[:-1], place[-1] + "s"), "parent": place[:-1]}.get(shape, place)
    if shape == "number":
        secret = str(int.from_bytes(secret.encode(), "big"))
        values["number"] = int(secret)  # type: ignore[assignment]
    with_secret(target, values.get(shape, secret), document)
    shown(json.dumps(document), secret)


@pytest.mark.parametrize(
    "typo",
    [
        "securityConfig: {jwtToken:s3cr3t-t0ken}",
        "securityConfig: {jwtToken=s3cr3t-t0ken: 1}",
        "securityConfig: {s3cr3t-t0ken}",
        "securityConfig: {jwtToken: !s3cr3t-t0ken x}",
        "securityConfig: {jwtToken: *s3cr3t-t0ken}",
        "extraHeaders: {X-Key:s3cr3t-t0ken}",
        "extraHeaders: {s3cr3t-t0ken}",
        "hostPort: 'bot:s3cr3t-t0ken@om/api'",
        "hostPort: 'http://bot:s3cr3t-t0ken x@om/api'",
        "hostPort: 'http://om/api?token=s3cr3t-t0ken'",
    ],
)
def test_a_typo_does_not_show_a_secret(typo: str) -> None:
    server = "    hostPort: http://localhost:8585/api\n    securityConfig:\n      jwtToken: eyJ\n"
    raw = EXAMPLE.replace(server, f"    {typo}\n")
    assert raw != EXAMPLE
    assert all("s3cr3t" not in repr(fault) for fault in faults(raw))


def test_a_blank_that_is_missing_is_the_remedy() -> None:
    raw = EXAMPLE.replace("\n      jwtToken: eyJ", " {jwtToken:eyJ}")
    assert "Put a blank after its colon" in [fault.remedy for fault in faults(raw)]


def test_blocks_that_have_no_effect_here_are_shown_without_what_is_in_them() -> None:
    """OpenMetadata's own search has a password there."""
    raw = text(
        server="elasticsSearch: {type: x, config: {es_password: s3cr3t}}",
        more="processor: {type: y, config: {apiKey: s3cr3t}}\n",
    ).replace("workflowConfig:\n", "workflowConfig:\n  config: {any: s3cr3t}\n")
    assert "s3cr3t" not in redacted(workflow(raw))


def test_resolved_secrets_are_hidden_like_those_of_the_file() -> None:
    found = workflow(PLACEHOLDERS, Runtime(ENVIRON))
    for each in (repr(found), str(found), redacted(found)):
        assert not any(secret in each for secret in ("s3cr3t", "AKIA", "eyJ"))


def test_a_redacted_workflow_is_yaml_of_what_was_given_with_names_kept_and_secrets_hidden() -> None:
    raw = PLACEHOLDERS + "tags: [a, b]\noptions: {sample: {position: '2026-11-01T00:00:00+00:00'}}\n"
    found = workflow(raw.replace("jwtToken: ${JWT}", "jwtToken: eyJ"))
    assert yaml.safe_load(redacted(found)) == yaml.safe_load(raw.replace("jwtToken: ${JWT}", "jwtToken: '***'"))


def warnings(raw: str) -> list[str]:
    document = parse(raw.encode(), "f.yaml")
    return [str(fault).removeprefix("f.yaml:") for fault in advice(document, check(document, "f"))]


def test_a_secret_in_the_file_is_worth_a_warning() -> None:
    remedy = "Write ${NAME} and set NAME where runs start, or use `connections`"
    raw = text(aws="awsAccessKeyId: ${KEY}\nawsSecretAccessKey: /starts/like/a/path", server="extraHeaders: {X-Key: k}")
    assert warnings(raw) == [
        f"11:29: {SOURCE}.awsSecretAccessKey: a secret stands in the file. {remedy}",
        f"22:17: {SERVED}.securityConfig.jwtToken: a secret stands in the file. {remedy}",
        f"23:27: {SERVED}.extraHeaders.X-Key: a secret stands in the file. {remedy}",
    ]


def test_the_path_of_a_token_is_no_secret() -> None:
    assert warnings(EXAMPLE.replace("eyJ", "/run/secrets/jwt")) == []


def test_a_name_that_will_not_be_resolved_is_worth_a_warning() -> None:
    raw = EXAMPLE.replace("eyJ", "${JWT}") + "description: of ${TEAM}\n"
    assert warnings(raw) == [
        "21:14: description: `${NAME}` is replaced in connection blocks only, not here. Write the value itself"
    ]


@pytest.mark.parametrize(
    "raw",
    [
        EXAMPLE.replace("serviceName: orders", "serviceName: ${NAME}"),
        CONNECTED.replace("{type: metadata-rest, config: {}}", "{type: file, config: {path: '${NAME}/c.jsonl'}}"),
        CONNECTED.replace("orders_aws", "'${NAME}'"),
        EXAMPLE + "ingestionPipelineFQN: shop.${NAME}\n",
        EXAMPLE + "pipelineRunId: ${NAME}\n",
    ],
    ids=["service", "path", "connection", "pipeline", "run"],
)
def test_a_name_that_will_not_be_resolved_names_nothing(raw: str) -> None:
    """A service called `${NAME}` in the catalogue, or a folder on the disk, is what nobody wants."""
    [fault] = faults(raw)
    assert "`${NAME}` is replaced in connection blocks only, not here" in fault.problem


def test_an_empty_variable_is_no_value() -> None:
    """Two empty keys would make boto3 look for another identity, and catalogue its account."""
    [fault] = faults(PLACEHOLDERS, Runtime(ENVIRON | {"KEY": ""}))
    assert (fault.path, fault.problem) == (f"{SOURCE}.awsAccessKeyId", "the environment has an empty variable KEY")


@pytest.mark.parametrize(
    "more",
    [
        f"owner: {'o' * 501}",
        f"airflowConfig: {{email: {'e' * 255}}}",
        f"airflowConfig: {{scheduleInterval: '{'0,' * 60}0 * * * *'}}",
    ],
    ids=["owner", "email", "schedule"],
)
def test_what_is_longer_than_airflows_columns_is_refused(more: str) -> None:
    """PostgreSQL refuses it, and with it the DAGs of all other files: they are written in one transaction."""
    [fault] = faults(EXAMPLE + more + "\n")
    assert "at most" in fault.problem


@pytest.mark.parametrize("field", ["awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken"])
def test_a_credential_that_cannot_be_sent_is_told_before_it_is(field: str) -> None:
    """A line break behind it, as files have it: the errors of HTTP libraries would show all of it."""
    keys = {"awsAccessKeyId": "A", "awsSecretAccessKey": "s", "awsSessionToken": "t"} | {field: "s3cr3t\n"}
    [fault] = faults(CONNECTED, Runtime({}, aws={"awsRegion": "eu-west-1", **keys}, server={"securityConfig": TOKEN}))
    assert "this cannot be a credential" in fault.problem
    assert "s3cr3t" not in str(fault)


TOKEN = {"jwtToken": "eyJ"}


def test_a_fault_in_a_connection_is_placed_where_the_file_names_it() -> None:
    runtime = Runtime({}, aws={"awsRegion": "Ohio"}, server={"hostPort": "om", "securityConfig": TOKEN})
    [region, host] = faults(CONNECTED, runtime)
    assert (region.line, region.path) == (6, "connections.aws")
    assert region.problem == "`awsRegion` of the connection `orders_aws`: this is not the name of an AWS region"
    assert (host.line, host.path) == (6, "connections.openmetadata")
    assert host.problem == "`hostPort` of the connection `om_prod`: this is not a plain http(s) URL"


def test_given_fields_without_effect_are_named() -> None:
    raw = text(server="limitRecords: 5\nclusterName: x", more="id: 7\n").replace("id: 7", "id: '7'")
    assert unused(workflow(raw)) == [
        "id",
        f"{SERVED}.clusterName",
        f"{SERVED}.limitRecords",
    ]
