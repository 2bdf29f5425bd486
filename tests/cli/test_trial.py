"""`gemel trial diabetes`, `advise bolus` and `advise therapy`: what they print is their schema's, and consistent."""

from __future__ import annotations

from pathlib import Path

import pytest

RECORDS = ("--subject", "2301", "--ratio", "10", "--factor", "40", "--days", "2", "--members", "12")


def test_a_trial_prints_every_arm_with_intervals_and_differences_from_the_first(valid, tmp_path: Path) -> None:
    page = tmp_path / "trial.html"
    found = valid("trial", "trial", "diabetes", "--persons", "3", "--days", "1", "--arm", "open-loop", "--arm", "oref",
                  "--html", page)  # fmt: skip
    assert [a["name"] for a in found["arms"]] == ["open loop", "oref"] and found["failed"] == 0
    for arm in found["arms"]:
        shares = [arm["outcomes"][name]["mean"] for name in
                  ("time-in-range", "time below 70 mg/dL", "time above 180 mg/dL")]  # fmt: skip
        assert sum(shares) == pytest.approx(100.0)
        assert all(e["low"] <= e["mean"] <= e["high"] for e in arm["outcomes"].values())
    (pair,) = found["pairs"]
    first, second = (a["outcomes"]["time-in-range"]["mean"] for a in found["arms"])
    assert pair["differences"]["time-in-range"]["mean"] == pytest.approx(second - first)
    assert {e["measure"] for e in pair["equivalence"]} == {"time-in-range", "time below 70 mg/dL"}
    assert "oref minus open loop" in page.read_text()


def test_bolus_advice_says_the_chances_of_every_dose_and_what_the_calculator_says(valid, shared: Path) -> None:
    data = shared / "data" / "metabolic" / "t1d_uom"
    found = valid("advise bolus", "advise", "bolus", "--data", data, *RECORDS, "--carbs", "50", "--no-fit")
    doses = [row["dose"] for row in found["doses"]]
    assert doses == sorted(doses) and doses[0] == 0.0 and len(doses) > 3
    assert min(abs(d - found["calculator_dose"]) for d in doses) <= 0.026
    for row in found["doses"]:
        assert 0.0 <= row["below_54"] <= row["below_70"] <= 1.0 and row["above_250"] <= row["above_180"]
        assert row["expected_q05"] <= row["expected_q95"]
    low = [row["below_70"] for row in found["doses"]]
    assert low[-1] >= low[0]
    assert sum(row["probability_best"] for row in found["doses"]) == pytest.approx(1.0)
    assert found["winner"] is not None or "No clear winner" in found["verdict"]


@pytest.mark.slow
def test_therapy_advice_stays_within_its_steps(valid, shared: Path) -> None:
    data = shared / "data" / "metabolic" / "t1d_uom"
    found = valid("advise therapy", "advise", "therapy", "--data", data, *RECORDS, "--basal", "0:0.8")
    ratio = found["proposed"]["ratio"] / found["present"]["ratio"]
    assert any(ratio == pytest.approx(r) for r in (0.9, 1.0, 1.1))
    assert 0.0 <= found["probability_better"] <= 1.0 and found["words"]
