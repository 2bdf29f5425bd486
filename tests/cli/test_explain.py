"""`gemel explain` on the records of the demo's virtual person."""

from __future__ import annotations

from pathlib import Path

import pytest

SMALL = ("--members", "128", "--days", "1", "--hours", "1", "--since", "3")


def test_explain_shares_out_the_uncertainty_and_adds_up(valid, records: Path) -> None:
    found = valid("explain", "explain", "--data", records, "--subject", "demo-1", *SMALL)
    assert found["target"] == "glucose" and found["unit"] == "mg/dL"
    assert sum(row["part"] for row in found["shares"]) == pytest.approx(1.0)
    assert found["q05"] < found["expected"] < found["q95"]
    assert found["contributions"] and all(row["spread"] > 0 for row in found["contributions"])
    assert {row["quantity"] for row in found["next"]} >= {"glucose"} and all(0 <= r["gain"] <= 1 for r in found["next"])
    assert found["words"][0].startswith("glucose at ")


def test_explain_speaks_to_people_and_refuses_what_is_not_read(run, records: Path) -> None:
    code, out, _ = run("explain", "--data", records, "--subject", "demo-1", *SMALL)
    assert code == 0 and "What each fact did" in out and "never replaces" in out
    code, _, err = run("explain", "--data", records, "--subject", "demo-1", *SMALL, "--target", "mood")
    assert code == 2 and "no observable 'mood'" in err
