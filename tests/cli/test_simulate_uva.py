"""`gemel simulate uva-padova`: the peer's reference trajectories where its table is at hand, and the files' errors."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from gemel.cli.simulate_uva import HEAD
from gemel.cli.uva_example import example_person

TABLE = Path("params") / "vpatient_params.csv"
FIND = "import importlib.util as u; print(u.find_spec('simglucose').submodule_search_locations[0])"
ROUNDING = 1e-3  # mg/dL: the goal; the references agree among their integrators to 4e-6


@pytest.fixture(scope="session")
def peer_table() -> Path:
    """The parameter table of simglucose, which gemel does not ship."""
    peer = os.environ.get("GEMEL_PEER_PYTHON")
    if peer:
        done = subprocess.run([peer, "-c", FIND], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip()) / TABLE
    found = find_spec("simglucose")
    if found is None or not found.submodule_search_locations:
        pytest.skip("simglucose is not installed: set GEMEL_PEER_PYTHON to an interpreter that has it")
    return Path(found.submodule_search_locations[0]) / TABLE


@pytest.fixture
def own_table(tmp_path: Path) -> Path:
    """A table of one made-up person."""
    row = {"Name": "somebody"} | {k: str(v) for k, v in example_person().items()}
    file = tmp_path / "own.csv"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow(row)
    return file


def written(folder: Path, **schedule: object) -> Path:
    file = folder / "schedule.json"
    file.write_text(json.dumps(schedule))
    return file


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", ["dev1_adult001_3meals_bolus", "dev2_adolescent003_missed_bolus", "dev3_child002_48h_snacks_suspend"]
)
def test_reference_trajectories_of_the_peer_are_met(
    case: str, run, peer_table: Path, shared: Path, tmp_path: Path
) -> None:
    source, out = shared / "data" / "metabolic" / "simglucose" / f"{case}.json", tmp_path / "out.csv"
    code, _, err = run("simulate", "uva-padova", "--params", peer_table, "--schedule", source, "--out", out)
    assert code == 0, err
    with source.with_suffix(".csv").open() as a, out.open() as b:
        assert next(csv.reader(a)) == next(csv.reader(b)) == list(HEAD)
    theirs, mine = (np.loadtxt(f, delimiter=",", skiprows=1) for f in (source.with_suffix(".csv"), out))
    assert mine.shape == theirs.shape
    assert np.abs(mine - theirs)[:, HEAD.index("Gsub_mgdl")].max() <= ROUNDING
    assert (np.abs(mine - theirs)[:, 1:14].max(axis=0) <= 1e-6 * np.abs(theirs)[:, 1:14].max(axis=0)).all()


def test_a_schedule_needs_no_boluses_no_basal_and_takes_another_person(valid, own_table: Path, tmp_path: Path) -> None:
    plan = written(tmp_path, patient="nobody", minutes=32, meals_min_g=[[5, 11]])
    out = tmp_path / "out.csv"
    made = valid(
        "simulate uva-padova", "simulate", "uva-padova", "--params", own_table, "--schedule", plan,
        "--subject", "somebody", "--out", out,
    )  # fmt: skip
    assert made["subject"] == "somebody" and made["rows"] == 7 and made["carbs_g"] == 11.0
    rows = np.loadtxt(out, delimiter=",", skiprows=1)
    assert rows[:, 0].tolist() == [0, 5, 10, 15, 20, 25, 30]
    assert rows[1, HEAD.index("x1")] == 0.0 < rows[2, HEAD.index("x1")]
    assert rows[:2, HEAD.index("Gsub_mgdl")] == pytest.approx(120.0)


@pytest.mark.parametrize(
    ("schedule", "arguments", "told"),
    [
        ({"minutes": 30}, (), "names no patient"),
        ({"minutes": 30, "patient": "nobody"}, (), "somebody"),
        ({"patient": "somebody"}, (), "minutes"),
        ({"minutes": 30, "patient": "somebody", "meals_min_g": [["x", 3]]}, (), "meals_min_g"),
        ({"minutes": 30, "patient": "somebody", "meals_min_g": [[3, -5]]}, (), "below 0"),
    ],
)
def test_a_schedule_that_cannot_be_run_is_told(
    schedule: dict[str, object], arguments: tuple[str, ...], told: str, run, own_table: Path, tmp_path: Path
) -> None:
    plan = written(tmp_path, **schedule)
    code, _, err = run("simulate", "uva-padova", "--params", own_table, "--schedule", plan, *arguments)
    assert code == 2 and told in " ".join(err.split())


def test_without_a_table_or_a_number_in_it_one_is_told_what_is_needed(run, own_table: Path, tmp_path: Path) -> None:
    plan = written(tmp_path, patient="somebody", minutes=10)
    code, _, err = run("simulate", "uva-padova", "--schedule", plan)
    assert code == 2 and "--params" in err
    own_table.write_text(own_table.read_text().replace(str(example_person()["kmax"]), "fast"))
    code, _, err = run("simulate", "uva-padova", "--params", own_table, "--schedule", plan)
    assert code == 2 and "'fast'" in err
