"""Zone model predictive control: the rates of the next hours that keep a forecast of glucose within a zone.

    G(j) = G + drift(j) - factor sum_i net_i (left(a_i) - left(a_i + 5 j)) - factor sum_b u_b S(j, b)      j = 1 ... n
    cost = sum_j (low_w max(low - G(j), 0)^2 + max(G(j) - high, 0)^2) + weight sum_b u_b^2,   -basal <= u_b <= most

The model is the step response of the insulin curve that pumps count with (`onboard`), scaled by the person's correction
factor: dynamic matrix control (Cutler and Ramaker 1980) on a zone (Grosman, Dassau, Zisser, Jovanovic and Doyle 2010,
doi:10.1177/193229681000400428), with lows costing more than highs (Gondhalekar, Dassau and Doyle 2018,
PMC6138875).  What this model misses of the last quarter of an hour's slope goes on, fading.
u_b are rates beyond basal over blocks of half an hour; the first is given.  The minimum is found by projected gradients
with momentum (Beck and Teboulle 2009, doi:10.1137/080716542), all rows together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.quantity import Constant, Source
from .loop import Sight
from .onboard import RAPID, SLOT, ActionCurve

__all__ = ["ZoneMpc", "response"]

OURS: Final = Source("gemel:assumption", "tuned on virtual persons of `hovorka`")
LOW: Final = Constant(100.0, "mg/dL", OURS)
HIGH: Final = Constant(130.0, "mg/dL", OURS)
LOWS: Final = Constant(8.0, "1", OURS)
WEIGHT: Final = Constant(1.0, "1", OURS)
LASTING: Final = Constant(20.0, "min", OURS)
MOST: Final = Constant(4.0, "1", OURS)
STEPS, BLOCK, BLOCKS, ROUNDS = 36, 6, 4, 60  # structure: 3 h in slots, half an hour, moves, iterations


@dataclass(frozen=True, slots=True)
class ZoneMpc:
    """The zone [mg/dL], how many times more lows cost than highs, what a move costs, how long what is not explained
    lasts [min], and the largest rate in multiples of basal that is planned with."""

    name: str = "MPC"
    low: float = LOW.value
    high: float = HIGH.value
    lows: float = LOWS.value
    weight: float = WEIGHT.value
    lasting: float = LASTING.value
    most: float = MOST.value
    curve: ActionCurve = RAPID

    def start(self, rows: int) -> None:
        """Nothing: what was given is in the sight."""

    def decide(self, sight: Sight, memory: None) -> tuple[Float[np.ndarray, "r"], None]:
        """The rate wanted."""
        free = self.unmoved(sight)
        answer = np.asarray(sight.factor)[:, None, None] * response(self.curve)
        lower, upper = -np.asarray(sight.basal)[:, None], (self.most - 1.0) * np.asarray(sight.basal)[:, None]
        moves = self.solve(free, answer, (lower, upper))
        return sight.basal + np.where(np.isfinite(free[:, 0]), moves[:, 0], 0.0), None

    def unmoved(self, sight: Sight) -> Float[np.ndarray, "r n"]:
        """Glucose over the horizon if only basal is given from now on [mg/dL]."""
        factor, ahead = np.asarray(sight.factor)[:, None], SLOT * np.arange(1, STEPS + 1)
        fall = np.asarray(sight.net) @ _still_to_fall(self.curve, np.asarray(sight.net).shape[1])
        other = np.asarray(sight.slope) + np.asarray(sight.acting) * sight.factor
        drift = other[:, None] * self.lasting * (1.0 - np.exp(-ahead / self.lasting))
        return np.asarray(sight.glucose)[:, None] + drift - factor * fall

    def solve(
        self, free: Float[Array, "r n"], answer: Float[Array, "r n b"], box: tuple[Array, Array]
    ) -> Float[np.ndarray, "r b"]:
        """The moves [[IU]/h beyond basal] of least cost within the box."""
        size = (self.lows * np.square(answer).sum(axis=(1, 2)) + self.weight)[:, None]
        u = look = np.zeros((free.shape[0], BLOCKS))
        pace = 1.0
        for _ in range(ROUNDS):
            glucose = free - np.einsum("rnb,rb->rn", answer, look)
            above, below = np.maximum(glucose - self.high, 0.0), np.maximum(self.low - glucose, 0.0)
            pull = above - self.lows * below
            slope = -np.einsum("rnb,rn->rb", answer, pull) + self.weight * look
            new = np.clip(look - slope / size, *box)
            quicker = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * pace * pace))
            look = new + (pace - 1.0) / quicker * (new - u)
            u, pace = new, quicker
        return u


@lru_cache(maxsize=8)
def _still_to_fall(curve: ActionCurve, slots: int) -> Float[np.ndarray, "m n"]:
    """Share of a dose given m + 1 slots ago that acts within the next n slots."""
    ago = SLOT * np.arange(1, slots + 1)[:, None]
    return np.asarray(curve.left(ago) - curve.left(ago + SLOT * np.arange(1, STEPS + 1)[None]))


@lru_cache(maxsize=8)
def response(curve: ActionCurve) -> Float[np.ndarray, "n b"]:
    """Insulin [[IU]] that has acted after n slots of 1 [IU]/h beyond basal in block b."""
    ahead, given = np.arange(1, STEPS + 1)[:, None], np.arange(BLOCK * BLOCKS)[None]
    acted = np.where(ahead > given, 1.0 - np.asarray(curve.left(SLOT * (ahead - given))), 0.0)
    return SLOT / 60.0 * acted.reshape(STEPS, BLOCKS, BLOCK).sum(axis=2)
