"""One measurement and what it stands beside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """floor: the same unit, measured in the same run or computed from a quota; target: what the project promises."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: float | None = None

    def cells(self) -> list[str]:
        ratio = f"{self.value / self.floor:.2f}" if self.floor else "-"
        verdict = (
            "-" if self.target is None else f"{_number(self.target)} {'met' if self.value <= self.target else 'MISSED'}"
        )
        return [self.name, f"{_number(self.value)} {self.unit}", _number(self.floor), ratio, verdict]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if value < 10 else f"{value:.1f}"


def show(title: str, rows: Iterable[Row]) -> None:
    show_cells(title, ["what", "measured", "floor", "ratio", "target"], (row.cells() for row in rows))


def show_cells(title: str, header: Sequence[str], cells: Iterable[Sequence[str]]) -> None:
    table = Table(*header, title=title, title_justify="left")
    for line in cells:
        table.add_row(*line)
    Console(width=160).print(table)
