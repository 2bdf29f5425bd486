"""The forecast card: what glucose will probably do in the next two hours, how sure that is, and how right it has been.

The table tells what a sensor would read at three times, with the 90 % interval that the ledger shows (widened where the
record asks for it).  The chances are of the course itself, without the sensor's error: that it is below or above a
limit at some time within the two hours.  Limits are those of the consensus on time in range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import uuid4

import numpy as np

from ...core.clock import HOUR, MINUTE, text
from ...core.fact import Instant
from ...core.forecast import Forecast
from ...core.ledger import LEVELS
from ...core.twin import Twin
from ...domains.health.glucose import HIGH, LOW, VERY_LOW
from ...runtime import Site
from ...runtime.ledger.rows import HORIZONS
from ...verbs.forecast import forecast_all
from ..alerts.judge import Row, judge_rows
from ..alerts.rules import Rules, Severity
from .cards import REASONS, Card, Link, Source, percent
from .present import Present

__all__ = ["AHEAD", "card_of", "chances", "links_of", "source_of"]

AHEAD: Final[Instant] = 2 * HOUR
"""How far the card looks."""
STEPS: Final = 24
RANK: Final[Mapping[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}


def card_of(site: Site, here: Present, rules: Rules, base: str) -> Card:
    """The card of a patient's twin; a forecast of a twin that lives here is written into the ledger."""
    made, rows = _made(site, here)
    twin, zone = here.twin, here.twin.subject.zone
    middle = rows[len(rows) // 2]
    low, high, very_low = chances(made, twin)
    half, ends = middle.values[LEVELS.index(0.5)], _band(middle)
    minutes = (middle.target - made.issued) / MINUTE
    age = (site.now() - here.newest) / MINUTE
    lines = [
        f"As of {_clock(here.newest, zone)} ({age:.0f} min ago), {made.model}:",
        "",
        "| at | median | 90 % interval |",
        "| --- | --- | --- |",
        *(f"| {_clock(row.target, zone)} | {row.values[LEVELS.index(0.5)]:.0f} | {_words(row)} |" for row in rows),
        "",
        f"At some time until {_clock(made.issued + AHEAD, zone)}: below {LOW.value:g} {LOW.unit} {percent(low)}, below "
        f"{VERY_LOW.value:g} {percent(very_low)}, above {HIGH.value:g} {percent(high)}, if nothing is given or eaten "
        "that is not known yet.",
        "",
        f"Track record: {_record(here, minutes)}.",
        *([f"The twin is stale: {made.stale}."] if made.stale else []),
        "",
        "A forecast of a model, not a measurement.  Not a medical device.",
    ]
    return Card(
        uuid=str(uuid4()), indicator=_indicator(rows, rules, made.issued), source=source_of(here, base),
        summary=f"Glucose in {minutes:.0f} min: {half:.0f} mg/dL ({ends[0]:.0f} to {ends[1]:.0f}); within 2 h below "
        f"{LOW.value:g}: {percent(low)}, above {HIGH.value:g}: {percent(high)}",
        detail="\n".join(lines), overrideReasons=REASONS, links=links_of(here, base),
    )  # fmt: skip


def chances(made: Forecast, twin: Twin) -> tuple[float, float, float]:
    """Probability that glucose [mg/dL] is at some time below 70, above 180, below 54."""
    column = made.column("glucose")
    course = np.asarray(made.paths)[:, :, column]
    lowest, highest = course.min(axis=1), course.max(axis=1)
    events = (lowest < LOW.value, highest > HIGH.value, lowest < VERY_LOW.value)
    low, high, very_low = (made.probability(event) for event in events)
    return low, high, very_low


def source_of(here: Present, base: str) -> Source:
    """Where the card's guidance comes from."""
    return Source(label=f"gemel: {here.twin.model.card.title}", url=f"{base}/api/models/{here.model}/card")


def links_of(here: Present, base: str) -> tuple[Link, ...]:
    """Where to read on."""
    card = Link(label="Model card", url=f"{base}/api/models/{here.model}/card")
    return (card, Link(label="Track record", url=f"{base}/api/twins/{here.twin.id}/record")) if here.lives else (card,)


def _made(site: Site, here: Present) -> tuple[Forecast, list[Row]]:
    """The forecast, and what a sensor would read at the horizons."""
    own = here.twin
    if here.lives and own.now == site.standing(own.id).twin.now:
        issued = site.forecast(own.id, own.now + AHEAD)
        rows = [
            _row(r.unit, r.target, list(r.quantiles.values())) for r in issued.rows if r.observable == "glucose"
        ]  # fmt: skip
        return issued.forecast, rows
    ahead = sorted({*range(AHEAD // STEPS, AHEAD + 1, AHEAD // STEPS), *HORIZONS})
    (made,) = forecast_all([own], AHEAD, [None], ahead=ahead)
    table, times = np.asarray(made.quantile("glucose", LEVELS)), np.asarray(made.times).tolist()
    unit = made.observables[made.column("glucose")].unit
    return made, [_row(unit, own.now + h, table[:, times.index(own.now + h)].tolist()) for h in HORIZONS]


def _row(unit: str, target: Instant, values: Sequence[float]) -> Row:
    return Row(observable="glucose", unit=unit, target=target, levels=LEVELS, values=tuple(values))


def _band(row: Row) -> tuple[float, float]:
    return row.values[LEVELS.index(0.05)], row.values[LEVELS.index(0.95)]


def _words(row: Row) -> str:
    low, high = _band(row)
    return f"{low:.0f} to {high:.0f} {row.unit}"


def _clock(at: Instant, zone: str) -> str:
    return text(at, zone)[11:16]


def _record(here: Present, minutes: float) -> str:
    """How right forecasts of this patient so far ahead have been, in words."""
    if not here.lives:
        return "none of this patient; the twin was made for this card, from the readings that were sent"
    own = [row for row in here.record if round(row.horizon_minutes) == round(minutes)]
    return own[0].words if own else "none yet so far ahead"


def _indicator(rows: Sequence[Row], rules: Rules, issued: Instant) -> Severity:
    """The severity of the worst alert rule that the forecast meets; 'info' where it meets none."""
    met: list[Severity] = ["info"]
    for rule in rules.of("forecast"):
        found = judge_rows(rule, rows, issued)
        if found is not None and found[0] >= rule.probability:
            met.append(rule.severity)
    return max(met, key=RANK.__getitem__)
