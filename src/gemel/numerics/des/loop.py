"""The event loop of a declared hospital: from event to event, and members from cut to cut.

Events of one instant happen by priority (a change of roster first) and then in the order they were asked for.  A
patient who is called takes steps until they wait, are served or leave; then those called meanwhile, in order.

`t` and `f` are the table, `s` the member, `e` its coming events, `g` its log (see `layout`).
"""

from __future__ import annotations

from typing import Any

from ..heap import pop
from .layout import (
    ARRIVALS,
    ARRIVE,
    AWAKE,
    BEGUN,
    BREAK,
    CALLED,
    CALLED_FIRST,
    EXTRA,
    FAILED,
    FREE,
    FULL,
    LIVE,
    NOW,
    PATIENT,
    PENDING,
    PLACE,
    RESOURCE_RECORD,
    RESOURCES,
    RESOURCES_END,
    ROSTER,
    STATUS,
    STORM,
    TICKET,
    TOP,
    TURN,
)  # fmt: skip
from .shifts import broken, change_roster, mended, resize
from .steps import arrive, begin, place, read, tune, turn, walk

__all__ = ["advance_rows"]

STORM_STEPS = 1_000_000
"""Steps at one instant from which a pathway is taken to run in a circle."""


def advance(t: Any, f: Any, s: Any, e: Any, g: Any, until: Any) -> None:
    """Every event up to and including `until`, or until FAILED: room is wanted, or a pathway runs in a circle."""
    while True:
        steps = 0
        while s[CALLED_FIRST] != 0 and s[FAILED] == 0:
            p = s[CALLED_FIRST]
            s[CALLED_FIRST] = s[p + CALLED]
            while s[p + STATUS] == AWAKE and s[FAILED] == 0:
                walk(t, f, s, e, g, p)
                steps += 1
                if steps > STORM_STEPS:
                    s[FAILED] = STORM
        if s[FAILED] != 0 or s[PENDING] == 0 or e[0, 0] > until:
            break
        if s[FREE] == 0 and s[TOP] + PATIENT > s.shape[0]:
            s[FAILED] = FULL
            break
        s[NOW] = e[0, 0]
        ticket, kind, entity = e[0, 1], e[0, 2], e[0, 3]
        pop(e, s[PENDING])
        s[PENDING] -= 1
        if kind == TURN:
            if s[entity + TICKET] == ticket:
                turn(t, s, g, entity)
        elif kind == ARRIVE:
            arrive(t, f, s, e, g, entity)
        elif kind == ROSTER:
            change_roster(t, s, e, g, entity)
        elif kind == BREAK:
            broken(t, f, s, e, g, entity)
        else:
            mended(t, f, s, e, g, entity)
    if s[FAILED] == 0:
        s[NOW] = until


def _change_units(t: Any, s: Any, e: Any, g: Any, extra: Any) -> None:
    """Units beyond the roster, by resource."""
    for r in range(t[RESOURCES], t[RESOURCES_END], RESOURCE_RECORD):
        if s[r + EXTRA] != extra[s[r + PLACE]]:
            s[r + EXTRA] = extra[s[r + PLACE]]
            resize(t, s, e, g, r)


def advance_rows(first: int, last: int, which: Any, t: Any, f: Any, start: Any, given: Any, out: Any, end: Any) -> None:
    """Take members which[first] .. which[last - 1] from cut to cut; `given` is keys, census, left, cuts, kept, extra.

    start is s (#r, n), events (#r, e, 4), log (#r, m, 5), and end the same for (r) or (0) rows, where they end.
    keys (r,) uint64; census (n, 3) and left (#r, n) as `place` takes them, for members that have not begun; cuts
    (#r, t) [us]; kept (t,) is where the member at a cut is written, or -1; extra (#r, t, q) are units beyond the roster
    on the way to a cut.  out is usage (r, t, q, 5), people (r, t, 2) who have come and who are there, members
    (r, kept, n) without their patients, and failed (r,).
    """
    keys, census, left, cuts, kept, extra = given
    usage, people, members, failed = out
    for n in range(first, last):
        row = which[n]
        i, b, x = min(row, start[0].shape[0] - 1), min(row, cuts.shape[0] - 1), min(row, extra.shape[0] - 1)
        s, e, g = start[0][i].copy(), start[1][i].copy(), start[2][i].copy()
        own = f[min(row, f.shape[0] - 1)]
        tune(t, s, keys[row])
        if s[BEGUN] == 0:
            begin(t, own, s, e)
            place(t, s, e, g, census, left[min(row, left.shape[0] - 1)])
        for c in range(cuts.shape[1]):
            if cuts[b, c] > s[NOW]:
                _change_units(t, s, e, g, extra[x, c])
            advance(t, own, s, e, g, cuts[b, c])
            if s[FAILED] != 0:
                break
            read(t, s, usage[row, c])
            people[row, c, 0], people[row, c, 1] = s[ARRIVALS], s[LIVE]
            if kept[c] >= 0:
                _copy(s, members[row, kept[c]])
        failed[row] = s[FAILED]
        if row < end[0].shape[0]:
            _copy(s, end[0][row])
            _copy(e.reshape(e.size), end[1][row].reshape(e.size))
            _copy(g.reshape(g.size), end[2][row].reshape(g.size))


def _copy(a: Any, b: Any) -> None:
    """As much of a as b has room for."""
    for i in range(b.shape[0]):
        b[i] = a[i]
