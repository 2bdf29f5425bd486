"""Open network of queues with fixed routing (Jackson 1957, doi:10.1287/opre.5.4.518).

Arrivals at each station solve lam = external + routing^T lam; then every station behaves as an M/M/c of its own, and
the mean time from door to exit is, by Little's law, the number present over what comes in from outside.  Rates are per
hour, times in hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....core.errors import ShapeError, SupportError
from .delay import Delay, delay
from .limits import below_capacity, natural, nonnegative, positive

__all__ = ["Network", "network"]


@dataclass(frozen=True, slots=True)
class Network:
    """Arrivals [1/h] and steady state by station, number present in all, mean time from door to exit [h]."""

    arrivals: tuple[float, ...]
    stations: tuple[Delay, ...]
    present: float
    sojourn: float


def network(
    external: Sequence[float], routing: Sequence[Sequence[float]], mu: Sequence[float], c: Sequence[int]
) -> Network:
    """Steady state of s stations: arrivals from outside [1/h] (s), routing[i][j] = share of i that goes to j (s, s).

    A station nobody reaches is empty.  Raises ShapeError for lists that do not fit, SupportError for shares that are
    no shares, patients who can never leave, or an overloaded station, which it names by its index.
    """
    s = len(external)
    if not s or any(len(x) != s for x in (routing, mu, c, *routing)):
        raise ShapeError(f"a network of {s} stations needs {s} of external, mu and c, and routing of {s} by {s}")
    shares = np.array(routing, dtype=np.float64)
    if shares.min() < 0 or shares.sum(axis=1).max() > 1.0 + 1e-12:  # structure: rounding of written shares
        raise SupportError("routing must hold shares: none below 0, each row at most 1 in sum (the rest goes home)")
    for i in range(s):
        nonnegative(f"external[{i}]", external[i])
        positive(f"mu[{i}]", mu[i])
        natural(f"c[{i}]", c[i])
    if max(abs(np.linalg.eigvals(shares))) > 1.0 - 1e-12:  # structure: rounding of written shares
        raise SupportError("some patients can never leave: let every station lead to the exit, if through others")
    arrivals = np.linalg.solve(np.eye(s) - shares.T, np.array(external, dtype=np.float64))
    for i in range(s):
        below_capacity(float(arrivals[i]), c[i] * mu[i], f"station {i}")
    positive("external arrivals in all", float(sum(external)))
    stations = tuple(
        delay(float(arrivals[i]), mu[i], c[i]) if arrivals[i] > 0 else Delay(0.0, 0.0, 0.0, 0.0, 1.0 / mu[i], 0.0)
        for i in range(s)
    )
    present = sum(station.present for station in stations)
    return Network(tuple(float(x) for x in arrivals), stations, present, present / sum(external))
