"""A diary kept as a table: where its header stands, what parts its fields, and its rows by the names of the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gemel.core.errors import IngestError

from .rows import Row, rows
from .source import Source, first_bytes, name_of

__all__ = ["Cells", "Table", "header_line", "table"]

_HEAD = 1 << 16
_LINES = 30  # structure: lines in which a header is looked for
_DELIMITERS = (",", ";", "\t")

Fits = Callable[[list[str]], bool]


class Cells(NamedTuple):
    """A row: its number, its fields by column ('' where it is short), its text, and what is wrong with it."""

    number: int
    fields: Mapping[str, str]
    text: str
    fault: tuple[str, str] = ("", "")

    def of(self, start: str) -> str:
        """The field of the first column whose name starts so; '' where there is none."""
        return next((field for name, field in self.fields.items() if name.startswith(start)), "")


@dataclass(frozen=True, slots=True)
class Table:
    """The columns of a table and where its header stands."""

    source: Source
    columns: tuple[str, ...]
    delimiter: str
    line: int

    def column(self, start: str) -> str:
        """The name of the first column that starts so; '' where there is none."""
        return next((name for name in self.columns if name.startswith(start)), "")

    def unit(self, start: str) -> str:
        """UCUM unit of glucose that the name of a column says; IngestError where it says none that is known."""
        name = self.column(start)
        for unit in ("mg/dL", "mmol/L"):
            if unit.casefold() in name.casefold():
                return unit
        raise IngestError(f"'{name_of(self.source)}': column '{name}' says neither mg/dL nor mmol/L")

    def rows(self) -> Iterator[Cells]:
        """Every row after the header; blank ones are left out."""
        for row in rows(self.source, self.delimiter):
            if row.number > self.line and row.fields != []:
                yield self._cells(row)

    def _cells(self, row: Row) -> Cells:
        if row.fields is None:
            return Cells(row.number, {}, row.text, row.fault)
        given = [field.strip() for field in row.fields]
        last = max((i for i, field in enumerate(given) if field), default=-1)
        fault = ("", "")
        if row.open and last == len(given) - 1:
            fault = ("truncated", "the last line has no line break, so it may be cut short")
        elif any(given[len(self.columns) :]):
            fault = ("bad row", f"{len(given)} fields where the header has {len(self.columns)}")
        padded = given + [""] * (len(self.columns) - len(given))
        return Cells(row.number, dict(zip(self.columns, padded, strict=False)), row.text, fault)


def table(source: Source, fits: Fits) -> Table:
    """The table whose header fits; IngestError where there is none in the first lines."""
    found = header_line(first_bytes(source, _HEAD), fits)
    if found is None:
        raise IngestError(f"'{name_of(source)}' has no header of this form in its first {_LINES} lines")
    line, columns, delimiter = found
    return Table(source, columns, delimiter, line)


def header_line(head: bytes, fits: Fits) -> tuple[int, tuple[str, ...], str] | None:
    """Number, column names and delimiter of the first line that fits as a header; None where none does."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:_LINES]
    for number, line in enumerate(lines, 1):
        text = line.decode(errors="replace")
        for delimiter in _DELIMITERS:
            names = [name.strip().strip('"') for name in text.split(delimiter)]
            if len(names) > 1 and fits(names):
                return number, tuple(names), delimiter
    return None
