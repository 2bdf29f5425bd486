"""Meals hidden from a real diary: are they found, and are forecasts better for it?

    python benchmarks/hidden_meals.py FOLDER SUBJECT [--days 8] [--every 15] [--shown]

FOLDER is in the layout of T1D-UOM.  All carbohydrate is taken out of the record (`--shown`: left in), insulin stays.
The twin (`replaybg`, 64 members) learns from day 14 on for a day, then every so many minutes looks at the last two
hours with doubt (`gemel.domains.health.doubts`) and without, and forecasts from both.

A hidden meal of 20 g or more counts as found when an unlogged meal of probability above a half was placed from 45 min
before to 75 min after it.  One told where no meal of 5 g or more was logged from 90 min before to 60 min after it is a
false alarm, though people do not log every meal.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gemel.cli.records import Start, Wanted, begin_with, read
from gemel.core.clock import DAY, MINUTE
from gemel.core.fact import Fact, Intervention, Observation, bounds
from gemel.domains.health.doubts import BACK, CARBS, doubts, untold
from gemel.domains.health.sensor_grid import GLUCOSE_CODE
from gemel.verbs.forecast import forecast_all
from gemel.verbs.observe import observe

AHEAD = (30, 60, 120)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("subject")
    asked.add_argument("--days", type=int, default=8)
    asked.add_argument("--every", type=int, default=15)
    asked.add_argument("--shown", action="store_true")
    given = asked.parse_args()
    begun = time.process_time()
    records = read(Wanted(given.folder, given.subject))
    facts = sorted(records.facts, key=lambda f: f.at)
    meals = [(f.at, f.dose or 0.0) for f in facts if isinstance(f, Intervention) and f.code == CARBS]
    told = [f for f in facts if given.shown or f.code != CARBS]
    times = [f.at for f in told]

    def between(a: int, b: int) -> list[Fact]:
        return told[bisect_right(times, a) : bisect_right(times, b)]

    start, step = facts[0].at + 14 * DAY, given.every * MINUTE
    anchor = begin_with(records.subject, told, Start("replaybg", 64), start)
    anchor = observe(anchor, between(start - 1, start + DAY), until=start + DAY)
    plain = observe(anchor, between(anchor.now, anchor.now + BACK), until=anchor.now + BACK)
    found: list[tuple[int, int, float]] = []
    misses: list[list[list[float]]] = []
    truth = _truth(facts)
    for _ in range(given.days * DAY // step):
        now = plain.now
        seen = doubts(anchor, between(anchor.now, now), until=now, rate=untold(told, now))
        found += [(now, d.at, d.grams) for d in seen.doubts if "nobody" in d.kind and d.probability > 0.5]
        made = forecast_all([seen.twin, plain], AHEAD[-1] * MINUTE, [None, None], ahead=[h * MINUTE for h in AHEAD])
        came = np.array([truth(now + h * MINUTE) for h in AHEAD])
        misses.append([(f.mean("glucose") - came).tolist() for f in made])
        anchor = observe(anchor, between(anchor.now, anchor.now + step), until=anchor.now + step)
        plain = observe(plain, between(now, now + step), until=now + step)
    rms = np.sqrt(np.nanmean(np.square(np.array(misses)), axis=0)).round(1)
    print(f"{given.subject}: RMSE at {AHEAD} min with doubt {rms[0].tolist()}, without {rms[1].tolist()} mg/dL")
    _score(found, meals, (start + DAY + BACK, plain.now - BACK))
    print(f"{len(misses)} forecasts, {time.process_time() - begun:.0f} CPU s")


def _truth(facts: list[Fact]) -> Callable[[int], float]:
    seen = {f.at: bounds(f.value)[0] for f in facts if isinstance(f, Observation) and f.code == GLUCOSE_CODE}
    times = np.array(sorted(seen))

    def at(moment: int) -> float:
        place = int(np.searchsorted(times, moment))
        near = min(times[max(place - 1, 0) : place + 1].tolist(), key=lambda t: abs(t - moment), default=0)
        return seen[near] if abs(near - moment) <= 7.5 * MINUTE else float("nan")

    return at


def _score(found: list[tuple[int, int, float]], meals: list[tuple[int, float]], span: tuple[int, int]) -> None:
    events: list[tuple[int, int, float]] = []
    last = 0
    for told, at, grams in found:
        if at - last > 90 * MINUTE:
            events.append((told, at, grams))
        last = max(last, at)
    hidden = [m for m in meals if m[1] >= 20.0 and span[0] <= m[0] <= span[1]]
    hits = [(e, m) for m in hidden for e in events if -45 * MINUTE <= e[1] - m[0] <= 75 * MINUTE]
    first = {m[0]: (e, m) for e, m in reversed(hits)}
    false = [e for e in events if not any(-60 * MINUTE <= e[1] - at <= 90 * MINUTE for at, g in meals if g >= 5.0)]
    days = (span[1] - span[0]) / DAY
    rates = f"told {len(events) / days:.1f} a day, false {len(false) / days:.1f} a day"
    print(f"found {len(first)} of {len(hidden)}; {rates}")
    if first:
        delay, off, ratio = (
            np.median([f(e, m) for e, m in first.values()])
            for f in (
                lambda e, m: (e[0] - m[0]) / MINUTE, lambda e, m: abs(e[1] - m[0]) / MINUTE, lambda e, m: e[2] / m[1],
            )
        )  # fmt: skip
        print(f"median: {delay:.0f} min after the meal, {off:.0f} min off, {ratio:.1f} times its carbohydrate")


if __name__ == "__main__":
    main()
