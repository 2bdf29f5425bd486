"""Length of stay: five families by mean and coefficient of variation, conditional survival, truncated mean.

S(e + t) / S(e) is taken in logarithms, with the leading term of the incomplete gamma function where that underflows
(DLMF 8.11.2), so that a patient far beyond the usual stay still has a chance to leave.  E min(T, x) is
lognormal: mean Phi((ln x - m - s^2) / s) + x S(x); gamma of shape k: mean P(k + 1, x / b) + x S(x);
Weibull of shape k: mean P(1 + 1/k, (x / b)^k) + x S(x)  (limited expected values: Klugman, Panjer and Willmot 2012,
Loss Models, appendix A).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ....core.array import Array
from ....core.errors import SupportError
from ....core.extra import require
from .limits import nonnegative, positive

__all__ = ["FAMILIES", "Stay", "still_there", "truncated_mean"]

FAMILIES = ("lognormal", "gamma", "weibull", "exponential", "deterministic")


@dataclass(frozen=True, slots=True)
class Stay:
    """A distribution of the length of stay: family, mean [h], coefficient of variation cv [1].

    An exponential stay has cv 1, a deterministic one cv 0, any family with cv 0 is deterministic.
    """

    family: str
    mean: float
    cv: float

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise SupportError(f"no stay '{self.family}': there are {', '.join(FAMILIES)}")
        positive("mean stay", self.mean)
        nonnegative("cv", self.cv)
        fixed = {"exponential": 1.0, "deterministic": 0.0}.get(self.family, self.cv)
        if self.cv != fixed:
            raise SupportError(f"{self.family} stay has cv {fixed:g}, not {self.cv:g}: give that, or another family")


def still_there(stay: Stay, elapsed: Float[Array, "n"], ahead: float) -> Float[Array, "n"]:
    """P(stay > elapsed + ahead | stay > elapsed), elapsed and ahead in hours.

    A patient beyond a deterministic stay leaves at once.  Raises SupportError for a negative time.
    """
    if elapsed.size:
        nonnegative("least elapsed_h", float(np.min(elapsed)))
    if stay.cv == 0:
        return (elapsed + ahead < stay.mean).astype(np.float64)
    return np.exp(_log_survival(stay, elapsed + ahead) - _log_survival(stay, elapsed))


def truncated_mean(stay: Stay, x: Float[Array, "n"]) -> Float[Array, "n"]:
    """E min(T, x) [h], the integral of the survival function from 0 to x [h]."""
    if stay.cv == 0:
        return np.minimum(stay.mean, x)
    special = require("scipy.special", "twin")
    held = x * np.exp(_log_survival(stay, x))
    if stay.family == "lognormal":
        s = np.sqrt(np.log1p(stay.cv**2))
        m = np.log(stay.mean) - s * s / 2.0
        with np.errstate(divide="ignore"):  # log 0: nobody has left yet
            return stay.mean * special.ndtr((np.log(x) - m - s * s) / s) + held
    if stay.family == "weibull":
        shape = _weibull_shape(stay.cv)
        return stay.mean * special.gammainc(1.0 + 1.0 / shape, (x / _weibull_scale(stay.mean, shape)) ** shape) + held
    return stay.mean * special.gammainc(1.0 / stay.cv**2 + 1.0, x / (stay.mean * stay.cv**2)) + held


def _log_survival(stay: Stay, x: Float[Array, "n"]) -> Float[Array, "n"]:
    special = require("scipy.special", "twin")
    if stay.family == "lognormal":
        s = np.sqrt(np.log1p(stay.cv**2))
        m = np.log(stay.mean) - s * s / 2.0
        with np.errstate(divide="ignore"):  # log 0: everybody is still there
            return special.log_ndtr((m - np.log(x)) / s)
    if stay.family == "weibull":
        shape = _weibull_shape(stay.cv)
        return -((x / _weibull_scale(stay.mean, shape)) ** shape)
    shape, z = 1.0 / stay.cv**2, x / (stay.mean * stay.cv**2)
    tail = special.gammaincc(shape, z)
    far = tail < 1e-290  # structure: near the smallest double
    with np.errstate(divide="ignore", invalid="ignore"):
        leading = (shape - 1.0) * np.log(z) - z - special.gammaln(shape) + np.log1p((shape - 1.0) / z)
        return np.where(far, leading, np.log(np.where(far, 1.0, tail)))


def _weibull_shape(cv: float) -> float:
    """The shape k with Gamma(1 + 2/k) / Gamma(1 + 1/k)^2 = 1 + cv^2."""
    special, optimize = require("scipy.special", "twin"), require("scipy.optimize", "twin")

    def miss(log_shape: float) -> float:
        inverse = np.exp(-log_shape)
        return float(special.gammaln(1 + 2 * inverse) - 2 * special.gammaln(1 + inverse) - np.log1p(cv**2))

    return float(np.exp(optimize.brentq(miss, -5.0, 20.0, xtol=1e-15)))  # structure: shapes from 0.007 to 5e8


def _weibull_scale(mean: float, shape: float) -> float:
    return mean / float(require("scipy.special", "twin").gamma(1.0 + 1.0 / shape))
