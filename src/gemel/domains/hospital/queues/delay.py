"""One queue, first come first served, no limit on its length: M/M/c and M/G/1.

Erlang's delay formula by his stable recursion of the loss formula B(k) = a B(k-1) / (k + a B(k-1)), a = lam / mu:
C = c B / (c - a (1 - B)), Wq = C / (c mu - lam), P(wait > t) = C exp(-(c mu - lam) t)  (Kleinrock 1975, Queueing
Systems vol. 1, section 3.5).  Pollaczek-Khinchine: Wq = lam mean^2 (1 + cv^2) / (2 (1 - lam mean))  (Kleinrock 1975,
chapter 5).  Rates are per hour, times in hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from .limits import below_capacity, natural, nonnegative, positive

__all__ = ["Delay", "SingleServer", "delay", "erlang_b", "single_server", "wait_quantile"]


@dataclass(frozen=True, slots=True)
class Delay:
    """Steady state of M/M/c: load per server, P(wait > 0), mean wait Wq [h], mean number waiting and present."""

    load: float
    waits: float
    wait: float
    queue: float
    stay: float
    present: float


@dataclass(frozen=True, slots=True)
class SingleServer:
    """Steady state of M/G/1: load, mean wait [h], mean number present."""

    load: float
    wait: float
    present: float


def erlang_b(offered: float, servers: int) -> float:
    """Blocked share of a loss system with `offered` = lam / mu [1] and so many servers; exact for any service shape."""
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked


def delay(lam: float, mu: float, c: int) -> Delay:
    """M/M/c with arrivals lam [1/h], service rate mu [1/h] of each of c servers.

    Raises SupportError for a load of 1 or more: there is no steady state.
    """
    positive("lam", lam)
    positive("mu", mu)
    natural("c", c)
    below_capacity(lam, c * mu, f"M/M/{c}")
    offered = lam / mu
    blocked = erlang_b(offered, c)
    waits = c * blocked / (c - offered * (1.0 - blocked))
    wait = waits / (c * mu - lam)
    return Delay(lam / (c * mu), waits, wait, lam * wait, wait + 1.0 / mu, lam * wait + offered)


def wait_quantile(lam: float, mu: float, c: int, share: float) -> float:
    """The wait [h] that `share` of the patients of M/M/c do not exceed; 0 when fewer than 1 - share wait at all."""
    waits = delay(lam, mu, c).waits
    return max(0.0, log(waits / (1.0 - share)) / (c * mu - lam)) if waits > 0 else 0.0


def single_server(lam: float, mean: float, cv: float) -> SingleServer:
    """M/G/1 with arrivals lam [1/h] and service of this mean [h] and coefficient of variation cv [1], of any shape.

    Raises SupportError for a load of 1 or more.
    """
    positive("lam", lam)
    positive("mean", mean)
    nonnegative("cv", cv)
    load = lam * mean
    below_capacity(load, 1.0, "M/G/1")
    wait = load * mean * (1.0 + cv * cv) / (2.0 * (1.0 - load))
    return SingleServer(load, wait, lam * (wait + mean))
