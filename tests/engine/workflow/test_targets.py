"""One file for many accounts and regions: each target is a workflow of its own; a wrong one is told by its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.disclosure import advice
from airflow_kinesis_ingest.engine.workflow.document import parse, written
from airflow_kinesis_ingest.engine.workflow.fence import Fence
from airflow_kinesis_ingest.engine.workflow.loading import Runtime, check, loads
from airflow_kinesis_ingest.engine.workflow.models import Workflow
from airflow_kinesis_ingest.engine.workflow.targets import MOST, Target, document_of, each_target, target_of
from airflow_kinesis_ingest.errors import FixFile, WorkflowError

ONE, TWO = "111111111111", "222222222222"
ROLE = "arn:aws:iam::{account}:role/catalogue"
SOURCE = {"type": "kinesis", "sourceConfig": {"config": {"type": "MessagingMetadata"}}}


def file(targets: Any, **blocks: Any) -> str:
    return written({"name": "org", "source": SOURCE, "targets": targets} | blocks)


def workflow(targets: Any, **blocks: Any) -> Workflow:
    return loads(file(targets, **blocks).encode(), "org.yaml")


def targets(given: Any, **blocks: Any) -> tuple[Target, ...]:
    return each_target(workflow(given, **blocks))


def faults(text: str) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        loads(text.encode(), "org.yaml")
    return list(map(str, caught.value.faults))


def awsed(**config: Any) -> dict[str, Any]:
    return {**SOURCE, "serviceConnection": {"config": {"type": "Kinesis", "awsConfig": config}}}


# --- what a target is ------------------------------------------------------------------------------------------------


def test_a_file_without_targets_is_one_target_itself() -> None:
    """Its key is empty; account and region are as far as the file says them."""
    plain = loads(
        written(
            {"name": "org", "source": awsed(awsRegion="us-east-2", assumeRoleArn=ROLE.replace("{account}", ONE))}
            | {"targets": None}
        )
        .replace("type: kinesis", "type: kinesis\n  serviceName: shop")
        .encode(),
        "org.yaml",
    )
    assert each_target(plain) == (Target("", ONE, "us-east-2", plain),)


def test_accounts_times_regions_is_a_target_for_each() -> None:
    """In the order of the file, and each with a role and a messaging service of its own."""
    found = targets({"accounts": [ONE, TWO], "regions": ["us-east-2", "eu-west-1"], "assumeRoleArn": ROLE})
    assert [each.key for each in found] == [
        f"{ONE}_us-east-2",
        f"{ONE}_eu-west-1",
        f"{TWO}_us-east-2",
        f"{TWO}_eu-west-1",
    ]
    last = found[-1].workflow
    assert (last.aws.aws_region, last.aws.assume_role_arn) == ("eu-west-1", f"arn:aws:iam::{TWO}:role/catalogue")
    assert (last.source.service_name, last.options.account) == (f"org_{TWO}_eu-west-1", TWO)
    assert last.targets is None


def test_a_list_overlays_the_file_target_by_target() -> None:
    """Every field of a target is in its workflow, and what it does not name is the file's."""
    one = {
        "awsRegion": "eu-west-1",
        "account": ONE,
        "connection": "aws_{account}",
        "externalId": "of-the-company",
        "profileName": "in_{region}",
        "endPointURL": "https://kinesis.{region}.example.com",
        "serviceName": "orders_{region}",
        "topicFilterPattern": {"includes": ["orders.*"]},
        "pool": "kinesis_{account}_{region}",
        "queue": "{region}",
    }
    first, second = targets(
        [one, {"account": TWO}],
        source=awsed(awsRegion="us-east-2", profileName="main"),
        options={"quota": 0.5, "assumeRole": {"durationSeconds": 900}},
        airflowConfig={"pool": "shared"},
    )
    its = first.workflow
    assert (its.aws.profile_name, its.aws.endpoint_url) == ("in_eu-west-1", "https://kinesis.eu-west-1.example.com")
    assert (its.connections.aws, its.options.assume_role.external_id) == (f"aws_{ONE}", "of-the-company")
    assert (its.options.assume_role.duration_seconds, its.options.quota) == (900, 0.5)
    assert (its.airflow_config.pool, its.airflow_config.queue) == (f"kinesis_{ONE}_eu-west-1", "eu-west-1")
    assert its.source.service_name == "orders_eu-west-1"
    assert its.metadata.topic_filter_pattern
    assert its.metadata.topic_filter_pattern.includes == ["orders.*"]
    plain = second.workflow
    assert (second.key, plain.aws.aws_region, plain.aws.profile_name) == (f"{TWO}_us-east-2", "us-east-2", "main")
    assert (plain.airflow_config.pool, plain.connections.aws) == ("shared", None)


@pytest.mark.parametrize(
    ("path", "its"),
    [
        (None, f"org.{ONE}_us-east-2.catalogue.jsonl"),
        ("/data/all.catalogue.jsonl", f"/data/all.{ONE}_us-east-2.catalogue.jsonl"),
        ("out/topics.json", f"out/topics.{ONE}_us-east-2.json"),
        ("topics", f"topics.{ONE}_us-east-2"),
    ],
)
def test_each_target_has_a_catalogue_file_of_its_own(path: str | None, its: str) -> None:
    sink: dict[str, Any] = {"type": "file"} | ({"config": {"path": path}} if path else {})
    (found,) = targets({"account": ONE, "awsRegion": "us-east-2"}, sink=sink)
    assert found.workflow.destination.config
    assert found.workflow.destination.config.path == its


def test_the_account_is_the_roles_where_an_arn_says_it() -> None:
    """The target's ARN or, where no connection may have another role, the file's."""
    role = ROLE.replace("{account}", ONE)
    (own,) = targets({"awsRegion": "us-east-2", "assumeRoleArn": role})
    (of_file,) = targets({"regions": ["us-east-2"]}, source=awsed(assumeRoleArn=role))
    assert own.account == of_file.account == ONE


REGION = st.sampled_from(["us-east-1", "us-east-2", "eu-west-1", "ap-southeast-2", "cn-north-1"])
ACCOUNT = st.integers(0, 10**12 - 1).map("{:012d}".format)


@given(st.lists(ACCOUNT, min_size=1, max_size=4, unique=True), st.lists(REGION, min_size=1, max_size=4, unique=True))
def test_the_document_of_a_target_becomes_the_workflow_of_the_target(accounts: list[str], regions: list[str]) -> None:
    """What a DAG is made from and what a run reads are one: the models overlaid, or the file overlaid and checked."""
    text = file({"accounts": accounts, "regions": regions, "assumeRoleArn": ROLE, "externalId": "x1"})
    document = parse(text.encode(), "org.yaml")
    whole = check(document, "org")
    found = each_target(whole)
    assert len({each.key for each in found}) == len({each.workflow.source.service_name for each in found}) == len(found)
    for each in found:
        assert check(document_of(document, whole, each.key), "other stem") == each.workflow


def test_what_a_target_says_wins_over_its_connection() -> None:
    """The region and the role are what the target is; the keys of the connection are how it gets there."""
    document = parse(
        file({"account": ONE, "awsRegion": "us-east-2", "assumeRoleArn": ROLE, "connection": "hub"}).encode(), "x.yaml"
    )
    its = document_of(document, check(document, "x"), f"{ONE}_us-east-2")
    hub = {"awsRegion": "eu-west-1", "assumeRoleArn": "arn:aws:iam::999999999999:role/hub", "profileName": "p"}
    resolved = check(its, "x", Runtime({}, aws=hub))
    assert resolved.aws.aws_region == "us-east-2"
    assert resolved.aws.assume_role_arn == f"arn:aws:iam::{ONE}:role/catalogue"
    assert resolved.aws.profile_name == "p"


@pytest.mark.parametrize(
    ("key", "what"), [("", "2 targets are in this file, and none is named"), ("9_x", "there is no target `9_x`")]
)
def test_a_target_that_is_not_there_is_told_with_those_that_are(key: str, what: str) -> None:
    with pytest.raises(FixFile) as caught:
        target_of(workflow({"accounts": [ONE, TWO], "regions": ["us-east-2"]}), key)
    assert str(caught.value).startswith(f"org: {what}")
    assert f"{ONE}_us-east-2, {TWO}_us-east-2" in str(caught.value)


# --- what is refused -------------------------------------------------------------------------------------------------

OTHER_DIGITS = "\N{ARABIC-INDIC DIGIT ONE}" * 12
HEAD = """\
name: org
source: {type: kinesis, sourceConfig: {config: {type: MessagingMetadata}}}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("targets: []", ["3:10: targets: this list is empty"]),
        ("targets: 3", ["3:10: targets: this should be a valid list (it is '3')"]),
        ("targets: [3]", ["3:11: targets[0]: this should be a block"]),
        (
            "targets: {acounts: ['111111111111'], awsRegion: us-east-2}",
            ["3:11: targets.acounts: the key `acounts` is unknown. Did you mean `accounts`?"],
        ),
        (
            "targets:\n  - {acount: x, awsRegion: us-east-2}",
            ["4:6: targets[0].acount: the key `acount` is unknown. Did you mean `account`?"],
        ),
        (
            "targets: {accounts: [111111111111], regions: [us-east-2]}",
            ["3:22: targets.accounts[0]: this should be a valid string (it is '111111111111'). Put it in quotes"],
        ),
        ("targets: {accounts: ['1'], regions: [us-east-2]}", ["3:22: targets.accounts[0]: this is no AWS account"]),
        (
            "targets: {accounts: [], regions: [nowhere]}",
            ["3:21: targets.accounts: this list is empty", "3:35: targets.regions[0]: this is not the name of an AWS"],
        ),
        (
            "targets: {account: '111111111111', regions: ['${REGION}']}",
            ["3:46: targets.regions[0]: `${NAME}` is replaced in connection blocks only"],
        ),
        (
            "targets: {account: '111111111111', awsRegion: us-east-2, assumeRoleArn: 'arn:aws:iam::{acount}:role/x'}",
            ["3:73: targets.assumeRoleArn: nothing is known that could stand in these braces"],
        ),
        (
            "targets: {account: '111111111111', awsRegion: us-east-2, serviceName: '{name_{account}'}",
            ["3:71: targets.serviceName: a brace stands alone here"],
        ),
        (
            f"targets: {{account: '{OTHER_DIGITS}', awsRegion: us-east-2}}",
            ["3:20: targets.account: this is no AWS account"],
        ),
        (
            f"targets: {{account: '111111111111', awsRegion: us-east-{OTHER_DIGITS[0]}}}",
            ["3:47: targets.awsRegion: this is not the name"],
        ),
        (
            "targets: {account: '111111111111', accounts: ['222222222222'], regions: [us-east-2]}",
            ["3:46: targets.accounts: `account` and `accounts` stand in one block"],
        ),
        ("targets: {regions: [us-east-2]}", ["3:1: targets: nothing says which account this is"]),
        (
            "targets:\n  - {connection: a, awsRegion: us-east-2}",
            ["4:5: targets[0]: nothing says which account this is"],
        ),
        ("targets: {account: '111111111111'}", ["3:1: targets: nothing says which region this is"]),
        (
            "targets: {account: '111111111111', awsRegion: us-east-2, "
            "assumeRoleArn: 'arn:aws:iam::222222222222:role/x'}",
            ["3:73: targets.assumeRoleArn: this role is of the account 222222222222, and not of 111111111111"],
        ),
        (
            "targets: {account: '111111111111', awsRegion: us-east-2, externalId: abc}",
            ["3:70: targets.externalId: there is no role to assume"],
        ),
        (
            "targets:\n  - {account: '111111111111', awsRegion: us-east-2, serviceName: a}\n"
            "  - {account: '111111111111', awsRegion: us-east-2, serviceName: b}",
            ["5:5: targets[1]: `111111111111_us-east-2` is a target twice (first on line 4)"],
        ),
        (
            "targets: {account: '111111111111', regions: [us-east-2, us-east-2]}",
            ["3:10: targets: `111111111111_us-east-2` is a target twice (first on line 3)"],
        ),
        (
            "targets: {accounts: ['111111111111', '222222222222'], awsRegion: us-east-2, serviceName: shop}",
            ["3:90: targets.serviceName: two targets would write the service `shop`"],
        ),
        (
            "ingestionPipelineFQN: shop.agent\ntargets: {account: '111111111111', awsRegion: us-east-2}",
            ["3:23: ingestionPipelineFQN: one pipeline entity cannot tell how each target went"],
        ),
    ],
)
def test_a_fault_of_targets_has_its_place(text: str, expected: list[str]) -> None:
    found = faults(HEAD + text)
    assert [line.removeprefix("org.yaml:")[: len(want)] for line, want in zip(found, expected, strict=True)] == expected


@pytest.mark.parametrize(("pattern", "place"), [(None, "4:5"), ("{name}_{account}_{region}", "5:18")])
def test_a_service_whose_name_is_too_long_is_told_before_openmetadata_refuses_it(
    pattern: str | None, place: str
) -> None:
    """The pattern itself may be short."""
    named = f"\n    serviceName: '{pattern}'" if pattern else ""
    head = HEAD.replace("name: org", f"name: {'n' * 240}")
    (fault,) = faults(f"{head}targets:\n  - account: '{ONE}'{named}\n    awsRegion: us-east-2\n")
    assert f"org.yaml:{place}: targets[0]" in fault
    assert "the name of this target's service has 263 characters, and OpenMetadata takes 256" in fault


def test_all_faults_of_targets_and_of_the_rest_come_at_once() -> None:
    """What is wrong across targets hides nothing, and is hidden by nothing."""
    found = faults(HEAD + "owner: 3\ntargets:\n  - {awsRegion: us-east-2}\n  - {acount: x}\n")
    assert [line.split(":")[1] for line in found] == ["3", "5", "6"]


def test_a_file_has_a_bound_of_targets() -> None:
    """A thousand accounts times a thousand regions must not keep Airflow from all other files."""
    accounts, regions = [f"{n:012d}" for n in range(1000)], [f"us-east-{n}" for n in range(10)]
    (fault,) = faults(file({"accounts": accounts, "regions": regions}))
    assert f"these are 10,000 targets, and a file has {MOST:,} at most" in fault


def test_three_thousand_targets_are_a_list_or_a_product() -> None:
    accounts, regions = [f"{n:012d}" for n in range(300)], [f"us-east-{n}" for n in range(10)]
    listed = [{"account": account, "awsRegion": region} for account in accounts for region in regions]
    assert len(targets({"accounts": accounts, "regions": regions})) == len(targets(listed)) == 3000


def test_the_external_id_of_a_target_may_be_a_variable() -> None:
    """As `options.assumeRole.externalId`, which it stands for; and inside the fence as that."""
    block = {"account": ONE, "awsRegion": "us-east-2", "assumeRoleArn": ROLE, "externalId": "${PARTNER}"}
    document = parse(file(block).encode(), "org.yaml")
    its = document_of(document, check(document, "org"), f"{ONE}_us-east-2")
    assert check(its, "org", Runtime({"PARTNER": "partner-7"})).options.assume_role.external_id == "partner-7"
    assert advice(document, check(document, "org")) == []
    with pytest.raises(WorkflowError, match=r"targets\.externalId: the variable PARTNER is not among those"):
        check(document, "org", fence=Fence(variables=("OM_*",)))


def test_the_fence_holds_the_endpoints_of_targets() -> None:
    text = file({"account": ONE, "awsRegion": "us-east-2", "endPointURL": "https://{region}.elsewhere.example.com"})
    with pytest.raises(WorkflowError, match="this host is not among those"):
        loads(text.encode(), "org.yaml", fence=Fence(hosts=("*.amazonaws.com",)))
