"""Proportional, integral and derivative control around the programmed basal rate.

    rate = basal + (1 + feedback) K (e + (1/TI) sum(e dt) + TD dG/dt) - feedback acting,   e = G - target
    K    = 1 / (correction factor x within)

An error held for the time `within` is answered with what the person's correction factor asks for it.  Net insulin that
is acting holds more back: insulin feedback (Steil and others, J Clin Endocrinol Metab 2011); the programmed rate
carries the steady part, as in proportional-derivative control with preprogrammed basal (PMC3570882); the integral
forgets.  The sizes are this package's.  Simglucose's gains (0.06 [IU]/h per mg/dL for everybody, no programmed basal)
were tried first: beside a programmed rate and boluses they switch between nothing and the most, and persons fare worse
than without a loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.quantity import Constant, Source
from .loop import Sight
from .onboard import SLOT

__all__ = ["Pid"]

OURS: Final = Source("gemel:assumption", "tuned on virtual persons of `hovorka`")
WITHIN: Final = Constant(3.0, "h", OURS)
INTEGRAL: Final = Constant(300.0, "min", OURS)
DERIVATIVE: Final = Constant(40.0, "min", OURS)
FEEDBACK: Final = Constant(0.5, "1", OURS)
HALF: Final = Constant(120.0, "min", OURS)
MINUTES: Final = 60.0


@dataclass(frozen=True, slots=True)
class Pid:
    """`within` [h]; `integral` and `derivative`: the times TI and TD [min]; the integral loses half in `half` min."""

    name: str = "PID"
    within: float = WITHIN.value
    integral: float = INTEGRAL.value
    derivative: float = DERIVATIVE.value
    feedback: float = FEEDBACK.value
    half: float = HALF.value

    def start(self, rows: int) -> Float[np.ndarray, "r"]:
        """No error yet."""
        return np.zeros(rows)

    def decide(self, sight: Sight, memory: Float[Array, "r"]) -> tuple[Float[np.ndarray, "r"], Float[np.ndarray, "r"]]:
        """The rate wanted, and the integral after it [mg/dL min]."""
        error = np.nan_to_num(np.asarray(sight.glucose) - sight.target)
        gain = 1.0 / (np.asarray(sight.factor) * self.within)
        asked = gain * (error + np.asarray(memory) / self.integral + self.derivative * sight.slope)
        kept = np.asarray(memory) * 0.5 ** (SLOT / self.half) + error * SLOT
        return sight.basal + (1.0 + self.feedback) * asked - self.feedback * MINUTES * sight.acting, kept
