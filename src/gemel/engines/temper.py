"""Tempering: a step's likelihood is let in by stages, and after each stage what was copied moves apart again.

Each stage is as large as keeps the effective sample size above `keep` x n (Neal 2001, doi:10.1023/A:1008923215028;
adaptive stages after Del Moral, Doucet and Jasra 2012, doi:10.1007/s11222-011-9271-y).  Then units are resampled and
moved by Metropolis and Hastings steps that leave the stage's law unchanged (Gilks and Berzuini 2001,
doi:10.1111/1467-9868.00280): the step is played again from a moved start, or with fresh luck, and

    accept with probability min(1, (L'/L)^done p'/p)

where L is the likelihood of what was played, `done` the part of it let in so far, and p the law of the starts, an
`engines.cloud.Cloud` of the ensemble as it was before the step.  Parameters follow the readings and are not blurred.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, systematic
from ..core.draws import mix, normal, purpose, uniform
from .cloud import Cloud

__all__ = ["Game", "Played", "Tempered", "Tempering", "effective", "log_sum", "resampled"]

STAGE, STEP, ACCEPT, FRESH = purpose("resample"), purpose("move"), purpose("accept"), purpose("fresh luck")
SCALES = (1.0, 0.4, 0.15)
"""Sizes of moves tried in turn, times 2.38 / sqrt(d), the best for a normal law (Roberts, Gelman and Gilks 1997,
doi:10.1214/aoap/1034625254): where a large one fails, as at the edge of a likelihood, a small one still moves."""
BEST = 2.38
MOST_MOVES = 12
"""Moves tried after a stage: where so many leave most units where they were, the floor of the engine raises."""


@dataclass(frozen=True, slots=True)
class Played:
    """u units at a step's start and at its end, the keys (r,) of the luck rows met, and each unit's log likelihood."""

    start: Belief
    end: Belief
    luck: UInt64[Array, "r"]
    logl: Float[Array, "u"]

    @property
    def each(self) -> int:
        """Rows of one unit."""
        return self.end.rows // self.logl.shape[0]

    def take(self, units: Int[Array, "v"]) -> Played:
        """These units, each as often as it is named."""
        rows = (np.asarray(units)[:, None] * self.each + np.arange(self.each)).reshape(-1)
        return Played(_rows(self.start, rows), _rows(self.end, rows), self.luck[rows], self.logl[units])

    def where(self, other: Bool[Array, "u"], another: Played) -> Played:
        """The units of `another` where `other` says so, and else these."""
        return _stacked(self, another).take(np.arange(other.size) + np.where(other, other.size, 0))


@runtime_checkable
class Game(Protocol):
    """A step that can be played again."""

    def play(self, start: Belief, luck: UInt64[Array, "r"]) -> tuple[Belief, Float[Array, "u"]]:
        """The end of the step from this start with this luck, and each unit's log likelihood of its readings."""
        ...

    def columns(self, start: Belief) -> tuple[Float[Array, "u d"], Bool[Array, "d"]]:
        """The numbers of each unit's start that a move must weigh, and which of them it may change."""
        ...

    def changed(self, start: Belief, columns: Float[Array, "u d"]) -> Belief:
        """The start with these numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Tempered:
    """What is left of a step: the units, their log weights (b, n), the unit each descends from, how many distinct ones
    each of b twins holds among those it could hold before the step, its log evidence, and the part of the likelihood
    that was let in."""

    played: Played
    logw: Float[Array, "b n"]
    parents: Int[Array, "u"]
    distinct: Int[Array, "b"]
    gained: Float[Array, "b"]
    done: Float[Array, "b"]


@dataclass(frozen=True, slots=True)
class Tempering:
    """`keep`: least effective fraction within a stage; `stages`: most of them; `moves`: how often a unit is to be moved
    after each, on average (at most `MOST_MOVES` are tried)."""

    keep: float = 0.5
    stages: int = 64
    moves: float = 1.5

    def __call__(
        self, game: Game, played: Played, logw: Float[Array, "b n"], number: Int[Array, "b"], key: UInt64[Array, "r"]
    ) -> Tempered:
        """The units after the step's readings; `number` is what each twin's luck is drawn by."""
        logw = np.array(logw)
        twins, n = logw.shape
        walk = _Walk(game, played, logw, number)
        parents, identity = np.arange(twins * n), np.arange(twins * n)
        done, gained = np.zeros(twins), np.zeros(twins)
        for stage in range(self.stages):
            gain = played.logl.reshape(twins, n)
            share = self._shares(logw, gain, 1.0 - done)
            new = _let_in(logw, gain, share)
            gained, done = gained + log_sum(new) - log_sum(logw), done + share
            logw = new
            if np.all(done >= 1.0):
                break
            luck, waiting = mix(key[:: played.each], np.uint64(stage)), done < 1.0
            index = resampled(logw, waiting, luck, number)
            logw[waiting] = 0.0
            played, parents, identity = played.take(index), parents[index], identity[index]
            accepted, moving = np.zeros(twins), waiting
            for turn in range(MOST_MOVES if self.moves > 0.0 else 0):
                played, moved = walk.moved(played, done, moving, (mix(luck, np.uint64(turn)), turn))
                identity = np.where(moved, np.arange(twins * n) + (stage * MOST_MOVES + turn + 1) * twins * n, identity)
                accepted = accepted + moved.reshape(twins, n).mean(axis=1)
                moving = waiting & (accepted < self.moves)
                if not moving.any():
                    break
        sound = np.isfinite(logw) & walk.inside(played.start)
        distinct = np.array([np.unique(i[a]).size for i, a in zip(identity.reshape(twins, n), sound, strict=True)])
        return Tempered(played, logw, parents, distinct, gained, done)

    def _shares(self, logw: Float[Array, "b n"], gain: Float[Array, "b n"], most: Float[Array, "b"]) -> Array:
        """The largest part (up to `most`) of the log likelihood that keeps each twin's effective sample size up."""
        target = self.keep * np.isfinite(logw).sum(axis=1)
        enough = lambda part: effective(_let_in(logw, gain, part)) >= target  # noqa: E731
        whole, none = enough(most), ~enough(np.zeros_like(most))
        low, high = np.zeros_like(most), np.array(most)
        for _ in range(40):  # structure: bisection to one part in 10^12
            middle = 0.5 * (low + high)
            fits = enough(middle)
            low, high = np.where(fits, middle, low), np.where(fits, high, middle)
        found = np.where(whole, most, np.where(none, 0.0, np.maximum(low, most * 1e-6)))
        return np.where(most <= 0.0, 0.0, found)


class _Walk:
    """Moves of the units of b twins; the laws of their starts are found when first needed."""

    def __init__(self, game: Game, played: Played, logw: Float[Array, "b n"], number: Int[Array, "b"]) -> None:
        self.game, self.number = game, number
        self.twins, self.n = logw.shape
        self.before, self.logw = played.start, np.array(logw)
        self.clouds: list[Cloud] | None = None
        self.chance = np.ones(self.twins, dtype=bool)

    def moved(
        self, played: Played, done: Float[Array, "b"], waiting: Bool[Array, "b"], turn: tuple[UInt64[Array, "u"], int]
    ) -> tuple[Played, Bool[Array, "u"]]:
        """The units after one move of those of waiting twins, and which of them it moved."""
        luck, turns = turn
        lucky = self.chance & (turns % 2 == 1)
        every = lambda a: np.repeat(a, self.n)  # noqa: E731 - one for each unit
        start, weight = self._proposed(played.start, waiting & ~lucky, luck, SCALES[turns % len(SCALES)])
        fresh = mix(played.luck, mix(FRESH + np.zeros(1, np.uint64), np.uint64(turns))[0])
        fresh = np.where(np.repeat(every(lucky), played.each), fresh, played.luck)
        end, logl = self.game.play(start, fresh)
        told = (logl != played.logl).reshape(self.twins, self.n).any(axis=1)
        self.chance = self.chance & (told | ~lucky | ~waiting)
        with np.errstate(invalid="ignore"):
            ratio = every(done) * (logl - played.logl) + np.where(every(lucky), 0.0, weight)
        accepted = np.log(uniform(luck, ACCEPT, every(self.number))) < np.where(np.isnan(ratio), -np.inf, ratio)
        accepted &= np.isfinite(logl) & every(waiting & (self.chance | ~lucky))
        return played.where(accepted, Played(start, end, fresh, logl)), accepted

    def _proposed(
        self, start: Belief, waiting: Bool[Array, "b"], luck: UInt64[Array, "u"], scale: float
    ) -> tuple[Belief, Float[Array, "u"]]:
        """Moved starts, and the log ratio of their density to that of the starts."""
        columns, changing = self.game.columns(start)
        x, weight = np.array(columns), np.full(columns.shape[0], -np.inf)
        for t, cloud in enumerate(self._laws()):
            change = np.flatnonzero(changing & cloud.varies)
            if not waiting[t] or change.size == 0:
                continue
            own = slice(t * self.n, (t + 1) * self.n)
            z = cloud.score(x[own])
            noise = np.stack([normal(luck[own], mix(STEP + np.zeros(1, np.uint64), np.uint64(i))[0],
                                     np.full(self.n, self.number[t])) for i in change], axis=1)  # fmt: skip
            new = z.copy()
            new[:, change] += scale * BEST / np.sqrt(change.size) * noise @ _root(z[:, change]).T
            weight[own] = cloud.log_density(new) - cloud.log_density(z)
            point = cloud.point(new)
            x[own][:, change] = point[:, change]
        return self.game.changed(start, x), weight

    def inside(self, start: Belief) -> Bool[Array, "b n"]:
        """Which units lie among those of before the step, and not past the outermost of them in some coordinate."""
        within = np.ones((self.twins, self.n), dtype=bool)
        if self.clouds is not None:
            columns, changing = self.game.columns(start)
            for t, (cloud, x) in enumerate(
                zip(self.clouds, np.asarray(columns).reshape(self.twins, self.n, -1), strict=True)
            ):
                within[t] = cloud.inside(x[:, changing], changing)
        return within

    def _laws(self) -> list[Cloud]:
        if self.clouds is None:
            columns, _ = self.game.columns(self.before)
            pieces = np.asarray(columns).reshape(self.twins, self.n, -1)
            self.clouds = [Cloud.of(x, w) for x, w in zip(pieces, _weights(self.logw), strict=True)]
        return self.clouds


def _root(z: Float[Array, "n d"]) -> Float[Array, "d d"]:
    """A square root of the covariance of the scores."""
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(z, rowvar=False)))
    return vectors * np.sqrt(np.maximum(values, 0.0))


def resampled(
    logw: Float[Array, "b n"], waiting: Bool[Array, "b"], luck: UInt64[Array, "u"], number: Int[Array, "b"]
) -> Int[Array, "u"]:
    """Units after systematic resampling of the waiting twins; the others keep theirs."""
    twins, n = logw.shape
    index, weights = np.arange(twins * n).reshape(twins, n), _weights(logw)
    for t in np.flatnonzero(waiting):
        offset = float(uniform(luck[t * n : t * n + 1], STAGE, number[t : t + 1])[0])
        index[t] = t * n + systematic(weights[t], offset)
    return index.reshape(-1)


def _let_in(logw: Float[Array, "b n"], gain: Float[Array, "b n"], part: Float[Array, "b"]) -> Float[Array, "b n"]:
    """Log weights with this part of each twin's log likelihoods; none of them where the part is 0, be they infinite."""
    some = part[:, None] > 0.0
    return logw + np.where(some, part[:, None] * np.where(some, gain, 0.0), 0.0)


def effective(logw: Float[Array, "b n"]) -> Float[Array, "b"]:
    """Effective sample size of each twin's log weights; 0 where none is finite."""
    top = np.max(logw, axis=1, keepdims=True)
    w = np.exp(logw - np.where(np.isfinite(top), top, 0.0))
    total = np.square(w).sum(axis=1)
    return np.where(total > 0.0, w.sum(axis=1) ** 2 / np.where(total > 0.0, total, 1.0), 0.0)


def log_sum(logw: Float[Array, "b n"]) -> Float[Array, "b"]:
    """Log of the sum of exponentials."""
    top = np.max(logw, axis=1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return safe + np.log(np.exp(logw - safe[:, None]).sum(axis=1))


def _weights(logw: Float[Array, "b n"]) -> Float[Array, "b n"]:
    return np.exp(logw - log_sum(logw)[:, None])


def _rows(belief: Belief, rows: Int[Array, "q"]) -> Belief:
    """These rows with their own weights."""
    return replace(belief.take(rows), logw=np.asarray(belief.logw)[rows])


def _stacked(one: Played, other: Played) -> Played:
    def both(a: Belief, b: Belief) -> Belief:
        state = {name: np.concatenate([np.asarray(leaf), np.asarray(b.state[name])]) for name, leaf in a.state.items()}
        pairs = ((a.theta, b.theta), (a.covariates, b.covariates), (a.logw, b.logw), (a.read, b.read))
        theta, covariates, logw, read = (np.concatenate([np.asarray(x) for x in pair]) for pair in pairs)
        factor = None if a.inflation is None else np.concatenate([np.asarray(a.inflation), np.asarray(b.inflation)])
        return Belief(theta, covariates, state, logw, a.at, read, factor)

    luck, logl = np.concatenate([one.luck, other.luck]), np.concatenate([one.logl, other.logl])
    return Played(both(one.start, other.start), both(one.end, other.end), luck, logl)
