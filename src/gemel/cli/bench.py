"""`gemel bench core`: how fast the core is, per CPU second, so that a busy machine disturbs the figures less.

patient_days_per_cpu_s   glucose model, float64, 1-min RK4, 10,000 members, a day of 3 meals, read every 5 min
observe_ms_cpu           one reading into a twin of 512 members
twins_tick_per_cpu_s     twins of 128 members advanced a minute and assimilated, 4,096 in a call
first_forecast_cold_s    new process to the end of the first 2 h forecast, nothing compiled before; warm: the next one
import_s                 `import gemel` in a new process, best of five
mmc_events_per_cpu_s     event loop on M/M/1 and M/M/10, the slower; mean waits beside Erlang C
ratio_simpy, ratio_simglucose   the same work in the same run by SimPy, and by simglucose's bare patient stepped a
                         minute at a time, where they are installed
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..core.belief import Belief
from ..core.clock import HOUR, MINUTE, instant
from ..core.draws import member_keys
from ..core.drive import Drive, InputEvent, cut, stack
from ..core.fact import Exact, Observation
from ..core.model import Window
from ..core.quantity import names
from ..core.subject import Subject
from ..core.twin import Twin
from ..verbs.batch import epoch_grid, join
from ..verbs.create import twin
from ..verbs.observe import observe
from .shapes import BenchShape

__all__ = ["Sizes", "bench", "simglucose_day"]

_DAY = Subject(id="bench", zone="UTC")
_START = instant("2026-01-01T00:00:00Z")
_BASAL = 0.8
_MEALS = ((7, 45.0, 4.5), (12, 70.0, 7.0), (18, 80.0, 8.0))
_FIRST = """
import gemel
from gemel.core.clock import HOUR
at = gemel.instant("2026-01-01T00:00:00Z")
known = {"basal": 0.8}
own = gemel.twin("replaybg", gemel.Subject(id="bench"), at=at, covariates=known, rates={"insulin": 0.8}, members=256)
assert gemel.forecast(own, at + 2 * HOUR).failed == 0
"""
_IMPORT = "import time; t = time.perf_counter(); import gemel; print(time.perf_counter() - t)"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much work is timed; `seconds` of CPU per case of the event loop."""

    members: int = 10_000
    readings: int = 100
    twins: int = 4096
    ticks: int = 5
    seconds: float = 2.0


def bench(sizes: Sizes, peer: Path | None, progress: Callable[[str], None]) -> BenchShape:
    """Measure everything; `peer` is an interpreter that has simglucose."""
    from ..domains.hospital.mmc import bench_mmc

    progress("a day of virtual patients")
    days = _patient_days(sizes.members)
    progress("one reading")
    reading = _observe_ms(sizes.readings)
    progress("many twins at once")
    ticks = _ticks(sizes.twins, sizes.ticks)
    progress("event loop")
    mmc = bench_mmc(sizes.seconds)
    progress("first forecast in a new process")
    cold, warm = _first_forecast()
    progress("import")
    imported = min(float(_python(_IMPORT, {})) for _ in range(5))
    shape = BenchShape(
        version=__version__, python=platform.python_version(), cpus=os.cpu_count() or 1, patient_days_per_cpu_s=days,
        observe_ms_cpu=reading, twins_tick_per_cpu_s=ticks, first_forecast_cold_s=cold, first_forecast_warm_s=warm,
        import_s=imported, mmc_events_per_cpu_s=float(mmc["mmc_events_per_cpu_s"]),
        mmc_within_3_se=bool(mmc["mmc_within_3_se"]), ratio_simpy=mmc.get("ratio_simpy"),
        mmc={k: float(v) for k, v in mmc.items() if not isinstance(v, bool) and k.startswith("mm1")},
    )  # fmt: skip
    if peer is None:
        return shape
    progress("simglucose")
    return _beside_simglucose(shape, peer)


def _patient_days(members: int) -> float:
    """Member-days per CPU second of the compiled run, output every 5 min."""
    known, rates = {"basal": _BASAL}, {"insulin": _BASAL}
    own = twin("replaybg", _DAY, at=_START, covariates=known, rates=rates, members=members)
    inputs = names(own.model.inputs)
    events = [
        InputEvent(_START + hour * HOUR, inputs.index(name), size, None)
        for hour, carbs, bolus in _MEALS
        for name, size in (("carbs", carbs), ("insulin", bolus))
    ]
    moments = [_START + k * 5 * MINUTE for k in range(1, 289)]
    drive, _ = cut(
        _DAY, (_START, moments[-1]), outputs=moments, events=events, rates=np.array(own.cursor.rates),
        covariates=own.belief.covariates, grid=epoch_grid(own),
    )  # fmt: skip

    def run() -> float:
        begun = time.process_time()
        paths = np.asarray(own.model.run(own.belief.state, own.belief.theta, drive, own.fixed, own.keys)[1])
        spent = time.process_time() - begun
        if not np.isfinite(paths).mean() > 0.99:
            raise RuntimeError("more than one member in a hundred failed: this is no measurement")
        return spent

    run()
    return members / min(run() for _ in range(8))


def _observe_ms(readings: int) -> float:
    """CPU milliseconds per reading: the best of five stretches, as other work on the machine only adds."""
    own = twin("replaybg", _DAY, at=_START, rates={"insulin": _BASAL}, members=512)
    for k in range(5):
        own = observe(own, [_reading(own, k)])
    best = float("inf")
    for _ in range(5):
        begun = time.process_time()
        for k in range(readings // 5):
            own = observe(own, [_reading(own, k)])
        best = min(best, 1000.0 * (time.process_time() - begun) / (readings // 5))
    return best


def _reading(own: Twin, k: int) -> Observation:
    at = own.now + 5 * MINUTE
    return Observation(id=f"r{at}", code="loinc:99504-3", value=Exact(120.0 + k % 5), unit="mg/dL", at=at, recorded=at)


def _ticks(twins: int, ticks: int) -> float:
    """Twins advanced a minute and assimilated per CPU second, by one array call per tick."""
    one = twin("replaybg", _DAY, at=_START, rates={"insulin": _BASAL}, members=128)
    own = [replace(one, seed=k) for k in range(twins)]
    belief = join(own)
    keys = np.concatenate([member_keys(t.seed, one.members) for t in own])
    engine, spent = one.inference.live, 0.0
    for tick in range(ticks + 1):
        window = _minute(one, twins, tick)
        begun = time.process_time()
        belief = _settled(engine.assimilate(one.model, belief, window, one.fixed, keys).belief)
        spent += time.process_time() - begun if tick else 0.0  # the first tick compiles
    return twins * ticks / spent


def _settled(belief: Belief) -> Belief:
    """The belief once its arrays are computed: JAX hands them out before."""
    np.asarray(belief.theta)
    return belief


def _minute(one: Twin, twins: int, tick: int) -> Window:
    """A minute with a reading at its end, for each of the twins."""
    start = _START + tick * MINUTE
    drive, _ = cut(
        _DAY, (start, start + MINUTE), outputs=[start + MINUTE], events=[], rates=np.array(one.cursor.rates),
        covariates=one.belief.covariates[:1], grid=epoch_grid(one),
    )  # fmt: skip
    many: Drive = stack([drive] * twins)
    value = (110.0 + np.arange(twins) % 30)[:, None, None]
    at = np.full((twins, 1), start + MINUTE, dtype=np.int64)
    covariates = np.repeat(np.asarray(one.belief.covariates)[None], twins, axis=0).reshape(
        -1, 1, one.belief.covariates.shape[1]
    )
    return Window(replace(many, covariates=covariates), at, value, value, np.full_like(value, np.nan), (None,))


def _first_forecast() -> tuple[float, float]:
    """Wall seconds of a new process that makes a twin and forecasts 2 h: with an empty compile cache, then again."""
    with tempfile.TemporaryDirectory() as cache:
        times: list[float] = []
        for _ in range(2):
            begun = time.perf_counter()
            _python(_FIRST, {"GEMEL_CACHE": cache})
            times.append(time.perf_counter() - begun)
    return times[0], times[1]


def _python(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout


def _beside_simglucose(shape: BenchShape, peer: Path) -> BenchShape:
    seconds, shape.simglucose_problem = simglucose_day(peer)
    if seconds is not None:
        shape.simglucose_s_per_patient_day = seconds
        shape.ratio_simglucose = shape.patient_days_per_cpu_s * seconds
    return shape


def simglucose_day(peer: Path) -> tuple[float | None, str | None]:
    """The peer's CPU seconds per patient-day, by its own interpreter, in this same run; or why there are none."""
    script = Path(__file__).resolve().parents[3] / "benchmarks" / "simglucose_day.py"
    if not script.is_file():
        return None, "the peer's script is in a clone of gemel only: benchmarks/simglucose_day.py"
    try:
        done = subprocess.run([peer, script], capture_output=True, text=True, check=True, timeout=300)
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        told = (error.stderr if isinstance(error, subprocess.CalledProcessError) else "") or str(error)
        return None, told.strip().splitlines()[-1]
    return float(found["cpu_s_per_patient_day"]), None
