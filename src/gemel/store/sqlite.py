"""The embedded store: one SQLite file, durable when a call returns, safe to share between threads.

Every call asks the access filter first.  A write and its audit entry are one transaction; a refused call
leaves an audit entry too.  Reads leave one only with `audit_reads`, since each then waits for the disk.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar, final

import msgspec

from gemel.core.errors import GemelError, StoreError
from gemel.core.fact import Fact, Instant, Rejected
from gemel.core.ledger import IssuedForecast, Scores, Switch, Waiting
from gemel.core.ports import (
    AccessFilter,
    Appended,
    Caller,
    Checkpoint,
    Cipher,
    Journal,
    JournalEntry,
)
from gemel.core.subject import Subject

from . import checkpoints as checkpoint_rows
from . import facts as fact_rows
from . import ledger as ledger_rows
from . import scores as score_rows
from . import subjects as subject_rows
from .database import MEMORY, Database
from .plain import HashChainJournal, OpenAccess, PlainCipher
from .vault import STORE, Twin, Vault, canonical
from .verify import faults

__all__ = ["SqliteStore"]

T = TypeVar("T")


def _now() -> Instant:
    return time.time_ns() // 1000


def _only(wanted: str) -> Callable[[str], bool]:
    """Shows one subject, which the caller has been allowed to see."""
    return lambda subject: subject == wanted


class _Note(NamedTuple):
    """What the journal will say of a call."""

    caller: Caller
    action: str
    subject: str


@final
class SqliteStore:
    """Facts, checkpoints and the ledger in one file, or in memory.  A context manager; else `close` it."""

    def __init__(
        self,
        path: str | os.PathLike[str] = MEMORY,
        *,
        cipher: Cipher | None = None,
        journal: Journal | None = None,
        access: AccessFilter | None = None,
        audit_reads: bool = False,
        now: Callable[[], Instant] = _now,
    ) -> None:
        self._vault = Vault(cipher or PlainCipher(), journal or HashChainJournal())
        self._access = access or OpenAccess()
        self._audit_reads = audit_reads
        self._now = now
        self._database = Database(path)

    def __enter__(self) -> SqliteStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enrol(self, subject: Subject, caller: Caller) -> None:
        """Add a subject, or replace its description."""
        if subject.id == STORE:
            raise StoreError("a subject needs an id: the empty one stands for the store itself")
        note = self._allow(caller, "enrol", subject.id)
        ((kept, _),) = canonical([subject], Subject)
        self._write(note, lambda connection: subject_rows.enrol(connection, self._vault, kept), lambda _: "")

    def subjects(self, caller: Caller) -> list[Subject]:
        """Every subject that the caller may see, in order of enrolment."""
        with self._database.read() as connection:
            found = list(subject_rows.read(connection, self._vault, self._visible(caller, "subjects")))
        self._read(_Note(caller, "subjects", STORE))
        return found

    def append(self, subject: str, facts: Iterable[Fact], caller: Caller) -> Appended:
        """Number and keep facts; durable when it returns.  All of them are kept, or, on an error, none."""
        note = self._allow(caller, "append", subject)
        prepared = fact_rows.prepare(self._vault, subject, facts)
        content = hashlib.sha256(b"".join(fact.content for fact in prepared)).hexdigest()
        return self._write(
            note,
            lambda connection: fact_rows.append(connection, self._vault, subject, prepared),
            lambda done: f"{done.accepted} facts, {done.repeated} repeated, last {done.last}, content {content}",
            len(prepared),
        )

    def reject(self, subject: str | None, rows: Iterable[Rejected], caller: Caller) -> int:
        """Keep rejected rows with their reasons; returns how many."""
        note = self._allow(caller, "reject", subject or STORE)
        kept = canonical(rows, Rejected)
        return self._write(
            note,
            lambda connection: fact_rows.reject(connection, self._vault, subject, kept, self._now()),
            lambda count: f"{count} rows",
            len(kept),
        )

    def rejected(self, caller: Caller, subject: str | None = None) -> list[Rejected]:
        """Rejected rows of a subject, or all that the caller may see, in order of arrival."""
        if subject is not None:
            self._allow(caller, "rejected", subject)
        visible = self._visible(caller, "rejected") if subject is None else _only(subject)
        with self._database.read() as connection:
            found = list(fact_rows.read_rejected(connection, self._vault, visible))
        self._read(_Note(caller, "rejected", subject or STORE))
        return found

    def facts(
        self, subject: str, caller: Caller, *, after: int = 0, as_of: Instant | None = None
    ) -> list[tuple[int, Fact]]:
        """Records with sequence number > `after` known at `as_of`, in order of arrival."""
        note = self._allow(caller, "facts", subject)
        with self._database.read() as connection:
            found = fact_rows.read(connection, self._vault, subject, after, as_of)
        self._read(note)
        return found

    def save(self, checkpoint: Checkpoint, caller: Caller) -> None:
        """Keep a checkpoint; of several that stand at one instant the last saved holds."""
        note = self._allow(caller, "save", checkpoint.subject)
        ((kept, _),) = canonical([checkpoint], Checkpoint)
        detail = f"twin {kept.twin}, at {kept.at}, facts {kept.facts_hash}"
        self._write(note, lambda connection: checkpoint_rows.save(connection, self._vault, kept), lambda _: detail)

    def latest(self, twin: str, caller: Caller, *, before: Instant | None = None) -> Checkpoint | None:
        """The last checkpoint of a twin standing at or before `before`; None if there is none."""
        return self._of_twin(
            twin,
            caller,
            "latest",
            lambda connection, found: checkpoint_rows.latest(connection, self._vault, found, before),
        )

    def twins(self, caller: Caller, subject: str | None = None) -> list[str]:
        """Names of the twins of a subject, or of all that the caller may see, oldest first."""
        if subject is not None:
            self._allow(caller, "twins", subject)
        visible = self._visible(caller, "twins") if subject is None else _only(subject)
        with self._database.read() as connection:
            found = list(subject_rows.twins(connection, self._vault, visible))
        self._read(_Note(caller, "twins", subject or STORE))
        return found

    def issue(self, forecasts: Sequence[IssuedForecast], caller: Caller) -> None:
        """Add forecasts to the ledger, all or none; one issued before with equal content is passed over."""
        of: dict[str, list[IssuedForecast]] = {}
        for forecast, _ in canonical(forecasts, IssuedForecast):
            of.setdefault(forecast.subject, []).append(forecast)
        notes = [self._allow(caller, "issue", subject) for subject in of]

        def audited(connection: sqlite3.Connection) -> None:
            for note in notes:
                count = ledger_rows.issue(connection, self._vault, of[note.subject])
                self._audit(connection, note, f"{count} forecasts")

        if notes:
            self._database.write(audited, sum(len(rows) for rows in of.values()))

    def ledger(self, twin: str, caller: Caller) -> list[IssuedForecast]:
        """A twin's forecasts in the order they were issued, each with the last record of what became of it."""

        def both(connection: sqlite3.Connection, found: Twin) -> list[IssuedForecast]:
            last = score_rows.by_forecast(score_rows.read(connection, self._vault, found, 0))
            rows = ledger_rows.read(connection, self._vault, found, twin)
            return [msgspec.structs.replace(row, score=last.get(seq, row.score)) for seq, row in rows]

        return self._of_twin(twin, caller, "ledger", both) or []

    def waiting(self, twin: str, caller: Caller, *, since: Instant, after: int = 0) -> list[Waiting]:
        """A twin's forecasts for `since` or later, and those of a number > `after`, as columns."""
        found = self._of_twin(
            twin,
            caller,
            "waiting",
            lambda connection, found: score_rows.waiting(connection, self._vault, found, since, after),
        )
        return found or []

    def score(self, twin: str, scores: Scores, caller: Caller) -> None:
        """Append records of what became of a twin's forecasts, all or none; nothing that was written changes."""
        with self._database.read() as connection:
            found = self._vault.twin(connection, twin)
        if found is None:
            raise StoreError(f"no twin '{twin}' in this store: issue its forecasts first")
        self._write(
            self._allow(caller, "score", found.subject),
            lambda connection: score_rows.append(connection, self._vault, found, scores),
            lambda count: f"{count} forecasts of twin {twin}",
        )

    def scores(self, twin: str, caller: Caller, *, after: int = 0) -> list[Scores]:
        """Records of what became of a twin's forecasts, from writes of a number > `after`, in order."""
        found = self._of_twin(
            twin, caller, "scores", lambda connection, found: score_rows.read(connection, self._vault, found, after)
        )
        return found or []

    def switch(self, record: Switch, caller: Caller) -> None:
        """Append a change of a model's standing."""
        note = self._allow(caller, "switch", STORE)
        ((kept, _),) = canonical([record], Switch)
        detail = f"{kept.model} {kept.version} at {kept.site}: {kept.before} to {kept.after}"
        self._write(note, lambda connection: score_rows.switch(connection, self._vault, kept), lambda _: detail)

    def switches(self, caller: Caller) -> list[Switch]:
        """Every change of a model's standing, oldest first."""
        note = self._allow(caller, "switches", STORE)
        with self._database.read() as connection:
            found = score_rows.switches(connection, self._vault)
        self._read(note)
        return found

    def journal(self, caller: Caller, subject: str | None = None) -> list[JournalEntry]:
        """The audit trail of a subject, or the whole, oldest first."""
        note = self._allow(caller, "journal", subject or STORE)
        with self._database.read() as connection:
            found = subject_rows.journal(connection, self._vault, subject)
        self._read(note)
        return found

    def info(self) -> dict[str, Any]:
        """Kind, location, schema version, counts and the head of the audit chain, for `gemel doctor`."""
        with self._database.read() as connection:
            counts = subject_rows.counts(connection)
        about = {"kind": "sqlite", "location": self._database.location, "schema": self._database.schema}
        return about | {"sqlite": sqlite3.sqlite_version} | counts

    def verify(self) -> list[str]:
        """What is wrong with the file: damaged pages, a broken audit chain, altered facts.  It reads all."""
        with self._database.read() as connection:
            return faults(connection, self._vault)

    def close(self) -> None:
        """Commit what waits and close the file; further calls raise StoreError."""
        self._database.close()

    def _allow(self, caller: Caller, action: str, subject: str) -> _Note:
        """Ask the access filter; a refusal is journalled, then raised."""
        try:
            self._access.check(caller, action, subject)
        except Exception:
            self._write(_Note(caller, f"{action} refused", subject), lambda _: None, lambda _: "")
            raise
        return _Note(caller, action, subject)

    def _visible(self, caller: Caller, action: str) -> Callable[[str], bool]:
        """Whether a list shows a subject to the caller."""

        def visible(subject: str) -> bool:
            try:
                self._access.check(caller, action, subject)
            except GemelError:
                return False
            return True

        return visible

    def _write(
        self, note: _Note, job: Callable[[sqlite3.Connection], T], detail: Callable[[T], str], rows: int = 1
    ) -> T:
        """Run a job and write its audit entry, in one transaction."""

        def audited(connection: sqlite3.Connection) -> T:
            done = job(connection)
            self._audit(connection, note, detail(done))
            return done

        return self._database.write(audited, rows)

    def _read(self, note: _Note) -> None:
        """Before data is handed out: journal that, if asked to."""
        if self._audit_reads:
            self._write(note, lambda _: None, lambda _: "")

    def _audit(self, connection: sqlite3.Connection, note: _Note, detail: str) -> None:
        entry = JournalEntry(
            at=self._now(), caller=note.caller, action=note.action, subject=note.subject, detail=detail
        )
        self._vault.audit(connection, entry)

    def _of_twin(
        self, twin: str, caller: Caller, action: str, read: Callable[[sqlite3.Connection, Twin], T]
    ) -> T | None:
        """Read something of a twin, once its subject may be seen; None if there is no such twin."""
        with self._database.read() as connection:
            found = self._vault.twin(connection, twin)
        if found is None:
            return None
        note = self._allow(caller, action, found.subject)
        with self._database.read() as connection:
            result = read(connection, found)
        self._read(note)
        return result
