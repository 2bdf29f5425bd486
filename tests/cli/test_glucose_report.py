"""`gemel glucose-report` on a small record: numbers, page, and what it says where it cannot report."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

STEPS = 2 * 288
VALUES = 120.0 + 90.0 * np.sin(2.0 * np.pi * np.arange(STEPS) / 288.0)
BAD = 17


@pytest.fixture
def sensor(tmp_path: Path) -> Path:
    """Two winter days of a sensor every 5 min (one row unreadable), two boluses, a meal, an injection a day."""
    times = [datetime(2026, 1, 5) + timedelta(minutes=5 * k) for k in range(STEPS)]
    rows = [f"{t},{'error' if k == BAD else repr(float(VALUES[k]))}" for k, t in enumerate(times)]
    (tmp_path / "p1_glucose.csv").write_text("\n".join(["t,glucose_mgdl", *rows]) + "\n")
    (tmp_path / "p1_basal.csv").write_text(
        "t,basal_dose,insulin_kind\n2026-01-05 21:00:00,14,L\n2026-01-06 21:00:00,15,L\n"
    )
    (tmp_path / "p1_bolus.csv").write_text("t,bolus_dose\n2026-01-05 12:00:00,4.5\n2026-01-05 18:00:00,6\n")
    meal = "2026-01-06 12:30:00,Lunch,55,1,1,1"
    (tmp_path / "p1_nutrition.csv").write_text(f"t,meal_type,carbs_g,prot_g,fat_g,fibre_g\n{meal}\n")
    return tmp_path


def test_the_numbers_are_those_of_the_file(valid, sensor: Path) -> None:
    found = valid("glucose-report", "glucose-report", "--data", sensor, "--subject", "p1")
    values = np.delete(VALUES, BAD)
    assert found["readings"] == len(values) and found["rejected"] == 1
    assert found["mean"] == pytest.approx(values.mean()) and found["sd"] == pytest.approx(values.std(ddof=1))
    inside = 100.0 * ((values >= 70.0) & (values <= 180.0)).mean()
    below = 100.0 * (values < 70.0).mean()
    assert [r["share"] for r in found["ranges"]][:2] == pytest.approx([inside, below])
    assert [r["met"] for r in found["ranges"]][:2] == [inside > 70.0, below < 4.0]
    assert len(found["profile"]) == 96 and found["enough"] is False
    days = [(d["date"], d["readings"], d["carbs_g"], d["rapid_units"], d["long_acting_units"]) for d in found["days"]]
    assert days == [("2026-01-05", 287, 0.0, 10.5, 14.0), ("2026-01-06", 288, 55.0, 0.0, 15.0)]


def test_the_page_stands_alone_and_shows_every_day(run, sensor: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, err = run("glucose-report", "--data", sensor, "--subject", "p1", "--html", page)
    assert code == 0, err
    assert "time in range" in out and "fewer than 14 days" in out and "1 row(s)" in out
    html = page.read_text()
    assert all(f"Glucose on 2026-01-0{d}" in html for d in (5, 6)) and html.count("<svg") == 3
    assert "default-src 'none'" in html and "src=" not in html and "href=" not in html
    assert "Only 2.0 days" in html and "55 g carbohydrate" in html and "14 IU long-acting" in html


def test_fewer_days_are_the_last_ones(valid, sensor: Path) -> None:
    found = valid("glucose-report", "glucose-report", "--data", sensor, "--subject", "p1", "--days", "1")
    assert found["readings"] == 288 and {d["date"] for d in found["days"]} == {"2026-01-06"}


def test_records_without_a_sensor_are_refused(run, tmp_path: Path) -> None:
    patient = '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p"}}]}'
    (tmp_path / "p.json").write_text(patient)
    code, _, err = run("glucose-report", "--data", tmp_path / "p.json", "--subject", "p")
    assert code == 2 and "sensor" in err
