"""The live twins of a site: those that a fleet can keep in fleets, the others ticked by the site as ever.

Facts are durable before they come here, so nothing is lost with this process: what a belief has taken in since its
last checkpoint is taken in again from the store.  Each twin is saved once an hour of its time, at its own minute of
the hour, and when the service stops.  A twin is set down in a fleet when news of its subject comes, and goes back to
the site when a verb asks for it, or when a fact comes that a fleet cannot take in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock, RLock
from typing import final
from zlib import crc32

from ..core.clock import HOUR
from ..core.errors import GemelError
from ..core.fact import Fact, Instant
from ..core.writing import Committed, Write
from .fleet import CREW, Fleet, crews, fits
from .fleet_admit import revived
from .fleet_outlook import AHEAD, Outlook, Outlooks
from .fleet_roll import Moved, Place, Roll, told
from .fleet_seat import REMEMBERED, Seat
from .fleet_warm import warm
from .freeze import freeze
from .keeper import Keeper
from .night import EVERY as REFIT
from .standing import Standing

__all__ = ["Fleets", "Moved"]

SAVED: Instant = HOUR
"""How much of its time a live twin lives between two checkpoints."""


@final
class Fleets:
    """Threads may share it: every call holds the site's turn, but for the long part of `forecast`."""

    def __init__(
        self, keeper: Keeper, outlooks: Outlooks, turn: RLock, *, now: Callable[[], Instant],
        tick: Callable[[Sequence[str]], object],
    ) -> None:  # fmt: skip
        self._keeper, self._outlooks, self._turn, self._now, self._tick = keeper, outlooks, turn, now, tick
        self._roll, self._forecasting = Roll(keeper), Lock()
        self._outside: dict[str, None] = {}
        self._owed: dict[str, None] = {}
        self._unsaved: dict[str, None] = {}
        self._warmed: set[int] = set()
        self.problems: dict[str, str] = {}

    @property
    def live(self) -> int:
        """Twins in fleets."""
        return sum(len(fleet.seats) for fleet in self._roll.fleets)

    @property
    def owed(self) -> int:
        """Twins that have moved since they were last forecast."""
        return len(self._owed)

    @property
    def waiting(self) -> int:
        """Twins with facts that are not taken in yet, be it that these have not happened yet."""
        return len(self._outside) + sum(fleet.waiting for fleet in self._roll.fleets)

    @property
    def behind(self) -> bool:
        """Whether facts that have happened wait."""
        end = self._now()
        return bool(self._outside) or any(fleet.ready(end, 1) for fleet in self._roll.fleets)

    # news

    def expect(self, twin: str, subject: str) -> None:
        """There is a new twin of a subject."""
        with self._turn:
            self._roll.expect(twin, subject)
            self._outside[twin] = None

    def look(self, twin: str) -> None:
        """Look at a twin at the next tick, news or not."""
        with self._turn:
            self._outside[twin] = None

    def forget(self, subject: str) -> None:
        """The subject is described anew: its twins go back to their checkpoints."""
        with self._turn:
            for twin in self._roll.names(subject):
                if self._leave(twin) is not None:
                    self._outside[twin] = None

    def wake(self, subject: str) -> None:
        """Look at a subject's twins at the next tick, news or not: after a start, facts may wait for them."""
        with self._turn:
            self._outside.update((name, None) for name in self._roll.names(subject) if self._roll.place(name) is None)

    def arrive(self, writes: Iterable[tuple[Write, Committed]]) -> None:
        """What has become durable."""
        with self._turn:
            for write, done in writes:
                if write.enrol is not None and self._roll.names(write.subject):
                    if self._keeper.subject(write.subject) != write.enrol:
                        self._keeper.forget(write.subject)
                        self.forget(write.subject)
                if done.accepted and write.facts:
                    for twin in self._roll.names(done.subject):
                        self._arrive(twin, write.facts, done)

    def doubt(self, writes: Iterable[tuple[Write, Committed]]) -> None:
        """These may or may not have been taken in: their subjects' twins go back to the site, which is to look."""
        with self._turn:
            for _, done in writes:
                for twin in self._roll.names(done.subject):
                    place = self._roll.place(twin)
                    if place is not None:
                        place.seat.last = min(place.seat.last, done.last - done.accepted)
                    self._back(twin)

    def _arrive(self, twin: str, facts: Sequence[Fact], done: Committed) -> None:
        place = self._roll.place(twin)
        if place is None:
            self._outside[twin] = None
        elif not place.fleet.arrive(place.number, facts, before=done.last - done.accepted, last=done.last):
            self._back(twin)

    # time

    def tick(self, most: int = 4 * CREW) -> list[Moved]:
        """Take in one instant of at most `most` twins of each kind; who has moved.  Nobody has when nothing waits."""
        with self._turn:
            names = list(islice(self._outside, CREW))
            moved = self._look_at(names)
            end = self._now()
            for fleet in self._roll.fleets:
                gone, left = fleet.step(fleet.ready(end, most), self._keeper.refuse)
                for name in [fleet.seats[number].standing.twin.id for number in left]:
                    self._back(name)
                for number in gone:
                    seat = fleet.seats[number]
                    moved.append(Place(fleet, number).told())
                    self._owed[seat.standing.twin.id] = None
                    if seat.saved // SAVED != _shifted(seat) // SAVED:
                        self._unsaved[seat.standing.twin.id] = None
            return moved

    def forecast(self, most: int = CREW) -> list[Outlook]:
        """Forecasts of at most `most` twins that have moved since their last; those first that have waited longest.

        One call at a time; while it computes, other calls go on.  Not to be called by who holds the site's turn.
        """
        with self._forecasting:
            with self._turn:
                begun = [
                    self._outlooks.begun(fleet, crew) for fleet, numbers in self._debts(most) for crew in crews(numbers)
                ]
            return [outlook for one in begun for outlook in self._outlooks.made(one, self._turn)]

    def _debts(self, most: int) -> list[tuple[Fleet, list[int]]]:
        """The seats whose twins are owed a forecast, which from now on they are not."""
        groups: dict[int, tuple[Fleet, list[int]]] = {}
        for name in list(islice(self._owed, most)):
            del self._owed[name]
            place = self._roll.place(name)
            if place is not None:
                groups.setdefault(id(place.fleet), (place.fleet, []))[1].append(place.number)
        return list(groups.values())

    def _look_at(self, names: Sequence[str]) -> list[Moved]:
        """Set twins outside down in a fleet, or let the site tick them first."""
        for name in names:
            del self._outside[name]
        moved: list[Moved] = []
        for name in [name for name in names if not self._revive(name)]:
            try:
                before = self._keeper.standing(name)
                self._tick([name])
                standing = self._keeper.standing(name)
            except GemelError as error:
                self.problems[name] = str(error)
                continue
            self.problems.pop(name, None)
            if standing.twin is not before.twin:
                moved.append(told(standing))
                self._owed[name] = None
            if fits(standing):
                ahead, ids = self._keeper.ahead(standing), self._keeper.met(standing, REMEMBERED // 2)
                self._keeper.let_go(name)
                place = self._set_down(standing)
                own = {fact.id for fact in ahead}
                for known in ids:
                    if known not in own:
                        place.seat.remember(known)
                if not place.fleet.arrive(place.number, ahead, before=0, last=standing.sequence):
                    self._back(name)
        return moved

    def _revive(self, name: str) -> bool:
        """Set a twin down from its checkpoint and the records after it; False where that does not do."""
        if self._roll.place(name) is not None:
            return True
        try:
            found = revived(self._keeper, name)
        except GemelError:
            return False  # the site says why
        if found is None or not fits(found[0]):
            return False
        place = self._set_down(found[0])
        place.seat.last, place.seat.saved = found[0].upto, _shifted(place.seat)
        for number, fact in found[1]:
            if number <= found[0].upto:
                place.seat.remember(fact.id)
            elif not place.fleet.arrive(place.number, [fact], before=number - 1, last=number):
                self._leave(name)
                return False
        return True

    def _set_down(self, standing: Standing) -> Place:
        place = self._roll.set_down(standing)
        place.seat.saved = _shifted(place.seat) - 1  # as if long saved, for the hour; not for `all_due`
        return place

    # what is wanted besides

    @property
    def cold(self) -> bool:
        """Whether a fleet is there of which nothing was compiled ahead."""
        return len(self._warmed) < len(self._roll.fleets)

    def unwarmed(self) -> list[Iterator[Callable[[], object]]]:
        """What is to be compiled for fleets that were not asked about before."""
        with self._turn:
            new = [fleet for fleet in self._roll.fleets if id(fleet) not in self._warmed]
            self._warmed.update(id(fleet) for fleet in new)
            return [warm(fleet, self._turn, AHEAD) for fleet in new]

    def tired(self) -> list[str]:
        """Twins that want a refit: stale, or with a refit engine and a day since the last."""
        with self._turn:
            return [name for name, seat in self._roll.seats() if _tired(seat)]

    def spoken(self) -> list[str]:
        """Twins of which this process has written forecasts into the ledger."""
        with self._turn:
            return [name for name, seat in self._roll.seats() if seat.recalled]

    # checkpoints, and handing back

    def save(self, most: int) -> int:
        """Save at most `most` twins that are due; how many remain."""
        with self._turn:
            names = list(islice(self._unsaved, most))
            places = [place for name in names if (place := self._roll.place(name)) is not None]
            if places:
                frozen = [freeze(place.fleet.standing(place.number)) for place in places]
                self._keeper.store.save_all(frozen, self._keeper.caller)
            for place in places:
                place.seat.saved = _shifted(place.seat)
            for name in names:
                del self._unsaved[name]
            return len(self._unsaved)

    def all_due(self) -> int:
        """Count every twin that has moved since it was last saved as due; how many there are."""
        with self._turn:
            for fleet in self._roll.fleets:
                moved = (seat for seat in fleet.seats.values() if seat.saved != _shifted(seat))
                self._unsaved.update(dict.fromkeys(seat.standing.twin.id for seat in moved))
            return len(self._unsaved)

    def give(self, twin: str) -> Standing | None:
        """Hand a twin back to the site; None when it is in no fleet."""
        with self._turn:
            return self._leave(twin)

    def _back(self, twin: str) -> None:
        """Back to the site, which is to look at it."""
        standing = self._leave(twin)
        if standing is not None:
            self._keeper.hold(standing)
        self._outside[twin] = None

    def _leave(self, twin: str) -> Standing | None:
        self._owed.pop(twin, None)
        self._unsaved.pop(twin, None)
        return self._roll.take_out(twin)


def _tired(seat: Seat) -> bool:
    refit = seat.standing.twin.inference.refit
    return bool(seat.standing.stale) or (refit is not None and seat.at - seat.standing.refitted >= REFIT)


def _shifted(seat: Seat) -> Instant:
    """Where a twin stands, moved by its own part of the hour, so that not all are saved in one minute."""
    return seat.at + crc32(seat.standing.twin.id.encode()) % SAVED
