"""decode.py: from bytes to readable text, never wrong, never more than 2 MiB, never an exception."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address
from itertools import count
from types import ModuleType
from typing import Any
from uuid import UUID

import cbor2
import fastavro
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from airflow_kinesis_ingest.engine.model import Message, MessageSchema, NoSchema, RegisteredSchema
from airflow_kinesis_ingest.engine.records import avro, codecs, protobuf
from airflow_kinesis_ingest.engine.records.decode import MESSAGES_MOST, decode, truncate
from airflow_kinesis_ingest.engine.records.schema import infer
from tests.corpus import CASES, Case, lookup
from tests.corpus import writers as w
from tests.corpus.cases import AVRO_ID, CLOCKS, PROTO, PROTOBUF_ID, SALE, SALES

MIB = 1 << 20
UTC = timezone.utc
KEYS = st.text("abcxyzäßИ日_-. ", min_size=3, max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
WRITABLE = st.characters(codec="utf-8", exclude_characters="\x00")
PLAIN_TEXT = st.one_of(
    st.text(WRITABLE),
    JSON.map(json.dumps),
    st.integers().map(str) | st.floats().map(str),
    st.binary().map(lambda data: base64.b64encode(data).decode()),
    st.text("абвгґёіїЯ ,.") | st.text("日本語テスト。") | st.sampled_from(["👩‍👩‍👧", "🇺🇦 🏴‍☠️", "e\u0301"]),
    st.text("x^\x78\x5eBZh0123456789Obj ").map(lambda text: f"x^{text}"),
)
quick = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def ids(case: Case) -> str:
    return case.name


def content(url: str) -> bytes:
    """The bytes in a data URL, read as a browser would."""
    header, _, encoded = url.partition(",")
    assert header.startswith("data:")
    assert header.endswith(";base64")
    return base64.b64decode(encoded, validate=True)


def assert_sound(messages: tuple[Message, ...]) -> None:
    """What holds for the messages of any bytes."""
    assert messages
    for message in messages:
        assert "\x00" not in message.text
        message.text.encode()
        assert len([layer for layer in message.layers if layer in ("kpl", "gzip", "zlib", "zstd", "bzip2")]) <= 3
        if message.format == "binary":
            assert message.note
            content(message.text)
        if message.format == "json" and message.text.isascii():
            assert repr(json.loads(message.text)) == repr(message.value)


@contextmanager
def held_at_most(bound: int) -> Iterator[None]:
    """The peak of memory beside what existed before, in bytes."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        yield
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < bound, f"{peak / MIB:.2f} MiB"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_corpus(case: Case) -> None:
    """Every record of the corpus becomes the texts beside it, through the layers beside it; the note says why not."""
    messages = decode(case.data, schemas=lookup)
    assert tuple(message.text for message in messages) == case.texts
    assert {message.layers for message in messages} == {case.layers}
    assert case.note in messages[0].note
    assert bool(case.note) == bool(messages[0].note)


def test_corpus_is_large_enough() -> None:
    """At least 60 cases, none twice."""
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@quick
@given(PLAIN_TEXT)
@example("aGVsbG8=")
@example("{}")
@example("Объявление")
@example("\ufeff{}")
def test_text_is_shown_byte_for_byte(text: str) -> None:
    """Text without NUL is what was sent: no base64 is undone, no encoding guessed, nothing trimmed."""
    (message,) = decode(text.encode())
    assert message.text.encode() == text.encode()
    assert not message.note


@quick
@given(st.text(WRITABLE, min_size=1), st.text(WRITABLE))
def test_text_with_nul_is_a_data_url_of_text(before: str, after: str) -> None:
    """PostgreSQL stores no NUL, so such a text is encoded, and still says that it is text."""
    assume(not before.startswith("\x03"))  # with a UUID behind it, that is Glue's header
    data = f"{before}\x00{after}".encode()
    (message,) = decode(data)
    assert message.text.startswith("data:text/plain;charset=utf-8;base64,")
    assert content(message.text) == data


@quick
@given(st.binary(min_size=1))
def test_what_is_not_text_is_a_data_url(data: bytes) -> None:
    """Bytes that are no UTF-8 and no known format come back exactly from the data URL."""
    messages = decode(b"\xff" + data)
    assert [content(message.text) for message in messages] == [b"\xff" + data]


@quick
@given(JSON)
def test_json_has_its_value(value: Any) -> None:
    """Objects, arrays and scalars alike: the value is what json.loads says."""
    (message,) = decode(json.dumps(value).encode())
    assert message.format == "json"
    assert message.value == value


@quick
@given(st.dictionaries(KEYS, st.lists(SCALARS), min_size=1, max_size=18))
def test_packed_maps_are_read(value: dict[str, Any]) -> None:
    """A MessagePack map and a self-described CBOR map become the JSON of the same value."""
    for data, layer in ((w.msgpack(value), "msgpack"), (w.cbor(value), "cbor")):
        (message,) = decode(data)
        assert (message.value, message.format, message.layers) == (value, "json", (layer,))
        assert json.loads(message.text) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xa1\x61n\xf9\x3e\x00", {"n": 1.5}),
        (b"\x9f\x01\x82\x02\x03\xff", [1, [2, 3]]),
        (b"\xbf\x61a\xf5\xff", {"a": True}),
        (b"\x7f\x62ab\x61c\xff", "abc"),
        (b"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00", 1 << 64),
        (b"\xc3\x41\x00", -1),
        (b"\x5f\x42ab\x41c\xff", "data:application/octet-stream;base64,YWJj"),
        (b"\xfa\x7f\x80\x00\x00", "Infinity"),
        (b"\xa3\x01\x00\xf5\x00\xf6\x00", {"1": 0, "true": 0, "null": 0}),
    ],
)
def test_cbor_beyond_the_basics(data: bytes, value: Any) -> None:
    """Half floats, indefinite lengths and bignums (examples of RFC 8949, appendix A)."""
    assert decode(b"\xd9\xd9\xf7" + data)[0].value == value


def tagged(tag: int, *content: bytes) -> bytes:
    """Behind a tag: an item; of several, an array of them."""
    return w.cbor_head(6, tag) + (content[0] if len(content) == 1 else w.cbor_head(4, len(content)) + b"".join(content))


def cbor(value: Any) -> bytes:
    return w.cbor(value)[3:]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (tagged(0, cbor("2013-03-21T20:04:00Z")), "2013-03-21T20:04:00Z"),
        (tagged(1, cbor(1363896240)), "2013-03-21T20:04:00+00:00"),
        (tagged(1, cbor(1363896240.5)), "2013-03-21T20:04:00.500000+00:00"),
        (tagged(1, cbor(1363896240.123457)), "2013-03-21T20:04:00.123457+00:00"),
        (tagged(1, cbor(-1.25)), "1969-12-31T23:59:58.750000+00:00"),
        (tagged(1, cbor(-62135596800)), "0001-01-01T00:00:00+00:00"),
        (tagged(2, b"\xc2\x41\x01"[1:]), 1),
        (tagged(3, b"\x5f\x41\x01\x41\x00\xff"), -257),
        (tagged(4, cbor(-2), cbor(27315)), 273.15),
        (tagged(4, cbor(-2), cbor(-5)), -0.05),
        (tagged(4, cbor(2), cbor(5)), 500.0),
        (tagged(4, cbor(-2), cbor(12345678901234567890)), "123456789012345678.90"),
        (tagged(4, cbor(-1), tagged(2, cbor(b"\x01" * 9))), "1851908424654762828.9"),
        (tagged(4, cbor(0), cbor(36028797018963968)), "36028797018963968"),
        (tagged(5, cbor(-1), cbor(3)), 1.5),
        (tagged(5, cbor(-55), cbor(3602879701896397)), 0.1),
        (tagged(5, cbor(-70), cbor(1)), 2.0**-70),
        (tagged(5, cbor(-1), cbor(2**64 - 1)), "9223372036854775807.5"),
        (tagged(5, cbor(1100), cbor(1)), str(2**1100)),
        (tagged(24, cbor(b"\x01")), "data:application/cbor;base64,AQ=="),
        (tagged(30, cbor(1), cbor(3)), "1/3"),
        (tagged(32, cbor("http://a.b")), "http://a.b"),
        (tagged(37, cbor(bytes(15) + b"\x05")), "00000000-0000-0000-0000-000000000005"),
        (tagged(52, cbor(b"\x0a\x00\x00\x01")), "10.0.0.1"),
        (tagged(54, cbor(bytes(15) + b"\x01")), "::1"),
        (tagged(260, cbor(bytes(range(6)))), "00:01:02:03:04:05"),
        (tagged(100, cbor(-1)), "1969-12-31"),
        (tagged(1004, cbor("1940-10-09")), "1940-10-09"),
        (tagged(258, cbor(1), cbor(2)), [1, 2]),
        (tagged(23, cbor(b"\x01")), "data:application/octet-stream;base64,AQ=="),
        (tagged(55799, cbor({"a": 1})), {"a": 1}),
        (tagged(256, cbor("aaa"), tagged(25, cbor(0)), cbor("bb"), cbor(b"ccc"), tagged(25, cbor(1))),
         ["aaa", "aaa", "bb", *["data:application/octet-stream;base64,Y2Nj"] * 2]),
        (tagged(256, cbor("aaa"), tagged(256, cbor("bbb"), tagged(25, cbor(0))), tagged(25, cbor(0))),
         ["aaa", ["bbb", "bbb"], "aaa"]),
        (tagged(256, b"\x7f\x63aaa\xff", cbor("bbb"), tagged(25, cbor(0))), ["aaa", "bbb", "bbb"]),
        (tagged(28, tagged(28, cbor([1])), tagged(29, cbor(1)), cbor(2)), [[1], [1], 2]),
        (b"\xa1\x61a\x82" + tagged(28, cbor({"x": 1})) + tagged(29, cbor(0)), {"a": [{"x": 1}, {"x": 1}]}),
        (b"\xa1" + tagged(100, cbor(0)) + cbor(1), {"1970-01-01": 1}),
    ],
)  # fmt: skip
def test_a_tag_of_cbor_is_what_it_means(data: bytes, value: Any) -> None:
    """Times, numbers of any size, UUIDs, addresses, references; a number of too many digits is shown as text."""
    (message,) = decode(b"\xd9\xd9\xf7" + data)
    assert (message.value, message.note) == (value, "")
    assert json.loads(message.text) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xa2\x01aa\x611ab", "two keys that JSON writes alike"),
        (b"\xbf\x61a\x01\x61a\x02\xff", "two keys that JSON writes alike"),
        (b"\xa2\xf5aa\x64trueab", "two keys that JSON writes alike"),
        (tagged(1, cbor("now")), "a time that is no number"),
        (tagged(1, cbor(1e300)), "a time out of bounds"),
        (tagged(1, cbor(1e-300)), "a time out of bounds"),
        (tagged(1, cbor(10**12)), "a time outside of the years 1 to 9999"),
        (tagged(1, b"\xf9\x7e\x00"), "a time that is no number"),
        (tagged(100, cbor(10**9)), "a day outside"),
        (tagged(2, cbor(1)), "a tag for bytes"),
        (tagged(4, cbor(-1)), "two integers"),
        (tagged(4, cbor(10**9), cbor(1)), "out of bounds"),
        (tagged(5, cbor(-(10**9)), cbor(1)), "out of bounds"),
        (tagged(5, cbor(10**9), cbor(1)), "out of bounds"),
        (tagged(37, cbor(b"12")), "a tag for bytes"),
        (tagged(40, cbor(1), cbor(2)), "tag 40 says something that JSON cannot"),
        (tagged(70, cbor(b"1234")), "tag 70 says something"),
        (tagged(25, cbor(0)), "a reference to nothing"),
        (tagged(256, cbor("aa"), tagged(25, cbor(0))), "a reference to nothing"),
        (tagged(29, cbor(0)), "a reference to nothing"),
        (tagged(28, tagged(29, cbor(0)), cbor(1)), "a value that contains itself"),
        (b"\x5f\x61a\xff", "a chunk of another kind"),
        (b"\x61\xff", "codec"),
    ],
)
def test_what_json_cannot_say_of_cbor_stays_encoded(data: bytes, reason: str) -> None:
    """With the reason, under its own media type."""
    (message,) = decode(b"\xd9\xd9\xf7" + data)
    assert content(message.text) == b"\xd9\xd9\xf7" + data
    assert message.text.startswith("data:application/cbor;")
    assert message.note.startswith("CBOR: ")
    assert reason in message.note


@pytest.mark.parametrize(
    "bomb",
    [
        tagged(256, cbor("x" * 10_000), *[tagged(25, cbor(0))] * 10_000),
        b"\x98\x1f" + tagged(28, cbor("x" * 100)) + b"".join(
            tagged(28, tagged(29, cbor(n)), tagged(29, cbor(n))) for n in range(30)),
        b"\x98\x65" + tagged(28, cbor([])) + b"".join(
            tagged(28, b"\x81" + tagged(29, cbor(n))) for n in range(100)),
        b"\x9a\x00\x98\x96\x80" + b"\x80" * 10_000_000,
    ],
    ids=["a long string 10,000 times", "doubled thirty times", "a hundred levels", "ten million arrays"],
)  # fmt: skip
def test_references_of_cbor_are_bounded(bomb: bytes) -> None:
    """What they repeat, and how deep it is, beside how many values there are."""
    data = b"\xd9\xd9\xf7" + bomb
    with held_at_most(4 * MIB + 5 * len(data)):
        (message,) = decode(data)
    assert message.note.startswith("CBOR: ")


CBOR_SCALARS = (
    SCALARS | st.binary() | st.uuids() | st.decimals(allow_nan=False, allow_infinity=False) | st.fractions()
    | st.dates() | st.datetimes(timezones=st.just(UTC)) | st.ip_addresses() | st.integers(-(2**200), 2**200)
)  # fmt: skip
CBOR_VALUES = st.recursive(
    CBOR_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=20
)


def same(read: Any, written: Any) -> bool:
    """Whether what is shown is what was written."""
    if isinstance(written, dict):
        return read.keys() == written.keys() and all(same(read[key], written[key]) for key in written)
    if isinstance(written, list):
        return len(read) == len(written) and all(map(same, read, written))
    if isinstance(written, bytes):
        return content(read) == written
    if isinstance(written, datetime):
        # As a number, a time is a double.
        return datetime.fromisoformat(read.replace("Z", "+00:00")).timestamp() == written.timestamp()
    if isinstance(written, Decimal):
        return Decimal(str(read)) == written
    if isinstance(written, Fraction):
        return Fraction(read) == written
    return bool(read == (str(written) if isinstance(written, (UUID, date, IPv4Address, IPv6Address)) else written))


@quick
@given(st.lists(CBOR_VALUES, min_size=1, max_size=4), st.booleans(), st.booleans(), st.booleans())
def test_cbor_reads_what_cbor2_writes(values: list[Any], strings: bool, shared: bool, stamps: bool) -> None:
    """Any value, with references to strings and to values, which are there twice."""
    data = cbor2.dumps(
        {"once": values, "twice": values},
        string_referencing=strings,
        value_sharing=shared,
        datetime_as_timestamp=stamps,
    )
    (message,) = decode(b"\xd9\xd9\xf7" + data)
    assert message.format == "json", message.note
    assert same(message.value, {"once": values, "twice": values})


def test_cbor_whose_keys_are_containers_stays_encoded() -> None:
    """JSON has no way to write them: as text, a map in the key of a map doubles its escapes at every level."""
    nested = b"\xd9\xd9\xf7" + b"\xa1" * 16 + b"\x63'\"\\" + b"\x00" * 16
    with held_at_most(MIB // 10):
        (message,) = decode(nested)
    assert message.format == "binary"
    assert decode(b"\xd9\xd9\xf7\xbf\x80\x00\xff")[0].format == "binary"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\xcd\x12\x34", 0x1234),
        (b"\xd1\xff\xfe", -2),
        (b"\xca\x3f\xc0\x00\x00", 1.5),
        (b"\xd6\xff\x00\x00\x00\x01", "1970-01-01T00:00:01+00:00"),
        (b"\xd7\xff" + (7 << 34 | 1).to_bytes(8, "big"), "1970-01-01T00:00:01.000000007+00:00"),
        (b"\xc7\x0c\xff" + bytes(4) + (-1).to_bytes(8, "big", signed=True), "1969-12-31T23:59:59+00:00"),
        (b"\xd4\x05\x07", "data:application/octet-stream;base64,Bw=="),
        (b"\xdd\x00\x00\x00\x01\xc3", [True]),
        (b"\xd9\x01z", "z"),
    ],
)
def test_msgpack_beyond_the_basics(data: bytes, value: Any) -> None:
    """Every width of number, the timestamp extension, unknown extensions and long arrays."""
    assert decode(b"\x81\xa3key" + data)[0].value == {"key": value}


# Never raises


@quick
@given(st.binary())
@example(b"\x00")
@example(b"\xd9\xd9\xf7")
@example(b"\xd9\xd9\xf7" + b"\x81" * 5000)
@example(b"\xd9\xd9\xf7" + b"\xc1" * 5000)
@example(b"\x81\xa3key" + b"\x91" * 5000)
@example(b"\x81\xa3key\xdd\xff\xff\xff\xff")
@example(b"\xd9\xd9\xf7" + b"\xa1" * 22 + b"\x63'\"\\" + b"\x00" * 22)
def test_any_bytes_decode(data: bytes) -> None:
    """decode never raises."""
    assert_sound(decode(data, schemas=lookup))


STARTS = sorted({case.data[:24] for case in CASES} | {codec.magic[0] for codec in codecs.CODECS})


@quick
@given(st.sampled_from(STARTS), st.binary())
def test_any_bytes_behind_a_signature_decode(start: bytes, data: bytes) -> None:
    """Nor does it for bytes that begin like a format."""
    assert_sound(decode(start + data, schemas=lookup))


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_every_prefix_decodes(case: Case) -> None:
    """A record cut anywhere is readable or marked."""
    for length in range(0, len(case.data), max(1, len(case.data) // 500)):
        assert_sound(decode(case.data[:length], schemas=lookup))


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_every_flipped_byte_decodes(case: Case) -> None:
    """A record with one bit turned over is readable or marked; each byte has its turn."""
    for position in range(0, len(case.data), max(1, len(case.data) // 500)):
        flipped = bytearray(case.data)
        flipped[position] ^= 1 << position % 8
        assert_sound(decode(bytes(flipped), schemas=lookup))


# Bounds


def zeros(size: int, wbits: int = 31) -> bytes:
    """`size` MiB of zeros, deflated without ever holding them."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([*(squeeze.compress(bytes(MIB)) for _ in range(size)), squeeze.flush()])


GZIP_BOMB = zeros(200)


def test_a_gzip_of_200_kb_that_inflates_to_200_mb_costs_2_mib() -> None:
    """The promise of the issue: bounded in memory, shown in part, and said so."""
    assert 150_000 < len(GZIP_BOMB) < 250_000
    with held_at_most(2 * MIB):
        (message,) = decode(GZIP_BOMB)
    assert "inflates to more than" in message.note
    assert content(message.text) == bytes(codecs.KEPT_OF_CUT)


def test_a_large_record_costs_no_more() -> None:
    """Nor does one whose compressed bytes are many: no codec gets a copy of them."""
    data = w.gzip(random.Random(1).randbytes(5 * MIB))
    with held_at_most(2 * MIB):
        (message,) = decode(data)
    assert len(content(message.text)) == codecs.KEPT_OF_CUT


WORKSPACE = {"bzip2": 4 * MIB, "xz": 9 * MIB}
"""What the algorithm itself asks for before the first byte comes out (of xz, only pages that output fills are real)."""


def xz_that_asks_for(dictionary: int) -> bytes:
    """A stream of "hello" whose header asks for so many MiB of dictionary, with a right checksum (xz format, 3.1)."""
    stream = bytearray(lzma.compress(b"hello"))
    header = slice(12, 12 + (stream[12] + 1) * 4)
    stream[header.start + 4] = 2 * (dictionary.bit_length() - 1 + 20 - 12)
    stream[header.stop - 4 : header.stop] = zlib.crc32(stream[header.start : header.stop - 4]).to_bytes(4, "little")
    return bytes(stream)


@pytest.mark.parametrize(("mib", "shown"), [(64, True), (128, False), (1024, False)])
def test_no_xz_stream_gets_more_memory_than_its_own_best_compression_needs(mib: int, shown: bool) -> None:
    """Preset 9 has a dictionary of 64 MiB. A record may ask for 4 GiB, and its reader would have to give them."""
    (message,) = decode(xz_that_asks_for(mib))
    assert (message.text == "hello") is shown
    assert shown or "Memory usage limit" in message.note


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("xz", lzma.compress), ("bzip2", bz2.compress)])
def test_no_more_than_1000_streams_in_one_are_opened(
    name: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record of 10 MiB holds half a million empty ones: two seconds of opening them, for nothing."""
    ends_after(1000, codecs, "_pump", monkeypatch)
    codec = next(each for each in codecs.CODECS if each.name == name)
    member = pack(b"")
    inflated = codecs.inflate(codec, member * 1500)
    assert inflated.note == f"{500 * len(member)} bytes after the {name} stream are not shown"


@pytest.mark.parametrize("name", ["gzip", "zlib", "bzip2", "xz", "zstd", "lz4_frame", "snappy"])
@pytest.mark.parametrize("unit", [b"a", b"[],", "日".encode()], ids=["a", "json", "kanji"])
def test_no_bomb_costs_more_than_2_mib(name: str, unit: bytes) -> None:
    """Whatever the format, whatever it inflates to: text is cut at a character and marked."""
    pack: Callable[[bytes], bytes] = getattr(w, name)
    bomb = pack(unit * (3 * MIB // len(unit)))
    decode(pack(b"warm the imports up"))
    with held_at_most(2 * MIB + WORKSPACE.get(name, 0)):
        (message,) = decode(bomb)
    assert message.text.endswith("… [truncated]")
    assert message.text.encode().startswith(unit * 1000)


@pytest.mark.parametrize(
    "bomb",
    [
        w.gzip(GZIP_BOMB),
        w.kpl([GZIP_BOMB] * 5),
        w.gzip(w.kpl([w.gzip(b"a" * 700_000)] * 50)),
        w.glue(AVRO_ID, zeros(20, 15), compressed=True).replace(b"\x03\x00", b"\x03\x05", 1),
        w.avro_container("bytes", [bytes(20 * MIB)], "deflate"),
        w.avro_container("bytes", [bytes(20 * MIB)], "snappy"),
        w.gzip(b"") * 5000,
    ],
    ids=["gzip in gzip", "kpl of bombs", "gzip of kpl of gzip", "glue", "avro deflate", "avro snappy", "many members"],
)
def test_layers_share_one_allowance(bomb: bytes) -> None:
    """Bombs in bombs, and many in one record, cost no more than one; 1.5 MiB of text is what they may yield."""
    decode(w.avro_container("bytes", [b""], "snappy"))
    with held_at_most(4 * MIB):
        messages = decode(bomb)
    assert_sound(messages)
    assert sum(len(message.text) for message in messages if message.format != "binary") < 1.5 * MIB


@pytest.mark.parametrize(
    "broken",
    [
        w.gzip(bytes(700_000))[:-8] + bytes(8),
        w.bzip2(bytes(700_000))[:-5] + bytes(5),
        w.xz(bytes(700_000))[:-3],
        w.zstd(bytes(700_000))[:-1],
        w.lz4_frame(bytes(700_000))[:-1],
        w.snappy(bytes(700_000))[:-1],
    ],
    ids=["gzip", "bzip2", "xz", "zstd", "lz4", "snappy"],
)
def test_a_broken_stream_costs_its_record_what_came_out_of_it(broken: bytes) -> None:
    """Of a thousand that each break after 700 KB, two are inflated."""
    messages = decode(w.kpl([broken] * MESSAGES_MOST))
    told = [message.note for message in messages if "other parts of the record inflate to" in message.note]
    assert len(told) == MESSAGES_MOST - 2


def test_snappy_blocks_in_avro_share_the_allowance() -> None:
    """The second of two containers would inflate to more than is left for the record."""
    container = w.avro_container("bytes", [bytes(500_000)], "snappy")
    first, second = decode(w.kpl([container, container]))
    assert (first.format, second.format) == ("avro", "binary")
    assert "inflates to more than" in second.note


NODE = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
WIDE = {"type": "record", "name": "W", "fields": [{"name": f"{i}" * 500, "type": "null"} for i in range(100)]}


@pytest.mark.parametrize(
    ("schema", "datum"),
    [
        (NODE, b"\x02" * 100_000 + b"\x00"),
        ({"type": "array", "items": "null"}, w.zigzag(1 << 32) + b"\x00"),
        ({"type": "array", "items": WIDE}, w.zigzag(1 << 32) + b"\x00"),
        ({"type": "array", "items": WIDE}, w.zigzag(1000) + b"\x00"),
        ("string", w.zigzag(1 << 62)),
        ("bytes", w.zigzag(-1)),
        ({"type": "array", "items": "int"}, w.zigzag(-(1 << 62))),
    ],
    ids=[
        "endless nesting",
        "4 billion nulls",
        "4 billion wide records",
        "50 MB of names",
        "long string",
        "negative",
        "negative block",
    ],
)
def test_avro_bombs_stay_encoded(schema: Any, datum: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes that announce more than memory holds; fastavro dies of the first two.

    2 MiB of output at 16 characters a value are 131,072 values: whoever reads more would read on for minutes.
    """
    registry = RegisteredSchema("AVRO", json.dumps(schema))
    ends_after(2 * MIB // 16 + 100, avro, "_read", monkeypatch)
    with held_at_most(20 * MIB):
        (message,) = decode(w.glue(AVRO_ID, datum), schemas=lambda _: registry)
    assert message.format == "binary"
    assert AVRO_ID in message.note


def ends_after(most: int, module: ModuleType, function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test fails at call number `most` + 1, instead of going on until somebody looks."""
    original, calls = getattr(module, function), count(1)

    def counted(*arguments: Any) -> Any:
        if next(calls) > most:
            pytest.fail(f"{function} is called more than {most} times")
        return original(*arguments)

    monkeypatch.setattr(module, function, counted)


def test_messages_of_one_record_are_bounded() -> None:
    """Of an aggregate of 1200, the first 1000 are shown and 200 are told of; nested ones do not multiply."""
    messages = decode(w.kpl([b"%d" % number for number in range(MESSAGES_MOST + 200)]))
    assert [message.text for message in messages] == [str(number) for number in range(MESSAGES_MOST)]
    assert messages[-1].note == "200 more messages of this record are not shown"
    nested = decode(w.kpl([w.kpl([b"a"] * 500)] * 500))
    assert len(nested) <= MESSAGES_MOST + 500
    containers = decode(w.avro_container("int", list(range(MESSAGES_MOST + 1))))
    assert len(containers) == MESSAGES_MOST
    assert containers[-1].note.startswith("1 more")


# Extras and registries


@pytest.mark.parametrize(
    ("module", "pack"), [("backports.zstd", w.zstd), ("lz4.frame", w.lz4_frame), ("cramjam", w.snappy)]
)
def test_a_missing_extra_is_named(module: str, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the record stays encoded, under its own media type, and the note says what to install."""
    data = pack(b"hello")
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    (message,) = decode(data)
    assert content(message.text) == data
    assert not message.text.startswith("data:application/octet-stream")
    assert "install airflow-kinesis-ingest[codecs]" in message.note


def test_snappy_in_avro_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a container whose blocks need it."""
    data = w.avro_container(SALE, SALES, "snappy")
    monkeypatch.setitem(sys.modules, "cramjam", None)
    assert "install airflow-kinesis-ingest[codecs]" in decode(data)[0].note


def proto(schema: str, payload: bytes) -> Message:
    (message,) = decode(w.glue(PROTOBUF_ID, payload), schemas=lambda _: RegisteredSchema("PROTOBUF", schema))
    return message


def test_protobuf_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the record stays encoded."""
    monkeypatch.setitem(sys.modules, "grpc_tools", None)
    message = proto(PROTO, b"\x00\x08\x01")
    assert message.text.startswith("data:application/protobuf;base64,")
    assert "install airflow-kinesis-ingest[codecs]" in message.note
    assert infer([message], name="s") == MessageSchema("Protobuf", PROTO, (), 1, 1)


def test_a_protobuf_schema_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for each; what does not compile is not tried again, either, and the note says where it is wrong."""
    ends_after(2, protobuf, "_protoc", monkeypatch)
    for schema, note in ((f"{PROTO}// new", ""), (f"{PROTO}message {{", "does not compile (line 12, column 9)")):
        for _ in range(3):
            assert note in proto(schema, b"\x00\x08\x01").note


def test_a_protobuf_schema_that_compiles_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(*_: Any) -> None:
        raise subprocess.TimeoutExpired("protoc", 30)

    monkeypatch.setattr(protobuf, "_protoc", hangs)
    assert "was not compiled" in proto(f"{PROTO}// slow", b"\x00\x08\x01").note


def test_a_protobuf_schema_that_the_library_refuses_keeps_its_records_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an edition that the compiler knows and the library does not."""

    def refuses(_: Any) -> None:
        raise TypeError("Couldn't build proto file into descriptor pool")

    monkeypatch.setattr(protobuf, "_linked", refuses)
    assert "the installed protobuf cannot use it" in proto(f"{PROTO}// refused", b"\x00\x08\x01").note


def test_a_protobuf_schema_reads_no_file_of_the_machine() -> None:
    """An import that is neither in the schema nor one of Google's own is an error."""
    for path in ("/etc/passwd", "../schema.proto", "missing.proto"):
        assert "does not compile" in proto(f'syntax = "proto3"; import "{path}"; message A {{}}', b"\x00").note


def test_protobuf_bombs_stay_encoded() -> None:
    """Two bytes that are shown with a name of 50,000, and a message as deep as protobuf reads."""
    long = f'syntax = "proto3"; message A {{ repeated B b = 1; }} message B {{ int32 {"n" * 50_000} = 1; }}'
    with held_at_most(20 * MIB):
        message = proto(long, b"\x00" + b"\x0a\x02\x08\x01" * 10_000)
    assert "more than 2 MiB to show" in message.note
    nested = b""
    for _ in range(3000):
        nested = b"\x0a" + w.varint(len(nested)) + nested
    assert proto('syntax = "proto3"; message A { A a = 1; }', b"\x00" + nested).format == "binary"


@pytest.mark.parametrize(("length", "form"), [(100, "protobuf"), (3000, "binary")])
def test_a_chain_of_protobuf_messages_is_shown_or_said_to_be_too_long(length: int, form: str) -> None:
    """Each is a field of the one before; protobuf itself makes their classes one inside the other."""
    chain = "".join(f"message M{number} {{ M{number + 1} m = 1; }}" for number in range(length))
    message = proto(f'syntax = "proto3"; {chain} message M{length} {{ int32 a = 1; }}', b"\x00")
    schema = infer([message], name="s")
    assert message.format == form
    assert schema is not None
    assert bool(schema.fields) is (form == "protobuf")
    assert form == "protobuf" or "nested too deep" in message.note


def test_what_protobuf_has_no_json_for_stays_encoded() -> None:
    """An Any of a type that the schema does not have; a time of the year 10000."""
    head = 'syntax = "proto3"; import "google/protobuf/any.proto"; import "google/protobuf/timestamp.proto"; '
    schema = head + "message A { google.protobuf.Any any = 1; google.protobuf.Timestamp at = 2; }"
    for payload in (b"\x0a\x05\x0a\x03x/Y", b"\x12\x07\x08\x80\xcc\xfc\xfc\xfc\x0f"):
        message = proto(schema, b"\x00" + payload)
        assert message.format == "binary"
        assert "Protobuf message A: " in message.note


def test_a_protobuf_message_without_a_required_field_stays_encoded() -> None:
    """At the top, in a message within it, and in a map below a key that is no UTF-8, of which protobuf crashes."""
    schema = 'syntax = "proto2"; message A { required string a = 1; optional A inner = 2; map<string, A> more = 3; }'
    assert proto(schema, b"\x00\x0a\x01x").text == '{"a": "x"}'
    for payload in (b"", b"\x0a\x01x\x12\x00", b"\x0a\x01x\x1a\x05\x0a\x01\xad\x12\x00"):
        message = proto(schema, b"\x00" + payload)
        assert message.format == "binary"
        assert "it lacks a field that the schema requires" in message.note


def test_the_registry_is_asked_for_the_version_in_the_header() -> None:
    """Once per record, by the UUID as Glue writes it; without a registry the note names the version."""
    asked: list[str] = []

    def ask(version: str) -> NoSchema:
        asked.append(version)
        return NoSchema("no")

    decode(w.glue(AVRO_ID, b"\x02"), schemas=ask)
    assert asked == [AVRO_ID]
    assert AVRO_ID in decode(w.glue(AVRO_ID, b"\x02"))[0].note


def test_messages_carry_the_schema_they_were_written_with() -> None:
    """Its text exactly as registered, or as embedded in the container."""
    text = json.dumps(SALE, indent=3)
    (message, *_) = decode(w.avro_container(SALE, SALES, text=text))
    assert message.schema == RegisteredSchema("AVRO", text)
    assert decode(w.glue(AVRO_ID, w.avro(SALE, SALES[0])), schemas=lookup)[0].schema == lookup(AVRO_ID)


@pytest.mark.parametrize(
    "schema", ["", "{", "[]", '{"type":"record"}', '{"type":["x"]}', '"nothing"', "[" * 10_000, "1"]
)
def test_a_schema_that_is_none(schema: str) -> None:
    """A registry may answer anything: the record stays encoded."""
    (message,) = decode(w.glue(AVRO_ID, b"\x02"), schemas=lambda _: RegisteredSchema("AVRO", schema))
    assert message.format == "binary"


def test_a_schema_of_more_than_256_kib_is_not_read() -> None:
    """A record may bring a schema of a megabyte, whose types would take hundreds: its bytes stay encoded."""
    for branches, form in ((30_000, "avro"), (40_000, "binary")):
        schema = "[" + ",".join(['"null"'] * branches) + "]"
        (message,) = decode(w.avro_container(["null"], [(0, None)], text=schema))
        assert message.format == form
    assert "256 KiB" in message.note


# Avro against fastavro


SALE_VALUES = st.fixed_dictionaries(
    {
        "id": st.integers(-(2**63), 2**63 - 1),
        "label": st.none() | st.text(),
        "lines": st.lists(st.fixed_dictionaries({"sku": st.text(), "price": st.floats(allow_nan=False)})),
        "stock": st.dictionaries(st.text(), st.integers(-(2**31), 2**31 - 1)),
        "state": st.sampled_from(["NEW", "PAID"]),
        "digest": st.binary(min_size=2, max_size=2),
        "blob": st.binary(),
    }
)


def jsonified(value: Any) -> Any:
    """What fastavro reads, as the catalogue shows it."""
    if isinstance(value, bytes):
        return f"data:application/octet-stream;base64,{base64.b64encode(value).decode()}"
    if isinstance(value, dict):
        return {key: jsonified(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [jsonified(inner) for inner in value]
    return {float("inf"): "Infinity", float("-inf"): "-Infinity"}.get(value, value) if value.__hash__ else value


@quick
@given(st.lists(SALE_VALUES, min_size=1, max_size=3), st.sampled_from(["null", "deflate", "bzip2", "xz"]))
def test_avro_reads_what_fastavro_writes(values: list[dict[str, Any]], codec: str) -> None:
    """Any value of a schema with every kind of type, through any codec."""
    buffer = io.BytesIO()
    fastavro.writer(buffer, fastavro.parse_schema(SALE), values, codec=codec)
    messages = decode(buffer.getvalue())
    assert [json.loads(message.text) for message in messages] == jsonified(values)


@quick
@given(st.integers(-(10**12), 10**12), st.integers(-999_999, 999_999), st.integers(0, 86_399_999))
def test_avro_logical_types_are_what_fastavro_says(instant: int, cents: int, time: int) -> None:
    """Dates and times as ISO 8601, decimals in full."""
    clock = {"day": instant // 86_400_000, "at": instant, "local": instant, "hour": time,
             "cost": cents.to_bytes(3, "big", signed=True), "key": AVRO_ID}  # fmt: skip
    datum = w.avro(CLOCKS, clock)
    read: Any = fastavro.schemaless_reader(io.BytesIO(datum), fastavro.parse_schema(CLOCKS))
    (message,) = decode(w.glue(AVRO_ID, datum), schemas=lambda _: RegisteredSchema("AVRO", json.dumps(CLOCKS)))
    assert json.loads(message.text) == {
        "day": read["day"].isoformat(),
        "at": read["at"].isoformat().replace("+00:00", "Z"),
        "local": read["local"].isoformat(),
        "hour": read["hour"].isoformat(),
        "cost": str(read["cost"]),
        "key": str(read["key"]),
    }


# Truncation


@quick
@given(st.text(WRITABLE, max_size=300), st.integers(0, 700))
@example("日" * 300, 100)
@example("日" * 300, 101)
def test_a_text_is_cut_at_a_character_and_marked(text: str, most: int) -> None:
    """Within the bound, or the mark alone; what is left is the beginning; the mark tells the whole size."""
    cut = truncate(Message(text, "text"), most)
    size = len(text.encode())
    if size <= most:
        assert cut.text == text
        return
    mark = f"… [truncated, {size} bytes]"
    assert cut.text.endswith(mark)
    assert text.startswith(cut.text.removesuffix(mark))
    assert len(cut.text.encode()) <= max(most, len(mark.encode()))


@quick
@given(st.binary(max_size=500), st.integers(0, 900))
@example(b"x" * 300, 201)
@example(b"x" * 300, 202)
def test_a_data_url_is_cut_between_groups_and_marked(data: bytes, most: int) -> None:
    """It still decodes to the beginning of the bytes; the header tells how many there were."""
    (message,) = decode(b"\xff" + data)
    cut = truncate(message, most)
    assert (b"\xff" + data).startswith(content(cut.text))
    if len(message.text) > most:
        assert f";truncated-from={1 + len(data)};" in cut.text
        assert len(cut.text) <= max(most, len(cut.text.partition(",")[0]) + 1)
    else:
        assert cut == message


def test_a_cut_json_has_no_value() -> None:
    """It is no JSON any more, so nobody may take it for it."""
    cut = truncate(decode(b'{"a":"' + b"x" * 500 + b'"}')[0], 100)
    assert (cut.format, cut.value) == ("text", None)
    assert len(cut.text.encode()) == 100
