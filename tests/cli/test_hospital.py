"""The hospital's commands on small files: what they print, keep to in JSON, and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gemel.cli.bench_hospital_parts import bench_hospital_parts
from gemel.ingest import arrivals
from tests.domains.hospital.nasty_feed import WARDS, census, feed

MMC = {"type": "M/M/c", "lam": 8.0, "mu": 1.0, "c": 10, "note": "kept", "Wq": 99.0}


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_queues_are_answered_in_order_and_old_answers_overwritten(valid, tmp_path: Path) -> None:
    path = _write(tmp_path / "q.json", json.dumps({"cases": [MMC, {**MMC, "c": 9}]}))
    first, second = valid("queues", "queues", path)["cases"]
    assert first["note"] == "kept" and (first["c"], second["c"]) == (10, 9)
    assert first["Wq"] == pytest.approx(0.20459007539822177, rel=1e-12) and second["Wq"] > first["Wq"]


def test_a_queue_without_an_answer_says_why_beside_the_others(run, tmp_path: Path) -> None:
    path = _write(tmp_path / "q.json", json.dumps({"cases": [{**MMC, "lam": 12.0}, MMC]}))
    code, out, err = run("queues", path, "--json")
    refused, answered = json.loads(out)["cases"]
    assert code == 1 and "case 1" in err and "no steady state" in " ".join(err.split())
    assert "Wq" not in refused and answered["Wq"] < 1
    code, out, _ = run("queues", path)
    assert code == 1 and "refused" in out and "0.2046" in out


def test_an_event_log_is_mined_and_held_against_the_allowed_steps(valid, run, tmp_path: Path) -> None:
    rows = ["1,in,2026-01-01T10:00", "1,out,2026-01-01T12:00", "2,in,2026-01-01T10:00", "2,wait,soon", "2,out,", "3,,"]
    log = _write(tmp_path / "log.csv", "case_id,activity,timestamp\n" + "\n".join(rows))
    rules = _write(tmp_path / "rules.txt", "# what may follow\nin -> out\n\nwait -> out\n")
    found = valid("mine", "mine", log, "--allowed", rules)
    assert (found["cases"], found["events"], found["variants"], found["times_lost"]) == (2, 5, 2, 2)
    assert found["directly_follows"] == {"in -> out": 1, "in -> wait": 1, "wait -> out": 1}
    assert found["passages"] == [{"step": "in -> out", "count": 1, "mean_h": 2.0, "median_h": 2.0, "backwards": 0}]
    assert found["conformance"] == {"steps": pytest.approx(2 / 3), "cases": 0.5, "violations": {"in -> wait": 1}}
    assert found["rejected"] == {"event row: no activity": 1}
    code, out, _ = run("mine", log, "--allowed", rules)
    assert code == 0 and "in -> wait" in out and "rejected 1" in out
    _write(rules, "in, out\n")
    assert "first activity -> next activity" in " ".join(run("mine", log, "--allowed", rules)[2].split())


def test_a_census_takes_several_times_after_one_flag_and_repeats_them_as_written(valid, run, tmp_path: Path) -> None:
    drawn = feed(7)
    path = tmp_path / "feed.hl7"
    path.write_bytes(b"\r\n".join(text for _, text in drawn.messages) + b"\r\nMSH|^~\\&|A|B|C|D|1||ORU^R01|X|P|2.5\r")
    asked = ["20260302060000", "2026-03-04T12:30:00+00:00"]
    found = valid("census", "census", path, "--at", *asked)
    assert found["messages"] == len(drawn.messages) + 1
    assert found["unique_control_ids"] == drawn.number + 1
    assert list(found["rejected"]) == ["ADT message: type 'ORU' is no ADT message"]
    for row, minute in zip(found["census"], (1440 + 360, 3 * 1440 + 750), strict=True):
        wanted = census(drawn.truth, minute)
        assert {ward: row.get(ward, 0) for ward in WARDS} == wanted and row["total"] == sum(wanted.values())
    assert [row["t"] for row in found["census"]] == asked
    code, out, _ = run("census", path)
    assert code == 0 and "total" in out and "patients" in out


def test_a_census_of_a_store_is_that_of_the_feeds_it_was_filled_from(valid, run, tmp_path: Path) -> None:
    drawn = feed(11, patients=12)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/feed.hl7").write_bytes(b"\r\n".join(text for _, text in drawn.messages))
    visit = {"resourceType": "Encounter", "id": "v1", "status": "in-progress", "subject": {"reference": "Patient/new"},
             "period": {"start": "2026-03-01T00:00:00Z"}, "location": [{"location": {"display": "ICU"}}]}  # fmt: skip
    (tmp_path / "in/visits.json").write_text(json.dumps(visit))
    store = tmp_path / "store"
    assert run("import", tmp_path / "in", "--data", store)[0] == 0
    asked = ("--at", "20260302060000", "20260304123000")
    direct = valid("census", "census", tmp_path / "in/feed.hl7", tmp_path / "in/visits.json", *asked)["census"]
    kept = valid("census", "census", "--data", store, *asked)["census"]
    for one, other, minute in zip(direct, kept, (1440 + 360, 3 * 1440 + 750), strict=True):
        wanted = census(drawn.truth, minute)
        wanted["ICU"] += 1
        assert {ward: one.get(ward, 0) for ward in WARDS} == wanted == {ward: other.get(ward, 0) for ward in WARDS}
    before = valid("census", "census", "--data", store, "--known", "2026-01-01T00:00:00Z", "--at", asked[1])
    assert before["messages"] == 0 and before["census"][0]["total"] == 0
    code, _, err = run("census", tmp_path / "in/feed.hl7", "--data", store)
    assert code == 2 and "feeds or from a store" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["queues", "none.json"], "cannot be read"),
        (["mine", "none.csv"], "cannot be read"),
        (["census", "none.hl7"], "cannot be read"),
        (["census", "none.hl7", "--at", "tomorrow"], "ISO 8601"),
        (["census", "none.hl7", "--zone", "Mars"], "no IANA time zone"),
        (["backtest", "arrivals", "--train", "a.csv"], "give --train and --test"),
        (["backtest", "arrivals", "--train", "a.csv", "--test", "b.csv"], "cannot be read"),
        (["backtest", "diabetes"], "give --data and --subject"),
    ],
)
def test_commands_refuse_in_one_paragraph(run, arguments: list[str], words: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and words in " ".join(err.split())


@pytest.mark.parametrize(("text", "words"), [("[1]", "must be an object"), ("{", "no JSON"), ('{"cases": 1}', "cases")])
def test_a_file_that_asks_nothing_is_refused(run, tmp_path: Path, text: str, words: str) -> None:
    code, _, err = run("queues", _write(tmp_path / "q.json", text))
    assert code == 2 and words in err


def _arrivals(path: Path, first: int, days: int) -> Path:
    luck = np.random.default_rng(first)
    rows = ["arrival_datetime,sex,specialty,is_child"]
    for day in np.datetime64("2031-03-01") + np.arange(first, first + days):
        for hour in range(0, 24, 2):
            rows += [
                f"{day} {hour:02d}:{luck.integers(60):02d}:00,F,{name},0"
                for name in luck.choice(["medical", "surgical", ""], luck.poisson(1.5))
            ]
    return _write(path, "\n".join(rows))


def test_arrivals_are_backtested_in_total_and_by_specialty(valid, run, tmp_path: Path) -> None:
    train, test = _arrivals(tmp_path / "a.csv", 0, 70), _arrivals(tmp_path / "b.csv", 70, 14)
    with test.open("a") as file:
        file.write("\n2031-05-12 10:00:00,F,rare,0\nsoon,F,medical,0")
    days = _write(tmp_path / "holidays.txt", "2031-04-11 Good Friday\n")
    found = valid("backtest arrivals", "backtest", "arrivals", "--train", train, "--test", test, "--holidays", days)
    assert next(iter(found["scores"])) == "total"
    assert found["scores"].keys() == {"total", "medical", "surgical", arrivals.UNKNOWN}
    assert (found["only_in_test"], list(found["rejected"].values())) == ({"rare": 1}, [1])
    assert found["origins"] == 14 * 24 - 3 and found["scores"]["total"]["24"]["forecast"]["n"] == 14 * 24 - 23
    own = found["scores"]["total"]["8"]["forecast"]
    assert 0 < own["crps"] < own["mae"] < own["mean"] and 0.6 < own["cov90"] <= 1
    code, out, _ = run("backtest", "arrivals", "--train", train, "--test", test)
    assert code == 0 and "hour of week" in out and "rare" in out
    code, _, err = run("backtest", "arrivals", "--train", test, "--test", train)
    assert code == 2 and "day after" in " ".join(err.split())


def test_speed_of_the_readers_is_measured() -> None:
    found = bench_hospital_parts(patients=20, runs=1)
    assert {"dfg_15k_events_ms", "adt_msgs_per_s"} <= found.keys() and min(found.values()) > 0
