"""Draws of durations: one number of each law as a pure function of 64 keyed bits, so common random numbers survive.

Every law but the gamma is drawn by inversion, increasing in its uniform number, so that paired plans stay in step.
The normal quantile is AS 241 (Wichura 1988, Applied Statistics 37:477, doi:10.2307/2347330, PPND16); the gamma is
Marsaglia and Tsang (2000, doi:10.1145/358407.358414) with every attempt keyed.  Plain functions of one number with
`math` alone: numba compiles them, and plain Python runs the same lines to the same bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.draws import SHIFT12, SPACING, mix

__all__ = ["NAMES", "draw", "normal_quantile", "unit"]

NAMES = (
    "fixed", "exponential", "lognormal", "gamma", "uniform", "triangular", "weibull", "normal", "clipped", "folded",
    "empirical",
)  # fmt: skip
"""Names of the laws; a law's number is its place here."""
FIXED, EXPONENTIAL, LOGNORMAL, GAMMA, UNIFORM, TRIANGULAR, WEIBULL, NORMAL, CLIPPED, FOLDED, EMPIRICAL = range(
    len(NAMES)
)
THIRD = 1.0 / 3.0
ATTEMPTS = 200
"""Tries of the gamma's rejection; each fails with probability below 0.05, so running out does not happen."""


def unit(bits: Any) -> float:
    """A number in (0, 1) from 64 bits."""
    return (np.float64(bits >> SHIFT12) + 0.5) * SPACING


def draw(f: Any, law: Any, bits: Any) -> float:
    """One duration [us] of the law whose record (number, a, b, c, d) begins at place `law` of `f`, by these bits.

    fixed: a.  exponential: mean a.  lognormal: log-mean a, log-sd b.  gamma: shape a, scale b.  uniform: a to b.
    triangular: low a, mode b, high c.  weibull: scale a, 1 / shape b.  normal: mean a, sd b, kept within (c, d), which
    are shares.  clipped: normal, below c set to c.  folded: size of a normal.  empirical: cumulative shares and values,
    from place a of `f` to b.
    """
    kind = int(f[law])
    if kind == EXPONENTIAL:
        return -f[law + 1] * math.log(unit(bits))
    if kind == LOGNORMAL:
        return math.exp(f[law + 1] + f[law + 2] * normal_quantile(unit(bits)))
    if kind == FIXED:
        return f[law + 1]
    if kind == GAMMA:
        return f[law + 2] * _gamma(f[law + 1], bits)
    if kind >= NORMAL and kind <= FOLDED:
        return _normal(kind, f[law + 1], f[law + 2], f[law + 3], f[law + 4], unit(bits))
    if kind == EMPIRICAL:
        return _empirical(f, int(f[law + 1]), int(f[law + 2]), unit(bits))
    return _bounded(kind, f[law + 1], f[law + 2], f[law + 3], unit(bits))


def _normal(kind: int, mean: float, sd: float, c: float, d: float, u: float) -> float:
    if kind == NORMAL:
        return mean + sd * normal_quantile(c + d * u)
    x = mean + sd * normal_quantile(u)
    return abs(x) if kind == FOLDED else max(x, c)


def _bounded(kind: int, a: float, b: float, c: float, u: float) -> float:
    if kind == UNIFORM:
        return a + (b - a) * u
    if kind == WEIBULL:
        return a * math.pow(-math.log1p(-u), b)
    if u * (c - a) < b - a:
        return a + math.sqrt(u * (c - a) * (b - a))
    return c - math.sqrt((1.0 - u) * (c - a) * (c - b))


def _empirical(f: Any, first: int, end: int, u: float) -> float:
    low, high = 0, (end - first) // 2 - 1
    while low < high:
        middle = (low + high) >> 1
        if f[first + 2 * middle] < u:
            low = middle + 1
        else:
            high = middle
    return f[first + 2 * low + 1]


def _gamma(shape: float, bits: Any) -> float:
    """The gamma of scale 1: `shape` below 1 by the boost of the same paper, u^(1/shape) times the next shape."""
    whole = shape if shape >= 1.0 else shape + 1.0
    d = whole - THIRD
    c = THIRD / math.sqrt(d)
    found = d
    for attempt in range(ATTEMPTS):
        x = normal_quantile(unit(mix(bits, np.uint64(2 * attempt + 1))))
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            if math.log(unit(mix(bits, np.uint64(2 * attempt + 2)))) < 0.5 * x * x + d - d * v + d * math.log(v):
                found = d * v
                break
    return found if shape >= 1.0 else found * math.pow(unit(mix(bits, np.uint64(0))), 1.0 / shape)


def normal_quantile(p: float) -> float:
    """The standard normal quantile of p in (0, 1): AS 241, relative error some 1e-16."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
            + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
            + 133.14166789178437745) * r + 3.3871328727963666080) * q  # fmt: skip
        low = ((((((5226.4952788528545610 * r + 28729.085735721942674) * r + 39307.895800092710610) * r
            + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.18700749205790830) * r
            + 42.313330701600911252) * r + 1.0  # fmt: skip
        return top / low
    r = math.sqrt(-math.log(p if q <= 0.0 else 1.0 - p))
    x = _tail(r)
    return -x if q < 0.0 else x


def _tail(r: float) -> float:
    if r <= 5.0:
        r -= 1.6
        top = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
            + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r
            + 4.63033784615654529590) * r + 1.42343711074968357734)  # fmt: skip
        low = ((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
            + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940) * r
            + 2.05319162663775882187) * r + 1.0  # fmt: skip
        return top / low
    r -= 5.0
    top = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
        + 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580) * r
        + 5.46378491116411436990) * r + 6.65790464350110377720)  # fmt: skip
    low = ((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
        + 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1) * r
        + 5.99832206555887937690e-1) * r + 1.0  # fmt: skip
    return top / low
