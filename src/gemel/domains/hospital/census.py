"""Who is where, now and at any past moment, kept from reports that may come late, twice, out of order or be taken back.

Every report is kept under its sender's number; a number seen before is ignored, so a feed may be sent again.  Patients
who turn out to be one (merges) share one history, whichever report came first.  A patient's places are worked out
anew from all their reports when one arrives (`stays`), so the order of arrival never matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int

from ...core.array import Array
from ...core.fact import Instant
from .stays import Movement, Placement, placements

__all__ = ["Census"]


class Census:
    """The movements told so far, and what follows from them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._same: dict[str, str] = {}
        self._reports: dict[str, list[Movement]] = {}
        self._places: dict[str, tuple[Placement, ...]] = {}
        self._stale: set[str] = set()
        self._wards: dict[str, None] = {}
        self.repeated = 0

    def add(self, movement: Movement) -> bool:
        """Take a report in; False when its number was seen before.  One message may report on several patients."""
        number = f"{movement.id}\x1f{movement.patient}"
        if number in self._known:
            self.repeated += 1
            return False
        self._known.add(number)
        if movement.ward:
            self._wards[movement.ward] = None
        if movement.merged:
            self._merge(self._root(movement.merged), self._root(movement.patient))
        own = self._root(movement.patient)
        self._reports.setdefault(own, []).append(movement)
        self._stale.add(own)
        return True

    def extend(self, movements: Iterable[Movement]) -> None:
        """Take in many."""
        for movement in movements:
            self.add(movement)

    @property
    def patients(self) -> int:
        """How many patients were reported on, merged ones counted once."""
        return len(self._reports)

    @property
    def wards(self) -> tuple[str, ...]:
        """Every ward that was ever named, in order of first mention, and `UNASSIGNED` once someone is."""
        self._refresh()
        return tuple(dict.fromkeys([*self._wards, *(p.ward for own in self._places.values() for p in own)]))

    def placements(self) -> tuple[Placement, ...]:
        """Every place of every patient: what length of stay and routing are learned from."""
        self._refresh()
        return tuple(p for own in self._places.values() for p in own)

    def present(self, at: Instant) -> tuple[Placement, ...]:
        """Who is in at this moment, where and since when; whoever comes at it is in, whoever leaves at it is out."""
        return tuple(p for p in self.placements() if p.start <= at and (p.end is None or at < p.end))

    def counts(self, moments: Sequence[Instant]) -> dict[str, Int[Array, "t"]]:
        """Patients in each ward at each of the moments [us], shape (t,)."""
        at = np.array(moments, dtype=np.int64)
        never = np.iinfo(np.int64).max
        starts: dict[str, list[Instant]] = {ward: [] for ward in self.wards}
        ends: dict[str, list[Instant]] = {ward: [] for ward in self.wards}
        for place in self.placements():
            starts[place.ward].append(place.start)
            ends[place.ward].append(never if place.end is None else place.end)
        return {ward: _passed(starts[ward], at) - _passed(ends[ward], at) for ward in starts}

    def _refresh(self) -> None:
        for own in self._stale:
            self._places[own] = placements(own, self._reports[own])
        self._stale.clear()

    def _root(self, patient: str) -> str:
        """The patient under which the history of this one is kept."""
        while (survivor := self._same.get(patient, patient)) != patient:
            patient = survivor
        return patient

    def _merge(self, gone: str, stays: str) -> None:
        if gone == stays:
            return
        self._same[gone] = stays
        self._reports.setdefault(stays, []).extend(self._reports.pop(gone, []))
        self._places.pop(gone, None)
        self._stale.discard(gone)
        self._stale.add(stays)


def _passed(moments: list[Instant], at: Int[Array, "t"]) -> Int[Array, "t"]:
    """How many of the moments lie at or before each of the given ones."""
    return np.searchsorted(np.sort(np.array(moments, dtype=np.int64)), at, side="right")
