"""`gemel error-grid`: shares by zone, and bad rows told."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_pairs_are_sorted_and_bad_rows_are_counted_with_their_reason(valid, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("reference,value\n100,100\n100,90\n50,200\n300,120\n,90\n0,50\n100,high\n")
    found = valid("error-grid", "error-grid", file)
    assert found["pairs"] == 4 and found["rejected"] == 3 and sorted(found["reasons"].values()) == [1, 2]
    assert found["grids"]["clarke"] == {"A": 50.0, "B": 0.0, "C": 0.0, "D": 25.0, "E": 25.0}
    assert found["grids"]["parkes"] == {"A": 50.0, "B": 0.0, "C": 25.0, "D": 25.0, "E": 0.0}
    assert found["mard"] == pytest.approx((0.0 + 10.0 + 300.0 + 60.0) / 4.0)


def test_a_file_without_pairs_is_refused(run, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("ref,val\n100,100\n")
    code, _, err = run("error-grid", file)
    assert code == 2 and "reference" in err
