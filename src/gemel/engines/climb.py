"""To the mode of a log posterior, and the normal law there.

Gauss-Newton steps inside a trust region: with J the exact Jacobian of what is said of the readings, scaled by the root
of their information, and s, V its singular values and right vectors,

    step = ((1 + damping) I + J'J)^-1 gradient      (Levenberg 1944; More 1978, doi:10.1007/BFb0067700)

costs next to nothing for any damping, so every damping of a fixed ladder is tried at once and the best taken.  A
Jacobian serves as long as steps with it gain a good part of what the first one did.  Since the prior is N(0, I), the
law at the mode is N(mode, (I + J'J)^-1); its root and determinant come from the same s and V.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from .unknowns import Problem, Target

__all__ = ["Peak", "climb"]

LADDER = np.array([0.0, 0.1, 1.0, 10.0, 1e2, 1e3, 1e4, 1e6])
"""Dampings: from the full step to one along the gradient that is too short to overshoot."""
GAIN = 0.05
"""A gain in log density below which the climb is over: draws and weights do not need the very top."""
WORTH = 0.1
"""Part of the first step's gain that a step with the same Jacobian must bring to be followed by another."""
FLAT = 1e-12
"""Squared singular values, relative to the largest, below which the readings say nothing of a direction."""


@dataclass(frozen=True, slots=True)
class Peak:
    """A mode and the normal law there: `values` (k,) are the squared singular values of the scaled Jacobian, largest
    first, `vectors` (d, k) their directions, `jacobian` (m, d) the unscaled one, `steps` how many it took, `settled`
    whether the climb ended by itself."""

    mode: Float[Array, "d"]
    density: float
    values: Float[Array, "k"]
    vectors: Float[Array, "d k"]
    jacobian: Float[Array, "m d"]
    steps: int
    settled: bool

    def root(self, z: Float[Array, "r d"]) -> Float[Array, "r d"]:
        """Rows of standard normals as deviations from the mode: z (I + J'J)^-1/2."""
        return z - (z @ self.vectors) * (1.0 - 1.0 / np.sqrt(1.0 + self.values)) @ self.vectors.T


def climb(target: Target, own: Problem, start: Float[Array, "d"], held: Float[Array, "d h"], most: int) -> Peak:
    """The mode uphill of `start` with at most `most` Jacobians, at w'held = 0.  Where the model fails at `start` it
    stays there, with a density of -inf."""
    at = np.asarray(start, dtype=float) - held @ (held.T @ start)
    lives = target.lives(own, np.tile(at, (LADDER.size, 1)))
    density, slope = float(lives.density[0]), np.asarray(lives.slope)[0]
    jacobian, values, vectors = np.zeros((slope.size, at.size)), np.zeros(0), np.zeros((at.size, 0))
    steps, settled = 0, False
    while steps < most and not settled and np.isfinite(density):
        steps += 1
        jacobian, information = (np.asarray(a) for a in target.bend(own, at))
        jacobian = jacobian - (jacobian @ held) @ held.T
        values, vectors = _spectrum(np.sqrt(information)[:, None] * jacobian)
        first = gain = np.inf
        while gain > max(GAIN, WORTH * first if np.isfinite(first) else 0.0):
            moves = at + _moves(slope @ jacobian - at, values, vectors)
            lives = target.lives(own, moves)
            best = int(np.argmax(lives.density))
            gain = float(lives.density[best]) - density
            settled = gain <= GAIN and not np.isfinite(first)
            first = gain if not np.isfinite(first) else first
            if gain > 0.0:
                at, density, slope = moves[best], float(lives.density[best]), np.asarray(lives.slope)[best]
    return Peak(at, density, values, vectors, jacobian, steps, settled)


def _moves(gradient: Float[Array, "d"], values: Float[Array, "k"], vectors: Float[Array, "d k"]) -> Float[Array, "l d"]:
    """The step for every damping of the ladder."""
    along = gradient @ vectors
    flat = gradient - vectors @ along
    wide = 1.0 + LADDER[:, None]
    return flat / wide + (along / (wide + values)) @ vectors.T


def _spectrum(scaled: Float[Array, "m d"]) -> tuple[Float[Array, "k"], Float[Array, "d k"]]:
    """Squared singular values, largest first, and right singular vectors, by the smaller of the two Gram matrices."""
    rows = scaled[np.any(scaled != 0.0, axis=1)]
    if rows.shape[0] >= rows.shape[1]:
        values, vectors = np.linalg.eigh(rows.T @ rows)
        return np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    values, left = np.linalg.eigh(rows @ rows.T)
    values, left = values[::-1], left[:, ::-1]
    kept = values > FLAT * max(float(values[0]) if values.size else 0.0, 1e-300)
    return values[kept], (rows.T @ left[:, kept]) / np.sqrt(values[kept])
