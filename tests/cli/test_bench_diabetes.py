"""`gemel bench diabetes`: its figures are there, and honest about a peer that cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.slow
def test_bench_diabetes_measures_and_says_why_a_peer_is_missing(valid, tmp_path: Path) -> None:
    found = valid("bench diabetes", "bench", "diabetes", "--quick", "--peer-python", tmp_path / "no-python")
    assert found["patient_days_per_cpu_s_13"] > 0 and found["members"] == 1000
    assert "ratio_simglucose" not in found and found["simglucose_problem"]
