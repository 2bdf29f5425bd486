"""`gemel bench inference` runs, and prints what its schema says."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_a_quick_run_gives_every_figure(valid) -> None:
    found = valid("bench inference", "bench", "inference", "--quick")
    assert 0.0 < found["fit_one_day_cpu_s"] and found["fit_one_day_members"] == 64
    assert found["ledger_million_s"] > 0.0
    assert 0.0 <= found["drift_caught_within_24_h"]["2 sd"]["value"] <= 1.0
    assert found["coverage_after_50_forecasts"] and found["correct_selection"] >= 0.8
