"""One SQLite file, opened so that what was acknowledged survives: write-ahead log, fsync at every commit.

One connection writes, others read beside it.  Every SQLite error leaves as a StoreError that names the file
and the way out.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any, final

from gemel.core.errors import StoreError

from .connection import Life, Row, explaining
from .rows import insertion
from .schema import migrate, version
from .vault import Vault

__all__ = ["MEMORY", "SqliteConnection", "SqliteDatabase"]

MEMORY = ":memory:"
"""The path of a store that lives as long as its object."""

IDLE_READERS = 8
"""Reading connections kept open between reads."""

TOGETHER = 50
"""Rows that one statement adds, where there are as many: other threads compute while it runs."""

BUSY_MS = 10_000
"""How long to wait for another process that writes to the same file [ms]."""

_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA synchronous = FULL",  # fsync before a commit is acknowledged
    "PRAGMA fullfsync = ON",  # on macOS, where fsync alone does not reach the disk
    "PRAGMA checkpoint_fullfsync = ON",
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
class SqliteConnection:
    """A `Connection` to an SQLite file."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[Row]:
        """What a query finds, read as it is asked for."""
        return self.raw.execute(query, values)

    def row(self, query: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row that a query finds or returns, or None."""
        return self.raw.execute(query, values).fetchone()

    def run(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Run a statement that returns nothing."""
        self.raw.execute(statement, values)

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Add rows to a table of `COLUMNS`."""
        whole = len(rows) - len(rows) % TOGETHER
        if whole:
            some = (tuple(chain.from_iterable(rows[k : k + TOGETHER])) for k in range(0, whole, TOGETHER))
            self.raw.executemany(insertion(table, TOGETHER), some)
        self.raw.executemany(insertion(table), rows[whole:])

    @property
    def in_transaction(self) -> bool:
        """False outside a transaction, and where SQLite has undone it on an error."""
        return self.raw.in_transaction


@final
class SqliteDatabase:
    """The connections to one store file.  Threads may share it; a process forked from ours may not."""

    kind = "sqlite"

    def __init__(self, path: str | os.PathLike[str], vault: Vault) -> None:
        self.location = os.fspath(path)
        self._memory = self.location == MEMORY
        self._life = Life(self.location)
        self._turn = threading.Lock()
        self._idle: list[SqliteConnection] = []
        with explaining((sqlite3.Error,), self.explained):
            if not self._memory:
                self._create()
            self._writer = self._connect(cache_kib=65536)
            try:
                if not self._memory:
                    self._log_ahead()
                self.schema = migrate(self._writer.raw, self.location, vault)
            except BaseException:
                self._writer.raw.close()
                raise

    @contextmanager
    def writing(self) -> Generator[SqliteConnection, None, None]:
        """The writing transaction: durable on leaving, undone on an error."""
        raw = self._writer.raw
        with self._turn, explaining((sqlite3.Error,), self.explained):
            raw.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                raw.execute("COMMIT")
            except BaseException:
                if raw.in_transaction:
                    with suppress(sqlite3.Error):
                        raw.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Generator[SqliteConnection, None, None]:
        """A connection that sees one state, the last that was durable when it first asked.  Readers of a file run
        beside the writer."""
        self._life.refuse_fork()
        with explaining((sqlite3.Error,), self.explained):
            if self._memory:
                with self._turn:
                    self._life.refuse_closed()
                    yield self._writer
                return
            self._life.refuse_closed()
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            try:
                connection.raw.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.raw.execute("COMMIT")
                if self._life.closed or len(self._idle) >= IDLE_READERS:
                    connection.raw.close()
                else:
                    self._idle.append(connection)

    def explained(self, error: Exception) -> Exception:
        """A StoreError with the file and the way out for an error of SQLite's; any other as it is."""
        if not isinstance(error, sqlite3.Error):
            return error
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = _WAY_OUT.get(code, "check the file with `gemel doctor`")
        explained = StoreError(f"store {self.location}: {error}: {advice}")
        explained.__cause__ = error
        return explained

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the pages of the file."""
        with self.read() as connection:
            found = [str(row[0]) for row in connection.rows("PRAGMA quick_check(20)")]
        return [] if found == ["ok"] else found

    def about(self) -> dict[str, Any]:
        """Version of SQLite and bytes of the file."""
        with self.read() as connection:
            pages, size = (connection.row(f"PRAGMA {name}") or (0,) for name in ("page_count", "page_size"))
        return {"sqlite": sqlite3.sqlite_version, "bytes": pages[0] * size[0]}

    def close(self) -> None:
        """Close the file; further calls raise StoreError."""
        if self._life.over:
            return
        self._life.closed = True
        while self._idle:
            self._idle.pop().raw.close()
        with self._turn:
            self._writer.raw.close()

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

    def _connect(self, cache_kib: int = 8192) -> SqliteConnection:
        connection = sqlite3.connect(self.location, isolation_level=None, check_same_thread=False)
        try:
            for setting in (*_SETTINGS, f"PRAGMA cache_size = -{cache_kib}"):
                connection.execute(setting)
        except BaseException:
            connection.close()
            raise
        return SqliteConnection(connection)

    def _log_ahead(self) -> None:
        version(self._writer.raw, self.location)  # before the first change: it may be another's
        (mode,) = self._writer.raw.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"store {self.location}: no write-ahead log ('{mode}'): use a local disk")
