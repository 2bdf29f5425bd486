"""A PostgreSQL server to test with, a schema of its own for each test, and a way there that can be cut."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from gemel.store.postgres import PostgresStore

GIVEN = "GEMEL_TEST_POSTGRES"
PLACES = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql://root@127.0.0.1:5432/test")
"""Where a server is looked for, unless the environment says."""


def ask(address: str, query: str, *values: object) -> list[Any]:
    """Rows of a query on a connection of its own."""

    async def asked(connection: Any) -> list[Any]:
        return await connection.fetch(query, *values)

    return _with_connection(address, asked)


def address() -> str:
    """The server's address; the test is skipped where there is none."""
    place, reason = _found()
    if not place:
        pytest.skip(f"no PostgreSQL to test with ({reason}): set {GIVEN}")
    return place


@cache
def _found() -> tuple[str, str]:
    """The address of a server that answers, or why there is none."""
    reason = ""
    for place in (os.environ[GIVEN],) if GIVEN in os.environ else PLACES:
        try:
            ask(place, "SELECT 1")
        except Exception as error:
            reason = f"{place}: {error or type(error).__name__}"
        else:
            return place, ""
    return "", reason


@contextmanager
def new_schema() -> Iterator[str]:
    """URL of a store that does not exist yet; what is made of it is dropped in the end."""
    name = f"gemel_test_{uuid4().hex[:12]}"
    yield f"{address()}?schema={name}"
    ask(address(), f"DROP SCHEMA IF EXISTS {name} CASCADE")


@contextmanager
def new_store() -> Iterator[str]:
    """URL of a store that was opened once."""
    with new_schema() as url:
        PostgresStore(url).close()
        yield url


def emptied(where: str) -> str:
    """The URL of a store, once all its rows are gone and its numbers start anew: quicker than making another."""

    async def empty(connection: Any) -> None:
        await connection.execute(f"SET search_path = {schema_of(where)}")
        tables = await connection.fetch(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'migration'"
        )
        names = [name for (name,) in tables]
        await connection.execute(
            "".join(
                f"ALTER TABLE {name} DISABLE TRIGGER USER; DELETE FROM {name}; ALTER TABLE {name} ENABLE TRIGGER USER;"
                for name in names
            )
        )
        await connection.execute(
            "SELECT setval(c.oid::regclass, 1, false) FROM pg_class c "
            "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'S'"
        )

    _with_connection(address(), empty)
    return where


def schema_of(where: str) -> str:
    return where.rpartition("=")[2]


def every_byte(where: str) -> bytes:
    """All values of all rows of all tables of a store, as bytes."""

    async def read(connection: Any) -> bytes:
        tables = await connection.fetch(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = $1 AND c.relkind = 'r'",
            schema_of(where),
        )
        found: list[bytes] = []
        for (table,) in tables:
            rows = await connection.fetch(f"SELECT * FROM {schema_of(where)}.{table}")
            found += [v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row]
        return b"\n".join(found)

    return _with_connection(address(), read)


def _with_connection(place: str, use: Callable[[Any], Awaitable[Any]]) -> Any:
    asyncpg = pytest.importorskip("asyncpg")

    async def used() -> Any:
        connection = await asyncpg.connect(place, timeout=5)
        try:
            return await use(connection)
        finally:
            await connection.close()

    return asyncio.run(used())


class Road:
    """A way to the server on a port of its own, which can be cut and mended: as if the server were restarted."""

    def __init__(self) -> None:
        parts = urlsplit(address())
        self._to = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._ends: list[socket.socket] = []
        self.port = 0
        self.mend()
        self.address = parts._replace(netloc=f"{parts.username or 'postgres'}@127.0.0.1:{self.port}").geturl()

    def cut(self) -> None:
        """End every connection; nobody answers any more."""
        with suppress(OSError):
            self._gate.shutdown(socket.SHUT_RDWR)
        self._gate.close()
        self._thread.join(10)
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends = []

    def mend(self) -> None:
        """Answer, on the same port as before."""
        self._gate = socket.socket()
        self._gate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._gate.bind(("127.0.0.1", self.port))
        self._gate.listen()
        self.port = self._gate.getsockname()[1]
        self._thread = threading.Thread(target=self._welcome, args=(self._gate,), daemon=True)
        self._thread.start()

    def _welcome(self, gate: socket.socket) -> None:
        while True:
            try:
                near, _ = gate.accept()
            except OSError:
                return
            far = socket.create_connection(self._to)
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while some := one.recv(65536):
            other.sendall(some)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
