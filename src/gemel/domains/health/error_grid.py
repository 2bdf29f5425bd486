"""Clarke and Parkes error grids: how much harm would follow from taking one glucose value for another.

A pair is the true value (reference r) and the value acted upon (p: a meter, a sensor, a forecast), both in mg/dL.

    Clarke 1987   A within 20 % of r, or both at most 70;  E r <= 70 and p >= 180, or r >= 180 and p <= 70;
                  C p >= r + 110 with r >= 70, or p <= 7/5 (r - 130) with 130 <= r <= 180;
                  D r <= 70 or r >= 240, and 70 <= p <= 180;  B the rest.  In this order, the first that holds.
    Parkes 2000   type 1 diabetes, zones between the broken lines of Pfützner 2013, table 1; no lower zone E.

Zones: A no effect on treatment, B little or none, C likely to affect the outcome, D significant risk, E dangerous.
Clarke's figure ends at 400 mg/dL and Parkes' at 550: lines go on as they end.  On a Parkes line the milder zone holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Shaped

from ...core.array import Array
from ...core.errors import SupportError
from ...core.quantity import Constant, Source

__all__ = ["ABOVE", "BELOW", "GRIDS", "ZONES", "Line", "clarke", "parkes", "shares"]

CLARKE: Final = Source("doi:10.2337/diacare.10.5.622", "figure 1, as R ega and two other programs transcribe it")
PARKES: Final = Source("doi:10.1177/193229681300700517", "table 1, type 1 diabetes, as six programs transcribe it")

ZONES: Final = "ABCDE"
NEAR: Final = Constant(0.2, "1", CLARKE)
LOW: Final = Constant(70.0, "mg/dL", CLARKE)
HIGH: Final = Constant(180.0, "mg/dL", CLARKE)
TOO_HIGH: Final = Constant(240.0, "mg/dL", CLARKE)
OVER: Final = Constant(110.0, "mg/dL", CLARKE)
UNDER: Final = Constant(130.0, "mg/dL", CLARKE)
UNDER_SLOPE: Final = Constant(7.0 / 5.0, "1", CLARKE)

Points = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A broken line through points (reference, value) [mg/dL]."""

    points: Points
    source: Source


ABOVE: Final[tuple[Line, ...]] = (
    Line(((0, 50), (30, 50), (140, 170), (280, 380), (430, 550)), source=PARKES),
    Line(((0, 60), (30, 60), (50, 80), (70, 110), (260, 550)), source=PARKES),
    Line(((0, 100), (25, 100), (50, 125), (80, 215), (125, 550)), source=PARKES),
    Line(((0, 150), (35, 155), (50, 550)), source=PARKES),
)
"""From A to B, to C, to D, to E where the value is too high."""
BELOW: Final[tuple[Line, ...]] = (
    Line(((50, 0), (50, 30), (170, 145), (385, 300), (550, 450)), source=PARKES),
    Line(((120, 0), (120, 30), (260, 130), (550, 250)), source=PARKES),
    Line(((250, 0), (250, 40), (550, 150)), source=PARKES),
)
"""From A to B, to C, to D where the value is too low."""


def clarke(reference: Float[Array, "n"], value: Float[Array, "n"]) -> Shaped[np.ndarray, "n"]:
    """The Clarke zone of each pair [mg/dL], one letter each; SupportError for a pair that is no glucose."""
    r, p = _pairs(reference, value)
    acceptable = (np.abs(p - r) <= NEAR.value * r) | ((r <= LOW.value) & (p <= LOW.value))
    opposite = ((r <= LOW.value) & (p >= HIGH.value)) | ((r >= HIGH.value) & (p <= LOW.value))
    falls = (r >= UNDER.value) & (r <= HIGH.value) & (p <= UNDER_SLOPE.value * (r - UNDER.value))
    overdone = ((r >= LOW.value) & (p >= r + OVER.value)) | falls
    missed = ((r <= LOW.value) | (r >= TOO_HIGH.value)) & (p >= LOW.value) & (p <= HIGH.value)
    return np.select([acceptable, opposite, overdone, missed], list("AECD"), "B")


def parkes(reference: Float[Array, "n"], value: Float[Array, "n"]) -> Shaped[np.ndarray, "n"]:
    """The Parkes zone (type 1 diabetes) of each pair [mg/dL]; SupportError for a pair that is no glucose."""
    r, p = _pairs(reference, value)
    above = np.sum([_beyond(r, p, line.points) for line in ABOVE], axis=0)
    below = np.sum([_beyond(p, r, tuple((y, x) for x, y in line.points)) for line in BELOW], axis=0)
    return np.array(list(ZONES))[np.maximum(above, below)]


GRIDS: Final = MappingProxyType({"clarke": clarke, "parkes": parkes})
"""By name."""


def shares(zones: Shaped[np.ndarray, "n"]) -> Mapping[str, float]:
    """Part of the pairs in each zone [%]; NaN of no pairs."""
    return {zone: 100.0 * float(np.mean(zones == zone)) if len(zones) else float("nan") for zone in ZONES}


def _beyond(x: Float[np.ndarray, "n"], y: Float[np.ndarray, "n"], line: Points) -> Bool[np.ndarray, "n"]:
    """Whether y lies above the line at x; past its end the line goes on."""
    xs, ys = np.array(line, dtype=np.float64).T
    slope = (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
    return y > np.interp(x, xs, ys) + slope * np.maximum(x - xs[-1], 0.0)


def _pairs(
    reference: Float[Array, "n"], value: Float[Array, "n"]
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    r, p = (np.asarray(a, dtype=np.float64) for a in (reference, value))
    for what, values in (("reference", r), ("value", p)):
        wrong = ~(np.isfinite(values) & (values >= 0.0))
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise SupportError(f"pair {at}: {what} {values[at]} mg/dL is no glucose: leave the pair out or correct it")
    return r, p
