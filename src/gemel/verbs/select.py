"""`select`: which of a few alternatives has the highest mean, with a stated probability of being right?

The fully sequential procedure KN (Kim and Nelson 2001, doi:10.1145/502109.502111): all alternatives meet the same luck,
one replication after another, and one that has fallen too far behind another is dropped.  With k alternatives, first
stage n0 and indifference d, alternative i stays while for every other l still in

    sum_i(r) - sum_l(r) >= -max(0, d / 2 (h2 S2_il / d^2 - r)),   h2 = (n0 - 1) ((2 a / (k - 1))^(-2 / (n0 - 1)) - 1),

S2_il the first-stage variance of their difference and a = 1 - probability.  Where the best mean is at least d above
all others, the one that is left is the best with at least that probability: exactly so for normal replications, common
luck included.  This is about the error of simulated means.  How sure one subject's belief is that one plan beats
another is what `compare` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ..core.array import Array
from ..core.derived import Derived
from ..core.errors import CollapseError, PlanError
from ..core.fact import Instant
from ..core.plan import Plan, Policy
from ..core.twin import Twin
from .compare import refuse_association
from .forecast import forecast, forecast_all
from .replicate import replicate

__all__ = ["Selection", "select", "select_plan"]

Sampler = Callable[[Int[Array, "a"], int, int], Float[Array, "a n"]]
"""sample(alternatives, begin, count): utilities of these alternatives in replications begin to begin + count."""
FIRST = 24
"""Replications of every alternative before the first comparison."""
MOST = 200_000
"""Replications of one alternative after which the procedure gives up."""
BATCH = 1024
"""Most replications asked for at once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected.  `winner` is None where `most` replications did not decide between `contenders`; `means` are
    over each alternative's own `replications`, and the means of those dropped early are the roughest."""

    names: tuple[str, ...]
    winner: str | None
    contenders: tuple[str, ...]
    means: tuple[float, ...]
    replications: tuple[int, ...]
    indifference: float
    probability: float

    @property
    def words(self) -> str:
        """One sentence."""
        if self.winner is None:
            return (
                f"Undecided after {max(self.replications):,} replications between {', '.join(self.contenders)}: widen "
                f"the indifference of {self.indifference:g} or allow more"
            )
        return (
            f"'{self.winner}' has the highest expected utility, with probability at least {self.probability:.0%} if it "
            f"leads by {self.indifference:g} or more ({sum(self.replications):,} replications)"
        )


def select(
    sample: Sampler, names: Sequence[str], *, indifference: float, probability: float = 0.95, most: int = MOST,
    first: int = FIRST,
) -> Selection:  # fmt: skip
    """Run KN over the named alternatives; higher utility is better.

    Raises PlanError for fewer than two alternatives, an indifference not above 0, or a probability that chance alone
    reaches (1 / k) or that is not below 1; CollapseError where a replication has no utility.
    """
    k = len(names)
    if k < 2 or indifference <= 0.0 or not 1.0 / k < probability < 1.0 or first < 2:
        raise PlanError(
            f"selection among {k} alternatives with indifference {indifference:g}, probability {probability:g} and "
            f"first stage {first}: give two or more, an indifference above 0, a probability between 1/k and 1, and a "
            "first stage of two or more"
        )
    state = _Race.begin(_checked(sample, np.arange(k), 0, first, names), indifference, probability)
    while state.alive.sum() > 1 and state.count < most:
        many = min(max(state.count, FIRST), BATCH, most - state.count)
        state.run(_checked(sample, np.flatnonzero(state.alive), state.count, many, names))
    left = tuple(names[int(i)] for i in np.flatnonzero(state.alive))
    return Selection(
        names=tuple(names), winner=left[0] if len(left) == 1 else None, contenders=left,
        means=tuple((state.total / state.used).tolist()), replications=tuple(state.used.tolist()),
        indifference=indifference, probability=probability,
    )  # fmt: skip


def select_plan(
    twin: Twin, plans: Sequence[Plan], until: Instant, utility: Derived, *, indifference: float,
    probability: float = 0.95,
) -> Selection:  # fmt: skip
    """`select` among plans for a twin: a replication is a member drawn from the belief, with luck of its own.

    Raises what `select` does, and CardError for a model whose answers are only associations.
    """
    refuse_association(twin)

    def sample(which: Int[Array, "a"], begin: int, count: int) -> Float[Array, "a n"]:
        drawn, chosen = replicate(twin, count, begin), [plans[int(i)] for i in which]
        if any(isinstance(p, Policy) for p in chosen):
            seen = [forecast(drawn, until, plan) for plan in chosen]
        else:
            seen = forecast_all([drawn] * len(chosen), until - twin.now, chosen)
        return np.stack([np.where(np.asarray(f.weights) > 0, f.derive(utility), np.nan) for f in seen])

    return select(sample, [p.name for p in plans], indifference=indifference, probability=probability)


def _checked(
    sample: Sampler, which: Int[Array, "a"], begin: int, count: int, names: Sequence[str]
) -> Float[Array, "a n"]:
    values = np.asarray(sample(which, begin, count), dtype=np.float64)
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise CollapseError(
            f"{int((~np.isfinite(values)).sum())} replications of {[names[int(i)] for i in which[bad]]} have no "
            "utility: their runs failed, so no mean can be claimed"
        )
    return values


@dataclass(slots=True)
class _Race:
    """Where KN stands: who is alive, each alternative's total and replications, and h2 S2_il / d."""

    alive: Bool[Array, "k"]
    total: Float[Array, "k"]
    used: Int[Array, "k"]
    count: int
    indifference: float
    reach: Float[Array, "k k"]

    @staticmethod
    def begin(values: Float[Array, "k n"], indifference: float, probability: float) -> _Race:
        """The race after its first stage and first screening."""
        k, n = values.shape
        h2 = (n - 1) * ((2.0 * (1.0 - probability) / (k - 1)) ** (-2.0 / (n - 1)) - 1.0)
        spread = np.var(values[:, None] - values[None], axis=2, ddof=1)
        race = _Race(
            np.ones(k, dtype=bool), values[:, :-1].sum(axis=1), np.full(k, n - 1), n - 1, indifference,
            h2 * spread / indifference,
        )  # fmt: skip
        race.run(values[:, -1:])
        return race

    def run(self, values: Float[Array, "a n"]) -> None:
        """Let those alive (rows of `values`) meet these replications, screening after each one."""
        which, begun, many = np.flatnonzero(self.alive), self.count, values.shape[1]
        runs = self.total[which, None] + np.cumsum(values, axis=1)
        at, rows = 0, np.arange(which.size)
        while at < many and rows.size > 1:
            r = begun + 1 + np.arange(at, many)
            reach = self.reach[np.ix_(which[rows], which[rows])][..., None]
            band = np.maximum(0.0, 0.5 * (reach - self.indifference * r))
            sums = runs[rows, at:]
            behind = (sums[:, None] - sums[None] < -band).any(axis=1)
            if not behind.any():
                break
            when = int(np.argmax(behind.any(axis=0)))
            out, at = rows[behind[:, when]], at + when + 1
            self._mark(which[out], runs[out, at - 1], begun + at)
            self.alive[which[out]] = False
            rows = np.setdiff1d(rows, out)
        end = at if rows.size == 1 else many
        self.count = begun + end
        self._mark(which[rows], runs[rows, end - 1], self.count)

    def _mark(self, which: Int[Array, "a"], total: Float[Array, "a"], used: int) -> None:
        self.total[which], self.used[which] = total, used
