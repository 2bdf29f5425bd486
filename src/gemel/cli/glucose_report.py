"""`gemel glucose-report`: a sensor's record as clinicians know it, from whatever records can be read.

The last days of the record (14 by the standard) become time in ranges, variability, risk, the ambulatory glucose
profile and every day on its own, as JSON, as lines, or as one page (`glucose_page`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from ..core.array import Array
from ..core.clock import instant, text
from ..core.errors import IngestError
from ..core.fact import Fact, Instant, Intervention, Observation, bounds
from ..core.units import convert
from ..domains.health.ambulatory import STABLE, TARGETS, Ambulatory, Profile, ambulatory, profile, regular
from ..domains.health.glucose import TIME_IN_RANGE
from ..domains.health.sensor_grid import GLUCOSE_CODE
from . import console
from .records import Records, Wanted, read
from .shapes_glucose import DayShape, GlucoseReportShape, ProfilePoint, RangeShape

__all__ = ["Report", "days_of", "glucose_report", "make", "midnight", "ranges", "shape", "words"]

INPUTS = ("gemel:carbohydrate", "gemel:rapid-insulin", "gemel:long-acting-insulin")
_NONE = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Report:
    """The record within the window: readings [mg/dL], what they come to, and what was logged on each local date (g of
    carbohydrate, [IU] of rapid insulin, bolus and basal, and of long-acting insulin)."""

    records: Records
    times: Int[Array, "n"]
    glucose: Float[Array, "n"]
    numbers: Ambulatory
    profile: Profile
    given: Mapping[str, tuple[float, float, float]]

    @property
    def zone(self) -> str:
        """The subject's IANA zone."""
        return self.records.subject.zone


def glucose_report(wanted: Wanted, days: int, html: Path | None, *, json: bool) -> None:
    """Read, reckon, print; with `html` also write the page."""
    from .glucose_page import glucose_page

    made = make(read(wanted), days)
    if html is not None:
        html.write_text(glucose_page(made), encoding="utf-8")
    if json:
        return console.emit(shape(made))
    _speak(made)
    if html is not None:
        console.say(f"written: {html}")


def make(records: Records, days: int) -> Report:
    """The report over the last `days` local days, the newest reading's among them; IngestError where no sensor was
    read."""
    seen = [f for f in records.facts if isinstance(f, Observation) and f.code == GLUCOSE_CODE]
    if not seen:
        raise IngestError(
            f"no sensor glucose ({GLUCOSE_CODE}) of '{records.subject.id}' in '{records.report.source}': a glucose "
            "report needs a sensor's readings"
        )
    zone, end = records.subject.zone, max(f.at for f in seen)
    begin = midnight(date.fromisoformat(text(end, zone)[:10]) - timedelta(days=days - 1), zone)
    held = {f.at: _mgdl(f) for f in sorted(seen, key=lambda f: f.recorded) if f.at >= begin}
    times = np.array(sorted(held), dtype=np.int64)
    times, glucose = regular(times, np.array([held[int(at)] for at in times]))
    given = _given(records.facts, zone, begin, end)
    return Report(records, times, glucose, ambulatory(times, glucose, zone), profile(times, glucose, zone), given)


def shape(made: Report) -> GlucoseReportShape:
    """The report as JSON."""
    n, report = made.numbers, made.records.report
    return GlucoseReportShape(
        subject=made.records.subject.id, zone=made.zone, first=text(int(made.times[0]), made.zone),
        last=text(int(made.times[-1]), made.zone), readings=n.readings, span_days=n.span_days, coverage=n.coverage,
        enough=n.enough, mean=n.mean, sd=n.sd, cv=n.cv, stable=n.cv <= STABLE.value, gmi=n.gmi, lbgi=n.lbgi,
        hbgi=n.hbgi, adrr=n.adrr, daily_risk=n.daily_risk, ranges=ranges(n), profile=_points(made.profile),
        days=days_of(made), rejected=report.rejected,
        reasons={kind: reason.count for kind, reason in report.reasons.items()},
    )  # fmt: skip


def ranges(numbers: Ambulatory) -> list[RangeShape]:
    """Each range with its target."""
    made: list[RangeShape] = []
    for name, share in numbers.shares.items():
        side, limit = TARGETS[name]
        met = share > limit.value if side == "above" else share < limit.value
        made.append(RangeShape(name=name, share=share, target=f"{side} {limit.value:g}", met=met))
    return made


def midnight(day: date, zone: str) -> Instant:
    """The first instant of a local day."""
    return instant(datetime.combine(day, time()), tz=zone, repeated=0)


def words(of: RangeShape) -> str:
    """What the range is called on paper."""
    return "time in range, 70-180 mg/dL" if of.name == TIME_IN_RANGE.name else of.name


def days_of(made: Report) -> list[DayShape]:
    """Each local day with readings."""
    rows: list[DayShape] = []
    for day in made.numbers.days:
        carbs, rapid, long_acting = made.given.get(day.date.isoformat(), _NONE)
        rows.append(
            DayShape(
                date=day.date.isoformat(),
                readings=day.last - day.first,
                mean=day.mean,
                time_in_range=day.time_in_range,
                carbs_g=carbs,
                rapid_units=rapid,
                long_acting_units=long_acting,
            )
        )
    return rows


def _points(of: Profile) -> list[ProfilePoint]:
    rows = np.asarray(of.quantiles).T.tolist()
    values = [[None if v != v else float(v) for v in row] for row in rows]
    return [
        ProfilePoint(hour=float(hour), readings=int(n), p05=a, p25=b, p50=c, p75=d, p95=e)
        for hour, n, (a, b, c, d, e) in zip(of.hours, of.readings, values, strict=True)
    ]


def _given(facts: Sequence[Fact], zone: str, first: int, last: int) -> dict[str, tuple[float, float, float]]:
    """Doses logged on each local date from `first` to `last`; what a basal rate adds up to is not in it."""
    sums: dict[str, list[float]] = {}
    for fact in facts:
        if (
            isinstance(fact, Intervention)
            and fact.dose is not None
            and fact.code in INPUTS
            and first <= fact.at <= last
        ):
            day = sums.setdefault(text(fact.at, zone)[:10], [*_NONE])
            day[INPUTS.index(fact.code)] += fact.dose
    return {day: (a, b, c) for day, (a, b, c) in sums.items()}


def _mgdl(reading: Observation) -> float:
    """A reading in mg/dL; one off the sensor's scale counts as the scale's end."""
    low, high = bounds(reading.value)
    return convert(low if np.isfinite(low) else high, reading.unit, "mg/dL", analyte="glucose")


def _speak(made: Report) -> None:
    n = made.numbers
    console.say(
        f"{made.records.subject.id}: {n.readings} readings, {n.span_days:.1f} days to "
        f"{text(int(made.times[-1]), made.zone)}, sensor read {n.coverage:.0f} % of the time"
        + ("" if n.enough else "; fewer than 14 days: read it with care")
    )
    rows = [[words(r), f"{r.share:.1f} %", f"{r.target} %", "met" if r.met else "not met"] for r in ranges(n)]
    console.show("Time in ranges", ("range", "share", "target, most adults", ""), rows)
    steady = "stable" if n.cv <= STABLE.value else f"variable: above {STABLE.value:g} %"
    console.say(f"mean {n.mean:.0f} mg/dL, SD {n.sd:.0f}, CV {n.cv:.1f} % ({steady}), GMI {n.gmi:.1f} %")
    console.say(f"risk of lows LBGI {n.lbgi:.1f}, of highs HBGI {n.hbgi:.1f}; ADRR {n.adrr:.0f} ({n.daily_risk})")
    if made.records.report.rejected:
        console.say(f"{made.records.report.rejected} row(s) of the record were rejected: --json says why")
