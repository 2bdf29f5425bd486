"""Patients who wait for one another for ever: found by letting everybody else go home (Habermann 1969, banker's rule).

A resource is never asked for by those who hold another in a circle: then nothing can lock, and nothing is looked at.
Otherwise, at the end of a run, all who are under service, and whoever may lose patience, are taken to leave, and
rosters to be at their fullest; then again whoever could be served.  Who is still waiting waits for ever.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics.des import layout as at
from ...numerics.des.layout import States
from .compiled import Compiled

__all__ = ["can_lock", "locked"]


def can_lock(own: Compiled) -> bool:
    """Whether resources are held and asked for in a circle anywhere on the pathway."""
    t, number = np.asarray(own.tables.t), {place: r for r, place in enumerate(own.places.resources)}
    asked: dict[int, set[int]] = {r: set() for r in number.values()}
    for place in own.places.steps:
        if t[place + at.OP] == at.SEIZE:
            held = t[t[place + at.HELD] : t[place + at.HELD] + len(number)]
            for r in np.flatnonzero(held):
                asked[int(r)] |= {number[r] for r, _ in _needs(t, int(t[place + at.A]))}
    while free := [r for r, others in asked.items() if not others]:
        asked = {r: others - set(free) for r, others in asked.items() if r not in free}
    return bool(asked)


def locked(own: Compiled, states: States, row: int = 0) -> list[tuple[int, str]]:
    """Patients of a member who wait for ever: their numbers and the steps they wait at; empty when none does."""
    t, s = np.asarray(own.tables.t), np.asarray(states.s)[row]
    free = {place: _most(t, s, place) for place in own.places.resources}
    waiting: list[int] = []
    for p in range(int(t[at.PATIENTS]), int(s[at.TOP]), at.PATIENT):
        if s[p + at.STATUS] == at.WAITING and s[p + at.TICKET] < 0:
            waiting.append(p)
            for place, units in _holds(own, t, s, p).items():
                free[place] -= units
    moved = True
    while moved:
        gone = [p for p in waiting if all(free[r] >= units for r, units in _needs(t, int(s[p + at.LINE])))]
        waiting = [p for p in waiting if p not in gone]
        for p in gone:
            for place, units in _holds(own, t, s, p).items():
                free[place] += units
        moved = bool(gone)
    names = dict(zip(own.places.steps, own.steps, strict=True))
    return [(int(s[p + at.WHO]), names[int(s[p + at.STEP])]) for p in waiting]


def _needs(t: Any, line: int) -> list[tuple[int, int]]:
    """Resource and units of a request."""
    first = line + at.FIRST_NEED
    return [(int(t[n]), int(t[n + 1])) for n in range(first, first + at.NEED * int(t[line + at.NEEDS]), at.NEED)]


def _holds(own: Compiled, t: Any, s: Any, p: int) -> dict[int, int]:
    """Units in a waiting patient's hands by resource."""
    held = int(t[s[p + at.STEP] + at.HELD])
    return {
        place: int(t[held + r])
        for r, place in enumerate(own.places.resources)
        if t[held + r] and s[p + at.LOST] != place
    }


def _most(t: Any, s: Any, place: int) -> int:
    """The most units of a resource there ever are."""
    return max(int(t[c + 1]) for c in range(int(s[place + at.CHANGES]), int(s[place + at.CHANGES_END]), 2))
