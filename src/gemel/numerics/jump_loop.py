"""The event loop over rows, written once: compiled with a member's rules, or run as plain Python.

`start`, `handle`, `change`, `dose`, `emit` and `member` below stand for the author's rules and for the view of one row;
`relink` makes a copy of the two loops that sees the real ones.

A segment is: `change` if an input's rate differs from the one in force, `dose` if there is one, then every event up to
and including its end, in order.  An event at the instant of a cut thus precedes what changes there, and a segment
without length does nothing, so cuts that change no input change no bit.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .heap import pop
from .jump_words import STORM

__all__ = ["run_rows", "start_rows"]

STORM_EVENTS = 10_000_000
"""Events at one instant from which time is taken to stand still."""


def _stub(*_: Any) -> NoReturn:
    raise NotImplementedError("relink the loop with a member's rules")


start = handle = change = dose = emit = member = _stub


def start_rows(first: int, last: int, leaves: Any, tables: Any, rates: Any, key: Any, given: Any, clock: Any) -> None:
    """Call `start` for rows first .. last - 1, whose leaves are all zero; `clock` is NaN."""
    for row in range(first, last):
        start(member(leaves, tables, row, given[row, 0], rates[row], clock[0, 0], key[row], np.int64(0)))


def run_rows(
    first: int, last: int, leaves: Any, tables: Any, rates: Any, key: Any, given: Any, clock: Any, drive: Any, read: Any
) -> None:
    """Take rows first .. last - 1 through the drive, in place.

    given (r, #s), clock (#r, s) and read (r, t) are records; drive is dt (#r, s) [us], rate (#r, s, m), doses (#r, s)
    as records, whether there is a dose (#r, s), the outputs' segments in rising order (#r, t) and their places (#r, t).
    The first leaf is `now`.
    """
    dt, rate, doses, dosed, output, place = drive
    for row in range(first, last):
        b, o, done = min(row, dt.shape[0] - 1), min(row, output.shape[0] - 1), 0
        for s in range(dt.shape[1]):
            p = given[row, min(s, given.shape[1] - 1)]
            m = member(leaves, tables, row, p, rates[row], clock[b, s], key[row], leaves[0][row])
            if dt[b, s] > 0 and m.failed == 0:
                end = m.now + dt[b, s]
                changed = False
                for j in range(rate.shape[2]):
                    changed = changed or m.rate[j] != rate[b, s, j]
                    m.rate[j] = rate[b, s, j]
                if changed:
                    change(m)
                if dosed[b, s]:
                    dose(m, doses[b, s])
                storm = 0
                while m.pending > 0 and m.events[0, 0] <= end and m.failed == 0:
                    storm = storm + 1 if m.events[0, 0] == m.now else 0
                    if storm > STORM_EVENTS:
                        m.failed = STORM
                    m.now = m.events[0, 0]
                    kind, entity = m.events[0, 2], m.events[0, 3]
                    pop(m.events, m.pending)
                    m.pending -= 1
                    handle(m, kind, entity)
                m.now = end
            while done < output.shape[1] and output[o, done] == s:
                if m.failed == 0:
                    emit(m, read[row, place[o, done]])
                done += 1
