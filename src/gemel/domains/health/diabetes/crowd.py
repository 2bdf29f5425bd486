"""Many persons at once: members of one model who each live their own life, five minutes at a time.

Unlike a forecast, where all members meet one plan, every person here has own inputs at every step, so a policy can
decide for all of them together.  Luck is keyed by person, so two crowds of the same persons meet the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ....core.array import Array, State
from ....core.clock import HOUR, MINUTE, local_clock
from ....core.draws import member_keys
from ....core.drive import Drive, grid_hours
from ....core.errors import CapabilityError
from ....core.fact import Instant
from ....core.model import Fixed, Model
from ....core.prior import JointPrior
from ....core.quantity import names
from ....numerics.sample import draw
from .onboard import SLOT

__all__ = ["STEP", "Crowd", "gather", "quiet"]

STEP: Instant = round(SLOT * MINUTE)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Persons of one model: parameters, covariates, state and keys by row, at instant `at` in time zone `zone`; `epoch`
    is where the grid of their drift begins, None where nothing drifts."""

    model: Model
    theta: Float[Array, "r p"]
    covariates: Float[Array, "r k"]
    state: State
    keys: UInt64[Array, "r"]
    fixed: Fixed
    at: Instant
    epoch: Instant | None
    zone: str = "UTC"

    @property
    def rows(self) -> int:
        """Number of persons."""
        return self.theta.shape[0]

    def take(self, rows: Any) -> Crowd:
        """The persons of these rows, which may repeat."""
        state = {name: np.asarray(leaf)[rows] for name, leaf in self.state.items()}
        return replace(
            self, theta=np.asarray(self.theta)[rows], covariates=np.asarray(self.covariates)[rows], state=state,
            keys=np.asarray(self.keys)[rows],
        )  # fmt: skip

    def inputs(self, given: Mapping[str, Float[Array, "r"]]) -> Float[Array, "r m"]:
        """Rates or doses by name as columns; what is not named is 0."""
        known = names(self.model.inputs)
        columns = np.zeros((self.rows, len(known)))
        for name, value in given.items():
            if name not in known:
                raise CapabilityError(f"'{self.model.card.title}' takes no '{name}': its inputs are {known}")
            columns[:, known.index(name)] = value
        return columns

    def step(
        self, rate: Float[Array, "r m"], dose: Float[Array, "r m"], span: Instant = STEP
    ) -> tuple[Crowd, Float[Array, "r"]]:
        """The persons `span` microseconds on, and their glucose then [mg/dL], NaN for one whose run failed; doses come
        first."""
        drive = Drive(
            np.full((1, 1), float(span)), local_clock([self.at], self.zone)[None], np.array([[self._tick()]]),
            rate[:, None], dose[:, None], np.asarray(self.covariates)[:, None], np.zeros((1, 1), dtype=np.int64),
        )  # fmt: skip
        state, seen = self.model.run(self.state, self.theta, drive, self.fixed, self.keys)
        glucose = np.asarray(seen)[:, 0, names(self.model.observables).index("glucose")]
        return replace(self, state=state, at=self.at + span), glucose

    def glucose(self) -> Float[Array, "r"]:
        """Glucose now [mg/dL]."""
        none = np.zeros((self.rows, len(self.model.inputs)))
        still = replace(self, epoch=None)
        return still.step(none, none, 0)[1]

    def _tick(self) -> int:
        smooth: tuple[Any, ...] = self.model.smooth
        hours = None if self.epoch is None else grid_hours((*self.model.parameters, *smooth))
        if hours is None:
            return -1
        assert self.epoch is not None
        since, every = self.at - self.epoch, round(hours * HOUR)
        return since // every if since % every == 0 else -1


def gather(
    model: Model, count: int, at: Instant, seed: int = 0, known: Mapping[str, float] | None = None,
    prior: JointPrior | None = None,
) -> Crowd:  # fmt: skip
    """So many persons drawn from the model's prior (covariates in `known` are the same for all), not yet at rest."""
    keys, given = member_keys(seed, count), known or {}
    missing = tuple(q for q in model.covariates if q.name not in given)
    drawn = dict(zip(names(missing), draw(JointPrior(missing), keys).T, strict=True))
    columns = [np.full(count, given[q.name]) if q.name in given else drawn[q.name] for q in model.covariates]
    covariates = np.stack(columns, axis=1) if columns else np.zeros((count, 0))
    theta = np.asarray(draw(prior or model.prior, keys, known=model.covariates, covariates=covariates))
    return Crowd(model, theta, covariates, {}, keys, model.prepare({}, {}), at, at)


def quiet(crowd: Crowd, basal: Float[Array, "r"]) -> Crowd:
    """The persons at rest under these basal rates [[IU]/h]."""
    state = crowd.model.init(crowd.theta, crowd.covariates, crowd.inputs({"insulin": basal}), crowd.fixed, crowd.keys)
    return replace(crowd, state={name: np.asarray(leaf) for name, leaf in state.items()})
