"""Arrays of a run as the event loop wants them: named records, whole microseconds, drifting parameters by segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array, State
from ..core.clock import CLOCK
from ..core.draws import normal, purpose
from ..core.drive import Drive, grid_hours
from ..core.quantity import Quantity, bound, free, names
from .kernel import drift_leaf, drift_size, drift_start, drift_step

__all__ = ["drift_starts", "given_by_segment", "packed_drive", "records", "still_clock", "still_drive"]


def records(values: Float[Array, "... q"], labels: Sequence[str]) -> Any:
    """The last axis as named fields of a record array that lacks it, sharing memory where `values` is contiguous."""
    array = np.asarray(values)
    if not labels:
        return np.zeros(array.shape[:-1], np.dtype((np.record, [("_", "f8")])))
    fields = np.dtype((np.record, [(label, "f8") for label in labels]))
    return np.ascontiguousarray(array, dtype=np.float64).view(fields)[..., 0]


def still_clock() -> Any:
    """The clock `start` sees: unknown."""
    return records(np.full((1, 1, len(CLOCK)), np.nan), CLOCK)


def still_drive(covariates: Float[Array, "r k"]) -> Drive:
    """One segment of no length, for the start."""
    none = np.zeros((1, 1, 0))
    return Drive(
        dt=np.zeros((1, 1)),
        clock=np.zeros((1, 1, len(CLOCK))),
        tick=np.full((1, 1), -1),
        rate=none,
        dose=none,
        covariates=np.asarray(covariates)[:, None, :],
        output=np.zeros((1, 0), dtype=np.int64),
    )


def packed_drive(drive: Drive, inputs: Sequence[Quantity]) -> tuple[Any, tuple[Any, ...]]:
    """The clock records and the drive as `jump_loop.run_rows` takes them: one row for all, or each row its own."""
    pieces = (drive.dt, drive.clock, drive.rate, drive.dose)
    heads = max(a.shape[0] for a in pieces)
    dt, clock, rate, dose = (np.broadcast_to(np.asarray(a, dtype=np.float64), (heads, *a.shape[1:])) for a in pieces)
    output = np.asarray(drive.output, dtype=np.int64)
    place = np.argsort(output, axis=1, kind="stable").astype(np.int64)
    parts = (
        np.rint(dt).astype(np.int64),
        np.array(rate, order="C"),
        records(dose, names(inputs)),
        np.ascontiguousarray((dose != 0.0).any(axis=-1)),
        np.take_along_axis(output, place, axis=1),
        place,
    )
    return records(clock, CLOCK), parts


def drift_starts(
    parameters: Sequence[Quantity], theta: Float[Array, "r p"], key: UInt64[Array, "r"]
) -> dict[str, Float[Array, "r"]]:
    """Offsets of the drifting parameters at the twin's epoch, in free space."""
    values = dict(zip(names(parameters), np.asarray(theta).T, strict=True))
    offsets: dict[str, Float[Array, "r"]] = {}
    for q in parameters:
        if q.drift is not None:
            luck = normal(key, purpose(f"start:{q.name}"), np.uint64(0))
            offsets[drift_leaf(q.name)] = np.asarray(drift_start(q.drift, luck, drift_size(q.drift, values)))
    return offsets


def given_by_segment(
    parameters: Sequence[Quantity],
    theta: Float[Array, "r p"],
    drive: Drive,
    state: State,
    key: UInt64[Array, "r"],
) -> tuple[Float[Array, "r #s q"], dict[str, Float[Array, "r"]]]:
    """Parameters (with drift) and covariates of every row in every segment, q = p + k, and the drifts' last offsets."""
    rows, drifting = theta.shape[0], any(q.drift is not None for q in parameters)
    covariates = np.asarray(drive.covariates, dtype=np.float64)
    segments = drive.dt.shape[1] if drifting else covariates.shape[1]
    values = np.repeat(np.asarray(theta, dtype=np.float64)[:, None, :], segments, axis=1)
    offsets: dict[str, Float[Array, "r"]] = {}
    sizes = dict(zip(names(parameters), np.asarray(theta).T, strict=True))
    for i, q in enumerate(parameters):
        if q.drift is not None:
            size = drift_size(q.drift, sizes)
            stride = round(q.drift.every / (grid_hours(parameters) or q.drift.every))
            base, offset = free(q, values[:, 0, i]), np.array(state[drift_leaf(q.name)])
            for s in range(segments):
                tick = np.broadcast_to(np.asarray(drive.tick)[:, s], rows)
                moved = drift_step(q.drift, offset, normal(key, purpose(f"drift:{q.name}"), tick), size)
                due = (tick >= 0) & (tick % stride == 0) & (np.asarray(drive.dt)[:, s] > 0)
                offset = np.where(due, moved, offset)
                values[:, s, i] = bound(q, base + offset)
            offsets[drift_leaf(q.name)] = offset
    wide = np.broadcast_to(covariates, (rows, segments, covariates.shape[2]))
    return np.concatenate([values, wide], axis=2), offsets
