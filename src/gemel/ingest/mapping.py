"""What the columns of a table mean: data, not code, so that a site can write one in TOML.

    name = "our glucose export"
    [time]
    columns = ["date", "time"]      # joined by a space when there are several
    format = "%d/%m/%Y %H:%M"       # strptime, or "iso" (the default)
    offset = "local"                # or "utc", "+02:00"; a time with an offset of its own needs none
    [table]
    delimiter = ";"                 # default ","; "tab" for TSV
    decimal = ","                   # default "."
    preamble = 1                    # lines before the header
    id = "record"                   # column that names a record, so that a corrected row amends the earlier one
    [[value]]
    column = "glucose"
    code = "loinc:99504-3"
    unit = "mmol/L"                 # or unit_column = "unit"
    levels = { LOW = "<2.2", HIGH = ">22.2" }
    [[value]]
    column = "amount"
    code = "gemel:rapid-insulin"
    unit = "[IU]"
    kind = "dose"                   # "observation" (default), "dose" or "rate"; a rate holds until the next one
    where = { type = "bolus" }      # only rows whose column says so
    low = 0                         # limits of the possible, in `unit`; default: those of the code table
    high = 80
    empty = "skip"                  # a table with many optional columns; default "reject"

Everything is checked when the mapping is made: an unknown key, a unit that is not UCUM, a level that is no number.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import msgspec

from gemel.core.errors import GemelError, IngestError
from gemel.core.fact import Level, Value
from gemel.core.units import parse

from .codes import Codes, table
from .times import Calendar
from .values import Limits, censored

__all__ = ["Rule", "TableMapping", "from_toml", "load"]

Kind = Literal["observation", "dose", "rate"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one column becomes facts of one code.

    `levels` are texts that stand for a bound ('LOW' -> Below(40)) or a category (Level).  `where` restricts the rule to
    rows whose columns hold these texts.  `limits` default to those of the code table; a value outside is rejected.
    """

    column: str
    code: str
    unit: str = ""
    unit_column: str | None = None
    kind: Kind = "observation"
    where: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    levels: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    limits: Limits | None = None
    empty: Literal["reject", "skip"] = "reject"

    def __post_init__(self) -> None:
        if not self.column or not self.code:
            raise IngestError("a value needs a 'column' and a 'code'")
        if (self.unit == "") == (self.unit_column is None):
            raise IngestError(f"column '{self.column}' needs either a 'unit' (UCUM; '1' for none) or a 'unit_column'")
        if self.unit:
            parse(self.unit)

    def known_limits(self, codes: Codes) -> Limits | None:
        """The rule's limits, else those of the code table."""
        entry = codes.get(self.code)
        if self.limits is not None or entry is None:
            return self.limits
        return entry.rate_limits if self.kind == "rate" else entry.limits


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a delimited table becomes facts; the module's text shows the fields at work."""

    name: str
    time: tuple[str, ...]
    rules: tuple[Rule, ...]
    format: str = "iso"
    offset: str = "local"
    delimiter: str = ","
    decimal: str = "."
    preamble: int = 0
    id_column: str | None = None

    def __post_init__(self) -> None:
        if not self.time or not self.rules:
            raise IngestError(f"mapping '{self.name}' needs at least one time column and one value")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise IngestError(f"mapping '{self.name}': the delimiter must be one character, got '{self.delimiter}'")
        if self.decimal not in (".", ","):
            raise IngestError(f"mapping '{self.name}': the decimal mark must be '.' or ',', got '{self.decimal}'")
        Calendar("UTC", form=self.format, offset=self.offset)

    def columns(self) -> set[str]:
        """Every column that is read."""
        read = {*self.time, *([self.id_column] if self.id_column else [])}
        for rule in self.rules:
            read |= {rule.column, *rule.where, *([rule.unit_column] if rule.unit_column else [])}
        return read


class _Time(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    format: str = "iso"
    offset: str = "local"


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    delimiter: str = ","
    decimal: str = "."
    preamble: int = 0
    id: str | None = None


class _Value(msgspec.Struct, forbid_unknown_fields=True):
    column: str
    code: str
    unit: str = ""
    unit_column: str | None = None
    kind: Kind = "observation"
    where: dict[str, str] = {}
    levels: dict[str, str] = {}
    low: float | None = None
    high: float | None = None
    empty: Literal["reject", "skip"] = "reject"


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    time: _Time
    value: list[_Value]
    table: _Table = msgspec.field(default_factory=_Table)


def load(path: Path | str) -> TableMapping:
    """The mapping in a TOML file.  IngestError says what is wrong with it and where."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"mapping '{Path(path).name}' cannot be read: {error}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise IngestError(f"mapping '{Path(path).name}' is not TOML: {error}") from error
    return from_toml(content, Path(path).name)


def from_toml(content: Mapping[str, Any], where: str) -> TableMapping:
    """The mapping in a parsed TOML document; `where` names it in errors."""
    try:
        document = msgspec.convert(dict(content), _Document)
        return TableMapping(
            name=document.name,
            time=tuple(document.time.columns),
            rules=tuple(_rule(value) for value in document.value),
            format=document.time.format,
            offset=document.time.offset,
            delimiter="\t" if document.table.delimiter == "tab" else document.table.delimiter,
            decimal=document.table.decimal,
            preamble=document.table.preamble,
            id_column=document.table.id,
        )
    except (msgspec.ValidationError, GemelError) as error:
        raise IngestError(f"mapping '{where}': {error}") from error


def _rule(value: _Value) -> Rule:
    limits = None
    if value.low is not None or value.high is not None:
        entry = table().get(value.code)
        analyte = entry.limits.analyte if entry is not None and entry.limits is not None else None
        if not value.unit:
            raise IngestError(f"column '{value.column}': limits need a literal 'unit' to be in")
        low = float("-inf") if value.low is None else value.low
        limits = Limits(value.unit, low, float("inf") if value.high is None else value.high, analyte)
    return Rule(
        column=value.column,
        code=value.code,
        unit=value.unit,
        unit_column=value.unit_column,
        kind=value.kind,
        where=MappingProxyType(dict(value.where)),
        levels=MappingProxyType({text.casefold(): _level(meaning) for text, meaning in value.levels.items()}),
        limits=limits,
        empty=value.empty,
    )


def _level(meaning: str) -> Value:
    """'<40' and '>400' are bounds; any other text names a category."""
    if meaning[:1] not in ("<", ">"):
        return Level(meaning)
    try:
        return censored(meaning)
    except ValueError as error:
        raise IngestError(f"level '{meaning}' is no bound such as '<40'") from error
