"""How much insulin for this meal?  The calculator's dose among others, each lived by every member of the twin.

The standard calculator's answer is one candidate; none, and doses around it, are others.  All meet the same members
with the same luck (`verbs.compare`), and what is said of each is never one number alone: the chances of lows and highs
within the next hours, the utility with its interval, and which plan is best, or that none clearly is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ....core.clock import HOUR, MINUTE
from ....core.derived import Derived
from ....core.errors import PlanError
from ....core.fact import Exact, Fact, Instant, Intervention, Observation, bounds
from ....core.forecast import Forecast, weighted_quantile
from ....core.plan import Action, Schedule
from ....core.quantity import Constant, Source
from ....core.twin import Twin
from ....core.units import convert
from ....verbs.compare import Comparison, compare
from ..glucose import GLUCOSE_RISK, HIGH, LOW, VERY_HIGH, VERY_LOW
from ..sensor_grid import GLUCOSE_CODE
from .onboard import SLOT
from .therapy import Therapy, calculator, on_board

__all__ = ["STEP", "Advice", "Chances", "Meal", "Reckoned", "advise", "candidates", "reckoned"]

OURS: Final = Source("gemel:assumption", "a choice of this package")
BAND: Final = (0.05, 0.95)  # structure: the quantiles that are shown
SURE: Final = 0.9  # structure: chosen
"""How sure a winner must be."""
SHARES: Final = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5)  # structure: quarters
"""Candidates as parts of the calculator's dose; without one, as parts of a unit."""
STEP: Final = Constant(0.05, "[IU]", Source("gemel:assumption", "the step of pumps; pens give half or whole units"))
FRESH: Final = Constant(15.0, "min", OURS)
"""Age up to which a reading counts as glucose now."""
HOURS: Final = 4.0
RAPID_CODE: Final = "gemel:rapid-insulin"


@dataclass(frozen=True, slots=True)
class Meal:
    """Carbohydrate [g] eaten `after` minutes from now; 0 g asks for a correction alone."""

    carbs: float
    after: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.carbs <= 500.0 and 0.0 <= self.after <= 240.0):  # structure: what is no meal of one person
            raise PlanError(f"a meal of {self.carbs:g} g in {self.after:g} min: give 0 to 500 g within 0 to 240 min")


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What the standard calculator says: glucose now [mg/dL] (None: no fresh reading, so no correction), insulin on
    board and the dose [[IU]]."""

    glucose: float | None
    on_board: float
    dose: float


@dataclass(frozen=True, slots=True)
class Chances:
    """A candidate's chances of ever being so low or high before the end, its lowest glucose (median and 5th percentile,
    mg/dL), and its expected utility with a 90 % interval over members."""

    plan: str
    dose: float
    below_70: float
    below_54: float
    above_180: float
    above_250: float
    lowest: tuple[float, float]
    expected: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Advice:
    """The calculator's answer, the chances of every candidate in order of dose, and the comparison."""

    calculator: Reckoned
    chances: tuple[Chances, ...]
    comparison: Comparison


def reckoned(facts: Sequence[Fact], now: Instant, meal: Meal, therapy: Therapy) -> Reckoned:
    """The standard calculator on these facts."""
    seen = [f for f in facts if isinstance(f, Observation) and f.code == GLUCOSE_CODE and f.at <= now]
    newest = max(seen, key=lambda f: f.at, default=None)
    glucose = None
    if newest is not None and now - newest.at <= FRESH.value * MINUTE and isinstance(newest.value, Exact):
        glucose = float(convert(bounds(newest.value)[0], newest.unit, "mg/dL", analyte="glucose"))
    given = [
        ((now - f.at) / MINUTE, float(f.dose)) for f in facts
        if isinstance(f, Intervention) and f.dose is not None and f.code == RAPID_CODE and f.at <= now
    ]  # fmt: skip
    held = on_board(given, therapy.curve)
    settings = (np.array([therapy.ratio]), np.array([therapy.factor]), np.array([therapy.target]))
    at = np.array([np.nan if glucose is None else glucose])
    dose = calculator(np.array([meal.carbs]), at, np.array([held]), settings)
    return Reckoned(glucose, held, float(dose[0]))


def candidates(dose: float, step: float = STEP.value) -> list[float]:
    """Doses worth comparing with the calculator's: none, and parts of it, on the pump's or pen's step."""
    if not step > 0.0:
        raise PlanError(f"doses come in steps of {step:g} [IU]: give a step above 0")
    base = dose if dose >= 2.0 * step else 1.0
    wanted = {round(round(base * share / step) * step, 3) for share in SHARES}
    return sorted(wanted | {round(round(dose / step) * step, 3)})


def advise(
    twin: Twin, facts: Sequence[Fact], meal: Meal, therapy: Therapy, *, doses: Sequence[float] = (),
    hours: float = HOURS, utility: Derived = GLUCOSE_RISK, confidence: float = SURE, step: float = STEP.value,
) -> Advice:  # fmt: skip
    """Compare doses for a meal from the twin's present; `doses` replaces the candidates.

    Raises CardError for a model that only associates, PlanError for doses below 0 or fewer than two.
    """
    said = reckoned(facts, twin.now, meal, therapy)
    tried = sorted(set(doses)) or candidates(said.dose, step)
    if min(tried) < 0.0:
        raise PlanError(f"a dose of {min(tried):g} [IU]: doses cannot be below 0")
    plans = [_plan(dose, meal, twin.now, round(round(said.dose / step) * step, 3)) for dose in tried]
    until = twin.now + round(hours * HOUR)
    made = compare(twin, plans, until, utility, every=SLOT / 60.0, confidence=confidence)  # structure: minutes in 1 h
    told = [_chances(made, k, dose) for k, dose in enumerate(tried)]
    return Advice(said, tuple(told), made)


def _plan(dose: float, meal: Meal, now: Instant, standard: float) -> Schedule:
    acts: list[Action] = []
    if dose > 0.0:
        acts.append(Action(now, "insulin", dose=dose))
    if meal.carbs > 0.0:
        acts.append(Action(now + round(meal.after * MINUTE), "carbs", dose=meal.carbs))
    name = "no insulin" if dose == 0.0 else f"{dose:g} [IU]"
    return Schedule(name + (", the calculator's" if dose == standard else ""), tuple(acts))


def _chances(made: Comparison, k: int, dose: float) -> Chances:
    """What is said of plan k; a member that failed under any plan is left out."""
    forecast: Forecast = made.forecasts[k]
    weights = np.min([f.weights for f in made.forecasts], axis=0)
    weights = weights / weights.sum()
    glucose = np.nan_to_num(forecast.paths[:, :, forecast.column("glucose")], nan=np.inf)
    least, most = glucose.min(axis=1), np.where(np.isfinite(glucose), glucose, 0.0).max(axis=1)
    low, middle = weighted_quantile(least[:, None], weights, np.array([BAND[0], 0.5]))[:, 0]
    worst, best = weighted_quantile(made.utilities[k][:, None], weights, np.array(BAND))[:, 0]
    return Chances(
        plan=forecast.plan, dose=dose, below_70=float(weights @ (least < LOW.value)),
        below_54=float(weights @ (least < VERY_LOW.value)), above_180=float(weights @ (most > HIGH.value)),
        above_250=float(weights @ (most > VERY_HIGH.value)), lowest=(float(middle), float(low)),
        expected=made.expected[k], interval=(float(worst), float(best)),
    )  # fmt: skip
