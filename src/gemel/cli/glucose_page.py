"""The glucose report as one self-contained page: numbers first, the day as it usually goes, then every day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from ..core.clock import DAY, HOUR, text
from ..domains.health.ambulatory import STABLE
from ..runtime.answers import page
from ..runtime.answers.chart import Fan, Picture, draw, shared_limits
from .glucose_report import Report, days_of, midnight, ranges, words

__all__ = ["glucose_page"]

TARGET = (70.0, 180.0)
"""mg/dL, shaded."""
USUAL = date(2026, 1, 1)
"""A day without a change of clocks, on which the usual day is drawn."""


def glucose_page(made: Report) -> str:
    """The whole page."""
    n, zone = made.numbers, made.zone
    first, last = (text(int(made.times[k]), zone)[:10] for k in (0, -1))
    lead = f"{made.records.subject.id} · {first} to {last} · {n.readings} sensor readings · clock of {zone}"
    body = [f'<p class="caution">{page.CAUTION}</p>', _tiles(made), _ranges(made), _profile(made), _days(made)]
    return page.page("Glucose report", lead, body, f"Made by gemel glucose-report. {page.CAUTION}")


def _tiles(made: Report) -> str:
    n = made.numbers
    tiles = [
        page.tile(f"{n.shares['time-in-range']:.0f} %", "in range 70–180 mg/dL (target above 70 %)"),
        page.tile(f"{n.shares['time below 70 mg/dL']:.1f} %", "below 70 mg/dL (target below 4 %)"),
        page.tile(f"{n.mean:.0f} mg/dL", f"mean glucose; GMI {n.gmi:.1f} %"),
        page.tile(f"{n.cv:.0f} %", f"variation (CV; stable up to {STABLE.value:g} %)"),
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _ranges(made: Report) -> str:
    n = made.numbers
    rows = [
        [words(r), f'<span class="meter"><i style="width:{min(r.share, 100.0):.1f}%"></i></span>'
         f'<span class="share">{r.share:.1f} %</span>', f"{r.target} %", "met" if r.met else "<b>not met</b>"]
        for r in ranges(n)
    ]  # fmt: skip
    care = "" if n.enough else f"Only {n.span_days:.1f} days: a report should rest on 14. "
    lead = (
        f"{care}Sensor read {n.coverage:.0f} % of the time. Targets are those of the international consensus for most "
        "adults; they differ in pregnancy, old age and frailty."
    )
    pairs = [
        ("Standard deviation", f"{n.sd:.0f} mg/dL"),
        ("Risk of lows (LBGI)", f"{n.lbgi:.1f}"),
        ("Risk of highs (HBGI)", f"{n.hbgi:.1f}"),
        ("Average daily risk range (ADRR)", f"{n.adrr:.0f}: {n.daily_risk} (low below 20, high from 40)"),
    ]
    table = page.table(("range", "share of readings", "target", ""), rows)
    return page.section("Time in ranges", lead, table, page.definitions(pairs))


def _profile(made: Report) -> str:
    start = midnight(USUAL, made.zone)
    known = np.isfinite(np.asarray(made.profile.quantiles)[2])
    hours = np.append(np.asarray(made.profile.hours)[known], 24.0)
    columns = np.asarray(made.profile.quantiles)[:, known]
    fan = Fan(start + np.round(hours * HOUR).astype(np.int64), np.concatenate([columns, columns[:, :1]], axis=1))
    picture = Picture(
        title="Glucose by time of day: median, middle half and 5 to 95 % of readings", unit="mg/dL", zone=made.zone,
        span=(start, start + DAY), target=TARGET, fan=fan,
    )  # fmt: skip
    lead = (
        "All days laid over one another: the dashed line is the median, the dark band holds half of the readings, the "
        "light band 90 %. Shaded green: 70–180 mg/dL."
    )
    return page.section("Ambulatory glucose profile", lead, f'<div class="scroll">{draw(picture)}</div>')


def _days(made: Report) -> str:
    times, glucose = np.asarray(made.times).tolist(), np.asarray(made.glucose).tolist()
    pictures: list[Picture] = []
    for day in made.numbers.days:
        start, end = (midnight(day.date + timedelta(days=k), made.zone) for k in (0, 1))
        own = list(zip(times[day.first : day.last], glucose[day.first : day.last], strict=True))
        pictures.append(
            Picture(
                title=f"Glucose on {day.date}",
                unit="mg/dL",
                zone=made.zone,
                span=(start, end - 1),
                target=TARGET,
                measured=own,
                size=(300, 150),
                small=True,
                limits=shared_limits([_all(made)]),
            )
        )
    cards = [
        page.card(f"{d.date}", f"{day.date:%A}", draw(p) + f'<p class="soft">{_told(made, k)}</p>')
        for k, (d, day, p) in enumerate(zip(days_of(made), made.numbers.days, pictures, strict=True))
    ]
    return page.section("Day by day", "Newest last; every picture has the same scale.",
                        f'<div class="minis">{"".join(cards)}</div>')  # fmt: skip


def _all(made: Report) -> Picture:
    """Every reading in one picture, for the scale."""
    measured = [(0, float(v)) for v in (np.min(np.asarray(made.glucose)), np.max(np.asarray(made.glucose)))]
    return Picture("", "mg/dL", made.zone, (0, DAY), target=TARGET, measured=measured)


def _told(made: Report, k: int) -> str:
    """One day in words."""
    d = days_of(made)[k]
    parts = [f"in range {d.time_in_range:.0f} %", f"mean {d.mean:.0f} mg/dL"]
    logged = ((d.carbs_g, "g carbohydrate"), (d.rapid_units, "IU in boluses"), (d.long_acting_units, "IU long-acting"))
    parts += [f"{amount:.0f} {what}" for amount, what in logged if amount > 0.0]
    return " · ".join(parts)
