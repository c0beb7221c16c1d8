"""Text in columns below a header: what separates them is told by a name that the header is known to have."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .spans import Span, replaced

_DELIMITERS = ",;\t|"
_Row = tuple[int, list[Span]]  # where it begins, and where its cells are; no cells: from here on there are no rows


def without_columns(text: str, names: Collection[str], mask: str) -> str | None:
    """text with mask in every cell below one of names, in whatever case; None where no header has any, or no rows.

    A row of another width is no row of the table: it and all that follows are one mask.
    """
    for delimiter in _DELIMITERS:
        rows = _rows(text, delimiter)
        _, header = next(rows, (0, []))
        hidden = [number for number, cell in enumerate(header) if _name(text, cell) in names]
        if hidden:
            spans = list(_hidden(text, rows, len(header), hidden))
            return replaced(text, spans, mask) if spans else None
    return None


def _hidden(text: str, rows: Iterator[_Row], width: int, columns: list[int]) -> Iterator[Span]:
    for begin, cells in rows:
        if len(cells) != width:
            yield begin, len(text)
            return
        yield from (cells[column] for column in columns if cells[column][0] < cells[column][1])


def _name(text: str, cell: Span) -> str:
    return text[slice(*cell)].strip("\ufeff \"'").casefold()


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    """The rows of CSV (RFC 4180) that are not blank."""
    sign = re.escape(delimiter)
    pattern = re.compile(rf'("(?:[^"]|"")*"|[^"\r\n{sign}]*)({sign}|\r?\n|\Z)')
    position = 0
    while position < len(text):
        start, cells, end = position, list[Span](), delimiter
        while end == delimiter:
            cell = pattern.match(text, position)
            if cell is None:
                yield start, []
                return
            cells.append(cell.span(1))
            position, end = cell.end(), cell[2]
        if position > start + len(end):
            yield start, cells
