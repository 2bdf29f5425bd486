"""What a site keeps at hand: records and standings in memory, checkpoints in the store, and which of them hold.

A checkpoint is sound when the facts it had used are those that hold now up to its instant: their hashes agree.
Checkpoints are saved at the first instant of each hour (of each day, when more than 48 h of model time lie between it
and the last fact at hand), so replaying is bounded and a long history does not fill the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from ..core.clock import DAY, HOUR
from ..core.errors import StoreError
from ..core.fact import Fact, Instant, Rejected
from ..core.ports import Caller, Checkpoint, Store
from ..core.registry import load_model
from ..core.subject import Subject
from ..core.twin import Twin
from .catch_up import catch_up
from .fault import refused_by
from .freeze import freeze, header_of, thaw
from .records import Records, Trail, codes_of, trail
from .standing import Standing
from .taken import Account

__all__ = ["FIRST", "Keeper", "trails"]

HOURLY: Instant = 48 * HOUR
"""How far before the last fact checkpoints are an hour apart; before that, a day."""

FIRST, LAST = -(2**63), 2**63 - 1
"""The ends of time that a store can hold."""


class Keeper:
    """Records by subject and standings by twin."""

    def __init__(self, store: Store, caller: Caller, budget: Instant) -> None:
        self.store, self.caller, self.budget = store, caller, budget
        self.elsewhere: Callable[[str], Standing | None] = nowhere
        self._subjects: dict[str, Subject] = {}
        self._records: dict[str, Records] = {}
        self._standings: dict[str, Standing] = {}
        self._refused: dict[str, set[Rejected]] = {}

    # subjects and records

    def forget(self, subject: str) -> None:
        """Read a subject and its twins anew when next asked for."""
        self._subjects.pop(subject, None)
        self._standings = {k: s for k, s in self._standings.items() if s.twin.subject.id != subject}

    def subject(self, name: str) -> Subject:
        """An enrolled subject; StoreError if there is none of this id."""
        if name not in self._subjects:
            self._subjects |= {subject.id: subject for subject in self.store.subjects(self.caller)}
        if name not in self._subjects:
            raise StoreError(f"no subject '{name}' in this store: enrol it first")
        return self._subjects[name]

    def records(self, subject: str) -> Records:
        """The subject's records, with those that have arrived since."""
        records = self._records.setdefault(subject, Records())
        records.add(self.store.facts(subject, self.caller, after=records.last))
        return records

    def due(self, standing: Standing, until: Instant) -> list[Fact]:
        """Facts for this twin that happened after its present, up to `until`."""
        twin = standing.twin
        return self._records[twin.subject.id].held(codes_of(twin.model), twin.now, until)

    def refuse(self, standing: Standing, rows: Sequence[Rejected]) -> None:
        """Keep what a twin could not use; once, however often it meets it."""
        subject = standing.twin.subject.id
        if subject not in self._refused:
            self._refused[subject] = set(self.store.rejected(self.caller, subject))
        new = [row for row in rows if row not in self._refused[subject]]
        if new:
            self.store.reject(subject, new, self.caller)
            self._refused[subject].update(new)

    # standings

    def standing(self, twin: str) -> Standing:
        """A twin as it stands: from memory, from where it is kept `elsewhere`, or from its last sound checkpoint."""
        known = self.brought(twin)
        if known is not None:
            self.records(known.twin.subject.id)
            return known
        checkpoint = self.checkpoint(twin)
        standing = thaw(checkpoint, self.subject(checkpoint.subject))
        self.records(checkpoint.subject)
        return self.hold(self._sound(standing, whole=True))

    def settled(self, twin: str) -> Standing:
        """The twin, gone back to before what came late since it was last looked at, or marked stale."""
        return self._sound(self.standing(twin), whole=False)

    def hold(self, standing: Standing) -> Standing:
        """Keep a standing at hand."""
        self._standings[standing.twin.id] = standing
        return standing

    def brought(self, twin: str) -> Standing | None:
        """A twin from memory or from where it is kept `elsewhere`, now at hand; None where it is in neither."""
        known = self._standings.get(twin) or self.elsewhere(twin)
        return None if known is None else self.hold(known)

    def at_hand(self, twin: str) -> bool:
        """Whether a twin's standing is in memory."""
        return twin in self._standings

    def let_go(self, twin: str) -> None:
        """Keep a twin no longer at hand, nor its subject's records unless another twin needs them."""
        standing = self._standings.pop(twin, None)
        if standing is None:
            return
        subject = standing.twin.subject.id
        if all(other.twin.subject.id != subject for other in self._standings.values()):
            self._records.pop(subject, None)

    def ahead(self, standing: Standing) -> list[Fact]:
        """Facts for this twin that happened after its present, whenever."""
        return self.due(standing, LAST)

    def met(self, standing: Standing, most: int) -> list[str]:
        """Ids of the facts of this twin's subject that came last."""
        return self._records[standing.twin.subject.id].names(most)

    def save(self, standing: Standing) -> Standing:
        """Write a checkpoint, and keep the standing at hand."""
        self.store.save(freeze(standing), self.caller)
        return self.hold(standing)

    def keep(self, before: Standing, now: Standing, last: Instant) -> None:
        """Save a twin that has entered a new hour or day, or whose staleness has changed."""
        step = HOUR if last - now.twin.now <= HOURLY else DAY
        shown = self._standings[now.twin.id].stale
        if before.twin.now // step != now.twin.now // step or shown != now.stale:
            self.save(now)

    def adopt(self, twin: Twin) -> None:
        """Save a twin that was moved outside, as having used the facts that hold up to its present."""
        known = self.standing(twin.id)
        if (known.twin.model, known.twin.subject.id) != (twin.model, twin.subject.id):
            raise StoreError(f"twin '{twin.id}' is of another model or subject here: create one with a new id")
        records = self.records(twin.subject.id)
        used = trail(records.held(codes_of(twin.model), known.since, twin.now), known.since).at(twin.now)
        self.save(replace(known, twin=twin, sequence=records.last, facts_hash=used, missed="", collapsed=""))

    def account(self, twin: str) -> Account:
        """How much of the subject's data a twin rests on."""
        standing = self.standing(twin)
        now, subject = standing.twin.now, standing.twin.subject.id
        codes, records = codes_of(standing.twin.model), self._records[subject]
        refused = [row for row in self.store.rejected(self.caller, subject) if row.source == refused_by(twin)]
        return Account(
            used=standing.twin.cursor.used, refused=len(refused), others=records.others(codes, standing.since, now),
            waiting=len(records.held(codes, now, LAST)), stale=standing.stale,
        )  # fmt: skip

    # checkpoints

    def checkpoint(self, twin: str) -> Checkpoint:
        """The last checkpoint of a twin; StoreError if there is no such twin."""
        found = self.store.latest(twin, self.caller)
        if found is None:
            raise StoreError(f"no twin '{twin}' in this store: create it, or look at twins()")
        return found

    def sound(
        self, twin: str, version: str, span: tuple[Instant, Instant], hashes: Callable[[Instant], Trail]
    ) -> Iterator[Checkpoint]:
        """Sound checkpoints of this model version within a span (ends included), the latest first.

        `hashes` gives the trail of the facts that hold since a given start.
        """
        first, before = span
        found = self.store.latest(twin, self.caller, before=before)
        while found is not None and found.at >= first:
            since = header_of(found).since
            if found.model_version == version and hashes(since).at(found.at) == found.facts_hash:
                yield found
            found = self.store.latest(twin, self.caller, before=found.at - 1)

    def as_of(self, twin: str, recorded: Instant) -> Standing:
        """The twin from a checkpoint and facts that were recorded by then; nothing is written."""
        records = Records()
        records.add(self.store.facts(self.checkpoint(twin).subject, self.caller, as_of=recorded))
        return self._anew(twin, records, recorded)

    def earlier(self, twin: str, at: Instant) -> Standing:
        """The twin as it would have stood at `at`, had it known what holds now; nothing is written."""
        return self._anew(twin, self.records(self.checkpoint(twin).subject), at)

    def _anew(self, twin: str, records: Records, until: Instant) -> Standing:
        """The twin from its last checkpoint by `until` that these records bear out, and on through them."""
        model = load_model(self.checkpoint(twin).model)
        codes = codes_of(model)
        hashes = trails(records, codes, until)
        found = next(self.sound(twin, model.card.version, (FIRST, until), hashes), None)
        if found is None:
            raise StoreError(f"twin '{twin}' did not exist yet: ask for a later time")
        standing = thaw(found, self.subject(found.subject))
        waiting = records.held(codes, standing.twin.now, until)
        return catch_up([standing], [waiting], keep=_nothing, refuse=_nothing)[0]

    def _sound(self, standing: Standing, *, whole: bool) -> Standing:
        """The standing if its facts are those that hold now, else the last sound checkpoint within the budget, else the
        standing marked as missing facts.  Not `whole`: only what arrived since it was last looked at can matter."""
        twin, codes = standing.twin, codes_of(standing.twin.model)
        records = self._records[twin.subject.id]
        touched = records.touched(codes, since=standing.sequence)
        looked = replace(standing, sequence=records.last)
        if not whole and (touched is None or touched > twin.now):
            return looked
        hashes = trails(records, codes, twin.now)
        if hashes(standing.since).at(twin.now) == standing.facts_hash:
            return replace(looked, missed="")
        span = (twin.now - self.budget, twin.now)
        for found in self.sound(twin.id, twin.model.card.version, span, hashes):
            earlier = thaw(found, twin.subject)
            if (earlier.since, earlier.lineage) == (standing.since, standing.lineage):
                return replace(earlier, sequence=records.last, missed="")
        if touched is None or touched > twin.now:
            return looked
        return looked.missing(touched, self.budget)


def trails(records: Records, codes: frozenset[str], until: Instant) -> Callable[[Instant], Trail]:
    """The trail, up to an instant, of the facts that hold since a given start; each start is worked out once."""

    @cache
    def since(start: Instant) -> Trail:
        return trail(records.held(codes, start, until), start)

    return since


def nowhere(twin: str) -> None:
    """No twin is kept elsewhere."""


def _nothing(*_: object) -> None:
    """Neither keeps nor refuses anything: a look into the past leaves no trace."""
