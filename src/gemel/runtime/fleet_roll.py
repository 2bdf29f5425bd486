"""The roll of live twins: which subject has which, and where each sits."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import final

from ..core.fact import Instant
from .fleet import Fleet, kind_of
from .fleet_seat import Seat
from .keeper import Keeper
from .standing import Standing

__all__ = ["Moved", "Place", "Roll", "told"]


@dataclass(frozen=True, slots=True)
class Moved:
    """A live twin that has taken in facts: where it stands, how many it has used, members failed, why it is stale."""

    twin: str
    subject: str
    model: str
    present: Instant
    used: int
    failed: int
    stale: str


@dataclass(frozen=True, slots=True)
class Place:
    """A seat in a fleet."""

    fleet: Fleet
    number: int

    @property
    def seat(self) -> Seat:
        """What sits there."""
        return self.fleet.seats[self.number]

    def told(self) -> Moved:
        """How the twin fares that sits there."""
        seat, twin = self.seat, self.seat.standing.twin
        failed = int(seat.evidence[3]) if seat.evidence else 0
        model = seat.standing.birth.model
        return Moved(twin.id, twin.subject.id, model, seat.at, seat.used, failed, seat.standing.stale)


def told(standing: Standing) -> Moved:
    """How a twin fares that the site keeps."""
    twin = standing.twin
    failed = 0 if twin.evidence is None else int(twin.evidence.failed[0])
    model = standing.birth.model
    return Moved(twin.id, twin.subject.id, model, twin.now, twin.cursor.used, failed, standing.stale)


@final
class Roll:
    """Fleets by kind, twins by subject; the store is asked once for each subject's."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._fleets: dict[Hashable, Fleet] = {}
        self._twins: dict[str, dict[str, Place | None]] = {}
        self._subjects: dict[str, str] = {}

    @property
    def fleets(self) -> list[Fleet]:
        """Every fleet."""
        return list(self._fleets.values())

    def seats(self) -> Iterator[tuple[str, Seat]]:
        """Every live twin."""
        for fleet in self._fleets.values():
            for seat in fleet.seats.values():
                yield seat.standing.twin.id, seat

    def names(self, subject: str) -> list[str]:
        """The twins of a subject, wherever they are."""
        if subject not in self._twins:
            found = self._keeper.store.twins(self._keeper.caller, subject)
            self._twins[subject] = dict.fromkeys(found)
            self._subjects.update(dict.fromkeys(found, subject))
        return list(self._twins[subject])

    def expect(self, twin: str, subject: str) -> None:
        """A subject has one more twin."""
        self.names(subject)
        self._twins[subject].setdefault(twin, None)
        self._subjects[twin] = subject

    def place(self, twin: str) -> Place | None:
        """Where a twin sits; None when it is in no fleet."""
        return self._twins.get(self._subjects.get(twin, ""), {}).get(twin)

    def set_down(self, standing: Standing) -> Place:
        """Give a twin a seat in the fleet of its kind."""
        twin, kind = standing.twin, kind_of(standing.twin)
        fleet = self._fleets.get(kind)
        if fleet is None:
            fleet = self._fleets[kind] = Fleet(twin)
        place = Place(fleet, fleet.take(standing))
        self.expect(twin.id, twin.subject.id)
        self._twins[twin.subject.id][twin.id] = place
        return place

    def take_out(self, twin: str) -> Standing | None:
        """Take a twin out of its fleet; None when it is in none."""
        place = self.place(twin)
        if place is None:
            return None
        self._twins[self._subjects[twin]][twin] = None
        return place.fleet.give(place.number)
