"""Nested filter: groups of members, each with its own sizes of noise and drift, and a filter of its own.

No gain can learn the size of a noise: it correlates with no reading.  A group that believes in another size predicts
the readings better or worse, and that is its evidence: the outer parameters of the groups are weighed, let in by stages
and moved (`engines.temper`) by the evidence of the window under the group's inner filter, which is run again
for every move (nested particle filter: Crisan and Miguez 2018, doi:10.3150/17-BEJ954; tempered marginalized sequential
Monte Carlo: Duan and Fulop 2015, doi:10.1080/07350015.2014.940081).

The first window makes the groups: each takes the outer parameters of its first member.  Not for outer parameters that
the state at the start depends on: it keeps the state it was drawn with.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.clock import text
from ..core.drive import Drive
from ..core.errors import CapabilityError, CollapseError
from ..core.model import AbsorbFacts, Fixed, Model, Window
from ..core.quantity import Quantity, bound, free, names
from .enkf import EnsembleKalman, even
from .particle import TemperedParticle
from .temper import Played, Tempering, log_sum, resampled

__all__ = ["NestedFilter", "sizes"]


def sizes(model: Model) -> tuple[str, ...]:
    """The parameters that size a noise or a drift of this model."""
    every = (*model.observables, *model.parameters, *model.smooth)
    named = {law.parameter for q in every for law in (q.noise, q.drift) if law is not None}
    return tuple(name for name in names(model.parameters) if name in named)


@dataclass(frozen=True, slots=True)
class NestedFilter:
    """`groups` of members; `outer`: names of the parameters they differ in, with spaces between (empty: those that size
    a noise or a drift); `inner`: the filter of each; `keep`, `stages`, `moves` as in `temper.Tempering`; `floor`: least
    fraction of distinct groups."""

    groups: int = 32
    outer: str = ""
    inner: Literal["enkf", "particle"] = "enkf"
    keep: float = 0.5
    floor: float = 0.1
    stages: int = 32
    moves: float = 1.0
    needs: tuple[type, ...] = ()

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  Raises CapabilityError for a model without such
        parameters or members that do not fill the groups, CollapseError when too few groups explain the readings."""
        twins = window.low.shape[0]
        game = self._game(model, window, fixed, prior.rows // twins)
        start, logw = game.grouped(prior, key, window.at[:, 0])
        end, logl = game.play(start, key)
        number = np.asarray(window.at)[:, -1]
        left = Tempering(self.keep, self.stages, self.moves)(game, Played(start, end, key, logl), logw, number, key)
        if np.any(left.done < 1.0) or left.distinct.min() < max(2.0, self.floor * self.groups):
            raise CollapseError(
                f"'{model.card.title}' at {text(end.at)}: {left.distinct.min()} of {self.groups} groups explain the "
                f"readings (floor {self.floor:.0%}): check the readings, widen the prior of {game.labels}, or use more "
                "groups"
            )
        each = end.rows // logl.shape[0]
        inner = np.asarray(left.played.end.logw)
        weight = np.repeat(left.logw.reshape(-1), each)
        belief = replace(left.played.end, logw=np.where(np.isfinite(inner), weight, -np.inf))
        ancestors = np.array([np.unique(own).size for own in left.parents.reshape(twins, -1)])
        failed = (~np.isfinite(inner)).reshape(twins, -1).sum(axis=1)
        return Posterior(belief, Evidence(belief.ess(twins), ancestors, left.gained, failed))

    def _game(self, model: Model, window: Window, fixed: Fixed, members: int) -> _Groups:
        chosen = tuple(self.outer.split()) or sizes(model)
        unknown = sorted(set(chosen) - set(names(model.parameters)))
        if unknown or not chosen:
            raise CapabilityError(
                f"'{model.card.title}' has {'no parameter ' + str(unknown) if unknown else 'no size of noise or drift'}"
                f" for groups to differ in: its parameters are {names(model.parameters)}"
            )
        if members % self.groups or members < 2 * self.groups:
            raise CapabilityError(
                f"{members} members do not fill {self.groups} groups: give a multiple, 2 each or more"
            )
        engine = EnsembleKalman() if self.inner == "enkf" else TemperedParticle(floor=0.0, moves=0.0)
        columns = tuple((i, q) for i, q in enumerate(model.parameters) if q.name in chosen)
        return _Groups(model, _again(window, self.groups), fixed, engine, columns)


@dataclass(frozen=True, slots=True)
class _Groups:
    """The window as a game of groups: their starts are their outer parameters."""

    model: Model
    window: Window
    fixed: Fixed
    engine: EnsembleKalman | TemperedParticle
    outer: tuple[tuple[int, Quantity], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the outer parameters."""
        return names([q for _, q in self.outer])

    @property
    def units(self) -> int:
        """Groups of all twins."""
        return self.window.low.shape[0]

    def play(self, start: Belief, luck: UInt64[Array, "r"]) -> tuple[Belief, Float[Array, "u"]]:
        """See `temper.Game`; a group without a living member has no likelihood."""
        ready = replace(start, logw=np.where(np.isfinite(start.logw), 0.0, -np.inf))
        done = self.engine.assimilate(self.model, ready, self.window, self.fixed, luck)
        logw = np.asarray(done.belief.logw).reshape(self.units, -1)
        return done.belief, np.where(np.isfinite(logw).any(axis=1), np.asarray(done.evidence.log_evidence), -np.inf)

    def columns(self, start: Belief) -> tuple[Float[Array, "u d"], Bool[Array, "d"]]:
        """See `temper.Game`."""
        first = np.asarray(start.theta)[:: start.rows // self.units]
        return np.stack([free(q, first[:, i]) for i, q in self.outer], axis=1), np.ones(len(self.outer), dtype=bool)

    def changed(self, start: Belief, columns: Float[Array, "u d"]) -> Belief:
        """See `temper.Game`."""
        theta, each = np.array(start.theta), start.rows // self.units
        for k, (i, q) in enumerate(self.outer):
            theta[:, i] = np.repeat(bound(q, columns[:, k]), each)
        return replace(start, theta=theta)

    def grouped(
        self, prior: Belief, key: UInt64[Array, "r"], at: Int[Array, "b"]
    ) -> tuple[Belief, Float[Array, "b g"]]:
        """The groups at the start, and their log weights: as they are where the members of each agree on the outer
        parameters, else made now.  A group that has died is replaced by a living one."""
        outer = np.asarray(prior.theta)[:, [i for i, _ in self.outer]].reshape(self.units, -1, len(self.outer))
        twins = at.shape[0]
        if not np.all(outer == outer[:, :1]):
            fresh = even(prior, key, at)
            return self.changed(fresh, self.columns(fresh)[0]), np.zeros((twins, self.units // twins))
        logw = log_sum(np.asarray(prior.logw).reshape(self.units, -1)).reshape(twins, -1)
        if np.isfinite(logw).all():
            return prior, logw
        prior.weights(twins)  # raises when every member of a twin has failed
        index = resampled(logw, np.ones(twins, dtype=bool), key[:: prior.rows // self.units], at)
        rows = index[:, None] * (prior.rows // self.units) + np.arange(prior.rows // self.units)
        return prior.take(rows.reshape(-1)), np.zeros_like(logw)


def _again(window: Window, groups: int) -> Window:
    """The window once for each group of each twin."""
    twins = window.low.shape[0]

    def each(a: Array) -> Array:
        return np.repeat(np.asarray(a), groups, axis=0) if a.shape[0] == twins else a

    drive = window.drive
    if twins > 1:
        drive = Drive(*(each(getattr(drive, f.name)) for f in fields(Drive)))
    facts = tuple(
        None if one is None else AbsorbFacts(*(each(getattr(one, f.name)) for f in fields(AbsorbFacts)))
        for one in window.facts
    )
    return Window(drive, each(window.at), each(window.low), each(window.high), each(window.sd), facts)
