"""record, status, and what a store's ledger adds to a forecast: told to a tired nurse, and to machines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gemel.cli.ledger_commands import CALLER, track_lines
from gemel.cli.records import Start, Wanted
from gemel.cli.twin_commands import Asked, forecast
from gemel.core.ledger import LEVELS
from gemel.runtime.ledger.gate import read_plan
from gemel.runtime.ledger.record import TrackRecord
from gemel.runtime.ledger.switchboard import Status
from gemel.store import SqliteStore

Valid = Callable[..., Any]


def ask(records: Path, store: Path, at: str) -> tuple[str, ...]:
    return ("forecast", "--data", str(records), "--subject", "demo-1", "--members", "64", "--days", "0.5", "--hours",
            "1", "--at", f"2026-03-03T{at}", "--store", str(store))  # fmt: skip


@pytest.fixture(scope="module")
def filled(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which three forecasts were issued, half an hour apart."""
    path = tmp_path_factory.mktemp("ledger") / "s.db"
    for at in ("14:00", "14:30", "15:00"):
        start = Start(members=64, days=0.5, at=f"2026-03-03T{at}")
        forecast(Wanted(records, "demo-1"), start, Asked(hours=1.0), path)
    return path


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(filled, tmp_path))


def test_each_forecast_scores_the_earlier_ones_and_shows_their_record(valid: Valid, store: Path, records: Path) -> None:
    found = valid("forecast", *ask(records, store, "15:30"))
    assert {(r["horizon_minutes"], r["n"]) for r in found["record"]} == {(30.0, 2), (60.0, 1)}
    assert found["standing"]["standing"] == "silent"
    half = next(r for r in found["record"] if r["horizon_minutes"] == 30.0)
    with SqliteStore(store) as kept:
        rows = kept.ledger(kept.twins(CALLER)[0], CALLER)
    last = next(
        row for row in rows if row.issued == max(r.issued for r in rows) and row.target - row.issued == 30 * 60e6
    )
    (fan,) = found["observables"]
    place = found["times"].index(next(t for t in found["times"] if t.startswith("2026-03-03T16:00")))
    assert fan["q95"][place] == pytest.approx(last.quantiles["0.95"])  # what is shown is what is in the ledger
    raw = last.raw or last.quantiles
    assert last.quantiles["0.95"] - last.quantiles["0.5"] == pytest.approx(
        half["widening"] * (raw["0.95"] - raw["0.5"])
    )
    assert len(last.quantiles) == len(LEVELS) and (last.site, last.model) == ("local", "replaybg")


def test_for_people_the_record_is_a_sentence_beside_the_forecast(run, store: Path, records: Path) -> None:
    _, out, _ = run(*ask(records, store, "15:30"))
    assert "glucose +30 min: no track record yet: 2 of this kind scored" in " ".join(out.split())
    assert "replaybg 0.1.0 at local is SILENT" in out
    _, out, _ = run("record", "--store", store)
    assert "demo-1:ReplayBG" in out and "+60 min: no track record yet: 1" in out and "band shown" in out


def test_status_says_what_is_missing_and_puts_no_switch_on_record_for_nothing(valid: Valid, run, store: Path) -> None:
    found = valid("status", "status", "--store", store, "--review")
    (model,) = found["models"]
    assert (model["model"], model["standing"], found["switches"]) == ("replaybg", "silent", [])
    assert "of 200 scored forecasts" in found["reviewed"]["replaybg"]
    _, out, _ = run("status", "--store", store)
    assert "replaybg 0.1.0 at local: SILENT" in out and "until its record has earned it a voice" in out


def test_a_plan_of_one_s_own_is_followed_and_its_switch_is_told(valid: Valid, run, store: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    shipped = read_plan().protocol
    text = "\n".join(
        ['version = "mine"', '[modification]\ndescription = "all"', '[impact]\nbenefit = "b"',
         'risk = "r"\nmitigation = "m"',
         "[protocol]", "minimum_forecasts = 1", "minimum_days = 1", "coverage_90_low = 0.0", "coverage_90_high = 1.0",
         "confidence = 0.95", "allow_open_alarm = false", f"challenger_capital = {shipped.challenger_capital}",
         "challenger_pairs = 1"])  # fmt: skip
    plan.write_text(text)
    found = valid("status", "status", "--store", store, "--review", "--plan", plan)
    assert "not shown to be above 0" in found["reviewed"]["replaybg"]  # one day tells no error of the skill


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("record", "--store", "nowhere.db"), "no store at nowhere.db"),
        (("status", "--store", "nowhere.db"), "gemel forecast --store"),
    ],
)
def test_a_store_that_is_not_there_is_named(run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and words in " ".join(err.split())


def test_a_twin_that_is_not_there_lists_those_there_are(run, store: Path) -> None:
    code, _, err = run("record", "--store", store, "--twin", "nobody")
    assert code == 2 and "demo-1:ReplayBG" in " ".join(err.split())


def test_the_lines_a_nurse_reads() -> None:
    record = TrackRecord(
        observable="glucose", unit="mg/dL", horizon_minutes=60.0, n=400, recent=30, inside90=27,
        error_below_persistence=0.18, error_below_climatology=0.4, crps=9.0, coverage=0.89, skill=0.17, skill_se=0.03,
        twins=4, widening=1.24, drift="", words="last 30 of this kind: 27 inside the 90 % band",
    )  # fmt: skip
    now = Status(model="replaybg", version="0.1.0", site="ward 3", standing="advisory", since=1, why="it has earned it",
                 by="ann")  # fmt: skip
    assert track_lines([record], now) == [
        "glucose +60 min: last 30 of this kind: 27 inside the 90 % band; band shown x 1.24",
        "replaybg 0.1.0 at ward 3 is ADVISORY: it has earned it",
    ]
