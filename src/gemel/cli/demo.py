"""`gemel demo`: records in, a twin, a forecast, a question about tonight's bolus, a score, a report, and the service.

The truth comes from another model than the twin's own, so that the score says something.
"""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from ..core.clock import HOUR, MINUTE, text
from ..core.derived import Path as Course
from ..core.fact import Instant
from ..core.forecast import Forecast
from ..core.plan import Action, Schedule
from ..core.twin import Twin
from ..domains.health.backtest import Settings, backtest, pool
from ..domains.health.glucose import UTILITIES
from ..runtime.site import wall_clock
from ..verbs.compare import Comparison, compare
from ..verbs.forecast import forecast
from .demo_life import DINNER, SUBJECT, WEIGHT, ZONE, Life, live, write
from .records import Records, Start, Wanted, read, twin_of
from .shapes import BacktestShape, DemoShape, PlanOutcome
from .shapes_service import ServiceSeen

__all__ = ["Scene", "Script", "demo", "open_in_browser"]

DOSES = (0.0, 2.0, 4.0, 6.0, 8.0)
HOURS = 4.0


@dataclass(frozen=True, slots=True)
class Script:
    """How long the life, how large the ensemble, how far apart the scored forecasts (in 5-min steps), and whether the
    service is run at the end."""

    days: int = 5
    members: int = 384
    seed: int = 1
    stride: int = 6
    utility: str = "glucose-risk"
    service: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the report shows."""

    life: Life
    records: Records
    twin: Twin
    outlook: Forecast
    plans: Sequence[Schedule]
    comparison: Comparison
    truths: Sequence[Sequence[tuple[Instant, float]]]
    outcomes: Sequence[PlanOutcome]
    scores: BacktestShape


def demo(script: Script, folder: Path, tell: Callable[[str], None]) -> DemoShape:
    """Play the demo into `folder` and say where the report is."""
    from .demo_feed import feed_of
    from .demo_report import report
    from .demo_service import serve_feed

    begun = time.perf_counter()
    steps: dict[str, float] = {}

    def step(name: str) -> None:
        now = time.perf_counter()
        if steps:
            last = next(reversed(steps))
            steps[last] = round(now - begun - sum(list(steps.values())[:-1]), 2)
        if name:
            steps[name] = 0.0
            tell(name)

    step("a virtual person lives and writes records")
    life = live(script.days, script.seed)
    write(life, folder / "records")
    step("reading the records")
    records = read(Wanted(folder / "records", SUBJECT, "t1d-uom", zone=ZONE))
    step("the twin observes")
    start = Start(members=script.members, weight=WEIGHT, days=float(script.days), at=text(life.now, ZONE))
    twin = twin_of(records, start)
    step("forecast")
    until = life.now + round(HOURS * HOUR)
    outlook = forecast(twin, until, every=1 / 12)
    step("what if: boluses for dinner")
    plans = [_dinner(dose, life.now) for dose in DOSES]
    utility = UTILITIES[script.utility]
    comparison = compare(twin, plans, until, utility, every=1 / 12)
    truths = [life.under(plan, until) for plan in plans]
    outcomes = [
        PlanOutcome(plan=p.name, expected=e, probability_best=b, truth=_worth(utility.compute, truth, life.now))
        for p, e, b, truth in zip(plans, comparison.expected, comparison.best, truths, strict=True)
    ]
    step("scoring forecasts of the last days")
    settings = Settings(members=script.members, stride=script.stride, days=script.days)
    scores = msgspec.convert(pool([backtest(records.subject, records.facts, settings)]), BacktestShape)
    step("report")
    scene = Scene(life, records, twin, outlook, plans, comparison, truths, outcomes, scores)
    path = folder / "report.html"
    path.write_text(report(scene), encoding="utf-8")
    (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    step("the service")
    seen = ServiceSeen(left_out={"service": "not wanted"})
    if script.service:
        seen = serve_feed(feed_of(life, wall_clock()), folder, tell)
    step("")
    return DemoShape(
        report=str(path), records=str(folder / "records"), seconds=round(time.perf_counter() - begun, 2), steps=steps,
        data=records.shape(twin.now), plans=outcomes, winner=comparison.winner, verdict=comparison.verdict,
        backtest=scores, service=seen,
    )  # fmt: skip


def _dinner(dose: float, now: Instant) -> Schedule:
    """Dinner in ten minutes, with a bolus now."""
    meal = Action(now + 10 * MINUTE, "carbs", dose=DINNER)
    name = f"{dose:g} IU" if dose else "no bolus"
    return Schedule(name, (Action(now, "insulin", dose=dose), meal) if dose else (meal,))


def _worth(compute: Callable[[Course], object], truth: Sequence[tuple[Instant, float]], now: Instant) -> float:
    """The utility of the course that really came."""
    hours = np.array([(at - now) / HOUR for at, _ in truth])
    values = np.array([[value for _, value in truth]])
    return float(np.asarray(compute(Course(hours, {"glucose": values})))[0])


def open_in_browser(where: Path | str, wanted: bool) -> bool:
    """Show a report or an address, where there is a display and it is wanted."""
    headless = os.environ.get("GEMEL_DEMO_HEADLESS") == "1"
    screen = sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if headless or not screen or not wanted:
        return False
    return webbrowser.open(where if isinstance(where, str) else where.resolve().as_uri())
