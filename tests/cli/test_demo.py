"""The demo: what it reports is what it computed, from rows good and bad, by two different models."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from gemel.cli.demo import open_in_browser
from gemel.cli.schemas import schema


def test_json_keeps_its_schema_and_every_plan_was_tried_on_the_person(played: Path) -> None:
    found = json.loads((played / "demo.json").read_text())
    jsonschema.validate(found, schema("demo"))
    assert len(found["plans"]) == 5
    assert sum(p["probability_best"] for p in found["plans"]) == pytest.approx(1.0)
    assert len({round(p["truth"], 6) for p in found["plans"]}) == 5


def test_planted_rows_are_rejected_with_their_reasons(played: Path) -> None:
    data = json.loads((played / "demo.json").read_text())["data"]
    assert data["reasons"] == {"impossible value": 1, "bad time": 1, "not a number": 1, "no value": 1}
    assert data["repeated"] == 1


def test_report_says_what_a_reader_must_know(played: Path) -> None:
    text = (played / "report.html").read_text()
    for words in ("never replaces", "min old", "Europe/London", "mg/dL", "Not for", "Limits", "prefers-color-scheme",
                  "Cambridge virtual patient", "glucose-risk"):  # fmt: skip
        assert words in text, words


def test_the_same_seed_lives_the_same_life(alone) -> None:
    code = "from gemel.cli.demo_life import live\nfor seed in (3, 3, 4): print(live(2, seed).glucose)"
    one, two, other = alone(code).splitlines()
    assert one == two != other


def test_no_browser_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemel.cli.demo.webbrowser.open", lambda address: pytest.fail("opened a browser"))
    monkeypatch.setenv("GEMEL_DEMO_HEADLESS", "1")
    assert not open_in_browser(Path("report.html"), wanted=True)
    monkeypatch.setenv("GEMEL_DEMO_HEADLESS", "0")
    assert not open_in_browser(Path("report.html"), wanted=False)
