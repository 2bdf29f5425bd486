"""The contracts of models and engines, and the window of facts an engine meets.

A model is a frozen value that hashes by value.  Only its structure is static; everything that differs between subjects
is array data.  Authors write one member (`numerics.flow`, `numerics.jump`) or whole arrays (`run` itself).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from .array import Array, State
from .belief import Belief, Posterior
from .card import Card
from .drive import Drive
from .prior import JointPrior
from .quantity import Quantity, Setting

__all__ = [
    "AbsorbFacts",
    "Absorbs",
    "Conserving",
    "Declared",
    "Differentiable",
    "Engine",
    "Localised",
    "Model",
    "Scored",
    "Smoother",
    "Window",
    "settle",
]

Settings = Mapping[str, str | int | float]
Assets = Mapping[str, Any]
Fixed = Any
"""What `prepare` makes of settings and assets: arrays without a member axis, or None."""


@runtime_checkable
class Declared(Protocol):
    """What a model says of itself, whoever writes it: whole arrays, one member's equations or one member's events."""

    @property
    def card(self) -> Card:
        """What the model is, and is not, for."""
        ...

    @property
    def prior(self) -> JointPrior:
        """Joint prior of the parameters."""
        ...

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """Unknown constants, which may drift."""
        ...

    @property
    def covariates(self) -> tuple[Quantity, ...]:
        """What is known of the subject."""
        ...

    @property
    def observables(self) -> tuple[Quantity, ...]:
        """What can be read."""
        ...

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """What a plan sets."""
        ...

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Discrete choices."""
        ...


@runtime_checkable
class Model(Declared, Protocol):
    """What every model offers.

    prepare: settings and assets into fixed arrays.  init: members at the start, in steady state under `rate`.
    run: the state after the drive, and observables at its outputs; a failed member's observables are NaN.
    """

    @property
    def smooth(self) -> tuple[Quantity, ...]:
        """State that an engine may move a little."""
        ...

    def prepare(self, settings: Settings, assets: Assets) -> Fixed:
        """Settings and assets as fixed arrays."""
        ...

    def init(
        self,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        rate: Float[Array, "r m"],
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """Members at the start."""
        ...

    def run(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[State, Float[Array, "r t c"]]:
        """All members through the drive."""
        ...


@dataclass(frozen=True, slots=True)
class AbsorbFacts:
    """Facts that set state at one cut, padded per twin: code index into `Absorbs.absorbs` (-1 pads), value, entity
    number, asset number, and hours before the cut at which each happened."""

    code: Int[Array, "b f"]
    value: Float[Array, "b f"]
    entity: Int[Array, "b f"]
    asset: Int[Array, "b f"]
    ago: Float[Array, "b f"]


@runtime_checkable
class Absorbs(Protocol):
    """A model some facts set rather than inform: an admission, a last lab, a new scan.

    `absorbs` are the quantities by whose codes such facts come, and in whose units `absorb` gets them; a code listed
    here is no longer a reading, even where an observable shares it.
    """

    @property
    def absorbs(self) -> tuple[Quantity, ...]:
        """Quantities whose facts set state."""
        ...

    def absorb(
        self,
        state: State,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        facts: AbsorbFacts,
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """The state after the facts."""
        ...


@runtime_checkable
class Differentiable(Protocol):
    """A model whose `run` is traceable by JAX, so that gradients with respect to `theta` exist."""

    differentiable: bool


@runtime_checkable
class Scored(Protocol):
    """A model that brings its own likelihood, used instead of the declared noise.

    score: log likelihood of each member for the readings in [low, high] of its row (NaN: not read).
    """

    def score(
        self,
        predicted: Float[Array, "r c"],
        low: Float[Array, "r c"],
        high: Float[Array, "r c"],
        theta: Float[Array, "r p"],
    ) -> Float[Array, "r"]:
        """Log likelihood of each member."""
        ...


@runtime_checkable
class Localised(Protocol):
    """A model (or a flow's member) that knows how far a reading tells: coupled, or spread out in space.

    reach: by name, the weight between 0 and 1 with which a reading of the observable may move a parameter, a smooth
    leaf (a number, or one for each of the leaf's own) or another observable's prediction; one not named is not moved.
    """

    def reach(self, observable: str) -> Mapping[str, float | Array]:
        """Weights of what a reading of this observable may move."""
        ...


@runtime_checkable
class Conserving(Protocol):
    """A model with totals (mass, beds, people) that only inputs and declared outflows change."""

    def totals(self, state: State, theta: Float[Array, "r p"]) -> Float[Array, "r q"]:
        """Each total of each member."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time and what was learned in it, for b twins at once.

    A reading of observable c at output j says `low` <= value <= `high` (equal for an exact one, NaN where there was
    none) with instrument error `sd` (NaN: the model's own noise).  `facts[j]` are set at output j, before its readings;
    `at` are the outputs' instants.
    """

    drive: Drive
    at: Int[Array, "b t"]
    low: Float[Array, "b t c"]
    high: Float[Array, "b t c"]
    sd: Float[Array, "b t c"]
    facts: tuple[AbsorbFacts | None, ...]

    @property
    def seen(self) -> Bool[Array, "b t c"]:
        """Where there is a reading."""
        return ~np.isnan(np.asarray(self.low))

    def steps(self) -> list[Window]:
        """One window per output, in order."""
        if len(self.facts) == 1:
            return [self]
        one = [slice(j, j + 1) for j in range(len(self.facts))]
        return [
            Window(d, self.at[:, j], self.low[:, j], self.high[:, j], self.sd[:, j], self.facts[j])
            for j, d in zip(one, self.drive.steps(), strict=True)
        ]


@runtime_checkable
class Engine(Protocol):
    """Turns a prior belief at the window's start into a posterior at its end.

    `needs` are capabilities the model must offer, checked when the twin is built.
    """

    @property
    def needs(self) -> tuple[type, ...]:
        """Capabilities the model must offer."""
        ...

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """The belief after the window."""
        ...


@runtime_checkable
class Smoother(Protocol):
    """An engine that can also say what was, given everything learned since."""

    def smoothed(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"], keep: Sequence[int]
    ) -> list[Posterior]:
        """The beliefs at the outputs numbered in `keep`, each given all readings of the window."""
        ...


def settle(settings: Sequence[Setting], chosen: Settings) -> dict[str, str | int | float]:
    """Every setting with its chosen or default value; CapabilityError for an unknown name or choice."""
    from .errors import CapabilityError

    known = {s.name: s for s in settings}
    for name, value in chosen.items():
        if name not in known:
            raise CapabilityError(f"no setting '{name}': this model has {sorted(known) or 'none'}")
        if known[name].choices and value not in known[name].choices:
            raise CapabilityError(f"setting '{name}' is {value!r}: choose one of {known[name].choices}")
    return {name: chosen.get(name, s.default) for name, s in known.items()}
