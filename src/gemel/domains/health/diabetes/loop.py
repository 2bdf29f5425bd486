"""A closed loop as a `Policy`: every five minutes it sees sensor readings, and nothing else of the body.

A controller says which basal rate it wants; what is the same for all of them is here, around it:

    carbohydrate  meals are announced: the person's calculator doses what they counted, unless they forget
    most          a rate is at most 4 x the basal rate of the hour and 3 x the day's highest   (oref0, getMaxSafeBasal)
    on board      with more net insulin on board than allowed, no more than basal is given
    suspension    nothing is given below 70 mg/dL, nor where a straight line from here is below 80 mg/dL in half an hour
    silence       without a reading for more than 10 min the programmed basal rate runs, and boluses do not correct

Net insulin is what was given beyond the programmed basal, as oref0 counts it.  All rows are decided at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from ....core.array import Array
from ....core.plan import Schedule
from ....core.quantity import Constant, Source
from .onboard import RAPID, SLOT, ActionCurve
from .scenario import Diary
from .therapy import calculator

__all__ = ["Arm", "Controller", "Guard", "Memory", "Pumps", "Sight"]

OREF0: Final = Source("github.com/openaps/oref0 (MIT)", "lib/basal-set-temp.js, getMaxSafeBasal")
BASAL_IQ: Final = Source(
    "support.tandemdiabetes.com, 1500011417502",
    "Basal-IQ: suspends below 70 mg/dL, or where 80 is predicted within 30 min; trial: doi:10.2337/dc18-0771",
)
OURS: Final = Source("gemel:assumption", "a choice of this package")
RULE_15: Final = Source("gemel:assumption", "the rule of 15: 15 g of carbohydrate against a low, again after 15 min")
MOST_OF_HOUR: Final = Constant(4.0, "1", OREF0)
MOST_OF_DAY: Final = Constant(3.0, "1", OREF0)
ON_BOARD: Final = Constant(4.0, "h", OURS)
LOW: Final = Constant(70.0, "mg/dL", BASAL_IQ)
COMING_LOW: Final = Constant(80.0, "mg/dL", BASAL_IQ)
AHEAD: Final = Constant(30.0, "min", BASAL_IQ)
SILENCE: Final = Constant(10.0, "min", OURS)
NOTHING: Final = Schedule("none")

HOURS: Final = 24
SEEN: Final = 4
"""Readings that are kept: the newest, and three before it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The limits around a controller: multiples of basal, net insulin on board as hours of the day's highest basal
    rate, suspension [mg/dL] and how far ahead it looks [min], silence [min]."""

    most_of_hour: float = MOST_OF_HOUR.value
    most_of_day: float = MOST_OF_DAY.value
    on_board: float = ON_BOARD.value
    low: float = LOW.value
    coming_low: float = COMING_LOW.value
    ahead: float = AHEAD.value
    silence: float = SILENCE.value

    def limit(self, wanted: Float[Array, "r"], sight: Sight, day: Float[Array, "r"]) -> Float[np.ndarray, "r"]:
        """What may be given of the `wanted` rate [[IU]/h]; `day` is each row's highest basal rate."""
        most = np.minimum(self.most_of_hour * sight.basal, self.most_of_day * day)
        rate = np.clip(wanted, 0.0, np.maximum(most, sight.basal))
        rate = np.where(sight.on_board >= self.on_board * day, np.minimum(rate, sight.basal), rate)
        coming = sight.glucose + self.ahead * np.minimum(sight.slope, 0.0)
        rate = np.where((sight.glucose < self.low) | (coming < self.coming_low), 0.0, rate)
        return np.where(sight.silent > self.silence, sight.basal, rate)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a controller may know: the newest reading [mg/dL] (NaN before the first), its slope over a quarter of an
    hour [mg/dL/min], net insulin on board [[IU]], acting [[IU]/min] and slot by slot (newest first), minutes since a
    reading, the local hour, and the programme: basal [[IU]/h], correction factor [mg/dL/[IU]] and target [mg/dL]."""

    glucose: Float[Array, "r"]
    slope: Float[Array, "r"]
    on_board: Float[Array, "r"]
    acting: Float[Array, "r"]
    net: Float[Array, "r n"]
    silent: Float[Array, "r"]
    hour: float
    basal: Float[Array, "r"]
    factor: Float[Array, "r"]
    target: Float[Array, "r"]


@runtime_checkable
class Controller(Protocol):
    """Turns a sight into the rate wanted [[IU]/h]; `start` gives what it remembers before the first."""

    @property
    def name(self) -> str:
        """What the arm of a trial is called."""
        ...

    def start(self, rows: int) -> Any:
        """Memory before the first decision."""
        ...

    def decide(self, sight: Sight, memory: Any) -> tuple[Float[Array, "r"], Any]:
        """Rates wanted and the new memory."""
        ...


@dataclass(frozen=True, slots=True)
class Pumps:
    """The programme of every row's pump: hourly basal rates [[IU]/h], ratio [g/[IU]], factor [mg/dL/[IU]], target
    [mg/dL]."""

    basal: Float[Array, "r 24"]
    ratio: Float[Array, "r"]
    factor: Float[Array, "r"]
    target: Float[Array, "r"]
    curve: ActionCurve = RAPID

    def take(self, rows: Int[Array, "n"]) -> Pumps:
        """The programmes of these rows."""
        basal, ratio, factor, target = (np.asarray(a)[rows] for a in (self.basal, self.ratio, self.factor, self.target))
        return Pumps(basal, ratio, factor, target, self.curve)


@dataclass(frozen=True, slots=True)
class Memory:
    """Look number `k`; the last readings, newest first; net insulin by slot, newest first [[IU]]; minutes since a
    reading and since carbohydrate against a low; the controller's own."""

    k: int
    seen: Float[Array, "r four"]
    net: Float[Array, "r n"]
    silent: Float[Array, "r"]
    treated: Float[Array, "r"]
    own: Any


@dataclass(frozen=True, slots=True)
class Arm:
    """A way of life: pumps, a diary of meals, and a controller (None: the programmed basal rate).

    `columns` are the numbers of insulin and carbs among the model's inputs, and how many inputs there are.
    """

    name: str
    pumps: Pumps
    diary: Diary
    controller: Controller | None = None
    guard: Guard = Guard()
    columns: tuple[int, int, int] = (0, 1, 3)
    every: float = SLOT / 60.0
    schedule: Schedule = NOTHING

    def start(self, rows: int) -> Memory:
        """Nothing read, nothing on board."""
        none = np.full((rows, SEEN), np.nan)
        far = np.full(rows, np.inf)
        own = None if self.controller is None else self.controller.start(rows)
        return Memory(0, none, np.zeros((rows, self.pumps.curve.slots)), far, far, own)

    def act(
        self, reading: Float[Array, "r c"], memory: Memory, clock: Float[Array, "4"]
    ) -> tuple[Float[np.ndarray, "r m"], Float[np.ndarray, "r m"], Memory]:
        """Rates and doses of this look; `reading` is NaN where the sensor is silent."""
        memory = _after(memory, np.asarray(reading)[:, 0])
        sight = self._sight(memory, float(np.asarray(clock)[0]))
        own = memory.own
        if self.controller is None:
            rate = np.asarray(sight.basal)
        else:
            wanted, own = self.controller.decide(sight, own)
            rate = self.guard.limit(wanted, sight, np.asarray(self.pumps.basal).max(axis=1))
        bolus, eaten, treated = self._meals(memory, sight)
        gained = (rate - sight.basal) * SLOT / 60.0 + bolus  # structure: minutes in an hour
        insulin, carbs, width = self.columns
        rates, doses = np.full((len(rate), width), np.nan), np.zeros((len(rate), width))
        rates[:, insulin], doses[:, insulin], doses[:, carbs] = rate, bolus, eaten
        net = np.concatenate([gained[:, None], np.asarray(memory.net)[:, :-1]], axis=1)
        return rates, doses, replace(memory, k=memory.k + 1, net=net, treated=treated, own=own)

    def _sight(self, memory: Memory, hour: float) -> Sight:
        ago = SLOT * (1.0 + np.arange(self.pumps.curve.slots))
        net, seen = np.asarray(memory.net), np.asarray(memory.seen)
        return Sight(
            glucose=seen[:, 0], slope=_slope(seen),
            on_board=net @ self.pumps.curve.left(ago), acting=net @ self.pumps.curve.activity(ago), net=net,
            silent=memory.silent, hour=hour, basal=np.asarray(self.pumps.basal)[:, int(hour) % HOURS],
            factor=self.pumps.factor, target=self.pumps.target,
        )  # fmt: skip

    def _meals(self, memory: Memory, sight: Sight) -> tuple[Array, Array, Array]:
        """Boluses [[IU]], carbohydrate [g], and minutes since some was eaten against a low."""
        counted = np.asarray(self.diary.counted)[:, memory.k]
        known = np.where(np.asarray(sight.silent) > self.guard.silence, np.nan, sight.glucose)
        settings = (self.pumps.ratio, self.pumps.factor, self.pumps.target)
        dose = calculator(counted, known, np.maximum(sight.on_board, 0.0), settings)
        bolus = np.where(counted > 0.0, dose, 0.0)
        low = _low(known, memory.treated, self.diary.rescue)
        eaten = np.asarray(self.diary.eaten)[:, memory.k] + np.where(low, self.diary.rescue, 0.0)
        return bolus, eaten, np.where(low, 0.0, np.asarray(memory.treated)) + SLOT


AGAIN: Final = Constant(15.0, "min", RULE_15)
TREAT_BELOW: Final = Constant(70.0, "mg/dL", RULE_15)


def _low(known: Float[Array, "r"], treated: Float[Array, "r"], grams: float) -> Bool[np.ndarray, "r"]:
    """Who eats against a low now."""
    return (np.nan_to_num(known, nan=np.inf) < TREAT_BELOW.value) & (np.asarray(treated) >= AGAIN.value) & (grams > 0.0)


def _after(memory: Memory, reading: Float[Array, "r"]) -> Memory:
    """What is remembered after a look: a silent sensor leaves the last readings as they are."""
    fresh = np.isfinite(reading)
    moved = np.concatenate([reading[:, None], np.asarray(memory.seen)[:, :-1]], axis=1)
    seen = np.where(fresh[:, None], moved, memory.seen)
    return replace(memory, seen=seen, silent=np.where(fresh, 0.0, np.asarray(memory.silent) + SLOT))


def _slope(seen: Float[Array, "r n"]) -> Float[np.ndarray, "r"]:
    """Change per minute over the readings kept; 0 before there are two."""
    values = np.asarray(seen)
    last = np.isfinite(values).sum(axis=1) - 1
    first = np.take_along_axis(values, np.maximum(last, 0)[:, None], axis=1)[:, 0]
    return np.where(last > 0, (values[:, 0] - first) / np.maximum(SLOT * last, SLOT), 0.0)
