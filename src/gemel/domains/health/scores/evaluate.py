"""Evaluate a score over n rows at once.

Columns are numbers, or the words of a table as it was read: '' and NaN are missing, flags are 1/0, yes/no or
true/false, choices are words (matched without case, with _ for anything but letters and digits) or their index.
A missing required input, a word that cannot be read and an equation without a finite value refuse the row; a value
outside the published range marks it.  Nothing is imputed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float

from ....core.array import Array
from ....core.errors import ShapeError, SupportError
from .covariates import convert_from, covariates
from .hazards import absolute_risk
from .score import Input, Linear, Note, Result, Score

__all__ = ["evaluate", "evaluate_covariates"]

Numbers = dict[str, Float[Array, "..."]]
_FLAGS: Final[Mapping[str, float]] = {
    "1": 1.0, "1.0": 1.0, "true": 1.0, "t": 1.0, "yes": 1.0, "y": 1.0,
    "0": 0.0, "0.0": 0.0, "false": 0.0, "f": 0.0, "no": 0.0, "n": 0.0,
}  # fmt: skip
_MISSING: Final = frozenset({"", "na", "nan", "none", "null"})


def evaluate(score: Score, columns: Mapping[str, Array]) -> Result:
    """The score's answers for every row of the columns, which are named and measured as its inputs are.

    Columns the score does not know are ignored.  Raises SupportError for an entry that is not shipped, ShapeError for
    columns of unequal length.
    """
    if not score.steps and not score.linear:
        raise SupportError(f"score '{score.id}' is not shipped: {score.reason or 'its equation is not in the package'}")
    given = {i.name: np.asarray(columns[i.name]) for i in score.inputs if i.name in columns}
    if len({c.shape for c in given.values()}) > 1:
        raise ShapeError(f"score '{score.id}': columns of unequal length { ({n: c.shape for n, c in given.items()}) }")
    rows = next(iter(given.values())).shape[0] if given else _length(columns)
    numbers: Numbers = {}
    notes: list[Note] = []
    for entry in score.inputs:
        numbers[entry.name], unread = _numeric(entry, given.get(entry.name), rows)
        notes += _input_notes(entry, numbers[entry.name], unread)
    with np.errstate(all="ignore"):
        _run(score, numbers)
        notes += _rule_notes(score, numbers, rows)
    return _result(score, numbers, notes, rows)


def evaluate_covariates(score: Score, columns: Mapping[str, Array]) -> Result:
    """As `evaluate`, from columns by canonical covariate in canonical units (`covariates()`).

    An input that no covariate feeds may be given under its own name in its own unit.
    """
    table = covariates()
    own = {i.name: columns[i.name] for i in score.inputs if i.name in columns and i.name not in table}
    for entry in score.inputs:
        if entry.covariate in columns:
            values = np.asarray(columns[entry.covariate])
            numeric = entry.kind == "number" and values.dtype.kind == "f"
            own[entry.name] = convert_from(table[entry.covariate], values, entry.unit) if numeric else values
    return evaluate(score, own if own else {"": np.empty(_length(columns))})


def _length(columns: Mapping[str, Array]) -> int:
    return next((np.asarray(c).shape[0] for c in columns.values()), 0)


def _numeric(entry: Input, column: Any, rows: int) -> tuple[Float[Array, "n"], Bool[Array, "n"]]:
    """A column as numbers with NaN for missing, and which of its cells could not be read."""
    if column is None:
        return np.full(rows, np.nan), np.zeros(rows, dtype=bool)
    if column.dtype.kind in "fiub":
        values = column.astype(np.float64)
        odd = ~np.isnan(values) & ~_possible(entry, values)
        return np.where(odd, np.nan, values), odd
    words, inverse = np.unique(np.array([_word(cell) for cell in column], dtype=str), return_inverse=True)
    read = [_read(entry, str(word)) for word in words]
    values = np.array([np.nan if value is None else value for value in read])[inverse]
    return values, np.array([value is None for value in read])[inverse]


def _word(cell: object) -> str:
    return "" if cell is None else str(cell).strip().lower()


def _possible(entry: Input, values: Float[Array, "n"]) -> Bool[Array, "n"]:
    if entry.kind == "flag":
        return (values == 0.0) | (values == 1.0)
    if entry.kind == "choice":
        return (values >= 0.0) & (values < len(entry.choices)) & (values == np.floor(values))
    return np.isfinite(values)


@lru_cache(maxsize=4096)
def _read(entry: Input, word: str) -> float | None:
    """One word as a number; NaN for missing, None for what cannot be read."""
    if word in _MISSING:
        return np.nan
    if entry.kind == "flag":
        return _FLAGS.get(word)
    if entry.kind == "choice":
        plain = re.sub(r"[^a-z0-9]+", "_", word)
        names = [choice.lower().removeprefix("_") for choice in entry.choices]
        return float(names.index(plain)) if plain in names else None
    try:
        value = float(word)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _input_notes(entry: Input, values: Float[Array, "n"], unread: Bool[Array, "n"]) -> list[Note]:
    notes: list[Note] = []
    if unread.any():
        wanted = f"one of {', '.join(entry.choices)}" if entry.choices else f"a {entry.kind} [{entry.unit}]"
        notes.append(Note("refused", unread, f"{entry.name} cannot be read: give {wanted}"))
    missing = np.isnan(values) & ~unread
    if entry.required and missing.any():
        notes.append(Note("refused", missing, f"missing: {entry.name}"))
    outside = (values < entry.low) | (values > entry.high)
    if outside.any():
        words = f"{entry.name} outside {entry.low:g} to {entry.high:g} {entry.unit}".removesuffix(" 1")
        notes.append(Note("outside", outside, words))
    return notes


def _run(score: Score, numbers: Numbers) -> None:
    """Add every step's column to the inputs', in the order let, linear, steps, hazards."""
    for name, step in score.let.items():
        numbers[name] = step(numbers)
    for block in score.linear:
        _predict(block, numbers)
    for name, step in score.steps.items():
        numbers[name] = step(numbers)
    if score.hazards is not None:
        numbers[score.hazards.name] = absolute_risk(score.hazards, numbers)


def _predict(block: Linear, numbers: Numbers) -> None:
    """Linear predictor and constants of each row's stratum; NaN where a choice is missing or has no coefficients."""
    codes = [np.asarray(numbers[name]) for name in block.by]
    lost = np.isnan(sum(codes)) if codes else np.zeros(1, dtype=bool)
    places = tuple(np.where(lost, 0, code).astype(np.intp) for code in codes)
    stratum = np.asarray(block.index[places])
    lost = lost | (stratum < 0)
    blank = np.where(lost, np.nan, 0.0)
    total = blank
    for term, column in zip(block.terms, block.coefficients.T, strict=True):
        if column.any():
            total = total + column[stratum] * term(numbers)
    numbers[block.name] = total
    for name, values in block.constants.items():
        numbers[name] = values[stratum] + blank


def _rule_notes(score: Score, numbers: Numbers, rows: int) -> list[Note]:
    notes: list[Note] = []
    for rule in score.domain:
        known = np.ones(rows, dtype=bool)
        for name in rule.reads:
            known = known & ~np.isnan(np.broadcast_to(numbers[name], rows))
        broken = known & (np.broadcast_to(rule.test(numbers), rows) == 0.0)
        if broken.any():
            notes.append(Note("outside", broken, rule.words, rule.answer))
    return notes


def _result(score: Score, numbers: Numbers, notes: list[Note], rows: int) -> Result:
    refused, outside = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    for note in notes:
        if note.kind == "refused":
            refused = refused | note.rows
        elif not note.answer:
            outside = outside | note.rows
    values = {a.name: np.array(np.broadcast_to(numbers[a.name], rows), dtype=np.float64) for a in score.answers}
    for name, value in values.items():
        empty = ~np.isfinite(value) & ~refused
        if empty.any():
            notes.append(Note("refused", empty, f"the equation of {name} has no value for these inputs"))
    broken = [n.rows for n in notes if n.kind == "refused"]
    refused = np.logical_or.reduce(broken) if broken else refused
    values = {name: np.where(refused, np.nan, value) for name, value in values.items()}
    return Result(score, values, ~outside & ~refused, refused, tuple(notes))
