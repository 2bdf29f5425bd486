"""The sessions of one PostgreSQL schema: one that writes, others that read beside it, each lost one made anew.

A store is a schema of a database: `postgresql://user@host/database?schema=gemel`.  The writing transaction locks one
table of it against every other writer, in this process or another, for as long as it runs: facts are numbered without
gaps and audit entries chained, so writers must come one after the other anyway.  Readers are not held up.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from gemel.core.errors import StoreError
from gemel.core.extra import require

from .connection import Life, explaining
from .postgres_link import Link, LoopThread
from .postgres_schema import migrate

__all__ = ["PostgresDatabase"]

IDLE_READERS = 8
"""Reading sessions kept open between reads."""

LOCK_S = 10
"""How long to wait for another process that writes to the same store [s]."""

OLDEST = 14
"""Major version of the oldest server that is supported."""

STALL_S = 60
"""A writer that says nothing for so long within its turn loses it: a stopped process must not hold up others [s]."""

_BEGIN = (
    f"BEGIN; SET LOCAL lock_timeout = '{LOCK_S}s'; SET LOCAL idle_in_transaction_session_timeout = '{STALL_S}s'; "
    "LOCK TABLE migration IN EXCLUSIVE MODE"
)

_SESSION = {
    "synchronous_commit": "on", "jit": "off", "client_min_messages": "warning",
    "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3",
}  # fmt: skip
"""A commit is on the disk before it is acknowledged; the server notices within a minute that we are gone."""

_WAY_OUT = {
    "08": "the server does not answer: check that it runs, then call again; what was sent before is recognised",
    "57": "the server stops or has ended the session: call again once it runs; what was sent before is recognised",
    "28": "the server does not let this user in: check user, password and pg_hba.conf",
    "3D": "create the database first: createdb NAME",
    "42501": "the user needs CREATE on the database or all rights on the schema",
    "53": "the server is out of disk, memory or connections and nothing of this call was kept: make room, call again",
    "55P03": "another process is writing to it: stop that or call again",
}
"""By the longest beginning of an SQLSTATE (PostgreSQL documentation, appendix A)."""


@final
class PostgresDatabase:
    """One store.  Threads may share it; a process forked from ours may not."""

    kind = "postgresql"

    def __init__(self, where: str) -> None:
        self._address, self.location, self._name = _parsed(where)
        self._life = Life(self.location)
        self._failures = _failures()
        self._turn = threading.Lock()
        self._idle: list[Link] = []
        self._loop = LoopThread()
        try:
            with explaining(self._failures, self.explained):
                self._writer = self._connect()
                try:
                    self.schema = migrate(self._writer, self._name, self.location)
                except BaseException:
                    self._writer.close()
                    raise
        except BaseException:
            self._loop.close()
            raise

    @contextmanager
    def writing(self) -> Generator[Link, None, None]:
        """The one writing transaction: durable on leaving, undone on an error."""
        self._life.refuse_fork()
        with self._turn, explaining(self._failures, self.explained):
            self._life.refuse_closed()
            if not self._writer.alive:
                self._writer = self._connect()
            link = self._writer
            try:
                link.run(_BEGIN)
                yield link
                link.run("COMMIT")
            except BaseException:
                if link.alive:
                    with suppress(*self._failures):
                        link.run("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Generator[Link, None, None]:
        """A session that sees one state of the store, the last that was durable when it first asked."""
        self._life.refuse_fork()
        with explaining(self._failures, self.explained):
            self._life.refuse_closed()
            link = self._reader()
            try:
                yield link
            finally:
                self._put_back(link)

    def explained(self, error: Exception) -> Exception:
        """A StoreError with the way out for an error of the server's or of the way there; any other as it is."""
        if not isinstance(error, self._failures):
            return error
        state = str(getattr(error, "sqlstate", None) or "08")
        advice = next((_WAY_OUT[state[:n]] for n in (5, 2) if state[:n] in _WAY_OUT), "see the server's log")
        return StoreError(f"store {self.location}: {error or type(error).__name__}: {advice}")

    def damage(self) -> list[str]:
        """Nothing: the server checks its pages as it reads them where it was set up with checksums."""
        return []

    def about(self) -> dict[str, Any]:
        """Version of the server, whether it waits for its disk ('fsync'), and bytes of all that the schema holds."""
        query = (
            "SELECT current_setting('fsync'), coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind IN ('r', 'm')"
        )
        with self.read() as link:
            fsync, size = link.row(query, (self._name,)) or ("", 0)
            return {"server": link.version, "fsync": fsync, "bytes": size}

    def close(self) -> None:
        """Let go of the connections; further calls raise StoreError."""
        if self._life.over:
            return
        self._life.closed = True
        with self._turn:
            for link in (self._writer, *self._idle):
                with suppress(*self._failures):
                    link.close()
            self._idle.clear()
        self._loop.close()

    def _connect(self) -> Link:
        settings = _SESSION | {"search_path": self._name, "application_name": f"gemel {self._name}"}
        link = Link.open(self._loop, self._address, settings)
        if link.major < OLDEST:
            link.close()
            raise StoreError(f"store {self.location}: PostgreSQL {link.version}: it must be {OLDEST} or later")
        return link

    def _reader(self) -> Link:
        """A session that idles, or a new one."""
        while self._idle:
            with suppress(IndexError):  # another thread was quicker
                link = self._idle.pop()
                if link.alive:
                    return link
        return self._connect()

    def _put_back(self, link: Link) -> None:
        with suppress(*self._failures):
            link.settle()
        if self._life.closed or not link.alive or len(self._idle) >= IDLE_READERS:
            link.close()
        else:
            self._idle.append(link)


def _failures() -> tuple[type[Exception], ...]:
    """What a server, asyncpg or the way to the server raises."""
    asyncpg = require("asyncpg", "serve")
    return (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


def _parsed(where: str) -> tuple[str, str, str]:
    """(address for asyncpg, address to show, schema) of a store's URL; StoreError for one that names none."""
    parts = urlsplit(where)
    if parts.scheme not in ("postgresql", "postgres"):
        raise StoreError(f"'{parts.scheme}:' is no PostgreSQL store: give postgresql://user@host:port/database")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = options.pop("schema", "gemel")
    if not schema.isidentifier() or not schema.islower() or len(schema) > 63 or schema.startswith("pg_"):
        raise StoreError(f"schema '{schema}' of a store: give small letters, digits and _, at most 63")
    address = urlunsplit(parts._replace(query=urlencode(options)))
    user, _, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}@{host}" if user else host
    return address, f"{parts.scheme}://{shown}{parts.path}?schema={schema}", schema
