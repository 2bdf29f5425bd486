"""Follow one member's equations with an adaptive solver of order 8, for tests that need the exact solution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from gemel.numerics.member import Env, FlowMember

Leaves = dict[str, Any]
Change = Callable[[Leaves, float], Mapping[str, float]]


def clock(hour: Any) -> Env:
    """The environment at this hour of the day, with numpy."""
    return Env(hour % 24.0, 0.0, 0.0, 0.0, np, None)


def rates(**values: Any) -> SimpleNamespace:
    """Input rates, 0 where not given."""
    return SimpleNamespace(**({"insulin": 0.0, "carbs": 0.0, "long_acting": 0.0} | values))


doses = rates


def follow(
    member: FlowMember, state: Mapping[str, Any], p: Any, u: Any, hours: Sequence[float], *,
    start_hour: float = 0.0, cuts: Sequence[float] = (), extra: Change | None = None,
) -> list[Leaves]:  # fmt: skip
    """The state at each of `hours`; `extra(state, time)` adds to the field; the solver restarts at every cut."""
    labels = tuple(state)
    values = np.array([float(state[name]) for name in labels])
    edges = sorted({0.0, *hours, *(c for c in cuts if c < max(hours))})
    reached = {0.0: values}
    for begin, end in pairwise(edges):

        def slope(t: float, y: np.ndarray, low: float = begin, high: float = end) -> np.ndarray:
            inside = min(max(t, low + 1e-9), high - 1e-9)  # a switch at a cut belongs to one side only
            leaves = dict(zip(labels, y, strict=True))
            change = dict(member.field(SimpleNamespace(**leaves), p, u, clock(start_hour + inside)))
            for name, more in (extra(leaves, inside) if extra else {}).items():
                change[name] += more
            return np.array([change[name] for name in labels])

        values = solve_ivp(slope, (begin, end), values, method="DOP853", rtol=1e-10, atol=1e-12).y[:, -1]
        reached[end] = values
    return [dict(zip(labels, reached[h], strict=True)) for h in hours]


def dosed(member: FlowMember, state: Leaves, p: Any, d: Any) -> Leaves:
    """The state right after instant doses."""
    return state | dict(member.dose(SimpleNamespace(**state), p, d, clock(0.0)))
