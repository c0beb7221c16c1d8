"""How one schema became another: which fields came, went or changed their type, and whether that is compatible.

Compatible is what Confluent calls BACKWARD, the default of its registry, and Glue's registry too: who reads with the
new schema can read what was written with the old one (docs.confluent.io/platform/current/schema-registry/fundamentals/
schema-evolution.html; docs.aws.amazon.com/glue/latest/dg/schema-registry.html, "Schema versioning and compatibility").
Type by type it is what `resolution.py` cites for Avro and Protobuf. So:
- A field that went is compatible: the reader does not ask for it.
- One that came is, unless Avro has to fill it in and finds no default, or proto2 requires it.
- A type may widen: of Avro INT, LONG, FLOAT, DOUBLE in this order, STRING and BYTES either way, and one takes on null
  or further types; of Protobuf whole numbers, BOOLEAN and ENUM that are written alike, STRING and BYTES, and each of
  these two and of a RECORD may repeat. A JSON number knows no width.
- A symbol that an Avro enum lost is not, unless it has a default.
- Another format is not: JSON that becomes Avro.

An inferred schema is what messages showed, no promise of a writer, and grows by whatever comes. It would always be
compatible. Of it, therefore, each type that a field now has must be one that it had, a wider one, or null: a number
that becomes text breaks who reads it. A type that it lost was forgotten (`forgetting.py`), as a field is.

Not compared, since nothing is known of it: an inferred schema with a registered one (what differs is how they are
known); the fields of a registered JSON schema, which are those that a sample showed; the fields below one that has none
on either side, which the bounds of a tree may have cut, or that holds its record elsewhere now, as in an array, or in
several places; the names of records, which readers pass over or map by aliases; of Protobuf what a tree does not show,
like the number of a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..model import Field, MessageSchema
from .avro_schema import AvroType
from .avro_schema import parse as parse_avro
from .resolution import encoding_of, may_lack, resolves
from .schema import is_ours

Path = tuple[str, ...]
Kind = Literal["field added", "field removed", "type changed", "symbols changed", "format changed", "text changed"]

WIDER: Mapping[str, frozenset[str]] = {
    "INT": frozenset({"LONG", "FLOAT", "DOUBLE", "INTEGER"}),
    "LONG": frozenset({"FLOAT", "DOUBLE", "INTEGER"}),
    "INTEGER": frozenset({"DOUBLE"}),
    "FLOAT": frozenset({"DOUBLE"}),
    "DATE": frozenset({"STRING"}),
    "TIMESTAMP": frozenset({"STRING"}),
    "RECORD": frozenset({"MAP"}),
}
"""Of JSON, where INTEGER has more than 64 bits, a time is text, and a map is an object whose names are data."""

WHOLE = frozenset({"BOOLEAN", "ENUM", "INT", "LONG"})
TEXTS = frozenset({"STRING", "BYTES"})
REPEATABLE = TEXTS | {"RECORD", "TIMESTAMP"}
"""Of Protobuf. Numbers that repeat are packed, which one alone is not."""


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """path: below the root of the message, () is the root itself. before, after: types, None where there is none; of an
    enum the symbols.

    compatible: None where nothing tells.
    """

    kind: Kind
    path: Path
    before: str | None
    after: str | None
    compatible: bool | None


class _Type(NamedTuple):
    """A field's type as its display says it: `ARRAY<STRING>` is ARRAY of STRING."""

    name: str
    of: tuple[_Type, ...] = ()

    @property
    def branches(self) -> tuple[_Type, ...]:
        return self.of if self.name == "UNION" and self.of else (self,)

    @property
    def holders(self) -> list[Path]:
        """Through which types it holds a record: of each the names. Its fields stand right below the field."""
        if self.name == "RECORD":
            return [()]
        above = () if self.name == "UNION" else (self.name,)
        return sorted((*above, *path) for one in self.of for path in one.holders)


CUT = "…"
NULL, UNKNOWN = _Type("NULL"), _Type("UNKNOWN")


def changes(before: MessageSchema, after: MessageSchema) -> tuple[SchemaChange, ...]:
    """In the order of the new schema's fields, those that went behind. None of a schema that has no fields."""
    if before.kind != after.kind:
        return (SchemaChange("format changed", (), before.kind, after.kind, compatible=False),)
    inferred = is_ours(after.text)
    if before.text == after.text or inferred != is_ours(before.text) or not (before.fields and after.fields):
        return ()
    if after.kind == "JSON" and not inferred:
        return (SchemaChange("text changed", (), None, None, compatible=None),)
    return tuple(_Comparison(before, after, inferred=inferred).of_trees(before.fields, after.fields))


def paths(fields: Sequence[Field]) -> frozenset[Path]:
    """Of a tree: () and the paths of its fields, below its root where it has one."""
    return frozenset({(), *_paths((), _below(fields) if len(fields) == 1 else fields)})


def _below(fields: Sequence[Field]) -> Sequence[Field]:
    return fields[0].children


def _paths(above: Path, fields: Sequence[Field]) -> Iterator[Path]:
    for field in fields:
        yield (*above, field.name)
        yield from _paths((*above, field.name), field.children)


class _Comparison:
    def __init__(self, before: MessageSchema, after: MessageSchema, *, inferred: bool) -> None:
        self._inferred = inferred
        self._kind = after.kind
        self._texts = before.text, after.text
        self._avro = _avro_of(before), _avro_of(after)

    def of_trees(self, before: Sequence[Field], after: Sequence[Field]) -> Iterator[SchemaChange]:
        """A single root is the message itself, whatever it is called."""
        if len(before) == len(after) == 1:
            yield from self._of_pair((), before[0], after[0])
        else:
            yield from self._of_fields((), before, after)

    def _of_pair(self, path: Path, before: Field, after: Field) -> Iterator[SchemaChange]:
        shown = before.display or before.type, after.display or after.type
        then, now = map(_parsed, shown)
        if then != now:
            fits = None if CUT in "".join(shown) else self._fits(path, then, now)
            yield SchemaChange("type changed", path, *shown, fits)
        else:
            yield from self._of_symbols(path)
        if before.children and after.children and then.holders == now.holders and len(set(now.holders)) < 2:
            yield from self._of_fields(path, before.children, after.children)

    def _of_fields(self, above: Path, before: Sequence[Field], after: Sequence[Field]) -> Iterator[SchemaChange]:
        then, now = ({field.name: field for field in fields} for fields in (before, after))
        for name, field in now.items():
            path = (*above, name)
            if name in then:
                yield from self._of_pair(path, then[name], field)
            else:
                yield SchemaChange("field added", path, None, field.display or field.type, self._may_lack(path))
        for name in (name for name in then if name not in now):
            gone = then[name].display or then[name].type
            yield SchemaChange("field removed", (*above, name), gone, None, compatible=True)

    def _of_symbols(self, path: Path) -> Iterator[SchemaChange]:
        then, now = self._avro_at(path)
        if then and now and (had := _symbols(then)) != (has := _symbols(now)):
            yield SchemaChange("symbols changed", path, ", ".join(had), ", ".join(has), resolves(then, now))

    def _fits(self, path: Path, before: _Type, after: _Type) -> bool | None:
        if self._kind == "Avro":
            then, now = self._avro_at(path)
            return resolves(then, now) if then and now else None
        if self._kind == "Protobuf":
            return self._is_wired(path, before, after)
        return _widens(before, after)

    def _avro_at(self, path: Path) -> tuple[AvroType | None, AvroType | None]:
        then, now = self._avro
        return _type_at(then, path), _type_at(now, path)

    def _is_wired(self, path: Path, before: _Type, after: _Type) -> bool | None:
        """Whether a field is written alike; a nullable one is a message of its own."""
        if {before.name, after.name} <= WHOLE:
            then, now = (encoding_of(path[-1], text) if path else None for text in self._texts)
            return then == now if then and now else None
        if before.name == after.name and len(before.of) == len(after.of):
            return _all(self._is_wired(path, *pair) for pair in zip(before.of, after.of, strict=True))
        one, other = map(_once, (before, after))
        return one == other or {one.name, other.name} <= TEXTS

    def _may_lack(self, path: Path) -> bool | None:
        """Whether a reader that looks for the field can do without it."""
        *above, name = path
        if self._kind == "Protobuf":
            return may_lack(name, self._texts[1])
        if self._kind != "Avro":
            return True
        record = _record_at(self._avro[1], above)
        return None if record is None or name not in dict(record.fields) else name in record.defaults


def _widens(before: _Type, after: _Type) -> bool:
    """Of what messages showed."""
    known = [one for one in before.branches if one not in (NULL, UNKNOWN)]
    return not known or all(any(_becomes(one, each) for one in known) for each in after.branches if each != NULL)


def _becomes(before: _Type, after: _Type) -> bool:
    """Of two that are no unions."""
    if before.name == after.name and len(before.of) == len(after.of):
        return all(map(_widens, before.of, after.of))
    return after.name in WIDER.get(before.name, ())


def _all(verdicts: Iterable[bool | None]) -> bool | None:
    found = set(verdicts)
    return False if False in found else None if None in found else True


def _once(kind: _Type) -> _Type:
    """What repeats, where it may."""
    return kind.of[0] if kind.name == "ARRAY" and kind.of and kind.of[0].name in REPEATABLE else kind


def _symbols(avro: AvroType) -> tuple[str, ...]:
    """Of an enum, also one that may be null or that an array or a map holds; sorted, for their order says nothing."""
    inside = (*avro.branches, *([avro.items] if avro.items else []))
    return tuple(sorted({*avro.symbols, *(symbol for each in inside for symbol in _symbols(each))}))


def _avro_of(schema: MessageSchema) -> AvroType | None:
    try:
        return parse_avro(schema.text) if schema.kind == "Avro" else None
    except ValueError:
        return None


def _record_at(avro: AvroType | None, path: Sequence[str]) -> AvroType | None:
    """The record whose fields stand below path in the tree (`fields.py`); None where it has none, or several."""
    records = list(_records_in(avro)) if avro else []
    if len(records) != 1:
        return None
    if not path:
        return records[0]
    return _record_at(dict(records[0].fields).get(path[0]), path[1:])


def _type_at(avro: AvroType | None, path: Sequence[str]) -> AvroType | None:
    if not path:
        return avro
    record = _record_at(avro, path[:-1])
    return dict(record.fields).get(path[-1]) if record else None


def _records_in(avro: AvroType) -> Iterator[AvroType]:
    if avro.kind == "record":
        yield avro
    elif avro.items:
        yield from _records_in(avro.items)
    for branch in avro.branches:
        yield from _records_in(branch)


def _parsed(display: str) -> _Type:
    """What is not written as `fields.py` does is a type of that name, and equal to itself alone."""
    nullable = display.endswith(", nullable")
    found = _parsed_type(display.removesuffix(", nullable"))
    return _Type("UNION", (NULL, *found.branches)) if nullable else found


def _parsed_type(text: str) -> _Type:
    name, bracket, rest = text.partition("<")
    if not (bracket and rest.endswith(">")):
        return _Type(text)
    return _Type(name, tuple(_parsed_type(part) for part in _parts(rest[:-1])))


def _parts(text: str) -> Iterator[str]:
    """Split at the commas outside of all brackets."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "<(") - (letter in ">)")
        if depth == 0 and text.startswith(", ", at):
            yield text[start:at]
            start = at + 2
    yield text[start:]
