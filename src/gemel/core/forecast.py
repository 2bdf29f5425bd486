"""A forecast: every member's path of every observable, with what a sensor would read, and its own provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .array import Array
from .clock import HOUR
from .derived import Derived, Path
from .errors import CapabilityError
from .fact import Instant
from .quantity import Quantity, names

__all__ = ["Forecast", "crps_ensemble", "weighted_quantile"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Paths over `times` for r members: `paths` without and `readings` with measurement error.

    `weights` sum to 1; a failed member has weight 0.  `amounts` are the cumulative doses and rate x time of each input
    from the start.  `issued` is the instant the belief stood at, `stale` why the twin was
    stale then (empty: it was not).
    """

    twin: str
    model: str
    plan: str
    issued: Instant
    times: Int[Array, "t"]
    observables: tuple[Quantity, ...]
    paths: Float[Array, "r t c"]
    readings: Float[Array, "r t c"]
    weights: Float[Array, "r"]
    inputs: tuple[Quantity, ...]
    amounts: Float[Array, "r t m"]
    covariates: tuple[Quantity, ...]
    covariate_values: Float[Array, "r k"]
    stale: str = ""

    @property
    def hours(self) -> Float[Array, "t"]:
        """Hours since the forecast was issued."""
        return (np.asarray(self.times) - self.issued) / HOUR

    @property
    def failed(self) -> int:
        """Members whose run failed: reported, never counted in."""
        return int(np.sum(np.asarray(self.weights) == 0.0))

    def column(self, observable: str) -> int:
        """Index of an observable by name."""
        known = names(self.observables)
        if observable not in known:
            raise CapabilityError(f"no observable '{observable}': this forecast has {known}")
        return known.index(observable)

    def quantile(self, observable: str, q: float | Sequence[float], *, readings: bool = True) -> Float[Array, "q t"]:
        """Quantiles over members at each time: of what a sensor would read, or of the hidden value."""
        values = (self.readings if readings else self.paths)[:, :, self.column(observable)]
        return weighted_quantile(values, self.weights, np.atleast_1d(q))

    def mean(self, observable: str) -> Float[Array, "t"]:
        """Mean of the hidden value over members."""
        values = np.where(np.asarray(self.weights)[:, None] > 0, self.paths[:, :, self.column(observable)], 0.0)
        return np.asarray(self.weights) @ values

    def probability(self, event: Bool[Array, "r"]) -> float:
        """Probability of an event told per member."""
        return float(np.sum(np.asarray(self.weights) * np.asarray(event)))

    def path(self, *, readings: bool = False) -> Path:
        """What a `Derived` reads."""
        shown = self.readings if readings else self.paths
        values: dict[str, Array] = {q.name: shown[:, :, i] for i, q in enumerate(self.observables)}
        values |= {q.name: self.amounts[:, :, i] for i, q in enumerate(self.inputs)}
        values |= {q.name: self.covariate_values[:, i] for i, q in enumerate(self.covariates)}
        return Path(self.hours, values)

    def derive(self, derived: Derived) -> Float[Array, "r"]:
        """A derived value of every member."""
        return derived.compute(self.path())

    def crps(self, observable: str, truth: Float[Array, "t"]) -> Float[Array, "t"]:
        """Continuous ranked probability score of the readings against what was read; NaN where nothing was."""
        return crps_ensemble(self.readings[:, :, self.column(observable)], self.weights, truth)

    def to_frame(self, quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Any:
        """A pandas frame: one row per time and observable, with mean and quantiles of the readings."""
        from .extra import require

        pandas = require("pandas", "frames")
        rows: list[Mapping[str, Any]] = []
        for q in self.observables:
            table, mean = self.quantile(q.name, quantiles), self.mean(q.name)
            for j, at in enumerate(np.asarray(self.times, dtype=np.int64)):
                band = {f"q{100 * p:g}": table[i, j] for i, p in enumerate(quantiles)}
                stamp = pandas.Timestamp(int(at), unit="us", tz="UTC")
                rows.append({"time": stamp, "observable": q.name, "unit": q.unit, "mean": mean[j], **band})
        return pandas.DataFrame(rows)

    def to_xarray(self) -> Any:
        """An xarray Dataset with dimensions member and time, units as attributes."""
        from .extra import require

        xarray = require("xarray", "frames")
        times = np.asarray(self.times).astype("datetime64[us]")
        data = {
            q.name: (("member", "time"), np.asarray(self.paths[:, :, i]), {"units": q.unit})
            for i, q in enumerate(self.observables)
        }
        coordinates = {"time": times, "weight": ("member", np.asarray(self.weights))}
        return xarray.Dataset(data, coords=coordinates, attrs={"twin": self.twin, "model": self.model})


def weighted_quantile(
    values: Float[Array, "r t"], weights: Float[Array, "r"], q: Float[Array, "q"]
) -> Float[Array, "q t"]:
    """Quantiles over rows: the weighted empirical distribution, interpolated between midpoints of its steps."""
    w = np.asarray(weights, dtype=np.float64)
    live = w > 0
    v = np.asarray(values, dtype=np.float64)[live]
    order = np.argsort(v, axis=0)
    w_sorted = w[live][order]
    middle = np.cumsum(w_sorted, axis=0) - 0.5 * w_sorted
    v_sorted = np.take_along_axis(v, order, axis=0)
    probabilities = np.asarray(q, dtype=np.float64)
    total = w[live].sum()
    columns = [np.interp(probabilities, middle[:, j] / total, v_sorted[:, j]) for j in range(v.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((probabilities.size, 0))


def crps_ensemble(
    values: Float[Array, "r t"], weights: Float[Array, "r"], truth: Float[Array, "t"]
) -> Float[Array, "t"]:
    """CRPS of a weighted ensemble: E|X - y| - E|X - X'| / 2 (Gneiting and Raftery 2007, eq. 21,
    doi:10.1198/016214506000001437), in O(n log n) by sorting."""
    w = np.asarray(weights, dtype=np.float64)
    live = w > 0
    w = w[live] / w[live].sum()
    v = np.asarray(values, dtype=np.float64)[live]
    y = np.asarray(truth, dtype=np.float64)
    order = np.argsort(v, axis=0)
    v_sorted, w_sorted = np.take_along_axis(v, order, axis=0), w[order]
    below = np.cumsum(w_sorted, axis=0) - w_sorted
    spread = np.sum(w_sorted * v_sorted * (2.0 * below + w_sorted - 1.0), axis=0)
    return w @ np.abs(v - y) - spread
