"""What a source says, into the store: writes gathered until they are worth a commit, people found or made, all counted.

Reading the same source again doubles nothing: each write leaves a receipt that names its content, and one whose receipt
is there is not written again.  A write that the store refuses is kept as a rejected row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import final

import msgspec
from msgspec.structs import replace

from ..core.errors import StoreError
from ..core.fact import Instant, Rejected
from ..core.ports import Caller, Store
from ..core.subject import Subject
from ..core.writing import Committed, Receipt, Write
from ..ingest.feed import RAW_LENGTH
from ..ingest.mention import Mention
from .holdings import Holdings, numbered
from .identity import People
from .merging import Merged, commit

__all__ = ["Imported", "Importer"]

CHANNEL = "import"
"""Where the receipts of imports are kept."""
TOGETHER = 4000
"""Items that become durable together."""
WEIGHT = 1 << 24
"""Bytes of documents and signals that become durable together: 16 MiB."""


@dataclass(slots=True)
class Imported:
    """What became of a source's writes."""

    accepted: int = 0
    repeated: int = 0
    documents: int = 0
    waveforms: int = 0
    rejected: Counter[str] = field(default_factory=lambda: Counter())
    subjects: set[str] = field(default_factory=lambda: set())


@final
class Importer:
    """One run of an import.  `zone` is that of people whom the run makes; `now` is when resources are received."""

    def __init__(self, store: Store, caller: Caller, *, now: Callable[[], Instant], zone: str = "UTC") -> None:
        self.people = People(store, caller, zone=zone)
        self._store, self._caller, self._zone, self._now = store, caller, zone, now
        self._merged = Merged.of(store, caller)
        self._known: set[str] = set()
        self._own: set[str] = set()
        self._made: dict[str, Subject] = {}

    def who(self, identifiers: tuple[str, ...]) -> str:
        """The subject that these identifiers lead to; a new one where none is known."""
        found = self.people.who(identifiers)
        if found is not None:
            return found
        meant = self.people.meant(Mention(identifiers=identifiers))
        if meant.enrol is not None:
            self._made[meant.subject] = meant.enrol
        return meant.subject

    def take(self, writes: Iterable[Write], done: Imported, *, describes: bool = True) -> None:
        """Commit everything that a source says, and count it in `done`.

        `describes`: the source is where people are described (an admission office, not a scanner), so what it says of a
        person whom this run has not made replaces what was known.  What came before a source breaks off is kept; its
        error goes on.
        """
        waiting: dict[str, Write] = {}
        items = weight = 0
        held = Holdings(self._store, self._caller)
        try:
            for write in writes:
                done.rejected.update(row.reason.partition(": ")[0] for row in write.rejected)
                name = _name(write) or f"#{len(waiting)}"
                if name in waiting or self._came_before(name):
                    done.repeated += len(write.facts)
                    done.subjects |= {write.subject} - {""}
                    continue
                receipt = None if name.startswith("#") else Receipt(channel=CHANNEL, id=name, reply=b"")
                if any("/" not in paper.kind for paper in write.documents):  # resources: they have versions
                    write = numbered(write, held, self._now())
                waiting[name] = replace(self._settled(write, done, describes=describes), receipt=receipt)
                items += 1 + len(write.facts) + len(write.rejected)
                weight += sum(len(d.body) for d in write.documents) + sum(len(w.samples) for w in write.waveforms)
                if items >= TOGETHER or weight >= WEIGHT:
                    self._commit([*waiting.values()], done)
                    waiting, items, weight = {}, 0, 0
                    held = Holdings(self._store, self._caller)
        finally:
            self._commit([*waiting.values()], done)

    def _came_before(self, name: str) -> bool:
        return not name.startswith("#") and self._store.receipt(CHANNEL, name, self._caller) is not None

    def _settled(self, write: Write, done: Imported, *, describes: bool) -> Write:
        """The write with its subject enrolled."""
        if not write.subject:
            return write
        done.subjects.add(write.subject)
        new = self._is_new(write.subject)
        made = self._made.pop(write.subject, None)
        self._known.add(write.subject)
        self._own |= {write.subject} if new else set()
        if new and write.enrol is None:
            return replace(write, enrol=made or Subject(id=write.subject, zone=self._zone))
        return write if describes or write.subject in self._own else replace(write, enrol=None)

    def _is_new(self, subject: str) -> bool:
        return subject not in self._known and self._store.subject(subject, self._caller) is None

    def _commit(self, writes: list[Write], done: Imported) -> None:
        if not writes:
            return
        try:
            self._heard(writes, commit(self._store, self._caller, writes, self._merged), done)
        except StoreError:
            for write in writes:
                self._alone(write, done)

    def _alone(self, write: Write, done: Imported) -> None:
        """One write of those that the store refused together; fact by fact where it refuses this one, too."""
        try:
            self._heard([write], commit(self._store, self._caller, [write], self._merged), done)
        except StoreError as error:
            if len(write.facts) > 1:
                self._alone(replace(write, facts=(), receipt=None), done)
                for fact in write.facts:
                    self._alone(Write(subject=write.subject, facts=(fact,)), done)
                return
            self.people.forget([write])
            self._known.discard(write.subject)
            raw = repr(write.facts[0] if write.facts else write)[:RAW_LENGTH]
            row = Rejected(reason=f"cannot be stored: {error}", source="store", raw=raw)
            done.rejected["cannot be stored"] += 1
            self._store.reject(None, [row], self._caller)

    def _heard(self, writes: Sequence[Write], committed: Sequence[Committed], done: Imported) -> None:
        self.people.heard(writes, committed)
        for write, answer in zip(writes, committed, strict=True):
            done.accepted += answer.accepted
            done.repeated += answer.repeated
            done.documents += len(write.documents)
            done.waveforms += len(write.waveforms)


def _name(write: Write) -> str:
    """Names what a write says, not of whom it is known by what number nor when it was read; '' for one that only
    describes somebody, which may be said any number of times, or that cannot be stored as it stands."""
    if not (write.facts or write.rejected or write.documents or write.waveforms):
        return ""
    papers = [(paper.kind, paper.id, sha256(paper.body).digest()) for paper in write.documents]
    said = (write.subject, write.facts, write.rejected, papers, write.waveforms)
    try:
        return sha256(msgspec.msgpack.encode(said)).hexdigest()
    except OverflowError:  # an instant beyond 64 bits: the store will refuse it
        return ""
