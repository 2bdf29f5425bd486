"""Members of a hospital run side by side: compiled once, shared out over threads, given room as they need it.

A member that runs out of room for patients, events or log is run again from its start with twice as much; draws are
keyed, so it repeats itself to the bit, and how often that happened cannot be seen in a result.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt64

from ...core.array import Array
from ...core.errors import ShapeError
from ...core.extra import require
from ..relink import fingerprint
from ..threads import over_rows
from .layout import (
    FULL,
    PATIENT,
    RESOURCE_RECORD,
    RESOURCES,
    RESOURCES_END,
    STORM,
    States,
    Tables,
    fresh,
    grown,
    repeated,
)
from .loop import advance_rows

__all__ = ["Outcome", "Present", "run"]

INLINED = (
    "mix", "unit", "draw", "normal_quantile", "soon", "touch", "satisfied", "take", "give", "got", "call",
    "advance", "turn", "walk", "_bits", "_ask", "_serve", "_give_back", "_branch", "_leave", "arrive", "admit",
    "next_arrival", "_poisson", "count_line", "first",
)  # fmt: skip
"""What every patient does; the rest is called, being rare or long."""
MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Present:
    """Who is there at time 0, in the order they asked: rows (step's place, class, arrived [us], at or before 0), and
    how long those under service still stay [us], one row for all members or one each."""

    who: Int64[Array, "n 3"]
    left: Int64[Array, "#r n"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was read; axes: r members, t cuts, q resources.

    usage: time in use [us], time waited for [us] (both running totals), units in use, patients waiting, units there.
    people: how many have come, and how many are there.  members: the records of resources, lines, sources and tallies
    at the kept cuts.  end: where the members are.
    """

    usage: Int64[Array, "r t q 5"]
    people: Int64[Array, "r t 2"]
    members: Int64[Array, "r kept n"]
    end: States | None


def run(
    tables: Tables, keys: UInt64[Array, "r"], cuts: Sequence[int] | Int64[Array, "#r t"], *, kept: Sequence[int] = (),
    start: States | None = None, present: Present | None = None, extra: Int64[Array, "#r t q"] | None = None,
    end: bool = False, threads: int | None = None,
) -> Outcome:  # fmt: skip
    """Run members with these keys through `cuts` [us, rising]; their records are kept at the cuts numbered in `kept`.

    `start` is where they begin (default: empty, at time 0), one state for all or one each; `extra` are units beyond the
    roster on the way to each cut; `end` keeps where they end.  Raises ShapeError for a pathway on which a patient goes
    round for ever at one instant.
    """
    rows, moments = len(keys), np.atleast_2d(np.asarray(cuts, dtype=np.int64))
    start = fresh(tables) if start is None else start
    present = Present(np.zeros((0, 3), np.int64), np.zeros((1, 0), np.int64)) if present is None else present
    while start.s.shape[1] < len(tables.member) + 2 * PATIENT * len(present.who):
        start = grown(tables, start)
    times, pools = moments.shape[1], (int(tables.t[RESOURCES_END]) - int(tables.t[RESOURCES])) // RESOURCE_RECORD
    chosen = np.full(times, -1, dtype=np.int64)
    chosen[list(kept)] = np.arange(len(kept))
    more = np.zeros((1, times, pools), np.int64) if extra is None else np.asarray(extra)
    given = (np.array(keys, np.uint64), np.asarray(present.who), np.asarray(present.left), moments, chosen, more)
    shapes = ((times, pools, 5), (times, 2), (len(kept), len(tables.member)), ())
    out = tuple(np.zeros((rows, *shape), dtype=np.int64) for shape in shapes)
    failed, which, ends = out[-1], np.arange(rows), repeated(start, rows if end else 0)
    for _ in range(MOST_DOUBLINGS):
        _over(which, tables, start, given, out, ends, threads)
        if (failed == STORM).any():
            raise ShapeError("a patient goes round for ever without time passing: give the pathway a delay or an exit")
        which = np.flatnonzero(failed == FULL)
        if which.size == 0:
            return Outcome(*out[:-1], end=ends if end else None)
        start, ends = grown(tables, start), grown(tables, ends)
    raise ShapeError(
        f"a member holds {2**MOST_DOUBLINGS} times the patients that fit at first: does a line grow for ever?"
    )


def _over(
    which: Any, tables: Tables, start: States, given: Any, out: Any, ends: States, threads: int | None
) -> None:  # fmt: skip
    loop = _loop()
    t, f, begin, end = np.asarray(tables.t), np.asarray(tables.f), _bare(start), _bare(ends)
    over_rows(lambda first, last: loop(first, last, which, t, f, begin, given, out, end), len(which), threads)


def _bare(states: States) -> tuple[Any, Any, Any]:
    return np.asarray(states.s), np.asarray(states.events), np.asarray(states.log)


@cache
def _loop() -> Any:
    require("numba", "twin")
    from .. import jump_fast as fast

    digest = fingerprint(advance_rows, INLINED, inspect.getsource(fast))
    return fast.compile_loop(advance_rows, {}, digest, inlined=INLINED)
