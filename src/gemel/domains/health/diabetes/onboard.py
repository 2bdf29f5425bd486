"""Insulin on board: how much of a dose is still to act, and how fast it acts, minutes after it was given.

    activity(t) = S / tau^2 t (1 - t/end) exp(-t/tau)
    left(t)     = 1 - S (1 - a) ((t^2 / (tau end (1 - a)) - t/tau - 1) exp(-t/tau) + 1)
    tau = peak (1 - peak/end) / (1 - 2 peak/end),  a = 2 tau/end,  S = 1 / (1 - a + (1 + a) exp(-end/tau))

the exponential curve that open closed-loop programs share (oref0, `lib/iob/calculate.js`): activity is greatest at
`peak` and over at `end`.  It is what a pump believes, not what a body does: models have their own kinetics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import SupportError
from ....core.quantity import Constant, Source

__all__ = ["RAPID", "SLOT", "ActionCurve"]

OREF0: Final = Source("github.com/openaps/oref0 (MIT)", "lib/iob/calculate.js and lib/iob/total.js: exponential curve")
PEAK: Final = Constant(75.0, "min", OREF0)
END: Final = Constant(300.0, "min", OREF0)
SLOT: Final = 5.0  # structure: the slot
"""Minutes between a closed loop's looks: the step of its sensor."""


@dataclass(frozen=True, slots=True)
class ActionCurve:
    """When activity is greatest and when it is over [min]; SupportError unless 0 < 2 peak < end."""

    peak: float
    end: float

    def __post_init__(self) -> None:
        if not 0.0 < 2.0 * self.peak < self.end:
            raise SupportError(
                f"insulin that acts most after {self.peak:g} min and is over after {self.end:g} min: the end must lie "
                "beyond twice the peak"
            )

    @property
    def _shape(self) -> tuple[float, float, float]:
        tau = self.peak * (1.0 - self.peak / self.end) / (1.0 - 2.0 * self.peak / self.end)
        a = 2.0 * tau / self.end
        return tau, a, 1.0 / (1.0 - a + (1.0 + a) * np.exp(-self.end / tau))

    def left(self, minutes: Float[Array, "..."]) -> Float[Array, "..."]:
        """Share of a dose still to act: 1 when it is given, 0 from the end on."""
        tau, a, s = self._shape
        t = np.clip(np.asarray(minutes, dtype=np.float64), 0.0, self.end)
        return 1.0 - s * (1.0 - a) * ((t**2 / (tau * self.end * (1.0 - a)) - t / tau - 1.0) * np.exp(-t / tau) + 1.0)

    def activity(self, minutes: Float[Array, "..."]) -> Float[Array, "..."]:
        """Share of a dose that acts per minute."""
        tau, _, s = self._shape
        t = np.clip(np.asarray(minutes, dtype=np.float64), 0.0, self.end)
        return s / tau**2 * t * (1.0 - t / self.end) * np.exp(-t / tau)

    @property
    def slots(self) -> int:
        """Looks until a dose is over."""
        return int(np.ceil(self.end / SLOT))


RAPID: Final = ActionCurve(PEAK.value, END.value)
"""Rapid-acting insulin: peak 75 min; the end, 5 h, is the least that program takes with this curve."""
