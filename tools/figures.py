"""How each figure on a model card is computed: one function a check, run by `tools.evidence`.

References are solved by other programs than gemel's own kernels; queues have exact answers; people are real.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from gemel.core.card import Evidence

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("GEMEL_SHARED", ROOT.parent / "shared"))
GOLD = ROOT / "tests" / "gold" / "replaybg_reference.json"
T1D = SHARED / "data" / "metabolic" / "t1d_uom"
PEOPLE = ("2301", "2309", "2314", "2401")
RECORDS = tuple(T1D / f"{own}_{kind}.csv" for own in PEOPLE for kind in ("glucose", "basal", "bolus", "nutrition"))


def mmc_waits() -> list[Evidence]:
    """Mean waits of two queues, each 80 % full, beside Erlang's exact ones."""
    from gemel.domains.hospital.mmc import CASES, wait_check

    wards, figures = 400, []
    for arrivals, beds in CASES.values():
        found = wait_check(arrivals, beds, rows=wards)
        name = f"mean wait, M/M/{beds} at 80 % load; Erlang C says {found['exact']:.4g} h"
        figures.append(Evidence(name, float(found["wait"]), "h", "exact result, Erlang 1917", wards, "make evidence",
                                float(found["se"])))  # fmt: skip
    return figures


def replaybg_reference() -> list[Evidence]:
    """Largest difference from the authors' own step function over a day with two meals and two boluses."""
    from tests.models.paths import clock, follow, rates
    from tests.models.test_replaybg import MEMBER as member
    from tests.models.test_replaybg import PERSON as p

    gold = json.loads(GOLD.read_text())
    delay = gold["insulin_delay_minutes"]
    meals, boluses = gold["meals_from_to_minute_g"], gold["boluses_from_to_minute_IU"]

    def given(events: Any, minute: float, late: float) -> float:
        return sum(60_000.0 * dose / (b - a) / p.weight for a, b, dose in events if a + late <= minute < b + late)

    def extra(_: Any, hours: float) -> dict[str, float]:
        return {"sub1": given(boluses, 60 * hours, delay), "stomach1": given(meals, 60 * hours, 0.0)}

    edges = [m + delay for a, b, _ in boluses for m in (a, b)] + [m for a, b, _ in meals for m in (a, b)]
    cuts = [m / 60 for m in edges] + [h - gold["start_hour"] for h in (11, 17)]
    u, hour = rates(insulin=p.basal), gold["start_hour"]
    path = follow(member, member.start(p, u, clock(hour)), p, u, [m / 60 for m in gold["minutes"]], start_hour=hour,
                  cuts=cuts, extra=extra)  # fmt: skip
    mine, data = np.array([x["interstitial"] for x in path]), "tests/gold/replaybg_reference.json"
    return [
        Evidence(f"largest difference from py_replay_bg 1.4.0, {how}", float(np.max(np.abs(mine - gold[key]))), "mg/dL",
                 data, len(mine), "make evidence")
        for key, how in (("limit", "its step taken to zero"), ("one_minute", "at its own step of 1 min"))
    ]  # fmt: skip


def glucose_backtest(model: str) -> list[Evidence]:
    """Rolling forecasts on four real people: minutes of work.  The model's makers had these four in view."""
    from gemel.cli.backtest import Task, backtest
    from gemel.domains.health.backtest import Settings

    told: dict[str, int] = {}

    def progress(own: str, done: int, total: int) -> None:
        if (share := 10 * done // total) > told.get(own, 0):
            told[own] = share
            print(f"  {own}: {10 * share} %", flush=True)

    settings = Settings(model, correction=False)  # a card tells of the model, not of what is learned on top
    scores = msgspec.to_builtins(backtest(Task(T1D, "Europe/London", settings), PEOPLE, progress))
    data = f"T1D-UOM {', '.join(PEOPLE)}, last 30 % of {settings.days} days; development data"
    command = f"gemel backtest diabetes --model {model} --data t1d_uom --subject {' '.join(PEOPLE)}"
    figures: list[Evidence] = []
    for mode, knows in (("past", "nothing announced"), ("announced", "meals and boluses announced")):
        for minutes in ("30", "60", "120"):
            twin, *others = (scores[mode][minutes]["overall"][who] for who in ("twin", "persistence", "ridge_ar"))
            beside = ", ".join(f"{w} {o['rmse']:.1f}" for w, o in zip(("persistence", "ridge"), others, strict=True))
            error, inside = f"RMSE at {minutes} min, {knows} ({beside})", f"in 90 % interval at {minutes} min, {knows}"
            for key, metric, unit in (("rmse", error, "mg/dL"), ("cov90", inside, "1")):
                figures.append(Evidence(metric, twin[key], unit, data, twin["n"], command, twin[f"{key}_se"]))
    return figures


def hovorka_reference() -> list[Evidence]:
    """Largest difference between the compiled model and the paper's equations, solved by another program."""
    from scipy.integrate import solve_ivp

    from gemel import Subject, instant
    from gemel.core.clock import HOUR
    from gemel.core.drive import InputEvent, cut
    from gemel.core.quantity import names
    from gemel.models.patient.hovorka import MEAN, PER_DECILITRE, Hovorka, model
    from tests.models.test_hovorka import as_printed

    w, hours = 75.0, np.arange(1, 97) / 12
    p = {name: c.value for name, c in MEAN.items()} | {"kint": 0.0933, "long_half_life": 17.0}
    rate = np.array([float(Hovorka().basal(SimpleNamespace(**p, weight=w), 110.0, np)), 0.0, 0.0])
    theta, key = np.array([[p[name] for name in names(model.parameters)]]), np.zeros(1, np.uint64)
    x = model.init(theta, np.array([[w]]), rate[None], (), key)
    start = instant("2026-01-01T00:00Z")
    outputs = [start + round(h * HOUR) for h in hours]
    drive, _ = cut(
        Subject(id="mean"), (start, outputs[-1]), outputs=outputs, rates=rate, covariates=np.array([[w]]),
        events=[InputEvent(start, 0, 1.2, None), InputEvent(start, 1, 60.0, None)], grid=(start, None),
    )  # fmt: skip
    mine = np.asarray(model.run(x, theta, drive, (), key)[1])[0, :, 0]
    s1, s2, insulin, x1, x2, x3, q1, q2, sensor = (
        float(np.asarray(x[n])[0]) for n in ("s1", "s2", "insulin", "x1", "x2", "x3", "q1", "q2", "interstitial")
    )
    whole = [60_000.0 * p["AG"] / 180.156, 0.0, s1 * w + 1200.0, s2 * w, insulin, x1, x2, x3, q1 * w, q2 * w, sensor]

    def slope(t: float, y: Any) -> list[float]:
        return [*as_printed(t, y[:-1], rate[0] * 1000 / 60, 0.0), p["kint"] * (y[8] / (p["VG"] * w) - y[-1])]

    printed = solve_ivp(slope, (0.0, 480.0), whole, "LSODA", 60 * hours, rtol=1e-11, atol=1e-11).y[-1] * PER_DECILITRE
    name = "largest difference from the equations as printed: mean subject, 60 g, 1.2 [IU], 8 h"
    worst = float(np.max(np.abs(mine - printed)))
    return [Evidence(name, worst, "mg/dL", "doi:10.1088/0967-3334/25/4/010 by LSODA", len(hours), "make evidence")]
