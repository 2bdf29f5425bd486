"""Who is this person?  Parameters from days to weeks of records, by the record as a whole.

A filter walks through a record and must call every surprise either luck or character as it comes; what it calls luck
early it never takes back, and effects of insulin and meals come out too small.  Here the equations run through the
whole record without luck, and what they miss, r(t), is taken for a process of its own beside the sensor's error:

    reading = model(theta) + r + error,   r Ornstein-Uhlenbeck with sd s and memory tau,   error N(0, 5 mg/dL)
    minimise  |W(s, tau) (reading - model(theta))|^2 + (z - m)' C^-1 (z - m),   z = theta in free space, prior N(m, C)

W whitens r + error exactly, by a scalar Kalman filter (Kalman 1960; gaps cost nothing), and s and tau are those of
greatest likelihood.  A whitened miss beyond 3 counts less, as by Huber (1964), for that is where a meal was not logged.
The minimum is found by Levenberg and Marquardt's steps, whose trial points and derivatives run side by side; members
are normal draws with the curvature found there, in free space.  Drift within the record is left to r: parameters are
means over it.

How fast glucose returns by itself (SG) and how fast insulin acts (p2) have wide priors here (`loose`): those of
`replaybg` suit forecasts of hours and, held against a person whose glucose stays where insulin and food take it, make
effects of both too small by a third.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log, pi
from types import MappingProxyType
from typing import Final

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.clock import HOUR, MINUTE, local_clock
from ....core.draws import member_keys, normal, purpose
from ....core.drive import Drive
from ....core.errors import CapabilityError, CollapseError
from ....core.fact import Fact, Instant
from ....core.prior import JointPrior
from ....core.quantity import Constant, Prior, Source, bound, free, names
from ....core.twin import Twin
from ....numerics.flow import Flow
from ....numerics.kernel import drift_leaf
from ....numerics.sample import draw
from ....verbs.observe import observe
from .crowd import STEP
from .replay import given_on_grid, readings_on_grid

__all__ = ["Personal", "fit_person", "loose", "personal"]

OURS: Final = Source("gemel:assumption", "a choice of this package")
ERROR: Final = Constant(5.0, "mg/dL", Source("doi:10.1109/TBME.2023.3286856", "ReplayBG: measurement error"))
SETTLING: Final = Constant(6.0, "h", OURS)
"""Time after the start whose readings do not count: where a person stood then is not known."""
LAST: Final = Constant(24.0, "h", OURS)
"""Time before the present that is left to the twin's engine, which finds the state there."""
SIZES: Final = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)  # structure: mg/dL, tried for s
MEMORIES: Final = (20.0, 40.0, 80.0, 160.0, 320.0)  # structure: min, tried for tau
ROUNDS: Final = 25
DRAWS: Final = 2048
"""Draws by which the prior is told in free space."""
DAMPINGS: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)  # structure: tried side by side in every round
WIDE: Final[Mapping[str, Prior]] = MappingProxyType({
    "SG": Prior("lognormal", (-3.8, 0.7), Source("doi:10.1109/TBME.2023.3286856", "centre; the sd of 0.5 widened")),
    "p2": Prior("sqrtnormal", (0.11, 0.03), Source("doi:10.1109/TBME.2023.3286856", "centre; the sd of 0.004 widened")),
})  # fmt: skip
OUTLIER: Final = 3.0
"""Whitened miss beyond which a reading counts less."""
DIFFERENCE: Final = 0.02  # structure: a small step
"""Step of the derivatives, in prior standard deviations."""
DRAW: Final = purpose("personal")


@dataclass(frozen=True, slots=True)
class Personal:
    """The twin at its present, made of what was learned; the mode by parameter; `sd` [mg/dL] and `memory` [min] of what
    the equations miss, and its root mean square over the readings that were fitted."""

    twin: Twin
    mode: dict[str, float]
    sd: float
    memory: float
    rmse: float
    readings: int


def loose(prior: JointPrior) -> JointPrior:
    """The prior with wide laws of what a person fitted as a whole must be free to be."""
    return replace(prior, quantities=tuple(replace(q, prior=WIDE.get(q.name, q.prior)) for q in prior.quantities))


def personal(start: Twin, facts: Sequence[Fact], until: Instant, prior: JointPrior | None = None) -> Personal:
    """Fit the person from a new twin's start to `until`; `prior` instead of the model's own, `loose`.

    All but the last day teaches the parameters (`fit_person`); the last day is taken in by the twin's own engine, which
    finds the state, so nothing counts twice.  Raises what `fit_person` does.
    """
    end = until - round(LAST.value * HOUR)
    if end - start.now < round(2 * SETTLING.value * HOUR):
        raise CollapseError(
            f"a record of {(until - start.now) / HOUR:.0f} h is too short: give {LAST.value + 2 * SETTLING.value:g} h"
        )
    found = fit_person(start, facts, end, prior)
    last = [f for f in facts if found.twin.now <= f.at <= until]
    return replace(found, twin=observe(found.twin, last, until=until))


def fit_person(start: Twin, facts: Sequence[Fact], end: Instant, prior: JointPrior | None = None) -> Personal:
    """The person by all of the record from a new twin's start to `end`; the twin's state there is what the equations
    make of insulin and food, without luck: right for a `replay`, not for a forecast.

    Raises CapabilityError for a model that is no `Flow`, CollapseError for too short a record or one that no parameters
    can be run through.
    """
    if not isinstance(start.model, Flow):
        raise CapabilityError(f"'{start.model.card.title}' is no flow of equations: fit it by its engine")
    end = start.now + (end - start.now) // STEP * STEP
    life = _Life.of(start, facts, end, prior or loose(start.model.prior))
    z, sd, memory = _climb(life)
    spread = np.linalg.inv(_curvature(life, z, sd, memory)[0])
    twin, rmse = life.twin_with(z, spread), float(np.sqrt(np.nanmean(np.square(life.missed(z[None])[0]))))
    mode = dict(zip(names(start.model.parameters), life.theta(z[None])[0].tolist(), strict=True))
    return Personal(twin, mode, sd, memory, rmse, int(np.isfinite(life.readings).sum()))


@dataclass(frozen=True, slots=True)
class _Life:
    """A record on a grid: readings at the end of each step [mg/dL] (NaN: none), the drive, and the prior in free space
    as mean and root of the covariance; `z` is counted in that root."""

    start: Twin
    flow: Flow
    readings: Float[Array, "s"]
    drive: Drive
    mean: Float[Array, "p"]
    root: Float[Array, "p p"]

    @staticmethod
    def of(start: Twin, facts: Sequence[Fact], end: Instant, prior: JointPrior) -> _Life:
        assert isinstance(start.model, Flow)
        given = given_on_grid(start, facts, end)
        steps = np.asarray(given.rate).shape[0]
        clock = local_clock([start.now + k * STEP for k in range(steps)], start.subject.zone, start.subject.holidays)
        drive = Drive(
            np.full((1, steps), float(STEP)), clock[None], np.full((1, steps), -1), given.rate[None], given.dose[None],
            np.asarray(start.belief.covariates)[:1, None], np.arange(steps)[None],
        )  # fmt: skip
        known = np.asarray(start.belief.covariates)
        same = known[:1].repeat(DRAWS, axis=0)
        theta = np.asarray(draw(prior, member_keys(0, DRAWS), known=start.model.covariates, covariates=same))
        z = np.stack([np.asarray(free(q, theta[:, j])) for j, q in enumerate(start.model.parameters)], axis=1)
        root = np.linalg.cholesky(np.cov(z, rowvar=False) + 1e-9 * np.eye(z.shape[1]))
        flow = replace(start.model, warm_up=0.0)
        return _Life(start, flow, _readings(start, facts, steps), drive, z.mean(axis=0), root)

    def theta(self, z: Float[Array, "n p"]) -> Float[np.ndarray, "n p"]:
        """Parameters at these points."""
        at = self.mean + np.asarray(z) @ self.root.T
        return np.stack([np.asarray(bound(q, at[:, j])) for j, q in enumerate(self.flow.parameters)], axis=1)

    def run(self, z: Float[Array, "n p"]) -> Float[np.ndarray, "n s"]:
        """Glucose [mg/dL] of the equations at the end of each step."""
        theta = self.theta(z)
        state = self.begin(theta)
        rows = len(theta)
        covariates = np.repeat(np.asarray(self.start.belief.covariates)[:1], rows, axis=0)[:, None]
        drive = replace(self.drive, covariates=covariates)
        _, seen = self.flow.run(state, theta, drive, self.start.fixed, self.start.keys[:1].repeat(rows))
        return np.asarray(seen)[:, :, names(self.flow.observables).index("glucose")]

    def begin(self, theta: Float[Array, "n p"]) -> dict[str, Array]:
        """Rest under the rates in force, without drift."""
        rows = len(theta)
        rate = np.tile(np.array(self.start.cursor.rates), (rows, 1))
        known = np.repeat(np.asarray(self.start.belief.covariates)[:1], rows, axis=0)
        state = self.flow.init(theta, known, rate, self.start.fixed, self.start.keys[:1].repeat(rows))
        still = {drift_leaf(q.name) for q in self.flow.parameters if q.drift is not None}
        return {name: np.zeros(rows) if name in still else np.asarray(leaf) for name, leaf in state.items()}

    def missed(self, z: Float[Array, "n p"]) -> Float[np.ndarray, "n s"]:
        """Readings less the equations, NaN where there is none."""
        return np.asarray(self.readings) - self.run(z)

    def twin_with(self, z: Float[Array, "p"], spread: Float[Array, "p p"]) -> Twin:
        """The twin at the end of the record: members drawn around the point, each having lived through it."""
        n, p = self.start.members, z.size
        luck = normal(self.start.keys[:, None], DRAW, np.arange(p)[None])
        theta = self.theta(z + luck @ np.linalg.cholesky(spread).T)
        known = np.asarray(self.start.belief.covariates)
        drive = replace(self.drive, covariates=known[:, None])
        state, _ = self.flow.run(self.begin(theta), theta, drive, self.start.fixed, self.start.keys)
        state = {name: np.asarray(leaf) for name, leaf in state.items()}
        last = np.asarray(self.drive.rate)[0, -1]
        end = self.start.now + STEP * np.asarray(self.readings).size
        belief = replace(self.start.belief, theta=theta, state=state, logw=np.zeros(n), at=end)
        cursor = replace(self.start.cursor, at=end, rates=tuple(last.tolist()))
        return replace(self.start, belief=belief, cursor=cursor)


def _readings(start: Twin, facts: Sequence[Fact], steps: int) -> Float[np.ndarray, "s"]:
    """Readings on the grid; those of the settling time do not count."""
    values = readings_on_grid(start, facts, steps)
    values[: round(SETTLING.value * HOUR / STEP)] = np.nan
    if np.isfinite(values).sum() < len(start.model.parameters):
        raise CollapseError(f"{int(np.isfinite(values).sum())} glucose readings teach nothing of a person: give more")
    return values


def _white(missed: Float[Array, "n s"], sd: float, memory: float) -> tuple[Float[np.ndarray, "n s"], float]:
    """The misses as independent standard normals (0 where there is no reading), and the log of the Jacobian."""
    values = np.asarray(missed)
    carried, fresh = exp(-STEP / MINUTE / memory), sd**2 * (1.0 - exp(-2.0 * STEP / MINUTE / memory))
    mean, variance, noise, total = np.zeros(len(values)), sd**2, ERROR.value**2, 0.0
    white = np.zeros_like(values)
    there = np.isfinite(values[0])
    for k in range(values.shape[1]):
        if there[k]:
            scale = variance + noise
            gap = values[:, k] - mean
            white[:, k] = gap / scale**0.5
            total -= 0.5 * log(2.0 * pi * scale)
            mean, variance = mean + variance / scale * gap, variance * noise / scale
        mean, variance = carried * mean, carried**2 * variance + fresh
    return white, total


def _best(missed: Float[Array, "s"]) -> tuple[float, float]:
    """The sd and memory of greatest likelihood among those tried."""

    def score(sd: float, memory: float) -> float:
        white, total = _white(missed[None], sd, memory)
        return total - 0.5 * float(_huber(white)[0])

    return max(((s, m) for s in SIZES for m in MEMORIES), key=lambda pair: score(*pair))


def _curvature(
    life: _Life, z: Float[Array, "p"], sd: float, memory: float
) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "p"], float]:
    """Half the Gauss-Newton Hessian, the downhill direction before it, and the cost."""
    p = z.size
    missed = life.missed(np.concatenate([z[None], z + DIFFERENCE * np.eye(p), z - DIFFERENCE * np.eye(p)]))
    missed = np.where(np.isfinite(missed), missed, np.where(np.isfinite(life.readings), missed[0], np.nan))
    white, _ = _white(missed, sd, memory)
    weight = OUTLIER / np.maximum(np.abs(white[0]), OUTLIER)
    slope = (white[1 : p + 1] - white[p + 1 :]) / (2.0 * DIFFERENCE)
    cost = float(_huber(white[:1])[0] + z @ z)
    return (slope * weight) @ slope.T + np.eye(p), -(slope @ (weight * white[0]) + z), cost


def _huber(white: Float[Array, "n s"]) -> Float[np.ndarray, "n"]:
    """Squares up to the limit, straight lines beyond."""
    size = np.abs(np.asarray(white))
    return np.where(size <= OUTLIER, size**2, OUTLIER * (2.0 * size - OUTLIER)).sum(axis=1)


def _climb(life: _Life) -> tuple[Float[np.ndarray, "p"], float, float]:
    """The mode in prior units, and the sd and memory of what is missed there."""
    z = np.zeros(life.mean.shape[0])
    sd, memory = SIZES[-1], MEMORIES[2]
    for number in range(ROUNDS):
        if number % 5 == 0:  # structure: how often what is missed is looked at anew
            sd, memory = _best(life.missed(z[None])[0])
        hessian, down, cost = _curvature(life, z, sd, memory)
        if not np.isfinite(cost):
            raise CollapseError("the model fails on this record at the prior's centre: check doses, units and weight")
        tries = np.stack([z + np.linalg.solve(hessian + d * np.diag(np.diag(hessian)), down) for d in DAMPINGS])
        white, _ = _white(life.missed(tries), sd, memory)
        costs = _huber(white) + np.square(tries).sum(axis=1)
        best = int(np.nanargmin(np.where(np.isfinite(costs), costs, np.inf)))
        gain = cost - float(costs[best])
        if not gain > 0.0:
            break
        z = tries[best]
        if gain < 0.01 and number % 5:  # structure: a hundredth of a unit of log likelihood
            break
    return z, sd, memory
