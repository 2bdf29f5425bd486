"""How many beds are taken in the next hours, from who lies in them now: exact while beds do not run short.

A patient who has stayed e hours is still there after t more with probability S(e + t) / S(e); the patients there now
make a Poisson-binomial count.  Newcomers arrive as a Poisson process with hourly rates and stay as long, so those
present at t are Poisson with mean the integral of lam(u) S(t - u), in closed form by E min(T, x), the integral of S
over 0..x.  The two counts are independent: their distributions are convolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import ShapeError, SupportError
from .limits import nonnegative
from .stay import Stay, still_there, truncated_mean
from .transient import poisson_window, quantile

__all__ = ["Occupancy", "newcomers", "occupancy", "poisson_binomial"]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Beds taken at one moment: mean of stayers and of newcomers, sd, and the probability of each number from 0 on."""

    stayers: float
    newcomers: float
    sd: float
    probability: Float[Array, "n"]

    @property
    def mean(self) -> float:
        """Expected number of beds taken."""
        return self.stayers + self.newcomers

    def quantile(self, share: float) -> int:
        """Smallest number of beds that suffices with this probability."""
        return quantile(self.probability, share)

    def exceeds(self, beds: int) -> float:
        """P(more than `beds` are wanted)."""
        return float(self.probability[max(0, beds + 1) :].sum())


def poisson_binomial(chances: Float[Array, "n"]) -> Float[Array, "m"]:
    """P(k of n happen), k = 0..n, for independent events with these probabilities; m = n + 1.

    Adds one event at a time; all terms are positive, so nothing cancels.  Raises SupportError for a chance outside
    [0, 1].
    """
    if chances.size and not (np.min(chances) >= 0 and np.max(chances) <= 1):
        raise SupportError("a chance lies outside [0, 1]: give probabilities")
    p = np.zeros(chances.shape[0] + 1)
    p[0] = 1.0
    for k, chance in enumerate(np.asarray(chances, dtype=np.float64)):
        p[1 : k + 2] = p[1 : k + 2] * (1.0 - chance) + p[: k + 1] * chance
        p[0] *= 1.0 - chance
    return p


def occupancy(still_here: Float[Array, "n"], newcomers_mean: float) -> Occupancy:
    """Beds taken, from each present patient's chance to be still there and the expected number of newcomers then.

    Exact for independent stays and Poisson arrivals while there is a bed for everyone.
    """
    nonnegative("newcomers", newcomers_mean)
    first, poisson = poisson_window(newcomers_mean)
    probability = np.concatenate([np.zeros(first), np.convolve(poisson_binomial(still_here), poisson)])
    sd = float(np.sqrt(np.sum(still_here * (1.0 - still_here)) + newcomers_mean))
    return Occupancy(float(np.sum(still_here)), newcomers_mean, sd, probability)


def newcomers(stay: Stay, lam_by_hour: Sequence[float], *, start: float, ahead: float) -> float:
    """Expected number who arrive within `ahead` h from clock hour `start` and are still there at its end.

    lam_by_hour [1/h] is one cycle (24 for a day), lam_by_hour[h] from hour h to h + 1.  Raises ShapeError when empty.
    """
    if not len(lam_by_hour):
        raise ShapeError("lam_by_hour is empty: give one rate per hour of the cycle")
    for hour, rate in enumerate(lam_by_hour):
        nonnegative(f"lam_by_hour[{hour}]", rate)
    nonnegative("start_hour", start)
    nonnegative("t_h", ahead)
    end = start + ahead
    hours = np.arange(floor(start), max(ceil(end), floor(start) + 1))
    begins, ends = np.maximum(hours, start), np.minimum(hours + 1, end)
    rate = np.array(lam_by_hour, dtype=np.float64)[hours % len(lam_by_hour)]
    return float(rate @ (truncated_mean(stay, end - begins) - truncated_mean(stay, end - ends)))


def forecast(
    stay: Stay, elapsed: Sequence[float], lam_by_hour: Sequence[float], *, start: float, ahead: float
) -> Occupancy:
    """Beds taken `ahead` h from clock hour `start`, when patients have stayed `elapsed` [h] so far."""
    chances = still_there(stay, np.array(elapsed, dtype=np.float64), ahead)
    return occupancy(chances, newcomers(stay, lam_by_hour, start=start, ahead=ahead))
