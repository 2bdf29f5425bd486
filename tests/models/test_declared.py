"""A declared hospital: refusals that name the step, runs that can be cut, cloned and started from a census."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from gemel.core.clock import HOUR, instant
from gemel.core.draws import member_keys
from gemel.core.errors import IngestError, ShapeError, SupportError
from gemel.models.hospital.census import Patient, present, remaining
from gemel.models.hospital.compiled import Compiled, compiled
from gemel.models.hospital.deadlock import can_lock, locked
from gemel.models.hospital.durations import (
    Duration,
    exponential,
    fixed,
    folded_normal,
    gamma,
    lognormal,
    normal,
    uniform,
    weibull,
)
from gemel.models.hospital.files import read_hospital
from gemel.models.hospital.log import event_log, write_log
from gemel.models.hospital.pathway import (
    Batch,
    Branch,
    Delay,
    Exit,
    Hospital,
    Need,
    PatientClass,
    Release,
    Resource,
    Seize,
    Source,
    Step,
    station,
)
from gemel.numerics.des.layout import fresh
from gemel.numerics.des.run import run

from .hospitals import some_hospital

ONE = (PatientClass("adult"),)
DOOR = (Source("door", {"adult": 1.0}, (2.0,)),)
BED = (Need("bed"),)
TWO = ((0.0, "adult"), (0.5, "adult"))


def hospital(*steps: Step, beds: int = 2, doors: tuple[Source, ...] = DOOR) -> Hospital:
    return Hospital("ward", ONE, (Resource("bed", beds), Resource("other", 1)), doors, steps)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((Seize("in", BED), Exit("out")), "step 'out' is reached with 1 bed in hand"),
        ((Release("end", BED), Exit("out")), "'end' gives back 1 of 'bed', holding nothing"),
        ((Seize("in", (Need("bed", 3),)), Exit("out")), "3 of 'bed', leaving 0, can never be had: there are at most 2"),
        ((Seize("in", (Need("bad"),)), Exit("out")), "no resource 'bad': there are bed, other"),
        ((Branch("next", {"out": 0.5}), Exit("out")), "add up to 0.5"),
        (
            (Branch("a", {"b": 0.5, "c": 0.5}), Seize("b", BED), Delay("c", fixed(1.0)), Exit("x")),
            "'c' is reached from",
        ),
        ((Delay("stay", {"child": fixed(1.0)}), Exit("out")), "no class 'child'"),
        ((Delay("stay", fixed(1.0)),), "end the pathway with an Exit"),
        ((Seize("in", BED, patience=fixed(1.0)), Release("end", BED), Exit("out")), "to nowhere"),
        ((Batch("bus", 1), Exit("out")), "a batch has two patients at least"),
        ((Batch("bus", 2), Exit("out")), "others of a batch"),
        (
            (Seize("a", (*BED, Need("other")), preempts=True), Release("b", (*BED, Need("other"))), Exit("c")),
            "one by one",
        ),
        ((Exit("out"), Exit("out")), "each its own name"),
    ],
)
def test_pathway_that_cannot_work_is_refused_by_step(steps: tuple[Step, ...], words: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        compiled(hospital(*steps))
    assert words in str(refusal.value)


def test_patient_who_goes_round_without_time_is_a_storm() -> None:
    with pytest.raises(ShapeError, match="round for ever"):
        run(compiled(hospital(Branch("here", {"here": 1.0}), Exit("out"))).tables, member_keys(1, 1), [HOUR])


def test_run_cut_in_two_is_the_whole_run() -> None:
    own = compiled(some_hospital(3))
    keys = member_keys(4, 5)
    whole = run(own.tables, keys, [20 * HOUR, 50 * HOUR], kept=(1,), end=True)
    first = run(own.tables, keys, [20 * HOUR], end=True)
    second = run(own.tables, keys, [50 * HOUR], kept=(0,), start=first.end, end=True)
    assert (np.asarray(whole.members) == np.asarray(second.members)).all()
    assert whole.end is not None and second.end is not None
    assert (np.asarray(whole.end.s) == np.asarray(second.end.s)).all()


def test_log_tells_a_patients_day_and_feeds_process_mining(tmp_path: Path) -> None:
    own = compiled(hospital(*station("bed", fixed(1.0)), Exit("out"), beds=1, doors=(Source("list", {}, listed=TWO),)))
    end = run(own.tables, member_keys(1, 1), [9 * HOUR], start=fresh(own.tables, log=1), end=True).end
    assert end is not None
    lines = event_log(own, end)
    second = [(line.hours, line.step, line.what) for line in lines if line.patient == 1]
    assert second == [
        (0.5, "bed", "arrives"), (0.5, "bed", "asks"), (1.0, "bed", "gets"), (1.0, "bed: service", "begins"),
        (2.0, "bed: end", "gives"), (2.0, "out", "leaves"),
    ]  # fmt: skip
    file = tmp_path / "log.csv"
    assert write_log(lines, instant("2026-03-02T06:00:00Z"), file) == 6
    assert file.read_text().splitlines()[1] == "0,bed,2026-03-02T06:00:00+00:00,adult"


def test_branches_of_one_state_share_the_past_and_no_future() -> None:
    own = compiled(some_hospital(3))
    now = run(own.tables, member_keys(4, 1), [30 * HOUR], end=True).end
    assert now is not None
    keys = member_keys(9, 40)
    twice = np.concatenate([keys, keys[:1]])
    made = run(own.tables, twice, [30 * HOUR, 90 * HOUR], kept=(0, 1), start=now)
    tally = own.tally(np.asarray(made.members))
    assert (tally[:, 0] == tally[0, 0]).all()
    assert len({row.tobytes() for row in tally[:, 1]}) == 40 and (tally[0] == tally[40]).all()


def test_room_and_threads_cannot_be_seen_in_a_result() -> None:
    own = compiled(some_hospital(5))
    keys = member_keys(1, 40)
    wide = run(own.tables, keys, [30 * HOUR], kept=(0,), threads=1)
    tight = run(own.tables, keys, [30 * HOUR], kept=(0,), start=fresh(own.tables, patients=1), threads=2)
    tallies = [own.tally(np.asarray(made.members)) for made in (wide, tight)]
    assert (tallies[0] == tallies[1]).all() and (np.asarray(wide.usage) == np.asarray(tight.usage)).all()


def test_patient_keeps_their_luck_when_beds_are_added() -> None:
    """The same patients with the same stays: total service is equal to the microsecond, waits are not."""
    listed = Source("list", {}, listed=tuple((0.1 * n, "adult") for n in range(50)))
    tallies: list[Any] = []
    for beds in (1, 3):
        own = compiled(hospital(*station("bed", lognormal(1.0, 0.7)), Exit("out"), beds=beds, doors=(listed,)))
        made = run(own.tables, member_keys(1, 1), [500 * HOUR], kept=(0,))
        tallies.append(own.tally(np.asarray(made.members))[0, 0, :, 0])
    assert tallies[0][1, 1] == tallies[1][1, 1] and tallies[0][1, 0] == 50
    assert tallies[0][0, 1] > tallies[1][0, 1]


def crossed() -> Compiled:
    """Two streams that take the same two units the other way round, each holding the first."""
    a, b = Need("bed"), Need("other")
    steps = (
        Seize("a first", (a,)), Delay("a then", fixed(1.0)), Seize("then b", (b,)),
        Release("a done", (a, b), then="out"),
        Seize("b first", (b,)), Delay("b then", fixed(1.0)), Seize("then a", (a,)), Release("b done", (a, b)),
        Exit("out"),
    )  # fmt: skip
    kinds = (PatientClass("one", enters="a first"), PatientClass("other", enters="b first"))
    pools = (Resource("bed", 1), Resource("other", 1))
    door = Source("door", {}, listed=((0.0, "one"), (0.5, "other"), (5.0, "one")))
    return compiled(Hospital("crossed", kinds, pools, (door,), steps))


def test_deadlock_is_found_and_says_who_waits_where() -> None:
    own = crossed()
    end = run(own.tables, member_keys(1, 1), [9 * HOUR], end=True).end
    assert end is not None and can_lock(own)
    assert locked(own, end) == [(0, "then b"), (1, "then a"), (2, "a first")]


def test_waiting_that_will_end_is_no_deadlock() -> None:
    own = compiled(hospital(*station("bed", fixed(9.0)), Exit("out"), beds=1))
    end = run(own.tables, member_keys(1, 1), [40 * HOUR], end=True).end
    assert end is not None and not can_lock(own) and locked(own, end) == []


@pytest.mark.parametrize(
    ("law", "exact"),
    [
        (exponential(2.0), stats.expon(scale=2.0)),
        (lognormal(2.0, 0.8), stats.lognorm(np.sqrt(np.log(1.64)), scale=2.0 / np.sqrt(1.64))),
        (gamma(2.0, 0.5), stats.gamma(4.0, scale=0.5)),
        (weibull(2.0, 1.5), stats.weibull_min(1.5, scale=2.0)),
        (uniform(0.0, 5.0), stats.uniform(0.0, 5.0)),
        (normal(1.0, 2.0), stats.truncnorm(-0.5, np.inf, 1.0, 2.0)),
    ],
)
def test_what_is_left_of_a_stay_is_conditional_on_what_has_passed(law: Duration, exact: Any) -> None:
    u = np.linspace(0.02, 0.98, 49)
    for elapsed in (0.0, 0.5, 3.0):
        left = np.asarray(remaining(law, elapsed, u))
        np.testing.assert_allclose(exact.sf(elapsed + left), u * exact.sf(elapsed), rtol=1e-9)


def test_far_tail_of_a_lognormal_stay_is_finite() -> None:
    left = np.asarray(remaining(lognormal(2.0, 0.3), 400.0, np.array([0.1, 0.9])))
    assert np.isfinite(left).all() and (left > 0.0).all()


def test_stay_whose_remainder_is_unknown_is_refused() -> None:
    with pytest.raises(SupportError, match="declare another law"):
        remaining(folded_normal(1.0, 1.0), 0.5, np.array([0.5]))


def test_census_fills_beds_and_lines_at_time_zero() -> None:
    own = compiled(hospital(*station("bed", exponential(1.0)), Exit("out"), doors=()))
    keys = member_keys(2, 20)
    there = [Patient("bed: service", "adult", 3.0, 4.0)] * 2 + [Patient("bed", "adult")] * 3
    usage = np.asarray(run(own.tables, keys, [0, 60 * HOUR], present=present(own, there, keys)).usage)
    assert (usage[:, 0, 0, 2:4] == [2, 3]).all() and (usage[:, 1, 0, 2:4] == 0).all()


FILE = {
    "classes": [{"name": "adult"}, {"name": "child", "priority": -1}],
    "resources": [{"name": "nurse", "roster": [[0, 1], [8, 3]], "when_less": "handover"},
                  {"name": "scanner", "units": 2, "breaks": {"up": {"law": "exponential", "mean": 90},
                                                              "repair": {"law": "fixed", "mean": 2}, "units": 2}}],
    "sources": [{"name": "door", "mix": {"adult": 0.8, "child": 0.2}, "rates": [2, 3.5]}],
    "steps": [{"do": "seize", "name": "triage", "needs": [{"resource": "nurse"}], "otherwise": "home",
               "patience": {"adult": {"law": "gamma", "mean": 2, "cv": 0.5}}},
              {"do": "delay", "name": "talk", "time": {"law": "erlang", "mean": 0.2, "phases": 2}},
              {"do": "release", "name": "done", "needs": [{"resource": "nurse"}]},
              {"do": "branch", "name": "next", "ways": {"adult": {"scan": 0.5, "home": 0.5}, "child": {"home": 1}}},
              {"do": "seize", "name": "scan", "needs": [{"resource": "scanner"}]},
              {"do": "delay", "name": "scanned", "time": {"law": "uniform", "low": 0.1, "high": 0.4}},
              {"do": "release", "name": "scan: end", "needs": [{"resource": "scanner"}]},
              {"do": "exit", "name": "home"}],
}  # fmt: skip
TOML = """
name = "clinic"
classes = [{name = "adult"}]
resources = [{name = "bed", units = 2}]
sources = [{name = "door", mix = {adult = 1}, rates = [2]}]
steps = [{do = "seize", name = "in", needs = [{resource = "bed"}]},
         {do = "delay", name = "stay", time = {law = "fixed", mean = 1}},
         {do = "release", name = "out", needs = [{resource = "bed"}]}, {do = "exit", name = "home"}]
"""


def test_files_declare_what_python_does(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(FILE))
    (tmp_path / "b.toml").write_text(TOML)
    read = read_hospital(tmp_path / "a.json")
    assert read.name == "a" and read.classes[1] == PatientClass("child", -1)
    assert read.resources[0] == Resource("nurse", None, ((0.0, 1), (8.0, 3)), when_less="handover")
    assert read.steps[0] == Seize("triage", (Need("nurse"),), patience={"adult": gamma(2.0, 0.5)}, otherwise="home")
    made = run(compiled(read).tables, member_keys(1, 3), [48 * HOUR], kept=(0,))
    assert (compiled(read).arrivals(np.asarray(made.members)) > 50).all()
    assert read_hospital(tmp_path / "b.toml").steps[1] == Delay("stay", fixed(1.0))


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [{"do": "fly"}]},
        {"classes": [{"nme": "x"}]},
        {"sources": [{"name": "d", "mix": {}, "gap": {"law": "no"}}]},
    ],
)
def test_file_that_declares_nothing_readable_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "a.json").write_text(json.dumps(FILE | change))
    with pytest.raises(IngestError, match="declares no hospital"):
        read_hospital(tmp_path / "a.json")


def test_source_and_roster_are_checked() -> None:
    good = hospital(*station("bed", fixed(1.0)), Exit("out"))
    for bad in (
        replace(good, sources=(Source("door", {"adult": 0.5}, (1.0,)),)),
        replace(good, sources=(Source("door", {"adult": 1.0}),)),
        replace(good, resources=(Resource("bed", None, ((8.0, 1), (8.0, 2))),)),
        replace(good, resources=(Resource("bed", 1, ((0.0, 1),)),)),
    ):
        with pytest.raises(ShapeError):
            compiled(bad)
