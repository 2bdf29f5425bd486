"""A 4-ary heap of coming events in one flat integer array, the calendar of a discrete-event member.

Row i holds (time [us], order, kind, entity) and its children are rows 4 i + 1 to 4 i + 4.  `order` is priority and
sequence number in one integer, so (time, order) is a total order: two runs that push alike pop alike, to the bit.
Four children halve the depth of a binary heap and share cache lines (LaMarca and Ladner 1996,
doi:10.1145/235141.235145).  Plain functions of integers: numba compiles them, and plain Python runs them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int64

__all__ = ["COLUMNS", "pop", "push"]

COLUMNS = 4


def push(events: Int64[np.ndarray, "capacity 4"], count: int, time: int, order: int, kind: int, entity: int) -> None:
    """Put one event into a heap that holds `count`; the caller sees to it that count < capacity."""
    hole = count
    while hole > 0:
        parent = (hole - 1) >> 2
        if events[parent, 0] < time or (events[parent, 0] == time and events[parent, 1] < order):
            break
        for column in range(COLUMNS):
            events[hole, column] = events[parent, column]
        hole = parent
    events[hole, 0], events[hole, 1], events[hole, 2], events[hole, 3] = time, order, kind, entity


def pop(events: Int64[np.ndarray, "capacity 4"], count: int) -> None:
    """Drop the first event, row 0, of a heap that holds `count` >= 1: the last one sinks from the top."""
    last = count - 1
    time, order = events[last, 0], events[last, 1]
    kind, entity = events[last, 2], events[last, 3]
    hole = 0
    while 4 * hole + 1 < last:
        least = 4 * hole + 1
        for child in range(least + 1, min(least + 4, last)):
            if events[child, 0] < events[least, 0] or (
                events[child, 0] == events[least, 0] and events[child, 1] < events[least, 1]
            ):
                least = child
        if time < events[least, 0] or (time == events[least, 0] and order < events[least, 1]):
            break
        for column in range(COLUMNS):
            events[hole, column] = events[least, column]
        hole = least
    events[hole, 0], events[hole, 1], events[hole, 2], events[hole, 3] = time, order, kind, entity
