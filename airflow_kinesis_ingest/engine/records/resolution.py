"""Whether values of one type are read as those of another: Avro's schema resolution, and Protobuf's encoding.

Avro: specification 1.12, "Schema Resolution" (avro.apache.org/docs/1.12.0/specification/#schema-resolution). Its
logical types are passed over, as "Logical Types" there asks of who does not know one; two decimals match by precision
and scale ("Decimal").

Protobuf: protobuf.dev/programming-guides/proto3/#updating, "Wire-compatible changes"; Confluent's registry checks by
the same groups (docs.confluent.io, "Formats, Serializers, and Deserializers", "Protobuf compatibility rules").
"""

from __future__ import annotations

import re
from typing import Literal

from .avro_schema import AvroType

PROMOTED = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}

Encoding = Literal["varint", "zigzag", "32 bits", "64 bits"]
ENCODINGS: dict[str, Encoding] = {
    "sint32": "zigzag", "sint64": "zigzag", "fixed32": "32 bits", "sfixed32": "32 bits", "fixed64": "64 bits",
    "sfixed64": "64 bits",
}  # fmt: skip
"""Of other whole numbers, of bool and of an enum it is "varint"."""


def resolves(writer: AvroType, reader: AvroType) -> bool:
    """Down to records, whose names and fields are not looked at."""
    if writer.kind == "union":
        return all(resolves(branch, reader) for branch in writer.branches)
    if reader.kind == "union":
        return any(resolves(writer, branch) for branch in reader.branches)
    if writer.logical == reader.logical == "decimal":
        return (writer.precision, writer.scale) == (reader.precision, reader.scale)
    if writer.kind != reader.kind:
        return reader.kind in PROMOTED.get(writer.kind, ())
    return _same_kind_resolves(writer, reader)


def _same_kind_resolves(writer: AvroType, reader: AvroType) -> bool:
    if writer.items and reader.items:
        return resolves(writer.items, reader.items)
    if writer.kind == "enum":
        return writer.name == reader.name and (bool(reader.defaults) or set(writer.symbols) <= set(reader.symbols))
    return writer.kind != "fixed" or (writer.name, writer.size) == (reader.name, reader.size)


def encoding_of(field: str, proto: str) -> Encoding | None:
    """How a whole number of that name is written; None where the text tells of none, or of several."""
    words = re.findall(rf"([\w.]+)\s*>?\s+{re.escape(field)}\s*=\s*\d", proto)
    found = {ENCODINGS.get(word, "varint") for word in words}
    return found.pop() if len(found) == 1 else None


def may_lack(field: str, proto: str) -> bool | None:
    """Whether a message is read that lacks a field of that name: unless proto2 has it `required`."""
    labels = re.findall(rf"(required\s+)?[\w.]+\s*>?\s+{re.escape(field)}\s*=\s*\d", proto)
    if not any(labels):
        return True
    return False if all(labels) else None
