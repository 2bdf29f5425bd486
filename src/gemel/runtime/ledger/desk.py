"""The ledger's desk at a site: it issues, settles and shows track records, and keeps who may speak.

It reads and writes the store and keeps books in memory; every rule is elsewhere in this package.  The figures of a
twin's siblings are renewed once an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ...core.clock import HOUR, MINUTE, text
from ...core.fact import Fact, Instant
from ...core.forecast import Forecast
from ...core.ledger import IssuedForecast, Scores
from ...core.model import Model
from ...core.plan import Plan
from ...core.ports import Caller, Store
from .alarm import Drift, drift
from .books import Book, Books
from .record import Group, Tally, TrackRecord, kinds_of, tallies, track
from .rows import Origin, rows_of
from .settle import since, verdicts
from .truth import Readings, readings
from .widen import factor

__all__ = ["Desk", "Paper"]

RENEWED: Final[Instant] = HOUR
"""Age at which siblings' figures are read again."""


@dataclass(frozen=True, slots=True)
class Paper:
    """What goes out with a forecast: its rows in the ledger, and the track record of each kind."""

    rows: tuple[IssuedForecast, ...]
    record: tuple[TrackRecord, ...]


class Desk:
    """The ledger of all twins of one store at one site, for one caller."""

    def __init__(self, store: Store, caller: Caller, site: str, now: Callable[[], Instant]) -> None:
        self.store, self.caller, self.site, self.now = store, caller, site, now
        self._books = Books(store, caller)
        self._widths: dict[str, tuple[int, dict[Group, float]]] = {}
        self._drifts: dict[str, tuple[int, Instant, list[Drift]]] = {}
        self._tallies: dict[str, dict[Group, Tally]] = {}
        self._renewed: Instant = -(2**62)

    def issue(
        self, origin: Origin, made: Forecast, plan: Plan | None, *, wanted: Sequence[Instant], facts: Iterable[Fact]
    ) -> Paper:
        """Write a forecast into the ledger at the wanted instants; `facts` are the subject's of the week before."""
        model = origin.twin.model
        held = list(facts)
        seen = {q.name: readings(model, q, held) for q in model.observables}
        rows = self.rows(origin, made, plan, wanted=wanted, seen=seen)
        self.store.issue(rows, self.caller)
        shown = {(row.observable, row.target - row.issued) for row in rows}
        record = [r for r in self.record(origin.twin.id) if (r.observable, round(r.horizon_minutes * MINUTE)) in shown]
        return Paper(tuple(rows), tuple(record))

    def rows(
        self, origin: Origin, made: Forecast, plan: Plan | None, *, wanted: Sequence[Instant],
        seen: Mapping[str, Readings],
    ) -> list[IssuedForecast]:  # fmt: skip
        """A forecast as rows of the ledger, not written yet; `seen` are the readings of the week before."""
        widths = self.widths(origin.twin.id, origin.twin.model.card.version)
        return rows_of(origin, made, plan, wanted=wanted, seen=seen, widths=widths)

    def settle(
        self, twin: str, model: Model, held: Callable[[Instant, Instant], Sequence[Fact]], *,
        touched: Callable[[int], Instant | None], sequence: int, zone: str,
    ) -> Scores:  # fmt: skip
        """Score what is due, and look again at what changed; `touched` tells the earliest instant at which records
        after a number changed what holds.  Returns the new records, which are durable."""
        book = self._books.of(twin)
        start = since(book, touched(book.sequence))
        tables = self.store.waiting(twin, self.caller, since=start, after=book.upto)
        found = verdicts(model, tables, held, book=book, clock=(self.now(), sequence), zone=zone)
        if found.rows.size:
            self.store.score(twin, found, self.caller)
        return found

    def book(self, twin: str) -> Book:
        """A twin's scored forecasts."""
        return self._books.of(twin)

    def widths(self, twin: str, version: str) -> dict[tuple[str, Instant], float]:
        """By what factor the next band of each observable and horizon is shown wider than that of a model version."""
        book = self._books.of(twin)
        number, known = self._widths.get(twin, (-1, {}))
        if number != book.number:
            known = {
                (kind, horizon): factor(book.of(kind.observable, horizon, version=kind.version)["miss"])
                for kind, horizon in kinds_of(book)
            }
            self._widths[twin] = book.number, known
        return {(kind.observable, ahead): g for (kind, ahead), g in known.items() if kind.version == version}

    def drifts(self, twin: str) -> list[Drift]:
        """The alarm of each observable of a twin, since it was last closed."""
        book = self._books.of(twin)
        closed = max((s.at for s in self.store.switches(self.caller) if s.twin == twin), default=-(2**62))
        number, then, known = self._drifts.get(twin, (-1, 0, []))
        if (number, then) != (book.number, closed):
            names = dict.fromkeys(kind.observable for kind, _ in kinds_of(book))
            known = [drift(book, name, after=closed) for name in names]
            self._drifts[twin] = book.number, closed, known
        return known

    def alarms(self, twin: str, zone: str = "UTC") -> dict[str, str]:
        """What each ringing alarm of a twin says, by observable."""
        return {
            d.observable: f"since {text(d.since, zone)[:16].replace('T', ' ')} {d.observable} readings lie {d.heard} "
            "than they used to"
            for d in self.drifts(twin)
            if d.since is not None
        }

    def record(self, twin: str, zone: str = "UTC") -> list[TrackRecord]:
        """The track record of each kind of forecast of a twin, newest model version first at each horizon."""
        book = self._books.of(twin)
        others = [own for name, own in self._siblings().items() if name != twin]
        alarms = self.alarms(twin, zone)
        newest = {(kind.observable, horizon): (kind, horizon) for kind, horizon in kinds_of(book)}
        found: list[TrackRecord] = []
        for key, (kind, horizon) in newest.items():
            widening = self.widths(twin, kind.version).get(key, 1.0)
            drift = alarms.get(kind.observable, "")
            found.append(track(book, (kind, horizon), others, widening=widening, drift=drift))
        return found

    def _siblings(self) -> Mapping[str, dict[Group, Tally]]:
        """Figures of every twin of the store."""
        if self.now() - self._renewed >= RENEWED or self.now() < self._renewed:
            self._tallies = {name: tallies(self._books.of(name)) for name in self.store.twins(self.caller)}
            self._renewed = self.now()
        return self._tallies
