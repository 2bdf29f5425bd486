"""Queues in which some patients go first; class 0 before class 1 and so on, first come first served within a class.

With s(k) the load of classes 0..k:
one server, not pre-emptive: Wq(k) = R / ((1 - s(k-1)) (1 - s(k))), R = sum of lam E[S^2] / 2  (Cobham 1954,
doi:10.1287/opre.2.1.70).  One server, pre-emptive resume, exponential service: W(k) = (1/mu(k)) / (1 - s(k-1)) +
R(k) / ((1 - s(k-1)) (1 - s(k))), R(k) = sum over classes 0..k of lam / mu^2  (Kleinrock 1976, Queueing Systems vol. 2,
section 3.6).  c servers of one rate, not pre-emptive: Wq(k) = (C / (c mu)) / ((1 - s(k-1)) (1 - s(k))), C Erlang's
delay probability of all classes together  (Kella and Yechiali 1985, doi:10.1002/nav.3800320113).
Rates are per hour, times in hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import ShapeError
from .delay import delay
from .limits import below_capacity, natural, nonnegative, positive

__all__ = ["preemptive_stays", "priority_waits", "priority_waits_many"]


def priority_waits(lam: Sequence[float], mean: Sequence[float], cv: Sequence[float]) -> Float[Array, "k"]:
    """Mean wait [h] of each class, one server, not pre-emptive; service mean [h] and cv [1] by class, of any shape.

    Raises SupportError when the classes together bring a load of 1 or more, ShapeError for unequal lengths.
    """
    rate, time, spread = _classes(lam=lam, mean=mean, cv=cv)
    load = rate * time
    below_capacity(float(load.sum()), 1.0, "one server with priorities")
    residual = float(rate @ (time**2 * (1.0 + spread**2))) / 2.0
    return residual / _left(load)


def preemptive_stays(lam: Sequence[float], mu: Sequence[float]) -> Float[Array, "k"]:
    """Mean time in the system [h] of each class, one server, pre-emptive resume, exponential service of rate mu [1/h].

    Raises SupportError for a load of 1 or more, ShapeError for unequal lengths.
    """
    rate, speed = _classes(lam=lam, mu=mu)
    load = rate / speed
    below_capacity(float(load.sum()), 1.0, "one server with pre-emptive priorities")
    before = 1.0 - np.concatenate([[0.0], np.cumsum(load)[:-1]])
    return 1.0 / speed / before + np.cumsum(rate / speed**2) / _left(load)


def priority_waits_many(lam: Sequence[float], mu: float, c: int) -> Float[Array, "k"]:
    """Mean wait [h] of each class, c servers of one rate mu [1/h], not pre-emptive.

    Raises SupportError for a load of 1 or more.
    """
    (rate,) = _classes(lam=lam)
    positive("mu", mu)
    natural("c", c)
    below_capacity(float(rate.sum()), c * mu, f"{c} servers with priorities")
    return delay(float(rate.sum()), mu, c).waits / (c * mu) / _left(rate / (c * mu))


def _left(load: Float[Array, "k"]) -> Float[Array, "k"]:
    """(1 - s(k-1)) (1 - s(k)): what the classes up to k leave free, before and with class k."""
    total = np.cumsum(load)
    return (1.0 - np.concatenate([[0.0], total[:-1]])) * (1.0 - total)


def _classes(**given: Sequence[float]) -> list[Float[Array, "k"]]:
    """Arrays by class: rates and times above 0, cv not below; a class without arrivals has lam 0."""
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) != 1 or not min(lengths.values()):
        raise ShapeError(f"every class needs one of each, got {lengths}: give lists of one length, at least 1")
    for name, values in given.items():
        for k, value in enumerate(values):
            (nonnegative if name in ("lam", "cv") else positive)(f"{name}[{k}]", value)
    if sum(given["lam"]) == 0:
        positive("lam of all classes together", 0.0)
    return [np.array(values, dtype=np.float64) for values in given.values()]
