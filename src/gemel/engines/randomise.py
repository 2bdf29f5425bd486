"""Draws near a mode by randomising and then optimising, with exact importance weights.

The readings inform a few directions V (d, k) of the unknowns w, found at the mode with squared singular values s2.  A
draw takes its part outside V from the prior, and inside V solves for a = V'w

    h(a) = V'(w - J'slope(w)) = sqrt(1 + s2) xi,    xi ~ N(0, I),

J the Jacobian at the mode, slope(w) that of the log likelihood by what is said of the readings.  If the model is linear
and the noise normal these are draws from the posterior itself; otherwise they follow its bends, and

    log weight = log p(w | readings) - log q(w),   q(w) = N(xi) N(part outside) |det dh/da| / prod sqrt(1 + s2)

(Bardsley, Solonen, Haario and Laine 2014, doi:10.1137/140964023; in the informed subspace after Bardsley, Cui, Marzouk
and Wang 2020, doi:10.1137/19M1245220).  The equation is solved by Broyden's method, all draws side by side; dh/da by
differences, whose error is a millionth.  A draw whose equation is not solved has failed and weighs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..core.array import Array
from .climb import Peak
from .unknowns import Lives, Problem, Target

__all__ = ["Draws", "randomised"]

LOST = 1e-4
"""Variance of the log weights that directions left to the prior may add (half the sum of their squared s2)."""
SOLVED = 1e-6
"""Residual of h, in posterior sds, at which its equation counts as solved."""
ROUNDS = 30
"""Most Broyden steps."""
LEAP = 100.0
"""Growth of the residual beyond which a step says nothing of the slope where it came from."""
TIGHT = 1e-3
"""Least slope of a Broyden update, relative to that at the mode: a smaller one would throw the next step far away."""
NUDGE = 1e-6
"""Step of the differences: the root of the rounding of double precision, times a hundred for that of a long run."""

Residual = Callable[[Float[Array, "r k"]], tuple[Float[Array, "r k"], Lives]]


class Draws(NamedTuple):
    """Rows of w (r, d), their unnormalised log weights (-inf: failed), and what became of them."""

    w: Float[Array, "r d"]
    logw: Float[Array, "r"]
    lives: Lives


def randomised(target: Target, own: Problem, peak: Peak, z: Float[Array, "r d"]) -> Draws:
    """One draw for each row of standard normals z.  The mean of the weights estimates the evidence."""
    k = _informed(peak.values)
    spread, v = np.sqrt(1.0 + peak.values[:k]), peak.vectors[:, :k]
    told = np.any(peak.jacobian != 0.0, axis=1)
    along, reach = peak.jacobian[told] @ v, z @ v
    outside = z - reach @ v.T

    def residual(a: Float[Array, "r k"]) -> tuple[Float[Array, "r k"], Lives]:
        lives = target.lives(own, outside + a @ v.T)
        with np.errstate(over="ignore", invalid="ignore"):  # a draw led astray: it is halved back, or fails
            return a - np.asarray(lives.slope)[:, told] @ along - spread * reach, lives

    a, solved = _solve(residual, peak.mode @ v + reach / spread, spread)
    rest, lives = residual(a)
    with np.errstate(invalid="ignore"):
        sign, log_det = np.linalg.slogdet(_jacobian(residual, a, rest))
    good = solved & (sign > 0.0) & np.isfinite(np.asarray(lives.density))
    logw = np.asarray(lives.density) + 0.5 * (z**2).sum(axis=1) - log_det + np.log(spread).sum()
    return Draws(outside + a @ v.T, np.where(good, logw, -np.inf), lives)


def _informed(values: Float[Array, "k"]) -> int:
    """How many directions the readings inform enough to be solved for."""
    lost = np.cumsum(0.5 * np.square(values[::-1]))
    return values.size - int(np.searchsorted(lost, LOST, side="right"))


def _solve(
    residual: Residual, a: Float[Array, "r k"], spread: Float[Array, "k"]
) -> tuple[Float[Array, "r k"], Bool[Array, "r"]]:
    """Roots of the residual, row by row, and which are found: Broyden's method (1965,
    doi:10.1090/S0025-5718-1965-0198670-6) from the inverse Jacobian at the mode, halving steps that lead away."""
    pairs: list[tuple[Array, Array]] = []

    def onward(f: Float[Array, "r k"]) -> Float[Array, "r k"]:
        out = f / spread**2
        for left, right in pairs:
            out = out + left * (right * out).sum(axis=1, keepdims=True)
        return out

    f = np.nan_to_num(residual(a)[0], nan=1e6, posinf=1e6, neginf=-1e6)
    size, stride = np.linalg.norm(f / spread, axis=1), np.ones(a.shape[0])
    for _ in range(ROUNDS):
        waiting = size > SOLVED
        if not waiting.any():
            break
        move = np.where(waiting, stride, 0.0)[:, None] * -onward(f)
        there = residual(a + move)[0]
        with np.errstate(over="ignore", invalid="ignore"):
            far = np.linalg.norm(there / spread, axis=1)
        near = far < LEAP * size  # a step that went further astray teaches nothing (NaN: neither)
        better = far < size
        change = np.where(near[:, None], there - f, 0.0)
        turned = onward(change)
        scale = (move * turned).sum(axis=1)
        usable = waiting & near & (np.abs(scale) > TIGHT * (move**2).sum(axis=1))
        pairs.append((np.where(usable[:, None], (move - turned) / np.where(usable, scale, 1.0)[:, None], 0.0), move))
        a, f = np.where(better[:, None], a + move, a), np.where(better[:, None], there, f)
        size = np.where(better, far, size)
        stride = np.where(better, np.minimum(2.0 * stride, 1.0), 0.5 * stride)
    return a, size <= SOLVED


def _jacobian(residual: Residual, a: Float[Array, "r k"], at: Float[Array, "r k"]) -> Float[Array, "r k k"]:
    """dh/da of every row, by differences."""
    columns = np.empty((*a.shape, a.shape[1]))
    for j in range(a.shape[1]):
        moved = np.array(a)
        moved[:, j] += NUDGE
        columns[:, :, j] = (residual(moved)[0] - at) / NUDGE
    return columns
