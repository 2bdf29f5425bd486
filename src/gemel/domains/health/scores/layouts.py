"""Files of cases: rows in one of the layouts of `tables/layouts.toml`, or in a score's own, to answers per row.

A layout says which column feeds which input ('score.input' where one score differs), and under which name, of which
score and when (columns such as `model` or `years`) an answer goes out:

    input = "column"                                 the column as it is
    input = { from = "column", map = { aa = "b" } }  with its words replaced; a word that is not listed stays
    input = { expression = "dbp + (sbp - dbp) / 3" } computed from numeric columns
    input = [ ..., ... ]                             the first of these that gives a value

Without a layout the columns carry the inputs' names, in the inputs' units, or the canonical covariates'.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from .catalogue import catalogue, find
from .evaluate import evaluate
from .expression import compile_expression, names_in
from .score import Input, Result, Score
from .table_files import table_text

__all__ = ["Case", "Layout", "Outgoing", "layout_for", "layouts", "work_out"]

Row = Mapping[str, Any]
Take = Any
"""What stands at the right of an input in a layout: text, a table or a list of them."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One answer of a file: its name there, the score, an expression over the score's answers, and when it applies."""

    name: str
    score: str
    value: str
    unit: str = ""
    when: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def applies(self, row: Row) -> bool:
        """Whether the row asks for this variant."""
        return all(_text(row.get(column)) == value.lower() for column, value in self.when.items())


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files of one family are laid out."""

    name: str
    columns: Mapping[str, Take]
    answers: tuple[Outgoing, ...]


@dataclass
class Case:
    """What one row came to: answers and their units by name, the scores behind them, and what is to be said of it."""

    answers: dict[str, float | str | None] = field(default_factory=dict[str, float | str | None])
    units: dict[str, str] = field(default_factory=dict[str, str])
    versions: dict[str, str] = field(default_factory=dict[str, str])
    in_domain: bool = True
    refused: bool = False
    reasons: dict[str, None] = field(default_factory=dict[str, None])


@cache
def layouts() -> Mapping[str, Layout]:
    """Every layout by name."""
    found = {
        name: Layout(name, entry.get("columns", {}), tuple(Outgoing(**answer) for answer in entry["answers"]))
        for name, entry in tomllib.loads(table_text("layouts.toml")).items()
    }
    return MappingProxyType(found)


def layout_for(name: str) -> Layout:
    """A family's layout, or that of one catalogue entry: its part of the first family that holds it, else its own.

    Raises RegistryError, which names similar entries, for neither.
    """
    if name in layouts() and name not in catalogue():
        return layouts()[name]
    score = find(name)
    for layout in layouts().values():
        own = tuple(answer for answer in layout.answers if answer.score == name)
        if own:
            return layout if layout.name == name else Layout(name, layout.columns, own)
    return Layout(name, {}, tuple(Outgoing(a.name, score.id, a.name) for a in score.answers))


def work_out(layout: Layout, rows: Sequence[Row]) -> list[Case]:
    """One case per row, in order.  Nothing is imputed; a row that asks for no variant of the layout is refused."""
    cases = [Case() for _ in rows]
    done: dict[tuple[str, tuple[int, ...]], Result] = {}
    for answer in layout.answers:
        places = tuple(i for i, row in enumerate(rows) if answer.applies(row))
        score = find(answer.score)
        if score.status == "not_shipped" or not score.answers:
            for place in places:
                _refuse(cases[place], answer.name, f"{score.id} is not shipped: {score.reason}")
        elif places:
            key = (score.id, places)
            done[key] = done.get(key) or evaluate(score, _columns(layout, score, [rows[i] for i in places]))
            _fill(answer, score, done[key], [cases[i] for i in places])
    for case, row in zip(cases, rows, strict=True):
        if not case.answers:
            _refuse(case, "", f"no variant of '{layout.name}' fits {_asked(layout, row)}")
    return cases


def _asked(layout: Layout, row: Row) -> str:
    asked = dict.fromkeys(column for answer in layout.answers for column in answer.when)
    return ", ".join(f"{column}={row.get(column, '')}" for column in asked) or "this row"


def _refuse(case: Case, name: str, why: str) -> None:
    if name:
        case.answers[name] = None
    case.refused, case.in_domain = True, False
    case.reasons[why] = None


def _fill(answer: Outgoing, score: Score, result: Result, cases: Sequence[Case]) -> None:
    """Put one answer of a score into its cases."""
    names = names_in(answer.value)
    with np.errstate(all="ignore"):
        values = np.broadcast_to(
            compile_expression(answer.value, dict.fromkeys(result.values, ()))(result.values), (len(cases),)
        )
    shown = next((a for a in score.answers if a.name == answer.value), None)
    unit = answer.unit or next((a.unit for a in score.answers if a.name in names), "1")
    for i, case in enumerate(cases):
        value = None if result.refused[i] else float(values[i])
        case.answers[answer.name] = shown.labels[int(value)] if shown and shown.labels and value is not None else value
        case.units[answer.name] = unit
        case.versions[score.id] = f"{score.title}, {score.version}" if score.version else score.title
        case.refused = case.refused or bool(result.refused[i])
        case.in_domain = case.in_domain and all(bool(result.valid(name)[i]) for name in names)
        for why in {result.why(i, name) for name in names} - {""}:
            case.reasons[why] = None


def _columns(layout: Layout, score: Score, rows: Sequence[Row]) -> dict[str, Any]:
    present = {name for row in rows for name in row}
    columns: dict[str, Any] = {}
    for entry in score.inputs:
        take = layout.columns.get(f"{score.id}.{entry.name}", layout.columns.get(entry.name, _own(entry, present)))
        columns[entry.name] = _taken(take, rows)
    return columns


def _own(entry: Input, present: set[str]) -> Take:
    """The column that carries an input where no layout says so: its own name, or that with its unit."""
    return next((name for name in (entry.name, f"{entry.name} [{entry.unit}]") if name in present), entry.name)


def _taken(take: Take, rows: Sequence[Row]) -> Any:
    match take:
        case str():
            return np.array([_text(row.get(take)) for row in rows], dtype=object)
        case {"expression": str(text)}:
            numbers = {name: np.array([_number(row.get(name)) for row in rows]) for name in names_in(text)}
            return compile_expression(text, dict.fromkeys(numbers, ()))(numbers)
        case {"from": str(column), "map": dict()}:
            words: dict[str, str] = take["map"]
            return np.array([words.get(_text(row.get(column)), _text(row.get(column))) for row in rows], dtype=object)
        case _:
            first, *others = [_taken(part, rows) for part in take]
            for other in others:
                first = np.where(first == "", other, first)
            return first


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip().lower()


def _number(cell: object) -> float:
    try:
        return float(_text(cell))
    except ValueError:
        return float("nan")
