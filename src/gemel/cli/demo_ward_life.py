"""The virtual patients of the ward demo: persons of a model that no twin knows, each with a story that has begun.

Each is drawn from the Cambridge model and starts at rest on a basal rate of their own.  What 1 [IU] and what 1 g does
to them is found by trying it, and a story is told in these terms: one has had too much insulin, one has eaten without
any, the others have meals that their boluses cover.  None of it is for judging an algorithm by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Final

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import HOUR, MINUTE
from ..core.fact import Instant
from ..core.plan import Action, Schedule
from ..core.quantity import names
from ..core.subject import Subject
from ..core.twin import Twin
from ..models.patient.hovorka import Hovorka
from ..models.patient.hovorka import model as compiled
from ..verbs.create import twin
from ..verbs.forecast import forecast_all

__all__ = ["AHEAD", "BEFORE", "EVERY", "Patient", "Timed", "patients"]

Timed = tuple[tuple[Instant, float], ...]

PERSON: Final = Hovorka()
BODY: Final = replace(compiled, solver="numpy")
"""Lived with plain numpy: nothing to compile for a few persons."""
BEFORE: Final = 8 * HOUR
AHEAD: Final = 4 * HOUR
"""How long each has lived before the demo's present, and how far the story goes on after it."""
EVERY: Final = MINUTE
"""Time between two of a life's readings."""
REST: Final = (105.0, 150.0)
"""Glucose [mg/dL] at which the patients rest: drawn between these; no clinical reference."""
NEED: Final = (0.5, 1.5)
"""Basal need [[IU]/h] of the persons that are kept: about that of the example people of the Cambridge model."""
ERROR_SD, ERROR_MEMORY = 5.0, 0.97
"""Sensor error [mg/dL], and how much of it is left a minute later (0.7 after 12 minutes: it lasts, as in demo_life)."""
TRIED: Final = 3 * HOUR
"""How long the effect of a unit and of a gram is watched."""


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient: body weight [kg], basal rate [[IU]/h], and what is and will be: sensor readings each minute [mg/dL],
    boluses [[IU]] and meals [g] as they were written down."""

    number: int
    story: str
    weight: float
    basal: float
    glucose: Timed
    boluses: Timed
    meals: Timed


@dataclass(frozen=True, slots=True)
class _Body:
    """A person at rest, where they rest [mg/dL], and what 1 [IU] takes from and 1 g adds to glucose at most [mg/dL]."""

    person: Twin
    weight: float
    basal: float
    rest: float
    unit: float
    gram: float


def patients(count: int, now: Instant, seed: int) -> list[Patient]:
    """So many patients at `now`, the same for the same seed but for the times."""
    luck = np.random.default_rng(seed)
    bodies = _tried([_person(now - BEFORE, k, luck) for k in range(count)])
    stories = [STORIES[k % len(STORIES)] for k in range(count)]
    acts = [STORY[story](body, now, luck) for story, body in zip(stories, bodies, strict=True)]
    plans = [Schedule("lived", tuple(sorted(own, key=lambda a: a.at))) for own in acts]
    lived = forecast_all([body.person for body in bodies], BEFORE + AHEAD, plans, every=EVERY / HOUR)
    return [
        Patient(
            number=k + 1, story=stories[k], weight=body.weight, basal=body.basal,
            glucose=_sensor(np.asarray(made.times).tolist(), np.asarray(made.mean("glucose")), luck),
            boluses=tuple((a.at, round(a.dose or 0.0, 1)) for a in plan.actions if a.input == "insulin"),
            meals=tuple((a.at, float(round(a.dose or 0.0))) for a in plan.actions if a.input == "carbs"),
        )
        for k, (body, plan, made) in enumerate(zip(bodies, plans, lived, strict=True))
    ]  # fmt: skip


def _person(at: Instant, number: int, luck: np.random.Generator) -> tuple[Twin, float, float, float]:
    """A drawn person whose need is ordinary, at rest: with weight [kg], basal rate [[IU]/h] and resting glucose."""
    who = Subject(id=f"virtual-{number}", kind="virtual")
    weight, rest = float(luck.integers(58, 96)), float(luck.uniform(*REST))
    while True:
        seed = int(luck.integers(0, 2_147_483_647))
        drawn = twin(BODY, who, at=at, covariates={"weight": weight}, members=1, seed=seed)
        columns = dict(zip(names(BODY.parameters), np.asarray(drawn.belief.theta).T, strict=True))
        need = np.asarray(PERSON.basal(SimpleNamespace(weight=weight, **columns), rest, np), dtype=np.float64)
        (basal,) = np.round(need, 2).tolist()
        if NEED[0] < basal < NEED[1]:
            rates = {"insulin": basal}
            own = twin(BODY, who, at=at, covariates={"weight": weight}, rates=rates, members=1, seed=seed)
            return own, weight, basal, rest


def _tried(persons: Sequence[tuple[Twin, float, float, float]]) -> list[_Body]:
    """What a unit and a gram do to each: the greatest departure from rest within `TRIED`."""
    twins = [own for own, *_ in persons]
    trials = [("insulin", 1.0), ("carbs", 10.0)]
    plans = [Schedule(name, (Action(own.now, name, dose=dose),)) for name, dose in trials for own in twins]
    made = forecast_all(twins * 2, TRIED, plans, every=0.25)
    far = [float(np.max(np.abs(np.asarray(one.mean("glucose")) - rest)))
           for one, (_, _, _, rest) in zip(made, [*persons, *persons], strict=True)]  # fmt: skip
    return [
        _Body(own, weight, basal, rest, max(unit, 5.0), max(gram / 10.0, 0.5))
        for (own, weight, basal, rest), unit, gram in zip(persons, far[: len(twins)], far[len(twins) :], strict=True)
    ]


# stories: what was and will be eaten and injected


def _meal(body: _Body, at: Instant, rise: float, covered: float) -> list[Action]:
    """A meal that would lift glucose by so much [mg/dL] and a bolus ten minutes earlier that covers this part of it."""
    acts = [Action(at, "carbs", dose=float(np.clip(rise / body.gram, 10.0, 90.0)))]
    dose = round(2.0 * covered * rise / body.unit) / 2.0
    return acts if dose <= 0 else [*acts, Action(at - 10 * MINUTE, "insulin", dose=min(dose, 12.0))]


def _steady(body: _Body, now: Instant, luck: np.random.Generator) -> list[Action]:
    """Two covered meals before and one ahead."""
    hours = [usual + float(luck.uniform(-0.5, 0.5)) for usual in (-6.5, -2.4, 2.5)]
    return [act for h in hours for act in _meal(body, now + round(h * HOUR), float(luck.uniform(60, 100)), 0.55)]


def _falling(body: _Body, now: Instant, luck: np.random.Generator) -> list[Action]:
    """Too much insulin an hour ago; sugar will be eaten a little late."""
    too_much = float(np.clip(round(2.0 * (body.rest - 40.0) / body.unit) / 2.0, 1.0, 8.0))
    late = int(luck.integers(40, 60))
    return [
        *_meal(body, now - round(5.5 * HOUR), 80.0, 0.55),
        Action(now - round(luck.uniform(75, 95)) * MINUTE, "insulin", dose=too_much),
        *_meal(body, now + late * MINUTE, 60.0, 0.0),
    ]


def _rising(body: _Body, now: Instant, luck: np.random.Generator) -> list[Action]:
    """A large meal an hour ago whose bolus was forgotten; it will be given."""
    rise = float(luck.uniform(180, 250))
    missed = round(2.0 * 0.6 * rise / body.unit) / 2.0
    return [
        *_meal(body, now - round(5.0 * HOUR), 70.0, 0.55),
        *_meal(body, now - 50 * MINUTE, rise, 0.0),
        Action(now + 110 * MINUTE, "insulin", dose=min(missed, 10.0)),
    ]


def _hungry(body: _Body, now: Instant, luck: np.random.Generator) -> list[Action]:
    """Nothing eaten since the morning, lunch in an hour and a half."""
    return [*_meal(body, now - 7 * HOUR, 70.0, 0.6), *_meal(body, now + 90 * MINUTE, float(luck.uniform(70, 110)), 0.5)]


STORY: Final = {"steady": _steady, "falling": _falling, "rising": _rising, "hungry": _hungry}
STORIES: Final = ("steady", "hungry", "falling", "steady", "steady", "rising", "steady", "hungry")
"""In the order of the beds: of eight patients one falls and one rises."""


def _sensor(times: Sequence[Instant], glucose: Float[Array, "t"], luck: np.random.Generator) -> Timed:
    """Readings with an error that lasts, within what a sensor shows (40 to 400 mg/dL)."""
    values = np.asarray(glucose)
    fresh = luck.normal(0.0, ERROR_SD * np.sqrt(1.0 - ERROR_MEMORY**2), values.size)
    error = float(luck.normal(0.0, ERROR_SD))
    kept: list[tuple[Instant, float]] = []
    for at, value, step in zip(times, values.tolist(), fresh.tolist(), strict=True):
        error = ERROR_MEMORY * error + step
        kept.append((at, float(np.clip(round(value + error), 40, 400))))
    return tuple(kept)
