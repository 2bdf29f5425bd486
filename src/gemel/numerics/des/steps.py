"""What one patient does: arrive, ask, be served, give back, branch, gather, leave; and who is there at the start.

A draw is keyed by member, source and number of the patient, step, lap of the pathway and try after an interruption, so
it is the same whatever happens to anybody else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.draws import mix
from .laws import draw, unit
from .layout import (
    AREA,
    ARRIVAL_STREAM,
    ARRIVALS,
    ARRIVED,
    ASKED,
    ASKS,
    AWAKE,
    AWAY,
    BATCH,
    BEGINS,
    BEGUN,
    BRANCH,
    BREAK_WORD,
    CAME,
    CARRIED,
    CARRIES,
    CENSUS_STREAM,
    CHOOSE,
    CLASS,
    CLASS_RANK,
    CLASS_RECORD,
    CLASSES,
    CLASSES_END,
    COUNT,
    COUNTED,
    DELAY,
    DEPENDS,
    DEPENDS_END,
    ELSE,
    ENTERS,
    EXIT,
    FIRST_GOAL,
    FIRST_LAW,
    FIRST_NEED,
    FREE,
    GATED,
    GATHERS,
    GIVES,
    GOES,
    GONE,
    HEAD,
    HELD,
    INDEX,
    KIND,
    LAP,
    LEAVES,
    LEFT,
    LIMIT,
    LISTED,
    LISTED_AT,
    LIVE,
    LOST,
    MADE,
    NEED,
    NEEDS,
    NEXT,
    NOW,
    OFF,
    OP,
    OTHERWISE,
    OUSTS,
    PATIENT,
    PATIENT_STREAM,
    PATIENTS,
    PLACE,
    RANK,
    RANKED,
    RECLASS,
    RELEASE,
    RENEGES,
    RESOURCE_RECORD,
    RESOURCES,
    RESOURCES_END,
    ROOM,
    SEIZE,
    SEQUENCE,
    SERVED,
    SHARES,
    SHARES_AT,
    SINCE,
    SIZE,
    SOURCE_RECORD,
    SOURCE_WORD,
    SOURCES,
    SOURCES_END,
    SPENT,
    STATE,
    STATUS,
    STEP,
    STREAM,
    STREAM_AT,
    TAIL,
    TALLY,
    TALLY_RECORD,
    THEN,
    TICKET,
    TIMES,
    TOP,
    TOTAL,
    TRIES,
    TURN,
    TURNED,
    TURNED_AWAY,
    USED,
    WAITERS,
    WAITING,
    WHO,
    WORD,
    A,
    B,
)  # fmt: skip
from .lines import NEVER, call, count_line, first, forget, give, got, join, note, satisfied, settle, soon, take, touch
from .shifts import first_breakdowns, first_shift, oust
from .sources import first_arrival, next_arrival

__all__ = ["arrive", "begin", "place", "read", "tune", "turn", "walk"]

CLASS_WORD = np.uint64(0x636C617373000001)
CENSUS_WORD = np.uint64(0x63656E7375730001)
ARRIVAL_WORD, PATIENT_WORD = np.uint64(1), np.uint64(2)
TRY_SHIFT = np.uint64(32)


def tune(t: Any, s: Any, key: Any) -> None:
    """The member's streams of draws, from its key."""
    s[CENSUS_STREAM] = np.int64(mix(key, CENSUS_WORD))
    for r in range(t[RESOURCES], t[RESOURCES_END], RESOURCE_RECORD):
        s[r + STREAM] = np.int64(mix(key, np.uint64(s[r + BREAK_WORD])))
    for a in range(t[SOURCES], t[SOURCES_END], SOURCE_RECORD):
        stream = mix(key, np.uint64(t[a + SOURCE_WORD]))
        s[t[a + STATE] + ARRIVAL_STREAM] = np.int64(mix(stream, ARRIVAL_WORD))
        s[t[a + STATE] + PATIENT_STREAM] = np.int64(mix(stream, PATIENT_WORD))


def begin(t: Any, f: Any, s: Any, e: Any) -> None:
    """Time 0: rosters, breakdowns and sources."""
    s[TOP] = t[PATIENTS]
    for r in range(t[RESOURCES], t[RESOURCES_END], RESOURCE_RECORD):
        first_shift(t, s, e, r)
        first_breakdowns(f, s, e, r)
    for a in range(t[SOURCES], t[SOURCES_END], SOURCE_RECORD):
        first_arrival(t, f, s, e, a)
    s[BEGUN] = 1


def arrive(t: Any, f: Any, s: Any, e: Any, g: Any, a: Any) -> None:
    """A new patient at the door, and the next one on the way."""
    x = t[a + STATE]
    made = s[x + MADE]
    if t[a + KIND] == LISTED:
        k = t[t[a + LISTED_AT] + 2 * made + 1]
    else:
        k = np.int64(0)
        if t[CLASSES_END] - t[CLASSES] > CLASS_RECORD:
            u = unit(mix(mix(np.uint64(s[x + PATIENT_STREAM]), np.uint64(made)), CLASS_WORD))
            while u > f[t[a + SHARES] + k]:
                k += 1
    s[x + MADE] += 1
    next_arrival(t, f, s, e, a)
    p = admit(t, s, g, k, t[t[CLASSES] + CLASS_RECORD * k + ENTERS])
    s[p + STREAM_AT], s[p + INDEX] = x + PATIENT_STREAM, made
    call(s, p)


def admit(t: Any, s: Any, g: Any, k: Any, step: Any) -> Any:
    """A slot for a patient of class k about to take a step."""
    p = s[FREE]
    if p > 0:
        s[FREE] = s[p + NEXT]
    else:
        p = s[TOP]
        s[TOP] += PATIENT
    s[LIVE] += 1
    s[p + STEP], s[p + CLASS] = step, k
    s[p + RANK] = t[t[CLASSES] + CLASS_RECORD * k + CLASS_RANK]
    s[p + STATUS], s[p + TICKET], s[p + CAME] = AWAKE, -1, s[NOW]
    s[p + LAP], s[p + LOST], s[p + OFF], s[p + TRIES], s[p + CARRIES] = 0, 0, 0, 0, 0
    s[p + WHO] = s[ARRIVALS]
    s[ARRIVALS] += 1
    note(t, s, g, p, ARRIVED)
    return p


def turn(t: Any, s: Any, g: Any, p: Any) -> None:
    """A patient's own event: a service is over, patience is, or a batch leaves as it is."""
    status, i = s[p + STATUS], s[p + STEP]
    if status == SERVED:
        s[p + TRIES] = 0
        s[p + STEP] = t[i + THEN]
        call(s, p)
    elif status == WAITING:
        note(t, s, g, p, RENEGES)
        s[t[i + TALLY] + TALLY_RECORD * s[p + CLASS] + OTHERWISE] += 1
        forget(t, s, p)
        s[p + TICKET] = -1
        s[p + STEP] = t[i + ELSE]
        call(s, p)
    elif status == GATED:
        _depart(t, s, g, i)
    else:
        call(s, p)


def walk(t: Any, f: Any, s: Any, e: Any, g: Any, p: Any) -> None:
    """Take one step; the patient's status says whether another can follow."""
    i = s[p + STEP]
    op = t[i + OP]
    if op == SEIZE:
        _ask(t, f, s, e, g, p, i)
    elif op == DELAY:
        _serve(t, f, s, e, g, p, i)
    elif op == RELEASE:
        _give_back(t, s, e, g, p, i)
    elif op == BRANCH:
        _branch(t, f, s, p, i)
    elif op == EXIT:
        _leave(t, s, g, p, i)
    else:
        _rarely(t, f, s, e, g, p, i)


def _bits(t: Any, s: Any, p: Any, i: Any) -> Any:
    """The patient's draw at a step."""
    which = np.uint64(s[p + LAP]) + (np.uint64(s[p + TRIES]) << TRY_SHIFT)
    own = mix(np.uint64(s[s[p + STREAM_AT]]), np.uint64(s[p + INDEX]))
    return mix(own, np.uint64(t[i + WORD]) + which)


def _ask(t: Any, f: Any, s: Any, e: Any, g: Any, p: Any, i: Any) -> None:
    """Ask for resources, and wait if they are not free."""
    line, k = t[i + A], s[p + CLASS]
    s[p + ASKED] = s[NOW]
    s[p + RANK] = t[i + RANKED] if t[i + RANKED] >= 0 else t[t[CLASSES] + CLASS_RECORD * k + CLASS_RANK]
    s[p + TURNED] = s[SEQUENCE]
    s[SEQUENCE] += 1
    note(t, s, g, p, ASKS)
    ahead = s[t[line + COUNTED] + COUNT] > 0 and s[first(t, s, line) + RANK] <= s[p + RANK]
    if not ahead and (satisfied(t, s, line) or (t[i + OUSTS] and oust(t, s, e, g, line, s[p + RANK]))):
        take(t, s, line)
        got(t, s, g, p)
        return
    if t[i + LIMIT] >= 0 and s[t[line + COUNTED] + COUNT] >= t[i + LIMIT]:
        note(t, s, g, p, TURNED_AWAY)
        s[t[i + TALLY] + TALLY_RECORD * k + OTHERWISE] += 1
        s[p + STEP] = t[i + ELSE]
        return
    join(t, s, line, p)
    if t[i + FIRST_LAW + 2 * k] >= 0:
        _lose_patience(t, f, s, e, p, i)


def _lose_patience(t: Any, f: Any, s: Any, e: Any, p: Any, i: Any) -> None:
    """Let the patient's turn come when they have waited long enough."""
    span = draw(f, t[i + FIRST_LAW + 2 * s[p + CLASS]], _bits(t, s, p, i))
    if span < NEVER:
        s[p + TICKET] = soon(s, e, s[NOW] + np.int64(span + 0.5), 0, TURN, p)


def _serve(t: Any, f: Any, s: Any, e: Any, g: Any, p: Any, i: Any) -> None:
    """Draw a duration, and be back when it is over."""
    k = s[p + CLASS]
    span = draw(f, t[i + FIRST_LAW + 2 * k], _bits(t, s, p, i))
    whole = np.int64(span + 0.5) if span < NEVER else NEVER
    note(t, s, g, p, BEGINS)
    if s[p + TRIES] == 0:
        x = t[i + TALLY] + TALLY_RECORD * k
        s[x + TIMES] += 1
        s[x + TOTAL] += whole
    s[p + STATUS], s[p + SINCE], s[p + LEFT] = SERVED, s[NOW], whole
    s[p + TICKET] = soon(s, e, s[NOW] + whole, 0, TURN, p)


def _give_back(t: Any, s: Any, e: Any, g: Any, p: Any, i: Any) -> None:
    line = t[i + A]
    note(t, s, g, p, GIVES)
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        give(s, p, t[n], t[n + 1])
    s[p + STEP] = t[i + THEN]
    for n in range(line + FIRST_NEED, line + FIRST_NEED + NEED * t[line + NEEDS], NEED):
        if s[t[n] + WAITERS] > 0:
            settle(t, s, e, g, t[n])


def _branch(t: Any, f: Any, s: Any, p: Any, i: Any) -> None:
    ways = t[i + FIRST_LAW + 2 * s[p + CLASS]]
    way = np.int64(0)
    if t[i + FIRST_LAW + 2 * s[p + CLASS] + 1] > 1:
        u = unit(_bits(t, s, p, i))
        while u > f[t[ways + SHARES_AT] + way]:
            way += 1
    goal = t[ways + FIRST_GOAL + way]
    if goal <= i:
        s[p + LAP] += 1
    s[p + STEP] = goal


def _leave(t: Any, s: Any, g: Any, p: Any, i: Any) -> None:
    note(t, s, g, p, LEAVES)
    x = t[i + TALLY] + TALLY_RECORD * s[p + CLASS]
    s[x + TIMES] += 1
    s[x + TOTAL] += s[NOW] - s[p + CAME]
    s[p + STATUS], s[p + TICKET] = GONE, -1
    s[p + NEXT] = s[FREE]
    s[FREE] = p
    s[LIVE] -= 1


def _rarely(t: Any, f: Any, s: Any, e: Any, g: Any, p: Any, i: Any) -> None:
    """The steps that few pathways have."""
    op = t[i + OP]
    if op == CHOOSE:
        s[p + STEP] = _choice(t, s, i)
    elif op == RECLASS:
        s[p + CLASS] = t[i + A]
        s[p + RANK] = t[t[CLASSES] + CLASS_RECORD * t[i + A] + CLASS_RANK]
        s[p + STEP] = t[i + THEN]
    elif op == BATCH:
        _gather(t, f, s, e, g, p, i)
    else:
        follower = s[p + CARRIES]
        s[p + CARRIES] = 0
        s[p + STEP] = t[i + THEN]
        while follower > 0:
            s[follower + STEP] = t[i + THEN]
            call(s, follower)
            follower = s[follower + NEXT]


def _choice(t: Any, s: Any, i: Any) -> Any:
    """The step of the shortest of several lines (units in use and patients waiting), the first of equals; with rule 1,
    of the first that can be served at once, if there is one."""
    best, least = t[i + A], np.int64(-1)
    for c in range(t[i + A], t[i + B], 2):
        line = t[c]
        if t[i + LIMIT] == 1 and satisfied(t, s, line):
            return t[c + 1]
        r = t[line + FIRST_NEED]
        load = s[r + USED] + s[r + WAITERS]
        if least < 0 or load < least:
            best, least = c, load
    return t[best + 1]


def _gather(t: Any, f: Any, s: Any, e: Any, g: Any, p: Any, i: Any) -> None:
    """Wait at the gate; the one who makes the batch full sends it on."""
    note(t, s, g, p, GATHERS)
    gate = t[i + B]
    s[p + STATUS], s[p + ASKED], s[p + NEXT] = GATED, s[NOW], 0
    if s[gate + SIZE] == 0:
        s[gate + HEAD] = p
        if t[i + FIRST_LAW + 2 * s[p + CLASS]] >= 0:
            _lose_patience(t, f, s, e, p, i)
    else:
        s[s[gate + TAIL] + NEXT] = p
    s[gate + TAIL] = p
    s[gate + SIZE] += 1
    if s[gate + SIZE] == t[i + A]:
        _depart(t, s, g, i)


def _depart(t: Any, s: Any, g: Any, i: Any) -> None:
    """The batch at a gate goes on as one: the first leads, and the others are carried."""
    gate = t[i + B]
    leader = s[gate + HEAD]
    p = leader
    while p > 0:
        x = t[i + TALLY] + TALLY_RECORD * s[p + CLASS]
        s[x + TIMES] += 1
        s[x + TOTAL] += s[NOW] - s[p + ASKED]
        note(t, s, g, p, GOES)
        s[p + STATUS] = CARRIED
        p = s[p + NEXT]
    s[leader + CARRIES] = s[leader + NEXT]
    s[leader + TICKET] = -1
    s[leader + STEP] = t[i + THEN]
    s[gate + SIZE] = 0
    call(s, leader)


def place(t: Any, s: Any, e: Any, g: Any, census: Any, left: Any) -> None:
    """Patients who are there at time 0: rows (step, class, arrived [us]) and the time left at a delay.

    At a delay a patient holds what its step holds and stays `left` more; at any other step they take that step now.
    """
    for n in range(census.shape[0]):
        i = census[n, 0]
        p = admit(t, s, g, census[n, 1], i)
        s[p + STREAM_AT], s[p + INDEX], s[p + CAME] = CENSUS_STREAM, n, census[n, 2]
        if t[i + OP] == DELAY:
            for r in range(t[RESOURCES], t[RESOURCES_END], RESOURCE_RECORD):
                s[r + USED] += t[t[i + HELD] + s[r + PLACE]]
            s[p + STATUS], s[p + SINCE], s[p + LEFT] = SERVED, 0, left[n]
        s[p + TICKET] = soon(s, e, left[n], 0, TURN, p)


def read(t: Any, s: Any, usage: Any) -> None:
    """Resources as they are: time in use and time waited for [us], units in use, patients waiting, units there."""
    for r in range(t[RESOURCES], t[RESOURCES_END], RESOURCE_RECORD):
        touch(s, r)
        waited = np.int64(0)
        for d in range(s[r + DEPENDS], s[r + DEPENDS_END]):
            waited += s[count_line(t, s, t[d]) + SPENT]
        q = s[r + PLACE]
        usage[q, 0], usage[q, 1] = s[r + AREA], waited
        usage[q, 2], usage[q, 3], usage[q, 4] = s[r + USED] + s[r + AWAY], s[r + WAITERS], s[r + ROOM]
