"""UCUM units: parse, compare dimensions, convert; an impossible conversion is an error that says what is missing.

A unit is a factor on base units, an offset for the two temperature scales, and exponents over `atoms.AXES`:

    base = (value + offset) * factor

Mass, amount of substance, charge and international units convert into one another only for a named analyte.
`U` is UCUM's enzyme unit (umol/min); a "unit" of insulin or heparin is `[IU]`.  Counts, annotations and % are plain
numbers, and Hz, Bq and /min share a dimension: comparing dimensions does not replace reading the observation's code.
Not for HbA1c: 7 % (NGSP) is 53 mmol/mol (IFCC), by an affine law between two assays, though the units say 70.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeVar, overload

from .analytes import ANALYTES, Analyte
from .array import Array
from .atoms import AXES
from .errors import UnitError
from .ucum import read

__all__ = ["Unit", "convert", "equal_dimension", "factor", "parse"]

ArrayT = TypeVar("ArrayT", bound=Array)
Dimension = tuple[int, ...]

_GRAM: Final = AXES.index("g")
_MOLE: Final = AXES.index("mol")
_EQUIVALENT: Final = AXES.index("eq")
_INTERNATIONAL: Final = AXES.index("[iU]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A parsed unit: base = (value + offset) * factor; `dimension` holds the exponents over `atoms.AXES`."""

    text: str
    factor: float
    offset: float
    dimension: Dimension


@lru_cache(maxsize=4096)
def parse(text: str) -> Unit:
    """The unit that a UCUM text means.  Raises UnitError, which names the position, when the text is not UCUM."""
    term = read(text)
    return Unit(text, _float(term.factor, f"'{text}'"), float(term.offset), term.dimension)


def equal_dimension(a: str, b: str) -> bool:
    """Whether the two units measure the same kind of quantity, so that they convert without an analyte."""
    return parse(a).dimension == parse(b).dimension


def factor(source: str, target: str, analyte: str | None = None) -> float:
    """What a value in `source` is multiplied by to be in `target`.  Raises UnitError as `convert` does."""
    scale, _ = _line(source, target, analyte)
    for text in (source, target):
        if parse(text).offset:
            raise UnitError(f"'{text}' has a zero of its own, so no factor converts it: use convert()")
    return scale


@overload
def convert(value: float, source: str, target: str, analyte: str | None = None) -> float: ...
@overload
def convert(value: ArrayT, source: str, target: str, analyte: str | None = None) -> ArrayT: ...
def convert(value: Any, source: str, target: str, analyte: str | None = None) -> Any:
    """The value in the target unit; elementwise on arrays of any shape, and NaN stays NaN.

    `analyte` names the substance whose mass, amount, charge or international units change into one another, as in
    convert(5.5, "mmol/L", "mg/dL", "glucose"); it changes nothing when the dimensions already agree.  Raises UnitError
    when a text is not UCUM, the dimensions differ, the analyte is unknown, or it lacks the property that is needed.
    """
    scale, shift = _line(source, target, analyte)
    return value * scale + shift if shift else value * scale


@lru_cache(maxsize=4096)
def _line(source: str, target: str, analyte: str | None) -> tuple[float, float]:
    """Slope and intercept from source to target, exact until the last step."""
    a, b = read(source), read(target)
    substance = None if analyte is None else ANALYTES.get(analyte)
    if analyte is not None and substance is None:
        raise UnitError(f"unknown analyte '{analyte}' (known: {_known()})")
    ratio = a.factor / b.factor
    scale = _float(ratio, f"'{source}' in '{target}'")
    if a.dimension == b.dimension:
        return scale, float(a.offset * ratio - b.offset)
    if substance is None or _in_grams(a.dimension) != _in_grams(b.dimension):
        raise UnitError(f"cannot convert '{source}' to '{target}'{_why_not(a.dimension, b.dimension)}")
    powers = tuple(p - q for p, q in zip(a.dimension, b.dimension, strict=True))
    return scale * _substance_scale(powers, substance, f"'{source}' to '{target}'"), 0.0


def _float(exact: Fraction, what: str) -> float:
    if not 1e-300 < exact < 1e300:
        raise UnitError(f"{what} is beyond the range of floating point: check its prefixes and exponents")
    return float(exact)


def _substance_scale(powers: Dimension, analyte: Analyte, conversion: str) -> float:
    """What remains of a factor when moles, equivalents and international units are written as grams of the analyte."""
    scale = 1.0
    for axis, grams, lack in (
        (_MOLE, analyte.molar_mass, "molar mass"),
        (_EQUIVALENT, analyte.molar_mass / analyte.charge if analyte.charge else None, "charge of one size"),
        (_INTERNATIONAL, analyte.grams_per_iu, "international unit"),
    ):
        if powers[axis] and grams is None:
            raise UnitError(f"cannot convert {conversion}: analyte '{analyte.name}' has no {lack}")
        scale *= (grams or 1.0) ** powers[axis]
    return scale


def _in_grams(dimension: Dimension) -> Dimension:
    """The dimension once amount, charge and international units are written as mass."""
    reduced = list(dimension)
    for axis in (_MOLE, _EQUIVALENT, _INTERNATIONAL):
        reduced[_GRAM] += reduced[axis]
        reduced[axis] = 0
    return tuple(reduced)


def _why_not(a: Dimension, b: Dimension) -> str:
    if _in_grams(a) == _in_grams(b):
        return (
            " without an analyte: mass and amount of substance are tied by a molar mass (charge by a valence, [IU] by a"
            f" standard); pass analyte='glucose' (known: {_known()})"
        )
    why = f": one is {_spell(a)}, the other {_spell(b)}"
    if (a[_INTERNATIONAL] == 0) != (b[_INTERNATIONAL] == 0):
        why += "; UCUM 'U' is the enzyme unit umol/min, and units of insulin or heparin are '[IU]'"
    return why


def _known() -> str:
    return ", ".join(sorted(ANALYTES, key=str.lower))


def _spell(dimension: Dimension) -> str:
    powers = zip(AXES, dimension, strict=True)
    return ".".join(axis + (str(power) if power != 1 else "") for axis, power in powers if power) or "a plain number"
