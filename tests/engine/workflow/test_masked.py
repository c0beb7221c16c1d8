"""A file's own text without its secrets: what stays, and what never does."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.workflow.document import Document, parse
from airflow_kinesis_ingest.engine.workflow.loading import check
from airflow_kinesis_ingest.engine.workflow.masked import BREAK, MOST, masked
from airflow_kinesis_ingest.errors import Fault, WorkflowError
from tests.workflow_text import EXAMPLE, PLACEHOLDERS, text

LETTERS, DIGITS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"
WINDOW = 8  # so many characters of a secret in a row are a part of it


def shown(raw: str, file: str = "f.yaml") -> str:
    """The text as Airflow gets it, whatever the file is."""
    document, faults = read(raw, file)
    return masked(document, raw.encode(), faults)


def read(raw: str, file: str) -> tuple[Document | None, tuple[Fault, ...]]:
    document = None
    try:
        document = parse(raw.encode(), file)
        check(document, "f")
    except WorkflowError as error:
        return document, error.faults
    return document, ()


@pytest.mark.parametrize("raw", [PLACEHOLDERS, EXAMPLE.replace("eyJ", "${JWT}")])
def test_a_file_without_secrets_is_shown_as_it_is(raw: str) -> None:
    assert shown(raw) == raw


def test_comments_order_and_blank_lines_stay() -> None:
    raw = """\
# Streams of the orders account.
name: orders   # the DAG id; see https://wiki.example.com/kinesis

description: >-
  Orders of team-7,
  since v2
source: {type: kinesis, serviceName: "orders", serviceConnection: {config: {awsConfig: {awsRegion: us-east-2}}},
  # only these:
  sourceConfig: {config: {type: MessagingMetadata, topicFilterPattern: {includes: ['^orders-\\d+$']}}}}
airflowConfig: &times
  startDate: 2026-11-01
...
"""
    assert shown(raw) == raw


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("awsSecretAccessKey: wJalrXUtnFEMI  # of 2025", "awsSecretAccessKey: ***  # of 2025"),
        ("awsSecretAccessKey: 'x y'", "awsSecretAccessKey: '***'"),
        ("awsSecretAcessKey: hunter2", "awsSecretAcessKey: ***"),
        ("# awsSecretAccessKey: hunter2", "# awsSecretAccessKey: ***"),
        ("#  awsRegion: eu-west-1", "#  awsRegion: eu-west-1"),
        ("awsSessionToken: |\n  abc\n  def", "awsSessionToken: |\n  ***\n  ***"),
        ("awsSessionToken: &t 'a\n\n  b'", "awsSessionToken: &t ***\n\n  ***"),
        ("hunter2: hunter3", "***: ***"),
        ("profileName: AKIAIOSFODNN7EXAMPLE", "profileName: ***"),
        (
            "assumeRoleArn: arn:aws:iam::123456789012:role/reader",
            "assumeRoleArn: arn:aws:iam::123456789012:role/reader",
        ),
        ("assumeRoleArn: my-t0kenWithoutForm99", "assumeRoleArn: ***"),
        (
            "assumeRoleArn: arn:aws:iam::123456789012:role/a\nassumeRoleArn: my-t0kenWithoutForm99",
            "assumeRoleArn: arn:aws:iam::123456789012:role/a\nassumeRoleArn: ***",
        ),
        ("endPointURL: https://bot:hunter2@kinesis", "endPointURL: ***"),
        ("awsAccessKeyId: ${KEY}", "awsAccessKeyId: ${KEY}"),
        ("enabled: {deep: [hunter2]}", "enabled: {***: [***]}"),
    ],
)
def test_what_is_shown_of_a_line(line: str, told: str) -> None:
    raw = text(aws=line)
    assert shown(raw) == text(aws=told).replace("eyJ", "***")


def test_a_key_that_its_writer_did_not_hit_is_shown() -> None:
    assert "awsRegoin: ***" in shown(EXAMPLE.replace("awsRegion", "awsRegoin"))


def test_the_name_of_an_unknown_key_is_shown_where_it_is_a_word_beside_keys_that_are_known() -> None:
    """Its value is not; and in a block of secrets the name is not either."""
    raw = text(aws="favourite: x").replace("sink:", "notes: x\n? [a, b]\n: 1\nsink:")
    assert "notes: ***\n" in shown(raw)
    assert "favourite" not in shown(raw)


def test_a_value_that_is_a_secret_elsewhere_is_hidden_everywhere() -> None:
    """In a comment, in a description, behind an alias, as a part of another value."""
    raw = text(
        server="extraHeaders: {X-Key: orders-are-us}", more="description: the orders-are-us way\n# orders-are-us\n"
    )
    assert "orders-are-us" not in shown(raw)
    assert "secret-of-ours" not in shown(
        EXAMPLE.replace("eyJ", "*d").replace("name:", "description: &d secret-of-ours\nname:", 1)
    )


def test_a_file_that_is_too_large_to_show_is_cut_with_a_word() -> None:
    found = shown(EXAMPLE + "# and on\n" * 20_000)
    assert len(found) < MOST + 100
    assert found.endswith("more characters are not shown\n")
    assert found.startswith("name: orders_kinesis\n")


def test_what_a_database_does_not_take_is_replaced() -> None:
    """A NUL in one file would keep the DAGs of all files from being stored."""
    assert "\0" not in shown("# a\0b\nname: [")


def _alphabet(letters: str, size: int) -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(letters), min_size=size, max_size=size)


formless = st.builds(
    lambda a, b, c: f"{a}7{b}{c}q",
    _alphabet(LETTERS + DIGITS, 4),
    _alphabet(LETTERS + DIGITS + "!$%()*+./;<=>?@^_|~", 6),
    _alphabet(LETTERS + DIGITS, 4),
)
key_ids = _alphabet("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 16).map("AKIA".__add__)
secret_keys = _alphabet(LETTERS + DIGITS + "/+", 37).map(lambda value: f"{value}aB3")
tokens = st.builds(
    lambda head, body: (
        f"eyJ{base64.urlsafe_b64encode(head).decode().rstrip('=')}.{base64.urlsafe_b64encode(body).decode().rstrip('=')}"
    ),
    st.binary(min_size=12, max_size=20),
    st.binary(min_size=20, max_size=40),
)
formed = st.one_of(key_ids, secret_keys, tokens)

AWS_LINES = [
    "awsSecretAccessKey: {q}",
    "awsAccessKeyId: &k {q}\nawsSecretAccessKey: *k",
    "awsSessionToken: |\n  {s}\n  {s}",
    "awsSessionToken: >-\n\n    {s}",
    "awsSessionToken: 'x\n\n  {h}'",
    'awsSessionToken: "x\\\n   {h}"',
    "awsSecretAccessKey: [{q}]",
    "awsSecretAccessKey: {{value: {q}}}",
    "awsSecretAccessKey: x\nawsSecretAccessKey: {q}",
    "awsSecretAcessKey: {q}",
    "awsSecretAccessKey:{h}",
    "? {q}\n: 1",
    "{q}: 1",
    "? [{q}]\n: 1",
    "profileName: &k {q}\nawsSecretAccessKey: *k",
    "<<: {{awsSecretAccessKey: {q}}}",
    "awsSecretAccessKey: !{h} x",
    "awsSecretAccessKey: !!binary {h}",
    "# awsSecretAccessKey: {s}",
    "profileName: x # password = {s}",
    "# jwtToken:\n#   {s}\n#   {s}",
    "#jwtToken: >-\n#  {s}",
    "# curl -H 'Authorization: Bearer {s}'",
    "# it is {f}",
    "profileName: {f}",
    "profileName: 'in {f} and'",
    "profileName: {f}\nprofileName: {f}",
    "awsRegion: {f}",
    "awsRegion: &{h} x",
    "endPointURL: http://me:{h}@kinesis",
    "{s}",
    "\tawsSecretAccessKey: {s}",
    "awsSecretAccessKey: '{h}",
    'awsSecretAccessKey: "{h}\n  # {h}',
    "awsSecretAccessKey: [{h}\n  # {h}",
    "awsSecretAccessKey: |\n{h}",
    "awsSecretAccessKey: *{h}",
]
SECURITY_LINES = [
    "  secretKey: {q}",
    "  clientSecret: &k {q}\n  secretKey: *k",
    "  clientSecret: >-\n    {s}",
    "  privateKey: |\n    -----BEGIN PRIVATE KEY-----\n    {s}\n    -----END PRIVATE KEY-----",
    "  privateKey: '-----BEGIN PRIVATE KEY----- {h} -----END PRIVATE KEY-----'",
    '  secretKey: \'{{"private_key": "{h}"}}\'',
    "  secretKey: {{private_key: {q}}}",
    "  privateKye: {q}",
    "  clientSecret: [{q}]",
    "  clientId: {f}",
    "  tokenEndpoint: https://me:{h}@idp/token",
    "  # clientSecret: {s}",
]
"""Below `securityConfig`."""
HARMLESS_LINES = [
    "",
    "profileName: x",
    "# nothing",
    "enabled: true",
    "\tenabled: true",
    "enabled: '",
    "]",
    "a\0b",
    "- x",
    "%YAML 9.9",
]


@st.composite
def planted(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A workflow's text, maybe broken, and the secrets in it."""
    secrets, aws, server = list[str](), list[str](), list[str]()
    for lines, more in ((aws, []), (server, SECURITY_LINES)):
        for line in draw(st.lists(st.sampled_from([*AWS_LINES, *more, *HARMLESS_LINES]), max_size=4)):
            s, f = draw(formless), draw(formed)
            h = "".join(letter for letter in s if letter.isalnum())
            lines.append(line.format(s=s, q=json.dumps(s), h=h, f=f))
            secrets += [s] * ("{s}" in line or "{q}" in line) + [h] * ("{h}" in line) + [f] * ("{f}" in line)
    raw = text(aws="\n".join(aws), server="\n".join(server)).replace("eyJ", draw(formless.map(json.dumps)))
    return draw(st.sampled_from(["{}", "{}\n'", "\n\n{}", "[{}", "# x\r\n{}"])).replace("{}", raw), secrets


@given(planted())
def test_no_secret_stays_wherever_it_stands_and_no_line_is_lost(found: tuple[str, list[str]]) -> None:
    """In values, keys, comments, tags and anchors, of files that are right, wrong, or no YAML."""
    raw, secrets = found
    result = shown(raw)
    for secret in secrets:
        parts = {secret[at : at + WINDOW] for at in range(len(secret) - WINDOW + 1)}
        assert not [part for part in parts if part in result], (secret, result)
    assert result.count("\n") == len(BREAK.findall(raw))


@given(st.text(max_size=200))
@example("a: \u2028b")
def test_any_text_keeps_its_lines_and_never_raises(raw: str) -> None:
    raw = raw.encode("utf-8", "replace").decode()
    assert shown(raw).count("\n") == len(BREAK.findall(raw.removeprefix("\ufeff")))


@given(st.one_of(formless, formed))
def test_a_secret_in_the_place_of_an_unknown_key_is_hidden_wherever_keys_are_shown(secret: str) -> None:
    result = shown(text().replace("sink:", f"{json.dumps(secret)}: 1\nsink:"))
    assert not [at for at in range(len(secret) - WINDOW + 1) if secret[at : at + WINDOW] in result]
