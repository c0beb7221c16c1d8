"""Writers of every format a Kinesis record comes in, from the specifications and not from the code under test.

The compressed formats are written by the libraries that define them; everything else by hand, in as few lines as
the format allows.
"""

from __future__ import annotations

import bz2
import gzip as _gzip
import hashlib
import json
import lzma
import struct
import zlib as _zlib
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any
from uuid import UUID

import cramjam
from backports import zstd as _zstd

SYNC = bytes(range(0x80, 0x90))


def to_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# Compression


def gzip(data: bytes) -> bytes:
    return _gzip.compress(data, mtime=0)


def zlib(data: bytes, level: int = 6) -> bytes:
    return _zlib.compress(data, level)


def deflate(data: bytes) -> bytes:
    return _zlib.compress(data)[2:-4]


def bzip2(data: bytes) -> bytes:
    return bz2.compress(data)


def xz(data: bytes) -> bytes:
    return lzma.compress(data)


def zstd(data: bytes) -> bytes:
    return _zstd.compress(data)


def lz4_frame(data: bytes) -> bytes:
    return bytes(import_module("lz4.frame").compress(data))


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(data))


def raw_snappy(data: bytes) -> bytes:
    """As in Avro containers: no framing, the CRC-32 of the content behind it."""
    return bytes(cramjam.snappy.compress_raw(data)) + _zlib.crc32(data).to_bytes(4, "big")


# Kinesis Producer Library


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _protobuf(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def kpl_body(payloads: Sequence[bytes]) -> bytes:
    """AggregatedRecord: one partition key, then the records with their index into the key table and a tag each."""
    tag = _protobuf(4, _protobuf(1, b"tag"))
    records = [_protobuf(3, b"\x08\x00" + _protobuf(3, payload) + tag) for payload in payloads]
    return _protobuf(1, b"partition-key") + b"".join(records)


def kpl(payloads: Sequence[bytes]) -> bytes:
    body = kpl_body(payloads)
    return b"\xf3\x89\x9a\xc2" + body + hashlib.md5(body).digest()


# Registries


def glue(version: str, payload: bytes, *, compressed: bool = False) -> bytes:
    return (
        b"\x03"
        + (b"\x05" if compressed else b"\x00")
        + UUID(version).bytes
        + (zlib(payload) if compressed else payload)
    )


def confluent(schema_id: int, payload: bytes) -> bytes:
    return b"\x00" + schema_id.to_bytes(4, "big") + payload


# Avro


def zigzag(number: int) -> bytes:
    return varint((number << 1) ^ (number >> 63))


def avro(schema: Any, value: Any) -> bytes:
    """The binary encoding of value; of a union, value is a pair of the branch's index and its value."""
    if isinstance(schema, list):
        index, inner = value
        return zigzag(index) + avro(schema[index], inner)
    kind = schema if isinstance(schema, str) else schema["type"]
    if kind == "record":
        return b"".join(avro(field["type"], value[field["name"]]) for field in schema["fields"])
    if kind == "array":
        items = b"".join(avro(schema["items"], item) for item in value)
        return zigzag(len(value)) + items + b"\x00" if value else b"\x00"
    if kind == "map":
        items = b"".join(avro("string", key) + avro(schema["values"], item) for key, item in value.items())
        return zigzag(len(value)) + items + b"\x00" if value else b"\x00"
    if kind == "enum":
        return zigzag(schema["symbols"].index(value))
    return _avro_primitive(kind, value)


def _avro_primitive(kind: str, value: Any) -> bytes:
    if kind in ("string", "bytes"):
        content: bytes = value.encode() if kind == "string" else value
        return zigzag(len(content)) + content
    writers: dict[str, Callable[[], bytes]] = {
        "null": lambda: b"",
        "boolean": lambda: bytes([value]),
        "int": lambda: zigzag(value),
        "long": lambda: zigzag(value),
        "float": lambda: struct.pack("<f", value),
        "double": lambda: struct.pack("<d", value),
        "fixed": lambda: bytes(value),
    }
    return writers[kind]()


def avro_container(schema: Any, values: Sequence[Any], codec: str = "null", *, text: str | None = None) -> bytes:
    """One block with all values; text is the schema's text when it is to differ from json.dumps."""
    metadata = {"avro.schema": (text or json.dumps(schema)).encode(), "avro.codec": codec.encode()}
    block = _BLOCKS[codec](b"".join(avro(schema, value) for value in values))
    blocks = zigzag(len(values)) + zigzag(len(block)) + block + SYNC if values else b""
    return b"Obj\x01" + avro({"type": "map", "values": "bytes"}, metadata) + SYNC + blocks


_BLOCKS: dict[str, Callable[[bytes], bytes]] = {
    "null": lambda data: data,
    "deflate": deflate,
    "bzip2": bzip2,
    "xz": xz,
    "zstandard": zstd,
    "snappy": raw_snappy,
}


def avro_single(fingerprint: int, payload: bytes) -> bytes:
    return b"\xc3\x01" + fingerprint.to_bytes(8, "little") + payload


# MessagePack and CBOR


def msgpack(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xd3" + value.to_bytes(8, "big", signed=True)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, bytes):
        return b"\xc4" + bytes([len(value)]) + value
    if isinstance(value, str):
        content = value.encode()
        return (bytes([0xA0 | len(content)]) if len(content) < 32 else _msgpack_long(0xDA, content)) + content
    if isinstance(value, list):
        head = bytes([0x90 | len(value)]) if len(value) < 16 else _msgpack_long(0xDC, value)
        return head + b"".join(map(msgpack, value))
    head = bytes([0x80 | len(value)]) if len(value) < 16 else _msgpack_long(0xDE, value)
    return head + b"".join(msgpack(key) + msgpack(item) for key, item in value.items())


def _msgpack_long(first: int, value: Any) -> bytes:
    return bytes([first]) + len(value).to_bytes(2, "big")


def cbor(value: Any) -> bytes:
    """With the self-describing tag."""
    return b"\xd9\xd9\xf7" + _cbor(value)


def cbor_head(major: int, count: int) -> bytes:
    if count < 24:
        return bytes([major << 5 | count])
    return bytes([major << 5 | 27]) + count.to_bytes(8, "big")


def _cbor(value: Any) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return cbor_head(0, value) if value >= 0 else cbor_head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, (bytes, str)):
        content = value.encode() if isinstance(value, str) else value
        return cbor_head(3 if isinstance(value, str) else 2, len(content)) + content
    if isinstance(value, list):
        return cbor_head(4, len(value)) + b"".join(map(_cbor, value))
    return cbor_head(5, len(value)) + b"".join(_cbor(key) + _cbor(item) for key, item in value.items())
