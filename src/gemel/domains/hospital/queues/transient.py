"""M/M/c from a known number of patients: how the next hours unfold, whether or not a steady state exists.

Kolmogorov's forward equations by uniformisation (Jensen 1953, doi:10.1080/03461238.1953.10419459): with q = lam + c mu,
p(t) = sum over k of Poisson(k; q t) p(0) (I + Q/q)^k.  Every term is positive, so nothing cancels and small
probabilities are as exact as large ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from jaxtyping import Float, Int

from ....core.array import Array
from ....core.errors import SupportError
from ....core.extra import require
from .limits import natural, nonnegative, positive

__all__ = ["Ahead", "poisson_window", "quantile", "transient"]

_RARE = 42.0  # structure: exp(-42) = 6e-19, the probability of a count outside the stretch that is summed
_MOST_STEPS = 5_000_000
"""Terms that are summed at most: a minute or so."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Number present after a time: mean, P(every server busy), 95 % quantile, and the whole distribution from 0 on."""

    mean: float
    all_busy: float
    q95: int
    probability: Float[Array, "n"]


def transient(lam: float, mu: float, c: int, *, start: int, times: Sequence[float]) -> tuple[Ahead, ...]:
    """Number present at each of `times` [h] after now, when `start` are present now and all c servers work.

    Raises SupportError where q times the horizon exceeds five million steps.
    """
    nonnegative("lam", lam)
    positive("mu", mu)
    natural("c", c)
    natural("n0", start, 0)
    until = max((nonnegative("t", t) for t in times), default=0.0)
    q = lam + c * mu
    if q * until > _MOST_STEPS:
        raise SupportError(
            f"{until:g} h at {q:g} events/h are {q * until:,.0f} steps, more than {_MOST_STEPS:,}: ask for a shorter "
            "horizon; by then a queue below capacity is in its steady state"
        )
    first, last, weights = _weights(q, times)
    states = _reach(lam, mu, c, start=start, until=until)
    up, n = lam / q, np.arange(states)
    down = mu * np.minimum(n, c) / q
    stay = 1.0 - up - down
    stay[-1] += up
    p = np.zeros(states)
    p[start] = 1.0
    total = np.zeros((len(times), states))
    for k in range(max(last, default=0) + 1):
        for i, weight in enumerate(weights):
            if first[i] <= k <= last[i]:
                total[i] += weight[k - first[i]] * p
        moved = stay * p
        moved[1:] += up * p[:-1]
        moved[:-1] += down[1:] * p[1:]
        p = moved
    return tuple(_summary(row / row.sum(), c) for row in total)


def poisson_window(mean: float) -> tuple[int, Float[Array, "k"]]:
    """First count and Poisson probabilities of all counts that matter, for a mean >= 0."""
    low = max(0, int(mean - sqrt(2.0 * mean * _RARE)))
    counts = np.arange(low, _most(mean) + 1)
    return low, np.asarray(require("scipy.stats", "twin").poisson.pmf(counts, mean))


def quantile(probability: Float[Array, "n"], share: float) -> int:
    """Smallest number whose cumulated probability reaches `share`."""
    return int(np.searchsorted(np.cumsum(probability), share * (1.0 - 1e-15)))  # structure: rounding of the sum


def _weights(q: float, times: Sequence[float]) -> tuple[list[int], list[int], list[Float[Array, "k"]]]:
    windows = [poisson_window(q * t) for t in times]
    return [w[0] for w in windows], [w[0] + len(w[1]) - 1 for w in windows], [w[1] for w in windows]


def _reach(lam: float, mu: float, c: int, *, start: int, until: float) -> int:
    """States to keep: no more than all arrivals on top of the start, nor than the start on top of a steady state."""
    most, load = start + _most(lam * until), lam / (c * mu)
    if 0 < load < 1:
        most = min(most, start + c + _most(lam / mu) + int(_RARE / -log(load)) + 1)
    return most + 2


def _most(mean: float) -> int:
    """A count that a Poisson variable exceeds with probability exp(-_RARE) at most (Bernstein's inequality)."""
    return int(mean + _RARE / 3.0 + sqrt((_RARE / 3.0) ** 2 + 2.0 * mean * _RARE)) + 1


def _summary(p: Float[Array, "n"], c: int) -> Ahead:
    n: Int[Array, "n"] = np.arange(p.shape[0])
    return Ahead(float(n @ p), float(p[c:].sum()), quantile(p, 0.95), p)  # structure: the 95 % quantile
