"""What `optimise` finds: candidates as the search saw them, and the best of them as the final check saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

from jaxtyping import Float

from ..core.array import Array
from ..core.plan import Plan
from ..core.space import Arrangement, Choice
from .compare import Comparison
from .limits import Checked

__all__ = ["Candidate", "Optimum"]

OUTSIDE = 1e12
"""What every plan outside the limits costs before its excess: above any utility's size."""
NEVER = 1e30
"""What a plan costs that no member survives."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plan as the search saw it: where it is, what it means, its expected utility and how it keeps the limits.
    `utilities` are per member, NaN where its run failed; `expected` is -inf where all did."""

    x: tuple[float, ...]
    point: Mapping[str, Choice]
    arrangement: Arrangement
    expected: float
    checks: tuple[Checked, ...]
    utilities: Float[Array, "r"]

    @property
    def excess(self) -> float:
        """Sum of how far the limits are exceeded; 0 when all are met."""
        return sum((c.excess for c in self.checks), 0.0)

    @property
    def margin(self) -> float:
        """Share of its limit by which the tightest one is kept; infinite without limits."""
        return min((c.margin for c in self.checks), default=inf)

    @property
    def cost(self) -> float:
        """What the search makes small."""
        if not isfinite(self.expected):
            return NEVER
        return -self.expected if self.excess == 0.0 else OUTSIDE * (1.0 + self.excess)


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best plan found, or, where `feasible` is False, the one that comes closest to the limits.

    `expected` with its 95 % interval, `checks` and `comparison` (with doing nothing new, or what was named) come from
    the final check; the interval is sampling error, not how differently members fare.  `ties` are other plans whose
    utility the search could not tell from the best.
    """

    point: Mapping[str, Choice]
    arrangement: Arrangement
    feasible: bool
    expected: float
    interval: tuple[float, float]
    checks: tuple[Checked, ...]
    comparison: Comparison
    ties: tuple[Candidate, ...]
    evaluations: int
    text: str

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return self.arrangement.plan

    @property
    def words(self) -> str:
        """What a clinician or a manager should read."""
        utility = self.comparison.utility
        unit = "" if utility.unit == "1" else f" {utility.unit}"
        gain, _ = self.comparison.differences
        lines = [
            f"{'Best' if self.feasible else 'No plan was shown to keep the limits; the closest'} of "
            f"{self.evaluations:,} plans tried: {self.text}.",
            f"Expected {utility.name} {self.expected:.4g}{unit} (95 % {self.interval[0]:.4g} to "
            f"{self.interval[1]:.4g}), {abs(gain.mean):.4g} {'above' if gain.mean >= 0.0 else 'below'} "
            f"'{gain.against}'; better than that in {gain.probability:.0%} of possible courses.",
            *(f"{c.words}." for c in self.checks),
        ]
        if self.ties:
            others = "; ".join(", ".join(f"{k} {_shown(v)}" for k, v in t.point.items()) for t in self.ties)
            lines.append(f"As good within what this sample can tell: {others}.")
        return "\n".join(lines)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
