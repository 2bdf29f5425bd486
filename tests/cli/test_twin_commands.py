"""observe, forecast, compare, simulate and backtest on records that the demo's virtual person wrote."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from gemel.core.clock import HOUR
from gemel.core.fact import Intervention
from gemel.runtime import Site
from gemel.runtime.beginning import usual_basal

SMALL = ("--members", "64", "--days", "1")


def _pump(hours: float, rate: float) -> Intervention:
    at = round(hours * HOUR)
    return Intervention(id=str(at), code="gemel:rapid-insulin", at=at, recorded=at, unit="[IU]/h", rate=rate)


def _injection(hours: float, dose: float) -> Intervention:
    at = round(hours * HOUR)
    return Intervention(id=str(at), code="gemel:long-acting-insulin", at=at, recorded=at, unit="[IU]", dose=dose)


def test_usual_basal_is_the_mean_rate_or_the_daily_injection_over_24_h() -> None:
    assert usual_basal([_pump(0, 1.0), _pump(6, 2.0), _pump(12, 1.0)]) == (pytest.approx(1.5), True)
    assert usual_basal([_injection(0, 12.0), _injection(24, 12.0)]) == (pytest.approx(0.5), False)
    assert usual_basal([]) == (0.0, False)


def test_observe_says_what_was_used_and_believed(valid, records: Path, tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    found = valid("observe", "observe", "--data", records, "--subject", "demo-1", *SMALL, "--store", store)
    assert found["data"]["rejected"] == 4 and found["data"]["repeated"] == 1
    assert found["facts_used"] > 100 and "and the twin in" in found["stored"]
    with Site.open(store) as site:  # the twin lives on: a site can load it, and it has used what the store holds
        (name,) = site.twins("demo-1")
        twin = site.load(name)
        assert twin.members == 64 and site.stale(name) == "" and site.account(name).waiting == 0
        mean = {row["name"]: row["mean"] for row in twin.summary()}["glucose"]
    assert mean == pytest.approx(next(row["mean"] for row in found["belief"] if row["name"] == "glucose"))
    assert all(row["low"] <= row["mean"] <= row["high"] for row in found["belief"] if row["name"] == "glucose")


def test_forecast_has_ordered_quantiles_and_writes_its_pictures(valid, records: Path, tmp_path: Path) -> None:
    plot, page = tmp_path / "fan.png", tmp_path / "fan.html"
    found = valid(
        "forecast", "forecast", "--data", records, "--subject", "demo-1", *SMALL, "--hours", "2",
        "--dose", "insulin=4@+0", "--dose", "carbs=50 g@+15min", "--plot", plot, "--html", page,
    )  # fmt: skip
    (fan,) = found["observables"]
    assert fan["unit"] == "mg/dL" and len(fan["q50"]) == len(found["times"])
    assert all(a <= b <= c for a, b, c in zip(fan["q05"], fan["q50"], fan["q95"], strict=True))
    assert plot.read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert "never replaces" in text and "<svg" in text and "Europe/London" in text


def test_forecast_for_people_names_the_data_and_the_caution(run, records: Path) -> None:
    code, out, _ = run("forecast", "--data", records, "--subject", "demo-1", *SMALL, "--hours", "2")
    assert code == 0
    assert "4 rejected" in out and "never replaces" in out


def test_a_plan_before_the_present_is_refused(run, records: Path) -> None:
    code, _, err = run(
        "forecast", "--data", records, "--subject", "demo-1", *SMALL, "--dose", "insulin=4@2026-03-01T00:00"
    )
    assert code == 2
    assert "outside" in err


def test_compare_gives_each_plan_its_probability_of_being_best(valid, records: Path, tmp_path: Path) -> None:
    page = tmp_path / "plans.html"
    found = valid(
        "compare", "compare", "--data", records, "--subject", "demo-1", *SMALL, "--hours", "3", "--html", page,
        "--plan", "4 U: insulin=4@+0, carbs=50@+10min", "--plan", "nothing: carbs=50@+10min",
        "--utility", "time-in-range",
    )  # fmt: skip
    assert sum(p["probability_best"] for p in found["plans"]) == pytest.approx(1.0)
    assert [p["plan"] for p in found["plans"]] == ["4 U", "nothing"]
    assert found["utility"] == "time-in-range" and found["verdict"] in page.read_text().replace("&#x27;", "'")


def test_an_unknown_utility_lists_those_there_are(run, records: Path) -> None:
    command = ("compare", "--data", records, "--subject", "demo-1", *SMALL, "--plan", "a:", "--plan", "b:")
    code, _, err = run(*command, "--utility", "happiness")
    assert code == 2
    assert "glucose-risk" in err


def test_simulate_is_the_same_for_the_same_seed_and_writes_a_row_per_time(valid, tmp_path: Path) -> None:
    command = ("simulate", "hovorka", "--hours", "2", "--rate", "insulin=0.8", "--dose", "carbs=40@+30min",
               "--members", "3", "--every", "0.5", "--seed", "5")  # fmt: skip
    texts = []
    for name in ("a.csv", "b.csv"):
        found = valid("simulate", *command, "--out", tmp_path / name)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    rows = list(csv.DictReader(texts[0].splitlines()))
    assert len(rows) == found["rows"] == 3 * 4
    assert set(rows[0]) == {"member", "t", "hours", "glucose_true", "glucose_read"}


def test_backtest_prints_exactly_the_agreed_object(valid, records: Path) -> None:
    found = valid("backtest", "backtest", "diabetes", "--data", records, "--subject", "demo-1", "--members", "64",
                  "--stride", "24", "--window", "2")  # fmt: skip
    assert list(found) == ["past", "announced"]
    for horizons in found.values():
        assert list(horizons) == ["30", "60", "120"]
        for times in horizons.values():
            assert list(times) == ["overall", "post_bolus"]
            for group in times.values():
                assert list(group) == ["twin", "persistence", "linear", "ridge_ar"]
    score = found["past"]["60"]["overall"]["twin"]
    assert set(score) == {"n"} | {f"{m}{e}" for m in ("rmse", "mae", "crps", "cov50", "cov90") for e in ("", "_se")}
    assert score["n"] > 0 and found["past"]["60"]["overall"]["linear"]["crps"] is None


def test_pages_fetch_nothing(played: Path) -> None:
    text = (played / "report.html").read_text()
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import|<script", text)
