"""Particle filter with tempered steps and accepted moves: legal for every model, also for counts, queues and agents.

Each reading is let in by stages, between which members are resampled and moved by `engines.temper`: parameters, smooth
states and luck of the step follow the readings by steps that leave the law unchanged.  When, after all stages, fewer
than `floor` x n distinct members are left, the filter raises CollapseError instead of returning a confident wrong
belief.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.clock import text
from ..core.errors import CollapseError
from ..core.extra import require
from ..core.model import Fixed, Model, Scored, Window
from ..core.quantity import Quantity, bound, free, names
from .sweep import advance, after_reading, occasions
from .temper import Played, Tempered, Tempering

__all__ = ["TemperedParticle", "log_likelihood"]

NARROW = 16
"""Numbers of a leaf up to which a move minds them: a wider one is a calendar or a table, more than members can tell."""


@dataclass(frozen=True, slots=True)
class TemperedParticle:
    """The filter.  `keep`: least effective fraction within a stage; `floor`: least fraction of distinct members that
    must be left of one step (0: any, and none is looked for); `stages`: most stages for one step; `moves`: how
    often a member is to be moved after each, on average."""

    keep: float = 0.5
    floor: float = 0.02
    stages: int = 64
    moves: float = 1.5
    needs: tuple[type, ...] = ()

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  Raises CollapseError (see above)."""
        return self.smoothed(model, prior, window, fixed, key, [len(window.facts) - 1])[0]

    def smoothed(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"], keep: Sequence[int]
    ) -> list[Posterior]:
        """The beliefs at the outputs numbered in `keep`, each given all readings of the window: the paths of the
        members at its end (Kitagawa 1996, doi:10.1080/10618600.1996.10474692).  Few distinct ancestors are left far
        back; `Evidence.ancestors` says how many."""
        twins = window.low.shape[0]
        belief = replace(prior, theta=np.array(prior.theta), logw=np.array(prior.logw, dtype=float))
        held: dict[int, _Held] = {-1: _Held(belief)}
        ess, log_evidence = np.full(twins, np.inf), np.zeros(twins)
        for j, (step, number) in enumerate(zip(window.steps(), occasions(window).T, strict=True)):
            game = _Step(model, step, fixed)
            end, logl = game.play(belief, key)
            if step.seen.any():
                end.weights(twins)  # raises when every member of a twin has failed
                left = self._let_in(model, game, Played(belief, end, key, logl), number)
                end, log_evidence = replace(left.played.end, logw=left.logw.reshape(-1)), log_evidence + left.gained
                held = {i: one.after(left, moved=i == j - 1) for i, one in held.items()}
            belief = end
            ess = np.minimum(ess, belief.ess(twins))
            held |= {j: _Held(belief)} if j in keep else {}
        failed = (~np.isfinite(belief.logw)).reshape(twins, -1).sum(axis=1)
        last = len(window.facts) - 1
        lines = [held[-1 if j == last else j].line for j in keep]
        return [
            Posterior(held[j].path(belief), Evidence(ess, _distinct(line, twins), log_evidence, failed))
            for j, line in zip(keep, lines, strict=True)
        ]

    def _let_in(self, model: Model, game: _Step, played: Played, number: Int[Array, "b"]) -> Tempered:
        """One step's readings let in by stages; CollapseError when too few distinct members are left."""
        twins = number.shape[0]
        each = played.logl.shape[0] // twins
        logw = np.asarray(played.end.logw).reshape(twins, each)
        left = Tempering(self.keep, self.stages, self.moves)(game, played, logw, number, played.luck)
        least = max(2.0, self.floor * each) if self.floor > 0.0 else 0.0
        if np.any(left.done < 1.0) or left.distinct.min() < least:
            raise CollapseError(
                f"'{model.card.title}' at {text(played.end.at)}: {left.distinct.min()} of {each} members survive the "
                f"readings in {self.stages} stages (floor {self.floor:.0%}): the model does not explain them; check "
                "the readings, widen the prior or the declared model error, or use more members"
            )
        return left


@dataclass(frozen=True, slots=True)
class _Held:
    """A belief on the way, the row of it that each member of the present comes from, and the row it came from then
    before that row itself was moved."""

    belief: Belief
    place: Int[Array, "r"] | None = None
    origin: Int[Array, "r"] | None = None

    @property
    def line(self) -> Int[Array, "r"]:
        """The ancestor of each member of the present."""
        return np.arange(self.belief.rows) if self.origin is None else self.origin

    def after(self, left: Tempered, moved: bool) -> _Held:
        """The same once a later step has chosen among its descendants, and, where it was the step's start, moved it."""
        if moved:
            return _Held(left.played.start, None, self.line[left.parents])
        place = np.arange(self.belief.rows) if self.place is None else self.place
        return _Held(self.belief, place[left.parents], self.line[left.parents])

    def path(self, now: Belief) -> Belief:
        """The belief of then as the members of the present remember it, with their parameters and weights."""
        then = self.belief if self.place is None else self.belief.take(self.place)
        return replace(then, theta=now.theta, logw=now.logw)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the members as a game: their starts are parameters and state."""

    model: Model
    step: Window
    fixed: Fixed

    def play(self, start: Belief, luck: UInt64[Array, "r"]) -> tuple[Belief, Float[Array, "r"]]:
        """See `temper.Game`."""
        end, running = advance(self.model, start, self.step, self.fixed, luck)
        end, predicted = after_reading(self.model, end, running, self.step)
        return end, log_likelihood(self.model, np.asarray(predicted), end, self.step)

    def columns(self, start: Belief) -> tuple[Float[Array, "r d"], Bool[Array, "d"]]:
        """Parameters and smooth states in free space, which may move; covariates and other plain numbers of the state,
        which may not."""
        own = [free(q, np.asarray(start.theta)[:, i])[:, None] for i, q in self._moving()]
        own += [free(q, np.asarray(start.state[q.name])).reshape(start.rows, -1) for q in self.model.smooth]
        smooth = names(self.model.smooth)
        plain = [np.asarray(leaf) for name, leaf in start.state.items() if name not in smooth]
        rest = [leaf.reshape(start.rows, -1).astype(float) for leaf in plain if leaf.dtype.kind in "fi"]
        rest = [_finite(leaf) for leaf in rest if leaf.shape[1] <= NARROW]
        whole = np.concatenate([*own, *rest, np.asarray(start.covariates)], axis=1).astype(float)
        usable = np.isfinite(whole).all(axis=0)
        may = np.arange(whole.shape[1]) < sum(piece.shape[1] for piece in own)
        return np.where(usable, whole, 0.0), may & usable

    def changed(self, start: Belief, columns: Float[Array, "r d"]) -> Belief:
        """See `temper.Game`."""
        before, may = self.columns(start)
        theta, state = np.array(start.theta), dict(start.state)
        same = (before == columns) | ~may
        at = 0
        for i, q in self._moving():
            theta[:, i] = np.where(same[:, at], theta[:, i], bound(q, columns[:, at]))
            at += 1
        for q in self.model.smooth:
            leaf = np.asarray(state[q.name])
            own = slice(at, at + int(np.prod(leaf.shape[1:], dtype=int)))
            moved = bound(q, columns[:, own].reshape(leaf.shape))
            state[q.name] = np.where(same[:, own].reshape(leaf.shape), leaf, moved)
            at = own.stop
        return replace(start, theta=theta, state=state)

    def _moving(self) -> list[tuple[int, Quantity]]:
        return [(i, q) for i, q in enumerate(self.model.parameters) if q.prior is None or q.prior.family != "fixed"]


def _finite(leaf: Float[Array, "r d"]) -> Float[Array, "r d"]:
    """The numbers with "never" as one more than the largest, and "long ago" as one less than the smallest."""
    x = np.array(leaf, dtype=float)
    known = np.where(np.isfinite(x), x, 0.0)
    return np.where(x == np.inf, known.max(axis=0) + 1.0, np.where(x == -np.inf, known.min(axis=0) - 1.0, x))


def _distinct(line: Int[Array, "r"], twins: int) -> Int[Array, "b"]:
    """How many different rows each twin's members come from."""
    return np.array([np.unique(own).size for own in line.reshape(twins, -1)])


def log_likelihood(model: Model, predicted: Float[Array, "r c"], belief: Belief, step: Window) -> Float[Array, "r"]:
    """Log likelihood of one step's readings under each member: the model's own if it brings one, else the declared
    noise, as a density for an exact reading and a probability for an interval."""
    each = belief.rows // step.low.shape[0]
    low, high, sd = (np.repeat(np.asarray(a)[:, 0], each, axis=0) for a in (step.low, step.high, step.sd))
    if isinstance(model, Scored):
        return np.asarray(model.score(predicted, low, high, belief.theta))
    total = np.zeros(belief.rows)
    for c, q in enumerate(model.observables):
        seen = ~np.isnan(low[:, c])
        if seen.any():
            own = _one(q, predicted[:, c], (low[:, c], high[:, c], sd[:, c]), model.parameters, belief)
            total += np.where(seen, own, 0.0)
    return np.where(np.isnan(total), -np.inf, total)


def _one(q: Quantity, mean: Array, reading: tuple[Array, Array, Array], parameters: tuple[Quantity, ...],
         belief: Belief) -> Float[Array, "r"]:  # fmt: skip
    low, high, sd = reading
    noise = q.noise
    special = require("scipy.special", "twin")
    if noise is not None and noise.family == "poisson":
        mu = np.maximum(mean, 1e-300)
        exact = low * np.log(mu) - mu - special.gammaln(low + 1.0)
        inside = special.pdtr(np.minimum(high, 1e300), mu) - np.where(low > 0, special.pdtr(low - 1.0, mu), 0.0)
        return np.where(low == high, exact, np.log(np.maximum(inside, 1e-300)))
    size = np.full(mean.shape, noise.sd if noise is not None else 0.0)
    if noise is not None and noise.parameter is not None:
        size = np.asarray(belief.theta)[:, names(parameters).index(noise.parameter)]
    if noise is not None and noise.family == "lognormal":
        mean, low, high = np.log(np.maximum(mean, 1e-300)), np.log(low), np.log(high)
    elif noise is not None:
        size = np.sqrt(size**2 + (noise.relative * mean) ** 2)
    size = np.where(np.isnan(sd), size, sd)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (low - mean) / size
        exact = -0.5 * z * z - np.log(size) - 0.5 * np.log(2.0 * np.pi)
        inside = special.ndtr((high - mean) / size) - special.ndtr(z)
        return np.where(low == high, exact, np.log(np.maximum(inside, 1e-300)))
