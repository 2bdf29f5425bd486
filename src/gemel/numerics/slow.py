"""The flow lifter in plain NumPy: one member after another, one step after another, the author's own lines.

This is where to look when a model misbehaves: `Flow(member, solver="numpy")` is the same model on this path, so every
verb works on it unchanged, `print` and a debugger see ordinary floats, and a division by zero says so.  It is also the
oracle the compiled kernel is tested against.  Not for work: it is hundreds of times slower.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array, State
from ..core.clock import DAY, HOUR
from ..core.draws import normal, purpose
from ..core.drive import Drive, grid_hours
from ..core.model import Fixed
from ..core.quantity import Quantity, bound, free, names
from .kernel import drift_leaf, drift_size, drift_start, drift_step
from .member import Env, FlowMember, named, ordered

if TYPE_CHECKING:
    from .flow import Flow

__all__ = ["init_slow", "run_slow"]

Leaves = dict[str, Any]


def init_slow(
    member: FlowMember,
    fixed: Fixed,
    theta: Float[Array, "r p"],
    covariates: Float[Array, "r k"],
    rate: Float[Array, "r m"],
    key: UInt64[Array, "r"],
) -> State:
    """The starting state of all members; see `core.model.Model.init`."""
    inputs = named(names(member.inputs))
    rows: list[Leaves] = []
    for p, k, u, own in zip(*(np.asarray(a) for a in (theta, covariates, rate, key)), strict=True):
        offsets: Leaves = {}
        sizes = dict(zip(names(member.parameters), p, strict=True))
        for q in member.parameters:
            if q.drift is not None:
                luck = float(normal(np.array([own]), purpose(f"start:{q.name}"), np.uint64(0))[0])
                offsets[drift_leaf(q.name)] = drift_start(q.drift, luck, drift_size(q.drift, sizes))
        x = member.start(_parameters(member, p, k, offsets), inputs(*u), Env(0.0, 0.0, 0.0, 0.0, np, fixed))
        rows.append({q.name: np.broadcast_to(np.asarray(x[q.name], float), q.shape) for q in member.smooth} | offsets)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def run_slow(
    flow: Flow, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
) -> tuple[State, Float[Array, "r t c"]]:
    """All members through the drive, one at a time; see `core.model.Model.run`."""
    counts = [ceil(longest / (flow.member.step * HOUR) - 1e-9) for longest in np.max(np.asarray(drive.dt), axis=0)]
    done = [_run_member(_Row(flow, fixed, drive, r), state, theta, counts, key) for r in range(theta.shape[0])]
    end = {name: np.array([x[name] for x, _ in done]) for name in done[0][0]}
    return end, drive.outputs(np.array([reads for _, reads in done]))


class _Row:
    """The drive as one member meets it."""

    def __init__(self, flow: Flow, fixed: Fixed, drive: Drive, row: int) -> None:
        def own(a: Array) -> Any:
            return np.asarray(a)[row if a.shape[0] > 1 else 0]

        self.flow, self.member, self.fixed, self.row = flow, flow.member, fixed, row
        self.dt, self.clock, self.tick, self.rate, self.dose, self.covariates = (
            own(a) for a in (drive.dt, drive.clock, drive.tick, drive.rate, drive.dose, drive.covariates)
        )
        self.inputs = named(names(self.member.inputs))

    def env(self, j: int, elapsed: float) -> Env:
        """The clock `elapsed` microseconds into segment j."""
        hour, weekday, yearday, holiday = self.clock[j]
        return Env((round(hour * HOUR) + elapsed) % DAY / HOUR, weekday, yearday, holiday, np, self.fixed)


def _run_member(
    row: _Row, state: State, theta: Float[Array, "r p"], counts: list[int], key: UInt64[Array, "r"]
) -> tuple[Leaves, Float[Array, "s c"]]:
    member = row.member
    x: Leaves = {name: np.asarray(leaf)[row.row] for name, leaf in state.items()}
    reads = np.full((len(counts), len(member.observables)), np.nan)
    failed = False
    for j, count in enumerate(counts):
        if row.tick[j] >= 0:
            x = _wander(row, x, np.asarray(theta)[row.row], int(row.tick[j]), np.asarray(key)[row.row : row.row + 1])
        known = row.covariates[j if len(row.covariates) > 1 else 0]
        p = _parameters(member, np.asarray(theta)[row.row], known, x)
        if np.any(row.dose[j] != 0.0):
            x |= member.dose(_named_state(member, x), p, row.inputs(*row.dose[j]), row.env(j, 0.0))
        x, worse = _steps(row, x, p, j, count)
        seen = member.emit(_named_state(member, x), p, row.env(j, row.dt[j]))
        read = np.array(ordered(seen, names(member.observables), "emit"))
        failed = failed or worse
        if not failed and not (read > row.flow.highest()).any():
            reads[j] = read
    return x, reads


def _steps(row: _Row, x: Leaves, p: Any, j: int, count: int) -> tuple[Leaves, bool]:
    """Classical Runge-Kutta through segment j; also whether the first step, or a number, failed."""
    member, labels = row.member, names(row.member.smooth)
    tick = row.dt[j] / max(count, 1)
    h = tick / HOUR
    u = row.inputs(*row.rate[j])
    failed = False

    def slope(y: Leaves, elapsed: float) -> Leaves:
        return ordered(member.field(_named_state(member, y), p, u, row.env(j, elapsed)), labels, "field")._asdict()

    def moved(y: Leaves, k: Leaves, part: float) -> Leaves:
        return y | {name: y[name] + part * h * k[name] for name in labels}

    for i in range(count):
        k1 = slope(x, i * tick)
        k2 = slope(moved(x, k1, 0.5), (i + 0.5) * tick)
        k3 = slope(moved(x, k2, 0.5), (i + 0.5) * tick)
        k4 = slope(moved(x, k3, 1.0), (i + 1) * tick)
        coarse = moved(x, k2, 1.0)
        x = moved(x, {n: (k1[n] + 2.0 * (k2[n] + k3[n]) + k4[n]) / 6.0 for n in labels}, 1.0)
        if i == 0:
            failed = _unresolved(row, p, row.env(j, tick), x, coarse)
    return x, failed or not all(np.all(np.isfinite(x[name])) for name in labels)


def _unresolved(row: _Row, p: Any, env: Env, fine: Leaves, coarse: Leaves) -> bool:
    """Whether a step and its second-order counterpart would be read differently."""
    member = row.member
    one, other = (member.emit(_named_state(member, y), p, env) for y in (fine, coarse))
    for q in member.observables:
        grain = np.inf if q.noise is None or q.noise.sd == 0.0 else q.noise.sd
        if abs(one[q.name] - other[q.name]) > row.flow.tolerance * (abs(one[q.name]) + grain):
            return True
    return False


def _wander(row: _Row, x: Leaves, theta: Float[Array, "p"], tick: int, key: UInt64[Array, "1"]) -> Leaves:
    """Drift offsets and process noise at one point of the epoch grid."""
    member = row.member
    sizes = dict(zip(names(member.parameters), theta, strict=True))
    grid = grid_hours(member.parameters + member.smooth)
    assert grid is not None  # there is a tick, so something drifts
    moved = dict(x)
    for q in member.parameters + member.smooth:
        if q.drift is None or tick % round(q.drift.every / grid):
            continue
        luck = float(normal(key, purpose(f"drift:{q.name}"), np.uint64(tick))[0])
        size = drift_size(q.drift, sizes)
        if q in member.smooth:
            moved[q.name] = bound(q, free(q, x[q.name]) + drift_step(q.drift, 0.0, luck, size))
        else:
            leaf = drift_leaf(q.name)
            moved[leaf] = drift_step(q.drift, x[leaf], luck, size)
    return moved


def _parameters(member: FlowMember, theta: Float[Array, "p"], covariates: Float[Array, "k"], x: Leaves) -> Any:
    """Parameters, with their drift, and covariates by name."""

    def shifted(q: Quantity, value: float) -> Any:
        return value if q.drift is None else bound(q, free(q, np.asarray(value)) + x[drift_leaf(q.name)])

    values = {q.name: shifted(q, float(v)) for q, v in zip(member.parameters, np.asarray(theta), strict=True)}
    values |= {q.name: float(v) for q, v in zip(member.covariates, np.asarray(covariates), strict=True)}
    return named(tuple(values))(*values.values())


def _named_state(member: FlowMember, x: Leaves) -> Any:
    labels = names(member.smooth)
    return named(labels)(*(x[name] for name in labels))
