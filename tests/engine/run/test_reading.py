"""reading.py: what each option lets the catalogue know of a stream's records, alone and in a whole run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_kinesis_ingest.engine.model import Message, Record, RegisteredSchema, Sample
from airflow_kinesis_ingest.engine.run import pipeline
from airflow_kinesis_ingest.engine.run.reading import Reader
from airflow_kinesis_ingest.engine.workflow.models import Options
from tests.builders import workflow
from tests.corpus import lookup, outline
from tests.corpus import writers as w
from tests.corpus.cases import AVRO_ID, JSON_ID, SALE, SALES
from tests.fakes.kinesis import FakeKinesis, FakeRecord, FakeShard, FakeStream
from tests.fakes.openmetadata import FakeOpenMetadata

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def sample(*records: bytes, storing: bool = True, schemas: Any = lookup, infer: bool = True, **options: Any) -> Sample:
    """The sample of a stream called s; options: of `options.sample`."""
    checked = Options.model_validate({"sample": options, "inferSchema": infer})
    reader = Reader(checked, storing=storing, schemas=schemas)
    return reader.sample("s", reader.messages([Record(data) for data in records]))


# Options


def test_count_is_of_messages() -> None:
    """A record may hold several: the third of four is the last, also for the schema."""
    records = [w.kpl([b'{"a":1}', b'{"a":2}']), w.kpl([b'{"a":3}', b'{"b":4}'])]
    found = sample(*records, count=3, position="horizon")
    assert found.messages == ('{"a":1}', '{"a":2}', '{"a":3}')
    assert found.schema is not None
    assert (found.schema.agreed, found.schema.total) == (3, 3)


def test_of_records_that_hold_many_messages_latest_shows_the_newest() -> None:
    """As they arrived; not those of the oldest record that was read."""
    hours = [w.kpl([f'{{"hour":{hour},"n":{number}}}'.encode() for number in range(3)]) for hour in range(4)]
    assert sample(*hours, count=4).messages == (
        '{"hour":2,"n":2}',
        *(f'{{"hour":3,"n":{number}}}' for number in range(3)),
    )


@pytest.mark.parametrize(("position", "first"), [("horizon", True), ("latest", False)])
def test_records_beyond_the_count_are_not_decoded(position: str, first: bool) -> None:
    """The registry is not asked for the schema of what nobody sees."""
    asked: list[str] = []
    seen, unseen = b'{"a":1}', w.glue(AVRO_ID, b"\x02")
    sample(*((seen, unseen) if first else (unseen, seen)), count=1, schemas=asked.append, position=position)
    assert asked == []


def test_max_bytes_is_of_all_messages_together() -> None:
    """In UTF-8; the message that does not fit is cut and says so, those behind it are left out."""
    messages = [number * 350 for number in "äöü"]
    shown = sample(*(message.encode() for message in messages), maxBytes=1024, position="horizon").messages
    assert shown[0] == messages[0]
    assert shown[1].endswith("… [truncated, 700 bytes]")
    assert len(shown) == 2
    assert 1000 < sum(len(text.encode()) for text in shown) <= 1024


def test_where_they_are_too_many_bytes_latest_shows_the_newest() -> None:
    """Inflated, messages may be more than their records were; the oldest ones are left out, or cut."""
    shown = sample(*(w.gzip(letter * 700) for letter in (b"a", b"b", b"c")), maxBytes=1024).messages
    assert shown[-1] == "c" * 700
    assert shown[0].startswith("bbb")
    assert shown[0].endswith("… [truncated, 700 bytes]")
    assert len(shown) == 2


def test_a_rest_too_small_for_a_message_is_not_used() -> None:
    """A mark and a few characters tell nothing."""
    assert len(sample(b"x" * 800, b"y" * 800, maxBytes=1024).messages) == 1


def test_without_storing_only_the_schema_is_told() -> None:
    found = sample(b'{"a":1}', storing=False)
    assert found.messages == ()
    assert outline(found.schema) == "JSON: s RECORD {a INT}"


def test_without_inference_only_messages_are_shown() -> None:
    """Not even the schema that a message carries is told."""
    for record in (w.glue(AVRO_ID, w.avro(SALE, SALES[1])), b'{"a":1}'):
        assert sample(record).schema is not None
        found = sample(record, infer=False)
        assert len(found.messages) == 1
        assert found.schema is None


def test_no_records_are_no_schema() -> None:
    assert sample() == Sample()


def test_notes_are_told_once_each() -> None:
    """In the order of the messages."""
    notes = sample(b"\xff", b"a\x00", b"\xfe", b"x").notes
    assert [note.split()[0] for note in notes] == ["neither", "text"]


# Redaction


def test_redaction_comes_before_the_cut() -> None:
    """Where a secret would be cut in two, no detector would see that its head is one."""
    for spaces in range(960, 1000):
        (shown,) = sample(b" " * spaces + SECRET.encode() + b" " * 1000, maxBytes=1024, redact=["aws_key"]).messages
        assert "wJ" not in shown


def test_types_are_those_of_the_unredacted_messages() -> None:
    """A hidden number shows as text and is a number still."""
    found = sample(b'{"n":7,"to":"ann@example.com"}', redact=["$.n", "email"])
    assert found.messages == ('{"n":"***","to":"***"}',)
    assert outline(found.schema) == "JSON: s RECORD {n INT, to STRING}"


@pytest.mark.parametrize("name", ["Ann <ann@example.com>", "a@x.yz b@x.yz", "a\u00e9@example.com x", f"id {SECRET}"])
def test_no_secret_in_a_name_enters_a_schema(name: str) -> None:
    """Neither its text nor its fields; those beside it stay as they are."""
    record = {"id": 1, "inner": [{name: {"n": 1.5}}]}
    found = sample(json.dumps(record).encode(), redact=["email", "aws_key"])
    assert found.schema is not None
    hidden = found.messages[0].partition('[{"')[2].partition('"')[0]
    assert outline(found.schema) == f"JSON: s RECORD {{id INT, inner ARRAY<RECORD> {{{hidden} RECORD {{n DOUBLE}}}}}}"
    assert "***" in hidden
    for secret in ("example.com", "@", SECRET):
        assert secret not in found.schema.text
        assert secret not in str(found.schema.fields)


def test_no_secret_in_a_registered_schema_is_told() -> None:
    """Avro's documentation of a field, or the names of fields that a JSON schema leaves open; it stays JSON."""
    documented = {**SALE, "doc": "Ask\nann@example.com"}
    found = sample(w.avro_container(documented, SALES), redact=["email"])
    assert found.schema is not None
    assert json.loads(found.schema.text) == {**documented, "doc": "Ask***"}
    found = sample(w.glue(JSON_ID, b'{"Ann <ann@example.com>":1}'), redact=["email"])
    assert outline(found.schema) == "JSON: s RECORD {Ann <***> INT}"


def test_a_schema_without_a_secret_is_told_as_registered() -> None:
    """To the byte, whatever the rules."""
    text = json.dumps(SALE, indent=5)
    registry = RegisteredSchema("AVRO", text)
    record = w.glue(AVRO_ID, w.avro(SALE, SALES[0]))
    found = sample(record, schemas=lambda _: registry, redact=["email", "card", "$.id"])
    assert found.schema is not None
    assert found.schema.text == text


def test_a_single_message_is_redacted_for_whoever_looks() -> None:
    """The dry run shows messages one by one."""
    reader = Reader(Options.model_validate({"sample": {"redact": ["$.a"]}}), storing=False, schemas=None)
    (message,) = reader.messages([Record(b'{"a":1}')])
    assert reader.redacted(message) == Message('{"a":"***"}', "json", {"a": "***"})


def test_json_lines_are_redacted_as_one_json_is() -> None:
    """In every line, in the names of the schema, and nothing is kept of what they were."""
    lines = b'{"a":1,"Ann <ann@example.com>":2}\n{"a":2}'
    found = sample(lines, redact=["email", "$.a"])
    assert found.messages == ('{"a":"***","Ann <***>":2}\n{"a":"***"}',)
    assert outline(found.schema) == "JSON: s RECORD {Ann <***> INT, a INT}"
    reader = Reader(Options.model_validate({"sample": {"redact": ["$.a"]}}), storing=False, schemas=None)
    assert not reader.redacted(*reader.messages([Record(lines)])).values


# A whole run


@pytest.fixture
def catalogue() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running
    assert running.invalid_bodies == []


def stored(catalogue: FakeOpenMetadata, options: dict[str, Any]) -> dict[str, Any]:
    """The topic of a stream with an address as a value, as a name and in an aggregate, after a run."""
    record = json.dumps({"Ann <ann@example.com>": 1, "to": "ann@example.com"}).encode()
    shard = FakeShard(records=[FakeRecord(record), FakeRecord(w.kpl([record, w.gzip(record)]))])
    with FakeKinesis([FakeStream("mail", [shard])], quotas={}) as aws:
        report = pipeline.run(workflow(aws, catalogue, options=options))
    assert (report.state, report.sampled, report.written) == ("success", 1, 1)
    topic: dict[str, Any] = catalogue.topic("shop", "mail")
    return topic


def names(topic: dict[str, Any]) -> list[str]:
    return [field["name"] for field in topic["messageSchema"]["schemaFields"][0]["children"]]


@pytest.mark.usefixtures("quick")
def test_a_run_stores_nothing_that_it_was_told_to_redact(catalogue: FakeOpenMetadata) -> None:
    """Nowhere in the topic, and in no request on the way."""
    topic = stored(catalogue, {"sample": {"redact": ["email"]}})
    assert topic["sampleData"]["messages"] == ['{"Ann <***>": 1, "to": "***"}'] * 3
    assert names(topic) == ["Ann <***>", "to"]
    for told in (json.dumps(topic), *(str(request) for request in catalogue.requests)):
        assert "ann@" not in told


@pytest.mark.usefixtures("quick")
def test_a_run_stores_what_the_options_of_the_sample_say(catalogue: FakeOpenMetadata) -> None:
    """Two messages are asked for; the aggregate's second one is the third."""
    topic = stored(catalogue, {"sample": {"count": 2}})
    assert len(topic["sampleData"]["messages"]) == 2
    assert "ann@example.com" in topic["sampleData"]["messages"][0]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("by", ["server", "options"])
def test_where_samples_may_not_be_stored_the_schema_is(catalogue: FakeOpenMetadata, by: str) -> None:
    """OpenMetadata's global switch, or the option: it is about messages, and names are none."""
    if by == "server":
        catalogue.profiler = {"sampleDataConfig": {"storeSampleData": False}}
    topic = stored(catalogue, {"sample": {"store": by == "server"}})
    assert not topic["sampleData"]
    assert "to" in names(topic)
