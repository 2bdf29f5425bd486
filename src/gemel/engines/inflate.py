"""Adaptive inflation: how much too sure an ensemble has been, learned from how far its predictions miss.

With s = var(y) / R and d the miss of a reading, d^2 / R is on average f s + 1, f being the factor by which var(y) is
too small.  One reading estimates the factor a that the ensemble needs beside the a it already had, and its variance,

    a_o = a (d^2 / R - 1) / s,   v_o = 2 a^2 ((s + 1) / s)^2,   a <- (v_o a + v_b a_o) / (v_o + v_b)

(Miyoshi 2011, doi:10.1175/2010MWR3570.1, for one reading; its constant v_b says how fast a may wander).  A state is
then spread out by sqrt(1 + (a - 1) rho^2), rho its correlation with the prediction: a state the reading says nothing
about was not narrowed by it and is not inflated, where a common factor would grow day by day.  Parameters are not
inflated, and a is held between 1 and `MOST`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..numerics.start import jax_numpy

__all__ = ["MOST", "Told", "learned", "spread_out"]

MOST = 100.0
"""Largest factor of a variance: beyond ten times the spread the model is wrong, not too sure."""
LEAST = 1e-12
"""Keeps the ratio of a variance that has vanished to the error's finite."""


class Told(NamedTuple):
    """What a reading tells, per twin (b,): whether it is exact, how far it missed, the variance of its prediction and
    the sd of its error; and the part of each number's variance (k, b) that goes with the prediction."""

    exact: Any
    miss: Any
    variance: Any
    spread: Any
    part: Any


def learned(factor: Any, told: Told, wander: float) -> Any:
    """The factor (b,) after one reading; `wander` is the sd of its own change from reading to reading."""
    xp = jax_numpy()
    error = xp.maximum(told.spread**2, LEAST)
    s = xp.maximum(told.variance / error, LEAST)
    one = factor * (told.miss**2 / error - 1.0) / s
    doubt = 2.0 * (factor * (s + 1.0) / s) ** 2
    moved = (doubt * factor + wander**2 * one) / (doubt + wander**2)
    return xp.where(told.exact, xp.clip(moved, 1.0, MOST), factor)


def spread_out(x: Any, factor: Any, part: Any, alive: Any) -> Any:
    """The states (k, b, n) spread about their means, each by its own part of the factor."""
    xp = jax_numpy()
    n = xp.maximum(alive.sum(axis=1), 1)
    mean = (xp.where(alive, x, 0.0).sum(axis=-1) / n)[..., None]
    wider = xp.sqrt(1.0 + (factor - 1.0) * part)[..., None]
    return xp.where(alive, mean + wider * (x - mean), x)
