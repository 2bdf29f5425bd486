"""`optimise`: which plan is best within these limits?

All candidates of a generation are forecast in one call, as copies of the twin with the same members and the same luck.
A small finite space is searched whole; any other by differential evolution (Storn and Price 1997,
doi:10.1023/A:1008202821328, as in scipy) under Deb's rule that any plan within the limits beats any plan outside them,
which are ranked by how far outside they are (Deb 2000, doi:10.1016/S0045-7825(99)00389-8).

Searching many plans on one sample flatters the winner.  So a few finalists run again, as independent replications of
the belief with luck of their own: the best plan that keeps the limits, and the best that keep them by a margin of
5 %, 10 %, 20 % and 40 %.  The limits must hold there too, with an upper confidence bound shared over the finalists
(Bonferroni), and what is reported comes from that second sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.derived import Derived
from ..core.errors import CollapseError, PlanError
from ..core.extra import require
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.model import settle
from ..core.plan import Plan, Policy
from ..core.space import Arrangement, Choice, Space
from ..core.twin import Twin
from .compare import refuse_association, weigh
from .forecast import AS_IS, forecast_all
from .limits import Expectation, Limit, judge, members_needed
from .optimum import Candidate, Optimum
from .replicate import replicate

__all__ = ["Search", "optimise"]

ROWS = 65_536
"""Members of all candidates together that are forecast in one call."""
MARGINS = (0.0, 0.05, 0.1, 0.2, 0.4)
"""Shares of each limit by which the finalists keep it."""
TIES = 5
APART = 0.05
"""Share of a variable's range by which two plans must differ somewhere to be called different."""
WIDTH = 1.959964
"""Standard errors to either side of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Search:
    """How long to look: `population` plans a generation (or 16 for each variable, if more), at most `generations`,
    fewer when `patience` of them improve the best by less than `tolerance` of its size.  Up to `whole` points, all are
    tried.  The final check takes `check` replications, or more where a limit needs them to be shown, and compares the
    best with the plan `against`.  Forecasts have an output every `every` hours (None: 48 outputs), which is what "at
    any time" means.  `progress(evaluations, best so far)` is called after each generation."""

    population: int = 32
    generations: int = 60
    tolerance: float = 1e-7
    patience: int = 12
    whole: int = 256
    check: int = 4096
    seed: int = 1
    every: float | None = None
    against: Plan = AS_IS
    progress: Callable[[int, Candidate], None] | None = None


def optimise(
    twin: Twin, space: Space, until: Instant, utility: Derived, *, limits: Sequence[Limit | Expectation] = (),
    search: Search | None = None,
) -> Optimum:  # fmt: skip
    """Search `space` for the plan of highest expected utility within `limits`.

    Raises CardError for a model whose answers are only associations; PlanError where the twin has too few members to
    show a limit even without one event, or where no plan of the space runs.
    """
    refuse_association(twin)
    need, how = members_needed(limits), search or Search()
    if float(twin.belief.ess()[0]) < need:
        raise PlanError(
            f"these limits need at least {need} members without an event, this twin has {twin.belief.ess()[0]:.0f}: "
            "make it with more members, or accept a higher probability or a lower confidence"
        )
    hunt = _Hunt(twin, space, until, utility, tuple(limits), how, {})
    if space.count <= how.whole:
        hunt.costs(np.stack(list(space.points())))
    else:
        _evolve(hunt)
    ranked = sorted(hunt.tried.values(), key=lambda c: c.cost)
    if not isfinite(ranked[0].expected):
        raise PlanError("no plan of this space could be run: every member failed under each of them")
    return _final(hunt, ranked)


@dataclass(frozen=True, slots=True)
class _Hunt:
    """A search under way; `tried` holds every candidate by its coordinates."""

    twin: Twin
    space: Space
    until: Instant
    utility: Derived
    limits: tuple[Limit | Expectation, ...]
    how: Search
    tried: dict[tuple[float, ...], Candidate]

    def costs(self, x: Float[Array, "n v"]) -> Float[Array, "n"]:
        """What each candidate costs; those not met before are forecast together."""
        keys = [tuple(row.tolist()) for row in np.asarray(x)]
        fresh = list(dict.fromkeys(k for k in keys if k not in self.tried))
        size = max(1, ROWS // self.twin.members)
        for begin in range(0, len(fresh), size):
            self._try(fresh[begin : begin + size])
        if self.how.progress is not None:
            self.how.progress(len(self.tried), min(self.tried.values(), key=lambda c: c.cost))
        return np.array([self.tried[k].cost for k in keys])

    def _try(self, keys: Sequence[tuple[float, ...]]) -> None:
        points = [self.space.point(np.array(k)) for k in keys]
        arranged = [self.space.arrange(p) for p in points]
        for key, point, how, seen in zip(keys, points, arranged, self.run(self.twin, arranged), strict=True):
            if seen is None:
                self.tried[key] = Candidate(key, point, how, -inf, (), np.full(self.twin.members, np.nan))
                continue
            values = np.where(np.asarray(seen.weights) > 0, seen.derive(self.utility), np.nan)
            expected = float(np.asarray(seen.weights) @ np.nan_to_num(values))
            checks = tuple(judge(limit, seen) for limit in self.limits)
            self.tried[key] = Candidate(key, point, how, expected, checks, values)

    def run(self, twin: Twin, arranged: Sequence[Arrangement]) -> list[Forecast | None]:
        """A forecast of each arrangement: schedules under the same settings in one call.  None: every member failed."""
        found: list[Forecast | None] = [None] * len(arranged)
        for same in _alike(arranged):
            copy, plans = _under(twin, arranged[same[0]].settings), [arranged[i].plan for i in same]
            for i, one in zip(same, self._forecast(copy, plans), strict=True):
                found[i] = one
        return found

    def _forecast(self, twin: Twin, plans: Sequence[Plan]) -> Sequence[Forecast | None]:
        span, every = self.until - twin.now, self.how.every
        try:
            if len(plans) == 1 or not any(isinstance(p, Policy) for p in plans):
                return forecast_all([twin] * len(plans), span, plans, every=every)
        except CollapseError:
            if len(plans) == 1:
                return [None]
        return [one for plan in plans for one in self._forecast(twin, [plan])]


def _alike(arranged: Sequence[Arrangement]) -> list[list[int]]:
    """The places of arrangements under the same settings."""
    groups: dict[tuple[tuple[str, Choice], ...], list[int]] = {}
    for i, one in enumerate(arranged):
        groups.setdefault(tuple(sorted(one.settings.items())), []).append(i)
    return list(groups.values())


def _under(twin: Twin, settings: Mapping[str, Choice]) -> Twin:
    """The twin with some settings changed."""
    if not settings:
        return twin
    chosen = settle(twin.model.settings, {**twin.settings, **settings})
    return replace(twin, settings=chosen, fixed=twin.model.prepare(chosen, {}))


def _evolve(hunt: _Hunt) -> None:
    """Differential evolution, a generation at a time."""
    optimize, how = require("scipy.optimize", "twin"), hunt.how
    variables = hunt.space.variables
    each = -(-max(how.population, 16 * len(variables)) // len(variables))
    best: list[float] = []

    def stuck(intermediate_result: Any) -> bool:
        best.append(float(intermediate_result.fun))
        before = best[max(0, len(best) - 1 - how.patience)]
        return len(best) > how.patience and before - best[-1] <= how.tolerance * abs(best[-1])

    optimize.differential_evolution(
        lambda x: hunt.costs(np.atleast_2d(x.T)), [v.bounds for v in variables],
        integrality=np.array([isfinite(v.count) for v in variables]), popsize=each, maxiter=how.generations - 1,
        tol=0.0, callback=stuck, polish=False, vectorized=True, updating="deferred", rng=how.seed,
    )  # fmt: skip


def _final(hunt: _Hunt, ranked: Sequence[Candidate]) -> Optimum:
    """Run the finalists on replications of their own, and take the first that keeps the limits there too."""
    inside = [c for c in ranked if c.excess == 0.0] or list(ranked[:1])
    safest = (next((c for c in inside if c.margin >= margin), inside[0]) for margin in MARGINS)
    finalists = list({c.x: c for c in safest}.values())
    how = hunt.how
    count = max(how.check, 2 * members_needed(hunt.limits, len(finalists)))
    fresh = replicate(hunt.twin, count, how.seed)
    ran = hunt.run(fresh, [Arrangement(how.against), *(c.arrangement for c in finalists)])
    nothing, *seen = [f for f in ran if f is not None]
    if len(seen) < len(finalists):
        raise CollapseError(f"every member fails under '{how.against.name}' or a finalist: there is nothing to compare")
    checks = [tuple(judge(limit, f, len(finalists)) for limit in hunt.limits) for f in seen]
    kept = [k for k, found in enumerate(checks) if finalists[k].excess == 0.0 and all(c.met for c in found)]
    best = kept[0] if kept else int(np.argmin([sum(c.excess for c in found) for found in checks]))
    told = weigh([seen[best], nothing], hunt.utility, 0.9)
    values, weights = told.utilities[0], _common(nothing, seen[best])
    mean = float(values @ weights)
    error = WIDTH * float(np.sqrt(np.square(values - mean) @ weights * np.square(weights).sum()))
    return Optimum(
        point=finalists[best].point, arrangement=finalists[best].arrangement, feasible=bool(kept), expected=mean,
        interval=(mean - error, mean + error), checks=checks[best], comparison=told,
        ties=_ties(hunt, finalists[best], inside) if kept else (), evaluations=len(hunt.tried),
        text=hunt.space.text(finalists[best].point),
    )  # fmt: skip


def _common(one: Forecast, other: Forecast) -> Float[Array, "r"]:
    weights = np.minimum(one.weights, other.weights)
    return weights / weights.sum()


def _apart(space: Space, candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """The first candidates that differ from all before them."""
    kept: list[Candidate] = []
    for one in candidates:
        if all(_differ(space, one, other) for other in kept):
            kept.append(one)
        if len(kept) == most:
            break
    return kept


def _differ(space: Space, one: Candidate, other: Candidate) -> bool:
    for v, a, b in zip(space.variables, one.x, other.x, strict=True):
        low, high = v.bounds
        if a != b and (isfinite(v.count) or abs(a - b) > APART * (high - low)):
            return True
    return False


def _ties(hunt: _Hunt, best: Candidate, inside: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Other plans within the limits whose paired utility is not below the best's beyond its sampling error."""
    weights = hunt.twin.belief.weights()[0]
    near: list[Candidate] = []
    for one in inside:
        gap = best.utilities - one.utilities
        w = np.where(np.isfinite(gap), weights, 0.0) / max(weights[np.isfinite(gap)].sum(), 1e-300)
        mean = float(w @ np.nan_to_num(gap))
        error = float(np.sqrt(w @ np.square(np.nan_to_num(gap) - mean) * np.square(w).sum()))
        if mean <= WIDTH * error:
            near.append(one)
    return tuple(_apart(hunt.space, [best, *near], TIES + 1)[1:])
