"""Forecasts of many live twins in one run: every member's path as things are, and its quantiles, on arrays.

A run takes copies of what it needs while it has the site's turn (`crew_of`), and then needs nobody's turn (`paths_of`):
twins take in readings, or leave, while their forecast is being made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.drive import InputEvent, grid_ticks
from ..core.fact import Instant
from ..core.forecast import Forecast, weighted_quantile
from ..core.ledger import LEVELS
from ..verbs.forecast import AS_IS, with_noise
from .fleet import Fleet, padded
from .fleet_seat import Seat
from .fleet_windows import Course, drive_of

__all__ = ["Crew", "Outset", "Paths", "as_forecast", "crew_of", "paths_of"]


@dataclass(frozen=True, slots=True)
class Outset:
    """Where the twin on a seat stood when its forecast was begun; the seat goes on."""

    number: int
    seat: Seat
    at: Instant
    rates: tuple[float, ...]
    pending: tuple[InputEvent, ...]
    facts_hash: str

    def kept(self, fleet: Fleet) -> bool:
        """Whether the twin still has its seat, moved or not."""
        return fleet.seats.get(self.number) is self.seat


@dataclass(frozen=True, slots=True)
class Crew:
    """Twins of a fleet that are forecast in one run, their beliefs as one and all members' keys; the last twin stands
    for those that pad the run to one of `fleet.SIZES`."""

    fleet: Fleet
    outsets: tuple[Outset, ...]
    belief: Belief
    keys: UInt64[Array, "r"]


@dataclass(frozen=True, slots=True)
class Paths:
    """Forecasts of b twins of a fleet with n members each: hidden values and readings (b, n, t, c), the times (b, t),
    weights (b, n; 0 for a failed member, all 0 where every member failed), and quantiles of the readings at
    `core.ledger.LEVELS` (q, b, t, c).  The first output is the present, at which nothing is read."""

    outsets: tuple[Outset, ...]
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


def crew_of(fleet: Fleet, numbers: Sequence[int]) -> Crew:
    """The twins on these seats as they stand."""
    belief, keys = fleet.beliefs(padded(numbers))
    seats = [fleet.seats[number] for number in numbers]
    outsets = [
        Outset(number, seat, seat.at, seat.rates, seat.pending, seat.facts_hash)
        for number, seat in zip(numbers, seats, strict=True)
    ]
    return Crew(fleet, tuple(outsets), belief, keys)


def paths_of(crew: Crew, ahead: Sequence[Instant]) -> Paths:
    """Run a crew to `ahead` [us] from their presents."""
    fleet, belief, keys, b = crew.fleet, crew.belief, crew.keys, len(crew.outsets)
    rows = padded(crew.outsets)
    drive = drive_of([_course(fleet, outset, ahead) for outset in rows], belief.covariates)
    if fleet.swift is fleet.model:
        drive = drive.spread(belief.rows)
    _, raw = fleet.swift.run(belief.state, belief.theta, drive, fleet.fixed, keys)
    raw = np.asarray(raw, dtype=np.float64)
    times = np.array([outset.at for outset in rows], dtype=np.int64)[:, None] + np.array([0, *ahead])
    each = belief.rows // len(rows)
    read = with_noise(fleet.model, belief, raw, (keys, np.repeat(times, each, axis=0)))
    grid = (len(rows), each, times.shape[1], len(fleet.model.observables))
    hidden, readings = raw.reshape(grid)[:b], read.reshape(grid)[:b]
    weights = _weights(belief, hidden, len(rows), b)
    return Paths(crew.outsets, times[:b], hidden, readings, weights, _quantiles(readings, weights, LEVELS))


def as_forecast(fleet: Fleet, paths: Paths, place: int) -> Forecast:
    """One of the forecasts as a value of its own, without the present and without covariates and amounts."""
    outset, model = paths.outsets[place], fleet.model
    twin = outset.seat.standing.twin
    readings = np.asarray(paths.readings)[place, :, 1:]
    rows, times = readings.shape[0], readings.shape[1]
    return Forecast(
        twin=twin.id, model=f"{model.card.title} {model.card.version}", plan=AS_IS.name, issued=outset.at,
        times=np.asarray(paths.times)[place, 1:], observables=model.observables,
        paths=np.asarray(paths.hidden)[place, :, 1:], readings=readings, weights=np.asarray(paths.weights)[place],
        inputs=(), amounts=np.zeros((rows, times, 0)), covariates=(), covariate_values=np.zeros((rows, 0)),
        stale=twin.stale,
    )  # fmt: skip


def _course(fleet: Fleet, outset: Outset, ahead: Sequence[Instant]) -> Course:
    start, end = outset.at, outset.at + ahead[-1]
    twin = outset.seat.standing.twin
    ticks = grid_ticks(start, end, (twin.cursor.epoch, fleet.reader.grid))
    outputs = [start, *(start + after for after in ahead)]
    cuts = sorted({*outputs, *ticks, *(event.at for event in outset.pending if start <= event.at < end)})
    return Course(twin.subject, cuts, outputs, ticks, outset.pending, outset.rates)


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
