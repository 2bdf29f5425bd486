"""`compare`: which plan is better, by how much, with what probability, under which utility; or no clear winner.

Every plan meets the same members with the same luck, so the difference between two plans is the plans' and not the
sample's: the pairing is what makes a few hundred members enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.derived import Derived
from ..core.errors import CardError, PlanError
from ..core.fact import Instant
from ..core.forecast import Forecast, weighted_quantile
from ..core.plan import Plan
from ..core.twin import Twin
from .forecast import forecast

__all__ = ["Comparison", "Difference", "compare", "refuse_association", "weigh"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Utility of one plan minus another's over the same members: mean, 90 % interval, probability of being higher."""

    plan: str
    against: str
    mean: float
    low: float
    high: float
    probability: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Plans side by side under one utility.

    `utilities` (n plans, r members); `best` is each plan's probability of being the best of all; `winner` is the plan
    whose probability of beating each other plan reaches `confidence`, or None: no clear winner.
    """

    utility: Derived
    forecasts: tuple[Forecast, ...]
    utilities: Float[Array, "n r"]
    expected: tuple[float, ...]
    best: tuple[float, ...]
    differences: tuple[Difference, ...]
    confidence: float
    winner: str | None

    @property
    def verdict(self) -> str:
        """One sentence a clinician can read."""
        leader = int(np.argmax(self.expected))
        name, chance = self.forecasts[leader].plan, self.best[leader]
        if self.winner is not None:
            return f"'{self.winner}' is best under '{self.utility.name}' (best in {chance:.0%} of possible courses)"
        return (
            f"No clear winner under '{self.utility.name}': '{name}' has the highest expected value but is best in only "
            f"{chance:.0%} of possible courses"
        )

    def to_frame(self) -> Any:
        """A pandas frame: plan, expected utility and probability of being best."""
        from ..core.extra import require

        rows = [
            {"plan": f.plan, "expected": e, "probability_best": b}
            for f, e, b in zip(self.forecasts, self.expected, self.best, strict=True)
        ]
        return require("pandas", "frames").DataFrame(rows)


def compare(
    twin: Twin,
    plans: Sequence[Plan],
    until: Instant,
    utility: Derived,
    *,
    every: float | None = None,
    confidence: float = 0.9,
) -> Comparison:
    """Run every plan and compare their utility, higher being better.

    Raises CardError for a model whose answers are only associations, PlanError for fewer than two plans or two of one
    name.  Equal utilities share the probability of being best.
    """
    refuse_association(twin)
    if len(plans) < 2 or len({p.name for p in plans}) < len(plans):
        raise PlanError(f"compare needs at least two plans with different names, got {[p.name for p in plans]}")
    return weigh([forecast(twin, until, plan, every=every) for plan in plans], utility, confidence)


def refuse_association(twin: Twin) -> None:
    """Raise CardError for a model whose answers are only associations."""
    if twin.model.card.causal == "association":
        raise CardError(
            f"'{twin.model.card.title}' is associational: it predicts, but cannot say what a plan would cause"
        )


def weigh(forecasts: Sequence[Forecast], utility: Derived, confidence: float) -> Comparison:
    """Forecasts over the same members with the same luck, one of each plan, under one utility."""
    values = np.stack([np.asarray(f.derive(utility), dtype=np.float64) for f in forecasts])
    weights = np.min([f.weights for f in forecasts], axis=0)  # a member that failed under any plan is left out of all
    weights = weights / weights.sum()
    values = np.where(weights > 0, values, 0.0)
    top = values == values.max(axis=0)
    best = (top / top.sum(axis=0)) @ weights
    expected = values @ weights
    differences = tuple(
        _difference(forecasts[i].plan, forecasts[j].plan, values[i] - values[j], weights)
        for i in range(len(forecasts))
        for j in range(len(forecasts))
        if i != j
    )
    leader = forecasts[int(np.argmax(expected))].plan
    clear = all(d.probability >= confidence for d in differences if d.plan == leader)
    return Comparison(
        utility=utility, forecasts=tuple(forecasts), utilities=values, expected=tuple(expected.tolist()),
        best=tuple(best.tolist()), differences=differences, confidence=confidence, winner=leader if clear else None,
    )  # fmt: skip


def _difference(plan: str, against: str, gap: Float[Array, "r"], weights: Float[Array, "r"]) -> Difference:
    low, high = weighted_quantile(gap[:, None], weights, np.array([0.05, 0.95]))[:, 0]
    probability = float(weights @ ((gap > 0) + 0.5 * (gap == 0)))
    return Difference(plan, against, float(weights @ gap), float(low), float(high), probability)
