"""The work that is timed: M/M/1, a reference hospital, its forecast from a census, a day of an urgent care centre.

The files are in `data`: the reference hospital has hourly arrivals, three urgencies and electives, doctors in shifts
and wards with long stays, and is nobody's; the urgent care centre is that of `treat_sim`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.resources import files

import msgspec
import numpy as np

from ...core.clock import HOUR
from ...core.draws import member_keys
from ...models.hospital.census import Patient
from ...models.hospital.compiled import Compiled, compiled
from ...models.hospital.durations import exponential
from ...models.hospital.pathway import Delay, Exit, Hospital, PatientClass, Resource, Source, station
from ...numerics.des import layout as at
from ...numerics.des.run import run
from .forecast import ahead
from .ref_hospital import RefHospital, reference_hospital
from .replications import Window, replicate
from .treat_sim import TreatSim, treat_sim

__all__ = ["bench_engine", "census", "reference_file"]

DATA = files("gemel.domains.hospital") / "data"
LOAD = 0.8  # structure: the textbook's load of one server
DAY_HOURS, WEEK_HOURS = 24.0, 168.0


def reference_file() -> bytes:
    """The reference hospital as a file."""
    return (DATA / "ref_hospital_v1.json").read_bytes()


def mm1() -> Compiled:
    """One server, 80 % busy."""
    door = Source("door", {"patient": 1.0}, rates=(LOAD,))
    steps = (*station("server", exponential(1.0)), Exit("out"))
    return compiled(Hospital("M/M/1", (PatientClass("patient"),), (Resource("server", 1),), (door,), steps))


def bench_engine(runs: int = 5) -> dict[str, float]:
    """The figures by name, each the best of so many runs."""
    queue, reference = mm1(), compiled(reference_hospital(msgspec.json.decode(reference_file(), type=RefHospital)))
    clinic_file = msgspec.json.decode((DATA / "treat_sim.json").read_bytes(), type=TreatSim)
    clinic = compiled(treat_sim(clinic_file, {}))
    patients = census(reference, days=60.0)  # structure: past the warm-up
    week = [float(h) for h in range(1, int(WEEK_HOURS) + 1)]
    weeks, days = 10 * WEEK_HOURS, 425 * DAY_HOURS  # structure: the reference run
    centre = clinic_file.horizon_min / 60.0
    return {
        "mm1_events_per_cpu_s": _rate(runs, lambda seed: replicate(queue, 64, seed=seed, hours=weeks, threads=1)),
        "ref_events_per_cpu_s": _rate(runs, lambda seed: replicate(reference, 4, seed=seed, hours=days, threads=1)),
        "ensemble_1000x7d_s": _best(runs, lambda seed: ahead(reference, patients, week, seed=seed, threads=1)),
        "treat_sim_ms_per_replication": _best(  # 1,000 replications: seconds in all are milliseconds each
            runs, lambda seed: replicate(clinic, 1000, seed=seed, hours=centre, threads=1)
        ),
    }


def census(own: Compiled, days: float) -> list[Patient]:
    """Who is in the hospital after so many days from empty: the records of one member, read as a ward clerk would."""
    end = run(own.tables, member_keys(0, 1), [round(days * DAY_HOURS * HOUR)], end=True).end
    assert end is not None
    s, now = np.asarray(end.s)[0], round(days * DAY_HOURS * HOUR)
    steps = dict(zip(own.places.steps, own.hospital.steps, strict=True))
    classes = [c.name for c in own.hospital.classes]
    found: list[tuple[int, Patient]] = []
    for p in range(int(own.tables.t[at.PATIENTS]), int(s[at.TOP]), at.PATIENT):
        if s[p + at.STATUS] in (at.SERVED, at.WAITING):
            step = steps[int(s[p + at.STEP])]
            here = (now - int(s[p + at.SINCE])) / HOUR if isinstance(step, Delay) else 0.0
            since = (now - int(s[p + at.CAME])) / HOUR
            found.append((int(s[p + at.TURNED]), Patient(step.name, classes[s[p + at.CLASS]], here, since)))
    return [patient for _, patient in sorted(found, key=lambda pair: pair[0])]


def _rate(runs: int, work: Callable[[int], Window]) -> float:
    """Events per CPU second: two for every completed service and one for every arrival."""
    best = 0.0
    for seed in range(runs + 1):
        begun = time.process_time()
        window = work(seed)
        spent = time.process_time() - begun
        services = [step.name for step in window.hospital.hospital.steps if isinstance(step, Delay)]
        events = 2 * sum(int(window.times(name).sum()) for name in services) + int(window.arrived.sum())
        best = max(best, events / spent if seed else 0.0)
    return best


def _best(runs: int, work: Callable[[int], object]) -> float:
    """CPU seconds of the quickest run, the first left out."""
    spent: list[float] = []
    for seed in range(runs + 1):
        begun = time.process_time()
        work(seed)
        spent.append(time.process_time() - begun)
    return min(spent[1:])
