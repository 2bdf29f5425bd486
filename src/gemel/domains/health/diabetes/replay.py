"""A real day lived otherwise: the same person, the same hours, other insulin or other meals.

The record says what glucose was.  A member's equations, run without luck, carry insulin and food as they were given,
and at each step arrive at another glucose than the one that came; the difference is that step's surprise:

    e(k) = log G(k + 1) - log F(x(k), given(k)),     for glucose in plasma and under the skin

with x(k) the state in which the member stands on the record.  Lived again under other inputs, each step takes the
equations' change and the same surprise:

    G'(k + 1) = F(x'(k), other(k)) exp(e(k)),        x'(0) = x(0)

so that the day comes back exactly where nothing was changed (a law), and what nobody logged, exercise, stress, a snack,
happens again where something was.  This is the counterfactual of Pearl (2009, section 7.1): abduction, action,
prediction; in diabetes it is called replay (Cappon et al. 2023, doi:10.1109/TBME.2023.3286856).  Surprises are kept as
they were, though another glucose might have changed what people did, and members differ in parameters alone.

The course of glucose is read off the sensor by a local linear trend, smoothed (Rauch, Tung and Striebel 1965,
doi:10.2514/3.3166); in plasma it runs ahead by the sensor's lag: G = I + lag dI/dt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Float, UInt64

from ....core.array import Array, State
from ....core.clock import HOUR, local_clock
from ....core.drive import Drive, input_events, inputs_by_segment
from ....core.errors import CapabilityError, CollapseError, PlanError, TimelineError
from ....core.fact import Fact, Instant, Intervention, Observation, bounds
from ....core.quantity import Constant, Source, names
from ....core.twin import Twin
from ....core.units import convert
from ....models.patient.replaybg import ALPHA
from ....numerics.flow import Flow
from ....numerics.kernel import drift_leaf
from .crowd import STEP
from .onboard import SLOT

__all__ = [
    "Answer",
    "Given",
    "Replay",
    "branches",
    "course",
    "given_on_grid",
    "looked_back",
    "readings_on_grid",
    "relive",
]

PLASMA, SKIN = "glucose", "interstitial"
"""Leaves that the record says."""
ERROR: Final = Constant(5.0, "mg/dL", Source("doi:10.1109/TBME.2023.3286856", "ReplayBG: measurement error"))
BEND: Final = Constant(2.0, "mg/dL", Source("gemel:assumption", "sd of the change of five minutes' change"))
FLOOR: Final = Constant(20.0, "mg/dL", Source("gemel:assumption", "no course is read off a sensor below this"))


@dataclass(frozen=True, slots=True)
class Given:
    """What goes in at each step: rates and doses of every input; a dose within a step counts at its start."""

    rate: Float[Array, "s m"]
    dose: Float[Array, "s m"]


@dataclass(frozen=True, slots=True)
class Replay:
    """A stretch of time as a twin sees it: the members' state at its start, the surprises of each step by leaf (free
    space), what was given, and glucose [mg/dL] at each step's end, the same in every member."""

    twin: Twin
    start: Instant
    state: Mapping[str, Float[Array, "r"]]
    surprise: Mapping[str, Float[Array, "s r"]]
    given: Given
    glucose: Float[Array, "s r"]

    @property
    def steps(self) -> int:
        """Steps of the grid."""
        return int(np.asarray(self.glucose).shape[0])

    @property
    def weights(self) -> Float[Array, "r"]:
        """The members' weights."""
        return self.twin.belief.weights()[0]

    def at(self, k: int) -> Instant:
        """The instant at which step k begins."""
        return self.start + k * STEP


def looked_back(start: Twin, now: Twin, facts: Sequence[Fact], until: Instant) -> Replay:
    """The time from `start`, a twin that has seen nothing, to `until`, on a grid of five minutes, with the members and
    parameters of `now`, the same twin after what it has learned.

    Raises TimelineError for a span that is no whole number of steps, CapabilityError for a model without the leaves
    'glucose' and 'interstitial', CollapseError for a record without readings.
    """
    if until <= start.now or (until - start.now) % STEP:
        raise TimelineError(f"a replay of {(until - start.now) / HOUR:g} h: give a whole number of five-minute steps")
    missing = {PLASMA, SKIN} - set(names(start.model.smooth))
    if missing:
        raise CapabilityError(
            f"'{start.model.card.title}' has no {sorted(missing)}: replay needs a model of 'replaybg'"
        )
    given = given_on_grid(start, facts, until)
    skin, plasma = course(readings_on_grid(start, facts, np.asarray(given.rate).shape[0]))
    person = replace(now, fixed=start.fixed, subject=start.subject)
    return _surprised(person, start, given, {SKIN: skin, PLASMA: plasma})


def given_on_grid(twin: Twin, facts: Sequence[Fact], until: Instant) -> Given:
    """Interventions of the record on the grid."""
    acts = [f for f in facts if isinstance(f, Intervention) and twin.now <= f.at < until]
    rates = np.array(twin.cursor.rates)
    events, _ = input_events(twin.model.inputs, acts, rates, twin.cursor.pending)
    snapped = [e._replace(at=twin.now + (e.at - twin.now) // STEP * STEP) for e in events if e.at >= twin.now]
    starts = list(range(twin.now, until, STEP))
    rate, dose, _ = inputs_by_segment(starts, [at + STEP for at in starts], snapped, rates)
    return Given(rate, dose)


def readings_on_grid(twin: Twin, facts: Sequence[Fact], steps: int) -> Float[np.ndarray, "s"]:
    """Exact glucose readings [mg/dL] by the step at whose end they are nearest; NaN where there is none."""
    values = np.full(steps, np.nan)
    quantity = twin.model.observables[names(twin.model.observables).index("glucose")]
    for fact in facts:
        k = round((fact.at - twin.now) / STEP) - 1
        if isinstance(fact, Observation) and fact.code in quantity.codes and 0 <= k < steps:
            low, high = bounds(fact.value)
            if low == high:
                values[k] = convert(low, fact.unit, quantity.unit, analyte=quantity.analyte)
    return values


def course(readings: Float[Array, "s"]) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Glucose [mg/dL] under the skin and in plasma at the start and the end of each step, smoothed."""
    values = np.concatenate([[np.nan], np.asarray(readings)])
    there = np.flatnonzero(np.isfinite(values))
    if there.size == 0:
        raise CollapseError("no exact glucose reading in this time: there is no day to live again")
    move, jolt = np.array([[1.0, 1.0], [0.0, 1.0]]), np.diag([0.0, BEND.value**2])
    mean, width = np.array([values[there[0]], 0.0]), np.diag([100.0, 25.0])  # structure: wide
    filtered: list[tuple[Array, Array, Array, Array]] = []
    for value in values:
        ahead, spread = (mean, width) if not filtered else (move @ mean, move @ width @ move.T + jolt)
        mean, width = ahead, spread
        if np.isfinite(value):
            gain = spread[:, 0] / (spread[0, 0] + ERROR.value**2)
            mean, width = ahead + gain * (value - ahead[0]), spread - np.outer(gain, spread[0])
        filtered.append((mean, width, ahead, spread))
    back = [filtered[-1][0]]
    for now, then in zip(filtered[-2::-1], filtered[:0:-1], strict=True):
        back.append(now[0] + now[1] @ move.T @ np.linalg.solve(then[3], back[-1] - then[2]))
    level, slope = np.maximum(np.array(back[::-1]).T, [[FLOOR.value], [-np.inf]])
    return level, np.maximum(level + ALPHA.value / SLOT * slope, FLOOR.value)


def _surprised(now: Twin, start: Twin, given: Given, held: Mapping[str, Float[Array, "n"]]) -> Replay:
    """Every step from the record's own glucose, against the next."""
    steps, many = np.asarray(given.rate).shape[0], _Many.of(now, 1)
    on = {name: np.tile(column[:, None], now.members) for name, column in held.items()}
    first = {**_rest(start, now), **{name: column[0] for name, column in on.items()}}
    leaves, surprise = first, {name: np.empty((steps, now.members)) for name in held}
    for k in range(steps):
        rate, dose = (np.tile(np.asarray(a)[k], (now.members, 1)) for a in (given.rate, given.dose))
        reached, _ = many.step(leaves, start.now + k * STEP, rate, dose)
        for name, column in on.items():
            surprise[name][k] = np.log(column[k + 1]) - np.log(np.asarray(reached[name]))
        leaves = {**reached, **{name: column[k + 1] for name, column in on.items()}}
    return Replay(now, start.now, first, surprise, given, on[SKIN][1:])


def _rest(start: Twin, now: Twin) -> dict[str, Array]:
    """The members at rest under the rates in force at the start, without drift."""
    model = start.model if not isinstance(start.model, Flow) else replace(start.model, warm_up=0.0)
    rate = np.tile(np.array(start.cursor.rates), (now.members, 1))
    state = model.init(now.belief.theta, now.belief.covariates, rate, start.fixed, now.keys)
    still = {drift_leaf(q.name) for q in start.model.parameters if q.drift is not None}
    return {name: np.zeros(now.members) if name in still else np.asarray(leaf) for name, leaf in state.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """Doses that depend on the course: at each step of `at`, `doses(k, glucose)` in every row are given besides, where
    glucose [mg/dL] is what it then is."""

    at: frozenset[int]
    doses: Callable[[int, Float[Array, "r"]], Float[Array, "r m"]]


def relive(
    replay: Replay, given: Given, *, rate: Float[Array, "v s m"] | None = None, answer: Answer | None = None
) -> Float[np.ndarray, "s r"]:
    """Glucose [mg/dL] at the end of each step under other inputs, NaN from a failure on.

    With `rate`, the rates of v variants instead of those `given`, all members live each variant, side by side: rows are
    variant after variant.  Raises PlanError for inputs of another length than the record.
    """
    twin, variants = replay.twin, 1 if rate is None else rate.shape[0]
    if np.asarray(given.rate).shape != np.asarray(replay.given.rate).shape:
        raise PlanError(
            f"other inputs for {np.asarray(given.rate).shape[0]} steps, but the replay has {replay.steps}: give one "
            "for each"
        )
    many = _Many.of(twin, variants)
    state: dict[str, Array] = {name: np.tile(np.asarray(leaf), variants) for name, leaf in replay.state.items()}
    seen = np.empty((replay.steps + 1, many.rows))
    for k in range(replay.steps):
        rates = np.asarray(given.rate)[None, k] if rate is None else np.asarray(rate)[:, k]
        dose = np.tile(np.asarray(given.dose)[k], (many.rows, 1))
        if answer is not None and k in answer.at:
            dose = np.maximum(dose + answer.doses(k, many.read(state, replay.at(k))), 0.0)
        reached, seen[k] = many.step(state, replay.at(k), np.repeat(rates, twin.members, axis=0), dose)
        state = _shifted(reached, {name: np.tile(e[k], variants) for name, e in replay.surprise.items()})
    seen[-1] = many.read(state, replay.at(replay.steps))
    return seen[1:]


def branches(
    replay: Replay, others: Mapping[int, Float[Array, "v n m"]], rates: Mapping[int, Float[Array, "v m"]]
) -> dict[int, Float[np.ndarray, "v r"]]:
    """Glucose [mg/dL] of every member where the record is left at step k for v other courses: `others[k]` are the doses
    of the next n steps and `rates[k]` the rates over them.  No surprise of the record after k is used."""
    alone, found = _Many.of(replay.twin, 1), dict[int, np.ndarray]()
    state: dict[str, Array] = {name: np.asarray(leaf) for name, leaf in replay.state.items()}
    for k in range(max(others) + 1):
        if k in others:
            found[k] = _branch(replay, k, state, np.asarray(others[k]), np.asarray(rates[k]))
        rate, dose = (np.tile(np.asarray(a)[k], (alone.rows, 1)) for a in (replay.given.rate, replay.given.dose))
        reached, _ = alone.step(state, replay.at(k), rate, dose)
        state = _shifted(reached, {name: e[k] for name, e in replay.surprise.items()})
    return found


def _branch(replay: Replay, k: int, state: State, doses: Array, rates: Array) -> Float[np.ndarray, "v r"]:
    variants, steps, _ = doses.shape
    many = _Many.of(replay.twin, variants)
    leaves = {name: np.tile(np.asarray(leaf), variants) for name, leaf in state.items()}
    each = np.repeat(rates, replay.twin.members, axis=0)
    for j in range(steps):
        moved, _ = many.step(leaves, replay.at(k + j), each, np.repeat(doses[:, j], replay.twin.members, axis=0))
        leaves = {name: np.asarray(leaf) for name, leaf in moved.items()}
    return np.asarray(many.read(leaves, replay.at(k + steps))).reshape(variants, -1)


@dataclass(frozen=True, slots=True)
class _Many:
    """All members of a twin, as often as there are variants."""

    twin: Twin
    theta: Float[Array, "r p"]
    covariates: Float[Array, "r k"]
    keys: UInt64[Array, "r"]
    column: int

    @staticmethod
    def of(twin: Twin, variants: int) -> _Many:
        column = names(twin.model.observables).index("glucose")
        theta, known = (np.tile(np.asarray(a), (variants, 1)) for a in (twin.belief.theta, twin.belief.covariates))
        return _Many(twin, theta, known, np.tile(twin.keys, variants), column)

    @property
    def rows(self) -> int:
        return self.theta.shape[0]

    def step(
        self, leaves: Mapping[str, Array], at: Instant, rate: Float[Array, "r m"], dose: Float[Array, "r m"]
    ) -> tuple[State, Float[Array, "r"]]:
        """The state a step on, without luck, and glucose before it."""
        none = np.zeros_like(dose)
        drive = Drive(
            np.array([[0.0, float(STEP)]]), self._clock(at, 2), np.full((1, 2), -1), np.stack([rate, rate], axis=1),
            np.stack([none, dose], axis=1), self.covariates[:, None], np.array([[0]]),
        )  # fmt: skip
        state, seen = self._run(leaves, drive)
        return state, seen[:, 0, self.column]

    def read(self, leaves: Mapping[str, Array], at: Instant) -> Float[Array, "r"]:
        """Glucose now."""
        none = np.zeros((1, 1, len(self.twin.model.inputs)))
        drive = Drive(
            np.zeros((1, 1)), self._clock(at, 1), np.full((1, 1), -1), none, none, self.covariates[:, None],
            np.array([[0]]),
        )  # fmt: skip
        return self._run(leaves, drive)[1][:, 0, self.column]

    def _clock(self, at: Instant, segments: int) -> Float[Array, "1 s 4"]:
        return np.repeat(local_clock([at], self.twin.subject.zone, self.twin.subject.holidays)[None], segments, axis=1)

    def _run(self, leaves: Mapping[str, Array], drive: Drive) -> tuple[State, Array]:
        state, seen = self.twin.model.run(leaves, self.theta, drive, self.twin.fixed, self.keys)
        return state, np.asarray(seen)


def _shifted(reached: State, surprise: Mapping[str, Array]) -> dict[str, Array]:
    """The state after a step's surprise."""
    moved = {name: np.asarray(reached[name]) * np.exp(e) for name, e in surprise.items()}
    return {**{name: np.asarray(leaf) for name, leaf in reached.items()}, **moved}
