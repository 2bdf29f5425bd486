"""Ensemble Kalman filter: reading after reading, for many twins in one call; the update itself is `engines.kalman`.

Spread comes from the model's declared drift and process noise, unless adaptive inflation is asked for
(`engines.inflate`).  Leaves that are not smooth are left alone.  A long window of a flow model runs as one compiled
scan (`engines.fused`), with the same numbers to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior, systematic
from ..core.draws import purpose, uniform
from ..core.model import Fixed, Model, Window
from ..core.quantity import bound, free
from .fused import fused, through
from .kalman import Ensemble, Options, Reading, update_for
from .sweep import advance, after_reading, occasions

__all__ = ["EnsembleKalman", "even"]

RESAMPLE = purpose("resample")


@dataclass(frozen=True, slots=True)
class EnsembleKalman:
    """The filter; `shrink`, `form` and `inflate` as in `engines.kalman.Options`."""

    shrink: bool = True
    form: Literal["perturbed", "transform"] = "perturbed"
    inflate: float = 0.0
    needs: tuple[type, ...] = ()

    @property
    def options(self) -> Options:
        """The options of its updates."""
        return Options(self.shrink, self.form, self.inflate)

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  Raises CapabilityError for a model with counts."""
        belief = self._ready(prior, key, window)
        if fused(model, window):
            belief, log_evidence = through(model, belief, window, fixed, (key, occasions(window)), self.options)
        else:
            log_evidence = np.zeros(window.low.shape[0])
            for step, number in zip(window.steps(), occasions(window).T, strict=True):
                belief, predicted = self._predict(model, belief, step, fixed, key)
                if step.seen.any():
                    belief, _, gained = self._update(model, belief, (step, number), predicted, key)
                    log_evidence = log_evidence + gained
        return _posterior(belief, log_evidence)

    def smoothed(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"], keep: Sequence[int]
    ) -> list[Posterior]:
        """The beliefs at the outputs numbered in `keep`, each given all readings of the window: the ensemble Kalman
        smoother, in which the states of earlier instants move with every later reading by their own gain (Evensen and
        van Leeuwen 2000, doi:10.1175/1520-0493(2000)128<1852:AEKSFN>2.0.CO;2).  Parameters do not change over time."""
        belief = self._ready(prior, key, window)
        past: Array | None = None
        held: list[tuple[Belief, int]] = []
        log_evidence = np.zeros(window.low.shape[0])
        for j, (step, number) in enumerate(zip(window.steps(), occasions(window).T, strict=True)):
            belief, predicted = self._predict(model, belief, step, fixed, key)
            if step.seen.any():
                belief, past, gained = self._update(model, belief, (step, number), predicted, key, past)
                log_evidence = log_evidence + gained
            for _ in range(list(keep).count(j)):
                now = _flat(model, belief)
                held.append((belief, now.shape[0]))
                past = now if past is None else np.concatenate([np.asarray(past), now])
        pieces = np.split(np.asarray(past), np.cumsum([size for _, size in held])[:-1]) if held else []
        return [
            _posterior(_again(model, then, piece, belief), log_evidence)
            for (then, _), piece in zip(held, pieces, strict=True)
        ]

    def _ready(self, prior: Belief, key: UInt64[Array, "r"], window: Window) -> Belief:
        belief = even(prior, key, window.at[:, 0])
        if self.inflate > 0.0 and belief.inflation is None:
            return replace(belief, inflation=np.ones(belief.rows))
        return belief

    def _predict(
        self, model: Model, belief: Belief, step: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[Belief, Float[Array, "r c"]]:
        belief, running = advance(model, belief, step, fixed, key)
        return after_reading(model, belief, running, step)

    def _update(
        self, model: Model, belief: Belief, step: tuple[Window, Int[Array, "b"]], predicted: Float[Array, "r c"],
        key: UInt64[Array, "r"], past: Any = None,
    ) -> tuple[Belief, Any, Float[Array, "b"]]:  # fmt: skip
        window, number = step
        leaves = {q.name: belief.state[q.name] for q in model.smooth}
        before = Ensemble(belief.theta, leaves, belief.logw, belief.inflation, past)
        reading = Reading(window.low[:, 0], window.high[:, 0], window.sd[:, 0], number)
        after, gained = update_for(model, self.options)(before, predicted, reading, key)
        state = {**belief.state, **after.leaves}
        moved = replace(belief, theta=after.theta, state=state, logw=after.logw, inflation=after.inflation)
        return moved, after.past, np.asarray(gained)


def _posterior(belief: Belief, log_evidence: Float[Array, "b"]) -> Posterior:
    """The belief with what is to be said of it; CollapseError when every member of a twin has failed."""
    twins = log_evidence.shape[0]
    live = np.isfinite(np.asarray(belief.logw)).reshape(twins, -1).sum(axis=1)
    belief.weights(twins)
    factor = None if belief.inflation is None else np.asarray(belief.inflation).reshape(twins, -1)[:, 0]
    failed = belief.rows // twins - live
    return Posterior(belief, Evidence(live.astype(float), live, log_evidence, failed, inflation=factor))


def _flat(model: Model, belief: Belief) -> Float[Array, "k r"]:
    """All smooth states in free space, one row for each number."""
    rows = belief.rows
    leaves = [np.asarray(free(q, np.asarray(belief.state[q.name]))).reshape(rows, -1).T for q in model.smooth]
    return np.concatenate(leaves) if leaves else np.zeros((0, rows))


def _again(model: Model, then: Belief, past: Float[Array, "k r"], now: Belief) -> Belief:
    """The belief of an earlier instant with the smooth states it has come to have; parameters and weights are those of
    the end."""
    state, start = dict(then.state), 0
    for q in model.smooth:
        shape = np.asarray(then.state[q.name]).shape
        size = int(np.prod(shape[1:], dtype=int))
        state[q.name] = np.asarray(bound(q, past[start : start + size].T.reshape(shape)))
        start += size
    return replace(then, theta=now.theta, state=state, logw=now.logw, inflation=now.inflation)


def even(belief: Belief, key: UInt64[Array, "r"], at: Int[Array, "b"]) -> Belief:
    """The same belief with equal weights, resampled where they differ, so that no member of weight zero is left;
    each of the b twins draws by its own instant `at`."""
    logw = np.asarray(belief.logw)
    twins = at.shape[0]
    each = belief.rows // twins
    if np.all(logw.reshape(twins, each) == logw.reshape(twins, each)[:, :1]):
        return belief
    weights = belief.weights(twins)
    index = [
        t * each + systematic(w, float(uniform(key[t * each : t * each + 1], RESAMPLE, at[t : t + 1])[0]))
        for t, w in enumerate(weights)
    ]
    return belief.take(np.concatenate(index))
