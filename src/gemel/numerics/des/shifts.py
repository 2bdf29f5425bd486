"""Capacity that changes: shifts, breakdowns, and patients who are interrupted for either or for someone more urgent.

When units in use exceed the new roster, the resource's own rule decides.  finish: services under way are finished, and
the units leave then.  handover: all who work leave when done and a full new shift starts at once, so both overlap.
preempt: the least urgent, the last begun first, are interrupted; they keep their place in line and then resume,
restart, or draw their time anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.draws import mix
from .laws import draw
from .layout import (
    AWAY,
    BREAK,
    BREAKABLE,
    BREAKS,
    BROKEN,
    CHANGE,
    CHANGES,
    CHANGES_END,
    CLASS,
    DROP,
    EXTRA,
    FIRST_NEED,
    GONE,
    HANDOVER,
    HELD,
    LEFT,
    LOSES,
    LOST,
    MEND,
    MODE,
    NOW,
    OFF,
    ORIGIN,
    OTHERWISE,
    PATIENT,
    PATIENTS,
    PERIOD,
    PLACE,
    PREEMPT,
    RANK,
    REDRAW,
    REGAIN,
    REPAIR,
    RESUME,
    ROOM,
    ROSTER,
    ROSTERED,
    SERVED,
    SINCE,
    STATUS,
    STEP,
    STREAM,
    TALLY,
    TALLY_RECORD,
    TICKET,
    TOP,
    TRIES,
    UP,
    USED,
    WHO,
)  # fmt: skip
from .lines import NEVER, give, join, note, settle, soon, touch

__all__ = ["broken", "change_roster", "first_breakdowns", "first_shift", "mended", "oust", "resize"]


def first_shift(t: Any, s: Any, e: Any, r: Any) -> None:
    """Units on the roster at the start, and when they change."""
    local = s[ORIGIN] % s[r + PERIOD]
    entry = s[r + CHANGES_END] - 2
    for c in range(s[r + CHANGES], s[r + CHANGES_END], 2):
        if t[c] <= local:
            entry = c
    s[r + CHANGE] = entry
    s[r + ROSTERED] = t[entry + 1]
    s[r + ROOM] = t[entry + 1]
    _next_change(t, s, e, r)


def _next_change(t: Any, s: Any, e: Any, r: Any) -> None:
    """Ask for the next change of the roster, if it has any: before anything else of its instant."""
    if s[r + CHANGES_END] - s[r + CHANGES] > 2:
        entry = s[r + CHANGE] + 2
        entry = s[r + CHANGES] if entry == s[r + CHANGES_END] else entry
        wait = t[entry] - (s[NOW] + s[ORIGIN]) % s[r + PERIOD]
        soon(s, e, s[NOW] + (wait if wait > 0 else wait + s[r + PERIOD]), -1, ROSTER, r)


def change_roster(t: Any, s: Any, e: Any, g: Any, r: Any) -> None:
    """A new shift."""
    entry = s[r + CHANGE] + 2
    entry = s[r + CHANGES] if entry == s[r + CHANGES_END] else entry
    s[r + CHANGE] = entry
    s[r + ROSTERED] = t[entry + 1]
    if s[r + DROP] == HANDOVER:
        touch(s, r)
        for p in range(t[PATIENTS], s[TOP], PATIENT):
            if s[p + STATUS] != GONE and s[p + LOST] != r and _held(t, s, p, r) > 0:
                s[p + OFF] |= np.int64(1) << s[r + PLACE]
        s[r + AWAY] += s[r + USED]
        s[r + USED] = 0
    resize(t, s, e, g, r)
    _next_change(t, s, e, r)


def first_breakdowns(f: Any, s: Any, e: Any, r: Any) -> None:
    """Set the clock of every unit that can break."""
    for _ in range(s[r + BREAKABLE]):
        _after(f, s, e, r, s[r + UP], BREAK)


def broken(t: Any, f: Any, s: Any, e: Any, g: Any, r: Any) -> None:
    """One unit breaks."""
    s[r + BROKEN] += 1
    resize(t, s, e, g, r)
    _after(f, s, e, r, s[r + REPAIR], MEND)


def mended(t: Any, f: Any, s: Any, e: Any, g: Any, r: Any) -> None:
    """One unit is whole again."""
    s[r + BROKEN] -= 1
    resize(t, s, e, g, r)
    _after(f, s, e, r, s[r + UP], BREAK)


def _after(f: Any, s: Any, e: Any, r: Any, law: Any, kind: int) -> None:
    span = draw(f, law, mix(np.uint64(s[r + STREAM]), np.uint64(s[r + BREAKS])))
    s[r + BREAKS] += 1
    if span < NEVER:
        soon(s, e, s[NOW] + np.int64(span + 0.5), 0, kind, r)


def resize(t: Any, s: Any, e: Any, g: Any, r: Any) -> None:
    """Fit what is in use to the units there are now."""
    s[r + ROOM] = s[r + ROSTERED] + s[r + EXTRA] - s[r + BROKEN]
    if s[r + DROP] == PREEMPT:
        while s[r + USED] > s[r + ROOM]:
            victim = _victim(t, s, r, -1)
            if victim == 0:
                break
            _interrupt(t, s, e, g, victim, r)
    settle(t, s, e, g, r)


def _held(t: Any, s: Any, p: Any, r: Any) -> Any:
    """Units of a resource in a patient's hands, unless it was lost."""
    return t[t[s[p + STEP] + HELD] + s[r + PLACE]]


def _can_lose(t: Any, s: Any, p: Any, r: Any, rank: Any) -> bool:
    return (
        s[p + STATUS] == SERVED
        and s[p + RANK] > rank
        and _held(t, s, p, r) > 0
        and (s[p + OFF] >> s[r + PLACE]) & 1 == 0
    )


def _victim(t: Any, s: Any, r: Any, rank: Any) -> Any:
    """The least urgent patient beyond `rank` under service with this resource, the last begun; 0: none."""
    worst = np.int64(0)
    for p in range(t[PATIENTS], s[TOP], PATIENT):
        if _can_lose(t, s, p, r, rank) and (worst == 0 or _loses_first(s, p, worst)):
            worst = p
    return worst


def _loses_first(s: Any, p: Any, q: Any) -> bool:
    """Whether p is interrupted rather than q."""
    if s[p + RANK] != s[q + RANK]:
        return s[p + RANK] > s[q + RANK]
    if s[p + SINCE] != s[q + SINCE]:
        return s[p + SINCE] > s[q + SINCE]
    return s[p + WHO] > s[q + WHO]


def oust(t: Any, s: Any, e: Any, g: Any, line: Any, rank: Any) -> bool:
    """Free what a line asks of its one resource by interrupting the less urgent; False, and nothing, if it cannot."""
    n = line + FIRST_NEED
    r = t[n]
    wanted = t[n + 1] + t[n + 2] - (s[r + ROOM] - s[r + USED])
    found = np.int64(0)
    for p in range(t[PATIENTS], s[TOP], PATIENT):
        if _can_lose(t, s, p, r, rank):
            found += _held(t, s, p, r)
    if found < wanted:
        return False
    while wanted > 0:
        victim = _victim(t, s, r, rank)
        wanted -= _held(t, s, victim, r)
        _interrupt(t, s, e, g, victim, r)
    return True


def _interrupt(t: Any, s: Any, e: Any, g: Any, p: Any, r: Any) -> None:
    note(t, s, g, p, LOSES)
    units = _held(t, s, p, r)
    s[t[s[p + STEP] + TALLY] + TALLY_RECORD * s[p + CLASS] + OTHERWISE] += 1
    if s[r + MODE] == REDRAW:
        s[p + LEFT] = -1
        s[p + TRIES] += 1
    elif s[r + MODE] == RESUME:
        s[p + LEFT] -= s[NOW] - s[p + SINCE]
    s[p + TICKET] = -1
    give(s, p, r, units)
    s[p + LOST] = r
    join(t, s, t[s[r + REGAIN] + units], p)
