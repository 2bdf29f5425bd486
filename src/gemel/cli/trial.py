"""`gemel trial diabetes`: closed loops against each other on virtual persons; tables, JSON and a page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from ..core.clock import instant
from ..core.errors import RegistryError
from ..core.registry import load_model
from ..domains.health.diabetes.loop import Controller
from ..domains.health.diabetes.mpc import ZoneMpc
from ..domains.health.diabetes.oref import Oref
from ..domains.health.diabetes.outcomes import MARGINS, MEASURES, Estimate, Outcomes, outcomes
from ..domains.health.diabetes.pid import Pid
from ..domains.health.diabetes.scenario import Scenario, diary
from ..domains.health.diabetes.titrate import cohort
from ..domains.health.diabetes.trial import Course, arms_of, run_trial
from ..runtime.answers import page
from . import console
from .shapes_glucose import ArmShape, EquivalenceShape, EstimateShape, PairShape, TrialShape

__all__ = ["CONTROLLERS", "spoken", "trial", "trial_page"]

CONTROLLERS: Final[Mapping[str, Controller | None]] = {
    "open-loop": None, "pid": Pid(), "mpc": ZoneMpc(), "oref": Oref(),
}  # fmt: skip
"""Arms by the name they are asked for with."""
START: Final = instant("2026-01-01T00:00:00Z")
UNITS: Final = {d.name: d.unit for d in MEASURES}


def trial(
    model: str, persons: int, arms: Sequence[str], scenario: Scenario, seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TrialShape:  # fmt: skip
    """Make the cohort, run all arms, sum up.  Raises RegistryError for an arm there is not."""
    unknown = [a for a in arms if a not in CONTROLLERS]
    if unknown or not arms:
        raise RegistryError(f"no arm {unknown}: there are {', '.join(CONTROLLERS)}")
    wall, cpu = time.perf_counter(), time.process_time()
    crowd, pumps = cohort(load_model(model), persons, START, seed)
    chosen = arms_of(crowd, pumps, diary(persons, scenario, seed), [CONTROLLERS[a] for a in dict.fromkeys(arms)])
    course = run_trial(crowd, chosen, progress)
    told = outcomes(course)
    return TrialShape(
        model=crowd.model.card.title, persons=persons, failed=told.failed, days=scenario.days, seed=seed,
        scenario={k: float(v) for k, v in asdict(scenario).items() if not isinstance(v, tuple)}, units=UNITS,
        arms=[_arm(name, told, course, scenario.days) for name in told.arms],
        pairs=[_pair(name, told.arms[0], told) for name in told.arms[1:]],
        wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu,
    )  # fmt: skip


def _arm(name: str, told: Outcomes, course: Course, days: int) -> ArmShape:
    j = course.names.index(name)
    return ArmShape(
        name=name, outcomes={d.name: _estimate(told.estimate(d.name, name)) for d in MEASURES},
        insulin_a_day=float(np.nansum(np.asarray(course.insulin)[j], axis=1).mean() / days),
        carbs_a_day=float(np.nansum(np.asarray(course.carbs)[j], axis=1).mean() / days),
    )  # fmt: skip


def _pair(name: str, against: str, told: Outcomes) -> PairShape:
    tests = [told.equivalence(measure, name, against) for measure in MARGINS]
    return PairShape(
        arm=name, against=against,
        differences={d.name: _estimate(told.estimate(d.name, name, against)) for d in MEASURES},
        equivalence=[
            EquivalenceShape(measure=e.measure, margin=e.margin, mean=e.mean, low=e.low, high=e.high, p=e.p,
                             equivalent=e.shown)
            for e in tests
        ],
    )  # fmt: skip


def _estimate(of: Estimate) -> EstimateShape:
    return EstimateShape(mean=of.mean, low=of.low, high=of.high)


def spoken(shape: TrialShape) -> None:
    """Outcomes by arm, and paired differences from the first."""
    names = [a.name for a in shape.arms]
    console.show(f"{shape.persons} virtual persons, {shape.days} days each: mean (95 % interval)",
                 ("outcome", *names), _rows(shape), 1)  # fmt: skip
    for pair in shape.pairs:
        console.show(f"{pair.arm} minus {pair.against}, person by person", ("outcome", "difference"), _gaps(pair), 1)
        for line in _tests(pair):
            console.say(line)
    if shape.failed:
        console.say(f"{shape.failed} person(s) whose run failed are left out of every arm")


def _rows(shape: TrialShape) -> list[list[str]]:
    return [
        [f"{name} [{unit}]" if unit != "1" else name, *(_shown(a.outcomes[name]) for a in shape.arms)]
        for name, unit in shape.units.items()
    ]


def _gaps(pair: PairShape) -> list[list[str]]:
    return [[name, _shown(e, "+.2f")] for name, e in pair.differences.items()]


def _tests(pair: PairShape) -> list[str]:
    return [
        f"{e.measure}: {'equivalent' if e.equivalent else 'equivalence not shown'} within {e.margin:g} points "
        f"(90 % interval {e.low:+.2f} to {e.high:+.2f}, p {e.p:.3f})"
        for e in pair.equivalence
    ]


def _shown(e: EstimateShape, form: str = ".2f") -> str:
    return f"{e.mean:{form}} ({e.low:{form}} to {e.high:{form}})"


def trial_page(shape: TrialShape, file: Path) -> None:
    """Write the trial as one self-contained page."""
    names = [a.name for a in shape.arms]
    table = page.table(("outcome", *map(escape, names)), [[escape(c) for c in row] for row in _rows(shape)])
    body = [
        f'<p class="caution">{page.CAUTION}</p>',
        page.section("Outcomes", "Mean over persons with its 95 % interval.", f'<div class="scroll">{table}</div>'),
    ]
    for pair in shape.pairs:
        rows = [[escape(a), b] for a, b in _gaps(pair)]
        tests = "".join(f"<p>{escape(line)}</p>" for line in _tests(pair))
        lead = "Each person's own difference; the same meals, errors and luck under both arms."
        title = f"{escape(pair.arm)} minus {escape(pair.against)}"
        body.append(page.section(title, lead, page.table(("outcome", "difference"), rows), tests))
    lead = f"{shape.persons} virtual persons of {escape(shape.model)}, {shape.days} days, seed {shape.seed}."
    foot = "Virtual persons show what a method does to equations, not to people. gemel trial diabetes"
    file.write_text(page.page("Trial on virtual persons", lead, body, foot), encoding="utf-8")
