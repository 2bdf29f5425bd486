"""The traced inside of the flow lifter: plain functions of arrays that run under `jax.jit`.

A segment is: drift and process noise if it starts on the epoch grid, doses if there are any, then its steps, then the
observables.  Rows never mix, so a member's numbers do not depend on who runs beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, inf, sqrt
from typing import TYPE_CHECKING, Any, Literal

from ..core.clock import DAY, HOUR
from ..core.draws import normal, normal_single, purpose
from ..core.drive import grid_hours
from ..core.quantity import Drift, Quantity, bound, free, names
from .member import Env, FlowMember, named, ordered
from .start import computed_once, jax_numpy

if TYPE_CHECKING:
    from .flow import Flow

__all__ = [
    "Kernels",
    "Luck",
    "Mode",
    "Pieces",
    "drift_leaf",
    "drift_size",
    "drift_start",
    "drift_step",
    "kernels",
    "through",
    "wanderers",
]

Luck = Callable[[Any, Any], Sequence[Any]]
"""(noise of the segment, tick) to one standard normal (r,) for each of `wanderers`."""
Mode = Literal["run", "forward", "reverse"]
"""Run only, or differentiate forward, or in reverse."""


@dataclass(frozen=True)
class Kernels:
    """The two compiled entry points."""

    init: Callable[..., Any]
    run: Callable[..., Any]


@cache
def kernels() -> Kernels:
    """Compile-on-demand entry points; JAX starts here."""
    jax_numpy()
    import jax

    return Kernels(init=jax.jit(_init, static_argnums=(0, 1)), run=jax.jit(_run, static_argnums=(0, 1, 2)))


def drift_leaf(name: str) -> str:
    """State leaf that holds a drifting parameter's offset in free space."""
    return f"{name}_drift"


def drift_size(drift: Drift, parameters: Mapping[str, Any]) -> Any:
    """The sd of the drift: as declared, or the value of the parameter that it names."""
    return drift.sd if drift.parameter is None else parameters[drift.parameter]


def drift_step(drift: Drift, offset: Any, noise: Any, size: Any) -> Any:
    """One step of the declared drift on the epoch grid, in free space; `size` from `drift_size`."""
    if drift.kind == "walk":
        return offset + size * sqrt(drift.every) * noise
    if drift.kind == "ou":
        kept = exp(-drift.every / drift.tau)
        return kept * offset + size * sqrt(1.0 - kept * kept) * noise
    return size * noise


def drift_start(drift: Drift, noise: Any, size: Any) -> Any:
    """Offset at the twin's epoch: the stationary law of an ou or occasion drift, zero for a walk."""
    return 0.0 * noise if drift.kind == "walk" else size * noise


def wanderers(member: FlowMember) -> tuple[tuple[Quantity, str], ...]:
    """What moves on the epoch grid, each with its leaf: offsets of drifting parameters, then noisy smooth states."""
    offsets = [(q, drift_leaf(q.name)) for q in member.parameters if q.drift is not None]
    return (*offsets, *((q, q.name) for q in member.smooth if q.drift is not None))


def _init(member: FlowMember, fixed: Any, theta: Any, covariates: Any, rate: Any, key: Any) -> dict[str, Any]:
    import jax

    xp = jax.numpy
    env = Env(0.0, 0.0, 0.0, 0.0, xp, fixed)
    values = {q.name: theta[:, i] for i, q in enumerate(member.parameters)}
    values |= {q.name: covariates[:, i] for i, q in enumerate(member.covariates)}
    offsets: dict[str, Any] = {}
    sizes = dict(values)
    for q in member.parameters:
        if q.drift is not None:
            luck = normal(key, purpose(f"start:{q.name}"), key * 0, xp)
            start = drift_start(q.drift, luck, drift_size(q.drift, sizes))
            offsets[drift_leaf(q.name)] = start
            values[q.name] = bound(q, free(q, values[q.name], xp) + start, xp)
    labels = names(member.smooth)
    inputs = named(names(member.inputs))

    def one(p: Any, u: Any) -> Any:
        leaves = ordered(member.start(p, inputs(*u), env), labels, "start")
        return named(labels)(
            *(xp.broadcast_to(xp.asarray(v, float), q.shape) for v, q in zip(leaves, member.smooth, strict=True))
        )

    p = named(tuple(values))(*values.values())
    return jax.vmap(one)(p, rate)._asdict() | offsets


def _run(
    flow: Flow, fixed: Any, block: int, state: dict[str, Any], theta: Any, drive: tuple[Any, ...], counts: Any, key: Any
) -> tuple[dict[str, Any], Any]:
    """All rows through the drive, `block` of them at a time."""
    import jax

    rows = theta.shape[0]
    if rows <= block:
        return _run_block(flow, fixed, state, theta, drive, counts, key)
    count = rows // block
    blocks = lambda a: a.reshape(count, a.shape[0] // count, *a.shape[1:])  # noqa: E731
    own = tuple(None if a.shape[0] == 1 else blocks(a) for a in drive)

    def one(block: tuple[Any, ...]) -> tuple[dict[str, Any], Any]:
        state, theta, mine, key = block
        pieces = tuple(a if b is None else b for a, b in zip(drive, mine, strict=True))
        return _run_block(flow, fixed, state, theta, pieces, counts, key)

    parts = (jax.tree.map(blocks, state), blocks(theta), own, blocks(key))
    return jax.tree.map(lambda a: a.reshape(rows, *a.shape[2:]), jax.lax.map(one, parts))


def _run_block(
    flow: Flow, fixed: Any, state: dict[str, Any], theta: Any, drive: tuple[Any, ...], counts: Any, key: Any
) -> tuple[dict[str, Any], Any]:
    """Rows with keyed luck through the drive, of which each piece may have a row for each twin instead."""
    import jax

    single = flow.precision == "single"
    kind, draw = (jax.numpy.float32, normal_single) if single else (jax.numpy.float64, normal)
    state, theta = jax.tree.map(lambda a: jax.numpy.asarray(a, kind), (state, theta))
    spread = (_spread(a, theta.shape[0], jax.numpy) for a in drive)
    dt, clock, tick, *inputs, output = spread
    drive = (dt, clock, tick, *(a.astype(kind) for a in inputs), output)
    moving = wanderers(flow.member)

    def luck(_: Any, tick: Any) -> list[Any]:
        return [draw(key, purpose(f"drift:{q.name}"), tick, jax.numpy) for q, _ in moving]

    none = jax.numpy.zeros((drive[0].shape[1], 0))
    return through(Pieces(flow, fixed, jax.numpy), state, theta, drive, counts, (luck, none))


def _spread(a: Any, rows: int, xp: Any) -> Any:
    """A piece of the drive with a row for each member, or one for all."""
    return a if a.shape[0] in (1, rows) else xp.repeat(a, rows // a.shape[0], axis=0)


def through(
    pieces: Pieces,
    state: Mapping[str, Any],
    theta: Any,
    drive: tuple[Any, ...],
    counts: Any,
    chance: tuple[Luck, Any],
) -> tuple[dict[str, Any], Any]:
    """All rows through the drive; `chance` is where luck comes from, and its noise by segment, (s, ...)."""
    jax, xp = pieces.jax, pieces.xp
    luck, noise = chance
    dt, clock, tick, rate, dose, covariates, output = drive
    member, rows = pieces.member, theta.shape[0]
    base = {q.name: theta[:, i] for i, q in enumerate(member.parameters)}
    loose = {q.name: free(q, base[q.name], xp) for q in member.parameters if q.drift is not None}
    steady = covariates.shape[1] == 1
    labels = names(member.smooth)

    def parameters(x: dict[str, Any], k: Any) -> Any:
        values = dict(base)
        for q in member.parameters:
            if q.drift is not None:
                values[q.name] = bound(q, loose[q.name] + x[drift_leaf(q.name)], xp)
        values |= {q.name: xp.broadcast_to(k[:, i], (rows,)) for i, q in enumerate(member.covariates)}
        return named(tuple(values))(*values.values())

    def segment(carry: tuple[dict[str, Any], Any], piece: tuple[Any, ...]) -> tuple[tuple[dict[str, Any], Any], Any]:
        x, failed = carry
        span, hand, at, u, d, k, count, own = piece
        x = jax.lax.cond(xp.any(at >= 0), lambda y: pieces.wander(y, at, luck(own, at), base), lambda y: y, x)
        p = parameters(x, covariates[:, 0] if steady else k)
        named_x = named(labels)(*(x[name] for name in labels))
        named_x = jax.lax.cond(xp.any(d != 0.0), lambda y: pieces.dose(y, p, d, hand), lambda y: y, named_x)
        named_x, worse = pieces.advance(named_x, p, u, hand, span, count)
        failed = failed | worse
        seen = pieces.emit(named_x, p, hand, span)
        read = xp.where((failed | pieces.beyond(seen))[:, None], xp.nan, seen)
        return (x | named_x._asdict(), failed), read

    along = lambda a: xp.moveaxis(a, 1, 0)  # noqa: E731 - segments first, for the scan
    k_segments = xp.zeros((dt.shape[1], 1, 0)) if steady else along(covariates)
    pieces_of_time = (along(dt), along(clock), along(tick), along(rate), along(dose), k_segments, counts, noise)
    start = {name: xp.asarray(leaf) for name, leaf in state.items()}
    (end, _), reads = jax.lax.scan(segment, (start, xp.zeros(rows, bool)), pieces_of_time)
    reads = xp.moveaxis(reads, 0, 1)
    if output.shape[0] == 1:
        return end, reads[:, output[0]]
    return end, xp.take_along_axis(reads, output[:, :, None], axis=1)


class Pieces:
    """The author's four functions over all rows, and the walk of drift and process noise."""

    def __init__(self, flow: Flow, fixed: Any, xp: Any, mode: Mode = "run", most: int = 0) -> None:
        import jax

        self.flow, self.fixed, self.xp, self.jax = flow, fixed, xp, jax
        self.mode, self.most = mode, most  # `most`: steps of the longest segment, which reverse mode must know
        self.member = flow.member
        self.labels = names(self.member.smooth)
        self.inputs = named(names(self.member.inputs))
        self.field = jax.jit(self._field, inline=True)  # the author's lines are traced once, not once for every use
        self.emit = jax.jit(self._emit, inline=True)

    def over_rows(self, function: Any, x: Any, p: Any, shared: tuple[Any, ...]) -> Any:
        """vmap over rows; a shared argument has a leading axis of one (the same for all rows) or of all rows."""
        rows = self.jax.tree.leaves(x)[0].shape[0]
        values = tuple(a[0] if a.shape[0] == 1 and rows != 1 else a for a in shared)
        axes = tuple(None if a.shape[0] == 1 and rows != 1 else 0 for a in shared)
        return self.jax.vmap(function, in_axes=(0, 0, *axes))(x, p, *values)

    def _env(self, hand: Any, elapsed: Any) -> Env:
        """The clock `elapsed` microseconds into the segment: whole ones, so that a cut changes no bit of it."""
        since = self.xp.round(hand[0] * HOUR) + elapsed
        hour = (since - DAY * self.xp.floor(since / DAY)) / HOUR  # bit by bit the remainder, which goes one by one
        return Env(hour, hand[1], hand[2], hand[3], self.xp, self.fixed)

    def field_of_one(self, x: Any, p: Any, u: Any, hand: Any, elapsed: Any) -> Any:
        """Change per hour of one row's leaves."""
        slope = self.member.field(x, p, self.inputs(*u), self._env(hand, elapsed))
        return ordered(slope, self.labels, "field")

    def _field(self, x: Any, p: Any, u: Any, hand: Any, elapsed: Any) -> Any:
        """Change per hour of all rows' leaves."""
        slope = self.over_rows(self.field_of_one, x, p, (u, hand, elapsed))
        return computed_once(slope)

    def dose(self, x: Any, p: Any, d: Any, hand: Any) -> Any:
        """All rows after their doses."""

        def one(x: Any, p: Any, d: Any, hand: Any) -> Any:
            return x._replace(**self.member.dose(x, p, self.inputs(*d), self._env(hand, 0.0)))

        return self.over_rows(one, x, p, (d, hand))

    def _emit(self, x: Any, p: Any, hand: Any, elapsed: Any) -> Any:
        """What is read of each row, (r, c)."""
        labels = names(self.member.observables)

        def one(x: Any, p: Any, hand: Any, elapsed: Any) -> Any:
            return self.xp.stack(ordered(self.member.emit(x, p, self._env(hand, elapsed)), labels, "emit"))

        return self.over_rows(one, x, p, (hand, elapsed))

    def beyond(self, seen: Any) -> Any:
        """Which rows are read above a limit of the flow; nothing is computed where it has none."""
        if not self.flow.limits:
            return False
        return (seen > self.xp.array(self.flow.highest())).any(axis=1)

    def wander(
        self, x: dict[str, Any], tick: Any, luck: Sequence[Any], parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Drift offsets and process noise of every leaf whose own grid has a point here."""
        moved = dict(x)
        grid = grid_hours(self.member.parameters + self.member.smooth) or inf
        for (q, leaf), noise in zip(wanderers(self.member), luck, strict=True):
            assert q.drift is not None  # by construction of wanderers
            stride = round(q.drift.every / grid)
            due = (tick >= 0) & (tick % stride == 0)
            size = drift_size(q.drift, parameters)
            if leaf == q.name:
                step = self._jolt(q, x[leaf], noise, size)
            else:
                step = drift_step(q.drift, x[leaf], noise, size)
            moved[leaf] = self.xp.where(due, step, x[leaf])
        return moved

    def _jolt(self, q: Quantity, value: Any, noise: Any, size: Any) -> Any:
        """Process noise on a smooth state, in free space."""
        assert q.drift is not None  # by construction of wanderers
        along = (-1,) + (1,) * len(q.shape)
        own = size if q.drift.parameter is None else size.reshape(along)
        step = drift_step(q.drift, 0.0 * value, noise.reshape(along), own)
        return bound(q, free(q, value, self.xp) + step, self.xp)

    def advance(self, x: Any, p: Any, u: Any, hand: Any, span: Any, count: Any) -> tuple[Any, Any]:
        """All rows through one segment of `span` microseconds; also which members failed in it."""
        if self.flow.solver == "rk4":
            return self._rk4(x, p, u, hand, span, count)
        from .stiff import solve

        return solve(self, x, p, u, hand, span)

    def _rk4(self, x: Any, p: Any, u: Any, hand: Any, span: Any, count: Any) -> tuple[Any, Any]:
        xp, tree = self.xp, self.jax.tree
        tick = span / xp.maximum(count, 1)  # a step in microseconds, exact where the step divides the segment
        rows, kind = tree.leaves(x)[0].shape[0], tree.leaves(x)[0].dtype
        h = (tick / HOUR).astype(kind)
        axis = lambda a, leaf: a.reshape(a.shape + (1,) * (leaf.ndim - 1))  # noqa: E731

        def moved(x: Any, k: Any, part: float) -> Any:
            return tree.map(lambda a, b: a + part * axis(h, a) * b, x, k)

        def slopes(x: Any, t: Any) -> tuple[Any, Any, Any, Any]:
            k1 = self.field(x, p, u, hand, t)
            k2 = self.field(moved(x, k1, 0.5), p, u, hand, t + 0.5 * tick)
            k3 = self.field(moved(x, k2, 0.5), p, u, hand, t + 0.5 * tick)
            return k1, k2, k3, self.field(moved(x, k3, 1.0), p, u, hand, t + tick)

        def total(k: tuple[Any, Any, Any, Any]) -> Any:
            return tree.map(lambda a, b, c, d: (a + 2.0 * (b + c) + d) / 6.0, *k)

        first = slopes(x, 0.0 * tick)
        fine = self.emit(moved(x, total(first), 1.0), p, hand, tick)
        coarse = self.emit(moved(x, first[1], 1.0), p, hand, tick)
        worst = (xp.abs(fine - coarse) - self.flow.tolerance * (xp.abs(fine) + self._grain())).max(axis=1)
        x = moved(x, total(first), 1.0)
        x = self._repeated(count, lambda i, y: moved(y, total(slopes(y, i * tick)), 1.0), x)
        finite = xp.stack([xp.isfinite(leaf).reshape(rows, -1).all(axis=1) for leaf in tree.leaves(x)]).all(axis=0)
        return x, (worst > 0.0) | ~finite

    def _repeated(self, count: Any, step: Callable[[Any, Any], Any], x: Any) -> Any:
        """Steps 1 ... count - 1: as a loop of that many, or, where reverse mode needs a fixed number, as a scan over
        `most` steps of which those beyond `count` are left out."""
        jax, xp = self.jax, self.xp
        if self.mode != "reverse":
            return jax.lax.fori_loop(1, count, step, x)

        def one(y: Any, i: Any) -> tuple[Any, None]:
            return jax.tree.map(lambda new, old: xp.where(i < count, new, old), step(i, y), y), None

        return jax.lax.scan(one, x, xp.arange(1, max(self.most, 1)))[0]

    def _grain(self) -> Any:
        """The size below which a difference in each observable means nothing: its declared noise, (c,)."""
        noises = [q.noise for q in self.member.observables]
        return self.xp.array([inf if n is None or n.sd == 0.0 else n.sd for n in noises])
