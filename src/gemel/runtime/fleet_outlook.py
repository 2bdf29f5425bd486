"""Forecasts as they leave a site's fleets, and which of them go into the ledger.

Every forecast that leaves says whether it is in the ledger.  The policy: of each live twin at most one forecast in five
minutes of its time is written, at the usual horizons, and at most `MOST` twins' in one go, those first that have waited
longest; of twins whose past week has to be read from the store first, one in a go.  (A twin that hears from its sensor
every second would else fill 260,000 rows a day with forecasts that are judged by the same readings.)  What is shown is
widened as the ledger's own rows are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from ..core.array import Array
from ..core.clock import MINUTE
from ..core.fact import Instant
from ..core.ledger import LEVELS, IssuedForecast
from .fleet import Fleet
from .fleet_admit import recall
from .fleet_forecast import Paths, as_forecast, paths_of
from .fleet_seat import Seat
from .keeper import Keeper
from .ledger.desk import Desk
from .ledger.rows import HORIZONS, Origin
from .ledger.widen import between, widened

__all__ = ["AHEAD", "EVERY", "Outlook", "Outlooks"]

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


@final
class Outlooks:
    """Makes forecasts of fleets' twins, and keeps the ledger's part of them."""

    def __init__(self, keeper: Keeper, desk: Desk, site: str) -> None:
        self._keeper, self._desk, self._site = keeper, desk, site

    def made(self, fleet: Fleet, numbers: Sequence[int]) -> list[Outlook]:
        """Forecast the twins on these seats; what belongs in the ledger is durable when it returns."""
        paths = paths_of(fleet, numbers, AHEAD)
        rows = self._rows(fleet, paths)
        if rows:
            self._keeper.store.issue([row for own in rows.values() for row in own], self._keeper.caller)
        mean, band = (np.asarray(a).tolist() for a in paths.present())
        return [
            self._outlook(fleet, paths, t, ([row[t] for row in (mean, *band)], rows.get(t, ())))
            for t in np.flatnonzero(np.asarray(paths.sound)).tolist()
        ]

    def _rows(self, fleet: Fleet, paths: Paths) -> dict[int, list[IssuedForecast]]:
        """The ledger's rows of those forecasts that are to be written, by place."""
        due = [t for t, seat in enumerate(paths.seats) if seat.at - seat.written >= EVERY and paths.sound[t]]
        due.sort(key=lambda t: paths.seats[t].written)
        found: dict[int, list[IssuedForecast]] = {}
        unread = [t for t in due if not paths.seats[t].recalled]
        for t in [t for t in due if t not in unread[1:]][:MOST]:
            seat = paths.seats[t]
            if not seat.recalled:
                recall(self._keeper, fleet.model, seat)
            found[t] = self._issued(fleet, seat, paths, t)
            seat.written = seat.at
        return found

    def _issued(self, fleet: Fleet, seat: Seat, paths: Paths, t: int) -> list[IssuedForecast]:
        twin = seat.standing.twin
        origin = Origin(twin, seat.standing.birth.model, self._site, seat.facts_hash)
        seen = {q.name: seat.recent(i).readings(seat.at) for i, q in enumerate(fleet.model.observables)}
        rows = self._desk.rows(
            origin, as_forecast(fleet, paths, t), None, wanted=[seat.at + after for after in HORIZONS], seen=seen
        )
        seat.widths = {
            name: {ahead: width for (own, ahead), width in self._desk.widths(twin.id, fleet.model.card.version).items()
                   if own == name and width != 1.0}
            for name in seen
        }  # fmt: skip
        return rows

    def _outlook(
        self, fleet: Fleet, paths: Paths, t: int, told: tuple[Sequence[Sequence[float]], Sequence[IssuedForecast]]
    ) -> Outlook:
        (mean, low, high), rows = told
        seat, model = paths.seats[t], fleet.model
        twin, quantiles = seat.standing.twin, dict[str, Array]()
        for i, q in enumerate(model.observables):
            if q.span == "interval":
                continue
            table = np.asarray(paths.quantiles)[:, t, 1:, i].T
            widths = seat.widths.get(q.name)
            if widths:
                table = np.stack([
                    widened(q, raw, LEVELS, between(widths, ahead)) for raw, ahead in zip(table, AHEAD, strict=True)
                ])  # fmt: skip
            quantiles[q.name] = table
        return Outlook(
            twin=twin.id, subject=twin.subject.id, model=seat.standing.birth.model, version=model.card.version,
            issued=seat.at, quantiles=quantiles, units={q.name: q.unit for q in model.observables},
            now={q.name: (mean[i], low[i], high[i]) for i, q in enumerate(model.observables)},
            ledger=tuple(row.id for row in rows), stale=twin.stale,
        )  # fmt: skip
