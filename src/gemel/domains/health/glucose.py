"""Glucose scores of a forecast path, and the utilities by which plans of insulin and meals are compared.

    time in range   share of the path with 70 <= G <= 180 mg/dL; low below 70, very low below 54, high above 180,
                    very high above 250                                       (Battelino 2019, figure 1)
    GMI             3.31 + 0.02392 mean(G)  [%]                               (Bergenstal 2018)
    risk            f = 1.509 (ln(G)^1.084 - 5.381), rl = 10 min(f, 0)^2, rh = 10 max(f, 0)^2, G in mg/dL;
                    LBGI = mean(rl), HBGI = mean(rh)                          (Kovatchev 1997 and 2006)

f is defined on 20 to 600 mg/dL, where it runs from -3.16 to 3.16 and the risk from 0 to 100; a value beyond either end
has the risk of that end.  A point of the path stands for the time since the point before it.  GMI was fitted to 14 days
of sensor data: for hours it is only another name for the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float, Shaped

from ...core.array import Array
from ...core.derived import Derived, Path
from ...core.quantity import Constant, Source

__all__ = [
    "ABOVE_180",
    "ABOVE_250",
    "BELOW_54",
    "BELOW_70",
    "GLUCOSE_RISK",
    "GMI",
    "HBGI",
    "HIGH",
    "LBGI",
    "LOW",
    "RANGE_MINUS_LOWS",
    "SCORES",
    "TIME_IN_RANGE",
    "UTILITIES",
    "VERY_HIGH",
    "VERY_LOW",
]

CONSENSUS: Final = Source("doi:10.2337/dci19-0028", "figure 1")
GMI_PAPER: Final = Source("doi:10.2337/dc18-1581", "GMI [%] from mean glucose in mg/dL")
SYMMETRIC: Final = Source("doi:10.2337/diacare.20.11.1655", "symmetrised scale; as in doi:10.2337/dc06-1085 and R iglu")
OURS: Final = Source(
    "gemel:assumption utility", "a convention of this package, to be replaced by the user's own values"
)

LOW: Final = Constant(70.0, "mg/dL", CONSENSUS)
HIGH: Final = Constant(180.0, "mg/dL", CONSENSUS)
VERY_LOW: Final = Constant(54.0, "mg/dL", CONSENSUS)
VERY_HIGH: Final = Constant(250.0, "mg/dL", CONSENSUS)
GMI_START: Final = Constant(3.31, "%", GMI_PAPER)
GMI_SLOPE: Final = Constant(0.02392, "%.dL/mg", GMI_PAPER)
SCALE: Final = Constant(1.509, "1", SYMMETRIC)
POWER: Final = Constant(1.084, "1", SYMMETRIC)
CENTRE: Final = Constant(5.381, "1", SYMMETRIC)
STEEPNESS: Final = Constant(10.0, "1", SYMMETRIC)
SCALE_LOW: Final = Constant(20.0, "mg/dL", SYMMETRIC)
SCALE_HIGH: Final = Constant(600.0, "mg/dL", SYMMETRIC)
LOW_WEIGHT: Final = Constant(3.0, "1", OURS)
VERY_LOW_WEIGHT: Final = Constant(10.0, "1", OURS)
PERCENT: Final = 100.0


def _mean(path: Path, values: Shaped[np.ndarray, "r t"]) -> Float[np.ndarray, "r"]:
    """Mean over time of what holds at each point."""
    spans = np.diff(np.asarray(path.hours), prepend=0.0)
    return np.asarray(values, dtype=np.float64) @ (spans / spans.sum())


def _share(path: Path, low: float, high: float) -> Float[np.ndarray, "r"]:
    glucose = np.asarray(path["glucose"])
    return PERCENT * _mean(path, (glucose >= low) & (glucose <= high))


def _below(path: Path, limit: Constant) -> Float[np.ndarray, "r"]:
    return PERCENT * _mean(path, np.asarray(path["glucose"]) < limit.value)


def _above(path: Path, limit: Constant) -> Float[np.ndarray, "r"]:
    return PERCENT * _mean(path, np.asarray(path["glucose"]) > limit.value)


def _symmetric(glucose: Array) -> Float[np.ndarray, "r t"]:
    inside = np.clip(np.asarray(glucose, dtype=np.float64), SCALE_LOW.value, SCALE_HIGH.value)
    return SCALE.value * (np.log(inside) ** POWER.value - CENTRE.value)


def _low_risk(path: Path) -> Float[np.ndarray, "r"]:
    return _mean(path, STEEPNESS.value * np.minimum(_symmetric(path["glucose"]), 0.0) ** 2)


def _high_risk(path: Path) -> Float[np.ndarray, "r"]:
    return _mean(path, STEEPNESS.value * np.maximum(_symmetric(path["glucose"]), 0.0) ** 2)


def _range_minus_lows(path: Path) -> Float[np.ndarray, "r"]:
    lows = _below(path, LOW) - _below(path, VERY_LOW)
    bad = LOW_WEIGHT.value * lows + VERY_LOW_WEIGHT.value * _below(path, VERY_LOW)
    return _share(path, LOW.value, HIGH.value) - bad


TIME_IN_RANGE: Final = Derived(
    "time-in-range",
    "%",
    lambda path: _share(path, LOW.value, HIGH.value),
    "share of the time within 70-180 mg/dL",
    CONSENSUS,
)
BELOW_70: Final = Derived("time below 70 mg/dL", "%", lambda p: _below(p, LOW), "share of the time low", CONSENSUS)
BELOW_54: Final = Derived("time below 54 mg/dL", "%", lambda p: _below(p, VERY_LOW), "share very low", CONSENSUS)
ABOVE_180: Final = Derived("time above 180 mg/dL", "%", lambda p: _above(p, HIGH), "share of the time high", CONSENSUS)
ABOVE_250: Final = Derived("time above 250 mg/dL", "%", lambda p: _above(p, VERY_HIGH), "share very high", CONSENSUS)
GMI: Final = Derived(
    "GMI", "%", lambda p: GMI_START.value + GMI_SLOPE.value * _mean(p, np.asarray(p["glucose"])),
    "glucose management indicator; meant for 14 days of readings", GMI_PAPER,
)  # fmt: skip
LBGI: Final = Derived("LBGI", "1", _low_risk, "low blood glucose index: mean risk of lows", SYMMETRIC)
HBGI: Final = Derived("HBGI", "1", _high_risk, "high blood glucose index: mean risk of highs", SYMMETRIC)
GLUCOSE_RISK: Final = Derived(
    "glucose-risk", "1", lambda p: -(_low_risk(p) + _high_risk(p)),
    "minus the mean blood glucose risk (LBGI + HBGI): 0 is best, lows weigh more than highs", SYMMETRIC,
)  # fmt: skip
RANGE_MINUS_LOWS: Final = Derived(
    "range-minus-lows", "%", _range_minus_lows,
    "time in range, minus 3 x the time below 70 and 10 x the time below 54 mg/dL; the weights are this package's", OURS,
)  # fmt: skip

SCORES: Final = (TIME_IN_RANGE, BELOW_70, BELOW_54, ABOVE_180, ABOVE_250, LBGI, HBGI)
"""What is shown of a glucose path of hours."""
UTILITIES: Final[Mapping[str, Derived]] = MappingProxyType(
    {d.name: d for d in (GLUCOSE_RISK, TIME_IN_RANGE, RANGE_MINUS_LOWS)}
)
"""By name; higher is better in each."""
