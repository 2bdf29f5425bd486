"""How a hospital lies in memory: what it is (`Tables`) and where its members are (`States`).

One member is one row of integers: records of its resources, lines, sources, gates, tallies and patients, one after the
other, and a record is named by the place where it begins.  So `s[p + STEP]` is the step of patient p, and that step's
own record begins at that place of the table `t`.  Beside it lie the calendar of coming events and the log.  A snapshot
and a clone are copies of rows.  Streams of draws follow from the member's key at every start, so a copy under another
key has a future of its own.  Patients come last: more room for them moves nothing.

Times are integer microseconds since the member's start.  A slot is used again, the last freed first, so that what runs
stays in the processor's nearest cache; no result depends on slots or on how much room there is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from ...core.array import Array
from ..heap import COLUMNS

__all__ = ["States", "Tables", "fresh", "grown", "repeated"]

# Steps of a pathway.
SEIZE, DELAY, RELEASE, BRANCH, CHOOSE, BATCH, UNBATCH, RECLASS, EXIT = range(9)
# Kinds of sources.
POISSON, STALE, RENEWAL, LISTED, ONCE = range(5)
# Rules when capacity drops, and what an interrupted service does when it goes on.
FINISH, HANDOVER, PREEMPT = range(3)
RESUME, RESTART, REDRAW = range(3)
# Kinds of events: a patient's turn, an arrival, a change of the roster, a breakdown, the end of a repair.
TURN, ARRIVE, ROSTER, BREAK, MEND = range(5)
# A patient's status.
GONE, AWAKE, WAITING, SERVED, GATED, CARRIED = range(6)
# Why a member stopped: room is made and it goes on; a storm is a fault of the model.
FULL, STORM = 1, 2

# The table begins with places: of the resources in `s`, the sources and the classes in `t`, the patients in `s`.
RESOURCES, RESOURCES_END, SOURCES, SOURCES_END, CLASSES, CLASSES_END, PATIENTS, HEADER = range(8)
# Record of a class in `t`: where it enters, its rank.
ENTERS, CLASS_RANK, CLASS_RECORD = range(3)
# Record of a step in `t`: what it does, two arguments, where next and else, rank (-1: the class's), whether it
# pre-empts, longest line it joins (-1: any), word of its draws, its number, its tally, what is held; then, for each
# class, a law (-1: none) and 0, or the place of a branch's ways and how many.
OP, A, B, THEN, ELSE, RANKED, OUSTS, LIMIT, WORD, NUMBER_OF, TALLY, HELD, FIRST_LAW = range(13)
# Record of a branch's ways in `t`: place of their cumulative shares in `f`; then the goals.
SHARES_AT, FIRST_GOAL = range(2)
# Record of a line in `t`: its record in `s`, how many needs; then of each need resource, units, units to leave free.
COUNTED, NEEDS, FIRST_NEED = range(3)
NEED = 3
# Record of a source in `t`.
KIND, BUCKETS, WIDTH, GAP, LISTED_AT, LISTED_END, RATES, SHARES, STATE, SOURCE_WORD, SOURCE_RECORD = range(11)

# A member's row begins with its own scalars.
(
    NOW, PENDING, SEQUENCE, FREE, TOP, LIVE, CALLED_FIRST, CALLED_LAST, FAILED, LOGGED, ARRIVALS, ORIGIN, BEGUN,
    CENSUS_STREAM, SCALARS,
) = range(15)  # fmt: skip
# Record of a resource in `s`; from DEPENDS on, what never changes.
(
    ROOM, USED, AWAY, WAITERS, AREA, TOUCHED, ROSTERED, BROKEN, CHANGE, BREAKS, EXTRA,
    DEPENDS, DEPENDS_END, DROP, MODE, UP, REPAIR, BREAKABLE, CHANGES, CHANGES_END, PERIOD, STREAM, REGAIN, PLACE,
    LEVELS, LEVELS_END, BREAK_WORD, RESOURCE_RECORD,
) = range(28)  # fmt: skip
# Record of a line in `s`: how many wait, time waited [us], counted until; then first and last patient of each rank.
COUNT, SPENT, SEEN, HEADS = range(4)
# Record of a source in `s`.
MADE, BUCKET, EDGE, ARRIVAL_STREAM, PATIENT_STREAM, STATE_OF_SOURCE = range(6)
# Record of a tally in `s`: how often, total time [us], how often it went otherwise (reneged, turned away, interrupted).
TIMES, TOTAL, OTHERWISE, TALLY_RECORD = range(4)
# Record of a gate in `s`.
HEAD, TAIL, SIZE, GATE_RECORD = range(4)
# Record of a patient in `s`.
(
    STEP, CLASS, RANK, STATUS, TICKET, ASKED, TURNED, NEXT, PREVIOUS, LINE, LAP, SINCE, LEFT, LOST, OFF, TRIES,
    CARRIES, CAME, WHO, CALLED, STREAM_AT, INDEX, PATIENT,
) = range(23)  # fmt: skip

# Columns and words of the log.
ENTRY = 5
ARRIVED, ASKS, GETS, BEGINS, GIVES, LEAVES, RENEGES, TURNED_AWAY, LOSES, REGAINS, GATHERS, GOES = range(12)
WORDS = (
    "arrives", "asks", "gets", "begins", "gives", "leaves", "reneges", "is turned away", "is interrupted", "goes on",
    "waits for a batch", "goes in a batch",
)  # fmt: skip

PATIENTS_AT_FIRST = 512


@dataclass(frozen=True, slots=True)
class Tables:
    """What a hospital is: whole numbers, real ones (one row for all members or one each), and a member at time 0."""

    t: Int64[Array, "n"]
    f: Float[Array, "#r m"]
    member: Int64[Array, "k"]
    events: int


@dataclass(frozen=True, slots=True)
class States:
    """Where members are: their records, coming events and logs."""

    s: Int64[Array, "r n"]
    events: Int64[Array, "r e 4"]
    log: Int64[Array, "r m 5"]


def fresh(tables: Tables, *, patients: int = PATIENTS_AT_FIRST, log: int = 0) -> States:
    """One member before its start; `log` is room for so many entries, 0 for no log."""
    s = np.zeros((1, len(tables.member) + patients * PATIENT), dtype=np.int64)
    s[0, : len(tables.member)] = tables.member
    events = np.zeros((1, tables.events + 2 * patients, COLUMNS), dtype=np.int64)
    return States(s, events, np.zeros((1, log, ENTRY), dtype=np.int64))


def grown(tables: Tables, states: States) -> States:
    """The same states with twice the room for patients, events and log."""
    patients = 2 * (states.s.shape[1] - len(tables.member)) // PATIENT
    wider = fresh(tables, patients=patients, log=2 * states.log.shape[1])
    made = repeated(wider, len(states.s))
    for new, old in ((made.s, states.s), (made.events, states.events), (made.log, states.log)):
        np.asarray(new)[:, : old.shape[1]] = old
    return made


def repeated(states: States, rows: int) -> States:
    """So many copies of the first of these states."""
    return States(*(np.repeat(np.asarray(a)[:1], rows, axis=0) for a in (states.s, states.events, states.log)))
