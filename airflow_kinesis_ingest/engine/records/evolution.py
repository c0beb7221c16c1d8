"""How one schema became another: which fields came, went or changed their type, and whether that is compatible.

Compatible is what Confluent calls BACKWARD, the default of its registry: who reads with the new schema can read what
was written with the old one (docs.confluent.io, "Schema Evolution and Compatibility"), type by type as Avro's
specification resolves them (1.12, "Schema Resolution"). So:
- A field that went is compatible: the reader does not ask for it.
- One that came is, unless Avro has to fill it in and finds no default. JSON and Protobuf know absent fields.
- A type may widen (INT, LONG, FLOAT, DOUBLE; STRING and BYTES either way), and take on null or further types.
- Another format is not: JSON that becomes Avro.

An inferred schema is what messages showed, no promise of a writer, and grows by whatever comes. It would always be
compatible. Of it, therefore, each type that a field now has must be one that it had, a wider one, or null: a number
that becomes text breaks who reads it. A type that it lost was forgotten (`forgetting.py`), as a field is.

Not compared, since nothing is known of it: an inferred schema with a registered one (what differs is how they are
known); the fields of a registered JSON schema, which are those that a sample showed; the fields below one that has none
on either side, which the bounds of a tree may have cut, or that holds its record elsewhere now, as in an array, or in
several places; what a tree does not show, like the symbols of an ENUM.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ..model import Field, MessageSchema
from .avro_schema import AvroType
from .avro_schema import parse as parse_avro
from .schema import is_ours

Path = tuple[str, ...]
Kind = Literal["field added", "field removed", "type changed", "format changed", "text changed"]

WIDER: Mapping[str, frozenset[str]] = {
    "INT": frozenset({"LONG", "FLOAT", "DOUBLE", "INTEGER"}),
    "LONG": frozenset({"FLOAT", "DOUBLE", "INTEGER"}),
    "INTEGER": frozenset({"DOUBLE"}),
    "FLOAT": frozenset({"DOUBLE"}),
    "STRING": frozenset({"BYTES"}),
    "BYTES": frozenset({"STRING"}),
}
"""INTEGER is one of more than 64 bits, which only JSON has."""

WIDER_IN: Mapping[str, Mapping[str, frozenset[str]]] = {
    # A time is text there, and a map is what an object becomes whose names turn out to be data.
    "JSON": {"DATE": frozenset({"STRING"}), "TIMESTAMP": frozenset({"STRING"}), "RECORD": frozenset({"MAP"})},
    # A reader that does not know a logical type takes the type below it.
    "Avro": {"DATE": frozenset({"INT"}), "TIMESTAMP": frozenset({"LONG"}), "UUID": frozenset({"STRING"})},
}


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """path: below the root of the message, () is the root itself. before, after: types, None where there is none.

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
    return tuple(_Comparison(after, inferred=inferred).of_trees(before.fields, after.fields))


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
    def __init__(self, after: MessageSchema, *, inferred: bool) -> None:
        self._inferred = inferred
        self._more = WIDER_IN.get(after.kind, {})
        self._is_avro = after.kind == "Avro"
        self._avro = _avro_of(after)

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
            fits = None if CUT in "".join(shown) else self._fits(then, now)
            yield SchemaChange("type changed", path, *shown, fits)
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

    def _fits(self, before: _Type, after: _Type) -> bool:
        then, now = before.branches, after.branches
        if self._inferred:
            known = [one for one in then if one not in (NULL, UNKNOWN)]
            return not known or all(any(self._becomes(one, each) for one in known) for each in now if each != NULL)
        return all(any(self._becomes(one, each) for each in now) for one in then)

    def _becomes(self, before: _Type, after: _Type) -> bool:
        """Of two that are no unions."""
        if before == UNKNOWN:
            return True
        if before.name == after.name and len(before.of) == len(after.of):
            return all(map(self._fits, before.of, after.of))
        wider = WIDER.get(before.name, frozenset()) | self._more.get(before.name, frozenset())
        return after.name in wider

    def _may_lack(self, path: Path) -> bool | None:
        """Whether a reader that looks for the field can do without it."""
        if not self._is_avro:
            return True
        *above, name = path
        record = _record_at(self._avro, above)
        return None if record is None or name not in dict(record.fields) else name in record.defaults


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
