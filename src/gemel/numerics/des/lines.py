"""Resources and the lines before them: who takes units, who waits, who is next.

A request asks for several resources at once and gets all or none of them.  Requests for the same set of resources,
however many units, wait in one line, by rank and then in the order they came; nobody overtakes within a line, and a
set that cannot be served holds up its own line only.  When units come free the first of all lines that can be served
gets them at once.  A patient who was interrupted keeps their place.

`t` is the table, `s` the member, `e` its coming events, `g` its log; patients p, resources r and lines are places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..heap import push
from .layout import (
    AREA,
    ASKED,
    AWAKE,
    AWAY,
    CALLED,
    CALLED_FIRST,
    CALLED_LAST,
    CLASS,
    COUNT,
    COUNTED,
    DEPENDS,
    DEPENDS_END,
    FAILED,
    FIRST_NEED,
    FULL,
    GETS,
    HEADS,
    LEFT,
    LEVELS,
    LEVELS_END,
    LINE,
    LOGGED,
    LOST,
    NEED,
    NEEDS,
    NEXT,
    NOW,
    NUMBER_OF,
    OFF,
    PENDING,
    PLACE,
    PREVIOUS,
    RANK,
    REGAINS,
    ROOM,
    SEEN,
    SEQUENCE,
    SERVED,
    SINCE,
    SPENT,
    STATUS,
    STEP,
    TALLY,
    TALLY_RECORD,
    THEN,
    TICKET,
    TIMES,
    TOTAL,
    TOUCHED,
    TURN,
    TURNED,
    USED,
    WAITERS,
    WAITING,
    WHO,
)  # fmt: skip

__all__ = [
    "call",
    "count_line",
    "first",
    "forget",
    "give",
    "got",
    "join",
    "note",
    "satisfied",
    "settle",
    "soon",
    "take",
    "touch",
]

SEQUENCES = 2**52
"""Events a member can ask for in its life, and the weight of one priority step, as in `jump_words`."""
NEVER = 2**52
"""A delay [us] that never ends: 142 years."""


def soon(s: Any, e: Any, time: Any, priority: int, kind: int, entity: Any) -> Any:
    """Let something happen at `time`; the ticket that names the event.  A full calendar stops the member."""
    if s[PENDING] == e.shape[0]:
        s[FAILED] = FULL
        return np.int64(-1)
    ticket = priority * SEQUENCES + s[SEQUENCE]
    push(e, s[PENDING], time, ticket, kind, entity)
    s[PENDING] += 1
    s[SEQUENCE] += 1
    return ticket


def note(t: Any, s: Any, g: Any, p: Any, what: int) -> None:
    """Write a line of the event log, where there is one."""
    if g.shape[0] > 0:
        _write(t, s, g, p, what)


def _write(t: Any, s: Any, g: Any, p: Any, what: int) -> None:
    """One more line; a full log stops the member."""
    entry = s[LOGGED]
    if entry == g.shape[0]:
        s[FAILED] = FULL
        return
    g[entry, 0], g[entry, 1], g[entry, 2] = s[NOW], s[p + WHO], s[p + CLASS]
    g[entry, 3], g[entry, 4] = t[s[p + STEP] + NUMBER_OF], what
    s[LOGGED] += 1


def touch(s: Any, r: Any) -> None:
    """Count the time a resource has been used as it is, up to now."""
    past = s[NOW] - s[r + TOUCHED]
    if past > 0:
        used = s[r + USED] + s[r + AWAY]
        s[r + AREA] += past * used
        s[r + TOUCHED] = s[NOW]
        if s[r + LEVELS_END] > s[r + LEVELS]:
            s[min(s[r + LEVELS] + used, s[r + LEVELS_END] - 1)] += past


def count_line(t: Any, s: Any, line: Any) -> Any:
    """Count the time spent waiting in a line, up to now; where its counts are."""
    x = t[line + COUNTED]
    s[x + SPENT] += s[x + COUNT] * (s[NOW] - s[x + SEEN])
    s[x + SEEN] = s[NOW]
    return x


def satisfied(t: Any, s: Any, line: Any) -> bool:
    """Whether all a line asks for is free."""
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        if s[t[n] + ROOM] - s[t[n] + USED] < t[n + 1] + t[n + 2]:
            return False
    return True


def take(t: Any, s: Any, line: Any) -> None:
    """Take all a line asks for."""
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        touch(s, t[n])
        s[t[n] + USED] += t[n + 1]


def give(s: Any, p: Any, r: Any, units: Any) -> None:
    """Give units back; those of somebody whose shift is over leave with them."""
    touch(s, r)
    if s[p + OFF] != 0 and (s[p + OFF] >> s[r + PLACE]) & 1:
        s[r + AWAY] -= units
        s[p + OFF] ^= np.int64(1) << s[r + PLACE]
    else:
        s[r + USED] -= units


def join(t: Any, s: Any, line: Any, p: Any) -> None:
    """Wait in a line, behind everybody of the same rank who asked before."""
    x = count_line(t, s, line)
    head = x + HEADS + 2 * s[p + RANK]
    before = s[head + 1]
    while before > 0 and s[before + TURNED] > s[p + TURNED]:
        before = s[before + PREVIOUS]
    after = s[head] if before == 0 else s[before + NEXT]
    s[p + PREVIOUS], s[p + NEXT] = before, after
    if before == 0:
        s[head] = p
    else:
        s[before + NEXT] = p
    if after == 0:
        s[head + 1] = p
    else:
        s[after + PREVIOUS] = p
    s[x + COUNT] += 1
    s[p + LINE] = line
    s[p + STATUS], s[p + TICKET] = WAITING, -1
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        s[t[n] + WAITERS] += 1


def forget(t: Any, s: Any, p: Any) -> None:
    """Take a patient out of their line."""
    line = s[p + LINE]
    x = count_line(t, s, line)
    head = x + HEADS + 2 * s[p + RANK]
    before, after = s[p + PREVIOUS], s[p + NEXT]
    if before == 0:
        s[head] = after
    else:
        s[before + NEXT] = after
    if after == 0:
        s[head + 1] = before
    else:
        s[after + PREVIOUS] = before
    s[x + COUNT] -= 1
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        s[t[n] + WAITERS] -= 1


def first(t: Any, s: Any, line: Any) -> Any:
    """Who is first in a line that is not empty."""
    head = t[line + COUNTED] + HEADS
    while s[head] == 0:
        head += 2
    return s[head]


def _before(s: Any, p: Any, q: Any) -> bool:
    """Whether p is served before q."""
    if s[p + RANK] != s[q + RANK]:
        return s[p + RANK] < s[q + RANK]
    return s[p + TURNED] < s[q + TURNED]


def settle(t: Any, s: Any, e: Any, g: Any, r: Any) -> None:
    """Hand out a resource that may have free units, to whoever is first among those who can be served."""
    while s[r + WAITERS] > 0:
        best, chosen = np.int64(0), np.int64(0)
        for d in range(s[r + DEPENDS], s[r + DEPENDS_END]):
            if s[t[t[d] + COUNTED] + COUNT] > 0:
                p = first(t, s, t[d])
                if satisfied(t, s, s[p + LINE]) and (best == 0 or _before(s, p, best)):
                    best, chosen = p, s[p + LINE]
        if best == 0:
            break
        forget(t, s, best)
        take(t, s, chosen)
        _served(t, s, e, g, best)


def _served(t: Any, s: Any, e: Any, g: Any, p: Any) -> None:
    """What was asked for has come: the interrupted go on, the others take their next step."""
    if s[p + LOST] == 0:
        s[p + TICKET] = -1
        got(t, s, g, p)
        call(s, p)
        return
    note(t, s, g, p, REGAINS)
    s[p + LOST] = 0
    if s[p + LEFT] < 0:
        call(s, p)
        return
    s[p + STATUS] = SERVED
    s[p + SINCE] = s[NOW]
    s[p + TICKET] = soon(s, e, s[NOW] + s[p + LEFT], 0, TURN, p)


def got(t: Any, s: Any, g: Any, p: Any) -> None:
    """Count the wait of a patient who has just got what their step asks for, and let them take the next."""
    note(t, s, g, p, GETS)
    x = t[s[p + STEP] + TALLY] + TALLY_RECORD * s[p + CLASS]
    s[x + TIMES] += 1
    s[x + TOTAL] += s[NOW] - s[p + ASKED]
    s[p + STEP] = t[s[p + STEP] + THEN]


def call(s: Any, p: Any) -> None:
    """Let a patient take their next step still in this instant, after those called before."""
    s[p + STATUS] = AWAKE
    s[p + CALLED] = 0
    if s[CALLED_FIRST] == 0:
        s[CALLED_FIRST] = p
    else:
        s[s[CALLED_LAST] + CALLED] = p
    s[CALLED_LAST] = p
