"""Rows shared out over our own threads.

Compiled kernels release Python's lock, and rows never mix, so the result does not depend on how they are shared out.
numba's own `parallel=True` aborts the process when two threads enter it at once without TBB, hence this.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

__all__ = ["LEAST_ROWS", "over_rows"]

LEAST_ROWS = 16
"""Rows below which a share is not worth a thread's wake-up (some 50 us)."""
SHARES = 4
"""Shares per thread, so that a slow one does not keep the others waiting."""


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="gemel-rows")


def _processors() -> int:
    """Processors this process may use; Windows and macOS only tell how many there are."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


if sys.platform != "win32":  # a forked child inherits the pool but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


def over_rows(work: Callable[[int, int], object], rows: int, threads: int | None = None) -> None:
    """Call work(first, last) for stretches that together cover rows 0 .. rows - 1.

    `threads` defaults to the processors this process may use.  An exception in any share is raised here.
    """
    threads = threads or _processors()
    shares = min(threads * SHARES, rows // LEAST_ROWS)
    if threads == 1 or shares < 2:
        work(0, rows)
        return
    edges = [rows * i // shares for i in range(shares + 1)]
    for done in [_pool(threads).submit(work, a, b) for a, b in pairwise(edges)]:
        done.result()
