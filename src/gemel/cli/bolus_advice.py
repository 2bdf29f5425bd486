"""`gemel advise bolus`: a dose for a meal as a comparison of plans, in JSON or as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.clock import DAY, text
from ..core.errors import TimelineError
from ..core.fact import Fact, Instant
from ..core.twin import Twin
from ..domains.health.diabetes.bolus import STEP, Advice, Meal, advise
from ..domains.health.diabetes.personal import personal
from ..domains.health.diabetes.therapy import Therapy
from ..runtime.answers import page
from ..runtime.answers.shapes import DifferenceRow
from ..runtime.answers.twins import utility_of
from . import console
from .records import Records, Start, Wanted, begin_with, present, read, twin_of
from .shapes_glucose import BolusRow, BolusShape

__all__ = ["Asked", "beginning", "bolus_advice", "spoken"]

LEAST_DAYS = 2
"""Days of records from which a person is fitted as a whole."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The meal, the pump's settings, doses to compare instead of the usual ones, and how to weigh them."""

    meal: Meal
    therapy: Therapy
    doses: tuple[float, ...] = ()
    hours: float = 4.0
    utility: str = "glucose-risk"
    step: float = 0.05
    fit: bool = True


def bolus_advice(wanted: Wanted, start: Start, asked: Asked) -> BolusShape:
    """Read, learn, compare."""
    weighed = utility_of(asked.utility, ("glucose",))
    records = read(wanted)
    twin, fitted = _twin(records, start, asked.fit)
    known = records.until(twin.now)
    made = advise(
        twin, known, asked.meal, asked.therapy, doses=asked.doses, hours=asked.hours, utility=weighed, step=asked.step
    )  # fmt: skip
    return _shape(made, twin, records, asked, fitted)


def beginning(records: Records, start: Start) -> tuple[Twin, list[Fact], Instant]:
    """A new twin where the days begin, the facts known from then on, and the present; TimelineError without any."""
    now = present(records, start.at)
    known = [f for f in records.until(now) if f.at <= now]
    if not known:
        raise TimelineError(f"subject '{records.subject.id}' has no records up to {text(now, records.subject.zone)}")
    begin = max(min(f.at for f in known), now - round(start.days * DAY))
    return begin_with(records.subject, known, start, begin), [f for f in known if f.at >= begin], now


def _twin(records: Records, start: Start, fit: bool) -> tuple[Twin, bool]:
    """The twin at its present, and whether the person was fitted as a whole."""
    now = present(records, start.at)
    first = min((f.at for f in records.facts if f.at <= now), default=now)
    if fit and now - max(first, now - round(start.days * DAY)) >= LEAST_DAYS * DAY:
        new, known, now = beginning(records, start)
        return personal(new, known, now).twin, True
    return twin_of(records, start), False


def _shape(made: Advice, twin: Twin, records: Records, asked: Asked, fitted: bool) -> BolusShape:
    comparison, zone = made.comparison, records.subject.zone
    rows = [
        BolusRow(
            plan=c.plan, dose=c.dose, below_70=c.below_70, below_54=c.below_54, above_180=c.above_180,
            above_250=c.above_250, lowest_median=c.lowest[0], lowest_q05=c.lowest[1], expected=c.expected,
            expected_q05=c.interval[0], expected_q95=c.interval[1], probability_best=best,
        )
        for c, best in zip(made.chances, comparison.best, strict=True)
    ]  # fmt: skip
    last = comparison.forecasts[0]
    return BolusShape(
        subject=records.subject.id, model=last.model, personal=fitted, zone=zone, issued=text(twin.now, zone),
        until=text(int(last.times[-1]), zone), carbs_g=asked.meal.carbs, glucose=made.calculator.glucose,
        on_board=made.calculator.on_board, calculator_dose=made.calculator.dose, utility=comparison.utility.name,
        utility_unit=comparison.utility.unit, utility_about=comparison.utility.about,
        confidence=comparison.confidence, winner=comparison.winner, verdict=comparison.verdict, doses=rows,
        differences=[
            DifferenceRow(plan=d.plan, against=d.against, mean=d.mean, low=d.low, high=d.high,
                          probability=d.probability)
            for d in comparison.differences
        ],
        caution=page.CAUTION, data=records.shape(twin.now),
    )  # fmt: skip


def spoken(shape: BolusShape) -> None:
    """The advice as a table with its verdict."""
    level = "no fresh reading, so no correction" if shape.glucose is None else f"{shape.glucose:.0f} mg/dL"
    console.say(
        f"{shape.subject}, {shape.issued[:16].replace('T', ' ')} ({shape.zone}): {level}; {shape.on_board:.1f} [IU] on "
        f"board; {shape.carbs_g:.0f} g. The standard calculator says {shape.calculator_dose:.2f} [IU] (*)."
    )
    columns = ("dose [IU]", "< 70", "< 54", "> 180", "> 250", "lowest", "utility (90 %)", "best")
    title = f"Chances until {shape.until[11:16]}; lowest glucose: median (5 %); utility: {shape.utility}"
    console.show(title, columns, [_cells(r, shape.calculator_dose) for r in shape.doses], 1)
    console.say(shape.verdict + ".")
    console.say(shape.caution)


def _cells(row: BolusRow, standard: float) -> Sequence[str]:
    shares = [f"{100 * v:.0f} %" for v in (row.below_70, row.below_54, row.above_180, row.above_250)]
    mark = " *" if abs(row.dose - standard) < 0.5 * STEP.value else ""
    return [
        f"{row.dose:g}{mark}", *shares, f"{row.lowest_median:.0f} ({row.lowest_q05:.0f})",
        f"{row.expected:.1f} ({row.expected_q05:.1f}, {row.expected_q95:.1f})", f"{100 * row.probability_best:.0f} %",
    ]  # fmt: skip
