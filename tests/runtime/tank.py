"""The smallest model that has everything the runtime must handle, in numpy alone: a leaking tank.

level' = -(level - rest) / TAU + flow / size,   a dose raises the level at once,   noise on an hourly epoch grid
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gemel.core.array import Array
from gemel.core.belief import Belief, Evidence, Posterior
from gemel.core.card import Card
from gemel.core.clock import HOUR
from gemel.core.draws import normal, purpose
from gemel.core.drive import Drive
from gemel.core.errors import CollapseError
from gemel.core.model import Window
from gemel.core.prior import JointPrior
from gemel.core.quantity import Drift, Noise, Prior, Quantity, Setting, Source
from gemel.engines.sweep import advance

MADE_UP = Source("gemel:tests", "made up for tests")
TAU = 3.0
WALK = Drift("walk", sd=2.0, every=1.0, source=MADE_UP)


@dataclass(frozen=True)
class Tank:
    """Level [mg/dL] of a tank of `size` [dL]; the resting level differs from tank to tank."""

    version: str = "1"
    parameters: ClassVar[tuple[Quantity, ...]] = (
        Quantity("rest", "mg/dL", 0.0, 1000.0, prior=Prior("normal", (100.0, 20.0), MADE_UP)),
    )
    covariates: ClassVar[tuple[Quantity, ...]] = (
        Quantity("size", "dL", 0.1, 100.0, code="test:size", prior=Prior("lognormal", (0.0, 0.2), MADE_UP)),
    )
    smooth: ClassVar[tuple[Quantity, ...]] = (Quantity("level", "mg/dL", drift=WALK),)
    observables: ClassVar[tuple[Quantity, ...]] = (
        Quantity("level", "mg/dL", 0.0, 2000.0, code="test:level", analyte="glucose",
                 noise=Noise("normal", MADE_UP, sd=5.0)),
    )  # fmt: skip
    inputs: ClassVar[tuple[Quantity, ...]] = (
        Quantity("flow", "mg/h", 0.0, 1e4, dose_unit="mg", code="test:flow"),
        Quantity("heat", "mg/h", 0.0, 1e4, code="test:heat"),
    )
    settings: ClassVar[tuple[Setting, ...]] = (Setting("lid", ("open", "shut"), "open"),)
    prior: ClassVar[JointPrior] = JointPrior(parameters)

    @property
    def card(self) -> Card:
        return Card(
            title="tank", version=self.version, kind="device", intended_use="tests", not_for="anything else",
            population="none", causal="mechanistic", sources=(MADE_UP,), limits="made up",
        )  # fmt: skip

    def prepare(self, settings: Any, assets: Any) -> None:
        return None

    def init(self, theta: Array, covariates: Array, rate: Array, fixed: Any, key: Array) -> dict[str, Array]:
        return {"level": self._target(np.asarray(theta), np.asarray(covariates), np.asarray(rate))}

    def run(self, state: Any, theta: Array, drive: Drive, fixed: Any, key: Array) -> tuple[dict[str, Array], Array]:
        level, theta = np.array(state["level"], dtype=float), np.asarray(theta)
        dt, tick, rate, dose = (np.asarray(a) for a in (drive.dt, drive.tick, drive.rate, drive.dose))
        k, output = np.asarray(drive.covariates), np.asarray(drive.output)
        seen = np.zeros((level.size, dt.shape[1]))
        for s in range(dt.shape[1]):
            size = k[:, min(s, k.shape[1] - 1), 0]
            luck = normal(np.asarray(key), purpose("walk"), tick[:, s])
            level = level + np.where(tick[:, s] >= 0, WALK.sd * luck, 0.0) + dose[:, s, 0] / size
            target = self._target(theta, k[:, min(s, k.shape[1] - 1)], rate[:, s])
            level = target + (level - target) * np.exp(-dt[:, s] / HOUR / TAU)
            seen[:, s] = level
        rows = np.broadcast_to(output, (level.size, output.shape[1]))
        return {"level": level}, np.take_along_axis(seen, rows, axis=1)[:, :, None]

    @staticmethod
    def _target(theta: Any, covariates: Any, rate: Any) -> Any:
        return theta[:, 0] + rate[..., 0] / covariates[..., 0] * TAU


@dataclass(frozen=True)
class Pull:
    """An ensemble Kalman filter of the level alone, in numpy; a reading `far` sd off leaves no belief."""

    far: float = 60.0
    needs: tuple[type, ...] = ()

    def assimilate(self, model: Any, prior: Belief, window: Window, fixed: Any, key: Array) -> Posterior:
        belief, twins = prior, window.low.shape[0]
        for step in window.steps():
            belief, seen = advance(model, belief, step, fixed, key)
            each = belief.rows // twins
            low, high, sd = (np.repeat(np.asarray(a)[:, 0, 0], each) for a in (step.low, step.high, step.sd))
            at = np.repeat(np.asarray(step.at)[:, 0], each)
            error = np.where(np.isnan(sd), 5.0, sd) * np.asarray(normal(np.asarray(key), purpose("pull"), at))
            noisy = np.asarray(seen)[:, 0] + error
            gap = np.where(np.isnan(low), 0.0, np.clip(noisy, low, high) - noisy)
            if np.max(np.abs(gap)) > self.far * 5.0:
                raise CollapseError(f"a reading lies {np.max(np.abs(gap)):g} mg/dL off")
            columns = np.stack([np.asarray(belief.state["level"]), np.asarray(belief.theta)[:, 0]])
            for t in range(twins):
                rows = slice(t * each, (t + 1) * each)
                cov = np.cov(columns[:, rows])
                columns[:, rows] += cov[:, :1] / (cov[0, 0] + 25.0) * gap[rows]
            theta = np.clip(columns[1], 1.0, 999.0)[:, None]
            belief = replace(belief, state={"level": columns[0]}, theta=theta)
        ones = np.ones(twins)
        return Posterior(belief, Evidence(ones, ones.astype(int), 0.0 * ones, 0 * ones.astype(int)))


@dataclass(frozen=True)
class Deaf:
    """Time passes and no reading is believed: what a twin does that is driven by something else than its sensor."""

    needs: tuple[type, ...] = ()

    def assimilate(self, model: Any, prior: Belief, window: Window, fixed: Any, key: Array) -> Posterior:
        belief, ones = prior, np.ones(window.low.shape[0])
        for step in window.steps():
            belief, _ = advance(model, belief, step, fixed, key)
        return Posterior(belief, Evidence(ones, ones.astype(int), 0.0 * ones, 0 * ones.astype(int)))


@dataclass(frozen=True)
class Steady(Tank):
    """A tank that knows that its sensor scatters by 25."""

    observables: ClassVar[tuple[Quantity, ...]] = (
        Quantity("level", "mg/dL", 0.0, 2000.0, code="test:level", analyte="glucose",
                 noise=Noise("normal", MADE_UP, sd=25.0)),
    )  # fmt: skip


model = Tank()
steady = Steady()
newer = Tank(version="2")
