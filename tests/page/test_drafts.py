"""A draft is the file that would be written: its text without secrets, its faults, and when it would run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_kinesis_ingest.deployment import editing
from airflow_kinesis_ingest.deployment.editing import REMOVED
from airflow_kinesis_ingest.engine.workflow.fence import OPEN, Fence
from airflow_kinesis_ingest.engine.workflow.models import AirflowConfig
from airflow_kinesis_ingest.engine.workflow.spread import spread_line
from airflow_kinesis_ingest.errors import WorkflowError
from airflow_kinesis_ingest.page.drafts import MOST_LINES, Draft, draft, next_runs, runs_at_once

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LXRva2Vu.c2lnbmF0dXJl"
FILE = f"""\
# orders, hourly
name: orders
source:
  type: kinesis
  serviceName: orders
  serviceConnection: {{config: {{type: Kinesis, awsConfig: {{awsRegion: eu-west-1}}}}}}
  sourceConfig: {{config: {{type: MessagingMetadata}}}}
sink: {{type: metadata-rest, config: {{}}}}
workflowConfig:
  openMetadataServerConfig:
    hostPort: http://om:8585/api
    authProvider: openmetadata
    securityConfig:
      jwtToken: {TOKEN}  # of the bot
"""


def drafted(
    base: str = FILE, text: str | None = None, fields: dict[Any, Any] | None = None, fence: Fence = OPEN
) -> Draft:
    return draft(base.encode(), "orders.yaml", fence, text=text, fields=fields or {})


def test_a_draft_of_a_file_shows_all_of_it_but_its_secret() -> None:
    found = drafted()
    assert found.raw.decode() == FILE
    assert found.shown == FILE.replace(TOKEN, "***")
    assert TOKEN not in f"{found.values} {found!r}"


def test_a_new_file_is_made_of_fields_alone() -> None:
    fields = {
        ("name",): "shop",
        ("source", "type"): "kinesis",
        ("source", "serviceName"): "shop",
        ("source", "serviceConnection", "config", "type"): "Kinesis",
        ("source", "serviceConnection", "config", "awsConfig", "awsRegion"): "eu-west-1",
        ("source", "sourceConfig", "config", "type"): "MessagingMetadata",
        ("connections", "aws"): "shop_aws",
        ("airflowConfig", "endDate"): REMOVED,
    }
    found = drafted(base="", fields=fields)
    assert found.faults == ()
    assert found.shown.startswith("name: shop\nsource:\n  type: kinesis\n")
    assert found.workflow
    assert found.workflow.connections.aws == "shop_aws"


def test_a_field_that_is_given_as_a_value_and_as_a_block_is_the_later_one() -> None:
    assert drafted(base="", fields={("a",): None, ("a", "b"): 1, ("a", "b", "c"): 2}).raw == b"a:\n  b:\n    c: 2\n"


def test_an_edited_text_keeps_the_secret_that_it_does_not_show() -> None:
    found = drafted(text=FILE.replace(TOKEN, "***").replace("name: orders", "name: orders  # mine"))
    assert found.raw.decode() == FILE.replace("name: orders", "name: orders  # mine")
    assert TOKEN not in found.shown


def test_fields_can_be_changed_in_an_edited_text() -> None:
    found = drafted(text=FILE.replace(TOKEN, "***") + "# end\n", fields={("airflowConfig", "retries"): 2})
    assert found.raw.decode() == FILE + "airflowConfig:\n  retries: 2\n# end\n"


def test_a_stored_secret_is_sent_to_no_other_server() -> None:
    """Who may edit a file and not read its secrets must not have them sent to a server of their own."""
    text = FILE.replace(TOKEN, "***").replace("http://om:8585", "http://elsewhere:8585")
    with pytest.raises(WorkflowError, match="not sent to another server"):
        drafted(text=text)
    typed = drafted(text=text.replace("***", TOKEN + "x"))
    assert typed.faults == ()


def of_provider(provider: str, *fields: str) -> str:
    """The file with a client of this identity provider, instead of a token."""
    lines = "".join(f"      {field}\n" for field in ("clientId: me", *fields))
    return FILE.replace("authProvider: openmetadata", f"authProvider: {provider}").replace(
        f"      jwtToken: {TOKEN}  # of the bot\n", lines
    )


SECRET = "Hunter2-correct-horse"
OIDC = of_provider("custom-oidc", f"secretKey: {SECRET}", "tokenEndpoint: https://idp.example.com/token")
AUTH0 = of_provider("auth0", f"secretKey: {SECRET}", "domain: idp.example.com")
AZURE = of_provider("azure", f"clientSecret: {SECRET}", "authority: https://idp.example.com/T", "scopes: [x/.default]")
OKTA = of_provider("okta", f"privateKey: {SECRET}", "orgURL: https://idp.example.com/v1/token", "email: a@b.c")


@pytest.mark.parametrize(
    ("base", "old", "new"),
    [(each, "idp.example.com", "elsewhere.example.com") for each in (OIDC, AUTH0, AZURE, OKTA)]
    + [(OIDC, "custom-oidc", "auth0"), (AUTH0, "auth0", "custom-oidc")],
)
def test_a_stored_secret_is_sent_to_no_other_giver_of_tokens(base: str, old: str, new: str) -> None:
    """Nor to that of another provider."""
    shown = drafted(base).shown
    assert SECRET not in shown
    text = shown.replace(f"{old}", f"{new}")
    if new == "auth0":
        text = text.replace("tokenEndpoint: https://idp.example.com/token", "domain: idp.example.com")
    elif new == "custom-oidc":
        text = text.replace("domain: idp.example.com", "tokenEndpoint: https://idp.example.com/token")
    with pytest.raises(WorkflowError, match="not sent to another server"):
        drafted(base, text=text)
    assert drafted(base, text=text.replace("***", SECRET + "x")).faults == ()


LINES = f"""\
name: orders
source:
  type: kinesis
  serviceName: orders
  serviceConnection:
    config:
      type: Kinesis
      awsConfig:
        awsRegion: eu-west-1
        awsAccessKeyId: AKIAIOSFODNN7EXAMPLE
        awsSecretAccessKey: &key {SECRET}
  sourceConfig: {{config: {{type: MessagingMetadata}}}}
"""
LINE = "        awsSecretAccessKey: &key ***\n"


@pytest.mark.parametrize(
    "edit",
    [
        lambda shown: shown + "displayName: *key\n",
        lambda shown: shown + "description: *key\n",
        lambda shown: shown.replace(LINE, f"{LINE[:-1]}  # mine\n") + "description: *key\n",
        lambda shown: shown.replace("        awsAccessKeyId: ***\n", "").replace(LINE, "") + f"description: |\n{LINE}",
    ],
    ids=["alias-name", "alias", "alias-of-a-changed-line", "line-in-a-text"],
)
def test_an_edit_makes_no_description_of_a_stored_secret(edit: Callable[[str], str]) -> None:
    """It would be shown, and sent to the catalogue. By an alias, or by a text around a line that nobody changed."""
    shown = drafted(LINES).shown
    assert SECRET not in shown
    with pytest.raises(WorkflowError, match="a stored secret would stand here"):
        drafted(LINES, text=edit(shown))


def test_a_file_that_is_not_shown_whole_is_not_edited() -> None:
    """Its end would be lost."""
    long = FILE + f"# {'x' * 70}\n" * 1000 + "displayName: Orders\n"
    with pytest.raises(WorkflowError, match="would be lost"):
        drafted(long, text=drafted(long).shown)


@pytest.mark.parametrize("more", ["#\n" * MOST_LINES, f"# {'x' * 70}\n" * 1000])
def test_an_edit_is_measured_before_it_is_compared(more: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its lines may have to be held against each line of the file."""
    monkeypatch.setattr(editing, "SequenceMatcher", None)
    with pytest.raises(WorkflowError, match="would be lost"):
        drafted(FILE, text=drafted(FILE).shown + more)


def test_a_file_that_is_shown_whole_is_edited_whatever_its_letters() -> None:
    """They are counted as they are shown, and not the bytes that they take."""
    long = FILE + f"# {'ü' * 70}\n" * 600
    found = drafted(long, text=drafted(long).shown + "displayName: Orders\n")
    assert found.raw.decode() == long + "displayName: Orders\n"


@pytest.mark.parametrize("value", ['"***"', "'***'", "|\n        ***\n        ***"])
def test_a_new_file_has_no_stars_for_a_secret(value: str) -> None:
    """However they are written: a run would send them."""
    with pytest.raises(WorkflowError, match="stands for a secret") as caught:
        drafted(base="", text=FILE.replace(TOKEN, value).replace("  # of the bot", ""))
    [fault] = caught.value.faults
    assert fault.line == 14
    with pytest.raises(WorkflowError, match="stands for a secret"):
        drafted(base="", fields={("workflowConfig", "openMetadataServerConfig", "hostPort"): "***"})


def test_stars_within_a_text_of_a_new_file_are_a_text() -> None:
    assert drafted(base="", text="description: a ***great*** shop\n" + FILE).faults == ()


def test_a_stored_secret_is_sent_to_no_other_endpoint_of_a_target() -> None:
    """Other targets may come and go: the secret goes to AWS."""
    keys = "awsAccessKeyId: AKIAIOSFODNN7EXAMPLE, awsSecretAccessKey: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY01"
    base = FILE.replace("awsConfig: {", f"awsConfig: {{{keys}, ")
    one = 'targets: [{account: "111111111111", awsRegion: us-east-2}]\n'
    shown = drafted(base + one).shown
    assert "AKIA" not in shown
    assert drafted(base + one, text=shown.replace("us-east-2", "eu-west-2")).faults == ()
    with pytest.raises(WorkflowError, match="not sent to another server"):
        drafted(base + one, text=shown.replace("us-east-2", 'us-east-2, endPointURL: "https://elsewhere.example.com"'))


def test_a_broken_text_gives_its_faults_on_their_lines_and_no_secret() -> None:
    found = drafted(text=FILE.replace(TOKEN, "***").replace("awsRegion", "awsRegoin"))
    assert (6, True) in [(fault.line, "awsRegoin" in str(fault)) for fault in found.faults]
    assert found.workflow is None
    assert TOKEN not in found.shown


def test_a_tab_is_a_fault_with_a_remedy() -> None:
    (fault,) = drafted(text="name: a\n\tsource: 1\n").faults
    assert (fault.line, fault.remedy) == (2, "YAML indents with spaces")


def test_the_fence_holds_for_a_draft() -> None:
    fence = Fence(hosts=("om.example.com",))
    assert any("om:8585" in fault.problem or "hostPort" in fault.path for fault in drafted(fence=fence).faults)


NOW = datetime(2026, 11, 24, 10, 30, tzinfo=timezone.utc)


def config(**given: Any) -> AirflowConfig:
    return AirflowConfig.model_validate(given)


def test_the_next_three_runs_are_ticks_in_the_zone_of_the_schedule() -> None:
    found = next_runs("shop", config(scheduleInterval="daily", pipelineTimezone="Europe/Berlin"), NOW)
    assert [f"{run:%d %H:%M}" for run in found] == ["24 23:00", "25 23:00", "26 23:00"]


def test_runs_that_are_spread_are_told_where_they_are() -> None:
    found = next_runs("shop", config(scheduleInterval="hourly", spread=3600), NOW)
    assert {f"{run:%M}" for run in found} == {spread_line("hourly", "shop", 3600).split()[0]} != {"00"}


def test_no_run_lies_outside_of_the_dates() -> None:
    assert next_runs("shop", config(scheduleInterval=None), NOW) == []
    ends = config(scheduleInterval="hourly", endDate="2026-11-24T11:30:00Z")
    assert [run.hour for run in next_runs("shop", ends, NOW)] == [11]
    starts = next_runs("shop", config(scheduleInterval="hourly", startDate="2026-12-01"), NOW)
    assert f"{starts[0]:%m-%d %H:%M}" == "12-01 00:00"


def test_a_schedule_may_start_with_time_itself() -> None:
    assert len(next_runs("shop", config(scheduleInterval="hourly", startDate="0001-01-01"), NOW)) == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"scheduleInterval": "hourly"}, True),
        ({"scheduleInterval": "hourly", "startDate": "2026-11-24"}, True),
        ({"scheduleInterval": "hourly", "startDate": "2026-11-25"}, False),
        ({"scheduleInterval": "daily", "startDate": "2026-11-24T01:00:00Z"}, False),
        ({"scheduleInterval": "hourly", "endDate": "2026-11-23"}, False),
        ({"scheduleInterval": "hourly", "pausePipeline": True}, False),
        ({"scheduleInterval": None}, False),
        ({"scheduleInterval": "hourly", "firstRun": "next"}, False),
        ({"scheduleInterval": "29 * * * *", "firstRun": "next"}, True),
    ],
)
def test_a_new_pipeline_runs_at_once_for_a_tick_that_has_passed(given: dict[str, Any], expected: bool) -> None:
    """So Airflow's scheduler does with our timetable: a person is told before they deploy."""
    assert runs_at_once("shop", config(**given), NOW) is expected


def test_the_values_of_a_faulty_file_are_what_its_shown_text_says() -> None:
    """A form can be filled in with them; of what is no YAML there are none."""
    found = drafted(FILE.replace("type: metadata-rest", "type: metadata-rst"))
    assert found.faults
    assert found.values["source"]["serviceName"] == "orders"
    assert found.values["workflowConfig"]["openMetadataServerConfig"]["securityConfig"] == {"jwtToken": "***"}
    assert drafted("name: [").values == {}
