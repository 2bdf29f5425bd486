"""What to measure next: how much a measurement not yet made is expected to narrow a forecast, or to improve a choice.

Each member says what would be read and what will come, so regressing the one on the other over members gives the
expected narrowing, before anything is measured:

    narrowing = 1 - E[Var(y | reading)] / Var(y)

and, with the utilities of plans in place of y, the expected value of sample information (Strong, Oakley and Brennan
2014, doi:10.1177/0272989X12465019, and 2015, doi:10.1177/0272989X15575286):

    worth = E[max over plans E(u | reading)] - max over plans E(u).

The regression is a cubic polynomial; its gain is adjusted for the number of its terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import HOUR
from ..core.draws import normal, purpose
from ..core.errors import CapabilityError, PlanError
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.plan import Plan
from ..core.quantity import names
from ..core.twin import Twin
from .compare import Comparison
from .forecast import forecast_all
from .target import Target, hidden_values

__all__ = ["Gain", "Measurement", "candidates", "narrowing", "worth"]

DEGREE = 3


@dataclass(frozen=True, slots=True)
class Measurement:
    """A measurement that could be made: of an observable, `ahead` hours from now, or of a covariate, now.

    `sd` is the instrument's, in the quantity's unit (None: the observable's declared noise; a covariate is read
    exactly).  `cost` is in `currency`: money, minutes of a nurse, a needle's pain.
    """

    quantity: str
    ahead: float = 0.0
    sd: float | None = None
    cost: float = 0.0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a measurement is expected to bring: the part of the target's variance it removes, in [0, 1], or its worth in
    the utility's unit."""

    measurement: Measurement
    gain: float

    @property
    def per_cost(self) -> float:
        """Gain per unit of cost; infinite for what costs nothing and brings something."""
        if self.measurement.cost > 0.0:
            return self.gain / self.measurement.cost
        return float("inf") if self.gain > 0.0 else 0.0


def candidates(twin: Twin, until: Instant) -> tuple[Measurement, ...]:
    """What could be measured with what the model declares: each observable read at an instant, now and a quarter and
    half of the way to `until`, and each covariate that is not known."""
    hours = (until - twin.now) / HOUR
    readable = [q.name for q in twin.model.observables if q.noise is not None and q.span == "instant"]
    found = [Measurement(name, round(hours * part, 2)) for name in readable for part in (0.0, 0.25, 0.5)]
    values = np.asarray(twin.belief.covariates)
    found += [Measurement(q.name) for i, q in enumerate(twin.model.covariates) if np.ptp(values[:, i]) > 0.0]
    return tuple(found)


def narrowing(
    twin: Twin, until: Instant, target: Target, measurements: Sequence[Measurement], *, plan: Plan | None = None
) -> list[Gain]:
    """Expected narrowing of the target's hidden value at `until` by each measurement, the most first; where two bring
    the same, the cheaper first.  PlanError for a measurement after `until`, CapabilityError for an unknown name."""
    span = until - twin.now
    moments = [round(m.ahead * HOUR) for m in measurements]
    if late := [m for m, at in zip(measurements, moments, strict=True) if not 0 <= at <= span]:
        raise PlanError(f"'{late[0].quantity}' in {late[0].ahead:g} h lies outside the forecast of {span / HOUR:g} h")
    steps = range(max(1, span // 48), span + 1, max(1, span // 48))
    times = sorted({*steps, *moments, span})
    made = forecast_all([twin], span, [plan], ahead=times)[0]
    y, w = hidden_values(made, target), np.asarray(made.weights)
    gains: list[Gain] = []
    for m, at in zip(measurements, moments, strict=True):
        seen = _reading(twin, m, made, times.index(at))
        gains.append(Gain(m, max(0.0, 1.0 - _left(seen, y, w))))
    return sorted(gains, key=lambda g: (-round(g.gain, 3), g.measurement.cost))


def worth(twin: Twin, comparison: Comparison, measurements: Sequence[Measurement]) -> list[Gain]:
    """Expected worth, in the utility's unit, of making each measurement now, before a plan is chosen; the most first.

    Raises PlanError for a measurement later than now: by then the plans have parted.
    """
    if late := [m for m in measurements if m.ahead != 0.0]:
        raise PlanError(f"'{late[0].quantity}' in {late[0].ahead:g} h comes after the choice: measure now (ahead 0)")
    w = np.min([f.weights for f in comparison.forecasts], axis=0)
    w = w / w.sum()
    u = np.asarray(comparison.utilities)
    now = forecast_all([twin], 1, [None], ahead=[0, 1])[0]
    gains: list[Gain] = []
    for m in measurements:
        seen = _reading(twin, m, now, 0)
        told = np.stack([_regressed(seen, row, w)[0] for row in u])
        gains.append(Gain(m, max(0.0, float(w @ told.max(axis=0) - (u @ w).max()))))
    return sorted(gains, key=lambda g: -(g.gain - g.measurement.cost))


def _reading(twin: Twin, m: Measurement, made: Forecast, j: int) -> Float[Array, "r"]:
    """What each member says the instrument would show at output j."""
    observables, covariates = twin.model.observables, twin.model.covariates
    if m.quantity in names(observables):
        c = names(observables).index(m.quantity)
        if m.sd is None:
            return np.asarray(made.readings)[:, j, c]
        return np.asarray(made.paths)[:, j, c] + m.sd * _luck(twin, m)
    if m.quantity in names(covariates):
        exact = np.asarray(twin.belief.covariates)[:, names(covariates).index(m.quantity)]
        return exact if m.sd is None else exact + m.sd * _luck(twin, m)
    raise CapabilityError(f"'{m.quantity}' is neither read nor a covariate here: there are {names(observables)} and "
                          f"{names(covariates)}")  # fmt: skip


def _luck(twin: Twin, m: Measurement) -> Float[Array, "r"]:
    at = np.full(twin.members, round(m.ahead * HOUR), dtype=np.int64)
    return np.asarray(normal(twin.keys, purpose(f"candidate:{m.quantity}"), at))


def _left(x: Float[Array, "r"], y: Float[Array, "r"], w: Float[Array, "r"]) -> float:
    """The part of y's variance that x leaves, adjusted for the terms of the regression."""
    told, size = _regressed(x, y, w)
    whole = float(w @ (y - w @ y) ** 2)
    if whole <= 0.0:
        return 1.0
    left = float(w @ (y - told) ** 2) / whole
    return min(1.0, left * (size - 1.0) / max(size - DEGREE - 1.0, 1.0))


def _regressed(x: Float[Array, "r"], y: Float[Array, "r"], w: Float[Array, "r"]) -> tuple[Float[Array, "r"], float]:
    """E[y | x] at each member by weighted least squares, and the effective number of members."""
    live = (w > 0.0) & np.isfinite(x)
    v, size = np.where(live, w, 0.0), 1.0 / float(np.sum(w**2))
    v = v / v.sum()
    safe = np.where(live, x, 0.0)
    centred = safe - v @ safe
    scale = float(np.sqrt(v @ centred**2))
    if scale <= 0.0:
        return np.full(y.shape, v @ y), size
    basis = np.polynomial.hermite_e.hermevander(np.clip(centred / scale, -5.0, 5.0), DEGREE)  # structure: tames a tail
    root = np.sqrt(v)[:, None]
    solved = np.linalg.lstsq(basis * root, y * root[:, 0], rcond=None)[0]
    return basis @ solved, size
