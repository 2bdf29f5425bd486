"""The benchmark: its figures are there, finite, and honest about a peer that cannot run."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemel.cli import bench as measured


@pytest.mark.slow
def test_bench_core_has_every_figure(valid, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measured, "_first_forecast", lambda: (2.0, 1.0))  # two new processes, timed by `make bench`
    found = valid("bench", "bench", "core", "--quick", "--peer-python", tmp_path / "no-python")
    for name in (
        "patient_days_per_cpu_s",
        "observe_ms_cpu",
        "twins_tick_per_cpu_s",
        "mmc_events_per_cpu_s",
        "import_s",
    ):
        assert found[name] > 0
    assert found["mmc"]["mm1_wait_exact"] == pytest.approx(4.0)
    assert "ratio_simglucose" not in found and found["simglucose_problem"]
