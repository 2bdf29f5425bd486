"""How long the diabetes twin takes to fit two weeks of one person's record: a part of `gemel bench diabetes`.

Fitted: everything uncertain in `replaybg`, which is its parameters, how far each of them has drifted, and its
compartments with the unexplained flux, as an ensemble of 256 members by the ensemble Kalman filter: a posterior, not a
point.  The first fit in a process also compiles; both figures are given.

The record is a real one (T1D-UOM subject 2301) where the data folder is at hand (GEMEL_SHARED, or `shared` beside the
working directory), else one of a virtual person of `hovorka`, another model.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.clock import DAY, HOUR, instant
from ..core.fact import Exact, Fact, Instant, Intervention, Observation
from ..core.plan import Action, Schedule
from ..core.subject import Subject
from ..core.twin import Twin
from ..domains.health.sensor_grid import GLUCOSE_CODE
from ..verbs.create import twin
from ..verbs.forecast import forecast
from ..verbs.observe import observe
from .records import Start, Wanted, begin_with, read

__all__ = ["DAYS", "Fit", "fit"]

MODEL, MEMBERS, DAYS, PERSON = "replaybg", 256, 14, "2301"
MEALS = ((7.0, 45.0, 4.5), (12.0, 70.0, 7.0), (18.0, 80.0, 8.0))
"""Hour, g of carbohydrate, [IU] of insulin: the day of `gemel bench core`."""
BASAL = 0.9
"""[[IU]/h] of the virtual person's pump."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted, from how many readings of whose record, and the time taken [s]: on the wall with compilation,
    then again without, and CPU seconds of the second."""

    record: str
    readings: int
    fitted: str
    cold: float
    wall: float
    cpu: float


def fit(days: int = DAYS) -> Fit:
    """Fit twice; the second time everything is compiled.  Raises RuntimeError where the fit says nothing."""
    name, subject, facts = _record(days)
    begun = time.perf_counter()
    _fitted(subject, facts, days)
    wall, cpu = time.perf_counter(), time.process_time()
    own = _fitted(subject, facts, days)
    cpu, cold, wall = time.process_time() - cpu, wall - begun, time.perf_counter() - wall
    if not np.isfinite(np.asarray(own.belief.theta)).all():
        raise RuntimeError("a member failed: this is no measurement")
    readings = sum(isinstance(f, Observation) for f in facts)
    return Fit(name, readings, _told(own), cold, wall, cpu)


def _fitted(subject: Subject, facts: Sequence[Fact], days: int) -> Twin:
    """The twin after its record, taken in day by day."""
    begin = min(f.at for f in facts)
    own = begin_with(subject, facts, Start(MODEL, MEMBERS), begin)
    for day in range(days):
        end = begin + (day + 1) * DAY
        own = observe(own, [f for f in facts if own.now <= f.at < end], until=end)
    return own


def _told(own: Twin) -> str:
    parameters, compartments = len(own.model.parameters), len(own.model.smooth)
    return f"{MODEL}: {parameters} parameters and {compartments} compartments and drifts, {own.members} members, enkf"


def _record(days: int) -> tuple[str, Subject, Sequence[Fact]]:
    folder = Path(os.environ.get("GEMEL_SHARED", Path.cwd().parent / "shared")) / "data/metabolic/t1d_uom"
    if not (folder / f"{PERSON}_glucose.csv").is_file():
        subject, facts = _virtual(days)
        return "a virtual person of hovorka", subject, facts
    records = read(Wanted(folder, PERSON, "t1d-uom"))
    begin = min(f.at for f in records.facts)
    return f"T1D-UOM {PERSON}", records.subject, [f for f in records.facts if f.at < begin + days * DAY]


def _virtual(days: int) -> tuple[Subject, Sequence[Fact]]:
    """So many days of a virtual person with sensor, pump and meals."""
    start, subject = instant("2026-01-01T00:00:00Z"), Subject(id="virtual", zone="UTC", kind="virtual")
    day = [(start + d * DAY + round(h * HOUR), g, u) for d in range(days) for h, g, u in MEALS]
    actions = [Action(at, "carbs", dose=grams) for at, grams, _ in day]
    actions += [Action(at, "insulin", dose=units) for at, _, units in day]
    own = twin("hovorka", subject, at=start, rates={"insulin": BASAL}, members=2)
    made = forecast(own, start + days * DAY, Schedule("days", tuple(actions)), every=5 / 60)
    acts = [_given("basal", "gemel:rapid-insulin", start, rate=BASAL)]
    acts += [_given(f"meal-{at}", "gemel:carbohydrate", at, dose=grams) for at, grams, _ in day]
    acts += [_given(f"bolus-{at}", "gemel:rapid-insulin", at, dose=units) for at, _, units in day]
    times, values = np.asarray(made.times).tolist(), np.asarray(made.readings)[0, :, 0].tolist()
    return subject, [*acts, *(_seen(at, value) for at, value in zip(times, values, strict=True) if value > 0)]


def _given(name: str, code: str, at: Instant, *, dose: float | None = None, rate: float | None = None) -> Intervention:
    unit = "g" if code == "gemel:carbohydrate" else "[IU]" if rate is None else "[IU]/h"
    return Intervention(id=name, code=code, at=at, recorded=at, unit=unit, dose=dose, rate=rate)


def _seen(at: Instant, value: float) -> Observation:
    return Observation(id=f"cgm-{at}", code=GLUCOSE_CODE, value=Exact(value), unit="mg/dL", at=at, recorded=at)
