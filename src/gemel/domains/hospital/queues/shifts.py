"""M(t)/M/c(t): arrivals by the hour and servers by the roster, repeated day after day.

What happens to work in hand when the roster falls is part of the model:
`finish`   who is in service stays in service and the server leaves afterwards; nobody else is taken until the number
           busy is back within the roster.
`preempt`  the servers leave at once and whose service breaks off waits again (exponential service: where it is resumed
           does not matter).
Kolmogorov's equations are solved by uniformisation within each stretch of constant rates; the periodic distribution is
the fixed point of the map over one cycle, found by GMRES; time averages are exact integrals of the same series
(integral of p over a stretch h: sum over k of p(0) P^k P(Poisson(q h) > k) / q).  The wait is Little's:
mean queue over mean arrivals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ....core.array import Array
from ....core.errors import ShapeError, SupportError
from ....core.extra import require
from .limits import below_capacity, natural, nonnegative, positive
from .transient import poisson_window

__all__ = ["SEMANTICS", "Roster", "Shifted", "shifted"]

SEMANTICS = ("finish", "preempt")
_TAIL = 1e-12
"""Largest probability of the last state kept."""
_SETTLED = 1e-12
"""Difference between one cycle's distribution and the next, summed over states, that counts as none."""
_MOST_STATES = 20_000
"""Patients present that are followed at most."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Servers from each hour of the cycle on: ((0, 4), (8, 8), (16, 9)); before the first entry the last one holds."""

    entries: tuple[tuple[float | int, int], ...]

    def __post_init__(self) -> None:
        hours = [hour for hour, _ in self.entries]
        if not hours or hours != sorted(set(hours)):
            raise ShapeError(f"roster {self.entries} must list rising hours with servers, such as ((0, 4), (8, 8))")
        for hour, servers in self.entries:
            nonnegative("roster hour", hour)
            natural("servers", servers, 0)

    def at(self, hour: float | int) -> int:
        """Servers at this hour of the cycle."""
        return [self.entries[-1][1], *(c for h, c in self.entries if h <= hour)][-1]


@dataclass(frozen=True, slots=True)
class Shifted:
    """Periodic state: mean number present and waiting, mean wait [h], number present as each hour starts, and the
    largest probability of the last state kept."""

    present: float
    queue: float
    wait: float
    by_hour: tuple[float, ...]
    tail: float


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time of constant rates: its length [h], the series' weights, and one step of the chain as a matrix."""

    start: float | int
    length: float | int
    present: Int[Array, "n"]
    busy: Int[Array, "n"]
    weights: Float[Array, "k"]
    above: Float[Array, "k"]
    rate: float
    step: Any
    enter: Any


def shifted(lam_by_hour: Sequence[float], mu: float, roster: Roster, *, semantics: str = "finish") -> Shifted:
    """Periodic steady state; lam_by_hour [1/h] is one cycle, mu [1/h] the rate of each server.

    Raises SupportError for a cycle that brings as much as the roster can do, or other semantics.
    """
    if semantics not in SEMANTICS:
        raise SupportError(f"no semantics '{semantics}': there are {', '.join(SEMANTICS)}")
    cycle = len(lam_by_hour)
    positive("mu", mu)
    natural("hours of lam_by_hour", cycle)
    for hour, rate in enumerate(lam_by_hour):
        nonnegative(f"lam_by_hour[{hour}]", rate)
    if roster.entries[-1][0] >= cycle:
        raise ShapeError(f"roster entry at hour {roster.entries[-1][0]:g} lies outside the cycle of {cycle} h")
    positive("arrivals over the cycle", float(sum(lam_by_hour)))
    edges = sorted({*range(cycle + 1), *(hour for hour, _ in roster.entries)})
    _refuse_overload(lam_by_hour, mu, roster, edges, semantics)
    states = (
        2 * max(c for _, c in roster.entries) + 60 + 3 * _backlog(lam_by_hour, mu, roster)
    )  # structure: first guess
    while states <= _MOST_STATES:
        stretches = _stretches(lam_by_hour, mu, roster, edges, semantics == "finish", states)
        found = _averages(stretches, _fixed_point(stretches), cycle, sum(lam_by_hour) / cycle)
        if found.tail < _TAIL:
            return found
        states *= 2
    raise SupportError(f"more than {_MOST_STATES:,} patients would matter: the roster is too near to its capacity")


def _backlog(lam_by_hour: Sequence[float], mu: float, roster: Roster) -> int:
    """Longest queue over two cycles if patients came and went like a fluid."""
    queue, longest = 0.0, 0.0
    for hour in (*range(len(lam_by_hour)), *range(len(lam_by_hour))):
        queue = max(0.0, queue + float(lam_by_hour[hour]) - mu * roster.at(hour))
        longest = max(longest, queue)
    return int(longest)


def _refuse_overload(
    lam_by_hour: Sequence[float], mu: float, roster: Roster, edges: Sequence[float | int], semantics: str
) -> None:
    """Work a cycle must stay below what the roster does, with one last service per server leaving if they finish."""
    capacity = sum((b - a) * roster.at(a) for a, b in pairwise(edges)) * mu
    if semantics == "finish":
        numbers = [c for _, c in roster.entries]
        capacity += sum(max(0, a - b) for a, b in zip([numbers[-1], *numbers[:-1]], numbers, strict=True))
    below_capacity(float(sum(lam_by_hour)), capacity, f"services over a cycle of {len(lam_by_hour)} h")


def _stretches(
    lam_by_hour: Sequence[float], mu: float, roster: Roster, edges: Sequence[float | int], finish: bool, states: int
) -> list[_Stretch]:
    """Every stretch of the cycle with the map from the states of the one before."""
    sparse, stats = require("scipy.sparse", "twin"), require("scipy.stats", "twin")
    most = max(c for _, c in roster.entries)
    made: list[_Stretch] = []
    before = _states(roster.at(edges[-2]), most if finish else 0, states)
    for a, b in pairwise(edges):
        c, lam = roster.at(a), float(lam_by_hour[floor(a)])
        n, busy, index = here = _states(c, most if finish else 0, states)
        rate = lam + mu * max(most, 1)
        up = index[np.minimum(n + 1, states - 1), _taken(n + 1, busy, c)]
        down = index[np.maximum(n - 1, 0), np.maximum(busy - 1, np.minimum(np.maximum(n - 1, 0), c))]
        lasts, leaves = np.where(n == states - 1, 0.0, lam) / rate, mu * busy / rate
        source = np.arange(n.shape[0])
        step = sparse.csr_matrix(
            (np.concatenate([1.0 - lasts - leaves, lasts, leaves]),
             (np.concatenate([source, np.where(n == states - 1, source, up), np.where(n == 0, source, down)]),
              np.tile(source, 3))),
            shape=(n.shape[0],) * 2,
        )  # fmt: skip
        first, weights = poisson_window(rate * (b - a))
        weights = np.concatenate([np.zeros(first), weights])
        above = stats.poisson.sf(np.arange(weights.shape[0]), rate * (b - a)) / rate
        made.append(_Stretch(a, b - a, n, busy, weights, above, rate, step, _enter(before, here, c, finish)))
        before = here
    return made


def _taken(n: Int[Array, "n"], busy: Int[Array, "n"], c: int) -> Int[Array, "n"]:
    """Servers busy after an arrival made the number present n."""
    return np.maximum(busy, np.minimum(n, c))


def _states(c: int, most: int, states: int) -> tuple[Int[Array, "n"], Int[Array, "n"], Int[Array, "a b"]]:
    """Number present and busy of each state under a roster of c, up to `most` busy, and the index of (n, busy)."""
    n, busy = np.meshgrid(np.arange(states), np.arange(max(c, most) + 1), indexing="ij")
    usual = np.minimum(n, c)
    kept = (busy == usual) | ((busy > c) & (busy <= np.minimum(n, most)))
    index = np.full(n.shape, -1)
    index[kept] = np.arange(int(kept.sum()))
    return n[kept], busy[kept], index


def _enter(before: Any, here: Any, c: int, finish: bool) -> Any:
    """The change of roster as a matrix: who is taken up, and in `preempt` who is put down."""
    n, busy, _ = before
    now = np.minimum(n, c)
    target = here[2][n, np.maximum(busy, now) if finish else now]
    source = np.arange(n.shape[0])
    return require("scipy.sparse", "twin").csr_matrix(
        (np.ones(n.shape[0]), (target, source)), shape=(here[0].shape[0], n.shape[0])
    )


def _through(stretch: _Stretch, p: Float[Array, "n"]) -> Float[Array, "n"]:
    """Distribution at the end of the stretch."""
    end = np.zeros_like(p)
    for weight in stretch.weights:
        if weight > 0:
            end += weight * p
        p = stretch.step @ p
    return end


def _integral(stretch: _Stretch, p: Float[Array, "n"]) -> Float[Array, "n"]:
    """Hours spent in each state during the stretch."""
    total = np.zeros_like(p)
    for above in stretch.above:
        total += above * p
        p = stretch.step @ p
    return total


def _round(stretches: Sequence[_Stretch], p: Float[Array, "n"]) -> Float[Array, "n"]:
    """From the end of one cycle to the end of the next."""
    for stretch in stretches:
        p = _through(stretch, stretch.enter @ p)
    return p


def _fixed_point(stretches: Sequence[_Stretch]) -> Float[Array, "n"]:
    """The distribution at the end of a cycle that reproduces itself: some plain rounds from empty, then GMRES."""
    linalg = require("scipy.sparse.linalg", "twin")
    size = stretches[-1].present.shape[0]
    p = np.zeros(size)
    p[0] = 1.0
    for _ in range(2):
        p = _round(stretches, p)
    miss = _round(stretches, p) - p
    while np.abs(miss).sum() > _SETTLED:
        map_back = linalg.LinearOperator((size, size), lambda x: x - _round(stretches, np.ravel(x)), dtype=np.float64)
        goal = max(_SETTLED / 10.0, 1e-8 * float(np.linalg.norm(miss)))  # structure: what one Krylov space can give
        change, _ = linalg.gmres(map_back, miss, rtol=0.0, atol=goal, restart=60, maxiter=1)  # structure: its size
        better = np.abs(p + change)
        better /= better.sum()
        left = _round(stretches, better) - better
        if not np.abs(left).sum() < np.abs(miss).sum() / 2.0:
            break  # rounding: no step improves on it
        p, miss = better, left
    return p


def _averages(stretches: Sequence[_Stretch], p: Float[Array, "n"], cycle: int, lam: float) -> Shifted:
    present, queue, tail, by_hour = 0.0, 0.0, 0.0, list[float]()
    for stretch in stretches:
        p = stretch.enter @ p
        if stretch.start == int(stretch.start):
            by_hour.append(float(stretch.present @ p))
        total, p = _integral(stretch, p), _through(stretch, p)
        present += float(stretch.present @ total) / cycle
        queue += float((stretch.present - stretch.busy) @ total) / cycle
        tail = max(tail, float(p[stretch.present == stretch.present[-1]].sum()))
    return Shifted(present, queue, queue / lam, tuple(by_hour), tail)
