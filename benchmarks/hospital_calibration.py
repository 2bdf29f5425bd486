"""Calibration of forecasts of hospitals whose beds run short: warm starts from the census, 95 % intervals.

`python -m benchmarks.hospital_calibration [--hospitals 40] [--members 500] [--spread 0.1]`.  Each hospital is the
invented one with demand, stays, beds and staff of its own.  One life (whose true factors of demand and of stays are
drawn with `spread`, and unknown) is run for 20 to 40 days; its patients at a random minute, with the time each has
spent at their step, are all the forecast knows beside the declaration.  What is forecast is the number of units wanted
of every resource, 4 h to 7 days ahead.  Counts are held against the interval of the members by randomised PIT, so that
ties do not make it look wider than it is.  `binding`: cases in which the forecast itself holds a full resource likely
(one in five or more); to pick cases by what came true would pick the surprises.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace

import numpy as np

from gemel.core.clock import HOUR
from gemel.core.draws import member_keys
from gemel.domains.hospital.changes import HospitalPlan, Span
from gemel.domains.hospital.whatif import Case, outlooks
from gemel.models.hospital.census import Patient
from gemel.models.hospital.compiled import compiled
from gemel.models.hospital.declared import model, scaled
from gemel.models.hospital.log import event_log
from gemel.models.hospital.pathway import Hospital
from gemel.numerics.des.layout import fresh
from gemel.numerics.des.run import run

LOAD = {"ward": 205.0, "icu": 22.0}
"""Units of the invented hospital that are in use on average when there are enough."""
LIKELY = 0.2
AHEAD = (4.0, 8.0, 12.0, 24.0, 168.0)


def some_hospital(rng: np.random.Generator) -> Hospital:
    """The invented hospital with its beds cut to where they run short, and rates of its own."""
    base = model.hospital
    busy = rng.uniform(0.8, 1.05)
    sources = tuple(replace(s, rates=tuple(r * busy for r in s.rates)) for s in base.sources)
    beds = {name: round(load * busy * rng.uniform(1.0, 1.15)) for name, load in LOAD.items()}
    resources = tuple(replace(r, units=beds[r.name]) if r.name in beds else r for r in base.resources)
    return replace(base, sources=sources, resources=resources)


def census(own, log, hour: float) -> list[Patient]:
    """Who is where at an hour of a log: the last thing each did; those under service first, others as they asked."""
    came: dict[int, float] = {}
    last: dict[int, tuple[float, str, str, str]] = {}
    for line in log:
        if line.hours > hour:
            break
        came.setdefault(line.patient, line.hours)
        if line.what in ("asks", "begins"):
            last[line.patient] = line.hours, line.what, line.step, line.kind
        elif line.what == "leaves":
            last.pop(line.patient, None)
    under = [(p, a) for p, a in last.items() if a[1] == "begins"]
    waits = sorted((a[0], p, a) for p, a in last.items() if a[1] == "asks")
    return [
        *(Patient(a[2], a[3], here=hour - a[0], since=hour - came[p]) for p, a in under),
        *(Patient(a[2], a[3], since=hour - came[p]) for _, p, a in waits),
    ]


def one(number: int, members: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    """PIT values, and whether the resource was likely to be full, by hour ahead and resource."""
    rng = np.random.default_rng(number)
    hospital = some_hospital(rng)
    own, key = compiled(hospital), member_keys(10_000 + number, 1)
    now = float(rng.uniform(20 * 24, 40 * 24))
    theta = np.exp(spread * rng.standard_normal((1, 2)))
    cuts = [round((now + h) * HOUR) for h in (0.0, *AHEAD)]
    life = run(scaled(own, theta), key, cuts, start=fresh(own.tables, log=4096), end=True)
    patients = tuple(census(own, event_log(own, life.end), now))
    usage = np.asarray(life.usage)[0]
    held = sum(1 for p in patients if p.step.endswith(": service"))
    assert held == usage[0, :, 2].sum(), (held, usage[0, :, 2])
    case = Case(hospital, patients, Span(start=now % 24.0, ahead=AHEAD[-1]), spread=spread)
    (seen,) = outlooks(case, [HospitalPlan(name="as it is")], members=members, seed=number)
    at = [seen.hours.index(h) for h in AHEAD]
    truth = (usage[1:, :, 2] + usage[1:, :, 3])[:, [own.resources[n] for n in seen.resources]]
    wanted = np.asarray(seen.wanted)[:, at]
    below, equal = (wanted < truth).mean(axis=0), (wanted == truth).mean(axis=0)
    pit = below + rng.uniform(size=below.shape) * equal
    full = (wanted >= np.asarray(seen.units)[:, at]).mean(axis=0)
    return pit, full >= LIKELY


def main() -> None:
    """Run all, print coverage with its standard error by hospital."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--hospitals", type=int, default=40)
    given.add_argument("--members", type=int, default=500)
    given.add_argument("--spread", type=float, default=0.1)
    asked = given.parse_args()
    found = [one(k, asked.members, asked.spread) for k in range(asked.hospitals)]
    pit, full = (np.stack(part) for part in zip(*found, strict=True))
    inside = (pit > 0.025) & (pit < 0.975)
    names = [r.name for r in model.hospital.resources]

    def told(mask: np.ndarray, cover: np.ndarray) -> dict[str, float]:
        each = [cover[k][mask[k]].mean() for k in range(len(cover)) if mask[k].any()]
        n = int(mask.sum())
        error = float(np.std(each, ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.nan
        return {"coverage": round(float(cover[mask].mean()), 4) if n else math.nan, "se": round(error, 4), "n": n}

    every = np.ones_like(inside)
    print(json.dumps({
        "hospitals": asked.hospitals, "members": asked.members, "spread": asked.spread,
        "all": told(every, inside), "binding": told(full, inside),
        "by_hours": {f"{h:g}": told(every[:, k : k + 1], inside[:, k : k + 1]) for k, h in enumerate(AHEAD)},
        "by_resource": {name: told(every[:, :, q], inside[:, :, q]) for q, name in enumerate(names)},
        "binding_by_resource": {name: told(full[:, :, q], inside[:, :, q]) for q, name in enumerate(names)},
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
