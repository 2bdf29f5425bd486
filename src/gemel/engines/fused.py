"""A long window of a flow model in one compiled scan: segment after segment, an update where one ends in a reading.

A loop in Python pays two kernel calls and their copies for every reading; one scan pays them once for the window.
Segments are padded to a bucket; a padded one is skipped, not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.drive import Drive
from ..core.model import Fixed, Model, Window
from ..numerics.flow import Flow, step_counts
from ..numerics.kernel import kernels
from ..numerics.start import bucket, jax_numpy
from .kalman import Ensemble, Options, Reading, Update

__all__ = ["LONG", "fused", "through"]

LONG = 16
"""Outputs from which on the scan is worth its own compilation."""


def fused(model: Model, window: Window) -> bool:
    """Whether the window is long, and the model a flow of fixed steps that meets no facts to absorb in it."""
    long = len(window.facts) >= LONG and all(facts is None for facts in window.facts)
    return long and isinstance(model, Flow) and model.solver == "rk4"


class _Piece(NamedTuple):
    """One segment of every twin, segments leading once stacked: the drive's own numbers, its steps (-1: padding), which
    output it ends in (-1: none), and whether anything is read there."""

    drive: tuple[Any, ...]
    count: Any
    output: Any
    seen: Any


def through(
    model: Model, belief: Belief, window: Window, fixed: Fixed,
    luck: tuple[UInt64[Array, "r"], Int[Array, "b t"]], options: Options,
) -> tuple[Belief, Float[Array, "b"]]:  # fmt: skip
    """The belief after the window and its log evidence; `luck` is the members' keys and each output's number."""
    assert isinstance(model, Flow)  # `fused` has looked
    pieces = _pieces(model, window)
    key, numbers = luck
    readings = Reading(window.low, window.high, window.sd, numbers)
    leaves = {name: np.asarray(leaf) for name, leaf in belief.state.items()}
    start = Ensemble(belief.theta, leaves, np.asarray(belief.logw, dtype=float), belief.inflation)
    scan = _scan(model, options)
    end, read, gained = scan(start, belief.read, _steady(window.drive), pieces, readings, key, fixed)
    moved = replace(
        belief, theta=np.asarray(end.theta), state={name: np.asarray(leaf) for name, leaf in end.leaves.items()},
        logw=np.asarray(end.logw), inflation=end.inflation, read=np.asarray(read), at=int(window.at.max()),
    )  # fmt: skip
    return moved, np.asarray(gained)


def _steady(drive: Drive) -> Any:
    """Covariates that hold all the time, or None where each segment has its own."""
    return np.asarray(drive.covariates) if drive.covariates.shape[1] == 1 else None


def _pieces(flow: Flow, window: Window) -> _Piece:
    """The window's segments up to each output in turn, end to end, padded to a bucket; leading axis s."""
    steps = window.drive.steps()
    widths = [step.dt.shape[1] for step in steps]
    total = sum(widths)
    size = bucket(total)
    output = np.full(size, -1)
    output[np.cumsum(widths) - 1] = np.arange(len(steps))
    seen = np.where(output >= 0, window.seen.any(axis=(0, 2))[output], False)
    counts = np.full(size, -1)
    counts[:total] = np.concatenate([step_counts(step, flow.member.step) for step in steps])
    parts: list[Any] = []
    for name in (f.name for f in fields(Drive) if f.name != "output"):
        if name == "covariates" and window.drive.covariates.shape[1] == 1:
            parts.append(np.zeros((size, 0)))
            continue
        joined = np.concatenate([np.asarray(getattr(step, name)) for step in steps], axis=1)
        spare = [(0, 0), (0, size - total)] + [(0, 0)] * (joined.ndim - 2)
        parts.append(np.moveaxis(np.pad(joined, spare), 1, 0))
    return _Piece(tuple(parts), counts, output, seen)


@lru_cache(maxsize=32)
def _scan(flow: Flow, options: Options) -> Callable[..., Any]:
    jax_numpy()
    import jax

    return jax.jit(_Scan(flow, options), static_argnums=6)


class _Scan:
    """The whole window, traced once."""

    def __init__(self, flow: Flow, options: Options) -> None:
        self.flow, self.update = flow, Update(flow, options)
        self.spans = np.array([q.span == "interval" for q in flow.observables])

    def __call__(
        self, start: Ensemble, read: Any, steady: Any, pieces: _Piece, readings: Reading, key: Any, fixed: Any
    ) -> tuple[Ensemble, Any, Any]:
        """The ensemble at the end, the running totals last read, and the log evidence."""
        import jax

        xp, rows, twins = jax_numpy(), start.theta.shape[0], readings.low.shape[0]

        def spread(a: Any) -> Any:
            return xp.repeat(a, rows // twins, axis=0) if a.shape[0] == twins and twins not in (1, rows) else a

        def run(now: Ensemble, piece: _Piece) -> tuple[Ensemble, Any]:
            parts = [
                spread(a)[:, None] for a in (*piece.drive[:5], steady[:, 0] if steady is not None else piece.drive[5])
            ]
            drive = (*parts, xp.zeros((1, 1), int))
            leaves, y = kernels().run(self.flow, fixed, rows, now.leaves, now.theta, drive, piece.count[None], key)
            y = y[:, 0]
            return now._replace(leaves=leaves, logw=xp.where(xp.isfinite(y).all(axis=1), now.logw, -xp.inf)), y

        def meet(now: Ensemble, y: Any, read: Any, reading: Reading) -> tuple[Ensemble, Any, Any]:
            told = xp.repeat(~xp.isnan(reading.low), rows // twins, axis=0)
            predicted = xp.where(self.spans, y - read, y)
            after, gained = self.update(now, predicted, reading, key)
            leaves = {**now.leaves, **after.leaves}
            return after._replace(leaves=leaves), xp.where(self.spans & told, y, read), gained

        def segment(carry: tuple[Any, ...], piece: _Piece) -> tuple[tuple[Any, ...], None]:
            now, read, total = carry
            y = xp.zeros((rows, len(self.spans)))
            now, y = jax.lax.cond(piece.count >= 0, lambda: run(now, piece), lambda: (now, y))
            reading = Reading(*(a[:, piece.output] for a in readings))
            still = lambda: (now, read, xp.zeros(twins))  # noqa: E731
            now, read, gained = jax.lax.cond(piece.seen, lambda: meet(now, y, read, reading), still)
            return (now, read, total + gained), None

        first = jax.tree.map(xp.asarray, (start, read, xp.zeros(twins)))
        return jax.lax.scan(segment, first, jax.tree.map(xp.asarray, pieces))[0]
