"""The flow lifter: one member's differential equations become a `Model` of all members.

Members run side by side in a struct of arrays; one scan goes over the segments of the drive, and within a segment
classical Runge-Kutta steps of at most the member's `step` are taken (Kutta 1901; Hairer, Norsett and Wanner 1993,
table II.1.2).  Each member checks the first step of every segment, where inputs jump: what would be read after it must
agree with the second-order midpoint step to `tolerance` of the reading and its declared noise.  Beyond that, or where a
state is no longer finite, the member has failed and its observables are NaN; as are readings above `limits`.

A parameter with drift gets one more smooth leaf, its offset in free space, that moves on the twin's epoch grid by keyed
draws; a smooth state with drift gets keyed process noise there.  The author's code sees the sum.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import inf
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, UInt64

from ..core.array import Array, State
from ..core.card import Card
from ..core.clock import CLOCK, HOUR
from ..core.draws import mix, purpose
from ..core.drive import Drive, grid_hours
from ..core.errors import SupportError
from ..core.model import Assets, Fixed, Model, Settings
from ..core.prior import JointPrior
from ..core.quantity import Quantity, Setting, check_sizes, names
from .kernel import drift_leaf, kernels
from .member import FlowMember
from .slow import init_slow, run_slow
from .start import bucket, jax_numpy

__all__ = ["BLOCK", "Flow", "smooth_leaves", "step_counts", "swift"]

Solver = Literal["rk4", "tsit5", "kvaerno5", "numpy"]
LEAST_ROWS = 64
"""Smallest compiled ensemble: one member runs the very kernel that 64 do."""


@dataclass(frozen=True)
class Flow:
    """A `Model` made of one member's equations.

    `solver` 'rk4' takes fixed steps; 'tsit5' (adaptive) and 'kvaerno5' (stiff, implicit) come from diffrax, with
    `tolerance` as their relative tolerance; 'numpy' takes the fixed steps in plain Python, for looking inside
    (`numerics.slow`).  `warm_up` hours are run, with drift and process noise, before the twin's start: without them
    every member starts at rest, and the first reading would be taken as proof of where rest is.  `precision` and
    `stride`, the steps' length in the member's own steps, are for forecasts of masses of twins (`swift`).  `limits`
    names observables with a value above which nobody can be: a member read there has failed and its reading is NaN.
    """

    member: FlowMember
    solver: Solver = "rk4"
    tolerance: float = 0.05
    warm_up: float = 0.0
    differentiable: bool = True
    precision: Literal["double", "single"] = "double"
    stride: int = 1
    limits: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        check_sizes(self.member.parameters, (*self.member.smooth, *self.member.observables))
        unknown = [name for name, _ in self.limits if name not in names(self.member.observables)]
        if unknown:
            known = sorted(names(self.member.observables))
            raise SupportError(f"limits name {unknown}, which nobody can read: name some of {known}")

    def highest(self) -> tuple[float, ...]:
        """The value of each observable above which a member has failed; infinite where there is no limit."""
        given = dict(self.limits)
        return tuple(given.get(name, inf) for name in names(self.member.observables))

    @property
    def card(self) -> Card:
        """See `FlowMember`."""
        return self.member.card

    @property
    def prior(self) -> JointPrior:
        """See `FlowMember`."""
        return self.member.prior

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """See `FlowMember`."""
        return self.member.parameters

    @property
    def covariates(self) -> tuple[Quantity, ...]:
        """See `FlowMember`."""
        return self.member.covariates

    @property
    def smooth(self) -> tuple[Quantity, ...]:
        """The member's smooth states and the offsets of its drifting parameters."""
        return smooth_leaves(self.member)

    @property
    def observables(self) -> tuple[Quantity, ...]:
        """See `FlowMember`."""
        return self.member.observables

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """See `FlowMember`."""
        return self.member.inputs

    @property
    def settings(self) -> tuple[Setting, ...]:
        """See `FlowMember`."""
        return self.member.settings

    def prepare(self, settings: Settings, assets: Assets) -> Fixed:
        """Settings as plain numbers for the equations; flow members use no assets."""
        return tuple(sorted(settings.items()))

    def init(
        self,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        rate: Float[Array, "r m"],
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """Members in steady state under `rate`, drift offsets drawn from their stationary law, then warmed up."""
        state = self._at_rest(theta, covariates, rate, fixed, key)
        hours = grid_hours((*self.parameters, *self.member.smooth))
        if self.warm_up <= 0.0 or hours is None:
            return state
        drive = _warm_up_drive(round(self.warm_up / hours), hours, rate, covariates)
        return self.run(state, theta, drive, fixed, mix(np.asarray(key), WARM_UP))[0]

    def _at_rest(
        self,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        rate: Float[Array, "r m"],
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        if self.solver == "numpy":
            return init_slow(self.member, fixed, theta, covariates, rate, key)
        xp = jax_numpy()
        padded = [_pad(a, _row_bucket(theta.shape[0])) for a in (theta, covariates, rate, key)]
        state = kernels().init(self.member, fixed, *(xp.asarray(a) for a in padded))
        return {name: np.asarray(leaf)[: theta.shape[0]] for name, leaf in state.items()}

    def run(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[State, Float[Array, "r t c"]]:
        """All members through the drive; see `core.model.Model.run`."""
        if self.solver == "numpy":
            return run_slow(self, state, theta, drive, fixed, key)
        rows, outputs = theta.shape[0], drive.output.shape[1]
        size = _row_bucket(rows)
        leaves = {name: _pad(leaf, size) for name, leaf in state.items()}
        drive = _pad_drive(drive if size == rows else drive.spread(rows), rows, size)
        counts = step_counts(drive, self.member.step * self.stride)
        pieces = tuple(getattr(drive, f.name) for f in fields(drive))
        block = self._block(size, int(counts.sum()))
        if size % block or any(a.shape[0] % (size // block) for a in pieces if a.shape[0] != 1):
            block = size
        end, read = kernels().run(self, fixed, block, leaves, _pad(theta, size), pieces, counts, _pad(key, size))
        if size != rows:  # padding is cut off outside JAX, where no size needs compiling
            end = {name: np.asarray(leaf)[:rows] for name, leaf in end.items()}
        if read.shape[:2] != (rows, outputs):
            read = np.asarray(read)[:rows, :outputs]
        return end, read

    def _block(self, size: int, steps: int) -> int:
        """How many of the rows run together."""
        if size <= WHOLE or steps < SHORT:
            return size
        return BLOCK if self.precision == "double" else BLOCK_SINGLE


def swift(model: Model) -> Model:
    """The model as it forecasts masses of twins: in single precision, with steps of twice the length; no belief is
    made with it.  The model itself where it has no such form."""
    if isinstance(model, Flow) and model.solver == "rk4":
        return replace(model, precision="single", stride=2)
    return model


WARM_UP = purpose("warm-up")


def _warm_up_drive(count: int, hours: float, rate: Float[Array, "r m"], covariates: Float[Array, "r k"]) -> Drive:
    """`count` steps of the epoch grid under constant rates, ending at midnight of no particular day."""
    clock = np.zeros((1, count, len(CLOCK)))
    clock[0, :, 0] = (np.arange(-count, 0) * hours) % 24.0
    rates = np.repeat(np.asarray(rate)[:, None], count, axis=1)
    return Drive(
        dt=np.full((1, count), float(round(hours * HOUR))),
        clock=clock,
        tick=np.arange(count, dtype=np.int64)[None],
        rate=rates,
        dose=np.zeros((1, count, rates.shape[2])),
        covariates=np.asarray(covariates)[:, None],
        output=np.array([[count - 1]]),
    )


@lru_cache(maxsize=256)
def smooth_leaves(member: FlowMember) -> tuple[Quantity, ...]:
    """The member's smooth states and one offset for each drifting parameter."""
    offsets = [
        Quantity(drift_leaf(q.name), "1", about=f"drift of {q.name} in free space")
        for q in member.parameters
        if q.drift is not None
    ]
    return member.smooth + tuple(offsets)


def step_counts(drive: Drive, step: float) -> Int[Array, "s"]:
    """Steps per segment: as many as the longest row needs at `step` hours each, none where no time passes."""
    longest = np.max(np.asarray(drive.dt), axis=0)
    return np.ceil(longest / (step * HOUR) - 1e-9).astype(np.int64)


BLOCK = 256
"""Rows of a large ensemble that run together: few enough for the first-level cache, many enough to pay for each
operation's start (measured: 17,700 patient-days per CPU second at 256, 10,700 at 2,048, 7,100 at 64)."""
BLOCK_SINGLE = 2048
"""The same in single precision (measured: 0.73 ms for two hours of 128 members, against 0.90 at 1,024)."""
WHOLE = 1024
"""Rows up to which an ensemble runs in one piece, for the quickest answer."""
SHORT = 16
"""Steps below which it runs in one piece whatever its size: a tick of many twins."""


def _row_bucket(rows: int) -> int:
    """Rows are padded to a power of two up to `WHOLE`, beyond to one of eight sizes an octave, in whole blocks."""
    size = bucket(rows, LEAST_ROWS)
    if size <= WHOLE:
        return size
    grain = max(size // 16, BLOCK)
    return -(-rows // grain) * grain


def _pad(a: Array, size: int) -> Array:
    """Repeat the last row up to `size` rows."""
    missing = size - a.shape[0]
    if missing == 0:
        return a
    array = np.asarray(a)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])


def _pad_drive(drive: Drive, rows: int, size: int) -> Drive:
    """Segments and outputs up to their buckets (nothing happens in a padded segment), rows up to `size`."""
    segments, outputs = drive.dt.shape[1], drive.output.shape[1]
    more, spare = bucket(segments) - segments, bucket(max(outputs, 1)) - outputs

    def wide(a: Array, extra: int, fill: int = 0) -> Array:
        array = np.asarray(a)
        if array.shape[0] == rows and rows != 1:
            array = _pad(array, size)
        if extra == 0:
            return array
        return np.pad(array, [(0, 0), (0, extra)] + [(0, 0)] * (array.ndim - 2), constant_values=fill)

    covariates = np.asarray(drive.covariates)
    return Drive(
        dt=wide(drive.dt, more),
        clock=wide(drive.clock, more),
        tick=wide(drive.tick, more, -1),
        rate=wide(drive.rate, more),
        dose=wide(drive.dose, more),
        covariates=wide(covariates, more if covariates.shape[1] > 1 else 0),
        output=wide(drive.output, spare),
    )
