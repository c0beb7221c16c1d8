"""The lines of a broken file that its DAG's documentation shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.deployment.excerpts import excerpt
from airflow_kinesis_ingest.engine.workflow.masked import masked
from airflow_kinesis_ingest.errors import Fault

SECRET = "hunter2"


def shown(text: str, *lines: int) -> str:
    return excerpt(masked(None, text.encode()), [Fault("shop.yaml", line, 1, "", "wrong") for line in lines])


def everything(text: str) -> str:
    return shown(text, *range(1, text.count("\n") + 2))


def test_the_lines_of_a_fault_are_shown_with_two_round_it() -> None:
    text = "name: shop\ndisplayName: Shop\nsource:\n  type: kafka\n  serviceName: shop\nsink:\n  type: file\n"
    assert shown(text, 4).splitlines() == [
        "     2 | displayName: Shop",
        "     3 | source:",
        ">    4 |   type: kafka",
        "     5 |   serviceName: shop",
        "     6 | sink:",
    ]


def test_faults_far_apart_leave_out_what_is_between() -> None:
    text = "\n".join(f"retries: {number}" for number in range(30))
    lines = shown(text, 3, 20).splitlines()
    assert lines[5] == "  ..."
    assert lines[6].startswith("    18 | ")


def test_a_fault_of_the_file_as_a_whole_has_no_lines() -> None:
    assert shown("source: {}", 0) == ""


@pytest.mark.parametrize(
    "text",
    [
        f"jwtToken: {SECRET}",
        f"jwtToken: >-\n  {SECRET}",
        f"jwtToken: '\n{SECRET}'",
        f"jwtToken: [\ntype: {SECRET}",
        f"extraHeaders:\n  name: {SECRET}",
        f"extraHeaders: {{\nname: {SECRET}\n}}",
        f"config: {{jwtToken: {SECRET}}}",
        f"type: kinesis # {SECRET}",
        f"# jwtToken: {SECRET}",
        f"hostPort: http://user:{SECRET}@host/api",
        f"owner: a, jwtToken: {SECRET}",
        f"jwtToken:{SECRET}",
        f"jwtToken\n: {SECRET}",
        f"- {SECRET}",
        f"\tname: {SECRET}",
        f"? jwtToken\n: {SECRET}",
        f'{{"securityConfig": {{"jwtToken": "{SECRET}"}}}}',
        f'"securityConfig": {{\n  "name": "{SECRET}"\n}}',
        SECRET,
    ],
)
def test_a_line_that_may_hold_a_secret_is_hidden(text: str) -> None:
    """However it is written: nobody knows what a file that could not be read means."""
    assert SECRET not in everything(text)


@pytest.mark.parametrize(
    "secret", ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "eyJhbGciOiJIUzI1NiIs.a"]
)
@pytest.mark.parametrize("key", ["awsRegion", "owner", "serviceName"])
def test_a_key_or_token_in_a_wrong_field_is_hidden(key: str, secret: str) -> None:
    assert everything(f"{key}: {secret}") == f">    1 | {key}: ***"


KEYS = st.sampled_from(["source", "config", "extraHeaders", "jwtToken", "sslKey", "unknown", "awsSecretAccessKey"])


@given(st.lists(KEYS, min_size=1, max_size=5), KEYS.filter(lambda key: key not in ("source", "config")), st.data())
def test_nothing_below_a_secrets_key_is_shown(above: list[str], key: str, data: st.DataObject) -> None:
    depth = data.draw(st.integers(0, 4))
    lines = [f"{'  ' * at}{name}:" for at, name in enumerate(above)]
    inner = data.draw(st.sampled_from(["name", "type", "owner"]))
    text = "\n".join([*lines, f"{'  ' * len(above)}{key}:", f"{'  ' * (len(above) + depth + 1)}{inner}: {SECRET}"])
    assert SECRET not in everything(text)
