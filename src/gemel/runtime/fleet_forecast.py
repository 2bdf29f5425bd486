"""Forecasts of many live twins in one run: every member's path as things are, and its quantiles, on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ..core.array import Array
from ..core.belief import Belief
from ..core.drive import grid_ticks
from ..core.fact import Instant
from ..core.forecast import Forecast, weighted_quantile
from ..core.ledger import LEVELS
from ..verbs.forecast import AS_IS, with_noise
from .fleet import Fleet, padded
from .fleet_seat import Seat
from .fleet_windows import Course, drive_of

__all__ = ["Paths", "as_forecast", "paths_of"]


@dataclass(frozen=True, slots=True)
class Paths:
    """Forecasts of b twins of a fleet with n members each: hidden values and readings (b, n, t, c), the times (b, t),
    weights (b, n; 0 for a failed member, all 0 where every member failed), and quantiles of the readings at
    `core.ledger.LEVELS` (q, b, t, c).  The first output is the present, at which nothing is read."""

    seats: tuple[Seat, ...]
    times: Int[Array, "b t"]
    hidden: Float[Array, "b n t c"]
    readings: Float[Array, "b n t c"]
    weights: Float[Array, "b n"]
    quantiles: Float[Array, "q b t c"]

    @property
    def sound(self) -> Bool[Array, "b"]:
        """Twins of which some member could be run."""
        return np.asarray(self.weights).any(axis=1)

    def present(self) -> tuple[Float[Array, "b c"], Float[Array, "2 b c"]]:
        """The hidden values at the present: weighted mean, and 5 % and 95 % quantiles."""
        now = np.asarray(self.hidden)[:, :, 0]
        w = np.asarray(self.weights)[..., None]
        mean = np.sum(np.where(w > 0, now, 0.0) * w, axis=1)
        return mean, _quantiles(now, np.asarray(self.weights), (0.05, 0.95))


def paths_of(fleet: Fleet, numbers: Sequence[int], ahead: Sequence[Instant]) -> Paths:
    """Run the twins on these seats to `ahead` [us] from their presents."""
    rows = padded(numbers)
    belief, keys = fleet.beliefs(rows)
    seats = [fleet.seats[number] for number in rows]
    drive = drive_of([_course(fleet, seat, ahead) for seat in seats], belief.covariates)
    if fleet.swift is fleet.model:
        drive = drive.spread(belief.rows)
    _, raw = fleet.swift.run(belief.state, belief.theta, drive, fleet.fixed, keys)
    raw = np.asarray(raw, dtype=np.float64)
    times = np.array([[seat.at + after for after in (0, *ahead)] for seat in seats], dtype=np.int64)
    each = belief.rows // len(seats)
    read = with_noise(fleet.model, belief, raw, (keys, np.repeat(times, each, axis=0)))
    b = len(numbers)
    grid = (len(seats), each, times.shape[1], len(fleet.model.observables))
    hidden, readings = raw.reshape(grid)[:b], read.reshape(grid)[:b]
    weights = _weights(belief, hidden, len(seats), b)
    return Paths(
        tuple(seats[:b]), times[:b], hidden, readings, weights, _quantiles(readings, weights, LEVELS)
    )  # fmt: skip


def as_forecast(fleet: Fleet, paths: Paths, place: int) -> Forecast:
    """One of the forecasts as a value of its own, without the present and without covariates and amounts."""
    twin, model = paths.seats[place].standing.twin, fleet.model
    readings = np.asarray(paths.readings)[place, :, 1:]
    rows, times = readings.shape[0], readings.shape[1]
    return Forecast(
        twin=twin.id, model=f"{model.card.title} {model.card.version}", plan=AS_IS.name, issued=paths.seats[place].at,
        times=np.asarray(paths.times)[place, 1:], observables=model.observables,
        paths=np.asarray(paths.hidden)[place, :, 1:], readings=readings, weights=np.asarray(paths.weights)[place],
        inputs=(), amounts=np.zeros((rows, times, 0)), covariates=(), covariate_values=np.zeros((rows, 0)),
        stale=twin.stale,
    )  # fmt: skip


def _course(fleet: Fleet, seat: Seat, ahead: Sequence[Instant]) -> Course:
    start, end = seat.at, seat.at + ahead[-1]
    twin = seat.standing.twin
    ticks = grid_ticks(start, end, (twin.cursor.epoch, fleet.reader.grid))
    outputs = [start, *(start + after for after in ahead)]
    cuts = sorted({*outputs, *ticks, *(event.at for event in seat.pending if start <= event.at < end)})
    return Course(twin.subject, cuts, outputs, ticks, seat.pending, seat.rates)


def _weights(belief: Belief, hidden: Float[Array, "b n t c"], twins: int, b: int) -> Float[Array, "b n"]:
    """Normalised weights of the members that could be run; all zero for a twin that has none."""
    logw = np.asarray(belief.logw, dtype=np.float64).reshape(twins, -1)[:b]
    logw = np.where(np.isfinite(hidden).all(axis=(2, 3)), logw, -np.inf)
    top = logw.max(axis=1, keepdims=True)
    w = np.exp(logw - np.where(np.isfinite(top), top, 0.0))
    total = w.sum(axis=1, keepdims=True)
    return w / np.where(total > 0.0, total, 1.0)


def _quantiles(
    values: Float[Array, "b n ..."], weights: Float[Array, "b n"], levels: Sequence[float]
) -> Float[Array, "q b ..."]:
    """Quantiles over members, as `core.forecast.weighted_quantile`; in one sort for the twins whose members all weigh
    the same, NaN for those that have none."""
    v, w, q = np.asarray(values, dtype=np.float64), np.asarray(weights), np.asarray(levels)
    found = np.full((len(levels), *v.shape[:1], *v.shape[2:]), np.nan)
    even = (w == w[:, :1]).all(axis=1) & (w[:, 0] > 0)
    if even.any():
        n = w.shape[1]
        place = np.clip(q * n - 0.5, 0.0, n - 1.0)
        low = np.minimum(place.astype(int), n - 2) if n > 1 else np.zeros(q.size, dtype=int)
        part = (place - low).reshape(-1, *[1] * (v.ndim - 1))
        ordered = np.moveaxis(np.sort(v[even], axis=1), 1, 0)
        found[:, even] = ordered[low] + part * (ordered[np.minimum(low + 1, n - 1)] - ordered[low])
    for t in np.flatnonzero(~even & (w > 0).any(axis=1)):
        flat = v[t].reshape(v.shape[1], -1)
        found[:, t] = weighted_quantile(flat, w[t], q).reshape(len(levels), *v.shape[2:])
    return found
