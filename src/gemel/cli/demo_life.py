"""The virtual person of the demo: some days of a life, lived by a model that the twin does not know.

The person is drawn from the Cambridge model, eats three to four times a day, miscounts carbohydrate, boluses by a carb
ratio now early, now late, and wears a sensor whose error lasts.  The twin (another model) sees only what was recorded.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import DAY, HOUR, MINUTE, instant, text
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.plan import Action, Schedule
from ..core.quantity import names
from ..core.subject import Subject
from ..core.twin import Twin
from ..domains.health.glucose import GLUCOSE_RISK
from ..models.patient.hovorka import Hovorka
from ..models.patient.hovorka import model as compiled
from ..verbs.create import twin
from ..verbs.forecast import forecast, forecast_all
from ..verbs.observe import observe

__all__ = ["DINNER", "SUBJECT", "ZONE", "Life", "live", "write"]

PERSON = Hovorka()
"""Lived with plain numpy: one person is quicker so than compiled."""
SUBJECT, ZONE = "demo-1", "Europe/London"
FIRST_DAY = "2026-03-02T00:00"
WEIGHT = 74.0
REST = 118.0
"""Glucose [mg/dL] at which the basal rate of the person's pump holds."""
DINNER = 60.0
"""Carbohydrate [g] of the meal whose bolus is the demo's question, ten minutes after its present."""
SENSOR_SD, SENSOR_MEMORY = 7.0, 0.7
"""Sensor error [mg/dL] and how much of it is left at the next reading: errors last (doi:10.1109/TBME.2013.2284023)."""
FELT, RESCUE = 65.0, 15.0
"""Reading [mg/dL] at which the person eats sugar, and how much [g]."""
CANDIDATES = 48


@dataclass(frozen=True, slots=True)
class Life:
    """The person at the demo's present, what was recorded until then, and the carb ratio [g per IU] they use."""

    person: Twin
    now: Instant
    basal: float
    ratio: float
    glucose: tuple[tuple[Instant, float], ...]
    boluses: tuple[tuple[Instant, float], ...]
    meals: tuple[tuple[Instant, float], ...]

    def under(self, plan: Schedule, until: Instant) -> list[tuple[Instant, float]]:
        """What the person's glucose really does under a plan."""
        made = forecast(self.person, until, plan, every=1 / 12)
        return list(zip(np.asarray(made.times).tolist(), np.asarray(made.mean("glucose")).tolist(), strict=True))


def live(days: int, seed: int) -> Life:
    """`days` days up to 18:20 of the last one, the same for the same seed."""
    luck = np.random.default_rng(seed)
    start = instant(FIRST_DAY, tz=ZONE)
    now = start + (days - 1) * DAY + 18 * HOUR + 20 * MINUTE
    person, basal = _person(start, seed)
    ratio = _carb_ratio(person)
    acts, boluses, meals = _habits(start, now, ratio, luck)
    lived = forecast(person, now, Rescue(Schedule("lived", tuple(acts))), every=1 / 12)
    times = np.asarray(lived.times)
    rescues = _rescues(lived, acts)
    readings = _sensor(times.tolist(), np.asarray(lived.mean("glucose")), luck)
    facts = Schedule("lived", tuple(acts + rescues)).interventions(person.model.inputs)
    eaten = sorted(meals + [(a.at, RESCUE) for a in rescues])
    return Life(observe(person, facts, until=now), now, basal, ratio, tuple(readings), tuple(boluses), tuple(eaten))


@dataclass(frozen=True, slots=True)
class Rescue:
    """A person who eats some sugar when the sensor reads low, and then waits half an hour."""

    schedule: Schedule
    name: str = "lived"
    every: float = 0.25

    def start(self, rows: int) -> Float[Array, "r"]:
        """Hours to wait before sugar is eaten again."""
        return np.zeros(rows)

    def act(
        self, reading: Float[Array, "r c"], memory: Float[Array, "r"], clock: Float[Array, "4"]
    ) -> tuple[Float[Array, "r m"], Float[Array, "r m"], Float[Array, "r"]]:
        """No rate is changed; sugar is a dose of carbohydrate."""
        wait = np.asarray(memory)
        low = (np.asarray(reading)[:, 0] < FELT) & (wait <= 0)
        doses = np.zeros((wait.size, 3))
        doses[:, 1] = np.where(low, RESCUE, 0.0)
        return np.full_like(doses, np.nan), doses, np.where(low, 0.5, wait - self.every)


def _rescues(lived: Forecast, acts: Sequence[Action]) -> list[Action]:
    """When sugar was eaten: the carbohydrate of the course beyond the meals."""
    carbs = np.asarray(lived.amounts)[0, :, names(lived.inputs).index("carbs")]
    times = np.asarray(lived.times)
    for meal in (a for a in acts if a.input == "carbs"):
        carbs = carbs - np.where(times > meal.at, meal.dose or 0.0, 0.0)
    steps = np.diff(carbs, prepend=0.0)
    return [Action(int(times[k]) - 5 * MINUTE, "carbs", dose=RESCUE) for k in np.flatnonzero(steps > 0.5 * RESCUE)]


def _person(start: Instant, seed: int) -> tuple[Twin, float]:
    """The first of some drawn persons whose insulin need is ordinary, at rest on their own basal rate [[IU]/h]."""
    subject = Subject(id=SUBJECT, zone=ZONE, kind="virtual")
    body = replace(compiled, solver="numpy")
    drawn = twin(body, subject, at=start, covariates={"weight": WEIGHT}, members=CANDIDATES, seed=seed)
    columns = dict(zip(names(body.parameters), np.asarray(drawn.belief.theta).T, strict=True))
    need = np.asarray(PERSON.basal(SimpleNamespace(weight=WEIGHT, **columns), REST, np))
    chosen = int(np.argmax((need > 0.7) & (need < 1.1)))
    basal = round(float(need[chosen]), 2)
    rates, known = {"insulin": basal}, {"weight": WEIGHT}
    drawn = twin(body, subject, at=start, covariates=known, rates=rates, members=CANDIDATES, seed=seed)
    return drawn.member(chosen), basal


def _carb_ratio(person: Twin) -> float:
    """Grams per unit by which a 60 g meal is least risky over 5 h, as a clinic would find."""
    doses = np.arange(1.0, 16.0)
    plans = [
        Schedule(f"{u:g}", (Action(person.now, "carbs", dose=60.0), Action(person.now, "insulin", dose=float(u))))
        for u in doses
    ]
    tried = forecast_all([person] * len(plans), 5 * HOUR, plans, every=0.5)
    worth = [float(np.asarray(f.derive(GLUCOSE_RISK))[0]) for f in tried]
    return float(np.clip(round(60.0 / doses[int(np.argmax(worth))]), 4.0, 25.0))


Timed = list[tuple[Instant, float]]


def _habits(start: Instant, now: Instant, ratio: float, luck: np.random.Generator) -> tuple[list[Action], Timed, Timed]:
    """What was really eaten and injected, and what was written down."""
    acts: list[Action] = []
    boluses: Timed = []
    meals: Timed = []
    for day in range((now - start) // DAY + 1):
        table = [(7.5, 45.0, True), (12.75, 65.0, True), (18.5, 70.0, True)]
        if luck.random() < 0.6:
            table.append((16.0, 18.0, False))
        for hour, usual, bolused in sorted(table):
            at = start + day * DAY + round((hour + luck.normal(0.0, 0.4)) * 60) * MINUTE
            eaten = max(8.0, usual * (1.0 + luck.normal(0.0, 0.25)))
            counted = max(5.0, 5.0 * round(eaten * np.exp(luck.normal(0.0, 0.15)) / 5.0))
            dose = round(2.0 * counted / ratio) / 2.0
            taken = at + round(luck.uniform(-10.0, 12.0)) * MINUTE
            if max(at, taken) >= now - 90 * MINUTE and hour > 17:
                continue  # tonight's dinner is still to come
            if at < now - 20 * MINUTE:
                acts.append(Action(at, "carbs", dose=eaten))
                meals.append((at, counted))
                if bolused:
                    acts.append(Action(taken, "insulin", dose=dose))
                    boluses.append((taken, dose))
    return sorted(acts, key=lambda a: a.at), sorted(boluses), sorted(meals)


def _sensor(times: Sequence[Instant], glucose: np.ndarray, luck: np.random.Generator) -> Timed:
    """Readings with lasting error; some stretches are missing."""
    fresh = luck.normal(0.0, SENSOR_SD * np.sqrt(1.0 - SENSOR_MEMORY**2), glucose.size)
    error, gone = 0.0, set[int]()
    for first in luck.integers(0, max(glucose.size - 60, 1), max(1, glucose.size // 500)).tolist():
        gone |= set(range(first, first + int(luck.integers(6, 18))))
    kept: Timed = []
    for k, (at, value) in enumerate(zip(times, glucose.tolist(), strict=True)):
        error = SENSOR_MEMORY * error + float(fresh[k])
        if k not in gone:
            kept.append((at, float(np.clip(round(value + error), 40, 400))))
    return kept


def write(life: Life, folder: Path) -> None:
    """The records as four tables, with rows that no reader should believe: an impossible glucose, a time that does not
    exist, a word for a number, a repeated row and a bolus of unknown size."""
    folder.mkdir(parents=True, exist_ok=True)
    start = min(at for at, _ in life.glucose)
    glucose = [[_local(at), f"{v:.1f}"] for at, v in life.glucose]
    middle = len(glucose) // 2
    bad = [
        [_local(start + 7 * HOUR + 2 * MINUTE), "1250.0"],
        ["2026-03-02T25:61:00", "131.0"],
        [_local(start + 9 * HOUR), "error"],
    ]
    glucose[middle:middle] = [*bad, glucose[middle]]
    boluses = [[_local(at), f"{v:.1f}"] for at, v in life.boluses]
    boluses.insert(2, [_local(life.boluses[2][0] + HOUR), ""])
    midnight = instant(FIRST_DAY, tz=ZONE)
    _table(folder, "glucose", ["t", "glucose_mgdl"], glucose)
    _table(folder, "basal", ["t", "basal_dose", "insulin_kind"], [[_local(midnight), f"{life.basal:g}", "R"]])
    _table(folder, "bolus", ["t", "bolus_dose"], boluses)
    meals = [[_local(at), "Meal", f"{v:g}", "", "", ""] for at, v in life.meals]
    _table(folder, "nutrition", ["t", "meal_type", "carbs_g", "prot_g", "fat_g", "fibre_g"], meals)


def _local(at: Instant) -> str:
    return text(at, ZONE)[:19]


def _table(folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with (folder / f"{SUBJECT}_{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
