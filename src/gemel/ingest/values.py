"""Numbers as people and machines write them, and whether a value can be true at all.

The check is for impossible values (a typing error, a wrong unit), not for alarming ones: limits stand well outside what
was ever survived or what the instruments can show.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, isfinite
from typing import NamedTuple

from gemel.core.errors import UnitError
from gemel.core.fact import Above, Below, Exact, Value, bounds
from gemel.core.units import convert

__all__ = ["ANY", "Limits", "Span", "censored", "check", "number", "span"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a quantity can be: inclusive limits in `unit`; `analyte` lets mass and amount of substance convert."""

    unit: str
    low: float
    high: float
    analyte: str | None = None


class Span(NamedTuple):
    """A number x of some unit can be true if low <= x * scale + shift <= high."""

    low: float
    high: float
    scale: float
    shift: float


ANY = Span(-inf, inf, 1.0, 0.0)
"""Nothing is known of what is possible."""


def span(unit: str, limits: Limits) -> Span | None:
    """What is possible of numbers in this unit; None where they do not convert.  `check` says why one is not."""
    line = _line(unit, limits.unit, limits.analyte)
    return None if isinstance(line, str) else Span(limits.low, limits.high, *line)


def number(text: str, decimal: str = ".") -> float:
    """A finite decimal number; ValueError for anything else, also for 'nan', '1_000' and '1,000.5'."""
    if decimal != ".":
        if "." in text:
            raise ValueError(text)
        text = text.replace(decimal, ".")
    if "_" in text or not text.isascii():
        raise ValueError(text)
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def censored(text: str, decimal: str = ".") -> Value:
    """A number, or a bound such as '<40' or '>= 400'; ValueError for anything else."""
    match text[:1]:
        case "<" | "≤":
            return Below(number(text[1:].removeprefix("=").strip(), decimal))
        case ">" | "≥":
            return Above(number(text[1:].removeprefix("=").strip(), decimal))
        case _:
            return Exact(number(text, decimal))


@lru_cache(maxsize=4096)
def _line(source: str, target: str, analyte: str | None) -> tuple[float, float] | str:
    """Scale and shift into the target unit, or why there is no conversion."""
    try:
        shift = convert(0.0, source, target, analyte)
        return convert(1.0, source, target, analyte) - shift, shift
    except UnitError as error:
        return str(error)


def check(value: Value, unit: str, limits: Limits, what: str) -> tuple[str, str] | None:
    """None when the value can be true; else kind and detail of the rejection, naming value, unit and limit."""
    line = _line(unit, limits.unit, limits.analyte)
    if isinstance(line, str):
        return "wrong unit", f"{what} in '{unit}' where {limits.unit} is expected: {line}"
    for end in bounds(value):
        if not isfinite(end):
            continue
        here = end * line[0] + line[1]
        if not limits.low <= here <= limits.high:
            side, limit = ("below", limits.low) if here < limits.low else ("above", limits.high)
            return "impossible value", f"{what} {end:g} {unit} is {side} {limit:g} {limits.unit}"
    return None
