"""A timeline is a subject's facts in order of when they happened, seen as of when they were known."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from .fact import Fact, Instant, Intervention, Observation, Status
from .subject import Subject

__all__ = ["Timeline", "facts_hash"]

_ENCODER = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every record of a subject, and which of them hold.

    `facts` may come in any order and hold several records of one id; iteration yields only the record of each id that
    was recorded last, without the withdrawn and the merely ordered, sorted by the time they happened.
    """

    subject: Subject
    facts: tuple[Fact, ...] = field(default=())

    def __iter__(self) -> Iterator[Fact]:
        latest: dict[str, Fact] = {}
        for fact in self.facts:
            known = latest.get(fact.id)
            if known is None or fact.recorded >= known.recorded:
                latest[fact.id] = fact
        held = (f for f in latest.values() if f.status not in (Status.ENTERED_IN_ERROR, Status.ORDERED))
        return iter(sorted(held, key=lambda f: (f.at, f.id)))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self, facts: Iterable[Fact]) -> Timeline:
        """A timeline that also holds these records."""
        return Timeline(self.subject, self.facts + tuple(facts))

    def as_of(self, recorded: Instant) -> Timeline:
        """What was known at `recorded`: records that came later are left out."""
        return Timeline(self.subject, tuple(f for f in self.facts if f.recorded <= recorded))

    def between(self, start: Instant, end: Instant) -> tuple[Fact, ...]:
        """Facts that hold with start < at <= end, in order."""
        held = tuple(self)
        times = [f.at for f in held]
        return held[bisect_left(times, start + 1) : bisect_left(times, end + 1)]

    def observations(self) -> tuple[Observation, ...]:
        """The observations that hold, in order."""
        return tuple(f for f in self if isinstance(f, Observation))

    def interventions(self) -> tuple[Intervention, ...]:
        """The interventions that hold, in order."""
        return tuple(f for f in self if isinstance(f, Intervention))


def facts_hash(facts: Iterable[Fact]) -> str:
    """SHA-256 over the facts in order: identical on every machine for identical facts."""
    digest = hashlib.sha256()
    for fact in facts:
        digest.update(_ENCODER.encode(fact))
        digest.update(b"\n")
    return digest.hexdigest()
