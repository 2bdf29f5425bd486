"""Windows and drives of many twins at once, from plain numbers: the same segments that `core.drive.cut` makes for one.

A twin with fewer segments than the others ends with instants at which nothing happens (as in `core.drive.stack`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import local_clock
from ..core.drive import Drive, InputEvent, inputs_by_segment
from ..core.fact import Instant
from ..core.model import Window
from ..core.subject import Subject
from .fleet_seat import Meaning

__all__ = ["Course", "drive_of", "window_of"]


@dataclass(frozen=True, slots=True)
class Course:
    """One twin's way through time: segment ends `cuts` (the first is its start), places of the `outputs` among them,
    the points of its drift grid among the starts, changes of input, and rates in force at the start."""

    subject: Subject
    cuts: Sequence[Instant]
    outputs: Sequence[Instant]
    ticks: dict[Instant, int]
    events: Sequence[InputEvent]
    rates: Sequence[float]

    def segments(self) -> tuple[list[Instant], list[Instant]]:
        """Starts and ends; an output at the very start ends a segment without length."""
        starts, ends = list(self.cuts[:-1]), list(self.cuts[1:])
        if self.cuts[0] in self.outputs:
            return [self.cuts[0], *starts], [self.cuts[0], *ends]
        return starts, ends


def window_of(meant: Sequence[Meaning], observables: int, covariates: Float[Array, "r k"]) -> Window:
    """The steps of twins whose portions have one shape, as one window; `covariates` are those of all rows."""
    outputs, b = meant[0].most, len(meant)
    low, high, sd = (np.full((b, outputs, observables), np.nan) for _ in range(3))
    for t, one in enumerate(meant):
        seen = [0] * observables
        for i, lower, upper, size in one.readings:
            j = seen[i]
            low[t, j, i], high[t, j, i], sd[t, j, i] = lower, upper, size
            seen[i] = j + 1
    at = np.repeat(np.array([[one.cuts[-1]] for one in meant], dtype=np.int64), outputs, axis=1)
    courses = [
        Course(m.seat.standing.twin.subject, m.cuts, [m.cuts[-1]] * outputs, m.ticks, m.events, m.seat.rates)
        for m in meant
    ]
    return Window(drive_of(courses, covariates), at, low, high, sd, (None,) * outputs)


def drive_of(courses: Sequence[Course], covariates: Float[Array, "r k"]) -> Drive:
    """A row of the drive for each course."""
    pieces = [course.segments() for course in courses]
    width = max(len(starts) for starts, _ in pieces)
    dt, tick = np.zeros((len(courses), width)), np.full((len(courses), width), -1)
    rates = [np.array(course.rates, dtype=np.float64) for course in courses]
    rate = np.repeat(np.array(rates)[:, None], width, axis=1)
    dose = np.zeros_like(rate)
    output = np.zeros((len(courses), len(courses[0].outputs)), dtype=np.int64)
    moments: list[list[Instant]] = []
    for t, (course, (starts, ends)) in enumerate(zip(courses, pieces, strict=True)):
        n, first = len(starts), 1 if starts[0] == ends[0] else 0
        dt[t, :n] = [b - a for a, b in zip(starts, ends, strict=True)]
        if course.ticks:
            tick[t, first:n] = [course.ticks.get(at, -1) for at in starts[first:]]
        if course.events:
            rate[t, :n], dose[t, :n], last = inputs_by_segment(starts, ends, course.events, rates[t])
            rate[t, n:] = last
        place = {at: i for i, at in enumerate(ends)}
        output[t] = [place[at] for at in course.outputs]
        moments.append(starts + [ends[-1]] * (width - n))
    return Drive(dt, _clocks(courses, moments), tick, rate, dose, np.asarray(covariates)[:, None], output)


def _clocks(courses: Sequence[Course], moments: Sequence[list[Instant]]) -> Float[Array, "b s 4"]:
    """Each twin's own clock at its starts; twins of one zone are looked up together."""
    groups: dict[tuple[str, frozenset[date]], list[int]] = defaultdict(list)
    for t, course in enumerate(courses):
        groups[course.subject.zone, course.subject.holidays].append(t)
    clock = np.empty((len(courses), len(moments[0]), 4))
    for (zone, holidays), members in groups.items():
        flat = [at for t in members for at in moments[t]]
        clock[members] = local_clock(flat, zone, holidays).reshape(len(members), -1, 4)
    return clock
