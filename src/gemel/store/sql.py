"""The store, over any database that offers a `Database`: what every call does, whatever lies below.

Every call asks the access filter first.  A write and its audit entry are one transaction; a refused call leaves an
audit entry too.  Reads leave one only with `audit_reads`, since each then waits for the disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec

from gemel.core.errors import GemelError, StoreError
from gemel.core.fact import Fact, Instant, Rejected
from gemel.core.ledger import IssuedForecast, Scores, Switch, Waiting
from gemel.core.ports import AccessFilter, Appended, Caller, Checkpoint, JournalEntry
from gemel.core.subject import Subject
from gemel.core.writing import Committed, Document, Receipt, Waveform, Write

from . import audit, ledger, reading, subjects
from . import checkpoints as checkpoint_rows
from . import scores as score_rows
from .commit import Job, Note, Writer
from .connection import Connection, Database
from .vault import STORE, Twin, Vault, canonical
from .verify import faults

__all__ = ["SqlStore", "wall_clock"]

S = TypeVar("S", bound="SqlStore")
T = TypeVar("T")


def wall_clock() -> Instant:
    """The present, by this machine."""
    return time.time_ns() // 1000


class SqlStore:
    """Facts, documents, waveforms, checkpoints and the ledger.  Abstract: a subclass opens its kind of database."""

    def __init__(
        self, database: Database, vault: Vault, *, access: AccessFilter, audit_reads: bool, now: Callable[[], Instant]
    ) -> None:
        self._database, self._vault, self._access, self._audit_reads = database, vault, access, audit_reads
        self._writer = Writer(database, vault, now)

    def __enter__(self: S) -> S:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # writing

    def commit(self, writes: Sequence[Write], caller: Caller) -> list[Committed]:
        """All of the writes or, on an error, none; durable when it returns.  One answer each, in order."""
        return self.submit(writes, caller).result()

    def submit(self, writes: Sequence[Write], caller: Caller) -> Future[list[Committed]]:
        """`commit` without waiting: the future is done once the writes are durable, or fails as `commit` would."""
        return self._submit(writes, caller, "commit")

    def enrol(self, subject: Subject, caller: Caller) -> None:
        """Add a subject, or replace its description."""
        self._submit([Write(subject=subject.id, enrol=subject)], caller, "enrol").result()

    def append(self, subject: str, facts: Iterable[Fact], caller: Caller) -> Appended:
        """Number and keep facts; durable when it returns.  All of them are kept, or, on an error, none."""
        (done,) = self._submit([Write(subject=subject, facts=tuple(facts))], caller, "append").result()
        return Appended(accepted=done.accepted, repeated=done.repeated, last=done.last)

    def reject(self, subject: str | None, rows: Iterable[Rejected], caller: Caller) -> int:
        """Keep rejected rows with their reasons; returns how many."""
        write = Write(subject=subject or STORE, rejected=tuple(rows))
        self._submit([write], caller, "reject").result()
        return len(write.rejected)

    def save(self, checkpoint: Checkpoint, caller: Caller) -> None:
        """Keep a checkpoint; of several that stand at one instant the last saved holds."""
        self.save_all([checkpoint], caller)

    def save_all(self, checkpoints: Sequence[Checkpoint], caller: Caller) -> None:
        """Keep checkpoints together: all or, on an error, none."""
        kept = [one for one, _ in canonical(checkpoints, Checkpoint)]
        notes = [
            self._allow(caller, "save", one.subject)._replace(
                detail=f"twin {one.twin}, at {one.at}, facts {one.facts_hash}"
            )
            for one in kept
        ]

        def job(connection: Connection) -> tuple[None, list[Note]]:
            for one in kept:
                checkpoint_rows.save(connection, self._vault, one)
            return None, notes

        if kept:
            self._run(job, len(kept))

    def issue(self, forecasts: Sequence[IssuedForecast], caller: Caller) -> None:
        """Add forecasts to the ledger, all or none; one issued before with equal content is passed over."""
        of: dict[str, list[IssuedForecast]] = {}
        for forecast, _ in canonical(forecasts, IssuedForecast):
            of.setdefault(forecast.subject, []).append(forecast)
        notes = [self._allow(caller, "issue", subject) for subject in of]

        def job(connection: Connection) -> tuple[None, list[Note]]:
            new = [ledger.issue(connection, self._vault, of[note.subject]) for note in notes]
            return None, [note._replace(detail=f"{n} forecasts") for note, n in zip(notes, new, strict=True)]

        if notes:
            self._run(job, sum(len(rows) for rows in of.values()))

    def score(self, twin: str, scores: Scores, caller: Caller) -> None:
        """Append records of what became of a twin's forecasts, all or none; nothing that was written changes."""
        with self._database.read() as connection:
            found = self._vault.twin(connection, twin)
        if found is None:
            raise StoreError(f"no twin '{twin}' in this store: issue its forecasts first")
        note = self._allow(caller, "score", found.subject)

        def job(connection: Connection) -> tuple[None, list[Note]]:
            count = score_rows.append(connection, self._vault, found, scores)
            return None, [note._replace(detail=f"{count} forecasts of twin {twin}")]

        self._run(job)

    def switch(self, record: Switch, caller: Caller) -> None:
        """Append a change of a model's standing."""
        note = self._allow(caller, "switch", STORE)
        ((kept, _),) = canonical([record], Switch)
        note = note._replace(detail=f"{kept.model} {kept.version} at {kept.site}: {kept.before} to {kept.after}")
        self._run(lambda connection: (score_rows.switch(connection, self._vault, kept), [note]))

    # reading

    def find(self, identifier: str, caller: Caller) -> str | None:
        """The subject that an identifier ('system|value') leads to; None if it leads nowhere."""
        with self._database.read() as connection:
            subject = subjects.find(connection, self._vault, identifier)
        self._read(self._allow(caller, "find", subject or STORE))
        return subject

    def receipt(self, channel: str, id: str, caller: Caller) -> Receipt | None:
        """What the sender of a message was told; None if the message never came."""
        return self._of_store(caller, "receipt", lambda c: reading.receipt(c, self._vault, channel, id))

    def subject(self, id: str, caller: Caller) -> Subject | None:
        """One subject; None if it was never enrolled."""
        return self._of(id, caller, "subject", lambda c: subjects.one(c, self._vault, id))

    def subjects(self, caller: Caller) -> list[Subject]:
        """Every subject that the caller may see, in order of enrolment."""
        visible = self._visible(caller, "subjects")
        with self._database.read() as connection:
            found = list(subjects.read(connection, self._vault, visible))
        self._read(Note(caller, "subjects", STORE))
        return found

    def facts(
        self, subject: str, caller: Caller, *, after: int = 0, as_of: Instant | None = None
    ) -> list[tuple[int, Fact]]:
        """Records with sequence number > `after` known at `as_of`, in order of arrival."""
        return self._of(subject, caller, "facts", lambda c: reading.facts(c, self._vault, subject, after, as_of))

    def documents(
        self, subject: str, caller: Caller, *, kinds: frozenset[str] | None = None, as_of: Instant | None = None
    ) -> list[Document]:
        """Every version of a subject's documents (of these kinds) recorded by `as_of`, in order of arrival."""
        return self._of(
            subject, caller, "documents", lambda c: reading.documents(c, self._vault, subject, kinds, as_of)
        )

    def document(self, kind: str, id: str, caller: Caller) -> tuple[str, list[Document]] | None:
        """The subject and every version of a shared document; None if there is none of this kind and id."""
        with self._database.read() as connection:
            found = reading.document(connection, self._vault, kind, id)
        self._read(self._allow(caller, "document", found[0] if found else STORE))
        return found

    def waveforms(self, subject: str, code: str, after: Instant, until: Instant, caller: Caller) -> list[Waveform]:
        """Stretches of a signal that overlap after < t <= until, in order of time."""
        span = (after, until)
        return self._of(subject, caller, "waveforms", lambda c: reading.waveforms(c, self._vault, subject, code, span))

    def rejected(self, caller: Caller, subject: str | None = None) -> list[Rejected]:
        """Rejected rows of a subject, or all that the caller may see, in order of arrival."""
        if subject is not None:
            return self._of(subject, caller, "rejected", lambda c: reading.rejected_of(c, self._vault, subject))
        visible = self._visible(caller, "rejected")
        with self._database.read() as connection:
            found = list(reading.rejected(connection, self._vault, visible))
        self._read(Note(caller, "rejected", STORE))
        return found

    def latest(self, twin: str, caller: Caller, *, before: Instant | None = None) -> Checkpoint | None:
        """The last checkpoint of a twin standing at or before `before`; None if there is none."""
        return self._of_twin(twin, caller, "latest", lambda c, own: checkpoint_rows.latest(c, self._vault, own, before))

    def twins(self, caller: Caller, subject: str | None = None) -> list[str]:
        """Names of the twins of a subject, or of all that the caller may see, oldest first."""
        if subject is not None:
            return self._of(subject, caller, "twins", lambda c: subjects.twins_of(c, self._vault, subject))
        visible = self._visible(caller, "twins")
        with self._database.read() as connection:
            found = list(subjects.twins(connection, self._vault, visible))
        self._read(Note(caller, "twins", STORE))
        return found

    def ledger(self, twin: str, caller: Caller) -> list[IssuedForecast]:
        """A twin's forecasts in the order they were issued, each with the last record of what became of it."""

        def both(connection: Connection, found: Twin) -> list[IssuedForecast]:
            last = score_rows.by_forecast(score_rows.read(connection, self._vault, found, 0))
            rows = ledger.read(connection, self._vault, found, twin)
            return [msgspec.structs.replace(row, score=last.get(seq, row.score)) for seq, row in rows]

        return self._of_twin(twin, caller, "ledger", both) or []

    def waiting(self, twin: str, caller: Caller, *, since: Instant, after: int = 0) -> list[Waiting]:
        """A twin's forecasts for `since` or later, and those of a number > `after`, as columns."""
        found = self._of_twin(
            twin, caller, "waiting", lambda c, own: score_rows.waiting(c, self._vault, own, since, after)
        )
        return found or []

    def scores(self, twin: str, caller: Caller, *, after: int = 0) -> list[Scores]:
        """Records of what became of a twin's forecasts, from writes of a number > `after`, in order."""
        return self._of_twin(twin, caller, "scores", lambda c, own: score_rows.read(c, self._vault, own, after)) or []

    def switches(self, caller: Caller) -> list[Switch]:
        """Every change of a model's standing, oldest first."""
        return self._of_store(caller, "switches", lambda c: score_rows.switches(c, self._vault))

    def journal(self, caller: Caller, subject: str | None = None) -> list[JournalEntry]:
        """The audit trail of a subject, or the whole, oldest first."""
        return self._of(subject or STORE, caller, "journal", lambda c: audit.read(c, self._vault, subject))

    # the store itself

    def info(self) -> dict[str, Any]:
        """Kind, location, schema version, counts and the head of the audit chain, for `gemel doctor`."""
        with self._database.read() as connection:
            counts = subjects.counts(connection)
        about = {"kind": self._database.kind, "location": self._database.location, "schema": self._database.schema}
        return about | self._database.about() | counts

    def verify(self) -> list[str]:
        """What is wrong: damage the database finds, a broken audit chain, altered facts.  It reads all."""
        damage = self._database.damage()
        if damage:
            return damage  # rows of damaged pages would only repeat it
        with self._database.read() as connection:
            return faults(connection, self._vault)

    def close(self) -> None:
        """Commit what waits and let go of the database; further calls raise StoreError."""
        self._writer.close()
        self._database.close()

    def _submit(self, writes: Sequence[Write], caller: Caller, action: str) -> Future[list[Committed]]:
        checked: dict[str, Note] = {}
        for write in writes:
            note = checked.setdefault(write.subject, Note(caller, action, write.subject))
            try:
                self._access.check(caller, action, write.subject)
            except Exception as error:
                return self._refused(note, error)
        return self._writer.write([(checked[write.subject], write) for write in writes])

    def _refused(self, note: Note, error: Exception) -> Future[Any]:
        """A future that fails with the error, once that is journalled."""
        told: Future[Any] = Future()
        refused = note._replace(action=f"{note.action} refused")
        noted = self._writer.run(lambda _: (None, [refused]))
        noted.add_done_callback(lambda done: told.set_exception(done.exception() or error))
        return told

    def _allow(self, caller: Caller, action: str, subject: str) -> Note:
        """Ask the access filter; a refusal is journalled, then raised."""
        note = Note(caller, action, subject)
        try:
            self._access.check(caller, action, subject)
        except Exception as error:
            self._refused(note, error).result()
            raise
        return note

    def _visible(self, caller: Caller, action: str) -> Callable[[str], bool]:
        """Whether a list shows a subject to the caller."""

        def visible(subject: str) -> bool:
            try:
                self._access.check(caller, action, subject)
            except GemelError:
                return False
            return True

        return visible

    def _run(self, job: Job, items: int = 1) -> None:
        self._writer.run(job, items).result()

    def _read(self, note: Note) -> None:
        """Before data is handed out: journal that, if asked to."""
        if self._audit_reads:
            self._run(lambda _: (None, [note]))

    def _of(self, subject: str, caller: Caller, action: str, read: Callable[[Connection], T]) -> T:
        """Read something of a subject, once it may be seen."""
        note = self._allow(caller, action, subject)
        with self._database.read() as connection:
            found = read(connection)
        self._read(note)
        return found

    def _of_store(self, caller: Caller, action: str, read: Callable[[Connection], T]) -> T:
        return self._of(STORE, caller, action, read)

    def _of_twin(self, twin: str, caller: Caller, action: str, read: Callable[[Connection, Twin], T]) -> T | None:
        """Read something of a twin, once its subject may be seen; None if there is no such twin."""
        with self._database.read() as connection:
            found = self._vault.twin(connection, twin)
        return None if found is None else self._of(found.subject, caller, action, lambda c: read(c, found))
