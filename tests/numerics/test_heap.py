"""The 4-ary heap is a priority queue: it agrees with heapq on any sequence of pushes and pops."""

import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.numerics.heap import pop, push

STEPS = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 5), st.integers(-2, 2))), max_size=60)
"""None pops; (time, priority) pushes, with many ties."""


@given(STEPS)
def test_it_pops_in_the_order_of_time_priority_and_sequence(steps: list[tuple[int, int] | None]) -> None:
    events, count, oracle = np.zeros((64, 4), dtype=np.int64), 0, []
    for number, step in enumerate([*steps, *[None] * len(steps)]):
        if step is not None:
            time, order = step[0], step[1] * 1000 + number
            push(events, count, time, order, number, -number)
            heapq.heappush(oracle, (time, order, number, -number))
            count += 1
        elif oracle:
            assert tuple(events[0]) == heapq.heappop(oracle)
            pop(events, count)
            count -= 1
    assert count == len(oracle) == 0


def test_pushing_into_a_full_heap_is_the_callers_check_and_the_last_slot_is_used() -> None:
    events = np.zeros((5, 4), dtype=np.int64)
    for time in (5, 4, 3, 2, 1):
        push(events, 5 - time, time, 0, 0, 0)
    assert events[0, 0] == 1 and sorted(events[:, 0]) == [1, 2, 3, 4, 5]
