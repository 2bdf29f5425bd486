"""A fleet: live twins of one kind (model, engine, settings, size) on shared arrays, moved many at a time.

A tick takes the facts of the twins that have news, one instant of each at a time, and moves twins whose portions have
one shape together: as `catch_up` does, with the same numbers, but no object per twin is made on the way.  Groups are
cut and padded to three sizes, so that little is ever compiled: a compiled kernel takes 30 MB.  What a fleet cannot do
exactly as a twin alone would (a fact that comes late or amends another, a belief that collapses) it does not do: the
twin is handed back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar, final

import numpy as np
from jaxtyping import UInt64

from ..core.array import Array
from ..core.belief import Belief, Evidence, Posterior
from ..core.draws import mix, purpose
from ..core.errors import GemelError
from ..core.fact import Fact, Instant, Rejected, Status
from ..core.model import Absorbs
from ..core.twin import Twin
from ..numerics.flow import swift
from .fleet_seat import Meaning, Reader, Seat, moved
from .fleet_stack import Stack
from .fleet_windows import window_of
from .records import chain, codes_of
from .standing import Standing

__all__ = ["CREW", "SIZES", "Fleet", "crews", "fits", "kind_of", "padded"]

SIZES = (8, 32, 128)
"""Twins in one call; beyond, the arrays of a call leave the cache."""
LEAST = {8: 1, 32: 17, 128: 97}
"""From how many twins on a size costs less than several of the next smaller one (measured: a tick and a forecast take
17, 43 and 154 ms of processor time at 8, 32 and 128)."""
CREW = SIZES[-1]

T = TypeVar("T")
Refuse = Callable[[Standing, Sequence[Rejected]], None]


def kind_of(twin: Twin) -> Hashable:
    """Twins of one kind go through the engine together."""
    return twin.model, twin.inference, tuple(sorted(twin.settings.items())), twin.members


def fits(standing: Standing) -> bool:
    """Whether a fleet can keep this twin: its belief has not collapsed, and no fact sets its model's state."""
    return not standing.collapsed and not isinstance(standing.twin.model, Absorbs)


@final
class Fleet:
    """Seats by number.  `first` is a twin of the kind, which says what they share."""

    def __init__(self, first: Twin) -> None:
        self.model, self.engine, self.fixed = first.model, first.inference.live, first.fixed
        self.swift = swift(first.model)
        self.codes, self.reader = codes_of(first.model), Reader(first.model)
        self.stack, self.seats = Stack(), dict[int, Seat]()
        self._free: list[int] = []
        self._waiting: dict[int, None] = {}

    # seats

    def take(self, standing: Standing) -> int:
        """Set a twin down; the number of its seat."""
        twin, own = standing.twin, standing.twin.cursor
        number = self._free.pop() if self._free else len(self.seats)
        self.stack.put(number, twin.belief)
        hollow = replace(twin, belief=_hollow(twin.belief), evidence=None)
        pending = tuple(sorted(own.pending, key=lambda event: event.at))
        seat = Seat(
            replace(standing, twin=hollow), own.at, own.rates, pending, own.used, standing.facts_hash,
            standing.sequence, _weighed(twin.evidence),
        )  # fmt: skip
        self.seats[number] = seat
        return number

    def standing(self, number: int) -> Standing:
        """The twin on a seat as the site keeps one: a copy."""
        seat = self.seats[number]
        belief = self.stack.rows(np.array([number]), seat.at)
        twin = replace(seat.standing.twin, belief=belief, cursor=seat.cursor, evidence=_evidence(seat.evidence))
        return replace(
            seat.standing, twin=twin, sequence=seat.upto, facts_hash=seat.facts_hash, upto=seat.upto,
        )  # fmt: skip

    def give(self, number: int) -> Standing:
        """Hand a twin back; its seat is free.  Facts that waited on it are left to the store."""
        standing = self.standing(number)
        del self.seats[number]
        self._waiting.pop(number, None)
        self._free.append(number)
        return standing

    # facts

    def arrive(self, number: int, facts: Sequence[Fact], *, before: int, last: int) -> bool:
        """Facts that have become durable, those of the subject's records before + 1 to last.

        False when they hold one that the fleet cannot take in: a late one, an amendment, one that is not final.  Then
        the twin is to be handed back.
        """
        seat, came = self.seats[number], [fact for fact in facts if fact.code in self.codes]
        for fact in came:
            if fact.status is not Status.FINAL or fact.at <= seat.at or seat.knows(fact):
                seat.last = min(seat.last, before)
                return False
            seat.queue.append((fact, before))
        if came:
            if len(seat.queue) > 1:
                seat.queue.sort(key=lambda one: (one[0].at, one[0].id))
            self._waiting[number] = None
        seat.last = max(seat.last, last)
        return True

    @property
    def waiting(self) -> int:
        """Twins on whose seats facts wait."""
        return len(self._waiting)

    def ready(self, until: Instant, most: int) -> list[int]:
        """At most `most` seats on which facts wait that have happened."""
        happened = (number for number in self._waiting if self.seats[number].queue[0][0].at <= until)
        return list(islice(happened, most))

    # time

    def step(self, ready: Iterable[int], refuse: Refuse) -> tuple[list[int], list[int]]:
        """One instant of each of these seats: which have moved, and which are to be handed back."""
        groups: dict[Hashable, list[Meaning]] = defaultdict(list)
        for number in ready:
            seat = self.seats[number]
            meant, rejected = self.reader.meaning(number, seat, seat.portion())
            if rejected:
                refuse(seat.standing, rejected)
            groups[meant.shape].append(meant)
        gone: list[int] = []
        left: list[int] = []
        for group in groups.values():
            for crew in crews(group):
                numbers = [meant.number for meant in crew]
                (gone if self._crew(crew) else left).extend(numbers)
        for number in gone:
            if not self.seats[number].queue:
                del self._waiting[number]
        return gone, left

    def _crew(self, crew: Sequence[Meaning]) -> bool:
        """Move twins of one shape in one call; False, and nothing has moved, when it does not go through."""
        all_of = padded(crew)
        belief, keys = self.beliefs([meant.number for meant in all_of])
        _tell(belief, all_of)
        window = window_of(all_of, len(self.model.observables), belief.covariates)
        try:
            posterior = self.engine.assimilate(self.model, belief, window, self.fixed, keys)
        except GemelError:
            return False
        self.stack.set([meant.number for meant in crew], posterior.belief)
        for meant, evidence in zip(crew, _split(posterior), strict=False):
            moved(meant, chain(meant.seat.facts_hash, meant.facts))
            meant.seat.evidence = evidence
        return True

    def beliefs(self, numbers: Sequence[int]) -> tuple[Belief, UInt64[Array, "r"]]:
        """The beliefs on these seats as one, and all members' keys."""
        seats = [self.seats[number] for number in numbers]
        belief = self.stack.rows(np.array(numbers), max(seat.at for seat in seats))
        seeds = np.array([seat.standing.twin.seed & 0xFFFFFFFFFFFFFFFF for seat in seats], dtype=np.uint64)
        slots = np.arange(self.stack.members, dtype=np.uint64)
        keys = mix(mix(seeds, purpose("member"))[:, None], slots[None])
        return belief, keys.reshape(-1)


def crews(group: Sequence[T]) -> list[Sequence[T]]:
    """A group in parts that fill at least half of one of `SIZES` each, but for the last: those that cost least."""
    parts: list[Sequence[T]] = []
    while group:
        full = max((size for size in SIZES if size <= len(group)), default=SIZES[0])
        best = next((size for size in SIZES if LEAST[size] <= len(group) <= size), full)
        parts.append(group[:best])
        group = group[best:]
    return parts


def padded(crew: Sequence[T]) -> list[T]:
    """A crew with its last one repeated up to the next of `SIZES`."""
    size = next((size for size in SIZES if size >= len(crew)), len(crew))
    return [*crew, *[crew[-1]] * (size - len(crew))]


def _tell(belief: Belief, meant: Sequence[Meaning]) -> None:
    """Measured covariates, the same in every member of a twin."""
    each = belief.rows // len(meant)
    for t, one in enumerate(meant):
        for i, value in one.covariates.items():
            belief.covariates[t * each : (t + 1) * each, i] = value


def _split(posterior: Posterior) -> list[tuple[float, ...]]:
    """The evidence of each twin as plain numbers."""
    told = posterior.evidence
    columns = [np.asarray(a, dtype=float) for a in (told.ess, told.ancestors, told.log_evidence, told.failed)]
    columns.append(np.full(columns[0].shape, float(told.clipped)))
    if told.inflation is not None:
        columns.append(np.asarray(told.inflation, dtype=float))
    return [tuple(row) for row in np.stack(columns, axis=1).tolist()]


def _weighed(evidence: Evidence | None) -> tuple[float, ...]:
    """One twin's evidence as plain numbers; empty before the first reading."""
    if evidence is None:
        return ()
    numbers = [float(np.asarray(a)[0]) for a in (evidence.ess, evidence.ancestors, evidence.log_evidence)]
    numbers += [float(np.asarray(evidence.failed)[0]), float(evidence.clipped)]
    return (*numbers, *([] if evidence.inflation is None else [float(np.asarray(evidence.inflation)[0])]))


def _evidence(numbers: tuple[float, ...]) -> Evidence | None:
    if not numbers:
        return None
    ess, ancestors, log_evidence, failed, clipped, *factor = numbers
    return Evidence(
        np.array([ess]), np.array([int(ancestors)]), np.array([log_evidence]), np.array([int(failed)]), int(clipped),
        np.array(factor) if factor else None,
    )  # fmt: skip


def _hollow(belief: Belief) -> Belief:
    """A belief without members, which holds the place of one that is on the arrays."""
    none = np.array([], dtype=np.int64)
    return belief.take(none)
