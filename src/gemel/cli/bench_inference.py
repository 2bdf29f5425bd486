"""`gemel bench inference`: a personal fit, the ledger, the drift alarm, bands that recover, optima, correct selection.

fit_one_day_cpu_s   288 sensor readings, meals and boluses of one virtual day (the Cambridge person, another model),
                    fitted by `replaybg` from its prior with 512 members by the ensemble Kalman engine, and with 256
                    draws by MAP and Laplace (one start); processor time of the second fit in a process of its own, when
                    everything is compiled, and of the first (`_first`), which compiles or reads compiled kernels.  The
                    linear algebra library is told to use one thread: its idle threads would be counted
ledger_million_s    a million forecasts scored through the store, by the clock on the wall; also in memory, and in
                    processor time
The others are described where they are computed: `bench_drift`, `bench_optimise`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import nan

import msgspec
import numpy as np

from ..core.clock import HOUR, MINUTE, instant
from ..core.fact import Exact, Fact, Observation
from ..core.model import Engine
from ..core.plan import Action, Schedule
from ..core.subject import Subject
from ..engines.enkf import EnsembleKalman
from ..engines.laplace import MapLaplace
from ..verbs.create import twin
from ..verbs.forecast import forecast
from ..verbs.observe import observe
from .bench_drift import Measured, caught_within_a_day, coverage_after_fifty, false_alarms_per_1000_days
from .bench_ledger import ledger_million_s
from .bench_optimise import correct_selection, optimum_errors
from .console import number, show

__all__ = [
    "BenchInferenceShape",
    "EnsembleKalman",
    "MapLaplace",
    "MeasuredRow",
    "bench_inference",
    "fit_one_day",
    "report",
]

_START = instant("2026-03-02T00:00Z")
_PERSON = Subject(id="bench", zone="UTC")
_DAY = 24 * HOUR
_EATEN = ((7.5, 45.0, 4.0), (12.5, 60.0, 5.0), (18.5, 70.0, 6.0))
"""Hour, carbohydrate [g] and bolus [[IU]] of the day's meals: made up."""
_BASAL = 0.9


class MeasuredRow(msgspec.Struct, kw_only=True):
    """A figure, its standard error and the number of cases."""

    value: float
    error: float
    n: int


class BenchInferenceShape(msgspec.Struct, kw_only=True):
    """`gemel bench inference`."""

    fit_one_day_cpu_s: float
    fit_one_day_first_cpu_s: float
    fit_one_day_members: int
    fit_one_day_laplace_cpu_s: float | None
    fit_one_day_laplace_first_cpu_s: float | None
    fit_one_day_laplace_draws: int
    fit_one_day_laplace_problem: str
    ledger_million_s: float
    ledger_million_cpu_s: float
    ledger_million_memory_s: float
    drift_caught_within_24_h: dict[str, MeasuredRow]
    false_alarms_per_1000_days: MeasuredRow
    coverage_after_50_forecasts: dict[str, MeasuredRow]
    optimum_errors: dict[str, float]
    correct_selection: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done."""

    forecasts: int = 1_000_000
    streams: int = 200
    repetitions: int = 1000
    members: int = 512
    draws: int = 256


def bench_inference(progress: Callable[[str], None], *, quick: bool = False) -> BenchInferenceShape:
    """Measure; `quick` does a small part of the work, to see that it runs."""
    sizes = Sizes(2_000, 8, 20, 64, 64) if quick else Sizes()
    progress("a personal fit")
    first, second, _ = _apart("EnsembleKalman()", sizes.members)
    first_laplace, second_laplace, problem = _apart("MapLaplace(starts=1)", sizes.draws)
    progress("a million forecasts")
    ledger = ledger_million_s(sizes.forecasts)
    progress("drift and bands")
    shifts = {f"{shift:g} sd": _row(caught_within_a_day(shift, sizes.streams)) for shift in (1.0, 1.25, 1.5, 2.0)}
    quiet = false_alarms_per_1000_days(max(1, sizes.streams // 2), 60 if not quick else 5)
    bands = {
        f"noise {noise:g} x, truth {delay} later": _row(coverage_after_fifty(noise, delay=delay, streams=sizes.streams))
        for noise, delay in ((2.0, 1), (2.0, 6), (2.0, 24), (0.5, 6))
    }
    progress("optima and selection")
    return BenchInferenceShape(
        fit_one_day_cpu_s=second or nan, fit_one_day_first_cpu_s=first or nan, fit_one_day_members=sizes.members,
        fit_one_day_laplace_cpu_s=second_laplace, fit_one_day_laplace_first_cpu_s=first_laplace,
        fit_one_day_laplace_draws=sizes.draws, fit_one_day_laplace_problem=problem,
        ledger_million_s=ledger.store_s, ledger_million_cpu_s=ledger.store_cpu_s,
        ledger_million_memory_s=ledger.memory_s, drift_caught_within_24_h=shifts,
        false_alarms_per_1000_days=_row(quiet), coverage_after_50_forecasts=bands,
        optimum_errors={} if quick else dict(optimum_errors()), correct_selection=correct_selection(sizes.repetitions),
    )  # fmt: skip


def _row(measured: Measured) -> MeasuredRow:
    return MeasuredRow(**asdict(measured))


def _apart(engine: str, members: int) -> tuple[float | None, float | None, str]:
    """`fit_one_day` in a process of its own; or why there is no fit: an engine may refuse to believe its own."""
    call = f"b.fit_one_day(b.{engine}, {members})"
    code = f"import json; from gemel.cli import bench_inference as b; print(json.dumps({call}))"
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        return None, None, done.stderr.strip().splitlines()[-1]
    first, second = json.loads(done.stdout)
    return float(first), float(second), ""


def fit_one_day(engine: Engine, members: int) -> tuple[float, float]:
    """Processor seconds of the first and of the second fit of one day."""
    facts = _day()
    spent: list[float] = []
    for seed in (1, 2):
        own = twin("replaybg", _PERSON, at=_START, covariates={"weight": 74.0, "basal": _BASAL},
                   rates={"insulin": _BASAL}, members=members, seed=seed, engine=engine)  # fmt: skip
        begun = time.process_time()
        observe(own, facts)
        spent.append(time.process_time() - begun)
    return spent[0], spent[1]


def _day() -> list[Fact]:
    """One virtual day: a sensor reading every five minutes, three meals with their boluses."""
    actions = [
        act
        for hour, carbs, bolus in _EATEN
        for act in (
            Action(_START + round(hour * HOUR), "carbs", dose=carbs),
            Action(_START + round(hour * HOUR), "insulin", dose=bolus),
        )
    ]
    plan = Schedule("the day", tuple(actions))
    person = twin("hovorka", _PERSON, at=_START, covariates={"weight": 74.0}, rates={"insulin": _BASAL}, members=64)
    lived = forecast(person.member(7), _START + _DAY, plan, every=5 * MINUTE / HOUR)
    readings = [
        Observation(id=f"cgm-{at}", code="loinc:99504-3", value=Exact(float(v)), unit="mg/dL", at=at, recorded=at)
        for at, v in zip(np.asarray(lived.times).tolist(), lived.readings[0, :, 0], strict=True)
    ]
    return [*plan.interventions(person.model.inputs), *readings]


def report(shape: BenchInferenceShape) -> None:
    """Every figure, for people."""
    rows = [
        [f"fit of one day, ensemble Kalman, {shape.fit_one_day_members} members [s CPU]",
         number(shape.fit_one_day_cpu_s), number(shape.fit_one_day_first_cpu_s)],
        [f"fit of one day, MAP and Laplace, {shape.fit_one_day_laplace_draws} draws [s CPU]",
         number(shape.fit_one_day_laplace_cpu_s), number(shape.fit_one_day_laplace_first_cpu_s)],
    ]  # fmt: skip
    show("Personal fit", ("", "compiled", "first"), rows, 1)
    show("A million forecasts", ("", "s"), [
        ["through the store", number(shape.ledger_million_s)], ["processor time", number(shape.ledger_million_cpu_s)],
        ["in memory", number(shape.ledger_million_memory_s)]], 1)  # fmt: skip
    measured = [
        *((f"misfit of {name} heard within 24 h", row) for name, row in shape.drift_caught_within_24_h.items()),
        ("false alarms in 1,000 patient-days", shape.false_alarms_per_1000_days),
        *((f"90 % band holds after 50 forecasts: {k}", row) for k, row in shape.coverage_after_50_forecasts.items()),
    ]
    cells = [[name, f"{number(r.value)} ± {r.error:.2g}", str(r.n)] for name, r in measured]
    show("Drift and bands", ("", "value ± standard error", "n"), cells, 1)
    found = [[name, f"{error:.2%}"] for name, error in shape.optimum_errors.items()]
    show("Optima: error", ("", ""), [*found, ["correct selection (claimed 95 %)", f"{shape.correct_selection:.1%}"]], 1)
