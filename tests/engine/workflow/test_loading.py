"""From text to a workflow: what is resolved when, and that anything at all is read or refused."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, check, connections_in, from_mapping, loads
from airflow_kinesis_ingest.errors import MAX_FAULTS, Fault, WorkflowError
from tests.workflow_text import (
    ARN,
    CONNECTED,
    ENVIRON,
    EXAMPLE,
    PLACEHOLDERS,
    SERVED,
    SOURCE,
    faults,
    text,
    told,
    workflow,
)

# --- what is resolved, and when -------------------------------------------------------------------------------------


def test_without_a_runtime_no_name_is_resolved() -> None:
    """Validation and Airflow's parsing read no environment."""
    found = workflow(PLACEHOLDERS)
    assert found.aws.endpoint_url == "http://${HOST}:${PORT}"
    assert found.aws.aws_access_key_id is not None
    assert found.aws.aws_access_key_id.get_secret_value() == "${KEY}"


def test_with_a_runtime_the_names_in_connection_blocks_are_resolved_and_no_others() -> None:
    found = workflow(PLACEHOLDERS, Runtime(ENVIRON))
    assert found.aws.endpoint_url == "http://127.0.0.1:4566"
    assert found.aws.aws_secret_access_key is not None
    assert found.aws.aws_secret_access_key.get_secret_value() == "s3cr3t${KEY}"
    assert found.server.security_config is not None
    assert found.server.security_config.jwt_token is not None
    assert found.server.security_config.jwt_token.get_secret_value() == "eyJ"
    assert (found.description, found.service.description) == ("costs ${PRICE}", "of ${KEY}")


def test_all_names_the_environment_lacks_are_told_at_once() -> None:
    assert told(PLACEHOLDERS, Runtime({"KEY": "AKIA"})) == [
        f"10:22: {SOURCE}.endPointURL: the environment has no variable HOST. Set HOST where the run starts",
        f"10:22: {SOURCE}.endPointURL: the environment has no variable PORT. Set PORT where the run starts",
        f"12:29: {SOURCE}.awsSecretAccessKey: the environment has no variable SECRET. Set SECRET where the run starts",
        f"23:17: {SERVED}.securityConfig.jwtToken: the environment has no variable JWT. Set JWT where the run starts",
    ]


def test_a_resolved_value_is_checked_like_one_in_the_file() -> None:
    raw = EXAMPLE.replace("us-east-2", "${REGION}")
    assert workflow(raw).aws.aws_region == "${REGION}"
    [fault] = faults(raw, Runtime({"REGION": "Ohio"}))
    assert (fault.line, fault.column) == (9, 20)


def test_an_airflow_connection_wins_over_the_file_key_by_key() -> None:
    runtime = Runtime({}, aws={"awsRegion": "eu-west-1", "awsAccessKeyId": "AKIA", "awsSecretAccessKey": "${NAME}"})
    found = workflow(text(aws="profileName: readers"), runtime).aws
    assert (found.aws_region, found.profile_name) == ("eu-west-1", "readers")
    assert found.aws_secret_access_key is not None
    assert found.aws_secret_access_key.get_secret_value() == "${NAME}"


def test_a_name_that_a_connection_makes_needless_need_not_be_set() -> None:
    raw = text(aws="awsAccessKeyId: AKIA\nawsSecretAccessKey: ${SECRET}")
    found = workflow(raw, Runtime({}, aws={"awsSecretAccessKey": "s3cr3t"})).aws
    assert found.aws_secret_access_key is not None
    assert found.aws_secret_access_key.get_secret_value() == "s3cr3t"


def test_an_airflow_connection_stands_in_for_a_block_that_the_file_leaves_out() -> None:
    server = {"hostPort": "http://om:8585/api", "securityConfig": {"jwtToken": "eyJ"}}
    found = workflow(CONNECTED, Runtime({}, aws={"awsRegion": "eu-west-1"}, server=server))
    assert found.aws.aws_region == "eu-west-1"
    assert found.server.host_port == "http://om:8585/api"


def test_a_connection_that_says_too_little_is_told_by_what_is_missing() -> None:
    assert [fault.problem for fault in faults(CONNECTED, Runtime({}, aws={}))] == ["`awsRegion` is missing"]


def test_a_connection_may_bring_the_token_of_a_server_that_the_file_names() -> None:
    raw = CONNECTED + "workflowConfig: {openMetadataServerConfig: {hostPort: 'http://om:8585/api'}}\n"
    found = workflow(raw, Runtime({}, aws={"awsRegion": "eu-west-1"}, server={"securityConfig": {"jwtToken": "eyJ"}}))
    assert found.server.host_port == "http://om:8585/api"
    assert found.server.security_config is not None
    assert found.server.security_config.jwt_token is not None
    assert workflow(raw).server.security_config is None


@pytest.mark.parametrize("broken", ["connections: {aws: [a]}", "connections: x", "connections:"])
def test_a_document_tells_its_connections_before_it_is_checked(broken: str) -> None:
    """Airflow looks them up first; names that are wrong are told by the check, not twice."""
    good = parse(CONNECTED.encode(), "f.yaml")
    assert connections_in(good) == workflow(CONNECTED).connections
    bad = parse((CONNECTED[: CONNECTED.index("connections")] + broken).encode(), "f.yaml")
    assert connections_in(bad) == workflow(EXAMPLE).connections


def test_plain_data_is_checked_like_a_file() -> None:
    assert from_mapping(yaml.safe_load(EXAMPLE)) == workflow(EXAMPLE)
    with pytest.raises(WorkflowError, match="`serviceName` is missing"):
        from_mapping({"name": "x", "source": {}})


def test_a_runtime_leaves_the_document_as_it_was() -> None:
    """Two runs of one parsed file do not see one another's values."""
    document = parse(PLACEHOLDERS.encode(), "f.yaml")
    before = deepcopy(document.data)
    check(document, "f", Runtime(ENVIRON, aws={"awsRegion": "eu-west-1"}))
    assert document.data == before


def test_outside_of_airflow_a_connection_id_is_a_fault_that_says_what_to_do() -> None:
    found = workflow(CONNECTED)
    with pytest.raises(WorkflowError, match=r"connections.aws: `orders_aws` is an Airflow connection, unknown here"):
        _ = found.aws
    with pytest.raises(WorkflowError, match=r"connections.openmetadata: `om_prod` is an Airflow connection"):
        _ = found.server


def test_what_a_file_has_beside_a_connection_that_is_unknown_does_not_stand_for_it() -> None:
    """It says where, the connection as whom: with the machine's own credentials another account is catalogued."""
    raw = EXAMPLE + "connections: {aws: orders_aws, openmetadata: om_prod}\n"
    found = workflow(raw, Runtime(ENVIRON))
    line = len(raw.splitlines())
    with pytest.raises(WorkflowError) as caught:
        _ = found.aws
    assert (caught.value.faults[0].line, caught.value.faults[0].path) == (line, "connections.aws")
    with pytest.raises(WorkflowError) as caught:
        _ = found.server
    assert (caught.value.faults[0].line, caught.value.faults[0].path) == (line, "connections.openmetadata")
    assert workflow(raw, Runtime(ENVIRON, aws={}, server={})).aws.aws_region == "us-east-2"


ROLE = f"awsRegion: us-east-2\n        assumeRoleArn: {ARN}"


def test_an_external_id_may_come_from_the_environment_and_a_connection_wins() -> None:
    raw = EXAMPLE.replace("awsRegion: us-east-2", ROLE) + "options: {assumeRole: {externalId: '${KEY}'}}\n"
    assert workflow(raw, Runtime({"KEY": "partner"})).options.assume_role.external_id == "partner"
    found = workflow(raw, Runtime({}, aws={"externalId": "other", "durationSeconds": 900})).options.assume_role
    assert (found.external_id, found.duration_seconds) == ("other", 900)
    with pytest.raises(WorkflowError, match=r"options\.assumeRole\.externalId: AWS does not accept this external id"):
        workflow(raw.replace("${KEY}", "a b"))


def test_what_is_asked_of_a_role_that_nobody_names_is_a_fault() -> None:
    """A run would go on as somebody else. A connection may name the role: then it waits for the run."""
    raw = EXAMPLE + "options: {assumeRole: {externalId: partner}}\n"
    with pytest.raises(WorkflowError, match=r"options\.assumeRole: there is no role to assume"):
        workflow(raw)
    assert workflow(raw + "connections: {aws: shop}\n").options.assume_role.external_id == "partner"


# --- whatever is in the file ----------------------------------------------------------------------------------------

FULL = text(
    aws="awsAccessKeyId: ${KEY}\nawsSecretAccessKey: ${SECRET}\nendPointURL: http://k:1\nassumeRoleArn: " + ARN,
    metadata="topicFilterPattern: {includes: ['a.*'], excludes: [b]}\ngenerateSampleData: true",
    server="verifySSL: validate\nsslConfig: {caCertificate: /ca}\nextraHeaders: {X-A: b}",
    more="airflowConfig: {scheduleInterval: daily, startDate: 2026-11-01, endDate: 2026-12-01}\n"
    "connections: {aws: a}\nservice: {displayName: x}\noptions: {sample: {position: latest}, quota: 0.5}\n",
)
LOADED: dict[str, Any] = json.loads(json.dumps(yaml.safe_load(FULL), default=str))
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**6)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["kinesis", "file", "2026-11-01", "${X}", "0001-01-01T00:00:00+14:00", "daily", "us-east-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(node: object, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(node, (dict, list)):
        for part, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*place, part)
            yield from places(child, (*place, part))


def found_faults(raw: bytes, file: str, runtime: Runtime | None) -> tuple[Fault, ...]:
    try:
        loads(raw, file, runtime)
    except WorkflowError as error:
        return error.faults
    return ()


def read_or_refused(raw: str, file: str, runtime: Runtime | None = None) -> None:
    """A workflow, or faults with a place inside the file and something to do."""
    for fault in found_faults(raw.encode("utf-8", "replace"), file, runtime):
        assert fault.remedy
        assert fault.problem
        assert (1 <= fault.line <= len(re.split("[\n\r\x85\u2028\u2029]", raw)) + 1) or fault.path == ""


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from([None, Runtime({}), Runtime({}, aws={"awsRegion": "eu-west-1"}, server={})]))
def test_a_workflow_with_anything_anywhere_is_read_or_refused(data: st.DataObject, runtime: Runtime | None) -> None:
    """One or two places of a valid workflow hold something else, have another name or are gone."""
    document = deepcopy(LOADED)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(list(places(document)) or [("x",)]))
        holder: Any = document
        for part in place[:-1]:
            holder = holder[part]
        value = data.draw(ANYTHING)
        match data.draw(st.sampled_from(["change", "remove", "rename"])):
            case "change":
                holder[place[-1]] = value
            case "rename" if isinstance(holder, dict):
                holder[data.draw(st.text(max_size=12))] = holder.pop(place[-1])
            case _:
                del holder[place[-1]]
    read_or_refused(json.dumps(document), "f.json", runtime)


@settings(max_examples=300)
@given(st.integers(0, len(FULL)), st.integers(0, 12), st.text(max_size=6))
def test_a_workflow_with_any_slip_of_the_keyboard_is_read_or_refused(start: int, length: int, typed: str) -> None:
    read_or_refused(FULL[:start] + typed + FULL[start + length :], "f.yaml")


def test_of_very_many_faults_only_those_that_are_told_are_put_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for what 20,000 unknown keys may have meant takes seconds; Airflow gives all files together 30."""
    searched = []

    def no_match(*asked: Any) -> list[str]:
        searched.append(asked)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", no_match)
    with pytest.raises(WorkflowError) as caught:
        loads(b"source: 1\n" + b"".join(b"key_%d: 1\n" % number for number in range(20_000)), "f.yaml")
    assert len(searched) <= MAX_FAULTS + 1
    assert caught.value.what == "20002 faults in the workflow file"
    assert [fault.line for fault in caught.value.faults[1:4]] == [1, 2, 3]
    assert caught.value.faults[-1].problem == "19902 more faults follow"


def test_the_first_faults_of_very_many_are_the_first_of_the_file() -> None:
    """Whatever pydantic finds first, and also where values that cannot be read stand between."""
    keys = "".join(f"key_{number}: {'!x 1' if number % 2 else 1}\n" for number in range(300))
    with pytest.raises(WorkflowError) as caught:
        loads(f"{keys}source: 1\n".encode(), "f.yaml")
    lines = [fault.line for fault in caught.value.faults]
    assert lines == sorted(lines)
    assert set(range(2, 50)) <= set(lines)
