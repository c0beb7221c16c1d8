"""An edit changes what it is about, and no other byte of the file."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.deployment.editing import REMOVED, unmasked, with_fields
from airflow_kinesis_ingest.engine.workflow.document import parse
from airflow_kinesis_ingest.engine.workflow.fence import OPEN
from airflow_kinesis_ingest.errors import WorkflowError
from airflow_kinesis_ingest.page.drafts import checked

FILE = """\
# The orders account. Ask team checkout before you change it.
name: orders   # the DAG id

source:
    type: kinesis
    serviceName:   'orders_kinesis'
    sourceConfig:
        config:
            topicFilterPattern:
                includes:
                - orders.*     # theirs
                - "payments"
            markDeletedTopics: true # ours
workflowConfig:
  openMetadataServerConfig: {hostPort: "http://om:8585/api", securityConfig: {jwtToken: eyJ-secret}}
# the night shift reads this
airflowConfig:
  scheduleInterval: hourly
  # since March
  retries: 2
"""
SHOWN = FILE.replace("eyJ-secret", "***")


def edited(fields: dict[tuple[Any, ...], Any], text: str = FILE) -> str:
    return with_fields(text.encode(), "orders.yaml", fields).decode()


def test_a_value_is_changed_where_it_stands() -> None:
    """All other bytes stay: comments, order, quotes, blanks."""
    changed = edited({("airflowConfig", "scheduleInterval"): "daily", ("source", "serviceName"): "shop"})
    assert changed == FILE.replace("hourly", "daily").replace("'orders_kinesis'", "shop")


def test_a_field_that_was_not_there_goes_to_the_end_of_its_block() -> None:
    changed = edited({("airflowConfig", "startDate"): "2026-11-01", ("options", "sample", "count"): 5})
    assert changed == FILE + "  startDate: '2026-11-01'\noptions:\n  sample:\n    count: 5\n"


def test_a_field_goes_into_a_block_written_in_one_line() -> None:
    place = ("workflowConfig", "openMetadataServerConfig", "authProvider")
    assert "securityConfig: {jwtToken: eyJ-secret}, authProvider: openmetadata}" in edited({place: "openmetadata"})


def test_a_removed_field_takes_its_line_alone() -> None:
    assert edited({("airflowConfig", "scheduleInterval"): REMOVED}) == FILE.replace("  scheduleInterval: hourly\n", "")
    assert edited({("airflowConfig", "endDate"): REMOVED}) == FILE


def test_the_last_field_of_a_block_leaves_an_empty_one() -> None:
    assert edited({("a", "b"): REMOVED}, "a:\n  b: 1\nc: 2\n") == "a: {}\nc: 2\n"
    assert edited({("a", "b"): REMOVED}, "a: {b: 1}\n") == "a: {}\n"
    assert edited({("a", "b"): REMOVED}, "a: {b: 1, c: 2}\n") == "a: {c: 2}\n"
    assert edited({("a", "c"): REMOVED}, "a: {b: 1, c: 2}\n") == "a: {b: 1}\n"


def test_a_list_is_replaced_unless_a_comment_would_be_lost() -> None:
    place = ("source", "sourceConfig", "config", "topicFilterPattern", "includes")
    with pytest.raises(WorkflowError, match="a comment stands in its value"):
        edited({place: ["x"]})
    text = FILE.replace("     # theirs", "")
    assert "includes: [x, 'a: b']\n            markDeletedTopics: true # ours" in edited({place: ["x", "a: b"]}, text)


def test_a_value_that_is_missing_or_null_is_filled_in() -> None:
    assert edited({("a",): 1}, "a:\nb: 2\n") == "a: 1\nb: 2\n"
    assert edited({("a", "x"): 1}, "a: # later\nb: 2\n") == "a: {x: 1} # later\nb: 2\n"
    assert edited({("a",): 1}, "a: ~\n") == "a: 1\n"


def test_what_an_alias_shares_is_not_changed_for_both() -> None:
    text = "one: &shared {a: 1}\ntwo: *shared\n"
    with pytest.raises(WorkflowError, match="other fields share"):
        edited({("two", "a"): 2}, text)


def test_a_text_block_is_left_as_it_is() -> None:
    text = "description: |\n  two\n  lines\n\n# then\nname: a\n"
    assert edited({("name",): "b"}, text) == text.replace("name: a", "name: b")
    assert edited({("description",): "one"}, text).endswith("# then\nname: a\n")


def test_a_byte_order_mark_and_windows_lines_stay() -> None:
    text = "\ufeffname: a\r\nairflowConfig:\r\n  retries: 1\r\n"
    assert edited({("airflowConfig", "retries"): 3}, text) == text.replace("1", "3")


def test_json_stays_json() -> None:
    """Which is YAML too."""
    text = '{\n  "name": "a",\n  "source": {"type": "kinesis"}\n}\n'
    changed = with_fields(text.encode(), "a.json", {("source", "serviceName"): "x: y"})
    assert parse(changed, "a.json").data == {"name": "a", "source": {"type": "kinesis", "serviceName": "x: y"}}
    assert changed.decode() == '{\n  "name": "a",\n  "source": {"type": "kinesis", "serviceName": "x: y"}\n}\n'


VALUES = st.one_of(
    st.text(max_size=30), st.integers(), st.booleans(), st.none(), st.lists(st.text(max_size=10), max_size=4)
)
PLACES = st.sampled_from(
    [
        ("name",),
        ("displayName",),
        ("source", "serviceName"),
        ("source", "sourceConfig", "config", "generateSampleData"),
        ("source", "sourceConfig", "config", "topicFilterPattern", "excludes"),
        ("airflowConfig", "retries"),
        ("airflowConfig", "endDate"),
        ("options", "deletion", "maxShare"),
        ("workflowConfig", "openMetadataServerConfig", "hostPort"),
    ]
)


@given(st.dictionaries(PLACES, st.one_of(VALUES, st.just(REMOVED)), max_size=5))
@settings(max_examples=300, deadline=None)
def test_an_edit_means_what_was_asked_and_keeps_every_comment(fields: dict[tuple[str, ...], Any]) -> None:
    """Whatever is set or removed: the data is the wanted one, or the edit is refused; no comment goes."""
    try:
        changed = edited(fields)
    except WorkflowError:
        return
    data = parse(changed.encode(), "orders.yaml").data
    for place, value in fields.items():
        node: Any = data
        for part in place:
            node = node.get(part, REMOVED) if isinstance(node, dict) else REMOVED
        assert node == value
    for comment in ("# The orders account.", "# theirs", "# ours", "# the night shift", "# since March"):
        assert comment in changed
    assert edited({("name",): "orders"} | fields, changed)


def test_unchanged_lines_are_the_files_own() -> None:
    """A secret stays where it is, without ever having been shown."""
    text = SHOWN.replace("hourly", "daily")
    assert unmasked(FILE.encode(), SHOWN, text, "orders.yaml").decode() == FILE.replace("hourly", "daily")


def test_in_a_changed_line_a_hidden_value_is_that_of_its_place() -> None:
    text = SHOWN.replace("http://om:", "http://om2:")
    assert unmasked(FILE.encode(), SHOWN, text, "orders.yaml").decode() == FILE.replace("http://om:", "http://om2:")


def test_a_moved_line_keeps_its_secret() -> None:
    first = "a: 1\nworkflowConfig:\n  openMetadataServerConfig:\n    securityConfig:\n      jwtToken: eyJ-secret\n"
    shown = first.replace("eyJ-secret", "***")
    text = shown.removeprefix("a: 1\n") + "a: 1\n"
    assert "jwtToken: eyJ-secret" in unmasked(first.encode(), shown, text, "a.yaml").decode()


def test_a_new_secret_replaces_the_old_one() -> None:
    text = SHOWN.replace("***", "${OM_JWT}")
    assert unmasked(FILE.encode(), SHOWN, text, "orders.yaml").decode() == FILE.replace("eyJ-secret", "${OM_JWT}")


@pytest.mark.parametrize(
    "text",
    [
        SHOWN + "password: '***'\n",
        SHOWN.replace("jwtToken: ***", "token: ***"),
        SHOWN.replace("jwtToken: ***", "jwtToken: my***"),
        SHOWN + "# was: ***\n",
    ],
)
def test_stars_that_stand_for_no_secret_of_this_place_are_refused(text: str) -> None:
    with pytest.raises(WorkflowError, match="stands for a secret") as caught:
        unmasked(FILE.encode(), SHOWN, text, "orders.yaml")
    assert "eyJ-secret" not in str(caught.value)


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_lines_are_what_yaml_takes_for_lines(mark: str) -> None:
    """As the shown text has them: else lines would be put into the place of others."""
    first = f"# one{mark}# two\n"
    text = (first + FILE).encode()
    shown = checked(text, "orders.yaml", OPEN).shown
    kept = shown.split("\n")[2 if mark >= "\x85" else 1 :]
    assert unmasked(text, shown, "\n".join(kept), "orders.yaml").decode() == FILE


def test_a_line_after_a_last_one_without_an_end_is_a_line_of_its_own() -> None:
    assert unmasked(b"a: 1", "a: 1", "a: 1\nb: 2\n", "a.yaml") == b"a: 1\nb: 2\n"
    assert unmasked(b"a: 1\r\nb: 2", "a: 1\nb: 2", "a: 1\nb: 2\nc: 3", "a.yaml") == b"a: 1\r\nb: 2\nc: 3"
