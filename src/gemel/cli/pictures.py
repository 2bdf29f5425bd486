"""Pictures of a twin's forecast: the layers shared by the HTML pages and the PNG plots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.clock import HOUR
from ..core.fact import Exact, Fact, Instant, Intervention, Observation
from ..core.forecast import Forecast
from ..core.plan import Schedule
from ..core.quantity import Quantity
from ..core.units import convert
from ..domains.health.glucose import HIGH, LOW
from ..runtime.answers.chart import Fan, Marker, Picture
from ..runtime.answers.twins import LEVELS

__all__ = ["fan_of", "given", "picture", "planned", "readings"]

_LABELS = {"insulin": "IU", "carbs": "g", "long_acting": "IU long"}


def fan_of(forecast: Forecast, observable: str) -> Fan:
    """The readings' quantiles over time."""
    return Fan(np.asarray(forecast.times), np.asarray(forecast.quantile(observable, LEVELS)))


def readings(facts: Sequence[Fact], quantity: Quantity, since: Instant) -> list[tuple[Instant, float]]:
    """What was measured of an observable, in its unit."""
    codes = {*quantity.codes, quantity.name}
    return [
        (f.at, float(convert(f.value.value, f.unit, quantity.unit, analyte=quantity.analyte)))
        for f in facts
        if isinstance(f, Observation) and f.code in codes and f.at >= since and isinstance(f.value, Exact)
    ]


def given(facts: Sequence[Fact], inputs: Sequence[Quantity], since: Instant) -> list[Marker]:
    """Doses on record."""
    by_code = {code: q.name for q in inputs for code in (*q.codes, q.name)}
    return [
        _marker(f.at, by_code[f.code], f.dose)
        for f in facts
        if isinstance(f, Intervention) and f.dose is not None and f.code in by_code and f.at >= since
    ]


def planned(plan: Schedule) -> list[Marker]:
    """Doses of a plan."""
    return [_marker(a.at, a.input, a.dose) for a in plan.actions if a.dose]


def _marker(at: Instant, name: str, dose: float) -> Marker:
    kind = name if name in ("insulin", "carbs") else "other"
    return Marker(at, kind, f"{dose:g} {_LABELS.get(name, name)}")


def picture(
    forecast: Forecast, quantity: Quantity, zone: str, facts: Sequence[Fact], plan: Schedule, *, back: float = 6.0
) -> Picture:
    """The forecast of one observable after the last `back` hours of records."""
    since = forecast.issued - round(back * HOUR)
    return Picture(
        title=f"{quantity.name}: records of {back:g} h and the forecast",
        unit=quantity.unit,
        zone=zone,
        span=(since, int(np.asarray(forecast.times)[-1])),
        now=forecast.issued,
        target=(LOW.value, HIGH.value) if quantity.name == "glucose" else None,
        measured=readings(facts, quantity, since),
        fan=fan_of(forecast, quantity.name),
        markers=[*given(facts, forecast.inputs, since), *planned(plan)],
        name=quantity.name.capitalize(),
    )
