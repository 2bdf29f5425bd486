"""What a trial says: outcomes of each arm, paired differences between arms, and whether two arms are equivalent.

    interval     mean +- t(0.975, n - 1) sd / sqrt(n) over persons; of a difference, over each person's own difference
    equivalence  two one-sided t tests: a difference d is shown to lie within +- margin where
                 p = max(P(T > (mean + margin)/se), P(T < (mean - margin)/se)) < 0.05         (Schuirmann 1987)
                 which is when the 90 % interval lies within the margin

Outcomes are those of the consensus on sensor metrics (Battelino 2019) with the risk indices of Kovatchev, as in
`gemel.domains.health.glucose`.  Persons whose run failed under any arm are left out of all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.derived import Derived, Path
from ....core.errors import CollapseError
from ....core.extra import require
from ..glucose import ABOVE_180, ABOVE_250, BELOW_54, BELOW_70, CONSENSUS, GMI, HBGI, LBGI, TIME_IN_RANGE
from .onboard import SLOT
from .trial import Course

__all__ = ["MARGINS", "MEASURES", "Equivalence", "Estimate", "Outcomes", "equivalence", "estimate", "outcomes"]

ALPHA: Final = 0.05  # structure: the usual level
"""Chance of a false claim of equivalence; intervals leave as much outside."""


def _mean(path: Path) -> Float[np.ndarray, "r"]:
    return np.asarray(path["glucose"]).mean(axis=1)


def _cv(path: Path) -> Float[np.ndarray, "r"]:
    values = np.asarray(path["glucose"])
    return 100.0 * values.std(axis=1, ddof=1) / values.mean(axis=1)  # structure: per cent


MEAN: Final = Derived("mean glucose", "mg/dL", _mean, "mean over the time", CONSENSUS)
CV: Final = Derived("CV", "%", _cv, "coefficient of variation; stable up to 36 %", CONSENSUS)
MEASURES: Final = (TIME_IN_RANGE, BELOW_70, BELOW_54, ABOVE_180, ABOVE_250, GMI, CV, LBGI, HBGI, MEAN)
"""Outcomes, in the order of the table."""
MARGINS: Final[Mapping[str, float]] = {TIME_IN_RANGE.name: 2.0, BELOW_70.name: 1.0}
"""Differences [points of per cent] below which two arms count as equivalent: choices of this package."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over n persons with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether a paired difference was shown to lie within `margin`: its p value and 90 % interval."""

    measure: str
    margin: float
    mean: float
    low: float
    high: float
    p: float

    @property
    def shown(self) -> bool:
        """Whether equivalence was shown."""
        return self.p < ALPHA


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Each measure of every arm and person that counts, and how many persons' runs failed."""

    arms: tuple[str, ...]
    values: Mapping[str, Float[Array, "a r"]]
    failed: int

    def of(self, measure: str, arm: str) -> Float[Array, "r"]:
        """A measure of each person under an arm."""
        return np.asarray(self.values[measure])[self.arms.index(arm)]

    def estimate(self, measure: str, arm: str, against: str | None = None) -> Estimate:
        """The arm's mean, or its paired difference from another arm."""
        own = self.of(measure, arm)
        return estimate(own if against is None else own - self.of(measure, against))

    def equivalence(self, measure: str, arm: str, against: str) -> Equivalence:
        """Whether the arm is as good as the other, within the measure's margin."""
        gap = self.of(measure, arm) - self.of(measure, against)
        return equivalence(measure, gap, MARGINS[measure])


def outcomes(course: Course) -> Outcomes:
    """All measures of a trial.  Raises CollapseError where fewer than two persons are left."""
    glucose = np.asarray(course.glucose)
    good = np.isfinite(glucose).all(axis=(0, 2))
    if good.sum() < 2:
        raise CollapseError(f"{course.failed} of {good.size} runs failed: no trial is left of fewer than two persons")
    arms, _, slots = glucose.shape
    flat = glucose[:, good].reshape(-1, slots)
    path = Path(np.arange(1.0, slots + 1.0) * SLOT / 60.0, {"glucose": flat})  # structure: minutes in an hour
    values = {d.name: np.asarray(d.compute(path)).reshape(arms, -1) for d in MEASURES}
    return Outcomes(course.names, values, course.failed)


def estimate(values: Float[Array, "r"]) -> Estimate:
    """Mean and 95 % interval of independent values."""
    mean, error, n = _summary(values)
    reach = float(require("scipy.special", "twin").stdtrit(n - 1, 1.0 - ALPHA / 2.0)) * error
    return Estimate(mean, mean - reach, mean + reach, n)


def equivalence(measure: str, gap: Float[Array, "r"], margin: float) -> Equivalence:
    """Two one-sided tests of paired differences."""
    special = require("scipy.special", "twin")
    mean, error, n = _summary(gap)
    safe = max(error, 1e-12)  # structure: all differences the same
    p = max(special.stdtr(n - 1, -(mean + margin) / safe), special.stdtr(n - 1, (mean - margin) / safe))
    reach = float(special.stdtrit(n - 1, 1.0 - ALPHA)) * error
    return Equivalence(measure, margin, mean, mean - reach, mean + reach, float(p))


def _summary(values: Float[Array, "r"]) -> tuple[float, float, int]:
    """Mean, its standard error, and how many there are."""
    column = np.asarray(values, dtype=np.float64)
    n = column.size
    return float(column.mean()), float(column.std(ddof=1) / np.sqrt(n)), n
