"""What holds of a subject's facts now: amendments resolved, in order, kept up record by record.

What a record says to a twin (`said`) leaves out when and by whom it was recorded: a preliminary value that is confirmed
changes nothing.  The facts' hash is a chain over the instants of the facts used,

    h_0 = SHA-256(start),   h_n = SHA-256(h_{n-1}, what was said at instant n, in order of id),

so it is the same on every machine and however the facts were portioned out, and a belief's hash tells whether the facts
it has used are those that hold now.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice

import msgspec

from ..core.fact import Fact, Instant, Status
from ..core.model import Absorbs, Model
from ..core.timeline import facts_hash

__all__ = ["Records", "Trail", "by_instant", "chain", "codes_of", "said", "start_hash", "trail"]

Key = tuple[Instant, str]


class Records:
    """The records of one subject in order of arrival, and the facts that hold.

    Memory grows with the subject's history: about half a kilobyte a fact.
    """

    def __init__(self) -> None:
        self.last = 0
        self._latest: dict[str, Fact] = {}
        self._held: dict[Key, Fact] = {}
        self._order: list[Key] = []
        self._touched: list[tuple[int, Instant, str]] = []

    def add(self, arrived: Iterable[tuple[int, Fact]]) -> None:
        """Take in numbered records, in order of arrival; as in a `Timeline` the last recorded of an id holds."""
        for number, fact in arrived:
            self.last = number
            known = self._latest.get(fact.id)
            if known is not None and fact.recorded < known.recorded:
                continue
            self._latest[fact.id] = fact
            before = known if known is not None and _holds(known) else None
            after = fact if _holds(fact) else None
            if before is not None and after is not None and said(before) == said(after):
                self._held[after.at, after.id] = after
                continue
            self._replace(number, before, after)

    def held(self, codes: frozenset[str], after: Instant, until: Instant) -> list[Fact]:
        """Facts of these codes that hold, with after < at <= until, in order of (at, id)."""
        first = bisect_left(self._order, (after + 1, ""))
        last = bisect_left(self._order, (until + 1, ""))
        found = (self._held[key] for key in self._order[first:last])
        return [fact for fact in found if fact.code in codes]

    def others(self, codes: frozenset[str], after: Instant, until: Instant) -> int:
        """How many facts that hold in this time have none of these codes."""
        first = bisect_left(self._order, (after + 1, ""))
        last = bisect_left(self._order, (until + 1, ""))
        return sum(self._held[key].code not in codes for key in self._order[first:last])

    def touched(self, codes: frozenset[str], *, since: int) -> Instant | None:
        """The earliest instant at which records that arrived after number `since` changed what holds; None: nowhere."""
        first = bisect_right(self._touched, since, key=lambda touch: touch[0])
        return min((at for _, at, code in self._touched[first:] if code in codes), default=None)

    def names(self, most: int) -> list[str]:
        """Ids of the facts that came last, at most so many."""
        return list(islice(reversed(self._latest), most))

    def _replace(self, number: int, before: Fact | None, after: Fact | None) -> None:
        if before is not None:
            key = (before.at, before.id)
            del self._held[key]
            del self._order[bisect_left(self._order, key)]
            self._touched.append((number, before.at, before.code))
        if after is not None:
            key = (after.at, after.id)
            self._held[key] = after
            insort(self._order, key)
            self._touched.append((number, after.at, after.code))


def _holds(fact: Fact) -> bool:
    return fact.status not in (Status.ENTERED_IN_ERROR, Status.ORDERED)


def said(fact: Fact) -> Fact:
    """The fact without when it was recorded, its status and its source: all that a twin can see of it."""
    return msgspec.structs.replace(fact, recorded=0, status=Status.FINAL, source="")


@lru_cache(maxsize=256)
def codes_of(model: Model) -> frozenset[str]:
    """Every code and name whose facts the model takes."""
    absorbs = model.absorbs if isinstance(model, Absorbs) else ()
    quantities = (*absorbs, *model.observables, *model.inputs, *model.covariates)
    return frozenset(word for q in quantities for word in (*q.codes, q.name))


def by_instant(facts: Iterable[Fact]) -> list[tuple[Fact, ...]]:
    """Facts in order, those of one instant together: the portions in which a twin takes them."""
    return [tuple(group) for _, group in groupby(facts, key=lambda fact: fact.at)]


def start_hash(since: Instant) -> str:
    """The hash of no facts, by a twin that starts at `since`."""
    return hashlib.sha256(str(since).encode()).hexdigest()


def chain(before: str, portion: Sequence[Fact]) -> str:
    """The hash after one more instant's facts."""
    return hashlib.sha256((before + facts_hash(said(fact) for fact in portion)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Trail:
    """The hash after each instant of some facts."""

    instants: tuple[Instant, ...]
    hashes: tuple[str, ...]

    def at(self, moment: Instant) -> str:
        """The hash of the facts up to a moment; empty for one before the start."""
        place = bisect_right(self.instants, moment)
        return self.hashes[place - 1] if place else ""


def trail(facts: Iterable[Fact], since: Instant) -> Trail:
    """The hashes of a twin that starts at `since` and uses these facts."""
    instants, hashes = [since], [start_hash(since)]
    for portion in by_instant(facts):
        instants.append(portion[0].at)
        hashes.append(chain(hashes[-1], portion))
    return Trail(tuple(instants), tuple(hashes))
