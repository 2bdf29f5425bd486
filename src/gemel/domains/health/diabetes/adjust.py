"""Which basal rates, ratio and factor would have served this person better, over the days that were?

The days are lived again (`replay`) under other settings.  Basal insulin goes by segments of the day; a bolus keeps what
the person made of the calculator's answer, and changes by how that answer changes:

    dose' = dose + calculator'(carbs, G') - calculator(carbs, G),   at least 0

both with the insulin on board that the record has.  Each setting moves by at most one step, and only what lowers no
one's safety is proposed: the chance that more than 4 % of the time is below 70 mg/dL must stay below 10 %, or, where it
is not now, must not rise.  First every step is tried alone; then the combinations that their sum says are best are
tried as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.clock import HOUR, MINUTE, local_clock
from ....core.derived import Derived, Path
from ....core.errors import PlanError
from ....core.quantity import Constant, Source, names
from ..glucose import BELOW_70, CONSENSUS, GLUCOSE_RISK
from .crowd import STEP
from .replay import Answer, Replay, relive
from .therapy import Therapy, calculator

__all__ = ["Adjusted", "Change", "Limits", "Lived", "adjust", "altered", "live"]

RCH: Final = Source("rch.org.au, Pump therapy: dose adjustment", "consider changing the basal rate by 10 % at a time")
ONE_STEP: Final = Constant(0.1, "1", RCH)
MOST_LOW: Final = Constant(4.0, "%", CONSENSUS)
CHANCE: Final = Constant(0.1, "1", Source("gemel:assumption", "a choice of this package"))
SEGMENTS: Final = (0.0, 6.0, 12.0, 18.0)  # structure: a quarter of a day each
"""Local hours at which segments of the basal profile begin."""
COMBINATIONS: Final = 12
NEAR: Final = 3
"""Steps to either side of a bolus within which logged carbohydrate belongs to it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest change at once, as a share of each setting; the time below 70 mg/dL [%] that may be exceeded with at
    most this `chance`."""

    step: float = ONE_STEP.value
    below_70: float = MOST_LOW.value
    chance: float = CHANCE.value


@dataclass(frozen=True, slots=True)
class Change:
    """Factors on basal insulin by segment (or on all long-acting insulin), on the ratio and the correction factor."""

    basal: tuple[float, ...] = (1.0,) * len(SEGMENTS)
    ratio: float = 1.0
    factor: float = 1.0

    def of(self, therapy: Therapy) -> Therapy:
        """The therapy so changed: its profile cut at the segments."""
        hours = sorted({*SEGMENTS, *(hour for hour, _ in therapy.basal)})
        basal = tuple((h, therapy.rate(h) * self.basal[_segment(h)]) for h in hours)
        return replace(therapy, basal=basal, ratio=therapy.ratio * self.ratio, factor=therapy.factor * self.factor)


@dataclass(frozen=True, slots=True)
class Lived:
    """A change as the members lived it: glucose [mg/dL] and the utility of each."""

    change: Change
    glucose: Float[Array, "r s"]
    utility: Float[Array, "r"]
    below_70: Float[Array, "r"]

    def chance_low(self, weights: Float[Array, "r"], most: float) -> float:
        """Chance of more than `most` per cent of the time below 70 mg/dL."""
        return float(np.asarray(weights) @ (np.asarray(self.below_70) > most))


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The best that was tried, beside the present; `best` is `present` where nothing better is within the limits."""

    present: Lived
    best: Lived
    tried: int

    def probability(self, weights: Float[Array, "r"]) -> float:
        """Chance that the change is better than the present."""
        gap = np.asarray(self.best.utility) - self.present.utility
        return float(np.asarray(weights) @ ((gap > 0.0) + 0.5 * (gap == 0.0)))


def adjust(
    replay: Replay, therapy: Therapy, limits: Limits | None = None, *, utility: Derived = GLUCOSE_RISK,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Adjusted:  # fmt: skip
    """Try the steps, then the best combinations, on the days that were."""
    how = limits or Limits()
    count, weights = _settings(replay), replay.weights
    singles = [_change(count, {i: f}) for i in range(count + 2) for f in (1.0 - how.step, 1.0 + how.step)]
    total = 1 + len(singles) + COMBINATIONS
    first = live(replay, therapy, [Change(), *singles], utility)
    progress(len(first), total)
    present, alone = first[0], first[1:]
    gains = np.array([float(weights @ (one.utility - present.utility)) for one in alone]).reshape(-1, 2)
    second = live(replay, therapy, _combined(gains, count, how.step), utility)
    progress(total, total)
    allowed = max(how.chance, present.chance_low(weights, how.below_70))
    kept = [one for one in (*alone, *second) if one.chance_low(weights, how.below_70) <= allowed]
    best = max([present, *kept], key=lambda one: float(weights @ one.utility))
    return Adjusted(present, best, len(first) + len(second))


def live(replay: Replay, therapy: Therapy, changes: Sequence[Change], utility: Derived = GLUCOSE_RISK) -> list[Lived]:
    """Every change through all the days, side by side.  Raises PlanError for none."""
    if not changes:
        raise PlanError("no change of therapy was given to live with")
    glucose = altered(replay, therapy, changes)
    made: list[Lived] = []
    for change, own in zip(changes, np.split(glucose, len(changes), axis=1), strict=True):
        path = Path(np.arange(1.0, replay.steps + 1.0) * STEP / HOUR, {"glucose": own.T})
        made.append(Lived(change, own.T, np.asarray(utility.compute(path)), np.asarray(BELOW_70.compute(path))))
    return made


def altered(replay: Replay, therapy: Therapy, changes: Sequence[Change]) -> Float[np.ndarray, "s r"]:
    """Glucose [mg/dL] under each change, rows change after change."""
    insulin = names(replay.twin.model.inputs).index("insulin")
    rate = np.repeat(np.asarray(replay.given.rate)[None], len(changes), axis=0)
    parts = _parts(replay)
    for v, change in enumerate(changes):
        rate[v, :, insulin] *= np.array(change.basal)[parts]
    return relive(replay, replay.given, rate=rate, answer=_answer(replay, therapy, changes))


def _answer(replay: Replay, therapy: Therapy, changes: Sequence[Change]) -> Answer:
    """Boluses and long-acting doses as they change."""
    inputs, dose = names(replay.twin.model.inputs), np.asarray(replay.given.dose)
    insulin, carbs = inputs.index("insulin"), inputs.index("carbs")
    slow = inputs.index("long_acting") if "long_acting" in inputs else None
    ratio = np.repeat([therapy.ratio * c.ratio for c in changes], replay.twin.members)
    factor = np.repeat([therapy.factor * c.factor for c in changes], replay.twin.members)
    basal = np.repeat([np.mean(c.basal) for c in changes], replay.twin.members)
    near = np.array([dose[max(k - NEAR, 0) : k + NEAR + 1, carbs].sum() for k in range(replay.steps)])
    held = _on_board(dose[:, insulin], therapy)
    old = (np.array([therapy.ratio]), np.array([therapy.factor]), np.array([therapy.target]))
    was = np.concatenate([np.asarray(replay.glucose)[:1], np.asarray(replay.glucose)[:-1]])

    def doses(k: int, glucose: Float[Array, "r"]) -> Float[np.ndarray, "r m"]:
        more = np.zeros((len(ratio), len(inputs)))
        if dose[k, insulin] > 0.0:
            meal, left = near[k : k + 1], held[k : k + 1]
            said = calculator(meal, np.tile(was[k], len(changes)), left, old)
            more[:, insulin] = calculator(meal, glucose, left, (ratio, factor, old[2])) - said
        if slow is not None:
            more[:, slow] = (basal - 1.0) * dose[k, slow]
        return more

    given = dose[:, insulin] > 0.0 if slow is None else (dose[:, insulin] > 0.0) | (dose[:, slow] > 0.0)
    return Answer(frozenset(np.flatnonzero(given).tolist()), doses)


def _on_board(doses: Float[Array, "s"], therapy: Therapy) -> Float[np.ndarray, "s"]:
    """Bolus insulin on board [[IU]] just before each step."""
    left = np.asarray(therapy.curve.left(STEP / MINUTE * np.arange(1, therapy.curve.slots + 1)))
    return np.concatenate([[0.0], np.convolve(doses, left)[: len(doses) - 1]])


def _parts(replay: Replay) -> Array:
    """The segment of each step."""
    at = [replay.at(k) for k in range(replay.steps)]
    return np.array([_segment(h) for h in local_clock(at, replay.twin.subject.zone)[:, 0]])


def _segment(hour: float) -> int:
    return int(np.searchsorted(SEGMENTS, hour, side="right")) - 1


def _settings(replay: Replay) -> int:
    """Basal settings there are: a segment each for a pump, one for long-acting insulin."""
    insulin = names(replay.twin.model.inputs).index("insulin")
    return len(SEGMENTS) if np.asarray(replay.given.rate)[:, insulin].any() else 1


def _change(count: int, moved: dict[int, float]) -> Change:
    """A change of these settings by number: basal ones first, then ratio, then factor."""
    each = [moved.get(i, 1.0) for i in range(count + 2)]
    basal = tuple(each[:count]) if count > 1 else (each[0],) * len(SEGMENTS)
    return Change(basal, each[count], each[count + 1])


def _combined(gains: Float[Array, "v 2"], count: int, step: float) -> list[Change]:
    """The combinations of two or more steps whose summed gains are greatest."""
    scored: list[tuple[float, dict[int, float]]] = []
    for way in product((-1, 0, 1), repeat=gains.shape[0]):
        moved = {i: 1.0 + step * w for i, w in enumerate(way) if w}
        if len(moved) > 1:
            scored.append((sum(float(gains[i, (w + 1) // 2]) for i, w in enumerate(way) if w), moved))
    return [_change(count, moved) for _, moved in sorted(scored, key=lambda pair: -pair[0])[:COMBINATIONS]]
