"""Limits a plan must keep: chance constraints and bounds on expectations, judged with their sampling error.

A probability estimated from members is only accepted with its one-sided Clopper-Pearson upper bound,

    upper = Beta^-1(confidence; x + 1, n - x)

(Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404), x events among n members; with unequal weights n is the
effective sample size and x the weighted share of it.  A member whose run failed counts as an event.  An expectation is
accepted with its normal bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np

from ..core.derived import Derived, Path
from ..core.errors import PlanError
from ..core.extra import require
from ..core.forecast import Forecast
from ..core.quantity import Source

__all__ = ["Checked", "Expectation", "Limit", "ever_above", "ever_below", "judge", "members_needed", "upper_bound"]

HERE = Source("gemel:verbs/limits.py", "an event chosen by whoever sets the limit")


@dataclass(frozen=True, slots=True)
class Limit:
    """P(`event`) <= `at_most`, claimed at `confidence`.  `event` is 1 (or above 0) in the members it happens to."""

    event: Derived
    at_most: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not (0.0 < self.at_most < 1.0 and 0.0 < self.confidence < 1.0):
            raise PlanError(
                f"limit on '{self.event.name}': probability {self.at_most:g} and confidence {self.confidence:g} must "
                "lie between 0 and 1"
            )

    @property
    def name(self) -> str:
        """What is limited."""
        return f"P({self.event.name})"


@dataclass(frozen=True, slots=True)
class Expectation:
    """E[`of`] <= `at_most`, claimed at `confidence`, in the unit of `of`."""

    of: Derived
    at_most: float
    confidence: float = 0.95

    @property
    def name(self) -> str:
        """What is limited."""
        return f"E[{self.of.name}]"


@dataclass(frozen=True, slots=True)
class Checked:
    """A limit as a sample saw it: the estimate, and its upper bound at the limit's confidence."""

    limit: Limit | Expectation
    estimate: float
    upper: float

    @property
    def met(self) -> bool:
        """Whether the limit holds at its confidence."""
        return self.upper <= self.limit.at_most

    @property
    def excess(self) -> float:
        """How far the bound lies above the limit, 0 where it is met: in probability, or as a share of the limit."""
        scale = 1.0 if isinstance(self.limit, Limit) else max(abs(self.limit.at_most), 1e-12)
        return max(0.0, self.upper - self.limit.at_most) / scale

    @property
    def margin(self) -> float:
        """Share of the limit left below it."""
        return (self.limit.at_most - self.upper) / max(abs(self.limit.at_most), 1e-12)

    @property
    def words(self) -> str:
        """The limit and what was found, in one line."""
        sure = f"{self.limit.confidence:.0%}"
        verdict = "within" if self.met else "not shown to be within"
        if isinstance(self.limit, Limit):
            return (
                f"{self.limit.name} is {self.estimate:.2%}, at most {self.upper:.2%} with {sure} confidence: {verdict} "
                f"{self.limit.at_most:.2%}"
            )
        return (
            f"{self.limit.name} is {self.estimate:.4g}, at most {self.upper:.4g} with {sure} confidence: {verdict} "
            f"{self.limit.at_most:.4g} {self.limit.of.unit}"
        )


def ever_below(observable: str, value: float, unit: str) -> Derived:
    """The event that the observable is below `value` [unit, its own] at any output time of the forecast."""

    def compute(path: Path) -> np.ndarray:
        return (np.asarray(path[observable]) < value).any(axis=1).astype(float)

    return Derived(f"{observable} < {value:g} {unit} at any time", "1", compute, "at output times", HERE)


def ever_above(observable: str, value: float, unit: str) -> Derived:
    """The event that the observable is above `value` [unit, its own] at any output time of the forecast."""

    def compute(path: Path) -> np.ndarray:
        return (np.asarray(path[observable]) > value).any(axis=1).astype(float)

    return Derived(f"{observable} > {value:g} {unit} at any time", "1", compute, "at output times", HERE)


def upper_bound(events: float, n: float, confidence: float) -> float:
    """One-sided Clopper-Pearson upper bound of a probability after `events` in `n` trials, which may be fractions."""
    if events >= n:
        return 1.0
    return float(require("scipy.special", "twin").betaincinv(events + 1.0, n - events, confidence))


def members_needed(limits: Sequence[Limit | Expectation], claims: int = 1) -> int:
    """Members without a single event that would just show every chance limit, when `claims` claims share the error."""
    need = [
        log((1.0 - x.confidence) / claims) / log(1.0 - x.at_most) for x in limits if isinstance(x, Limit)
    ]  # fmt: skip
    return int(np.ceil(max(need, default=0.0)))


def judge(limit: Limit | Expectation, forecast: Forecast, claims: int = 1) -> Checked:
    """The limit as this forecast's members see it; `claims` claims made from one sample share the error allowed."""
    sure = 1.0 - (1.0 - limit.confidence) / claims
    weights = np.asarray(forecast.weights)
    lost, n = forecast.failed / weights.size, 1.0 / float(np.square(weights).sum())
    if isinstance(limit, Limit):
        happened = np.where(weights > 0, np.asarray(forecast.derive(limit.event)) > 0, False)
        share = lost + (1.0 - lost) * float(weights @ happened)
        trials = n / (1.0 - lost)
        return Checked(limit, share, upper_bound(share * trials, trials, sure))
    values = np.where(weights > 0, np.asarray(forecast.derive(limit.of), dtype=float), 0.0)
    mean = float(weights @ values)
    error = sqrt(float(weights @ np.square(values - mean)) / max(n - 1.0, 1.0))
    z = float(require("scipy.special", "twin").ndtri(sure))
    return Checked(limit, mean, inf if lost > 0.0 else mean + z * error)
