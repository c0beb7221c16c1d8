"""Reading YAML and JSON: plain data with positions comes out, or every fault with its place. Never a traceback."""

from __future__ import annotations

import errno
import json
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.document import MAX_BYTES, MAX_DEPTH, dotted, parse, read
from airflow_kinesis_ingest.errors import Fault, WorkflowError


def faults(raw: bytes | str, file: str = "f.yaml") -> list[Fault]:
    """All faults of a text, those that end the reading and those that do not."""
    try:
        return list(parse(raw if isinstance(raw, bytes) else raw.encode(), file).faults)
    except WorkflowError as error:
        return list(error.faults)


def told(raw: bytes | str, file: str = "f.yaml") -> list[str]:
    found = faults(raw, file)
    assert all(fault.remedy for fault in found)
    return [str(fault) for fault in found]


def data(raw: str, file: str = "f.yaml") -> dict[str, Any]:
    document = parse(raw.encode(), file)
    assert document.faults == ()
    return document.data


# --- files that cannot be opened ------------------------------------------------------------------------------------


def test_a_missing_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError) as caught:
        read(tmp_path / "gone.yaml")
    assert str(caught.value) == f"{tmp_path}/gone.yaml: there is no such file. Check the path"


def test_a_folder_is_no_workflow_file(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"this is a folder\. Name a \.yaml, \.yml or \.json file in it"):
        read(tmp_path)


def test_a_file_that_may_not_be_read_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(WorkflowError, match=r"cannot be read: Permission denied\. Check its permissions"):
        read(tmp_path / "f.yaml")


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(WorkflowError, match="cannot be read"):
        read(loop)


def test_a_file_of_50_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as handle:
        handle.truncate(50 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(WorkflowError, match=r"larger than 1024 KiB\. A workflow file is a few KiB"):
            read(huge)
        assert tracemalloc.get_traced_memory()[1] < 10 * MAX_BYTES
    finally:
        tracemalloc.stop()


def test_a_file_of_the_largest_size_is_read() -> None:
    assert data("a: " + "x" * (MAX_BYTES - 3)) == {"a": "x" * (MAX_BYTES - 3)}
    assert "larger than" in told("a: " + "x" * (MAX_BYTES - 2))[0]


def test_a_file_may_go_by_another_name_than_its_path(tmp_path: Path) -> None:
    with pytest.raises(WorkflowError, match=r"^orders\.yaml: there is no such file"):
        read(tmp_path / "gone.yaml", "orders.yaml")


# --- files that are not YAML ----------------------------------------------------------------------------------------

NOT_YAML = {
    "nothing at all": ("", "f.yaml: the file is empty. Start with the example in the README"),
    "blanks only": (" \n\n  \n", "f.yaml: the file is empty. Start with the example in the README"),
    "comments only": ("# a\n# b\n", "f.yaml: the file holds comments only. Start with the example in the README"),
    "a list": ("- a: 1\n", "f.yaml:1:1: a workflow is a set of `key: value` pairs. Start with `source:`"),
    "a sentence": ("hello", "f.yaml:1:1: a workflow is a set of `key: value` pairs. Start with `source:`"),
    "a null": ("~", "f.yaml:1:1: a workflow is a set of `key: value` pairs. Start with `source:`"),
    "a tagged root": (
        "!workflow {a: 1}",
        "f.yaml:1:1: a tag (`!...`) is not supported. Write a plain value",
    ),
    "a tab as indentation": ("a:\n\tb: 1\n", "f.yaml:2:1: a tab stands here. YAML indents with spaces"),
    "a tab after spaces": ("a:\n  \tb: 1\n  c: 2\n", "f.yaml:2:3: a tab stands here. YAML indents with spaces"),
    "two documents": ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document starts here. Keep one workflow per file"),
    "text after the end": (
        "a: 1\n...\nb: 2\n",
        "f.yaml:3:1: a second document starts here. Keep one workflow per file",
    ),
    "an unknown alias": (
        "a: 1\nb: *c\n",
        "f.yaml:2:4: found undefined alias. Define the anchor above it or remove the alias",
    ),
    "a colon too many": (
        "a: 1\nb: c: d\n",
        "f.yaml:2:5: this is not valid YAML: mapping values are not allowed in this context."
        " Check indentation, colons and quotes",
    ),
    "an open quote": (
        'a: 1\nb: "c\n',
        "f.yaml:2:4: this is not valid YAML: while scanning a quoted scalar, found unexpected end of stream."
        " Check indentation, colons and quotes",
    ),
    "an open bracket": (
        "a: [1, 2\nb: 3\n",
        "f.yaml:2:2: this is not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'."
        " Check indentation, colons and quotes",
    ),
    "a bracket open to the end": (
        "a: 1\nb: [1, 2",
        "f.yaml:2:4: this is not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'."
        " Check indentation, colons and quotes",
    ),
    "a wrong indentation": (
        "a:\n    b: 1\n  c: 2\n",
        "f.yaml:3:3: this is not valid YAML: while parsing a block mapping, did not find expected key."
        " Check indentation, colons and quotes",
    ),
    "a column counts characters": (
        'ä: "😀" x\n',
        "f.yaml:1:8: this is not valid YAML: while parsing a block mapping, did not find expected key."
        " Check indentation, colons and quotes",
    ),
    "Windows line ends": (
        "a: 1\r\nb: c: d\r\n",
        "f.yaml:2:5: this is not valid YAML: mapping values are not allowed in this context."
        " Check indentation, colons and quotes",
    ),
    "a control character": ("a: 1\nü: x\x07\n", "f.yaml:2:5: a control character stands here (0x07). Remove it"),
    "a NUL": ("a: 1\nb: \0\n", "f.yaml:2:4: a control character stands here (0x00). Remove it"),
    "Latin-1": (
        "a: 1\nü: Kö".encode() + b"\xe9\n",
        "f.yaml:2:6: this is not UTF-8 text (byte 0xe9). Save the file as UTF-8",
    ),
    "UTF-16": ("a: 1".encode("utf-16"), "f.yaml:1:1: this is not UTF-8 text (byte 0xff). Save the file as UTF-8"),
    "Latin-1 behind a byte order mark": (
        b"\xef\xbb\xbfa: \xe9",
        "f.yaml:1:4: this is not UTF-8 text (byte 0xe9). Save the file as UTF-8",
    ),
    "gzip": (b"\x1f\x8b\x08\x00", "f.yaml:1:2: this is not UTF-8 text (byte 0x8b). Save the file as UTF-8"),
}


@pytest.mark.parametrize(("raw", "text"), NOT_YAML.values(), ids=NOT_YAML.keys())
def test_a_text_that_is_not_yaml_is_told_with_its_place(raw: bytes | str, text: str) -> None:
    assert told(raw) == [text]


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert data("\ufeffa: 1") == {"a": 1}


# --- what libyaml would not survive ---------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "], ids=["lists", "mappings", "items", "keys"])
def test_300000_nested_brackets_are_a_fault_and_not_the_end_of_the_process(opening: str) -> None:
    """libyaml composes by recursion in C: without a look at the events first this is a segmentation fault."""
    text = ("? " + opening * 300_000)[:MAX_BYTES]
    [fault] = faults(text)
    assert fault.problem == f"more than {MAX_DEPTH} levels are nested here"
    assert (fault.line, fault.column) == (1, 2 + (MAX_DEPTH - 1) * len(opening) + 1)


def test_as_many_levels_as_allowed_are_read() -> None:
    nested = "{a: " * MAX_DEPTH + "}" * MAX_DEPTH
    assert faults(nested) == []
    assert len(faults("{a: " + nested + "}")) == 1


def test_aliases_that_explode_are_a_fault() -> None:
    """Ten lines that stand for a billion values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join(10 * [f'*a{n - 1}'])}]" for n in range(1, 10)]
    [fault] = faults("\n".join(lines))
    assert fault.problem == "aliases make this file explode"


def test_many_records_are_no_explosion_of_aliases() -> None:
    records = ", ".join(f'{{"id": {number}, "value": 1}}' for number in range(20_000))
    [listed] = faults(f"[{records}]")
    assert (listed.line, listed.column, listed.problem) == (1, 1, "a workflow is a set of `key: value` pairs")
    [within] = faults(f'{{"records": [{records}]}}')
    assert within.problem == "more than 50,000 keys and values are here"


def test_what_a_list_holds_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data file beside the workflows costs its reading, and not the building of what it holds."""
    monkeypatch.setattr(yaml, "compose", None)
    assert faults("- a: 1\n" * 1000)[0].remedy == "Start with `source:`"


def test_aliases_may_not_nest_deeper_than_text() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{x: *a{n - 1}}}" for n in range(1, 1000))]
    [fault] = faults("\n".join(lines))
    assert fault.problem == f"more than {MAX_DEPTH} levels are nested here"


@pytest.mark.parametrize("text", ["a: &x\n  b: *x\n", "a: &x [*x]\n", "a: &x\n  <<: *x\n"])
def test_an_alias_that_contains_itself_is_a_fault(text: str) -> None:
    [fault] = faults(text)
    assert (fault.line, fault.column, fault.problem) == (1, 4, "this alias contains itself")


# --- values and keys that are not plain data ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch /tmp/pwned']",
        "!!python/name:os.system",
        "!Ref bucket",
        "!!set {x, y}",
        "!!omap [x: y]",
        "!!map [x, y]",
        "!!seq {x: y}",
        "=",
    ],
)
def test_only_plain_data_comes_out_of_a_file(value: str) -> None:
    """Tags make objects, or change what a value is; none of them is obeyed or dropped without a word."""
    [fault] = faults(f"a: 1\nb: {value}\n")
    assert (fault.line, fault.column, fault.path) == (2, 4, "b")
    assert "is not supported" in fault.problem


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("0x_", "int"),
        ("1" * 5000, "int"),
        ("!!int ''", "int"),
        ("!!bool maybe", "bool"),
    ],
)
def test_a_value_of_an_impossible_number_is_a_fault(value: str, kind: str) -> None:
    assert told(f"a: {value}") == [f"f.yaml:1:4: a: this is not a valid {kind}. Put it in quotes"]


@pytest.mark.parametrize("value", ["2026-02-30", "2026-01-01T00:00:00+99:00", "!!timestamp soon"])
def test_a_day_that_does_not_exist_is_a_fault(value: str) -> None:
    assert told(f"a: {value}") == ["f.yaml:1:4: a: this is not a valid timestamp. Write one that exists"]


@pytest.mark.parametrize(
    ("key", "column", "name"),
    [
        ("12: x", 1, " `12`"),
        ("2026-01-01: x", 1, " `2026-01-01`"),
        ("on: x", 1, " `on`"),
        ("null: x", 1, " `null`"),
        ("? [x, y]\n: x", 3, ""),
        ("!!str {x: y}: x", 1, ""),
    ],
)
def test_keys_are_text(key: str, column: int, name: str) -> None:
    assert told(key) == [f"f.yaml:1:{column}: the key{name} is not text. Put it in quotes"]


@pytest.mark.parametrize(("raw", "column", "path"), [('a: "x\\0y"', 4, "a: "), ('"a\\0b": x', 1, "")])
def test_an_escaped_nul_is_a_fault_for_no_database_stores_it(raw: str, column: int, path: str) -> None:
    assert told(raw) == [f"f.yaml:1:{column}: {path}a NUL character stands here. Remove it"]


def test_a_key_that_is_there_twice_is_told_with_both_lines() -> None:
    assert told("a:\n  b: 1\n  c: 2\n  b: 3\n") == [
        "f.yaml:4:3: a.b: the key `b` is here twice (first on line 2). Keep one"
    ]


def test_one_fault_does_not_hide_another() -> None:
    text = "a: !x 1\nb: 2026-99-99\n3: c\nb: again\nd: [!y 1, ok]\n"
    assert [(fault.line, fault.path) for fault in faults(text)] == [(1, "a"), (2, "b"), (3, ""), (4, "b"), (5, "d[0]")]


# --- merging --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["x: 1\n  <<: *base", "<<: *base\n  x: 1"], ids=["before", "after"])
def test_a_key_of_its_own_wins_over_a_merged_one_wherever_it_stands(own: str) -> None:
    document = parse(f"base: &base\n  x: 0\n  y: 2\nhere:\n  {own}\n".encode(), "f.yaml")
    assert document.data["here"] == {"x": 1, "y": 2}
    assert document.position(("here", "x"), of_key=True)[0] > 4
    assert document.position(("here", "y"), of_key=True) == (3, 3)
    assert document.position(("here",)) == (5, 3)


def test_the_first_of_several_merged_mappings_wins() -> None:
    assert data("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b]}\n")["c"] == {"x": 1, "y": 3}


def test_only_mappings_are_merged() -> None:
    assert told("a:\n  <<: 3\n") == ["f.yaml:2:7: a: `<<` merges a mapping only. Refer to a mapping"]


# --- positions ------------------------------------------------------------------------------------------------------


def test_every_key_and_value_knows_where_it_stands() -> None:
    document = parse(b"a: 1\nb:\n  c: [x,  y]\n", "f.yaml")
    assert document.position(("a",)) == (1, 4)
    assert document.position(("b", "c"), of_key=True) == (3, 3)
    assert document.position(("b", "c", 1)) == (3, 11)


def test_what_is_not_in_the_text_stands_where_its_nearest_parent_begins() -> None:
    document = parse(b"a: 1\nb:\n  c: {}\n", "f.yaml")
    assert document.position(("b", "c", "d", "e")) == (3, 3)
    assert document.position(("z",)) == (1, 1)


def test_places_are_written_as_paths() -> None:
    assert dotted(("source", "includes", 0, "x")) == "source.includes[0].x"


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_json_indented_with_tabs_is_read() -> None:
    assert data('{\n\t"a": [1,\t2]\n}', "f.json") == {"a": [1, 2]}


def test_a_fault_in_json_is_not_blamed_on_its_tabs() -> None:
    [fault] = faults('{\n\t"a": 1\n\t"b": 2\n}', "f.json")
    assert (fault.line, fault.column) == (3, 5)
    assert "did not find expected ',' or '}'" in fault.problem


def test_json_writes_an_emoji_as_two_escapes() -> None:
    """YAML reads neither half; JSON's own tools write nothing else."""
    assert data('{"a": "\\ud83d\\ude00", "\\uD83D\\uDE00": 1}', "f.json") == {"a": "😀", "😀": 1}
    assert data('{"a": "\\\\ud83d\\\\ude00"}', "f.json") == {"a": "\\ud83d\\ude00"}


def test_half_an_emoji_is_a_fault() -> None:
    [fault] = faults('{"a": "\\ud83d"}', "f.json")
    assert "invalid Unicode character escape code" in fault.problem


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def printable(value: object) -> bool:
    """YAML has no way for some control characters, JSON escapes them; DEL and the like it writes as they are."""
    return all(character.isprintable() or ord(character) < 32 for character in json.dumps(value, ensure_ascii=False))


@given(st.dictionaries(TEXT, PLAIN, max_size=5), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_any_json_object_reads_as_what_was_written(
    value: dict[str, Any], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only or not printable(value))
    assert data(text, "f.json") == value


# --- whatever the bytes ---------------------------------------------------------------------------------------------

PIECES = "a·b·: ·:·\n·  ·- ·[·]·{·}·, ·&x ·*x·<<: ·!x ·!!int ·!!str ·!!set ·!!timestamp ·? ·| ·> ·'·\"·#·%·---·..."
MORE_PIECES = "\t·~·1·1:30·0x·=·2026-13-01·\\·\r·\x85·\u2028·\ufeff·é·😀·\0·@"
YAML_LIKE = st.lists(st.sampled_from(f"{PIECES}·{MORE_PIECES}".split("·")), max_size=30).map("".join)


@settings(max_examples=500)
@given(st.binary(max_size=200) | YAML_LIKE.map(str.encode), st.sampled_from(["f.yaml", "f.json"]))
def test_no_bytes_make_the_reader_fail_in_another_way(raw: bytes, file: str) -> None:
    """Plain data, or faults that lie inside the text."""
    lines = raw.count(b"\n") + raw.count(b"\r") + raw.count("\x85".encode()) + raw.count("\u2028".encode()) + 1
    for fault in faults(raw, file):
        assert 0 <= fault.line <= lines + 1
        assert fault.remedy


def test_dates_become_dates() -> None:
    assert data("a: 2026-11-01") == {"a": date(2026, 11, 1)}
