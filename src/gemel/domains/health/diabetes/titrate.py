"""The therapy that fits a virtual person, found as a clinic finds it: by trying, on the person.

    basal   the rate under which glucose rests at the target
    factor  how far 1 [IU] at rest lowers glucose in the end (the insulin curve's end, 5 h)
    ratio   such that a meal of 60 g and its bolus bring glucose back to the target in that time

All persons are tried at once, by halving.  Someone whose numbers no clinic would see is left out: total daily insulin
of type 1 diabetes is usually 0.4 to 1.0 [IU]/kg.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from jaxtyping import Bool, Float

from ....core.array import Array
from ....core.errors import CollapseError
from ....core.fact import Instant
from ....core.model import Model
from ....core.quantity import Constant, Source, names
from .crowd import Crowd, gather, quiet
from .loop import Pumps
from .onboard import RAPID, SLOT
from .therapy import TARGET

__all__ = ["cohort", "titrated"]

ADA: Final = Source(
    "ADA Standards of Care, section 9", "typical daily insulin in type 1 diabetes, as two reviews quote it"
)
LEAST: Final = Constant(0.4, "[IU]/kg", ADA)
MOST: Final = Constant(1.0, "[IU]/kg", ADA)
MEAL: Final = 60.0
"""Grams of the meal that the ratio is found with."""
CARBS: Final = Constant(200.0, "g", Source("gemel:assumption", "carbohydrate a day by which total insulin is reckoned"))
HALVINGS: Final = 14
WIDE: Final = 6
"""People drawn for each one wanted, at most."""


def cohort(model: Model, count: int, at: Instant, seed: int = 0) -> tuple[Crowd, Pumps]:
    """So many persons of a model's prior who could be met in a clinic, at rest at their target, with their pumps.

    Raises CollapseError where too few of those drawn could.
    """
    drawn = gather(model, WIDE * count, at, seed)
    basal = _basal(drawn)
    usual = np.flatnonzero(_weight(drawn) * LEAST.value / 10.0 < 24.0 * basal)  # structure: no basal, no clinic
    drawn, basal = drawn.take(usual), basal[usual]
    crowd, pumps = titrated(quiet(drawn, basal), basal)
    kept = np.flatnonzero(_plausible(crowd, pumps))[:count]
    if kept.size < count:
        raise CollapseError(
            f"only {kept.size} of {WIDE * count} persons drawn need {LEAST.value:g} to {MOST.value:g} [IU]/kg a day: "
            f"{count} were asked for"
        )
    return crowd.take(kept), pumps.take(kept)


def titrated(crowd: Crowd, basal: Float[Array, "r"]) -> tuple[Crowd, Pumps]:
    """The persons, who rest under `basal` [[IU]/h], and pumps that fit them."""
    target = np.asarray(crowd.glucose())
    factor = np.maximum(target - _later(crowd, basal, 1.0, 0.0), 1.0)
    low, high = np.zeros(crowd.rows), np.full(crowd.rows, MEAL)
    for _ in range(HALVINGS):
        dose = 0.5 * (low + high)
        over = _later(crowd, basal, dose, MEAL) > target
        low, high = np.where(over, dose, low), np.where(over, high, dose)
    ratio = MEAL / np.maximum(0.5 * (low + high), MEAL / 100.0)  # structure: 1 [IU] for 100 g at most
    return crowd, Pumps(np.repeat(basal[:, None], 24, axis=1), ratio, factor, np.full(crowd.rows, TARGET.value))


def _basal(crowd: Crowd) -> Float[np.ndarray, "r"]:
    """The rate [[IU]/h] under which each person rests at the target; 0 where none does."""
    low, high = np.zeros(crowd.rows), np.full(crowd.rows, 5.0)  # structure: more than anybody
    for _ in range(HALVINGS):
        rate = 0.5 * (low + high)
        over = np.asarray(quiet(crowd, rate).glucose()) > TARGET.value
        low, high = np.where(over, rate, low), np.where(over, high, rate)
    return 0.5 * (low + high)


def _later(
    crowd: Crowd, basal: Float[Array, "r"], units: Float[Array, "r"] | float, grams: float
) -> Float[np.ndarray, "r"]:
    """Glucose [mg/dL] when a bolus and a meal at rest are over."""
    rate, none = crowd.inputs({"insulin": basal}), crowd.inputs({})
    dose = crowd.inputs({"insulin": np.full(crowd.rows, 1.0) * units, "carbs": np.full(crowd.rows, grams)})
    moved, glucose = crowd.step(rate, dose)
    for _ in range(round(RAPID.end / SLOT) - 1):
        moved, glucose = moved.step(rate, none)
    return np.asarray(glucose)


def _weight(crowd: Crowd) -> Float[np.ndarray, "r"]:
    return np.asarray(crowd.covariates)[:, names(crowd.model.covariates).index("weight")]


def _plausible(crowd: Crowd, pumps: Pumps) -> Bool[np.ndarray, "r"]:
    total = np.asarray(pumps.basal).sum(axis=1) + CARBS.value / np.asarray(pumps.ratio)
    each = total / _weight(crowd)
    return (each >= LEAST.value) & (each <= MOST.value)
