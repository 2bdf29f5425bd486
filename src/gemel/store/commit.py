"""Group commit: many threads' writes share one transaction and one fsync.

A disk takes one to five milliseconds to promise that bytes will survive a power cut, whatever their
number.  So one thread writes: it takes all jobs that wait, runs each in a savepoint (a job that fails
undoes only itself), commits once, and only then tells their callers.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, final

from gemel.core.errors import StoreError

__all__ = ["GroupCommit"]

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], Any]
_Waiting = tuple[Job, int, "Future[Any]"]

ROWS_PER_COMMIT = 20_000
"""A group takes no further job once it holds this many rows: nobody waits for long behind bulk loads."""


@final
class GroupCommit:
    """The one writer of a connection.  `turn` is held while a transaction runs."""

    def __init__(self, connection: sqlite3.Connection, turn: threading.Lock) -> None:
        self._connection = connection
        self._turn = turn
        self._jobs: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="gemel-store-writer", daemon=True)
        self._thread.start()

    def write(self, job: Callable[[sqlite3.Connection], T], rows: int = 1) -> T:
        """Run a job inside a transaction; returns what it returned, after the commit."""
        future: Future[T] = Future()
        with self._gate:
            if self._closed:
                raise StoreError("the store is closed: open it again")
            self._jobs.put((job, rows, future))
        return future.result()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        more = True
        while more:
            group, more = self._next_group()
            if group:
                with self._turn:
                    self._commit(group)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        """All jobs that wait, at least one, and whether there will be more."""
        group: list[_Waiting] = []
        rows = 0
        waiting = self._jobs.get()
        while waiting is not None:
            group.append(waiting)
            rows += waiting[1]
            if rows >= ROWS_PER_COMMIT:
                return group, True
            try:
                waiting = self._jobs.get_nowait()
            except Empty:
                return group, True
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        """One transaction for the group; on a failure of the whole, every caller of it is told."""
        outcomes: list[tuple[Any, Exception | None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(self._attempt(job) for job, _, _ in group)
            self._connection.execute("COMMIT")
        except BaseException as error:  # the thread must outlive it, and every caller hear of it
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            for _, _, future in group:
                future.set_exception(error)
            return
        for (result, failure), (_, _, future) in zip(outcomes, group, strict=True):
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _attempt(self, job: Job) -> tuple[Any, Exception | None]:
        """The job's result, or why it failed, with its changes undone."""
        self._connection.execute("SAVEPOINT job")
        try:
            result = job(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:  # SQLite has undone the whole group
                raise
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            return None, error
        self._connection.execute("RELEASE job")
        return result, None
