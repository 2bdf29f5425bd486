"""Everything a window leaves unknown about one subject, as one vector w with the law N(0, I) before the readings.

First the subject at the window's start (`whiten`), then one standard normal for every step of every drift and process
noise inside the window.  So the log posterior density is, but for a constant,

    log p(w | readings) = -|w|^2 / 2 + sum of log likelihoods of the readings,

and the noise that actually happened is inferred together with the parameters: what a smoother does, without a filter.
The compiled functions here are shared by all windows of about one size.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array
from ..core.belief import Belief
from ..core.draws import normal, purpose
from ..core.drive import Drive
from ..core.errors import CapabilityError
from ..core.model import Fixed, Model, Scored, Window
from ..numerics.flow import BLOCK, Flow
from ..numerics.kernel import Mode, wanderers
from ..numerics.start import jax_numpy
from ..numerics.trace import Course, course, due, roomy, traced
from .likelihood import Readings, curvature, log_density, predicted, readings_of
from .whiten import Prior, Subjects, subject_of, whitened

__all__ = [
    "Lives",
    "Problem",
    "Target",
    "Tracer",
    "flow_of",
    "problem",
    "sizes",
    "sizing",
    "standard_normals",
    "target",
    "until",
]


class Problem(NamedTuple):
    """One twin's window: its prior, its drive, its readings, and (segment, wanderer) of each noise, (l, 2)."""

    prior: Prior
    way: Course
    readings: Readings
    slot: Any

    @property
    def size(self) -> int:
        """How many unknowns there are."""
        return self.prior.place.shape[0] + self.slot.shape[0]


def sizing(flow: Flow) -> set[str]:
    """The unknown parameters that size a noise or a drift."""
    tied = {q.drift.parameter for q in (*flow.parameters, *flow.member.smooth) if q.drift is not None}
    tied |= {q.noise.parameter for q in flow.observables if q.noise is not None}
    return {q.name for q in flow.parameters if q.name in tied and (q.prior is None or q.prior.family != "fixed")}


def sizes(flow: Flow, own: Problem) -> Float[Array, "d h"]:
    """Orthonormal directions of w that move the parameters which size a noise or a drift.

    With them free the density has no useful mode: the less noise there is left, the better noise that was inferred
    explains the readings.  So a climb holds them at the prior's centre."""
    tied = sizing(flow)
    rows = np.asarray(own.prior.root)[[i for i, q in enumerate(flow.parameters) if q.name in tied]]
    _, strength, vectors = np.linalg.svd(rows, full_matrices=False)
    kept = vectors[strength > 0.0].T
    return np.concatenate([kept, np.zeros((own.slot.shape[0], kept.shape[1]))])


class Lives(NamedTuple):
    """What becomes of rows of w: log posterior density but for a constant (r,), -inf where the model fails; slope of
    the log likelihood by location and size of every reading (r, 2 t c); and the members at the window's end, with
    their running totals at the last reading (r, c)."""

    density: Any
    slope: Any
    theta: Any
    covariates: Any
    state: dict[str, Any]
    read: Any


class Target(NamedTuple):
    """The compiled functions of one model: `lives` of rows of w (r, d); `bend` at one w (d,): Jacobian of what is said
    of the readings (2 t c, d), and their information (2 t c,)."""

    lives: Any
    bend: Any


def flow_of(model: Model) -> Flow:
    """The model as what gradient engines need; CapabilityError for anything but a flow with declared noise."""
    if not isinstance(model, Flow) or isinstance(model, Scored):
        raise CapabilityError(
            f"'{model.card.title}' is not made of one member's differential equations with declared noise: gradient "
            "engines cannot look inside, use 'enkf' or 'particle'"
        )
    return model


def problem(flow: Flow, prior: Belief, window: Window, twin: int) -> Problem:
    """The unknowns of one twin: `prior` are its own members with equal weights, `window` may hold several twins.

    Raises CapabilityError for facts that set state and for readings without noise.
    """
    if any(facts is not None for facts in window.facts):
        raise CapabilityError(f"'{flow.card.title}' met facts that set state: gradient engines take readings only")
    way = course(flow, _own(window.drive, twin))
    when = np.argwhere(due(flow, way.tick[0]))
    slot = np.full((roomy(len(when)) if len(when) else 0, 2), way.tick.shape[1])
    slot[: len(when)] = when
    readings = readings_of(flow, window, twin, way.output.shape[1])
    return Problem(whitened(flow, prior), way, readings, slot)


def _own(drive: Drive, twin: int) -> Drive:
    """One twin's row of the drive; its covariates come with the members."""
    parts = (drive.dt, drive.clock, drive.tick, drive.rate, drive.dose)
    rows = [np.asarray(a)[twin : twin + 1] if a.shape[0] > 1 else np.asarray(a) for a in parts]
    output = drive.output[twin : twin + 1] if drive.output.shape[0] > 1 else drive.output
    return Drive(*rows, covariates=np.asarray(drive.covariates)[:1], output=np.asarray(output))


def until(own: Problem, output: int) -> Problem:
    """The same unknowns on their way to this output only: nothing happens, and nothing is read, after it."""
    way, readings = own.way, own.readings
    last = way.output[0, output]
    live = np.arange(way.tick.shape[1]) <= last
    early = (np.arange(readings.low.shape[0]) <= output)[:, None]
    way = way._replace(
        dt=np.where(live, way.dt, 0.0),
        tick=np.where(live, way.tick, -1),
        dose=np.where(live[:, None], way.dose, 0.0),
        counts=np.where(live, way.counts, 0),
        output=np.minimum(way.output, last),
    )
    return own._replace(way=way, readings=readings._replace(low=np.where(early, readings.low, np.nan)))


def standard_normals(key: UInt64[Array, "r"], why: str, size: int) -> Any:
    """Keyed standard normals (r, size): the same for the same keys, whatever else is drawn."""
    index = np.arange(size, dtype=np.uint64)[None]
    return normal(np.asarray(key)[:, None], purpose(why), index)


@cache
def target(flow: Flow, fixed: Fixed) -> Target:
    """The compiled functions of this model."""
    jax_numpy()
    import jax

    made = Tracer(flow, fixed, "forward", 0)
    return Target(jax.jit(made.lives), jax.jit(made.bend))


class Tracer:
    """The functions of `Target` before they are compiled; `mode` and `most` as in `numerics.trace.traced`."""

    def __init__(self, flow: Flow, fixed: Fixed, mode: Mode, most: int) -> None:
        self.flow, self.xp = flow, jax_numpy()
        self.run = traced(flow, fixed, mode, most)

    def _life(self, own: Problem, w: Any) -> tuple[Subjects, dict[str, Any], Any]:
        """The subjects at the start, their state at the end, and what the outputs would read (r, t, c)."""
        first = own.prior.place.shape[0]
        start = subject_of(self.flow, own.prior, w[:, :first])
        segments, moving = own.way.tick.shape[1], len(wanderers(self.flow.member))
        noise = self.xp.zeros((w.shape[0], segments, moving))
        noise = noise.at[:, own.slot[:, 0], own.slot[:, 1]].set(w[:, first:], mode="drop")
        return start, *self.run(start.state, start.theta, start.covariates, noise, own.way)

    def _said(self, own: Problem, w: Any) -> Any:
        """Location and size of every reading, (2, r, t, c)."""
        start, _, paths = self._life(own, w)
        return self.xp.stack(predicted(self.flow, own.readings, paths, start.theta, start.read))

    def _density(self, own: Problem, w: Any, said: Any, paths: Any) -> Any:
        total = log_density(self.flow, own.readings, *said).sum(axis=(1, 2)) - 0.5 * (w**2).sum(axis=1)
        good = self.xp.isfinite(paths).all(axis=(1, 2)) & self.xp.isfinite(total)
        return self.xp.where(good, total, -self.xp.inf)

    def density(self, own: Problem, w: Any) -> Any:
        """Log posterior density of rows of w, (r,), but for a constant; -inf where the model fails."""
        start, _, paths = self._life(own, w)
        said = self.xp.stack(predicted(self.flow, own.readings, paths, start.theta, start.read))
        return self._density(own, w, said, paths)

    def lives(self, own: Problem, w: Any) -> Lives:
        """What becomes of rows of w."""
        import jax

        start, state, paths = self._life(own, w)
        said = self.xp.stack(predicted(self.flow, own.readings, paths, start.theta, start.read))
        slope = jax.grad(lambda said: log_density(self.flow, own.readings, *said).sum())(said)
        slope = self.xp.where(~self.xp.isnan(own.readings.low), slope, 0.0)
        flat = self.xp.moveaxis(slope, 0, 1).reshape(w.shape[0], -1)
        read = self._totals(own, paths, start.read)
        return Lives(self._density(own, w, said, paths), flat, start.theta, start.covariates, state, read)

    def _totals(self, own: Problem, paths: Any, read: Any) -> Any:
        """Running totals at the last reading of each observable that is one."""
        xp = self.xp
        seen = ~xp.isnan(own.readings.low)
        last = xp.where(seen.any(axis=0), seen.shape[0] - 1 - xp.argmax(seen[::-1], axis=0), -1)
        totals = xp.take_along_axis(paths, xp.maximum(last, 0)[None, None], axis=1)[:, 0]
        spans = np.array([q.span == "interval" for q in self.flow.observables])
        return xp.where(spans & (last >= 0), totals, read)

    def bend(self, own: Problem, w: Any) -> tuple[Any, Any]:
        """Jacobian of what is said of the readings at one w (d,), (2 t c, d), and their information (2 t c,)."""
        import jax

        xp = self.xp
        seen = ~xp.isnan(own.readings.low)
        at = self._said(own, w[None])
        information = xp.stack(curvature(self.flow, own.readings, *at))

        def column(direction: Any) -> Any:
            moved = jax.jvp(lambda w: self._said(own, w[None]), (w,), (direction,))[1]
            return xp.where(seen, moved, 0.0).reshape(-1)

        jacobian = jax.lax.map(column, xp.eye(w.shape[0]), batch_size=BLOCK)
        return jacobian.T, information.reshape(-1)
