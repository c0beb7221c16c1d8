"""Protobuf messages of the AWS Glue Schema Registry -> JSON, as protobuf itself writes it, and their types.

The schema's text is compiled by protoc in a process of its own: what a registry holds may crash it, and not the run.
Behind Glue's header stands a number: the place of the message's type among the full names of all in the schema, in
alphabetical order (awslabs/aws-glue-schema-registry, `MessageIndexFinder`).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from . import wire
from .avro_schema import AvroType

_FILE = "schema.proto"
_COMPILER = "grpc_tools.protoc"
_COMPILES_MOST = 30  # seconds
_OUTPUT_MOST = 2 << 20  # characters of JSON, counted roughly; field names can make it far longer than the data
_VALUE_COST = 16  # what one value adds to it at least


class Decoded(NamedTuple):
    """The full name of a message's type, and the message as JSON."""

    type: str
    value: dict[str, Any]


def read_message(schema: str, data: bytes) -> Decoded:
    """The message that data is, behind its number.

    ValueError when data is anything else, has fields that the schema does not know, or the schema does not compile;
    ImportError when the extra `codecs` is not installed.
    """
    index, start = wire.varint(data, 0)
    compiled = _compiled(schema)
    if index >= len(compiled.names):
        raise ValueError(f"message {index} of a schema that has {len(compiled.names)}")
    name = compiled.names[index]
    try:
        return Decoded(name, _read(compiled.pool.FindMessageTypeByName(name), data[start:]))
    except (ValueError, TypeError, RecursionError) as error:  # TypeError: an Any of a type that is not in the schema
        raise ValueError(f"Protobuf message {name}: {_reason(error)}") from error


def type_of(schema: str, name: str) -> AvroType:
    """The type of the message of that full name, as a graph. ValueError and ImportError as `read_message`."""
    compiled = _compiled(schema)
    if name not in compiled.types:
        raise ValueError(f"the schema has no message {name}")
    return _Graph(compiled.types).records[name]


def at_the_top(schema: str) -> list[str]:
    """Full names of the messages that stand in no other, in alphabetical order. Raises as `read_message`."""
    names = _compiled(schema).names
    return [name for name in names if name.rpartition(".")[0] not in names]


class _Compiled(NamedTuple):
    """pool: of descriptors. names: of the schema's own messages, by Glue's numbers. types: imported ones, too."""

    pool: Any
    names: list[str]
    types: dict[str, Any]


def _compiled(schema: str) -> _Compiled:
    if find_spec("grpc_tools") is None:
        raise ImportError("install airflow-kinesis-ingest[codecs] to decode Protobuf")
    outcome = _outcome(schema)
    if isinstance(outcome, str):
        raise ValueError(outcome)
    return outcome


@lru_cache(maxsize=8)
def _outcome(schema: str) -> _Compiled | str:
    """Or why there is none, which is found out once as well."""
    with TemporaryDirectory() as folder:
        try:
            done = _protoc(schema, Path(folder))
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"its schema was not compiled ({type(error).__name__})"
        if done.returncode:
            place = re.search(rf"{re.escape(_FILE)}:(\d+):(\d+)", done.stderr.decode(errors="replace"))
            return f"its schema does not compile{f' (line {place[1]}, column {place[2]})' if place else ''}"
        content = Path(folder, "compiled").read_bytes()
    try:
        return _linked(import_module("google.protobuf.descriptor_pb2").FileDescriptorSet.FromString(content).file)
    except TypeError:  # of a newer edition than this protobuf reads
        return "its schema compiles, and the installed protobuf cannot use it"


def _protoc(schema: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    Path(folder, _FILE).write_text(schema, encoding="utf-8", errors="replace")
    command = [
        sys.executable,
        "-m",
        _COMPILER,
        "--proto_path=.",
        "--include_imports",
        "--descriptor_set_out=compiled",
        _FILE,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=_COMPILES_MOST, check=False)  # noqa: S603


def _linked(files: Any) -> _Compiled:
    pool = import_module("google.protobuf.descriptor_pool").DescriptorPool()
    types: dict[str, Any] = {}
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
        types |= dict(_messages(file.message_type, file.package))
    names = sorted(
        name for file in files if file.name == _FILE for name, _ in _messages(file.message_type, file.package)
    )
    return _Compiled(pool, names, types)


def _messages(messages: Any, scope: str) -> Iterator[tuple[str, Any]]:
    """Full names and descriptors, those of nested messages as well."""
    for message in messages:
        name = f"{scope}.{message.name}" if scope else message.name
        yield name, message
        yield from _messages(message.nested_type, name)


def _read(descriptor: Any, data: bytes) -> dict[str, Any]:
    json_format, errors = import_module("google.protobuf.json_format"), import_module("google.protobuf.message")
    message = import_module("google.protobuf.message_factory").GetMessageClass(descriptor)()
    try:
        message.ParseFromString(data)
        _check(message)
        value: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    except errors.DecodeError as error:
        raise ValueError("the data is none of it") from error
    except json_format.Error as error:
        raise ValueError("it has no form in JSON") from error
    return value


def _check(message: Any) -> None:
    """ValueError when something in it would not be shown, or it would take too much to show it."""
    if not message.IsInitialized():  # of such a one protobuf crashes where the path to the field is no UTF-8 (7.36)
        raise ValueError("it lacks a field that the schema requires")
    size = message.ByteSize()
    room = _OUTPUT_MOST
    level = [message]
    while level and room >= 0:
        inner = level.pop()
        for field, value in inner.ListFields():
            held = _held(value)
            room -= sum(map(_cost, held)) + len(field.name) + _VALUE_COST
            level += [one for one in held if hasattr(one, "ListFields")]
    if room < 0:
        raise ValueError(f"it would take more than {_OUTPUT_MOST >> 20} MiB to show")
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise ValueError("it has fields that the schema does not know")


def _held(value: Any) -> list[Any]:
    """The value itself; of a list its items, of a map its keys and values."""
    if isinstance(value, (str, bytes)) or hasattr(value, "ListFields") or not hasattr(value, "__len__"):
        return [value]
    return [*value, *value.values()] if hasattr(value, "values") else list(value)


def _cost(value: Any) -> int:
    return _VALUE_COST + (len(value) if isinstance(value, (str, bytes)) else 0)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "its types are nested too deep"
    return str(error) if type(error) is ValueError else "it has no form in JSON"


# Types (google/protobuf/descriptor.proto, FieldDescriptorProto.Type)

_MESSAGE, _GROUP, _REPEATED = 11, 10, 3
_GOOGLE = "google.protobuf."
_KINDS = {
    **dict.fromkeys((3, 4, 6, 13, 7, 16, 18), "long"),  # 64 bits, and unsigned ones of 32
    **dict.fromkeys((5, 15, 17), "int"),
    1: "double",
    2: "float",
    8: "boolean",
    9: "string",
    12: "bytes",
    14: "enum",
}
_KNOWN = {
    "Timestamp": AvroType("string", logical="timestamp-nanos"),
    "Duration": AvroType("string"),
    "FieldMask": AvroType("string"),
    "Struct": AvroType("map"),
    "ListValue": AvroType("array"),
    **{
        f"{name}Value": AvroType("union", branches=(AvroType("null"), AvroType(kind)))
        for name, kind in (
            ("Double", "double"), ("Float", "float"), ("Int64", "long"), ("UInt64", "long"), ("Int32", "int"),
            ("UInt32", "long"), ("Bool", "boolean"), ("String", "string"), ("Bytes", "bytes"),
        )
    },
}  # fmt: skip


class _Graph:
    """Descriptors as types; a message that contains itself is a cycle."""

    def __init__(self, types: dict[str, Any]) -> None:
        self.types = types
        self.records = {name: _record(name) for name in types}
        for name, record in self.records.items():
            if record.kind == "record":
                record.fields = tuple((field.name, self.field(field)) for field in types[name].field)

    def field(self, field: Any) -> AvroType:
        if field.type not in (_MESSAGE, _GROUP):
            kind = AvroType(_KINDS[field.type])
        else:
            name = field.type_name.removeprefix(".")
            if self.types[name].options.map_entry:
                return AvroType("map", items=self.field(self.types[name].field[1]))
            kind = self.records[name]
        return AvroType("array", items=kind) if field.label == _REPEATED else kind


def _record(name: str) -> AvroType:
    """Without its fields, which may refer to it."""
    known = _KNOWN.get(name.removeprefix(_GOOGLE)) if name.startswith(_GOOGLE) else None
    return known or AvroType("record", name=name.rpartition(".")[2], full_name=name)
