"""Steady state of a birth-death chain whose ratio of birth to death rate never rises with the number present.

p(n) is proportional to the product of up(k-1) / down(k), k = 1..n (Kleinrock 1975, chapter 3).  A falling ratio makes
it log-concave, so it is summed in logarithms over a stretch that is widened until what lies outside cannot be told from
zero in a double: no overflow for thousands of beds, no loss under heavy load.  From it: M/M/c/K, bed
reservation (trunk reservation) and abandonment (M/M/c+M, Palm 1957; Erlang A).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ....core.array import Array
from ....core.errors import SupportError
from .delay import delay
from .limits import natural, nonnegative, positive

__all__ = ["Abandonment", "Limited", "Reserved", "abandonment", "limited", "reserved", "stationary"]

Rates = Callable[[Float[Array, "n"]], Float[Array, "n"]]
_NEGLIGIBLE = -700.0  # structure: exp(-700) = 1e-304 of the peak, about the smallest double
_LONGEST = 10**7
"""States that are summed at most: some 0.5 GB."""


@dataclass(frozen=True, slots=True)
class Limited:
    """M/M/c/K: blocked share, mean number present and waiting, mean wait of the accepted [h]."""

    blocked: float
    present: float
    queue: float
    wait: float


@dataclass(frozen=True, slots=True)
class Reserved:
    """Loss pool with reservation: blocked share of the favoured class and of the other, mean number present."""

    blocked_first: float
    blocked_second: float
    present: float


@dataclass(frozen=True, slots=True)
class Abandonment:
    """M/M/c+M: share that leaves unseen, mean number waiting, share that finds every server busy."""

    abandons: float
    queue: float
    waits: float


def stationary(
    up: Rates, down: Rates, peak: float, most: int | None = None
) -> tuple[Int[Array, "n"], Float[Array, "n"]]:
    """States and their probabilities, on 0..`most`.

    `up` [1/h] out of each state and `down` [1/h] into the state below, with up/down never rising in n; `peak` is near
    the likeliest state.  Raises SupportError when more than `_LONGEST` states would matter.
    """
    below, above = 64, 64  # structure: first stretch, doubled as needed
    while True:
        low, high = max(0, int(peak) - below), int(peak + above)
        high = high if most is None else min(high, most)
        if high - low > _LONGEST:
            raise SupportError(
                f"more than {_LONGEST:,} states matter around {peak:,.0f} present: this is beyond an exact sum, "
                "simulate it or scale it down"
            )
        n = np.arange(low, high + 1, dtype=np.float64)
        weight = np.zeros(n.shape)
        weight[1:] = np.cumsum(np.log(up(n[:-1])) - np.log(down(n[1:])))
        weight -= weight.max()
        left, right = low == 0 or weight[0] < _NEGLIGIBLE, high == most or weight[-1] < _NEGLIGIBLE
        if left and right:
            p = np.exp(weight)
            return n.astype(np.int64), p / p.sum()
        below, above = below if left else 2 * below, above if right else 2 * above


def limited(lam: float, mu: float, c: int, *, places: int) -> Limited:
    """M/M/c/K with K = `places`, those in service included; arrivals that find them all taken are lost.

    Raises SupportError for fewer places than servers.
    """
    positive("lam", lam)
    positive("mu", mu)
    natural("K", places, natural("c", c))
    n, p = stationary(
        lambda n: np.full(n.shape, lam),
        lambda n: mu * np.minimum(n, c),
        lam / mu if lam < c * mu else float(places),
        places,
    )
    blocked = float(p[-1]) if n[-1] == places else 0.0
    queue = float(np.maximum(n - c, 0) @ p)
    return Limited(blocked, float(n @ p), queue, queue / (lam * (1.0 - blocked)))


def reserved(lam1: float, lam2: float, mu: float, *, beds: int, kept: int) -> Reserved:
    """Pool of `beds` without a queue, `kept` of them for class 1 only: class 2 enters while more than that are free.

    lam1, lam2, mu [1/h].  Raises SupportError unless 0 <= kept <= beds.
    """
    nonnegative("lam1", lam1)
    nonnegative("lam2", lam2)
    positive("mu", mu)
    natural("beds", beds)
    natural("reserved", kept, 0)
    if kept > beds:
        raise SupportError(f"{kept} beds reserved of {beds}: reserve at most all of them")
    closed = beds - kept
    reach = beds if lam1 > 0 else closed  # without class 1 nobody enters the reserved beds
    offered = (lam1 + lam2) / mu
    n, p = stationary(
        lambda n: np.where(n < closed, lam1 + lam2, lam1),
        lambda n: mu * n,
        min(offered, float(beds)),
        reach if offered > 0 else 0,
    )
    return Reserved(float(p[n >= beds].sum()), float(p[n >= closed].sum()), float(n @ p))


def abandonment(lam: float, mu: float, theta: float, *, c: int) -> Abandonment:
    """M/M/c whose waiting patients each leave unseen at rate theta [1/h]; theta = 0 is M/M/c.

    Raises SupportError for theta = 0 and a load of 1 or more.
    """
    positive("lam", lam)
    positive("mu", mu)
    nonnegative("theta", theta)
    natural("c", c)
    if theta == 0:
        steady = delay(lam, mu, c)
        return Abandonment(0.0, steady.queue, steady.waits)
    peak = lam / mu if lam <= c * mu else c + (lam - c * mu) / theta
    n, p = stationary(
        lambda n: np.full(n.shape, lam), lambda n: mu * np.minimum(n, c) + theta * np.maximum(n - c, 0), peak
    )
    queue = float(np.maximum(n - c, 0) @ p)
    return Abandonment(theta * queue / lam, queue, float(p[n >= c].sum()))
