"""Every shipped score against vectors computed by independent packages or printed in papers (shared data, risk)."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from gemel.domains.health.scores.layouts import layout_for, work_out

EXACT, SIX_DIGITS = 0.0, 1e-6
TOLERANCE = {
    "prevent": 0.0005, "pce2013": SIX_DIGITS, "frs_mesa": 0.005, "bcra": SIX_DIGITS, "egfr": SIX_DIGITS,
    "kfre": SIX_DIGITS, "liver": SIX_DIGITS, "plcom2012": 1e-9, "phoenix_pediatric_sepsis": EXACT,
    "score2_family": 0.05, "bedside_scores": EXACT, "sofa": EXACT, "cardiology_scores": SIX_DIGITS,
}  # fmt: skip
"""Absolute to 1, relative above; as the data's fact sheet states them (prevent: three printed decimals)."""
NOT_SHIPPED = {"smart", "smart_reach", "abc_af_stroke", "abc_af_bleeding", "abc_af_death"}


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / f"vectors_{name}.json"
    if path.is_file():
        return [
            {**row["inputs"], **{k: v for k, v in row.items() if k != "inputs"}} for row in json.loads(path.read_text())
        ]
    with (folder / f"vectors_{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", sorted(TOLERANCE))
def test_every_vector_of_a_family_is_met(shared: Path, name: str) -> None:
    folder = shared / "data" / "risk"
    if not folder.is_dir():
        pytest.skip("no vectors beside the clone: shared/data/risk")
    rows = rows_of(folder, name)
    met = 0
    for row, case in zip(rows, work_out(layout_for(name), rows), strict=True):
        if row.get("score") in NOT_SHIPPED:
            assert case.refused and "not shipped" in " ".join(case.reasons)
            continue
        assert not case.refused, case.reasons
        for answer, value in case.answers.items():
            if isinstance(value, str):
                assert value == row[answer]
            else:
                expected = float(row[answer])
                assert value == pytest.approx(expected, rel=TOLERANCE[name], abs=TOLERANCE[name] + 1e-12), (answer, row)
            met += 1
    assert met >= len(rows) - sum(row.get("score") in NOT_SHIPPED for row in rows)


def test_every_entry_of_the_catalogue_of_origin_is_listed(shared: Path) -> None:
    from gemel.domains.health.scores import catalogue

    path = shared / "data" / "risk" / "catalogue.csv"
    if not path.is_file():
        pytest.skip("no catalogue beside the clone: shared/data/risk")
    with path.open(newline="") as file:
        names = {row["id"] for row in csv.DictReader(file)}
    assert names <= set(catalogue())
