"""`gemel simulate` of a study and `gemel bench hospital`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemel.cli import bench_hospital as measured
from gemel.domains.hospital.bench import DATA, reference_file

CLINIC = {
    "classes": [{"name": "adult"}],
    "resources": [{"name": "nurse", "units": 1}],
    "sources": [{"name": "door", "mix": {"adult": 1}, "rates": [0.8]}],
    "steps": [{"do": "seize", "name": "triage", "needs": [{"resource": "nurse"}]},
              {"do": "delay", "name": "talk", "time": {"law": "exponential", "mean": 1}},
              {"do": "release", "name": "done", "needs": [{"resource": "nurse"}]}, {"do": "exit", "name": "home"}],
}  # fmt: skip


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    file = tmp_path / "ref.json"
    file.write_bytes(reference_file())
    return file


def test_reference_hospital_prints_its_keys_and_repeats_itself(run, reference: Path) -> None:
    command = [
        "simulate",
        "hospital",
        reference,
        "--replications",
        "3",
        "--seed",
        "2",
        "--warmup-days",
        "2",
        "--days",
        "9",
    ]
    code, out, _ = run(*command, "--json")
    assert code == 0 and run(*command, "--json")[1] == out
    results = json.loads(out)["results"]
    assert {"wait triage/0", "wait doctor/2", "wait ward/3", "occ ward", "occ icu"} <= {*results}
    assert all(len(pair) == 2 for pair in results.values())
    code, out, _ = run(*command)
    assert code == 0 and "wait doctor/2" in out and "±" in out


def test_declared_clinic_prints_waits_and_use(run, tmp_path: Path) -> None:
    file = tmp_path / "clinic.json"
    file.write_text(json.dumps(CLINIC))
    code, out, _ = run("simulate", "hospital", file, "--replications", "4", "--days", "90", "--json")
    results = json.loads(out)["results"]
    assert code == 0 and results["used nurse"][0] == pytest.approx(0.8, abs=0.15)
    assert results["wait triage/adult"][0] > 0 and results["share of runs in deadlock"][0] == 0


def test_treatment_centre_prints_every_scenario(run, tmp_path: Path) -> None:
    file = tmp_path / "treat.json"
    told = json.loads((DATA / "treat_sim.json").read_text()) | {"scenarios": {"base": {}, "triage+1": {"triage": 2}}}
    file.write_text(json.dumps(told))
    code, out, _ = run("simulate", "treat-sim", file, "--replications", "20", "--arrivals", "package", "--json")
    results = json.loads(out)["results"]
    assert code == 0 and [*results] == ["base", "triage+1"]
    assert results["triage+1"]["01a_triage_wait"][0] < results["base"]["01a_triage_wait"][0]


def test_stroke_and_huang_print_their_tables(run, shared: Path) -> None:
    data = shared / "data" / "hospital"
    code, out, _ = run("simulate", "stroke", data / "stroke_monks2016.json", "--replications", "3", "--json")
    printed = json.loads(out)
    assert code == 0 and len(printed["table2"]) == 22
    assert {"p_delay", "exact_p_delay", "se"} <= {*printed["table2"][0]} and len(printed["offered_load"]) == 4
    code, out, _ = run("simulate", "huang", data / "huang2019_ecr.json", "--replications", "1", "--days", "5", "--json")
    assert code == 0 and "exclusive use" in json.loads(out)["results"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hospital", "nowhere.json"], "does not exist"),
        (["hovorka", "file.json"], "there are hospital, treat-sim, stroke, huang"),
        (["treat-sim", "FILE"], "layout"),
        (["hospital", "FILE", "--shifts", "vanish"], "finish, handover or preempt"),
    ],
)
def test_a_study_that_cannot_be_read_says_so(run, reference: Path, arguments: list[str], words: str) -> None:
    code, out, err = run("simulate", *[str(reference) if a == "FILE" else a for a in arguments])
    assert code == 2 and out == "" and words in " ".join(err.split())


@pytest.mark.slow
def test_bench_hospital_has_every_figure(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(measured, "PEER_DAYS", 10)
    code, out, _ = run("bench", "hospital", "--quick", "--peer-python", tmp_path / "no-python", "--json")
    found = json.loads(out)
    assert code == 0 and found["ciw_problem"]
    for name in ("mm1_events_per_cpu_s", "ref_events_per_cpu_s", "ratio_simpy", "ensemble_1000x7d_s",
                 "treat_sim_ms_per_replication", "dfg_15k_events_ms", "adt_msgs_per_s"):  # fmt: skip
        assert found[name] > 0
