"""Does a twin answer what-if questions as the person would?  Scored where the answer is known: on virtual persons of a
model that is not the twin's.

    what-if   the paired difference of glucose two hours after a change, the twin's against the person's own
    trial     everybody, twins and persons, lives fourteen days under an altered therapy; time in range and below 70

Persons are of Hovorka's population (2004); twins of `replaybg`, fitted to a record that has the errors of real ones:
carbohydrate miscounted, meals forgotten in the log, a sensor with noise and gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from jaxtyping import Float, Int

from ....core.array import Array
from ....core.clock import HOUR, instant
from ....core.derived import Path
from ....core.fact import Exact, Fact, Intervention, Observation
from ....core.quantity import names
from ....core.registry import load_model
from ....core.subject import Subject
from ....core.twin import Twin
from ....verbs.create import twin
from ..glucose import BELOW_70, TIME_IN_RANGE
from ..sensor_grid import GLUCOSE_CODE
from .adjust import Change, altered
from .crowd import STEP, Crowd
from .loop import Pumps
from .outcomes import MARGINS, equivalence
from .personal import fit_person
from .replay import Replay, branches, looked_back
from .scenario import DAY_SLOTS, Diary, Scenario, diary
from .therapy import Therapy
from .titrate import cohort
from .trial import Course, arms_of, run_trial

__all__ = ["Lives", "fitted", "lives", "trial_fidelity", "whatif"]

START: Final = instant("2026-03-02T00:00:00Z")
AHEAD: Final = 24
"""Slots until a difference is scored: two hours."""
LEARN: Final = 7
"""Days a twin learns from."""
TIMES: Final = 8
"""Random times of the last day at which changes are tried."""
FEW: Final = 0.03  # structure: chosen
"""Share of boluses that are forgotten."""
BIG: Final = (1.2, 25.0)  # structure: so that 1 [IU] or 20 g less is still a dose
"""Boluses [IU] and meals [g] that may be made smaller."""
LEAST_SEEN: Final = 20.0  # structure: a plausible floor of a display, chosen
"""mg/dL: the lowest a sensor shows."""
CHANGES: Final[Mapping[str, tuple[float, float, float]]] = {
    "+1 [IU]": (1.0, 0.0, 0.0), "+20 g": (0.0, 20.0, 0.0), "+20 % basal": (0.0, 0.0, 0.2),  # structure: sizes tried
    "-20 % basal": (0.0, 0.0, -0.2), "-1 [IU]": (-1.0, 0.0, 0.0), "-20 g": (0.0, -20.0, 0.0),  # structure: sizes tried
}  # fmt: skip
"""Bolus [[IU]], carbohydrate [g] and share of the basal rate; the last two are tried at meals only."""


@dataclass(frozen=True, slots=True)
class Lives:
    """Persons, their pumps and diaries, what happened, and what was logged: boluses [[IU]], carbohydrate [g] and
    readings at the end of each slot [mg/dL] (NaN: none)."""

    crowd: Crowd
    pumps: Pumps
    diary: Diary
    course: Course
    bolus: Float[Array, "r s"]
    logged: Float[Array, "r s"]
    readings: Float[Array, "r s"]

    @property
    def basal(self) -> Float[np.ndarray, "r"]:
        """The programmed rate of each [[IU]/h]."""
        return np.asarray(self.pumps.basal)[:, 0]

    def facts(self, person: int, end: int) -> list[Fact]:
        """What a log of the first `end` slots holds."""
        told: list[Fact] = []
        for k in range(end):
            at = START + k * STEP
            for code, unit, table in (("gemel:rapid-insulin", "[IU]", self.bolus),
                                      ("gemel:carbohydrate", "g", self.logged)):  # fmt: skip
                dose = float(table[person, k])
                if dose > 1e-6:
                    told.append(Intervention(id=f"{unit}{k}", code=code, at=at, recorded=at, unit=unit, dose=dose))
            value = float(self.readings[person, k])
            if np.isfinite(value):
                value, at = max(value, LEAST_SEEN), at + STEP
                told.append(Observation(id=f"s{k}", code=GLUCOSE_CODE, value=Exact(value), unit="mg/dL", at=at,
                                        recorded=at))  # fmt: skip
        return told

    def new_twin(self, person: int, members: int) -> Twin:
        """A twin that has seen nothing, told weight and usual basal insulin."""
        place = names(self.crowd.model.covariates).index("weight")
        known = {"weight": float(self.crowd.covariates[person, place]), "basal": float(self.basal[person])}
        rates = {"insulin": float(self.basal[person])}
        subject = Subject(id=f"person-{person}", zone="UTC")
        return twin("replaybg", subject, at=START, covariates=known, rates=rates, members=members, seed=person)


def lives(persons: int, days: int, seed: int = 1, rescue: float = 15.0) -> Lives:  # structure: chosen
    """So many persons' days with pump, calculator and diary, without a loop."""
    crowd, pumps = cohort(load_model("hovorka"), persons, START, seed)
    own = diary(persons, Scenario(days=days, count_sd=0.1, missed=FEW, rescue=rescue), seed)
    course = run_trial(crowd, arms_of(crowd, pumps, own, [None]))
    given, eaten = np.asarray(course.insulin)[0], np.asarray(course.carbs)[0]
    bolus = np.maximum(given - np.asarray(pumps.basal)[:, :1] * STEP / HOUR, 0.0)
    treated = np.maximum(eaten - np.asarray(own.eaten), 0.0)
    readings = np.asarray(course.glucose)[0] + np.asarray(own.error)
    return Lives(crowd, pumps, own, course, bolus, np.asarray(own.counted) + treated, readings)


def fitted(all_lives: Lives, person: int, days: int, members: int) -> Replay:
    """The person's record with a twin that was fitted to its first days, as a replay of all of it."""
    slots = np.asarray(all_lives.bolus).shape[1]
    new = all_lives.new_twin(person, members)
    facts, until = all_lives.facts(person, slots), START + days * DAY_SLOTS * STEP
    now = fit_person(new, [f for f in facts if f.at <= until], until).twin
    return looked_back(new, now, facts, START + slots * STEP)


def whatif(
    persons: int, members: int = 16, seed: int = 1, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Root mean square error [mg/dL] of the twins' paired differences, in all and by change, with how many there are.
    What comes after the tried change is announced to both alike."""
    made = lives(persons, LEARN + 1, seed)
    asked = _asked(made, np.random.default_rng(seed))
    truth = _truths(made, asked)
    rows: list[tuple[str, float, float]] = []
    for person in range(persons):
        replay = fitted(made, person, LEARN, members)
        own = [(k, change) for who, k, change in asked if who == person]
        for (k, change), guess in zip(own, _guesses(replay, own), strict=True):
            rows.append((change, truth[person, k, change], guess))
        progress(person + 1, persons)
    return {"persons": persons, **_scored(rows)}


def _asked(made: Lives, luck: np.random.Generator) -> list[tuple[int, int, str]]:
    """(person, slot, change) of all that is tried on the last day."""
    first, slots = LEARN * DAY_SLOTS, np.asarray(made.bolus).shape[1]
    times = np.sort(luck.choice(np.arange(first + 12, slots - AHEAD - 2), TIMES, replace=False))
    asked = [(who, int(k), c) for who in range(made.crowd.rows) for k in times for c in list(CHANGES)[:4]]
    for who in range(made.crowd.rows):
        slots_ahead = range(first, slots - AHEAD - 2)
        meals = [k for k in slots_ahead if made.bolus[who, k] > BIG[0] and made.logged[who, k] > BIG[1]]
        asked += [(who, k, c) for k in meals for c in list(CHANGES)[4:]]
    return asked


def _truths(made: Lives, asked: Sequence[tuple[int, int, str]]) -> dict[tuple[int, int, str], float]:
    """The persons' own differences: the same luck with and without the change."""
    wanted, crowd, found = {k for _, k, _ in asked}, made.crowd, dict[tuple[int, int, str], float]()
    rate, eaten = crowd.inputs({"insulin": made.basal}), np.asarray(made.course.carbs)[0]
    for k in range(np.asarray(made.bolus).shape[1]):
        if k in wanted:
            here = [(who, change) for who, slot, change in asked if slot == k]
            rows = np.array([who for who, _ in here])
            plain, moved = (_ahead(made, crowd.take(rows), k, (rows, eaten), steps) for steps in (
                np.zeros((len(here), 3)), np.array([CHANGES[c] for _, c in here])))  # fmt: skip
            found |= {(who, k, c): float(d) for (who, c), d in zip(here, moved - plain, strict=True)}
        crowd, _ = crowd.step(rate, crowd.inputs({"insulin": made.bolus[:, k], "carbs": eaten[:, k]}))
    return found


def _ahead(
    made: Lives, crowd: Crowd, k: int, of: tuple[Int[Array, "n"], Float[Array, "r s"]], steps: Float[Array, "n 3"]
) -> Float[np.ndarray, "n"]:
    """Glucose after `AHEAD` slots with a change in the first (basal: in all)."""
    rows, eaten = of
    rate, glucose = crowd.inputs({"insulin": made.basal[rows] * (1.0 + steps[:, 2])}), np.zeros(len(rows))
    for j in range(k, k + AHEAD):
        first = 1.0 if j == k else 0.0
        dose = {"insulin": np.maximum(made.bolus[rows, j] + first * steps[:, 0], 0.0),
                "carbs": np.maximum(eaten[rows, j] + first * steps[:, 1], 0.0)}  # fmt: skip
        crowd, glucose = crowd.step(rate, crowd.inputs(dose))
    return np.asarray(glucose)


def _guesses(replay: Replay, asked: Sequence[tuple[int, str]]) -> list[float]:
    """The twin's differences: the equations ahead from its state on the record, with and without the change."""
    inputs = names(replay.twin.model.inputs)
    insulin, carbs = inputs.index("insulin"), inputs.index("carbs")
    doses: dict[int, Array] = {}
    rates: dict[int, Array] = {}
    for k in {k for k, _ in asked}:
        steps = np.array([(0.0, 0.0, 0.0), *(CHANGES[c] for slot, c in asked if slot == k)])
        doses[k] = np.repeat(np.asarray(replay.given.dose)[None, k : k + AHEAD], len(steps), axis=0)
        doses[k][:, 0, insulin] = np.maximum(doses[k][:, 0, insulin] + steps[:, 0], 0.0)
        doses[k][:, 0, carbs] = np.maximum(doses[k][:, 0, carbs] + steps[:, 1], 0.0)
        rates[k] = np.repeat(np.asarray(replay.given.rate)[None, k], len(steps), axis=0)
        rates[k][:, insulin] *= 1.0 + steps[:, 2]
    ends = {k: made @ replay.weights for k, made in branches(replay, doses, rates).items()}
    seen = dict.fromkeys(ends, 0)
    told: list[float] = []
    for k, _ in asked:
        seen[k] += 1
        told.append(float(ends[k][seen[k]] - ends[k][0]))
    return told


def _scored(rows: Sequence[tuple[str, float, float]]) -> dict[str, Any]:
    truth, guess = (np.array([r[i] for r in rows]) for i in (1, 2))
    which = np.array([r[0] for r in rows])

    def rmse(mask: Any) -> dict[str, float]:
        return {
            "n": int(mask.sum()), "rmse": float(np.sqrt(np.mean(np.square(guess - truth)[mask]))),
            "truth": float(truth[mask].mean()), "twin": float(guess[mask].mean()),
        }  # fmt: skip

    whole = rmse(np.ones(len(rows), dtype=bool))
    return {"rmse_120_mg_dl": whole["rmse"], "n": whole["n"], "by_change": {c: rmse(which == c) for c in CHANGES}}


def trial_fidelity(
    persons: int, change: Change, days: int = 7, members: int = 8, seed: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:  # fmt: skip
    """Time in range and below 70 mg/dL [%] of persons and of their twins under an altered therapy: means, the paired
    difference, and the equivalence tests.  Twins live their own record again (`replay`), boluses answering the change
    by the rule of `adjust`; persons live the same days with the changed pump.  Nobody treats lows: who does would eat
    at other times."""
    made = lives(persons, days, seed, 0.0)
    truth, guess = _under(made, change), list[Array]()
    for person in range(persons):
        replay = fitted(made, person, days, members)
        therapy = Therapy(((0.0, float(made.basal[person])),), float(made.pumps.ratio[person]),
                          float(made.pumps.factor[person]), float(made.pumps.target[person]))  # fmt: skip
        own = altered(replay, therapy, [change]).T
        guess.append(np.stack([replay.weights @ _shares(own)[i] for i in range(len(SHARES))]))
        progress(person + 1, persons)
    return _compared(_shares(np.asarray(made.course.glucose)[0]), _shares(truth), np.stack(guess, axis=1))


SHARES: Final = (TIME_IN_RANGE, BELOW_70)


def _shares(glucose: Float[Array, "r s"]) -> Float[np.ndarray, "2 r"]:
    path = Path(np.arange(1.0, glucose.shape[1] + 1.0), {"glucose": glucose})
    return np.stack([np.asarray(d.compute(path)) for d in SHARES])


def _under(made: Lives, change: Change) -> Float[np.ndarray, "r s"]:
    """The persons' own glucose with the changed pumps."""
    hourly = np.repeat(np.array(change.basal), 24 // len(change.basal))
    pumps = replace(
        made.pumps, basal=np.asarray(made.pumps.basal) * hourly, ratio=np.asarray(made.pumps.ratio) * change.ratio,
        factor=np.asarray(made.pumps.factor) * change.factor,
    )  # fmt: skip
    return np.asarray(run_trial(made.crowd, arms_of(made.crowd, pumps, made.diary, [None])).glucose)[0]


def _compared(before: Float[Array, "2 r"], truth: Float[Array, "2 r"], guess: Float[Array, "2 r"]) -> dict[str, Any]:
    """Persons and twins side by side."""
    told: dict[str, Any] = {"persons": int(before.shape[1])}
    for i, measure in enumerate(d.name for d in SHARES):
        test = equivalence(measure, guess[i] - truth[i], MARGINS[measure])
        told[measure] = {
            "before": float(before[i].mean()), "truth": float(truth[i].mean()), "twins": float(guess[i].mean()),
            "difference": test.mean, "low90": test.low, "high90": test.high, "margin": test.margin, "p": test.p,
            "equivalent": test.shown, "sd": float(np.std(guess[i] - truth[i], ddof=1)),
        }  # fmt: skip
    return told
