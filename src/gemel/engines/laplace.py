"""MAP and Laplace: the mode of a window's unknowns by exact gradients, and weighted draws around it as members.

From the prior's centre and the best of its draws the engine climbs to the mode (`climb`), takes draws that are normal
there where the model is linear and follow its bends where it is not (`randomise`), and weighs them by the true
posterior.  The largest weights are smoothed by a generalised Pareto tail (Vehtari, Simpson, Gelman, Yao and Gabry 2024,
arXiv:1507.02646), whose shape k-hat says whether the weights can be trusted.  All draws are run to the window's end
with the very noise they stand for: these are the members.  Readings may be exact, counts or intervals.  The model must
be a `Flow`, and the sizes of its noise and drift known: the less noise there is left, the better the noise that was
inferred explains the readings, so with sizes unknown the mode is no place to stand on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.clock import text
from ..core.draws import mix
from ..core.errors import CapabilityError, CollapseError
from ..core.extra import require
from ..core.fact import Instant
from ..core.model import Differentiable, Fixed, Model, Window
from .climb import Peak, climb
from .enkf import even
from .randomise import Draws, randomised
from .unknowns import Lives, Problem, Target, flow_of, problem, sizes, sizing, standard_normals, target, until

__all__ = ["Fit", "MapLaplace", "members", "problems"]

SAME = 1e-6
"""Spread of log weights below which there is no tail to smooth: all are equal but for rounding."""
EVEN = 0.5
"""Most: part of the draws that must have been made, and effective part of them from which the shape of the weights'
tail says nothing, for there is hardly any tail."""
NOTHING = -1e10
"""Log weight that stands for none."""


@dataclass(frozen=True, slots=True)
class Fit:
    """One twin's fit: the mode, the draws, their smoothed log weights (n,), the tail's shape k-hat (below 0.5 the
    weights are reliable, above 0.7 they are not), effective draws and the log evidence."""

    peak: Peak
    draws: Draws
    logw: Float[Array, "n"]
    k_hat: float
    ess: float
    log_evidence: float

    def trusted(self, limit: float, floor: float) -> bool:
        """Whether the weights can be believed: most draws could be made, enough of them count, and either most do or
        the weights' tail is not too long."""
        n, made = self.logw.size, int(np.isfinite(self.logw).sum())
        return made >= EVEN * n and self.ess >= floor * n and (self.ess >= EVEN * n or self.k_hat <= limit)


@dataclass(frozen=True, slots=True)
class MapLaplace:
    """The engine.  `starts`: climbs, from the prior's centre and its best draws; `steps`: most Jacobians of a climb;
    `limit`: largest k-hat, and `floor`: least effective part of the draws, that are believed."""

    starts: int = 2
    steps: int = 40
    limit: float = 1.0
    floor: float = 0.01
    needs: tuple[type, ...] = (Differentiable,)

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  Raises CollapseError where no start can be run or
        the weights cannot be trusted, CapabilityError for models and facts it cannot look inside."""
        fits = self._believed(model, prior, window, fixed, key)
        return _posterior(fits, [f.draws.lives for f in fits], int(window.at.max()))

    def smoothed(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"], keep: Sequence[int]
    ) -> list[Posterior]:
        """The beliefs at the outputs numbered in `keep`, each given all readings; see `core.model.Smoother`.  The same
        draws, with the noise they stand for, stopped on the way."""
        fits = self._believed(model, prior, window, fixed, key)
        owns, made = problems(model, prior, window, key), target(flow_of(model), fixed)
        return [
            _posterior(
                fits,
                [made.lives(until(own, j), f.draws.w) for own, f in zip(owns, fits, strict=True)],
                int(window.at[:, j].max()),
            )
            for j in keep
        ]

    def _believed(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> list[Fit]:
        if sizing(flow_of(model)):
            raise CapabilityError(
                f"'{model.card.title}': unknown sizes of noise or drift ({sorted(sizing(flow_of(model)))}) leave the "
                "density without a useful mode: use 'nuts', or 'nested'"
            )
        fits = self.fits(model, prior, window, fixed, key)
        end = text(int(window.at.max()))
        for fit in fits:
            if not fit.trusted(self.limit, self.floor):
                raise CollapseError(
                    f"'{model.card.title}' at {end}: {fit.ess:.0f} of {fit.logw.size} draws count "
                    f"(k-hat {fit.k_hat:.2f}, limit {self.limit:g}): the posterior is too far from what its mode "
                    "suggests; use 'nuts', a shorter window or more members"
                )
        return fits

    def fits(self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]) -> list[Fit]:
        """The fit of each twin, believed or not: for looking at."""
        flow = flow_of(model)
        luck = mix(np.asarray(key), np.uint64(int(window.at.min()) & 0xFFFFFFFFFFFFFFFF))
        made = target(flow, fixed)
        each = prior.rows // window.low.shape[0]
        return [
            self._fit(model, made, own, luck[t * each : (t + 1) * each])
            for t, own in enumerate(problems(model, prior, window, key))
        ]

    def _fit(self, model: Model, made: Target, own: Problem, luck: UInt64[Array, "n"]) -> Fit:
        z = standard_normals(luck, "laplace", own.size)
        starts = [np.zeros(own.size)]
        if self.starts > 1:
            tried = np.asarray(made.lives(own, z).density)
            starts += [z[i] for i in np.argsort(-tried)[: self.starts - 1]]
        held = sizes(flow_of(model), own)
        peak = max((climb(made, own, start, held, self.steps) for start in starts), key=lambda p: p.density)
        if not np.isfinite(peak.density):
            raise CollapseError(f"'{model.card.title}': the model fails for every subject tried as a start of the fit")
        return _weighed(peak, randomised(made, own, peak, z))


def problems(model: Model, prior: Belief, window: Window, key: UInt64[Array, "r"]) -> list[Problem]:
    """The unknowns of each twin of the window."""
    twins = window.low.shape[0]
    belief, each = even(prior, key, window.at[:, 0]), prior.rows // twins
    return [problem(flow_of(model), belief.take(np.arange(t * each, (t + 1) * each)), window, t) for t in range(twins)]


def _weighed(peak: Peak, draws: Draws) -> Fit:
    raw = np.asarray(draws.logw)
    top = float(raw.max())
    if not np.isfinite(top):
        return Fit(peak, draws, raw, float("inf"), 0.0, float("-inf"))
    evidence = top + float(np.log(np.exp(raw - top).mean()))
    live = np.isfinite(raw)
    logw, k_hat = raw - top, float("-inf")
    if np.ptp(raw[live]) > SAME:
        smoothed, shape = _smoother()(np.where(live, raw - top, NOTHING))
        logw, k_hat = np.where(live, np.asarray(smoothed), -np.inf), float(shape)
    w = np.exp(logw - logw.max())
    return Fit(peak, draws, logw, k_hat, float(w.sum() ** 2 / np.square(w).sum()), evidence)


@cache
def _smoother() -> Any:
    """Pareto smoothing of log weights, compiled."""
    require("blackjax", "twin")
    import jax
    from blackjax.diagnostics import psis_weights

    return jax.jit(psis_weights)


def _posterior(fits: list[Fit], lives: list[Lives], at: Instant) -> Posterior:
    belief = members(lives, np.concatenate([f.logw for f in fits]), at)
    ess, evidence = np.array([f.ess for f in fits]), np.array([f.log_evidence for f in fits])
    live = np.array([np.isfinite(f.logw).sum() for f in fits])
    return Posterior(belief, Evidence(ess, live, evidence, belief.rows // len(fits) - live))


def members(lives: list[Lives], logw: Float[Array, "r"], at: Instant) -> Belief:
    """The belief at this instant: the draws of all twins, twin after twin, with these log weights."""

    def whole(name: str) -> Array:
        return np.concatenate([np.asarray(getattr(part, name)) for part in lives])

    state = {name: np.concatenate([np.asarray(part.state[name]) for part in lives]) for name in lives[0].state}
    return Belief(whole("theta"), whole("covariates"), state, logw, at, whole("read"))
