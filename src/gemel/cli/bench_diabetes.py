"""`gemel bench diabetes`: how fast virtual persons of the 13-compartment structure live, per CPU second.

patient_days_per_cpu_s_13   float64, 1-min RK4, 10,000 members about the made-up person of `uva_example`, a day of three
                            meals eaten at 5 g/min and three boluses, read every 5 min; the best of eight runs, as
                            other work on the machine only adds
fit_14_days_s               a twin fitted to 14 days of one person's record (`bench_diabetes_fit`); 2 days when quick
trial_100x14d_s             a trial of 100 virtual persons over 14 days, two arms (`bench_diabetes_trial`)
ratio_simglucose            the same structure's day by simglucose's bare patient, timed in the same run (see `bench`)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from ..core.array import Array
from ..core.clock import HOUR, MINUTE, instant
from ..core.drive import Drive, cut, input_events
from ..core.subject import Subject
from ..core.twin import Twin
from ..models.patient.glycaemia import MINUTES
from ..models.patient.uva_day import Day, schedule
from ..models.patient.uva_padova import TABLE, basal, person
from ..verbs.batch import epoch_grid
from ..verbs.create import twin
from .bench import simglucose_day
from .bench_diabetes_fit import DAYS, fit
from .bench_diabetes_trial import timed_trial
from .shapes_glucose import BenchDiabetesShape
from .uva_example import example_person

__all__ = ["bench_diabetes", "report"]

MEMBERS, RUNS = 10_000, 8
SPREAD = 0.02
"""sd of the logarithm by which members' parameters differ."""
MEALS = ((7 * 60, 45.0, 4.5), (12 * 60, 70.0, 7.0), (18 * 60, 80.0, 8.0))
"""Minute, g of carbohydrate, [IU] of insulin: the day of `gemel bench core`."""
START = instant("2026-01-01T00:00:00Z")


def bench_diabetes(peer: Path | None, quick: bool, progress: Callable[[str], None]) -> BenchDiabetesShape:
    """Measure; `quick` takes a tenth of the members, `peer` is an interpreter that has simglucose."""
    progress("a day of virtual persons")
    members = MEMBERS // 10 if quick else MEMBERS
    days = _patient_days(members)
    progress("a fit to two weeks")
    done = fit(2 if quick else DAYS)
    shape = BenchDiabetesShape(
        members=members, patient_days_per_cpu_s_13=days, fit_14_days_s=done.wall, fit_14_days_cold_s=done.cold,
        fit_14_days_cpu_s=done.cpu, fit_record=done.record, fit_readings=done.readings, fit_of=done.fitted,
    )  # fmt: skip
    progress("a trial on virtual persons")
    lived = timed_trial(quick=quick)
    shape.trial_100x14d_s, shape.trial_100x14d_cpu_s = lived.wall, lived.cpu
    shape.trial_of = f"{lived.persons} persons, {lived.days} days, {lived.arms} arms"
    if peer is None:
        return shape
    progress("simglucose")
    seconds, shape.simglucose_problem = simglucose_day(peer)
    if seconds is not None:
        shape.simglucose_s_per_patient_day = seconds
        shape.ratio_simglucose = days * seconds
    return shape


def report(peer: Path | None, *, quick: bool, json: bool) -> None:
    """Measure and print."""
    from . import console

    with console.bar(json) as progress:
        task = progress.add_task("", total=None)
        shape = bench_diabetes(peer, quick, lambda name: progress.update(task, description=name))
    if json:
        return console.emit(shape)
    console.say(f"virtual patient-days per CPU second, 13 compartments: {shape.patient_days_per_cpu_s_13:,.0f}")
    fitted = f"{shape.fit_readings:,} readings of {shape.fit_record}"
    console.say(f"fit to {fitted}: {shape.fit_14_days_s:.1f} s ({shape.fit_of})")
    console.say(f"trial of {shape.trial_of}: {shape.trial_100x14d_s:.1f} s, {shape.trial_100x14d_cpu_s:.1f} s of CPU")
    if shape.ratio_simglucose is not None:
        console.say(f"times simglucose's pace: {shape.ratio_simglucose:,.0f}")
    if shape.simglucose_problem is not None:
        console.say(f"simglucose could not be timed: {shape.simglucose_problem}")


def _patient_days(members: int) -> float:
    """Member-days per CPU second of the compiled run."""
    row = example_person()
    day = Day(
        24 * 60,
        basal(row) / MINUTES,
        tuple((at, g) for at, g, _ in MEALS),
        tuple((at, units) for at, _, units in MEALS),
    )
    own = twin(person(row), Subject(id="bench", zone="UTC"), at=START, rates={"insulin": basal(row)}, members=members)
    drive, theta = _drive(own, day), _people(own)

    def run() -> float:
        begun = time.process_time()
        paths = np.asarray(own.model.run(own.belief.state, theta, drive, own.fixed, own.keys)[1])
        spent = time.process_time() - begun
        if not np.isfinite(paths).all():
            raise RuntimeError("a member failed: this is no measurement")
        return spent

    run()
    return members / min(run() for _ in range(RUNS))


def _people(own: Twin) -> Float[Array, "r p"]:
    """Parameters of persons who differ a little, and start from the same state."""
    theta = np.array(own.belief.theta)
    draw = np.random.default_rng(1).standard_normal((len(theta), len(TABLE)))
    theta[:, : len(TABLE)] *= np.exp(SPREAD * draw)
    return theta


def _drive(own: Twin, day: Day) -> Drive:
    """The day cut into segments, read every 5 min."""
    inputs = own.model.inputs
    events, _ = input_events(inputs, schedule(day, START).interventions(inputs), np.array(own.cursor.rates))
    outputs = [START + k * 5 * MINUTE for k in range(1, day.minutes // 5 + 1)]
    drive, _ = cut(
        own.subject, (START, START + 24 * HOUR), outputs=outputs, events=events, rates=np.array(own.cursor.rates),
        covariates=own.belief.covariates, grid=epoch_grid(own),
    )  # fmt: skip
    return drive
