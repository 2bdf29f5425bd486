"""What happens to people in a trial: meals that vary, are miscounted or forgotten, and a sensor that errs and falls
silent.

Every number of a diary is drawn once for a person and the same under every arm of a trial, so that arms differ by what
they do alone.  Carbohydrate is counted with a log-normal error: published trials on virtual persons vary its sd from 0
to 50 % (doi:10.1177/19322968211012392).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from ....core.array import Array
from ....core.errors import SupportError
from ....core.quantity import Constant, Source
from .onboard import SLOT

__all__ = ["DAY_SLOTS", "Diary", "Scenario", "diary"]

OURS: Final = Source("gemel:assumption", "a choice of this package, to be replaced by the user's own")
CAPPON: Final = Source("doi:10.1109/TBME.2023.3286856", "ReplayBG: measurement error, sd 5 mg/dL")
SENSOR: Final = Constant(5.0, "mg/dL", CAPPON)
DAY_SLOTS: Final = round(24 * 60 / SLOT)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`days`; `meals` as (hour, g) of a usual day; `size_sd` and `count_sd` are the sd of the logarithm of what is
    eaten and of what is counted of it; `hour_sd` is that of the time [h]; `missed` the share of meals without a bolus;
    `sensor_sd` [mg/dL]; `silent` the share of time without readings, in gaps of `gap` minutes on average; `rescue` is
    the carbohydrate eaten against a low [g], 0 for none.  Raises SupportError for what cannot be."""

    days: int = 14
    meals: tuple[tuple[float, float], ...] = ((7.0, 45.0), (12.5, 70.0), (19.0, 80.0))  # structure: a made-up day
    size_sd: float = 0.25
    count_sd: float = 0.2  # structure: chosen
    hour_sd: float = 0.5
    missed: float = 0.05  # structure: chosen
    sensor_sd: float = SENSOR.value
    silent: float = 0.02  # structure: chosen
    gap: float = 60.0
    rescue: float = 15.0  # structure: chosen

    def __post_init__(self) -> None:
        if self.days < 1 or not self.meals or any(not 0.0 <= hour < 24.0 or grams < 0.0 for hour, grams in self.meals):
            raise SupportError(f"{self.days} days of meals {self.meals}: give a day or more, hours of day and grams")
        if not (0.0 <= self.missed <= 1.0 and 0.0 <= self.silent < 1.0 and self.gap >= SLOT):
            raise SupportError(
                f"missed {self.missed:g} and silent {self.silent:g} are shares, and a gap lasts {SLOT:g} min or more"
            )

    @property
    def slots(self) -> int:
        """Looks in all."""
        return self.days * DAY_SLOTS


@dataclass(frozen=True, slots=True)
class Diary:
    """What happens in each slot: carbohydrate eaten and counted with a bolus [g], the sensor's error [mg/dL], NaN where
    it is silent."""

    eaten: Float[Array, "r s"]
    counted: Float[Array, "r s"]
    error: Float[Array, "r s"]
    rescue: float

    def take(self, rows: Int[Array, "n"]) -> Diary:
        """The diaries of these rows."""
        eaten, counted, error = (np.asarray(a)[rows] for a in (self.eaten, self.counted, self.error))
        return Diary(eaten, counted, error, self.rescue)


def diary(persons: int, scenario: Scenario, seed: int) -> Diary:
    """Diaries of so many persons; the first of them do not depend on how many there are."""
    own = [_one(scenario, np.random.default_rng([seed, k])) for k in range(persons)]
    eaten, counted, error = (np.stack(column) for column in zip(*own, strict=True))
    return Diary(eaten, counted, error, scenario.rescue)


def _one(how: Scenario, luck: np.random.Generator) -> tuple[Array, Array, Array]:
    days, many = how.days, len(how.meals)
    hours = np.array([hour for hour, _ in how.meals]) + how.hour_sd * luck.standard_normal((days, many))
    size = np.array([g for _, g in how.meals]) * np.exp(how.size_sd * luck.standard_normal((days, many)))
    counted = size * np.exp(how.count_sd * luck.standard_normal((days, many)))
    counted = np.where(luck.random((days, many)) < how.missed, 0.0, counted)
    within = np.clip(np.round(hours * 60.0 / SLOT), 0, DAY_SLOTS - 1).astype(int)
    slot = (np.arange(days)[:, None] * DAY_SLOTS + within).ravel()
    food, said = np.zeros(how.slots), np.zeros(how.slots)
    np.add.at(food, slot, size.ravel())
    np.add.at(said, slot, counted.ravel())
    error = how.sensor_sd * luck.standard_normal(how.slots)
    return food, said, np.where(_gaps(how, luck), np.nan, error)


def _gaps(how: Scenario, luck: np.random.Generator) -> Bool[np.ndarray, "s"]:
    """Where the sensor is silent: gaps of geometric length, as often as the share asks."""
    end = SLOT / how.gap
    begin = end * how.silent / max(1.0 - how.silent, end)
    chance = luck.random(how.slots)
    silent, now = np.zeros(how.slots, dtype=bool), False
    for k, u in enumerate(chance):
        now = (u >= end) if now else (u < begin)
        silent[k] = now
    return silent
