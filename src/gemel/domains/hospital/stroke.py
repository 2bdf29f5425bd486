"""Beds of an acute stroke unit and a rehabilitation ward (Monks et al. 2016, doi:10.1186/s12913-016-1789-4).

Beds are unlimited, so occupancy is Poisson in the long run, and the probability that a patient would wait if there were
N beds is P(occupancy = N) / P(occupancy <= N): Erlang's B at the offered load, arrivals times mean stay.  On the acute
unit the stay of a stroke patient depends on where they go next; shares of routing that miss 1 are made to meet it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float

from ...core.array import Array
from ...core.clock import HOUR
from ...models.hospital.compiled import compiled
from ...models.hospital.durations import Duration, lognormal
from ...models.hospital.pathway import (
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
)
from .output import Estimate, controlled, estimate
from .replications import replicate

__all__ = ["Cell", "Stroke", "stroke", "stroke_results"]

DAY_HOURS = 24.0
WARD = {"acute": "asu", "rehab": "rehab"}
DESTINATIONS = {"asu": ("rehab", "esd", "other"), "rehab": ("esd", "other")}
STROKE_STAY = {
    ("asu", "rehab"): "noesd", ("asu", "esd"): "esd", ("asu", "other"): "mortality",
    ("rehab", "esd"): "esd", ("rehab", "other"): "noesd",
}  # fmt: skip
"""Which of the published stays of stroke patients goes with which destination."""


class Stay(msgspec.Struct, frozen=True):
    """A lognormal stay [d]."""

    mean: float
    stdev: float


class Row(msgspec.Struct, frozen=True):
    """A published cell: which ward and demand, how many beds."""

    case: str
    beds: int
    published_p_delay: float | None = None


class Stroke(msgspec.Struct, frozen=True):
    """The file; times in days."""

    interarrival_mean_days: dict[str, float]
    los_lognormal_days: dict[str, Stay]
    routing: dict[str, dict[str, float]]
    table2: list[Row]


@dataclass(frozen=True, slots=True)
class Cell:
    """Probability of delay with so many beds: simulated, its error, and Erlang's."""

    case: str
    beds: int
    p_delay: float
    se: float
    exact_p_delay: float
    published_p_delay: float | None


def stroke(spec: Stroke, demand: float = 1.0) -> Hospital:
    """Both wards, with every arrival rate multiplied by `demand`."""
    kinds = {key: key.split("_", 2) for key in spec.interarrival_mean_days}
    classes = [PatientClass(key, 0, "asu" if unit == "asu" else "rehab") for key, (unit, _, _) in kinds.items()]
    sources = [
        Source(key, {key: 1.0}, (demand / (days * DAY_HOURS),)) for key, days in spec.interarrival_mean_days.items()
    ]
    steps: list[Any] = []
    for unit, goals in DESTINATIONS.items():
        need = (Need(unit),)
        come = {key: kind for key, (own, _, kind) in kinds.items() if own == unit or unit == "rehab"}
        shares = {key: _shares(spec, unit, kind) for key, kind in come.items()}
        ways = {key: {f"{unit}: to {goal}": p for goal, p in own.items()} for key, own in shares.items()}
        steps += [Seize(unit, need), Branch(f"{unit}: goes", ways)]
        for goal in goals:
            stays = {key: _stay(spec, unit, kind, goal) for key, kind in come.items()}
            after = "rehab" if goal == "rehab" else "exit"
            steps += [Delay(f"{unit}: to {goal}", stays), Release(f"{unit}: end, to {goal}", need, then=after)]
    resources = (Resource("asu"), Resource("rehab"))
    return Hospital("stroke beds", tuple(classes), resources, tuple(sources), (*steps, Exit("exit")))


def _shares(spec: Stroke, unit: str, kind: str) -> dict[str, float]:
    """Where patients of a kind go from a unit, adding up to 1."""
    told = spec.routing[f"{unit}_routing_{kind}"]
    return {goal: share / sum(told.values()) for goal, share in told.items()}


def _stay(spec: Stroke, unit: str, kind: str, goal: str) -> Duration:
    name = f"{unit}_los_{kind}"
    own = spec.los_lognormal_days.get(name) or spec.los_lognormal_days[f"{name}_{STROKE_STAY[unit, goal]}"]
    return lognormal(own.mean * DAY_HOURS, own.stdev / own.mean)


def offered_load(spec: Stroke, demand: float = 1.0) -> dict[str, float]:
    """Exact mean beds in use on each ward: arrivals times mean stay."""
    load = dict.fromkeys(WARD, 0.0)
    for key, days in spec.interarrival_mean_days.items():
        own, _, kind = key.split("_", 2)
        flow = {own: demand / days}
        if own == "asu":
            flow["rehab"] = flow["asu"] * _shares(spec, "asu", kind).get("rehab", 0.0)
        for ward, unit in WARD.items():
            if unit in flow:
                stays = [p * _stay(spec, unit, kind, goal).mean for goal, p in _shares(spec, unit, kind).items()]
                load[ward] += flow[unit] * math.fsum(stays) / DAY_HOURS
    return load


def erlang_b(load: float, beds: int) -> float:
    """Erlang's loss probability, by its recursion B(n) = a B(n-1) / (n + a B(n-1)) (Kleinrock 1975, section 3.6)."""
    blocked = 1.0
    for n in range(1, beds + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def stroke_results(
    spec: Stroke, replications: int, *, seed: int = 0, warmup_days: float, days: float
) -> tuple[list[Cell], dict[str, Estimate], dict[str, float]]:
    """Every cell of the table, and the offered load of each ward and demand, simulated and exact."""
    cells: dict[Row, Cell] = {}
    loads: dict[str, Estimate] = {}
    exact: dict[str, float] = {}
    most = max(row.beds for row in spec.table2)
    for demand in sorted({_demand(row.case) for row in spec.table2}):
        own = compiled(stroke(spec, demand), levels=most + 2)
        window = replicate(own, replications, seed=seed, warmup=warmup_days * DAY_HOURS, hours=days * DAY_HOURS)
        load = offered_load(spec, demand)
        for ward, unit in WARD.items():
            name = ward if demand == 1.0 else f"{ward}_plus{round(100 * (demand - 1))}pct"
            loads[name], exact[name] = estimate(window.used(unit)), load[ward]
            time, drift = own.levels(window.records, unit) / HOUR, np.asarray(window.used(unit)) - load[ward]
            for row in spec.table2:
                if _demand(row.case) == demand and row.case.split("_")[0] == ward:
                    p, error = _delay(time, drift, row.beds)
                    cells[row] = Cell(
                        row.case, row.beds, p, error, erlang_b(load[ward], row.beds), row.published_p_delay
                    )
    return [cells[row] for row in spec.table2], loads, exact


def _demand(case: str) -> float:
    """What arrivals are multiplied by: 'rehab_plus5pct' is 1.05, 'rehab_current' is 1."""
    more = re.search(r"plus([0-9.]+)pct", case)
    return 1.0 if more is None else 1.0 + float(more[1]) / 100.0


def _delay(time: Float[Array, "r h"], drift: Float[Array, "r"], beds: int) -> tuple[float, float]:
    """P(occupancy = beds) / P(occupancy <= beds) over all replications, and its error.

    The mean beds in use, whose exact value is known (`drift` is how far each replication missed it), is a control
    variate for the ratio's linear form, which takes out most of the luck of the arrivals.
    """
    full, some = np.asarray(time)[:, beds], np.asarray(time)[:, : beds + 1].sum(axis=1)
    p = float(full.sum() / some.sum())
    if len(full) < 3:  # structure: the least a regression needs
        return p, math.nan
    found = controlled((full - p * some) / some.mean(), np.asarray(drift), 0.0)
    return p + found.mean, found.error
