"""NUTS: Hamiltonian draws of a window's unknowns by blackjax, for when the Laplace weights are not enough.

The no-U-turn sampler (Hoffman and Gelman 2014, JMLR 15:1593) runs in the coordinates in which the Laplace fit is the
standard normal, w = mode + (I + J'J)^-1/2 x: its mass matrix is then the fit's full one.  Every chain starts from
another of the fit's draws and finds its step by dual averaging.  Chains are judged by rank-normalised split R-hat and
bulk effective size (Vehtari, Gelman, Simpson, Carpenter and Buerkner 2021, doi:10.1214/20-BA1221) of the subject at the
window's start and of the density.  Hours of one person, not fleets: every step runs the window back and forth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.clock import text
from ..core.draws import mix
from ..core.errors import CollapseError
from ..core.extra import require
from ..core.model import Differentiable, Fixed, Model, Window
from ..numerics.flow import Flow
from ..numerics.start import jax_numpy
from .laplace import Fit, MapLaplace, members, problems
from .unknowns import Problem, Tracer, flow_of, target

__all__ = ["Chains", "Nuts"]

AIM = 0.8
"""Acceptance that dual averaging aims at: Hoffman and Gelman 2014, section 4.2 find 0.6 to 0.8 best."""
FIRST_STEP = 0.5
"""Where dual averaging starts, in posterior sds."""
SEEDS = 0x7FFFFFFF
"""Bits of a key that JAX takes as a seed."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Draws of one twin: w (chains, draws, d); worst R-hat and least bulk effective size; divergent transitions; steps
    found by each chain (chains,)."""

    w: Float[Array, "h n d"]
    r_hat: float
    ess: float
    divergent: int
    step: Float[Array, "h"]


@dataclass(frozen=True, slots=True)
class Nuts:
    """The engine.  `chains` of `draws` each, at least as many as members need, after `warm` for the step size;
    `doublings`: longest path, 2^doublings steps; `limit`: largest R-hat that is believed."""

    chains: int = 4
    draws: int = 250
    warm: int = 150
    doublings: int = 8
    limit: float = 1.05
    needs: tuple[type, ...] = (Differentiable,)

    def assimilate(
        self, model: Model, prior: Belief, window: Window, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> Posterior:
        """Posterior at the window's end; see `core.model.Engine`.  In the evidence `ess` is the least bulk effective
        size, `failed` the divergent transitions, and the log evidence that of the Laplace fit.  Raises CollapseError
        where R-hat exceeds the limit, CapabilityError for models and facts it cannot look inside."""
        fits, each = MapLaplace().fits(model, prior, window, fixed, key), prior.rows // window.low.shape[0]
        owns = problems(model, prior, window, key)
        found = [
            self._sampled(flow_of(model), fixed, own, fit, int(mix(key, window.at[0, :1].astype(np.uint64))[t * each]))
            for t, (own, fit) in enumerate(zip(owns, fits, strict=True))
        ]
        made = target(flow_of(model), fixed)
        lives = [made.lives(own, _thinned(chains.w, each)) for own, chains in zip(owns, found, strict=True)]
        belief = members(lives, np.zeros(prior.rows), int(window.at.max()))
        end = text(int(window.at.max()))
        for chains in found:
            if not chains.r_hat <= self.limit:
                raise CollapseError(
                    f"'{model.card.title}' at {end}: chains disagree, R-hat {chains.r_hat:.3f} (limit "
                    f"{self.limit:g}), {chains.divergent} divergent: use more draws or a shorter window"
                )
        ess, evidence = np.array([c.ess for c in found]), np.array([f.log_evidence for f in fits])
        kept = np.full(len(found), min(each, self.chains * self.draws))
        return Posterior(belief, Evidence(ess, kept, evidence, np.array([c.divergent for c in found])))

    def _sampled(self, flow: Flow, fixed: Fixed, own: Problem, fit: Fit, seed: int) -> Chains:
        import jax
        from blackjax.diagnostics import ess_bulk, rhat

        most = int(np.max(own.way.counts))
        starts = fit.draws.w[np.argsort(-fit.logw)[: self.chains]]
        peak = fit.peak
        shape = (peak.mode, peak.vectors, 1.0 - 1.0 / np.sqrt(1.0 + peak.values))
        back = np.sqrt(1.0 + peak.values) - 1.0
        x = starts - peak.mode
        x = x + (x @ peak.vectors) * back @ peak.vectors.T
        keys = jax.random.split(jax.random.key(seed & SEEDS), self.chains)
        w, density, divergent, step = (
            np.asarray(a)
            for a in _sampler(flow, fixed, most, (self.warm, self.draws, self.doublings))(own, shape, x, keys)
        )
        looked = np.concatenate([w[:, :, : own.prior.place.shape[0]], density[:, :, None]], axis=2)
        return Chains(w, float(np.max(rhat(looked))), float(np.min(ess_bulk(looked))), int(divergent.sum()), step)


def _thinned(w: Float[Array, "h n d"], members: int) -> Float[Array, "r d"]:
    """As many draws as there are members, evenly over all chains (repeated where there are fewer)."""
    pooled = np.asarray(w).reshape(-1, w.shape[2])
    return pooled[np.linspace(0, len(pooled) - 1, members).round().astype(int)]


@cache
def _sampler(flow: Flow, fixed: Fixed, most: int, plan: tuple[int, int, int]) -> Any:
    """The compiled chains: (problem, (mode, vectors, shrinkage), starts (h, d), keys (h,)) to w, log density,
    divergence of each draw, and each chain's step."""
    jax_numpy()
    require("blackjax", "twin")
    import jax
    from blackjax.adaptation.step_size import dual_averaging_adaptation
    from blackjax.mcmc import nuts

    warm, draws, doublings = plan
    density = Tracer(flow, fixed, "reverse", most).density
    kernel = nuts.build_kernel()
    begin, update, final = dual_averaging_adaptation(AIM)

    def run(own: Problem, shape: tuple[Any, Any, Any], starts: Any, keys: Any) -> Any:
        mode, vectors, shrink = shape

        def place(x: Any) -> Any:
            return mode + x - vectors @ (shrink * (x @ vectors))

        def log_density(x: Any) -> Any:
            return density(own, place(x)[None])[0]

        def move(key: Any, state: Any, step: Any) -> Any:
            return kernel(key, state, log_density, step, jax.numpy.ones_like(mode), doublings)

        def chain(start: Any, key: Any) -> Any:
            first, second = jax.random.split(key)

            def settle(carry: Any, key: Any) -> tuple[Any, None]:
                state, tuning = carry
                state, info = move(key, state, jax.numpy.exp(tuning.log_step_size))
                return (state, update(tuning, info.acceptance_rate)), None

            def draw(state: Any, key: Any) -> Any:
                state, info = move(key, state, step)
                return state, (place(state.position), state.logdensity, info.is_divergent)

            state = nuts.init(start, log_density)
            (state, tuning), _ = jax.lax.scan(settle, (state, begin(FIRST_STEP)), jax.random.split(first, warm))
            step = final(tuning)
            return (*jax.lax.scan(draw, state, jax.random.split(second, draws))[1], step)

        return jax.vmap(chain)(starts, keys)

    return jax.jit(run)
