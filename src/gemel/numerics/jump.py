"""The jump lifter: one member's discrete events become a `Model` of all members.

A member is counts and queues that change only at events.  Its author writes plain functions of one member: `start`,
`handle` an event, answer a `change` of inputs, a `dose`, and `emit` what can be read (words in `jump_words`).

Time is integer microseconds since the member's start, so it is exact however long a twin lives, never absolute, and a
run cut in two adds up to the whole run bit for bit; event times and waits are sums of integers, in any order.  Coming
events are a heap ordered by (time, priority, sequence).  All of it lies in flat state leaves: a snapshot, a clone and a
census loaded by hand are memory copies.  A run works on one copy of the caller's state.

Draws are keyed by (member, purpose, entity): a patient keeps their length of stay when beds are added.  A member that
overflows its calendar or calls `fail` emits NaN from there on; leaf 'failed' keeps why (see `jump_words`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt64

from ..core.array import Array, State
from ..core.card import Card
from ..core.drive import Drive
from ..core.errors import ShapeError
from ..core.extra import require
from ..core.model import Assets, Declared, Fixed, Settings, settle
from ..core.prior import JointPrior
from ..core.quantity import Quantity, Setting, check_sizes, names
from .heap import COLUMNS
from .jump_loop import run_rows, start_rows
from .jump_pack import drift_starts, given_by_segment, packed_drive, records, still_clock, still_drive
from .jump_slow import plain_member
from .jump_words import (
    REASONS,
    after,
    exponential,
    fail,
    hour_of_day,
    hours,
    normal,
    nothing,
    nothing_given,
    uniform,
    weekday,
)
from .relink import fingerprint, relink
from .threads import over_rows

__all__ = [
    "Jump",
    "JumpMember",
    "Leaf",
    "Rules",
    "after",
    "exponential",
    "fail",
    "failures",
    "hour_of_day",
    "hours",
    "normal",
    "uniform",
    "weekday",
]

OWN = ("now", "failed", "pending", "sequence", "rate", "events")
"""Leaves the lifter adds: time [us], why failed (0: not), events waiting, events ever asked for, inputs, calendar."""
PARTS = ("p", "u", "clock", "key", "began")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One named array of a member's state, zero at first; shape () is a number."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: Literal["int64", "float64"] = "int64"


@dataclass(frozen=True, slots=True)
class Rules:
    """The author's functions of a member `m`; plain, at module level, compiled by the lifter.

    start(m) fills the state and asks for the first events (no clock yet: its fields are NaN).
    handle(m, kind, entity) is an event.  emit(m, y) sets every observable, as y.<name> = value.
    change(m) follows a change of input rates, with m.u the new ones.  dose(m, d) takes instant amounts d.<name>.
    """

    start: Callable[[Any], None]
    handle: Callable[[Any, int, int], None]
    emit: Callable[[Any, Any], None]
    change: Callable[[Any], None] = nothing
    dose: Callable[[Any, Any], None] = nothing_given


@runtime_checkable
class JumpMember(Declared, Protocol):
    """One member of a discrete-event model; a frozen dataclass that hashes by value.

    `leaves` may depend on the dataclass's fields (a longer queue): sizes are data, and never recompile.  `calendar` is
    the most events that can be waiting at once.  `tables` turns settings and assets into arrays that rules read.
    """

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """State arrays."""
        ...

    @property
    def calendar(self) -> int:
        """Events that can wait at once."""
        ...

    @property
    def rules(self) -> Rules:
        """The author's functions."""
        ...

    def tables(self, settings: Mapping[str, str | int | float], assets: Assets) -> Mapping[str, Any]:
        """Arrays that rules read as m.<name>, made of every setting and of the assets."""
        ...


@dataclass(frozen=True)
class Jump:
    """A `Model` made of one member's events.

    `slow` runs the same rules as plain Python; `threads` bounds the threads a run uses (default: all processors) and
    never changes a result.
    """

    member: JumpMember
    slow: bool = False
    threads: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        declared = [leaf.name for leaf in self.member.leaves]
        taken = {name for name in declared if name in OWN + PARTS or declared.count(name) > 1}
        if taken:
            raise ShapeError(f"leaf names {sorted(taken)} are taken: the lifter uses {OWN + PARTS}, rename them")
        check_sizes(self.member.parameters, self.member.observables)

    @property
    def card(self) -> Card:
        """See `JumpMember`."""
        return self.member.card

    @property
    def prior(self) -> JointPrior:
        """See `JumpMember`."""
        return self.member.prior

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """See `JumpMember`."""
        return self.member.parameters

    @property
    def covariates(self) -> tuple[Quantity, ...]:
        """See `JumpMember`."""
        return self.member.covariates

    @property
    def smooth(self) -> tuple[Quantity, ...]:
        """None: counts cannot be moved a little, so no engine may try."""
        return ()

    @property
    def observables(self) -> tuple[Quantity, ...]:
        """See `JumpMember`."""
        return self.member.observables

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """See `JumpMember`."""
        return self.member.inputs

    @property
    def settings(self) -> tuple[Setting, ...]:
        """See `JumpMember`."""
        return self.member.settings

    def prepare(self, settings: Settings, assets: Assets) -> Fixed:
        """The member's tables as arrays (int64 or float64) by name."""
        tables = self.member.tables(settle(self.settings, settings), assets)
        return {name: _table(name, value) for name, value in tables.items()}

    def init(
        self,
        theta: Float[Array, "r p"],
        covariates: Float[Array, "r k"],
        rate: Float[Array, "r m"],
        fixed: Fixed,
        key: UInt64[Array, "r"],
    ) -> State:
        """Members as their `start` rule leaves them, at time 0."""
        rows = theta.shape[0]
        state: dict[str, Any] = self._zeros(rows) | drift_starts(self.parameters, theta, np.asarray(key))
        state["rate"][:] = rate
        given, _ = given_by_segment(self.parameters, theta, still_drive(covariates), state, key)
        self._over_rows(0, state, fixed, key, given, still_clock())
        return state

    def run(
        self, state: State, theta: Float[Array, "r p"], drive: Drive, fixed: Fixed, key: UInt64[Array, "r"]
    ) -> tuple[State, Float[Array, "r t c"]]:
        """All members through the drive; see `core.model.Model.run`."""
        end = {name: np.array(leaf, order="C") for name, leaf in state.items()}
        given, offsets = given_by_segment(self.parameters, theta, drive, state, key)
        read = np.full((theta.shape[0], drive.output.shape[1], len(self.observables)), np.nan)
        clock, parts = packed_drive(drive, self.inputs)
        self._over_rows(1, end, fixed, key, given, clock, parts, records(read, names(self.observables)))
        return end | offsets, read

    def _zeros(self, rows: int) -> dict[str, Any]:
        own: dict[str, Any] = {name: np.zeros(rows, dtype=np.int64) for name in OWN[:4]}
        own["rate"] = np.zeros((rows, len(self.inputs)))
        own["events"] = np.zeros((rows, self.member.calendar, COLUMNS), dtype=np.int64)
        return own | {leaf.name: np.zeros((rows, *leaf.shape), dtype=leaf.dtype) for leaf in self.member.leaves}

    def _over_rows(self, which: int, state: dict[str, Any], fixed: Fixed, key: Any, given: Any, *rest: Any) -> None:
        """Run loop number `which` in place over all rows of `state`."""
        leaves = (*OWN, *(leaf.name for leaf in self.member.leaves))
        loop = _loops(self.member.rules, leaves, tuple(fixed), self.slow)[which]
        labels = names(self.parameters) + names(self.covariates)
        arguments = (
            tuple(state[name] for name in leaves),
            tuple(fixed.values()),
            records(state["rate"], names(self.inputs)),
            np.array(key, dtype=np.uint64),
            records(given, labels),
            *rest,
        )
        if self.slow:
            with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
                loop(0, len(key), *arguments)
        else:
            over_rows(lambda first, last: loop(first, last, *arguments), len(key), self.threads)


def failures(state: State) -> dict[str, int]:
    """How many members failed, by reason; empty when none did."""
    why = np.asarray(state["failed"])
    return {reason: int((why == code).sum()) for code, reason in REASONS.items() if (why == code).any()}


def _table(name: str, value: Any) -> Any:
    array = np.array(value, order="C")
    if array.dtype.kind not in "biuf":
        raise ShapeError(f"table '{name}' holds {array.dtype}: rules read numbers, so make it numbers")
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


@lru_cache(maxsize=64)
def _loops(rules: Rules, leaves: tuple[str, ...], tables: tuple[str, ...], slow: bool) -> tuple[Any, Any]:
    """`start_rows` and `run_rows` with these rules and names linked in."""
    given = {name: getattr(rules, name) for name in ("start", "handle", "change", "dose", "emit")}
    if slow:
        given["member"] = plain_member(leaves, tables)
        return relink(start_rows, _as_it_is, given), relink(run_rows, _as_it_is, given)
    require("numba", "twin")
    from . import jump_fast as fast

    digest = fingerprint(start_rows, run_rows, *given.values(), leaves, tables, inspect.getsource(fast))
    given["member"] = fast.compiled_member(leaves, tables)
    return fast.compile_loop(start_rows, given, digest), fast.compile_loop(run_rows, given, digest)


def _as_it_is(copy: Any) -> Any:
    return copy
