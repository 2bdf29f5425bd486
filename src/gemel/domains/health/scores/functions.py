"""The functions an equation in a score table may call, over columns of n rows.

    at_least(x, p0, c1, p1, c2, p2)   points p0, from x >= c1 p1, from x >= c2 p2
    above(x, p0, c1, p1, ...)         the same with x > c
    survival(S0, lp)                  1 - S0^exp(lp), a Cox model's risk at the time of S0
    recalibrated(risk, a, b)          1 - exp(-exp(a + b ln(-ln(1 - risk)))), SCORE2's regional scale
    fewest(...), most(...)            least and greatest of the values that are given
    default(x, y)                     y where x is missing;  given(x) 1 where it is there
    half_up(x, digits)                rounding as people do it
    missing()                         no value: the row is refused where it reaches an answer

Missing values (NaN) stay missing in every function but `default`, `given`, `fewest`, `most`, `count` and `where`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import SupportError

__all__ = ["FUNCTIONS"]

Column = Float[Array, "..."]


def _stepped(side: str) -> Callable[..., Column]:
    def steps(x: Column, *points: Column) -> Column:
        if len(points) % 2 == 0:
            raise SupportError("a step function takes points, then cut and points in turn: at_least(x, 0, 65, 1)")
        levels, cuts = [float(p) for p in points[::2]], [float(c) for c in points[1::2]]
        if sorted(cuts) != cuts:
            raise SupportError(f"the cuts of a step function rise: {cuts}")
        index = np.searchsorted(np.asarray(cuts), x, side="right" if side == "at" else "left")
        return np.where(np.isnan(x), np.nan, np.asarray(levels)[np.minimum(index, len(cuts))])

    return steps


def _least(*values: Column) -> Column:
    return _folded(np.minimum, values)


def _greatest(*values: Column) -> Column:
    return _folded(np.maximum, values)


def _fewest(*values: Column) -> Column:
    return _folded(np.fmin, values)


def _most(*values: Column) -> Column:
    return _folded(np.fmax, values)


def _folded(function: np.ufunc, values: tuple[Column, ...]) -> Column:
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return result


def _count(*values: Column) -> Column:
    return _folded(np.add, tuple(np.asarray((v != 0.0) & (v == v), dtype=np.float64) for v in values))


def _where(condition: Column, yes: Column, no: Column) -> Column:
    return np.where((condition != 0.0) & (condition == condition), yes, no)


def _logistic(x: Column) -> Column:
    return 1.0 / (1.0 + np.exp(-x))


def _survival(baseline: Column, lp: Column) -> Column:
    return 1.0 - baseline ** np.exp(lp)


def _recalibrated(risk: Column, intercept: Column, slope: Column) -> Column:
    return 1.0 - np.exp(-np.exp(intercept + slope * np.log(-np.log(1.0 - risk))))


def _half_up(x: Column, digits: Column) -> Column:
    scale = 10.0**digits
    return np.floor(x * scale + 0.5) / scale


def _default(x: Column, other: Column) -> Column:
    return np.where(np.isnan(x), other, x)


def _given(x: Column) -> Column:
    return np.asarray(~np.isnan(x), dtype=np.float64)


def _missing() -> Column:
    return np.asarray(np.nan)


FUNCTIONS: Final[Mapping[str, Callable[..., Column]]] = MappingProxyType(
    {
        "ln": np.log, "log10": np.log10, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs, "floor": np.floor,
        "min": _least, "max": _greatest, "fewest": _fewest, "most": _most, "clip": np.clip,
        "at_least": _stepped("at"), "above": _stepped("over"), "count": _count, "where": _where,
        "logistic": _logistic, "survival": _survival, "recalibrated": _recalibrated, "half_up": _half_up,
        "default": _default, "given": _given, "missing": _missing,
    }
)  # fmt: skip
"""By the name an equation uses."""
