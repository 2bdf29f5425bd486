"""The benchmark's own figures, with fewer members and repetitions than it prints."""

from __future__ import annotations

import pytest
from scipy import stats

from gemel.cli import bench_optimise
from gemel.cli.bench_optimise import BED, LOAD, WAIT, correct_selection
from gemel.domains.hospital.queues import delay

FALSE_ALARM = 1e-6


def test_selection_is_right_as_often_as_claimed() -> None:
    assert stats.binom.cdf(round(300 * correct_selection(300)), 300, 0.95) > FALSE_ALARM


def test_the_ward_s_best_number_of_beds_is_one_and_clear() -> None:
    """The check means something: the next best number costs over 2 % more."""
    costs = sorted(BED * c + WAIT * LOAD * delay(LOAD, 1.0, c).wait for c in range(9, 17))
    assert costs[1] > 1.02 * costs[0]


@pytest.mark.slow
def test_staffing_by_simulation_is_erlang_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half the hours and half the wards of the benchmark; the optima of its shelf are tested with `optimise`."""
    monkeypatch.setattr(bench_optimise, "HOURS", 300.0)
    monkeypatch.setattr(bench_optimise, "WARDS", 32)
    found, exact = bench_optimise.staffing()
    assert found == exact == 12
