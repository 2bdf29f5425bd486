"""Meals and insulin by the minute, as programs of the UVa/Padova structure take them.

What is done at minute k holds for [k, k + 1).  A meal joins a queue that is eaten at 5 g/min, its rest in a last
minute; a meal begins when the minute before was without food, and its size grows bite by bite.  A bolus runs in during
one minute, beside the basal rate; a temporary basal is a factor on that rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...core.clock import MINUTE
from ...core.errors import PlanError
from ...core.fact import Instant
from ...core.plan import Action, Schedule
from .glycaemia import MINUTES
from .uva_padova import EATING

__all__ = ["Day", "bites", "schedule"]


@dataclass(frozen=True, slots=True)
class Day:
    """`minutes` of a person's life: meals (minute, g), boluses (minute, [IU]), basal [[IU]/min] and temporary basal
    (from, to, factor), of which the later in the list holds where two overlap.

    Raises PlanError for a minute that is not a whole one, or less than nothing eaten or given.
    """

    minutes: int
    basal: float
    meals: tuple[tuple[int, float], ...] = ()
    boluses: tuple[tuple[int, float], ...] = ()
    temporary: tuple[tuple[int, int, float], ...] = ()

    def __post_init__(self) -> None:
        if self.minutes < 1:
            raise PlanError(f"the schedule lasts {self.minutes} min: give it at least one")
        if self.basal < 0.0:
            raise PlanError(f"the basal rate is {self.basal:g} [IU]/min: it cannot be below 0")
        for what, rows in (("meal", self.meals), ("bolus", self.boluses), ("temporary basal", self.temporary)):
            for row in rows:
                if min(row) < 0 or any(k != int(k) for k in row[:-1]):
                    raise PlanError(f"{what} {list(row)}: minutes must be whole, and nothing may be below 0")

    def insulin(self, minute: int) -> float:
        """What runs in during this minute [[IU]/min]."""
        factor = next((f for begin, end, f in reversed(self.temporary) if begin <= minute < end), 1.0)
        return self.basal * factor + sum(units for at, units in self.boluses if at == minute)


def bites(meals: Sequence[tuple[int, float]], minutes: int) -> list[float]:
    """Grams eaten in each of `minutes`, from meals (minute, g)."""
    queue, eaten = 0.0, [0.0] * minutes
    served = {at: sum(grams for minute, grams in meals if minute == at) for at, _ in meals}
    for minute in range(minutes):
        queue += served.get(minute, 0.0)
        eaten[minute] = min(EATING.value, queue)
        queue = max(queue - eaten[minute], 0.0)
    return eaten


def schedule(day: Day, at: Instant) -> Schedule:
    """The day as a plan for `uva_padova.person`, from instant `at`; rates are set where they change."""
    actions: list[Action] = []
    flowing, eating = float("nan"), 0.0
    for minute, grams in enumerate(bites(day.meals, day.minutes)):
        moment = at + minute * MINUTE
        if day.insulin(minute) != flowing:
            flowing = day.insulin(minute)
            actions.append(Action(moment, "insulin", rate=flowing * MINUTES))
        if grams != eating:
            actions.append(Action(moment, "carbs", rate=grams * MINUTES))
        if grams > 0.0:
            actions.append(Action(moment, "bite" if eating > 0.0 else "first_bite", dose=grams))
        eating = grams
    return Schedule("by the minute", tuple(actions))
