"""A flow as a function that JAX can differentiate, with the luck among its arguments.

    (state, theta, covariates, noise) -> (end state, what is read at the outputs)

`noise` holds one standard normal for each segment and each of `kernel.wanderers`; where a segment starts on the epoch
grid they take the place of the keyed draws, so that drift and process noise can be unknowns like any other.  With the
keyed draws as `noise` the numbers are those of `Flow.run`.  Rows are members, starts of an optimiser or chains; the
arithmetic is the kernel's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from ..core.array import Array
from ..core.drive import Drive, grid_hours
from ..core.errors import CapabilityError
from ..core.model import Fixed
from .flow import Flow, step_counts
from .kernel import Mode, Pieces, through, wanderers
from .start import bucket, jax_numpy

__all__ = ["Course", "course", "due", "roomy", "traced"]


class Course(NamedTuple):
    """One subject's drive as the traced function takes it: the drive's pieces but the covariates, padded, and the
    steps of each segment."""

    dt: Any
    clock: Any
    tick: Any
    rate: Any
    dose: Any
    output: Any
    counts: Any


def course(flow: Flow, drive: Drive) -> Course:
    """The drive of one subject.  Raises CapabilityError where covariates change on the way."""
    if drive.covariates.shape[1] != 1:
        raise CapabilityError(
            "covariates that change within a window have no gradient engine: use 'enkf' or 'particle'"
        )
    segments, outputs = drive.dt.shape[1], drive.output.shape[1]
    more, spare = roomy(segments) - segments, roomy(outputs) - outputs

    def wide(a: Array, extra: int, fill: int = 0) -> Array:
        array = np.asarray(a)
        return np.pad(array, [(0, 0), (0, extra)] + [(0, 0)] * (array.ndim - 2), constant_values=fill)

    return Course(
        wide(drive.dt, more), wide(drive.clock, more), wide(drive.tick, more, -1), wide(drive.rate, more),
        wide(drive.dose, more), wide(drive.output, spare),
        np.pad(np.asarray(step_counts(drive, flow.member.step)), (0, more)),
    )  # fmt: skip


def roomy(n: int) -> int:
    """The size an axis of length n is padded to: one of eight an octave, so that few sizes are compiled."""
    grain = max(bucket(max(n, 1)) // 8, 1)
    return -(-max(n, 1) // grain) * grain


def due(flow: Flow, tick: Array) -> Bool[Array, "s w"]:
    """Which wanderers move at the start of which segment; `tick` as in `Drive`, one per segment."""
    grid = grid_hours((*flow.member.parameters, *flow.member.smooth))
    at = np.asarray(tick)[:, None]
    strides = [round(q.drift.every / grid) for q, _ in wanderers(flow.member) if q.drift is not None and grid]
    return (at >= 0) & (at % np.array(strides, dtype=np.int64)[None] == 0)


def traced(
    flow: Flow, fixed: Fixed, mode: Mode, most: int = 0
) -> Callable[[Mapping[str, Any], Any, Any, Any, Course], tuple[dict[str, Any], Any]]:
    """The function of (state, theta (r, p), covariates (r, k), noise (r, s, w), course), to be called under `jax.jit`.

    'forward' differentiates by jvp, 'reverse' by vjp, for which `most` is the steps of the longest segment.  Raises
    CapabilityError for a flow that runs in plain NumPy.
    """
    if flow.solver == "numpy":
        raise CapabilityError("a flow with solver 'numpy' has no gradients: build it with another solver")
    xp = jax_numpy()

    def luck(own: Any, _: Any) -> list[Any]:
        return [own[:, i] for i in range(own.shape[1])]

    def run(
        state: Mapping[str, Any], theta: Any, covariates: Any, noise: Any, way: Course
    ) -> tuple[dict[str, Any], Any]:
        drive = (way.dt, way.clock, way.tick, way.rate, way.dose, covariates[:, None], way.output)
        pieces = Pieces(flow, fixed, xp, mode, most)
        return through(pieces, state, theta, drive, way.counts, (luck, xp.moveaxis(noise, 1, 0)))

    return run
