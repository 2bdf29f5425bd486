"""Group commit: many callers' writes share one transaction and one fsync.

A disk takes one to five milliseconds to promise that bytes will survive a power cut, whatever their number.  So one
thread writes: it takes all that waits, plans the writes together, runs other jobs in a savepoint each (one that fails
undoes only itself), commits once, and only then tells their callers.  The audit entries of all stand in one block, in
the same transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, final

from gemel.core.errors import StoreError
from gemel.core.fact import Instant
from gemel.core.ports import Caller, JournalEntry
from gemel.core.writing import Committed, Write

from . import audit
from .connection import Connection, Database
from .lookup import learn, refresh
from .memory import Memory
from .plan import Plan
from .prepare import Prepared, prepare
from .vault import Vault

__all__ = ["Job", "Note", "Writer"]

ITEMS_PER_COMMIT = 20_000
"""A group takes no further job once it holds this many items: nobody waits for long behind bulk loads."""


class Note(NamedTuple):
    """What the journal will say of a call."""

    caller: Caller
    action: str
    subject: str
    detail: str = ""


Job = Callable[[Connection], tuple[Any, Sequence[Note]]]
"""Does something in a transaction; returns its result and what the journal is to say of it."""


@dataclass(slots=True)
class _Waiting:
    """Something to do, and what came of it.  `writes` is empty where there is a `job`."""

    writes: Sequence[tuple[Note, Write]]
    job: Job | None
    items: int
    future: Future[Any] = field(default_factory=Future[Any])
    prepared: list[Prepared] = field(default_factory=list[Prepared])
    result: Any = None
    failure: Exception | None = None


class _UnplannableError(Exception):
    """A write that passed every check cannot become rows: a cipher refuses to seal it."""


@final
class Writer:
    """The one writer of a database."""

    def __init__(self, database: Database, vault: Vault, now: Callable[[], Instant]) -> None:
        self._database, self._vault, self._now = database, vault, now
        self._memory = Memory()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="gemel-store-writer", daemon=True)
        self._thread.start()

    def write(self, writes: Sequence[tuple[Note, Write]]) -> Future[list[Committed]]:
        """Keep writes, all or none; done once they are durable."""
        return self._put(_Waiting(writes, None, sum(_items(write) for _, write in writes)))

    def run(self, job: Job, items: int = 1) -> Future[Any]:
        """Run a job inside a transaction; done, with what it returned, once that is durable."""
        return self._put(_Waiting((), job, items))

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, waiting: _Waiting) -> Future[Any]:
        with self._gate:
            if self._closed:
                raise StoreError("the store is closed: open it again")
            self._queue.put(waiting)
        return waiting.future

    def _work(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            group = [waiting for waiting in group if waiting.future.set_running_or_notify_cancel()]
            if group:
                self._commit(group)
                self._memory.trim()

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """All jobs that wait, at least one, and whether there will be more."""
        group: list[_Waiting] = []
        items = 0
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            items += waiting.items
            if items >= ITEMS_PER_COMMIT:
                return group, True
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        """One transaction for the group; on a failure of the whole, every caller of it is told.

        Where one of them cannot be planned each gets a transaction of its own, so that the others do not suffer.
        """
        try:
            for waiting in group:
                self._prepare(waiting)
            with self._database.writing() as connection:
                end = self._carry_out(connection, group)
        except _UnplannableError as error:
            self._memory.forget()
            if len(group) > 1:
                for waiting in group:
                    self._commit([waiting])
            else:
                group[0].future.set_exception(error.__cause__ or error)
            return
        except BaseException as error:  # the thread must outlive it, and every caller hear of it
            self._memory.forget()
            for waiting in group:
                waiting.future.set_exception(error)
            return
        self._memory.journal = end
        for waiting in group:
            if waiting.failure is None:
                waiting.future.set_result(waiting.result)
            else:
                waiting.future.set_exception(waiting.failure)

    def _prepare(self, waiting: _Waiting) -> None:
        waiting.failure = None
        try:
            waiting.prepared = [prepare(self._vault, write) for _, write in waiting.writes]
        except Exception as error:
            waiting.failure = error

    def _carry_out(self, connection: Connection, group: list[_Waiting]) -> audit.Head:
        """Do all of it, in order; returns where the audit trail then ends."""
        end = refresh(connection, self._memory)
        entries: list[JournalEntry] = []
        for written, some in groupby(group, lambda waiting: waiting.job is None):
            do = self._plan if written else self._attempt_each
            entries += [self._entry(note) for note in do(connection, list(some))]
        if not entries:
            return end
        row = audit.block(self._vault, entries, end)
        connection.insert("journal_block", [row])
        return audit.Head(row.last, row.record)

    def _plan(self, connection: Connection, group: list[_Waiting]) -> list[Note]:
        """Plan the writes and add their rows; returns what the journal is to say."""
        ready = [waiting for waiting in group if waiting.failure is None]
        learn(connection, self._vault, self._memory, [one for waiting in ready for one in waiting.prepared])
        plan, notes = Plan(self._vault, self._memory, self._now), list[Note]()
        for waiting in ready:
            try:
                plan.check(waiting.prepared)
            except StoreError as error:
                waiting.failure = error
                continue
            try:
                waiting.result = plan.admit(waiting.prepared)
            except Exception as error:
                raise _UnplannableError from error
            notes += _noted(waiting)
        try:
            planned = plan.rows()
        except Exception as error:
            raise _UnplannableError from error
        for table, rows in planned.items():
            connection.insert(table, rows)
        for description in plan.described:
            connection.run("UPDATE subject SET key_id = ?, payload = ? WHERE key = ?", description)
        return notes

    def _attempt_each(self, connection: Connection, group: list[_Waiting]) -> list[Note]:
        return [note for waiting in group for note in self._attempt(connection, waiting)]

    def _attempt(self, connection: Connection, waiting: _Waiting) -> Sequence[Note]:
        """Run a job, its changes undone if it fails; returns what the journal is to say."""
        assert waiting.job is not None
        connection.run("SAVEPOINT job")
        try:
            waiting.result, notes = waiting.job(connection)
        except Exception as error:
            if not connection.in_transaction:  # the database has undone the whole group
                raise
            connection.run("ROLLBACK TO SAVEPOINT job")
            connection.run("RELEASE SAVEPOINT job")
            waiting.failure = self._database.explained(error)
            return ()
        connection.run("RELEASE SAVEPOINT job")
        return notes

    def _entry(self, note: Note) -> JournalEntry:
        caller, action, subject, detail = note
        return JournalEntry(at=self._now(), caller=caller, action=action, subject=subject, detail=detail)


def _items(write: Write) -> int:
    return 1 + len(write.facts) + len(write.rejected) + len(write.documents) + len(write.waveforms)


def _noted(waiting: _Waiting) -> list[Note]:
    """What the journal says of writes that were admitted; nothing of those repeated by receipt."""
    done: list[Committed] = waiting.result
    return [
        note._replace(detail=_detail(prepared, committed))
        for (note, _), prepared, committed in zip(waiting.writes, waiting.prepared, done, strict=True)
        if committed.receipt is None
    ]


def _detail(write: Prepared, done: Committed) -> str:
    parts: list[str] = []
    if write.facts.facts or not (write.enrol or write.rejected or write.chunks or write.stretches or write.receipt):
        parts.append(f"{done.accepted} facts, {done.repeated} repeated, last {done.last}")
    if write.chunks:
        parts.append(f"{sum(chunk.number for chunk in write.chunks)} documents")
    if write.stretches:
        parts.append(f"{len(write.stretches)} waveforms")
    if write.rejected:
        parts.append(f"{len(write.rejected)} rows")
    if write.content:
        parts.append(f"content {write.content}")
    return ", ".join(parts)
