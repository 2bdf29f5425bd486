"""The canonical covariates: one name, unit and set of codes for what many scores ask for in many ways.

`tables/covariates.csv` lists them.  A subject is described once in these names and units; `convert_from` turns a column
into the unit a score wants.  HbA1c is the exception among units: NGSP per cent and IFCC mmol/mol are tied by the master
equation, not by a factor (Hoelzel et al., Clin. Chem. 50:166, 2004: NGSP = 0.09148 IFCC + 2.152).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.quantity import Constant, Source
from ....core.units import convert
from .table_files import table_rows

__all__ = ["Covariate", "convert_from", "covariates"]

_MASTER = Source("doi:10.1373/clinchem.2003.024802", "IFCC-NGSP master equation")
NGSP_SLOPE = Constant(0.09148, "%", _MASTER)
NGSP_INTERCEPT = Constant(2.152, "%", _MASTER)
_KEPT = 12  # structure: significant digits kept when a unit is changed, so that a cut-off stays where it was printed


@dataclass(frozen=True, slots=True)
class Covariate:
    """One canonical covariate; `low` and `high` bound the possible, `analyte` ties mass to amount of substance."""

    name: str
    unit: str
    kind: str
    choices: tuple[str, ...]
    codes: tuple[str, ...]
    analyte: str | None
    low: float
    high: float
    about: str


@cache
def covariates() -> Mapping[str, Covariate]:
    """Every canonical covariate by name, in the table's order."""
    return MappingProxyType({row["name"]: _covariate(row) for row in table_rows("covariates.csv")})


def _covariate(row: Mapping[str, str]) -> Covariate:
    return Covariate(
        row["name"], row["unit"] or "1", row["kind"], tuple(row["choices"].split()), tuple(row["codes"].split()),
        row["analyte"] or None, float(row["low"] or -inf), float(row["high"] or inf), row["about"],
    )  # fmt: skip


def convert_from(covariate: Covariate, values: Float[Array, "n"], unit: str) -> Float[Array, "n"]:
    """A column of a covariate in another unit, to 12 significant digits; UnitError where they do not convert."""
    if unit == covariate.unit:
        return values
    if covariate.name == "hba1c":
        return _digits(float(NGSP_SLOPE) * values + float(NGSP_INTERCEPT))
    return _digits(convert(values, covariate.unit, unit, covariate.analyte))


def _digits(values: Float[Array, "n"]) -> Float[Array, "n"]:
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (_KEPT - np.ceil(np.log10(np.abs(values))))
        rounded = np.rint(values * scale) / scale
    return np.where(np.isfinite(rounded), rounded, values)
