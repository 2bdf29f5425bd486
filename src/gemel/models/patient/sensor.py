"""What a glucose sensor reads where the truth under the skin is known: correlated error, as published sensors have it.

Virtual persons are read with these; a twin's own `Noise` stays white (see its card).  Lag is the models' own
interstitial compartment.  Two families:

    Drifting  reading = a(t) G + b(t) + own(n) + common(n), a and b quadratic in days since insertion, own and common
              autoregressive of second order, a step every 5 min                   (Facchinetti 2014, Vettoretti 2019)
    Johnson   reading = G + xi + lambda sinh((e(n) - gamma)/delta),  e(n) = c (e(n-1) + v(n)), a step every 15 min, on a
              straight line between                                                         (Breton and Kovatchev 2008)

v is standard normal.  One open program steps the first family every minute; the data behind it came every 5 min, and so
does a step here.  Draws are keyed: the same wearer meets the same errors under every plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from jaxtyping import Float, UInt64

from ...core.array import Array
from ...core.draws import normal, purpose
from ...core.errors import SupportError
from ...core.quantity import Constant, Source
from .glycaemia import MINUTES

__all__ = ["BRETON", "G6", "SEVEN_PLUS", "Drifting", "Johnson", "Wander", "read"]

G6_PAPER: Final = Source("doi:10.1109/EMBC.2019.8856790", "tables 1 and 2, as LoopInsighT1 (MIT) transcribes them")
SEVEN: Final = Source("doi:10.1109/TBME.2013.2284023", "eqs. 13, 14, table 1, as LoopInsighT1 (MIT) transcribes them")
JOHNSON: Final = Source(
    "doi:10.1177/193229680800200517", "as simglucose 0.2.11 and LoopInsighT1 (both MIT) transcribe them"
)

STEP: Final = Constant(5.0, "min", SEVEN)
COARSE: Final = Constant(15.0, "min", JOHNSON)
DAY: Final = 24.0 * MINUTES
OWN, COMMON, DRAWN = purpose("sensor:own"), purpose("sensor:common"), purpose("sensor:johnson")


@dataclass(frozen=True, slots=True)
class Wander:
    """x(n) = first x(n-1) + second x(n-2) + noise of the given variance [mg2/dL2]."""

    first: float
    second: float
    variance: float
    source: Source

    @property
    def spread(self) -> float:
        """Stationary standard deviation [mg/dL]."""
        a, b = self.first, self.second
        return sqrt((1.0 - b) / (1.0 + b) * self.variance / ((1.0 - b) ** 2 - a**2))

    @property
    def kept(self) -> float:
        """Stationary correlation of neighbours [1]."""
        return self.first / (1.0 - self.second)

    def path(self, key: UInt64[Array, "r"], why: np.uint64, steps: int) -> Float[Array, "r n"]:
        """A stationary stretch of `steps` values."""
        luck = normal(key[:, None], why, np.arange(steps, dtype=np.uint64)[None])
        made = np.empty_like(luck)
        made[:, 0] = self.spread * luck[:, 0]
        for n in range(1, steps):
            if n == 1:
                made[:, 1] = self.kept * made[:, 0] + self.spread * sqrt(1.0 - self.kept**2) * luck[:, 1]
            else:
                made[:, n] = self.first * made[:, n - 1] + self.second * made[:, n - 2]
                made[:, n] += sqrt(self.variance) * luck[:, n]
        return made


@dataclass(frozen=True, slots=True)
class Drifting:
    """A sensor with gain and offset that drift (coefficients of day to the power 0, 1, 2) and two wandering errors."""

    gain: tuple[float, float, float]
    offset: tuple[float, float, float]
    own: Wander
    common: Wander
    source: Source

    @property
    def step(self) -> float:
        """Minutes between values of its error."""
        return STEP.value

    def shown(self, glucose: Float[Array, "r t"], days: Float[Array, "t"], error: Float[Array, "r t"]) -> Array:
        """What is read of true glucose [mg/dL], so many days after insertion, with this error."""
        powers = days[:, None] ** np.arange(3)
        return (powers @ np.array(self.gain)) * glucose + powers @ np.array(self.offset) + error

    def errors(self, key: UInt64[Array, "r"], steps: int) -> Float[Array, "r n"]:
        """Its error every `step` minutes [mg/dL]."""
        return self.own.path(key, OWN, steps) + self.common.path(key, COMMON, steps)


@dataclass(frozen=True, slots=True)
class Johnson:
    """A calibrated sensor of the first generation; the parameters are those of Johnson's unbounded law."""

    kept: float
    xi: float
    scale: float
    gamma: float
    delta: float
    source: Source

    @property
    def step(self) -> float:
        """Minutes between values of its error that are on the line."""
        return STEP.value

    def shown(self, glucose: Float[Array, "r t"], days: Float[Array, "t"], error: Float[Array, "r t"]) -> Array:
        """What is read of true glucose [mg/dL]."""
        return glucose + error

    def errors(self, key: UInt64[Array, "r"], steps: int) -> Float[Array, "r n"]:
        """Its error every `step` minutes [mg/dL]."""
        each = round(COARSE.value / self.step)
        count = -(-(steps - 1) // each) + 1
        luck = normal(key[:, None], DRAWN, np.arange(count, dtype=np.uint64)[None])
        state = np.empty_like(luck)
        state[:, 0] = self.kept / sqrt(1.0 - self.kept**2) * luck[:, 0]
        for n in range(1, count):
            state[:, n] = self.kept * (state[:, n - 1] + luck[:, n])
        nodes = self.xi + self.scale * np.sinh((state - self.gamma) / self.delta)
        at = np.arange(steps) / each
        left = np.minimum(at.astype(int), max(count - 2, 0))
        right = np.minimum(left + 1, count - 1)
        return nodes[:, left] + (at - left) * (nodes[:, right] - nodes[:, left])


G6: Final = Drifting(
    gain=(1.048, -0.033, 0.002), offset=(-6.398, 6.179, -0.448), own=Wander(1.220, -0.331, 3.641, source=G6_PAPER),
    common=Wander(1.34, -0.492, 5.538, source=G6_PAPER), source=G6_PAPER,
)  # fmt: skip
"""Dexcom G6, factory calibrated, worn for ten days."""
SEVEN_PLUS: Final = Drifting(
    gain=(1.1, 2e-4, 0.0), offset=(-14.8, 0.04, 0.0), own=Wander(1.013, -0.2135, 14.45, source=SEVEN),
    common=Wander(1.23, -0.3995, 11.3, source=SEVEN), source=SEVEN,
)  # fmt: skip
"""Dexcom SEVEN Plus."""
BRETON: Final = Johnson(kept=0.7, xi=-5.471, scale=15.96, gamma=-0.5444, delta=1.6898, source=JOHNSON)
"""Sensors of 2008, as simglucose reads its patients."""


def read(
    sensor: Drifting | Johnson, glucose: Float[Array, "r t"], key: UInt64[Array, "r"], *, every: float = STEP.value,
    worn: float = 0.0,
) -> Float[Array, "r t"]:  # fmt: skip
    """What the sensor shows [mg/dL] of glucose under the skin every `every` minutes, first `worn` days after insertion.

    Nothing is cut off at a device's limits or rounded; NaN stays NaN.  Raises SupportError when `every` is not a
    multiple of the sensor's own 5 min.
    """
    stride = every / sensor.step
    if stride < 1.0 or stride != round(stride):
        raise SupportError(f"a reading every {every:g} min: give a multiple of the sensor's {sensor.step:g} min")
    values = np.asarray(glucose)
    count = values.shape[1]
    error = sensor.errors(np.asarray(key), (count - 1) * round(stride) + 1)[:, :: round(stride)]
    return sensor.shown(values, worn + np.arange(count) * every / DAY, error)
