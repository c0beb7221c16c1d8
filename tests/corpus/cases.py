"""The table: what a record is, and what has to become of it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from airflow_kinesis_ingest.engine.model import Field, MessageSchema, NoSchema, RegisteredSchema
from tests.corpus import writers as w
from tests.corpus.files import FILES

AVRO_ID = "b7b4a7f0-9c96-4e4a-a687-fb5de9ef0c63"
JSON_ID = "11111111-2222-4333-8444-555555555555"
PROTOBUF_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
DENIED_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

SALE = {
    "type": "record",
    "name": "Sale",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "label", "type": ["null", "string"]},
        {"name": "lines", "type": {"type": "array", "items": {
            "type": "record", "name": "Line", "fields": [
                {"name": "sku", "type": "string"}, {"name": "price", "type": "double"}]}}},
        {"name": "stock", "type": {"type": "map", "values": "int"}},
        {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "PAID"]}},
        {"name": "digest", "type": {"type": "fixed", "name": "Digest", "size": 2}},
        {"name": "blob", "type": "bytes"},
    ],
}  # fmt: skip
SALES = [
    {"id": 7, "label": (1, "käse"), "lines": [{"sku": "a", "price": 1.5}], "stock": {"x": 3}, "state": "PAID",
     "digest": b"\x01\x02", "blob": b"\xff"},
    {"id": -1, "label": (0, None), "lines": [], "stock": {}, "state": "NEW", "digest": b"\x00\x00", "blob": b""},
]  # fmt: skip
SALE_TEXTS = (
    '{"id": 7, "label": "käse", "lines": [{"sku": "a", "price": 1.5}], "stock": {"x": 3}, "state": "PAID", '
    '"digest": "data:application/octet-stream;base64,AQI=", "blob": "data:application/octet-stream;base64,/w=="}',
    '{"id": -1, "label": null, "lines": [], "stock": {}, "state": "NEW", '
    '"digest": "data:application/octet-stream;base64,AAA=", "blob": "data:application/octet-stream;base64,"}',
)
SALE_OUTLINE = (
    "Avro: Sale RECORD {id LONG, label STRING, nullable, lines ARRAY<RECORD> {sku STRING, price DOUBLE}, "
    "stock MAP<STRING, INT>, state ENUM, digest FIXED(2), blob BYTES}"
)
CLOCKS = {
    "type": "record",
    "name": "Clocks",
    "fields": [
        {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
        {"name": "hour", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "cost", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
        {"name": "key", "type": {"type": "string", "logicalType": "uuid"}},
    ],
}
CLOCK = {"day": 19675, "at": 1_700_000_000_123, "local": 1_700_000_000_000_001, "hour": 45_296_789,
         "cost": (-12345).to_bytes(3, "big", signed=True), "key": AVRO_ID}  # fmt: skip

PROTO = """syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Order {
  int64 id = 1; string name = 2; repeated Line lines = 3; map<string, int32> stock = 4;
  google.protobuf.Timestamp at = 5; State state = 6; Order parent = 7; google.protobuf.Int32Value w = 8; bytes b = 9;
  enum State { NEW = 0; PAID = 1; }
}
message Line { string sku = 1; double price = 2; message Tax { uint32 cents = 1; } }
message Basket { int32 a = 1; }
"""
ORDER_MESSAGE = (
    "Protobuf: Order RECORD {id LONG, name STRING, lines ARRAY<RECORD> {sku STRING, price DOUBLE}, "
    "stock MAP<STRING, INT>, at TIMESTAMP, state ENUM, parent RECORD, w INT, nullable, b BYTES}"
)

_REGISTRY = {
    AVRO_ID: RegisteredSchema("AVRO", json.dumps(SALE)),
    JSON_ID: RegisteredSchema("JSON", '{"title": "Any", "type": "object"}'),
    PROTOBUF_ID: RegisteredSchema("PROTOBUF", PROTO),
}


def lookup(version_id: str) -> RegisteredSchema | NoSchema:
    """The registry of the corpus."""
    return _REGISTRY.get(version_id) or NoSchema("allow glue:GetSchemaVersion to decode it")


@dataclass(frozen=True)
class Case:
    """A record with its texts, the schema in outline (None for no schema), the layers and a word of the note."""

    name: str
    data: bytes
    texts: tuple[str, ...]
    schema: str | None = None
    layers: tuple[str, ...] = ()
    note: str = ""


def outline(schema: MessageSchema | None) -> str | None:
    """A schema as one line: kind, then `name display {children}`."""
    return f"{schema.kind}: {', '.join(map(_outlined, schema.fields))}" if schema else None


def _outlined(field: Field) -> str:
    children = f" {{{', '.join(map(_outlined, field.children))}}}" if field.children else ""
    return f"{field.name} {field.display}{children}"


def _url(data: bytes, media_type: str = "application/octet-stream") -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def _plain(name: str, text: str, schema: str | None = None, layers: tuple[str, ...] = (), note: str = "") -> Case:
    return Case(name, text.encode(), (text,), schema, layers, note)


def _encoded(name: str, data: bytes, note: str, media_type: str = "application/octet-stream") -> Case:
    return Case(name, data, (_url(data, media_type),), None, (), note)


ORDER = '{"id":1,"name":"Анна","paid":true,"total":9.5,"items":[{"sku":"a","n":2},{"sku":"b"}],"none":null}'
ORDER_OUTLINE = (
    "JSON: s RECORD {id INT, items ARRAY<RECORD> {n INT, sku STRING}, name STRING, none NULL, paid BOOLEAN, "
    "total DOUBLE}"
)
A, B = b'{"a":1}', b'{"a":2}'
A_OUTLINE = "JSON: s RECORD {a INT}"

CONTROL = '{"messageType":"CONTROL_MESSAGE","logGroup":"","logEvents":[]}'

TEXT: Sequence[Case] = (
    _plain("empty", ""),
    _plain("json object", ORDER, ORDER_OUTLINE),
    _plain("json with line end", '{"a":1}\n', A_OUTLINE),
    _plain("json with byte order mark", '\ufeff{"a":1}', A_OUTLINE),
    _plain("json array of objects", '[{"a":1},{"a":2.5}]', "JSON: s ARRAY<RECORD> {a DOUBLE}"),
    _plain("json array of numbers", "[1,2,3]"),
    _plain("json number", "12345678901234567890"),
    _plain("json string", '"a\\u0040b"'),
    _plain("json null", "null"),
    _plain("json without keys", "{}"),
    _plain("json with NaN", '{"a":NaN,"b":[-Infinity]}', "JSON: s RECORD {a DOUBLE, b ARRAY<DOUBLE>}"),
    _plain("json with a key twice", '{"a":1,"a":"x"}', "JSON: s RECORD {a STRING}"),
    _plain("json with a long", '{"a":2147483648}', "JSON: s RECORD {a LONG}"),
    _plain("json with more than 64 bits", '{"a":9223372036854775808}', "JSON: s RECORD {a INTEGER}"),
    _plain("json with 5000 digits", '{"a":' + "9" * 5000 + "}"),
    _plain("json 5000 deep", "[" * 5000 + "]" * 5000, note="deeper than 100"),
    _plain("json 101 deep", '{"a":' + "[" * 100 + "]" * 100 + "}", note="deeper than 100"),
    _plain("json 100 deep", "[" * 99 + '{"a":"' + "[" * 99 + '"}' + "]" * 99),
    _plain("json with escaped NUL", '{"a":"\\u0000"}', "JSON: s RECORD {a STRING}"),
    _plain("json with half a surrogate pair", '{"a":"\\ud800"}', "JSON: s RECORD {a STRING}"),
    _plain("json with unnameable keys", '{"":1,"a\\"b":2,"c\\n":3,"\\ud800":4,"ok.x":5}',
           'JSON: s RECORD { INT, a"b INT, c\n INT, ok.x INT, \ud800 INT}'),
    _plain("json with a key of 129", '{"' + "k" * 129 + '":1,"a":1}', "JSON: s RECORD {a INT, " + "k" * 129 + " INT}"),
    _plain("json keyed by id", '{"5f1d7a1e-9c96-4e4a-a687-fb5de9ef0c63":{"n":1}}',
           "JSON: s MAP<STRING, RECORD> {n INT}"),
    _plain("json with times", '{"d":"2026-02-28","t":"2026-02-28T10:00:00Z","x":"2026-02-30"}',
           "JSON: s RECORD {d DATE, t TIMESTAMP, x STRING}"),
    _plain("json with mixed array", '{"a":[1,"x",null,[true]]}',
           "JSON: s RECORD {a ARRAY<UNION<NULL, INT, STRING, ARRAY<BOOLEAN>>>}"),
    _plain("json lines", '{"a":1}\n{"a":2}', A_OUTLINE),
    _plain("json one after another", '{"a":1}{"a":2}', A_OUTLINE),
    _plain("json lines with blank ones, carriage returns and byte order marks", '\ufeff{"a":1}\r\n\r\n\ufeff{"a":2}\n',
           A_OUTLINE),
    _plain("json over several lines, twice", '{\n "a": 1\n}\n{\n "a": 2\n}\n', A_OUTLINE),
    _plain("json text sequence", '\x1e{"a":1}\n\x1e{"a":2}\n', A_OUTLINE),
    _plain("json text sequence of one", '\x1e{"a":1}\n', A_OUTLINE),
    _plain("json lines of arrays", '[{"a":1}]\n[{"a":2}]', "JSON: s ARRAY<RECORD> {a INT}"),
    _plain("json lines of which one has a wrong end", '{"a":1}\n{"a":2'),
    _plain("json lines with a log line", '{"a":1}\nINFO done\n{"a":2}'),
    _plain("json lines of numbers", "1\n2\n3"),
    _plain("json with a comma between", '{"a":1},{"a":2}'),
    _plain("json lines 101 deep", '{"a":1}\n' + "[" * 101 + "]" * 101, note="deeper than 100"),
    _plain("json lines of a structure that few share", '{"a":1}\n{"b":2}'),
    _plain("json cut short", '{"a":1,"b'),
    _plain("csv", "1,2026-01-01,Berlin\n2,2026-01-02,Кёльн"),
    _plain("text that looks like base64", "aGVsbG8="),
    _plain("text that begins like zlib", "x^2 + y^2 = z^2"),
    _plain("text that begins like bzip2", "BZh91 is a postcode"),
    _plain("text that is a data url", "data:text/plain;base64,AAEC"),
    _plain("cyrillic, japanese, emoji", "Привет こんにちは 👩‍👩‍👧"),
    _plain("log line with colours", "\x1b[31mERROR\x1b[0m it failed"),
    Case("text with NUL", b"a\x00b", (_url(b"a\x00b", "text/plain;charset=utf-8"),), note="NUL"),
)  # fmt: skip

ENVELOPES: Sequence[Case] = (
    Case("cloudwatch logs", w.gzip(w.to_json({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "g", "logStream": "s", "subscriptionFilters": ["f"],
        "logEvents": [{"id": "1", "timestamp": 1700000000000, "message": "hi"}]})),
        ('{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"s","subscriptionFilters":["f"],'
         '"logEvents":[{"id":"1","timestamp":1700000000000,"message":"hi"}]}',),
        "JSON: s RECORD {logEvents ARRAY<RECORD> {id STRING, message STRING, timestamp LONG}, logGroup STRING, "
        "logStream STRING, messageType STRING, owner STRING, subscriptionFilters ARRAY<STRING>}",
        ("gzip", "cloudwatch-logs")),
    Case("cloudwatch logs control", w.gzip(CONTROL.encode()), (CONTROL,), None, ("gzip", "cloudwatch-logs/control")),
    _plain("dynamodb", '{"eventSource":"aws:dynamodb","eventName":"INSERT","dynamodb":{"NewImage":{"id":{"S":"1"}}}}',
           "JSON: s RECORD {dynamodb RECORD {NewImage RECORD {id RECORD {S STRING}}}, eventName STRING, "
           "eventSource STRING}", ("dynamodb",)),
    _plain("dms data", '{"data":{"id":1},"metadata":{"record-type":"data","operation":"load"}}',
           "JSON: s RECORD {data RECORD {id INT}, metadata RECORD {operation STRING, record-type STRING}}", ("dms",)),
    _plain("dms control", '{"control":{},"metadata":{"record-type":"control","operation":"create-table"}}',
           None, ("dms/control",)),
    _plain("dms one after another", '{"control":{},"metadata":{"record-type":"control","operation":"create-table"}}'
           '{"data":{"id":1},"metadata":{"record-type":"data","operation":"load"}}',
           "JSON: s RECORD {data RECORD {id INT}, metadata RECORD {operation STRING, record-type STRING}}", ("dms",)),
    _plain("dms control lines", '{"metadata":{"record-type":"control","operation":"drop-table"}}\n' * 2,
           None, ("dms/control",)),
    _plain("eventbridge", '{"version":"0","detail-type":"Paid","source":"shop","detail":{"id":1}}',
           "JSON: s RECORD {detail RECORD {id INT}, detail-type STRING, source STRING, version STRING}",
           ("eventbridge",)),
)  # fmt: skip

CODECS = {
    "gzip": w.gzip, "zlib": w.zlib, "bzip2": w.bzip2, "xz": w.xz, "zstd": w.zstd, "lz4": w.lz4_frame,
    "snappy": w.snappy,
}  # fmt: skip
COMPRESSED: Sequence[Case] = (
    *(Case(name, pack(ORDER.encode()), (ORDER,), ORDER_OUTLINE, (name,)) for name, pack in CODECS.items()),
    Case("zlib stored", w.zlib(A, 0), ('{"a":1}',), A_OUTLINE, ("zlib",)),
    Case("zlib best", w.zlib(A, 9), ('{"a":1}',), A_OUTLINE, ("zlib",)),
    Case("gzip of two members", w.gzip(b'{"a"') + w.gzip(b":1}"), ('{"a":1}',), A_OUTLINE, ("gzip",)),
    Case("gzip of nothing", w.gzip(b""), ("",), None, ("gzip",)),
    Case("bzip2 of nothing", w.bzip2(b""), ("",), None, ("bzip2",)),
    Case("gzip with a tail", w.gzip(A) + b"tail", ('{"a":1}',), A_OUTLINE, ("gzip",), "4 bytes after"),
    Case("gzip in zstd in bzip2", w.bzip2(w.zstd(w.gzip(A))), ('{"a":1}',), A_OUTLINE, ("bzip2", "zstd", "gzip")),
    Case("gzip four deep", w.gzip(w.gzip(w.gzip(w.gzip(A)))), (_url(w.gzip(A), "application/gzip"),), None,
         ("gzip", "gzip", "gzip"), "more than 3 deep"),
    *(Case(f"{name} four deep", w.gzip(w.gzip(w.gzip(data))), (_url(data),), None, ("gzip", "gzip", "gzip"),
           "more than 3 deep")
      for name, data in (("kpl", w.kpl([A])), ("zlib", w.zlib(A)), ("glue", w.glue(AVRO_ID, b"\xff")))),
    _encoded("gzip cut short", w.gzip(A)[:-3], "ends early", "application/gzip"),
    _encoded("gzip with a wrong checksum", w.gzip(A)[:-8] + bytes(8), "broken", "application/gzip"),
    _encoded("zlib with a tail", w.zlib(A) + b"tail", "neither"),
)  # fmt: skip

AGGREGATED: Sequence[Case] = (
    Case("kpl of three", w.kpl([A, B, "текст".encode()]), ('{"a":1}', '{"a":2}', "текст"), None, ("kpl",)),
    Case("kpl of json", w.kpl([A, B]), ('{"a":1}', '{"a":2}'), A_OUTLINE, ("kpl",)),
    Case("kpl of gzip", w.kpl([w.gzip(A)]), ('{"a":1}',), A_OUTLINE, ("kpl", "gzip")),
    Case("kpl in gzip", w.gzip(w.kpl([A, B])), ('{"a":1}', '{"a":2}'), A_OUTLINE, ("gzip", "kpl")),
    Case("kpl with an empty record", w.kpl([b"", A]), ("", '{"a":1}'), None, ("kpl",)),
    _encoded("kpl with a wrong checksum", w.kpl([A])[:-1] + b"\x00", "neither"),
    Case("kpl of nothing", w.kpl([]), (_url(w.kpl([])),), None, ("kpl",), "without user records"),
)  # fmt: skip

REGISTERED: Sequence[Case] = (
    Case("glue avro", w.glue(AVRO_ID, w.avro(SALE, SALES[0])), SALE_TEXTS[:1], SALE_OUTLINE, (f"glue:{AVRO_ID}",)),
    Case("glue avro compressed", w.glue(AVRO_ID, w.avro(SALE, SALES[0]), compressed=True), SALE_TEXTS[:1],
         SALE_OUTLINE, (f"glue:{AVRO_ID}",)),
    Case("glue avro that does not fit", w.glue(AVRO_ID, b"\x01"), (_url(b"\x01", "avro/binary"),), None,
         (f"glue:{AVRO_ID}",), "ends early"),
    Case("glue avro with a tail", w.glue(AVRO_ID, w.avro(SALE, SALES[1]) + b"\x00"),
         (_url(w.avro(SALE, SALES[1]) + b"\x00", "avro/binary"),), None, (f"glue:{AVRO_ID}",), "1 bytes are left over"),
    Case("glue json", w.glue(JSON_ID, A), ('{"a":1}',), A_OUTLINE, (f"glue:{JSON_ID}",)),
    *(Case(f"glue json {kind}", w.glue(JSON_ID, text.encode()), (text,), f"JSON: s {kind}", (f"glue:{JSON_ID}",))
      for text, kind in (("42", "INT"), ('"abc"', "STRING"), ("true", "BOOLEAN"), ("[1]", "ARRAY<INT>"))),
    Case("glue json 101 deep", w.glue(JSON_ID, b"[" * 101 + b"]" * 101), ("[" * 101 + "]" * 101,), "JSON: ",
         (f"glue:{JSON_ID}",), "deeper than 100"),
    Case("glue json that is none", w.glue(JSON_ID, b"nonsense"), (_url(b"nonsense"),), None, (f"glue:{JSON_ID}",),
         "no JSON"),
    Case("glue protobuf", w.glue(PROTOBUF_ID, b"\x03\x08\x07\x12\x01a\x22\x05\x0a\x01k\x10\x05\x2a\x02\x08\x01"),
         ('{"id": "7", "name": "a", "stock": {"k": 5}, "at": "1970-01-01T00:00:01Z"}',), ORDER_MESSAGE,
         (f"glue:{PROTOBUF_ID}",)),
    Case("glue protobuf compressed", w.glue(PROTOBUF_ID, b"\x01\x0a\x01x", compressed=True), ('{"sku": "x"}',),
         "Protobuf: Line RECORD {sku STRING, price DOUBLE}", (f"glue:{PROTOBUF_ID}",)),
    Case("glue protobuf of nothing", w.glue(PROTOBUF_ID, b"\x00"), ("{}",), "Protobuf: Basket RECORD {a INT}",
         (f"glue:{PROTOBUF_ID}",)),
    *(Case(f"glue protobuf {name}", w.glue(PROTOBUF_ID, data), (_url(data, "application/protobuf"),), "Protobuf: ",
           (f"glue:{PROTOBUF_ID}",), note)
      for name, data, note in (
          ("with a field more", b"\x00\x10\x01", "shop.Basket: it has fields that the schema does not know"),
          ("that is none", b"\x03\xff", "shop.Order: the data is none of it"),
          ("of no such message", b"\x09\x08\x01", "message 9 of a schema that has 5"),
          ("without a number", b"", "varint without end"))),
    Case("glue json without its schema", w.glue(DENIED_ID, A), ('{"a":1}',), A_OUTLINE, (f"glue:{DENIED_ID}",)),
    Case("glue avro without its schema", w.glue(DENIED_ID, b"\x02\x06"), (_url(b"\x02\x06"),), None,
         (f"glue:{DENIED_ID}",), f"{DENIED_ID}: allow glue:GetSchemaVersion"),
    _encoded("three, zero and no uuid", b"\x03\x00" + bytes(20), "NUL", "text/plain;charset=utf-8"),
    Case("confluent json", w.confluent(100042, A), ('{"a":1}',), A_OUTLINE, ("confluent:100042",)),
    _encoded("confluent avro", w.confluent(7, b"\x02\xff"), "Confluent schema id 7"),
    _encoded("zeros", bytes(9), "NUL", "text/plain;charset=utf-8"),
    _encoded("big endian counter", b"\x00" * 7 + b"\xd2", "neither"),
)  # fmt: skip

AVRO: Sequence[Case] = (
    *(Case(f"avro {codec}", w.avro_container(SALE, SALES, codec), SALE_TEXTS, SALE_OUTLINE, ("avro-container",))
      for codec in ("null", "deflate", "bzip2", "xz", "zstandard", "snappy")),
    Case("avro logical types", w.avro_container(CLOCKS, [CLOCK]),
         ('{"day": "2023-11-14", "at": "2023-11-14T22:13:20.123000Z", "local": "2023-11-14T22:13:20.000001", '
          f'"hour": "12:34:56.789000", "cost": "-123.45", "key": "{AVRO_ID}"}}',),
         "Avro: Clocks RECORD {day DATE, at TIMESTAMP, local TIMESTAMP, hour TIME, cost DECIMAL(6, 2), key UUID}",
         ("avro-container",)),
    Case("avro container of nothing", w.avro_container(SALE, []), (_url(w.avro_container(SALE, []), "avro/binary"),),
         SALE_OUTLINE, ("avro-container",), "holds no value"),
    Case("avro container of a number", w.avro_container("long", [5]), ("5",), "Avro: s LONG", ("avro-container",)),
    _encoded("avro container cut short", w.avro_container(SALE, SALES)[:-1], "ends early", "avro/binary"),
    _encoded("avro single object", w.avro_single(0x1122334455667788, b"\x0e"), "1122334455667788", "avro/binary"),
)  # fmt: skip

NAMED = (
    ("parquet", "Parquet file, 3 columns", "application/vnd.apache.parquet"),
    ("orc", "ORC file, 3 columns", "application/vnd.apache.orc"),
    ("orc in zlib", "ORC file, 3 columns", "application/vnd.apache.orc"),
    ("orc in snappy", "ORC file", "application/vnd.apache.orc"),
    ("arrow file", "Arrow file, 3 columns", "application/vnd.apache.arrow.file"),
    ("arrow stream", "Arrow stream, 3 columns", "application/vnd.apache.arrow.stream"),
    ("feather", "Feather file", "application/octet-stream"),
    ("bson", "BSON document, 5 fields", "application/bson"),
    ("bson of ten types", "BSON document, 10 fields", "application/bson"),
)
PACKED: Sequence[Case] = (
    Case("msgpack", w.msgpack({"id": 5, "name": "käse", "at": None, "n": -3, "x": [1.5, True]}),
         ('{"id": 5, "name": "käse", "at": null, "n": -3, "x": [1.5, true]}',),
         "JSON: s RECORD {at NULL, id INT, n INT, name STRING, x ARRAY<UNION<BOOLEAN, DOUBLE>>}", ("msgpack",)),
    Case("msgpack with bytes", w.msgpack({"blob": b"\x00\xff"}),
         ('{"blob": "data:application/octet-stream;base64,AP8="}',), "JSON: s RECORD {blob STRING}", ("msgpack",)),
    _encoded("four bytes that chance can make", b"\x81\xa1a\x05", "neither"),
    _encoded("msgpack with a tail", w.msgpack({"name": 1}) + b"\x00", "neither"),
    _encoded("msgpack with a key twice", b"\x82\xa3key\x01\xa3key\x02\xc0"[:-1], "neither"),
    _encoded("msgpack with keys that are bytes", b"\x82\xa3key\x01\xc4\x03abc\x02", "neither"),
    _encoded("msgpack with numbers for keys inside", b"\x81\xa3key\x82\x01\xa1a\x02\xa1b\xff"[:-1], "neither"),
    _encoded("cbor with a tail", w.cbor({"name": 1}) + b"\x00", "CBOR: bytes after the end", "application/cbor"),
    _encoded("cbor of a key as number and as text", b"\xd9\xd9\xf7\xa2\x01aa\x611ab", "alike", "application/cbor"),
    _encoded("msgpack array", w.msgpack(["abc", 1]), "neither"),
    Case("cbor", w.cbor({"id": 5, "name": "käse", "n": -3, "x": [1.5, None], "blob": b"\x01"}),
         ('{"id": 5, "name": "käse", "n": -3, "x": [1.5, null], "blob": "data:application/octet-stream;base64,AQ=="}',),
         "JSON: s RECORD {blob STRING, id INT, n INT, name STRING, x ARRAY<UNION<NULL, DOUBLE>>}", ("cbor",)),
    _encoded("cbor without its tag", w.cbor({"name": "käse"})[3:], "neither"),
    _encoded("ion", b"\xe0\x01\x00\xea\x0f", "Ion", "application/ion"),
    _encoded("ion 1.1", b"\xe0\x01\x01\xea\x60", "Ion", "application/ion"),
    *(_encoded(name, FILES[name], note, media_type) for name, note, media_type in NAMED),
    Case("parquet in gzip", w.gzip(FILES["parquet"]), (_url(FILES["parquet"], "application/vnd.apache.parquet"),), None,
         ("gzip",), "Parquet file, 3 columns"),
    _encoded("parquet with an encrypted footer", b"PARE\xff\x00\x01\x00\x00\x00PARE", "footer encrypted",
             "application/vnd.apache.parquet"),
    _encoded("parquet cut short", FILES["parquet"][:-1], "neither"),
    _encoded("bson with a tail", FILES["bson of ten types"] + b"\x00", "neither"),
    _encoded("four bytes of an arrow stream", b"\xff\xff\xff\xff" + bytes(20), "neither"),
    _encoded("protobuf any", b"\x0a\x1etype.googleapis.com/shop.Order\x12\x03\x08\x96\x01",
             "Protobuf message shop.Order", "application/protobuf"),
    _plain("text between signatures of parquet", "PAR1 and a text PAR1"),
    _encoded("latin-1", "Grüße".encode("latin-1"), "neither"),
    _encoded("utf-16", "hi".encode("utf-16"), "neither"),
    _encoded("half a surrogate pair", b"\xed\xa0\x80", "neither"),
)  # fmt: skip

CASES: Sequence[Case] = (*TEXT, *ENVELOPES, *COMPRESSED, *AGGREGATED, *REGISTERED, *AVRO, *PACKED)
