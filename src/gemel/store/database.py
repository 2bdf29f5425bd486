"""One SQLite file, opened so that what was acknowledged survives: write-ahead log, fsync at every commit.

One connection writes, others read beside it.  Every SQLite error leaves as a StoreError that names the file
and the way out.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, final

from gemel.core.errors import StoreError

from .commit import GroupCommit
from .schema import migrate, version

__all__ = ["MEMORY", "Database"]

T = TypeVar("T")

MEMORY = ":memory:"
"""The path of a store that lives as long as its object."""

IDLE_READERS = 8
"""Reading connections kept open between reads."""

BUSY_MS = 10_000
"""How long to wait for another process that writes to the same file [ms]."""

_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA synchronous = FULL",  # fsync before a commit is acknowledged
    "PRAGMA fullfsync = ON",  # on macOS, where fsync alone does not reach the disk
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA cache_size = -65536",  # 64 MiB
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",  # REPLACE must not delete past the append-only triggers
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)

_WAY_OUT = {
    sqlite3.SQLITE_NOTADB: "damaged, or no SQLite file: restore a copy, or choose a new path",
    sqlite3.SQLITE_CORRUPT: "damaged: restore a copy, or save what can be read with `sqlite3 FILE .recover`",
    sqlite3.SQLITE_FULL: "the disk is full and nothing of this call was kept: free space and call again",
    sqlite3.SQLITE_IOERR: "the disk failed and this call may be lost: check the disk and call again",
    sqlite3.SQLITE_BUSY: "another process is writing to it: stop that or call again",
    sqlite3.SQLITE_LOCKED: "another process is writing to it: stop that or call again",
    sqlite3.SQLITE_CANTOPEN: "its directory must exist and be writable",
    sqlite3.SQLITE_READONLY: "make the file and its directory writable",
    sqlite3.SQLITE_PERM: "make the file and its directory writable",
}


@final
class Database:
    """The connections to one store file.  Threads may share it; a process forked from ours may not."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.location = os.fspath(path)
        self._memory = self.location == MEMORY
        self._process = os.getpid()
        self._turn = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        with self._explained():
            if not self._memory:
                self._create()
            self._connection = self._connect()
            try:
                if not self._memory:
                    self._log_ahead()
                self.schema = migrate(self._connection, self.location)
            except BaseException:
                self._connection.close()
                raise
        self._writer = GroupCommit(self._connection, self._turn)

    def write(self, job: Callable[[sqlite3.Connection], T], rows: int = 1) -> T:
        """Run a job in a transaction shared with others; returns its result once that is durable."""
        self._refuse_fork()
        with self._explained():
            return self._writer.write(job, rows)

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection that sees what is committed.  Readers of a file run beside the writer."""
        self._refuse_fork()
        with self._explained():
            if self._memory:
                with self._turn:
                    self._refuse_closed()
                    yield self._connection
                return
            self._refuse_closed()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                yield connection
            finally:
                if self._closed or len(self._idle) >= IDLE_READERS:
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        """Commit what waits and close the file; further calls raise StoreError."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        self._writer.close()
        while self._idle:
            self._idle.pop().close()
        with self._turn:
            self._connection.close()

    def _create(self) -> None:
        """A new file is for its owner alone."""
        if Path(self.location).is_dir():
            raise StoreError(f"store {self.location}: a directory: name a file in it, such as gemel.db")
        try:
            os.close(os.open(self.location, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreError(
                f"store {self.location}: {error.strerror}: its directory must exist and be writable"
            ) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.location, isolation_level=None, check_same_thread=False)
        try:
            for setting in _SETTINGS:
                connection.execute(setting)
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_ahead(self) -> None:
        version(self._connection, self.location)  # before the first change: it may be another's
        (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"store {self.location}: no write-ahead log ('{mode}'): use a local disk")

    def _refuse_fork(self) -> None:
        if os.getpid() != self._process:
            raise StoreError(f"store {self.location} was opened before a fork: open it in the child process")

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError("the store is closed: open it again")

    @contextmanager
    def _explained(self) -> Generator[None, None, None]:
        """Turns an SQLite error into a StoreError with the file and the way out."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            advice = _WAY_OUT.get(code, "check the file with `gemel doctor`")
            raise StoreError(f"store {self.location}: {error}: {advice}") from error
