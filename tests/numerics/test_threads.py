"""Rows are shared out whole, whatever the number of threads."""

import threading

import numpy as np
import pytest

from gemel.numerics.threads import LEAST_ROWS, over_rows


@pytest.mark.parametrize("threads", [None, 1, 2, 5])
@pytest.mark.parametrize("rows", [0, 1, LEAST_ROWS * 2, 1001])
def test_every_row_is_worked_on_once(rows: int, threads: int | None) -> None:
    seen = np.zeros(rows, dtype=int)

    def work(first: int, last: int) -> None:
        seen[first:last] += 1

    over_rows(work, rows, threads)
    assert (seen == 1).all()


def test_few_rows_wake_no_thread_and_many_do() -> None:
    names: set[str] = set()
    over_rows(lambda a, b: names.add(threading.current_thread().name), 2 * LEAST_ROWS - 1, 2)
    assert names == {threading.current_thread().name}
    over_rows(lambda a, b: names.add(threading.current_thread().name), 100 * LEAST_ROWS, 2)
    assert any(name.startswith("gemel-rows") for name in names)


def test_an_exception_in_a_share_is_raised() -> None:
    def work(first: int, last: int) -> None:
        raise ValueError(f"share {first}")

    with pytest.raises(ValueError, match="share 0"):
        over_rows(work, 1000, 2)
