"""Forecasts as they leave a site's fleets, and which of them go into the ledger.

Every forecast that leaves says whether it is in the ledger.  The policy: of each live twin at most one forecast in five
minutes of its time is written, at the usual horizons, and at most `MOST` twins' in one go, those first that have waited
longest; of twins whose past week has to be read from the store first, one in a go.  (A twin that hears from its sensor
every second would else fill 260,000 rows a day with forecasts that are judged by the same readings.)  What is shown is
widened as the ledger's own rows are.

The site's turn is taken twice, to begin and to decide what is written; between the two the twins go on.  What a
forecast says is of the instant at which it was begun, its rows too.  The forecast of a twin that has left its seat
meanwhile (it was described anew, met a late fact, was asked for) is neither written nor told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import final

import numpy as np

from ..core.array import Array
from ..core.clock import MINUTE
from ..core.fact import Instant
from ..core.ledger import LEVELS, IssuedForecast
from .fleet import Fleet
from .fleet_admit import recall
from .fleet_forecast import Crew, Paths, as_forecast, crew_of, paths_of
from .keeper import Keeper
from .ledger.desk import Desk
from .ledger.rows import HORIZONS, Origin
from .ledger.truth import Readings
from .ledger.widen import between, widened

__all__ = ["AHEAD", "EVERY", "Begun", "Outlook", "Outlooks"]

AHEAD = tuple(k * 30 * MINUTE for k in range(1, 5))
"""Times ahead [us] that a live forecast tells."""
EVERY: Instant = 5 * MINUTE
"""Least time between two entries of a twin in the ledger."""
MOST = 16
"""Twins whose forecasts are written in one go."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """A live twin's forecast, two hours ahead: `quantiles` of a reading (time ahead, `LEVELS`) by observable, as shown;
    `now` (mean, 5 %, 95 %) of the hidden value; ids of its rows in the ledger, none when it is not in it."""

    twin: str
    subject: str
    model: str
    version: str
    issued: Instant
    quantiles: Mapping[str, Array]
    now: Mapping[str, tuple[float, float, float]]
    units: Mapping[str, str]
    ledger: tuple[str, ...]
    stale: str


@dataclass(frozen=True, slots=True)
class Begun:
    """A crew whose forecasts are to be made; `seen`: by place of those to be written, the last week's readings by
    observable."""

    crew: Crew
    seen: Mapping[int, Mapping[str, Readings]]


@dataclass(frozen=True, slots=True)
class Told:
    """What a forecast is told with: its rows in the ledger, and how much wider than computed it is shown."""

    rows: Sequence[IssuedForecast]
    widths: Mapping[str, Mapping[Instant, float]]


@final
class Outlooks:
    """Makes forecasts of fleets' twins, and keeps the ledger's part of them."""

    def __init__(self, keeper: Keeper, desk: Desk, site: str) -> None:
        self._keeper, self._desk, self._site = keeper, desk, site

    def begun(self, fleet: Fleet, numbers: Sequence[int]) -> Begun:
        """Begin to forecast the twins on these seats, in the site's turn."""
        seats = {t: fleet.seats[number] for t, number in enumerate(numbers)}
        due = [t for t, seat in seats.items() if seat.at - seat.written >= EVERY]
        due.sort(key=lambda t: seats[t].written)
        unread = [t for t in due if not seats[t].recalled]
        seen: dict[int, Mapping[str, Readings]] = {}
        for t in [t for t in due if t not in unread[1:]][:MOST]:
            seat = seats[t]
            if not seat.recalled:
                recall(self._keeper, fleet.model, seat)
            seen[t] = {q.name: seat.recent(i).readings(seat.at) for i, q in enumerate(fleet.model.observables)}
        return Begun(crew_of(fleet, numbers), seen)

    def made(self, begun: Begun, turn: AbstractContextManager[object]) -> list[Outlook]:
        """Make the forecasts; what belongs in the ledger is durable when it returns.  `turn` is the site's, which is
        not to be held by who calls."""
        paths = paths_of(begun.crew, AHEAD)
        with turn:
            told = self._told(begun, paths)
        rows = [row for one in told.values() for row in one.rows]
        if rows:
            self._keeper.store.issue(rows, self._keeper.caller)
        mean, band = (np.asarray(a).tolist() for a in paths.present())
        return [
            _outlook(begun.crew.fleet, paths, t, ([row[t] for row in (mean, *band)], one)) for t, one in told.items()
        ]

    def _told(self, begun: Begun, paths: Paths) -> dict[int, Told]:
        """By place, those forecasts that can be told, of twins that are where they were begun."""
        fleet, found = begun.crew.fleet, dict[int, Told]()
        for t in np.flatnonzero(np.asarray(paths.sound)).tolist():
            outset = paths.outsets[t]
            if outset.kept(fleet):
                rows = self._issued(begun, paths, t) if t in begun.seen else ()
                found[t] = Told(rows, outset.seat.widths)
        return found

    def _issued(self, begun: Begun, paths: Paths, t: int) -> list[IssuedForecast]:
        """The rows of one forecast, not written yet."""
        outset, fleet, seen = paths.outsets[t], begun.crew.fleet, begun.seen[t]
        seat, twin = outset.seat, outset.seat.standing.twin
        origin = Origin(twin, seat.standing.birth.model, self._site, outset.facts_hash)
        rows = self._desk.rows(
            origin, as_forecast(fleet, paths, t), None, wanted=[outset.at + after for after in HORIZONS], seen=seen
        )
        seat.widths = {
            name: {ahead: width for (own, ahead), width in self._desk.widths(twin.id, fleet.model.card.version).items()
                   if own == name and width != 1.0}
            for name in seen
        }  # fmt: skip
        seat.written = outset.at
        return rows


def _outlook(fleet: Fleet, paths: Paths, t: int, told: tuple[Sequence[Sequence[float]], Told]) -> Outlook:
    (mean, low, high), own = told
    outset, model = paths.outsets[t], fleet.model
    standing, quantiles = outset.seat.standing, dict[str, Array]()
    for i, q in enumerate(model.observables):
        if q.span == "interval":
            continue
        table = np.asarray(paths.quantiles)[:, t, 1:, i].T
        widths = own.widths.get(q.name)
        if widths:
            table = np.stack([
                widened(q, raw, LEVELS, between(widths, ahead)) for raw, ahead in zip(table, AHEAD, strict=True)
            ])  # fmt: skip
        quantiles[q.name] = table
    return Outlook(
        twin=standing.twin.id, subject=standing.twin.subject.id, model=standing.birth.model,
        version=model.card.version, issued=outset.at, quantiles=quantiles,
        units={q.name: q.unit for q in model.observables},
        now={q.name: (mean[i], low[i], high[i]) for i, q in enumerate(model.observables)},
        ledger=tuple(row.id for row in own.rows), stale=standing.twin.stale,
    )  # fmt: skip
