"""The simulator against queues with an exact answer: every case within three standard errors.

Each comparison has a false-alarm rate of 0.27 % when the simulator is right; seeds are fixed, so what passes, passes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gemel.domains.hospital.forecast import ahead
from gemel.domains.hospital.output import estimate
from gemel.domains.hospital.replications import Window, replicate
from gemel.models.hospital.census import Patient
from gemel.models.hospital.compiled import compiled
from gemel.models.hospital.durations import Duration, exponential, fixed, gamma, lognormal
from gemel.models.hospital.pathway import (
    Branch,
    Exit,
    Hospital,
    Need,
    PatientClass,
    Resource,
    Seize,
    Source,
    Step,
    station,
)

Checks = Iterator[tuple[str, Any, float]]
"""What, values of every replication, exact."""
WARM, HOURS, RUNS = 400.0, 4000.0, 48


def run(hospital: Hospital, hours: float = HOURS, warm: float = WARM, runs: int = RUNS) -> Window:
    return replicate(compiled(hospital), runs, seed=5, warmup=warm, hours=hours)


def classes(lam: list[float]) -> tuple[tuple[PatientClass, ...], tuple[Source, ...]]:
    names = [f"class {k}" for k in range(len(lam))]
    return tuple(PatientClass(n, k) for k, n in enumerate(names)), tuple(
        Source(n, {n: 1.0}, (rate,)) for n, rate in zip(names, lam, strict=True)
    )


def queue(
    lam: list[float], times: list[Duration], servers: int, *, preempts: bool = False, patience: Duration | None = None,
    longest: int | None = None, leave: int = 0,
) -> Hospital:  # fmt: skip
    """One station of several classes; with `leave`, all but the first class leave so many beds free."""
    kinds, doors = classes(lam)
    by_class = {k.name: time for k, time in zip(kinds, times, strict=True)}
    seize, delay, release = station("bed", by_class)
    otherwise = "lost" if patience is not None or longest is not None else None
    asks: list[Step] = [Seize("bed", seize.needs, preempts, None, patience, longest, otherwise, "bed: service")]
    if leave:
        asks.append(Seize("ward bed", (Need("bed", 1, leave),), preempts, None, None, longest, otherwise))
        kinds = (kinds[0], *(PatientClass(k.name, k.priority, "ward bed") for k in kinds[1:]))
    steps = (*asks, delay, release, Branch("done", {"out": 1.0}), Exit("out"), Exit("lost"))
    return Hospital("queue", kinds, (Resource("bed", servers),), doors, steps)


def mmc(case: Any) -> Checks:
    w = run(queue([case["lam"]], [exponential(1.0 / case["mu"])], case["c"]), 2 * HOURS)
    yield "Wq", w.mean("bed"), case["Wq"]
    yield "L", np.asarray(w.used("bed")) + np.asarray(w.queue("bed")), case["L"]
    yield "W", w.mean("out"), case["W"]


def erlang_b(case: Any) -> Checks:
    w = run(queue([case["lam"]], [gamma(1.0 / case["mu"], 1.7)], case["c"], longest=0))
    yield "P_block", np.asarray(w.otherwise("bed")) / np.asarray(w.arrived), case["P_block"]
    yield "mean_occupancy", w.used("bed"), case["mean_occupancy"]


def mmck(case: Any) -> Checks:
    w = run(queue([case["lam"]], [exponential(1.0 / case["mu"])], case["c"], longest=case["K"] - case["c"]))
    yield "P_block", np.asarray(w.otherwise("bed")) / np.asarray(w.arrived), case["P_block"]
    yield "Lq", w.queue("bed"), case["Lq"]
    yield "Wq_accepted", w.mean("bed"), case["Wq_accepted"]


def mg1(case: Any) -> Checks:
    law = {"deterministic": lambda m, cv: fixed(m), "lognormal": lognormal, "gamma": gamma}[case["service"]]
    w = run(queue([case["lam"]], [law(case["mean"], case["cv"])], 1), 2 * HOURS)
    yield "Wq", w.mean("bed"), case["Wq"]


def cobham(case: Any) -> Checks:
    laws = [lognormal(m, cv) for m, cv in zip(case["mean"], case["cv"], strict=True)]
    w = run(queue(case["lam"], laws, 1), 2 * HOURS)
    for k, exact in enumerate(case["Wq_by_class"]):
        yield f"Wq {k}", w.mean("bed", (f"class {k}",)), exact


def preemptive(case: Any) -> Checks:
    w = run(queue(case["lam"], [exponential(1.0 / mu) for mu in case["mu"]], 1, preempts=True), 2 * HOURS)
    for k, exact in enumerate(case["W_by_class"]):
        yield f"W {k}", w.mean("out", (f"class {k}",)), exact


def priority(case: Any) -> Checks:
    w = run(queue(case["lam"], [exponential(1.0 / case["mu"])] * len(case["lam"]), case["c"]))
    for k, exact in enumerate(case["Wq_by_class"]):
        yield f"Wq {k}", w.mean("bed", (f"class {k}",)), exact


def jackson(case: Any) -> Checks:
    names: list[str] = case["stations"]
    kinds = tuple(PatientClass(n, 0, n) for n in names)
    doors = tuple(Source(n, {n: 1.0}, (rate,)) for n, rate in zip(names, case["external"], strict=True) if rate)
    steps: list[Step] = []
    for n, mu, ways in zip(names, case["mu"], case["routing"], strict=True):
        goals = dict(zip(names, (float(w) for w in ways), strict=True)) | {"out": 1.0 - sum(ways)}
        steps += [*station(n, exponential(1.0 / mu)), Branch(f"{n}: next", goals)]
    resources = tuple(Resource(n, c) for n, c in zip(names, case["c"], strict=True))
    w = run(Hospital("network", kinds, resources, doors, (*steps, Exit("out"))), 6000.0, 1500.0)
    for n, wait, length in zip(names, case["Wq"], case["L"], strict=True):
        yield f"Wq {n}", w.mean(n), wait
        yield f"L {n}", np.asarray(w.used(n)) + np.asarray(w.queue(n)), length


def reservation(case: Any) -> Checks:
    times = [exponential(1.0 / case["mu"])] * 2
    w = run(queue([case["lam1"], case["lam2"]], times, case["beds"], longest=0, leave=case["reserved"]))
    for k, (step, exact) in enumerate((("bed", case["P_block1"]), ("ward bed", case["P_block2"]))):
        lost, got = np.asarray(w.otherwise(step)), np.asarray(w.times(step))
        yield f"P_block{k + 1}", lost / (lost + got), exact
    yield "mean_occupancy", w.used("bed"), case["mean_occupancy"]


def erlang_a(case: Any) -> Checks:
    w = run(queue([case["lam"]], [exponential(1.0 / case["mu"])], case["c"], patience=exponential(1.0 / case["theta"])))
    yield "P_abandon", np.asarray(w.otherwise("bed")) / np.asarray(w.arrived), case["P_abandon"]
    yield "Lq", w.queue("bed"), case["Lq"]


def transient(case: Any) -> Checks:
    own = compiled(queue([case["lam"]], [exponential(1.0 / case["mu"])], case["c"]))
    busy = min(case["n0"], case["c"])
    there = [Patient("bed: service", "class 0")] * busy + [Patient("bed", "class 0")] * (case["n0"] - busy)
    made = ahead(own, there, [float(at["t"]) for at in case["at"]], members=4000, seed=3)
    number = (np.asarray(made.used) + np.asarray(made.waiting))[:, :, 0]
    for i, at in enumerate(case["at"]):
        yield f"mean_n {at['t']}", number[:, i].astype(float), at["mean_n"]
        yield f"P_all_busy {at['t']}", (number[:, i] >= case["c"]).astype(float), at["P_all_busy"]


def occupancy(case: Any) -> Checks:
    stay = lognormal(case["los_mean_h"], case["los_cv"])
    kinds, _ = classes([1.0])
    door = Source("door", {"class 0": 1.0}, tuple(case["lam_by_hour"]))
    own = compiled(Hospital("ward", kinds, (Resource("bed"),), (door,), (*station("bed", stay), Exit("out"))))
    there = [Patient("bed: service", "class 0", hours, hours) for hours in case["elapsed_h"]]
    hours = [float(f["t_h"]) for f in case["forecast"]]
    made = ahead(own, there, hours, members=4000, seed=3, start_hour=float(case["start_hour"]))
    for i, exact in enumerate(case["forecast"]):
        used = np.asarray(made.used)[:, i, 0]
        yield f"mean {exact['t_h']}", used.astype(float), exact["mean"]
        for beds, share in exact["P_gt_beds"].items():
            yield f"P_gt {beds} {exact['t_h']}", (used > int(beds)).astype(float), share


def shifts(case: Any) -> Checks:
    rule: Any = case["semantics"]
    kinds, _ = classes([1.0])
    roster = tuple((float(h), n) for h, n in case["capacity_schedule"])
    door = Source("door", {"class 0": 1.0}, tuple(case["lam_by_hour"]))
    doctors = Resource("bed", None, roster, when_less=rule)
    steps = (*station("bed", exponential(1.0 / case["mu"])), Exit("out"))
    w = run(Hospital("doctors", kinds, (doctors,), (door,), steps), 4800.0, 240.0)
    yield "mean_number", np.asarray(w.used("bed")) + np.asarray(w.queue("bed")), case["mean_number_in_system"]
    yield "mean_queue", w.queue("bed"), case["mean_queue"]


CASES: dict[str, Callable[[Any], Checks]] = {
    "M/M/c": mmc, "M/G/c/c (Erlang B; insensitive to LOS shape)": erlang_b, "M/M/c/K": mmck, "M/G/1": mg1,
    "M/G/1 non-preemptive priority (Cobham)": cobham, "M/M/1 preemptive-resume priority": preemptive,
    "M/M/c non-preemptive priority, equal mu": priority, "open Jackson network": jackson,
    "loss bed pool with r beds reserved for class 1 (trunk reservation)": reservation,
    "M/M/c+M (Erlang A, left without being seen)": erlang_a,
    "M/M/c transient from a known census (warm start)": transient,
    "occupancy forecast from live census, infinite beds: exact Poisson-binomial + Poisson": occupancy,
    "M(t)/M/c(t) periodic, shift roster": shifts,
}  # fmt: skip


@pytest.mark.parametrize("number", range(19))
def test_simulated_queue_meets_its_exact_answer(shared: Path, number: int) -> None:
    case = json.loads((shared / "data" / "hospital" / "analytic_queues.json").read_text())["cases"][number]
    for what, values, exact in CASES[case["type"]](case):
        found = estimate(np.asarray(values))
        error = max(found.error, rare(exact, found.n)) if what.startswith("P_") else found.error
        assert abs(found.mean - exact) <= 3.0 * error, (what, found, exact)


def rare(share: float, n: int) -> float:
    """The error of a share that was counted: of an event so rare that nobody met it, the values show none."""
    return (share * (1.0 - share) / n) ** 0.5


def test_one_server_waits_as_pollaczek_and_khinchine_say() -> None:
    w = run(queue([0.5], [lognormal(1.6, 0.5)], 1), 2 * HOURS)
    found, exact = estimate(w.mean("bed")), 0.5 * 1.6**2 * (1.0 + 0.5**2) / (2.0 * (1.0 - 0.8))
    assert abs(found.mean - exact) <= 3.0 * found.error < 0.1 * exact


def test_handover_lets_two_shifts_overlap_and_so_waits_least() -> None:
    def wait(rule: Any) -> float:
        kinds, _ = classes([1.0])
        doctors = Resource("bed", None, ((0.0, 1), (8.0, 4)), when_less=rule)
        door = Source("door", {"class 0": 1.0}, (2.0,))
        w = run(
            Hospital("d", kinds, (doctors,), (door,), (*station("bed", exponential(1.0)), Exit("out"))), 2400.0, 240.0
        )
        return estimate(w.mean("bed")).mean

    assert wait("handover") < wait("finish") < wait("preempt")
