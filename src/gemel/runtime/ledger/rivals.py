"""Champion and challenger: two models of one subject, the same targets, and bets on who scores better.

For forecasts of both, issued and due at the same instants, d = (CRPS_champion - CRPS_challenger) / (their sum) lies
in [-1, 1].  A gambler who stakes a share b of the capital on the challenger multiplies it by 1 + b d each time; if the
challenger is no better on average, no stake makes the capital grow, and it exceeds 1/alpha at any time with
probability alpha at most (Waudby-Smith and Ramdas 2024, doi:10.1093/jrsssb/qkad009; forecast comparison: Choe and
Ramdas 2024, doi:10.1287/opre.2021.0792).  The capital is the mean over stakes; one may look after each forecast.
Forecasts of a pair that overlap in time share their errors, so only those apart count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ...core.array import Array
from ...core.fact import Instant
from .alarm import apart
from .books import Book

__all__ = ["Contest", "capital", "paired"]

STAKES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Shares of the capital that are bet."""


@dataclass(frozen=True, slots=True)
class Contest:
    """How the challenger did: pairs of forecasts, by how much its CRPS is lower than the champion's (share of it), and
    the capital that was won betting on it."""

    pairs: int
    better: float
    capital: float


def paired(
    champion: Book, challenger: Book, observable: str, horizon: Instant
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Targets, and CRPS of both, of two models' forecasts of one subject with the same issue and target, in order, none
    overlapping."""
    ours, theirs = apart(champion.of(observable, horizon)), challenger.of(observable, horizon)
    at, a, b = np.intersect1d(ours["target"], theirs["target"], return_indices=True)
    return at, ours["crps"][a], theirs["crps"][b]


def capital(champion: Float[Array, "n"], challenger: Float[Array, "n"]) -> Float[Array, "n"]:
    """What one unit has become after each pair of scores."""
    ours, theirs = np.asarray(champion), np.asarray(challenger)
    total = ours + theirs
    gain = np.where(total > 0, (ours - theirs) / np.where(total > 0, total, 1.0), 0.0)
    growth = np.cumsum(np.log1p(np.outer(gain, STAKES)), axis=0)
    return np.mean(np.exp(np.minimum(growth, 600.0)), axis=1)
