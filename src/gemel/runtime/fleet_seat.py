"""A seat of a fleet: everything of one live twin but its belief, and what one instant's facts mean to it.

Plain readings of a unit that the model uses itself, inside every limit, are read here; anything else goes the way it
goes for a twin alone (`verbs.news`, `runtime.fault`), so that the two can never differ.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import final

from ..core.clock import MINUTE
from ..core.drive import InputEvent, grid_hours, grid_ticks
from ..core.errors import PlanError, SupportError, UnitError
from ..core.fact import Exact, Fact, Instant, Observation, Rejected
from ..core.model import Model
from ..core.twin import Cursor
from ..core.units import convert
from ..ingest.codes import table
from ..verbs.news import read
from .fault import fault, refused
from .fleet_recent import Recent
from .standing import Standing

__all__ = ["REMEMBERED", "Meaning", "Reader", "Seat", "moved"]

NEVER: Instant = -(2**62)
REMEMBERED = 4096
"""Facts whose ids a seat remembers, to know an amendment from a new fact."""


@dataclass(slots=True)
class Seat:
    """A live twin: `standing` as it was taken in, without its belief; then where it stands now.

    `queue` holds facts that wait, each with the subject's record number before the write it came in; `last` is the
    last record that was looked at.  `past` are recent readings by observable (all of the last week once they
    are `recalled`), `written` where it stood when a forecast
    last went into the ledger, `saved` when it was last saved, `widths` how much wider forecasts are shown.
    """

    standing: Standing
    at: Instant
    rates: tuple[float, ...]
    pending: tuple[InputEvent, ...]
    used: int
    facts_hash: str
    last: int
    evidence: tuple[float, ...] = ()
    queue: list[tuple[Fact, int]] = field(default_factory=list[tuple[Fact, int]])
    known: array[int] = field(default_factory=lambda: array("q"))
    past: dict[int, Recent] = field(default_factory=dict[int, Recent])
    recalled: bool = False
    written: Instant = NEVER
    saved: Instant = NEVER
    widths: Mapping[str, Mapping[Instant, float]] = field(default_factory=dict[str, Mapping[Instant, float]])

    @property
    def upto(self) -> int:
        """Every record up to this number is in the belief, or can never be."""
        return min((before for _, before in self.queue), default=self.last)

    def knows(self, fact: Fact) -> bool:
        """Whether a fact of this id came already, as far as the seat remembers; from now on it does."""
        if hash(fact.id) in self.known:
            return True
        self.remember(fact.id)
        return False

    def remember(self, name: str) -> None:
        """A fact of this id came."""
        self.known.append(hash(name))
        if len(self.known) > REMEMBERED:
            del self.known[: REMEMBERED // 2]

    def recent(self, observable: int) -> Recent:
        """The readings of the last week of one observable."""
        return self.past.setdefault(observable, Recent())

    def portion(self) -> tuple[Fact, ...]:
        """Take the facts of the first instant that waits."""
        first = self.queue[0][0].at
        count = next((i for i, (fact, _) in enumerate(self.queue) if fact.at != first), len(self.queue))
        taken = tuple(fact for fact, _ in self.queue[:count])
        del self.queue[:count]
        return taken

    @property
    def cursor(self) -> Cursor:
        """The twin's place in time."""
        return Cursor(self.at, self.standing.twin.cursor.epoch, self.rates, self.pending, self.used)


@dataclass(slots=True)
class Meaning:
    """What the facts of one instant mean to the twin on a seat.

    `readings` are (observable, low, high, instrument sd), `events` changes of input known before or now, `cuts` the
    ends of the segments on the way, `minutes` their lengths in solver steps' units, `most` how often one observable was
    read, `used` how many facts the model takes.
    """

    number: int
    seat: Seat
    facts: tuple[Fact, ...]
    readings: Sequence[tuple[int, float, float, float]]
    covariates: dict[int, float]
    events: Sequence[InputEvent]
    used: int
    most: int
    ticks: dict[Instant, int]
    cuts: list[Instant]

    @property
    def shape(self) -> tuple[tuple[int, ...], int]:
        """Twins of equal shape take the same solver steps, and so go together (as in `catch_up`)."""
        return tuple(-(-(b - a) // MINUTE) for a, b in zip(self.cuts, self.cuts[1:], strict=False)), self.most


@final
class Reader:
    """Reads facts for the twins of one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.grid = grid_hours((*model.parameters, *model.smooth))
        self._plain = _plain(model)

    def meaning(self, number: int, seat: Seat, facts: tuple[Fact, ...]) -> tuple[Meaning, list[Rejected]]:
        """What a portion means, and the rows to keep of what the model cannot use."""
        at = facts[0].at
        readings: list[tuple[int, float, float, float]] = []
        for fact in facts:
            plain = self._read(fact)
            if plain is None:
                return self._slowly(number, seat, facts)
            readings.append(plain)
        most = 1 if len(readings) == 1 else max(Counter(i for i, *_ in readings).values())
        return self._cut(Meaning(number, seat, facts, readings, {}, seat.pending, len(facts), most, {}, []), at), []

    def _read(self, fact: Fact) -> tuple[int, float, float, float] | None:
        if not isinstance(fact, Observation) or fact.sd is not None or not isinstance(fact.value, Exact):
            return None
        found = self._plain.get((fact.code, fact.unit))
        if found is None or not found[1] <= fact.value.value <= found[2]:
            return None
        return found[0], fact.value.value, fact.value.value, float("nan")

    def _slowly(self, number: int, seat: Seat, facts: tuple[Fact, ...]) -> tuple[Meaning, list[Rejected]]:
        """As `catch_up` reads a portion for a twin alone."""
        twin, at = replace(seat.standing.twin, cursor=seat.cursor), facts[0].at
        found = [(fact, fault(self.model, fact)) for fact in facts]
        good = [fact for fact, reason in found if not reason]
        rejected = [refused(twin.id, fact, reason) for fact, reason in found if reason]
        try:
            news = read(twin, good, at)
        except (UnitError, SupportError, PlanError) as error:
            rejected += [refused(twin.id, fact, f"not usable: {error}") for fact in good]
            news = read(twin, (), at)
        readings = [(i, low, high, sd) for _, i, low, high, sd in news.readings]
        most = max([1, *Counter(i for i, *_ in readings).values()])
        meant = Meaning(number, seat, facts, readings, news.covariates, news.events, news.used, most, {}, [])
        return self._cut(meant, at), rejected

    def _cut(self, meant: Meaning, at: Instant) -> Meaning:
        start = meant.seat.at
        meant.ticks = grid_ticks(start, at, (meant.seat.standing.twin.cursor.epoch, self.grid))
        inner = {*meant.ticks, *(event.at for event in meant.events if start <= event.at < at)}
        meant.cuts = sorted({start, *inner, at}) if inner else [start, at]
        return meant


def moved(meant: Meaning, facts_hash: str) -> None:
    """Let the seat stand at the end of what it met (as `verbs.news.moved` does for a twin)."""
    seat, at = meant.seat, meant.cuts[-1]
    if meant.events:
        rates = list(seat.rates)
        for event in meant.events:
            if event.at < at and event.rate is not None:
                rates[event.input] = event.rate
        seat.rates = tuple(rates)
        seat.pending = tuple(event for event in meant.events if event.at >= at)
    for i, low, high, _ in meant.readings:
        if low == high:
            seat.recent(i).add(at, low)
    seat.at, seat.facts_hash = at, facts_hash
    seat.used += meant.used


def _plain(model: Model) -> dict[tuple[str, str], tuple[int, float, float]]:
    """By code and unit: which observable a plain reading is of, and the limits inside which nothing is wrong with it.

    Only for units that are the model's own; a code of a covariate too is left out.
    """
    others = {word for q in model.covariates for word in (*q.codes, q.name)}
    found: dict[tuple[str, str], tuple[int, float, float]] = {}
    for i, q in enumerate(model.observables):
        for code in (*q.codes, q.name):
            if code in others:
                continue
            low, high, entry = q.low, q.high, table().get(code)
            if entry is not None and entry.limits is not None:
                if entry.limits.unit != q.unit:
                    continue
                low, high = max(low, entry.limits.low), min(high, entry.limits.high)
            if convert(1.0, q.unit, q.unit, q.analyte) == 1.0:
                found[code, q.unit] = (i, max(low, -1e300), min(high, 1e300))
    return found
