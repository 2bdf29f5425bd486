"""A made-up person of the UVa/Padova structure, at rest at 120 mg/dL: to measure and test without anybody's table.

Published means of a healthy adult where there are, else round numbers; kp1, Ib and the state at the start follow from
rest: every flow in equals the flow out (the equations of `models.patient.uva_padova` with no change).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType
from typing import Final

__all__ = ["GLUCOSE_AT_REST", "example_person"]

MEANS: Final[Mapping[str, float]] = MappingProxyType({
    "Vg": 1.88, "k1": 0.065, "k2": 0.079, "Vi": 0.05, "m1": 0.190, "m2": 0.484, "m4": 0.194, "m30": 0.285,
    "kmax": 0.0558, "kmin": 0.0080, "kabs": 0.057, "f": 0.90, "kp2": 0.0021, "kp3": 0.009, "ki": 0.0079, "Fsnc": 1.0,
    "Vm0": 2.5, "Vmx": 0.047, "Km0": 225.59, "p2u": 0.0331, "ke1": 0.0005, "ke2": 339.0, "kd": 0.0164, "ka1": 0.0018,
    "ka2": 0.0182,
})  # fmt: skip
"""Dalla Man et al. 2007 (doi:10.1109/TBME.2007.893506), as LoopInsightT1 (MIT) transcribes them; m30 = HEb m1/(1 - HEb)
with HEb 0.6."""
INVENTED: Final[Mapping[str, float]] = MappingProxyType({"BW": 75.0, "b": 0.8, "d": 0.2, "ksc": 0.1, "u2ss": 1.2})
GLUCOSE_AT_REST: Final = 120.0
"""mg/dL, invented."""


def example_person() -> dict[str, float]:
    """The row, by column name."""
    p = {**MEANS, **INVENTED}
    x4 = GLUCOSE_AT_REST * p["Vg"]
    x5 = _tissue(p, p["k1"] * x4)
    x11 = p["u2ss"] / (p["ka1"] + p["kd"])
    x12 = p["kd"] * x11 / p["ka2"]
    liver = p["m1"] + p["m30"]
    x6 = p["u2ss"] / (p["m2"] + p["m4"] - p["m1"] * p["m2"] / liver)
    level = x6 / p["Vi"]
    produced = p["Fsnc"] + p["k1"] * x4 - p["k2"] * x5
    start = (0.0, 0.0, 0.0, x4, x5, x6, 0.0, level, level, p["m2"] * x6 / liver, x11, x12, x4)
    p |= {"Ib": level, "kp1": produced + p["kp2"] * x4 + p["kp3"] * level}
    return p | {f"x0_{i:2d}": value for i, value in enumerate(start, start=1)}


def _tissue(p: Mapping[str, float], inflow: float) -> float:
    """Glucose in tissue at rest: k2 x + Vm0 x/(Km0 + x) = inflow, a quadratic in x."""
    half = 0.5 * (p["k2"] * p["Km0"] + p["Vm0"] - inflow)
    return (sqrt(half * half + p["k2"] * inflow * p["Km0"]) - half) / p["k2"]
